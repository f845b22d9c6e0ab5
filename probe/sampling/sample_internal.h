/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files of a sampling capture: its windows and their probes (windows.c), exact windows (exact_window.c),
 * the runtime's own counts over a window (window_stats.c), what comes of all (sample_result.c), and the capture
 * (sample.c).
 */
#ifndef ESCAUDIT_PROBE_SAMPLING_SAMPLE_INTERNAL_H
#define ESCAUDIT_PROBE_SAMPLING_SAMPLE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/error.h"
#include "bpf/sample_records.h"
#include "probe/attach.h"
#include "probe/sampling/controller.h"
#include "probe/sampling/heap_stats.h"
#include "probe/sampling/sample.h"
#include "probe/sampling/sample_cells.h"

#define MS_NS 1000000u

struct sample_bpf;
struct stack_ring;

struct class_list {
	struct class_totals of[SPAN_CLASSES];
};

struct sample {
	const struct go_binary *bin;
	const struct alloc_entries *entries;
	const struct sample_points *points;
	struct sample_options options;
	struct sample_bpf *skel;
	struct stack_ring *ring;
	struct sample_cells *cells;
	struct c_stacks *c_stacks;
	struct controller controller;
	struct attachment *hot, *flush, *large, *edges;
	pid_t pid;
	bool attached;
	int epoll_fd, timer_fd;
	uint64_t due; /* when the controller is asked again */
	double trap_ns;
	bool trap_measured;

	uint64_t exited_ns;    /* when the program ended, if it did so by itself */
	uint64_t begun, ended; /* of the whole window; ns of CLOCK_MONOTONIC */
	uint64_t hot_since;    /* 0 while the gate is closed */
	uint64_t cold_since, cold_ns;
	uint64_t hot_ns;
	uint64_t windows, exact_windows, exact_objects;
	uint64_t exact_not_before;			    /* the next window, for this process's own sake */
	uint64_t cut_spent[GROUP_MAX], cut_hits[GROUP_MAX]; /* at the last cut */
	struct rusage own_before;
	struct class_list seen, cut_seen; /* totals already told the estimator; those at the last cut */

	/* What the runtime counts itself. */
	struct heap_stats_place stats_place;
	struct heap_stats first_stats, last_stats;
	uint64_t first_stats_ns, last_stats_ns; /* 0: not read yet */
	uint64_t bias;
	bool has_bias;
	double seen_share; /* of the bytes that the runtime counted, what the windows saw */
	uint64_t counters_before[SAMPLE_COUNTER_MAX];
};

/* ---- windows ---- */

void sample_sleep_ns(uint64_t ns);

/* What the probes of each group have cost so far, and how often they were hit; hits may be NULL. */
int sample_read_costs(struct sample *s, uint64_t spent[GROUP_MAX], uint64_t hits[GROUP_MAX], struct error *err);
void sample_set_gate(struct sample *s, enum probe_group group, bool is_open);
/* Takes the samples out of a map. */
int sample_add_samples(struct sample *s, int fd, bool is_exact, struct error *err);
/* Tells the estimator what the classes got since the last time. */
int sample_add_totals(struct sample *s, struct error *err);
/* Ends the window that is open and, unless the gate was closed, begins the next. */
int sample_look(struct sample *s, struct error *err);
int sample_open_hot(struct sample *s, struct error *err);
int sample_close_hot(struct sample *s, struct error *err);
int sample_open_cold(struct sample *s, struct error *err);
void sample_close_cold(struct sample *s);

/* ---- the runtime's own counts ---- */

/* Often, and never far apart: nobody says when a process is about to end. */
void sample_read_stats(struct sample *s);
/* A program that ended by itself left its last word. */
void sample_read_final_stats(struct sample *s);
/*
 * What the runtime counted since the window began, and how far off that may be, relatively. False if that is not known,
 * or contradicts what the probes saw. The ends of the window outside of the first and the last reading are taken to be
 * like the rest; a process that is gone ended somewhere between the last reading and now.
 */
bool sample_stats_of_window(struct sample *s, uint64_t end, struct heap_stats *out, double *error);

/* ---- exact windows ---- */

/* The first windows show whether samples have a periodicity bias: they are not put off. */
bool sample_may_look_exact(const struct sample *s);
/*
 * Counts every object of one class, and of those that come the same way, for 1.4 ms of probe time: in that
 * order they were made in, which is what refills cannot see.
 */
int sample_exact_window(struct sample *s, struct error *err);

#endif
