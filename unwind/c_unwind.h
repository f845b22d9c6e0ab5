/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C callers of a place on a stack, from a copy of the stack, by the unwind tables of the files that the process has
 * mapped, with libunwind. The process itself is never looked at: it may have gone on or ended.
 */
#ifndef ESCAUDIT_UNWIND_C_UNWIND_H
#define ESCAUDIT_UNWIND_C_UNWIND_H

#include <stddef.h>
#include <stdint.h>

#include "symbolize/elf_image.h"
#include "unwind/c_process.h"

/* No stack has more frames than these. */
#define C_UNWIND_MAX 64

/* What a function must give back to its caller as it found it (System V ABI, x86-64). */
struct c_registers {
	uint64_t rip; /* a return address into C */
	uint64_t rsp; /* as it is after the return */
	uint64_t rbp, rbx, r12, r13, r14, r15;
};

/* A part of the stack as it was. */
struct c_copy {
	uint64_t address;
	const uint8_t *bytes;
	size_t size;
};

struct c_frame {
	uint32_t file; /* in the c_files of the process */
	/*
	 * Return address in the file, for c_files_frames. Where a signal interrupted the frame it is one more than
	 * where that was, and of what the signal's handler returns to one more than its first instruction, so that
	 * whoever looks up the byte before it finds the right one.
	 */
	elf_vaddr ret;
};

enum c_end {
	C_END_GO,	 /* the caller is Go */
	C_END_OUTERMOST, /* the tables say so, or there is no return address */
	C_END_COPY,	 /* it goes on where nothing was copied: too far, or on another stack (sigaltstack) */
	C_END_NO_FILE,	 /* code that no file backs, or no code */
	C_END_NO_TABLE,	 /* a file without unwind tables for this code */
	C_END_BAD_TABLE, /* damaged tables, or such as are not understood */
	C_END_LOOP,	 /* a frame that was there before */
	C_END_DEEP,	 /* more than C_UNWIND_MAX, or max, frames */
};

/* A short reason for the user: "no unwind tables". */
const char *c_end_text(enum c_end end);

/*
 * Up to max frames, innermost first, up to a caller in one of the n_go ranges; frames[0] is registers->rip itself.
 * Returns how many, and in *end why there are no more; with C_END_GO *go_ret is the return address in Go that ended it,
 * in the process. Pages may come in any order.
 */
size_t c_unwind(struct c_process *process, const struct c_registers *registers, const struct c_copy *copies,
		size_t n_copies, const struct c_range *go, size_t n_go, struct c_frame *frames, size_t max,
		enum c_end *end, uint64_t *go_ret);

#endif
