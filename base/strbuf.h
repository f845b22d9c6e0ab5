/* SPDX-License-Identifier: Apache-2.0 */
/* A growing string. buf is always NUL-terminated and never NULL once anything was added; len excludes the NUL. */
#ifndef ESCAUDIT_BASE_STRBUF_H
#define ESCAUDIT_BASE_STRBUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

struct strbuf {
	char *buf;
	size_t len;
	size_t alloc;
};

#define STRBUF_INIT                                                                                                    \
	{                                                                                                              \
		.buf = (void *)0, .len = 0, .alloc = 0                                                                 \
	}

/* The contents, "" while empty. Valid until the next change. */
const char *strbuf_str(const struct strbuf *sb);

void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_addstr(struct strbuf *sb, const char *s);
void strbuf_addch(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Reads a whole file, descriptor or stream behind what is there. 0 or a negative errno. limit 0 means none; beyond it
 * -EFBIG.
 */
int strbuf_read_fd(struct strbuf *sb, int fd, size_t limit);
int strbuf_read_file(struct strbuf *sb, const char *path, size_t limit);
int strbuf_read_stream(struct strbuf *sb, FILE *f, size_t limit);

/* Gives the buffer away (never NULL, free() it) and leaves sb empty. */
char *strbuf_detach(struct strbuf *sb);

void strbuf_clear(struct strbuf *sb);	/* empty, memory kept */
void strbuf_release(struct strbuf *sb); /* empty, memory freed */

#endif
