/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/growth_source.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "predict/lexer.h"

/* The tokens of a declaration at the top of a file, without comments. */
struct function {
	struct token *tokens;
	size_t n, alloc;
	size_t body; /* the brace that opens it */
};

static bool is_type_brace(const struct function *f)
{
	return f->n && (token_is(&f->tokens[f->n - 1], "struct") || token_is(&f->tokens[f->n - 1], "interface"));
}

/* The function declaration around a line; false if there is none. To be released. */
static bool function_at(struct function *f, const char *source, size_t size, int line)
{
	struct lexer lexer;
	struct token token;
	long depth = 0, type_depth = 0;
	bool is_inside = false;

	*f = (struct function){.n = 0};
	for (lexer_init(&lexer, source, size); lexer_next(&lexer, &token);) {
		if (token.kind == TOKEN_COMMENT)
			continue;
		if (depth == 0 && token.column == 1 && token_is(&token, "func")) {
			if (token.line > line)
				break;
			is_inside = true;
			f->n = f->body = 0;
		}
		if (!is_inside)
			continue;
		if (token_is(&token, "{")) {
			if (!f->body && (type_depth || is_type_brace(f)))
				type_depth++;
			else if (!f->body)
				f->body = f->n;
		}
		depth += token_is(&token, "{") || token_is(&token, "(") || token_is(&token, "[");
		depth -= token_is(&token, "}") || token_is(&token, ")") || token_is(&token, "]");
		if (token_is(&token, "}") && type_depth)
			type_depth--;
		ARRAY_GROW(f->tokens, f->n + 1, f->alloc);
		f->tokens[f->n++] = token;
		if (depth > 0 || !f->body || !token_is(&token, "}"))
			continue;
		if (token.line >= line)
			return true;
		is_inside = false;
		depth = 0;
	}
	free(f->tokens);
	return false;
}

static bool is_at(const struct function *f, size_t i, const char *text)
{
	return i < f->n && token_is(&f->tokens[i], text);
}

/* Whether the token is the variable's name, and not that of a field, a method, a key or a label. */
static bool is_name(const struct function *f, size_t i, const char *name)
{
	return is_at(f, i, name) && !(i && is_at(f, i - 1, ".")) && !is_at(f, i + 1, ":");
}

static bool begins_line(const struct function *f, size_t i)
{
	return i == 0 || f->tokens[i - 1].line < f->tokens[i].line || is_at(f, i - 1, "{") || is_at(f, i - 1, ";");
}

/* The last token of the line that a token stands on. */
static size_t line_end(const struct function *f, size_t i)
{
	while (i + 1 < f->n && f->tokens[i + 1].line == f->tokens[i].line)
		i++;
	return i;
}

/* "var name []T": nothing is assigned. */
static bool is_empty_var(const struct function *f, size_t i)
{
	if (!i || !is_at(f, i - 1, "var") || !is_at(f, i + 1, "[") || !is_at(f, i + 2, "]"))
		return false;
	for (size_t k = i, end = line_end(f, i); k <= end; k++) {
		if (is_at(f, k, "="))
			return false;
	}
	return true;
}

/* "name := []T{}", "name := make([]T, 0)", "name := make([]T, 0, n)" */
static bool is_empty_value(const struct function *f, size_t i)
{
	size_t end = line_end(f, i), depth = 0;

	if (!begins_line(f, i) || !is_at(f, i + 1, ":="))
		return false;
	if (is_at(f, i + 2, "[") && is_at(f, i + 3, "]"))
		return is_at(f, end, "}") && is_at(f, end - 1, "{");
	if (!is_at(f, i + 2, "make") || !is_at(f, i + 3, "(") || !is_at(f, i + 4, "[") || !is_at(f, i + 5, "]"))
		return false;
	for (size_t k = i + 3; k <= end; k++) {
		depth += is_at(f, k, "(") || is_at(f, k, "[") || is_at(f, k, "{");
		depth -= is_at(f, k, ")") || is_at(f, k, "]") || is_at(f, k, "}");
		if (depth == 1 && is_at(f, k, ","))
			return is_at(f, k + 1, "0") && (is_at(f, k + 2, ")") || is_at(f, k + 2, ","));
	}
	return false;
}

/* "name = append(name": the name before and the name within. */
static bool is_growth(const struct function *f, size_t i, const char *name)
{
	if (is_at(f, i + 1, "="))
		return begins_line(f, i) && is_at(f, i + 2, "append") && is_at(f, i + 3, "(") && is_at(f, i + 4, name);
	return i >= 4 && is_at(f, i - 1, "(") && is_at(f, i - 2, "append") && is_at(f, i - 3, "=") &&
	       is_at(f, i - 4, name) && begins_line(f, i - 4) && is_at(f, i + 1, ",");
}

/* Whether a use of a slice is one that leaves it as it is, and makes nothing of it that could grow. */
static bool is_plain_use(const struct function *f, size_t i)
{
	static const char *const before[] = {"return", "range", "=", ":=", "(", ","};

	if (is_at(f, i + 1, "=") || is_at(f, i + 1, ":=") || is_at(f, i + 1, "==") || is_at(f, i + 1, "!="))
		return false;
	if (is_at(f, i + 1, "[")) { /* an element; not name[:0], nor a parameter or a variable "name []T" */
		for (size_t k = i + 2, depth = 1; k < f->n && depth; k++) {
			depth += is_at(f, k, "[");
			depth -= is_at(f, k, "]");
			if (depth && is_at(f, k, ":"))
				return false;
		}
		return !is_at(f, i + 2, "]");
	}
	if (i + 1 < f->n && f->tokens[i + 1].kind == TOKEN_WORD && f->tokens[i + 1].line == f->tokens[i].line)
		return false; /* "name T" */
	if (is_at(f, i - 1, "(") && is_at(f, i - 2, "append"))
		return false;
	if (is_at(f, i + 1, ",") && begins_line(f, i))
		return false;
	for (size_t k = 0; k < ARRAY_SIZE(before); k++) {
		if (is_at(f, i - 1, before[k]))
			return true;
	}
	return false;
}

bool growth_begins_empty(const char *source, size_t size, int line, const char *name)
{
	size_t n_declared = 0, n_grown = 0;
	struct function f;
	bool ok = true;

	if (!function_at(&f, source, size, line))
		return false;
	for (size_t i = 0; i < f.n && ok; i++) {
		if (!is_name(&f, i, name))
			continue;
		if (i < f.body) { /* a parameter, a result, the receiver or the function */
			ok = false;
		} else if (is_empty_var(&f, i) || is_empty_value(&f, i)) {
			ok = n_declared++ == 0 && f.tokens[i].line < line;
		} else if (is_growth(&f, i, name)) {
			n_grown += f.tokens[i].line == line;
		} else {
			ok = is_plain_use(&f, i);
		}
	}
	free(f.tokens);
	return ok && n_declared == 1 && n_grown == 2; /* one append, which has the name twice */
}

/* ---- builders --------------------------------------------------------------------------------------------------- */

static bool is_write(const struct function *f, size_t i)
{
	static const char *const methods[] = {"WriteByte", "WriteString", "WriteRune", "Write"};

	for (size_t k = 0; k < ARRAY_SIZE(methods); k++) {
		if (is_at(f, i, methods[k]))
			return is_at(f, i - 1, ".") && is_at(f, i + 1, "(") && i >= 2;
	}
	return false;
}

/* "var name strings.Builder" */
static bool is_builder(const struct function *f, size_t i)
{
	return i && is_at(f, i - 1, "var") && is_at(f, i + 1, "strings") && is_at(f, i + 2, ".") &&
	       is_at(f, i + 3, "Builder") && line_end(f, i) == i + 3;
}

static bool is_reading(const struct function *f, size_t i)
{
	return is_at(f, i + 1, ".") &&
	       (is_at(f, i + 2, "String") || is_at(f, i + 2, "Len") || is_at(f, i + 2, "Cap")) && is_at(f, i + 3, "(");
}

/* The one write on a line, by the builder's name; f->n if there is none, or more. */
static size_t write_on(const struct function *f, int line)
{
	size_t found = f->n;

	for (size_t i = f->body; i < f->n; i++) {
		if (f->tokens[i].line != line || !is_write(f, i))
			continue;
		if (found < f->n)
			return f->n;
		found = i - 2;
	}
	return found;
}

bool growth_is_alone(const char *source, size_t size, int line)
{
	size_t n_declared = 0, at;
	struct function f;
	bool ok;
	char *name;

	if (!function_at(&f, source, size, line))
		return false;
	at = write_on(&f, line);
	ok = at < f.n && f.tokens[at].kind == TOKEN_WORD && !is_at(&f, at - 1, ".");
	name = ok ? xstrndup(f.tokens[at].text, f.tokens[at].length) : NULL;
	for (size_t i = 0; i < f.n && ok; i++) {
		if (!is_name(&f, i, name) || i == at)
			continue;
		if (is_builder(&f, i))
			ok = n_declared++ == 0 && f.tokens[i].line < line;
		else
			ok = i > f.body && is_reading(&f, i);
	}
	free(name);
	free(f.tokens);
	return ok && n_declared == 1;
}
