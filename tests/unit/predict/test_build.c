/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real builds with every Go version there is. tests/programs/diagnostics says once each what the diagnostics can say,
 * and the table below has the answers: each row is one prediction, and nothing else may be predicted.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "predict/build.h"

#define PROGRAM "tests/programs/diagnostics"

enum {
	ALWAYS = 0,
	FROM_21 = 21,
	FROM_22 = 22,
	FROM_23 = 23,
	FROM_25 = 25,
	UNTIL_19 = 19,
	UNTIL_21 = 21,
	UNTIL_24 = 24
};
enum { WRAPPER = 1, ZERO_COPY = 2, MAYBE_PARAMETER = 4 };

struct row {
	const char *place; /* tag, or file:line */
	enum claim claim;
	enum expr_kind kind;
	const char *expr;
	const char *reason;   /* NULL: not looked at */
	const char *function; /* >= 1.25; before, nothing names it */
	const char *chain;    /* inlined positions, as places; NULL: not inlined */
	int from, until;      /* minor versions; 0: no limit */
	int column;	      /* 0: not looked at; negative: the compiler gave none */
	int flags;
};

#define HEAP(place_, kind_, expr_, reason_, function_, ...)                                                            \
	{                                                                                                              \
		.place = place_, .claim = CLAIM_HEAP, .kind = kind_, .expr = expr_, .reason = reason_,                 \
		.function = function_, ##__VA_ARGS__                                                                   \
	}
#define STACK(place_, kind_, expr_, ...)                                                                               \
	{                                                                                                              \
		.place = place_, .claim = CLAIM_STACK, .kind = kind_, .expr = expr_, ##__VA_ARGS__                     \
	}

static const struct row rows[] = {
	HEAP("lib-new-int", EXPR_NEW, "new(int)", "return", "New", .column = 12),
	HEAP("lib-append", EXPR_APPEND, "append", "assign", "Keep", .from = FROM_25, .column = 16),

	HEAP("moved", EXPR_MOVED, "parameter", "assign", "moved", .column = 12),
	HEAP("moved", EXPR_MOVED, "result", "assign", "moved", .column = 28),
	HEAP("moved-local", EXPR_MOVED, "local", "assign", "moved", .column = 2),
	HEAP("moved-large", EXPR_MOVED, "large", "too large for stack", "moved"),
	STACK("moved-return", EXPR_COMPOSITE, "&pair{}"),

	HEAP("composite-literal", EXPR_COMPOSITE, "&pair{...}", "assign", "composite", .column = 10),
	HEAP("composite-new", EXPR_NEW, "new(pair)", "assign", "composite"),
	HEAP("composite-new-int", EXPR_NEW, "new(int)", "assign", "composite"),
	HEAP("composite-make", EXPR_MAKE_SLICE, "make([]int, 3)", "assign", "composite"),
	HEAP("composite-make-n", EXPR_MAKE_SLICE, "make([]int, n)", "non-constant size", NULL, .until = UNTIL_24),
	HEAP("composite-make-n", EXPR_MAKE_SLICE, "make([]int, n)", "assign", "composite", .from = FROM_25),
	HEAP("composite-make-map", EXPR_MAKE_MAP, "make(map[string]int)", "assign", "composite"),
	HEAP("composite-map", EXPR_MAKE_MAP, "map[string]int{...}", "assign", "composite"),
	HEAP("composite-slice", EXPR_SLICE_LIT, "[]*pair{...}", "assign", "composite"),
	HEAP("composite-slice", EXPR_COMPOSITE, "&pair{...}", "slice-literal-element", "composite"),
	STACK("composite-stays", EXPR_SLICE_LIT, "[]int{...}"),
	HEAP("composite-rewritten", EXPR_MAKE_SLICE, "make([]int, constant)", "non-constant size", NULL,
	     .until = UNTIL_24),
	HEAP("composite-rewritten", EXPR_MAKE_SLICE, "make([]int, 10)", "assign", "composite", .from = FROM_25),
	HEAP("composite-big", EXPR_MAKE_SLICE, "make([]int, 1 << 20)", "too large for stack", NULL, .until = UNTIL_21),
	HEAP("composite-big", EXPR_MAKE_SLICE, "make([]int, 1048576)", "too large for stack", "composite",
	     .from = FROM_22),

	/* Boxing is at the assignment in 1.19, at the operand from 1.21 on. */
	HEAP("box", EXPR_MOVED, "p", "assign", "box", .column = 17),
	HEAP("box-int", EXPR_OTHER, "n", "assign", NULL, .until = UNTIL_19, .column = 2),
	HEAP("box-int", EXPR_OTHER, "n", "assign", "box", .from = FROM_21, .column = 9),
	HEAP("box-struct", EXPR_OTHER, "p", "assign", "box"),
	HEAP("box-field", EXPR_OTHER, "p.a", "assign", "box"),
	HEAP("box-constant", EXPR_CONSTANT, "12345", "assign", "box"),
	HEAP("box-text", EXPR_CONSTANT, "\"a: 5:6: b\"", "assign", "box"),
	HEAP("box-make", EXPR_OTHER, "make([]int, 3)", "assign", "box"),
	HEAP("box-make", EXPR_MAKE_SLICE, "make([]int, 3)", "interface-converted", "box"),
	HEAP("box-slice", EXPR_OTHER, "[]int{...}", "assign", "box"),
	HEAP("box-slice", EXPR_SLICE_LIT, "[]int{...}", "interface-converted", "box"),
	HEAP("box-sum", EXPR_OTHER, "n + 1", "assign", "box"),
	HEAP("box-variable", EXPR_OTHER, "v", "assign", NULL, .until = UNTIL_24),
	HEAP("box-variable", EXPR_CONSTANT, "7", "assign", "box", .from = FROM_25),
	STACK("box-variadic", EXPR_ARGUMENT, "... argument"),
	HEAP("box-variadic", EXPR_OTHER, "n", NULL, "box"),
	HEAP("box-variadic", EXPR_CONSTANT, "\"b\"", NULL, "box"),
	HEAP("box-variadic", EXPR_APPEND, "append", "assign", "box", .chain = "lib-append", .from = FROM_25),
	STACK("box-many", EXPR_ARGUMENT, "... argument"),
	HEAP("box-many", EXPR_CONSTANT, "1", "call parameter", "box"),
	HEAP("box-many", EXPR_OTHER, "n", "call parameter", "box"),

	/* Nothing before them tells the first two from parameters. */
	STACK("stay-first", EXPR_OTHER, "n", .flags = MAYBE_PARAMETER),
	STACK("stay-second", EXPR_OTHER, "p", .flags = MAYBE_PARAMETER),
	STACK("stay-field", EXPR_OTHER, "p.b"),
	STACK("stay-last", EXPR_OTHER, "n"),
	STACK("stay-constant", EXPR_CONSTANT, "12"),

	HEAP("closures-counter", EXPR_MOVED, "counter", "reference", "closures"),
	HEAP("closures-literal", EXPR_FUNC_LIT, "func literal", "assign", "closures"),
	HEAP("closures-method", EXPR_OTHER, "p.area", "assign", "closures"),
	STACK("closures-stays", EXPR_FUNC_LIT, "func literal"),
	HEAP("closures-go", EXPR_OTHER, "p", "call parameter", "closures"),
	HEAP("closures-go", EXPR_FUNC_LIT, "func literal", "spill", "closures", .column = 2, .flags = WRAPPER),
	HEAP("closures-go-literal", EXPR_FUNC_LIT, "func literal", "captured by a closure", "closures", .column = 5),
	HEAP("closures-go-literal", EXPR_FUNC_LIT, "func literal", "spill", "closures", .column = 2, .flags = WRAPPER),
	HEAP("closures-defer-loop", EXPR_FUNC_LIT, "func literal", "spill", "closures", .flags = WRAPPER),

	HEAP("fresh", EXPR_MOVED, "n", "return", "fresh"),
	HEAP("twice-first", EXPR_NEW, "new(int)", "assign", "twice", .chain = "lib-new-int"),
	HEAP("twice-second", EXPR_NEW, "new(int)", "assign", "twice", .chain = "lib-new-int"),
	HEAP("inlined-fresh", EXPR_MOVED, "n", "assign", "inlined", .chain = "fresh"),
	HEAP("inlined-twice", EXPR_NEW, "new(int)", "assign", "inlined", .chain = "twice-first lib-new-int"),
	HEAP("inlined-twice", EXPR_NEW, "new(int)", "assign", "inlined", .chain = "twice-second lib-new-int"),
	HEAP("inlined-new", EXPR_NEW, "new(int)", "assign", "inlined", .chain = "lib-new-int"),
	HEAP("inlined-keep", EXPR_APPEND, "append", "assign", "inlined", .chain = "lib-append", .from = FROM_25),

	HEAP("generic-box", EXPR_OTHER, "unsafe.Pointer(v)", "return", NULL, .until = UNTIL_19),
	HEAP("generic-box", EXPR_OTHER, "unsafe.Pointer(v)", "return", NULL, .until = UNTIL_19),
	HEAP("generic-box", EXPR_OTHER, "unsafe.Pointer(v)", "return", NULL, .until = UNTIL_19),
	HEAP("generic-box", EXPR_OTHER, "v", "return", "boxed[go.shape.int8]", .from = FROM_21),
	HEAP("generic-box", EXPR_OTHER, "v", "return", "boxed[go.shape.int64]", .from = FROM_21),
	HEAP("generic-box", EXPR_OTHER, "v", "return", "boxed[go.shape.float64]", .from = FROM_21),
	HEAP("generic-new", EXPR_NEW, "new(go.shape.int_0)", "return", NULL, .until = UNTIL_19),
	HEAP("generic-new", EXPR_NEW, "new(go.shape.struct { main.a int; main.b int }_0)", "return", NULL,
	     .until = UNTIL_19),
	HEAP("generic-new", EXPR_NEW, "new(<node DYNAMICTYPE>)", "return", "cell[go.shape.int]", .from = FROM_21),
	HEAP("generic-new", EXPR_NEW, "new(<node DYNAMICTYPE>)", "return",
	     "cell[go.shape.struct { main.a int; main.b int }]", .from = FROM_21),

	HEAP("strings-concat", EXPR_CONCAT, "a + b", "assign", "strings"),
	HEAP("strings-concat-three", EXPR_CONCAT, "a + \": \" + b", "assign", "strings"),
	HEAP("strings-bytes", EXPR_STRING_CONV, "([]byte)(a)", "assign", "strings"),
	HEAP("strings-string", EXPR_STRING_CONV, "string(bytes)", "assign", "strings"),
	HEAP("strings-runes", EXPR_OTHER, "([]rune)(b)", "assign", "strings"),
	HEAP("strings-runes", EXPR_STRING_CONV, "([]rune)(b)", "interface-converted", "strings"),
	STACK("strings-zero-copy", EXPR_STRING_CONV, "([]byte)(a)", .until = UNTIL_21),
	STACK("strings-zero-copy", EXPR_STRING_CONV, "([]byte)(a)", .from = FROM_22, .flags = ZERO_COPY),
	STACK("strings-stays", EXPR_CONCAT, "a + b"),
	HEAP("strings-append", EXPR_APPEND, "append", "assign", "strings", .from = FROM_25),
	STACK("strings-append-stays", EXPR_APPEND, "append", .from = FROM_25),

	HEAP("layout-first", EXPR_COMPOSITE, "&pair{...}", "assign", "layout"),
	STACK("layout-inner", EXPR_NEW, "new(int)"),
	HEAP("layout-make", EXPR_MAKE_SLICE, "make([]int, size)", "non-constant size", NULL, .until = UNTIL_24),
	STACK("layout-make", EXPR_MAKE_SLICE, "make([]int, size)", .from = FROM_25),
	STACK("layout-call", EXPR_ARGUMENT, "... argument"),
	HEAP("layout-call", EXPR_OTHER, "size", "call parameter", NULL, .until = UNTIL_19),
	HEAP("layout-operand", EXPR_OTHER, "size", "call parameter", "layout", .from = FROM_21),
	HEAP("layout-struct", EXPR_OTHER, "pair{...}", "call parameter", "layout"),
	HEAP("layout-far", EXPR_NEW, "new(int)", "assign-pair", "layout", .column = -1),
	/* The text follows the //line directive, the JSON does not. */
	HEAP("generated.y:101", EXPR_NEW, "new(int)", "return", "directive", .column = -1),
	STACK("generated.y:104", EXPR_NEW, "new(int)", .column = -1),

	STACK("rangefunc-stays", EXPR_FUNC_LIT, "func literal", .from = FROM_23),
	HEAP("rangefunc-result", EXPR_MOVED, "#rv1", "reference", "firstAbove", .from = FROM_23),
	HEAP("rangefunc-last", EXPR_MOVED, "last", "reference", "firstAbove", .from = FROM_23),
	HEAP("rangefunc-escapes", EXPR_MOVED, "#state1", "reference", "firstAbove", .from = FROM_23),
	HEAP("rangefunc-escapes", EXPR_FUNC_LIT, "func literal", "call parameter", "firstAbove", .from = FROM_23),
	HEAP("<unknown line number>:0", EXPR_MOVED, "#next", "reference", "firstAbove", .from = FROM_23, .column = -1),
};

/* ---- the program's tags ---- */

struct tag {
	char *name;
	char *place; /* "moved.go:12", "lib/lib.go:8" */
};

static struct tag *tags;
static size_t n_tags, alloc_tags;

static void read_tags(const char *dir, const char *prefix)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;

	cr_assert_not_null(d, "%s", dir);
	while ((entry = readdir(d))) {
		char *path = xasprintf("%s/%s", dir, entry->d_name), *line = NULL;
		size_t len = strlen(entry->d_name), size = 0;
		FILE *f = len > 3 && strcmp(entry->d_name + len - 3, ".go") == 0 ? fopen(path, "r") : NULL;

		for (int n = 1; f && getline(&line, &size, f) > 0; n++) {
			char *at = strstr(line, "// @");

			if (!at)
				continue;
			at[strcspn(at, "\n")] = '\0';
			ARRAY_GROW(tags, n_tags + 1, alloc_tags);
			tags[n_tags++] = (struct tag){xstrdup(at + 4), xasprintf("%s%s:%d", prefix, entry->d_name, n)};
		}
		if (f)
			fclose(f);
		free(line);
		free(path);
	}
	closedir(d);
}

static void release_tags(void)
{
	for (size_t i = 0; i < n_tags; i++) {
		free(tags[i].name);
		free(tags[i].place);
	}
	free(tags);
	tags = NULL;
	n_tags = alloc_tags = 0;
}

/* The text's "./box.go" and the JSON's "lib/lib.go" alike: without the dot. */
static bool is_at(const char *place, const struct position *pos)
{
	const char *file = strncmp(pos->file, "./", 2) == 0 ? pos->file + 2 : pos->file;
	char *here = xasprintf("%s:%d", file, pos->line);
	bool same = strcmp(place, here) == 0;

	for (size_t i = 0; i < n_tags && !same; i++)
		same = strcmp(tags[i].name, place) == 0 && strcmp(tags[i].place, here) == 0;
	free(here);
	return same;
}

/* ---- toolchains ---- */

struct toolchain {
	int minor;
	char go[512];
};

static size_t list_toolchains(struct toolchain *list, size_t max)
{
	FILE *f = popen("scripts/toolchains --list", "r");
	char line[600];
	size_t n = 0;

	cr_assert_not_null(f);
	while (n < max && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "1.%d %511s", &list[n].minor, list[n].go) == 2)
			n++;
	}
	pclose(f);
	return n;
}

/* The go commands see neither the network nor the user's settings. */
static void set_environment(void)
{
	setenv("GOTOOLCHAIN", "local", 1);
	setenv("GOFLAGS", "", 1);
	setenv("GOPROXY", "off", 1);
	setenv("GO111MODULE", "on", 1);
	setenv("GOWORK", "off", 1);
	setenv("GOENV", "off", 1);
}

/* The newest toolchain; the test is skipped where there is none. */
static struct toolchain newest(void)
{
	struct toolchain list[32];
	size_t n = list_toolchains(list, ARRAY_SIZE(list));

	set_environment();
	if (n == 0) {
		cr_assert(!getenv("CI"), "no Go toolchain: run make toolchains");
		cr_skip_test("no Go toolchain: run make toolchains");
	}
	return list[n - 1];
}

/* ---- a temporary directory that is TMPDIR too ---- */

static char *scratch;

static void make_scratch(void)
{
	char *dir = xstrdup("/tmp/escaudit test-XXXXXX"); /* with a blank: flags have to be quoted */

	cr_assert_not_null(mkdtemp(dir));
	scratch = dir;
	setenv("TMPDIR", dir, 1);
}

static size_t count_left(const char *prefix)
{
	DIR *d = opendir(scratch);
	const struct dirent *entry;
	size_t n = 0;

	cr_assert_not_null(d);
	while ((entry = readdir(d)))
		n += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	closedir(d);
	return n;
}

static void remove_scratch(void)
{
	char *command = xasprintf("chmod -R u+w '%s' && rm -rf '%s'", scratch, scratch);

	cr_expect_eq(count_left("escaudit-"), 0, "a working directory was left behind");
	cr_expect_eq(system(command), 0);
	free(command);
	free(scratch);
	scratch = NULL;
}

static void write_file(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", scratch, name);
	char *command = xasprintf("mkdir -p \"$(dirname '%s')\"", path);
	FILE *f;

	cr_assert_eq(system(command), 0);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
	free(command);
	free(path);
}

TestSuite(build, .init = make_scratch, .fini = remove_scratch, .timeout = 600);

/* ---- every version ---- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool chain_is(const char *chain, const struct prediction *p)
{
	char *copy = xstrdup(chain ? chain : ""), *rest = copy, *place;
	size_t n = 0;
	bool same = true;

	while (same && (place = strtok_r(rest, " ", &rest))) {
		same = n < p->n_inlined && is_at(place, &p->inlined[n]);
		n++;
	}
	free(copy);
	return same && n == p->n_inlined;
}

static bool row_matches(const struct row *row, const struct prediction *p, int minor)
{
	int flags = (p->wrapper ? WRAPPER : 0) | (p->zero_copy ? ZERO_COPY : 0) |
		    (p->maybe_parameter ? MAYBE_PARAMETER : 0);
	const char *function = minor >= FROM_25 ? row->function : NULL;

	return is_at(row->place, &p->pos) && p->claim == row->claim && p->kind == row->kind &&
	       strcmp(p->expr, row->expr) == 0 && (!row->reason || same_text(p->reason, row->reason)) &&
	       same_text(p->function, function) && flags == row->flags &&
	       (row->column == 0 || p->pos.column == (row->column < 0 ? 0 : row->column)) &&
	       p->inlined_known == (p->claim == CLAIM_HEAP) && chain_is(row->chain, p) &&
	       (p->claim == CLAIM_STACK) == (p->n_flow == 0);
}

static void check_all(const struct predictions *set, int minor)
{
	bool *taken = xcalloc(set->n, sizeof(*taken));

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		bool found = false;

		if ((row->from && minor < row->from) || (row->until && minor > row->until))
			continue;
		for (size_t k = 0; k < set->n && !found; k++) {
			found = !taken[k] && row_matches(row, &set->items[k], minor);
			taken[k] |= found;
		}
		cr_expect(found, "go 1.%d: no prediction for row %zu: %s %s %s", minor, i, row->place,
			  claim_name(row->claim), row->expr);
	}
	for (size_t k = 0; k < set->n; k++) {
		const struct prediction *p = &set->items[k];

		cr_expect(taken[k], "go 1.%d: nobody expects %s:%d:%d %s %s (%s; %s; in %s)", minor, p->pos.file,
			  p->pos.line, p->pos.column, claim_name(p->claim), p->expr, expr_kind_name(p->kind), p->reason,
			  p->function);
		for (size_t i = 0; i < p->n_flow; i++) {
			const struct flow_step *step = p->flow[i];

			cr_expect(step->kind == FLOW_INTO || (step->kind == FLOW_STEP && step->pos.file &&
							      (step->pos.line > 0 || *p->expr == '#')),
				  "go 1.%d: '%s' of %s is not understood", minor, step->expr, p->expr);
			cr_expect(step->kind != FLOW_INTO || step->has_arrow == (minor >= 25), "go 1.%d: %s", minor,
				  step->expr);
		}
		cr_expect_str_eq(p->package, strncmp(p->pos.file, "lib/", 4) == 0 ? "example.com/diagnostics/lib"
										  : "example.com/diagnostics");
	}
	free(taken);
}

Test(build, every_version_says_what_the_program_says)
{
	static const char *const packages[] = {".", NULL};
	struct toolchain list[32];
	size_t n = list_toolchains(list, ARRAY_SIZE(list));

	newest();
	read_tags(PROGRAM, "");
	read_tags(PROGRAM "/lib", "lib/");
	for (size_t i = 0; i < n; i++) {
		struct build_options options = {.go = list[i].go, .dir = PROGRAM, .packages = packages};
		struct predictions *set = predictions_new();
		struct error err = ERROR_INIT;
		char *version = xasprintf("go1.%d", list[i].minor);

		cr_assert_eq(build_with_diagnostics(&options, set, &err), 0, "%s", err.text);
		check_all(set, list[i].minor);
		cr_expect_eq(set->unknown_lines, 0, "go 1.%d: %s", list[i].minor, set->unknown[0]);
		cr_expect_eq(set->json_unjoined, 0);
		cr_expect_eq(set->n_packages, 2);
		cr_expect(strncmp(set->build.go_version, version, strlen(version)) == 0, "%s", set->build.go_version);
		cr_expect_str_eq(set->build.main_module, "example.com/diagnostics");
		cr_expect_str_eq(set->build.gcflags, "");
		cr_expect_not_null(strstr(set->build.settings, "\nGOOS="));
		cr_expect_null(strstr(set->build.settings, "-gcflags"));
		free(version);
		error_release(&err);
		predictions_free(set);
	}
	release_tags();
}

/* ---- flags ---- */

static size_t count(const struct predictions *set, enum claim claim)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++)
		n += set->items[i].claim == claim;
	return n;
}

static struct predictions *build_with(const char *const *packages, const char *const *flags, const char *pattern)
{
	struct toolchain go = newest();
	struct build_options options = {
		.go = go.go, .dir = PROGRAM, .packages = packages, .flags = flags, .pattern = pattern};
	struct predictions *set = predictions_new();
	struct error err = ERROR_INIT;

	cr_assert_eq(build_with_diagnostics(&options, set, &err), 0, "%s", err.text);
	error_release(&err);
	return set;
}

static size_t count_inlined(const struct predictions *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++)
		n += set->items[i].n_inlined > 0;
	return n;
}

Test(build, the_users_own_gcflags_stay_in_force)
{
	static const char *const here[] = {".", NULL};
	/* Without inlining there are no copies; each of these asks for that in its own way. */
	static const char *const flags[][3] = {
		{"-gcflags=-l"},	  {"-gcflags", "-l"},
		{"--gcflags=all=-l"},	  {"-gcflags=example.com/...=-l"},
		{"-gcflags=./...=-l -m"}, {"-gcflags=-m -l -json=0,/nowhere"},
	};
	static const char *const noted[] = {"-l", "-l", "all=-l", "example.com/...=-l", "./...=-l", "-l"};
	struct predictions *set = build_with(here, NULL, NULL);

	cr_expect_gt(count_inlined(set), 5);
	predictions_free(set);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		set = build_with(here, flags[i], NULL);
		cr_expect_eq(count_inlined(set), 0, "%s", flags[i][0]);
		cr_expect_gt(count(set, CLAIM_HEAP), 40, "%s", flags[i][0]);
		cr_expect_eq(set->json_unjoined, 0, "%s", flags[i][0]);
		cr_expect_str_eq(set->build.gcflags, noted[i]);
		predictions_free(set);
	}

	/* In GOFLAGS it would be overridden by ours. */
	newest();
	setenv("GOFLAGS", "'-gcflags=all=-N -l'", 1);
	{
		struct toolchain list[32];
		size_t n = list_toolchains(list, ARRAY_SIZE(list));
		struct build_options options = {.go = list[n - 1].go, .dir = PROGRAM, .packages = here};
		struct error err = ERROR_INIT;

		set = predictions_new();
		cr_assert_eq(build_with_diagnostics(&options, set, &err), 0, "%s", err.text);
		cr_expect_eq(count_inlined(set), 0);
		cr_expect_str_eq(set->build.gcflags, "all=-N -l");
		predictions_free(set);
	}
}

Test(build, a_pattern_chooses_the_packages)
{
	static const char *const here[] = {".", NULL};
	static const char *const none[] = {"-gcflags=example.com/diagnostics=-l", NULL};
	struct predictions *set = build_with(here, NULL, "example.com/diagnostics/lib");

	cr_expect_eq(set->n_packages, 1);
	cr_expect_str_eq(set->packages[0], "example.com/diagnostics/lib");
	predictions_free(set);

	/* A flag of another package's is passed on, and leaves the pattern's alone. */
	set = build_with(here, none, "example.com/diagnostics/lib");
	cr_expect_eq(set->n_packages, 1);
	cr_expect_eq(count(set, CLAIM_HEAP), 2);
	predictions_free(set);
}

/* ---- programs ---- */

static const char program_text[] = "package main\n\nvar sink *int\n\nfunc main() {\n\tsink = new(int)\n}\n";

static struct predictions *build_scratch(const char *const *packages, const char *output, int want, struct error *err)
{
	struct toolchain go = newest();
	char *dir = xasprintf("%s/src", scratch);
	struct build_options options = {.go = go.go, .dir = dir, .packages = packages, .output = output};
	struct predictions *set = predictions_new();
	int ret;

	ret = build_with_diagnostics(&options, set, err);
	cr_assert_eq(ret, want, "%d: %s", ret, err->text);
	free(dir);
	return set;
}

Test(build, programs_with_files_of_one_name_keep_their_json)
{
	static const char *const all[] = {"./...", NULL};
	struct error err = ERROR_INIT;
	struct predictions *set;

	write_file("src/go.mod", "module example.com/several\n\ngo 1.19\n");
	write_file("src/a/main.go", program_text);
	write_file("src/b/main.go", program_text);
	set = build_scratch(all, NULL, 0, &err);
	cr_expect_eq(set->n, 2);
	cr_expect_eq(set->json_joined, 2);
	for (size_t i = 0; i < set->n; i++) { /* in the order in which they were done */
		const char *package = set->items[i].package;

		cr_expect_str_eq(package, set->packages[i]);
		cr_expect_str_eq(set->items[i].pos.file,
				 strcmp(package, "example.com/several/a") == 0 ? "a/main.go" : "b/main.go");
		cr_expect(set->items[i].inlined_known);
	}
	cr_expect_str_neq(set->items[0].package, set->items[1].package);
	cr_expect_null(set->build.settings, "of which of the two?");
	predictions_free(set);

	set = build_scratch(all, "program", -EINVAL, &err);
	cr_expect_str_eq(err.text, "build: './...' names 2 packages; name the one program to build");
	predictions_free(set);
	error_release(&err);
}

Test(build, files_on_the_command_line_are_a_package)
{
	static const char *const file[] = {"main.go", NULL};
	struct error err = ERROR_INIT;
	struct predictions *set;
	struct stat st;
	char *output = xasprintf("%s/program", scratch);

	write_file("src/go.mod", "module example.com/files\n\ngo 1.19\n");
	write_file("src/lib/lib.go", "package lib\n\nfunc F() *int { return new(int) }\n");
	write_file("src/main.go",
		   "package main\n\nimport \"example.com/files/lib\"\n\nvar sink = lib.F()\n\nfunc main() {\n}\n");
	set = build_scratch(file, output, 0, &err);
	cr_expect_eq(set->n_packages, 2);
	cr_expect_eq(set->json_unjoined, 0);
	cr_expect_str_eq(set->items[set->n - 1].package, "command-line-arguments");
	cr_expect_str_eq(set->items[set->n - 1].pos.file, "./main.go");
	cr_expect_str_eq(set->items[set->n - 1].inlined[0].file, "lib/lib.go");
	cr_expect_str_eq(set->build.main_module, "example.com/files");
	cr_expect_eq(stat(output, &st), 0);
	cr_expect(st.st_mode & S_IXUSR);
	predictions_free(set);
	error_release(&err);
	free(output);
}

Test(build, a_relative_output_is_relative_to_the_caller)
{
	static const char *const here[] = {".", NULL};
	struct toolchain go = newest();
	char *dir, *top = realpath(".", NULL);
	struct error err = ERROR_INIT;
	struct predictions *set = predictions_new();
	struct build_options options = {.go = go.go, .packages = here, .output = "program"};

	write_file("src/go.mod", "module example.com/one\n\ngo 1.19\n");
	write_file("src/main.go", program_text);
	cr_assert_eq(chdir(scratch), 0);
	dir = xstrdup("src");
	options.dir = dir;
	cr_assert_eq(build_with_diagnostics(&options, set, &err), 0, "%s", err.text);
	cr_expect_eq(access("program", X_OK), 0);
	cr_expect_eq(set->json_joined, 1);
	cr_assert_eq(chdir(top), 0);
	predictions_free(set);
	error_release(&err);
	free(dir);
	free(top);
}

/* ---- errors ---- */

static void expect_error(const struct build_options *options, int code, const char *const *parts)
{
	struct predictions *set = predictions_new();
	struct error err = ERROR_INIT;
	int ret = build_with_diagnostics(options, set, &err);

	cr_expect_eq(ret, code, "%d: %s", ret, err.text);
	for (; ret && *parts; parts++)
		cr_expect_not_null(strstr(err.text, *parts), "'%s' is not in: %s", *parts, err.text);
	error_release(&err);
	predictions_free(set);
}

Test(build, a_program_that_does_not_compile_fails_with_the_compilers_words)
{
	static const char *const here[] = {".", NULL}, *const parts[] = {"'go build' failed in '",
									 "# example.com/escaudit/nocompile",
									 "cannot use \"a string\"",
									 "undefined: missing", NULL};
	struct toolchain go = newest();
	struct build_options options = {.go = go.go, .dir = "tests/programs/nocompile", .packages = here};
	struct predictions *set = predictions_new();
	struct error err = ERROR_INIT;

	expect_error(&options, -EIO, parts);

	/* A package that compiles says its diagnostics only, and they are no error. */
	write_file("src/go.mod", "module example.com/half\n\ngo 1.19\n");
	write_file("src/lib/lib.go", "package lib\n\nfunc F() *int { return new(int) }\n");
	write_file("src/main.go", "package main\n\nimport \"example.com/half/lib\"\n\nfunc main() {\n\tlib.G()\n}\n");
	options.dir = scratch;
	{
		static const char *const flags[] = {"-C", "src", NULL};

		options.flags = flags;
		cr_expect_eq(build_with_diagnostics(&options, set, &err), -EIO);
	}
	cr_expect_not_null(strstr(err.text, "\n# example.com/half\n./main.go:6:6: undefined: lib.G"), "%s", err.text);
	cr_expect_null(strstr(err.text, "escapes"), "%s", err.text);
	cr_expect_null(strstr(err.text, "half/lib"), "%s", err.text);
	error_release(&err);
	predictions_free(set);
}

Test(build, what_is_missing_is_named_with_its_remedy)
{
	static const char *const here[] = {".", NULL}, *const nowhere[] = {"./nothing", NULL},
				 *const nothing[] = {"./lib/nothing/...", NULL}, *const dots[] = {"./lib/no...", NULL};
	static const char *const no_go[] = {"failed to run '/nowhere/go': No such file", "; install Go", NULL};
	static const char *const no_go_in_path[] = {"failed to run 'no-such-go': No such file", "; install Go", NULL};
	static const char *const no_dir[] = {"failed to enter '/nowhere': No such file or directory", NULL};
	static const char *const no_package[] = {"'go list' failed in '", "nothing", NULL};
	static const char *const no_match[] = {"'./lib/no...' matches no package in '", "; name one", NULL};
	static const char *const no_program[] = {"'.' is package notmain, not a program; name a package main", NULL};
	static const char *const bad_flag[] = {"-gcflags", "missing =<value>", NULL};
	static const char *const malformed[] = {"-gcflags=bad", NULL};
	struct toolchain go = newest();
	struct build_options options = {.go = "/nowhere/go", .dir = PROGRAM, .packages = here};

	expect_error(&options, -ENOENT, no_go);
	options.go = "no-such-go";
	expect_error(&options, -ENOENT, no_go_in_path);
	options.go = go.go;
	options.dir = "/nowhere";
	expect_error(&options, -ENOENT, no_dir);
	options.dir = PROGRAM;
	options.packages = nowhere;
	expect_error(&options, -EIO, no_package);
	options.packages = nothing;
	expect_error(&options, -EIO, no_package);
	options.packages = dots;
	expect_error(&options, -ENOENT, no_match);
	options.packages = here;
	options.flags = malformed;
	expect_error(&options, -EIO, bad_flag);
	options.flags = NULL;
	options.dir = "tests/programs/notmain";
	options.output = "program";
	expect_error(&options, -EINVAL, no_program);
}

Test(build, a_temporary_directory_that_cannot_be_made_is_named)
{
	static const char *const here[] = {".", NULL}, *const parts[] = {"'/nowhere'", "; set TMPDIR", NULL};
	struct toolchain go = newest();
	struct build_options options = {.go = go.go, .dir = PROGRAM, .packages = here};

	setenv("TMPDIR", "/nowhere", 1);
	expect_error(&options, -ENOENT, parts);
	setenv("TMPDIR", scratch, 1);
}

/* Whether the go command has made its own directory in ours. */
static bool is_building(void)
{
	char *pattern = xasprintf("%s/escaudit-*/go-build*", scratch);
	glob_t found;
	bool any = glob(pattern, 0, NULL, &found) == 0;

	globfree(&found);
	free(pattern);
	return any;
}

/* The signal ends the process, but only after the go command was stopped and the directory is gone. */
Test(build, a_signal_leaves_nothing_behind)
{
	static const char *const here[] = {".", NULL};
	struct toolchain go = newest();
	struct build_options options = {.go = go.go, .dir = PROGRAM, .packages = here};
	char *cache = xasprintf("%s/cache", scratch), *output = xasprintf("%s/program", scratch);
	int status;
	pid_t pid;

	options.output = output;

	setenv("GOCACHE", cache, 1); /* empty, so that the build takes its time */
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		struct predictions *set = predictions_new();

		signal(SIGTERM, SIG_DFL);
		build_with_diagnostics(&options, set, NULL);
		_exit(42);
	}
	for (int i = 0; i < 30000 && !is_building(); i++)
		usleep(10000);
	cr_expect(is_building());
	cr_expect_eq(count_left("go-build"), 0, "what the go command leaves when it is killed stays");
	cr_expect_eq(count_left("escaudit-"), 1);
	cr_expect_eq(kill(pid, SIGTERM), 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "status %x", status);
	cr_expect_eq(count_left("escaudit-"), 0);
	cr_expect_eq(access(output, F_OK), -1, "the build went on to its end");
	free(cache);
	free(output);
}
