/* SPDX-License-Identifier: Apache-2.0 */
#include "report/top_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "recording/place.h"

#define NO_STACK "[unknown]"

static const char *const key_names[] = {[TOP_KEY_SITE] = "site",
					[TOP_KEY_FUNCTION] = "function",
					[TOP_KEY_PACKAGE] = "package",
					[TOP_KEY_TYPE] = "type",
					[TOP_KEY_CAUSE] = "cause"};

static const char *const order_names[] = {
	[TOP_BY_BYTES] = "bytes",	[TOP_BY_OBJECTS] = "objects", [TOP_BY_RATE] = "rate", [TOP_BY_SITE] = "site",
	[TOP_BY_FUNCTION] = "function", [TOP_BY_PACKAGE] = "package", [TOP_BY_TYPE] = "type", [TOP_BY_CAUSE] = "cause"};

const char *top_key_name(enum top_key key)
{
	return key_names[key];
}

const char *top_order_name(enum top_order order)
{
	return order_names[order];
}

bool top_order_fits(enum top_order order, enum top_key key)
{
	switch (order) {
	case TOP_BY_BYTES:
	case TOP_BY_OBJECTS:
	case TOP_BY_RATE:
		return true;
	case TOP_BY_SITE:
		return key == TOP_KEY_SITE;
	case TOP_BY_FUNCTION:
		return key == TOP_KEY_SITE || key == TOP_KEY_FUNCTION;
	case TOP_BY_PACKAGE:
		return key == TOP_KEY_SITE || key == TOP_KEY_FUNCTION || key == TOP_KEY_PACKAGE;
	case TOP_BY_TYPE:
		return key == TOP_KEY_SITE || key == TOP_KEY_TYPE;
	case TOP_BY_CAUSE:
		return key == TOP_KEY_SITE || key == TOP_KEY_CAUSE;
	}
	return false;
}

static void add_counts(struct top_row *row, const struct rec_observation *o, bool is_before)
{
	if (is_before) {
		row->old_objects += o->objects;
		row->old_bytes += o->bytes;
		row->old_samples += o->samples;
		return;
	}
	if (row->objects == 0 || o->smallest < row->smallest)
		row->smallest = o->smallest;
	if (o->largest > row->largest)
		row->largest = o->largest;
	row->objects += o->objects;
	row->bytes += o->bytes;
	row->samples += o->samples;
	/* Stacks that share a size class are estimated from the same samples and exact windows, and what the refills
	 * miss of one they may miss of another: errors of a row's observations are taken to go the same way, the worst
	 * case. If they went this way and that, their squares would add up, as they do where separate recordings are
	 * merged. */
	row->objects_off += o->error_pct / 100 * (double)o->objects;
	row->bytes_off += o->error_pct / 100 * (double)o->bytes;
}

static void add_parts(const struct top_rows *rows, struct top_row *row, const struct rec_observation *o)
{
	if (!rows->n_replicas)
		return;
	if (!row->parts)
		row->parts = xcalloc(rows->n_replicas, sizeof(*row->parts));
	for (uint32_t i = 0; i < o->n_parts; i++) {
		struct rec_part *part = &row->parts[o->parts[i].replica];

		part->objects += o->parts[i].objects;
		part->bytes += o->parts[i].bytes;
	}
}

/* Of several variables on one line none is the row's. */
static void note_variable(struct top_row *row, const struct recording *rec, const struct rec_observation *o)
{
	const char *variable = o->site == REC_NO_SITE ? NULL : rec->sites[o->site].variable;

	if (!row->has_variable)
		row->variable = variable;
	else if (row->variable && (!variable || strcmp(row->variable, variable) != 0))
		row->variable = NULL;
	row->has_variable = true;
}

/* The row an observation belongs to, without counts. */
static struct top_row row_of(struct top_rows *rows, const struct recording *rec, const struct rec_observation *o)
{
	const struct rec_header *header = &rec->header;
	const struct rec_frame *frame = place_charged(rec, o, rows->options->charge);
	static const struct rec_frame none = {.function = NO_STACK};
	struct top_row row = {.file = NULL};
	const char *file;
	struct rec_frame shown = place_shown(rows->pool, rec, frame ? frame : &none, &file);

	frame = &shown;
	switch (rows->options->key) {
	case TOP_KEY_SITE:
		row.file = file;
		row.line = frame->line;
		row.function = strpool_add(rows->pool, frame->function);
		row.package = place_package(rows->pool, header, frame);
		row.type = strpool_add(rows->pool, o->type);
		row.cause = o->cause;
		break;
	case TOP_KEY_FUNCTION:
		row.function = strpool_add(rows->pool, frame->function);
		row.package = place_package(rows->pool, header, frame);
		break;
	case TOP_KEY_PACKAGE:
		row.package = place_package(rows->pool, header, frame);
		if (!*row.package)
			row.package = strpool_add(rows->pool, frame->function);
		break;
	case TOP_KEY_TYPE:
		row.type = strpool_add(rows->pool, o->type);
		break;
	case TOP_KEY_CAUSE:
		row.cause = o->cause;
		break;
	}
	/* Blanks and colons are in names too; a byte that is in none keeps the parts apart. */
	row.key = strpool_addf(rows->pool, "%s\1%d\1%s\1%s\1%s\1%d", row.file ? row.file : "", row.line,
			       row.function ? row.function : "", row.package ? row.package : "",
			       row.type ? row.type : "", (int)row.cause);
	return row;
}

const char *top_rows_key(struct top_rows *rows, const struct rec_observation *o)
{
	return row_of(rows, rows->rec, o).key;
}

/* The verdict that says most among those of one line (copies of an inlined function). */
static void add_verdict(struct top_row *row, enum verdict_kind kind)
{
	if (!row->has_verdict || verdict_says_more(kind, row->verdict))
		row->verdict = kind;
	row->has_verdict = true;
}

static void add_observation(struct top_rows *rows, const struct recording *rec, const struct rec_observation *o)
{
	const struct audit *audit = rows->options->audit;
	bool is_before = rec != rows->rec, is_new;
	struct top_row row = row_of(rows, rec, o);
	uint64_t *index;

	if (is_before) {
		/* What was there before is there now; estimates may have changed their mind. */
		index = u64map_find(&rows->index, (uintptr_t)row.key);
		if (!index)
			return;
	} else {
		index = u64map_at(&rows->index, (uintptr_t)row.key, &is_new);
		if (is_new) {
			*index = rows->n;
			ARRAY_GROW(rows->items, rows->n + 1, rows->alloc);
			rows->items[rows->n++] = row;
		}
	}
	add_counts(&rows->items[*index], o, is_before);
	add_counts(&rows->all, o, is_before);
	if (!is_before)
		add_parts(rows, &rows->items[*index], o);
	if (!is_before && rows->options->key == TOP_KEY_SITE && rows->options->charge == CHARGE_SITE)
		note_variable(&rows->items[*index], rec, o);
	if (rows->has_verdicts && !is_before) {
		size_t account = audit_account(audit, (size_t)(o - rec->observations));

		if (account < audit->n)
			add_verdict(&rows->items[*index], audit->items[account].kind);
	}
}

static int compare_strings(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_numbers(double a, double b)
{
	return (a < b) - (a > b);
}

static int compare_sites(const struct top_row *x, const struct top_row *y)
{
	int c = compare_strings(x->file, y->file);

	return c ? c : (x->line > y->line) - (x->line < y->line);
}

static int compare_by(const struct top_rows *rows, const struct top_row *x, const struct top_row *y)
{
	switch (rows->options->order) {
	case TOP_BY_BYTES:
	case TOP_BY_OBJECTS:
		break;
	case TOP_BY_RATE:
		return compare_numbers(top_row_rate(rows, x).bytes, top_row_rate(rows, y).bytes);
	case TOP_BY_SITE:
		return compare_sites(x, y);
	case TOP_BY_FUNCTION:
		return compare_strings(x->function, y->function);
	case TOP_BY_PACKAGE:
		return compare_strings(x->package, y->package);
	case TOP_BY_TYPE:
		return compare_strings(x->type, y->type);
	case TOP_BY_CAUSE:
		return compare_strings(cause_name(x->cause), cause_name(y->cause));
	}
	return 0;
}

/* Equal counts have an order too, so that one recording always gives one report. */
static int compare_rows(const void *a, const void *b, void *ctx)
{
	const struct top_rows *rows = ctx;
	const struct top_row *x = a, *y = b;
	bool by_objects = rows->options->order == TOP_BY_OBJECTS;
	uint64_t x1 = by_objects ? x->objects : x->bytes, y1 = by_objects ? y->objects : y->bytes;
	uint64_t x2 = by_objects ? x->bytes : x->objects, y2 = by_objects ? y->bytes : y->objects;
	int c = compare_by(rows, x, y);

	if (c)
		return c;
	if (x1 != y1)
		return x1 > y1 ? -1 : 1;
	if (x2 != y2)
		return x2 > y2 ? -1 : 1;
	c = compare_sites(x, y);
	if (c == 0)
		c = compare_strings(x->function, y->function);
	if (c == 0)
		c = compare_strings(x->package, y->package);
	if (c == 0)
		c = compare_strings(x->type, y->type);
	return c ? c : (x->cause > y->cause) - (x->cause < y->cause);
}

struct top_rate top_row_rate(const struct top_rows *rows, const struct top_row *row)
{
	struct top_rate rate = {0, 0};

	/* An estimate of what nothing new was seen of moves with the others; that is no allocation. */
	if (rows->seconds <= 0 || row->samples <= row->old_samples)
		return rate;
	if (row->objects > row->old_objects)
		rate.objects = (double)(row->objects - row->old_objects) / rows->seconds;
	if (row->bytes > row->old_bytes)
		rate.bytes = (double)(row->bytes - row->old_bytes) / rows->seconds;
	return rate;
}

bool top_rows_are_estimates(const struct top_rows *rows)
{
	return rows->rec->header.mode == REC_MODE_SAMPLE;
}

double top_row_error_pct(const struct top_row *row)
{
	double of_objects = row->objects ? row->objects_off / (double)row->objects : 0;
	double of_bytes = row->bytes ? row->bytes_off / (double)row->bytes : 0;

	return 100 * (of_objects > of_bytes ? of_objects : of_bytes);
}

void top_rows_init(struct top_rows *rows, const struct recording *rec, const struct top_options *options)
{
	const struct recording *before = options->before;

	*rows = (struct top_rows){.options = options, .rec = rec, .pool = strpool_new()};
	rows->has_verdicts = options->audit && options->key == TOP_KEY_SITE && options->charge == CHARGE_SITE;
	if (options->by_replica)
		rows->n_replicas = recording_replicas(rec, &rows->replicas);
	for (size_t i = 0; i < rec->n_observations; i++)
		add_observation(rows, rec, &rec->observations[i]);
	if (before) {
		rows->seconds = rec->header.window_seconds - before->header.window_seconds;
		for (size_t i = 0; i < before->n_observations; i++)
			add_observation(rows, before, &before->observations[i]);
	}
	if (rows->n)
		qsort_r(rows->items, rows->n, sizeof(*rows->items), compare_rows, rows);
	u64map_release(&rows->index); /* it knew the places before they were sorted */
}

void top_rows_release(struct top_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		free(rows->items[i].parts);
	free(rows->items);
	free(rows->replicas);
	u64map_release(&rows->index);
	strpool_free(rows->pool);
}
