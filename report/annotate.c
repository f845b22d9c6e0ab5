/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files are known twice: by the path the compiler saw, which may lead to the source, and by the path a reader knows
 * (place.h), which is what is asked for. The text is read as it is now; if it is newer than the recording, that is
 * said.
 */
#include "report/annotate.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/lines.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/strpool.h"
#include "base/u64map.h"
#include "recording/place.h"
#include "report/annotate_internal.h"
#include "report/header.h"
#include "report/json.h"
#include "report/text_table.h"
#include "report/units.h"
#include "symbolize/go_name.h"

#define SOURCE_LIMIT (64u << 20)
#define SHOWN_NAMES  5 /* of those a short name may mean */
#define TAB_WIDTH    4

struct annotation {
	const struct recording *rec;
	struct strpool *pool;
	const char *file;     /* as a reader knows it; from the pool */
	const char *path;     /* where the text was found */
	const char *recorded; /* the path the compiler saw */
	const char *function; /* NULL: the whole file */
	bool has_verdicts;
	bool is_newer;
	struct annotated_line *lines; /* [0] is line 1 */
	size_t n_lines;
	size_t first, last; /* to show, from 1 */
};

/* ---- what is meant ---------------------------------------------------------------------------------------------- */

/* Names that what may mean; more than one of them is no answer. */
struct candidates {
	const char **items; /* distinct, from the pool */
	size_t n, alloc;
};

static void add_candidate(struct candidates *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->items[i] == name)
			return;
	}
	ARRAY_GROW(c->items, c->n + 1, c->alloc);
	c->items[c->n++] = name;
}

static bool is_path_end(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	while (m && end[0] == '.' && end[1] == '/') {
		end += 2;
		m -= 2;
	}
	return m && n >= m && strcmp(path + n - m, end) == 0 && (n == m || path[n - m - 1] == '/' || *end == '/');
}

static bool is_function(const char *function, const char *what)
{
	size_t len = go_name_package_length(function);

	return strcmp(function, what) == 0 || strcmp(go_name_short(function), what) == 0 ||
	       (len && function[len] == '.' && strcmp(function + len + 1, what) == 0);
}

typedef void (*frame_visitor)(struct annotation *a, const struct rec_frame *frame, void *ctx);

/* Every frame the recording has a line of; extents twice, with their first and their last line. */
static void each_frame(struct annotation *a, frame_visitor visit, void *ctx)
{
	const struct recording *rec = a->rec;

	for (size_t i = 0; i < rec->n_locations; i++) {
		for (size_t k = 0; k < rec->locations[i].n_frames; k++)
			visit(a, &rec->locations[i].frames[k], ctx);
	}
	for (size_t i = 0; i < rec->n_sites; i++) {
		for (size_t k = 0; k < rec->sites[i].n_frames; k++)
			visit(a, &rec->sites[i].frames[k], ctx);
	}
	for (size_t i = 0; i < rec->n_extents; i++) {
		const struct rec_extent *e = &rec->extents[i];
		struct rec_frame first = {.function = e->function, .file = e->file, .file_package = e->file_package},
				 last = first;

		first.line = e->first;
		last.line = e->last;

		visit(a, &first, ctx);
		visit(a, &last, ctx);
	}
}

struct search {
	const char *what;
	struct candidates files, functions;
};

static void search_frame(struct annotation *a, const struct rec_frame *frame, void *ctx)
{
	struct search *s = ctx;
	const char *file;

	if (!frame->file)
		return;
	/* cgo gives what it makes for C to call the exported function's own name. */
	if (is_function(frame->function, s->what) && strcmp(path_base(frame->file), "_cgo_export.c") != 0)
		add_candidate(&s->functions, strpool_add(a->pool, frame->function));
	/* The recorded path first: it is there without work, and rarely matches. */
	file = path_base(frame->file);
	if (!is_path_end(s->what, file) && !is_path_end(frame->file, s->what))
		return;
	file = place_file(a->pool, &a->rec->header, frame);
	if (is_path_end(file, s->what) || is_path_end(frame->file, s->what))
		add_candidate(&s->files, file);
}

static int ambiguous(const struct candidates *c, const char *kind, const char *what, struct error *err)
{
	struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < c->n && i < SHOWN_NAMES; i++)
		strbuf_addf(&names, "%s%s", i ? ", " : "", c->items[i]);
	if (c->n > SHOWN_NAMES)
		strbuf_addf(&names, " and %zu more", c->n - SHOWN_NAMES);
	error_set(err, -EINVAL, "annotate: '%s' may be one of several %s: %s; say more of its name", what, kind,
		  strbuf_str(&names));
	strbuf_release(&names);
	return -EINVAL;
}

/* A function's file and the lines it covers. */
struct range {
	const char *function;
	int first, last;
};

static void widen(struct range *r, int first, int last)
{
	if (!r->first || first < r->first)
		r->first = first;
	if (last > r->last)
		r->last = last;
}

static void range_frame(struct annotation *a, const struct rec_frame *frame, void *ctx)
{
	const struct rec_extent *method;
	struct range *r = ctx;

	if (!frame->file || frame->line <= 0 || strcmp(frame->function, r->function) != 0)
		return;
	if (place_is_wrapper_file(frame->file)) {
		method = a->file ? NULL : place_wrapped_method(a->pool, a->rec, frame->function);
		if (!method)
			return;
		a->file = place_file(a->pool, &a->rec->header,
				     &(struct rec_frame){.function = method->function, .file = method->file});
		widen(r, method->first, method->last);
		return;
	}
	if (!a->file)
		a->file = place_file(a->pool, &a->rec->header, frame);
	widen(r, frame->start_line > 0 ? frame->start_line : frame->line, frame->line);
}

static void path_frame(struct annotation *a, const struct rec_frame *frame, void *ctx)
{
	(void)ctx;
	if (!a->recorded && frame->file && place_file(a->pool, &a->rec->header, frame) == a->file)
		a->recorded = strpool_add(a->pool, frame->file);
}

static int find_what(struct annotation *a, const char *what, struct error *err)
{
	struct search s = {.what = what};
	struct range range = {.first = 0};
	int ret = 0;

	each_frame(a, search_frame, &s);
	if (s.files.n == 1) {
		a->file = s.files.items[0];
		a->first = 1;
		a->last = SIZE_MAX;
	} else if (s.files.n > 1) {
		ret = ambiguous(&s.files, "files", what, err);
	} else if (s.functions.n == 1) {
		a->function = range.function = s.functions.items[0];
		each_frame(a, range_frame, &range);
		a->first = range.first > 0 ? (size_t)range.first : 1;
		a->last = (size_t)range.last;
	} else if (s.functions.n > 1) {
		ret = ambiguous(&s.functions, "functions", what, err);
	} else {
		ret = error_set(err, -ENOENT,
				"annotate: the recording knows no file and no function '%s'; escaudit top shows those "
				"that allocate",
				what);
	}
	if (ret == 0 && a->file)
		each_frame(a, path_frame, NULL);
	else if (ret == 0)
		ret = error_set(err, -ENOENT, "annotate: the recording has no source line of '%s'", what);
	free(s.files.items);
	free(s.functions.items);
	return ret;
}

/* ---- the source ------------------------------------------------------------------------------------------------- */

static bool is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Module-relative paths under the root first: a recorded path may be another checkout's. */
const char *annotate_find_source(struct strpool *pool, const char *file, const char *recorded, const char *root,
				 const char **tried)
{
	const char *base = path_base(file);
	const char *tries[2];
	size_t n = 0;

	if (root) {
		tries[n++] = strpool_addf(pool, "%s/%s", root, file);
		tries[n++] = strpool_addf(pool, "%s/%s", root, base);
	} else {
		if (recorded && *recorded == '/')
			tries[n++] = recorded;
		tries[n++] = file;
	}
	if (tried)
		*tried = tries[0];
	for (size_t i = 0; i < n; i++) {
		if (is_there(tries[i]))
			return tries[i];
	}
	return NULL;
}

static int find_source(struct annotation *a, const char *root, struct error *err)
{
	const char *tried;

	a->path = annotate_find_source(a->pool, a->file, a->recorded, root, &tried);
	if (a->path)
		return 0;
	return error_set(
		err, -ENOENT,
		"annotate: failed to find the source of '%s' at '%s'; name its module's directory with --source-root",
		a->file, tried);
}

/* Tabs have a width; text_clean() would take them for what steers a terminal. */
void annotate_expand_tabs(struct strbuf *sb, const char *text, size_t len)
{
	size_t column = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\t') {
			strbuf_addch(sb, text[i]);
			column += ((unsigned char)text[i] & 0xc0) != 0x80;
			continue;
		}
		do
			strbuf_addch(sb, ' ');
		while (++column % TAB_WIDTH);
	}
}

static int read_source(struct annotation *a, struct error *err)
{
	struct strbuf sb = STRBUF_INIT, line = STRBUF_INIT;
	struct lines lines;
	const char *text;
	size_t len, alloc = 0;
	int ret = strbuf_read_file(&sb, a->path, SOURCE_LIMIT);

	if (ret) {
		error_set(err, ret, "annotate: failed to read '%s': %s", a->path, strerror(-ret));
	} else {
		lines_init_bytes(&lines, strbuf_str(&sb), sb.len);
		while (lines_next(&lines, &text, &len)) {
			ARRAY_GROW(a->lines, a->n_lines + 1, alloc);
			strbuf_clear(&line);
			annotate_expand_tabs(&line, text, len);
			a->lines[a->n_lines++] =
				(struct annotated_line){.text = strpool_add(a->pool, strbuf_str(&line))};
		}
		lines_release(&lines);
		a->is_newer = place_is_newer(a->rec, a->path);
	}
	strbuf_release(&sb);
	strbuf_release(&line);
	return ret;
}

/* ---- the accounts ----------------------------------------------------------------------------------------------- */

void annotated_line_add_site(struct annotated_line *line, const struct rec_site *site)
{
	ARRAY_GROW(line->sites, line->n_sites + 1, line->alloc_sites);
	line->sites[line->n_sites++] = site;
}

void annotated_line_add_verdict(struct annotated_line *line, const struct verdict *v)
{
	ARRAY_GROW(line->verdicts, line->n_verdicts + 1, line->alloc_verdicts);
	line->verdicts[line->n_verdicts++] = v;
}

void annotated_line_release(struct annotated_line *line)
{
	free(line->sites);
	free(line->verdicts);
}

/* A line of the file; NULL for one of another file or beyond the end. */
static struct annotated_line *line_of(struct annotation *a, const char *file, int number)
{
	if (file != a->file || number < 1 || (size_t)number > a->n_lines)
		return NULL;
	return &a->lines[number - 1];
}

static struct annotated_line *line_of_frame(struct annotation *a, const struct rec_frame *frame)
{
	const char *file;
	struct rec_frame shown = place_shown(a->pool, a->rec, frame, &file);

	return line_of(a, file, shown.line);
}

static void add_accounts(struct annotation *a, const struct audit *audit, enum place_charge charge)
{
	const struct recording *rec = a->rec;
	struct annotated_line *line;

	for (size_t i = 0; i < rec->n_observations; i++) {
		const struct rec_observation *o = &rec->observations[i];
		const struct rec_frame *frame = place_charged(rec, o, charge);

		line = frame ? line_of_frame(a, frame) : NULL;
		if (line) {
			line->objects += o->objects;
			line->bytes += o->bytes;
		}
	}
	for (size_t i = 0; i < rec->n_sites; i++) {
		const struct rec_site *site = &rec->sites[i];

		line = site->n_frames ? line_of_frame(a, place_innermost(site->frames, site->n_frames)) : NULL;
		if (line)
			annotated_line_add_site(line, site);
	}
	for (size_t i = 0; audit && i < audit->n; i++) {
		const struct verdict *v = &audit->items[i];

		line = v->file ? line_of(a, strpool_add(a->pool, v->file), v->line) : NULL;
		if (line)
			annotated_line_add_verdict(line, v);
	}
}

static bool is_brace(const struct annotated_line *line)
{
	return line->text[strspn(line->text, " ")] == '}';
}

int annotation_new(struct annotation **out, const struct recording *rec, const struct audit *audit, const char *what,
		   const struct annotate_options *options, struct error *err)
{
	struct annotation *a = xcalloc(1, sizeof(*a));
	int ret;

	*out = NULL;
	a->rec = rec;
	a->pool = strpool_new();
	a->has_verdicts = audit != NULL;
	ret = find_what(a, what, err);
	if (ret == 0)
		ret = find_source(a, options->source_root, err);
	if (ret == 0)
		ret = read_source(a, err);
	if (ret) {
		annotation_free(a);
		return ret;
	}
	if (a->last < a->n_lines && !is_brace(&a->lines[a->last - 1]) && is_brace(&a->lines[a->last]))
		a->last++; /* a function that returns before its end has no code there */
	if (a->last > a->n_lines)
		a->last = a->n_lines;
	add_accounts(a, audit, options->charge);
	*out = a;
	return 0;
}

void annotation_free(struct annotation *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n_lines; i++)
		annotated_line_release(&a->lines[i]);
	free(a->lines);
	strpool_free(a->pool);
	free(a);
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

void annotated_line_claims(struct strbuf *sb, const struct annotated_line *line)
{
	for (int claim = CLAIM_HEAP; claim <= CLAIM_STACK; claim++) {
		size_t n = 0;

		for (size_t i = 0; i < line->n_verdicts; i++)
			n += line->verdicts[i]->has_claim && (int)line->verdicts[i]->claim == claim;
		if (!n)
			continue;
		strbuf_addf(sb, "%s%s", sb->len ? ", " : "", claim_name((enum claim)claim));
		if (n > 1)
			strbuf_addf(sb, " %zu", n);
	}
}

void annotated_line_callees(struct strbuf *sb, const struct annotated_line *line)
{
	for (size_t i = 0; i < line->n_sites; i++) {
		const char *callee = line->sites[i]->callee;
		bool seen = false;
		size_t n = 0;

		for (size_t k = 0; k < line->n_sites; k++) {
			bool same = strcmp(line->sites[k]->callee, callee) == 0;

			seen |= same && k < i;
			n += same;
		}
		if (seen)
			continue;
		strbuf_addf(sb, "%s%s", sb->len ? ", " : "", strncmp(callee, "runtime.", 8) == 0 ? callee + 8 : callee);
		if (n > 1)
			strbuf_addf(sb, " %zu", n);
	}
}

char *annotate_verdict_note(const struct verdict *v)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_addstr(&sb, verdict_name(v->kind));
	if (v->column)
		strbuf_addf(&sb, " %d:%d", v->line, v->column);
	if (v->expr)
		strbuf_addf(&sb, " %s", v->expr);
	if (v->objects)
		strbuf_addf(&sb, ": %s object%s, %s", units_count(v->objects).text, v->objects == 1 ? "" : "s",
			    units_bytes(v->bytes).text);
	if (v->type) {
		strbuf_addstr(&sb, " of ");
		header_add_type(&sb, v->type, v->other_types);
	}
	if (v->cause != CAUSE_UNKNOWN)
		strbuf_addf(&sb, " (%s)", cause_name(v->cause));
	if (v->summary)
		strbuf_addf(&sb, " \xe2\x80\x93 %s", v->summary);
	return strbuf_detach(&sb);
}

bool annotate_is_remarkable(const struct verdict *v)
{
	return v->objects || v->kind == VERDICT_ELIDED || v->kind == VERDICT_VIOLATED;
}

/* The column that nobody needs without predictions; two follow it. */
#define PREDICTED_COLUMN 3

static void add_line(struct text_table *table, const struct annotation *a, size_t number,
		     const struct report_options *options)
{
	const struct annotated_line *line = &a->lines[number - 1];
	struct units_text bytes = units_bytes(line->bytes), objects = units_count(line->objects);
	struct strbuf claims = STRBUF_INIT, callees = STRBUF_INIT;
	char digits[24];
	bool any = line->objects || line->n_sites;

	snprintf(digits, sizeof(digits), "%zu", number);
	annotated_line_claims(&claims, line);
	annotated_line_callees(&callees, line);
	struct text_cell cells[] = {
		{line->objects ? bytes.text : "", TEXT_BOLD}, {line->objects ? objects.text : "", TEXT_PLAIN},
		{strbuf_str(&callees), TEXT_PLAIN},	      {strbuf_str(&claims), TEXT_CYAN},
		{digits, any ? TEXT_YELLOW : TEXT_DIM},	      {line->text, line->objects ? TEXT_BOLD : TEXT_PLAIN},
	};

	if (!a->has_verdicts)
		memmove(cells + PREDICTED_COLUMN, cells + PREDICTED_COLUMN + 1, 2 * sizeof(*cells));
	text_table_add(table, cells);
	for (size_t i = 0; i < line->n_verdicts; i++) {
		char *note;

		if (!options->all && !annotate_is_remarkable(line->verdicts[i]))
			continue;
		note = annotate_verdict_note(line->verdicts[i]);
		text_table_note(table, note);
		free(note);
	}
	strbuf_release(&claims);
	strbuf_release(&callees);
}

/*
 * source    main.go, main.add
 *
 *    BYTES  OBJECTS  EMITTED    PREDICTED  LINE  SOURCE
 *                                            27  func add(o order) *sum {
 *                                            28      net := o.price * o.count
 *   1600 B      100  newobject  heap         29      return &sum{net: net, tax: net / 5}
 *           confirmed 29:9 &sum{...}: 100 objects, 1600 B of main.sum (new object) – predicted, and made by …
 */
int report_annotation_text(FILE *f, const struct annotation *a, const struct report_options *options)
{
	struct text_column columns[] = {
		{"BYTES", true, 0, 0},	    {"OBJECTS", true, 0, 0}, {"EMITTED", false, 12, 0},
		{"PREDICTED", false, 0, 0}, {"LINE", true, 0, 0},    {"SOURCE", false, 0, 0},
	};
	struct text_table *table;
	char *source = xasprintf("%s%s%s (%s)", a->file, a->function ? ", " : "",
				 a->function ? go_name_plain(a->pool, a->function) : "", a->path);

	if (!a->has_verdicts)
		memmove(columns + PREDICTED_COLUMN, columns + PREDICTED_COLUMN + 1, 2 * sizeof(*columns));
	table = text_table_new(columns, ARRAY_SIZE(columns) - !a->has_verdicts);
	header_put(f, a->rec, options);
	header_line(f, "source", source, TEXT_PLAIN, options);
	if (a->is_newer)
		header_line(f, "NOTE", "the source was changed after the recording: lines may not fit", TEXT_YELLOW,
			    options);
	putc('\n', f);
	for (size_t i = a->first; i <= a->last; i++)
		add_line(table, a, i, options);
	text_table_print(f, table, 2, 10, (size_t)options->width, options->colour);
	text_table_free(table);
	free(source);
	return report_finish(f);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

/* {"line": 29, "source": "…", "objects": 100, "bytes": 1600, "emitted": […], "predicted": […]} */
static json_t *json_line(const struct annotation *a, size_t number)
{
	const struct annotated_line *line = &a->lines[number - 1];
	json_t *object = json_object(), *emitted = json_array(), *predicted = json_array();

	for (size_t i = 0; i < line->n_sites; i++) {
		json_t *site = json_object();

		json_put(site, "pc", json_address(line->sites[i]->pc));
		json_put(site, "callee", json_text(line->sites[i]->callee));
		json_put(site, "cause", json_text(cause_name(line->sites[i]->cause)));
		json_put(site, "type", json_text(line->sites[i]->type));
		json_put(site, "variable", json_text(line->sites[i]->variable));
		json_put(site, "inline", json_inline_chain(line->sites[i]->frames, line->sites[i]->n_frames));
		json_array_append_new(emitted, site);
	}
	for (size_t i = 0; i < line->n_verdicts; i++) {
		const struct verdict *v = line->verdicts[i];
		json_t *verdict = json_object();

		json_put(verdict, "verdict", json_text(verdict_name(v->kind)));
		json_put(verdict, "claim", v->has_claim ? json_text(claim_name(v->claim)) : json_null());
		json_put(verdict, "column", json_positive(v->column));
		json_put(verdict, "expr", json_text(v->expr));
		json_put(verdict, "objects", json_count(v->objects));
		json_put(verdict, "bytes", json_count(v->bytes));
		json_put(verdict, "summary", json_text(v->summary));
		json_array_append_new(predicted, verdict);
	}
	json_put(object, "line", json_count(number));
	json_put(object, "source", json_text(line->text));
	json_put(object, "objects", json_count(line->objects));
	json_put(object, "bytes", json_count(line->bytes));
	json_put(object, "emitted", emitted);
	json_put(object, "verdicts", a->has_verdicts ? predicted : json_null());
	if (!a->has_verdicts)
		json_decref(predicted);
	return object;
}

int report_annotation_json(FILE *f, const struct annotation *a)
{
	struct json_report report;

	json_report_begin(&report, f, "escaudit-annotate/1");
	json_report_recording(&report, a->rec);
	json_report_member(&report, "file", json_text(a->file));
	json_report_member(&report, "path", json_text(a->path));
	json_report_member(&report, "function", json_text(a->function));
	json_report_member(&report, "source_is_newer", json_boolean(a->is_newer));
	json_report_list_begin(&report, "lines");
	for (size_t i = a->first; i <= a->last; i++)
		json_report_row(&report, json_line(a, i));
	json_report_list_end(&report);
	return json_report_end(&report);
}
