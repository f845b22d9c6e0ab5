/* SPDX-License-Identifier: Apache-2.0 */
/* Saved predictions: everything comes back, and nothing damaged is taken. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "predict/prediction.h"

static char path[] = "/tmp/escaudit-file-XXXXXX";

static void make_path(void)
{
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	close(fd);
}

static void remove_path(void)
{
	unlink(path);
}

TestSuite(prediction_file, .init = make_path, .fini = remove_path);

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
}

static struct predictions *load(void)
{
	struct predictions *set = predictions_new();
	struct error err = ERROR_INIT;

	cr_assert_eq(predictions_load(set, path, &err), 0, "%s", err.text);
	return set;
}

static void expect_text(const char *a, const char *b)
{
	cr_expect(a == b || (a && b && strcmp(a, b) == 0), "'%s' and '%s'", a ? a : "(none)", b ? b : "(none)");
}

static void expect_same_position(const struct position *a, const struct position *b)
{
	expect_text(a->file, b->file);
	cr_expect_eq(a->line, b->line);
	cr_expect_eq(a->column, b->column);
}

static void expect_same_step(const struct flow_step *a, const struct flow_step *b)
{
	cr_expect_eq(a->kind, b->kind);
	cr_expect_eq(a->has_arrow, b->has_arrow);
	cr_expect_eq(a->is_storage, b->is_storage);
	cr_expect_eq(a->into_storage, b->into_storage);
	expect_text(a->expr, b->expr);
	expect_text(a->reason, b->reason);
	expect_text(a->into, b->into);
	cr_expect_eq(!a->pos.file, !b->pos.file);
	if (a->pos.file && b->pos.file)
		expect_same_position(&a->pos, &b->pos);
}

static void expect_same_columns(const struct columns *a, const struct columns *b)
{
	expect_text(a->missing, b->missing);
	cr_assert_eq(a->n_functions, b->n_functions);
	cr_assert_eq(a->n_sites, b->n_sites);
	cr_assert_eq(a->n_levels, b->n_levels);
	for (size_t i = 0; i < a->n_functions; i++) {
		expect_text(a->functions[i].name, b->functions[i].name);
		cr_expect_eq(a->functions[i].calls, b->functions[i].calls);
		cr_expect_eq(a->functions[i].first_site, b->functions[i].first_site);
		cr_expect_eq(a->functions[i].n_sites, b->functions[i].n_sites);
		cr_expect_eq(a->functions[i].is_double, b->functions[i].is_double);
	}
	for (size_t i = 0; i < a->n_sites; i++) {
		const struct column_site *x = &a->sites[i], *y = &b->sites[i];

		expect_text(x->expr, y->expr);
		cr_expect(x->first.line == y->first.line && x->first.column == y->first.column);
		cr_expect(x->last.line == y->last.line && x->last.column == y->last.column);
		cr_expect(x->at.line == y->at.line && x->at.column == y->at.column);
		cr_expect(x->statement.line == y->statement.line && x->statement.column == y->statement.column);
		cr_expect(x->first_level == y->first_level && x->n_levels == y->n_levels);
	}
	for (size_t i = 0; i < a->n_levels; i++)
		cr_expect(a->levels[i].line == b->levels[i].line && a->levels[i].column == b->levels[i].column);
}

static void expect_same(const struct predictions *a, const struct predictions *b)
{
	cr_assert_eq(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		const struct prediction *p = &a->items[i], *q = &b->items[i];

		cr_expect_eq(p->claim, q->claim);
		cr_expect_eq(p->kind, q->kind);
		expect_text(p->package, q->package);
		expect_same_position(&p->pos, &q->pos);
		expect_text(p->expr, q->expr);
		expect_text(p->function, q->function);
		cr_expect_eq(p->inlined_known, q->inlined_known);
		cr_assert_eq(p->n_inlined, q->n_inlined);
		for (size_t k = 0; k < p->n_inlined; k++)
			expect_same_position(&p->inlined[k], &q->inlined[k]);
		expect_text(p->reason, q->reason);
		cr_assert_eq(p->n_flow, q->n_flow);
		for (size_t k = 0; k < p->n_flow; k++)
			expect_same_step(p->flow[k], q->flow[k]);
		cr_expect_eq(p->zero_copy, q->zero_copy);
		cr_expect_eq(p->wrapper, q->wrapper);
		cr_expect_eq(p->maybe_parameter, q->maybe_parameter);
		cr_expect_eq(p->is_extension, q->is_extension);
		cr_expect_eq(p->is_in_function, q->is_in_function);
		cr_expect_eq(p->literal.last_line, q->literal.last_line);
		cr_expect_eq(p->literal.last_column, q->literal.last_column);
		cr_expect_eq(p->literal.n_elements, q->literal.n_elements);
		cr_expect_eq(p->literal.is_alone, q->literal.is_alone);
		cr_expect_eq(p->literal.has_function, q->literal.has_function);
		cr_expect_eq(p->made_on.first_line, q->made_on.first_line);
		cr_expect_eq(p->made_on.last_line, q->made_on.last_line);
		cr_expect_eq(p->statement.line, q->statement.line);
		cr_expect_eq(p->statement.column, q->statement.column);
		cr_expect_eq(p->variable.first_line, q->variable.first_line);
		cr_expect_eq(p->variable.first_column, q->variable.first_column);
		cr_expect_eq(p->variable.last_line, q->variable.last_line);
		cr_expect_eq(p->variable.last_column, q->variable.last_column);
		cr_expect_eq(p->variable.column, q->variable.column);
		cr_expect_eq(p->variable.is_parameter, q->variable.is_parameter);
		cr_expect_eq(p->variable.is_together, q->variable.is_together);
		cr_expect_eq(p->variable.range, q->variable.range);
		cr_expect_eq(p->variable.presence, q->variable.presence);
		cr_expect_eq(p->variable.type == NULL, q->variable.type == NULL);
		cr_expect(!p->variable.type || strcmp(p->variable.type, q->variable.type) == 0);
		cr_expect_eq(p->variable.size, q->variable.size);
		cr_expect_eq(p->variable.align, q->variable.align);
		cr_expect_eq(p->variable.has_pointers, q->variable.has_pointers);
	}
	expect_text(a->build.go_version, b->build.go_version);
	expect_text(a->build.goos, b->build.goos);
	expect_text(a->build.goarch, b->build.goarch);
	expect_text(a->build.gcflags, b->build.gcflags);
	expect_text(a->build.settings, b->build.settings);
	expect_text(a->build.build_id, b->build.build_id);
	expect_text(a->build.main_module, b->build.main_module);
	expect_text(a->build.directory, b->build.directory);
	cr_expect_eq(a->build.since_minor, b->build.since_minor);
	cr_expect_eq(a->build.before_minor, b->build.before_minor);
	cr_assert_eq(a->n_declarations, b->n_declarations);
	for (size_t i = 0; i < a->n_declarations; i++) {
		expect_text(a->declarations[i].package, b->declarations[i].package);
		expect_text(a->declarations[i].file, b->declarations[i].file);
		expect_text(a->declarations[i].name, b->declarations[i].name);
		cr_expect_eq(a->declarations[i].line, b->declarations[i].line);
	}
	cr_assert_eq(a->n_packages, b->n_packages);
	for (size_t i = 0; i < a->n_packages; i++)
		expect_text(a->packages[i], b->packages[i]);
	cr_expect_eq(a->lines, b->lines);
	cr_expect_eq(a->unknown_lines, b->unknown_lines);
	for (size_t i = 0; i < ARRAY_SIZE(a->unknown); i++)
		expect_text(a->unknown[i], b->unknown[i]);
	cr_expect_eq(a->json_joined, b->json_joined);
	cr_expect_eq(a->json_unjoined, b->json_unjoined);
	cr_assert_eq(!a->columns, !b->columns);
	if (a->columns)
		expect_same_columns(a->columns, b->columns);
}

static void expect_round_trip(const struct predictions *set)
{
	struct error err = ERROR_INIT;
	struct predictions *again;

	cr_assert_eq(predictions_save(set, path, &err), 0, "%s", err.text);
	again = load();
	expect_same(set, again);
	predictions_free(again);
}

Test(prediction_file, everything_comes_back)
{
	static const char *const explanation[] = {
		"flow: {heap} ← &x", "from x (assign) at ./m.go:1:2",
		"flow: {storage for ... argument} = &{storage for \"\xf0\x9f\x98\x80\"}",
		"from f(\") at \", p) (call parameter) at a b.go:300", "and 7 more lines"};
	struct predictions *set = predictions_new();
	struct prediction *p;

	expect_round_trip(set); /* an empty one */

	p = predictions_add(set);
	p->claim = CLAIM_HEAP;
	p->kind = EXPR_COMPOSITE;
	p->package = "example.com/\"quoted\\path";
	p->pos = (struct position){"./\x01tab\t.go", 1048574, 254};
	p->expr = "\"← \xf0\x9f\x98\x80 \xc3\xa9\"";
	p->function = "(*T[go.shape.int]).M";
	p->inlined_known = true;
	p->n_inlined = 2;
	p->inlined = xcalloc(2, sizeof(*p->inlined));
	p->inlined[0] = (struct position){"/abs/a.go", 2, 3};
	p->inlined[1] = (struct position){"b.go", 4, 0};
	p->reason = "assign-pair";
	predictions_explain(set, p, explanation, ARRAY_SIZE(explanation));
	p->wrapper = true;
	for (int kind = EXPR_OTHER; kind <= EXPR_CONSTANT; kind++) { /* every kind has a name of its own */
		p = predictions_add(set);
		p->claim = CLAIM_STACK;
		p->kind = (enum expr_kind)kind;
		p->pos.file = "";
		p->expr = "";
		p->zero_copy = kind == EXPR_STRING_CONV;
		p->maybe_parameter = kind == EXPR_OTHER;
		p->is_extension = kind == EXPR_MAKE_SLICE;
		p->is_in_function = kind == EXPR_NEW;
		p->inlined_known = kind == EXPR_NEW; /* known, and not inlined */
		if (kind == EXPR_MAKE_MAP || kind == EXPR_OTHER)
			p->literal =
				(struct literal_source){30 + kind, kind, 2, kind == EXPR_OTHER, kind != EXPR_OTHER};
		p->statement = (struct source_position){kind % 3, kind % 3 * 7};
		if (kind == EXPR_SLICE_LIT) {
			p->made_on.first_line = 17;
			p->made_on.last_line = 1700;
		}
		if (kind == EXPR_MOVED)
			p->variable = (struct variable_source){
				3, 1, 9, 300, 260, true, true, RANGE_VALUE, VARIABLE_ABSENT, "[]T", 24, 8, true};
		if (kind == EXPR_NEW)
			p->variable = (struct variable_source){.range = RANGE_KEY, .presence = VARIABLE_LISTED};
	}
	predictions_add_package(set, "a");
	predictions_add_package(set, "b");
	predictions_add_package(set, "c");
	set->build = (struct prediction_build){"go1.26.11", "linux",	     "amd64", "-l", "a=b\nc=d\n",
					       "id",	    "example.com/m", "/src",  25,   26};
	*predictions_declare(set) = (struct declaration){"example.com/m", "./m.go", "(*T).M", 7};
	*predictions_declare(set) = (struct declaration){NULL, "./m.go", "f", 9};
	set->lines = 1ull << 40;
	set->unknown_lines = 7;
	set->unknown[0] = "x.go:1: what?";
	set->unknown[1] = "x.go:2: \"that\"";
	set->json_joined = 3;
	set->json_unjoined = 4;
	expect_round_trip(set);
	predictions_free(set);
}

Test(prediction_file, columns_come_back)
{
	struct predictions *set = predictions_new();
	struct column_site *site;

	set->columns = columns_new();
	expect_round_trip(set); /* none, and no reason */
	set->columns->missing = "3 files have \"no\" copy";
	columns_add_function(set->columns, "main.f", UINT64_MAX);
	site = columns_add_site(set->columns);
	site->expr = "append(s, \"\xc3\xa9\\\")";
	site->first = (struct source_position){3, 9};
	site->last = (struct source_position){1048575, SOURCE_COLUMN_BEYOND};
	columns_add_level(set->columns, (struct source_position){3, 15});
	columns_add_level(set->columns, (struct source_position){90, 0});
	columns_add_site(set->columns); /* its file has no copy */
	columns_add_level(set->columns, (struct source_position){0, 0});
	columns_add_function(set->columns, "main.g[go.shape.int]", 1);
	columns_add_function(set->columns, "main.h", 7); /* two of one name, compiled alike */
	columns_add_function(set->columns, "main.h", 7);
	columns_add_site(set->columns);
	columns_add_level(set->columns, (struct source_position){1, 1});
	set->columns->sites[2].at = (struct source_position){2, 14};
	set->columns->sites[2].statement = (struct source_position){1, 3};
	expect_round_trip(set);
	predictions_free(set);
}

/* The lines that an array may be made on are gone through: no more than the compiler has. */
Test(prediction_file, damaged_lines_are_refused)
{
	static const char *const bad[] = {"3", "[]", "[3]", "[3, 3]", "[4, 3]", "[-1, 3]", "[1, 1048576]"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct predictions *set = predictions_new();
		struct error err = ERROR_INIT;
		char *text = xasprintf(
			"{\"schema\": \"escaudit-predictions/1\", \"build\": {}, \"packages\": [], "
			"\"log\": {}, \"predictions\": [{\"claim\": \"heap\", \"kind\": \"slice literal\", "
			"\"file\": \"x.go\", \"line\": 3, \"column\": 1, \"expr\": \"[]T{...}\", \"made_on\": %s}]}",
			bad[i]);

		write_file(text);
		cr_expect_eq(predictions_load(set, path, &err), -EBADMSG, "%s", bad[i]);
		error_release(&err);
		predictions_free(set);
		free(text);
	}
}

Test(prediction_file, damaged_columns_are_refused)
{
	static const char *const bad[] = {
		"{}",
		"{\"functions\": 3}",
		"{\"functions\": [{}]}",
		"{\"functions\": [{\"name\": \"f\"}]}",
		"{\"functions\": [{\"name\": \"f\", \"calls\": 5}]}",
		"{\"functions\": [{\"name\": \"f\", \"calls\": \"5\", \"sites\": [3]}]}",
		"{\"functions\": [{\"name\": \"f\", \"calls\": \"5\", \"sites\": [{\"levels\": []}]}]}",
		"{\"functions\": [{\"name\": \"f\", \"calls\": \"5\", \"sites\": [{\"levels\": [[1]]}]}]}",
		"{\"functions\": [{\"name\": \"f\", \"calls\": \"5\", \"sites\": [{\"levels\": [[1, 2, 3]]}]}]}",
		"{\"functions\": [{\"name\": \"f\", \"calls\": \"5\", \"sites\": [{\"levels\": [[-1, 2]]}]}]}",
		"{\"functions\": [{\"name\": \"f\", \"calls\": \"5\", \"sites\": [{\"levels\": [[1, 256]]}]}]}",
		"{\"functions\": [{\"name\": \"f\", \"calls\": \"5\", \"sites\": [{\"levels\": [[1, 2]], \"expr\": "
		"\"x\"}]}]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct predictions *set = predictions_new();
		struct error err = ERROR_INIT;
		char *text = xasprintf("{\"schema\": \"escaudit-predictions/1\", \"build\": {}, \"packages\": [], "
				       "\"log\": {}, \"columns\": %s, \"predictions\": []}",
				       bad[i]);

		write_file(text);
		cr_expect_eq(predictions_load(set, path, &err), -EBADMSG, "%s", bad[i]);
		cr_expect(err.text && strstr(err.text, "damaged"), "%s: %s", bad[i], err.text ? err.text : "");
		error_release(&err);
		predictions_free(set);
		free(text);
	}
}

Test(prediction_file, a_real_log_comes_back)
{
	struct predictions *set = predictions_new();

	cr_assert_eq(predictions_load(set, "tests/golden/diagnostics/go1.27.log", NULL), 0);
	set->build.directory = "/src/diagnostics";
	cr_assert_eq(predictions_join_json(set, "tests/golden/diagnostics/go1.27.d", NULL, NULL), 0);
	expect_round_trip(set);
	predictions_free(set);
}

Test(prediction_file, bytes_that_are_no_utf8_do_not_break_the_file)
{
	static const char *const bad[] = {"\xff",     "a\x80z",	     "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
					  "\xe2\x82", "\xf0\x9f\x98"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct predictions *set = predictions_new(), *again;
		struct prediction *p = predictions_add(set);

		p->pos.file = "m.go";
		p->expr = bad[i];
		cr_assert_eq(predictions_save(set, path, NULL), 0);
		again = load();
		cr_expect_not_null(strstr(again->items[0].expr, "\xef\xbf\xbd"), "%zu", i);
		cr_expect_eq(again->items[0].expr[0] == 'a', bad[i][0] == 'a');
		predictions_free(again);
		predictions_free(set);
	}
}

Test(prediction_file, a_log_is_told_from_a_saved_set_by_its_first_byte)
{
	struct predictions *set;

	write_file("./m.go:1:2: new(int) escapes to heap\n");
	set = load();
	cr_expect_eq(set->n, 1);
	predictions_free(set);
}

Test(prediction_file, standard_input_has_either)
{
	struct predictions *set = predictions_new();
	struct error err = ERROR_INIT;

	write_file("{\"schema\": \"escaudit-predictions/1\", \"predictions\": [\n"
		   "{\"claim\": \"heap\", \"kind\": \"new\", \"file\": \"m.go\", \"line\": 1, \"column\": 2, \"expr\": "
		   "\"new(int)\"}]}");
	cr_assert_not_null(freopen(path, "r", stdin));
	cr_assert_eq(predictions_load(set, "-", &err), 0, "%s", err.text);
	cr_expect_eq(set->n, 1);
	cr_assert_not_null(freopen("tests/golden/diagnostics/go1.19.log", "r", stdin));
	cr_assert_eq(predictions_load(set, "-", &err), 0, "%s", err.text);
	cr_expect_gt(set->n, 50);
	predictions_free(set);
}

static void expect_refused(const char *text, int code, const char *part)
{
	struct predictions *set = predictions_new();
	struct error err = ERROR_INIT;

	write_file(text);
	cr_expect_eq(predictions_load(set, path, &err), code, "%s: %s", text, err.text);
	if (err.text)
		cr_expect_not_null(strstr(err.text, part), "%s: %s", text, err.text);
	error_release(&err);
	predictions_free(set);
}

#define SET(items) "{\"schema\": \"escaudit-predictions/1\", \"predictions\": [" items "]}"
#define ITEM(claim, kind, line, more)                                                                                  \
	"{\"claim\": \"" claim "\", \"kind\": \"" kind "\", \"file\": \"f\", \"line\": " line                          \
	", \"column\": 1, \"expr\": \"x\"" more "}"

Test(prediction_file, members_in_another_order_and_unknown_ones_do_no_harm)
{
	struct predictions *set;

	write_file("{\"later\": [[{}]], \"predictions\": [" ITEM(
		"heap", "new", "1",
		", \"more\": {\"a\": [1e300]}") "],\n"
						"\"columns\": {\"next\": 1, \"functions\": [{\"sites\": [{\"levels\": "
						"[[3, 4]]}], \"name\": \"f\", "
						"\"calls\": \"5\"}], \"missing\": \"m\"}, \"packages\": [\"p\"], "
						"\"schema\": "
						"\"escaudit-predictions/1\"}");
	set = load();
	cr_expect_eq(set->n, 1);
	cr_expect_eq(set->n_packages, 1);
	cr_assert_not_null(set->columns);
	cr_expect_eq(set->columns->n_functions, 1);
	cr_expect_str_eq(set->columns->missing, "m");
	predictions_free(set);
}

Test(prediction_file, damage_is_named)
{
	struct predictions *set;

	write_file(SET(ITEM("heap", "new", "1", ", \"inlined\": [], \"why\": [\"a\"]")));
	set = load(); /* what the others are variations of */
	cr_expect(set->items[0].inlined_known);
	predictions_free(set);

	expect_refused("{", -EBADMSG, "line 1");
	expect_refused("{}", -EPROTONOSUPPORT, "its schema is '(none)'");
	expect_refused("{\"schema\": \"escaudit-predictions/2\"}", -EPROTONOSUPPORT,
		       "its schema is 'escaudit-predictions/2'");
	expect_refused("{\"schema\": \"escaudit-predictions/1\"}", -EBADMSG, "it is damaged; save it again");
	expect_refused("{\"schema\": \"escaudit-predictions/1\", \"packages\": [1], \"predictions\": []}", -EBADMSG,
		       "damaged");
	expect_refused("{\"schema\": \"escaudit-predictions/1\", \"log\": {\"unknown\": 1}, \"predictions\": []}",
		       -EBADMSG, "damaged");
	expect_refused(SET("1"), -EBADMSG, "prediction 1 is damaged; save it again");
	expect_refused(SET(ITEM("heap", "new", "1", "") ", {}"), -EBADMSG, "prediction 2 is damaged");
	expect_refused(SET(ITEM("heaps", "new", "1", "")), -EBADMSG, "prediction 1");
	expect_refused(SET(ITEM("heap", "news", "1", "")), -EBADMSG, "prediction 1");
	expect_refused(SET(ITEM("heap", "new", "-1", "")), -EBADMSG, "prediction 1");
	expect_refused(SET(ITEM("heap", "new", "4294967296", "")), -EBADMSG, "prediction 1");
	expect_refused(SET(ITEM("heap", "new", "\"1\"", "")), -EBADMSG, "prediction 1");
	expect_refused(SET(ITEM("heap", "new", "1", ", \"why\": [1]")), -EBADMSG, "prediction 1");
	expect_refused(SET(ITEM("heap", "new", "1", ", \"why\": \"a\"")), -EBADMSG, "prediction 1");
	expect_refused(SET(ITEM("heap", "new", "1", ", \"inlined\": 1")), -EBADMSG, "prediction 1");
	expect_refused(SET(ITEM("heap", "new", "1", ", \"inlined\": [{\"file\": \"f\"}]")), -EBADMSG, "prediction 1");
	expect_refused("{\"schema\": \"escaudit-predictions/1\", \"functions\": 1, \"predictions\": []}", -EBADMSG,
		       "damaged");
	expect_refused("{\"schema\": \"escaudit-predictions/1\", \"functions\": [{\"file\": \"f\", \"name\": \"g\"}], "
		       "\"predictions\": []}",
		       -EBADMSG, "damaged");
	expect_refused(SET("") "x", -EBADMSG, "line 1");
	expect_refused(SET("\n{\"line\":\n\"\xff\"}"), -EBADMSG, "line 3");
	expect_refused("{\"predictions\": [], \"predictions\": [], \"schema\": \"escaudit-predictions/1\"}", -EBADMSG,
		       "damaged");
	expect_refused("\x1f\x8b", -EBADMSG, "gzip data, a recording perhaps; name the predictions first");
	expect_refused("", -ENODATA, "; make the log with: ");
}

Test(prediction_file, what_cannot_be_opened_or_written_is_named)
{
	struct predictions *set = predictions_new();
	struct error err = ERROR_INIT;
	struct stat st;

	cr_expect_eq(predictions_load(set, "/nowhere/set.json", &err), -ENOENT);
	cr_expect_str_eq(err.text, "predictions: failed to open '/nowhere/set.json': No such file or directory");
	cr_expect_eq(predictions_load(set, "tests", &err), -EISDIR);
	cr_expect_eq(predictions_save(set, "/nowhere/set.json", &err), -ENOENT);
	cr_expect_eq(predictions_save(set, "/dev/full", &err), -ENOSPC);
	cr_expect_str_eq(err.text, "predictions: failed to write '/dev/full': No space left on device");
	cr_expect_eq(stat("/dev/full", &st), 0, "and it is there still");
	error_release(&err);
	predictions_free(set);
}
