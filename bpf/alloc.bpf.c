/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The exact gear: one hit per heap object, at the allocation point of an allocator entry, with the arguments still in
 * their registers (ABIInternal: size in RAX, type in RBX), the caller's return address on top of the stack and the
 * caller's frame pointer in RBP.
 *
 * Per hit: walk the frame pointers inside page-safe copies of the stack, hashing return addresses; add to the
 * observation of (stack, type). Only a new stack is walked again, into the ring. User space reads maps, not events.
 *
 * Programs run preemptibly in the context of the target's thread: another thread may hit on the same CPU meanwhile, so
 * counts are added atomically and scratch memory is taken and given back.
 */
#include "bpf/records.h"

#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define CHUNK_BYTES	  1024
#define PAGE_BYTES	  4096
#define SCRATCH_SLOTS	  8
#define RING_WAKEUP_BYTES (1 << 20)

/* Set between open and load. */
const volatile __u64 dispatcher_start = 0; /* physical body of runtime.mallocgc, vaddrs; 0 where the rule is not used */
const volatile __u64 dispatcher_end = 0;
const volatile struct text_range runtime_text[RUNTIME_RANGES] = {};
/*
 * runtime.mcall leaves the frame pointer of the goroutine it switched from, up to Go 1.24: behind it lies the stack of
 * a goroutine that may run elsewhere by now, and change while we read.
 */
const volatile __u64 mcall_start = 0;
const volatile __u64 mcall_size = 0;
const volatile __u32 stack_depth = STACK_DEPTH_MAX;

struct scratch_slot {
	__u64 busy;
	/* Of the copy in chunk. Kept in map memory so that the verifier forgets them: known bounds would make every
	 * turn of the walk a state of its own. */
	volatile __u64 base;
	volatile __u64 last; /* the last offset at which a frame record fits */
	__u8 chunk[CHUNK_BYTES];
};

struct scratch {
	struct scratch_slot slots[SCRATCH_SLOTS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by user space */
	__type(key, struct observation_key);
	__type(value, struct observation_value);
} observations SEC(".maps");

/* Where stacks go in their short form once observations is full. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by user space */
	__type(key, struct observation_key);
	__type(value, struct observation_value);
} observations_short SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PAGE_BYTES); /* set by user space */
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTER_MAX);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* Hits of each reach probe. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set by user space */
	__type(key, __u32);
	__type(value, __u64);
} reached SEC(".maps");

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

/* The hash only has to tell stacks apart; two of them with different constants make an accident impossible in practice.
 */
static __always_inline void mix(struct stack_id *id, __u64 pc)
{
	id->hash = (id->hash ^ pc) * 0x9e3779b97f4a7c15ull;
	id->hash ^= id->hash >> 29;
	id->check = (id->check + pc) * 0xc2b2ae3d27d4eb4full;
	id->check ^= id->check >> 32;
}

/*
 * Copies the stack from address on, at most to the end of its page: a read across into a page that is not there would
 * fail as a whole. Only a frame record that straddles the end is read across it.
 */
static __always_inline int read_chunk(struct scratch_slot *slot, __u64 address)
{
	__u64 len = PAGE_BYTES - (address & (PAGE_BYTES - 1));

	if (len > CHUNK_BYTES)
		len = CHUNK_BYTES;
	if (len < 16)
		len = 16;
	slot->base = address;
	slot->last = len - 16;
	return bpf_probe_read_user(slot->chunk, len, (void *)address);
}

/*
 * Walks from the return address at the top of the stack up the chain of frame records. With out, also stores the
 * addresses. The chain may jump to another stack (systemstack, cgo): only its depth is bounded.
 */
static __always_inline int walk_stack(struct walk *w, struct scratch_slot *slot, __u64 sp, __u64 fp, __u64 bias,
				      struct stack_record *out)
{
	__u64 pc, offset;
	__u32 i;

	w->id.hash = w->id.check = 0;
	w->flags = 0;
	if (read_chunk(slot, sp))
		return -1;
	pc = *(__u64 *)slot->chunk - bias;
	mix(&w->id, pc);
	if (out)
		out->pcs[0] = pc;
	for (i = 1; i < STACK_DEPTH_MAX; i++) {
		if (i >= stack_depth)
			break;
		offset = fp - slot->base;
		if (offset > slot->last) {
			if (fp < PAGE_BYTES || (fp & 7))
				break; /* the end of a goroutine's stack, or no frame pointer at all */
			if (read_chunk(slot, fp)) {
				w->flags |= STACK_FAULT;
				break;
			}
			offset = 0;
		}
		offset &= CHUNK_BYTES - 8;
		if (offset > CHUNK_BYTES - 16)
			break;
		pc = *(__u64 *)(slot->chunk + offset + 8);
		fp = *(__u64 *)(slot->chunk + offset);
		if (!pc)
			break;
		pc -= bias;
		mix(&w->id, pc);
		if (out)
			out->pcs[i & (STACK_DEPTH_MAX - 1)] = pc;
		if (pc - mcall_start < mcall_size) {
			i++;
			break;
		}
	}
	w->depth = i;
	if (i >= stack_depth)
		w->flags |= STACK_TRUNCATED;
	/* A stack cut short by a fault is not the same as one that ends there. */
	w->id.check += w->flags;
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

static __always_inline struct observation_value *observation_at(void *map, const struct observation_key *key)
{
	struct observation_value *value = bpf_map_lookup_elem(map, key);
	struct observation_value fresh = {.smallest = ~0ull};

	if (value)
		return value;
	bpf_map_update_elem(map, key, &fresh, BPF_NOEXIST); /* another CPU may be first: both find it */
	return bpf_map_lookup_elem(map, key);
}

static __always_inline int is_runtime(__u64 pc)
{
	for (int i = 0; i < RUNTIME_RANGES; i++) {
		if (pc > runtime_text[i].start && pc <= runtime_text[i].end)
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

SEC("uprobe")
int on_alloc(struct pt_regs *ctx)
{
	struct observation_key key = {};
	struct observation_value *value;
	struct scratch_slot *slot = NULL;
	struct scratch *scratch;
	struct walk w = {};
	__u64 cookie = bpf_get_attach_cookie(ctx);
	__u64 bias = ctx->rip - (cookie & COOKIE_VADDR_MASK);
	__u64 sp = ctx->rsp, fp = ctx->rbp, size = ctx->rax;
	__u64 ret;
	__u32 zero = 0;
	int i;

	if ((cookie & COOKIE_POINT_IS_JCC) && (ctx->eflags & 0x41)) {
		count(COUNTER_REENTRY, 1);
		return 0;
	}
	if (!size) {
		count(COUNTER_ZERO_SIZE, 1);
		return 0;
	}
	if (cookie & COOKIE_IS_PARTIAL) {
		if (bpf_probe_read_user(&ret, sizeof(ret), (void *)sp)) {
			count(COUNTER_LOST_STACK, 1);
			return 0;
		}
		ret -= bias;
		if (ret > dispatcher_start && ret <= dispatcher_end) {
			count(COUNTER_DISPATCHED, 1);
			return 0;
		}
	}
	count(COUNTER_HITS, 1);
	count(COUNTER_BYTES, size);

	scratch = bpf_map_lookup_elem(&scratch_map, &zero);
	if (!scratch)
		return 0;
	for (i = 0; i < SCRATCH_SLOTS; i++) {
		if (__sync_lock_test_and_set(&scratch->slots[i].busy, 1) == 0) {
			slot = &scratch->slots[i];
			break;
		}
	}
	if (!slot) {
		count(COUNTER_LOST_SCRATCH, 1);
		return 0;
	}
	if (walk_stack(&w, slot, sp, fp, bias, NULL)) {
		count(COUNTER_LOST_STACK, 1);
		goto out;
	}
	key.stack = w.id;
	key.type = ctx->rbx ? ctx->rbx - bias : 0;
	value = observation_at(&observations, &key);
	if (!value) {
		if (shorten(&w, sp, fp, bias)) {
			count(COUNTER_LOST_STACK, 1);
			goto out;
		}
		key.stack = w.id;
		value = observation_at(&observations_short, &key);
		if (!value) {
			count(COUNTER_LOST_MAP_FULL, 1);
			goto out;
		}
		count(COUNTER_SHORTENED, 1);
	}
	__sync_fetch_and_add(&value->objects, 1);
	__sync_fetch_and_add(&value->bytes, size);
	lower(&value->smallest, size);
	raise(&value->largest, size);
	if (!value->stack_sent && send_stack(&w, sp, fp, bias, slot))
		value->stack_sent = 1;
out:
	*(volatile __u64 *)&slot->busy = 0;
	return 0;
}

SEC("uprobe")
int on_reach(struct pt_regs *ctx)
{
	__u32 index = bpf_get_attach_cookie(ctx);
	__u64 *hit = bpf_map_lookup_elem(&reached, &index);

	if (hit) /* how often is only asked to find the ones worth retiring */
		*hit += 1;
	return 0;
}
