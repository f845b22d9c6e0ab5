/* SPDX-License-Identifier: Apache-2.0 */
/* What record and audit share about a measurement: its options, what is said of it, and the exit code it earns. */
#ifndef ESCAUDIT_CLI_MEASURE_H
#define ESCAUDIT_CLI_MEASURE_H

#include "cli/cli.h"
#include "probe/session.h"
#include "recording/recording.h"

/* --duration, --max-stacks, --attach. False after a misuse was printed. */
bool measure_options(const struct cli_args *args, struct session_options *out);
/*
 * Can a file of that name be written when the run is over? Asked before anything runs, so that no measurement is lost
 * for a misspelt directory. Prints the error if not. path may be NULL or "-".
 */
bool measure_can_write(const struct cli_args *args, const char *path);
/* One or two lines on stderr: what was recorded, where to, what was lost. */
void measure_note(const struct recording *rec, const char *output);
/* The program's own status where it is not 0; else partial with losses or without full coverage; else done. */
int measure_exit_code(const struct recording *rec);

#endif
