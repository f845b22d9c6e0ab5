/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A difference for people. First what got worse, then what got better, then what is the same amount of something else;
 * lines that only moved, and the runtime's own, are counted. At the end totals that add up.
 */
#include <inttypes.h>
#include <math.h>
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

/* ---- figures ---------------------------------------------------------------------------------------------------- */

static bool has_units(const struct diff *diff)
{
	return diff->before.units != 1 || diff->after.units != 1;
}

/* A count per unit of work: exact while it is a whole number, else three digits. */
static struct units_text per_unit(uint64_t count, uint64_t units, bool bytes)
{
	struct units_text out;
	double v = diff_per_unit(count, units);

	if (count % units == 0)
		return bytes ? units_bytes(count / units) : units_count(count / units);
	if (v >= 1000)
		return bytes ? units_bytes((uint64_t)(v + 0.5)) : units_count((uint64_t)(v + 0.5));
	snprintf(out.text, sizeof(out.text), "%.3g%s", v, bytes ? " B" : "");
	return out;
}

/* "+1.6 kB", "-16 B", "0 B": what a unit of work costs more or less. */
static struct units_text gain_of(const struct diff *diff, uint64_t a, uint64_t b)
{
	unsigned __int128 before = (unsigned __int128)a * diff->after.units,
			  after = (unsigned __int128)b * diff->before.units;
	double gap = diff_per_unit(b, diff->after.units) - diff_per_unit(a, diff->before.units);
	struct units_text amount, out;

	if (before == after)
		return units_bytes(0);
	if (diff->before.units == diff->after.units)
		amount = per_unit(a < b ? b - a : a - b, diff->before.units, true);
	else if (fabs(gap) >= 10)
		amount = units_bytes((uint64_t)(fabs(gap) + 0.5));
	else
		snprintf(amount.text, sizeof(amount.text), "%.3g B", fabs(gap));
	snprintf(out.text, sizeof(out.text), "%s%.22s", after > before ? "+" : "-", amount.text);
	return out;
}

/* ---- header ----------------------------------------------------------------------------------------------------- */

static void put_side(FILE *f, const char *title, const struct diff_input *in, const struct report_options *options)
{
	text_put(f, title, TEXT_BOLD, options->colour);
	putc('\n', f);
	header_put(f, in->rec, options);
}

static void put_build_difference(FILE *f, const struct diff *diff, const struct report_options *options)
{
	const struct rec_header *a = &diff->before.rec->header, *b = &diff->after.rec->header;
	struct strbuf sb = STRBUF_INIT;

	if (a->go_version && b->go_version && strcmp(a->go_version, b->go_version) != 0)
		strbuf_addf(&sb, "before is built by %s, after by %s; ", a->go_version, b->go_version);
	if (a->main_package && b->main_package && strcmp(a->main_package, b->main_package) != 0)
		strbuf_addf(&sb, "before is %s, after %s; ", a->main_package, b->main_package);
	if (a->mode != b->mode)
		strbuf_addstr(&sb, "one was counted, the other estimated; ");
	if (!has_units(diff) && a->mode != REC_MODE_EXACT && b->mode != REC_MODE_EXACT &&
	    fabs(a->window_seconds - b->window_seconds) > 0.1 * a->window_seconds)
		strbuf_addstr(&sb, "the windows are of different length and nothing says how much work was done "
				   "(--per-before, --per-after); ");
	if (sb.len) {
		sb.buf[sb.len - 2] = '\0';
		header_line(f, "NOTE", sb.buf, TEXT_YELLOW, options);
	}
	strbuf_release(&sb);
}

/* compared  per operation: 1000 before, 2000 after */
static void put_compared(FILE *f, const struct diff *diff, const struct report_options *options)
{
	struct strbuf sb = STRBUF_INIT;

	if (has_units(diff))
		strbuf_addf(&sb, "per operation: %" PRIu64 " before, %" PRIu64 " after", diff->before.units,
			    diff->after.units);
	else
		strbuf_addstr(&sb, "whole runs");
	if (!diff->before.audit || !diff->after.audit)
		strbuf_addstr(&sb, "; without verdicts (--predictions-before, --predictions-after)");
	header_line(f, "compared", strbuf_str(&sb), TEXT_PLAIN, options);
	strbuf_release(&sb);
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static char *place_of(const struct diff_side *s)
{
	const char *file = s->file ? s->file : s->function ? s->function : "?";

	return place_text(file, s->line, s->column, s->function);
}

/* Where nothing is left, nobody knows a type or a cause of what is there now. */
static const struct diff_side *what_of(const struct diff_row *row)
{
	return row->after.objects || !row->before.objects ? &row->after : &row->before;
}

static void add_part(struct strbuf *sb, const char *text)
{
	strbuf_addf(sb, "%s%s", sb->len ? "; " : "", text);
}

static void add_partf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add_partf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	if (sb->len)
		strbuf_addstr(sb, "; ");
	va_start(ap, fmt);
	strbuf_vaddf(sb, fmt, ap);
	va_end(ap);
}

static void add_sizes(struct strbuf *sb, const struct diff_side *s)
{
	if (s->smallest == s->largest)
		strbuf_addf(sb, "%" PRIu64 " B", s->smallest);
	else
		strbuf_addf(sb, "%" PRIu64 " to %" PRIu64 " B", s->smallest, s->largest);
}

/* "new object; confirmed, was held; was at cart.go:12; objects of 16 B, were 8 B" */
static char *note_of(const struct diff_row *row)
{
	const struct diff_side *a = &row->before, *b = &row->after, *s = b->present ? b : a;
	enum cause cause = what_of(row)->cause;
	struct strbuf sb = STRBUF_INIT;
	char *was;

	if (cause != CAUSE_UNKNOWN)
		add_part(&sb, cause_name(cause));
	if (row->retyped && a->cause != b->cause)
		strbuf_addf(&sb, ", was %s", cause_name(a->cause));
	if (s->has_verdict) {
		add_part(&sb, verdict_name(s->verdict));
		if (row->turned)
			strbuf_addf(&sb, ", was %s", verdict_name(a->verdict));
	}
	if (row->retyped && strcmp(a->type ? a->type : "", b->type ? b->type : "") != 0)
		add_partf(&sb, "type was %s", a->type ? a->type : "unknown");
	if (row->resized) {
		add_part(&sb, "objects of ");
		add_sizes(&sb, b);
		strbuf_addstr(&sb, ", were ");
		add_sizes(&sb, a);
	}
	if (row->moved) {
		was = place_of(a);
		add_partf(&sb, "was at %s", was);
		free(was);
		if (strcmp(a->function, b->function) != 0)
			strbuf_addf(&sb, " in %s", go_name_short(a->function));
	}
	if (row->unsure)
		add_partf(&sb, "one of several alike in the function: which of them is %s is a guess",
			  a->present ? "gone" : "new");
	if (row->outcome == DIFF_OUTCOME_NOTHING)
		add_part(&sb, "nothing to remove: it allocated nothing before");
	if (diff_outcome_was_meant(row->outcome) && !row->touched)
		add_part(&sb, "not on a line of the change; its prediction changed");
	if (row->noise == DIFF_NOISE_RANDOM)
		add_part(&sb, "depends on chance");
	if (a->error > 0 || b->error > 0)
		add_partf(&sb, "estimates: \xc2\xb1%.3g before, \xc2\xb1%.3g after", a->error * 1.96, b->error * 1.96);
	return strbuf_detach(&sb);
}

enum section {
	SECTION_MEANT,
	SECTION_WORSE,
	SECTION_BETTER,
	SECTION_CHANGED,
	SECTION_MOVED,
	SECTION_SAME,
	SECTION_NOISE
};

static enum section section_of(const struct diff_row *row)
{
	if (row->noise == DIFF_NOISE_RUNTIME)
		return SECTION_NOISE;
	if (diff_outcome_was_meant(row->outcome))
		return SECTION_MEANT;
	if (row->change == DIFF_NEW || row->change == DIFF_MORE)
		return SECTION_WORSE;
	if (row->change == DIFF_GONE || row->change == DIFF_FEWER)
		return SECTION_BETTER;
	if (row->retyped || row->resized || row->turned)
		return SECTION_CHANGED;
	return row->moved ? SECTION_MOVED : SECTION_SAME;
}

static void row_cell(const struct diff_row *row, const char **text, enum text_style *style)
{
	static const enum text_style styles[DIFF_CHANGE_COUNT] = {
		[DIFF_SAME] = TEXT_DIM,	   [DIFF_NEW] = TEXT_RED,    [DIFF_MORE] = TEXT_YELLOW,
		[DIFF_FEWER] = TEXT_GREEN, [DIFF_GONE] = TEXT_GREEN,
	};

	*style = styles[row->change];
	*text = diff_change_name(row->change);
	if (diff_outcome_was_meant(row->outcome)) {
		static const enum text_style outcome_styles[DIFF_OUTCOME_COUNT] = {
			[DIFF_OUTCOME_REMOVED] = TEXT_GREEN, [DIFF_OUTCOME_REDUCED] = TEXT_GREEN,
			[DIFF_OUTCOME_KEPT] = TEXT_YELLOW,   [DIFF_OUTCOME_WORSE] = TEXT_RED,
			[DIFF_OUTCOME_NOTHING] = TEXT_DIM,
		};

		*text = diff_outcome_name(row->outcome);
		*style = outcome_styles[row->outcome];
		return;
	}
	if (row->change == DIFF_SAME && row->noise != DIFF_NOISE_RUNTIME) {
		*text = row->retyped   ? "type"
			: row->resized ? "size"
			: row->turned  ? "verdict"
			: row->moved   ? "moved"
				       : "same";
		*style = row->retyped || row->resized || row->turned ? TEXT_CYAN : TEXT_DIM;
	}
}

static void add_row(struct text_table *table, const struct diff *diff, const struct diff_row *row)
{
	const struct diff_side *a = &row->before, *b = &row->after, *s = b->present ? b : a;
	struct units_text gain = gain_of(diff, a->bytes, b->bytes);
	struct units_text from = per_unit(a->objects, diff->before.units, false);
	struct units_text to = per_unit(b->objects, diff->after.units, false);
	char *place = place_of(s), *note = note_of(row);
	char *in = !s->expr && s->function ? xasprintf("in %s", go_name_short(go_name_plain(diff->pool, s->function)))
					   : NULL;
	const char *change;
	enum text_style style;
	struct text_cell cells[7];

	row_cell(row, &change, &style);
	cells[0] = (struct text_cell){gain.text, TEXT_BOLD};
	cells[1] = (struct text_cell){from.text, TEXT_PLAIN};
	cells[2] = (struct text_cell){to.text, TEXT_PLAIN};
	cells[3] = (struct text_cell){change, style};
	cells[4] = (struct text_cell){place, TEXT_PLAIN};
	cells[5] = (struct text_cell){in ? in : s->expr, in ? TEXT_DIM : TEXT_PLAIN};
	cells[6] = (struct text_cell){what_of(row)->type, TEXT_PLAIN};
	text_table_add(table, cells);
	if (*note)
		text_table_note(table, note);
	free(place);
	free(note);
	free(in);
}

/*
 * NEW AND MORE: 1 line
 *     BYTES  BEFORE  AFTER  CHANGE  LINE         EXPRESSION    TYPE
 *   +3.2 kB       0    200  new     main.go:9:2  func literal  struct { F uintptr; value int }
 *           closure; confirmed
 */
static void put_section(FILE *f, const char *title, const char *nothing, enum section section, const struct diff *diff,
			const struct report_options *options)
{
	static const struct text_column columns[] = {
		{"BYTES", true, 0, 0},	{"BEFORE", true, 0, 0},	     {"AFTER", true, 0, 0}, {"CHANGE", false, 0, 0},
		{"LINE", false, 14, 8}, {"EXPRESSION", false, 5, 5}, {"TYPE", false, 4, 3},
	};
	struct text_table *table = text_table_new(columns, ARRAY_SIZE(columns));
	size_t n = 0, shown = 0;
	char *heading;

	for (size_t i = 0; i < diff->n; i++) {
		if (section_of(&diff->rows[i]) != section)
			continue;
		n++;
		if (options->limit && n > options->limit)
			continue;
		shown++;
		add_row(table, diff, &diff->rows[i]);
	}
	if (n || nothing) {
		heading = n ? xasprintf("%s: %zu line%s", title, n, n == 1 ? "" : "s")
			    : xasprintf("%s: %s", title, nothing);
		putc('\n', f);
		text_put(f, heading, TEXT_BOLD, options->colour);
		putc('\n', f);
		free(heading);
	}
	if (n)
		text_table_print(f, table, 2, 10, (size_t)options->width, options->colour);
	header_put_left_out(f, n - shown, 0, options);
	text_table_free(table);
}

/* ---- a change --------------------------------------------------------------------------------------------------- */

/*
 * change    from HEAD~1 (5d3f0c00aa12) to the working tree
 * verdict   2 lines meant to go: 1 removed, 1 kept; 1 line added or grown
 */
static void put_change(FILE *f, const struct diff *diff, const struct report_options *options)
{
	const struct source_change *change = diff->change;
	struct strbuf sb = STRBUF_INIT;
	size_t meant = 0, bad, added = diff->n_outcomes[DIFF_OUTCOME_ADDED];
	const char *separator = ": ";

	strbuf_addf(&sb, "from %s (%.12s) to the working tree", change->revision, change->commit);
	header_line(f, "change", strbuf_str(&sb), TEXT_PLAIN, options);
	strbuf_clear(&sb);
	for (int i = DIFF_OUTCOME_REMOVED; i <= DIFF_OUTCOME_NOTHING; i++)
		meant += diff->n_outcomes[i];
	if (meant)
		strbuf_addf(&sb, "%zu line%s meant to go", meant, meant == 1 ? "" : "s");
	else
		strbuf_addstr(&sb, "no line that allocates was meant to go");
	for (int i = DIFF_OUTCOME_REMOVED; i <= DIFF_OUTCOME_NOTHING; i++) {
		if (!diff->n_outcomes[i])
			continue;
		strbuf_addf(&sb, "%s%zu %s", separator, diff->n_outcomes[i],
			    i == DIFF_OUTCOME_NOTHING ? "had allocated nothing"
						      : diff_outcome_name((enum diff_outcome)i));
		separator = ", ";
	}
	if (added)
		strbuf_addf(&sb, "; %zu line%s added or grown", added, added == 1 ? "" : "s");
	else
		strbuf_addstr(&sb, "; nothing added");
	bad = diff->n_outcomes[DIFF_OUTCOME_KEPT] + diff->n_outcomes[DIFF_OUTCOME_WORSE] + added;
	header_line(f, "verdict", strbuf_str(&sb), bad ? TEXT_YELLOW : meant ? TEXT_GREEN : TEXT_PLAIN, options);
	strbuf_release(&sb);
}

/* ---- totals ----------------------------------------------------------------------------------------------------- */

static void add_total(struct text_table *table, const struct diff *diff, const char *name, const char *lines,
		      struct diff_sums a, struct diff_sums b, const char *remark)
{
	struct units_text gain = gain_of(diff, a.bytes, b.bytes);
	struct units_text from = per_unit(a.objects, diff->before.units, false);
	struct units_text to = per_unit(b.objects, diff->after.units, false);
	struct units_text from_bytes = per_unit(a.bytes, diff->before.units, true);
	struct units_text to_bytes = per_unit(b.bytes, diff->after.units, true);
	const struct text_cell cells[] = {
		{gain.text, TEXT_BOLD},
		{from_bytes.text, TEXT_PLAIN},
		{to_bytes.text, TEXT_PLAIN},
		{from.text, TEXT_PLAIN},
		{to.text, TEXT_PLAIN},
		{name, TEXT_PLAIN},
		{lines ? lines : "", TEXT_PLAIN},
		{remark, TEXT_DIM},
	};

	text_table_add(table, cells);
}

static void put_totals(FILE *f, const struct diff *diff, const struct report_options *options)
{
	static const struct {
		enum section section;
		const char *name, *remark;
	} parts[] = {
		{SECTION_MEANT, "meant to go", NULL},
		{SECTION_WORSE, "new and more", NULL},
		{SECTION_BETTER, "gone and fewer", NULL},
		{SECTION_CHANGED, "changed", NULL},
		{SECTION_MOVED, "moved", "--all lists them"},
		{SECTION_SAME, "same", "--all lists them"},
		{SECTION_NOISE, "runtime", "no gate looks at them"},
	};
	static const struct text_column columns[] = {
		{"+/-", true, 0, 0},   {"BYTES BEFORE", true, 0, 0},
		{"AFTER", true, 0, 0}, {"OBJECTS BEFORE", true, 0, 0},
		{"AFTER", true, 0, 0}, {"", false, 0, 0},
		{"LINES", true, 0, 0}, {"", false, 12, 0},
	};
	struct text_table *table = text_table_new(columns, ARRAY_SIZE(columns));

	for (size_t k = 0; k < ARRAY_SIZE(parts); k++) {
		struct diff_sums a = {.objects = 0}, b = {.objects = 0};
		size_t n = 0;
		char lines[24];

		for (size_t i = 0; i < diff->n; i++) {
			const struct diff_row *row = &diff->rows[i];

			if (section_of(row) != parts[k].section)
				continue;
			n++;
			a.objects += row->before.objects;
			a.bytes += row->before.bytes;
			b.objects += row->after.objects;
			b.bytes += row->after.bytes;
		}
		snprintf(lines, sizeof(lines), "%zu", n);
		if (n)
			add_total(table, diff, parts[k].name, lines, a, b,
				  options->all && parts[k].section != SECTION_NOISE ? NULL : parts[k].remark);
	}
	add_total(table, diff, "all", NULL, diff->sums_before, diff->sums_after, NULL);
	putc('\n', f);
	text_put(f, has_units(diff) ? "TOTALS PER OPERATION" : "TOTALS", TEXT_BOLD, options->colour);
	putc('\n', f);
	text_table_print(f, table, 2, 0, (size_t)options->width, options->colour);
	text_table_free(table);
}

int report_diff_text(FILE *f, const struct diff *diff, const struct report_options *options)
{
	put_side(f, "BEFORE", &diff->before, options);
	put_side(f, "AFTER", &diff->after, options);
	putc('\n', f);
	put_compared(f, diff, options);
	put_build_difference(f, diff, options);
	if (diff->change) {
		put_change(f, diff, options);
		put_section(f, "MEANT TO GO", "nothing", SECTION_MEANT, diff, options);
	}
	put_section(f, "NEW AND MORE", "none", SECTION_WORSE, diff, options);
	put_section(f, "GONE AND FEWER", "none", SECTION_BETTER, diff, options);
	put_section(f, "CHANGED", NULL, SECTION_CHANGED, diff, options);
	if (options->all) {
		put_section(f, "MOVED", NULL, SECTION_MOVED, diff, options);
		put_section(f, "SAME", NULL, SECTION_SAME, diff, options);
		put_section(f, "THE RUNTIME'S OWN", NULL, SECTION_NOISE, diff, options);
	}
	if (diff->after.audit)
		assertions_put(f, diff->after.audit->assertions, options);
	put_totals(f, diff, options);
	return report_finish(f);
}
