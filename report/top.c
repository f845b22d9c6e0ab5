/* SPDX-License-Identifier: Apache-2.0 */
/* A recording by itself: where the objects were made, summed up by one of five keys. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/u64map.h"
#include "predict/place.h"
#include "report/header.h"
#include "report/json.h"
#include "report/report.h"
#include "report/text_table.h"
#include "report/units.h"

struct line {
	const char *file; /* members that are no part of the key are NULL, 0, CAUSE_UNKNOWN */
	int line;
	const char *function;
	const char *package;
	const char *type;
	enum cause cause;
	uint64_t objects, bytes, samples;
	uint64_t smallest, largest;
};

struct top {
	const struct top_options *options;
	const struct recording *rec;
	struct strpool *pool;
	struct u64map index; /* key, a string of the pool, to lines[] */
	struct line *lines;
	size_t n, alloc;
	struct line all;
};

#define NO_STACK "[unknown]"

static void add_counts(struct line *line, const struct rec_observation *o)
{
	if (line->objects == 0 || o->smallest < line->smallest)
		line->smallest = o->smallest;
	if (o->largest > line->largest)
		line->largest = o->largest;
	line->objects += o->objects;
	line->bytes += o->bytes;
	line->samples += o->samples;
}

/* The row an observation belongs to, without counts. */
static struct line line_of(struct top *top, const struct rec_observation *o)
{
	const struct rec_header *header = &top->rec->header;
	const struct rec_frame *frame = place_charged(top->rec, o, top->options->charge_module);
	static const struct rec_frame none = {.function = NO_STACK};
	struct line line = {.file = NULL};

	if (!frame)
		frame = &none;
	switch (top->options->key) {
	case TOP_KEY_SITE:
		line.file = place_file(top->pool, header, frame);
		line.line = frame->line;
		line.function = strpool_add(top->pool, frame->function);
		line.package = place_package(top->pool, header, frame);
		line.type = o->type;
		line.cause = o->cause;
		break;
	case TOP_KEY_FUNCTION:
		line.function = strpool_add(top->pool, frame->function);
		line.package = place_package(top->pool, header, frame);
		break;
	case TOP_KEY_PACKAGE:
		line.package = place_package(top->pool, header, frame);
		if (!*line.package)
			line.package = strpool_add(top->pool, frame->function);
		break;
	case TOP_KEY_TYPE:
		line.type = o->type;
		break;
	case TOP_KEY_CAUSE:
		line.cause = o->cause;
		break;
	}
	return line;
}

static void add_observation(struct top *top, const struct rec_observation *o)
{
	struct line line = line_of(top, o);
	/* Blanks and colons are in names too; a byte that is in none keeps the parts apart. */
	const char *key = strpool_addf(top->pool, "%s\1%d\1%s\1%s\1%s\1%d", line.file ? line.file : "", line.line,
				       line.function ? line.function : "", line.package ? line.package : "",
				       line.type ? line.type : "", (int)line.cause);
	bool is_new;
	uint64_t *index = u64map_at(&top->index, (uintptr_t)key, &is_new);

	if (is_new) {
		*index = top->n;
		ARRAY_GROW(top->lines, top->n + 1, top->alloc);
		top->lines[top->n++] = line;
	}
	add_counts(&top->lines[*index], o);
	add_counts(&top->all, o);
}

static int compare_strings(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* Equal counts have an order too, so that one recording always gives one report. */
static int compare_lines(const void *a, const void *b, void *ctx)
{
	const struct line *x = a, *y = b;
	bool by_objects = *(const enum top_order *)ctx == TOP_BY_OBJECTS;
	uint64_t x1 = by_objects ? x->objects : x->bytes, y1 = by_objects ? y->objects : y->bytes;
	uint64_t x2 = by_objects ? x->bytes : x->objects, y2 = by_objects ? y->bytes : y->objects;
	int c;

	if (x1 != y1)
		return x1 > y1 ? -1 : 1;
	if (x2 != y2)
		return x2 > y2 ? -1 : 1;
	c = compare_strings(x->file, y->file);
	if (c == 0)
		c = (x->line > y->line) - (x->line < y->line);
	if (c == 0)
		c = compare_strings(x->function, y->function);
	if (c == 0)
		c = compare_strings(x->package, y->package);
	if (c == 0)
		c = compare_strings(x->type, y->type);
	return c ? c : (x->cause > y->cause) - (x->cause < y->cause);
}

static void top_init(struct top *top, const struct recording *rec, const struct top_options *options)
{
	enum top_order order = options->order;

	*top = (struct top){.options = options, .rec = rec, .pool = strpool_new(), .index = U64MAP_INIT};
	for (size_t i = 0; i < rec->n_observations; i++)
		add_observation(top, &rec->observations[i]);
	if (top->n)
		qsort_r(top->lines, top->n, sizeof(*top->lines), compare_lines, &order);
}

static void top_release(struct top *top)
{
	free(top->lines);
	u64map_release(&top->index);
	strpool_free(top->pool);
}

/* ---- text
 * -------------------------------------------------------------------------------------------------------------- */

static const char *type_text(const struct line *line)
{
	return line->type ? line->type : "(no type)";
}

/* The cells behind the figures. */
static void key_cells(const struct line *line, enum top_key key, const char *place, struct text_cell *cells)
{
	switch (key) {
	case TOP_KEY_SITE:
		cells[0] = (struct text_cell){place, TEXT_PLAIN};
		cells[1] = (struct text_cell){line->type, TEXT_PLAIN};
		cells[2] = (struct text_cell){cause_name(line->cause), TEXT_PLAIN};
		break;
	case TOP_KEY_FUNCTION:
		cells[0] = (struct text_cell){line->function, TEXT_PLAIN};
		break;
	case TOP_KEY_PACKAGE:
		cells[0] = (struct text_cell){line->package, TEXT_PLAIN};
		break;
	case TOP_KEY_TYPE:
		cells[0] = (struct text_cell){type_text(line), TEXT_PLAIN};
		break;
	case TOP_KEY_CAUSE:
		cells[0] = (struct text_cell){cause_name(line->cause), TEXT_PLAIN};
		break;
	}
}

#define FIGURES 4

/*
 *      BYTES      %   SUM%  OBJECTS  LINE        TYPE         CAUSE
 *    40.2 kB  70.7%  70.7%      503  cart.go:40  []main.item  append growth
 *    16.1 kB  28.4%  99.1%     1009  item.go:21  main.item    new object
 */
static void put_table(FILE *f, const struct top *top)
{
	static const struct text_column figures[FIGURES] = {
		{"BYTES", true, 0, 0}, {"%", true, 0, 0}, {"SUM%", true, 0, 0}, {"OBJECTS", true, 0, 0}};
	static const struct text_column keys[][3] = {
		[TOP_KEY_SITE] = {{"LINE", false, 12, 5}, {"TYPE", false, 6, 4}, {"CAUSE", false, 0, 0}},
		[TOP_KEY_FUNCTION] = {{"FUNCTION", false, 24, 0}},
		[TOP_KEY_PACKAGE] = {{"PACKAGE", false, 24, 0}},
		[TOP_KEY_TYPE] = {{"TYPE", false, 24, 0}},
		[TOP_KEY_CAUSE] = {{"CAUSE", false, 0, 0}},
	};
	const struct report_options *options = &top->options->base;
	bool by_objects = top->options->order == TOP_BY_OBJECTS;
	uint64_t whole = by_objects ? top->all.objects : top->all.bytes, sum = 0, left_out_bytes = 0;
	size_t shown = options->limit && options->limit < top->n ? options->limit : top->n;
	size_t n_keys = top->options->key == TOP_KEY_SITE ? 3 : 1;
	struct text_column columns[FIGURES + 3];
	struct text_table *table;

	memcpy(columns, figures, sizeof(figures));
	memcpy(columns + FIGURES, keys[top->options->key], sizeof(keys[0]));
	table = text_table_new(columns, FIGURES + n_keys);
	for (size_t i = 0; i < shown; i++) {
		const struct line *line = &top->lines[i];
		uint64_t weight = by_objects ? line->objects : line->bytes;
		struct units_text bytes = units_bytes(line->bytes), share = units_share(weight, whole), shares,
				  objects = units_count(line->objects);
		const char *file = line->file ? line->file : line->function;
		char *place =
			line->line ? xasprintf("%s:%d", file ? file : "?", line->line) : xstrdup(file ? file : "?");
		struct text_cell cells[FIGURES + 3];

		sum += weight;
		shares = units_share(sum, whole);
		cells[0] = (struct text_cell){bytes.text, by_objects ? TEXT_PLAIN : TEXT_BOLD};
		cells[1] = (struct text_cell){share.text, TEXT_PLAIN};
		cells[2] = (struct text_cell){shares.text, TEXT_DIM};
		cells[3] = (struct text_cell){objects.text, by_objects ? TEXT_BOLD : TEXT_PLAIN};
		key_cells(line, top->options->key, place, cells + FIGURES);
		text_table_add(table, cells);
		free(place);
	}
	for (size_t i = shown; i < top->n; i++)
		left_out_bytes += top->lines[i].bytes;
	text_table_print(f, table, 2, 0, (size_t)options->width, options->colour);
	header_put_left_out(f, top->n - shown, left_out_bytes, options);
	text_table_free(table);
}

int report_top_text(FILE *f, const struct recording *rec, const struct top_options *options)
{
	struct strbuf sb = STRBUF_INIT;
	struct top top;

	top_init(&top, rec, options);
	header_put(f, rec, &options->base);
	strbuf_addf(&sb, "%s objects, %s", units_count(top.all.objects).text, units_bytes(top.all.bytes).text);
	if (rec->header.mode != REC_MODE_EXACT)
		strbuf_addf(&sb, ", from %s samples", units_count(top.all.samples).text);
	if (options->charge_module)
		strbuf_addstr(&sb, "; charged to the nearest line of the main module");
	header_line(f, "observed", strbuf_str(&sb), TEXT_PLAIN, &options->base);
	strbuf_release(&sb);
	if (top.n) {
		putc('\n', f);
		put_table(f, &top);
	}
	top_release(&top);
	return report_finish(f);
}

/* ---- JSON
 * -------------------------------------------------------------------------------------------------------------- */

static void put_counts(json_t *object, const struct line *line)
{
	json_put(object, "objects", json_count(line->objects));
	json_put(object, "bytes", json_count(line->bytes));
	json_put(object, "smallest", json_count(line->smallest));
	json_put(object, "largest", json_count(line->largest));
	json_put(object, "samples", json_count(line->samples));
}

/* {"file": "cart.go", "line": 40, "function": …, "package": …, "type": …, "cause": …, "objects": 503, "bytes": …}: only
 * those that belong to the key. */
static json_t *json_line(const struct line *line, enum top_key key)
{
	json_t *object = json_object();
	bool site = key == TOP_KEY_SITE;

	if (site) {
		json_put(object, "file", json_text(line->file));
		json_put(object, "line", json_positive(line->line));
	}
	if (site || key == TOP_KEY_FUNCTION)
		json_put(object, "function", json_text(line->function));
	if (site || key == TOP_KEY_FUNCTION || key == TOP_KEY_PACKAGE)
		json_put(object, "package", json_text(line->package));
	if (site || key == TOP_KEY_TYPE)
		json_put(object, "type", json_text(line->type));
	if (site || key == TOP_KEY_CAUSE)
		json_put(object, "cause", json_text(cause_name(line->cause)));
	put_counts(object, line);
	return object;
}

int report_top_json(FILE *f, const struct recording *rec, const struct top_options *options)
{
	static const char *const keys[] = {[TOP_KEY_SITE] = "site",
					   [TOP_KEY_FUNCTION] = "function",
					   [TOP_KEY_PACKAGE] = "package",
					   [TOP_KEY_TYPE] = "type",
					   [TOP_KEY_CAUSE] = "cause"};
	struct json_report report;
	json_t *totals = json_object();
	struct top top;

	top_init(&top, rec, options);
	json_report_begin(&report, f, "escaudit-top/1");
	json_report_recording(&report, rec);
	json_report_member(&report, "key", json_text(keys[options->key]));
	json_report_member(&report, "order", json_text(options->order == TOP_BY_OBJECTS ? "objects" : "bytes"));
	json_report_member(&report, "charge", json_text(options->charge_module ? "module" : "site"));
	put_counts(totals, &top.all);
	json_report_member(&report, "totals", totals);
	json_report_list_begin(&report, "lines");
	for (size_t i = 0; i < top.n; i++)
		json_report_row(&report, json_line(&top.lines[i], options->key));
	json_report_list_end(&report);
	top_release(&top);
	return json_report_end(&report);
}
