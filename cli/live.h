/* SPDX-License-Identifier: Apache-2.0 */
/* `top` of a process that runs: a screen to look at or, without a terminal, one table after the other. */
#ifndef ESCAUDIT_CLI_LIVE_H
#define ESCAUDIT_CLI_LIVE_H

#include "cli/cli.h"

/* Returns an exit code. The options are those of the first view. */
int live_main(const struct cli_args *args, const struct top_options *options);

#endif
