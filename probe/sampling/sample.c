/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three groups of probes, each with a gate in the kernel program: refills (hot), flushes and large objects (cold), and
 * allocation points for a millisecond now and then (exact). The controller says which stand. A window is the time
 * between opening and closing the hot gate, or between two looks while it stays open; at its end the samples are taken
 * out of the kernel's map and its length is known to the microsecond, however long probes take to come and go.
 */
#include "probe/sampling/sample.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/memory.h"
#include "base/reason.h"
#include "base/strbuf.h"
#include "bpf/sample.skel.h"
#include "probe/kernel.h"
#include "probe/programs.h"
#include "probe/sampling/controller.h"
#include "probe/sampling/heap_stats.h"
#include "probe/sampling/sample_cells.h"
#include "probe/trap.h"

#define DEFAULT_MAX_STACKS (1u << 18)
#define BATCH		   4096
#define MS_NS		   1000000u
/* An exact window ends after this much cost, or this much time. One costs the target what it costs, at once: no more
 * than a thread's time slice. */
#define EXACT_COST_NS	  (1400 * 1000u)
#define EXACT_MAX_NS	  (20 * MS_NS)
#define EXACT_LOOK_NS	  250e3 /* at least, and at most */
#define EXACT_LOOK_MAX_NS 5e6
#define EXACT_SHARE	  0.25
/* Of a core, for coming and going with the probes of exact windows: beside a program that allocates little they would
 * cost it next to nothing, and this process more than all else. */
#define EXACT_OWN_SHARE	   0.005
#define EXACT_FREE_WINDOWS 12
/* A class with this part of the bytes is half as likely to be looked at as one with nearly all. */
#define WORTH_A_LOOK   0.03
#define EXACT_FIRST_NS (2 * MS_NS)
#define BUDGET_AIM     0.96
/* The runtime's own counts are read this often: when a process ends, what it counted last is lost. */
#define STATS_NS (20 * MS_NS)
/* While probes stay, the map is emptied this often. */
#define LOOK_NS (250 * MS_NS)

struct class_list {
	struct class_totals of[SPAN_CLASSES];
};

struct sample {
	const struct go_binary *bin;
	const struct alloc_entries *entries;
	const struct sample_points *points;
	struct sample_options options;
	struct sample_bpf *skel;
	struct ring_buffer *ring;
	struct sample_cells *cells;
	struct controller controller;
	struct attachment *hot, *flush, *large, *edges;
	pid_t pid;
	bool attached;
	int epoll_fd, timer_fd;
	uint64_t due; /* when the controller is asked again */
	double trap_ns;
	bool trap_measured;

	uint64_t exited_ns;    /* when the program ended, if it did so by itself */
	uint64_t begun, ended; /* of the whole window; ns of CLOCK_MONOTONIC */
	uint64_t hot_since;    /* 0 while the gate is closed */
	uint64_t cold_since, cold_ns;
	uint64_t hot_ns;
	uint64_t windows, exact_windows, exact_objects;
	uint64_t exact_not_before;			    /* the next window, for this process's own sake */
	uint64_t cut_spent[GROUP_MAX], cut_hits[GROUP_MAX]; /* at the last cut */
	struct rusage own_before;
	struct class_list seen, cut_seen; /* totals already told the estimator; those at the last cut */

	/* What the runtime counts itself. */
	struct heap_stats_place stats_place;
	struct heap_stats first_stats, last_stats;
	uint64_t first_stats_ns, last_stats_ns; /* 0: not read yet */
	uint64_t bias;
	bool has_bias;
	double seen_share; /* of the bytes that the runtime counted, what the windows saw */
	uint64_t counters_before[SAMPLE_COUNTER_MAX];
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void sleep_ns(uint64_t ns)
{
	const struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};

	nanosleep(&t, NULL);
}

static int on_stack(void *ctx, void *data, size_t size)
{
	const struct stack_record *record = data;
	struct sample *s = ctx;

	if (!s->has_bias && stack_record_is_whole(record, size)) {
		s->bias = record->bias;
		s->has_bias = true;
	}
	sample_cells_add_stack(s->cells, data, size);
	return 0;
}

/* ---- loading ---- */

static int make_descriptors(struct sample *s, struct error *err)
{
	struct epoll_event event = {.events = EPOLLIN};

	s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->timer_fd < 0 || s->epoll_fd < 0 || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->timer_fd, &event) ||
	    epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, ring_buffer__epoll_fd(s->ring), &event))
		return error_set(err, -errno, "probe: failed to make a timer: %s", reason_text(errno));
	return 0;
}

int sample_new(struct sample **out, const struct go_binary *bin, const struct alloc_entries *entries,
	       const struct sample_points *points, const struct sample_options *options, struct error *err)
{
	struct sample *s = xcalloc(1, sizeof(*s));
	struct sample_settings settings;
	int ret;

	*out = NULL;
	s->bin = bin;
	s->entries = entries;
	s->points = points;
	s->options = *options;
	s->epoll_fd = s->timer_fd = -1;
	if (s->options.budget <= 0)
		s->options.budget = SAMPLE_BUDGET_DEFAULT;
	if (!s->options.seed)
		s->options.seed = now_ns();
	s->cells =
		sample_cells_new(bin, entries, points, options->max_stacks ? options->max_stacks : DEFAULT_MAX_STACKS);
	heap_stats_find(&s->stats_place, bin);
	sample_settings_init(&settings, bin, entries, points, options);
	settings.heap_stats = s->stats_place.address;
	ret = sample_programs_load(&s->skel, &settings, err);
	if (ret)
		goto fail;
	s->ring = ring_buffer__new(bpf_map__fd(s->skel->maps.stacks), on_stack, s, NULL);
	if (!s->ring) {
		ret = error_set(err, -errno, "probe: failed to map the stack ring: %s", reason_text(errno));
		goto fail;
	}
	ret = make_descriptors(s, err);
	if (ret)
		goto fail;
	s->trap_ns = trap_cost_ns(options->method, s->skel->progs.on_nothing, &s->trap_measured);
	*out = s;
	return 0;
fail:
	sample_free(s);
	return ret;
}

void sample_free(struct sample *s)
{
	if (!s)
		return;
	sample_detach(s);
	if (s->timer_fd >= 0)
		close(s->timer_fd);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	ring_buffer__free(s->ring);
	sample_bpf__destroy(s->skel);
	sample_cells_free(s->cells);
	free(s);
}

/* ---- costs ---- */

static int read_costs(struct sample *s, uint64_t spent[GROUP_MAX], uint64_t hits[GROUP_MAX], struct error *err)
{
	struct probe_cost costs[GROUP_MAX];
	int ret = kernel_sum_cpus(bpf_map__fd(s->skel->maps.costs), GROUP_MAX, sizeof(costs[0]) / sizeof(uint64_t),
				  (uint64_t *)costs, err);

	if (ret)
		return ret;
	for (int i = 0; i < GROUP_MAX; i++) {
		spent[i] = costs[i].ns + (uint64_t)((double)costs[i].hits * s->trap_ns);
		if (hits)
			hits[i] = costs[i].hits;
	}
	return 0;
}

/* ---- probes ---- */

static int attach(struct sample *s, struct attachment **out, struct bpf_program *program,
		  const struct sample_point *points, size_t n, struct error *err)
{
	elf_offset offsets[SAMPLE_POINTS_MAX];
	uint64_t cookies[SAMPLE_POINTS_MAX];

	for (size_t i = 0; i < n; i++) {
		offsets[i] = points[i].offset;
		cookies[i] = points[i].cookie;
	}
	return n ? attachment_new(out, s->options.method, program, s->skel->maps.counters,
				  elf_image_fd(go_binary_image(s->bin)), s->pid, offsets, cookies, n, err)
		 : 0;
}

/* Where processes begin and end: of one, its beginning ends the window. */
static int attach_edges(struct sample *s, struct error *err)
{
	elf_offset offsets[2];
	uint64_t cookies[2];
	elf_vaddr vaddr;
	size_t n = 0;

	if (kernel_start_offset(s->bin, &offsets[n]))
		cookies[n++] = s->pid ? COOKIE_IS_START : (uint64_t)POINT_BEGIN << COOKIE_KIND_SHIFT;
	if (kernel_exit_offset(s->bin, &offsets[n], &vaddr))
		cookies[n++] = vaddr | (uint64_t)POINT_END << COOKIE_KIND_SHIFT;
	return n ? attachment_new(&s->edges, s->options.method, s->skel->progs.on_point, s->skel->maps.counters,
				  elf_image_fd(go_binary_image(s->bin)), s->pid, offsets, cookies, n, err)
		 : 0;
}

static void set_gate(struct sample *s, enum probe_group group, bool is_open)
{
	*(volatile uint32_t *)&s->skel->bss->open[group] = is_open;
}

static int add_samples(struct sample *s, int fd, bool is_exact, struct error *err)
{
	struct sample_key *keys = xcalloc(BATCH, sizeof(*keys));
	struct sample_value *values = xcalloc(BATCH, sizeof(*values));
	uint64_t position = 0;
	void *in = NULL;
	uint32_t n;
	int ret;

	do {
		n = BATCH;
		ret = bpf_map_lookup_and_delete_batch(fd, in, &position, keys, values, &n, NULL);
		for (uint32_t i = 0; (ret == 0 || ret == -ENOENT) && i < n; i++) {
			sample_cells_add(s->cells, &keys[i], &values[i], is_exact);
			if (is_exact)
				s->exact_objects += values[i].slots;
		}
		in = &position;
	} while (ret == 0);
	free(keys);
	free(values);
	return ret == -ENOENT ? 0 : error_set(err, ret, "probe: failed to read the samples: %s", reason_text(ret));
}

static int add_totals(struct sample *s, struct error *err)
{
	struct class_list *now = xmalloc(sizeof(*now));
	int ret = kernel_sum_cpus(bpf_map__fd(s->skel->maps.classes), SPAN_CLASSES,
				  sizeof(struct class_totals) / sizeof(uint64_t), (uint64_t *)now->of, err);

	for (uint32_t i = 0; ret == 0 && i < SPAN_CLASSES; i++) {
		const struct class_totals *a = &s->seen.of[i], *b = &now->of[i];
		struct class_totals d = {
			.samples = b->samples - a->samples,
			.slots = b->slots - a->slots,
			.slots_squared = b->slots_squared - a->slots_squared,
			.tiny = b->tiny - a->tiny,
			.dropped = b->dropped - a->dropped,
			.dropped_tiny = b->dropped_tiny - a->dropped_tiny,
			.left = b->left - a->left,
			.left_tiny = b->left_tiny - a->left_tiny,
		};

		estimator_add_totals(sample_cells_estimator(s->cells), i, &d);
	}
	if (ret == 0)
		s->seen = *now;
	free(now);
	return ret;
}

/* Ends the window that is open and, unless the gate was closed, begins the next. */
static int look(struct sample *s, struct error *err)
{
	volatile uint32_t *side = &s->skel->bss->side;
	uint64_t now = s->ended ? s->ended : now_ns();
	int ret, fd = bpf_map__fd(*side ? s->skel->maps.samples_b : s->skel->maps.samples_a);
	double seconds = (double)(now - s->hot_since) / 1e9;

	s->hot_ns += now - s->hot_since;
	s->hot_since = now;
	*side = !*side;
	/* Programs on other CPUs may still write to the old side: for microseconds, not for this long. */
	sleep_ns(MS_NS / 2);
	ret = ring_buffer__consume(s->ring);
	if (ret < 0)
		return error_set(err, ret, "probe: failed to read the stack ring: %s", reason_text(ret));
	sample_cells_retry(s->cells, false);
	ret = add_samples(s, fd, false, err);
	if (ret == 0)
		ret = add_totals(s, err);
	estimator_close_window(sample_cells_estimator(s->cells), seconds);
	s->windows++;
	return ret;
}

static int open_hot(struct sample *s, struct error *err)
{
	int ret = attach(s, &s->hot, s->skel->progs.on_point, s->points->refill, s->points->n_refill, err);

	if (ret == 0) {
		set_gate(s, GROUP_HOT, true);
		s->hot_since = now_ns();
	}
	return ret;
}

static int close_hot(struct sample *s, struct error *err)
{
	int ret = 0;

	if (!s->hot_since)
		return 0;
	set_gate(s, GROUP_HOT, false);
	ret = look(s, err);
	s->hot_since = 0;
	attachment_free(s->hot);
	s->hot = NULL;
	return ret;
}

static int open_cold(struct sample *s, struct error *err)
{
	int ret = attach(s, &s->flush, s->skel->progs.on_point, s->points->flush, s->points->n_flush, err);

	if (ret == 0)
		ret = attach(s, &s->large, s->skel->progs.on_point, s->points->large, s->points->n_large, err);
	if (ret == 0) {
		set_gate(s, GROUP_COLD, true);
		s->cold_since = now_ns();
	}
	return ret;
}

static void close_cold(struct sample *s)
{
	if (!s->cold_since)
		return;
	set_gate(s, GROUP_COLD, false);
	s->cold_ns += (s->ended ? s->ended : now_ns()) - s->cold_since;
	s->cold_since = 0;
	attachment_free(s->flush);
	attachment_free(s->large);
	s->flush = s->large = NULL;
}

/* ---- the runtime's own counts ---- */

/* Often, and never far apart: nobody says when a process is about to end. */
static void read_stats(struct sample *s)
{
	struct heap_stats now;

	/* Only once it is known where the program is. One that was launched shows itself by a stack: before, the
	 * process may be on its way to it. */
	if (!s->pid || !s->has_bias || sample_has_ended(s) || !heap_stats_read(&s->stats_place, s->pid, s->bias, &now))
		return;
	if (!s->first_stats_ns) {
		s->first_stats_ns = s->options.is_launch ? s->begun : now_ns();
		if (!s->options.is_launch)
			s->first_stats = now;
	}
	s->last_stats = now;
	s->last_stats_ns = now_ns();
}

/* A program that ended by itself left its last word. */
static void read_final_stats(struct sample *s)
{
	struct final_stats final;
	const uint32_t zero = 0;

	if (!s->pid || bpf_map_lookup_elem(bpf_map__fd(s->skel->maps.final_map), &zero, &final) || !final.at_ns ||
	    final.at_ns <= s->last_stats_ns)
		return;
	heap_stats_sum(&s->stats_place, (const uint64_t *) final.words, &s->last_stats);
	s->last_stats_ns = final.at_ns;
	s->exited_ns = final.at_ns;
	if (!s->first_stats_ns && s->options.is_launch)
		s->first_stats_ns = s->begun;
}

/* Slots of spans that went half used with the program: the runtime counts a span's when it is done with it. */
static void add_left(const struct sample *s, struct heap_stats *out)
{
	for (uint32_t i = 2; i < SPAN_CLASSES; i++)
		out->small[i >> 1] += s->seen.of[i].left - s->cut_seen.of[i].left;
	out->tiny += s->seen.of[SPAN_CLASS_TINY].left_tiny - s->cut_seen.of[SPAN_CLASS_TINY].left_tiny;
}

/*
 * What it counted since the window began, and how far off that may be, relatively. False if that is not known, or
 * contradicts what the probes saw. The ends of the window outside of the first and the last reading are taken to be
 * like the rest; a process that is gone ended somewhere between the last reading and now.
 */
static bool stats_of_window(struct sample *s, uint64_t end, struct heap_stats *out, double *error)
{
	double factor, seen = 0, counted = 0;
	bool is_gone = end > s->last_stats_ns + MS_NS;
	uint64_t until = is_gone ? end - (end - s->last_stats_ns) / 2 : end;

	if (s->last_stats_ns <= s->first_stats_ns)
		return false;
	factor = (double)(until - s->begun) / (double)(s->last_stats_ns - s->first_stats_ns);
	if (factor > 2)
		return false;
	*error = fabs(factor - 1);
#define GROWN(field) (uint64_t)((double)(s->last_stats.field - s->first_stats.field) * factor)
	out->tiny = GROWN(tiny);
	out->large = GROWN(large);
	out->large_bytes = GROWN(large_bytes);
	for (uint32_t i = 0; i < SIZE_CLASSES; i++) {
		out->small[i] = GROWN(small[i]);
		counted += (double)out->small[i] * size_class_bytes[i];
	}
#undef GROWN
	for (uint32_t i = 2; i < SPAN_CLASSES; i++)
		seen += (double)(s->seen.of[i].slots + s->seen.of[i].dropped - s->cut_seen.of[i].slots -
				 s->cut_seen.of[i].dropped) *
			size_class_bytes[i >> 1];
	s->seen_share = counted > 0 ? seen / counted : 0;
	add_left(s, out);
	return counted >= 0.95 * seen - (1 << 20);
}

/* ---- exact windows ---- */

/* A class at random: those that several stacks share and that were not looked at yet come first, as long as they have
 * bytes worth speaking of. */
static uint32_t choose_class(struct sample *s)
{
	double bytes[SPAN_CLASSES] = {0}, weights[SPAN_CLASSES], all = 0, sum = 0;

	for (uint32_t i = 2; i < SPAN_CLASSES; i++) {
		bytes[i] = (double)(s->seen.of[i].slots + s->seen.of[i].dropped) * size_class_bytes[i >> 1];
		all += bytes[i];
	}
	estimator_doubts(sample_cells_estimator(s->cells), weights);
	for (uint32_t i = 2; i < SPAN_CLASSES; i++) {
		weights[i] *= bytes[i] > 0 ? bytes[i] / (bytes[i] + WORTH_A_LOOK * all) : 0;
		sum += weights[i];
	}
	s->options.seed = s->options.seed * 6364136223846793005u + 1442695040888963407u;
	sum *= (double)(s->options.seed >> 11) / 9007199254740992.0;
	for (uint32_t i = 2; i < SPAN_CLASSES; i++) {
		sum -= weights[i];
		if (weights[i] > 0 && sum <= 0)
			return i;
	}
	return 0;
}

/*
 * While an exact window stands every object costs a trap, and it ends when this thread gets to end it: with two threads
 * waiting for each processor that may be ten times as late as wanted. So for these milliseconds, nearly all of them
 * asleep, this thread goes before ordinary ones, where that is permitted, and so does the process that holds the
 * probes, which it makes meanwhile: taking breakpoints out of a busy program late used to cost it more than the window.
 */
static bool hurry(void)
{
	const struct sched_param first = {.sched_priority = 1};

	return sched_getscheduler(0) == SCHED_OTHER && sched_setscheduler(0, SCHED_RR, &first) == 0;
}

static void calm_down(bool hurried)
{
	const struct sched_param ordinary = {.sched_priority = 0};

	if (hurried)
		sched_setscheduler(0, SCHED_OTHER, &ordinary);
}

static int attach_exact(struct sample *s, const bool *flags, struct attachment **out, struct error *err)
{
	elf_offset *offsets = xcalloc(s->entries->n, sizeof(*offsets));
	uint64_t *cookies = xcalloc(s->entries->n, sizeof(*cookies));
	size_t n = 0;
	int ret;

	for (size_t i = 0; i < s->entries->n; i++) {
		const struct alloc_entry *entry = &s->entries->items[i];

		if (!flags[i])
			continue;
		offsets[n] = entry->offset;
		cookies[n++] = (entry->point.vaddr & COOKIE_VADDR_MASK) | (uint64_t)POINT_EXACT << COOKIE_KIND_SHIFT |
			       (entry->point.class == POINT_JCC ? COOKIE_POINT_IS_JCC : 0) |
			       (entry->is_partial ? COOKIE_IS_PARTIAL : 0);
	}
	ret = attachment_new(out, s->options.method, s->skel->progs.on_point, s->skel->maps.counters,
			     elf_image_fd(go_binary_image(s->bin)), s->pid, offsets, cookies, n, err);
	free(offsets);
	free(cookies);
	return ret;
}

/* How long to sleep where so much was spent in so much time: half of what seems to be left. */
static uint64_t until_look(uint64_t spent, uint64_t elapsed)
{
	double left = spent ? (double)elapsed * ((double)EXACT_COST_NS / (double)spent - 1) / 2 : 0;

	return (uint64_t)fmin(EXACT_LOOK_MAX_NS, fmax(EXACT_LOOK_NS, left));
}

/* Processor time of this process and of those that held its probes. */
static uint64_t own_ns(void)
{
	const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
	uint64_t us = 0;

	for (size_t i = 0; i < ARRAY_SIZE(whose); i++) {
		struct rusage r;

		if (getrusage(whose[i], &r) == 0)
			us += (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000u +
			      (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
	}
	return us * 1000;
}

/*
 * Counts every object of one class, and of those that come the same way, for about a millisecond of probe time: in that
 * order they were made in, which is what refills cannot see.
 */
static int exact_window(struct sample *s, struct error *err)
{
	uint32_t class = choose_class(s);
	uint64_t own_before = own_ns();
	bool *flags = xcalloc(s->entries->n, sizeof(*flags)), covered[SPAN_CLASSES];
	uint64_t spent[GROUP_MAX], before, begun;
	struct attachment *attachment = NULL;
	bool hurried = false;
	int ret = 0;

	if (!class || !sample_cells_entries(s->cells, class, flags))
		goto out;
	/* Where entries are told apart by who called them, all must be there. */
	for (size_t i = 0; i < s->entries->n && s->entries->dispatcher_start; i++)
		flags[i] = true;
	sample_cells_covered(s->cells, flags, covered);
	ret = read_costs(s, spent, NULL, err);
	if (ret == 0) {
		hurried = hurry();
		ret = attach_exact(s, flags, &attachment, err);
	}
	if (ret)
		goto out;
	before = spent[GROUP_EXACT];
	begun = now_ns();
	set_gate(s, GROUP_EXACT, true);
	do {
		sleep_ns(until_look(spent[GROUP_EXACT] - before, now_ns() - begun));
		ret = read_costs(s, spent, NULL, err);
	} while (ret == 0 && spent[GROUP_EXACT] - before < EXACT_COST_NS && now_ns() - begun < EXACT_MAX_NS);
	set_gate(s, GROUP_EXACT, false);
	attachment_free(attachment);
	calm_down(hurried);
	hurried = false;
	if (ring_buffer__consume(s->ring) >= 0 && ret == 0)
		ret = add_samples(s, bpf_map__fd(s->skel->maps.exact), true, err);
	estimator_close_exact(sample_cells_estimator(s->cells), covered);
	s->exact_windows++;
	s->exact_not_before = now_ns() + (uint64_t)((double)(own_ns() - own_before) / EXACT_OWN_SHARE);
out:
	calm_down(hurried);
	free(flags);
	return ret;
}

/* The first windows are what tells whether the program is in step with its refills: they are not put off. */
static bool may_look(const struct sample *s)
{
	return s->exact_windows < EXACT_FREE_WINDOWS || now_ns() >= s->exact_not_before;
}

/* ---- the controller's hands ---- */

static void set_timer(struct sample *s)
{
	uint64_t now = now_ns(), ns = s->due > now ? s->due - now : 1;
	struct itimerspec t;

	ns = ns < STATS_NS ? ns : STATS_NS;
	t = (struct itimerspec){.it_value = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)}};
	timerfd_settime(s->timer_fd, 0, &t, NULL);
}

static int apply(struct sample *s, const struct controller_plan *plan, struct error *err)
{
	uint64_t spent[GROUP_MAX];
	int ret = 0;

	if (!plan->hot)
		ret = close_hot(s, err);
	if (!plan->cold)
		close_cold(s);
	if (ret == 0 && plan->exact && !s->options.without_exact && may_look(s))
		ret = exact_window(s, err);
	if (ret == 0 && plan->cold && !s->cold_since)
		ret = open_cold(s, err);
	if (ret == 0 && plan->hot && !s->hot_since)
		ret = open_hot(s, err);
	else if (ret == 0 && plan->hot && now_ns() - s->hot_since > LOOK_NS)
		ret = look(s, err);
	if (ret == 0)
		ret = read_costs(s, spent, NULL, err);
	if (ret)
		return ret;
	controller_resume(&s->controller, now_ns(), spent);
	s->due = now_ns() + plan->duration_ns;
	set_timer(s);
	read_stats(s);
	return 0;
}

void sample_set_bias(struct sample *s, uint64_t bias)
{
	s->bias = bias;
	s->has_bias = true;
}

int sample_attach(struct sample *s, pid_t pid, struct error *err)
{
	struct controller_options options = {
		/* The last windows are known to have cost too much only when they are over. */
		.budget = s->options.budget * BUDGET_AIM,
		.exact_share = s->options.without_exact ? 0 : EXACT_SHARE,
		/* Many probes take their time to leave. */
		.exact_cost = EXACT_FIRST_NS * (s->entries->dispatcher_start ? 5 : 1),
		.seed = s->options.seed,
	};
	struct controller_plan plan;
	int ret;

	s->pid = pid;
	getrusage(RUSAGE_SELF, &s->own_before);
	s->attached = true;
	plan = controller_init(&s->controller, &options, now_ns());
	ret = attach_edges(s, err);
	if (ret == 0)
		ret = apply(s, &plan, err);
	ring_buffer__consume(s->ring);
	/* The window begins when all probes stand. */
	s->begun = now_ns();
	if (s->hot_since)
		s->hot_since = s->begun;
	if (s->cold_since)
		s->cold_since = s->begun;
	read_stats(s);
	return ret;
}

int sample_fd(const struct sample *s)
{
	return s->epoll_fd;
}

int sample_drain(struct sample *s, struct error *err)
{
	struct controller_plan plan;
	uint64_t spent[GROUP_MAX], expirations;
	int ret = ring_buffer__consume(s->ring);

	if (ret < 0)
		return error_set(err, ret, "probe: failed to read the stack ring: %s", reason_text(ret));
	if (!s->attached)
		return 0;
	read_stats(s);
	if (read(s->timer_fd, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
		return error_set(err, -errno, "probe: failed to read the timer: %s", reason_text(errno));
	if (now_ns() < s->due) {
		set_timer(s);
		return 0;
	}
	ret = read_costs(s, spent, NULL, err);
	if (ret)
		return ret;
	plan = controller_next(&s->controller, now_ns(), spent);
	return apply(s, &plan, err);
}

bool sample_has_ended(const struct sample *s)
{
	return __atomic_load_n(&s->skel->bss->starts, __ATOMIC_RELAXED) > s->options.is_launch;
}

bool sample_is_armed(const struct sample *s)
{
	const struct attachment *all[] = {s->hot, s->flush, s->large, s->edges};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i] && !attachment_is_live(all[i]))
			return false;
	}
	return s->attached;
}

void sample_detach(struct sample *s)
{
	if (!s->attached)
		return;
	set_gate(s, GROUP_HOT, false);
	set_gate(s, GROUP_COLD, false);
	s->ended = now_ns();
	read_stats(s);
	read_final_stats(s);
	close_hot(s, NULL);
	close_cold(s);
	/* What failed to come up leaves too. */
	attachment_free(s->hot);
	attachment_free(s->flush);
	attachment_free(s->large);
	attachment_free(s->edges);
	s->hot = s->flush = s->large = s->edges = NULL;
	s->attached = false;
}

/* ---- results ---- */

static double cpu_seconds(const struct rusage *a, const struct rusage *b)
{
	return (double)(b->ru_utime.tv_sec - a->ru_utime.tv_sec + b->ru_stime.tv_sec - a->ru_stime.tv_sec) +
	       (double)(b->ru_utime.tv_usec - a->ru_utime.tv_usec + b->ru_stime.tv_usec - a->ru_stime.tv_usec) / 1e6;
}

static void add_number(struct recording *rec, const char *key, int decimals, double value)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*f", decimals, value);
	recording_add_extra(rec, strpool_add(rec->pool, key), strpool_add(rec->pool, text));
}

/* How the sampling went: figures for reports, and for those who want to check. */
static int add_figures(struct sample *s, double seconds, uint64_t cold_ns, struct recording *rec, struct error *err)
{
	uint64_t spent[GROUP_MAX], hits[GROUP_MAX], all_hits = 0, all_spent = 0;
	double slots[SPAN_CLASSES], unattributed;
	struct strbuf classes = STRBUF_INIT;
	struct rusage own;
	int ret = read_costs(s, spent, hits, err);

	if (ret)
		return ret;
	for (int i = 0; i < GROUP_MAX; i++) {
		all_hits += hits[i] - s->cut_hits[i];
		all_spent += spent[i] - s->cut_spent[i];
	}
	getrusage(RUSAGE_SELF, &own);
	sample_cells_totals(s->cells, slots, &unattributed);
	for (uint32_t i = 2; i < SPAN_CLASSES; i++) {
		if (slots[i] >= 0.5)
			strbuf_addf(&classes, "%s%u%s:%.0f", classes.len ? "," : "", size_class_bytes[i >> 1],
				    i & 1 ? "n" : "", slots[i]);
	}
	add_number(rec, "sample_duty_pct", 2, seconds > 0 ? 100 * (double)s->hot_ns / 1e9 / seconds : 0);
	add_number(rec, "sample_cold_duty_pct", 2, seconds > 0 ? 100 * (double)cold_ns / 1e9 / seconds : 0);
	if (s->seen_share > 0)
		add_number(rec, "sample_seen_pct", 2, 100 * s->seen_share);
	add_number(rec, "sample_windows", 0, (double)s->windows);
	add_number(rec, "sample_exact_windows", 0, (double)s->exact_windows);
	add_number(rec, "sample_exact_objects", 0, (double)s->exact_objects);
	add_number(rec, "sample_hits", 0, (double)all_hits);
	add_number(rec, s->trap_measured ? "sample_trap_ns" : "sample_trap_ns_assumed", 0, s->trap_ns);
	add_number(rec, "sample_hit_ns", 0, all_hits ? (double)all_spent / (double)all_hits : 0);
	add_number(rec, "overhead_pct", 3, seconds > 0 ? 100 * (double)all_spent / 1e9 / seconds : 0);
	add_number(rec, "overhead_max_pct", 2, 100 * s->options.budget);
	add_number(rec, "own_cpu_pct", 2, seconds > 0 ? 100 * cpu_seconds(&s->own_before, &own) / seconds : 0);
	add_number(rec, "sample_unattributed_bytes", 0, unattributed);
	recording_add_extra(rec, "size_classes", strpool_add(rec->pool, strbuf_str(&classes)));
	strbuf_release(&classes);
	return 0;
}

static int add_losses(struct sample *s, struct recording *rec, struct error *err)
{
	uint64_t counters[SAMPLE_COUNTER_MAX], since[SAMPLE_COUNTER_MAX];
	int ret = kernel_sum_cpus(bpf_map__fd(s->skel->maps.counters), SAMPLE_COUNTER_MAX, 1, counters, err);

	if (ret)
		return ret;
	for (int i = 0; i < SAMPLE_COUNTER_MAX; i++)
		since[i] = counters[i] - s->counters_before[i];
	kernel_add_losses(rec, since);
	recording_add_loss(rec, "spans not as known", since[SAMPLE_COUNTER_LOST_SPAN]);
	recording_add_loss(rec, "processes that ended with spans nobody saw", since[SAMPLE_COUNTER_LOST_END]);
	add_number(rec, "sample_slot_mismatches", 0, (double)since[SAMPLE_COUNTER_SLOT_MISMATCH]);
	return 0;
}

int sample_read(struct sample *s, struct sample_result *out, struct recording *rec, struct error *err)
{
	uint64_t now = s->attached ? now_ns() : s->exited_ns ? s->exited_ns : s->ended;
	uint64_t cold_ns = s->cold_ns + (s->cold_since ? now - s->cold_since : 0);
	struct estimator_span span = {.seconds = (double)(now - s->begun) / 1e9, .cold_seconds = (double)cold_ns / 1e9};
	struct heap_stats used;
	int ret = 0;

	if (s->attached)
		read_stats(s);

	if (s->hot_since)
		ret = look(s, err);
	else
		ret = add_totals(s, err); /* flushes and large objects since the last window */
	if (ret)
		return ret;
	ring_buffer__consume(s->ring);
	sample_cells_retry(s->cells, true);
	*out = (struct sample_result){
		.seconds = span.seconds,
		.points = s->points->n_refill + s->points->n_flush + s->points->n_large,
	};
	span.used = stats_of_window(s, now, &used, &span.used_error) ? &used : NULL;
	sample_cells_rows(s->cells, &span, rec, &out->raw);
	recording_add_extra(rec, "sample_totals", span.used ? "counted by the runtime" : "scaled by time");
	for (size_t i = 0; i < out->raw.n_observations; i++)
		out->samples += out->raw.observations[i].samples;
	ret = add_figures(s, span.seconds, cold_ns, rec, err);
	return ret ? ret : add_losses(s, rec, err);
}

int sample_cut(struct sample *s, struct sample_result *out, struct recording *rec, struct error *err)
{
	int ret = sample_read(s, out, rec, err);

	if (ret == 0)
		ret = read_costs(s, s->cut_spent, s->cut_hits, err);
	if (ret == 0)
		ret = kernel_sum_cpus(bpf_map__fd(s->skel->maps.counters), SAMPLE_COUNTER_MAX, 1, s->counters_before,
				      err);
	if (ret)
		return ret;
	sample_cells_reset(s->cells);
	s->begun = now_ns();
	s->cold_ns = s->hot_ns = 0;
	s->windows = s->exact_windows = s->exact_objects = 0;
	s->cold_since = s->cold_since ? s->begun : 0;
	s->cut_seen = s->seen;
	s->first_stats = s->last_stats;
	s->first_stats_ns = s->last_stats_ns;
	getrusage(RUSAGE_SELF, &s->own_before);
	return 0;
}
