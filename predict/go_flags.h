/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What flags a build gets: the user's, and ours that ask for diagnostics. Internal to predict/.
 *
 * Which packages get the diagnostics is said with -gcflags=PATTERN=..., repeated: of several that match a package the
 * go command takes the last. A scope is a module of a named package ("example.com/m/...") or, where there is none, the
 * package itself; and, where several programs are named, each of those, because every main package writes its JSON to
 * "main" and needs a directory of its own. The user's own -gcflags, from the command line or GOFLAGS, stay in force:
 * one that reaches into a scope, or covers it, is repeated with ours added; the others are passed on as they are.
 */
#ifndef ESCAUDIT_PREDICT_GO_FLAGS_H
#define ESCAUDIT_PREDICT_GO_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"

/* A list of strings, such as the arguments of a command. */
struct words {
	char **items; /* owned, NULL-terminated */
	size_t n, alloc;
};

void words_take(struct words *words, char *word); /* word is owned from here on */
void words_add(struct words *words, const char *word);
void words_release(struct words *words);

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
	bool shares_loop_vars;
	size_t json; /* number of its JSON directory */
	/* For "./...", what is relative to where go runs: the same as an absolute path; NULL otherwise. */
	char *directories;
};

struct go_flags {
	struct words all;	  /* the user's, without -gcflags */
	struct words environment; /* those of GOFLAGS */
	struct words list;	  /* those of them that decide what a package is */
	struct user_flags *user;
	size_t n_user, alloc_user;
	struct scope *scopes;
	size_t n_scopes, alloc_scopes;
};

/*
 * Takes the user's flags apart: flags is NULL-terminated and may be NULL, goflags is the value of GOFLAGS. Returns 0,
 * or the error of a flag of which the value is missing.
 */
int go_flags_sort(struct go_flags *f, const char *const *flags, const char *goflags, struct error *err);
/* -C DIR among the flags: positions are relative to it. NULL if there is none. */
const char *go_flags_directory(const char *const *flags);
/* The only scope: a pattern of the caller's, as -gcflags=PATTERN=… has it; go runs in the directory. */
void go_flags_set_pattern(struct go_flags *f, const char *pattern, const char *directory);
/* One that is there already is not added; path is NULL for the files named on the command line. */
void go_flags_add_scope(struct go_flags *f, const char *path, bool tree, bool standard, size_t json);
void go_flags_clear_scopes(struct go_flags *f);
/* Adds every -gcflags to argv, the user's and ours; JSON diagnostics go to numbered directories in json_dir. */
void go_flags_add(const struct go_flags *f, const char *json_dir, struct words *argv);
/*
 * The user's, and for the same packages that they need no DWARF: a twin's line table is elsewhere. shared are the
 * import paths of those whose loops have one variable for all turns, whatever the compiler thinks; has_named: what is
 * named on the command line is among them.
 */
void go_flags_add_twins(const struct go_flags *f, const struct words *shared, bool has_named, struct words *argv);
/* Whether the package is in one of the scopes, by its import path or its directory; is_standard: of the standard
 * library, or a command of Go. */
bool go_flags_in_scope(const struct go_flags *f, const char *package, const char *directory, bool is_standard);
/* The value of the last flag of that name ("overlay", without dashes), also of GOFLAGS; NULL if there is none. */
const char *go_flags_value(const struct go_flags *f, const char *name);
/* Whether the last boolean flag of that name is not =false. */
bool go_flags_is_on(const struct go_flags *f, const char *name);
/* Whether sources are rewritten for coverage, which each of three flags asks for. */
bool go_flags_is_covered(const struct go_flags *f);
/* The user's -gcflags as one text, which the caller frees. */
char *go_flags_gcflags(const struct go_flags *f);
void go_flags_release(struct go_flags *f);

/* A value of `go version -m` is quoted as Go text where it has blanks or quotes; appends it without them. */
void go_flags_unquote(struct strbuf *sb, const char *value);

#endif
