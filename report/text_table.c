/* SPDX-License-Identifier: Apache-2.0 */
#include "report/text_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define REPLACEMENT 0xfffd
#define ELLIPSIS    "\xe2\x80\xa6"
#define GAP	    2 /* columns between two of the table */

/* ---- characters
 * ------------------------------------------------------------------------------------------------------ */

uint32_t text_decode(const char *s, size_t *len)
{
	const unsigned char *p = (const unsigned char *)s;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
	uint32_t c;

	*len = 1;
	if (n == 0)
		return REPLACEMENT;
	if (n == 1)
		return p[0];
	c = p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) { /* stops at the end: NUL continues nothing */
		if ((p[i] & 0xc0) != 0x80)
			return REPLACEMENT;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return REPLACEMENT;
	*len = n;
	return c;
}

struct range {
	uint32_t first, last;
};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	}
	return false;
}

/* Whether it would move the cursor, end the line, or turn the order of what follows. */
static bool is_steering(uint32_t c)
{
	static const struct range ranges[] = {
		{0x00, 0x1f},	  {0x7f, 0x9f},	    {0x061c, 0x061c}, {0x200b, 0x200f},
		{0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xe0000, 0xe0fff},
	};

	return in_ranges(c, ranges, ARRAY_SIZE(ranges));
}

static size_t columns_of(uint32_t c)
{
	static const struct range combining[] = {
		{0x0300, 0x036f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
		{0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
	};
	static const struct range wide[] = {
		{0x1100, 0x115f},   {0x2e80, 0x303e},	{0x3041, 0x4dbf},   {0x4e00, 0xa4cf},	{0xa960, 0xa97f},
		{0xac00, 0xd7a3},   {0xf900, 0xfaff},	{0xfe30, 0xfe6f},   {0xff00, 0xff60},	{0xffe0, 0xffe6},
		{0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
	};

	if (c < 0x300)
		return 1;
	return in_ranges(c, combining, ARRAY_SIZE(combining)) ? 0 : in_ranges(c, wide, ARRAY_SIZE(wide)) ? 2 : 1;
}

void text_clean(struct strbuf *out, const char *s)
{
	while (*s) {
		size_t len;
		uint32_t c = text_decode(s, &len);

		if (c == REPLACEMENT || is_steering(c))
			strbuf_addstr(out, "\xef\xbf\xbd");
		else
			strbuf_add(out, s, len);
		s += len;
	}
}

size_t text_width(const char *clean)
{
	size_t width = 0;

	while (*clean) {
		size_t len;

		width += columns_of(text_decode(clean, &len));
		clean += len;
	}
	return width;
}

void text_cut(struct strbuf *out, const char *clean, size_t width)
{
	size_t all = text_width(clean), at = 0, head, tail_begin;

	if (all <= width) {
		strbuf_addstr(out, clean);
		return;
	}
	if (width == 0)
		return;
	head = width / 2;		       /* columns before "…" */
	tail_begin = all - (width - 1 - head); /* and the column the rest begins at */
	while (*clean) {
		size_t len;
		size_t columns = columns_of(text_decode(clean, &len));

		if (at + columns > head)
			break;
		strbuf_add(out, clean, len);
		at += columns;
		clean += len;
	}
	strbuf_addstr(out, ELLIPSIS);
	while (*clean && at < tail_begin) {
		size_t len;

		at += columns_of(text_decode(clean, &len));
		clean += len;
	}
	strbuf_addstr(out, clean);
}

static const char *style_code(enum text_style style)
{
	static const char *const codes[] = {
		[TEXT_PLAIN] = "",	     [TEXT_BOLD] = "\033[1m",	[TEXT_DIM] = "\033[2m",
		[TEXT_RED] = "\033[31m",     [TEXT_GREEN] = "\033[32m", [TEXT_YELLOW] = "\033[33m",
		[TEXT_MAGENTA] = "\033[35m", [TEXT_CYAN] = "\033[36m",	[TEXT_ALARM] = "\033[1;31m",
	};

	return codes[style];
}

static void put_clean(FILE *f, const char *clean, size_t len, enum text_style style, bool colour)
{
	bool styled = colour && style != TEXT_PLAIN && len;

	if (styled)
		fputs(style_code(style), f);
	fwrite(clean, 1, len, f);
	if (styled)
		fputs("\033[0m", f);
}

void text_put(FILE *f, const char *s, enum text_style style, bool colour)
{
	struct strbuf sb = STRBUF_INIT;

	text_clean(&sb, s);
	put_clean(f, strbuf_str(&sb), sb.len, style, colour);
	strbuf_release(&sb);
}

static void put_blanks(FILE *f, size_t n)
{
	fprintf(f, "%*s", (int)n, "");
}

void text_wrap(FILE *f, const char *s, size_t indent, size_t width, enum text_style style, bool colour)
{
	struct strbuf sb = STRBUF_INIT;
	size_t room = width > indent + 20 ? width - indent : 20;
	const char *line;

	text_clean(&sb, s);
	line = strbuf_str(&sb);
	for (;;) {
		const char *end = line, *blank = NULL;
		size_t at = 0;

		while (*end) {
			size_t len;
			size_t columns = columns_of(text_decode(end, &len));

			if (*end == ' ' && end != line && (at <= room || !blank))
				blank = end;
			if (at + columns > room && blank)
				break;
			at += columns;
			end += len;
		}
		if (!*end && (at <= room || !blank)) {
			put_clean(f, line, strlen(line), style, colour);
			break;
		}
		put_clean(f, line, (size_t)(blank - line), style, colour);
		putc('\n', f);
		put_blanks(f, indent);
		line = blank + 1;
	}
	strbuf_release(&sb);
}

/* ---- the table
 * ------------------------------------------------------------------------------------------------------- */

struct row {
	char **texts; /* cleaned */
	enum text_style *styles;
	char **notes;
	size_t n_notes;
};

struct text_table {
	const struct text_column *columns;
	size_t n_columns;
	struct row *rows;
	size_t n;
	size_t alloc;
};

struct text_table *text_table_new(const struct text_column *columns, size_t n_columns)
{
	struct text_table *table = xcalloc(1, sizeof(*table));

	table->columns = columns;
	table->n_columns = n_columns;
	return table;
}

void text_table_free(struct text_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->n; i++) {
		for (size_t k = 0; k < table->n_columns; k++)
			free(table->rows[i].texts[k]);
		free(table->rows[i].texts);
		free(table->rows[i].styles);
		for (size_t k = 0; k < table->rows[i].n_notes; k++)
			free(table->rows[i].notes[k]);
		free(table->rows[i].notes);
	}
	free(table->rows);
	free(table);
}

void text_table_add(struct text_table *table, const struct text_cell *cells)
{
	struct row *row;

	ARRAY_GROW(table->rows, table->n + 1, table->alloc);
	row = &table->rows[table->n++];
	row->texts = xcalloc(table->n_columns, sizeof(*row->texts));
	row->styles = xcalloc(table->n_columns, sizeof(*row->styles));
	row->notes = NULL;
	row->n_notes = 0;
	for (size_t i = 0; i < table->n_columns; i++) {
		struct strbuf sb = STRBUF_INIT;

		text_clean(&sb, cells[i].text ? cells[i].text : "");
		row->texts[i] = strbuf_detach(&sb);
		row->styles[i] = cells[i].style;
	}
}

void text_table_note(struct text_table *table, const char *text)
{
	struct row *row = &table->rows[table->n - 1];

	row->notes = xreallocarray(row->notes, row->n_notes + 1, sizeof(*row->notes));
	row->notes[row->n_notes++] = xstrdup(text);
}

static size_t claim_of(const struct text_table *table, size_t i, const size_t *widths)
{
	unsigned weight = table->columns[i].weight;

	return widths[i] * 64 / (weight ? weight : 1);
}

/* Natural widths, then those that may be cut give up columns, the widest for its weight first. */
static void fit(const struct text_table *table, size_t room, size_t *widths)
{
	size_t sum = 0;

	for (size_t i = 0; i < table->n_columns; i++) {
		widths[i] = text_width(table->columns[i].title);
		for (size_t k = 0; k < table->n; k++) {
			size_t width = text_width(table->rows[k].texts[i]);

			widths[i] = width > widths[i] ? width : widths[i];
		}
		sum += widths[i] + (i ? GAP : 0);
	}
	while (sum > room) {
		size_t widest = table->n_columns;

		for (size_t i = 0; i < table->n_columns; i++) {
			unsigned min = table->columns[i].min;

			if (min && widths[i] > min &&
			    (widest == table->n_columns ||
			     claim_of(table, i, widths) > claim_of(table, widest, widths)))
				widest = i;
		}
		if (widest == table->n_columns)
			break;
		widths[widest]--;
		sum--;
	}
}

static void put_cell(FILE *f, const char *text, enum text_style style, bool colour, bool right, size_t width, bool last)
{
	struct strbuf sb = STRBUF_INIT;
	size_t blanks;

	text_cut(&sb, text, width);
	blanks = width - text_width(strbuf_str(&sb));
	if (right)
		put_blanks(f, blanks);
	put_clean(f, strbuf_str(&sb), sb.len, style, colour);
	if (!right && !last)
		put_blanks(f, blanks);
	strbuf_release(&sb);
}

/* The last column with something in it: nothing is padded behind it. */
static size_t used_columns(const struct text_table *table, const struct row *row)
{
	size_t n = table->n_columns;

	while (n && !*row->texts[n - 1])
		n--;
	return n;
}

void text_table_print(FILE *f, const struct text_table *table, size_t indent, size_t note_indent, size_t width,
		      bool colour)
{
	size_t *widths = xcalloc(table->n_columns, sizeof(*widths));
	size_t titles = table->n_columns;

	fit(table, width > indent ? width - indent : 0, widths);
	while (titles && !*table->columns[titles - 1].title)
		titles--;
	for (size_t i = 0; i < titles; i++) {
		put_blanks(f, i ? GAP : indent);
		put_cell(f, table->columns[i].title, TEXT_BOLD, colour, table->columns[i].right, widths[i],
			 i + 1 == titles);
	}
	if (titles)
		putc('\n', f);
	for (size_t k = 0; k < table->n; k++) {
		const struct row *row = &table->rows[k];
		size_t used = used_columns(table, row);

		for (size_t i = 0; i < used; i++) {
			put_blanks(f, i ? GAP : indent);
			put_cell(f, row->texts[i], row->styles[i], colour, table->columns[i].right, widths[i],
				 i + 1 == used);
		}
		putc('\n', f);
		for (size_t i = 0; i < row->n_notes; i++) {
			put_blanks(f, note_indent);
			text_wrap(f, row->notes[i], note_indent, width, TEXT_DIM, colour);
			putc('\n', f);
		}
	}
	free(widths);
}
