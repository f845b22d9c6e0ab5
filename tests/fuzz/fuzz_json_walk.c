/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes walked as JSON, entering what the first byte says: what is accepted is what jansson accepts of the whole
 * text, and the values are the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_json_walk: %s\n", what);
		abort();
	}
}

/* The next value, of which the objects and arrays are entered that many levels deep. NULL where it is bad. */
static json_t *walk(struct json_walk *w, unsigned depth)
{
	json_t *value = NULL;

	if (depth && json_walk_enter_object(w)) {
		const char *name;

		value = json_object();
		while ((name = json_walk_member(w))) {
			json_t *key = json_string(name);

			json_object_set_new(value, json_string_value(key), walk(w, depth - 1));
			json_decref(key);
		}
	} else if (depth && json_walk_enter_array(w)) {
		value = json_array();
		while (json_walk_item(w))
			json_array_append_new(value, walk(w, depth - 1));
	} else {
		return json_walk_value(w);
	}
	if (w->is_bad) {
		json_decref(value);
		return NULL;
	}
	return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_walk w;
	json_error_t error;
	json_t *whole, *walked;
	const char *text = (const char *)data + 1;
	bool is_whole;

	if (size < 1)
		return 0;
	whole = json_loadb(text, size - 1, JSON_DECODE_ANY, &error);
	json_walk_init(&w, text, size - 1);
	walked = walk(&w, data[0] % 5);
	is_whole = json_walk_ends(&w);
	check(is_whole != w.is_bad, "an end that is no end");
	check(!w.is_bad || (w.line && w.error[0]), "an error without a place or a reason");
	/* jansson passes over a NUL behind a number, and bounds the depth of what it reads at once: in pieces more is
	 * read. */
	if (memchr(text, '\0', size - 1))
		check(!is_whole || whole, "bad text is accepted");
	else if (whole || json_error_code(&error) != json_error_stack_overflow) {
		check(!whole == !is_whole, whole ? "good text is refused" : "bad text is accepted");
		check(!whole || json_equal(whole, walked), "it was read differently");
	}
	json_decref(whole);
	json_decref(walked);
	json_walk_release(&w);
	return 0;
}
