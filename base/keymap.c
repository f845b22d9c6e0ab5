/* SPDX-License-Identifier: Apache-2.0 */
#include "base/keymap.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct keymap_entry {
	struct keymap_key key;
	uint64_t value;
};

static bool is_key(const struct keymap_entry *entry, const struct keymap_key *key)
{
	return memcmp(&entry->key, key, sizeof(*key)) == 0;
}

uint64_t *keymap_at(struct keymap *map, struct keymap_key key, bool *is_new)
{
	uint64_t hash = bytes_hash(&key, sizeof(key)), *entry;
	bool is_free;

	for (;; hash = u64_mix(hash, 1)) {
		entry = u64map_at(&map->index, hash, &is_free);
		if (is_free || is_key(&map->entries[*entry], &key))
			break;
	}
	if (is_new)
		*is_new = is_free;
	if (is_free) {
		*entry = map->n;
		ARRAY_GROW(map->entries, map->n + 1, map->alloc);
		map->entries[map->n++] = (struct keymap_entry){.key = key};
	}
	return &map->entries[*entry].value;
}

uint64_t *keymap_find(const struct keymap *map, struct keymap_key key)
{
	const uint64_t *entry;

	for (uint64_t hash = bytes_hash(&key, sizeof(key));; hash = u64_mix(hash, 1)) {
		entry = u64map_find(&map->index, hash);
		if (!entry)
			return NULL;
		if (is_key(&map->entries[*entry], &key))
			return &map->entries[*entry].value;
	}
}

void keymap_release(struct keymap *map)
{
	u64map_release(&map->index);
	free(map->entries);
	*map = (struct keymap)KEYMAP_INIT;
}
