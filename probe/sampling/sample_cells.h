/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the samples are samples of. Stacks that differ only in the allocator's own frames fall together; a stack in one
 * span class is a cell of the estimator; a cell's samples may be of several types. At the end cells become rows.
 */
#ifndef ESCAUDIT_PROBE_SAMPLING_SAMPLE_CELLS_H
#define ESCAUDIT_PROBE_SAMPLING_SAMPLE_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/c_stacks.h"
#include "probe/entries.h"
#include "probe/sampling/estimator.h"
#include "probe/sampling/sample_points.h"
#include "recording/raw.h"

struct sample_cells;

/* bin, entries and points must outlive them. */
struct sample_cells *sample_cells_new(const struct go_binary *bin, const struct alloc_entries *entries,
				      const struct sample_points *points, size_t max_stacks);
void sample_cells_free(struct sample_cells *cells); /* accepts NULL */

/* A whole record from the stack ring, whose C frames are taken out of c_stacks. */
void sample_cells_add_stack(struct sample_cells *cells, struct c_stacks *c_stacks, const struct stack_record *record);
/* An entry of the sample maps, or of the exact map. One whose stack has not come yet waits for sample_cells_retry. */
void sample_cells_add(struct sample_cells *cells, const struct sample_key *key, const struct sample_value *value,
		      bool is_exact);
void sample_cells_retry(struct sample_cells *cells, bool is_last);

/* Windows and totals are told the estimator itself. */
struct estimator *sample_cells_estimator(struct sample_cells *cells);

/*
 * The allocator entries that objects of the class were seen to come through: flags, one an entry. Returns how many.
 */
size_t sample_cells_entries(const struct sample_cells *cells, uint32_t class, bool *flags);
/* The classes of which probes on these entries would see every object. */
void sample_cells_covered(const struct sample_cells *cells, const bool *flags, bool covered[SPAN_CLASSES]);

/*
 * The rows: estimates for a span of time (mean_size need not be set). rec lends its sites: where a sample does not show
 * type or size, the constants at the call do. out is owned by the cells, valid until the next call.
 */
void sample_cells_rows(struct sample_cells *cells, const struct estimator_span *span, const struct recording *rec,
		       struct raw_capture *out);
/* Slots of all classes used in that time, and of those the part, in bytes, that no sample was taken of. */
void sample_cells_totals(const struct sample_cells *cells, double slots[SPAN_CLASSES], double *unattributed_bytes);

/* Forgets all counts, keeps the stacks. */
void sample_cells_reset(struct sample_cells *cells);

#endif
