/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C frames of stacks: keeps the copies of C stacks that come through a ring, unwinds them once the addresses
 * of their stack come, and puts what it finds in the place of STACK_PC_C.
 */
#ifndef ESCAUDIT_PROBE_C_STACKS_H
#define ESCAUDIT_PROBE_C_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpf/records.h"
#include "recording/raw.h"
#include "symbolize/go_binary.h"

struct c_stacks;

/* bin is borrowed; NULL for a program of which it is not known how C calls it: its stacks are cut there. */
struct c_stacks *c_stacks_new(const struct go_binary *bin);
void c_stacks_free(struct c_stacks *stacks); /* accepts NULL */

/*
 * Whose stacks will come: one process, or all that run the binary if pid is 0. is_launch: it has not begun to run the
 * program yet; what it maps is written down from now on, so that its stacks are unwound also once it has ended. Of one
 * that runs c_stacks_refresh tells the kernel programs, before they are attached.
 */
void c_stacks_watch(struct c_stacks *stacks, pid_t pid, bool is_launch);

/*
 * A plugin of the program has C code that may call Go: bin, borrowed for the call, with its vaddrs so much higher in
 * the program's own address space. Beyond PLUGINS_MAX there is no effect.
 */
void c_stacks_add_plugin(struct c_stacks *stacks, const struct go_binary *bin, uint64_t displacement);

/* Whether what came through the ring is a part of a C stack, which is kept until its stack comes. */
bool c_stacks_take_copy(struct c_stacks *stacks, const void *data, size_t size);

/* A stack's addresses, with C frames as RAW_PC_C. Valid until the next call. */
struct c_spliced {
	const uint64_t *pcs;
	uint32_t depth;
	bool has_c;
	bool lacks_copy; /* the C stack did not come; it may, with the same stack, once more */
};
/* Takes a whole record; its copies are given back. */
void c_stacks_splice(struct c_stacks *stacks, const struct stack_record *record, struct c_spliced *out);
/* The same for a stack that is known already: only gives its copies back. */
void c_stacks_drop(struct c_stacks *stacks, const struct stack_id *id);

/* Call a few times a second: looks after what the processes map, and tells the kernel programs what lies where. */
void c_stacks_refresh(struct c_stacks *stacks, struct c_code *code);

/* The same after the first copy has come, and nothing after that: until C's places are told, anything counts as one. */
void c_stacks_tell_first(struct c_stacks *stacks, struct c_code *code);

/* What RAW_PC_C stands for, into raw: owned by the c_stacks. */
void c_stacks_lend(const struct c_stacks *stacks, struct raw_capture *raw);

#endif
