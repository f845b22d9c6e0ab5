/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What both gears do at a hit: walk the frame pointers inside page-safe copies of the stack, hashing return addresses,
 * and send the addresses of a new stack through the ring. Defines maps: one object file includes it once.
 *
 * Programs run preemptibly in the context of the target's thread: another thread may hit on the same CPU meanwhile, so
 * counts are added atomically and scratch memory is taken and given back.
 */
#ifndef ESCAUDIT_BPF_WALK_BPF_H
#define ESCAUDIT_BPF_WALK_BPF_H

#include "bpf/records.h"

#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* How many counters the includer has: those of bpf/records.h and its own behind them. */
#ifndef COUNTERS
#define COUNTERS COUNTER_MAX
#endif

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define PAGE_BYTES 4096
/* One copy costs as much as a kilobyte of it: the kernel checks where it goes. */
#define CHUNK_BYTES	  PAGE_BYTES
#define SCRATCH_SLOTS	  8
#define RING_WAKEUP_BYTES (1 << 20)

/* Set between open and load. */
const volatile struct walk_settings settings = {};

__u64 starts = 0;
/* Nothing counts: the process has executed the program anew, or user space has not opened the window, or has shut it.
 */
__u64 ended = 0;

struct scratch_slot {
	__u64 busy;
	/* Of the copy in chunk. Kept in map memory so that the verifier forgets them: known bounds would make every
	 * turn of the walk a state of its own. */
	volatile __u64 base;
	volatile __u64 last;	     /* the last offset at which a frame record fits */
	volatile __u64 in_c;	     /* the last frame was C code's */
	__u8 chunk[CHUNK_BYTES + 8]; /* a record at the last place of all has its second word behind */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct scratch_slot);
} scratch_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PAGE_BYTES); /* set by user space */
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

struct walk {
	struct stack_id id;
	__u32 depth;
	__u32 flags;
};

static __always_inline void count(__u32 which, __u64 n)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &which);

	if (value)
		__sync_fetch_and_add(value, n);
}

/* NULL if all of this CPU's are taken, which is counted. */
static __always_inline struct scratch_slot *take_slot(void)
{
	for (__u32 i = 0; i < SCRATCH_SLOTS; i++) {
		struct scratch_slot *slot = bpf_map_lookup_elem(&scratch_map, &i);

		if (slot && __sync_lock_test_and_set(&slot->busy, 1) == 0)
			return slot;
	}
	count(COUNTER_LOST_SCRATCH, 1);
	return NULL;
}

static __always_inline void give_slot(struct scratch_slot *slot)
{
	*(volatile __u64 *)&slot->busy = 0;
}

/*
 * Two polynomials of the addresses, at different odd places: they only have to tell stacks apart, which both failing at
 * once makes an accident impossible in practice. The factors fit an instruction and sums need no more than that, since
 * this is done for every frame.
 */
static __always_inline void mix(struct stack_id *id, __u64 pc)
{
	id->hash = (id->hash + pc) * (__u64)-0x61c88647ll;
	id->check = (id->check + pc) * (__u64)-0x7a143589ll;
}

/*
 * Copies the stack from address on, at most to the end of its page: a read across into a page that is not there would
 * fail as a whole. Only a frame record that straddles the end is read across it.
 */
static __always_inline int read_chunk(struct scratch_slot *slot, __u64 address)
{
	__u64 len = PAGE_BYTES - (address & (PAGE_BYTES - 1));

	if (len < 16)
		len = 16;
	slot->base = address;
	slot->last = len - 16;
	return bpf_probe_read_user(slot->chunk, len, (void *)address);
}

/* Unsigned: below the start is far beyond the size. What the binary does not have the verifier takes out. */
static __always_inline int is_root(__u64 pc)
{
	const volatile struct walk_settings *fixed = &settings;

	/* Formed anew for every frame, which costs nothing: a register for it is taken from the walk. */
	asm volatile("" : "+r"(fixed));
	for (int k = 0; k < STACK_ROOTS; k++) {
		if (!fixed->roots[k].size)
			break;
		if (pc - fixed->roots[k].start < fixed->roots[k].size)
			return 1;
	}
	return 0;
}

/*
 * Walks from the return address at the top of the stack up the chain of frame records. With out, also stores the
 * addresses. The chain may jump to another stack (systemstack, cgo): only its depth is bounded.
 */
static __always_inline int walk_stack(struct walk *w, struct scratch_slot *slot, __u64 sp, __u64 fp, __u64 bias,
				      struct stack_record *out)
{
	__u64 depth = settings.stack_depth < STACK_DEPTH_MAX ? settings.stack_depth : STACK_DEPTH_MAX;
	struct stack_id id = {};
	__u64 pc, offset, i;

	w->flags = 0;
	slot->in_c = 0;
	if (read_chunk(slot, sp))
		return -1;
	pc = *(__u64 *)slot->chunk - bias;
	mix(&id, pc);
	if (out)
		out->pcs[0] = pc;
	for (i = 1; i < depth; i++) {
		offset = fp - slot->base;
		if (__builtin_expect(offset > slot->last, 0)) {
			if (fp < PAGE_BYTES || (fp & 7))
				break; /* the end of a goroutine's stack, or no frame pointer at all */
			if (read_chunk(slot, fp)) {
				if (!slot->in_c)
					w->flags |= STACK_FAULT;
				break;
			}
			offset = 0;
		}
		offset &= CHUNK_BYTES - 8;
		pc = *(__u64 *)(slot->chunk + offset + 8);
		fp = *(__u64 *)(slot->chunk + offset);
		if (!pc)
			break;
		pc -= bias;
		if (settings.go_text_size) {
			slot->in_c = pc - settings.go_text_start >= settings.go_text_size;
			if (slot->in_c) {
				if (out)
					out->pcs[i & (STACK_DEPTH_MAX - 1)] = 0;
				continue;
			}
		}
		mix(&id, pc);
		if (out)
			out->pcs[i & (STACK_DEPTH_MAX - 1)] = pc;
		if (is_root(pc)) {
			i++;
			break;
		}
	}
	w->depth = i;
	if (i >= depth && !slot->in_c)
		w->flags |= STACK_TRUNCATED;
	/* A stack cut short by a fault is not the same as one that ends there. */
	id.check += w->flags;
	w->id = id;
	return 0;
}

static __always_inline void lower(__u64 *place, __u64 value)
{
	for (int i = 0; i < 4; i++) {
		__u64 seen = *(volatile __u64 *)place;

		if (value >= seen || __sync_val_compare_and_swap(place, seen, value) == seen)
			return;
	}
	count(COUNTER_LOST_EXTREME, 1);
}

static __always_inline void raise(__u64 *place, __u64 value)
{
	for (int i = 0; i < 4; i++) {
		__u64 seen = *(volatile __u64 *)place;

		if (value <= seen || __sync_val_compare_and_swap(place, seen, value) == seen)
			return;
	}
	count(COUNTER_LOST_EXTREME, 1);
}

static __always_inline int is_runtime(__u64 pc)
{
	for (int i = 0; i < RUNTIME_RANGES; i++) {
		if (pc > settings.runtime_text[i].start && pc <= settings.runtime_text[i].end)
			return 1;
	}
	return 0;
}

/*
 * The short form: up to the user frame and a caller or two. Slow, one read a frame, but only for stacks that find the
 * map full.
 */
static __always_inline int walk_short(struct walk *w, __u64 sp, __u64 fp, __u64 bias, struct stack_record *out)
{
	__u64 record[2];
	__u64 pc = 0;
	__u32 callers = 0;
	int i;

	if (bpf_probe_read_user(&pc, sizeof(pc), (void *)sp))
		return -1;
	w->id.hash = w->id.check = 0;
	w->flags = STACK_SHORT;
	for (i = 0; i < STACK_SHORT_MAX; i++) {
		pc -= bias;
		mix(&w->id, pc);
		if (out)
			out->pcs[i & (STACK_DEPTH_MAX - 1)] = pc;
		if (callers || !is_runtime(pc))
			callers++;
		if (callers > STACK_SHORT_CALLERS || fp < PAGE_BYTES ||
		    bpf_probe_read_user(record, sizeof(record), (void *)fp) || !record[1]) {
			i++;
			break;
		}
		fp = record[0];
		pc = record[1];
	}
	w->depth = i;
	w->id.check += w->flags;
	return 0;
}

/* Verified once, by itself: the common path stays short. */
__noinline int shorten(struct walk *w, __u64 sp, __u64 fp, __u64 bias)
{
	return w ? walk_short(w, sp, fp, bias, NULL) : -1;
}

/* Sends a new stack's addresses. If the ring is full the next hit of the same observation tries again. */
__noinline int send_stack(struct walk *first, __u64 sp, __u64 fp, __u64 bias, struct scratch_slot *slot)
{
	struct stack_record *record;
	struct walk again = {};
	__u64 wake = BPF_RB_NO_WAKEUP;
	int failed;

	if (!first || !slot)
		return 0;
	record = bpf_ringbuf_reserve(&stacks, sizeof(*record), 0);
	if (!record)
		return 0;
	if (first->flags & STACK_SHORT)
		failed = walk_short(&again, sp, fp, bias, record);
	else
		failed = walk_stack(&again, slot, sp, fp, bias, record);
	if (failed || again.id.hash != first->id.hash || again.id.check != first->id.check) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		count(COUNTER_CHANGED_STACK, 1);
		return 0;
	}
	record->bias = bias;
	record->flags = again.flags;
	record->depth = again.depth;
	record->id = again.id;
	if (bpf_ringbuf_query(&stacks, BPF_RB_AVAIL_DATA) > RING_WAKEUP_BYTES)
		wake = BPF_RB_FORCE_WAKEUP;
	bpf_ringbuf_submit(record, wake);
	return 1;
}

/*
 * Takes note where the process begins to run the program, and is true from then on if it does so once too often: the
 * first thing every program asks.
 */
static __always_inline int is_over(__u64 cookie)
{
	if (cookie & COOKIE_IS_START) {
		if (++starts > settings.expected_starts)
			ended = 1;
		return 1;
	}
	if (!ended)
		return 0;
	count(COUNTER_OUTSIDE, 1);
	return 1;
}

/* A hit of the stack check's jump that is about to run again, once the stack has grown. */
static __always_inline int comes_back(struct pt_regs *ctx, __u64 cookie)
{
	if (!(cookie & COOKIE_POINT_IS_JCC) || !(ctx->eflags & 0x41))
		return 0;
	count(COUNTER_REENTRY, 1);
	return 1;
}

/* Does this hit of an allocation point stand for one object? Size in RAX. */
static __always_inline int is_object(struct pt_regs *ctx, __u64 cookie, __u64 bias)
{
	__u64 ret;

	if (comes_back(ctx, cookie))
		return 0;
	if (!ctx->rax) {
		count(COUNTER_ZERO_SIZE, 1);
		return 0;
	}
	if (cookie & COOKIE_IS_PARTIAL) {
		if (bpf_probe_read_user(&ret, sizeof(ret), (void *)ctx->rsp)) {
			count(COUNTER_LOST_STACK, 1);
			return 0;
		}
		ret -= bias;
		if (ret > settings.dispatcher_start && ret <= settings.dispatcher_end) {
			count(COUNTER_DISPATCHED, 1);
			return 0;
		}
	}
	return 1;
}

#endif
