/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "predict/build.h"

int predict_main(const struct cli_args *args)
{
	struct error err = ERROR_INIT;
	const char *log = args->value[OPT_LOG], *output = args->value[OPT_OUTPUT];
	struct build_options build = {
		.go = args->value[OPT_GO],
		.packages = (const char *const *)args->positional,
		.flags = args->flags,
		.pattern = args->value[OPT_PATTERN],
	};
	struct report_options options;
	struct predictions *set;
	int code = EXIT_DONE, ret;

	if (!log == !args->n_positional)
		return cli_misuse(args, "predict needs PACKAGE... or --log FILE");
	if (!cli_report_options(args, &options))
		return EXIT_MISUSE;
	set = predictions_new();
	ret = log ? predictions_load(set, log, &err) : build_with_diagnostics(&build, set, &err);
	if (ret == 0 && output)
		ret = predictions_save(set, output, &err);
	if (ret)
		code = cli_fail(&err);
	else if (output)
		cli_note("saved %zu predictions to %s", set->n, output);
	else if (args->value[OPT_JSON] ? report_predictions_json(stdout, set)
				       : report_predictions_text(stdout, set, &options))
		code = EXIT_FAILED;
	predictions_free(set);
	return code;
}
