/* SPDX-License-Identifier: Apache-2.0 */
/* The emitted account: every call outside the runtime that may allocate, in the order of the machine code. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/u64map.h"
#include "recording/place.h"
#include "report/header.h"
#include "report/json.h"
#include "report/report.h"
#include "report/text_table.h"
#include "report/type_layout.h"
#include "report/units.h"
#include "symbolize/go_name.h"

enum {
	COLUMN_EXPRESSION = 2,
	COLUMN_RAN = 7,
	N_COLUMNS,
};

/* 0 where it is not known. The twin's chain may have levels that the program's has lost. */
static int column_of(const struct rec_site *site, const struct rec_frame *frame)
{
	size_t level = (size_t)(frame - site->frames);
	const struct rec_level *known =
		site->source && level < site->source->n_levels ? &site->source->levels[level] : NULL;

	return known && known->line == frame->line && known->column != REC_COLUMN_BEYOND ? known->column : 0;
}

static char *place_of(struct strpool *pool, const struct recording *rec, const struct rec_site *site,
		      const struct rec_frame *frame)
{
	const char *file;
	struct rec_frame shown = place_shown(pool, rec, frame, &file);
	int column = shown.line == frame->line ? column_of(site, frame) : 0;

	return place_text(file ? file : "?", shown.line, column, go_name_plain(pool, frame->function));
}

static const char *reach_name(enum reach reach)
{
	static const char *const names[] = {
		[REACH_NOT_PROBED] = "not-probed", [REACH_NEVER] = "never", [REACH_HIT] = "hit"};

	return names[reach];
}

/* "inlined into main.f at cart.go:40, into main.main at main.go:9" */
static char *inlined_into(struct strpool *pool, const struct recording *rec, const struct rec_site *site,
			  const struct rec_frame *innermost)
{
	struct strbuf sb = STRBUF_INIT;

	for (const struct rec_frame *frame = innermost + 1; frame < site->frames + site->n_frames; frame++) {
		char *place = place_of(pool, rec, site, frame);

		strbuf_addf(&sb, "%s %s at %s", sb.len ? ", into" : "inlined into",
			    go_name_short(go_name_plain(pool, frame->function)), place);
		free(place);
	}
	return strbuf_detach(&sb);
}

/* What a table has where something is known of any of its sites. */
struct shown {
	bool expressions; /* of the source, or variables */
	bool reach;
	struct u64map types; /* that were remarked upon */
};

/* Once for each type. */
static char *note_of_type(const struct recording *rec, const char *name, struct shown *shown)
{
	const struct rec_type *type = recording_type(rec, name);
	bool is_new = false;

	if (type)
		u64map_at(&shown->types, (uintptr_t)type, &is_new);
	return is_new ? type_layout_note(rec, name) : NULL;
}

static void add_site(struct text_table *table, struct strpool *pool, const struct recording *rec,
		     const struct rec_site *site, struct shown *shown)
{
	const struct rec_frame *innermost = place_innermost(site->frames, site->n_frames);
	char *pc = xasprintf("0x%" PRIx64, site->pc), *place = place_of(pool, rec, site, innermost),
	     *inlined = inlined_into(pool, rec, site, innermost), *layout = note_of_type(rec, site->type, shown);
	struct units_text size = units_bytes(site->size);
	struct text_cell cells[N_COLUMNS];
	size_t n = 0;

	cells[n++] = (struct text_cell){pc, TEXT_DIM};
	cells[n++] = (struct text_cell){place, TEXT_PLAIN};
	if (shown->expressions)
		cells[n++] = (struct text_cell){site->source ? site->source->expr : site->variable, TEXT_PLAIN};
	cells[n++] = (struct text_cell){cause_name(site->cause), TEXT_PLAIN};
	cells[n++] = (struct text_cell){site->type, TEXT_PLAIN};
	cells[n++] = (struct text_cell){site->size ? size.text : NULL, TEXT_PLAIN};
	cells[n++] = (struct text_cell){site->callee, TEXT_PLAIN};
	if (shown->reach)
		cells[n++] = (struct text_cell){site->reach == REACH_NOT_PROBED ? NULL : reach_name(site->reach),
						TEXT_PLAIN};
	text_table_add(table, cells);
	if (*inlined)
		text_table_note(table, inlined);
	if (layout)
		text_table_note(table, layout);
	free(pc);
	free(place);
	free(inlined);
	free(layout);
}

/*
 *   PC        LINE           EXPRESSION     CAUSE                 TYPE       SIZE  CALLEE             RAN
 *   0x480100  item.go:21:9   &item{i, j}    new object            main.item  16 B  runtime.newobject  hit
 *             inlined into main.(*Cart).Add at cart.go:40:12
 *   0x480500  main.go:14                    interface conversion                   runtime.convT64    never
 */
int report_sites_text(FILE *f, const struct recording *rec, const struct report_options *options)
{
	static const struct text_column all[N_COLUMNS] = {
		{"PC", false, 0, 0},   {"LINE", false, 12, 5}, {"EXPRESSION", false, 10, 2}, {"CAUSE", false, 0, 0},
		{"TYPE", false, 6, 3}, {"SIZE", true, 0, 0},   {"CALLEE", false, 8, 4},	     {"RAN", false, 0, 0},
	};
	size_t n_shown = options->limit && options->limit < rec->n_sites ? options->limit : rec->n_sites;
	struct text_column columns[N_COLUMNS];
	size_t n_columns = 0;
	struct strpool *pool = strpool_new();
	struct shown shown = {.types = U64MAP_INIT};
	struct text_table *table;
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < rec->n_sites; i++) {
		const struct rec_site *site = &rec->sites[i];

		shown.expressions |= (site->source && site->source->expr && *site->source->expr) || site->variable;
		shown.reach |= site->reach != REACH_NOT_PROBED;
	}
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if ((i != COLUMN_EXPRESSION || shown.expressions) && (i != COLUMN_RAN || shown.reach))
			columns[n_columns++] = all[i];
	}
	table = text_table_new(columns, n_columns);
	for (size_t i = 0; i < n_shown; i++)
		add_site(table, pool, rec, &rec->sites[i], &shown);
	header_put_binary(f, rec, options);
	if (rec->has_sites)
		strbuf_addf(&sb, "%zu", rec->n_sites);
	else
		strbuf_addstr(&sb, "unknown: the recording has none; give the binary to 'escaudit sites'");
	header_line(f, "sites", strbuf_str(&sb), TEXT_PLAIN, options);
	if (n_shown) {
		putc('\n', f);
		text_table_print(f, table, 2, 12, (size_t)options->width, options->colour);
	}
	header_put_left_out(f, rec->n_sites - n_shown, 0, options);
	strbuf_release(&sb);
	text_table_free(table);
	u64map_release(&shown.types);
	strpool_free(pool);
	return report_finish(f);
}

/*
 * {"pc": "0x480100", "return": "0x480105", "file": "item.go", "line": 21, "function": "main.newItem", "package":
 * "main", "cause": "new object", "callee": "runtime.newobject", "may_elide": false, "type": "main.item", "type_size":
 * 16, "size": 16, "reach": "hit", "inline": [{"function": "main.newItem", "file": …, "line": 21}, …]}
 */
static json_t *json_site(struct strpool *pool, const struct recording *rec, const struct rec_site *site)
{
	const struct rec_frame *innermost = place_innermost(site->frames, site->n_frames);
	json_t *object = json_object();
	const char *file;
	struct rec_frame shown = place_shown(pool, rec, innermost, &file);

	json_put(object, "pc", json_address(site->pc));
	json_put(object, "return", json_address(site->ret));
	json_put(object, "file", json_text(file));
	json_put(object, "line", json_positive(shown.line));
	json_put(object, "function", json_text(innermost->function));
	json_put(object, "package", json_text(place_package(pool, &rec->header, innermost)));
	json_put(object, "cause", json_text(cause_name(site->cause)));
	json_put(object, "callee", json_text(site->callee));
	json_put(object, "may_elide", json_boolean(site->may_elide));
	json_put(object, "type", json_text(site->type));
	json_put(object, "type_size", site->type_size ? json_count(site->type_size) : json_null());
	json_put(object, "size", site->size ? json_count(site->size) : json_null());
	json_put(object, "reach", json_text(reach_name(site->reach)));
	json_put(object, "inline", json_inline_chain(site->frames, site->n_frames));
	json_put_source(object, site);
	json_put(object, "variable", json_text(site->variable));
	return object;
}

int report_sites_json(FILE *f, const struct recording *rec)
{
	struct strpool *pool = strpool_new();
	struct json_report report;

	json_report_begin(&report, f, "escaudit-sites/1");
	json_report_recording(&report, rec);
	json_report_list_begin(&report, "sites");
	for (size_t i = 0; i < rec->n_sites; i++)
		json_report_row(&report, json_site(pool, rec, &rec->sites[i]));
	json_report_list_end(&report);
	json_report_member(&report, "types", type_layout_json(rec));
	strpool_free(pool);
	return json_report_end(&report);
}
