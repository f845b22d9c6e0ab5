/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/prediction.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "predict/diagnostics.h"
#include "predict/flow.h"

const char *claim_name(enum claim claim)
{
	return claim == CLAIM_HEAP ? "heap" : "stack";
}

const char *expr_kind_name(enum expr_kind kind)
{
	switch (kind) {
	case EXPR_OTHER:
		return "operand";
	case EXPR_MOVED:
		return "moved variable";
	case EXPR_COMPOSITE:
		return "composite";
	case EXPR_NEW:
		return "new";
	case EXPR_MAKE_SLICE:
		return "make slice";
	case EXPR_MAKE_MAP:
		return "make map";
	case EXPR_MAKE_CHAN:
		return "make chan";
	case EXPR_SLICE_LIT:
		return "slice literal";
	case EXPR_FUNC_LIT:
		return "func literal";
	case EXPR_METHOD_VALUE:
		return "method value";
	case EXPR_ARGUMENT:
		return "argument";
	case EXPR_CONCAT:
		return "concatenation";
	case EXPR_STRING_CONV:
		return "string conversion";
	case EXPR_APPEND:
		return "append";
	case EXPR_CONSTANT:
		return "constant";
	}
	return "operand";
}

struct predictions *predictions_new(void)
{
	struct predictions *set = xcalloc(1, sizeof(*set));

	set->pool = strpool_new();
	set->flow = flow_table_new(set->pool);
	return set;
}

void predictions_free(struct predictions *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n; i++)
		free(set->items[i].inlined);
	free(set->items);
	free(set->packages);
	free(set->declarations);
	free(set->instances);
	columns_free(set->columns);
	flow_table_free(set->flow);
	strpool_free(set->pool);
	free(set);
}

struct prediction *predictions_add(struct predictions *set)
{
	struct prediction *p;

	ARRAY_GROW(set->items, set->n + 1, set->alloc);
	p = &set->items[set->n++];
	memset(p, 0, sizeof(*p));
	return p;
}

void predictions_explain(struct predictions *set, struct prediction *p, const char *const *lines, size_t n)
{
	const struct flow_step **flow = flow_array(set->flow, n);

	for (size_t i = 0; i < n; i++)
		flow[i] = flow_add_line(set->flow, lines[i], strlen(lines[i]));
	p->flow = flow;
	p->n_flow = n;
}

struct declaration *predictions_declare(struct predictions *set)
{
	ARRAY_GROW(set->declarations, set->n_declarations + 1, set->alloc_declarations);
	set->declarations[set->n_declarations] = (struct declaration){.line = 0};
	return &set->declarations[set->n_declarations++];
}

void predictions_add_instance(struct predictions *set, const char *name)
{
	ARRAY_GROW(set->instances, set->n_instances + 1, set->alloc_instances);
	set->instances[set->n_instances++] = name;
}

void predictions_add_package(struct predictions *set, const char *path)
{
	size_t n = set->n_packages;

	if ((n & (n - 1)) == 0) /* 0 or a power of two: full */
		set->packages = xreallocarray(set->packages, n ? n * 2 : 1, sizeof(*set->packages));
	set->packages[set->n_packages++] = path;
}

/* ---- the grammar of an expression's text ---- */

static bool starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool ends(const char *s, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len >= n && memcmp(s + len - n, suffix, n) == 0;
}

/* The index behind the quoted text that starts at s[i]; len where it has no end. */
static size_t skip_quoted(const char *s, size_t len, size_t i)
{
	size_t string = s[i] == '"' ? diagnostics_string_length(s + i, len - i) : 0;
	char quote = s[i++];

	if (string)
		return i - 1 + string;

	while (i < len && s[i] != quote)
		i += s[i] == '\\' && quote != '`' ? 2 : 1;
	return i < len ? i + 1 : len;
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'' || c == '`';
}

/* Whether the bracket opened at s[open] closes with the last byte. */
static bool closes_last(const char *s, size_t len, size_t open)
{
	size_t depth = 0;

	for (size_t i = open; i < len;) {
		char c = s[i];

		if (is_quote(c)) {
			i = skip_quoted(s, len, i);
			continue;
		}
		if (c == '(' || c == '[' || c == '{') {
			depth++;
		} else if (c == ')' || c == ']' || c == '}') {
			if (depth <= 1)
				return i == len - 1;
			depth--;
		}
		i++;
	}
	return false;
}

bool expr_argument(const char *s, size_t len, size_t open, size_t nth, size_t *start, size_t *end)
{
	size_t depth = 0, begin = open + 1;

	for (size_t i = open; i < len;) {
		char c = s[i];

		if (is_quote(c)) {
			i = skip_quoted(s, len, i);
			continue;
		}
		if (c == '(' || c == '[' || c == '{')
			depth++;
		else if (c == ')' || c == ']' || c == '}')
			depth--;
		if (depth == 0 || (c == ',' && depth == 1)) {
			if (nth-- == 0) {
				*start = begin;
				*end = i;
				return true;
			}
			if (depth == 0)
				return false;
			begin = i + 1;
			begin += begin < len && s[begin] == ' ';
		}
		i++;
	}
	return false;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_number(const char *s, size_t len)
{
	size_t i = len && (s[0] == '-' || s[0] == '+') ? 1 : 0;

	if (i == len || !(is_digit(s[i]) || (s[i] == '.' && i + 1 < len && is_digit(s[i + 1]))))
		return false;
	for (; i < len; i++) {
		char c = s[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && !is_digit(c) && c != '.' && c != '_' && c != '+' && c != '-')
			return false;
	}
	return true;
}

static bool is_word(const char *s, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(s, word, len) == 0;
}

static bool is_constant(const char *s, size_t len)
{
	if (len && s[0] == '"')
		return diagnostics_string_length(s, len) == len;
	if (len && is_quote(s[0]))
		return skip_quoted(s, len, 0) == len && len > 1 && s[len - 1] == s[0];
	if (len > 2 && s[0] == '(' && closes_last(s, len, 0) && is_digit(s[s[1] == '-' ? 2 : 1])) {
		for (size_t i = 1; i < len - 1; i++) { /* a complex number: (1 + 2i) */
			if (!is_digit(s[i]) && !strchr(" +-.ei", s[i]))
				return false;
		}
		return true;
	}
	return is_number(s, len) || is_word(s, len, "true") || is_word(s, len, "false") || is_word(s, len, "nil");
}

/*
 * A binary operator at the blank before it, s[i]: its length, blanks included. The compiler prints blanks on both sides
 * of one (cmd/compile/internal/ir, fmt.go). Others are within an operand: "struct { a string }{...}.a", "func(int)
 * string", "func literal(n)", "<node unsafe.String>".
 */
static size_t operator_length(const char *s, size_t len, size_t i)
{
	size_t end = i + 1;

	while (end < len && strchr("+-*/%&|^<>=!", s[end]))
		end++;
	return end > i + 1 && end < len && s[end] == ' ' ? end + 1 - i : 0;
}

size_t expr_summands(const char *s, size_t len)
{
	size_t depth = 0, n = 1;

	for (size_t i = 0; i < len;) {
		size_t operator= depth == 0 && s[i] == ' ' ? operator_length(s, len, i) : 0;

		if (is_quote(s[i])) {
			i = skip_quoted(s, len, i);
			continue;
		}
		if (s[i] == '(' || s[i] == '[' || s[i] == '{')
			depth++;
		else if ((s[i] == ')' || s[i] == ']' || s[i] == '}') && depth)
			depth--;
		n += operator> 0;
		i += operator? operator: 1;
	}
	return n;
}

/*
 * An expression of operands joined with " + " at its outermost level, and nothing looser or tighter there. Numbers are
 * added too: an operand that is one decides; without one, text cannot tell a sum that is boxed from a concatenation.
 */
static enum expr_kind kind_of_sum(const char *s, size_t len)
{
	size_t depth = 0, start = 0, operands = 0, constants = 0;
	bool number = false;

	for (size_t i = 0; i <= len;) {
		char c = i < len ? s[i] : '\0';
		size_t operator= depth == 0 && c == ' ' ? operator_length(s, len, i) : 0;

		if (i == len || operator) {
			size_t n = i - start;

			if (n == 0 || (operator&& !is_word(s + i, operator, " + ")))
				return EXPR_OTHER;
			operands++;
			constants += is_constant(s + start, n);
			number |= is_number(s + start, n) || s[start] == '\'';
			i += i < len ? operator: 1;
			start = i;
			continue;
		}
		if (is_quote(c)) {
			i = skip_quoted(s, len, i);
			continue;
		}
		if (c == '(' || c == '[' || c == '{') {
			depth++;
		} else if (c == ')' || c == ']' || c == '}') {
			if (depth == 0)
				return EXPR_OTHER;
			depth--;
		}
		i++;
	}
	if (constants == operands)
		return EXPR_CONSTANT;
	return operands > 1 && !number ? EXPR_CONCAT : EXPR_OTHER;
}

bool expr_is_application(const char *expr)
{
	size_t len = strlen(expr), depth = 0, open = 0;

	for (size_t i = 0; i < len;) {
		if (is_quote(expr[i])) {
			i = skip_quoted(expr, len, i);
			continue;
		}
		if (expr[i] == '(' && depth == 0)
			open = i;
		if (expr[i] == ' ' && depth == 0) /* an operator, or "func literal" */
			return false;
		if (strchr("([{", expr[i]))
			depth++;
		else if (strchr(")]}", expr[i]) && depth)
			depth--;
		i++;
	}
	return open && closes_last(expr, len, open);
}

/* The compiler prints a blank on each side of a binary operator. */
bool expr_is_boolean(const char *expr)
{
	static const char *const operators[] = {" == ", " != ", " < ", " <= ", " > ", " >= ", " && ", " || "};
	size_t len = strlen(expr), depth = 0;

	if (*expr == '!')
		return true;
	for (size_t i = 0; i < len;) {
		if (is_quote(expr[i])) {
			i = skip_quoted(expr, len, i);
			continue;
		}
		if (strchr("([{", expr[i]))
			depth++;
		else if (strchr(")]}", expr[i]) && depth)
			depth--;
		for (size_t k = 0; depth == 0 && k < ARRAY_SIZE(operators); k++) {
			if (strncmp(expr + i, operators[k], strlen(operators[k])) == 0)
				return true;
		}
		i++;
	}
	return false;
}

/* What make makes of a type. EXPR_OTHER: its name does not say. */
static enum expr_kind kind_of_made(const char *type)
{
	if (*type == '[')
		return EXPR_MAKE_SLICE;
	if (starts(type, "map["))
		return EXPR_MAKE_MAP;
	if (starts(type, "chan ") || starts(type, "chan<-") || starts(type, "<-chan"))
		return EXPR_MAKE_CHAN;
	return EXPR_OTHER;
}

bool expr_makes_named(const char *expr)
{
	return starts(expr, "make(") && kind_of_made(expr + 5) == EXPR_OTHER;
}

enum expr_kind expr_kind_of(const char *expr)
{
	static const char *const conversions[] = {"string(", "([]byte)(",  "([]rune)(",	 "[]byte(",
						  "[]rune(", "([]uint8)(", "([]int32)(", "[]uint8("};
	size_t len = strlen(expr);

	if (len == 0)
		return EXPR_OTHER;
	if (strcmp(expr, "... argument") == 0)
		return EXPR_ARGUMENT;
	if (strcmp(expr, "func literal") == 0)
		return EXPR_FUNC_LIT;
	if (strcmp(expr, "append") == 0)
		return EXPR_APPEND;
	if (is_constant(expr, len))
		return EXPR_CONSTANT;
	if (expr[0] == '&' && (expr[len - 1] == '}' || ends(expr, len, " literal")))
		return EXPR_COMPOSITE;
	if (starts(expr, "new(") && closes_last(expr, len, 3))
		return EXPR_NEW;
	if (starts(expr, "make(") && closes_last(expr, len, 4)) {
		enum expr_kind made = kind_of_made(expr + 5);
		size_t start, end;

		if (made != EXPR_OTHER)
			return made;
		return expr_argument(expr, len, 4, 1, &start, &end) ? EXPR_MAKE_SLICE : EXPR_MAKE_MAP;
	}
	if (starts(expr, "[]") && (expr[len - 1] == '}' || ends(expr, len, " literal")))
		return EXPR_SLICE_LIT;
	if (starts(expr, "map[") && (expr[len - 1] == '}' || ends(expr, len, " literal")))
		return EXPR_MAKE_MAP;
	for (size_t i = 0; i < ARRAY_SIZE(conversions); i++) {
		if (starts(expr, conversions[i]) && closes_last(expr, len, strlen(conversions[i]) - 1))
			return EXPR_STRING_CONV;
	}
	return kind_of_sum(expr, len);
}
