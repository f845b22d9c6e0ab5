/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_reader.h"

#include <criterion/criterion.h>
#include <string.h>

static struct json_reader reader_of(const char *text)
{
	struct json_reader r;

	json_reader_init(&r, text, strlen(text));
	return r;
}

static void expect_string(const char *json, const char *want)
{
	struct json_reader r = reader_of(json);
	const char *s = json_reader_string(&r);

	cr_assert_not_null(s, "%s: %s", json, r.error);
	cr_expect_str_eq(s, want);
	cr_expect_eq(r.text.len, strlen(want));
	cr_expect(json_reader_ends(&r));
	json_reader_release(&r);
}

Test(json_reader, strings_are_decoded)
{
	expect_string("\"\"", "");
	expect_string(" \t\r\n\"plain text\" ", "plain text");
	expect_string("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
	expect_string("\"\\u0041\\u00e4\\u20ac\\ud83d\\ude00|\"", "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80|");
	expect_string("\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
}

/* Skipped as a whole, it is an error on that line. */
static void expect_error(const char *json, const char *part, size_t line)
{
	struct json_reader r = reader_of(json);

	json_reader_skip(&r);
	cr_expect_not(json_reader_ends(&r), "%s", json);
	cr_assert_not_null(r.error, "%s", json);
	cr_expect_not_null(strstr(r.error, part), "%s: %s", json, r.error);
	cr_expect_eq(json_reader_line(&r), line, "%s: %zu", json, json_reader_line(&r));
	cr_expect_null(json_reader_string(&r), "nothing is read behind an error");
	json_reader_release(&r);
}

Test(json_reader, what_is_not_well_formed_is_named)
{
	char deep[100] = "";

	expect_error("", "a value is missing", 1);
	expect_error("\"a", "does not end", 1);
	expect_error("[\n\"a\n\"]", "control character", 2);
	expect_error("\"\\x\"", "no escape", 1);
	expect_error("\"\\u12g4\"", "four digits", 1);
	expect_error("\"\\u0000\"", "NUL", 1);
	expect_error("\"\\ud800\"", "surrogate", 1);
	expect_error("\"\\ud800\\u0041\"", "surrogate", 1);
	expect_error("\"\\udc00\"", "surrogate", 1);
	expect_error("\"\xff\"", "not UTF-8", 1);
	expect_error("\"\xc0\x80\"", "not UTF-8", 1); /* overlong */
	expect_error("\"\xed\xa0\x80\"", "not UTF-8", 1);
	expect_error("\"\xe2\x82", "not UTF-8", 1);
	expect_error("[1,]", "a value is missing", 1);
	expect_error("[1 2]", "']' is missing", 1);
	expect_error("[1", "']' is missing", 1);
	expect_error("{\"a\" 1}", "':' is missing", 1);
	expect_error("{\"a\": 1 \"b\": 2}", "'}' is missing", 1);
	expect_error("{1: 2}", "name of a member", 1);
	expect_error("{\"a\": 1,}", "name of a member", 1);
	expect_error("nul", "a value is missing", 1);
	expect_error("-", "a value is missing", 1);
	expect_error("1.", "behind its point", 1);
	expect_error("1e", "exponent", 1);
	expect_error("01", "follows the end", 1);
	expect_error("1\n\nx", "follows the end", 3);
	memset(deep, '[', sizeof(deep) - 1);
	expect_error(deep, "too deeply", 1);
}

Test(json_reader, values_of_another_type_are_skipped)
{
	struct json_reader r = reader_of("[\"1\", 2.5, 1e3, 9223372036854775808, -9223372036854775808, 7, true, false, "
					 "null, {\"a\": [1, {}]}, \"x\"]");
	int64_t n;

	cr_expect_not(json_reader_object(&r));
	cr_assert(json_reader_array(&r));
	for (size_t i = 0; i < 4; i++) {
		cr_expect(json_reader_item(&r));
		cr_expect_not(json_reader_integer(&r, &n));
	}
	cr_expect(json_reader_item(&r));
	cr_expect(json_reader_integer(&r, &n));
	cr_expect_eq(n, INT64_MIN);
	cr_expect(json_reader_item(&r));
	cr_expect_null(json_reader_string(&r));
	cr_expect(json_reader_item(&r));
	cr_expect(json_reader_is_true(&r));
	for (size_t i = 0; i < 3; i++) {
		cr_expect(json_reader_item(&r));
		cr_expect_not(json_reader_is_true(&r));
	}
	cr_expect(json_reader_item(&r));
	cr_expect_str_eq(json_reader_string(&r), "x");
	cr_expect_not(json_reader_item(&r));
	cr_expect(json_reader_ends(&r), "%s", r.error);
	json_reader_release(&r);
}

Test(json_reader, members_come_in_order)
{
	struct json_reader r = reader_of("{\"a\": {}, \"b\": [], \"c\": {\"d\": 1}}");

	cr_assert(json_reader_object(&r));
	cr_expect_str_eq(json_reader_member(&r), "a");
	cr_expect(json_reader_object(&r));
	cr_expect_null(json_reader_member(&r));
	cr_expect_str_eq(json_reader_member(&r), "b");
	cr_expect(json_reader_array(&r));
	cr_expect_not(json_reader_item(&r));
	cr_expect_str_eq(json_reader_member(&r), "c");
	cr_expect(json_reader_object(&r));
	cr_expect_str_eq(json_reader_member(&r), "d");
	json_reader_skip(&r);
	cr_expect_null(json_reader_member(&r));
	cr_expect_null(json_reader_member(&r));
	cr_expect(json_reader_ends(&r), "%s", r.error);
	json_reader_release(&r);
}
