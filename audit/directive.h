/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assertions in Go source: comments that say what must not be allocated.
 *
 *     //escaudit:noalloc            the code between these braces, or on this line, allocates nothing
 *     //escaudit:noalloc calls      nor does what it calls
 *     //gcassert:noescape           what stands on this line does not escape (of a function: its parameters)
 *
 * Above a function, or on the line of its func keyword, it is about the function; behind the brace that opens a
 * function literal on the line of its func keyword, about that; behind other code about that line; alone on a line
 * about the next line that has code. Behind "//" a remark may follow.
 */
#ifndef ESCAUDIT_AUDIT_DIRECTIVE_H
#define ESCAUDIT_AUDIT_DIRECTIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strpool.h"

enum directive_kind {
	DIRECTIVE_NOALLOC,
	DIRECTIVE_NOESCAPE,
	DIRECTIVE_UNKNOWN, /* begins like one of ours and is none */
};

struct directive {
	enum directive_kind kind;
	bool calls;	  /* also what is called */
	const char *text; /* the comment, without a remark; from the pool */
	int line;	  /* of the comment */
	int first, last;  /* lines it is about; 0 if no code follows it */
	int end;	 /* last line whose code shows that it is there and runs: of a function, its brace; else last */
	bool is_literal; /* about a function literal, that begins on line first beside code around it */
	const char *function; /* "(*Cart).Add", "func literal"; NULL for a line. From the pool */
};

struct directives {
	struct directive *items; /* by line of the comment */
	size_t n, alloc;
	bool has_line_comments; /* beside directives, a line comment gives lines other names: those here are not the
				   binary's */
};

/* Adds what is found. Any bytes will do; source that does not compile may be read wrongly, nothing more. */
void directives_scan(struct directives *out, struct strpool *pool, const char *source, size_t size);
void directives_release(struct directives *d);

#endif
