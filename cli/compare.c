/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"
#include "cli/judge.h"
#include "cli/profile.h"
#include "sites/columns.h"

int compare_main(const struct cli_args *args)
{
	struct error err = ERROR_INIT;
	struct predictions *set = predictions_new();
	struct recording *rec = NULL;
	int code;

	if (args->n_positional != 2) {
		predictions_free(set);
		return cli_misuse(args, "compare needs PREDICTIONS and RECORDING");
	}
	if (predictions_load(set, args->positional[0], &err) ||
	    profile_read(&rec, args->positional[1], args->value[OPT_PROGRAM], &err))
		code = cli_fail(&err);
	else {
		site_columns_apply(rec, set->columns);
		code = judge(args, set, rec);
	}
	recording_free(rec);
	predictions_free(set);
	return code;
}
