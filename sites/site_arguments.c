/* SPDX-License-Identifier: Apache-2.0 */
#include "sites/site_arguments.h"

#include <string.h>

#define LOOK_BACK   32 /* instructions before a call that are searched for its arguments */
#define LOOK_AHEAD  16 /* instructions behind it that are searched for what the object is filled with */
#define MAX_RENAMES 4  /* register-to-register moves followed */

struct constant {
	bool known;
	bool is_address; /* formed by lea: a vaddr */
	bool on_stack;	 /* not known, but an address in the frame */
	uint64_t value;
};

void function_code_mark_target(struct function_code *f, uint64_t offset)
{
	if (offset < f->size)
		f->is_target[offset / 8] |= (uint8_t)(1u << (offset % 8));
}

static bool is_target(const struct function_code *f, uint32_t offset)
{
	return f->is_target[offset / 8] >> (offset % 8) & 1;
}

/*
 * The value of reg before the call at instruction `call` of the function, where the straight-line code before it makes
 * it a constant. Stops at a place some earlier jump lands on: the value may differ by path. Jumps from behind need no
 * care, since the call itself clobbers every register.
 */
static struct constant constant_before(const struct function_code *f, size_t call, ZydisRegister reg)
{
	struct constant none = {.known = false};
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	uint64_t mask = UINT64_MAX; /* a move of 32 bits clears the others */
	int renames = 0;

	for (size_t back = 1; back <= LOOK_BACK && back <= call; back++) {
		uint32_t at = f->starts[call - back];

		if (is_target(f, f->starts[call - back + 1]))
			return none;
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&f->decoder, f->code + at, f->size - at, &insn, ops)))
			return none;
		if (insn.meta.category == ZYDIS_CATEGORY_CALL || insn.meta.category == ZYDIS_CATEGORY_UNCOND_BR ||
		    insn.meta.category == ZYDIS_CATEGORY_RET)
			return none;
		for (int i = 0; i < insn.operand_count; i++) {
			if (ops[i].type != ZYDIS_OPERAND_TYPE_REGISTER ||
			    !(ops[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) ||
			    ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, ops[i].reg.value) != reg)
				continue;
			if (i != 0)
				return none;
			if (insn.mnemonic == ZYDIS_MNEMONIC_LEA && ops[1].mem.base == ZYDIS_REGISTER_RIP &&
			    ops[1].mem.index == ZYDIS_REGISTER_NONE && mask == UINT64_MAX)
				return (struct constant){.known = true,
							 .is_address = true,
							 .value = f->entry + at + insn.length +
								  (uint64_t)ops[1].mem.disp.value};
			if (insn.mnemonic == ZYDIS_MNEMONIC_LEA && ops[1].mem.base == ZYDIS_REGISTER_RSP &&
			    mask == UINT64_MAX)
				return (struct constant){.on_stack = true};
			if (insn.mnemonic == ZYDIS_MNEMONIC_XOR && ops[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
			    ops[1].reg.value == ops[0].reg.value)
				return (struct constant){.known = true};
			if (insn.mnemonic == ZYDIS_MNEMONIC_MOV && ops[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
			    ops[0].size >= 32)
				return (struct constant){.known = true,
							 .value = mask &
								  (ops[0].size == 32 ? (uint32_t)ops[1].imm.value.u
										     : ops[1].imm.value.u)};
			if (insn.mnemonic == ZYDIS_MNEMONIC_MOV && ops[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
			    ops[0].size >= 32 && renames++ < MAX_RENAMES) {
				mask = ops[0].size == 32 ? UINT32_MAX : mask;
				reg = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, ops[1].reg.value);
				break;
			}
			return none;
		}
	}
	return none;
}

static bool site_type(const struct function_code *f, struct strpool *pool, struct rec_site *site, struct constant c,
		      struct go_type *type)
{
	if (!c.known || !c.is_address || !go_binary_type(f->bin, c.value, type))
		return false;
	site->type = strpool_add(pool, type->name);
	site->type_size = type->size;
	return true;
}

/*
 * Functions are handed a temporary buffer on the stack where the result does not escape, and nil where it does: the
 * string functions take a buffer first, makemap a header third.
 */
static void read_buffer(const struct function_code *f, struct rec_site *site, const struct callee_info *info,
			size_t call)
{
	struct constant buffer;

	if (info->buffer_arg == CALLEE_BUFFER_NONE)
		return;
	buffer = constant_before(f, call,
				 info->buffer_arg == CALLEE_BUFFER_AX ? ZYDIS_REGISTER_RAX : ZYDIS_REGISTER_RCX);
	if (buffer.known && !buffer.is_address && buffer.value == 0)
		site->buffer = SITE_BUFFER_NONE;
	else if (buffer.on_stack)
		site->buffer = SITE_BUFFER_STACK;
}

/* How many elements, of makeslice and its like. */
static void read_elements(const struct function_code *f, struct rec_site *site, const struct callee_info *info,
			  size_t call, uint64_t element_bytes)
{
	struct constant n = constant_before(
		f, call, info->elements_arg == CALLEE_ELEMENTS_BX ? ZYDIS_REGISTER_RBX : ZYDIS_REGISTER_RCX);

	if (n.known && !n.is_address && !__builtin_mul_overflow(n.value, element_bytes, &site->size) && site->size)
		site->may_elide = false;
}

bool site_arguments_read(const struct function_code *f, struct strpool *pool, struct rec_site *site,
			 const struct callee_info *info, size_t call)
{
	struct go_type type;
	struct constant c, size;
	bool typed = false;

	read_buffer(f, site, info, call);
	switch (info->type_arg) {
	case CALLEE_TYPE_NONE:
		return true;
	case CALLEE_TYPE_AX:
		typed = site_type(f, pool, site, constant_before(f, call, ZYDIS_REGISTER_RAX), &type);
		if (typed && !info->is_element)
			site->size = type.size;
		if (typed && info->elements_arg != CALLEE_ELEMENTS_NONE)
			read_elements(f, site, info, call, type.size);
		break;
	case CALLEE_TYPE_BX:
		size = constant_before(f, call, ZYDIS_REGISTER_RAX);
		if (size.known && !size.is_address) {
			site->size = size.value;
			site->may_elide = size.value == 0;
		}
		c = constant_before(f, call, ZYDIS_REGISTER_RBX);
		typed = site_type(f, pool, site, c, &type);
		if (c.known && c.value == 0) {
			/* No type: variables merged into one block (zeroed) or make and copy in one step (not zeroed).
			 */
			struct constant zero = constant_before(f, call, ZYDIS_REGISTER_RCX);

			typed = true;
			if (!zero.known || zero.value == 0)
				site->cause = CAUSE_MAKE_SLICE;
		}
		break;
	case CALLEE_TYPE_GROW:
		typed = site_type(
			f, pool, site,
			constant_before(f, call,
					go_binary_minor(f->bin) < 20 ? ZYDIS_REGISTER_RAX : ZYDIS_REGISTER_RSI),
			&type);
		break;
	case CALLEE_TYPE_MAP:
	case CALLEE_TYPE_CHAN:
		typed = site_type(f, pool, site, constant_before(f, call, ZYDIS_REGISTER_RAX), &type);
		break;
	}
	return typed;
}

const char *site_closure_function(const struct function_code *f, size_t after)
{
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	ZydisRegister object = ZYDIS_REGISTER_RAX, held = ZYDIS_REGISTER_NONE;
	elf_vaddr address = 0;

	for (size_t at = after, i = 0; i < LOOK_AHEAD && at < f->size; i++, at += insn.length) {
		struct go_func func;

		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&f->decoder, f->code + at, f->size - at, &insn, ops)))
			return NULL;
		if (insn.meta.category == ZYDIS_CATEGORY_CALL || insn.meta.category == ZYDIS_CATEGORY_RET)
			return NULL;
		if (insn.mnemonic == ZYDIS_MNEMONIC_LEA && ops[1].mem.base == ZYDIS_REGISTER_RIP) {
			held = ops[0].reg.value;
			address = f->entry + at + insn.length + (uint64_t)ops[1].mem.disp.value;
		} else if (insn.mnemonic == ZYDIS_MNEMONIC_MOV && ops[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
			   ops[0].mem.base == object && ops[0].mem.disp.value == 0 &&
			   ops[0].mem.index == ZYDIS_REGISTER_NONE && ops[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
			   ops[1].reg.value == held) {
			return go_binary_func_at(f->bin, address, &func) && func.entry == address ? func.name : NULL;
		}
	}
	return NULL;
}
