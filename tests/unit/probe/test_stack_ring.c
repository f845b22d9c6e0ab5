/* SPDX-License-Identifier: Apache-2.0 */
/* That every record is given on once, in its order, whether it was there before or comes meanwhile, and that records
 * which come as fast as they are given on hold nobody up. */
#include "probe/stack_ring.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "base/memory.h"
#include "probe/attach.h"
#include "probe/kernel.h"
#include "probe/programs.h"
#include "probe/self_target.h"
#include "probe/trial.h"
#include "tests/unit/probe/need_bpf.h"

#include "bpf/alloc.skel.h"

#define DEPTHS 7
#define MORE   40
/* More than a test waits for: each is given on within a microsecond or two. */
#define ENDLESS 30000000

struct seen {
	uint64_t made, made_at_first;
	uint64_t given, out_of_order;
	uint64_t more; /* so many are made while those that were there are given on, and so many for each of these */
	int each;
};

/* Each is an observation of its own, whose stack is sent. */
static void make(struct seen *seen)
{
	self_allocate(16, (const char *)0x10000 + seen->made, seen->made % DEPTHS);
	seen->made++;
}

static void on_record(void *ctx, const void *data, size_t size)
{
	const struct stack_record *record = data;
	struct seen *seen = ctx;

	cr_assert(stack_record_is_whole(record, size));
	seen->out_of_order += record->depth != seen->given % DEPTHS + SELF_ALLOC_FRAMES;
	seen->given++;
	for (int i = 0; i < seen->each && seen->made < seen->made_at_first + seen->more; i++)
		make(seen);
}

struct loaded {
	struct attachment *attachment;
	struct alloc_bpf *skel;
	struct stack_ring *ring;
	int fd;
};

static void load(struct loaded *l, struct seen *seen)
{
	struct error err = ERROR_INIT;
	struct alloc_settings settings;
	struct self_place place;

	l->fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	trial_settings_exact(&settings, attach_method_detect(false));
	cr_assert(self_place_of(self_alloc_point, &place));
	cr_assert_eq(alloc_programs_load(&l->skel, &settings, &err), 0, "%s", err.text);
	cr_assert_eq(attachment_new(&l->attachment, settings.method, l->skel->progs.on_alloc, l->skel->maps.counters,
				    l->fd, getpid(), &place.offset, &place.vaddr, 1, &err),
		     0, "%s", err.text);
	cr_assert_eq(stack_ring_new(&l->ring, bpf_map__fd(l->skel->maps.stacks), on_record, seen, &err), 0, "%s",
		     err.text);
	__atomic_store_n(&l->skel->bss->ended, 0, __ATOMIC_SEQ_CST);
}

static void unload(struct loaded *l)
{
	stack_ring_free(l->ring);
	attachment_free(l->attachment);
	alloc_bpf__destroy(l->skel);
	close(l->fd);
}

Test(stack_ring, all_in_their_order)
{
	struct error err = ERROR_INIT;
	struct seen seen = {.more = MORE, .each = 3};
	struct loaded l;

	need_bpf();
	load(&l, &seen);
	cr_assert_eq(stack_ring_drain(l.ring, &err), 0, "%s", err.text);
	cr_expect_eq(seen.given, 0);
	for (int turn = 0; turn < 3; turn++) {
		uint64_t before;

		for (int i = 0; i < 1000; i++)
			make(&seen);
		before = seen.made_at_first = seen.made;
		cr_assert_eq(stack_ring_drain(l.ring, &err), 0, "%s", err.text);
		cr_expect_eq(seen.made, before + MORE);
		cr_expect_geq(seen.given, before);
		cr_assert_eq(stack_ring_drain(l.ring, &err), 0, "%s", err.text);
		cr_expect_eq(seen.given, seen.made, "%lu of %lu", seen.given, seen.made);
		cr_expect_eq(seen.out_of_order, 0, "%lu", seen.out_of_order);
	}
	unload(&l);
}

Test(stack_ring, what_comes_meanwhile_is_for_the_next_call, .timeout = 60)
{
	struct error err = ERROR_INIT;
	struct seen seen = {.more = ENDLESS, .each = 1};
	struct loaded l;
	uint64_t made;

	need_bpf();
	load(&l, &seen);
	for (int i = 0; i < 100; i++)
		make(&seen);
	cr_assert_eq(stack_ring_drain(l.ring, &err), 0, "%s", err.text);
	cr_expect_eq(seen.given, 100, "%lu", seen.given);
	cr_expect_eq(seen.made, 200, "%lu", seen.made);
	cr_assert_eq(stack_ring_drain_some(l.ring, &err), 0, "%s", err.text);
	cr_expect_gt(seen.given, 100);
	cr_expect_lt(seen.given, seen.made);
	seen.each = 0;
	made = seen.made;
	cr_assert_eq(stack_ring_drain(l.ring, &err), 0, "%s", err.text);
	cr_expect_eq(seen.given, made, "%lu of %lu", seen.given, made);
	cr_expect_eq(seen.out_of_order, 0, "%lu", seen.out_of_order);
	unload(&l);
}
