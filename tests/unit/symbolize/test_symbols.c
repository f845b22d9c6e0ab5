/* SPDX-License-Identifier: Apache-2.0 */
/* Which symbol an address is called by: symbols that overlap, that have several names, that have no size; and how the
 * names of linkers were written. */
#include <errno.h>
#include <unistd.h>

#include "symbolize/demangle.h"
#include "symbolize/symbolizer_symtab.h"
#include "tests/unit/symbolize/go_programs.h"

struct library {
	char *path;
	struct elf_image *image;
	struct symbolizer *sym;
	elf_vaddr base; /* of the symbol "base" */
};

/* Assembles a source, links it as a library and opens its symbols. */
static struct library library_of(const char *source)
{
	struct library lib = {
		.path = xasprintf("%s/escaudit-test-symtab-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp")};
	struct error err = ERROR_INIT;
	int fd = mkstemp(lib.path);

	cr_assert_geq(fd, 0);
	close(fd);
	free(output_of("gcc -nostdlib -shared -x assembler - -o '%s' <<'END'\n.text\n%s\nEND\n", lib.path, source));
	cr_assert_eq(elf_image_open(&lib.image, lib.path, &err), 0, "%s", err.text);
	cr_assert_eq(symbolizer_new_symtab(&lib.sym, lib.image, &err), 0, "%s", err.text);
	cr_assert(elf_image_symbol(lib.image, "base", &lib.base, NULL));
	return lib;
}

static void library_release(struct library *lib)
{
	symbolizer_free(lib->sym);
	elf_image_free(lib->image);
	cr_expect_eq(unlink(lib->path), 0);
	free(lib->path);
}

static void expect_name(const struct library *lib, int offset, const char *name, int entry)
{
	struct sym_frame frames[2];
	size_t n = symbolizer_frames_at(lib->sym, lib->base + (elf_vaddr)offset, frames, 2);

	if (!name) {
		cr_expect_eq(n, 0, "%d: %s", offset, n ? frames[0].function : "");
		return;
	}
	cr_assert_eq(n, 1, "%d: no %s", offset, name);
	cr_expect_str_eq(frames[0].function, name, "%d: %s", offset, frames[0].function);
	cr_expect_eq(frames[0].entry, lib->base + (elf_vaddr)entry, "%d: %s", offset, name);
	cr_expect(!frames[0].inlined && !frames[0].file && !frames[0].line);
}

#define FUNCTION(name, at, size) ".type " name ",@function\n.set " name ",base+" #at "\n.size " name "," #size "\n"
#define LABEL(name, at)		 ".set " name ",base+" #at "\n"

Test(symtab, overlaps, .timeout = 60)
{
	struct library lib = library_of("base: .skip 512, 0x90\n"
					/* One inside of another; one that sticks out; one around the end of that. */
					FUNCTION("outer", 16, 64) FUNCTION("inside", 32, 8)
						FUNCTION("sticks_out", 64, 32) FUNCTION("last", 88, 24)
					/* Nothing between 112 and 128. The same place, twice, one shorter. */
					FUNCTION("long_one", 128, 32) ".globl short_one\n" FUNCTION("short_one", 128, 8)
					/* Data among code has a type of its own, and is none. */
					".type table,@object\n.set table,base+200\n.size table,16\n");

	expect_name(&lib, 16, "outer", 16);
	expect_name(&lib, 31, "outer", 16);
	expect_name(&lib, 32, "inside", 32);
	expect_name(&lib, 39, "inside", 32);
	expect_name(&lib, 40, "outer", 16);
	expect_name(&lib, 63, "outer", 16);
	expect_name(&lib, 64, "sticks_out", 64);
	expect_name(&lib, 79, "sticks_out", 64);
	expect_name(&lib, 80, "sticks_out", 64);
	expect_name(&lib, 88, "last", 88);
	expect_name(&lib, 111, "last", 88);
	expect_name(&lib, 128, "short_one", 128);
	expect_name(&lib, 159, "short_one", 128);
	library_release(&lib);
}

Test(symtab, gaps, .timeout = 60)
{
	struct library lib = library_of(
		".globl base\n.type base,@function\nbase: .skip 64, 0x90\n.size base,16\n" FUNCTION("next", 32, 8));

	expect_name(&lib, -1, NULL, 0);
	expect_name(&lib, 0, "base", 0);
	expect_name(&lib, 15, "base", 0);
	expect_name(&lib, 16, NULL, 0);
	expect_name(&lib, 31, NULL, 0);
	expect_name(&lib, 32, "next", 32);
	expect_name(&lib, 40, NULL, 0);
	library_release(&lib);
}

Test(symtab, without_a_size, .timeout = 60)
{
	struct library lib = library_of(
		"base: .skip 256, 0x90\n" FUNCTION("sized", 16, 32) LABEL("label_inside", 24) LABEL("part_one", 64)
			LABEL("part_two", 80) FUNCTION("after", 96, 8) ".globl end_label\n" LABEL("end_label", 128));

	/* "base" is a label, too. */
	expect_name(&lib, 15, "base", 0);
	expect_name(&lib, 24, "sized", 16);
	expect_name(&lib, 47, "sized", 16);
	expect_name(&lib, 48, NULL, 0);
	expect_name(&lib, 64, "part_one", 64);
	expect_name(&lib, 79, "part_one", 64);
	expect_name(&lib, 80, "part_two", 80);
	expect_name(&lib, 95, "part_two", 80);
	expect_name(&lib, 96, "after", 96);
	expect_name(&lib, 104, NULL, 0);
	/* The last reaches to the end of the code. */
	expect_name(&lib, 255, "end_label", 128);
	expect_name(&lib, 0x100000, NULL, 0);
	library_release(&lib);
}

Test(symtab, the_best_name, .timeout = 60)
{
	struct library lib = library_of(
		"base: .skip 64, 0x90\n"
		/* Global before weak before local, a function before a label. */
		FUNCTION("a_local", 16, 8) ".weak b_weak\n" FUNCTION("b_weak", 16, 8) ".globl c_global\n" FUNCTION(
			"c_global", 16, 8) ".globl a_label\n" LABEL("a_label", 16)
		/* Of equals the first by name. */
		".globl z\n.globl y\n" FUNCTION("z", 32, 8) FUNCTION("y", 32, 8)
		/* A version is none of the name. */
		".globl versioned_impl\n" FUNCTION("versioned_impl", 48, 8));

	expect_name(&lib, 20, "c_global", 16);
	expect_name(&lib, 36, "y", 32);
	expect_name(&lib, 50, "versioned_impl", 48);
	library_release(&lib);
}

Test(symtab, none, .timeout = 60)
{
	struct library lib = library_of(".globl base\nbase: nop\n");
	struct error err = ERROR_INIT;
	struct elf_image *image;
	struct symbolizer *sym;

	free(output_of("strip -s -N base '%s' 2>/dev/null; llvm-objcopy --strip-sections '%s'", lib.path, lib.path));
	cr_assert_eq(elf_image_open(&image, lib.path, &err), 0, "%s", err.text);
	cr_expect_eq(symbolizer_new_symtab(&sym, image, &err), -ENODATA);
	cr_expect_null(sym);
	cr_expect(err.text && strstr(err.text, "do not strip it"), "%s", err.text);
	error_release(&err);
	elf_image_free(image);
	library_release(&lib);
}

Test(demangle, names, .timeout = 60)
{
	static const struct {
		const char *mangled, *written;
	} names[] = {
		{"_ZN2ns1fEi", "ns::f(int)"},
		{"_Z1fv", "f()"},
		{"_ZN12_GLOBAL__N_16hiddenEi", "(anonymous namespace)::hidden(int)"},
		{"_Z3sumRKSt6vectorIiSaIiEE", "sum(std::vector<int, std::allocator<int> > const&)"},
		{"_Z11local_classi.cold", "local_class(int) [clone .cold]"},
		/* Rust: its old mangling, which is that of C++ with a hash, and its own. */
		{"_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"},
		{"_RNvCs1234_7mycrate3foo", "mycrate::foo"},
		{"_RINvNtC3std3mem8align_ofjE", "std::mem::align_of::<usize>"},
		/* Neither. */
		{"main", NULL},
		{"", NULL},
		{"_", NULL},
		{"_Z", NULL},
		{"_ZN", NULL},
		{"_R", NULL},
		{"_Rest", NULL},
		{"_ZZZZ", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *written = demangle(names[i].mangled);
		if (names[i].written)
			cr_expect_str_eq(written, names[i].written, "%s: %s", names[i].mangled, written);
		else
			cr_expect_null(written, "%s: %s", names[i].mangled, written);
		free(written);
	}
}

#define NM "nm -Djp --defined-only --without-symbol-versions "

/* All names of the C++ library, as nm has them. (One time limit for all tests here: Criterion leaks where they differ.)
 */
Test(demangle, a_whole_library, .timeout = 60)
{
	char *text = output_of(NM "\"$(g++ -print-file-name=libstdc++.so.6)\""), *rest = text,
	     *written = output_of(NM "-C \"$(g++ -print-file-name=libstdc++.so.6)\""), *written_rest = written, *line;
	size_t n = 0, differ = 0;

	for (; (line = next_line(&rest)); n++) {
		char *ours = demangle(line), *theirs = next_line(&written_rest);
		if (!theirs || strcmp(ours ? ours : line, theirs) != 0) {
			if (differ++ < 3)
				cr_expect_fail("%s is %s, not %s", line, ours, theirs);
		}
		free(ours);
	}
	cr_expect_gt(n, 1000);
	cr_expect_eq(differ, 0);
	free(text);
	free(written);
}

/* A pair of pairs of pairs: 500 bytes that stand for 2^60 names. */
Test(demangle, bounded, .timeout = 60)
{
	struct strbuf sb = STRBUF_INIT;
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	strbuf_addstr(&sb, "_Z1f1PIiiE");
	for (int i = 0; i < 60; i++) {
		int last = i * 2;
		char name[8];
		if (last < 36)
			snprintf(name, sizeof(name), "S%c_", digits[last]);
		else
			snprintf(name, sizeof(name), "S%c%c_", digits[last / 36], digits[last % 36]);
		strbuf_addf(&sb, "1PI%s%sE", name, name);
	}
	char *written = demangle(sb.buf);
	cr_assert_not_null(written);
	cr_expect_eq(strlen(written), 4096 + 3, "%zu", strlen(written));
	cr_expect_str_eq(written + strlen(written) - 3, "...");
	free(written);
	strbuf_release(&sb);
}

/* Longer than anybody's names, and deep. */
Test(demangle, deep, .timeout = 60)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_addstr(&sb, "_Z1f");
	for (int i = 0; i < 100000; i++)
		strbuf_addch(&sb, 'P');
	strbuf_addch(&sb, 'i');
	cr_expect_null(demangle(sb.buf));
	strbuf_clear(&sb);
	strbuf_addstr(&sb, "_RNvC1a1b");
	for (int i = 0; i < 100000; i++)
		strbuf_addstr(&sb, "INvC1a1b");
	free(demangle(sb.buf));
	strbuf_release(&sb);
}
