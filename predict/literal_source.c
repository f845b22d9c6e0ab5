/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/literal_source.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/u64map.h"
#include "predict/source_tokens.h"

#define SOURCE_LIMIT (64u << 20) /* bytes of one file */

/* "map[string]T{...}"; a named type's reads like a struct's. */
static bool may_be_map(const struct prediction *p)
{
	size_t n = p->expr ? strlen(p->expr) : 0;

	return (p->kind == EXPR_MAKE_MAP || p->kind == EXPR_OTHER) && n > 5 && strcmp(p->expr + n - 5, "{...}") == 0;
}

/* Where the literal itself stands, which is inlined perhaps. */
static const struct position *place_of(const struct prediction *p)
{
	return p->n_inlined ? &p->inlined[p->n_inlined - 1] : &p->pos;
}

struct claim_at {
	const char *file;
	size_t index;
};

static int compare_claims(const void *a, const void *b)
{
	const struct claim_at *x = a, *y = b;
	int order = strcmp(x->file, y->file);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* NULL if the file is not found, or is none that the compiler has read as it is. */
static struct source_tokens *read_source(const struct predictions *set, const struct source_names *names,
					 const char *file)
{
	const char *directory = set->build.directory;
	struct source_name source = source_names_find(names, NULL, file);
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	struct source_tokens *tokens = NULL;
	const char *contents;

	if (!source.path && !source.is_rewritten && directory && directory[0] == '/' && file[0] != '<') {
		path_clean(&path, directory, file);
		source = source_names_find(names, NULL, strbuf_str(&path));
	}
	contents = source.path && !source.is_rewritten ? overlay_contents(names->overlay, source.path) : NULL;
	if (contents && strbuf_read_file(&text, contents, SOURCE_LIMIT) == 0)
		tokens = source_tokens_new(&text);
	strbuf_release(&text);
	strbuf_release(&path);
	return tokens;
}

/* Columns beyond the last one are none, as in diagnostics. */
static uint64_t position_key(int line, int column)
{
	return (uint64_t)(uint32_t)line << 32 | (uint32_t)(column < SOURCE_COLUMN_BEYOND ? column : 0);
}

static void describe(struct literal_source *literal, const struct source_tokens *source, size_t brace)
{
	struct source_element element;
	size_t at = 0, last = source_tokens_partner(source, brace);
	struct source_position end = source_tokens_position(source, last);

	*literal = (struct literal_source){.last_line = end.line, .last_column = end.column};
	while (source_tokens_next_element(source, brace, &at, &element))
		literal->n_elements++;
	literal->is_alone = !source_tokens_has_index_beside(source, brace);
	for (size_t t = brace; t < last && !literal->has_function; t++)
		literal->has_function = source_tokens_is(source, t, "func");
}

/* Whether a token opens a literal that is no slice's or array's by its text. */
static bool opens_literal(const struct source_tokens *source, size_t token)
{
	size_t first, last;

	if (!source_tokens_is(source, token, "{") || !source_tokens_is_literal(source, token))
		return false;
	source_tokens_extent(source, token, &first, &last);
	return !source_tokens_is(source, first, "[");
}

static bool is_column(int column)
{
	return column > 0 && column < SOURCE_COLUMN_BEYOND;
}

/* Zeroed where the compiler has no column for it, or none for the token. */
static struct source_position statement_of(const struct source_tokens *source, size_t token)
{
	struct source_position pos = source_tokens_position(source, token);
	size_t first, last;

	if (!is_column(pos.column))
		return (struct source_position){.line = 0};
	source_tokens_statement(source, token, &first, &last);
	pos = source_tokens_position(source, first);
	return is_column(pos.column) ? pos : (struct source_position){.line = 0};
}

/*
 * n claims in one file, whose tokens are gone through once. Where columns are none, claims of a line have one position:
 * they are of its only literal.
 */
static void find_in(struct predictions *set, const struct source_tokens *source, const struct claim_at *claims,
		    size_t n)
{
	struct u64map at = U64MAP_INIT; /* position -> the last claim there, + 1 */
	size_t *next = xcalloc(n, sizeof(*next)), *n_braces = xcalloc(n, sizeof(*n_braces));

	for (size_t i = 0; i < n; i++) {
		const struct position *pos = place_of(&set->items[claims[i].index]);
		uint64_t *last = u64map_at(&at, position_key(pos->line, pos->column), NULL);

		next[i] = *last;
		*last = i + 1;
	}
	for (size_t t = 0; t < source_tokens_count(source); t++) {
		struct source_position pos = source_tokens_position(source, t);
		const uint64_t *last = u64map_find(&at, position_key(pos.line, pos.column));

		for (size_t i = last ? *last : 0; i; i = next[i - 1]) {
			struct prediction *p = &set->items[claims[i - 1].index];

			if (p->claim == CLAIM_HEAP)
				p->statement = statement_of(source, t);
			if (may_be_map(p) && opens_literal(source, t) && n_braces[i - 1]++ == 0)
				describe(&p->literal, source, t);
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (n_braces[i] > 1)
			set->items[claims[i].index].literal = (struct literal_source){.last_line = 0};
	}
	free(next);
	free(n_braces);
	u64map_release(&at);
}

void literal_source_find(struct predictions *set, const struct source_names *names)
{
	struct claim_at *claims = xcalloc(set->n + 1, sizeof(*claims));
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		const struct position *pos = place_of(&set->items[i]);

		if ((set->items[i].claim == CLAIM_HEAP || may_be_map(&set->items[i])) && pos->file && pos->line > 0)
			claims[n++] = (struct claim_at){pos->file, i};
	}
	qsort(claims, n, sizeof(*claims), compare_claims);
	for (size_t i = 0, end; i < n; i = end) {
		struct source_tokens *source = read_source(set, names, claims[i].file);

		for (end = i + 1; end < n && strcmp(claims[end].file, claims[i].file) == 0; end++)
			;
		if (source)
			find_in(set, source, &claims[i], end - i);
		source_tokens_free(source);
	}
	free(claims);
}
