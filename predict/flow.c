/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explanations, as explainPath and explainFlow of cmd/compile/internal/escape/solve.go print them:
 *
 *     flow: ~r0 ← &{storage for &T{...}}:        "=" up to Go 1.24
 *     from &T{...} (spill) at ./m.go:5:2
 *     from return &T{...} (return) at ./m.go:6:2
 *     warning: truncated explanation due to assignment cycle; …
 *
 * An expression may hold any text, so a step is read from its end: the position, the reason, which has no parentheses,
 * and what is left is the expression. The old form's steps (Go <= 1.12) read alike.
 */
#include "predict/flow.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/u64map.h"
#include "predict/diagnostics.h"

#define STEPS_PER_CHUNK	   256
#define POINTERS_PER_CHUNK 1024

static const char unknown_position[] = DIAGNOSTICS_UNKNOWN_POSITION;

struct step_chunk {
	struct step_chunk *next;
	struct flow_step steps[STEPS_PER_CHUNK];
};

struct array_chunk {
	struct array_chunk *next;
	const struct flow_step *pointers[];
};

struct flow_table {
	struct strpool *pool;
	struct step_chunk *steps;
	size_t n_steps; /* in the first chunk */
	struct array_chunk *arrays;
	size_t n_pointers, alloc_pointers; /* in the first chunk */
	struct u64map index;		   /* of a step's contents to its address */
	const char *file;		   /* the last one */
	size_t file_len;
};

struct flow_table *flow_table_new(struct strpool *pool)
{
	struct flow_table *table = xcalloc(1, sizeof(*table));

	table->pool = pool;
	return table;
}

void flow_table_free(struct flow_table *table)
{
	if (!table)
		return;
	for (struct step_chunk *c = table->steps; c;) {
		struct step_chunk *next = c->next;

		free(c);
		c = next;
	}
	for (struct array_chunk *c = table->arrays; c;) {
		struct array_chunk *next = c->next;

		free(c);
		c = next;
	}
	u64map_release(&table->index);
	free(table);
}

const struct flow_step **flow_array(struct flow_table *table, size_t n)
{
	const struct flow_step **array;

	if (n == 0)
		return NULL;
	if (!table->arrays || table->alloc_pointers - table->n_pointers < n) {
		size_t size = n > POINTERS_PER_CHUNK ? n : POINTERS_PER_CHUNK;
		struct array_chunk *c = xcalloc(1, sizeof(*c) + size * sizeof(*c->pointers));

		c->next = table->arrays;
		table->arrays = c;
		table->n_pointers = 0;
		table->alloc_pointers = size;
	}
	array = table->arrays->pointers + table->n_pointers;
	table->n_pointers += n;
	return array;
}

static bool same_step(const struct flow_step *a, const struct flow_step *b)
{
	return a->kind == b->kind && a->has_arrow == b->has_arrow && a->is_storage == b->is_storage &&
	       a->into_storage == b->into_storage && a->expr == b->expr && a->reason == b->reason &&
	       a->into == b->into && a->pos.file == b->pos.file && a->pos.line == b->pos.line &&
	       a->pos.column == b->pos.column;
}

/* The table's own of a step whose strings are the pool's. */
static const struct flow_step *intern(struct flow_table *table, const struct flow_step *step)
{
	uint64_t key = u64_mix(u64_mix((uintptr_t)step->expr, (uintptr_t)step->reason ^ (uintptr_t)step->into),
			       (uintptr_t)step->pos.file);
	struct flow_step *own;

	key = u64_mix(key, (uint64_t)(uint32_t)step->pos.line << 32 | (uint32_t)step->pos.column);
	for (;; key++) { /* a collision of 64-bit keys is resolved by trying the next key */
		bool is_new;
		uint64_t *slot = u64map_at(&table->index, key, &is_new);

		own = (struct flow_step *)(uintptr_t)*slot;
		if (!is_new && same_step(own, step))
			return own;
		if (!is_new)
			continue;
		if (!table->steps || table->n_steps == STEPS_PER_CHUNK) {
			struct step_chunk *c = xcalloc(1, sizeof(*c));

			c->next = table->steps;
			table->steps = c;
			table->n_steps = 0;
		}
		own = &table->steps->steps[table->n_steps++];
		*own = *step;
		*slot = (uintptr_t)own;
		return own;
	}
}

/* ---- a line ---- */

static bool starts(const char *s, const char *end, const char *prefix)
{
	size_t n = strlen(prefix);

	return (size_t)(end - s) >= n && memcmp(s, prefix, n) == 0;
}

/* The last occurrence of part, or NULL. */
static const char *find_last(const char *s, const char *end, const char *part)
{
	size_t n = strlen(part);

	for (const char *p = end; (p = memrchr(s, part[0], (size_t)(p - s)));) {
		if ((size_t)(end - p) >= n && memcmp(p, part, n) == 0)
			return p;
	}
	return NULL;
}

/* Takes ":24" off the end. */
static bool take_number(const char *s, const char **end, int *number)
{
	const char *p = *end;
	long n = 0, unit = 1;

	for (; p > s && p[-1] >= '0' && p[-1] <= '9'; p--) {
		if (unit <= INT_MAX / 10) {
			n += (p[-1] - '0') * unit;
			unit *= 10;
		} else if (p[-1] != '0') {
			n = INT_MAX / 2;
		}
	}
	if (p == *end || p - s < 2 || p[-1] != ':')
		return false;
	*number = (int)(n < INT_MAX / 2 ? n : INT_MAX / 2);
	*end = p - 1;
	return true;
}

static const char *intern_file(struct flow_table *table, const char *s, size_t len)
{
	if (!table->file || table->file_len != len || memcmp(table->file, s, len) != 0) {
		table->file = strpool_add_n(table->pool, s, len);
		table->file_len = len;
	}
	return table->file;
}

/* "./m.go:24:5", "./m.go:300" */
static bool read_position(struct flow_table *table, const char *s, const char *end, struct position *pos)
{
	const char *rest = end;

	*pos = (struct position){.line = 0};
	if (take_number(s, &rest, &pos->line)) {
		int column = pos->line;

		if (take_number(s, &rest, &pos->line))
			pos->column = column;
	} else if (!starts(s, end, unknown_position) || (size_t)(end - s) != strlen(unknown_position)) {
		return false;
	}
	pos->file = intern_file(table, s, (size_t)(rest - s));
	return true;
}

/*
 * The same, or "gen/x.y:11[/abs/p/a.go:8:6]" under -L: the position that //line gives, as with the predictions' own
 * positions.
 */
static bool read_any_position(struct flow_table *table, const char *s, const char *end, struct position *pos)
{
	const char *bracket = end > s && end[-1] == ']' ? memchr(s, '[', (size_t)(end - s)) : NULL;

	for (; bracket; bracket = memchr(bracket + 1, '[', (size_t)(end - bracket - 1))) {
		if (read_position(table, s, bracket, pos))
			return true;
	}
	return read_position(table, s, end, pos);
}

/* "from EXPRESSION (REASON) at POSITION", or without the position. */
static bool read_step(struct flow_table *table, const char *line, const char *end, struct flow_step *step)
{
	static const char from[] = "from ", at[] = ") at ";
	const char *expr = line + strlen(from), *close, *open;

	if (!starts(line, end, from))
		return false;
	close = find_last(expr, end, at);
	if (!close || !read_any_position(table, close + strlen(at), end, &step->pos)) {
		step->pos = (struct position){.line = 0};
		close = end[-1] == ')' ? end - 1 : NULL;
	}
	open = close ? find_last(expr, close, " (") : NULL;
	if (!open || open == expr)
		return false;
	step->kind = FLOW_STEP;
	step->expr = strpool_add_n(table->pool, expr, (size_t)(open - expr));
	step->reason = strpool_add_n(table->pool, open + 2, (size_t)(close - open - 2));
	return true;
}

static const char storage_for[] = "{storage for ";

/* X of "{storage for X}"; false where it is a variable or one of the compiler's own. */
static bool take_storage(const char **s, const char **end)
{
	if (!starts(*s, *end, storage_for) || (*end)[-1] != '}')
		return false;
	*s += strlen(storage_for);
	*end -= 1;
	return true;
}

/* "flow: INTO ← FROM", or with "=". */
static bool read_into(struct flow_table *table, const char *line, const char *end, struct flow_step *step)
{
	static const char flow[] = "flow: ", arrow[] = " \xe2\x86\x90 ", equals[] = " = ";
	const char *into = line + strlen(flow), *into_end, *from, *split, *p = into;

	if (!starts(line, end, flow))
		return false;
	if (starts(into, end, storage_for)) { /* it ends with its brace, whatever is in the expression */
		while ((p = memchr(p, '}', (size_t)(end - p))) && !starts(p + 1, end, arrow) &&
		       !starts(p + 1, end, equals))
			p++;
		if (!p)
			return false;
	}
	split = memmem(p, (size_t)(end - p), arrow, strlen(arrow));
	from = memmem(p, (size_t)(split ? split - p : end - p), equals, strlen(equals));
	step->has_arrow = split && !from;
	into_end = from ? from : split;
	if (!into_end || into_end == into)
		return false;
	from = into_end + (from ? strlen(equals) : strlen(arrow));
	if (from == end)
		return false;
	step->kind = FLOW_INTO;
	step->into_storage = take_storage(&into, &into_end);
	step->into = strpool_add_n(table->pool, into, (size_t)(into_end - into));
	p = from + 1;
	if (*from == '&' && take_storage(&p, &end)) {
		step->is_storage = true;
		from = p;
	}
	step->expr = strpool_add_n(table->pool, from, (size_t)(end - from));
	return true;
}

const struct flow_step *flow_add_line(struct flow_table *table, const char *line, size_t len)
{
	return flow_add_line_at(table, line, len, NULL);
}

const struct flow_step *flow_add_line_at(struct flow_table *table, const char *line, size_t len,
					 const struct position *pos)
{
	struct flow_step step = {.kind = FLOW_NOTE};
	const char *end = line + len;

	if (!read_step(table, line, end, &step) && !read_into(table, line, end, &step))
		step = (struct flow_step){.kind = FLOW_NOTE, .expr = strpool_add_n(table->pool, line, len)};
	if (pos && step.kind == FLOW_STEP)
		step.pos = *pos;
	return intern(table, &step);
}

const struct flow_step *flow_add_copy(struct flow_table *table, const struct flow_step *step)
{
	struct flow_step own = *step;

	own.expr = strpool_add(table->pool, step->expr);
	own.reason = strpool_add(table->pool, step->reason);
	own.into = strpool_add(table->pool, step->into);
	own.pos.file = strpool_add(table->pool, step->pos.file);
	return intern(table, &own);
}

/* ---- printing ---- */

/* ":24"; a file of predictions has hundreds of thousands. */
static void print_number(struct strbuf *sb, int n)
{
	char digits[16], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	*--p = ':';
	strbuf_add(sb, p, (size_t)(digits + sizeof(digits) - p));
}

void position_print(struct strbuf *sb, const struct position *pos)
{
	strbuf_addstr(sb, pos->file);
	if (pos->line || pos->column || strcmp(pos->file, unknown_position) != 0)
		print_number(sb, pos->line);
	if (pos->column)
		print_number(sb, pos->column);
}

bool position_equal(const struct position *a, const struct position *b)
{
	return a->line == b->line && a->column == b->column && strcmp(a->file, b->file) == 0;
}

static void print_location(struct strbuf *sb, const char *name, bool is_storage)
{
	strbuf_addstr(sb, is_storage ? storage_for : "");
	strbuf_addstr(sb, name);
	strbuf_addstr(sb, is_storage ? "}" : "");
}

void flow_step_print(struct strbuf *sb, const struct flow_step *step)
{
	switch (step->kind) {
	case FLOW_STEP:
		strbuf_addstr(sb, "from ");
		strbuf_addstr(sb, step->expr);
		strbuf_addstr(sb, " (");
		strbuf_addstr(sb, step->reason);
		strbuf_addch(sb, ')');
		if (!step->pos.file)
			break;
		strbuf_addstr(sb, " at ");
		position_print(sb, &step->pos);
		break;
	case FLOW_INTO:
		strbuf_addstr(sb, "flow: ");
		print_location(sb, step->into, step->into_storage);
		strbuf_addstr(sb, step->has_arrow ? " \xe2\x86\x90 " : " = ");
		if (step->is_storage)
			strbuf_addch(sb, '&');
		print_location(sb, step->expr, step->is_storage);
		break;
	case FLOW_NOTE:
		strbuf_addstr(sb, step->expr);
		break;
	}
}
