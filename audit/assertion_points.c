/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where to watch for the execution of some lines. A function that stands by itself is watched at its entry. Of a line,
 * and of an inlined copy, every beginning of a run of its instructions is watched, and every one that a jump leads to:
 * code is entered nowhere else.
 */
#include <Zydis/Zydis.h>
#include <stdlib.h>
#include <string.h>

#include "audit/assertion.h"
#include "base/memory.h"
#include "base/u64map.h"

/* One link takes so many probes; calls have theirs too. */
#define MAX_POINTS 16384

struct finder {
	const struct assertions *assertions;
	struct recording *rec;
	const struct go_binary *bin;
	ZydisDecoder decoder;
	struct go_func func;
	const uint8_t *code;
	uint64_t size;
	/* One bit per byte of the function: where a jump leads, and where an instruction begins; NULL until needed. */
	uint64_t *jumps, *starts;
	bool decoded;	      /* to the end: all its jumps are known */
	const char *own_file; /* of the function itself, where code of its own is left; else NULL */
	int own_line;	      /* of the func keyword, or the first there is code for */
	size_t *n_of;	      /* points of each assertion */
	struct u64map files;  /* address of a file's name in the binary -> 1 + first assertion of that file, or 0 */
};

static void set_bit(uint64_t *bits, uint64_t i)
{
	bits[i / 64] |= 1ull << i % 64;
}

static bool has_bit(const uint64_t *bits, uint64_t i)
{
	return bits[i / 64] & 1ull << i % 64;
}

/* Instructions, and jumps within the function. */
static void decode(struct finder *f)
{
	ZydisDecodedInstruction insn;
	uint64_t offset = 0, target;

	if (f->jumps)
		return;
	f->jumps = xcalloc(f->size / 64 + 1, sizeof(*f->jumps));
	f->starts = xcalloc(f->size / 64 + 1, sizeof(*f->starts));
	for (; offset < f->size; offset += insn.length) {
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&f->decoder, NULL, f->code + offset, f->size - offset,
								&insn)))
			return;
		set_bit(f->starts, offset);
		target = offset + insn.length + (uint64_t)insn.raw.imm[0].value.s;
		if (insn.raw.imm[0].is_relative && target < f->size)
			set_bit(f->jumps, target);
	}
	f->decoded = true;
}

/* The kernel does not take a probe on an instruction with one of these prefixes, nor on those of AVX-512. */
static bool takes_probe(const ZydisDecodedInstruction *insn)
{
	for (size_t i = 0; i < insn->raw.prefix_count; i++) {
		uint8_t prefix = insn->raw.prefixes[i].value;

		if (prefix == 0xf0 || prefix == 0x26 || prefix == 0x2e || prefix == 0x36 || prefix == 0x3e)
			return false;
	}
	return insn->encoding != ZYDIS_INSTRUCTION_ENCODING_EVEX;
}

static void add_point(struct finder *f, size_t assertion, uint64_t offset)
{
	const struct assertion *item = &f->assertions->items[assertion];
	ZydisDecodedInstruction insn;
	struct rec_point *point;

	decode(f);
	if (f->rec->n_points >= MAX_POINTS)
		return;
	point = recording_add_point(f->rec);
	*point = (struct rec_point){
		.pc = f->func.entry + offset,
		.file = strpool_add(f->rec->pool, item->recorded),
		.first = item->directive.first,
		.last = item->directive.last,
	};
	/* A probe in the middle of an instruction would kill the program. */
	if (f->decoded && offset < f->size && has_bit(f->starts, offset) &&
	    ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&f->decoder, NULL, f->code + offset, f->size - offset, &insn)) &&
	    takes_probe(&insn))
		point->reach = REACH_NEVER;
	f->n_of[assertion]++;
}

static void watch_run(struct finder *f, size_t assertion, const struct go_line_run *run)
{
	uint64_t begin = run->pc - f->func.entry, end = begin + run->size;

	decode(f);
	add_point(f, assertion, begin);
	for (uint64_t offset = begin + 1; offset < end && offset < f->size; offset++) {
		if (has_bit(f->jumps, offset))
			add_point(f, assertion, offset);
	}
}

static size_t first_of_file(struct finder *f, const char *file)
{
	bool is_new;
	uint64_t *first = u64map_at(&f->files, (uintptr_t)file, &is_new);

	for (size_t i = 0; is_new && i < f->assertions->n; i++) {
		if (strcmp(f->assertions->items[i].recorded, file) == 0) {
			*first = i + 1;
			break;
		}
	}
	return *first;
}

static bool is_about(const struct directive *d, int line)
{
	return d->kind != DIRECTIVE_UNKNOWN && line >= d->first && line <= d->end;
}

typedef void (*assertion_visit)(struct finder *f, size_t assertion, const struct go_line_run *run);

/* Those that speak of a line. */
static void each_about(struct finder *f, const char *file, int line, assertion_visit visit,
		       const struct go_line_run *run)
{
	size_t first = first_of_file(f, file);

	/* Those of one file stand together. */
	for (size_t i = first; i && i <= f->assertions->n; i++) {
		const struct assertion *item = &f->assertions->items[i - 1];

		if (strcmp(item->recorded, file) != 0)
			break;
		if (is_about(&item->directive, line))
			visit(f, i - 1, run);
	}
}

static void see_own(void *ctx, const struct go_line_run *run)
{
	struct finder *f = ctx;

	if (run->inlined)
		return;
	if (!f->own_file)
		f->own_file = run->file;
	if (!f->own_line || run->line < f->own_line)
		f->own_line = run->line;
}

static void watch_entry(struct finder *f, size_t assertion, const struct go_line_run *run)
{
	(void)run;
	if (f->assertions->items[assertion].directive.function)
		add_point(f, assertion, 0);
}

static void watch_code(struct finder *f, size_t assertion, const struct go_line_run *run)
{
	const struct assertion *item = &f->assertions->items[assertion];

	/* The code that a literal stands in runs without it. */
	if (item->directive.is_literal && run->line == item->directive.first && f->own_line != run->line)
		return;
	/* The entry is watched. */
	if (item->directive.function && f->own_file && strcmp(f->own_file, item->recorded) == 0 &&
	    is_about(&item->directive, f->own_line))
		return;
	watch_run(f, assertion, run);
}

static void see_run(void *ctx, const struct go_line_run *run)
{
	each_about(ctx, run->file, run->line, watch_code, run);
}

static void look_at_function(struct finder *f)
{
	int start;

	f->size = f->func.end - f->func.entry;
	f->code = elf_image_view(go_binary_image(f->bin), f->func.entry, f->size);
	if (!f->code)
		return;
	f->jumps = f->starts = NULL;
	f->decoded = false;
	f->own_file = NULL;
	f->own_line = 0;
	go_binary_each_line(f->bin, &f->func, see_own, f);
	start = go_binary_func_start_line(f->bin, &f->func);
	if (start > 0)
		f->own_line = start;
	if (f->own_file)
		each_about(f, f->own_file, f->own_line, watch_entry, NULL);
	go_binary_each_line(f->bin, &f->func, see_run, f);
	free(f->jumps);
	free(f->starts);
}

void assertions_add_points(const struct assertions *a, struct recording *rec, const struct go_binary *bin)
{
	struct finder f = {.assertions = a, .rec = rec, .bin = bin, .files = U64MAP_INIT};
	size_t count = a->n ? go_binary_func_count(bin) : 0;

	f.n_of = xcalloc(a->n + 1, sizeof(*f.n_of));
	ZydisDecoderInit(&f.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (size_t i = 0; i < count; i++) {
		if (go_binary_func(bin, i, &f.func))
			look_at_function(&f);
	}
	for (size_t i = 0; i < a->n; i++) {
		const struct directive *d = &a->items[i].directive;

		if (!f.n_of[i] && d->first && d->kind != DIRECTIVE_UNKNOWN && rec->n_points < MAX_POINTS) {
			struct rec_point *point = recording_add_point(rec);

			*point = (struct rec_point){.file = strpool_add(rec->pool, a->items[i].recorded),
						    .first = d->first,
						    .last = d->last};
		}
	}
	free(f.n_of);
	u64map_release(&f.files);
}
