/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pc to function, file, line and inline chain. Two back ends behind one table: pclntab (always there, exact, the
 * default) and DWARF over libdw (C frames, variable names; must agree with pclntab on Go code).
 */
#ifndef ESCAUDIT_SYMBOLIZE_SYMBOLIZER_H
#define ESCAUDIT_SYMBOLIZE_SYMBOLIZER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "symbolize/go_binary.h"

/* One logical frame. Strings are valid as long as the symbolizer. */
struct sym_frame {
	const char *function; /* "main.(*T).method" */
	const char *file;     /* as in the tables; NULL if unknown */
	int line;	      /* 0 if unknown */
	int start_line;	      /* of the func keyword, 0 if unknown */
	elf_vaddr entry;      /* of the physical function */
	bool inlined;	      /* true for all but the outermost of one pc */
};

struct symbolizer;

/* Both borrow bin, which must outlive them. */
int symbolizer_new_pclntab(struct symbolizer **out, const struct go_binary *bin, struct error *err);
/* -ENODATA if the file carries no DWARF. */
int symbolizer_new_dwarf(struct symbolizer **out, const struct go_binary *bin, struct error *err);
void symbolizer_free(struct symbolizer *sym);

/*
 * The logical frames of one return address, innermost first. The lookup is made at ret - 1, so that the call's own line
 * is named. Returns the number of frames written (at most max, never more than 64), 0 if the address belongs to no
 * known function.
 */
size_t symbolizer_frames(struct symbolizer *sym, elf_vaddr ret, struct sym_frame *frames, size_t max);
/* The same for an exact instruction address: no - 1. */
size_t symbolizer_frames_at(struct symbolizer *sym, elf_vaddr pc, struct sym_frame *frames, size_t max);
/*
 * Where the call before a return address was written, from the line table alone, for what has lines and no functions
 * there: assembler sources, units of clang -g1, split units whose other half is in a file that is not opened. False
 * where no line is known; always but with DWARF.
 */
bool symbolizer_line(struct symbolizer *sym, elf_vaddr ret, const char **file, int *line);

/* A variable that the compiler moved to the heap, from DWARF ("&x" in the variable table): its name and declaration
 * line. */
struct sym_moved_variable {
	const char *name; /* without the & */
	int line;
	uint64_t size; /* bytes, 0 if unknown */
};
/* For the physical function at entry; dwarf back end only, 0 elsewhere. Returns how many were written. */
size_t symbolizer_moved_variables(struct symbolizer *sym, elf_vaddr entry, struct sym_moved_variable *vars, size_t max);
/*
 * For each of n return addresses, sorted, the variable whose object the call made. vars[i].name is NULL where that is
 * not certain: the pointer to the variable is in the call's result register where the call returns. dwarf back end
 * only, all NULL elsewhere; of code that was compiled without optimisation DWARF does not tell.
 */
void symbolizer_moved_by(struct symbolizer *sym, const elf_vaddr *rets, size_t n, struct sym_moved_variable *vars);

/* A variable of the surroundings that a closure uses. */
struct sym_captured {
	const char *name;
	bool by_reference;
	uint64_t offset; /* in the closure's object */
};
/*
 * What the function of a closure, at entry, takes from its object, in no order: where Go 1.23 or later compiled it;
 * dwarf back end only, 0 elsewhere. One that the function does not use any more may be missing. Returns how many were
 * written.
 */
size_t symbolizer_captured(struct symbolizer *sym, elf_vaddr entry, struct sym_captured *out, size_t max);

#endif
