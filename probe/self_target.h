/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small target inside this very program, for doctor to prove the kernel programs on: functions that look to them like
 * the allocator of a Go program, with the arguments in the registers and spill slots of its calls, a chain of frame
 * pointers of known depth, and memory laid out as the runtime's.
 */
#ifndef ESCAUDIT_PROBE_SELF_TARGET_H
#define ESCAUDIT_PROBE_SELF_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/sample_records.h"
#include "symbolize/elf_image.h"

/* An address of this program, as probes and cookies name it. */
struct self_place {
	elf_offset offset;
	elf_vaddr vaddr;
	uint64_t bias; /* address less vaddr */
};

/* False if the address is not in what this program's file was mapped to. */
bool self_place_of(const void *address, struct self_place *out);

/* ---- an allocator entry ---- */

/* The instruction to probe: `push %rbp`, with the size in RAX and the type in RBX. */
extern const char self_alloc_point[];
/* Reaches it through more + 1 functions: the stack has more + SELF_ALLOC_FRAMES return addresses. */
void self_allocate(uint64_t size, const void *type, uint64_t more);
#define SELF_ALLOC_FRAMES 2
/* The function at which its stack ends. */
extern const char self_allocate_end[];

/* ---- the slow path ---- */

/* The instruction to probe: `push %rbp`, with the mcache in RAX and the span class in RBX. */
extern const char self_refill_point[];
/*
 * Reaches it as mallocgc does: the function that the return address lies in keeps size and type where its call's
 * arguments are spilled. The stack has SELF_REFILL_FRAMES return addresses.
 */
void self_refill(const void *mcache, uint64_t class, uint64_t size, const void *type);
#define SELF_REFILL_FRAMES 3
/* Body of the function that keeps them: what a frame rule of FRAME_DISPATCHER names. */
extern const char self_dispatcher[], self_dispatcher_end[];

/* All of these functions lie in here. */
extern const char self_text[], self_text_end[];

#endif
