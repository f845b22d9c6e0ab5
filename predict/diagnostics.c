/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of -m and -m=2. Its lines come from cmd/compile/internal/escape (escape.go: finish, reportLeaks; solve.go
 * and graph.go: the explanations) and are of three kinds:
 *
 *   ./m.go:24:11: &P{...} escapes to heap in leakInl:      header of an explanation, -m=2 only ("in f" from 1.25 on)
 *   ./m.go:24:11:   flow: {heap} = &{storage for &P{...}}:     its continuation, with the position repeated
 *   ./m.go:24:11: &P{...} escapes to heap                  summary: this one is the prediction
 *
 * Explanations come before the summaries of the same batch of functions. A package ends at the next "# path" line; then
 * explanations and summaries that name the same position and text are joined, in order. What is left over is one of
 * three: the explanation of an append, whose summary says "append" only; a text that was rewritten between the two
 * (>= 1.25: "make([]int, k)" becomes "make([]int, 10)", "k" becomes "10"), joined by position alone; or a func literal
 * without a summary, the closure record of a wrapper that the compiler made (a go or defer statement with arguments, a
 * generic function used as a value), which finish leaves out.
 *
 * Parameters. "v does not escape" is printed for a parameter (no allocation) and for the operand of an interface
 * conversion (an allocation avoided); one bare name in 300 is the latter. finish prints all parameters of a batch
 * before its allocations, and -m=2 names the line of every function ("can inline", "cannot inline"). So, with the
 * function taken from the nearest such line at or above:
 *   - on the function's own line, or before a "leaking param" of the same function: a parameter, dropped;
 *   - after an allocation of the same function: an operand, kept;
 *   - else undecided: kept, with maybe_parameter set.
 * Under -m the functions that cannot be inlined have no line, and only names on a line that has a function or a leaking
 * parameter are decided. Over the 10,631 bare names of a -m=2 log of cmd/compile (1.26) this drops two operands, both
 * on the line of their own func keyword, and leaves twelve undecided; under -m it leaves one in five undecided.
 *
 * The old form, up to Go 1.12 (cmd/compile/internal/gc/esc.go), has no explanations of its own: steps follow their
 * summary ("\tfrom ~r0 (return) at x.go:5:2"); "&x escapes to heap" is no allocation, the "moved to heap: x" after it
 * is; and what does not escape is preceded by the function's name.
 *
 * This is a hot path: logs have hundreds of megabytes, nearly all of it continuation lines of parameters. Those are
 * recognised by their header's position and passed over without a look at the rest.
 */
#include "predict/diagnostics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/memory.h"
#include "predict/diagnostics_internal.h"

/* Of source in the middle of an expression. Scripts that programs have in them are long. */
#define OPEN_LINES_LIMIT 10000
#define OPEN_BYTES_LIMIT (1 << 20)

static const char unknown_position[] = DIAGNOSTICS_UNKNOWN_POSITION;

/* ---- sections ---- */

static void end_section(struct reader *r)
{
	if (r->set->n > r->first || r->n_explanations)
		section_settle(r);
	r->first = r->set->n;
	r->n_events = r->n_functions = r->n_explanations = r->n_flow = 0;
	r->all_functions = false;
	flow_table_free(r->section_flow);
	strpool_free(r->section_pool);
	r->section_flow = NULL;
	r->section_pool = NULL;
	strbuf_clear(&r->header);
	r->explaining = r->last_heap = NONE;
	r->address_pending = false;
}

static void begin_section(struct reader *r, const char *path, size_t len)
{
	struct predictions *set = r->set;
	const char *variant = memmem(path, len, " [", 2);
	bool is_new;

	end_section(r);
	if (variant) /* "# p [p.test]": p compiled for a test */
		len = (size_t)(variant - path);
	r->package = strpool_add_n(set->pool, path, len);
	if (u64map_find(&r->section_of, (uintptr_t)r->package)) {
		r->section_pool = strpool_new();
		r->section_flow = flow_table_new(r->section_pool);
	}
	u64map_at(&r->packages, (uintptr_t)r->package, &is_new);
	if (is_new)
		predictions_add_package(set, r->package);
}
/* ---- lines ---- */

static void add_event(struct reader *r, const struct message *m, enum event_kind kind)
{
	ARRAY_GROW(r->events, r->n_events + 1, r->alloc_events);
	r->events[r->n_events++] = (struct event){r->file, m->line, kind, r->set->n ? r->set->n - 1 : 0};
}

/* A variable of no position, such as a range-over-func body's #next, is reported without one. */
static bool is_moved_nowhere(const char *line, size_t len)
{
	return len > strlen("moved to heap: ") && text_starts(line, len, "moved to heap: ");
}

static const char *intern_file(struct reader *r, const struct message *m)
{
	if (!r->file || r->file_len != m->file_len || memcmp(r->file, m->file, m->file_len) != 0) {
		r->file = strpool_add_n(r->set->pool, m->file, m->file_len);
		r->file_len = m->file_len;
	}
	return r->file;
}

static struct prediction *add_prediction(struct reader *r, const struct message *m, enum claim claim, const char *expr,
					 size_t len)
{
	struct prediction *p = predictions_add(r->set);

	p->claim = claim;
	p->package = r->package;
	p->pos = (struct position){intern_file(r, m), m->line, m->column};
	p->expr = strpool_add_n(r->set->pool, expr, len);
	return p;
}

static void begin_explanation(struct reader *r, const struct message *m, const char *expr, size_t len,
			      const char *function, size_t function_len)
{
	struct explanation *e;

	ARRAY_GROW(r->explanations, r->n_explanations + 1, r->alloc_explanations);
	r->explaining = r->n_explanations;
	e = &r->explanations[r->n_explanations++];
	*e = (struct explanation){.pos = {intern_file(r, m), m->line, m->column},
				  .expr = strpool_add_n(r->set->pool, expr, len),
				  .first = r->n_flow,
				  .item = NONE};
	if (function)
		e->function = strpool_add_n(r->set->pool, function, function_len);
}

/* One step of the explanation being read, without position and blanks; a flow line loses its final colon. */
static void add_flow(struct reader *r, const char *s, size_t len)
{
	struct flow_table *table = r->section_flow ? r->section_flow : r->set->flow;

	while (len && (*s == ' ' || *s == '\t')) {
		s++;
		len--;
	}
	if (text_starts(s, len, "flow: ") && s[len - 1] == ':')
		len--;
	ARRAY_GROW(r->flow, r->n_flow + 1, r->alloc_flow);
	r->flow[r->n_flow++] = flow_add_line(table, s, len);
	r->explanations[r->explaining].n++;
}

/* A line of which only the continuations matter, or, for explaining == NONE, not even those. */
static void set_header(struct reader *r, const char *line, const struct message *m)
{
	strbuf_clear(&r->header);
	strbuf_add(&r->header, line, (size_t)(m->text - 1 - line));
}

/* The end of the name of an instance, which may have types with blanks and colons in brackets. */
static size_t instance_length(const char *name, size_t len)
{
	size_t depth = 0, i;

	for (i = 0; i < len && (depth || !strchr(" :", name[i])); i++) {
		if (strchr("[({", name[i]))
			depth++;
		else if (strchr("])}", name[i]) && depth)
			depth--;
	}
	return i;
}

/* Notes the functions declared at the top of a file, but for those whose name is not theirs alone or is written
 * otherwise in the binary: closures, init functions, shapes of generic functions. */
static void add_declaration(struct reader *r, const struct message *m)
{
	const char *name = m->text + (m->text[3] == ' ' ? strlen("can inline ") : strlen("cannot inline "));
	size_t len = m->len - (size_t)(name - m->text), i = 0;
	struct declaration *d;

	while (i < len && !strchr(" :[", name[i]))
		i++;
	if (i < len && name[i] == '[' && text_contains(name, len, "go.shape."))
		predictions_add_instance(r->set, strpool_add_n(r->set->pool, name, instance_length(name, len)));
	if (i == 0 || (i < len && name[i] == '[') || text_contains(name, i, ".func") ||
	    text_contains(name, i, "-range") || (i == 1 && name[0] == '_') || (i == 4 && memcmp(name, "init", 4) == 0))
		return;
	d = predictions_declare(r->set);
	d->package = r->package;
	d->file = intern_file(r, m);
	d->name = strpool_add_n(r->set->pool, name, i);
	d->line = m->line;
}

static void add_function_line(struct reader *r, const struct message *m)
{
	if (text_starts(m->text, m->len, "cannot inline ")) {
		const char *colon = memmem(m->text, m->len, ": ", 2);

		if (text_contains(m->text, colon ? (size_t)(colon - m->text) : m->len,
				  " into ")) /* a call, not a function */
			return;
		r->all_functions = r->set->knows_instances = true;
	} else if (!r->all_functions) {
		r->all_functions =
			text_contains(m->text, m->len, " with cost ") || text_contains(m->text, m->len, " as: ");
	}
	ARRAY_GROW(r->functions, r->n_functions + 1, r->alloc_functions);
	r->functions[r->n_functions++] = (struct function_line){.file = intern_file(r, m), .line = m->line};
	add_declaration(r, m);
}

static void read_escapes(struct reader *r, const struct message *m)
{
	size_t len = m->len - strlen(" escapes to heap");
	struct prediction *p;

	if (text_is_address(m->text, len)) { /* old form: its steps explain the variable that is named next */
		begin_explanation(r, m, m->text, len, NULL, 0);
		r->explanations[r->explaining].is_address = true;
		r->address_pending = true;
		return;
	}
	p = add_prediction(r, m, CLAIM_HEAP, m->text, len);
	p->kind = expr_kind_of(p->expr);
	r->last_heap = r->set->n - 1;
	add_event(r, m, EVENT_ALLOCATION);
}

static void read_moved(struct reader *r, const struct message *m)
{
	size_t skip = strlen("moved to heap: ");

	add_prediction(r, m, CLAIM_HEAP, m->text + skip, m->len - skip)->kind = EXPR_MOVED;
	add_event(r, m, EVENT_ALLOCATION);
}

static void read_stays(struct reader *r, const struct message *m)
{
	const char *s = m->text;
	size_t len = m->len - strlen(" does not escape");
	size_t function_len = text_old_function(s, len);
	struct prediction *p;

	s += function_len;
	len -= function_len;
	if (len == 0 || text_is_address(s, len))
		return;
	p = add_prediction(r, m, CLAIM_STACK, s, len);
	p->kind = expr_kind_of(p->expr);
	if (function_len)
		p->function = strpool_add_n(r->set->pool, m->text, function_len - 1);
	p->maybe_parameter = p->kind == EXPR_OTHER && text_is_name(s, len);
	add_event(r, m, p->maybe_parameter ? EVENT_UNDECIDED : EVENT_ALLOCATION);
}

/* A step of the old form. */
static void read_old_step(struct reader *r, const struct message *m)
{
	if (!r->address_pending && r->last_heap != NONE) {
		const struct prediction *p = &r->set->items[r->last_heap];

		begin_explanation(r, m, p->expr, strlen(p->expr), NULL, 0);
		r->explanations[r->explaining].item = r->last_heap;
		r->last_heap = NONE;
	}
	if (r->explaining != NONE)
		add_flow(r, m->text, m->len);
}

static void unknown_line(struct reader *r, const char *line, size_t len)
{
	struct predictions *set = r->set;
	size_t i = set->unknown_lines++;

	if (i < ARRAY_SIZE(set->unknown))
		set->unknown[i] = strpool_add_n(set->pool, line, len < 400 ? len : 400);
}

/* Its next lines belong to it, whatever they look like. */
static void open_lines(struct reader *r, const char *line, size_t len)
{
	strbuf_add(&r->open, line, len);
	r->open_lines = 1;
}

static void read_message(struct reader *r, const char *line, size_t len, const struct message *m)
{
	const char *s = m->text;
	size_t n, function_len;
	const char *function;
	size_t address;

	if (s[-1] == '\t' || s[0] == '\t') {
		read_old_step(r, m);
		r->known++;
		return;
	}
	if (s[0] == ' ') /* a continuation whose header is missing, in a log that was cut */
		return;
	address = r->address_pending ? r->explaining : NONE;
	strbuf_clear(&r->header);
	r->address_pending = false;
	r->explaining = r->last_heap = NONE;
	r->known++;
	switch (s[m->len - 1]) {
	case 'p':
		if (m->len > strlen(" escapes to heap") && text_ends(s, m->len, " escapes to heap")) {
			read_escapes(r, m);
			return;
		}
		break;
	case 'e':
		if (m->len > strlen(" does not escape") && text_ends(s, m->len, " does not escape")) {
			read_stays(r, m);
			return;
		}
		break;
	case ':':
		if (text_is_explanation(s, m->len, &n, &function, &function_len)) {
			if (function)
				r->set->build.since_minor = 25;
			else
				r->set->build.before_minor = 25;
			begin_explanation(r, m, s, n, function, function_len);
			set_header(r, line, m);
			return;
		}
		if (text_starts(s, m->len, "parameter ")) {
			set_header(r, line, m);
			return;
		}
		break;
	default:
		break;
	}
	switch (s[0]) {
	case 'm':
		if (m->len > strlen("moved to heap: ") && text_starts(s, m->len, "moved to heap: ")) {
			read_moved(r, m);
			if (address != NONE)
				r->explanations[address].item = r->set->n - 1;
			return;
		}
		break;
	case 'c':
		if (text_starts(s, m->len, "can inline ") || text_starts(s, m->len, "cannot inline ")) {
			add_function_line(r, m);
			return;
		}
		break;
	case 'l':
		if (text_starts(s, m->len, "leaking param")) {
			intern_file(r, m);
			add_event(r, m, EVENT_PARAMETER);
			return;
		}
		break;
	case 'z':
		if (text_starts(s, m->len, "zero-copy ") && r->set->n > r->first) {
			struct prediction *p = &r->set->items[r->set->n - 1];

			if (p->kind == EXPR_STRING_CONV && p->pos.line == m->line && p->pos.column == m->column)
				p->zero_copy = true;
			return;
		}
		break;
	default:
		break;
	}
	if (text_is_information(s, m->len))
		return;
	r->known--;
	unknown_line(r, line, len);
}

/*
 * Explanations of parameters and the bodies of functions that "can inline" are not kept, but a raw string in them has
 * lines like any other: "# ex: ts=4" of a shell script is no header.
 */
static void read_line(struct reader *r, const char *line, size_t len)
{
	size_t header = r->header.len;
	struct message m;

	if (header && len > header + 2 && line[header] == ' ' && line[header + 1] == ' ' &&
	    memcmp(line, r->header.buf, header) == 0) {
		if (!r->none_open && diagnostics_is_open(line, len))
			open_lines(r, line, len);
		else if (r->explaining != NONE)
			add_flow(r, line + header, len - header);
		return;
	}
	if (text_is_header(line, len)) {
		begin_section(r, line + 2, len - 2);
		return;
	}
	/* Diagnostics are text; a NUL would cut the strings made of them. */
	if (message_split(line, len, &m) && m.len && !memchr(line, '\0', len)) {
		if (!r->none_open && diagnostics_is_open(line, len))
			open_lines(r, line, len);
		else
			read_message(r, line, len, &m);
	} else if (is_moved_nowhere(line, len) && !memchr(line, '\0', len)) {
		m = (struct message){
			.file = unknown_position, .file_len = sizeof(unknown_position) - 1, .text = line, .len = len};
		r->known++;
		read_moved(r, &m);
	}
}

/* What looked like a line with an open raw string was none: it and the lines behind it are read one by one. */
static void give_up_open(struct reader *r)
{
	struct strbuf open = r->open;

	r->open = (struct strbuf)STRBUF_INIT;
	r->none_open = true;
	for (const char *line = open.buf, *end = line + open.len; line <= end;) {
		const char *next = memchr(line, '\n', (size_t)(end - line));

		next = next ? next : end;
		read_line(r, line, (size_t)(next - line));
		line = next + 1;
	}
	r->none_open = false;
	strbuf_release(&open);
}

/* A line while a raw string is open. Where it is a diagnostic, or one line too many, none was. */
static void read_open(struct reader *r, const char *line, size_t len)
{
	struct strbuf whole = STRBUF_INIT;
	struct message m;
	const char *close;

	if (r->open_lines == OPEN_LINES_LIMIT || r->open.len + len > OPEN_BYTES_LIMIT ||
	    (message_split(line, len, &m) && diagnostics_line_is_known(line, len))) {
		give_up_open(r);
		read_line(r, line, len);
		return;
	}
	strbuf_addch(&r->open, '\n');
	strbuf_add(&r->open, line, len);
	r->open_lines++;
	close = memchr(line, '`', len);
	if (!close || diagnostics_is_open(close + 1, (size_t)(line + len - close - 1)))
		return;
	diagnostics_add_quoted(&whole, r->open.buf, r->open.len);
	strbuf_clear(&r->open);
	read_line(r, strbuf_str(&whole), whole.len);
	strbuf_release(&whole);
}

static int read_all(struct predictions *set, struct lines *lines, const char *name, struct error *err)
{
	struct reader r = {.set = set,
			   .first = set->n,
			   .open = STRBUF_INIT,
			   .header = STRBUF_INIT,
			   .explaining = NONE,
			   .last_heap = NONE};
	const char *line;
	size_t len;
	int ret = 0;

	for (size_t i = 0; i < set->n_packages; i++)
		u64map_at(&r.packages, (uintptr_t)set->packages[i], NULL);

	while (lines_next(lines, &line, &len)) {
		set->lines++;
		if (r.open.len)
			read_open(&r, line, len);
		else
			read_line(&r, line, len);
	}
	if (r.open.len)
		give_up_open(&r);
	end_section(&r);
	if (lines->error)
		ret = error_set(err, lines->error, "diagnostics: failed to read '%s': %s", name,
				strerror(-lines->error));
	else if (r.known == 0)
		ret = error_set(
			err, -ENODATA,
			"diagnostics: failed to find any in '%s': none of its %zu lines is a compiler diagnostic; "
			"make the log with: go build -gcflags=-m=2 PACKAGE 2>FILE",
			name, set->lines);
	free(r.events);
	free(r.functions);
	free(r.explanations);
	free(r.flow);
	free(r.sections);
	free(r.counts);
	u64map_release(&r.section_of);
	u64map_release(&r.count_at);
	u64map_release(&r.packages);
	strbuf_release(&r.header);
	strbuf_release(&r.open);
	return ret;
}

int predictions_read_log(struct predictions *set, FILE *f, const char *name, struct error *err)
{
	struct lines lines;
	int ret;

	lines_init_file(&lines, f);
	ret = read_all(set, &lines, name, err);
	lines_release(&lines);
	return ret;
}

int predictions_read_log_bytes(struct predictions *set, const char *data, size_t size, const char *name,
			       struct error *err)
{
	struct lines lines;
	int ret;

	lines_init_bytes(&lines, data, size);
	ret = read_all(set, &lines, name, err);
	lines_release(&lines);
	return ret;
}
