/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings of one lifetime, each kept once: two strings from the same pool are equal if and only if their pointers are.
 * Pointers stay valid until the pool is freed.
 */
#ifndef ESCAUDIT_BASE_STRPOOL_H
#define ESCAUDIT_BASE_STRPOOL_H

#include <stddef.h>

struct strpool;

struct strpool *strpool_new(void);
void strpool_free(struct strpool *pool); /* accepts NULL */

const char *strpool_add(struct strpool *pool, const char *s); /* NULL stays NULL */
const char *strpool_add_n(struct strpool *pool, const char *s, size_t len);
const char *strpool_addf(struct strpool *pool, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The pool's own copy of s, or NULL if it was never added. */
const char *strpool_find(const struct strpool *pool, const char *s, size_t len);

#endif
