/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a large JSON text (RFC 8259) without a tree of the whole, which takes six times the memory of the text: the
 * caller enters the outer objects and arrays, and jansson reads each value in them, one at a time.
 *
 * Text that is not well-formed ends the walk: every function returns false or NULL from there on, and error says why.
 */
#ifndef ESCAUDIT_BASE_JSON_WALK_H
#define ESCAUDIT_BASE_JSON_WALK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct json_walk {
	const char *begin, *at, *end;
	bool is_fresh; /* nothing was passed yet of the object or array entered last */
	json_t *name;  /* of the last member */
	bool is_bad;
	size_t line; /* of what is bad, from 1 */
	char error[JSON_ERROR_TEXT_LENGTH];
};

/* data, of less than INT_MAX bytes, is borrowed. */
void json_walk_init(struct json_walk *w, const char *data, size_t size);
void json_walk_release(struct json_walk *w);

/* Enters the object or array that comes next. False, with nothing passed, if what comes is none. */
bool json_walk_enter_object(struct json_walk *w);
bool json_walk_enter_array(struct json_walk *w);
/* The name of the next member, whose value then comes next; valid until the next call. NULL, behind the object, if
 * there is none. */
const char *json_walk_member(struct json_walk *w);
/* Whether there is a next item, which then comes next. If not, the array is left. */
bool json_walk_item(struct json_walk *w);
/* The value that comes next, with all that is in it, for the caller to give back with json_decref(); or NULL. */
json_t *json_walk_value(struct json_walk *w);
/* Whether all went well and only blanks are left. */
bool json_walk_ends(struct json_walk *w);

#endif
