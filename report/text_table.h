/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for a terminal: columns that fit, notes beneath rows, colour where wanted.
 *
 * Widths are terminal columns of UTF-8, not bytes. Names come out of files that anybody may have made, so what is no
 * UTF-8 and what would steer the terminal (control and bidirectional characters) is shown as U+FFFD.
 */
#ifndef ESCAUDIT_REPORT_TEXT_TABLE_H
#define ESCAUDIT_REPORT_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/strbuf.h"

enum text_style {
	TEXT_PLAIN,
	TEXT_BOLD,
	TEXT_DIM,
	TEXT_RED,
	TEXT_GREEN,
	TEXT_YELLOW,
	TEXT_MAGENTA,
	TEXT_CYAN,
	TEXT_ALARM,
};

/*
 * The code point at s, its length in *len (1 to 4); U+FFFD and 1 where s is not UTF-8. s must not be at its end.
 */
uint32_t text_decode(const char *s, size_t *len);
/* Appends s as it may be shown. */
void text_clean(struct strbuf *out, const char *s);
size_t text_width(const char *clean);
/* Appends clean, at most width columns of it: longer text loses its middle to "…". */
void text_cut(struct strbuf *out, const char *clean, size_t width);
/* Prints s, cleaned, in a style. */
void text_put(FILE *f, const char *s, enum text_style style, bool colour);
/* Prints s, cleaned, broken at blanks, each line after the first indented; the first starts at column indent. */
void text_wrap(FILE *f, const char *s, size_t indent, size_t width, enum text_style style, bool colour);

struct text_column {
	const char *title; /* "" for a table without a title line, if all are */
	bool right;	   /* aligned */
	unsigned min;	   /* columns it may be cut down to, 0: never cut */
	unsigned weight;   /* of two that may be cut, how much of the room each is worth; 0 is 1 */
};

struct text_cell {
	const char *text; /* NULL is empty */
	enum text_style style;
};

struct text_table;

/* Borrows columns. */
struct text_table *text_table_new(const struct text_column *columns, size_t n_columns);
void text_table_free(struct text_table *table); /* accepts NULL */
/* One cell for each column; texts are copied. */
void text_table_add(struct text_table *table, const struct text_cell *cells);
/* One more line beneath the newest row, broken where it is too long. */
void text_table_note(struct text_table *table, const char *text);
/* The columns that may be cut are cut, the widest for its weight first, until a line fits into width. */
void text_table_print(FILE *f, const struct text_table *table, size_t indent, size_t note_indent, size_t width,
		      bool colour);

#endif
