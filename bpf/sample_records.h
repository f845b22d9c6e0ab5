/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sampling programs (bpf/sample.bpf.c) and user space share, beside bpf/records.h.
 *
 * One sample is one object whose allocation made a P of the Go runtime fetch a new span of some size class. What the
 * span it replaces has handed out since it was fetched is the sample's weight, in slots.
 */
#ifndef ESCAUDIT_BPF_SAMPLE_RECORDS_H
#define ESCAUDIT_BPF_SAMPLE_RECORDS_H

#include "bpf/records.h"

/* Span classes: size class << 1 | no pointers. Class 0 stands for everything too large for a size class. */
#define SIZE_CLASSES	68
#define SPAN_CLASSES	(2 * SIZE_CLASSES)
#define SPAN_CLASS_TINY 5 /* 16-byte slots without pointers; objects below 16 bytes share them */

/* What the attach cookie says of a sampling point, beside COOKIE_POINT_IS_JCC and the vaddr. */
#define COOKIE_IS_NEXT_FREE  (1ull << 60) /* runtime.(*mcache).nextFree: refills only if the span is full */
#define COOKIE_IS_FLUSH_TEST (1ull << 59) /* the jump in prepareForSweep: taken (ZF) if there is nothing to flush */
#define COOKIE_IS_MALLOC     (1ull << 58) /* runtime.mallocgcLarge: size in RAX, type in RBX */

/* Which kind of point, in the bits between the flags and the vaddr. */
#define COOKIE_KIND_SHIFT 48
#define COOKIE_KIND_MASK  7

enum point_kind {
	POINT_START, /* runtime.rt0_go, beside COOKIE_IS_START */
	POINT_REFILL,
	POINT_FLUSH,
	POINT_LARGE,
	POINT_EXACT,
	POINT_END,   /* runtime.exit */
	POINT_BEGIN, /* runtime.rt0_go, where many processes are looked at */
};

/* 64-bit words of the runtime's own counts: three parts of at most so many. */
#define HEAP_STATS_PARTS 3
#define HEAP_STATS_WORDS 147

struct final_stats {
	__u64 at_ns; /* of CLOCK_MONOTONIC; 0: the program has not come to its end */
	__u64 words[HEAP_STATS_PARTS * HEAP_STATS_WORDS];
};

/* The functions between a sampling point and the allocating line, and which of them keep the arguments of the call. */
#define FRAME_RULES 96

enum frame_kind {
	FRAME_OTHER,	  /* not of the allocator */
	FRAME_INNER,	  /* below the allocator functions: nextFree, refill */
	FRAME_GENERAL,	  /* called by mallocgc only; nothing of its own */
	FRAME_DISPATCHER, /* mallocgc: size and type in its spill slots */
	FRAME_OWN,	  /* size and type in its own spill slots, whoever called */
	FRAME_OWN_SIZE,	  /* only the size */
	FRAME_NONE,	  /* neither */
};

struct frame_rule {
	__u64 start; /* vaddr */
	__u32 size;
	__u32 kind; /* enum frame_kind */
};

enum sample_flag {
	SAMPLE_TYPE_KNOWN = 1, /* key.type is what the allocator was given */
	SAMPLE_SIZE_KNOWN = 2,
};

struct sample_key {
	struct stack_id stack;
	__u64 type;  /* type descriptor, 0 for none */
	__u32 class; /* span class; in a key of the exact map the size in bytes */
	__u32 flags; /* enum sample_flag */
};

struct sample_value {
	__u64 samples;
	__u64 slots; /* sum of the weights; objects in the exact map */
	__u64 bytes; /* sum of the sizes of the samples themselves, where known */
	__u64 smallest;
	__u64 largest;
};

/* Totals of one span class, whatever became of the samples' stacks. */
struct class_totals {
	__u64 samples;
	__u64 slots;
	__u64 slots_squared;
	__u64 tiny;    /* objects that found room in a slot already used */
	__u64 dropped; /* slots of spans that a flush took away half used: no sample saw them off */
	__u64 dropped_tiny;
	__u64 left; /* slots of spans that were half used when their process ended */
	__u64 left_tiny;
};

/* The mcaches, one a P, in which a process was seen to allocate. */
#define CACHES_MAX 64

struct process_caches {
	__u64 takers; /* 1 while one is added */
	__u64 n;      /* may be more */
	__u64 mcache[CACHES_MAX];
};

/* Which probes are worth how much. */
enum probe_group {
	GROUP_HOT,   /* refill */
	GROUP_COLD,  /* flushes, large objects */
	GROUP_EXACT, /* allocation points, in windows of a few milliseconds */
	GROUP_MAX,
};

struct probe_cost {
	__u64 hits; /* traps, whatever the program made of them */
	__u64 ns;   /* inside the program */
};

enum sample_counter {
	SAMPLE_COUNTER_NOT_REFILL = COUNTER_MAX, /* hits of nextFree or prepareForSweep that did nothing of interest */
	SAMPLE_COUNTER_CLOSED,			 /* hits outside the windows: probes take time to leave */
	SAMPLE_COUNTER_SLOT_MISMATCH,		 /* size in the spill slots does not fit the class: taken for unknown */
	SAMPLE_COUNTER_LOSS_FIRST,
	SAMPLE_COUNTER_LOST_SPAN = SAMPLE_COUNTER_LOSS_FIRST, /* span unreadable, or not laid out as known */
	SAMPLE_COUNTER_LOST_END, /* process that ended, and nobody knows where its spans were */
	SAMPLE_COUNTER_MAX,
};

#ifndef __bpf__
_Static_assert(sizeof(struct sample_key) == 32, "sample_key is a map key: no hidden padding");
#endif

#endif
