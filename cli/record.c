/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/reason.h"
#include "cli/cli.h"
#include "cli/measure.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/target.h"
#include "probe/launch.h"
#include "probe/process.h"
#include "sites/site_names.h"
#include "sites/sites.h"

/* One run of the command: what it writes to, and how many recordings it has written. */
struct run {
	const struct cli_args *args;
	const char *output;
	char *in_directory; /* the name in the directory that output is; owned */
	unsigned n_cuts;
	struct target target;
	const struct process *process; /* NULL: launched, or every process of the binary */
	const char *shown;
	double seconds; /* the window lasts, 0 if nobody knows */
};

/* REC, REC.1, REC.2 … in the order of time. */
static char *output_name(const struct run *run)
{
	const char *name = run->in_directory ? run->in_directory : run->output;

	return run->n_cuts ? xasprintf("%s.%u", name, run->n_cuts) : xstrdup(name);
}

static int write_one(struct run *run, const struct recording *rec, struct error *err)
{
	char *name = output_name(run);
	int ret = output_check_replaced(name, rec, err);

	if (ret == 0)
		ret = recording_write(rec, name, err);
	if (ret == 0)
		measure_note(rec, name);
	free(name);
	return ret;
}

static int on_cut(void *ctx, struct recording *rec, struct error *err)
{
	struct run *run = ctx;
	int ret = write_one(run, rec, err);

	run->n_cuts++;
	return ret;
}

static void note_census(const struct run *run)
{
	struct process_census census;

	process_census(&census, elf_image_fd(go_binary_image(run->target.bin)), run->shown);
	if (census.error && !census.running)
		cli_note("recording the processes of '%s', however many run (they cannot be counted: %s); Ctrl-C ends",
			 run->shown, reason_text(census.error));
	else if (census.running)
		cli_note("recording %zu process%s of '%s', and those that start; Ctrl-C ends", census.running,
			 census.running == 1 ? "" : "es", run->shown);
	else if (census.hidden)
		cli_note(
			"no process is seen to run '%s' (%zu cannot be looked at): waiting for those that start or are "
			"hidden; Ctrl-C ends",
			run->shown, census.hidden);
	else
		cli_note("no process runs '%s' now: waiting for those that start; Ctrl-C ends", run->shown);
	if (census.replaced)
		cli_note("%zu process%s a file that stood at '%s' before: not recorded; -p %d does", census.replaced,
			 census.replaced == 1 ? " runs" : "es run", run->shown, census.replaced_pid);
}

static void on_armed(void *ctx)
{
	const struct run *run = ctx;

	progress_begin(run->seconds, "recording");
	if (run->process)
		cli_note("recording process %d ('%s'); Ctrl-C ends", process_pid(run->process), run->shown);
	else
		note_census(run);
}

/* Why a window ended that nobody ended. */
static void note_end(const struct recording *rec)
{
	if (rec->header.ended == REC_END_EXIT)
		cli_note("the process ended");
	else if (rec->header.ended == REC_END_EXEC)
		cli_note("the process executed a program: what it allocates since then is not this one's");
}

/* Without reach probes nobody needs the sites before the probes have left. */
static void on_sites(void *ctx, struct recording *rec, const struct raw_capture *raw)
{
	struct error err = ERROR_INIT;
	struct run *run = ctx;

	(void)raw;
	/* What was counted is kept. In silence: a program that was started may still have the terminal. */
	if (sites_decode(rec, run->target.bin, run->target.sym, NULL, &err))
		cli_fail(&err);
	else
		site_names_find(rec, run->target.bin);
}

/* Measures what run->target is, and writes it. argv: launch it from path. */
static int measure(struct run *run, const char *path, char *const *argv, const struct session_options *options)
{
	struct session_options session = *options;
	struct target *t = &run->target;
	struct error err = ERROR_INIT;
	const char *scope = run->args->value[OPT_REACH];
	bool *reach = NULL;
	int ret, code;

	run->seconds = options->duration_seconds;
	output_name_test_package(t->rec, t->bin);
	if (output_is_directory(run->output) &&
	    output_in_directory(&run->in_directory, run->output, t->rec, run->shown, &err))
		return cli_fail(&err);
	/* Reach probes trap on every call until they retire: not where a budget was asked for, unless they were too. */
	if ((options->mode != REC_MODE_SAMPLE || scope) && reach_scope_of(scope) != REACH_SCOPE_NONE) {
		if (target_decode(t, &err))
			return cli_fail(&err);
		reach = target_reach(t, reach_scope_of(scope), NULL);
	}
	session.reach = reach;
	session.events.sites = on_sites;
	if (argv && reach)
		target_add_points(t, NULL);
	session.events.ctx = run;
	/* What is cut from a stream cannot be told apart in it. */
	if (strcmp(run->output, "-") != 0)
		session.events.cut = on_cut;
	if (argv) {
		ret = session_launch(t->rec, t->bin, t->sym, path, argv, &session, &err);
	} else {
		session.events.armed = on_armed;
		progress_begin(0, "placing probes");
		ret = session_attach(t->rec, t->bin, t->sym, run->process, &session, &err);
		progress_end();
	}
	if (ret == 0 && !argv)
		note_end(t->rec);
	if (ret == 0)
		ret = write_one(run, t->rec, &err);
	code = ret ? cli_fail(&err) : measure_exit_code(t->rec);
	free(reach);
	return code;
}

static int record_process(struct run *run, pid_t pid, const char *file, const struct session_options *options)
{
	struct error err = ERROR_INIT;
	struct process *process;
	int code;

	if (target_open_process(&run->target, &process, pid, file, &err)) {
		code = cli_fail(&err);
	} else {
		run->process = process;
		run->shown = process_path(process);
		code = measure(run, NULL, NULL, options);
	}
	target_release(&run->target);
	process_free(process);
	return code;
}

static int record_file(struct run *run, const char *path, char *const *argv, const struct session_options *options)
{
	struct error err = ERROR_INIT;
	int code;

	run->shown = path;
	if (target_open(&run->target, path, path, &err))
		return cli_fail(&err);
	code = measure(run, path, argv, options);
	target_release(&run->target);
	return code;
}

int record_main(const struct cli_args *args)
{
	struct session_options options = {.duration_seconds = 0};
	struct run run = {.args = args, .output = args->value[OPT_OUTPUT] ? args->value[OPT_OUTPUT] : "escaudit.pb.gz"};
	const char *binary = args->value[OPT_BINARY];
	struct error err = ERROR_INIT;
	char *path = NULL;
	double pid = 0;
	int code;

	if (!measure_options(args, &options) || !cli_whole(args, OPT_PID, 1, INT_MAX, &pid))
		return EXIT_MISUSE;
	if (args->n_positional)
		return cli_misuse(args, "record takes its command behind `--`, not '%s'", args->positional[0]);
	if (!args->tail == !(pid || binary))
		return cli_misuse(args, "record needs one of -p PID, -x BINARY and -- COMMAND");
	if (args->tail && !args->tail[0])
		return cli_misuse(args, "record needs a command behind `--`");
	if (!output_is_directory(run.output) && !measure_can_write(args, run.output))
		return EXIT_FAILED;
	if (pid) {
		code = record_process(&run, (pid_t)pid, binary, &options);
	} else if (binary) {
		code = record_file(&run, binary, NULL, &options);
	} else {
		code = launch_resolve(&path, args->tail[0], &err) ? cli_fail(&err)
								  : record_file(&run, path, args->tail, &options);
	}
	free(path);
	free(run.in_directory);
	return code;
}
