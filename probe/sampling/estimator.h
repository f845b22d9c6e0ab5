/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From weighted samples to counts with an error: pure arithmetic, no kernel, no names. docs/sampling.md derives it.
 *
 * A cell is what is estimated: one stack in one span class. Samples are taken in windows; a P's refills inside a window
 * are the second stage of a two-stage sample whose first stage are the windows. What every class used in slots is
 * known, so samples only split it.
 */
#ifndef ESCAUDIT_PROBE_SAMPLING_ESTIMATOR_H
#define ESCAUDIT_PROBE_SAMPLING_ESTIMATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/sample_records.h"
#include "probe/sampling/heap_stats.h"

struct estimator;

struct estimator *estimator_new(void);
void estimator_free(struct estimator *est); /* accepts NULL */

/* The new cell's number: 0, 1, 2 … */
size_t estimator_add_cell(struct estimator *est, uint32_t class);

/* What one cell, and the classes, got since the last call of estimator_close_window. slots may be 0: a sample that
 * found no span to replace. */
void estimator_add_samples(struct estimator *est, size_t cell, uint64_t samples, uint64_t slots);
void estimator_add_totals(struct estimator *est, uint32_t class, const struct class_totals *totals);
/* Ends a window in which refills were sampled for seconds. */
void estimator_close_window(struct estimator *est, double seconds);

/* Objects counted one by one in a short exact window; ends it. Only classes marked in seen were counted completely. */
void estimator_add_exact(struct estimator *est, size_t cell, uint64_t objects);
void estimator_close_exact(struct estimator *est, const bool seen[SPAN_CLASSES]);

/* How much the next exact window of each class could tell: more the more stacks share the class, less with every window
 * it had. Relative to each other; also a class of a single stack has something, for what refills never meet. */
void estimator_doubts(const struct estimator *est, double doubts[SPAN_CLASSES]);

struct estimate {
	double objects;
	double error;	  /* half the width of the 95 % interval, in objects */
	uint64_t samples; /* objects looked at for it */
};

/* What is estimated, and what is known of it. */
struct estimator_span {
	double seconds;
	double cold_seconds; /* of them, flushes and large objects were seen */
	/* What the runtime itself counted in that time; NULL where it could not be asked: totals are scaled by time. */
	const struct heap_stats *used;
	double used_error;	 /* how far that may be off, relatively */
	const double *mean_size; /* of each cell's objects, 0 if unknown; matters for tiny objects only */
};

void estimator_solve(struct estimator *est, const struct estimator_span *span);
struct estimate estimator_result(const struct estimator *est, size_t cell);
/* Slots a class used in the whole span: what its cells add up to, if it had a sample at all. */
double estimator_class_slots(const struct estimator *est, uint32_t class);
/* Slots of a class of which no sample was taken. */
double estimator_unattributed(const struct estimator *est, uint32_t class);

/* Two-sided 95 % quantile of Student's distribution. */
double student_95(size_t degrees_of_freedom);

#endif
