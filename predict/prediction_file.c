/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saved predictions: one JSON object, one prediction a line so that two files can be compared with diff.
 *
 *     {"schema": "escaudit-predictions/1",
 *      "build": {"go_version": "go1.26.11", "goos": "linux", …},
 *      "packages": ["example.com/m"],
 *      "functions": [{"package": "example.com/m", "file": "./m.go", "name": "newP", "line": 14}],
 *      "instances": ["lib.Push[go.shape.int]"],
 *      "instances": ["lib.Push[go.shape.int]"],
 *      "log": {"lines": 120, "unknown_lines": 0, "unknown": [], "json_joined": 8, "json_unjoined": 0},
 *      "columns": {"functions": [
 *     {"calls": "00f1…", "name": "main.newP", "sites": [{"levels": [[15, 9]], "first": [15, 9], "last": [15, 17],
 *      "expr": "&P{name: n}", "statement": [15, 2]}]}
 *      ]},
 *      "predictions": [
 *     {"claim": "heap", "kind": "composite", "package": "example.com/m", "file": "./m.go", "line": 24, "column": 11,
 *      "expr": "&P{...}", "inlined": [{"file": "./m.go", "line": 15, "column": 9}], "reason": "return", "why": […],
 *      "statement": [15, 2]},
 *     {"claim": "heap", "kind": "make map", "package": "example.com/m", "file": "./m.go", "line": 30, "column": 22,
 *      "expr": "map[string]P{...}", "inlined": [], "literal": {"last": [33, 2], "elements": 2, "alone": true}},
 *     {"claim": "heap", "kind": "moved variable", "package": "example.com/m", "file": "./m.go", "line": 41, "column":
 * 2, "expr": "a", "inlined": [], "variable": {"block": [[40, 1], [45, 1]], "type": "int", "size": 8, "align": 8}}
 *     ]}
 *
 * What is unknown or false is left out; "inlined" is there if and only if the JSON diagnostics were. Bytes that are not
 * UTF-8 are saved as U+FFFD.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/atomic_file.h"
#include "base/json_walk.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "predict/prediction.h"

#define SCHEMA	 "escaudit-predictions/1"
#define MAX_LINE 1048575 /* that the compiler has: 20 bits, cmd/internal/src/xpos.go */

/* ---- saving ---- */

/* The length of the UTF-8 sequence at s, 0 if it is none: no overlong forms, no surrogates. */
static size_t utf8_length(const unsigned char *s)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf8 ? 4 : 0;
	unsigned c;

	if (n <= 1)
		return n;
	c = s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) { /* a NUL ends it here: it is no continuation */
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

static void put_string(FILE *f, const char *text)
{
	const unsigned char *s = (const unsigned char *)text, *plain = s;

	putc_unlocked('"', f);
	while (*s) {
		size_t n = utf8_length(s);

		if (n && *s >= 0x20 && *s != '"' && *s != '\\') {
			s += n;
			continue;
		}
		fwrite_unlocked(plain, 1, (size_t)(s - plain), f);
		if (n == 0)
			fputs_unlocked("\xef\xbf\xbd", f); /* U+FFFD */
		else if (*s >= 0x20)
			fprintf(f, "\\%c", *s);
		else
			fprintf(f, "\\u%04x", *s);
		plain = ++s;
	}
	fwrite_unlocked(plain, 1, (size_t)(s - plain), f);
	putc_unlocked('"', f);
}

static void put_strings(FILE *f, const char *name, const char *const *strings, size_t n)
{
	fprintf(f, ", \"%s\": [", name);
	for (size_t i = 0; i < n; i++) {
		if (i)
			fputs(", ", f);
		put_string(f, strings[i]);
	}
	putc(']', f);
}

static void put_member(FILE *f, const char *name, const char *value)
{
	if (!value)
		return;
	fprintf(f, ", \"%s\": ", name);
	put_string(f, value);
}

static void put_position(FILE *f, const struct position *pos)
{
	fputs("\"file\": ", f);
	put_string(f, pos->file);
	fprintf(f, ", \"line\": %d, \"column\": %d", pos->line, pos->column);
}

/* As lines of text, which is what older editions read and write, and half as long as members would be. */
static void put_flow(FILE *f, const struct prediction *p)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < p->n_flow; i++) {
		fputs(i ? ", " : ", \"why\": [", f);
		strbuf_clear(&sb);
		flow_step_print(&sb, p->flow[i]);
		put_string(f, strbuf_str(&sb));
	}
	if (p->n_flow)
		putc(']', f);
	strbuf_release(&sb);
}

static void put_place(FILE *f, struct source_position pos)
{
	fprintf(f, "[%d, %d]", pos.line, pos.column);
}

static void put_variable(FILE *f, const struct variable_source *v)
{
	const char *separator = "";

	fputs(", \"variable\": {", f);
	if (v->first_line) {
		fputs("\"block\": [", f);
		put_place(f, (struct source_position){v->first_line, v->first_column});
		fputs(", ", f);
		put_place(f, (struct source_position){v->last_line, v->last_column});
		putc(']', f);
		separator = ", ";
	}
	if (v->column) {
		fprintf(f, "%s\"column\": %d", separator, v->column);
		separator = ", ";
	}
	if (v->is_parameter) {
		fprintf(f, "%s\"parameter\": true", separator);
		separator = ", ";
	}
	if (v->is_together) {
		fprintf(f, "%s\"together\": true", separator);
		separator = ", ";
	}
	if (v->range != RANGE_NONE) {
		fprintf(f, "%s\"range\": \"%s\"", separator, v->range == RANGE_KEY ? "key" : "value");
		separator = ", ";
	}
	if (v->presence != VARIABLE_UNKNOWN) {
		fprintf(f, "%s\"listed\": %s", separator, v->presence == VARIABLE_LISTED ? "true" : "false");
		separator = ", ";
	}
	if (v->type) {
		fprintf(f, "%s\"type\": ", separator);
		put_string(f, v->type);
		fprintf(f, ", \"size\": %" PRIu64 ", \"align\": %u%s", v->size, v->align,
			v->has_pointers ? ", \"pointers\": true" : "");
	}
	putc('}', f);
}

static void put_prediction(FILE *f, const struct prediction *p)
{
	fprintf(f, "{\"claim\": \"%s\", \"kind\": \"%s\"", claim_name(p->claim), expr_kind_name(p->kind));
	put_member(f, "package", p->package);
	fputs(", ", f);
	put_position(f, &p->pos);
	put_member(f, "expr", p->expr);
	put_member(f, "function", p->function);
	if (p->inlined_known) {
		fputs(", \"inlined\": [", f);
		for (size_t i = 0; i < p->n_inlined; i++) {
			fputs(i ? ", {" : "{", f);
			put_position(f, &p->inlined[i]);
			putc('}', f);
		}
		putc(']', f);
	}
	put_member(f, "reason", p->reason);
	put_flow(f, p);
	if (p->zero_copy)
		fputs(", \"zero_copy\": true", f);
	if (p->wrapper)
		fputs(", \"wrapper\": true", f);
	if (p->maybe_parameter)
		fputs(", \"maybe_parameter\": true", f);
	if (p->is_in_function)
		fputs(", \"in_function\": true", f);
	if (p->is_extension)
		fputs(", \"extension\": true", f);
	if (p->literal.last_line) {
		fputs(", \"literal\": {\"last\": ", f);
		put_place(f, (struct source_position){p->literal.last_line, p->literal.last_column});
		fprintf(f, ", \"elements\": %zu%s%s}", p->literal.n_elements,
			p->literal.is_alone ? ", \"alone\": true" : "",
			p->literal.has_function ? ", \"functions\": true" : "");
	}
	if (p->variable.first_line || p->variable.type || p->variable.presence != VARIABLE_UNKNOWN)
		put_variable(f, &p->variable);
	if (p->made_on.first_line)
		fprintf(f, ", \"made_on\": [%d, %d]", p->made_on.first_line, p->made_on.last_line);
	if (p->statement.line) {
		fputs(", \"statement\": ", f);
		put_place(f, p->statement);
	}
	putc('}', f);
}

struct build_member {
	const char *name;
	size_t offset;
};

static const struct build_member build_members[] = {
	{"go_version", offsetof(struct prediction_build, go_version)},
	{"goos", offsetof(struct prediction_build, goos)},
	{"goarch", offsetof(struct prediction_build, goarch)},
	{"gcflags", offsetof(struct prediction_build, gcflags)},
	{"settings", offsetof(struct prediction_build, settings)},
	{"build_id", offsetof(struct prediction_build, build_id)},
	{"main_module", offsetof(struct prediction_build, main_module)},
	{"directory", offsetof(struct prediction_build, directory)},
};

static const char **build_member(struct prediction_build *build, size_t i)
{
	return (const char **)((char *)build + build_members[i].offset);
}

static void put_declaration(FILE *f, const struct declaration *d, bool first)
{
	fputs(first ? "\n{\"file\": " : ",\n{\"file\": ", f);
	put_string(f, d->file);
	fprintf(f, ", \"line\": %d", d->line);
	put_member(f, "name", d->name);
	put_member(f, "package", d->package);
	putc('}', f);
}

static void put_column_site(FILE *f, const struct columns *columns, const struct column_site *site)
{
	fputs("{\"levels\": [", f);
	for (uint32_t i = 0; i < site->n_levels; i++) {
		if (i)
			fputs(", ", f);
		put_place(f, columns->levels[site->first_level + i]);
	}
	putc(']', f);
	if (site->expr) {
		fputs(", \"first\": ", f);
		put_place(f, site->first);
		fputs(", \"last\": ", f);
		put_place(f, site->last);
		put_member(f, "expr", site->expr);
	}
	if (site->at.line) {
		fputs(", \"at\": ", f);
		put_place(f, site->at);
	}
	if (site->statement.line) {
		fputs(", \"statement\": ", f);
		put_place(f, site->statement);
	}
	putc('}', f);
}

static void put_columns(FILE *f, const struct columns *columns)
{
	fputs("\"columns\": {\"functions\": [", f);
	for (size_t i = 0; i < columns->n_functions; i++) {
		const struct column_function *function = &columns->functions[i];

		fprintf(f, "%s{\"calls\": \"%016" PRIx64 "\"", i ? ",\n" : "\n", function->calls);
		put_member(f, "name", function->name);
		fputs(", \"sites\": [", f);
		for (uint32_t k = 0; k < function->n_sites; k++) {
			if (k)
				fputs(", ", f);
			put_column_site(f, columns, &columns->sites[function->first_site + k]);
		}
		fputs("]}", f);
	}
	putc(']', f);
	put_member(f, "missing", columns->missing);
	fputs("},\n", f);
}

static void put_set(FILE *f, const struct predictions *set)
{
	struct prediction_build build = set->build;
	size_t n_unknown = 0;
	bool first = true;

	fputs("{\"schema\": \"" SCHEMA "\",\n\"build\": {", f);
	for (size_t i = 0; i < ARRAY_SIZE(build_members); i++) {
		const char *value = *build_member(&build, i);

		if (!value)
			continue;
		fprintf(f, "%s\"%s\": ", first ? "" : ", ", build_members[i].name);
		put_string(f, value);
		first = false;
	}
	fputs("},\n\"packages\": [", f);
	for (size_t i = 0; i < set->n_packages; i++) {
		fputs(i ? ", " : "", f);
		put_string(f, set->packages[i]);
	}
	fputs("],\n\"functions\": [", f);
	for (size_t i = 0; i < set->n_declarations; i++)
		put_declaration(f, &set->declarations[i], i == 0);
	while (n_unknown < ARRAY_SIZE(set->unknown) && set->unknown[n_unknown])
		n_unknown++;
	if (set->knows_instances) {
		fputs("],\n\"instances\": [", f);
		for (size_t i = 0; i < set->n_instances; i++) {
			fputs(i ? ", " : "", f);
			put_string(f, set->instances[i]);
		}
	}
	fprintf(f, "],\n\"log\": {\"lines\": %zu, \"unknown_lines\": %zu", set->lines, set->unknown_lines);
	if (set->build.since_minor)
		fprintf(f, ", \"since_minor\": %d", set->build.since_minor);
	if (set->build.before_minor)
		fprintf(f, ", \"before_minor\": %d", set->build.before_minor);
	put_strings(f, "unknown", (const char *const *)set->unknown, n_unknown);
	fprintf(f, ", \"json_joined\": %zu, \"json_unjoined\": %zu},\n", set->json_joined, set->json_unjoined);
	if (set->columns)
		put_columns(f, set->columns);
	fputs("\"predictions\": [", f);
	for (size_t i = 0; i < set->n; i++) {
		fputs(i ? ",\n" : "\n", f);
		put_prediction(f, &set->items[i]);
	}
	fputs("\n]}\n", f);
}

int predictions_save(const struct predictions *set, const char *path, struct error *err)
{
	struct atomic_file file;
	int ret = atomic_file_begin(&file, path);

	if (ret)
		return error_set(err, ret, "predictions: failed to create '%s': %s", path, strerror(-ret));
	put_set(file.stream, set);
	ret = atomic_file_end(&file, 0);
	return ret ? error_set(err, ret, "predictions: failed to write '%s': %s", path, strerror(-ret)) : 0;
}

/* ---- loading ---- */

#define FILE_LIMIT ((size_t)INT_MAX - 1)

static const char *take_string(struct predictions *set, const json_t *object, const char *name)
{
	return strpool_add(set->pool, json_string_value(json_object_get(object, name)));
}

static size_t take_count(const json_t *object, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(object, name));

	return n > 0 ? (size_t)n : 0;
}

static bool take_int(const json_t *object, const char *name, int *out)
{
	const json_t *value = json_object_get(object, name);
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0 || n > INT_MAX)
		return false;
	*out = (int)n;
	return true;
}

static bool take_position(struct predictions *set, const json_t *object, struct position *pos)
{
	pos->file = take_string(set, object, "file");
	return pos->file && take_int(object, "line", &pos->line) && take_int(object, "column", &pos->column);
}

/* False where the member is there but is no array of strings. */
static bool take_strings(struct predictions *set, const json_t *object, const char *name, const char ***out, size_t *n)
{
	const json_t *array = json_object_get(object, name);

	if (!array)
		return true;
	if (!json_is_array(array))
		return false;
	if (json_array_size(array) == 0)
		return true;
	*out = xcalloc(json_array_size(array), sizeof(**out));
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *s = json_string_value(json_array_get(array, i));

		if (!s)
			return false;
		(*out)[(*n)++] = strpool_add(set->pool, s);
	}
	return true;
}

static bool take_inlined(struct predictions *set, const json_t *object, struct prediction *p)
{
	const json_t *array = json_object_get(object, "inlined");
	size_t n = json_array_size(array);

	if (!array)
		return true;
	if (!json_is_array(array))
		return false;
	p->inlined_known = true;
	if (n == 0)
		return true;
	p->inlined = xcalloc(n, sizeof(*p->inlined));
	for (; p->n_inlined < n; p->n_inlined++) {
		if (!take_position(set, json_array_get(array, p->n_inlined), &p->inlined[p->n_inlined]))
			return false;
	}
	return true;
}

/* The lines are read as those of a log are. False where the member is there but is no array of strings. */
static bool take_flow(struct predictions *set, const json_t *object, struct prediction *p)
{
	const json_t *array = json_object_get(object, "why");
	size_t n = json_array_size(array);
	const char **lines;
	bool ok = !array || json_is_array(array);

	if (!ok || n == 0)
		return ok;
	lines = xcalloc(n, sizeof(*lines));
	for (size_t i = 0; i < n && ok; i++) {
		lines[i] = json_string_value(json_array_get(array, i));
		ok = lines[i] != NULL;
	}
	if (ok)
		predictions_explain(set, p, lines, n);
	free(lines);
	return ok;
}

/* [line, column] */
static bool take_place_up_to(const json_t *pair, int last_column, struct source_position *out)
{
	json_int_t line = json_integer_value(json_array_get(pair, 0));
	json_int_t column = json_integer_value(json_array_get(pair, 1));

	if (json_array_size(pair) != 2 || line < 0 || line > INT_MAX || column < 0 || column > last_column)
		return false;
	*out = (struct source_position){.line = (int)line, .column = (int)column};
	return true;
}

/* As the compiler has them. */
static bool take_place(const json_t *pair, struct source_position *out)
{
	return take_place_up_to(pair, UINT8_MAX, out);
}

/* Where there may be none. */
static bool take_optional_place(const json_t *object, const char *name, struct source_position *out)
{
	const json_t *pair = json_object_get(object, name);

	return !pair || take_place(pair, out);
}

static bool take_literal(const json_t *object, struct literal_source *literal)
{
	struct source_position last;

	if (!object)
		return true;
	if (!take_place(json_object_get(object, "last"), &last))
		return false;
	*literal = (struct literal_source){.last_line = last.line,
					   .last_column = last.column,
					   .n_elements = take_count(object, "elements"),
					   .is_alone = json_is_true(json_object_get(object, "alone")),
					   .has_function = json_is_true(json_object_get(object, "functions"))};
	return true;
}

static bool take_lines(const json_t *object, struct prediction *p)
{
	struct source_position lines = {.line = 0};

	if (object && (!take_place_up_to(object, MAX_LINE, &lines) || lines.line >= lines.column))
		return false;
	p->made_on.first_line = lines.line;
	p->made_on.last_line = lines.column;
	return true;
}

static bool take_variable(struct predictions *set, const json_t *object, struct variable_source *v)
{
	const json_t *block = json_object_get(object, "block"), *listed = json_object_get(object, "listed");
	const char *range = json_string_value(json_object_get(object, "range"));
	struct source_position first = {.line = 0}, last = {.line = 0};
	int column = 0;

	if (json_object_get(object, "column") && (!take_int(object, "column", &column) || column < 0))
		return false;
	if (block && (!take_place_up_to(json_array_get(block, 0), INT_MAX, &first) ||
		      !take_place_up_to(json_array_get(block, 1), INT_MAX, &last)))
		return false;
	*v = (struct variable_source){.first_line = first.line,
				      .first_column = first.column,
				      .last_line = last.line,
				      .last_column = last.column,
				      .column = column,
				      .is_parameter = json_is_true(json_object_get(object, "parameter")),
				      .is_together = json_is_true(json_object_get(object, "together")),
				      .range = !range			   ? RANGE_NONE
					       : strcmp(range, "key") == 0 ? RANGE_KEY
									   : RANGE_VALUE,
				      .presence = !listed		 ? VARIABLE_UNKNOWN
						  : json_is_true(listed) ? VARIABLE_LISTED
									 : VARIABLE_ABSENT,
				      .type = object ? take_string(set, object, "type") : NULL,
				      .size = take_count(object, "size"),
				      .align = (unsigned)take_count(object, "align"),
				      .has_pointers = json_is_true(json_object_get(object, "pointers"))};
	return true;
}

static bool take_prediction(struct predictions *set, const json_t *object)
{
	struct prediction *p = predictions_add(set);
	const char *claim = json_string_value(json_object_get(object, "claim"));
	const char *kind = json_string_value(json_object_get(object, "kind"));
	int k = EXPR_OTHER;

	if (!claim || !kind)
		return false;
	p->claim = strcmp(claim, claim_name(CLAIM_HEAP)) == 0 ? CLAIM_HEAP : CLAIM_STACK;
	if (strcmp(claim, claim_name(p->claim)) != 0)
		return false;
	while (k <= EXPR_CONSTANT && strcmp(kind, expr_kind_name((enum expr_kind)k)) != 0)
		k++;
	if (k > EXPR_CONSTANT)
		return false;
	p->kind = (enum expr_kind)k;
	p->package = take_string(set, object, "package");
	p->expr = take_string(set, object, "expr");
	p->function = take_string(set, object, "function");
	p->reason = take_string(set, object, "reason");
	p->zero_copy = json_is_true(json_object_get(object, "zero_copy"));
	p->wrapper = json_is_true(json_object_get(object, "wrapper"));
	p->maybe_parameter = json_is_true(json_object_get(object, "maybe_parameter"));
	p->is_in_function = json_is_true(json_object_get(object, "in_function"));
	p->is_extension = json_is_true(json_object_get(object, "extension"));
	return p->expr && take_position(set, object, &p->pos) && take_inlined(set, object, p) &&
	       take_flow(set, object, p) && take_literal(json_object_get(object, "literal"), &p->literal) &&
	       take_variable(set, json_object_get(object, "variable"), &p->variable) &&
	       take_lines(json_object_get(object, "made_on"), p) &&
	       take_optional_place(object, "statement", &p->statement);
}

static bool take_declaration(struct predictions *set, const json_t *object)
{
	struct declaration *d = predictions_declare(set);

	d->file = take_string(set, object, "file");
	d->name = take_string(set, object, "name");
	d->package = take_string(set, object, "package");
	return d->file && d->name && take_int(object, "line", &d->line);
}

static bool take_column_site(struct predictions *set, const json_t *object)
{
	struct column_site *site = columns_add_site(set->columns); /* no other is added meanwhile */
	const json_t *levels = json_object_get(object, "levels");

	site->expr = take_string(set, object, "expr");
	if (site->expr && (!take_place(json_object_get(object, "first"), &site->first) ||
			   !take_place(json_object_get(object, "last"), &site->last)))
		return false;
	if (!take_optional_place(object, "at", &site->at) ||
	    !take_optional_place(object, "statement", &site->statement))
		return false;
	for (size_t i = 0; i < json_array_size(levels); i++) {
		struct source_position level;

		if (!take_place(json_array_get(levels, i), &level))
			return false;
		columns_add_level(set->columns, level);
	}
	return site->n_levels > 0;
}

static bool take_column_function(struct predictions *set, const json_t *function)
{
	const json_t *sites = json_object_get(function, "sites");
	const char *name = take_string(set, function, "name");
	const char *calls = json_string_value(json_object_get(function, "calls"));

	if (!name || !calls)
		return false;
	columns_add_function(set->columns, name, strtoull(calls, NULL, 16));
	for (size_t i = 0; i < json_array_size(sites); i++) {
		if (!take_column_site(set, json_array_get(sites, i)))
			return false;
	}
	return true;
}

static void take_build(struct predictions *set, const json_t *build)
{
	for (size_t i = 0; i < ARRAY_SIZE(build_members); i++)
		*build_member(&set->build, i) = take_string(set, build, build_members[i].name);
}

static bool take_packages(struct predictions *set, const json_t *root)
{
	const char **packages = NULL;
	size_t n = 0;
	bool ok = take_strings(set, root, "packages", &packages, &n);

	for (size_t i = 0; ok && i < n; i++)
		predictions_add_package(set, packages[i]);
	free(packages);
	return ok;
}

static bool take_instances(struct predictions *set, const json_t *root)
{
	bool ok = take_strings(set, root, "instances", &set->instances, &set->n_instances);

	set->alloc_instances = set->n_instances;
	set->knows_instances = json_object_get(root, "instances") != NULL;
	return ok;
}

static bool take_log(struct predictions *set, const json_t *log)
{
	const char **unknown = NULL;
	size_t n = 0;
	int minor;
	bool ok = take_strings(set, log, "unknown", &unknown, &n);

	for (size_t i = 0; ok && i < n && i < ARRAY_SIZE(set->unknown); i++)
		set->unknown[i] = unknown[i];
	free(unknown);
	set->lines = take_count(log, "lines");
	set->unknown_lines = take_count(log, "unknown_lines");
	set->json_joined = take_count(log, "json_joined");
	set->json_unjoined = take_count(log, "json_unjoined");
	if (take_int(log, "since_minor", &minor))
		set->build.since_minor = minor;
	if (take_int(log, "before_minor", &minor))
		set->build.before_minor = minor;
	return ok;
}

static int bad_schema(const char *name, const char *schema, struct error *err)
{
	return error_set(err, -EPROTONOSUPPORT,
			 "predictions: failed to load '%s': its schema is '%.60s', not '" SCHEMA
			 "'; save it again with this escaudit's predict -o",
			 name, schema ? schema : "(none)");
}

/* The items of the array that comes next. *nth is the number of the last one. */
static bool take_items(struct predictions *set, struct json_walk *walk,
		       bool (*take)(struct predictions *set, const json_t *item), size_t *nth)
{
	bool ok = json_walk_enter_array(walk);

	for (*nth = 0; ok && json_walk_item(walk);) {
		json_t *item = json_walk_value(walk);

		++*nth;
		ok = item && take(set, item);
		json_decref(item);
	}
	return ok;
}

/* Sets that an older escaudit saved have none, nor have those of a log. */
static bool take_columns(struct predictions *set, struct json_walk *walk)
{
	bool ok = json_walk_enter_object(walk), has_functions = false;
	const char *name;
	size_t nth;

	set->columns = columns_new();
	while (ok && (name = json_walk_member(walk))) {
		if (strcmp(name, "functions") == 0) {
			ok = !has_functions && take_items(set, walk, take_column_function, &nth);
			has_functions = true;
		} else {
			bool is_missing = strcmp(name, "missing") == 0;
			json_t *value = json_walk_value(walk);

			if (is_missing)
				set->columns->missing = strpool_add(set->pool, json_string_value(value));
			json_decref(value);
		}
	}
	return ok && has_functions;
}

/* The arrays that can be long are walked, the rest is put aside in the object rest. *nth is the number of the
 * prediction at hand, 0 elsewhere. */
static bool walk_set(struct predictions *set, struct json_walk *walk, json_t *rest, size_t *nth)
{
	bool has_items = false, has_functions = false, ok = json_walk_enter_object(walk);
	const char *name;
	size_t n;

	while (ok && (name = json_walk_member(walk))) {
		*nth = 0;
		if (strcmp(name, "functions") == 0) {
			ok = !has_functions && take_items(set, walk, take_declaration, &n);
			has_functions = true;
		} else if (strcmp(name, "columns") == 0) {
			ok = !set->columns && take_columns(set, walk);
		} else if (strcmp(name, "predictions") == 0) {
			ok = !has_items && take_items(set, walk, take_prediction, nth);
			has_items = true;
		} else {
			char *key = xstrdup(name);

			json_object_set_new(rest, key, json_walk_value(walk));
			free(key);
		}
	}
	return ok && json_walk_ends(walk) && has_items;
}

static int take_set(struct predictions *set, struct json_walk *walk, json_t *rest, const char *name, struct error *err)
{
	size_t nth = 0;
	bool ok = walk_set(set, walk, rest, &nth);
	const char *schema = json_string_value(json_object_get(rest, "schema"));

	if (walk->is_bad)
		return error_set(err, -EBADMSG, "predictions: failed to load '%s': line %zu: %s; save it again", name,
				 walk->line, walk->error);
	if (schema ? strcmp(schema, SCHEMA) != 0 : walk->at == walk->end)
		return bad_schema(name, schema, err);
	if (!ok && nth)
		return error_set(err, -EBADMSG,
				 "predictions: failed to load '%s': prediction %zu is damaged; save it again", name,
				 nth);
	take_build(set, json_object_get(rest, "build"));
	if (!ok || !take_packages(set, rest) || !take_instances(set, rest) ||
	    !take_log(set, json_object_get(rest, "log")))
		return error_set(err, -EBADMSG, "predictions: failed to load '%s': it is damaged; save it again", name);
	return 0;
}

static int load_saved(struct predictions *set, FILE *f, const char *name, struct error *err)
{
	struct strbuf text = STRBUF_INIT;
	struct json_walk walk;
	json_t *rest = json_object();
	int ret = strbuf_read_stream(&text, f, FILE_LIMIT);

	if (ret) {
		error_set(err, ret, "predictions: failed to load '%s': %s", name, strerror(-ret));
	} else {
		json_walk_init(&walk, strbuf_str(&text), text.len);
		ret = take_set(set, &walk, rest, name, err);
		json_walk_release(&walk);
	}
	json_decref(rest);
	strbuf_release(&text);
	return ret;
}

int predictions_load(struct predictions *set, const char *path, struct error *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	const char *name = is_stdin ? "standard input" : path;
	FILE *f = is_stdin ? stdin : fopen(path, "re");
	struct stat st;
	int first, ret;

	if (!f)
		return error_set(err, -errno, "predictions: failed to open '%s': %s", path, strerror(errno));
	if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode)) {
		fclose(f);
		return error_set(
			err, -EISDIR,
			"predictions: failed to load '%s': it is a directory; name the log or the saved predictions",
			path);
	}
	first = getc(f);
	if (first != EOF)
		ungetc(first, f);
	if (first == 0x1f)
		ret = error_set(
			err, -EBADMSG,
			"predictions: failed to load '%s': it is gzip data, a recording perhaps; name the predictions "
			"first and the recording second",
			name);
	else if (first == '{')
		ret = load_saved(set, f, name, err);
	else
		ret = predictions_read_log(set, f, name, err);
	if (!is_stdin)
		fclose(f);
	return ret;
}
