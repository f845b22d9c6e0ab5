/* SPDX-License-Identifier: Apache-2.0 */
/* The ELF reader over small files made byte by byte, and over files that change or are no files. */
#include "symbolize/elf_image.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

/*
 * A file of two segments, a dynamic section with four relocations, notes and seven sections.
 *
 *   0x000  headers            0x600  notes: Go, then GNU      0xa00  .strtab
 *   0x400  code, at 0x10400   0x800  data, at 0x20800         0xb00  .symtab
 *                             0x900  .dynamic, at 0x20900     0xc00  .shstrtab
 *                             0x980  .rela, at 0x20980        0xd00  section headers
 */
#define CODE	 0x10400
#define DATA	 0x20800
#define NOTES	 0x600
#define DYNAMIC	 0x900
#define RELA	 0x980
#define STRTAB	 0xa00
#define SYMTAB	 0xb00
#define SHSTRTAB 0xc00
#define SECTIONS 0xd00

struct tiny {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr[4];
	uint8_t rest[SECTIONS - sizeof(Elf64_Ehdr) - 4 * sizeof(Elf64_Phdr)];
	Elf64_Shdr shdr[7];
};

static void *at(struct tiny *tiny, size_t offset)
{
	return (uint8_t *)tiny + offset;
}

static void put_rela(struct tiny *tiny, unsigned i, uint64_t where, uint32_t type, int64_t addend)
{
	Elf64_Rela rela = {.r_offset = where, .r_info = ELF64_R_INFO(0, type), .r_addend = addend};

	memcpy(at(tiny, RELA + i * sizeof(rela)), &rela, sizeof(rela));
}

static void tiny_init(struct tiny *tiny)
{
	static const Elf64_Dyn dynamic[] = {
		{.d_tag = DT_RELA, .d_un.d_ptr = 0x20980},
		{.d_tag = DT_RELASZ, .d_un.d_val = 4 * sizeof(Elf64_Rela)},
		{.d_tag = DT_RELAENT, .d_un.d_val = sizeof(Elf64_Rela)},
		{.d_tag = DT_NULL},
		{.d_tag = DT_RELASZ, .d_un.d_val = 0}, /* behind the end */
	};
	static const Elf64_Sym symbols[] = {
		{0},
		{.st_name = 1, .st_shndx = SHN_UNDEF, .st_value = 7},
		{.st_name = 1, .st_shndx = 1, .st_value = 0x10410, .st_size = 32},
		{.st_name = 200, .st_shndx = 1, .st_value = 1},
	};
	static const char names[] = "\0.text\0.data\0.note\0.strtab\0.symtab\0.shstrtab";

	memset(tiny, 0, sizeof(*tiny));
	memcpy(tiny->ehdr.e_ident, ELFMAG, SELFMAG);
	tiny->ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	tiny->ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	tiny->ehdr.e_type = ET_DYN;
	tiny->ehdr.e_machine = EM_X86_64;
	tiny->ehdr.e_phoff = sizeof(Elf64_Ehdr);
	tiny->ehdr.e_phentsize = sizeof(Elf64_Phdr);
	tiny->ehdr.e_phnum = 4;
	tiny->ehdr.e_shoff = SECTIONS;
	tiny->ehdr.e_shentsize = sizeof(Elf64_Shdr);
	tiny->ehdr.e_shnum = 7;
	tiny->ehdr.e_shstrndx = 6;
	tiny->phdr[0] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = NOTES, .p_filesz = 0x80, .p_memsz = 0x80};
	tiny->phdr[1] = (Elf64_Phdr){.p_type = PT_LOAD,
				     .p_flags = PF_R | PF_X,
				     .p_offset = 0x400,
				     .p_vaddr = CODE,
				     .p_filesz = 0x100,
				     .p_memsz = 0x100};
	tiny->phdr[2] = (Elf64_Phdr){.p_type = PT_LOAD,
				     .p_flags = PF_R | PF_W,
				     .p_offset = 0x800,
				     .p_vaddr = DATA,
				     .p_filesz = 0x200,
				     .p_memsz = 0x1000};
	tiny->phdr[3] = (Elf64_Phdr){.p_type = PT_DYNAMIC,
				     .p_offset = DYNAMIC,
				     .p_vaddr = 0x20900,
				     .p_filesz = sizeof(dynamic),
				     .p_memsz = sizeof(dynamic)};
	for (unsigned i = 0; i < 0x100; i++)
		((uint8_t *)at(tiny, 0x400))[i] = (uint8_t)i;
	memcpy(at(tiny, NOTES), "\4\0\0\0\x11\0\0\0\4\0\0\0Go\0\0abcd/AAECAwQFBgcI\0\0\0", 36);
	memcpy(at(tiny, NOTES + 36), "\4\0\0\0\3\0\0\0\3\0\0\0GNU\0\xab\xcd\xef\0", 20);
	memcpy(at(tiny, DYNAMIC), dynamic, sizeof(dynamic));
	put_rela(tiny, 0, DATA + 8, R_X86_64_RELATIVE, 0x10440);
	put_rela(tiny, 1, DATA + 16, R_X86_64_RELATIVE, 0x10480);
	put_rela(tiny, 2, DATA + 24, R_X86_64_RELATIVE, 0x10440);
	put_rela(tiny, 3, DATA + 64, R_X86_64_RELATIVE, 0x10400);
	memcpy(at(tiny, DATA - 0x20000 + 32), &(uint64_t){0x10440}, 8);
	memcpy(at(tiny, STRTAB), "\0main.main", 11);
	memcpy(at(tiny, SYMTAB), symbols, sizeof(symbols));
	memcpy(at(tiny, SHSTRTAB), names, sizeof(names));
	tiny->shdr[1] = (Elf64_Shdr){.sh_name = 1,
				     .sh_type = SHT_PROGBITS,
				     .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
				     .sh_addr = CODE,
				     .sh_offset = 0x400,
				     .sh_size = 0x100};
	tiny->shdr[2] = (Elf64_Shdr){
		.sh_name = 7, .sh_type = SHT_NOBITS, .sh_addr = 0x20a00, .sh_offset = 0xa00, .sh_size = 0x600};
	tiny->shdr[3] = (Elf64_Shdr){.sh_name = 13, .sh_type = SHT_NOTE, .sh_offset = NOTES, .sh_size = 56};
	tiny->shdr[4] = (Elf64_Shdr){.sh_name = 19, .sh_type = SHT_STRTAB, .sh_offset = STRTAB, .sh_size = 11};
	tiny->shdr[5] = (Elf64_Shdr){
		.sh_name = 27, .sh_type = SHT_SYMTAB, .sh_offset = SYMTAB, .sh_size = sizeof(symbols), .sh_link = 4};
	tiny->shdr[6] =
		(Elf64_Shdr){.sh_name = 35, .sh_type = SHT_STRTAB, .sh_offset = SHSTRTAB, .sh_size = sizeof(names)};
}

static struct elf_image *opened(const struct tiny *tiny)
{
	struct error err = ERROR_INIT;
	struct elf_image *image;

	cr_assert_eq(elf_image_open_bytes(&image, tiny, sizeof(*tiny), "tiny", &err), 0, "%s", err.text);
	return image;
}

static void expect_refused(const void *data, size_t size, int code, const char *words)
{
	struct elf_image *image = NULL;
	struct error err = ERROR_INIT;
	int ret = elf_image_open_bytes(&image, data, size, "tiny", &err);

	cr_expect_eq(ret, code, "%d for '%s': %s", ret, words, err.text);
	cr_expect_null(image);
	cr_expect(err.text && strstr(err.text, words), "'%s' does not say '%s'", err.text, words);
	cr_expect(err.text && strstr(err.text, "tiny"), "'%s' does not name the file", err.text);
	error_release(&err);
	if (ret == 0)
		elf_image_free(image);
}

Test(elf_image, what_it_says)
{
	const struct elf_section *section;
	const struct elf_segment *segment;
	struct elf_image *image;
	struct tiny tiny;

	tiny_init(&tiny);
	image = opened(&tiny);
	cr_expect_str_eq(elf_image_path(image), "tiny");
	cr_expect_eq(elf_image_fd(image), -1);
	cr_expect(elf_image_is_pie(image));
	cr_expect_not(elf_image_is_stripped(image));
	cr_expect_str_eq(elf_image_build_id(image), "abcdef");
	cr_expect_eq(elf_image_segment_count(image), 2);
	segment = elf_image_segment(image, 1);
	cr_expect_eq(segment->vaddr, DATA);
	cr_expect_eq(segment->offset, 0x800);
	cr_expect_eq(segment->file_size, 0x200);
	cr_expect_eq(segment->mem_size, 0x1000);
	cr_expect_eq(segment->flags, PF_R | PF_W);
	cr_expect_null(elf_image_segment(image, 2));
	section = elf_image_section(image, ".text");
	cr_assert_not_null(section);
	cr_expect_eq(section->vaddr, CODE);
	cr_expect_eq(section->offset, 0x400);
	cr_expect_eq(section->size, 0x100);
	cr_expect_eq(section->flags, SHF_ALLOC | SHF_EXECINSTR);
	section = elf_image_section(image, ".data");
	cr_expect(section && section->size == 0, "NOBITS has nothing in the file");
	cr_expect_null(elf_image_section(image, ".bss"));
	cr_expect_null(elf_image_section(image, "text"));
	elf_image_free(image);
	elf_image_free(NULL);

	tiny.ehdr.e_type = ET_EXEC;
	image = opened(&tiny);
	cr_expect_not(elf_image_is_pie(image));
	elf_image_free(image);
}

Test(elf_image, refuses_what_it_cannot_read)
{
	struct tiny tiny;

	expect_refused("", 0, -ENOEXEC, "not an ELF file");
	expect_refused("#!/bin/sh\n", 10, -ENOEXEC, "not an ELF file");
	expect_refused("\177ELF\2\1\1", 7, -EBADMSG, "truncated");
	tiny_init(&tiny);
	tiny.ehdr.e_ident[EI_CLASS] = ELFCLASS32;
	expect_refused(&tiny, sizeof(tiny), -EPROTONOSUPPORT, "32-bit");
	tiny_init(&tiny);
	tiny.ehdr.e_ident[EI_DATA] = ELFDATA2MSB;
	expect_refused(&tiny, sizeof(tiny), -EPROTONOSUPPORT, "big-endian");
	tiny_init(&tiny);
	tiny.ehdr.e_machine = EM_AARCH64;
	expect_refused(&tiny, sizeof(tiny), -EPROTONOSUPPORT, "arm64");
	tiny.ehdr.e_machine = EM_RISCV;
	expect_refused(&tiny, sizeof(tiny), -EPROTONOSUPPORT, "another machine");
	tiny_init(&tiny);
	tiny.ehdr.e_type = ET_REL;
	expect_refused(&tiny, sizeof(tiny), -ENOEXEC, "link it");
	tiny_init(&tiny);
	tiny.ehdr.e_phnum = 0;
	expect_refused(&tiny, sizeof(tiny), -ENOEXEC, "no segments");
	tiny.ehdr.e_phnum = 1;
	expect_refused(&tiny, sizeof(tiny), -ENOEXEC, "no loadable segments");
	tiny.ehdr.e_phnum = PN_XNUM;
	expect_refused(&tiny, sizeof(tiny), -EBADMSG, "damaged");
	tiny_init(&tiny);
	tiny.ehdr.e_phentsize = 32;
	expect_refused(&tiny, sizeof(tiny), -EBADMSG, "damaged");
	tiny_init(&tiny);
	tiny.ehdr.e_phoff = UINT64_MAX - 8;
	expect_refused(&tiny, sizeof(tiny), -EBADMSG, "truncated");
	tiny_init(&tiny);
	tiny.phdr[1].p_memsz = 0xff;
	expect_refused(&tiny, sizeof(tiny), -EBADMSG, "contradict");
	tiny.phdr[1].p_memsz = UINT64_MAX;
	expect_refused(&tiny, sizeof(tiny), -EBADMSG, "contradict");
	tiny_init(&tiny);
	tiny.phdr[2].p_offset = UINT64_MAX;
	expect_refused(&tiny, sizeof(tiny), -EBADMSG, "truncated");
}

/* Every prefix is either refused or read without a byte beyond it (the sanitizers watch the copy). */
Test(elf_image, truncated_anywhere)
{
	struct tiny tiny;
	size_t opened_at = 0;

	tiny_init(&tiny);
	for (size_t size = 0; size < sizeof(tiny); size += size < 0x200 ? 1 : 7) {
		uint8_t *copy = xmalloc(size);
		struct error err = ERROR_INIT;
		struct elf_image *image;
		int ret;

		memcpy(copy, &tiny, size);
		ret = elf_image_open_bytes(&image, copy, size, "tiny", &err);
		if (ret == 0) {
			elf_vaddr value;

			opened_at = opened_at ? opened_at : size;
			cr_expect_null(elf_image_section(image, ".shstrtab"));
			cr_expect(elf_image_is_stripped(image));
			cr_expect_str_eq(elf_image_build_id(image), "abcdef", "from the segment");
			cr_expect(elf_image_read_ptr(image, DATA + 8, &value) && value == 0x10440);
			elf_image_free(image);
		} else {
			cr_expect(ret == -ENOEXEC || ret == -EBADMSG, "%d at %zu", ret, size);
		}
		error_release(&err);
		free(copy);
	}
	/* All that segments map is there from 0xa00 on; only sections are missing. */
	cr_expect_geq(opened_at, 0xa00);
	cr_expect_lt(opened_at, 0xa10);
}

Test(elf_image, damaged_sections_are_no_sections)
{
	struct elf_image *image;
	struct tiny tiny;

	tiny_init(&tiny);
	tiny.ehdr.e_shoff = UINT64_MAX - 4;
	image = opened(&tiny);
	cr_expect_null(elf_image_section(image, ".text"));
	elf_image_free(image);

	tiny_init(&tiny);
	tiny.ehdr.e_shnum = 1000;
	image = opened(&tiny);
	cr_expect_null(elf_image_section(image, ".text"));
	elf_image_free(image);

	/* Counts that do not fit the header are in section 0. */
	tiny_init(&tiny);
	tiny.ehdr.e_shnum = 0;
	tiny.ehdr.e_shstrndx = SHN_XINDEX;
	tiny.shdr[0].sh_size = 7;
	tiny.shdr[0].sh_link = 6;
	image = opened(&tiny);
	cr_expect_not_null(elf_image_section(image, ".text"));
	elf_image_free(image);
	tiny.shdr[0].sh_size = UINT64_MAX;
	image = opened(&tiny);
	cr_expect_null(elf_image_section(image, ".text"));
	elf_image_free(image);

	tiny_init(&tiny);
	tiny.shdr[6].sh_size = 5; /* names are cut off */
	tiny.shdr[1].sh_size = UINT64_MAX;
	image = opened(&tiny);
	cr_expect_null(elf_image_section(image, ".text"));
	elf_image_free(image);

	tiny_init(&tiny);
	tiny.shdr[1].sh_size = UINT64_MAX;
	image = opened(&tiny);
	cr_expect_eq(elf_image_section(image, ".text")->size, 0);
	elf_image_free(image);
}

Test(elf_image, reads_stay_inside)
{
	uint8_t bytes[0x200];
	struct elf_image *image;
	struct tiny tiny;
	const uint8_t *p;
	size_t avail;

	tiny_init(&tiny);
	image = opened(&tiny);
	p = elf_image_at(image, CODE + 0xf0, &avail);
	cr_assert_not_null(p);
	cr_expect_eq(*p, 0xf0);
	cr_expect_eq(avail, 0x10);
	cr_expect_null(elf_image_at(image, CODE + 0x100, &avail));
	cr_expect_null(elf_image_at(image, CODE - 1, &avail));
	cr_expect_null(elf_image_at(image, UINT64_MAX, &avail));
	cr_expect_null(elf_image_at(image, DATA + 0x200, &avail), ".bss is not in the file");
	cr_expect(elf_image_read(image, CODE, bytes, 0x100));
	cr_expect_eq(bytes[0x80], 0x80);
	cr_expect_not(elf_image_read(image, CODE, bytes, 0x101));
	cr_expect_not(elf_image_read(image, CODE + 0xff, bytes, 2));
	cr_expect(elf_image_read(image, 0, bytes, 0));
	elf_image_free(image);

	/* Across two segments that adjoin. */
	tiny.phdr[2].p_vaddr = CODE + 0x100;
	image = opened(&tiny);
	cr_expect(elf_image_read(image, CODE + 0xfc, bytes, 8));
	elf_image_free(image);
}

/* Only what is looked at is in memory, and what is given back comes again. */
Test(elf_image, views_and_what_is_forgotten)
{
	const struct elf_segment *code = NULL;
	struct error err = ERROR_INIT;
	struct elf_image *image;
	uint8_t first[64], again[64];
	const uint8_t *p;

	cr_assert_eq(elf_image_open(&image, "/bin/bash", &err), 0, "%s", err.text);
	for (size_t i = 0; i < elf_image_segment_count(image); i++) {
		if (elf_image_segment(image, i)->flags & PF_X)
			code = elf_image_segment(image, i);
	}
	cr_assert_not_null(code);
	cr_assert_gt(code->file_size, 200000);
	p = elf_image_view(image, code->vaddr + 100000, sizeof(first));
	cr_assert_not_null(p);
	memcpy(first, p, sizeof(first));
	elf_image_forget(image, code->vaddr, code->file_size);
	elf_image_forget(image, code->vaddr, code->file_size + 1);
	elf_image_forget(image, 0x10, 1);
	p = elf_image_view(image, code->vaddr + 100000, sizeof(first));
	cr_assert_not_null(p);
	cr_expect_arr_eq(p, first, sizeof(first));
	elf_image_forget(image, code->vaddr, code->file_size);
	cr_expect(elf_image_read(image, code->vaddr + 100000, again, sizeof(again)));
	cr_expect_arr_eq(again, first, sizeof(first));
	cr_expect_not_null(elf_image_view(image, code->vaddr + code->file_size - 1, 1));
	cr_expect_null(elf_image_view(image, code->vaddr + code->file_size - 1, 2));
	cr_expect_null(elf_image_view(image, code->vaddr, SIZE_MAX));
	elf_image_free(image);
}

Test(elf_image, addresses_and_offsets)
{
	struct elf_image *image;
	struct tiny tiny;
	uint64_t value;

	tiny_init(&tiny);
	image = opened(&tiny);
	cr_expect(elf_image_vaddr_to_offset(image, CODE + 5, &value) && value == 0x405);
	cr_expect(elf_image_vaddr_to_offset(image, DATA + 0x1ff, &value) && value == 0x9ff);
	cr_expect_not(elf_image_vaddr_to_offset(image, DATA + 0x200, &value));
	cr_expect_not(elf_image_vaddr_to_offset(image, CODE - 1, &value));
	cr_expect(elf_image_offset_to_vaddr(image, 0x405, &value) && value == CODE + 5);
	cr_expect_not(elf_image_offset_to_vaddr(image, 0x500, &value));
	cr_expect_not(elf_image_offset_to_vaddr(image, UINT64_MAX, &value));
	elf_image_free(image);
}

/* The same answers from a table in order, out of order, and with entries of other types between. */
Test(elf_image, relocated_words)
{
	for (int order = 0; order < 3; order++) {
		struct elf_image *image;
		struct tiny tiny;
		uint64_t value;

		tiny_init(&tiny);
		memcpy(at(&tiny, 0x800 + 8), &(uint64_t){99}, 8);
		if (order == 1) {
			put_rela(&tiny, 0, DATA + 64, R_X86_64_RELATIVE, 0x10400);
			put_rela(&tiny, 3, DATA + 8, R_X86_64_RELATIVE, 0x10440);
		} else if (order == 2) {
			put_rela(&tiny, 1, DATA + 16, R_X86_64_JUMP_SLOT, 5);
		}
		image = opened(&tiny);
		cr_expect(elf_image_read_ptr(image, DATA + 8, &value) && value == 0x10440);
		cr_expect(elf_image_read_ptr(image, DATA + 16, &value) && value == (order == 2 ? 0 : 0x10480));
		cr_expect(elf_image_read_ptr(image, DATA + 32, &value) && value == 0x10440, "a raw word");
		cr_expect(elf_image_read_ptr(image, DATA + 64, &value) && value == 0x10400);
		cr_expect_not(elf_image_read_ptr(image, DATA + 0x1f9, &value));

		cr_expect(elf_image_find_ptr(image, 0x10440, 0, &value) && value == DATA + 8);
		cr_expect(elf_image_find_ptr(image, 0x10440, DATA + 9, &value) && value == DATA + 24);
		cr_expect(elf_image_find_ptr(image, 0x10440, DATA + 25, &value) && value == DATA + 32);
		cr_expect(elf_image_find_ptr(image, 0x10440, DATA + 33, &value) && value >= 0x20980, "only in .rela");
		cr_expect_not(elf_image_find_ptr(image, 0x12345678, 0, &value));
		cr_expect_not(elf_image_find_ptr(image, 0x10440, UINT64_MAX, &value));
		elf_image_free(image);
	}
}

/* A segment inside another, in a larger one's way: reading it must end with the smaller (found by fuzzing). */
Test(elf_image, find_ptr_in_overlapping_segments)
{
	struct tiny tiny;
	uint64_t value;
	uint8_t *copy;
	struct elf_image *image;
	struct error err = ERROR_INIT;

	tiny_init(&tiny);
	tiny.ehdr.e_shoff = 0;
	tiny.phdr[1] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_flags = PF_R, .p_offset = 0x9f0, .p_vaddr = DATA, .p_filesz = 16, .p_memsz = 16};
	copy = xmalloc(0xa00); /* without a byte behind what the small one maps */
	memcpy(copy, &tiny, 0xa00);
	cr_assert_eq(elf_image_open_bytes(&image, copy, 0xa00, "tiny", &err), 0, "%s", err.text);
	cr_expect_not(elf_image_find_ptr(image, 0x12345678, DATA, &value));
	cr_expect(elf_image_find_ptr(image, 0x10440, DATA + 25, &value) && value == DATA + 32);
	elf_image_free(image);
	free(copy);
}

Test(elf_image, damaged_relocations_are_ignored)
{
	static const struct {
		size_t at;
		uint64_t value;
	} damages[] = {
		{DYNAMIC + 8, 0x999999}, /* the table is nowhere */
		{DYNAMIC + 40, 23},	 /* entries of another size */
		{DYNAMIC + 24, 0},	 /* no entries */
		{offsetof(struct tiny, phdr[3].p_offset), UINT64_MAX},
		{offsetof(struct tiny, phdr[3].p_filesz), 15},
	};

	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		struct elf_image *image;
		struct tiny tiny;
		uint64_t value;

		tiny_init(&tiny);
		memcpy(at(&tiny, damages[i].at), &damages[i].value, 8);
		image = opened(&tiny);
		cr_expect(elf_image_read_ptr(image, DATA + 8, &value) && value == 0, "%zu", i);
		elf_image_free(image);
	}

	/* A table that claims more than there is holds what there is. */
	{
		struct elf_image *image;
		struct tiny tiny;
		uint64_t value;

		tiny_init(&tiny);
		memcpy(at(&tiny, DYNAMIC + 24), &(uint64_t){UINT64_MAX}, 8);
		image = opened(&tiny);
		cr_expect(elf_image_read_ptr(image, DATA + 8, &value) && value == 0x10440);
		elf_image_free(image);
	}
}

Test(elf_image, symbols)
{
	struct elf_image *image;
	struct tiny tiny;
	uint64_t value, size;

	tiny_init(&tiny);
	image = opened(&tiny);
	cr_expect(elf_image_symbol(image, "main.main", &value, &size));
	cr_expect_eq(value, 0x10410);
	cr_expect_eq(size, 32);
	cr_expect(elf_image_symbol(image, "main.main", &value, NULL));
	cr_expect_not(elf_image_symbol(image, "main.mai", &value, &size));
	cr_expect_not(elf_image_symbol(image, "main.main2", &value, &size));
	elf_image_free(image);

	tiny.shdr[5].sh_link = 77;
	image = opened(&tiny);
	cr_expect_not(elf_image_symbol(image, "main.main", &value, &size));
	elf_image_free(image);
	tiny.shdr[5].sh_link = 4;
	tiny.shdr[4].sh_size = 10; /* the last NUL is cut off */
	image = opened(&tiny);
	cr_expect_not(elf_image_symbol(image, "main.main", &value, &size));
	elf_image_free(image);
}

Test(elf_image, imports)
{
	struct elf_image *image;
	struct tiny tiny;
	Elf64_Sym *symbols;

	tiny_init(&tiny);
	image = opened(&tiny);
	cr_expect_not(elf_image_imports(image, "main.main"), "not in .dynsym");
	elf_image_free(image);
	tiny.shdr[5].sh_type = SHT_DYNSYM;
	image = opened(&tiny);
	cr_expect(elf_image_imports(image, "main.main"));
	cr_expect_not(elf_image_imports(image, "main.mai"));
	elf_image_free(image);
	symbols = at(&tiny, SYMTAB);
	symbols[1].st_shndx = 1;
	image = opened(&tiny);
	cr_expect_not(elf_image_imports(image, "main.main"), "it is its own");
	elf_image_free(image);
}

static void expect_interpreter(const struct tiny *tiny, const char *expected)
{
	struct elf_image *image = opened(tiny);
	char *path = elf_image_interpreter(image);

	if (expected)
		cr_expect(path && strcmp(path, expected) == 0, "'%s' instead of '%s'", path, expected);
	else
		cr_expect_null(path);
	free(path);
	elf_image_free(image);
}

Test(elf_image, interpreter)
{
	struct tiny tiny;
	Elf64_Phdr *interp = &tiny.phdr[0];

	tiny_init(&tiny);
	expect_interpreter(&tiny, NULL);
	memcpy(at(&tiny, 0x700), "/lib/ld.so", 11);
	*interp = (Elf64_Phdr){.p_type = PT_INTERP, .p_offset = 0x700, .p_filesz = 11};
	expect_interpreter(&tiny, "/lib/ld.so");
	interp->p_filesz = 10; /* its end is not there */
	expect_interpreter(&tiny, NULL);
	interp->p_filesz = 1;
	expect_interpreter(&tiny, NULL);
	interp->p_filesz = 5000; /* longer than a path */
	expect_interpreter(&tiny, NULL);
	interp->p_offset = UINT64_MAX - 3; /* beyond the file */
	interp->p_filesz = 11;
	expect_interpreter(&tiny, NULL);
}

Test(elf_image, build_ids)
{
	struct elf_image *image;
	struct tiny tiny;

	/* Without GNU's: the last part of Go's, decoded. */
	tiny_init(&tiny);
	memset(at(&tiny, NOTES + 36), 0, 20);
	image = opened(&tiny);
	cr_expect_str_eq(elf_image_build_id(image), "000102030405060708");
	elf_image_free(image);

	/* One that is not base64: its bytes. */
	memcpy(at(&tiny, NOTES + 16), "abcd/AAEC!wQFBgcI", 17);
	image = opened(&tiny);
	cr_expect_str_eq(elf_image_build_id(image), "616263642f414145432177514642676349");
	elf_image_free(image);

	memset(at(&tiny, NOTES), 0, 0x80);
	image = opened(&tiny);
	cr_expect_null(elf_image_build_id(image));
	elf_image_free(image);

	/* Sizes that run out of the notes. */
	tiny_init(&tiny);
	memcpy(at(&tiny, NOTES), &(uint32_t){UINT32_MAX}, 4);
	image = opened(&tiny);
	cr_expect_null(elf_image_build_id(image));
	elf_image_free(image);
	tiny_init(&tiny);
	memcpy(at(&tiny, NOTES + 4), &(uint32_t){UINT32_MAX}, 4);
	image = opened(&tiny);
	cr_expect_null(elf_image_build_id(image));
	elf_image_free(image);
}

/* ---- files ---- */

static char *tiny_file(int *fd, const struct tiny *tiny)
{
	char *path = xstrdup("/tmp/test_elf_image.XXXXXX");

	*fd = mkstemp(path);
	cr_assert_geq(*fd, 0);
	cr_assert_eq(write(*fd, tiny, sizeof(*tiny)), (ssize_t)sizeof(*tiny));
	return path;
}

Test(elf_image, files)
{
	struct error err = ERROR_INIT;
	struct elf_image *image;
	struct tiny tiny;
	char *path;
	uint64_t value;
	int fd;

	tiny_init(&tiny);
	path = tiny_file(&fd, &tiny);
	cr_assert_eq(elf_image_open(&image, path, &err), 0, "%s", err.text);
	cr_expect_geq(elf_image_fd(image), 0);
	cr_expect(elf_image_read_ptr(image, DATA + 8, &value) && value == 0x10440);
	elf_image_free(image);

	cr_assert_eq(elf_image_open_fd(&image, fd, "shown", &err), 0, "%s", err.text);
	cr_expect_str_eq(elf_image_path(image), "shown");
	cr_expect_neq(elf_image_fd(image), fd, "it has its own descriptor");
	close(fd);
	unlink(path);
	cr_expect(elf_image_symbol(image, "main.main", &value, NULL), "the file lives as long as the image");
	elf_image_free(image);

	cr_expect_eq(elf_image_open(&image, path, &err), -ENOENT);
	cr_expect(strstr(err.text, path));
	error_release(&err);
	cr_expect_eq(elf_image_open(&image, "/tmp", &err), -EISDIR);
	error_release(&err);
	cr_expect_eq(elf_image_open_fd(&image, -1, "nothing", &err), -EBADF);
	error_release(&err);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_expect_eq(elf_image_open(&image, path, &err), -ENOEXEC, "a pipe must not hang the tool");
	error_release(&err);
	unlink(path);
	free(path);
}

Test(elf_image, file_written_to_while_open)
{
	struct error err = ERROR_INIT;
	struct timespec now;
	struct stat before;
	struct elf_image *image;
	struct tiny tiny;
	char *path;
	int fd;

	tiny_init(&tiny);
	path = tiny_file(&fd, &tiny);
	cr_assert_eq(elf_image_open(&image, path, &err), 0, "%s", err.text);
	cr_expect_eq(chmod(path, 0644), 0);
	cr_expect_eq(elf_image_check_unchanged(image, &err), 0, "its bytes are the same");
	do { /* until a time of change differs from the last */
		usleep(1000);
		cr_assert_eq(fstat(fd, &before), 0);
		cr_assert_eq(clock_gettime(CLOCK_REALTIME_COARSE, &now), 0);
	} while (now.tv_sec == before.st_mtim.tv_sec && now.tv_nsec <= before.st_mtim.tv_nsec);
	cr_assert_eq(pwrite(fd, "x", 1, 0), 1);
	cr_expect_eq(elf_image_check_unchanged(image, &err), -ESTALE);
	cr_expect(strstr(err.text, path));
	error_release(&err);
	elf_image_free(image);
	close(fd);
	unlink(path);
	free(path);
}

/* With a mapping this would be SIGBUS. */
Test(elf_image, file_truncated_while_open)
{
	struct tiny *big = xcalloc(1, 1 << 20);
	struct error err = ERROR_INIT;
	struct elf_image *image;
	struct tiny tiny;
	size_t avail;
	char *path;
	int fd;

	/* The data segment is far behind the headers, so that it is not read along with them. */
	tiny_init(&tiny);
	tiny.phdr[2].p_offset = 0x80000;
	tiny.ehdr.e_shoff = 0;
	memcpy(big, &tiny, sizeof(tiny));
	path = tiny_file(&fd, &tiny);
	cr_assert_eq(pwrite(fd, big, 1 << 20, 0), 1 << 20);
	cr_assert_eq(elf_image_open_fd(&image, fd, path, &err), 0, "%s", err.text);
	cr_expect_not_null(elf_image_at(image, CODE, &avail));
	cr_assert_eq(ftruncate(fd, 0x2000), 0);
	cr_expect_null(elf_image_at(image, DATA, &avail));
	cr_expect_null(elf_image_at(image, DATA, &avail));
	cr_expect_not_null(elf_image_at(image, CODE, &avail));
	elf_image_free(image);

	/* A file that claims more than memory holds, and is a hole. */
	tiny.phdr[2].p_filesz = tiny.phdr[2].p_memsz = 3ull << 30;
	cr_assert_eq(pwrite(fd, &tiny, sizeof(tiny), 0), (ssize_t)sizeof(tiny));
	cr_assert_eq(ftruncate(fd, 4ll << 30), 0);
	cr_expect_eq(elf_image_open_fd(&image, fd, path, &err), -EBADMSG);
	cr_expect(strstr(err.text, "2 GiB"));
	error_release(&err);
	close(fd);
	unlink(path);
	free(path);
	free(big);
}

Test(elf_image, descriptors_do_not_leak)
{
	struct tiny tiny;
	char *path;
	int fd, next;

	tiny_init(&tiny);
	path = tiny_file(&fd, &tiny);
	for (int i = 0; i < 2000; i++) {
		struct error err = ERROR_INIT;
		struct elf_image *image;

		if (elf_image_open(&image, i % 2 ? path : "/dev/null", &err) == 0)
			elf_image_free(image);
		error_release(&err);
	}
	next = dup(fd);
	cr_expect_leq(next, fd + 1, "descriptor %d after %d", next, fd);
	unlink(path);
	free(path);
}
