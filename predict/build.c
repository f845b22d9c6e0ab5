/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four runs of the go command, all in the build's directory: `go env` (versions, and the user's GOFLAGS), `go list`
 * (what the arguments name, and of which modules), `go build`, `go version -m` (the settings of the binary). Everything
 * they write goes to files in a directory of our own under TMPDIR, which is removed on every way out; signals that
 * would end the process are held back until then.
 *
 * Which packages get the diagnostics is said with -gcflags=PATTERN=..., repeated: of several that match a package the
 * go command takes the last. A scope is a module of a named package ("example.com/m/...") or, where there is none, the
 * package itself; and, where several programs are named, each of those, because every main package writes its JSON to
 * "main" and needs a directory of its own. The user's own -gcflags, from the command line or GOFLAGS, stay in force:
 * one that reaches into a scope, or covers it, is repeated with ours added; the others are passed on as they are.
 */
#include "predict/build.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "predict/diagnostics.h"

#define OUTPUT_LIMIT (64u << 20) /* of env, list and version */
#define ERROR_LIMIT  (1u << 20)	 /* of a failed build's message */

/* ---- lists of strings ---- */

struct words {
	char **items; /* owned, NULL-terminated */
	size_t n, alloc;
};

static void words_take(struct words *words, char *word)
{
	ARRAY_GROW(words->items, words->n + 2, words->alloc);
	words->items[words->n++] = word;
	words->items[words->n] = NULL;
}

static void words_add(struct words *words, const char *word)
{
	words_take(words, xstrdup(word));
}

static void words_release(struct words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->items[i]);
	free(words->items);
	*words = (struct words){.items = NULL};
}

/* As cmd/internal/quoted splits flags: blanks separate, a field may be quoted as a whole, nothing is escaped. */
static void words_split(struct words *words, const char *s)
{
	static const char blanks[] = " \t\n\r";

	for (s += strspn(s, blanks); *s; s += strspn(s, blanks)) {
		const char *end = NULL;

		if (*s == '"' || *s == '\'')
			end = strchr(s + 1, *s);
		if (end) {
			words_take(words, xstrndup(s + 1, (size_t)(end - s - 1)));
			s = end + 1;
		} else {
			words_take(words, xstrndup(s, strcspn(s, blanks)));
			s += strcspn(s, blanks);
		}
	}
}

static void add_quoted(struct strbuf *sb, const char *word)
{
	bool quote = !*word || strpbrk(word, " \t\n\r'\"");
	char with = strchr(word, '\'') ? '"' : '\'';

	if (sb->len)
		strbuf_addch(sb, ' ');
	if (quote)
		strbuf_addch(sb, with);
	strbuf_addstr(sb, word);
	if (quote)
		strbuf_addch(sb, with);
}

/* ---- flags ---- */

/* One -gcflags of the user. */
struct user_flags {
	char *pattern;	/* NULL: the packages named */
	char *flags;	/* without -m and -json */
	bool malformed; /* flags is the value as it was, for the go command to refuse */
};

struct scope {
	char *path;
	bool tree;     /* path/... rather than path */
	bool named;    /* the files named on the command line: no pattern, path is NULL */
	bool standard; /* of the standard library */
	size_t json;   /* number of its JSON directory */
};

struct build {
	const struct build_options *options;
	struct predictions *set;
	struct error *err;
	char *go;
	char *dir;   /* where the go command runs, absolute */
	char *work;  /* our directory */
	char *error; /* work/stderr */
	char *out;   /* work/stdout */
	char *json;  /* work/json */
	char *output;
	struct words env;
	struct words flags;	 /* the user's, without -gcflags */
	struct words list_flags; /* those of them that decide what a package is */
	struct user_flags *user;
	size_t n_user, alloc_user;
	struct scope *scopes;
	size_t n_scopes, alloc_scopes;
	size_t n_packages; /* that the arguments name */
	size_t n_main;
	struct words mains; /* their import paths */
	char *first_name;   /* of the first: import path and name */
	char *first_path;
	sigset_t held; /* the mask to go back to */
};

/* The flag's name without dashes, and its value behind "="; NULL value where the next word is it. */
static const char *flag_name(const char *word, size_t *len, const char **value)
{
	const char *equals;

	if (word[0] != '-')
		return NULL;
	word += word[1] == '-' ? 2 : 1;
	equals = strchr(word, '=');
	*len = equals ? (size_t)(equals - word) : strlen(word);
	*value = equals ? equals + 1 : NULL;
	return *len ? word : NULL;
}

static bool is_name(const char *name, size_t len, const char *want)
{
	return strlen(want) == len && memcmp(name, want, len) == 0;
}

/* Our own flags would be given twice, and -json twice is an error. */
static char *without_diagnostics(const char *flags)
{
	struct words words = {.items = NULL};
	struct strbuf sb = STRBUF_INIT;

	words_split(&words, flags);
	for (size_t i = 0; i < words.n; i++) {
		const char *value, *name;
		size_t len;

		name = flag_name(words.items[i], &len, &value);
		if (name && (is_name(name, len, "m") || is_name(name, len, "json")))
			continue;
		add_quoted(&sb, words.items[i]);
	}
	words_release(&words);
	return strbuf_detach(&sb);
}

static void add_user_flags(struct build *b, const char *value)
{
	struct user_flags *u;
	const char *equals;

	ARRAY_GROW(b->user, b->n_user + 1, b->alloc_user);
	u = &b->user[b->n_user++];
	*u = (struct user_flags){.pattern = NULL};
	value += strspn(value, " \t\n\r");
	equals = strchr(value, '=');
	if (*value && *value != '-' && equals && equals != value) {
		size_t n = (size_t)(equals - value);

		while (n && strchr(" \t", value[n - 1]))
			n--;
		u->pattern = xstrndup(value, n);
		value = equals + 1;
	}
	u->malformed = *value && *value != '-' && !u->pattern;
	u->flags = u->malformed ? xstrdup(value) : without_diagnostics(value);
}

/* Flags that change which files a package has, or where packages are found. */
static bool is_list_flag(const char *name, size_t len)
{
	static const char *const names[] = {"tags",    "race",	  "msan",     "asan",	      "mod",
					    "modfile", "overlay", "compiler", "installsuffix"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (is_name(name, len, names[i]))
			return true;
	}
	return false;
}

static bool is_switch(const char *name, size_t len)
{
	return is_name(name, len, "race") || is_name(name, len, "msan") || is_name(name, len, "asan");
}

/* Returns 0, or the error of a flag of which the value is missing. */
static int sort_flags(struct build *b, const char *goflags)
{
	const char *const *flags = b->options->flags;
	struct words words = {.items = NULL};
	const char *name, *value;
	size_t len;

	words_split(&words, goflags);
	for (size_t i = 0; i < words.n; i++) { /* in force by themselves, but ours would override its -gcflags */
		name = flag_name(words.items[i], &len, &value);
		if (name && value && is_name(name, len, "gcflags"))
			add_user_flags(b, value);
	}
	words_release(&words);

	for (size_t i = 0; flags && flags[i]; i++) {
		name = flag_name(flags[i], &len, &value);
		if (name && is_name(name, len, "C")) { /* prepare_paths went there */
			i += !value && flags[i + 1];
			continue;
		}
		if (name && !value && !flags[i + 1] &&
		    (is_name(name, len, "gcflags") || (is_list_flag(name, len) && !is_switch(name, len))))
			return error_set(b->err, -EINVAL,
					 "build: the flag '%s' has no value; name it as in --flag=%s=VALUE", flags[i],
					 flags[i]);
		if (name && is_name(name, len, "gcflags")) {
			add_user_flags(b, value ? value : flags[++i]);
			continue;
		}
		words_add(&b->flags, flags[i]);
		if (!name || !is_list_flag(name, len))
			continue;
		words_add(&b->list_flags, flags[i]);
		if (!value && !is_switch(name, len)) {
			words_add(&b->flags, flags[++i]);
			words_add(&b->list_flags, flags[i]);
		}
	}
	return 0;
}

/* ---- patterns ---- */

/* "..." stands for any text, and "x/..." for x too. */
static bool pattern_matches(const char *pattern, const char *path)
{
	const char *star = NULL, *again = NULL;
	size_t n = strlen(pattern);

	if (strcmp(pattern, "all") == 0)
		return true;
	if (n > 4 && strcmp(pattern + n - 4, "/...") == 0 && strlen(path) == n - 4 &&
	    strncmp(pattern, path, n - 4) == 0)
		return true;
	while (*path) {
		if (strncmp(pattern, "...", 3) == 0) {
			pattern += 3;
			star = pattern;
			again = path;
		} else if (*pattern == *path) {
			pattern++;
			path++;
		} else if (star) {
			pattern = star;
			path = ++again;
		} else {
			return false;
		}
	}
	while (strncmp(pattern, "...", 3) == 0)
		pattern += 3;
	return *pattern == '\0';
}

static bool ends_in_dots(const char *pattern)
{
	size_t n = strlen(pattern);

	return n >= 3 && strcmp(pattern + n - 3, "...") == 0;
}

/* Does every package of the scope match? */
static bool pattern_covers(const char *pattern, const struct scope *scope)
{
	if (strcmp(pattern, "all") == 0)
		return true;
	if (scope->named)
		return false;
	if (scope->standard && strcmp(pattern, strncmp(scope->path, "cmd/", 4) == 0 ? "cmd" : "std") == 0)
		return true;
	return pattern_matches(pattern, scope->path) && (!scope->tree || ends_in_dots(pattern));
}

/* Does no package outside the scope match? */
static bool pattern_is_inside(const char *pattern, const struct scope *scope)
{
	size_t n = scope->path ? strlen(scope->path) : 0;

	if (scope->named)
		return false;
	if (!scope->tree) /* a pattern of the caller's */
		return strcmp(scope->path, "std") == 0 ? !memchr(pattern, '.', strcspn(pattern, "/"))
						       : pattern_matches(scope->path, pattern);
	if (pattern[0] == '.' && !scope->standard) /* "./…": below the working directory */
		return true;
	return strncmp(pattern, scope->path, n) == 0 && (pattern[n] == '\0' || pattern[n] == '/');
}

static void add_scope(struct build *b, const char *path, bool tree, bool standard, size_t json)
{
	for (size_t i = 0; i < b->n_scopes; i++) {
		const struct scope *s = &b->scopes[i];

		if ((path && s->path && strcmp(s->path, path) == 0 && s->tree == tree) || (!path && s->named))
			return;
	}
	ARRAY_GROW(b->scopes, b->n_scopes + 1, b->alloc_scopes);
	b->scopes[b->n_scopes++] = (struct scope){
		.path = path ? xstrdup(path) : NULL, .tree = tree, .named = !path, .standard = standard, .json = json};
}

/* Flags of the user's, and ours where there is a scope; without a pattern the scope's own is used. */
static void add_gcflags(const struct build *b, struct words *argv, const char *pattern, const char *flags,
			const struct scope *scope)
{
	struct strbuf sb = STRBUF_INIT, value = STRBUF_INIT;

	strbuf_addstr(&value, flags);
	if (scope) {
		char *json = xasprintf("-json=0,%s/%zu", b->json, scope->json);

		add_quoted(&value, "-m=2");
		add_quoted(&value, json);
		free(json);
	}
	strbuf_addstr(&sb, "-gcflags=");
	if (pattern)
		strbuf_addf(&sb, "%s=", pattern);
	else if (scope && scope->path)
		strbuf_addf(&sb, "%s%s=", scope->path, scope->tree ? "/..." : "");
	strbuf_add(&sb, strbuf_str(&value), value.len);
	words_take(argv, strbuf_detach(&sb));
	strbuf_release(&value);
}

static void add_all_gcflags(const struct build *b, struct words *argv)
{
	static const struct scope named = {.named = true};

	for (size_t i = 0; i < b->n_scopes; i++)
		add_gcflags(b, argv, NULL, "", &b->scopes[i]);
	for (size_t i = 0; i < b->n_user; i++) {
		const struct user_flags *u = &b->user[i];
		const struct scope *inside = !u->pattern && !u->malformed ? &named : NULL;

		for (size_t k = 0; u->pattern && k < b->n_scopes && !inside; k++) {
			if (pattern_is_inside(u->pattern, &b->scopes[k]))
				inside = &b->scopes[k];
		}
		add_gcflags(b, argv, u->pattern, u->flags, inside);
		for (size_t k = 0; k < b->n_scopes; k++) {
			const struct scope *scope = &b->scopes[k];
			/* Of what is inside a scope only the programs, for the sake of their directories. */
			bool covered = u->pattern ? pattern_covers(u->pattern, scope) : inside && scope->json;

			if (covered && (!inside || scope->json))
				add_gcflags(b, argv, NULL, u->flags, scope);
		}
	}
}

/* ---- running the go command ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	if (type == FTW_DP || type == FTW_DNR)
		rmdir(path);
	else
		unlink(path);
	return 0;
}

static void signals_to_hold(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGQUIT);
}

/* The go command does not notice, or does not say, that nothing more of what it prints could be kept. */
static int check_space(const struct build *b)
{
	struct statvfs fs;

	if (statvfs(b->work, &fs) || !fs.f_blocks || fs.f_bfree)
		return 0;
	return error_set(b->err, -ENOSPC,
			 "build: failed to keep what the go command says in '%s': %s; make room there, or set TMPDIR",
			 b->work, strerror(ENOSPC));
}

/* Runs go with argv; its output is in b->out and b->error. 0, or *status is not 0, or a negative errno with a message.
 */
static int run(struct build *b, struct words *argv, int *status)
{
	struct child child = {.argv = argv->items, .env = b->env.items, .directory = b->dir, .mask = b->held};
	sigset_t signals;
	int ret;

	signals_to_hold(&signals);
	child.held = &signals;
	child.end_with = SIGINT; /* the go command stops its work on an interrupt and waits for its compilers */
	child.out = open(b->out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	child.said = open(b->error, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ret = child.out < 0 || child.said < 0 ? -errno : 0;
	if (ret)
		error_set(b->err, ret, "build: failed to keep what the go command says in '%s': %s", b->work,
			  strerror(-ret));
	else
		ret = child_run(&child, status);
	if (child.out >= 0)
		close(child.out);
	if (child.said >= 0)
		close(child.said);
	if (child.out < 0 || child.said < 0)
		return ret;
	if (ret == -EINTR)
		return error_set(b->err, -EINTR, "build: interrupted");
	if (ret)
		return error_set(b->err, ret, "build: failed to run '%s': %s; install Go, or name its go command%s",
				 b->go, strerror(-ret),
				 ret == -ENOENT && access("/dev/null", F_OK) ? "; there is no /dev/null either" : "");
	if (WIFSIGNALED(*status) && WTERMSIG(*status) == SIGINT)
		return error_set(b->err, -EINTR, "build: interrupted");
	return check_space(b);
}

/* What a failed command said, without diagnostics, and without the headers of packages that failed at nothing. */
static void add_failure(const struct build *b, struct strbuf *sb)
{
	FILE *f = fopen(b->error, "re");
	struct strbuf package = STRBUF_INIT;
	struct lines lines;
	const char *line;
	size_t len;

	if (!f)
		return;
	lines_init_file(&lines, f);
	while (lines_next(&lines, &line, &len) && sb->len < ERROR_LIMIT) {
		if (len > 2 && line[0] == '#' && line[1] == ' ') {
			strbuf_clear(&package);
			strbuf_add(&package, line, len);
			continue;
		}
		if (diagnostics_line_is_known(line, len))
			continue;
		if (package.len)
			strbuf_addf(sb, "\n%s", package.buf);
		strbuf_clear(&package);
		strbuf_addch(sb, '\n');
		strbuf_add(sb, line, len);
	}
	lines_release(&lines);
	strbuf_release(&package);
	fclose(f);
}

static int failed(struct build *b, const char *command, int status)
{
	struct strbuf sb = STRBUF_INIT;
	int ret;

	add_failure(b, &sb);
	if (WIFSIGNALED(status))
		ret = error_set(b->err, -EIO, "build: '%s' in '%s' was killed by signal %d%s", command, b->dir,
				WTERMSIG(status), strbuf_str(&sb));
	else
		ret = error_set(b->err, -EIO, "build: '%s' failed in '%s' with status %d:%s", command, b->dir,
				WEXITSTATUS(status),
				sb.len ? strbuf_str(&sb) : " it said nothing; is there room for its output in TMPDIR?");
	strbuf_release(&sb);
	return ret;
}

/* Runs a command that answers on its standard output. */
static int ask(struct build *b, struct words *argv, const char *command, struct strbuf *answer)
{
	int status = 0;
	int ret = run(b, argv, &status);

	if (ret)
		return ret;
	if (status)
		return failed(b, command, status);
	ret = strbuf_read_file(answer, b->out, OUTPUT_LIMIT);
	return ret ? error_set(b->err, ret, "build: failed to read what '%s' said: %s", command, strerror(-ret)) : 0;
}

/* Cuts the next line off. */
static char *next_line(char **text)
{
	char *line = *text, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	*text = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return line;
}

static int ask_env(struct build *b)
{
	static const char *const words[] = {"env", "GOVERSION", "GOOS", "GOARCH", "GOFLAGS"};
	struct prediction_build *build = &b->set->build;
	struct words argv = {.items = NULL};
	struct strbuf answer = STRBUF_INIT;
	char *lines[4] = {NULL}, *text;
	int ret;

	words_add(&argv, b->go);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		words_add(&argv, words[i]);
	ret = ask(b, &argv, "go env", &answer);
	text = answer.buf;
	for (size_t i = 0; ret == 0 && i < ARRAY_SIZE(lines) && text; i++) { /* empty values are empty lines */
		char *end = strchr(text, '\n');

		lines[i] = text;
		text = end ? end + 1 : NULL;
		if (end)
			*end = '\0';
	}
	if (ret == 0 && (!lines[3] || (strncmp(lines[0], "go", 2) != 0 && strncmp(lines[0], "devel", 5) != 0)))
		ret = error_set(b->err, -EINVAL,
				"build: '%s' is no go command: it does not know its version; name one "
				"with --go",
				b->go);
	if (ret == 0) {
		build->go_version = strpool_add(b->set->pool, lines[0]);
		build->goos = strpool_add(b->set->pool, lines[1]);
		build->goarch = strpool_add(b->set->pool, lines[2]);
		build->directory = strpool_add(b->set->pool, b->dir);
		ret = sort_flags(b, lines[3]);
	}
	words_release(&argv);
	strbuf_release(&answer);
	return ret;
}

/* The module the files of the command line belong to: they are a package without one. */
static void ask_module_of_files(struct build *b)
{
	struct words argv = {.items = NULL};
	struct strbuf answer = STRBUF_INIT;
	char *text, *line;

	words_add(&argv, b->go);
	words_add(&argv, "list");
	words_add(&argv, "-m");
	/* Outside a module it fails, and that is an answer too. */
	if (ask(b, &argv, "go list -m", &answer) == 0) {
		text = answer.buf;
		while ((line = next_line(&text))) {
			add_scope(b, line, true, false, 0);
			if (!b->set->build.main_module)
				b->set->build.main_module = strpool_add(b->set->pool, line);
		}
	} else if (b->err && b->err->code != -EINTR) {
		error_release(b->err);
	}
	words_release(&argv);
	strbuf_release(&answer);
}

/* One line of go list: import path, name, standard, module path, "true" for a main module. */
static void take_package(struct build *b, char *line)
{
	char *fields[5] = {NULL};
	size_t n = 0;
	bool standard;

	while (n < ARRAY_SIZE(fields) && line) {
		fields[n++] = line;
		line = strchr(line, '\t');
		if (line)
			*line++ = '\0';
	}
	if (n < 5)
		return;
	standard = strcmp(fields[2], "true") == 0;
	if (b->n_packages++ == 0) {
		b->first_path = xstrdup(fields[0]);
		b->first_name = xstrdup(fields[1]);
	}
	if (strcmp(fields[1], "main") == 0) {
		b->n_main++;
		words_add(&b->mains, fields[0]);
	}
	if (strcmp(fields[0], "command-line-arguments") == 0)
		add_scope(b, NULL, false, false, 0);
	else if (fields[3][0])
		add_scope(b, fields[3], true, false, 0);
	else
		add_scope(b, fields[0], true, standard, 0);
	if (strcmp(fields[4], "true") == 0 && !b->set->build.main_module)
		b->set->build.main_module = strpool_add(b->set->pool, fields[3]);
}

static void add_packages(const struct build *b, struct words *argv)
{
	for (size_t i = 0; b->options->packages && b->options->packages[i]; i++)
		words_add(argv, b->options->packages[i]);
}

static int ask_packages(struct build *b)
{
	const char *const *packages = b->options->packages;
	const char *first = packages && packages[0] ? packages[0] : ".";
	struct words argv = {.items = NULL};
	struct strbuf answer = STRBUF_INIT, said = STRBUF_INIT;
	char *text, *line;
	int ret;

	words_add(&argv, b->go);
	words_add(&argv, "list");
	for (size_t i = 0; i < b->list_flags.n; i++)
		words_add(&argv, b->list_flags.items[i]);
	words_add(&argv, "-f");
	words_add(&argv,
		  "{{.ImportPath}}\t{{.Name}}\t{{.Standard}}\t{{with .Module}}{{.Path}}\t{{.Main}}{{else}}\t{{end}}");
	add_packages(b, &argv);
	ret = ask(b, &argv, "go list", &answer);
	if (ret)
		goto out;
	text = answer.buf;
	while ((line = next_line(&text)))
		take_package(b, line);
	if (b->n_packages == 0) {
		add_failure(b, &said);
		ret = error_set(b->err, -ENOENT,
				"build: '%s' matches no package in '%s'; name one, such as . or ./cmd/x%s", first,
				b->dir, strbuf_str(&said));
		goto out;
	}
	if (b->options->output && b->n_packages > 1) {
		ret = error_set(b->err, -EINVAL, "build: '%s' names %zu packages; name the one program to build", first,
				b->n_packages);
		goto out;
	}
	if (b->options->output && b->n_main == 0) {
		ret = error_set(b->err, -EINVAL,
				"build: '%s' is package %s, not a program; name a package main, or only predict", first,
				b->first_name);
		goto out;
	}
	for (size_t i = 0; i < b->n_scopes; i++) {
		if (b->scopes[i].named) {
			ask_module_of_files(b);
			break;
		}
	}
	if (b->options->pattern) {
		for (size_t i = 0; i < b->n_scopes; i++)
			free(b->scopes[i].path);
		b->n_scopes = 0;
		add_scope(b, b->options->pattern, false, false, 0);
	}
	for (size_t i = 0; b->n_main > 1 && i < b->n_main; i++)
		add_scope(b, b->mains.items[i], false, false, i + 1);
out:
	words_release(&argv);
	strbuf_release(&answer);
	strbuf_release(&said);
	return ret;
}

/* ---- what came of it ---- */

/* A value of `go version -m` is quoted as Go text where it has blanks or quotes. */
static void add_unquoted(struct strbuf *sb, const char *value)
{
	size_t n = strlen(value);

	if (n < 2 || value[n - 1] != value[0] || (value[0] != '"' && value[0] != '`')) {
		strbuf_add(sb, value, n);
		return;
	}
	for (size_t i = 1; i < n - 1; i++) {
		char c = value[i];

		if (value[0] == '"' && c == '\\' && i + 1 < n - 1) {
			c = value[++i];
			c = c == 'n' ? ' ' : c == 't' ? '\t' : c; /* one line a setting */
		}
		strbuf_addch(sb, c);
	}
}

/* `go version -m FILE`: "FILE: go1.26.11", then "\tbuild\tkey=value" among others. */
static int ask_settings(struct build *b, const char *binary)
{
	struct words argv = {.items = NULL};
	struct strbuf answer = STRBUF_INIT, settings = STRBUF_INIT;
	char *text, *line;
	int ret;

	words_add(&argv, b->go);
	words_add(&argv, "version");
	words_add(&argv, "-m");
	words_add(&argv, binary);
	ret = ask(b, &argv, "go version -m", &answer);
	text = answer.buf;
	while (ret == 0 && (line = next_line(&text))) {
		static const char build[] = "\tbuild\t", module[] = "\tmod\t";
		char *equals;

		if (strncmp(line, module, strlen(module)) == 0 && !b->set->build.main_module) {
			line += strlen(module);
			b->set->build.main_module = strpool_add_n(b->set->pool, line, strcspn(line, "\t"));
		}
		if (strncmp(line, build, strlen(build)) != 0)
			continue;
		line += strlen(build);
		equals = strchr(line, '=');
		if (!equals)
			continue;
		if (strncmp(line, "-gcflags=", 9) == 0) /* ours, with the name of a directory that is gone */
			continue;
		strbuf_add(&settings, line, (size_t)(equals + 1 - line));
		add_unquoted(&settings, equals + 1);
		strbuf_addch(&settings, '\n');
	}
	if (ret == 0 && b->set->build.gcflags[0])
		strbuf_addf(&settings, "-gcflags=%s\n", b->set->build.gcflags);
	if (ret == 0)
		b->set->build.settings = strpool_add_n(b->set->pool, strbuf_str(&settings), settings.len);
	words_release(&argv);
	strbuf_release(&answer);
	strbuf_release(&settings);
	return ret;
}

static int read_diagnostics(struct build *b)
{
	struct error err = ERROR_INIT;
	FILE *f = fopen(b->error, "re");
	int ret;

	if (!f)
		return error_set(b->err, -errno, "build: failed to read the diagnostics: %s", strerror(errno));
	ret = predictions_read_log(b->set, f, "go build", &err);
	fclose(f);
	if (ret == 0 || ret == -ENODATA) { /* a package without functions has none */
		error_release(&err);
		ret = predictions_join_json(b->set, b->json, &err);
	}
	if (ret == -ENODATA)
		ret = 0;
	if (ret)
		error_set(b->err, ret, "build: %s", err.text);
	error_release(&err);
	return ret;
}

static void note_gcflags(struct build *b)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < b->n_user; i++)
		strbuf_addf(&sb, "%s%s%s%s", i ? " " : "", b->user[i].pattern ? b->user[i].pattern : "",
			    b->user[i].pattern ? "=" : "", b->user[i].flags);
	b->set->build.gcflags = strpool_add_n(b->set->pool, strbuf_str(&sb), sb.len);
	strbuf_release(&sb);
}

static int build(struct build *b)
{
	struct words argv = {.items = NULL};
	const char *binary = b->output;
	char *own = NULL;
	int status = 0, ret;

	/* Without -o a single program would be written to the working directory. */
	if (!binary && b->n_packages == 1 && b->n_main == 1)
		binary = own = xasprintf("%s/program", b->work);
	words_add(&argv, b->go);
	words_add(&argv, "build");
	for (size_t i = 0; i < b->flags.n; i++)
		words_add(&argv, b->flags.items[i]);
	add_all_gcflags(b, &argv);
	words_add(&argv, "-o");
	words_add(&argv, binary ? binary : "/dev/null");
	add_packages(b, &argv);
	ret = run(b, &argv, &status);
	if (ret == 0 && status)
		ret = failed(b, "go build", status);
	words_release(&argv);
	if (ret == 0) {
		note_gcflags(b);
		ret = read_diagnostics(b);
	}
	/* Of every package the compiler says something, if only of its main. */
	if (ret == 0 && b->options->pattern && b->set->n_packages == 0)
		ret = error_set(b->err, -ENOENT,
				"build: failed to find a package that matches '%s' among those that were built in "
				"'%s'; name an import path of the program's, as in example.com/m/..., or all",
				b->options->pattern, b->dir);
	if (ret == 0 && binary)
		ret = ask_settings(b, binary);
	free(own);
	return ret;
}

/* ---- preparation ---- */

/* -C DIR among the flags: positions are relative to it. */
static const char *change_directory(const struct build_options *o)
{
	for (size_t i = 0; o->flags && o->flags[i]; i++) {
		const char *value, *name;
		size_t len;

		name = flag_name(o->flags[i], &len, &value);
		if (name && is_name(name, len, "C"))
			return value ? value : o->flags[i + 1];
	}
	return NULL;
}

static int prepare_paths(struct build *b)
{
	const struct build_options *o = b->options;
	const char *tmp = getenv("TMPDIR");
	const char *change = change_directory(o);
	char *top, *dir;

	if (change && (change[0] == '/' || !o->dir))
		dir = xstrdup(change);
	else
		dir = change ? xasprintf("%s/%s", o->dir, change) : xstrdup(o->dir ? o->dir : ".");
	b->dir = realpath(dir, NULL);
	if (!b->dir) {
		int ret = error_set(b->err, -errno, "build: failed to enter '%s': %s", dir, strerror(errno));

		free(dir);
		return ret;
	}
	free(dir);
	if (o->go && strchr(o->go, '/')) {
		b->go = realpath(o->go, NULL);
		if (!b->go)
			return error_set(b->err, -errno,
					 "build: failed to run '%s': %s; install Go, or name its go command", o->go,
					 strerror(errno));
	} else {
		b->go = xstrdup(o->go ? o->go : "go");
	}
	if (o->output && o->output[0] != '/') {
		char *here = realpath(".", NULL);

		if (!here)
			return error_set(b->err, -errno, "build: failed to find the working directory: %s",
					 strerror(errno));
		b->output = xasprintf("%s/%s", here, o->output);
		free(here);
	} else if (o->output) {
		b->output = xstrdup(o->output);
	}
	/* A flag of the compiler can be quoted, but not with both kinds of quotes. */
	top = realpath(tmp && *tmp && !(strchr(tmp, '\'') && strchr(tmp, '"')) ? tmp : "/tmp", NULL);
	if (!top)
		return error_set(b->err, -errno, "build: failed to find '%s': %s; set TMPDIR to a directory",
				 tmp ? tmp : "/tmp", strerror(errno));
	b->work = xasprintf("%s/escaudit-XXXXXX", top);
	free(top);
	if (!mkdtemp(b->work)) {
		int ret = error_set(b->err, -errno,
				    "build: failed to create '%s': %s; set TMPDIR to a directory with room", b->work,
				    strerror(errno));

		free(b->work);
		b->work = NULL;
		return ret;
	}
	b->error = xasprintf("%s/stderr", b->work);
	b->out = xasprintf("%s/stdout", b->work);
	b->json = xasprintf("%s/json", b->work);
	if (mkdir(b->json, 0700) < 0)
		return error_set(b->err, -errno, "build: failed to create '%s': %s", b->json, strerror(errno));
	return 0;
}

/* Does the caller give a variable of the same name as this NAME=VALUE? */
static bool is_given(const struct build_options *options, const char *variable)
{
	size_t len = strcspn(variable, "=") + 1;

	for (const char *const *e = options->env; e && *e; e++) {
		if (strncmp(*e, variable, len) == 0)
			return true;
	}
	return false;
}

/*
 * The go command takes $PWD for the name of its directory if it is one of its names. Interrupted before it minds
 * signals, it leaves its temporary files behind: they are in our directory, and go with it.
 */
static void prepare_environment(struct build *b)
{
	for (char **e = environ; *e; e++) {
		if (strncmp(*e, "PWD=", 4) != 0 && strncmp(*e, "TMPDIR=", 7) != 0 && !is_given(b->options, *e))
			words_add(&b->env, *e);
	}
	for (const char *const *e = b->options->env; e && *e; e++)
		words_add(&b->env, *e);
	words_take(&b->env, xasprintf("PWD=%s", b->dir));
	words_take(&b->env, xasprintf("TMPDIR=%s", b->work));
}

int build_with_diagnostics(const struct build_options *options, struct predictions *set, struct error *err)
{
	struct error local = ERROR_INIT;
	struct build b = {.options = options, .set = set, .err = err ? err : &local};
	sigset_t signals;
	int ret;

	signals_to_hold(&signals);
	pthread_sigmask(SIG_BLOCK, &signals, &b.held);
	ret = prepare_paths(&b);
	if (ret == 0) {
		prepare_environment(&b);
		ret = ask_env(&b);
	}
	if (ret == 0)
		ret = ask_packages(&b);
	if (ret == 0)
		ret = build(&b);

	if (b.work && options->keep_work)
		fprintf(stderr, "escaudit: diagnostics left in %s\n", b.work);
	else if (b.work)
		nftw(b.work, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	for (size_t i = 0; i < b.n_user; i++) {
		free(b.user[i].pattern);
		free(b.user[i].flags);
	}
	for (size_t i = 0; i < b.n_scopes; i++)
		free(b.scopes[i].path);
	free(b.user);
	free(b.scopes);
	words_release(&b.env);
	words_release(&b.flags);
	words_release(&b.list_flags);
	words_release(&b.mains);
	free(b.go);
	free(b.dir);
	free(b.work);
	free(b.error);
	free(b.out);
	free(b.json);
	free(b.output);
	free(b.first_name);
	free(b.first_path);
	error_release(&local);
	pthread_sigmask(SIG_SETMASK, &b.held, NULL); /* now a signal held back takes its effect */
	return ret;
}
