/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One measurement from beginning to end: which process, arm, wait, disarm, read, name. Leaves a complete recording.
 */
#ifndef ESCAUDIT_PROBE_SESSION_H
#define ESCAUDIT_PROBE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "probe/process.h"
#include "recording/raw.h"
#include "recording/recording.h"
#include "symbolize/symbolizer.h"

/* Go runtimes counted in one process: each takes its share of the kernel's memory. */
#define SESSION_RUNTIMES_MAX 8

/* What is counted: one Go runtime. All borrowed until the session is over. */
struct session_target {
	struct recording *rec; /* described; it may hold the binary's sites */
	const struct go_binary *bin;
	struct symbolizer *sym;
	const bool *reach; /* one per site of the recording: put a reach probe there; NULL for none */
};

/* What the session tells its caller while it lasts. Functions may be NULL. */
struct session_events {
	void *ctx;
	/*
	 * A launched program has loaded a Go runtime, of which nothing has run yet, and stands still. path: as the
	 * process calls the file. Takes bin, also where it fails. What is put into target is counted from its first
	 * allocation. Without this function, and where it fails, the runtime is named among what is not covered.
	 */
	int (*loaded)(void *ctx, struct go_binary *bin, const char *path, struct session_target *target,
		      struct error *err);
	/* The probes are in place. */
	void (*armed)(void *ctx);
	/* raw was counted and is about to be put on lines, and rec has no sites: now is the time to decode them. */
	void (*sites)(void *ctx, struct recording *rec, const struct raw_capture *raw);
	/*
	 * SIGHUP, for each target: rec is whole, up to now. Afterwards what was counted is taken out of it, and
	 * counting goes on: every object is in exactly one of the recordings. Without this function SIGHUP is left
	 * alone.
	 */
	int (*cut)(void *ctx, struct recording *rec, struct error *err);
	/* SIGINT or SIGTERM arrived; what it does to the window is above, at session_launch and session_attach. */
	void (*signalled)(void *ctx, int signal);
	/*
	 * Every view_seconds: what was counted since the window began, as a recording of its own, which is the callee's
	 * to free, before the session's. Where a look takes long it comes later: looking takes a tenth of the time at
	 * most. False ends the window. SIGHUP then ends it too.
	 */
	bool (*view)(void *ctx, struct recording *view);
	double view_seconds;
	/* Something can be read from input_fd, or a signal interrupted the wait. False ends the window. */
	bool (*input)(void *ctx);
	int input_fd; /* of no meaning without the function */
};

struct session_options {
	enum rec_mode mode;	   /* REC_MODE_EXACT, every object; or REC_MODE_SAMPLE, without a trap for each */
	double max_overhead;	   /* of one core, for sampling: 0.01 is 1 %; 0 means the default */
	double duration_seconds;   /* 0: until the program ends or we are asked to stop */
	bool force_perf;	   /* attach through perf events even where uprobe_multi works */
	bool force_multi;	   /* attach through uprobe_multi or not at all */
	uint32_t max_observations; /* 0 means the default */
	struct session_events events;
	/* One per site of the recording: put a reach probe there; NULL for none. The recording's points that are not
	 * REACH_NOT_PROBED get one too. */
	const bool *reach;
};

/*
 * What the binary is: path, versions, build information, into the header. path as the user knows it.
 */
void session_describe(struct recording *rec, const struct go_binary *bin, const char *path);

/*
 * Runs argv (path is the resolved file) from its first instruction to its end, or to the end of the duration, and fills
 * rec. rec may already hold the binary's sites. The program's status goes into header.exit_status; a program that fails
 * is no error here. Go runtimes that it loads beside its own go to events.loaded, plugins are counted with it.
 */
int session_launch(struct recording *rec, const struct go_binary *bin, struct symbolizer *sym, const char *path,
		   char *const argv[], const struct session_options *options, struct error *err);

/*
 * The same for a program that is not Go but may load libraries that are, or execute a program that is: whatever Go
 * runtime comes goes to events.loaded. reach is of no meaning. Where nothing was counted the error says why (-ENODATA:
 * no Go runtime was loaded) and the program's status, which is put into *exit_status: -1 if it goes on.
 */
int session_launch_host(const char *path, char *const argv[], const struct session_options *options, int *exit_status,
			struct error *err);

/*
 * The same for a running process, or for all that run the binary (NULL), until the duration ends, SIGINT or SIGTERM
 * arrives, or the process ends or executes another program.
 */
int session_attach(struct recording *rec, const struct go_binary *bin, struct symbolizer *sym,
		   const struct process *process, const struct session_options *options, struct error *err);

#endif
