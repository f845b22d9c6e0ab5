/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/temporary_directory.h"
#include "cli/build.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "predict/rebuild.h"

/* The predictions of a binary that is already built, from its sources and its own build information. */
static int predict_for(const struct cli_args *args, struct predictions *set, struct error *err)
{
	char *dir = NULL, *output = NULL;
	struct go_binary *bin = NULL, *again = NULL;
	struct rebuild recipe = {.flags = NULL};
	const char *packages[] = {NULL, NULL};
	struct build_options build = {
		.go = args->value[OPT_GO],
		.dir = args->n_positional ? args->positional[0] : NULL,
		.packages = packages,
		.pattern = args->value[OPT_PATTERN],
	};
	int ret;

	ret = go_binary_open_file(&bin, args->value[OPT_FOR], err);
	if (ret == 0)
		ret = rebuild_init(&recipe, bin, build.dir, err);
	if (ret == 0)
		ret = temporary_directory(&dir, temporary_parent(), "predict", err);
	if (ret == 0) {
		output = xasprintf("%s/program", dir);
		packages[0] = recipe.package;
		build.output = output;
		build.flags = (const char *const *)recipe.flags;
		build.env = (const char *const *)recipe.env;
		progress_begin(0, "rebuilding '%s'", args->value[OPT_FOR]);
		ret = cli_build(args, &build, set, err);
		progress_end();
	}
	if (ret == 0)
		ret = go_binary_open_file(&again, output, err);
	if (ret == 0)
		ret = rebuild_check(bin, again, err);
	go_binary_free(again);
	go_binary_free(bin);
	if (output) {
		unlink(output);
		rmdir(dir);
	}
	rebuild_release(&recipe);
	free(output);
	free(dir);
	return ret;
}

int predict_main(const struct cli_args *args)
{
	struct error err = ERROR_INIT;
	const char *log = args->value[OPT_LOG], *output = args->value[OPT_OUTPUT], *binary = args->value[OPT_FOR];
	struct build_options build = {
		.go = args->value[OPT_GO],
		.packages = (const char *const *)args->positional,
		.flags = args->flags,
		.pattern = args->value[OPT_PATTERN],
	};
	struct report_options options;
	struct predictions *set;
	int code = EXIT_DONE, ret;

	if ((log && (binary || args->n_positional)) || (binary && args->n_positional > 1) ||
	    (!log && !binary && !args->n_positional))
		return cli_misuse(args, "predict needs PACKAGE..., --log FILE or --for BINARY [DIR]");
	if (!cli_report_options(args, &options))
		return EXIT_MISUSE;
	if (output && output_is_compressed(output))
		return cli_misuse(args,
				  "predict would write over '%s', which seems to be a recording; name another file "
				  "with -o",
				  output);
	set = predictions_new();
	if (binary) {
		ret = predict_for(args, set, &err);
	} else if (log) {
		ret = predictions_load(set, log, &err);
	} else {
		progress_begin(0, "building %s%s", args->positional[0], args->n_positional > 1 ? " and others" : "");
		ret = cli_build(args, &build, set, &err);
		progress_end();
	}
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
