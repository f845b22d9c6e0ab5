/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel programs of both modes, opened, told what they have to know, and loaded: one way for recordings and for
 * doctor, so that what loads here loads there.
 */
#ifndef ESCAUDIT_PROBE_PROGRAMS_H
#define ESCAUDIT_PROBE_PROGRAMS_H

#include <stdint.h>

#include "base/error.h"
#include "bpf/records.h"
#include "bpf/sample_records.h"
#include "probe/attach.h"
#include "probe/capture.h"
#include "probe/entries.h"
#include "probe/sampling/sample.h"
#include "probe/sampling/sample_points.h"

struct alloc_bpf;
struct sample_bpf;

struct alloc_settings {
	enum attach_method method;
	struct walk_settings walk;
	uint32_t max_observations;
	uint32_t stack_ring_bytes;
};

/* What the programs of a recording of that binary, with those options, are told. */
void alloc_settings_init(struct alloc_settings *out, const struct go_binary *bin, const struct alloc_entries *entries,
			 const struct capture_options *options);
/* The same without a binary: sizes of a recording of a process that runs; walk is empty but for its depth. */
void alloc_settings_init_default(struct alloc_settings *out, enum attach_method method);
/*
 * The programs count nothing until bss->ended is 0: a window has one beginning, not one for each probe. Errors as
 * loader_load has them. Destroy with alloc_bpf__destroy.
 */
int alloc_programs_load(struct alloc_bpf **out, const struct alloc_settings *settings, struct error *err);

struct sample_settings {
	enum attach_method method;
	struct walk_settings walk;
	/* as struct sample_points has them */
	uint32_t mcache_alloc, mspan_alloc_count, mspan_nelems, header_bytes;
	struct frame_rule rules[FRAME_RULES];
	uint32_t n_rules;
	uint64_t types_start, types_end; /* vaddrs */
	uint64_t heap_stats;		 /* vaddr of the runtime's own counts; 0 if unknown, and after init */
};

void sample_settings_init(struct sample_settings *out, const struct go_binary *bin, const struct alloc_entries *entries,
			  const struct sample_points *points, const struct sample_options *options);
int sample_programs_load(struct sample_bpf **out, const struct sample_settings *settings, struct error *err);

#endif
