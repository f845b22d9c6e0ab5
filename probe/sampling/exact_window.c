/* SPDX-License-Identifier: Apache-2.0 */
/* Windows in which allocation points are probed for some milliseconds: order and sharing that refills do not show. */
#include "probe/sampling/sample_internal.h"

#include <math.h>
#include <sched.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/memory.h"
#include "bpf/sample.skel.h"
#include "probe/stack_ring.h"

/* An exact window ends after this much cost, or this much time. One costs the target what it costs, at once: no more
 * than a thread's time slice. */
#define EXACT_COST_NS	  (1400 * 1000u)
#define EXACT_MAX_NS	  (20 * MS_NS)
#define EXACT_LOOK_NS	  250e3 /* at least, and at most */
#define EXACT_LOOK_MAX_NS 5e6
/* The share of a core for coming and going with the probes of exact windows: beside a program that allocates little
 * they would cost it next to nothing, and this process more than all else. */
#define EXACT_OWN_SHARE	   0.005
#define EXACT_FREE_WINDOWS 12
/* A class with this part of the bytes is half as likely to be looked at as one with nearly all. */
#define WORTH_A_LOOK 0.03

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

int sample_exact_window(struct sample *s, struct error *err)
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
	ret = sample_read_costs(s, spent, NULL, err);
	if (ret == 0) {
		hurried = hurry();
		ret = attach_exact(s, flags, &attachment, err);
	}
	if (ret)
		goto out;
	before = spent[GROUP_EXACT];
	begun = clock_now_ns();
	sample_set_gate(s, GROUP_EXACT, true);
	do {
		sample_sleep_ns(until_look(spent[GROUP_EXACT] - before, clock_now_ns() - begun));
		ret = sample_read_costs(s, spent, NULL, err);
	} while (ret == 0 && spent[GROUP_EXACT] - before < EXACT_COST_NS && clock_now_ns() - begun < EXACT_MAX_NS);
	sample_set_gate(s, GROUP_EXACT, false);
	attachment_free(attachment);
	calm_down(hurried);
	hurried = false;
	if (ret == 0)
		ret = stack_ring_drain(s->ring, err);
	if (ret == 0)
		ret = sample_add_samples(s, bpf_map__fd(s->skel->maps.exact), true, err);
	estimator_close_exact(sample_cells_estimator(s->cells), covered);
	s->exact_windows++;
	s->exact_not_before = clock_now_ns() + (uint64_t)((double)(own_ns() - own_before) / EXACT_OWN_SHARE);
out:
	calm_down(hurried);
	free(flags);
	return ret;
}

bool sample_may_look_exact(const struct sample *s)
{
	return s->exact_windows < EXACT_FREE_WINDOWS || clock_now_ns() >= s->exact_not_before;
}
