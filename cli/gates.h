/* SPDX-License-Identifier: Apache-2.0 */
/* --fail-on and --baseline, as audit, compare and diff share them. */
#ifndef ESCAUDIT_CLI_GATES_H
#define ESCAUDIT_CLI_GATES_H

#include "cli/cli.h"
#include "gate/gate.h"

struct gates {
	struct gate gate;
	struct baseline *baseline; /* NULL without --baseline */
};

/* -1: go on; else the exit code, with a message printed: misuse of --fail-on, or a baseline that cannot be read. */
int gates_open(struct gates *out, const struct cli_args *args);
void gates_release(struct gates *gates);

/*
 * What the gates found, on standard error: what tripped, and baseline entries that accepted nothing. Returns EXIT_GATE
 * if anything tripped, else code. Releases result.
 */
int gates_report(const struct gates *gates, struct gate_result *result, int code);

#endif
