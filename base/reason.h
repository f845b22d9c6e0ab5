/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a system call failed, in words. Where the code stands for a limit (too many open files, no memory, no more
 * processes) the words name the limit that is in force, its value and what raises it: what is found, never a guess.
 */
#ifndef ESCAUDIT_BASE_REASON_H
#define ESCAUDIT_BASE_REASON_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The text of an errno, negative or not, without a full stop. Of a limit: "Too many open files; RLIMIT_NOFILE is 12:
 * allow more with ulimit -n 1024". Needs neither memory nor, for descriptors, a descriptor; leaves errno as it is.
 * Valid until the fourth call after.
 */
const char *reason_text(int code);
/* The same of fork and clone, where EAGAIN stands for a limit too. */
const char *reason_of_fork(int code);

/*
 * Does a negative errno stand for a limit, so that what else could be wrong need not be told? A descriptor does not,
 * also where it has the number of an errno.
 */
bool reason_is_limit(int code);

/*
 * Can n descriptors more be opened? 0, or the code that the first one too many failed with. For callees that take a
 * want of descriptors for something else.
 */
int reason_no_descriptors(size_t n);

#endif
