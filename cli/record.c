/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/measure.h"
#include "cli/target.h"
#include "probe/launch.h"

static int record_target(const struct cli_args *args, const char *path, const char *shown, pid_t pid, char *const *argv,
			 const struct session_options *options)
{
	const char *output = args->value[OPT_OUTPUT] ? args->value[OPT_OUTPUT] : "escaudit.pb.gz";
	struct error err = ERROR_INIT;
	struct session_options session = *options;
	struct target target;
	bool *reach;
	int ret, code;

	if (!measure_can_write(output))
		return EXIT_FAILED;
	if (target_open(&target, path, shown, &err))
		return cli_fail(&err);
	reach = target_reach(&target, reach_scope_of(args->value[OPT_REACH]));
	session.reach = reach;
	if (argv)
		ret = session_launch(target.rec, target.bin, target.sym, path, argv, &session, &err);
	else
		ret = session_attach(target.rec, target.bin, target.sym, pid, &session, &err);
	if (ret == 0)
		ret = recording_write(target.rec, output, &err);
	if (ret) {
		code = cli_fail(&err);
	} else {
		measure_note(target.rec, output);
		code = measure_exit_code(target.rec);
	}
	free(reach);
	target_release(&target);
	return code;
}

int record_main(const struct cli_args *args)
{
	struct session_options options = {.duration_seconds = 0};
	const char *pid_text = args->value[OPT_PID], *binary = args->value[OPT_BINARY];
	struct error err = ERROR_INIT;
	char link[64], shown[PATH_MAX];
	char *path = NULL;
	double pid = 0;
	ssize_t n;
	int code;

	if (!measure_options(args, &options))
		return EXIT_MISUSE;
	if (args->n_positional)
		return cli_misuse(args, "record takes its command behind `--`, not '%s'", args->positional[0]);
	if (!pid_text + !binary + !args->tail != 2)
		return cli_misuse(args, "record needs one of -p PID, -x BINARY and -- COMMAND");
	if (binary)
		return record_target(args, binary, binary, 0, NULL, &options);
	if (pid_text) {
		if (!cli_number(args, OPT_PID, 1, INT_MAX, &pid))
			return EXIT_MISUSE;
		/* Through the process: its file may be replaced, deleted, or in a container. */
		snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
		n = readlink(link, shown, sizeof(shown) - 1);
		if (n < 0) {
			error_set(&err, -1, "record: failed to find the binary of process %d: %m", (int)pid);
			return cli_fail(&err);
		}
		shown[n] = '\0';
		return record_target(args, link, shown, (pid_t)pid, NULL, &options);
	}
	if (!args->tail[0])
		return cli_misuse(args, "record needs a command behind `--`");
	if (launch_resolve(&path, args->tail[0], &err))
		return cli_fail(&err);
	code = record_target(args, path, path, 0, args->tail, &options);
	free(path);
	return code;
}
