/* SPDX-License-Identifier: Apache-2.0 */
/* audit --against: the working tree and a revision of it, run the same way, and what the change between them did. */
#ifndef ESCAUDIT_CLI_AGAINST_H
#define ESCAUDIT_CLI_AGAINST_H

#include "cli/cli.h"
#include "probe/session.h"

/* Returns the exit code. directory: an empty one to work in; binaries and the other tree are taken out of it again. */
int against_run(const struct cli_args *args, const struct session_options *options, const char *directory);

#endif
