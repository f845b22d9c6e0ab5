/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in doubt where no column is known, when all else had its turn. Passes pair by what fits best, and what is
 * left over then may still be one of those: a claim of escaping without a call, of a line with calls that it fits, may
 * have one of them, whoever has it now; and so may a call that nobody speaks of be one of a row that is not told apart.
 * These are marked, and share a row where one of them has a call.
 */
#include "audit/match_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/u64map.h"

static bool is_open_claim(const struct matching *m, size_t i)
{
	const struct prediction *p = &m->set->items[i];

	return !m->is_matched[i] && !m->is_settled[i] && !m->is_displaced[i] && m->prediction_file[i] != NO_FILE &&
	       p->claim == CLAIM_HEAP && p->pos.line > 0;
}

static enum claim claim_of(const struct matching *m, const struct match_group *group)
{
	return m->set->items[group->predictions[0]].claim;
}

/* Whether the column of the call on the outermost line is not known. */
static bool is_by_line(const struct matching *m, size_t s)
{
	const struct rec_site *site = &m->rec->sites[s];

	return site->n_frames && (!site->source || match_is_vague(site)) && site->cause != CAUSE_MAP_GROWTH &&
	       !match_is_move(site);
}

static enum fit best_fit(const struct matching *m, size_t prediction, size_t s)
{
	const struct prediction *p = &m->set->items[prediction];
	const struct reading *r = &m->readings[prediction];
	enum fit value, box;

	if (!match_wrapper_fits(m, prediction, s))
		return FIT_NONE;
	value = fit_of(p, r, &m->rec->sites[s], r->primary | r->secondary);
	box = fit_of_box(p, r, &m->rec->sites[s]);
	return value > box ? value : box;
}

/* The chain of the claim, or without its innermost step: what an inlined call is handed or returns is made there. */
static bool is_in_chain(const struct matching *m, const struct prediction *p, size_t s)
{
	if (!p->inlined_known || m->rec->sites[s].source) /* which has lines of its own (match_fallback.c) */
		return true;
	return m->site_chain[s] == match_prediction_chain(p, p->n_inlined) ||
	       (p->n_inlined && m->site_chain[s] == match_prediction_chain(p, p->n_inlined - 1));
}

/* Whether the call is in the claim's words, and no claim of its row is. */
static bool is_in_words(const struct matching *m, size_t prediction, size_t s)
{
	return match_has_words(&m->set->items[prediction], &m->rec->sites[s]);
}

static bool has_in_words(const struct matching *m, const struct match_group *group, size_t s)
{
	for (size_t i = 0; i < group->n_predictions; i++) {
		if (is_in_words(m, group->predictions[i], s))
			return true;
	}
	return false;
}

static bool may_have(const struct matching *m, size_t prediction, size_t s)
{
	const struct match_group *group = m->site_group[s] == MATCH_NONE ? NULL : &m->groups[m->site_group[s]];

	if (!is_by_line(m, s) || best_fit(m, prediction, s) < FIT_POSSIBLE)
		return false;
	if (group && m->is_surplus[prediction] && claim_of(m, group) == CLAIM_HEAP) /* copies of it have those */
		return false;
	return !group || is_in_words(m, prediction, s) || !has_in_words(m, group, s);
}

/* Gives a claim a call that it may have, or a share in it. */
static void share(struct matching *m, size_t prediction, size_t s)
{
	size_t g = m->site_group[s], own;

	if (g == MATCH_NONE) {
		match_group_add_site(m, match_group_new(m, &prediction, 1), s);
		m->groups[m->n_groups - 1].ambiguous = true;
		return;
	}
	m->groups[g].ambiguous = true;
	if (claim_of(m, &m->groups[g]) == CLAIM_HEAP) {
		match_group_add_prediction(m, &m->groups[g], prediction);
		return;
	}
	match_group_new(m, &prediction, 1);
	own = m->n_groups - 1;
	m->groups[own].ambiguous = true;
}

static bool is_taken(const struct matching *m, size_t s)
{
	return s == MATCH_NONE || m->site_group[s] != MATCH_NONE;
}

/* Of calls on a line, those that nobody has go first. */
static size_t find_on_line(const struct matching *m, size_t prediction, int line)
{
	const struct prediction *p = &m->set->items[prediction];
	size_t found = MATCH_NONE;

	for (size_t s = match_first_site(m, m->prediction_file[prediction], line); s && is_taken(m, found);
	     s = m->next_site[s - 1]) {
		if ((found == MATCH_NONE || m->site_group[s - 1] == MATCH_NONE) && is_by_line(m, s - 1) &&
		    is_in_chain(m, p, s - 1) && may_have(m, prediction, s - 1))
			found = s - 1;
	}
	return found;
}

/* The index of a site or a prediction, to be sorted by a key. */
struct keyed {
	uint64_t key;
	size_t index;
};

static int compare_keyed(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Sites of arrays that are made by line in a function of their own, by file and line. */
struct arrays {
	struct keyed *items;
	size_t n;
};

static void find_arrays(const struct matching *m, struct arrays *arrays)
{
	arrays->items = xcalloc(m->rec->n_sites + 1, sizeof(*arrays->items));
	arrays->n = 0;
	for (size_t s = 0; s < m->rec->n_sites; s++) {
		const struct rec_site *site = &m->rec->sites[s];

		if (m->site_file[s] != NO_FILE && is_by_line(m, s) && site->n_frames == 1 &&
		    site->cause == CAUSE_NEW_OBJECT && site->type && *site->type == '[')
			arrays->items[arrays->n++] =
				(struct keyed){match_place_key(m->site_file[s], site->frames[0].line), s};
	}
	qsort(arrays->items, arrays->n, sizeof(*arrays->items), compare_keyed);
}

static size_t first_array(const struct arrays *arrays, uint64_t place)
{
	size_t low = 0, high = arrays->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (arrays->items[mid].key < place)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The array of a slice literal in its own function may be on any line of its statement. */
static size_t find_site(const struct matching *m, const struct arrays *arrays, size_t prediction)
{
	const struct prediction *p = &m->set->items[prediction];
	size_t found = find_on_line(m, prediction, p->pos.line);
	uint64_t last = match_place_key(m->prediction_file[prediction], p->made_on.last_line);

	if (p->n_inlined || !p->made_on.first_line)
		return found;
	for (size_t i = first_array(arrays, match_place_key(m->prediction_file[prediction], p->made_on.first_line));
	     i < arrays->n && arrays->items[i].key <= last && is_taken(m, found); i++) {
		size_t s = arrays->items[i].index;

		if ((found == MATCH_NONE || m->site_group[s] == MATCH_NONE) && may_have(m, prediction, s))
			found = s;
	}
	return found;
}

/* A call that nobody has, on the line of a claim of a marked row that it fits. */
static void join_calls(struct matching *m)
{
	for (size_t g = 0; g < m->n_groups; g++) {
		if (!m->groups[g].ambiguous)
			continue;
		for (size_t i = 0; i < m->groups[g].n_predictions; i++) {
			size_t p = m->groups[g].predictions[i];

			if (m->prediction_file[p] == NO_FILE)
				continue;
			for (size_t s = match_first_site(m, m->prediction_file[p], m->set->items[p].pos.line); s;
			     s = m->next_site[s - 1]) {
				if (m->site_group[s - 1] == MATCH_NONE && may_have(m, p, s - 1) &&
				    is_in_chain(m, &m->set->items[p], s - 1))
					match_group_add_site(m, &m->groups[g], s - 1);
			}
		}
	}
}

/* Whether one of the row's calls may be the claim's. */
static bool has_for(const struct matching *m, const struct match_group *group, size_t prediction)
{
	for (size_t k = 0; k < group->n_sites; k++) {
		size_t s = group->sites[k];

		if (is_by_line(m, s) && is_in_chain(m, &m->set->items[prediction], s) &&
		    best_fit(m, prediction, s) >= FIT_POSSIBLE)
			return true;
	}
	return false;
}

/*
 * A claim of staying and one of escaping in the same words on one line: which call is whose is not known where each may
 * have the other's.
 */
static void mark_opposed(struct matching *m, size_t heap, size_t stack, const size_t *group_of)
{
	struct match_group *a = &m->groups[group_of[heap]], *b = &m->groups[group_of[stack]];

	if (a->ambiguous && b->ambiguous)
		return;
	if (!has_for(m, a, stack) || (b->n_sites && !has_for(m, b, heap)))
		return;
	a->ambiguous = b->ambiguous = true;
}

static bool is_opposed(const struct matching *m, size_t heap, size_t stack)
{
	const struct prediction *p = &m->set->items[heap], *q = &m->set->items[stack];

	return p->claim == CLAIM_HEAP && q->claim == CLAIM_STACK && !q->maybe_parameter && m->bare_expr[heap] &&
	       m->bare_expr[heap] == m->bare_expr[stack] && p->pos.line == q->pos.line;
}

/* Rows of claims of one line and in the same words. */
static void mark_both(struct matching *m)
{
	size_t *group_of = xcalloc(m->set->n + 1, sizeof(*group_of)), n = 0;
	struct keyed *claims = xcalloc(m->set->n + 1, sizeof(*claims));

	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];

		group_of[i] = MATCH_NONE;
		if (m->prediction_file[i] == NO_FILE || p->pos.line <= 0 || !m->bare_expr[i] || p->maybe_parameter)
			continue;
		claims[n++] = (struct keyed){
			u64_mix(match_place_key(m->prediction_file[i], p->pos.line), (uintptr_t)m->bare_expr[i]), i};
	}
	for (size_t g = 0; g < m->n_groups; g++) {
		for (size_t i = 0; i < m->groups[g].n_predictions; i++)
			group_of[m->groups[g].predictions[i]] = g;
	}
	qsort(claims, n, sizeof(*claims), compare_keyed);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && claims[end].key == claims[i].key; end++)
			;
		for (size_t k = i; k < end; k++) {
			for (size_t l = i; l < end; l++) {
				if (is_opposed(m, claims[k].index, claims[l].index) &&
				    group_of[claims[k].index] != MATCH_NONE && group_of[claims[l].index] != MATCH_NONE)
					mark_opposed(m, claims[k].index, claims[l].index, group_of);
			}
		}
	}
	free(claims);
	free(group_of);
}

/* What is found for one claim is for those that are alike on the same line: where that is nothing, nothing is. */
static bool is_like(const struct matching *m, size_t a, size_t b)
{
	const struct prediction *p = &m->set->items[a], *q = &m->set->items[b];

	return m->likeness[a] == m->likeness[b] && m->prediction_file[a] == m->prediction_file[b] &&
	       p->pos.line == q->pos.line && !p->n_inlined && !q->n_inlined && !p->made_on.first_line &&
	       !q->made_on.first_line && m->bare_expr[a] == m->bare_expr[b];
}

void match_doubt(struct matching *m)
{
	size_t without = MATCH_NONE; /* the last claim that no call was found for */
	struct arrays arrays;

	find_arrays(m, &arrays);
	for (size_t i = 0; i < m->set->n; i++) {
		size_t s;

		if (!is_open_claim(m, i) || (without != MATCH_NONE && is_like(m, i, without)))
			continue;
		s = find_site(m, &arrays, i);
		if (s == MATCH_NONE)
			without = i;
		else
			share(m, i, s);
	}
	free(arrays.items);
	join_calls(m);
	mark_both(m);
}
