/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the user's own go command for a binary and for its diagnostics, text and JSON, in one build.
 * The JSON is not replayed from the build cache, so its directory is fresh each time; text is, with paths of the first
 * run's directory, which the fresh directory also prevents (the flag is part of the key).
 */
#ifndef ESCAUDIT_PREDICT_BUILD_H
#define ESCAUDIT_PREDICT_BUILD_H

#include "base/error.h"
#include "predict/prediction.h"
#include "predict/twin.h"

struct build_options {
	const char *go;		     /* the go command; NULL means "go" from PATH */
	const char *dir;	     /* working directory; NULL means the current one */
	const char *const *packages; /* NULL-terminated package arguments */
	const char *const *flags;    /* NULL-terminated extra go build flags, e.g. "-race", "-tags=x"; may be NULL. A
					-gcflags among them is merged */
	const char *output;	     /* where to put the binary; NULL builds without keeping one (predict) */
	const char *pattern; /* the -gcflags package pattern, e.g. "all" or "std"; NULL means the named packages and
				those of their module */
	const char *const
		*env;	   /* NULL-terminated NAME=VALUE that go beyond, or replace, the environment; may be NULL */
	struct twin *twin; /* to be built too, after the build, where one program is named; NULL: none. What cannot be
			      built costs a note in set->columns */
	bool keep_work;	   /* leave the diagnostics in place and say where on stderr (debugging) */
};

/*
 * Runs the build and reads what it said. On a compile error returns -EIO with the compiler's own message, whole, in
 * err.
 */
int build_with_diagnostics(const struct build_options *options, struct predictions *set, struct error *err);

#endif
