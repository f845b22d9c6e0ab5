/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk of the kernel program against one written down here: chains of frame records laid out at random, also over
 * the ends of pages and into pages that cannot be read, and a hit on each with the stack pointer in there.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/memory.h"
#include "probe/attach.h"
#include "probe/kernel.h"
#include "probe/programs.h"
#include "probe/self_target.h"
#include "tests/unit/probe/need_bpf.h"

#include "bpf/alloc.skel.h"

#define PAGE	  4096
#define PAGES	  8
#define WORDS	  (PAGES * PAGE / 8)
#define GO_TEXT	  0x401000
#define ROOTS	  0x410000
#define ROOT_STEP 0x1000
#define ROOT_SIZE 0x100
#define TYPES	  0x500000

/* rdi: stack pointer, rsi: frame pointer, rdx: size, rcx: type. One byte of nop: the kernel runs nothing on the stack.
 */
void walk_hit(uint64_t sp, uint64_t fp, uint64_t size, uint64_t type);
extern const char walk_hit_point[];
__asm__(".pushsection .text\n"
	"	.globl walk_hit, walk_hit_point\n"
	"	.hidden walk_hit, walk_hit_point\n"
	"walk_hit:\n"
	"	push %rbp\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	mov %rsp, %r12\n"
	"	mov %rdi, %rsp\n"
	"	mov %rsi, %rbp\n"
	"	mov %rdx, %rax\n"
	"	mov %rcx, %rbx\n"
	"walk_hit_point:\n"
	"	nop\n"
	"	mov %r12, %rsp\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n"
	"	.popsection\n");

static uint64_t random_state;

static uint64_t random_below(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % n;
}

/* The stack, between two pages that are nobody's. */
static uint64_t *words;
static bool there[PAGES];

static bool readable(uint64_t address, size_t n)
{
	uint64_t first = (address - (uintptr_t)words) / PAGE, last = (address + n - 1 - (uintptr_t)words) / PAGE;

	return first < PAGES && last < PAGES && there[first] && there[last];
}

static void protect_pages(bool all)
{
	for (size_t i = 0; i < PAGES; i++)
		cr_assert_eq(
			mprotect((char *)words + i * PAGE, PAGE, all || there[i] ? PROT_READ | PROT_WRITE : PROT_NONE),
			0);
}

static bool is_root(const struct walk_settings *w, uint64_t pc)
{
	for (int k = 0; k < STACK_ROOTS; k++) {
		if (pc - w->roots[k].start < w->roots[k].size)
			return true;
	}
	return false;
}

/* False if there is nothing to be read, or a frame pointer of Go code is none: what then becomes of a stack is not
 * promised. */
static bool expect_stack(struct stack_record *out, const struct walk_settings *w, uint64_t sp, uint64_t fp,
			 uint64_t bias)
{
	bool in_c = false;

	*out = (struct stack_record){.depth = 1};
	if (!readable(sp, sp % PAGE == PAGE - 8 ? 16 : 8))
		return false;
	out->pcs[0] = *(uint64_t *)(uintptr_t)sp - bias;
	while (out->depth < w->stack_depth) {
		const uint64_t *record = (const uint64_t *)(uintptr_t)fp;
		uint64_t pc;

		if (fp < PAGE)
			return true;
		if (fp % 8)
			return w->go_text_size != 0;
		if (!readable(fp, 16)) {
			out->flags = in_c ? 0 : STACK_FAULT;
			return true;
		}
		if (!record[1])
			return true;
		fp = record[0];
		pc = record[1] - bias;
		in_c = w->go_text_size && pc - w->go_text_start >= w->go_text_size;
		out->pcs[out->depth++] = in_c ? 0 : pc;
		if (!in_c && is_root(w, pc))
			return true;
	}
	out->flags = in_c ? 0 : STACK_TRUNCATED;
	return true;
}

static uint64_t some_pc(uint64_t bias)
{
	switch (random_below(12)) {
	case 0:
		return bias + ROOTS + random_below(3 * ROOT_STEP); /* in a root or between two */
	case 1:
		return bias + 0x700000 + random_below(PAGE); /* not Go's */
	default:
		return bias + 0x420000 + random_below(PAGE);
	}
}

/* A chain from the word at on, whose links mostly lead up. */
static void lay_chain(size_t at, uint64_t bias)
{
	size_t step = random_below(2) ? 8 : 300;

	for (size_t n = random_below(random_below(3) ? 20 : 200); n; n--) {
		size_t next = at + 2 + random_below(step);

		if (random_below(20) == 0)
			next |= PAGE / 8 - 1; /* over the end of a page */
		if (next > WORDS - 2 || random_below(40) == 0)
			next = random_below(WORDS - 1);
		words[at] = random_below(60)  ? (uintptr_t)(words + next)
			    : random_below(2) ? 0
					      : (uintptr_t)(words + WORDS);
		if (random_below(60) == 0)
			words[at] += 1 + random_below(7); /* anything but a frame pointer */
		words[at + 1] = random_below(50) ? some_pc(bias) : 0;
		at = next;
	}
}

struct seen {
	struct stack_record record;
	size_t n;
};

static int on_record(void *ctx, void *data, size_t size)
{
	struct seen *seen = ctx;

	memset(&seen->record, 0, sizeof(seen->record));
	memcpy(&seen->record, data, size < sizeof(seen->record) ? size : sizeof(seen->record));
	cr_expect_eq(size, (STACK_RECORD_BYTES(seen->record.depth) + 7u) / 8 * 8);
	seen->n++;
	return 0;
}

static void walk_random_chains(const struct alloc_settings *settings, int cases)
{
	struct error err = ERROR_INIT;
	struct attachment *attachment;
	struct alloc_bpf *skel;
	struct self_place place;
	struct seen seen;
	uint64_t totals[COUNTER_MAX], hits = 0, bytes = 0;
	struct ring_buffer *ring;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	cr_assert(self_place_of(walk_hit_point, &place));
	cr_assert_eq(alloc_programs_load(&skel, settings, &err), 0, "%s", err.text);
	cr_assert_eq(attachment_new(&attachment, settings->method, skel->progs.on_alloc, skel->maps.counters, fd,
				    getpid(), &place.offset, &place.vaddr, 1, &err),
		     0, "%s", err.text);
	ring = ring_buffer__new(bpf_map__fd(skel->maps.stacks), on_record, &seen, NULL);
	cr_assert_not_null(ring);
	__atomic_store_n(&skel->bss->ended, 0, __ATOMIC_SEQ_CST);
	for (int i = 0; i < cases; i++) {
		size_t top = random_below(4) ? random_below(WORDS - 16) : (1 + random_below(PAGES)) * (PAGE / 8) - 1;
		size_t first = top + random_below(8) < WORDS - 2 ? top + random_below(2) * 6 : 0;
		struct stack_record expected;
		bool promised;

		protect_pages(true);
		for (size_t p = 0; p < PAGES && i % 16 == 0; p++)
			there[p] = random_below(5);
		memset(words, 0, PAGES * PAGE);
		lay_chain(first < WORDS - 2 ? first : 0, place.bias);
		words[top] = some_pc(place.bias);
		promised = expect_stack(&expected, &settings->walk, (uintptr_t)(words + top),
					(uintptr_t)(words + first), place.bias);
		protect_pages(false);
		seen.n = 0;
		walk_hit((uintptr_t)(words + top), (uintptr_t)(words + first), 1 + (uint64_t)i,
			 place.bias + TYPES + (uint64_t)i); /* each an observation of its own: its stack is sent */
		hits++;
		bytes += 1 + (uint64_t)i;
		cr_assert_geq(ring_buffer__consume(ring), 0);
		if (!promised)
			continue;
		cr_expect_eq(seen.n, 1);
		cr_expect_eq(seen.record.depth, expected.depth, "%d: depth %u for %u", i, seen.record.depth,
			     expected.depth);
		cr_expect_eq(seen.record.flags, expected.flags, "%d: flags %u for %u", i, seen.record.flags,
			     expected.flags);
		cr_expect_arr_eq(seen.record.pcs, expected.pcs, expected.depth * sizeof(expected.pcs[0]));
	}
	protect_pages(true);
	memset(totals, 0, sizeof(totals));
	cr_assert_eq(kernel_sum_cpus(bpf_map__fd(skel->maps.counters), COUNTER_MAX, 1, totals, &err), 0);
	cr_assert_eq(kernel_add_scratch(bpf_map__fd(skel->maps.scratch_map), totals, &err), 0);
	cr_expect_eq(totals[COUNTER_HITS], hits);
	cr_expect_eq(totals[COUNTER_BYTES], bytes);
	ring_buffer__free(ring);
	attachment_free(attachment);
	alloc_bpf__destroy(skel);
	close(fd);
}

Test(walk, random_stacks)
{
	static const uint32_t depths[] = {1, 2, 3, 5, 31, 64, 127, 128};
	const char *seed = getenv("SEED");
	int shape = 0;
	char *memory;

	need_bpf();
	random_state = seed ? strtoull(seed, NULL, 0) : (uint64_t)getpid() * 0x9e3779b97f4a7c15;
	cr_log_info("SEED=%#llx", (unsigned long long)random_state);
	memory = mmap(NULL, (PAGES + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(memory, MAP_FAILED);
	words = (uint64_t *)(void *)(memory + PAGE);
	for (size_t i = 0; i < 2 * ARRAY_SIZE(depths); i++, shape++) {
		struct alloc_settings settings;

		alloc_settings_init_default(&settings, attach_method_detect(shape % 3 == 0));
		settings.max_observations = 4096;
		settings.walk.stack_depth = depths[i % ARRAY_SIZE(depths)];
		if (shape & 1) {
			settings.walk.go_text_start = GO_TEXT;
			settings.walk.go_text_size = 0x100000;
		}
		for (uint64_t k = 0; k < STACK_ROOTS && (i >= ARRAY_SIZE(depths)) == (shape / 2 % 2); k++) {
			settings.walk.roots[k].start = ROOTS + k * ROOT_STEP;
			settings.walk.roots[k].size = ROOT_SIZE;
		}
		walk_settings_span_roots(&settings.walk);
		walk_random_chains(&settings, 300);
	}
	munmap(memory, (PAGES + 2) * PAGE);
}
