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
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/u64map.h"
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

/* What was seen at one return address. */
struct seen {
	uint64_t objects, bytes, smallest, largest, samples;
	const char *type; /* this and the cause: of most bytes from one stack, which varies less than sums of all */
	enum cause cause;
	uint64_t most_bytes;
	const char *first_type;
	size_t n_types;
	bool taken;	/* by a verdict, */
	size_t account; /* items[account] */
	uint32_t location;
};

struct judge {
	struct audit *audit;
	const struct predictions *set;
	const struct recording *rec;
	struct matching *matching;
	struct seen *seen;
	size_t n_seen, alloc_seen;
	struct u64map seen_at; /* return address -> index into seen */
	struct u64map types;   /* (place in seen, type), but for the first of each place */
	size_t alloc_items;
	double upper_per_second; /* of what was not seen; 0 where absence is a fact */
	uint64_t upper_bytes;	 /* of the same; 0 but for heap profiles of Go's own */
	bool absence_is_fact;	 /* exact, complete, lossless: what was not seen did not happen */
};

/* ---- the observed account, by return address -------------------------------------------------------------------- */

static const struct rec_site *site_of(struct judge *j, uint64_t ret)
{
	size_t low = 0, high = j->rec->n_sites;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (j->rec->sites[middle].ret < ret)
			low = middle + 1;
		else
			high = middle;
	}
	return low < j->rec->n_sites && j->rec->sites[low].ret == ret ? &j->rec->sites[low] : NULL;
}

/*
 * The runtime at work on its own account while it stands on a user's stack: a collection that a large object starts
 * makes goroutines of its own. The line is not to blame, and its own objects must not be mixed with them.
 */
static bool is_own_account(struct judge *j, const struct rec_observation *obs)
{
	const struct rec_site *site;

	if (obs->user == REC_NO_USER_FRAME)
		return true;
	if (obs->cause != CAUSE_RUNTIME_INTERNAL)
		return false;
	site = site_of(j, j->rec->locations[obs->locations[obs->user]].pc);
	return site && site->cause != CAUSE_RUNTIME_INTERNAL;
}

/* Nearly all places make objects of one type; a map has groups, tables and a directory of them. */
static void count_type(struct judge *j, struct seen *s, const char *type)
{
	bool is_new = s->n_types == 0;

	if (is_new)
		s->first_type = type;
	else if (type != s->first_type)
		u64map_at(&j->types, u64_mix((uint64_t)(s - j->seen) + 1, (uintptr_t)type), &is_new);
	s->n_types += is_new;
}

static void add_seen(struct judge *j, const struct rec_observation *obs)
{
	uint32_t location = obs->locations[obs->user];
	bool is_new;
	uint64_t *index = u64map_at(&j->seen_at, j->rec->locations[location].pc, &is_new);
	struct seen *s;

	if (is_new) {
		*index = j->n_seen;
		ARRAY_GROW(j->seen, j->n_seen + 1, j->alloc_seen);
		j->seen[j->n_seen++] = (struct seen){.smallest = UINT64_MAX, .location = location};
	}
	s = &j->seen[*index];
	s->objects += obs->objects;
	s->bytes += obs->bytes;
	s->samples += obs->samples;
	s->smallest = obs->smallest < s->smallest ? obs->smallest : s->smallest;
	s->largest = obs->largest > s->largest ? obs->largest : s->largest;
	count_type(j, s, obs->type);
	if (obs->bytes >= s->most_bytes) {
		s->type = obs->type;
		s->cause = obs->cause;
		s->most_bytes = obs->bytes;
	}
}

static void collect_seen(struct judge *j)
{
	for (size_t i = 0; i < j->rec->n_observations; i++) {
		const struct rec_observation *obs = &j->rec->observations[i];

		if (is_own_account(j, obs)) {
			j->audit->runtime_objects += obs->objects;
			j->audit->runtime_bytes += obs->bytes;
		} else {
			add_seen(j, obs);
		}
	}
}

static struct seen *seen_at(struct judge *j, const struct rec_site *site)
{
	uint64_t *index = u64map_find(&j->seen_at, site->ret);

	return index ? &j->seen[*index] : NULL;
}

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

static void add_site_evidence(struct judge *j, struct verdict *v, const struct rec_site *site)
{
	struct seen *s = seen_at(j, site);

	v->sites = xreallocarray(v->sites, v->n_sites + 1, sizeof(*v->sites));
	v->sites[v->n_sites++] = site;
	if (v->cause == CAUSE_UNKNOWN)
		v->cause = site->cause;
	if (!v->type)
		v->type = site->type;
	if (!s || s->taken)
		return;
	s->taken = true;
	s->account = (size_t)(v - j->audit->items);
	v->objects += s->objects;
	v->bytes += s->bytes;
	v->samples += s->samples;
	v->smallest = s->smallest < v->smallest ? s->smallest : v->smallest;
	v->largest = s->largest > v->largest ? s->largest : v->largest;
	if (s->type && !site->type) {
		v->type = s->type;
		v->other_types += s->n_types - 1;
	}
}

/* The claim was heap, a call is there, and nothing was allocated: which kind of nothing? */
static enum verdict_kind kind_of_nothing(const struct judge *j, const struct match_group *group)
{
	bool any_unknown = false;

	for (size_t i = 0; i < group->n_sites; i++) {
		const struct rec_site *site = &j->rec->sites[group->sites[i]];

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
	const char *text = recording_extra(j->rec, "period");
	uint64_t period = text ? strtoull(text, NULL, 10) : 0;

	if (j->rec->header.mode != REC_MODE_PROFILE)
		return 0;
	return period > 1 && period < UINT64_MAX / 3 ? 3 * period : 0;
}

static const char *absence(const struct judge *j)
{
	if (j->rec->header.mode == REC_MODE_EXACT && j->absence_is_fact)
		return "no allocation";
	return "no allocation seen";
}

/* What it is that no diagnostic speaks of. */
static const char *unpredicted(struct strpool *pool, enum cause cause, const char *callee, const char *closure)
{
	switch (cause) {
	case CAUSE_APPEND_GROWTH:
		return "append grew past the capacity, of which the compiler says nothing here";
	case CAUSE_MAP_GROWTH:
		return "the map grew for the new element; the compiler speaks of making maps only";
	case CAUSE_MAKE_CHAN:
		return "channels are always on the heap; the compiler does not say so";
	case CAUSE_STRING_CONCATENATION:
		return strpool_addf(pool, "no diagnostic speaks of this concatenation (+= has none): %s", callee);
	case CAUSE_GO_STATEMENT:
		return "the goroutine itself: none was left to be used again";
	case CAUSE_DEFER:
		return "the record of a defer that is in a loop: none was left to be used again";
	case CAUSE_CLOSURE:
		if (closure)
			return strpool_addf(pool, "a closure that the compiler made and says nothing of: %s",
					    go_name_short(closure));
		break;
	case CAUSE_RUNTIME_INTERNAL:
		return callee ? strpool_addf(pool, "made by the runtime for itself, in %s", callee)
			      : "made by the runtime for itself, a panic's value perhaps";
	default:
		break;
	}
	return strpool_addf(pool, "the compiler reports nothing for this%s%s", callee ? ": " : "",
			    callee ? callee : "");
}

/* One line that says why, in a reader's words. */
static const char *summary_of(struct judge *j, const struct verdict *v, const struct match_group *group,
			      enum match_line line)
{
	struct strpool *pool = j->audit->pool;
	const struct rec_site *site = v->n_sites ? v->sites[0] : NULL;
	const char *callee = site ? site->callee : NULL;

	switch (v->kind) {
	case VERDICT_CONFIRMED:
		if (group && group->moved)
			return strpool_addf(pool, "built by append on the stack, moved to the heap by %s on line %d",
					    callee, site->frames[site->n_frames - 1].line);
		if (group && group->merged)
			return strpool_addf(pool, "%zu variables share one object made by %s", v->n_predictions,
					    callee);
		if (v->cause == CAUSE_CLOSURE && site->closure && j->set->items[group->predictions[0]].wrapper)
			return strpool_addf(pool, "a closure that the compiler wraps around the call: %s",
					    go_name_short(site->closure));
		return strpool_addf(pool, "predicted, and made by %s%s", callee,
				    v->n_sites > 1 ? " and other calls" : "");
	case VERDICT_ELIDED:
		return strpool_addf(pool, "%s ran and found a way round: %s", callee,
				    v->cause == CAUSE_INTERFACE_CONVERSION ? "small integer, zero or empty value"
									   : "the result fits what is already there");
	case VERDICT_UNREACHED:
		return strpool_addf(pool, "the call of %s was never executed", callee);
	case VERDICT_UNDECIDED:
		return strpool_addf(pool, "%s at %s, and no evidence whether the call ran", absence(j), callee);
	case VERDICT_COMPILED_OUT:
		if (group && group->surplus)
			return "no call of its own: other copies of this line have it, this one was dropped or is one "
			       "of them";
		if (line == MATCH_LINE_INLINED_ONLY)
			return "no call: only inlined copies of the function are left in the binary";
		return "no call in the binary: constant data, zero size, or dead code";
	case VERDICT_HELD:
		if (site && !j->absence_is_fact)
			return strpool_addf(pool, "no allocation seen at %s", callee);
		return site ? strpool_addf(pool, "%s called at most with room on the stack", callee)
			    : "no allocating call in the binary";
	case VERDICT_VIOLATED:
		if (v->cause == CAUSE_MAKE_SLICE)
			return strpool_addf(pool, "the size is known only at run time: %s went to the heap", callee);
		return strpool_addf(pool, "%s outgrew its buffer on the stack", callee);
	case VERDICT_UNPREDICTED:
		return unpredicted(pool, v->cause, callee, site ? site->closure : NULL);
	case VERDICT_STALE:
		if (group && matching_is_displaced(j->matching, group->predictions[0]))
			return "the source was edited between the builds: the functions here are on other lines in the "
			       "binary";
		return "the binary has no code for this line: dropped by the linker, or another build's log";
	case VERDICT_COUNT:
		break;
	}
	return "";
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
	bool is_shape;

	if (v->n_sites && v->sites[0]->n_frames)
		return v->sites[0]->frames[v->sites[0]->n_frames - 1].function;
	/* An instantiation is compiled by who needs it, and named after who wrote it; on its lines there are others. */
	is_shape = p->function && strchr(p->function, '[');
	found = is_shape ? NULL : matching_function(j->matching, prediction);
	if (found || !p->function || !v->package || go_name_package_length(p->function))
		return found ? found : p->function;
	package = is_shape ? matching_file_package(j->matching, prediction) : NULL;
	package = package ? package : v->package;
	return strpool_addf(j->audit->pool, "%s.%s", main_package && !strcmp(package, main_package) ? "main" : package,
			    p->function);
}

/* The runtime's own packages: what they do is the runtime's own account, and no call in them is a site. */
static bool is_runtime_package(const char *package)
{
	return package && (strcmp(package, "runtime") == 0 || strncmp(package, "runtime/internal/", 17) == 0 ||
			   strncmp(package, "internal/runtime/", 17) == 0);
}

static void judge_group(struct judge *j, const struct match_group *group)
{
	const struct prediction *items = j->set->items, *p = &items[group->predictions[0]];
	enum match_line line = matching_line(j->matching, group->predictions[0]);
	struct strbuf exprs = STRBUF_INIT;
	const char *package;
	struct verdict *v;

	if (!group->n_sites && is_runtime_package(own_package(j, p)))
		return;
	v = new_verdict(j);

	v->claim = p->claim;
	v->has_claim = true;
	v->ambiguous = group->ambiguous;
	v->n_predictions = group->n_predictions;
	v->line = p->pos.line;
	v->column = p->pos.column;
	v->package = own_package(j, p);
	package = matching_file_package(j->matching, group->predictions[0]);
	v->file = place_path(j->audit->pool, &j->rec->header, p->pos.file, package ? package : own_package(j, p));
	for (size_t i = 0; i < group->n_predictions; i++) {
		const char *expr = items[group->predictions[i]].expr;

		if (i < 8)
			strbuf_addf(&exprs, "%s%s", i ? ", " : "", expr ? expr : "?");
	}
	if (group->n_predictions > 8)
		strbuf_addf(&exprs, ", and %zu more", group->n_predictions - 8);
	v->expr = strpool_add(j->audit->pool, strbuf_str(&exprs));
	strbuf_release(&exprs);
	for (size_t i = 0; i < group->n_sites; i++)
		add_site_evidence(j, v, &j->rec->sites[group->sites[i]]);
	v->function = function_of(j, v, group->predictions[0]);

	if (group->moved && !v->objects) { /* the appends' own groups say the rest */
		free(v->sites);
		j->audit->n--;
		return;
	}
	if (p->claim == CLAIM_STACK)
		v->kind = v->objects ? VERDICT_VIOLATED : VERDICT_HELD;
	else if (v->objects)
		v->kind = VERDICT_CONFIRMED;
	else if (v->n_sites)
		v->kind = kind_of_nothing(j, group);
	else
		v->kind = VERDICT_COMPILED_OUT;
	/* Without a line in the binary the log cannot be about it, whatever it claims. */
	if (!v->n_sites && line == MATCH_LINE_UNKNOWN && j->rec->n_extents)
		v->kind = VERDICT_STALE;
	v->summary = summary_of(j, v, group, line);
	v->flow = p->flow;
	v->n_flow = p->n_flow;
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
	for (size_t i = 0; i < j->n_seen; i++) {
		struct seen *s = &j->seen[i];
		const struct rec_location *loc = &j->rec->locations[s->location];
		const struct rec_frame *outer = &loc->frames[loc->n_frames - 1];
		const struct rec_site *site;
		struct verdict *v;

		if (s->taken)
			continue;
		if (!matching_covers(j->matching, outer)) {
			j->audit->elsewhere_objects += s->objects;
			j->audit->elsewhere_bytes += s->bytes;
			s->account = AUDIT_ELSEWHERE;
			continue;
		}
		v = new_verdict(j);
		s->account = (size_t)(v - j->audit->items);
		v->kind = VERDICT_UNPREDICTED;
		v->package = place_package(j->audit->pool, &j->rec->header, outer);
		v->file = place_file(j->audit->pool, &j->rec->header, outer);
		v->file = v->file ? v->file : "?";
		v->line = outer->line;
		v->function = outer->function;
		site = site_of(j, loc->pc);
		if (site)
			add_site_evidence(j, v, site);
		else
			s->taken = true;
		v->cause = s->cause;
		/* A channel of pointers is two objects, of types that nobody wrote: the runtime's header, the elements.
		 */
		if (s->type && !(v->type && s->cause == CAUSE_MAKE_CHAN)) {
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
	uint64_t objects = 0, bytes = 0;

	for (size_t i = 0; i < j->rec->n_observations; i++) {
		objects += j->rec->observations[i].objects;
		bytes += j->rec->observations[i].bytes;
	}
	for (size_t i = 0; i < j->audit->n; i++) {
		struct verdict *v = &j->audit->items[i];

		advice_trace(v);
		v->advice = advice_of(j->audit->pool, v, objects, bytes);
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
		size_t account = AUDIT_RUNTIME;

		if (!is_own_account(j, obs)) {
			uint64_t *seen = u64map_find(&j->seen_at, j->rec->locations[obs->locations[obs->user]].pc);

			account = seen ? j->seen[*seen].account : AUDIT_ELSEWHERE;
		}
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

int audit_run(struct audit **out, const struct predictions *set, const struct recording *rec, struct error *err)
{
	struct audit *audit;
	struct judge j = {.set = set, .rec = rec, .seen_at = U64MAP_INIT};

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
	collect_seen(&j);
	for (size_t i = 0; i < matching_count(j.matching); i++)
		judge_group(&j, matching_group(j.matching, i));
	judge_unpredicted(&j);
	advise(&j);
	if (audit->n)
		qsort(audit->items, audit->n, sizeof(*audit->items), compare_verdicts);
	set_accounts(&j);
	total(audit);
	build_match(audit, set, rec, j.matching);
	matching_free(j.matching);
	free(j.seen);
	u64map_release(&j.seen_at);
	u64map_release(&j.types);
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
	}
	free(audit->items);
	free(audit->mismatches);
	free(audit->account);
	strpool_free(audit->pool);
	free(audit);
}
