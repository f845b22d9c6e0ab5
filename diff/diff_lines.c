/* SPDX-License-Identifier: Apache-2.0 */
/* A recording as a list of lines, and how much of each may be noise. */
#include "diff/diff_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "recording/place.h"
#include "symbolize/go_name.h"

struct builder {
	struct strpool *pool;
	struct diff_lines *lines;
	bool use_expr;
	enum place_charge charge;
	struct u64map closure_name; /* file and line of the func keyword -> shortest name */
	uint8_t *pool_get;	    /* of each location: 1 a frame of it is (*Pool).Get, 2 none is, 0 not asked */
};

static const char *opening_key(struct builder *b, const struct rec_frame *frame)
{
	return strpool_addf(b->pool, "%s\1%d", frame->file ? frame->file : "", frame->start_line);
}

/*
 * Up to Go 1.26 a closure that was inlined is named after its new surroundings ("main.g.f.func1"). All copies have one
 * first line; the shortest of their names is the closure's own, if it is there, and the same one otherwise.
 */
static void learn_closure(struct builder *b, const struct rec_frame *frame)
{
	uint64_t *name;

	if (frame->start_line <= 0 || !go_name_is_closure(frame->function))
		return;
	name = u64map_at(&b->closure_name, (uintptr_t)opening_key(b, frame), NULL);
	if (!*name || strlen(frame->function) < strlen((const char *)(uintptr_t)*name))
		*name = (uintptr_t)frame->function;
}

static const char *own_name(struct builder *b, const struct rec_frame *frame)
{
	const uint64_t *name = NULL;

	if (frame->start_line > 0 && go_name_is_closure(frame->function))
		name = u64map_find(&b->closure_name, (uintptr_t)opening_key(b, frame));
	return name ? (const char *)(uintptr_t)*name : frame->function;
}

static void learn(struct builder *b)
{
	const struct recording *rec = b->lines->in->rec;

	for (size_t i = 0; i < rec->n_locations; i++) {
		for (size_t k = 0; k < rec->locations[i].n_frames; k++)
			learn_closure(b, &rec->locations[i].frames[k]);
	}
	for (size_t i = 0; i < rec->n_sites; i++) {
		for (size_t k = 0; k < rec->sites[i].n_frames; k++)
			learn_closure(b, &rec->sites[i].frames[k]);
	}
}

/* The line with that identity, made if it is not there; its counts are for the caller to add. */
static struct diff_line *line_at(struct builder *b, const struct diff_side *side, enum diff_noise noise, int offset)
{
	struct diff_lines *lines = b->lines;
	const char *key = strpool_addf(b->pool, "%s\1%s\1%s\1%d\1%s\1%d\1%s\1%d", diff_text(side->package),
				       diff_text(side->function), diff_text(side->file), side->line,
				       diff_text(side->type), (int)side->cause, diff_text(side->expr), (int)noise);
	bool is_new;
	uint64_t *index = u64map_at(&lines->index, (uintptr_t)key, &is_new);
	struct diff_line *line;

	if (is_new) {
		*index = lines->n;
		ARRAY_GROW(lines->items, lines->n + 1, lines->alloc);
		line = &lines->items[lines->n++];
		*line = (struct diff_line){.side = *side, .noise = noise, .offset = offset, .partner = DIFF_UNPAIRED};
		line->side.present = true;
		line->identity = go_name_identity(b->pool, diff_text(side->function));
		line->bare_type = side->type ? go_name_bare_type(b->pool, side->type) : NULL;
	}
	return &lines->items[*index];
}

/* A line with several verdicts (copies of an inlined function) keeps the one that says most. */
static void add_verdict(struct diff_line *line, enum verdict_kind kind)
{
	if (!line->side.has_verdict || verdict_says_more(kind, line->side.verdict))
		line->side.verdict = kind;
	line->side.has_verdict = true;
}

static bool has_frame(const struct rec_location *loc, const char *name)
{
	for (size_t i = 0; i < loc->n_frames; i++) {
		if (strcmp(loc->frames[i].function, name) == 0)
			return true;
	}
	return false;
}

static bool is_standard_library(const struct rec_header *header, const struct rec_frame *frame)
{
	size_t len = go_name_package_length(frame->function), host = strcspn(frame->function, "./");
	const char *goroot = header->goroot_src;

	if (goroot && *goroot)
		return frame->file && strncmp(frame->file, goroot, strlen(goroot)) == 0;
	if (!len || place_in_main_module(header, frame->function))
		return false;
	/* Import paths outside it begin with the name of a host. */
	return host >= len || frame->function[host] == '/';
}

/*
 * What depends on chance. A pool makes its own lists and, after a collection emptied it, asks New again; a map grows
 * when hashes with a seed of the process fall unevenly; goroutines that ended are used again or not. The standard
 * library is full of both: buffers that grow once for each time their pool was emptied, tries keyed by hash.
 */
static enum diff_noise noise_of(struct builder *b, const struct rec_observation *o)
{
	const struct recording *rec = b->lines->in->rec;
	const struct rec_location *loc;

	if (recording_work(rec, o) != REC_WORK_LINE || o->cause == CAUSE_GO_STATEMENT)
		return DIFF_NOISE_RUNTIME;
	loc = &rec->locations[o->locations[o->user]];
	if (has_frame(loc, "sync.(*Pool).pinSlow") || has_frame(loc, "sync.(*Pool).getSlow"))
		return DIFF_NOISE_RUNTIME;
	for (uint32_t i = o->user; i < o->n_locations; i++) {
		uint8_t *known = &b->pool_get[o->locations[i]];

		if (!*known)
			*known = has_frame(&rec->locations[o->locations[i]], "sync.(*Pool).Get") ? 1 : 2;
		if (*known == 1)
			return DIFF_NOISE_RANDOM;
	}
	if (o->cause == CAUSE_MAP_GROWTH ||
	    is_standard_library(&rec->header, place_innermost(loc->frames, loc->n_frames)))
		return DIFF_NOISE_RANDOM;
	return DIFF_NOISE_NONE;
}

/* An estimate has it from its error where the recording has one, else as of samples of about one weight each. */
static double variance_of(const struct recording *rec, const struct rec_observation *o)
{
	double objects = (double)o->objects, deviation = objects * o->error_pct / 100 / DIFF_SIGMAS_95;

	if (o->error_pct > 0)
		return deviation * deviation;
	if (rec->header.mode == REC_MODE_EXACT || o->samples == 0 || o->samples >= o->objects)
		return 0;
	return objects * objects / (double)o->samples;
}

static void add_observation(struct builder *b, size_t observation)
{
	static const struct rec_frame none = {.function = "[unknown]"};
	const struct recording *rec = b->lines->in->rec;
	const struct audit *audit = b->lines->in->audit;
	const struct rec_observation *o = &rec->observations[observation];
	const struct rec_frame *frame = place_charged(rec, o, b->charge);
	enum diff_noise noise = noise_of(b, o);
	const char *file;
	struct rec_frame shown = place_shown(b->pool, rec, frame ? frame : &none, &file);
	const struct verdict *verdict = NULL;
	struct diff_side side = {.type = o->type, .cause = o->cause};
	struct diff_line *line;

	frame = &shown;
	if (audit && noise != DIFF_NOISE_RUNTIME && b->charge == CHARGE_SITE) {
		size_t account = audit_account(audit, observation);

		if (account < audit->n)
			verdict = &audit->items[account];
	}
	side.file = file;
	side.line = frame->line;
	side.function = strpool_add(b->pool, own_name(b, frame));
	side.package = place_package(b->pool, &rec->header, frame);
	if (verdict && b->use_expr)
		side.expr = verdict->expr;
	line = line_at(b, &side, noise, frame->start_line > 0 ? frame->line - frame->start_line : -1);
	if (verdict) {
		line->side.column = verdict->column;
		add_verdict(line, verdict->kind);
	}
	if (o->objects && (line->side.objects == 0 || o->smallest < line->side.smallest))
		line->side.smallest = o->smallest;
	if (o->largest > line->side.largest)
		line->side.largest = o->largest;
	line->side.objects += o->objects;
	line->side.bytes += o->bytes;
	line->side.samples += o->samples;
	line->variance += variance_of(rec, o);
}

/* ---- lines without allocations ---------------------------------------------------------------------------------- */

static void add_quiet_verdict(struct builder *b, const struct verdict *v)
{
	const struct recording *rec = b->lines->in->rec;
	struct diff_side side = {.type = v->type,
				 .cause = v->cause,
				 .expr = b->use_expr ? v->expr : NULL,
				 .column = v->column,
				 .file = v->file,
				 .line = v->line,
				 .package = v->package};
	int offset = -1;

	if (v->n_sites && v->sites[0]->n_frames) {
		const struct rec_frame *frame = place_innermost(v->sites[0]->frames, v->sites[0]->n_frames);

		side.line = place_shown(b->pool, rec, frame, &side.file).line;
		side.function = strpool_add(b->pool, own_name(b, frame));
		side.package = place_package(b->pool, &rec->header, frame);
		offset = frame->start_line > 0 ? frame->line - frame->start_line : -1;
	} else {
		side.function = strpool_add(b->pool, v->function ? v->function : "");
	}
	add_verdict(line_at(b, &side, DIFF_NOISE_NONE, offset), v->kind);
}

void diff_lines_build(struct diff_lines *lines, struct strpool *pool, bool use_expr, enum place_charge charge)
{
	struct builder b = {.pool = pool, .lines = lines, .use_expr = use_expr, .charge = charge};
	const struct recording *rec = lines->in->rec;
	const struct audit *audit = lines->in->audit;

	b.pool_get = xcalloc(rec->n_locations + 1, sizeof(*b.pool_get));
	learn(&b);
	for (size_t i = 0; i < rec->n_observations; i++)
		add_observation(&b, i);
	if (audit && charge == CHARGE_SITE) {
		for (size_t i = 0; i < audit->n; i++) {
			/* What the binary does not have (a wrapper that nobody calls) is nothing to pair. */
			if (!audit->items[i].objects && !audit->items[i].is_absent)
				add_quiet_verdict(&b, &audit->items[i]);
		}
	}
	for (size_t i = 0; i < lines->n; i++)
		lines->items[i].side.error = sqrt(lines->items[i].variance);
	free(b.pool_get);
	u64map_release(&b.closure_name);
}
