/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 64 /* of values in values; also bounds the recursion of json_reader_skip() */

void json_reader_init(struct json_reader *r, const char *data, size_t size)
{
	*r = (struct json_reader){.begin = data, .at = data, .end = data + size, .text = STRBUF_INIT};
}

void json_reader_release(struct json_reader *r)
{
	strbuf_release(&r->text);
}

static bool fail(struct json_reader *r, const char *why)
{
	if (!r->error)
		r->error = why;
	return false;
}

/* The first character of what comes next; NUL at the end, and after an error. */
static char peek(struct json_reader *r)
{
	if (r->error)
		return '\0';
	while (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r')
		r->at++;
	return *r->at;
}

static bool enter(struct json_reader *r, char bracket)
{
	if (peek(r) != bracket)
		return false;
	if (r->depth == MAX_DEPTH)
		return fail(r, "values are nested too deeply");
	r->at++;
	r->depth++;
	r->is_fresh = true;
	return true;
}

bool json_reader_object(struct json_reader *r)
{
	return enter(r, '{');
}

bool json_reader_array(struct json_reader *r)
{
	return enter(r, '[');
}

/* Passes over the comma before the next element. False where the end is, which is passed over too. */
static bool has_next(struct json_reader *r, char end)
{
	bool is_first = r->is_fresh;
	char c = peek(r);

	r->is_fresh = false;
	if (c && c == end) {
		r->at++;
		r->depth--;
		return false;
	}
	if (is_first)
		return !r->error;
	if (c != ',')
		return fail(r, end == ']' ? "',' or ']' is missing" : "',' or '}' is missing");
	r->at++;
	return true;
}

/* ---- strings ---- */

/*
 * The length of the UTF-8 sequence at s, more than one byte, 0 if it is none: no overlong forms, no surrogates. Reads
 * no further than a NUL.
 */
static size_t sequence_length(const unsigned char *s)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf8 ? 4 : 0;
	unsigned c = n ? s[0] & (0x7fu >> n) : 0;

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

static bool take_hex(struct json_reader *r, unsigned *out)
{
	*out = 0;
	for (size_t i = 0; i < 4; i++) {
		char c = *r->at;
		unsigned digit = c >= '0' && c <= '9'	? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
				 : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
							: 16;

		if (digit == 16)
			return fail(r, "\\u is not followed by four digits");
		*out = *out << 4 | digit;
		r->at++;
	}
	return true;
}

/* Behind "\u". */
static bool take_code_point(struct json_reader *r)
{
	unsigned c, low;
	char bytes[4];

	if (!take_hex(r, &c))
		return false;
	if (c >= 0xd800 && c < 0xdc00) {
		if (r->at[0] != '\\' || r->at[1] != 'u')
			return fail(r, "half of a surrogate pair is missing");
		r->at += 2;
		if (!take_hex(r, &low))
			return false;
		if (low < 0xdc00 || low >= 0xe000)
			return fail(r, "half of a surrogate pair is missing");
		c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
	} else if (c >= 0xdc00 && c < 0xe000) {
		return fail(r, "half of a surrogate pair is missing");
	}
	if (c == 0)
		return fail(r, "a string has a NUL");
	if (c < 0x80) {
		strbuf_addch(&r->text, (char)c);
	} else if (c < 0x800) {
		bytes[0] = (char)(0xc0 | c >> 6);
		bytes[1] = (char)(0x80 | (c & 0x3f));
		strbuf_add(&r->text, bytes, 2);
	} else if (c < 0x10000) {
		bytes[0] = (char)(0xe0 | c >> 12);
		bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
		bytes[2] = (char)(0x80 | (c & 0x3f));
		strbuf_add(&r->text, bytes, 3);
	} else {
		bytes[0] = (char)(0xf0 | c >> 18);
		bytes[1] = (char)(0x80 | (c >> 12 & 0x3f));
		bytes[2] = (char)(0x80 | (c >> 6 & 0x3f));
		bytes[3] = (char)(0x80 | (c & 0x3f));
		strbuf_add(&r->text, bytes, 4);
	}
	return true;
}

static bool take_escape(struct json_reader *r)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *name = *r->at ? strchr(names, *r->at) : NULL;

	if (*r->at == 'u') {
		r->at++;
		return take_code_point(r);
	}
	if (!name)
		return fail(r, "'\\' is followed by no escape");
	strbuf_addch(&r->text, values[name - names]);
	r->at++;
	return true;
}

/* `at` is behind the quote. */
static bool take_string(struct json_reader *r)
{
	const char *plain = r->at;

	strbuf_clear(&r->text);
	for (;;) {
		unsigned char c = (unsigned char)*r->at;
		size_t n;

		if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
			r->at++;
			continue;
		}
		if (c >= 0x80) {
			n = sequence_length((const unsigned char *)r->at);
			if (n == 0)
				return fail(r, "a string is not UTF-8");
			r->at += n;
			continue;
		}
		strbuf_add(&r->text, plain, (size_t)(r->at - plain));
		if (c == '"') {
			r->at++;
			return true;
		}
		if (c != '\\')
			return fail(r, r->at == r->end ? "a string does not end" : "a string has a control character");
		r->at++;
		if (!take_escape(r))
			return false;
		plain = r->at;
	}
}

const char *json_reader_string(struct json_reader *r)
{
	if (peek(r) != '"') {
		json_reader_skip(r);
		return NULL;
	}
	r->at++;
	return take_string(r) ? strbuf_str(&r->text) : NULL;
}

/* ---- numbers and words ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void skip_digits(struct json_reader *r)
{
	while (is_digit(*r->at))
		r->at++;
}

/* False if there is no number. *is_whole: it has neither a fraction nor an exponent. */
static bool take_number(struct json_reader *r, bool *is_whole)
{
	*is_whole = true;
	if (*r->at == '-')
		r->at++;
	if (!is_digit(*r->at))
		return fail(r, "a value is missing");
	if (*r->at == '0')
		r->at++;
	else
		skip_digits(r);
	if (*r->at == '.') {
		*is_whole = false;
		r->at++;
		if (!is_digit(*r->at))
			return fail(r, "a number has no digit behind its point");
		skip_digits(r);
	}
	if (*r->at == 'e' || *r->at == 'E') {
		*is_whole = false;
		r->at++;
		if (*r->at == '+' || *r->at == '-')
			r->at++;
		if (!is_digit(*r->at))
			return fail(r, "a number has no digit in its exponent");
		skip_digits(r);
	}
	return true;
}

bool json_reader_integer(struct json_reader *r, int64_t *out)
{
	char c = peek(r);
	const char *start = r->at;
	bool is_whole;
	long long value;

	if (c != '-' && !is_digit(c)) {
		json_reader_skip(r);
		return false;
	}
	if (!take_number(r, &is_whole) || !is_whole)
		return false;
	errno = 0;
	value = strtoll(start, NULL, 10);
	*out = value;
	return errno == 0;
}

static bool take_word(struct json_reader *r, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(r->at, word, n) != 0)
		return fail(r, "a value is missing");
	r->at += n;
	return true;
}

bool json_reader_is_true(struct json_reader *r)
{
	if (peek(r) == 't')
		return take_word(r, "true");
	json_reader_skip(r);
	return false;
}

/* ---- values in values ---- */

const char *json_reader_member(struct json_reader *r)
{
	if (!has_next(r, '}'))
		return NULL;
	if (peek(r) != '"') {
		fail(r, "the name of a member is missing");
		return NULL;
	}
	r->at++;
	if (!take_string(r))
		return NULL;
	if (peek(r) != ':') {
		fail(r, "':' is missing");
		return NULL;
	}
	r->at++;
	return strbuf_str(&r->text);
}

bool json_reader_item(struct json_reader *r)
{
	return has_next(r, ']');
}

void json_reader_skip(struct json_reader *r)
{
	bool is_whole;

	switch (peek(r)) {
	case '{':
		if (enter(r, '{')) {
			while (json_reader_member(r))
				json_reader_skip(r);
		}
		break;
	case '[':
		if (enter(r, '[')) {
			while (json_reader_item(r))
				json_reader_skip(r);
		}
		break;
	case '"':
		r->at++;
		take_string(r);
		break;
	case 't':
		take_word(r, "true");
		break;
	case 'f':
		take_word(r, "false");
		break;
	case 'n':
		take_word(r, "null");
		break;
	default:
		if (!r->error)
			take_number(r, &is_whole);
	}
}

bool json_reader_ends(struct json_reader *r)
{
	peek(r);
	if (!r->error && r->at != r->end)
		fail(r, "something follows the end");
	return !r->error;
}

size_t json_reader_line(const struct json_reader *r)
{
	size_t line = 1;

	for (const char *c = r->begin; c < r->at; c++)
		line += *c == '\n';
	return line;
}
