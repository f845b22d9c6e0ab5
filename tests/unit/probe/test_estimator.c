/* SPDX-License-Identifier: Apache-2.0 */
/* Estimates from hand-made samples, and from programs that are simulated object by object. */
#include <criterion/criterion.h>

#include <math.h>

#include "base/memory.h"
#include "probe/sampling/estimator.h"
#include "probe/sampling/tiny.h"

#define CLASS  8 /* 48 bytes, with pointers */
#define OTHER  9 /* 48 bytes, without */
#define NORMAL 1.96

static const double unknown_sizes[16];

static void solve(struct estimator *est, double seconds, const struct heap_stats *used)
{
	const struct estimator_span span = {
		.seconds = seconds, .cold_seconds = seconds, .used = used, .mean_size = unknown_sizes};

	estimator_solve(est, &span);
}

static void add_totals(struct estimator *est, uint32_t class, uint64_t samples, uint64_t slots, uint64_t squared,
		       uint64_t dropped)
{
	const struct class_totals totals = {
		.samples = samples, .slots = slots, .slots_squared = squared, .dropped = dropped};

	estimator_add_totals(est, class, &totals);
}

Test(estimator, weights_are_added_up_and_add_up_to_the_class)
{
	struct estimator *est = estimator_new();
	size_t a = estimator_add_cell(est, CLASS), b = estimator_add_cell(est, CLASS);
	struct estimate x, y;

	/* 7 spans of 100 slots seen off by a, 3 of 100 and one of 50 by b */
	estimator_add_samples(est, a, 7, 700);
	estimator_add_samples(est, b, 4, 350);
	add_totals(est, CLASS, 11, 1050, 10 * 10000 + 2500, 0);
	estimator_close_window(est, 2);
	solve(est, 2, NULL);
	x = estimator_result(est, a);
	y = estimator_result(est, b);
	cr_expect_float_eq(x.objects, 700, 1e-6);
	cr_expect_float_eq(y.objects, 350, 1e-6);
	cr_expect_eq(x.samples, 7);
	cr_expect_float_eq(estimator_class_slots(est, CLASS), 1050, 1e-6);
	/* Eleven samples say little: the share of 2/3 is known to within 28 points or so. */
	cr_expect(x.error > 0.2 * 1050 && x.error < 0.4 * 1050, "%g", x.error);
	estimator_free(est);
}

Test(estimator, flushed_slots_go_to_all_samples_alike)
{
	struct estimator *est = estimator_new();
	size_t a = estimator_add_cell(est, CLASS), b = estimator_add_cell(est, CLASS);

	/* b never fills a span: it only opens one after each flush. */
	estimator_add_samples(est, a, 2, 200);
	estimator_add_samples(est, b, 8, 0);
	add_totals(est, CLASS, 10, 200, 20000, 400);
	estimator_close_window(est, 1);
	solve(est, 1, NULL);
	cr_expect_float_eq(estimator_result(est, a).objects, 200 + 2 * 40, 1e-6);
	cr_expect_float_eq(estimator_result(est, b).objects, 8 * 40, 1e-6);
	estimator_free(est);
}

/* Processes end however rarely refills are looked at: what is left then was all seen. */
Test(estimator, slots_left_at_the_end_are_not_scaled_by_time)
{
	const struct class_totals totals = {.samples = 1, .slots = 100, .slots_squared = 10000, .left = 30};
	struct estimator *est = estimator_new();
	size_t a = estimator_add_cell(est, CLASS);

	estimator_add_samples(est, a, 1, 100);
	estimator_add_totals(est, CLASS, &totals);
	estimator_close_window(est, 1);
	solve(est, 4, NULL);
	cr_expect_float_eq(estimator_result(est, a).objects, 4 * 100 + 30, 1e-6);
	estimator_free(est);
}

Test(estimator, a_sample_is_an_object_even_if_its_span_stays_open)
{
	struct estimator *est = estimator_new();
	size_t a = estimator_add_cell(est, CLASS);
	struct estimate x;

	estimator_add_samples(est, a, 3, 0);
	add_totals(est, CLASS, 3, 0, 0, 0);
	estimator_close_window(est, 1);
	solve(est, 1, NULL);
	x = estimator_result(est, a);
	cr_expect_float_eq(x.objects, 3, 1e-6);
	cr_expect(x.error > 1, "three samples, and an error of only %g", x.error);
	estimator_free(est);
}

Test(estimator, samples_whose_stack_was_lost_leave_their_part_to_the_others)
{
	struct estimator *est = estimator_new();
	size_t a = estimator_add_cell(est, CLASS), b = estimator_add_cell(est, CLASS);

	estimator_add_samples(est, a, 50, 5000);
	estimator_add_samples(est, b, 30, 3000);
	add_totals(est, CLASS, 100, 10000, 1000000, 0);
	estimator_close_window(est, 1);
	solve(est, 1, NULL);
	cr_expect_float_eq(estimator_result(est, a).objects, 6250, 1e-6);
	cr_expect_float_eq(estimator_result(est, b).objects, 3750, 1e-6);
	estimator_free(est);
}

Test(estimator, a_part_of_the_time_is_scaled_unless_the_runtime_knows_better)
{
	struct heap_stats used = {.small = {[CLASS / 2] = 9000}};
	struct estimator *est = estimator_new();
	size_t a = estimator_add_cell(est, CLASS), b = estimator_add_cell(est, OTHER);
	struct estimate x;

	for (int i = 0; i < 10; i++) {
		/* as much in every window of a as of b, but the windows differ */
		uint64_t n = 1 + i % 3;

		estimator_add_samples(est, a, n, 50 * n);
		add_totals(est, CLASS, n, 50 * n, 2500 * n, 0);
		estimator_add_samples(est, b, n, 50 * n);
		add_totals(est, OTHER, n, 50 * n, 2500 * n, 0);
		estimator_close_window(est, 0.1);
	}
	solve(est, 4, NULL);
	x = estimator_result(est, a);
	cr_expect_float_eq(x.objects, 4 * 950, 1e-6);
	cr_expect(x.error > 0.15 * x.objects, "windows differ by a factor of three, the error is %g", x.error);

	solve(est, 4, &used);
	x = estimator_result(est, a);
	cr_expect_float_eq(x.objects, 4500, 1e-6,
			   "both span classes of the size have half of what the runtime counted");
	cr_expect_float_eq(estimator_result(est, b).objects, 4500, 1e-6);
	estimator_free(est);
}

Test(estimator, one_window_says_nothing_about_the_rest_of_the_time)
{
	struct estimator *est = estimator_new();
	size_t a = estimator_add_cell(est, CLASS);
	struct estimate x;

	estimator_add_samples(est, a, 1000, 100000);
	add_totals(est, CLASS, 1000, 100000, 10000000, 0);
	estimator_close_window(est, 1);
	solve(est, 10, NULL);
	x = estimator_result(est, a);
	cr_expect_float_eq(x.objects, 1e6, 1);
	cr_expect(x.error >= 0.9 * x.objects, "%g", x.error);
	estimator_free(est);
}

Test(estimator, what_no_sample_was_taken_of_is_said)
{
	struct heap_stats used = {.small = {[CLASS / 2] = 77}};
	struct estimator *est = estimator_new();

	add_totals(est, OTHER, 0, 0, 0, 0);
	estimator_close_window(est, 1);
	solve(est, 1, &used);
	cr_expect_float_eq(estimator_unattributed(est, CLASS) + estimator_unattributed(est, OTHER), 77, 1e-6);
	estimator_free(est);
}

Test(estimator, large_objects_are_counted_one_by_one)
{
	struct estimator *est = estimator_new();
	size_t a = estimator_add_cell(est, 0);
	struct estimate x;

	estimator_add_samples(est, a, 3, 3);
	add_totals(est, 0, 3, 3, 3, 0);
	estimator_close_window(est, 0.5);
	/* Refills were sampled half of the time, large objects all of it. */
	solve(est, 1, NULL);
	x = estimator_result(est, a);
	cr_expect_float_eq(x.objects, 3, 1e-9);
	cr_expect_float_eq(x.error, 0, 1e-9);
	estimator_free(est);
}

/* ---- simulated programs ---- */

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static double uniform(uint64_t *state)
{
	return (double)(next_random(state) >> 11) / 9007199254740992.0;
}

/*
 * A P that makes n objects, a part p of them by the first cell, and refills whenever a span of about 100 slots is full.
 * The order is random, or in phases: each phase of so many objects has a part of its own, p on average.
 */
static void run(struct estimator *est, const size_t cells[2], uint64_t *random, size_t n, double p, size_t phase,
		double *truth)
{
	uint64_t used = next_random(random) % 100, span = 100;
	double part = p;

	for (size_t i = 0; i < n; i++) {
		size_t which;

		if (phase && i % phase == 0)
			part = fmin(1, fmax(0, p * 2 * uniform(random)));
		which = uniform(random) >= part;
		*truth += which == 0;
		if (used >= span) {
			estimator_add_samples(est, cells[which], 1, used);
			add_totals(est, CLASS, 1, used, used * used, 0);
			used = 0;
			span = 60 + next_random(random) % 80;
		}
		used++;
	}
}

/* An exact window: some objects of the class at a random moment. */
static void look(struct estimator *est, const size_t cells[2], uint64_t *random, double p, size_t phase)
{
	bool seen[SPAN_CLASSES] = {[CLASS] = true};
	double part = phase ? fmin(1, p * 2 * uniform(random)) : p;
	uint64_t of_first = 0;

	for (int i = 0; i < 600; i++)
		of_first += uniform(random) < part;
	estimator_add_exact(est, cells[0], of_first);
	estimator_add_exact(est, cells[1], 600 - of_first);
	estimator_close_exact(est, seen);
}

/* In how many of the trials the stated interval holds the truth. */
static double coverage(double p, size_t trials, size_t n, size_t windows, double gap, size_t phase)
{
	uint64_t random = 0x2545f4914f6cdd1du;
	size_t covered = 0;

	for (size_t i = 0; i < trials; i++) {
		struct estimator *est = estimator_new(), *unseen = estimator_new();
		const size_t cells[2] = {estimator_add_cell(est, CLASS), estimator_add_cell(est, CLASS)};
		const size_t others[2] = {estimator_add_cell(unseen, CLASS), estimator_add_cell(unseen, CLASS)};
		struct heap_stats used = {.small = {0}};
		double truth = 0;
		struct estimate x;

		for (size_t w = 0; w < windows; w++) {
			run(est, cells, &random, n, p, phase, &truth);
			estimator_close_window(est, 1);
			run(unseen, others, &random, (size_t)((double)n * gap), p, phase, &truth);
			if (w < 4)
				look(est, cells, &random, p, phase);
		}
		if (windows == 1)
			look(est, cells, &random, p, phase);
		used.small[CLASS / 2] = (uint64_t)((double)(n * windows) * (1 + gap));
		solve(est, (double)windows * (1 + gap), &used);
		x = estimator_result(est, cells[0]);
		covered += fabs(x.objects - truth) <= x.error;
		estimator_free(est);
		estimator_free(unseen);
	}
	return (double)covered / (double)trials;
}

Test(estimator, intervals_hold_the_truth_as_often_as_they_say)
{
	const struct {
		const char *what;
		double p;
		size_t n, windows;
		double gap;
		size_t phase;
	} cases[] = {
		{"half of the class, always on", 0.5, 40000, 1, 0, 0},
		{"one in fifty, always on", 0.02, 40000, 1, 0, 0},
		{"few samples", 0.3, 1500, 1, 0, 0},
		{"a third of the time", 0.2, 4000, 10, 2, 0},
		{"a third of the time, in phases longer than windows", 0.2, 4000, 12, 2, 6000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		double c = coverage(cases[i].p, 400, cases[i].n, cases[i].windows, cases[i].gap, cases[i].phase);

		cr_expect(c >= 0.90, "%s: %.1f %% of the intervals hold the truth", cases[i].what, 100 * c);
		/* An interval that always holds it is no statement. */
		cr_expect(c < 0.9999 || cases[i].n < 2000, "%s: too wide", cases[i].what);
	}
}

/*
 * One P of a program that makes objects of one class from several lines in turn, so many slots a span: refills meet the
 * same lines all the time, as long as no span is left half used, which happens now and then.
 */
struct turns {
	size_t lines, slots;
	double slips;		 /* chance that a span is not quite full */
	size_t windows, objects; /* exact ones, and what each sees */
	bool random;		 /* not in turn at all */
};

#define LINES_MAX 4

static void take_turns(struct estimator *est, const size_t *cells, const struct turns *t, size_t spans,
		       uint64_t *random)
{
	size_t turn = 0;

	for (size_t i = 0; i < spans; i++) {
		size_t used = t->slots - (uniform(random) < t->slips);

		turn += used;
		estimator_add_samples(est, cells[(t->random ? next_random(random) >> 20 : turn) % t->lines], 1, used);
		add_totals(est, CLASS, 1, used, used * used, 0);
	}
	estimator_close_window(est, 1);
}

static void look_at_turns(struct estimator *est, const size_t *cells, const struct turns *t, uint64_t *random)
{
	const bool seen[SPAN_CLASSES] = {[CLASS] = true};
	size_t turn = (size_t)(next_random(random) >> 20),
	       n = t->objects / 2 + (size_t)(uniform(random) * (double)t->objects) + 1;

	for (size_t i = 0; i < n; i++)
		estimator_add_exact(est, cells[(t->random ? next_random(random) >> 20 : turn + i) % t->lines], 1);
	estimator_close_exact(est, seen);
}

/* In how many lines of so many trials the interval holds the truth, and how far off they are, in parts of it. */
static double turns_held(const struct turns *t, size_t trials, double *mean_off, double *mean_error)
{
	uint64_t random = 0x2545f4914f6cdd1du;
	size_t held = 0, rows = 0;

	*mean_off = *mean_error = 0;
	for (size_t trial = 0; trial < trials; trial++) {
		struct estimator *est = estimator_new();
		size_t cells[LINES_MAX];
		struct heap_stats used = {.small = {[CLASS / 2] = 2000 * t->slots}};

		for (size_t i = 0; i < t->lines; i++)
			cells[i] = estimator_add_cell(est, CLASS);
		for (int i = 0; i < 2; i++)
			take_turns(est, cells, t, 500, &random);
		for (size_t i = 0; i < t->windows; i++)
			look_at_turns(est, cells, t, &random);
		solve(est, 4, &used);
		for (size_t i = 0; i < t->lines; i++) {
			struct estimate x = estimator_result(est, cells[i]);
			double truth = (double)used.small[CLASS / 2] / (double)t->lines;

			rows++;
			held += fabs(x.objects - truth) <= x.error;
			*mean_off += fabs(x.objects / truth - 1);
			*mean_error += x.error / truth;
		}
		estimator_free(est);
	}
	*mean_off /= (double)rows;
	*mean_error /= (double)rows;
	return (double)held / (double)rows;
}

/* Buffers of 4096 bytes, two a span, one to read and one to write: the writer is never the sample. What is said of it
 * holds all the same, and is right once exact windows saw some. */
Test(estimator, objects_made_in_turn_in_a_class_of_few_slots)
{
	const struct {
		struct turns turns;
		double off, error; /* at most, on average */
	} cases[] = {
		{{.lines = 2, .slots = 2, .windows = 0}, 1.01, 1.15},
		{{.lines = 2, .slots = 2, .windows = 1, .objects = 6}, 1.01, 1.15},
		{{.lines = 2, .slots = 2, .windows = 2, .objects = 3}, 0.5, 1.1},
		{{.lines = 2, .slots = 2, .windows = 3, .objects = 6, .slips = 0.003}, 0.1, 0.5},
		{{.lines = 2, .slots = 2, .windows = 10, .objects = 6, .slips = 0.003}, 0.05, 0.3},
		{{.lines = 2, .slots = 2, .windows = 12, .objects = 20}, 0.02, 0.15},
		{{.lines = 4, .slots = 2, .windows = 2, .objects = 6}, 0.6, 1.5},
		{{.lines = 4, .slots = 2, .windows = 10, .objects = 12, .slips = 0.003}, 0.05, 0.4},
		{{.lines = 4, .slots = 4, .windows = 3, .objects = 8}, 0.25, 1},
		{{.lines = 4, .slots = 4, .windows = 10, .objects = 12, .slips = 0.003}, 0.05, 0.4},
		{{.lines = 3, .slots = 6, .windows = 6, .objects = 10}, 0.1, 0.5},
		{{.lines = 2, .slots = 8, .windows = 4, .objects = 8}, 0.1, 0.4},
		{{.lines = 2, .slots = 8, .windows = 12, .objects = 20}, 0.02, 0.15},
		/* and where they come in any order, exact windows take little from what refills know */
		{{.lines = 2, .slots = 2, .windows = 10, .objects = 20, .random = true}, 0.06, 0.2},
		{{.lines = 4, .slots = 8, .windows = 10, .objects = 40, .random = true}, 0.07, 0.2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct turns *t = &cases[i].turns;
		double off, error, held = turns_held(t, 400, &off, &error);

		cr_expect_geq(held, 0.95,
			      "%zu lines in spans of %zu, %zu windows of %zu: %.1f %% of the intervals hold the truth",
			      t->lines, t->slots, t->windows, t->objects, 100 * held);
		cr_expect_leq(off, cases[i].off, "%zu lines in spans of %zu, %zu windows of %zu: off by %.2f", t->lines,
			      t->slots, t->windows, t->objects, off);
		cr_expect_leq(error, cases[i].error,
			      "%zu lines in spans of %zu, %zu windows of %zu: said to be off by %.2f", t->lines,
			      t->slots, t->windows, t->objects, error);
	}
}

/* A program with the period of its refills: the second cell is never the sample, though it makes one object of 64. */
Test(estimator, exact_windows_contradict_refills_with_a_periodicity_bias)
{
	bool seen[SPAN_CLASSES] = {[CLASS] = true};
	struct estimator *est = estimator_new();
	size_t a = estimator_add_cell(est, CLASS), b = estimator_add_cell(est, CLASS);
	struct estimate x;

	estimator_add_samples(est, a, 4990, 499000);
	estimator_add_samples(est, b, 10, 1000);
	add_totals(est, CLASS, 5000, 500000, 50000000, 0);
	estimator_close_window(est, 1);
	solve(est, 1, NULL);
	cr_expect(estimator_result(est, b).objects < 1100);
	for (int i = 0; i < 6; i++) {
		estimator_add_exact(est, a, 630 + (uint64_t)i % 2);
		estimator_add_exact(est, b, 10);
		estimator_close_exact(est, seen);
	}
	solve(est, 1, NULL);
	x = estimator_result(est, b);
	cr_expect_float_eq(x.objects, 500000.0 / 64, 800, "%g", x.objects);
	cr_expect(fabs(x.objects - 500000.0 / 64) <= x.error);
	cr_expect_float_eq(x.objects + estimator_result(est, a).objects, 500000, 1e-3);
	estimator_free(est);
}

/* Refills that always meet the wrong one of two: until exact windows say so the error allows for it, and the next
 * window is for this class. */
Test(estimator, a_class_without_exact_windows_is_in_doubt)
{
	struct estimator *est = estimator_new();
	size_t a = estimator_add_cell(est, CLASS), b = estimator_add_cell(est, CLASS);
	size_t alone = estimator_add_cell(est, CLASS + 2);
	bool seen[SPAN_CLASSES] = {[CLASS] = true};
	double doubts[SPAN_CLASSES];
	struct estimate x;

	estimator_add_samples(est, a, 3500, 350000);
	estimator_add_samples(est, b, 6500, 650000);
	add_totals(est, CLASS, 10000, 1000000, 100000000, 0);
	estimator_add_samples(est, alone, 10000, 1000000);
	add_totals(est, CLASS + 2, 10000, 1000000, 100000000, 0);
	estimator_close_window(est, 1);
	solve(est, 1, NULL);
	x = estimator_result(est, a);
	cr_expect(fabs(x.objects - 500000) > 100000 && x.error > 100000 && x.error < 200000, "%g +- %g", x.objects,
		  x.error);
	cr_expect_lt(estimator_result(est, alone).error, 1000);
	estimator_doubts(est, doubts);
	cr_expect_gt(doubts[CLASS], 3 * doubts[CLASS + 2]);
	cr_expect_gt(doubts[CLASS + 2], 0);
	for (int i = 0; i < 20; i++) {
		estimator_add_exact(est, a, 300 + (uint64_t)i % 2);
		estimator_add_exact(est, b, 300);
		estimator_close_exact(est, seen);
	}
	estimator_doubts(est, doubts);
	cr_expect_lt(doubts[CLASS], doubts[CLASS + 2]);
	solve(est, 1, NULL);
	x = estimator_result(est, a);
	cr_expect(fabs(x.objects - 500000) <= x.error && x.error < 60000, "%g +- %g", x.objects, x.error);
	estimator_free(est);
}

/* One line is all that refills meet. With two slots a span that says little, with a hundred it says much. */
Test(estimator, a_class_of_few_slots_comes_first)
{
	bool seen[SPAN_CLASSES] = {[CLASS] = true, [OTHER] = true};
	struct estimator *est = estimator_new();
	size_t few = estimator_add_cell(est, CLASS), many = estimator_add_cell(est, OTHER);
	double doubts[SPAN_CLASSES];

	estimator_add_samples(est, few, 1000, 2000);
	add_totals(est, CLASS, 1000, 2000, 4000, 0);
	estimator_add_samples(est, many, 1000, 100000);
	add_totals(est, OTHER, 1000, 100000, 10000000, 0);
	estimator_close_window(est, 1);
	estimator_doubts(est, doubts);
	cr_expect_gt(doubts[CLASS], 20 * doubts[OTHER]);
	for (int i = 0; i < 10; i++) {
		estimator_add_exact(est, few, 12);
		estimator_add_exact(est, many, 12);
		estimator_close_exact(est, seen);
	}
	/* It is one line's indeed. */
	estimator_doubts(est, doubts);
	cr_expect_float_eq(doubts[CLASS], doubts[OTHER], 1e-9);
	estimator_free(est);
}

/* Exact windows that differ wildly, as those of a program in phases do, must not overrule many samples. */
Test(estimator, exact_windows_that_differ_say_little)
{
	bool seen[SPAN_CLASSES] = {[CLASS] = true};
	struct estimator *est = estimator_new();
	size_t a = estimator_add_cell(est, CLASS), b = estimator_add_cell(est, CLASS);

	estimator_add_samples(est, a, 5000, 500000);
	estimator_add_samples(est, b, 5000, 500000);
	add_totals(est, CLASS, 10000, 1000000, 100000000, 0);
	estimator_close_window(est, 1);
	for (int i = 0; i < 5; i++) {
		estimator_add_exact(est, i < 4 ? a : b, 1000);
		estimator_close_exact(est, seen);
	}
	solve(est, 1, NULL);
	cr_expect_float_eq(estimator_result(est, a).objects, 500000, 25000, "%g", estimator_result(est, a).objects);
	estimator_free(est);
}

/* A window that did not probe all ways to a class is no evidence for its split. */
Test(estimator, exact_windows_count_only_for_the_classes_they_saw)
{
	bool seen[SPAN_CLASSES] = {[OTHER] = true};
	struct estimator *est = estimator_new();
	size_t a = estimator_add_cell(est, CLASS), b = estimator_add_cell(est, CLASS);

	estimator_add_samples(est, a, 500, 50000);
	estimator_add_samples(est, b, 500, 50000);
	add_totals(est, CLASS, 1000, 100000, 10000000, 0);
	estimator_close_window(est, 1);
	for (int i = 0; i < 5; i++) {
		estimator_add_exact(est, a, 1000);
		estimator_close_exact(est, seen);
	}
	solve(est, 1, NULL);
	cr_expect_float_eq(estimator_result(est, a).objects, 50000, 1e-3);
	cr_expect_eq(estimator_result(est, a).samples, 500);
	estimator_free(est);
}

Test(estimator, tiny_objects_are_told_from_their_slots)
{
	/* 4 and 8 bytes in equal numbers: by the allocator's rule, 8 bytes open a slot more often, but not twice as
	 * often. */
	const double sizes[] = {4, 8, 16};
	struct estimator *est = estimator_new();
	size_t four = estimator_add_cell(est, SPAN_CLASS_TINY), eight = estimator_add_cell(est, SPAN_CLASS_TINY),
	       sixteen = estimator_add_cell(est, SPAN_CLASS_TINY);
	const struct estimator_span span = {.seconds = 1, .cold_seconds = 1, .mean_size = sizes};
	double rate[TINY_SLOT], mix[TINY_SLOT] = {[4] = 1, [8] = 1};
	struct class_totals totals = {.samples = 3000, .slots_squared = 1};
	uint64_t slots[2];

	tiny_opening_rates(mix, rate);
	slots[0] = (uint64_t)(1000000 * rate[4]);
	slots[1] = (uint64_t)(1000000 * rate[8]);
	estimator_add_samples(est, four, 1000, slots[0]);
	estimator_add_samples(est, eight, 1000, slots[1]);
	estimator_add_samples(est, sixteen, 1000, 500000);
	totals.slots = slots[0] + slots[1] + 500000;
	totals.tiny = 2000000 - slots[0] - slots[1];
	estimator_add_totals(est, SPAN_CLASS_TINY, &totals);
	estimator_close_window(est, 1);
	estimator_solve(est, &span);
	cr_expect_float_eq(estimator_result(est, four).objects, 1000000, 10000, "%g",
			   estimator_result(est, four).objects);
	cr_expect_float_eq(estimator_result(est, eight).objects, 1000000, 10000);
	cr_expect_float_eq(estimator_result(est, sixteen).objects, 500000, 100);
	estimator_free(est);
}

Test(estimator, quantiles)
{
	cr_expect(isinf(student_95(0)));
	cr_expect_float_eq(student_95(1), 12.706, 1e-3);
	cr_expect_float_eq(student_95(10), 2.228, 1e-3);
	cr_expect_float_eq(student_95(1000), NORMAL, 1e-3);
	for (size_t i = 2; i < 40; i++)
		cr_expect_leq(student_95(i), student_95(i - 1));
}
