/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <string.h>

#include "base/memory.h"
#include "probe/stack_store.h"

static struct stack_record record(uint64_t hash, uint64_t check, uint32_t depth, uint64_t first)
{
	struct stack_record r = {.id = {hash, check}, .depth = depth};

	for (uint32_t i = 0; i < depth; i++)
		r.pcs[i] = first + i;
	return r;
}

static void add_as(struct stack_store *store, const struct stack_id *id, const struct stack_record *r, unsigned flags)
{
	uint64_t pcs[STACK_DEPTH_MAX];

	for (uint32_t i = 0; i < r->depth; i++)
		pcs[i] = r->pcs[i];
	stack_store_add(store, id, pcs, r->depth, flags | (r->flags ? STORE_TRUNCATED : 0));
}

static void add(struct stack_store *store, const struct stack_record *r)
{
	if (!stack_store_has(store, &r->id))
		add_as(store, &r->id, r, 0);
}

Test(stack_store, finds_what_was_added)
{
	struct stack_store *store = stack_store_new(100);
	const struct stack_record r = record(1, 2, 3, 0x1000);
	struct stored_stack s;

	add(store, &r);
	cr_assert(stack_store_find(store, &r.id, &s));
	cr_expect_eq(s.depth, 3);
	cr_expect_eq(s.pcs[2], 0x1002);
	cr_expect_eq(s.number, 0);
	cr_expect_not(s.truncated);
	cr_expect_not(stack_store_find(store, &(struct stack_id){1, 3}, &s), "an id is both hashes");
	cr_expect_not(stack_store_find(store, &(struct stack_id){2, 2}, &s));
	add(store, &r);
	cr_expect_eq(stack_store_count(store), 1);
	stack_store_free(store);
}

Test(stack_store, ids_that_share_a_hash_stay_apart)
{
	struct stack_store *store = stack_store_new(1000);
	struct stored_stack s;

	for (uint64_t i = 0; i < 50; i++) {
		const struct stack_record r = record(7, i, 2, 0x1000 * (i + 1));

		add(store, &r);
	}
	for (uint64_t i = 0; i < 50; i++) {
		cr_assert(stack_store_find(store, &(struct stack_id){7, i}, &s));
		cr_expect_eq(s.pcs[0], 0x1000 * (i + 1));
	}
	stack_store_free(store);
}

Test(stack_store, beyond_its_limit_it_keeps_short_forms_each_once)
{
	struct stack_store *store = stack_store_new(2);
	struct stored_stack s;

	for (uint64_t i = 0; i < 20; i++) {
		/* the same 32 frames at the leaf, another one far above */
		struct stack_record r = record(100 + i, 1, 40, 0x1000);

		r.pcs[39] = 0x9000 + i;
		add(store, &r);
	}
	cr_expect_eq(stack_store_count(store), 3);
	cr_assert(stack_store_find(store, &(struct stack_id){101, 1}, &s));
	cr_expect_eq(s.depth, 40);
	cr_assert(stack_store_find(store, &(struct stack_id){119, 1}, &s));
	cr_expect_eq(s.depth, STACK_SHORT_MAX);
	cr_expect(s.truncated);
	cr_expect_eq(s.number, 2);
	stack_store_free(store);
}

Test(stack_store, one_stack_under_many_ids_is_kept_once)
{
	struct stack_store *store = stack_store_new(10);
	struct stack_record r = record(1, 1, 4, 0x1000), other = record(3, 3, 4, 0x1001);
	struct stored_stack a, b;

	add_as(store, &r.id, &r, STORE_HAS_MANY_IDS);
	add_as(store, &(struct stack_id){2, 2}, &r, STORE_HAS_MANY_IDS);
	add_as(store, &other.id, &other, STORE_HAS_MANY_IDS);
	r.flags = STACK_TRUNCATED;
	add_as(store, &(struct stack_id){4, 4}, &r, STORE_HAS_MANY_IDS);
	cr_expect_eq(stack_store_count(store), 3, "a truncated one is another");
	cr_assert(stack_store_find(store, &r.id, &a));
	cr_assert(stack_store_find(store, &(struct stack_id){2, 2}, &b));
	cr_expect_eq(a.number, b.number);
	stack_store_free(store);
}

Test(stack_store, what_lacked_a_copy_is_replaced_when_it_comes)
{
	struct stack_store *store = stack_store_new(10);
	const struct stack_record cut = record(1, 1, 3, 0x1000), whole = record(1, 1, 6, 0x1000);
	struct stored_stack before, after;

	add_as(store, &cut.id, &cut, STORE_HAS_MANY_IDS | STORE_LACKS_COPY);
	cr_expect_not(stack_store_has(store, &cut.id));
	cr_assert(stack_store_find(store, &cut.id, &before));
	cr_expect_eq(before.depth, 3);
	add_as(store, &whole.id, &whole, STORE_HAS_MANY_IDS);
	cr_expect(stack_store_has(store, &cut.id));
	cr_assert(stack_store_find(store, &cut.id, &after));
	cr_expect_eq(after.depth, 6);
	cr_expect_neq(after.number, before.number);
	stack_store_free(store);
}
