/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One Go source file as numbered tokens, comments left out: where each is reported by the compiler (//line directives
 * change that), what expression or statement a position of the compiler's stands for, and the copy of the file in which
 * every token is on a line of its own number.
 */
#ifndef ESCAUDIT_PREDICT_SOURCE_TOKENS_H
#define ESCAUDIT_PREDICT_SOURCE_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "predict/line_directives.h"

struct source_tokens;

/* The compiler stores line numbers in 20 bits: a file of more tokens and lines has no copy. */
#define SOURCE_TOKENS_MAX 1048575u

/* Owns the text from here on, in either case. NULL if it is no Go source that can be copied: it does not scan, brackets
 * do not match, or there are more than SOURCE_TOKENS_MAX tokens. */
struct source_tokens *source_tokens_new(struct strbuf *text);
void source_tokens_free(struct source_tokens *source); /* accepts NULL */

size_t source_tokens_count(const struct source_tokens *source);
/* Whether a line directive is in the file: positions may be another file's. */
bool source_tokens_has_directives(const struct source_tokens *source);

/*
 * The text with line directives before tokens: the first names the file, the n-th token (from 1) is at line n and alone
 * there, but for commas, ")" and "]", which nothing has the position of: they are where they come to be. Lines are
 * broken only where that ends no statement, and none is joined, so that semicolons and directives stay as they are.
 */
void source_tokens_copy(const struct source_tokens *source, const char *name, struct strbuf *out);

/* index < count, here and below. */
struct source_position source_tokens_position(const struct source_tokens *source, size_t index);
/* The same with the column in the file, however far, unless line directives say another: one that has none keeps it. */
struct source_position source_tokens_place(const struct source_tokens *source, size_t index);

/*
 * The first and the last token of what the compiler means by the position of a token: the call for its parenthesis, the
 * composite literal for its brace, both operands of an operator, the right side of an assignment, the statement for a
 * keyword, up to its body. A name stands for itself; the first of an assignment to one variable for the assignment, and
 * those of a declaration of several, or with a value, for all that follow. Held against go/parser by
 * tests/proof/token_extents.
 */
void source_tokens_extent(const struct source_tokens *source, size_t index, size_t *first, size_t *last);

/*
 * The first and the last token of the statement that a token is in: an assignment, an expression, a declaration of
 * variables, what follows return, go, defer or case with the word, and the head of if, for and switch up to the body.
 * Statements of a function literal are their own. The token itself where it is in none, as a block's brace.
 */
void source_tokens_statement(const struct source_tokens *source, size_t index, size_t *first, size_t *last);

/* One element of a composite literal. */
struct source_element {
	size_t key_first, key_last; /* tokens; key_last < key_first without a key */
	size_t brace;		    /* of the composite literal that the value is; SOURCE_NO_TOKEN if it is none */
};

#define SOURCE_NO_TOKEN SIZE_MAX

/*
 * The next element of the literal whose brace is the token at index; *at is 0 before the first and belongs to the
 * function from then on. False behind the last, and of any other token.
 */
bool source_tokens_next_element(const struct source_tokens *source, size_t index, size_t *at,
				struct source_element *element);
/* Whether there is a token at index, and that is its text. */
bool source_tokens_is(const struct source_tokens *source, size_t index, const char *text);
/* Whether the token at index is the brace that opens a composite literal. */
bool source_tokens_is_literal(const struct source_tokens *source, size_t index);
/* The bracket that closes what the one at index opens, or the other way round. */
size_t source_tokens_partner(const struct source_tokens *source, size_t index);
/*
 * Whether an index or a slice expression, "x[", begins beside the composite literal whose brace is at index, on the
 * line of that brace or of the one that closes it. Instances of generic functions and array types look like that, too.
 */
bool source_tokens_has_index_beside(const struct source_tokens *source, size_t index);
/* The brace of the composite literal that a token is in, with no other bracket between; SOURCE_NO_TOKEN if it is in
 * none. */
size_t source_tokens_literal_around(const struct source_tokens *source, size_t index);
/* How many elements the array of that literal has, if it is one of a slice. SOURCE_NO_LENGTH where a key is more than a
 * decimal number. */
uint64_t source_tokens_length(const struct source_tokens *source, size_t index);

#define SOURCE_NO_LENGTH UINT64_MAX

/*
 * The tokens of the innermost block or clause that a token is in, as far as a declaration is concerned: a function's
 * from its keyword on; a loop's over a range, of which its variables are; the head of another loop, or of an "if"
 * behind an "else", has its statement; that of a switch over types its braces; other heads, and blocks that are
 * statements themselves, are of the block around.
 */
struct source_block {
	uint32_t first, last;
	bool is_known;	   /* false outside of functions */
	bool is_parameter; /* between a function's keyword and its body */
};

/* One for each token; the caller frees them. */
struct source_block *source_blocks_find(const struct source_tokens *source);

/*
 * The source text of that, on one line, cut after `width` bytes with an ellipsis. Appended to out. Function literals
 * are "func literal", as in the diagnostics: what stands in them they make themselves.
 */
void source_tokens_expression(const struct source_tokens *source, size_t index, size_t width, struct strbuf *out);

#endif
