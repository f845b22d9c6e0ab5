/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/observed.h"

#include <stdlib.h>

#include "base/memory.h"

/* Above all addresses of a file. */
#define NO_ADDRESS (1ull << 63)

const struct rec_site *observed_site(const struct observed *o, uint64_t ret)
{
	size_t low = 0, high = o->rec->n_sites;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (o->rec->sites[middle].ret < ret)
			low = middle + 1;
		else
			high = middle;
	}
	return low < o->rec->n_sites && o->rec->sites[low].ret == ret ? &o->rec->sites[low] : NULL;
}

bool observed_is_own_account(const struct observed *o, const struct rec_observation *obs)
{
	const struct rec_site *site;

	if (obs->user == REC_NO_USER_FRAME)
		return true;
	if (obs->cause != CAUSE_RUNTIME_INTERNAL)
		return false;
	site = observed_site(o, o->rec->locations[obs->locations[obs->user]].pc);
	return site && site->cause != CAUSE_RUNTIME_INTERNAL;
}

/* Nearly all places make objects of one type; a map has groups, tables and a directory of them. */
static void count_type(struct observed *o, struct seen *s, const char *type)
{
	bool is_new = s->n_types == 0;

	if (is_new)
		s->first_type = type;
	else if (type != s->first_type)
		keymap_at(&o->types, (struct keymap_key){{(uint64_t)(s - o->items), (uintptr_t)type}}, &is_new);
	s->n_types += is_new;
}

/* By its return address; what is outside of the binary (a plugin) has none, and is known by its location alone. */
static uint64_t place_of(const struct recording *rec, const struct rec_observation *obs)
{
	uint32_t location = obs->locations[obs->user];

	return rec->locations[location].pc ? rec->locations[location].pc : NO_ADDRESS | location;
}

static void add_seen(struct observed *o, const struct rec_observation *obs)
{
	uint32_t location = obs->locations[obs->user];
	bool is_new;
	uint64_t *index = u64map_at(&o->at, place_of(o->rec, obs), &is_new);
	struct seen *s;

	if (is_new) {
		*index = o->n;
		ARRAY_GROW(o->items, o->n + 1, o->alloc);
		o->items[o->n++] = (struct seen){.smallest = UINT64_MAX, .location = location};
	}
	s = &o->items[*index];
	s->objects += obs->objects;
	s->bytes += obs->bytes;
	s->samples += obs->samples;
	s->smallest = obs->smallest < s->smallest ? obs->smallest : s->smallest;
	s->largest = obs->largest > s->largest ? obs->largest : s->largest;
	count_type(o, s, obs->type);
	if (obs->bytes >= s->most_bytes) {
		s->type = obs->type;
		s->cause = obs->cause;
		s->most_bytes = obs->bytes;
	}
}

void observed_collect(struct observed *o, const struct recording *rec)
{
	*o = (struct observed){.rec = rec, .at = U64MAP_INIT, .types = KEYMAP_INIT};
	for (size_t i = 0; i < o->rec->n_observations; i++) {
		const struct rec_observation *obs = &o->rec->observations[i];

		if (observed_is_own_account(o, obs)) {
			o->runtime_objects += obs->objects;
			o->runtime_bytes += obs->bytes;
		} else {
			add_seen(o, obs);
		}
	}
}

struct seen *observed_at(const struct observed *o, uint64_t ret)
{
	uint64_t *index = u64map_find(&o->at, ret);

	return index ? &o->items[*index] : NULL;
}

struct seen *observed_of(const struct observed *o, const struct rec_observation *obs)
{
	return observed_at(o, place_of(o->rec, obs));
}

void observed_release(struct observed *o)
{
	free(o->items);
	u64map_release(&o->at);
	keymap_release(&o->types);
	*o = (struct observed){.rec = NULL};
}
