/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Go runtime itself counts: slots handed out of every size class, since the program began. Read from outside,
 * without a trap and without a halt; the runtime keeps these counts whether anybody asks or not, and adds to them at
 * the very moments at which the sampling probes sit, so over any window the two agree.
 *
 * Sources: src/runtime/mstats.go (heapStatsDelta, consistentHeapStats), Go 1.19 and 1.21 to 1.27.
 */
#ifndef ESCAUDIT_PROBE_SAMPLING_HEAP_STATS_H
#define ESCAUDIT_PROBE_SAMPLING_HEAP_STATS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpf/sample_records.h"
#include "symbolize/go_binary.h"

/* Where a binary keeps them. */
struct heap_stats_place {
	elf_vaddr address; /* 0 where it could not be found */
	uint32_t words;	   /* 64-bit words of one of the three parts */
	uint32_t first;	   /* word of the first count */
};

struct heap_stats {
	uint64_t tiny;		      /* objects that found room in a slot already used */
	uint64_t large_bytes, large;  /* whole pages, and objects */
	uint64_t small[SIZE_CLASSES]; /* slots */
};

/*
 * From the machine code (the address is loaded before each call of (*consistentHeapStats).acquire), or from the symbol
 * table where profile-guided inlining has left no such call.
 */
void heap_stats_find(struct heap_stats_place *out, const struct go_binary *bin);
/*
 * Reads a process's counts; bias is what its addresses are above those of the file. False if the process is gone, may
 * not be read, or was just changing them.
 */
bool heap_stats_read(const struct heap_stats_place *place, pid_t pid, uint64_t bias, struct heap_stats *out);

/* Adds up the parts of what was read from there: place->words words each. */
void heap_stats_sum(const struct heap_stats_place *place, const uint64_t *words, struct heap_stats *out);

/* The address that code, size bytes of a function at entry, has in RAX at its calls of callee; 0 if it has none, or
 * different ones. */
elf_vaddr address_before_call(const uint8_t *code, size_t size, elf_vaddr entry, elf_vaddr callee);

#endif
