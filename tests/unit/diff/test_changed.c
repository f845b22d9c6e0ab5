/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <string.h>

#include "base/memory.h"
#include "diff/changed.h"

static int read_text(struct changed *before, struct changed *after, const char *text)
{
	struct error err = ERROR_INIT;
	int ret;

	changed_init(before);
	changed_init(after);
	ret = changed_read(before, after, text, strlen(text), &err);
	cr_expect_eq(ret != 0, err.text != NULL);
	error_release(&err);
	return ret;
}

Test(changed, hunks)
{
	struct changed before, after;

	cr_expect_eq(
		read_text(&before, &after,
			  "diff --git a/x/a.go b/x/b.go\nsimilarity index 90%\nrename from x/a.go\nrename to x/b.go\n"
			  "index 1..2 100644\n--- a/x/a.go\n+++ b/x/b.go\n"
			  "@@ -3 +4,2 @@ func f() {\n-old\n+new\n+newer\n"
			  /* what was taken out looks like the name of a file */
			  "@@ -10,2 +11,0 @@\n--- a/y.go\n-gone\n"
			  "diff --git a/n.go b/n.go\nnew file mode 100644\n--- /dev/null\n+++ b/n.go\n"
			  "@@ -0,0 +1,3 @@\n+a\n+b\n+c\n\\ No newline at end of file\n"
			  "--- a/with blank.go\t\n+++ b/with blank.go\t\n@@ -1 +1 @@\n-a\n+b\n"
			  "--- \"a/q\\\"uoted.go\"\n+++ \"b/q\\\"uoted.go\"\n@@ -1 +1 @@\n-a\n+b\n"),
		0);
	cr_assert_eq(before.n, 3);
	cr_expect_str_eq(before.items[0].file, "x/a.go");
	cr_expect_eq(before.items[0].first, 3);
	cr_expect_eq(before.items[0].last, 3);
	cr_expect_str_eq(before.items[1].file, "x/a.go");
	cr_expect_eq(before.items[1].first, 10);
	cr_expect_eq(before.items[1].last, 11);
	cr_assert_eq(after.n, 3);
	cr_expect_str_eq(after.items[0].file, "x/b.go");
	cr_expect_eq(after.items[0].first, 4);
	cr_expect_eq(after.items[0].last, 5);
	cr_expect_str_eq(after.items[1].file, "n.go");
	cr_expect_eq(after.items[1].last, 3);
	cr_expect_str_eq(after.items[2].file, "with blank.go");
	changed_release(&before);
	changed_release(&after);
}

Test(changed, a_hunk_that_ends_early)
{
	static const char *const texts[] = {
		"--- a/x.go\n+++ b/x.go\n@@ -1,2 +1 @@\n-a\n",
		"--- a/x.go\n+++ b/x.go\n@@ -1,2 +1 @@\n-a\ndiff --git a/y.go b/y.go\n",
		"--- a/x.go\n+++ b/x.go\n@@ -1 +1,999999999 @@\n-a\n+b\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct changed before, after;

		cr_expect_neq(read_text(&before, &after, texts[i]), 0, "case %zu", i);
		changed_release(&before);
		changed_release(&after);
	}
}

Test(changed, what_is_no_hunk)
{
	static const char *const texts[] = {"",
					    "@@",
					    "@@ -",
					    "@@ -1",
					    "@@ -1 +",
					    "@@ -1 +1",
					    "@@ -1 +1 @",
					    "@@ -x +1 @@",
					    "@@ -1,99999999999 +1 @@",
					    "Binary files a/x and b/x differ\n"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct changed before, after;

		cr_expect_eq(read_text(&before, &after, texts[i]), 0, "case %zu", i);
		cr_expect_eq(before.n + after.n, 0, "case %zu", i);
		changed_release(&before);
		changed_release(&after);
	}
}

Test(changed, modules_name_files)
{
	static const struct changed_module modules[] = {
		{"", "example.com/all"}, {"svc", "example.com/svc"}, {"svc/lib", "example.com/lib"}};
	static const struct {
		const char *path, *placed;
	} cases[] = {
		{"svc/main.go", "main.go"},
		{"svc/cart/cart.go", "cart/cart.go"},
		{"svc/lib/l.go", "example.com/lib/l.go"},
		{"svc/lib/deep/l.go", "example.com/lib/deep/l.go"},
		{"svclib/l.go", "example.com/all/svclib/l.go"},
		{"top.go", "example.com/all/top.go"},
		{"svc/vendor/example.com/v/v.go", "example.com/v/v.go"},
	};
	const struct rec_header header = {.main_module = "example.com/svc", .goroot_src = "/go/src/"};
	struct changed c;

	changed_init(&c);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		changed_add(&c, cases[i].path, 10 + (int)i, 20);
	changed_add(&c, "svc/main.go", 50, CHANGED_TO_THE_END);
	changed_place(&c, modules, ARRAY_SIZE(modules), &header);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cr_expect(changed_touches(&c, cases[i].placed, 10 + (int)i), "%s", cases[i].path);
		cr_expect(changed_touches(&c, cases[i].placed, 20), "%s", cases[i].path);
		cr_expect_not(changed_touches(&c, cases[i].placed, 9 + (int)i), "%s", cases[i].path);
		cr_expect_not(changed_touches(&c, cases[i].placed, 21), "%s", cases[i].path);
	}
	cr_expect(changed_touches(&c, "main.go", 1000000));
	cr_expect_not(changed_touches(&c, "main.go", 49));
	cr_expect_not(changed_touches(&c, "other.go", 10));
	changed_release(&c);
}

Test(changed, module_lines)
{
	static const struct {
		const char *text, *path;
	} cases[] = {
		{"module example.com/a\n\ngo 1.22\n", "example.com/a"},
		{"// module no\n\tmodule \"example.com/b\" // yes\n", "example.com/b"},
		{"modules x\nmodule\n", NULL},
		{"module // nothing\n", NULL},
		{"", NULL},
		{"module x", "x"},
	};
	struct strpool *pool = strpool_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *path = changed_module_path(pool, cases[i].text, strlen(cases[i].text));

		if (cases[i].path)
			cr_expect(path && strcmp(path, cases[i].path) == 0, "case %zu: %s", i, path ? path : "nothing");
		else
			cr_expect_null(path, "case %zu", i);
	}
	strpool_free(pool);
}
