/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <string.h>

#include "audit/words.h"

static void expect(const char *said, const char *source, enum words wanted)
{
	cr_expect_eq(words_compare(said, source), wanted, "%d, not %d: '%s' of '%s'", words_compare(said, source),
		     wanted, said, source);
}

Test(words, blanks_and_parentheses_do_not_count)
{
	expect("a + b", "a+b", WORDS_EXACT);
	expect("([]byte)(b + c)", "[]byte(b+c)", WORDS_EXACT);
	expect("a + b + c", "(a + b) + c", WORDS_EXACT);
	expect("a + b", "a+c", WORDS_OTHER);
	expect("a + b", "a + …", WORDS_EXACT);
	expect("a + b", "b + …", WORDS_OTHER);
}

Test(words, what_the_compiler_leaves_out)
{
	expect("[]any{...}", "[]any{i + 4000, []any{i + 5000, &i}}", WORDS_SAME);
	expect("&Pair{...}", "&Pair{a, b}", WORDS_SAME);
	expect("&Pair{...}", "&Pear{a, b}", WORDS_OTHER);
	expect("\"l\" + fmt.Sprint(... argument...)", "\"l\" + fmt.Sprint(i)", WORDS_SAME);
	expect("\"l\" + fmt.Sprint(... argument...)", "\"m\" + fmt.Sprint(i)", WORDS_OTHER);
	expect("<node unsafe.String> + s", "unsafe.String(p, 3) + s", WORDS_SAME);
	expect("<node unsafe.String> + s", "unsafe.String(p, 3) + t", WORDS_OTHER);
	expect("<node unsafe.String> + s", "unsafe.Pointer(p) + s", WORDS_OTHER);
	expect("\"e2 \" + ~r0", "\"e2 \" + e.Er.Error()", WORDS_SAME);
	expect("\"e2 \" + ~r0", "\"e3 \" + e.Er.Error()", WORDS_OTHER);
}

Test(words, shapes_stand_for_type_parameters)
{
	expect("&List[go.shape.string]{}", "&List[U]{}", WORDS_SAME);
	expect("&Pair[go.shape.*uint8,go.shape.struct { main.a float64; main.b float64 }]{...}", "&Pair[A, B]{a, b}",
	       WORDS_SAME);
	expect("&List[go.shape.string]{}", "&Lost[U]{}", WORDS_OTHER);
	expect("make([]go.shape.int, n)", "make([]T, n)", WORDS_SAME);
	expect("make([]go.shape.int, n)", "make([]T, m)", WORDS_OTHER);
	expect("pair[go.shape.int](a)", "pair(a)", WORDS_SAME);
	expect("go.shape.string(b)", "T(b)", WORDS_SAME);
}

Test(words, names_are_the_last_ones)
{
	expect("bytes.Buffer{}", "Buffer{}", WORDS_SAME);
	expect("w.Wrap.n", "w.n", WORDS_SAME);
	expect("w.Wrap.n", "w.m", WORDS_OTHER);
	expect("([]uint8)(s)", "[]byte(s)", WORDS_SAME);
	expect("[]interface {}{...}", "[]any{1}", WORDS_SAME);
}

Test(words, constants_have_their_value)
{
	expect("i + 1024", "i + 1<<10", WORDS_SAME);
	expect("i + 1024", "i + size", WORDS_SAME);
	expect("1024", "size", WORDS_PART);
	expect("i + 1024", "i + 0x400", WORDS_SAME);
	expect("i + 1024", "i + 1000", WORDS_OTHER);
	expect("s + \"ab\"", "s + \"a\" + \"b\"", WORDS_SAME);
	expect("s + \"ab\"", "s + prefix", WORDS_SAME);
	expect("s + \"ab\"", "s + \"ac\"", WORDS_OTHER);
	expect("s + \"\\t\"", "s + `	`", WORDS_SAME);
}

Test(words, statements_and_operands_are_parts)
{
	expect("s + x", "s += x", WORDS_SAME);
	expect("x", "keep(a, x)", WORDS_PART);
	expect("x", "keep(a, xs)", WORDS_OTHER);
	expect("append", "append(list, n)", WORDS_PART);
	expect("line(s)", "s", WORDS_PART);
	expect("... argument", "keep(a)", WORDS_PART);
	expect("~r0", "f(a)", WORDS_PART);
	expect("v", "case Sq", WORDS_OTHER);
	expect("func literal", "defer w.Grow(1)", WORDS_OTHER);
	expect("string(([]byte)(b + c))", "[]byte(b+c)", WORDS_PART);
}

Test(words, long_texts_end_somewhere)
{
	char said[4096] = "", source[4096] = "";

	for (int i = 0; i < 200; i++) {
		strcat(said, "a + ");
		strcat(source, "a+");
	}
	strcat(said, "b");
	strcat(source, "c");
	expect(said, source, WORDS_SAME);
	expect("", "", WORDS_EXACT);
	expect("\"", "(", WORDS_OTHER);
	expect("go.shape.", "T[", WORDS_PART);
}
