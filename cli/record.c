/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
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

/* One Go runtime that is recorded. */
struct counted {
	struct target target;
	bool *reach;
	char *output; /* the file it goes to */
	char *shown;
	unsigned n_cuts; /* how many recordings were written before the last one */
};

/* One run of the command. */
struct run {
	const struct cli_args *args;
	const char *output;
	struct counted *counted[SESSION_RUNTIMES_MAX];
	size_t n_counted;
	struct session_options options;
	bool is_host;		       /* a program that is not Go, as far as is known when it starts */
	const struct process *process; /* NULL: launched, or every process of the binary */
};

static struct counted *counted_of(struct run *run, const struct recording *rec)
{
	for (size_t i = 0; i < run->n_counted; i++) {
		if (run->counted[i]->target.rec == rec)
			return run->counted[i];
	}
	return NULL;
}

static struct counted *counted_new(struct run *run, const char *shown)
{
	struct counted *c = xcalloc(1, sizeof(*c));

	c->shown = xstrdup(shown);
	run->counted[run->n_counted++] = c;
	return c;
}

static void run_release(struct run *run)
{
	while (run->n_counted) {
		struct counted *c = run->counted[--run->n_counted];

		target_release(&c->target);
		free(c->reach);
		free(c->output);
		free(c->shown);
		free(c);
	}
}

/* OUT.NAME.pb.gz for OUT.pb.gz, where NAME is the library's, without its ".so": of a runtime that is not the first. */
static char *name_beside(const char *output, const char *library, size_t number)
{
	static const char ending[] = ".pb.gz";
	const char *slash = strrchr(library, '/'), *name = slash ? slash + 1 : library, *so = strstr(name, ".so");
	size_t len = strlen(output), n = so && so > name ? (size_t)(so - name) : strlen(name);
	bool ends = len > sizeof(ending) - 1 && strcmp(output + len - (sizeof(ending) - 1), ending) == 0;
	char nth[24] = "";

	if (ends)
		len -= sizeof(ending) - 1;
	if (number)
		snprintf(nth, sizeof(nth), "-%zu", number + 1);
	return xasprintf("%.*s.%.*s%s%s", (int)len, output, (int)n, name, nth, ends ? ending : "");
}

static bool is_taken(const struct run *run, const char *output)
{
	for (size_t i = 0; i < run->n_counted; i++) {
		if (run->counted[i]->output && strcmp(run->counted[i]->output, output) == 0)
			return true;
	}
	return false;
}

/* Decides where it goes. */
static int name_output(struct run *run, struct counted *c, struct error *err)
{
	char *name = NULL, *beside;
	int ret = 0;

	output_name_test_package(c->target.rec, c->target.bin);
	if (output_is_directory(run->output))
		ret = output_in_directory(&name, run->output, c->target.rec, c->shown, err);
	else
		name = xstrdup(run->output);
	if (ret)
		return ret;
	if (is_taken(run, name)) {
		size_t number = 0;

		/* What two recordings are in cannot be told apart in a stream. */
		if (strcmp(name, "-") == 0) {
			free(name);
			return error_set(err, -EINVAL,
					 "'%s' holds a further Go runtime, and there is one standard output; give -o a "
					 "file",
					 c->shown);
		}
		do
			beside = name_beside(name, c->shown, number++);
		while (is_taken(run, beside) && (free(beside), true));
		free(name);
		name = beside;
	}
	c->output = name;
	return 0;
}

/* REC, REC.1, REC.2 … in the order of time. */
static int write_one(struct run *run, struct counted *c, struct error *err)
{
	char *name = c->n_cuts ? xasprintf("%s.%u", c->output, c->n_cuts) : xstrdup(c->output);
	int ret = output_check_replaced(name, c->target.rec, err);

	if (ret == 0)
		ret = recording_write(c->target.rec, name, err);
	if (ret == 0 && (run->is_host || run->n_counted > 1))
		cli_note("of the Go runtime in '%s':", c->shown);
	if (ret == 0)
		measure_note(c->target.rec, name);
	free(name);
	return ret;
}

static int on_cut(void *ctx, struct recording *rec, struct error *err)
{
	struct counted *c = counted_of(ctx, rec);
	int ret = write_one(ctx, c, err);

	c->n_cuts++;
	return ret;
}

static void note_census(const struct counted *c)
{
	const char *shown = c->shown;
	struct process_census census;

	process_census(&census, elf_image_fd(go_binary_image(c->target.bin)), shown);
	if (census.error && !census.running)
		cli_note("recording the processes of '%s', however many run (they cannot be counted: %s); Ctrl-C ends",
			 shown, reason_text(census.error));
	else if (census.running)
		cli_note("recording %zu process%s of '%s', and those that start; Ctrl-C ends", census.running,
			 census.running == 1 ? "" : "es", shown);
	else if (census.hidden)
		cli_note(
			"no process is seen to run '%s' (%zu cannot be looked at): waiting for those that start or are "
			"hidden; Ctrl-C ends",
			shown, census.hidden);
	else
		cli_note("no process runs '%s' now: waiting for those that start; Ctrl-C ends", shown);
	if (census.replaced)
		cli_note("%zu process%s a file that stood at '%s' before: not recorded; -p %d does", census.replaced,
			 census.replaced == 1 ? " runs" : "es run", shown, census.replaced_pid);
}

static void on_armed(void *ctx)
{
	const struct run *run = ctx;

	progress_begin(run->options.duration_seconds, "recording");
	if (run->process)
		cli_note("recording process %d ('%s'); Ctrl-C ends", process_pid(run->process), run->counted[0]->shown);
	else
		note_census(run->counted[0]);
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
	struct counted *c = counted_of(ctx, rec);
	struct error err = ERROR_INIT;

	(void)raw;
	/* What was counted is kept. In silence: a program that was started may still have the terminal. */
	if (sites_decode(rec, c->target.bin, c->target.sym, NULL, &err))
		cli_fail(&err);
	else
		site_names_find(rec, c->target.bin);
}

/* Decides where it goes and which of its calls get a reach probe. */
static int prepare(struct run *run, struct counted *c, bool is_launch, struct error *err)
{
	const char *scope = run->args->value[OPT_REACH];
	int ret = name_output(run, c, err);

	if (ret)
		return ret;
	/* Reach probes trap on every call until they retire: not where a budget was asked for, unless they were too. */
	if ((run->options.mode != REC_MODE_SAMPLE || scope) && reach_scope_of(scope) != REACH_SCOPE_NONE) {
		ret = target_decode(&c->target, err);
		if (ret)
			return ret;
		c->reach = target_reach(&c->target, reach_scope_of(scope), NULL);
	}
	if (is_launch && c->reach)
		target_add_points(&c->target, NULL);
	return 0;
}

/* A library with a Go runtime, or a program that was executed instead of the one that was started. */
static int on_loaded(void *ctx, struct go_binary *bin, const char *path, struct session_target *target,
		     struct error *err)
{
	struct run *run = ctx;
	struct target opened;
	struct counted *c;
	int ret;

	if (run->n_counted == SESSION_RUNTIMES_MAX) {
		go_binary_free(bin);
		return error_set(err, -E2BIG, "'%s' holds a further Go runtime: at most %d are recorded", path,
				 SESSION_RUNTIMES_MAX);
	}
	ret = target_open_binary(&opened, bin, path, err);
	if (ret)
		return ret;
	c = counted_new(run, path);
	c->target = opened;
	ret = prepare(run, c, true, err);
	if (ret)
		return ret;
	*target = (struct session_target){
		.rec = c->target.rec, .bin = c->target.bin, .sym = c->target.sym, .reach = c->reach};
	return 0;
}

/* Writes what was counted. Returns an exit code. */
static int write_all(struct run *run)
{
	struct error err = ERROR_INIT;
	int code = EXIT_DONE;

	for (size_t i = 0; i < run->n_counted; i++) {
		struct counted *c = run->counted[i];
		int own;

		/* Loaded, but not counted after all: the others say so. */
		if (c->target.rec->header.ended == REC_END_UNKNOWN)
			continue;
		own = write_one(run, c, &err) ? cli_fail(&err) : measure_exit_code(c->target.rec);
		if (code == EXIT_DONE || own == EXIT_FAILED)
			code = own;
	}
	return code;
}

/* Measures what run->counted[0] is, and writes it. argv: launch it from path. */
static int measure(struct run *run, const char *path, char *const *argv)
{
	struct counted *c = run->counted[0];
	struct session_options *options = &run->options;
	struct target *t = &c->target;
	struct error err = ERROR_INIT;
	int ret;

	ret = prepare(run, c, argv, &err);
	if (ret)
		return cli_fail(&err);
	options->reach = c->reach;
	if (argv) {
		ret = session_launch(t->rec, t->bin, t->sym, path, argv, options, &err);
	} else {
		options->events.armed = on_armed;
		progress_begin(0, "placing probes");
		ret = session_attach(t->rec, t->bin, t->sym, run->process, options, &err);
		progress_end();
	}
	if (ret == 0 && !argv)
		note_end(t->rec);
	return ret ? cli_fail(&err) : write_all(run);
}

static int record_process(struct run *run, pid_t pid, const char *file)
{
	struct error err = ERROR_INIT;
	struct process *process;
	struct target target;
	int code;

	if (target_open_process(&target, &process, pid, file, &err)) {
		code = cli_fail(&err);
		target_release(&target);
	} else {
		run->process = process;
		counted_new(run, process_path(process))->target = target;
		code = measure(run, NULL, NULL);
	}
	run_release(run);
	process_free(process);
	return code;
}

/* A program that is not Go, but may load what is. */
static int record_host(struct run *run, const char *path, char *const *argv)
{
	struct error err = ERROR_INIT;
	int status, ret;

	run->is_host = true;
	ret = session_launch_host(path, argv, &run->options, &status, &err);
	return ret ? cli_fail(&err) : write_all(run);
}

static int record_file(struct run *run, const char *path, char *const *argv)
{
	struct error err = ERROR_INIT;
	struct target target;
	int code, ret = target_open(&target, path, path, &err);

	if (argv && (ret == -ENODATA || ret == -ENOEXEC)) {
		error_release(&err);
		code = record_host(run, path, argv);
	} else if (ret) {
		code = cli_fail(&err);
	} else {
		counted_new(run, path)->target = target;
		code = measure(run, path, argv);
	}
	run_release(run);
	return code;
}

int record_main(const struct cli_args *args)
{
	struct run run = {.args = args, .output = args->value[OPT_OUTPUT] ? args->value[OPT_OUTPUT] : "escaudit.pb.gz"};
	const char *binary = args->value[OPT_BINARY];
	struct error err = ERROR_INIT;
	char *path = NULL;
	double pid = 0;
	int code;

	if (!measure_options(args, &run.options) || !cli_whole(args, OPT_PID, 1, INT_MAX, &pid))
		return EXIT_MISUSE;
	if (args->n_positional)
		return cli_misuse(args, "record takes its command behind `--`, not '%s'", args->positional[0]);
	if (!args->tail == !(pid || binary))
		return cli_misuse(args, "record needs one of -p PID, -x BINARY and -- COMMAND");
	if (args->tail && !args->tail[0])
		return cli_misuse(args, "record needs a command behind `--`");
	if (!output_is_directory(run.output) && !measure_can_write(args, run.output))
		return EXIT_FAILED;
	run.options.events.ctx = &run;
	run.options.events.loaded = on_loaded;
	run.options.events.sites = on_sites;
	/* What is cut from a stream cannot be told apart in it. */
	if (strcmp(run.output, "-") != 0)
		run.options.events.cut = on_cut;
	if (pid) {
		code = record_process(&run, (pid_t)pid, binary);
	} else if (binary) {
		code = record_file(&run, binary, NULL);
	} else {
		code = launch_resolve(&path, args->tail[0], &err) ? cli_fail(&err)
								  : record_file(&run, path, args->tail);
	}
	free(path);
	return code;
}
