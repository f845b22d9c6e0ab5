/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map literal is one prediction and many calls: the map itself and an insertion for each element. An insertion has
 * the position of the literal's brace, or of a constant value or key inside (cmd/compile/internal/walk, maplit); of
 * more than 25 constant elements there is one, at the last of them. The compiler says nothing of "m[k] = v": what it
 * makes is unpredicted.
 *
 * Where columns are known, or the words of a call, they tell an element from such a statement (match_position.c).
 * Elsewhere lines do. Between the lines of a literal's braces nothing else of its function stands. On these two lines
 * it may, unless the source says that there is no index beside the literal, or there are no more insertions than it has
 * elements. Of a log whose source is not known, a literal may reach as far as its function.
 *
 * What may be an element of a literal and may be none makes the literal's row ambiguous, with the objects of all that;
 * what may be an element of several makes them one row.
 */
#include "audit/match_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "symbolize/go_name.h"

/* More constant elements are inserted by a loop (maplit). */
#define LOOP_ELEMENTS 25

struct insertions {
	struct matching *m;
	size_t *literals; /* groups with one, by file and then in the order of the log */
	size_t n;
	struct u64map first_in; /* file -> the first literal there, + 1 */
	size_t *next;		/* + 1, in the same file */
	bool has_merged;
};

/* ---- types ------------------------------------------------------------------------------------------------------- */

bool match_is_filled_literal(const struct matching *m, size_t prediction)
{
	const struct prediction *p = &m->set->items[prediction];
	size_t len = p->expr ? strlen(p->expr) : 0;

	return len >= 5 && strcmp(p->expr + len - 5, "{...}") == 0 &&
	       (p->kind == EXPR_MAKE_MAP || m->readings[prediction].is_literal);
}

static bool makes_map(const struct matching *m, const struct match_group *group)
{
	return group->n_sites && m->rec->sites[group->sites[0]].cause == CAUSE_MAKE_MAP;
}

/* Appends a type as the source may have it as well as the runtime. */
static void add_plain(struct strbuf *sb, const char *type, size_t len)
{
	static const char *const aliases[][2] = {{"interface {}", "any"}, {"byte", "uint8"}, {"rune", "int32"}};

	for (size_t i = 0; i < len;) {
		size_t k = 0;

		while (k < ARRAY_SIZE(aliases) && strncmp(type + i, aliases[k][0], strlen(aliases[k][0])) != 0)
			k++;
		if (k < ARRAY_SIZE(aliases)) {
			strbuf_addstr(sb, aliases[k][1]);
			i += strlen(aliases[k][0]);
		} else {
			strbuf_addch(sb, type[i++]);
		}
	}
}

static bool is_same_type(struct matching *m, const char *said, size_t len, const char *type)
{
	struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;
	bool same;

	add_plain(&a, said, len);
	type = go_name_bare_type(m->pool, type);
	add_plain(&b, type, strlen(type));
	same = strcmp(strbuf_str(&a), strbuf_str(&b)) == 0;
	strbuf_release(&a);
	strbuf_release(&b);
	return same;
}

/* Whether the type that is written in the literal, "map[string]T" or "Values", contradicts the one that the call was
 * given. */
static bool is_other_map(struct matching *m, size_t prediction, const char *type)
{
	const char *said = m->bare_expr[prediction];

	if (!type || strstr(type, "go.shape.") || strstr(said, "go.shape."))
		return false;
	/* The names of instances are spelled in several ways. */
	if (m->set->items[prediction].kind != EXPR_MAKE_MAP && (strchr(said, '[') || strchr(type, '[')))
		return strncmp(type, "map[", 4) == 0;
	return !is_same_type(m, said, strlen(said) - strlen("{...}"), type);
}

/* ---- places ------------------------------------------------------------------------------------------------------ */

static const struct rec_frame *outermost(const struct rec_site *site)
{
	return &site->frames[site->n_frames - 1];
}

/* Whether a site is in the function that the literal is in, and inlined at the same place, as far as both are known. */
static bool is_beside(const struct matching *m, const struct prediction *p, size_t s)
{
	const struct rec_site *site = &m->rec->sites[s];

	if (!p->inlined_known && !p->literal.last_line)
		return true;
	if (site->n_frames != p->n_inlined + 1)
		return false;
	for (size_t i = 0; i < p->n_inlined; i++) {
		if (site->frames[site->n_frames - 1 - i].line != (i ? p->inlined[i - 1].line : p->pos.line))
			return false;
	}
	return strcmp(path_base(site->frames[0].file), path_base(prediction_place(p)->file)) == 0;
}

/* Whether the function of the call itself has code on the literal's line or before it. */
static bool reaches_back(const struct matching *m, const struct prediction *p, size_t s)
{
	const struct rec_site *site = &m->rec->sites[s];
	const struct rec_extent *extent = match_extent(m, m->site_file[s], outermost(site)->function);

	return extent && extent->first <= p->pos.line && p->pos.line <= extent->last;
}

/*
 * Where a function literal inside of the literal begins on the line of its brace, nothing tells whose the insertion is;
 * where the function begins behind that line, it is not the one that the literal is in. Initialisers of variables are
 * in no function of the source.
 */
static enum match_part part_by_function(const struct matching *m, const struct prediction *p, size_t s)
{
	const struct rec_frame *inner = &m->rec->sites[s].frames[0];
	const struct rec_extent *extent;
	size_t n = strlen(inner->function);
	int start = inner->start_line;

	if ((p->literal.last_line && !p->literal.has_function) || strstr(inner->function, ".map.init.") ||
	    (n > 5 && strcmp(inner->function + n - 5, ".init") == 0))
		return MATCH_PART_SURE;
	if (!start) {
		extent = match_extent(m, m->site_file[s], inner->function);
		start = extent ? extent->first : 0;
	}
	if (start > prediction_place(p)->line)
		return MATCH_PART_OTHER;
	return start < prediction_place(p)->line || !p->literal.last_line ? MATCH_PART_SURE : MATCH_PART_PERHAPS;
}

/* By lines alone. */
static enum match_part part_by_line(const struct matching *m, const struct prediction *p, size_t s)
{
	const struct rec_site *site = &m->rec->sites[s];
	/* Which function an inlined call's claim is of is not known. */
	bool is_known = p->inlined_known || p->literal.last_line;
	int line = is_known ? site->frames[0].line : outermost(site)->line;
	int first = is_known ? prediction_place(p)->line : p->pos.line, last = p->literal.last_line;

	if (line < first || (last && line > last) || !is_beside(m, p, s))
		return MATCH_PART_OTHER;
	if (last)
		return p->literal.is_alone || (line > first && line < last) ? MATCH_PART_SURE : MATCH_PART_PERHAPS;
	if (line == first)
		return MATCH_PART_PERHAPS;
	return (is_known || site->n_frames == 1) && reaches_back(m, p, s) ? MATCH_PART_PERHAPS : MATCH_PART_OTHER;
}

static bool has_column(const struct rec_site *site)
{
	return site->source && !match_has_no_column(site) && !match_is_vague(site);
}

static enum match_part part_of(struct matching *m, const struct match_group *group, size_t prediction, size_t s)
{
	const struct prediction *p = &m->set->items[prediction];
	const struct rec_site *site = &m->rec->sites[s];
	enum match_part part, by_function;

	if (m->prediction_file[prediction] != m->site_file[s] || !match_is_filled_literal(m, prediction) ||
	    !fit_insertion(p, &m->readings[prediction], site, makes_map(m, group)) ||
	    (!has_column(site) && is_other_map(m, prediction, site->type)))
		return MATCH_PART_OTHER;
	by_function = p->inlined_known || p->literal.last_line ? part_by_function(m, p, s) : MATCH_PART_SURE;
	if (by_function == MATCH_PART_OTHER)
		return MATCH_PART_OTHER;
	if (!site->source) {
		part = part_by_line(m, p, s);
		return part < by_function ? part : by_function;
	}
	/* Of a row with several literals a site may be another's. */
	part = match_part(p, group->n_predictions == 1 && group->n_sites ? &m->rec->sites[group->sites[0]] : NULL, site,
			  by_function == MATCH_PART_SURE);
	if (part == MATCH_PART_PERHAPS && !reaches_back(m, p, s))
		return MATCH_PART_OTHER;
	return part;
}

static enum match_part part_of_group(struct matching *m, size_t group, size_t s)
{
	enum match_part best = MATCH_PART_OTHER;

	for (size_t k = 0; k < m->groups[group].n_predictions; k++) {
		enum match_part part = part_of(m, &m->groups[group], m->groups[group].predictions[k], s);

		best = part > best ? part : best;
	}
	return best;
}

static bool is_insertion(const struct matching *m, size_t s)
{
	return m->rec->sites[s].cause == CAUSE_MAP_GROWTH && m->site_file[s] != NO_FILE;
}

/* How many insertions a literal has at least, and, of few elements, at most. */
static size_t least_insertions(const struct matching *m, const struct match_group *group)
{
	size_t n = m->set->items[group->predictions[0]].literal.n_elements;

	return n && n <= LOOP_ELEMENTS ? n : 1;
}

/* Whether all that may be elements of the literal are no more than it has: in that function, where the literal has no
 * other one inside. */
static bool are_all_elements(struct matching *m, size_t group, size_t s)
{
	const struct literal_source *literal = &m->set->items[m->groups[group].predictions[0]].literal;
	const char *function = match_physical_function(&m->rec->sites[s]);
	bool is_alone = literal->last_line && !literal->has_function;
	size_t n = 0;

	for (size_t i = 0; i < m->files[m->site_file[s]].n_sites; i++) {
		size_t t = m->files[m->site_file[s]].sites[i];

		n += is_insertion(m, t) && (!is_alone || match_physical_function(&m->rec->sites[t]) == function) &&
		     part_of_group(m, group, t) != MATCH_PART_OTHER;
	}
	return n <= least_insertions(m, &m->groups[group]);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static int lines_of(const struct matching *m, size_t group)
{
	const struct match_group *g = &m->groups[group];
	const struct rec_source *source = g->n_sites ? m->rec->sites[g->sites[0]].source : NULL;
	const struct prediction *p = &m->set->items[g->predictions[0]];

	if (p->literal.last_line)
		return p->literal.last_line - prediction_place(p)->line;
	return source ? source->last_line - source->first_line : 0;
}

static enum claim claim_of(const struct matching *m, size_t group)
{
	return m->set->items[m->groups[group].predictions[0]].claim;
}

static int compare_indexes(const void *a, const void *b)
{
	const size_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The second one's row is the first one's from then on. */
static void merge(struct insertions *ins, size_t into, size_t from)
{
	struct matching *m = ins->m;

	for (size_t i = 0; i < m->groups[from].n_predictions; i++)
		match_group_add_prediction(m, &m->groups[into], m->groups[from].predictions[i]);
	for (size_t i = 0; i < m->groups[from].n_sites; i++)
		match_group_add_site(m, &m->groups[into], m->groups[from].sites[i]);
	qsort(m->groups[into].predictions, m->groups[into].n_predictions, sizeof(size_t), compare_indexes);
	m->groups[from].n_predictions = m->groups[from].n_sites = 0;
	ins->has_merged = true;
}

/*
 * One row of those that may have the insertion and have one claim; the others are marked. The row of those that are
 * said to escape has it, if there are any.
 */
static size_t join(struct insertions *ins, const size_t *candidates, size_t n)
{
	struct matching *m = ins->m;
	size_t into = candidates[0];

	for (size_t i = 0; i < n; i++) {
		m->groups[candidates[i]].ambiguous = true;
		if (claim_of(m, candidates[i]) == CLAIM_HEAP && claim_of(m, into) != CLAIM_HEAP)
			into = candidates[i];
	}
	for (size_t i = 0; i < n; i++) {
		if (candidates[i] != into && claim_of(m, candidates[i]) == claim_of(m, into))
			merge(ins, into, candidates[i]);
	}
	return into;
}

/* The literals that an insertion may be of: those of which it is sure to be one, if there are such. */
static size_t find_candidates(struct insertions *ins, size_t s, size_t *candidates, enum match_part *sure)
{
	struct matching *m = ins->m;
	const uint64_t *first = u64map_find(&ins->first_in, m->site_file[s]);
	size_t n = 0;

	*sure = MATCH_PART_PERHAPS;
	for (size_t i = first ? *first : 0; i; i = ins->next[i - 1]) {
		size_t group = ins->literals[i - 1];
		enum match_part part = m->groups[group].n_predictions ? part_of_group(m, group, s) : MATCH_PART_OTHER;

		if (part == MATCH_PART_OTHER || part < *sure)
			continue;
		if (part > *sure)
			n = 0;
		*sure = part;
		candidates[n++] = group;
	}
	return n;
}

static bool begins_behind(const struct matching *m, size_t a, size_t b)
{
	const struct position *x = prediction_place(&m->set->items[m->groups[a].predictions[0]]);
	const struct position *y = prediction_place(&m->set->items[m->groups[b].predictions[0]]);

	return x->line != y->line ? x->line > y->line : x->column > y->column;
}

static bool is_at_one_place(const struct matching *m, size_t a, size_t b)
{
	return !begins_behind(m, a, b) && !begins_behind(m, b, a);
}

/* Of literals around an insertion whose columns are known, the innermost; of as many lines, the one that begins last.
 * MATCH_NONE if there are several at one position: those of an inlined call that stay have the position of the call. */
static size_t innermost(const struct matching *m, const size_t *candidates, size_t n)
{
	size_t best = candidates[0];

	for (size_t i = 1; i < n; i++) {
		int more = lines_of(m, candidates[i]) - lines_of(m, best);

		if (more < 0 || (more == 0 && begins_behind(m, candidates[i], best)))
			best = candidates[i];
	}
	for (size_t i = 0; i < n; i++) {
		if (candidates[i] != best && is_at_one_place(m, candidates[i], best))
			return MATCH_NONE;
	}
	return best;
}

static void place_insertion(struct insertions *ins, size_t s, size_t *candidates)
{
	struct matching *m = ins->m;
	enum match_part sure;
	size_t n = find_candidates(ins, s, candidates, &sure), group;

	if (n == 0)
		return;
	if (n == 1)
		group = candidates[0];
	else
		group = has_column(&m->rec->sites[s]) ? innermost(m, candidates, n) : MATCH_NONE;
	if (group == MATCH_NONE && !m->is_seen[s])
		return;
	if (group == MATCH_NONE)
		group = join(ins, candidates, n);
	if (sure == MATCH_PART_PERHAPS && m->is_seen[s] && !are_all_elements(m, group, s))
		m->groups[group].ambiguous = true;
	match_group_add_site(m, &m->groups[group], s);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* Takes out the groups whose predictions are in others now. */
static void drop_empty(struct matching *m)
{
	size_t n = 0;

	for (size_t g = 0; g < m->n_groups; g++) {
		if (!m->groups[g].n_predictions) {
			free(m->groups[g].predictions);
			free(m->groups[g].sites);
			continue;
		}
		for (size_t i = 0; i < m->groups[g].n_sites; i++)
			m->site_group[m->groups[g].sites[i]] = n;
		m->groups[n++] = m->groups[g];
	}
	m->n_groups = n;
}

static void find_literals(struct insertions *ins)
{
	struct matching *m = ins->m;
	struct u64map last_in = U64MAP_INIT;

	for (size_t g = 0; g < m->n_groups; g++) {
		uint32_t file = m->prediction_file[m->groups[g].predictions[0]];
		uint64_t *last;
		bool may = false;

		for (size_t i = 0; i < m->groups[g].n_predictions && !may; i++)
			may = match_is_filled_literal(m, m->groups[g].predictions[i]);
		if (!may || file == NO_FILE)
			continue;
		ins->literals[ins->n++] = g;
		last = u64map_at(&last_in, file, NULL);
		if (*last)
			ins->next[*last - 1] = ins->n;
		else
			*u64map_at(&ins->first_in, file, NULL) = ins->n;
		*last = ins->n;
	}
	u64map_release(&last_in);
}

void match_insertions(struct matching *m)
{
	struct insertions ins = {.m = m, .first_in = U64MAP_INIT};
	size_t *candidates = xcalloc(m->n_groups + 1, sizeof(*candidates));

	ins.literals = xcalloc(m->n_groups + 1, sizeof(*ins.literals));
	ins.next = xcalloc(m->n_groups + 1, sizeof(*ins.next));
	find_literals(&ins);
	/* Twice: what a literal on the stack reaches over may be known once it has an insertion of its own. */
	for (size_t i = 0; i < m->rec->n_sites * 2; i++) {
		size_t s = i % m->rec->n_sites;

		if (is_insertion(m, s) && m->site_group[s] == MATCH_NONE)
			place_insertion(&ins, s, candidates);
	}
	if (ins.has_merged)
		drop_empty(m);
	free(candidates);
	free(ins.literals);
	free(ins.next);
	u64map_release(&ins.first_in);
}
