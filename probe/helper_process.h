/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of ours that do one thing and must outlive us by a moment. */
#ifndef ESCAUDIT_PROBE_HELPER_PROCESS_H
#define ESCAUDIT_PROBE_HELPER_PROCESS_H

#include <stddef.h>

/* The address sanitizer knows one stack for a thread, and takes a function that does not return for its end. */
#define OWN_STACK __attribute__((no_sanitize_address))

/*
 * Makes a helper of a process that has just been forked: no signal but SIGKILL and SIGSTOP reaches it, and of its
 * descriptors only those are left (n of them, sorted in place; negative ones are none).
 */
void helper_process_begin(const char *name, int *keep, size_t n);

#endif
