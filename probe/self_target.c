/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/self_target.h"

#include <link.h>
#include <stddef.h>

/*
 * In assembly, for a compiler decides by itself what it keeps in which register and whether there is a frame pointer.
 * The frame pointer is cleared where a chain begins, so that it ends there, as at the beginning of a goroutine.
 */
__asm__(".pushsection .text\n"
	"	.p2align 4\n"
	"	.globl self_text, self_text_end, self_allocate, self_allocate_end, self_alloc_point\n"
	"	.globl self_refill, self_refill_point, self_dispatcher, self_dispatcher_end\n"
	"	.hidden self_text, self_text_end, self_allocate, self_allocate_end, self_alloc_point\n"
	"	.hidden self_refill, self_refill_point, self_dispatcher, self_dispatcher_end\n"
	"	.type self_allocate, @function\n"
	"	.type self_refill, @function\n"
	"self_text:\n"
	/* rdi: size, rsi: type, rdx: frames more */
	"self_allocate:\n"
	"	push %rbp\n"
	"	push %rbx\n"
	"	xor %ebp, %ebp\n"
	"	mov %rdi, %rax\n"
	"	mov %rsi, %rbx\n"
	"	call 1f\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n"
	"self_allocate_end:\n"
	"1:	push %rbp\n"
	"	mov %rsp, %rbp\n"
	"	test %rdx, %rdx\n"
	"	jz 2f\n"
	"	dec %rdx\n"
	"	call 1b\n"
	"	pop %rbp\n"
	"	ret\n"
	"2:	call self_alloc_point\n"
	"	pop %rbp\n"
	"	ret\n"
	"self_alloc_point:\n"
	"	push %rbp\n"
	"	mov %rsp, %rbp\n"
	"	pop %rbp\n"
	"	ret\n"
	/* rdi: mcache, rsi: span class, rdx: size, rcx: type */
	"self_refill:\n"
	"	push %rbp\n"
	"	push %rbx\n"
	"	xor %ebp, %ebp\n"
	"	mov %rdi, %rax\n"
	"	mov %rsi, %rbx\n"
	"	call 3f\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n"
	/* The callee's arguments are spilled right above its return address. */
	"3:	push %rbp\n"
	"	mov %rsp, %rbp\n"
	"	push %rcx\n"
	"	push %rdx\n"
	"	call self_dispatcher\n"
	"	leave\n"
	"	ret\n"
	"self_dispatcher:\n"
	"	push %rbp\n"
	"	mov %rsp, %rbp\n"
	"	call self_refill_point\n"
	"	pop %rbp\n"
	"	ret\n"
	"self_dispatcher_end:\n"
	"self_refill_point:\n"
	"	push %rbp\n"
	"	mov %rsp, %rbp\n"
	"	pop %rbp\n"
	"	ret\n"
	"self_text_end:\n"
	"	.size self_allocate, self_allocate_end - self_allocate\n"
	"	.popsection\n");

struct search {
	uintptr_t address;
	struct self_place *out;
	bool found;
};

static int find(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct search *search = ctx;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + ph->p_vaddr;

		if (ph->p_type == PT_LOAD && search->address >= start && search->address - start < ph->p_filesz) {
			*search->out = (struct self_place){
				.offset = search->address - start + ph->p_offset,
				.vaddr = search->address - info->dlpi_addr,
				.bias = info->dlpi_addr,
			};
			search->found = true;
		}
	}
	return 1; /* the first is the program itself */
}

bool self_place_of(const void *address, struct self_place *out)
{
	struct search search = {.address = (uintptr_t)address, .out = out};

	*out = (struct self_place){.offset = 0};
	dl_iterate_phdr(find, &search);
	return search.found;
}
