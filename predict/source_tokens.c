/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/source_tokens_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "predict/lexer.h"
#include "predict/line_directives.h"

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static void add_token(struct source_tokens *source, const struct token *token, const struct line_base *base,
		      bool is_renamed)
{
	ARRAY_GROW(source->items, source->n + 1, source->alloc);
	source->items[source->n++] = (struct source_token){
		.offset = (uint32_t)(token->text - source->text),
		.length = (uint32_t)token->length,
		.line = (uint32_t)token->line,
		.column = (uint32_t)token->column,
		.partner = NO_PARTNER,
		.reported = line_base_report(base, token->line, token->column),
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

	source->extents = xcalloc(1, sizeof(*source->extents));
	source->size = text->len;
	source->text = strbuf_detach(text);
	lexer_init(&lexer, source->text, source->size);
	while (source->size < UINT32_MAX && source->n <= SOURCE_TOKENS_MAX && lexer_next(&lexer, &token)) {
		if (token.kind == TOKEN_COMMENT) {
			if (line_base_read(&base, &token))
				is_renamed = source->has_directives = true;
			continue;
		}
		add_token(source, &token, &base, is_renamed);
		is_renamed = false;
	}
	if (lexer.malformed || source->n == 0 || source->n + (size_t)lexer.line > SOURCE_TOKENS_MAX ||
	    source->size >= UINT32_MAX || !pair_brackets(source)) {
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
	free(source->extents->items);
	free(source->extents->statements);
	free(source->extents);
	free(source);
}

bool source_tokens_has_directives(const struct source_tokens *source)
{
	return source->has_directives;
}

size_t source_tokens_count(const struct source_tokens *source)
{
	return source->n;
}

struct source_position source_tokens_position(const struct source_tokens *source, size_t index)
{
	return source->items[index].reported;
}

struct source_position source_tokens_place(const struct source_tokens *source, size_t index)
{
	struct source_position pos = source->items[index].reported;

	if (!source->has_directives || !pos.column)
		pos.column = (int)source->items[index].column;
	return pos;
}

/* An operator behind which the language puts no semicolon where the line ends. */
static bool can_break_behind(const struct source_tokens *source, size_t i)
{
	static const char *const ends[] = {")", "]", "}", "++", "--"};
	const struct source_token *token = &source->items[i];

	if (token->kind != TOKEN_OPERATOR)
		return false;
	for (size_t k = 0; k < ARRAY_SIZE(ends); k++) {
		if (token->length == strlen(ends[k]) &&
		    memcmp(source->text + token->offset, ends[k], token->length) == 0)
			return false;
	}
	return true;
}

static size_t count_newlines(const char *text, size_t n)
{
	size_t count = 0;

	for (const char *at = text; (at = memchr(at, '\n', (size_t)(text + n - at))); at++)
		count++;
	return count;
}

/*
 * Each directive costs the compiler the most of what a copy costs beyond its source: there is none where lines come
 * right by themselves, by line ends that are there or may be added. Nothing has the position of a comma, or of a
 * bracket that closes but a block's or a literal's (cmd/compile/internal/syntax/nodes.go).
 */
void source_tokens_copy(const struct source_tokens *source, const char *name, struct strbuf *out)
{
	size_t done = 0, line = 0; /* the number of the line that the copy has come to, 0 before the first directive */

	for (size_t i = 0; i < source->n; i++) {
		const struct source_token *token = &source->items[i];
		const char *before = source->text + done;
		size_t n = token->offset - done;
		bool may_break = i > 0 && can_break_behind(source, i - 1);

		strbuf_add(out, before, n);
		line += count_newlines(before, n);
		done = token->offset;
		if (!token->is_renamed && is_one_of(source, i, ",)]"))
			continue;
		/*
		 * The inliner takes calls for recursive where lines and columns of the file itself are the same, and
		 * columns end at 255 there too: lines stay short where that changes nothing. Behind a division the
		 * directive's slash would begin another comment, too.
		 */
		if (may_break && line <= i) {
			strbuf_addch(out, '\n');
			line++;
		}
		if (may_break && line == i) { /* behind a comma */
			strbuf_addch(out, '\n');
			line++;
		}
		if (token->is_renamed || line != i + 1)
			strbuf_addf(out, "/*line %s:%zu:1*/", token->is_renamed ? name : "", i + 1);
		line = i + 1;
	}
	strbuf_add(out, source->text + done, source->size - done);
}

/* ---- extents ----------------------------------------------------------------------------------------------------- */

static bool is_text(const struct source_tokens *source, size_t i, const char *text)
{
	const struct source_token *token = &source->items[i];

	return strlen(text) == token->length && memcmp(source->text + token->offset, text, token->length) == 0;
}

/* They are found once somebody asks. */
static const struct source_extents *extents_of(const struct source_tokens *source)
{
	if (!source->extents->items)
		source_extents_find(source);
	return source->extents;
}

void source_tokens_extent(const struct source_tokens *source, size_t index, size_t *first, size_t *last)
{
	const struct source_extents *extents = extents_of(source);

	*first = extents->items[index].first;
	*last = extents->items[index].last;
}

void source_tokens_statement(const struct source_tokens *source, size_t index, size_t *first, size_t *last)
{
	const struct source_extents *extents = extents_of(source);

	*first = extents->statements[index].first;
	*last = extents->statements[index].last;
}

/* The composite literal that the tokens from first to last are. */
static size_t literal_of(const struct source_tokens *source, size_t first, size_t last)
{
	size_t brace, begin, end;

	if (last < first || !is_one_of(source, last, "}"))
		return SOURCE_NO_TOKEN;
	brace = source->items[last].partner;
	source_tokens_extent(source, brace, &begin, &end);
	return begin == first && end == last ? brace : SOURCE_NO_TOKEN;
}

bool source_tokens_is(const struct source_tokens *source, size_t index, const char *text)
{
	return index < source->n && is_text(source, index, text);
}

bool source_tokens_is_literal(const struct source_tokens *source, size_t index)
{
	size_t first, last;

	if (!is_one_of(source, index, "{"))
		return false;
	source_tokens_extent(source, index, &first, &last);
	return last == source->items[index].partner;
}

size_t source_tokens_literal_around(const struct source_tokens *source, size_t index)
{
	for (size_t i = index; i-- > 0;) {
		if (is_one_of(source, i, ")]}"))
			i = source->items[i].partner;
		else if (is_one_of(source, i, "([{"))
			return source_tokens_is_literal(source, i) ? i : SOURCE_NO_TOKEN;
	}
	return SOURCE_NO_TOKEN;
}

size_t source_tokens_partner(const struct source_tokens *source, size_t index)
{
	return source->items[index].partner;
}

/* "x[", "f()[", "T{}[", which map types are not. */
static bool is_index_expression(const struct source_tokens *source, size_t i)
{
	return i > 0 && is_one_of(source, i, "[") && !is_text(source, i - 1, "map") &&
	       (source->items[i - 1].kind == TOKEN_WORD || is_one_of(source, i - 1, ")}"));
}

bool source_tokens_has_index_beside(const struct source_tokens *source, size_t index)
{
	const struct source_token *items = source->items;
	size_t first, last, end = items[index].partner;

	source_tokens_extent(source, index, &first, &last);
	for (size_t i = first; i-- > 0 && items[i].line == items[index].line;) {
		if (is_index_expression(source, i))
			return true;
	}
	for (size_t i = end + 1; i < source->n && items[i].line == items[end].line; i++) {
		if (is_index_expression(source, i))
			return true;
	}
	return false;
}

bool source_tokens_next_element(const struct source_tokens *source, size_t index, size_t *at,
				struct source_element *element)
{
	size_t first = *at ? *at : index + 1, end, i;

	if (!is_one_of(source, index, "{"))
		return false;
	end = source->items[index].partner;
	if (first >= end)
		return false;
	*element = (struct source_element){.key_first = first, .key_last = first - 1};
	for (i = first; i < end && !is_one_of(source, i, ","); i++) {
		if (is_one_of(source, i, "([{")) {
			i = source->items[i].partner;
		} else if (is_one_of(source, i, ":") && element->key_last < element->key_first) {
			element->key_last = i - 1;
			first = i + 1;
		}
	}
	element->brace = literal_of(source, first, i - 1);
	*at = i + 1;
	return true;
}

/* A decimal number without a leading zero, which is an octal number's, or an underscore. */
static bool is_index(const struct source_tokens *source, size_t i, uint64_t *index)
{
	const struct source_token *token = &source->items[i];
	const char *text = source->text + token->offset;

	if (token->length > 9 || (text[0] == '0' && token->length > 1))
		return false;
	*index = 0;
	for (size_t k = 0; k < token->length; k++) {
		if (text[k] < '0' || text[k] > '9')
			return false;
		*index = *index * 10 + (uint64_t)(text[k] - '0');
	}
	return true;
}

uint64_t source_tokens_length(const struct source_tokens *source, size_t index)
{
	struct source_element element;
	uint64_t length = 0, next = 0;
	size_t at = 0;

	while (source_tokens_next_element(source, index, &at, &element)) {
		if (element.key_last > element.key_first)
			return SOURCE_NO_LENGTH;
		if (element.key_last == element.key_first && !is_index(source, element.key_first, &next))
			return SOURCE_NO_LENGTH;
		next++;
		if (next > length)
			length = next;
	}
	return length;
}

/* A function literal has an extent, up to its body's brace; a type has none. */
static bool is_function_literal(const struct source_tokens *source, size_t i)
{
	size_t first, last;

	if (!is_text(source, i, "func"))
		return false;
	source_tokens_extent(source, i, &first, &last);
	return last > i;
}

static void add_on_one_line(struct strbuf *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strbuf_addch(out, strchr("\n\t\r", text[i]) ? ' ' : text[i]);
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
		if (is_function_literal(source, i)) {
			size_t literal;

			strbuf_addstr(out, "func literal");
			source_tokens_extent(source, i, &literal, &i);
		} else {
			add_on_one_line(out, source->text + token->offset, token->length);
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
