/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/observed.h"

#include <stdlib.h>

#include "base/memory.h"

/* Copies of a site's address, as a foreign profile may have them, are one; elsewhere an address is a location. */
static uint64_t key_of(const struct observed *o, const struct rec_observation *obs)
{
	return obs->site != REC_NO_SITE ? obs->site : o->rec->n_sites + obs->locations[obs->user];
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

static void add_seen(struct observed *o, const struct rec_observation *obs)
{
	uint32_t location = obs->locations[obs->user];
	bool is_new;
	uint64_t *index = u64map_at(&o->at, key_of(o, obs), &is_new);
	struct seen *s;

	if (is_new) {
		*index = o->n;
		ARRAY_GROW(o->items, o->n + 1, o->alloc);
		o->items[o->n++] = (struct seen){.smallest = UINT64_MAX, .site = obs->site, .location = location};
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

		if (recording_work(rec, obs) == REC_WORK_OWN) {
			o->runtime_objects += obs->objects;
			o->runtime_bytes += obs->bytes;
		} else {
			add_seen(o, obs);
		}
	}
}

static struct seen *find(const struct observed *o, uint64_t key)
{
	uint64_t *index = u64map_find(&o->at, key);

	return index ? &o->items[*index] : NULL;
}

struct seen *observed_at_site(const struct observed *o, const struct rec_site *site)
{
	return find(o, (uint64_t)(site - o->rec->sites));
}

struct seen *observed_of(const struct observed *o, const struct rec_observation *obs)
{
	return recording_work(o->rec, obs) == REC_WORK_OWN ? NULL : find(o, key_of(o, obs));
}

void observed_release(struct observed *o)
{
	free(o->items);
	u64map_release(&o->at);
	keymap_release(&o->types);
	*o = (struct observed){.rec = NULL};
}
