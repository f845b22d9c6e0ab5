/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as saved predictions or a log: what is accepted is saved, and saved again after loading it is the same
 * file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "predict/prediction.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_prediction_file: %s\n", what);
		abort();
	}
}

/* A file without a name of its own; path is one to open it by. */
static int make_file(char *path, size_t n)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	check(fd >= 0, "no file");
	snprintf(path, n, "/proc/self/fd/%d", fd);
	return fd;
}

static void save(const struct predictions *set, const char *path, struct strbuf *text)
{
	check(predictions_save(set, path, NULL) == 0, "cannot be saved");
	check(strbuf_read_file(text, path, 0) == 0, "cannot be read");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct predictions *set = predictions_new();
	struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;
	char path[64];
	int fd = make_file(path, sizeof(path));

	check(write(fd, data, size) == (ssize_t)size, "cannot write");
	if (predictions_load(set, path, NULL) == 0) {
		struct predictions *again = predictions_new();

		save(set, path, &first);
		check(predictions_load(again, path, NULL) == 0, "what was saved is refused");
		save(again, path, &second);
		check(first.len == second.len && memcmp(first.buf, second.buf, first.len) == 0,
		      "it came back different");
		predictions_free(again);
	}
	close(fd);
	strbuf_release(&first);
	strbuf_release(&second);
	predictions_free(set);
	return 0;
}
