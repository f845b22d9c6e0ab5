/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/reason.h"
#include "base/temporary_directory.h"

static bool is_executable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* What the kernel denies where the file's mode does not. */
static bool is_on_noexec(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) == 0 && fs.f_flag & ST_NOEXEC;
}

static int fail_on_noexec(const char *path, const char *mend, struct error *err)
{
	return error_set(err, -EACCES,
			 "launch: failed to start '%s': its file system is mounted with noexec, no program may run "
			 "from there; %s",
			 path, mend);
}

/* Whether it is below $TMPDIR, as what audit builds is. */
static bool is_temporary(const char *path)
{
	const char *parent = temporary_parent();
	size_t n = strlen(parent);

	return strncmp(path, parent, n) == 0 && path[n] == '/';
}

int launch_resolve(char **out, const char *argv0, struct error *err)
{
	const char *path = getenv("PATH");

	*out = NULL;
	if (strchr(argv0, '/')) {
		struct stat st;

		if (stat(argv0, &st))
			return error_set(err, -errno, "launch: failed to find '%s': %s", argv0, strerror(errno));
		if (S_ISDIR(st.st_mode))
			return error_set(err, -EISDIR,
					 "launch: failed to start '%s': it is a directory; name a program", argv0);
		if (!is_executable(argv0) && S_ISREG(st.st_mode) && is_on_noexec(argv0))
			return fail_on_noexec(argv0, "copy it to another", err);
		if (!is_executable(argv0))
			return error_set(err, -EACCES,
					 "launch: failed to start '%s': not an executable file; chmod +x it if it is a "
					 "program and "
					 "no library",
					 argv0);
		*out = xstrdup(argv0);
		return 0;
	}
	if (!path)
		path = "/usr/local/bin:/usr/bin:/bin";
	while (*path) {
		size_t len = strcspn(path, ":");
		char *full = len ? xasprintf("%.*s/%s", (int)len, path, argv0) : xasprintf("./%s", argv0);

		if (is_executable(full)) {
			*out = full;
			return 0;
		}
		free(full);
		path += len + (path[len] == ':');
	}
	return error_set(err, -ENOENT, "launch: failed to find '%s' in PATH; give its path", argv0);
}

static void child(int go_fd, int exec_fd, const char *path, char *const argv[], int death_signal)
{
	sigset_t none;
	char go;
	ssize_t n;
	int code;

	/* Before it waits: it ends without us. */
	prctl(PR_SET_PDEATHSIG, death_signal);
	do
		n = read(go_fd, &go, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1) /* the parent went away before it let us go */
		_exit(127);
	/* Blocked for the parent's signalfd; the program gets the mask a shell would give it. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(path, argv);
	code = errno;
	if (write(exec_fd, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

int launch_start(struct launch *out, const char *path, char *const argv[], int death_signal, struct error *err)
{
	int go[2] = {-1, -1}, exec[2] = {-1, -1};
	int ret;

	*out = (struct launch){.pid = -1, .pid_fd = -1, .go_fd = -1, .exec_fd = -1};
	if (pipe2(go, O_CLOEXEC) || pipe2(exec, O_CLOEXEC)) {
		ret = error_set(err, -errno, "launch: failed to make a pipe: %s", reason_text(errno));
		goto out;
	}
	out->pid = fork();
	if (out->pid < 0) {
		ret = error_set(err, -errno, "launch: failed to fork: %s", reason_of_fork(errno));
		goto out;
	}
	if (out->pid == 0) {
		close(go[1]); /* or the child would keep itself waiting for ever */
		child(go[0], exec[1], path, argv, death_signal);
	}
	out->path = path;
	out->go_fd = go[1];
	out->exec_fd = exec[0];
	go[1] = exec[0] = -1;
	out->pid_fd = (int)syscall(SYS_pidfd_open, out->pid, 0);
	if (out->pid_fd < 0) {
		ret = error_set(err, -errno, "launch: failed to watch process %d: %s%s", out->pid, reason_text(errno),
				errno == ENOSYS ? "; Linux 5.3 or later is needed" : "");
		launch_close(out);
		goto out;
	}
	fcntl(out->pid_fd, F_SETFD, FD_CLOEXEC);
	ret = 0;
out:
	for (int i = 0; i < 2; i++) {
		if (go[i] >= 0)
			close(go[i]);
		if (exec[i] >= 0)
			close(exec[i]);
	}
	return ret;
}

int launch_release(struct launch *launch, struct error *err)
{
	int code = 0;
	ssize_t n;

	if (write(launch->go_fd, "g", 1) != 1)
		return error_set(err, -EPIPE, "launch: failed to release process %d: it has ended", launch->pid);
	do /* closed by exec, or filled with the reason it failed */
		n = read(launch->exec_fd, &code, sizeof(code));
	while (n < 0 && errno == EINTR);
	if (n == sizeof(code) && code == EACCES && is_on_noexec(launch->path))
		return fail_on_noexec(launch->path,
				      is_temporary(launch->path) ? "set TMPDIR to a directory of another"
								 : "copy it to another",
				      err);
	if (n == sizeof(code))
		return error_set(err, -code, "launch: failed to start '%s': %s", launch->path, reason_text(code));
	return 0;
}

int launch_reap(struct launch *launch)
{
	int status;

	while (waitpid(launch->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	launch->pid = -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void launch_close(struct launch *launch)
{
	int *fds[] = {&launch->go_fd, &launch->exec_fd, &launch->pid_fd};
	bool released = launch->go_fd < 0;

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	if (launch->pid > 0 && !released) {
		int status;

		/* Closing the pipe ended a child that still waits on it; one that runs on is not ours to end. */
		waitpid(launch->pid, &status, WNOHANG);
	}
}
