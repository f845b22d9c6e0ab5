/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that a process executes what is in its files: compares every executable mapping in memory with the file it
 * shows, byte by byte. A breakpoint left behind is a difference.
 *
 *     text_intact PID
 *
 * Prints a line for each difference and a total. Status 0: identical; 1: not; 2: could not be compared.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "probe/process.h"
#include "unwind/maps.h"

#define CHUNK (1u << 20)

struct totals {
	uint64_t bytes, different;
};

static int open_file(const char *pid, const struct map_entry *m)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%s/map_files/%" PRIx64 "-%" PRIx64, pid, m->start, m->end);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int compare(const char *pid, int mem, const struct map_entry *m, struct totals *totals)
{
	uint8_t *in_memory = xmalloc(CHUNK), *in_file = xmalloc(CHUNK);
	int fd = open_file(pid, m), ret = -1;

	for (uint64_t at = m->start; fd >= 0 && at < m->end; at += CHUNK) {
		size_t size = m->end - at < CHUNK ? m->end - at : CHUNK;
		ssize_t n = pread(fd, in_file, size, (off_t)(m->offset + (at - m->start)));

		/* The last page goes on behind the end of the file. */
		if (n < 0 || pread(mem, in_memory, (size_t)n, (off_t)at) != n)
			goto out;
		totals->bytes += (uint64_t)n;
		for (ssize_t i = 0; i < n; i++) {
			if (in_memory[i] == in_file[i])
				continue;
			printf("%s+0x%" PRIx64 ": 0x%02x instead of 0x%02x\n", m->path,
			       m->offset + (at - m->start) + (uint64_t)i, in_memory[i], in_file[i]);
			totals->different++;
		}
	}
	ret = fd < 0 ? -1 : 0;
out:
	if (ret)
		fprintf(stderr, "text_intact: %s: %s\n", m->path, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(in_memory);
	free(in_file);
	return ret;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct totals totals = {0};
	struct maps maps;
	char path[64];
	int fd, mem, status = 2;

	if (argc != 2)
		return 2;
	fd = address_space_open((pid_t)strtol(argv[1], NULL, 10));
	snprintf(path, sizeof(path), "/proc/%s/mem", argv[1]);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || mem < 0 || maps_read_fd(&maps, fd, &err)) {
		fprintf(stderr, "text_intact: process %s: %s\n", argv[1], err.text ? err.text : strerror(errno));
		return 2;
	}
	for (size_t i = 0; i < maps.n; i++) {
		if (maps.items[i].executable && maps.items[i].inode && compare(argv[1], mem, &maps.items[i], &totals))
			goto out;
	}
	printf("%" PRIu64 " bytes, %" PRIu64 " different\n", totals.bytes, totals.different);
	status = totals.different || !totals.bytes;
out:
	maps_release(&maps);
	close(fd);
	close(mem);
	return status;
}
