/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a program that stands still before its first instruction until it is released, without ptrace. */
#ifndef ESCAUDIT_PROBE_LAUNCH_H
#define ESCAUDIT_PROBE_LAUNCH_H

#include <sys/types.h>

#include "base/error.h"

struct launch {
	pid_t pid;
	int pid_fd;	  /* polls readable once the program has ended */
	int go_fd;	  /* our end of the pipe the child waits on */
	int exec_fd;	  /* tells why exec failed */
	const char *path; /* the caller's, as given to launch_start */
};

/* The file that argv0 names, found as execvp would: owned string. -ENOENT with a sentence. */
int launch_resolve(char **out, const char *argv0, struct error *err);

/*
 * Forks a child that waits. The probes are put on the file for the child's pid; exec keeps the pid, and the kernel
 * inserts them as it maps the new program. The path stays the caller's, and has to stay until launch_release.
 * death_signal: what the kernel sends it when we are gone, whatever the way; 0 for nothing.
 */
int launch_start(struct launch *out, const char *path, char *const argv[], int death_signal, struct error *err);
/* Lets it exec. Returns once exec has succeeded or failed. */
int launch_release(struct launch *launch, struct error *err);
/* After pid_fd became readable: exit code, or 128 + signal. */
int launch_reap(struct launch *launch);
/* Ends a child that was never released, closes the descriptors. Accepts what launch_start left after a failure. */
void launch_close(struct launch *launch);

#endif
