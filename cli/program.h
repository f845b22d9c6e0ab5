/* SPDX-License-Identifier: Apache-2.0 */
/* The program that audit builds and runs. */
#ifndef ESCAUDIT_CLI_PROGRAM_H
#define ESCAUDIT_CLI_PROGRAM_H

#include "cli/cli.h"
#include "cli/target.h"
#include "predict/prediction.h"
#include "probe/session.h"

/*
 * Opens the binary (named `shown` in the recording), runs it with what stood behind "--" and records it into
 * out->rec. predictions and recording name where to keep these; NULL for nowhere. out is for the caller to release,
 * also where this fails.
 */
int program_record(struct target *out, const struct cli_args *args, const char *binary, const char *shown,
		   struct predictions *set, const struct session_options *options, const char *predictions,
		   const char *recording, struct error *err);

#endif
