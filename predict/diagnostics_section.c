/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a section is over: explanations find the predictions they explain, names that may be parameters are settled, and
 * the sections of one package, of which there may be several, are counted as one. diagnostics.c says by which rules.
 */
#include "predict/diagnostics_internal.h"

#include <stdlib.h>

#include "base/memory.h"

/* Predictions of one position and text, in order. */
struct group {
	struct position pos;
	const char *expr; /* NULL: any text */
	size_t first;
	size_t last;
	size_t cursor; /* takes the next explanation */
	bool full;     /* every prediction has one; the last takes whatever else comes */
};

static uint64_t key_of(const struct position *pos, const char *expr)
{
	uint64_t h = u64_mix(0x2545f491, (uint64_t)(uintptr_t)pos->file);

	h = u64_mix(h, (uint64_t)(uint32_t)pos->line << 32 | (uint32_t)pos->column);
	return u64_mix(h, (uint64_t)(uintptr_t)expr);
}

static bool same_position(const struct position *a, const struct position *b)
{
	return a->file == b->file && a->line == b->line && a->column == b->column;
}

/* Groups by key; a collision of 64-bit keys is resolved by trying the next key. */
struct groups {
	struct u64map map;
	struct group *items;
	size_t n, alloc;
	size_t *next; /* per prediction of the section: the next of its group */
	size_t base;  /* the section's first prediction */
};

static struct group *group_find(struct groups *groups, const struct position *pos, const char *expr)
{
	for (uint64_t key = key_of(pos, expr);; key++) {
		uint64_t *slot = u64map_find(&groups->map, key);
		struct group *g;

		if (!slot)
			return NULL;
		g = &groups->items[*slot];
		if (g->expr == expr && same_position(&g->pos, pos))
			return g;
	}
}

static void group_add(struct groups *groups, const struct position *pos, const char *expr, size_t item)
{
	struct group *g = group_find(groups, pos, expr);
	uint64_t key = key_of(pos, expr);

	groups->next[item - groups->base] = NONE;
	if (g) {
		groups->next[g->last - groups->base] = item;
		g->last = item;
		return;
	}
	while (u64map_find(&groups->map, key))
		key++;
	ARRAY_GROW(groups->items, groups->n + 1, groups->alloc);
	groups->items[groups->n] =
		(struct group){.pos = *pos, .expr = expr, .first = item, .last = item, .cursor = item};
	*u64map_at(&groups->map, key, NULL) = groups->n++;
}

static void groups_init(struct groups *groups, size_t base, size_t n)
{
	*groups = (struct groups){.map = U64MAP_INIT, .base = base};
	groups->next = xcalloc(n, sizeof(*groups->next));
}

static void groups_release(struct groups *groups)
{
	u64map_release(&groups->map);
	free(groups->items);
	free(groups->next);
}

/* The next prediction of the group to be explained; the last one takes whatever is left. */
static size_t group_take(struct groups *groups, struct group *g)
{
	size_t item = g->cursor;

	if (groups->next[item - groups->base] != NONE)
		g->cursor = groups->next[item - groups->base];
	else
		g->full = true;
	return item;
}

static size_t add_wrapper(struct reader *r, const struct explanation *e)
{
	struct prediction *p = predictions_add(r->set);

	p->claim = CLAIM_HEAP;
	p->kind = EXPR_FUNC_LIT;
	p->package = r->package;
	p->pos = e->pos;
	p->expr = e->expr;
	p->wrapper = true;
	return r->set->n - 1;
}

/* Finds the prediction of every explanation; by_text has the section's heap predictions. */
static void pair_explanations(struct reader *r, struct groups *by_text)
{
	struct predictions *set = r->set;
	size_t end = set->n; /* wrappers are added behind it */
	bool *explained = xcalloc(end - r->first + 1, sizeof(*explained));
	const char *append = strpool_add(set->pool, "append");
	struct groups by_position;
	size_t left = 0;

	for (size_t i = 0; i < r->n_explanations; i++) {
		struct explanation *e = &r->explanations[i];
		struct group *g = e->item == NONE && !e->is_address ? group_find(by_text, &e->pos, e->expr) : NULL;

		if ((!g || g->full) && e->item == NONE && strncmp(e->expr, "append(", 7) == 0) {
			struct group *appends = group_find(by_text, &e->pos, append);

			if (appends)
				g = appends;
		}
		if (g)
			e->item = group_take(by_text, g);
		if (e->item == NONE)
			left += !e->is_address;
		else
			explained[e->item - r->first] = true;
	}

	if (left) {
		groups_init(&by_position, r->first, end - r->first);
		for (size_t i = r->first; i < end; i++) {
			if (set->items[i].claim == CLAIM_HEAP && !explained[i - r->first])
				group_add(&by_position, &set->items[i].pos, NULL, i);
		}
		for (size_t i = 0; i < r->n_explanations; i++) {
			struct explanation *e = &r->explanations[i];
			struct group *g;

			if (e->item != NONE || e->is_address)
				continue;
			g = group_find(&by_position, &e->pos, NULL);
			if (strcmp(e->expr, "func literal") == 0)
				e->item = add_wrapper(r, e);
			else if (g)
				e->item = group_take(&by_position, g);
		}
		groups_release(&by_position);
	}
	free(explained);
}

/* What the compiler makes of its own has a place for a position, and no line of anybody's. */
static bool is_without_column(const struct position *pos)
{
	return pos->column == 0 && strcmp(pos->file, "<autogenerated>") != 0;
}

/*
 * A slice or string that is boxed gives two predictions of the same text: the backing array, and the header that the
 * conversion copies to the heap. The array's flow shows which is which:
 *
 *     flow: {storage for E} = &{storage for E}:
 *     from E (spill) at ./m.go:41:14
 *     from E (interface-converted) at ./m.go:41:14
 *
 * so the other prediction at that place is the conversion's operand. On a line without columns there may be others in
 * the same words, and which of them is the one is not known.
 */
static bool is_told_apart(const struct groups *by_text, const struct group *g)
{
	size_t second = by_text->next[g->first - by_text->base];

	return !is_without_column(&g->pos) || second == NONE || by_text->next[second - by_text->base] == NONE;
}

static void mark_boxed(struct reader *r, struct groups *by_text, const struct explanation *e)
{
	struct predictions *set = r->set;
	const struct prediction *inner = &set->items[e->item];
	const struct flow_step *const *flow;
	struct position pos;
	const char *file;
	struct group *g;

	if (e->n < 3 || inner->kind == EXPR_MOVED)
		return;
	flow = &r->flow[e->first];
	if (flow[0]->kind != FLOW_INTO || !flow[0]->into_storage || strcmp(flow[0]->into, e->expr) != 0 ||
	    flow[2]->kind != FLOW_STEP || strcmp(flow[2]->reason, "interface-converted") != 0)
		return;
	file = flow[2]->pos.file;
	pos = flow[2]->pos;
	pos.file = file ? strpool_find(set->pool, file, strlen(file)) : NULL;
	g = pos.file ? group_find(by_text, &pos, inner->expr) : NULL;
	if (g && g->first != e->item && is_told_apart(by_text, g))
		set->items[g->first].kind = EXPR_OTHER;
}

/* Gives the explanations' steps to their predictions, and the reason of the last step. */
static void hand_out_flow(struct reader *r, const bool *drop)
{
	struct predictions *set = r->set;
	const struct flow_step ***room = xcalloc(set->n - r->first + 1, sizeof(*room));

	for (size_t i = 0; i < r->n_explanations; i++) {
		const struct explanation *e = &r->explanations[i];

		if (e->item != NONE && !drop[e->item - r->first])
			set->items[e->item].n_flow += e->n;
	}
	for (size_t i = r->first; i < set->n; i++) {
		struct prediction *p = &set->items[i];

		p->flow = room[i - r->first] = flow_array(set->flow, p->n_flow);
	}
	for (size_t i = 0; i < r->n_explanations; i++) {
		const struct explanation *e = &r->explanations[i];
		struct prediction *p;

		if (e->item == NONE || drop[e->item - r->first])
			continue;
		p = &set->items[e->item];
		if (!p->function)
			p->function = e->function;
		for (size_t k = 0; k < e->n; k++) {
			const struct flow_step *step = r->flow[e->first + k];

			if (r->section_flow)
				step = flow_add_copy(set->flow, step);
			if (step->kind == FLOW_STEP)
				p->reason = step->reason;
			*room[e->item - r->first]++ = step;
		}
	}
	free(room);
}

/*
 * On a line without columns claims of several functions, of a literal and of what it was inlined into, may be in the
 * same words: which of them is which function's is not known.
 */
static void forget_functions(struct reader *r, const struct groups *by_text)
{
	for (size_t i = 0; i < by_text->n; i++) {
		const struct group *g = &by_text->items[i];
		bool differ = false;

		for (size_t k = g->first; is_without_column(&g->pos) && k != NONE; k = by_text->next[k - by_text->base])
			differ |= r->set->items[k].function != r->set->items[g->first].function;
		for (size_t k = g->first; differ && k != NONE; k = by_text->next[k - by_text->base])
			r->set->items[k].function = NULL;
	}
}

static int by_file_and_line(const void *a, const void *b)
{
	const struct function_line *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

/* The nearest function line at or above. */
static struct function_line *function_above(struct reader *r, const struct event *e)
{
	size_t low = 0, high = r->n_functions;
	struct function_line key = {.file = e->file, .line = e->line};

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (by_file_and_line(&r->functions[mid], &key) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low && r->functions[low - 1].file == e->file ? &r->functions[low - 1] : NULL;
}

/* Decides which bare names that do not escape are parameters, and drops those: the comment at the top has the rule. */
static void settle_parameters(struct reader *r, bool *drop)
{
	struct predictions *set = r->set;
	size_t n = 0;

	if (!r->all_functions) {
		for (size_t i = 0; i < r->n_events; i++) {
			if (r->events[i].kind != EVENT_PARAMETER)
				continue;
			ARRAY_GROW(r->functions, r->n_functions + 1, r->alloc_functions);
			r->functions[r->n_functions++] =
				(struct function_line){.file = r->events[i].file, .line = r->events[i].line};
		}
	}
	if (r->n_functions)
		qsort(r->functions, r->n_functions, sizeof(*r->functions), by_file_and_line);
	for (size_t i = 0; i < r->n_functions; i++) {
		if (n && by_file_and_line(&r->functions[n - 1], &r->functions[i]) == 0)
			continue;
		r->functions[n] = r->functions[i];
		r->functions[n].first_allocation = NONE;
		r->functions[n++].last_parameter = NONE;
	}
	r->n_functions = n;

	for (size_t i = 0; i < r->n_events; i++) {
		struct function_line *f = function_above(r, &r->events[i]);

		if (f && r->events[i].kind == EVENT_PARAMETER)
			f->last_parameter = i;
		else if (f && r->events[i].kind == EVENT_ALLOCATION && f->first_allocation == NONE)
			f->first_allocation = i;
	}
	for (size_t i = 0; i < r->n_events; i++) {
		const struct event *e = &r->events[i];
		struct function_line *f;

		if (e->kind != EVENT_UNDECIDED)
			continue;
		f = function_above(r, e);
		if (f && f->line == e->line)
			drop[e->item - r->first] = true;
		else if (f && r->all_functions && f->last_parameter != NONE && f->last_parameter > i)
			drop[e->item - r->first] = true;
		else if (f && r->all_functions && f->first_allocation < i)
			set->items[e->item].maybe_parameter = false;
	}
}

static struct count *count_of(struct reader *r, const struct prediction *p)
{
	uint64_t key =
		u64_mix(key_of(&p->pos, p->expr), (uintptr_t)p->package ^ (uint64_t)p->claim ^ (uint64_t)p->kind << 8);
	uint64_t *slot;
	bool is_new;

	for (;; key++) { /* a collision of 64-bit keys is resolved by trying the next key */
		const struct count *c;

		slot = u64map_at(&r->count_at, key, &is_new);
		if (is_new)
			break;
		c = &r->counts[*slot];
		if (c->package == p->package && c->expr == p->expr && c->claim == p->claim && c->kind == p->kind &&
		    same_position(&c->pos, &p->pos))
			return &r->counts[*slot];
	}
	*slot = r->n_counts;
	ARRAY_GROW(r->counts, r->n_counts + 1, r->alloc_counts);
	r->counts[r->n_counts] = (struct count){
		.package = p->package, .pos = p->pos, .expr = p->expr, .claim = p->claim, .kind = p->kind};
	return &r->counts[r->n_counts++];
}

/*
 * A package may come more than once: compiled again for a test ("# p" and "# p [p.test]"), or in a log of several
 * builds. The same allocation is one prediction all the same, so of each (position, text, claim) the section that has
 * most counts.
 */
static void merge_section(struct reader *r, bool *drop)
{
	struct predictions *set = r->set;
	struct section *first;
	uint64_t *slot;
	bool is_new;

	slot = u64map_at(&r->section_of, (uintptr_t)r->package, &is_new);
	if (is_new) {
		*slot = r->n_sections;
		ARRAY_GROW(r->sections, r->n_sections + 1, r->alloc_sections);
		r->sections[r->n_sections++] = (struct section){.first = r->first, .end = r->first};
		for (size_t i = r->first; i < set->n; i++) /* what will be left of it */
			r->sections[*slot].end += !drop[i - r->first];
		return;
	}
	first = &r->sections[*slot];
	for (size_t i = first->first; !first->counted && i < first->end; i++)
		count_of(r, &set->items[i])->most++;
	first->counted = true;
	r->number++;
	for (size_t i = r->first; i < set->n; i++) {
		struct count *c;

		if (drop[i - r->first])
			continue;
		c = count_of(r, &set->items[i]);
		if (c->section != r->number)
			c->here = 0;
		c->section = r->number;
		if (++c->here > c->most)
			c->most = c->here;
		else
			drop[i - r->first] = true;
	}
}

void section_settle(struct reader *r)
{
	struct predictions *set = r->set;
	size_t kept = r->first;
	struct groups by_text;
	bool *drop;

	groups_init(&by_text, r->first, set->n - r->first);
	for (size_t i = r->first; i < set->n; i++) {
		if (set->items[i].claim == CLAIM_HEAP)
			group_add(&by_text, &set->items[i].pos, set->items[i].expr, i);
	}
	pair_explanations(r, &by_text);
	for (size_t i = 0; i < r->n_explanations; i++) {
		if (r->explanations[i].item != NONE)
			mark_boxed(r, &by_text, &r->explanations[i]);
	}
	drop = xcalloc(set->n - r->first + 1, sizeof(*drop));
	settle_parameters(r, drop);
	merge_section(r, drop);
	hand_out_flow(r, drop);
	forget_functions(r, &by_text);
	groups_release(&by_text);
	for (size_t i = r->first; i < set->n; i++) {
		if (!drop[i - r->first])
			set->items[kept++] = set->items[i];
	}
	set->n = kept;
	free(drop);
}
