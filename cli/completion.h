/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts that complete commands, options and their values in shells, made from the tables of cli.h. */
#ifndef ESCAUDIT_CLI_COMPLETION_H
#define ESCAUDIT_CLI_COMPLETION_H

#include <stdbool.h>
#include <stdio.h>

/* shell is "bash" or "zsh"; false, and nothing printed, for any other. */
bool completion_print(FILE *f, const char *shell);

#endif
