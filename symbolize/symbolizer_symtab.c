/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbols overlap: aliases, functions with a second entry, labels inside of functions. So they are sorted and flattened
 * once into segments that do not, each of which names the function that begins last before it and reaches over it.
 *
 * A symbol without a size (a function or a label of an assembler source) reaches up to the next symbol; where it lies
 * inside of one with a size it is a label there and no function.
 *
 * An address with several names has that of .symtab rather than that of .dynsym, and a global one rather than a weak or
 * a local one: those are the names in the source.
 */
#include "symbolize/symbolizer_symtab.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strpool.h"
#include "symbolize/symbolizer_internal.h"

/* Chromium has 1.5 million. */
#define SYMBOLS_MAX (1u << 24)
/* A name that is longer is cut off. */
#define NAME_MAX_BYTES 4096
#define SYMBOL_NONE    UINT32_MAX

struct symbol {
	const char *name;
	elf_vaddr start;
	elf_vaddr end;	  /* start: without a size */
	uint32_t order;	  /* the lower, the better the name */
	bool is_function; /* else it may be a label, or data among code */
};

/* From start up to the next segment's start. */
struct segment {
	elf_vaddr start;
	uint32_t symbol; /* SYMBOL_NONE: a gap */
};

struct symbolizer_symtab {
	struct symbolizer base;
	const struct elf_image *image;
	struct symbol *symbols;
	size_t n_symbols;
	size_t alloc_symbols;
	struct segment *segments;
	size_t n_segments;
	size_t alloc_segments;
	struct strpool *names; /* those that had to be cut */
};

/* The end of the executable segment around vaddr, 0 if there is none. */
static elf_vaddr code_end(const struct elf_image *image, elf_vaddr vaddr)
{
	for (size_t i = 0; i < elf_image_segment_count(image); i++) {
		const struct elf_segment *segment = elf_image_segment(image, i);

		if ((segment->flags & PF_X) && vaddr >= segment->vaddr && vaddr - segment->vaddr < segment->mem_size)
			return segment->vaddr + segment->mem_size;
	}
	return 0;
}

struct visit {
	struct symbolizer_symtab *sym;
	bool dynamic;
};

static void add_symbol(void *ctx, const struct elf_symbol *found)
{
	struct visit *visit = ctx;
	struct symbolizer_symtab *sym = visit->sym;
	bool is_function = found->type == STT_FUNC || found->type == STT_GNU_IFUNC;
	elf_vaddr end;

	if ((!is_function && found->type != STT_NOTYPE) || sym->n_symbols == SYMBOLS_MAX)
		return;
	end = code_end(sym->image, found->value);
	if (!end)
		return;
	ARRAY_GROW(sym->symbols, sym->n_symbols + 1, sym->alloc_symbols);
	sym->symbols[sym->n_symbols++] = (struct symbol){
		.name = found->name,
		.start = found->value,
		.end = found->size < end - found->value ? found->value + found->size : end,
		.order = (is_function ? 0 : 8) + (visit->dynamic ? 4 : 0) +
			 (found->bind == STB_GLOBAL ? 0
			  : found->bind == STB_WEAK ? 1
						    : 2),
		.is_function = is_function,
	};
}

/* What begins first, then what reaches farthest, then what has the best name. */
static int compare_symbols(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return strncmp(x->name, y->name, NAME_MAX_BYTES);
}

static void add_segment(struct symbolizer_symtab *sym, elf_vaddr start, uint32_t symbol)
{
	/* What begins where the last one does replaces it: that one is empty. */
	if (sym->n_segments && sym->segments[sym->n_segments - 1].start == start)
		sym->n_segments--;
	if (sym->n_segments && sym->segments[sym->n_segments - 1].symbol == symbol)
		return;
	ARRAY_GROW(sym->segments, sym->n_segments + 1, sym->alloc_segments);
	sym->segments[sym->n_segments++] = (struct segment){start, symbol};
}

static void flatten(struct symbolizer_symtab *sym)
{
	struct symbol *symbols = sym->symbols;
	size_t n = sym->n_symbols, n_open = 0;
	uint32_t *open = xcalloc(n, sizeof(*open)); /* innermost last, and each ends before the one around it */

	qsort(symbols, n, sizeof(*symbols), compare_symbols);
	for (size_t i = 0, next; i <= n; i = next) {
		elf_vaddr until = i < n ? symbols[i].start : UINT64_MAX;
		uint32_t best = (uint32_t)i;

		while (n_open && symbols[open[n_open - 1]].end <= until) {
			elf_vaddr end = symbols[open[--n_open]].end;
			add_segment(sym, end, n_open ? open[n_open - 1] : SYMBOL_NONE);
		}
		if (i == n)
			break;
		/* Several of one start are one function by several names; the farthest end counts. */
		for (next = i + 1; next < n && symbols[next].start == until; next++) {
			if (symbols[next].order < symbols[best].order)
				best = (uint32_t)next;
		}
		elf_vaddr end = symbols[i].end;
		if (end == until) {
			if (n_open)
				continue;
			end = code_end(sym->image, until);
			if (next < n && symbols[next].start < end)
				end = symbols[next].start;
		}
		symbols[best].end = end;
		/* One that reaches beyond those around it is what comes last before all that follows. */
		while (n_open && symbols[open[n_open - 1]].end <= end)
			n_open--;
		open[n_open++] = best;
		add_segment(sym, until, best);
	}
	free(open);
}

static size_t symtab_frames(struct symbolizer *base, elf_vaddr pc, struct sym_frame *frames, size_t max)
{
	struct symbolizer_symtab *sym = (struct symbolizer_symtab *)base;
	size_t low = 0, high = sym->n_segments;

	(void)max;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (sym->segments[mid].start <= pc)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || sym->segments[low - 1].symbol == SYMBOL_NONE)
		return 0;

	const struct symbol *symbol = &sym->symbols[sym->segments[low - 1].symbol];
	const char *name = symbol->name, *version = strchr(name, '@');
	size_t len = version && version > name ? (size_t)(version - name) : strnlen(name, NAME_MAX_BYTES);
	if (len > NAME_MAX_BYTES)
		len = NAME_MAX_BYTES;
	if (name[len])
		name = strpool_add_n(sym->names, name, len);
	frames[0] = (struct sym_frame){.function = name, .entry = symbol->start};
	return 1;
}

static void symtab_free(struct symbolizer *base)
{
	struct symbolizer_symtab *sym = (struct symbolizer_symtab *)base;

	strpool_free(sym->names);
	free(sym->segments);
	free(sym->symbols);
	free(sym);
}

static const struct symbolizer_ops symtab_ops = {
	.frames = symtab_frames,
	.free = symtab_free,
};

int symbolizer_new_symtab(struct symbolizer **out, const struct elf_image *image, struct error *err)
{
	struct symbolizer_symtab *sym = xcalloc(1, sizeof(*sym));
	struct visit visit = {.sym = sym};

	*out = NULL;
	sym->base.ops = &symtab_ops;
	sym->image = image;
	sym->names = strpool_new();
	elf_image_visit_symbols(image, false, add_symbol, &visit);
	visit.dynamic = true;
	elf_image_visit_symbols(image, true, add_symbol, &visit);
	if (!sym->n_symbols) {
		symtab_free(&sym->base);
		return error_set(err, -ENODATA,
				 "symtab: failed to read '%s': it has no symbols of functions; do not strip it",
				 elf_image_path(image));
	}
	flatten(sym);
	*out = &sym->base;
	return 0;
}
