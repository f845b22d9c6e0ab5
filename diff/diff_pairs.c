/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rounds of pairing, each with a key of its own, join two lists of lines. A round groups what is still alone by its
 * key. A group with as many lines before as after is paired in source order; of unequal numbers, the alignment that
 * keeps the order and fits best (distance from the start of the function, counts) is taken.
 */
#include "diff/diff_internal.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/exact.h"
#include "base/memory.h"
#include "symbolize/go_name.h"

/* How many standard deviations a difference must exceed: one comparison in 370 does so by chance. */
#define SIGMAS 3.0
/* The standard deviation of nothing seen, in samples: 95 % of the time less than three were there. */
#define UNSEEN_SAMPLES 1.5
#define MAX_ALIGNMENT  (4u << 20) /* cells; larger groups are paired in order, as far as the shorter list goes */

int diff_compare_counts(uint64_t a, uint64_t a_units, uint64_t b, uint64_t b_units)
{
	struct exact before = exact_times(exact_of(a), b_units), after = exact_times(exact_of(b), a_units);
	uint64_t units = a_units > b_units ? a_units - b_units : b_units - a_units;
	uint64_t fixed = a < b ? a : b;
	int sign = exact_compare(after, before);
	struct exact gap = sign > 0 ? exact_minus(after, before) : exact_minus(before, after);

	/* f + k * units on both sides makes the shorter run dearer, by f times the difference of the units. */
	if (sign != (a_units > b_units) - (a_units < b_units))
		return sign;
	if (fixed > DIFF_FIXED_OBJECTS)
		fixed = DIFF_FIXED_OBJECTS;
	return exact_compare(gap, exact_times(exact_of(fixed), units)) > 0 ? sign : 0;
}

double diff_per_unit(uint64_t count, uint64_t units)
{
	return (double)count / (double)units;
}

/* Variance of one side's count; where nothing was seen, that of what the other side's samples weigh. */
static double side_variance(const struct diff_line *line, const struct diff_line *other, bool sampled, bool random)
{
	double objects = line ? (double)line->side.objects : 0;
	double variance = line ? line->variance : 0;

	if (random)
		variance += objects;
	if (objects == 0 && sampled && other && other->side.samples) {
		double sd = UNSEEN_SAMPLES * (double)other->side.objects / (double)other->side.samples;

		variance += sd * sd;
	}
	return variance;
}

int diff_compare_lines(const struct diff_pairs *p, const struct diff_line *a, const struct diff_line *b)
{
	uint64_t a_units = p->before.in->units, b_units = p->after.in->units;
	uint64_t a_objects = a ? a->side.objects : 0, b_objects = b ? b->side.objects : 0;
	bool a_sampled = p->before.in->rec->header.mode != REC_MODE_EXACT;
	bool b_sampled = p->after.in->rec->header.mode != REC_MODE_EXACT;
	bool random = (a && a->noise == DIFF_NOISE_RANDOM) || (b && b->noise == DIFF_NOISE_RANDOM);
	double va, vb, gap;

	if (!a_sampled && !b_sampled && !random)
		return diff_compare_counts(a_objects, a_units, b_objects, b_units);
	va = side_variance(a, b, a_sampled, random) / ((double)a_units * (double)a_units);
	vb = side_variance(b, a, b_sampled, random) / ((double)b_units * (double)b_units);
	gap = diff_per_unit(b_objects, b_units) - diff_per_unit(a_objects, a_units);
	return fabs(gap) > SIGMAS * sqrt(va + vb) ? (gap > 0) - (gap < 0) : 0;
}

/* ---- pairing ---------------------------------------------------------------------------------------------------- */

enum key_part {
	KEY_PACKAGE = 1,
	KEY_FUNCTION = 2,
	KEY_NAME = 4, /* of the function, without the package */
	KEY_TYPE = 8,
	KEY_CAUSE = 16,
	KEY_EXPR = 32,
	KEY_EXPR_HEAD = 64, /* "make([]int" of "make([]int, 100)" */
	KEY_BARE_TYPE = 128,
};

struct round {
	unsigned key;
	bool only_one;	  /* pairs nothing but single lines; of functions that vanished also those of one with one */
	bool quiet_too;	  /* also lines of which neither call nor allocation is known */
	bool same_counts; /* of a pair, the counts must agree, and there must be some */
	bool closures;	  /* for closures only: their types are made of what they capture */
	bool vanished;	  /* for lines of functions that the other program does not have */
};

static const struct round rounds[] = {
	{.key = KEY_PACKAGE | KEY_FUNCTION | KEY_TYPE | KEY_CAUSE | KEY_EXPR, .quiet_too = true},
	{.key = KEY_PACKAGE | KEY_FUNCTION | KEY_EXPR, .quiet_too = true},
	{.key = KEY_PACKAGE | KEY_FUNCTION | KEY_TYPE | KEY_CAUSE},
	{.key = KEY_PACKAGE | KEY_FUNCTION | KEY_EXPR_HEAD, .only_one = true, .quiet_too = true},
	{.key = KEY_PACKAGE | KEY_FUNCTION | KEY_CAUSE, .only_one = true},
	{.key = KEY_PACKAGE | KEY_FUNCTION | KEY_CAUSE, .closures = true},
	{.key = KEY_NAME | KEY_BARE_TYPE | KEY_CAUSE | KEY_EXPR, .only_one = true},
	{.key = KEY_PACKAGE | KEY_TYPE | KEY_CAUSE | KEY_EXPR, .only_one = true, .same_counts = true, .vanished = true},
	{.key = KEY_TYPE | KEY_CAUSE | KEY_EXPR, .only_one = true, .same_counts = true},
};

/* The length of what stays of a make when its size changes; 0 for other expressions. */
static size_t head_length(const char *expr)
{
	return expr && strncmp(expr, "make(", 5) == 0 ? strcspn(expr, ",") : 0;
}

/* The line's key, or NULL where the round is not for it: what has no expression is not found by expression alone. */
static const char *key_of(struct diff_pairs *p, const struct round *round, const struct diff_line *line)
{
	const struct diff_side *s = &line->side;
	bool nothing_known = !s->objects && s->cause == CAUSE_UNKNOWN;
	size_t head = round->key & KEY_EXPR_HEAD ? head_length(s->expr) : 0;

	if ((nothing_known && !round->quiet_too) || (round->closures && s->cause != CAUSE_CLOSURE) ||
	    (round->vanished && !line->vanished) || (round->key & KEY_EXPR_HEAD && !head))
		return NULL;
	if (!s->expr && (round->key & KEY_EXPR) && !(round->key & KEY_FUNCTION) && !(round->key & KEY_NAME) &&
	    !round->vanished)
		return NULL;
	if (!s->expr && (round->key & KEY_EXPR) && !(round->key & (KEY_TYPE | KEY_BARE_TYPE)))
		return NULL;
	return strpool_addf(p->pool, "%d\1%s\1%s\1%s\1%d\1%.*s", (int)line->noise,
			    round->key & KEY_PACKAGE ? diff_text(s->package) : "",
			    round->key & KEY_FUNCTION ? line->identity
			    : round->key & KEY_NAME   ? line->identity + go_name_package_length(line->identity)
						      : "",
			    round->key & KEY_TYPE	 ? diff_text(s->type)
			    : round->key & KEY_BARE_TYPE ? diff_text(line->bare_type)
							 : "",
			    round->key & KEY_CAUSE ? (int)s->cause : 0,
			    head		    ? (int)head
			    : round->key & KEY_EXPR ? INT_MAX
						    : 0,
			    diff_text(s->expr));
}

struct group {
	size_t *before, *after;
	size_t n_before, n_after, alloc_before, alloc_after;
};

struct grouping {
	struct group *items;
	size_t n, alloc;
	struct u64map index;
};

static struct group *group_at(struct grouping *g, const char *key)
{
	bool is_new;
	uint64_t *index = u64map_at(&g->index, (uintptr_t)key, &is_new);

	if (is_new) {
		*index = g->n;
		ARRAY_GROW(g->items, g->n + 1, g->alloc);
		g->items[g->n++] = (struct group){.n_before = 0};
	}
	return &g->items[*index];
}

/* Order of the source; ties broken, so that the result does not depend on the order of the recording. */
static int compare_places(const void *a, const void *b, void *ctx)
{
	const struct diff_line *lines = ctx;
	const struct diff_side *x = &lines[*(const size_t *)a].side, *y = &lines[*(const size_t *)b].side;
	int c = diff_compare_texts(x->file, y->file);

	if (c == 0)
		c = (x->line > y->line) - (x->line < y->line);
	if (c == 0)
		c = (x->column > y->column) - (x->column < y->column);
	if (c == 0)
		c = diff_compare_texts(x->function, y->function);
	if (c == 0)
		c = diff_compare_texts(x->type, y->type);
	if (c == 0)
		c = diff_compare_texts(x->expr, y->expr);
	return c ? c : (x->cause > y->cause) - (x->cause < y->cause);
}

static void join(struct diff_pairs *p, size_t before, size_t after)
{
	p->before.items[before].partner = after;
	p->after.items[after].partner = before;
	p->before.items[before].unsure = p->after.items[after].unsure = false;
}

/* How well two lines of one group fit, beyond being in it. */
static int fit(const struct diff_pairs *p, const struct diff_line *a, const struct diff_line *b)
{
	int score = 1000;

	if (diff_compare_lines(p, a, b) == 0 && a->side.objects)
		score += 16;
	if (diff_compare_texts(a->side.function, b->side.function) == 0)
		score += 8;
	if (a->offset >= 0 && a->offset == b->offset)
		score += 6;
	if (a->side.line == b->side.line)
		score += 2;
	if (a->side.column && a->side.column == b->side.column)
		score += 1;
	return score;
}

/* The pairs, in order on both sides, with the best sum of fits: as in comparing texts line by line. */
static void align(struct diff_pairs *p, const struct group *g)
{
	size_t width = g->n_after + 1;
	uint8_t *step = xcalloc((g->n_before + 1) * width, sizeof(*step)); /* 1 pair, 2 skip before, 3 skip after */
	int64_t *row = xcalloc(width, sizeof(*row)), *above = xcalloc(width, sizeof(*above));
	size_t i, k;

	for (i = 1; i <= g->n_before; i++) {
		int64_t *swap = above;

		above = row;
		row = swap;
		row[0] = 0;
		for (k = 1; k <= g->n_after; k++) {
			const struct diff_line *a = &p->before.items[g->before[i - 1]];
			const struct diff_line *b = &p->after.items[g->after[k - 1]];
			int64_t pair = above[k - 1] + fit(p, a, b);

			row[k] = pair;
			step[i * width + k] = 1;
			if (above[k] > row[k]) {
				row[k] = above[k];
				step[i * width + k] = 2;
			}
			if (row[k - 1] > row[k]) {
				row[k] = row[k - 1];
				step[i * width + k] = 3;
			}
		}
	}
	for (i = g->n_before, k = g->n_after; i && k;) {
		uint8_t s = step[i * width + k];

		if (s == 1)
			join(p, g->before[--i], g->after[--k]);
		else if (s == 2)
			i--;
		else
			k--;
	}
	free(step);
	free(row);
	free(above);
}

/* Those that a group leaves over while others like them found a partner. */
static void mark_unsure(struct diff_pairs *p, const struct group *g)
{
	for (size_t i = 0; i < g->n_before; i++) {
		if (p->before.items[g->before[i]].partner == DIFF_UNPAIRED)
			p->before.items[g->before[i]].unsure = true;
	}
	for (size_t i = 0; i < g->n_after; i++) {
		if (p->after.items[g->after[i]].partner == DIFF_UNPAIRED)
			p->after.items[g->after[i]].unsure = true;
	}
}

static bool are_of_one_function(const struct diff_lines *lines, const size_t *index, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (strcmp(lines->items[index[i]].identity, lines->items[index[0]].identity) != 0)
			return false;
	}
	return true;
}

static bool may_pair(const struct diff_pairs *p, const struct round *round, const struct group *g)
{
	if (!round->only_one || (g->n_before == 1 && g->n_after == 1))
		return true;
	return round->vanished && g->n_before == g->n_after &&
	       are_of_one_function(&p->before, g->before, g->n_before) &&
	       are_of_one_function(&p->after, g->after, g->n_after);
}

/* Whether the lines of a group, in source order and as many on both sides, have the same counts, one by one. */
static bool have_same_counts(const struct diff_pairs *p, const struct group *g)
{
	bool any = false;

	for (size_t i = 0; i < g->n_before; i++) {
		const struct diff_line *a = &p->before.items[g->before[i]], *b = &p->after.items[g->after[i]];

		if (!a->side.objects != !b->side.objects || diff_compare_lines(p, a, b) != 0)
			return false;
		any = any || a->side.objects;
	}
	return any;
}

static void pair_group(struct diff_pairs *p, const struct round *round, struct group *g)
{
	size_t shorter = g->n_before < g->n_after ? g->n_before : g->n_after;

	if (!shorter || !may_pair(p, round, g))
		return;
	qsort_r(g->before, g->n_before, sizeof(*g->before), compare_places, p->before.items);
	qsort_r(g->after, g->n_after, sizeof(*g->after), compare_places, p->after.items);
	if (round->same_counts && !have_same_counts(p, g))
		return;
	if (g->n_before == g->n_after || g->n_before >= MAX_ALIGNMENT / (g->n_after + 1)) {
		for (size_t i = 0; i < shorter; i++)
			join(p, g->before[i], g->after[i]);
	} else {
		align(p, g);
	}
	mark_unsure(p, g);
}

static void pair_round(struct diff_pairs *p, const struct round *round)
{
	struct grouping g = {.index = U64MAP_INIT};

	for (size_t i = 0; i < p->before.n; i++) {
		const char *key =
			p->before.items[i].partner == DIFF_UNPAIRED ? key_of(p, round, &p->before.items[i]) : NULL;
		struct group *group = key ? group_at(&g, key) : NULL;

		if (group) {
			ARRAY_GROW(group->before, group->n_before + 1, group->alloc_before);
			group->before[group->n_before++] = i;
		}
	}
	for (size_t i = 0; i < p->after.n; i++) {
		const char *key =
			p->after.items[i].partner == DIFF_UNPAIRED ? key_of(p, round, &p->after.items[i]) : NULL;
		struct group *group = key ? group_at(&g, key) : NULL;

		if (group) {
			ARRAY_GROW(group->after, group->n_after + 1, group->alloc_after);
			group->after[group->n_after++] = i;
		}
	}
	for (size_t i = 0; i < g.n; i++) {
		pair_group(p, round, &g.items[i]);
		free(g.items[i].before);
		free(g.items[i].after);
	}
	free(g.items);
	u64map_release(&g.index);
}

/* Marks lines of functions that the other program does not have, which only the machine code tells. */
static void mark_vanished(struct diff_pairs *p, struct diff_lines *lines, const struct diff_lines *other)
{
	const struct recording *rec = other->in->rec;
	struct u64map there = U64MAP_INIT;

	if (!rec->has_sites || !rec->n_extents)
		return;
	for (size_t i = 0; i < rec->n_extents; i++)
		u64map_at(&there, (uintptr_t)go_name_identity(p->pool, rec->extents[i].function), NULL);
	for (size_t i = 0; i < lines->n; i++)
		lines->items[i].vanished = !u64map_find(&there, (uintptr_t)lines->items[i].identity);
	u64map_release(&there);
}

void diff_pairs_find(struct diff_pairs *p)
{
	mark_vanished(p, &p->before, &p->after);
	mark_vanished(p, &p->after, &p->before);
	for (size_t i = 0; i < ARRAY_SIZE(rounds); i++)
		pair_round(p, &rounds[i]);
}
