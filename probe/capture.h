/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running capture: the kernel programs of one window, their maps, and the thread of user space that drains them.
 * Counting happens in the kernel; user space wakes for new stacks and for the clock, a few times a second, and reads
 * the counts once, at the end.
 */
#ifndef ESCAUDIT_PROBE_CAPTURE_H
#define ESCAUDIT_PROBE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "probe/attach.h"
#include "probe/entries.h"
#include "recording/raw.h"

/* A further Go module in the process: a plugin, with allocator entries of its own. Borrowed like the binary. */
struct capture_module {
	const struct go_binary *bin;
	const struct alloc_entries *entries;
	uint64_t displacement; /* its vaddrs, so much higher, are addresses in the binary's own address space */
};

struct capture_options {
	enum attach_method method;
	uint32_t max_observations; /* different (stack, type) pairs counted in full; 0 means the default */
	uint32_t stack_depth;	   /* return addresses kept of a stack, at most STACK_DEPTH_MAX; 0 means the default */
	bool is_launch;		   /* the process has not begun to run the program yet, but will */
	bool takes_modules;	   /* capture_add_module may be called */
	const struct capture_module *modules;
	size_t n_modules;
};

struct capture;

/* Loads the programs. Needs CAP_BPF and CAP_PERFMON, or root; the error says so. bin and entries must outlive the
 * capture. */
int capture_new(struct capture **out, const struct go_binary *bin, const struct alloc_entries *entries,
		const struct capture_options *options, struct error *err);
void capture_free(struct capture *capture); /* accepts NULL; detaches */

/* Arms the probes for one process, or for all that map the binary if pid is 0. The window begins here. */
int capture_attach(struct capture *capture, pid_t pid, struct error *err);
/*
 * Arms one-shot probes on n call instructions (vaddrs). Call before the target runs them; they are taken out in batches
 * as they are hit, so that a hot call costs a trap only for the first fraction of a second.
 */
int capture_attach_reach(struct capture *capture, pid_t pid, const elf_vaddr *calls, size_t n, struct error *err);

/*
 * The same for a module that was loaded since, before any of it runs. After capture_attach; what the module points to
 * must outlive the capture.
 */
int capture_add_module(struct capture *capture, pid_t pid, const struct capture_module *module, struct error *err);

/* Whether the process was seen to begin to run the program since the probes were put in place. */
bool capture_has_begun(const struct capture *capture);
/*
 * Whether the process has begun to run the program once more, by exec. From that moment on nothing is counted: it is
 * another run. Known only of a single process.
 */
bool capture_has_ended(const struct capture *capture);

/* Whether the allocation points' probes are in place. Not before capture_attach, nor once somebody killed their holder.
 */
bool capture_is_armed(const struct capture *capture);

/* A descriptor that polls readable when capture_drain has work. */
int capture_fd(const struct capture *capture);
/* Takes new stacks out of the ring and retires reach probes that were hit. Call when capture_fd is readable and a few
 * times a second. */
int capture_drain(struct capture *capture, struct error *err);

/* Takes the probes out. The window ends here. Idempotent. */
void capture_detach(struct capture *capture);

struct capture_result {
	struct raw_capture raw; /* owned by the capture */
	uint64_t hits;		/* objects seen */
	uint64_t bytes;
	uint64_t zero_size;
	uint64_t shortened;	/* objects counted under a shortened stack */
	const uint8_t *reached; /* one per reach probe, in the order given: 1 if hit */
	size_t n_reached;
};

/*
 * Reads what was counted since the last capture_cut, and the losses into rec. The result is valid until the next call
 * of either.
 */
int capture_read(struct capture *capture, struct capture_result *out, struct recording *rec, struct error *err);
/*
 * The same in the middle of the window, which goes on: every object is in exactly one of the results. smallest and
 * largest are those since the beginning.
 */
int capture_cut(struct capture *capture, struct capture_result *out, struct recording *rec, struct error *err);
/* What capture_read would give, in the middle of the window, which goes on as if nobody had asked. */
int capture_peek(struct capture *capture, struct capture_result *out, struct recording *rec, struct error *err);

#endif
