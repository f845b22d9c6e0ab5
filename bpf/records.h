/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel programs and user space share: map keys and values, ring records, settings. Compiles alone in both
 * worlds. Fixed-width fields, largest first, explicit padding.
 *
 * All addresses in here are file virtual addresses: runtime addresses less the load bias of the process that hit the
 * probe. So recordings of several processes of one binary, each at its own random base, fall together.
 */
#ifndef ESCAUDIT_BPF_RECORDS_H
#define ESCAUDIT_BPF_RECORDS_H

#include <linux/types.h>

/* Return addresses kept of one stack. Deeper stacks are marked truncated. */
#define STACK_DEPTH_MAX 128
/*
 * The short form a stack is counted under once the observation map is full: the runtime's own frames, the user frame,
 * and this many callers. Few enough to be bounded by the program's text, whatever it recurses through.
 */
#define STACK_SHORT_CALLERS 1
#define STACK_SHORT_MAX	    32
/* Stretches of text that belong to the Go runtime, the longest ones: the linker lays packages out one after another. */
#define RUNTIME_RANGES 8

#define STACK_ROOTS 3

/*
 * Where C called Go, the C stack from there on: no more of it is looked at or copied, nor taken to belong to it where
 * its end is not known. It is copied piece by piece.
 */
#define C_STACK_BYTES 32768
#define C_COPY_BYTES  1024 /* divides a page */
#define C_STACKS_MAX  16   /* of one stack: Go calls C that calls Go that calls C ... */
/*
 * Stretches of executable memory: what points in there is taken for a return address of C. Python has thirty libraries
 * with objects between them: with four, every object on a C stack made another stack of it.
 */
#define C_TEXT_RANGES 8

struct text_range {
	__u64 start; /* vaddrs */
	__u64 end;
};

/*
 * runtime.cgocallback, where C calls Go; size 0 in a program without. Its frame is on C's stack, and the one of its
 * callee, on the goroutine's, says what the goroutine did before: it called C itself, by runtime.systemstack_switch as
 * far as it knows, or it began with this call, at runtime.goexit, on a thread of C's. A plugin has its own of all
 * three.
 */
struct callback_code {
	__u64 cgocallback_start;
	__u64 cgocallback_size;
	__u64 systemstack_switch_start;
	__u64 systemstack_switch_size;
	__u64 goexit_start;
	__u64 goexit_size;
};

/* So many plugins whose C code calls Go. */
#define PLUGINS_MAX 4

/* What the walk of a stack has to know of the binary: set between open and load. */
struct walk_settings {
	struct text_range runtime_text[RUNTIME_RANGES];
	/* physical body of runtime.mallocgc, vaddrs; 0 where the return-address rule is not used */
	__u64 dispatcher_start;
	__u64 dispatcher_end;
	/*
	 * Functions at which a stack ends although its frame pointers go on. runtime.mcall and runtime.morestack leave
	 * one of the goroutine they switched from, up to Go 1.24, and runtime.mstart begins with one of the thread that
	 * made this one: behind it lies a stack that is in use elsewhere, and changes while we read.
	 */
	struct {
		__u64 start;
		__u64 size;
	} roots[STACK_ROOTS]; /* those that the binary has; behind them size is 0 */
	__u64 roots_start;    /* from the first of them to the last: one comparison for nearly every frame */
	__u64 roots_size;
	/*
	 * Go's own text in a program with C code in it, size 0 in one without. C code keeps no frame pointers: what the
	 * chain shows of it may be anything and differ at every hit. Only what comes back into Go counts.
	 */
	__u64 go_text_start;
	__u64 go_text_size;
	/*
	 * asmcgocall, which calls C, has a frame record of its own; in older versions there is only the return address
	 * into runtime.cgocall, with a frame of cgocall_frame bytes behind it.
	 */
	struct callback_code callback;
	__u64 cgocall_frame; /* 0: a frame record */
	/* How often the process may begin to run the program before it is another run of it: 1 if it is launched, else
	 * 0. */
	__u64 expected_starts;
	__u32 stack_depth; /* at most STACK_DEPTH_MAX */
	__u32 has_plugins; /* the program may open some: plugins[] */
};

/* What a probe's attach cookie says of its allocator entry, beside the vaddr of the allocation point. */
#define COOKIE_POINT_IS_JCC (1ull << 63) /* the point is the stack check's jump: a taken jump comes back */
#define COOKIE_IS_PARTIAL   (1ull << 62) /* also reached from the function in settings.dispatcher: drop those hits */
#define COOKIE_IS_START	    (1ull << 61) /* no allocation point but the beginning of the program */
#define COOKIE_VADDR_MASK   ((1ull << 48) - 1)

enum stack_flag {
	STACK_TRUNCATED = 1, /* deeper than the walk goes */
	STACK_FAULT = 2,     /* a page of the stack could not be read: the rest is missing */
	STACK_SHORT = 4,     /* kept in its short form because the observation map was full */
};

/* Two independent 64-bit hashes over the return addresses: two different stacks never share a key by accident. */
struct stack_id {
	__u64 hash;
	__u64 check;
};

struct observation_key {
	struct stack_id stack;
	__u64 type; /* type descriptor, 0 for none */
};

struct observation_value {
	__u64 objects;
	__u64 bytes;
	__u64 smallest;
	__u64 largest;
	__u32 stack_sent; /* 1 once the stack's addresses are in the ring */
	__u32 pad;
};

/*
 * In place of the C frames where C called Go: bit 63, and the address of runtime.cgocallback's frame on C's stack. The
 * parts of that stack come through the ring before the addresses.
 */
#define STACK_PC_C (1ull << 63)

/*
 * Where C code lies, which changes as a process loads libraries: stretches of memory. epoch is another one when code of
 * one file has taken the place of another's.
 */
struct c_code {
	struct {
		__u64 start;
		__u64 size;
	} text[C_TEXT_RANGES];
	__u64 epoch;
};

/* Ring record: a part of a C stack, as it was at the hit. Longer than any stack's, by which it is told. */
struct c_copy_record {
	struct stack_id id; /* of the stack that it belongs to */
	__u64 address;
	__u32 pid; /* of the thread group, as the first pid namespace has it */
	__u32 pad[3];
	__u8 bytes[C_COPY_BYTES];
};

/* Ring record, once per new stack; as long as the stack is deep. */
struct stack_record {
	struct stack_id id;
	__u64 bias; /* of the process that showed it first; runtime address = pcs[i] + bias */
	__u32 depth;
	__u32 flags;		    /* enum stack_flag */
	__u64 pcs[STACK_DEPTH_MAX]; /* 0 for a frame of C code, which is left out; or STACK_PC_C */
};
#define STACK_RECORD_BYTES(depth) (32 + 8 * (depth))

/* Scratch memory of the kernel programs, per CPU. What user space reads of it: objects counted and their bytes. */
#define SCRATCH_SLOTS	    8
#define SCRATCH_HITS_OFFSET 8

/* Counters, one slot each; every way of losing data has its own. Names for the report are in probe/capture.c. */
enum counter {
	COUNTER_HITS,	    /* probe hits that were counted as objects, beside those in the scratch slots */
	COUNTER_BYTES,	    /* requested by them */
	COUNTER_ZERO_SIZE,  /* calls asking for 0 bytes: no object */
	COUNTER_REENTRY,    /* hits at the stack check's jump that come back after stack growth */
	COUNTER_DISPATCHED, /* hits dropped because the dispatcher's own probe counts them */
	COUNTER_OUTSIDE,    /* hits while not all probes are in place, or of a program that was executed later */
	COUNTER_SHORTENED,  /* objects counted under the short form of their stack: right site, shorter stack */
	COUNTER_LOSS_FIRST,
	COUNTER_LOST_MAP_FULL = COUNTER_LOSS_FIRST, /* objects with no room in any map */
	COUNTER_LOST_SCRATCH, /* objects whose stack could not be walked: every scratch buffer of the CPU was taken */
	COUNTER_LOST_STACK,   /* objects whose very first stack word could not be read */
	COUNTER_LOST_EXTREME, /* smallest or largest not updated under contention */
	COUNTER_MAX,
};

#ifndef __bpf__
_Static_assert(sizeof(struct observation_key) == 24, "observation_key is a map key: no hidden padding");
_Static_assert(sizeof(struct observation_value) == 40, "observation_value is read by offset");
_Static_assert(sizeof(struct c_copy_record) > STACK_RECORD_BYTES(STACK_DEPTH_MAX), "a copy is told by its size");
_Static_assert(sizeof(struct stack_record) == STACK_RECORD_BYTES(STACK_DEPTH_MAX), "stack_record is read by offset");
#endif

#endif
