/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report people read. The order is that of the questions: can I believe it (header; a mismatch of builds comes
 * before everything else), how much agrees (one line), what does not (divergences, most bytes first), what came true
 * (confirmed), and where the rest is (totals, which add up to what was observed).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "recording/place.h"
#include "report/assertions.h"
#include "report/header.h"
#include "report/report.h"
#include "report/text_table.h"
#include "report/units.h"
#include "symbolize/go_name.h"

struct sums {
	uint64_t objects, bytes;
};

static struct sums observed(const struct recording *rec)
{
	struct sums sums = {0, 0};

	for (size_t i = 0; i < rec->n_observations; i++) {
		sums.objects += rec->observations[i].objects;
		sums.bytes += rec->observations[i].bytes;
	}
	return sums;
}

/* ---- header
 * ---------------------------------------------------------------------------------------------------------- */

static void put_log(FILE *f, const struct audit *audit, const struct predictions *set,
		    const struct report_options *options)
{
	struct strbuf sb = STRBUF_INIT;

	header_add_log(&sb, audit, set);
	header_line(f, "log", strbuf_str(&sb), TEXT_PLAIN, options);
	strbuf_clear(&sb);
	header_add_columns(&sb, audit, set);
	if (sb.len)
		header_line(f, "columns", strbuf_str(&sb), TEXT_PLAIN, options);
	strbuf_release(&sb);
}

static void add_share(struct strbuf *sb, const char **separator, const char *name, uint64_t bytes, uint64_t all)
{
	if (bytes == 0)
		return;
	strbuf_addf(sb, "%s%s %s", *separator, units_share(bytes, all).text, name);
	*separator = ", ";
}

/* observed  1530 objects, 56.9 kB: 28.4% confirmed, 70.7% unpredicted, 0.6% violated, 0.3% the runtime's own */
static void put_observed(FILE *f, const struct audit *audit, const struct report_options *options)
{
	static const enum verdict_kind kinds[] = {VERDICT_CONFIRMED, VERDICT_VIOLATED, VERDICT_UNPREDICTED};
	struct sums sums = observed(audit->rec);
	struct strbuf sb = STRBUF_INIT;
	const char *separator = ": ";

	strbuf_addf(&sb, "%s objects, %s", units_count(sums.objects).text, units_bytes(sums.bytes).text);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		add_share(&sb, &separator, verdict_name(kinds[i]), audit->totals.bytes[kinds[i]], sums.bytes);
	add_share(&sb, &separator, "elsewhere", audit->elsewhere_bytes, sums.bytes);
	add_share(&sb, &separator, "the runtime's own", audit->runtime_bytes, sums.bytes);
	header_line(f, "observed", strbuf_str(&sb), TEXT_PLAIN, options);
	strbuf_release(&sb);
}

/* ---- verdicts, row by row
 * -------------------------------------------------------------------------------------------- */

static char *place_of(const struct verdict *v)
{
	return place_text(v->file ? v->file : "?", v->line, v->column, v->function);
}

/*
 * The last step of the flow: what a reader can change. Only where it is the whole story; NULL otherwise, or without
 * flow lines (-m instead of -m=2).
 */
static const struct flow_step *last_step(const struct verdict *v)
{
	const struct flow_step *last = v->n_flow ? v->flow[v->n_flow - 1] : NULL;

	if (v->kind != VERDICT_CONFIRMED || v->n_predictions != 1 || !last || last->kind != FLOW_STEP)
		return NULL;
	return last;
}

/*
 * The line beneath: cause, reason, and what limits the verdict. That an object was predicted and made is what
 * "confirmed" says already, so there the reason is that of the escape.
 */
static char *note_of(const struct verdict *v, const struct audit *audit)
{
	const struct flow_step *step = last_step(v);
	struct strbuf sb = STRBUF_INIT;

	if (v->cause != CAUSE_UNKNOWN)
		strbuf_addf(&sb, "%s \xe2\x80\x93 ", cause_name(v->cause));
	if (step)
		strbuf_addf(&sb, "escapes: %s (%s)", step->expr, step->reason);
	else
		strbuf_addstr(&sb, v->summary ? v->summary : "");
	if (step && place_is_wrapper_file(step->pos.file)) {
		if (v->function)
			strbuf_addf(&sb, "; in the wrapper %s", go_name_short(go_name_plain(audit->pool, v->function)));
	} else if (step && step->pos.file) {
		strbuf_addstr(&sb, " at ");
		position_print(&sb, &step->pos);
	}
	if (v->upper_per_second > 0)
		strbuf_addf(&sb, "; none in %" PRIu64 " samples, at most %.3g/s (95%%)", audit->samples,
			    v->upper_per_second);
	else if (v->upper_bytes)
		strbuf_addf(&sb, "; none in %" PRIu64 " samples, at most %s (95%%)", audit->samples,
			    units_bytes(v->upper_bytes).text);
	else if (audit->rec->header.mode != REC_MODE_EXACT && v->samples)
		strbuf_addf(&sb, "; %" PRIu64 " sample%s", v->samples, v->samples == 1 ? "" : "s");
	if (v->ambiguous && v->n_predictions > 1)
		strbuf_addf(&sb, "; ambiguous (%zu predictions)", v->n_predictions);
	else if (v->ambiguous)
		strbuf_addstr(&sb, "; ambiguous (some of its calls may be of another prediction)");
	return strbuf_detach(&sb);
}

/* "by way of ./cart.go:31:9 (assign), ./cart.go:40:2 (return)": the steps before the last, which the note has. */
static void add_path(struct text_table *table, const struct verdict *v)
{
	struct strbuf sb = STRBUF_INIT;
	const struct position *previous = NULL;

	for (size_t i = 0; i + 1 < v->n_path; i++) {
		const struct flow_step *step = v->path[i];

		/* taking the address where the object is made tells nothing, nor does the place of all wrappers */
		if (place_is_wrapper_file(step->pos.file) || (previous && position_equal(&step->pos, previous)) ||
		    (i == 0 && strcmp(step->reason, "spill") == 0))
			continue;
		strbuf_addstr(&sb, sb.len ? ", " : "by way of ");
		position_print(&sb, &step->pos);
		strbuf_addf(&sb, " (%s)", step->reason);
		previous = &step->pos;
	}
	if (sb.len)
		text_table_note(table, strbuf_str(&sb));
	strbuf_release(&sb);
}

/* "captures &x, buf": what makes the closure an object, and keeps alive. */
static void add_captures(struct text_table *table, const struct verdict *v)
{
	const char *captures = v->n_sites && v->cause == CAUSE_CLOSURE ? v->sites[0]->captures : NULL;
	char *note;

	for (size_t i = 1; captures && i < v->n_sites; i++) {
		if (!v->sites[i]->captures || strcmp(v->sites[i]->captures, captures) != 0)
			captures = NULL;
	}
	if (!captures)
		return;
	note = xasprintf("captures %s", captures);
	text_table_note(table, note);
	free(note);
}

/* The column that a section of one verdict has no need of. */
#define VERDICT_COLUMN 3

static void add_row(struct text_table *table, const struct verdict *v, uint64_t all_bytes, const struct audit *audit,
		    bool one_verdict)
{
	struct units_text bytes = units_bytes(v->bytes), objects = units_count(v->objects),
			  share = units_share(v->bytes, all_bytes);
	char *place = place_of(v), *note = note_of(v, audit);
	char *in = !v->expr && v->function ? xasprintf("in %s", go_name_short(go_name_plain(audit->pool, v->function)))
					   : NULL;
	struct strbuf type = STRBUF_INIT;
	struct text_cell cells[] = {
		{v->objects ? bytes.text : "-", TEXT_BOLD},
		{v->objects ? share.text : "", TEXT_PLAIN},
		{v->objects ? objects.text : "-", TEXT_PLAIN},
		{verdict_name(v->kind), header_verdict_style(v->kind)},
		{place, TEXT_PLAIN},
		{in ? in : v->expr, in ? TEXT_DIM : TEXT_PLAIN},
		{NULL, TEXT_PLAIN},
	};

	if (v->type)
		header_add_type(&type, v->type, v->other_types);
	cells[ARRAY_SIZE(cells) - 1].text = strbuf_str(&type);
	if (one_verdict)
		memmove(cells + VERDICT_COLUMN, cells + VERDICT_COLUMN + 1,
			(ARRAY_SIZE(cells) - VERDICT_COLUMN - 1) * sizeof(*cells));
	text_table_add(table, cells);
	if (*note)
		text_table_note(table, note);
	add_path(table, v);
	add_captures(table, v);
	if (v->advice) {
		char *advice = xasprintf("\xe2\x86\x92 %s", v->advice);

		text_table_note(table, advice);
		free(advice);
	}
	free(place);
	free(note);
	free(in);
	strbuf_release(&type);
}

typedef bool (*verdict_filter)(enum verdict_kind kind, const struct report_options *options);

static bool is_divergence_row(enum verdict_kind kind, const struct report_options *options)
{
	return kind == VERDICT_VIOLATED || kind == VERDICT_UNPREDICTED || kind == VERDICT_ELIDED ||
	       (options->all && verdict_is_divergence(kind));
}

static bool is_confirmed_row(enum verdict_kind kind, const struct report_options *options)
{
	(void)options;
	return kind == VERDICT_CONFIRMED;
}

static bool is_other_row(enum verdict_kind kind, const struct report_options *options)
{
	return options->all && !verdict_is_divergence(kind) && kind != VERDICT_CONFIRMED;
}

/* "; 15 compiled-out, 1 stale not listed (--all)" */
static void add_unlisted(struct strbuf *sb, const struct audit *audit, const struct report_options *options)
{
	const char *separator = "; ";

	for (int i = 0; i < VERDICT_COUNT; i++) {
		enum verdict_kind kind = (enum verdict_kind)i;

		if (!audit->totals.n[i] || !verdict_is_divergence(kind) || is_divergence_row(kind, options))
			continue;
		strbuf_addf(sb, "%s%zu %s", separator, audit->totals.n[i], verdict_name(kind));
		separator = ", ";
	}
	if (sb->len)
		strbuf_addstr(sb, " not listed (--all)");
}

/*
 * DIVERGENCES: 2 lines; 5 compiled-out not listed (--all)
 *      BYTES      %  OBJECTS  VERDICT      LINE                   EXPRESSION           TYPE
 *    40.2 kB  70.7%      503  unpredicted  cart.go:40             in cart.(*Cart).Add  []main.item
 *          append growth – the compiler reports nothing for this: runtime.growslice
 *      352 B   0.6%       11  violated     cmd/shop/main.go:9:14  make([]int, n)       []int
 *          make slice – the size is known only at run time: runtime.makeslice went to the heap
 */
static void put_section(FILE *f, const char *title, const char *nothing, verdict_filter filter, bool one_verdict,
			const struct audit *audit, const struct report_options *options)
{
	struct text_column columns[] = {
		{"BYTES", true, 0, 0},	{"%", true, 0, 0},	     {"OBJECTS", true, 0, 0}, {"VERDICT", false, 0, 0},
		{"LINE", false, 14, 8}, {"EXPRESSION", false, 5, 5}, {"TYPE", false, 4, 3},
	};
	size_t n_columns = ARRAY_SIZE(columns) - one_verdict;
	uint64_t all_bytes = observed(audit->rec).bytes, left_out_bytes = 0;
	size_t n = 0, left_out = 0;
	struct strbuf unlisted = STRBUF_INIT;
	struct text_table *table;
	char *heading;

	if (one_verdict)
		memmove(columns + VERDICT_COLUMN, columns + VERDICT_COLUMN + 1,
			(n_columns - VERDICT_COLUMN) * sizeof(*columns));
	table = text_table_new(columns, n_columns);
	if (filter == is_divergence_row)
		add_unlisted(&unlisted, audit, options);
	for (size_t i = 0; i < audit->n; i++) {
		const struct verdict *v = &audit->items[i];

		if (!filter(v->kind, options))
			continue;
		n++;
		if (options->limit && n > options->limit) {
			left_out++;
			left_out_bytes += v->bytes;
		} else {
			add_row(table, v, all_bytes, audit, one_verdict);
		}
	}
	if (n || nothing) {
		heading = n ? xasprintf("%s: %zu line%s%s", title, n, n == 1 ? "" : "s", strbuf_str(&unlisted))
			    : xasprintf("%s: %s%s", title, nothing, strbuf_str(&unlisted));
		putc('\n', f);
		text_put(f, heading, TEXT_BOLD, options->colour);
		putc('\n', f);
		free(heading);
	}
	strbuf_release(&unlisted);
	if (n)
		text_table_print(f, table, 2, 8, (size_t)options->width, options->colour);
	header_put_left_out(f, left_out, left_out_bytes, options);
	text_table_free(table);
}

/* ---- totals
 * ------------------------------------------------------------------------------------------------------------ */

static void add_total(struct text_table *table, const char *name, enum text_style style, const char *lines,
		      struct sums sums, struct sums all, const char *remark)
{
	struct units_text objects = units_count(sums.objects), bytes = units_bytes(sums.bytes),
			  share = units_share(sums.bytes, all.bytes);
	const struct text_cell cells[] = {
		{sums.objects ? bytes.text : "-", TEXT_PLAIN},
		{sums.objects ? share.text : "", TEXT_PLAIN},
		{sums.objects ? objects.text : "-", TEXT_PLAIN},
		{name, style},
		{lines, TEXT_PLAIN},
		{remark, TEXT_DIM},
	};

	text_table_add(table, cells);
}

/*
 * TOTALS
 *      BYTES      %  OBJECTS               LINES
 *      352 B   0.6%       11  violated         1
 *    40.2 kB  70.7%      503  unpredicted      1
 *          -               -  compiled-out     5  --all lists them
 *    16.1 kB  28.4%     1009  confirmed        1
 *      168 B   0.3%        7  runtime             the runtime's own, on no line
 *    56.9 kB   100%     1530  observed
 */
static void put_totals(FILE *f, const struct audit *audit, const struct report_options *options)
{
	static const enum verdict_kind order[VERDICT_COUNT] = {
		VERDICT_VIOLATED,  VERDICT_UNPREDICTED, VERDICT_ELIDED,	   VERDICT_COMPILED_OUT, VERDICT_STALE,
		VERDICT_CONFIRMED, VERDICT_HELD,	VERDICT_UNREACHED, VERDICT_UNDECIDED};
	static const struct text_column columns[] = {{"BYTES", true, 0, 0},   {"%", true, 0, 0},
						     {"OBJECTS", true, 0, 0}, {"", false, 0, 0},
						     {"LINES", true, 0, 0},   {"", false, 20, 0}};
	struct text_table *table = text_table_new(columns, ARRAY_SIZE(columns));
	struct sums all = observed(audit->rec);
	struct sums elsewhere = {audit->elsewhere_objects, audit->elsewhere_bytes};
	struct sums runtime = {audit->runtime_objects, audit->runtime_bytes};
	struct sums rest = {all.objects - elsewhere.objects - runtime.objects,
			    all.bytes - elsewhere.bytes - runtime.bytes};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		enum verdict_kind kind = order[i];
		struct sums sums = {audit->totals.objects[kind], audit->totals.bytes[kind]};
		bool listed = is_divergence_row(kind, options) || is_confirmed_row(kind, options) || options->all;
		char lines[24];

		rest.objects -= sums.objects;
		rest.bytes -= sums.bytes;
		if (audit->totals.n[kind] == 0)
			continue;
		snprintf(lines, sizeof(lines), "%zu", audit->totals.n[kind]);
		add_total(table, verdict_name(kind), header_verdict_style(kind), lines, sums, all,
			  listed ? NULL : "--all lists them");
	}
	if (elsewhere.objects)
		add_total(table, "elsewhere", TEXT_PLAIN, NULL, elsewhere, all,
			  "packages not predicted: --pattern=all");
	if (runtime.objects)
		add_total(table, "runtime", TEXT_PLAIN, NULL, runtime, all, "the runtime's own, on no line");
	/* Must not happen; if it does, the reader is told rather than left with sums that do not add up. */
	if (rest.objects || rest.bytes) {
		bool twice = rest.objects > INT64_MAX || rest.bytes > INT64_MAX;
		struct sums amount = twice ? (struct sums){-rest.objects, -rest.bytes} : rest;

		add_total(table, twice ? "counted twice" : "unaccounted", TEXT_ALARM, NULL, amount, all,
			  "a fault of escaudit: please report it");
	}
	add_total(table, "observed", TEXT_BOLD, NULL, all, all, NULL);

	putc('\n', f);
	text_put(f, "TOTALS", TEXT_BOLD, options->colour);
	putc('\n', f);
	text_table_print(f, table, 2, 0, (size_t)options->width, options->colour);
	text_table_free(table);
}

int report_audit_text(FILE *f, const struct audit *audit, const struct predictions *set,
		      const struct report_options *options)
{
	header_put_mismatch(f, audit, options);
	header_put(f, audit->rec, options);
	put_log(f, audit, set, options);
	put_observed(f, audit, options);
	put_section(f, "DIVERGENCES", "none", is_divergence_row, false, audit, options);
	put_section(f, "CONFIRMED", "none", is_confirmed_row, true, audit, options);
	put_section(f, "NO DIVERGENCE", NULL, is_other_row, false, audit, options);
	assertions_put(f, audit->assertions, options);
	put_totals(f, audit, options);
	return report_finish(f);
}
