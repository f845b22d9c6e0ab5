/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What code a process maps, told by the kernel as it happens (perf_event_open(2), PERF_RECORD_MMAP2): a program that is
 * over before anybody has read its memory map can be unwound all the same.
 *
 * The process does not notice; nothing of it is stopped.
 */
#ifndef ESCAUDIT_UNWIND_MMAP_EVENTS_H
#define ESCAUDIT_UNWIND_MMAP_EVENTS_H

#include <stdint.h>
#include <sys/types.h>

#include "unwind/c_process.h"

struct mmap_events;

/*
 * From now on, of the process with this id and of the threads that it will make: of its threads so far, only of the one
 * with this id. A program that was launched and is held has no others. A negative errno where the kernel has no perf
 * events or does not allow them: c_process_refresh is then all there is.
 */
int mmap_events_open(struct mmap_events **out, pid_t pid);
/*
 * Tells process, which must be of the same id, of all that came since the last time. Returns how many could not be told
 * of because they came too fast; then c_process_refresh is called for.
 */
uint64_t mmap_events_drain(struct mmap_events *events, struct c_process *process);
void mmap_events_free(struct mmap_events *events); /* accepts NULL */

#endif
