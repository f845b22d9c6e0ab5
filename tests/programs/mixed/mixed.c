/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C between Go and Go. Every function is to have a frame of its own in builds of every kind: none is inlined that
 * does not say so, and none ends in a call, which could become a jump.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "_cgo_export.h"
#include "mixed.h"

OWN_FRAME static void inner(void)
{
	goCallback();
	NOT_LAST();
}

OWN_FRAME void outer(int times)
{
	for (int i = 0; i < times; i++)
		inner();
	NOT_LAST();
}

OWN_FRAME void nest(int levels)
{
	goNested(levels);
	NOT_LAST();
}

OWN_FRAME static void common(void)
{
	goPaths();
	NOT_LAST();
}

OWN_FRAME static void left_way(void)
{
	common();
	NOT_LAST();
}

OWN_FRAME static void right_way(void)
{
	common();
	NOT_LAST();
}

OWN_FRAME void paths(int left, int right)
{
	while (left > 0 || right > 0) {
		if (left-- > 0)
			left_way();
		if (right-- > 0)
			right_way();
	}
	NOT_LAST();
}

OWN_FRAME static void in_its_thread(int times)
{
	for (int i = 0; i < times; i++)
		goThread();
	NOT_LAST();
}

static void *thread_body(void *times)
{
	in_its_thread(*(int *)times);
	NOT_LAST();
	return NULL;
}

OWN_FRAME void in_thread(int times)
{
	pthread_t id;

	if (pthread_create(&id, NULL, thread_body, &times) != 0)
		abort();
	pthread_join(id, NULL);
}

OWN_FRAME static void with_buffer(char *buffer, size_t size)
{
	memset(buffer, 1, size);
	goBig();
	NOT_LAST();
}

OWN_FRAME void big(int times)
{
	char buffer[8192];

	for (int i = 0; i < times; i++)
		with_buffer(buffer, sizeof(buffer));
	NOT_LAST();
}

/* The callers of this lie, one frame size after another, before and behind where the copy of the stack ends. */
OWN_FRAME static void with_large_frame(size_t size)
{
	char *buffer = __builtin_alloca(size);

	memset(buffer, 1, size);
	__asm__ volatile("" ::"r"(buffer) : "memory");
	goEdge();
	NOT_LAST();
}

OWN_FRAME static void near_way(size_t size)
{
	with_large_frame(size);
	NOT_LAST();
}

OWN_FRAME static void far_way(size_t size)
{
	with_large_frame(size);
	NOT_LAST();
}

OWN_FRAME void edge(size_t size)
{
	near_way(size);
	far_way(size);
	NOT_LAST();
}

OWN_FRAME void deep(int depth)
{
	if (depth > 1)
		deep(depth - 1);
	else
		goDeep();
	NOT_LAST();
}

OWN_FRAME void deeper(int depth)
{
	if (depth > 1)
		deeper(depth - 1);
	else
		goCut();
	NOT_LAST();
}

OWN_FRAME static int less(const void *a, const void *b)
{
	int result = goCompare((void *)a, (void *)b);

	NOT_LAST();
	return result;
}

OWN_FRAME void sorted(void)
{
	int numbers[61];

	for (int i = 0; i < 61; i++)
		numbers[i] = i * 37 % 61;
	qsort(numbers, 61, sizeof(numbers[0]), less);
	NOT_LAST();
}

static void on_signal(int number)
{
	(void)number;
	goSignal();
	NOT_LAST();
}

OWN_FRAME static void raise_it(void)
{
	raise(SIGUSR2);
	NOT_LAST();
}

OWN_FRAME void signals(int times)
{
	struct sigaction action, before;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	if (sigaction(SIGUSR2, &action, &before) != 0)
		abort();
	for (int i = 0; i < times; i++)
		raise_it();
	sigaction(SIGUSR2, &before, NULL);
}

OWN_FRAME void with_memory(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		abort();
	goMalloc();
	free(copy);
}

static inline __attribute__((always_inline)) void innermost_part(int number)
{
	goInlined();
	if (number < 0)
		abort();
}

static inline __attribute__((always_inline)) void inlined_part(int number)
{
	innermost_part(number);
	NOT_LAST();
}

OWN_FRAME void inlining(int times)
{
	for (int i = 0; i < times; i++)
		inlined_part(i);
	NOT_LAST();
}

/* Each number a way of its own through these two. */
static void zero_bit(int number, int bits);
static void one_bit(int number, int bits);

static inline __attribute__((always_inline)) void next_bit(int number, int bits)
{
	if (bits == 0)
		goMany();
	else if (number & 1)
		one_bit(number >> 1, bits - 1);
	else
		zero_bit(number >> 1, bits - 1);
	NOT_LAST();
}

OWN_FRAME static void zero_bit(int number, int bits)
{
	next_bit(number, bits);
}

OWN_FRAME static void one_bit(int number, int bits)
{
	next_bit(number, bits);
}

OWN_FRAME void many(int stacks)
{
	for (int i = 0; i < stacks; i++)
		zero_bit(i, 17);
	NOT_LAST();
}

/* One stack, but for what C keeps on it: addresses of data, of which one lies where libraries do. */
OWN_FRAME void same_way(int times)
{
	size_t size = (size_t)times * 64 + (1 << 20); /* too large for the heap: a mapping of its own */
	char *data = malloc(size);

	for (int i = 0; i < times; i++) {
		char *volatile kept = data + (size_t)i * 64;

		zero_bit(0, 17);
		*kept = 0;
	}
	free(data);
	NOT_LAST();
}
