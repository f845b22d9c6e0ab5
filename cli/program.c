/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/program.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cli/interrupt.h"
#include "cli/measure.h"
#include "sites/columns.h"

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

int program_record(struct target *out, const struct cli_args *args, const char *binary, const char *shown,
		   struct predictions *set, const struct session_options *options, const char *predictions,
		   const char *recording, struct error *err)
{
	struct session_options session = *options;
	char **argv = program_argv(args, binary);
	sigset_t heard, before;
	bool *reach = NULL;
	int ret;

	ret = target_open(out, binary, shown, err);
	if (ret == 0)
		ret = target_decode(out, err);
	if (ret == 0) {
		enum reach_scope scope = reach_scope_of(args->value[OPT_REACH]);

		site_columns_apply(out->rec, set->columns);
		/* Both came out of one build: whoever compares them later can see it. */
		set->build.build_id = strpool_add(set->pool, out->rec->header.build_id);
		if (predictions)
			ret = predictions_save(set, predictions, err);

		/* Predictions beyond the main module want evidence there too. */
		if (!args->value[OPT_REACH] && args->value[OPT_PATTERN])
			scope = REACH_SCOPE_ALL;
		session.reach = reach = target_reach(out, scope, args->value[OPT_REACH] ? NULL : set);
		if (scope != REACH_SCOPE_NONE)
			target_add_points(out, set);
	}
	/* What the session is to hear of waits from here on: nothing comes between the question and its first look. */
	sigemptyset(&heard);
	sigaddset(&heard, SIGINT);
	sigaddset(&heard, SIGTERM);
	sigprocmask(SIG_BLOCK, &heard, &before);
	if (ret == 0 && interrupt_signal())
		ret = error_set(err, -EINTR, "audit: interrupted");
	if (ret == 0)
		ret = session_launch(out->rec, out->bin, out->sym, binary, argv, &session, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (ret == 0 && recording)
		ret = recording_write(out->rec, recording, err);
	if (ret == 0 && recording)
		measure_note(out->rec, recording);
	free(reach);
	free(argv);
	return ret;
}
