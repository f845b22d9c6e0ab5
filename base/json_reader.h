/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads JSON (RFC 8259) from memory value by value, in the order in which they stand, without building a tree: for
 * large files, of which a tree takes six times the memory and most of the time.
 *
 * Each function reads the value that comes next. Text that is not well-formed ends the reading: every function returns
 * false or NULL from there on, and error says why. A value of another type than asked for is no such error.
 */
#ifndef ESCAUDIT_BASE_JSON_READER_H
#define ESCAUDIT_BASE_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

struct json_reader {
	const char *begin, *at, *end;
	const char *error; /* what is wrong at `at`, static; NULL while all is well */
	unsigned depth;
	bool is_fresh;	    /* nothing was read yet of the array or object entered last */
	struct strbuf text; /* of the last string */
};

/* data, borrowed, is followed by a NUL. */
void json_reader_init(struct json_reader *r, const char *data, size_t size);
void json_reader_release(struct json_reader *r);

/* Enters an object or array. False, with nothing read, if the value is none. */
bool json_reader_object(struct json_reader *r);
bool json_reader_array(struct json_reader *r);
/* The name of the next member, whose value then comes next; valid until the next call. NULL, behind the object, if
 * there is none. */
const char *json_reader_member(struct json_reader *r);
/* Whether there is a next item, which then comes next. If not, the array is left. */
bool json_reader_item(struct json_reader *r);

/* A string, valid until the next call; its length is text.len. NULL for a value of another type, which is skipped. */
const char *json_reader_string(struct json_reader *r);
/* False for a value that is no whole number of 64 bits; it is skipped. */
bool json_reader_integer(struct json_reader *r, int64_t *out);
/* Whether the value is true; any other is skipped. */
bool json_reader_is_true(struct json_reader *r);
void json_reader_skip(struct json_reader *r);

/* Whether all went well and only blanks are left. */
bool json_reader_ends(struct json_reader *r);
/* Line of `at`, from 1. */
size_t json_reader_line(const struct json_reader *r);

#endif
