/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/sampling/sample_points.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "probe/entries.h"

_Static_assert(SIZE_CLASSES == GO_SIZE_CLASSES, "the kernel program knows as many");

#define PROLOGUE_BYTES	  64
#define FLUSH_TEST_WITHIN 16 /* instructions */

uint32_t span_class_of(uint64_t size, bool has_pointers, uint32_t header_bytes)
{
	/* From 1.22 the room for a header is kept free whether there is one or not. */
	if (size > size_class_bytes[SIZE_CLASSES - 1] - header_bytes)
		return 0;
	if (has_pointers && size > 512)
		size += header_bytes;
	for (uint32_t i = 1; i < SIZE_CLASSES; i++) {
		if (size <= size_class_bytes[i]) {
			/* Below 16 bytes and without pointers: a slot is shared. */
			if (!has_pointers && i == 1)
				return SPAN_CLASS_TINY;
			return 2 * i + !has_pointers;
		}
	}
	return 0;
}

/* ---- layouts ---- */

struct layout {
	int minor;
	uint32_t mcache_alloc, alloc_count, nelems, header_bytes;
};

static const struct layout layouts[] = {
	{19, 40, 96, 56, 0}, {21, 40, 104, 56, 0}, {22, 40, 96, 50, 8}, {23, 40, 96, 50, 8},
	{24, 48, 96, 50, 8}, {25, 48, 96, 50, 8},  {26, 48, 96, 50, 8}, {27, 48, 96, 50, 8},
};

static const struct layout *layout_of(int minor)
{
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		if (layouts[i].minor == minor)
			return &layouts[i];
	}
	return NULL;
}

/* ---- inlining ---- */

#define MCACHE "runtime.(*mcache)."

enum slow_path { REFILL, FLUSH, LARGE, SLOW_PATHS };

static const char *const slow_path_names[SLOW_PATHS] = {MCACHE "refill", MCACHE "releaseAll", MCACHE "allocLarge"};
/* Where else the same moment can be caught if the function is inlined there, and nowhere else. */
static const char *const substitutes[SLOW_PATHS] = {MCACHE "nextFree", MCACHE "prepareForSweep",
						    "runtime.mallocgcLarge"};
static const char *const what[SLOW_PATHS] = {"small objects made there", "slots of spans that are flushed there",
					     "objects above 32 KiB made there"};

struct inline_scan {
	bool in_substitute[SLOW_PATHS];
	struct strbuf elsewhere[SLOW_PATHS];
};

static bool scan_inlined(void *ctx, const struct go_func *physical, const char *inlined)
{
	struct inline_scan *scan = ctx;

	for (int i = 0; i < SLOW_PATHS; i++) {
		struct strbuf *elsewhere = &scan->elsewhere[i];

		if (strcmp(inlined, slow_path_names[i]) != 0)
			continue;
		if (strcmp(physical->name, substitutes[i]) == 0)
			scan->in_substitute[i] = true;
		else if (elsewhere->len < 200 && (!elsewhere->len || !strstr(strbuf_str(elsewhere), physical->name)))
			strbuf_addf(elsewhere, "%s%s", elsewhere->len ? ", " : "", physical->name);
	}
	return true;
}

/* ---- points ---- */

static bool is_register(const ZydisDecodedOperand *op)
{
	return op->type == ZYDIS_OPERAND_TYPE_REGISTER;
}

bool flush_test_decode(const uint8_t *code, size_t size, elf_vaddr entry, elf_vaddr *jump)
{
	ZydisRegister sweepgen = ZYDIS_REGISTER_NONE, flush_gen = ZYDIS_REGISTER_NONE;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;
	ZydisDecoder decoder;
	struct alloc_point point;
	bool compared = false;
	size_t at;

	/* The mcache is in RAX and stays there. mov mheap_.sweepgen(%rip),%A; mov flushGen(%rax),%B; cmp; je */
	if (!alloc_point_decode(code, size, entry, &point) ||
	    !ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
		return false;
	at = point.vaddr - entry;
	for (int i = 0; i < FLUSH_TEST_WITHIN && at < size; i++, at += insn.length) {
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code + at, size - at, &insn, ops)))
			return false;
		if (compared && (insn.mnemonic == ZYDIS_MNEMONIC_JZ || insn.mnemonic == ZYDIS_MNEMONIC_JNZ)) {
			*jump = entry + at;
			return true;
		}
		if (i > 0 && insn.meta.category == ZYDIS_CATEGORY_COND_BR)
			return false;
		compared = insn.mnemonic == ZYDIS_MNEMONIC_CMP && is_register(&ops[0]) && is_register(&ops[1]) &&
			   sweepgen != ZYDIS_REGISTER_NONE && flush_gen != ZYDIS_REGISTER_NONE &&
			   ((ops[0].reg.value == sweepgen && ops[1].reg.value == flush_gen) ||
			    (ops[0].reg.value == flush_gen && ops[1].reg.value == sweepgen));
		if (insn.mnemonic == ZYDIS_MNEMONIC_MOV && is_register(&ops[0]) && ops[0].size == 32 &&
		    ops[1].type == ZYDIS_OPERAND_TYPE_MEMORY) {
			if (ops[1].mem.base == ZYDIS_REGISTER_RIP)
				sweepgen = ops[0].reg.value;
			else if (ops[1].mem.base == ZYDIS_REGISTER_RAX && ops[1].mem.index == ZYDIS_REGISTER_NONE)
				flush_gen = ops[0].reg.value;
		}
		for (int k = 0; k < insn.operand_count; k++) {
			if (is_register(&ops[k]) && (ops[k].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) &&
			    ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, ops[k].reg.value) ==
				    ZYDIS_REGISTER_RAX)
				return false;
		}
	}
	return false;
}

struct finder {
	const struct go_binary *bin;
	struct error *err;
	bool failed;
};

static void add_point(struct finder *f, struct sample_point *points, size_t *n, const struct go_func *func,
		      enum point_kind kind, uint64_t flags)
{
	const struct elf_image *image = go_binary_image(f->bin);
	struct alloc_point point = {.class = POINT_PUSH};
	struct sample_point *out = &points[*n];
	uint8_t code[PROLOGUE_BYTES];
	size_t size = func->end - func->entry < sizeof(code) ? func->end - func->entry : sizeof(code);
	bool known = elf_image_read(image, func->entry, code, size);

	if (f->failed)
		return;
	if (flags & COOKIE_IS_FLUSH_TEST)
		known = known && flush_test_decode(code, size, func->entry, &point.vaddr);
	else
		known = known && alloc_point_decode(code, size, func->entry, &point);
	if (!known || !elf_image_vaddr_to_offset(image, point.vaddr, &out->offset)) {
		f->failed = true;
		error_set(f->err, -ENOTSUP,
			  "probe: failed to choose an instruction of %s in '%s' to sample at: its first instructions "
			  "are not as the Go assembler is known to emit them; record with --mode=exact",
			  func->name, elf_image_path(image));
		return;
	}
	out->function = func->name;
	out->cookie = point.vaddr | (uint64_t)kind << COOKIE_KIND_SHIFT |
		      (point.class == POINT_JCC ? COOKIE_POINT_IS_JCC : 0) | flags;
	(*n)++;
}

/* ---- who keeps the arguments ---- */

static bool has_prefix(const char **name, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(*name, prefix, len) != 0)
		return false;
	*name += len;
	return true;
}

static bool ends_with(const char *s, const char *end)
{
	size_t a = strlen(s), b = strlen(end);

	return a >= b && strcmp(s + a - b, end) == 0;
}

/*
 * Measured against the arguments at the allocation points: up to 1.26 mallocgc spills them before it calls anything. In
 * 1.27 it does so only for what it does not hand to a size-specialised variant; of these, those without pointers have
 * no more use for size and type, and the first class has a size of its own.
 */
static enum frame_kind kind_of(const char *name, int minor)
{
	if (strcmp(name, MCACHE "nextFree") == 0 || strcmp(name, MCACHE "refill") == 0)
		return FRAME_INNER;
	if (!has_prefix(&name, "runtime.mallocgc"))
		return FRAME_OTHER;
	if (!*name)
		return FRAME_DISPATCHER;
	if (ends_with(name, "SlowPath"))
		return FRAME_OWN;
	if (has_prefix(&name, "TinySC"))
		return FRAME_OWN_SIZE;
	if (has_prefix(&name, "SmallNoScanSC"))
		return minor >= 27 ? FRAME_NONE : FRAME_OWN;
	if (has_prefix(&name, "SmallScanNoHeaderSC"))
		return minor >= 27 && strcmp(name, "1") == 0 ? FRAME_NONE : FRAME_OWN;
	if (has_prefix(&name, "TinySize"))
		return FRAME_OWN;
	return FRAME_GENERAL;
}

static bool add_rule(struct sample_points *out, const struct go_func *func, enum frame_kind kind)
{
	if (out->n_rules == FRAME_RULES)
		return false;
	out->rules[out->n_rules++] =
		(struct frame_rule){.start = func->entry, .size = (uint32_t)(func->end - func->entry), .kind = kind};
	return true;
}

static void find_slow_path(struct finder *f, struct sample_points *out, enum slow_path which,
			   const struct inline_scan *scan, struct strbuf *missed)
{
	static const uint64_t substitute_flags[SLOW_PATHS] = {COOKIE_IS_NEXT_FREE, COOKIE_IS_FLUSH_TEST,
							      COOKIE_IS_MALLOC};
	static const enum point_kind kinds[SLOW_PATHS] = {POINT_REFILL, POINT_FLUSH, POINT_LARGE};
	struct sample_point *points[SLOW_PATHS] = {out->refill, out->flush, out->large};
	size_t *n[SLOW_PATHS] = {&out->n_refill, &out->n_flush, &out->n_large};
	struct go_func func;

	if (go_binary_func_named(f->bin, slow_path_names[which], &func))
		add_point(f, points[which], n[which], &func, kinds[which], 0);
	if (scan->in_substitute[which] && go_binary_func_named(f->bin, substitutes[which], &func))
		add_point(f, points[which], n[which], &func, kinds[which], substitute_flags[which]);
	if (!*n[which] && !scan->elsewhere[which].len)
		strbuf_addf(missed, "%s%s (there is no function of that name)", missed->len ? "; " : "",
			    slow_path_names[which]);
	else if (scan->elsewhere[which].len)
		strbuf_addf(missed, "%s%s (%s is inlined into %s)", missed->len ? "; " : "", what[which],
			    slow_path_names[which], strbuf_str(&scan->elsewhere[which]));
}

int sample_points_find(struct sample_points *out, const struct go_binary *bin, struct error *err)
{
	const struct layout *layout = layout_of(go_binary_minor(bin));
	struct inline_scan scan = {.in_substitute = {false}};
	struct finder finder = {.bin = bin, .err = err};
	struct strbuf missed = STRBUF_INIT;
	size_t count = go_binary_func_count(bin);
	struct go_func func;
	int ret = 0;

	*out = (struct sample_points){.n_refill = 0};
	if (!layout)
		return error_set(err, -EPROTONOSUPPORT,
				 "probe: failed to sample '%s': the layout of the runtime's spans in %s is not known; "
				 "record with --mode=exact",
				 elf_image_path(go_binary_image(bin)), go_binary_version(bin));
	out->mcache_alloc = layout->mcache_alloc;
	out->mspan_alloc_count = layout->alloc_count;
	out->mspan_nelems = layout->nelems;
	out->header_bytes = layout->header_bytes;
	go_binary_each_inlined(bin, scan_inlined, &scan);
	for (int i = 0; i < SLOW_PATHS; i++)
		find_slow_path(&finder, out, (enum slow_path)i, &scan, &missed);
	for (size_t i = 0; i < count && !finder.failed; i++) {
		enum frame_kind kind;

		if (!go_binary_func(bin, i, &func) || strncmp(func.name, "runtime.", 8) != 0)
			continue;
		kind = kind_of(func.name, go_binary_minor(bin));
		if (kind != FRAME_OTHER && !add_rule(out, &func, kind))
			break; /* the others' samples get type and size from their sites */
	}
	if (finder.failed)
		ret = -ENOTSUP;
	else if (!out->n_refill)
		ret = error_set(err, -ENOTSUP,
				"probe: failed to sample '%s': its profile-guided build leaves no slow path of the "
				"allocator to probe: %s; record with --mode=exact",
				elf_image_path(go_binary_image(bin)), strbuf_str(&missed));
	for (int i = 0; i < SLOW_PATHS; i++)
		strbuf_release(&scan.elsewhere[i]);
	if (missed.len)
		out->missed = strbuf_detach(&missed);
	strbuf_release(&missed);
	if (ret)
		sample_points_release(out);
	return ret;
}

void sample_points_release(struct sample_points *points)
{
	free(points->missed);
	points->missed = NULL;
}
