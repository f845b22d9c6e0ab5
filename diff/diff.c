/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each recording becomes a list of lines; rounds of pairing, each with a key of its own, join the lists. A round groups
 * what is still alone by its key. A group with as many lines before as after is paired in source order; of unequal
 * numbers, the alignment that keeps the order and fits best (distance from the start of the function, counts) is taken.
 */
#include "diff/diff.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/exact.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/u64map.h"
#include "recording/place.h"
#include "symbolize/go_name.h"

/* How many standard deviations a difference must exceed: one comparison in 370 does so by chance. */
#define SIGMAS	  3.0
#define SIGMAS_95 1.96 /* what 95 of 100 lie within */
/* Of nothing seen in samples, the standard deviation in samples: 95 % of the time less than three were there. */
#define UNSEEN_SAMPLES 1.5
#define MAX_ALIGNMENT  (4u << 20) /* cells; larger groups are paired in order, as far as the shorter list goes */

static const char *const change_names[DIFF_CHANGE_COUNT] = {
	[DIFF_SAME] = "same", [DIFF_NEW] = "new", [DIFF_MORE] = "more", [DIFF_FEWER] = "fewer", [DIFF_GONE] = "gone",
};

const char *diff_change_name(enum diff_change change)
{
	return change < DIFF_CHANGE_COUNT ? change_names[change] : "?";
}

static const char *const outcome_names[DIFF_OUTCOME_COUNT] = {
	[DIFF_OUTCOME_NONE] = "none",	[DIFF_OUTCOME_REMOVED] = "removed", [DIFF_OUTCOME_REDUCED] = "reduced",
	[DIFF_OUTCOME_KEPT] = "kept",	[DIFF_OUTCOME_WORSE] = "worse",	    [DIFF_OUTCOME_NOTHING] = "nothing",
	[DIFF_OUTCOME_ADDED] = "added",
};

const char *diff_outcome_name(enum diff_outcome outcome)
{
	return outcome < DIFF_OUTCOME_COUNT ? outcome_names[outcome] : "?";
}

bool diff_outcome_was_meant(enum diff_outcome outcome)
{
	return outcome >= DIFF_OUTCOME_REMOVED && outcome <= DIFF_OUTCOME_NOTHING;
}

const char *diff_noise_name(enum diff_noise noise)
{
	return noise == DIFF_NOISE_RUNTIME ? "runtime" : noise == DIFF_NOISE_RANDOM ? "random" : "none";
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

#define UNPAIRED SIZE_MAX

struct line {
	struct diff_side side;
	enum diff_noise noise;
	const char *identity;  /* the function as far as an edit elsewhere cannot change it */
	const char *bare_type; /* without package names */
	int offset;	       /* lines below the func keyword; -1 if unknown */
	bool vanished;	       /* the other program has no such function, as far as that is known */
	double variance;
	size_t partner;
	bool unsure;
};

struct lines {
	const struct diff_input *in;
	struct line *items;
	size_t n, alloc;
	struct u64map index; /* key, a string of the pool, to items[] */
};

struct builder {
	struct strpool *pool;
	struct lines *lines;
	bool use_expr;
	bool charge_module;
	struct u64map verdict_of;   /* return address -> index into the audit + 1 */
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

static const char *text_or_empty(const char *s)
{
	return s ? s : "";
}

/* The line with that identity, made if it is not there; its counts are for the caller to add. */
static struct line *line_at(struct builder *b, const struct diff_side *side, enum diff_noise noise, int offset)
{
	struct lines *lines = b->lines;
	const char *key =
		strpool_addf(b->pool, "%s\1%s\1%s\1%d\1%s\1%d\1%s\1%d", text_or_empty(side->package),
			     text_or_empty(side->function), text_or_empty(side->file), side->line,
			     text_or_empty(side->type), (int)side->cause, text_or_empty(side->expr), (int)noise);
	bool is_new;
	uint64_t *index = u64map_at(&lines->index, (uintptr_t)key, &is_new);
	struct line *line;

	if (is_new) {
		*index = lines->n;
		ARRAY_GROW(lines->items, lines->n + 1, lines->alloc);
		line = &lines->items[lines->n++];
		*line = (struct line){.side = *side, .noise = noise, .offset = offset, .partner = UNPAIRED};
		line->side.present = true;
		line->identity = go_name_identity(b->pool, text_or_empty(side->function));
		line->bare_type = side->type ? go_name_bare_type(b->pool, side->type) : NULL;
	}
	return &lines->items[*index];
}

/* Of several verdicts on one line (copies of an inlined function), the one that says most. */
static void add_verdict(struct line *line, enum verdict_kind kind)
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

	if (o->user == REC_NO_USER_FRAME || o->cause == CAUSE_RUNTIME_INTERNAL || o->cause == CAUSE_GO_STATEMENT)
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

/* Of an estimate: from its error where the recording has one, else as of samples of about one weight each. */
static double variance_of(const struct recording *rec, const struct rec_observation *o)
{
	double objects = (double)o->objects, deviation = objects * o->error_pct / 100 / SIGMAS_95;

	if (o->error_pct > 0)
		return deviation * deviation;
	if (rec->header.mode == REC_MODE_EXACT || o->samples == 0 || o->samples >= o->objects)
		return 0;
	return objects * objects / (double)o->samples;
}

static void add_observation(struct builder *b, const struct rec_observation *o)
{
	static const struct rec_frame none = {.function = "[unknown]"};
	const struct recording *rec = b->lines->in->rec;
	const struct rec_frame *frame = place_charged(rec, o, b->charge_module);
	enum diff_noise noise = noise_of(b, o);
	const struct verdict *verdict = NULL;
	struct diff_side side = {.type = o->type, .cause = o->cause};
	struct line *line;

	if (!frame)
		frame = &none;
	if (b->lines->in->audit && noise != DIFF_NOISE_RUNTIME && !b->charge_module) {
		uint64_t ret = rec->locations[o->locations[o->user]].pc;
		const uint64_t *index = u64map_find(&b->verdict_of, ret);

		if (index)
			verdict = &b->lines->in->audit->items[*index - 1];
	}
	side.file = place_file(b->pool, &rec->header, frame);
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

		side.file = place_file(b->pool, &rec->header, frame);
		side.line = frame->line;
		side.function = strpool_add(b->pool, own_name(b, frame));
		side.package = place_package(b->pool, &rec->header, frame);
		offset = frame->start_line > 0 ? frame->line - frame->start_line : -1;
	} else {
		side.function = strpool_add(b->pool, v->function ? v->function : "");
	}
	add_verdict(line_at(b, &side, DIFF_NOISE_NONE, offset), v->kind);
}

static void build_lines(struct lines *lines, struct strpool *pool, bool use_expr, bool charge_module)
{
	struct builder b = {.pool = pool, .lines = lines, .use_expr = use_expr, .charge_module = charge_module};
	const struct recording *rec = lines->in->rec;
	const struct audit *audit = lines->in->audit;

	b.pool_get = xcalloc(rec->n_locations + 1, sizeof(*b.pool_get));
	learn(&b);
	for (size_t i = 0; audit && i < audit->n; i++) {
		for (size_t k = 0; k < audit->items[i].n_sites; k++)
			*u64map_at(&b.verdict_of, audit->items[i].sites[k]->ret, NULL) = i + 1;
	}
	for (size_t i = 0; i < rec->n_observations; i++)
		add_observation(&b, &rec->observations[i]);
	if (audit && !charge_module) {
		for (size_t i = 0; i < audit->n; i++) {
			/* What the binary does not have (a wrapper that nobody calls) is nothing to pair. */
			if (!audit->items[i].objects && audit->items[i].kind != VERDICT_STALE)
				add_quiet_verdict(&b, &audit->items[i]);
		}
	}
	for (size_t i = 0; i < lines->n; i++)
		lines->items[i].side.error = sqrt(lines->items[i].variance);
	free(b.pool_get);
	u64map_release(&b.verdict_of);
	u64map_release(&b.closure_name);
}

/* ---- comparing -------------------------------------------------------------------------------------------------- */

int diff_compare_counts(uint64_t a, uint64_t a_units, uint64_t b, uint64_t b_units)
{
	struct exact before = exact_times(exact_of(a), b_units), after = exact_times(exact_of(b), a_units);
	uint64_t units = a_units > b_units ? a_units - b_units : b_units - a_units;
	uint64_t fixed = a < b ? a : b;
	int sign = exact_compare(after, before);
	struct exact gap = sign > 0 ? exact_minus(after, before) : exact_minus(before, after);

	/* f + k * units on both sides makes the shorter run dearer, by f times the difference of the units. */
	if (sign != (a_units > b_units) - (a_units < b_units))
		return sign;
	if (fixed > DIFF_FIXED_OBJECTS)
		fixed = DIFF_FIXED_OBJECTS;
	return exact_compare(gap, exact_times(exact_of(fixed), units)) > 0 ? sign : 0;
}

double diff_per_unit(uint64_t count, uint64_t units)
{
	return (double)count / (double)units;
}

struct pairing {
	struct lines before, after;
	struct strpool *pool;
};

/* Variance of one side's count; where nothing was seen, that of what the other side's samples weigh. */
static double side_variance(const struct line *line, const struct line *other, bool sampled, bool random)
{
	double objects = line ? (double)line->side.objects : 0;
	double variance = line ? line->variance : 0;

	if (random)
		variance += objects;
	if (objects == 0 && sampled && other && other->side.samples) {
		double sd = UNSEEN_SAMPLES * (double)other->side.objects / (double)other->side.samples;

		variance += sd * sd;
	}
	return variance;
}

static int compare_lines(const struct pairing *p, const struct line *a, const struct line *b)
{
	uint64_t a_units = p->before.in->units, b_units = p->after.in->units;
	uint64_t a_objects = a ? a->side.objects : 0, b_objects = b ? b->side.objects : 0;
	bool a_sampled = p->before.in->rec->header.mode != REC_MODE_EXACT;
	bool b_sampled = p->after.in->rec->header.mode != REC_MODE_EXACT;
	bool random = (a && a->noise == DIFF_NOISE_RANDOM) || (b && b->noise == DIFF_NOISE_RANDOM);
	double va, vb, gap;

	if (!a_sampled && !b_sampled && !random)
		return diff_compare_counts(a_objects, a_units, b_objects, b_units);
	va = side_variance(a, b, a_sampled, random) / ((double)a_units * (double)a_units);
	vb = side_variance(b, a, b_sampled, random) / ((double)b_units * (double)b_units);
	gap = diff_per_unit(b_objects, b_units) - diff_per_unit(a_objects, a_units);
	return fabs(gap) > SIGMAS * sqrt(va + vb) ? (gap > 0) - (gap < 0) : 0;
}

/* ---- pairing ---------------------------------------------------------------------------------------------------- */

enum key_part {
	KEY_PACKAGE = 1,
	KEY_FUNCTION = 2,
	KEY_NAME = 4, /* of the function, without the package */
	KEY_TYPE = 8,
	KEY_CAUSE = 16,
	KEY_EXPR = 32,
	KEY_EXPR_HEAD = 64, /* "make([]int" of "make([]int, 100)" */
	KEY_BARE_TYPE = 128,
};

struct round {
	unsigned key;
	bool only_one;	  /* pairs nothing but single lines */
	bool quiet_too;	  /* also lines of which neither call nor allocation is known */
	bool same_counts; /* of a pair, the counts must agree, and there must be some */
	bool closures;	  /* for closures only: their types are made of what they capture */
	bool vanished;	  /* for lines of functions that the other program does not have */
};

static const struct round rounds[] = {
	{.key = KEY_PACKAGE | KEY_FUNCTION | KEY_TYPE | KEY_CAUSE | KEY_EXPR, .quiet_too = true},
	{.key = KEY_PACKAGE | KEY_FUNCTION | KEY_EXPR, .quiet_too = true},
	{.key = KEY_PACKAGE | KEY_FUNCTION | KEY_TYPE | KEY_CAUSE},
	{.key = KEY_PACKAGE | KEY_FUNCTION | KEY_EXPR_HEAD, .only_one = true, .quiet_too = true},
	{.key = KEY_PACKAGE | KEY_FUNCTION | KEY_CAUSE, .only_one = true},
	{.key = KEY_PACKAGE | KEY_FUNCTION | KEY_CAUSE, .closures = true},
	{.key = KEY_NAME | KEY_BARE_TYPE | KEY_CAUSE | KEY_EXPR, .only_one = true},
	{.key = KEY_PACKAGE | KEY_TYPE | KEY_CAUSE | KEY_EXPR, .only_one = true, .same_counts = true, .vanished = true},
	{.key = KEY_TYPE | KEY_CAUSE | KEY_EXPR, .only_one = true, .same_counts = true},
};

/* Of a make, what stays when its size changes. Length; 0 for other expressions. */
static size_t head_length(const char *expr)
{
	return expr && strncmp(expr, "make(", 5) == 0 ? strcspn(expr, ",") : 0;
}

/* The line's key, or NULL where the round is not for it: what has no expression is not found by expression alone. */
static const char *key_of(struct pairing *p, const struct round *round, const struct line *line)
{
	const struct diff_side *s = &line->side;
	bool nothing_known = !s->objects && s->cause == CAUSE_UNKNOWN;
	size_t head = round->key & KEY_EXPR_HEAD ? head_length(s->expr) : 0;

	if ((nothing_known && !round->quiet_too) || (round->closures && s->cause != CAUSE_CLOSURE) ||
	    (round->vanished && !line->vanished) || (round->key & KEY_EXPR_HEAD && !head))
		return NULL;
	if (!s->expr && (round->key & KEY_EXPR) && !(round->key & KEY_FUNCTION) && !(round->key & KEY_NAME) &&
	    !round->vanished)
		return NULL;
	if (!s->expr && (round->key & KEY_EXPR) && !(round->key & (KEY_TYPE | KEY_BARE_TYPE)))
		return NULL;
	return strpool_addf(p->pool, "%d\1%s\1%s\1%s\1%d\1%.*s", (int)line->noise,
			    round->key & KEY_PACKAGE ? text_or_empty(s->package) : "",
			    round->key & KEY_FUNCTION ? line->identity
			    : round->key & KEY_NAME   ? line->identity + go_name_package_length(line->identity)
						      : "",
			    round->key & KEY_TYPE	 ? text_or_empty(s->type)
			    : round->key & KEY_BARE_TYPE ? text_or_empty(line->bare_type)
							 : "",
			    round->key & KEY_CAUSE ? (int)s->cause : 0,
			    head		    ? (int)head
			    : round->key & KEY_EXPR ? INT_MAX
						    : 0,
			    text_or_empty(s->expr));
}

struct group {
	size_t *before, *after;
	size_t n_before, n_after, alloc_before, alloc_after;
};

struct grouping {
	struct group *items;
	size_t n, alloc;
	struct u64map index;
};

static struct group *group_at(struct grouping *g, const char *key)
{
	bool is_new;
	uint64_t *index = u64map_at(&g->index, (uintptr_t)key, &is_new);

	if (is_new) {
		*index = g->n;
		ARRAY_GROW(g->items, g->n + 1, g->alloc);
		g->items[g->n++] = (struct group){.n_before = 0};
	}
	return &g->items[*index];
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(text_or_empty(a), text_or_empty(b));
}

/* Order of the source; ties broken, so that the result does not depend on the order of the recording. */
static int compare_places(const void *a, const void *b, void *ctx)
{
	const struct line *lines = ctx;
	const struct diff_side *x = &lines[*(const size_t *)a].side, *y = &lines[*(const size_t *)b].side;
	int c = compare_texts(x->file, y->file);

	if (c == 0)
		c = (x->line > y->line) - (x->line < y->line);
	if (c == 0)
		c = (x->column > y->column) - (x->column < y->column);
	if (c == 0)
		c = compare_texts(x->function, y->function);
	if (c == 0)
		c = compare_texts(x->type, y->type);
	if (c == 0)
		c = compare_texts(x->expr, y->expr);
	return c ? c : (x->cause > y->cause) - (x->cause < y->cause);
}

static void join(struct pairing *p, size_t before, size_t after)
{
	p->before.items[before].partner = after;
	p->after.items[after].partner = before;
	p->before.items[before].unsure = p->after.items[after].unsure = false;
}

/* How well two lines of one group fit, beyond being in it. */
static int fit(const struct pairing *p, const struct line *a, const struct line *b)
{
	int score = 1000;

	if (compare_lines(p, a, b) == 0 && a->side.objects)
		score += 16;
	if (compare_texts(a->side.function, b->side.function) == 0)
		score += 8;
	if (a->offset >= 0 && a->offset == b->offset)
		score += 6;
	if (a->side.line == b->side.line)
		score += 2;
	if (a->side.column && a->side.column == b->side.column)
		score += 1;
	return score;
}

/* The pairs, in order on both sides, with the best sum of fits: as in comparing texts line by line. */
static void align(struct pairing *p, const struct group *g)
{
	size_t width = g->n_after + 1;
	uint8_t *step = xcalloc((g->n_before + 1) * width, sizeof(*step)); /* 1 pair, 2 skip before, 3 skip after */
	int64_t *row = xcalloc(width, sizeof(*row)), *above = xcalloc(width, sizeof(*above));
	size_t i, k;

	for (i = 1; i <= g->n_before; i++) {
		int64_t *swap = above;

		above = row;
		row = swap;
		row[0] = 0;
		for (k = 1; k <= g->n_after; k++) {
			const struct line *a = &p->before.items[g->before[i - 1]];
			const struct line *b = &p->after.items[g->after[k - 1]];
			int64_t pair = above[k - 1] + fit(p, a, b);

			row[k] = pair;
			step[i * width + k] = 1;
			if (above[k] > row[k]) {
				row[k] = above[k];
				step[i * width + k] = 2;
			}
			if (row[k - 1] > row[k]) {
				row[k] = row[k - 1];
				step[i * width + k] = 3;
			}
		}
	}
	for (i = g->n_before, k = g->n_after; i && k;) {
		uint8_t s = step[i * width + k];

		if (s == 1)
			join(p, g->before[--i], g->after[--k]);
		else if (s == 2)
			i--;
		else
			k--;
	}
	free(step);
	free(row);
	free(above);
}

/* Those that a group leaves over while others like them found a partner. */
static void mark_unsure(struct pairing *p, const struct group *g)
{
	for (size_t i = 0; i < g->n_before; i++) {
		if (p->before.items[g->before[i]].partner == UNPAIRED)
			p->before.items[g->before[i]].unsure = true;
	}
	for (size_t i = 0; i < g->n_after; i++) {
		if (p->after.items[g->after[i]].partner == UNPAIRED)
			p->after.items[g->after[i]].unsure = true;
	}
}

static void pair_group(struct pairing *p, const struct round *round, struct group *g)
{
	size_t shorter = g->n_before < g->n_after ? g->n_before : g->n_after;

	if (!shorter || (round->only_one && (g->n_before != 1 || g->n_after != 1)))
		return;
	if (round->same_counts) {
		const struct line *a = &p->before.items[g->before[0]], *b = &p->after.items[g->after[0]];

		if (!a->side.objects || !b->side.objects || compare_lines(p, a, b) != 0)
			return;
	}
	qsort_r(g->before, g->n_before, sizeof(*g->before), compare_places, p->before.items);
	qsort_r(g->after, g->n_after, sizeof(*g->after), compare_places, p->after.items);
	if (g->n_before == g->n_after || g->n_before >= MAX_ALIGNMENT / (g->n_after + 1)) {
		for (size_t i = 0; i < shorter; i++)
			join(p, g->before[i], g->after[i]);
	} else {
		align(p, g);
	}
	mark_unsure(p, g);
}

static void pair_round(struct pairing *p, const struct round *round)
{
	struct grouping g = {.index = U64MAP_INIT};

	for (size_t i = 0; i < p->before.n; i++) {
		const char *key = p->before.items[i].partner == UNPAIRED ? key_of(p, round, &p->before.items[i]) : NULL;
		struct group *group = key ? group_at(&g, key) : NULL;

		if (group) {
			ARRAY_GROW(group->before, group->n_before + 1, group->alloc_before);
			group->before[group->n_before++] = i;
		}
	}
	for (size_t i = 0; i < p->after.n; i++) {
		const char *key = p->after.items[i].partner == UNPAIRED ? key_of(p, round, &p->after.items[i]) : NULL;
		struct group *group = key ? group_at(&g, key) : NULL;

		if (group) {
			ARRAY_GROW(group->after, group->n_after + 1, group->alloc_after);
			group->after[group->n_after++] = i;
		}
	}
	for (size_t i = 0; i < g.n; i++) {
		pair_group(p, round, &g.items[i]);
		free(g.items[i].before);
		free(g.items[i].after);
	}
	free(g.items);
	u64map_release(&g.index);
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static bool is_resized(const struct diff *diff, const struct diff_row *row)
{
	const struct diff_side *a = &row->before, *b = &row->after;

	if (!a->objects || !b->objects || row->noise != DIFF_NOISE_NONE || a->error > 0 || b->error > 0)
		return false;
	/* What grows with the run has another mean in a longer one; only sizes that do not overlap tell then. */
	if (diff->before.units != diff->after.units)
		return a->largest < b->smallest || b->largest < a->smallest;
	return (unsigned __int128)a->bytes * b->objects != (unsigned __int128)b->bytes * a->objects;
}

/* Did the compiler say that it escapes? */
static bool claims_heap(const struct diff_side *s)
{
	return s->has_verdict &&
	       (s->verdict == VERDICT_CONFIRMED || s->verdict == VERDICT_ELIDED || s->verdict == VERDICT_UNREACHED ||
		s->verdict == VERDICT_UNDECIDED || s->verdict == VERDICT_COMPILED_OUT);
}

static bool is_touched(const struct changed *changed, const struct diff_side *s)
{
	return s->present && s->file && changed_touches(changed, s->file, s->line);
}

static enum diff_outcome outcome_of(const struct diff_row *row)
{
	static const enum diff_outcome meant[DIFF_CHANGE_COUNT] = {
		[DIFF_SAME] = DIFF_OUTCOME_KEPT,    [DIFF_NEW] = DIFF_OUTCOME_ADDED,
		[DIFF_MORE] = DIFF_OUTCOME_WORSE,   [DIFF_FEWER] = DIFF_OUTCOME_REDUCED,
		[DIFF_GONE] = DIFF_OUTCOME_REMOVED,
	};
	bool was_meant =
		(row->touched && row->before.objects) || (claims_heap(&row->before) && !claims_heap(&row->after));

	if (row->noise == DIFF_NOISE_RUNTIME)
		return DIFF_OUTCOME_NONE;
	if (was_meant && row->before.objects)
		return meant[row->change];
	if (was_meant && !row->after.objects)
		return DIFF_OUTCOME_NOTHING;
	return row->change == DIFF_NEW || row->change == DIFF_MORE ? DIFF_OUTCOME_ADDED : DIFF_OUTCOME_NONE;
}

/* A type that went to another package with its function is the same one. */
static bool is_same_type(const struct line *a, const struct line *b)
{
	if (compare_texts(a->side.package, b->side.package) != 0)
		return compare_texts(a->bare_type, b->bare_type) == 0;
	return compare_texts(a->side.type, b->side.type) == 0;
}

static void add_row(struct diff *diff, size_t *alloc, const struct pairing *p, const struct line *a,
		    const struct line *b)
{
	struct diff_row row = {.change = DIFF_SAME};
	int sign = compare_lines(p, a, b);

	if (a) {
		row.before = a->side;
		row.noise = a->noise;
		row.unsure = a->unsure;
	}
	if (b) {
		row.after = b->side;
		row.noise = b->noise;
		row.unsure = b->unsure;
	}
	if (sign > 0)
		row.change = row.before.objects ? DIFF_MORE : DIFF_NEW;
	else if (sign < 0)
		row.change = row.after.objects ? DIFF_FEWER : DIFF_GONE;
	if (a && b) {
		row.moved = a->side.line != b->side.line || compare_texts(a->side.file, b->side.file) != 0 ||
			    strcmp(a->identity, b->identity) != 0;
		row.retyped =
			a->side.objects && b->side.objects && (!is_same_type(a, b) || a->side.cause != b->side.cause);
		row.resized = is_resized(diff, &row);
		row.turned = a->side.has_verdict && b->side.has_verdict && a->side.verdict != b->side.verdict;
	}
	if (diff->change) {
		row.touched =
			is_touched(diff->change->before, &row.before) || is_touched(diff->change->after, &row.after);
		row.outcome = outcome_of(&row);
	}
	/* Nothing was allocated, nothing is, and nobody changed his mind about it. */
	if (!row.before.objects && !row.after.objects && !row.turned && !row.outcome)
		return;
	diff->n_outcomes[row.outcome]++;
	if (row.noise == DIFF_NOISE_RUNTIME)
		diff->n_noise++;
	else
		diff->n_changes[row.change]++;
	ARRAY_GROW(diff->rows, diff->n + 1, *alloc);
	diff->rows[diff->n++] = row;
}

static int rank_of(const struct diff_row *row)
{
	if (row->noise == DIFF_NOISE_RUNTIME)
		return 4;
	if (row->change == DIFF_NEW || row->change == DIFF_MORE)
		return 0;
	if (row->change == DIFF_GONE || row->change == DIFF_FEWER)
		return 1;
	return row->retyped || row->resized || row->turned ? 2 : 3;
}

static int compare_rows(const void *a, const void *b, void *ctx)
{
	const struct diff *diff = ctx;
	const struct diff_row *x = a, *y = b;
	double gain_x =
		diff_per_unit(x->after.bytes, diff->after.units) - diff_per_unit(x->before.bytes, diff->before.units);
	double gain_y =
		diff_per_unit(y->after.bytes, diff->after.units) - diff_per_unit(y->before.bytes, diff->before.units);
	const struct diff_side *s = x->after.present ? &x->after : &x->before;
	const struct diff_side *t = y->after.present ? &y->after : &y->before;
	int c = rank_of(x) - rank_of(y);

	if (c == 0)
		c = (fabs(gain_x) < fabs(gain_y)) - (fabs(gain_x) > fabs(gain_y));
	if (c == 0)
		c = (s->bytes < t->bytes) - (s->bytes > t->bytes);
	if (c == 0)
		c = compare_texts(s->file, t->file);
	if (c == 0)
		c = (s->line > t->line) - (s->line < t->line);
	if (c == 0)
		c = compare_texts(s->function, t->function);
	if (c == 0)
		c = compare_texts(s->type, t->type);
	if (c == 0)
		c = compare_texts(s->expr, t->expr);
	return c ? c : (s->cause > t->cause) - (s->cause < t->cause);
}

/* Which lines are of functions that the other program does not have? Only the machine code tells. */
static void mark_vanished(struct pairing *p, struct lines *lines, const struct lines *other)
{
	const struct recording *rec = other->in->rec;
	struct u64map there = U64MAP_INIT;

	if (!rec->has_sites || !rec->n_extents)
		return;
	for (size_t i = 0; i < rec->n_extents; i++)
		u64map_at(&there, (uintptr_t)go_name_identity(p->pool, rec->extents[i].function), NULL);
	for (size_t i = 0; i < lines->n; i++)
		lines->items[i].vanished = !u64map_find(&there, (uintptr_t)lines->items[i].identity);
	u64map_release(&there);
}

static struct diff_sums sums_of(const struct lines *lines)
{
	struct diff_sums sums = {.objects = 0};

	for (size_t i = 0; i < lines->n; i++) {
		const struct line *line = &lines->items[i];

		sums.objects += line->side.objects;
		sums.bytes += line->side.bytes;
		if (line->noise == DIFF_NOISE_RUNTIME) {
			sums.noise_objects += line->side.objects;
			sums.noise_bytes += line->side.bytes;
		}
	}
	return sums;
}

static void run(struct diff **out, const struct diff_input *before, const struct diff_input *after, bool charge_module,
		const struct source_change *change)
{
	struct diff *diff = xcalloc(1, sizeof(*diff));
	bool use_expr = before->audit && after->audit;
	struct pairing p = {.pool = strpool_new()};
	size_t alloc = 0;

	diff->pool = p.pool;
	diff->change = change;
	diff->before = *before;
	diff->after = *after;
	p.before.in = &diff->before;
	p.after.in = &diff->after;
	build_lines(&p.before, p.pool, use_expr, charge_module);
	build_lines(&p.after, p.pool, use_expr, charge_module);
	mark_vanished(&p, &p.before, &p.after);
	mark_vanished(&p, &p.after, &p.before);
	for (size_t i = 0; i < ARRAY_SIZE(rounds); i++)
		pair_round(&p, &rounds[i]);
	for (size_t i = 0; i < p.before.n; i++) {
		const struct line *a = &p.before.items[i];

		add_row(diff, &alloc, &p, a, a->partner == UNPAIRED ? NULL : &p.after.items[a->partner]);
	}
	for (size_t i = 0; i < p.after.n; i++) {
		if (p.after.items[i].partner == UNPAIRED)
			add_row(diff, &alloc, &p, NULL, &p.after.items[i]);
	}
	if (diff->n)
		qsort_r(diff->rows, diff->n, sizeof(*diff->rows), compare_rows, diff);
	diff->sums_before = sums_of(&p.before);
	diff->sums_after = sums_of(&p.after);
	free(p.before.items);
	free(p.after.items);
	u64map_release(&p.before.index);
	u64map_release(&p.after.index);
	*out = diff;
}

void diff_run(struct diff **out, const struct diff_input *before, const struct diff_input *after, bool charge_module)
{
	run(out, before, after, charge_module, NULL);
}

void diff_run_change(struct diff **out, const struct diff_input *before, const struct diff_input *after,
		     const struct source_change *change)
{
	run(out, before, after, false, change);
}

void diff_free(struct diff *diff)
{
	if (!diff)
		return;
	free(diff->rows);
	strpool_free(diff->pool);
	free(diff);
}
