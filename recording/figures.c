/* SPDX-License-Identifier: Apache-2.0 */
/* How sampling went, as "key=value" comments and back: one table for writing and reading. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "recording/recording.h"
#include "recording/recording_internal.h"

#define MAX_FIGURE 1e18

struct figure {
	const char *key;
	size_t offset; /* into struct rec_sampling */
	int decimals;  /* of a double; a count has COUNT */
	bool left_out; /* if it is 0 */
};

enum { COUNT = -1 };

#define FIGURE(text, field, places) .key = (text), .offset = offsetof(struct rec_sampling, field), .decimals = (places)

static const struct figure figures[] = {
	{FIGURE("sample_duty_pct", duty_pct, 2)},
	{FIGURE("sample_cold_duty_pct", cold_duty_pct, 2)},
	{FIGURE("sample_seen_pct", seen_pct, 2), .left_out = true},
	{FIGURE("sample_windows", windows, COUNT)},
	{FIGURE("sample_exact_windows", exact_windows, COUNT)},
	{FIGURE("sample_exact_objects", exact_objects, COUNT)},
	{FIGURE("sample_hits", hits, COUNT)},
	{FIGURE("sample_trap_ns", trap_ns, 0), .left_out = true},
	{FIGURE("sample_trap_ns_assumed", assumed_trap_ns, 0), .left_out = true},
	{FIGURE("sample_hit_ns", hit_ns, 0)},
	{FIGURE("overhead_pct", overhead_pct, 3)},
	{FIGURE("overhead_max_pct", overhead_max_pct, 2)},
	{FIGURE("own_cpu_pct", own_cpu_pct, 2)},
	{FIGURE("sample_unattributed_bytes", unattributed_bytes, COUNT)},
	{FIGURE("sample_slot_mismatches", slot_mismatches, COUNT)},
};

#define KEY_TOTALS  "sample_totals"
#define KEY_CLASSES "size_classes"

static const char *const totals_names[] = {
	[REC_TOTALS_COUNTED] = "counted by the runtime",
	[REC_TOTALS_SCALED] = "scaled by time",
};

void recording_each_figure(const struct rec_sampling *s, void (*each)(void *ctx, const char *key, const char *value),
			   void *ctx)
{
	char text[64];

	if (!s->is_known)
		return;
	if (totals_names[s->totals])
		each(ctx, KEY_TOTALS, totals_names[s->totals]);
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		const struct figure *f = &figures[i];
		const void *field = (const char *)s + f->offset;
		double number = f->decimals == COUNT ? 0 : *(const double *)field;

		if (f->left_out && number == 0)
			continue;
		if (f->decimals == COUNT)
			snprintf(text, sizeof(text), "%" PRIu64, *(const uint64_t *)field);
		else
			snprintf(text, sizeof(text), "%.*f", f->decimals, number);
		each(ctx, f->key, text);
	}
	if (s->size_classes)
		each(ctx, KEY_CLASSES, s->size_classes);
}

static bool is_figure(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		if (strcmp(key, figures[i].key) == 0)
			return true;
	}
	return strcmp(key, KEY_TOTALS) == 0 || strcmp(key, KEY_CLASSES) == 0;
}

static bool parse_number(const char *value, double *out)
{
	char *end;

	*out = strtod(value, &end);
	return end != value && !*end && fabs(*out) <= MAX_FIGURE;
}

/* What was estimated may have been written as less than nothing. */
static bool parse_count(const char *value, uint64_t *out)
{
	char *end;
	bool negative = *value == '-';

	errno = 0;
	*out = strtoull(value + negative, &end, 10);
	if (errno || end == value + negative || *end)
		return false;
	*out = negative ? 0 : *out;
	return true;
}

bool figure_read(struct rec_sampling *s, const char *key, const char *value, bool *known)
{
	*known = is_figure(key);
	if (!*known)
		return true;
	s->is_known = true;
	if (strcmp(key, KEY_CLASSES) == 0) {
		s->size_classes = value;
		return true;
	}
	if (strcmp(key, KEY_TOTALS) == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(totals_names); i++) {
			if (totals_names[i] && strcmp(value, totals_names[i]) == 0) {
				s->totals = (enum rec_totals)i;
				return true;
			}
		}
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		const struct figure *f = &figures[i];
		void *field = (char *)s + f->offset;

		if (strcmp(key, f->key) == 0)
			return f->decimals == COUNT ? parse_count(value, field) : parse_number(value, field);
	}
	return false;
}
