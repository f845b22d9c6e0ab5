/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "cli/judge.h"
#include "cli/measure.h"
#include "cli/target.h"
#include "predict/build.h"

/* argv of the program: its own name, then what stood behind "--". */
static char **program_argv(const struct cli_args *args, const char *binary)
{
	size_t n = 0;
	char **argv;

	while (args->tail && args->tail[n])
		n++;
	argv = xcalloc(n + 2, sizeof(*argv));
	argv[0] = (char *)(uintptr_t)binary; /* execv does not change it */
	for (size_t i = 0; i < n; i++)
		argv[i + 1] = args->tail[i];
	return argv;
}

static int run_and_judge(const struct cli_args *args, const char *binary, struct predictions *set,
			 const struct session_options *options)
{
	const char *output = args->value[OPT_OUTPUT];
	struct session_options session = *options;
	struct error err = ERROR_INIT;
	char **argv = program_argv(args, binary);
	struct target target;
	bool *reach = NULL;
	int ret, code;

	ret = target_open(&target, binary, args->positional[0], &err);
	if (ret == 0) {
		enum reach_scope scope = reach_scope_of(args->value[OPT_REACH]);

		/* Both came out of one build: whoever compares them later can see it. */
		set->build.build_id = strpool_add(set->pool, target.rec->header.build_id);
		if (args->value[OPT_PREDICTIONS])
			ret = predictions_save(set, args->value[OPT_PREDICTIONS], &err);

		/* Predictions beyond the main module want evidence there too. */
		if (!args->value[OPT_REACH] && args->value[OPT_PATTERN])
			scope = REACH_SCOPE_ALL;
		session.reach = reach = target_reach(&target, scope);
	}
	if (ret == 0)
		ret = session_launch(target.rec, target.bin, target.sym, binary, argv, &session, &err);
	if (ret == 0 && output)
		ret = recording_write(target.rec, output, &err);
	if (ret) {
		code = cli_fail(&err);
	} else {
		if (output)
			measure_note(target.rec, output);
		code = judge(args, set, target.rec);
		/* A program that failed is the first thing its caller must hear of; a gate is louder than that. */
		if (code != EXIT_GATE && code != EXIT_FAILED && target.rec->header.exit_status > 0)
			code = target.rec->header.exit_status;
	}
	free(reach);
	free(argv);
	target_release(&target);
	return code;
}

int audit_main(const struct cli_args *args)
{
	struct session_options options = {.duration_seconds = 0};
	struct error err = ERROR_INIT;
	struct predictions *set;
	const char *packages[] = {NULL, NULL};
	const char *tmp = getenv("TMPDIR");
	char *dir, *binary;
	int code;

	if (args->n_positional != 1)
		return cli_misuse(args, "audit needs one PACKAGE; the program's own arguments stand behind `--`");
	if (!measure_options(args, &options))
		return EXIT_MISUSE;
	code = judge_check(args);
	if (code >= 0)
		return code;
	if (!measure_can_write(args->value[OPT_OUTPUT]) || !measure_can_write(args->value[OPT_PREDICTIONS]))
		return EXIT_FAILED;
	dir = xasprintf("%s/escaudit-audit-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(dir)) {
		error_set(&err, -1, "audit: failed to make the directory '%s' for the binary: %m", dir);
		free(dir);
		return cli_fail(&err);
	}
	set = predictions_new();
	binary = xasprintf("%s/program", dir);
	packages[0] = args->positional[0];
	const struct build_options build = {
		.go = args->value[OPT_GO],
		.packages = packages,
		.flags = args->flags,
		.output = binary,
		.pattern = args->value[OPT_PATTERN],
	};
	if (build_with_diagnostics(&build, set, &err))
		code = cli_fail(&err);
	else
		code = run_and_judge(args, binary, set, &options);
	unlink(binary);
	rmdir(dir);
	free(binary);
	free(dir);
	predictions_free(set);
	return code;
}
