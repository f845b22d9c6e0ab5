/* SPDX-License-Identifier: Apache-2.0 */
/* What one line of a compiler's log says, from its text alone. The forms are described in diagnostics.c. */
#include "predict/diagnostics_internal.h"

#include <limits.h>

#include "base/memory.h"

/* The last occurrence of part, or NULL. What is looked for stands near the end of a line. */
static const char *find_last(const char *s, size_t len, const char *part)
{
	size_t n = strlen(part);
	const char *p = s + len;

	while ((p = memrchr(s, part[0], (size_t)(p - s)))) {
		if ((size_t)(s + len - p) >= n && memcmp(p, part, n) == 0)
			return p;
	}
	return NULL;
}

static const char *number(const char *s, const char *end, int *out)
{
	const char *p = s;
	int n = 0;

	while (p < end && *p >= '0' && *p <= '9') {
		n = n > (INT_MAX - 9) / 10 ? INT_MAX / 2 : n * 10 + (*p - '0');
		p++;
	}
	if (p == s)
		return NULL;
	*out = n;
	return p;
}

bool message_split(const char *s, size_t len, struct message *m)
{
	size_t n = strlen(DIAGNOSTICS_UNKNOWN_POSITION);
	const char *end = s + len;

	for (const char *p = s; (p = memchr(p, ':', (size_t)(end - p))); p++) {
		const char *q = number(p + 1, end, &m->line);

		if (!q || p == s)
			continue;
		m->column = 0;
		if (q + 1 < end && *q == ':' && q[1] != ' ') {
			q = number(q + 1, end, &m->column);
			if (!q)
				continue;
		}
		if (q < end && *q == '[') {
			q = memmem(q, (size_t)(end - q), "]: ", 3);
			if (!q)
				break; /* nor is there one behind a later bracket */
			q++;
		}
		if (q + 1 < end && q[0] == ':' && (q[1] == ' ' || q[1] == '\t')) {
			m->file = s;
			m->file_len = (size_t)(p - s);
			m->text = q + 2;
			m->len = (size_t)(end - m->text);
			return true;
		}
	}
	if (!text_starts(s, len, DIAGNOSTICS_UNKNOWN_POSITION) || !text_starts(s + n, len - n, ": "))
		return false;
	*m = (struct message){.file = s, .file_len = n, .text = s + n + 2, .len = len - n - 2};
	return true;
}

bool text_is_name(const char *s, size_t len)
{
	size_t i = len && s[0] == '.' ? 1 : 0;

	if (len > 1 && s[0] == '~' && s[1] == 'p')
		i = 2;
	if (i == 2) { /* "~p0" */
		for (; i < len && s[i] >= '0' && s[i] <= '9'; i++)
			;
		return i == len;
	}

	if (i == len || (s[i] >= '0' && s[i] <= '9'))
		return false;
	for (; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
		      c >= 0x80))
			return false;
	}
	return true;
}

/* "f", "(*T).M", "T.M", "f.func1", "glob..func1": what precedes an expression in the old form. */
static bool text_is_function_name(const char *s, size_t len)
{
	static const char *const words[] = {"func", "struct", "interface", "chan", "map"};
	const char *close;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (len == strlen(words[i]) && memcmp(s, words[i], len) == 0)
			return false;
	}
	if (text_starts(s, len, "(*")) {
		close = memchr(s, ')', len);
		if (!close || close + 1 == s + len || close[1] != '.' || !text_is_name(s + 2, (size_t)(close - s - 2)))
			return false;
		len -= (size_t)(close + 2 - s);
		s = close + 2;
	}
	if (len == 0 || s[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] != '.' && !text_is_name(s + i, 1) && !(i > 0 && s[i] >= '0' && s[i] <= '9'))
			return false;
	}
	return true;
}

size_t text_old_function(const char *s, size_t len)
{
	const char *space = memchr(s, ' ', len);
	const char *next, *word_end;
	size_t n;

	if (!space || !text_is_function_name(s, (size_t)(space - s)))
		return 0;
	next = space + 1;
	n = len - (size_t)(next - s);
	word_end = memchr(next, ' ', n);
	if (n == 0 || *next == '{')
		return 0;
	if (word_end && !text_starts(next, n, "...")) { /* "+", "&^", ">=" … */
		const char *p = next;

		while (p < word_end && strchr("+-*/%&|^<>=!", *p))
			p++;
		if (p == word_end)
			return 0;
	}
	return (size_t)(next - s);
}

bool text_is_address(const char *s, size_t len)
{
	return len > 1 && s[0] == '&' && !memchr(s, '{', len) && !text_ends(s, len, " literal");
}

bool text_is_information(const char *s, size_t len)
{
	static const char *const beginnings[] = {
		"can inline ",
		"cannot inline ",
		"inlining call to ",
		"leaking param",
		"leaking closure reference ",
		"mark escaped content: ",
		"devirtualizing ",
		"partially devirtualizing ",
		"PGO devirtualiz",
		"can't PGO devirtualize ",
		"should not PGO devirtualize ",
		"cannot devirtualize ",
		"failed to devirtualize ",
		"index bounds check elided",
		"slice: omit slice operation",
		"assuming ",
		"marking ",
		"imprecise interface call",
		"zero-copy string->[]byte conversion",
		"mutates param: ",
		"calls param: ",
		"loop variable ",
		"closure converted to global",
		"stack object ",
		"live at ",
		"intrinsic call, ",
		"cheap call is also intrinsic",
		"alias analysis: ",
		"append: len-only update",
		"Before inlining: ",
		"After inlining ",
		"call to func ",
		"expr will be kept alive",
		"function arg will be kept alive",
		"function result",
	};
	static const char *const parts[] = {
		" leaks to ",
		" capturing by ",
		" ignoring self-assignment in ",
		" does not escape, mutate, or call",
		" considered 'big'; ",
		" loop ending at ",
		" will be kept alive",
		" assuming ",
		" marking ",
		" is unsafe uintptr",
	};

	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
		if (s[0] == beginnings[i][0] && text_starts(s, len, beginnings[i]))
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (text_contains(s, len, parts[i]))
			return true;
	}
	return false;
}

/* Those that the specification lets compilers exclude from import paths, and Go's does (noder, checkImportPath). */
static bool is_path_byte(unsigned char c)
{
	return c > ' ' && c != 0x7f && !strchr("!\"#$%&'()*,:;<=>?[\\]^`{|}", c);
}

bool text_is_header(const char *line, size_t len)
{
	size_t i = 2;

	if (!text_starts(line, len, "# "))
		return false;
	while (i < len && is_path_byte((unsigned char)line[i]))
		i++;
	return i > 2 && (i == len || (text_starts(line + i, len - i, " [") && line[len - 1] == ']'));
}

bool text_is_explanation(const char *s, size_t len, size_t *expr_len, const char **function, size_t *function_len)
{
	static const char in[] = " escapes to heap in ";
	const char *p;

	if (len == 0 || s[len - 1] != ':')
		return false;
	len--;
	*function = NULL;
	*function_len = 0;
	if (text_ends(s, len, " escapes to heap")) {
		*expr_len = len - strlen(" escapes to heap");
		return *expr_len > 0;
	}
	p = find_last(s, len, in);
	if (!p || p == s)
		return false;
	*expr_len = (size_t)(p - s);
	*function = p + strlen(in);
	*function_len = (size_t)(s + len - *function);
	return true;
}

bool diagnostics_line_is_known(const char *line, size_t len)
{
	struct message m;
	const char *function;
	size_t n, function_len;

	if (text_is_header(line, len) || text_starts(line, len, "moved to heap: ") ||
	    text_contains(line, len, " capturing by "))
		return true;
	if (!message_split(line, len, &m))
		return false;
	if (m.len == 0)
		return false;
	return text_starts(m.text, m.len, "  ") || m.text[0] == '\t' || m.text[-1] == '\t' ||
	       text_ends(m.text, m.len, " escapes to heap") || text_ends(m.text, m.len, " does not escape") ||
	       text_starts(m.text, m.len, "moved to heap: ") ||
	       text_is_explanation(m.text, m.len, &n, &function, &function_len) || text_is_information(m.text, m.len);
}

#define CUT_CHARACTERS 69 /* with the opening quote */

/* The length of what a string was cut to; 0 if it was not. */
static size_t cut_length(const char *s, size_t len)
{
	size_t n = 0, i = 0;

	while (i < len && n < CUT_CHARACTERS) {
		n++;
		do
			i++;
		while (i < len && ((unsigned char)s[i] & 0xc0) == 0x80); /* UTF-8 */
	}
	if (n < CUT_CHARACTERS || !text_starts(s + i, len - i, "..."))
		return 0;
	i += strlen("...");
	return i == len || (s[i] && strchr(" )]},:", s[i])) ? i : 0;
}

size_t diagnostics_string_length(const char *s, size_t len)
{
	size_t cut = cut_length(s, len);

	for (size_t i = 1; i < len && s[i] != '\n' && !(cut && i >= cut); i++) {
		if (s[i] == '"')
			return i + 1;
		i += s[i] == '\\';
	}
	return cut;
}

#define CHARACTER_MAX 12 /* '\U0010ffff' */

/* The length of the character that begins at s, 1 if it is none that ends there. */
static size_t character_length(const char *s, size_t len)
{
	if (!(len > 2 && (s[1] == '\\' || s[2] == '\'')))
		return 1; /* an apostrophe */
	if (len > CHARACTER_MAX)
		len = CHARACTER_MAX;
	for (size_t i = 1; i < len && s[i] != '\n'; i++) {
		if (s[i] == '\'')
			return i + 1;
		i += s[i] == '\\';
	}
	return 1;
}

/* The first raw string, with its quotes; one that is not closed goes to the end. NULL if there is none. */
static const char *find_raw(const char *s, size_t len, size_t *raw_len, bool *is_open)
{
	const char *end = s + len, *close;
	bool strings_end = true; /* where one does not, no other is looked for: each would be, to the end of the text */

	if (!memchr(s, '`', len))
		return NULL;
	while (s < end && *s != '`') {
		size_t n = 1;

		if (*s == '\'') {
			n = character_length(s, (size_t)(end - s));
		} else if (*s == '"' && strings_end) {
			n = diagnostics_string_length(s, (size_t)(end - s));
			strings_end = n > 0;
		}
		s += n ? n : 1;
	}
	if (s == end)
		return NULL;
	close = memchr(s + 1, '`', (size_t)(end - s) - 1);
	*is_open = !close;
	*raw_len = close ? (size_t)(close + 1 - s) : (size_t)(end - s);
	return s;
}

bool diagnostics_is_open(const char *s, size_t len)
{
	const char *end = s + len, *raw;
	size_t raw_len;
	bool is_open;

	for (; (raw = find_raw(s, (size_t)(end - s), &raw_len, &is_open)); s = raw + raw_len) {
		if (is_open)
			return true;
	}
	return false;
}

void diagnostics_add_quoted(struct strbuf *sb, const char *s, size_t len)
{
	const char *end = s + len, *raw;
	size_t raw_len;
	bool is_open;

	for (; (raw = find_raw(s, (size_t)(end - s), &raw_len, &is_open)); s = raw + raw_len) {
		strbuf_add(sb, s, (size_t)(raw - s));
		if (is_open || !memchr(raw, '\n', raw_len)) {
			strbuf_add(sb, raw, raw_len);
			continue;
		}
		strbuf_addch(sb, '"');
		for (size_t i = 1; i + 1 < raw_len; i++) {
			if (raw[i] == '\n') {
				strbuf_addstr(sb, "\\n");
			} else if (raw[i] == '\t') {
				strbuf_addstr(sb, "\\t");
			} else {
				if (raw[i] == '"' || raw[i] == '\\')
					strbuf_addch(sb, '\\');
				strbuf_addch(sb, raw[i]);
			}
		}
		strbuf_addch(sb, '"');
	}
	strbuf_add(sb, s, (size_t)(end - s));
}
