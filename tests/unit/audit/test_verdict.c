/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matching and verdicts on accounts written by hand: each test is one line of source, what the compiler said of it,
 * which calls it became and what was seen there.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/verdict.h"
#include "base/memory.h"

#define FILE_PATH "/src/m/x.go"

struct scene {
	struct predictions *set;
	struct recording *rec;
	struct audit *audit;
	uint64_t next_pc;
};

static struct scene scene_new(void)
{
	struct scene s = {.set = predictions_new(), .rec = recording_new(), .next_pc = 0x401000};
	struct rec_extent *extent = recording_add_extent(s.rec);

	s.set->build.directory = "/src/m";
	s.rec->has_sites = true;
	s.rec->header.mode = REC_MODE_EXACT;
	s.rec->header.window_complete = true;
	s.rec->header.main_package = "example.com/m";
	s.rec->header.main_module = "example.com/m";
	s.rec->header.goroot_src = "/go/src/";
	*extent = (struct rec_extent){
		strpool_add(s.rec->pool, "main.f"), strpool_add(s.rec->pool, FILE_PATH), 10, 30, true, NULL, NULL};
	return s;
}

static void scene_free(struct scene *s)
{
	audit_free(s->audit);
	recording_free(s->rec);
	predictions_free(s->set);
}

static struct prediction *say(struct scene *s, enum claim claim, enum expr_kind kind, int line, int column,
			      const char *expr)
{
	struct prediction *p = predictions_add(s->set);

	p->claim = claim;
	p->kind = kind;
	p->package = "example.com/m";
	p->pos = (struct position){"./x.go", line, column};
	p->expr = expr;
	return p;
}

/* A call in main.f; returns the site's index. */
static size_t emit(struct scene *s, int line, const char *callee, enum cause cause, const char *type, bool may_elide)
{
	struct rec_site *site = recording_add_site(s->rec);

	site->pc = s->next_pc;
	site->ret = s->next_pc + 5;
	s->next_pc += 0x20;
	site->callee = callee;
	site->cause = cause;
	site->type = type;
	site->may_elide = may_elide;
	site->n_frames = 1;
	site->frames = xcalloc(1, sizeof(*site->frames));
	site->frames[0] = (struct rec_frame){strpool_add(s->rec->pool, "main.f"), strpool_add(s->rec->pool, FILE_PATH),
					     line, 10, NULL};
	return s->rec->n_sites - 1;
}

static void observe_at(struct scene *s, uint64_t ret, const char *function, const char *file, int line,
		       enum cause cause, uint64_t objects, uint64_t size)
{
	struct rec_location *loc = recording_add_location(s->rec);
	struct rec_observation *obs = recording_add_observation(s->rec);

	loc->pc = ret;
	loc->n_frames = 1;
	loc->frames = xcalloc(1, sizeof(*loc->frames));
	loc->frames[0] =
		(struct rec_frame){strpool_add(s->rec->pool, function), strpool_add(s->rec->pool, file), line, 0, NULL};
	obs->locations = xcalloc(1, sizeof(*obs->locations));
	obs->locations[0] = (uint32_t)(s->rec->n_locations - 1);
	obs->n_locations = 1;
	obs->cause = cause;
	obs->objects = obs->samples = objects;
	obs->bytes = objects * size;
	obs->smallest = obs->largest = size;
}

static void observe(struct scene *s, size_t site, uint64_t objects, uint64_t size)
{
	const struct rec_site *at = &s->rec->sites[site];

	observe_at(s, at->ret, "main.f", FILE_PATH, at->frames[0].line, at->cause, objects, size);
}

/* Every object is in exactly one account: the observations of a verdict are what it counts. */
static void expect_accounts(const struct audit *audit)
{
	uint64_t *objects = xcalloc(audit->n + 1, sizeof(*objects)), elsewhere = 0, runtime = 0;

	for (size_t i = 0; i < audit->rec->n_observations; i++) {
		size_t account = audit_account(audit, i);
		uint64_t n = audit->rec->observations[i].objects;

		if (account == AUDIT_ELSEWHERE)
			elsewhere += n;
		else if (account == AUDIT_RUNTIME)
			runtime += n;
		else
			objects[account] += n;
	}
	for (size_t i = 0; i < audit->n; i++)
		cr_expect_eq(objects[i], audit->items[i].objects, "verdict %zu", i);
	cr_expect_eq(elsewhere, audit->elsewhere_objects);
	cr_expect_eq(runtime, audit->runtime_objects);
	free(objects);
}

static void judge(struct scene *s)
{
	struct error err = ERROR_INIT;

	recording_find_sites(s->rec);
	cr_assert_eq(audit_run(&s->audit, s->set, s->rec, &err), 0, "%s", err.text);
	expect_accounts(s->audit);
}

static const struct verdict *verdict_of(const struct scene *s, const char *expr)
{
	for (size_t i = 0; i < s->audit->n; i++) {
		if (s->audit->items[i].expr && strcmp(s->audit->items[i].expr, expr) == 0)
			return &s->audit->items[i];
	}
	cr_assert_fail("no verdict for %s", expr);
	return NULL;
}

static void expect(const struct scene *s, const char *expr, enum verdict_kind kind, uint64_t objects)
{
	const struct verdict *v = verdict_of(s, expr);

	cr_expect_str_eq(verdict_name(v->kind), verdict_name(kind), "%s: %s", expr, verdict_name(v->kind));
	cr_expect_eq(v->objects, objects, "%s: %lu objects", expr, (unsigned long)v->objects);
	cr_expect_not(v->ambiguous, "%s", expr);
}

Test(verdict, one_prediction_and_each_kind_of_outcome)
{
	struct scene s = scene_new();
	size_t reached, never;

	say(&s, CLAIM_HEAP, EXPR_COMPOSITE, 11, 9, "&small{...}");
	observe(&s, emit(&s, 11, "runtime.newobject", CAUSE_NEW_OBJECT, "main.small", false), 500, 16);

	say(&s, CLAIM_HEAP, EXPR_OTHER, 12, 9, "n");
	reached = emit(&s, 12, "runtime.convT64", CAUSE_INTERFACE_CONVERSION, NULL, true);
	s.rec->sites[reached].reach = REACH_HIT;

	say(&s, CLAIM_HEAP, EXPR_OTHER, 13, 9, "never");
	never = emit(&s, 13, "runtime.convT64", CAUSE_INTERFACE_CONVERSION, NULL, true);
	s.rec->sites[never].reach = REACH_NEVER;

	say(&s, CLAIM_HEAP, EXPR_OTHER, 14, 9, "unknown");
	emit(&s, 14, "runtime.convT64", CAUSE_INTERFACE_CONVERSION, NULL, true);

	say(&s, CLAIM_HEAP, EXPR_NEW, 15, 9, "new(T)");
	emit(&s, 15, "runtime.newobject", CAUSE_NEW_OBJECT, "main.T", false);

	say(&s, CLAIM_HEAP, EXPR_CONSTANT, 16, 9, "\"text\"");
	say(&s, CLAIM_STACK, EXPR_MAKE_SLICE, 17, 9, "make([]int, 10)");

	say(&s, CLAIM_STACK, EXPR_CONCAT, 18, 9, "a + b");
	observe(&s, emit(&s, 18, "runtime.concatstring2", CAUSE_STRING_CONCATENATION, NULL, true), 7, 40);

	say(&s, CLAIM_STACK, EXPR_CONCAT, 19, 9, "c + d");
	emit(&s, 19, "runtime.concatstring2", CAUSE_STRING_CONCATENATION, NULL, true);

	say(&s, CLAIM_HEAP, EXPR_NEW, 99, 9, "new(gone)");

	observe(&s, emit(&s, 20, "runtime.makechan", CAUSE_MAKE_CHAN, "chan int", false), 3, 96);

	judge(&s);
	expect(&s, "&small{...}", VERDICT_CONFIRMED, 500);
	expect(&s, "n", VERDICT_ELIDED, 0);
	expect(&s, "never", VERDICT_UNREACHED, 0);
	expect(&s, "unknown", VERDICT_UNDECIDED, 0);
	expect(&s, "new(T)", VERDICT_UNREACHED, 0);
	expect(&s, "\"text\"", VERDICT_COMPILED_OUT, 0);
	expect(&s, "make([]int, 10)", VERDICT_HELD, 0);
	expect(&s, "a + b", VERDICT_VIOLATED, 7);
	expect(&s, "c + d", VERDICT_HELD, 0);
	expect(&s, "new(gone)", VERDICT_STALE, 0);
	cr_expect_eq(s.audit->totals.n[VERDICT_UNPREDICTED], 1);
	cr_expect_eq(s.audit->totals.objects[VERDICT_UNPREDICTED], 3);
	scene_free(&s);
}

Test(verdict, absence_is_a_fact_only_where_it_was_measured)
{
	struct scene s = scene_new();

	say(&s, CLAIM_HEAP, EXPR_NEW, 15, 9, "new(T)");
	emit(&s, 15, "runtime.newobject", CAUSE_NEW_OBJECT, "main.T", false);
	recording_add_loss(s.rec, "observation map full", 1);
	judge(&s);
	expect(&s, "new(T)", VERDICT_UNDECIDED, 0);
	scene_free(&s);

	s = scene_new();
	say(&s, CLAIM_HEAP, EXPR_NEW, 15, 9, "new(T)");
	emit(&s, 15, "runtime.newobject", CAUSE_NEW_OBJECT, "main.T", false);
	s.rec->header.mode = REC_MODE_SAMPLE;
	judge(&s);
	expect(&s, "new(T)", VERDICT_UNDECIDED, 0);
	scene_free(&s);
}

Test(verdict, types_tell_predictions_on_one_line_apart)
{
	struct scene s = scene_new();
	size_t a, b;

	/* source order and pc order disagree; the types do not */
	say(&s, CLAIM_HEAP, EXPR_COMPOSITE, 11, 9, "&left{...}");
	say(&s, CLAIM_HEAP, EXPR_COMPOSITE, 11, 20, "&right{...}");
	b = emit(&s, 11, "runtime.newobject", CAUSE_NEW_OBJECT, "main.right", false);
	a = emit(&s, 11, "runtime.newobject", CAUSE_NEW_OBJECT, "main.left", false);
	observe(&s, a, 5, 8);
	observe(&s, b, 7, 8);
	/* an alias: byte is uint8 */
	say(&s, CLAIM_HEAP, EXPR_MAKE_SLICE, 12, 9, "make([]byte, n)");
	observe(&s, emit(&s, 12, "runtime.makeslice", CAUSE_MAKE_SLICE, "uint8", true), 11, 64);
	judge(&s);
	expect(&s, "&left{...}", VERDICT_CONFIRMED, 5);
	expect(&s, "&right{...}", VERDICT_CONFIRMED, 7);
	expect(&s, "make([]byte, n)", VERDICT_CONFIRMED, 11);
	scene_free(&s);
}

/* A slice of slices makes arrays of slices, one of T arrays of T: a named type is printed by its name on both sides. */
Test(verdict, a_name_and_a_composed_type_contradict_each_other)
{
	struct scene s = scene_new();
	size_t outer = emit(&s, 11, "runtime.newobject", CAUSE_NEW_OBJECT, "[2][]main.T", false);
	size_t pointers = emit(&s, 12, "runtime.newobject", CAUSE_NEW_OBJECT, "[2]*main.T", false);
	size_t named = emit(&s, 13, "runtime.newobject", CAUSE_NEW_OBJECT, "[2]main.list", false);

	say(&s, CLAIM_HEAP, EXPR_SLICE_LIT, 11, 20, "[]T{...}");
	say(&s, CLAIM_HEAP, EXPR_SLICE_LIT, 11, 9, "[][]T{...}");
	observe(&s, outer, 3, 48);
	say(&s, CLAIM_HEAP, EXPR_SLICE_LIT, 12, 20, "[]T{...}");
	observe(&s, pointers, 5, 16);
	say(&s, CLAIM_HEAP, EXPR_SLICE_LIT, 13, 20, "[][]T{...}");
	observe(&s, named, 7, 48);
	/* A type parameter may be anything. */
	say(&s, CLAIM_HEAP, EXPR_SLICE_LIT, 14, 9, "[]go.shape.*T{...}");
	observe(&s, emit(&s, 14, "runtime.newobject", CAUSE_NEW_OBJECT, "[2]main.P", false), 9, 16);
	judge(&s);
	expect(&s, "[]go.shape.*T{...}", VERDICT_CONFIRMED, 9);
	for (size_t i = 0; i < s.audit->n; i++) {
		const struct verdict *v = &s.audit->items[i];
		uint64_t objects = v->line == 11 && v->column == 9 ? 3 : v->line == 14 ? 9 : 0;

		cr_expect_not(v->ambiguous);
		if (v->expr)
			cr_expect_eq(v->objects, objects, "line %d: %s: %lu", v->line, v->expr,
				     (unsigned long)v->objects);
	}
	scene_free(&s);
}

Test(verdict, without_columns_equal_numbers_are_not_paired_in_order)
{
	struct scene s = scene_new();
	size_t first = emit(&s, 11, "runtime.convT64", CAUSE_INTERFACE_CONVERSION, NULL, true);
	size_t second = emit(&s, 11, "runtime.convTstring", CAUSE_INTERFACE_CONVERSION, NULL, true);
	const struct verdict *v;

	say(&s, CLAIM_HEAP, EXPR_CONSTANT, 11, 5, "\"format\"");
	say(&s, CLAIM_HEAP, EXPR_OTHER, 11, 30, "name");
	say(&s, CLAIM_HEAP, EXPR_OTHER, 11, 20, "n");
	observe(&s, first, 3, 8);
	observe(&s, second, 5, 16);
	judge(&s);
	v = verdict_of(&s, "n, name");
	cr_expect_eq(v->kind, VERDICT_CONFIRMED);
	cr_expect(v->ambiguous);
	cr_expect_eq(v->n_predictions, 2);
	cr_expect_eq(v->objects, 8);
	expect(&s, "\"format\"", VERDICT_COMPILED_OUT, 0);
	scene_free(&s);
}

/* new(T) that stays is no call at all: the call on its line is of something else. */
Test(verdict, what_stays_and_cannot_outgrow_has_no_call)
{
	struct scene s = scene_new();

	say(&s, CLAIM_STACK, EXPR_NEW, 11, 9, "new(T)");
	say(&s, CLAIM_STACK, EXPR_FUNC_LIT, 12, 9, "func literal");
	observe(&s, emit(&s, 11, "runtime.newobject", CAUSE_NEW_OBJECT, "main.T", false), 3, 8);
	observe(&s, emit(&s, 12, "runtime.newobject", CAUSE_CLOSURE, "struct { F uintptr; X0 int }", false), 3, 16);
	judge(&s);
	expect(&s, "new(T)", VERDICT_HELD, 0);
	expect(&s, "func literal", VERDICT_HELD, 0);
	cr_expect_eq(s.audit->totals.n[VERDICT_UNPREDICTED], 2);
	scene_free(&s);
}

Test(verdict, what_nothing_tells_apart_is_one_ambiguous_group)
{
	struct scene s = scene_new();
	size_t site = emit(&s, 11, "runtime.convT64", CAUSE_INTERFACE_CONVERSION, NULL, true);
	const struct verdict *v;

	say(&s, CLAIM_HEAP, EXPR_OTHER, 11, 20, "flag");
	say(&s, CLAIM_HEAP, EXPR_OTHER, 11, 26, "n");
	observe(&s, site, 3, 8);
	judge(&s);
	v = verdict_of(&s, "flag, n");
	cr_expect(v->ambiguous);
	cr_expect_eq(v->n_predictions, 2);
	cr_expect_eq(v->objects, 3);
	scene_free(&s);
}

Test(verdict, merged_variables_share_one_object)
{
	struct scene s = scene_new();
	size_t site = emit(&s, 11, "runtime.mallocgcSmallNoScanSC2", CAUSE_NEW_OBJECT, NULL, false);
	const struct verdict *v;

	say(&s, CLAIM_HEAP, EXPR_MOVED, 11, 2, "a");
	say(&s, CLAIM_HEAP, EXPR_MOVED, 12, 2, "b");
	observe(&s, site, 3, 16);
	judge(&s);
	v = verdict_of(&s, "a, b");
	cr_expect_eq(v->kind, VERDICT_CONFIRMED);
	cr_expect_eq(v->objects, 3);
	cr_expect_eq(v->n_predictions, 2);
	cr_expect_not(v->ambiguous);
	scene_free(&s);
}

Test(verdict, a_moved_parameter_is_made_where_the_function_begins)
{
	struct scene s = scene_new();

	say(&s, CLAIM_HEAP, EXPR_MOVED, 11, 4, "parameter");
	observe(&s, emit(&s, 10, "runtime.newobject", CAUSE_NEW_OBJECT, "int", false), 3, 8);
	judge(&s);
	expect(&s, "parameter", VERDICT_CONFIRMED, 3);
	scene_free(&s);
}

Test(verdict, boxing_and_making_with_the_same_words)
{
	struct scene s = scene_new();

	say(&s, CLAIM_HEAP, EXPR_MAKE_SLICE, 11, 9, "make([]int, n)");
	say(&s, CLAIM_HEAP, EXPR_MAKE_SLICE, 11, 9, "make([]int, n)");
	observe(&s, emit(&s, 11, "runtime.makeslice", CAUSE_MAKE_SLICE, "int", true), 2, 800);
	observe(&s, emit(&s, 11, "runtime.convTslice", CAUSE_INTERFACE_CONVERSION, NULL, true), 2, 24);
	judge(&s);
	cr_expect_eq(s.audit->totals.n[VERDICT_CONFIRMED], 2);
	cr_expect_eq(s.audit->totals.objects[VERDICT_CONFIRMED], 4);
	cr_expect_eq(s.audit->totals.n[VERDICT_UNPREDICTED], 0);
	scene_free(&s);
}

/* Tells a site's position, and what its token stands for. */
static void place(struct scene *s, size_t site, int column, int first_column, int last_column)
{
	struct rec_source *source = xcalloc(1, sizeof(*source) + sizeof(source->levels[0]));
	int line = s->rec->sites[site].frames[0].line;

	source->expr = "";
	source->first_line = source->last_line = line;
	source->first_column = first_column;
	source->last_column = last_column;
	source->n_levels = 1;
	source->levels[0] = (struct rec_level){line, column};
	s->rec->sites[site].source = source;
}

Test(verdict, insertions_of_two_map_literals_on_a_line_are_told_apart_by_column)
{
	struct scene s = scene_new();
	size_t sites[4];

	/* a, b := map[int]T{n: {}}, map[int]T{n: T{}}: the second one's insertion is at its element */
	say(&s, CLAIM_HEAP, EXPR_MAKE_MAP, 11, 20, "map[int]T{...}");
	say(&s, CLAIM_HEAP, EXPR_MAKE_MAP, 11, 40, "map[string]T{...}");
	for (int i = 0; i < 2; i++)
		sites[i] = emit(&s, 11, "runtime.makemap_small", CAUSE_MAKE_MAP, NULL, false);
	for (int i = 2; i < 4; i++)
		sites[i] = emit(&s, 11, "runtime.mapassign", CAUSE_MAP_GROWTH, NULL, true);
	place(&s, sites[0], 20, 11, 28);
	place(&s, sites[1], 40, 31, 50);
	place(&s, sites[2], 45, 44, 46);
	place(&s, sites[3], 20, 11, 28);
	observe(&s, sites[0], 1, 48);
	observe(&s, sites[1], 1, 48);
	observe(&s, sites[2], 7, 8);
	observe(&s, sites[3], 5, 8);
	judge(&s);
	expect(&s, "map[int]T{...}", VERDICT_CONFIRMED, 6);
	expect(&s, "map[string]T{...}", VERDICT_CONFIRMED, 8);
	cr_expect_eq(s.audit->totals.n[VERDICT_UNPREDICTED], 0);
	scene_free(&s);
}

/* x = f(T{k: []string{...}, l: []int{...}}): the arrays are at the keys. */
static void say_in_statement(struct scene *s, enum expr_kind kind, int column, const char *expr, int statement)
{
	say(s, CLAIM_HEAP, kind, 11, column, expr);
	s->set->items[s->set->n - 1].statement = (struct source_position){11, statement};
}

static void emit_in_statement(struct scene *s, int column, enum cause cause, const char *type, int statement)
{
	size_t site = emit(s, 11, cause == CAUSE_NEW_OBJECT ? "runtime.newobject" : "runtime.concatstring2", cause,
			   type, false);

	place(s, site, column, column, column);
	s->rec->sites[site].source->statement_line = 11;
	s->rec->sites[site].source->statement_column = statement;
	observe(s, site, (uint64_t)column, 8);
}

Test(verdict, what_is_left_over_in_one_statement_is_no_divergence)
{
	struct scene s = scene_new();

	say_in_statement(&s, EXPR_SLICE_LIT, 20, "[]string{...}", 2);
	say_in_statement(&s, EXPR_SLICE_LIT, 40, "[]int{...}", 2);
	say_in_statement(&s, EXPR_SLICE_LIT, 70, "[]string{...}", 50); /* another statement's */
	say_in_statement(&s, EXPR_OTHER, 90, "T{...}.s + x", 80);
	emit_in_statement(&s, 38, CAUSE_NEW_OBJECT, "[2]int", 2);
	emit_in_statement(&s, 18, CAUSE_NEW_OBJECT, "[2]string", 2);
	emit_in_statement(&s, 85, CAUSE_STRING_CONCATENATION, NULL, 80);
	emit_in_statement(&s, 120, CAUSE_NEW_OBJECT, "[2]string", 100); /* nothing is said of it */
	judge(&s);
	expect(&s, "[]int{...}", VERDICT_CONFIRMED, 38);
	expect(&s, "T{...}.s + x", VERDICT_CONFIRMED, 85);
	cr_expect_eq(s.audit->totals.objects[VERDICT_CONFIRMED], 38 + 18 + 85);
	cr_expect_eq(s.audit->totals.objects[VERDICT_UNPREDICTED], 120);
	for (size_t i = 0; i < s.audit->n; i++)
		cr_expect(!s.audit->items[i].ambiguous);
	scene_free(&s);

	/* Two of a kind: one row with the sum. */
	s = scene_new();
	say_in_statement(&s, EXPR_SLICE_LIT, 20, "[]string{...}", 2);
	say_in_statement(&s, EXPR_SLICE_LIT, 40, "[]string{...}", 2);
	emit_in_statement(&s, 18, CAUSE_NEW_OBJECT, "[2]string", 2);
	emit_in_statement(&s, 38, CAUSE_NEW_OBJECT, "[2]string", 2);
	judge(&s);
	cr_assert_eq(s.audit->n, 1);
	cr_expect_eq(s.audit->items[0].kind, VERDICT_CONFIRMED);
	cr_expect(s.audit->items[0].ambiguous);
	cr_expect_eq(s.audit->items[0].objects, 18 + 38);
	scene_free(&s);
}

/* A variable of main.f, in a block of those lines; bytes 0: its type is not known. */
static void move(struct scene *s, int line, int column, const char *name, int first, int last, unsigned bytes)
{
	struct prediction *p = say(s, CLAIM_HEAP, EXPR_MOVED, line, column, name);

	p->inlined_known = true;
	p->function = "f";
	p->variable =
		(struct variable_source){.first_line = first, .first_column = 1, .last_line = last, .last_column = 1};
	if (bytes) {
		p->variable.type = bytes == 8 ? "int" : bytes == 4 ? "int32" : "bool";
		p->variable.size = p->variable.align = bytes;
	}
}

/* size 0: an object of the type. */
static void make_object(struct scene *s, int line, int column, const char *type, unsigned size, uint64_t objects)
{
	size_t site = emit(s, line, size ? "runtime.mallocgc" : "runtime.newobject", CAUSE_NEW_OBJECT, type, false);

	if (column)
		place(s, site, column, column, column);
	s->rec->sites[site].size = size;
	s->rec->sites[site].type_size = size ? 0 : 8;
	observe(s, site, objects, size ? size : 8);
}

Test(verdict, variables_share_an_object_up_to_16_bytes_in_their_order)
{
	for (int has_columns = 0; has_columns < 2; has_columns++) {
		struct scene s = scene_new();

		for (int i = 0; i < 5; i++)
			move(&s, 11 + i, 2, (const char *[]){"a", "b", "c", "d", "e"}[i], 10, 30, 8);
		make_object(&s, 11, 2 * has_columns, NULL, 16, 1);
		make_object(&s, 13, 2 * has_columns, NULL, 16, 2);
		make_object(&s, 15, 2 * has_columns, "int", 0, 4);
		judge(&s);
		expect(&s, "a, b", VERDICT_CONFIRMED, 1);
		expect(&s, "c, d", VERDICT_CONFIRMED, 2);
		expect(&s, "e", VERDICT_CONFIRMED, 4);
		cr_expect_not(verdict_of(&s, "c, d")->ambiguous);
		scene_free(&s);
	}
}

Test(verdict, variables_of_several_blocks_on_one_line_share_by_block)
{
	for (int has_columns = 0; has_columns < 2; has_columns++) {
		struct scene s = scene_new();

		move(&s, 11, 5, "a", 10, 30, 4);
		move(&s, 11, 9, "b", 10, 30, 4);
		move(&s, 11, 20, "c", 11, 12, 4);
		move(&s, 11, 24, "d", 11, 12, 4);
		make_object(&s, 11, 5 * has_columns, NULL, 8, 1);
		make_object(&s, 11, 20 * has_columns, NULL, 8, 2);
		judge(&s);
		if (has_columns) {
			expect(&s, "a, b", VERDICT_CONFIRMED, 1);
			expect(&s, "c, d", VERDICT_CONFIRMED, 2);
		} else {
			cr_expect_eq(verdict_of(&s, "a, b, c, d")->objects, 3);
			cr_expect(verdict_of(&s, "a, b, c, d")->ambiguous);
		}
		scene_free(&s);
	}
}

Test(verdict, a_variable_for_which_the_object_has_no_room_has_none)
{
	struct scene s = scene_new();

	move(&s, 11, 2, "a", 10, 30, 8);
	move(&s, 12, 2, "b", 10, 30, 8);
	move(&s, 14, 3, "gone", 13, 16, 8);
	make_object(&s, 11, 2, NULL, 16, 1);
	judge(&s);
	expect(&s, "a, b", VERDICT_CONFIRMED, 1);
	cr_expect_not(verdict_of(&s, "a, b")->ambiguous);
	cr_expect_eq(verdict_of(&s, "gone")->objects, 0);
	scene_free(&s);
}

Test(verdict, a_variable_of_an_inner_block_that_may_share_is_marked)
{
	struct scene s = scene_new();

	move(&s, 11, 2, "a", 10, 30, 0);
	move(&s, 12, 2, "b", 10, 30, 0);
	move(&s, 14, 3, "perhaps", 13, 16, 0);
	make_object(&s, 11, 2, NULL, 16, 1);
	judge(&s);
	cr_expect_eq(verdict_of(&s, "a, b, perhaps")->objects, 1);
	cr_expect(verdict_of(&s, "a, b, perhaps")->ambiguous, "nothing says how large they are");
	scene_free(&s);
}

/* A variable of a known size has no object of another one. */
Test(verdict, an_object_of_another_size_is_no_variables)
{
	struct scene s = scene_new();
	size_t site;

	move(&s, 11, 5, "text", 10, 30, 0);
	move(&s, 11, 9, "n", 10, 30, 8);
	site = emit(&s, 11, "runtime.newobject", CAUSE_NEW_OBJECT, "string", false);
	s.rec->sites[site].type_size = 16;
	observe(&s, site, 3, 16);
	judge(&s);
	expect(&s, "text", VERDICT_CONFIRMED, 3);
	expect(&s, "n", VERDICT_COMPILED_OUT, 0);
	scene_free(&s);
}

/* "new(T)" beside a variable of another type does not make the variable's line unknown: T is no other name for it. */
Test(verdict, variables_are_dealt_out_beside_objects_of_other_types)
{
	struct scene s = scene_new();

	move(&s, 11, 2, "a", 10, 30, 8);
	move(&s, 11, 9, "b", 10, 30, 8);
	move(&s, 12, 2, "n", 10, 30, 8);
	move(&s, 14, 9, "gone", 13, 15, 8);
	s.set->items[2].variable.has_pointers = true;
	say(&s, CLAIM_HEAP, EXPR_NEW, 12, 20, "new(T)");
	make_object(&s, 11, 0, NULL, 16, 3);
	make_object(&s, 12, 0, "int", 0, 4);
	make_object(&s, 12, 0, "main.T", 0, 5);
	judge(&s);
	expect(&s, "a, b", VERDICT_CONFIRMED, 3);
	expect(&s, "n", VERDICT_CONFIRMED, 4);
	expect(&s, "new(T)", VERDICT_CONFIRMED, 5);
	expect(&s, "gone", VERDICT_COMPILED_OUT, 0);
	scene_free(&s);
}

/* A slice literal that escapes, in a statement on the lines 11 to 14. */
static void say_slice(struct scene *s, int line, int column, const char *expr)
{
	struct prediction *p = say(s, CLAIM_HEAP, EXPR_SLICE_LIT, line, column, expr);

	p->inlined_known = true;
	p->made_on.first_line = 11;
	p->made_on.last_line = 14;
}

/* x = []T{{A: []int{...},
 *          B: []int{...}, ...
 *          N: 3}}: arrays are on the lines of fields, and that of the slice around is on the last one's. */
Test(verdict, arrays_of_a_literal_on_several_lines_are_made_on_other_lines)
{
	struct scene s = scene_new();

	say_slice(&s, 11, 6, "[]T{...}");
	say_slice(&s, 11, 12, "[]string{...}");
	say_slice(&s, 12, 5, "[]int{...}");
	say_slice(&s, 13, 5, "[]int{...}");
	observe(&s, emit(&s, 11, "runtime.newobject", CAUSE_NEW_OBJECT, "[2]string", false), 2, 32);
	observe(&s, emit(&s, 11, "runtime.newobject", CAUSE_NEW_OBJECT, "[1]int", false), 3, 8);
	observe(&s, emit(&s, 12, "runtime.newobject", CAUSE_NEW_OBJECT, "[4]int", false), 4, 32);
	observe(&s, emit(&s, 14, "runtime.newobject", CAUSE_NEW_OBJECT, "[2]main.T", false), 5, 64);
	judge(&s);
	expect(&s, "[]T{...}", VERDICT_CONFIRMED, 5);
	expect(&s, "[]string{...}", VERDICT_CONFIRMED, 2);
	cr_expect_eq(verdict_of(&s, "[]int{...}, []int{...}")->objects, 7);
	cr_expect(verdict_of(&s, "[]int{...}, []int{...}")->ambiguous, "which line's is which is not known");
	scene_free(&s);

	/* Each line has its own. */
	s = scene_new();
	say_slice(&s, 12, 5, "[]int{...}");
	say_slice(&s, 13, 5, "[]int{...}");
	observe(&s, emit(&s, 12, "runtime.newobject", CAUSE_NEW_OBJECT, "[1]int", false), 3, 8);
	observe(&s, emit(&s, 13, "runtime.newobject", CAUSE_NEW_OBJECT, "[4]int", false), 4, 32);
	judge(&s);
	cr_assert_eq(s.audit->n, 2);
	for (size_t i = 0; i < s.audit->n; i++) {
		cr_expect_eq(s.audit->items[i].objects, s.audit->items[i].line == 12 ? 3 : 4);
		cr_expect_not(s.audit->items[i].ambiguous);
	}
	scene_free(&s);
}

/* A site whose expression is known, but no column. */
static void word(struct scene *s, size_t site, const char *expr)
{
	place(s, site, 0, 0, 0);
	s->rec->sites[site].source->expr = expr;
}

Test(verdict, what_is_left_over_without_columns_may_have_the_lines_calls)
{
	struct scene s = scene_new();
	const struct verdict *v;
	size_t site;

	/* Of the literal's own chain; but it is the variable's, made at the call, whose type is not known. */
	say(&s, CLAIM_HEAP, EXPR_NEW, 11, 9, "new(T)")->inlined_known = true;
	move(&s, 11, 20, "v", 10, 30, 0);
	s.set->items[1].inlined = xcalloc(1, sizeof(struct position));
	s.set->items[1].inlined[0] = (struct position){"./x.go", 25, 3};
	s.set->items[1].n_inlined = 1;
	observe(&s, emit(&s, 11, "runtime.newobject", CAUSE_NEW_OBJECT, "int", false), 3, 8);
	judge(&s);
	v = verdict_of(&s, "new(T), v");
	cr_expect(v->ambiguous);
	cr_expect_eq(v->objects, 3);
	scene_free(&s);

	/* A call that no other claim may be of. */
	s = scene_new();
	say_slice(&s, 11, 0, "[]T{...}");
	site = emit(&s, 14, "runtime.newobject", CAUSE_NEW_OBJECT, "[2]main.T", false);
	word(&s, site, "M");
	observe(&s, site, 5, 64);
	judge(&s);
	v = verdict_of(&s, "[]T{...}");
	cr_expect(v->ambiguous);
	cr_expect_eq(v->objects, 5);
	cr_expect_eq(s.audit->totals.n[VERDICT_UNPREDICTED], 0);
	scene_free(&s);
}

Test(verdict, without_columns_what_stays_and_what_escapes_in_the_same_words_are_not_told_apart)
{
	for (int has_columns = 0; has_columns < 2; has_columns++) {
		struct scene s = scene_new();
		size_t a = emit(&s, 11, "runtime.growslice", CAUSE_APPEND_GROWTH, "int", true);
		size_t b = emit(&s, 11, "runtime.growslice", CAUSE_APPEND_GROWTH, "uint8", true);

		say(&s, CLAIM_STACK, EXPR_APPEND, 11, has_columns ? 9 : 0, "append");
		say(&s, CLAIM_HEAP, EXPR_APPEND, 11, has_columns ? 20 : 0, "append");
		word(&s, a, "append(x, 1)");
		word(&s, b, "append(y, 1)");
		s.rec->sites[a].source->levels[0].column = has_columns ? 9 : 0;
		s.rec->sites[b].source->levels[0].column = has_columns ? 20 : 0;
		observe(&s, a, 3, 8);
		observe(&s, b, 5, 8);
		judge(&s);
		cr_assert_eq(s.audit->n, 2);
		cr_expect_eq(s.audit->items[0].ambiguous, !has_columns);
		cr_expect_eq(s.audit->items[1].ambiguous, !has_columns);
		cr_expect_eq(s.audit->items[0].objects + s.audit->items[1].objects, 8);
		scene_free(&s);
	}
}

/* Of a go statement's closure and a literal of its line the explanation is one. */
Test(verdict, a_go_statements_closure_without_a_column_is_explained_like_a_literal)
{
	struct scene s = scene_new();
	size_t site = emit(&s, 11, "runtime.newobject", CAUSE_CLOSURE, NULL, false);

	say(&s, CLAIM_HEAP, EXPR_FUNC_LIT, 11, 0, "func literal");
	s.rec->sites[site].closure = "main.f.gowrap1";
	observe(&s, site, 3, 16);
	judge(&s);
	expect(&s, "func literal", VERDICT_CONFIRMED, 3);
	scene_free(&s);

	s = scene_new();
	site = emit(&s, 11, "runtime.newobject", CAUSE_CLOSURE, NULL, false);
	say(&s, CLAIM_HEAP, EXPR_FUNC_LIT, 11, 9, "func literal");
	s.rec->sites[site].closure = "main.f.gowrap1";
	observe(&s, site, 3, 16);
	judge(&s);
	expect(&s, "func literal", VERDICT_COMPILED_OUT, 0);
	scene_free(&s);
}

/* A map that grows makes groups, tables and a directory: no one of them is all there is. */
Test(verdict, a_line_that_makes_several_types_names_one_and_counts_the_others)
{
	static const struct {
		const char *type;
		uint64_t objects, size;
	} seen[] = {{"table", 40, 32}, {"group", 10, 100}, {"group", 10, 100}, {"directory", 7, 8}, {"table", 1, 32}};
	struct scene s;
	size_t site;

	s = scene_new();
	predictions_add_package(s.set, "example.com/m");
	site = emit(&s, 20, "runtime.mapassign", CAUSE_MAP_GROWTH, NULL, true);
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++) {
		observe(&s, site, seen[i].objects, seen[i].size);
		s.rec->observations[i].type = strpool_add(s.rec->pool, seen[i].type);
	}
	judge(&s);
	cr_assert_eq(s.audit->n, 1);
	cr_expect_str_eq(s.audit->items[0].type, "table", "1280 bytes of one stack");
	cr_expect_eq(s.audit->items[0].other_types, 2);
	cr_expect_eq(s.audit->items[0].objects, 68);
	scene_free(&s);
}

Test(verdict, every_object_is_in_exactly_one_total)
{
	struct scene s = scene_new();
	uint64_t sum = 0;

	say(&s, CLAIM_HEAP, EXPR_NEW, 15, 9, "new(T)");
	observe(&s, emit(&s, 15, "runtime.newobject", CAUSE_NEW_OBJECT, "main.T", false), 13, 8);
	observe_at(&s, 0x500000, "fmt.Sprint", "/go/src/fmt/print.go", 30, CAUSE_NEW_OBJECT, 17, 8);
	observe_at(&s, 0x600000, "runtime.main", "/go/src/runtime/proc.go", 30, CAUSE_RUNTIME_INTERNAL, 19, 8);
	s.rec->observations[2].user = REC_NO_USER_FRAME;
	observe_at(&s, 0x401900, "main.f", FILE_PATH, 22, CAUSE_APPEND_GROWTH, 23, 8); /* a call nobody decoded */
	judge(&s);
	for (int i = 0; i < VERDICT_COUNT; i++)
		sum += s.audit->totals.objects[i];
	cr_expect_eq(s.audit->elsewhere_objects, 17);
	cr_expect_eq(s.audit->runtime_objects, 19);
	cr_expect_eq(s.audit->totals.objects[VERDICT_UNPREDICTED], 23);
	cr_expect_eq(sum + s.audit->elsewhere_objects + s.audit->runtime_objects, 13 + 17 + 19 + 23);
	scene_free(&s);
}

/* Outside the binary an address is not known; its lines are, and nothing else is there to tell them apart. */
Test(verdict, lines_of_plugins_stay_apart)
{
	struct scene s = scene_new();

	say(&s, CLAIM_HEAP, EXPR_NEW, 15, 9, "new(T)"); /* so that its package is one that was predicted */
	observe_at(&s, 0, "main.f", FILE_PATH, 22, CAUSE_NEW_OBJECT, 5, 8);
	observe_at(&s, 0, "main.f", FILE_PATH, 23, CAUSE_APPEND_GROWTH, 7, 64);
	judge(&s);
	cr_assert_eq(s.audit->totals.n[VERDICT_UNPREDICTED], 2);
	for (size_t i = 0; i < 2; i++) { /* they are ranked first */
		const struct verdict *v = &s.audit->items[i];

		cr_expect_eq(v->objects, v->line == 22 ? 5 : 7, "line %d", v->line);
		cr_expect_eq(v->cause, v->line == 22 ? CAUSE_NEW_OBJECT : CAUSE_APPEND_GROWTH);
	}
	scene_free(&s);
}

/* What the runtime makes at a call that is there for something else is its own; what the call itself asks of it is not.
 */
Test(verdict, work_of_the_runtime)
{
	struct scene s = scene_new();
	size_t large = emit(&s, 20, "runtime.makeslice", CAUSE_MAKE_SLICE, "[]int", false);
	size_t send = emit(&s, 21, "runtime.chansend1", CAUSE_RUNTIME_INTERNAL, NULL, true);

	say(&s, CLAIM_HEAP, EXPR_NEW, 15, 9, "new(T)");
	observe(&s, large, 3, 65536);
	observe(&s, large, 11, 416);
	s.rec->observations[1].cause = CAUSE_RUNTIME_INTERNAL; /* goroutines for a collection */
	observe(&s, send, 5, 96);
	recording_find_sites(s.rec);
	cr_expect_eq(recording_work(s.rec, &s.rec->observations[0]), REC_WORK_LINE);
	cr_expect_eq(recording_work(s.rec, &s.rec->observations[1]), REC_WORK_OWN);
	cr_expect_eq(recording_work(s.rec, &s.rec->observations[2]), REC_WORK_HELPER);
	s.rec->observations[0].user = REC_NO_USER_FRAME;
	cr_expect_eq(recording_work(s.rec, &s.rec->observations[0]), REC_WORK_OWN);
	s.rec->observations[0].user = 0;
	judge(&s);
	cr_expect_eq(s.audit->runtime_objects, 11);
	cr_expect_eq(s.audit->totals.objects[VERDICT_UNPREDICTED], 3 + 5);
	scene_free(&s);
}

Test(verdict, a_log_of_another_build_is_named)
{
	struct scene s = scene_new();

	say(&s, CLAIM_HEAP, EXPR_NEW, 15, 9, "new(T)");
	s.set->build.go_version = "go1.26.11";
	s.rec->header.go_version = "go1.27.3";
	s.set->build.settings = "-race=true\n-gcflags=-m=2 -json=0,/x\n";
	s.rec->header.modinfo = "build\t-gcflags=all=-N -l\n";
	judge(&s);
	cr_expect_eq(s.audit->match, BUILD_MATCH_DIFFERENT);
	cr_expect_eq(s.audit->n_mismatches, 3);
	cr_expect_not_null(strstr(s.audit->mismatches[0], "go1.26.11"));
	cr_expect_not_null(strstr(s.audit->mismatches[1], "-race"));
	cr_expect_not_null(strstr(s.audit->mismatches[2], "-N -l"));
	scene_free(&s);
}

Test(verdict, names_go_both_ways)
{
	for (int i = 0; i < VERDICT_COUNT; i++)
		cr_expect_eq(verdict_from_name(verdict_name((enum verdict_kind)i)), i);
	cr_expect_eq(verdict_from_name("nonsense"), VERDICT_COUNT);
}

/* ---- another edition of the source ---- */

static void declare(struct scene *s, const char *name, int line)
{
	*predictions_declare(s->set) = (struct declaration){"example.com/m", "./x.go", name, line};
}

/* A call in another function, which begins on that line: 0 for a binary that does not tell. */
static size_t emit_in(struct scene *s, const char *function, int start_line, int line, const char *type)
{
	size_t site = emit(s, line, "runtime.newobject", CAUSE_NEW_OBJECT, type, false);

	s->rec->sites[site].frames[0].function = strpool_add(s->rec->pool, function);
	s->rec->sites[site].frames[0].start_line = start_line;
	return site;
}

static void extend(struct scene *s, const char *function, int first, int last)
{
	struct rec_extent *extent = recording_add_extent(s->rec);

	*extent = (struct rec_extent){strpool_add(s->rec->pool, function),
				      strpool_add(s->rec->pool, FILE_PATH),
				      first,
				      last,
				      true,
				      NULL,
				      NULL};
}

/* main.f, which the log has on line 9, begins on line 10: what the log says of line 11 is not about line 11. */
Test(verdict, what_stands_elsewhere_in_the_binary_is_stale_and_the_header_says_so)
{
	struct scene s = scene_new();
	size_t site = emit(&s, 11, "runtime.newobject", CAUSE_NEW_OBJECT, "main.T", false);

	s.rec->header.go_version = "go1.27.3";
	declare(&s, "f", 9);
	say(&s, CLAIM_HEAP, EXPR_NEW, 11, 9, "new(T)");
	observe(&s, site, 3, 8);
	judge(&s);
	cr_expect_eq(verdict_of(&s, "new(T)")->kind, VERDICT_STALE);
	cr_expect_not_null(strstr(verdict_of(&s, "new(T)")->summary, "edited"));
	cr_expect_eq(s.audit->totals.n[VERDICT_CONFIRMED], 0);
	cr_expect_eq(s.audit->totals.objects[VERDICT_UNPREDICTED], 3);
	cr_expect_eq(s.audit->match, BUILD_MATCH_DIFFERENT);
	cr_assert_eq(s.audit->n_mismatches, 1);
	cr_expect_str_eq(s.audit->mismatches[0],
			 "the source was edited between the builds: 1 function on other lines, f of "
			 "./x.go on 9 in the log and on 10 in the binary");
	scene_free(&s);
}

/* Between f, which is where it was, and h, which is not, something was put in: perhaps in g, which tells nothing. */
Test(verdict, what_stands_between_two_that_stayed_is_judged)
{
	struct scene s = scene_new();

	s.rec->header.go_version = "go1.27.3";
	extend(&s, "main.g", 31, 33);
	extend(&s, "main.h", 42, 45);
	declare(&s, "f", 10);
	declare(&s, "g", 31);
	declare(&s, "gone", 35);
	declare(&s, "h", 41);
	say(&s, CLAIM_HEAP, EXPR_NEW, 11, 9, "new(inF)");
	say(&s, CLAIM_HEAP, EXPR_NEW, 32, 9, "new(inG)");
	say(&s, CLAIM_HEAP, EXPR_NEW, 36, 9, "new(gone)");
	say(&s, CLAIM_HEAP, EXPR_NEW, 43, 9, "new(inH)");
	observe(&s, emit(&s, 11, "runtime.newobject", CAUSE_NEW_OBJECT, "main.inF", false), 3, 8);
	observe(&s, emit_in(&s, "main.g", 31, 32, "main.inG"), 5, 8);
	observe(&s, emit_in(&s, "main.h", 42, 43, "main.inH"), 7, 8);
	judge(&s);
	expect(&s, "new(inF)", VERDICT_CONFIRMED, 3);
	cr_expect_eq(verdict_of(&s, "new(inG)")->kind, VERDICT_STALE);
	cr_expect_eq(verdict_of(&s, "new(gone)")->kind, VERDICT_STALE);
	cr_expect_eq(verdict_of(&s, "new(inH)")->kind, VERDICT_STALE);
	scene_free(&s);
}

/* Tables before Go 1.20 have no line for the func keyword. Functions that call begin with code of that line, others
 * need not, and one line that differs may have strayed there; most of a file's do not. */
Test(verdict, old_binaries_tell_the_line_of_functions_that_call)
{
	for (int moved = 0; moved < 3; moved++) {
		struct scene s = scene_new();

		s.rec->header.go_version = "go1.19.8";
		extend(&s, "main.leaf", 42, 45);
		extend(&s, "main.g", 31, 33);
		declare(&s, "f", moved > 1 ? 9 : 10);
		declare(&s, "g", moved > 0 ? 30 : 31);
		declare(&s, "leaf", 41);
		say(&s, CLAIM_HEAP, EXPR_NEW, 11, 9, "new(T)");
		observe(&s, emit_in(&s, "main.f", 0, 11, "main.T"), 3, 8);
		emit_in(&s, "main.g", 0, 33, "main.T");
		judge(&s);
		cr_expect_eq(verdict_of(&s, "new(T)")->kind, moved > 1 ? VERDICT_STALE : VERDICT_CONFIRMED, "%d",
			     moved);
		cr_expect_eq(s.audit->n_mismatches, moved > 1 ? 1 : 0, "%d", moved);
		scene_free(&s);
	}
}

/* One build leaves no doubt. */
Test(verdict, one_build_has_one_edition)
{
	struct scene s = scene_new();

	s.rec->header.go_version = "go1.27.3";
	s.rec->header.build_id = s.set->build.build_id = "id";
	declare(&s, "f", 9);
	say(&s, CLAIM_HEAP, EXPR_NEW, 11, 9, "new(T)");
	observe(&s, emit(&s, 11, "runtime.newobject", CAUSE_NEW_OBJECT, "main.T", false), 3, 8);
	judge(&s);
	expect(&s, "new(T)", VERDICT_CONFIRMED, 3);
	scene_free(&s);
}

/* 40:4 is inlined; 41:5, which has the same exclusive or, is not. */
Test(verdict, what_is_inlined_is_not_what_stands_on_another_line)
{
	struct scene s = scene_new();
	struct prediction *p = say(&s, CLAIM_HEAP, EXPR_NEW, 12, 5, "new(int)");

	s.set->build.build_id = s.rec->header.build_id = "same";
	p->inlined = xcalloc(1, sizeof(*p->inlined));
	p->inlined[0] = (struct position){"./x.go", 40, 4};
	p->n_inlined = 1;
	emit(&s, 12, "runtime.newobject", CAUSE_NEW_OBJECT, "int", false);
	say(&s, CLAIM_HEAP, EXPR_NEW, 40, 4, "new(int8)")->function = "g";
	say(&s, CLAIM_HEAP, EXPR_NEW, 41, 5, "new(int16)")->function = "h";
	judge(&s);
	cr_expect_str_eq(verdict_of(&s, "new(int8)")->summary,
			 "no call: only inlined copies of the function are left in the binary");
	cr_expect_str_eq(verdict_of(&s, "new(int16)")->summary, "no call: the linker dropped the function");
	scene_free(&s);
}

Test(verdict, a_log_betrays_its_version_and_its_inlining)
{
	struct scene s = scene_new();

	s.rec->header.go_version = "go1.24.4";
	s.set->build.since_minor = 25;
	say(&s, CLAIM_HEAP, EXPR_NEW, 11, 9, "new(T)");
	judge(&s);
	cr_assert_eq(s.audit->n_mismatches, 2);
	cr_expect_str_eq(s.audit->mismatches[0], "the log is of go1.25 or later, the binary of go1.24.4");
	cr_expect_str_eq(s.audit->mismatches[1], "the log's build did not inline (-l), the binary's did");
	scene_free(&s);

	s = scene_new();
	s.rec->header.go_version = "go1.25.1";
	s.rec->header.modinfo = "build\t-gcflags=all=-N -l\n";
	s.set->build.before_minor = 25;
	declare(&s, "f", 10);
	say(&s, CLAIM_HEAP, EXPR_NEW, 11, 9, "new(T)");
	judge(&s);
	cr_assert_eq(s.audit->n_mismatches, 2);
	cr_expect_str_eq(s.audit->mismatches[0], "the log is of a version before go1.25, the binary of go1.25.1");
	cr_expect_str_eq(s.audit->mismatches[1], "the log's build inlined functions, the binary's did not (-l)");
	scene_free(&s);
}

/* Each package has its own copy of a wrapper, all on one line of one file; the linker keeps one. */
Test(verdict, a_wrapper_that_the_linker_dropped_is_stale)
{
	struct scene s = scene_new();
	struct rec_extent *extent = recording_add_extent(s.rec);

	*extent = (struct rec_extent){strpool_add(s.rec->pool, "main.(*T).kept"),
				      strpool_add(s.rec->pool, "<autogenerated>"),
				      1,
				      1,
				      true,
				      NULL,
				      NULL};
	for (int i = 0; i < 2; i++) {
		struct prediction *p = say(&s, CLAIM_HEAP, EXPR_COMPOSITE, 1, 0, i ? "&dropped{...}" : "&kept{...}");

		p->pos.file = "<autogenerated>";
		p->function = i ? "(*T).dropped" : "(*T).kept";
	}
	judge(&s);
	cr_expect_eq(verdict_of(&s, "&kept{...}")->kind, VERDICT_COMPILED_OUT);
	cr_expect_eq(verdict_of(&s, "&dropped{...}")->kind, VERDICT_STALE);
	scene_free(&s);
}

static void add_extent(struct scene *s, const char *function, const char *file, int line, const char *wraps)
{
	*recording_add_extent(s->rec) = (struct rec_extent){strpool_add(s->rec->pool, function),
							    strpool_add(s->rec->pool, file),
							    line,
							    line,
							    true,
							    strpool_add(s->rec->pool, wraps),
							    NULL};
}

static const struct verdict *verdict_in(const struct scene *s, const char *function)
{
	for (size_t i = 0; i < s->audit->n; i++) {
		const char *of = s->audit->items[i].function;

		if (function ? of && strcmp(of, function) == 0 : !of)
			return &s->audit->items[i];
	}
	return NULL;
}

/* What stays on the stack in wrappers has no chain in the log: each that the binary has takes what its method says, and
 * no line stands for those that it has not. */
Test(verdict, wrappers_keep_on_the_stack_what_their_methods_do)
{
	struct scene s = scene_new();
	const struct verdict *v;

	add_extent(&s, "main.T.M", FILE_PATH, 40, NULL);
	add_extent(&s, "main.U.N", FILE_PATH, 50, NULL);
	add_extent(&s, "main.(*T).M", "<autogenerated>", 1, "main.T.M");
	add_extent(&s, "main.E.M", "<autogenerated>", 1, "main.T.M"); /* promoted */
	say(&s, CLAIM_STACK, EXPR_SLICE_LIT, 40, 22, "... argument")->function = "T.M";
	say(&s, CLAIM_STACK, EXPR_SLICE_LIT, 50, 22, "[]int{...}")->function = "U.N"; /* nothing wraps that */
	for (size_t i = 0; i < 4; i++)
		say(&s, CLAIM_STACK, EXPR_SLICE_LIT, 1, 0, "... argument")->pos.file = "<autogenerated>";
	say(&s, CLAIM_STACK, EXPR_SLICE_LIT, 1, 0, "[]int{...}")->pos.file = "<autogenerated>";
	judge(&s);
	for (size_t i = 0; i < 2; i++) {
		v = verdict_in(&s, i ? "main.(*T).M" : "main.E.M");
		cr_assert_not_null(v);
		cr_expect_eq(v->kind, VERDICT_HELD);
		cr_expect_str_eq(v->file, "x.go");
		cr_expect_eq(v->line, 40);
		cr_expect_eq(v->column, 22);
		cr_expect_eq(v->n_predictions, 1);
	}
	for (size_t i = 0, n = 0; i < s.audit->n; i++) {
		v = &s.audit->items[i];
		if (strcmp(v->file, "<autogenerated>") != 0)
			continue;
		cr_expect_eq(v->n_predictions, strcmp(v->expr, "... argument") == 0 ? 2 : 1, "%s", v->expr);
		cr_expect_eq(v->line, 0);
		cr_expect_null(v->function);
		cr_expect_leq(++n, 2);
	}
	scene_free(&s);
}

/* A closure of another package's function is of the package that it was inlined into, and its file has the same name.
 */
Test(verdict, a_file_that_left_no_code_is_not_another_of_its_name)
{
	struct scene s = scene_new();
	static const char *const functions[] = {"example.com/m/lib.f", "example.com/m/b.g.f.func1"};
	struct prediction *p;
	size_t site;

	for (size_t i = 0; i < 2; i++)
		*recording_add_extent(s.rec) = (struct rec_extent){strpool_add(s.rec->pool, functions[i]),
								   strpool_add(s.rec->pool, "/src/m/lib/x.go"),
								   10,
								   30,
								   true,
								   NULL,
								   NULL};
	say(&s, CLAIM_HEAP, EXPR_MAKE_SLICE, 11, 2, "make([]int, n)");
	p = say(&s, CLAIM_HEAP, EXPR_MOVED, 12, 2, "v");
	p->package = "example.com/m/b";
	p->pos.file = "b/x.go";
	site = emit(&s, 11, "runtime.makeslice", CAUSE_MAKE_SLICE, "int", true);
	observe(&s, site, 3, 64);
	judge(&s);
	expect(&s, "make([]int, n)", VERDICT_CONFIRMED, 3);
	cr_expect_str_eq(verdict_of(&s, "v")->file, "b/x.go");
	scene_free(&s);
}

/* The standard library has its own copy of some modules; the linker dropped what is in it. */
Test(verdict, two_copies_of_a_module_are_two)
{
	static const char path[] = "/gopath/golang.org/x/text/transform/x.go";
	struct scene s = scene_new();
	struct prediction *p;
	size_t site;

	*recording_add_extent(s.rec) =
		(struct rec_extent){strpool_add(s.rec->pool, "golang.org/x/text/transform.String"),
				    strpool_add(s.rec->pool, path),
				    10,
				    30,
				    true,
				    NULL,
				    NULL};
	for (int i = 0; i < 2; i++) {
		p = say(&s, CLAIM_HEAP, EXPR_NEW, 11, 2, i ? "new(mine)" : "new(theirs)");
		p->package = i ? "golang.org/x/text/transform" : "vendor/golang.org/x/text/transform";
		p->pos.file = i ? path : "/go/src/vendor/golang.org/x/text/transform/x.go";
	}
	site = emit(&s, 11, "runtime.newobject", CAUSE_NEW_OBJECT, "int", false);
	s.rec->sites[site].frames[0].function = strpool_add(s.rec->pool, "golang.org/x/text/transform.String");
	s.rec->sites[site].frames[0].file = strpool_add(s.rec->pool, path);
	judge(&s);
	cr_expect_eq(verdict_of(&s, "new(mine)")->n_sites, 1);
	cr_expect_eq(verdict_of(&s, "new(theirs)")->n_sites, 0);
	scene_free(&s);
}

/* A package's init has lines all over the file, and says nothing of the functions between them. */
Test(verdict, a_function_that_the_linker_dropped_is_stale_though_init_spans_it)
{
	struct scene s = scene_new();

	extend(&s, "main.init", 31, 60);
	say(&s, CLAIM_HEAP, EXPR_NEW, 40, 9, "new(T)")->function = "gone";
	say(&s, CLAIM_HEAP, EXPR_NEW, 50, 9, "new(U)")->function = "init";
	judge(&s);
	cr_expect_eq(verdict_of(&s, "new(T)")->kind, VERDICT_STALE);
	cr_expect_eq(verdict_of(&s, "new(U)")->kind, VERDICT_COMPILED_OUT);
	scene_free(&s);
}

Test(verdict, the_runtime_itself_gets_none)
{
	struct scene s = scene_new();

	say(&s, CLAIM_HEAP, EXPR_NEW, 11, 9, "new(a)")->package = "runtime";
	say(&s, CLAIM_HEAP, EXPR_NEW, 11, 9, "new(b)")->package = "internal/runtime/maps";
	say(&s, CLAIM_HEAP, EXPR_NEW, 11, 9, "new(c)")->package = "runtime/pprof";
	judge(&s);
	cr_assert_eq(s.audit->n, 1);
	cr_expect_not_null(verdict_of(&s, "new(c)"));
	cr_expect_eq(s.audit->n_runtime_predictions, 2);
	scene_free(&s);
}

/* The same, from a package that compiled the function for itself. */
static void echo(struct scene *s, const char *package, enum claim claim, enum expr_kind kind, int line,
		 const char *function, const char *expr)
{
	struct prediction *p = say(s, claim, kind, line, 9, expr);

	p->package = package;
	p->function = function;
}

static size_t count_line(const struct scene *s, int line)
{
	size_t n = 0;

	for (size_t i = 0; i < s->audit->n; i++)
		n += s->audit->items[i].line == line;
	return n;
}

static size_t count_predictions(const struct scene *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->audit->n; i++)
		n += s->audit->items[i].n_predictions;
	return n;
}

Test(verdict, what_several_packages_say_of_generic_code_is_said_once)
{
	static const char *const home = "example.com/m", *const other = "example.com/m/a";
	struct scene s = scene_new();
	size_t made;

	/* named by its shape: the home package speaks, though another came first, and two expressions stay two */
	echo(&s, other, CLAIM_HEAP, EXPR_MAKE_SLICE, 11, "F[go.shape.int]", "make([]go.shape.int, m.n)");
	echo(&s, other, CLAIM_HEAP, EXPR_NEW, 11, "F[go.shape.int]", "new(go.shape.int)");
	echo(&s, home, CLAIM_HEAP, EXPR_MAKE_SLICE, 11, "F[go.shape.int]", "make([]go.shape.int, n)");
	echo(&s, home, CLAIM_HEAP, EXPR_NEW, 11, "F[go.shape.int]", "new(go.shape.int)");
	made = emit(&s, 11, "runtime.makeslice", CAUSE_MAKE_SLICE, "int", true);
	s.rec->sites[made].frames[0].function = strpool_add(s.rec->pool, "main.F[go.shape.int]");
	observe(&s, made, 5, 24);
	made = emit(&s, 11, "runtime.newobject", CAUSE_NEW_OBJECT, "int", false);
	s.rec->sites[made].frames[0].function = strpool_add(s.rec->pool, "main.F[go.shape.int]");
	observe(&s, made, 6, 8);
	/* with no site in the binary: one of them is left */
	echo(&s, home, CLAIM_HEAP, EXPR_CONSTANT, 12, "F[go.shape.int]", "\"text\"");
	echo(&s, other, CLAIM_HEAP, EXPR_CONSTANT, 12, "F[go.shape.int]", "\"text\"");
	/* copies that one package makes are copies */
	echo(&s, home, CLAIM_HEAP, EXPR_CONSTANT, 13, "F[go.shape.int]", "\"copied\"");
	echo(&s, home, CLAIM_HEAP, EXPR_CONSTANT, 13, "F[go.shape.int]", "\"copied\"");
	echo(&s, other, CLAIM_HEAP, EXPR_CONSTANT, 13, "F[go.shape.int]", "\"copied\"");
	/* another shape is another function */
	echo(&s, home, CLAIM_STACK, EXPR_FUNC_LIT, 14, "F[go.shape.int]", "func literal");
	echo(&s, other, CLAIM_STACK, EXPR_FUNC_LIT, 14, "F[go.shape.string]", "func literal");
	/* up to 1.24 nothing names the function: who found a site is another shape, who found none is an echo */
	echo(&s, home, CLAIM_HEAP, EXPR_NEW, 15, NULL, "new(T)");
	echo(&s, other, CLAIM_HEAP, EXPR_NEW, 15, NULL, "new(T)");
	echo(&s, "example.com/m/b", CLAIM_HEAP, EXPR_NEW, 15, NULL, "new(T)");
	observe(&s, emit(&s, 15, "runtime.newobject", CAUSE_NEW_OBJECT, "int", false), 2, 8);
	observe(&s, emit(&s, 15, "runtime.newobject", CAUSE_NEW_OBJECT, "string", false), 3, 16);

	extend(&s, "main.F[go.shape.int]", 10, 20);
	judge(&s);
	expect(&s, "make([]go.shape.int, n)", VERDICT_CONFIRMED, 5);
	expect(&s, "new(go.shape.int)", VERDICT_CONFIRMED, 6);
	cr_expect_str_eq(verdict_of(&s, "new(go.shape.int)")->package, home);
	cr_expect_eq(count_line(&s, 11), 2);
	expect(&s, "\"text\"", VERDICT_COMPILED_OUT, 0);
	cr_expect_eq(count_line(&s, 12), 1);
	cr_expect_eq(count_line(&s, 13), 2);
	cr_expect_eq(count_line(&s, 14), 2);
	cr_expect_eq(count_line(&s, 15), 2);
	cr_expect_eq(s.audit->totals.objects[VERDICT_CONFIRMED], 16);
	/* and what is not said again is counted: every prediction is in one of the two sums */
	cr_expect_eq(s.audit->n_duplicates, 2 + 1 + 1 + 1);
	cr_expect_eq(s.audit->n_duplicates + count_predictions(&s), s.set->n);
	scene_free(&s);
}

/* The JSON has the chain of one package's account only. */
Test(verdict, what_several_packages_say_is_said_once_though_one_knows_the_chain)
{
	for (int at_home = 0; at_home < 2; at_home++) {
		struct scene s = scene_new();
		struct prediction *p;

		echo(&s, "example.com/m", CLAIM_HEAP, EXPR_MOVED, 11, "F[main.T]", "v");
		echo(&s, "example.com/m/a", CLAIM_HEAP, EXPR_MOVED, 11, "F[main.T]", "m.v");
		p = &s.set->items[at_home ? 0 : 1];
		p->inlined_known = true;
		p->inlined = xcalloc(1, sizeof(struct position));
		p->inlined[0] = (struct position){"./x.go", 11, 20};
		p->n_inlined = 1;
		judge(&s);
		cr_expect_eq(count_line(&s, 11), 1, "%d", at_home);
		cr_expect_str_eq(s.audit->items[0].expr, "v");
		cr_expect_eq(s.audit->n_duplicates, 1);
		scene_free(&s);
	}
}

/* Code outside of the binary has no address in it. */
Test(verdict, lines_of_a_plugin_stay_apart)
{
	struct scene s = scene_new();

	say(&s, CLAIM_STACK, EXPR_NEW, 11, 9, "new(T)")->package = "example.com/m/plug";
	observe_at(&s, 0, "example.com/m/plug.Burst", "/src/m/plug/plug.go", 20, CAUSE_NEW_OBJECT, 7, 24);
	observe_at(&s, 0, "example.com/m/plug.Burst", "/src/m/plug/plug.go", 21, CAUSE_STRING_CONCATENATION, 5, 40);
	judge(&s);
	cr_expect_eq(count_line(&s, 20), 1);
	cr_expect_eq(count_line(&s, 21), 1);
	for (size_t i = 0; i < s.audit->n; i++)
		cr_expect(!s.audit->items[i].objects ||
			  s.audit->items[i].objects == (s.audit->items[i].line == 20 ? 7u : 5u));
	scene_free(&s);
}

/* Every place has a type of its own beside the common one: as keys of one number they were few enough to meet. */
Test(verdict, types_of_one_place_are_not_those_of_another)
{
	struct scene s = scene_new();
	char *texts = xcalloc(64, 4);

	predictions_add_package(s.set, "example.com/m");
	for (int i = 0; i < 64; i++)
		snprintf(texts + i * 4, 4, "T%d", i);
	for (int line = 11; line < 27; line++) {
		size_t site = emit(&s, line, "runtime.mapassign", CAUSE_MAP_GROWTH, NULL, true);
		uint32_t location = 0;

		for (int i = 0; i < 64; i++) {
			struct rec_observation *obs;

			observe(&s, site, 1, 16);
			obs = &s.rec->observations[s.rec->n_observations - 1];
			obs->type = texts + i * 4;
			if (i == 0)
				location = obs->locations[0];
			obs->locations[0] = location; /* an address is once in the table */
		}
	}
	judge(&s);
	cr_assert_eq(s.audit->n, 16);
	for (size_t i = 0; i < s.audit->n; i++)
		cr_expect_eq(s.audit->items[i].other_types, 63, "%zu others", s.audit->items[i].other_types);
	scene_free(&s);
	free(texts);
}

/* Sizes are whole arguments of make, and not what stands behind a comma in one. */
Test(verdict, the_size_of_a_make_is_an_argument_that_is_a_number)
{
	static const char *const texts[] = {"make([]byte, max(size, 16))", "make([]byte, f(n), g(n, 16))",
					    "make([]byte, len(\", 16\"))", "make([]byte, m[[2]int{n, 16}])"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct scene s = scene_new();
		size_t site = emit(&s, 11, "runtime.makeslice", CAUSE_MAKE_SLICE, "uint8", false);

		s.rec->sites[site].type_size = 1;
		s.rec->sites[site].size = 4096;
		observe(&s, site, 3, 4096);
		say(&s, CLAIM_HEAP, EXPR_MAKE_SLICE, 11, 9, texts[i]);
		judge(&s);
		expect(&s, texts[i], VERDICT_CONFIRMED, 3);
		scene_free(&s);
	}
}

Test(verdict, sizes_that_are_numbers_tell_makes_apart)
{
	struct scene s = scene_new();
	/* in no order of their own */
	static const uint64_t sizes[] = {17 * 8, 104 * 8, 5 * 8};
	static const char *const texts[] = {"make([]int, 104)", "make([]int, f(n, 3), 17)", "make([]int, int(5))"};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t site = emit(&s, 11, "runtime.makeslice", CAUSE_MAKE_SLICE, "int", false);

		s.rec->sites[site].type_size = 8;
		s.rec->sites[site].size = sizes[i];
		observe(&s, site, i + 1, sizes[i]);
		say(&s, CLAIM_HEAP, EXPR_MAKE_SLICE, 11, 9 + (int)i, texts[i]);
	}
	judge(&s);
	expect(&s, texts[0], VERDICT_CONFIRMED, 2);
	expect(&s, texts[1], VERDICT_CONFIRMED, 1);
	expect(&s, texts[2], VERDICT_CONFIRMED, 3);
	scene_free(&s);
}

/* What the compiler adds to one package's range over a function is not made in another's. */
Test(verdict, a_variable_without_position_is_of_its_own_package)
{
	struct scene s = scene_new();
	struct rec_extent *extent = recording_add_extent(s.rec);
	struct prediction *other;

	*extent = (struct rec_extent){strpool_add(s.rec->pool, "main.f.func1"),
				      strpool_add(s.rec->pool, FILE_PATH),
				      11,
				      12,
				      true,
				      NULL,
				      NULL};
	say(&s, CLAIM_HEAP, EXPR_MOVED, 11, 9, "#state1");
	observe(&s, emit(&s, 11, "runtime.newobject", CAUSE_NEW_OBJECT, "int", false), 3, 8);
	observe(&s, emit(&s, 11, "runtime.newobject", CAUSE_NEW_OBJECT, "int", false), 4, 8);
	other = say(&s, CLAIM_HEAP, EXPR_MOVED, 0, 0, "#yield1");
	other->package = "example.com/elsewhere";
	other->pos.file = "<unknown line number>";
	judge(&s);
	cr_expect_eq(verdict_of(&s, "#yield1")->objects, 0);
	cr_expect_eq(verdict_of(&s, "#state1")->objects, 7);
	scene_free(&s);
}

/* What the linker dropped out of the very build that the log is of. */
Test(verdict, the_log_of_one_build_is_not_called_anothers)
{
	for (int same = 0; same < 2; same++) {
		struct scene s = scene_new();

		s.set->build.go_version = "go1.27.3";
		s.rec->header.go_version = same ? "go1.27.3" : "go1.26.11";
		say(&s, CLAIM_HEAP, EXPR_NEW, 99, 9, "new(T)");
		judge(&s);
		cr_expect_str_eq(verdict_of(&s, "new(T)")->summary,
				 same ? "the binary has no code for this line: dropped by the linker"
				      : "the binary has no code for this line: dropped by the linker, or another "
					"build's log");
		scene_free(&s);
	}
}

/* Generic code of the runtime is compiled where it is used, and stays the runtime's own business. */
Test(verdict, instances_of_the_runtimes_functions_get_none)
{
	static const char *const files[] = {"/go/src/runtime/mcleanup.go", "/go/src/internal/runtime/atomic/types.go",
					    "/go/src/runtime/pprof/pprof.go", "./runtime/own.go"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct scene s = scene_new();

		say(&s, CLAIM_HEAP, EXPR_NEW, 122, 9, "new([2]uintptr)")->pos.file = files[i];
		judge(&s);
		cr_expect_eq(s.audit->n, i < 2 ? 0u : 1u, "%s", files[i]);
		scene_free(&s);
	}
}

/* ---- what the flows tell ---- */

static void explain(struct scene *s, struct prediction *p, const char *into, const char *step)
{
	const char *lines[2] = {xasprintf("flow: %s = &{storage for %s}", into, p->expr), xasprintf("from %s", step)};

	predictions_explain(s->set, p, lines, 2);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		free((void *)(uintptr_t)lines[i]);
}

/* A slice built on the stack is moved to the heap where it is returned; either of two appends may have built it. */
static void judge_moved(struct scene *s, const char *first, const char *second)
{
	size_t moved;

	*s = scene_new();
	explain(s, say(s, CLAIM_HEAP, EXPR_APPEND, 12, 9, "append"), "~r0", first);
	explain(s, say(s, CLAIM_HEAP, EXPR_APPEND, 13, 9, "append(b, 1)"), "~r0", second);
	emit(s, 12, "runtime.growslice", CAUSE_APPEND_GROWTH, "int", true);
	emit(s, 13, "runtime.growslice", CAUSE_APPEND_GROWTH, "int", true);
	moved = emit(s, 20, "runtime.moveSlice", CAUSE_APPEND_GROWTH, "int", true);
	observe(s, moved, 5, 64);
	judge(s);
}

static const struct verdict *moved_verdict(const struct scene *s)
{
	for (size_t i = 0; i < s->audit->n; i++) {
		if (s->audit->items[i].objects)
			return &s->audit->items[i];
	}
	cr_assert_fail("nothing was seen");
	return NULL;
}

Test(verdict, a_moved_slice_is_that_of_the_append_whose_flow_goes_through_the_line)
{
	struct scene s;

	judge_moved(&s, "return a (return) at ./x.go:20:2", "return b (return) at ./x.go:21:2");
	cr_expect_str_eq(moved_verdict(&s)->expr, "append");
	cr_expect_not(moved_verdict(&s)->ambiguous);
	scene_free(&s);
	judge_moved(&s, "return a (return) at ./x.go:21:2", "return b (return) at ./x.go:20");
	cr_expect_str_eq(moved_verdict(&s)->expr, "append(b, 1)", "a step without a column has a line all the same");
	cr_expect_not(moved_verdict(&s)->ambiguous);
	scene_free(&s);
	judge_moved(&s, "return a (return) at ./x.go:21:2", "return b (return) at ./xx.go:20:2");
	cr_expect_eq(moved_verdict(&s)->kind, VERDICT_UNPREDICTED, "neither: another file's line");
	scene_free(&s);
}

/* The call of a literal that an inlined function returns has the position of the inlined call. */
Test(verdict, it_knows_the_inlined_calls_that_no_frame_names)
{
	struct scene s = scene_new();
	struct prediction *p = say(&s, CLAIM_HEAP, EXPR_SLICE_LIT, 15, 8, "[]int{...}");
	const struct verdict *v;

	p->inlined = xcalloc(1, sizeof(*p->inlined));
	p->inlined[0] = (struct position){"./x.go", 40, 30};
	p->n_inlined = 1;
	p->inlined_known = true;
	say(&s, CLAIM_HEAP, EXPR_NEW, 16, 8, "new(int)")->inlined_known = true;
	say(&s, CLAIM_HEAP, EXPR_NEW, 17, 8, "new(string)");
	observe(&s, emit(&s, 15, "runtime.newobject", CAUSE_NEW_OBJECT, "[1]int", false), 7, 8);
	observe(&s, emit(&s, 16, "runtime.newobject", CAUSE_NEW_OBJECT, "int", false), 7, 8);
	observe(&s, emit(&s, 17, "runtime.newobject", CAUSE_NEW_OBJECT, "string", false), 7, 16);
	judge(&s);
	v = verdict_of(&s, "[]int{...}");
	cr_assert_eq(v->n_deeper, 1);
	cr_expect_eq(v->deeper[0]->inlined[0].line, 40);
	cr_expect(v->is_inlining_known);
	v = verdict_of(&s, "new(int)");
	cr_expect_eq(v->n_deeper, 0);
	cr_expect(v->is_inlining_known);
	v = verdict_of(&s, "new(string)");
	cr_expect(!v->is_inlining_known, "of a log without JSON");
	scene_free(&s);
}

Test(verdict, what_is_said_of_a_file_without_code_is_at_the_directory_that_it_names)
{
	struct scene s = scene_new();

	predictions_add_package(s.set, "example.com/m");
	predictions_add_package(s.set, "example.com/m/b");
	predictions_add_package(s.set, "example.com/m/c/d");
	predictions_add_package(s.set, "example.com/m/e/d");
	say(&s, CLAIM_HEAP, EXPR_MOVED, 15, 6, "another's")->pos.file = "./b/z.go";
	say(&s, CLAIM_HEAP, EXPR_MOVED, 16, 6, "own")->pos.file = "./y.go";
	say(&s, CLAIM_HEAP, EXPR_MOVED, 17, 6, "not predicted")->pos.file = "./f/y.go";
	say(&s, CLAIM_HEAP, EXPR_MOVED, 18, 6, "one of two")->pos.file = "./d/y.go";
	judge(&s);
	cr_expect_str_eq(verdict_of(&s, "another's")->file, "b/z.go");
	cr_expect_str_eq(verdict_of(&s, "own")->file, "y.go");
	cr_expect_str_eq(verdict_of(&s, "not predicted")->file, "y.go");
	cr_expect_str_eq(verdict_of(&s, "one of two")->file, "y.go");
	scene_free(&s);
}
