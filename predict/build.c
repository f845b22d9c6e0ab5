/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four runs of the go command, all in the build's directory: `go env` (versions, and the user's GOFLAGS), `go list`
 * (what the arguments name, and of which modules), `go build`, `go version -m` (the settings of the binary). How they
 * are run is in go_command.c, with which flags in go_flags.c.
 */
#include "predict/build.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/u64map.h"
#include "predict/diagnostics.h"
#include "predict/go_command.h"
#include "predict/go_flags.h"
#include "predict/literal_source.h"
#include "predict/relay.h"
#include "predict/source_list.h"
#include "predict/twin_build.h"
#include "predict/variable_types.h"

struct build {
	const struct build_options *options;
	struct predictions *set;
	struct error *err;
	struct go_command go;
	struct go_flags flags;
	char *json; /* where the JSON is: a directory in its work */
	char *text; /* and the text */
	char *output;
	char *module_cache, *goroot;
	struct source_list list;    /* of all packages that are built */
	struct source_list program; /* of those of the one program among several packages */
	struct overlay *overlay;    /* the user's */
	struct source_names names;
	bool is_twin_ready;
	char *twin_missing; /* why it has not all columns; NULL: nothing is known to be missing */
	size_t n_packages;  /* that the arguments name */
	size_t n_main;
	struct words mains; /* their import paths */
	char *first_name;   /* of the first: import path and name */
	char *first_path;
};

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
	static const char *const words[] = {"env", "GOVERSION", "GOOS", "GOARCH", "GOFLAGS", "GOMODCACHE", "GOROOT"};
	struct prediction_build *build = &b->set->build;
	struct words argv = {.items = NULL};
	struct strbuf answer = STRBUF_INIT;
	char *lines[6] = {NULL}, *text;
	int ret;

	words_add(&argv, b->go.name);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		words_add(&argv, words[i]);
	ret = go_command_ask(&b->go, &argv, "go env", &answer);
	text = answer.buf;
	for (size_t i = 0; ret == 0 && i < ARRAY_SIZE(lines) && text; i++) { /* empty values are empty lines */
		char *end = strchr(text, '\n');

		lines[i] = text;
		text = end ? end + 1 : NULL;
		if (end)
			*end = '\0';
	}
	/* It does so where no command asks for it but GOFLAGS. */
	if (ret == 0 && strcmp(lines[0] ? lines[0] : "", "{") == 0)
		ret = error_set(b->err, -EINVAL,
				"build: '%s' prints JSON in place of what it is asked for, as GOFLAGS has the flag "
				"-json; take it out of GOFLAGS",
				b->go.name);
	if (ret == 0 && (!lines[3] || (strncmp(lines[0], "go", 2) != 0 && strncmp(lines[0], "devel", 5) != 0)))
		ret = error_set(b->err, -EINVAL,
				"build: '%s' is no go command: it does not know its version; name one "
				"with --go",
				b->go.name);
	if (ret == 0) {
		build->go_version = strpool_add(b->set->pool, lines[0]);
		build->goos = strpool_add(b->set->pool, lines[1]);
		build->goarch = strpool_add(b->set->pool, lines[2]);
		build->directory = strpool_add(b->set->pool, b->go.dir);
		b->module_cache = xstrdup(lines[4] ? lines[4] : "");
		b->goroot = xstrdup(lines[5] ? lines[5] : "");
		ret = go_flags_sort(&b->flags, b->options->flags, lines[3], b->err);
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

	words_add(&argv, b->go.name);
	words_add(&argv, "list");
	words_add(&argv, "-m");
	/* Outside a module it fails, and that is an answer too. */
	if (go_command_ask(&b->go, &argv, "go list -m", &answer) == 0) {
		text = answer.buf;
		while ((line = next_line(&text))) {
			go_flags_add_scope(&b->flags, line, true, false, 0);
			if (!b->set->build.main_module)
				b->set->build.main_module = strpool_add(b->set->pool, line);
		}
	} else if (b->err && b->err->code != -EINTR) {
		error_release(b->err);
	}
	words_release(&argv);
	strbuf_release(&answer);
}

/* One package of go list: import path, name, standard, module path, "true" for a main module. */
static void take_package(struct build *b, const char *const fields[5])
{
	bool standard;

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
		go_flags_add_scope(&b->flags, NULL, false, false, 0);
	else if (fields[3][0])
		go_flags_add_scope(&b->flags, fields[3], true, false, 0);
	else
		go_flags_add_scope(&b->flags, fields[0], true, standard, 0);
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
	const char *text, *end;
	int ret;

	words_add(&argv, b->go.name);
	words_add(&argv, "list");
	for (size_t i = 0; i < b->flags.list.n; i++)
		words_add(&argv, b->flags.list.items[i]);
	words_add(&argv, "-f");
	words_add(&argv, "{{.ImportPath}}" SOURCE_LIST_NUL "{{.Name}}" SOURCE_LIST_NUL "{{.Standard}}" SOURCE_LIST_NUL
			 "{{with .Module}}{{.Path}}{{end}}" SOURCE_LIST_NUL
			 "{{with .Module}}{{.Main}}{{end}}" SOURCE_LIST_NUL);
	add_packages(b, &argv);
	ret = go_command_ask(&b->go, &argv, "go list", &answer);
	if (ret)
		goto out;
	text = strbuf_str(&answer);
	end = text + answer.len;
	while (text < end) {
		const char *fields[5];

		if (!source_list_fields(&text, end, fields, ARRAY_SIZE(fields)))
			break;
		take_package(b, fields);
		text += text < end && *text == '\n';
	}
	if (b->n_packages == 0) {
		go_command_add_said(&b->go, &said);
		ret = error_set(b->err, -ENOENT,
				"build: '%s' matches no package in '%s'; name one, such as . or ./cmd/x%s", first,
				b->go.dir, strbuf_str(&said));
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
	for (size_t i = 0; i < b->flags.n_scopes; i++) {
		if (b->flags.scopes[i].named) {
			ask_module_of_files(b);
			break;
		}
	}
	if (b->options->pattern) {
		go_flags_set_pattern(&b->flags, b->options->pattern, b->go.dir);
	}
	for (size_t i = 0; b->n_main > 1 && i < b->n_main; i++)
		go_flags_add_scope(&b->flags, b->mains.items[i], false, false, i + 1);
out:
	words_release(&argv);
	strbuf_release(&answer);
	strbuf_release(&said);
	return ret;
}

/* ---- what came of it ---- */

/* An archive (-buildmode=c-archive) has no settings to ask for: ar(5). */
static bool is_archive(const char *path)
{
	static const char magic[] = "!<arch>\n";
	char head[sizeof(magic) - 1] = "";
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(head, 1, sizeof(head), f) : 0;

	if (f)
		fclose(f);
	return n == sizeof(head) && memcmp(head, magic, n) == 0;
}

/* `go version -m FILE`: "FILE: go1.26.11", then "\tbuild\tkey=value" among others. */
static int ask_settings(struct build *b, const char *binary)
{
	struct words argv = {.items = NULL};
	struct strbuf answer = STRBUF_INIT, settings = STRBUF_INIT;
	char *text, *line;
	int ret;

	words_add(&argv, b->go.name);
	words_add(&argv, "version");
	words_add(&argv, "-m");
	words_add(&argv, binary);
	ret = go_command_ask(&b->go, &argv, "go version -m", &answer);
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
		go_flags_unquote(&settings, equals + 1);
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
	FILE *f = fopen(b->text, "re");
	int ret;

	if (!f)
		return error_set(b->err, -errno, "build: failed to read the diagnostics: %s", strerror(errno));
	ret = predictions_read_log(b->set, f, "go build", &err);
	fclose(f);
	if (ret == 0 || ret == -ENODATA) { /* a package without functions has none */
		error_release(&err);
		ret = predictions_join_json(b->set, b->json, &b->names, &err);
	}
	if (ret == -ENODATA)
		ret = 0;
	if (ret)
		error_set(b->err, ret, "build: %s", err.text);
	else
		literal_source_find(b->set, &b->names);
	error_release(&err);
	return ret;
}

static void note_gcflags(struct build *b)
{
	char *gcflags = go_flags_gcflags(&b->flags);

	b->set->build.gcflags = strpool_add(b->set->pool, gcflags);
	free(gcflags);
}

/* go build, whose JSON goes to that directory, or where -toolexec has it. */
static int run_build(struct build *b, const char *binary, const char *json, const char *toolexec)
{
	struct words argv = {.items = NULL};
	int status = 0, ret;

	words_add(&argv, b->go.name);
	words_add(&argv, "build");
	for (size_t i = 0; i < b->flags.all.n; i++)
		words_add(&argv, b->flags.all.items[i]);
	if (toolexec)
		words_take(&argv, xasprintf("-toolexec=%s", toolexec));
	go_flags_add(&b->flags, json, &argv);
	words_add(&argv, "-o");
	words_add(&argv, binary ? binary : "/dev/null");
	add_packages(b, &argv);
	ret = go_command_run(&b->go, &argv, &status);
	if (ret == 0 && status)
		ret = go_command_failed(&b->go, "go build", status);
	words_release(&argv);
	return ret;
}

static int set_results(struct build *b, const char *json, const char *text)
{
	free(b->json);
	free(b->text);
	b->json = xasprintf("%s/%s", b->go.work, json);
	b->text = xasprintf("%s/%s", b->go.work, text);
	if (mkdir(b->json, 0700) < 0)
		return error_set(b->err, -errno, "build: failed to create '%s': %s", b->json, strerror(errno));
	return 0;
}

/*
 * Whether it is known which packages the compiler speaks of. A pattern is the go command's to understand: of those that
 * are relative to the directory, or are words with a meaning, only the ones that go_flags_in_scope() knows by import
 * path are.
 */
static bool knows_packages(const struct build *b)
{
	static const char *const words[] = {"all", "std", "cmd"};
	const char *pattern = b->options->pattern;
	bool is_known = !pattern || (pattern[0] != '.' && strchr(pattern, '/'));

	for (size_t i = 0; pattern && i < ARRAY_SIZE(words); i++)
		is_known |= strcmp(pattern, words[i]) == 0;
	return is_known && b->list.n;
}

static void add_part(struct strbuf *sb, const char *part)
{
	strbuf_add(sb, part, strlen(part) + 1);
}

/*
 * What the names of files in the diagnostics may depend on, and go's key does not have: the directory where go runs,
 * which they are relative to; where the standard library is; under -trimpath the directories of packages; which files
 * are replaced by which, of which the key has the contents.
 */
static uint64_t relay_key(const struct build *b)
{
	struct strbuf parts = STRBUF_INIT;
	json_t *replaced = overlay_replacements(b->overlay);
	char *overlay = json_dumps(replaced, JSON_SORT_KEYS | JSON_COMPACT);
	uint64_t key;

	add_part(&parts, b->go.dir);
	add_part(&parts, b->goroot);
	add_part(&parts, overlay ? overlay : "");
	for (size_t i = 0; b->names.is_trimmed && i < b->list.n; i++) {
		add_part(&parts, b->list.items[i].path);
		add_part(&parts, b->list.items[i].directory);
	}
	key = bytes_number(parts.buf, parts.len);
	free(overlay);
	json_decref(replaced);
	strbuf_release(&parts);
	return key;
}

static bool is_compiled(const struct listed_package *p)
{
	return (p->files.n || p->n_cgo) && strcmp(p->path, "unsafe") != 0;
}

/* Whether the go command could not start the relay: it is one that was replaced meanwhile, by an update. */
static bool has_no_relay(const struct build *b)
{
	char *words = xasprintf("fork/exec %s:", b->options->relay);
	bool is = b->err->text && strstr(b->err->text, words);

	free(words);
	return is;
}

/* *complete: there is JSON of every package that is predicted, though it may be that there is nothing to say of it. */
static int build_relayed(struct build *b, const char *binary, bool *complete)
{
	const char *users = go_flags_value(&b->flags, "toolexec");
	char quote = strchr(b->options->relay, '\'') ? '"' : '\'';
	char *toolexec = xasprintf("%c%s%c " RELAY_ARGUMENT " %s", quote, b->options->relay, quote, users ? users : "");
	char *directory = relay_directory(relay_key(b));
	bool *seen = xcalloc(b->list.n, sizeof(*seen));
	int ret;

	*complete = false;
	ret = set_results(b, "relayed", "text");
	if (ret == 0)
		ret = run_build(b, binary, directory, toolexec);
	if (ret == 0) {
		ret = relay_unpack(b->go.said, b->text, b->json, &b->list, seen, b->err);
		*complete = ret == 0;
	}
	for (size_t i = 0; *complete && i < b->list.n; i++) {
		const struct listed_package *p = &b->list.items[i];

		*complete = seen[i] || !is_compiled(p) ||
			    !go_flags_in_scope(&b->flags, p->path, p->directory, p->is_standard);
	}
	if (ret == -EBADMSG || (ret == -EIO && has_no_relay(b))) { /* as if it were not there */
		error_release(b->err);
		ret = 0;
	}
	free(seen);
	free(directory);
	free(toolexec);
	return ret;
}

static int build(struct build *b)
{
	const char *binary = b->output;
	bool complete = false;
	char *own = NULL;
	int ret = 0;

	/* Without -o a single program would be written to the working directory. */
	if (!binary && b->n_packages == 1 && b->n_main == 1)
		binary = own = xasprintf("%s/program", b->go.work);
	if (b->options->relay && knows_packages(b))
		ret = build_relayed(b, binary, &complete);
	if (ret == 0 && !complete) {
		ret = set_results(b, "json", "stderr");
		if (ret == 0)
			ret = run_build(b, binary, b->json, NULL);
	}
	if (ret == 0) {
		note_gcflags(b);
		ret = read_diagnostics(b);
	}
	/* The compiler says something of every package, if only of its main. */
	if (ret == 0 && b->options->pattern && b->set->n_packages == 0)
		ret = error_set(b->err, -ENOENT,
				"build: failed to find a package that matches '%s' among those that were built in "
				"'%s'; name an import path of the program's, as in example.com/m/..., or all",
				b->options->pattern, b->go.dir);
	if (ret == 0 && binary && !is_archive(binary)) {
		variable_types_find(b->set, binary);
		ret = ask_settings(b, binary);
	} else if (ret == 0 && binary && b->options->output)
		ret = error_set(b->err, -EINVAL,
				"build: '%s' becomes an archive for programs in C, which is not run by itself "
				"(-buildmode=c-archive); predict it, or record the program it is linked into",
				b->options->packages[0]);
	else if (ret == 0 && binary) {
		b->is_twin_ready = false;
		free(b->twin_missing);
		b->twin_missing = xstrdup("the build makes an archive for programs in C (-buildmode=c-archive), and "
					  "columns are read in programs");
	}
	free(own);
	return ret;
}

static const char *const *twin_packages(const struct build *b, const char *program[2])
{
	program[0] = b->n_main ? b->mains.items[0] : NULL;
	program[1] = NULL;
	return b->n_packages > 1 ? program : b->options->packages;
}

/* Which sources there are, and what the compiler will call them. */
static int ask_sources(struct build *b)
{
	const char *users = go_flags_value(&b->flags, "overlay");
	int ret = 0;

	b->names = (struct source_names){.is_trimmed = go_flags_is_on(&b->flags, "trimpath")};
	if (users && *users) {
		char *path = users[0] == '/' ? xstrdup(users) : xasprintf("%s/%s", b->go.dir, users);

		b->overlay = overlay_read(path, b->go.dir, b->err);
		b->names.overlay = b->overlay;
		free(path);
		if (!b->overlay)
			ret = -EBADMSG;
	}
	if (ret == 0)
		ret = source_list_ask(&b->list, &b->go, &b->flags, b->options->packages);
	if (ret == 0 && b->list.n)
		b->names.list = &b->list;
	return go_command_give_reason(&b->go, ret, &b->twin_missing);
}

static const struct source_list *twin_list(const struct build *b)
{
	return b->n_packages > 1 ? &b->program : &b->list;
}

/* A twin is a program: its packages are those of the one that is named. */
static int prepare_twin(struct build *b)
{
	const char *program[2] = {NULL, NULL};
	int ret = 0;

	if (!b->options->twin || b->twin_missing)
		return 0;
	if (b->n_main != 1) {
		b->twin_missing = b->n_main ? xasprintf("%zu programs are named; predict one at a time", b->n_main)
					    : xstrdup("no program is among the packages named");
		return 0;
	}
	if (b->n_packages > 1)
		ret = go_command_give_reason(&b->go,
					     source_list_ask(&b->program, &b->go, &b->flags, twin_packages(b, program)),
					     &b->twin_missing);
	if (ret == 0 && !b->twin_missing)
		ret = twin_prepare(b->options->twin, &b->go, &b->flags, twin_list(b), b->overlay, b->module_cache,
				   &b->is_twin_ready, &b->twin_missing);
	return ret;
}

static int build_twin(struct build *b)
{
	const char *program[2];
	int ret = 0;

	if (!b->options->twin)
		return 0;
	if (b->is_twin_ready)
		ret = twin_build(b->options->twin, &b->go, &b->flags, twin_list(b), twin_packages(b, program),
				 b->set->build.go_version, &b->twin_missing);
	if (ret == 0) {
		b->set->columns = columns_new();
		b->set->columns->missing = strpool_add(b->set->pool, b->twin_missing);
	}
	return ret;
}

/* ---- preparation ---- */

static int start(struct build *b)
{
	const struct build_options *o = b->options;
	const char *change = go_flags_directory(o->flags);
	char *dir;
	int ret;

	if (change && (change[0] == '/' || !o->dir))
		dir = xstrdup(change);
	else
		dir = change ? xasprintf("%s/%s", o->dir, change) : xstrdup(o->dir ? o->dir : ".");
	ret = go_command_start(&b->go, o->go, dir, o->env, b->err);
	free(dir);
	if (ret)
		return ret;
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
	return 0;
}

int build_with_diagnostics(const struct build_options *options, struct predictions *set, struct error *err)
{
	struct error local = ERROR_INIT;
	struct build b = {.options = options, .set = set, .err = err ? err : &local};
	int ret;

	ret = start(&b);
	if (ret == 0)
		ret = ask_env(&b);
	if (ret == 0)
		ret = ask_packages(&b);
	if (ret == 0)
		ret = ask_sources(&b);
	if (ret == 0)
		ret = prepare_twin(&b);
	if (ret == 0)
		ret = build(&b);
	if (ret == 0)
		ret = build_twin(&b);

	go_flags_release(&b.flags);
	words_release(&b.mains);
	free(b.json);
	free(b.output);
	free(b.module_cache);
	free(b.goroot);
	free(b.text);
	source_list_release(&b.list);
	source_list_release(&b.program);
	overlay_free(b.overlay);
	free(b.twin_missing);
	free(b.first_name);
	free(b.first_path);
	error_release(&local);
	go_command_end(&b.go, options->keep_work);
	return ret;
}
