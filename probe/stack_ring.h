/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring through which stacks come. It is emptied faster than what comes is understood: unwinding the C frames of one
 * stack takes as long as copying a hundred, and what does not fit into the ring is lost.
 */
#ifndef ESCAUDIT_PROBE_STACK_RING_H
#define ESCAUDIT_PROBE_STACK_RING_H

#include <stddef.h>

#include "base/error.h"

struct stack_ring;

/* One record, aligned to 8 bytes and valid during the call. */
typedef void (*stack_ring_fn)(void *ctx, const void *data, size_t size);

/* map_fd: of a BPF ring buffer; borrowed. Returns 0, or a negative errno with *err set. */
int stack_ring_new(struct stack_ring **out, int map_fd, stack_ring_fn on_record, void *ctx, struct error *err);
void stack_ring_free(struct stack_ring *ring); /* accepts NULL */

/* A descriptor that is readable when the kernel programs ask for stack_ring_drain; owned by the ring. */
int stack_ring_fd(const struct stack_ring *ring);

/*
 * Gives what had come when it was called to on_record, in the order in which it came. What comes meanwhile is for the
 * next call. Returns 0, or a negative errno with *err set.
 */
int stack_ring_drain(struct stack_ring *ring, struct error *err);

/* The same, for a tenth of a second at most: for calls a few times a second while the window is open. */
int stack_ring_drain_some(struct stack_ring *ring, struct error *err);

#endif
