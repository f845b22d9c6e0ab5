/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/temporary_directory.h"
#include "cli/against.h"
#include "cli/build.h"
#include "cli/interrupt.h"
#include "cli/judge.h"
#include "cli/measure.h"
#include "cli/program.h"
#include "cli/progress.h"

static int run_and_judge(const struct cli_args *args, const char *binary, struct predictions *set,
			 const struct session_options *options)
{
	struct error err = ERROR_INIT;
	struct target target = {.bin = NULL};
	int code;

	if (program_record(&target, args, binary, args->positional[0], set, options, args->value[OPT_PREDICTIONS],
			   args->value[OPT_OUTPUT], &err)) {
		code = cli_fail(&err);
	} else {
		code = judge(args, set, target.rec);
		/* A program that failed is the first thing its caller must hear of; a gate is louder than that. */
		if (code != EXIT_GATE && code != EXIT_FAILED && target.rec->header.exit_status > 0)
			code = target.rec->header.exit_status;
	}
	target_release(&target);
	return code;
}

static int audit(const struct cli_args *args, const struct session_options *options, const char *directory)
{
	const char *packages[] = {args->positional[0], NULL};
	char *binary = xasprintf("%s/program", directory);
	struct predictions *set = predictions_new();
	struct error err = ERROR_INIT;
	int code, ret;
	const struct build_options build = {
		.go = args->value[OPT_GO],
		.packages = packages,
		.flags = args->flags,
		.output = binary,
		.pattern = args->value[OPT_PATTERN],
	};

	progress_begin(0, "building %s", packages[0]);
	ret = cli_build(args, &build, set, &err);
	progress_end();
	if (ret)
		code = cli_fail(&err);
	else
		code = run_and_judge(args, binary, set, options);
	unlink(binary);
	free(binary);
	predictions_free(set);
	return code;
}

int audit_main(const struct cli_args *args)
{
	struct session_options options = {.duration_seconds = 0};
	struct error err = ERROR_INIT;
	struct interrupt interrupt;
	char *directory;
	int code;

	if (args->n_positional != 1)
		return cli_misuse(args, "audit needs one PACKAGE; the program's own arguments stand behind `--`");
	if (!measure_options(args, &options))
		return EXIT_MISUSE;
	code = judge_check(args);
	if (code >= 0)
		return code;
	if (!measure_can_write(args, args->value[OPT_OUTPUT]) || !measure_can_write(args, args->value[OPT_PREDICTIONS]))
		return EXIT_FAILED;
	interrupt_begin(&interrupt);
	if (temporary_directory(&directory, temporary_parent(), "audit", &err)) {
		code = cli_fail(&err);
	} else {
		code = args->value[OPT_AGAINST] ? against_run(args, &options, directory)
						: audit(args, &options, directory);
		rmdir(directory);
	}
	free(directory);
	fflush(stdout); /* before a signal takes effect */
	interrupt_end(&interrupt);
	return code;
}
