/* SPDX-License-Identifier: Apache-2.0 */
/* That every record is given on once, in its order, whether it was there before or comes meanwhile. */
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

struct seen {
	uint64_t made, made_at_first;
	uint64_t given, out_of_order;
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
	for (int i = 0; i < 3 && seen->made < seen->made_at_first + MORE; i++)
		make(seen);
}

Test(stack_ring, all_in_their_order)
{
	struct error err = ERROR_INIT;
	struct attachment *attachment;
	struct alloc_settings settings;
	struct alloc_bpf *skel;
	struct self_place place;
	struct stack_ring *ring;
	struct seen seen = {0};
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	need_bpf();
	trial_settings_exact(&settings, attach_method_detect(false));
	cr_assert(self_place_of(self_alloc_point, &place));
	cr_assert_eq(alloc_programs_load(&skel, &settings, &err), 0, "%s", err.text);
	cr_assert_eq(attachment_new(&attachment, settings.method, skel->progs.on_alloc, skel->maps.counters, fd,
				    getpid(), &place.offset, &place.vaddr, 1, &err),
		     0, "%s", err.text);
	cr_assert_eq(stack_ring_new(&ring, bpf_map__fd(skel->maps.stacks), on_record, &seen, &err), 0, "%s", err.text);
	__atomic_store_n(&skel->bss->ended, 0, __ATOMIC_SEQ_CST);
	cr_assert_eq(stack_ring_drain(ring, &err), 0, "%s", err.text);
	cr_expect_eq(seen.given, 0);
	for (int turn = 0; turn < 3; turn++) {
		for (int i = 0; i < 1000; i++)
			make(&seen);
		seen.made_at_first = seen.made;
		cr_assert_eq(stack_ring_drain(ring, &err), 0, "%s", err.text);
		cr_expect_eq(seen.made, seen.made_at_first + MORE);
		cr_expect_eq(seen.given, seen.made, "%lu of %lu", seen.given, seen.made);
		cr_expect_eq(seen.out_of_order, 0, "%lu", seen.out_of_order);
	}
	stack_ring_free(ring);
	attachment_free(attachment);
	alloc_bpf__destroy(skel);
	close(fd);
}
