/* SPDX-License-Identifier: Apache-2.0 */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

/* A handler may run between the question and poll, which then does not notice. */
#define ASK_AGAIN_MS 1000

static int start(const struct child *child, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	short flags = POSIX_SPAWN_SETSIGMASK;
	int ret;

	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, child->out, 1);
	posix_spawn_file_actions_adddup2(&files, child->said, 2);
	posix_spawn_file_actions_addchdir_np(&files, child->directory);
	posix_spawnattr_setsigmask(&attributes, &child->mask);
	if (child->own_group) {
		posix_spawnattr_setpgroup(&attributes, 0);
		flags |= POSIX_SPAWN_SETPGROUP;
	}
	posix_spawnattr_setflags(&attributes, flags);
	ret = posix_spawnp(pid, child->argv[0], &files, &attributes, child->argv, child->env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return -ret;
}

static bool is_interrupted(const struct child *child)
{
	return child->interrupted && child->interrupted();
}

/* Until it has ended, or a signal came: then false. */
static bool wait_calmly(const struct child *child, pid_t pid)
{
	int ended = (int)syscall(SYS_pidfd_open, pid, 0);
	int signals = child->held ? signalfd(-1, child->held, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
	struct pollfd fds[] = {{.fd = ended, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	bool calm = true;

	while (ended >= 0) { /* before Linux 5.3 the child is simply waited for */
		int n;

		calm = !is_interrupted(child);
		if (!calm)
			break;
		n = poll(fds, ARRAY_SIZE(fds), child->interrupted ? ASK_AGAIN_MS : -1);
		if (n < 0 && errno != EINTR)
			break;
		calm = n <= 0 || !fds[1].revents;
		if (!calm || (n > 0 && fds[0].revents))
			break;
	}
	if (ended >= 0)
		close(ended);
	if (signals >= 0)
		close(signals);
	return calm;
}

int child_run(const struct child *child, int *status)
{
	bool calm;
	pid_t pid;
	int ret = start(child, &pid);

	if (ret)
		return ret;
	calm = wait_calmly(child, pid);
	if (!calm)
		kill(pid, child->end_with);
	while (waitpid(pid, status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
		if (calm && is_interrupted(child)) {
			kill(pid, child->end_with);
			calm = false;
		}
	}
	return calm ? 0 : -EINTR;
}
