/* SPDX-License-Identifier: Apache-2.0 */
/* The front of both back ends: argument checks and dispatch, nothing else. */
#include "symbolize/symbolizer.h"

#include <string.h>

#include "symbolize/symbolizer_internal.h"

void symbolizer_free(struct symbolizer *sym)
{
	if (sym)
		sym->ops->free(sym);
}

size_t symbolizer_frames_at(struct symbolizer *sym, elf_vaddr pc, struct sym_frame *frames, size_t max)
{
	if (max == 0)
		return 0;
	return sym->ops->frames(sym, pc, frames, max < SYMBOLIZER_MAX_FRAMES ? max : SYMBOLIZER_MAX_FRAMES);
}

size_t symbolizer_frames(struct symbolizer *sym, elf_vaddr ret, struct sym_frame *frames, size_t max)
{
	/* A return address may be the first byte after its function (a call that never returns): go back into the call.
	 */
	return ret ? symbolizer_frames_at(sym, ret - 1, frames, max) : 0;
}

bool symbolizer_line(struct symbolizer *sym, elf_vaddr ret, const char **file, int *line)
{
	return ret && sym->ops->line && sym->ops->line(sym, ret - 1, file, line);
}

size_t symbolizer_moved_variables(struct symbolizer *sym, elf_vaddr entry, struct sym_moved_variable *vars, size_t max)
{
	if (max == 0 || !sym->ops->moved_variables)
		return 0;
	return sym->ops->moved_variables(sym, entry, vars, max);
}

void symbolizer_moved_by(struct symbolizer *sym, const elf_vaddr *rets, size_t n, struct sym_moved_variable *vars)
{
	memset(vars, 0, n * sizeof(*vars));
	if (n && sym->ops->moved_by)
		sym->ops->moved_by(sym, rets, n, vars);
}

size_t symbolizer_captured(struct symbolizer *sym, elf_vaddr entry, struct sym_captured *out, size_t max)
{
	return max && sym->ops->captured ? sym->ops->captured(sym, entry, out, max) : 0;
}
