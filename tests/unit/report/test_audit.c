/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/assertion.h"
#include "report/header.h"
#include "tests/unit/report/fixture.h"

static const struct report_options plain = {.width = 100, .limit = 20};

static void expect_text(struct fixture *x, const struct report_options *options, const char *golden)
{
	struct capture c;

	cr_expect_eq(report_audit_text(capture_begin(&c), &x->audit, x->set, options), 0);
	capture_expect(&c, golden);
	fixture_release(x);
}

Test(audit, text)
{
	struct fixture x;

	fixture_init(&x);
	expect_text(&x, &plain, "audit.txt");
}

Test(audit, text_of_all)
{
	struct report_options options = plain;
	struct fixture x;

	options.all = true;
	fixture_init(&x);
	expect_text(&x, &options, "audit-all.txt");
}

/* Predictions of a log: nothing is said of columns but where they are missed. */
Test(audit, text_without_columns)
{
	struct fixture x;

	fixture_init(&x);
	columns_free(x.set->columns);
	x.set->columns = NULL;
	expect_text(&x, &plain, "audit-plain.txt");
}

Test(audit, text_in_colour)
{
	struct report_options options = plain;
	struct fixture x;

	options.colour = true;
	fixture_init(&x);
	expect_text(&x, &options, "audit-colour.txt");
}

Test(audit, text_on_a_narrow_terminal)
{
	struct report_options options = plain;
	struct fixture x;

	options.width = 70;
	fixture_init(&x);
	expect_text(&x, &options, "audit-narrow.txt");
}

Test(audit, text_says_what_was_left_out)
{
	struct report_options options = plain;
	struct fixture x;

	options.limit = 1;
	fixture_init(&x);
	expect_text(&x, &options, "audit-limit.txt");
}

static void expect_log(struct fixture *x, size_t duplicates, size_t runtime, const char *want)
{
	struct strbuf sb = STRBUF_INIT;

	x->audit.n_duplicates = duplicates;
	x->audit.n_runtime_predictions = runtime;
	header_add_log(&sb, &x->audit, x->set);
	cr_expect_str_eq(strbuf_str(&sb), want);
	strbuf_release(&sb);
}

static void expect_columns(struct fixture *x, const char *want)
{
	struct strbuf sb = STRBUF_INIT;

	header_add_columns(&sb, &x->audit, x->set);
	cr_expect_str_eq(strbuf_str(&sb), want);
	strbuf_release(&sb);
}

/* No file is without a copy, and functions are left out all the same. */
Test(audit, columns_that_are_missing_have_a_reason)
{
	struct fixture x;

	fixture_init(&x);
	expect_columns(&x, "known for 3 of 4 functions with allocations; 2 files have no copy");
	x.set->columns->missing = NULL;
	x.rec->header.modinfo = NULL;
	expect_columns(&x, "known for 3 of 4 functions with allocations; the others' calls differ in the build that "
			   "tells columns");
	x.rec->header.modinfo = "build\t-pgo=/src/default.pgo\n";
	expect_columns(&x, "known for 3 of 4 functions with allocations; the others' calls differ in the build that "
			   "tells columns, where the profile (-pgo) inlines otherwise");
	x.rec->header.modinfo = NULL;
	x.audit.n_foreign_functions = 1;
	expect_columns(&x, "known for 3 of 4 functions with allocations; 1 is an instance of packages that were not "
			   "predicted");
	x.audit.n_functions = 6;
	x.audit.n_foreign_functions = 2;
	expect_columns(&x, "known for 3 of 6 functions with allocations; 2 are instances of packages that were not "
			   "predicted; the others' calls differ in the build that tells columns");
	x.audit.n_functions = 4;
	x.audit.n_foreign_functions = 0;
	x.audit.n_known_functions = 4;
	expect_columns(&x, "known for 4 of 4 functions with allocations");
	fixture_release(&x);
}

/* What is in the log and in no row. */
Test(audit, predictions_without_a_verdict_are_counted)
{
	struct fixture x;

	fixture_init(&x);
	expect_log(&x, 0, 0, "3 predictions in 2 packages, of the same build");
	expect_log(&x, 1, 0, "3 predictions (1 duplicate) in 2 packages, of the same build");
	expect_log(&x, 2, 0, "3 predictions (2 duplicates) in 2 packages, of the same build");
	expect_log(&x, 0, 1, "3 predictions (1 the runtime's own) in 2 packages, of the same build");
	expect_log(&x, 2, 1, "3 predictions (2 duplicates, 1 the runtime's own) in 2 packages, of the same build");
	x.audit.n_cgo_predictions = 4;
	expect_log(&x, 0, 0, "3 predictions (4 cgo's own) in 2 packages, of the same build");
	expect_log(&x, 2, 1,
		   "3 predictions (2 duplicates, 1 the runtime's own, 4 cgo's own) in 2 packages, of the same build");
	fixture_release(&x);
}

/* The first words are those of the mismatch; losses and missing entries are as loud. */
Test(audit, text_that_is_not_to_be_believed)
{
	static const char *mismatches[] = {"log made by go1.26.11, binary by go1.27.3",
					   "the binary was built with -race, the log without"};
	struct fixture x;

	fixture_init(&x);
	x.audit.match = BUILD_MATCH_DIFFERENT;
	x.audit.mismatches = mismatches;
	x.audit.n_mismatches = 2;
	recording_add_loss(x.rec, "stack map full", 7);
	recording_add_loss(x.rec, "read fault", 1);
	x.rec->header.coverage = "runtime.mallocgcLarge is inlined into runtime.mallocgc: large objects are missed";
	x.rec->header.exit_status = 137;
	x.rec->header.window_complete = false;
	x.set->unknown_lines = 3;
	expect_text(&x, &plain, "audit-mismatch.txt");
}

Test(audit, text_of_a_sampled_recording)
{
	struct fixture x;

	fixture_init(&x);
	x.rec->header.mode = REC_MODE_SAMPLE;
	x.rec->header.exit_status = -1;
	x.audit.match = BUILD_MATCH_UNKNOWN;
	for (size_t i = 0; i < x.audit.n; i++)
		x.items[i].samples = (x.items[i].samples + 9) / 10;
	x.audit.samples = 80;
	expect_text(&x, &(struct report_options){.width = 100, .all = true}, "audit-sample.txt");
}

/* What a heap profile of Go's own does not show it bounds in bytes. */
Test(audit, text_of_a_heap_profile)
{
	struct fixture x;
	struct capture c;

	fixture_init(&x);
	x.rec->header.mode = REC_MODE_PROFILE;
	x.rec->header.exit_status = -1;
	x.rec->header.period = 524288;
	for (size_t i = 0; i < x.audit.n; i++) {
		if (x.items[i].upper_per_second > 0) {
			x.items[i].upper_per_second = 0;
			x.items[i].upper_bytes = 3 * 524288;
		}
	}
	cr_expect_eq(report_audit_text(capture_begin(&c), &x.audit, x.set,
				       &(struct report_options){.width = 200, .all = true}),
		     0);
	fclose(c.f);
	cr_expect(strstr(c.text, "none in 800 samples, at most 1.57 MB (95%)"), "%s", c.text);
	cr_expect(strstr(c.text, "one sample every 524 kB; a line that is not in it made less than"), "%s", c.text);
	free(c.text);
	fixture_release(&x);
}

Test(audit, text_of_nothing)
{
	struct fixture x = {.rec = recording_new(), .set = predictions_new()};

	x.audit.rec = x.rec;
	expect_text(&x, &plain, "audit-nothing.txt");
}

/* If the sums do not add up the reader hears of it. */
Test(audit, text_tells_its_own_faults)
{
	struct capture c;
	struct fixture x;

	fixture_init(&x);
	x.audit.runtime_objects -= 2;
	x.audit.runtime_bytes -= 80;
	cr_expect_eq(report_audit_text(capture_begin(&c), &x.audit, x.set, &plain), 0);
	fclose(c.f);
	cr_expect(strstr(c.text, "80 B  <0.1%        2  unaccounted"), "%s", c.text);
	free(c.text);
	x.audit.runtime_objects += 5;
	x.audit.runtime_bytes += 200;
	cr_expect_eq(report_audit_text(capture_begin(&c), &x.audit, x.set, &plain), 0);
	fclose(c.f);
	cr_expect(strstr(c.text, "120 B  <0.1%        3  counted twice"), "%s", c.text);
	free(c.text);
	fixture_release(&x);
}

/* No line is wider than asked for, names of any kind included, and none steers the terminal. */
Test(audit, text_keeps_its_width)
{
	static const int widths[] = {70, 80, 100, 132};
	char name[600];
	struct fixture x;

	fixture_init(&x);
	for (size_t i = 0; i < sizeof(name) - 1; i++)
		name[i] = "abc 名\033"[i % 8];
	name[sizeof(name) - 1] = '\0';
	x.items[0].type = x.items[1].expr = x.items[2].file = name;
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		struct report_options options = {.width = widths[i], .all = true};
		struct capture c;
		char *save = NULL;

		cr_expect_eq(report_audit_text(capture_begin(&c), &x.audit, x.set, &options), 0);
		fclose(c.f);
		cr_expect_not(strchr(c.text, '\033'));
		for (char *line = strtok_r(c.text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			size_t columns = 0;

			for (const char *s = line; *s; s++)
				columns +=
					(*s & 0xc0) != 0x80; /* the wide characters are counted once: a lower bound */
			cr_expect_leq(columns, (size_t)widths[i], "%s", line);
		}
		free(c.text);
	}
	fixture_release(&x);
}

Test(audit, json)
{
	struct capture c;
	struct fixture x;

	fixture_init(&x);
	recording_add_loss(x.rec, "read fault", 1);
	cr_expect_eq(report_audit_json(capture_begin(&c), &x.audit, x.set), 0);
	capture_expect(&c, "audit.json");
	fixture_release(&x);
}

static json_int_t number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	cr_assert(json_is_integer(value), "%s", name);
	return json_integer_value(value);
}

/* What any reader of it relies on: it parses, has the common members, and its sums are those of the recording. */
Test(audit, json_adds_up)
{
	static const char *const members[] = {"schema", "tool", "target", "window", "losses", "verdicts", "totals"};
	json_int_t objects = 0, bytes = 0;
	struct capture c;
	struct fixture x;
	json_error_t error;
	json_t *root, *row;
	size_t i;

	fixture_init(&x);
	x.items[0].type = "\xff\033\"\\";
	cr_expect_eq(report_audit_json(capture_begin(&c), &x.audit, x.set), 0);
	fclose(c.f);
	root = json_loads(c.text, JSON_REJECT_DUPLICATES, &error);
	cr_assert_not_null(root, "%s: %s", error.text, c.text);
	for (i = 0; i < ARRAY_SIZE(members); i++)
		cr_expect_not_null(json_object_get(root, members[i]), "%s", members[i]);
	json_array_foreach(json_object_get(root, "verdicts"), i, row)
	{
		objects += number(row, "objects");
		bytes += number(row, "bytes");
	}
	cr_expect_str_eq(
		json_string_value(json_object_get(json_array_get(json_object_get(root, "verdicts"), 0), "type")),
		"\xef\xbf\xbd\033\"\\");
	objects += number(json_object_get(root, "elsewhere"), "objects") +
		   number(json_object_get(root, "runtime"), "objects");
	bytes +=
		number(json_object_get(root, "elsewhere"), "bytes") + number(json_object_get(root, "runtime"), "bytes");
	cr_expect_eq(objects, number(json_object_get(root, "observed"), "objects"));
	cr_expect_eq(bytes, number(json_object_get(root, "observed"), "bytes"));
	cr_expect_eq(objects, 1009 + 503 + 11 + 13 + 14503 + 17 + 7);
	json_decref(root);
	free(c.text);
	fixture_release(&x);
}

Test(audit, assertions)
{
	static const char *why[] = {"new object of cart.Item at cart/item.go:21: 1009 objects, 16144 bytes"};
	struct assertion items[] = {
		{.file = "cart/item.go",
		 .verdict = ASSERTION_BROKEN,
		 .objects = 1009,
		 .bytes = 16144,
		 .why = why,
		 .n_why = 1,
		 .directive = {DIRECTIVE_NOALLOC, true, "//escaudit:noalloc calls", 17, 18, 23, 23, false, "newItem"}},
		{.file = "cart/cart.go",
		 .verdict = ASSERTION_NEVER_EXECUTED,
		 .directive = {DIRECTIVE_NOESCAPE, false, "//gcassert:noescape", 40, 41, 41, 41, false, NULL}},
		{.file = "cart/cart.go",
		 .verdict = ASSERTION_HELD,
		 .directive = {DIRECTIVE_NOALLOC, false, "//escaudit:noalloc", 60, 60, 60, 60, false, NULL}},
	};
	const struct assertions assertions = {.items = items, .n = 3, .n_verdicts = {1, 1, 1, 0}};
	struct capture c;
	struct fixture x;

	fixture_init(&x);
	x.audit.n = 0;
	x.audit.assertions = &assertions;
	cr_expect_eq(report_audit_text(capture_begin(&c), &x.audit, x.set, &plain), 0);
	capture_expect(&c, "audit-assertions.txt");
	cr_expect_eq(report_audit_json(capture_begin(&c), &x.audit, x.set), 0);
	capture_expect(&c, "audit-assertions.json");
	fixture_release(&x);
}

/* A reader that went away or a full disk is an error, not a short report. */
Test(audit, failed_output_is_an_error)
{
	char small[64];
	struct fixture x;
	FILE *f;

	fixture_init(&x);
	f = fmemopen(small, sizeof(small), "w");
	cr_assert_not_null(f);
	cr_expect_eq(report_audit_text(f, &x.audit, x.set, &plain), -EIO);
	fclose(f);
	f = fmemopen(small, sizeof(small), "w");
	cr_assert_not_null(f);
	cr_expect_eq(report_audit_json(f, &x.audit, x.set), -EIO);
	fclose(f);
	fixture_release(&x);
}
