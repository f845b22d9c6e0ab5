/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs of the user's go command, all in one directory. Everything they write goes to files in a directory of our own
 * under TMPDIR, which is removed in the end; signals that would end the process are held back until then. Internal to
 * predict/.
 */
#ifndef ESCAUDIT_PREDICT_GO_COMMAND_H
#define ESCAUDIT_PREDICT_GO_COMMAND_H

#include <signal.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "predict/go_flags.h"

struct go_command {
	char *name; /* a path, or "go" */
	char *dir;  /* where it runs, absolute */
	char *work; /* our directory */
	char *said; /* work/stderr */
	char *out;  /* work/stdout */
	struct words env;
	sigset_t held;	   /* the mask to go back to */
	struct error *err; /* of every function here */
};

/*
 * go is the command, NULL for "go" from PATH; env is NULL-terminated NAME=VALUE that go beyond, or replace, the
 * environment, or NULL. err may not be NULL. go_command_end is due in any case.
 */
int go_command_start(struct go_command *c, const char *go, const char *dir, const char *const *env, struct error *err);
void go_command_end(struct go_command *c, bool keep_work);

/*
 * Runs go with argv; its output is in c->out and c->said. 0, with *status as waitpid has it, or a negative errno with a
 * message.
 */
int go_command_run(struct go_command *c, struct words *argv, int *status);
/* The error of a command that ended so, with what it said. */
int go_command_failed(struct go_command *c, const char *command, int status);
/*
 * For what costs columns and no more: an error becomes *missing, in one line, which replaces and is freed as what was
 * there. 0; but an interruption stays what it is.
 */
int go_command_give_reason(struct go_command *c, int ret, char **missing);
/* What a failed command said, without diagnostics, and without the headers of packages that failed at nothing. */
void go_command_add_said(const struct go_command *c, struct strbuf *sb);
/* Removes a directory with all that is in it, as far as it can be. */
void go_command_remove(const char *directory);
/* Runs a command that answers on its standard output. */
int go_command_ask(struct go_command *c, struct words *argv, const char *command, struct strbuf *answer);

#endif
