/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The sampling mode. Probes sit where a P of the Go runtime runs out of free slots of a size class:
 *
 *   refill  (*mcache).refill: the object being allocated is the sample; the span that is full now says how many
 *           slots the P used since the last refill of that class
 *   flush   (*mcache).releaseAll: the collector takes all spans of a P away, half used
 *   large   (*mcache).allocLarge: objects above 32 KiB, each one seen
 *   exact   an allocation point, in windows of a millisecond or so: the order of objects inside a size class
 *   end     the end of the program, with the runtime's own counts, and spans half used that nobody will see off
 *
 * Registers at all of them are those of the ABIInternal call: RAX, RBX, RCX. Samples go to one of two maps; user space
 * switches between them and empties the other, so that nothing is read while it is written.
 */
#include "bpf/sample_records.h"
#define COUNTERS SAMPLE_COUNTER_MAX
#include "bpf/walk.bpf.h"

#define CLASS_MASK 127

/* Set between open and load: where the fields are (runtime/mcache.go, runtime/mheap.go). */
const volatile __u32 mcache_alloc = 0;	    /* mcache.alloc: one span pointer a class; tinyAllocs lies right before */
const volatile __u32 mspan_alloc_count = 0; /* mspan.allocCount u16, +2 spanclass u8, +6 allocCountBeforeCache u16,
					       +8 elemsize u64 */
const volatile __u32 mspan_nelems = 0;
const volatile __u32 header_bytes = 0; /* put before objects above 512 bytes that have pointers: 8 from Go 1.22 */
const volatile __u16 class_size[CLASS_MASK + 1] =
	{}; /* bytes; a power of two of them, so that an index can be masked */
const volatile struct frame_rule frame_rules[FRAME_RULES] = {};
const volatile __u32 n_frame_rules = 0;
const volatile __u64 frames_start = 0; /* of all rules together */
const volatile __u64 frames_end = 0;
const volatile __u64 heap_stats = 0;  /* the runtime's own counts, vaddr; 0 if unknown */
const volatile __u64 types_start = 0; /* type descriptors, vaddrs */
const volatile __u64 types_end = 0;

/* Switched by user space while it runs. */
volatile __u32 open[GROUP_MAX] = {};
volatile __u32 side = 0; /* which of the two sample maps */

struct sample_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by user space */
	__type(key, struct sample_key);
	__type(value, struct sample_value);
};
struct sample_map samples_a SEC(".maps");
struct sample_map samples_b SEC(".maps");
struct sample_map exact SEC(".maps");

/* Stacks whose addresses went into the ring. One that is forgotten is sent again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 16);
	__type(key, struct stack_id);
	__type(value, __u32);
} sent SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SPAN_CLASSES);
	__type(key, __u32);
	__type(value, struct class_totals);
} classes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GROUP_MAX);
	__type(key, __u32);
	__type(value, struct probe_cost);
} costs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct final_stats);
} final_map SEC(".maps");

/* One that was killed, and never came to its end, is forgotten after others. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* process id */
	__type(value, struct process_caches);
} caches_of SEC(".maps");

static struct process_caches no_caches = {}; /* a stack has no room for it */

static __always_inline void charge(__u32 group, __u64 begun)
{
	struct probe_cost *cost = bpf_map_lookup_elem(&costs, &group);

	if (cost) {
		__sync_fetch_and_add(&cost->hits, 1);
		__sync_fetch_and_add(&cost->ns, bpf_ktime_get_ns() - begun);
	}
}

/* The part of mspan that counts: from allocCount on. */
struct span {
	__u16 alloc_count;
	__u8 class;
	__u8 state;
	__u8 other[2];
	__u16 before; /* allocCount when the span was fetched */
	__u64 elem_size;
};

/* Slots used since the span was fetched; -1 if this is no span of that class. An empty one (of no class) has 0. */
static __always_inline int slots_used(const struct span *span, __u32 class)
{
	if (!span->elem_size)
		return 0;
	if (class >= SPAN_CLASSES || span->class != class || span->elem_size != class_size[(class >> 1) & CLASS_MASK] ||
	    span->before > span->alloc_count)
		return -1;
	return span->alloc_count - span->before;
}

/* ---- the arguments of the allocator ---- */

struct arguments {
	__u64 size;
	__u64 type;
	__u32 flags; /* enum sample_flag */
};

__noinline int frame_kind(__u64 pc)
{
	if (pc <= frames_start || pc > frames_end)
		return FRAME_OTHER;
	for (__u32 i = 0; i < FRAME_RULES; i++) {
		if (i >= n_frame_rules)
			break;
		/* a return address: one past a call that may be the function's last instruction */
		if (pc - 1 - frame_rules[i].start < frame_rules[i].size)
			return frame_rules[i].kind;
	}
	return FRAME_OTHER;
}

/* A frame record, and above it the spill slots of the function's first two arguments. */
struct frame {
	__u64 fp;
	__u64 ret;
	__u64 size;
	__u64 type;
};

/*
 * Climbs over the allocator's own frames; the outermost that keeps the arguments of its call where the ABI would spill
 * them gives them. Which do was found by comparing with the arguments at the allocation point, version by version.
 */
static __noinline int find_arguments(struct arguments *a, __u64 sp, __u64 fp, __u64 bias)
{
	struct frame frame;
	__u64 pc;

	a->flags = 0;
	if (bpf_probe_read_user(&pc, sizeof(pc), (void *)sp))
		return 0;
	for (int i = 0; i < 4; i++) {
		int kind = frame_kind(pc - bias);

		if (kind == FRAME_OTHER || kind == FRAME_NONE || bpf_probe_read_user(&frame, sizeof(frame), (void *)fp))
			return 0;
		if (kind == FRAME_DISPATCHER || kind == FRAME_OWN || kind == FRAME_OWN_SIZE) {
			a->size = frame.size;
			a->flags = SAMPLE_SIZE_KNOWN;
			if (kind == FRAME_OWN_SIZE)
				return 0;
			a->type = frame.type ? frame.type - bias : 0;
			if (!a->type || a->type - types_start < types_end - types_start)
				a->flags |= SAMPLE_TYPE_KNOWN;
			return 0;
		}
		pc = frame.ret;
		fp = frame.fp;
	}
	return 0;
}

/* Whether a request of that size comes from that class. */
static __always_inline int fits(__u64 size, __u32 class)
{
	__u32 i = (class >> 1) & CLASS_MASK;

	if (!(class & 1) && size > 512)
		size += header_bytes;
	if (class == SPAN_CLASS_TINY)
		return size - 1 < 16;
	return i > 0 && size <= class_size[i] && size > class_size[(i - 1) & CLASS_MASK];
}

/* ---- samples ---- */

/*
 * Walks the stack and makes its addresses known to user space. Returns the index of the scratch slot that holds it, to
 * be given back, or -1. Verified once, by itself.
 */
__noinline int identify_stack(__u64 sp, __u64 fp, __u64 bias)
{
	int index = take_slot();
	struct scratch_slot *slot = slot_at(index);
	struct stack_id id;
	__u32 one = 1;

	if (!slot)
		return -1;
	if (walk_stack(slot, sp, fp, bias)) {
		count(COUNTER_LOST_STACK, 1);
		give_slot(slot);
		return -1;
	}
	id = slot->record.id;
	if (!bpf_map_lookup_elem(&sent, &id) && send_stack(slot))
		bpf_map_update_elem(&sent, &id, &one, BPF_ANY);
	return index;
}

/* 0, with the stack's id in id. */
static __always_inline int stack_id_of(struct stack_id *id, struct pt_regs *ctx, __u64 bias)
{
	struct scratch_slot *slot = slot_at(identify_stack(ctx->rsp, ctx->rbp, bias));

	if (!slot)
		return -1;
	*id = slot->record.id;
	give_slot(slot);
	return 0;
}

static __always_inline void add_sample(void *map, const struct sample_key *key, __u64 slots, __u64 size)
{
	struct sample_value *value = bpf_map_lookup_elem(map, key);

	if (!value) {
		struct sample_value fresh = {.smallest = ~0ull};

		bpf_map_update_elem(map, key, &fresh, BPF_NOEXIST);
		value = bpf_map_lookup_elem(map, key);
		if (!value) {
			count(COUNTER_LOST_MAP_FULL, 1);
			return;
		}
	}
	__sync_fetch_and_add(&value->samples, 1);
	__sync_fetch_and_add(&value->slots, slots);
	if (key->flags & SAMPLE_SIZE_KNOWN) {
		__sync_fetch_and_add(&value->bytes, size);
		lower(&value->smallest, size);
		raise(&value->largest, size);
	}
}

static __always_inline void sample(struct pt_regs *ctx, __u64 bias, __u32 class, __u64 slots, struct arguments *a)
{
	struct sample_key key = {.class = class};

	if ((a->flags & SAMPLE_SIZE_KNOWN) && class && !fits(a->size, class)) {
		count(SAMPLE_COUNTER_SLOT_MISMATCH, 1);
		a->flags = 0;
	}
	key.flags = a->flags;
	if (a->flags & SAMPLE_TYPE_KNOWN)
		key.type = a->type;
	if (stack_id_of(&key.stack, ctx, bias))
		return;
	if (side)
		add_sample(&samples_b, &key, slots, a->size);
	else
		add_sample(&samples_a, &key, slots, a->size);
}

/* What spans are left half used when a process ends is found by the mcaches it has. */
__noinline int remember_cache(__u64 mcache)
{
	__u32 process = bpf_get_current_pid_tgid() >> 32;
	struct process_caches *caches = bpf_map_lookup_elem(&caches_of, &process);
	__u64 at;

	if (!caches) {
		bpf_map_update_elem(&caches_of, &process, &no_caches, BPF_NOEXIST);
		caches = bpf_map_lookup_elem(&caches_of, &process);
		if (!caches)
			return 0;
	}
	for (__u32 i = 0; i < CACHES_MAX && i < caches->n; i++) {
		if (caches->mcache[i] == mcache)
			return 0;
	}
	if (!try_take(&caches->takers)) /* the next refill will do */
		return 0;
	at = caches->n++;
	if (at < CACHES_MAX)
		caches->mcache[at] = mcache;
	give_back(&caches->takers);
	return 0;
}

static __always_inline void refill(struct pt_regs *ctx, __u64 cookie)
{
	__u64 bias = ctx->rip - (cookie & COOKIE_VADDR_MASK);
	__u64 mcache = ctx->rax, address = 0, tiny = 0;
	__u32 class = ctx->rbx & 0xff;
	struct class_totals *totals;
	struct arguments a = {};
	struct span span;
	__u16 nelems = 0;
	int slots;

	if (comes_back(ctx, cookie))
		return;
	totals = bpf_map_lookup_elem(&classes, &class);
	if (!totals || bpf_probe_read_user(&address, sizeof(address), (void *)(mcache + mcache_alloc + 8 * class)) ||
	    bpf_probe_read_user(&span, sizeof(span), (void *)(address + mspan_alloc_count))) {
		count(SAMPLE_COUNTER_LOST_SPAN, 1);
		return;
	}
	if (cookie & COOKIE_IS_NEXT_FREE) {
		if (bpf_probe_read_user(&nelems, sizeof(nelems), (void *)(address + mspan_nelems))) {
			count(SAMPLE_COUNTER_LOST_SPAN, 1);
			return;
		}
		if (span.alloc_count != nelems) {
			count(SAMPLE_COUNTER_NOT_REFILL, 1);
			return;
		}
	}
	slots = slots_used(&span, class);
	if (slots < 0) {
		count(SAMPLE_COUNTER_LOST_SPAN, 1);
		return;
	}
	remember_cache(mcache);
	/* An empty span leaves the tiny objects for the next time, as the runtime does. */
	if (class == SPAN_CLASS_TINY && span.elem_size &&
	    !bpf_probe_read_user(&tiny, sizeof(tiny), (void *)(mcache + mcache_alloc - 8)))
		__sync_fetch_and_add(&totals->tiny, tiny);
	__sync_fetch_and_add(&totals->samples, 1);
	__sync_fetch_and_add(&totals->slots, slots);
	__sync_fetch_and_add(&totals->slots_squared, (__u64)slots * (__u64)slots);
	find_arguments(&a, ctx->rsp, ctx->rbp, bias);
	sample(ctx, bias, class, slots, &a);
}

static __always_inline void large(struct pt_regs *ctx, __u64 cookie)
{
	__u64 bias = ctx->rip - (cookie & COOKIE_VADDR_MASK);
	struct class_totals *totals;
	struct arguments a = {};
	__u32 class = 0;

	if (comes_back(ctx, cookie))
		return;
	if (cookie & COOKIE_IS_MALLOC) {
		a.size = ctx->rax;
		a.type = ctx->rbx ? ctx->rbx - bias : 0;
		a.flags = SAMPLE_TYPE_KNOWN;
	} else {
		find_arguments(&a, ctx->rsp, ctx->rbp, bias);
		if (a.size != ctx->rbx)
			a.flags = 0;
		a.size = ctx->rbx;
	}
	a.flags |= SAMPLE_SIZE_KNOWN;
	totals = bpf_map_lookup_elem(&classes, &class);
	if (totals) {
		__sync_fetch_and_add(&totals->samples, 1);
		__sync_fetch_and_add(&totals->slots, 1);
		__sync_fetch_and_add(&totals->slots_squared, 1);
	}
	sample(ctx, bias, class, 1, &a);
}

/* All spans of half the classes: as many pointers as fit the scratch memory. */
static __always_inline void drop_half(struct scratch_slot *slot, __u64 mcache, __u64 empty, __u32 first, __u32 is_end)
{
	struct class_totals *totals;
	struct span span;

	if (bpf_probe_read_user(slot->chunk, SIZE_CLASSES * 8, (void *)(mcache + mcache_alloc + 8 * (__u64)first))) {
		count(SAMPLE_COUNTER_LOST_SPAN, 1);
		return;
	}
	for (__u32 i = 0; i < SIZE_CLASSES; i++) {
		__u64 address = *(__u64 *)(slot->chunk + 8 * i);
		__u32 class = first + i;
		int slots;

		if (address == empty)
			continue;
		if (bpf_probe_read_user(&span, sizeof(span), (void *)(address + mspan_alloc_count))) {
			count(SAMPLE_COUNTER_LOST_SPAN, 1);
			continue;
		}
		slots = slots_used(&span, class);
		if (slots < 0)
			count(SAMPLE_COUNTER_LOST_SPAN, 1);
		totals = bpf_map_lookup_elem(&classes, &class);
		if (totals && slots > 0)
			__sync_fetch_and_add(is_end ? &totals->left : &totals->dropped, slots);
	}
}

/* All spans of an mcache, which go half used: flushed, or with their process. Verified once, by itself. */
__noinline int drop_spans(__u64 mcache, __u32 is_end)
{
	struct scratch_slot *slot = slot_at(take_slot());
	__u32 class = SPAN_CLASS_TINY;
	struct class_totals *totals;
	__u64 empty, tiny;

	if (!slot)
		return 0;
	/* Class 0 never has a span of its own: its entry is the empty one for good. */
	if (bpf_probe_read_user(&empty, sizeof(empty), (void *)(mcache + mcache_alloc))) {
		count(SAMPLE_COUNTER_LOST_SPAN, 1);
		goto out;
	}
	drop_half(slot, mcache, empty, 0, is_end);
	drop_half(slot, mcache, empty, SIZE_CLASSES, is_end);
	totals = bpf_map_lookup_elem(&classes, &class);
	if (totals && !bpf_probe_read_user(&tiny, sizeof(tiny), (void *)(mcache + mcache_alloc - 8)))
		__sync_fetch_and_add(is_end ? &totals->left_tiny : &totals->dropped_tiny, tiny);
out:
	give_slot(slot);
	return 0;
}

static __always_inline void flush(struct pt_regs *ctx, __u64 cookie)
{
	if (cookie & COOKIE_IS_FLUSH_TEST) {
		if (ctx->eflags & 0x40) {
			count(SAMPLE_COUNTER_NOT_REFILL, 1);
			return;
		}
	} else if (comes_back(ctx, cookie)) {
		return;
	}
	remember_cache(ctx->rax);
	drop_spans(ctx->rax, 0);
}

static __always_inline void exact_hit(struct pt_regs *ctx, __u64 cookie)
{
	__u64 bias = ctx->rip - (cookie & COOKIE_VADDR_MASK);
	struct sample_key key = {.flags = SAMPLE_TYPE_KNOWN | SAMPLE_SIZE_KNOWN};

	if (ctx->rax > class_size[SIZE_CLASSES - 1] || !is_object(ctx, cookie, bias))
		return;
	key.type = ctx->rbx ? ctx->rbx - bias : 0;
	key.class = ctx->rax;
	if (!stack_id_of(&key.stack, ctx, bias))
		add_sample(&exact, &key, 1, ctx->rax);
}

/* A process that executes the program anew, or has the id of one that was killed, has none of those mcaches. */
static __always_inline void forget_caches(void)
{
	__u32 process = bpf_get_current_pid_tgid() >> 32;

	bpf_map_delete_elem(&caches_of, &process);
}

/* Neither a refill nor a flush will ever count these slots, nor does the runtime. */
__noinline int leave_spans(void)
{
	__u32 process = bpf_get_current_pid_tgid() >> 32;
	struct process_caches *caches = bpf_map_lookup_elem(&caches_of, &process);

	if (!caches || caches->n > CACHES_MAX)
		count(SAMPLE_COUNTER_LOST_END, 1);
	if (!caches)
		return 0;
	for (__u32 i = 0; i < CACHES_MAX && i < caches->n; i++) {
		if (caches->mcache[i])
			drop_spans(caches->mcache[i], 1);
	}
	forget_caches();
	return 0;
}

/* Where the program ends: what the runtime counted goes with it. */
static __always_inline void end(struct pt_regs *ctx, __u64 cookie)
{
	__u64 bias = ctx->rip - (cookie & COOKIE_VADDR_MASK);
	struct final_stats *final;
	__u32 zero = 0;

	leave_spans();
	final = bpf_map_lookup_elem(&final_map, &zero);
	if (heap_stats && final && !final->at_ns &&
	    !bpf_probe_read_user(final->words, sizeof(final->words), (void *)(heap_stats + bias)))
		final->at_ns = bpf_ktime_get_ns();
}

/* One program for all points, so that the walk is verified once. */
SEC("uprobe")
int on_point(struct pt_regs *ctx)
{
	__u64 begun = bpf_ktime_get_ns();
	__u64 cookie = point_cookie(ctx);
	__u32 kind = (cookie >> COOKIE_KIND_SHIFT) & COOKIE_KIND_MASK;
	__u32 group = kind == POINT_REFILL ? GROUP_HOT : kind == POINT_EXACT ? GROUP_EXACT : GROUP_COLD;

	if (is_over(cookie))
		return 0;
	if (kind == POINT_BEGIN) {
		forget_caches();
		return 0;
	}
	if (kind == POINT_END) {
		end(ctx, cookie);
		return 0;
	}
	if (!open[group])
		count(SAMPLE_COUNTER_CLOSED, 1);
	else if (kind == POINT_REFILL)
		refill(ctx, cookie);
	else if (kind == POINT_LARGE)
		large(ctx, cookie);
	else if (kind == POINT_FLUSH)
		flush(ctx, cookie);
	else if (kind == POINT_EXACT)
		exact_hit(ctx, cookie);
	charge(group, begun);
	return 0;
}

/* To be hit by this process itself: what a trap costs without a program to speak of. */
SEC("uprobe")
int on_nothing(void *ctx __attribute__((unused)))
{
	return 0;
}
