/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The code that a process has mapped, file by file. The files are kept open, so that its C stacks can be unwound after
 * it has ended; its memory is never looked at. Not for two threads at once.
 */
#ifndef ESCAUDIT_UNWIND_C_PROCESS_H
#define ESCAUDIT_UNWIND_C_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "symbolize/c_files.h"

struct c_process;

struct c_range {
	uint64_t start, end;
};

/*
 * Reads what is mapped at once if the process runs; one that has ended or has not begun is no error. files is borrowed,
 * may serve several processes and must outlive them. -EACCES and the like where the map may not be read.
 */
int c_process_new(struct c_process **out, pid_t pid, struct c_files *files, struct error *err);
/*
 * Reads it again. Files that are known stay open, and mappings of the past stay where nothing took their place, until
 * the process executes a program. -ESRCH once it has ended; what is known stays.
 */
int c_process_refresh(struct c_process *process);
/*
 * One more mapping of code, as the kernel told of it, over what was there. offset in bytes; fd is duplicated, and -1
 * where the file is not to be had: it is then known by its path only. A path that does not begin with "/" is no file.
 */
void c_process_add_mapping(struct c_process *process, uint64_t start, uint64_t end, uint64_t offset, int fd,
			   const char *path);
/*
 * Where its code is that a file backs, by address: at other code stacks end. What lies closest is merged until there
 * are at most max ranges. Returns how many.
 */
size_t c_process_text_ranges(const struct c_process *process, struct c_range *out, size_t max);
/* The same of ranges in any order, of several processes, in place. */
size_t c_ranges_merge(struct c_range *ranges, size_t n, size_t max);
/* How often code has come where other code was known to be: from then on the same addresses are another stack. */
uint64_t c_process_replaced(const struct c_process *process);
void c_process_free(struct c_process *process); /* accepts NULL */

#endif
