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
 *   0. literals of slices and maps in a literal of a map over several lines: they are made on the map's line;
 *      literals of slices in a statement of several lines: their arrays are made on other lines of it
 *   1. heap claims whose inline chain is known (JSON), against sites with just that chain
 *   2. the same for inlined parameters and results, which are made at the call: the chain without its innermost step
 *   3. heap claims without a chain, and those beside them on one line, against the sites of their line
 *   4. heap claims of another chain, where the words are known and the same: up to Go 1.19 the lines of what is inlined
 * from another package are not those of the log behind a line directive
 *   5. stack claims, against what is left on their line
 */
#include "audit/match_internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/u64map.h"

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

enum pass { PASS_CHAIN, PASS_CALL, PASS_LINE, PASS_WORDS, PASS_STACK };

/* Whether the sites of the prediction's line may be those of a claim whose chain is not known. */
static bool is_on_unknown_line(const struct matching *m, const struct u64map *unknown, size_t i)
{
	return u64map_find(unknown, match_place_key(m->prediction_file[i], m->set->items[i].pos.line));
}

static bool takes_part(const struct matching *m, const struct u64map *unknown, size_t i, enum pass pass)
{
	const struct prediction *p = &m->set->items[i];

	if (m->is_matched[i] || m->prediction_file[i] == NO_FILE)
		return false;
	switch (pass) {
	case PASS_CHAIN:
		return p->claim == CLAIM_HEAP && p->inlined_known && !is_on_unknown_line(m, unknown, i);
	case PASS_CALL:
		return p->claim == CLAIM_HEAP && p->inlined_known && p->n_inlined && !is_on_unknown_line(m, unknown, i);
	case PASS_LINE:
		return p->claim == CLAIM_HEAP && (!p->inlined_known || is_on_unknown_line(m, unknown, i));
	case PASS_WORDS:
		return p->claim == CLAIM_HEAP;
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

/* Lines with claims of escaping that have no site yet and whose chain is not known. */
static void find_unknown_lines(const struct matching *m, struct u64map *unknown)
{
	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];

		if (!m->is_matched[i] && m->prediction_file[i] != NO_FILE && p->claim == CLAIM_HEAP &&
		    !p->inlined_known)
			u64map_at(unknown, match_place_key(m->prediction_file[i], p->pos.line), NULL);
	}
}

/* The predictions that take part, by place. */
static struct ordered *order_predictions(const struct matching *m, const struct u64map *unknown, enum pass pass,
					 bool worded, size_t *n)
{
	struct ordered *order = xcalloc(m->set->n, sizeof(*order));

	*n = 0;
	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];

		if (takes_part(m, unknown, i, pass) && !(worded && p->pos.column))
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

/*
 * Where a site's position is known, what is said of it was found there. Where its expression is known, and the compiler
 * gives no column, that was found by its words, as far as they tell; what has a column is said of something else.
 */
static bool is_open(const struct matching *m, size_t s, bool worded)
{
	const struct rec_site *site = &m->rec->sites[s];

	return m->site_group[s] == MATCH_NONE && !match_is_move(site) &&
	       (worded ? match_has_no_column(site) : !site->source);
}

static bool is_worded_by(const struct matching *m, const struct place *place, size_t site)
{
	for (size_t i = 0; i < place->n_predictions; i++) {
		if (match_has_words(&m->set->items[place->predictions[i]], &m->rec->sites[site]))
			return true;
	}
	return false;
}

/* What could have a site of a row that an earlier pass did not tell apart is one more of that row. */
static void join_earlier(struct matching *m, const struct place *place, const struct ordered *at, enum pass pass,
			 bool worded)
{
	for (size_t i = 0; i < place->n_predictions; i++) {
		size_t p = place->predictions[i];

		for (size_t s = match_first_site(m, at->file, at->line); s && !m->is_matched[p];
		     s = m->next_site[s - 1]) {
			size_t g = m->site_group[s - 1];
			const struct rec_site *site = &m->rec->sites[s - 1];

			if (g == MATCH_NONE || !m->groups[g].ambiguous ||
			    (worded ? !match_has_no_column(site) : site->source != NULL) ||
			    m->set->items[m->groups[g].predictions[0]].claim != m->set->items[p].claim ||
			    (pass <= PASS_CALL && m->site_chain[s - 1] != at->chain) || !match_fits_at_all(m, p, s - 1))
				continue;
			match_group_add_prediction(m, &m->groups[g], p);
		}
	}
}

/* worded: sites whose expression is known, but no column. */
static void run_pass(struct matching *m, enum pass pass, bool worded)
{
	struct place place = {.predictions = xcalloc(m->set->n, sizeof(size_t))};
	struct u64map unknown = U64MAP_INIT;
	struct ordered *order;
	size_t n;

	find_unknown_lines(m, &unknown);
	order = order_predictions(m, &unknown, pass, worded, &n);

	for (size_t i = 0, end; i < n; i = end) {
		place.n_predictions = place.n_sites = 0;
		for (end = i; end < n && order[end].file == order[i].file && order[end].line == order[i].line &&
			      order[end].chain == order[i].chain;
		     end++)
			place.predictions[place.n_predictions++] = order[end].index;
		for (size_t s = match_first_site(m, order[i].file, order[i].line); s; s = m->next_site[s - 1]) {
			if (!is_open(m, s - 1, worded) ||
			    (pass <= PASS_CALL && m->site_chain[s - 1] != order[i].chain) ||
			    (pass == PASS_WORDS && !is_worded_by(m, &place, s - 1)))
				continue;
			ARRAY_GROW(place.sites, place.n_sites + 1, place.alloc_sites);
			place.sites[place.n_sites++] = s - 1;
		}
		match_pair_place(m, &place);
		join_earlier(m, &place, &order[i], pass, worded);
		mark_surplus(m, &place);
	}
	u64map_release(&unknown);
	free(place.predictions);
	free(place.sites);
	free(order);
}

/* ---- elements of map literals ------------------------------------------------------------------------------------ */

/* Could this be a literal of a slice? One of a named type reads like a struct's. */
static bool is_slice_literal(const struct matching *m, size_t i)
{
	const struct prediction *p = &m->set->items[i];

	return p->kind == EXPR_SLICE_LIT || (p->kind == EXPR_OTHER && m->readings[i].is_literal);
}

/* A map literal with elements, in its own function. */
static bool is_filled_map(const struct matching *m, size_t i)
{
	const struct prediction *p = &m->set->items[i];

	return m->prediction_file[i] != NO_FILE && p->pos.line > 0 && !p->n_inlined && match_is_filled_literal(m, i);
}

/* A literal of a map, with elements or without. */
static bool is_map_literal(const struct matching *m, size_t i)
{
	const struct prediction *p = &m->set->items[i];

	return (p->kind == EXPR_MAKE_MAP && strncmp(p->expr, "map[", 4) == 0) ||
	       (p->kind == EXPR_OTHER && m->readings[i].is_literal);
}

static bool is_array(const struct rec_site *site)
{
	return site->cause == CAUSE_NEW_OBJECT && site->type && *site->type == '[';
}

static bool is_map(const struct rec_site *site)
{
	return site->cause == CAUSE_MAKE_MAP;
}

/* What elements of a map literal are: slices or maps. */
struct element_kind {
	bool (*makes)(const struct rec_site *site);
	bool (*may_be)(const struct matching *m, size_t prediction);
};

/* What is made on the line in the function itself, and whose position is not known. */
static void gather_made(const struct matching *m, const struct element_kind *kind, struct place *place, uint32_t file,
			int line)
{
	place->n_sites = 0;
	for (size_t s = match_first_site(m, file, line); s; s = m->next_site[s - 1]) {
		if (!is_open(m, s - 1, false) || !kind->makes(&m->rec->sites[s - 1]) ||
		    m->rec->sites[s - 1].n_frames != 1)
			continue;
		ARRAY_GROW(place->sites, place->n_sites + 1, place->alloc_sites);
		place->sites[place->n_sites++] = s - 1;
	}
}

static bool fits_one(const struct matching *m, const struct place *place, size_t i)
{
	for (size_t k = 0; k < place->n_sites; k++) {
		if (match_fits_at_all(m, i, place->sites[k]))
			return true;
	}
	return false;
}

static bool has_made(const struct matching *m, const struct element_kind *kind, uint32_t file, int line)
{
	for (size_t s = match_first_site(m, file, line); s; s = m->next_site[s - 1]) {
		if (is_open(m, s - 1, false) && kind->makes(&m->rec->sites[s - 1]))
			return true;
	}
	return false;
}

/* The last line that a function may have claims on: up to the next one in the file, but for literals within it. */
static int last_line_of(const struct matching *m, uint32_t file, const char *function, int line)
{
	const struct source_file *f = &m->files[file];
	size_t n = strlen(function);
	int last = INT_MAX;

	for (size_t i = 0; i < f->n_extents; i++) {
		const struct rec_extent *extent = &m->rec->extents[f->extents[i]];

		bool is_within = strncmp(extent->function, function, n) == 0 &&
				 (!extent->function[n] || strchr(".-[", extent->function[n]));

		if (extent->first > line && extent->first <= last && !is_within)
			last = extent->first - 1;
	}
	return last;
}

/* The last line that the elements of the nth of these literals may stand on. */
static int last_line(const struct matching *m, const struct element_kind *kind, const struct ordered *maps, size_t n,
		     size_t nth, const struct place *place)
{
	const struct literal_source *literal = &m->set->items[maps[nth].index].literal;
	int last;

	if (literal->last_line)
		return literal->last_line;
	last = last_line_of(m, maps[nth].file, match_physical_function(&m->rec->sites[place->sites[0]]),
			    maps[nth].line);
	if (kind->makes == is_map) /* one with a call of its own may be an element that is not constant */
		return last;
	for (size_t i = nth + 1; i < n && maps[i].file == maps[nth].file && maps[i].line <= last; i++) {
		if (maps[i].line > maps[nth].line && has_made(m, kind, maps[i].file, maps[i].line))
			return maps[i].line - 1;
	}
	return last;
}

static size_t first_from(const struct ordered *order, size_t n, uint32_t file, int line)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (order[mid].file < file || (order[mid].file == file && order[mid].line < line))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * The compiler gives what an element of a map literal is made of the position of the literal
 * (cmd/compile/internal/walk, maplit). How far a literal reaches is not known without its source: where a line has more
 * arrays than claims, those of the lines behind it that have none take part.
 */
static void match_map_elements(struct matching *m, const struct element_kind *kind)
{
	struct ordered *maps = xcalloc(m->set->n + 1, sizeof(*maps)), *claims = xcalloc(m->set->n + 1, sizeof(*claims));
	struct place place = {.predictions = xcalloc(m->set->n + 1, sizeof(size_t))};
	size_t n_maps = 0, n_claims = 0;

	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];
		const struct ordered at = {
			.file = m->prediction_file[i], .line = p->pos.line, .column = p->pos.column, .index = i};

		if (is_filled_map(m, i))
			maps[n_maps++] = at;
		if (p->claim == CLAIM_HEAP && !m->is_matched[i] && at.file != NO_FILE && !p->n_inlined &&
		    (kind->may_be(m, i) || p->kind == EXPR_ARGUMENT))
			claims[n_claims++] = at;
	}
	qsort(maps, n_maps, sizeof(*maps), compare_ordered);
	qsort(claims, n_claims, sizeof(*claims), compare_ordered);
	for (size_t i = 0; i < n_maps; i++) {
		size_t k = first_from(claims, n_claims, maps[i].file, maps[i].line), n_own = 0;
		int last;

		gather_made(m, kind, &place, maps[i].file, maps[i].line);
		if (!place.n_sites)
			continue;
		last = last_line(m, kind, maps, n_maps, i, &place);
		place.n_predictions = 0;
		for (; k < n_claims && claims[k].file == maps[i].file && claims[k].line <= last; k++) {
			bool is_own = claims[k].line == maps[i].line;

			if (m->is_matched[claims[k].index] || !fits_one(m, &place, claims[k].index))
				continue;
			if (!is_own &&
			    (!kind->may_be(m, claims[k].index) || has_made(m, kind, claims[k].file, claims[k].line)))
				continue;
			n_own += is_own;
			place.predictions[place.n_predictions++] = claims[k].index;
		}
		if (place.n_sites > n_own && place.n_predictions > n_own)
			match_pair_place(m, &place);
	}
	free(maps);
	free(claims);
	free(place.predictions);
	free(place.sites);
}

/* ---- literals of slices on several lines ------------------------------------------------------------------------- */

/* The call that the prediction's function is inlined at, 0 if it is not. */
static uint64_t call_of(const struct prediction *p)
{
	const char *base = path_base(prediction_place(p)->file);

	return p->n_inlined ? u64_mix(match_prediction_chain(p, p->n_inlined - 1), bytes_hash(base, strlen(base))) : 0;
}

/* Whether a site is in the function that the prediction is written in, and inlined at the same call. */
static bool is_beside(const struct matching *m, const struct prediction *p, int first, size_t s)
{
	const struct rec_site *site = &m->rec->sites[s];
	const struct rec_extent *extent = match_extent(m, m->site_file[s], match_physical_function(site));

	if (site->n_frames != p->n_inlined + 1)
		return false;
	for (size_t i = 0; i < p->n_inlined; i++) {
		if (site->frames[site->n_frames - 1 - i].line != (i ? p->inlined[i - 1].line : p->pos.line))
			return false;
	}
	if (p->n_inlined)
		return strcmp(path_base(site->frames[0].file), path_base(prediction_place(p)->file)) == 0;
	return extent && extent->first <= first; /* that of a function literal inside begins behind that line */
}

static void gather_on(const struct matching *m, const struct ordered *literal, int line, int last, struct place *place)
{
	const struct prediction *p = &m->set->items[literal->index];
	int first = line;

	for (; line <= last; line++) {
		int outermost = p->n_inlined ? p->pos.line : line;

		for (size_t s = match_first_site(m, literal->file, outermost); s; s = m->next_site[s - 1]) {
			const struct rec_site *site = &m->rec->sites[s - 1];

			if (!is_open(m, s - 1, false) || !is_array(site) || site->frames[0].line != line ||
			    !is_beside(m, p, first, s - 1))
				continue;
			ARRAY_GROW(place->sites, place->n_sites + 1, place->alloc_sites);
			place->sites[place->n_sites++] = s - 1;
		}
	}
}

static const char *element_of(const struct rec_site *site)
{
	return strchr(site->type, ']') + 1;
}

/* Claims of a statement of several lines, by the line that each is on. */
struct statement_claims {
	const struct ordered *items;
	size_t n;
	int first, last;
	uint64_t call;
};

/* Whether each line has as many arrays of that element as claims that may be of one. */
static bool is_even(const struct matching *m, const struct place *place, const struct statement_claims *claims,
		    size_t site)
{
	const char *element = element_of(&m->rec->sites[site]);
	size_t n = (size_t)claims->last - (size_t)claims->first + 1;
	int *excess = xcalloc(n, sizeof(*excess));
	bool even = true;

	for (size_t k = 0; k < place->n_sites; k++) {
		const struct rec_site *other = &m->rec->sites[place->sites[k]];

		if (strcmp(element_of(other), element) == 0)
			excess[other->frames[0].line - claims->first]++;
	}
	for (size_t i = 0; i < claims->n; i++) {
		const struct ordered *claim = &claims->items[i];

		if (claim->chain == claims->call && !m->is_matched[claim->index] &&
		    match_fits_at_all(m, claim->index, site))
			excess[claim->line - claims->first]--;
	}
	for (size_t i = 0; i < n; i++)
		even = even && excess[i] == 0;
	free(excess);
	return even;
}

/* Keeps the arrays whose element's lines have other numbers of arrays and claims. */
static void keep_uneven(const struct matching *m, const struct place *all, const struct statement_claims *claims,
			struct place *place)
{
	size_t *firsts = xcalloc(all->n_sites + 1, sizeof(*firsts)),
	       n = 0; /* of each element, and whether it is even */
	bool *even = xcalloc(all->n_sites + 1, sizeof(*even));

	for (size_t k = 0; k < all->n_sites; k++) {
		const char *element = element_of(&m->rec->sites[all->sites[k]]);
		size_t i = 0;

		while (i < n && strcmp(element_of(&m->rec->sites[firsts[i]]), element) != 0)
			i++;
		if (i == n) {
			firsts[n] = all->sites[k];
			even[n++] = is_even(m, all, claims, all->sites[k]);
		}
		if (even[i])
			continue;
		ARRAY_GROW(place->sites, place->n_sites + 1, place->alloc_sites);
		place->sites[place->n_sites++] = all->sites[k];
	}
	free(firsts);
	free(even);
}

/* A literal of a named type is a slice's where literals that name a slice are not as many as the arrays. */
static void gather_claims(const struct matching *m, const struct statement_claims *claims, bool named,
			  struct place *place)
{
	place->n_predictions = 0;
	for (size_t i = 0; i < claims->n; i++) {
		size_t p = claims->items[i].index;

		if (claims->items[i].chain == claims->call && !m->is_matched[p] && fits_one(m, place, p) &&
		    (named || m->set->items[p].kind != EXPR_OTHER))
			place->predictions[place->n_predictions++] = p;
	}
}

/* Arrays of a statement that are not on the lines of its claims, against all of its claims. */
static void match_uneven(struct matching *m, const struct statement_claims *claims, const struct place *all,
			 struct place *place)
{
	place->n_predictions = place->n_sites = 0;
	keep_uneven(m, all, claims, place);
	if (place->n_sites) {
		gather_claims(m, claims, false, place);
		if (place->n_predictions != place->n_sites)
			gather_claims(m, claims, true, place);
		match_pair_place(m, place);
	}
}

static int compare_calls(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->chain != y->chain)
		return x->chain < y->chain ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/*
 * In a literal over several lines the array of a slice literal is made at a field's name, where the element before it
 * ended, or at the last field (sites/literal_braces.c). Where lines of a statement have more arrays of a type than
 * claims, or less, all of the statement take part.
 */
static void match_literals(struct matching *m)
{
	struct ordered *literals = xcalloc(m->set->n + 1, sizeof(*literals));
	struct ordered *claims = xcalloc(m->set->n + 1, sizeof(*claims));
	struct place all = {.predictions = NULL}, place = {.predictions = xcalloc(m->set->n + 1, sizeof(size_t))};
	size_t n_literals = 0, n_claims = 0;

	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];
		struct ordered at = {.file = m->prediction_file[i], .column = p->pos.column, .index = i};

		if (p->claim != CLAIM_HEAP || m->is_matched[i] || at.file == NO_FILE || p->pos.line <= 0 || p->wrapper)
			continue;
		at.chain = call_of(p);
		at.line = prediction_place(p)->line;
		claims[n_claims++] = at;
		at.line = p->made_on.first_line;
		if (at.line && is_slice_literal(m, i))
			literals[n_literals++] = at;
	}
	qsort(claims, n_claims, sizeof(*claims), compare_ordered);
	qsort(literals, n_literals, sizeof(*literals), compare_calls);
	for (size_t i = 0, end; i < n_literals; i = end) {
		struct statement_claims on = {.first = literals[i].line, .call = literals[i].chain};

		for (end = i; end < n_literals && literals[end].file == literals[i].file &&
			      literals[end].chain == literals[i].chain && (end == i || literals[end].line <= on.last);
		     end++) {
			int last = m->set->items[literals[end].index].made_on.last_line;

			on.last = last > on.last ? last : on.last;
		}
		all.n_sites = 0;
		gather_on(m, &literals[i], on.first, on.last, &all);
		on.items = claims + first_from(claims, n_claims, literals[i].file, on.first);
		on.n = first_from(claims, n_claims, literals[i].file, on.last + 1) - (size_t)(on.items - claims);
		match_uneven(m, &on, &all, &place);
	}
	free(literals);
	free(claims);
	free(all.sites);
	free(place.sites);
	free(place.predictions);
}

void match_fallback_heap(struct matching *m)
{
	static const struct element_kind slices = {is_array, is_slice_literal}, maps = {is_map, is_map_literal};

	match_map_elements(m, &slices);
	match_map_elements(m, &maps);
	match_literals(m);
	for (int worded = 0; worded < 2; worded++) {
		run_pass(m, PASS_CHAIN, worded);
		run_pass(m, PASS_CALL, worded);
		run_pass(m, PASS_LINE, worded);
	}
	run_pass(m, PASS_WORDS, true);
}

/*
 * Whether claims of staying have objects is not known where sites that could be theirs are among those of claims of
 * escaping that are not told apart.
 */
static void mark_doubtful(struct matching *m)
{
	for (size_t i = 0; i < m->set->n; i++) {
		bool is_doubtful = false;

		if (!takes_part(m, NULL, i, PASS_STACK))
			continue;
		for (size_t s = match_first_site(m, m->prediction_file[i], m->set->items[i].pos.line);
		     s && !is_doubtful; s = m->next_site[s - 1]) {
			const struct rec_site *site = &m->rec->sites[s - 1];

			is_doubtful = m->site_group[s - 1] != MATCH_NONE && m->groups[m->site_group[s - 1]].ambiguous &&
				      (!site->source || (match_is_vague(site) && !m->set->items[i].pos.column)) &&
				      match_fits_at_all(m, i, s - 1);
		}
		if (is_doubtful)
			match_group_new(m, &i, 1)->ambiguous = true;
	}
}

void match_fallback_stack(struct matching *m)
{
	for (int worded = 0; worded < 2; worded++)
		run_pass(m, PASS_STACK, worded);
	mark_doubtful(m);
}
