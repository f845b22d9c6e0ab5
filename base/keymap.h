/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash map from keys of several words to 64-bit values, without deletion. Keys are kept and compared, so that two of
 * one hash stay two: a mix of words, as a key of a u64map, may be that of other words as well.
 */
#ifndef ESCAUDIT_BASE_KEYMAP_H
#define ESCAUDIT_BASE_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/u64map.h"

#define KEYMAP_WORDS 4

/* Words that are not used are 0. */
struct keymap_key {
	uint64_t words[KEYMAP_WORDS];
};

struct keymap {
	struct u64map index;	      /* hash of a key -> entry */
	struct keymap_entry *entries; /* owned, in the order they came in */
	size_t n, alloc;
};

#define KEYMAP_INIT                                                                                                    \
	{                                                                                                              \
		.index = U64MAP_INIT                                                                                   \
	}

/* The value's place, made with value 0 where the key is new (*is_new may be NULL). Valid until the next call. */
uint64_t *keymap_at(struct keymap *map, struct keymap_key key, bool *is_new);
/* The value's place or NULL. */
uint64_t *keymap_find(const struct keymap *map, struct keymap_key key);
void keymap_release(struct keymap *map);

#endif
