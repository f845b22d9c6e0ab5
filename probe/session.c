/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/session.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/reason.h"
#include "base/strbuf.h"
#include "probe/attach.h"
#include "probe/entries.h"
#include "probe/launch.h"
#include "probe/mode.h"
#include "recording/raw.h"

#define DRAIN_INTERVAL_MS 100
/* Looks at the counts may take one part in so many of the time. */
#define VIEW_SHARE 10
/* Through perf events every probe is a link of its own that takes a tenth of a second to leave: evidence is not worth
 * minutes. */
#define PERF_REACH_MAX 32
/* No recording gets by with fewer: the kernel programs alone have more maps. */
#define LEAST_DESCRIPTORS 8

struct session {
	struct recording *rec;
	const struct go_binary *bin;
	struct symbolizer *sym;
	const struct session_options *options;
	struct alloc_entries entries;
	struct mode *mode;
	enum attach_method method;
	uint32_t *reach_sites; /* of each reach probe the site's index or, from n_site_reach on, the point's */
	size_t n_reach, n_site_reach;
	struct launch launch;	       /* pid < 0 where nothing was launched */
	const struct process *process; /* that runs already; NULL for none */
	int signal_fd;
	int pid_fd;		 /* of the watched process, -1 for none */
	int launched_fd;	 /* the launched program's address space, -1 for none */
	bool hangup_ignored;	 /* by whoever started us, as nohup does */
	uint8_t *reached_before; /* one per reach probe: hit in an earlier window */
	sigset_t old_mask;
	struct strbuf missed; /* what is not covered, clause by clause */
	struct timespec start;
	struct timespec window_start; /* later than start once the recording was cut */
	double view_due;	      /* seconds since start */
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
	/* A path from the root is what the user, or the target in its own namespace, calls it. */
	char *absolute = path[0] == '/' ? NULL : realpath(path, NULL);

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

/* The signals of ours are read from a descriptor, at a moment that suits. */
static int watch_signals(struct session *s, struct error *err)
{
	struct sigaction hangup;
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	if (s->options->events.cut || s->options->events.view)
		sigaddset(&mask, SIGHUP);
	s->hangup_ignored = sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == SIG_IGN;
	sigprocmask(SIG_BLOCK, &mask, &s->old_mask);
	s->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signal_fd < 0)
		return error_set(err, -errno, "record: failed to watch for signals: %s", reason_text(errno));
	return 0;
}

static bool wants_reach(const struct session *s)
{
	return s->options->reach || s->rec->n_points;
}

static int session_begin(struct session *s, bool is_launch, struct error *err)
{
	struct mode_options options = {
		.bin = s->bin,
		.entries = &s->entries,
		.process = s->process,
		.max_overhead = s->options->max_overhead,
		.max_observations = s->options->max_observations,
		.is_launch = is_launch,
		.with_reach = wants_reach(s),
		.missed = &s->missed,
	};
	int ret;

	s->signal_fd = s->pid_fd = s->launched_fd = -1;
	s->launch = (struct launch){.pid = -1, .pid_fd = -1, .go_fd = -1, .exec_fd = -1};
	/* What this kernel can do is found out by trying, and a trial without a descriptor says nothing. */
	ret = reason_no_descriptors(LEAST_DESCRIPTORS);
	if (ret)
		return error_set(err, ret, "record: failed to begin: %s", reason_text(ret));
	ret = watch_signals(s, err);
	if (ret)
		return ret;
	ret = alloc_entries_find(&s->entries, s->bin, err);
	if (ret)
		return ret;
	s->method = options.method = attach_method_detect(s->options->force_perf);
	return s->options->mode == REC_MODE_SAMPLE ? mode_new_sample(&s->mode, &options, err)
						   : mode_new_exact(&s->mode, &options, err);
}

static void start_window(struct session *s)
{
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	s->rec->header.start_unix_ns = (uint64_t)wall.tv_sec * 1000000000u + (uint64_t)wall.tv_nsec;
}

static int session_arm(struct session *s, pid_t pid, struct error *err)
{
	struct recording *rec = s->rec;
	elf_vaddr *calls;
	int ret = 0;

	/* Asked for only once the programs are loaded: without the right to load there seems to be none either. */
	if (s->options->force_multi && s->method != ATTACH_MULTI)
		return error_set(
			err, -EOPNOTSUPP,
			"probe: failed to attach through %s: this kernel has none that covers all threads of a "
			"process; use Linux 6.6 or later, or leave the choice to escaudit (--attach=auto)",
			attach_method_name(ATTACH_MULTI));
	if (wants_reach(s)) {
		size_t max = rec->n_sites + rec->n_points;

		calls = xcalloc(max, sizeof(*calls));
		s->reach_sites = xcalloc(max, sizeof(*s->reach_sites));
		s->reached_before = xcalloc(max, sizeof(*s->reached_before));
		for (size_t i = 0; s->options->reach && i < rec->n_sites; i++) {
			if (!s->options->reach[i])
				continue;
			calls[s->n_reach] = rec->sites[i].pc;
			s->reach_sites[s->n_reach++] = (uint32_t)i;
		}
		s->n_site_reach = s->n_reach;
		for (size_t i = 0; i < rec->n_points; i++) {
			if (rec->points[i].reach == REACH_NOT_PROBED)
				continue;
			calls[s->n_reach] = rec->points[i].pc;
			s->reach_sites[s->n_reach++] = (uint32_t)i;
			rec->points[i].reach = REACH_NOT_PROBED; /* until there is an answer */
		}
		if (s->method == ATTACH_PERF && s->n_reach > PERF_REACH_MAX)
			s->n_reach = s->n_site_reach > PERF_REACH_MAX ? 0 : s->n_site_reach;
		if (s->n_reach)
			ret = mode_attach_reach(s->mode, pid, calls, s->n_reach, err);
		free(calls);
		if (ret)
			return ret;
	}
	ret = mode_attach(s->mode, pid, err);
	clock_gettime(CLOCK_MONOTONIC, &s->start);
	s->window_start = s->start;
	start_window(s);
	/* The window may be long, and what was read to find the places is not needed in it. */
	go_binary_forget(s->bin);
	malloc_trim(0);
	if (ret == 0 && s->options->events.armed)
		s->options->events.armed(s->options->events.ctx);
	return ret;
}

static bool runs_a_program(pid_t pid)
{
	int fd = address_space_open(pid);
	bool runs = fd >= 0 && address_space_is_live(fd);

	if (fd >= 0)
		close(fd);
	return runs;
}

/*
 * Whether the process has executed a program. The kernel side ends the count by itself where that is the same file
 * again; another file has no probes. An address space also goes when the process ends, a moment before that is known.
 */
static bool has_executed(const struct session *s)
{
	if (mode_has_ended(s->mode))
		return true;
	if (s->process)
		return !process_is_same(s->process) && runs_a_program(process_pid(s->process));
	return s->launched_fd >= 0 && !address_space_is_live(s->launched_fd) && runs_a_program(s->launch.pid);
}

/* Fills rec, the session's or a view of its binary, with what was counted since it was last cut. */
static int session_fill(struct session *s, struct recording *rec, enum mode_part part, enum rec_end ended,
			struct error *err)
{
	struct mode_result result;
	int ret = mode_read(s->mode, part, &result, rec, err);

	if (ret)
		return ret;
	if (result.seconds > 0)
		rec->header.window_seconds = result.seconds;
	rec->header.entries = result.entries;
	rec->header.hits = result.hits;
	rec->header.shortened = result.shortened;
	rec->header.stacks = result.raw.n_different;
	rec->header.coverage = s->missed.len ? strpool_add(rec->pool, strbuf_str(&s->missed)) : NULL;
	rec->header.ended = ended;
	/* A probe that was hit has left: of later windows it says nothing. */
	for (size_t i = 0; part != MODE_PART_VIEW && i < result.n_reached; i++) {
		enum reach reach = s->reached_before[i] ? REACH_NOT_PROBED
				   : result.reached[i]	? REACH_HIT
							: REACH_NEVER;

		if (i < s->n_site_reach)
			rec->sites[s->reach_sites[i]].reach = reach;
		else
			rec->points[s->reach_sites[i]].reach = reach;
		s->reached_before[i] = result.reached[i];
	}
	if (!rec->has_sites && s->options->events.sites)
		s->options->events.sites(s->options->events.ctx, rec, &result.raw);
	recording_assemble(rec, &result.raw, s->bin, s->sym);
	return 0;
}

/* SIGHUP: the recording so far is handed out, and the next begins. */
static int session_cut(struct session *s, struct error *err)
{
	const struct session_events *events = &s->options->events;
	int ret;

	s->rec->header.window_seconds = since(&s->window_start);
	s->rec->header.window_complete = s->launch.pid < 0;
	ret = session_fill(s, s->rec, MODE_PART_CUT, REC_END_CUT, err);
	if (ret == 0)
		ret = events->cut(events->ctx, s->rec, err);
	recording_clear_counts(s->rec);
	clock_gettime(CLOCK_MONOTONIC, &s->window_start);
	start_window(s);
	return ret;
}

/* The caller looks at the counts if it is time to. *go_on is false where it wants no more. */
static int session_view(struct session *s, bool *go_on, struct error *err)
{
	const struct session_events *events = &s->options->events;
	double begun = since(&s->start), took;
	struct recording *view;
	int ret;

	*go_on = true;
	if (!events->view || begun < s->view_due)
		return 0;
	view = recording_new_like(s->rec);
	view->header.window_seconds = since(&s->window_start);
	view->header.window_complete = true;
	ret = session_fill(s, view, MODE_PART_VIEW, REC_END_UNKNOWN, err);
	if (ret) {
		recording_free(view);
		return ret;
	}
	*go_on = events->view(events->ctx, view);
	took = since(&s->start) - begun;
	s->view_due = begun + events->view_seconds;
	if (s->view_due < begun + VIEW_SHARE * took)
		s->view_due = begun + VIEW_SHARE * took;
	return 0;
}

enum heard { HEARD_NOTHING, HEARD_CUT, HEARD_STOP };

static enum heard hear_signal(struct session *s, int *signals)
{
	struct signalfd_siginfo info;

	if (read(s->signal_fd, &info, sizeof(info)) != sizeof(info))
		return HEARD_NOTHING;
	if (info.ssi_signo == SIGHUP) {
		/* From somebody who asks for a cut, or from a terminal that has gone and will not ask for anything
		 * more. */
		if (info.ssi_code != SI_KERNEL)
			return s->options->events.cut ? HEARD_CUT : HEARD_STOP;
		return s->hangup_ignored ? HEARD_NOTHING : HEARD_STOP;
	}
	if (s->options->events.signalled)
		s->options->events.signalled(s->options->events.ctx, (int)info.ssi_signo);
	/*
	 * A program we started shares our terminal and got the same Ctrl-C: its end ends the window. A SIGTERM meant
	 * for us is passed on. A second signal ends the window whatever the program does.
	 */
	if (s->launch.pid > 0 && (*signals)++ == 0) {
		if (info.ssi_signo == SIGTERM)
			kill(s->launch.pid, SIGTERM);
		return HEARD_NOTHING;
	}
	return HEARD_STOP;
}

/* Sleeps, drains a few times a second, and returns when the window is over. */
static int session_wait(struct session *s, enum rec_end *reason, struct error *err)
{
	struct pollfd fds[] = {
		{.fd = mode_fd(s->mode), .events = POLLIN},
		{.fd = s->signal_fd, .events = POLLIN},
		{.fd = s->pid_fd, .events = POLLIN},
		{.fd = s->options->events.input ? s->options->events.input_fd : -1, .events = POLLIN},
	};
	const struct session_events *events = &s->options->events;
	enum heard heard;
	int signals = 0, n;
	bool go_on;

	s->view_due = events->view_seconds;

	for (;;) {
		int wait_ms = DRAIN_INTERVAL_MS;

		if (s->options->duration_seconds > 0) {
			double left = s->options->duration_seconds - since(&s->start);

			if (left <= 0) {
				*reason = REC_END_DURATION;
				return 0;
			}
			if (left * 1000 < wait_ms)
				wait_ms = (int)(left * 1000) + 1;
		}
		if (events->view) {
			double left = s->view_due - since(&s->start);

			if (left * 1000 < wait_ms)
				wait_ms = left > 0 ? (int)(left * 1000) + 1 : 0;
		}
		n = poll(fds, ARRAY_SIZE(fds), wait_ms);
		if (n < 0 && errno != EINTR)
			return error_set(err, -errno, "record: failed to wait: %s", strerror(errno));
		if (mode_drain(s->mode, err))
			return err ? err->code : -EIO;
		if (has_executed(s)) {
			*reason = REC_END_EXEC;
			return 0;
		}
		if (fds[2].revents) {
			*reason = REC_END_EXIT;
			return 0;
		}
		if (!mode_is_armed(s->mode)) {
			mode_add_missed(&s->missed, "what came after the process that held the probes was killed");
			*reason = REC_END_DISARMED;
			return 0;
		}
		if (session_view(s, &go_on, err))
			return err ? err->code : -EIO;
		if (go_on && events->input && (n < 0 || fds[3].revents))
			go_on = !(fds[3].revents & (POLLHUP | POLLERR | POLLNVAL)) && events->input(events->ctx);
		if (!go_on) {
			*reason = REC_END_CALLER;
			return 0;
		}
		heard = fds[1].revents ? hear_signal(s, &signals) : HEARD_NOTHING;
		if (heard == HEARD_STOP) {
			*reason = REC_END_SIGNAL;
			return 0;
		}
		if (heard == HEARD_CUT && session_cut(s, err))
			return err ? err->code : -EIO;
	}
}

/* Ends the window and fills the recording. */
static int session_finish(struct session *s, enum rec_end reason, struct error *err)
{
	char *late;

	/* Nothing counts from the first moment of detaching; perf events may take seconds to leave. */
	s->rec->header.window_seconds = since(&s->window_start);
	mode_detach(s->mode);
	late = s->process ? process_new_modules(s->process) : NULL;
	if (late)
		strbuf_addf(&s->missed, "%sloaded during the window: %s", s->missed.len ? "; " : "", late);
	free(late);
	return session_fill(s, s->rec, MODE_PART_REST, reason, err);
}

static void session_end(struct session *s)
{
	mode_free(s->mode);
	alloc_entries_release(&s->entries);
	free(s->reach_sites);
	free(s->reached_before);
	strbuf_release(&s->missed);
	launch_close(&s->launch);
	if (s->launched_fd >= 0)
		close(s->launched_fd);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
	sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
}

/* The probes are on the file that was read: what runs must be the same. */
static int check_same_file(const struct go_binary *bin, const char *path, struct error *err)
{
	int fd = elf_image_fd(go_binary_image(bin));
	struct stat opened, now;

	if (fd < 0 || fstat(fd, &opened) < 0)
		return 0;
	if (stat(path, &now) == 0 && now.st_dev == opened.st_dev && now.st_ino == opened.st_ino)
		return 0;
	return error_set(err, -ESTALE, "launch: failed to start '%s': it was replaced since it was read; try again",
			 path);
}

/* A signal that came before there was a program is for us alone, and the program is not started any more. It takes
 * effect when the session has ended. */
static int check_not_interrupted(struct error *err)
{
	sigset_t pending;

	if (sigpending(&pending) < 0 || (!sigismember(&pending, SIGINT) && !sigismember(&pending, SIGTERM)))
		return 0;
	return error_set(err, -EINTR, "launch: interrupted before the program was started");
}

/* A library can be loaded, not started: execve says "Permission denied". */
static int check_program(const struct recording *rec, const struct go_binary *bin, const char *path, struct error *err)
{
	const char *mode = go_binary_setting(bin, "-buildmode");

	if (!mode || (strcmp(mode, "c-shared") != 0 && strcmp(mode, "plugin") != 0))
		return 0;
	return error_set(err, -EINVAL,
			 "launch: '%s' is a library (-buildmode=%s), which is not run by itself; start a program that "
			 "loads it and attach to that: escaudit record -p PID",
			 rec->header.path ? rec->header.path : path, mode);
}

int session_launch(struct recording *rec, const struct go_binary *bin, struct symbolizer *sym, const char *path,
		   char *const argv[], const struct session_options *options, struct error *err)
{
	struct session s = {.rec = rec, .bin = bin, .sym = sym, .options = options};
	enum rec_end reason;
	int ret, spare = -1;

	ret = check_program(rec, bin, path, err);
	if (ret)
		return ret;
	ret = session_begin(&s, true, err);
	if (ret == 0)
		ret = launch_start(&s.launch, path, argv, err);
	if (ret == 0) {
		rec->header.pid = s.launch.pid;
		ret = session_arm(&s, s.launch.pid, err);
	}
	if (ret == 0)
		ret = check_same_file(bin, path, err);
	/* Kept for the program's address space, which is there only once the program is. */
	if (ret == 0) {
		spare = fcntl(s.signal_fd, F_DUPFD_CLOEXEC, 0);
		if (spare < 0)
			ret = error_set(err, -errno, "launch: failed to watch '%s': %s", path, reason_text(errno));
	}
	if (ret == 0)
		ret = check_not_interrupted(err);
	if (ret == 0)
		ret = launch_release(&s.launch, err);
	if (spare >= 0)
		close(spare);
	if (ret == 0) {
		s.pid_fd = s.launch.pid_fd;
		s.launched_fd = address_space_open(s.launch.pid);
		ret = session_wait(&s, &reason, err);
	}
	if (ret == 0) {
		rec->header.window_complete = reason == REC_END_EXIT || reason == REC_END_DURATION;
		ret = session_finish(&s, reason, err);
	}
	/* What was measured is safe; the program runs to its end without us, and its status is passed on. */
	if (ret == 0 && reason != REC_END_SIGNAL)
		rec->header.exit_status = launch_reap(&s.launch);
	session_end(&s);
	return ret;
}

int session_attach(struct recording *rec, const struct go_binary *bin, struct symbolizer *sym,
		   const struct process *process, const struct session_options *options, struct error *err)
{
	struct session s = {.rec = rec, .bin = bin, .sym = sym, .options = options, .process = process};
	pid_t pid = process ? process_pid(process) : 0;
	enum rec_end reason;
	int ret;

	ret = session_begin(&s, false, err);
	rec->header.pid = pid;
	if (ret == 0 && process)
		s.pid_fd = process_pid_fd(process);
	if (ret == 0)
		ret = session_arm(&s, pid, err);
	if (ret == 0)
		ret = session_wait(&s, &reason, err);
	if (ret == 0) {
		rec->header.window_complete = reason != REC_END_DISARMED;
		ret = session_finish(&s, reason, err);
	}
	session_end(&s);
	return ret;
}
