/* SPDX-License-Identifier: Apache-2.0 */
/* Import paths out of the linker's function names: "example.com/m/v2%2ex.(*T).M", "main.f[go.shape.int].func1". */
#ifndef ESCAUDIT_SYMBOLIZE_GO_NAME_H
#define ESCAUDIT_SYMBOLIZE_GO_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strpool.h"

/* How much of a function's name is its package, still escaped. 0 if it names none. */
size_t package_length(const char *function);
/* The import path, unescaped (%2e is a dot in the last element), from the pool. "" if the name has none. */
const char *package_path(struct strpool *pool, const char *function);
/* Is it in package main? */
bool package_is_main(const char *function);
/* Is the package (the first len bytes of function) the module's root or below it? */
bool package_is_under(const char *function, size_t len, const char *module);

#endif
