/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is there or the process ends with a message: no stage has anything better to do without it. Sizes that
 * come from outside bytes must be checked against the size of their file before they reach these.
 */
#ifndef ESCAUDIT_BASE_MEMORY_H
#define ESCAUDIT_BASE_MEMORY_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size); /* n * size is checked */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Makes room for nr elements in a growing array: ARRAY_GROW(v->items, v->n + 1, v->alloc). */
#define ARRAY_GROW(ptr, nr, alloc)                                                                                     \
	do {                                                                                                           \
		if ((nr) > (alloc)) {                                                                                  \
			(alloc) = (alloc) ? (alloc)*2 : 16;                                                            \
			if ((alloc) < (nr))                                                                            \
				(alloc) = (nr);                                                                        \
			(ptr) = xreallocarray((ptr), (alloc), sizeof(*(ptr)));                                         \
		}                                                                                                      \
	} while (0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
