/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Line directives of Go source: "Line directives" in the documentation of cmd/compile, and updateBase in
 * cmd/compile/internal/syntax/parser.go. The compiler's text, and line tables, have the positions that they say; its
 * JSON has those of the file itself.
 */
#ifndef ESCAUDIT_PREDICT_LINE_DIRECTIVES_H
#define ESCAUDIT_PREDICT_LINE_DIRECTIVES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"
#include "predict/lexer.h"

/* Columns have 8 bits in cmd/internal/src/xpos.go, where the largest stands for all beyond and is not reported. */
#define SOURCE_COLUMN_BEYOND 255

/* A place as the compiler has it. */
struct source_position {
	int line;
	int column; /* from 1, in bytes; 0 where there is none, behind a //line without a column; SOURCE_COLUMN_BEYOND
		     */
};

/* The directive in force: positions are relative to it. Zeroed at the top of a file, where they are as they are. */
struct line_base {
	const char *name; /* of the file, in the source text; name_length 0: of the file itself */
	size_t name_length;
	int line;    /* that it says */
	int column;  /* that it says; 0 if it says none */
	int at_line; /* of the first byte it speaks of, in the file */
	int at_column;
	bool is_directive;
};

/* Takes over what a comment says if it is a line directive. False if it is none. */
bool line_base_read(struct line_base *base, const struct token *comment);
/* What is reported of a place in the file, at or behind the directive. */
struct source_position line_base_report(const struct line_base *base, int line, int column);

/* All directives of one file. */
struct line_map;

/* Owns the text from here on. Of a file that does not scan, the directives before the fault. */
struct line_map *line_map_new(struct strbuf *text);
void line_map_free(struct line_map *map); /* accepts NULL */
/* How many directives there are. */
size_t line_map_count(const struct line_map *map);

/*
 * The directive in force at a place of the file; zeroed if there is none. It belongs to the map. is_rewritten is for a
 * copy of the file with the same lines and more in them: NULL where the column decides, which is another one there.
 */
const struct line_base *line_map_find(const struct line_map *map, int line, int column, bool is_rewritten);

#endif
