/* SPDX-License-Identifier: Apache-2.0 */
/* Each recording becomes a list of lines (diff_lines.c), which are paired (diff_pairs.c); here pairs become rows. */
#include "diff/diff_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const char *const change_names[DIFF_CHANGE_COUNT] = {
	[DIFF_SAME] = "same", [DIFF_NEW] = "new", [DIFF_MORE] = "more", [DIFF_FEWER] = "fewer", [DIFF_GONE] = "gone",
};

const char *diff_change_name(enum diff_change change)
{
	return change < DIFF_CHANGE_COUNT ? change_names[change] : "?";
}

static const char *const outcome_names[DIFF_OUTCOME_COUNT] = {
	[DIFF_OUTCOME_NONE] = "none",	[DIFF_OUTCOME_REMOVED] = "removed", [DIFF_OUTCOME_REDUCED] = "reduced",
	[DIFF_OUTCOME_KEPT] = "kept",	[DIFF_OUTCOME_WORSE] = "worse",	    [DIFF_OUTCOME_NOTHING] = "nothing",
	[DIFF_OUTCOME_ADDED] = "added",
};

const char *diff_outcome_name(enum diff_outcome outcome)
{
	return outcome < DIFF_OUTCOME_COUNT ? outcome_names[outcome] : "?";
}

bool diff_outcome_was_meant(enum diff_outcome outcome)
{
	return outcome >= DIFF_OUTCOME_REMOVED && outcome <= DIFF_OUTCOME_NOTHING;
}

const char *diff_noise_name(enum diff_noise noise)
{
	return noise == DIFF_NOISE_RUNTIME ? "runtime" : noise == DIFF_NOISE_RANDOM ? "random" : "none";
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static bool is_resized(const struct diff *diff, const struct diff_row *row)
{
	const struct diff_side *a = &row->before, *b = &row->after;

	if (!a->objects || !b->objects || row->noise != DIFF_NOISE_NONE || a->error > 0 || b->error > 0)
		return false;
	/* What grows with the run has another mean in a longer one; only sizes that do not overlap tell then. */
	if (diff->before.units != diff->after.units)
		return a->largest < b->smallest || b->largest < a->smallest;
	return (unsigned __int128)a->bytes * b->objects != (unsigned __int128)b->bytes * a->objects;
}

/* Whether the compiler said that it escapes. */
static bool claims_heap(const struct diff_side *s)
{
	return s->has_verdict &&
	       (s->verdict == VERDICT_CONFIRMED || s->verdict == VERDICT_ELIDED || s->verdict == VERDICT_UNREACHED ||
		s->verdict == VERDICT_UNDECIDED || s->verdict == VERDICT_COMPILED_OUT);
}

static bool is_touched(const struct changed *changed, const struct diff_side *s)
{
	return s->present && s->file && changed_touches(changed, s->file, s->line);
}

static enum diff_outcome outcome_of(const struct diff_row *row)
{
	static const enum diff_outcome meant[DIFF_CHANGE_COUNT] = {
		[DIFF_SAME] = DIFF_OUTCOME_KEPT,    [DIFF_NEW] = DIFF_OUTCOME_ADDED,
		[DIFF_MORE] = DIFF_OUTCOME_WORSE,   [DIFF_FEWER] = DIFF_OUTCOME_REDUCED,
		[DIFF_GONE] = DIFF_OUTCOME_REMOVED,
	};
	bool was_meant =
		(row->touched && row->before.objects) || (claims_heap(&row->before) && !claims_heap(&row->after));

	if (row->noise == DIFF_NOISE_RUNTIME)
		return DIFF_OUTCOME_NONE;
	if (was_meant && row->before.objects)
		return meant[row->change];
	if (was_meant && !row->after.objects)
		return DIFF_OUTCOME_NOTHING;
	return row->change == DIFF_NEW || row->change == DIFF_MORE ? DIFF_OUTCOME_ADDED : DIFF_OUTCOME_NONE;
}

/* A type that went to another package with its function is the same one. Of a boxed value that the binary tells only
 * the kind of, nothing says that it is another. */
static bool is_same_type(const struct diff_line *a, const struct diff_line *b)
{
	if ((a->side.type && go_runtime_is_boxed_kind(a->side.type)) ||
	    (b->side.type && go_runtime_is_boxed_kind(b->side.type)))
		return true;
	if (diff_compare_texts(a->side.package, b->side.package) != 0)
		return diff_compare_texts(a->bare_type, b->bare_type) == 0;
	return diff_compare_texts(a->side.type, b->side.type) == 0;
}

static void add_row(struct diff *diff, size_t *alloc, const struct diff_pairs *p, const struct diff_line *a,
		    const struct diff_line *b)
{
	struct diff_row row = {.change = DIFF_SAME};
	int sign = diff_compare_lines(p, a, b);

	if (a) {
		row.before = a->side;
		row.noise = a->noise;
		row.unsure = a->unsure;
	}
	if (b) {
		row.after = b->side;
		row.noise = b->noise;
		row.unsure = b->unsure;
	}
	if (sign > 0)
		row.change = row.before.objects ? DIFF_MORE : DIFF_NEW;
	else if (sign < 0)
		row.change = row.after.objects ? DIFF_FEWER : DIFF_GONE;
	if (a && b) {
		row.moved = a->side.line != b->side.line || diff_compare_texts(a->side.file, b->side.file) != 0 ||
			    strcmp(a->identity, b->identity) != 0;
		row.retyped =
			a->side.objects && b->side.objects && (!is_same_type(a, b) || a->side.cause != b->side.cause);
		row.resized = is_resized(diff, &row);
		row.turned = a->side.has_verdict && b->side.has_verdict && a->side.verdict != b->side.verdict;
	}
	if (diff->change) {
		row.touched =
			is_touched(diff->change->before, &row.before) || is_touched(diff->change->after, &row.after);
		row.outcome = outcome_of(&row);
	}
	/* Nothing was allocated, nothing is, and nobody changed his mind about it. */
	if (!row.before.objects && !row.after.objects && !row.turned && !row.outcome)
		return;
	diff->n_outcomes[row.outcome]++;
	if (row.noise == DIFF_NOISE_RUNTIME)
		diff->n_noise++;
	else
		diff->n_changes[row.change]++;
	ARRAY_GROW(diff->rows, diff->n + 1, *alloc);
	diff->rows[diff->n++] = row;
}

static int rank_of(const struct diff_row *row)
{
	if (row->noise == DIFF_NOISE_RUNTIME)
		return 4;
	if (row->change == DIFF_NEW || row->change == DIFF_MORE)
		return 0;
	if (row->change == DIFF_GONE || row->change == DIFF_FEWER)
		return 1;
	return row->retyped || row->resized || row->turned ? 2 : 3;
}

static int compare_rows(const void *a, const void *b, void *ctx)
{
	const struct diff *diff = ctx;
	const struct diff_row *x = a, *y = b;
	double gain_x =
		diff_per_unit(x->after.bytes, diff->after.units) - diff_per_unit(x->before.bytes, diff->before.units);
	double gain_y =
		diff_per_unit(y->after.bytes, diff->after.units) - diff_per_unit(y->before.bytes, diff->before.units);
	const struct diff_side *s = x->after.present ? &x->after : &x->before;
	const struct diff_side *t = y->after.present ? &y->after : &y->before;
	int c = rank_of(x) - rank_of(y);

	if (c == 0)
		c = (fabs(gain_x) < fabs(gain_y)) - (fabs(gain_x) > fabs(gain_y));
	if (c == 0)
		c = (s->bytes < t->bytes) - (s->bytes > t->bytes);
	if (c == 0)
		c = diff_compare_texts(s->file, t->file);
	if (c == 0)
		c = (s->line > t->line) - (s->line < t->line);
	if (c == 0)
		c = diff_compare_texts(s->function, t->function);
	if (c == 0)
		c = diff_compare_texts(s->type, t->type);
	if (c == 0)
		c = diff_compare_texts(s->expr, t->expr);
	return c ? c : (s->cause > t->cause) - (s->cause < t->cause);
}

static struct diff_sums sums_of(const struct diff_lines *lines)
{
	struct diff_sums sums = {.objects = 0};

	for (size_t i = 0; i < lines->n; i++) {
		const struct diff_line *line = &lines->items[i];

		sums.objects += line->side.objects;
		sums.bytes += line->side.bytes;
		if (line->noise == DIFF_NOISE_RUNTIME) {
			sums.noise_objects += line->side.objects;
			sums.noise_bytes += line->side.bytes;
		}
	}
	return sums;
}

static void run(struct diff **out, const struct diff_input *before, const struct diff_input *after,
		enum place_charge charge, const struct source_change *change)
{
	struct diff *diff = xcalloc(1, sizeof(*diff));
	bool use_expr = before->audit && after->audit;
	struct diff_pairs p = {.pool = strpool_new()};
	size_t alloc = 0;

	diff->pool = p.pool;
	diff->change = change;
	diff->before = *before;
	diff->after = *after;
	p.before.in = &diff->before;
	p.after.in = &diff->after;
	diff_lines_build(&p.before, p.pool, use_expr, charge);
	diff_lines_build(&p.after, p.pool, use_expr, charge);
	diff_pairs_find(&p);
	for (size_t i = 0; i < p.before.n; i++) {
		const struct diff_line *a = &p.before.items[i];

		add_row(diff, &alloc, &p, a, a->partner == DIFF_UNPAIRED ? NULL : &p.after.items[a->partner]);
	}
	for (size_t i = 0; i < p.after.n; i++) {
		if (p.after.items[i].partner == DIFF_UNPAIRED)
			add_row(diff, &alloc, &p, NULL, &p.after.items[i]);
	}
	if (diff->n)
		qsort_r(diff->rows, diff->n, sizeof(*diff->rows), compare_rows, diff);
	diff->sums_before = sums_of(&p.before);
	diff->sums_after = sums_of(&p.after);
	free(p.before.items);
	free(p.after.items);
	u64map_release(&p.before.index);
	u64map_release(&p.after.index);
	*out = diff;
}

void diff_run(struct diff **out, const struct diff_input *before, const struct diff_input *after,
	      enum place_charge charge)
{
	run(out, before, after, charge, NULL);
}

void diff_run_change(struct diff **out, const struct diff_input *before, const struct diff_input *after,
		     const struct source_change *change)
{
	run(out, before, after, false, change);
}

void diff_free(struct diff *diff)
{
	if (!diff)
		return;
	free(diff->rows);
	strpool_free(diff->pool);
	free(diff);
}
