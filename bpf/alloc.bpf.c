/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The exact mode: one hit per heap object, at the allocation point of an allocator entry, with the arguments still in
 * their registers (ABIInternal: size in RAX, type in RBX), the caller's return address on top of the stack and the
 * caller's frame pointer in RBP.
 *
 * Per hit: walk the stack; add to the observation of (stack, type). Only a new stack goes through the ring.
 * User space reads maps, not events.
 */
#include "bpf/walk.bpf.h"

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

/* Hits of each reach probe. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set by user space */
	__type(key, __u32);
	__type(value, __u64);
} reached SEC(".maps");

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
#pragma clang loop unroll(full)
	for (int i = 0; i < RUNTIME_RANGES; i++) {
		if (pc > settings.runtime_text[i].start && pc <= settings.runtime_text[i].end)
			return 1;
	}
	return 0;
}

/*
 * Cuts the stack in slot->record down to its short form: up to the user frame and a caller or two. For stacks that find
 * the map full.
 */
static __noinline int shorten(struct scratch_slot *slot)
{
	struct stack_record *record = &slot->record;
	struct stack_id id = {};
	__u32 callers = 0, i;

	for (i = 0; i < STACK_SHORT_MAX && i < record->depth && callers <= STACK_SHORT_CALLERS; i++) {
		__u64 pc = record->pcs[i];

		if (!pc || pc & STACK_PC_C)
			continue;
		mix(&id, pc);
		if (callers || !is_runtime(pc))
			callers++;
	}
	record->depth = i;
	record->flags = STACK_SHORT;
	slot->n_c_stacks = 0;
	id.check += STACK_SHORT;
	record->id = id;
	return 0;
}

SEC("uprobe")
int on_alloc(struct pt_regs *ctx)
{
	struct observation_key key = {};
	struct observation_value *value;
	struct scratch_slot *slot;
	__u64 cookie = point_cookie(ctx);
	__u64 bias = ctx->rip - (cookie & COOKIE_VADDR_MASK);
	__u64 sp = ctx->rsp, fp = ctx->rbp, size = ctx->rax;

	if (is_over(cookie) || !is_object(ctx, cookie, bias))
		return 0;
	key.type = ctx->rbx ? ctx->rbx - bias : 0;
	slot = slot_at(take_slot());
	if (!slot) {
		count(COUNTER_HITS, 1);
		count(COUNTER_BYTES, size);
		return 0;
	}
	slot->hits++;
	slot->bytes += size;
	if (walk_stack(slot, sp, fp, bias)) {
		count(COUNTER_LOST_STACK, 1);
		goto out;
	}
	key.stack = slot->record.id;
	value = observation_at(&observations, &key);
	if (!value) {
		shorten(slot);
		key.stack = slot->record.id;
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
	if (!value->stack_sent && send_stack(slot))
		value->stack_sent = 1;
out:
	give_slot(slot);
	return 0;
}

SEC("uprobe")
int on_reach(struct pt_regs *ctx)
{
	__u32 index = point_cookie(ctx);
	__u64 *hit = bpf_map_lookup_elem(&reached, &index);

	if (hit && !ended) /* how often is only asked to find the ones worth retiring */
		*hit += 1;
	return 0;
}
