/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The back end for files that say nothing but the names of their functions: .symtab and .dynsym, of the file or of its
 * debug file. Frames have a function and an entry, no file and no line, and nothing is inlined. Names are as the linker
 * has them (see demangle.h), without the version that may follow them.
 */
#ifndef ESCAUDIT_SYMBOLIZE_SYMBOLIZER_SYMTAB_H
#define ESCAUDIT_SYMBOLIZE_SYMBOLIZER_SYMTAB_H

#include "symbolize/elf_image.h"
#include "symbolize/symbolizer.h"

/* Borrows image, which must outlive it. -ENODATA without a symbol of a function. */
int symbolizer_new_symtab(struct symbolizer **out, const struct elf_image *image, struct error *err);

#endif
