/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/words.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* What is behind so many tokens does not count. Source texts have fewer, being cut short before. */
#define TOKENS_LIMIT 96

enum token_kind {
	TOKEN_NAME,
	TOKEN_NUMBER,
	TOKEN_STRING, /* or a rune */
	TOKEN_MARK,   /* one byte of an operator, a bracket, a comma */
	TOKEN_ANY,    /* any tokens, or none */
	TOKEN_SOME,   /* at least one */
};

struct token {
	enum token_kind kind;
	const char *s;
	size_t n;
};

struct tokens {
	struct token items[TOKENS_LIMIT];
	size_t n;
	bool is_cut;
	bool has_word; /* something that is no wildcard and no bracket */
};

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c & 0x80;
}

static bool starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static size_t quoted_length(const char *s)
{
	char quote = *s;
	size_t n = 1;

	while (s[n] && s[n] != quote)
		n += s[n] == '\\' && quote != '`' && s[n + 1] ? 2 : 1;
	return s[n] ? n + 1 : n;
}

static size_t name_length(const char *s)
{
	size_t n = 0;

	while (is_name_byte(s[n]) && !starts(s + n, "…"))
		n++;
	return n;
}

/* Decimal numbers only are printed; the source has others. "1.5e+10" */
static size_t number_length(const char *s)
{
	size_t n = 0;

	while (is_name_byte(s[n]) || s[n] == '.' ||
	       ((s[n] == '+' || s[n] == '-') && n && (s[n - 1] == 'e' || s[n - 1] == 'E') && !starts(s, "0x")))
		n++;
	return n;
}

/* A shape from s on, go.shape.T: up to what cannot belong to it, at its own level of brackets. */
static size_t shape_length(const char *s)
{
	size_t depth = 0, n = 0;

	for (; s[n]; n++) {
		if (depth == 0 && (strchr(",)]}", s[n]) || (s[n] == '{' && n && s[n - 1] != ' ')))
			break;
		if (depth == 0 && s[n] == ' ' && !strchr("{", s[n + 1]))
			break;
		if (depth == 0 && s[n] == '(' && memcmp(s + n - 4, "func", 4) != 0) /* a conversion to it */
			break;
		depth += strchr("([{", s[n]) != NULL;
		depth -= strchr(")]}", s[n]) != NULL;
	}
	return n;
}

/* Behind s[0], which opens; 0 where nothing closes it. */
static size_t bracket_length(const char *s)
{
	size_t depth = 0;

	for (size_t n = 0; s[n]; n++) {
		depth += strchr("([{", s[n]) != NULL;
		depth -= strchr(")]}", s[n]) != NULL;
		if (depth == 0)
			return n + 1;
	}
	return 0;
}

static void add(struct tokens *t, enum token_kind kind, const char *s, size_t n)
{
	static const struct {
		const char *printed, *written;
	} aliases[] = {{"uint8", "byte"}, {"int32", "rune"}};

	if (t->n == TOKENS_LIMIT) {
		t->is_cut = true;
		return;
	}
	for (size_t i = 0; kind == TOKEN_NAME && i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (n == strlen(aliases[i].printed) && memcmp(s, aliases[i].printed, n) == 0) {
			s = aliases[i].written;
			n = strlen(s);
		}
	}
	if (kind <= TOKEN_STRING)
		t->has_word = true;
	t->items[t->n++] = (struct token){kind, s, n};
}

/* "interface {}" is any. */
static size_t empty_interface_length(const char *s)
{
	if (starts(s, "interface {}"))
		return strlen("interface {}");
	return starts(s, "interface{}") ? strlen("interface{}") : 0;
}

/* What of the compiler's text at s stands for something else in the source; 0 where nothing does. */
static size_t read_wildcard(struct tokens *t, const char *s, const char *text)
{
	size_t n = 0;
	enum token_kind kind = TOKEN_ANY;

	if (starts(s, "... argument...")) {
		n = strlen("... argument...");
	} else if (starts(s, "... argument")) {
		n = strlen("... argument");
	} else if (starts(s, "{...}")) {
		add(t, TOKEN_MARK, s, 1);
		add(t, TOKEN_ANY, s, 0);
		add(t, TOKEN_MARK, s + 4, 1);
		return 5;
	} else if (starts(s,
			  "<node ")) { /* "<node unsafe.String>", without its arguments (fmt.go has no form for it) */
		const char *end = strchr(s, '>'), *name = end;

		if (!end)
			return 0;
		while (is_name_byte(name[-1]))
			name--;
		add(t, TOKEN_NAME, name, (size_t)(end - name));
		add(t, TOKEN_ANY, s, 0);
		return (size_t)(end + 1 - s);
	} else if (starts(s, "go.shape.")) {
		n = shape_length(s);
		kind = TOKEN_SOME;
	} else if (*s == '[' && s > text && is_name_byte(s[-1])) { /* T[go.shape.int], f[go.shape.int] */
		const char *shape = strstr(s, "go.shape.");

		n = bracket_length(s);
		n = shape && n && shape < s + n ? n : 0;
	} else if ((*s == '~' || *s == '#') || (*s == '.' && starts(s, ".autotmp_"))) {
		n = 1 + name_length(s + 1);
		kind = TOKEN_SOME;
	}
	if (n)
		add(t, kind, s, n);
	return n;
}

static void tokenize(struct tokens *t, const char *text, bool is_printed)
{
	t->n = 0;
	t->is_cut = t->has_word = false;
	for (const char *s = text; *s && !t->is_cut;) {
		size_t n;

		if (!is_printed && starts(s, "…")) {
			t->is_cut = true;
			break;
		}
		if (strchr(" \t\n()", *s)) {
			s++;
			continue;
		}
		n = is_printed ? read_wildcard(t, s, text) : 0;
		if (n) {
			s += n;
			continue;
		}
		n = empty_interface_length(s);
		if (n) {
			add(t, TOKEN_NAME, "any", 3);
		} else if (isdigit((unsigned char)*s) || (*s == '.' && isdigit((unsigned char)s[1]))) {
			n = number_length(s);
			add(t, TOKEN_NUMBER, s, n);
		} else if (strchr("\"'`", *s)) {
			n = quoted_length(s);
			add(t, TOKEN_STRING, s, n);
		} else if (is_name_byte(*s)) {
			n = name_length(s);
			/* of qualified names the last */
			if (t->n > 1 && s[-1] == '.' && t->items[t->n - 1].kind == TOKEN_MARK &&
			    t->items[t->n - 1].s == s - 1 && t->items[t->n - 2].kind == TOKEN_NAME)
				t->n -= 2;
			add(t, TOKEN_NAME, s, n);
		} else {
			n = 1;
			/* "s += x" makes what "s + x" does */
			if (!(*s == '=' && s > text && strchr("+-*/%&|^", s[-1])))
				add(t, TOKEN_MARK, s, 1);
		}
		s += n;
	}
}

/* ---- comparison -------------------------------------------------------------------------------------------------- */

static bool is_comma(const struct token *t)
{
	return t->kind == TOKEN_MARK && *t->s == ',';
}

static bool is_number(const struct token *t)
{
	return t->kind == TOKEN_NUMBER || (t->kind == TOKEN_STRING && *t->s == '\'');
}

static bool is_plain_decimal(const struct token *t)
{
	return t->kind == TOKEN_NUMBER && t->n < 20 && t->n == strspn(t->s, "0123456789") &&
	       (t->n == 1 || *t->s != '0');
}

static bool is_same_token(const struct token *a, const struct token *b)
{
	return a->kind == b->kind && a->n == b->n && memcmp(a->s, b->s, a->n) == 0;
}

/* Whether a constant's value may be that of one token of the source. */
static bool may_have_value(const struct token *value, const struct token *source)
{
	if (is_same_token(value, source))
		return true;
	if (source->kind == TOKEN_NAME)
		return true;
	if (is_number(value))
		return is_number(source) && !(is_plain_decimal(value) && is_plain_decimal(source));
	return source->kind == TOKEN_STRING && *source->s != '\'' &&
	       (*source->s == '`' || memchr(source->s, '\\', source->n));
}

static bool is_constant(const struct token *t)
{
	return t->kind == TOKEN_NUMBER || t->kind == TOKEN_STRING;
}

/*
 * Where the source's tokens from `from` on may end if the printed ones stand for them: ends[j], before source token j.
 * True if one side may have been cut off in the middle of it.
 */
static bool run(const struct tokens *printed, const struct tokens *source, size_t from, bool *ends)
{
	bool now[TOKENS_LIMIT + 1] = {false}, next[TOKENS_LIMIT + 1];

	now[from] = true;
	for (size_t i = 0; i < printed->n; i++) {
		const struct token *p = &printed->items[i];

		if (source->is_cut && now[source->n])
			break;
		memset(next, 0, sizeof(next));
		for (size_t j = from; j <= source->n; j++) {
			if (!now[j])
				continue;
			switch (p->kind) {
			case TOKEN_ANY:
				for (size_t k = j; k <= source->n; k++)
					next[k] = true;
				break;
			case TOKEN_SOME: /* one value */
				for (size_t k = j; k < source->n && !is_comma(&source->items[k]); k++)
					next[k + 1] = true;
				break;
			default:
				if (j < source->n && (is_constant(p) ? may_have_value(p, &source->items[j])
								     : is_same_token(p, &source->items[j])))
					next[j + 1] = true;
				/* an operation of constants */
				for (size_t k = j + 1; is_constant(p) && k < source->n && !is_comma(&source->items[k]);
				     k++)
					next[k + 1] = next[k + 1] || source->items[k - 1].kind == TOKEN_MARK;
				break;
			}
		}
		memcpy(now, next, sizeof(now));
	}
	memcpy(ends, now, sizeof(now));
	return printed->is_cut || (source->is_cut && now[source->n]);
}

/* The source's tokens are among the printed ones: what is converted, of a conversion. */
static bool is_within(const struct tokens *source, const struct tokens *printed)
{
	for (size_t from = 0; source->has_word && from + source->n <= printed->n; from++) {
		size_t n = 0;

		while (n < source->n && is_same_token(&printed->items[from + n], &source->items[n]))
			n++;
		if (n == source->n)
			return true;
	}
	return false;
}

/* Texts without blanks and parentheses. */
static bool is_exact(const char *said, const char *source)
{
	for (;;) {
		said += strspn(said, " ()");
		source += strspn(source, " ()");
		if (starts(source, "…"))
			return true;
		if (*said != *source)
			return false;
		if (!*said)
			return true;
		said++;
		source++;
	}
}

static bool ends_in_brace(const char *said)
{
	size_t n = strlen(said);

	return n && said[n - 1] == '}' && *said != '{';
}

enum words words_compare(const char *said, const char *source)
{
	struct tokens printed, written;
	bool ends[TOKENS_LIMIT + 1] = {false};

	if (is_exact(said, source))
		return WORDS_EXACT;
	tokenize(&printed, said, true);
	tokenize(&written, source, false);
	if (!printed.has_word)
		return WORDS_PART;
	/* an element of a literal, whose type the source leaves out */
	if (*source == '{' && ends_in_brace(said))
		return WORDS_SAME;
	/* a constant that has another name: of all that has one it may be any's */
	if (printed.n == 1 && written.n == 1 && is_constant(&printed.items[0]) && written.items[0].kind == TOKEN_NAME)
		return WORDS_PART;
	for (size_t from = 0; from < written.n; from++) {
		bool any = run(&printed, &written, from, ends);

		if (from == 0 && (any || ends[written.n]))
			return WORDS_SAME;
		for (size_t i = from + 1; i <= written.n; i++)
			any = any || ends[i];
		if (any)
			return WORDS_PART;
	}
	return is_within(&written, &printed) ? WORDS_PART : WORDS_OTHER;
}
