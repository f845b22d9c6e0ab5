/* SPDX-License-Identifier: Apache-2.0 */
/* The predicted account by itself, in the order of the log. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "report/header.h"
#include "report/json.h"
#include "report/report.h"
#include "report/text_table.h"

static char *place_of(const struct position *pos)
{
	const char *file = pos->file ? pos->file : "?";

	if (strncmp(file, "./", 2) == 0)
		file += 2;
	if (pos->column)
		return xasprintf("%s:%d:%d", file, pos->line, pos->column);
	return pos->line ? xasprintf("%s:%d", file, pos->line) : xstrdup(file);
}

/* "inlined from item.go:21:9": where the allocation is written, if that is elsewhere. */
static void add_prediction(struct text_table *table, const struct prediction *p)
{
	char *place = place_of(&p->pos);
	const struct text_cell cells[] = {
		{claim_name(p->claim), p->claim == CLAIM_HEAP ? TEXT_YELLOW : TEXT_DIM},
		{place, TEXT_PLAIN},
		{p->expr, TEXT_PLAIN},
		{p->function, TEXT_PLAIN},
		{p->reason, TEXT_DIM},
	};

	text_table_add(table, cells);
	if (p->n_inlined) {
		char *inner = place_of(&p->inlined[p->n_inlined - 1]), *note = xasprintf("inlined from %s", inner);

		text_table_note(table, note);
		free(inner);
		free(note);
	}
	free(place);
}

/* 3 predictions: 2 heap, 1 stack, in 1 package; go1.26.11 linux amd64, built with -race */
static void put_summary(FILE *f, const struct predictions *set, const struct report_options *options)
{
	const struct prediction_build *b = &set->build;
	struct strbuf sb = STRBUF_INIT;
	size_t heap = 0;

	for (size_t i = 0; i < set->n; i++)
		heap += set->items[i].claim == CLAIM_HEAP;
	strbuf_addf(&sb, "%zu prediction%s: %zu heap, %zu stack, in %zu package%s", set->n, set->n == 1 ? "" : "s",
		    heap, set->n - heap, set->n_packages, set->n_packages == 1 ? "" : "s");
	if (b->go_version)
		strbuf_addf(&sb, "; %s", b->go_version);
	if (b->goos && b->goarch)
		strbuf_addf(&sb, " %s/%s", b->goos, b->goarch);
	if (b->gcflags && *b->gcflags)
		strbuf_addf(&sb, ", -gcflags=%s", b->gcflags);
	header_line(f, "log", strbuf_str(&sb), TEXT_PLAIN, options);
	strbuf_release(&sb);
}

static void put_unknown(FILE *f, const struct predictions *set, const struct report_options *options)
{
	struct strbuf sb = STRBUF_INIT;

	if (set->unknown_lines == 0)
		return;
	strbuf_addf(&sb, "%zu line%s not understood:", set->unknown_lines, set->unknown_lines == 1 ? "" : "s");
	header_line(f, "UNKNOWN", strbuf_str(&sb), TEXT_YELLOW, options);
	for (size_t i = 0; i < ARRAY_SIZE(set->unknown) && set->unknown[i]; i++)
		header_line(f, "", set->unknown[i], TEXT_PLAIN, options);
	strbuf_release(&sb);
}

/*
 *   CLAIM  LINE          EXPRESSION      FUNCTION         REASON
 *   heap   cart.go:40:9  &item{...}      main.(*Cart).Add  return
 *          inlined from item.go:21:9
 *   stack  main.go:9:14  make([]int, n)  main.main
 */
int report_predictions_text(FILE *f, const struct predictions *set, const struct report_options *options)
{
	static const struct text_column columns[] = {{"CLAIM", false, 0, 0},
						     {"LINE", false, 12, 5},
						     {"EXPRESSION", false, 8, 5},
						     {"FUNCTION", false, 8, 3},
						     {"REASON", false, 8, 3}};
	size_t shown = options->limit && options->limit < set->n ? options->limit : set->n;
	struct text_table *table = text_table_new(columns, ARRAY_SIZE(columns));

	for (size_t i = 0; i < shown; i++)
		add_prediction(table, &set->items[i]);
	put_summary(f, set, options);
	put_unknown(f, set, options);
	if (shown) {
		putc('\n', f);
		text_table_print(f, table, 2, 9, (size_t)options->width, options->colour);
	}
	header_put_left_out(f, set->n - shown, 0, options);
	text_table_free(table);
	return report_finish(f);
}

/* ---- JSON
 * -------------------------------------------------------------------------------------------------------------- */

static void put_position(json_t *object, const struct position *pos)
{
	json_put(object, "file", json_text(pos->file));
	json_put(object, "line", json_positive(pos->line));
	json_put(object, "column", json_positive(pos->column));
}

/*
 * {"claim": "heap", "kind": "composite", "file": "./cart.go", "line": 40, "column": 9, "expr": "&item{...}",
 *  "function": "main.(*Cart).Add", "package": "example.com/shop", "inlined": [{"file": …, "line": …, "column": …}],
 *  "reason": "return", "why": ["flow: …"]}; inlined is null where only the text of the diagnostics was there
 */
static json_t *json_prediction(const struct prediction *p)
{
	json_t *object = json_object(), *inlined = p->inlined_known ? json_array() : json_null();

	for (size_t i = 0; p->inlined_known && i < p->n_inlined; i++) {
		json_t *position = json_object();

		put_position(position, &p->inlined[i]);
		json_array_append_new(inlined, position);
	}
	json_put(object, "claim", json_text(claim_name(p->claim)));
	json_put(object, "kind", json_text(expr_kind_name(p->kind)));
	put_position(object, &p->pos);
	json_put(object, "expr", json_text(p->expr));
	json_put(object, "function", json_text(p->function));
	json_put(object, "package", json_text(p->package));
	json_put(object, "inlined", inlined);
	json_put(object, "reason", json_text(p->reason));
	json_put(object, "why", json_flow(p->flow, p->n_flow, json_text));
	return object;
}

/* The members every target has, and those of a build; the binary's path is not part of a log. */
static json_t *json_target(const struct prediction_build *b)
{
	json_t *object = json_object();

	json_put(object, "path", json_null());
	json_put(object, "build_id", json_text(b->build_id));
	json_put(object, "go_version", json_text(b->go_version));
	json_put(object, "arch", json_text(b->goarch));
	json_put(object, "os", json_text(b->goos));
	json_put(object, "gcflags", json_text(b->gcflags));
	json_put(object, "main_module", json_text(b->main_module));
	json_put(object, "directory", json_text(b->directory));
	return object;
}

int report_predictions_json(FILE *f, const struct predictions *set)
{
	struct json_report report;
	json_t *log = json_object(), *packages = json_array();

	for (size_t i = 0; i < set->n_packages; i++)
		json_array_append_new(packages, json_text(set->packages[i]));
	json_put(log, "lines", json_count(set->lines));
	json_put(log, "unknown_lines", json_count(set->unknown_lines));
	json_put(log, "json_joined", json_count(set->json_joined));
	json_put(log, "json_unjoined", json_count(set->json_unjoined));
	json_report_begin(&report, f, "escaudit-predict/1");
	json_report_member(&report, "target", json_target(&set->build));
	json_report_member(&report, "log", log);
	json_report_member(&report, "packages", packages);
	json_report_list_begin(&report, "predictions");
	for (size_t i = 0; i < set->n; i++)
		json_report_row(&report, json_prediction(&set->items[i]));
	json_report_list_end(&report);
	return json_report_end(&report);
}
