/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a file that a process has mapped, and as its debug file. The answers must be whole, whatever the file
 * says: at least one frame, readable and bounded strings, one physical function at the end of the chain.
 *
 * The seeds in corpus/c_files are small programs of C and C++ without libraries, whole, stripped of DWARF, and stripped
 * of all but .dynsym.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbolize/c_files.h"
#include "symbolize/symbolizer_dwarf.h"
#include "symbolize/symbolizer_symtab.h"

#define FRAMES_MAX 64
#define ADDRESSES  64 /* of each segment */
#define NAME_BYTES 4100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_c_files: %s\n", what);
		abort();
	}
}

static volatile size_t all_lengths;

/* Whole, and of files bounded. */
static void check_frames(const struct sym_frame *frames, size_t n, size_t string_max)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(frames[i].function);
		check(len > 0 && len <= string_max, "a frame without a function, or with too long a name");
		check(!frames[i].file || strlen(frames[i].file) <= string_max, "too long a file name");
		check(frames[i].entry == frames[0].entry, "one chain, two functions");
		check(frames[i].inlined == (i + 1 < n) || n == FRAMES_MAX,
		      "an inlined call without the function around it");
		check(frames[i].line >= 0 && frames[i].start_line >= 0, "a line below zero");
		all_lengths += len + (frames[i].file ? strlen(frames[i].file) : 0);
	}
}

static void ask(struct c_files *files, uint32_t file, elf_vaddr ret)
{
	struct sym_frame frames[FRAMES_MAX];
	size_t n = c_files_frames(files, file, ret, frames, FRAMES_MAX);

	check(n >= 1 && n <= FRAMES_MAX, "no frame, or more than asked for");
	check_frames(frames, n, NAME_BYTES);
}

static void ask_all(struct c_files *files, uint32_t file)
{
	const struct elf_image *image = c_files_image(files, file);

	ask(files, file, 0);
	ask(files, file, UINT64_MAX);
	for (size_t i = 0; image && i < elf_image_segment_count(image) && i < 8; i++) {
		const struct elf_segment *segment = elf_image_segment(image, i);
		uint64_t step = segment->mem_size / ADDRESSES + 1;

		/* Counted: a segment may have all addresses. */
		for (uint64_t k = 0; k < ADDRESSES && k * step < segment->mem_size; k++)
			ask(files, file, segment->vaddr + k * step);
	}
}

/* As a debug file, where less must be there, sharing what another has: itself. */
static void ask_debug_file(int fd)
{
	struct elf_image *image;
	struct symbolizer *sym;
	struct sym_frame frames[FRAMES_MAX];
	uint64_t budget = 64 << 20;

	if (elf_image_open_debug_fd(&image, fd, "input", NULL) < 0)
		return;
	if (symbolizer_new_symtab(&sym, image, NULL) == 0) {
		for (elf_vaddr pc = 0; pc < 0x8000; pc += 0x80)
			check_frames(frames, symbolizer_frames_at(sym, pc, frames, FRAMES_MAX), SIZE_MAX);
		symbolizer_free(sym);
	}
	if (symbolizer_new_dwarf_shared(&sym, image, image, 0, &budget, NULL) == 0) {
		for (elf_vaddr pc = 0; pc < 0x8000; pc += 0x80)
			check_frames(frames, symbolizer_frames_at(sym, pc, frames, FRAMES_MAX), SIZE_MAX);
		symbolizer_free(sym);
	}
	elf_image_free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct c_files *files = c_files_new();
	int fd = memfd_create("input", MFD_CLOEXEC);

	check(fd >= 0 && write(fd, data, size) == (ssize_t)size, "no memory file");
	uint32_t file = c_files_add(files, fd, "/bin/input", "");
	ask_all(files, file);
	ask_debug_file(fd);
	c_files_free(files);
	close(fd);
	return 0;
}
