/* SPDX-License-Identifier: Apache-2.0 */
/* Where an unwinding of one's own stack begins. Defines a function: one source file of a program includes it. */
#ifndef ESCAUDIT_TESTS_REGISTERS_HERE_H
#define ESCAUDIT_TESTS_REGISTERS_HERE_H

#include "unwind/c_unwind.h"

/* The registers as they are when it has returned. */
void registers_here(struct c_registers *out) __attribute__((visibility("hidden")));
__asm__("	.text\n"
	"registers_here:\n"
	"	.cfi_startproc\n"
	"	mov	(%rsp), %rax\n"
	"	mov	%rax, 0(%rdi)\n"
	"	lea	8(%rsp), %rax\n"
	"	mov	%rax, 8(%rdi)\n"
	"	mov	%rbp, 16(%rdi)\n"
	"	mov	%rbx, 24(%rdi)\n"
	"	mov	%r12, 32(%rdi)\n"
	"	mov	%r13, 40(%rdi)\n"
	"	mov	%r14, 48(%rdi)\n"
	"	mov	%r15, 56(%rdi)\n"
	"	ret\n"
	"	.cfi_endproc\n");

#endif
