/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saved predictions: one JSON object, one prediction a line so that two files can be compared with diff.
 *
 *     {"schema": "escaudit-predictions/1",
 *      "build": {"go_version": "go1.26.11", "goos": "linux", …},
 *      "packages": ["example.com/m"],
 *      "functions": [{"package": "example.com/m", "file": "./m.go", "name": "newP", "line": 14}],
 *      "log": {"lines": 120, "unknown_lines": 0, "unknown": [], "json_joined": 8, "json_unjoined": 0},
 *      "columns": {"functions": [
 *     {"calls": "00f1…", "name": "main.newP", "sites": [{"levels": [[15, 9]], "first": [15, 9], "last": [15, 17],
 *      "expr": "&P{name: n}"}]}
 *      ]},
 *      "predictions": [
 *     {"claim": "heap", "kind": "composite", "package": "example.com/m", "file": "./m.go", "line": 24, "column": 11,
 *      "expr": "&P{...}", "inlined": [{"file": "./m.go", "line": 15, "column": 9}], "reason": "return", "why": […]}
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
#include "base/json_reader.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "predict/prediction.h"

#define SCHEMA "escaudit-predictions/1"

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

static void put_place(FILE *f, struct source_position pos)
{
	fprintf(f, "[%d, %d]", pos.line, pos.column);
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

#define FILE_LIMIT ((size_t)2 << 30)

struct loader {
	struct predictions *set;
	struct json_reader json;
	bool has_schema, has_items;
	struct position *inlined; /* of the prediction at hand */
	size_t alloc_inlined;
	struct strbuf lines; /* of its explanation, each with its NUL */
	size_t *starts;
	const char **pointers;
	size_t alloc_starts, alloc_pointers;
};

static bool is_name(const char *name, const char *want)
{
	return strcmp(name, want) == 0;
}

static const char *take_string(struct loader *l)
{
	const char *s = json_reader_string(&l->json);

	return s ? strpool_add_n(l->set->pool, s, l->json.text.len) : NULL;
}

static size_t take_count(struct loader *l)
{
	int64_t n;

	return json_reader_integer(&l->json, &n) && n > 0 ? (size_t)n : 0;
}

static bool take_int(struct loader *l, int *out)
{
	int64_t n;

	if (!json_reader_integer(&l->json, &n) || n < 0 || n > INT_MAX)
		return false;
	*out = (int)n;
	return true;
}

/* A member of a position. False if it is damaged; *known says whether it is one. */
static bool take_position_member(struct loader *l, const char *name, struct position *pos, bool *known)
{
	*known = true;
	if (is_name(name, "line"))
		return take_int(l, &pos->line);
	if (is_name(name, "column"))
		return take_int(l, &pos->column);
	if (is_name(name, "file"))
		return (pos->file = take_string(l)) != NULL;
	*known = false;
	return true;
}

#define NO_POSITION                                                                                                    \
	(struct position)                                                                                              \
	{                                                                                                              \
		.file = NULL, .line = -1, .column = -1                                                                 \
	}

static bool is_whole(const struct position *pos)
{
	return pos->file && pos->line >= 0 && pos->column >= 0;
}

static bool take_position(struct loader *l, struct position *pos)
{
	const char *name;
	bool known;

	*pos = NO_POSITION;
	if (!json_reader_object(&l->json))
		return false;
	while ((name = json_reader_member(&l->json))) {
		if (!take_position_member(l, name, pos, &known))
			return false;
		if (!known)
			json_reader_skip(&l->json);
	}
	return is_whole(pos);
}

static bool take_inlined(struct loader *l, struct prediction *p)
{
	size_t n = 0;

	if (p->inlined_known || !json_reader_array(&l->json))
		return false;
	p->inlined_known = true;
	while (json_reader_item(&l->json)) {
		ARRAY_GROW(l->inlined, n + 1, l->alloc_inlined);
		if (!take_position(l, &l->inlined[n++]))
			return false;
	}
	if (n) {
		p->inlined = xcalloc(n, sizeof(*p->inlined));
		memcpy(p->inlined, l->inlined, n * sizeof(*p->inlined));
		p->n_inlined = n;
	}
	return true;
}

/* The lines are read as those of a log are. */
static bool take_flow(struct loader *l, struct prediction *p)
{
	size_t n = 0;

	if (!json_reader_array(&l->json))
		return false;
	strbuf_clear(&l->lines);
	while (json_reader_item(&l->json)) {
		const char *line = json_reader_string(&l->json);

		if (!line)
			return false;
		ARRAY_GROW(l->starts, n + 1, l->alloc_starts);
		l->starts[n++] = l->lines.len;
		strbuf_add(&l->lines, line, l->json.text.len + 1);
	}
	ARRAY_GROW(l->pointers, n, l->alloc_pointers);
	for (size_t i = 0; i < n; i++)
		l->pointers[i] = l->lines.buf + l->starts[i];
	if (n)
		predictions_explain(l->set, p, l->pointers, n);
	return true;
}

static bool take_claim(struct loader *l, enum claim *out)
{
	const char *claim = json_reader_string(&l->json);

	if (!claim)
		return false;
	*out = is_name(claim, claim_name(CLAIM_HEAP)) ? CLAIM_HEAP : CLAIM_STACK;
	return is_name(claim, claim_name(*out));
}

static bool take_kind(struct loader *l, enum expr_kind *out)
{
	const char *kind = json_reader_string(&l->json);
	int k = EXPR_OTHER;

	while (kind && k <= EXPR_CONSTANT && !is_name(kind, expr_kind_name((enum expr_kind)k)))
		k++;
	*out = (enum expr_kind)k;
	return kind && k <= EXPR_CONSTANT;
}

static bool take_prediction_member(struct loader *l, struct prediction *p, const char *name)
{
	struct json_reader *json = &l->json;
	bool known;

	if (!take_position_member(l, name, &p->pos, &known))
		return false;
	if (known)
		return true;
	if (is_name(name, "package"))
		p->package = take_string(l);
	else if (is_name(name, "expr"))
		p->expr = take_string(l);
	else if (is_name(name, "function"))
		p->function = take_string(l);
	else if (is_name(name, "reason"))
		p->reason = take_string(l);
	else if (is_name(name, "inlined"))
		return take_inlined(l, p);
	else if (is_name(name, "why"))
		return take_flow(l, p);
	else if (is_name(name, "zero_copy"))
		p->zero_copy = json_reader_is_true(json);
	else if (is_name(name, "wrapper"))
		p->wrapper = json_reader_is_true(json);
	else if (is_name(name, "maybe_parameter"))
		p->maybe_parameter = json_reader_is_true(json);
	else
		json_reader_skip(json);
	return true;
}

static bool take_prediction(struct loader *l)
{
	struct prediction *p = predictions_add(l->set); /* no other is added meanwhile */
	bool has_claim = false, has_kind = false, ok = true;
	const char *name;

	p->pos = NO_POSITION;
	if (!json_reader_object(&l->json))
		return false;
	while (ok && (name = json_reader_member(&l->json))) {
		if (is_name(name, "claim"))
			ok = has_claim = take_claim(l, &p->claim);
		else if (is_name(name, "kind"))
			ok = has_kind = take_kind(l, &p->kind);
		else
			ok = take_prediction_member(l, p, name);
	}
	return ok && has_claim && has_kind && p->expr && is_whole(&p->pos);
}

static bool take_declaration(struct loader *l)
{
	struct declaration *d = predictions_declare(l->set);
	const char *name;
	bool has_line = false;

	if (!json_reader_object(&l->json))
		return false;
	while ((name = json_reader_member(&l->json))) {
		if (is_name(name, "file"))
			d->file = take_string(l);
		else if (is_name(name, "name"))
			d->name = take_string(l);
		else if (is_name(name, "package"))
			d->package = take_string(l);
		else if (is_name(name, "line"))
			has_line = take_int(l, &d->line);
		else
			json_reader_skip(&l->json);
	}
	return d->file && d->name && has_line;
}

/* Sets that an older escaudit saved have none. */
static bool take_declarations(struct loader *l)
{
	bool ok = json_reader_array(&l->json);

	while (ok && json_reader_item(&l->json))
		ok = take_declaration(l);
	return ok;
}

/* [line, column] */
static bool take_place(struct loader *l, struct source_position *out)
{
	int64_t numbers[2];
	size_t n = 0;

	if (!json_reader_array(&l->json))
		return false;
	while (json_reader_item(&l->json)) {
		if (n == ARRAY_SIZE(numbers) || !json_reader_integer(&l->json, &numbers[n]))
			return false;
		n++;
	}
	if (n != ARRAY_SIZE(numbers) || numbers[0] < 0 || numbers[0] > INT_MAX || numbers[1] < 0 ||
	    numbers[1] > UINT8_MAX)
		return false;
	*out = (struct source_position){.line = (int)numbers[0], .column = (int)numbers[1]};
	return true;
}

static bool take_levels(struct loader *l)
{
	bool ok = json_reader_array(&l->json);

	while (ok && json_reader_item(&l->json)) {
		struct source_position level;

		ok = take_place(l, &level);
		if (ok)
			columns_add_level(l->set->columns, level);
	}
	return ok;
}

static bool take_column_site(struct loader *l)
{
	struct column_site *site = columns_add_site(l->set->columns); /* no other is added meanwhile */
	bool has_first = false, has_last = false, ok = true;
	const char *name;

	if (!json_reader_object(&l->json))
		return false;
	while (ok && (name = json_reader_member(&l->json))) {
		if (is_name(name, "expr"))
			site->expr = take_string(l);
		else if (is_name(name, "first"))
			ok = has_first = take_place(l, &site->first);
		else if (is_name(name, "last"))
			ok = has_last = take_place(l, &site->last);
		else if (is_name(name, "levels"))
			ok = site->n_levels == 0 && take_levels(l);
		else
			json_reader_skip(&l->json);
	}
	return ok && site->n_levels > 0 && (!site->expr || (has_first && has_last));
}

/* Its sites stand behind its name and its number of calls, as they are saved. */
static bool take_column_function(struct loader *l)
{
	const char *function = NULL, *calls = NULL, *name;
	bool ok = json_reader_object(&l->json), has_sites = false;

	while (ok && (name = json_reader_member(&l->json))) {
		if (is_name(name, "name")) {
			function = take_string(l);
		} else if (is_name(name, "calls")) {
			calls = take_string(l);
		} else if (is_name(name, "sites")) {
			ok = function && calls && !has_sites && json_reader_array(&l->json);
			has_sites = true;
			if (ok)
				columns_add_function(l->set->columns, function, strtoull(calls, NULL, 16));
			while (ok && json_reader_item(&l->json))
				ok = take_column_site(l);
		} else {
			json_reader_skip(&l->json);
		}
	}
	return ok && has_sites;
}

/* Sets that an older escaudit saved have none, nor have those of a log. */
static bool take_columns(struct loader *l)
{
	bool ok = !l->set->columns && json_reader_object(&l->json), has_functions = false;
	const char *name;

	if (!ok)
		return false;
	l->set->columns = columns_new();
	while (ok && (name = json_reader_member(&l->json))) {
		if (is_name(name, "missing")) {
			l->set->columns->missing = take_string(l);
		} else if (is_name(name, "functions")) {
			ok = has_functions = json_reader_array(&l->json);
			while (ok && json_reader_item(&l->json))
				ok = take_column_function(l);
		} else {
			json_reader_skip(&l->json);
		}
	}
	return ok && has_functions;
}

static void take_build(struct loader *l)
{
	const char *name;

	if (!json_reader_object(&l->json)) {
		json_reader_skip(&l->json);
		return;
	}
	while ((name = json_reader_member(&l->json))) {
		size_t i = 0;

		while (i < ARRAY_SIZE(build_members) && !is_name(name, build_members[i].name))
			i++;
		if (i < ARRAY_SIZE(build_members))
			*build_member(&l->set->build, i) = take_string(l);
		else
			json_reader_skip(&l->json);
	}
}

static bool take_packages(struct loader *l)
{
	bool ok = json_reader_array(&l->json);

	while (ok && json_reader_item(&l->json)) {
		const char *package = take_string(l);

		ok = package != NULL;
		if (ok)
			predictions_add_package(l->set, package);
	}
	return ok;
}

static bool take_unknown(struct loader *l)
{
	bool ok = json_reader_array(&l->json);
	size_t n = 0;

	while (ok && json_reader_item(&l->json)) {
		const char *line = take_string(l);

		ok = line != NULL;
		if (ok && n < ARRAY_SIZE(l->set->unknown))
			l->set->unknown[n++] = line;
	}
	return ok;
}

static bool take_log(struct loader *l)
{
	struct predictions *set = l->set;
	const char *name;
	bool ok = true;

	if (!json_reader_object(&l->json)) {
		json_reader_skip(&l->json);
		return true;
	}
	while (ok && (name = json_reader_member(&l->json))) {
		if (is_name(name, "unknown"))
			ok = take_unknown(l);
		else if (is_name(name, "lines"))
			set->lines = take_count(l);
		else if (is_name(name, "unknown_lines"))
			set->unknown_lines = take_count(l);
		else if (is_name(name, "json_joined"))
			set->json_joined = take_count(l);
		else if (is_name(name, "json_unjoined"))
			set->json_unjoined = take_count(l);
		else if (is_name(name, "since_minor"))
			take_int(l, &set->build.since_minor);
		else if (is_name(name, "before_minor"))
			take_int(l, &set->build.before_minor);
		else
			json_reader_skip(&l->json);
	}
	return ok;
}

static int bad_schema(const char *name, const char *schema, struct error *err)
{
	return error_set(err, -EPROTONOSUPPORT,
			 "predictions: failed to load '%s': its schema is '%.60s', not '" SCHEMA
			 "'; save it again with this escaudit's predict -o",
			 name, schema ? schema : "(none)");
}

/* The predictions. *nth is the number of the last one, 0 if there is no array. */
static bool take_items(struct loader *l, size_t *nth)
{
	bool ok = json_reader_array(&l->json);

	*nth = 0;
	while (ok && json_reader_item(&l->json)) {
		++*nth;
		ok = take_prediction(l);
	}
	return ok;
}

static int take_set(struct loader *l, const char *name, struct error *err)
{
	const char *member;
	size_t nth = 0;
	bool ok = json_reader_object(&l->json);

	while (ok && (member = json_reader_member(&l->json))) {
		nth = 0;
		if (is_name(member, "schema")) {
			const char *schema = json_reader_string(&l->json);

			if (!l->json.error && (!schema || !is_name(schema, SCHEMA)))
				return bad_schema(name, schema, err);
			l->has_schema = true;
		} else if (is_name(member, "build")) {
			take_build(l);
		} else if (is_name(member, "packages")) {
			ok = take_packages(l);
		} else if (is_name(member, "functions")) {
			ok = take_declarations(l);
		} else if (is_name(member, "log")) {
			ok = take_log(l);
		} else if (is_name(member, "columns")) {
			ok = take_columns(l);
		} else if (is_name(member, "predictions")) {
			ok = l->has_items = take_items(l, &nth);
		} else {
			json_reader_skip(&l->json);
		}
	}
	if (ok)
		json_reader_ends(&l->json);
	if (l->json.error)
		return error_set(err, -EBADMSG, "predictions: failed to load '%s': line %zu: %s; save it again", name,
				 json_reader_line(&l->json), l->json.error);
	if (ok && !l->has_schema)
		return bad_schema(name, NULL, err);
	if (nth && !ok)
		return error_set(err, -EBADMSG,
				 "predictions: failed to load '%s': prediction %zu is damaged; save it again", name,
				 nth);
	if (!ok || !l->has_items)
		return error_set(err, -EBADMSG, "predictions: failed to load '%s': it is damaged; save it again", name);
	return 0;
}

static int load_saved(struct predictions *set, FILE *f, const char *name, struct error *err)
{
	struct loader l = {.set = set};
	struct strbuf text = STRBUF_INIT;
	int ret = strbuf_read_stream(&text, f, FILE_LIMIT);

	if (ret) {
		error_set(err, ret, "predictions: failed to load '%s': %s", name, strerror(-ret));
	} else {
		json_reader_init(&l.json, strbuf_str(&text), text.len);
		ret = take_set(&l, name, err);
		json_reader_release(&l.json);
	}
	free(l.inlined);
	free(l.starts);
	free(l.pointers);
	strbuf_release(&l.lines);
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
