/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/entries.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "symbolize/go_runtime.h"

#define PROLOGUE_BYTES 64

struct decoded {
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

static bool is_reg(const ZydisDecodedOperand *op, ZydisRegister reg)
{
	return op->type == ZYDIS_OPERAND_TYPE_REGISTER && op->reg.value == reg;
}

/* cmp REG, 0x10(%r14): the stack bound of the goroutine in R14 (stackguard0). */
static bool is_bound_check(const struct decoded *d, ZydisRegister reg)
{
	const ZydisDecodedOperand *mem = &d->operands[1];

	return d->insn.mnemonic == ZYDIS_MNEMONIC_CMP && is_reg(&d->operands[0], reg) &&
	       mem->type == ZYDIS_OPERAND_TYPE_MEMORY && mem->mem.base == ZYDIS_REGISTER_R14 &&
	       mem->mem.index == ZYDIS_REGISTER_NONE && mem->mem.disp.value == 0x10;
}

bool alloc_point_decode(const uint8_t *code, size_t size, elf_vaddr entry, struct alloc_point *out)
{
	ZydisDecoder decoder;
	struct decoded d;
	size_t at = 0, check_end = 0;
	bool checked = false;
	int i;

	if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
		return false;
	/*
	 * small frame:  cmp 0x10(%r14),%rsp; jbe
	 * large frame:  lea -N(%rsp),%r12; cmp 0x10(%r14),%r12; jbe
	 * huge frame:   mov %rsp,%r12; sub $N,%r12; jb; cmp 0x10(%r14),%r12; jbe
	 */
	for (i = 0; i < 6; i++) {
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code + at, size - at, &d.insn, d.operands)))
			return false;
		if (d.insn.mnemonic == ZYDIS_MNEMONIC_JBE && checked) {
			out->vaddr = entry + at;
			out->class = POINT_JCC;
			check_end = at + d.insn.length;
			break;
		}
		if (is_bound_check(&d, ZYDIS_REGISTER_RSP) && i == 0)
			checked = true;
		else if (is_bound_check(&d, ZYDIS_REGISTER_R12) && i > 0)
			checked = true;
		else if (!((d.insn.mnemonic == ZYDIS_MNEMONIC_LEA && i == 0) ||
			   (d.insn.mnemonic == ZYDIS_MNEMONIC_MOV && i == 0) ||
			   (d.insn.mnemonic == ZYDIS_MNEMONIC_SUB && i == 1) ||
			   (d.insn.mnemonic == ZYDIS_MNEMONIC_JB && i == 2)) ||
			 !(is_reg(&d.operands[0], ZYDIS_REGISTER_R12) || d.insn.mnemonic == ZYDIS_MNEMONIC_JB))
			return false;
		at += d.insn.length;
	}
	if (!check_end)
		return false;
	/* From Go 1.21 the frame pointer is pushed right after the check; 1.19 moves it later, and its `sub` would be
	 * single-stepped. */
	if (check_end < size && code[check_end] == 0x55) {
		out->vaddr = entry + check_end;
		out->class = POINT_PUSH;
	}
	return true;
}

/* What the inline trees say of the allocator functions. */
struct inline_scan {
	bool any;		/* some allocator function is inlined somewhere */
	bool dispatcher;	/* mallocgc itself is */
	bool beyond_dispatcher; /* an implementation function is inlined into something that is neither it nor mallocgc
				 */
	struct strbuf beyond;	/* their names */
};

static bool scan_inlined(void *ctx, const struct go_func *physical, const char *inlined)
{
	struct inline_scan *scan = ctx;

	if (strncmp(inlined, "runtime.mallocgc", 16) != 0 || !go_runtime_is_allocator(inlined))
		return true;
	scan->any = true;
	if (strcmp(inlined, "runtime.mallocgc") == 0) {
		scan->dispatcher = true;
	} else if (!go_runtime_is_allocator(physical->name)) {
		scan->beyond_dispatcher = true;
		if (scan->beyond.len < 400)
			strbuf_addf(&scan->beyond, "%s%s in %s", scan->beyond.len ? ", " : "", inlined, physical->name);
	}
	return true;
}

static int add_entry(struct alloc_entries *out, size_t *alloc, const struct go_binary *bin, const struct go_func *func,
		     bool is_partial, struct error *err)
{
	const struct elf_image *image = go_binary_image(bin);
	struct alloc_entry entry = {.name = func->name, .entry = func->entry, .is_partial = is_partial};
	uint8_t code[PROLOGUE_BYTES];
	size_t size = func->end - func->entry < sizeof(code) ? func->end - func->entry : sizeof(code);

	if (!elf_image_read(image, func->entry, code, size) ||
	    !alloc_point_decode(code, size, func->entry, &entry.point))
		return error_set(
			err, -ENOTSUP,
			"probe: failed to choose the allocation point of %s in '%s': its first instructions are "
			"no stack check the Go assembler is known to emit; report the binary's Go version (%s) "
			"and build flags",
			func->name, elf_image_path(image), go_binary_version(bin));
	if (!elf_image_vaddr_to_offset(image, entry.point.vaddr, &entry.offset))
		return error_set(err, -EBADMSG, "probe: failed to place %s of '%s' in the file: no segment maps it",
				 func->name, elf_image_path(image));
	ARRAY_GROW(out->items, out->n + 1, *alloc);
	out->items[out->n++] = entry;
	return 0;
}

int alloc_entries_find(struct alloc_entries *out, const struct go_binary *bin, struct error *err)
{
	struct inline_scan scan = {.beyond = STRBUF_INIT};
	struct go_func dispatcher = {.name = NULL}, func;
	size_t count = go_binary_func_count(bin), alloc = 0;
	bool has_implementations = false;
	int ret = 0;

	*out = (struct alloc_entries){.items = NULL};
	go_binary_each_inlined(bin, scan_inlined, &scan);
	for (size_t i = 0; i < count && ret == 0; i++) {
		if (!go_binary_func(bin, i, &func) || strncmp(func.name, "runtime.mallocgc", 16) != 0 ||
		    !go_runtime_is_allocator(func.name))
			continue;
		if (strcmp(func.name, "runtime.mallocgc") == 0) {
			dispatcher = func;
			continue;
		}
		has_implementations = true;
		ret = add_entry(out, &alloc, bin, &func, scan.any, err);
	}
	if (ret == 0 && dispatcher.name && (!has_implementations || scan.any)) {
		ret = add_entry(out, &alloc, bin, &dispatcher, false, err);
		if (has_implementations) {
			out->dispatcher_start = dispatcher.entry;
			out->dispatcher_end = dispatcher.end;
		}
	}
	if (ret == 0 && !has_implementations && scan.dispatcher) {
		out->missed = xstrdup("runtime.mallocgc is inlined into its callers, which are not probed");
	} else if (ret == 0 && scan.beyond_dispatcher) {
		out->missed = xasprintf("inlined into functions that are not probed: %s", strbuf_str(&scan.beyond));
	}
	if (ret == 0 && out->n == 0)
		ret = error_set(err, -ENODATA,
				"probe: failed to find the allocator in '%s': no function named runtime.mallocgc; "
				"the binary is not a complete Go program",
				elf_image_path(go_binary_image(bin)));
	strbuf_release(&scan.beyond);
	if (ret)
		alloc_entries_release(out);
	return ret;
}

void alloc_entries_release(struct alloc_entries *entries)
{
	free(entries->items);
	free(entries->missed);
	*entries = (struct alloc_entries){.items = NULL};
}
