/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The git command, asked and told. It never writes to the index of the user's work tree, runs no hook, and takes its
 * index from nobody's environment.
 */
#ifndef ESCAUDIT_CLI_GIT_H
#define ESCAUDIT_CLI_GIT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strbuf.h"

struct git_options {
	bool shielded;	   /* signals to us or to our terminal's group do not reach it */
	const char *index; /* another index than the user's; NULL: the user's */
};

/*
 * Runs git with args (NULL-terminated, without "git") in directory; what it prints goes to out (may be NULL). Returns
 * 0, or -ENOENT where there is no git command, -EINTR where a signal ended it, -EIO where it failed; err is then what
 * git said on standard error; options may be NULL.
 */
int git_run(const char *directory, const char *const args[], const struct git_options *options, struct strbuf *out,
	    struct error *err);

/* The variable that keeps git, run by whomever, from refreshing the index. */
#define GIT_NO_LOCKS "GIT_OPTIONAL_LOCKS=0"

#endif
