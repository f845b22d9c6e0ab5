/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line on the terminal that says what takes so long, and for how long by now. Only where standard error is a
 * terminal, only once something has taken a third of a second, and gone without a trace when it is over. A thread draws
 * it, so that what is waited for need not know of it.
 *
 * Never while a program runs that we started: the terminal is its own then.
 */
#ifndef ESCAUDIT_CLI_PROGRESS_H
#define ESCAUDIT_CLI_PROGRESS_H

/*
 * Begins, or takes the place of what was said before. seconds: how long it will take; 0 where nobody knows. What fmt
 * makes of names is cleaned.
 */
void progress_begin(double seconds, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Another text for the same work: the time goes on. */
void progress_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Takes the line off. Does nothing where there is none. */
void progress_end(void);

/* Around anything else that is written to standard error meanwhile. */
void progress_hold(void);
void progress_release(void);

#endif
