/* SPDX-License-Identifier: Apache-2.0 */
/* The controller against a simulated target: probes cost what they cost while they stand, and take time to come and go.
 */
#include <criterion/criterion.h>

#include <math.h>

#include "base/memory.h"
#include "probe/sampling/controller.h"

#define MS  1000000u
#define SEC 1000000000u

struct target {
	double refills, flushes; /* cost per time while probed, 1 is one core */
	double exact_cost;	 /* ns of a window */
	uint64_t attach, detach; /* ns until a change stands */
	double late;		 /* cost of probes that are on their way out, of a window's rate and detach time */
};

struct run {
	uint64_t now;
	double spent[GROUP_MAX];
	uint64_t hot_ns, windows, exact_windows;
	uint64_t shortest_rest, longest_window, first_window;
	double rests[64];
	size_t n_rests;
	double worst_second; /* share of a core, over any two seconds of the run after the first */
};

static void costs(const struct run *r, uint64_t out[GROUP_MAX])
{
	for (int i = 0; i < GROUP_MAX; i++)
		out[i] = (uint64_t)r->spent[i];
}

static double all(const struct run *r)
{
	return r->spent[GROUP_HOT] + r->spent[GROUP_COLD] + r->spent[GROUP_EXACT];
}

static struct run simulate(const struct target *t, const struct controller_options *options, double seconds)
{
	struct run r = {.shortest_rest = UINT64_MAX};
	struct controller c;
	struct controller_plan plan;
	uint64_t spent[GROUP_MAX], begun = 5 * (uint64_t)SEC, since = 0, rest_since = 0, mark = 0;
	double at_mark = 0;
	bool hot = false, cold = false;

	r.now = begun;
	plan = controller_init(&c, options, r.now);
	while ((double)(r.now - begun) < seconds * SEC) {
		if (plan.exact) {
			r.spent[GROUP_EXACT] += t->exact_cost;
			r.exact_windows++;
			r.now += t->attach + t->detach + 2 * MS;
		}
		if (plan.hot != hot) {
			if (plan.hot) {
				r.now += t->attach;
				if (rest_since && r.now - rest_since < r.shortest_rest)
					r.shortest_rest = r.now - rest_since;
				if (rest_since && r.n_rests < ARRAY_SIZE(r.rests))
					r.rests[r.n_rests++] = (double)(r.now - rest_since);
				since = r.now;
				r.windows++;
			} else {
				if (!r.first_window)
					r.first_window = r.now - since;
				if (r.now - since > r.longest_window)
					r.longest_window = r.now - since;
				r.spent[GROUP_HOT] += t->late * t->refills * (double)t->detach;
				rest_since = r.now;
				r.now += t->detach;
			}
			hot = plan.hot;
		}
		cold = plan.cold;
		costs(&r, spent);
		controller_resume(&c, r.now, spent);
		r.now += plan.duration_ns;
		if (hot) {
			r.spent[GROUP_HOT] += t->refills * (double)plan.duration_ns;
			r.hot_ns += plan.duration_ns;
		}
		if (cold)
			r.spent[GROUP_COLD] += t->flushes * (double)plan.duration_ns;
		costs(&r, spent);
		if (r.now - begun > SEC && !mark) {
			mark = r.now;
			at_mark = all(&r);
		} else if (mark && r.now - mark > 2 * (uint64_t)SEC) {
			r.worst_second = fmax(r.worst_second, (all(&r) - at_mark) / (double)(r.now - mark));
			mark = r.now;
			at_mark = all(&r);
		}
		plan = controller_next(&c, r.now, spent);
	}
	return r;
}

static const struct controller_options one_percent = {.budget = 0.01, .seed = 42};

static double share(const struct run *r)
{
	return all(r) / (double)(r->now - 5 * (uint64_t)SEC);
}

Test(controller, cheap_probes_stay)
{
	const struct target t = {.refills = 0.004, .flushes = 0.0005, .attach = 10 * MS, .detach = 40 * MS};
	struct run r = simulate(&t, &one_percent, 20);

	cr_expect_eq(r.windows, 1);
	cr_expect(r.hot_ns > 19 * (uint64_t)SEC);
}

Test(controller, dear_probes_come_and_go_within_the_budget)
{
	/* from just too much to four cores' worth */
	const double loads[] = {0.012, 0.02, 0.05, 0.15, 0.5, 1, 4};

	for (size_t i = 0; i < ARRAY_SIZE(loads); i++) {
		const struct target t = {
			.refills = loads[i], .flushes = 0.0005, .attach = 10 * MS, .detach = 40 * MS, .late = 0.05};
		struct run r = simulate(&t, &one_percent, 30);

		cr_expect(share(&r) < 0.0105, "load %g: %.2f %%", loads[i], 100 * share(&r));
		cr_expect(r.worst_second < 0.016, "load %g: %.2f %% in two seconds", loads[i], 100 * r.worst_second);
		/* It is there to be used. */
		cr_expect(share(&r) > 0.006, "load %g: only %.2f %%", loads[i], 100 * share(&r));
		cr_expect(r.windows > 10, "load %g: %lu windows", loads[i], r.windows);
		cr_expect(r.shortest_rest >= 60 * MS, "load %g: a rest of %lu ns", loads[i], r.shortest_rest);
		if (loads[i] >= 0.05)
			cr_expect(r.longest_window <= 60 * MS, "load %g: a window of %lu ns", loads[i],
				  r.longest_window);
	}
}

Test(controller, the_first_window_measures_and_stops_early_if_it_must)
{
	const struct target cheap = {.refills = 0.1, .attach = 10 * MS, .detach = 40 * MS};
	const struct target dear = {.refills = 4, .attach = 10 * MS, .detach = 40 * MS};
	struct run r = simulate(&cheap, &one_percent, 5);

	cr_expect(r.first_window >= 45 * MS && r.first_window <= 60 * MS, "%lu", r.first_window);
	r = simulate(&dear, &one_percent, 5);
	cr_expect(r.first_window <= 10 * MS, "%lu", r.first_window);
}

Test(controller, rests_are_no_period)
{
	const struct target t = {.refills = 0.15, .attach = 10 * MS, .detach = 40 * MS};
	struct run r = simulate(&t, &one_percent, 30);
	double sum = 0, squares = 0;

	cr_assert(r.n_rests > 20);
	for (size_t i = 0; i < r.n_rests; i++) {
		sum += r.rests[i];
		squares += r.rests[i] * r.rests[i];
	}
	sum /= (double)r.n_rests;
	squares = squares / (double)r.n_rests - sum * sum;
	cr_expect(sqrt(squares) > 0.1 * sum, "rests of %g ms, give or take %g", sum / MS, sqrt(squares) / MS);
}

Test(controller, a_larger_budget_buys_more_time)
{
	const struct target t = {.refills = 0.15, .attach = 10 * MS, .detach = 40 * MS};
	const struct controller_options five = {.budget = 0.05, .seed = 42};
	struct run little = simulate(&t, &one_percent, 30), much = simulate(&t, &five, 30);

	cr_expect(much.hot_ns > 3 * little.hot_ns, "%lu against %lu", much.hot_ns, little.hot_ns);
	cr_expect(share(&much) < 0.0525);
}

Test(controller, flushes_that_are_dear_rest_too)
{
	const struct target t = {.refills = 0.1, .flushes = 0.02, .attach = 10 * MS, .detach = 40 * MS};
	struct run r = simulate(&t, &one_percent, 30);

	cr_expect(share(&r) < 0.0105, "%.2f %%", 100 * share(&r));
}

Test(controller, exact_windows_come_out_of_the_same_budget)
{
	const struct controller_options options = {
		.budget = 0.01, .exact_share = 0.25, .exact_cost = 3 * MS, .seed = 7};
	const struct target busy = {.refills = 0.15, .exact_cost = 2 * MS, .attach = 10 * MS, .detach = 40 * MS};
	const struct target idle = {.refills = 0.0001, .exact_cost = 0.1 * MS, .attach = 10 * MS, .detach = 40 * MS};
	const struct target costly = {.refills = 0.15, .exact_cost = 200 * MS, .attach = 10 * MS, .detach = 40 * MS};
	struct run r = simulate(&busy, &options, 30);

	cr_expect(share(&r) < 0.0105, "%.2f %%", 100 * share(&r));
	cr_expect(r.exact_windows > 20 && r.exact_windows < 60, "%lu exact windows", r.exact_windows);
	/* What refills leave goes to exact windows. */
	r = simulate(&idle, &options, 10);
	cr_expect(r.exact_windows > 50, "%lu exact windows", r.exact_windows);
	/* One that eats it all is not repeated. */
	r = simulate(&costly, &options, 30);
	cr_expect(r.exact_windows <= 2, "%lu exact windows", r.exact_windows);
}

Test(controller, without_exact_windows_there_are_none)
{
	const struct target t = {.refills = 0.001, .exact_cost = 1, .attach = 10 * MS, .detach = 40 * MS};

	cr_expect_eq(simulate(&t, &one_percent, 10).exact_windows, 0);
}
