/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs together among the predictions and sites of one place: by type, kind and size, in rounds. */
#include "audit/match_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct match_group *match_group_new(struct matching *m, const size_t *predictions, size_t n)
{
	struct match_group *group;

	ARRAY_GROW(m->groups, m->n_groups + 1, m->alloc_groups);
	group = &m->groups[m->n_groups++];
	*group = (struct match_group){.n_predictions = n};
	group->predictions = xcalloc(n, sizeof(*group->predictions));
	for (size_t i = 0; i < n; i++) {
		group->predictions[i] = predictions[i];
		m->is_matched[predictions[i]] = true;
	}
	return group;
}

void match_group_add_site(struct matching *m, struct match_group *group, size_t site)
{
	group->sites = xreallocarray(group->sites, group->n_sites + 1, sizeof(*group->sites));
	group->sites[group->n_sites++] = site;
	m->site_group[site] = (size_t)(group - m->groups);
}

void match_group_add_prediction(struct matching *m, struct match_group *group, size_t prediction)
{
	group->predictions = xreallocarray(group->predictions, group->n_predictions + 1, sizeof(*group->predictions));
	group->predictions[group->n_predictions++] = prediction;
	m->is_matched[prediction] = true;
}

bool match_same_text(const struct matching *m, size_t a, size_t b)
{
	const struct position *p = &m->set->items[a].pos, *q = &m->set->items[b].pos;

	return p->line == q->line && p->column == q->column && m->bare_expr[a] && m->bare_expr[a] == m->bare_expr[b];
}

const char *match_physical_function(const struct rec_site *site)
{
	return site->n_frames ? site->frames[site->n_frames - 1].function : "";
}

/*
 * All that round_fit and same_class look at. A line of generated code may have thousands of predictions, most of them
 * alike: what one of them does not fit, none does.
 */
void match_index_likeness(struct matching *m)
{
	m->likeness = xcalloc(m->set->n, sizeof(*m->likeness));
	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];
		const struct reading *r = &m->readings[i];
		uint64_t key[] = {
			p->claim | (uint64_t)p->kind << 8 | (uint64_t)r->operand << 16 | (uint64_t)p->wrapper << 24 |
				(uint64_t)r->is_literal << 25 | (uint64_t)r->is_box << 26,
			(uint64_t)r->primary << 32 | r->secondary,
			(uintptr_t)r->type,
			(uintptr_t)strpool_add(m->pool, r->selector),
			(uintptr_t)r->function,
			r->elements,
			r->summands,
			m->is_in_wrapper[i] ? (uintptr_t)p->package : 0,
			(uintptr_t)m->method_keys[i],
			(uintptr_t)m->wrapped[i].wrapper,
			(uint64_t)m->wrapped[i].at.line,
			(uintptr_t)strpool_add(m->pool, fit_map_type(p)),
			r->size,
			p->expr && strchr(p->expr, '"') ? 1 : 0,
			p->expr && strncmp(p->expr, "string(", 7) == 0 ? 1 : 0,
		};

		m->likeness[i] = strpool_add_n(m->pool, (const char *)key, sizeof(key));
	}
}

/* One round over a place. */
struct round {
	bool boxing;	/* operands of interface conversions: sites by the function that converts */
	bool secondary; /* what else the texts may mean */
	enum fit wanted;
	bool last; /* what does not come out even now never will */
};

static enum fit round_fit(const struct matching *m, const struct round *round, size_t prediction, size_t site)
{
	const struct prediction *p = &m->set->items[prediction];
	const struct reading *r = &m->readings[prediction];
	const struct rec_site *s = &m->rec->sites[site];

	if (!match_wrapper_fits(m, prediction, site))
		return FIT_NONE;
	if (round->boxing)
		return fit_of_box(p, r, s);
	return fit_of(p, r, s, round->secondary ? r->secondary : r->primary);
}

/* Pairs those that fit nothing else, on either side, and takes them out. */
static void eliminate(struct matching *m, const struct round *round, size_t *ps, size_t *np, size_t *ss, size_t *ns)
{
	bool progress = *np > 1 || *ns > 1;

	while (progress) {
		progress = false;
		for (size_t i = 0; i < *np && !progress; i++) {
			size_t fitting = 0, at = 0, others = 0;

			if ((i && m->likeness[ps[i]] == m->likeness[ps[i - 1]]) ||
			    (i + 1 < *np && m->likeness[ps[i]] == m->likeness[ps[i + 1]]))
				continue;
			for (size_t k = 0; k < *ns && fitting < 2; k++) {
				if (round_fit(m, round, ps[i], ss[k]) >= round->wanted) {
					fitting++;
					at = k;
				}
			}
			for (size_t k = 0; k < *np && fitting == 1 && !others; k++)
				others += k != i && round_fit(m, round, ps[k], ss[at]) >= round->wanted;
			if (fitting != 1 || others)
				continue;
			match_group_add_site(m, match_group_new(m, &ps[i], 1), ss[at]);
			memmove(&ps[i], &ps[i + 1], (*np - i - 1) * sizeof(*ps));
			memmove(&ss[at], &ss[at + 1], (*ns - at - 1) * sizeof(*ss));
			(*np)--;
			(*ns)--;
			progress = true;
		}
	}
}

/*
 * Pairs predictions of one class with sites that fit them all alike. Those with the same text in the same place are
 * interchangeable: copies of one line (for several shapes, in several wrappers), of
 * which the linker may have dropped some. One prediction may have its site in several functions. Anything else cannot
 * be told apart.
 */
static void pair_class(struct matching *m, const struct round *round, size_t *ps, size_t np, size_t *ss, size_t ns)
{
	const struct prediction *items = m->set->items;
	struct match_group *group;
	bool interchangeable = true, functions_differ = true;

	if (!np || !ns)
		return;
	eliminate(m, round, ps, &np, ss, &ns);
	if (!np || !ns)
		return;
	for (size_t i = 1; i < np; i++)
		interchangeable = interchangeable && match_same_text(m, ps[0], ps[i]);
	if (interchangeable && ns <= np) {
		for (size_t i = 0; i < ns; i++)
			match_group_add_site(m, match_group_new(m, &ps[i], 1), ss[i]);
		return;
	}
	if (!round->last)
		return;
	for (size_t i = 1; i < ns; i++)
		functions_differ = functions_differ && match_physical_function(&m->rec->sites[ss[i - 1]]) !=
							       match_physical_function(&m->rec->sites[ss[i]]);
	group = match_group_new(m, ps, np);
	for (size_t i = 0; i < ns; i++)
		match_group_add_site(m, group, ss[i]);
	if (np == 1)
		group->ambiguous = ns > 1 && !functions_differ;
	else if (ns == 1 && items[ps[0]].kind == EXPR_MOVED && fit_is_merged(&m->rec->sites[ss[0]]))
		group->merged = true;
	else
		group->ambiguous = true;
}

/* Whether two predictions compete for the same sites. */
static bool same_class(const struct matching *m, const struct round *round, size_t a, size_t b)
{
	const struct reading *r = &m->readings[a], *t = &m->readings[b];

	if (!match_same_wrapped(m, a, b))
		return false;
	if (round->boxing)
		return r->is_box && t->is_box && r->function == t->function;
	return r->primary == t->primary && r->function == t->function;
}

/* Keeps those predictions that some free site fits, and the sites that fit one of them. */
static void narrow(const struct matching *m, const struct place *place, const struct round *round, size_t *ps,
		   size_t *np, size_t *ss, size_t *ns)
{
	size_t kept = 0;
	const char *last = NULL;
	bool fits = false;

	*ns = 0;
	for (size_t i = 0; i < *np; i++) {
		bool is_like_last = m->likeness[ps[i]] == last;

		last = m->likeness[ps[i]];
		fits = fits && is_like_last;
		for (size_t j = 0; j < place->n_sites && !fits && !is_like_last; j++)
			fits = m->site_group[place->sites[j]] == MATCH_NONE &&
			       round_fit(m, round, ps[i], place->sites[j]) >= round->wanted;
		if (fits)
			ps[kept++] = ps[i];
	}
	*np = kept;
	for (size_t j = 0; j < place->n_sites; j++) {
		for (size_t i = 0; i < kept && m->site_group[place->sites[j]] == MATCH_NONE; i++) {
			if (i && m->likeness[ps[i]] == m->likeness[ps[i - 1]])
				continue;
			if (round_fit(m, round, ps[i], place->sites[j]) >= round->wanted) {
				ss[(*ns)++] = place->sites[j];
				break;
			}
		}
	}
}

/* Whether the class of an earlier prediction, which is still free, had its turn. */
static bool had_its_turn(const struct matching *m, const struct place *place, const struct round *round, size_t at,
			 struct u64map *free_ones)
{
	size_t first = place->predictions[at];
	uint64_t *alike = u64map_at(free_ones, (uintptr_t)m->likeness[first], NULL);
	bool done = *alike && !m->is_matched[*alike - 1];

	*alike = first + 1;
	for (size_t j = 0; j < at && !done; j++)
		done = !m->is_matched[place->predictions[j]] && same_class(m, round, place->predictions[j], first);
	return done;
}

static void run_round(struct matching *m, const struct place *place, const struct round *round)
{
	size_t *ps = xcalloc(place->n_predictions, sizeof(*ps)), *ss = xcalloc(place->n_sites, sizeof(*ss));
	const struct prediction *items = m->set->items;
	struct u64map free_ones = U64MAP_INIT; /* likeness -> the last prediction of the round that was free, + 1 */

	for (size_t i = 0; i < place->n_predictions; i++) {
		size_t first = place->predictions[i], np = 0, ns = 0;

		if (m->is_matched[first] || (round->boxing && !m->readings[first].is_box))
			continue;
		/* Boxing has a round of its own: the text of an operand says little. */
		if (!round->boxing && !round->secondary && items[first].kind == EXPR_OTHER && round->wanted != FIT_TYPE)
			continue;
		if (had_its_turn(m, place, round, i, &free_ones))
			continue;
		for (size_t j = i; j < place->n_predictions; j++) {
			size_t other = place->predictions[j];

			if (!m->is_matched[other] && same_class(m, round, first, other))
				ps[np++] = other;
		}
		narrow(m, place, round, ps, &np, ss, &ns);
		pair_class(m, round, ps, np, ss, ns);
	}
	u64map_release(&free_ones);
	free(ps);
	free(ss);
}

bool match_fits_at_all(const struct matching *m, size_t prediction, size_t site)
{
	const struct prediction *p = &m->set->items[prediction];
	const struct reading *r = &m->readings[prediction];
	const struct rec_site *s = &m->rec->sites[site];

	return match_wrapper_fits(m, prediction, site) &&
	       (fit_of(p, r, s, r->primary | r->secondary) != FIT_NONE || fit_of_box(p, r, s) != FIT_NONE);
}

static bool fits_group(const struct matching *m, const struct match_group *group, size_t prediction)
{
	for (size_t i = 0; i < group->n_sites; i++) {
		if (match_fits_at_all(m, prediction, group->sites[i]))
			return true;
	}
	return false;
}

static bool fits_in_group(const struct matching *m, const struct match_group *group, size_t site)
{
	for (size_t i = 0; i < group->n_predictions; i++) {
		if (match_fits_at_all(m, group->predictions[i], site))
			return true;
	}
	return false;
}

/*
 * What has no site, but could have one of a row's that are not told apart, is one more of that row: its objects may be
 * there. And so is a site that could be one of the row's claims'.
 */
static void join_ambiguous(struct matching *m, const struct place *place, size_t first_group)
{
	for (size_t g = first_group; g < m->n_groups; g++) {
		if (!m->groups[g].ambiguous)
			continue;
		for (size_t i = 0; i < place->n_predictions; i++) {
			if (!m->is_matched[place->predictions[i]] &&
			    fits_group(m, &m->groups[g], place->predictions[i]))
				match_group_add_prediction(m, &m->groups[g], place->predictions[i]);
		}
		for (size_t i = 0; i < place->n_sites; i++) {
			if (m->site_group[place->sites[i]] == MATCH_NONE &&
			    fits_in_group(m, &m->groups[g], place->sites[i]))
				match_group_add_site(m, &m->groups[g], place->sites[i]);
		}
	}
}

void match_pair_decided(struct matching *m, struct place *place)
{
	static const struct round rounds[] = {
		{.wanted = FIT_TYPE},
		{.wanted = FIT_UNLIKELY},
		{.wanted = FIT_TYPE, .secondary = true},
		{.wanted = FIT_UNLIKELY, .secondary = true},
		{.wanted = FIT_UNLIKELY, .boxing = true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rounds) && place->n_predictions && place->n_sites; i++)
		run_round(m, place, &rounds[i]);
}

void match_pair_place(struct matching *m, struct place *place)
{
	size_t first_group = m->n_groups;

	/*
	 * What names its type first, then what is of the right kind, then method values by their method. Only then is
	 * it time to give up on what does not come out even.
	 */
	static const struct round rounds[] = {
		{.wanted = FIT_TYPE},
		{.wanted = FIT_UNLIKELY},
		{.wanted = FIT_TYPE, .secondary = true},
		{.wanted = FIT_UNLIKELY, .last = true},
		{.wanted = FIT_UNLIKELY, .secondary = true, .last = true},
		{.wanted = FIT_UNLIKELY, .boxing = true, .last = true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rounds) && place->n_predictions && place->n_sites; i++)
		run_round(m, place, &rounds[i]);
	join_ambiguous(m, place, first_group);
}
