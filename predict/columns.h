/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns of a program's call instructions, which a Go binary's line table does not have. A twin of the build tells
 * them (predict/twin.h): its line table names tokens. What is kept of it belongs to the predictions: for each function
 * with emitted sites, where in the source each site's call stands, on every level of its inline chain.
 *
 * A function is known by its name and the number of its calls: one that was compiled to other calls, as under another
 * profile or from other sources, takes nothing from here.
 */
#ifndef ESCAUDIT_PREDICT_COLUMNS_H
#define ESCAUDIT_PREDICT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "predict/source_tokens.h"

struct column_site {
	const char *expr;		    /* source text of the innermost level; NULL if its file has no twin */
	struct source_position first, last; /* of that text's first and last token */
	struct source_position at;	    /* where that stands, if the compiler gave the call another position in the
					       statement; line 0 if it did not */
	struct source_position statement;   /* where the statement begins that the token is in; line 0 if unknown */
	uint32_t first_level, n_levels;	    /* in columns.levels, innermost first */
};

struct column_function {
	const char *name;	      /* by the linker */
	uint64_t calls;		      /* number of its calls, as in struct rec_site */
	uint32_t first_site, n_sites; /* in columns.sites, in pc order */
	bool is_double;		      /* the twin has several of that name and those calls: nothing is known of any */
};

struct columns {
	struct column_function *functions;
	size_t n_functions, alloc_functions;
	struct column_site *sites;
	size_t n_sites, alloc_sites;
	struct source_position *levels; /* column 0: of that level only the line is known */
	size_t n_levels, alloc_levels;
	struct columns_index *index;
	const char *missing; /* one sentence: why there are none, or none of some files; NULL if there is no reason */
};

struct columns *columns_new(void);
void columns_free(struct columns *columns); /* accepts NULL */

/* A function without sites; strings are borrowed. Then its sites, each with its levels. */
void columns_add_function(struct columns *columns, const char *name, uint64_t calls);
struct column_site *columns_add_site(struct columns *columns);
void columns_add_level(struct columns *columns, struct source_position level);

/* NULL if there is none of that name and those calls, or more than one. */
const struct column_function *columns_find(const struct columns *columns, const char *name, uint64_t calls);

#endif
