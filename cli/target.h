/* SPDX-License-Identifier: Apache-2.0 */
/* What audit, record and sites all begin with: an opened binary, its symbolizer, and a recording that knows what it is
 * of. */
#ifndef ESCAUDIT_CLI_TARGET_H
#define ESCAUDIT_CLI_TARGET_H

#include "base/error.h"
#include "predict/prediction.h"
#include "probe/process.h"
#include "probe/session.h"
#include "recording/recording.h"
#include "symbolize/symbolizer.h"

struct target {
	struct go_binary *bin;
	struct symbolizer *sym;
	struct recording *rec; /* header described */
};

/* Opens path (named `shown` in messages and in the recording). */
int target_open(struct target *out, const char *path, const char *shown, struct error *err);
/* The same for a binary that is open already; takes it, also where this fails. */
int target_open_binary(struct target *out, struct go_binary *bin, const char *shown, struct error *err);
/*
 * The same for a process, which the caller frees after the target (*process is NULL where there is none to free): tells
 * the user what is remarkable about it. file: which of its Go binaries; NULL: its only one.
 */
int target_open_process(struct target *out, struct process **process, pid_t pid, const char *file, struct error *err);
/* Decodes the sites into target->rec: a second, and most of the memory, for a large binary. Shows progress. */
int target_decode(struct target *target, struct error *err);
void target_release(struct target *target);

/* Which sites get a reach probe: calls that can run without allocating, in packages of the scope. */
enum reach_scope { REACH_SCOPE_NONE, REACH_SCOPE_MAIN, REACH_SCOPE_ALL };
enum reach_scope reach_scope_of(const char *name); /* NULL: main */
/*
 * One flag a site, which must be decoded, owned by the caller; NULL for none. set may be NULL: with it, the scope of
 * the main module takes in what was predicted, which is of no main module where the program is of the standard library.
 */
bool *target_reach(const struct target *target, enum reach_scope scope, const struct predictions *set);
/* What has to be watched for the assertions in the sources, as far as these are found. set may be NULL. */
void target_add_points(struct target *target, const struct predictions *set);

#endif
