/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files the packages of a build are made of, as `go list -deps` has it, and what the compiler calls them: by
 * their paths; under -trimpath by the import path, or by module and version (trimpath in cmd/go/internal/work/gc.go);
 * and where -cover rewrites them, by a name without a directory (cmd/go/internal/work/exec.go). Internal to predict/.
 */
#ifndef ESCAUDIT_PREDICT_SOURCE_LIST_H
#define ESCAUDIT_PREDICT_SOURCE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "predict/go_command.h"
#include "predict/go_flags.h"
#include "predict/overlay.h"

struct listed_package {
	char *path; /* its import path */
	char *name;
	char *directory;
	char *trimmed; /* what -trimpath makes of the directory */
	bool is_standard;
	bool is_named;	       /* by the arguments */
	bool shares_loop_vars; /* its module's Go version is below 1.22, or none is said */
	size_t n_cgo;	       /* files that import "C" */
	struct words files;    /* absolute paths of the other Go files */
};

struct source_list {
	struct listed_package *items;
	size_t n, alloc;
};

/*
 * The end of a field in a -f of go list: a NUL, which is in no path. The go command puts a line's end behind every
 * package. Takes n fields off the text; false if it has no more.
 */
/* How the copy of x.go ends that -cover compiles. */
#define SOURCE_COVER_END ".cover.go"

#define SOURCE_LIST_NUL "{{\"\\x00\"}}"
bool source_list_fields(const char **text, const char *end, const char **fields, size_t n);

/* Asks for the packages of the arguments, NULL-terminated, and all that they import. 0, or an error in go->err. */
int source_list_ask(struct source_list *list, struct go_command *go, const struct go_flags *flags,
		    const char *const *packages);
void source_list_release(struct source_list *list);

/* What the names in diagnostics are held against. */
struct source_names {
	const struct source_list *list; /* NULL: none is known, and absolute paths are what they say */
	const struct overlay *overlay;	/* the user's; NULL if there is none */
	bool is_trimmed;		/* -trimpath was given */
};

/* A file that the compiler named. */
struct source_name {
	const char *path;		      /* in the file system; NULL if it is not known */
	const struct listed_package *package; /* NULL: one that is not listed */
	bool is_rewritten; /* by -cover: it was compiled with one line more, at the top, and more in them */
};

/* package is that of the diagnostics, "main" for all of that name, or NULL for any. */
struct source_name source_names_find(const struct source_names *names, const char *package, const char *name);
/* The only package among them that is a program; NULL if there are several, or none is known. */
const struct listed_package *source_names_only_main(const struct source_names *names);

#endif
