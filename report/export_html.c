/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One page that needs nothing else: report/html/ has its markup, style and script, which the build puts into
 * html_page.h; here the data are made that the script shows, as JSON within a script element of a type that browsers
 * do not run. Names come out of binaries and files that anybody may have made. Three walls keep them data: nothing of
 * them is ever written as markup (the script uses text nodes only); "<", ">" and "&" are written as escapes, so that
 * no text ends the element; and the page's policy lets no script run but the one whose hash it names.
 *
 * The data: "strings" is a table of texts, which "rows" and "frames" point into (0 is none). Both are lists of columns
 * of equal length. The objects of the rows, and those of the leaves, add up to "totals".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit/assertion.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/u64map.h"
#include "recording/place.h"
#include "report/export.h"
#include "report/flame.h"
#include "report/header.h"
#include "report/html_page.h"
#include "report/json.h"
#include "report/sources.h"
#include "symbolize/go_name.h"

/* Accounts of rows and leaves: the verdicts, and what is none. */
enum account {
	ACCOUNT_ELSEWHERE = VERDICT_COUNT,
	ACCOUNT_RUNTIME,
	ACCOUNT_RECORDED, /* there are no predictions */
	ACCOUNT_COUNT,
};

static const char *account_name(uint32_t account)
{
	static const char *const names[] = {"elsewhere", "runtime", "recorded"};

	return account < VERDICT_COUNT ? verdict_name((enum verdict_kind)account) : names[account - VERDICT_COUNT];
}

/* A line of the table: a verdict, or the objects of one line, type and cause that no verdict speaks of. */
struct row {
	uint32_t account;
	const char *file;
	int line, column;
	const char *expr, *function, *package, *type, *summary;
	enum cause cause;
	uint64_t objects, bytes, samples, smallest, largest;
	bool ambiguous;
	size_t made; /* in the order they were made in */
};

struct page {
	const struct recording *rec;
	const struct audit *audit;
	struct strpool *pool;
	struct row *rows;
	size_t n_rows, alloc_rows;
	struct u64map row_index;
	struct flame_label *labels; /* one for each observation */
	struct flame flame;
	struct row rest; /* the rows left out */
	size_t left_out;
	struct u64map string_index; /* text to its number */
	json_t *strings;
};

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static struct row *add_row(struct page *p)
{
	struct row *row;

	ARRAY_GROW(p->rows, p->n_rows + 1, p->alloc_rows);
	row = &p->rows[p->n_rows];
	*row = (struct row){.made = p->n_rows++};
	return row;
}

static void add_verdict(struct page *p, const struct verdict *v)
{
	*add_row(p) = (struct row){.account = (uint32_t)v->kind,
				   .file = v->file,
				   .line = v->line,
				   .column = v->column,
				   .expr = v->expr,
				   .function = v->function,
				   .package = v->package,
				   .type = v->type,
				   .summary = v->summary,
				   .cause = v->cause,
				   .objects = v->objects,
				   .bytes = v->bytes,
				   .samples = v->samples,
				   .smallest = v->smallest,
				   .largest = v->largest,
				   .ambiguous = v->ambiguous,
				   .made = p->n_rows - 1};
}

static size_t observed_row(struct page *p, const struct rec_observation *o, uint32_t account)
{
	static const struct rec_frame none = {.function = "[unknown]"};
	const struct rec_header *h = &p->rec->header;
	const struct rec_frame *frame = place_charged(p->rec, o, CHARGE_SITE);
	const char *file, *package;
	struct rec_frame shown = place_shown(p->pool, p->rec, frame ? frame : &none, &file);
	struct row *row;
	uint64_t *at;
	bool is_new;

	frame = &shown;
	package = place_package(p->pool, h, frame);
	at = u64map_at(&p->row_index,
		       (uintptr_t)strpool_addf(p->pool, "%u\1%s\1%d\1%s\1%s\1%d", account, file ? file : "",
					       frame->line, frame->function, o->type ? o->type : "", (int)o->cause),
		       &is_new);
	if (is_new) {
		*at = p->n_rows;
		row = add_row(p);
		row->account = account;
		row->file = file;
		row->line = frame->line;
		row->function = frame->function;
		row->package = package;
		row->type = o->type;
		row->cause = o->cause;
		row->smallest = o->smallest;
	}
	row = &p->rows[*at];
	row->objects += o->objects;
	row->bytes += o->bytes;
	row->samples += o->samples;
	row->smallest = o->smallest < row->smallest ? o->smallest : row->smallest;
	row->largest = o->largest > row->largest ? o->largest : row->largest;
	return *at;
}

static void add_observation(struct page *p, size_t i)
{
	const struct rec_observation *o = &p->rec->observations[i];
	size_t account = p->audit ? audit_account(p->audit, i) : AUDIT_ELSEWHERE;
	struct flame_label *label = &p->labels[i];

	if (p->audit && account < p->audit->n) {
		label->account = p->rows[account].account;
		label->row = (uint32_t)account;
		return;
	}
	label->account = !p->audit		      ? ACCOUNT_RECORDED
			 : account == AUDIT_ELSEWHERE ? ACCOUNT_ELSEWHERE
						      : ACCOUNT_RUNTIME;
	label->row = (uint32_t)observed_row(p, o, label->account);
}

/* By bytes, then objects; verdicts on nothing stay in the order of the report. */
static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->objects != y->objects)
		return x->objects > y->objects ? -1 : 1;
	return (x->made > y->made) - (x->made < y->made);
}

static void make_rows(struct page *p, size_t limit)
{
	uint32_t *ranked;

	p->labels = xcalloc(p->rec->n_observations + 1, sizeof(*p->labels));
	for (size_t i = 0; p->audit && i < p->audit->n; i++)
		add_verdict(p, &p->audit->items[i]);
	for (size_t i = 0; i < p->rec->n_observations; i++)
		add_observation(p, i);
	if (p->n_rows)
		qsort(p->rows, p->n_rows, sizeof(*p->rows), compare_rows);
	ranked = xcalloc(p->n_rows + 1, sizeof(*ranked));
	for (size_t i = 0; i < p->n_rows; i++)
		ranked[p->rows[i].made] = !limit || i < limit ? (uint32_t)i : UINT32_MAX;
	for (size_t i = 0; i < p->rec->n_observations; i++)
		p->labels[i].row = ranked[p->labels[i].row];
	free(ranked);
	for (size_t i = limit; limit && i < p->n_rows; i++) {
		p->rest.objects += p->rows[i].objects;
		p->rest.bytes += p->rows[i].bytes;
		p->left_out++;
	}
	p->n_rows -= p->left_out;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

/* Its number in the table of texts. */
static json_t *text_number(struct page *p, const char *s)
{
	bool is_new;
	uint64_t *at;

	if (!s || !*s)
		return json_integer(0);
	at = u64map_at(&p->string_index, (uintptr_t)strpool_add(p->pool, s), &is_new);
	if (is_new) {
		*at = json_array_size(p->strings);
		json_array_append_new(p->strings, json_clean(s));
	}
	return json_integer((json_int_t)*at);
}

/* Columns are there also where there is nothing to put into them. */
static json_t *table_columns(const char *const *names, size_t n)
{
	json_t *columns = json_object();

	for (size_t i = 0; i < n; i++)
		json_put(columns, names[i], json_array());
	return columns;
}

static void push(json_t *columns, const char *name, json_t *value)
{
	json_array_append_new(json_object_get(columns, name), value);
}

static json_t *rows_of(struct page *p)
{
	static const char *const names[] = {"account", "file",	  "line",     "column",	 "expr",     "function",
					    "short",   "package", "type",     "cause",	 "summary",  "objects",
					    "bytes",   "samples", "smallest", "largest", "ambiguous"};
	json_t *columns = table_columns(names, ARRAY_SIZE(names));

	for (size_t i = 0; i < p->n_rows; i++) {
		const struct row *row = &p->rows[i];

		push(columns, "account", json_integer(row->account));
		push(columns, "file", text_number(p, row->file));
		push(columns, "line", json_integer(row->line));
		push(columns, "column", json_integer(row->column));
		push(columns, "expr", text_number(p, row->expr));
		push(columns, "function", text_number(p, row->function ? go_name_plain(p->pool, row->function) : NULL));
		push(columns, "short",
		     text_number(p, row->function ? go_name_short(go_name_plain(p->pool, row->function)) : NULL));
		push(columns, "package", text_number(p, row->package));
		push(columns, "type", text_number(p, row->type));
		push(columns, "cause", text_number(p, row->cause == CAUSE_UNKNOWN ? NULL : cause_name(row->cause)));
		push(columns, "summary", text_number(p, row->summary));
		push(columns, "objects", json_count(row->objects));
		push(columns, "bytes", json_count(row->bytes));
		push(columns, "samples", json_count(row->samples));
		push(columns, "smallest", json_count(row->smallest));
		push(columns, "largest", json_count(row->largest));
		push(columns, "ambiguous", json_integer(row->ambiguous));
	}
	return columns;
}

static json_t *frames_of(struct page *p)
{
	static const char *const names[] = {"kind",   "parent", "name",	   "short", "file",    "line",
					    "origin", "cause",	"account", "row",   "objects", "bytes"};
	json_t *columns = table_columns(names, ARRAY_SIZE(names));

	for (size_t i = 0; i < p->flame.n; i++) {
		const struct flame_frame *frame = &p->flame.frames[i];
		bool leaf = frame->kind != FLAME_FUNCTION;

		push(columns, "kind", json_integer(frame->kind));
		push(columns, "parent", json_integer(frame->parent));
		push(columns, "name", text_number(p, frame->name));
		push(columns, "short",
		     text_number(p, frame->kind == FLAME_FUNCTION ? go_name_short(frame->name) : frame->name));
		push(columns, "file", text_number(p, frame->file));
		push(columns, "line", json_integer(frame->line));
		push(columns, "origin", json_integer(frame->origin));
		push(columns, "cause", text_number(p, leaf && frame->cause ? cause_name(frame->cause) : NULL));
		push(columns, "account", json_integer(leaf ? (json_int_t)frame->account : -1));
		push(columns, "row", json_integer(frame->row == UINT32_MAX ? -1 : (json_int_t)frame->row));
		push(columns, "objects", json_count(frame->objects));
		push(columns, "bytes", json_count(frame->bytes));
	}
	return columns;
}

static json_t *accounts_of(void)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < ACCOUNT_COUNT; i++) {
		json_t *object = json_object();

		json_put(object, "name", json_text(account_name(i)));
		json_array_append_new(list, object);
	}
	return list;
}

static void add_fact(json_t *list, const char *label, const struct strbuf *text)
{
	json_t *pair;

	if (!text->len)
		return;
	pair = json_array();
	json_array_append_new(pair, json_text(label));
	json_array_append_new(pair, json_clean(strbuf_str(text)));
	json_array_append_new(list, pair);
}

/* The header of the text reports, line by line. */
static json_t *facts_of(const struct page *p, const struct predictions *set)
{
	json_t *list = json_array();
	struct strbuf sb = STRBUF_INIT;

	header_add_target(&sb, p->rec);
	add_fact(list, "target", &sb);
	strbuf_clear(&sb);
	header_add_build(&sb, p->rec);
	add_fact(list, "build", &sb);
	strbuf_clear(&sb);
	header_add_window(&sb, p->rec);
	add_fact(list, "window", &sb);
	strbuf_clear(&sb);
	if (p->audit)
		header_add_log(&sb, p->audit, set);
	else
		strbuf_addstr(&sb, "no predictions: no verdicts; export --predictions adds them");
	add_fact(list, "log", &sb);
	strbuf_clear(&sb);
	if (p->audit)
		header_add_columns(&sb, p->audit, set);
	if (sb.len)
		add_fact(list, "columns", &sb);
	strbuf_release(&sb);
	return list;
}

static json_t *alarms_of(const struct page *p)
{
	json_t *list = json_array();
	struct strbuf sb = STRBUF_INIT;

	if (p->audit && p->audit->match == BUILD_MATCH_DIFFERENT) {
		strbuf_addstr(&sb, HEADER_MISMATCH);
		for (size_t i = 0; i < p->audit->n_mismatches; i++)
			strbuf_addf(&sb, "; %s", p->audit->mismatches[i]);
	}
	add_fact(list, "mismatch", &sb);
	strbuf_clear(&sb);
	header_add_losses(&sb, p->rec);
	add_fact(list, "lost", &sb);
	strbuf_clear(&sb);
	strbuf_addstr(&sb, p->rec->header.coverage ? p->rec->header.coverage : "");
	add_fact(list, "partial", &sb);
	strbuf_release(&sb);
	return list;
}

/* In the order of the text report: what is broken first. */
static json_t *assertions_of(const struct page *p)
{
	const struct assertions *a = p->audit ? p->audit->assertions : NULL;
	json_t *list = json_array();

	for (size_t i = 0; a && i < a->n && i < EXPORT_HTML_ASSERTIONS; i++) {
		const struct assertion *item = &a->items[i];
		json_t *object = json_object(), *why = json_array();

		for (size_t k = 0; k < item->n_why; k++)
			json_array_append_new(why, json_clean(item->why[k]));
		json_put(object, "verdict", json_text(assertion_verdict_name(item->verdict)));
		json_put(object, "text", json_clean(item->directive.text));
		json_put(object, "file", json_clean(item->file));
		json_put(object, "line", json_integer(item->directive.line));
		json_put(object, "function", json_clean(item->directive.function));
		json_put(object, "objects", json_count(item->objects));
		json_put(object, "bytes", json_count(item->bytes));
		json_put(object, "why", why);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *assertion_counts(const struct page *p)
{
	const struct assertions *a = p->audit ? p->audit->assertions : NULL;
	json_t *object = json_object();

	for (int i = 0; a && i < ASSERTION_COUNT; i++)
		json_put(object, assertion_verdict_name((enum assertion_verdict)i), json_count(a->n_verdicts[i]));
	return object;
}

static json_t *sums(uint64_t objects, uint64_t bytes)
{
	json_t *object = json_object();

	json_put(object, "objects", json_count(objects));
	json_put(object, "bytes", json_count(bytes));
	return object;
}

static const char *title_of(const struct rec_header *h)
{
	const char *path = h->main_package ? h->main_package : h->path;

	return path ? path : "unknown program";
}

static json_t *data_of(struct page *p, const struct predictions *set, const struct html_options *options)
{
	json_t *data = json_object(), *rest = sums(p->rest.objects, p->rest.bytes), *summed = json_object();
	const struct flame_frame *all = &p->flame.frames[0];

	p->strings = json_array();
	json_array_append_new(p->strings, json_null());
	json_put(rest, "rows", json_count(p->left_out));
	json_put(summed, "frames", json_count(p->flame.n_summed));
	json_put(summed, "share", json_real(p->flame.summed_share));
	json_put(data, "version", json_text(ESCAUDIT_VERSION));
	json_put(data, "title", json_clean(title_of(&p->rec->header)));
	json_put(data, "unit", json_text(options->by_objects ? "objects" : "bytes"));
	json_put(data, "facts", facts_of(p, set));
	json_put(data, "alarms", alarms_of(p));
	json_put(data, "verdicts", json_boolean(p->audit != NULL));
	json_put(data, "counted", json_boolean(p->rec->header.mode == REC_MODE_EXACT));
	json_put(data, "accounts", accounts_of());
	json_put(data, "assertions", assertions_of(p));
	json_put(data, "assertionCounts", assertion_counts(p));
	json_put(data, "totals", sums(all->objects, all->bytes));
	json_put(data, "rows", rows_of(p));
	json_put(data, "rest", rest);
	json_put(data, "frames", frames_of(p));
	json_put(data, "summed", summed);
	json_put(data, "files", sources_json(p->rec, p->audit, options->source_root));
	json_put(data, "strings", p->strings);
	return data;
}

/* These three are in strings only, where JSON has escapes for them. */
static int put_escaped(const char *text, size_t size, void *ctx)
{
	FILE *f = ctx;

	for (size_t i = 0; i < size;) {
		size_t plain = i;

		while (plain < size && text[plain] != '<' && text[plain] != '>' && text[plain] != '&')
			plain++;
		fwrite(text + i, 1, plain - i, f);
		if (plain < size)
			fprintf(f, "\\u%04x", (unsigned char)text[plain]);
		i = plain + 1;
	}
	return ferror(f) ? -1 : 0;
}

int export_html(FILE *f, const struct recording *rec, const struct audit *audit, const struct predictions *set,
		const struct html_options *options)
{
	struct page p = {.rec = rec,
			 .audit = audit,
			 .pool = strpool_new(),
			 .row_index = U64MAP_INIT,
			 .string_index = U64MAP_INIT};
	json_t *data;

	make_rows(&p, options->rows);
	flame_init(&p.flame, rec, p.labels, options->frames);
	data = data_of(&p, set, options);
	fputs(html_before_data, f);
	json_dump_callback(data, put_escaped, f, JSON_COMPACT | JSON_REAL_PRECISION(12));
	fputs(html_after_data, f);
	json_decref(data);
	flame_release(&p.flame);
	free(p.labels);
	free(p.rows);
	u64map_release(&p.row_index);
	u64map_release(&p.string_index);
	strpool_free(p.pool);
	return report_finish(f);
}
