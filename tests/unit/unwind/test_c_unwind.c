/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This process's own stacks, copied at a known point and unwound from the copy, against libgcc's unwinder in the
 * process itself, which is what backtrace() asks, address by address.
 */
#include "unwind/c_unwind.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <elf.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#include <unwind.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "tests/unit/unwind/registers_here.h"
#include "unwind/c_process_internal.h"

#define MAX_PAGES 64

struct snapshot {
	struct c_registers registers;
	uint8_t *bytes;
	struct c_copy pages[2 * MAX_PAGES];
	size_t n_pages;
	uint64_t trace[2 * C_UNWIND_MAX]; /* as a c_frame has them */
	size_t n_trace;
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
		shot.pages[shot.n_pages++] = (struct c_copy){.address = at, .bytes = to, .size = 4096};
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

/* libgcc's own: libunwind has functions of the same names, which are first in this program. */
static void *from_libgcc(const char *name)
{
	void *libgcc = dlopen("libgcc_s.so.1", RTLD_NOW), *function = libgcc ? dlsym(libgcc, name) : NULL;

	cr_assert_not_null(function, "%s", name);
	return function;
}

static uint64_t (*get_ip_info)(struct _Unwind_Context *, int *);
static _Unwind_Reason_Code (*backtrace_all)(_Unwind_Trace_Fn, void *);

static _Unwind_Reason_Code add_frame(struct _Unwind_Context *context, void *arg)
{
	int is_exact = 0;
	uint64_t ip = get_ip_info(context, &is_exact);

	(void)arg;
	if (ip == 0 || shot.n_trace == ARRAY_SIZE(shot.trace))
		return _URC_END_OF_STACK;
	/* What a signal interrupted, and what called nobody: the code that the signal's handler returns to. */
	if (is_exact && shot.n_trace)
		shot.trace[shot.n_trace - 1]++;
	shot.trace[shot.n_trace++] = ip + (is_exact != 0);
	return _URC_NO_REASON;
}

static __attribute__((noinline)) void take(void)
{
	uint64_t end = stack_end();

	if (!shot.bytes) {
		shot.bytes = malloc(ARRAY_SIZE(shot.pages) * 4096);
		*(void **)&get_ip_info = from_libgcc("_Unwind_GetIPInfo");
		*(void **)&backtrace_all = from_libgcc("_Unwind_Backtrace");
	}
	shot.n_pages = 0;
	registers_here(&shot.registers);
	copy_pages(shot.registers.rsp,
		   shot.registers.rsp + MAX_PAGES * 4096ull < end ? shot.registers.rsp + MAX_PAGES * 4096ull : end);
	shot.n_trace = 0;
	backtrace_all(add_frame, NULL);
	__asm__ volatile(""); /* no jump instead of the call */
}

static void compare(enum c_end expected_end)
{
	struct c_frame frames[C_UNWIND_MAX];
	struct error err = ERROR_INIT;
	struct c_process *process;
	struct c_files *files = c_files_new();
	uint64_t go_ret = 0;
	enum c_end end;
	size_t n, expected = shot.n_trace < C_UNWIND_MAX ? shot.n_trace : C_UNWIND_MAX;

	cr_assert_eq(c_process_new(&process, getpid(), files, &err), 0, "%s", err.text);
	n = c_unwind(process, &shot.registers, shot.pages, shot.n_pages, NULL, 0, frames, C_UNWIND_MAX, &end, &go_ret);
	cr_expect_eq(end, expected_end, "%s", c_end_text(end));
	cr_expect_eq(n, expected, "%zu frames, libgcc has %zu", n, expected);
	for (size_t i = 0; i < n && i < expected; i++) {
		uint64_t address = i ? shot.trace[i] : shot.registers.rip;
		const struct c_mapping *m = c_process_mapping(process, address - 1);

		cr_assert_not_null(m);
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

/* ---- why a stack ends ---- */

struct unwound {
	struct c_frame frames[C_UNWIND_MAX];
	size_t n;
	enum c_end end;
	uint64_t go_ret;
	struct c_files *files;
	struct c_process *process;
};

static void begin(struct unwound *u)
{
	struct error err = ERROR_INIT;

	*u = (struct unwound){.files = c_files_new()};
	cr_assert_eq(c_process_new(&u->process, getpid(), u->files, &err), 0, "%s", err.text);
}

static void finish(struct unwound *u)
{
	c_process_free(u->process);
	c_files_free(u->files);
}

static void again(struct unwound *u, const struct c_registers *registers, const struct c_copy *pages, size_t n_pages)
{
	u->n = c_unwind(u->process, registers, pages, n_pages, NULL, 0, u->frames, C_UNWIND_MAX, &u->end, &u->go_ret);
}

static uint64_t interrupted_at;
static size_t n_pages_of_signal;

static void on_other_stack(int number)
{
	(void)number;
	take();
	n_pages_of_signal = shot.n_pages;
	copy_pages(interrupted_at - 8192, stack_end());
}

Test(c_unwind, a_signal_on_a_stack_of_its_own)
{
	struct sigaction action = {.sa_handler = on_other_stack, .sa_flags = SA_ONSTACK};
	stack_t stack = {.ss_size = 65536, .ss_sp = malloc(65536)};
	struct unwound u;

	interrupted_at = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	compare(C_END_OUTERMOST);
	begin(&u);
	again(&u, &shot.registers, shot.pages, n_pages_of_signal);
	cr_expect_eq(u.end, C_END_COPY, "%s", c_end_text(u.end));
	cr_expect_gt(u.n, 2);
	cr_expect_lt(u.n, shot.n_trace);
	finish(&u);
}

Test(c_unwind, go_above_c)
{
	struct unwound u;
	uint64_t go;

	down(5, 3);
	begin(&u);
	cr_assert_gt(shot.n_trace, 4);
	/* One that is there once. */
	go = shot.trace[shot.n_trace - 2];
	u.n = c_unwind(u.process, &shot.registers, shot.pages, shot.n_pages, &(struct c_range){go, go + 1}, 1, u.frames,
		       C_UNWIND_MAX, &u.end, &u.go_ret);
	cr_expect_eq(u.end, C_END_GO, "%s", c_end_text(u.end));
	cr_expect_eq(u.n, shot.n_trace - 2);
	cr_expect_eq(u.go_ret, go);
	/* The end of the range is not in it. */
	u.n = c_unwind(u.process, &shot.registers, shot.pages, shot.n_pages, &(struct c_range){go - 1, go}, 1, u.frames,
		       C_UNWIND_MAX, &u.end, &u.go_ret);
	cr_expect_eq(u.end, C_END_OUTERMOST, "%s", c_end_text(u.end));
	cr_expect_eq(u.n, shot.n_trace);
	finish(&u);
}

Test(c_unwind, more_stack_than_was_copied)
{
	struct unwound u;
	size_t all;

	array_5000(0, 1);
	begin(&u);
	again(&u, &shot.registers, shot.pages, shot.n_pages);
	cr_assert_eq(u.end, C_END_OUTERMOST, "%s", c_end_text(u.end));
	all = u.n;
	again(&u, &shot.registers, shot.pages, 1);
	cr_expect_eq(u.end, C_END_COPY, "%s", c_end_text(u.end));
	cr_expect_gt(u.n, 0);
	cr_expect_lt(u.n, all);
	again(&u, &shot.registers, shot.pages, 0);
	cr_expect_eq(u.end, C_END_COPY, "%s", c_end_text(u.end));
	cr_expect_eq(u.n, 1, "where it is, is known");
	finish(&u);
}

Test(c_unwind, no_more_frames_than_are_asked_for)
{
	struct unwound u;

	down(5, 3);
	begin(&u);
	u.n = c_unwind(u.process, &shot.registers, shot.pages, shot.n_pages, NULL, 0, u.frames, 3, &u.end, &u.go_ret);
	cr_expect_eq(u.end, C_END_DEEP, "%s", c_end_text(u.end));
	cr_expect_eq(u.n, 3);
	finish(&u);
}

/* sub $8,%rsp; call *%rdi; add $8,%rsp; ret */
static const uint8_t caller_code[] = {0x48, 0x83, 0xec, 0x08, 0xff, 0xd7, 0x48, 0x83, 0xc4, 0x08, 0xc3};

Test(c_unwind, code_without_a_file)
{
	uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*call)(void (*)(void));
	struct unwound u;

	cr_assert(code != MAP_FAILED);
	memcpy(code, caller_code, sizeof(caller_code));
	memcpy(&call, &code, sizeof(call));
	call(take);
	begin(&u);
	again(&u, &shot.registers, shot.pages, shot.n_pages);
	cr_expect_eq(u.end, C_END_NO_FILE, "%s", c_end_text(u.end));
	cr_expect_eq(u.n, 1);
	finish(&u);
}

Test(c_unwind, code_of_a_file_that_is_no_program)
{
	int fd = memfd_create("code", 0);
	void (*call)(void (*)(void));
	struct unwound u;
	uint8_t *code;

	cr_assert_eq(write(fd, caller_code, sizeof(caller_code)), (ssize_t)sizeof(caller_code));
	code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	cr_assert(code != MAP_FAILED);
	memcpy(&call, &code, sizeof(call));
	call(take);
	begin(&u);
	again(&u, &shot.registers, shot.pages, shot.n_pages);
	cr_expect_eq(u.end, C_END_NO_TABLE, "%s", c_end_text(u.end));
	cr_expect_eq(u.n, 2, "%zu", u.n);
	cr_expect_str_eq(c_files_path(u.files, u.frames[1].file), "/memfd:code");
	cr_expect_eq(u.frames[1].ret, 6);
	finish(&u);
}

/*
 * Code that never runs, whose tables say what they should not. libunwind would take some of it for an index, divide by
 * zero, or not come to an end.
 */
#define ODD(name, cfi)                                                                                                 \
	__asm__("	.text\n"                                                                                             \
		"	.globl	" #name "\n"                                                                           \
		"	.hidden	" #name "\n" #name ":\n"                                                               \
		"	.cfi_startproc\n" cfi "	nop\n"                                                                 \
		"	nop\n"                                                                                               \
		"	nop\n"                                                                                               \
		"	nop\n"                                                                                               \
		"	.cfi_endproc\n");                                                                              \
	extern const char name[]

ODD(odd_column, "	.cfi_return_column 200\n");
ODD(odd_register, "	.cfi_escape 0x09, 0x03, 0xff, 0xff, 0x03\n");
ODD(odd_frame_register, "	.cfi_escape 0x0d, 0xff, 0x7f\n");
ODD(odd_loop, "	.cfi_escape 0x0f, 3, 0x2f, 0xfd, 0xff\n");
ODD(odd_division, "	.cfi_escape 0x0f, 3, 0x31, 0x30, 0x1b\n");
ODD(odd_pick, "	.cfi_escape 0x0f, 2, 0x15, 0xff\n");
ODD(odd_register_number, "	.cfi_escape 0x0f, 1, 0x5f\n");
ODD(odd_restore, "	.cfi_escape 0x0b\n");
ODD(odd_remember, "	.rept 100\n	.cfi_escape 0x0a\n	.endr\n");
ODD(odd_underflow, "	.cfi_escape 0x0f, 3, 0x22, 0x22, 0x22\n");
ODD(odd_lost_register, "	.cfi_def_cfa r10, 8\n");
/* These bytes are nothing yet: an expression for a register of no use. A linker reads them too. */
#define TO_CHANGE "\x10\x20\x09\x96\x08\x55\x08\x56\x08\x57\x08\x58"
ODD(odd_later, "	.cfi_escape 0x10, 0x20, 0x09, 0x96, 0x08, 0x55, 0x08, 0x56, 0x08, 0x57, 0x08, 0x58\n");
/* The frame is where rbp says, as it was saved. */
ODD(by_rbp, "	.cfi_def_cfa rbp, 16\n	.cfi_offset rbp, -16\n");
/* Where the frame is, is not said, or too late. */
__asm__("	.text\n"
	"odd_frame:\n"
	"	.cfi_startproc simple\n"
	"	nop\n"
	"	nop\n"
	"	.cfi_endproc\n"
	"odd_late_frame:\n"
	"	.cfi_startproc simple\n"
	"	nop\n"
	"	nop\n"
	"	.cfi_def_cfa rsp, 8\n"
	"	nop\n"
	"	.cfi_endproc\n");
extern const char odd_frame[] __attribute__((visibility("hidden")));
extern const char odd_late_frame[] __attribute__((visibility("hidden")));
/* Right, if unusual: registers that are of no use, and one that is what the frame is. */
ODD(with_vectors, "	.cfi_offset xmm6, -64\n	.cfi_undefined xmm7\n	.cfi_escape 0x14, 3, 0\n"
		  "	.cfi_def_cfa_offset 24\n");

static uint8_t page_bytes[2 * 4096];
#define PAGES_AT 0x10000000ull
static const struct c_copy made_pages[] = {{PAGES_AT + 4096, page_bytes + 4096, 4096}, {PAGES_AT, page_bytes, 4096}};

static void set_word(uint64_t address, uint64_t value)
{
	memcpy(&page_bytes[address - PAGES_AT], &value, sizeof(value));
}

Test(c_unwind, tables_that_say_what_they_should_not)
{
	static const struct {
		const char *what, *code;
	} cases[] = {
		{"column", odd_column},
		{"register", odd_register},
		{"frame register", odd_frame_register},
		{"loop", odd_loop},
		{"division", odd_division},
		{"pick", odd_pick},
		{"register number", odd_register_number},
		{"restore", odd_restore},
		{"remember", odd_remember},
		{"underflow", odd_underflow},
		{"lost register", odd_lost_register},
		{"frame", odd_frame},
		{"late frame", odd_late_frame},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct c_registers registers = {.rip = (uint64_t)(uintptr_t)cases[i].code + 2, .rsp = PAGES_AT + 64};
		struct unwound u;

		begin(&u);
		again(&u, &registers, made_pages, 2);
		cr_expect_eq(u.end, C_END_BAD_TABLE, "%s: %s", cases[i].what, c_end_text(u.end));
		cr_expect_eq(u.n, 1, "%s", cases[i].what);
		finish(&u);
	}
}

Test(c_unwind, registers_that_are_of_no_use)
{
	struct c_registers registers = {.rip = (uint64_t)(uintptr_t)with_vectors + 2, .rsp = PAGES_AT + 64};
	struct unwound u;

	set_word(PAGES_AT + 80, (uint64_t)(uintptr_t)by_rbp + 2);
	begin(&u);
	again(&u, &registers, made_pages, 2);
	cr_expect_eq(u.n, 2, "%zu", u.n);
	/* Its rbp is 0. */
	cr_expect_eq(u.end, C_END_COPY, "%s", c_end_text(u.end));
	finish(&u);
}

/* Between functions that have them. */
__asm__("	.text\n"
	"without_tables:\n"
	"	nop\n"
	"	nop\n"
	"	nop\n");
extern const char without_tables[] __attribute__((visibility("hidden")));

Test(c_unwind, code_that_the_tables_do_not_know)
{
	struct c_registers registers = {.rip = (uint64_t)(uintptr_t)without_tables + 2, .rsp = PAGES_AT + 64};
	struct unwound u;

	begin(&u);
	again(&u, &registers, made_pages, 2);
	cr_expect_eq(u.end, C_END_NO_TABLE, "%s", c_end_text(u.end));
	cr_expect_eq(u.n, 1);
	finish(&u);
}

Test(c_unwind, a_cycle)
{
	uint64_t code = (uint64_t)(uintptr_t)by_rbp;
	struct c_registers registers = {.rip = code + 2, .rsp = PAGES_AT, .rbp = PAGES_AT + 128};
	struct unwound u;

	/* Its own caller. */
	set_word(PAGES_AT + 128, PAGES_AT + 128);
	set_word(PAGES_AT + 136, code + 2);
	begin(&u);
	again(&u, &registers, made_pages, 2);
	cr_expect_eq(u.end, C_END_LOOP, "%s", c_end_text(u.end));
	cr_expect_leq(u.n, 2);
	/* Two that call each other. */
	set_word(PAGES_AT + 128, PAGES_AT + 256);
	set_word(PAGES_AT + 136, code + 3);
	set_word(PAGES_AT + 256, PAGES_AT + 128);
	set_word(PAGES_AT + 264, code + 2);
	again(&u, &registers, made_pages, 2);
	cr_expect_eq(u.end, C_END_LOOP, "%s", c_end_text(u.end));
	cr_expect_leq(u.n, 4, "%zu", u.n);
	finish(&u);
}

Test(c_unwind, as_deep_as_it_goes)
{
	uint64_t code = (uint64_t)(uintptr_t)by_rbp;
	/* Over the border of the pages, and once across it. */
	struct c_registers registers = {.rip = code + 2, .rsp = PAGES_AT, .rbp = PAGES_AT + 60};
	struct unwound u;

	for (uint64_t at = registers.rbp; at + 16 + 112 < PAGES_AT + 2ull * 4096; at += 112) {
		set_word(at, at + 112);
		set_word(at + 8, code + 2);
	}
	begin(&u);
	again(&u, &registers, made_pages, 2);
	cr_expect_eq(u.end, C_END_DEEP, "%s", c_end_text(u.end));
	cr_expect_eq(u.n, C_UNWIND_MAX);
	/* A thread's start, marked by no return address. */
	set_word(registers.rbp + 40 * 112 + 8, 0);
	again(&u, &registers, made_pages, 2);
	cr_expect_eq(u.end, C_END_OUTERMOST, "%s", c_end_text(u.end));
	cr_expect_eq(u.n, 41, "%zu", u.n);
	finish(&u);
}

/* A stack where code was when the map was read. */
Test(c_unwind, a_stack_that_took_the_place_of_a_file)
{
	uint64_t code = (uint64_t)(uintptr_t)by_rbp;
	struct c_registers registers = {.rip = code + 2, .rsp = PAGES_AT, .rbp = PAGES_AT + 128};
	struct unwound u;

	set_word(PAGES_AT + 136, PAGES_AT + 8);
	begin(&u);
	c_process_add_mapping(u.process, PAGES_AT, PAGES_AT + 4 * 4096, 0, -1, "/was.so");
	again(&u, &registers, made_pages, 2);
	cr_expect_eq(u.n, 1);
	cr_expect_eq(u.end, C_END_NO_FILE, "%s", c_end_text(u.end));
	cr_expect_not_null(c_process_mapping(u.process, PAGES_AT + 2ull * 4096));
	finish(&u);
}

Test(c_unwind, registers_out_of_nowhere)
{
	static const uint64_t odd[] = {1, 4095, 0x7ffffffff000, 0x800000000000, UINT64_MAX, UINT64_MAX - 4};
	struct c_registers registers = {.rip = 0};
	struct unwound u;

	begin(&u);
	again(&u, &registers, made_pages, 2);
	cr_expect_eq(u.end, C_END_OUTERMOST);
	cr_expect_eq(u.n, 0);
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		registers = (struct c_registers){.rip = odd[i], .rsp = odd[i], .rbp = odd[i]};
		again(&u, &registers, made_pages, 2);
		cr_expect_eq(u.end, C_END_NO_FILE, "%s", c_end_text(u.end));
		cr_expect_eq(u.n, 0);
		registers.rip = (uint64_t)(uintptr_t)by_rbp + 2;
		again(&u, &registers, made_pages, 2);
		cr_expect_eq(u.end, C_END_COPY, "%s", c_end_text(u.end));
		cr_expect_eq(u.n, 1);
	}
	finish(&u);
}

Test(c_unwind, code_of_the_kernel_in_every_process)
{
	struct c_registers registers = {.rsp = PAGES_AT + 64};
	struct unwound u;
	void *vdso = dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD);
	void *code = vdso ? dlsym(vdso, "__vdso_clock_gettime") : NULL;

	if (!code)
		cr_skip_test("no vDSO");
	/* At its first instruction: the return address is on top. */
	registers.rip = (uint64_t)(uintptr_t)code + 1;
	set_word(PAGES_AT + 64, (uint64_t)(uintptr_t)by_rbp + 2);
	begin(&u);
	again(&u, &registers, made_pages, 2);
	cr_assert_eq(u.n, 2, "%zu, %s", u.n, c_end_text(u.end));
	cr_expect_str_eq(c_files_path(u.files, u.frames[0].file), "[vdso]");
	finish(&u);
}

/* ---- files with other tables than this program has, in its place ---- */

struct copy {
	uint8_t *bytes;
	size_t size;
	Elf64_Ehdr *header;
	uint8_t *eh_frame, *eh_frame_hdr;
	size_t eh_frame_hdr_size;
};

static void copy_program(struct copy *copy)
{
	struct strbuf text = STRBUF_INIT;
	const Elf64_Phdr *phdr;
	int32_t to_frame;

	cr_assert_eq(strbuf_read_file(&text, "/proc/self/exe", 0), 0);
	*copy = (struct copy){.size = text.len, .bytes = (uint8_t *)text.buf, .header = (Elf64_Ehdr *)text.buf};
	phdr = (const Elf64_Phdr *)(copy->bytes + copy->header->e_phoff);
	for (int i = 0; i < copy->header->e_phnum; i++) {
		if (phdr[i].p_type == PT_GNU_EH_FRAME) {
			copy->eh_frame_hdr = copy->bytes + phdr[i].p_offset;
			copy->eh_frame_hdr_size = phdr[i].p_filesz;
		}
	}
	cr_assert_not_null(copy->eh_frame_hdr);
	/* Both are in one segment. */
	memcpy(&to_frame, copy->eh_frame_hdr + 4, 4);
	copy->eh_frame = copy->eh_frame_hdr + 4 + to_frame;
}

/* Frees the copy. */
static void unwind_in(struct copy *copy, const struct c_registers *registers, const struct c_copy *pages,
		      size_t n_pages, size_t *n, enum c_end *end)
{
	int fd = memfd_create("copy", 0);
	char path[PATH_MAX] = "";
	struct unwound u;
	struct maps maps;
	struct error err = ERROR_INIT;
	int maps_fd = address_space_open(getpid());

	cr_assert_eq(write(fd, copy->bytes, copy->size), (ssize_t)copy->size);
	cr_assert_gt(readlink("/proc/self/exe", path, sizeof(path) - 1), 0);
	begin(&u);
	cr_assert_eq(maps_read_fd(&maps, maps_fd, &err), 0);
	for (size_t i = 0; i < maps.n; i++) {
		const struct map_entry *m = &maps.items[i];

		if (m->executable && strcmp(m->path, path) == 0)
			c_process_add_mapping(u.process, m->start, m->end, m->offset, fd, "/copy");
	}
	again(&u, registers, pages, n_pages);
	cr_assert_gt(u.n, 0);
	cr_expect_str_eq(c_files_path(u.files, u.frames[0].file), "/copy");
	*n = u.n;
	*end = u.end;
	maps_release(&maps);
	close(maps_fd);
	close(fd);
	finish(&u);
	free(copy->bytes);
}

/* Calls do for each record of .eh_frame. */
static void each_record(struct copy *copy, void (*change)(uint8_t *record, uint32_t size))
{
	uint32_t size;

	for (uint8_t *at = copy->eh_frame;; at += 4 + size) {
		memcpy(&size, at, 4);
		if (size == 0)
			break;
		change(at, size);
	}
}

static void other_version(uint8_t *record, uint32_t size)
{
	static const uint8_t none[4];

	(void)size;
	if (memcmp(record + 4, none, 4) == 0)
		record[8] = 77;
}

static void far_cie(uint8_t *record, uint32_t size)
{
	(void)size;
	memset(record + 4, 0x7f, 4);
}

static void too_long(uint8_t *record, uint32_t size)
{
	(void)size;
	memset(record, 0xf0, 4);
}

static void all_ones(uint8_t *record, uint32_t size)
{
	memset(record + 4, 0xff, size);
}

Test(c_unwind, tables_of_a_damaged_file)
{
	static void (*const changes[])(uint8_t *, uint32_t) = {other_version, far_cie, all_ones};
	struct copy copy;
	enum c_end end;
	size_t n, all;

	down(3, 5);
	all = shot.n_trace;
	copy_program(&copy);
	unwind_in(&copy, &shot.registers, shot.pages, shot.n_pages, &n, &end);
	cr_expect_eq(end, C_END_OUTERMOST, "%s", c_end_text(end));
	cr_expect_eq(n, all, "the copy is as good as the program");

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		copy_program(&copy);
		each_record(&copy, changes[i]);
		unwind_in(&copy, &shot.registers, shot.pages, shot.n_pages, &n, &end);
		cr_expect_eq(end, C_END_BAD_TABLE, "%zu: %s", i, c_end_text(end));
		cr_expect_eq(n, 1);
	}
	/* One record tells where the next is: the first only. */
	copy_program(&copy);
	too_long(copy.eh_frame, 0);
	unwind_in(&copy, &shot.registers, shot.pages, shot.n_pages, &n, &end);
	cr_expect(end == C_END_BAD_TABLE || end == C_END_OUTERMOST, "%s", c_end_text(end));

	copy_program(&copy);
	for (size_t at = 12; at + 8 <= copy.eh_frame_hdr_size; at += 8)
		memset(copy.eh_frame_hdr + at + 4, 0x7f, 4);
	unwind_in(&copy, &shot.registers, shot.pages, shot.n_pages, &n, &end);
	cr_expect_eq(end, C_END_BAD_TABLE, "%s", c_end_text(end));

	/* Of each function, what is said of the first. */
	copy_program(&copy);
	for (size_t at = 20; at + 8 <= copy.eh_frame_hdr_size; at += 8)
		memcpy(copy.eh_frame_hdr + at + 4, copy.eh_frame_hdr + 16, 4);
	unwind_in(&copy, &shot.registers, shot.pages, shot.n_pages, &n, &end);
	cr_expect_eq(end, C_END_BAD_TABLE, "%s", c_end_text(end));

	/* More functions than there are: what is there is found. */
	copy_program(&copy);
	memset(copy.eh_frame_hdr + 8, 0xff, 4);
	unwind_in(&copy, &shot.registers, shot.pages, shot.n_pages, &n, &end);
	cr_expect_eq(end, C_END_OUTERMOST, "%s", c_end_text(end));
	cr_expect_eq(n, all);
}

Test(c_unwind, instructions_that_no_linker_lets_pass)
{
	static const struct {
		const char *bytes;
		size_t n;
		enum c_end end;
	} cases[] = {
		{"", 0, C_END_COPY},						       /* all nops */
		{"\x1f\x00", 2, C_END_BAD_TABLE},				       /* none that there is */
		{"\x3f", 1, C_END_BAD_TABLE},					       /* nor this */
		{"\x01\x01\x02\x03\x04", 5, C_END_BAD_TABLE},			       /* to another place */
		{"\x0f\xff\xff\x03", 4, C_END_BAD_TABLE},			       /* an expression of 64 KiB */
		{"\x0f\x00", 2, C_END_BAD_TABLE},				       /* and of none */
		{"\x0f\x02\x77\xff", 4, C_END_BAD_TABLE},			       /* a number without an end */
		{"\x16\x10\x02\x08\x00", 5, C_END_OUTERMOST},			       /* the return address is 0 */
		{"\x07\x10", 2, C_END_OUTERMOST},				       /* and undefined */
		{"\x0e\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, C_END_OUTERMOST}, /* a byte below, where 0 is */
	};
	struct c_registers registers = {.rip = (uint64_t)(uintptr_t)odd_later + 2, .rsp = PAGES_AT + 64};

	/* The caller's frame is by rbp, which is 0. */
	set_word(PAGES_AT + 64, (uint64_t)(uintptr_t)by_rbp + 2);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct copy copy;
		enum c_end end;
		uint8_t *at;
		size_t n;

		copy_program(&copy);
		at = memmem(copy.eh_frame, copy.size - (size_t)(copy.eh_frame - copy.bytes), TO_CHANGE,
			    sizeof(TO_CHANGE) - 1);
		cr_assert_not_null(at);
		memset(at, 0, sizeof(TO_CHANGE) - 1);
		memcpy(at, cases[i].bytes, cases[i].n);
		unwind_in(&copy, &registers, made_pages, 2, &n, &end);
		cr_expect_eq(end, cases[i].end, "%zu: %s", i, c_end_text(end));
	}
}

Test(c_unwind, a_file_without_a_sorted_table)
{
	struct copy copy;
	enum c_end end;
	size_t n;

	down(3, 5);
	copy_program(&copy);
	copy.eh_frame_hdr[3] = 0xff; /* omitted */
	unwind_in(&copy, &shot.registers, shot.pages, shot.n_pages, &n, &end);
	cr_expect_eq(end, C_END_OUTERMOST, "%s", c_end_text(end));
	cr_expect_eq(n, shot.n_trace, "from the section");

	copy_program(&copy);
	copy.eh_frame_hdr[3] = 0xff;
	copy.header->e_shoff = 0;
	copy.header->e_shnum = 0;
	copy.header->e_shstrndx = 0;
	unwind_in(&copy, &shot.registers, shot.pages, shot.n_pages, &n, &end);
	cr_expect_eq(end, C_END_NO_TABLE, "%s", c_end_text(end));
	cr_expect_eq(n, 1);

	/* Stripped to the bone: a segment is enough. */
	copy_program(&copy);
	copy.header->e_shoff = 0;
	copy.header->e_shnum = 0;
	copy.header->e_shstrndx = 0;
	unwind_in(&copy, &shot.registers, shot.pages, shot.n_pages, &n, &end);
	cr_expect_eq(end, C_END_OUTERMOST, "%s", c_end_text(end));
	cr_expect_eq(n, shot.n_trace);
}

/* Addresses that are not offsets: all is said of 2 MiB above. */
Test(c_unwind, a_file_that_is_linked_for_another_place)
{
	struct copy copy;
	Elf64_Phdr *phdr;
	enum c_end end;
	size_t n;

	down(3, 5);
	copy_program(&copy);
	phdr = (Elf64_Phdr *)(copy.bytes + copy.header->e_phoff);
	for (int i = 0; i < copy.header->e_phnum; i++)
		phdr[i].p_vaddr += 0x200000;
	unwind_in(&copy, &shot.registers, shot.pages, shot.n_pages, &n, &end);
	cr_expect_eq(end, C_END_OUTERMOST, "%s", c_end_text(end));
	cr_expect_eq(n, shot.n_trace);
}

Test(c_unwind, every_end_has_a_reason)
{
	for (int i = C_END_GO; i <= C_END_DEEP; i++) {
		cr_expect_str_neq(c_end_text((enum c_end)i), "unknown");
		for (int j = C_END_GO; j < i; j++)
			cr_expect_str_neq(c_end_text((enum c_end)i), c_end_text((enum c_end)j));
	}
}
