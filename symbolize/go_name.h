/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The linker's names of functions: "example.com/m/v2%2ex.(*T).M", "main.f[go.shape.int].func1". Packages are escaped as
 * in cmd/internal/objabi (PathToPrefix); what the compiler makes inside a declared function is named after it
 * (cmd/compile/internal/ir, closureName): "f.func1" and "f.func1.2" for function literals, "f-range1" for the body of a
 * range over a function, "f.gowrap1", "f.deferwrap1" (up to 1.20 "f·dwrap·1") around the call of a go or defer
 * statement, "(*T).M-fm" for a method value.
 */
#ifndef ESCAUDIT_SYMBOLIZE_GO_NAME_H
#define ESCAUDIT_SYMBOLIZE_GO_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strpool.h"

/* How much of a function's name is its package, still escaped. 0 if it names none. */
size_t go_name_package_length(const char *function);
/* The import path, unescaped (%2e is a dot in the last element), from the pool. "" if the name has none. */
const char *go_name_package(struct strpool *pool, const char *function);
/* Whether it is in package main. */
bool go_name_is_main(const char *function);
/* Whether the package (the first len bytes of function) is the module's root or below it. */
bool go_name_is_under(const char *function, size_t len, const char *module);

/* As people write it: the package unescaped, "gopkg.in/yaml.v3.F" of "gopkg.in/yaml%2ev3.F". function itself, or from
 * the pool. For output only, as the package's end cannot be told from it any more. */
const char *go_name_plain(struct strpool *pool, const char *function);
/* "cart.(*Cart).Add" of "example.com/shop/cart.(*Cart).Add", for tables: the tail of the same string. */
const char *go_name_short(const char *function);

/*
 * Go 1.27 escapes the package of a function literal that inlining copied twice, "gopkg.in/yaml%252ev3.F.func1": it
 * takes the escaped path of the inlined function for an import path (NewClosureFunc, cmd/compile/internal/ir), which
 * has no "%". The name with the package escaped as everywhere else: function itself, or from the pool.
 */
const char *go_name_escaped_once(struct strpool *pool, const char *function);

/* Function literals that inlining copied are told apart by "#hash#" in diagnostics (>= 1.27), which the linker drops
 * (cmd/internal/obj, TrimInlineHash). From the pool; NULL of NULL. */
const char *go_name_without_hash(struct strpool *pool, const char *function);
/*
 * The linker's name of what diagnostics call "work.func1", without its package, whose import path is given:
 * "example.com/m/v2%2ex.work.func1". From the pool.
 */
const char *go_name_of_diagnosed(struct strpool *pool, const char *package, const char *function);

/* "T.M" of "(*T).M", in its package: the method of a value that one of a pointer wraps. From the pool; NULL if it is no
 * method of a pointer. */
const char *go_name_value_method(struct strpool *pool, const char *function);

/* Whether one may be a wrapper that the compiler made of the other, a method: "main.(*T).M", "main.T.M-fm" of
 * "other.(*E).M". */
bool go_name_is_wrapper_of(const char *function, const char *method);

/* Whether the declared function in the name is a method: "main.T.M", "main.(*T[int]).M.func1". */
bool go_name_is_method(const char *function);

/* How much of the name is that of the declared function that the rest was made in: of "main.f[int].func1"
 * "main.f[int]". */
size_t go_name_declared_length(const char *function);

/*
 * Is it a function literal, or made inside one? A declared function may be called func1, too: it is where the name of a
 * function or a method stands. A method func1 of a type T and the first literal of a function T are both "T.func1",
 * which is read as the literal: programs have many of them.
 */
bool go_name_is_closure(const char *function);

/* Whether it is the closure around the call of a go or defer statement. */
bool go_name_is_wrapper(const char *function);

/*
 * A function's name as far as an edit elsewhere cannot change it: "main.f.func2.gowrap1" is "main.f.func.gowrap", for
 * the numbers count closures and another one above moves them; "main.F[go.shape.int]" is "main.F[...]", as Go <= 1.20
 * prints it; "main.(*T).M" is "main.T.M", for no type has both. From pool.
 */
const char *go_name_identity(struct strpool *pool, const char *function);

/* "_Ctype_int" is the type that sources call C.int. */
#define GO_NAME_OF_C "_Ctype_"
/* "map[string]Item" of "map[string]cart.Item": a type without the names of packages; "_Ctype_int" of C.int. From pool.
 */
const char *go_name_bare_type(struct strpool *pool, const char *type);

/*
 * Whether an import path is one of the runtime's own packages: what they do is the runtime's own account, and no call
 * in them is a site. False for NULL.
 */
bool go_name_is_runtime_package(const char *package);

#endif
