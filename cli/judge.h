/* SPDX-License-Identifier: Apache-2.0 */
/* What compare and audit end with: verdicts, the report, the gate. */
#ifndef ESCAUDIT_CLI_JUDGE_H
#define ESCAUDIT_CLI_JUDGE_H

#include "cli/cli.h"

/* Prints the report to stdout and returns the exit code: misuse, failed, gate, partial or done. */
int judge(const struct cli_args *args, const struct predictions *set, const struct recording *rec);
/* -1 if --fail-on, --baseline and --per are well formed, else the exit code. Worth asking before anything is built
 * or run. */
int judge_check(const struct cli_args *args);

#endif
