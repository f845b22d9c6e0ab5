/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One linear sweep over the text. Go functions hold no data between instructions (jump tables lie in read-only data),
 * so decoding from each function's entry to the next stays in step. Only lengths, calls and jumps are decoded on the
 * way; operands are decoded again, backwards from a call, for the few instructions that load its arguments.
 */
#include "predict/sites.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "base/memory.h"
#include "base/u64map.h"

#define MAX_FRAMES  64
#define LOOK_BACK   32 /* instructions before a call that are searched for its arguments */
#define MAX_RENAMES 4  /* register-to-register moves followed */

struct sweep {
	struct recording *rec;
	const struct go_binary *bin;
	struct symbolizer *sym;
	struct sites_stats stats;
	ZydisDecoder quick; /* lengths and branch targets only */
	ZydisDecoder full;
	struct u64map callees; /* entry vaddr -> function index + 1 */
	/* the function at hand */
	const uint8_t *code;
	size_t size;
	elf_vaddr entry;
	uint32_t *starts; /* offsets of its instructions so far */
	size_t n_starts, alloc_starts;
	uint8_t *is_target; /* one bit a byte: some jump lands here */
	size_t alloc_target;
	struct u64map extents; /* function name and file, as pointers, mixed -> first extent of that key + 1 */
};

static void mark_target(struct sweep *sw, uint64_t offset)
{
	if (offset < sw->size)
		sw->is_target[offset / 8] |= (uint8_t)(1u << (offset % 8));
}

static bool is_target(const struct sweep *sw, uint32_t offset)
{
	return sw->is_target[offset / 8] >> (offset % 8) & 1;
}

struct constant {
	bool known;
	bool is_address; /* formed by lea: a vaddr */
	uint64_t value;
};

/*
 * The value of reg before the call at instruction `call` of the function, where the straight-line code before it makes
 * it a constant. Stops at a place some earlier jump lands on: the value may differ by path. Jumps from behind need no
 * care, since the call itself clobbers every register.
 */
static struct constant constant_before(const struct sweep *sw, size_t call, ZydisRegister reg)
{
	struct constant none = {.known = false};
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	int renames = 0;

	for (size_t back = 1; back <= LOOK_BACK && back <= call; back++) {
		uint32_t at = sw->starts[call - back];

		if (is_target(sw, sw->starts[call - back + 1]))
			return none;
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&sw->full, sw->code + at, sw->size - at, &insn, ops)))
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
			    ops[1].mem.index == ZYDIS_REGISTER_NONE)
				return (struct constant){
					true, true, sw->entry + at + insn.length + (uint64_t)ops[1].mem.disp.value};
			if (insn.mnemonic == ZYDIS_MNEMONIC_XOR && ops[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
			    ops[1].reg.value == ops[0].reg.value)
				return (struct constant){true, false, 0};
			if (insn.mnemonic == ZYDIS_MNEMONIC_MOV && ops[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
			    ops[0].size >= 32)
				return (struct constant){true, false,
							 ops[0].size == 32 ? (uint32_t)ops[1].imm.value.u
									   : ops[1].imm.value.u};
			if (insn.mnemonic == ZYDIS_MNEMONIC_MOV && ops[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
			    ops[0].size == 64 && renames++ < MAX_RENAMES) {
				reg = ops[1].reg.value;
				break;
			}
			return none;
		}
	}
	return none;
}

static bool site_type(struct sweep *sw, struct rec_site *site, struct constant c, struct go_type *type)
{
	if (!c.known || !c.is_address || !go_binary_type(sw->bin, c.value, type))
		return false;
	site->type = strpool_add(sw->rec->pool, type->name);
	site->type_size = type->size;
	return true;
}

static void read_arguments(struct sweep *sw, struct rec_site *site, const struct callee_info *info, size_t call)
{
	struct go_type type;
	struct constant c, size;
	bool typed = false;

	switch (info->type_arg) {
	case CALLEE_TYPE_NONE:
		return;
	case CALLEE_TYPE_AX:
		typed = site_type(sw, site, constant_before(sw, call, ZYDIS_REGISTER_RAX), &type);
		if (typed && !info->is_element)
			site->size = type.size;
		/* makeslice(elem, len, cap) */
		size = constant_before(sw, call, ZYDIS_REGISTER_RCX);
		if (typed && info->is_element && size.known && !size.is_address &&
		    strncmp(site->callee, "runtime.makeslice", 17) == 0 &&
		    !__builtin_mul_overflow(size.value, type.size, &site->size) && site->size)
			site->may_elide = false;
		break;
	case CALLEE_TYPE_BX:
		size = constant_before(sw, call, ZYDIS_REGISTER_RAX);
		if (size.known && !size.is_address) {
			site->size = size.value;
			site->may_elide = size.value == 0;
		}
		c = constant_before(sw, call, ZYDIS_REGISTER_RBX);
		typed = site_type(sw, site, c, &type);
		if (c.known && c.value == 0) {
			/* No type: variables merged into one block (zeroed) or make and copy in one step (not zeroed).
			 */
			struct constant zero = constant_before(sw, call, ZYDIS_REGISTER_RCX);

			typed = true;
			if (!zero.known || zero.value == 0)
				site->cause = CAUSE_MAKE_SLICE;
		}
		break;
	case CALLEE_TYPE_GROW:
		typed = site_type(
			sw, site,
			constant_before(sw, call,
					go_binary_minor(sw->bin) < 20 ? ZYDIS_REGISTER_RAX : ZYDIS_REGISTER_RSI),
			&type);
		break;
	case CALLEE_TYPE_MAP:
	case CALLEE_TYPE_CHAN:
		typed = site_type(sw, site, constant_before(sw, call, ZYDIS_REGISTER_RAX), &type);
		break;
	}
	if (!typed)
		sw->stats.without_type++;
}

static void add_site(struct sweep *sw, const struct go_func *callee, const struct callee_info *info, size_t call,
		     uint8_t length)
{
	struct sym_frame frames[MAX_FRAMES];
	struct recording *rec = sw->rec;
	struct rec_site *site = recording_add_site(rec);
	const char *chain;

	site->pc = sw->entry + sw->starts[call];
	site->ret = site->pc + length;
	site->callee = chain = strpool_add(rec->pool, callee->name);
	site->cause = info->cause;
	site->may_elide = info->may_elide;
	site->size = info->fixed_bytes;
	read_arguments(sw, site, info, call);
	if (site->cause == CAUSE_NEW_OBJECT)
		site->cause = go_runtime_cause(&chain, 1, site->type);
	site->n_frames = symbolizer_frames(sw->sym, site->ret, frames, MAX_FRAMES);
	site->frames = xcalloc(site->n_frames, sizeof(*site->frames));
	for (size_t i = 0; i < site->n_frames; i++) {
		site->frames[i].function = strpool_add(rec->pool, frames[i].function);
		site->frames[i].file = strpool_add(rec->pool, frames[i].file);
		site->frames[i].line = frames[i].line;
		site->frames[i].start_line = frames[i].start_line;
	}
}

static void sweep_function(struct sweep *sw, const struct go_func *func)
{
	size_t avail, offset = 0;

	sw->code = elf_image_at(go_binary_image(sw->bin), func->entry, &avail);
	if (!sw->code)
		return;
	sw->entry = func->entry;
	sw->size = func->end - func->entry < avail ? func->end - func->entry : avail;
	sw->n_starts = 0;
	ARRAY_GROW(sw->is_target, sw->size / 8 + 1, sw->alloc_target);
	memset(sw->is_target, 0, sw->size / 8 + 1);
	sw->stats.functions++;
	while (offset < sw->size) {
		ZydisDecodedInstruction insn;
		uint64_t target;

		if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&sw->quick, NULL, sw->code + offset, sw->size - offset,
								&insn))) {
			sw->stats.undecodable++;
			return;
		}
		ARRAY_GROW(sw->starts, sw->n_starts + 1, sw->alloc_starts);
		sw->starts[sw->n_starts++] = (uint32_t)offset;
		if (insn.raw.imm[0].is_relative) {
			target = offset + insn.length + (uint64_t)insn.raw.imm[0].value.s;
			if (insn.opcode == 0xe8 && insn.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT) {
				uint64_t *index = u64map_find(&sw->callees, sw->entry + target);
				struct go_func callee;

				if (index && go_binary_func(sw->bin, *index - 1, &callee))
					add_site(sw, &callee, go_runtime_callee(callee.name), sw->n_starts - 1,
						 insn.length);
			} else {
				mark_target(sw, target);
			}
		}
		offset += insn.length;
	}
}

/* Widens the extent of the run's function. Names and files are pointers into the binary's tables, where equal strings
 * are stored once. */
static void widen_extent(void *ctx, const struct go_line_run *run)
{
	struct sweep *sw = ctx;
	struct recording *rec = sw->rec;
	uint64_t key = u64_mix((uintptr_t)run->function, (uintptr_t)run->file);
	const char *function = NULL, *file = NULL;
	struct rec_extent *extent;
	uint64_t *index;
	bool is_new;

	for (;; key = u64_mix(key, 1)) {
		index = u64map_at(&sw->extents, key, &is_new);
		if (is_new)
			break;
		extent = &rec->extents[*index];
		function = function ? function : strpool_add(rec->pool, run->function);
		file = file ? file : strpool_add(rec->pool, run->file);
		if (extent->function == function && extent->file == file) {
			extent->first = run->line < extent->first ? run->line : extent->first;
			extent->last = run->line > extent->last ? run->line : extent->last;
			extent->is_physical |= !run->inlined;
			return;
		}
	}
	*index = rec->n_extents;
	extent = recording_add_extent(rec);
	*extent = (struct rec_extent){.function = strpool_add(rec->pool, run->function),
				      .file = strpool_add(rec->pool, run->file),
				      .first = run->line,
				      .last = run->line,
				      .is_physical = !run->inlined};
}

/* The func keyword belongs to the function even where no instruction comes from its line. */
static void widen_to_start(struct sweep *sw, const struct go_func *func)
{
	struct go_line_run run = {.function = func->name,
				  .file = go_binary_func_file(sw->bin, func),
				  .line = go_binary_func_start_line(sw->bin, func)};

	if (run.file && run.line > 0)
		widen_extent(sw, &run);
}

int sites_decode(struct recording *rec, const struct go_binary *bin, struct symbolizer *sym, struct sites_stats *stats,
		 struct error *err)
{
	struct sweep sw = {.rec = rec, .bin = bin, .sym = sym, .callees = U64MAP_INIT, .extents = U64MAP_INIT};
	size_t count = go_binary_func_count(bin);
	struct go_func func;
	int ret = 0;

	ZydisDecoderInit(&sw.quick, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	ZydisDecoderEnableMode(&sw.quick, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE);
	ZydisDecoderInit(&sw.full, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (size_t i = 0; i < count; i++) {
		if (go_binary_func(bin, i, &func) && go_runtime_callee(func.name))
			*u64map_at(&sw.callees, func.entry, NULL) = i + 1;
	}
	if (!sw.callees.n) {
		ret = error_set(err, -ENODATA,
				"sites: failed to find an allocating function of the Go runtime in '%s': "
				"the binary is not a complete Go program",
				elf_image_path(go_binary_image(bin)));
		goto out;
	}
	for (size_t i = 0; i < count; i++) {
		if (go_binary_func(bin, i, &func) &&
		    !go_binary_is_runtime(bin, func.name, go_binary_func_file(bin, &func))) {
			sweep_function(&sw, &func);
			go_binary_each_line(bin, &func, widen_extent, &sw);
			widen_to_start(&sw, &func);
		}
	}
	rec->has_sites = true;
	if (stats)
		*stats = sw.stats;
out:
	u64map_release(&sw.callees);
	u64map_release(&sw.extents);
	free(sw.starts);
	free(sw.is_target);
	return ret;
}
