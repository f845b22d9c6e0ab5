/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The return addresses of the stacks that came through a ring (struct stack_record), found again by their ids.
 */
#ifndef ESCAUDIT_PROBE_STACK_STORE_H
#define ESCAUDIT_PROBE_STACK_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/records.h"

struct stack_store;

/* Keeps at most max_stacks in full; of later ones the first STACK_SHORT_MAX addresses, each such prefix once. */
struct stack_store *stack_store_new(size_t max_stacks);
void stack_store_free(struct stack_store *store); /* accepts NULL */

enum {
	STORE_TRUNCATED = 1 << 0,
	STORE_HAS_MANY_IDS =
		1 << 1, /* what else was on it went into its id, and it may be there under another: it is kept once */
	STORE_LACKS_COPY = 1 << 2, /* C frames are missing, and may come with the same id */
};

/* Whether the stack of that id has come, with all that it has. */
bool stack_store_has(struct stack_store *store, const struct stack_id *id);
/* Keeps the addresses of an id that stack_store_has not. */
void stack_store_add(struct stack_store *store, const struct stack_id *id, const uint64_t *pcs, uint32_t depth,
		     unsigned flags);

struct stored_stack {
	const uint64_t *pcs; /* leaf first; valid until the next stack_store_add */
	uint32_t depth;
	uint32_t number; /* 0, 1, 2 …: one for each different stack kept */
	bool truncated;
};
/* False if the stack's addresses have not come. */
bool stack_store_find(struct stack_store *store, const struct stack_id *id, struct stored_stack *out);
size_t stack_store_count(const struct stack_store *store);
void stack_store_at(const struct stack_store *store, uint32_t number, struct stored_stack *out);

#endif
