/* SPDX-License-Identifier: Apache-2.0 */
/* A command run to its end, and ended early where a signal to us asks for it: the go command, git. */
#ifndef ESCAUDIT_BASE_CHILD_H
#define ESCAUDIT_BASE_CHILD_H

#include <signal.h>
#include <stdbool.h>

struct child {
	char *const *argv;     /* NULL-terminated; argv[0] is looked for in PATH unless it has a slash */
	char *const *env;      /* NULL-terminated NAME=VALUE */
	const char *directory; /* where it runs */
	int out, said;	       /* descriptors for its standard output and standard error; its input is empty */
	sigset_t mask;	       /* signals blocked in it */
	bool own_group;	       /* signals to our terminal's group do not reach it */
	/* Who has signals blocked says which; one that arrives stays pending, and ends the child. NULL for none. */
	const sigset_t *held;
	/* Who handles signals says whether one came. NULL where none is to end the child. */
	int (*interrupted)(void);
	int end_with; /* the signal that ends it, in its own good time */
};

/*
 * Runs it and waits for it. 0 with what waitpid says in *status; -EINTR where a signal ended it, and the child is gone
 * by then; else the negative errno of starting it.
 */
int child_run(const struct child *child, int *status);

#endif
