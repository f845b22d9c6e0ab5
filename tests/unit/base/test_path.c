/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/path.h"

static void expect(const char *directory, const char *path, const char *want)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_addstr(&sb, "x");
	path_clean(&sb, directory, path);
	cr_assert_str_eq(strbuf_str(&sb) + 1, want, "%s of %s: %s, not %s", path, directory ? directory : "nothing",
			 strbuf_str(&sb) + 1, want);
	strbuf_release(&sb);
}

Test(path, is_cleaned_as_the_go_command_does)
{
	expect(NULL, "/a/b.go", "/a/b.go");
	expect(NULL, "//a///b/./c/../d.go", "/a/b/d.go");
	expect(NULL, "/../../a", "/a");
	expect(NULL, "/a/..", "/");
	expect(NULL, "/", "/");
	expect(NULL, "", ".");
	expect(NULL, "./", ".");
	expect(NULL, "a/..", ".");
	expect(NULL, "./a.go", "a.go");
	expect(NULL, "../a/../../b.go", "../../b.go");
	expect(NULL, "a/../../b/../c", "../c");
	expect(NULL, "...", "...");
	expect(NULL, "a/.b/..c", "a/.b/..c");
}

Test(path, is_joined_to_a_directory_if_it_is_relative)
{
	expect("/src/dir", "./a.go", "/src/dir/a.go");
	expect("/src/dir/", "../b/a.go", "/src/b/a.go");
	expect("/src/dir", "../../../a.go", "/a.go");
	expect("/src/dir", "/a.go", "/a.go");
	expect("/src/dir", "", "/src/dir");
	expect("dir", "../../a.go", "../a.go");
	expect("..", "../a.go", "../../a.go");
}

Test(path, has_a_base_name_and_an_end)
{
	cr_assert_str_eq(path_base("/a/b.go"), "b.go");
	cr_assert_str_eq(path_base("b.go"), "b.go");
	cr_assert_str_eq(path_base("/a/"), "");
	cr_assert(path_has_suffix("a.go", ".go"));
	cr_assert(!path_has_suffix(".go", ".go"));
	cr_assert(!path_has_suffix("go", ".go"));
}
