/* SPDX-License-Identifier: Apache-2.0 */
/* The DWARF back end for a file that need not be a Go binary: a C library in a Go process, an input of the fuzzer. */
#ifndef ESCAUDIT_SYMBOLIZE_SYMBOLIZER_DWARF_H
#define ESCAUDIT_SYMBOLIZE_SYMBOLIZER_DWARF_H

#include "symbolize/elf_image.h"
#include "symbolize/symbolizer.h"

/*
 * As symbolizer_new_dwarf, over an image opened from a file, which is borrowed during the call only. go_minor is the
 * minor version of the Go release that compiled the Go units (see go_binary_minor), for what it alone decides about
 * moved variables; any number if there are none. Errors: -ENODATA without DWARF, -EBADMSG for damaged sections, -E2BIG
 * for compressed sections that claim to unpack to gigabytes, errno of fcntl.
 */
int symbolizer_new_dwarf_image(struct symbolizer **out, const struct elf_image *image, int go_minor, struct error *err);
/*
 * The same with what dwz moved into a file that several share (see debug_file_open_shared), NULL without, and within a
 * budget: the bytes that libdw keeps of the debug sections, unpacked, are taken from *budget; -E2BIG if they are more.
 * So is what is made of them afterwards (indexes, lines): what does not fit any more is not known. budget outlives the
 * symbolizer.
 */
int symbolizer_new_dwarf_shared(struct symbolizer **out, const struct elf_image *image, const struct elf_image *shared,
				int go_minor, uint64_t *budget, struct error *err);

#endif
