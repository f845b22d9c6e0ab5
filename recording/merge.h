/* SPDX-License-Identifier: Apache-2.0 */
/* Sums recordings of replicas: processes of one build that did the same work side by side. */
#ifndef ESCAUDIT_RECORDING_MERGE_H
#define ESCAUDIT_RECORDING_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "recording/recording.h"

/* A recording that was merged into another. */
struct replica {
	const char *file; /* its base name, `file_length` bytes of it: "a.gz" */
	size_t file_length;
	int64_t pid;
	uint64_t start_unix_ns;
	double seconds;
	uint64_t objects, bytes;
};

/*
 * How many, 0 for a recording that was not merged. The parts of observations are of these, counted from 0. *out, which
 * may be NULL, is the caller's to free; its strings are the recording's.
 */
size_t recording_replicas(const struct recording *rec, struct replica **out);

/*
 * Adds all others to recs[0], which names and binary then stand for all. Counts, losses and windows are sums (seconds
 * of processes); complete is what all of them are; reach evidence is a hit if any was hit, never if it was watched in
 * all and hit in none. What each contributed stays: to each observation in its parts, and in sum in comments, one
 * "replica.N" each:
 *
 *     replica.1=file=a.gz pid=4242 start_unix_ns=1700000000000000000 seconds=12.345 objects=1530 bytes=56943
 *
 * Recordings that were merged before bring theirs along. names are the files', for messages and comments.
 * -EINVAL, with the two names, if builds or modes differ, a build is unknown, or a replica is in two of them; recs[0]
 * is then as it was.
 */
int recording_merge(struct recording **recs, const char *const *names, size_t n, struct error *err);

#endif
