/* SPDX-License-Identifier: Apache-2.0 */
/* What the back ends of symbolizer.h share: each embeds struct symbolizer as its first member and fills the table. */
#ifndef ESCAUDIT_SYMBOLIZE_SYMBOLIZER_INTERNAL_H
#define ESCAUDIT_SYMBOLIZE_SYMBOLIZER_INTERNAL_H

#include "symbolize/symbolizer.h"

/* No pc has more logical frames than this. */
#define SYMBOLIZER_MAX_FRAMES 64

struct symbolizer_ops {
	/*
	 * The logical frames at exactly pc (the caller has already gone from return address to call), innermost first.
	 * 1 <= max <= SYMBOLIZER_MAX_FRAMES. Returns how many were written, 0 if pc belongs to no known function.
	 */
	size_t (*frames)(struct symbolizer *sym, elf_vaddr pc, struct sym_frame *frames, size_t max);
	/* NULL where the back end has no lines without functions. */
	bool (*line)(struct symbolizer *sym, elf_vaddr pc, const char **file, int *line);
	/* NULL where the back end knows no variables. max >= 1. */
	size_t (*moved_variables)(struct symbolizer *sym, elf_vaddr entry, struct sym_moved_variable *vars, size_t max);
	/* NULL where the back end knows no variables. n >= 1, vars zeroed. */
	void (*moved_by)(struct symbolizer *sym, const elf_vaddr *rets, size_t n, struct sym_moved_variable *vars);
	/* NULL where the back end knows no variables. max >= 1. */
	size_t (*captured)(struct symbolizer *sym, elf_vaddr entry, struct sym_captured *out, size_t max);
	/* Frees everything, sym itself included. Never called with NULL. */
	void (*free)(struct symbolizer *sym);
};

struct symbolizer {
	const struct symbolizer_ops *ops;
};

#endif
