/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A window is the time between opening and closing the hot gate, or between two looks while it stays open; at its end
 * the samples are taken out of the kernel's map and its length is known to the microsecond, however long probes take to
 * come and go.
 */
#include "probe/sampling/sample_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/memory.h"
#include "base/reason.h"
#include "bpf/sample.skel.h"
#include "probe/kernel.h"
#include "probe/stack_ring.h"

#define BATCH 4096

void sample_sleep_ns(uint64_t ns)
{
	const struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};

	nanosleep(&t, NULL);
}

/* ---- costs ---- */

int sample_read_costs(struct sample *s, uint64_t spent[GROUP_MAX], uint64_t hits[GROUP_MAX], struct error *err)
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

void sample_set_gate(struct sample *s, enum probe_group group, bool is_open)
{
	*(volatile uint32_t *)&s->skel->bss->open[group] = is_open;
}

int sample_add_samples(struct sample *s, int fd, bool is_exact, struct error *err)
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

int sample_add_totals(struct sample *s, struct error *err)
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

int sample_look(struct sample *s, struct error *err)
{
	volatile uint32_t *side = &s->skel->bss->side;
	uint64_t now = s->ended ? s->ended : clock_now_ns();
	int ret, fd = bpf_map__fd(*side ? s->skel->maps.samples_b : s->skel->maps.samples_a);
	double seconds = (double)(now - s->hot_since) / 1e9;

	s->hot_ns += now - s->hot_since;
	s->hot_since = now;
	*side = !*side;
	/* Programs on other CPUs may still write to the old side: for microseconds, not for this long. */
	sample_sleep_ns(MS_NS / 2);
	ret = stack_ring_drain(s->ring, err);
	if (ret)
		return ret;
	sample_cells_retry(s->cells, false);
	ret = sample_add_samples(s, fd, false, err);
	if (ret == 0)
		ret = sample_add_totals(s, err);
	estimator_close_window(sample_cells_estimator(s->cells), seconds);
	s->windows++;
	return ret;
}

int sample_open_hot(struct sample *s, struct error *err)
{
	int ret = attach(s, &s->hot, s->skel->progs.on_point, s->points->refill, s->points->n_refill, err);

	if (ret == 0) {
		sample_set_gate(s, GROUP_HOT, true);
		s->hot_since = clock_now_ns();
	}
	return ret;
}

int sample_close_hot(struct sample *s, struct error *err)
{
	int ret = 0;

	if (!s->hot_since)
		return 0;
	sample_set_gate(s, GROUP_HOT, false);
	ret = sample_look(s, err);
	s->hot_since = 0;
	attachment_free(s->hot);
	s->hot = NULL;
	return ret;
}

int sample_open_cold(struct sample *s, struct error *err)
{
	int ret = attach(s, &s->flush, s->skel->progs.on_point, s->points->flush, s->points->n_flush, err);

	if (ret == 0)
		ret = attach(s, &s->large, s->skel->progs.on_point, s->points->large, s->points->n_large, err);
	if (ret == 0) {
		sample_set_gate(s, GROUP_COLD, true);
		s->cold_since = clock_now_ns();
	}
	return ret;
}

void sample_close_cold(struct sample *s)
{
	if (!s->cold_since)
		return;
	sample_set_gate(s, GROUP_COLD, false);
	s->cold_ns += (s->ended ? s->ended : clock_now_ns()) - s->cold_since;
	s->cold_since = 0;
	attachment_free(s->flush);
	attachment_free(s->large);
	s->flush = s->large = NULL;
}
