/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/go_command.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/temporary_directory.h"
#include "predict/diagnostics.h"
#include "predict/relay.h"

#define OUTPUT_LIMIT (64u << 20) /* of an answer */
#define ERROR_LIMIT  (1u << 20)	 /* of a failed build's message */

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

void go_command_remove(const char *directory)
{
	nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
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
static int check_space(const struct go_command *c)
{
	struct statvfs fs;

	if (statvfs(c->work, &fs) || !fs.f_blocks || fs.f_bfree)
		return 0;
	return error_set(c->err, -ENOSPC,
			 "build: failed to keep what the go command says in '%s': %s; make room there, or set TMPDIR",
			 c->work, strerror(ENOSPC));
}

int go_command_run(struct go_command *c, struct words *argv, int *status)
{
	struct child child = {.argv = argv->items, .env = c->env.items, .directory = c->dir, .mask = c->held};
	sigset_t signals;
	int ret;

	signals_to_hold(&signals);
	child.held = &signals;
	child.end_with = SIGINT; /* the go command stops its work on an interrupt and waits for its compilers */
	child.out = open(c->out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	child.said = open(c->said, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ret = child.out < 0 || child.said < 0 ? -errno : 0;
	if (ret)
		error_set(c->err, ret, "build: failed to keep what the go command says in '%s': %s", c->work,
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
		return error_set(c->err, -EINTR, "build: interrupted");
	if (ret)
		return error_set(c->err, ret, "build: failed to run '%s': %s; install Go, or name its go command%s",
				 c->name, strerror(-ret),
				 ret == -ENOENT && access("/dev/null", F_OK) ? "; there is no /dev/null either" : "");
	if (WIFSIGNALED(*status) && WTERMSIG(*status) == SIGINT)
		return error_set(c->err, -EINTR, "build: interrupted");
	return check_space(c);
}

void go_command_add_said(const struct go_command *c, struct strbuf *sb)
{
	FILE *f = fopen(c->said, "re");
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
		if (diagnostics_line_is_known(line, len) || relay_is_line(line, len))
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

int go_command_give_reason(struct go_command *c, int ret, char **missing)
{
	struct strbuf sb = STRBUF_INIT;
	const char *line;

	if (ret == 0 || ret == -EINTR)
		return ret;
	for (line = c->err->text; *line; line += strspn(line, "\n")) {
		size_t n = strcspn(line, "\n");

		strbuf_addstr(&sb, sb.len ? " " : "");
		strbuf_add(&sb, line, n);
		line += n;
	}
	free(*missing);
	*missing = strbuf_detach(&sb);
	error_release(c->err);
	return 0;
}

int go_command_failed(struct go_command *c, const char *command, int status)
{
	struct strbuf sb = STRBUF_INIT;
	int ret;

	go_command_add_said(c, &sb);
	if (WIFSIGNALED(status))
		ret = error_set(c->err, -EIO, "build: '%s' in '%s' was killed by signal %d%s", command, c->dir,
				WTERMSIG(status), strbuf_str(&sb));
	else
		ret = error_set(c->err, -EIO, "build: '%s' failed in '%s' with status %d:%s", command, c->dir,
				WEXITSTATUS(status),
				sb.len ? strbuf_str(&sb) : " it said nothing; is there room for its output in TMPDIR?");
	strbuf_release(&sb);
	return ret;
}

int go_command_ask(struct go_command *c, struct words *argv, const char *command, struct strbuf *answer)
{
	int status = 0;
	int ret = go_command_run(c, argv, &status);

	if (ret)
		return ret;
	if (status)
		return go_command_failed(c, command, status);
	ret = strbuf_read_file(answer, c->out, OUTPUT_LIMIT);
	return ret ? error_set(c->err, ret, "build: failed to read what '%s' said: %s", command, strerror(-ret)) : 0;
}

/* ---- preparation ---- */

/* Whether the caller gives a variable of the same name as this NAME=VALUE. */
static bool is_given(const char *const *env, const char *variable)
{
	size_t len = strcspn(variable, "=") + 1;

	for (const char *const *e = env; e && *e; e++) {
		if (strncmp(*e, variable, len) == 0)
			return true;
	}
	return false;
}

/*
 * The go command takes $PWD for the name of its directory if it is one of its names. Interrupted before it minds
 * signals, it leaves its temporary files behind: they are in our directory, and go with it.
 */
static void prepare_environment(struct go_command *c, const char *const *env)
{
	for (char **e = environ; *e; e++) {
		if (strncmp(*e, "PWD=", 4) != 0 && strncmp(*e, "TMPDIR=", 7) != 0 && !is_given(env, *e))
			words_add(&c->env, *e);
	}
	for (const char *const *e = env; e && *e; e++)
		words_add(&c->env, *e);
	words_take(&c->env, xasprintf("PWD=%s", c->dir));
	words_take(&c->env, xasprintf("TMPDIR=%s", c->work));
}

int go_command_start(struct go_command *c, const char *go, const char *dir, const char *const *env, struct error *err)
{
	const char *parent = temporary_parent();
	sigset_t signals;
	char *made;
	int ret;

	*c = (struct go_command){.err = err};
	signals_to_hold(&signals);
	pthread_sigmask(SIG_BLOCK, &signals, &c->held);
	c->dir = realpath(dir, NULL);
	if (!c->dir)
		return error_set(c->err, -errno, "build: failed to enter '%s': %s", dir, strerror(errno));
	if (go && strchr(go, '/')) {
		c->name = realpath(go, NULL);
		if (!c->name)
			return error_set(c->err, -errno,
					 "build: failed to run '%s': %s; install Go, or name its go command", go,
					 strerror(errno));
	} else {
		c->name = xstrdup(go ? go : "go");
	}
	/* A flag of the compiler can be quoted, but not with both kinds of quotes. */
	if (strchr(parent, '\'') && strchr(parent, '"'))
		parent = "/tmp";
	ret = temporary_directory(&made, parent, "build", c->err);
	if (ret)
		return ret;
	c->work = realpath(made, NULL);
	if (!c->work) {
		rmdir(made);
		free(made);
		return error_set(c->err, -errno, "build: failed to find the directory made in '%s': %s", parent,
				 strerror(errno));
	}
	free(made);
	c->said = xasprintf("%s/stderr", c->work);
	c->out = xasprintf("%s/stdout", c->work);
	prepare_environment(c, env);
	return 0;
}

void go_command_end(struct go_command *c, bool keep_work)
{
	if (c->work && keep_work)
		fprintf(stderr, "escaudit: diagnostics left in %s\n", c->work);
	else if (c->work)
		go_command_remove(c->work);
	words_release(&c->env);
	free(c->name);
	free(c->dir);
	free(c->work);
	free(c->said);
	free(c->out);
	pthread_sigmask(SIG_SETMASK, &c->held, NULL); /* now a signal held back takes its effect */
}
