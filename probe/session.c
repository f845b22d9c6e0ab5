/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "probe/attach.h"
#include "probe/capture.h"
#include "probe/entries.h"
#include "probe/launch.h"
#include "recording/raw.h"

#define DRAIN_INTERVAL_MS 100
/* Through perf events every probe is a link of its own that takes a tenth of a second to leave: evidence is not worth
 * minutes. */
#define PERF_REACH_MAX 32

struct session {
	struct recording *rec;
	const struct go_binary *bin;
	struct symbolizer *sym;
	const struct session_options *options;
	struct alloc_entries entries;
	struct capture *capture;
	enum attach_method method;
	uint32_t *reach_sites; /* site index of each reach probe */
	size_t n_reach;
	struct launch launch; /* pid < 0 where nothing was launched */
	int signal_fd;
	int pid_fd; /* of the watched process, -1 for none */
	sigset_t old_mask;
	struct timespec start;
};

static double since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

void session_describe(struct recording *rec, const struct go_binary *bin, const char *path)
{
	struct rec_header *h = &rec->header;
	char *absolute = realpath(path, NULL);

	h->tool_version = strpool_add(rec->pool, ESCAUDIT_VERSION);
	h->path = strpool_add(rec->pool, absolute ? absolute : path);
	h->build_id = strpool_add(rec->pool, elf_image_build_id(go_binary_image(bin)));
	h->go_version = strpool_add(rec->pool, go_binary_version(bin));
	h->arch = "amd64";
	h->main_package = strpool_add(rec->pool, go_binary_main_package(bin));
	h->main_module = strpool_add(rec->pool, go_binary_main_module(bin));
	h->goroot_src = strpool_add(rec->pool, go_binary_goroot_src(bin));
	h->modinfo = strpool_add(rec->pool, go_binary_modinfo(bin));
	h->exit_status = -1;
	free(absolute);
}

static int session_begin(struct session *s, struct error *err)
{
	struct capture_options options = {.max_observations = s->options->max_observations};
	sigset_t mask;
	int ret;

	s->signal_fd = s->pid_fd = -1;
	s->launch = (struct launch){.pid = -1, .pid_fd = -1, .go_fd = -1, .exec_fd = -1};
	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, &s->old_mask);
	s->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signal_fd < 0)
		return error_set(err, -errno, "record: failed to watch for signals: %s", strerror(errno));
	ret = alloc_entries_find(&s->entries, s->bin, err);
	if (ret)
		return ret;
	options.method = s->method = attach_method_detect(s->options->force_perf);
	return capture_new(&s->capture, s->bin, &s->entries, &options, err);
}

static int session_arm(struct session *s, pid_t pid, struct error *err)
{
	struct recording *rec = s->rec;
	struct timespec wall;
	elf_vaddr *calls;
	int ret = 0;

	if (s->options->reach) {
		calls = xcalloc(rec->n_sites, sizeof(*calls));
		s->reach_sites = xcalloc(rec->n_sites, sizeof(*s->reach_sites));
		for (size_t i = 0; i < rec->n_sites; i++) {
			if (!s->options->reach[i])
				continue;
			calls[s->n_reach] = rec->sites[i].pc;
			s->reach_sites[s->n_reach++] = (uint32_t)i;
		}
		if (s->method == ATTACH_PERF && s->n_reach > PERF_REACH_MAX)
			s->n_reach = 0;
		if (s->n_reach)
			ret = capture_attach_reach(s->capture, pid, calls, s->n_reach, err);
		free(calls);
		if (ret)
			return ret;
	}
	ret = capture_attach(s->capture, pid, err);
	clock_gettime(CLOCK_MONOTONIC, &s->start);
	clock_gettime(CLOCK_REALTIME, &wall);
	rec->header.start_unix_ns = (uint64_t)wall.tv_sec * 1000000000u + (uint64_t)wall.tv_nsec;
	return ret;
}

enum stop_reason { STOP_ENDED, STOP_DURATION, STOP_SIGNAL };

/* Sleeps, drains a few times a second, and returns when the window is over. */
static int session_wait(struct session *s, enum stop_reason *reason, struct error *err)
{
	struct pollfd fds[] = {
		{.fd = capture_fd(s->capture), .events = POLLIN},
		{.fd = s->signal_fd, .events = POLLIN},
		{.fd = s->pid_fd, .events = POLLIN},
	};
	int signals = 0;

	for (;;) {
		struct signalfd_siginfo info;
		int wait_ms = DRAIN_INTERVAL_MS;

		if (s->options->duration_seconds > 0) {
			double left = s->options->duration_seconds - since(&s->start);

			if (left <= 0) {
				*reason = STOP_DURATION;
				return 0;
			}
			if (left * 1000 < wait_ms)
				wait_ms = (int)(left * 1000) + 1;
		}
		if (poll(fds, ARRAY_SIZE(fds), wait_ms) < 0 && errno != EINTR)
			return error_set(err, -errno, "record: failed to wait: %s", strerror(errno));
		if (capture_drain(s->capture, err))
			return err ? err->code : -EIO;
		if (fds[2].revents) {
			*reason = STOP_ENDED;
			return 0;
		}
		if (fds[1].revents && read(s->signal_fd, &info, sizeof(info)) == sizeof(info)) {
			/*
			 * A program we started shares our terminal and got the same Ctrl-C: its end ends the window. A
			 * SIGTERM meant for us is passed on. A second signal ends the window whatever the program does.
			 */
			if (s->launch.pid > 0 && signals++ == 0) {
				if (info.ssi_signo == SIGTERM)
					kill(s->launch.pid, SIGTERM);
				continue;
			}
			*reason = STOP_SIGNAL;
			return 0;
		}
	}
}

/* Ends the window and fills the recording. */
static int session_finish(struct session *s, struct error *err)
{
	struct recording *rec = s->rec;
	struct capture_result result;
	int ret;

	capture_detach(s->capture);
	rec->header.window_seconds = since(&s->start);
	ret = capture_read(s->capture, &result, rec, err);
	if (ret)
		return ret;
	rec->header.mode = REC_MODE_EXACT;
	rec->header.hits = result.hits;
	rec->header.entries = s->entries.n;
	rec->header.stacks = result.raw.n_stacks;
	rec->header.coverage = strpool_add(rec->pool, s->entries.missed);
	for (size_t i = 0; i < result.n_reached; i++)
		rec->sites[s->reach_sites[i]].reach = result.reached[i] ? REACH_HIT : REACH_NEVER;
	recording_assemble(rec, &result.raw, s->bin, s->sym);
	return 0;
}

static void session_end(struct session *s)
{
	capture_free(s->capture);
	alloc_entries_release(&s->entries);
	free(s->reach_sites);
	launch_close(&s->launch);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
	sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
}

int session_launch(struct recording *rec, const struct go_binary *bin, struct symbolizer *sym, const char *path,
		   char *const argv[], const struct session_options *options, struct error *err)
{
	struct session s = {.rec = rec, .bin = bin, .sym = sym, .options = options};
	enum stop_reason reason;
	int ret;

	ret = session_begin(&s, err);
	if (ret == 0)
		ret = launch_start(&s.launch, path, argv, err);
	if (ret == 0) {
		rec->header.pid = s.launch.pid;
		ret = session_arm(&s, s.launch.pid, err);
	}
	if (ret == 0)
		ret = launch_release(&s.launch, err);
	if (ret == 0) {
		s.pid_fd = s.launch.pid_fd;
		ret = session_wait(&s, &reason, err);
	}
	if (ret == 0) {
		rec->header.window_complete = reason != STOP_SIGNAL;
		ret = session_finish(&s, err);
	}
	/* What was measured is safe; the program runs to its end without us, and its status is passed on. */
	if (ret == 0 && reason != STOP_SIGNAL)
		rec->header.exit_status = launch_reap(&s.launch);
	session_end(&s);
	return ret;
}

int session_attach(struct recording *rec, const struct go_binary *bin, struct symbolizer *sym, pid_t pid,
		   const struct session_options *options, struct error *err)
{
	struct session s = {.rec = rec, .bin = bin, .sym = sym, .options = options};
	enum stop_reason reason;
	int ret;

	ret = session_begin(&s, err);
	if (ret == 0 && pid) {
		s.pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (s.pid_fd < 0)
			ret = error_set(err, -errno, "record: failed to watch process %d: %s", pid, strerror(errno));
	}
	rec->header.pid = pid;
	if (ret == 0)
		ret = session_arm(&s, pid, err);
	if (ret == 0)
		ret = session_wait(&s, &reason, err);
	if (ret == 0) {
		rec->header.window_complete = true;
		ret = session_finish(&s, err);
	}
	if (s.pid_fd >= 0)
		close(s.pid_fd);
	session_end(&s);
	return ret;
}
