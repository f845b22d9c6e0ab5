/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of predictions and sites, plus what was observed at the sites, make verdicts. Every object of the recording
 * ends up in exactly one of: a verdict, the total of packages that were not predicted, the total of the runtime itself.
 */
#include "audit/verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/advice.h"
#include "audit/build_match.h"
#include "audit/match.h"
#include "audit/observed.h"
#include "audit/verdict_text.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "recording/place.h"
#include "symbolize/go_name.h"

static const char *const verdict_names[VERDICT_COUNT] = {
	[VERDICT_CONFIRMED] = "confirmed",
	[VERDICT_ELIDED] = "elided",
	[VERDICT_UNREACHED] = "unreached",
	[VERDICT_UNDECIDED] = "undecided",
	[VERDICT_COMPILED_OUT] = "compiled-out",
	[VERDICT_HELD] = "held",
	[VERDICT_VIOLATED] = "violated",
	[VERDICT_UNPREDICTED] = "unpredicted",
	[VERDICT_STALE] = "stale",
};

const char *verdict_name(enum verdict_kind kind)
{
	return kind < VERDICT_COUNT ? verdict_names[kind] : "?";
}

enum verdict_kind verdict_from_name(const char *name)
{
	for (int i = 0; i < VERDICT_COUNT; i++) {
		if (strcmp(verdict_names[i], name) == 0)
			return (enum verdict_kind)i;
	}
	return VERDICT_COUNT;
}

bool verdict_says_more(enum verdict_kind a, enum verdict_kind b)
{
	static const int rank[VERDICT_COUNT] = {
		[VERDICT_VIOLATED] = 0, [VERDICT_UNPREDICTED] = 1,  [VERDICT_CONFIRMED] = 2,
		[VERDICT_ELIDED] = 3,	[VERDICT_UNDECIDED] = 4,    [VERDICT_UNREACHED] = 5,
		[VERDICT_HELD] = 6,	[VERDICT_COMPILED_OUT] = 7, [VERDICT_STALE] = 8,
	};

	return rank[a] < rank[b];
}

bool verdict_is_divergence(enum verdict_kind kind)
{
	switch (kind) {
	case VERDICT_ELIDED:
	case VERDICT_COMPILED_OUT:
	case VERDICT_VIOLATED:
	case VERDICT_UNPREDICTED:
	case VERDICT_STALE:
		return true;
	default:
		return false;
	}
}

struct judge {
	struct audit *audit;
	const struct predictions *set;
	const struct recording *rec;
	struct matching *matching;
	struct observed observed;
	size_t alloc_items;
	double upper_per_second; /* of what was not seen; 0 where absence is a fact */
	uint64_t upper_bytes;	 /* of the same; 0 but for heap profiles of Go's own */
	bool absence_is_fact;	 /* exact, complete, lossless: what was not seen did not happen */
};

/* ---- one verdict ------------------------------------------------------------------------------------------------ */

static struct verdict *new_verdict(struct judge *j)
{
	struct audit *audit = j->audit;
	struct verdict *v;

	ARRAY_GROW(audit->items, audit->n + 1, j->alloc_items);
	v = &audit->items[audit->n++];
	*v = (struct verdict){.smallest = UINT64_MAX, .place = audit->n - 1};
	return v;
}

/* Whether what was seen there has a type that an earlier site with objects does not have. */
static bool is_other_type(const struct judge *j, const struct verdict *v, const struct rec_site *site)
{
	for (size_t i = 0; i + 1 < v->n_sites; i++) {
		const struct rec_site *earlier = v->sites[i];

		if (earlier->type && observed_at_site(&j->observed, earlier) && strcmp(earlier->type, site->type) == 0)
			return false;
	}
	return v->n_sites > 1;
}

static void add_site_evidence(struct judge *j, struct verdict *v, const struct rec_site *site)
{
	struct seen *s = observed_at_site(&j->observed, site);

	v->sites = xreallocarray(v->sites, v->n_sites + 1, sizeof(*v->sites));
	v->sites[v->n_sites++] = site;
	if (v->cause == CAUSE_UNKNOWN)
		v->cause = site->cause;
	if (!v->type)
		v->type = site->type;
	if (!s || s->taken)
		return;
	s->taken = true;
	if (match_is_move(site) && s->objects)
		v->move = site;
	s->account = (size_t)(v - j->audit->items);
	v->objects += s->objects;
	v->bytes += s->bytes;
	v->samples += s->samples;
	v->smallest = s->smallest < v->smallest ? s->smallest : v->smallest;
	v->largest = s->largest > v->largest ? s->largest : v->largest;
	if (s->type && !site->type) {
		v->type = s->type;
		v->other_types += s->n_types - 1;
	} else if (site->type && v->objects > s->objects) {
		v->other_types += is_other_type(j, v, site);
	}
}

/* The claim was heap, a call is there, and nothing was allocated: the call made none, did not run, or either. */
static enum verdict_kind kind_of_nothing(const struct judge *j, const struct match_group *group)
{
	bool any_unknown = false;

	for (size_t i = 0; i < group->n_sites; i++) {
		const struct rec_site *site = &j->rec->sites[group->sites[i]];

		if (match_is_move(site) &&
		    group->n_sites > 1) /* it runs, and has nothing to do for what is not there */
			continue;
		if (site->reach == REACH_HIT) /* it ran; that it made nothing must have been seen, too */
			return j->absence_is_fact ? VERDICT_ELIDED : VERDICT_UNDECIDED;
		/* A call that cannot run without allocating, and did not allocate, did not run. */
		if (site->reach != REACH_NEVER && (site->may_elide || !j->absence_is_fact))
			any_unknown = true;
	}
	return any_unknown ? VERDICT_UNDECIDED : VERDICT_UNREACHED;
}

/*
 * How many there may have been of what was not seen, 95 times of 100: none of n samples means less than 3 in n, and of
 * what was lost all may have been from here. 0 where nothing was missed, or nothing is known.
 */
static double upper_per_second(const struct judge *j)
{
	const struct rec_header *h = &j->rec->header;
	double objects = 0, samples = 0;

	if (j->absence_is_fact || h->window_seconds <= 0)
		return 0;
	if (h->mode == REC_MODE_EXACT)
		return (double)recording_losses(j->rec) / h->window_seconds;
	for (size_t i = 0; i < j->rec->n_observations; i++) {
		objects += (double)j->rec->observations[i].objects;
		samples += (double)j->rec->observations[i].samples;
	}
	return samples > 0 ? 3 / samples * objects / h->window_seconds : 0;
}

/*
 * Go's profiler samples one byte in `period`, on average, as a Poisson process: a line that made more than three times
 * that was seen, 95 times of 100.
 */
static uint64_t upper_bytes(const struct judge *j)
{
	uint64_t period = j->rec->header.period;

	if (j->rec->header.mode != REC_MODE_PROFILE)
		return 0;
	return period > 1 && period < UINT64_MAX / 3 ? 3 * period : 0;
}

/* One line that says why, in a reader's words. */
static const char *summary_of(const struct judge *j, const struct verdict *v, const struct match_group *group,
			      enum match_line line)
{
	const struct verdict_text text = {.pool = j->audit->pool,
					  .set = j->set,
					  .rec = j->rec,
					  .matching = j->matching,
					  .absence_is_fact = j->absence_is_fact};

	return verdict_summary(&text, v, group, line);
}

static bool is_in_directory(const char *package, const char *directory, size_t n)
{
	size_t len = strlen(package);

	return len >= n && memcmp(package + len - n, directory, n) == 0 && (len == n || package[len - n - 1] == '/');
}

/*
 * The package of a file that the binary has no code of. A generic function is reported where it is used, in another
 * package, and the position names the file's directory, as the build sees it. NULL if that is the package's own, or not
 * one of those that are predicted.
 */
static const char *package_of_directory(const struct judge *j, const struct prediction *p)
{
	const char *path = strncmp(p->pos.file, "./", 2) == 0 ? p->pos.file + 2 : p->pos.file, *found = NULL;
	size_t n = (size_t)(path_base(path) - path);

	if (n < 2 || path[0] == '/' || path[0] == '.' || !p->package || is_in_directory(p->package, path, n - 1))
		return NULL;
	for (size_t i = 0; i < j->set->n_packages; i++) {
		if (!is_in_directory(j->set->packages[i], path, n - 1))
			continue;
		if (found)
			return NULL;
		found = j->set->packages[i];
	}
	return found;
}

/* JSON diagnostics call every main package "main". */
static const char *own_package(const struct judge *j, const struct prediction *p)
{
	if (p->package && strcmp(p->package, "main") == 0 && j->rec->header.main_package)
		return j->rec->header.main_package;
	return p->package;
}

/* By the linker's name, as for what is observed: "example.com/m.(*Cart).Add" where the diagnostics say "(*Cart).Add".
 */
static const char *function_of(const struct judge *j, const struct verdict *v, size_t prediction)
{
	const struct prediction *p = &j->set->items[prediction];
	const char *main_package = j->rec->header.main_package, *found, *package;
	bool is_shape, is_copy;

	if (v->n_sites && v->sites[0]->n_frames)
		return v->sites[0]->frames[v->sites[0]->n_frames - 1].function;
	/* An instantiation, or a copied literal, is compiled by who needs it, and named after who wrote it; on its
	 * lines there are others. */
	is_shape = p->function && strchr(p->function, '[');
	is_copy = p->function && strchr(p->function, '#');
	found = is_shape ? NULL : matching_function(j->matching, prediction);
	if (found || !p->function || !v->package)
		return found ? found : go_name_without_hash(j->audit->pool, p->function);
	package = is_shape || is_copy ? matching_file_package(j->matching, prediction) : NULL;
	package = package ? package : v->package;
	return go_name_of_diagnosed(j->audit->pool, main_package && !strcmp(package, main_package) ? "main" : package,
				    p->function);
}

/*
 * Generic functions of the runtime (runtime.AddCleanup) are compiled, and diagnosed, in the packages that use them.
 * What they do is the runtime's own account all the same: seen, it is charged to the line that calls. Their files are
 * no files of sites; under -trimpath they have no folder, but that of their import path.
 */
static bool is_in_runtime_file(const struct judge *j, const struct prediction *p)
{
	const char *goroot = j->rec->header.goroot_src, *file = p->pos.file, *slash;
	size_t n = goroot ? strlen(goroot) : 0;

	if (n && strncmp(file, goroot, n) != 0)
		return false;
	file += n;
	slash = strrchr(file, '/');
	return slash && go_name_is_runtime_package(strpool_add_n(j->audit->pool, file, (size_t)(slash - file)));
}

/* The file that cgo writes for a package, which holds the functions by which Go and C call each other: cmd/cgo, out.go.
 */
static bool is_cgo_file(const char *file)
{
	return file && strcmp(path_base(file), "_cgo_gotypes.go") == 0;
}

/* What a wrapper makes is shown on the line of the method that it wraps; the function is the wrapper. */
static void put_at_method(struct judge *j, struct verdict *v, const struct position *at, const char *package)
{
	v->file = place_path(j->audit->pool, &j->rec->header, at->file, package);
	v->line = at->line;
	v->column = at->column;
}

/*
 * Variables that the compiler adds for a range over a function have no position: they are shown where they are made, or
 * else where their function begins, or where the compiler says that the loop's body captures them.
 */
static void place_nameless(struct judge *j, struct verdict *v, const struct prediction *p)
{
	const struct rec_frame *outer = v->n_sites ? &v->sites[0]->frames[v->sites[0]->n_frames - 1] : NULL;

	v->file = NULL;
	if (outer) {
		v->file = place_file(j->audit->pool, &j->rec->header, outer);
		v->line = outer->line;
	}
	for (size_t i = 0; !v->file && v->function && i < j->rec->n_extents; i++) {
		const struct rec_extent *e = &j->rec->extents[i];
		const struct rec_frame start = {.function = e->function, .file = e->file, .line = e->first};

		if (!e->file || strcmp(e->function, v->function) != 0)
			continue;
		v->file = place_file(j->audit->pool, &j->rec->header, &start);
		v->line = e->first;
	}
	for (size_t i = 0; !v->file && i < p->n_flow; i++) {
		if (!p->flow[i]->pos.file || p->flow[i]->pos.line <= 0)
			continue;
		v->file = place_path(j->audit->pool, &j->rec->header, p->flow[i]->pos.file, v->package);
		v->line = p->flow[i]->pos.line;
	}
	v->file = v->file ? v->file : "?";
}

/*
 * An exported function is inlined into the one by which C calls it: what is made there is of the user's line. The
 * outermost frame of the user's; NULL if there is none.
 */
static const struct rec_frame *called_by_c(const struct rec_frame *frames, size_t n)
{
	if (n < 2 || !is_cgo_file(frames[n - 1].file) || !frames[n - 2].file || is_cgo_file(frames[n - 2].file))
		return NULL;
	return &frames[n - 2];
}

static void put_at_exported(struct judge *j, struct verdict *v, const struct rec_frame *exported)
{
	put_at_method(j, v, &(struct position){exported->file, exported->line, 0},
		      place_package(j->audit->pool, &j->rec->header, exported));
	v->function = exported->function;
}

static bool has_objects(const struct judge *j, const struct match_group *group)
{
	for (size_t i = 0; i < group->n_sites; i++) {
		const struct seen *s = observed_at_site(&j->observed, &j->rec->sites[group->sites[i]]);

		if (s && s->objects)
			return true;
	}
	return false;
}

/*
 * The result of an inlined call has a name that stands in no source ("~r0"; up to Go 1.21 "~R0", too). Where the token
 * of its call is at the prediction's position, the source says what it is; NULL elsewhere.
 */
static const char *source_of_result(const struct prediction *p, const struct rec_site *site)
{
	const struct position *inner = prediction_place(p);
	const struct rec_source *source = site->source;

	if (!p->expr || p->expr[0] != '~' || !source || !source->expr || !*source->expr ||
	    source->n_levels != p->n_inlined + 1 || source->levels[0].line != inner->line || !inner->column ||
	    source->levels[0].column != inner->column)
		return NULL;
	return source->expr;
}

/* Says in which wrapper of the compiler's it is, as far as that is known. */
static void add_wrapper(struct judge *j, struct verdict *v, bool has_line)
{
	const char *plain = v->function ? go_name_short(go_name_plain(j->audit->pool, v->function)) : NULL;

	if (!v->function)
		v->summary =
			strpool_addf(j->audit->pool, "%s; in %s that the compiler made, of which it names none%s",
				     v->summary, v->n_predictions > 1 ? "wrappers" : "a wrapper",
				     v->kind == VERDICT_COMPILED_OUT ? ", and which the linker may have dropped" : "");
	else if (has_line)
		v->summary = strpool_addf(j->audit->pool, "%s; in the wrapper %s", v->summary, plain);
	else
		v->summary = strpool_addf(j->audit->pool, "%s; in the wrapper %s, whose method's line is not known",
					  v->summary, plain);
}

static bool is_deeper(const struct verdict *v, const struct prediction *p)
{
	for (size_t i = 0; i < v->n_sites; i++) {
		if (p->n_inlined >= v->sites[i]->n_frames)
			return true;
	}
	return false;
}

static void note_inlining(struct judge *j, struct verdict *v, const struct match_group *group)
{
	v->is_inlining_known = true;
	for (size_t i = 0; i < group->n_predictions; i++) {
		const struct prediction *p = &j->set->items[group->predictions[i]];

		v->is_inlining_known &= p->inlined_known;
		if (!is_deeper(v, p))
			continue;
		v->deeper = xreallocarray(v->deeper, v->n_deeper + 1, sizeof(const struct prediction *));
		v->deeper[v->n_deeper++] = p;
	}
}

static void judge_group(struct judge *j, const struct match_group *group)
{
	const struct prediction *items = j->set->items, *p = &items[group->predictions[0]];
	enum match_line line = matching_line(j->matching, group->predictions[0]);
	struct strbuf exprs = STRBUF_INIT;
	const char *package;
	const struct rec_frame *exported = NULL;
	struct wrapped wrapped;
	struct verdict *v;
	bool is_wrapper, is_of_wrappers = !group->n_sites && place_is_wrapper_file(p->pos.file);

	if (!group->n_sites && (go_name_is_runtime_package(own_package(j, p)) ||
				(line < MATCH_LINE_INLINED_ONLY && is_in_runtime_file(j, p)))) {
		j->audit->n_runtime_predictions += group->n_predictions;
		return;
	}
	if (is_cgo_file(p->pos.file) && group->n_sites) {
		const struct rec_site *site = &j->rec->sites[group->sites[0]];

		exported = called_by_c(site->frames, site->n_frames);
	}
	if (!exported && is_cgo_file(p->pos.file) && !has_objects(j, group)) {
		j->audit->n_cgo_predictions += group->n_predictions;
		return;
	}
	v = new_verdict(j);

	v->claim = p->claim;
	v->has_claim = true;
	v->ambiguous = group->ambiguous;
	v->n_predictions = group->n_predictions;
	v->line = p->pos.line;
	v->column = p->pos.column;
	v->package = own_package(j, p);
	package = matching_file_package(j->matching, group->predictions[0]);
	if (!package)
		package = package_of_directory(j, p);
	v->file = place_path(j->audit->pool, &j->rec->header, p->pos.file, package ? package : own_package(j, p));
	/* Nothing tells apart what is said of wrappers in the same words. */
	for (size_t i = 0; i < (is_of_wrappers ? 1 : group->n_predictions); i++) {
		const char *expr = items[group->predictions[i]].expr;

		if (i < 8)
			strbuf_addf(&exprs, "%s%s", i ? ", " : "", expr ? expr : "?");
	}
	if (group->n_predictions > 8 && !is_of_wrappers)
		strbuf_addf(&exprs, ", and %zu more", group->n_predictions - 8);
	v->expr = strpool_add(j->audit->pool, strbuf_str(&exprs));
	strbuf_release(&exprs);
	for (size_t i = 0; i < group->n_sites; i++)
		add_site_evidence(j, v, &j->rec->sites[group->sites[i]]);
	note_inlining(j, v, group);
	if (v->n_sites && v->n_predictions == 1) {
		const char *source = source_of_result(p, v->sites[0]);

		v->expr = source ? strpool_add(j->audit->pool, source) : v->expr;
	}
	v->function = function_of(j, v, group->predictions[0]);

	is_wrapper = matching_method(j->matching, group->predictions[0], v->n_sites ? v->sites[0] : NULL, &wrapped);
	/* Several without chains may be of any wrappers, whatever the one is of that has a call. */
	if (is_wrapper && !wrapped.wrapper && !p->inlined_known && !p->function && group->n_predictions > 1) {
		is_wrapper = false;
		v->function = NULL;
	}
	if (is_wrapper)
		put_at_method(j, v, &wrapped.at, wrapped.package);
	if (is_wrapper && wrapped.wrapper)
		v->function = strpool_add(j->audit->pool, wrapped.wrapper); /* the matching goes first */
	if (!is_wrapper && place_is_wrapper_file(p->pos.file))
		v->line = v->column = 0; /* all wrappers have the same */
	if (!is_wrapper && exported)
		put_at_exported(j, v, exported);
	if (p->pos.line <= 0)
		place_nameless(j, v, p);

	if (p->claim == CLAIM_STACK)
		v->kind = v->objects ? VERDICT_VIOLATED : VERDICT_HELD;
	else if (v->objects)
		v->kind = VERDICT_CONFIRMED;
	else if (v->n_sites)
		v->kind = kind_of_nothing(j, group);
	else
		v->kind = VERDICT_COMPILED_OUT;
	/* Without a line in the binary the log cannot be about it, whatever it claims, unless it is of the same build.
	 */
	if (!v->n_sites && line == MATCH_LINE_UNKNOWN && j->rec->n_extents)
		v->kind = VERDICT_STALE;
	if (!v->n_sites && line == MATCH_LINE_ELSEWHERE)
		v->kind = VERDICT_UNDECIDED;
	v->is_absent = !v->n_sites && j->rec->n_extents && line < MATCH_LINE_INLINED_ONLY;
	v->summary = summary_of(j, v, group, line);
	v->flow = p->flow;
	v->n_flow = p->n_flow;
	/* An inlined call may make several literals: the text of all is "func literal". */
	if (p->kind == EXPR_FUNC_LIT && p->n_inlined && group->n_predictions == 1) {
		const struct position *own = &p->inlined[p->n_inlined - 1];

		v->summary = strpool_addf(j->audit->pool, "%s; the literal is at %s:%d:%d", v->summary,
					  path_base(own->file), own->line, own->column);
	}
	if (place_is_wrapper_file(p->pos.file))
		add_wrapper(j, v, is_wrapper);
	if (!v->objects) {
		v->smallest = 0;
		if (v->n_sites)
			v->upper_per_second = j->upper_per_second;
		if (v->n_sites)
			v->upper_bytes = j->upper_bytes;
	}
}

/* ---- what nobody predicted -------------------------------------------------------------------------------------- */

static void judge_unpredicted(struct judge *j)
{
	for (size_t i = 0; i < j->observed.n; i++) {
		struct seen *s = &j->observed.items[i];
		const struct rec_location *loc = &j->rec->locations[s->location];
		const struct rec_frame *outer = &loc->frames[loc->n_frames - 1];
		const struct rec_frame *exported = called_by_c(loc->frames, loc->n_frames);
		const struct rec_site *site;
		struct wrapped wrapped;
		struct verdict *v;

		if (s->taken)
			continue;
		if (!matching_covers(j->matching, exported ? exported : outer)) {
			j->audit->elsewhere_objects += s->objects;
			j->audit->elsewhere_bytes += s->bytes;
			s->account = AUDIT_ELSEWHERE;
			continue;
		}
		v = new_verdict(j);
		s->account = (size_t)(v - j->audit->items);
		v->kind = VERDICT_UNPREDICTED;
		v->package = place_package(j->audit->pool, &j->rec->header, exported ? exported : outer);
		v->file = place_file(j->audit->pool, &j->rec->header, outer);
		v->file = v->file ? v->file : "?";
		v->line = outer->line;
		v->function = outer->function;
		if (matching_wrapped(j->matching, loc->frames, loc->n_frames, &wrapped))
			put_at_method(j, v, &wrapped.at, wrapped.package);
		else if (place_is_wrapper_file(outer->file))
			v->line = 0;
		else if (exported)
			put_at_exported(j, v, exported);
		site = s->site != REC_NO_SITE ? &j->rec->sites[s->site] : NULL;
		if (site)
			add_site_evidence(j, v, site);
		else
			s->taken = true;
		if (site && site->source) {
			/* Its line is that of what the outermost function has inlined. */
			bool is_inlined =
				(exported || place_is_wrapper_file(outer->file)) && site->source->n_levels > 1;
			const struct rec_level *level = &site->source->levels[site->source->n_levels - 1 - is_inlined];

			/* Not where the compiler gave the call the position of the literal around. */
			if (site->n_frames == 1 && site->frames[0].line != level->line)
				v->line = level->line;
			v->column = level->column;
			if (v->column == REC_COLUMN_BEYOND)
				v->column = 0;
			v->expr = strpool_add(j->audit->pool, site->source->expr);
		}
		v->cause = s->cause;
		if (s->type) {
			v->type = s->type;
			v->other_types = s->n_types - 1;
		}
		v->objects = s->objects;
		v->bytes = s->bytes;
		v->samples = s->samples;
		v->smallest = s->smallest;
		v->largest = s->largest;
		v->summary = matching_in_displaced_file(j->matching, outer)
				     ? "the log is of another edition of this file, and says nothing of this line"
				     : summary_of(j, v, NULL, MATCH_LINE_KNOWN);
	}
}

static void advise(struct judge *j)
{
	struct advice_run run = {.pool = j->audit->pool, .rec = j->rec};

	for (size_t i = 0; i < j->rec->n_observations; i++) {
		run.objects += j->rec->observations[i].objects;
		run.bytes += j->rec->observations[i].bytes;
	}
	for (size_t i = 0; i < j->audit->n; i++) {
		struct verdict *v = &j->audit->items[i];

		advice_trace(v);
		v->advice = advice_of(&run, v);
	}
}

/* ---- ranking and totals ----------------------------------------------------------------------------------------- */

static int rank(enum verdict_kind kind)
{
	if (verdict_is_divergence(kind))
		return 0;
	return kind == VERDICT_CONFIRMED ? 1 : 2;
}

static int compare_verdicts(const void *a, const void *b)
{
	const struct verdict *x = a, *y = b;
	int by_file;

	if (rank(x->kind) != rank(y->kind))
		return rank(x->kind) - rank(y->kind);
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	by_file = strcmp(x->file, y->file);
	if (by_file)
		return by_file;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

/* Verdicts were counted in the order they were made in; they have been ranked since. */
static void set_accounts(struct judge *j)
{
	struct audit *audit = j->audit;
	size_t *ranked = xcalloc(audit->n + 1, sizeof(*ranked));

	for (size_t i = 0; i < audit->n; i++)
		ranked[audit->items[i].place] = i;
	audit->account = xcalloc(j->rec->n_observations + 1, sizeof(*audit->account));
	for (size_t i = 0; i < j->rec->n_observations; i++) {
		const struct rec_observation *obs = &j->rec->observations[i];
		const struct seen *seen = observed_of(&j->observed, obs);
		size_t account = seen ? seen->account : AUDIT_RUNTIME;

		audit->account[i] = account < audit->n ? ranked[account] : account;
	}
	free(ranked);
}

size_t audit_account(const struct audit *audit, size_t observation)
{
	return audit->account ? audit->account[observation] : AUDIT_ELSEWHERE;
}

static void total(struct audit *audit)
{
	for (size_t i = 0; i < audit->n; i++) {
		const struct verdict *v = &audit->items[i];

		audit->totals.n[v->kind]++;
		audit->totals.objects[v->kind] += v->objects;
		audit->totals.bytes[v->kind] += v->bytes;
	}
}

/* Sites of a function follow each other. */
static void count_columns(struct judge *j)
{
	const struct recording *rec = j->rec;

	for (size_t i = 0, n; i < rec->n_sites; i += n) {
		const struct rec_frame *physical;
		bool is_known = true;

		n = 1;
		if (!rec->sites[i].n_frames)
			continue;
		physical = &rec->sites[i].frames[rec->sites[i].n_frames - 1];
		for (n = 0; i + n < rec->n_sites; n++) {
			const struct rec_site *site = &rec->sites[i + n];

			if (!site->n_frames || site->calls != rec->sites[i].calls ||
			    strcmp(site->frames[site->n_frames - 1].function, physical->function) != 0)
				break;
			is_known &= site->source != NULL;
		}
		if (!matching_covers(j->matching, physical))
			continue;
		j->audit->n_functions++;
		j->audit->n_known_functions += is_known;
		j->audit->n_foreign_functions += !is_known && !matching_is_predicted(j->matching, physical->function);
	}
}

int audit_run(struct audit **out, const struct predictions *set, const struct recording *rec, struct error *err)
{
	struct audit *audit;
	struct judge j = {.set = set, .rec = rec};

	*out = NULL;
	if (!rec->has_sites)
		return error_set(
			err, -ENODATA,
			rec->header.mode == REC_MODE_PROFILE
				? "compare: failed to judge the heap profile of '%s': what sites a program has is in "
				  "the program; name it with --program"
				: "compare: failed to judge the recording of '%s': it carries no emitted sites; record "
				  "the program with `escaudit record`",
			rec->header.path ? rec->header.path : "?");
	audit = xcalloc(1, sizeof(*audit));
	audit->pool = strpool_new();
	audit->rec = rec;
	audit->n_packages = set->n_packages;
	j.audit = audit;
	j.absence_is_fact = rec->header.mode == REC_MODE_EXACT && rec->header.window_complete &&
			    !recording_losses(rec) && !rec->header.coverage;
	j.upper_per_second = upper_per_second(&j);
	j.upper_bytes = upper_bytes(&j);
	for (size_t i = 0; i < rec->n_observations; i++)
		audit->samples += rec->observations[i].samples;
	j.matching = matching_new(set, rec);
	observed_collect(&j.observed, rec);
	audit->runtime_objects = j.observed.runtime_objects;
	audit->runtime_bytes = j.observed.runtime_bytes;
	for (size_t i = 0; i < matching_count(j.matching); i++)
		judge_group(&j, matching_group(j.matching, i));
	judge_unpredicted(&j);
	advise(&j);
	if (audit->n)
		qsort(audit->items, audit->n, sizeof(*audit->items), compare_verdicts);
	set_accounts(&j);
	total(audit);
	audit->n_duplicates = matching_duplicates(j.matching);
	if (set->columns)
		count_columns(&j);
	build_match(audit, set, rec, j.matching);
	for (size_t i = 0; audit->match == BUILD_MATCH_SAME && i < audit->n; i++) {
		if (audit->items[i].kind == VERDICT_STALE)
			audit->items[i].summary = "the binary has no code for this line: dropped by the linker";
	}
	matching_free(j.matching);
	observed_release(&j.observed);
	*out = audit;
	return 0;
}

void audit_free(struct audit *audit)
{
	if (!audit)
		return;
	for (size_t i = 0; i < audit->n; i++) {
		free(audit->items[i].sites);
		free(audit->items[i].path);
		free(audit->items[i].deeper);
	}
	free(audit->items);
	free(audit->mismatches);
	free(audit->account);
	strpool_free(audit->pool);
	free(audit);
}
