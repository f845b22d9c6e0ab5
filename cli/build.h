/* SPDX-License-Identifier: Apache-2.0 */
/* A build whose predictions come with the columns of its binary's sites. */
#ifndef ESCAUDIT_CLI_BUILD_H
#define ESCAUDIT_CLI_BUILD_H

#include "base/error.h"
#include "cli/cli.h"
#include "predict/build.h"

/*
 * build_with_diagnostics(), and unless --columns=off a twin, which is read into set->columns and removed. A twin that
 * cannot be built or read leaves a reason there.
 */
int cli_build(const struct cli_args *args, const struct build_options *options, struct predictions *set,
	      struct error *err);

#endif
