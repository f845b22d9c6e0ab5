/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two trees, two builds, two runs. The revision is checked out into a work tree of git's that lives in our temporary
 * directory: the user's tree, index and branch are not touched, and whatever ends us but SIGKILL, git is told to forget
 * it again.
 */
#include "cli/against.h"
#include "cli/build.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/assertion.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "cli/diff.h"
#include "cli/git.h"
#include "cli/interrupt.h"
#include "cli/measure.h"
#include "cli/program.h"
#include "cli/progress.h"

#define GO_MOD_LIMIT (1u << 20)
#define INDEX_LIMIT  (1u << 30)

struct side {
	const char *name; /* for messages */
	char *build_dir;  /* where go build is started */
	char *package;
	char *shown; /* in the recording */
	char *binary;
	char *binary_dir;
	char *predictions, *recording; /* where to keep them; NULL: nowhere */
	struct predictions *set;
	struct target target;
	struct audit *audit;
	struct assertions *assertions; /* of the working tree */
	struct changed changed;
};

struct against {
	const struct cli_args *args;
	const struct session_options *options;
	const char *revision;
	const char **flags;    /* for go build; without -C, */
	const char *directory; /* which is this, or NULL */
	char *base;	       /* where the user's go build is started */
	char *top;	       /* of the user's work tree */
	char *prefix;	       /* base below top: "" or "sub/" */
	char *commit;
	char *tree;  /* of the revision */
	char *index; /* our own */
	bool has_tree;
	struct side before, after;
};

/* ---- the repository --------------------------------------------------------------------------------------------- */

/* Flags for go build without -C, whose first value goes to *directory (NULL if there is none): it is said by itself. */
static const char **without_directory(const char **flags, const char **directory)
{
	size_t n = 0, k = 0;
	const char **out;

	*directory = NULL;
	while (flags && flags[n])
		n++;
	out = xcalloc(n + 1, sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		const char *flag = flags[i] + (strncmp(flags[i], "--", 2) == 0), *value;

		if (strncmp(flag, "-C=", 3) == 0) {
			value = flag + 3;
		} else if (strcmp(flag, "-C") == 0) {
			value = flags[++i];
		} else {
			out[k++] = flags[i];
			continue;
		}
		if (!*directory)
			*directory = value;
	}
	return out;
}

static char *cut_line(struct strbuf *sb, size_t *at)
{
	const char *begin = strbuf_str(sb) + *at;
	size_t n = strcspn(begin, "\n");

	*at += n + (begin[n] == '\n');
	return xstrndup(begin, n);
}

static int find_repository(struct against *a, struct error *err)
{
	static const char *const places[] = {"rev-parse", "--show-toplevel", "--show-prefix", NULL};
	const char *change = a->directory ? a->directory : ".";
	struct strbuf answer = STRBUF_INIT;
	char *peeled = xasprintf("%s^{commit}", a->revision);
	const char *const commit[] = {"rev-parse", "--verify", "--quiet", peeled, NULL};
	size_t at = 0;
	int ret;

	a->base = realpath(change, NULL);
	if (!a->base) {
		ret = error_set(err, -errno, "against: failed to enter '%s': %s", change, strerror(errno));
		goto out;
	}
	ret = git_run(a->base, places, NULL, &answer, err);
	if (ret == -EIO)
		error_prefix(err, "against: failed to find the git repository of '%s'", a->base);
	else if (ret)
		error_prefix(err, "against");
	if (ret)
		goto out;
	a->top = cut_line(&answer, &at);
	a->prefix = cut_line(&answer, &at);
	strbuf_clear(&answer);
	ret = git_run(a->base, commit, NULL, &answer, err);
	if (ret == -EIO)
		error_set(err, ret,
			  "against: failed to find the revision '%s' in '%s': git knows no commit of that name; in a "
			  "shallow clone, fetch it first",
			  a->revision, a->top);
	else if (ret)
		error_prefix(err, "against");
	at = 0;
	if (ret == 0)
		a->commit = cut_line(&answer, &at);
out:
	free(peeled);
	strbuf_release(&answer);
	return ret;
}

static bool is_path(const char *package)
{
	return package[0] == '.' || package[0] == '/' || path_has_suffix(package, ".go");
}

/* The package as the other tree has it: import paths and relative paths are the same there, absolute ones are not. */
static int find_package(struct against *a, struct error *err)
{
	const char *package = a->args->positional[0];
	size_t n = strlen(a->top);
	char *path, *real, *there = NULL;
	int ret = 0;

	if (!is_path(package)) {
		a->before.package = xstrdup(package);
		return 0;
	}
	path = package[0] == '/' ? xstrdup(package) : xasprintf("%s/%s", a->base, package);
	real = realpath(path, NULL);
	if (!real)
		ret = error_set(err, -errno, "against: failed to find the package '%s': %s", package, strerror(errno));
	else if (strncmp(real, a->top, n) != 0 || (real[n] != '/' && real[n] != '\0'))
		ret = error_set(err, -EINVAL,
				"against: failed to find '%s' in revision '%s': it is outside the repository '%s'",
				package, a->revision, a->top);
	if (ret == 0) {
		there = xasprintf("%s%s", a->tree, real + n);
		a->before.package = xstrdup(package[0] == '/' ? there : package);
		if (access(there, F_OK) < 0)
			ret = error_set(err, -ENOENT,
					"against: failed to find the package '%s' in revision '%s': it has no '%s'",
					package, a->revision, real[n] ? real + n + 1 : ".");
	}
	free(there);
	free(real);
	free(path);
	return ret;
}

static int check_out(struct against *a, struct error *err)
{
	const char *const add[] = {"worktree", "add", "--quiet", "--detach", a->tree, a->commit, NULL};
	struct stat st;
	int ret;

	a->has_tree = true; /* or a part of it */
	ret = git_run(a->top, add, NULL, NULL, err);
	if (ret)
		return error_prefix(err, "against: failed to check out revision '%s'", a->revision);
	if (stat(a->before.build_dir, &st) < 0 || !S_ISDIR(st.st_mode))
		return error_set(err, -ENOENT,
				 "against: failed to enter '%s' in revision '%s': it has no such directory", a->prefix,
				 a->revision);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	remove(path); /* as much as can be */
	return 0;
}

static void forget(struct against *a)
{
	/* Twice: also one that is locked because it was never finished. */
	const char *const forget_tree[] = {"worktree", "remove", "--force", "--force", a->tree, NULL};
	struct error err = ERROR_INIT;
	struct stat st;

	if (!a->has_tree)
		return;
	if (git_run(a->top, forget_tree, &(struct git_options){.shielded = true}, NULL, &err) &&
	    stat(a->tree, &st) == 0) {
		nftw(a->tree, remove_one, 16, FTW_DEPTH | FTW_PHYS);
		cli_note("against: %s; the tree is removed, `git worktree prune` makes git forget it", err.text);
	}
	error_release(&err);
}

/* ---- what the change touches ------------------------------------------------------------------------------------ */

struct modules {
	struct changed_module *items;
	size_t n, alloc;
};

/* The modules of a tree, by its go.mod files; paths is what git ls-files -z printed. */
static void find_modules(struct modules *m, struct strpool *pool, const char *top, const struct strbuf *paths)
{
	for (size_t at = 0; at < paths->len; at += strlen(paths->buf + at) + 1) {
		const char *path = paths->buf + at, *slash = strrchr(path, '/'), *module;
		char *file = xasprintf("%s/%s", top, path);
		struct strbuf text = STRBUF_INIT;

		if (strcmp(slash ? slash + 1 : path, "go.mod") == 0 &&
		    strbuf_read_file(&text, file, GO_MOD_LIMIT) == 0) {
			module = changed_module_path(pool, strbuf_str(&text), text.len);
			if (module) {
				ARRAY_GROW(m->items, m->n + 1, m->alloc);
				m->items[m->n++] = (struct changed_module){
					.directory = strpool_add_n(pool, path, slash ? (size_t)(slash - path) : 0),
					.path = module,
				};
			}
		}
		strbuf_release(&text);
		free(file);
	}
}

static int place_changes(struct side *side, const char *top, struct error *err)
{
	static const char *const list[] = {"ls-files", "-z",	 "--cached", "--others", "--exclude-standard",
					   "--",       "go.mod", "*/go.mod", NULL};
	struct strbuf paths = STRBUF_INIT;
	struct modules modules = {.n = 0};
	int ret = git_run(top, list, NULL, &paths, err);

	if (ret == 0) {
		find_modules(&modules, side->changed.pool, top, &paths);
		changed_place(&side->changed, modules.items, modules.n, &side->target.rec->header);
	}
	free(modules.items);
	strbuf_release(&paths);
	return ret;
}

/* A copy of the user's index. One that does not exist yet is as good as an empty one. */
static int copy_index(const struct against *a, struct error *err)
{
	static const char *const where[] = {"rev-parse", "--path-format=absolute", "--git-path", "index", NULL};
	struct strbuf answer = STRBUF_INIT, text = STRBUF_INIT;
	size_t at = 0;
	FILE *f = NULL;
	char *path;
	int ret = git_run(a->top, where, NULL, &answer, err);

	if (ret)
		goto out;
	path = cut_line(&answer, &at);
	ret = strbuf_read_file(&text, path, INDEX_LIMIT);
	free(path);
	if (ret == -ENOENT) {
		ret = 0;
		goto out;
	}
	f = ret ? NULL : fopen(a->index, "we");
	if (ret)
		error_set(err, ret, "failed to read the index: %s", strerror(-ret));
	else if (!f || fwrite(strbuf_str(&text), 1, text.len, f) != text.len)
		ret = error_set(err, -EIO, "failed to write '%s': %s", a->index, strerror(errno));
	if (f && fclose(f) && ret == 0)
		ret = error_set(err, -EIO, "failed to write '%s': %s", a->index, strerror(errno));
out:
	strbuf_release(&answer);
	strbuf_release(&text);
	return ret;
}

/*
 * Files that git does not know yet belong to the change, and it finds that one was renamed only where it knows them:
 * they are announced in an index of our own.
 */
static int read_changes(struct against *a, struct error *err)
{
	static const char *const announce[] = {"add", "--intent-to-add", "--ignore-errors", "--", ".", NULL};
	const char *const diff[] = {"diff-index",
				    "--patch",
				    "--unified=0",
				    "-M",
				    "--no-color",
				    "--no-ext-diff",
				    "--no-textconv",
				    "--src-prefix=a/",
				    "--dst-prefix=b/",
				    a->commit,
				    "--",
				    "*.go",
				    NULL};
	const struct git_options ours = {.index = a->index};
	struct strbuf text = STRBUF_INIT;
	int ret = copy_index(a, err);

	changed_init(&a->before.changed);
	changed_init(&a->after.changed);
	if (ret == 0)
		ret = git_run(a->top, announce, &ours, NULL, err);
	if (ret == 0)
		ret = git_run(a->top, diff, &ours, &text, err);
	if (ret == 0)
		ret = changed_read(&a->before.changed, &a->after.changed, strbuf_str(&text), text.len, err);
	if (ret == 0)
		ret = place_changes(&a->before, a->tree, err);
	if (ret == 0)
		ret = place_changes(&a->after, a->top, err);
	if (ret)
		error_prefix(err, "against: failed to compare the sources with revision '%s'", a->revision);
	unlink(a->index);
	strbuf_release(&text);
	return ret;
}

/* ---- building and running --------------------------------------------------------------------------------------- */

/* FILE for the working tree, FILE.before for the revision. */
static char *kept_as(const char *file, bool is_before)
{
	if (!file)
		return NULL;
	return is_before ? xasprintf("%s.before", file) : xstrdup(file);
}

static void side_init(struct side *side, const struct against *a, const char *directory, bool is_before)
{
	*side = (struct side){.name = is_before ? "before" : "after", .set = predictions_new()};
	/* Names of one length: the program may copy its own. */
	side->binary_dir = xasprintf("%s/%d", directory, is_before ? 1 : 2);
	side->binary = xasprintf("%s/program", side->binary_dir);
	side->predictions = kept_as(a->args->value[OPT_PREDICTIONS], is_before);
	side->recording = kept_as(a->args->value[OPT_OUTPUT], is_before);
	side->shown =
		is_before ? xasprintf("%s:%s", a->revision, a->args->positional[0]) : xstrdup(a->args->positional[0]);
}

static void side_release(struct side *side)
{
	audit_free(side->audit);
	assertions_free(side->assertions);
	target_release(&side->target);
	predictions_free(side->set);
	if (side->changed.pool)
		changed_release(&side->changed);
	unlink(side->binary);
	rmdir(side->binary_dir);
	free(side->build_dir);
	free(side->package);
	free(side->shown);
	free(side->binary);
	free(side->binary_dir);
	free(side->predictions);
	free(side->recording);
}

/* A workspace file named by its place in the tree is the other tree's own there. */
static char *workspace_of(const struct against *a)
{
	const char *work = getenv("GOWORK");
	size_t n = strlen(a->top);

	if (!work || strncmp(work, a->top, n) != 0 || work[n] != '/')
		return NULL;
	return xasprintf("GOWORK=%s%s", a->tree, work + n);
}

static int build_side(const struct against *a, struct side *side, struct error *err)
{
	const char *packages[] = {side->package, NULL};
	char *workspace = side == &a->before ? workspace_of(a) : NULL;
	const char *env[] = {GIT_NO_LOCKS, workspace, NULL};
	const struct build_options build = {
		.go = a->args->value[OPT_GO],
		.dir = side->build_dir,
		.packages = packages,
		.flags = a->flags,
		.output = side->binary,
		.pattern = a->args->value[OPT_PATTERN],
		.env = env,
	};
	int ret;

	if (mkdir(side->binary_dir, 0700) < 0)
		ret = error_set(err, -errno, "against: failed to create '%s': %s", side->binary_dir, strerror(errno));
	else {
		progress_begin(0, "building %s%s%s", side->package, side == &a->before ? " of revision " : "",
			       side == &a->before ? a->revision : "");
		ret = cli_build(a->args, &build, side->set, err);
		progress_end();
	}
	free(workspace);
	return ret;
}

/*
 * The first of two programs must not eat what the second needs. A file is read from the same place by both; what comes
 * through a pipe can be had only once, so neither gets it. Sets *start, -1 where there is nothing to go back to.
 */
static void prepare_input(off_t *start)
{
	struct stat st;
	int null;

	*start = -1;
	if (fstat(STDIN_FILENO, &st) < 0)
		return;
	if (S_ISREG(st.st_mode)) {
		*start = lseek(STDIN_FILENO, 0, SEEK_CUR);
	} else if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) {
		null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		cli_note("against: standard input is a pipe, which only one of the two runs could read: both get none; "
			 "give them a file");
		if (null >= 0) {
			dup2(null, STDIN_FILENO);
			close(null);
		}
	}
}

static int run_side(const struct against *a, struct side *side, off_t input, struct error *err)
{
	int ret;

	if (input >= 0 && lseek(STDIN_FILENO, input, SEEK_SET) < 0)
		return error_set(err, -errno, "against: failed to go back in standard input: %s", strerror(errno));
	ret = program_record(&side->target, a->args, side->binary, side->shown, side->set, a->options,
			     side->predictions, side->recording, err);
	if (ret == 0 && interrupt_signal())
		ret = error_set(err, -EINTR, "against: interrupted");
	if (ret == 0)
		ret = audit_run(&side->audit, side->set, side->target.rec, err);
	if (ret == 0 && side == &a->after) {
		assertions_read(&side->assertions, side->target.rec, side->set, NULL);
		assertions_judge(side->assertions, side->target.rec, side->audit);
		side->audit->assertions = side->assertions;
	}
	if (ret == 0 && side->target.rec->header.exit_status > 0)
		cli_note("the program %s ended with status %d", side->name, side->target.rec->header.exit_status);
	return ret;
}

static int measure_both(struct against *a, struct error *err)
{
	off_t input;
	int ret;

	ret = find_repository(a, err);
	if (ret)
		return ret;
	a->after.build_dir = xstrdup(a->base);
	a->before.build_dir = xasprintf("%s/%s", a->tree, a->prefix);
	/* What does not compile here is said before anything is checked out. */
	ret = build_side(a, &a->after, err);
	if (ret == 0)
		ret = check_out(a, err);
	if (ret == 0)
		ret = find_package(a, err);
	if (ret)
		return ret;
	ret = build_side(a, &a->before, err);
	if (ret)
		return ret == -EINTR ? ret : error_prefix(err, "against: failed to build revision '%s'", a->revision);
	prepare_input(&input);
	ret = run_side(a, &a->before, input, err);
	if (ret == 0)
		ret = run_side(a, &a->after, input, err);
	return ret ? ret : read_changes(a, err);
}

static int report(struct against *a, const struct report_options *options, uint64_t units, struct gates *gates)
{
	const struct diff_input before = {a->before.target.rec, a->before.audit, units ? units : 1};
	const struct diff_input after = {a->after.target.rec, a->after.audit, units ? units : 1};
	const struct source_change change = {a->revision, a->commit, &a->before.changed, &a->after.changed};
	const struct rec_header *headers[] = {&after.rec->header, &before.rec->header};
	struct diff *diff;
	int code;

	diff_run_change(&diff, &before, &after, &change);
	code = diff_finish(a->args, diff, units != 0, options, gates);
	diff_free(diff);
	/* As with one program: its failure is passed on, unless a gate or we are louder. */
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		if (code != EXIT_GATE && code != EXIT_FAILED && headers[i]->exit_status > 0)
			return headers[i]->exit_status;
	}
	return code;
}

static void on_signal(void *ctx, int signal)
{
	(void)ctx;
	interrupt_note(signal);
}

int against_run(const struct cli_args *args, const struct session_options *options, const char *directory)
{
	struct session_options session = *options;
	struct against a = {.args = args, .options = &session, .revision = args->value[OPT_AGAINST]};
	struct report_options report_options;
	struct error err = ERROR_INIT;
	struct gates gates;
	uint64_t units = 0;
	char *real;
	int code;

	if (!*a.revision || *a.revision == '-')
		return cli_misuse(args, "--against needs a revision, not '%s'", a.revision);
	if (!cli_report_options(args, &report_options) || !cli_count(args, OPT_PER, &units))
		return EXIT_MISUSE;
	code = gates_open(&gates, args);
	if (code >= 0)
		return code;
	session.events.signalled = on_signal;
	a.flags = without_directory(args->flags, &a.directory);
	real = realpath(directory, NULL);
	a.tree = xasprintf("%s/tree", real ? real : directory);
	a.index = xasprintf("%s/index", real ? real : directory);
	side_init(&a.before, &a, real ? real : directory, true);
	side_init(&a.after, &a, real ? real : directory, false);
	a.after.package = xstrdup(args->positional[0]);
	code = measure_both(&a, &err) ? cli_fail(&err) : -1;
	forget(&a);
	if (code < 0)
		code = report(&a, &report_options, units, &gates);
	side_release(&a.before);
	side_release(&a.after);
	gates_release(&gates);
	free(real);
	free(a.flags);
	free(a.base);
	free(a.top);
	free(a.prefix);
	free(a.commit);
	free(a.tree);
	free(a.index);
	return code;
}
