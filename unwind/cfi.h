/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unwind tables of one file, .eh_frame (Linux Standard Base, "Exception Frames"; DWARF 5, 6.4), found by
 * .eh_frame_hdr or, where there is none, by going through the section.
 *
 * libunwind trusts what it reads: a register number out of range is an index into its memory, an unknown instruction is
 * skipped without its operands. So it never sees the file. The entry of one function is read here, checked, and written
 * anew in the plainest form there is: one CIE and one FDE with absolute 64-bit addresses, only registers and
 * instructions that libunwind knows, nothing of personalities and landing pads.
 */
#ifndef ESCAUDIT_UNWIND_CFI_H
#define ESCAUDIT_UNWIND_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbolize/elf_image.h"

struct cfi_table;

/* Borrows the image, which must outlive it. */
struct cfi_table *cfi_table_new(const struct elf_image *image);
void cfi_table_free(struct cfi_table *table); /* accepts NULL */

enum cfi_found {
	CFI_FOUND,
	CFI_NONE, /* no tables, or nothing in them for this address */
	CFI_BAD,  /* damaged, or more than is understood */
};

/* Everything behind bytes is an offset into them. They are padded to words of 8 bytes. */
struct cfi_entry {
	elf_vaddr start;
	uint64_t range; /* bytes of code, less than 2 GiB */
	bool is_signal; /* what called it was interrupted: its address is exact, not one after a call */
	uint8_t *bytes;
	size_t size;
	size_t fde;
	size_t start_at; /* 8 bytes: where the function starts in the process; 0 until it is put there */
};

/* The entry of the function at vaddr. Valid until the next call. */
enum cfi_found cfi_table_find(struct cfi_table *table, elf_vaddr vaddr, struct cfi_entry **out);

#endif
