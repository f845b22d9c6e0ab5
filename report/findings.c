/* SPDX-License-Identifier: Apache-2.0 */
#include "report/findings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/assertion.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/u64map.h"
#include "recording/place.h"
#include "report/header.h"
#include "report/units.h"
#include "symbolize/go_name.h"

/* FNV-1a, with a byte between the parts that is in none of them. */
static uint64_t hash_part(uint64_t hash, const char *s)
{
	for (; s && *s; s++)
		hash = (hash ^ (unsigned char)*s) * 0x100000001b3;
	return (hash ^ 1) * 0x100000001b3;
}

static void set_fingerprint(struct findings *out, struct finding *f, struct u64map *alike)
{
	uint64_t hash = 0xcbf29ce484222325;
	uint64_t *nth;

	hash = hash_part(hash, f->package);
	hash = hash_part(hash, f->function ? go_name_identity(out->pool, f->function) : f->file);
	hash = hash_part(hash, f->expr);
	hash = hash_part(hash, cause_name(f->cause));
	hash = hash_part(hash, f->type);
	nth = u64map_at(alike, hash, NULL);
	for (uint64_t n = (*nth)++; n; n >>= 8)
		hash = (hash ^ (n & 0xff)) * 0x100000001b3;
	f->fingerprint = hash;
}

/* "&sum{...} in main.add: 100 objects, 1600 B, main.sum (new object): predicted, and made by runtime.newobject" */
static void set_message(struct findings *out, struct finding *f, const char *summary)
{
	struct strbuf sb = STRBUF_INIT;

	if (f->expr)
		strbuf_addf(&sb, "%s in ", f->expr);
	strbuf_addf(&sb, "%s: ", f->function ? go_name_short(go_name_plain(out->pool, f->function)) : "?");
	if (f->objects)
		strbuf_addf(&sb, "%s object%s, %s", units_count(f->objects).text, f->objects == 1 ? "" : "s",
			    units_bytes(f->bytes).text);
	else
		strbuf_addstr(&sb, "no object");
	if (f->type) {
		strbuf_addstr(&sb, " of ");
		header_add_type(&sb, f->type, f->other_types);
	}
	if (f->cause != CAUSE_UNKNOWN)
		strbuf_addf(&sb, " (%s)", cause_name(f->cause));
	if (summary && *summary)
		strbuf_addf(&sb, "; %s", summary);
	f->message = strpool_add(out->pool, strbuf_str(&sb));
	strbuf_release(&sb);
}

static void add(struct findings *out, const struct finding *f)
{
	ARRAY_GROW(out->items, out->n + 1, out->alloc);
	out->items[out->n++] = *f;
}

static void add_verdicts(struct findings *out, const struct audit *audit, unsigned errors)
{
	static const unsigned worth =
		1u << VERDICT_VIOLATED | 1u << VERDICT_UNPREDICTED | 1u << VERDICT_ELIDED | 1u << VERDICT_CONFIRMED;

	for (size_t i = 0; i < audit->n; i++) {
		const struct verdict *v = &audit->items[i];
		struct finding f = {.rule = verdict_name(v->kind),
				    .file = v->file,
				    .line = v->line,
				    .column = v->column,
				    .function = v->function,
				    .package = v->package,
				    .expr = v->expr,
				    .type = v->type,
				    .other_types = v->other_types,
				    .cause = v->cause,
				    .objects = v->objects,
				    .bytes = v->bytes};

		if (!((worth | errors) >> v->kind & 1))
			continue;
		if (errors >> v->kind & 1)
			f.level = FINDING_ERROR;
		else if (v->kind == VERDICT_VIOLATED)
			f.level = FINDING_WARNING;
		set_message(out, &f, v->summary);
		add(out, &f);
	}
}

/* An assertion is about lines, not about an expression: what it says stands in its place. */
static void add_assertions(struct findings *out, const struct assertions *a, unsigned errors)
{
	for (size_t i = 0; a && i < a->n; i++) {
		const struct assertion *item = &a->items[i];
		struct finding f = {.rule = assertion_verdict_name(item->verdict),
				    .level = errors & FINDINGS_BROKEN ? FINDING_ERROR : FINDING_WARNING,
				    .file = item->file,
				    .line = item->directive.first,
				    .function = item->directive.function,
				    .expr = item->directive.text,
				    .objects = item->objects,
				    .bytes = item->bytes};

		if (item->verdict != ASSERTION_BROKEN)
			continue;
		f.message = strpool_addf(out->pool, "%s%s%s: %s object%s, %s; %s", f.expr, f.function ? " of " : "",
					 f.function ? go_name_plain(out->pool, f.function) : "",
					 units_count(f.objects).text, f.objects == 1 ? "" : "s",
					 units_bytes(f.bytes).text, item->n_why ? item->why[0] : "");
		add(out, &f);
	}
}

static void add_observation(struct findings *out, struct u64map *index, const struct rec_observation *o)
{
	const struct rec_frame *frame = place_charged(out->rec, o, CHARGE_MODULE);
	struct finding f = {.rule = "allocation", .type = o->type, .cause = o->cause};
	struct rec_frame shown;
	const char *key;
	uint64_t *at;
	bool is_new;

	if (!frame || !frame->file || !place_in_main_module(&out->rec->header, frame->function))
		return;
	shown = place_shown(out->pool, out->rec, frame, &f.file);
	frame = &shown;
	f.line = frame->line;
	f.function = frame->function;
	f.package = place_package(out->pool, &out->rec->header, frame);
	key = strpool_addf(out->pool, "%s\1%d\1%s\1%s\1%d", f.file, f.line, f.function, f.type ? f.type : "",
			   (int)f.cause);
	at = u64map_at(index, (uintptr_t)key, &is_new);
	if (is_new) {
		*at = out->n;
		add(out, &f);
	}
	out->items[*at].objects += o->objects;
	out->items[*at].bytes += o->bytes;
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_findings(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	int c = (x->bytes < y->bytes) - (x->bytes > y->bytes);

	if (c == 0)
		c = compare_texts(x->file, y->file);
	if (c == 0)
		c = (x->line > y->line) - (x->line < y->line);
	if (c == 0)
		c = compare_texts(x->function, y->function);
	if (c == 0)
		c = compare_texts(x->type, y->type);
	return c ? c : (x->cause > y->cause) - (x->cause < y->cause);
}

static int compare_places(const void *a, const void *b, void *ctx)
{
	const struct finding *items = ctx;
	const struct finding *x = &items[*(const size_t *)a], *y = &items[*(const size_t *)b];
	int c = compare_texts(x->file, y->file);

	if (c == 0)
		c = (x->line > y->line) - (x->line < y->line);
	return c ? c : (x->column > y->column) - (x->column < y->column);
}

/* Which of several alike a line is follows from its place, not from its counts, which change from run to run. */
static void set_fingerprints(struct findings *out)
{
	struct u64map alike = U64MAP_INIT;
	size_t *order = xcalloc(out->n + 1, sizeof(*order));

	for (size_t i = 0; i < out->n; i++)
		order[i] = i;
	qsort_r(order, out->n, sizeof(*order), compare_places, out->items);
	for (size_t i = 0; i < out->n; i++)
		set_fingerprint(out, &out->items[order[i]], &alike);
	free(order);
	u64map_release(&alike);
}

void findings_init(struct findings *out, const struct recording *rec, const struct audit *audit, unsigned errors,
		   size_t limit)
{
	struct u64map index = U64MAP_INIT;

	*out = (struct findings){.pool = strpool_new(), .rec = rec};
	for (size_t i = 0; i < rec->n_observations; i++) {
		out->all_objects += rec->observations[i].objects;
		out->all_bytes += rec->observations[i].bytes;
		if (!audit)
			add_observation(out, &index, &rec->observations[i]);
	}
	u64map_release(&index);
	if (audit) {
		add_assertions(out, audit->assertions, errors);
		add_verdicts(out, audit, errors);
	} else if (out->n) {
		qsort(out->items, out->n, sizeof(*out->items), compare_findings);
	}
	for (size_t i = 0; !audit && i < out->n; i++)
		set_message(out, &out->items[i], NULL);
	if (out->n)
		set_fingerprints(out);
	if (limit && out->n > limit) {
		out->left_out = out->n - limit;
		out->n = limit;
	}
}

void findings_release(struct findings *findings)
{
	free(findings->items);
	strpool_free(findings->pool);
}
