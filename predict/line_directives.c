/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/line_directives.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct line_map {
	char *text;
	struct line_base *bases; /* in order, behind one for the top of the file */
	size_t n, alloc;
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

bool line_base_read(struct line_base *base, const struct token *comment)
{
	bool is_block = comment->text[1] == '*';
	const char *s = comment->text + 2, *end = comment->text + comment->length - (is_block ? 2 : 0);
	const char *colon, *before;
	struct line_base was = *base;
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
			colon = before;
		}
	}
	*base = (struct line_base){
		.name = s, .name_length = (size_t)(colon - s), .line = line, .column = column, .is_directive = true};
	if (colon == s && column) { /* with a column, no name is the name before */
		base->name = was.name;
		base->name_length = was.name_length;
	}
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

struct source_position line_base_report(const struct line_base *base, int line, int column)
{
	struct source_position pos = {.line = line, .column = column};

	if (base->is_directive) {
		pos.line = base->line + (line - base->at_line);
		if (!base->column)
			pos.column = 0;
		else if (line == base->at_line)
			pos.column = base->column + (column - base->at_column);
	}
	if (pos.column > SOURCE_COLUMN_BEYOND)
		pos.column = SOURCE_COLUMN_BEYOND;
	return pos;
}

struct line_map *line_map_new(struct strbuf *text)
{
	struct line_map *map = xcalloc(1, sizeof(*map));
	struct line_base base = {.is_directive = false};
	size_t size = text->len;
	struct lexer lexer;
	struct token token;

	map->text = strbuf_detach(text);
	ARRAY_GROW(map->bases, 1, map->alloc);
	map->bases[map->n++] = base;
	lexer_init(&lexer, map->text, size);
	while (lexer_next(&lexer, &token)) {
		if (token.kind != TOKEN_COMMENT || !line_base_read(&base, &token))
			continue;
		ARRAY_GROW(map->bases, map->n + 1, map->alloc);
		map->bases[map->n++] = base;
	}
	return map;
}

void line_map_free(struct line_map *map)
{
	if (!map)
		return;
	free(map->text);
	free(map->bases);
	free(map);
}

size_t line_map_count(const struct line_map *map)
{
	return map->n - 1;
}

const struct line_base *line_map_find(const struct line_map *map, int line, int column, bool is_rewritten)
{
	size_t low = 0, high = map->n - 1;

	/* The last one that begins at or before the place. */
	while (low < high) {
		size_t mid = low + (high - low + 1) / 2;
		const struct line_base *base = &map->bases[mid];

		if (base->at_line < line || (base->at_line == line && base->at_column <= column))
			low = mid;
		else
			high = mid - 1;
	}
	for (size_t i = low; is_rewritten && i < map->n && i <= low + 1; i++) {
		if (map->bases[i].at_line == line && map->bases[i].at_column > 1)
			return NULL;
	}
	return &map->bases[low];
}
