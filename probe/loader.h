/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel programs into the kernel, and the truth where it does not take them: what its verifier said, a limit that was
 * met, a privilege that is missing, a feature that it lacks. Each is found out before it is said.
 */
#ifndef ESCAUDIT_PROBE_LOADER_H
#define ESCAUDIT_PROBE_LOADER_H

#include "base/error.h"

struct bpf_object_skeleton;

/* libbpf's remarks on standard error go nowhere from here on. Idempotent. */
void loader_silence(void);

/*
 * Loads an opened skeleton. Where the verifier refused a program, the error holds its last lines, each on a line of its
 * own, and names the file that holds all of it (mode 0600, in $TMPDIR or /tmp), or why there is none.
 */
int loader_load(const struct bpf_object_skeleton *skeleton, struct error *err);

/*
 * Sets the error of bpf() having been refused for want of privileges, after a look at those that are held, and returns
 * code. map: ": map 'NAME'" where it was a map that could not be made, else "".
 */
int loader_denied(struct error *err, int code, const char *map);

/* Sets the error of a skeleton that could not be opened, and returns it. */
int loader_open_error(struct error *err, int ret);

#endif
