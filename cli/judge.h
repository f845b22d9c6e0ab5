/* SPDX-License-Identifier: Apache-2.0 */
/* What compare and audit end with: verdicts, the report, the gate. */
#ifndef ESCAUDIT_CLI_JUDGE_H
#define ESCAUDIT_CLI_JUDGE_H

#include "cli/cli.h"

/* Prints the report to stdout and returns the exit code: misuse, failed, gate, partial or done. */
int judge(const struct cli_args *args, const struct predictions *set, const struct recording *rec);
/* Are --fail-on, --baseline and --per well formed? -1 if so, else the exit code. Worth asking before anything is built
 * or run. */
int judge_check(const struct cli_args *args);

#endif
