/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left over in one statement, when all that goes by position had its turn. Some of what a statement makes is
 * made at another place of it: the compiler evaluates parts before others, or puts constants down first, and has the
 * position of what it is at then (cmd/compile/internal/walk, order.go and complit.go). A claim of escaping and a call
 * of one statement, and of one inline chain, that fit each other belong together then, rather than that the call is one
 * that the compiler does not speak of, beside a claim without a call. What more than one fits is one row, marked
 * ambiguous. Statements of a function literal are not those around it.
 */
#include "audit/match_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static uint64_t statement_key(uint64_t outer, int line, int column)
{
	return u64_mix(u64_mix(outer, (uint64_t)line), (uint64_t)column);
}

static bool is_open_claim(const struct matching *m, size_t i)
{
	const struct prediction *p = &m->set->items[i];

	return !m->is_matched[i] && m->prediction_file[i] != NO_FILE && p->claim == CLAIM_HEAP && !p->wrapper &&
	       p->statement.line;
}

/* The chain but for its innermost step, and the statement that this is in. */
static uint64_t key_of_claim(const struct matching *m, size_t i)
{
	const struct prediction *p = &m->set->items[i];
	uint64_t key = u64_mix(1, m->prediction_file[i]); /* a file's number and a line would mix into one */

	for (size_t k = 0; k < p->n_inlined; k++) {
		const struct position *pos = k ? &p->inlined[k - 1] : &p->pos;

		key = statement_key(key, pos->line, pos->column);
	}
	return statement_key(key, p->statement.line, p->statement.column);
}

static bool is_open_site(const struct matching *m, size_t s)
{
	const struct rec_site *site = &m->rec->sites[s];

	return m->site_group[s] == MATCH_NONE && m->site_file[s] != NO_FILE && site->source &&
	       site->source->statement_line && site->cause != CAUSE_MAP_GROWTH && !match_is_move(site);
}

static uint64_t key_of_site(const struct matching *m, size_t s)
{
	const struct rec_source *source = m->rec->sites[s].source;
	uint64_t key = u64_mix(1, m->site_file[s]);

	for (uint32_t k = source->n_levels; k-- > 1;)
		key = statement_key(key, source->levels[k].line, source->levels[k].column);
	return statement_key(key, source->statement_line, source->statement_column);
}

/* Operands of an interface conversion are in words of any kind, and so may a sum be whose text begins otherwise. */
static bool may_be_sum(const struct matching *m, size_t prediction, size_t site)
{
	const struct prediction *p = &m->set->items[prediction];

	return m->rec->sites[site].cause == CAUSE_STRING_CONCATENATION && p->kind == EXPR_OTHER && p->expr &&
	       strstr(p->expr, " + ");
}

/* One row of all sums that are left. */
static void pair_sums(struct matching *m, const struct place *place)
{
	struct match_group *group = NULL;

	for (size_t i = 0; i < place->n_sites; i++) {
		size_t site = place->sites[i];

		if (m->site_group[site] != MATCH_NONE)
			continue;
		for (size_t k = 0; k < place->n_predictions; k++) {
			size_t p = place->predictions[k];

			if (m->is_matched[p] || !may_be_sum(m, p, site))
				continue;
			if (group)
				match_group_add_prediction(m, group, p);
			else
				group = match_group_new(m, &p, 1);
		}
		if (group && may_be_sum(m, group->predictions[0], site))
			match_group_add_site(m, group, site);
	}
	if (group)
		group->ambiguous = group->n_predictions > 1 || group->n_sites > 1;
}

void match_by_statement(struct matching *m)
{
	struct u64map at = U64MAP_INIT;	   /* key -> first claim + 1 */
	struct u64map sites = U64MAP_INIT; /* key -> first site + 1 */
	size_t *next_claim = xcalloc(m->set->n + 1, sizeof(*next_claim));
	size_t *next_site = xcalloc(m->rec->n_sites + 1, sizeof(*next_site));
	struct place place = {.predictions = xcalloc(m->set->n + 1, sizeof(size_t))};

	for (size_t i = m->set->n; i-- > 0;) { /* backwards, so that lists run in the order of the log */
		uint64_t *first;

		if (!is_open_claim(m, i))
			continue;
		first = u64map_at(&at, key_of_claim(m, i), NULL);
		next_claim[i] = *first;
		*first = i + 1;
	}
	for (size_t s = m->rec->n_sites; s-- > 0;) {
		uint64_t *first;

		if (!is_open_site(m, s) || !u64map_find(&at, key_of_site(m, s)))
			continue;
		first = u64map_at(&sites, key_of_site(m, s), NULL);
		next_site[s] = *first;
		*first = s + 1;
	}
	for (size_t s = 0; s < m->rec->n_sites; s++) {
		const uint64_t *first = is_open_site(m, s) ? u64map_find(&sites, key_of_site(m, s)) : NULL;

		if (!first || *first != s + 1)
			continue;
		place.n_predictions = place.n_sites = 0;
		for (size_t i = *u64map_find(&at, key_of_site(m, s)); i; i = next_claim[i - 1])
			place.predictions[place.n_predictions++] = i - 1;
		for (size_t i = s + 1; i; i = next_site[i - 1]) {
			ARRAY_GROW(place.sites, place.n_sites + 1, place.alloc_sites);
			place.sites[place.n_sites++] = i - 1;
		}
		match_pair_place(m, &place);
		pair_sums(m, &place);
	}
	u64map_release(&at);
	u64map_release(&sites);
	free(next_claim);
	free(next_site);
	free(place.predictions);
	free(place.sites);
}
