/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <string.h>

#include "audit/directive.h"
#include "base/memory.h"

struct scanned {
	struct strpool *pool;
	struct directives d;
};

static void scan(struct scanned *s, const char *source)
{
	*s = (struct scanned){.pool = strpool_new()};
	directives_scan(&s->d, s->pool, source, strlen(source));
}

static void release(struct scanned *s)
{
	directives_release(&s->d);
	strpool_free(s->pool);
}

static void expect_at(const char *source, enum directive_kind kind, int line, int first, int last, const char *function)
{
	struct scanned s;

	scan(&s, source);
	cr_assert_eq(s.d.n, 1, "%zu in %s", s.d.n, source);
	cr_expect_eq(s.d.items[0].kind, kind, "%s", source);
	cr_expect_eq(s.d.items[0].line, line, "line %d of %s", s.d.items[0].line, source);
	cr_expect_eq(s.d.items[0].first, first, "first %d of %s", s.d.items[0].first, source);
	cr_expect_eq(s.d.items[0].last, last, "last %d of %s", s.d.items[0].last, source);
	if (function)
		cr_expect(s.d.items[0].function && strcmp(s.d.items[0].function, function) == 0, "%s of %s",
			  s.d.items[0].function ? s.d.items[0].function : "no function", source);
	else
		cr_expect_null(s.d.items[0].function, "%s of %s", s.d.items[0].function, source);
	release(&s);
}

Test(directive, functions)
{
	expect_at("package p\n\n// F does.\n//\n//escaudit:noalloc\n//go:noinline\nfunc F(a int) {\n\tx()\n}\n",
		  DIRECTIVE_NOALLOC, 5, 7, 9, "F");
	expect_at("func F() { //escaudit:noalloc\n\tx()\n}\n", DIRECTIVE_NOALLOC, 1, 1, 3, "F");
	expect_at("//escaudit:noalloc\n\nfunc (c *Cart[K, V]) Add(k K) (v V) {\n\tx()\n}\nvar y = 1\n",
		  DIRECTIVE_NOALLOC, 1, 3, 5, "(*Cart).Add");
	expect_at("//escaudit:noalloc\nfunc (c Cart) Add() {}\n", DIRECTIVE_NOALLOC, 1, 2, 2, "Cart.Add");
	expect_at("//escaudit:noalloc\nfunc F(a struct{ x int }, b interface{ M() }) struct{ y int } {\n\tx()\n}\n",
		  DIRECTIVE_NOALLOC, 1, 2, 4, "F");
	expect_at("//escaudit:noalloc\nfunc F[T interface{ ~int }](a T) map[string]struct{} {\n\tg := func() { "
		  "}\n\tg()\n}\n",
		  DIRECTIVE_NOALLOC, 1, 2, 5, "F");
	expect_at("//escaudit:noalloc\nfunc F(\n\ta int, // x {\n\tb int,\n) (\n\tc int,\n) {\n\tif a { b() }\n}\nfunc "
		  "G() {}\n",
		  DIRECTIVE_NOALLOC, 1, 2, 9, "F");
	/* without a body, in another language */
	expect_at("//escaudit:noalloc\nfunc asm(a int) int\n\nfunc G() {\n}\n", DIRECTIVE_NOALLOC, 1, 2, 2, "asm");
	/* braces, quotes and comments that are none */
	expect_at("//escaudit:noalloc\nfunc F() {\n\ta := \"}\\\"}\"\n\tb := `}\n}`\n\tc := '}'\n\td := '\\''\n\t/* "
		  "}\n} */ e() // }\n}\n",
		  DIRECTIVE_NOALLOC, 1, 2, 10, "F");
	/* of a function's parameters */
	expect_at("//gcassert:noescape\nfunc F(\n\ta int,\n) {\n\tx()\n}\n", DIRECTIVE_NOESCAPE, 1, 2, 4, "F");
	/* the file ends too early */
	expect_at("//escaudit:noalloc\nfunc F() {\n\tx()\n", DIRECTIVE_NOALLOC, 1, 2, 4, "F");
}

Test(directive, lines)
{
	expect_at("func F() {\n\tx() //escaudit:noalloc\n}\n", DIRECTIVE_NOALLOC, 2, 2, 2, NULL);
	expect_at("func F() {\n\t//escaudit:noalloc\n\t// why\n\n\tx()\n\ty()\n}\n", DIRECTIVE_NOALLOC, 2, 5, 5, NULL);
	expect_at("func F() {\n\t//gcassert:bce,noescape\n\tx()\n}\n", DIRECTIVE_NOESCAPE, 2, 3, 3, NULL);
	expect_at("func F() {\n\ta := `\n//escaudit:noalloc\n` //escaudit:noalloc\n}\n", DIRECTIVE_NOALLOC, 4, 4, 4,
		  NULL);
	expect_at("var x = f() //escaudit:noalloc\n", DIRECTIVE_NOALLOC, 1, 1, 1, NULL);
	expect_at("func F() {\n\t/* x\n */ //escaudit:noalloc\n\ty()\n}\n", DIRECTIVE_NOALLOC, 3, 4, 4, NULL);
	expect_at("var a = 1\r\n//escaudit:noalloc\r\nvar b = 2\r\n", DIRECTIVE_NOALLOC, 2, 3, 3, NULL);
	expect_at("var a = 1\n//escaudit:noalloc", DIRECTIVE_NOALLOC, 2, 0, 0, NULL);
	expect_at("f(\"//escaudit:noalloc\", '\"', x) //escaudit:noalloc", DIRECTIVE_NOALLOC, 1, 1, 1, NULL);
}

static void expect_literal(const char *source, int first, int last)
{
	struct scanned s;

	scan(&s, source);
	cr_assert_eq(s.d.n, 1, "%zu in %s", s.d.n, source);
	cr_expect(s.d.items[0].is_literal, "%s", source);
	cr_expect_eq(s.d.items[0].end, last, "end %d of %s", s.d.items[0].end, source);
	release(&s);
	expect_at(source, DIRECTIVE_NOALLOC, first, first, last, "func literal");
}

Test(directive, literals)
{
	struct scanned s;

	expect_literal(
		"func F() {\n\tf := func(i int) []int { //escaudit:noalloc\n\t\tif i > 0 {\n\t\t}\n\t\treturn nil\n"
		"\t}\n\tf()\n}\n",
		2, 6);
	expect_literal("var f = func() { //escaudit:noalloc\n\tx()\n}\nvar y = 1\n", 1, 3);
	expect_literal(
		"func F() {\n\tg(1, func(s struct{ a int }) interface{ M() } { //escaudit:noalloc\n\t\tx()\n\t})\n}\n",
		2, 4);
	expect_literal("func F() {\n\treturn func() { //escaudit:noalloc\n\t\tgo func() {\n\t\t}()\n\t}\n}\n", 2, 5);
	expect_literal("func F() {\n\tx(func() { //escaudit:noalloc\n", 2, 3);
	/* its body is over, or it is a type */
	expect_at("func F() {\n\tx(func() { y() }) //escaudit:noalloc\n}\n", DIRECTIVE_NOALLOC, 2, 2, 2, NULL);
	expect_at("func F() {\n\tx(func() { y() }, T{ //escaudit:noalloc\n\t})\n}\n", DIRECTIVE_NOALLOC, 2, 2, 2, NULL);
	expect_at("var f = []func(){ //escaudit:noalloc\n\tx,\n}\n", DIRECTIVE_NOALLOC, 1, 1, 1, NULL);
	expect_at("type T struct {\n\tf func(struct { //escaudit:noalloc\n\t\ta int\n\t})\n}\n", DIRECTIVE_NOALLOC, 2,
		  2, 2, NULL);
	/* a function on the same line */
	expect_at("func F() { x(func() {}) //escaudit:noalloc\n}\n", DIRECTIVE_NOALLOC, 1, 1, 2, "F");
	scan(&s, "func F() {\n\tx(func() { //escaudit:noalloc\n\t\ty(func(p *int) { "
		 "//gcassert:noescape\n\t\t\tz()\n\t\t})\n\t})\n}\n");
	cr_assert_eq(s.d.n, 2);
	cr_expect_eq(s.d.items[0].last, 6);
	cr_expect_eq(s.d.items[1].last, 3, "of its parameters");
	cr_expect_eq(s.d.items[1].end, 5);
	release(&s);
}

Test(directive, words)
{
	static const struct {
		const char *comment;
		enum directive_kind kind;
		bool calls;
		const char *text;
	} cases[] = {
		{"//escaudit:noalloc", DIRECTIVE_NOALLOC, false, "//escaudit:noalloc"},
		{"//escaudit:noalloc calls", DIRECTIVE_NOALLOC, true, "//escaudit:noalloc calls"},
		{"//escaudit:noalloc  calls  // hot path", DIRECTIVE_NOALLOC, true, "//escaudit:noalloc  calls"},
		{"//escaudit:noalloc // hot", DIRECTIVE_NOALLOC, false, "//escaudit:noalloc"},
		{"//escaudit:noalloc call", DIRECTIVE_UNKNOWN, false, "//escaudit:noalloc call"},
		{"//escaudit:noalloc calls too", DIRECTIVE_UNKNOWN, true, "//escaudit:noalloc calls too"},
		{"//escaudit:noaloc", DIRECTIVE_UNKNOWN, false, "//escaudit:noaloc"},
		{"//escaudit:", DIRECTIVE_UNKNOWN, false, "//escaudit:"},
		{"//gcassert:noescape", DIRECTIVE_NOESCAPE, false, "//gcassert:noescape"},
		{"//gcassert:inline,noescape x", DIRECTIVE_NOESCAPE, false, "//gcassert:inline,noescape x"},
	};
	static const char *const none[] = {
		"// escaudit:noalloc", "//gcassert:bce",       "//gcassert:noescapes",
		"//gcassert:",	       "/*escaudit:noalloc*/", "//go:noescape",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *source = xasprintf("x() %s\n", cases[i].comment);
		struct scanned s;

		scan(&s, source);
		cr_assert_eq(s.d.n, 1, "%s", source);
		cr_expect_eq(s.d.items[0].kind, cases[i].kind, "%s", source);
		cr_expect_eq(s.d.items[0].calls, cases[i].calls, "%s", source);
		cr_expect_str_eq(s.d.items[0].text, cases[i].text);
		release(&s);
		free(source);
	}
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		struct scanned s;

		scan(&s, none[i]);
		cr_expect_eq(s.d.n, 0, "%s", none[i]);
		release(&s);
	}
}

Test(directive, several_for_one_place)
{
	struct scanned s;

	scan(&s, "//escaudit:noalloc\n//gcassert:noescape\nfunc F() {\n\tx()\n}\n\n//escaudit:noalloc\nfunc G() "
		 "{\n\t//escaudit:noalloc\n\ty()\n}\n");
	cr_assert_eq(s.d.n, 4);
	cr_expect_str_eq(s.d.items[0].function, "F");
	cr_expect_eq(s.d.items[0].last, 5);
	cr_expect_str_eq(s.d.items[1].function, "F");
	cr_expect_eq(s.d.items[1].last, 3);
	cr_expect_str_eq(s.d.items[2].function, "G");
	cr_expect_eq(s.d.items[2].first, 8);
	cr_expect_eq(s.d.items[2].last, 11);
	cr_expect_null(s.d.items[3].function);
	cr_expect_eq(s.d.items[3].first, 10);
	cr_expect_not(s.d.has_line_comments);
	release(&s);
	scan(&s, "//escaudit:noalloc\nfunc (a *Long) F() {}\n//escaudit:noalloc\nfunc (b B) G() {}\n");
	cr_assert_eq(s.d.n, 2);
	cr_expect_str_eq(s.d.items[0].function, "(*Long).F");
	cr_expect_str_eq(s.d.items[1].function, "B.G");
	release(&s);
	scan(&s, "//line x.y:1\nx() //escaudit:noalloc\n");
	cr_expect(s.d.has_line_comments);
	release(&s);
}

/* Whatever is unfinished ends with the file. */
Test(directive, unfinished)
{
	static const char *const sources[] = {"\"",
					      "'\\",
					      "`",
					      "/*",
					      "//",
					      "func",
					      "func (",
					      "func (a",
					      "func F",
					      "func F(",
					      "{",
					      "}}}",
					      ")",
					      "]",
					      "//escaudit:noalloc\nfunc (",
					      "//escaudit:noalloc\nfunc",
					      "//escaudit:noalloc x"};

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		char *source = xasprintf("x() //escaudit:noalloc\n%s", sources[i]);
		struct scanned s;

		scan(&s, source);
		cr_expect(s.d.n == 1 || s.d.n == 2, "%zu in %s", s.d.n, source);
		release(&s);
		free(source);
	}
}
