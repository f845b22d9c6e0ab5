/* SPDX-License-Identifier: Apache-2.0 */
/* A hash map from 64-bit keys to 64-bit values, open addressing, no deletion. Keys may have any value. */
#ifndef ESCAUDIT_BASE_U64MAP_H
#define ESCAUDIT_BASE_U64MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct u64map {
	struct u64map_slot *slots; /* owned */
	size_t n;
	size_t mask;
};

#define U64MAP_INIT                                                                                                    \
	{                                                                                                              \
		.slots = (void *)0, .n = 0, .mask = 0                                                                  \
	}

/* The value's place, made with value 0 where the key is new (*is_new may be NULL). Valid until the next call. */
uint64_t *u64map_at(struct u64map *map, uint64_t key, bool *is_new);
/* The value's place or NULL. */
uint64_t *u64map_find(const struct u64map *map, uint64_t key);
void u64map_release(struct u64map *map);

/* A good mixer for keys made of several words: h = u64_mix(h, next). */
uint64_t u64_mix(uint64_t h, uint64_t v);
/* The numbers of one process are not those of another. */
uint64_t bytes_hash(const void *data, size_t len);
/* The same in every process: for what is put in order by it, and not for tables that a file could fill. */
uint64_t bytes_number(const void *data, size_t len);

#endif
