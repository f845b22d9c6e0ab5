/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/go_flags.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/path.h"

/* ---- lists of strings ---- */

void words_take(struct words *words, char *word)
{
	ARRAY_GROW(words->items, words->n + 2, words->alloc);
	words->items[words->n++] = word;
	words->items[words->n] = NULL;
}

void words_add(struct words *words, const char *word)
{
	words_take(words, xstrdup(word));
}

void words_release(struct words *words)
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

static void add_user_flags(struct go_flags *f, const char *value)
{
	struct user_flags *u;
	const char *equals;

	ARRAY_GROW(f->user, f->n_user + 1, f->alloc_user);
	u = &f->user[f->n_user++];
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

int go_flags_sort(struct go_flags *f, const char *const *flags, const char *goflags, struct error *err)
{
	const char *name, *value;
	size_t len;

	words_split(&f->environment, goflags);
	for (size_t i = 0; i < f->environment.n; i++) { /* in force by themselves, but ours would override -gcflags */
		name = flag_name(f->environment.items[i], &len, &value);
		if (name && value && is_name(name, len, "gcflags"))
			add_user_flags(f, value);
	}

	for (size_t i = 0; flags && flags[i]; i++) {
		name = flag_name(flags[i], &len, &value);
		if (name && is_name(name, len, "C")) { /* prepare_paths went there */
			i += !value && flags[i + 1];
			continue;
		}
		if (name && !value && !flags[i + 1] &&
		    (is_name(name, len, "gcflags") || (is_list_flag(name, len) && !is_switch(name, len))))
			return error_set(err, -EINVAL,
					 "build: the flag '%s' has no value; name it as in --flag=%s=VALUE", flags[i],
					 flags[i]);
		if (name && is_name(name, len, "gcflags")) {
			add_user_flags(f, value ? value : flags[++i]);
			continue;
		}
		/* go build -json (1.24) puts what the compiler says into JSON of its own. */
		if (name && is_name(name, len, "json") && !(value && (!strcmp(value, "false") || !strcmp(value, "0"))))
			return error_set(err, -EINVAL,
					 "build: with the flag '%s' the go command prints JSON in place of what the "
					 "compiler reports; leave it out",
					 flags[i]);
		words_add(&f->all, flags[i]);
		if (!name || !is_list_flag(name, len))
			continue;
		words_add(&f->list, flags[i]);
		if (!value && !is_switch(name, len)) {
			words_add(&f->all, flags[++i]);
			words_add(&f->list, flags[i]);
		}
	}
	return 0;
}

const char *go_flags_directory(const char *const *flags)
{
	for (size_t i = 0; flags && flags[i]; i++) {
		const char *value, *name;
		size_t len;

		name = flag_name(flags[i], &len, &value);
		if (name && is_name(name, len, "C"))
			return value ? value : flags[i + 1];
	}
	return NULL;
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

/* Whether every package of the scope matches. */
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

/* Whether no package outside the scope matches. */
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

void go_flags_add_scope(struct go_flags *f, const char *path, bool tree, bool standard, size_t json)
{
	for (size_t i = 0; i < f->n_scopes; i++) {
		const struct scope *s = &f->scopes[i];

		if ((path && s->path && strcmp(s->path, path) == 0 && s->tree == tree) || (!path && s->named))
			return;
	}
	ARRAY_GROW(f->scopes, f->n_scopes + 1, f->alloc_scopes);
	f->scopes[f->n_scopes++] = (struct scope){
		.path = path ? xstrdup(path) : NULL, .tree = tree, .named = !path, .standard = standard, .json = json};
}

void go_flags_set_pattern(struct go_flags *f, const char *pattern, const char *directory)
{
	struct strbuf sb = STRBUF_INIT;

	go_flags_clear_scopes(f);
	go_flags_add_scope(f, pattern, false, false, 0);
	/* "./x", "../x", "." and ".." (cmd/go, MatchPackage) */
	if (strncmp(pattern, "./", 2) != 0 && strncmp(pattern, "../", 3) != 0 && strcmp(pattern, ".") != 0 &&
	    strcmp(pattern, "..") != 0)
		return;
	path_clean(&sb, directory, pattern);
	f->scopes[0].directories = strbuf_detach(&sb);
}

/* Flags of the user's, and ours where there is a scope: for diagnostics, or for the twin where json_dir is NULL;
 * without a pattern the scope's own is used. */
static void add_gcflags(struct words *argv, const char *json_dir, const char *pattern, const char *flags,
			const struct scope *scope)
{
	struct strbuf sb = STRBUF_INIT, value = STRBUF_INIT;

	strbuf_addstr(&value, flags);
	if (scope && !json_dir) {
		add_quoted(&value, "-dwarf=false");
		if (scope->shares_loop_vars)
			add_quoted(&value, "-d=loopvarhash=qn");
	} else if (scope) {
		char *json = xasprintf("-json=0,%s/%zu", json_dir, scope->json);

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

/* named: what flags without a pattern apply to. */
static void add_both(const struct go_flags *f, const char *json_dir, const struct scope *named, struct words *argv)
{
	for (size_t i = 0; i < f->n_scopes; i++)
		add_gcflags(argv, json_dir, NULL, "", &f->scopes[i]);
	for (size_t i = 0; i < f->n_user; i++) {
		const struct user_flags *u = &f->user[i];
		const struct scope *inside = !u->pattern && !u->malformed ? named : NULL;

		for (size_t k = 0; u->pattern && k < f->n_scopes && !inside; k++) {
			if (pattern_is_inside(u->pattern, &f->scopes[k]))
				inside = &f->scopes[k];
		}
		add_gcflags(argv, json_dir, u->pattern, u->flags, inside);
		for (size_t k = 0; k < f->n_scopes; k++) {
			const struct scope *scope = &f->scopes[k];
			/* What is inside a scope has its flags already, but for programs, which need directories, and
			 * for packages with a flag of their own. */
			bool is_own = scope->json || scope->shares_loop_vars;
			bool covered = u->pattern ? pattern_covers(u->pattern, scope) : inside && scope->json;

			if (covered && (!inside || is_own))
				add_gcflags(argv, json_dir, NULL, u->flags, scope);
		}
	}
}

void go_flags_add(const struct go_flags *f, const char *json_dir, struct words *argv)
{
	static const struct scope named = {.named = true};

	add_both(f, json_dir, &named, argv);
}

void go_flags_add_twins(const struct go_flags *f, const struct words *shared, bool has_named, struct words *argv)
{
	const struct scope named = {.named = true, .shares_loop_vars = has_named};
	struct go_flags twins = *f;

	/* What comes last is in force. */
	twins.scopes = xcalloc(f->n_scopes + shared->n + 1, sizeof(*twins.scopes));
	twins.n_scopes = f->n_scopes;
	for (size_t i = 0; i < f->n_scopes; i++)
		twins.scopes[i] = f->scopes[i];
	for (size_t i = 0; i < shared->n; i++)
		twins.scopes[twins.n_scopes++] = (struct scope){.path = shared->items[i], .shares_loop_vars = true};
	add_both(&twins, NULL, &named, argv);
	free(twins.scopes);
}

bool go_flags_in_scope(const struct go_flags *f, const char *package, const char *directory, bool is_standard)
{
	for (size_t i = 0; i < f->n_scopes; i++) {
		const struct scope *scope = &f->scopes[i];
		size_t n = scope->path ? strlen(scope->path) : 0;

		if (scope->directories) {
			if (pattern_matches(scope->directories, directory))
				return true;
		} else if (scope->named) {
			if (strcmp(package, "command-line-arguments") == 0)
				return true;
		} else if (scope->tree) {
			if (strncmp(package, scope->path, n) == 0 && (package[n] == '\0' || package[n] == '/'))
				return true;
		} else if (strcmp(scope->path, "std") == 0 || strcmp(scope->path, "cmd") == 0) {
			bool is_command = strncmp(package, "cmd/", 4) == 0;

			if (is_standard && is_command == (scope->path[0] == 'c'))
				return true;
		} else if (pattern_matches(scope->path, package)) {
			return true;
		}
	}
	return false;
}

static const char *last_value(const struct words *words, const char *want)
{
	const char *found = NULL, *name, *value;
	size_t len;

	for (size_t i = 0; i < words->n; i++) {
		name = flag_name(words->items[i], &len, &value);
		if (name && is_name(name, len, want))
			found = value ? value : i + 1 < words->n ? words->items[i + 1] : "";
	}
	return found;
}

const char *go_flags_value(const struct go_flags *f, const char *name)
{
	const char *value = last_value(&f->all, name);

	return value ? value : last_value(&f->environment, name);
}

bool go_flags_is_on(const struct go_flags *f, const char *name)
{
	const char *value = go_flags_value(f, name);

	return value && strcmp(value, "false") != 0 && strcmp(value, "0") != 0;
}

bool go_flags_is_covered(const struct go_flags *f)
{
	return go_flags_is_on(f, "cover") || go_flags_value(f, "covermode") || go_flags_value(f, "coverpkg");
}

void go_flags_unquote(struct strbuf *sb, const char *value)
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

char *go_flags_gcflags(const struct go_flags *f)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < f->n_user; i++)
		strbuf_addf(&sb, "%s%s%s%s", i ? " " : "", f->user[i].pattern ? f->user[i].pattern : "",
			    f->user[i].pattern ? "=" : "", f->user[i].flags);
	return strbuf_detach(&sb);
}

void go_flags_clear_scopes(struct go_flags *f)
{
	for (size_t i = 0; i < f->n_scopes; i++) {
		free(f->scopes[i].path);
		free(f->scopes[i].directories);
	}
	f->n_scopes = 0;
}

void go_flags_release(struct go_flags *f)
{
	for (size_t i = 0; i < f->n_user; i++) {
		free(f->user[i].pattern);
		free(f->user[i].flags);
	}
	go_flags_clear_scopes(f);
	free(f->user);
	free(f->scopes);
	words_release(&f->all);
	words_release(&f->list);
	words_release(&f->environment);
}
