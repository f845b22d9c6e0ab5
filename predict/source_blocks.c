/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which block each token is in, in one pass over the brackets. A file that does not parse costs wrong blocks and
 * nothing else: no step leaves the file, and all go forward.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "predict/source_tokens_internal.h"

#define DEPTH_LIMIT 1000

struct open_block {
	size_t first, last;
	size_t body;	 /* of a function: its brace; 0 of any other */
	bool is_clauses; /* a clause begins at each "case" */
};

struct walk {
	const struct source_tokens *source;
	struct open_block open[DEPTH_LIMIT];
	size_t n;
	bool *is_plain;	  /* per token: a brace that opens no block of its own */
	bool *is_clauses; /* per token: a brace that has clauses */
};

static bool is(const struct walk *w, size_t t, const char *text)
{
	return source_tokens_is(w->source, t, text);
}

static size_t partner(const struct walk *w, size_t t)
{
	return source_tokens_partner(w->source, t);
}

static uint32_t line_of(const struct walk *w, size_t t)
{
	return w->source->items[t].line;
}

static bool opens_type(const struct walk *w, size_t brace)
{
	return brace > 0 && (is(w, brace - 1, "struct") || is(w, brace - 1, "interface"));
}

/* The brace of the body of the function whose keyword is at t; 0 if it is a type. */
static size_t function_body(const struct walk *w, size_t t)
{
	size_t i = t + 1;

	while (i < w->source->n) {
		if (is(w, i, "{")) {
			if (!opens_type(w, i))
				return i;
			i = partner(w, i) + 1;
		} else if (is(w, i, "(") || is(w, i, "[")) {
			i = partner(w, i) + 1;
		} else if (is(w, i, ",") || is(w, i, ")") || is(w, i, "]") || is(w, i, "}") || is(w, i, ";") ||
			   is(w, i, "=") || is(w, i, ":") || is(w, i, ":=")) {
			return 0;
		} else {
			i++;
		}
		if (i < w->source->n &&
		    line_of(w, i) > line_of(w, i - 1)) /* all that a signature ends with ends a line */
			return 0;
	}
	return 0;
}

/* The brace of the body of the statement whose keyword is at t; 0 if there is none. */
static size_t statement_body(const struct walk *w, size_t t, bool *has_range, bool *has_type)
{
	size_t i = t + 1;

	*has_range = *has_type = false;
	while (i < w->source->n) {
		if (is(w, i, "{")) {
			if (!source_tokens_is_literal(w->source, i) && !opens_type(w, i))
				return i;
			i = partner(w, i) + 1;
		} else if (is(w, i, "(") || is(w, i, "[")) {
			*has_type |= is(w, i + 1, "type");
			i = partner(w, i) + 1;
		} else if (is(w, i, "func")) {
			size_t body = function_body(w, i);

			i = body ? partner(w, body) + 1 : i + 1;
		} else if (is(w, i, "}") || is(w, i, ")") || is(w, i, "]")) {
			return 0;
		} else {
			*has_range |= is(w, i, "range");
			i++;
		}
	}
	return 0;
}

/* The last token of an "if" with all that its elses have. */
static size_t chain_end(const struct walk *w, size_t t)
{
	bool has_range, has_type;
	size_t body = statement_body(w, t, &has_range, &has_type), end;

	while (body) {
		end = partner(w, body);
		if (!is(w, end + 1, "else"))
			return end;
		if (is(w, end + 2, "{"))
			return partner(w, end + 2);
		body = is(w, end + 2, "if") ? statement_body(w, end + 2, &has_range, &has_type) : 0;
	}
	return t;
}

/* A block that is a statement: behind another one. A brace that belongs to a head follows it on its line. */
static bool is_statement(const struct walk *w, size_t brace)
{
	size_t before = brace - 1;

	if (brace == 0)
		return false;
	if (is(w, before, "{") || is(w, before, ";") || is(w, before, ":"))
		return true;
	return line_of(w, before) < line_of(w, brace) && !is(w, before, "else") && !is(w, before, "switch") &&
	       !is(w, before, "select");
}

static void push(struct walk *w, struct open_block block)
{
	if (w->n < DEPTH_LIMIT && block.last > block.first)
		w->open[w->n++] = block;
}

/* Up to the next clause, or the end of all. */
static size_t clause_end(const struct walk *w, size_t t, size_t end)
{
	size_t i = t + 1;

	while (i < end && !is(w, i, "case") && !is(w, i, "default"))
		i = is(w, i, "(") || is(w, i, "[") || is(w, i, "{") ? partner(w, i) + 1 : i + 1;
	return (i < end ? i : end) - 1;
}

static void enter_brace(struct walk *w, size_t t)
{
	if (w->is_clauses[t])
		push(w, (struct open_block){.first = t, .last = partner(w, t), .is_clauses = true});
	else if (!w->is_plain[t] && !source_tokens_is_literal(w->source, t) && !opens_type(w, t) && !is_statement(w, t))
		push(w, (struct open_block){.first = t, .last = partner(w, t)});
}

static void enter(struct walk *w, size_t t)
{
	bool has_range = false, has_type = false;
	size_t body;

	if (is(w, t, "{")) {
		enter_brace(w, t);
	} else if (is(w, t, "func")) {
		body = function_body(w, t);
		if (!body)
			return;
		w->is_plain[body] = true;
		push(w, (struct open_block){.first = t, .last = partner(w, body), .body = body});
	} else if (is(w, t, "for")) {
		body = statement_body(w, t, &has_range, &has_type);
		if (!body)
			return;
		w->is_plain[body] = has_range;
		push(w, (struct open_block){.first = t, .last = partner(w, body)});
	} else if (is(w, t, "if") && t > 0 && is(w, t - 1, "else")) {
		push(w, (struct open_block){.first = t, .last = chain_end(w, t)});
	} else if (is(w, t, "switch") || is(w, t, "select")) {
		body = statement_body(w, t, &has_range, &has_type);
		if (!body)
			return;
		w->is_clauses[body] = true;
		if (has_type)
			push(w, (struct open_block){.first = t, .last = partner(w, body)});
	} else if ((is(w, t, "case") || is(w, t, "default")) && w->n && w->open[w->n - 1].is_clauses) {
		push(w, (struct open_block){.first = t, .last = clause_end(w, t, w->open[w->n - 1].last)});
	}
}

struct source_block *source_blocks_find(const struct source_tokens *source)
{
	struct source_block *blocks = xcalloc(source->n + 1, sizeof(*blocks));
	struct walk *w = xcalloc(1, sizeof(*w));

	w->source = source;
	w->is_plain = xcalloc(source->n + 1, sizeof(*w->is_plain));
	w->is_clauses = xcalloc(source->n + 1, sizeof(*w->is_clauses));
	for (size_t t = 0; t < source->n; t++) {
		while (w->n && w->open[w->n - 1].last < t)
			w->n--;
		enter(w, t);
		if (w->n) {
			const struct open_block *top = &w->open[w->n - 1];

			blocks[t] = (struct source_block){.first = (uint32_t)top->first,
							  .last = (uint32_t)top->last,
							  .is_known = true,
							  .is_parameter = t < top->body};
		}
	}
	free(w->is_plain);
	free(w->is_clauses);
	free(w);
	return blocks;
}
