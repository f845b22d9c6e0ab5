/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any file as one that a process has mapped, and any stack: libunwind gets what passes. The first bytes say what
 * registers and stack hold, in the words of a stack: code, other places in it, numbers. The rest is the file.
 */
#include "unwind/c_unwind.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unwind/c_process_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAGE	 4096
#define PREFIX	 128
#define WORDS	 (2 * PAGE / 8)
#define CODE_AT	 0x550000000000ull
#define STACK_AT 0x7ffe00000000ull

static uint64_t words[WORDS];
static volatile uint64_t sum;

static uint64_t word(const uint8_t *data, size_t i)
{
	uint16_t v;

	memcpy(&v, data + i * 2 % PREFIX, sizeof(v));
	switch (v & 3) {
	case 0:
		return v >> 2;
	case 1:
		return CODE_AT + (v >> 2);
	case 2:
		return STACK_AT + (v >> 2);
	default:
		return (uint64_t)v << 48 | v;
	}
}

static void check(size_t n, enum c_end end, const struct c_frame *frames)
{
	if (n > C_UNWIND_MAX || end > C_END_DEEP || strcmp(c_end_text(end), "unknown") == 0)
		abort();
	for (size_t i = 0; i < n; i++) {
		if (frames[i].file != 0)
			abort();
		sum += frames[i].ret;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct c_copy pages[2] = {{STACK_AT, (const uint8_t *)words, PAGE},
				  {STACK_AT + PAGE, (const uint8_t *)words + PAGE, PAGE}};
	struct c_frame frames[C_UNWIND_MAX];
	struct error err = ERROR_INIT;
	struct c_range go = {0, 0};
	struct c_registers registers;
	struct c_process *process;
	struct cfi_table *table;
	struct c_files *files;
	enum c_end end;
	uint64_t go_ret;
	size_t n;
	int fd;

	if (size <= PREFIX)
		return 0;
	if (data[0] == 77)
		go.end = CODE_AT + 0x400;
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data + PREFIX, size - PREFIX) != (ssize_t)(size - PREFIX))
		abort();
	files = c_files_new();
	/* Of no process: there is none of this number. */
	if (c_process_new(&process, -1, files, &err))
		abort();
	c_process_add_mapping(process, CODE_AT, CODE_AT + 0x10000, 0, fd, "/fuzz");
	close(fd);
	for (size_t i = 0; i < WORDS; i++)
		words[i] = word(data, i);
	memcpy(&registers, words, sizeof(registers));
	for (uint64_t code = 0; code < 64; code++) {
		if (code)
			registers.rip = CODE_AT + (size - PREFIX) / 64 * code + data[3] % 16;
		registers.rsp = STACK_AT + data[2] * 8ull;
		n = c_unwind(process, &registers, pages, 2, &go, 1, frames, C_UNWIND_MAX, &end, &go_ret);
		check(n, end, frames);
		/* The same again, from what is kept. */
		if (c_unwind(process, &registers, pages, 2, &go, 1, frames, C_UNWIND_MAX, &end, &go_ret) != n)
			abort();
	}
	table = c_process_table(process, 0);
	for (elf_vaddr at = 0; table && at < size - PREFIX; at += 16) {
		struct cfi_entry *entry;

		if (cfi_table_find(table, at, &entry) == CFI_FOUND) {
			if (at < entry->start || at - entry->start >= entry->range || entry->size % 8 ||
			    entry->fde >= entry->size || entry->start_at + 8 > entry->size)
				abort();
			for (size_t i = 0; i < entry->size; i++)
				sum += entry->bytes[i];
		}
	}
	c_process_free(process);
	c_files_free(files);
	error_release(&err);
	return 0;
}
