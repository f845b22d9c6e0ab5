/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in the way of a recording on this machine, of this process, of this binary. Kernel features are tried,
 * not looked up by version, and so are the kernel programs: those of a recording are loaded, put on functions of our
 * own, and these are called.
 */
#ifndef ESCAUDIT_PROBE_DOCTOR_H
#define ESCAUDIT_PROBE_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/process.h"
#include "symbolize/go_binary.h"

enum doctor_status {
	DOCTOR_GOOD,
	DOCTOR_NOTE, /* worth knowing; recording works all the same */
	DOCTOR_LACK, /* recording would not work */
};

const char *doctor_status_name(enum doctor_status status); /* "good", "note", "lack": a stable interface */

struct doctor_item {
	const char *group; /* "kernel", "privileges", "process", "binary", "prove" */
	const char *name;
	enum doctor_status status;
	char *finding; /* owned by the doctor */
	char *remedy;  /* a command, or what to do; NULL where nothing is wrong, or nothing is known to mend it */
	/* Where something was called and counted: how often, and how much of it was seen; else 0, and -1. */
	int64_t calls, seen;
};

struct doctor {
	struct doctor_item *items;
	size_t n, alloc;
};

#define DOCTOR_INIT                                                                                                    \
	{                                                                                                              \
		.items = (void *)0, .n = 0, .alloc = 0                                                                 \
	}

/* Each adds its findings. bin: whose settings the programs are loaded with, NULL for neutral ones. */
void doctor_check_kernel(struct doctor *doctor, const struct go_binary *bin, bool is_process);
/* Counts a known number of calls of a small target of our own in both modes; not where the kernel was found lacking. */
void doctor_prove(struct doctor *doctor);
/* Samples the process for a fifth of a second, within the usual budget. */
void doctor_prove_process(struct doctor *doctor, const struct process *process);
void doctor_check_process(struct doctor *doctor, const struct process *process);
void doctor_check_binary(struct doctor *doctor, const struct go_binary *bin);
/* An object that could not even be opened: the sentence of the error, split at its semicolon. */
void doctor_add_error(struct doctor *doctor, const char *group, const char *name, const struct error *err);

bool doctor_would_record(const struct doctor *doctor); /* no lack */
void doctor_release(struct doctor *doctor);

#endif
