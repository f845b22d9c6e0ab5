/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which emitted sites does a prediction speak of? The join of the first two accounts.
 *
 * The result is a set of groups. Most hold one prediction and its sites (none, one, or one for each inlined copy that
 * the log cannot tell apart). A group with several predictions is either one object made for all of them (merged
 * variables) or a set that nothing told apart, and is then marked ambiguous.
 */
#ifndef ESCAUDIT_AUDIT_MATCH_H
#define ESCAUDIT_AUDIT_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "predict/prediction.h"
#include "recording/recording.h"

#define MATCH_NONE SIZE_MAX

struct match_group {
	size_t *predictions; /* indexes into the set, in source order; at least one; owned */
	size_t n_predictions;
	size_t *sites; /* indexes into the recording, in pc order; owned */
	size_t n_sites;
	bool ambiguous; /* nothing tells which of the predictions has which of the sites */
	bool merged;	/* the compiler made one object for all of them */
	bool surplus;	/* no site is left for it: other copies of its line have them */
	bool moved;	/* one of the sites moves to the heap what the append built on the stack */
};

struct matching;

/* Does the call move what append built on the stack to the heap? */
bool match_is_move(const struct rec_site *site);

/* Borrows both, which must outlive it. */
struct matching *matching_new(const struct predictions *set, const struct recording *rec);
void matching_free(struct matching *m); /* accepts NULL */

size_t matching_count(const struct matching *m);
const struct match_group *matching_group(const struct matching *m, size_t i);

/* How many predictions are in no group, because another package says the same of the same code. */
size_t matching_duplicates(const struct matching *m);

/* Does the binary have code for the line a prediction stands on, in whatever copy? False: the log is of another build,
 * or the linker dropped the function. */
enum match_line { MATCH_LINE_UNKNOWN, MATCH_LINE_INLINED_ONLY, MATCH_LINE_KNOWN };
enum match_line matching_line(const struct matching *m, size_t prediction);

/* The import path of the package whose file a prediction stands in, if the binary tells: an instantiation of another
 * package's function stands in that package's file. NULL otherwise. */
const char *matching_file_package(const struct matching *m, size_t prediction);

/* The linker's name of the function with code around a prediction's line: the shortest, so that a closure goes before
 * what it stands in. NULL if the binary has none there. */
const char *matching_function(const struct matching *m, size_t prediction);

/*
 * The log is of another edition of the source where the functions it names stand on other lines than in the binary.
 * What it claims in and about those functions has no sites, and its line is unknown. Not asked of predictions and
 * binary that came out of one build.
 */
bool matching_is_displaced(const struct matching *m, size_t prediction);
/* One of those functions, and how many there are (0: none); example->file is the log's, *line the binary's. */
size_t matching_displaced(const struct matching *m, struct declaration *example, int *line);
/* Is the frame's file one of those with such functions? */
bool matching_in_displaced_file(const struct matching *m, const struct rec_frame *frame);

/* Was the physical function compiled in a package the predictions cover? */
bool matching_covers(const struct matching *m, const struct rec_frame *physical);

#endif
