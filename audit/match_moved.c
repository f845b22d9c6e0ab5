/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables that are moved to the heap and share objects. Since Go 1.25 the compiler keeps, as it goes through the
 * code, one object that further variables may join (cmd/compile/internal/ssagen, newHeapaddr):
 *
 *   - what has pointers, or 16 bytes or more, has an object of its own, and disturbs no other
 *   - of the others each joins as long as 16 bytes are not exceeded, and begins the next object where they are
 *   - the end of a basic block ends the object
 *   - an object that stays with one variable is of its type; that of several has none, their sizes' sum rounded up to
 *     their alignment, and the position of the first
 *
 * So the variables of a function, in the order in which they are declared, are dealt out to its sites, in theirs.
 * Source and DWARF say which block a variable is in, and its type and size (struct variable_source); of a block inside
 * they do not say whether it is a basic block of its own: a constant condition leaves none, and an inlined call may be
 * none. What fits in several ways is one ambiguous group.
 */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "audit/match_internal.h"
#include "base/memory.h"
#include "base/u64map.h"

#define OBJECT_MAX  16	/* bytes: maxAggregatedHeapAllocation */
#define PATHS_MAX   256 /* ways that are looked at */
#define ORDERS_MAX  128 /* of sites whose order is not known */
#define PARENTS_MAX 4
#define STATES_MAX  256 /* behind one variable */
#define ITEMS_MAX   2000

/* Less is likelier. A site that nothing takes, and what contradicts the sizes, is out of the question. */
enum {
	COST_NEVER = 1000,
	COST_SKIPPED_SITE = 100,
	COST_OTHER_BLOCK = 6,
	COST_GONE = 4, /* a variable of the object's block, though there is room */
	COST_FITS = 3, /* another object is begun, though there is room */
	COST_UNSEEN = 2,
};

struct item {
	size_t prediction;
	const struct prediction *p;
	const struct variable_source *v;
};

struct function {
	const char *name;
	size_t *sites;
	size_t n_sites, alloc_sites;
};

struct state {
	size_t next_site;
	size_t object; /* that may be joined: its site, SIZE_MAX if there is none */
	size_t first;  /* its first variable */
	uint64_t bytes;
	unsigned n_members, n_unknown, align;
	int cost;
	/* The ways here. */
	size_t parents[PARENTS_MAX], taken[PARENTS_MAX]; /* a site, or SIZE_MAX */
	size_t n_parents;
};

struct layer {
	struct state *items;
	size_t n, alloc;
};

struct solver {
	struct matching *m;
	const struct recording *rec;
	struct item *items;
	size_t n_items, alloc_items;
	size_t *sites; /* of the recording, in the order of the variables */
	size_t *ranks; /* of the sites: those of one line without columns have the same */
	size_t n_sites, alloc_sites, alloc_ranks;
	bool has_types;	      /* the predictions' build has DWARF */
	struct layer *layers; /* n_items + 1 */
	size_t *found;	      /* PATHS_MAX rows: each variable's site, of the recording */
	size_t n_found, n_orders;
	int cost; /* of what was found */
	bool is_too_many;
};

/* ---- places ------------------------------------------------------------------------------------------------------ */

/* A site, and the first variable that may be the first of its object. */
struct ranked {
	size_t site, item;
};

static bool has_column(const struct rec_level *level)
{
	return level->column && level->column != REC_COLUMN_BEYOND;
}

static const struct position *step(const struct prediction *p, size_t i)
{
	return i ? &p->inlined[i - 1] : &p->pos;
}

static int compare_places(int line, int column, int other_line, int other_column)
{
	if (line != other_line)
		return line < other_line ? -1 : 1;
	return (column > other_column) - (column < other_column);
}

/* Where the source says it is, also where the compiler has no column any more. */
static struct position own_place(const struct prediction *p)
{
	struct position pos = *step(p, p->n_inlined);

	pos.column = pos.column ? pos.column : p->variable.column;
	return pos;
}

static struct position place_at(const struct prediction *p, size_t i)
{
	return i == p->n_inlined ? own_place(p) : *step(p, i);
}

static int compare_predictions(const struct prediction *a, const struct prediction *b)
{
	for (size_t i = 0; i <= a->n_inlined && i <= b->n_inlined; i++) {
		struct position x = place_at(a, i), y = place_at(b, i);
		int order = compare_places(x.line, x.column, y.line, y.column);

		if (order)
			return order;
	}
	return (a->n_inlined > b->n_inlined) - (a->n_inlined < b->n_inlined);
}

static int compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = compare_predictions(x->p, y->p);

	return order ? order : (x->prediction > y->prediction) - (x->prediction < y->prediction);
}

static bool is_in_block(const struct variable_source *v, const struct position *pos)
{
	return v->first_line && compare_places(v->first_line, v->first_column, pos->line, pos->column) <= 0 &&
	       compare_places(pos->line, pos->column, v->last_line, v->last_column) <= 0;
}

enum relation { SAME_BLOCK, INNER_BLOCK, OTHER_BLOCK };

/* Whether b's block is that of a, or inside it. What is inlined is where its call stands. */
static enum relation relation_of(const struct item *a, const struct item *b)
{
	size_t n = a->p->n_inlined;
	const struct variable_source *x = a->v, *y = b->v;
	struct position own;

	if (!x->first_line || !y->first_line || b->p->n_inlined < n)
		return b->p->n_inlined < n ? OTHER_BLOCK : INNER_BLOCK;
	for (size_t i = 0; i < n; i++) {
		if (compare_places(step(a->p, i)->line, step(a->p, i)->column, step(b->p, i)->line,
				   step(b->p, i)->column))
			return OTHER_BLOCK;
	}
	if (b->p->n_inlined == n && x->first_line == y->first_line && x->first_column == y->first_column &&
	    x->last_line == y->last_line && x->last_column == y->last_column)
		return SAME_BLOCK;
	own = place_at(b->p, n);
	return is_in_block(x, &own) ? INNER_BLOCK : OTHER_BLOCK;
}

/* ---- what fits --------------------------------------------------------------------------------------------------- */

static bool may_share(const struct variable_source *v)
{
	return !v->type || (!v->has_pointers && v->size && v->size < OBJECT_MAX);
}

static bool differs(const struct variable_source *v, const struct rec_site *site)
{
	if (!v->type)
		return false;
	if (site->type_size && site->type_size != v->size)
		return true;
	if (!site->type || strncmp(site->type, "go.shape.", 9) == 0)
		return false;
	return fit_type(v->type, site->type) < FIT_POSSIBLE;
}

/* Whether another object ends here that variables could join: one of a single variable. */
static bool ends_object(const struct item *item, const struct rec_site *site)
{
	return item->v->type ? may_share(item->v) : site->type_size < OBJECT_MAX && !strpbrk(site->type, "[]{}(*)");
}

static bool is_before_item(const struct rec_level *level, const struct item *item)
{
	const struct position *pos = step(item->p, item->p->n_inlined);

	return compare_places(item->v->first_line, item->v->first_column, level->line, level->column) <= 0 &&
	       compare_places(level->line, level->column, pos->line, pos->column) <= 0;
}

static bool is_in_name(char c)
{
	return c == '_' || isalnum((unsigned char)c) || c & 0x80;
}

/* Whether the source text "a, b := ..." declares another variable: that of a site has the first one's declaration. */
static bool declares_another(const char *text, const char *name)
{
	const char *end = text ? strstr(text, ":=") : NULL, *dot = strrchr(name, '.');
	size_t n;

	name = dot ? dot + 1 : name; /* of another package's function, which is inlined */
	n = strlen(name);
	for (const char *at = text; end && n && (at = strstr(at, name)) && at < end; at += n) {
		if ((at == text || !is_in_name(at[-1])) && !is_in_name(at[n]))
			return false;
	}
	return end != NULL;
}

/* Where the site is, the variable may be the first of its object: what that costs, or COST_NEVER. */
static int cost_of_place(const struct item *item, const struct rec_site *site)
{
	const struct prediction *p = item->p;
	const struct position *own = step(p, p->n_inlined);
	const struct rec_source *source = site->source;
	struct rec_level innermost;

	if (item->v->is_parameter && match_n_levels(site) == p->n_inlined && p->n_inlined)
		return match_levels_agree(p, site, p->n_inlined) ? 0 : COST_NEVER;
	if (match_n_levels(site) != p->n_inlined + 1 || !match_levels_agree(p, site, p->n_inlined))
		return COST_NEVER;
	innermost = match_level(site, p->n_inlined);
	if (item->v->is_parameter) {
		if (has_column(&innermost))
			return is_before_item(&innermost, item) ? 0 : COST_NEVER;
		return innermost.line >= item->v->first_line && innermost.line <= own->line ? 0 : COST_NEVER;
	}
	if (match_has_no_column(site) && declares_another(source->expr, p->expr))
		return COST_NEVER;
	if (match_is_place(own, &innermost))
		return 0;
	/* Variables of one "var" have the position of the first, and those of a clause that of the clause. */
	if (!source || !source->first_line ||
	    compare_places(source->first_line, source->first_column, own->line, own->column) > 0 ||
	    compare_places(own->line, own->column, source->last_line, source->last_column) > 0)
		return COST_NEVER;
	return item->v->is_together ? 0 : 1;
}

static int cost_of_first(const struct item *item, const struct rec_site *site)
{
	if (fit_is_merged(site) ? !may_share(item->v) : differs(item->v, site))
		return COST_NEVER;
	return cost_of_place(item, site);
}

/* What the compiler says besides, by line. */
struct others {
	struct u64map on; /* file and line -> first prediction + 1 */
	size_t *next;	  /* + 1 */
};

/* Whether the site makes what another claim at its position is about. */
static bool is_spoken_for(const struct matching *m, const struct others *others, size_t s)
{
	const struct rec_site *site = &m->rec->sites[s];
	struct rec_level outermost = match_level(site, 0);
	const uint64_t *first = u64map_find(&others->on, match_place_key(m->site_file[s], outermost.line));

	for (size_t i = first && site->source && site->type ? *first : 0; i; i = others->next[i - 1]) {
		const struct prediction *p = &m->set->items[i - 1];

		if (match_is_at(p, site) &&
		    fit_of(p, &m->readings[i - 1], site, m->readings[i - 1].primary) != FIT_NONE)
			return true;
	}
	return false;
}

/* ---- the ways ---------------------------------------------------------------------------------------------------- */

static bool is_full(const struct solver *s, const struct state *state)
{
	const struct rec_site *site = &s->rec->sites[s->sites[state->object]];
	uint64_t size = site->size ? site->size : OBJECT_MAX, least = state->bytes;

	/* DWARF lists all but the one at the beginning, which is no smaller than the others' alignment. */
	if (state->n_unknown)
		least += state->n_unknown - 1 + (s->has_types ? state->align : 1);
	return least > size;
}

static bool is_complete(const struct solver *s, const struct state *state)
{
	const struct rec_site *site = state->object == SIZE_MAX ? NULL : &s->rec->sites[s->sites[state->object]];

	if (!site)
		return true;
	if (state->n_members < 2 || is_full(s, state))
		return false;
	return state->n_unknown || !site->size ||
	       (state->bytes + state->align - 1) / state->align * state->align == site->size;
}

static void add_member(struct state *state, const struct variable_source *v)
{
	state->n_members++;
	if (!v->type) {
		state->n_unknown++;
		return;
	}
	state->bytes += v->size;
	state->align = v->align > state->align ? v->align : state->align;
}

static bool same_state(const struct state *a, const struct state *b)
{
	return a->next_site == b->next_site && a->object == b->object && a->first == b->first && a->bytes == b->bytes &&
	       a->n_members == b->n_members && a->n_unknown == b->n_unknown && a->align == b->align;
}

static void add_state(struct layer *layer, struct state state, size_t parent, size_t taken)
{
	struct state *s = NULL;

	if (state.cost >= COST_NEVER)
		return;
	for (size_t i = 0; i < layer->n && !s; i++) {
		if (same_state(&layer->items[i], &state))
			s = &layer->items[i];
	}
	if (!s) {
		if (layer->n == STATES_MAX)
			return;
		ARRAY_GROW(layer->items, layer->n + 1, layer->alloc);
		s = &layer->items[layer->n++];
		*s = state;
		s->n_parents = 0;
	} else if (state.cost > s->cost) {
		return;
	} else if (state.cost < s->cost) {
		s->cost = state.cost;
		s->n_parents = 0;
	}
	if (s->n_parents == PARENTS_MAX)
		return;
	s->parents[s->n_parents] = parent;
	s->taken[s->n_parents++] = taken;
}

/* Whether DWARF has the variable: that of one whose code is gone it has not, mostly. */
static int likelihood(const struct item *item)
{
	if (item->p->n_inlined || item->v->presence == VARIABLE_UNKNOWN)
		return 0;
	return item->v->presence == VARIABLE_LISTED ? 1 : -1;
}

static void join(struct solver *s, const struct state *from, size_t parent, size_t i)
{
	const struct item *item = &s->items[i];
	struct state state = *from;
	enum relation relation;
	int seen;

	if (from->object == SIZE_MAX || !may_share(item->v))
		return;
	add_member(&state, item->v);
	if (is_full(s, &state))
		return;
	relation = relation_of(&s->items[from->first], item);
	seen = likelihood(item);
	if (relation == OTHER_BLOCK)
		state.cost += COST_OTHER_BLOCK;
	else if (relation == INNER_BLOCK)
		state.cost += seen > 0 ? 0 : seen < 0 ? COST_UNSEEN + 1 : COST_UNSEEN;
	add_state(&s->layers[i + 1], state, parent, state.object);
}

static void leave_out(struct solver *s, const struct state *from, size_t parent, size_t i)
{
	const struct item *item = &s->items[i];
	struct state state = *from, joined = *from;
	int seen = likelihood(item);

	state.cost += item->v->is_parameter ? COST_GONE : 1;
	if (from->object != SIZE_MAX && may_share(item->v)) {
		enum relation relation = relation_of(&s->items[from->first], item);

		add_member(&joined, item->v);
		if (relation == SAME_BLOCK)
			state.cost += is_full(s, &joined) ? 0 : COST_GONE;
		else if (relation == INNER_BLOCK && !is_full(s, &joined))
			state.cost += seen > 0 ? COST_UNSEEN : seen < 0 ? 0 : 1; /* as likely as that it has joined */
	}
	add_state(&s->layers[i + 1], state, parent, SIZE_MAX);
}

static void begin(struct solver *s, const struct state *from, size_t parent, size_t i)
{
	const struct item *item = &s->items[i];

	for (size_t k = from->next_site; k < s->n_sites; k++) {
		const struct rec_site *site = &s->rec->sites[s->sites[k]];
		struct state state = *from;
		bool is_merged = fit_is_merged(site);

		state.cost += cost_of_first(item, site) + (int)(k - from->next_site) * COST_SKIPPED_SITE;
		if (state.cost >= COST_NEVER)
			continue;
		if (is_merged || ends_object(item, site)) {
			if (!is_complete(s, from))
				continue;
			if (from->object != SIZE_MAX && item->v->type) {
				struct state joined = *from;

				add_member(&joined, item->v);
				if (!joined.n_unknown && joined.bytes <= OBJECT_MAX &&
				    relation_of(&s->items[from->first], item) == SAME_BLOCK)
					state.cost += COST_FITS;
			}
			state.object = SIZE_MAX;
			state.bytes = 0;
			state.n_members = state.n_unknown = 0;
			state.align = 1;
			state.first = SIZE_MAX;
		}
		if (is_merged) {
			state.object = k;
			state.first = i;
			add_member(&state, item->v);
		}
		state.next_site = k + 1;
		add_state(&s->layers[i + 1], state, parent, k);
	}
}

static void follow(struct solver *s, size_t layer, size_t state, size_t *path)
{
	const struct state *at = &s->layers[layer].items[state];

	s->is_too_many |= s->n_found == PATHS_MAX;
	if (s->is_too_many)
		return;
	if (layer == 0) {
		memcpy(s->found + s->n_found++ * s->n_items, path, s->n_items * sizeof(*path));
		return;
	}
	for (size_t i = 0; i < at->n_parents; i++) {
		path[layer - 1] = at->taken[i] == SIZE_MAX ? SIZE_MAX : s->sites[at->taken[i]];
		follow(s, layer - 1, at->parents[i], path);
	}
}

static void solve_in_order(struct solver *s)
{
	struct state start = {.object = SIZE_MAX, .first = SIZE_MAX, .align = 1};
	struct layer *last = &s->layers[s->n_items];
	size_t *path = xcalloc(s->n_items, sizeof(*path));
	int best = COST_SKIPPED_SITE;

	for (size_t i = 0; i <= s->n_items; i++)
		s->layers[i].n = 0;
	add_state(&s->layers[0], start, 0, 0);
	for (size_t i = 0; i < s->n_items; i++) {
		for (size_t k = 0; k < s->layers[i].n; k++) {
			const struct state from = s->layers[i].items[k];

			begin(s, &from, k, i);
			join(s, &from, k, i);
			leave_out(s, &from, k, i);
		}
	}
	for (size_t k = 0; k < last->n; k++) {
		struct state *state = &last->items[k];

		if (state->next_site < s->n_sites || !is_complete(s, state))
			state->cost = COST_NEVER;
		best = state->cost < best ? state->cost : best;
	}
	if (best < s->cost) {
		s->cost = best;
		s->n_found = 0;
	}
	for (size_t k = 0; k < last->n && best == s->cost && best < COST_SKIPPED_SITE; k++) {
		if (last->items[k].cost == best)
			follow(s, s->n_items, k, path);
	}
	free(path);
}

static void swap_sites(struct solver *s, size_t a, size_t b)
{
	size_t site = s->sites[a];

	s->sites[a] = s->sites[b];
	s->sites[b] = site;
}

/* In each order of sites that have the same rank. */
static void solve_from(struct solver *s, size_t k)
{
	s->is_too_many |= s->n_orders > ORDERS_MAX;
	if (s->is_too_many)
		return;
	if (k == s->n_sites) {
		s->n_orders++;
		solve_in_order(s);
		return;
	}
	for (size_t i = k; i < s->n_sites && s->ranks[i] == s->ranks[k]; i++) {
		swap_sites(s, k, i);
		solve_from(s, k + 1);
		swap_sites(s, k, i);
	}
}

/* False where there is no way that uses all sites, or there are too many. */
static bool solve(struct solver *s)
{
	s->n_found = s->n_orders = 0;
	s->cost = COST_SKIPPED_SITE;
	s->is_too_many = false;
	solve_from(s, 0);
	return s->n_found > 0 && !s->is_too_many;
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

static size_t root(const size_t *parent, size_t i)
{
	while (parent[i] != i)
		i = parent[i];
	return i;
}

static int compare_in_source(const void *a, const void *b, void *set)
{
	const struct predictions *predictions = set;
	const struct item x = {.prediction = *(const size_t *)a, .p = &predictions->items[*(const size_t *)a]},
			  y = {.prediction = *(const size_t *)b, .p = &predictions->items[*(const size_t *)b]};

	return compare_items(&x, &y);
}

/* One group of what belongs together in some way, marked where it does not in every way. */
static void make_group(struct solver *s, const size_t *parent, size_t r)
{
	size_t *predictions = xcalloc(s->n_items, sizeof(*predictions)), n = 0, n_sites = 0;
	struct match_group *group;
	bool is_ambiguous = false;

	for (size_t i = 0; i < s->n_items; i++) {
		if (root(parent, s->n_sites + i) != r)
			continue;
		predictions[n++] = s->items[i].prediction;
		for (size_t k = 1; k < s->n_found; k++)
			is_ambiguous |= s->found[k * s->n_items + i] != s->found[i];
	}
	if (n) {
		qsort_r(predictions, n, sizeof(*predictions), compare_in_source, (void *)s->m->set);
		group = match_group_new(s->m, predictions, n);
		group->ambiguous = is_ambiguous;
		for (size_t k = 0; k < s->n_sites; k++) {
			if (root(parent, k) != r)
				continue;
			match_group_add_site(s->m, group, s->sites[k]);
			n_sites++;
		}
		group->merged = n > n_sites;
	}
	free(predictions);
}

static size_t index_of(const struct solver *s, size_t site)
{
	size_t k = 0;

	while (s->sites[k] != site)
		k++;
	return k;
}

static void make_groups(struct solver *s)
{
	size_t n = s->n_sites + s->n_items, *parent = xcalloc(n, sizeof(*parent));

	for (size_t i = 0; i < n; i++)
		parent[i] = i;
	for (size_t i = 0; i < s->n_items; i++) {
		bool has_site = false;

		for (size_t k = 0; k < s->n_found; k++) {
			size_t site = s->found[k * s->n_items + i];

			if (site == SIZE_MAX)
				continue;
			has_site = true;
			parent[root(parent, s->n_sites + i)] = root(parent, index_of(s, site));
		}
		s->m->is_settled[s->items[i].prediction] = !has_site;
	}
	for (size_t k = 0; k < s->n_sites; k++) {
		if (root(parent, k) == k)
			make_group(s, parent, k);
	}
	free(parent);
}

/* ---- functions --------------------------------------------------------------------------------------------------- */

static bool is_moved(const struct matching *m, size_t i)
{
	const struct prediction *p = &m->set->items[i];

	return !m->is_matched[i] && p->claim == CLAIM_HEAP && p->kind == EXPR_MOVED && p->pos.line > 0 &&
	       p->inlined_known && m->readings[i].function && m->prediction_file[i] != NO_FILE;
}

static bool is_in_function(const struct matching *m, size_t i, size_t s)
{
	const struct prediction *p = &m->set->items[i];
	const struct rec_extent *extent = match_extent(m, m->site_file[s], match_physical_function(&m->rec->sites[s]));

	return m->prediction_file[i] == m->site_file[s] && extent && p->pos.line >= extent->first &&
	       p->pos.line <= extent->last && fit_function(&m->readings[i], &m->rec->sites[s]) &&
	       match_wrapper_fits(m, i, s);
}

/* Copies are matched by one of them. */
static void gather_items(struct solver *s, const size_t *moved, size_t n_moved, const struct function *f)
{
	size_t n = 0;

	s->n_items = 0;
	for (size_t k = 0; k < n_moved; k++) {
		size_t i = moved[k];
		const struct prediction *p = &s->m->set->items[i];

		if (s->m->is_matched[i] || !is_in_function(s->m, i, f->sites[0]))
			continue;
		ARRAY_GROW(s->items, s->n_items + 1, s->alloc_items);
		s->items[s->n_items++] = (struct item){.prediction = i, .p = p, .v = &p->variable};
	}
	if (s->n_items)
		qsort(s->items, s->n_items, sizeof(*s->items), compare_items);
	for (size_t i = 0; i < s->n_items; i++) {
		if (n == 0 || compare_predictions(s->items[n - 1].p, s->items[i].p) ||
		    strcmp(s->items[n - 1].p->expr, s->items[i].p->expr) != 0)
			s->items[n++] = s->items[i];
	}
	s->n_items = n;
}

/* Turns the two variables of each range round. Whether there is one. */
static bool turn_ranges(struct solver *s)
{
	bool has_any = false;

	for (size_t i = 0; i + 1 < s->n_items; i++) {
		struct item *item = &s->items[i], first = *item;

		if (item[0].v->range == RANGE_NONE || item[1].v->range == RANGE_NONE ||
		    item[0].v->range == item[1].v->range || relation_of(&item[0], &item[1]) != SAME_BLOCK)
			continue;
		item[0] = item[1];
		item[1] = first;
		has_any = true;
		i++;
	}
	return has_any;
}

/* Whether it says which of the places of its lines it is. */
static bool has_own_column(const struct rec_site *site)
{
	for (size_t i = 0; i < match_n_levels(site); i++) {
		struct rec_level level = match_level(site, i);

		if (!has_column(&level))
			return false;
	}
	return true;
}

/* Whether the variables' order is known beyond the compiler's last column: the source has all that are there. */
static bool is_known_beyond(const struct solver *s)
{
	for (size_t i = 0; i < s->n_items; i++) {
		const struct prediction *p = s->items[i].p;

		for (size_t k = 0; k <= p->n_inlined; k++) {
			if (!place_at(p, k).column)
				return false;
		}
	}
	return true;
}

static bool has_columns(const struct solver *s, const struct rec_site *site)
{
	return has_own_column(site) || is_known_beyond(s);
}

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->item != y->item)
		return x->item < y->item ? -1 : 1;
	return (x->site > y->site) - (x->site < y->site); /* in pc order */
}

/* SIZE_MAX if there is none. */
static size_t first_item(const struct solver *s, const struct rec_site *site)
{
	int least = COST_NEVER;
	size_t first = SIZE_MAX;

	for (size_t i = 0; i < s->n_items; i++) {
		int cost = cost_of_place(&s->items[i], site);

		if (cost >= least)
			continue;
		least = cost;
		first = i;
	}
	return first;
}

enum owner { OWNER_VARIABLES, OWNER_DISPUTED, OWNER_OTHER };

/* Whether another claim of its line may be of a site, for want of a column, and whether a variable may be its first. */
static enum owner owner_of(const struct solver *s, const struct others *others, size_t site)
{
	const struct rec_site *at = &s->rec->sites[site];
	const uint64_t *first =
		u64map_find(&others->on, match_place_key(s->m->site_file[site], match_level(at, 0).line));
	bool is_other = false, is_item = false;

	if (at->source || !at->type)
		return OWNER_VARIABLES;
	for (size_t i = first ? *first : 0; i; i = others->next[i - 1]) {
		const struct reading *r = &s->m->readings[i - 1];

		is_other |= fit_of(&s->m->set->items[i - 1], r, at, r->primary) >= FIT_POSSIBLE;
	}
	for (size_t i = 0; i < s->n_items && is_other; i++)
		is_item |= cost_of_first(&s->items[i], at) < COST_NEVER;
	return !is_other ? OWNER_VARIABLES : is_item ? OWNER_DISPUTED : OWNER_OTHER;
}

/*
 * False where the position of one of them is not known. Sites of one line that have no columns have one rank, but for
 * those of parameters, which are made one behind the other where the function begins.
 */
static bool gather_sites(struct solver *s, const struct function *f, const struct others *others)
{
	struct ranked *ranked = xcalloc(f->n_sites, sizeof(*ranked));
	bool ok = true;

	s->n_sites = 0;
	for (size_t k = 0; k < f->n_sites && ok; k++) {
		const struct rec_site *site = &s->rec->sites[f->sites[k]];
		size_t first = is_spoken_for(s->m, others, f->sites[k]) ? SIZE_MAX : first_item(s, site);

		ok = !site->source || has_columns(s, site) || (first == SIZE_MAX && !fit_is_merged(site));
		if (first == SIZE_MAX || owner_of(s, others, f->sites[k]) == OWNER_OTHER)
			continue;
		ok &= owner_of(s, others, f->sites[k]) != OWNER_DISPUTED;
		ranked[s->n_sites++] = (struct ranked){f->sites[k], first};
	}
	qsort(ranked, s->n_sites, sizeof(*ranked), compare_ranked);
	for (size_t k = 0; k < s->n_sites; k++) {
		const struct item *item = &s->items[ranked[k].item];
		bool is_tied = k > 0 && ranked[k - 1].item == ranked[k].item && !item->v->is_parameter &&
			       !has_own_column(&s->rec->sites[ranked[k].site]) &&
			       !has_own_column(&s->rec->sites[ranked[k - 1].site]);

		ARRAY_GROW(s->sites, k + 1, s->alloc_sites);
		ARRAY_GROW(s->ranks, k + 1, s->alloc_ranks);
		s->sites[k] = ranked[k].site;
		s->ranks[k] = is_tied ? s->ranks[k - 1] : k;
	}
	free(ranked);
	return ok && s->n_sites > 0;
}

static bool try_order(struct solver *s, const struct function *f, const struct others *others)
{
	return gather_sites(s, f, others) && solve(s);
}

/*
 * Since Go 1.22 the second variable of a range is made before the first; where the file's version is older the
 * variables of a loop are made once, in their own order. The order that explains more is taken.
 */
static void settle(struct solver *s, const struct function *f, const struct others *others)
{
	bool ok;
	int cost;

	s->layers = xcalloc(s->n_items + 1, sizeof(*s->layers));
	s->found = xcalloc(PATHS_MAX * s->n_items, sizeof(*s->found));
	ok = try_order(s, f, others);
	cost = s->cost;
	if (turn_ranges(s)) {
		bool ok_turned = try_order(s, f, others);

		if (!ok_turned || (ok && cost < s->cost)) {
			turn_ranges(s);
			ok = try_order(s, f, others);
		} else {
			ok = true;
		}
	}
	if (ok)
		make_groups(s);
	for (size_t i = 0; i <= s->n_items; i++)
		free(s->layers[i].items);
	free(s->layers);
	free(s->found);
}

/* Functions in which variables share objects, with all their sites of objects. */
static struct function *find_functions(const struct matching *m, size_t *n)
{
	struct u64map at = U64MAP_INIT;
	struct function *functions = NULL;
	size_t alloc = 0;

	*n = 0;
	for (size_t s = 0; s < m->rec->n_sites; s++) {
		const struct rec_site *site = &m->rec->sites[s];
		uint64_t *index;

		if (!fit_is_merged(site) || m->site_file[s] == NO_FILE || !site->n_frames)
			continue;
		index = u64map_at(&at, (uintptr_t)match_physical_function(site), NULL);
		if (*index)
			continue;
		ARRAY_GROW(functions, *n + 1, alloc);
		functions[(*n)++] = (struct function){.name = match_physical_function(site)};
		*index = *n;
	}
	for (size_t s = 0; s < m->rec->n_sites; s++) {
		const struct rec_site *site = &m->rec->sites[s];
		const uint64_t *index =
			site->n_frames ? u64map_find(&at, (uintptr_t)match_physical_function(site)) : NULL;
		struct function *f;

		if (!index || site->cause != CAUSE_NEW_OBJECT || m->site_group[s] != MATCH_NONE)
			continue;
		f = &functions[*index - 1];
		ARRAY_GROW(f->sites, f->n_sites + 1, f->alloc_sites);
		f->sites[f->n_sites++] = s;
	}
	u64map_release(&at);
	return functions;
}

static void index_others(const struct matching *m, struct others *others)
{
	*others = (struct others){.on = U64MAP_INIT, .next = xcalloc(m->set->n + 1, sizeof(*others->next))};
	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];
		uint64_t *first;

		if (p->claim != CLAIM_HEAP || p->kind == EXPR_MOVED || m->prediction_file[i] == NO_FILE)
			continue;
		first = u64map_at(&others->on, match_place_key(m->prediction_file[i], p->pos.line), NULL);
		others->next[i] = *first;
		*first = i + 1;
	}
}

void match_moved(struct matching *m)
{
	struct solver s = {.m = m, .rec = m->rec};
	struct others others;
	size_t n, n_moved = 0, *moved = xcalloc(m->set->n + 1, sizeof(*moved));
	struct function *functions = find_functions(m, &n);

	index_others(m, &others);
	for (size_t i = 0; i < m->set->n; i++) {
		s.has_types |= m->set->items[i].variable.presence == VARIABLE_LISTED;
		if (is_moved(m, i))
			moved[n_moved++] = i;
	}
	for (size_t i = 0; i < n; i++) {
		if (functions[i].n_sites) {
			gather_items(&s, moved, n_moved, &functions[i]);
			if (s.n_items && s.n_items < ITEMS_MAX)
				settle(&s, &functions[i], &others);
		}
		free(functions[i].sites);
	}
	u64map_release(&others.on);
	free(others.next);
	free(functions);
	free(moved);
	free(s.items);
	free(s.sites);
	free(s.ranks);
}
