/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/assertion.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/match.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/u64map.h"
#include "recording/place.h"
#include "symbolize/go_name.h"

#define SOURCE_LIMIT (64u << 20)
#define SHOWN_PLACES 3 /* of those that break an assertion */

const char *assertion_verdict_name(enum assertion_verdict verdict)
{
	static const char *const names[ASSERTION_COUNT] = {
		[ASSERTION_HELD] = "held",
		[ASSERTION_BROKEN] = "broken",
		[ASSERTION_NEVER_EXECUTED] = "never executed",
		[ASSERTION_UNDECIDED] = "undecided",
	};

	return verdict < ASSERTION_COUNT ? names[verdict] : "?";
}

/* ---- sources ---------------------------------------------------------------------------------------------------- */

static bool is_covered(const struct recording *rec, const struct predictions *set, const char *function)
{
	size_t len = go_name_package_length(function);

	if (place_in_main_module(&rec->header, function))
		return true;
	for (size_t i = 0; set && i < set->n_packages; i++) {
		if (strlen(set->packages[i]) == len && strncmp(set->packages[i], function, len) == 0)
			return true;
	}
	return false;
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The nearest directory with a go.mod, from the one of the build upwards; from pool, NULL if there is none. */
static const char *module_root(struct strpool *pool, const struct predictions *set)
{
	char *directory = set && set->build.directory ? xstrdup(set->build.directory) : NULL;
	const char *root = NULL;

	while (directory && *directory == '/' && !root) {
		char *go_mod = xasprintf("%s/go.mod", directory);

		if (is_file(go_mod))
			root = strpool_add(pool, directory);
		free(go_mod);
		*strrchr(directory, '/') = '\0';
	}
	free(directory);
	return root;
}

/* Where sources are. */
struct tree {
	const struct recording *rec;
	const char *root;   /* as asked for; NULL if it was not */
	const char *module; /* the main module's own directory; NULL if unknown */
	const char *prefix; /* of the main module's files in the binary's tables; NULL until one was seen */
	struct u64map read; /* pooled names of files, as a reader knows them */
};

static const char *find_source(struct strpool *pool, const struct tree *tree, const char *file, const char *recorded)
{
	const char *path;

	if (!tree->root && *recorded == '/' && is_file(recorded))
		return recorded;
	path = strpool_addf(pool, "%s/%s", tree->root ? tree->root : tree->module ? tree->module : ".", file);
	return is_file(path) ? path : NULL;
}

static void read_file(struct assertions *a, const struct tree *tree, const char *recorded, const char *file)
{
	struct directives found = {.items = NULL};
	const char *path = find_source(a->pool, tree, file, recorded);
	struct strbuf text = STRBUF_INIT;

	if (path && strbuf_read_file(&text, path, SOURCE_LIMIT) == 0) {
		a->n_files++;
		directives_scan(&found, a->pool, strbuf_str(&text), text.len);
	} else {
		a->n_missing++;
		a->missing = file;
	}
	for (size_t i = 0; i < found.n; i++) {
		ARRAY_GROW(a->items, a->n + 1, a->alloc);
		a->items[a->n++] = (struct assertion){
			.directive = found.items[i],
			.recorded = recorded,
			.file = file,
			.built = *recorded == '/' ? recorded
				 : tree->module	  ? strpool_addf(a->pool, "%s/%s", tree->module, file)
						  : NULL,
			.is_newer = place_is_newer(tree->rec, path),
			.has_line_comments = found.has_line_comments,
		};
	}
	directives_release(&found);
	strbuf_release(&text);
}

/* Whether it is the first file of that name. */
static bool is_first(struct assertions *a, struct tree *tree, const char *file)
{
	bool is_new;

	u64map_at(&tree->read, (uintptr_t)strpool_add(a->pool, file), &is_new);
	return is_new;
}

/* What the names of the main module's files begin with: "/src/shop/", "example.com/shop/". */
static void learn_prefix(struct assertions *a, struct tree *tree, const char *recorded, const char *file,
			 const char *function)
{
	size_t n = strlen(recorded), tail = strlen(file);

	if (!tree->prefix && place_in_main_module(&tree->rec->header, function) && n > tail + 1 &&
	    recorded[n - tail - 1] == '/' && strcmp(recorded + n - tail, file) == 0)
		tree->prefix = strpool_add_n(a->pool, recorded, n - tail);
}

static const char *built_path(struct strpool *pool, const char *directory, const char *path)
{
	struct strbuf sb = STRBUF_INIT;
	const char *cleaned;

	path_clean(&sb, directory, path);
	cleaned = strpool_add(pool, strbuf_str(&sb));
	strbuf_release(&sb);
	return cleaned;
}

static const char *behind(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(path, prefix, n) == 0 ? path + n : NULL;
}

/*
 * A file of the main module in which the compiler inlined something from. All that it has may be inlined, and in calls
 * that have the position of the inlined call: then the binary does not name it.
 */
static void read_inlined(struct assertions *a, struct tree *tree, const char *path)
{
	const char *built = built_path(a->pool, a->directory, path), *file = NULL;

	if (!tree->prefix || !path_has_suffix(path, ".go"))
		return;
	file = behind(path, tree->prefix);
	file = file ? file : behind(built, tree->prefix);
	if (!file && tree->module)
		file = behind(built, strpool_addf(a->pool, "%s/", tree->module));
	if (file && is_first(a, tree, file))
		read_file(a, tree, strpool_addf(a->pool, "%s%s", tree->prefix, file), file);
}

void assertions_read(struct assertions **out, const struct recording *rec, const struct predictions *set,
		     const char *root)
{
	struct assertions *a = xcalloc(1, sizeof(*a));
	struct tree tree = {.rec = rec, .root = root, .read = U64MAP_INIT};
	struct u64map seen = U64MAP_INIT;
	const char *last = NULL;

	a->pool = strpool_new();
	a->directory = set && set->build.directory ? strpool_add(a->pool, set->build.directory) : NULL;
	tree.module = module_root(a->pool, set);
	for (size_t i = 0; i < rec->n_extents; i++) {
		const struct rec_extent *e = &rec->extents[i];
		const struct rec_frame frame = {.function = e->function, .file = e->file};
		const char *recorded, *file;
		bool is_new;

		/* The compiler's own files have names like <autogenerated>, and assembly has no such comments. */
		if (!e->file || !path_has_suffix(e->file, ".go") || !is_covered(rec, set, e->function))
			continue;
		recorded = strpool_add(a->pool, e->file);
		u64map_at(&seen, (uintptr_t)recorded, &is_new);
		if (!is_new)
			continue;
		file = place_file(a->pool, &rec->header, &frame);
		learn_prefix(a, &tree, recorded, file, e->function);
		is_first(a, &tree, file);
		read_file(a, &tree, recorded, file);
	}
	for (size_t i = 0; set && i < set->n; i++) {
		const struct prediction *p = &set->items[i];

		for (size_t k = 0; k < p->n_inlined; k++) {
			if (p->inlined[k].file && p->inlined[k].file != last)
				read_inlined(a, &tree, p->inlined[k].file);
			last = p->inlined[k].file;
		}
	}
	u64map_release(&seen);
	u64map_release(&tree.read);
	*out = a;
}

void assertions_free(struct assertions *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n; i++)
		free(a->items[i].why);
	free(a->items);
	strpool_free(a->pool);
	free(a);
}

/* ---- judging ---------------------------------------------------------------------------------------------------- */

static void because(struct assertions *a, struct assertion *item, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void because(struct assertions *a, struct assertion *item, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&sb, fmt, ap);
	va_end(ap);
	item->why = xreallocarray(item->why, item->n_why + 1, sizeof(*item->why));
	item->why[item->n_why++] = strpool_add(a->pool, strbuf_str(&sb));
	strbuf_release(&sb);
}

/* On the line where a function literal begins, whether a frame is of the literal, and not of the code around. */
static bool is_of_literal(const struct assertion *item, const struct rec_frame *frame)
{
	if (frame->start_line > 0)
		return frame->start_line == item->directive.first;
	return go_name_is_closure(frame->function);
}

static bool is_inside(const struct assertion *item, const struct rec_frame *frame)
{
	if (item->directive.is_literal && frame->line == item->directive.first && !is_of_literal(item, frame))
		return false;
	return frame->file && frame->line >= item->directive.first && frame->line <= item->directive.last &&
	       strcmp(frame->file, item->recorded) == 0;
}

static bool any_inside(const struct assertion *item, const struct rec_frame *frames, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_inside(item, &frames[i]))
			return true;
	}
	return false;
}

/* Growth, goroutines and deferred calls are no escapes. */
static bool is_escape(enum cause cause)
{
	return cause != CAUSE_APPEND_GROWTH && cause != CAUSE_MAP_GROWTH && cause != CAUSE_GO_STATEMENT &&
	       cause != CAUSE_DEFER && cause != CAUSE_RUNTIME_INTERNAL;
}

/* Whether these frames, innermost first, allocate in the assertion's own code. */
static bool is_own_frame(const struct assertion *item, const struct rec_frame *frames, size_t n)
{
	/* What the compiler says of an inlined copy it says of the line that it was inlined into. */
	if (item->directive.kind == DIRECTIVE_NOESCAPE)
		return any_inside(item, frames, n);
	return is_inside(item, place_innermost(frames, n));
}

/* What the judging goes by. */
struct ground {
	struct assertions *a;
	const struct recording *rec;
	const struct verdict **deeper; /* per site: the verdict on it, if that knows more inlined calls; or NULL */
	/* Objects in calls of which it is not known whether they are in an inlined copy: one of the places. */
	const char *unplaced;
	bool is_unpredicted; /* as that package has no predictions; else they do not say what is inlined */
};

static bool is_inside_position(const struct ground *g, const struct assertion *item, const struct position *pos)
{
	const char *built;

	if (!pos->file || pos->line < item->directive.first || pos->line > item->directive.last ||
	    strcmp(path_base(pos->file), path_base(item->recorded)) != 0)
		return false;
	if (strcmp(pos->file, item->recorded) == 0)
		return true;
	built = built_path(g->a->pool, g->a->directory, pos->file);
	return strcmp(built, item->recorded) == 0 || (item->built && strcmp(built, item->built) == 0);
}

static bool is_own_prediction(const struct ground *g, const struct assertion *item, const struct prediction *p)
{
	bool all = item->directive.kind == DIRECTIVE_NOESCAPE || item->directive.calls;

	/* Of where a literal begins, only the parameters are its own. */
	if (item->directive.is_literal && prediction_place(p)->line == item->directive.first && p->kind != EXPR_MOVED)
		return false;
	if (is_inside_position(g, item, prediction_place(p)))
		return true;
	for (size_t i = 0; all && i < p->n_inlined; i++) {
		if (is_inside_position(g, item, i ? &p->inlined[i - 1] : &p->pos))
			return true;
	}
	return false;
}

/* Whether a call allocates in the assertion's own code. */
enum share {
	SHARE_NONE,
	SHARE_PERHAPS, /* it makes what one of several predictions speaks of, and not all are of that code */
	SHARE_ALL,
};

/* Of the call of a site, REC_NO_SITE if it is none, with these frames; *own is the prediction that says so, NULL if it
 * is the frames. */
static enum share share_of(const struct ground *g, const struct assertion *item, size_t site,
			   const struct rec_frame *frames, size_t n, const struct prediction **own)
{
	const struct verdict *v = site == REC_NO_SITE ? NULL : g->deeper[site];
	bool by_frames = is_own_frame(item, frames, n) || (item->directive.calls && any_inside(item, frames, n));
	size_t n_deeper = 0, n_own = 0;

	*own = NULL;
	for (size_t i = 0; v && i < v->n_deeper; i++) {
		if (v->deeper[i]->n_inlined < n)
			continue;
		n_deeper++;
		if (!is_own_prediction(g, item, v->deeper[i]))
			continue;
		*own = v->deeper[i];
		n_own++;
	}
	if (!n_deeper)
		return by_frames ? SHARE_ALL : SHARE_NONE;
	n_own += by_frames ? v->n_predictions - n_deeper : 0;
	if (!n_own)
		return SHARE_NONE;
	/* One object that is made for several variables is each one's. */
	return !v->ambiguous || n_own == v->n_predictions ? SHARE_ALL : SHARE_PERHAPS;
}

struct place {
	const char *text;
	uint64_t objects, bytes;
};

struct evidence {
	bool executed;	    /* something was seen of it */
	bool has_code;	    /* the binary has code of the function */
	bool has_site;	    /* a call of its own may allocate */
	bool has_deeper;    /* and the compiler says so, not the binary's frames */
	bool may_elide;	    /* a call of its own can run without allocating, and is no sign of anything if it does */
	bool is_physical;   /* some of that code is the function itself, no inlined copy */
	bool is_inlined;    /* some is in inlined copies */
	bool has_truncated; /* a stack was cut, and may have had it at its end */
	size_t n_points, n_never, n_places;
	bool no_code; /* the lines have none */
	struct place *places;
	struct u64map place_at;
	uint64_t perhaps; /* objects that may be its own */
	const char *perhaps_at;
};

/* "main.go:6", or where an inlined copy has it "main.go:6, inlined at main.go:28". */
static const char *place_of(const struct ground *g, const struct assertion *item, const struct rec_location *loc,
			    const struct prediction *own)
{
	struct strpool *pool = g->a->pool;
	const struct rec_frame *frame = place_innermost(loc->frames, loc->n_frames);
	const char *file = place_file(pool, &g->rec->header, frame), *at;

	at = strpool_addf(pool, "%s:%d", file ? file : "?", frame->line);
	if (!own || !is_inside_position(g, item, prediction_place(own)))
		return at;
	return strpool_addf(pool, "%s:%d, inlined at %s", item->file, prediction_place(own)->line, at);
}

static void add_place(struct evidence *e, const struct ground *g, const struct assertion *item,
		      const struct rec_observation *o, const struct prediction *own)
{
	const struct rec_location *loc = &g->rec->locations[o->locations[o->user]];
	const char *text = strpool_addf(g->a->pool, "%s%s%s at %s", cause_name(o->cause), o->type ? " of " : "",
					o->type ? o->type : "", place_of(g, item, loc, own));
	bool is_new;
	uint64_t *index = u64map_at(&e->place_at, (uintptr_t)text, &is_new);

	if (is_new) {
		*index = e->n_places;
		e->places = xreallocarray(e->places, e->n_places + 1, sizeof(*e->places));
		e->places[e->n_places++] = (struct place){.text = text};
	}
	e->places[*index].objects += o->objects;
	e->places[*index].bytes += o->bytes;
}

static void see_observation(struct evidence *e, const struct ground *g, struct assertion *item,
			    const struct rec_observation *o)
{
	const struct recording *rec = g->rec;
	const struct rec_location *user = o->user == REC_NO_USER_FRAME ? NULL : &rec->locations[o->locations[o->user]];
	const struct prediction *own = NULL;
	enum share share = SHARE_NONE;
	bool inside = false;

	e->has_truncated |= o->truncated;
	for (uint32_t i = 0; i < o->n_locations && !inside; i++) {
		const struct rec_location *loc = &rec->locations[o->locations[i]];

		inside = any_inside(item, loc->frames, loc->n_frames);
	}
	if (user)
		share = share_of(g, item, o->site, user->frames, user->n_frames, &own);
	e->executed |= inside || share == SHARE_ALL;
	if (!user || recording_work(rec, o) != REC_WORK_LINE || o->cause == CAUSE_GO_STATEMENT || !o->objects)
		return;
	if (item->directive.calls && inside)
		share = SHARE_ALL;
	if (item->directive.kind == DIRECTIVE_NOESCAPE && !is_escape(o->cause))
		share = SHARE_NONE;
	if (share == SHARE_PERHAPS) {
		e->perhaps += o->objects;
		e->perhaps_at = place_of(g, item, user, NULL);
	}
	if (share != SHARE_ALL)
		return;
	item->objects += o->objects;
	item->bytes += o->bytes;
	add_place(e, g, item, o, own);
}

static void see_site(struct evidence *e, const struct ground *g, const struct assertion *item, size_t index)
{
	const struct rec_site *site = &g->rec->sites[index];
	const struct prediction *own;
	enum share share = share_of(g, item, index, site->frames, site->n_frames, &own);

	if (site->reach == REACH_HIT && (share == SHARE_ALL || any_inside(item, site->frames, site->n_frames)))
		e->executed = true;
	if (share == SHARE_NONE || (item->directive.kind == DIRECTIVE_NOESCAPE && !is_escape(site->cause)))
		return;
	e->has_site = true;
	e->has_deeper |= own != NULL;
	e->may_elide |= site->may_elide || share == SHARE_PERHAPS;
}

static void collect(struct evidence *e, const struct ground *g, struct assertion *item)
{
	const struct recording *rec = g->rec;

	for (size_t i = 0; i < rec->n_observations; i++)
		see_observation(e, g, item, &rec->observations[i]);
	for (size_t i = 0; i < rec->n_sites; i++)
		see_site(e, g, item, i);
	for (size_t i = 0; i < rec->n_points; i++) {
		const struct rec_point *p = &rec->points[i];

		if (p->first != item->directive.first || p->last != item->directive.last ||
		    strcmp(p->file, item->recorded) != 0)
			continue;
		e->no_code |= p->pc == 0;
		e->executed |= p->reach == REACH_HIT;
		e->n_points += p->pc != 0;
		e->n_never += p->pc && p->reach == REACH_NEVER;
	}
	for (size_t i = 0; i < rec->n_extents; i++) {
		const struct rec_extent *x = &rec->extents[i];

		if (!x->file || x->first > item->directive.end || x->last < item->directive.first ||
		    strcmp(x->file, item->recorded) != 0)
			continue;
		e->has_code = true;
		e->is_physical |= x->is_physical;
		e->is_inlined |= !x->is_physical;
	}
	/* The compiler gives single instructions the line of what was inlined, and no place among the inlined calls. */
	e->is_inlined |= e->n_points && !e->has_code;
	e->has_code |= e->n_points || e->has_deeper;
}

static int compare_places(const void *x, const void *y)
{
	const struct place *a = x, *b = y;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return strcmp(a->text, b->text);
}

static void say_places(struct assertions *a, struct assertion *item, struct evidence *e)
{
	qsort(e->places, e->n_places, sizeof(*e->places), compare_places);
	for (size_t i = 0; i < e->n_places && i < SHOWN_PLACES; i++)
		because(a, item, "%s: %" PRIu64 " object%s, %" PRIu64 " bytes", e->places[i].text, e->places[i].objects,
			e->places[i].objects == 1 ? "" : "s", e->places[i].bytes);
	if (e->n_places > SHOWN_PLACES)
		because(a, item, "and %zu more", e->n_places - SHOWN_PLACES);
}

/* Why it is not a fact that nothing was allocated; NULL if it is. */
static const char *doubt(const struct assertion *item, const struct evidence *e, const struct recording *rec)
{
	if (rec->header.mode != REC_MODE_EXACT)
		return "nothing was seen in the samples, which is no proof";
	if (recording_losses(rec) || rec->header.coverage)
		return "nothing was seen, but something was lost or not covered";
	if (item->directive.calls && e->has_truncated)
		return "nothing was seen, but stacks were cut, and it may have been at the end of one";
	return NULL;
}

static enum assertion_verdict decide(const struct ground *g, struct assertion *item, struct evidence *e)
{
	const struct recording *rec = g->rec;
	struct assertions *a = g->a;
	const struct directive *d = &item->directive;
	const char *why;

	if (d->kind == DIRECTIVE_UNKNOWN) {
		because(a, item, "no assertion reads so; known are //escaudit:noalloc and //escaudit:noalloc calls");
		return ASSERTION_UNDECIDED;
	}
	if (!d->first) {
		because(a, item, "no code follows it");
		return ASSERTION_UNDECIDED;
	}
	if (item->has_line_comments) {
		because(a, item, "the file gives its lines other names (//line)");
		return ASSERTION_UNDECIDED;
	}
	if (item->objects) {
		say_places(a, item, e);
		return ASSERTION_BROKEN;
	}
	if (!rec->has_sites) {
		because(a, item, "the recording carries no machine code to look at");
		return ASSERTION_UNDECIDED;
	}
	if (e->perhaps) {
		because(a, item, "%" PRIu64 " object%s at %s may be its own: nothing tells apart what was made there",
			e->perhaps, e->perhaps == 1 ? "" : "s", e->perhaps_at);
		return ASSERTION_UNDECIDED;
	}
	if (g->unplaced && (e->is_inlined || !e->is_physical)) {
		because(a, item, "inlined copies of it may have made what was made at %s: %s", g->unplaced,
			g->is_unpredicted
				? "that package has no predictions (--pattern=./... has them)"
				: "its predictions do not say what is inlined (those of audit and predict do)");
		return ASSERTION_UNDECIDED;
	}
	if (!e->has_code) {
		because(a, item,
			"it left no code of its own in the binary: nothing calls it, or no inlined copy of it "
			"needs any");
		return ASSERTION_NEVER_EXECUTED;
	}
	if (!d->calls && !e->has_site) {
		because(a, item, "%s",
			e->no_code			? "it has no machine code"
			: d->kind == DIRECTIVE_NOESCAPE ? "no call there makes anything that could have escaped"
							: "no call of its own can allocate, whether it runs or not");
		return ASSERTION_HELD;
	}
	why = doubt(item, e, rec);
	if (e->executed) {
		because(a, item, "%s", why ? why : "it ran, and allocated nothing");
		return why ? ASSERTION_UNDECIDED : ASSERTION_HELD;
	}
	if (e->n_points && e->n_never == e->n_points) {
		because(a, item, "every way into it was watched, and none was taken");
		return ASSERTION_NEVER_EXECUTED;
	}
	/* A call that cannot run without allocating, and did not allocate, did not run. */
	if (!e->n_points && e->has_deeper && !e->may_elide && !why) {
		because(a, item, "its inlined copies are calls that allocate whenever they run, and none did");
		return ASSERTION_NEVER_EXECUTED;
	}
	because(a, item, "%s",
		e->n_points ? "not every way into it could be watched"
			    : "nothing tells whether it ran: no probe was on it (audit and record -- COMMAND put them "
			      "there)");
	return ASSERTION_UNDECIDED;
}

static int rank(enum assertion_verdict verdict)
{
	static const int ranks[ASSERTION_COUNT] = {[ASSERTION_BROKEN] = 0,
						   [ASSERTION_UNDECIDED] = 1,
						   [ASSERTION_NEVER_EXECUTED] = 2,
						   [ASSERTION_HELD] = 3};

	return ranks[verdict];
}

static int compare_assertions(const void *x, const void *y)
{
	const struct assertion *a = x, *b = y;
	int c = rank(a->verdict) - rank(b->verdict);

	if (c == 0 && a->bytes != b->bytes)
		c = a->bytes > b->bytes ? -1 : 1;
	if (c == 0)
		c = strcmp(a->file, b->file);
	return c ? c : a->directive.line - b->directive.line;
}

/*
 * Whether an object may have been made in an inlined copy without a frame that says so: literals and moved variables,
 * in code of the main module that no prediction with its inlined calls speaks of.
 */
static bool is_unplaced(const struct audit *audit, const struct recording *rec, size_t observation)
{
	const struct rec_observation *o = &rec->observations[observation];
	const struct rec_location *user;
	size_t account;

	if (o->cause != CAUSE_NEW_OBJECT || o->user == REC_NO_USER_FRAME || !o->objects ||
	    recording_work(rec, o) != REC_WORK_LINE)
		return false;
	user = &rec->locations[o->locations[o->user]];
	if (!place_in_main_module(&rec->header, user->frames[user->n_frames - 1].function))
		return false;
	account = audit_account(audit, observation);
	return account == AUDIT_ELSEWHERE ||
	       (account < audit->n && audit->items[account].has_claim && !audit->items[account].is_inlining_known);
}

static void ground_init(struct ground *g, struct assertions *a, const struct recording *rec, const struct audit *audit)
{
	*g = (struct ground){.a = a, .rec = rec};
	g->deeper = xcalloc(rec->n_sites + 1, sizeof(const struct verdict *));
	for (size_t i = 0; audit && i < audit->n; i++) {
		const struct verdict *v = &audit->items[i];

		/* What moves a slice to the heap stands elsewhere than the append that the prediction is of. */
		for (size_t k = 0; v->n_deeper && k < v->n_sites; k++) {
			if (!match_is_move(v->sites[k]))
				g->deeper[v->sites[k] - rec->sites] = v;
		}
	}
	for (size_t i = 0; audit && i < rec->n_observations && !g->unplaced; i++) {
		const struct rec_observation *o = &rec->observations[i];

		if (!is_unplaced(audit, rec, i))
			continue;
		g->is_unpredicted = audit_account(audit, i) == AUDIT_ELSEWHERE;
		g->unplaced = place_of(g, NULL, &rec->locations[o->locations[o->user]], NULL);
	}
}

void assertions_judge(struct assertions *a, const struct recording *rec, const struct audit *audit)
{
	struct ground ground;

	if (!a->n)
		return;
	ground_init(&ground, a, rec, audit);
	for (size_t i = 0; i < a->n; i++) {
		struct assertion *item = &a->items[i];
		struct evidence e = {.place_at = U64MAP_INIT};

		collect(&e, &ground, item);
		item->verdict = decide(&ground, item, &e);
		if (item->is_newer)
			because(a, item, "the source is newer than the recording: its lines may have moved");
		a->n_verdicts[item->verdict]++;
		free(e.places);
		u64map_release(&e.place_at);
	}
	free(ground.deeper);
	qsort(a->items, a->n, sizeof(*a->items), compare_assertions);
}
