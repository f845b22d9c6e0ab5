/* SPDX-License-Identifier: Apache-2.0 */
#include "diff/diff.h"

#include "tests/unit/report/fixture.h"

#define CLOSURE "struct { F uintptr; X0 func(int); X1 int }"

static struct diff_side side_of(const char *file, int line, const char *function, const char *type, enum cause cause,
				uint64_t objects, uint64_t size)
{
	return (struct diff_side){.present = true,
				  .file = file,
				  .line = line,
				  .function = function,
				  .package = "example.com/shop/cart",
				  .type = type,
				  .cause = cause,
				  .objects = objects,
				  .bytes = objects * size,
				  .smallest = objects ? size : 0,
				  .largest = objects ? size : 0,
				  .samples = objects};
}

static void add_verdict(struct diff_side *s, const char *expr, enum verdict_kind kind)
{
	s->expr = expr;
	s->column = 9;
	s->has_verdict = true;
	s->verdict = kind;
}

struct made {
	struct recording *before, *after;
	struct diff_row rows[8];
	struct diff diff;
};

/* One row of each kind. */
static void made_init(struct made *m)
{
	static const char add[] = "example.com/shop/cart.(*Cart).Add";
	struct diff_row *row = m->rows;

	memset(m, 0, sizeof(*m));
	m->before = fixture_recording();
	m->after = fixture_recording();
	m->after->header.go_version = "go1.27.3";
	m->after->header.pid = 4343;
	*row = (struct diff_row){.change = DIFF_NEW, .unsure = true};
	row->after = side_of("cart/cart.go", 44, add, CLOSURE, CAUSE_CLOSURE, 100, 24);
	add_verdict(&row->after, "func literal", VERDICT_CONFIRMED);
	*++row = (struct diff_row){.change = DIFF_MORE, .moved = true, .turned = true};
	row->before = side_of("cart/cart.go", 40, add, "int", CAUSE_MAKE_SLICE, 1, 80);
	row->after = side_of("cart/add.go", 41, "example.com/shop/cart.add", "int", CAUSE_MAKE_SLICE, 3, 80);
	add_verdict(&row->before, "make([]int, n)", VERDICT_CONFIRMED);
	add_verdict(&row->after, "make([]int, n)", VERDICT_VIOLATED);
	*++row = (struct diff_row){.change = DIFF_GONE, .turned = true};
	row->before = side_of("cart/item.go", 21, add, "cart.Item", CAUSE_NEW_OBJECT, 1009, 16);
	row->after = side_of("cart/item.go", 21, add, NULL, CAUSE_UNKNOWN, 0, 0);
	add_verdict(&row->before, "&Item{...}", VERDICT_CONFIRMED);
	add_verdict(&row->after, "&Item{...}", VERDICT_HELD);
	*++row = (struct diff_row){.change = DIFF_FEWER, .noise = DIFF_NOISE_RANDOM};
	row->before = side_of("cart/cart.go", 60, add, "map.group[int]int", CAUSE_MAP_GROWTH, 900, 136);
	row->after = side_of("cart/cart.go", 60, add, "map.group[int]int", CAUSE_MAP_GROWTH, 100, 136);
	*++row = (struct diff_row){.resized = true, .retyped = true};
	row->before = side_of("cart/cart.go", 70, add, "cart.Small", CAUSE_NEW_OBJECT, 7, 8);
	row->after = side_of("cart/cart.go", 70, add, "cart.Large", CAUSE_NEW_OBJECT, 7, 64);
	*++row = (struct diff_row){.moved = true};
	row->before = side_of("cart/cart.go", 80, add, "int", CAUSE_APPEND_GROWTH, 5, 8);
	row->after = side_of("cart/cart.go", 82, add, "int", CAUSE_APPEND_GROWTH, 5, 8);
	*++row = (struct diff_row){.change = DIFF_SAME};
	row->before = row->after = side_of("cart/cart.go", 90, add, "int", CAUSE_APPEND_GROWTH, 5, 8);
	*++row = (struct diff_row){.change = DIFF_MORE, .noise = DIFF_NOISE_RUNTIME};
	row->before = side_of("cart/cart.go", 95, add, "runtime.g", CAUSE_GO_STATEMENT, 2, 400);
	row->after = side_of("cart/cart.go", 95, add, "runtime.g", CAUSE_GO_STATEMENT, 9, 400);
	m->diff = (struct diff){.before = {m->before, NULL, 1},
				.after = {m->after, NULL, 1},
				.rows = m->rows,
				.n = 8,
				.n_changes = {3, 1, 1, 1, 1},
				.n_noise = 1};
	for (size_t i = 0; i < 8; i++) {
		m->diff.sums_before.objects += m->rows[i].before.objects;
		m->diff.sums_before.bytes += m->rows[i].before.bytes;
		m->diff.sums_after.objects += m->rows[i].after.objects;
		m->diff.sums_after.bytes += m->rows[i].after.bytes;
	}
}

static void made_release(struct made *m)
{
	recording_free(m->before);
	recording_free(m->after);
}

static void expect(struct report_options options, uint64_t before_units, uint64_t after_units, const char *golden)
{
	struct capture c;
	struct made m;

	made_init(&m);
	m.diff.before.units = before_units;
	m.diff.after.units = after_units;
	options.width = 110;
	cr_expect_eq(report_diff_text(capture_begin(&c), &m.diff, &options), 0);
	capture_expect(&c, golden);
	made_release(&m);
}

Test(diff, text)
{
	expect((struct report_options){.limit = 20}, 1, 1, "diff.txt");
	expect((struct report_options){.all = true}, 1, 1, "diff-all.txt");
	expect((struct report_options){.limit = 1}, 1000, 3000, "diff-per.txt");
	expect((struct report_options){.limit = 1, .colour = true}, 1, 1, "diff-colour.txt");
}

Test(diff, nothing_changed)
{
	struct capture c;
	struct made m;

	made_init(&m);
	m.diff.n = 0;
	cr_expect_eq(report_diff_text(capture_begin(&c), &m.diff, &(struct report_options){.width = 100}), 0);
	capture_expect(&c, "diff-nothing.txt");
	made_release(&m);
}

/* The same rows where it is known what the change touched. */
static void with_change(struct made *m, const struct source_change *change)
{
	m->diff.change = change;
	m->rows[0].outcome = DIFF_OUTCOME_ADDED;
	m->rows[0].touched = true;
	m->rows[2].outcome = DIFF_OUTCOME_REMOVED;
	m->rows[4].outcome = DIFF_OUTCOME_KEPT;
	m->rows[4].touched = true;
	m->rows[5] = (struct diff_row){.change = DIFF_SAME, .outcome = DIFF_OUTCOME_NOTHING, .touched = true};
	m->rows[5].before =
		side_of("cart/cart.go", 33, "example.com/shop/cart.f", "int", CAUSE_INTERFACE_CONVERSION, 0, 0);
	add_verdict(&m->rows[5].before, "n", VERDICT_ELIDED);
	m->diff.n_outcomes[DIFF_OUTCOME_ADDED] = m->diff.n_outcomes[DIFF_OUTCOME_REMOVED] = 1;
	m->diff.n_outcomes[DIFF_OUTCOME_KEPT] = m->diff.n_outcomes[DIFF_OUTCOME_NOTHING] = 1;
}

Test(diff, of_a_change)
{
	const struct source_change change = {"HEAD~1", "0123456789abcdef0123456789abcdef01234567", NULL, NULL};
	struct capture c;
	struct made m;

	made_init(&m);
	with_change(&m, &change);
	cr_expect_eq(report_diff_text(capture_begin(&c), &m.diff, &(struct report_options){.width = 110}), 0);
	capture_expect(&c, "diff-change.txt");
	cr_expect_eq(report_diff_json(capture_begin(&c), &m.diff), 0);
	capture_expect(&c, "diff-change.json");
	made_release(&m);
}

Test(diff, json)
{
	struct capture c;
	struct made m;

	made_init(&m);
	cr_expect_eq(report_diff_json(capture_begin(&c), &m.diff), 0);
	capture_expect(&c, "diff.json");
	made_release(&m);
}
