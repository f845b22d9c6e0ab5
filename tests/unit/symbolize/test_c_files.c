/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every call in a program of C and C++, compiled in many ways, is called what addr2line or llvm-addr2line calls it:
 * with its DWARF, with the DWARF in a file of its own wherever that may lie, with nothing but symbols, and with
 * nothing.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbolize/c_files.h"
#include "tests/unit/symbolize/go_programs.h"

#define FRAMES_MAX 64

struct calls {
	elf_vaddr *rets; /* return addresses */
	size_t n;
	size_t alloc;
};

static char *line_output(char *text)
{
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* The program, compiled so. free() it. */
static char *built_names(const char *flags)
{
	return line_output(output_of("tests/programs/cnames/build %s", flags));
}

static struct calls calls_of(const char *program)
{
	char *text = output_of("objdump -d --no-show-raw-insn '%s'", program), *rest = text, *line;
	struct calls calls = {0};
	bool after_call = false;

	while ((line = next_line(&rest))) {
		unsigned long address;
		int at = 0;
		if (sscanf(line, " %lx: %n", &address, &at) != 1 || !at)
			continue;
		if (after_call) {
			ARRAY_GROW(calls.rets, calls.n + 1, calls.alloc);
			calls.rets[calls.n++] = address;
		}
		after_call = strncmp(line + at, "call", 4) == 0;
	}
	free(text);
	return calls;
}

/* A directory of this test's own. */
static char *new_folder(void)
{
	char *path = xasprintf("%s/escaudit-test-c-files-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");

	cr_assert_not_null(mkdtemp(path));
	return path;
}

static void remove_folder(char *path)
{
	free(output_of("rm -r '%s'", path));
	free(path);
}

/* A frame as compared: what tools add to a function's name to tell its parts apart is left out, and spaces; what is no
 * source file ("b.c", from a symbol, ":?") is none. LLVM's demangler gives members of a local class the result type of
 * the function that they are in. */
static void add_frame(struct strbuf *out, const char *function, const char *file, const char *line)
{
	if (strncmp(function, "void ", 5) == 0)
		function += 5;
	size_t end = strlen(function), number = end;
	while (number && function[number - 1] >= '0' && function[number - 1] <= '9')
		number--;
	/* A nested function's symbol is numbered. */
	if (number && number < end && function[number - 1] == '.')
		end = number - 1;
	for (const char *p = function; p < function + end; p++) {
		const char *part = strncmp(p, " [clone ", 8) == 0 ? strchr(p, ']')
				   : strncmp(p, " (.", 3) == 0	  ? strchr(p, ')')
				   : strcmp(p, ".cold") == 0	  ? p + strlen(p) - 1
								  : NULL;
		if (part)
			p = part;
		else if (*p != ' ')
			strbuf_addch(out, *p);
	}
	bool known = line[0] != '?' || strchr(file, '/');
	strbuf_addf(out, " %s:%s\n", known ? file : "??", strcmp(line, "0") == 0 ? "?" : line);
}

/* What a tool says of all calls: one text each. */
static char **told_by(const char *tool, const char *program, const struct calls *calls)
{
	char *folder = new_folder(), *list = xasprintf("%s/list", folder);
	char **told = xcalloc(calls->n, sizeof(*told));
	FILE *f = fopen(list, "w");

	cr_assert_not_null(f);
	for (size_t i = 0; i < calls->n; i++)
		fprintf(f, "0x%lx\n", calls->rets[i] - 1);
	cr_assert_eq(fclose(f), 0);
	char *text = output_of("%s -afiC -e '%s' <'%s'", tool, program, list), *rest = text, *line;
	struct strbuf sb = STRBUF_INIT;
	size_t n = 0;
	while ((line = next_line(&rest))) {
		if (strncmp(line, "0x", 2) == 0) {
			if (n)
				told[n - 1] = strbuf_detach(&sb);
			n++;
			continue;
		}
		char *place = next_line(&rest), *more = place ? strstr(place, " (discriminator") : NULL;
		cr_assert(place && n && n <= calls->n, "%s", line);
		if (more)
			*more = '\0';
		char *colon = strrchr(place, ':');
		cr_assert_not_null(colon, "%s", place);
		*colon = '\0';
		add_frame(&sb, line, place, colon + 1);
	}
	cr_assert_eq(n, calls->n, "%s: %zu of %zu", tool, n, calls->n);
	if (n)
		told[n - 1] = strbuf_detach(&sb);
	strbuf_release(&sb);
	free(text);
	free(list);
	remove_folder(folder);
	return told;
}

static char *told_by_us(struct c_files *files, uint32_t file, elf_vaddr ret)
{
	struct sym_frame frames[FRAMES_MAX];
	size_t n = c_files_frames(files, file, ret, frames, FRAMES_MAX);
	struct strbuf sb = STRBUF_INIT;

	cr_assert(n >= 1 && n <= FRAMES_MAX);
	for (size_t i = 0; i < n; i++) {
		char line[16];
		snprintf(line, sizeof(line), "%d", frames[i].line);
		add_frame(&sb, frames[i].function, frames[i].file ? frames[i].file : "??", line);
		cr_expect_eq(frames[i].inlined, i + 1 < n);
		cr_expect_eq(frames[i].entry, frames[0].entry);
	}
	return strbuf_detach(&sb);
}

static uint32_t add_file(struct c_files *files, const char *path, const char *name, const char *root)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	cr_assert_geq(fd, 0, "%s", path);
	uint32_t file = c_files_add(files, fd, name, root);
	close(fd);
	return file;
}

static void free_told(char **told, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(told[i]);
	free(told);
}

/* Of each chain its function and the innermost place: what is left without names of what was inlined. */
static void leave_physical(char **told, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *first = told[i], *last = first;
		for (char *next; (next = strchr(last, '\n')) && next[1];)
			last = next + 1;
		char *physical = xasprintf("%.*s%.*s", (int)strcspn(last, " "), last,
					   (int)strcspn(strchr(first, ' '), "\n") + 1, strchr(first, ' '));
		free(first);
		told[i] = physical;
	}
}

/* How many of the calls are called what somebody else calls them; those that are not are complained of, unless it is
 * asked for the number only. */
static size_t compare(struct c_files *files, uint32_t file, const struct calls *calls, char *const *told,
		      char *const *also, const char *what)
{
	size_t equal = 0, shown = 0;

	for (size_t i = 0; i < calls->n; i++) {
		char *ours = told_by_us(files, file, calls->rets[i]);
		/* Where addr2line knows nothing, there is nothing but the offset. */
		bool unknown = strcmp(told[i], "?? ??:?\n") == 0 && strstr(ours, "+0x") && !strchr(ours, '\n')[1];
		if (strcmp(ours, told[i]) == 0 || (also && strcmp(ours, also[i]) == 0) || unknown)
			equal++;
		else if (what && shown++ < 3)
			cr_expect_fail("%s: 0x%lx is not\n%s but\n%s", what, calls->rets[i] - 1, told[i], ours);
		free(ours);
	}
	return equal;
}

/* Compiles with flags and compares all calls. */
static void check_variant(const char *flags)
{
	char *program = built_names(flags);
	struct calls calls = calls_of(program);
	char **gnu = told_by("addr2line", program, &calls), **llvm = told_by("llvm-addr2line", program, &calls);
	struct c_files *files = c_files_new();
	uint32_t file = add_file(files, program, program, "");

	cr_expect_gt(calls.n, 50, "%s", flags);
	size_t equal = compare(files, file, &calls, gnu, llvm, flags);
	cr_expect_eq(equal, calls.n, "%s: %zu of %zu", flags, equal, calls.n);
	/* None of the two is a judge that says yes to all: most is from DWARF. */
	size_t with_lines = 0;
	for (size_t i = 0; i < calls.n; i++)
		with_lines += !strstr(gnu[i], "??:?");
	cr_expect_gt(with_lines * 2, calls.n, "%s: %zu lines", flags, with_lines);
	c_files_free(files);
	free_told(gnu, calls.n);
	free_told(llvm, calls.n);
	free(calls.rets);
	free(program);
}

static void need(const char *command)
{
	char *line = xasprintf("%s >/dev/null 2>&1", command);
	int status = system(line);

	free(line);
	if (status != 0)
		cr_skip_test("no %s", command);
}

/* GCC leaves a lambda's function inside of the function that it is written in. Here its symbol says nothing. */
Test(c_files, function_of_a_local_class, .timeout = 600)
{
	char *program = built_names("gcc -O0 -gdwarf-5"), *folder = new_folder(), *bare = xasprintf("%s/names", folder);
	struct calls calls = calls_of(program);
	struct c_files *files = c_files_new();
	size_t lambdas = 0;

	free(output_of("objcopy -w -N '_Z*Ul*' '%s' '%s'", program, bare));
	uint32_t file = add_file(files, bare, bare, "");
	for (size_t i = 0; i < calls.n; i++) {
		struct sym_frame frame;
		cr_assert_eq(c_files_frames(files, file, calls.rets[i], &frame, 1), 1);
		lambdas += strncmp(frame.function, "operator()", 10) == 0;
	}
	cr_expect_eq(lambdas, 3, "%zu", lambdas);
	c_files_free(files);
	free(calls.rets);
	free(bare);
	free(program);
	remove_folder(folder);
}

Test(c_files, gcc, .timeout = 600)
{
	static const char *const flags[] = {
		"gcc -O0 -gdwarf-4", "gcc -O0 -gdwarf-5", "gcc -O2 -gdwarf-4", "gcc -O2 -gdwarf-5",
		"gcc -O2 -g1",	     "gcc -O2 -g -flto",  "gcc -O2 -g -gz",    "gcc -O2 -g -ffunction-sections",
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		check_variant(flags[i]);
}

Test(c_files, clang, .timeout = 600)
{
	static const char *const flags[] = {
		"clang -O0 -gdwarf-4", "clang -O0 -gdwarf-5", "clang -O2 -gdwarf-4", "clang -O2 -gdwarf-5",
		"clang -O0 -g1",       "clang -O2 -g1",	      "clang -O2 -g -flto",
	};

	/* Not -fdebug-types-section: there the llvm-addr2line of LLVM 19 leaves inlined frames out. */
	need("clang++ --version");
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		check_variant(flags[i]);
}

/* The other half of a split unit is a file that nobody opens: functions by symbols, lines by the line table. */
Test(c_files, split_units, .timeout = 600)
{
	char *program = built_names("gcc -O0 -g -gsplit-dwarf"), *whole = built_names("gcc -O0 -g");
	struct calls calls = calls_of(program), calls_whole = calls_of(whole);
	char **told = told_by("addr2line", whole, &calls_whole);
	struct c_files *files = c_files_new();
	uint32_t file = add_file(files, program, program, "");

	leave_physical(told, calls.n);
	/* The same code. */
	cr_assert_eq(calls.n, calls_whole.n);
	cr_assert_arr_eq(calls.rets, calls_whole.rets, calls.n * sizeof(*calls.rets));
	cr_expect_eq(compare(files, file, &calls, told, NULL, "split"), calls.n);
	c_files_free(files);
	free_told(told, calls.n);
	free(calls.rets);
	free(calls_whole.rets);
	free(program);
	free(whole);
}

/* ---- separate debug files ---- */

struct separate {
	char *root; /* where the process's files are */
	char *build_id;
	struct calls calls;
	char **told; /* of the program as it was */
};

/* A root folder with /bin/names, stripped, and its debug information in /tmp/names.debug. */
static struct separate separated(const char *flags, const char *strip)
{
	char *program = built_names(flags);
	struct separate s = {.root = new_folder(), .calls = calls_of(program)};

	s.told = told_by("addr2line", program, &s.calls);
	free(output_of(
		"cd '%s' && mkdir -p bin tmp && objcopy --only-keep-debug '%s' tmp/names.debug && %s -o bin/names '%s'",
		s.root, program, strip, program));
	s.build_id = line_output(output_of("readelf -n '%s' | sed -n 's/.*Build ID: //p'", program));
	free(program);
	return s;
}

static void separated_release(struct separate *s)
{
	free_told(s->told, s->calls.n);
	free(s->calls.rets);
	free(s->build_id);
	remove_folder(s->root);
}

/* Runs a command in the root folder, with the build id in $id_begin and $id_rest. */
static void in_root(const struct separate *s, const char *command)
{
	free(output_of("cd '%s' && id_begin=%.2s id_rest=%s && %s", s->root, s->build_id,
		       strlen(s->build_id) > 2 ? s->build_id + 2 : "", command));
}

/* How many calls have the names they had. */
static size_t named(const struct separate *s, const char *name)
{
	struct c_files *files = c_files_new();
	char *path = xasprintf("%s/bin/names", s->root);
	uint32_t file = add_file(files, path, name, s->root);
	size_t equal = compare(files, file, &s->calls, s->told, NULL, NULL);

	c_files_free(files);
	free(path);
	return equal;
}

#define BUILD_ID_PLACE "usr/lib/debug/.build-id/$id_begin"

Test(c_files, debug_file_by_build_id, .timeout = 600)
{
	struct separate s = separated("gcc -O0 -g -Wl,--build-id", "strip -g");

	cr_assert_gt(strlen(s.build_id), 8);
	size_t lines = named(&s, "/bin/names");
	cr_expect_lt(lines, s.calls.n / 4, "without it %zu", lines);
	in_root(&s, "mkdir -p " BUILD_ID_PLACE " && cp tmp/names.debug " BUILD_ID_PLACE "/$id_rest.debug");
	cr_expect_eq(named(&s, "/bin/names"), s.calls.n);
	/* However the process calls it. */
	cr_expect_eq(named(&s, "/bin/names (deleted)"), s.calls.n);
	cr_expect_eq(named(&s, "memfd:names"), s.calls.n);
	/* Stripped of its symbols too, these are the debug file's. */
	in_root(&s, "strip -s bin/names");
	cr_expect_eq(named(&s, "/bin/names"), s.calls.n);
	/* Compressed. */
	in_root(&s, "objcopy --compress-debug-sections " BUILD_ID_PLACE "/$id_rest.debug");
	cr_expect_eq(named(&s, "/bin/names"), s.calls.n);
	separated_release(&s);
}

Test(c_files, debug_file_of_another_build, .timeout = 600)
{
	struct separate s = separated("gcc -O0 -g -Wl,--build-id", "strip -g"),
			other = separated("gcc -O0 -g -Wl,--build-id=0xabcdef12", "strip -g");
	char *place = xasprintf(
		"mkdir -p " BUILD_ID_PLACE " && cp '%s/tmp/names.debug' " BUILD_ID_PLACE "/$id_rest.debug", other.root);

	in_root(&s, place);
	cr_expect_lt(named(&s, "/bin/names"), s.calls.n / 4);
	free(place);
	separated_release(&s);
	separated_release(&other);
}

Test(c_files, debug_file_by_link, .timeout = 600)
{
	static const char *const places[] = {"bin", "bin/.debug", "usr/lib/debug/bin"};
	struct separate s = separated("gcc -O0 -g -Wl,--build-id=none", "strip -g");

	in_root(&s, "objcopy --add-gnu-debuglink=tmp/names.debug bin/names");
	cr_expect_lt(named(&s, "/bin/names"), s.calls.n / 4);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		char *there = xasprintf("mkdir -p %s && cp tmp/names.debug %s/", places[i], places[i]);
		char *wrong = xasprintf("echo >>%s/names.debug", places[i]);
		char *gone = xasprintf("rm %s/names.debug", places[i]);
		char *linked = xasprintf("ln -s ../../../../../../tmp/names.debug %s/", places[i]);
		in_root(&s, there);
		cr_expect_eq(named(&s, "/bin/names"), s.calls.n, "%s", places[i]);
		cr_expect_eq(named(&s, "/bin/names (deleted)"), s.calls.n, "%s", places[i]);
		cr_expect_lt(named(&s, "names"), s.calls.n / 4, "no folder");
		in_root(&s, wrong);
		cr_expect_lt(named(&s, "/bin/names"), s.calls.n / 4, "%s: the sum is wrong", places[i]);
		in_root(&s, gone);
		/* ".." goes no further up than the process's root. */
		in_root(&s, linked);
		cr_expect_eq(named(&s, "/bin/names"), s.calls.n, "%s: a link", places[i]);
		in_root(&s, gone);
		free(there);
		free(wrong);
		free(gone);
		free(linked);
	}
	separated_release(&s);
}

/* Its sum would take a quarter of an hour. */
Test(c_files, debug_file_without_end, .timeout = 600)
{
	struct separate s = separated("gcc -O0 -g -Wl,--build-id=none", "strip -g");

	in_root(&s, "objcopy --add-gnu-debuglink=tmp/names.debug bin/names && truncate -s 1T bin/names.debug");
	cr_expect_lt(named(&s, "/bin/names"), s.calls.n / 4);
	separated_release(&s);
}

/* What a link of the process's root names is there, whatever has that name for us. */
Test(c_files, debug_file_outside_of_the_root, .timeout = 600)
{
	struct separate s = separated("gcc -O0 -g -Wl,--build-id=none", "strip -g");

	in_root(&s, "objcopy --add-gnu-debuglink=tmp/names.debug bin/names && ln -s \"$PWD/tmp/names.debug\" "
		    "bin/names.debug");
	cr_expect_lt(named(&s, "/bin/names"), s.calls.n / 4);
	in_root(&s, "mkdir -p \".$PWD/tmp\" && cp tmp/names.debug \".$PWD/tmp/\"");
	cr_expect_eq(named(&s, "/bin/names"), s.calls.n);
	/* Nobody waits for what a pipe brings. */
	in_root(&s, "rm bin/names.debug && mkfifo bin/names.debug");
	cr_expect_lt(named(&s, "/bin/names"), s.calls.n / 4);
	separated_release(&s);
}

Test(c_files, debug_file_shared, .timeout = 600)
{
	struct separate s = separated("gcc -O0 -g -Wl,--build-id", "strip -g"),
			other = separated("gcc -O1 -g -Wl,--build-id", "strip -g");
	char *dwz;

	need("dwz --version");
	/* dwz takes from two files what both have, and names the third file by an absolute path in the root. */
	dwz = xasprintf(
		"mkdir -p " BUILD_ID_PLACE " usr/lib/debug/.dwz && cp '%s/tmp/names.debug' tmp/other.debug && "
		"dwz -m usr/lib/debug/.dwz/names -M /usr/lib/debug/.dwz/names tmp/names.debug tmp/other.debug && "
		"mv tmp/names.debug " BUILD_ID_PLACE "/$id_rest.debug && "
		"readelf -WS " BUILD_ID_PLACE "/$id_rest.debug | grep -q gnu_debugaltlink",
		other.root);
	in_root(&s, dwz);
	cr_expect_eq(named(&s, "/bin/names"), s.calls.n);
	/* Relative, it is relative to the debug file. */
	in_root(&s,
		"objcopy --remove-section=.gnu_debugaltlink --dump-section .gnu_debugaltlink=tmp/link " BUILD_ID_PLACE
		"/$id_rest.debug && { printf '../../.dwz/names\\0'; tail -c 20 tmp/link; } >tmp/relative && "
		"objcopy --add-section .gnu_debugaltlink=tmp/relative " BUILD_ID_PLACE "/$id_rest.debug");
	cr_expect_eq(named(&s, "/bin/names"), s.calls.n);
	/* Without it functions have the names of their symbols, and lines. */
	in_root(&s, "rm usr/lib/debug/.dwz/names");
	leave_physical(s.told, s.calls.n);
	cr_expect_eq(named(&s, "/bin/names"), s.calls.n);
	free(dwz);
	separated_release(&s);
	separated_release(&other);
}

/* ---- symbols alone ---- */

struct symbol {
	elf_vaddr start, size;
	char *name;
};

/* Checks all calls of a stripped program against what nm lists: the function around a call, or none. */
static void check_symbols(const char *program, const struct calls *calls, const char *nm_flags, size_t at_least)
{
	char *text = output_of("nm %s --defined-only -S '%s' 2>/dev/null || true", nm_flags, program), *rest = text,
	     *line;
	struct c_files *files = c_files_new();
	uint32_t file = add_file(files, program, "/lib/somewhere/module.so", "");
	struct symbol *symbols = NULL;
	size_t n = 0, alloc = 0, found = 0;

	while ((line = next_line(&rest))) {
		struct symbol symbol;
		char type;
		int at = 0;
		if (sscanf(line, "%lx %lx %c %n", &symbol.start, &symbol.size, &type, &at) != 3 || !at ||
		    !strchr("tTwWiu", type))
			continue;
		symbol.name = line + at;
		symbol.name[strcspn(symbol.name, "@")] = '\0';
		ARRAY_GROW(symbols, n + 1, alloc);
		symbols[n++] = symbol;
	}
	for (size_t i = 0; i < calls->n; i++) {
		elf_vaddr pc = calls->rets[i] - 1;
		struct sym_frame frame;
		size_t around = 0;
		bool ok = false;
		cr_assert_eq(c_files_frames(files, file, calls->rets[i], &frame, 1), 1);
		for (size_t k = 0; k < n; k++) {
			if (pc < symbols[k].start || pc - symbols[k].start >= symbols[k].size)
				continue;
			around++;
			ok |= strcmp(frame.function, symbols[k].name) == 0 && frame.entry == symbols[k].start;
		}
		char *offset = xasprintf("module.so+0x%lx", pc);
		/* Parts of an assembler source have no size and are listed without one. */
		cr_expect(ok || (!around && (strcmp(frame.function, offset) == 0 || frame.function[0] == '_')),
			  "0x%lx: %s", pc, frame.function);
		cr_expect(frame.line == 0 && !frame.file && !frame.inlined);
		found += ok;
		free(offset);
	}
	cr_expect_geq(found, at_least, "%zu of %zu have names", found, calls->n);
	free(symbols);
	c_files_free(files);
	free(text);
}

Test(c_files, symbols, .timeout = 600)
{
	char *program = built_names("gcc -O1 -rdynamic"), *folder = new_folder();
	struct calls calls = calls_of(program);
	char *stripped = xasprintf("%s/stripped", folder), *bare = xasprintf("%s/bare", folder);

	check_symbols(program, &calls, "-C", calls.n / 2);
	free(output_of("strip -s -o '%s' '%s'", stripped, program));
	check_symbols(stripped, &calls, "-DC", calls.n / 4);
	/* Without section headers nothing is left. */
	free(output_of("llvm-objcopy --strip-sections '%s' '%s'", program, bare));
	check_symbols(bare, &calls, "-C", 0);
	free(calls.rets);
	free(stripped);
	free(bare);
	free(program);
	remove_folder(folder);
}

/* ---- what is kept ---- */

Test(c_files, same_file_once)
{
	struct c_files *files = c_files_new();
	char *folder = new_folder(), *path = xasprintf("%s/file", folder), *link = xasprintf("%s/link", folder);
	struct sym_frame frame;

	free(output_of("echo text >'%s' && ln '%s' '%s' && echo other >'%s/other'", path, path, link, folder));
	char *other = xasprintf("%s/other", folder);
	uint32_t file = add_file(files, path, "/a/file", "");
	cr_expect_eq(add_file(files, link, "/a/link", "/proc/1/root"), file);
	cr_expect_neq(add_file(files, other, "/a/file", ""), file);
	cr_expect_eq(c_files_count(files), 2);
	cr_expect_str_eq(c_files_path(files, file), "/a/file");
	/* What has no file is known by its name. */
	uint32_t vdso = c_files_add(files, -1, "[vdso]", "");
	cr_expect_eq(c_files_add(files, -1, "[vdso]", ""), vdso);
	cr_expect_neq(c_files_add(files, -1, "/a/file", ""), file);
	cr_expect_null(c_files_image(files, vdso));
	cr_expect_null(c_files_image(files, file), "a text is no ELF file");
	cr_expect_eq(c_files_frames(files, vdso, 0x123, &frame, 1), 1);
	cr_expect_str_eq(frame.function, "[vdso]+0x122");
	cr_expect_eq(c_files_frames(files, file, 0, &frame, 1), 1);
	cr_expect_str_eq(frame.function, "file+0x0");
	cr_expect_eq(c_files_frames(files, file, UINT64_MAX, &frame, 1), 1);
	cr_expect_str_eq(frame.function, "file+0xfffffffffffffffe");
	cr_expect_eq(c_files_frames(files, file, 1, &frame, 0), 0);
	c_files_free(files);
	c_files_free(NULL);
	free(path);
	free(link);
	free(other);
	remove_folder(folder);
}

/* A file and the root of its process are kept open: their names may go, as those below /proc/PID do. */
Test(c_files, after_the_process, .timeout = 600)
{
	struct separate s = separated("gcc -O0 -g -Wl,--build-id", "strip -g");
	struct c_files *files = c_files_new();
	char *root = xasprintf("%s/tmp/root", s.root), *path = xasprintf("%s/bin/names", root);

	in_root(&s, "mkdir -p " BUILD_ID_PLACE " && cp tmp/names.debug " BUILD_ID_PLACE
		    "/$id_rest.debug && ln -s .. tmp/root");
	uint32_t file = add_file(files, path, "/bin/names", root);
	in_root(&s, "rm -r bin tmp");
	cr_expect_eq(compare(files, file, &s.calls, s.told, NULL, "afterwards"), s.calls.n);
	c_files_free(files);
	free(root);
	free(path);
	separated_release(&s);
}
