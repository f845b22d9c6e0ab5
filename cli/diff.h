/* SPDX-License-Identifier: Apache-2.0 */
/* What diff and audit --against end with: the report of a difference, and its gates. */
#ifndef ESCAUDIT_CLI_DIFF_H
#define ESCAUDIT_CLI_DIFF_H

#include "cli/cli.h"
#include "cli/gates.h"
#include "diff/diff.h"

/* Prints the report to stdout and returns the exit code: failed, gate, partial or done. has_units: somebody said how
 * much work was done. */
int diff_finish(const struct cli_args *args, const struct diff *diff, bool has_units,
		const struct report_options *options, struct gates *gates);

#endif
