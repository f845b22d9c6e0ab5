/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of stacks and pages that come through the ring. The unwinding itself: tests/unit/unwind, mixed.bats. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/memory.h"
#include "probe/c_stacks.h"

static struct stack_record record(uint64_t hash, uint32_t depth)
{
	struct stack_record r = {.id = {hash, ~hash}, .depth = depth};

	for (uint32_t i = 0; i < depth; i++)
		r.pcs[i] = 0x1000 + i;
	return r;
}

static const char *cut_of(const struct c_stacks *stacks, uint64_t pc)
{
	struct raw_capture raw = {0};

	cr_assert(pc & RAW_PC_C);
	c_stacks_lend(stacks, &raw);
	cr_assert_lt(pc & ~RAW_PC_C, raw.n_c_frames);
	return raw.c_frames[pc & ~RAW_PC_C].cut;
}

Test(c_stacks, what_is_no_return_address_of_go_is_left_out)
{
	struct c_stacks *stacks = c_stacks_new(NULL);
	struct stack_record r = record(1, 4);
	struct c_spliced out;

	r.pcs[1] = 0;
	r.pcs[3] = 0;
	c_stacks_splice(stacks, &r, &out);
	cr_assert_eq(out.depth, 2);
	cr_expect_eq(out.pcs[1], 0x1002);
	cr_expect_not(out.has_c);
	c_stacks_free(stacks);
}

Test(c_stacks, a_stack_that_cannot_be_unwound_says_so_in_its_place)
{
	struct c_stacks *stacks = c_stacks_new(NULL);
	struct stack_record r = record(1, 5);
	struct c_spliced out;
	uint64_t mark;

	r.pcs[2] = STACK_PC_C | 0x7ffc00001000;
	c_stacks_splice(stacks, &r, &out);
	cr_assert_eq(out.depth, 5);
	cr_expect(out.has_c);
	mark = out.pcs[2];
	cr_expect_not_null(cut_of(stacks, mark));
	cr_expect_eq(out.pcs[3], 0x1003, "what called C is there");
	/* The same reason is the same frame. */
	r = record(2, 3);
	r.pcs[2] = STACK_PC_C | 0x7ffc00002000;
	c_stacks_splice(stacks, &r, &out);
	cr_expect_eq(out.pcs[2], mark);
	c_stacks_free(stacks);
}

Test(c_stacks, more_changes_than_can_be_copied)
{
	struct c_stacks *stacks = c_stacks_new(NULL);
	struct stack_record r = record(1, STACK_DEPTH_MAX);
	struct c_spliced out;

	for (uint32_t i = 0; i < STACK_DEPTH_MAX; i++)
		r.pcs[i] = STACK_PC_C | (0x1000 + i);
	c_stacks_splice(stacks, &r, &out);
	cr_expect_eq(out.depth, STACK_DEPTH_MAX);
	cr_expect_neq(cut_of(stacks, out.pcs[C_STACKS_MAX - 1]), cut_of(stacks, out.pcs[C_STACKS_MAX]));
	c_stacks_free(stacks);
}

Test(c_stacks, pages_are_told_by_their_size_and_bounded)
{
	struct c_stacks *stacks = c_stacks_new(NULL);
	struct c_page_record *page = xcalloc(1, sizeof(*page));
	struct stack_record r = record(7, 2);

	cr_expect_not(c_stacks_take_page(stacks, &r, sizeof(r)));
	cr_expect_not(c_stacks_take_page(stacks, page, sizeof(*page) - 1));
	/* Pages whose stacks never come. */
	for (uint64_t i = 0; i < 10000; i++) {
		page->id = (struct stack_id){i, i};
		page->address = i * C_PAGE_BYTES;
		cr_assert(c_stacks_take_page(stacks, page, sizeof(*page)));
	}
	for (uint64_t i = 0; i < 10000; i++)
		c_stacks_drop(stacks, &(struct stack_id){i, i});
	c_stacks_free(stacks);
	free(page);
}
