/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/git.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/memory.h"
#include "cli/interrupt.h"

#define ANSWER_LIMIT (256u << 20)

extern char **environ;

/* In a hook these name the index of a commit in the making, and a place in its tree. */
static bool is_dropped(const char *variable)
{
	static const char *const names[] = {
		"GIT_INDEX_FILE=", "GIT_PREFIX=", "GIT_OPTIONAL_LOCKS=", "GIT_EXTERNAL_DIFF="};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	}
	return false;
}

static char **environment(char *index)
{
	size_t n = 0, k = 0;
	char **env;

	while (environ[n])
		n++;
	env = xcalloc(n + 3, sizeof(*env));
	for (size_t i = 0; i < n; i++) {
		if (!is_dropped(environ[i]))
			env[k++] = environ[i];
	}
	env[k++] = (char *)(uintptr_t)GIT_NO_LOCKS; /* posix_spawn does not change it */
	env[k] = index;
	return env;
}

static int run(const char *directory, const char *const args[], const struct git_options *options, int out, int said,
	       int *status)
{
	static const char *const first[] = {
		"git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"};
	struct child child = {.directory = directory, .out = out, .said = said, .end_with = SIGTERM};
	char *index = options->index ? xasprintf("GIT_INDEX_FILE=%s", options->index) : NULL;
	char **env = environment(index);
	const char **argv;
	size_t n = 0;
	int ret;

	while (args[n])
		n++;
	argv = xcalloc(ARRAY_SIZE(first) + n + 1, sizeof(*argv));
	memcpy(argv, first, sizeof(first));
	memcpy(argv + ARRAY_SIZE(first), args, n * sizeof(*args));
	child.argv = (char *const *)(uintptr_t)argv;
	child.env = env;
	sigemptyset(&child.mask);
	if (options->shielded) {
		interrupt_signals(&child.mask);
		child.own_group = true;
	} else {
		child.interrupted = interrupt_signal; /* it takes its half-made files with it */
	}
	ret = child_run(&child, status);
	free(argv);
	free(env);
	free(index);
	return ret;
}

static int read_back(struct strbuf *sb, int fd)
{
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : strbuf_read_fd(sb, fd, ANSWER_LIMIT);
}

/* "fatal: not a git repository …" without the word and the line ends. */
static void trim(struct strbuf *said)
{
	static const char fatal[] = "fatal: ";
	size_t skip = said->len >= strlen(fatal) && memcmp(said->buf, fatal, strlen(fatal)) == 0 ? strlen(fatal) : 0;

	while (said->len > skip && said->buf[said->len - 1] == '\n')
		said->buf[--said->len] = '\0';
	if (skip) {
		said->len -= skip;
		memmove(said->buf, said->buf + skip, said->len + 1);
	}
}

int git_run(const char *directory, const char *const args[], const struct git_options *options, struct strbuf *out,
	    struct error *err)
{
	static const struct git_options defaults = {.index = NULL};
	struct strbuf said = STRBUF_INIT;
	int out_fd = memfd_create("git-out", MFD_CLOEXEC), said_fd = memfd_create("git-said", MFD_CLOEXEC);
	int status = 0, ret;

	options = options ? options : &defaults;
	if (out_fd < 0 || said_fd < 0) {
		ret = error_set(err, -errno, "failed to make a temporary file: %s", strerror(errno));
		goto out;
	}
	ret = run(directory, args, options, out_fd, said_fd, &status);
	if (ret && ret != -EINTR) {
		error_set(err, ret,
			  ret == -ENOENT ? "there is no git command in PATH (%s); install git%s"
					 : "failed to run git: %s%s",
			  strerror(-ret),
			  ret == -ENOENT && access("/dev/null", F_OK) ? "; there is no /dev/null either" : "");
		goto out;
	}
	if (ret || (interrupt_signal() && !options->shielded)) {
		ret = error_set(err, -EINTR, "interrupted");
		goto out;
	}
	ret = read_back(&said, said_fd);
	if (ret == 0 && out)
		ret = read_back(out, out_fd);
	if (ret)
		error_set(err, ret, "failed to hear git: %s", strerror(-ret));
	else if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		trim(&said);
		ret = error_set(err, -EIO, "git %s: %s", args[0], said.len ? said.buf : "failed without a word");
	}
out:
	if (out_fd >= 0)
		close(out_fd);
	if (said_fd >= 0)
		close(said_fd);
	strbuf_release(&said);
	return ret;
}
