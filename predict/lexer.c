/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/lexer.h"

#include <string.h>

#include "base/memory.h"

void lexer_init(struct lexer *lexer, const char *text, size_t size)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";

	*lexer = (struct lexer){.next = text, .end = text + size, .line_start = text, .line = 1};
	if (size >= 3 && memcmp(text, byte_order_mark, 3) == 0)
		lexer->next += 3;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A byte of an identifier. Beyond ASCII the specification allows letters and digits only, which is left to the
 * compiler. */
static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || (unsigned char)c >= 0x80;
}

static const char *skip_word(const char *p, const char *end)
{
	while (p < end && is_word(*p))
		p++;
	return p;
}

/* Digits of any base, one point, exponents with their signs, and the i of imaginary numbers. */
static const char *skip_number(const char *p, const char *end)
{
	bool is_hex = end - p > 1 && p[0] == '0' && (p[1] | 0x20) == 'x', has_point = false;

	while (p < end && (is_word(*p) || (*p == '.' && !has_point))) {
		char c = (char)(*p | 0x20);

		has_point |= *p++ == '.';
		if ((c == 'p' || (c == 'e' && !is_hex)) && p < end && (*p == '+' || *p == '-'))
			p++;
	}
	return p;
}

static void new_line(struct lexer *lexer, const char *newline)
{
	lexer->line++;
	lexer->line_start = newline + 1;
}

/* Behind the next `last` that no backslash stands before; a line does not end inside. */
static const char *skip_quoted(struct lexer *lexer, const char *p, char last)
{
	for (; p < lexer->end && *p != '\n'; p++) {
		if (*p == last)
			return p + 1;
		if (*p == '\\' && p + 1 < lexer->end && p[1] != '\n')
			p++;
	}
	lexer->malformed = true;
	return p;
}

/* Behind the next end of it, which is a string of one or two bytes; lines may end inside. */
static const char *skip_block(struct lexer *lexer, const char *p, const char *last)
{
	size_t n = strlen(last);

	for (; p < lexer->end; p++) {
		if ((size_t)(lexer->end - p) >= n && memcmp(p, last, n) == 0)
			return p + n;
		if (*p == '\n')
			new_line(lexer, p);
	}
	lexer->malformed = true;
	return p;
}

/* The longest operator here; a byte that begins none stands for itself. */
static size_t operator_length(struct lexer *lexer, const char *p)
{
	/* The longer ones first. */
	static const char *const operators[] = {
		"<<=", ">>=", "&^=", "...", "&&", "||", "<-", "++", "--", "==", "!=", "<=", ">=",
		":=",  "+=",  "-=",  "*=",  "/=", "%=", "&=", "|=", "^=", "<<", ">>", "&^",
	};
	static const char single[] = "+-*/%&|^<>=!()[]{},;.:~";

	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		size_t n = strlen(operators[i]);

		if ((size_t)(lexer->end - p) >= n && memcmp(p, operators[i], n) == 0)
			return n;
	}
	if (!*p || !strchr(single, *p))
		lexer->malformed = true;
	return 1;
}

static bool skip_blanks(struct lexer *lexer)
{
	for (; lexer->next < lexer->end; lexer->next++) {
		char c = *lexer->next;

		if (c == '\n')
			new_line(lexer, lexer->next);
		else if (c != ' ' && c != '\t' && c != '\r')
			return true;
	}
	return false;
}

bool lexer_next(struct lexer *lexer, struct token *token)
{
	const char *p, *end = lexer->end;
	char c, second;

	if (!skip_blanks(lexer))
		return false;
	p = lexer->next;
	c = *p;
	second = '\0';
	if (p + 1 < end)
		second = p[1];
	*token = (struct token){.text = p, .line = lexer->line, .column = (int)(p - lexer->line_start) + 1};
	if (is_digit(c) || (c == '.' && is_digit(second))) {
		token->kind = TOKEN_NUMBER;
		p = skip_number(p, end);
	} else if (is_word(c)) {
		token->kind = TOKEN_WORD;
		p = skip_word(p, end);
	} else if (c == '"' || c == '\'') {
		token->kind = c == '"' ? TOKEN_STRING : TOKEN_RUNE;
		p = skip_quoted(lexer, p + 1, c);
	} else if (c == '`') {
		token->kind = TOKEN_STRING;
		p = skip_block(lexer, p + 1, "`");
	} else if (c == '/' && second == '/') {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		token->kind = TOKEN_COMMENT;
		p = newline ? newline : end;
	} else if (c == '/' && second == '*') {
		token->kind = TOKEN_COMMENT;
		p = skip_block(lexer, p + 2, "*/");
	} else {
		token->kind = TOKEN_OPERATOR;
		p += operator_length(lexer, p);
	}
	token->length = (size_t)(p - token->text);
	lexer->next = p;
	return true;
}

bool token_is(const struct token *token, const char *text)
{
	return strlen(text) == token->length && memcmp(token->text, text, token->length) == 0;
}
