/* SPDX-License-Identifier: Apache-2.0 */
/* What a gate finds in a result. Comparisons are exact: base/exact.h. */
#include "gate/gate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/assertion.h"
#include "base/exact.h"
#include "base/memory.h"
#include "base/strbuf.h"

#define SHOWN_LINES 5 /* of those that tripped a condition together */

/* ---- results ---------------------------------------------------------------------------------------------------- */

void gate_result_release(struct gate_result *result)
{
	for (size_t i = 0; i < result->n; i++)
		free(result->items[i]);
	free(result->items);
	*result = (struct gate_result){.n = 0};
}

static void trip(struct gate_result *out, char *sentence)
{
	ARRAY_GROW(out->items, out->n + 1, out->alloc);
	out->items[out->n++] = sentence;
}

static void trip_expired(struct gate_result *out, const struct baseline *baseline)
{
	for (size_t i = 0; baseline && i < baseline_count(baseline); i++) {
		const struct baseline_entry *e = baseline_entry(baseline, i);

		if (e->expired)
			trip(out, xasprintf("the baseline's entry for %s expired on %s; its reason was: %s",
					    e->function ? e->function
					    : e->file	? e->file
							: e->package,
					    e->expires, e->reason));
	}
}

/* Whether count, per unit of work if so wanted, is above the threshold; units is at least 1. */
static bool exceeds(const struct gate_condition *c, uint64_t count, uint64_t units)
{
	struct exact left = exact_times(exact_of(count), c->scale);
	struct exact right = exact_times(exact_of(c->number), c->per_op ? units : 1);

	return exact_compare(left, right) > 0;
}

/* Whether the growth is above the threshold: absolute, per unit, or in per cent of before. */
static bool grows_beyond(const struct gate_condition *c, uint64_t a, uint64_t a_units, uint64_t b, uint64_t b_units)
{
	struct exact before = exact_times(exact_of(a), b_units), after = exact_times(exact_of(b), a_units), gain;

	if (exact_compare(after, before) <= 0)
		return false;
	gain = exact_minus(after, before);
	if (c->percent)
		return exact_compare(exact_times(gain, 100 * c->scale), exact_times(before, c->number)) > 0;
	return exact_compare(exact_times(gain, c->scale),
			     exact_times(exact_times(exact_of(c->number), a_units), b_units)) > 0;
}

/* What a condition found: how many lines, what they amount to, and the first of them. */
struct tally {
	uint64_t lines, objects, bytes;
	struct strbuf names;
};

static void tally_add(struct tally *t, const char *file, int line, const char *what, uint64_t objects, uint64_t bytes)
{
	if (t->lines++ < SHOWN_LINES)
		strbuf_addf(&t->names, "%s%s:%d%s%s%s", t->names.len ? ", " : "", file ? file : "?", line,
			    what ? " (" : "", what ? what : "", what ? ")" : "");
	t->objects += objects;
	t->bytes += bytes;
}

static void tally_judge(struct tally *t, const struct gate_condition *c, uint64_t units, struct gate_result *out)
{
	uint64_t count = c->measure == GATE_MEASURE_LINES     ? t->lines
			 : c->measure == GATE_MEASURE_OBJECTS ? t->objects
							      : t->bytes;
	char *more = t->lines > SHOWN_LINES ? xasprintf(" and %" PRIu64 " more", t->lines - SHOWN_LINES) : xstrdup("");

	if (exceeds(c, count, units))
		trip(out,
		     xasprintf("%s: %" PRIu64 " line%s, %" PRIu64 " objects, %" PRIu64 " bytes: %s%s", c->text,
			       t->lines, t->lines == 1 ? "" : "s", t->objects, t->bytes, strbuf_str(&t->names), more));
	free(more);
	strbuf_release(&t->names);
}

static int cannot(struct error *err, const struct gate_condition *c, const char *why)
{
	return error_set(err, -ENODATA, "gate: failed to judge '%s': %s", c->text, why);
}

static void judge_total(const struct gate_condition *c, uint64_t total, uint64_t units, struct gate_result *out)
{
	if (exceeds(c, total, units))
		trip(out, c->per_op
				  ? xasprintf("%s: it is %" PRIu64 " in %" PRIu64 " operations", c->text, total, units)
				  : xasprintf("%s: it is %" PRIu64, c->text, total));
}

/* ---- verdicts --------------------------------------------------------------------------------------------------- */

/* Predictions of which no line could get any verdict but "stale": a gate on another could never fail. */
static int check_predictions(const struct gate_condition *c, const struct audit *audit, struct error *err)
{
	size_t stale = 0;

	if (c->verdict == VERDICT_STALE)
		return 0;
	if (!audit->n_packages)
		return cannot(err, c,
			      "the predictions are of no package; --pattern names none of those that are built");
	while (stale < audit->n && audit->items[stale].kind == VERDICT_STALE)
		stale++;
	if (audit->n && stale == audit->n)
		return cannot(err, c,
			      "the binary has no code of any line that is predicted; name the predictions of its "
			      "own build");
	return 0;
}

static int judge_verdicts(const struct gate_condition *c, struct baseline *baseline, const struct audit *audit,
			  uint64_t units, struct gate_result *out, struct error *err)
{
	struct tally t = {.names = STRBUF_INIT};
	int ret = check_predictions(c, audit, err);

	if (ret)
		return ret;
	for (size_t i = 0; i < audit->n; i++) {
		const struct verdict *v = &audit->items[i];
		const struct baseline_line line = {
			.function = v->function,
			.package = v->package,
			.file = v->file,
			.expr = v->expr,
			.type = v->type,
			.cause = cause_name(v->cause),
			.verdict = verdict_name(v->kind),
		};

		if (v->kind == c->verdict && !baseline_accepts(baseline, &line))
			tally_add(&t, v->file, v->line, v->expr ? v->expr : cause_name(v->cause), v->objects, v->bytes);
	}
	tally_judge(&t, c, units, out);
	return 0;
}

static bool is_on_assertions(const struct gate_condition *c)
{
	return c->subject == GATE_BROKEN || c->subject == GATE_UNPROVEN;
}

/* Assertions of the source; a gate on them that finds none could never fail. */
static int judge_assertions(const struct gate_condition *c, struct baseline *baseline, const struct audit *audit,
			    uint64_t units, struct gate_result *out, struct error *err)
{
	const struct assertions *a = audit->assertions;
	struct tally t = {.names = STRBUF_INIT};

	if (!a || (!a->n && !a->n_missing))
		return cannot(err, c, "there is no assertion in the sources (//escaudit:noalloc)");
	if (!a->n)
		return cannot(err, c, "the sources were not found; name the module's directory with --source-root");
	for (size_t i = 0; i < a->n; i++) {
		const struct assertion *item = &a->items[i];
		const struct baseline_line line = {
			.function = item->directive.function,
			.file = item->file,
			.verdict = assertion_verdict_name(item->verdict),
		};
		bool counts = c->subject == GATE_BROKEN ? item->verdict == ASSERTION_BROKEN
							: item->verdict == ASSERTION_NEVER_EXECUTED ||
								  item->verdict == ASSERTION_UNDECIDED;

		if (counts && !baseline_accepts(baseline, &line))
			tally_add(&t, item->file, item->directive.line,
				  item->directive.function ? item->directive.function : item->directive.text,
				  item->objects, item->bytes);
	}
	tally_judge(&t, c, units, out);
	return 0;
}

int gate_judge_audit(const struct gate *gate, struct baseline *baseline, const struct audit *audit, uint64_t units,
		     struct gate_result *out, struct error *err)
{
	uint64_t objects = 0, bytes = 0;
	int ret = 0;

	for (size_t i = 0; i < audit->rec->n_observations; i++) {
		objects += audit->rec->observations[i].objects;
		bytes += audit->rec->observations[i].bytes;
	}
	trip_expired(out, baseline);
	for (size_t i = 0; i < gate->n; i++) {
		const struct gate_condition *c = &gate->items[i];

		if (c->per_op && !units)
			return cannot(err, c, "it is not known how much work was done; say --per N");
		if (c->subject == GATE_NEW_HEAP || c->subject == GATE_MORE || c->percent)
			return cannot(err, c, "there is no earlier recording to compare with; use `escaudit diff`");
		if (is_on_assertions(c))
			ret = judge_assertions(c, baseline, audit, units ? units : 1, out, err);
		else if (c->subject == GATE_VERDICT)
			ret = judge_verdicts(c, baseline, audit, units ? units : 1, out, err);
		else
			judge_total(c, c->subject == GATE_OBJECTS ? objects : bytes, units ? units : 1, out);
		if (ret)
			return ret;
	}
	return 0;
}

/* ---- differences ------------------------------------------------------------------------------------------------ */

static bool is_accepted(struct baseline *baseline, const struct diff_side *s)
{
	const struct baseline_line line = {
		.function = s->function,
		.package = s->package,
		.file = s->file,
		.expr = s->expr,
		.type = s->type,
		.cause = cause_name(s->cause),
		.verdict = s->has_verdict ? verdict_name(s->verdict) : NULL,
	};

	return baseline_accepts(baseline, &line);
}

static void judge_more(const struct gate_condition *c, const struct diff *diff, const struct diff_row *row,
		       struct tally *t)
{
	bool bytes = c->measure == GATE_MEASURE_BYTES;
	const struct diff_side *a = &row->before, *b = &row->after;

	/* What fixed cost or noise explains is no growth, whatever the threshold. */
	if (row->change != DIFF_NEW && row->change != DIFF_MORE && !(bytes && row->resized))
		return;
	if (grows_beyond(c, bytes ? a->bytes : a->objects, diff->before.units, bytes ? b->bytes : b->objects,
			 diff->after.units))
		tally_add(t, b->file, b->line, b->expr ? b->expr : b->type, b->objects, b->bytes);
}

static void judge_rows(const struct gate_condition *c, struct baseline *baseline, const struct diff *diff,
		       struct gate_result *out)
{
	struct tally t = {.names = STRBUF_INIT};

	for (size_t i = 0; i < diff->n; i++) {
		const struct diff_row *row = &diff->rows[i];
		const struct diff_side *b = &row->after;

		if (row->noise == DIFF_NOISE_RUNTIME || !b->present || is_accepted(baseline, b))
			continue;
		if (c->subject == GATE_MORE)
			judge_more(c, diff, row, &t);
		else if (c->subject == GATE_NEW_HEAP
				 ? row->change == DIFF_NEW
				 : b->has_verdict && b->verdict == c->verdict &&
					   !(row->before.has_verdict && row->before.verdict == c->verdict))
			tally_add(&t, b->file, b->line, b->expr ? b->expr : b->type, b->objects, b->bytes);
	}
	if (c->subject != GATE_MORE) {
		tally_judge(&t, c, diff->after.units, out);
		return;
	}
	if (t.lines)
		trip(out, xasprintf("%s: %" PRIu64 " line%s: %s%s", c->text, t.lines, t.lines == 1 ? "" : "s",
				    strbuf_str(&t.names), t.lines > SHOWN_LINES ? ", …" : ""));
	strbuf_release(&t.names);
}

static void judge_sums(const struct gate_condition *c, const struct diff *diff, struct gate_result *out)
{
	bool bytes = c->subject == GATE_BYTES;
	uint64_t a = bytes ? diff->sums_before.bytes - diff->sums_before.noise_bytes
			   : diff->sums_before.objects - diff->sums_before.noise_objects;
	uint64_t b = bytes ? diff->sums_after.bytes - diff->sums_after.noise_bytes
			   : diff->sums_after.objects - diff->sums_after.noise_objects;

	if (!c->percent)
		judge_total(c, b, diff->after.units, out);
	else if (grows_beyond(c, a, diff->before.units, b, diff->after.units))
		trip(out, xasprintf("%s: from %" PRIu64 " to %" PRIu64, c->text, a, b));
}

int gate_judge_diff(const struct gate *gate, struct baseline *baseline, const struct diff *diff, bool has_units,
		    struct gate_result *out, struct error *err)
{
	const struct rec_header *a = &diff->before.rec->header, *b = &diff->after.rec->header;
	bool one = a->start_unix_ns && a->start_unix_ns == b->start_unix_ns && a->pid == b->pid;
	int ret;

	trip_expired(out, baseline);
	for (size_t i = 0; i < gate->n; i++) {
		const struct gate_condition *c = &gate->items[i];

		if (one)
			return cannot(err, c, "before and after are one recording; the gate could never fail");
		if (c->per_op && !has_units)
			return cannot(err, c,
				      "it is not known how much work was done; say --per N or --bench-after FILE");
		if ((c->subject == GATE_NEW_HEAP || c->subject == GATE_MORE || c->percent) &&
		    diff->sums_before.objects == 0)
			return cannot(err, c, "the recording before holds no allocation: nothing to compare with");
		if (is_on_assertions(c)) {
			if (!diff->after.audit || !diff->after.audit->assertions)
				return cannot(err, c,
					      "assertions are held against one run: `escaudit audit` or `escaudit "
					      "compare`");
			ret = judge_assertions(c, baseline, diff->after.audit, diff->after.units, out, err);
			if (ret)
				return ret;
			continue;
		}
		if (c->subject == GATE_VERDICT && (!diff->after.audit || !diff->before.audit))
			return cannot(err, c, "verdicts need --predictions-before and --predictions-after");
		if (c->subject == GATE_VERDICT && (ret = check_predictions(c, diff->after.audit, err)))
			return ret;
		if (c->subject == GATE_OBJECTS || c->subject == GATE_BYTES)
			judge_sums(c, diff, out);
		else
			judge_rows(c, baseline, diff, out);
	}
	return 0;
}
