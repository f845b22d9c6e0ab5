/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lines.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"

#define BLOCK_BYTES (1u << 20)

void lines_init_file(struct lines *lines, FILE *file)
{
	*lines = (struct lines){.file = file};
	lines->alloc = BLOCK_BYTES;
	lines->buf = xmalloc(lines->alloc);
	lines->next = lines->end = lines->buf;
}

void lines_init_bytes(struct lines *lines, const char *data, size_t size)
{
	*lines = (struct lines){.next = data, .end = data + size};
}

void lines_release(struct lines *lines)
{
	free(lines->buf);
	*lines = (struct lines){.file = NULL};
}

void lines_refill(struct lines *lines)
{
	size_t kept = (size_t)(lines->end - lines->next);
	bool skipping = false;

	memmove(lines->buf, lines->next, kept);
	while (lines->file) {
		size_t n;
		const char *nl;

		if (kept == lines->alloc && lines->alloc >= LINES_LIMIT) {
			skipping = true;
			lines->too_long++;
			kept = 0;
		} else if (kept == lines->alloc) {
			lines->alloc *= 2;
			lines->buf = xreallocarray(lines->buf, lines->alloc, 1);
		}
		n = fread(lines->buf + kept, 1, lines->alloc - kept, lines->file);
		if (n == 0) {
			if (ferror(lines->file))
				lines->error = errno ? -errno : -EIO;
			lines->file = NULL;
		}
		nl = memchr(lines->buf + kept, '\n', n);
		if (skipping) {
			/* The rest of a line that is too long goes, up to its end. */
			kept = 0;
			if (nl) {
				kept = n - (size_t)(nl + 1 - lines->buf);
				memmove(lines->buf, nl + 1, kept);
				skipping = false;
				nl = memchr(lines->buf, '\n', kept);
			}
		} else {
			kept += n;
		}
		if (nl && !skipping)
			break;
	}
	lines->next = lines->buf;
	lines->end = lines->buf + kept;
}
