/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ctrl-C and its like while there is something to clean up: the signal is noted, whatever waits is told, and once the
 * traces are gone it takes its effect. What runs in between (go build, a recording) has ways of its own to hear of it.
 */
#ifndef ESCAUDIT_CLI_INTERRUPT_H
#define ESCAUDIT_CLI_INTERRUPT_H

#include <signal.h>

struct interrupt {
	struct sigaction old[5];
};

/* From now on SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGPIPE are noted, those that are ignored excepted. */
void interrupt_begin(struct interrupt *state);
/* The first one noted, or 0. */
int interrupt_signal(void);
/* For signals that somebody else took in. */
void interrupt_note(int signal);
/* As it was before; a signal that was noted is raised again, which as a rule ends the process. */
void interrupt_end(struct interrupt *state);
/* Adds those that others send, all but SIGPIPE, to set. */
void interrupt_signals(sigset_t *set);

#endif
