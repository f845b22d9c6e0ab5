/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what a line of the relay has inside: nothing is written beside its directory, and what is accepted are
 * files of as many bytes as there are.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/memory.h"
#include "predict/go_command.h"
#include "predict/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_relay: %s\n", what);
		abort();
	}
}

static void write_line(int fd, const uint8_t *data, size_t size)
{
	uLongf n = compressBound(size);
	unsigned char *packed = xmalloc(n);
	FILE *f = fdopen(fd, "w");

	check(f && compress2(packed, &n, data, size, 1) == Z_OK, "cannot write");
	fputs("escaudit-json: ", f);
	for (uLongf i = 0; i < n; i++)
		fprintf(f, "%02x", packed[i]);
	putc('\n', f);
	fclose(f);
	free(packed);
}

static size_t count_entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	check(dir != NULL, "no directory");
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct listed_package package = {.path = (char *)"example.com/a"};
	struct source_list list = {.items = &package, .n = 1};
	char top[] = "/tmp/fuzz-relay-XXXXXX", said[64], *json, *text;
	int fd = memfd_create("fuzz", 0), copy = dup(fd);
	bool seen = false;
	int ret;

	check(fd >= 0 && copy >= 0 && mkdtemp(top), "no file");
	snprintf(said, sizeof(said), "/proc/self/fd/%d", copy);
	write_line(fd, data, size);
	json = xasprintf("%s/json", top);
	text = xasprintf("%s/text", top);
	mkdir(json, 0700);
	ret = relay_unpack(said, text, json, &list, &seen, NULL);
	check(count_entries(top) == 2 && count_entries(json) <= 1, "something else was written");
	check(ret == 0 || !seen, "seen, but not read");
	check(ret != 0 || count_entries(json) == 1, "read, but not kept");
	go_command_remove(top);
	free(json);
	free(text);
	close(copy);
	return 0;
}
