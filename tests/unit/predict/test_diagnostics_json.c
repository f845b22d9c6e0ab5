/* SPDX-License-Identifier: Apache-2.0 */
/* Joining the JSON of cmd/compile/internal/logopt: by position, in order, by inline chain. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "predict/prediction.h"
#include "tests/unit/predict/flow_text.h"

#define GOLDEN "tests/golden/diagnostics/"

static char *dir;

static void make_dir(void)
{
	dir = xstrdup("/tmp/escaudit-json-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
}

static void remove_dir(void)
{
	char *command = xasprintf("rm -rf '%s'", dir);

	cr_expect_eq(system(command), 0);
	free(command);
	free(dir);
}

TestSuite(diagnostics_json, .init = make_dir, .fini = remove_dir);

/* ---- writing what the compiler writes ---- */

static void write_json(const char *package, const char *name, const char *header_package, const char *file,
		       const char *entries)
{
	char *path = xasprintf("%s/%s", dir, package);
	FILE *f;

	mkdir(path, 0700);
	free(path);
	path = xasprintf("%s/%s/%s", dir, package, name);
	f = fopen(path, "w");
	cr_assert_not_null(f, "%s", path);
	fprintf(f,
		"{\"version\":0,\"package\":\"%s\",\"goos\":\"linux\",\"goarch\":\"arm64\",\"gc_version\":\"go1.99\","
		"\"file\":\"%s\"}\n%s",
		header_package, file, entries);
	fclose(f);
	free(path);
}

#define POINT(line, character) "{\"start\":{\"line\":" #line ",\"character\":" #character "},\"end\":{}}"
#define ENTRY(line, character, code, message, related)                                                                 \
	"{\"range\":" POINT(line, character) ",\"severity\":3,\"code\":\"" code "\",\"source\":\"go compiler\","       \
					     "\"message\":\"" message "\",\"relatedInformation\":[" related "]}\n"
#define RELATED(file, line, character, message)                                                                        \
	"{\"location\":{\"uri\":\"file://" file "\",\"range\":" POINT(line, character) "},\"message\":\"" message "\"" \
										       "}"
#define INLINED(file, line, character) RELATED(file, line, character, "inlineLoc")

static struct predictions *read_text(const char *text, const char *directory)
{
	struct predictions *set = predictions_new();

	if (*text)
		cr_assert_eq(predictions_read_log_bytes(set, text, strlen(text), "log", NULL), 0);
	set->build.directory = directory;
	return set;
}

static void join(struct predictions *set)
{
	struct error err = ERROR_INIT;

	cr_assert_eq(predictions_join_json(set, dir, NULL, &err), 0, "%s", err.text);
	error_release(&err);
}

/* "file:line:column expr < inlined < inlined" */
static char *row_of(const struct prediction *p)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_addf(&sb, "%s:%d:%d %s", p->pos.file, p->pos.line, p->pos.column, p->expr);
	for (size_t i = 0; i < p->n_inlined; i++)
		strbuf_addf(&sb, " < %s:%d:%d", p->inlined[i].file, p->inlined[i].line, p->inlined[i].column);
	strbuf_addstr(&sb, p->inlined_known ? "" : " (unknown)");
	strbuf_addstr(&sb, p->wrapper ? " (wrapper)" : "");
	return strbuf_detach(&sb);
}

static void expect_rows(const struct predictions *set, const char *const *want)
{
	size_t n = 0;

	for (; want[n]; n++) {
		char *row = n < set->n ? row_of(&set->items[n]) : xstrdup("(none)");

		cr_expect_str_eq(row, want[n]);
		free(row);
	}
	cr_expect_eq(set->n, n);
}

/* ---- files ---- */

Test(diagnostics_json, files_are_found_by_package_and_path)
{
	static const char text[] = "# example.com/m\n"
				   "./m.go:1:2: new(int) escapes to heap\n"
				   "# example.com/m/sub\n"
				   "sub/m.go:1:2: new(int) escapes to heap\n"
				   "/go/src/slices/sort.go:1:2: new(int) escapes to heap\n"
				   "# example.com/m/cmd\n"
				   "cmd/m.go:1:2: new(int) escapes to heap\n"
				   "# example.com/other\n"
				   "../cache/other@v1/m.go:1:2: new(int) escapes to heap\n";
	static const char *const want[] = {"./m.go:1:2 new(int) < ./in.go:1:1",
					   "sub/m.go:1:2 new(int) < sub/in.go:2:1",
					   "/go/src/slices/sort.go:1:2 new(int) < /go/src/in.go:3:1",
					   "cmd/m.go:1:2 new(int) < cmd/deep/in.go:4:1",
					   "../cache/other@v1/m.go:1:2 new(int) < /src/cache/other@v1/in file.go:5:1",
					   NULL};
	struct predictions *set = read_text(text, "/src/m/");

	write_json("example.com%2Fm", "m.json", "example.com/m", "/src/m/m.go",
		   ENTRY(1, 2, "escape", "", INLINED("/src/m/in.go", 1, 1)));
	write_json("example.com%2Fm%2Fsub", "m.json", "example.com/m/sub", "/src/m/sub/m.go",
		   ENTRY(1, 2, "escape", "", INLINED("/src/m/sub/in.go", 2, 1)));
	write_json("example.com%2Fm%2Fsub", "sort.json", "example.com/m/sub", "/go/src/slices/sort.go",
		   ENTRY(1, 2, "escape", "", INLINED("/go/src/in.go", 3, 1)));
	write_json("main", "m.json", "main", "/src/m/cmd/m.go",
		   ENTRY(1, 2, "escape", "", INLINED("/src/m/cmd/deep/in.go", 4, 1)));
	write_json("example.com%2Fother", "m.json", "example.com/other", "/src/cache/other@v1/m.go",
		   ENTRY(1, 2, "escape", "", INLINED("/src/cache/other@v1/in%20file.go", 5, 1)));
	join(set);
	expect_rows(set, want);
	cr_expect_eq(set->json_joined, 5);
	cr_expect_eq(set->json_unjoined, 0);
	cr_expect_str_eq(set->build.go_version, "go1.99");
	cr_expect_str_eq(set->build.goos, "linux");
	cr_expect_str_eq(set->build.goarch, "arm64");
	cr_expect_eq(set->n_packages, 4);
	predictions_free(set);
}

Test(diagnostics_json, without_a_directory_the_longest_common_end_decides)
{
	static const char text[] = "# example.com/m/a\n"
				   "cmd/a/main.go:1:2: new(int) escapes to heap\n"
				   "# example.com/m/b\n"
				   "cmd/b/main.go:1:2: new(int) escapes to heap\n"
				   "# example.com/m\n"
				   "./main.go:1:2: new(int) escapes to heap\n"
				   "# example.com/trimmed\n"
				   "example.com/trimmed/t.go:1:2: new(int) escapes to heap\n";
	static const char *const want[] = {
		"cmd/a/main.go:1:2 new(int) < /x/a.go:1:1", "cmd/b/main.go:1:2 new(int) < /x/b.go:1:1",
		"./main.go:1:2 new(int) (unknown)",
		"example.com/trimmed/t.go:1:2 new(int) < example.com/trimmed/u.go:1:1", NULL};
	struct predictions *set = read_text(text, NULL);

	write_json("0", "main.json", "main", "/src/m/cmd/a/main.go",
		   ENTRY(1, 2, "escape", "", INLINED("/x/a.go", 1, 1)));
	write_json("1", "main.json", "main", "/src/m/cmd/b/main.go",
		   ENTRY(1, 2, "escape", "", INLINED("/x/b.go", 1, 1)));
	write_json("2", "main.json", "main", "/src/m/cmd/nomain.go",
		   ENTRY(1, 2, "escape", "", INLINED("/x/c.go", 1, 1)));
	write_json("t", "t.json", "example.com/trimmed", "example.com/trimmed/t.go",
		   ENTRY(1, 2, "escape", "", INLINED("example.com/trimmed/u.go", 1, 1)));
	join(set);
	expect_rows(set, want);
	cr_expect_eq(set->json_unjoined, 1);
	predictions_free(set);
}

Test(diagnostics_json, the_very_path_goes_before_a_longer_common_end)
{
	static const char text[] = "# example.com/a\n"
				   "./main.go:1:2: new(int) escapes to heap\n"
				   "# example.com/b\n"
				   "cmd/main.go:1:2: new(int) escapes to heap\n";
	static const char *const want[] = {"./main.go:1:2 new(int) < ./a.go:1:1", "cmd/main.go:1:2 new(int) (unknown)",
					   NULL};
	struct predictions *set = read_text(text, "/src/x/cmd");

	write_json("main", "main.json", "main", "/src/x/cmd/main.go",
		   ENTRY(1, 2, "escape", "", INLINED("/src/x/cmd/a.go", 1, 1)));
	join(set);
	expect_rows(set, want);
	predictions_free(set);
}

/* ---- one position ---- */

Test(diagnostics_json, empty_entries_are_the_texts_predictions_in_order)
{
	static const char text[] = "# m\n"
				   "/m.go:1:2: make([]int, n) escapes to heap\n"
				   "/m.go:1:2: make([]int, n) escapes to heap\n"
				   "/m.go:1:2: a + b escapes to heap\n"
				   "/m.go:7: new(int) escapes to heap\n"
				   "/m.go:8:1: new(int) does not escape\n";
	static const char *const want[] = {"/m.go:1:2 make([]int, n)",
					   "/m.go:1:2 make([]int, n) < /x.go:1:1",
					   "/m.go:1:2 a + b < /x.go:2:2 < /x.go:3:0",
					   "/m.go:7:0 new(int)",
					   "/m.go:8:1 new(int) (unknown)",
					   NULL};
	struct predictions *set = read_text(text, NULL);

	write_json("m", "m.json", "m", "/m.go",
		   ENTRY(1, 2, "escapes", "a + b escapes to heap", INLINED("/x.go", 2, 2) "," INLINED("/x.go", 3, 255))
			   ENTRY(1, 2, "escape", "make([]int, n) escapes to heap", INLINED("/x.go", 1, 1)) ENTRY(
				   1, 2, "leak", "parameter p leaks to {heap} with derefs=0",
				   "") ENTRY(1, 2, "escapes", "make([]int, n) escapes to heap", "")
				   ENTRY(1, 2, "escape", "", "") ENTRY(1, 2, "escape", "", INLINED("/x.go", 1, 1))
					   ENTRY(1, 2, "nilcheck", "", "")
						   ENTRY(1, 2, "escape", "",
							 INLINED("/x.go", 2, 2) "," INLINED("/x.go", 3, 255))
							   ENTRY(7, 255, "escape", "", ""));
	join(set);
	expect_rows(set, want);
	cr_expect_eq(set->json_joined, 4);
	predictions_free(set);
}

#define WHY(file, line, step)                                                                                          \
	RELATED(file, line, 5, "escflow:    flow: x ← y:") "," RELATED(file, line, 5, "escflow:      from " step)

Test(diagnostics_json, copies_of_one_text_take_the_flow_of_their_own_chain)
{
	/* The text's explanations came in another order than its summaries. */
	static const char text[] = "# m\n"
				   "/m.go:1:2: new(int) escapes to heap in f:\n"
				   "/m.go:1:2:   flow: {heap} ← b:\n"
				   "/m.go:1:2:     from b (assign) at /m.go:1:2\n"
				   "/m.go:1:2: new(int) escapes to heap in f:\n"
				   "/m.go:1:2:   flow: {heap} ← a:\n"
				   "/m.go:1:2:     from a (return) at /m.go:1:2\n"
				   "/m.go:1:2: new(int) escapes to heap\n"
				   "/m.go:1:2: new(int) escapes to heap\n";
	struct predictions *set = read_text(text, NULL);

	write_json("m", "m.json", "m", "/m.go",
		   ENTRY(1, 2, "escape", "new(int) escapes to heap",
			 INLINED("/b.go", 2, 1) "," WHY("/m.go", 1, "b (assign)"))
			   ENTRY(1, 2, "escape", "new(int) escapes to heap",
				 INLINED("/a.go", 1, 1) "," WHY("/m.go", 1, "a (return)"))
				   ENTRY(1, 2, "escape", "", INLINED("/a.go", 1, 1))
					   ENTRY(1, 2, "escape", "", INLINED("/b.go", 2, 1)));
	join(set);
	cr_assert_eq(set->n, 2);
	cr_expect_str_eq(set->items[0].inlined[0].file, "/a.go");
	cr_expect_str_eq(set->items[0].reason, "return");
	cr_assert_eq(set->items[0].n_flow, 2);
	expect_step(set->items[0].flow[0], "flow: x ← y");
	expect_step(set->items[0].flow[1], "from a (return) at /m.go:1:5");
	cr_expect_str_eq(set->items[1].inlined[0].file, "/b.go");
	cr_expect_str_eq(set->items[1].reason, "assign");
	predictions_free(set);
}

/* Hundreds of wrappers may stand at one position, with an explanation each. */
Test(diagnostics_json, what_is_explained_alike_has_one_flow)
{
	struct strbuf text = STRBUF_INIT, entries = STRBUF_INIT;
	struct predictions *set;

	strbuf_addstr(&text, "# m\n");
	for (int i = 0; i < 1000; i++) {
		strbuf_addstr(&text, "/m.go:1: new(int) escapes to heap\n");
		strbuf_addstr(&entries,
			      ENTRY(1, 0, "escape", "new(int) escapes to heap", WHY("/m.go", 1, "a (return)")));
		strbuf_addstr(&entries, ENTRY(1, 0, "escape", "", ""));
	}
	write_json("m", "m.json", "m", "/m.go", strbuf_str(&entries));
	set = read_text(strbuf_str(&text), NULL);
	join(set);
	cr_assert_eq(set->n, 1000);
	for (size_t i = 0; i < set->n; i++) {
		cr_expect_eq(set->items[i].n_flow, 2000, "%zu", i);
		cr_expect_eq(set->items[i].flow, set->items[0].flow, "%zu", i);
	}
	predictions_free(set);
	strbuf_release(&text);
	strbuf_release(&entries);
}

Test(diagnostics_json, variables_have_the_chains_that_no_expression_has)
{
	/* The operand v and the variable v, brought to one position by inlining. */
	static const char text[] = "# m\n"
				   "/m.go:1:2: moved to heap: v\n"
				   "/m.go:1:2: v escapes to heap\n"
				   "/m.go:1:2: moved to heap: v\n";
	static const char *const want[] = {"/m.go:1:2 v < /x.go:1:1", "/m.go:1:2 v < /x.go:2:2",
					   "/m.go:1:2 v < /x.go:3:3", NULL};
	struct predictions *set = read_text(text, NULL);

	write_json("m", "m.json", "m", "/m.go",
		   ENTRY(1, 2, "escapes", "v escapes to heap", INLINED("/x.go", 2, 2))
			   ENTRY(1, 2, "escape", "v escapes to heap", INLINED("/x.go", 1, 1))
				   ENTRY(1, 2, "escape", "v escapes to heap", INLINED("/x.go", 1, 1))
					   ENTRY(1, 2, "escape", "v escapes to heap", INLINED("/x.go", 3, 3))
						   ENTRY(1, 2, "escape", "", INLINED("/x.go", 2, 2)));
	join(set);
	expect_rows(set, want);
	cr_expect_eq(set->json_joined, 3);
	predictions_free(set);
}

Test(diagnostics_json, wrappers_are_added_to_the_text_of_m1)
{
	static const char text[] = "# m\n"
				   "/m.go:1:2: func literal escapes to heap\n"
				   "/m.go:1:2: new(int) escapes to heap\n";
	static const char *const want[] = {"/m.go:1:2 func literal < /x.go:1:1", "/m.go:1:2 new(int) < /x.go:2:2",
					   "/m.go:1:2 func literal < /x.go:3:3 (wrapper)",
					   "/m.go:4:4 func literal (wrapper)", NULL};
	struct predictions *set = read_text(text, NULL);

	write_json("m", "m.json", "m", "/m.go",
		   ENTRY(1, 2, "escapes", "func literal escapes to heap",
			 INLINED("/x.go", 3, 3) "," WHY("/m.go", 1, "f (spill)"))
			   ENTRY(1, 2, "escapes", "func literal escapes to heap", INLINED("/x.go", 1, 1))
				   ENTRY(1, 2, "escapes", "new(int) escapes to heap",
					 INLINED("/x.go", 2, 2)) ENTRY(1, 2, "escape", "", INLINED("/x.go", 1, 1))
					   ENTRY(1, 2, "escape", "", INLINED("/x.go", 2, 2))
						   ENTRY(1, 2, "escape", "", INLINED("/x.go", 3, 3))
							   ENTRY(4, 4, "escape", "func literal escapes to heap", "")
								   ENTRY(4, 4, "escape", "", ""));
	join(set);
	expect_rows(set, want);
	cr_expect_str_eq(set->items[2].reason, "spill");
	cr_expect_str_eq(set->items[2].package, "m");
	predictions_free(set);
}

/* Up to Go 1.19 a value that is boxed has the position of the call, which a function literal has, too. */
Test(diagnostics_json, a_literal_and_another_of_one_chain_are_no_wrapper)
{
	static const char text[] = "# m\n"
				   "/m.go:1:2: func literal escapes to heap\n"
				   "/m.go:1:2: v escapes to heap\n";
	static const char *const want[] = {"/m.go:1:2 func literal", "/m.go:1:2 v", NULL};
	struct predictions *set = read_text(text, NULL);

	write_json("m", "m.json", "m", "/m.go",
		   ENTRY(1, 2, "escapes", "func literal escapes to heap", "")
			   ENTRY(1, 2, "escapes", "v escapes to heap", "") ENTRY(1, 2, "escape", "", "")
				   ENTRY(1, 2, "escape", "", ""));
	join(set);
	expect_rows(set, want);
	predictions_free(set);
}

Test(diagnostics_json, wrappers_of_m2_take_their_own_entry)
{
	static const char text[] = "# m\n"
				   "/m.go:1:2: func literal escapes to heap in f:\n"
				   "/m.go:1:2:   flow: {heap} = &{storage for func literal}:\n"
				   "/m.go:1:2: new(int) escapes to heap\n";
	static const char *const want[] = {"/m.go:1:2 new(int) < /x.go:2:2",
					   "/m.go:1:2 func literal < /x.go:3:3 (wrapper)", NULL};
	struct predictions *set = read_text(text, NULL);

	write_json("m", "m.json", "m", "/m.go",
		   ENTRY(1, 2, "escapes", "func literal escapes to heap", INLINED("/x.go", 3, 3))
			   ENTRY(1, 2, "escapes", "new(int) escapes to heap", INLINED("/x.go", 2, 2))
				   ENTRY(1, 2, "escape", "", INLINED("/x.go", 3, 3))
					   ENTRY(1, 2, "escape", "", INLINED("/x.go", 2, 2)));
	join(set);
	expect_rows(set, want);
	cr_expect_eq(set->json_joined, 2);
	predictions_free(set);
}

Test(diagnostics_json, what_the_text_has_elsewhere_is_not_added_again)
{
	/* //line: the text has v.y, the JSON the physical file. One of its kind is joined, two are too many to tell. */
	static const char text[] = "# m\n"
				   "/m.go:1:2: new(T) escapes to heap\n"
				   "gen/v.y:100: new(int) escapes to heap\n"
				   "gen/v.y:101: moved to heap: x\n"
				   "gen/v.y:102: a + b escapes to heap\n"
				   "gen/v.y:103: a + b escapes to heap\n";
	static const char *const want[] = {"/m.go:1:2 new(T)",
					   "gen/v.y:100:0 new(int) < /x.go:1:1",
					   "gen/v.y:101:0 x",
					   "gen/v.y:102:0 a + b",
					   "gen/v.y:103:0 a + b",
					   "/m.go:50:2 make([]T, n)",
					   NULL};
	struct predictions *set = read_text(text, NULL);

	write_json("m", "m.json", "m", "/m.go",
		   ENTRY(1, 2, "escape", "new(T) escapes to heap", "") ENTRY(1, 2, "escape", "", "") ENTRY(
			   20, 2, "escape", "new(int) escapes to heap",
			   INLINED("/x.go", 1, 1)) ENTRY(20, 2, "escape", "", INLINED("/x.go", 1, 1))
			   ENTRY(21, 2, "escape", "x escapes to heap",
				 "") ENTRY(22, 2, "escape", "a + b escapes to heap", "") ENTRY(22, 2, "escape", "", "")
				   ENTRY(23, 2, "escape", "a + b escapes to heap", "") ENTRY(23, 2, "escape", "", "")
					   ENTRY(50, 2, "escape", "make([]T, n) escapes to heap", "")
						   ENTRY(50, 2, "escape", "", ""));
	join(set);
	expect_rows(set, want);
	cr_expect_eq(set->json_joined, 3);
	cr_expect_eq(set->json_unjoined, 2);
	predictions_free(set);
}

/* ---- whole programs ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **sorted_rows(const struct predictions *set)
{
	char **rows = xcalloc(set->n + 1, sizeof(*rows));
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		if (set->items[i].claim == CLAIM_HEAP)
			rows[n++] = row_of(&set->items[i]);
	}
	qsort(rows, n, sizeof(*rows), by_text);
	return rows;
}

/* What is heap, and through which calls, is the same by three ways: -m=2 and JSON, -m and JSON, JSON alone. */
Test(diagnostics_json, three_ways_lead_to_the_same_predictions)
{
	struct predictions *both = predictions_new(), *m1 = predictions_new(), *alone = predictions_new();
	char **a, **b, **c;
	size_t displaced = 0;

	free(dir);
	dir = xstrdup(GOLDEN "go1.27.d");
	cr_assert_eq(predictions_load(both, GOLDEN "go1.27.log", NULL), 0);
	cr_assert_eq(predictions_load(m1, GOLDEN "go1.27-m1.log", NULL), 0);
	both->build.directory = m1->build.directory = alone->build.directory = "/src/diagnostics";
	join(both);
	join(m1);
	join(alone);
	cr_expect_eq(both->json_unjoined, 0);
	cr_expect_eq(m1->json_unjoined, 0);
	a = sorted_rows(both);
	b = sorted_rows(m1);
	c = sorted_rows(alone);
	for (size_t i = 0; a[i]; i++) {
		cr_expect(b[i] && strcmp(a[i], b[i]) == 0, "%s and %s", a[i], b[i]);
		/* The JSON alone has //line's physical position, and not what only the summary says: literals that were
		 * put in, and that an append is one. */
		if (strstr(a[i], "/generated.y") || strstr(a[i], "make([]int, 10)") || strstr(a[i], " 7") ||
		    strstr(a[i], " append")) {
			displaced++;
			continue;
		}
		if (strstr(a[i], " (wrapper)"))
			*strstr(a[i], " (wrapper)") = '\0';
		for (size_t k = 0; k < alone->n; k++) {
			if (c[k] && strcmp(a[i], c[k]) == 0) {
				free(c[k]);
				c[k] = a[i];
				a[i] = NULL;
				break;
			}
		}
		cr_expect_null(a[i], "%s is not in the JSON", a[i]);
		if (!a[i])
			a[i] = xstrdup("");
	}
	cr_expect_eq(displaced, 7);
	for (size_t i = 0; a[i]; i++)
		free(a[i]);
	for (size_t i = 0; i < m1->n; i++)
		free(b[i]);
	for (size_t i = 0; i < alone->n; i++)
		free(c[i]);
	cr_expect_eq(alone->n, both->json_joined);
	cr_expect_eq(alone->n_packages, 2);
	free(a);
	free(b);
	free(c);
	predictions_free(both);
	predictions_free(m1);
	predictions_free(alone);
	free(dir);
	make_dir();
}

/* ---- damage ---- */

Test(diagnostics_json, damaged_lines_and_files_are_passed_over)
{
	static const char *const want[] = {"/m.go:1:2 new(int)", NULL};
	struct predictions *set = read_text("# m\n/m.go:1:2: new(int) escapes to heap\n", NULL);
	char *path;

	write_json(
		"m", "m.json", "m", "/m.go",
		"{\"range\":{\"start\":{\"line\":1,\"character\":2}},\"code\":\"escape\",\n"
		"{\"code\":\"escape\",\"message\":1}\n"
		"{\"code\":\"escape\",\"message\":\" escapes to heap\"}\n"
		"{\"code\":\"escape\",\"message\":\"something else\"}\n"
		"{\"code\":[\"escape\"],\"message\":\"x escapes to heap\"}\n" ENTRY(1, 2, "escape", "", "1,{},{\\\"\"")
			ENTRY(1, 2, "escape", "", "1,{},{\"message\":\"inlineLoc\"}"));
	write_json("m", "n.json", "m\",\"version\":1,\"x\":\"", "/n.go", "");
	write_json("m", "readme.txt", "m", "/m.go", "");
	path = xasprintf("%s/m/fifo.json", dir); /* would never end */
	cr_assert_eq(mkfifo(path, 0600), 0);
	free(path);
	path = xasprintf("%s/m/o.json", dir);
	cr_assert_eq(mkdir(path, 0700), 0);
	free(path);
	join(set);
	expect_rows(set, want);
	predictions_free(set);
}

Test(diagnostics_json, a_directory_that_is_none_or_empty_is_named_with_the_remedy)
{
	struct predictions *set = predictions_new();
	struct error err = ERROR_INIT;

	cr_expect_eq(predictions_join_json(set, "/nowhere", NULL, &err), -ENOENT);
	cr_expect_str_eq(err.text,
			 "diagnostics: failed to open '/nowhere': No such file or directory; name the directory that "
			 "-json=0,DIR was given");
	cr_expect_eq(predictions_join_json(set, "/etc/passwd", NULL, &err), -ENOTDIR);
	cr_expect_eq(predictions_join_json(set, dir, NULL, &err), -ENODATA);
	cr_expect_not_null(strstr(
		err.text, "; the go command does not replay it from the build cache, so name a fresh directory"));
	error_release(&err);
	predictions_free(set);
}
