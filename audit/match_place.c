/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs together among the predictions and sites of one place: by type, kind, size, order, in rounds. */
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

/* Perhaps a constant under a conversion to a named type, token.Token(56): boxing that takes no call either. A call
 * f(56) reads alike. */
static bool maybe_constant(const struct prediction *p)
{
	const char *s = p->expr;

	if (p->kind != EXPR_OTHER || !s)
		return false;
	s += strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");
	if (s == p->expr || *s++ != '(')
		return false;
	s += strspn(s, "-0123456789");
	return s[-1] != '(' && s[0] == ')' && s[1] == '\0';
}

bool match_same_text(const struct matching *m, size_t a, size_t b)
{
	return m->set->items[a].pos.column == m->set->items[b].pos.column && m->bare_expr[a] &&
	       m->bare_expr[a] == m->bare_expr[b];
}

const char *match_physical_function(const struct rec_site *site)
{
	return site->n_frames ? site->frames[site->n_frames - 1].function : "";
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

	if (round->boxing)
		return fit_of_box(p, r, s);
	return fit_of(p, r, s, round->secondary ? r->secondary : r->primary);
}

/* Do they fit one to one, in order? */
static bool fits_in_order(const struct matching *m, const struct round *round, const size_t *ps, const size_t *ss,
			  size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (round_fit(m, round, ps[i], ss[i]) == FIT_NONE)
			return false;
	}
	return true;
}

/*
 * Values that differ, in functions that differ, where the diagnostics do not say which is in which. What the compiler
 * adds for a range over a function stands left of the loop's variables, and its code before that of the loop's body.
 */
static bool is_scattered(const struct matching *m, const size_t *ps, const size_t *ss, size_t ns)
{
	const struct prediction *first = &m->set->items[ps[0]];

	if (first->kind == EXPR_MOVED && first->expr && first->expr[0] == '#')
		return false;
	for (size_t i = 1; i < ns && !m->readings[ps[0]].function; i++) {
		if (strcmp(match_physical_function(&m->rec->sites[ss[0]]),
			   match_physical_function(&m->rec->sites[ss[i]])) != 0)
			return true;
	}
	return false;
}

/*
 * What stays on the stack may have a call all the same, for when it does not fit. If the stack claims of the line make
 * the numbers even, they have their places in the order too.
 */
static bool pair_with_rivals(struct matching *m, const struct place *place, const struct round *round, const size_t *ps,
			     size_t np, const size_t *ss, size_t ns)
{
	size_t *all, n = 0, taken = 0;
	bool even;

	if (round->boxing || round->secondary || np >= ns || !place->n_rivals)
		return false;
	all = xcalloc(np + place->n_rivals, sizeof(*all));
	for (size_t r = 0; r < place->n_rivals; r++) {
		size_t rival = place->rivals[r];
		int column = m->set->items[rival].pos.column;

		if (m->is_matched[rival] || m->readings[rival].primary != m->readings[ps[0]].primary)
			continue;
		while (taken < np && m->set->items[ps[taken]].pos.column <= column)
			all[n++] = ps[taken++];
		all[n++] = rival;
	}
	while (taken < np)
		all[n++] = ps[taken++];
	even = n == ns && fits_in_order(m, round, all, ss, n);
	for (size_t i = 0; even && i < n; i++)
		match_group_add_site(m, match_group_new(m, &all[i], 1), ss[i]);
	free(all);
	return even;
}

/* Pairs those that fit nothing else, on either side, and takes them out. */
static void eliminate(struct matching *m, const struct round *round, size_t *ps, size_t *np, size_t *ss, size_t *ns)
{
	bool progress = *np > 1 || *ns > 1;

	while (progress) {
		progress = false;
		for (size_t i = 0; i < *np && !progress; i++) {
			size_t fitting = 0, at = 0, others = 0;

			for (size_t k = 0; k < *ns; k++) {
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
 * The same words for what is made and for boxing it: "make([]int, n)" twice. Go 1.19 reports the second where the
 * statement begins, so what is made is what stands last.
 */
static bool are_boxed_too(const struct matching *m, const struct place *place, const struct round *round,
			  const size_t *ps, size_t np, size_t ns)
{
	const struct prediction *items = m->set->items;
	size_t boxes = 0;

	if (round->boxing || round->secondary || !m->readings[ps[0]].is_box || np <= ns)
		return false;
	for (size_t i = 1; i < np; i++) {
		if (!items[ps[0]].expr || !items[ps[i]].expr || strcmp(items[ps[0]].expr, items[ps[i]].expr) != 0)
			return false;
	}
	for (size_t i = 0; i < place->n_sites; i++) {
		size_t s = place->sites[i];

		boxes += m->site_group[s] == MATCH_NONE &&
			 fit_of_box(&items[ps[0]], &m->readings[ps[0]], &m->rec->sites[s]) != FIT_NONE;
	}
	return boxes >= np - ns;
}

/* Does a call of the cause make an object each time it runs, but for slices of no elements? */
static bool makes_each_time(enum cause cause)
{
	switch (cause) {
	case CAUSE_NEW_OBJECT:
	case CAUSE_MAKE_SLICE:
	case CAUSE_MAKE_MAP:
	case CAUSE_CLOSURE:
	case CAUSE_METHOD_VALUE:
		return true;
	default:
		return false;
	}
}

/* How two calls ran, as far as it is known that they run equally often if they are made in one go. An append runs its
 * call when it must. */
static int compare_runs(const struct matching *m, size_t a, size_t b)
{
	const struct rec_site *x = &m->rec->sites[a], *y = &m->rec->sites[b];

	if (!m->site_objects || x->cause != y->cause || x->cause == CAUSE_APPEND_GROWTH)
		return 0;
	if (x->reach != REACH_NOT_PROBED && y->reach != REACH_NOT_PROBED && x->reach != y->reach)
		return x->reach == REACH_HIT ? 1 : -1;
	if (!makes_each_time(x->cause) || m->site_objects[a] == m->site_objects[b])
		return 0;
	return m->site_objects[a] > m->site_objects[b] ? 1 : -1;
}

/* Did they make as many objects of the same sizes? Then it does not matter which of them is whose. */
static bool made_alike(const struct matching *m, size_t a, size_t b)
{
	return m->rec->sites[a].reach == m->rec->sites[b].reach && m->site_objects[a] == m->site_objects[b] &&
	       m->site_bytes[a] == m->site_bytes[b];
}

/*
 * The order of the code is that of the values only if they are made in one go. In branches of a line, as in
 * "c && f(make([]int, n)) || f(make([]int, n))", it is the compiler's. That they are of one expression can be seen in
 * their flows, if the log has them and they are not inside of calls that were inlined; else it can be seen only that
 * they are not: what is made in one go is made equally often, or less often what comes later, where a panic or a return
 * comes between. The compiler's own variable of a range over a function is made before those of the loop's rounds.
 */
static bool are_in_branches(const struct matching *m, const struct place *place, const struct round *round,
			    const size_t *ps, size_t np, const size_t *ss, size_t ns)
{
	const struct prediction *first = &m->set->items[ps[0]];
	/* "make([]int, n) (non-constant size)", up to 1.24: where it goes is not said */
	bool has_flow = first->n_flow && !(first->reason && strcmp(first->reason, "non-constant size") == 0);
	bool unequal = false, alike = true;

	if (!m->site_objects || (first->kind == EXPR_MOVED && first->expr && first->expr[0] == '#'))
		return false;
	for (size_t i = 1; i < ns; i++) {
		int order = compare_runs(m, ss[i - 1], ss[i]);

		if (order < 0)
			return true;
		unequal = unequal || order > 0;
		alike = alike && made_alike(m, ss[i - 1], ss[i]);
	}
	if (alike || first->n_inlined || (!has_flow && !unequal))
		return false;
	return !match_are_of_one_expression(m, place, round->boxing, ps, np);
}

/*
 * Pairs predictions of one class with sites that fit them all alike. Equal numbers go in order. Predictions with the
 * same text in the same place are interchangeable: copies of one line (for several shapes, in several wrappers), of
 * which the linker may have dropped some. One prediction may have its site in several functions. Anything else cannot
 * be told apart.
 */
static void pair_class(struct matching *m, const struct place *place, const struct round *round, size_t *ps, size_t np,
		       size_t *ss, size_t ns)
{
	const struct prediction *items = m->set->items;
	struct match_group *group;
	bool interchangeable = true, functions_differ = true;

	if (!np || !ns)
		return;
	eliminate(m, round, ps, &np, ss, &ns);
	if (!np || !ns)
		return;
	if (are_boxed_too(m, place, round, ps, np, ns)) {
		ps += np - ns;
		np = ns;
	}
	for (size_t i = 1; i < np; i++)
		interchangeable = interchangeable && match_same_text(m, ps[0], ps[i]);
	if ((np == ns || (interchangeable && ns < np)) &&
	    (interchangeable || (!is_scattered(m, ps, ss, ns) && !are_in_branches(m, place, round, ps, np, ss, ns) &&
				 match_put_in_order(m, place, round->boxing, ps, np))) &&
	    fits_in_order(m, round, ps, ss, ns)) {
		for (size_t i = 0; i < ns; i++)
			match_group_add_site(m, match_group_new(m, &ps[i], 1), ss[i]);
		return;
	}
	if (!round->last || pair_with_rivals(m, place, round, ps, np, ss, ns))
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

/* Do two predictions compete for the same sites? */
static bool same_class(const struct matching *m, const struct round *round, size_t a, size_t b)
{
	const struct prediction *p = &m->set->items[a], *q = &m->set->items[b];
	const struct reading *r = &m->readings[a], *t = &m->readings[b];

	if (round->boxing)
		return r->is_box && t->is_box && r->function == t->function &&
		       (round->wanted != FIT_TYPE || (p->kind == EXPR_OTHER) == (q->kind == EXPR_OTHER));
	return r->primary == t->primary && r->secondary == t->secondary && r->function == t->function &&
	       (round->last || (q->kind == EXPR_ARGUMENT) == (p->kind == EXPR_ARGUMENT)) &&
	       (round->wanted != FIT_TYPE || (r->type == t->type && p->wrapper == q->wrapper));
}

/* Keeps those predictions that some free site fits, and the sites that fit one of them. */
static void narrow(const struct matching *m, const struct place *place, const struct round *round, size_t *ps,
		   size_t *np, size_t *ss, size_t *ns)
{
	size_t kept = 0;

	*ns = 0;
	for (size_t i = 0; i < *np; i++) {
		for (size_t j = 0; j < place->n_sites; j++) {
			if (m->site_group[place->sites[j]] == MATCH_NONE &&
			    round_fit(m, round, ps[i], place->sites[j]) >= round->wanted) {
				ps[kept++] = ps[i];
				break;
			}
		}
	}
	*np = kept;
	for (size_t j = 0; j < place->n_sites; j++) {
		for (size_t i = 0; i < kept && m->site_group[place->sites[j]] == MATCH_NONE; i++) {
			if (round_fit(m, round, ps[i], place->sites[j]) >= round->wanted) {
				ss[(*ns)++] = place->sites[j];
				break;
			}
		}
	}
}

static void run_round(struct matching *m, const struct place *place, const struct round *round)
{
	size_t *ps = xcalloc(place->n_predictions, sizeof(*ps)), *ss = xcalloc(place->n_sites, sizeof(*ss));
	const struct prediction *items = m->set->items;

	for (size_t i = 0; i < place->n_predictions; i++) {
		size_t first = place->predictions[i], np = 0, ns = 0;
		bool done = false;

		if (m->is_matched[first] || (round->boxing && !m->readings[first].is_box))
			continue;
		/* What is made in those words is not known to be boxed too. */
		if (round->boxing && round->wanted == FIT_TYPE && items[first].kind != EXPR_OTHER)
			continue;
		/* Boxing has a round of its own: the text of an operand says little. */
		if (!round->boxing && !round->secondary && items[first].kind == EXPR_OTHER && round->wanted != FIT_TYPE)
			continue;
		for (size_t j = 0; j < i && !done; j++) /* the class of an earlier one had its turn */
			done = !m->is_matched[place->predictions[j]] &&
			       same_class(m, round, place->predictions[j], first);
		for (size_t j = i; j < place->n_predictions && !done; j++) {
			size_t other = place->predictions[j];

			if (!m->is_matched[other] && same_class(m, round, first, other))
				ps[np++] = other;
		}
		if (done)
			continue;
		narrow(m, place, round, ps, &np, ss, &ns);
		if (np > ns) { /* one operand too many: the first to go is what may be a constant */
			size_t kept = 0;

			for (size_t j = 0; j < np; j++) {
				if (!maybe_constant(&items[ps[j]]))
					ps[kept++] = ps[j];
			}
			np = kept;
		}
		pair_class(m, place, round, ps, np, ss, ns);
	}
	free(ps);
	free(ss);
}

void match_pair_place(struct matching *m, struct place *place)
{
	/*
	 * What names its type first, then what is of the right kind, then what an operand turns out to be if it is not
	 * boxed, then what is boxed. Only then is it time to give up on what does not come out even.
	 */
	static const struct round rounds[] = {
		{.wanted = FIT_TYPE},
		{.wanted = FIT_UNLIKELY},
		{.wanted = FIT_TYPE, .secondary = true},
		{.wanted = FIT_UNLIKELY, .secondary = true},
		{.wanted = FIT_TYPE, .boxing = true},
		{.wanted = FIT_UNLIKELY, .boxing = true},
		{.wanted = FIT_UNLIKELY, .last = true},
		{.wanted = FIT_UNLIKELY, .secondary = true, .last = true},
		{.wanted = FIT_UNLIKELY, .boxing = true, .last = true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rounds) && place->n_predictions && place->n_sites; i++)
		run_round(m, place, &rounds[i]);
}
