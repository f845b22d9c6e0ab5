/* SPDX-License-Identifier: Apache-2.0 */
/* Opening Go programs of every kind, their build information, whose code is whose, and what is refused. */
#include <elf.h>
#include <errno.h>

#include "symbolize/go_binary_internal.h"
#include "tests/unit/symbolize/go_programs.h"

/* The bytes of a file. free() them. */
static uint8_t *slurp(const char *path, size_t *size)
{
	struct strbuf sb = STRBUF_INIT;

	cr_assert_eq(strbuf_read_file(&sb, path, 0), 0);
	*size = sb.len;
	return (uint8_t *)strbuf_detach(&sb);
}

static uint8_t *program_bytes(const struct toolchain *toolchain, const char *variant, size_t *size)
{
	char *path = built_program(toolchain, variant);
	uint8_t *bytes = slurp(path, size);

	free(path);
	return bytes;
}

static int open_bytes(struct go_binary **bin, const uint8_t *bytes, size_t size, struct error *err)
{
	struct elf_image *image;
	int ret = elf_image_open_bytes(&image, bytes, size, "program", err);

	if (ret < 0)
		return ret;
	ret = go_binary_open(bin, image, err);
	if (ret < 0)
		elf_image_free(image);
	return ret;
}

static void remove_section_headers(uint8_t *bytes)
{
	Elf64_Ehdr *ehdr = (Elf64_Ehdr *)bytes;

	ehdr->e_shoff = 0;
	ehdr->e_shnum = 0;
	ehdr->e_shstrndx = 0;
}

/* ---- every build mode, with and without section headers ---- */

struct listing {
	uint64_t hash;
	size_t n;
};

/* All functions, all inlined calls and where types lie, in one number. */
static struct listing list_all(const struct go_binary *bin)
{
	struct listing listing = {0};
	struct go_func func;
	elf_vaddr start, end;

	for (size_t i = 0; i < go_binary_func_count(bin); i++) {
		const char *file;

		if (!go_binary_func(bin, i, &func))
			continue;
		file = go_binary_func_file(bin, &func);
		listing.n++;
		listing.hash = u64_mix(listing.hash, func.entry);
		listing.hash = u64_mix(listing.hash, bytes_hash(func.name, strlen(func.name)));
		listing.hash = u64_mix(listing.hash, file ? bytes_hash(file, strlen(file)) : 0);
	}
	go_binary_types_range(bin, &start, &end);
	listing.hash = u64_mix(u64_mix(listing.hash, start), end);
	return listing;
}

Test(go_binary, opens_without_section_headers, .timeout = 300)
{
	static const char *const variants[] = {"exe", "pie", "cgo-external", "cgo-pie", "cgo-pie-relr", "c-shared"};
	struct toolchain found[MAX_TOOLCHAINS];
	size_t n = toolchains(found);

	for (size_t i = 0; i < n; i++) {
		for (size_t v = 0; v < ARRAY_SIZE(variants); v++) {
			bool everywhere = v < 2,
			     here = strcmp(found[i].version, "1.19") == 0 || strcmp(found[i].version, "1.25") == 0 ||
				    strcmp(found[i].version, "1.26") == 0 || strcmp(found[i].version, "1.27") == 0;
			struct error err = ERROR_INIT;
			struct listing with, without;
			struct go_binary *bin;
			uint8_t *bytes;
			size_t size;

			if (!everywhere && !here)
				continue;
			bytes = program_bytes(&found[i], variants[v], &size);
			cr_assert_eq(open_bytes(&bin, bytes, size, &err), 0, "%s", err.text);
			cr_expect_eq(elf_image_is_pie(go_binary_image(bin)), v != 0 && v != 2);
			with = list_all(bin);
			go_binary_free(bin);
			remove_section_headers(bytes);
			cr_assert_eq(open_bytes(&bin, bytes, size, &err), 0, "go %s %s: %s", found[i].version,
				     variants[v], err.text);
			cr_expect(elf_image_is_stripped(go_binary_image(bin)));
			without = list_all(bin);
			go_binary_free(bin);
			cr_expect_eq(with.n, without.n);
			cr_expect_eq(with.hash, without.hash, "go %s %s", found[i].version, variants[v]);
			cr_expect_gt(with.n, 2000);
			free(bytes);
		}
	}
}

/* ---- the linker's own list of functions ---- */

static void check_against_nm(const struct toolchain *toolchain, const char *variant)
{
	char *path = built_program(toolchain, variant);
	/* "ADDRESS T NAME"; names may hold spaces. */
	char *text = output_of("'%s' tool nm -n '%s'", toolchain->go, path), *rest = text, *line;
	struct go_binary *bin = open_binary(path);
	size_t go = 0, c = 0;

	while ((line = next_line(&rest))) {
		char kind, *name, *suffix, *printed, *got;
		struct go_func func;
		elf_vaddr addr;
		int at = 0;

		if (sscanf(line, "%lx %c %n", &addr, &kind, &at) != 2 || (kind != 'T' && kind != 't'))
			continue;
		name = line + at;
		/* Marks of the linker, not functions. */
		if (strcmp(name, "runtime.text") == 0 || strcmp(name, "runtime.etext") == 0 ||
		    strncmp(name, "go:textfips", 11) == 0 || strstr(name, "(.text"))
			continue;
		/* What has no package in its name is C, or assembly of the runtime. */
		if (strncmp(name, "x_cgo_", 6) == 0 || strcmp(name, "symbols_in_c") == 0) {
			cr_expect_not(go_binary_func_at(bin, addr, &func), "go %s %s: %s", toolchain->version, variant,
				      name);
			c++;
			continue;
		}
		if (!strchr(name, '.') || strstr(name, ".cold") || strncmp(name, "type:.eq.", 9) == 0)
			continue;
		suffix = strstr(name, ".abi0");
		if (suffix)
			*suffix = '\0';
		cr_expect(go_binary_func_at(bin, addr, &func), "go %s %s: no %s", toolchain->version, variant, name);
		printed = printed_name(name);
		got = printed_name(func.name);
		cr_expect_eq(func.entry, addr, "%s", name);
		cr_expect_str_eq(got, printed);
		free(got);
		free(printed);
		go++;
	}
	cr_expect_gt(go, 2000, "go %s: %zu functions", toolchain->version, go);
	if (strcmp(variant, "exe") != 0)
		cr_expect_gt(c, 10, "go %s %s: %zu C functions", toolchain->version, variant, c);
	go_binary_free(bin);
	free(text);
	free(path);
}

Test(go_binary, functions_are_those_of_the_linker, .timeout = 300)
{
	struct toolchain found[MAX_TOOLCHAINS];
	size_t n = toolchains(found);

	for (size_t i = 0; i < n; i++) {
		check_against_nm(&found[i], "exe");
		if (strcmp(found[i].version, "1.19") == 0 || i + 1 == n) {
			check_against_nm(&found[i], "cgo-internal");
			check_against_nm(&found[i], "cgo-external");
		}
	}
}

Test(go_binary, c_code_is_not_go, .timeout = 300)
{
	static const char *const variants[] = {"cgo-internal", "cgo-external", "cgo-pie", "c-shared", "exe-race"};
	struct toolchain found[MAX_TOOLCHAINS];
	size_t n = toolchains(found);

	for (size_t v = 0; v < ARRAY_SIZE(variants); v++) {
		const char *name = v < 4 ? "symbols_in_c" : "__tsan_init";
		char *path = built_program(&found[n - 1], variants[v]);
		struct go_binary *bin = open_binary(path);
		struct go_func func;
		elf_vaddr addr;

		if (v == 4)
			name = elf_image_symbol(go_binary_image(bin), "__tsan_init", &addr, NULL) ? name
												  : "__tsan_fini";
		cr_assert(elf_image_symbol(go_binary_image(bin), name, &addr, NULL), "%s: no %s", variants[v], name);
		cr_expect_not(go_binary_func_at(bin, addr, &func), "%s: %s is %s", variants[v], name, func.name);
		cr_expect_not(go_binary_func_at(bin, addr + 3, &func));
		cr_expect_not(go_binary_func_named(bin, name, &func));
		cr_expect(go_binary_func_named(bin, "main.main", &func));
		cr_expect(go_binary_func_at(bin, func.entry, &func));
		go_binary_free(bin);
		free(path);
	}
}

Test(go_binary, lookups, .timeout = 300)
{
	struct toolchain found[MAX_TOOLCHAINS];
	size_t n = toolchains(found);
	char *path = built_program(&found[n - 1], "pie-strip");
	struct go_binary *bin = open_binary(path);
	struct go_func main_main, func;
	elf_vaddr start, end;

	go_binary_text(bin, &start, &end);
	cr_assert(go_binary_func_named(bin, "main.main", &main_main));
	cr_expect_str_eq(main_main.name, "main.main");
	cr_expect(main_main.entry >= start && main_main.end <= end && main_main.entry < main_main.end);
	cr_expect(go_binary_func_at(bin, main_main.end - 1, &func));
	cr_expect_eq(func.index, main_main.index);
	cr_expect(go_binary_func(bin, func.index, &func));
	cr_expect_eq(func.entry, main_main.entry);
	cr_expect_not(go_binary_func_named(bin, "main.mai", &func));
	cr_expect_not(go_binary_func_named(bin, "", &func));
	cr_expect_not(go_binary_func_at(bin, start - 1, &func));
	cr_expect_not(go_binary_func_at(bin, end, &func));
	cr_expect_not(go_binary_func(bin, go_binary_func_count(bin), &func));
	cr_expect_not(go_binary_func(bin, SIZE_MAX, &func));

	/* The first of several functions of one name (ABI wrappers share their function's name). */
	for (size_t i = 0; i < go_binary_func_count(bin); i++) {
		struct go_func first;

		if (!go_binary_func(bin, i, &func))
			continue;
		cr_assert(go_binary_func_named(bin, func.name, &first));
		cr_expect_leq(first.index, func.index, "%s", func.name);
		cr_expect_str_eq(first.name, func.name);
	}
	go_binary_free(bin);
	free(path);
}

/* ---- build information ---- */

Test(go_binary, build_information, .timeout = 300)
{
	struct toolchain found[MAX_TOOLCHAINS];
	size_t n = toolchains(found);

	for (size_t i = 0; i < n; i++) {
		char *path = built_program(&found[i], "exe-sw"), *text, *rest, *line;
		struct go_binary *bin = open_binary(path);
		size_t settings = 0;

		/* "PATH: go1.N", then the module text with a tab before each line. */
		rest = text = output_of("'%s' version -m '%s'", found[i].go, path);
		line = next_line(&rest);
		cr_expect_str_eq(go_binary_version(bin), strstr(line, ": go1.") + 2);
		cr_expect_eq(go_binary_minor(bin), atoi(found[i].version + 2));
		while ((line = next_line(&rest))) {
			cr_expect(strstr(go_binary_modinfo(bin), line + 1), "%s", line);
			if (strncmp(line, "\tbuild\t", 7) == 0) {
				char *equals = strchr(line + 7, '=');

				settings++;
				if (line[7] == '"' || !equals || equals[1] == '"')
					continue;
				*equals = '\0';
				cr_expect_str_eq(go_binary_setting(bin, line + 7), equals + 1);
			}
		}
		cr_expect_gt(settings, 3);
		cr_expect_str_eq(go_binary_main_package(bin), "example.com/symbols/plain");
		cr_expect_str_eq(go_binary_main_module(bin), "example.com/symbols");
		cr_expect_str_eq(go_binary_setting(bin, "GOARCH"), "amd64");
		cr_expect_str_eq(go_binary_setting(bin, "-ldflags"), "-s -w");
		cr_expect_null(go_binary_setting(bin, "-gcflags"));
		cr_expect_null(go_binary_setting(bin, ""));
		go_binary_free(bin);
		free(text);
		free(path);
	}
}

/* Build information alone, in a file of one writable segment. */
struct tiny {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;
	uint8_t info[2048];
	size_t used;
};

static void tiny_init(struct tiny *tiny, const char *version, const char *text)
{
	size_t len = strlen(text);

	memset(tiny, 0, sizeof(*tiny));
	memcpy(tiny->ehdr.e_ident, ELFMAG, SELFMAG);
	tiny->ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	tiny->ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	tiny->ehdr.e_type = ET_EXEC;
	tiny->ehdr.e_machine = EM_X86_64;
	tiny->ehdr.e_phoff = sizeof(Elf64_Ehdr);
	tiny->ehdr.e_phentsize = sizeof(Elf64_Phdr);
	tiny->ehdr.e_phnum = 1;
	tiny->phdr.p_type = PT_LOAD;
	tiny->phdr.p_flags = PF_R | PF_W;
	tiny->phdr.p_offset = offsetof(struct tiny, info);
	tiny->phdr.p_vaddr = 0x400008; /* the magic is aligned in memory */
	tiny->phdr.p_filesz = tiny->phdr.p_memsz = sizeof(tiny->info);
	memcpy(tiny->info + 8, "\xff Go buildinf:\x08\x02", 16);
	tiny->used = 8 + 32;
	tiny->info[tiny->used++] = (uint8_t)strlen(version);
	memcpy(tiny->info + tiny->used, version, strlen(version));
	tiny->used += strlen(version);
	if (len > 0)
		len += 32;
	tiny->info[tiny->used++] = (uint8_t)(0x80 | (len & 0x7f));
	tiny->info[tiny->used++] = (uint8_t)(len >> 7);
	if (len > 0)
		memcpy(tiny->info + tiny->used + 16, text, len - 32);
	tiny->used += len;
}

/* Reads it; the binary has no tables, so the way in is the inner one. */
static int read_info(struct go_binary *bin, const struct tiny *tiny, struct error *err)
{
	memset(bin, 0, sizeof(*bin));
	cr_assert_eq(elf_image_open_bytes(&bin->image, tiny, sizeof(*tiny), "tiny", err), 0);
	bin->strings = strpool_new();
	return go_buildinfo_read(bin, err);
}

static void release_info(struct go_binary *bin)
{
	free(bin->build.settings);
	strpool_free(bin->strings);
	elf_image_free(bin->image);
}

Test(go_binary, module_text)
{
	struct error err = ERROR_INIT;
	struct go_binary bin;
	struct tiny tiny;

	tiny_init(&tiny, "go1.26.11-X:sizespecializedmalloc",
		  "path\texample.com/m/cmd/x\n"
		  "mod\texample.com/m\tv1.2.3\th1:abc=\n"
		  "dep\texample.com/d\tv1.0.0\th1:def=\n"
		  "build\t-gcflags=\"-m -l\"\n"
		  "build\t-ldflags=\"-X 'main.v=a\\tb\\x41\\u00e9\\\\\"\n"
		  "build\t\"odd key\"=value\n"
		  "build\t-tags=a,b\n"
		  "build\tempty=\n"
		  "build\tnothing\n"
		  "build\tbroken=\"never closed\n"
		  "build\tescape=\"\\q\"\n"
		  "noise\n");
	cr_assert_eq(read_info(&bin, &tiny, &err), 0, "%s", err.text);
	cr_expect_str_eq(go_binary_version(&bin), "go1.26.11-X:sizespecializedmalloc");
	cr_expect_eq(go_binary_minor(&bin), 26);
	cr_expect_str_eq(go_binary_main_package(&bin), "example.com/m/cmd/x");
	cr_expect_str_eq(go_binary_main_module(&bin), "example.com/m");
	cr_expect_str_eq(go_binary_setting(&bin, "-gcflags"), "-m -l");
	cr_expect_str_eq(go_binary_setting(&bin, "-ldflags"), "-X 'main.v=a\tbA\xc3\xa9\\");
	cr_expect_str_eq(go_binary_setting(&bin, "odd key"), "value");
	cr_expect_str_eq(go_binary_setting(&bin, "-tags"), "a,b");
	cr_expect_str_eq(go_binary_setting(&bin, "empty"), "");
	cr_expect_null(go_binary_setting(&bin, "nothing"));
	cr_expect_str_eq(go_binary_setting(&bin, "broken"), "\"never closed");
	cr_expect_str_eq(go_binary_setting(&bin, "escape"), "\"\\q\"");
	release_info(&bin);

	tiny_init(&tiny, "go1.21.0", "");
	cr_assert_eq(read_info(&bin, &tiny, &err), 0, "%s", err.text);
	cr_expect_str_eq(go_binary_modinfo(&bin), "");
	cr_expect_null(go_binary_main_package(&bin));
	cr_expect_null(go_binary_main_module(&bin));
	release_info(&bin);
}

Test(go_binary, versions)
{
	static const struct {
		const char *version;
		int ret;
		int minor;
		const char *words;
	} cases[] = {
		{"go1.19", 0, 19, NULL},
		{"go1.20.5", 0, 20, NULL},
		{"go1.27rc1", 0, 27, NULL},
		{"devel go1.27-4f8ac5d Tue Mar 3 2026", 0, 27, NULL},
		{"go1.18.10", -EPROTONOSUPPORT, 0, "go1.18.10, older than Go 1.19; rebuild"},
		{"go1.9", -EPROTONOSUPPORT, 0, "older"},
		{"go1.28.1", -EPROTONOSUPPORT, 0, "go1.28.1, newer"},
		{"go1.100", -EPROTONOSUPPORT, 0, "newer"},
		{"go1.99999999999", -EPROTONOSUPPORT, 0, "unknown"},
		{"go1.", -EPROTONOSUPPORT, 0, "unknown"},
		{"go2.1", -EPROTONOSUPPORT, 0, "unknown"},
		{"", -EPROTONOSUPPORT, 0, "unknown"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		struct go_binary bin;
		struct tiny tiny;

		tiny_init(&tiny, cases[i].version, "");
		cr_expect_eq(read_info(&bin, &tiny, &err), cases[i].ret, "'%s': %s", cases[i].version, err.text);
		if (cases[i].ret == 0)
			cr_expect_eq(bin.build.minor, cases[i].minor, "%s", cases[i].version);
		else
			cr_expect(err.text && strstr(err.text, cases[i].words) && strstr(err.text, "rebuild") &&
					  strstr(err.text, "tiny"),
				  "%s", err.text);
		error_release(&err);
		release_info(&bin);
	}
}

Test(go_binary, damaged_build_information)
{
	struct error err = ERROR_INIT;
	struct go_binary bin;
	struct tiny tiny;

	/* Out of line: Go before 1.18. */
	tiny_init(&tiny, "go1.19", "");
	tiny.info[8 + 15] = 0;
	cr_expect_eq(read_info(&bin, &tiny, &err), -EPROTONOSUPPORT);
	cr_expect(strstr(err.text, "1.18"));
	release_info(&bin);

	tiny_init(&tiny, "go1.19", "");
	tiny.info[8] = 0;
	cr_expect_eq(read_info(&bin, &tiny, &err), -ENODATA);
	cr_expect(strstr(err.text, "not a Go program"));
	release_info(&bin);

	/* Lengths that lead out of the file, or never end. */
	tiny_init(&tiny, "go1.19", "");
	memset(tiny.info + 40, 0xff, 4);
	tiny.info[44] = 0x0f;
	cr_expect_eq(read_info(&bin, &tiny, &err), -EBADMSG);
	release_info(&bin);
	memset(tiny.info + 40, 0xff, sizeof(tiny.info) - 40);
	cr_expect_eq(read_info(&bin, &tiny, &err), -EBADMSG);
	release_info(&bin);

	/* Every cut. */
	tiny_init(&tiny, "go1.19", "path\tx\n");
	for (size_t size = 1; size < tiny.used; size++) {
		struct tiny cut = tiny;

		cut.phdr.p_filesz = size;
		cr_expect_lt(read_info(&bin, &cut, &err), 0, "%zu", size);
		release_info(&bin);
	}
	error_release(&err);
}

/* ---- what is refused ---- */

static size_t replace_all(uint8_t *bytes, size_t size, const void *what, const void *with, size_t len)
{
	size_t n = 0;

	for (uint8_t *p = bytes; (p = memmem(p, size - (size_t)(p - bytes), what, len)); p += len) {
		memcpy(p, with, len);
		n++;
	}
	return n;
}

static void expect_refused(const uint8_t *bytes, size_t size, int code, const char *words)
{
	struct error err = ERROR_INIT;
	struct go_binary *bin;
	int ret = open_bytes(&bin, bytes, size, &err);

	cr_expect_eq(ret, code, "%d: %s", ret, err.text);
	cr_expect(err.text && strstr(err.text, words), "'%s' does not say '%s'", err.text, words);
	if (ret == 0)
		go_binary_free(bin);
	error_release(&err);
}

Test(go_binary, refusals, .timeout = 300)
{
	static const char *const newest_magic = "\xf1\xff\xff\xff\0\0\1\x08";
	struct toolchain found[MAX_TOOLCHAINS];
	size_t n = toolchains(found), size;
	char *self = output_of("readlink -f /bin/ls");
	uint8_t *bytes;

	/* Programs, but not of Go. */
	self[strcspn(self, "\n")] = '\0';
	bytes = slurp(self, &size);
	expect_refused(bytes, size, -ENODATA, "not a Go program");
	free(self);
	free(bytes);

	/* A version that is not the one whose layout this is. */
	bytes = program_bytes(&found[0], "exe", &size);
	cr_assert_gt(replace_all(bytes, size, "\x08go1.19.", "\x08go1.18.", 8), 0);
	expect_refused(bytes, size, -EPROTONOSUPPORT, "older than Go 1.19");
	free(bytes);

	/* No function table, or one that nothing points at. */
	for (int headers = 0; headers < 2; headers++) {
		bytes = program_bytes(&found[n - 1], "exe", &size);
		if (!headers)
			remove_section_headers(bytes);
		cr_assert_gt(replace_all(bytes, size, newest_magic, "\xf1\xff\xff\xff\0\0\2\x08", 8), 0);
		expect_refused(bytes, size, -ENODATA, "no function table");
		free(bytes);
	}
}

/* The layouts of two versions must never pass for each other: wrong addresses, and no error, would follow. */
Test(go_binary, layouts_do_not_pass_for_each_other, .timeout = 300)
{
	struct toolchain found[MAX_TOOLCHAINS];
	size_t n = toolchains(found);

	for (size_t i = 0; i < n; i++) {
		const char *other = strcmp(found[i].version, "1.27") == 0   ? "1.26"
				    : strcmp(found[i].version, "1.26") == 0 ? "1.27"
				    : strcmp(found[i].version, "1.19") == 0 ? "1.21"
									    : NULL;
		char *from, *to;
		uint8_t *bytes;
		size_t size;

		if (!other)
			continue;
		from = xasprintf("go%s.", found[i].version);
		to = xasprintf("go%s.", other);
		bytes = program_bytes(&found[i], "exe", &size);
		cr_assert_gt(replace_all(bytes, size, from, to, strlen(from)), 0);
		expect_refused(bytes, size, strcmp(other, "1.21") == 0 ? -ENODATA : -EBADMSG, other);
		free(bytes);
		free(from);
		free(to);
	}
}

/* Each field of the module that is damaged must make it unbelievable, not be followed. */
Test(go_binary, damaged_module_is_refused, .timeout = 300)
{
	static const unsigned fields[] = {0, 8, 32, 56, 80, 104, 128, 136, 160, 168, 176, 184};
	struct toolchain found[MAX_TOOLCHAINS];
	size_t n = toolchains(found), size, avail;
	struct error err = ERROR_INIT;
	elf_vaddr module, pclntab;
	elf_offset offset;
	struct go_binary *bin;
	uint8_t *bytes;

	bytes = program_bytes(&found[n - 1], "exe", &size);
	cr_assert_eq(open_bytes(&bin, bytes, size, &err), 0);
	module = elf_image_section(go_binary_image(bin), ".go.module")->vaddr;
	pclntab = elf_image_section(go_binary_image(bin), ".gopclntab")->vaddr;
	cr_assert_not_null(elf_image_at(go_binary_image(bin), pclntab, &avail));
	cr_assert(elf_image_vaddr_to_offset(go_binary_image(bin), module, &offset));
	go_binary_free(bin);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		uint64_t values[] = {0, 8, UINT64_MAX, 0x8000000000000000, 0}, saved;
		/* The addresses of tables must be exact; those of the text are bounds. */
		size_t n_values = fields[i] <= 128 ? 5 : 4;

		memcpy(&saved, bytes + offset + fields[i], 8);
		values[4] = saved + 8;
		for (size_t v = 0; v < n_values; v++) {
			memcpy(bytes + offset + fields[i], &values[v], 8);
			expect_refused(bytes, size, -EBADMSG, "no moduledata agrees");
		}
		memcpy(bytes + offset + fields[i], &saved, 8);
	}
	/* Lengths of tables: a shorter one is believed, one that leads out of the file is not. */
	for (unsigned field = 16; field <= 136; field += 24) {
		uint64_t huge = UINT64_MAX / 2;
		uint8_t saved[8];

		memcpy(saved, bytes + offset + field, 8);
		memcpy(bytes + offset + field, &huge, 8);
		expect_refused(bytes, size, -EBADMSG, "no moduledata agrees");
		memcpy(bytes + offset + field, saved, 8);
	}
	cr_assert_eq(open_bytes(&bin, bytes, size, &err), 0, "%s", err.text);
	go_binary_free(bin);
	free(bytes);
}

Test(go_binary, damaged_function_table_is_refused, .timeout = 300)
{
	struct toolchain found[MAX_TOOLCHAINS];
	size_t size;
	struct error err = ERROR_INIT;
	struct go_binary *bin;
	uint8_t *bytes, *header, *ftab, saved[8];

	toolchains(found); /* the oldest: its header knows where the text starts */
	bytes = program_bytes(&found[0], "exe", &size);
	cr_assert_eq(open_bytes(&bin, bytes, size, &err), 0, "%s", err.text);
	ftab = (uint8_t *)bin->module.ftab.at; /* in bytes */
	header = bytes + elf_image_section(go_binary_image(bin), ".gopclntab")->offset;
	go_binary_free(bin);

	memcpy(saved, header + 24, 8);
	header[24] += 16;
	expect_refused(bytes, size, -EBADMSG, "no moduledata agrees");
	memcpy(header + 24, saved, 8);

	/* Functions out of order, in the middle and at the ends. */
	memcpy(saved, ftab + 800, 8);
	memset(ftab + 800, 0xff, 4);
	expect_refused(bytes, size, -EBADMSG, "no moduledata agrees");
	memcpy(ftab + 800, saved, 8);
	ftab[0] = 1;
	expect_refused(bytes, size, -EBADMSG, "no moduledata agrees");
	ftab[0] = 0;
	cr_assert_eq(open_bytes(&bin, bytes, size, &err), 0, "%s", err.text);
	go_binary_free(bin);
	free(bytes);
}

static bool touch(void *ctx, const struct go_func *physical, const char *name)
{
	*(size_t *)ctx += strlen(name) + strlen(physical->name);
	return true;
}

static struct span all_of(const struct go_binary *bin, elf_vaddr vaddr, size_t size)
{
	return (struct span){.at = elf_image_view(bin->image, vaddr, size), .size = size};
}

/*
 * Bytes of the tables changed at random, with fixed seeds: whatever is read, nothing outside is (the sanitizers watch).
 * ftab stays whole, else the module would be refused and nothing be read.
 */
Test(go_binary, random_damage_is_survived, .timeout = 300)
{
	struct toolchain found[MAX_TOOLCHAINS];
	size_t n = toolchains(found);

	for (unsigned seed = 1; seed <= 12; seed++) {
		size_t size, sum = 0;
		uint8_t *bytes = program_bytes(&found[seed % n], seed % 2 ? "exe-sw" : "pie-strip", &size);
		struct error err = ERROR_INIT;
		struct go_binary *bin;
		struct go_module *module;
		elf_vaddr start, end;

		cr_assert_eq(open_bytes(&bin, bytes, size, &err), 0, "%s", err.text);
		module = &bin->module;
		const struct span targets[] = {
			{.at = module->funcnames.at, .size = module->funcnames.size - 1},
			module->cutab,
			{.at = module->files.at, .size = module->files.size - 1},
			all_of(bin, module->pctab.vaddr, module->pctab.size),
			all_of(bin, module->pclntable.vaddr + module->ftab.size,
			       module->pclntable.size - module->ftab.size),
			all_of(bin, module->gofunc.vaddr, module->gofunc.size),
			all_of(bin, module->types, module->etypes - module->types),
		};
		srandom(seed);
		for (int i = 0; i < 20000; i++) {
			const struct span *target = &targets[random() % (long)ARRAY_SIZE(targets)];

			bytes[(size_t)(target->at - bytes) + (size_t)random() % target->size] = (uint8_t)random();
		}
		for (size_t i = 0; i < go_binary_func_count(bin); i++) {
			struct go_func func;

			if (!go_binary_func(bin, i, &func))
				continue;
			touch(&sum, &func, func.name);
			go_binary_func_file(bin, &func);
			go_binary_func_named(bin, func.name, &func);
		}
		go_binary_each_inlined(bin, touch, &sum);
		go_binary_types_range(bin, &start, &end);
		for (; start < end; start += 8) {
			struct go_type type;

			if (go_binary_type(bin, start, &type))
				sum += strlen(type.name);
		}
		cr_expect_gt(sum, 0);
		go_binary_free(bin);
		free(bytes);
	}
}

/* ---- whose code it is ---- */

Test(go_binary, runtime_code, .timeout = 300)
{
	/* %s stands for the directory of the standard library; empty under -trimpath. */
	static const struct {
		const char *function;
		const char *file;
		bool is_runtime;
	} cases[] = {
		{"runtime.mallocgc", "%sruntime/malloc.go", true},
		{"runtime.mallocgc", NULL, true},
		{"reflect.unsafe_New", "%sruntime/malloc.go", true},
		{"internal/bytealg.MakeNoZero", "%sruntime/slice.go", true},
		{"maps.clone", "%sruntime/map.go", true},
		{"runtime/debug.setGCPercent", "%sruntime/mgcpacer.go", true},
		{"internal/runtime/maps.NewMap", "%sinternal/runtime/maps/map.go", true},
		{"internal/runtime/maps.newarray", NULL, true},
		{"runtime/internal/atomic.Load", "%sruntime/internal/atomic/atomic_amd64.go", true},
		{"gogo", "%sruntime/asm_amd64.s", true},
		{"runtime/debug.FreeOSMemory", "%sruntime/debug/garbage.go", false},
		{"runtime/pprof.StartCPUProfile", "%sruntime/pprof/pprof.go", false},
		{"runtime/trace.Start", "%sruntime/trace/trace.go", false},
		{"runtime/metrics.Read", NULL, false},
		{"runtime/coverage.WriteMeta", NULL, false},
		{"crosscall2", "%sruntime/cgo/asm_amd64.s", false},
		{"fmt.Println", "%sfmt/print.go", false},
		{"reflect.New", "%sreflect/value.go", false},
		{"main.main", "/elsewhere/runtime/main.go", false},
		{"main.main", NULL, false},
		{"example.com/runtime.New", "/elsewhere/go/src/runtime/new.go", false},
		{"example.com/x/internal/runtime/y.New", NULL, false},
		{"runtimex.New", NULL, false},
	};
	static const char *const variants[] = {"exe", "exe-trimpath", "cgo-pie-strip"};
	struct toolchain found[MAX_TOOLCHAINS];
	size_t n = toolchains(found);

	for (size_t v = 0; v < ARRAY_SIZE(variants); v++) {
		char *path = built_program(&found[n - 1], variants[v]);
		char *goroot = output_of("'%s' env GOROOT", found[n - 1].go), *src;
		struct go_binary *bin = open_binary(path);

		src = v == 1 ? xstrdup("") : xasprintf("%.*s/src/", (int)strcspn(goroot, "\n"), goroot);
		cr_expect_str_eq(go_binary_goroot_src(bin), src);
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			char *file = NULL;

			if (cases[i].file && strncmp(cases[i].file, "%s", 2) == 0)
				file = xasprintf("%s%s", src, cases[i].file + 2);
			else if (cases[i].file)
				file = xstrdup(cases[i].file);
			cr_expect_eq(go_binary_is_runtime(bin, cases[i].function, file), cases[i].is_runtime,
				     "%s: %s in %s", variants[v], cases[i].function, file);
			free(file);
		}
		go_binary_free(bin);
		free(src);
		free(goroot);
		free(path);
	}
}

/* ---- what is given back ---- */

static size_t resident_pages(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	size_t all, resident = 0;

	cr_assert(f && fscanf(f, "%zu %zu", &all, &resident) == 2);
	fclose(f);
	return resident;
}

struct seen {
	uint64_t hash;
	size_t n;
};

static void see_line(void *ctx, const struct go_line_run *run)
{
	struct seen *seen = ctx;

	seen->hash = seen->hash * 31 + bytes_hash(run->function, strlen(run->function)) +
		     bytes_hash(run->file, strlen(run->file)) * 3 + (uint64_t)run->line * 5 + run->pc * 7 + run->size;
	seen->n++;
}

/* What the tables say of every step-th function and type, with or without giving them back after each. */
static struct seen see_all(const struct go_binary *bin, size_t step, bool forget)
{
	struct seen seen = {0};
	elf_vaddr start, end;

	for (size_t i = 0; i < go_binary_func_count(bin); i += step) {
		struct go_func func;

		if (!go_binary_func(bin, i, &func))
			continue;
		go_binary_each_line(bin, &func, see_line, &seen);
		if (forget)
			go_binary_forget(bin);
		cr_assert_not_null(go_binary_func_file(bin, &func));
	}
	go_binary_types_range(bin, &start, &end);
	for (; start < end; start += 8 * step) {
		struct go_type type;

		if (go_binary_type(bin, start, &type))
			seen.hash = seen.hash * 31 + bytes_hash(type.name, strlen(type.name)) + type.size;
		if (forget)
			go_binary_forget(bin);
	}
	return seen;
}

Test(go_binary, what_is_given_back_is_read_again, .timeout = 300)
{
	struct toolchain found[MAX_TOOLCHAINS];
	size_t n = toolchains(found);

	for (size_t i = 0; i < n; i++) {
		char *path = built_program(&found[i], "pie-strip");
		struct go_binary *kept = open_binary(path), *forgetful = open_binary(path);
		struct seen once = see_all(kept, 7, false), again = see_all(forgetful, 7, true);
		size_t before, after;

		cr_expect_gt(once.n, 1000);
		cr_expect_eq(once.n, again.n, "go %s: %zu runs, then %zu", found[i].version, once.n, again.n);
		cr_expect_eq(once.hash, again.hash, "go %s", found[i].version);
		/* and it does give back */
		see_all(kept, 1, false);
		before = resident_pages();
		go_binary_forget(kept);
		after = resident_pages();
		cr_expect_lt(after + 100, before, "go %s: %zu pages of %zu are left", found[i].version, after, before);
		go_binary_free(kept);
		go_binary_free(forgetful);
		free(path);
	}
}

/* The linker of Go 1.19 puts the names of sections among the read-only data. */
Test(go_binary, names_of_sections_are_not_given_back, .timeout = 300)
{
	struct toolchain found[MAX_TOOLCHAINS];
	size_t n = toolchains(found);

	for (size_t i = 0; i < n; i++) {
		char *path = built_program(&found[i], "exe");
		struct go_binary *bin = open_binary(path);

		const struct elf_image *image = go_binary_image(bin);

		for (size_t k = 0; k < elf_image_segment_count(image); k++)
			elf_image_forget(image, elf_image_segment(image, k)->vaddr,
					 elf_image_segment(image, k)->file_size);
		cr_expect_not_null(elf_image_section(image, ".gopclntab"), "go %s", found[i].version);
		cr_expect_not_null(elf_image_section(image, ".noptrbss"), "go %s", found[i].version);
		go_binary_free(bin);
		free(path);
	}
}
