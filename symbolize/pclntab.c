/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions, lines and inline trees, all read in place, and from the file as they are asked for.
 *
 *   ftab       n x { u32 entry - text, u32 offset of _func in pclntable }, and one more entry for the end
 *   _func      entry 0, name 4, args 8, deferreturn 12, pcsp 16, pcfile 20, pcln 24, npcdata 28, cuOffset 32, then
 *              up to 1.19: funcID 36 ... nfuncdata 39; since 1.20: startLine 36, funcID 40 ... nfuncdata 43;
 *              behind it u32 pcdata[npcdata], u32 funcdata[nfuncdata]
 *   pc-value   pairs { uvarint zigzag(value difference), uvarint pc difference }, from value -1 and the entry; a value
 *              holds for the addresses below the new pc; a zero first half ends the table, but for the first pair
 *   inline     1.19: parent, funcID, file, line, name 12, parentPc 16, 20 bytes; since 1.20: funcID, name 4,
 *              parentPc 8, startLine 12, 16 bytes. Its length is stored nowhere: one more than the largest value of
 *              the function's inline index table.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "symbolize/go_binary_internal.h"
#include "symbolize/go_name.h"

#define FUNCTAB_SIZE	      8
#define PCDATA_INL_TREE_INDEX 2
#define FUNCDATA_INL_TREE     3
#define NO_FUNCDATA	      UINT32_MAX
#define NO_FILE		      UINT32_MAX
#define MAX_PAIR_BYTES	      10   /* two numbers of 32 bits */
#define KEEP_FUNCS	      8192 /* functions read before the memory of their tables is given back */

/* A part of a table that may have been given back, or NULL if it does not lie in it. */
static const uint8_t *part_of(const struct go_binary *bin, const struct span *table, size_t offset, size_t size)
{
	if (offset > table->size || size > table->size - offset)
		return NULL;
	return table->at ? table->at + offset : elf_image_view(bin->image, table->vaddr + offset, size);
}

/* ---- functions ---- */

static const uint8_t *ftab_entry(const struct go_binary *bin, size_t i)
{
	return bin->module.ftab.at + i * FUNCTAB_SIZE;
}

static const char *func_name(const struct go_binary *bin, uint32_t offset)
{
	const char *name = (const char *)bin->module.funcnames.at + offset;

	if (offset >= bin->module.funcnames.size)
		return NULL;
	return bin->build.minor >= 27 ? go_name_escaped_once(bin->strings, name) : name;
}

bool pcln_func(const struct go_binary *bin, size_t i, struct pcln_func *out)
{
	const struct go_module *module = &bin->module;
	bool has_start_line = bin->build.minor >= 20;
	size_t fixed = has_start_line ? 44 : 40, offset;
	uint32_t n_pcdata, n_funcdata;
	const uint8_t *entry, *func, *pcdata;

	if (i >= module->n_funcs)
		return false;
	entry = ftab_entry(bin, i);
	offset = load_u32(entry + 4);
	func = part_of(bin, &module->pclntable, offset, fixed);
	if (!func)
		return false;
	n_pcdata = load_u32(func + 28);
	n_funcdata = func[fixed - 1];
	pcdata = part_of(bin, &module->pclntable, offset + fixed, ((size_t)n_pcdata + n_funcdata) * 4);
	if (!pcdata)
		return false;
	out->entry = module->text + load_u32(entry);
	out->end = module->text + load_u32(entry + FUNCTAB_SIZE);
	out->name = func_name(bin, load_u32(func + 4));
	out->pcsp = load_u32(func + 16);
	out->pcfile = load_u32(func + 20);
	out->pcln = load_u32(func + 24);
	out->cu_offset = load_u32(func + 32);
	out->start_line = has_start_line ? (int)load_u32(func + 36) : 0;
	if (!out->name || out->entry < module->minpc || out->end < out->entry || out->end > module->maxpc ||
	    (out->pcfile == 0 && out->pcln == 0))
		return false;
	if (out->start_line < 0)
		out->start_line = 0;

	out->pcinline = n_pcdata > PCDATA_INL_TREE_INDEX ? load_u32(pcdata + PCDATA_INL_TREE_INDEX * 4) : 0;
	out->has_inline_tree = out->pcinline && n_funcdata > FUNCDATA_INL_TREE;
	if (out->has_inline_tree) {
		out->inline_tree = load_u32(pcdata + ((size_t)n_pcdata + FUNCDATA_INL_TREE) * 4);
		out->has_inline_tree = out->inline_tree != NO_FUNCDATA;
	}
	return true;
}

bool pcln_find(const struct go_binary *bin, elf_vaddr pc, size_t *i)
{
	const struct go_module *module = &bin->module;
	size_t low = 0, high = module->n_funcs;
	uint32_t offset;

	if (pc < module->minpc || pc >= module->maxpc)
		return false;
	/* Text is below 4 GiB: the offsets of its ends fit ftab. */
	offset = (uint32_t)(pc - module->text);
	/* The last entry at or below pc. */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (load_u32(ftab_entry(bin, middle)) <= offset)
			low = middle;
		else
			high = middle;
	}
	*i = low;
	return true;
}

static bool to_go_func(const struct go_binary *bin, size_t i, struct go_func *out)
{
	struct pcln_func func;

	if (!pcln_func(bin, i, &func))
		return false;
	*out = (struct go_func){.index = (uint32_t)i, .entry = func.entry, .end = func.end, .name = func.name};
	return true;
}

size_t go_binary_func_count(const struct go_binary *bin)
{
	return bin->module.n_funcs;
}

bool go_binary_func(const struct go_binary *bin, size_t i, struct go_func *out)
{
	return to_go_func(bin, i, out);
}

bool go_binary_func_at(const struct go_binary *bin, elf_vaddr pc, struct go_func *out)
{
	size_t i;

	return pcln_find(bin, pc, &i) && to_go_func(bin, i, out) && pc >= out->entry && pc < out->end;
}

/* ---- names ---- */

static void index_names(const struct go_binary *bin, struct go_cache *cache)
{
	size_t n = 64;

	while (n < (size_t)bin->module.n_funcs * 2)
		n *= 2;
	cache->name_slots = xcalloc(n, sizeof(*cache->name_slots));
	cache->name_mask = n - 1;
	for (uint32_t i = 0; i < bin->module.n_funcs; i++) {
		struct pcln_func func, other;
		size_t slot;

		if (!pcln_func(bin, i, &func))
			continue;
		slot = bytes_hash(func.name, strlen(func.name)) & cache->name_mask;
		for (; cache->name_slots[slot]; slot = (slot + 1) & cache->name_mask) {
			/* The linker stores equal names once. */
			if (pcln_func(bin, cache->name_slots[slot] - 1, &other) &&
			    (other.name == func.name || strcmp(other.name, func.name) == 0))
				break;
		}
		if (!cache->name_slots[slot])
			cache->name_slots[slot] = i + 1;
	}
}

bool go_binary_func_named(const struct go_binary *bin, const char *name, struct go_func *out)
{
	struct go_cache *cache = bin->cache;
	size_t slot;

	if (!cache->name_slots)
		index_names(bin, cache);
	slot = bytes_hash(name, strlen(name)) & cache->name_mask;
	for (; cache->name_slots[slot]; slot = (slot + 1) & cache->name_mask) {
		if (to_go_func(bin, cache->name_slots[slot] - 1, out) && strcmp(out->name, name) == 0)
			return true;
	}
	return false;
}

/* ---- pc-value tables ---- */

/* In 32 bits, as the runtime reads it (readvarint). Returns the byte behind it, NULL if there is none. */
static const uint8_t *long_uvarint(const uint8_t *p, const uint8_t *end, uint32_t *out)
{
	uint32_t v = 0;

	for (unsigned shift = 0; shift < 35 && p < end; shift += 7) {
		uint8_t byte = *p++;

		v |= (uint32_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*out = v;
			return p;
		}
	}
	return NULL;
}

/* Nearly all are one byte, and symbolising is mostly this. */
static inline const uint8_t *uvarint(const uint8_t *p, const uint8_t *end, uint32_t *out)
{
	if (p < end && *p < 0x80) {
		*out = *p;
		return p + 1;
	}
	return long_uvarint(p, end, out);
}

static inline struct pcvalue pcvalue_begin(const struct go_binary *bin, const struct pcln_func *func, uint32_t table)
{
	const struct span *pctab = &bin->module.pctab;
	struct pcvalue it = {.value = -1};
	uint64_t most, left;

	/* Table 0 means that there is none. */
	if (table == 0 || table >= pctab->size)
		return it;
	/* Each pair covers some code, and one byte ends the table. */
	left = pctab->size - table;
	most = (func->end - func->entry) * MAX_PAIR_BYTES + 1;
	it.p = part_of(bin, pctab, table, most < left ? most : left);
	it.end = it.p ? it.p + (most < left ? most : left) : NULL;
	return it;
}

/* To the next run of one value. Each covers some code, so that no table is longer than its function. */
static inline bool pcvalue_next(struct pcvalue *it)
{
	const uint8_t *p = it->p;
	uint32_t difference, step;

	if (!(p = uvarint(p, it->end, &difference)) || (difference == 0 && it->started) ||
	    !(p = uvarint(p, it->end, &step)) || step == 0)
		return false;
	it->p = p;
	it->started = true;
	it->from = it->offset;
	it->value = (int32_t)((uint32_t)it->value + ((difference >> 1) ^ -(difference & 1)));
	it->offset += step;
	return true;
}

bool pcln_value(const struct go_binary *bin, const struct pcln_func *func, uint32_t table, uint64_t offset,
		int32_t *value)
{
	struct pcvalue_cursor *cursor = &bin->cache->cursors[table % PCVALUE_CURSORS];
	struct pcvalue it;

	if (table == 0)
		return false;
	it = cursor->table == table && offset >= cursor->it.from ? cursor->it : pcvalue_begin(bin, func, table);
	while (offset >= it.offset) {
		if (!pcvalue_next(&it))
			return false;
	}
	cursor->table = table;
	cursor->it = it;
	*value = it.value;
	return true;
}

/* ---- files and lines ---- */

const char *pcln_file(const struct go_binary *bin, const struct pcln_func *func, int32_t value)
{
	const struct go_module *module = &bin->module;
	uint64_t index = (uint64_t)func->cu_offset + (uint32_t)value;
	uint32_t offset;

	if (value < 0 || index >= module->cutab.size / 4)
		return NULL;
	offset = load_u32(module->cutab.at + index * 4);
	if (offset == NO_FILE || offset >= module->files.size)
		return NULL;
	return (const char *)module->files.at + offset;
}

const char *go_binary_func_file(const struct go_binary *bin, const struct go_func *func)
{
	struct pcln_func f;
	int32_t value;

	return pcln_func(bin, func->index, &f) && pcln_value(bin, &f, f.pcfile, 0, &value) ? pcln_file(bin, &f, value)
											   : NULL;
}

int go_binary_func_start_line(const struct go_binary *bin, const struct go_func *func)
{
	struct pcln_func f;

	return pcln_func(bin, func->index, &f) ? f.start_line : 0;
}

/* ---- inlined calls ---- */

bool pcln_inline(const struct go_binary *bin, const struct pcln_func *func, int32_t index, struct pcln_inline *out)
{
	bool old = bin->build.minor < 20;
	size_t size = old ? 20 : 16;
	const uint8_t *call;

	if (index < 0 || !func->has_inline_tree)
		return false;
	call = part_of(bin, &bin->module.gofunc, func->inline_tree + (size_t)index * size, size);
	if (!call)
		return false;
	out->name = func_name(bin, load_u32(call + (old ? 12 : 4)));
	out->parent_offset = load_u32(call + (old ? 16 : 8));
	out->start_line = old ? 0 : (int)load_u32(call + 12);
	if (out->start_line < 0)
		out->start_line = 0;
	return out->name != NULL;
}

void go_binary_each_inlined(const struct go_binary *bin, go_inline_visit visit, void *ctx)
{
	for (size_t i = 0; i < bin->module.n_funcs; i++) {
		struct pcln_inline call;
		struct pcln_func func;
		struct go_func physical;
		struct pcvalue it;
		int32_t last = -1;

		/* All tables are passed over, and in one order. */
		if (i % KEEP_FUNCS == KEEP_FUNCS - 1)
			go_binary_forget(bin);
		if (!pcln_func(bin, i, &func) || !func.has_inline_tree)
			continue;
		for (it = pcvalue_begin(bin, &func, func.pcinline); pcvalue_next(&it);)
			last = it.value > last ? it.value : last;
		/* Every call left at least one byte of code: what claims more is damaged. */
		if (last >= 0 && (uint64_t)last >= func.end - func.entry)
			continue;
		physical =
			(struct go_func){.index = (uint32_t)i, .entry = func.entry, .end = func.end, .name = func.name};
		for (int32_t c = 0; c <= last && pcln_inline(bin, &func, c, &call); c++) {
			if (!visit(ctx, &physical, call.name))
				return;
		}
	}
}

void go_binary_each_line(const struct go_binary *bin, const struct go_func *func, go_line_visit visit, void *ctx)
{
	struct pcvalue file, line, call;
	struct pcln_func f;
	uint64_t at = 0, next;
	bool has_call;

	if (!pcln_func(bin, func->index, &f))
		return;
	file = pcvalue_begin(bin, &f, f.pcfile);
	line = pcvalue_begin(bin, &f, f.pcln);
	call = pcvalue_begin(bin, &f, f.pcinline);
	if (!pcvalue_next(&file) || !pcvalue_next(&line))
		return;
	has_call = pcvalue_next(&call);
	for (;;) {
		struct go_line_run run = {.function = f.name, .line = line.value};
		struct pcln_inline inlined;

		next = file.offset < line.offset ? file.offset : line.offset;
		if (has_call && call.offset > at) {
			next = next < call.offset ? next : call.offset;
			if (pcln_inline(bin, &f, call.value, &inlined)) {
				run.function = inlined.name;
				run.inlined = true;
			}
		}
		run.file = pcln_file(bin, &f, file.value);
		run.pc = f.entry + at;
		run.size = next > at ? next - at : 0;
		if (next > at && run.file && run.line > 0)
			visit(ctx, &run);
		at = next;
		while (file.offset <= at) {
			if (!pcvalue_next(&file))
				return;
		}
		while (line.offset <= at) {
			if (!pcvalue_next(&line))
				return;
		}
		while (has_call && call.offset <= at)
			has_call = pcvalue_next(&call);
	}
}

bool go_binary_frame_bytes(const struct go_binary *bin, const struct go_func *func, uint32_t *out)
{
	struct pcln_func f;
	struct pcvalue sp;
	int32_t most = 0;

	if (!pcln_func(bin, func->index, &f) || !f.pcsp)
		return false;
	for (sp = pcvalue_begin(bin, &f, f.pcsp); pcvalue_next(&sp);)
		most = sp.value > most ? sp.value : most;
	*out = (uint32_t)most;
	return most > 0;
}
