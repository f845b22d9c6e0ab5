/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the user's own go command for a binary and for its diagnostics, text and JSON, in one build. Packages that did
 * not change come from go's build cache, and so does what the compiler said of them: the text as go keeps it, the JSON
 * by the relay (predict/relay.h). Where the relay cannot be used, or a package's line is not there, the JSON goes to a
 * fresh directory, which is part of go's key: then all predicted packages are compiled.
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
	const char *relay; /* the program that runs relay_main() for RELAY_ARGUMENT; NULL: the relay is not used */
	bool keep_work;	   /* leave the diagnostics in place and say where on stderr (debugging) */
};

/*
 * Runs the build and reads what it said. On a compile error returns -EIO with the compiler's own message, whole, in
 * err.
 */
int build_with_diagnostics(const struct build_options *options, struct predictions *set, struct error *err);

#endif
