/* SPDX-License-Identifier: Apache-2.0 */
/* What c_unwind.c needs of a process. */
#ifndef ESCAUDIT_UNWIND_C_PROCESS_INTERNAL_H
#define ESCAUDIT_UNWIND_C_PROCESS_INTERNAL_H

#include <libunwind.h>
#include <stdbool.h>
#include <stdint.h>

#include "unwind/c_process.h"
#include "unwind/cfi.h"
#include "unwind/maps.h"

#define C_NO_FILE UINT32_MAX

/* Executable pages. */
struct c_mapping {
	uint64_t start, end;
	uint64_t offset; /* of start in the file */
	uint32_t file;	 /* in c_files; C_NO_FILE for code that no file backs */
	bool is_placed;	 /* bias is known */
	uint64_t bias;	 /* runtime address less vaddr */
};

/* The one that holds an address, or NULL; its bias is known. Valid until the process's mappings change. */
const struct c_mapping *c_process_mapping(struct c_process *process, uint64_t address);
/* A mapping of code, over what was there; its file is opened if it is not known. */
void c_process_add_entry(struct c_process *process, const struct map_entry *m);
/* No code is in [start, end) any more. */
void c_process_remove(struct c_process *process, uint64_t start, uint64_t end);
/* The unwind tables of a file, or NULL if it cannot be read. */
struct cfi_table *c_process_table(struct c_process *process, uint32_t file);
/* The process's address space as libunwind sees it, made at first use; NULL if there is no memory for it. */
unw_addr_space_t c_process_space(struct c_process *process, unw_accessors_t *accessors);

#endif
