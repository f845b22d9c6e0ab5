/* SPDX-License-Identifier: Apache-2.0 */
/* Two recordings written by hand, each test one way in which a program can change. */
#include <criterion/criterion.h>

#include <string.h>

#include "base/memory.h"
#include "diff/diff.h"
#include "symbolize/go_name.h"

#define DIR "/src/m/"

struct made {
	struct recording *rec;
	struct verdict verdicts[16];
	struct audit audit;
	size_t accounts[64]; /* of each observation */
	uint64_t next_pc;
};

static void made_init(struct made *m)
{
	memset(m, 0, sizeof(*m));
	m->rec = recording_new();
	m->rec->header.mode = REC_MODE_EXACT;
	m->rec->header.main_package = "example.com/m";
	m->rec->header.main_module = "example.com/m";
	m->rec->header.goroot_src = "/go/src/";
	m->audit.rec = m->rec;
	m->audit.items = m->verdicts;
	m->audit.account = m->accounts;
	m->next_pc = 0x401000;
}

struct at {
	const char *function, *file;
	int line, start_line;
	const char *caller; /* one more frame on the stack, NULL for none */
};

static uint32_t locate(struct made *m, const char *function, const char *file, int line, int start_line)
{
	struct rec_location *loc = recording_add_location(m->rec);

	loc->pc = m->next_pc += 0x10;
	loc->n_frames = 1;
	loc->frames = xcalloc(1, sizeof(*loc->frames));
	loc->frames[0] = (struct rec_frame){function, file, line, start_line, NULL};
	return (uint32_t)(m->rec->n_locations - 1);
}

static struct rec_observation *observe(struct made *m, struct at at, const char *type, enum cause cause,
				       uint64_t objects, uint64_t size)
{
	struct rec_observation *o = recording_add_observation(m->rec);

	if (m->rec->n_observations <= ARRAY_SIZE(m->accounts))
		m->accounts[m->rec->n_observations - 1] = AUDIT_ELSEWHERE;
	o->locations = xcalloc(2, sizeof(*o->locations));
	o->locations[o->n_locations++] = locate(m, at.function, at.file ? at.file : DIR "x.go", at.line, at.start_line);
	if (at.caller)
		o->locations[o->n_locations++] = locate(m, at.caller, DIR "c.go", 1, 1);
	o->type = type;
	o->cause = cause;
	o->objects = o->samples = objects;
	o->bytes = objects * size;
	o->smallest = o->largest = size;
	return o;
}

/* The verdict of the newest observation. */
static void judge(struct made *m, enum verdict_kind kind, const char *expr)
{
	const struct rec_observation *o = &m->rec->observations[m->rec->n_observations - 1];
	const struct rec_location *loc = &m->rec->locations[o->locations[0]];
	struct rec_site *site = xcalloc(1, sizeof(*site));
	struct verdict *v = &m->verdicts[m->audit.n++];

	cr_assert_leq(m->rec->n_observations, ARRAY_SIZE(m->accounts));
	m->accounts[m->rec->n_observations - 1] = m->audit.n - 1;

	*site = (struct rec_site){.pc = loc->pc - 5, .ret = loc->pc, .frames = loc->frames, .n_frames = 1};
	*v = (struct verdict){.kind = kind, .expr = expr, .file = "x.go", .line = loc->frames[0].line};
	v->function = loc->frames[0].function;
	v->objects = o->objects;
	v->sites = xcalloc(1, sizeof(*v->sites));
	v->sites[0] = site;
	v->n_sites = 1;
}

/* A prediction for which there is no call. */
static void judge_quiet(struct made *m, enum verdict_kind kind, const char *expr, const char *function, int line)
{
	m->verdicts[m->audit.n++] = (struct verdict){.kind = kind,
						     .expr = expr,
						     .file = "x.go",
						     .line = line,
						     .function = function,
						     .package = "example.com/m"};
}

static void made_release(struct made *m)
{
	for (size_t i = 0; i < m->audit.n; i++) {
		for (size_t k = 0; k < m->verdicts[i].n_sites; k++)
			free((void *)(uintptr_t)m->verdicts[i].sites[k]);
		free(m->verdicts[i].sites);
	}
	recording_free(m->rec);
}

struct pair {
	struct made before, after;
	uint64_t before_units, after_units;
	bool verdicts;
	struct diff *diff;
};

static void pair_init(struct pair *p)
{
	*p = (struct pair){.before_units = 1, .after_units = 1};
	made_init(&p->before);
	made_init(&p->after);
}

static void run(struct pair *p)
{
	const struct diff_input a = {p->before.rec, p->verdicts ? &p->before.audit : NULL, p->before_units};
	const struct diff_input b = {p->after.rec, p->verdicts ? &p->after.audit : NULL, p->after_units};

	diff_run(&p->diff, &a, &b, false);
}

static void pair_release(struct pair *p)
{
	diff_free(p->diff);
	made_release(&p->before);
	made_release(&p->after);
}

/* The row whose line after, or before where there is none after, is line. */
static const struct diff_row *row_at(const struct pair *p, int line)
{
	for (size_t i = 0; i < p->diff->n; i++) {
		const struct diff_row *row = &p->diff->rows[i];

		if ((row->after.present ? row->after.line : row->before.line) == line)
			return row;
	}
	cr_assert_fail("no row for line %d", line);
	return NULL;
}

#define AT(fn, l, ...) ((struct at){.function = fn, .line = l, ##__VA_ARGS__})

Test(diff, counts_decide)
{
	struct pair p;

	pair_init(&p);
	observe(&p.before, AT("main.f", 10), "main.A", CAUSE_NEW_OBJECT, 7, 16);
	observe(&p.before, AT("main.f", 11), "main.B", CAUSE_NEW_OBJECT, 7, 16);
	observe(&p.before, AT("main.f", 12), "main.C", CAUSE_NEW_OBJECT, 7, 16);
	observe(&p.before, AT("main.f", 13), "main.D", CAUSE_MAKE_CHAN, 7, 16);
	observe(&p.after, AT("main.f", 10), "main.A", CAUSE_NEW_OBJECT, 7, 16);
	observe(&p.after, AT("main.f", 11), "main.B", CAUSE_NEW_OBJECT, 8, 16);
	observe(&p.after, AT("main.f", 12), "main.C", CAUSE_NEW_OBJECT, 6, 16);
	observe(&p.after, AT("main.g", 30), "main.E", CAUSE_NEW_OBJECT, 2, 16);
	run(&p);
	cr_expect_eq(p.diff->n, 5);
	cr_expect_eq(row_at(&p, 10)->change, DIFF_SAME);
	cr_expect_eq(row_at(&p, 11)->change, DIFF_MORE);
	cr_expect_eq(row_at(&p, 12)->change, DIFF_FEWER);
	cr_expect_eq(row_at(&p, 13)->change, DIFF_GONE);
	cr_expect_eq(row_at(&p, 30)->change, DIFF_NEW);
	cr_expect_not(row_at(&p, 30)->unsure);
	cr_expect_eq(p.diff->sums_before.objects, 28);
	cr_expect_eq(p.diff->sums_after.objects, 23);
	/* What got worse comes first. */
	cr_expect_eq(p.diff->rows[0].change, DIFF_NEW);
	cr_expect_eq(p.diff->rows[1].change, DIFF_MORE);
	pair_release(&p);
}

Test(diff, identity_survives_inserted_lines)
{
	struct pair p;

	pair_init(&p);
	/* Two alike: the old line 12 must not be taken for the new line 12, which was 10. */
	observe(&p.before, AT("main.f", 10, .start_line = 9), "int", CAUSE_APPEND_GROWTH, 5, 16);
	observe(&p.before, AT("main.f", 12, .start_line = 9), "int", CAUSE_APPEND_GROWTH, 9, 16);
	observe(&p.after, AT("main.f", 12, .start_line = 11), "int", CAUSE_APPEND_GROWTH, 5, 16);
	observe(&p.after, AT("main.f", 14, .start_line = 11), "int", CAUSE_APPEND_GROWTH, 9, 16);
	run(&p);
	cr_expect_eq(p.diff->n, 2);
	cr_expect_eq(row_at(&p, 12)->before.line, 10);
	cr_expect_eq(row_at(&p, 14)->before.line, 12);
	cr_expect_eq(row_at(&p, 12)->change, DIFF_SAME);
	cr_expect(row_at(&p, 12)->moved);
	cr_expect_not(row_at(&p, 12)->resized);
	pair_release(&p);
}

Test(diff, of_several_alike_the_best_fit)
{
	struct pair p;

	pair_init(&p);
	observe(&p.before, AT("main.f", 10, .start_line = 9), "int", CAUSE_APPEND_GROWTH, 5, 16);
	observe(&p.before, AT("main.f", 14, .start_line = 9), "int", CAUSE_APPEND_GROWTH, 9, 16);
	/* A new one between the two, and two lines more above all. */
	observe(&p.after, AT("main.f", 12, .start_line = 11), "int", CAUSE_APPEND_GROWTH, 5, 16);
	observe(&p.after, AT("main.f", 14, .start_line = 11), "int", CAUSE_APPEND_GROWTH, 3, 16);
	observe(&p.after, AT("main.f", 17, .start_line = 11), "int", CAUSE_APPEND_GROWTH, 9, 16);
	run(&p);
	cr_expect_eq(row_at(&p, 12)->before.line, 10);
	cr_expect_eq(row_at(&p, 17)->before.line, 14);
	cr_expect_eq(row_at(&p, 14)->change, DIFF_NEW);
	cr_expect(row_at(&p, 14)->unsure, "three alike, and nothing says which is the new one");
	pair_release(&p);
}

Test(diff, identity_survives_names)
{
	struct pair p;

	pair_init(&p);
	/* another file, another number of a closure, a caller it was inlined into, other shapes in the name */
	observe(&p.before, AT("main.f", 10, .file = DIR "old.go"), "main.A", CAUSE_NEW_OBJECT, 1, 8);
	observe(&p.before, AT("main.g.func1", 20), "main.B", CAUSE_NEW_OBJECT, 2, 8);
	observe(&p.before, AT("main.h.func1", 30, .start_line = 29), "main.C", CAUSE_NEW_OBJECT, 3, 8);
	observe(&p.before, AT("main.G[go.shape.int_0]", 40), "main.D", CAUSE_NEW_OBJECT, 4, 8);
	observe(&p.after, AT("main.f", 10, .file = DIR "new.go"), "main.A", CAUSE_NEW_OBJECT, 1, 8);
	observe(&p.after, AT("main.g.func2", 20), "main.B", CAUSE_NEW_OBJECT, 2, 8);
	observe(&p.after, AT("main.h.func1", 30, .start_line = 29), "main.C", CAUSE_NEW_OBJECT, 1, 8);
	observe(&p.after, AT("main.main.h.func3", 30, .start_line = 29), "main.C", CAUSE_NEW_OBJECT, 2, 8);
	observe(&p.after, AT("main.G[go.shape.int]", 40), "main.D", CAUSE_NEW_OBJECT, 4, 8);
	run(&p);
	cr_expect_eq(p.diff->n, 4);
	for (size_t i = 0; i < p.diff->n; i++)
		cr_expect_eq(p.diff->rows[i].change, DIFF_SAME, "row %zu", i);
	cr_expect(row_at(&p, 10)->moved);
	cr_expect_not(row_at(&p, 20)->moved);
	cr_expect_eq(row_at(&p, 30)->after.objects, 3);
	pair_release(&p);
}

Test(diff, other_type_and_other_size)
{
	struct pair p;

	pair_init(&p);
	observe(&p.before, AT("main.f", 10), "main.A", CAUSE_NEW_OBJECT, 4, 16);
	observe(&p.before, AT("main.g", 20), "main.B", CAUSE_NEW_OBJECT, 4, 16);
	observe(&p.after, AT("main.f", 10), "main.Z", CAUSE_NEW_OBJECT, 4, 16);
	observe(&p.after, AT("main.g", 20), "main.B", CAUSE_NEW_OBJECT, 4, 24);
	run(&p);
	cr_expect(row_at(&p, 10)->retyped);
	cr_expect_not(row_at(&p, 10)->resized);
	cr_expect_eq(row_at(&p, 10)->change, DIFF_SAME);
	cr_expect(row_at(&p, 20)->resized);
	cr_expect_not(row_at(&p, 20)->retyped);
	pair_release(&p);
}

/* Of a boxed value the binary may tell the kind only: that is no other type. */
Test(diff, kind_of_a_boxed_value)
{
	struct pair p;

	pair_init(&p);
	observe(&p.before, AT("main.f", 10), "[]int", CAUSE_INTERFACE_CONVERSION, 4, 24);
	observe(&p.after, AT("main.f", 10), "slice value", CAUSE_INTERFACE_CONVERSION, 4, 24);
	run(&p);
	cr_expect_eq(p.diff->n, 1);
	cr_expect_eq(row_at(&p, 10)->change, DIFF_SAME);
	cr_expect_not(row_at(&p, 10)->retyped);
	pair_release(&p);
}

/* A renamed function is found by expression and equal counts; without them it is listed as gone and new. */
Test(diff, renamed_function)
{
	struct pair p;

	pair_init(&p);
	p.verdicts = true;
	observe(&p.before, AT("main.f", 10), "main.A", CAUSE_NEW_OBJECT, 4, 16);
	judge(&p.before, VERDICT_CONFIRMED, "&A{...}");
	observe(&p.before, AT("main.f", 12), "main.B", CAUSE_NEW_OBJECT, 4, 16);
	judge(&p.before, VERDICT_CONFIRMED, "&B{...}");
	observe(&p.after, AT("main.g", 40), "main.A", CAUSE_NEW_OBJECT, 4, 16);
	judge(&p.after, VERDICT_CONFIRMED, "&A{...}");
	observe(&p.after, AT("main.g", 42), "main.B", CAUSE_NEW_OBJECT, 5, 16);
	judge(&p.after, VERDICT_CONFIRMED, "&B{...}");
	run(&p);
	cr_expect_eq(row_at(&p, 40)->change, DIFF_SAME);
	cr_expect(row_at(&p, 40)->moved);
	cr_expect_str_eq(row_at(&p, 40)->before.function, "main.f");
	cr_expect_eq(row_at(&p, 42)->change, DIFF_NEW);
	cr_expect_eq(row_at(&p, 12)->change, DIFF_GONE);
	pair_release(&p);
}

/* The same function name in another function's package is another function, unless it is the only one left. */
Test(diff, function_in_another_package)
{
	struct pair p;

	pair_init(&p);
	observe(&p.before, AT("example.com/m/a.f", 10), "m.A", CAUSE_NEW_OBJECT, 4, 16);
	observe(&p.after, AT("example.com/m/b.f", 10), "m.A", CAUSE_NEW_OBJECT, 5, 16);
	run(&p);
	cr_expect_eq(p.diff->n, 1);
	cr_expect_eq(p.diff->rows[0].change, DIFF_MORE);
	cr_expect(p.diff->rows[0].moved);
	pair_release(&p);
}

static void has_code(struct made *m, const char *function)
{
	*recording_add_extent(m->rec) = (struct rec_extent){
		.function = function, .file = DIR "x.go", .first = 1, .last = 9, .is_physical = true};
	m->rec->has_sites = true;
}

/* Two functions lost a line of one kind, and another has one now: the one that is no longer there was renamed. */
Test(diff, renamed_function_by_its_machine_code)
{
	struct pair p;

	pair_init(&p);
	has_code(&p.before, "main.f");
	has_code(&p.before, "main.old");
	has_code(&p.after, "main.f");
	has_code(&p.after, "main.renamed");
	observe(&p.before, AT("main.f", 10), "main.A", CAUSE_NEW_OBJECT, 4, 16);
	observe(&p.before, AT("main.old", 20), "main.A", CAUSE_NEW_OBJECT, 4, 16);
	observe(&p.after, AT("main.renamed", 30), "main.A", CAUSE_NEW_OBJECT, 4, 16);
	run(&p);
	cr_expect_eq(row_at(&p, 30)->change, DIFF_SAME);
	cr_expect_str_eq(row_at(&p, 30)->before.function, "main.old");
	cr_expect_eq(row_at(&p, 10)->change, DIFF_GONE);
	pair_release(&p);
	/* with other counts nothing says so */
	pair_init(&p);
	has_code(&p.before, "main.old");
	has_code(&p.after, "main.renamed");
	observe(&p.before, AT("main.old", 20), "main.A", CAUSE_NEW_OBJECT, 4, 16);
	observe(&p.after, AT("main.renamed", 30), "main.A", CAUSE_NEW_OBJECT, 5, 16);
	run(&p);
	cr_expect_eq(row_at(&p, 30)->change, DIFF_NEW);
	pair_release(&p);
}

/* Several lines of one kind in a renamed function are paired one by one in their order, if all the counts agree. */
Test(diff, renamed_function_with_several_alike)
{
	static const uint64_t counts[][4] = {{7, 4, 7, 4}, {7, 4, 4, 7}, {7, 4, 7, 5}};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct pair p;

		pair_init(&p);
		has_code(&p.before, "main.old");
		has_code(&p.after, "main.renamed");
		observe(&p.before, AT("main.old", 20), "main.A", CAUSE_NEW_OBJECT, counts[i][0], 16);
		observe(&p.before, AT("main.old", 22), "main.A", CAUSE_NEW_OBJECT, counts[i][1], 16);
		observe(&p.after, AT("main.renamed", 30), "main.A", CAUSE_NEW_OBJECT, counts[i][2], 16);
		observe(&p.after, AT("main.renamed", 32), "main.A", CAUSE_NEW_OBJECT, counts[i][3], 16);
		run(&p);
		cr_expect_eq(row_at(&p, 30)->change, i ? DIFF_NEW : DIFF_SAME, "counts %zu", i);
		cr_expect_eq(row_at(&p, 32)->change, i ? DIFF_NEW : DIFF_SAME, "counts %zu", i);
		pair_release(&p);
	}
	/* of two functions nobody knows which is which */
	struct pair p;

	pair_init(&p);
	has_code(&p.before, "main.old");
	has_code(&p.before, "main.older");
	has_code(&p.after, "main.renamed");
	observe(&p.before, AT("main.old", 20), "main.A", CAUSE_NEW_OBJECT, 7, 16);
	observe(&p.before, AT("main.older", 22), "main.A", CAUSE_NEW_OBJECT, 4, 16);
	observe(&p.after, AT("main.renamed", 30), "main.A", CAUSE_NEW_OBJECT, 7, 16);
	observe(&p.after, AT("main.renamed", 32), "main.A", CAUSE_NEW_OBJECT, 4, 16);
	run(&p);
	cr_expect_eq(row_at(&p, 30)->change, DIFF_NEW);
	pair_release(&p);
}

Test(diff, receivers_and_packages)
{
	struct pair p;

	pair_init(&p);
	observe(&p.before, AT("main.T.Add", 10), "main.A", CAUSE_NEW_OBJECT, 4, 16);
	observe(&p.before, AT("main.(*U).Add.func1", 12), "main.A", CAUSE_CLOSURE, 4, 16);
	observe(&p.before, AT("example.com/m/old.Make", 14), "map[string]*old.Thing", CAUSE_MAKE_MAP, 4, 16);
	observe(&p.after, AT("main.(*T).Add", 10), "main.A", CAUSE_NEW_OBJECT, 5, 16);
	observe(&p.after, AT("main.U.Add.func2", 12), "main.A", CAUSE_CLOSURE, 5, 16);
	observe(&p.after, AT("example.com/m/new.Make", 14), "map[string]*new.Thing", CAUSE_MAKE_MAP, 5, 16);
	run(&p);
	cr_expect_eq(p.diff->n, 3);
	for (size_t i = 0; i < p.diff->n; i++) {
		cr_expect_eq(p.diff->rows[i].change, DIFF_MORE, "row %zu", i);
		cr_expect_not(p.diff->rows[i].retyped, "row %zu", i);
	}
	cr_expect(row_at(&p, 14)->moved);
	pair_release(&p);
}

/* A make that fits the stack now is found by what it makes. */
Test(diff, a_make_of_another_size)
{
	struct pair p;

	pair_init(&p);
	p.verdicts = true;
	observe(&p.before, AT("main.f", 10), "int", CAUSE_MAKE_SLICE, 4, 160000);
	judge(&p.before, VERDICT_CONFIRMED, "make([]int, 20000)");
	judge_quiet(&p.after, VERDICT_HELD, "make([]int, 100)", "main.f", 12);
	judge_quiet(&p.after, VERDICT_HELD, "make([]byte, 100)", "main.f", 13);
	run(&p);
	cr_assert_eq(p.diff->n, 1);
	cr_expect_eq(p.diff->rows[0].change, DIFF_GONE);
	cr_expect(p.diff->rows[0].turned);
	cr_expect_eq(p.diff->rows[0].after.line, 12);
	pair_release(&p);
}

Test(diff, types_without_packages)
{
	static const struct {
		const char *type, *bare;
	} cases[] = {
		{"int", "int"},
		{"cart.Item", "Item"},
		{"map[string]*cart.Item", "map[string]*Item"},
		{"struct { F uintptr; X0 *cart.Item }", "struct { F uintptr; X0 *Item }"},
		{"cart.Set[example.com/shop/v2.Item,int]", "Set[Item,int]"},
		{"func(...cart.Item) error", "func(...Item) error"},
		{"[3]cart.Item", "[3]Item"},
		{"map[string]main._Ctype_int", "map[string]_Ctype_int"},
		{"map[C.int]*C.struct_pair", "map[_Ctype_int]*_Ctype_struct_pair"},
		{"example.com/C.T", "T"},
		{"AC.T", "T"},
		{"C.", "C."},
		{"", ""},
		{"a.", "a."},
		{"f(&.dict[0])(h())", "f(&.dict[0])(h())"},
		{"f(&hkdf..dict[0])(hkdf.h())", "f(&.dict[0])(h())"},
		{"append(cart.x, y...)", "append(x, y...)"},
		{".", "."},
	};
	struct strpool *pool = strpool_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(go_name_bare_type(pool, cases[i].type), cases[i].bare);
	strpool_free(pool);
}

Test(diff, a_verdict_turns)
{
	struct pair p;

	pair_init(&p);
	p.verdicts = true;
	/* escaped, and does no more: no call is left, but the prediction is there */
	observe(&p.before, AT("main.f", 10), "main.A", CAUSE_NEW_OBJECT, 4, 16);
	judge(&p.before, VERDICT_CONFIRMED, "&A{...}");
	judge_quiet(&p.after, VERDICT_HELD, "&A{...}", "main.f", 12);
	/* held, and is violated */
	judge_quiet(&p.before, VERDICT_HELD, "make([]int, n)", "main.g", 20);
	observe(&p.after, AT("main.g", 20), "int", CAUSE_MAKE_SLICE, 3, 80);
	judge(&p.after, VERDICT_VIOLATED, "make([]int, n)");
	/* nothing before, nothing after, other words */
	judge_quiet(&p.before, VERDICT_STALE, "x", "main.h", 1); /* a wrapper that the linker dropped */
	judge_quiet(&p.before, VERDICT_COMPILED_OUT, "x", "main.h", 30);
	judge_quiet(&p.after, VERDICT_HELD, "x", "main.h", 30);
	/* and the same words */
	judge_quiet(&p.before, VERDICT_HELD, "y", "main.h", 31);
	judge_quiet(&p.after, VERDICT_HELD, "y", "main.h", 31);
	run(&p);
	cr_expect_eq(p.diff->n, 3);
	cr_expect_eq(row_at(&p, 12)->change, DIFF_GONE);
	cr_expect(row_at(&p, 12)->turned);
	cr_expect_eq(row_at(&p, 12)->after.verdict, VERDICT_HELD);
	cr_expect_eq(row_at(&p, 20)->change, DIFF_NEW);
	cr_expect(row_at(&p, 20)->turned);
	cr_expect_eq(row_at(&p, 30)->change, DIFF_SAME);
	cr_expect(row_at(&p, 30)->turned);
	pair_release(&p);
}

Test(diff, expressions_tell_one_line_apart)
{
	struct pair p;

	pair_init(&p);
	p.verdicts = true;
	observe(&p.before, AT("main.f", 10), "int", CAUSE_NEW_OBJECT, 1, 8);
	judge(&p.before, VERDICT_CONFIRMED, "a");
	observe(&p.before, AT("main.f", 10), "int", CAUSE_NEW_OBJECT, 2, 8);
	judge(&p.before, VERDICT_CONFIRMED, "b");
	observe(&p.after, AT("main.f", 10), "int", CAUSE_NEW_OBJECT, 2, 8);
	judge(&p.after, VERDICT_CONFIRMED, "b");
	run(&p);
	cr_expect_eq(p.diff->n, 2);
	cr_expect_eq(p.diff->rows[0].change, DIFF_GONE);
	cr_expect_str_eq(p.diff->rows[0].before.expr, "a");
	cr_expect_eq(p.diff->rows[1].change, DIFF_SAME);
	pair_release(&p);
}

/* ---- noise ------------------------------------------------------------------------------------------------------ */

Test(diff, the_runtimes_own_is_not_judged)
{
	struct pair p;
	struct rec_observation *o;

	pair_init(&p);
	observe(&p.before, AT("main.f", 10), "runtime.g", CAUSE_GO_STATEMENT, 1, 400);
	observe(&p.after, AT("main.f", 10), "runtime.g", CAUSE_GO_STATEMENT, 9, 400);
	observe(&p.after, AT("sync.(*Pool).pinSlow", 20), "sync.poolLocal", CAUSE_MAKE_SLICE, 5, 128);
	o = observe(&p.after, AT("runtime.malg", 30), "runtime.g", CAUSE_RUNTIME_INTERNAL, 5, 128);
	o->user = REC_NO_USER_FRAME;
	run(&p);
	cr_expect_eq(p.diff->n_noise, 3);
	for (int i = 0; i < DIFF_CHANGE_COUNT; i++)
		cr_expect_eq(p.diff->n_changes[i], 0);
	cr_expect_eq(p.diff->sums_after.noise_objects, 19);
	pair_release(&p);
}

Test(diff, what_depends_on_chance_needs_a_margin)
{
	static const struct {
		uint64_t before, after;
		enum diff_change change;
	} cases[] = {
		{1, 3, DIFF_SAME},     {0, 5, DIFF_SAME},   {0, 10, DIFF_NEW},	  {100, 130, DIFF_SAME},
		{100, 190, DIFF_MORE}, {1, 400, DIFF_MORE}, {400, 1, DIFF_FEWER}, {10, 0, DIFF_GONE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pair p;

		pair_init(&p);
		observe(&p.before, AT("main.other", 1), "int", CAUSE_NEW_OBJECT, 1, 8);
		observe(&p.after, AT("main.other", 1), "int", CAUSE_NEW_OBJECT, 1, 8);
		if (cases[i].before)
			observe(&p.before, AT("main.New", 10, .caller = "sync.(*Pool).Get"), "main.T", CAUSE_NEW_OBJECT,
				cases[i].before, 8);
		observe(&p.after, AT("main.New", 10, .caller = "sync.(*Pool).Get"), "main.T", CAUSE_NEW_OBJECT,
			cases[i].after, 8);
		run(&p);
		cr_expect_eq(row_at(&p, 10)->change, cases[i].change, "case %zu", i);
		cr_expect_eq(row_at(&p, 10)->noise, DIFF_NOISE_RANDOM);
		pair_release(&p);
	}
}

Test(diff, the_standard_library_depends_on_chance)
{
	static const struct {
		const char *goroot, *function, *file;
		enum diff_noise noise;
	} cases[] = {
		{"/go/src/", "fmt.(*buffer).write", "/go/src/fmt/print.go", DIFF_NOISE_RANDOM},
		{"/go/src/", "main.f", DIR "x.go", DIFF_NOISE_NONE},
		{"", "internal/sync.f", "internal/sync/x.go", DIFF_NOISE_RANDOM},
		{"", "fmt.(*buffer).write", "fmt/print.go", DIFF_NOISE_RANDOM},
		{"", "main.f", "example.com/m/x.go", DIFF_NOISE_NONE},
		{"", "example.com/n.f", "example.com/n/x.go", DIFF_NOISE_NONE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pair p;

		pair_init(&p);
		p.after.rec->header.goroot_src = cases[i].goroot;
		observe(&p.after, AT(cases[i].function, 10, .file = cases[i].file), NULL, CAUSE_APPEND_GROWTH, 2, 8);
		run(&p);
		cr_expect_eq(row_at(&p, 10)->noise, cases[i].noise, "case %zu", i);
		cr_expect_eq(row_at(&p, 10)->change, cases[i].noise ? DIFF_SAME : DIFF_NEW, "case %zu", i);
		pair_release(&p);
	}
}

/* What a closure captures is its type: a wrapper around it is new, not both. */
Test(diff, closures_change_their_types)
{
	struct pair p;

	pair_init(&p);
	observe(&p.before, AT("main.f", 10), "struct { F uintptr; X0 int; X1 chan int }", CAUSE_CLOSURE, 5, 24);
	observe(&p.after, AT("main.f", 10), "struct { F uintptr; X0 chan int }", CAUSE_CLOSURE, 5, 16);
	observe(&p.after, AT("main.f", 10), "struct { F uintptr; X0 func(int); X1 int }", CAUSE_CLOSURE, 5, 24);
	run(&p);
	cr_expect_eq(p.diff->n_changes[DIFF_NEW], 1);
	cr_expect_eq(p.diff->n_changes[DIFF_SAME], 1);
	cr_expect_eq(p.diff->n_changes[DIFF_GONE], 0);
	pair_release(&p);
}

Test(diff, estimates_need_a_margin)
{
	static const struct {
		uint64_t before, before_samples, after, after_samples;
		enum diff_change change;
	} cases[] = {
		{100000, 100, 120000, 120, DIFF_SAME},
		{100000, 100, 200000, 200, DIFF_MORE},
		{100000, 10000, 120000, 12000, DIFF_MORE},
		{0, 0, 5000, 5, DIFF_SAME},
		{0, 0, 20000, 20, DIFF_NEW},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pair p;

		pair_init(&p);
		p.before.rec->header.mode = p.after.rec->header.mode = REC_MODE_SAMPLE;
		if (cases[i].before)
			observe(&p.before, AT("main.f", 10), "main.T", CAUSE_NEW_OBJECT, cases[i].before, 8)->samples =
				cases[i].before_samples;
		observe(&p.after, AT("main.f", 10), "main.T", CAUSE_NEW_OBJECT, cases[i].after, 8)->samples =
			cases[i].after_samples;
		run(&p);
		cr_expect_eq(row_at(&p, 10)->change, cases[i].change, "case %zu", i);
		pair_release(&p);
	}
}

Test(diff, an_error_in_the_recording_is_believed)
{
	struct pair p;

	pair_init(&p);
	p.before.rec->header.mode = p.after.rec->header.mode = REC_MODE_SAMPLE;
	observe(&p.before, AT("main.f", 10), "main.T", CAUSE_NEW_OBJECT, 100000, 8)->error_pct = 1;
	observe(&p.after, AT("main.f", 10), "main.T", CAUSE_NEW_OBJECT, 105000, 8)->error_pct = 1;
	observe(&p.before, AT("main.f", 11), "main.U", CAUSE_NEW_OBJECT, 100000, 8)->error_pct = 10;
	observe(&p.after, AT("main.f", 11), "main.U", CAUSE_NEW_OBJECT, 105000, 8)->error_pct = 10;
	run(&p);
	cr_expect_eq(row_at(&p, 10)->change, DIFF_MORE);
	cr_expect_eq(row_at(&p, 11)->change, DIFF_SAME);
	pair_release(&p);
}

/* ---- units of work ---------------------------------------------------------------------------------------------- */

Test(diff, counts_per_unit_are_exact)
{
	static const struct {
		uint64_t a, a_units, b, b_units;
		int sign;
	} cases[] = {
		{9, 1, 9, 1, 0},
		{9, 1, 10, 1, 1},
		{1000, 1000, 2000, 2000, 0},
		{1000, 1000, 2001, 2000, 1}, /* one more than two runs of it, and no fixed cost explains it */
		{2000, 2000, 2000, 1000, 1}, /* the same total in half the work */
		{2000, 1000, 2000, 2000, -1},
		{1, 1000, 1, 2000, 0},	     /* a fixed cost */
		{1002, 1000, 2002, 2000, 0}, /* a fixed cost, and one for each */
		{1001000, 1001, 1001000, 1000, 1},
		{0, 1000, 1, 2000, 1}, /* nothing became something */
		{1, 1000, 0, 2000, -1},
		{UINT64_MAX, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 1, 0},
		{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, 0},
		{UINT64_MAX - 1, UINT64_MAX, UINT64_MAX, UINT64_MAX, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(diff_compare_counts(cases[i].a, cases[i].a_units, cases[i].b, cases[i].b_units),
			     cases[i].sign, "case %zu", i);
}

Test(diff, runs_of_different_length)
{
	struct pair p;

	pair_init(&p);
	p.before_units = 1000;
	p.after_units = 3000;
	observe(&p.before, AT("main.f", 10), "main.A", CAUSE_NEW_OBJECT, 1000, 16);
	observe(&p.before, AT("main.f", 20), "main.B", CAUSE_NEW_OBJECT, 2000, 16);
	observe(&p.before, AT("main.init", 30), "main.C", CAUSE_NEW_OBJECT, 1, 16);
	observe(&p.after, AT("main.f", 10), "main.A", CAUSE_NEW_OBJECT, 3000, 16);
	observe(&p.after, AT("main.f", 20), "main.B", CAUSE_NEW_OBJECT, 3000, 16);
	observe(&p.after, AT("main.init", 30), "main.C", CAUSE_NEW_OBJECT, 1, 16);
	run(&p);
	cr_expect_eq(row_at(&p, 10)->change, DIFF_SAME);
	cr_expect_eq(row_at(&p, 20)->change, DIFF_FEWER);
	cr_expect_eq(row_at(&p, 30)->change, DIFF_SAME);
	pair_release(&p);
}

/* What is found does not depend on the order of the recordings. */
Test(diff, order_of_the_recording_does_not_matter)
{
	struct pair p, q;

	pair_init(&p);
	pair_init(&q);
	for (int i = 0; i < 20; i++) {
		observe(&p.before, AT("main.f", 10 + i), "int", CAUSE_APPEND_GROWTH, 5 + (uint64_t)i % 3, 16);
		observe(&q.before, AT("main.f", 29 - i), "int", CAUSE_APPEND_GROWTH, 5 + (uint64_t)(19 - i) % 3, 16);
	}
	for (int i = 0; i < 17; i++) {
		observe(&p.after, AT("main.f", 11 + i), "int", CAUSE_APPEND_GROWTH, 5 + (uint64_t)i % 4, 16);
		observe(&q.after, AT("main.f", 27 - i), "int", CAUSE_APPEND_GROWTH, 5 + (uint64_t)(16 - i) % 4, 16);
	}
	run(&p);
	run(&q);
	cr_assert_eq(p.diff->n, q.diff->n);
	for (size_t i = 0; i < p.diff->n; i++) {
		cr_expect_eq(p.diff->rows[i].before.line, q.diff->rows[i].before.line);
		cr_expect_eq(p.diff->rows[i].after.line, q.diff->rows[i].after.line);
	}
	pair_release(&p);
	pair_release(&q);
}

/* ---- a change of the source ------------------------------------------------------------------------------------- */

static void run_change(struct pair *p, struct changed *before, struct changed *after)
{
	const struct diff_input a = {p->before.rec, &p->before.audit, 1};
	const struct diff_input b = {p->after.rec, &p->after.audit, 1};
	const struct source_change change = {"HEAD", "0123456789abcdef", before, after};

	diff_run_change(&p->diff, &a, &b, &change);
}

Test(change, outcomes)
{
	struct changed before, after;
	struct pair p;

	pair_init(&p);
	changed_init(&before);
	changed_init(&after);
	changed_add(&before, "x.go", 10, 14);
	changed_add(&after, "x.go", 10, 15);
	changed_place(&before, NULL, 0, &p.before.rec->header);
	changed_place(&after, NULL, 0, &p.after.rec->header);
	/* on lines of the change: gone, fewer, as many, more; and one that made nothing */
	observe(&p.before, AT("main.f", 10), "main.A", CAUSE_NEW_OBJECT, 9, 16);
	judge(&p.before, VERDICT_CONFIRMED, "a");
	observe(&p.before, AT("main.f", 11), "main.B", CAUSE_NEW_OBJECT, 9, 16);
	judge(&p.before, VERDICT_CONFIRMED, "b");
	observe(&p.after, AT("main.f", 11), "main.B", CAUSE_NEW_OBJECT, 8, 16);
	judge(&p.after, VERDICT_CONFIRMED, "b");
	observe(&p.before, AT("main.f", 12), "main.C", CAUSE_NEW_OBJECT, 9, 16);
	judge(&p.before, VERDICT_CONFIRMED, "c");
	observe(&p.after, AT("main.f", 12), "main.C", CAUSE_NEW_OBJECT, 9, 16);
	judge(&p.after, VERDICT_CONFIRMED, "c");
	observe(&p.before, AT("main.f", 13), "main.D", CAUSE_NEW_OBJECT, 9, 16);
	judge(&p.before, VERDICT_CONFIRMED, "d");
	observe(&p.after, AT("main.f", 13), "main.D", CAUSE_NEW_OBJECT, 10, 16);
	judge(&p.after, VERDICT_CONFIRMED, "d");
	judge_quiet(&p.before, VERDICT_COMPILED_OUT, "e", "f", 14);
	observe(&p.after, AT("main.k", 15), "main.F", CAUSE_MAKE_CHAN, 1, 16);
	judge(&p.after, VERDICT_CONFIRMED, "f");
	/* elsewhere: a prediction that turned and still allocates, and one that did what it says; more; gone without
	 * one */
	observe(&p.before, AT("main.g", 20), "main.G", CAUSE_MAKE_SLICE, 9, 16);
	judge(&p.before, VERDICT_CONFIRMED, "g");
	observe(&p.after, AT("main.g", 20), "main.G", CAUSE_MAKE_SLICE, 9, 16);
	judge(&p.after, VERDICT_VIOLATED, "g");
	observe(&p.before, AT("main.g", 21), "main.H", CAUSE_NEW_OBJECT, 9, 16);
	judge(&p.before, VERDICT_CONFIRMED, "h");
	judge_quiet(&p.after, VERDICT_HELD, "h", "g", 21);
	observe(&p.before, AT("main.g", 22), "main.I", CAUSE_APPEND_GROWTH, 9, 16);
	observe(&p.after, AT("main.g", 22), "main.I", CAUSE_APPEND_GROWTH, 10, 16);
	observe(&p.before, AT("main.g", 23), "main.J", CAUSE_MAKE_CHAN, 9, 16);
	run_change(&p, &before, &after);
	cr_expect_eq(row_at(&p, 10)->outcome, DIFF_OUTCOME_REMOVED);
	cr_expect_eq(row_at(&p, 11)->outcome, DIFF_OUTCOME_REDUCED);
	cr_expect_eq(row_at(&p, 12)->outcome, DIFF_OUTCOME_KEPT);
	cr_expect_eq(row_at(&p, 13)->outcome, DIFF_OUTCOME_WORSE);
	cr_expect_eq(row_at(&p, 14)->outcome, DIFF_OUTCOME_NOTHING);
	cr_expect_eq(row_at(&p, 15)->outcome, DIFF_OUTCOME_ADDED);
	cr_expect_eq(row_at(&p, 20)->outcome, DIFF_OUTCOME_KEPT);
	cr_expect_not(row_at(&p, 20)->touched);
	cr_expect_eq(row_at(&p, 21)->outcome, DIFF_OUTCOME_REMOVED);
	cr_expect_eq(row_at(&p, 22)->outcome, DIFF_OUTCOME_ADDED);
	cr_expect_eq(row_at(&p, 23)->outcome, DIFF_OUTCOME_NONE);
	cr_expect(row_at(&p, 15)->touched);
	cr_expect_eq(p.diff->n_outcomes[DIFF_OUTCOME_REMOVED], 2);
	changed_release(&before);
	changed_release(&after);
	pair_release(&p);
}
