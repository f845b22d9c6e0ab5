/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/advice.h"
#include "base/memory.h"

static struct predictions *set;
static struct strpool *pool;
static struct recording *rec;

static void setup(void)
{
	set = predictions_new();
	pool = set->pool;
	rec = recording_new();
	rec->header.go_version = "go1.21.13";
}

static void teardown(void)
{
	recording_free(rec);
	predictions_free(set);
}

TestSuite(advice, .init = setup, .fini = teardown);

/* A line that makes so many objects of so many bytes, at one site, in a run that makes nothing else. */
struct line {
	struct verdict v;
	struct rec_site site;
	const struct rec_site *sites[1];
};

static void make_line(struct line *l, enum verdict_kind kind, enum cause cause, uint64_t objects, uint64_t bytes,
		      uint64_t smallest, uint64_t largest)
{
	*l = (struct line){.site = {.cause = cause, .callee = "runtime.growslice", .type = "int", .type_size = 8}};
	l->sites[0] = &l->site;
	l->v = (struct verdict){.kind = kind,
				.cause = cause,
				.objects = objects,
				.bytes = bytes,
				.smallest = smallest,
				.largest = largest,
				.samples = objects,
				.n_predictions = 1,
				.sites = l->sites,
				.n_sites = 1,
				.type = "int"};
}

static void explain(struct verdict *v, const char *const *lines, size_t n)
{
	struct prediction p = {.claim = CLAIM_HEAP};

	predictions_explain(set, &p, lines, n);
	v->flow = p.flow;
	v->n_flow = p.n_flow;
}

static const char *advice(const struct line *l)
{
	const struct advice_run run = {.pool = pool, .rec = rec, .objects = l->v.objects, .bytes = l->v.bytes};

	return advice_of(&run, &l->v);
}

/* A hundred slices of 8, 16, 32 … 1024 bytes, and as many that stop at 32 for each that does not. */
Test(advice, append_gets_room_where_nearly_all_grow_to_the_end)
{
	struct line l;

	make_line(&l, VERDICT_UNPREDICTED, CAUSE_APPEND_GROWTH, 800, 204000, 8, 1024);
	cr_expect_str_eq(advice(&l),
			 "capacity known: slices grew step by step, from 8 to 1024 bytes, so many to the end that "
			 "slices.Grow(\xe2\x80\xa6, 128) takes no more bytes, and one object each");
	l.v.objects = l.v.samples = 800 + 9900 * 3;
	l.v.bytes = 204000 + 9900 * 56;
	cr_expect_null(advice(&l), "room would be wasted on most");
	/* As many again that stop at once make the room as dear as the growing was: 200 * 1024 bytes. */
	l.v.objects = l.v.samples = 800 + 98;
	l.v.bytes = 204000 + 98 * 8;
	cr_expect_not_null(advice(&l));
	l.v.objects = l.v.samples = 800 + 102;
	l.v.bytes = 204000 + 102 * 8;
	cr_expect_null(advice(&l), "204 slices of 1024 bytes are more than these");
}

Test(advice, append_that_does_not_grow_step_by_step_gets_none)
{
	struct line l;

	make_line(&l, VERDICT_CONFIRMED, CAUSE_APPEND_GROWTH, 800, 800 * 64, 64, 64);
	cr_expect_null(advice(&l));
	make_line(&l, VERDICT_CONFIRMED, CAUSE_APPEND_GROWTH, 800, 400 * 64 + 400 * 128, 64, 128);
	cr_expect_null(advice(&l), "two sizes are no series");
	make_line(&l, VERDICT_CONFIRMED, CAUSE_APPEND_GROWTH, 800, 204000, 8, 1024);
	l.site.type_size = 0;
	cr_expect_null(advice(&l), "of what it has no number");
	l.site.type_size = 24;
	cr_expect_null(advice(&l), "1024 is no number of them");
	l.site.type_size = 8;
	l.site.cause = CAUSE_MAKE_SLICE;
	cr_expect_null(advice(&l));
}

Test(advice, make_of_one_size_gets_a_constant)
{
	struct line l;

	make_line(&l, VERDICT_VIOLATED, CAUSE_MAKE_SLICE, 500, 40000, 80, 80);
	l.site.callee = "runtime.makeslice";
	cr_expect_null(advice(&l), "what is made is not known");
	l.v.expr = "make([]int, n)";
	cr_expect_str_eq(advice(&l),
			 "size known: each was of 80 bytes; if that is so always, make([]int, 10) with the constant "
			 "stays on the stack");
	l.v.largest = 88;
	cr_expect_null(advice(&l), "sizes differ");
	l.v.smallest = l.v.largest = 65544;
	cr_expect_null(advice(&l), "too large for the stack, constant or not");
	make_line(&l, VERDICT_CONFIRMED, CAUSE_MAKE_SLICE, 500, 40000, 80, 80);
	l.site.callee = "runtime.makeslice";
	cr_expect_null(advice(&l), "it escapes by more than its size, for all one knows");
}

/* With the length that it had: make([]int, 10) would have ten elements too many. */
Test(advice, make_keeps_all_arguments_but_the_last)
{
	static const struct {
		const char *expr, *advised;
	} cases[] = {
		{"make([]int, 0, n)", "make([]int, 0, 10)"},
		{"make([]int, n / 2, max(n, m))", "make([]int, n / 2, 10)"},
		{"make([]func(a, b int), f(a, b))", "make([]func(a, b int), 10)"},
		{"make(numbers, m[\",)\"])", "make(numbers, 10)"},
		{"make([]int, len(\"abc...", NULL},
		{"make([]int)", NULL},
		{"make([]int, n)[:f(n)]", NULL},
		{"Clone(x, n)", NULL},
		{"", NULL},
	};
	struct line l;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *advised = cases[i].advised ? xasprintf(" %s with ", cases[i].advised) : NULL;
		const char *said;

		make_line(&l, VERDICT_VIOLATED, CAUSE_MAKE_SLICE, 500, 40000, 80, 80);
		l.site.callee = "runtime.makeslice";
		l.v.expr = cases[i].expr;
		said = advice(&l);
		cr_expect(advised ? said && strstr(said, advised) : !said, "%s: %s", cases[i].expr, said ? said : "-");
		free(advised);
	}
}

/* A source file, as the compiler saw it; unlink() and free() it. */
static char *write_source(const char *text)
{
	char *path = xasprintf("/tmp/escaudit-advice-%d.go", (int)getpid());
	FILE *f = fopen(path, "w");

	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static void expect_in_source(struct line *l, const char *expr, const char *text, int line, const char *wanted)
{
	char *path = write_source(text);
	struct rec_frame frames[] = {{"strings.(*Builder).WriteByte", "/go/src/strings/builder.go", 70, 60, NULL},
				     {"m.f", path, line, 3, NULL}};
	bool is_builder = strcmp(expr, "") == 0;
	const char *said;

	l->site.frames = is_builder ? frames : &frames[1];
	l->site.n_frames = is_builder ? 2 : 1;
	recording_set_source(&l->site, 1)->expr = expr;
	said = advice(l);
	cr_expect(wanted ? said && strstr(said, wanted) : !said, "%s in '%s': %s", expr, text, said ? said : "-");
	free(l->site.source);
	l->site.source = NULL;
	unlink(path);
	free(path);
}

/* A slice may hold elements, which make would lose. */
Test(advice, make_is_for_what_the_source_shows_to_be_empty)
{
	static const char local[] = "package m\n\nfunc f(n int) []int {\n\tvar ints []int\n\tfor i := 0; i < n; i++ {\n"
				    "\t\tints = append(ints, i)\n\t}\n\treturn ints\n}\n";
	static const char parameter[] = "package m\n\nfunc f(ints []int, n int) []int {\n\n\tfor i := 0; i < n; i++ {\n"
					"\t\tints = append(ints, i)\n\t}\n\treturn ints\n}\n";
	struct line l;

	make_line(&l, VERDICT_UNPREDICTED, CAUSE_APPEND_GROWTH, 800, 204000, 8, 1024);
	expect_in_source(&l, "append(ints, i)", local, 6, " make([]int, 0, 128) ");
	expect_in_source(&l, "append(ints, i)", parameter, 6, " slices.Grow(ints, 128) takes no more bytes");
	expect_in_source(&l, "append(b.ints, i)", local, 6, " slices.Grow(b.ints, 128) takes no more bytes");
	expect_in_source(&l, "append(ints, i)", "", 6, " slices.Grow(ints, 128) ");
	l.site.type = "map[m.key]*m.value[other.m]";
	expect_in_source(&l, "append(ints, i)", local, 6, " make([]map[key]*value[other.m], 0, 128) ");
	/* Changed since: it may say anything. */
	l.site.type = "int";
	rec->header.start_unix_ns = 1000000000;
	expect_in_source(&l, "append(ints, i)", local, 6, " slices.Grow(ints, 128) ");
	rec->header.start_unix_ns = 0;
	/* From room for three on: they held something, or had room. */
	make_line(&l, VERDICT_UNPREDICTED, CAUSE_APPEND_GROWTH, 500, 100 * (48 + 96 + 192 + 384 + 768), 48, 768);
	expect_in_source(&l, "append(ints, i)", local, 6, " make([]int, 0, 96) ");
	expect_in_source(&l, "append(ints, i)", parameter, 6,
			 "slices grew step by step, from 48 to 768 bytes: slices.Grow by what is to come");
	rec->header.go_version = "go1.19.8";
	expect_in_source(&l, "append(ints, i)", parameter, 6, NULL);
	expect_in_source(&l, "append(ints, i)", local, 6, " make([]int, 0, 96) ");
}

/* Lines that share a builder share its growth. */
Test(advice, a_builder_gets_a_size_where_all_its_growth_is_seen)
{
	static const char alone[] =
		"package m\n\nfunc f(n int) string {\n\tvar sb strings.Builder\n\tfor i := 0; i < n; i++ {\n"
		"\t\tsb.WriteByte(',')\n\t}\n\treturn sb.String()\n}\n";
	static const char shared[] =
		"package m\n\nfunc f(n int) string {\n\tvar sb strings.Builder\n\tfor i := 0; i < n; i++ {\n"
		"\t\tsb.WriteByte(',')\n\t\tsb.WriteString(s)\n\t}\n\treturn sb.String()\n}\n";
	struct line l;

	make_line(&l, VERDICT_UNPREDICTED, CAUSE_APPEND_GROWTH, 600, 50400, 8, 256);
	l.site.type = "uint8";
	l.site.type_size = 1;
	expect_in_source(&l, "", alone, 6, " Grow(256) takes no more bytes, and one object each");
	expect_in_source(&l, "", shared, 6, "bytes: Grow with all that is to come");
	expect_in_source(&l, "", shared, 7, "bytes: Grow with all that is to come");
}

/* What was inlined from another package is not there to be changed; types are named as in their own package. */
Test(advice, is_for_the_text_of_the_package)
{
	struct rec_frame frames[] = {{.function = "example.com/m.f"}, {.function = "example.com/m.g"}};
	struct line l;

	make_line(&l, VERDICT_UNPREDICTED, CAUSE_APPEND_GROWTH, 800, 204000, 8, 1024);
	l.site.type = "map[m.key]*m.value[other.m]";
	l.site.frames = frames;
	l.site.n_frames = 2;
	cr_assert_not_null(advice(&l));
	frames[0].function = "slices.Clone[go.shape.int]";
	cr_expect_null(advice(&l));
	frames[0].function = "strings.(*Builder).WriteByte";
	cr_expect_str_eq(advice(&l), "builders grew step by step, from 8 to 1024 bytes: Grow with all that is to come "
				     "makes one object each; this line alone does not tell how much that is");
}

Test(advice, a_boxed_value_is_named_with_the_call_it_is_boxed_for)
{
	const char *own[] = {"flow: {storage for ... argument} = &{storage for n}", "from n (spill) at ./m.go:5:2",
			     "from keep(n) (call parameter) at ./m.go:5:6"};
	const char *method[] = {"from (*T).keep(t, n) (call parameter) at ./m.go:5:6"};
	const char *print[] = {"from fmt.Fprintf(w, \"%d\", ... argument...) (call parameter) at ./m.go:5:6"};
	const char *error[] = {"from fmt.Errorf(\"%d\", ... argument...) (call parameter) at ./m.go:5:6"};
	const char *other[] = {"from json.Marshal(n) (call parameter) at ./m.go:5:6"};
	const char *foreign[] = {"from (*sync.Pool).Put(&pool, n) (call parameter) at ./m.go:5:6"};
	const char *instance[] = {"from (*list[go.shape.int]).add(l, n) (call parameter) at ./m.go:5:6"};
	const char *variable[] = {"from sink = n (assign) at ./m.go:5:6"};
	const char *variadic[] = {"flow: {storage for ... argument} = &{storage for n}", "from n (spill) at ./m.go:5:2",
				  "from ... argument (slice-literal-element) at ./m.go:5:6",
				  "flow: {heap} = {storage for ... argument}",
				  "from keep(... argument...) (call parameter) at ./m.go:5:6"};
	const char *field[] = {"flow: fl = &{storage for n}", "from n (spill) at ./m.go:5:2",
			       "from fl.Val = n (assign) at ./m.go:5:6", "flow: {heap} = fl",
			       "from f(fl) (call parameter) at ./m.go:6:4"};
	const char *literal[] = {"flow: {heap} = &{storage for n}",
				 "from field{...} (struct literal element) at ./m.go:5:6",
				 "from f(field{...}) (call parameter) at ./m.go:5:4"};
	const char *list[] = {"flow: {storage for []interface {}{...}} = &{storage for n}",
			      "from n (spill) at ./m.go:5:2",
			      "from []interface {}{...} (slice-literal-element) at ./m.go:5:6",
			      "flow: {heap} = {storage for []interface {}{...}}",
			      "from []interface {}{...} (spill) at ./m.go:5:6",
			      "from f([]interface {}{...}) (call parameter) at ./m.go:5:4"};
	struct line l;

	make_line(&l, VERDICT_CONFIRMED, CAUSE_INTERFACE_CONVERSION, 1200000, 9600000, 8, 8);
	l.v.type = "int";
	explain(&l.v, own, 3);
	cr_expect_str_eq(advice(&l),
			 "value boxed for an interface argument of keep: 1200000 objects; a parameter of the "
			 "value's own type takes none");
	explain(&l.v, own, 1);
	cr_expect_null(advice(&l), "no call is named");
	explain(&l.v, method, 1);
	cr_expect_str_eq(advice(&l),
			 "value boxed for an interface argument of (*T).keep: 1200000 objects; a parameter of the "
			 "value's own type takes none");
	explain(&l.v, print, 1);
	cr_expect_str_eq(advice(&l),
			 "value boxed for an interface argument of fmt.Fprintf: 1200000 objects; package strconv "
			 "appends numbers to bytes without boxing them");
	l.v.type = "string";
	cr_expect_null(advice(&l), "strconv does nothing for a string");
	l.v.type = "time.Duration";
	cr_expect_null(advice(&l), "strconv does not print it alike");
	l.v.type = "int";
	explain(&l.v, error, 1);
	cr_expect_null(advice(&l));
	explain(&l.v, other, 1);
	cr_expect_null(advice(&l), "not the reader's to change");
	explain(&l.v, foreign, 1);
	cr_expect_null(advice(&l), "nor is a method of another package's type");
	explain(&l.v, instance, 1);
	cr_expect_not_null(advice(&l));
	explain(&l.v, variable, 1);
	cr_expect_null(advice(&l));
	explain(&l.v, variadic, 5);
	cr_expect(advice(&l) && strstr(advice(&l), " argument of keep: "));
	explain(&l.v, field, 5);
	cr_expect_null(advice(&l), "boxed for a field, whatever the call takes");
	explain(&l.v, literal, 3);
	cr_expect_null(advice(&l), "boxed for a literal");
	explain(&l.v, list, 6);
	cr_expect_null(advice(&l), "boxed for a slice");
}

Test(advice, a_string_that_grows_gets_a_builder)
{
	struct line l;

	make_line(&l, VERDICT_UNPREDICTED, CAUSE_STRING_CONCATENATION, 4900, 4900 * 255, 20, 500);
	cr_expect_str_eq(
		advice(&l),
		"string concatenation, from 20 to 500 bytes, 4900 copies: if they are steps of one string, use a "
		"strings.Builder");
	l.v.kind = VERDICT_VIOLATED;
	cr_expect_null(advice(&l), "a + b is one step, whatever its sizes");
	l.v.kind = VERDICT_UNPREDICTED;
	l.v.bytes = 4900 * 30;
	cr_expect_null(advice(&l), "few are long");
	make_line(&l, VERDICT_UNPREDICTED, CAUSE_STRING_CONCATENATION, 500, 500 * 59, 59, 59);
	cr_expect_null(advice(&l));
}

Test(advice, what_is_cold_few_ambiguous_or_of_another_cause_gets_none)
{
	struct line l;

	make_line(&l, VERDICT_UNPREDICTED, CAUSE_APPEND_GROWTH, 800, 204000, 8, 1024);
	cr_expect_not_null(advice_of(&(struct advice_run){pool, rec, 80000, 1 << 30}, &l.v), "1 %% of the objects");
	cr_expect_null(advice_of(&(struct advice_run){pool, rec, 80100, 1 << 30}, &l.v));
	l.v.samples = 29;
	cr_expect_null(advice(&l));
	l.v.samples = 800;
	l.v.ambiguous = true;
	cr_expect_null(advice(&l));
	l.v.ambiguous = false;
	for (int cause = 0; cause < CAUSE_COUNT; cause++) {
		l.v.cause = l.site.cause = (enum cause)cause;
		cr_expect_eq(advice(&l) != NULL, cause == CAUSE_APPEND_GROWTH || cause == CAUSE_STRING_CONCATENATION,
			     "%d", cause);
	}
	l.v.objects = l.v.bytes = 0;
	l.v.cause = CAUSE_APPEND_GROWTH;
	cr_expect_null(advice(&l));
}

static void expect_at(const struct flow_step *step, int line, int column)
{
	const struct position want = {"./m.go", line, column};

	cr_expect(position_equal(&step->pos, &want), "%s:%d:%d", step->pos.file, step->pos.line, step->pos.column);
}

Test(advice, the_path_is_the_shortest_explanation)
{
	const char *why[] = {"flow: p \xe2\x86\x90 &{storage for &T{...}}",
			     "from &T{...} (spill) at ./m.go:5:2",
			     "from p := &T{...} (assign) at ./m.go:5:4",
			     "flow: {heap} \xe2\x86\x90 p",
			     "from f(\") at \", p) (call parameter) at ./m.go:7:3",
			     "flow: ~r0 = &{storage for &T{...}}",
			     "from &T{...} (spill) at ./m.go:5:2",
			     "from return &T{...} (return) at ./m.go:6:2",
			     "and 3 more"};
	struct verdict v = {.n_path = 0};

	explain(&v, why, ARRAY_SIZE(why));
	advice_trace(&v);
	cr_assert_eq(v.n_path, 2);
	expect_at(v.path[0], 5, 2);
	cr_expect_str_eq(v.path[0]->reason, "spill");
	expect_at(v.path[1], 6, 2);
	cr_expect_str_eq(v.path[1]->reason, "return");
	free(v.path);

	v = (struct verdict){.n_path = 0};
	explain(&v, why, 5);
	advice_trace(&v);
	cr_assert_eq(v.n_path, 3);
	expect_at(v.path[2], 7, 3);
	cr_expect_str_eq(v.path[2]->reason, "call parameter");
	free(v.path);

	v = (struct verdict){.n_path = 0};
	explain(&v, why, 1);
	advice_trace(&v);
	cr_expect_eq(v.n_path, 0);
}
