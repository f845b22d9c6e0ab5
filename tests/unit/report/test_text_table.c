/* SPDX-License-Identifier: Apache-2.0 */
#include "report/text_table.h"

#include "tests/unit/report/fixture.h"

static char *cleaned(const char *s)
{
	struct strbuf sb = STRBUF_INIT;

	text_clean(&sb, s);
	return strbuf_detach(&sb);
}

#define BAD "\xef\xbf\xbd"

Test(text, steering_characters_are_shown_as_such)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"plain", "plain"},
		{"Größe_名", "Größe_名"},
		{"a\033[31mb", "a" BAD "[31mb"},	     /* colour */
		{"a\nb\tc\rd", "a" BAD "b" BAD "c" BAD "d"}, /* lines */
		{"\x7f", BAD},
		{"\xc2\x9b", BAD},		   /* a control sequence in one character */
		{"a\xe2\x80\xae b", "a" BAD " b"}, /* right to left from here */
		{"\xff\xfe", BAD BAD},
		{"\xc0\xaf", BAD BAD},		       /* overlong */
		{"\xed\xa0\x80", BAD BAD BAD},	       /* surrogate */
		{"\xf4\x90\x80\x80", BAD BAD BAD BAD}, /* beyond Unicode */
		{"cut \xe5\x90", "cut " BAD BAD},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *out = cleaned(cases[i].in);

		cr_expect_str_eq(out, cases[i].out, "case %zu: %s", i, out);
		free(out);
	}
}

Test(text, width_is_in_columns)
{
	cr_expect_eq(text_width(""), 0);
	cr_expect_eq(text_width("abc"), 3);
	cr_expect_eq(text_width("Größe"), 5);
	cr_expect_eq(text_width("名前"), 4);
	cr_expect_eq(text_width("e\xcc\x81"), 1); /* e and a combining accent */
	cr_expect_eq(text_width("…"), 1);
}

Test(text, cutting_leaves_both_ends)
{
	static const struct {
		const char *in;
		size_t width;
		const char *out;
	} cases[] = {
		{"abcdefgh", 8, "abcdefgh"},  {"abcdefgh", 7, "abc…fgh"}, {"abcdefgh", 6, "abc…gh"},
		{"abcdefgh", 1, "…"},	      {"abcdefgh", 0, ""},	  {"cart/cart.go:40:12", 11, "cart/…40:12"},
		{"名前名前名前", 7, "名…前"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct strbuf sb = STRBUF_INIT;

		text_cut(&sb, cases[i].in, cases[i].width);
		cr_expect_str_eq(strbuf_str(&sb), cases[i].out);
		cr_expect_leq(text_width(strbuf_str(&sb)), cases[i].width);
		strbuf_release(&sb);
	}
}

static void expect_wrapped(const char *in, size_t indent, size_t width, const char *out)
{
	struct capture c;

	text_wrap(capture_begin(&c), in, indent, width, TEXT_PLAIN, false);
	fclose(c.f);
	cr_expect_str_eq(c.text, out, "%s", c.text);
	free(c.text);
}

Test(text, wraps_at_blanks)
{
	expect_wrapped("", 2, 30, "");
	expect_wrapped("short", 2, 30, "short");
	expect_wrapped("twenty columns are it", 10, 31, "twenty columns are it");
	expect_wrapped("twenty columns are it", 10, 30, "twenty columns are\n          it");
	expect_wrapped("exactly_as_wide_room next", 10, 30, "exactly_as_wide_room\n          next");
	expect_wrapped("a_word_that_is_longer_than_the_room and more", 10, 30,
		       "a_word_that_is_longer_than_the_room\n          and more");
	expect_wrapped("a_word_that_is_longer_than_the_room", 10, 30, "a_word_that_is_longer_than_the_room");
}

Test(table, fits_and_aligns)
{
	static const struct text_column columns[] = {
		{"N", true, 0, 0}, {"NAME", false, 6, 2}, {"TYPE", false, 6, 1}, {"", false, 0, 0}};
	static const size_t widths[] = {80, 50, 30, 10};
	struct text_table *table = text_table_new(columns, ARRAY_SIZE(columns));
	struct capture c;
	FILE *f = capture_begin(&c);

	text_table_add(table, (struct text_cell[]){{"1", TEXT_BOLD},
						   {"a_name_of_some_length", TEXT_PLAIN},
						   {"a type of some length", TEXT_DIM},
						   {NULL, TEXT_PLAIN}});
	text_table_note(table, "a note beneath, which is broken where it does not fit");
	text_table_add(table,
		       (struct text_cell[]){
			       {"12345", TEXT_PLAIN}, {"名前", TEXT_PLAIN}, {"T", TEXT_PLAIN}, {"remark", TEXT_PLAIN}});
	text_table_add(table, (struct text_cell[]){
				      {"", TEXT_PLAIN}, {"last", TEXT_PLAIN}, {NULL, TEXT_PLAIN}, {NULL, TEXT_PLAIN}});
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		fprintf(f, "-- %zu columns\n", widths[i]);
		text_table_print(f, table, 2, 4, widths[i], false);
	}
	text_table_free(table);
	text_table_free(NULL);
	capture_expect(&c, "table.txt");
}
