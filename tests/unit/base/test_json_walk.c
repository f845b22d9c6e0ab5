/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_walk.h"

#include <criterion/criterion.h>
#include <string.h>

static struct json_walk walk_of(const char *text)
{
	struct json_walk w;

	json_walk_init(&w, text, strlen(text));
	return w;
}

static void expect_value(struct json_walk *w, const char *want)
{
	json_t *value = json_walk_value(w), *wanted = json_loads(want, JSON_DECODE_ANY, NULL);

	cr_assert_not_null(value, "%s: %s", want, w->error);
	cr_expect(json_equal(value, wanted), "%s", want);
	json_decref(value);
	json_decref(wanted);
}

Test(json_walk, members_and_items_come_in_order)
{
	struct json_walk w = walk_of(" {\"a\": {}, \"b\\u0041\" :[1 ,-2.5e3, \"\\ud83d\\ude00\",true,null, [[]]],\n"
				     "\"c\": {\"d\": 1}, \"e\": [ ] } \n");

	cr_expect_not(json_walk_enter_array(&w));
	cr_assert(json_walk_enter_object(&w));
	cr_expect_str_eq(json_walk_member(&w), "a");
	cr_assert(json_walk_enter_object(&w));
	cr_expect_null(json_walk_member(&w));
	cr_expect_str_eq(json_walk_member(&w), "bA");
	cr_expect_not(json_walk_enter_object(&w));
	cr_assert(json_walk_enter_array(&w));
	for (size_t i = 0; i < 6; i++) {
		static const char *const want[] = {"1", "-2500.0", "\"\xf0\x9f\x98\x80\"", "true", "null", "[[]]"};

		cr_assert(json_walk_item(&w));
		expect_value(&w, want[i]);
	}
	cr_expect_not(json_walk_item(&w));
	cr_expect_str_eq(json_walk_member(&w), "c");
	expect_value(&w, "{\"d\": 1}");
	cr_expect_str_eq(json_walk_member(&w), "e");
	cr_assert(json_walk_enter_array(&w));
	cr_expect_not(json_walk_item(&w));
	cr_expect_null(json_walk_member(&w));
	cr_expect(json_walk_ends(&w), "%s", w.error);
	json_walk_release(&w);
}

/* An array of values, or an object of them; what is wrong is on that line. */
static void expect_error(const char *json, const char *part, size_t line)
{
	struct json_walk w = walk_of(json);

	if (json_walk_enter_object(&w)) {
		while (json_walk_member(&w))
			json_decref(json_walk_value(&w));
	} else if (json_walk_enter_array(&w)) {
		while (json_walk_item(&w))
			json_decref(json_walk_value(&w));
	} else {
		json_decref(json_walk_value(&w));
	}
	cr_expect_not(json_walk_ends(&w), "%s", json);
	cr_assert(w.is_bad, "%s", json);
	cr_expect_not_null(strstr(w.error, part), "%s: %s", json, w.error);
	cr_expect_eq(w.line, line, "%s: %zu", json, w.line);
	cr_expect_null(json_walk_value(&w), "nothing is read behind an error");
	json_walk_release(&w);
}

Test(json_walk, what_is_not_well_formed_is_named)
{
	expect_error("", "end of file", 1);
	expect_error("[", "end of file", 1);
	expect_error("[1,]", "near ']'", 1);
	expect_error("[1 2]", "',' or ']' is missing", 1);
	expect_error("[1,\n{\"a\":\n\"\xff\"}]", "byte 0xff", 3);
	expect_error("[\n\n1e999]", "overflow", 3);
	expect_error("[99999999999999999999]", "too big", 1);
	expect_error("{\n\"a\": 1\n\"b\": 2}", "',' or '}' is missing", 3);
	expect_error("{\"a\" 1}", "':' is missing", 1);
	expect_error("{1: 2}", "name of a member", 1);
	expect_error("{\"a\": 1,}", "name of a member", 1);
	expect_error("{\"a", "premature end", 1);
	expect_error("{\"a\": 1}\n\nx", "something follows", 3);
	expect_error("[1]\n,", "something follows", 2);
}

Test(json_walk, text_may_end_without_a_nul)
{
	static const char text[] = {'[', '1', '2'};
	struct json_walk w;

	json_walk_init(&w, text, 2);
	cr_assert(json_walk_enter_array(&w));
	cr_assert(json_walk_item(&w));
	expect_value(&w, "1");
	cr_expect_not(json_walk_item(&w));
	cr_expect(w.is_bad);
	json_walk_release(&w);
}
