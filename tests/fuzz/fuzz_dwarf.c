/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an ELF file with DWARF. Whatever is accepted is asked about addresses all over its code; what it answers
 * must be whole: readable strings, a physical function at the end of each chain, inlined calls before it.
 *
 * The seeds in corpus/dwarf are this C file, compiled by gcc 12 without libraries:
 *
 *     inline __attribute__((always_inline)) int deep(int *p) { return *p + 1; }
 *     inline __attribute__((always_inline)) int mid(int *p) { int r = deep(p); return r > 3 ? deep(&r) : r; }
 *     __attribute__((noinline)) int work(int n) { int moved_x = n; { int moved_y = mid(&moved_x); return moved_y; } }
 *     void _start(void) { __asm__ volatile("" ::"r"(work(4))); for (;;) ; }
 *
 *     c4: -gdwarf-4 -O1    c5: -gdwarf-5 -O1    gz: c5 with -gz    go5: c5 through -S, where moved_x and moved_y
 *     became "&x" and "&y", the language DW_LANG_Go (22) and the directory "."
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbolize/symbolizer_dwarf.h"

#define FRAMES_MAX    64
#define VARIABLES_MAX 8
#define ADDRESSES     128 /* of each segment */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_dwarf: %s\n", what);
		abort();
	}
}

static volatile size_t all_lengths;

static void ask(struct symbolizer *sym, elf_vaddr pc)
{
	struct sym_frame frames[FRAMES_MAX];
	struct sym_moved_variable vars[VARIABLES_MAX];
	struct sym_captured captured[VARIABLES_MAX];
	size_t n = symbolizer_frames_at(sym, pc, frames, FRAMES_MAX);

	check(n <= FRAMES_MAX, "more frames than asked for");
	for (size_t i = 0; i < n; i++) {
		check(frames[i].function && *frames[i].function, "a frame without a function");
		check(frames[i].entry == frames[0].entry, "one chain, two functions");
		check(frames[i].inlined == (i + 1 < n) || n == FRAMES_MAX,
		      "an inlined call without the function around it");
		check(frames[i].line >= 0 && frames[i].start_line >= 0, "a line below zero");
		all_lengths += strlen(frames[i].function) + (frames[i].file ? strlen(frames[i].file) : 0);
	}
	if (n == 0)
		return;
	n = symbolizer_captured(sym, frames[0].entry, captured, VARIABLES_MAX);
	check(n <= VARIABLES_MAX, "more captured variables than asked for");
	for (size_t i = 0; i < n; i++)
		all_lengths += strlen(captured[i].name);
	n = symbolizer_moved_variables(sym, frames[0].entry, vars, VARIABLES_MAX);
	check(n <= VARIABLES_MAX, "more variables than asked for");
	for (size_t i = 0; i < n; i++)
		all_lengths += strlen(vars[i].name);
}

/* Every address of a stretch may be where a call returns to. */
static void ask_makers(struct symbolizer *sym, elf_vaddr start, size_t n)
{
	elf_vaddr rets[ADDRESSES];
	struct sym_moved_variable vars[ADDRESSES];

	for (size_t i = 0; i < n; i++)
		rets[i] = start + i;
	symbolizer_moved_by(sym, rets, n, vars);
	for (size_t i = 0; i < n; i++)
		all_lengths += vars[i].name ? strlen(vars[i].name) + vars[i].size : 0;
}

static void ask_all(const struct elf_image *image, struct symbolizer *sym)
{
	for (size_t i = 0; i < elf_image_segment_count(image) && i < 8; i++) {
		const struct elf_segment *segment = elf_image_segment(image, i);
		uint64_t step = segment->mem_size / ADDRESSES + 1;

		/* Counted: a segment may have all addresses. */
		for (uint64_t k = 0; k < ADDRESSES && k * step < segment->mem_size; k++)
			ask(sym, segment->vaddr + k * step);
		for (uint64_t at = 0; at < segment->mem_size && at < 4 * ADDRESSES; at += ADDRESSES)
			ask_makers(sym, segment->vaddr + at, ADDRESSES);
	}
	ask(sym, 0);
	ask(sym, UINT64_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct elf_image *image = NULL;
	struct symbolizer *sym = NULL;
	int fd = memfd_create("input", MFD_CLOEXEC);

	check(fd >= 0 && write(fd, data, size) == (ssize_t)size, "no memory file");
	if (elf_image_open_fd(&image, fd, "input", &err) < 0)
		goto out;
	/* An old and a new release, so that both ways to tell captured from moved variables are taken. */
	for (int minor = 19; minor <= 27; minor += 8) {
		if (symbolizer_new_dwarf_image(&sym, image, minor, &err) < 0) {
			check(!sym && err.text && err.code < 0, "an error without a text");
			break;
		}
		ask_all(image, sym);
		symbolizer_free(sym);
	}
out:
	elf_image_free(image);
	error_release(&err);
	close(fd);
	return 0;
}
