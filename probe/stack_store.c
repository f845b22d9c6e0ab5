/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/stack_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/u64map.h"
#include "probe/kernel.h"

struct kept_stack {
	size_t first; /* index into pcs */
	uint32_t depth;
	bool truncated;
};

struct known_id {
	struct stack_id id;
	uint32_t stack;
	bool lacks_copy;
};

struct stack_store {
	size_t max;
	struct kept_stack *stacks;
	size_t n_stacks, alloc_stacks;
	uint64_t *pcs;
	size_t n_pcs, alloc_pcs;
	struct known_id *ids;
	size_t n_ids, alloc_ids;
	struct u64map id_of;	    /* stack_id.hash, or a key derived from it -> index into ids */
	struct u64map by_addresses; /* of those kept once: a hash of their addresses, or derived -> stack */
};

struct stack_store *stack_store_new(size_t max_stacks)
{
	struct stack_store *store = xcalloc(1, sizeof(*store));

	store->max = max_stacks;
	return store;
}

void stack_store_free(struct stack_store *store)
{
	if (!store)
		return;
	free(store->stacks);
	free(store->pcs);
	free(store->ids);
	u64map_release(&store->id_of);
	u64map_release(&store->by_addresses);
	free(store);
}

/* The map's keys are 64 bits of the id's 128: an id that shares them with another moves on to a key of its own. */
static struct known_id *find_id(struct stack_store *store, const struct stack_id *id)
{
	uint64_t key = id->hash;
	const uint64_t *index;

	while ((index = u64map_find(&store->id_of, key))) {
		struct known_id *known = &store->ids[*index];

		if (known->id.hash == id->hash && known->id.check == id->check)
			return known;
		key = u64_mix(key, 1);
	}
	return NULL;
}

static void learn_id(struct stack_store *store, const struct stack_id *id, uint32_t stack, bool lacks_copy)
{
	struct known_id *known = find_id(store, id);
	uint64_t key = id->hash;
	bool is_new;
	uint64_t *index;

	if (known) { /* what was counted under it so far keeps the stack that it had */
		*known = (struct known_id){*id, stack, lacks_copy};
		return;
	}
	while (index = u64map_at(&store->id_of, key, &is_new), !is_new)
		key = u64_mix(key, 1);
	*index = store->n_ids;
	ARRAY_GROW(store->ids, store->n_ids + 1, store->alloc_ids);
	store->ids[store->n_ids++] = (struct known_id){*id, stack, lacks_copy};
}

static uint32_t keep(struct stack_store *store, const uint64_t *pcs, uint32_t depth, bool truncated)
{
	ARRAY_GROW(store->stacks, store->n_stacks + 1, store->alloc_stacks);
	store->stacks[store->n_stacks] = (struct kept_stack){store->n_pcs, depth, truncated};
	ARRAY_GROW(store->pcs, store->n_pcs + depth, store->alloc_pcs);
	memcpy(store->pcs + store->n_pcs, pcs, depth * sizeof(*pcs));
	store->n_pcs += depth;
	return (uint32_t)store->n_stacks++;
}

/* Keeps addresses once, however often they come. */
static uint32_t keep_once(struct stack_store *store, const uint64_t *pcs, uint32_t depth, bool truncated)
{
	uint64_t key = bytes_hash(pcs, depth * sizeof(*pcs)) + truncated, *index;
	bool is_new;

	for (;; key = u64_mix(key, 1)) {
		const struct kept_stack *kept;

		index = u64map_at(&store->by_addresses, key, &is_new);
		if (is_new)
			return (uint32_t)(*index = keep(store, pcs, depth, truncated));
		kept = &store->stacks[*index];
		if (kept->depth == depth && kept->truncated == truncated &&
		    memcmp(store->pcs + kept->first, pcs, depth * sizeof(*pcs)) == 0)
			return (uint32_t)*index;
	}
}

bool stack_store_has(struct stack_store *store, const struct stack_id *id)
{
	const struct known_id *known = find_id(store, id);

	return known && !known->lacks_copy;
}

void stack_store_add(struct stack_store *store, const struct stack_id *id, const uint64_t *pcs, uint32_t depth,
		     unsigned flags)
{
	bool truncated = flags & STORE_TRUNCATED;
	uint32_t stack;

	if (store->n_stacks >= store->max)
		stack = keep_once(store, pcs, depth < STACK_SHORT_MAX ? depth : STACK_SHORT_MAX, true);
	else if (flags & STORE_HAS_MANY_IDS)
		stack = keep_once(store, pcs, depth, truncated);
	else
		stack = keep(store, pcs, depth, truncated);
	learn_id(store, id, stack, flags & STORE_LACKS_COPY);
}

void stack_store_at(const struct stack_store *store, uint32_t number, struct stored_stack *out)
{
	const struct kept_stack *kept = &store->stacks[number];

	*out = (struct stored_stack){store->pcs + kept->first, kept->depth, number, kept->truncated};
}

bool stack_store_find(struct stack_store *store, const struct stack_id *id, struct stored_stack *out)
{
	const struct known_id *known = find_id(store, id);

	if (!known)
		return false;
	stack_store_at(store, known->stack, out);
	return true;
}

size_t stack_store_count(const struct stack_store *store)
{
	return store->n_stacks;
}
