/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime itself counted over a window. */
#include "probe/sampling/sample_internal.h"

#include <math.h>

#include <bpf/bpf.h>

#include "bpf/sample.skel.h"

void sample_read_stats(struct sample *s)
{
	struct heap_stats now;

	/* Only once it is known where the program is. One that was launched shows itself by a stack: before, the
	 * process may be on its way to it. */
	if (!s->pid || !s->has_bias || sample_has_ended(s) || !heap_stats_read(&s->stats_place, s->pid, s->bias, &now))
		return;
	if (!s->first_stats_ns) {
		s->first_stats_ns = s->options.is_launch ? s->begun : clock_now_ns();
		if (!s->options.is_launch)
			s->first_stats = now;
	}
	s->last_stats = now;
	s->last_stats_ns = clock_now_ns();
}

void sample_read_final_stats(struct sample *s)
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

bool sample_stats_of_window(struct sample *s, uint64_t end, struct heap_stats *out, double *error)
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
