/* SPDX-License-Identifier: Apache-2.0 */
/* A recording by itself: where the objects were made. Once as a report, or in parts for a view that scrolls. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "recording/place.h"
#include "report/header.h"
#include "report/json.h"
#include "report/text_table.h"
#include "report/top_rows.h"
#include "report/top_view.h"
#include "report/type_layout.h"
#include "report/units.h"
#include "symbolize/go_name.h"

struct top_view {
	struct top_options options;
	struct top_rows rows;
};

struct top_view *top_view_new(const struct recording *rec, const struct top_options *options)
{
	struct top_view *view = xcalloc(1, sizeof(*view));

	view->options = *options;
	top_rows_init(&view->rows, rec, &view->options);
	return view;
}

void top_view_free(struct top_view *view)
{
	if (view)
		top_rows_release(&view->rows);
	free(view);
}

size_t top_view_count(const struct top_view *view)
{
	return view->rows.n;
}

const char *top_view_key(const struct top_view *view, size_t row)
{
	return view->rows.items[row].key;
}

size_t top_view_find(const struct top_view *view, const char *key)
{
	for (size_t i = 0; i < view->rows.n; i++) {
		if (strcmp(view->rows.items[i].key, key) == 0)
			return i;
	}
	return SIZE_MAX;
}

/* ---- text
 * -------------------------------------------------------------------------------------------------------------- */

/* Beyond this many replicas a row shows the least, the middle and the most of them. */
#define REPLICA_COLUMNS 8
#define COLUMNS_MAX	(13 + REPLICA_COLUMNS)

/* What a column shows. */
enum content {
	SHOW_BYTES,
	SHOW_SHARE,
	SHOW_SUM,
	SHOW_BYTES_RATE,
	SHOW_OBJECTS,
	SHOW_OBJECTS_RATE,
	SHOW_ERROR,
	SHOW_VERDICT,
	SHOW_LINE,
	SHOW_FUNCTION,
	SHOW_OF_FUNCTION, /* beside the line */
	SHOW_PACKAGE,
	SHOW_TYPE,
	SHOW_CAUSE,
	SHOW_LEAST,
	SHOW_MEDIAN,
	SHOW_MOST,
	SHOW_MOST_IN,
	SHOW_REPLICA, /* the first of them, and so on */
};

static const struct text_column contents[] = {
	[SHOW_BYTES] = {"BYTES", true, 0, 0},
	[SHOW_SHARE] = {"%", true, 0, 0},
	[SHOW_SUM] = {"SUM%", true, 0, 0},
	[SHOW_BYTES_RATE] = {"BYTES/S", true, 0, 0},
	[SHOW_OBJECTS] = {"OBJECTS", true, 0, 0},
	[SHOW_OBJECTS_RATE] = {"OBJ/S", true, 0, 0},
	[SHOW_ERROR] = {"\xc2\xb1%", true, 0, 0},
	[SHOW_VERDICT] = {"VERDICT", false, 0, 0},
	[SHOW_LINE] = {"LINE", false, 12, 5},
	[SHOW_FUNCTION] = {"FUNCTION", false, 24, 0},
	[SHOW_OF_FUNCTION] = {"FUNCTION", false, 12, 4},
	[SHOW_PACKAGE] = {"PACKAGE", false, 12, 0},
	[SHOW_TYPE] = {"TYPE", false, 6, 4},
	[SHOW_CAUSE] = {"CAUSE", false, 0, 0},
	[SHOW_LEAST] = {"LEAST", true, 0, 0},
	[SHOW_MEDIAN] = {"MEDIAN", true, 0, 0},
	[SHOW_MOST] = {"MOST", true, 0, 0},
	[SHOW_MOST_IN] = {"IN", true, 0, 0},
	[SHOW_REPLICA] = {"#1", true, 0, 0},
	{"#2", true, 0, 0},
	{"#3", true, 0, 0},
	{"#4", true, 0, 0},
	{"#5", true, 0, 0},
	{"#6", true, 0, 0},
	{"#7", true, 0, 0},
	{"#8", true, 0, 0},
};

static bool is_by_weight(enum top_order order)
{
	return order == TOP_BY_BYTES || order == TOP_BY_OBJECTS;
}

static size_t choose_columns(const struct top_rows *rows, enum content *out)
{
	static const enum content of_key[] = {[TOP_KEY_SITE] = SHOW_LINE,
					      [TOP_KEY_FUNCTION] = SHOW_FUNCTION,
					      [TOP_KEY_PACKAGE] = SHOW_PACKAGE,
					      [TOP_KEY_TYPE] = SHOW_TYPE,
					      [TOP_KEY_CAUSE] = SHOW_CAUSE};
	const struct top_options *options = rows->options;
	bool has_rates = options->before != NULL;
	size_t n = 0;

	out[n++] = SHOW_BYTES;
	out[n++] = SHOW_SHARE;
	if (!has_rates && !rows->n_replicas && is_by_weight(options->order))
		out[n++] = SHOW_SUM;
	if (has_rates)
		out[n++] = SHOW_BYTES_RATE;
	out[n++] = SHOW_OBJECTS;
	if (has_rates)
		out[n++] = SHOW_OBJECTS_RATE;
	if (top_rows_are_estimates(rows))
		out[n++] = SHOW_ERROR;
	if (rows->n_replicas > REPLICA_COLUMNS) {
		for (enum content c = SHOW_LEAST; c <= SHOW_MOST_IN; c++)
			out[n++] = c;
	} else {
		for (size_t i = 0; i < rows->n_replicas; i++)
			out[n++] = SHOW_REPLICA + (enum content)i;
	}
	if (rows->has_verdicts)
		out[n++] = SHOW_VERDICT;
	out[n++] = of_key[options->key];
	if (options->key == TOP_KEY_SITE) {
		if (options->order == TOP_BY_FUNCTION)
			out[n++] = SHOW_OF_FUNCTION;
		if (options->order == TOP_BY_PACKAGE)
			out[n++] = SHOW_PACKAGE;
		out[n++] = SHOW_TYPE;
		out[n++] = SHOW_CAUSE;
	} else if (options->key == TOP_KEY_FUNCTION && options->order == TOP_BY_PACKAGE) {
		out[n++] = SHOW_PACKAGE;
	}
	return n;
}

/* What of a row depends on those above it. */
struct share {
	uint64_t weight, sum, whole;
};

struct row_text {
	struct units_text bytes, share, sum, bytes_rate, objects, objects_rate, error;
	struct units_text replicas[REPLICA_COLUMNS]; /* or least, median, most, and in which */
	char *place;
	char *cause; /* NULL: its name */
};

static uint64_t part_weight(const struct top_rows *rows, const struct rec_part *part)
{
	return rows->options->order == TOP_BY_OBJECTS ? part->objects : part->bytes;
}

static int compare_weights(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static struct units_text weight_text(const struct top_rows *rows, uint64_t weight)
{
	return rows->options->order == TOP_BY_OBJECTS ? units_count(weight) : units_bytes(weight);
}

static void set_replica_texts(const struct top_rows *rows, const struct top_row *row, struct units_text *out)
{
	size_t n = rows->n_replicas, most = 0;
	uint64_t *weights;

	for (size_t i = 0; n <= REPLICA_COLUMNS && i < n; i++)
		out[i] = weight_text(rows, part_weight(rows, &row->parts[i]));
	if (n <= REPLICA_COLUMNS)
		return;
	weights = xcalloc(n, sizeof(*weights));
	for (size_t i = 0; i < n; i++) {
		weights[i] = part_weight(rows, &row->parts[i]);
		if (weights[i] > weights[most])
			most = i;
	}
	snprintf(out[3].text, sizeof(out[3].text), "#%zu", most + 1);
	qsort(weights, n, sizeof(*weights), compare_weights);
	out[0] = weight_text(rows, weights[0]);
	out[1] = weight_text(rows, weights[n / 2]);
	out[2] = weight_text(rows, weights[n - 1]);
	free(weights);
}

static struct text_cell cell_of(const struct top_rows *rows, const struct top_row *row, const struct row_text *text,
				enum content content)
{
	enum top_order order = rows->options->order;

	switch (content) {
	case SHOW_BYTES:
		return (struct text_cell){text->bytes.text, order == TOP_BY_BYTES ? TEXT_BOLD : TEXT_PLAIN};
	case SHOW_SHARE:
		return (struct text_cell){text->share.text, TEXT_PLAIN};
	case SHOW_SUM:
		return (struct text_cell){text->sum.text, TEXT_DIM};
	case SHOW_BYTES_RATE:
		return (struct text_cell){text->bytes_rate.text, order == TOP_BY_RATE ? TEXT_BOLD : TEXT_PLAIN};
	case SHOW_OBJECTS:
		return (struct text_cell){text->objects.text, order == TOP_BY_OBJECTS ? TEXT_BOLD : TEXT_PLAIN};
	case SHOW_OBJECTS_RATE:
		return (struct text_cell){text->objects_rate.text, TEXT_PLAIN};
	case SHOW_ERROR:
		return (struct text_cell){text->error.text, TEXT_DIM};
	case SHOW_VERDICT:
		if (!row->has_verdict)
			return (struct text_cell){"-", TEXT_DIM};
		return (struct text_cell){verdict_name(row->verdict), header_verdict_style(row->verdict)};
	case SHOW_LINE:
		return (struct text_cell){text->place, TEXT_PLAIN};
	case SHOW_FUNCTION:
		return (struct text_cell){go_name_plain(rows->pool, row->function), TEXT_PLAIN};
	case SHOW_OF_FUNCTION:
		return (struct text_cell){go_name_short(go_name_plain(rows->pool, row->function)), TEXT_PLAIN};
	case SHOW_PACKAGE:
		return (struct text_cell){row->package, TEXT_PLAIN};
	case SHOW_TYPE:
		/* Beside a line an empty cell is clear enough. */
		return (struct text_cell){row->type || rows->options->key == TOP_KEY_SITE ? row->type : "(no type)",
					  TEXT_PLAIN};
	case SHOW_CAUSE:
		return (struct text_cell){text->cause ? text->cause : cause_name(row->cause), TEXT_PLAIN};
	case SHOW_LEAST:
	case SHOW_MEDIAN:
	case SHOW_MOST:
	case SHOW_MOST_IN:
		return (struct text_cell){text->replicas[content - SHOW_LEAST].text, TEXT_PLAIN};
	case SHOW_REPLICA:
		break;
	}
	/* SHOW_REPLICA and those behind it */
	return (struct text_cell){text->replicas[content - SHOW_REPLICA].text, TEXT_PLAIN};
}

/* "" for nothing: what stands still is to be seen at a glance. */
static struct units_text rate_text(double per_second, bool bytes)
{
	if (per_second < 0.5)
		return (struct units_text){""};
	return bytes ? units_bytes((uint64_t)(per_second + 0.5)) : units_count((uint64_t)(per_second + 0.5));
}

static void add_row(struct text_table *table, const struct top_rows *rows, const struct top_row *row,
		    const struct share *share, const enum content *columns, size_t n, bool has_notes)
{
	const char *file = row->file ? row->file : row->function ? go_name_plain(rows->pool, row->function) : "?";
	struct top_rate rate = top_row_rate(rows, row);
	struct row_text text = {
		.bytes = units_bytes(row->bytes),
		.share = units_share(share->weight, share->whole),
		.sum = units_share(share->sum, share->whole),
		.bytes_rate = rate_text(rate.bytes, true),
		.objects = units_count(row->objects),
		.objects_rate = rate_text(rate.objects, false),
		.error = units_error(top_row_error_pct(row)),
		.place =
			place_text(file, row->line, 0, row->function ? go_name_plain(rows->pool, row->function) : NULL),
		.cause = row->variable ? xasprintf("%s: %s", cause_name(row->cause), row->variable) : NULL,
	};
	struct text_cell cells[COLUMNS_MAX];

	set_replica_texts(rows, row, text.replicas);
	for (size_t i = 0; i < n; i++)
		cells[i] = cell_of(rows, row, &text, columns[i]);
	text_table_add(table, cells);
	if (has_notes && rows->options->key == TOP_KEY_TYPE) {
		char *layout = type_layout_note(rows->rec, row->type);

		if (layout)
			text_table_note(table, layout);
		free(layout);
	}
	free(text.place);
	free(text.cause);
}

/*
 *      BYTES      %   SUM%  OBJECTS  LINE        TYPE         CAUSE
 *    40.2 kB  70.7%  70.7%      503  cart.go:40  []main.item  append growth
 *    16.1 kB  28.4%  99.1%     1009  item.go:21  main.item    new object
 *      240 B   0.4%  99.5%       30  item.go:30  int          new object: n
 */
static void put_rows(FILE *f, const struct top_rows *rows, size_t first, size_t n, bool has_notes)
{
	const struct top_options *options = rows->options;
	bool by_objects = options->order == TOP_BY_OBJECTS;
	struct share share = {.whole = by_objects ? rows->all.objects : rows->all.bytes};
	enum content chosen[COLUMNS_MAX];
	struct text_column columns[COLUMNS_MAX];
	size_t n_columns = choose_columns(rows, chosen), end = n < rows->n - first ? first + n : rows->n;
	struct text_table *table;

	for (size_t i = 0; i < n_columns; i++)
		columns[i] = contents[chosen[i]];
	table = text_table_new(columns, n_columns);
	for (size_t i = 0; i < end; i++) {
		const struct top_row *row = &rows->items[i];

		share.weight = by_objects ? row->objects : row->bytes;
		share.sum += share.weight;
		if (i >= first)
			add_row(table, rows, row, &share, chosen, n_columns, has_notes);
	}
	text_table_print(f, table, 2, 10, (size_t)options->base.width, options->base.colour);
	text_table_free(table);
}

void top_view_put_rows(FILE *f, const struct top_view *view, size_t first, size_t n)
{
	if (first < view->rows.n)
		put_rows(f, &view->rows, first, n, false); /* each row is one line of the screen */
}

/*
 * cost      probes took 0.430% of one core, of 1.00 % allowed; escaudit itself 0.61 %; a closer look at 12.31 % of
 * bytes
 */
static void put_cost(FILE *f, const struct top_rows *rows)
{
	const struct recording *rec = rows->rec;
	const struct rec_sampling *s = &rec->header.sampling;
	struct strbuf sb = STRBUF_INIT;

	if (rec->header.mode == REC_MODE_EXACT) {
		strbuf_addstr(&sb, "one trap for each object");
		if (rows->seconds > 0)
			strbuf_addf(&sb, ", %s a second now",
				    units_count((uint64_t)(top_row_rate(rows, &rows->all).objects + 0.5)).text);
	} else if (s->is_known) {
		strbuf_addf(&sb, "probes took %.3f%% of one core, of %.2f%% allowed; escaudit itself %.2f%%",
			    s->overhead_pct, s->overhead_max_pct, s->own_cpu_pct);
		/* The runtime's own count is read at another moment than the probes': all may look like more. */
		if (s->seen_pct > 0)
			strbuf_addf(&sb, "; sampled from %.3g%% of the bytes", fmin(100, s->seen_pct));
	}
	if (sb.len)
		header_line(f, "cost", strbuf_str(&sb), TEXT_PLAIN, &rows->options->base);
	strbuf_release(&sb);
}

static void put_observed(FILE *f, const struct top_rows *rows)
{
	const struct top_options *options = rows->options;
	struct top_rate rate = top_row_rate(rows, &rows->all);
	struct strbuf sb = STRBUF_INIT;

	strbuf_addf(&sb, "%s objects, %s", units_count(rows->all.objects).text, units_bytes(rows->all.bytes).text);
	if (rows->rec->header.mode != REC_MODE_EXACT)
		strbuf_addf(&sb, ", from %s samples", units_count(rows->all.samples).text);
	if (options->before)
		strbuf_addf(&sb, "; now %s objects/s, %s/s", units_count((uint64_t)(rate.objects + 0.5)).text,
			    units_bytes((uint64_t)(rate.bytes + 0.5)).text);
	if (options->charge == CHARGE_MODULE)
		strbuf_addstr(&sb, "; charged to the nearest line of the main module");
	if (options->charge == CHARGE_C)
		strbuf_addstr(&sb, "; charged to the nearest line of C");
	header_line(f, "observed", strbuf_str(&sb), TEXT_PLAIN, &options->base);
	strbuf_release(&sb);
}

/*
 * replicas  bytes of each: #1 a.gz (pid 4242, 12.3 s, 56.9 kB), #2 b.gz (pid 17, 12.2 s, 57.1 kB)
 */
static void put_replicas(FILE *f, const struct top_rows *rows)
{
	size_t limit = rows->options->base.limit, n = rows->n_replicas;
	size_t shown = limit && limit < n && n > REPLICA_COLUMNS ? limit : n;
	struct strbuf sb = STRBUF_INIT;

	strbuf_addf(&sb, "%s of each: ", rows->options->order == TOP_BY_OBJECTS ? "objects" : "bytes");
	for (size_t i = 0; i < shown; i++) {
		const struct replica *replica = &rows->replicas[i];

		strbuf_addf(&sb, "%s#%zu %.*s (pid %" PRId64 ", %s, %s)", i ? ", " : "", i + 1,
			    (int)(replica->file_length < 200 ? replica->file_length : 200), replica->file, replica->pid,
			    units_seconds(replica->seconds).text, units_bytes(replica->bytes).text);
	}
	if (shown < n)
		strbuf_addf(&sb, " and %zu more; --limit 0 names all", n - shown);
	header_line(f, "replicas", strbuf_str(&sb), TEXT_PLAIN, &rows->options->base);
	strbuf_release(&sb);
}

static void put_header(FILE *f, const struct top_rows *rows, bool is_live)
{
	if (rows->has_verdicts)
		header_put_mismatch(f, rows->options->audit, &rows->options->base);
	header_put(f, rows->rec, &rows->options->base);
	if (is_live)
		put_cost(f, rows);
	put_observed(f, rows);
	if (rows->n_replicas)
		put_replicas(f, rows);
}

void top_view_put_header(FILE *f, const struct top_view *view)
{
	put_header(f, &view->rows, true);
}

static int put_report(FILE *f, const struct top_rows *rows, bool is_live)
{
	size_t limit = rows->options->base.limit;
	size_t shown = limit && limit < rows->n ? limit : rows->n;
	uint64_t left_out_bytes = 0;

	put_header(f, rows, is_live);
	if (rows->n) {
		putc('\n', f);
		put_rows(f, rows, 0, shown, true);
		for (size_t i = shown; i < rows->n; i++)
			left_out_bytes += rows->items[i].bytes;
		header_put_left_out(f, rows->n - shown, left_out_bytes, &rows->options->base);
	}
	return report_finish(f);
}

int report_top_text(FILE *f, const struct recording *rec, const struct top_options *options)
{
	struct top_rows rows;
	int ret;

	top_rows_init(&rows, rec, options);
	ret = put_report(f, &rows, false);
	top_rows_release(&rows);
	return ret;
}

int top_view_text(FILE *f, const struct top_view *view)
{
	return put_report(f, &view->rows, true);
}

/* ---- stacks
 * ------------------------------------------------------------------------------------------------------------ */

struct stack {
	const struct rec_observation *o; /* whose locations it has */
	uint64_t objects, bytes;
};

static int compare_stacks(const void *a, const void *b)
{
	const struct stack *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->objects != y->objects)
		return x->objects > y->objects ? -1 : 1;
	return (x->o > y->o) - (x->o < y->o);
}

/* Observations of one stack that differ in type or cause are one. */
static struct stack *collect_stacks(struct top_view *view, const char *key, size_t *n)
{
	const struct recording *rec = view->rows.rec;
	struct strpool *pool = strpool_new();
	struct u64map index = U64MAP_INIT;
	struct stack *stacks = NULL;
	struct strbuf text = STRBUF_INIT;
	size_t alloc = 0;

	*n = 0;
	for (size_t i = 0; i < rec->n_observations; i++) {
		const struct rec_observation *o = &rec->observations[i];
		uint64_t *at;
		bool is_new;

		if (strcmp(top_rows_key(&view->rows, o), key) != 0)
			continue;
		strbuf_clear(&text);
		for (uint32_t k = 0; k < o->n_locations; k++)
			strbuf_addf(&text, "%x,", o->locations[k]);
		at = u64map_at(&index, (uintptr_t)strpool_add(pool, strbuf_str(&text)), &is_new);
		if (is_new) {
			*at = *n;
			ARRAY_GROW(stacks, *n + 1, alloc);
			stacks[(*n)++] = (struct stack){.o = o};
		}
		stacks[*at].objects += o->objects;
		stacks[*at].bytes += o->bytes;
	}
	if (*n)
		qsort(stacks, *n, sizeof(*stacks), compare_stacks);
	strbuf_release(&text);
	u64map_release(&index);
	strpool_free(pool);
	return stacks;
}

/* "    main.(*server).note        httpserver/main.go:104" */
static void put_frame(FILE *f, struct top_view *view, const struct rec_frame *frame, bool is_runtime)
{
	const struct report_options *options = &view->options.base;
	const char *file = place_file(view->rows.pool, &view->rows.rec->header, frame);
	struct strbuf line = STRBUF_INIT, clean = STRBUF_INIT, cut = STRBUF_INIT;

	strbuf_addstr(&line, go_name_plain(view->rows.pool, frame->function));
	if (file && frame->line && !place_is_wrapper_file(file))
		strbuf_addf(&line, "  %s:%d", file, frame->line);
	else if (file)
		strbuf_addf(&line, "  %s", file);
	text_clean(&clean, strbuf_str(&line));
	text_cut(&cut, strbuf_str(&clean), options->width > 8 ? (size_t)options->width - 4 : 4);
	fputs("    ", f);
	text_put(f, strbuf_str(&cut), is_runtime ? TEXT_DIM : TEXT_PLAIN, options->colour);
	putc('\n', f);
	strbuf_release(&line);
	strbuf_release(&clean);
	strbuf_release(&cut);
}

size_t top_view_put_stacks(FILE *f, struct top_view *view, const char *key)
{
	const struct recording *rec = view->rows.rec;
	struct strbuf head = STRBUF_INIT;
	size_t n, row = top_view_find(view, key);
	struct stack *stacks = collect_stacks(view, key, &n);
	uint64_t whole = row == SIZE_MAX ? 0 : view->rows.items[row].bytes;

	for (size_t i = 0; i < n; i++) {
		const struct rec_observation *o = stacks[i].o;

		strbuf_clear(&head);
		strbuf_addf(&head, "%s, %s of its bytes, %s objects%s", units_bytes(stacks[i].bytes).text,
			    units_share(stacks[i].bytes, whole).text, units_count(stacks[i].objects).text,
			    o->truncated ? "; the stack is deeper than this" : "");
		text_put(f, strbuf_str(&head), TEXT_BOLD, view->options.base.colour);
		putc('\n', f);
		for (uint32_t k = 0; k < o->n_locations; k++) {
			const struct rec_location *loc = &rec->locations[o->locations[k]];

			for (size_t m = 0; m < loc->n_frames; m++)
				put_frame(f, view, &loc->frames[m], loc->is_runtime);
		}
	}
	strbuf_release(&head);
	free(stacks);
	return n;
}

/* ---- JSON
 * -------------------------------------------------------------------------------------------------------------- */

static void put_counts(json_t *object, const struct top_row *row)
{
	json_put(object, "objects", json_count(row->objects));
	json_put(object, "bytes", json_count(row->bytes));
	json_put(object, "smallest", json_count(row->smallest));
	json_put(object, "largest", json_count(row->largest));
	json_put(object, "samples", json_count(row->samples));
}

/* Only where there are two moments to compare. */
static void put_rates(json_t *object, const struct top_rows *rows, const struct top_row *row)
{
	struct top_rate rate = top_row_rate(rows, row);

	if (!rows->options->before)
		return;
	json_put(object, "objects_per_second", json_real(rate.objects));
	json_put(object, "bytes_per_second", json_real(rate.bytes));
}

/* Those that have any of it: [{"replica": 1, "objects": 503, "bytes": 40240}, …] */
static json_t *json_parts(const struct top_rows *rows, const struct top_row *row)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rows->n_replicas; i++) {
		const struct rec_part *part = &row->parts[i];
		json_t *object;

		if (!part->objects && !part->bytes)
			continue;
		object = json_object();
		json_put(object, "replica", json_count(i + 1));
		json_put(object, "objects", json_count(part->objects));
		json_put(object, "bytes", json_count(part->bytes));
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *json_replicas(const struct top_rows *rows)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rows->n_replicas; i++) {
		const struct replica *replica = &rows->replicas[i];
		char *file = xstrndup(replica->file, replica->file_length);
		json_t *object = json_object();

		json_put(object, "replica", json_count(i + 1));
		json_put(object, "file", json_text(file));
		json_put(object, "pid", json_integer((json_int_t)replica->pid));
		json_put(object, "start_unix_ns", json_count(replica->start_unix_ns));
		json_put(object, "seconds", json_real(replica->seconds));
		json_put(object, "objects", json_count(replica->objects));
		json_put(object, "bytes", json_count(replica->bytes));
		json_array_append_new(list, object);
		free(file);
	}
	return list;
}

/* {"file": "cart.go", "line": 40, "function": …, "package": …, "type": …, "cause": …, "objects": 503, "bytes": …}: only
 * those that belong to the key. */
static json_t *json_line(const struct top_rows *rows, const struct top_row *row)
{
	enum top_key key = rows->options->key;
	json_t *object = json_object();
	bool site = key == TOP_KEY_SITE;

	if (site) {
		json_put(object, "file", json_text(row->file));
		json_put(object, "line", json_positive(row->line));
	}
	if (site || key == TOP_KEY_FUNCTION)
		json_put(object, "function", json_text(row->function));
	if (site || key == TOP_KEY_FUNCTION || key == TOP_KEY_PACKAGE)
		json_put(object, "package", json_text(row->package));
	if (site || key == TOP_KEY_TYPE)
		json_put(object, "type", json_text(row->type));
	if (site || key == TOP_KEY_CAUSE)
		json_put(object, "cause", json_text(cause_name(row->cause)));
	if (site)
		json_put(object, "variable", json_text(row->variable));
	put_counts(object, row);
	json_put(object, "error_pct", top_rows_are_estimates(rows) ? json_real(top_row_error_pct(row)) : json_null());
	put_rates(object, rows, row);
	if (rows->n_replicas)
		json_put(object, "replicas", json_parts(rows, row));
	if (rows->has_verdicts)
		json_put(object, "verdict", row->has_verdict ? json_text(verdict_name(row->verdict)) : json_null());
	return object;
}

static int put_json(FILE *f, const struct top_rows *rows)
{
	const struct top_options *options = rows->options;
	struct json_report report;
	json_t *totals = json_object();

	json_report_begin(&report, f, "escaudit-top/1");
	json_report_recording(&report, rows->rec);
	json_report_member(&report, "key", json_text(top_key_name(options->key)));
	json_report_member(&report, "order", json_text(top_order_name(options->order)));
	json_report_member(&report, "charge", json_text(place_charge_name(options->charge)));
	if (rows->n_replicas)
		json_report_member(&report, "replicas", json_replicas(rows));
	put_counts(totals, &rows->all);
	put_rates(totals, rows, &rows->all);
	json_report_member(&report, "totals", totals);
	json_report_list_begin(&report, "lines");
	for (size_t i = 0; i < rows->n; i++)
		json_report_row(&report, json_line(rows, &rows->items[i]));
	json_report_list_end(&report);
	if (options->key == TOP_KEY_TYPE)
		json_report_member(&report, "types", type_layout_json(rows->rec));
	return json_report_end(&report);
}

int report_top_json(FILE *f, const struct recording *rec, const struct top_options *options)
{
	struct top_rows rows;
	int ret;

	top_rows_init(&rows, rec, options);
	ret = put_json(f, &rows);
	top_rows_release(&rows);
	return ret;
}

int top_view_json(FILE *f, const struct top_view *view)
{
	return put_json(f, &view->rows);
}
