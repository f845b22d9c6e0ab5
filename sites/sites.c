/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A linear sweep over the text. Go functions hold no data between instructions (jump tables lie in read-only data), so
 * decoding from each function's entry to the next meets every instruction. Only lengths, calls and jumps are decoded on
 * the way; operands are decoded again, backwards from a call, for the few instructions that load its arguments, and
 * forwards for what a new closure is filled with (site_arguments.c). Which callees allocate is known before
 * (allocators.c).
 */
#include "sites/sites.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "base/memory.h"
#include "base/u64map.h"
#include "recording/place.h"
#include "sites/allocators.h"
#include "sites/call_order.h"
#include "sites/site_arguments.h"
#include "sites/site_box.h"
#include "symbolize/go_name.h"

#define MAX_FRAMES 64
#define KEEP_BYTES (1 << 19) /* code read before the memory of what it took is given back */

struct site_decoder {
	const struct go_binary *bin;
	struct symbolizer *sym;
	struct recording *rec; /* that sites are added to at present */
	struct sites_stats stats;
	ZydisDecoder quick; /* lengths and branch targets only */
	struct allocators allocators;
	struct function_code func; /* the function at hand */
	struct call_order calls;   /* of it */
	struct u64map extents;	   /* function name and file, as pointers, mixed -> first extent of that key + 1 */
	const char *func_file;	   /* of the function at hand, and the line of its func keyword; 0 if unknown */
	int func_line;
	bool is_wrapper;	/* of a method, made by the compiler */
	struct sym_frame wraps; /* what was inlined into that; its function is NULL where nothing was */
};

static void add_site(struct site_decoder *sw, const struct allocator *callee, size_t call, uint8_t length)
{
	const struct callee_info *info = callee->info;
	struct sym_frame frames[MAX_FRAMES];
	struct recording *rec = sw->rec;
	struct rec_site *site = recording_add_site(rec);
	struct go_type boxed;
	const char *chain;

	site->pc = sw->func.entry + sw->func.starts[call];
	site->ret = site->pc + length;
	site->callee = chain = strpool_add(rec->pool, callee->name);
	site->cause = info->cause;
	site->may_elide = info->may_elide;
	site->size = info->fixed_bytes;
	if (!site_arguments_read(&sw->func, rec->pool, site, info, call))
		sw->stats.without_type++;
	if (info->cause == CAUSE_INTERFACE_CONVERSION && info->fixed_bytes &&
	    site_boxed_type(&sw->func, sw->func.starts[call] + length, info->fixed_bytes, &boxed)) {
		site->type = strpool_add(rec->pool, boxed.name);
		site->type_size = boxed.size;
	}
	if (site->cause == CAUSE_NEW_OBJECT)
		site->cause = go_runtime_cause(&chain, 1, site->type);
	if (site->cause == CAUSE_CLOSURE || site->cause == CAUSE_METHOD_VALUE)
		site->closure =
			strpool_add(rec->pool, site_closure_function(&sw->func, sw->func.starts[call] + length));
	site->n_frames = symbolizer_frames(sw->sym, site->ret, frames, MAX_FRAMES);
	site->frames = xcalloc(site->n_frames, sizeof(*site->frames));
	for (size_t i = 0; i < site->n_frames; i++) {
		site->frames[i].function = strpool_add(rec->pool, frames[i].function);
		site->frames[i].file = strpool_add(rec->pool, frames[i].file);
		site->frames[i].line = frames[i].line;
		site->frames[i].start_line = frames[i].start_line;
	}
}

static bool is_indirect_call(const ZydisDecodedInstruction *insn)
{
	return insn->opcode == 0xff && insn->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && insn->raw.modrm.reg == 2;
}

static void sweep_function(struct site_decoder *sw, const struct go_func *func)
{
	size_t offset = 0, first_site = sw->rec->n_sites;

	sw->func.code = elf_image_view(go_binary_image(sw->bin), func->entry, func->end - func->entry);
	if (!sw->func.code)
		return;
	sw->func.entry = func->entry;
	sw->func.size = func->end - func->entry;
	sw->func.n_starts = 0;
	call_order_reset(&sw->calls);
	ARRAY_GROW(sw->func.is_target, sw->func.size / 8 + 1, sw->func.alloc_target);
	memset(sw->func.is_target, 0, sw->func.size / 8 + 1);
	sw->stats.functions++;
	while (offset < sw->func.size) {
		ZydisDecodedInstruction insn;
		uint64_t target;

		if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&sw->quick, NULL, sw->func.code + offset,
								sw->func.size - offset, &insn))) {
			sw->stats.undecodable++;
			return;
		}
		ARRAY_GROW(sw->func.starts, sw->func.n_starts + 1, sw->func.alloc_starts);
		sw->func.starts[sw->func.n_starts++] = (uint32_t)offset;
		if (insn.raw.imm[0].is_relative) {
			target = offset + insn.length + (uint64_t)insn.raw.imm[0].value.s;
			if (insn.opcode == 0xe8 && insn.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT) {
				const struct allocator *callee =
					allocators_at(&sw->allocators, sw->func.entry + target);

				call_order_add(&sw->calls, sw->bin, sw->func.entry + target);
				if (callee)
					add_site(sw, callee, sw->func.n_starts - 1, insn.length);
			} else {
				function_code_mark_target(&sw->func, target);
			}
		} else if (is_indirect_call(&insn)) {
			call_order_add(&sw->calls, sw->bin, 0);
		}
		offset += insn.length;
	}
	for (size_t i = first_site; i < sw->rec->n_sites; i++)
		sw->rec->sites[i].calls = call_order_number(&sw->calls);
}

/* ---- extents ---------------------------------------------------------------------------------------------------- */

/* The call that was inlined into the wrapper itself, around all else that was inlined there. */
static void note_wrapped(struct site_decoder *sw, const struct go_line_run *run)
{
	struct sym_frame frames[MAX_FRAMES];
	size_t n = symbolizer_frames_at(sw->sym, run->pc, frames, MAX_FRAMES);

	if (n > 1 && go_name_is_wrapper_of(frames[n - 1].function, frames[n - 2].function))
		sw->wraps = frames[n - 2];
}

/* Widens the extent of the run's function. Names and files are pointers into the binary's tables, where equal strings
 * are stored once. */
static void widen_extent(void *ctx, const struct go_line_run *run)
{
	struct site_decoder *sw = ctx;
	struct recording *rec = sw->rec;
	uint64_t key = u64_mix((uintptr_t)run->function, (uintptr_t)run->file);
	const char *function = NULL, *file = NULL;
	struct rec_extent *extent;
	uint64_t *index;
	bool is_new;

	if (run->inlined && sw->is_wrapper && !sw->wraps.function)
		note_wrapped(sw, run);
	/* Now and then the compiler gives an instruction the line of what was inlined, but not its place in the tree.
	 */
	if (!run->inlined && run->file == sw->func_file && run->line < sw->func_line)
		return;
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
static void widen_to_start(struct site_decoder *sw, const struct go_func *func)
{
	struct go_line_run run = {.function = func->name,
				  .file = go_binary_func_file(sw->bin, func),
				  .line = go_binary_func_start_line(sw->bin, func)};

	if (run.file && run.line > 0)
		widen_extent(sw, &run);
	run = (struct go_line_run){
		.function = sw->wraps.function, .file = sw->wraps.file, .line = sw->wraps.start_line, .inlined = true};
	if (run.function && run.file && run.line > 0)
		widen_extent(sw, &run);
}

/* Which method a wrapper is made of, the name does not say where the method is promoted. */
static void set_wrapped(const struct site_decoder *sw, const struct go_func *func)
{
	const char *function = strpool_add(sw->rec->pool, func->name);

	for (size_t i = sw->rec->n_extents; sw->wraps.function && i-- > 0;) {
		struct rec_extent *e = &sw->rec->extents[i];

		if (e->function != function || !place_is_wrapper_file(e->file))
			continue;
		e->wraps = strpool_add(sw->rec->pool, sw->wraps.function);
		return;
	}
}

int site_decoder_new(struct site_decoder **out, const struct go_binary *bin, struct symbolizer *sym, struct error *err)
{
	struct site_decoder *sw = xcalloc(1, sizeof(*sw));

	*sw = (struct site_decoder){.bin = bin, .sym = sym, .func = {.bin = bin}, .extents = U64MAP_INIT};
	ZydisDecoderInit(&sw->quick, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	ZydisDecoderEnableMode(&sw->quick, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE);
	ZydisDecoderInit(&sw->func.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	allocators_find(&sw->allocators, bin);
	if (!sw->allocators.n) {
		site_decoder_free(sw);
		return error_set(err, -ENODATA,
				 "sites: failed to find an allocating function of the Go runtime in '%s': "
				 "the binary is not a complete Go program",
				 elf_image_path(go_binary_image(bin)));
	}
	*out = sw;
	return 0;
}

void site_decoder_free(struct site_decoder *sw)
{
	if (!sw)
		return;
	allocators_release(&sw->allocators);
	call_order_release(&sw->calls);
	u64map_release(&sw->extents);
	free(sw->func.starts);
	free(sw->func.is_target);
	free(sw);
}

static bool is_swept(const struct site_decoder *sw, const struct go_func *func)
{
	return !go_binary_is_runtime(sw->bin, func->name, go_binary_func_file(sw->bin, func));
}

/* Whether it is outside the runtime. Sweeps its function if it is the first to say so. */
static bool sweep_at(struct site_decoder *sw, elf_vaddr ret, struct u64map *swept)
{
	struct go_func func;
	bool is_new;

	if (!go_binary_func_at(sw->bin, ret - 1, &func) || !is_swept(sw, &func))
		return false;
	u64map_at(swept, func.entry, &is_new);
	if (is_new)
		sweep_function(sw, &func);
	return true;
}

void site_decoder_add_seen(struct site_decoder *sw, struct recording *rec, const struct raw_capture *raw)
{
	struct u64map is_charged = U64MAP_INIT; /* by return address */
	struct u64map swept = U64MAP_INIT;	/* entries of functions */

	sw->rec = rec;
	for (size_t i = 0; i < raw->n_stacks; i++) {
		const struct raw_stack *stack = &raw->stacks[i];
		bool charged = false;

		for (uint32_t d = 0; d < stack->depth && !charged; d++) {
			bool is_new;
			uint64_t *known = u64map_at(&is_charged, stack->pcs[d], &is_new);

			if (is_new)
				*known = sweep_at(sw, stack->pcs[d], &swept);
			charged = *known;
		}
	}
	u64map_release(&is_charged);
	u64map_release(&swept);
}

int sites_decode(struct recording *rec, const struct go_binary *bin, struct symbolizer *sym, struct sites_stats *stats,
		 struct error *err)
{
	size_t count = go_binary_func_count(bin);
	struct go_func func = {.entry = 0};
	struct site_decoder *sw;
	elf_vaddr kept = 0;
	int ret;

	ret = site_decoder_new(&sw, bin, sym, err);
	if (ret)
		return ret;
	sw->rec = rec;
	for (size_t i = 0; i < count; i++) {
		if (!go_binary_func(bin, i, &func))
			continue;
		if (is_swept(sw, &func)) {
			sweep_function(sw, &func);
			sw->func_file = go_binary_func_file(bin, &func);
			sw->func_line = go_binary_func_start_line(bin, &func);
			sw->is_wrapper = place_is_wrapper_file(sw->func_file);
			sw->wraps.function = NULL;
			go_binary_each_line(bin, &func, widen_extent, sw);
			widen_to_start(sw, &func);
			set_wrapped(sw, &func);
		}
		/* Functions come in the order of their addresses: nobody needs what is behind. */
		kept = kept ? kept : func.entry;
		if (func.entry - kept >= KEEP_BYTES) {
			go_binary_forget(bin);
			kept = func.entry;
		}
	}
	go_binary_forget(bin);
	rec->has_sites = true;
	ret = elf_image_check_unchanged(go_binary_image(bin), err);
	if (stats)
		*stats = sw->stats;
	site_decoder_free(sw);
	return ret;
}
