/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens of Go source text, by "Lexical elements" of the language's specification: where each begins and ends, and
 * of which kind it is. Comments are tokens here; the semicolons that the language puts at ends of lines are none.
 * tests/proof/scanner holds it against go/scanner over the standard library of each version.
 */
#ifndef ESCAUDIT_PREDICT_LEXER_H
#define ESCAUDIT_PREDICT_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum token_kind {
	TOKEN_WORD, /* identifiers and keywords */
	TOKEN_NUMBER,
	TOKEN_STRING, /* in double quotes or back quotes */
	TOKEN_RUNE,
	TOKEN_OPERATOR, /* operators and punctuation */
	TOKEN_COMMENT,
};

struct token {
	const char *text; /* in the source */
	size_t length;
	enum token_kind kind;
	int line;   /* from 1 */
	int column; /* from 1, in bytes, as the compiler counts */
};

struct lexer {
	const char *next, *end;
	const char *line_start;
	int line;
	bool malformed; /* a literal or a comment without an end, or a byte that begins no token */
};

/* Borrows the text, which may be anything: every byte is looked at once, and none beyond size. */
void lexer_init(struct lexer *lexer, const char *text, size_t size);

/* False at the end of the text. */
bool lexer_next(struct lexer *lexer, struct token *token);

bool token_is(const struct token *token, const char *text);

#endif
