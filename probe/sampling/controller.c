/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/sampling/controller.h"

#include <math.h>
#include <string.h>

#define MS 1000000.0

/* The bucket holds this many seconds' worth of budget: the longest past that can be made up for. */
#define CREDIT_SECONDS	     1.0
#define EXACT_CREDIT_SECONDS 10.0
/* The first window measures for this long, in steps that notice early if it gets too dear. */
#define MEASURE_NS	(50 * MS)
#define MEASURE_STEP_NS (5 * MS)
/* A window, and how often there is one: long enough to see a few refills of every class, and against the 40 ms that
 * arming and disarming take; often enough to meet every phase of the target. */
#define ON_MIN_NS   (10 * MS)
#define ON_MAX_NS   (50 * MS)
#define PERIOD_NS   (250 * MS)
#define REST_MIN_NS (60 * MS)
/* Nothing is done for less. */
#define STEP_MIN_NS (1 * MS)
/* How often costs are looked at while probes stay. */
#define STEADY_STEP_NS (100 * MS)
/* New measurements of a load weigh this much. */
#define LOAD_WEIGHT 0.3

/* xorshift64*: uniform in [0, 1). Marsaglia, Xorshift RNGs (2003); Vigna (2016). */
static double uniform(struct controller *c)
{
	c->random ^= c->random >> 12;
	c->random ^= c->random << 25;
	c->random ^= c->random >> 27;
	return (double)((c->random * 0x2545f4914f6cdd1dull) >> 11) / 9007199254740992.0;
}

/* 1 on average. */
static double jitter(struct controller *c)
{
	return 0.6 + 0.8 * uniform(c);
}

/* What refills and the cold probes may cost together. What they leave is for exact windows. */
static double sampling_budget(const struct controller *c)
{
	return c->options.budget * (1 - c->options.exact_share);
}

static double exact_budget(const struct controller *c)
{
	double used = c->cold_load + (c->hot ? c->load : sampling_budget(c));
	double set_aside = c->options.budget * c->options.exact_share;

	return c->options.exact_share > 0 ? fmax(set_aside, c->options.budget - 1.25 * used) : 0;
}

static struct controller_plan plan(const struct controller *c, double ns)
{
	return (struct controller_plan){
		.hot = c->hot,
		.cold = c->hot || !c->cold_rests,
		.exact = c->exact_due,
		.duration_ns = (uint64_t)fmax(ns, STEP_MIN_NS),
	};
}

struct controller_plan controller_init(struct controller *c, const struct controller_options *options, uint64_t now_ns)
{
	*c = (struct controller){
		.options = *options,
		.random = options->seed | 1,
		.now = now_ns,
		.hot = true,
		.exact_cost = (double)options->exact_cost,
	};
	c->credit = sampling_budget(c) * CREDIT_SECONDS * 1e9 / 2;
	c->exact_at = c->exact_cost * jitter(c);
	return plan(c, MEASURE_STEP_NS);
}

static void follow(double *load, double measured, bool first)
{
	*load = first ? measured : *load + LOAD_WEIGHT * (measured - *load);
}

/* Takes the costs since the last call off the credit; with standing, also measures what probes cost while armed. */
static void account(struct controller *c, uint64_t now_ns, const uint64_t spent_ns[GROUP_MAX], bool standing)
{
	double dt = (double)(now_ns - c->now), cost[GROUP_MAX];
	double budget = sampling_budget(c);

	for (int i = 0; i < GROUP_MAX; i++)
		cost[i] = (double)(spent_ns[i] - c->spent[i]);
	memcpy(c->spent, spent_ns, sizeof(c->spent));
	c->now = now_ns;
	if (standing && dt > 0) {
		if (c->hot)
			follow(&c->load, cost[GROUP_HOT] / dt, !c->measured);
		if (c->hot || !c->cold_rests)
			follow(&c->cold_load, cost[GROUP_COLD] / dt, !c->measured);
		c->measured = true;
	}
	if (cost[GROUP_EXACT] > 0)
		follow(&c->exact_cost, cost[GROUP_EXACT], false);
	c->credit += budget * dt - cost[GROUP_HOT] - cost[GROUP_COLD];
	c->credit = fmin(c->credit, budget * CREDIT_SECONDS * 1e9);
	c->exact_credit += exact_budget(c) * dt - cost[GROUP_EXACT];
	c->exact_credit = fmin(c->exact_credit, c->options.budget * EXACT_CREDIT_SECONDS * 1e9);
}

void controller_resume(struct controller *c, uint64_t now_ns, const uint64_t spent_ns[GROUP_MAX])
{
	account(c, now_ns, spent_ns, false);
	if (c->hot && !c->armed_since)
		c->armed_since = now_ns;
}

/* How long refill probes stay once they are armed. */
static double window_ns(const struct controller *c)
{
	double budget = fmax(sampling_budget(c) - c->cold_load, sampling_budget(c) / 10), on;
	double duty = c->load > 0 ? budget / c->load : 1;

	if (duty >= 1)
		return STEADY_STEP_NS;
	on = fmin(ON_MAX_NS, fmax(ON_MIN_NS, PERIOD_NS * duty));
	/* With little rest to take, windows grow: a rest below what arming and disarming take is none. */
	on = fmax(on, REST_MIN_NS * duty / (1 - duty));
	/* Nor may one window cost more than the bucket holds. */
	return fmin(on, 0.9 * sampling_budget(c) * CREDIT_SECONDS * 1e9 / c->load);
}

static void consider_exact(struct controller *c)
{
	c->exact_due = c->options.exact_share > 0 && c->exact_credit >= c->exact_at;
	if (c->exact_due)
		c->exact_at = c->exact_cost * jitter(c);
}

struct controller_plan controller_next(struct controller *c, uint64_t now_ns, const uint64_t spent_ns[GROUP_MAX])
{
	double budget = sampling_budget(c), armed, rest, window;

	account(c, now_ns, spent_ns, true);
	c->exact_due = false;
	if (!c->hot) {
		c->hot = true;
		return plan(c, fmin(STEADY_STEP_NS, window_ns(c)));
	}
	armed = (double)(now_ns - c->armed_since);
	if (!c->settled && c->credit > 0 && armed < MEASURE_NS)
		return plan(c, MEASURE_STEP_NS);
	c->settled = true;
	/* Flushes and large objects are few, and exact if none is missed: but not at any price. */
	if (c->cold_load > budget / 2)
		c->cold_rests = true;
	window = window_ns(c);
	if (c->credit > 0 && c->load + c->cold_load <= budget) {
		consider_exact(c);
		return plan(c, STEADY_STEP_NS);
	}
	if (c->credit > 0 && armed + STEP_MIN_NS < window)
		return plan(c, fmin(STEADY_STEP_NS, window - armed));
	/* As long as it takes until the next window can be paid. */
	c->hot = false;
	c->armed_since = 0;
	consider_exact(c);
	rest = (c->load * window - c->credit) / fmax(budget - (c->cold_rests ? 0 : c->cold_load), budget / 10);
	return plan(c, fmax(REST_MIN_NS, rest * jitter(c)));
}
