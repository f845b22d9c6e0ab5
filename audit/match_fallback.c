/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fallback: predictions and sites where no column is known. Logs that came without a twin, programs without their
 * source, packages that the twin has no copy of, functions whose calls differ from the twin's. A site whose source is
 * known takes no part: what is said of it was found at its position (match_position.c).
 *
 * What is known here is the line of each level of the inline chain, the cause of a call, the function that it is in,
 * and the type and the size that the machine code loads. No order is known: neither does the compiler make what a line
 * has in the order of its columns, nor do calls have the order of the source. What these do not tell apart is one row,
 * marked ambiguous, and holds the objects of all its predictions.
 *
 * In passes, each with less to go on than the one before; what a pass has paired is out of the way of the next:
 *
 *   1. heap claims whose inline chain is known (JSON), against sites with just that chain
 *   2. the same for inlined parameters and results, which are made at the call: the chain without its innermost step
 *   3. heap claims without a chain, against the sites of their line
 *   4. stack claims, against what is left on their line
 */
#include "audit/match_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct ordered {
	uint32_t file;
	int line;
	uint64_t chain;
	int column;
	size_t index;
};

static int compare_ordered(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->chain != y->chain)
		return x->chain < y->chain ? -1 : 1;
	if (x->column != y->column) /* rows name their predictions in the order of the source */
		return x->column < y->column ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

enum pass { PASS_CHAIN, PASS_CALL, PASS_LINE, PASS_STACK };

static bool takes_part(const struct matching *m, size_t i, enum pass pass)
{
	const struct prediction *p = &m->set->items[i];

	if (m->is_matched[i] || m->prediction_file[i] == NO_FILE)
		return false;
	switch (pass) {
	case PASS_CHAIN:
		return p->claim == CLAIM_HEAP && p->inlined_known;
	case PASS_CALL:
		return p->claim == CLAIM_HEAP && p->inlined_known && p->n_inlined;
	case PASS_LINE:
		return p->claim == CLAIM_HEAP && !p->inlined_known;
	case PASS_STACK:
		/* What has no size to outgrow and stays is never a call (walk/builtin.go, walkNew; walk/closure.go):
		 * a call there is another's, whose inline chain is not known. */
		return p->claim == CLAIM_STACK && !p->maybe_parameter && p->kind != EXPR_NEW &&
		       p->kind != EXPR_FUNC_LIT;
	}
	return false;
}

static uint64_t pass_chain(const struct prediction *p, enum pass pass)
{
	switch (pass) {
	case PASS_CHAIN:
		return match_prediction_chain(p, p->n_inlined);
	case PASS_CALL: /* a parameter is made where it is handed over */
		return match_prediction_chain(p, p->n_inlined - 1);
	default:
		return 0;
	}
}

/* The predictions that take part, by place. */
static struct ordered *order_predictions(const struct matching *m, enum pass pass, size_t *n)
{
	struct ordered *order = xcalloc(m->set->n, sizeof(*order));

	*n = 0;
	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];

		if (takes_part(m, i, pass))
			order[(*n)++] = (struct ordered){.file = m->prediction_file[i],
							 .line = p->pos.line,
							 .chain = pass_chain(p, pass),
							 .column = p->pos.column,
							 .index = i};
	}
	qsort(order, *n, sizeof(*order), compare_ordered);
	return order;
}

/* Copies of a line for which no site is left: the others have them. */
static void mark_surplus(struct matching *m, const struct place *place)
{
	const struct prediction *items = m->set->items;

	for (size_t i = 0; i < place->n_predictions; i++) {
		size_t p = place->predictions[i];

		for (size_t k = 0; k < place->n_predictions && !m->is_matched[p]; k++) {
			size_t q = place->predictions[k];

			if (m->is_matched[q] && match_same_text(m, p, q) && items[p].kind != EXPR_OTHER)
				m->is_surplus[p] = true;
		}
	}
}

static void run_pass(struct matching *m, enum pass pass)
{
	struct place place = {.predictions = xcalloc(m->set->n, sizeof(size_t))};
	size_t n;
	struct ordered *order = order_predictions(m, pass, &n);

	for (size_t i = 0, end; i < n; i = end) {
		place.n_predictions = place.n_sites = 0;
		for (end = i; end < n && order[end].file == order[i].file && order[end].line == order[i].line &&
			      order[end].chain == order[i].chain;
		     end++)
			place.predictions[place.n_predictions++] = order[end].index;
		for (size_t s = match_first_site(m, order[i].file, order[i].line); s; s = m->next_site[s - 1]) {
			/* Where a site's position is known, what is said of it was found there. */
			if (m->site_group[s - 1] != MATCH_NONE || m->rec->sites[s - 1].source ||
			    match_is_move(&m->rec->sites[s - 1]) ||
			    (pass <= PASS_CALL && m->site_chain[s - 1] != order[i].chain))
				continue;
			ARRAY_GROW(place.sites, place.n_sites + 1, place.alloc_sites);
			place.sites[place.n_sites++] = s - 1;
		}
		match_pair_place(m, &place);
		mark_surplus(m, &place);
	}
	free(place.predictions);
	free(place.sites);
	free(order);
}

void match_fallback_heap(struct matching *m)
{
	run_pass(m, PASS_CHAIN);
	run_pass(m, PASS_CALL);
	run_pass(m, PASS_LINE);
}

void match_fallback_stack(struct matching *m)
{
	run_pass(m, PASS_STACK);
}
