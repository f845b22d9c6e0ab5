/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/source_tokens.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "predict/lexer.h"

#define NO_PARTNER UINT32_MAX

struct source_token {
	uint32_t offset, length;
	uint32_t line;	  /* in the file */
	uint32_t partner; /* of a bracket: the token of the other one */
	struct source_position reported;
	uint8_t kind;
	bool is_renamed; /* a line directive stands between it and the token before */
};

struct source_tokens {
	char *text;
	size_t size;
	struct source_token *items;
	size_t n, alloc;
};

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* The directive in force: token positions are relative to it. */
struct line_base {
	int line;    /* that it says */
	int column;  /* that it says; 0 if it says none */
	int at_line; /* of the first byte it speaks of, in the file */
	int at_column;
	bool is_directive; /* false at the top of a file: positions are as they are */
};

static bool is_number(const char *s, size_t len, int *out)
{
	long n = 0;

	if (len == 0 || len > 9)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		n = n * 10 + (s[i] - '0');
	}
	*out = (int)n;
	return n > 0;
}

static const char *last_colon(const char *s, const char *end)
{
	while (end > s && end[-1] != ':')
		end--;
	return end > s ? end - 1 : NULL;
}

/* Takes over what a comment says if it is a line directive. False if it is none. */
static bool read_directive(struct line_base *base, const struct token *comment)
{
	bool is_block = comment->text[1] == '*';
	const char *s = comment->text + 2, *end = comment->text + comment->length - (is_block ? 2 : 0);
	const char *colon, *before;
	int line, column;

	if (end - s < 5 || memcmp(s, "line ", 5) != 0 || (!is_block && comment->column != 1))
		return false;
	s += 5;
	while (!is_block && end > s && end[-1] == '\r')
		end--;
	colon = last_colon(s, end);
	if (!colon || !is_number(colon + 1, (size_t)(end - colon - 1), &line))
		return false;
	before = last_colon(s, colon);
	column = 0;
	if (before) {
		int first;

		if (is_number(before + 1, (size_t)(colon - before - 1), &first)) {
			column = line;
			line = first;
		}
	}
	*base = (struct line_base){.line = line, .column = column, .is_directive = true};
	if (is_block) {
		base->at_line = comment->line;
		base->at_column = comment->column + (int)comment->length;
		/* A comment of several lines ends on its last. */
		for (const char *p = comment->text; p < comment->text + comment->length; p++) {
			if (*p == '\n') {
				base->at_line++;
				base->at_column = (int)(comment->text + comment->length - p);
			}
		}
	} else {
		base->at_line = comment->line + 1;
		base->at_column = 1;
	}
	return true;
}

static struct source_position report(const struct line_base *base, const struct token *token)
{
	struct source_position pos = {.line = token->line, .column = token->column};

	if (base->is_directive) {
		pos.line = base->line + (token->line - base->at_line);
		if (!base->column)
			pos.column = 0;
		else if (token->line == base->at_line)
			pos.column = base->column + (token->column - base->at_column);
	}
	if (pos.column > SOURCE_COLUMN_BEYOND)
		pos.column = SOURCE_COLUMN_BEYOND;
	return pos;
}

static void add_token(struct source_tokens *source, const struct token *token, const struct line_base *base,
		      bool is_renamed)
{
	ARRAY_GROW(source->items, source->n + 1, source->alloc);
	source->items[source->n++] = (struct source_token){
		.offset = (uint32_t)(token->text - source->text),
		.length = (uint32_t)token->length,
		.line = (uint32_t)token->line,
		.partner = NO_PARTNER,
		.reported = report(base, token),
		.kind = (uint8_t)token->kind,
		.is_renamed = is_renamed,
	};
}

static char byte_of(const struct source_tokens *source, size_t i)
{
	return source->text[source->items[i].offset];
}

static bool is_operator(const struct source_tokens *source, size_t i)
{
	return source->items[i].kind == TOKEN_OPERATOR;
}

static bool is_one_of(const struct source_tokens *source, size_t i, const char *bytes)
{
	return is_operator(source, i) && source->items[i].length == 1 && strchr(bytes, byte_of(source, i));
}

static bool pair_brackets(struct source_tokens *source)
{
	uint32_t *open = xcalloc(source->n + 1, sizeof(*open));
	size_t n = 0;
	bool ok = true;

	for (size_t i = 0; i < source->n && ok; i++) {
		static const char closing[] = ")]}", opening[] = "([{";
		const char *close;

		if (is_one_of(source, i, opening)) {
			open[n++] = (uint32_t)i;
		} else if (is_one_of(source, i, closing)) {
			close = strchr(closing, byte_of(source, i));
			ok = n > 0 && byte_of(source, open[n - 1]) == opening[close - closing];
			if (ok) {
				source->items[i].partner = open[--n];
				source->items[open[n]].partner = (uint32_t)i;
			}
		}
	}
	free(open);
	return ok && n == 0;
}

struct source_tokens *source_tokens_new(struct strbuf *text)
{
	struct source_tokens *source = xcalloc(1, sizeof(*source));
	struct line_base base = {.is_directive = false};
	bool is_renamed = true; /* the first token names the file */
	struct lexer lexer;
	struct token token;

	source->size = text->len;
	source->text = strbuf_detach(text);
	lexer_init(&lexer, source->text, source->size);
	while (source->size < UINT32_MAX && source->n <= SOURCE_TOKENS_MAX && lexer_next(&lexer, &token)) {
		if (token.kind == TOKEN_COMMENT) {
			is_renamed |= read_directive(&base, &token);
			continue;
		}
		add_token(source, &token, &base, is_renamed);
		is_renamed = false;
	}
	if (lexer.malformed || source->n == 0 || source->n > SOURCE_TOKENS_MAX || source->size >= UINT32_MAX ||
	    !pair_brackets(source)) {
		source_tokens_free(source);
		return NULL;
	}
	return source;
}

void source_tokens_free(struct source_tokens *source)
{
	if (!source)
		return;
	free(source->text);
	free(source->items);
	free(source);
}

size_t source_tokens_count(const struct source_tokens *source)
{
	return source->n;
}

struct source_position source_tokens_position(const struct source_tokens *source, size_t index)
{
	return source->items[index].reported;
}

void source_tokens_copy(const struct source_tokens *source, const char *name, struct strbuf *out)
{
	size_t done = 0;

	for (size_t i = 0; i < source->n; i++) {
		const struct source_token *token = &source->items[i];

		strbuf_add(out, source->text + done, token->offset - done);
		/* Behind a division the comment's slash would begin another comment. */
		if (out->len && out->buf[out->len - 1] == '/')
			strbuf_addch(out, ' ');
		strbuf_addf(out, "/*line %s:%zu:1*/", token->is_renamed ? name : "", i + 1);
		done = token->offset;
	}
	strbuf_add(out, source->text + done, source->size - done);
}

/* ---- extents ----------------------------------------------------------------------------------------------------- */

static bool is_text(const struct source_tokens *source, size_t i, const char *text)
{
	const struct source_token *token = &source->items[i];

	return strlen(text) == token->length && memcmp(source->text + token->offset, text, token->length) == 0;
}

static bool is_any(const struct source_tokens *source, size_t i, const char *const *texts, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		if (is_text(source, i, texts[k]))
			return true;
	}
	return false;
}

static bool is_keyword(const struct source_tokens *source, size_t i)
{
	static const char *const keywords[] = {
		"break", "case",   "chan",   "const",  "continue", "default", "defer",	   "else", "fallthrough",
		"for",	 "func",   "go",     "goto",   "if",	   "import",  "interface", "map",  "package",
		"range", "return", "select", "struct", "switch",   "type",    "var",
	};

	return source->items[i].kind == TOKEN_WORD && is_any(source, i, keywords, ARRAY_SIZE(keywords));
}

/* Can an operand end here? */
static bool ends_operand(const struct source_tokens *source, size_t i)
{
	switch (source->items[i].kind) {
	case TOKEN_WORD:
		return !is_keyword(source, i);
	case TOKEN_OPERATOR:
		return is_one_of(source, i, ")]}");
	default:
		return true;
	}
}

/* Does the language put a semicolon at the end of a line behind it? "Semicolons" in the specification. */
static bool ends_line(const struct source_tokens *source, size_t i)
{
	static const char *const words[] = {"break", "continue", "fallthrough", "return"};
	static const char *const operators[] = {"++", "--", ")", "]", "}"};

	if (source->items[i].kind == TOKEN_WORD)
		return !is_keyword(source, i) || is_any(source, i, words, ARRAY_SIZE(words));
	return !is_operator(source, i) || is_any(source, i, operators, ARRAY_SIZE(operators));
}

/* Is there a semicolon between a token and the next, written or not? */
static bool is_divided(const struct source_tokens *source, size_t i)
{
	return is_text(source, i, ";") || is_text(source, i + 1, ";") ||
	       (source->items[i].line < source->items[i + 1].line && ends_line(source, i));
}

/* A literal of several lines ends on a later one than it begins on. */
static uint32_t last_line(const struct source_tokens *source, size_t i)
{
	const struct source_token *token = &source->items[i];
	uint32_t line = token->line;

	for (uint32_t k = 0; token->kind == TOKEN_STRING && k < token->length; k++)
		line += source->text[token->offset + k] == '\n';
	return line;
}

static size_t statement_start(const struct source_tokens *source, size_t i)
{
	while (i > 0) {
		if (is_text(source, i - 1, ";") ||
		    (last_line(source, i - 1) < source->items[i].line && ends_line(source, i - 1)))
			return i;
		if (is_one_of(source, i - 1, "([{"))
			return i;
		i = is_one_of(source, i - 1, ")]}") ? source->items[i - 1].partner : i - 1;
	}
	return i;
}

/* In the head of these a brace at the top begins the body: literals stand in parentheses there. */
static bool is_head(const struct source_tokens *source, size_t i)
{
	static const char *const words[] = {"if", "for", "switch", "select"};
	size_t start = statement_start(source, i);

	/* "if x := f(); x != nil {": what is behind a semicolon belongs to the head too. */
	while (start > 0 && is_text(source, start - 1, ";") &&
	       source->items[start - 1].line == source->items[start].line)
		start = statement_start(source, start - 1);
	for (size_t k = start; k <= i; k++) {
		if (is_any(source, k, words, ARRAY_SIZE(words)))
			return true;
		if (is_text(source, k, "{") && source->items[k].partner < i)
			k = source->items[k].partner; /* "} else if" */
		else if (!is_text(source, k, "}") && !is_text(source, k, "else"))
			break;
	}
	return false;
}

/* The last token of the statement, or of the part of it in the brackets around i. */
static size_t statement_end(const struct source_tokens *source, size_t i, bool stops_at_comma)
{
	bool head = is_head(source, i);

	for (;;) {
		if (is_one_of(source, i, "([{"))
			i = source->items[i].partner;
		if (i + 1 >= source->n || is_text(source, i + 1, ";") || is_one_of(source, i + 1, ")]}") ||
		    (stops_at_comma && is_text(source, i + 1, ",")) || (head && is_text(source, i + 1, "{")) ||
		    (last_line(source, i) < source->items[i + 1].line && ends_line(source, i)))
			return i;
		i++;
	}
}

/* The first token of the operand that ends at i, with its selectors, calls and indexes. */
static size_t operand_start(const struct source_tokens *source, size_t i)
{
	for (;;) {
		if (is_one_of(source, i, ")]}")) {
			size_t open = source->items[i].partner;

			/* "[]T", "[4]T", "map[K]V" and "func(…) T" begin with their brackets or the word before. */
			if (open == 0 || !ends_operand(source, open - 1) || is_divided(source, open - 1)) {
				if (open > 0 && (is_text(source, open - 1, "map") || is_text(source, open - 1, "func")))
					return open - 1;
				return open;
			}
			i = open - 1;
			continue;
		}
		if (i > 1 && is_text(source, i - 1, ".") && ends_operand(source, i - 2)) {
			i -= 2;
			continue;
		}
		return i;
	}
}

/* The first token of the type that ends at i: "[]*pkg.T", "map[K][]V", "[...]int". */
static size_t type_start(const struct source_tokens *source, size_t i)
{
	size_t start = operand_start(source, i);

	while (start > 0) {
		if (is_text(source, start - 1, "]")) {
			size_t open = source->items[start - 1].partner;

			if (open > 0 && is_text(source, open - 1, "map"))
				start = open - 1;
			else if (open == 0 || !ends_operand(source, open - 1) || open + 1 == start - 1)
				start = open;
			else
				return start;
		} else if (is_text(source, start - 1, "*") && start > 1 && is_text(source, start - 2, "]")) {
			start--;
		} else if (is_text(source, start - 1, "chan")) {
			start--;
		} else {
			return start;
		}
	}
	return start;
}

/* The last token of the operand that begins at i, with unary operators before it. */
static size_t operand_end(const struct source_tokens *source, size_t i)
{
	while (i + 1 < source->n && is_operator(source, i) && !is_one_of(source, i, "([{"))
		i++;
	if (is_text(source, i, "func") || is_text(source, i, "map") || is_text(source, i, "struct")) {
		/* up to the body or the literal's braces */
		while (i + 1 < source->n && !is_text(source, i, "{")) {
			if (is_one_of(source, i, "(["))
				i = source->items[i].partner;
			i++;
		}
	}
	for (;;) {
		if (is_one_of(source, i, "([{"))
			i = source->items[i].partner;
		if (i + 1 >= source->n || is_divided(source, i))
			return i;
		if (is_one_of(source, i + 1, "(["))
			i++;
		else if (is_text(source, i + 1, "{") && !is_head(source, i))
			i++;
		else if (is_text(source, i + 1, ".") && i + 2 < source->n)
			i += 2;
		else if (is_text(source, i, "]") && ends_operand(source, i + 1)) /* "[]T" */
			i++;
		else
			return i;
	}
}

/* By "Operators" in the specification; 0 if it is no binary operator. */
static int precedence(const struct source_tokens *source, size_t i)
{
	static const char *const levels[][9] = {
		{"||"},
		{"&&"},
		{"==", "!=", "<", "<=", ">", ">="},
		{"+", "-", "|", "^"},
		{"*", "/", "%", "<<", ">>", "&", "&^"},
	};

	if (!is_operator(source, i) || i == 0 || !ends_operand(source, i - 1))
		return 0;
	for (size_t level = 0; level < ARRAY_SIZE(levels); level++) {
		for (size_t k = 0; levels[level][k]; k++) {
			if (is_text(source, i, levels[level][k]))
				return (int)level + 1;
		}
	}
	return 0;
}

static void binary_extent(const struct source_tokens *source, size_t i, int level, size_t *first, size_t *last)
{
	size_t at;

	/* To the left all operands of operators that bind as much or more, to the right of those that bind more. */
	at = operand_start(source, i - 1);
	for (;;) {
		while (at > 0 && is_operator(source, at - 1) && !precedence(source, at - 1) &&
		       !is_one_of(source, at - 1, "([{,;:)]}.") && !strchr("=", byte_of(source, at - 1)) &&
		       source->items[at - 1].length == 1)
			at--; /* unary */
		if (at < 2 || precedence(source, at - 1) < level)
			break;
		at = operand_start(source, at - 2);
	}
	*first = at;
	at = operand_end(source, i + 1 < source->n ? i + 1 : i);
	while (at + 2 < source->n && !is_divided(source, at) && precedence(source, at + 1) > level)
		at = operand_end(source, at + 2);
	*last = at;
}

/* "a" of "a, b := f()" and "var a, b T": the names that are declared together from there on. */
static size_t names_end(const struct source_tokens *source, size_t i)
{
	size_t end = i, start;

	while (end + 2 < source->n && is_text(source, end + 1, ",") && source->items[end + 2].kind == TOKEN_WORD)
		end += 2;
	if (end == i || end + 1 >= source->n)
		return i;
	if (is_text(source, end + 1, ":="))
		return end;
	start = statement_start(source, i);
	if (is_text(source, start, "var"))
		return end;
	/* One of several in parentheses. */
	return start > 1 && is_text(source, start - 1, "(") && is_text(source, start - 2, "var") ? end : i;
}

static bool is_assignment(const struct source_tokens *source, size_t i)
{
	static const char *const operators[] = {
		"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", ":=", "<<=", ">>=", "&^="};

	return is_operator(source, i) && is_any(source, i, operators, ARRAY_SIZE(operators));
}

/*
 * An assignment to one variable, which is named first: up to Go 1.19 the statement has the position of that name.
 * Where it is none, i itself.
 */
static size_t assignment_end(const struct source_tokens *source, size_t i)
{
	size_t end;

	if (statement_start(source, i) != i)
		return i;
	end = operand_end(source, i);
	return end + 1 < source->n && is_assignment(source, end + 1) ? statement_end(source, end + 1, false) : i;
}

void source_tokens_extent(const struct source_tokens *source, size_t i, size_t *first, size_t *last)
{
	int level;

	*first = *last = i;
	if (source->items[i].kind == TOKEN_WORD) {
		if (is_text(source, i, "func"))
			*last = operand_end(source, i);
		else if (is_keyword(source, i))
			*last = statement_end(source, i, false);
		else
			*last = names_end(source, i);
		if (*last == i && !is_keyword(source, i))
			*last = assignment_end(source, i);
		return;
	}
	if (!is_operator(source, i))
		return;
	level = precedence(source, i);
	if (is_text(source, i, "(") || is_text(source, i, "[")) {
		*last = source->items[i].partner;
		if (i > 0 && ends_operand(source, i - 1) && !is_divided(source, i - 1))
			*first = operand_start(source, i - 1);
		else if (i > 0 && is_text(source, i, "(") && ends_operand(source, i - 1))
			*first = type_start(source, i - 1);
	} else if (is_text(source, i, "{")) {
		*last = source->items[i].partner;
		if (i > 0 && ends_operand(source, i - 1))
			*first = type_start(source, i - 1);
	} else if (is_assignment(source, i)) {
		*last = statement_end(source, i, false);
		if (is_text(source, i, "=") || is_text(source, i, ":="))
			*first = i + 1 < source->n ? i + 1 : i;
		else
			*first = statement_start(source, i);
	} else if (is_text(source, i, ".")) {
		if (i > 0 && ends_operand(source, i - 1))
			*first = operand_start(source, i - 1);
		if (i + 1 < source->n)
			*last = is_text(source, i + 1, "(") ? source->items[i + 1].partner : i + 1;
	} else if (level) {
		binary_extent(source, i, level, first, last);
	} else if (is_text(source, i, "&") || is_text(source, i, "*") || is_text(source, i, "<-") ||
		   is_text(source, i, "!") || is_text(source, i, "-") || is_text(source, i, "^") ||
		   is_text(source, i, "+")) {
		if (i + 1 < source->n)
			*last = operand_end(source, i + 1);
	}
	if (*last < *first)
		*last = *first;
}

void source_tokens_expression(const struct source_tokens *source, size_t index, size_t width, struct strbuf *out)
{
	size_t first, last, start = out->len;

	if (is_text(source, index, "func")) {
		strbuf_addstr(out, "func literal");
		return;
	}
	source_tokens_extent(source, index, &first, &last);
	for (size_t i = first; i <= last; i++) {
		const struct source_token *token = &source->items[i];
		const struct source_token *before = i > first ? token - 1 : NULL;

		/* A blank where there was one, or anything else that is no token. */
		if (before && before->offset + before->length < token->offset)
			strbuf_addch(out, ' ');
		for (uint32_t k = 0; k < token->length; k++) {
			char c = source->text[token->offset + k];

			strbuf_addch(out, c == '\n' || c == '\t' || c == '\r' ? ' ' : c);
		}
		if (out->len - start > width) {
			size_t cut = start + width;

			while (cut > start && ((unsigned char)out->buf[cut] & 0xc0) == 0x80)
				cut--;
			out->len = cut;
			out->buf[cut] = '\0';
			strbuf_addstr(out, "…");
			return;
		}
	}
}
