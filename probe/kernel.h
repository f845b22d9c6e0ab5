/* SPDX-License-Identifier: Apache-2.0 */
/* What both modes tell the kernel programs, and ask of them. */
#ifndef ESCAUDIT_PROBE_KERNEL_H
#define ESCAUDIT_PROBE_KERNEL_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bpf/records.h"
#include "probe/entries.h"
#include "recording/recording.h"

/* Return addresses kept of a stack unless told otherwise. */
#define DEFAULT_STACK_DEPTH 64
/* Mapped twice by the reader. A program that starts meets all its stacks at once, one that runs met them before. */
#define STACK_RING_BYTES	(16u << 20)
#define STACK_RING_ATTACH_BYTES (4u << 20)

/* Whether what came through a ring is a stack. */
static inline bool stack_record_is_whole(const struct stack_record *record, size_t size)
{
	return size >= STACK_RECORD_BYTES(0) && record->depth <= STACK_DEPTH_MAX &&
	       size >= STACK_RECORD_BYTES(record->depth);
}

/*
 * What a walk over C code needs of a program or of a plugin; false, and nothing is written, where it is not there: its
 * stacks end where C called Go.
 */
bool kernel_find_callback(struct callback_code *out, __u64 *cgocall_frame, const struct go_binary *bin);

/* All but expected_starts. skip_c: leave out frames of C code, if the program has any. */
void walk_settings_init(struct walk_settings *out, const struct go_binary *bin, const struct alloc_entries *entries,
			bool skip_c, uint32_t stack_depth);

/* Sets roots_start and roots_size to span the roots. */
void walk_settings_span_roots(struct walk_settings *settings);

/* Where a process begins to run the program, however it was linked and loaded. */
bool kernel_start_offset(const struct go_binary *bin, elf_offset *offset);

/* Where it ends by its own will: the system call at the end of runtime.exit. */
bool kernel_exit_offset(const struct go_binary *bin, elf_offset *offset, elf_vaddr *vaddr);

/* include/uapi/linux/capability.h of Linux 5.8 and 5.9. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF	    39
#endif
#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif

/* The capabilities this process has in effect, one bit each. */
uint64_t kernel_capabilities(void);

/* Before Linux 5.11 maps counted against a limit; without the privilege to lift it the load says so. */
void kernel_lift_limits(void);

/*
 * Adds up what the CPUs have in the n elements of a per-CPU array, words numbers each: out has n * words.
 */
int kernel_sum_cpus(int map_fd, size_t n, size_t words, uint64_t *out, struct error *err);

/* Adds the objects counted in the scratch slots, and their bytes, to those counters. */
int kernel_add_scratch(int map_fd, uint64_t counters[COUNTER_MAX], struct error *err);

/* Puts the losses among the counters of bpf/records.h into the recording. */
void kernel_add_losses(struct recording *rec, const uint64_t counters[COUNTER_MAX]);

#endif
