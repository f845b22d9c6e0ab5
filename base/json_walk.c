/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_walk.h"

#include <stdio.h>
#include <string.h>

void json_walk_init(struct json_walk *w, const char *data, size_t size)
{
	*w = (struct json_walk){.begin = data, .at = data, .end = data + size};
}

void json_walk_release(struct json_walk *w)
{
	json_decref(w->name);
	w->name = NULL;
}

static size_t line_at(const struct json_walk *w, const char *at)
{
	size_t line = 1;

	for (const char *c = w->begin; c < at; c++)
		line += *c == '\n';
	return line;
}

static bool fail(struct json_walk *w, const char *why)
{
	if (!w->is_bad) {
		w->is_bad = true;
		w->line = line_at(w, w->at);
		snprintf(w->error, sizeof(w->error), "%s", why);
	}
	return false;
}

/* The first character of what comes next; NUL at the end, and once something was bad. */
static char peek(struct json_walk *w)
{
	if (w->is_bad)
		return '\0';
	while (w->at < w->end && (*w->at == ' ' || *w->at == '\n' || *w->at == '\t' || *w->at == '\r'))
		w->at++;
	return w->at < w->end ? *w->at : '\0';
}

static bool enter(struct json_walk *w, char bracket)
{
	if (peek(w) != bracket)
		return false;
	w->at++;
	w->is_fresh = true;
	return true;
}

bool json_walk_enter_object(struct json_walk *w)
{
	return enter(w, '{');
}

bool json_walk_enter_array(struct json_walk *w)
{
	return enter(w, '[');
}

/* Passes the comma before the next element. False behind the last one, where the bracket is passed too. */
static bool has_next(struct json_walk *w, char bracket)
{
	bool is_first = w->is_fresh;
	char c = peek(w);

	w->is_fresh = false;
	if (c == bracket) {
		w->at++;
		return false;
	}
	if (!is_first && c != ',')
		return fail(w, bracket == ']' ? "',' or ']' is missing" : "',' or '}' is missing");
	w->at += !is_first;
	return !w->is_bad;
}

const char *json_walk_member(struct json_walk *w)
{
	if (!has_next(w, '}'))
		return NULL;
	if (peek(w) != '"') {
		fail(w, "the name of a member is missing");
		return NULL;
	}
	json_decref(w->name);
	w->name = json_walk_value(w);
	if (w->name && peek(w) != ':')
		fail(w, "':' is missing");
	if (w->is_bad)
		return NULL;
	w->at++;
	return json_string_value(w->name);
}

bool json_walk_item(struct json_walk *w)
{
	return has_next(w, ']');
}

json_t *json_walk_value(struct json_walk *w)
{
	json_error_t error;
	json_t *value;

	peek(w);
	if (w->is_bad)
		return NULL;
	value = json_loadb(w->at, (size_t)(w->end - w->at), JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &error);
	if (value) {
		w->at += error.position; /* the bytes that were read */
	} else {
		fail(w, error.text);
		w->line += error.line > 1 ? (size_t)error.line - 1 : 0;
	}
	return value;
}

bool json_walk_ends(struct json_walk *w)
{
	peek(w);
	return !w->is_bad && (w->at == w->end || fail(w, "something follows the end"));
}
