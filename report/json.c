/* SPDX-License-Identifier: Apache-2.0 */
#include "report/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "recording/place.h"
#include "report/header.h"
#include "report/text_table.h"

/* jansson's default of 17 digits shows 12.3 as 12.300000000000001. */
#define DUMP_FLAGS (JSON_ENCODE_ANY | JSON_REAL_PRECISION(12))

json_t *json_text(const char *s)
{
	struct strbuf sb = STRBUF_INIT;
	json_t *value;

	if (!s)
		return json_null();
	value = json_string(s);
	if (value)
		return value;
	while (*s) {
		size_t len;

		if (text_decode(s, &len) == 0xfffd)
			strbuf_addstr(&sb, "\xef\xbf\xbd");
		else
			strbuf_add(&sb, s, len);
		s += len;
	}
	value = json_string(strbuf_str(&sb));
	strbuf_release(&sb);
	return value;
}

json_t *json_clean(const char *s)
{
	struct strbuf sb = STRBUF_INIT;
	json_t *value;

	if (!s)
		return json_null();
	text_clean(&sb, s);
	value = json_text(strbuf_str(&sb));
	strbuf_release(&sb);
	return value;
}

json_t *json_flow(const struct flow_step *const *flow, size_t n, json_t *(*text)(const char *))
{
	size_t shown = n > FLOW_SHOWN + 1 ? FLOW_SHOWN : n;
	json_t *lines = json_array();
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < shown; i++) {
		strbuf_clear(&sb);
		flow_step_print(&sb, flow[i]);
		json_array_append_new(lines, text(strbuf_str(&sb)));
	}
	if (shown < n) {
		strbuf_clear(&sb);
		strbuf_addf(&sb, "and %zu more lines", n - shown);
		json_array_append_new(lines, text(strbuf_str(&sb)));
	}
	strbuf_release(&sb);
	return lines;
}

json_t *json_count(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

json_t *json_positive(int n)
{
	return n > 0 ? json_integer(n) : json_null();
}

json_t *json_address(uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	return json_string(text);
}

void json_put(json_t *object, const char *name, json_t *value)
{
	json_object_set_new_nocheck(object, name, value);
}

json_t *json_inline_chain(const struct rec_frame *frames, size_t n)
{
	json_t *chain = json_array();

	for (size_t i = 0; n > 1 && i < n; i++) {
		json_t *frame = json_object();

		json_put(frame, "function", json_text(frames[i].function));
		json_put(frame, "file", json_text(frames[i].file));
		json_put(frame, "line", json_integer(frames[i].line));
		json_array_append_new(chain, frame);
	}
	return chain;
}

void json_put_captures(json_t *object, const struct rec_site *site)
{
	json_t *list = site->captures ? json_array() : json_null();

	for (const char *at = site->captures; at && *at;) {
		bool by_reference = *at == '&';
		size_t n = strcspn(at, ",");
		char *name = xstrndup(at + by_reference, n - by_reference);
		json_t *one = json_object();

		bool is_known = strcmp(name, "?") != 0;

		json_put(one, "name", is_known ? json_text(name) : json_null());
		json_put(one, "by_reference", is_known ? json_boolean(by_reference) : json_null());
		json_array_append_new(list, one);
		free(name);
		at += n;
		at += strspn(at, ", ");
	}
	json_put(object, "captures", list);
}

void json_put_source(json_t *object, const struct rec_site *site)
{
	json_t *columns = site->source ? json_array() : json_null();

	for (size_t i = 0; site->source && i < site->source->n_levels; i++) {
		const struct rec_level *level = &site->source->levels[i];
		bool is_elsewhere = i == 0 && site->n_frames && level->line != site->frames[0].line;
		int column = is_elsewhere ? 0 : level->column;

		json_array_append_new(columns, json_positive(column == REC_COLUMN_BEYOND ? 0 : column));
	}
	json_put(object, "columns", columns);
	json_put(object, "expr", json_text(site->source ? site->source->expr : NULL));
	json_put(object, "columns_from", json_text(site->source ? "twin" : NULL));
}

static int append(const char *part, size_t size, void *text)
{
	strbuf_add(text, part, size);
	return 0;
}

/* Takes value. In one piece: jansson alone would write token by token, each with the lock of the stream. */
static void put_value(struct json_report *report, json_t *value)
{
	strbuf_clear(&report->text);
	json_dump_callback(value, append, &report->text, DUMP_FLAGS);
	fwrite(strbuf_str(&report->text), 1, report->text.len, report->f);
	json_decref(value);
}

void json_report_begin(struct json_report *report, FILE *f, const char *schema)
{
	json_t *tool = json_object();

	*report = (struct json_report){.f = f};
	fputs("{\n", f);
	json_report_member(report, "schema", json_text(schema));
	json_put(tool, "name", json_text("escaudit"));
	json_put(tool, "version", json_text(ESCAUDIT_VERSION));
	json_report_member(report, "tool", tool);
}

static void put_name(struct json_report *report, const char *name)
{
	fprintf(report->f, "%s\"%s\": ", report->has_members ? ",\n" : "", name);
	report->has_members = true;
}

void json_report_member(struct json_report *report, const char *name, json_t *value)
{
	put_name(report, name);
	put_value(report, value);
}

void json_report_list_begin(struct json_report *report, const char *name)
{
	put_name(report, name);
	putc('[', report->f);
	report->has_rows = false;
}

void json_report_row(struct json_report *report, json_t *row)
{
	fputs(report->has_rows ? ",\n" : "\n", report->f);
	report->has_rows = true;
	put_value(report, row);
}

void json_report_list_end(struct json_report *report)
{
	fputs(report->has_rows ? "\n]" : "]", report->f);
}

int json_report_end(struct json_report *report)
{
	fputs("\n}\n", report->f);
	strbuf_release(&report->text);
	return report_finish(report->f);
}

static json_t *target_of(const struct rec_header *h)
{
	json_t *target = json_object();

	json_put(target, "path", json_text(h->path));
	json_put(target, "build_id", json_text(h->build_id));
	json_put(target, "go_version", json_text(h->go_version));
	json_put(target, "arch", json_text(h->arch));
	json_put(target, "pid", h->pid ? json_integer(h->pid) : json_null());
	json_put(target, "main_package", json_text(h->main_package));
	json_put(target, "main_module", json_text(h->main_module));
	json_put(target, "exit_status", h->exit_status >= 0 ? json_integer(h->exit_status) : json_null());
	return target;
}

/* NULL where all stacks are whole. */
static json_t *cuts_of(const struct recording *rec)
{
	size_t n;
	struct place_cut *cuts = place_cuts(rec, &n);
	json_t *list = n ? json_array() : NULL;

	for (size_t i = 0; i < n; i++) {
		json_t *cut = json_object();

		json_put(cut, "frame", json_text(cuts[i].text));
		json_put(cut, "objects", json_count(cuts[i].objects));
		json_array_append_new(list, cut);
	}
	free(cuts);
	return list;
}

static json_t *window_of(const struct recording *rec)
{
	const struct rec_header *h = &rec->header;
	static const char *const modes[] = {
		[REC_MODE_EXACT] = "exact", [REC_MODE_SAMPLE] = "sample", [REC_MODE_PROFILE] = "profile"};
	json_t *window = json_object(), *cuts = cuts_of(rec);

	json_put(window, "mode", json_text(modes[h->mode]));
	json_put(window, "seconds", json_real(h->window_seconds));
	json_put(window, "complete", json_boolean(h->window_complete));
	json_put(window, "start_unix_ns", json_count(h->start_unix_ns));
	json_put(window, "coverage", json_text(h->coverage));
	json_put(window, "hits", json_count(h->hits));
	json_put(window, "entries", json_count(h->entries));
	json_put(window, "stacks", json_count(h->stacks));
	json_put(window, "shortened", json_count(h->shortened));
	if (cuts)
		json_put(window, "c_frames_cut", cuts);
	return window;
}

static json_t *losses_of(const struct recording *rec)
{
	json_t *losses = json_array();

	for (size_t i = 0; i < rec->n_losses; i++) {
		json_t *loss = json_object();

		json_put(loss, "name", json_text(rec->losses[i].name));
		json_put(loss, "count", json_count(rec->losses[i].count));
		json_array_append_new(losses, loss);
	}
	return losses;
}

void json_report_recording(struct json_report *report, const struct recording *rec)
{
	json_report_member(report, "target", target_of(&rec->header));
	json_report_member(report, "window", window_of(rec));
	json_report_member(report, "losses", losses_of(rec));
}

json_t *json_recording(const struct recording *rec)
{
	json_t *object = json_object();

	json_put(object, "target", target_of(&rec->header));
	json_put(object, "window", window_of(rec));
	json_put(object, "losses", losses_of(rec));
	return object;
}
