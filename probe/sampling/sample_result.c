/* SPDX-License-Identifier: Apache-2.0 */
/* What a sampling capture says at its end, or at a cut: estimates, and how the sampling went. */
#include "probe/sampling/sample_internal.h"

#include <math.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/strbuf.h"
#include "bpf/sample.skel.h"
#include "probe/kernel.h"
#include "probe/stack_ring.h"

static double cpu_seconds(const struct rusage *a, const struct rusage *b)
{
	return (double)(b->ru_utime.tv_sec - a->ru_utime.tv_sec + b->ru_stime.tv_sec - a->ru_stime.tv_sec) +
	       (double)(b->ru_utime.tv_usec - a->ru_utime.tv_usec + b->ru_stime.tv_usec - a->ru_stime.tv_usec) / 1e6;
}

static int add_figures(struct sample *s, double seconds, uint64_t cold_ns, struct recording *rec, struct error *err)
{
	uint64_t spent[GROUP_MAX], hits[GROUP_MAX], all_hits = 0, all_spent = 0;
	double slots[SPAN_CLASSES], unattributed;
	const double of_window = seconds > 0 ? 100 / (seconds * 1e9) : 0; /* per cent a nanosecond */
	struct rec_sampling *out = &rec->header.sampling;
	struct strbuf classes = STRBUF_INIT;
	struct rusage own;
	int ret = sample_read_costs(s, spent, hits, err);

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
	*out = (struct rec_sampling){
		.is_known = true,
		.totals = out->totals,
		.duty_pct = of_window * (double)s->hot_ns,
		.cold_duty_pct = of_window * (double)cold_ns,
		.seen_pct = 100 * s->seen_share,
		.windows = s->windows,
		.exact_windows = s->exact_windows,
		.exact_objects = s->exact_objects,
		.hits = all_hits,
		.trap_ns = s->trap_measured ? s->trap_ns : 0,
		.assumed_trap_ns = s->trap_measured ? 0 : s->trap_ns,
		.hit_ns = all_hits ? (double)all_spent / (double)all_hits : 0,
		.overhead_pct = of_window * (double)all_spent,
		.overhead_max_pct = 100 * s->options.budget,
		.own_cpu_pct = of_window * 1e9 * cpu_seconds(&s->own_before, &own),
		.unattributed_bytes = (uint64_t)llround(fmax(0, unattributed)),
		.size_classes = strpool_add(rec->pool, strbuf_str(&classes)),
	};
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
	rec->header.sampling.slot_mismatches = since[SAMPLE_COUNTER_SLOT_MISMATCH];
	return 0;
}

int sample_read(struct sample *s, struct sample_result *out, struct recording *rec, struct error *err)
{
	uint64_t now = s->attached ? clock_now_ns() : s->exited_ns ? s->exited_ns : s->ended;
	uint64_t cold_ns = s->cold_ns + (s->cold_since ? now - s->cold_since : 0);
	struct estimator_span span = {.seconds = (double)(now - s->begun) / 1e9, .cold_seconds = (double)cold_ns / 1e9};
	struct heap_stats used;
	int ret = 0;

	if (s->attached)
		sample_read_stats(s);

	if (s->hot_since)
		ret = sample_look(s, err);
	else
		ret = sample_add_totals(s, err); /* flushes and large objects since the last window */
	if (ret)
		return ret;
	ret = stack_ring_drain(s->ring, err);
	if (ret)
		return ret;
	sample_cells_retry(s->cells, true);
	*out = (struct sample_result){
		.seconds = span.seconds,
		.points = s->points->n_refill + s->points->n_flush + s->points->n_large,
	};
	span.used = sample_stats_of_window(s, now, &used, &span.used_error) ? &used : NULL;
	sample_cells_rows(s->cells, &span, rec, &out->raw);
	c_stacks_lend(s->c_stacks, &out->raw);
	rec->header.sampling.totals = span.used ? REC_TOTALS_COUNTED : REC_TOTALS_SCALED;
	for (size_t i = 0; i < out->raw.n_observations; i++)
		out->samples += out->raw.observations[i].samples;
	ret = add_figures(s, span.seconds, cold_ns, rec, err);
	return ret ? ret : add_losses(s, rec, err);
}

int sample_cut(struct sample *s, struct sample_result *out, struct recording *rec, struct error *err)
{
	int ret = sample_read(s, out, rec, err);

	if (ret == 0)
		ret = sample_read_costs(s, s->cut_spent, s->cut_hits, err);
	if (ret == 0)
		ret = kernel_sum_cpus(bpf_map__fd(s->skel->maps.counters), SAMPLE_COUNTER_MAX, 1, s->counters_before,
				      err);
	if (ret)
		return ret;
	sample_cells_reset(s->cells);
	s->begun = clock_now_ns();
	s->cold_ns = s->hot_ns = 0;
	s->windows = s->exact_windows = s->exact_objects = 0;
	s->cold_since = s->cold_since ? s->begun : 0;
	s->cut_seen = s->seen;
	s->first_stats = s->last_stats;
	s->first_stats_ns = s->last_stats_ns;
	getrusage(RUSAGE_SELF, &s->own_before);
	return 0;
}
