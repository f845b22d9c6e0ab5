/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What DWARF alone knows: moved variables and C frames, against programs that say what they are made of; and files
 * whose DWARF is missing or damaged. That Go frames are right is proven over whole binaries by
 * tests/proof/pclntab_vs_dwarf.c.
 */
#include <elf.h>
#include <errno.h>
#include <unistd.h>

#include "symbolize/symbolizer_dwarf.h"
#include "tests/unit/symbolize/go_programs.h"

#define SOURCES "tests/programs/dwarf/"

/* The path of a variant, see tests/programs/dwarf/build. free() it. */
static char *built(const struct toolchain *toolchain, const char *variant)
{
	char *path = output_of(SOURCES "build '%s' %s", toolchain->go, variant);

	path[strcspn(path, "\n")] = '\0';
	return path;
}

static struct symbolizer *open_dwarf(const struct go_binary *bin)
{
	struct error err = ERROR_INIT;
	struct symbolizer *sym;

	cr_assert_eq(symbolizer_new_dwarf(&sym, bin, &err), 0, "%s", err.text);
	return sym;
}

static char *source_of(const char *file)
{
	struct strbuf sb = STRBUF_INIT;
	char *path = xasprintf(SOURCES "%s", file);

	cr_assert_eq(strbuf_read_file(&sb, path, 0), 0, "%s", path);
	free(path);
	return strbuf_detach(&sb);
}

/* ---- moved variables ---- */

/* "x:14 inner:18 ": what comments "moved in FUNCTION: NAME" of a source say, or what the symbolizer does, in line
 * order. */
static char *expected_moved(const char *source, const char *function)
{
	struct strbuf sb = STRBUF_INIT;
	char *copy = xstrdup(source), *rest = copy, *line;

	for (int number = 1; (line = next_line(&rest)); number++) {
		char where[64], name[32];
		const char *comment = strstr(line, "// moved in ");
		if (comment && sscanf(comment, "// moved in %63[^:]: %31s", where, name) == 2 &&
		    strcmp(where, function) == 0)
			strbuf_addf(&sb, "%s:%d ", name, number);
	}
	free(copy);
	return strbuf_detach(&sb);
}

static int compare_moved(const void *a, const void *b)
{
	const struct sym_moved_variable *x = a, *y = b;

	return (x->line > y->line) - (x->line < y->line);
}

static char *found_moved(const struct go_binary *bin, struct symbolizer *sym, const char *function)
{
	struct strbuf sb = STRBUF_INIT;
	struct sym_moved_variable vars[16];
	struct go_func func;

	cr_assert(go_binary_func_named(bin, function, &func), "%s", function);
	size_t n = symbolizer_moved_variables(sym, func.entry, vars, ARRAY_SIZE(vars));
	qsort(vars, n, sizeof(*vars), compare_moved);
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&sb, "%s:%d ", vars[i].name, vars[i].line);
	return strbuf_detach(&sb);
}

Test(dwarf, moved_variables, .timeout = 600)
{
	static const char *const functions[] = {
		"main.local",	    "main.param",	  "main.result",  "main.nothing", "main.outer",
		"main.outer.func1", "main.outer.func1.1", "main.inliner", "main.main",
	};
	struct toolchain list[MAX_TOOLCHAINS];
	size_t n = toolchains(list);
	char *source = source_of("moved/main.go");

	for (size_t i = 0; i < n; i++) {
		char *path = built(&list[i], "moved");
		struct go_binary *bin = open_binary(path);
		struct symbolizer *sym = open_dwarf(bin);
		size_t known = 0;

		for (size_t k = 0; k < ARRAY_SIZE(functions); k++) {
			char *expected = expected_moved(source, functions[k]),
			     *found = found_moved(bin, sym, functions[k]);
			cr_expect_str_eq(found, expected, "go %s, %s: found %s, not %s", list[i].version, functions[k],
					 found, expected);
			known += *expected != '\0';
			free(expected);
			free(found);
		}
		cr_expect_geq(known, 6, "the comments in the source were not understood");
		symbolizer_free(sym);
		go_binary_free(bin);
		free(path);
	}
	free(source);
}

Test(dwarf, moved_variables_of_nothing, .timeout = 600)
{
	struct toolchain list[MAX_TOOLCHAINS];
	size_t n = toolchains(list);
	char *path = built(&list[n - 1], "moved");
	struct go_binary *bin = open_binary(path);
	struct symbolizer *sym = open_dwarf(bin);
	struct sym_moved_variable vars[2];
	struct go_func func;

	cr_assert(go_binary_func_named(bin, "main.local", &func));
	cr_expect_eq(symbolizer_moved_variables(sym, func.entry, vars, 1), 1, "no more than asked for");
	cr_expect_eq(symbolizer_moved_variables(sym, func.entry, vars, 0), 0);
	cr_expect_eq(symbolizer_moved_variables(sym, func.entry + 1, vars, 2), 0, "not an entry");
	cr_expect_eq(symbolizer_moved_variables(sym, 0, vars, 2), 0);
	cr_expect_eq(symbolizer_moved_variables(sym, UINT64_MAX, vars, 2), 0);
	symbolizer_free(sym);
	go_binary_free(bin);
	free(path);
}

/* ---- frames ---- */

static bool ends_with(const char *s, const char *tail)
{
	size_t len = s ? strlen(s) : 0, tail_len = strlen(tail);

	return len >= tail_len && strcmp(s + len - tail_len, tail) == 0;
}

/* One line of what cframes prints. */
static void check_c_frame(struct symbolizer *sym, const char *line, const char *version)
{
	char function[2][64];
	int lines[2];
	elf_vaddr ret;
	struct sym_frame frames[8];
	int fields = sscanf(line, "frame %lx %63s %d %63s %d", &ret, function[0], &lines[0], function[1], &lines[1]);
	size_t wanted = fields == 5 ? 2 : 1;

	cr_assert(fields == 3 || fields == 5, "'%s'", line);
	size_t n = symbolizer_frames(sym, ret, frames, ARRAY_SIZE(frames));
	cr_assert_eq(n, wanted, "go %s: %zu frames at '%s'", version, n, line);
	for (size_t i = 0; i < n; i++) {
		cr_expect_str_eq(frames[i].function, function[i], "go %s: '%s'", version, line);
		cr_expect_eq(frames[i].line, lines[i], "go %s: '%s', line %d", version, line, frames[i].line);
		cr_expect(ends_with(frames[i].file, "/frames.c"), "go %s: %s", version, frames[i].file);
		cr_expect_eq(frames[i].inlined, i + 1 < n);
		cr_expect_eq(frames[i].entry, frames[0].entry);
		cr_expect(frames[i].start_line > 0 && frames[i].start_line < lines[i]);
	}
	cr_expect_eq(symbolizer_frames(sym, ret, frames, 1), 1);
	cr_expect_str_eq(frames[0].function, function[0], "the innermost is kept");
}

Test(dwarf, c_frames, .timeout = 600)
{
	struct toolchain list[MAX_TOOLCHAINS];
	size_t n = toolchains(list);

	if (system("gcc --version >/dev/null 2>&1") != 0)
		cr_skip_test("no gcc");
	for (size_t i = 0; i<n; i += n> 1 ? n - 1 : 1) { /* the oldest and the newest */
		char *path = built(&list[i], "cframes"), *text = output_of("'%s'", path), *rest = text, *line;
		struct go_binary *bin = open_binary(path);
		struct symbolizer *sym = open_dwarf(bin);
		size_t seen = 0;

		for (; (line = next_line(&rest)); seen++)
			check_c_frame(sym, line, list[i].version);
		cr_expect_eq(seen, 3, "go %s: %zu frames printed", list[i].version, seen);
		symbolizer_free(sym);
		go_binary_free(bin);
		free(text);
		free(path);
	}
}

/* Names that -trimpath left relative come out as they were written, those of //line directives too. */
static void check_file(const struct toolchain *toolchain, const char *variant, const char *function, const char *file,
		       int line)
{
	char *path = built(toolchain, variant);
	struct go_binary *bin = open_binary(path);
	struct symbolizer *sym = open_dwarf(bin);
	struct sym_frame frame;
	struct go_func func;
	bool found = false;

	cr_assert(go_binary_func_named(bin, function, &func));
	for (elf_vaddr pc = func.entry; pc < func.end && !found; pc++) {
		size_t n = symbolizer_frames_at(sym, pc, &frame, 1);
		if (n && frame.line == line)
			found = frame.file && strcmp(frame.file, file) == 0;
	}
	cr_expect(found, "go %s, %s: %s has no code at %s:%d", toolchain->version, variant, function, file, line);
	symbolizer_free(sym);
	go_binary_free(bin);
	free(path);
}

static int line_of(const char *source, const char *text)
{
	const char *at = strstr(source, text);
	int line = 1;

	cr_assert_not_null(at, "no '%s' in the source", text);
	for (const char *p = source; p < at; p++)
		line += *p == '\n';
	return line;
}

Test(dwarf, relative_file_names, .timeout = 600)
{
	struct toolchain list[MAX_TOOLCHAINS];
	size_t n = toolchains(list);
	char *source = source_of("moved/main.go");
	int inliner = line_of(source, "func inliner(");

	for (size_t i = 0; i<n; i += n> 1 ? n - 1 : 1) {
		/* Go 1.27 joins the directive's name to the directory of the file that holds it. */
		const char *rules =
			atoi(list[i].version + 2) < 27 ? "gen/rules.y" : "example.com/dwarf/moved/gen/rules.y";
		check_file(&list[i], "moved-trimpath", "main.generated", rules, 40);
		check_file(&list[i], "moved-trimpath", "main.inliner", "example.com/dwarf/moved/main.go", inliner);
	}
	free(source);
}

Test(dwarf, addresses_without_code, .timeout = 600)
{
	struct toolchain list[MAX_TOOLCHAINS];
	size_t n = toolchains(list);
	char *path = built(&list[n - 1], "moved");
	struct go_binary *bin = open_binary(path);
	struct symbolizer *sym = open_dwarf(bin);
	struct sym_frame frames[2];
	elf_vaddr start, end;

	go_binary_text(bin, &start, &end);
	cr_expect_eq(symbolizer_frames(sym, 0, frames, 2), 0);
	cr_expect_eq(symbolizer_frames_at(sym, 0, frames, 2), 0);
	cr_expect_eq(symbolizer_frames_at(sym, start - 1, frames, 2), 0);
	cr_expect_eq(symbolizer_frames_at(sym, end, frames, 2), 0);
	cr_expect_eq(symbolizer_frames_at(sym, UINT64_MAX, frames, 2), 0);
	cr_expect_eq(symbolizer_frames_at(sym, start, frames, 0), 0);
	cr_expect_gt(symbolizer_frames_at(sym, start, frames, 2), 0);
	symbolizer_free(sym);
	go_binary_free(bin);
	free(path);
}

/* ---- files without DWARF, or with damaged DWARF ---- */

Test(dwarf, missing, .timeout = 600)
{
	struct toolchain list[MAX_TOOLCHAINS];
	size_t n = toolchains(list);
	char *path = built(&list[n - 1], "moved-w");
	struct go_binary *bin = open_binary(path);
	struct error err = ERROR_INIT;
	struct symbolizer *sym = (void *)1;

	cr_expect_eq(symbolizer_new_dwarf(&sym, bin, &err), -ENODATA);
	cr_expect_null(sym);
	cr_assert_not_null(err.text);
	cr_expect(strstr(err.text, path) && strstr(err.text, "without -ldflags=-w"), "%s", err.text);
	error_release(&err);
	go_binary_free(bin);
	free(path);
}

static char *copy_of(const char *path)
{
	char *copy = xasprintf("%s/escaudit-test-dwarf-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	int fd = mkstemp(copy);

	cr_assert_geq(fd, 0);
	close(fd);
	free(output_of("cp '%s' '%s'", path, copy));
	return copy;
}

static void overwrite(const char *path, elf_offset offset, const void *data, size_t size)
{
	FILE *f = fopen(path, "r+");

	cr_assert_not_null(f);
	cr_assert_eq(fseek(f, (long)offset, SEEK_SET), 0);
	cr_assert_eq(fwrite(data, 1, size, f), size);
	cr_assert_eq(fclose(f), 0);
}

/* Opens a copy of the newest "moved" with its compressed .debug_info overwritten at an offset. Returns what opening
 * does. */
static int open_damaged(elf_offset offset, const void *data, size_t size, struct error *err)
{
	struct toolchain list[MAX_TOOLCHAINS];
	size_t n = toolchains(list);
	char *path = built(&list[n - 1], "moved"), *copy = copy_of(path);
	struct go_binary *bin = open_binary(copy);
	const struct elf_section *info = elf_image_section(go_binary_image(bin), ".debug_info");
	struct symbolizer *sym;

	cr_assert_not_null(info);
	cr_assert(info->flags & SHF_COMPRESSED);
	cr_assert_leq(offset + size, info->size);
	overwrite(copy, info->offset + offset, data, size);
	int ret = symbolizer_new_dwarf(&sym, bin, err);
	symbolizer_free(sym);
	go_binary_free(bin);
	cr_assert_eq(unlink(copy), 0);
	free(copy);
	free(path);
	return ret;
}

Test(dwarf, damaged_stream, .timeout = 600)
{
	static const char garbage[64] = "this is no deflate stream";
	struct error err = ERROR_INIT;
	int ret = open_damaged(sizeof(Elf64_Chdr), garbage, sizeof(garbage), &err);

	cr_expect(ret == -EBADMSG || ret == -ENODATA, "%d", ret);
	cr_expect_not_null(err.text);
	error_release(&err);
}

Test(dwarf, bomb, .timeout = 600)
{
	uint64_t size = UINT64_C(1) << 40;
	struct error err = ERROR_INIT;

	cr_expect_eq(open_damaged(offsetof(Elf64_Chdr, ch_size), &size, sizeof(size), &err), -E2BIG);
	cr_assert_not_null(err.text);
	cr_expect(strstr(err.text, "4 GiB"), "%s", err.text);
	error_release(&err);
}

/* Opens a copy of a small C program with the last byte of a section overwritten. Returns what opening does. */
static int open_with_last_byte(const char *section_name, char byte, struct error *err)
{
	char *copy = copy_of("tests/fuzz/corpus/dwarf/c5");
	struct symbolizer *sym;
	struct elf_image *image;

	cr_assert_eq(elf_image_open(&image, copy, err), 0);
	const struct elf_section *section = elf_image_section(image, section_name);
	cr_assert_not_null(section, "%s", section_name);
	overwrite(copy, section->offset + section->size - 1, &byte, 1);
	int ret = symbolizer_new_dwarf_image(&sym, image, 0, err);
	symbolizer_free(sym);
	elf_image_free(image);
	cr_assert_eq(unlink(copy), 0);
	free(copy);
	return ret;
}

Test(dwarf, strings_without_end)
{
	static const char *const sections[] = {".debug_str", ".debug_line_str"};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		cr_expect_eq(open_with_last_byte(sections[i], '\0', &err), 0, "as it was: %s", err.text);
		cr_expect_eq(open_with_last_byte(sections[i], 'x', &err), -EBADMSG, "%s", sections[i]);
		cr_expect(err.text && strstr(err.text, sections[i]), "%s", err.text);
		error_release(&err);
	}
}

/* Opens a file that a command makes at $file. */
static int open_made(const char *command, uint64_t *budget, struct error *err)
{
	char *copy = copy_of("/dev/null");
	struct elf_image *image;
	struct symbolizer *sym;

	free(output_of("file='%s' && %s", copy, command));
	cr_assert_eq(elf_image_open(&image, copy, err), 0);
	int ret = symbolizer_new_dwarf_shared(&sym, image, NULL, 0, budget, err);
	symbolizer_free(sym);
	elf_image_free(image);
	cr_assert_eq(unlink(copy), 0);
	free(copy);
	return ret;
}

/* A table of 100,000 abbreviations, and units that each have the last one: libdw keeps all of them for each unit. */
#define MANY_ABBREVS(N_UNITS)                                                                                          \
	"printf '.globl _start\n_start: nop\n.section .debug_abbrev,\"\"\n.set i,1\n.rept 100000\n.uleb128 i\n"        \
	".byte 0x11,0,0,0\n.set i,i+1\n.endr\n.byte 0\n.section .debug_info,\"\"\n.rept " N_UNITS "\n"                 \
	".long 11\n.short 4\n.long 0\n.byte 8\n.uleb128 100000\n.byte 0\n.endr\n' | "                                  \
	"gcc -nostdlib -static -x assembler -o $file - && chmod u+w $file"

Test(dwarf, abbreviations_of_many_units, .timeout = 600)
{
	struct error err = ERROR_INIT;
	uint64_t budget = 64 << 20;

	cr_expect_eq(open_made(MANY_ABBREVS("1"), NULL, &err), -ENODATA, "units without code: %s", err.text);
	error_release(&err);
	cr_expect_eq(open_made(MANY_ABBREVS("3000"), NULL, &err), -E2BIG, "%s", err.text);
	cr_expect(err.text && strstr(err.text, "abbreviations"), "%s", err.text);
	error_release(&err);
	cr_expect_eq(open_made(MANY_ABBREVS("20"), &budget, &err), -E2BIG, "%s", err.text);
	error_release(&err);
}

/* libdw takes the first of those that it can read: what is weighed must be what it has. */
Test(dwarf, sections_twice)
{
	static const char *const sections[] = {".debug_abbrev", ".debug_line"};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		char *command = xasprintf("objcopy --rename-section .debug_aranges=%s tests/fuzz/corpus/dwarf/c5 $file",
					  sections[i]);

		cr_expect_eq(open_made(command, NULL, &err), -EBADMSG, "%s", sections[i]);
		cr_expect(err.text && strstr(err.text, sections[i]), "%s", err.text);
		error_release(&err);
		free(command);
	}
}
