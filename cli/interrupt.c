/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/interrupt.h"

#include <stddef.h>

#include "base/memory.h"

/* The last one is a matter of the process alone, which has lost the reader of its report. */
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

/* A handler has no other way to say what it saw. */
static volatile sig_atomic_t noted;

void interrupt_note(int signal)
{
	if (!noted)
		noted = signal;
}

int interrupt_signal(void)
{
	return noted;
}

void interrupt_signals(sigset_t *set)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals) && signals[i] != SIGPIPE; i++)
		sigaddset(set, signals[i]);
}

void interrupt_begin(struct interrupt *state)
{
	struct sigaction action = {.sa_handler = interrupt_note}; /* without SA_RESTART: who waits must hear of it */

	noted = 0;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		sigaction(signals[i], NULL, &state->old[i]);
		if (state->old[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

void interrupt_end(struct interrupt *state)
{
	int signal = noted;

	noted = 0;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &state->old[i], NULL);
	if (signal)
		raise(signal);
}
