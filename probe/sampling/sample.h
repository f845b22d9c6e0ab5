/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running capture of the sampling mode. Has the shape of probe/capture.h: load, attach, drain when the descriptor
 * says so, detach, read. Draining also runs the controller, and may take a tenth of a second while probes come and go.
 */
#ifndef ESCAUDIT_PROBE_SAMPLING_SAMPLE_H
#define ESCAUDIT_PROBE_SAMPLING_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "probe/attach.h"
#include "probe/entries.h"
#include "probe/sampling/sample_points.h"
#include "recording/raw.h"

/* The share of one core, unless told otherwise. */
#define SAMPLE_BUDGET_DEFAULT 0.01

struct sample_options {
	enum attach_method method;
	double budget;	      /* share of one core that probes may cost; 0 means the default */
	uint32_t max_stacks;  /* different stacks kept in full; 0 means the default */
	uint32_t stack_depth; /* 0 means the default */
	bool is_launch;	      /* the process has not begun to run the program yet, but will */
	bool without_exact;   /* no exact windows */
	uint64_t seed;	      /* of the jitter; 0: from the clock */
};

struct sample;

/* Loads the programs and measures what a trap costs. Errors as capture_new has them. bin, entries and points must
 * outlive the capture. */
int sample_new(struct sample **out, const struct go_binary *bin, const struct alloc_entries *entries,
	       const struct sample_points *points, const struct sample_options *options, struct error *err);
void sample_free(struct sample *sample); /* accepts NULL; detaches */

/*
 * Where a process that runs has the binary (runtime address less vaddr), before it is attached to: the runtime's own
 * counts can be read from the window's first moment on. Without it, from its first stack on.
 */
void sample_set_bias(struct sample *sample, uint64_t bias);
/* Arms the probes for one process, or for all that map the binary if pid is 0. The window begins here. */
int sample_attach(struct sample *sample, pid_t pid, struct error *err);
/* A descriptor that polls readable when sample_drain has work. */
int sample_fd(const struct sample *sample);
int sample_drain(struct sample *sample, struct error *err);
/* As capture_has_ended and capture_is_armed. */
bool sample_has_begun(const struct sample *sample);
bool sample_has_ended(const struct sample *sample);
bool sample_is_armed(const struct sample *sample);
/* Takes the probes out. The window ends here. Idempotent. */
void sample_detach(struct sample *sample);

struct sample_result {
	struct raw_capture raw; /* owned by the capture */
	double seconds;		/* of the window: what the estimates are for */
	uint64_t samples;
	uint64_t points; /* instructions probed all the time */
};

/*
 * Estimates what was allocated since the window began, or since the last sample_cut. rec lends its sites, which know
 * types and sizes that a sample does not show, and gets the losses and the figures of the sampling as extra comments.
 * The result is valid until the next call of either.
 */
int sample_read(struct sample *sample, struct sample_result *out, struct recording *rec, struct error *err);
/* The same, and begins a new window without a gap. */
int sample_cut(struct sample *sample, struct sample_result *out, struct recording *rec, struct error *err);

#endif
