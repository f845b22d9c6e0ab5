/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses one file for the extents of its expressions and statements: recursive descent over the grammar of the
 * specification, without a tree. What is found of a node is kept at the token whose position the compiler gives to it
 * (cmd/compile/internal/syntax/nodes.go and parser.go).
 *
 * A file that does not parse costs extents and nothing else: every bracket is left behind its partner, every loop takes
 * a token, and below NESTING_LIMIT nothing is parsed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "predict/lexer.h"
#include "predict/source_tokens_internal.h"

#define NESTING_LIMIT 1000
#define NO_STATEMENT  UINT32_MAX

/* Operators are their bytes, one behind the other. */
#define OP1(a)	     ((uint32_t)(a))
#define OP2(a, b)    ((uint32_t)(a) | (uint32_t)(b) << 8)
#define OP3(a, b, c) (OP2(a, b) | (uint32_t)(c) << 16)

enum {
	CODE_END = 0,
	CODE_NAME = 1 << 24,
	CODE_LITERAL,
	CODE_KEYWORD, /* the first of them; the others follow in their order */
};

static const char *const keywords[] = {
	"break", "case",   "chan",   "const",  "continue", "default", "defer",	   "else", "fallthrough",
	"for",	 "func",   "go",     "goto",   "if",	   "import",  "interface", "map",  "package",
	"range", "return", "select", "struct", "switch",   "type",    "var",
};

enum {
	KW_BREAK = CODE_KEYWORD,
	KW_CASE,
	KW_CHAN,
	KW_CONST,
	KW_CONTINUE,
	KW_DEFAULT,
	KW_DEFER,
	KW_ELSE,
	KW_FALLTHROUGH,
	KW_FOR,
	KW_FUNC,
	KW_GO,
	KW_GOTO,
	KW_IF,
	KW_IMPORT,
	KW_INTERFACE,
	KW_MAP,
	KW_PACKAGE,
	KW_RANGE,
	KW_RETURN,
	KW_SELECT,
	KW_STRUCT,
	KW_SWITCH,
	KW_TYPE,
	KW_VAR,
};

struct parser {
	const struct source_tokens *source;
	uint32_t *codes;
	struct source_extent *extents, *statements;
	size_t next;	 /* token */
	bool is_divided; /* the language puts a semicolon before it */
	bool is_in_head; /* of if, for or switch: a brace behind a name begins the body */
	unsigned nesting;
};

static uint32_t code_of(const struct source_tokens *source, size_t i)
{
	const struct source_token *token = &source->items[i];
	const char *text = source->text + token->offset;
	uint32_t code = 0;

	switch (token->kind) {
	case TOKEN_WORD:
		for (size_t k = 0; k < ARRAY_SIZE(keywords); k++) {
			if (keywords[k][0] == text[0] && strlen(keywords[k]) == token->length &&
			    memcmp(keywords[k], text, token->length) == 0)
				return CODE_KEYWORD + (uint32_t)k;
		}
		return CODE_NAME;
	case TOKEN_OPERATOR:
		for (uint32_t k = token->length; k-- > 0;)
			code = code << 8 | (unsigned char)text[k];
		return code;
	default:
		return CODE_LITERAL;
	}
}

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

/* "Semicolons" in the specification: behind which tokens a line's end is one. */
static bool ends_line(uint32_t code)
{
	switch (code) {
	case CODE_NAME:
	case CODE_LITERAL:
	case KW_BREAK:
	case KW_CONTINUE:
	case KW_FALLTHROUGH:
	case KW_RETURN:
	case OP2('+', '+'):
	case OP2('-', '-'):
	case OP1(')'):
	case OP1(']'):
	case OP1('}'):
		return true;
	default:
		return false;
	}
}

/* A string of several lines ends on a later one than it begins on. */
static uint32_t last_line(const struct source_tokens *source, size_t i)
{
	const struct source_token *token = &source->items[i];
	uint32_t line = token->line;

	for (uint32_t k = 0; token->kind == TOKEN_STRING && k < token->length; k++)
		line += source->text[token->offset + k] == '\n';
	return line;
}

static void go_to(struct parser *p, size_t i)
{
	p->next = i;
	p->is_divided = i > 0 && i < p->source->n && ends_line(p->codes[i - 1]) &&
			last_line(p->source, i - 1) < p->source->items[i].line;
}

static uint32_t peek(const struct parser *p)
{
	if (p->next >= p->source->n)
		return CODE_END;
	return p->is_divided ? OP1(';') : p->codes[p->next];
}

static void advance(struct parser *p)
{
	if (p->is_divided)
		p->is_divided = false;
	else if (p->next < p->source->n)
		go_to(p, p->next + 1);
}

static bool accept(struct parser *p, uint32_t code)
{
	if (peek(p) != code)
		return false;
	advance(p);
	return true;
}

/* Behind the partner of a bracket, whatever was understood of what is between. */
static void leave(struct parser *p, size_t open)
{
	go_to(p, (size_t)p->source->items[open].partner + 1);
}

/* The next token is a bracket: goes behind its partner. */
static void skip_brackets(struct parser *p)
{
	leave(p, p->next);
}

static bool is_at_end(const struct parser *p, size_t open)
{
	return p->next >= p->source->items[open].partner;
}

/* What was read from first on is what the token at stands for. */
static void note(struct parser *p, size_t at, size_t first)
{
	if (at < p->source->n && p->next > first)
		p->extents[at] = (struct source_extent){.first = (uint32_t)first, .last = (uint32_t)p->next - 1};
}

static bool enter(struct parser *p)
{
	return ++p->nesting <= NESTING_LIMIT;
}

/* ---- types ------------------------------------------------------------------------------------------------------- */

static void parse_expression(struct parser *p);
static void parse_block(struct parser *p);

static bool begins_type(uint32_t code)
{
	switch (code) {
	case CODE_NAME:
	case KW_CHAN:
	case KW_FUNC:
	case KW_INTERFACE:
	case KW_MAP:
	case KW_STRUCT:
	case OP1('('):
	case OP1('['):
	case OP1('*'):
	case OP2('<', '-'):
		return true;
	default:
		return false;
	}
}

/* In brackets: expressions, types, and whatever separates them. */
static void parse_list(struct parser *p)
{
	size_t open = p->next;
	bool was_in_head = p->is_in_head;

	p->is_in_head = false;
	advance(p);
	while (!is_at_end(p, open)) {
		size_t before = p->next;

		parse_expression(p);
		if (p->next == before)
			advance(p);
	}
	leave(p, open);
	p->is_in_head = was_in_head;
}

/* Behind "func": parameters and results. */
static void parse_signature(struct parser *p);

static void parse_type(struct parser *p)
{
	if (enter(p)) {
		switch (peek(p)) {
		case CODE_NAME:
			advance(p);
			while (peek(p) == OP1('.')) {
				advance(p);
				accept(p, CODE_NAME);
			}
			if (peek(p) == OP1('['))
				parse_list(p);
			break;
		case OP1('['):
			parse_list(p);
			parse_type(p);
			break;
		case OP1('*'):
			advance(p);
			parse_type(p);
			break;
		case OP1('('):
			parse_list(p);
			break;
		case OP2('<', '-'):
		case KW_CHAN:
			advance(p);
			if (peek(p) == OP2('<', '-') || peek(p) == KW_CHAN)
				advance(p);
			parse_type(p);
			break;
		case KW_MAP:
			advance(p);
			if (peek(p) == OP1('['))
				parse_list(p);
			parse_type(p);
			break;
		case KW_FUNC:
			advance(p);
			parse_signature(p);
			break;
		case KW_STRUCT:
		case KW_INTERFACE:
			advance(p);
			if (peek(p) == OP1('{'))
				skip_brackets(p);
			break;
		default:
			break;
		}
	}
	p->nesting--;
}

static void parse_signature(struct parser *p)
{
	if (peek(p) == OP1('('))
		skip_brackets(p);
	if (peek(p) == OP1('('))
		skip_brackets(p);
	else if (begins_type(peek(p)))
		parse_type(p);
}

/* ---- expressions ------------------------------------------------------------------------------------------------- */

/* Whether a brace behind it may begin a literal. */
enum operand {
	OPERAND_VALUE, /* never */
	OPERAND_NAME,  /* not in the head of a statement */
	OPERAND_TYPE,  /* always */
};

static void parse_literal(struct parser *p)
{
	size_t open = p->next;
	bool was_in_head = p->is_in_head;

	p->is_in_head = false;
	if (enter(p)) {
		advance(p);
		while (!is_at_end(p, open)) {
			size_t before = p->next;

			if (peek(p) == OP1('{')) { /* its type is left out */
				parse_literal(p);
				note(p, before, before);
			} else {
				parse_expression(p);
			}
			if (p->next == before)
				advance(p);
		}
	}
	leave(p, open);
	p->is_in_head = was_in_head;
	p->nesting--;
}

static enum operand parse_operand(struct parser *p)
{
	size_t first = p->next;

	switch (peek(p)) {
	case CODE_NAME:
		advance(p);
		return OPERAND_NAME;
	case CODE_LITERAL:
		advance(p);
		return OPERAND_VALUE;
	case OP1('('):
		parse_list(p);
		note(p, first, first);
		return OPERAND_VALUE;
	case KW_FUNC:
		advance(p);
		parse_signature(p);
		if (peek(p) != OP1('{'))
			return OPERAND_VALUE;
		parse_block(p);
		note(p, first, first);
		return OPERAND_VALUE;
	case OP1('['):
	case KW_CHAN:
	case KW_INTERFACE:
	case KW_MAP:
	case KW_STRUCT:
		parse_type(p);
		note(p, first, first);
		return OPERAND_TYPE;
	default:
		return OPERAND_VALUE;
	}
}

static void parse_primary(struct parser *p)
{
	size_t first = p->next, at;
	enum operand operand = parse_operand(p);

	while (p->next > first) {
		at = p->next;
		switch (peek(p)) {
		case OP1('.'):
			advance(p);
			if (peek(p) == OP1('(')) { /* a type assertion, or ".(type)" */
				parse_list(p);
				note(p, at + 1, first);
				operand = OPERAND_VALUE;
			} else {
				accept(p, CODE_NAME);
			}
			note(p, at, first);
			break;
		case OP1('['):
			parse_list(p);
			note(p, at, first);
			break;
		case OP1('('):
			parse_list(p);
			note(p, at, first);
			operand = OPERAND_VALUE;
			break;
		case OP1('{'):
			if (operand == OPERAND_VALUE || (operand == OPERAND_NAME && p->is_in_head))
				return;
			parse_literal(p);
			note(p, at, first);
			operand = OPERAND_VALUE;
			break;
		default:
			return;
		}
	}
}

static void parse_unary(struct parser *p)
{
	size_t at = p->next;

	if (enter(p)) {
		switch (peek(p)) {
		case OP1('+'):
		case OP1('-'):
		case OP1('!'):
		case OP1('^'):
		case OP1('&'):
		case OP1('*'):
		case OP1('~'):
		case OP2('<', '-'):
			advance(p);
			parse_unary(p);
			note(p, at, at);
			break;
		default:
			parse_primary(p);
			break;
		}
	}
	p->nesting--;
}

/* "Operators" in the specification; 0 if it is no binary operator. */
static int precedence(uint32_t code)
{
	switch (code) {
	case OP2('|', '|'):
		return 1;
	case OP2('&', '&'):
		return 2;
	case OP2('=', '='):
	case OP2('!', '='):
	case OP1('<'):
	case OP2('<', '='):
	case OP1('>'):
	case OP2('>', '='):
		return 3;
	case OP1('+'):
	case OP1('-'):
	case OP1('|'):
	case OP1('^'):
		return 4;
	case OP1('*'):
	case OP1('/'):
	case OP1('%'):
	case OP2('<', '<'):
	case OP2('>', '>'):
	case OP1('&'):
	case OP2('&', '^'):
		return 5;
	default:
		return 0;
	}
}

static void parse_binary(struct parser *p, int least)
{
	size_t first = p->next;
	int level;

	if (enter(p)) {
		parse_unary(p);
		while ((level = precedence(peek(p))) >= least) {
			size_t at = p->next;

			advance(p);
			parse_binary(p, level + 1);
			note(p, at, first);
		}
	}
	p->nesting--;
}

static void parse_expression(struct parser *p)
{
	parse_binary(p, 1);
}

/* Returns how many there are. */
static size_t parse_expressions(struct parser *p)
{
	size_t n = 1;

	parse_expression(p);
	while (peek(p) == OP1(',')) {
		advance(p);
		parse_expression(p);
		n++;
	}
	return n;
}

/*
 * What the tokens from there on belong to, as far as they are not statements of a function literal's. Such a literal
 * has had its own before.
 */
static void note_statement(struct parser *p, size_t first)
{
	for (size_t i = first; i < p->next; i++) {
		if (p->statements[i].first == NO_STATEMENT)
			p->statements[i] =
				(struct source_extent){.first = (uint32_t)first, .last = (uint32_t)p->next - 1};
	}
}

/* ---- statements -------------------------------------------------------------------------------------------------- */

/* Names that are declared together: each stands for itself and those behind it. */
static void note_names(struct parser *p, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		if (p->codes[i] == CODE_NAME)
			p->extents[i] = (struct source_extent){.first = (uint32_t)i, .last = (uint32_t)end - 1};
	}
}

static bool are_names(const struct parser *p, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		if (p->codes[i] != ((i - first) % 2 ? OP1(',') : CODE_NAME))
			return false;
	}
	return true;
}

static bool is_assignment(uint32_t code)
{
	switch (code) {
	case OP2('+', '='):
	case OP2('-', '='):
	case OP2('*', '='):
	case OP2('/', '='):
	case OP2('%', '='):
	case OP2('&', '='):
	case OP2('|', '='):
	case OP2('^', '='):
	case OP3('<', '<', '='):
	case OP3('>', '>', '='):
	case OP3('&', '^', '='):
		return true;
	default:
		return false;
	}
}

static void parse_range(struct parser *p)
{
	size_t at = p->next;

	advance(p);
	parse_expression(p);
	note(p, at, at);
}

/* An expression, assignment, definition or sending, which stand in heads too. */
static void parse_simple(struct parser *p)
{
	size_t first = p->next, at, n;

	if (peek(p) == KW_RANGE) {
		parse_range(p);
		return;
	}
	n = parse_expressions(p);
	at = p->next;
	switch (peek(p)) {
	case OP1('='):
	case OP2(':', '='):
		advance(p);
		if (p->codes[at] == OP2(':', '=') && n > 1 && are_names(p, first, at))
			note_names(p, first, at);
		if (peek(p) == KW_RANGE)
			parse_range(p);
		else
			parse_expressions(p);
		note(p, at, at + 1);
		break;
	case OP2('+', '+'):
	case OP2('-', '-'):
		advance(p);
		note(p, at, first);
		break;
	case OP2('<', '-'):
		advance(p);
		parse_expression(p);
		note(p, at, first);
		return;
	default:
		if (!is_assignment(peek(p)))
			return;
		advance(p);
		parse_expression(p);
		note(p, at, first);
		break;
	}
	/* Up to Go 1.19 an assignment to one variable has the position of that variable's name. */
	if (n == 1 && p->codes[first] == CODE_NAME)
		note(p, first, first);
}

/* Behind the keyword: up to the body's brace. */
static void parse_head(struct parser *p, size_t keyword)
{
	bool was_in_head = p->is_in_head;

	p->is_in_head = true;
	while (peek(p) != OP1('{') && peek(p) != OP1('}') && peek(p) != CODE_END) {
		size_t before = p->next;

		if (peek(p) != OP1(';'))
			parse_simple(p);
		if (p->next == before)
			advance(p);
	}
	note(p, keyword, keyword);
	p->is_in_head = was_in_head;
}

/* Names, a type, values. */
static void parse_value_spec(struct parser *p)
{
	size_t first = p->next, at;

	while (accept(p, CODE_NAME) && accept(p, OP1(',')))
		;
	if (p->next > first + 1)
		note_names(p, first, p->next);
	if (begins_type(peek(p)))
		parse_type(p);
	at = p->next;
	if (accept(p, OP1('='))) {
		parse_expressions(p);
		note(p, at, at + 1);
		/* What sets a variable has the position of its name (cmd/compile/internal/pkginit and walk). */
		note_names(p, first, p->next);
	}
	note_statement(p, first);
}

/* Nothing is made by a type or an import. */
static void skip_spec(struct parser *p)
{
	while (peek(p) != OP1(';') && peek(p) != OP1(')') && peek(p) != OP1('}') && peek(p) != CODE_END) {
		if (peek(p) == OP1('(') || peek(p) == OP1('[') || peek(p) == OP1('{'))
			skip_brackets(p);
		else
			advance(p);
	}
}

static void parse_declaration(struct parser *p)
{
	uint32_t code = peek(p);
	size_t keyword = p->next, open;

	advance(p);
	open = p->next;
	if (peek(p) == OP1('(')) {
		advance(p);
		while (!is_at_end(p, open)) {
			size_t before = p->next;

			if (code == KW_VAR || code == KW_CONST)
				parse_value_spec(p);
			else
				skip_spec(p);
			if (p->next == before || peek(p) == OP1(';'))
				advance(p);
		}
		leave(p, open);
	} else if (code == KW_VAR || code == KW_CONST) {
		parse_value_spec(p);
	} else {
		skip_spec(p);
	}
	note(p, keyword, keyword);
}

static void parse_statement(struct parser *p)
{
	size_t first = p->next;

	switch (peek(p)) {
	case OP1('{'):
		parse_block(p);
		return;
	case KW_IF:
	case KW_FOR:
	case KW_SWITCH:
		advance(p);
		parse_head(p, first);
		break; /* the body is a block like others, and so is what an else has */
	case KW_SELECT:
	case KW_ELSE:
	case KW_DEFAULT:
		advance(p);
		return;
	case KW_CASE:
		advance(p);
		parse_simple(p);
		note(p, first, first);
		break;
	case KW_GO:
	case KW_DEFER:
		advance(p);
		parse_expression(p);
		note(p, first, first);
		break;
	case KW_RETURN:
		advance(p);
		parse_expressions(p);
		note(p, first, first);
		break;
	case KW_BREAK:
	case KW_CONTINUE:
	case KW_GOTO:
		advance(p);
		accept(p, CODE_NAME);
		note(p, first, first);
		break;
	case KW_CONST:
	case KW_IMPORT:
	case KW_TYPE:
	case KW_VAR:
		parse_declaration(p);
		return;
	default:
		parse_simple(p);
		break;
	}
	note_statement(p, first);
}

static void parse_block(struct parser *p)
{
	size_t open = p->next;
	bool was_in_head = p->is_in_head;

	p->is_in_head = false;
	if (enter(p)) {
		advance(p);
		while (!is_at_end(p, open)) {
			size_t before = p->next;

			parse_statement(p);
			if (p->next == before) /* a semicolon, a colon, or what does not parse */
				advance(p);
		}
	}
	leave(p, open);
	p->is_in_head = was_in_head;
	p->nesting--;
}

static void parse_function(struct parser *p)
{
	size_t first = p->next;

	advance(p);
	if (peek(p) == OP1('('))
		skip_brackets(p);
	accept(p, CODE_NAME);
	if (peek(p) == OP1('['))
		skip_brackets(p);
	parse_signature(p);
	note(p, first, first);
	if (peek(p) == OP1('{'))
		parse_block(p);
}

void source_extents_find(const struct source_tokens *source)
{
	struct parser p = {.source = source};

	p.codes = xcalloc(source->n, sizeof(*p.codes));
	p.extents = xcalloc(source->n, sizeof(*p.extents));
	p.statements = xcalloc(source->n, sizeof(*p.statements));
	for (size_t i = 0; i < source->n; i++) {
		p.codes[i] = code_of(source, i);
		p.extents[i] = (struct source_extent){.first = (uint32_t)i, .last = (uint32_t)i};
		p.statements[i].first = NO_STATEMENT;
	}
	while (p.next < source->n) {
		size_t before = p.next;

		if (peek(&p) == KW_FUNC)
			parse_function(&p);
		else
			parse_statement(&p);
		if (p.next == before)
			advance(&p);
	}
	for (size_t i = 0; i < source->n; i++) {
		if (p.statements[i].first == NO_STATEMENT)
			p.statements[i] = (struct source_extent){.first = (uint32_t)i, .last = (uint32_t)i};
	}
	free(p.codes);
	source->extents->items = p.extents;
	source->extents->statements = p.statements;
}
