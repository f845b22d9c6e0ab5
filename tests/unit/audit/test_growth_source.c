/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "audit/growth_source.h"
#include "base/memory.h"

/* The lines of a function's body stand from line 4 on; the growth is on the first one that appends to xs. */
static int line_of(const char *text, const char *what)
{
	const char *at = strstr(text, what);
	int line = 1;

	cr_assert_not_null(at);
	for (const char *s = text; s < at; s++)
		line += *s == '\n';
	return line;
}

static bool empty(const char *header, const char *body)
{
	char *text = xasprintf("package m\n\nfunc %s {\n%s\n}\n\nfunc other(xs []int) { xs = nil }\n", header, body);
	bool is_empty = growth_begins_empty(text, strlen(text), line_of(text, "append(xs"), "xs");

	free(text);
	return is_empty;
}

static const char loop[] = "for i := 0; i < n; i++ {\nxs = append(xs, i)\n}\nreturn xs";

static void expect_empty(bool wanted, const char *header, const char *before, const char *after)
{
	char *body = xasprintf("%s\n%s%s", before, loop, after);

	cr_expect_eq(empty(header, body), wanted, "%s { %s", header, body);
	free(body);
}

Test(growth_source, a_variable_that_begins_empty)
{
	expect_empty(true, "f(n int) []int", "var xs []int", "");
	expect_empty(true, "f(n int) []int", "xs := []int{}", "");
	expect_empty(true, "f(n int) []int", "xs := make([]int, 0)", "");
	expect_empty(true, "f(n int) []int", "xs := make([]int, 0, 4)", "");
	expect_empty(true, "f(n int) []int", "xs := make([]map[[2]int]bool, 0)", "");
	expect_empty(true, "(t *T) f(n struct{ a int }) interface{ M() }", "var xs []int // none", "");
	expect_empty(true, "f(n int) []int", "println(xs)\nvar xs []int\nsum(len(xs), xs[0], xs[i+1], t.xs, T{xs: 1})",
		     "");
	expect_empty(true, "f(n int) []int", "var xs []int\nfor _, x := range xs {}\nkept = xs\ny := xs", "");
}

Test(growth_source, what_may_hold_elements)
{
	expect_empty(false, "f(xs []int, n int) []int", "", "");
	expect_empty(false, "f(xs []int, n int) []int", "{ var xs []int }", "");
	expect_empty(false, "f(n int) (xs []int)", "", "");
	expect_empty(false, "f(n int) []int", "xs := start()", "");
	expect_empty(false, "f(n int) []int", "xs := []int{1}", "");
	expect_empty(false, "f(n int) []int", "xs := []int{}[:0]", "");
	expect_empty(false, "f(n int) []int", "xs := make([]int, 3)", "");
	expect_empty(false, "f(n int) []int", "xs := make([]int, n)", "");
	expect_empty(false, "f(n int) []int", "var xs []int = start()", "");
	expect_empty(false, "f(n int) []int", "var xs = start()", "");
	expect_empty(false, "f(n int) []int", "xs, ok := start()", "");
	expect_empty(false, "f(n int) []int", "ok, xs := start()", "");
	expect_empty(false, "f(n int) []int", "", "");
	expect_empty(false, "f(n int) []int", "var xs []int\nxs = start()", "");
	expect_empty(false, "f(n int) []int", "var xs []int\nxs, n = start()", "");
	expect_empty(false, "f(n int) []int", "var xs []int\nn, xs = start()", "");
	expect_empty(false, "f(n int) []int", "var xs []int\nfill(&xs)", "");
	expect_empty(false, "f(n int) []int", "var xs []int\nxs = xs[:0]", "");
	expect_empty(false, "f(n int) []int", "var xs []int\nfunc(xs []int) { xs = nil }(nil)", "");
	expect_empty(false, "f(n int) []int", "{\nvar xs []int\n}\nxs := start()", "");
	expect_empty(false, "f(n int) []int", "var xs []int", "\nxs = start()");
	expect_empty(false, "f(n int) []int", "var xs []int", "\nother = append(xs, 1)");
	expect_empty(false, "f(n int) []int", "for _, xs := range all {", "\n}");
}

/* Room would make two slices of one array grow into each other, or nil something else. */
Test(growth_source, what_would_not_be_the_same_with_room)
{
	expect_empty(false, "f(n int) []int", "var xs []int\na := append(xs, 1)", "");
	expect_empty(false, "f(n int) []int", "var xs []int\nuse(append(xs, 1))", "");
	expect_empty(false, "f(n int) []int", "var xs []int\na := xs[:2]", "");
	expect_empty(false, "f(n int) []int", "var xs []int\nif xs == nil { return nil }", "");
	expect_empty(false, "f(n int) []int", "var xs []int\nif nil != xs { return nil }", "");
}

Test(growth_source, lines_of_which_nothing_is_known)
{
	static const char text[] =
		"package m\n\nvar xs []int\n\nfunc f() {\n\tvar xs []int\n\txs = append(xs, 1); xs = append(xs, 2)\n"
		"\tys = append(ys, 1)\n}\n\nfunc g() {\n\tvar xs []int\n\txs = append(xs, 1)\n";
	size_t n = strlen(text);

	cr_expect(!growth_begins_empty(text, n, 7, "xs"), "two on one line");
	cr_expect(!growth_begins_empty(text, n, 8, "xs"));
	cr_expect(!growth_begins_empty(text, n, 8, "ys"));
	cr_expect(!growth_begins_empty(text, n, 3, "xs"));
	cr_expect(!growth_begins_empty(text, n, 13, "xs"), "it does not end");
	cr_expect(!growth_begins_empty(text, n, 99, "xs"));
	cr_expect(!growth_begins_empty("", 0, 1, "xs"));
	cr_expect(!growth_begins_empty("func {{ xs", 10, 1, "xs"));
}

static bool alone(const char *header, const char *body)
{
	char *text = xasprintf("package m\n\nfunc %s {\n%s\n}\n", header, body);
	bool is_alone = growth_is_alone(text, strlen(text), line_of(text, "// here"));

	free(text);
	return is_alone;
}

Test(growth_source, a_builder_that_one_line_writes_to)
{
	cr_expect(alone("f()", "var sb strings.Builder\nsb.WriteByte(',') // here\nreturn sb.String()"));
	cr_expect(alone(
		"f()", "var sb strings.Builder\nfor sb.Len() < 9 {\nsb.WriteString(s) // here\n}\nreturn sb.String()"));
	cr_expect(!alone("f()", "var sb strings.Builder\nsb.WriteByte(',') // here\nsb.WriteString(s)"));
	cr_expect(!alone("f()", "var sb strings.Builder\nsb.WriteByte(','); sb.WriteString(s) // here\n"));
	cr_expect(!alone("f()", "var sb strings.Builder\nsb.WriteByte(',') // here\nfmt.Fprint(&sb, 1)"));
	cr_expect(!alone("f()", "var sb strings.Builder\nsb.Grow(9)\nsb.WriteByte(',') // here\n"));
	cr_expect(!alone("f(sb *strings.Builder)", "sb.WriteByte(',') // here\n"));
	cr_expect(!alone("f()", "sb := new(strings.Builder)\nsb.WriteByte(',') // here\n"));
	cr_expect(!alone("f()", "var sb strings.Builder\nt.sb.WriteByte(',') // here\n"));
	cr_expect(!alone("f()", "var sb strings.Builder\nwrite(sb) // here\n"));
}
