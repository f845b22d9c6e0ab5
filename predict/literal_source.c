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
#define EXPR_WIDTH   60		 /* bytes, as in sites/columns.c */
#define AT_SEVERAL   UINT64_MAX
#define BEYOND_LIMIT 4096 /* tokens of a line that are looked at behind the last column of the compiler */

/* "T{...}" */
static bool is_filled(const struct prediction *p)
{
	size_t n = p->expr ? strlen(p->expr) : 0;

	return n > 5 && strcmp(p->expr + n - 5, "{...}") == 0;
}

/* "map[string]T{...}"; a named type's reads like a struct's. */
static bool may_be_map(const struct prediction *p)
{
	return (p->kind == EXPR_MAKE_MAP || p->kind == EXPR_OTHER) && is_filled(p);
}

static bool is_moved(const struct prediction *p)
{
	return p->kind == EXPR_MOVED && p->claim == CLAIM_HEAP;
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

/* Whether a token opens the arguments of a make whose slice is appended whole. */
static bool is_extension(const struct source_tokens *source, size_t open)
{
	size_t close = source_tokens_partner(source, open), end = close + 2;

	return open > 0 && source_tokens_is(source, open - 1, "make") && source_tokens_is(source, close + 1, "...") &&
	       source_tokens_is(source, end, ")") && source_tokens_partner(source, end) > 0 &&
	       source_tokens_is(source, source_tokens_partner(source, end) - 1, "append");
}

/* "[]T{...}"; a named type's reads like a struct's. */
static bool may_be_slice(const struct prediction *p)
{
	return p->claim == CLAIM_HEAP && (p->kind == EXPR_SLICE_LIT || (p->kind == EXPR_OTHER && is_filled(p)));
}

/*
 * The lines that the array of the literal with that brace may be made on. Of claims that have one position, all lines
 * of any of them.
 */
static void find_lines(struct prediction *p, const struct source_tokens *source, size_t brace)
{
	size_t outermost = brace, around, first, last;
	struct source_position begin, end;

	while ((around = source_tokens_literal_around(source, outermost)) != SOURCE_NO_TOKEN)
		outermost = around;
	source_tokens_statement(source, brace, &first, &last);
	begin = source_tokens_position(source, first < outermost ? first : outermost);
	end = source_tokens_position(source, source_tokens_partner(source, outermost));
	if (end.line <= begin.line || end.line > (int)SOURCE_TOKENS_MAX)
		return;
	if (!p->made_on.first_line || begin.line < p->made_on.first_line)
		p->made_on.first_line = begin.line;
	if (end.line > p->made_on.last_line)
		p->made_on.last_line = end.line;
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
		const struct position *pos = prediction_place(&set->items[claims[i].index]);
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
			if (p->kind == EXPR_MAKE_SLICE && is_column(pos.column))
				p->is_extension = is_extension(source, t);
			if (may_be_slice(p) && source_tokens_is_literal(source, t))
				find_lines(p, source, t);
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

/* ---- functions -----------------------------------------------------------------------------------------------------
 */

/* The brace of a declared function whose keyword is at t; 0 of a function literal or type, or one without a body. */
static size_t declared_body(const struct source_tokens *source, size_t t)
{
	size_t at = t + 1;

	if (source_tokens_is(source, at, "(")) /* a receiver, or a literal's parameters */
		at = source_tokens_partner(source, at) + 1;
	at++; /* the name */
	if (source_tokens_is(source, at, "["))
		at = source_tokens_partner(source, at) + 1;
	if (!source_tokens_is(source, at, "("))
		return 0;
	for (; at < source_tokens_count(source); at++) {
		bool is_type =
			source_tokens_is(source, at - 1, "struct") || source_tokens_is(source, at - 1, "interface");

		if (source_tokens_is(source, at, "{") && !is_type)
			return at;
		if (source_tokens_is(source, at, "(") || source_tokens_is(source, at, "[") ||
		    source_tokens_is(source, at, "{"))
			at = source_tokens_partner(source, at);
		else if (source_tokens_position(source, at).line > source_tokens_position(source, at - 1).line)
			return 0;
	}
	return 0;
}

/* Tells what is in a function from what package variables begin with, line by line. */
static void find_functions(struct predictions *set, const struct source_tokens *source, const struct claim_at *claims,
			   size_t n)
{
	struct u64map lines = U64MAP_INIT; /* of functions */

	for (size_t t = 0; t < source_tokens_count(source); t++) {
		size_t body = source_tokens_is(source, t, "func") ? declared_body(source, t) : 0;

		if (body) {
			size_t last = source_tokens_partner(source, body);

			for (int line = source_tokens_position(source, t).line;
			     line <= source_tokens_position(source, last).line; line++)
				u64map_at(&lines, (uint64_t)line, NULL);
			t = last;
		} else if (source_tokens_is(source, t, "(") || source_tokens_is(source, t, "{")) {
			t = source_tokens_partner(source, t);
		}
	}
	for (size_t i = 0; i < n; i++) {
		struct prediction *p = &set->items[claims[i].index];

		if (!p->n_inlined)
			p->is_in_function = u64map_find(&lines, (uint64_t)p->pos.line) != NULL;
	}
	u64map_release(&lines);
}

/* ---- variables --------------------------------------------------------------------------------------------------- */

/* A variable of the compiler's own stands for what it is made for: "new(n + 1)". */
static bool is_unnamed(const struct prediction *p)
{
	return strncmp(p->expr, ".autotmp_", 9) == 0;
}

static bool is_name(const struct source_tokens *source, size_t token)
{
	static const char marks[] = "(){}[],;:=.*&";
	char mark[2] = "";

	for (size_t i = 0; marks[i]; i++) {
		mark[0] = marks[i];
		if (source_tokens_is(source, token, mark))
			return false;
	}
	return !source_tokens_is(source, token, ":=");
}

/* Whether the name is one of a "var": of one alone, or of a group in parentheses. */
static bool is_var(const struct source_tokens *source, size_t token, bool *is_together)
{
	size_t first = token;

	*is_together = source_tokens_is(source, token + 1, ",");
	while (first > 1 && source_tokens_is(source, first - 1, ",")) {
		first -= 2;
		*is_together = true;
	}
	if (first > 0 && source_tokens_is(source, first - 1, "var"))
		return true;
	/* In a group each begins a line, or stands behind a semicolon. */
	for (size_t t = first; t-- > 0;) {
		if (source_tokens_is(source, t, "("))
			return t > 0 && source_tokens_is(source, t - 1, "var");
		if (source_tokens_is(source, t, ")") || source_tokens_is(source, t, "]") ||
		    source_tokens_is(source, t, "}"))
			t = source_tokens_partner(source, t);
		else if (source_tokens_is(source, t, "{") || source_tokens_is(source, t, "["))
			return false;
	}
	return false;
}

static bool is_range(const struct source_tokens *source, size_t token)
{
	return source_tokens_is(source, token, ":=") && source_tokens_is(source, token + 1, "range");
}

static void set_type(struct variable_source *v, const char *type, unsigned size, unsigned align, bool has_pointers)
{
	v->type = type;
	v->size = size;
	v->align = align;
	v->has_pointers = has_pointers;
}

/* The type at a token, if it is one of the language's own. */
static void set_own_type(struct variable_source *v, const struct source_tokens *source, size_t at)
{
	static const struct {
		const char *name, *type;
		unsigned size, align;
		bool has_pointers;
	} types[] = {
		{"bool", "bool", 1, 1, false},	      {"int8", "int8", 1, 1, false},
		{"uint8", "uint8", 1, 1, false},      {"byte", "uint8", 1, 1, false},
		{"int16", "int16", 2, 2, false},      {"uint16", "uint16", 2, 2, false},
		{"int32", "int32", 4, 4, false},      {"rune", "int32", 4, 4, false},
		{"uint32", "uint32", 4, 4, false},    {"float32", "float32", 4, 4, false},
		{"int", "int", 8, 8, false},	      {"uint", "uint", 8, 8, false},
		{"uintptr", "uintptr", 8, 8, false},  {"int64", "int64", 8, 8, false},
		{"uint64", "uint64", 8, 8, false},    {"float64", "float64", 8, 8, false},
		{"string", "string", 16, 8, true},    {"error", "error", 16, 8, true},
		{"any", "interface {}", 16, 8, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!source_tokens_is(source, at, types[i].name))
			continue;
		set_type(v, types[i].type, types[i].size, types[i].align, types[i].has_pointers);
	}
}

/*
 * The type behind a name, and those that are declared with it, if it is one of the language's own: whole, or as far as
 * it says that there are pointers, "[]" and "*".
 */
static void declare_type(struct variable_source *v, const struct source_tokens *source, size_t token)
{
	size_t at = token + 1;

	while (source_tokens_is(source, at, ",") && is_name(source, at + 1))
		at += 2;
	if (source_tokens_is(source, at + 1, ".") ||
	    (source_tokens_is(source, at + 1, "[") && !source_tokens_is(source, at, "*")))
		return;
	if (source_tokens_is(source, at, "[") && source_tokens_is(source, at + 1, "]"))
		set_type(v, "[]", 24, 8, true);
	else if (source_tokens_is(source, at, "..."))
		set_type(v, "[]", 24, 8, true);
	else if (source_tokens_is(source, at, "*"))
		set_type(v, "*", 8, 8, true);
	set_own_type(v, source, at);
}

/* "x := int32(n)", whole. */
static bool is_conversion(const struct source_tokens *source, size_t token)
{
	size_t first, last;

	if (!source_tokens_is(source, token + 1, ":=") || !source_tokens_is(source, token + 3, "("))
		return false;
	source_tokens_statement(source, token, &first, &last);
	return first == token && last == source_tokens_partner(source, token + 3);
}

static void describe_variable(struct predictions *set, struct prediction *p, const struct source_tokens *source,
			      const struct source_block *blocks, size_t token)
{
	struct variable_source *v = &p->variable;
	const struct source_block *block = &blocks[token];
	struct source_position first = source_tokens_place(source, block->first),
			       last = source_tokens_place(source, block->last);
	struct strbuf text = STRBUF_INIT;

	if (block->is_known) {
		v->first_line = first.line;
		v->first_column = first.column;
		v->last_line = last.line;
		v->last_column = last.column;
		v->is_parameter = block->is_parameter;
	}
	if (!is_unnamed(p)) {
		bool is_together = false, is_declared = is_var(source, token, &is_together);

		v->is_together = is_declared && is_together;
		if (is_range(source, token + 3) && source_tokens_is(source, token + 1, ","))
			v->range = RANGE_KEY;
		else if (is_range(source, token + 1) && token > 0 && source_tokens_is(source, token - 1, ","))
			v->range = RANGE_VALUE;
		if (is_declared || v->is_parameter)
			declare_type(v, source, token);
		else if (is_conversion(source, token))
			set_own_type(v, source, token + 2);
		return;
	}
	/* What such a statement captures has its position, and no text. */
	if (source_tokens_is(source, token, "go") || source_tokens_is(source, token, "defer"))
		return;
	source_tokens_expression(source, token, EXPR_WIDTH, &text);
	p->expr = strpool_add(set->pool, strbuf_str(&text));
	strbuf_release(&text);
}

/* Whether a name is declared by "var", or by ":=", with others perhaps. */
static bool is_declared_at(const struct source_tokens *source, size_t token)
{
	size_t at = token + 1;

	while (source_tokens_is(source, at, ",") && is_name(source, at + 1))
		at += 2;
	return source_tokens_is(source, at, ":=") || source_tokens_is(source, token - 1, "var");
}

/*
 * The one declaration of that name among the tokens of a line from `first` on, SIZE_MAX if there is none, or several:
 * "name :=", "name, other :=", "var name" or a parameter.
 */
static size_t find_declaration(const struct source_tokens *source, const struct source_block *blocks, size_t first,
			       const char *name)
{
	int line = source_tokens_place(source, first).line;
	size_t found = SIZE_MAX;

	for (size_t t = first; t < source_tokens_count(source) && t < first + BEYOND_LIMIT; t++) {
		if (source_tokens_place(source, t).line != line)
			return found;
		if (!source_tokens_is(source, t, name) || (!is_declared_at(source, t) && !blocks[t].is_parameter))
			continue;
		if (found != SIZE_MAX)
			return SIZE_MAX;
		found = t;
	}
	return SIZE_MAX;
}

/* Beyond the last column there is, and behind a directive without one. */
static bool is_without_column(const struct source_tokens *source, const struct source_position *pos)
{
	return source_tokens_has_directives(source) ? pos->column == 0 : pos->column == SOURCE_COLUMN_BEYOND;
}

/* A variable of another package's function, which is inlined: "lib.v". */
static const char *name_of(const struct prediction *p)
{
	const char *dot = strrchr(p->expr, '.');

	return dot ? dot + 1 : p->expr;
}

/* Of a position that has no column and no name, or that several tokens have, nothing is known. */
static void find_variables(struct predictions *set, const struct source_tokens *source, const struct claim_at *claims,
			   size_t n)
{
	struct source_block *blocks = source_blocks_find(source);
	struct u64map at = U64MAP_INIT;	    /* position -> token + 1, or AT_SEVERAL */
	struct u64map beyond = U64MAP_INIT; /* line -> the first token that the compiler has no column of, + 1 */

	for (size_t t = 0; t < source_tokens_count(source); t++) {
		struct source_position pos = source_tokens_position(source, t);
		uint64_t *token = u64map_at(&at, position_key(pos.line, pos.column), NULL);

		*token = *token ? AT_SEVERAL : t + 1;
		if (is_without_column(source, &pos)) {
			token = u64map_at(&beyond, (uint32_t)pos.line, NULL);
			if (*token && source_tokens_position(source, t - 1).line != pos.line)
				*token = AT_SEVERAL; /* several directives say that line */
			*token = *token ? *token : t + 1;
		}
	}
	for (size_t i = 0; i < n; i++) {
		struct prediction *p = &set->items[claims[i].index];
		const struct position *pos = prediction_place(p);
		const uint64_t *token = u64map_find(&at, position_key(pos->line, pos->column));
		const uint64_t *first = pos->column ? NULL : u64map_find(&beyond, (uint32_t)pos->line);
		size_t declared = first && *first != AT_SEVERAL
					  ? find_declaration(source, blocks, *first - 1, name_of(p))
					  : SIZE_MAX;

		if (pos->column && token && *token != AT_SEVERAL)
			describe_variable(set, p, source, blocks, *token - 1);
		if (declared != SIZE_MAX) {
			describe_variable(set, p, source, blocks, declared);
			p->variable.column = source_tokens_place(source, declared).column;
		}
	}
	free(blocks);
	u64map_release(&at);
	u64map_release(&beyond);
}

static void find_in_file(struct predictions *set, const struct source_tokens *source, struct claim_at *claims, size_t n)
{
	size_t n_moved = 0;

	for (size_t i = 0; i < n; i++) {
		struct claim_at claim = claims[i];

		if (!is_moved(&set->items[claim.index]))
			continue;
		claims[i] = claims[n_moved];
		claims[n_moved++] = claim;
	}
	if (n_moved)
		find_variables(set, source, claims, n_moved);
	find_in(set, source, claims, n);
	/* Lines of other files mean nothing here. */
	if (!source_tokens_has_directives(source))
		find_functions(set, source, claims, n);
}

void literal_source_find(struct predictions *set, const struct source_names *names)
{
	struct claim_at *claims = xcalloc(set->n + 1, sizeof(*claims));
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		const struct position *pos = prediction_place(&set->items[i]);

		if ((set->items[i].claim == CLAIM_HEAP || may_be_map(&set->items[i])) && pos->file && pos->line > 0)
			claims[n++] = (struct claim_at){pos->file, i};
	}
	qsort(claims, n, sizeof(*claims), compare_claims);
	for (size_t i = 0, end; i < n; i = end) {
		struct source_tokens *source = read_source(set, names, claims[i].file);

		for (end = i + 1; end < n && strcmp(claims[end].file, claims[i].file) == 0; end++)
			;
		if (source)
			find_in_file(set, source, &claims[i], end - i);
		source_tokens_free(source);
	}
	free(claims);
}
