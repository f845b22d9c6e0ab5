/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a large input, read in blocks. A line is handed out as a pointer into the block, without its end ("\n" or
 * "\r\n"), and is valid until the next call. Lines longer than LINES_LIMIT bytes are passed over and counted.
 */
#ifndef ESCAUDIT_BASE_LINES_H
#define ESCAUDIT_BASE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LINES_LIMIT (64u << 20)

struct lines {
	const char *next;
	const char *end;
	FILE *file; /* NULL once the input is used up */
	char *buf;  /* owned; NULL where the input was bytes */
	size_t alloc;
	size_t too_long;
	int error; /* negative errno of a failed read, else 0 */
};

void lines_init_file(struct lines *lines, FILE *file); /* borrows file */
void lines_init_bytes(struct lines *lines, const char *data, size_t size);
void lines_release(struct lines *lines);

/* Brings the next line end into the block, if there is one. */
void lines_refill(struct lines *lines);

static inline bool lines_next(struct lines *lines, const char **line, size_t *len)
{
	const char *nl;

	nl = lines->next < lines->end ? memchr(lines->next, '\n', (size_t)(lines->end - lines->next)) : NULL;
	if (!nl) {
		if (lines->file) {
			lines_refill(lines);
			if (lines->next < lines->end)
				nl = memchr(lines->next, '\n', (size_t)(lines->end - lines->next));
		}
		if (!nl) {
			if (lines->next == lines->end)
				return false;
			nl = lines->end; /* the last line has no end */
		}
	}
	*line = lines->next;
	*len = (size_t)(nl - lines->next);
	lines->next = nl == lines->end ? nl : nl + 1;
	if (*len && (*line)[*len - 1] == '\r')
		--*len;
	return true;
}

#endif
