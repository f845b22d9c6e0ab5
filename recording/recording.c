/* SPDX-License-Identifier: Apache-2.0 */
/* The recording in memory: growing it, asking it, freeing it. */
#include "recording/recording.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/*
 * The arrays carry no capacity: it follows from the count, as the next power of two, at least 16. Right as long as only
 * this makes them longer; making them shorter by hand does no harm.
 */
static void *grow(void *array, size_t n, size_t element_size)
{
	if (n == 0)
		return array ? array : xreallocarray(NULL, 16, element_size);
	if (n >= 16 && (n & (n - 1)) == 0)
		return xreallocarray(array, n * 2, element_size);
	return array;
}

#define APPEND_ZEROED(array, n)                                                                                        \
	((array) = grow((array), (n), sizeof(*(array))), memset(&(array)[n], 0, sizeof(*(array))), &(array)[(n)++])

struct recording *recording_new(void)
{
	struct recording *rec = xcalloc(1, sizeof(*rec));

	rec->pool = strpool_new();
	rec->header.exit_status = -1;
	return rec;
}

struct recording *recording_new_like(const struct recording *of)
{
	struct recording *rec = recording_new();

	rec->header = of->header;
	rec->header.ended = REC_END_UNKNOWN;
	rec->header.sampling = (struct rec_sampling){.is_known = false};
	if (of->has_sites) {
		rec->sites = of->sites;
		rec->n_sites = of->n_sites;
		rec->extents = of->extents;
		rec->n_extents = of->n_extents;
		rec->points = of->points;
		rec->n_points = of->n_points;
		rec->has_sites = rec->borrows_sites = true;
	}
	return rec;
}

void recording_clear_counts(struct recording *rec)
{
	for (size_t i = 0; i < rec->n_locations; i++)
		free(rec->locations[i].frames);
	for (size_t i = 0; i < rec->n_observations; i++) {
		free(rec->observations[i].locations);
		free(rec->observations[i].parts);
	}
	rec->n_locations = rec->n_observations = rec->n_losses = rec->n_extra = 0;
	rec->header.ended = REC_END_UNKNOWN;
	rec->header.sampling = (struct rec_sampling){.is_known = false};
}

struct rec_source *recording_set_source(struct rec_site *site, uint32_t n_levels)
{
	free(site->source);
	site->source = xcalloc(1, sizeof(*site->source) + n_levels * sizeof(site->source->levels[0]));
	site->source->n_levels = n_levels;
	return site->source;
}

void recording_release_site(struct rec_site *site)
{
	free(site->frames);
	free(site->source);
}

void recording_release_types(struct recording *rec)
{
	for (size_t i = 0; i < rec->n_types; i++)
		free(rec->types[i].fields);
	free(rec->types);
	rec->types = NULL;
	rec->n_types = 0;
}

void recording_free(struct recording *rec)
{
	if (!rec)
		return;
	recording_clear_counts(rec);
	for (size_t i = 0; !rec->borrows_sites && i < rec->n_sites; i++)
		recording_release_site(&rec->sites[i]);
	free(rec->losses);
	free(rec->locations);
	free(rec->observations);
	if (!rec->borrows_sites) {
		free(rec->sites);
		free(rec->extents);
		free(rec->points);
	}
	recording_release_types(rec);
	free(rec->extra);
	strpool_free(rec->pool);
	free(rec);
}

struct rec_location *recording_add_location(struct recording *rec)
{
	return APPEND_ZEROED(rec->locations, rec->n_locations);
}

struct rec_observation *recording_add_observation(struct recording *rec)
{
	struct rec_observation *o = APPEND_ZEROED(rec->observations, rec->n_observations);

	o->site = REC_NO_SITE;
	return o;
}

struct rec_extent *recording_add_extent(struct recording *rec)
{
	return APPEND_ZEROED(rec->extents, rec->n_extents);
}

struct rec_point *recording_add_point(struct recording *rec)
{
	return APPEND_ZEROED(rec->points, rec->n_points);
}

struct rec_site *recording_add_site(struct recording *rec)
{
	return APPEND_ZEROED(rec->sites, rec->n_sites);
}

void recording_add_loss(struct recording *rec, const char *name, uint64_t count)
{
	struct rec_loss *loss;

	if (count == 0)
		return;
	for (size_t i = 0; i < rec->n_losses; i++) {
		if (strcmp(rec->losses[i].name, name) == 0) {
			rec->losses[i].count += count;
			return;
		}
	}
	loss = APPEND_ZEROED(rec->losses, rec->n_losses);
	loss->name = strpool_add(rec->pool, name);
	loss->count = count;
}

uint64_t recording_losses(const struct recording *rec)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < rec->n_losses; i++)
		sum += rec->losses[i].count;
	return sum;
}

void recording_add_extra(struct recording *rec, const char *key, const char *value)
{
	size_t n = rec->n_extra;

	(void)APPEND_ZEROED(rec->extra, rec->n_extra);
	rec->extra[n].key = strpool_add(rec->pool, key);
	rec->extra[n].value = strpool_add(rec->pool, value);
}

enum rec_work recording_work(const struct recording *rec, const struct rec_observation *o)
{
	if (o->user == REC_NO_USER_FRAME)
		return REC_WORK_OWN;
	if (o->cause != CAUSE_RUNTIME_INTERNAL)
		return REC_WORK_LINE;
	/* The call is there for something else. */
	if (o->site != REC_NO_SITE && rec->sites[o->site].cause != CAUSE_RUNTIME_INTERNAL)
		return REC_WORK_OWN;
	return REC_WORK_HELPER;
}

bool recording_is_partial(const struct recording *rec)
{
	return recording_losses(rec) || rec->header.coverage;
}

/* Undoes Go's strconv.Quote as far as settings need it; an unquoted value is copied. Cuts at the buffer's end. */
static void copy_setting(const char *value, size_t len, char *buf, size_t size)
{
	bool quoted = len >= 2 && value[0] == '"' && value[len - 1] == '"';
	size_t end = quoted ? len - 1 : len;
	size_t out = 0;

	for (size_t i = quoted ? 1 : 0; i < end && out + 1 < size; i++) {
		char c = value[i];

		if (quoted && c == '\\' && i + 1 < end) {
			c = value[++i];
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
		}
		buf[out++] = c;
	}
	if (size)
		buf[out] = '\0';
}

bool recording_setting(const struct recording *rec, const char *key, char *buf, size_t size)
{
	static const char lead[] = "build\t";
	const char *line = rec->header.modinfo;
	size_t key_len = strlen(key);

	while (line && *line) {
		size_t len = strcspn(line, "\n");

		if (len > sizeof(lead) - 1 + key_len && strncmp(line, lead, sizeof(lead) - 1) == 0) {
			const char *setting = line + sizeof(lead) - 1;

			if (strncmp(setting, key, key_len) == 0 && setting[key_len] == '=') {
				const char *value = setting + key_len + 1;

				copy_setting(value, (size_t)(line + len - value), buf, size);
				return true;
			}
		}
		line += len + (line[len] == '\n');
	}
	return false;
}

struct rec_type *recording_add_type(struct recording *rec)
{
	return APPEND_ZEROED(rec->types, rec->n_types);
}

static int compare_type_name(const void *name, const void *type)
{
	return strcmp(name, ((const struct rec_type *)type)->name);
}

const struct rec_type *recording_type(const struct recording *rec, const char *name)
{
	return name && rec->n_types ? bsearch(name, rec->types, rec->n_types, sizeof(*rec->types), compare_type_name)
				    : NULL;
}
