/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log, a NUL, and a JSON file of the same build, of any bytes. No prediction of the text may be lost by the join, or
 * change what it claims.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "predict/prediction.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/fuzz-json-XXXXXX";

static void remove_dir(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/m.json", dir);
	unlink(path);
	rmdir(dir);
}

static void check(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_diagnostics_json: %s\n", what);
		abort();
	}
}

static void write_json(const uint8_t *data, size_t size)
{
	static int fd = -1;
	char path[64];

	if (fd < 0) {
		check(mkdtemp(dir) != NULL, "no directory");
		atexit(remove_dir);
		snprintf(path, sizeof(path), "%s/m.json", dir);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		check(fd >= 0, "no file");
	}
	check(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size, "cannot write");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = memchr(data, '\0', size);
	size_t text = nul ? (size_t)(nul - data) : size;
	struct predictions *set = predictions_new();
	struct prediction *before;
	size_t n, heap = 0;
	int ret;

	write_json(nul ? nul + 1 : data + size, nul ? size - text - 1 : 0);
	predictions_read_log_bytes(set, (const char *)data, text, "log", NULL);
	set->build.directory = size % 2 ? "/src" : NULL;
	n = set->n;
	before = xcalloc(n + 1, sizeof(*before));
	if (n)
		memcpy(before, set->items, n * sizeof(*before));
	ret = predictions_join_json(set, dir, NULL, NULL);
	check(set->n >= n, "a prediction is lost");
	for (size_t i = 0; i < n; i++) {
		const struct prediction *p = &set->items[i];

		heap += p->claim == CLAIM_HEAP;
		check(p->claim == before[i].claim && p->expr == before[i].expr && p->pos.file == before[i].pos.file &&
			      p->pos.line == before[i].pos.line,
		      "a prediction is another");
		check(p->claim == CLAIM_HEAP || !p->inlined_known, "the JSON spoke of what stays");
	}
	for (size_t i = n; i < set->n; i++)
		check(set->items[i].claim == CLAIM_HEAP && set->items[i].expr && set->items[i].pos.file, "not whole");
	for (size_t i = 0; i < set->n; i++)
		check((!set->items[i].n_flow || set->items[i].flow) &&
			      (!set->items[i].n_inlined || set->items[i].inlined),
		      "too much");
	check(ret != 0 || set->json_joined + set->json_unjoined == heap, "the counts are wrong");
	free(before);
	predictions_free(set);
	return 0;
}
