/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/cfi.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static struct elf_image *open_libc(void)
{
	struct error err = ERROR_INIT;
	struct elf_image *image;
	Dl_info info;

	/* One that no sanitizer takes the place of. */
	cr_assert_neq(dladdr((void *)(uintptr_t)dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &info), 0);
	cr_assert_eq(elf_image_open(&image, info.dli_fname, &err), 0, "%s", err.text);
	return image;
}

static elf_vaddr code_of(const struct elf_image *image, elf_vaddr *end)
{
	for (size_t i = 0; i < elf_image_segment_count(image); i++) {
		const struct elf_segment *segment = elf_image_segment(image, i);

		if (segment->flags & 1) {
			*end = segment->vaddr + segment->file_size;
			return segment->vaddr;
		}
	}
	cr_assert_fail("no code");
	return 0;
}

/* Every function of libc is understood, and the entry is that of the address. */
Test(cfi, all_of_libc)
{
	struct elf_image *image = open_libc();
	struct cfi_table *table = cfi_table_new(image);
	struct cfi_entry *entry;
	size_t n[3] = {0}, signals = 0;
	elf_vaddr at, end;

	for (at = code_of(image, &end); at < end; at += 8) {
		enum cfi_found found = cfi_table_find(table, at, &entry);

		n[found]++;
		if (found != CFI_FOUND)
			continue;
		signals += entry->is_signal;
		if (at < entry->start || at - entry->start >= entry->range)
			cr_expect_fail("%lx is not in [%lx, +%lx)", at, entry->start, entry->range);
	}
	cr_expect_eq(n[CFI_BAD], 0, "%zu", n[CFI_BAD]);
	cr_expect_gt(n[CFI_FOUND], 100000, "%zu", n[CFI_FOUND]);
	cr_expect_lt(n[CFI_NONE], n[CFI_FOUND] / 50, "%zu", n[CFI_NONE]);
	cr_expect_gt(signals, 0);
	cr_expect_eq(cfi_table_find(table, 0, &entry), CFI_NONE);
	cr_expect_eq(cfi_table_find(table, UINT64_MAX, &entry), CFI_NONE);
	cfi_table_free(table);
	elf_image_free(image);
}

/* Whatever is asked for, what is remembered is bounded, and the answers are the same. */
Test(cfi, what_is_remembered_is_bounded)
{
	struct elf_image *image = open_libc();
	struct cfi_table *table = cfi_table_new(image);
	struct cfi_entry *entry;
	elf_vaddr from, at, end, start;
	struct mallinfo2 before = mallinfo2();

	from = code_of(image, &end) + 0x20000;
	cr_assert_eq(cfi_table_find(table, from, &entry), CFI_FOUND);
	start = entry->start;
	for (at = from; at < end; at++)
		cfi_table_find(table, at, &entry);
	cr_expect_lt(mallinfo2().uordblks + mallinfo2().hblkhd - before.uordblks - before.hblkhd, 16u << 20);
	cr_assert_eq(cfi_table_find(table, from, &entry), CFI_FOUND);
	cr_expect_eq(entry->start, start);
	cfi_table_free(table);
	elf_image_free(image);
}

/* A record that says much about itself is not gone through anew for each of the many that name it. */
Test(cfi, long_augmentation_of_many_functions, .timeout = 20)
{
	char folder[] = "/tmp/escaudit-test-cfi-XXXXXX", *command, *path;
	struct error err = ERROR_INIT;
	struct elf_image *image;
	struct cfi_table *table;
	struct cfi_entry *entry;

	cr_assert_not_null(mkdtemp(folder));
	path = xasprintf("%s/many", folder);
	command = xasprintf("printf '.globl _start\n_start: nop\n.section .frames,\"a\"\nc: .long e-b\n"
			    "b: .long 0\n.byte 1,0x7a\n.fill 60000,1,0x42\n.asciz \"R\"\n"
			    ".byte 1,0x78,0x10,1,0x1b,0xc,7,8,0x90,1\n.balign 4\ne:\n"
			    ".rept 600000\n.long 16\n.long .-c\n.long 0x100,0x10,0\n.endr\n.long 0\n' | "
			    "gcc -nostdlib -static -x assembler -Wl,--no-eh-frame-hdr -o %s - 2>/dev/null && "
			    "objcopy --rename-section .frames=.eh_frame %s",
			    path, path);
	cr_assert_eq(system(command), 0);
	cr_assert_eq(elf_image_open(&image, path, &err), 0, "%s", err.text);
	table = cfi_table_new(image);
	cr_expect_eq(cfi_table_find(table, 0x401000, &entry), CFI_NONE);
	cfi_table_free(table);
	elf_image_free(image);
	cr_expect_eq(unlink(path), 0);
	cr_expect_eq(rmdir(folder), 0);
	free(command);
	free(path);
}
