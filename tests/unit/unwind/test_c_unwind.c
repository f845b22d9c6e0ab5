/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This process's own stacks, copied at a known point and unwound from the copy, against glibc's backtrace() of the same
 * point, address by address.
 */
#include "unwind/c_unwind.h"

#include <criterion/criterion.h>
#include <execinfo.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/memory.h"
#include "unwind/c_process_internal.h"

/* The registers as they are when it has returned. */
void registers_here(struct c_registers *out) __attribute__((visibility("hidden")));
__asm__("	.text\n"
	"registers_here:\n"
	"	.cfi_startproc\n"
	"	mov	(%rsp), %rax\n"
	"	mov	%rax, 0(%rdi)\n"
	"	lea	8(%rsp), %rax\n"
	"	mov	%rax, 8(%rdi)\n"
	"	mov	%rbp, 16(%rdi)\n"
	"	mov	%rbx, 24(%rdi)\n"
	"	mov	%r12, 32(%rdi)\n"
	"	mov	%r13, 40(%rdi)\n"
	"	mov	%r14, 48(%rdi)\n"
	"	mov	%r15, 56(%rdi)\n"
	"	ret\n"
	"	.cfi_endproc\n");

#define MAX_PAGES 64

struct snapshot {
	struct c_registers registers;
	uint8_t *bytes;
	struct c_page pages[2 * MAX_PAGES];
	size_t n_pages;
	void *trace[2 * C_UNWIND_MAX];
	int n_trace;
};

static struct snapshot shot;

/* Not memcpy: it would be told of the red zones between variables. */
static void copy_pages(uint64_t from, uint64_t end)
{
	for (uint64_t at = from & ~4095ull; at < end && shot.n_pages < ARRAY_SIZE(shot.pages); at += 4096) {
		uint8_t *to = shot.bytes + shot.n_pages * 4096;
		struct iovec ours = {to, 4096}, its = {(void *)(uintptr_t)at, 4096};

		if (process_vm_readv(getpid(), &ours, 1, &its, 1, 0) != 4096)
			break;
		shot.pages[shot.n_pages++] = (struct c_page){.address = at, .bytes = to};
	}
}

static uint64_t stack_end(void)
{
	pthread_attr_t attr;
	size_t size;
	void *base;

	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &base, &size);
	pthread_attr_destroy(&attr);
	return (uint64_t)(uintptr_t)base + size;
}

static __attribute__((noinline)) void take(void)
{
	uint64_t end = stack_end();

	if (!shot.bytes)
		shot.bytes = malloc(ARRAY_SIZE(shot.pages) * 4096);
	shot.n_pages = 0;
	registers_here(&shot.registers);
	copy_pages(shot.registers.rsp,
		   shot.registers.rsp + MAX_PAGES * 4096ull < end ? shot.registers.rsp + MAX_PAGES * 4096ull : end);
	shot.n_trace = backtrace(shot.trace, ARRAY_SIZE(shot.trace));
}

/* What called this was interrupted. */
static bool is_signal_return(const void *address)
{
	return memcmp(address, "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05", 9) == 0;
}

static void compare(enum c_end expected_end)
{
	struct c_frame frames[C_UNWIND_MAX];
	struct error err = ERROR_INIT;
	struct c_process *process;
	struct c_files *files = c_files_new();
	uint64_t go_ret = 0;
	enum c_end end;
	size_t n, expected = (size_t)shot.n_trace < C_UNWIND_MAX ? (size_t)shot.n_trace : C_UNWIND_MAX;

	cr_assert_eq(c_process_new(&process, getpid(), files, &err), 0, "%s", err.text);
	n = c_unwind(process, &shot.registers, shot.pages, shot.n_pages, 0, 0, frames, C_UNWIND_MAX, &end, &go_ret);
	cr_expect_eq(end, expected_end, "%s", c_end_text(end));
	cr_expect_eq(n, expected, "%zu frames, backtrace() has %zu", n, expected);
	for (size_t i = 0; i < n && i < expected; i++) {
		uint64_t address = i ? (uint64_t)(uintptr_t)shot.trace[i] : shot.registers.rip;
		const struct c_mapping *m = c_process_mapping(process, address - 1);

		cr_assert_not_null(m);
		if (i && is_signal_return(shot.trace[i - 1]))
			address++;
		cr_expect_eq(frames[i].file, m->file, "frame %zu", i);
		cr_expect_eq(frames[i].ret + m->bias, address, "frame %zu: %lx, not %lx", i, frames[i].ret + m->bias,
			     address);
	}
	cr_expect_eq(go_ret, 0);
	c_process_free(process);
	c_files_free(files);
}

/* ---- functions with frames of many kinds ---- */

static volatile char sink;

static void down(int depth, unsigned seed);

#define WITH_ARRAY(size)                                                                                               \
	static __attribute__((noinline)) void array_##size(int depth, unsigned seed)                                   \
	{                                                                                                              \
		volatile char bytes[size];                                                                             \
                                                                                                                       \
		bytes[seed % (size)] = (char)depth;                                                                    \
		down(depth, seed);                                                                                     \
		sink += bytes[seed % (size)];                                                                          \
	}
WITH_ARRAY(8)
WITH_ARRAY(100)
WITH_ARRAY(700)
WITH_ARRAY(5000)

/* A frame whose size is known when it runs only: by rbp. */
static __attribute__((noinline)) void variable(int depth, unsigned seed)
{
	size_t size = seed % 500 + 1;
	volatile char *bytes = __builtin_alloca(size);

	bytes[size - 1] = (char)depth;
	down(depth, seed);
	sink += bytes[size - 1];
}

/* A frame that is aligned: its address is an expression. */
static __attribute__((noinline)) void aligned(int depth, unsigned seed)
{
	volatile char bytes[256] __attribute__((aligned(128)));

	bytes[seed % 256] = (char)depth;
	down(depth, seed);
	sink += bytes[seed % 256];
}

static __attribute__((noinline)) void aligned_and_variable(int depth, unsigned seed)
{
	size_t size = seed % 300 + 1;
	volatile char bytes[64] __attribute__((aligned(64)));
	volatile char *more = __builtin_alloca(size);

	bytes[seed % 64] = more[0] = (char)depth;
	down(depth, seed);
	sink += bytes[seed % 64] + more[0];
}

/* Everything that is kept over calls is in use. */
static __attribute__((noinline)) long busy(int depth, unsigned seed)
{
	long a = sink, b = sink, c = sink, d = sink, e = sink, f = sink;

	down(depth, seed);
	return a * 3 + b * 5 + c * 7 + d * 11 + e * 13 + f;
}

/* It never returns, and its call is its last instruction: the return address is of another function. */
static jmp_buf back;
static __attribute__((noinline, noreturn)) void last(int depth, unsigned seed)
{
	down(depth, seed);
	longjmp(back, 1);
}

struct request {
	int depth;
	unsigned seed;
	bool done;
};
static struct request pending;

static int by_callback(const void *a, const void *b)
{
	if (!pending.done) {
		pending.done = true;
		down(pending.depth, pending.seed);
	}
	return *(const int *)a - *(const int *)b;
}

static __attribute__((noinline)) void through_qsort(int depth, unsigned seed)
{
	int items[] = {3, 1, 2, 5, 4};

	pending = (struct request){.depth = depth, .seed = seed};
	qsort(items, ARRAY_SIZE(items), sizeof(*items), by_callback);
	sink += (char)items[0];
}

static void by_signal(int number)
{
	(void)number;
	down(pending.depth, pending.seed);
}

static __attribute__((noinline)) void through_signal(int depth, unsigned seed)
{
	struct sigaction action = {.sa_handler = by_signal, .sa_flags = SA_NODEFER};

	pending = (struct request){.depth = depth, .seed = seed};
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	sink++;
}

static __attribute__((noinline)) void down(int depth, unsigned seed)
{
	unsigned next = seed * 1103515245u + 12345u;

	if (depth == 0) {
		take();
		sink++;
		return;
	}
	switch ((next >> 16) % 10) {
	case 0:
		array_8(depth - 1, next);
		break;
	case 1:
		array_100(depth - 1, next);
		break;
	case 2:
		array_700(depth - 1, next);
		break;
	case 3:
		array_5000(depth - 1, next);
		break;
	case 4:
		variable(depth - 1, next);
		break;
	case 5:
		aligned(depth - 1, next);
		break;
	case 6:
		aligned_and_variable(depth - 1, next);
		break;
	case 7:
		sink += (char)busy(depth - 1, next);
		break;
	case 8:
		through_qsort(depth - 1, next);
		break;
	case 9:
		through_signal(depth - 1, next);
		break;
	}
	sink++;
}

Test(c_unwind, right_here)
{
	take();
	cr_assert_gt(shot.n_trace, 3);
	compare(C_END_OUTERMOST);
}

Test(c_unwind, frames_of_many_kinds)
{
	for (unsigned seed = 1; seed <= 60; seed++) {
		down((int)(seed % 9), seed);
		cr_assert_gt(shot.n_trace, 3);
		compare(shot.n_trace > C_UNWIND_MAX ? C_END_DEEP : C_END_OUTERMOST);
	}
}

Test(c_unwind, a_call_at_the_very_end_of_a_function)
{
	if (setjmp(back) == 0)
		last(1, 7);
	compare(C_END_OUTERMOST);
}

static void *in_thread(void *seed)
{
	down(4, *(unsigned *)seed);
	return NULL;
}

Test(c_unwind, a_thread_of_its_own)
{
	for (unsigned seed = 1; seed <= 10; seed++) {
		pthread_t thread;

		cr_assert_eq(pthread_create(&thread, NULL, in_thread, &seed), 0);
		pthread_join(thread, NULL);
		compare(C_END_OUTERMOST);
	}
}
