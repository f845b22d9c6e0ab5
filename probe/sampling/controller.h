/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the sampling probes are armed, so that what they cost the target stays within a budget: a share of one core, on
 * average over any second or two. Knows neither clock nor kernel: time and costs are handed in.
 *
 * A leaky bucket: credit flows in at the rate of the budget, probe hits take it out. While refills cost less than flows
 * in, their probes stay. Otherwise they are armed for some milliseconds at a time, with a rest in between that fills
 * the bucket again, jittered, so that no period of the target becomes a bias. Part of the budget is put aside for exact
 * windows, which come at random times too.
 */
#ifndef ESCAUDIT_PROBE_SAMPLING_CONTROLLER_H
#define ESCAUDIT_PROBE_SAMPLING_CONTROLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/sample_records.h"

struct controller_options {
	double budget;	     /* of one core: 0.01 is 1 % */
	double exact_share;  /* part of the budget put aside for exact windows, 0 for none */
	uint64_t exact_cost; /* ns: what the first exact window is expected to cost */
	uint64_t seed;
};

struct controller {
	struct controller_options options;
	uint64_t random;
	uint64_t now; /* ns */
	uint64_t spent[GROUP_MAX];
	double credit, exact_credit; /* ns of probe time */
	double load;		     /* cost of the refill probes per time armed, 1 is one core */
	double cold_load;	     /* of flushes and large objects */
	double exact_cost;
	double exact_at; /* credit at which the next exact window comes */
	uint64_t armed_since;
	bool measured, settled, hot, cold_rests, exact_due;
};

struct controller_plan {
	bool hot;	      /* refill probes armed */
	bool cold;	      /* the others armed */
	bool exact;	      /* first run one exact window */
	uint64_t duration_ns; /* from when that stands; then ask again */
};

/*
 * The first plan: arm, and measure. After each plan, when what it asks for stands: controller_resume. When its duration
 * is over, or earlier: controller_next. spent_ns is what the probes of each group have cost so far, in all.
 */
struct controller_plan controller_init(struct controller *c, const struct controller_options *options, uint64_t now_ns);
void controller_resume(struct controller *c, uint64_t now_ns, const uint64_t spent_ns[GROUP_MAX]);
struct controller_plan controller_next(struct controller *c, uint64_t now_ns, const uint64_t spent_ns[GROUP_MAX]);

#endif
