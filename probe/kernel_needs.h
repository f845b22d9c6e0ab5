/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the kernel the programs in bpf/ cannot do without, in one table: each is found out by trying it, and named
 * with the release that brought it. doctor lists them; where programs fail to load, what is missing here is why.
 */
#ifndef ESCAUDIT_PROBE_KERNEL_NEEDS_H
#define ESCAUDIT_PROBE_KERNEL_NEEDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct kernel_need {
	const char *name;    /* "attach cookies" */
	const char *good;    /* what was tried: "bpf_get_attach_cookie loads" */
	const char *release; /* of Linux, that brought it: "5.15" */
	int (*try)(void);    /* 0, or a negative errno */
	bool is_map;	     /* and no program: counts against RLIMIT_MEMLOCK before Linux 5.11 */
};

/* In the order of the releases. */
extern const struct kernel_need kernel_needs[];
extern const size_t n_kernel_needs;

/*
 * Is a code of try that of a kernel that does not know what was asked of it? Not if privileges or memory are wanting.
 */
bool kernel_need_is_lacking(int code);

/*
 * Does this kernel lack attach cookies (5.15) or atomics that give back what was there before (5.12)? Found out by
 * trying, once. The programs for such a kernel are others (bpf/walk.bpf.h), and so is the way a point gets its cookie
 * (probe/attach.c).
 */
bool kernel_is_before_5_15(void);

/* uname: "Linux 6.1.0-37-cloud-amd64". Valid for ever. */
const char *kernel_name(void);

/*
 * Tries them all. 0, or -EOPNOTSUPP with all that this kernel lacks and the release that has it, in the one wording
 * there is:
 *
 *     this kernel, Linux 5.4.0-216-generic, lacks reading user memory (Linux 5.5), ring buffer (Linux 5.8); use Linux
 *     5.8 or later
 */
int kernel_needs_check(struct error *err);

#endif
