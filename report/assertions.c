/* SPDX-License-Identifier: Apache-2.0 */
#include "report/assertions.h"

#include "base/memory.h"
#include "base/strbuf.h"
#include "report/header.h"
#include "report/text_table.h"
#include "report/units.h"

static const enum text_style styles[ASSERTION_COUNT] = {
	[ASSERTION_HELD] = TEXT_GREEN,
	[ASSERTION_BROKEN] = TEXT_RED,
	[ASSERTION_NEVER_EXECUTED] = TEXT_YELLOW,
	[ASSERTION_UNDECIDED] = TEXT_YELLOW,
};

static void add_row(struct text_table *table, const struct assertion *item)
{
	const struct directive *d = &item->directive;
	struct units_text bytes = units_bytes(item->bytes), objects = units_count(item->objects);
	char *place = xasprintf("%s:%d", item->file, d->line);
	const struct text_cell cells[] = {
		{item->objects ? bytes.text : "-", TEXT_BOLD},
		{item->objects ? objects.text : "-", TEXT_PLAIN},
		{assertion_verdict_name(item->verdict), styles[item->verdict]},
		{place, TEXT_PLAIN},
		{d->text, TEXT_PLAIN},
		{d->function, TEXT_PLAIN},
	};

	text_table_add(table, cells);
	for (size_t i = 0; i < item->n_why; i++)
		text_table_note(table, item->why[i]);
	free(place);
}

/*
 * ASSERTIONS: 4: 1 broken, 1 never executed, 2 held
 *   BYTES  OBJECTS  VERDICT         LINE         ASSERTION            FUNCTION
 *  1600 B      100  broken          cart.go:12   //escaudit:noalloc   (*Cart).Add
 *         new object of cart.Item at cart.go:14: 100 objects, 1600 bytes
 */
void assertions_put(FILE *f, const struct assertions *a, const struct report_options *options)
{
	static const struct text_column columns[] = {
		{"BYTES", true, 0, 0},	{"OBJECTS", true, 0, 0},    {"VERDICT", false, 0, 0},
		{"LINE", false, 14, 8}, {"ASSERTION", false, 9, 5}, {"FUNCTION", false, 5, 4},
	};
	static const enum assertion_verdict order[] = {ASSERTION_BROKEN, ASSERTION_UNDECIDED, ASSERTION_NEVER_EXECUTED,
						       ASSERTION_HELD};
	struct strbuf heading = STRBUF_INIT;
	struct text_table *table;
	size_t n = 0, shown = 0;

	if (!a || !a->n)
		return;
	strbuf_addf(&heading, "ASSERTIONS: %zu", a->n);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		if (a->n_verdicts[order[i]])
			strbuf_addf(&heading, "%s %zu %s", heading.len && n++ ? "," : ":", a->n_verdicts[order[i]],
				    assertion_verdict_name(order[i]));
	}
	if (a->n_verdicts[ASSERTION_HELD] && !options->all)
		strbuf_addstr(&heading, " (--all lists those that held)");
	putc('\n', f);
	text_put(f, strbuf_str(&heading), TEXT_BOLD, options->colour);
	putc('\n', f);
	strbuf_release(&heading);
	table = text_table_new(columns, ARRAY_SIZE(columns));
	n = 0;
	for (size_t i = 0; i < a->n; i++) {
		if (a->items[i].verdict == ASSERTION_HELD && !options->all)
			continue;
		if (options->limit && ++n > options->limit)
			continue;
		shown++;
		add_row(table, &a->items[i]);
	}
	if (shown)
		text_table_print(f, table, 2, 8, (size_t)options->width, options->colour);
	header_put_left_out(f, n > shown ? n - shown : 0, 0, options);
	text_table_free(table);
}

/*
 * {"verdict": "broken", "assertion": "noalloc", "calls": false, "text": "//escaudit:noalloc", "file": "cart.go",
 *  "line": 12, "first": 13, "last": 20, "function": "(*Cart).Add", "objects": 100, "bytes": 1600, "why": ["…"]}
 */
static json_t *row_of(const struct assertion *item)
{
	static const char *const kinds[] = {
		[DIRECTIVE_NOALLOC] = "noalloc", [DIRECTIVE_NOESCAPE] = "noescape", [DIRECTIVE_UNKNOWN] = "unknown"};
	const struct directive *d = &item->directive;
	json_t *object = json_object(), *why = json_array();

	for (size_t i = 0; i < item->n_why; i++)
		json_array_append_new(why, json_text(item->why[i]));
	json_put(object, "verdict", json_text(assertion_verdict_name(item->verdict)));
	json_put(object, "assertion", json_text(kinds[d->kind]));
	json_put(object, "calls", json_boolean(d->calls));
	json_put(object, "text", json_text(d->text));
	json_put(object, "file", json_text(item->file));
	json_put(object, "line", json_positive(d->line));
	json_put(object, "first", json_positive(d->first));
	json_put(object, "last", json_positive(d->last));
	json_put(object, "function", json_text(d->function));
	json_put(object, "objects", json_count(item->objects));
	json_put(object, "bytes", json_count(item->bytes));
	json_put(object, "why", why);
	return object;
}

void assertions_put_json(struct json_report *report, const struct assertions *a)
{
	json_report_list_begin(report, "assertions");
	for (size_t i = 0; a && i < a->n; i++)
		json_report_row(report, row_of(&a->items[i]));
	json_report_list_end(report);
}
