/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk along one way that the code can take: past conditional jumps, along the others. So what is known of a register
 * or a word of memory on the way holds there, and a type word beside the result is that of the result.
 *
 * Held against convT and convTnoptr, which are told the type: in the go command of 1.19, 1.22, 1.25 and 1.27 the walk found
 * 2,098 of 2,157 types and none that was another. Of the calls that it is made for it finds 97 to 98 of 100.
 */
#include "sites/site_box.h"

#include <string.h>

#include "base/memory.h"

#define LOOK_AHEAD 64 /* instructions */
#define MAX_JUMPS  4
#define N_WORDS	   24
#define N_REGISTERS 16

enum content { CONTENT_OTHER, CONTENT_RESULT, CONTENT_ADDRESS };

struct held {
	enum content content;
	elf_vaddr address; /* formed by lea: perhaps of a type or an itab */
};

/* A word of memory, by what its address is formed of. */
struct word {
	ZydisRegister base; /* ZYDIS_REGISTER_RIP: at is an address of the file */
	uint64_t at;
	struct held held;
};

struct walk {
	const struct function_code *f;
	uint64_t bytes;
	struct held registers[N_REGISTERS];
	struct word words[N_WORDS];
	size_t n_words;
	struct go_type *type;
};

static struct held *register_at(struct walk *w, ZydisRegister reg)
{
	ZyanI8 id;

	reg = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
	if (ZydisRegisterGetClass(reg) != ZYDIS_REGCLASS_GPR64)
		return NULL;
	id = ZydisRegisterGetId(reg);
	return id >= 0 && id < N_REGISTERS ? &w->registers[id] : NULL;
}

/* convT64 and its smaller brothers take what has no pointers, convTstring and convTslice begin with one. */
static bool is_boxed(const struct walk *w, const struct go_type *type)
{
	return type->size == w->bytes && (type->ptr_bytes != 0) == (w->bytes > 8);
}

/* The type itself, or an itab, whose second word is the type (runtime.itab, internal/abi.ITab). */
static bool find_type(struct walk *w, elf_vaddr address)
{
	elf_vaddr type;

	if (go_binary_type(w->f->bin, address, w->type) && is_boxed(w, w->type))
		return true;
	return elf_image_read_ptr(go_binary_image(w->f->bin), address + 8, &type) &&
	       go_binary_type(w->f->bin, type, w->type) && is_boxed(w, w->type);
}

static struct word *word_at(struct walk *w, ZydisRegister base, uint64_t at)
{
	for (size_t i = 0; i < w->n_words; i++) {
		if (w->words[i].base == base && w->words[i].at == at)
			return &w->words[i];
	}
	return NULL;
}

/* Words behind a base that changes, or that something else is written to. */
static void forget_words(struct walk *w, ZydisRegister base, uint64_t at, uint64_t bytes)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->n_words; i++) {
		const struct word *word = &w->words[i];

		if (word->base != base || (bytes && (word->at + 8 <= at || word->at >= at + bytes)))
			w->words[kept++] = *word;
	}
	w->n_words = kept;
}

static void set_register(struct walk *w, ZydisRegister reg, struct held held)
{
	struct held *place = register_at(w, reg);

	if (!place)
		return;
	*place = held;
	forget_words(w, ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg), 0, 0);
}

/* Is it a plain place in memory? base + displacement, or an address. */
static bool memory_place(const struct walk *w, const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *op,
			 size_t at, ZydisRegister *base, uint64_t *offset)
{
	if (op->type != ZYDIS_OPERAND_TYPE_MEMORY || op->mem.index != ZYDIS_REGISTER_NONE ||
	    op->mem.segment == ZYDIS_REGISTER_FS || op->mem.segment == ZYDIS_REGISTER_GS)
		return false;
	*base = op->mem.base;
	*offset = (uint64_t)op->mem.disp.value;
	if (*base == ZYDIS_REGISTER_RIP)
		*offset += w->f->entry + at + insn->length;
	return true;
}

/* A register goes into a word of memory: does that make an interface of the result? */
static bool store(struct walk *w, ZydisRegister base, uint64_t at, struct held held)
{
	const struct word *other;

	forget_words(w, base, at, 8);
	if (held.content == CONTENT_OTHER)
		return false;
	other = word_at(w, base, held.content == CONTENT_RESULT ? at - 8 : at + 8);
	if (other && other->held.content != held.content &&
	    find_type(w, held.content == CONTENT_ADDRESS ? held.address : other->held.address))
		return true;
	if (w->n_words < N_WORDS)
		w->words[w->n_words++] = (struct word){base, at, held};
	return false;
}

/* Arguments and results are in these registers, in order (cmd/compile/abi-internal.md). */
static bool is_handed_on(struct walk *w)
{
	static const ZydisRegister order[] = {
		ZYDIS_REGISTER_RAX, ZYDIS_REGISTER_RBX, ZYDIS_REGISTER_RCX, ZYDIS_REGISTER_RDI, ZYDIS_REGISTER_RSI,
		ZYDIS_REGISTER_R8,  ZYDIS_REGISTER_R9,	ZYDIS_REGISTER_R10, ZYDIS_REGISTER_R11,
	};

	for (size_t i = 1; i < ARRAY_SIZE(order); i++) {
		const struct held *type = register_at(w, order[i - 1]), *value = register_at(w, order[i]);

		if (type->content == CONTENT_ADDRESS && value->content == CONTENT_RESULT && find_type(w, type->address))
			return true;
	}
	return false;
}

/* Write barriers change no register but R11, in which they return (since Go 1.21). */
static bool is_write_barrier(const struct walk *w, elf_vaddr target)
{
	struct go_func func;

	return go_binary_func_at(w->f->bin, target, &func) && strncmp(func.name, "runtime.gcWriteBarrier", 22) == 0;
}

static void pass_call(struct walk *w)
{
	size_t kept = 0;

	memset(w->registers, 0, sizeof(w->registers));
	for (size_t i = 0; i < w->n_words; i++) {
		if (w->words[i].base == ZYDIS_REGISTER_RSP || w->words[i].base == ZYDIS_REGISTER_RIP)
			w->words[kept++] = w->words[i];
	}
	w->n_words = kept;
}

/* An instruction that is neither jump nor call. */
static bool step(struct walk *w, const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *ops, size_t at)
{
	const struct held other = {.content = CONTENT_OTHER};
	ZydisRegister base;
	uint64_t offset;

	if (insn->mnemonic == ZYDIS_MNEMONIC_LEA && memory_place(w, insn, &ops[1], at, &base, &offset)) {
		bool is_address = base == ZYDIS_REGISTER_RIP && ops[0].size == 64;

		set_register(w, ops[0].reg.value, is_address ? (struct held){CONTENT_ADDRESS, offset} : other);
		return false;
	}
	if (insn->mnemonic == ZYDIS_MNEMONIC_MOV && ops[0].size == 64) {
		const struct held *from = ops[1].type == ZYDIS_OPERAND_TYPE_REGISTER ? register_at(w, ops[1].reg.value)
										     : NULL;

		if (from && memory_place(w, insn, &ops[0], at, &base, &offset))
			return store(w, base, offset, *from);
		if (from && ops[0].type == ZYDIS_OPERAND_TYPE_REGISTER) {
			set_register(w, ops[0].reg.value, *from);
			return false;
		}
		if (ops[0].type == ZYDIS_OPERAND_TYPE_REGISTER && memory_place(w, insn, &ops[1], at, &base, &offset)) {
			const struct word *word = word_at(w, base, offset);

			set_register(w, ops[0].reg.value, word ? word->held : other);
			return false;
		}
	}
	for (int i = 0; i < insn->operand_count; i++) {
		if (!(ops[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			continue;
		if (ops[i].type == ZYDIS_OPERAND_TYPE_REGISTER)
			set_register(w, ops[i].reg.value, other);
		else if (memory_place(w, insn, &ops[i], at, &base, &offset))
			forget_words(w, base, offset, ops[i].size / 8);
		else if (ops[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
			w->n_words = 0;
	}
	return false;
}

bool site_boxed_type(const struct function_code *f, size_t after, uint64_t bytes, struct go_type *type)
{
	struct walk w = {.f = f, .bytes = bytes, .type = type};
	int jumps = 0;

	register_at(&w, ZYDIS_REGISTER_RAX)->content = CONTENT_RESULT;
	for (size_t at = after, i = 0; i < LOOK_AHEAD && at < f->size; i++) {
		ZydisDecodedInstruction insn;
		ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
		uint64_t target;

		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&f->decoder, f->code + at, f->size - at, &insn, ops)))
			return false;
		target = at + insn.length + (uint64_t)insn.raw.imm[0].value.s;
		switch (insn.meta.category) {
		case ZYDIS_CATEGORY_RET:
			return is_handed_on(&w);
		case ZYDIS_CATEGORY_UNCOND_BR:
			if (!insn.raw.imm[0].is_relative || target >= f->size || ++jumps > MAX_JUMPS)
				return false;
			at = target;
			continue;
		case ZYDIS_CATEGORY_CALL:
			if (insn.raw.imm[0].is_relative && is_write_barrier(&w, f->entry + target)) {
				set_register(&w, ZYDIS_REGISTER_R11, (struct held){.content = CONTENT_OTHER});
				break;
			}
			if (is_handed_on(&w))
				return true;
			pass_call(&w);
			break;
		case ZYDIS_CATEGORY_COND_BR:
			break;
		default:
			if (step(&w, &insn, ops, at))
				return true;
		}
		at += insn.length;
	}
	return false;
}
