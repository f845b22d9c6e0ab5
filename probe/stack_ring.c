/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/stack_ring.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/reason.h"

/* What is taken out of the ring at most before it is given on. */
#define QUEUE_MAX (64u << 20)
/* So many records are given on before the ring is looked at again: some 300 us of unwinding. */
#define BATCH 16
/* Signals, the end of the window and threads that load a library wait as long. */
#define SOME_NS (100 * 1000000ull)

struct stack_ring {
	struct ring_buffer *ring;
	stack_ring_fn on_record;
	void *ctx;
	uint64_t *queue; /* each record: its size in bytes, and itself, padded */
	size_t n_queue, alloc_queue;
};

/* Of a record in the queue. */
static size_t words_of(size_t size)
{
	return 1 + (size + sizeof(uint64_t) - 1) / sizeof(uint64_t);
}

static int take(void *ctx, void *data, size_t size)
{
	struct stack_ring *r = ctx;
	size_t words = words_of(size);

	ARRAY_GROW(r->queue, r->n_queue + words, r->alloc_queue);
	r->queue[r->n_queue] = size;
	memcpy(r->queue + r->n_queue + 1, data, size);
	r->n_queue += words;
	/* This one is taken; the rest stays in the ring. */
	return r->n_queue * sizeof(*r->queue) < QUEUE_MAX ? 0 : -ENOBUFS;
}

static int empty(struct stack_ring *r, struct error *err)
{
	int ret = r->n_queue * sizeof(*r->queue) < QUEUE_MAX ? ring_buffer__consume(r->ring) : 0;

	if (ret < 0 && ret != -ENOBUFS)
		return error_set(err, ret, "probe: failed to read the stack ring: %s", reason_text(ret));
	return 0;
}

int stack_ring_new(struct stack_ring **out, int map_fd, stack_ring_fn on_record, void *ctx, struct error *err)
{
	struct stack_ring *r = xcalloc(1, sizeof(*r));

	*out = NULL;
	r->on_record = on_record;
	r->ctx = ctx;
	r->ring = ring_buffer__new(map_fd, take, r, NULL);
	if (!r->ring) {
		int ret = error_set(err, -errno, "probe: failed to map the stack ring: %s", reason_text(errno));

		stack_ring_free(r);
		return ret;
	}
	*out = r;
	return 0;
}

void stack_ring_free(struct stack_ring *r)
{
	if (!r)
		return;
	ring_buffer__free(r->ring);
	free(r->queue);
	free(r);
}

int stack_ring_fd(const struct stack_ring *r)
{
	return ring_buffer__epoll_fd(r->ring);
}

/* What comes meanwhile only goes into the queue: a program that makes stacks as fast as they are given on would never
 * let go. */
static int give_on(struct stack_ring *r, uint64_t most_ns, struct error *err)
{
	uint64_t begun = clock_now_ns();
	size_t given = 0, n = 0, come;
	int ret = empty(r, err);

	come = r->n_queue;
	while (ret == 0 && given < come) {
		size_t size = r->queue[given];

		r->on_record(r->ctx, r->queue + given + 1, size);
		given += words_of(size);
		if (++n % BATCH)
			continue;
		ret = empty(r, err);
		if (clock_now_ns() - begun > most_ns)
			break;
	}
	/* The rest is given at the next call. */
	if (given)
		memmove(r->queue, r->queue + given, (r->n_queue - given) * sizeof(*r->queue));
	r->n_queue -= given;
	return ret;
}

int stack_ring_drain(struct stack_ring *r, struct error *err)
{
	return give_on(r, UINT64_MAX, err);
}

int stack_ring_drain_some(struct stack_ring *r, struct error *err)
{
	return give_on(r, SOME_NS, err);
}
