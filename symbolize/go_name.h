/* SPDX-License-Identifier: Apache-2.0 */
/* Import paths out of the linker's function names: "example.com/m/v2%2ex.(*T).M", "main.f[go.shape.int].func1". */
#ifndef ESCAUDIT_SYMBOLIZE_GO_NAME_H
#define ESCAUDIT_SYMBOLIZE_GO_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strpool.h"

/* How much of a function's name is its package, still escaped. 0 if it names none. */
size_t go_name_package_length(const char *function);
/* The import path, unescaped (%2e is a dot in the last element), from the pool. "" if the name has none. */
const char *go_name_package(struct strpool *pool, const char *function);
/* Is it in package main? */
bool go_name_is_main(const char *function);
/* Is the package (the first len bytes of function) the module's root or below it? */
bool go_name_is_under(const char *function, size_t len, const char *module);

/* "cart.(*Cart).Add" of "example.com/shop/cart.(*Cart).Add", for tables: the tail of the same string. */
const char *go_name_short(const char *function);

/*
 * A function's name as far as an edit elsewhere cannot change it: "main.f.func2.gowrap1" is "main.f.func.gowrap", for
 * the numbers count closures and another one above moves them; "main.F[go.shape.int]" is "main.F[...]", as Go <= 1.20
 * prints it; "main.(*T).M" is "main.T.M", for no type has both. From pool.
 */
const char *go_name_identity(struct strpool *pool, const char *function);

/* "map[string]Item" of "map[string]cart.Item": a type without the names of packages. From pool. */
const char *go_name_bare_type(struct strpool *pool, const char *type);

#endif
