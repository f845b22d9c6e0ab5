/* SPDX-License-Identifier: Apache-2.0 */
/* Sums recordings of replicas: processes of one build that did the same work side by side. */
#ifndef ESCAUDIT_RECORDING_MERGE_H
#define ESCAUDIT_RECORDING_MERGE_H

#include <stddef.h>

#include "base/error.h"
#include "recording/recording.h"

/*
 * Adds all others to recs[0], which names and binary then stand for all. Counts, losses and windows are sums (seconds
 * of processes); complete is what all of them are; reach evidence is a hit if any was hit, never if it was watched in
 * all and hit in none. What each contributed stays in comments, one "replica.N" each:
 *
 *     replica.1=file=a.gz pid=4242 start_unix_ns=1700000000000000000 seconds=12.345 objects=1530 bytes=56943
 *
 * Recordings that were merged before bring theirs along. names are the files', for messages and comments.
 * -EINVAL, with the two names, if builds or modes differ, a build is unknown, or two are one recording; recs[0] is then
 * as it was.
 */
int recording_merge(struct recording **recs, const char *const *names, size_t n, struct error *err);

#endif
