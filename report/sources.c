/* SPDX-License-Identifier: Apache-2.0 */
#include "report/sources.h"

#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/u64map.h"
#include "recording/place.h"
#include "report/annotate_internal.h"
#include "report/json.h"
#include "report/text_table.h"

struct source {
	const char *file;     /* as a reader knows it; from the pool */
	const char *recorded; /* the path the compiler saw, NULL if unknown */
	bool is_main;	      /* of the main module */
	uint64_t objects, bytes;
	size_t first, n; /* of lines, once they are sorted */
};

struct numbered_line {
	size_t source;
	int number;
	struct annotated_line line;
};

struct sources {
	const struct recording *rec;
	struct strpool *pool;
	struct source *items;
	size_t n, alloc;
	struct u64map index; /* file (of the pool) to items[] */
	struct numbered_line *lines;
	size_t n_lines, alloc_lines;
	struct u64map line_index; /* item << 32 | number to lines[] */
	size_t taken;		  /* bytes of text */
};

/* ---- the accounts ----------------------------------------------------------------------------------------------- */

static struct source *source_at(struct sources *s, const char *file)
{
	bool is_new;
	uint64_t *at = u64map_at(&s->index, (uintptr_t)file, &is_new);

	if (is_new) {
		*at = s->n;
		ARRAY_GROW(s->items, s->n + 1, s->alloc);
		s->items[s->n++] = (struct source){.file = file};
	}
	return &s->items[*at];
}

static struct annotated_line *line_at(struct sources *s, const struct source *source, int number)
{
	size_t item = (size_t)(source - s->items);
	bool is_new;
	uint64_t *at = u64map_at(&s->line_index, (uint64_t)item << 32 | (uint32_t)number, &is_new);

	if (is_new) {
		*at = s->n_lines;
		ARRAY_GROW(s->lines, s->n_lines + 1, s->alloc_lines);
		s->lines[s->n_lines++] = (struct numbered_line){.source = item, .number = number};
	}
	return &s->lines[*at].line;
}

static void learn_path(const struct sources *s, struct source *source, const struct rec_frame *frame)
{
	if (source->recorded)
		return;
	source->recorded = frame->file;
	source->is_main = place_in_main_module(&s->rec->header, frame->function);
}

static void add_observation(struct sources *s, const struct rec_observation *o)
{
	const struct rec_frame *frame = place_charged(s->rec, o, CHARGE_SITE);
	struct annotated_line *line;
	struct source *source;
	struct rec_frame shown;
	const char *file;

	if (!frame || !frame->file)
		return;
	shown = place_shown(s->pool, s->rec, frame, &file);
	if (place_is_wrapper_file(file)) /* no file has it */
		return;
	source = source_at(s, file);
	if (shown.file == frame->file)
		learn_path(s, source, frame);
	source->objects += o->objects;
	source->bytes += o->bytes;
	if (shown.line < 1)
		return;
	line = line_at(s, source, shown.line);
	line->objects += o->objects;
	line->bytes += o->bytes;
}

/* The source that the frame is shown in, and the line. */
static struct source *known_source(struct sources *s, const struct rec_frame *frame, int *line)
{
	struct rec_frame shown;
	const char *file;
	uint64_t *at;

	if (!frame->file)
		return NULL;
	shown = place_shown(s->pool, s->rec, frame, &file);
	*line = shown.line;
	at = u64map_find(&s->index, (uintptr_t)file);
	if (!at)
		return NULL;
	if (shown.file == frame->file)
		learn_path(s, &s->items[*at], frame);
	return &s->items[*at];
}

static void add_accounts(struct sources *s, const struct audit *audit)
{
	const struct recording *rec = s->rec;

	for (size_t i = 0; i < rec->n_observations; i++)
		add_observation(s, &rec->observations[i]);
	for (size_t i = 0; audit && i < audit->n; i++) {
		const struct verdict *v = &audit->items[i];
		bool has_file = v->file && !place_is_wrapper_file(v->file);
		struct source *source = has_file ? source_at(s, strpool_add(s->pool, v->file)) : NULL;

		if (source && v->line > 0)
			annotated_line_add_verdict(line_at(s, source, v->line), v);
	}
	/* Calls in files without objects or verdicts are nobody's business here. */
	for (size_t i = 0; i < rec->n_sites; i++) {
		const struct rec_site *site = &rec->sites[i];
		const struct rec_frame *frame = site->n_frames ? place_innermost(site->frames, site->n_frames) : NULL;
		int line = 0;
		struct source *source = frame ? known_source(s, frame, &line) : NULL;

		if (source && line > 0)
			annotated_line_add_site(line_at(s, source, line), site);
	}
	for (size_t i = 0; i < rec->n_extents; i++) {
		const struct rec_frame frame = {.function = rec->extents[i].function, .file = rec->extents[i].file};
		int line;

		if (!place_is_wrapper_file(frame.file))
			known_source(s, &frame, &line);
	}
}

static int compare_lines(const void *a, const void *b)
{
	const struct numbered_line *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static int compare_sources(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->objects != y->objects)
		return x->objects > y->objects ? -1 : 1;
	return strcmp(x->file, y->file);
}

static void sort(struct sources *s)
{
	if (s->n_lines)
		qsort(s->lines, s->n_lines, sizeof(*s->lines), compare_lines);
	for (size_t i = 0; i < s->n_lines; i++) {
		struct source *source = &s->items[s->lines[i].source];

		if (source->n++ == 0)
			source->first = i;
	}
	if (s->n)
		qsort(s->items, s->n, sizeof(*s->items), compare_sources);
}

/* ---- the texts -------------------------------------------------------------------------------------------------- */

/* Appends the text, fit to be shown; 0 or a negative errno. */
static int read_text(struct strbuf *out, const char *path, size_t limit)
{
	struct strbuf sb = STRBUF_INIT, line = STRBUF_INIT;
	int ret = strbuf_read_file(&sb, path, limit);
	struct lines lines;
	const char *text;
	size_t len;

	if (ret == 0) {
		lines_init_bytes(&lines, strbuf_str(&sb), sb.len);
		while (lines_next(&lines, &text, &len)) {
			strbuf_clear(&line);
			annotate_expand_tabs(&line, text, len);
			text_clean(out, strbuf_str(&line));
			strbuf_addch(out, '\n');
		}
		lines_release(&lines);
	}
	strbuf_release(&sb);
	strbuf_release(&line);
	return ret;
}

/* NULL if the text is in out, else why it is not. */
static const char *take_text(struct sources *s, const struct source *source, const char *root, const char **path,
			     struct strbuf *out)
{
	const char *tried;
	int ret;

	*path = annotate_find_source(s->pool, source->file, source->recorded, root, &tried);
	/* The root is the main module's; all others are where they were. */
	if (!*path && root && !source->is_main)
		*path = annotate_find_source(s->pool, source->file, source->recorded, NULL, &tried);
	if (!*path)
		return strpool_addf(s->pool, "not found at %s; --source-root names the directory of the main module",
				    tried);
	if (!path_has_suffix(*path, ".go"))
		return "not a Go file";
	if (s->taken >= SOURCES_LIMIT)
		return strpool_addf(s->pool,
				    "left out: a page takes %u MB of source along, of files that allocate most",
				    SOURCES_LIMIT >> 20);
	ret = read_text(out, *path, SOURCES_FILE_LIMIT);
	if (ret)
		return strpool_addf(s->pool, "failed to read %s: %s", *path, strerror(-ret));
	s->taken += out->len;
	return NULL;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *json_note(const struct verdict *v)
{
	json_t *note = json_object();
	char *text = annotate_verdict_note(v);

	json_put(note, "verdict", json_text(verdict_name(v->kind)));
	json_put(note, "text", json_clean(text));
	json_put(note, "quiet", json_boolean(!annotate_is_remarkable(v)));
	json_put(note, "why", json_flow(v->flow, v->n_flow, json_clean));
	free(text);
	return note;
}

static json_t *json_line(const struct numbered_line *numbered)
{
	const struct annotated_line *line = &numbered->line;
	json_t *object = json_object(), *notes = json_array();
	struct strbuf claims = STRBUF_INIT, callees = STRBUF_INIT;

	annotated_line_claims(&claims, line);
	annotated_line_callees(&callees, line);
	for (size_t i = 0; i < line->n_verdicts; i++)
		json_array_append_new(notes, json_note(line->verdicts[i]));
	json_put(object, "line", json_integer(numbered->number));
	json_put(object, "objects", json_count(line->objects));
	json_put(object, "bytes", json_count(line->bytes));
	json_put(object, "emitted", json_clean(strbuf_str(&callees)));
	json_put(object, "predicted", json_clean(strbuf_str(&claims)));
	json_put(object, "notes", notes);
	strbuf_release(&claims);
	strbuf_release(&callees);
	return object;
}

static json_t *json_source(struct sources *s, const struct source *source, const char *root)
{
	json_t *object = json_object(), *lines = json_array();
	struct strbuf text = STRBUF_INIT;
	const char *path, *missing = take_text(s, source, root, &path, &text);

	for (size_t i = 0; i < source->n; i++)
		json_array_append_new(lines, json_line(&s->lines[source->first + i]));
	json_put(object, "file", json_clean(source->file));
	json_put(object, "objects", json_count(source->objects));
	json_put(object, "bytes", json_count(source->bytes));
	json_put(object, "path", missing ? json_null() : json_clean(path));
	json_put(object, "newer", json_boolean(!missing && place_is_newer(s->rec, path)));
	json_put(object, "text", missing ? json_null() : json_text(strbuf_str(&text)));
	json_put(object, "missing", missing ? json_clean(missing) : json_null());
	json_put(object, "lines", lines);
	strbuf_release(&text);
	return object;
}

json_t *sources_json(const struct recording *rec, const struct audit *audit, const char *root)
{
	struct sources s = {.rec = rec, .pool = strpool_new(), .index = U64MAP_INIT, .line_index = U64MAP_INIT};
	json_t *list = json_array();

	add_accounts(&s, audit);
	sort(&s);
	for (size_t i = 0; i < s.n; i++)
		json_array_append_new(list, json_source(&s, &s.items[i], root));
	for (size_t i = 0; i < s.n_lines; i++)
		annotated_line_release(&s.lines[i].line);
	free(s.lines);
	free(s.items);
	u64map_release(&s.index);
	u64map_release(&s.line_index);
	strpool_free(s.pool);
	return list;
}
