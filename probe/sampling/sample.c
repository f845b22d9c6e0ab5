/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three groups of probes, each with a gate in the kernel program: refills (hot), flushes and large objects (cold), and
 * allocation points for a millisecond now and then (exact). The controller says which stand.
 */
#include "probe/sampling/sample_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/memory.h"
#include "base/reason.h"
#include "bpf/sample.skel.h"
#include "probe/kernel.h"
#include "probe/programs.h"
#include "probe/stack_ring.h"
#include "probe/trap.h"

#define DEFAULT_MAX_STACKS (1u << 18)
#define EXACT_SHARE	   0.25
#define EXACT_FIRST_NS	   (2 * MS_NS)
#define BUDGET_AIM	   0.96
/* The runtime's own counts are read this often: when a process ends, what it counted last is lost. */
#define STATS_NS (20 * MS_NS)
/* While probes stay, the map is emptied this often. */
#define LOOK_NS (250 * MS_NS)

static void on_stack(void *ctx, const void *data, size_t size)
{
	const struct stack_record *record = data;
	struct sample *s = ctx;

	if (c_stacks_take_copy(s->c_stacks, data, size)) {
		c_stacks_tell_first(s->c_stacks, &s->skel->data->c_code);
		return;
	}
	if (!stack_record_is_whole(record, size))
		return;
	if (!s->has_bias) {
		s->bias = record->bias;
		s->has_bias = true;
	}
	sample_cells_add_stack(s->cells, s->c_stacks, record);
}

/* ---- loading ---- */

static int make_descriptors(struct sample *s, struct error *err)
{
	struct epoll_event event = {.events = EPOLLIN};

	s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->timer_fd < 0 || s->epoll_fd < 0 || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->timer_fd, &event) ||
	    epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, stack_ring_fd(s->ring), &event))
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
		s->options.seed = clock_now_ns();
	s->cells =
		sample_cells_new(bin, entries, points, options->max_stacks ? options->max_stacks : DEFAULT_MAX_STACKS);
	s->c_stacks = c_stacks_new(bin);
	heap_stats_find(&s->stats_place, bin);
	sample_settings_init(&settings, bin, entries, points, options);
	settings.heap_stats = s->stats_place.address;
	ret = sample_programs_load(&s->skel, &settings, err);
	if (ret)
		goto fail;
	ret = stack_ring_new(&s->ring, bpf_map__fd(s->skel->maps.stacks), on_stack, s, err);
	if (ret)
		goto fail;
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
	stack_ring_free(s->ring);
	sample_bpf__destroy(s->skel);
	sample_cells_free(s->cells);
	c_stacks_free(s->c_stacks);
	free(s);
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

/* ---- the controller's hands ---- */

static void set_timer(struct sample *s)
{
	uint64_t now = clock_now_ns(), ns = s->due > now ? s->due - now : 1;
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
		ret = sample_close_hot(s, err);
	if (!plan->cold)
		sample_close_cold(s);
	if (ret == 0 && plan->exact && !s->options.without_exact && sample_may_look_exact(s))
		ret = sample_exact_window(s, err);
	if (ret == 0 && plan->cold && !s->cold_since)
		ret = sample_open_cold(s, err);
	if (ret == 0 && plan->hot && !s->hot_since)
		ret = sample_open_hot(s, err);
	else if (ret == 0 && plan->hot && clock_now_ns() - s->hot_since > LOOK_NS)
		ret = sample_look(s, err);
	if (ret == 0)
		ret = sample_read_costs(s, spent, NULL, err);
	if (ret)
		return ret;
	controller_resume(&s->controller, clock_now_ns(), spent);
	s->due = clock_now_ns() + plan->duration_ns;
	set_timer(s);
	sample_read_stats(s);
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
	c_stacks_watch(s->c_stacks, pid, s->options.is_launch);
	c_stacks_refresh(s->c_stacks, &s->skel->data->c_code);
	getrusage(RUSAGE_SELF, &s->own_before);
	s->attached = true;
	plan = controller_init(&s->controller, &options, clock_now_ns());
	ret = attach_edges(s, err);
	if (ret == 0)
		ret = apply(s, &plan, err);
	if (ret == 0)
		ret = stack_ring_drain(s->ring, err);
	/* The window begins when all probes stand. */
	s->begun = clock_now_ns();
	if (s->hot_since)
		s->hot_since = s->begun;
	if (s->cold_since)
		s->cold_since = s->begun;
	sample_read_stats(s);
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
	int ret = stack_ring_drain_some(s->ring, err);

	if (ret)
		return ret;
	c_stacks_refresh(s->c_stacks, &s->skel->data->c_code);
	if (!s->attached)
		return 0;
	sample_read_stats(s);
	if (read(s->timer_fd, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
		return error_set(err, -errno, "probe: failed to read the timer: %s", reason_text(errno));
	if (clock_now_ns() < s->due) {
		set_timer(s);
		return 0;
	}
	ret = sample_read_costs(s, spent, NULL, err);
	if (ret)
		return ret;
	plan = controller_next(&s->controller, clock_now_ns(), spent);
	return apply(s, &plan, err);
}

bool sample_has_begun(const struct sample *s)
{
	return __atomic_load_n(&s->skel->bss->starts, __ATOMIC_RELAXED) > 0;
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
	sample_set_gate(s, GROUP_HOT, false);
	sample_set_gate(s, GROUP_COLD, false);
	s->ended = clock_now_ns();
	sample_read_stats(s);
	sample_read_final_stats(s);
	sample_close_hot(s, NULL);
	sample_close_cold(s);
	/* What failed to come up leaves too. */
	attachment_free(s->hot);
	attachment_free(s->flush);
	attachment_free(s->large);
	attachment_free(s->edges);
	s->hot = s->flush = s->large = s->edges = NULL;
	s->attached = false;
}
