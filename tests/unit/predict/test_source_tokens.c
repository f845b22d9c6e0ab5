/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source files as tokens: the copy that puts each on a line of its own, positions under line directives, and what a
 * token stands for. tests/e2e/tokens.bats holds the last against go/parser over the standard library; here are the
 * forms by name.
 */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "predict/source_tokens.h"

static struct source_tokens *tokens_of(const char *text, size_t size)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_add(&sb, text, size);
	return source_tokens_new(&sb);
}

static struct source_tokens *tokens(const char *text)
{
	return tokens_of(text, strlen(text));
}

/* ---- the copy ---------------------------------------------------------------------------------------------------- */

static void expect_copy(const char *text, const char *want)
{
	struct source_tokens *source = tokens(text);
	struct strbuf copy = STRBUF_INIT;

	cr_assert_not_null(source, "%s", text);
	source_tokens_copy(source, "N", &copy);
	cr_expect_str_eq(strbuf_str(&copy), want);
	strbuf_release(&copy);
	source_tokens_free(source);
}

Test(source_tokens, each_token_of_a_copy_is_on_its_line)
{
	expect_copy("package p", "/*line N:1:1*/package /*line :2:1*/p");
	expect_copy("package p\n\nvar a=1\n",
		    "/*line N:1:1*/package /*line :2:1*/p\n\n/*line :3:1*/var /*line :4:1*/a/*line :5:1*/=\n1\n");
}

/* Directives are what a copy costs: there are none where the lines come right by themselves. */
Test(source_tokens, a_copy_has_no_directive_that_changes_nothing)
{
	expect_copy("a\nb\n\tc\n\nd", "/*line N:1:1*/a\nb\n\tc\n\n/*line :4:1*/d");
	expect_copy("f(-*x)", "/*line N:1:1*/f/*line :2:1*/(\n-\n*\nx)");
	expect_copy("(a, /* b */ c)", "/*line N:1:1*/(\na, /* b */ \n\nc)");
	expect_copy("(a,\nb,\n\nc)", "/*line N:1:1*/(\na,\n\nb,\n\nc)");
	expect_copy("(\n\na)", "/*line N:1:1*/(\n\n/*line :2:1*/a)");
	expect_copy("(`a\nb`,c)", "/*line N:1:1*/(\n`a\nb`,\nc)");
	expect_copy("(a\n//line t:7\n,\nb)", "/*line N:1:1*/(\na\n//line t:7\n/*line N:3:1*/,\nb)");
}

Test(source_tokens, a_copy_keeps_comments_and_lines)
{
	/* Where a semicolon is put at the end of a line, and where a directive stands, is as before. */
	expect_copy("//go:build linux\n\npackage p\n\n//go:noinline\nfunc f() /* a */ {\n}\n",
		    "//go:build linux\n\n/*line N:1:1*/package /*line :2:1*/p\n\n//go:noinline\n/*line "
		    ":3:1*/func /*line :4:1*/f/*line :5:1*/() /* a */ /*line :7:1*/{\n}\n");
	expect_copy("package p\r\nvar s = `a\r\nb`\r\n",
		    "/*line N:1:1*/package /*line :2:1*/p\r\nvar /*line :4:1*/s /*line :5:1*/= \n`a\r\nb`\r\n");
	expect_copy("\xef\xbb\xbfpackage p", "\xef\xbb\xbf/*line N:1:1*/package /*line :2:1*/p");
}

Test(source_tokens, a_division_begins_no_comment)
{
	expect_copy("a/b", "/*line N:1:1*/a/*line :2:1*//\nb");
	expect_copy("a/ b", "/*line N:1:1*/a/*line :2:1*// \nb");
	expect_copy("a/(b)", "/*line N:1:1*/a/*line :2:1*//\n(\nb)");
	expect_copy("a/=b", "/*line N:1:1*/a/*line :2:1*//=\nb");
}

/* The compiler's own columns end at 255, and inlining asks for them: lines are broken where that ends no statement. */
Test(source_tokens, lines_of_a_copy_stay_short)
{
	expect_copy("f(x, y.z)", "/*line N:1:1*/f/*line :2:1*/(\nx, \n\ny/*line :6:1*/.\nz)");
	expect_copy("i++; return x", "/*line N:1:1*/i/*line :2:1*/++/*line :3:1*/; \nreturn /*line :5:1*/x");
}

/* Behind a directive of its own the file has another name, which the next token takes back. */
Test(source_tokens, a_copy_names_its_file_again_behind_directives)
{
	expect_copy("a\n//line t:7\nb", "/*line N:1:1*/a\n//line t:7\n/*line N:2:1*/b");
	expect_copy("a /*line t:7:9*/ b c", "/*line N:1:1*/a /*line t:7:9*/ /*line N:2:1*/b /*line :3:1*/c");
	expect_copy("a\n //line t:7\nb", "/*line N:1:1*/a\n //line t:7\n/*line :2:1*/b"); /* not at its line's begin */
	expect_copy("a\n//line t:x\nb", "/*line N:1:1*/a\n//line t:x\n/*line :2:1*/b");
}

Test(source_tokens, what_cannot_be_copied_is_refused)
{
	static const char *const bad[] = {"",		"// only", "f(",    "f)",    "f([)]",	"x := `no end",
					  "\"no end\n", "'a",	   "/* no", "a # b", "a\x01 b", "{",
					  "?"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_expect_null(tokens(bad[i]), "%s", bad[i]);
	cr_expect_null(tokens_of("a\0b", 3));
}

Test(source_tokens, no_more_tokens_than_lines_of_the_compiler)
{
	struct strbuf text = STRBUF_INIT;
	struct source_tokens *source;

	/* One line is there already. */
	for (size_t i = 0; i < SOURCE_TOKENS_MAX - 1; i++)
		strbuf_addstr(&text, "a ");
	source = tokens_of(strbuf_str(&text), text.len);
	cr_assert_not_null(source);
	cr_expect_eq(source_tokens_count(source), SOURCE_TOKENS_MAX - 1);
	source_tokens_free(source);
	strbuf_addstr(&text, "a");
	cr_expect_null(tokens_of(strbuf_str(&text), text.len));
	strbuf_release(&text);
}

/* ---- positions --------------------------------------------------------------------------------------------------- */

static void expect_positions(const char *text, const struct source_position *want, size_t n)
{
	struct source_tokens *source = tokens(text);

	cr_assert_not_null(source, "%s", text);
	cr_assert_eq(source_tokens_count(source), n, "%s", text);
	for (size_t i = 0; i < n; i++) {
		struct source_position found = source_tokens_position(source, i);

		cr_expect(found.line == want[i].line && found.column == want[i].column,
			  "%s: token %zu is at %d:%d, not %d:%d", text, i, found.line, found.column, want[i].line,
			  want[i].column);
	}
	source_tokens_free(source);
}

#define EXPECT_POSITIONS(text, ...)                                                                                    \
	expect_positions(text, (const struct source_position[]){__VA_ARGS__},                                          \
			 sizeof((const struct source_position[]){__VA_ARGS__}) / sizeof(struct source_position))

Test(source_tokens, positions_are_lines_and_bytes)
{
	EXPECT_POSITIONS("a b\n\tc", {1, 1}, {1, 3}, {2, 2});
	EXPECT_POSITIONS("\xef\xbb\xbf"
			 "a",
			 {1, 4});
	EXPECT_POSITIONS("a\r\nb", {1, 1}, {2, 1});
	EXPECT_POSITIONS("\"\xc3\xa4\" + b", {1, 1}, {1, 6}, {1, 8});
	EXPECT_POSITIONS("`\n` b", {1, 1}, {2, 3});
	EXPECT_POSITIONS("/*\n*/ b", {2, 4});
}

Test(source_tokens, positions_follow_line_directives)
{
	EXPECT_POSITIONS("a\n//line t:7\nb\n  c", {1, 1}, {7, 0}, {8, 0}); /* no column: the compiler has none either */
	EXPECT_POSITIONS("a\n//line t:7:20\nb c\n  d", {1, 1}, {7, 20}, {7, 22}, {8, 3});
	EXPECT_POSITIONS("a /*line t:7:20*/b c\nd", {1, 1}, {7, 20}, {7, 22}, {8, 1});
	EXPECT_POSITIONS("a /*line t:7*/b\nd", {1, 1}, {7, 0}, {8, 0});
	EXPECT_POSITIONS("a /*line :7:1*/b", {1, 1}, {7, 1}); /* of the same file */
	EXPECT_POSITIONS("//line C:\\t.go:7\na", {7, 0});
	EXPECT_POSITIONS("//line t:7\r\na", {7, 0});
	EXPECT_POSITIONS("//line t:7\n//line t:90:3\na", {90, 3});
}

Test(source_tokens, what_is_no_line_directive_changes_nothing)
{
	EXPECT_POSITIONS("//line t\na", {2, 1});
	EXPECT_POSITIONS("//line t:0\na", {2, 1});
	EXPECT_POSITIONS("//line t:x\na", {2, 1});
	EXPECT_POSITIONS("//line t:1234567890\na", {2, 1});
	EXPECT_POSITIONS("// line t:7\na", {2, 1});
	EXPECT_POSITIONS(" //line t:7\na", {2, 1});
	EXPECT_POSITIONS("//lines t:7\na", {2, 1});
}

Test(source_tokens, columns_end_where_the_compilers_do)
{
	struct strbuf text = STRBUF_INIT;
	struct source_tokens *source;

	for (int i = 0; i < 253; i++)
		strbuf_addch(&text, ' ');
	strbuf_addstr(&text, "a+b");
	source = tokens(strbuf_str(&text));
	cr_assert_not_null(source);
	cr_expect_eq(source_tokens_position(source, 0).column, 254);
	cr_expect_eq(source_tokens_position(source, 1).column, SOURCE_COLUMN_BEYOND);
	cr_expect_eq(source_tokens_position(source, 2).column, SOURCE_COLUMN_BEYOND);
	source_tokens_free(source);
	strbuf_release(&text);
}

/* ---- extents ----------------------------------------------------------------------------------------------------- */

static size_t token_at(const struct source_tokens *source, int line, int column)
{
	for (size_t i = 0; i < source_tokens_count(source); i++) {
		struct source_position pos = source_tokens_position(source, i);

		if (pos.line == line && pos.column == column)
			return i;
	}
	cr_assert_fail("no token at %d:%d", line, column);
	return 0;
}

/* Expression of the token behind '@', in a function's body. */
static void expect_cut(const char *marked, size_t width, const char *want)
{
	const char *mark = strchr(marked, '@');
	struct strbuf text = STRBUF_INIT, found = STRBUF_INIT;
	struct source_tokens *source;
	int line = 3, column = 1;

	cr_assert_not_null(mark);
	strbuf_addf(&text, "package p\nfunc f() {\n%.*s%s\n}\nfunc g() {}\n", (int)(mark - marked), marked, mark + 1);
	for (const char *p = marked; p < mark; p++) {
		column = *p == '\n' ? 1 : column + 1;
		line += *p == '\n';
	}
	source = tokens(strbuf_str(&text));
	cr_assert_not_null(source, "%s", marked);
	source_tokens_expression(source, token_at(source, line, column), width, &found);
	cr_expect_str_eq(strbuf_str(&found), want, "%s: '%s', not '%s'", marked, strbuf_str(&found), want);
	source_tokens_free(source);
	strbuf_release(&text);
	strbuf_release(&found);
}

struct form {
	const char *marked, *want;
};

static void expect_forms(const struct form *forms, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect_cut(forms[i].marked, 1000, forms[i].want);
}

#define EXPECT_FORMS(...)                                                                                              \
	expect_forms((const struct form[]){__VA_ARGS__},                                                               \
		     sizeof((const struct form[]){__VA_ARGS__}) / sizeof(struct form))

Test(source_tokens, calls)
{
	EXPECT_FORMS({"x := make@([]int, n)", "make([]int, n)"}, {"a.b.c@(1)(2)", "a.b.c(1)"},
		     {"a.b.c(1)@(2)", "a.b.c(1)(2)"}, {"f(g@(x), h(y))", "g(x)"}, {"f[T]@(x)", "f[T](x)"},
		     {"p.f[int, string]@(x)", "p.f[int, string](x)"}, {"x := []byte@(s)", "[]byte(s)"},
		     {"x = interface{}@(s)", "interface{}(s)"}, {"x = (*T)@(p)", "(*T)(p)"},
		     {"x = map[string]int@(m)", "map[string]int(m)"}, {"x = <-f@()", "f()"},
		     {"x = func() int { return 1 }@()", "func literal()"}, {"f@(\n\ta,\n\tb,\n)", "f( a, b, )"},
		     {"a.\n\tf().\n\tg@(x)", "a. f(). g(x)"}, {"x = -f@(y)", "f(y)"}, {"x = y * f@(z)", "f(z)"},
		     {"f(a...)\ng@(b)", "g(b)"});
}

Test(source_tokens, composite_literals)
{
	EXPECT_FORMS({"x := T@{1, 2}", "T{1, 2}"}, {"x := &p.T@{a: 1}", "p.T{a: 1}"},
		     {"x := @&p.T{a: 1}", "&p.T{a: 1}"}, {"x := []T@{{1}, {2}}", "[]T{{1}, {2}}"},
		     {"x := []T{{1}, @{2}}", "{2}"}, {"x := map[K]*T{1: {2}, 3: @{4}}", "{4}"},
		     {"x := [...]string@{\"a\"}", "[...]string{\"a\"}"},
		     {"x := map[string][]int@{}", "map[string][]int{}"},
		     {"x := []struct{ a, b int }@{{1, 2}}", "[]struct{ a, b int }{{1, 2}}"},
		     {"x := []struct{ a, b int }{@{1, 2}}", "{1, 2}"}, {"x := G[int]@{1}", "G[int]{1}"},
		     {"x := struct{}@{}", "struct{}{}"}, {"x := []func() T@{nil}", "[]func() T{nil}"});
}

/* The text from the first to the last token of the statement of the one behind '@', without blanks. */
static void expect_statement(const char *marked, const char *want)
{
	const char *mark = strchr(marked, '@');
	struct strbuf text = STRBUF_INIT, found = STRBUF_INIT;
	struct source_tokens *source;
	size_t first, last;

	cr_assert_not_null(mark);
	strbuf_addf(&text, "package p\nfunc f() {\n%.*s%s\n}\nfunc g() {}\n", (int)(mark - marked), marked, mark + 1);
	source = tokens(strbuf_str(&text));
	cr_assert_not_null(source, "%s", marked);
	source_tokens_statement(source, token_at(source, 3, (int)(mark - marked) + 1), &first, &last);
	for (size_t i = first; i <= last; i++) {
		struct source_position pos = source_tokens_position(source, i), next;
		const char *token = marked + pos.column - 1;
		size_t n = strlen(token);

		cr_assert_eq(pos.line, 3);
		token += token >= mark;
		n = strlen(token);
		next = source_tokens_position(source, i + 1);
		if (next.line == 3)
			n = (size_t)(next.column - pos.column);
		for (size_t k = 0; k < n; k++) {
			if (!strchr(" @", token[k]))
				strbuf_addch(&found, token[k]);
		}
	}
	cr_expect_str_eq(strbuf_str(&found), want, "%s: '%s', not '%s'", marked, strbuf_str(&found), want);
	source_tokens_free(source);
	strbuf_release(&text);
	strbuf_release(&found);
}

Test(source_tokens, statements)
{
	expect_statement("a(); x = T{@k: 1}; b()", "x=T{k:1}");
	expect_statement("a(); @x, y := 1, 2; b()", "x,y:=1,2");
	expect_statement("if x := f(@1); x > 2 { b() }", "ifx:=f(1);x>2");
	expect_statement("if x { b(@1) } else { c() }", "b(1)");
	expect_statement("for i := range []T{@1} { b() }", "fori:=range[]T{1}");
	expect_statement("switch x { case f(@1): b() }", "casef(1)");
	expect_statement("switch x { case 1: b(@2) }", "b(2)");
	expect_statement("a(); return T{@1}, 2", "returnT{1},2");
	expect_statement("a(); go f(@1); b()", "gof(1)");
	expect_statement("var x, y = 1, T{@2}; b()", "x,y=1,T{2}");
	expect_statement("x = func() { y = @3; z() }(4)", "y=3");
	expect_statement("x = func() { y = 3; z() }(@4)", "x=func(){y=3;z()}(4)");
	expect_statement("x = func() { y = 3 }(T{func() { z(@5) }})", "z(5)");
	expect_statement("l: x <- T{@1}; b()", "x<-T{1}");
}

Test(source_tokens, literals_around)
{
	static const char text[] = "package p; var x = []T{{a: 1, b: U{}}, {a: f(2), c: func() { y = 3 }}}";
	struct source_tokens *source = tokens(text);
	size_t two = SOURCE_NO_TOKEN, three = SOURCE_NO_TOKEN, one = SOURCE_NO_TOKEN, brace;

	cr_assert_not_null(source);
	for (size_t i = 0; i < source_tokens_count(source); i++) {
		one = source_tokens_is(source, i, "1") ? i : one;
		two = source_tokens_is(source, i, "2") ? i : two;
		three = source_tokens_is(source, i, "3") ? i : three;
	}
	cr_expect_eq(source_tokens_literal_around(source, two), SOURCE_NO_TOKEN); /* an argument */
	cr_expect_eq(source_tokens_literal_around(source, three), SOURCE_NO_TOKEN);
	brace = source_tokens_literal_around(source, one);
	cr_assert_neq(brace, SOURCE_NO_TOKEN);
	cr_expect(source_tokens_is_literal(source, brace));
	cr_expect_eq(source_tokens_length(source, brace), SOURCE_NO_LENGTH); /* names are no indexes */
	brace = source_tokens_literal_around(source, brace);
	cr_assert_neq(brace, SOURCE_NO_TOKEN);
	cr_expect_eq(source_tokens_length(source, brace), 2);
	cr_expect_eq(source_tokens_literal_around(source, brace), SOURCE_NO_TOKEN);
	cr_expect(!source_tokens_is(source, source_tokens_count(source), "}"));
	source_tokens_free(source);
}

/* "key: literal length" of the elements of the literal at the brace that @ marks. */
static void expect_elements(const char *marked, const char *want)
{
	struct strbuf text = STRBUF_INIT, said = STRBUF_INIT, all = STRBUF_INIT;
	const char *mark = strchr(marked, '@');
	struct source_tokens *source;
	struct source_element element;
	size_t brace = 0, at = 0;

	strbuf_addf(&text, "package p; func f() { %.*s%s }", (int)(mark - marked), marked, mark + 1);
	source = tokens(strbuf_str(&text));
	cr_assert_not_null(source);
	while (source_tokens_position(source, brace).column <
	       (int)(strlen("package p; func f() { ") + (size_t)(mark - marked) + 1))
		brace++;
	while (source_tokens_next_element(source, brace, &at, &element)) {
		strbuf_addf(&said, "%s%zu ", said.len ? ", " : "", element.key_last + 1 - element.key_first);
		if (element.brace == SOURCE_NO_TOKEN) {
			strbuf_addstr(&said, "-");
			continue;
		}
		strbuf_clear(&all);
		source_tokens_expression(source, element.brace, 1000, &all);
		if (source_tokens_length(source, element.brace) == SOURCE_NO_LENGTH)
			strbuf_addf(&said, "%s ?", strbuf_str(&all));
		else
			strbuf_addf(&said, "%s %zu", strbuf_str(&all),
				    (size_t)source_tokens_length(source, element.brace));
	}
	cr_expect_str_eq(strbuf_str(&said), want, "%s: %s", marked, strbuf_str(&said));
	strbuf_release(&text);
	strbuf_release(&said);
	strbuf_release(&all);
	source_tokens_free(source);
}

Test(source_tokens, elements_of_literals)
{
	expect_elements("x = map[string][]string@{}", "");
	expect_elements("x = map[string][]string@{\"a\": {y}, \"b\" + c: []string{y, z,}, \"d\": {}}",
			"1 {y} 1, 3 []string{y, z,} 2, 1 {} 0");
	expect_elements("x = T@{a: f(b, c), d: nil, e: U{1, 2}.v, f: func() {}, g: []T{1}[0:1], h: (V{1})}",
			"1 -, 1 -, 1 -, 1 -, 1 -, 1 -");
	expect_elements("x = []T@{{1, 2}, U{}, y, &T{3}}", "0 {1, 2} 2, 0 U{} 0, 0 -, 0 -");
	expect_elements("x = map[K][]int@{{1}: {3: 1, 2}, K{2}: {k: 1}, {a: 3}: {'a': 1}, {}: {0: 1}}",
			"3 {3: 1, 2} 5, 4 {k: 1} ?, 5 {'a': 1} ?, 2 {0: 1} 1");
	expect_elements("x = T@{a: {010: 1}, b: {7: 1, 2: 3}, c: {1 + 2: 3}}",
			"1 {010: 1} ?, 1 {7: 1, 2: 3} 8, 1 {1 + 2: 3} ?");
	expect_elements("x = f@(a, b)", "");
}

Test(source_tokens, heads_have_no_literals_of_names_but_in_brackets)
{
	EXPECT_FORMS({"if x @== y {\n}", "x == y"}, {"if @!f(x) {\n}", "!f(x)"}, {"if x == (T@{1}) {\n}", "T{1}"},
		     {"for _, v := @range []T{{1}} {\n}", "range []T{{1}}"},
		     {"for _, v := range []T@{{1}} {\n}", "[]T{{1}}"}, {"switch f(T@{1}) {\n}", "T{1}"},
		     {"if f(func() { g(T@{1}) }) {\n}", "T{1}"}, {"if x := f@(y); x != z {\n}", "f(y)"},
		     {"if x := f(y); x @!= z {\n}", "x != z"}, {"for i := 0; i @< len(x[i]) {\n}", "i < len(x[i])"},
		     {"if m[k] @< n {\n}", "m[k] < n"}, {"@if x := f(y); x != nil {\n}", "if x := f(y); x != nil"},
		     {"@for i := 0; i < n; i++ {\n}", "for i := 0; i < n; i++"}, {"@for {\n}", "for"},
		     {"@switch x := y.(type) {\ncase T:\n}", "switch x := y.(type)"},
		     {"if x {\n} else @if y {\n}", "if y"}, {"for @range f(3) {\n}", "range f(3)"});
}

Test(source_tokens, operators_bind_as_the_language_says)
{
	EXPECT_FORMS({"x = a @+ b*c", "a + b*c"}, {"x = a + b@*c", "b*c"}, {"x = a + b @+ c", "a + b + c"},
		     {"x = a @+ b + c", "a + b"}, {"x = a*b @+ c", "a*b + c"}, {"x = a && b @|| c", "a && b || c"},
		     {"x = -a @+ b", "-a + b"}, {"x = a @+ -b", "a + -b"}, {"x = f(a @+ b, c)", "a + b"},
		     {"x = (a + b) @* c", "(a + b) * c"}, {"x = @(a + b) * c", "(a + b)"},
		     {"x = a[i] @+ b.c", "a[i] + b.c"}, {"x = @-y", "-y"}, {"x = @*p.q", "*p.q"}, {"x = @<-ch", "<-ch"},
		     {"x = @^y & z", "^y"}, {"x = a @&^ b", "a &^ b"}, {"x = \"a\" @+ s +\n\t\"b\"", "\"a\" + s"},
		     {"x = \"a\" + s @+\n\t\"b\"", "\"a\" + s + \"b\""}, {"f(@&x, 1)", "&x"}, {"g(f(@&x))", "&x"});
}

Test(source_tokens, assignments_are_their_right_side)
{
	EXPECT_FORMS({"x @= append(x, y)", "append(x, y)"}, {"x @:= []int{1}\ny()", "[]int{1}"},
		     {"a, b @= f(), g()", "f(), g()"}, {"s @+= t\n", "s += t"}, {"m[k] @+= t", "m[k] += t"},
		     {"m[k]@++", "m[k]++"}, {"if true {\n\ts @+= t\n}", "s += t"},
		     {"switch x {\ncase 1:\n\ts @+= t\n}", "s += t"}, {"L:\n\ts @+= t", "s += t"},
		     {"select {\ncase x @:= <-c:\n}", "<-c"}, {"if x @&= 3; x == 1 {\n}", "x &= 3"},
		     {"var x @= f()\ny()", "f()"}, {"var x, y T @= f(), g()", "f(), g()"},
		     {"var (\n\tx @= f()\n\ty = 1\n)", "f()"}, {"ch @<- T{1}", "ch <- T{1}"}, {"x @= y; z = 1", "y"},
		     {"x @= func() {\n\ty = 1\n}", "func literal"},
		     {"f@(func() T { return T{1} }, (func() T)(g), T{2})", "f(func literal, (func() T)(g), T{2})"});
}

Test(source_tokens, names)
{
	/* The first name of an assignment to one variable is that assignment's position up to Go 1.19. */
	EXPECT_FORMS({"@x := f()", "x := f()"}, {"@x = append(x, 1)", "x = append(x, 1)"}, {"f(@x, y)", "x"},
		     {"@x, y := f()", "x, y"}, {"x, @y := f()", "y"}, {"var @x, y T", "x, y"}, {"var @x T", "x"},
		     {"var (\n\t@a, b int\n)", "a, b"}, {"y = @x", "x"}, {"x.@y = 1", "y"},
		     {"@x.y = f()", "x.y = f()"});
}

Test(source_tokens, keywords_are_their_statements)
{
	EXPECT_FORMS({"@return f(), T{1}\n", "return f(), T{1}"}, {"@return", "return"}, {"@go f(x)", "go f(x)"},
		     {"@defer func() { recover() }()", "defer func literal()"}, {"L:\n@break", "break"},
		     {"if x {\n\t@return y }", "return y"}, {"@var x = f()", "var x = f()"},
		     {"x = @func() {}", "func literal"}, {"x = @map[string]int{}", "map[string]int"});
}

Test(source_tokens, selectors_indexes_and_assertions)
{
	EXPECT_FORMS({"x = a@.b.c", "a.b"}, {"x = a.b@.c", "a.b.c"}, {"x = f(y)@.c", "f(y).c"}, {"x = a@.(T)", "a.(T)"},
		     {"x = a.@(T)", "a.(T)"}, {"x = m@[k]", "m[k]"}, {"x = m@[k][j]", "m[k]"},
		     {"x = m[k]@[j]", "m[k][j]"}, {"x = s@[1:n]", "s[1:n]"}, {"x = s@[:]", "s[:]"},
		     {"m@[string(b)] = 1", "m[string(b)]"}, {"x = a.\n\tb@.c", "a. b.c"});
}

Test(source_tokens, expressions_are_cut_between_characters)
{
	expect_cut("x = f@(aaaaaaaaaa, bbbbbbbbbb)", 12, "f(aaaaaaaaaa…");
	expect_cut("x = f@(\"\xc3\xa4\xc3\xa4\xc3\xa4\")", 6, "f(\"\xc3\xa4…");
	expect_cut("x = f@(a)", 4, "f(a)");
	expect_cut("x = f@(`a\n\tb`)", 100, "f(`a  b`)");
}

/* What does not parse has extents all the same, and nested as deep as anybody likes no stack is used up. */
Test(source_tokens, what_does_not_parse_costs_extents_only)
{
	struct strbuf deep = STRBUF_INIT;
	struct source_tokens *source;
	size_t first, last;

	EXPECT_FORMS({"x := := f@(y)", "f(y)"}, {"if { } else else f@(y)", "f(y)"},
		     {"case func chan f@(y)", "func chan f(y)"}, {"for ; ; ; ; {\n}\nf@(y)", "f(y)"},
		     {"f(,,,)\ng@(y)", "g(y)"}, {"x @+", "x +"});
	for (int i = 0; i < 100000; i++)
		strbuf_addstr(&deep, i % 2 ? "f(" : "{");
	for (int i = 100000; i-- > 0;)
		strbuf_addstr(&deep, i % 2 ? ")" : "}");
	for (int i = 0; i < 100000; i++)
		strbuf_addstr(&deep, "-*");
	source = tokens(strbuf_str(&deep));
	cr_assert_not_null(source);
	for (size_t i = 0; i < source_tokens_count(source); i++) {
		source_tokens_extent(source, i, &first, &last);
		cr_assert(first <= last && last < source_tokens_count(source));
	}
	source_tokens_free(source);
	strbuf_release(&deep);
}

/* Whether there is an index beside the first literal of a map in a function's body. */
static bool has_index_beside(const char *body)
{
	struct strbuf text = STRBUF_INIT;
	struct source_tokens *source;
	size_t brace = 0;
	bool has;

	strbuf_addf(&text, "package p\nfunc f() {\n%s\n}\n", body);
	source = tokens(strbuf_str(&text));
	cr_assert_not_null(source);
	while (!source_tokens_is(source, brace, "map"))
		brace++;
	while (!source_tokens_is(source, brace, "{"))
		brace++;
	cr_expect(source_tokens_is_literal(source, brace));
	cr_expect_eq(source_tokens_partner(source, source_tokens_partner(source, brace)), brace);
	has = source_tokens_has_index_beside(source, brace);
	source_tokens_free(source);
	strbuf_release(&text);
	return has;
}

Test(source_tokens, index_beside_a_literal)
{
	cr_expect_not(has_index_beside("m := map[string]int{\"a\": x[1]}"));
	cr_expect_not(has_index_beside("m, l := map[string][]int{\"a\": {}}, []int{1}"));
	cr_expect_not(has_index_beside("x[1] = 2\nm := map[string]int{\n1: 2,\n}\nm[3] = 4"));
	cr_expect_not(has_index_beside("m := map[string]int{\n1: x[1], 3: 4}"));
	cr_expect(has_index_beside("m[k] = 1; n := map[string]int{\n1: 2,\n}"));
	cr_expect(has_index_beside("n := map[string]int{\n1: 2}; m[k]++"));
	cr_expect(has_index_beside("n := map[string]int{1: 2}; f()[k] = 2"));
	cr_expect(has_index_beside("n := map[string]int{1: 2}; T{}[k] = 2"));
}

/* The block of the token behind "@", as text, cut short. */
static void expect_block(const char *marked, const char *first, bool is_parameter)
{
	const char *mark = strchr(marked, '@');
	struct strbuf text = STRBUF_INIT;
	struct source_tokens *source;
	struct source_block *blocks;
	size_t token = 0;
	int column = 1, line = 2;

	strbuf_addf(&text, "package p\n%.*s%s\n", (int)(mark - marked), marked, mark + 1);
	for (const char *p = marked; p < mark; p++) {
		column = *p == '\n' ? 1 : column + 1;
		line += *p == '\n';
	}
	source = tokens(strbuf_str(&text));
	cr_assert_not_null(source, "%s", marked);
	token = token_at(source, line, column);
	blocks = source_blocks_find(source);
	cr_expect(blocks[token].is_known, "%s", marked);
	cr_expect_eq(blocks[token].is_parameter, is_parameter, "%s", marked);
	cr_expect(source_tokens_is(source, blocks[token].first, first), "%s", marked);
	free(blocks);
	source_tokens_free(source);
	strbuf_release(&text);
}

Test(source_tokens, blocks)
{
	expect_block("func f(@n int) {}", "func", true);
	expect_block("func (@s S) f() {}", "func", true);
	expect_block("func f() (@err interface{}) { x := 1 }", "func", true);
	expect_block("func f(n int) struct{} { @x := 1 }", "func", false);
	expect_block("func f() { { @x := 1 } }", "func", false);
	expect_block("func f() { if @x := 1; x > 0 { } }", "func", false);
	expect_block("func f() { if x > 0 { @x := 1 } }", "{", false);
	expect_block("func f() { if x > 0 { } else { @x := 1 } }", "{", false);
	expect_block("func f() { if x > 0 { } else if @y := 1; y > 0 { } }", "if", false);
	expect_block("func f() { for @i := 0; i < 1; i++ { } }", "for", false);
	expect_block("func f() { for i := 0; i < 1; i++ { @x := i } }", "{", false);
	expect_block("func f() { for @i := range s { } }", "for", false);
	expect_block("func f() { for range s { @x := i } }", "for", false);
	expect_block("func f() { switch x { case 1: @y := 2; default: } }", "case", false);
	expect_block("func f() { switch x { case T{1}: default: @y := 2 } }", "default", false);
	expect_block("func f() { switch @x := y.(type) { case int: } }", "switch", false);
	expect_block("func f() { select { case @v := <-c: } }", "case", false);
	expect_block("func f() { g := func(@x int) { } }", "func", true);
	expect_block("func f() { s := S{func() { @x := 1 }, 2} }", "func", false);
	expect_block("func f() { s := S{2}\n@x := 1 }", "func", false);
}
