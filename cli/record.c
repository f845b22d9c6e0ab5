/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "cli/measure.h"
#include "cli/progress.h"
#include "cli/target.h"
#include "predict/package.h"
#include "predict/sites.h"
#include "probe/launch.h"
#include "probe/process.h"

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

/* ---- go test -exec: one recording for each test binary ---------------------------------------------------------- */

/* "/tmp/go-build123/" of "/tmp/go-build123/b001/cart.test": where one go test builds; its length, 0 for other paths. */
static size_t go_build_length(const char *path)
{
	const char *at = path ? strstr(path, "/go-build") : NULL;
	size_t n = at ? strlen("/go-build") + strspn(at + strlen("/go-build"), "0123456789") : 0;

	return at && at[n] == '/' ? (size_t)(at - path) + n + 1 : 0;
}

/* Test binaries of one go test, given one file, would leave the last one's recording, and no word of the others. */
static int check_replaced(const char *name, const struct recording *rec, struct error *err)
{
	size_t n = go_build_length(rec->header.path);
	struct recording *there = NULL;
	int ret = 0;

	if (!n || recording_read(&there, name, NULL))
		return 0;
	if (there->header.path && go_build_length(there->header.path) == n &&
	    strncmp(there->header.path, rec->header.path, n) == 0 && strcmp(there->header.path, rec->header.path) != 0)
		ret = error_set(err, -EEXIST,
				"record: failed to write '%s': it has the recording of %s, of the same go test; name a "
				"directory "
				"with -o, and each test binary gets a file of its own in it",
				name, there->header.main_package ? there->header.main_package : there->header.path);
	recording_free(there);
	return ret;
}

/*
 * Test binaries of older Go versions do not say which package they test, but go test starts them in its directory: it
 * is the package of the functions whose source is there. NULL if there is none.
 */
static const char *package_here(const struct recording *rec)
{
	char *here = realpath(".", NULL);
	size_t n = here ? strlen(here) : 0;
	const char *package = NULL;

	for (size_t i = 0; n && i < rec->n_extents && !package; i++) {
		const struct rec_extent *e = &rec->extents[i];

		if (!e->file || strncmp(e->file, here, n) != 0 || e->file[n] != '/' || strchr(e->file + n + 1, '/') ||
		    package_is_main(e->function))
			continue;
		package = package_path(rec->pool, e->function);
		n = strlen(package);
		if (n > 5 && strcmp(package + n - 5, "_test") == 0)
			package = strpool_add_n(rec->pool, package, n - 5);
	}
	free(here);
	return package && *package ? package : NULL;
}

static void name_test_package(struct recording *rec)
{
	size_t n = rec->header.path ? strlen(rec->header.path) : 0;
	const char *package;

	if (rec->header.main_package || n < 5 || strcmp(rec->header.path + n - 5, ".test") != 0)
		return;
	package = package_here(rec);
	if (package)
		rec->header.main_package = strpool_addf(rec->pool, "%s.test", package);
}

/* Import paths come out of binaries: one that would lead out of the directory is none. */
static bool is_plain_path(const char *path)
{
	while (path && *path) {
		size_t n = strcspn(path, "/");

		if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		for (size_t i = 0; i < n; i++) {
			if ((unsigned char)path[i] < ' ')
				return false;
		}
		path += n;
		if (*path && !*++path)
			return false;
	}
	return path != NULL;
}

/* DIR/example.com/shop/cart.test.pb.gz, and the directories above it. */
static int name_in_directory(struct run *run, struct error *err)
{
	const struct rec_header *h = &run->target.rec->header;
	const char *package = h->main_package && *h->main_package ? h->main_package : NULL;
	const char *base = strrchr(run->shown, '/') ? strrchr(run->shown, '/') + 1 : run->shown;
	size_t n = strlen(run->output);

	if (!is_plain_path(package))
		package = *base ? base : "program";
	while (n > 1 && run->output[n - 1] == '/')
		n--;
	run->in_directory = xasprintf("%.*s/%s.pb.gz", (int)n, run->output, package);
	for (char *slash = run->in_directory + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		if (mkdir(run->in_directory, 0777) < 0 && errno != EEXIST)
			return error_set(err, -errno, "record: failed to create the directory '%s': %s",
					 run->in_directory, strerror(errno));
		if (!strchr(slash + 1, '/') && access(run->in_directory, W_OK | X_OK) < 0)
			return error_set(err, -errno, "record: failed to write to the directory '%s': %s",
					 run->in_directory, strerror(errno));
	}
	return 0;
}

static bool is_directory(const char *path)
{
	size_t n = strlen(path);
	struct stat st;

	return (n && path[n - 1] == '/') || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static int write_one(struct run *run, const struct recording *rec, struct error *err)
{
	char *name = output_name(run);
	int ret = check_replaced(name, rec, err);

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
	if (census.running)
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
	const char *ended = NULL;

	for (size_t i = 0; i < rec->n_extra; i++) {
		if (strcmp(rec->extra[i].key, "ended") == 0)
			ended = rec->extra[i].value;
	}
	if (!ended)
		return;
	if (strcmp(ended, SESSION_ENDED_EXIT) == 0)
		cli_note("the process ended");
	else if (strcmp(ended, SESSION_ENDED_EXEC) == 0)
		cli_note("the process executed a program: what it allocates since then is not this one's");
}

/* Without reach probes nobody needs the sites before the probes have left. */
static void on_sites(void *ctx, struct recording *rec)
{
	struct error err = ERROR_INIT;
	struct run *run = ctx;

	/* What was counted is kept. In silence: a program that was started may still have the terminal. */
	if (rec == run->target.rec && sites_decode(rec, run->target.bin, run->target.sym, NULL, &err))
		cli_fail(&err);
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
	name_test_package(t->rec);
	if (is_directory(run->output) && name_in_directory(run, &err))
		return cli_fail(&err);
	/* Reach probes trap on every call until they retire: not where a budget was asked for, unless they were too. */
	if ((options->mode != REC_MODE_SAMPLE || scope) && reach_scope_of(scope) != REACH_SCOPE_NONE) {
		if (target_decode(t, &err))
			return cli_fail(&err);
		reach = target_reach(t, reach_scope_of(scope));
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

	if (process_open(&process, pid, file, &err))
		return cli_fail(&err);
	for (size_t i = 0; i < process_note_count(process); i++)
		cli_note("%s", process_note(process, i));
	run->process = process;
	run->shown = process_path(process);
	if (target_open_binary(&run->target, process_take_binary(process), run->shown, &err))
		code = cli_fail(&err);
	else
		code = measure(run, NULL, NULL, options);
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

	if (!measure_options(args, &options) || !cli_number(args, OPT_PID, 1, INT_MAX, &pid))
		return EXIT_MISUSE;
	if (args->n_positional)
		return cli_misuse(args, "record takes its command behind `--`, not '%s'", args->positional[0]);
	if (!args->tail == !(pid || binary))
		return cli_misuse(args, "record needs one of -p PID, -x BINARY and -- COMMAND");
	if (args->tail && !args->tail[0])
		return cli_misuse(args, "record needs a command behind `--`");
	if (!is_directory(run.output) && !measure_can_write(run.output))
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
