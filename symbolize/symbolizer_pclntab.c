/* SPDX-License-Identifier: Apache-2.0 */
/* The back end that is always there: the runtime's own tables, read the way runtime.CallersFrames reads them. */
#include <stdlib.h>

#include "base/memory.h"
#include "symbolize/go_binary_internal.h"
#include "symbolize/symbolizer_internal.h"

struct symbolizer_pclntab {
	struct symbolizer base;
	const struct go_binary *bin;
};

static size_t frames(struct symbolizer *base, elf_vaddr pc, struct sym_frame *out, size_t max)
{
	const struct go_binary *bin = ((struct symbolizer_pclntab *)base)->bin;
	struct pcln_func func;
	uint64_t offset;
	size_t i, n = 0;

	if (!pcln_find(bin, pc, &i) || !pcln_func(bin, i, &func) || pc < func.entry || pc >= func.end)
		return 0;
	/*
	 * From the innermost call outwards: file and line at this place belong to the call that the inline index names;
	 * the place in its caller is its parent. A chain that a damaged table ties into a loop ends with max.
	 */
	for (offset = pc - func.entry; n < max;) {
		struct sym_frame *frame = &out[n++];
		struct pcln_inline call;
		int32_t value;

		*frame = (struct sym_frame){.function = func.name, .start_line = func.start_line, .entry = func.entry};
		if (pcln_value(bin, &func, func.pcfile, offset, &value))
			frame->file = pcln_file(bin, &func, value);
		if (pcln_value(bin, &func, func.pcln, offset, &value) && value > 0)
			frame->line = value;
		if (!pcln_value(bin, &func, func.pcinline, offset, &value) || !pcln_inline(bin, &func, value, &call))
			break;
		frame->function = call.name;
		frame->start_line = call.start_line;
		frame->inlined = true;
		offset = call.parent_offset;
	}
	return n;
}

static void free_pclntab(struct symbolizer *base)
{
	free(base);
}

static const struct symbolizer_ops pclntab_ops = {
	.frames = frames,
	.free = free_pclntab,
};

int symbolizer_new_pclntab(struct symbolizer **out, const struct go_binary *bin, struct error *err)
{
	struct symbolizer_pclntab *sym = xcalloc(1, sizeof(*sym));

	(void)err; /* the tables were checked when bin was opened */
	sym->base.ops = &pclntab_ops;
	sym->bin = bin;
	*out = &sym->base;
	return 0;
}
