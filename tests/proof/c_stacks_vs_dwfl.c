/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that c_unwind reads stacks as elfutils does. This program calls itself at random through functions with frames
 * of every kind, callbacks of libraries, signals and threads, copies the stack each time, and has each distinct copy
 * unwound by c_unwind and by libdwfl (dwfl_attach_state, over the same bytes and registers), frame by frame.
 *
 *     c_stacks_vs_dwfl [STACKS [SEED]]
 *     10000 stacks, 206310 frames in 5 files, 1993 with a signal, 2500 in threads: 0 differ; 1.1 us a frame
 *
 * Exit status: 0 all equal, 1 some differ (the first 20 are printed) or there were fewer, 2 libdwfl failed, 64 misuse.
 */
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <jansson.h>
#include <link.h>
#include <pthread.h>
#include <search.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/keymap.h"
#include "base/memory.h"
#include "tests/unit/unwind/registers_here.h"
#include "unwind/c_process_internal.h"
#include "unwind/c_unwind.h"

#define PAGE	  4096
#define MAX_PAGES 64
#define SHOWN_MAX 20

static struct {
	struct c_registers registers;
	uint8_t bytes[MAX_PAGES][PAGE];
	struct c_copy pages[MAX_PAGES];
	size_t n_pages;
} shot;

static __attribute__((noinline)) void take(void)
{
	shot.n_pages = 0;
	registers_here(&shot.registers);
	for (uint64_t at = shot.registers.rsp & ~4095ull; shot.n_pages < MAX_PAGES; at += PAGE) {
		struct iovec ours = {shot.bytes[shot.n_pages], PAGE};
		struct iovec its = {(void *)(uintptr_t)at, PAGE};

		if (process_vm_readv(getpid(), &ours, 1, &its, 1, 0) != PAGE)
			break;
		shot.pages[shot.n_pages] = (struct c_copy){at, shot.bytes[shot.n_pages], PAGE};
		shot.n_pages++;
	}
}

/* ---- functions with frames of many kinds, and callbacks through libraries ---- */

static volatile char sink;

struct request {
	int depth;
	uint64_t seed;
	bool done;
};
static __thread struct request pending;
static bool had_signal;

static void down(int depth, uint64_t seed);

#define NOINLINE __attribute__((noinline))

#define WITH_ARRAY(name, size, how)                                                                                    \
	static NOINLINE how void name(int depth, uint64_t seed)                                                        \
	{                                                                                                              \
		volatile char bytes[size];                                                                             \
                                                                                                                       \
		bytes[seed % (size)] = (char)depth;                                                                    \
		down(depth, seed);                                                                                     \
		sink += bytes[seed % (size)];                                                                          \
	}
WITH_ARRAY(array_8, 8, )
WITH_ARRAY(array_24, 24, )
WITH_ARRAY(array_120, 120, )
WITH_ARRAY(array_136, 136, )
WITH_ARRAY(array_4100, 4100, )
WITH_ARRAY(slow_array, 40, __attribute__((optimize("O0"))))
WITH_ARRAY(small_array, 48, __attribute__((optimize("Os"))))
WITH_ARRAY(fast_array, 200, __attribute__((optimize("O3"))))
WITH_ARRAY(with_pointer, 64, __attribute__((optimize("no-omit-frame-pointer"))))
WITH_ARRAY(with_guard, 56, __attribute__((optimize("stack-protector-all"))))
WITH_ARRAY(realigned, 72, __attribute__((force_align_arg_pointer)))

static NOINLINE void variable(int depth, uint64_t seed)
{
	size_t size = seed % 500 + 1;
	volatile char *bytes = __builtin_alloca(size);

	bytes[size - 1] = (char)depth;
	down(depth, seed);
	sink += bytes[size - 1];
}

static NOINLINE void aligned(int depth, uint64_t seed)
{
	volatile char bytes[256] __attribute__((aligned(128)));

	bytes[seed % 256] = (char)depth;
	down(depth, seed);
	sink += bytes[seed % 256];
}

static NOINLINE void aligned_and_variable(int depth, uint64_t seed)
{
	size_t size = seed % 300 + 1;
	volatile char bytes[64] __attribute__((aligned(64)));
	volatile char *more = __builtin_alloca(size);

	bytes[seed % 64] = more[0] = (char)depth;
	down(depth, seed);
	sink += bytes[seed % 64] + more[0];
}

static NOINLINE void busy(int depth, uint64_t seed)
{
	long a = sink, b = sink, c = sink, d = sink, e = sink, f = sink;

	down(depth, seed);
	sink = (char)(a * 3 + b * 5 + c * 7 + d * 11 + e * 13 + f);
}

static NOINLINE long many_arguments(int depth, uint64_t seed, long a, long b, long c, long d, long e, long f)
{
	down(depth, seed);
	return a + b * c + d * e + f;
}

static void ask(int depth, uint64_t seed)
{
	pending = (struct request){.depth = depth, .seed = seed};
}

static void answer(void)
{
	if (!pending.done) {
		pending.done = true;
		down(pending.depth, pending.seed);
	}
}

static int by_comparison(const void *a, const void *b)
{
	answer();
	return *(const int *)a - *(const int *)b;
}

static int by_comparison_and_argument(const void *a, const void *b, void *arg)
{
	(void)arg;
	return by_comparison(a, b);
}

static NOINLINE void through_qsort(int depth, uint64_t seed)
{
	int items[] = {3, 1, 2, 5, 4};

	ask(depth, seed);
	if (seed & 1)
		qsort(items, ARRAY_SIZE(items), sizeof(*items), by_comparison);
	else
		qsort_r(items, ARRAY_SIZE(items), sizeof(*items), by_comparison_and_argument, NULL);
	sink += (char)items[0];
}

static NOINLINE void through_search(int depth, uint64_t seed)
{
	static const int items[] = {1, 2, 3, 4, 5}, key = 3;
	size_t n = ARRAY_SIZE(items);

	ask(depth, seed);
	sink += seed & 1 ? bsearch(&key, items, n, sizeof(*items), by_comparison) != NULL
			 : lfind(&key, items, &n, sizeof(*items), by_comparison) != NULL;
}

static void by_walk(const void *node, VISIT which, int level)
{
	(void)node;
	(void)which;
	(void)level;
	answer();
}

static NOINLINE void through_tree(int depth, uint64_t seed)
{
	static int items[] = {5, 3, 8, 1, 4};
	void *root = NULL;

	pending.done = true;
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		tsearch(&items[i], &root, by_comparison);
	ask(depth, seed);
	twalk(root, by_walk);
	pending.done = true;
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		tdelete(&items[i], &root, by_comparison);
	sink++;
}

static int by_library(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)info;
	(void)size;
	(void)arg;
	answer();
	return 1;
}

static NOINLINE void through_loader(int depth, uint64_t seed)
{
	ask(depth, seed);
	dl_iterate_phdr(by_library, NULL);
	sink++;
}

static ssize_t by_write(void *cookie, const char *buffer, size_t size)
{
	(void)cookie;
	(void)buffer;
	answer();
	return (ssize_t)size;
}

static NOINLINE void through_stdio(int depth, uint64_t seed)
{
	FILE *f = fopencookie(NULL, "w", (cookie_io_functions_t){.write = by_write});

	ask(depth, seed);
	if (seed & 1)
		setvbuf(f, NULL, _IONBF, 0);
	fprintf(f, "%d %s %f\n", depth, "x", 1.5);
	fclose(f);
	sink++;
}

static int by_dump(const char *buffer, size_t size, void *data)
{
	(void)buffer;
	(void)size;
	(void)data;
	answer();
	return 0;
}

static NOINLINE void through_jansson(int depth, uint64_t seed)
{
	json_t *value = json_pack("{s:[i,i,{s:s}]}", "a", 1, 2, "b", "c");

	ask(depth, seed);
	pending.done = true;
	json_dump_callback(value, by_dump, NULL, JSON_INDENT(2)); /* once, so that nothing is bound on the way */
	pending.done = false;
	json_dump_callback(value, by_dump, NULL, seed & 1 ? JSON_SORT_KEYS : JSON_INDENT(2));
	json_decref(value);
	sink++;
}

static voidpf by_zalloc(voidpf opaque, uInt n, uInt size)
{
	(void)opaque;
	answer();
	return calloc(n, size);
}

static void by_zfree(voidpf opaque, voidpf p)
{
	(void)opaque;
	free(p);
}

static NOINLINE void through_zlib(int depth, uint64_t seed)
{
	z_stream stream = {.zalloc = by_zalloc, .zfree = by_zfree};

	ask(depth, seed);
	if (seed & 1) {
		inflateInit(&stream);
		inflateEnd(&stream);
	} else {
		deflateInit2(&stream, 1, Z_DEFLATED, 9, 1, Z_DEFAULT_STRATEGY);
		deflateEnd(&stream);
	}
	sink++;
}

static void by_signal(int number)
{
	(void)number;
	had_signal = true;
	answer();
}

static NOINLINE void through_signal(int depth, uint64_t seed)
{
	struct sigaction action = {.sa_handler = by_signal, .sa_flags = SA_NODEFER};

	sigaction(SIGUSR1, &action, NULL);
	ask(depth, seed);
	if (seed & 1)
		raise(SIGUSR1);
	else
		pthread_kill(pthread_self(), SIGUSR1);
	sink++;
}

/* A fault is at an instruction that is no call. */
static NOINLINE void through_trap(int depth, uint64_t seed)
{
	struct sigaction action = {.sa_handler = by_signal, .sa_flags = SA_NODEFER};

	sigaction(SIGTRAP, &action, NULL);
	ask(depth, seed);
	__asm__ volatile("int3");
	sink++;
}

static void many(int depth, uint64_t seed)
{
	sink += (char)many_arguments(depth, seed, 1, 2, 3, 4, 5, 6);
}

static void (*const steps[])(int, uint64_t) = {
	array_8,       array_24,
	array_120,     array_136,
	array_4100,    slow_array,
	small_array,   fast_array,
	with_pointer,  with_guard,
	realigned,     variable,
	aligned,       aligned_and_variable,
	busy,	       many,
	through_qsort, through_search,
	through_tree,  through_loader,
	through_stdio, through_jansson,
	through_zlib,  through_signal,
	through_trap,
};

static NOINLINE void down(int depth, uint64_t seed)
{
	uint64_t next = u64_mix(seed, (uint64_t)depth);

	if (depth == 0)
		take();
	else
		steps[(next >> 20) % ARRAY_SIZE(steps)](depth - 1, next);
	sink++;
}

static void *in_thread(void *seed)
{
	uint64_t s = *(uint64_t *)seed;

	down((int)(s >> 8) % 16 & 15, s);
	return NULL;
}

/* ---- elfutils ---- */

struct trace {
	uint64_t pcs[4 * C_UNWIND_MAX];
	size_t n;
};

static bool read_copy(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *arg)
{
	uint8_t bytes[sizeof(*result)];

	(void)dwfl;
	(void)arg;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		size_t page = 0;

		while (page < shot.n_pages && address + i - shot.pages[page].address >= PAGE)
			page++;
		if (page == shot.n_pages)
			return false;
		bytes[i] = shot.pages[page].bytes[address + i - shot.pages[page].address];
	}
	memcpy(result, bytes, sizeof(bytes));
	return true;
}

static pid_t next_thread(Dwfl *dwfl, void *dwfl_arg, void **thread_arg)
{
	(void)dwfl;
	(void)dwfl_arg;
	if (*thread_arg)
		return 0;
	*thread_arg = &shot;
	return getpid();
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *dwfl_arg, void **thread_arg)
{
	(void)dwfl;
	(void)tid;
	(void)dwfl_arg;
	*thread_arg = &shot;
	return true;
}

/* The numbers that DWARF gives the registers. */
static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	const struct c_registers *r = &shot.registers;
	const Dwarf_Word above[] = {r->r12, r->r13, r->r14, r->r15}, frame[] = {r->rbp, r->rsp};

	(void)arg;
	/* Within the call, as c_unwind looks it up. */
	dwfl_thread_state_register_pc(thread, r->rip - 1);
	return dwfl_thread_state_registers(thread, 3, 1, (const Dwarf_Word *)&r->rbx) &&
	       dwfl_thread_state_registers(thread, 6, 2, frame) && dwfl_thread_state_registers(thread, 12, 4, above);
}

static int add_frame(Dwfl_Frame *state, void *arg)
{
	struct trace *trace = arg;
	Dwarf_Addr pc;
	bool is_activation;

	if (!dwfl_frame_pc(state, &pc, &is_activation) || pc == 0 || trace->n == ARRAY_SIZE(trace->pcs))
		return DWARF_CB_ABORT;
	trace->pcs[trace->n++] = pc;
	return DWARF_CB_OK;
}

static int no_debuginfo(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, const char *file,
			const char *link, GElf_Word crc, char **path)
{
	(void)module;
	(void)data;
	(void)name;
	(void)base;
	(void)file;
	(void)link;
	(void)crc;
	(void)path;
	return -1;
}

static Dwfl *attach(void)
{
	static const Dwfl_Callbacks modules = {.find_elf = dwfl_linux_proc_find_elf, .find_debuginfo = no_debuginfo};
	static const Dwfl_Thread_Callbacks threads = {.next_thread = next_thread,
						      .get_thread = get_thread,
						      .memory_read = read_copy,
						      .set_initial_registers = set_registers};
	Dwfl *dwfl = dwfl_begin(&modules);

	if (!dwfl || dwfl_linux_proc_report(dwfl, getpid()) || dwfl_report_end(dwfl, NULL, NULL) ||
	    !dwfl_attach_state(dwfl, NULL, getpid(), &threads, NULL))
		return NULL;
	return dwfl;
}

/* ---- the comparison ---- */

static bool is_signal_return(uint64_t address)
{
	return memcmp((const void *)(uintptr_t)address, "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05", 9) == 0;
}

static bool is_same(struct c_process *process, const struct trace *trace, size_t i, const struct c_frame *frame)
{
	uint64_t pc = trace->pcs[i];
	const struct c_mapping *m;

	/* The first was given one less; one that was interrupted, and what its signal returns to, are not behind a
	 * call. */
	if (i == 0 || is_signal_return(trace->pcs[i - 1]) || is_signal_return(pc))
		pc++;
	m = c_process_mapping(process, pc - 1);
	return m && m->file == frame->file && frame->ret + m->bias == pc;
}

/* Of the stack in shot. */
static bool compare(struct c_process *process, const struct c_frame *frames, size_t n, enum c_end end,
		    const struct trace *trace)
{
	bool ends_alike = end == C_END_DEEP ? trace->n >= n : trace->n == n;

	for (size_t i = 0; i < n && i < trace->n; i++)
		ends_alike = ends_alike && is_same(process, trace, i, &frames[i]);
	return ends_alike && (end == C_END_OUTERMOST || end == C_END_DEEP || end == C_END_COPY);
}

static void show(struct c_process *process, struct c_files *files, const struct c_frame *frames, size_t n,
		 enum c_end end, const struct trace *trace)
{
	fprintf(stderr, "differs: %s; libdwfl: %s\n", c_end_text(end), dwfl_errmsg(-1) ? dwfl_errmsg(-1) : "no error");
	for (size_t i = 0; i < n || i < trace->n; i++) {
		if (i < n)
			fprintf(stderr, "    %s+%#lx", c_files_path(files, frames[i].file), (long)frames[i].ret);
		if (i < trace->n)
			fprintf(stderr, "    %#lx", (long)trace->pcs[i]);
		fprintf(stderr, "%s\n",
			i < n && i < trace->n && is_same(process, trace, i, &frames[i]) ? "" : "    <- differs");
	}
}

/* Our own time: others are at work, too. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	long wanted = argc > 1 ? strtol(argv[1], NULL, 10) : 10000, found = 0, differ = 0, signals = 0, in_threads = 0;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, n_frames = 0, ends[C_END_DEEP + 1] = {0};
	struct keymap seen = KEYMAP_INIT;
	struct c_files *files = c_files_new();
	struct error err = ERROR_INIT;
	struct c_process *process;
	double took = 0;
	Dwfl *dwfl;

	if (argc > 3 || wanted <= 0) {
		fprintf(stderr, "usage: c_stacks_vs_dwfl [STACKS [SEED]]\n");
		return 64;
	}
	dwfl = attach();
	if (!dwfl || c_process_new(&process, getpid(), files, &err)) {
		fprintf(stderr, "c_stacks_vs_dwfl: %s\n", dwfl ? err.text : dwfl_errmsg(-1));
		return 2;
	}
	for (long tries = 0; found < wanted && tries < 20 * wanted; tries++) {
		bool is_thread = tries % 4 == 3, is_new;
		struct keymap_key key = {.words = {0}};
		struct c_frame frames[C_UNWIND_MAX];
		struct trace trace = {.n = 0};
		pthread_t thread;
		enum c_end end;
		uint64_t go_ret;
		double before;
		size_t n;

		seed = u64_mix(seed, (uint64_t)tries);
		had_signal = false;
		if (!is_thread)
			in_thread(&seed);
		else if (pthread_create(&thread, NULL, in_thread, &seed) == 0)
			pthread_join(thread, NULL);
		before = now();
		n = c_unwind(process, &shot.registers, shot.pages, shot.n_pages, NULL, 0, frames, C_UNWIND_MAX, &end,
			     &go_ret);
		took += now() - before;
		for (size_t i = 0; i < n; i++) {
			key.words[0] = u64_mix(key.words[0], frames[i].ret);
			key.words[1] = u64_mix(key.words[1] + frames[i].file, frames[i].ret);
		}
		n_frames += n;
		keymap_at(&seen, key, &is_new);
		if (!is_new)
			continue;
		found++;
		ends[end]++;
		signals += had_signal;
		in_threads += is_thread;
		/* Once it has failed it says so at every end, which is none of a stack's. */
		dwfl_getthread_frames(dwfl, getpid(), add_frame, &trace);
		if (!compare(process, frames, n, end, &trace) && ++differ <= SHOWN_MAX)
			show(process, files, frames, n, end, &trace);
	}
	printf("%ld stacks, %lu frames in %zu files, %ld with a signal, %ld in threads: %ld differ; %.2f us a frame\n",
	       found, (unsigned long)n_frames, c_files_count(files), signals, in_threads, differ,
	       took * 1e6 / (double)n_frames);
	for (int i = 0; i <= C_END_DEEP; i++) {
		if (ends[i])
			printf("    %lu end with %s\n", (unsigned long)ends[i], c_end_text((enum c_end)i));
	}
	keymap_release(&seen);
	c_process_free(process);
	c_files_free(files);
	dwfl_end(dwfl);
	return differ || found < wanted;
}
