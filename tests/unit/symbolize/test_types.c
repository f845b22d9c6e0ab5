/* SPDX-License-Identifier: Apache-2.0 */
/* Type descriptors against what reflect says in the program itself, and descriptors damaged by hand. */
#include <elf.h>

#include "symbolize/go_binary_internal.h"
#include "tests/unit/symbolize/go_programs.h"

static void check_types(const struct toolchain *toolchain, const char *variant)
{
	char *path = built_program(toolchain, variant), *text = program_output(toolchain, variant, path, "truth");
	char *rest = text, *line, *what = xasprintf("go %s %s", toolchain->version, variant);
	struct go_binary *bin = open_binary(path);
	uint64_t bias = load_bias(bin, text);
	size_t types = 0, with_path = 0, kinds = 0;
	bool seen[32] = {false};

	while ((line = next_line(&rest))) {
		uint64_t addr, size, ptr_bytes;
		struct go_type type, again;
		char pkg_path[128], *name;
		unsigned kind;
		int at = 0;

		if (sscanf(line, "type %lx %u %lu %lu %127s\t%n", &addr, &kind, &size, &ptr_bytes, pkg_path, &at) != 5)
			continue;
		name = line + at;
		/* Types that reflect made at run time are not in the file. */
		if (!go_binary_type(bin, addr - bias, &type)) {
			elf_vaddr start, end;

			go_binary_types_range(bin, &start, &end);
			cr_expect(addr - bias < start || addr - bias >= end, "%s: no %s at %lx", what, name,
				  addr - bias);
			continue;
		}
		cr_expect_str_eq(type.name, name, "%s", what);
		cr_expect_eq(type.addr, addr - bias);
		cr_expect_eq(type.kind, kind, "%s: %s", what, name);
		cr_expect_eq(type.size, size, "%s: %s", what, name);
		cr_expect_eq(type.ptr_bytes, ptr_bytes, "%s: %s", what, name);
		cr_expect_str_eq(type.pkg_path ? type.pkg_path : "-", pkg_path, "%s: %s", what, name);
		cr_expect(go_binary_type(bin, addr - bias, &again));
		cr_expect_eq(again.name, type.name, "the cache must give the same string");
		types++;
		with_path += type.pkg_path != NULL;
		kinds += !seen[kind & 31];
		seen[kind & 31] = true;
	}
	cr_expect_gt(types, 150, "%s: %zu types", what, types);
	cr_expect_gt(with_path, 30, "%s: %zu types with a path", what, with_path);
	cr_expect_geq(kinds, 20, "%s: %zu kinds", what, kinds);
	go_binary_free(bin);
	free(what);
	free(text);
	free(path);
}

Test(types, agree_with_reflect, .timeout = 300)
{
	static const char *const variants[] = {"exe", "exe-strip", "pie", "cgo-pie-relr", "c-shared"};
	struct toolchain found[MAX_TOOLCHAINS];
	size_t n = toolchains(found);

	for (size_t i = 0; i < n; i++) {
		for (size_t v = 0; v < ARRAY_SIZE(variants); v++) {
			/* The exotic ones only where the file's layout is oldest, last before it moved, and newest. */
			if (v == 0 || v == 2 || strcmp(found[i].version, "1.19") == 0 ||
			    strcmp(found[i].version, "1.25") == 0 || strcmp(found[i].version, "1.27") == 0)
				check_types(&found[i], variants[v]);
		}
	}
}

/* ---- descriptors made by hand ---- */

#define TYPES_AT 0x2000
#define NAMES_AT 256

/* A program that is nothing but data, which follows the headers and lies at TYPES_AT. */
struct head {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;
};

/* A named struct at 0x2040, its name at 256, its package path at 288. */
struct tiny {
	struct head head;
	uint8_t data[512];
	struct go_cache cache;
	struct go_binary bin;
};

static struct elf_image *image_of(struct head *head, size_t data_size)
{
	struct elf_image *image = NULL;
	struct error err = ERROR_INIT;

	head->ehdr = (Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
				  .e_type = ET_EXEC,
				  .e_machine = EM_X86_64,
				  .e_phoff = sizeof(head->ehdr),
				  .e_phentsize = sizeof(head->phdr),
				  .e_phnum = 1};
	head->phdr = (Elf64_Phdr){.p_type = PT_LOAD,
				  .p_flags = PF_R,
				  .p_offset = sizeof(*head),
				  .p_vaddr = TYPES_AT,
				  .p_filesz = data_size,
				  .p_memsz = data_size};
	cr_assert_eq(elf_image_open_bytes(&image, head, sizeof(*head) + data_size, "tiny", &err), 0, "%s", err.text);
	return image;
}

static void put_u32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void tiny_init(struct tiny *tiny)
{
	uint8_t *type = tiny->data + 0x40;

	memset(tiny, 0, sizeof(*tiny));
	type[0] = 24;
	type[8] = 16;
	type[20] = 1 | 2 | 4;
	type[21] = type[22] = 8;
	type[23] = 25;
	put_u32(type + 40, NAMES_AT);
	put_u32(type + 80, NAMES_AT + 32);
	memcpy(tiny->data + NAMES_AT, "\0\x07*main.T", 9);
	memcpy(tiny->data + NAMES_AT + 32, "\0\x04main", 6);
	tiny->bin.build.minor = 26;
	tiny->bin.strings = strpool_new();
	tiny->bin.cache = &tiny->cache;
	tiny->bin.module.types = TYPES_AT;
	tiny->bin.module.etypes = TYPES_AT + sizeof(tiny->data);
	tiny->bin.image = image_of(&tiny->head, sizeof(tiny->data));
}

static void tiny_release(struct tiny *tiny)
{
	go_types_release(&tiny->cache);
	elf_image_free(tiny->bin.image);
	strpool_free(tiny->bin.strings);
}

Test(types, hand_made_descriptor)
{
	struct go_type type;
	struct tiny tiny;

	tiny_init(&tiny);
	cr_assert(go_binary_type(&tiny.bin, TYPES_AT + 0x40, &type));
	cr_expect_str_eq(type.name, "main.T");
	cr_expect_str_eq(type.pkg_path, "main");
	cr_expect_eq(type.size, 24);
	cr_expect_eq(type.ptr_bytes, 16);
	cr_expect_eq(type.kind, 25);
	tiny_release(&tiny);
}

Test(types, addresses_outside_are_unknown)
{
	static const elf_vaddr addrs[] = {
		0, TYPES_AT - 8, TYPES_AT + 0x41, TYPES_AT + 512 - 40, TYPES_AT + 512, UINT64_MAX - 7};
	struct go_type type;
	struct tiny tiny;

	tiny_init(&tiny);
	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++)
		cr_expect_not(go_binary_type(&tiny.bin, addrs[i], &type), "%lx", addrs[i]);
	tiny_release(&tiny);
}

Test(types, damaged_descriptors_are_refused)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
	} damages[] = {
		{"kind 0", 0x40 + 23, 0},
		{"kind 27", 0x40 + 23, 27},
		{"more pointer bytes than bytes", 0x40 + 8, 32},
		{"alignment 0", 0x40 + 21, 0},
		{"alignment 3", 0x40 + 21, 3},
		{"name far away", 0x40 + 43, 0x7f},
		{"name just outside", 0x40 + 41, 2},
		{"name longer than the data", NAMES_AT + 1, 0xff},
		{"empty name", NAMES_AT + 1, 0},
		{"name of a star only", NAMES_AT + 1, 1},
		{"no star", NAMES_AT + 2, 'x'},
		{"NUL inside", NAMES_AT + 5, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		struct go_type type;
		struct tiny tiny;

		tiny_init(&tiny);
		tiny.data[damages[i].at] = damages[i].value;
		if (damages[i].at == NAMES_AT + 1 && damages[i].value == 0xff)
			tiny.data[NAMES_AT + 2] = 3;
		cr_expect_not(go_binary_type(&tiny.bin, TYPES_AT + 0x40, &type), "%s", damages[i].what);
		tiny_release(&tiny);
	}
}

Test(types, damaged_package_path_is_no_path)
{
	struct go_type type;
	struct tiny tiny;

	tiny_init(&tiny);
	put_u32(tiny.data + 0x40 + 80, 4000);
	cr_assert(go_binary_type(&tiny.bin, TYPES_AT + 0x40, &type));
	cr_expect_null(type.pkg_path);
	tiny_release(&tiny);

	/* The descriptor fits, its uncommon part does not. */
	tiny_init(&tiny);
	tiny.bin.module.etypes = TYPES_AT + NAMES_AT + 32;
	memmove(tiny.data + NAMES_AT + 32 - 48, tiny.data + 0x40, 48);
	memcpy(tiny.data + 0x80, "\0\x07*main.T", 9);
	put_u32(tiny.data + NAMES_AT + 32 - 48 + 40, 0x80);
	cr_assert(go_binary_type(&tiny.bin, TYPES_AT + NAMES_AT + 32 - 48, &type));
	cr_expect_str_eq(type.name, "main.T");
	cr_expect_null(type.pkg_path);
	tiny_release(&tiny);
}

Test(types, long_name)
{
	struct go_type type;
	struct tiny tiny;

	tiny_init(&tiny);
	tiny.data[NAMES_AT + 1] = 0x80 | 72;
	tiny.data[NAMES_AT + 2] = 1;
	memset(tiny.data + NAMES_AT + 3, 'a', 200);
	tiny.data[NAMES_AT + 3] = '*';
	cr_assert(go_binary_type(&tiny.bin, TYPES_AT + 0x40, &type));
	cr_expect_eq(strlen(type.name), 199);
	tiny_release(&tiny);
}

/* Descriptors that all claim one long name, a copy of which for each would fill the memory. */
Test(types, names_are_bounded_by_the_data)
{
	size_t size = 1 << 16, got = 0, n = 0;
	struct go_type type;
	struct tiny tiny;
	struct head *head = xcalloc(1, sizeof(*head) + size);
	uint8_t *data = (uint8_t *)(head + 1);

	tiny_init(&tiny);
	for (size_t at = 0; at < size / 2; at += 48, n++) {
		memcpy(data + at, tiny.data + 0x40, 48);
		put_u32(data + at + 40, (uint32_t)(size / 2 + n));
	}
	/* Read from any place here, a name of 127 + 127 * 128 bytes. */
	memset(data + size / 2, 0x7f, size / 2);
	for (size_t at = size / 2; at < size / 2 + n + 1; at++)
		data[at] = 0xff;
	elf_image_free(tiny.bin.image);
	tiny.bin.image = image_of(head, size);
	tiny.bin.module.etypes = TYPES_AT + size;
	for (size_t i = 0; i < n; i++) {
		data[i * 48 + 20] = 4;
		data[size / 2 + i + 2] = 0x7f;
		if (go_binary_type(&tiny.bin, TYPES_AT + i * 48, &type))
			got += strlen(type.name);
		data[size / 2 + i + 2] = 0xff;
	}
	cr_expect_gt(got, size);
	cr_expect_leq(got, 4 * size);
	tiny_release(&tiny);
	free(head);
}
