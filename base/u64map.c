/* SPDX-License-Identifier: Apache-2.0 */
#include "base/u64map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/memory.h"

struct u64map_slot {
	uint64_t key;
	uint64_t value;
	bool used;
};

uint64_t u64_mix(uint64_t h, uint64_t v)
{
	unsigned __int128 product = (unsigned __int128)(h ^ v) * 0x9e3779b97f4a7c15ull;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A number of this process, so that no file can be made whose texts and numbers all fall into one place. */
static uint64_t seed;

static uint64_t make_seed(void)
{
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uintptr_t)&seed ^ (uintptr_t)getpid();
	seed |= 1;
	return seed;
}

static inline uint64_t seeded(void)
{
	return seed ? seed : make_seed();
}

static uint64_t hash_from(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t word;

	h ^= len;
	while (len >= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = u64_mix(h, word);
		p += sizeof(word);
		len -= sizeof(word);
	}
	word = 0;
	memcpy(&word, p, len);
	return u64_mix(h, word);
}

uint64_t bytes_hash(const void *data, size_t len)
{
	return hash_from(seeded(), data, len);
}

uint64_t bytes_number(const void *data, size_t len)
{
	return hash_from(0xcbf29ce484222325ull, data, len);
}

static struct u64map_slot *slot_for(const struct u64map *map, uint64_t key)
{
	size_t i = u64_mix(seeded(), key) & map->mask;

	while (map->slots[i].used && map->slots[i].key != key)
		i = (i + 1) & map->mask;
	return &map->slots[i];
}

static void grow(struct u64map *map)
{
	struct u64map_slot *old = map->slots;
	size_t old_n = old ? map->mask + 1 : 0;
	size_t n = old_n ? old_n * 2 : 64;

	map->slots = xcalloc(n, sizeof(*map->slots));
	map->mask = n - 1;
	for (size_t i = 0; i < old_n; i++) {
		if (old[i].used)
			*slot_for(map, old[i].key) = old[i];
	}
	free(old);
}

uint64_t *u64map_at(struct u64map *map, uint64_t key, bool *is_new)
{
	struct u64map_slot *slot;

	if (!map->slots || map->n * 4 >= (map->mask + 1) * 3)
		grow(map);
	slot = slot_for(map, key);
	if (is_new)
		*is_new = !slot->used;
	if (!slot->used) {
		slot->used = true;
		slot->key = key;
		slot->value = 0;
		map->n++;
	}
	return &slot->value;
}

uint64_t *u64map_find(const struct u64map *map, uint64_t key)
{
	struct u64map_slot *slot;

	if (!map->slots)
		return NULL;
	slot = slot_for(map, key);
	return slot->used ? &slot->value : NULL;
}

void u64map_release(struct u64map *map)
{
	free(map->slots);
	*map = (struct u64map)U64MAP_INIT;
}
