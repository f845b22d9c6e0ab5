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
#include "probe/loading.h"
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

/* One Go runtime that is counted. */
struct runtime {
	struct session_target target;
	const struct process *process; /* that runs already; NULL for none */
	struct process *own_process;   /* the same where it is ours to free */
	bool was_loaded;	       /* while we watched, so that its beginning must be seen */
	size_t n_modules;	       /* of own_process, that are counted */
	struct alloc_entries entries;
	struct mode *mode;
	uint32_t *reach_sites; /* of each reach probe the site's index or, from n_site_reach on, the point's */
	size_t n_reach, n_site_reach;
	uint8_t *reached_before; /* one per reach probe: hit in an earlier window */
	struct strbuf missed;	 /* what is not covered, clause by clause */
	struct timespec window_start;
};

struct session {
	const struct session_options *options;
	struct runtime *runtimes[SESSION_RUNTIMES_MAX];
	size_t n_runtimes;
	enum attach_method method;
	struct launch launch; /* pid < 0 where nothing was launched */
	int signal_fd;
	int pid_fd;		 /* of the watched process, -1 for none */
	int launched_fd;	 /* the launched program's address space, -1 for none */
	bool hangup_ignored;	 /* by whoever started us, as nohup does */
	bool watches_loading;	 /* also once the window is over */
	struct loading *loading; /* NULL where nothing that is loaded matters */
	struct process *loaded;	 /* the process as it was when it loaded something last */
	struct strbuf refused;	 /* what of Go was loaded and is not counted */
	sigset_t old_mask;
	struct timespec start;
	double view_due; /* seconds since start */
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

static int session_begin(struct session *s, struct error *err)
{
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
	s->method = attach_method_detect(s->options->force_perf);
	return 0;
}

static bool wants_reach(const struct session_target *target)
{
	return target->reach || target->rec->n_points;
}

static void runtime_free(struct runtime *r)
{
	mode_free(r->mode);
	alloc_entries_release(&r->entries);
	free(r->reach_sites);
	free(r->reached_before);
	strbuf_release(&r->missed);
	process_free(r->own_process); /* last: its modules are borrowed */
	free(r);
}

/* Whether a program may open plugins. */
static bool opens_plugins(const struct go_binary *bin)
{
	struct go_func func;

	return go_binary_func_named(bin, "plugin.open", &func);
}

/* process: NULL where it does not run yet. */
static int runtime_new(struct runtime **out, const struct session *s, const struct session_target *target,
		       const struct process *process, bool is_launch, struct error *err)
{
	struct runtime *r = xcalloc(1, sizeof(*r));
	const struct mode_options options = {
		.bin = target->bin,
		.entries = &r->entries,
		.process = process,
		.method = s->method,
		.max_overhead = s->options->max_overhead,
		.max_observations = s->options->max_observations,
		.is_launch = is_launch,
		.takes_modules = is_launch && s->loading && opens_plugins(target->bin),
		.with_reach = wants_reach(target),
		.missed = &r->missed,
	};
	int ret;

	*out = NULL;
	r->target = *target;
	r->process = process;
	ret = alloc_entries_find(&r->entries, target->bin, err);
	if (ret == 0)
		ret = s->options->mode == REC_MODE_SAMPLE ? mode_new_sample(&r->mode, &options, err)
							  : mode_new_exact(&r->mode, &options, err);
	if (ret) {
		runtime_free(r);
		return ret;
	}
	*out = r;
	return 0;
}

/* The one that is given from the beginning. */
static int session_add(struct session *s, const struct session_target *target, const struct process *process,
		       bool is_launch, struct error *err)
{
	int ret = runtime_new(&s->runtimes[0], s, target, process, is_launch, err);

	s->n_runtimes = ret == 0;
	return ret;
}

static void start_window(struct runtime *r)
{
	struct timespec wall;

	clock_gettime(CLOCK_MONOTONIC, &r->window_start);
	clock_gettime(CLOCK_REALTIME, &wall);
	r->target.rec->header.start_unix_ns = (uint64_t)wall.tv_sec * 1000000000u + (uint64_t)wall.tv_nsec;
}

static int runtime_arm(struct runtime *r, const struct session *s, pid_t pid, struct error *err)
{
	struct recording *rec = r->target.rec;
	elf_vaddr *calls;
	int ret = 0;

	/* Asked for only once the programs are loaded: without the right to load there seems to be none either. */
	if (s->options->force_multi && s->method != ATTACH_MULTI)
		return error_set(
			err, -EOPNOTSUPP,
			"probe: failed to attach through %s: this kernel has none that covers all threads of a "
			"process; use Linux 6.6 or later, or leave the choice to escaudit (--attach=auto)",
			attach_method_name(ATTACH_MULTI));
	if (wants_reach(&r->target)) {
		size_t max = rec->n_sites + rec->n_points;

		calls = xcalloc(max, sizeof(*calls));
		r->reach_sites = xcalloc(max, sizeof(*r->reach_sites));
		r->reached_before = xcalloc(max, sizeof(*r->reached_before));
		for (size_t i = 0; r->target.reach && i < rec->n_sites; i++) {
			if (!r->target.reach[i])
				continue;
			calls[r->n_reach] = rec->sites[i].pc;
			r->reach_sites[r->n_reach++] = (uint32_t)i;
		}
		r->n_site_reach = r->n_reach;
		for (size_t i = 0; i < rec->n_points; i++) {
			if (rec->points[i].reach == REACH_NOT_PROBED)
				continue;
			calls[r->n_reach] = rec->points[i].pc;
			r->reach_sites[r->n_reach++] = (uint32_t)i;
			rec->points[i].reach = REACH_NOT_PROBED; /* until there is an answer */
		}
		if (s->method == ATTACH_PERF && r->n_reach > PERF_REACH_MAX)
			r->n_reach = r->n_site_reach > PERF_REACH_MAX ? 0 : r->n_site_reach;
		if (r->n_reach)
			ret = mode_attach_reach(r->mode, pid, calls, r->n_reach, err);
		free(calls);
		if (ret)
			return ret;
	}
	ret = mode_attach(r->mode, pid, err);
	start_window(r);
	/* The window may be long, and what was read to find the places is not needed in it. */
	go_binary_forget(r->target.bin);
	malloc_trim(0);
	return ret;
}

static int session_arm(struct session *s, pid_t pid, struct error *err)
{
	int ret = runtime_arm(s->runtimes[0], s, pid, err);

	s->start = s->runtimes[0]->window_start;
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
	for (size_t i = 0; i < s->n_runtimes; i++) {
		const struct runtime *r = s->runtimes[i];

		if (mode_has_ended(r->mode) ||
		    (r->process && !process_is_same(r->process) && runs_a_program(process_pid(r->process))))
			return true;
	}
	return s->launched_fd >= 0 && !address_space_is_live(s->launched_fd) && runs_a_program(s->launch.pid);
}

/* Fills rec, the runtime's or a view of its binary, with what was counted since it was last cut. */
static int runtime_fill(struct runtime *r, const struct session *s, struct recording *rec, enum mode_part part,
			enum rec_end ended, struct error *err)
{
	struct mode_result result;
	int ret = mode_read(r->mode, part, &result, rec, err);

	if (ret)
		return ret;
	if (result.seconds > 0)
		rec->header.window_seconds = result.seconds;
	rec->header.entries = result.entries;
	rec->header.hits = result.hits;
	rec->header.shortened = result.shortened;
	rec->header.stacks = result.raw.n_different;
	rec->header.coverage = r->missed.len ? strpool_add(rec->pool, strbuf_str(&r->missed)) : NULL;
	rec->header.ended = ended;
	/* A probe that was hit has left: of later windows it says nothing. */
	for (size_t i = 0; part != MODE_PART_VIEW && i < result.n_reached; i++) {
		enum reach reach = r->reached_before[i] ? REACH_NOT_PROBED
				   : result.reached[i]	? REACH_HIT
							: REACH_NEVER;

		if (i < r->n_site_reach)
			rec->sites[r->reach_sites[i]].reach = reach;
		else
			rec->points[r->reach_sites[i]].reach = reach;
		r->reached_before[i] = result.reached[i];
	}
	if (!rec->has_sites && s->options->events.sites)
		s->options->events.sites(s->options->events.ctx, rec, &result.raw);
	recording_assemble(rec, &result.raw, r->target.bin, r->target.sym);
	return 0;
}

/* SIGHUP: the recordings so far are handed out, and the next begin. */
static int session_cut(struct session *s, struct error *err)
{
	const struct session_events *events = &s->options->events;
	int ret = 0;

	for (size_t i = 0; i < s->n_runtimes && ret == 0; i++) {
		struct runtime *r = s->runtimes[i];
		struct recording *rec = r->target.rec;

		rec->header.window_seconds = since(&r->window_start);
		rec->header.window_complete = s->launch.pid < 0;
		ret = runtime_fill(r, s, rec, MODE_PART_CUT, REC_END_CUT, err);
		if (ret == 0)
			ret = events->cut(events->ctx, rec, err);
		recording_clear_counts(rec);
		start_window(r);
	}
	return ret;
}

/* The caller looks at the counts if it is time to. *go_on is false where it wants no more. */
static int session_view(struct session *s, bool *go_on, struct error *err)
{
	const struct session_events *events = &s->options->events;
	double begun = since(&s->start), took;
	struct runtime *r = s->runtimes[0];
	struct recording *view;
	int ret;

	*go_on = true;
	if (!events->view || begun < s->view_due)
		return 0;
	view = recording_new_like(r->target.rec);
	view->header.window_seconds = since(&r->window_start);
	view->header.window_complete = true;
	ret = runtime_fill(r, s, view, MODE_PART_VIEW, REC_END_UNKNOWN, err);
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

/* ---- what a launched program loads ---- */

static void add_refused(struct session *s, const char *text)
{
	mode_add_missed(&s->refused, text);
}

/* Has a runtime counted that the process holds in the file at path. Fails where it cannot be. */
static int count_loaded(struct session *s, const char *path, struct error *err)
{
	const struct session_events *events = &s->options->events;
	struct session_target target = {.rec = NULL};
	struct process *process = NULL;
	struct runtime *r = NULL;
	int ret;

	if (!events->loaded)
		return error_set(err, -ENOTSUP, "'%s' holds a further Go runtime", path);
	if (s->n_runtimes == SESSION_RUNTIMES_MAX)
		return error_set(err, -E2BIG, "'%s' holds a further Go runtime, and %d are the most that are counted",
				 path, SESSION_RUNTIMES_MAX);
	ret = process_open(&process, s->launch.pid, path, err);
	if (ret == 0)
		ret = events->loaded(events->ctx, process_take_binary(process), process_path(process), &target, err);
	if (ret == 0)
		ret = runtime_new(&r, s, &target, process, true, err);
	if (ret == 0) {
		target.rec->header.pid = s->launch.pid;
		ret = runtime_arm(r, s, s->launch.pid, err);
	}
	if (ret) {
		if (r)
			runtime_free(r);
		process_free(process);
		return ret;
	}
	r->own_process = process;
	r->was_loaded = true;
	s->runtimes[s->n_runtimes++] = r;
	return 0;
}

/* A program that is a Go runtime itself: where its plugins are is known from where it is. */
static void place_program(struct session *s, struct runtime *r)
{
	struct error err = ERROR_INIT;
	struct process *process;

	if (process_open(&process, s->launch.pid, NULL, &err)) {
		error_release(&err);
		return;
	}
	go_binary_free(process_take_binary(process)); /* the same as ours */
	r->process = r->own_process = process;
}

/* The plugins that came since, and are of the first runtime: it is the program. */
static int add_plugins(struct session *s, struct runtime *r, struct error *err)
{
	struct process_news news;
	int ret = process_look(r->own_process, &news, err);

	process_news_release(&news);
	for (; r->n_modules < process_module_count(r->own_process) && ret == 0; r->n_modules++)
		ret = mode_add_module(r->mode, s->launch.pid, process_module(r->own_process, r->n_modules), &r->missed,
				      err);
	return ret;
}

static bool is_counted(const struct session *s, const char *path)
{
	for (size_t i = 0; i < s->n_runtimes; i++) {
		if (s->runtimes[i]->process && strcmp(process_path(s->runtimes[i]->process), path) == 0)
			return true;
	}
	return false;
}

/* The process stands still, and may have mapped files of which nothing has run. */
static void look_at_loaded(struct session *s)
{
	struct runtime *program = s->n_runtimes && !s->runtimes[0]->was_loaded ? s->runtimes[0] : NULL;
	struct process_news news = {.runtimes = NULL};
	struct error err = ERROR_INIT;

	if (program && !program->own_process)
		place_program(s, program);
	if (program && program->own_process && add_plugins(s, program, &err)) {
		add_refused(s, err.text);
		error_release(&err);
	}
	if (s->loaded && !process_is_same(s->loaded)) { /* another program: all of it is new */
		process_free(s->loaded);
		s->loaded = NULL;
	}
	if ((s->loaded || process_watch(&s->loaded, s->launch.pid, &err) == 0) &&
	    process_look(s->loaded, &news, &err) == 0) {
		for (size_t i = 0; i < news.n_runtimes; i++) {
			if (is_counted(s, news.runtimes[i]) || count_loaded(s, news.runtimes[i], &err) == 0)
				continue;
			add_refused(s, err.text);
			error_release(&err);
		}
		if (news.refused)
			add_refused(s, news.refused);
	}
	process_news_release(&news);
	/* Of a process that has ended there is nothing more to be said. */
	if (err.text && err.code != -ESRCH)
		add_refused(s, err.text);
	error_release(&err);
}

/* The program goes on, whatever it loads. */
static void stop_watching(struct session *s)
{
	if (s->loading && loading_has_failed(s->loading))
		add_refused(s, "what was loaded while the program could not be held");
	s->watches_loading = s->loading;
	loading_free(s->loading);
	s->loading = NULL;
}

static int drain(struct session *s, struct error *err)
{
	for (size_t i = 0; i < s->n_runtimes; i++) {
		if (mode_drain(s->runtimes[i]->mode, err))
			return err ? err->code : -EIO;
	}
	return 0;
}

static void session_loaded(struct session *s)
{
	struct error err = ERROR_INIT;

	if (s->loading && !loading_is_guarded(s->loading)) {
		add_refused(s, "what was loaded after the process that guards the program was killed");
		stop_watching(s);
		s->watches_loading = false;
	}
	if (!s->loading || !loading_is_stopped(s->loading))
		return;
	/*
	 * The stacks so far by the code that they ran in, and then, before it runs, what lies where now. An error is
	 * the next drain's, too.
	 */
	drain(s, &err);
	error_release(&err);
	look_at_loaded(s);
	loading_continue(s->loading);
}

/* ---- the window ---- */

static bool is_armed(const struct session *s)
{
	for (size_t i = 0; i < s->n_runtimes; i++) {
		if (!mode_is_armed(s->runtimes[i]->mode))
			return false;
	}
	return true;
}

enum wait_fd { WAIT_SIGNAL, WAIT_PID, WAIT_INPUT, WAIT_LOADING, WAIT_MODES };

/* Sleeps, drains a few times a second, and returns when the window is over. */
static int session_wait(struct session *s, enum rec_end *reason, struct error *err)
{
	struct pollfd fds[WAIT_MODES + SESSION_RUNTIMES_MAX] = {
		[WAIT_SIGNAL] = {.fd = s->signal_fd, .events = POLLIN},
		[WAIT_PID] = {.fd = s->pid_fd, .events = POLLIN},
		[WAIT_INPUT] = {.fd = s->options->events.input ? s->options->events.input_fd : -1, .events = POLLIN},
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
		fds[WAIT_LOADING] = (struct pollfd){.fd = s->loading ? loading_fd(s->loading) : -1, .events = POLLIN};
		for (size_t i = 0; i < s->n_runtimes; i++)
			fds[WAIT_MODES + i] = (struct pollfd){.fd = mode_fd(s->runtimes[i]->mode), .events = POLLIN};
		n = poll(fds, WAIT_MODES + s->n_runtimes, wait_ms);
		if (n < 0 && errno != EINTR)
			return error_set(err, -errno, "record: failed to wait: %s", strerror(errno));
		session_loaded(s);
		if (drain(s, err))
			return err ? err->code : -EIO;
		if (has_executed(s)) {
			*reason = REC_END_EXEC;
			return 0;
		}
		if (fds[WAIT_PID].revents) {
			*reason = REC_END_EXIT;
			return 0;
		}
		if (!is_armed(s)) {
			for (size_t i = 0; i < s->n_runtimes; i++)
				mode_add_missed(&s->runtimes[i]->missed,
						"what came after the process that held the probes was killed");
			*reason = REC_END_DISARMED;
			return 0;
		}
		if (session_view(s, &go_on, err))
			return err ? err->code : -EIO;
		if (go_on && events->input && (n < 0 || fds[WAIT_INPUT].revents))
			go_on = !(fds[WAIT_INPUT].revents & (POLLHUP | POLLERR | POLLNVAL)) &&
				events->input(events->ctx);
		if (!go_on) {
			*reason = REC_END_CALLER;
			return 0;
		}
		heard = fds[WAIT_SIGNAL].revents ? hear_signal(s, &signals) : HEARD_NOTHING;
		if (heard == HEARD_STOP) {
			*reason = REC_END_SIGNAL;
			return 0;
		}
		if (heard == HEARD_CUT && session_cut(s, err))
			return err ? err->code : -EIO;
	}
}

/* What the recording of one runtime does not have. */
static void add_missed(struct runtime *r, const struct session *s)
{
	/* What a launched program loads was looked at when it came. */
	char *late = r->process && !s->watches_loading ? process_new_modules(r->process) : NULL;

	if (late)
		strbuf_addf(&r->missed, "%sloaded during the window: %s", r->missed.len ? "; " : "", late);
	free(late);
	if (s->refused.len)
		mode_add_missed(&r->missed, strbuf_str(&s->refused));
	/* Somebody else let it go on too soon. */
	if (r->was_loaded && !mode_has_begun(r->mode))
		mode_add_missed(&r->missed, "what it may have allocated before the probes were in place");
}

/* Ends the window and fills the recordings. */
static int session_finish(struct session *s, enum rec_end reason, bool complete, struct error *err)
{
	int ret = 0;

	/* Nothing counts from the first moment of detaching; perf events may take seconds to leave. */
	for (size_t i = 0; i < s->n_runtimes; i++) {
		struct runtime *r = s->runtimes[i];

		r->target.rec->header.window_seconds = since(&r->window_start);
		mode_detach(r->mode);
	}
	stop_watching(s);
	for (size_t i = 0; i < s->n_runtimes && ret == 0; i++) {
		struct runtime *r = s->runtimes[i];

		r->target.rec->header.window_complete = complete;
		add_missed(r, s);
		ret = runtime_fill(r, s, r->target.rec, MODE_PART_REST, reason, err);
	}
	return ret;
}

static void session_end(struct session *s)
{
	loading_free(s->loading);
	for (size_t i = 0; i < s->n_runtimes; i++)
		runtime_free(s->runtimes[i]);
	process_free(s->loaded);
	strbuf_release(&s->refused);
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

/*
 * Starts the program, held before its first instruction until the probes are in place, and sees it through its window.
 * bin: NULL for a host.
 */
static int run(struct session *s, const struct go_binary *bin, const char *path, char *const argv[],
	       enum rec_end *reason, struct error *err)
{
	int ret = launch_start(&s->launch, path, argv, s->loading ? SIGCONT : 0, err), spare = -1;

	clock_gettime(CLOCK_MONOTONIC, &s->start);
	if (ret == 0 && s->n_runtimes) {
		s->runtimes[0]->target.rec->header.pid = s->launch.pid;
		ret = session_arm(s, s->launch.pid, err);
	}
	if (ret == 0 && s->loading)
		ret = loading_attach(s->loading, s->launch.pid, s->launch.pid_fd, err);
	if (ret == 0 && bin)
		ret = check_same_file(bin, path, err);
	/* Kept for the program's address space, which is there only once the program is. */
	if (ret == 0) {
		spare = fcntl(s->signal_fd, F_DUPFD_CLOEXEC, 0);
		if (spare < 0)
			ret = error_set(err, -errno, "launch: failed to watch '%s': %s", path, reason_text(errno));
	}
	if (ret == 0)
		ret = check_not_interrupted(err);
	if (ret == 0)
		ret = launch_release(&s->launch, err);
	if (spare >= 0)
		close(spare);
	if (ret)
		return ret;
	s->pid_fd = s->launch.pid_fd;
	/* A host may execute another program and still be waited for: what is counted has an address space of its own.
	 */
	if (bin)
		s->launched_fd = address_space_open(s->launch.pid);
	return session_wait(s, reason, err);
}

/* The program runs to its end without us, and its status is passed on: what was measured is safe. */
static int wait_for_status(struct session *s, enum rec_end reason)
{
	int status = reason == REC_END_SIGNAL ? -1 : launch_reap(&s->launch);

	for (size_t i = 0; i < s->n_runtimes; i++)
		s->runtimes[i]->target.rec->header.exit_status = status;
	return status;
}

/* What the program may load is watched for where it asks for a way to load. */
static int watch_loading(struct session *s, const struct go_binary *bin, const char *path, struct error *err)
{
	int ret;

	if (!elf_image_imports(go_binary_image(bin), "dlopen"))
		return 0;
	ret = loading_new(&s->loading, path, s->method, err);
	if (ret != -EINVAL && ret != -ENOTSUP)
		return ret;
	/* It can be counted all the same. */
	if (err) {
		add_refused(s, err->text);
		error_release(err);
	}
	return 0;
}

int session_launch(struct recording *rec, const struct go_binary *bin, struct symbolizer *sym, const char *path,
		   char *const argv[], const struct session_options *options, struct error *err)
{
	const struct session_target target = {.rec = rec, .bin = bin, .sym = sym, .reach = options->reach};
	struct session s = {.options = options};
	enum rec_end reason;
	int ret;

	ret = check_program(rec, bin, path, err);
	if (ret)
		return ret;
	ret = session_begin(&s, err);
	if (ret == 0)
		ret = watch_loading(&s, bin, path, err);
	if (ret == 0)
		ret = session_add(&s, &target, NULL, true, err);
	if (ret == 0)
		ret = run(&s, bin, path, argv, &reason, err);
	if (ret == 0)
		ret = session_finish(&s, reason, reason == REC_END_EXIT || reason == REC_END_DURATION, err);
	if (ret == 0)
		wait_for_status(&s, reason);
	session_end(&s);
	return ret;
}

static int nothing_counted(const struct session *s, const char *path, enum rec_end reason, int status,
			   struct error *err)
{
	char *how = reason == REC_END_DURATION ? xstrdup(", which ran longer")
		    : status < 0	       ? xstrdup("")
					       : xasprintf(", which ended with status %d", status);

	if (s->refused.len)
		error_set(err, -ENOTSUP, "launch: nothing was counted of '%s'%s: %s", path, how,
			  strbuf_str(&s->refused));
	else
		error_set(err, -ENODATA,
			  "launch: no Go runtime was loaded by '%s'%s: nothing was counted; programs that it starts "
			  "are not looked at",
			  path, how);
	free(how);
	return err ? err->code : -ENODATA;
}

int session_launch_host(const char *path, char *const argv[], const struct session_options *options, int *exit_status,
			struct error *err)
{
	struct session s = {.options = options};
	enum rec_end reason;
	int ret = session_begin(&s, err);

	*exit_status = -1;
	if (ret == 0)
		ret = loading_new(&s.loading, path, s.method, err);
	if (ret == 0)
		ret = run(&s, NULL, path, argv, &reason, err);
	if (ret == 0)
		ret = session_finish(&s, reason, reason == REC_END_EXIT || reason == REC_END_DURATION, err);
	if (ret == 0) {
		*exit_status = wait_for_status(&s, reason);
		if (!s.n_runtimes)
			ret = nothing_counted(&s, path, reason, *exit_status, err);
	}
	session_end(&s);
	return ret;
}

int session_attach(struct recording *rec, const struct go_binary *bin, struct symbolizer *sym,
		   const struct process *process, const struct session_options *options, struct error *err)
{
	const struct session_target target = {.rec = rec, .bin = bin, .sym = sym, .reach = options->reach};
	struct session s = {.options = options};
	pid_t pid = process ? process_pid(process) : 0;
	enum rec_end reason;
	int ret;

	ret = session_begin(&s, err);
	if (ret == 0)
		ret = session_add(&s, &target, process, false, err);
	rec->header.pid = pid;
	if (ret == 0 && process)
		s.pid_fd = process_pid_fd(process);
	if (ret == 0)
		ret = session_arm(&s, pid, err);
	if (ret == 0)
		ret = session_wait(&s, &reason, err);
	if (ret == 0)
		ret = session_finish(&s, reason, reason != REC_END_DISARMED, err);
	session_end(&s);
	return ret;
}
