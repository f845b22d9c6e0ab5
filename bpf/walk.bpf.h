/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What both modes do at a hit: walk the frame pointers inside page-safe copies of the stack, hashing return addresses
 * and keeping them, and send the addresses of a new stack through the ring. Defines maps: one object file includes it
 * once.
 *
 * Programs run preemptibly in the context of the target's thread: another thread may hit on the same CPU meanwhile, so
 * counts are added atomically and scratch memory is taken and given back.
 *
 * Verifiers of six years have to accept this, so:
 * - no loop counter has its address taken: it would live on the stack, where the verifier of 6.12 loses its value;
 * - no loop is entered by falling through into a header that one of its own instructions jumps back to, which verifiers
 *   up to 6.12 refuse unless the instruction before the header is a jump (tests/unit/probe/test_programs.c looks);
 * - the loop that runs for every frame is written in the kernel's own instructions, so that its layout and its
 * registers are the same whatever compiles it.
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
/* A copy's price is the call, not the bytes: eight bytes cost two thirds of what six kilobytes cost. */
#define CHUNK_BYTES	  (2 * PAGE_BYTES)
#define READ_AHEAD	  64
#define RING_WAKEUP_BYTES (1 << 20)

/* Set between open and load. */
const volatile struct walk_settings settings = {};

/* 1 while an extreme is replaced, before Linux 5.15. */
__u64 extreme_takers = 0;
__u64 starts = 0;
/* A stack of C has come, and user space has been woken to tell where C code lies. */
__u64 c_has_come = 0;
/* Nothing counts: the process has executed the program anew, or user space has not opened the window, or has shut it.
 */
__u64 ended = 0;
/*
 * User space tells. Until then, wherever Linux puts programs and libraries, and data between them: with the most random
 * addresses (vm.mmap_rnd_bits of 32), 16 TiB up from where programs begin and down from the top; and all that a program
 * at a fixed address may take.
 */
struct c_code c_code = {
	.text = {{.start = 0x550000000000, .size = 0x2affffffffff}, {.start = 0x400000, .size = 0x7fbfffff}},
};

/*
 * Of the plugins that the program has opened. Their functions may be at any address: roots_mask, 0 without plugins, has
 * all bits set then, and makes the range of roots the whole address space.
 */
struct callback_code plugins[PLUGINS_MAX] = {};
__u64 roots_mask = 0;

/* The C stack between two stretches of Go. */
struct c_stack {
	__u64 start; /* address of runtime.cgocallback's frame */
	__u64 end;   /* 0 if unknown */
};

/*
 * Where a hit keeps what a stack of 512 bytes has no room for. What the walk needs for each frame lies in here too:
 * what is read from a map the verifier takes for unknown, and so every turn of the walk looks the same to it.
 */
struct scratch_slot {
	__u64 takers; /* 1 while it is taken */
	__u64 hits;   /* objects counted while holding this slot, and their bytes: no atomic operation is needed */
	__u64 bytes;
	__u64 bias;
	__u64 base;	    /* of the copy in chunk */
	__s64 ahead;	    /* so many walks read the next page as well; below 0, so many do not although they would */
	__u64 last;	    /* the last offset in chunk at which a frame record fits */
	__u64 fp;	    /* of the next frame */
	struct stack_id id; /* of the frames so far */
	__u64 roots_start;
	__u64 roots_size;
	__u64 go_text_start;
	__u64 go_text_size;
	__u64 record_at; /* address of the frame record climbed last; kept in programs with C code only */
	__u64 index;	 /* of this slot */
	__u64 n_c_stacks;
	struct c_stack c_stacks[C_STACKS_MAX];
	struct stack_record record;  /* of the stack walked last */
	__u8 chunk[CHUNK_BYTES + 8]; /* a record at the last place of all has its second word behind */
};
_Static_assert(__builtin_offsetof(struct scratch_slot, hits) == SCRATCH_HITS_OFFSET &&
		       __builtin_offsetof(struct scratch_slot, bytes) == SCRATCH_HITS_OFFSET + 8,
	       "user space reads these two");

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

/* Behind the counters: where a kernel without attach cookies finds the cookie of the point that was hit. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS + 1);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

static __always_inline void count(__u32 which, __u64 n)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &which);

	if (value)
		__sync_fetch_and_add(value, n);
}

/*
 * What the attached point is, as user space said. Before Linux 5.15 there are no cookies: each point has a program of a
 * few instructions that leaves its cookie behind the counters and goes on here (probe/attach.c). Nothing comes between,
 * since up to 5.19 a program at a uprobe runs with preemption off.
 */
static __always_inline __u64 point_cookie(struct pt_regs *ctx)
{
#ifdef BEFORE_LINUX_5_15
	__u32 place = COUNTERS;
	__u64 *cookie = bpf_map_lookup_elem(&counters, &place);

	(void)ctx;
	return cookie ? *cookie : 0;
#else
	return bpf_get_attach_cookie(ctx);
#endif
}

/*
 * Takes what only one may have: it belongs to whoever adds the first one. An addition that gives nothing back is all
 * that kernels before 5.12 have. Two that meet may both go without. Across CPUs this needs additions that order what is
 * around them, as those of x86 do.
 */
static __always_inline int try_take(__u64 *takers)
{
	__sync_fetch_and_add(takers, 1);
	if (*(volatile __u64 *)takers == 1)
		return 1;
	__sync_fetch_and_add(takers, -1);
	return 0;
}

static __always_inline void give_back(__u64 *takers)
{
	__sync_fetch_and_add(takers, -1);
}

/* One of this CPU's. */
static __always_inline struct scratch_slot *slot_at(__u32 index)
{
	return bpf_map_lookup_elem(&scratch_map, &index);
}

/* The index of a slot that is ours from now on, or -1 if all of this CPU's are taken, which is counted. */
static __always_inline int take_slot(void)
{
#pragma clang loop unroll(full)
	for (int i = 0; i < SCRATCH_SLOTS; i++) {
		struct scratch_slot *slot = slot_at(i);

		if (!slot)
			break;
		if (try_take(&slot->takers)) {
			slot->index = i;
			return i;
		}
	}
	count(COUNTER_LOST_SCRATCH, 1);
	return -1;
}

static __always_inline void give_slot(struct scratch_slot *slot)
{
	give_back(&slot->takers);
}

/*
 * Two polynomials of the addresses, at different odd places: they only have to tell stacks apart, which both failing at
 * once makes an accident impossible in practice. The factors fit an instruction and sums need no more than that, since
 * this is done for every frame.
 */
#define HASH_FACTOR  -0x61c88647
#define CHECK_FACTOR -0x7a143589

static __always_inline void mix(struct stack_id *id, __u64 pc)
{
	id->hash = (id->hash + pc) * (__u64)(__s64)HASH_FACTOR;
	id->check = (id->check + pc) * (__u64)(__s64)CHECK_FACTOR;
}

/*
 * Copies the stack from address on to the end of its page: a read across into a page that is not there would fail as a
 * whole. Only a frame record that straddles the end is read across it; and where a walk met frames on the next page,
 * the following ones read that too, which saves them a call. One that fails costs as much as eight calls: then none
 * tries for a while.
 */
static __always_inline int read_chunk(struct scratch_slot *slot, __u64 address)
{
	__u64 len = PAGE_BYTES - (address & (PAGE_BYTES - 1));

	slot->base = address;
	if (slot->ahead > 0) {
		slot->last = len + PAGE_BYTES - 16;
		if (!bpf_probe_read_user(slot->chunk, len + PAGE_BYTES, (void *)address))
			return 0;
		slot->ahead = -READ_AHEAD;
	}
	if (len < 16)
		len = 16;
	slot->last = len - 16;
	return bpf_probe_read_user(slot->chunk, len, (void *)address);
}

/* Unsigned: below the start is far beyond the size. What the binary does not have the verifier takes out. */
static __always_inline int is_root(__u64 pc)
{
#pragma clang loop unroll(full)
	for (int k = 0; k < STACK_ROOTS; k++) {
		if (pc - settings.roots[k].start < settings.roots[k].size)
			return 1;
	}
	return 0;
}

enum walk_end {
	WALK_OUTSIDE, /* the next record lies outside the copy */
	WALK_LAST,    /* a record without a return address: the end of the chain */
	WALK_ROOT,    /* a function that may be a root */
	WALK_DEEP,    /* as deep as was asked for */
};

/*
 * Climbs the frame records in the copy, from slot->fp on, which lies inside: mixes each return address into slot->id
 * and stores it at *next. At least one frame goes by. The price of a hit grows with this loop.
 *
 *	fp = slot->fp, hash = slot->id.hash, check = slot->id.check;
 *	do {
 *		[if ((fp - slot->base) % 8) { end = WALK_LAST; break; } slot->record_at = fp;]
 *		record = slot->chunk + ((fp - slot->base) & (CHUNK_BYTES - 8));
 *		fp = record[0], pc = record[1];
 *		if (!pc)
 *			{ end = WALK_LAST; break; }
 *		pc -= slot->bias;
 *		[if (pc - slot->go_text_start >= slot->go_text_size) { *next++ = 0; left--; goto deeper; }]
 *		*next++ = pc;
 *		hash = (hash + pc) * HASH_FACTOR, check = (check + pc) * CHECK_FACTOR;
 *		left--;
 *		if (pc - slot->roots_start < slot->roots_size)
 *			{ end = WALK_ROOT; break; }
 *	deeper:	if (!left)
 *			{ end = WALK_DEEP; break; }
 *		end = WALK_OUTSIDE;
 *	} while (fp - slot->base <= slot->last);
 *	slot->fp = fp, slot->id.hash = hash, slot->id.check = check;
 *
 * In brackets: with C code in the program, which uses the register of frame pointers for anything.
 *
 * Only left is anything but unknown to the verifier where the loop begins anew, in registers and on the stack: that is
 * how it sees that ways through the loop which meet are one, also where it cannot tell yet (up to 6.18) that nobody
 * will read what differs.
 */
#define WALK_LOOP(ALIGNMENT_TEST, C_FRAMES_TEST, C_FRAMES)                                                             \
	asm volatile(                                                                                                  \
		"%[fp] = *(u64 *)(%[slot] + %[slot_fp])\n\t"                                                           \
		"%[hash] = *(u64 *)(%[slot] + %[id])\n\t"                                                              \
		"%[check] = *(u64 *)(%[slot] + %[id] + 8)\n\t"                                                         \
		"%[offset] = %[fp]\n\t"                                                                                \
		"%[pc] = *(u64 *)(%[slot] + %[base])\n\t"                                                              \
		"%[offset] -= %[pc]\n\t"                                                                               \
		"1: " ALIGNMENT_TEST "%[offset] &= %[mask]\n\t"                                                        \
		"%[offset] += %[slot]\n\t"                                                                             \
		"%[pc] = *(u64 *)(%[offset] + %[chunk] + 8)\n\t"                                                       \
		"%[fp] = *(u64 *)(%[offset] + %[chunk])\n\t"                                                           \
		"if %[pc] == 0 goto 3f\n\t"                                                                            \
		"%[offset] = *(u64 *)(%[slot] + %[bias])\n\t"                                                          \
		"%[pc] -= %[offset]\n\t" C_FRAMES_TEST "*(u64 *)(%[next] + 0) = %[pc]\n\t"                             \
		"%[next] += 8\n\t"                                                                                     \
		"%[hash] += %[pc]\n\t"                                                                                 \
		"%[hash] *= %[hash_factor]\n\t"                                                                        \
		"%[check] += %[pc]\n\t"                                                                                \
		"%[check] *= %[check_factor]\n\t"                                                                      \
		"%[left] += -1\n\t"                                                                                    \
		"%[offset] = *(u64 *)(%[slot] + %[roots_start])\n\t"                                                   \
		"%[pc] -= %[offset]\n\t"                                                                               \
		"%[offset] = *(u64 *)(%[slot] + %[roots_size])\n\t"                                                    \
		"if %[offset] > %[pc] goto 4f\n\t"                                                                     \
		"2: if %[left] == 0 goto 5f\n\t"                                                                       \
		"%[offset] = %[fp]\n\t"                                                                                \
		"%[pc] = *(u64 *)(%[slot] + %[base])\n\t"                                                              \
		"%[offset] -= %[pc]\n\t"                                                                               \
		"%[pc] = *(u64 *)(%[slot] + %[last])\n\t"                                                              \
		"if %[pc] >= %[offset] goto 1b\n\t"                                                                    \
		"%[pc] = %[outside]\n\t"                                                                               \
		"goto 6f\n\t" C_FRAMES "3: %[pc] = %[chain_ends]\n\t"                                                  \
		"goto 6f\n\t"                                                                                          \
		"4: %[pc] = %[root]\n\t"                                                                               \
		"goto 6f\n\t"                                                                                          \
		"5: %[pc] = %[deep]\n\t"                                                                               \
		"6: *(u64 *)(%[slot] + %[slot_fp]) = %[fp]\n\t"                                                        \
		"*(u64 *)(%[slot] + %[id]) = %[hash]\n\t"                                                              \
		"*(u64 *)(%[slot] + %[id] + 8) = %[check]\n\t"                                                         \
		"%[offset] = 0\n\t"                                                                                    \
		: [left] "+r"(left), [next] "+r"(next), [pc] "=&r"(end), [offset] "=&r"(offset), [fp] "=&r"(fp),       \
		  [hash] "=&r"(hash), [check] "=&r"(check), [spare] "=&r"(spare)                                       \
		: [slot] "r"(slot), [mask] "i"(CHUNK_BYTES - 8), [hash_factor] "i"(HASH_FACTOR),                       \
		  [check_factor] "i"(CHECK_FACTOR), [slot_fp] SLOT_FIELD(fp), [id] SLOT_FIELD(id),                     \
		  [chunk] SLOT_FIELD(chunk), [bias] SLOT_FIELD(bias), [base] SLOT_FIELD(base),                         \
		  [last] SLOT_FIELD(last), [roots_start] SLOT_FIELD(roots_start), [roots_size] SLOT_FIELD(roots_size), \
		  [go_text_start] SLOT_FIELD(go_text_start), [go_text_size] SLOT_FIELD(go_text_size),                  \
		  [record_at] SLOT_FIELD(record_at), [outside] "i"(WALK_OUTSIDE), [chain_ends] "i"(WALK_LAST),         \
		  [root] "i"(WALK_ROOT), [deep] "i"(WALK_DEEP)                                                         \
		: "memory")
#define SLOT_FIELD(name) "i"(__builtin_offsetof(struct scratch_slot, name))

/* Returns how many addresses may still be stored behind next. */
static __always_inline __u64 climb(struct scratch_slot *slot, __u64 *next, __u64 left, enum walk_end *why)
{
	__u64 end, offset, fp, hash, check, spare;

	if (settings.go_text_size)
		WALK_LOOP("%[pc] = %[offset]\n\t"
			  "%[pc] &= 7\n\t"
			  "if %[pc] != 0 goto 3f\n\t"
			  "*(u64 *)(%[slot] + %[record_at]) = %[fp]\n\t",
			  "%[offset] = *(u64 *)(%[slot] + %[go_text_start])\n\t"
			  "%[spare] = %[pc]\n\t"
			  "%[spare] -= %[offset]\n\t"
			  "%[offset] = *(u64 *)(%[slot] + %[go_text_size])\n\t"
			  "if %[spare] >= %[offset] goto 7f\n\t"
			  "%[spare] = 0\n\t",
			  "7: %[pc] = 0\n\t"
			  "%[spare] = 0\n\t"
			  "*(u64 *)(%[next] + 0) = %[pc]\n\t"
			  "%[next] += 8\n\t"
			  "%[left] += -1\n\t"
			  "goto 2b\n\t");
	else
		WALK_LOOP("", "", "");
	*why = end;
	return left;
}

/* 1 in the highest bit if word lies in the range. Without a branch: the verifier would follow both ways of each. */
static __always_inline __u64 lies_in(__u64 word, __u64 start, __u64 size)
{
	__u64 offset = word - start;

	return ~offset & (offset - size);
}

/*
 * Mixes what may be return addresses of C code, in the part of a C stack that address lies in, from there on: two ways
 * through C are two stacks. Words that only look so make more ids of one stack, which user space joins. Returns 1 if
 * nothing can be read. Verified once, by itself.
 */
__noinline int mix_c_part(__u32 index, __u64 address, __u64 end)
{
	/* Read where it is needed: kept on the stack, it would be more than the programs have (512 bytes for five
	 * calls). */
	const volatile struct c_code *code = &c_code;
	struct scratch_slot *slot = slot_at(index);
	__u64 len = C_COPY_BYTES - (address & (C_COPY_BYTES - 1));
	__u64 hash, check, n;
	__u32 i;

	if (!slot)
		return 1;
	if (end - address < len)
		len = end - address;
	asm volatile("" : "+r"(len)); /* the compiler knows it, and the verifier up to 5.10 does not */
	if (len > C_COPY_BYTES)
		return 1;
	if (bpf_probe_read_user(slot->chunk, len, (void *)address))
		return 1;
	n = len / 8;
	hash = slot->id.hash;
	check = slot->id.check;
	for (i = 0; i < C_COPY_BYTES / 8; i++) {
		__u64 word = ((volatile __u64 *)slot->chunk)[i], in = 0, mask;

		if (i >= n)
			break;
#pragma clang loop unroll(full)
		for (int k = 0; k < C_TEXT_RANGES; k++)
			in |= lies_in(word, code->text[k].start, code->text[k].size);
		mask = (__u64)((__s64)in >> 63);
		hash += mask & ((hash + word) * (__u64)(__s64)HASH_FACTOR - hash);
		check += mask & ((check + word) * (__u64)(__s64)CHECK_FACTOR - check);
	}
	slot->id.hash = hash;
	slot->id.check = check;
	return 0;
}

/* The same for a C stack in all the parts that send_c_stacks copies: a frame that only one of them saw would be taken
 * from whichever stack came first. */
__noinline int mix_c_stack(__u32 index, __u64 start, __u64 end)
{
	__u64 address = start;

	for (int i = 0; i <= C_STACK_BYTES / C_COPY_BYTES; i++) {
		if (address >= end || mix_c_part(index, address, end))
			break;
		address = (address | (C_COPY_BYTES - 1)) + 1;
	}
	return 0;
}

/* Whether pc lies in a function of the program's or a plugin's struct callback_code. */
#define is_in_callback_code(pc, function)                                                                              \
	in_callback_code(pc, __builtin_offsetof(struct callback_code, function##_start))

static __always_inline int in_callback_code(__u64 pc, __u64 at)
{
	const volatile __u64 *range = (const volatile void *)&settings.callback + at;
	__u64 in = lies_in(pc, range[0], range[1]);

	if (settings.has_plugins) {
#pragma clang loop unroll(full)
		for (int k = 0; k < PLUGINS_MAX; k++) {
			range = (const volatile void *)&plugins[k] + at;
			in |= lies_in(pc, range[0], range[1]);
		}
	}
	return in >> 63;
}

enum crossing {
	CROSSING_GO,   /* Go code above C, from slot->fp on */
	CROSSING_LAST, /* none: a thread of C's */
	CROSSING_LOST, /* not what was expected */
};

/*
 * From the frame record of runtime.cgocallback's callee, which was climbed last, over the C stack to the Go code above
 * it. at is the index of the next address of the record: STACK_PC_C goes there, and in older versions an address
 * behind. Source: runtime/asm_amd64.s, cgocallback and asmcgocall. Verified once, by itself.
 */
__noinline int cross_c(__u32 index, __u32 at)
{
	struct scratch_slot *slot = slot_at(index);
	struct {
		__u64 pc;
		__u64 sp_0, sp_1;
	} left; /* of the goroutine when it left for C */
	__u64 start, above, pc, n, end = 0, next = at;

	if (!slot || at >= STACK_DEPTH_MAX - 1)
		return CROSSING_LOST;
	start = slot->fp - 24;
	above = slot->record_at + 16;
	if (start >> 47 || bpf_probe_read_user(&left, sizeof(left), (void *)(above + 32)))
		return CROSSING_LOST;
	pc = left.pc - slot->bias;
	if (is_in_callback_code(pc, systemstack_switch)) {
		/* The thread's own stack, as it was before the callback: where the C code began. */
		if (bpf_probe_read_user(&end, sizeof(end), (void *)start))
			return CROSSING_LOST;
		end = end > start ? end : 0;
	} else if (!is_in_callback_code(pc, goexit)) {
		return CROSSING_LOST;
	}
	asm volatile("" : "+r"(next));
	next &= STACK_DEPTH_MAX - 1;
	slot->record.pcs[next] = STACK_PC_C | start;
	n = slot->n_c_stacks;
	if (n < C_STACKS_MAX) {
		asm volatile("" : "+r"(n));
		n &= C_STACKS_MAX - 1;
		slot->c_stacks[n].start = start;
		slot->c_stacks[n].end = end;
		slot->n_c_stacks = n + 1;
	}
	mix(&slot->id, *(volatile __u64 *)&c_code.epoch);
	mix_c_stack(index, start, end ? end : ~0ull);
	slot->base = 0; /* chunk is C's now: the next record is outside */
	slot->last = 0;
	if (!end && is_in_callback_code(pc, goexit))
		return CROSSING_LAST;
	slot->fp = above + 40;
	if (settings.cgocall_frame) {
		slot->record.pcs[next + 1] = left.sp_0 - slot->bias;
		mix(&slot->id, left.sp_0 - slot->bias);
		slot->fp += settings.cgocall_frame;
	}
	return CROSSING_GO;
}

/*
 * Walks from the return address at the top of the stack up the chain of frame records, into slot->record. The chain may
 * jump to another stack (systemstack, cgo): only its depth is bounded. -1 if there is nothing to be read.
 */
static __always_inline int walk_stack(struct scratch_slot *slot, __u64 sp, __u64 fp, __u64 bias)
{
	__u64 depth = settings.stack_depth < STACK_DEPTH_MAX ? settings.stack_depth : STACK_DEPTH_MAX;
	struct stack_record *record = &slot->record;
	__u64 left = depth - 1; /* known to the verifier, which follows it down */
	__u64 pc, flags = left ? 0 : STACK_TRUNCATED;

	if (!depth)
		return -1;
	if (slot->ahead)
		slot->ahead += slot->ahead > 0 ? -1 : 1;
	if (read_chunk(slot, sp))
		return -1;
	slot->bias = bias;
	slot->roots_start = settings.roots_start & ~*(volatile __u64 *)&roots_mask;
	slot->roots_size = settings.roots_size | *(volatile __u64 *)&roots_mask;
	slot->go_text_start = settings.go_text_start;
	slot->go_text_size = settings.go_text_size;
	slot->n_c_stacks = 0;
	pc = *(__u64 *)slot->chunk - bias;
	slot->fp = fp;
	slot->id = (struct stack_id){};
	mix(&slot->id, pc);
	record->pcs[0] = pc;
	while (left) {
		enum walk_end why;
		__u64 *next;

		fp = *(volatile __u64 *)&slot->fp;
		asm volatile("" : "+r"(left)); /* next is not to be carried round the loop */
		next = record->pcs + (depth - left);
		if (fp - *(volatile __u64 *)&slot->base > *(volatile __u64 *)&slot->last) {
			if (fp < PAGE_BYTES || (fp & 7))
				break; /* the end of a goroutine's stack, or no frame pointer at all */
			if (!slot->ahead && fp / PAGE_BYTES - sp / PAGE_BYTES == 1)
				slot->ahead = READ_AHEAD;
			if (read_chunk(slot, fp)) {
				if (next[-1]) /* frames of C code lead anywhere */
					flags = STACK_FAULT;
				break;
			}
		}
		left = climb(slot, next, left, &why);
		if (why == WALK_LAST)
			break;
		if (why == WALK_OUTSIDE)
			continue;
		asm volatile("" : "+r"(left));
		pc = record->pcs[depth - left - 1];
		if (why == WALK_ROOT && is_root(pc))
			break;
		if (why == WALK_ROOT && left > 2 && is_in_callback_code(pc, cgocallback)) {
			int crossing = cross_c(slot->index, depth - left);

			if (crossing == CROSSING_LOST) {
				flags = STACK_FAULT;
				break;
			}
			left--; /* STACK_PC_C */
			if (crossing == CROSSING_LAST)
				break;
			if (settings.cgocall_frame)
				left--;
			continue;
		}
		if (!left && pc) /* as deep, or between two roots */
			flags = STACK_TRUNCATED;
	}
	record->depth = depth - left;
	record->flags = flags;
	record->bias = bias;
	record->id = slot->id;
	/* A stack cut short by a fault is not the same as one that ends there. */
	record->id.check += flags;
	return 0;
}

#ifdef BEFORE_LINUX_5_15
#define EXTREME_TRIES 64

/* Puts value there if that is still what was seen. A hit is not preempted on these kernels: it is not long in coming.
 */
static __always_inline int replace(__u64 *place, __u64 seen, __u64 value)
{
	if (!try_take(&extreme_takers))
		return 0;
	if (*(volatile __u64 *)place != seen) {
		give_back(&extreme_takers);
		return 0;
	}
	*(volatile __u64 *)place = value;
	give_back(&extreme_takers);
	return 1;
}
#else
#define EXTREME_TRIES 4

static __always_inline int replace(__u64 *place, __u64 seen, __u64 value)
{
	return __sync_val_compare_and_swap(place, seen, value) == seen;
}
#endif

static __always_inline void lower(__u64 *place, __u64 value)
{
	for (int i = 0; i < EXTREME_TRIES; i++) {
		__u64 seen = *(volatile __u64 *)place;

		if (value >= seen || replace(place, seen, value))
			return;
	}
	count(COUNTER_LOST_EXTREME, 1);
}

static __always_inline void raise(__u64 *place, __u64 value)
{
	for (int i = 0; i < EXTREME_TRIES; i++) {
		__u64 seen = *(volatile __u64 *)place;

		if (value <= seen || replace(place, seen, value))
			return;
	}
	count(COUNTER_LOST_EXTREME, 1);
}

/* One part of a C stack. 1 if it cannot be read, -1 if the ring is full. Verified once, by itself. */
__noinline int send_c_part(__u32 index, __u64 address)
{
	struct scratch_slot *slot = slot_at(index);
	struct c_copy_record *record;

	if (!slot)
		return 1;
	record = bpf_ringbuf_reserve(&stacks, sizeof(*record), 0);
	if (!record)
		return -1;
	record->id = slot->record.id;
	record->address = address;
	record->pid = bpf_get_current_pid_tgid() >> 32;
	record->pad[0] = record->pad[1] = record->pad[2] = 0;
	if (bpf_probe_read_user(record->bytes, sizeof(record->bytes), (void *)address)) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return 1;
	}
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}

/* The C stacks of slot->record, as far as they are looked at. -1 if the ring is full. Verified once, by
 * itself. */
__noinline int send_c_stacks(__u32 index)
{
	struct scratch_slot *slot = slot_at(index);

	if (!slot)
		return 0;
	for (__u32 k = 0; k < C_STACKS_MAX; k++) {
		__u64 address, end;

		if (k >= slot->n_c_stacks)
			break;
		address = slot->c_stacks[k].start & ~(__u64)(C_COPY_BYTES - 1);
		end = slot->c_stacks[k].end;
		for (int part = 0; part <= C_STACK_BYTES / C_COPY_BYTES; part++) {
			int ret = end && address >= end ? 1 : send_c_part(index, address);

			if (ret < 0)
				return -1;
			if (ret)
				break;
			address += C_COPY_BYTES;
		}
	}
	return 0;
}

/*
 * Sends the addresses of the stack in slot->record. If the ring is full the next hit of the same observation tries
 * again; where only C's stack found no room, the addresses are there already.
 */
static __always_inline int send_stack(struct scratch_slot *slot)
{
	__u64 wake = BPF_RB_NO_WAKEUP;
	__u64 depth = slot->record.depth;
	__u64 waiting = bpf_ringbuf_query(&stacks, BPF_RB_AVAIL_DATA);
	int is_whole = 1;

	if (depth > STACK_DEPTH_MAX)
		return 0;
	/* Copies do not take the room of addresses. */
	if ((settings.callback.cgocallback_size || settings.has_plugins) && slot->n_c_stacks)
		is_whole =
			waiting < bpf_ringbuf_query(&stacks, BPF_RB_RING_SIZE) / 2 && send_c_stacks(slot->index) == 0;
	if (waiting > RING_WAKEUP_BYTES)
		wake = BPF_RB_FORCE_WAKEUP;
	if (slot->n_c_stacks && !c_has_come) {
		c_has_come = 1;
		wake = BPF_RB_FORCE_WAKEUP;
	}
	return bpf_ringbuf_output(&stacks, &slot->record, STACK_RECORD_BYTES(depth), wake) == 0 && is_whole;
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

/* Whether this hit of an allocation point stands for one object. Size in RAX. */
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
