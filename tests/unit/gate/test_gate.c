/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "audit/assertion.h"
#include "base/memory.h"
#include "diff/bench.h"
#include "gate/gate.h"

#define NOW ((time_t)1800000000) /* 2027-01-15 */

static struct gate gate_of(const char *list)
{
	struct gate gate = GATE_INIT;
	struct error err = ERROR_INIT;

	cr_assert_eq(gate_parse(&gate, list, &err), 0, "%s: %s", list, err.text);
	return gate;
}

Test(gate, grammar)
{
	static const char *const good[] = {
		"broken",	"unproven>2",	    "violated",	 "violated>3", "violated.bytes>1kB/op",
		"new-heap",	"more>5%",	    "more>0",	 "more>0.5",   "more.bytes>1KiB/op",
		"bytes>1MB/op", "objects>12.25/op", "bytes>10%", "a",
	};
	static const char *const bad[] = {
		"",
		"nonsense",
		"violated>",
		"violated>x",
		"violated>-1",
		"violated>1kB",
		"violated>5%",
		"bytes",
		"bytes>1.5.5MB",
		"bytes.lines>1",
		"more.lines>1",
		"more.weight>1",
		"more>5%/op",
		"violated>1/op",
		"objects>1kB",
		"violated,",
		"violated,,held",
		"bytes>1e6",
		"bytes>12345678901234567",
		"bytes>1.1234567",
		"bytes>1 MB 2",
		"more>%",
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i + 1 < ARRAY_SIZE(good); i++) {
		struct gate gate = gate_of(good[i]);

		cr_expect_eq(gate.n, 1);
		gate_release(&gate);
	}
	for (size_t i = 1; i < ARRAY_SIZE(bad); i++) {
		struct gate gate = GATE_INIT;

		cr_expect_eq(gate_parse(&gate, bad[i], &err), -EINVAL, "'%s' was taken", bad[i]);
		gate_release(&gate);
		error_release(&err);
	}
}

Test(gate, numbers_are_exact)
{
	struct gate gate = gate_of("violated , held>0, bytes > 1.5 kB/op,more>0.1%");

	cr_assert_eq(gate.n, 4);
	cr_expect_str_eq(gate.items[0].text, "violated");
	cr_expect_eq(gate.items[2].number, 15000);
	cr_expect_eq(gate.items[2].scale, 10);
	cr_expect(gate.items[2].per_op);
	cr_expect(gate.items[3].percent);
	cr_expect_eq(gate.items[3].number, 1);
	cr_expect_eq(gate.items[3].scale, 10);
	cr_expect_eq(gate_verdicts(&gate), 1u << VERDICT_VIOLATED | 1u << VERDICT_HELD);
	gate_release(&gate);
}

/* ---- verdicts --------------------------------------------------------------------------------------------------- */

struct scene {
	struct recording *rec;
	struct verdict verdicts[3];
	struct audit audit;
};

static void scene_init(struct scene *s)
{
	struct rec_observation *o;

	memset(s, 0, sizeof(*s));
	s->rec = recording_new();
	o = recording_add_observation(s->rec);
	o->user = REC_NO_USER_FRAME;
	o->objects = 100;
	o->bytes = 3000;
	s->verdicts[0] = (struct verdict){.kind = VERDICT_VIOLATED,
					  .function = "main.f",
					  .file = "x.go",
					  .line = 1,
					  .expr = "make([]int, n)",
					  .cause = CAUSE_MAKE_SLICE,
					  .objects = 10,
					  .bytes = 1000};
	s->verdicts[1] = s->verdicts[0];
	s->verdicts[1].function = "main.g";
	s->verdicts[2] = (struct verdict){.kind = VERDICT_CONFIRMED, .function = "main.h", .file = "x.go"};
	s->audit = (struct audit){.rec = s->rec, .items = s->verdicts, .n = 3, .n_packages = 1};
}

static size_t trips(const struct scene *s, const char *list, struct baseline *baseline, uint64_t units)
{
	struct gate gate = gate_of(list);
	struct gate_result result = {.n = 0};
	struct error err = ERROR_INIT;
	size_t n;

	cr_assert_eq(gate_judge_audit(&gate, baseline, &s->audit, units, &result, &err), 0, "%s", err.text);
	n = result.n;
	gate_result_release(&result);
	gate_release(&gate);
	return n;
}

Test(gate, of_verdicts)
{
	static const struct {
		const char *list;
		size_t trips;
	} cases[] = {
		{"violated", 1},
		{"violated>1", 1},
		{"violated>2", 0},
		{"unpredicted", 0},
		{"violated,confirmed", 2},
		{"violated.objects>19", 1},
		{"violated.objects>20", 0},
		{"violated.bytes>1.999kB", 1},
		{"violated.bytes>2kB", 0},
		{"bytes>2.999kB", 1},
		{"bytes>3kB", 0},
		{"objects>99", 1},
		{"objects>100", 0},
		/* 100 objects in 7 operations are 14.28…, never 14 */
		{"objects>14/op", 1},
		{"objects>14.285714/op", 1},
		{"objects>14.285715/op", 0},
		{"bytes>428.57B/op", 1},
	};
	struct scene s;

	scene_init(&s);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(trips(&s, cases[i].list, NULL, 7), cases[i].trips, "%s", cases[i].list);
	recording_free(s.rec);
}

Test(gate, that_cannot_be_judged_fails)
{
	static const char *const lists[] = {"bytes>1MB/op", "new-heap", "more>5%", "bytes>5%"};
	struct scene s;

	scene_init(&s);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct gate gate = gate_of(lists[i]);
		struct gate_result result = {.n = 0};
		struct error err = ERROR_INIT;

		cr_expect_eq(gate_judge_audit(&gate, NULL, &s.audit, 0, &result, &err), -ENODATA, "%s", lists[i]);
		cr_expect_not_null(err.text);
		error_release(&err);
		gate_result_release(&result);
		gate_release(&gate);
	}
	recording_free(s.rec);
}

/* ---- baselines -------------------------------------------------------------------------------------------------- */

static struct baseline *baseline_of(const char *text)
{
	struct error err = ERROR_INIT;
	struct baseline *b;

	cr_assert_eq(baseline_read_bytes(&b, text, strlen(text), "b.json", NOW, &err), 0, "%s", err.text);
	return b;
}

#define BASELINE(...) "{\"schema\":\"escaudit-baseline/1\"," __VA_ARGS__ "}"

Test(baseline, accepts_what_it_names)
{
	struct baseline *b = baseline_of(BASELINE(
		"\"fail_on\":[\"violated\",\"bytes>1MB\"],\"accept\":["
		"{\"function\":\"main.f\",\"expr\":\"make([]int, n)\",\"reason\":\"known\",\"expires\":\"2027-01-15\"},"
		"{\"function\":\"main.old\",\"reason\":\"known\",\"expires\":\"2028-02-29\"}]"));
	struct scene s;

	scene_init(&s);
	cr_expect_str_eq(baseline_fail_on(b), "violated,bytes>1MB");
	cr_expect_eq(trips(&s, "violated", b, 1), 1, "main.g is not accepted");
	cr_expect_eq(trips(&s, "violated>1", b, 1), 0, "main.f is");
	cr_expect_eq(trips(&s, "bytes>1kB", b, 1), 1, "totals have no lines to accept");
	cr_expect(baseline_entry(b, 0)->used);
	cr_expect_not(baseline_entry(b, 1)->used);
	baseline_free(b);
	recording_free(s.rec);
}

Test(baseline, an_expired_entry_trips_and_accepts_nothing)
{
	struct baseline *b = baseline_of(BASELINE("\"accept\":[{\"file\":\"x.go\",\"reason\":\"soon\","
						  "\"expires\":\"2027-01-14\"}]"));
	struct scene s;

	scene_init(&s);
	cr_expect_eq(trips(&s, "unpredicted", b, 1), 1, "the entry itself");
	cr_expect_eq(trips(&s, "violated>1", b, 1), 2, "the entry, and the lines");
	baseline_free(b);
	recording_free(s.rec);
}

Test(baseline, faults_are_errors)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{",
		"{\"schema\":\"escaudit-baseline/2\"}",
		BASELINE("\"acept\":[]"),
		BASELINE("\"accept\":{}"),
		BASELINE("\"accept\":[1]"),
		BASELINE("\"fail_on\":\"violated\""),
		BASELINE("\"fail_on\":[1]"),
		BASELINE("\"accept\":[{\"function\":\"f\",\"expires\":\"2027-01-15\"}]"),
		BASELINE("\"accept\":[{\"function\":\"f\",\"reason\":\"r\"}]"),
		BASELINE("\"accept\":[{\"function\":\"f\",\"reason\":\"\",\"expires\":\"2027-01-15\"}]"),
		BASELINE("\"accept\":[{\"function\":\"f\",\"reason\":\"r\",\"expires\":\"2027-02-29\"}]"),
		BASELINE("\"accept\":[{\"function\":\"f\",\"reason\":\"r\",\"expires\":\"never\"}]"),
		BASELINE("\"accept\":[{\"type\":\"int\",\"reason\":\"r\",\"expires\":\"2027-01-15\"}]"),
		BASELINE(
			"\"accept\":[{\"function\":\"f\",\"line\":\"3\",\"reason\":\"r\",\"expires\":\"2027-01-15\"}]"),
		BASELINE("\"accept\":[{\"function\":\"f\",\"cause\":\"x\",\"reason\":\"r\",\"expires\":\"2027-01-15\"}"
			 "]"),
		BASELINE("\"accept\":[{\"function\":\"f\",\"verdict\":\"x\",\"reason\":\"r\",\"expires\":\"2027-01-"
			 "15\"}]"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;
		struct baseline *b;

		cr_expect_lt(baseline_read_bytes(&b, bad[i], strlen(bad[i]), "b.json", NOW, &err), 0, "%s", bad[i]);
		cr_expect_null(b);
		error_release(&err);
	}
}

/* ---- differences ------------------------------------------------------------------------------------------------ */

static size_t diff_trips(struct diff *diff, const char *list, bool has_units, int expected)
{
	struct gate gate = gate_of(list);
	struct gate_result result = {.n = 0};
	struct error err = ERROR_INIT;
	size_t n;

	cr_expect_eq(gate_judge_diff(&gate, NULL, diff, has_units, &result, &err), expected, "%s: %s", list, err.text);
	error_release(&err);
	n = result.n;
	gate_result_release(&result);
	gate_release(&gate);
	return n;
}

static struct diff_row row_of(enum diff_change change, uint64_t before, uint64_t after)
{
	struct diff_row row = {.change = change};

	row.before = (struct diff_side){.present = before, .file = "x.go", .objects = before, .bytes = before * 16};
	row.after = (struct diff_side){.present = true, .file = "x.go", .objects = after, .bytes = after * 16};
	return row;
}

Test(gate, of_differences)
{
	static const struct {
		const char *list;
		size_t trips;
	} cases[] = {
		{"new-heap", 1},    {"new-heap>1", 0},	   {"new-heap.objects>29", 1}, {"new-heap.objects>30", 0},
		{"more>0", 1},	    {"more>5%", 1},	   {"more>999%", 1},	       {"more>4", 1},
		{"more>30", 0},	    {"more.bytes>479", 1}, {"more.bytes>480", 0},      {"objects>231", 1},
		{"objects>235", 0}, {"objects>17.4%", 1},  {"objects>17.5%", 0},       {"bytes>3.7kB", 1},
		{"bytes>4kB", 0},
	};
	struct recording *a = recording_new(), *b = recording_new();
	struct diff_row rows[] = {row_of(DIFF_NEW, 0, 30), row_of(DIFF_MORE, 100, 105), row_of(DIFF_SAME, 100, 100),
				  row_of(DIFF_MORE, 1, 5000)};
	struct diff diff = {.before = {a, NULL, 1},
			    .after = {b, NULL, 1},
			    .rows = rows,
			    .n = 4,
			    .sums_before = {201, 3216, 1, 16},
			    .sums_after = {5235, 83760, 5000, 80000}};

	rows[3].noise = DIFF_NOISE_RUNTIME;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(diff_trips(&diff, cases[i].list, true, 0), cases[i].trips, "%s", cases[i].list);
	/* without the new line: five of a hundred are five per cent and not more */
	diff.rows++;
	diff.n--;
	cr_expect_eq(diff_trips(&diff, "more>5%", true, 0), 0);
	cr_expect_eq(diff_trips(&diff, "more>4.999999%", true, 0), 1);
	recording_free(a);
	recording_free(b);
}

Test(gate, of_differences_that_cannot_be_judged)
{
	struct recording *a = recording_new(), *b = recording_new();
	struct diff diff = {.before = {a, NULL, 1}, .after = {b, NULL, 1}, .sums_before = {1, 8, 0, 0}};

	diff_trips(&diff, "violated", true, -ENODATA);
	diff_trips(&diff, "bytes>1MB/op", false, -ENODATA);
	diff_trips(&diff, "more>0", true, 0);
	diff.sums_before.objects = 0;
	diff_trips(&diff, "more>0", true, -ENODATA);
	diff_trips(&diff, "new-heap", true, -ENODATA);
	diff_trips(&diff, "bytes>5%", true, -ENODATA);
	diff_trips(&diff, "bytes>5MB", true, 0);
	a->header.start_unix_ns = b->header.start_unix_ns = 7;
	diff_trips(&diff, "bytes>5MB", true, -ENODATA);
	recording_free(a);
	recording_free(b);
}

/* ---- benchmarks ------------------------------------------------------------------------------------------------- */

static struct bench bench_of(const char *text)
{
	struct bench b;
	struct error err = ERROR_INIT;

	cr_assert_eq(bench_read_bytes(&b, text, strlen(text), "bench.txt", &err), 0, "%s", err.text);
	return b;
}

Test(bench, iterations)
{
	struct bench b = bench_of("goos: linux\nBenchmarkA-8   \t    1000\t      1234 ns/op\t      56 B/op\n"
				  "BenchmarkA-8   \t    2000\t      1230 ns/op\r\nBenchmarkB\n"
				  "BenchmarkB/size-7-16\t 5\t 1 ns/op\nBenchmarkC 1\nPASS\n");

	cr_assert_eq(b.n, 2);
	cr_expect_str_eq(b.items[0].name, "BenchmarkA");
	cr_expect_eq(b.items[0].iterations, 3000);
	cr_expect_str_eq(b.items[1].name, "BenchmarkB/size-7");
	cr_expect_eq(b.items[1].iterations, 5);
	bench_release(&b);
}

Test(bench, units)
{
	static const struct {
		const char *before, *after;
		int ret;
		uint64_t a, b;
	} cases[] = {
		{"BenchmarkA-8 10 1 ns/op\n", "BenchmarkA-4 30 1 ns/op\n", 0, 10, 30},
		{"BenchmarkA 10 1 ns/op\nBenchmarkB 20 1 ns/op\n", "BenchmarkA 20 1 ns/op\nBenchmarkB 40 1 ns/op\n", 0,
		 30, 60},
		{"BenchmarkA 10 1 ns/op\nBenchmarkB 20 1 ns/op\n", "BenchmarkA 20 1 ns/op\nBenchmarkB 41 1 ns/op\n",
		 -EINVAL, 0, 0},
		{"BenchmarkA 10 1 ns/op\n", "BenchmarkB 10 1 ns/op\n", -EINVAL, 0, 0},
		{"BenchmarkA 10 1 ns/op\nBenchmarkB 10 1 ns/op\n", "BenchmarkB 10 1 ns/op\n", -EINVAL, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bench before = bench_of(cases[i].before), after = bench_of(cases[i].after);
		struct error err = ERROR_INIT;
		uint64_t a, b;

		cr_expect_eq(bench_units(&before, &after, &a, &b, &err), cases[i].ret, "case %zu", i);
		if (!cases[i].ret) {
			cr_expect_eq(a, cases[i].a);
			cr_expect_eq(b, cases[i].b);
		}
		error_release(&err);
		bench_release(&before);
		bench_release(&after);
	}
}

Test(bench, of_one_package)
{
	static const char text[] = "pkg: example.com/a\nBenchmarkX-8 10 1 ns/op\nBenchmarkY-8 20 1 ns/op\nPASS\n"
				   "pkg: example.com/b\nBenchmarkX-8 30 1 ns/op\n";
	struct error err = ERROR_INIT;
	struct bench b = bench_of(text);

	cr_expect_eq(b.n, 3);
	cr_expect_eq(bench_select(&b, "example.com/a", &err), 0);
	cr_assert_eq(b.n, 2);
	cr_expect_str_eq(b.items[1].name, "BenchmarkY");
	bench_release(&b);
	b = bench_of(text);
	cr_expect_eq(bench_select(&b, "example.com/b", &err), 0);
	cr_assert_eq(b.n, 1);
	cr_expect_eq(b.items[0].iterations, 30);
	bench_release(&b);
	b = bench_of(text);
	cr_expect_eq(bench_select(&b, "example.com/c", &err), -ENODATA);
	error_release(&err);
	bench_release(&b);
	b = bench_of(text);
	cr_expect_eq(bench_select(&b, NULL, &err), -EINVAL);
	error_release(&err);
	bench_release(&b);
	b = bench_of("BenchmarkX-8 10 1 ns/op\n"); /* older output does not say */
	cr_expect_eq(bench_select(&b, "example.com/c", &err), 0);
	cr_expect_eq(b.n, 1);
	bench_release(&b);
}

Test(bench, nothing_in_it)
{
	struct error err = ERROR_INIT;
	struct bench b;

	cr_expect_eq(bench_read_bytes(&b, "PASS\nok x 0.1s\n", 15, "bench.txt", &err), -ENODATA);
	error_release(&err);
	cr_expect_eq(bench_read_bytes(&b, "BenchmarkA 0 1 ns/op\n", 21, "bench.txt", &err), -ENODATA);
	error_release(&err);
}

/* ---- assertions ------------------------------------------------------------------------------------------------- */

Test(gate, assertions)
{
	struct assertion items[] = {
		{.file = "x.go",
		 .verdict = ASSERTION_BROKEN,
		 .objects = 3,
		 .bytes = 48,
		 .directive = {.line = 7, .function = "F"}},
		{.file = "x.go",
		 .verdict = ASSERTION_NEVER_EXECUTED,
		 .directive = {.line = 9, .text = "//escaudit:noalloc"}},
		{.file = "x.go",
		 .verdict = ASSERTION_UNDECIDED,
		 .directive = {.line = 10, .text = "//escaudit:noalloc"}},
		{.file = "x.go", .verdict = ASSERTION_HELD, .directive = {.line = 11, .text = "//escaudit:noalloc"}},
	};
	static const struct {
		const char *list;
		size_t trips;
	} cases[] = {{"broken", 1},	{"broken>1", 0},   {"broken.bytes>47", 1}, {"broken.bytes>48", 0},
		     {"unproven>1", 1}, {"unproven>2", 0}, {"broken,unproven", 2}};
	struct recording *rec = recording_new();
	struct assertions some = {.items = items, .n = ARRAY_SIZE(items)}, none = {.n = 0}, missing = {.n_missing = 1};
	struct audit audit = {.rec = rec, .n_packages = 1, .assertions = &some};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct gate gate = gate_of(cases[i].list);
		struct gate_result result = {.n = 0};

		cr_expect_eq(gate_judge_audit(&gate, NULL, &audit, 0, &result, &err), 0, "%s", cases[i].list);
		cr_expect_eq(result.n, cases[i].trips, "%s", cases[i].list);
		gate_result_release(&result);
		gate_release(&gate);
	}
	/* One that finds nothing to judge could never fail. */
	for (int i = 0; i < 3; i++) {
		const struct assertions *nothing[] = {NULL, &none, &missing};
		struct gate gate = gate_of("broken");
		struct gate_result result = {.n = 0};

		audit.assertions = nothing[i];
		cr_expect_eq(gate_judge_audit(&gate, NULL, &audit, 0, &result, &err), -ENODATA);
		error_release(&err);
		gate_result_release(&result);
		gate_release(&gate);
	}
	recording_free(rec);
}
