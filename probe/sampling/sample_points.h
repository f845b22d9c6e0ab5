/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the sampling probes of a Go binary sit, where the runtime's structures have the fields they read, and which of
 * the allocator's functions keep the arguments of their call.
 *
 * A P of the runtime allocates small objects from one span a size class, kept in its mcache, and calls
 * (*mcache).refill when that span is full. Profile-guided builds inline these functions into each other: the inline
 * trees say where to go instead.
 *
 * Sources: src/runtime/mcache.go, malloc.go and mheap.go of Go 1.19 and 1.21 to 1.27. Every span read is checked
 * against its own class and size, so that a layout that is not as known shows as a loss, not as a number.
 */
#ifndef ESCAUDIT_PROBE_SAMPLING_SAMPLE_POINTS_H
#define ESCAUDIT_PROBE_SAMPLING_SAMPLE_POINTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bpf/sample_records.h"
#include "symbolize/go_binary.h"
#include "symbolize/size_classes.h"

struct sample_point {
	const char *function; /* valid as long as the binary */
	elf_offset offset;    /* what the probe is given */
	uint64_t cookie;
};

#define SAMPLE_POINTS_MAX 2

struct sample_points {
	struct sample_point refill[SAMPLE_POINTS_MAX], flush[SAMPLE_POINTS_MAX], large[SAMPLE_POINTS_MAX];
	size_t n_refill, n_flush, n_large;
	/* bytes into the runtime's mcache and mspan */
	uint32_t mcache_alloc, mspan_alloc_count, mspan_nelems;
	uint32_t header_bytes; /* before objects above 512 bytes with pointers */
	struct frame_rule rules[FRAME_RULES];
	uint32_t n_rules;
	char *missed; /* a sentence naming what is not counted; NULL where coverage is complete */
};

/*
 * Fills out (release with sample_points_release). -EPROTONOSUPPORT for a Go version without facts, -ENOTSUP where
 * the build leaves no instruction to probe; both with the remedy.
 */
int sample_points_find(struct sample_points *out, const struct go_binary *bin, struct error *err);
void sample_points_release(struct sample_points *points);

/*
 * The span class an object of size bytes comes from; class 0 if it is too large for one. header_bytes as above.
 */
uint32_t span_class_of(uint64_t size, bool has_pointers, uint32_t header_bytes);

/*
 * The jump in runtime.(*mcache).prepareForSweep that is taken, with the zero flag set, where there is nothing to flush:
 * decodes size bytes at entry. For builds in which releaseAll is inlined there. False for anything it does not know.
 */
bool flush_test_decode(const uint8_t *code, size_t size, elf_vaddr entry, elf_vaddr *jump);

#endif
