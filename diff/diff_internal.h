/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the three files of a difference: a recording's lines (diff_lines.c), which of them belong together
 * (diff_pairs.c), what that says (diff.c).
 */
#ifndef ESCAUDIT_DIFF_DIFF_INTERNAL_H
#define ESCAUDIT_DIFF_DIFF_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/strpool.h"
#include "base/u64map.h"
#include "diff/diff.h"

#define DIFF_SIGMAS_95 1.96 /* what 95 of 100 lie within */

#define DIFF_UNPAIRED SIZE_MAX

struct diff_line {
	struct diff_side side;
	enum diff_noise noise;
	const char *identity;  /* the function as far as an edit elsewhere cannot change it */
	const char *bare_type; /* without package names */
	int offset;	       /* lines below the func keyword; -1 if unknown */
	bool vanished;	       /* the other program has no such function, as far as that is known */
	double variance;
	size_t partner;
	bool unsure;
};

struct diff_lines {
	const struct diff_input *in;
	struct diff_line *items;
	size_t n, alloc;
	struct u64map index; /* key, a string of the pool, to items[] */
};

struct diff_pairs {
	struct diff_lines before, after;
	struct strpool *pool;
};

static inline const char *diff_text(const char *s)
{
	return s ? s : "";
}

static inline int diff_compare_texts(const char *a, const char *b)
{
	return strcmp(diff_text(a), diff_text(b));
}

/* Fills lines, whose input is set, from its recording and audit. Strings go to pool. */
void diff_lines_build(struct diff_lines *lines, struct strpool *pool, bool use_expr, enum place_charge charge);

/* Finds the partners of the lines of both sides. */
void diff_pairs_find(struct diff_pairs *p);
/* The sign of what b has more than a per unit of work, beyond noise; either may be NULL. */
int diff_compare_lines(const struct diff_pairs *p, const struct diff_line *a, const struct diff_line *b);

#endif
