/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How objects are counted: every one with a trap of its own (mode_exact.c), or by samples (sampling/mode_sample.c).
 * Both go the same way: probes in place, drained while the window lasts, taken out, counts read. Reach probes are a
 * part of both.
 */
#ifndef ESCAUDIT_PROBE_MODE_H
#define ESCAUDIT_PROBE_MODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "probe/attach.h"
#include "probe/entries.h"
#include "probe/process.h"
#include "recording/raw.h"

struct mode;

/* All borrowed, and must outlive the mode. */
struct mode_options {
	const struct go_binary *bin;
	const struct alloc_entries *entries;
	const struct process *process; /* that runs already; NULL for none */
	enum attach_method method;
	double max_overhead;	   /* of one core, for sampling; 0 means the default */
	uint32_t max_observations; /* for exact counts; 0 means the default */
	bool is_launch;		   /* the process has not begun to run the program yet, but will */
	bool takes_modules;	   /* mode_add_module may be called */
	bool with_reach;	   /* mode_attach_reach will be called */
	struct strbuf *missed;	   /* gets what is not covered, clause by clause; need not outlive the call */
};

/* Loads the kernel programs. Errors as capture_new has them. */
int mode_new_exact(struct mode **out, const struct mode_options *options, struct error *err);
int mode_new_sample(struct mode **out, const struct mode_options *options, struct error *err);
void mode_free(struct mode *mode); /* accepts NULL; detaches */

/* Adds a clause to what is not covered; NULL adds none. */
void mode_add_missed(struct strbuf *missed, const char *text);

/* Arms one-shot probes on n call instructions; before mode_attach, see capture_attach_reach. */
int mode_attach_reach(struct mode *mode, pid_t pid, const elf_vaddr *calls, size_t n, struct error *err);
/* Arms the probes for one process, or for all that map the binary if pid is 0. The window begins here. */
int mode_attach(struct mode *mode, pid_t pid, struct error *err);
/* A descriptor that polls readable when mode_drain has work; call it a few times a second, too. */
int mode_fd(const struct mode *mode);
int mode_drain(struct mode *mode, struct error *err);
/*
 * A module that the process has loaded since mode_attach, and of which nothing has run yet. Fails only where the probes
 * could not be put in place; what else cannot be covered is added to missed.
 */
int mode_add_module(struct mode *mode, pid_t pid, const struct process_module *module, struct strbuf *missed,
		    struct error *err);
/* As capture_has_begun, capture_has_ended and capture_is_armed. */
bool mode_has_begun(const struct mode *mode);
bool mode_has_ended(const struct mode *mode);
bool mode_is_armed(const struct mode *mode);
/* Takes the probes out. The window ends here. Idempotent. */
void mode_detach(struct mode *mode);

/* What is read: the rest of the window, a part of it that ends here, or a look at all of it so far. */
enum mode_part { MODE_PART_REST, MODE_PART_CUT, MODE_PART_VIEW };

struct mode_result {
	struct raw_capture raw; /* owned by the mode */
	uint64_t hits;		/* objects seen, or samples */
	uint64_t shortened;	/* objects counted under a shortened stack */
	uint64_t entries;	/* instructions probed all the time */
	const uint8_t *reached; /* one per reach probe, in the order given: 1 if hit */
	size_t n_reached;
	double seconds; /* of the window, where the mode knows better than a clock outside; else 0 */
};

/*
 * Reads what was counted since the last cut; losses, the mode and its figures go to rec, which may lend its sites. The
 * result is valid until the next call.
 */
int mode_read(struct mode *mode, enum mode_part part, struct mode_result *out, struct recording *rec,
	      struct error *err);

#endif
