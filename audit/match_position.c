/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Predictions and sites whose source is known meet where the compiler reports both: at one position, on every level of
 * the inline chain. At a position several values can be made, one in the other: what is boxed, and the box; a claim of
 * staying and one of escaping, for different instances. Cause and type say which of them a site makes.
 *
 * Some values are made by the statement that they stand in, and their calls have its position: an append, a literal or
 * a concatenation that is assigned has that of the assignment operator, what is returned or handed over without a word
 * of conversion has that of the return or the call (cmd/compile/internal/walk, which gives what it makes the position
 * of the node it is at). Such a site takes from among the predictions inside its statement.
 */
#include "audit/match_internal.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "audit/words.h"
#include "base/keymap.h"
#include "base/memory.h"
#include "recording/place.h"

/* What a line's predictions are found by. Entries are prediction + 1, in the order of columns. */
struct positions {
	struct u64map at; /* file, line and column -> first */
	struct u64map on; /* file and line -> first */
	size_t *next_at, *next_on;
};

static uint64_t position_key(uint32_t file, int line, int column)
{
	return u64_mix(match_place_key(file, line), (uint64_t)column + 1);
}

static bool takes_part(const struct matching *m, size_t i)
{
	const struct prediction *p = &m->set->items[i];

	return !m->is_matched[i] && m->prediction_file[i] != NO_FILE && p->pos.line > 0 && !p->maybe_parameter;
}

static void index_predictions(const struct matching *m, struct positions *pos)
{
	*pos = (struct positions){.at = U64MAP_INIT, .on = U64MAP_INIT};
	pos->next_at = xcalloc(m->set->n + 1, sizeof(*pos->next_at));
	pos->next_on = xcalloc(m->set->n + 1, sizeof(*pos->next_on));
	for (size_t i = m->set->n; i-- > 0;) { /* backwards, so that the lists run in the order of the log */
		const struct prediction *p = &m->set->items[i];
		uint64_t *first;

		if (!takes_part(m, i))
			continue;
		first = u64map_at(&pos->at, position_key(m->prediction_file[i], p->pos.line, p->pos.column), NULL);
		pos->next_at[i] = *first;
		*first = i + 1;
		first = u64map_at(&pos->on, match_place_key(m->prediction_file[i], p->pos.line), NULL);
		pos->next_on[i] = *first;
		*first = i + 1;
	}
}

static void release_positions(struct positions *pos)
{
	u64map_release(&pos->at);
	u64map_release(&pos->on);
	free(pos->next_at);
	free(pos->next_on);
}

/* ---- one position ------------------------------------------------------------------------------------------------ */

bool match_is_place(const struct position *pos, const struct rec_level *level)
{
	if (pos->line != level->line)
		return false;
	if (pos->column)
		return !level->column || pos->column == level->column;
	return !level->column || level->column == REC_COLUMN_BEYOND;
}

/* How many levels are not the runtime's own: what it inlines is no place of a user's. */
static size_t user_levels(const struct rec_site *site)
{
	size_t inner = (size_t)(place_innermost(site->frames, site->n_frames) - site->frames);

	return site->source->n_levels > inner ? site->source->n_levels - inner : 0;
}

size_t match_n_levels(const struct rec_site *site)
{
	return site->source ? site->source->n_levels : site->n_frames;
}

struct rec_level match_level(const struct rec_site *site, size_t from_outermost)
{
	size_t i = match_n_levels(site) - 1 - from_outermost;

	return site->source ? site->source->levels[i] : (struct rec_level){.line = site->frames[i].line};
}

bool match_levels_agree(const struct prediction *p, const struct rec_site *site, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct rec_level level = match_level(site, i);

		if (!match_is_place(i ? &p->inlined[i - 1] : &p->pos, &level))
			return false;
		if (!p->inlined_known)
			return true;
	}
	return true;
}

/* Copies text without blanks and parentheses, up to a byte of `end`, or the end of what was cut short. */
static void squeeze(char *out, size_t size, const char *text, const char *end)
{
	size_t n = 0;

	for (; *text && !strchr(end, *text) && strncmp(text, "…", 3) != 0 && n + 1 < size; text++) {
		if (!strchr(" ()", *text))
			out[n++] = *text;
	}
	out[n] = '\0';
}

/*
 * Beyond the columns that the compiler reports, and behind a line directive without one, the values of a line have one
 * position: there the words decide.
 */
static enum words words_of(const struct prediction *p, const struct rec_site *site)
{
	enum words words, of_operand;
	size_t start, end;
	const char *open;
	char *operand;

	if (p->kind == EXPR_ARGUMENT || !p->expr)
		return WORDS_PART;
	words = words_compare(p->expr, site->source->expr);
	/* "any(s)" is made where s stands */
	open = site->cause == CAUSE_INTERFACE_CONVERSION && p->kind == EXPR_OTHER ? strchr(p->expr, '(') : NULL;
	if (words >= WORDS_SAME || !open ||
	    !expr_argument(p->expr, strlen(p->expr), (size_t)(open - p->expr), 0, &start, &end) ||
	    end + 1 != strlen(p->expr))
		return words;
	operand = xstrndup(p->expr + start, end - start);
	of_operand = words_compare(operand, site->source->expr);
	free(operand);
	return of_operand > words ? of_operand : words;
}

bool match_is_vague(const struct rec_site *site)
{
	int column = site->source ? site->source->levels[site->source->n_levels - 1].column : -1;

	return column == 0 || column == REC_COLUMN_BEYOND;
}

bool match_has_words(const struct prediction *p, const struct rec_site *site)
{
	return match_has_no_column(site) && words_of(p, site) >= WORDS_SAME;
}

/* The prediction's text is the source's, as far as that is kept. */
static bool same_words(const char *text, const struct rec_site *site)
{
	char said[128], source[128];
	size_t n;

	squeeze(said, sizeof(said), text, "");
	squeeze(source, sizeof(source), site->source->expr, "");
	n = strlen(source);
	return n && strncmp(said, source, n) == 0 && (!said[n] || strstr(site->source->expr, "…"));
}

/* The conversion of an inlined parameter, or of an integer to a string, has the position of what is converted. */
static bool converts_it(const char *text, const struct rec_site *site)
{
	size_t len = strlen(text), start, end;
	const char *open = *text == '(' ? strstr(text, ")(") : strchr(text, '(');
	bool is_same;
	char *operand;

	if (site->cause != CAUSE_STRING_CONVERSION || !open)
		return false;
	open += *open == ')';
	if (!expr_argument(text, len, (size_t)(open - text), 0, &start, &end) || end + 1 != len)
		return false;
	operand = xstrndup(text + start, end - start);
	is_same = same_words(operand, site);
	free(operand);
	return is_same;
}

/* In a prediction's own words or without package names, which the source has not where the function stands. */
static bool is_told_by_words(const struct matching *m, size_t prediction, const struct rec_site *site)
{
	const char *said = m->set->items[prediction].expr, *bare = m->bare_expr[prediction];

	if (!said || !site->source->expr || !*site->source->expr)
		return false;
	return same_words(said, site) || same_words(bare, site) || converts_it(bare, site);
}

bool match_has_no_column(const struct rec_site *site)
{
	int column = site->source ? site->source->levels[0].column : -1;

	return (column == 0 || column == REC_COLUMN_BEYOND) && site->source->expr && *site->source->expr;
}

/*
 * What an inlined call is handed, and what it returns, is made at the call: one level less than it is written at.
 * Without a column the call is any of its line (match_fallback.c).
 */
static bool is_at_call(const struct prediction *p, const struct rec_site *site)
{
	return p->inlined_known && p->n_inlined == site->source->n_levels && !match_has_no_column(site) &&
	       match_levels_agree(p, site, p->n_inlined);
}

static bool is_at(const struct prediction *p, const struct rec_site *site)
{
	if (p->inlined_known && p->n_inlined + 1 != site->source->n_levels && p->n_inlined + 1 != user_levels(site))
		return false;
	return match_levels_agree(p, site, p->n_inlined + 1) &&
	       (!match_has_no_column(site) || words_of(p, site) >= WORDS_SAME);
}

/* What a text says of the value itself goes before what else it may mean. */
#define PRIMARY_FIT   8
#define WORDS_SCORE   3 /* more than words add */
#define PRIMARY_SCORE (WORDS_SCORE * PRIMARY_FIT)
/* Without columns, the source's very words before all that, and of what is boxed what has no other call of its own. */
#define EXACT_SCORE   (8 * PRIMARY_FIT)
#define OPERAND_SCORE (4 * PRIMARY_FIT)

static int fit_score(const struct prediction *p, const struct reading *r, const struct rec_site *site)
{
	enum fit fit;

	if (site->cause == CAUSE_INTERFACE_CONVERSION) {
		fit = fit_of_box(p, r, site);
		return fit != FIT_NONE ? PRIMARY_FIT + (int)fit : 0;
	}
	fit = fit_of(p, r, site, r->primary);
	if (fit != FIT_NONE)
		return PRIMARY_FIT + (int)fit;
	fit = fit_of(p, r, site, r->secondary);
	return fit != FIT_NONE ? (int)fit : 0;
}

/*
 * 0: the prediction does not speak of the site. Claims of staying have no inline chain in the log: several of one
 * inlined function have the position of its call, and the words of the source tell them apart.
 */
static int score_of(const struct matching *m, size_t prediction, const struct rec_site *site)
{
	const struct prediction *p = &m->set->items[prediction];
	int score = fit_score(p, &m->readings[prediction], site);
	int words = 0;

	if (!score)
		return 0;
	if (p->claim == CLAIM_STACK && site->cause != CAUSE_INTERFACE_CONVERSION && site->source->expr) {
		if (is_told_by_words(m, prediction, site))
			words = 2;
		else
			words = words_of(p, site) >= WORDS_SAME;
	}
	return WORDS_SCORE * score + words;
}

/* How many of a group's sites are in the function of site s. */
static size_t sites_beside(const struct matching *m, size_t group, size_t s)
{
	const char *function = match_physical_function(&m->rec->sites[s]);
	size_t n = 0;

	for (size_t i = 0; group != MATCH_NONE && i < m->groups[group].n_sites; i++)
		n += match_physical_function(&m->rec->sites[m->groups[group].sites[i]]) == function;
	return n;
}

/*
 * A boxed literal has two claims in the log, in the same words: one for the array or the object, one for the box. The
 * only claim of a literal that has its own call is not of a box at the same position (which is the call's up to Go
 * 1.19, where another argument is boxed).
 */
static bool is_spoken_for(const struct matching *m, size_t group, size_t s)
{
	const struct rec_site *site = &m->rec->sites[s];
	const char *function = match_physical_function(site);

	if (site->cause != CAUSE_INTERFACE_CONVERSION || group == MATCH_NONE)
		return false;
	for (size_t i = 0; i < m->groups[group].n_sites; i++) {
		const struct rec_site *other = &m->rec->sites[m->groups[group].sites[i]];

		if (other->cause != CAUSE_INTERFACE_CONVERSION && match_physical_function(other) == function)
			return true;
	}
	return false;
}

/* Which claims may take sites, and where. */
struct rule {
	enum claim claim;
	bool (*is_there)(const struct prediction *p, const struct rec_site *site);
	int least; /* score */
};

struct candidates {
	const struct rule *rule;
	const size_t *group_of; /* of predictions */
	size_t *items;
	size_t n, alloc;
	int score;
};

static void consider(const struct matching *m, struct candidates *c, size_t prediction, size_t s)
{
	const struct rec_site *site = &m->rec->sites[s];
	const struct prediction *p = &m->set->items[prediction];
	int score;

	if (m->is_matched[prediction] || p->claim != c->rule->claim || !c->rule->is_there(p, site) ||
	    !match_wrapper_fits(m, prediction, s) || is_spoken_for(m, c->group_of[prediction], s))
		return;
	score = score_of(m, prediction, site);
	if (score < c->rule->least)
		return;
	if (match_has_no_column(site) && words_of(p, site) == WORDS_EXACT)
		score += EXACT_SCORE;
	if (match_has_no_column(site) && site->cause == CAUSE_INTERFACE_CONVERSION && p->kind == EXPR_OTHER)
		score += OPERAND_SCORE;
	if (score < c->score)
		return;
	if (score > c->score)
		c->n = 0;
	c->score = score;
	ARRAY_GROW(c->items, c->n + 1, c->alloc);
	c->items[c->n++] = prediction;
}

/* The predictions at a site's position that speak of it best. */
static void find_candidates(const struct matching *m, const struct positions *pos, size_t s, struct candidates *c)
{
	const struct rec_site *site = &m->rec->sites[s];
	int line = match_level(site, 0).line, column = match_level(site, 0).column;
	const uint64_t *first;

	c->n = 0;
	c->score = 0;
	if (!column) {
		first = u64map_find(&pos->on, match_place_key(m->site_file[s], line));
		for (size_t i = first ? *first : 0; i; i = pos->next_on[i - 1])
			consider(m, c, i - 1, s);
		return;
	}
	first = u64map_find(&pos->at, position_key(m->site_file[s], line, column));
	for (size_t i = first ? *first : 0; i; i = pos->next_at[i - 1])
		consider(m, c, i - 1, s);
	first = u64map_find(&pos->at, position_key(m->site_file[s], line, 0));
	for (size_t i = first ? *first : 0; i; i = pos->next_at[i - 1])
		consider(m, c, i - 1, s);
}

static bool is_open(const struct matching *m, size_t s)
{
	const struct rec_site *site = &m->rec->sites[s];

	return m->site_group[s] == MATCH_NONE && m->site_file[s] != NO_FILE && site->source && site->n_frames;
}

/*
 * Claims in the same words of the same position are copies: of several instances or packages, or of a value and its
 * box. The sites go round among them, in each function. MATCH_NONE if they are claims of different values.
 */
static size_t pick_copy(const struct matching *m, const struct candidates *c, const size_t *group_of, size_t s)
{
	size_t best = c->items[0], least = SIZE_MAX, least_beside = SIZE_MAX;

	for (size_t i = 0; i < c->n; i++) {
		size_t p = c->items[i], n = group_of[p] == MATCH_NONE ? 0 : m->groups[group_of[p]].n_sites;
		size_t beside = sites_beside(m, group_of[p], s);

		if (!match_same_text(m, c->items[0], p))
			return MATCH_NONE;
		if (beside < least_beside || (beside == least_beside && n < least)) {
			best = p;
			least = n;
			least_beside = beside;
		}
	}
	return best;
}

/* Whether one of the functions is written inside the other: "f-range1", "f.func1". */
static bool is_nested(const char *a, const char *b)
{
	size_t n = strlen(a), k = strlen(b);

	return n != k && strncmp(a, b, n < k ? n : k) == 0 && strchr("-.", n < k ? b[n] : a[k]);
}

/*
 * A variable is made once in a function. What is at its position besides is another one of its declaration, which has
 * the position of the first (up to Go 1.24), or a variable of the compiler's own that has no position.
 */
static bool is_taken(const struct matching *m, size_t prediction, size_t group, size_t s)
{
	if (m->set->items[prediction].kind != EXPR_MOVED || group == MATCH_NONE)
		return false;
	for (size_t i = 0; i < m->groups[group].n_sites; i++) {
		const char *other = match_physical_function(&m->rec->sites[m->groups[group].sites[i]]);
		const char *function = match_physical_function(&m->rec->sites[s]);

		if (other == function || is_nested(other, function))
			return true;
	}
	return false;
}

static bool is_same_statement(const struct rec_site *a, const struct rec_site *b)
{
	const struct rec_source *x = a->source, *y = b->source;

	if (!x || !y || x->n_levels != y->n_levels || match_physical_function(a) != match_physical_function(b) ||
	    x->first_line != y->first_line || x->first_column != y->first_column || x->last_line != y->last_line ||
	    x->last_column != y->last_column)
		return false;
	if (match_has_no_column(a) && match_has_no_column(b) && strcmp(x->expr, y->expr) != 0)
		return false;
	return memcmp(x->levels, y->levels, x->n_levels * sizeof(x->levels[0])) == 0;
}

/*
 * Up to Go 1.19 several values that one call boxes have one position. Which call boxes which is not told by the text
 * that fits best, but by their order (pair_in_log_order).
 */
static bool is_boxed_with_another(const struct matching *m, const struct positions *pos, size_t best, size_t s)
{
	const struct rec_site *site = &m->rec->sites[s];
	const uint64_t *first = u64map_find(
		&pos->at, position_key(m->site_file[s], match_level(site, 0).line, match_level(site, 0).column));
	bool has_claim = false, has_site = false;

	if (site->cause != CAUSE_INTERFACE_CONVERSION || !site->source->expr)
		return false;
	for (size_t i = first ? *first : 0; i && !has_claim; i = pos->next_at[i - 1]) {
		const struct prediction *p = &m->set->items[i - 1];

		has_claim = p->claim == CLAIM_HEAP && !m->is_matched[i - 1] && !match_same_text(m, best, i - 1) &&
			    is_at(p, site) && fit_of_box(p, &m->readings[i - 1], site) != FIT_NONE;
	}
	for (size_t i = has_claim ? match_first_site(m, m->site_file[s], site->frames[site->n_frames - 1].line) : 0;
	     i && !has_site; i = m->next_site[i - 1])
		has_site = i - 1 != s && is_open(m, i - 1) && m->rec->sites[i - 1].cause == site->cause &&
			   is_same_statement(site, &m->rec->sites[i - 1]);
	return has_site;
}

static void match_at_positions(struct matching *m, const struct positions *pos, const struct rule *rule)
{
	size_t *group_of = xcalloc(m->set->n + 1, sizeof(*group_of)); /* of predictions */
	struct candidates c = {.rule = rule, .group_of = group_of};

	for (size_t i = 0; i < m->set->n; i++)
		group_of[i] = MATCH_NONE;
	for (size_t s = 0; s < m->rec->n_sites; s++) {
		size_t p;

		if (!is_open(m, s))
			continue;
		find_candidates(m, pos, s, &c);
		p = c.n ? pick_copy(m, &c, group_of, s) : MATCH_NONE;
		if (p == MATCH_NONE)
			continue;
		if (is_taken(m, p, group_of[p], s) || is_boxed_with_another(m, pos, p, s))
			continue;
		if (group_of[p] == MATCH_NONE) {
			match_group_new(m, &p, 1);
			group_of[p] = m->n_groups - 1;
			m->is_matched[p] = false; /* it may have more sites */
		}
		/* Two calls at one position make one value; with the same words on one line they may make two. */
		if (match_is_vague(&m->rec->sites[s]) && sites_beside(m, group_of[p], s))
			m->groups[group_of[p]].ambiguous = true;
		match_group_add_site(m, &m->groups[group_of[p]], s);
	}
	for (size_t i = 0; i < m->set->n; i++)
		m->is_matched[i] |= group_of[i] != MATCH_NONE;
	free(c.items);
	free(group_of);
}

/* ---- one position for a whole line ------------------------------------------------------------------------------- */

/* A line's values without columns that have the same words. */
struct wording {
	size_t first; /* prediction + 1, the next one not yet matched */
	size_t n_predictions, n_sites;
	const char *function; /* of the sites; NULL if they are in several */
};

struct wordings {
	struct keymap at; /* file and line, words pooled -> wording + 1 */
	struct wording *items;
	size_t n, alloc;
	size_t *next; /* + 1, by prediction */
};

static struct wording *wording_at(struct matching *m, struct wordings *w, uint32_t file, int line, const char *text)
{
	char words[128];
	uint64_t *index;
	bool is_new;

	squeeze(words, sizeof(words), text, "");
	index = keymap_at(&w->at,
			  (struct keymap_key){{match_place_key(file, line), (uintptr_t)strpool_add(m->pool, words)}},
			  &is_new);
	if (is_new) {
		ARRAY_GROW(w->items, w->n + 1, w->alloc);
		w->items[w->n++] = (struct wording){.first = 0};
		*index = w->n;
	}
	return &w->items[*index - 1];
}

static bool is_worded(const struct matching *m, size_t s)
{
	return is_open(m, s) && match_has_no_column(&m->rec->sites[s]) && m->rec->sites[s].source->expr;
}

static struct wording *wording_of_site(struct matching *m, struct wordings *w, size_t s)
{
	const struct rec_site *site = &m->rec->sites[s];

	return wording_at(m, w, m->site_file[s], match_level(site, 0).line, site->source->expr);
}

/*
 * Thousands of values can stand on a line of generated code, nearly all of them beyond the last column. As many claims
 * as calls, in one function and in the same words, are paired in order, and are not tried each with each.
 */
static void match_by_words(struct matching *m)
{
	struct wordings w = {.at = KEYMAP_INIT};

	w.next = xcalloc(m->set->n + 1, sizeof(*w.next));
	for (size_t i = m->set->n; i-- > 0;) {
		const struct prediction *p = &m->set->items[i];
		struct wording *wording;

		if (!takes_part(m, i) || p->claim != CLAIM_HEAP || p->n_inlined || p->pos.column || !p->expr)
			continue;
		wording = wording_at(m, &w, m->prediction_file[i], p->pos.line, p->expr);
		w.next[i] = wording->first;
		wording->first = i + 1;
		wording->n_predictions++;
	}
	for (size_t s = 0; w.n && s < m->rec->n_sites; s++) {
		struct wording *wording = is_worded(m, s) ? wording_of_site(m, &w, s) : NULL;
		const char *function = match_physical_function(&m->rec->sites[s]);

		if (wording)
			wording->function = wording->n_sites++ == 0 || wording->function == function ? function : NULL;
	}
	for (size_t s = 0; w.n && s < m->rec->n_sites; s++) {
		struct wording *wording = is_worded(m, s) ? wording_of_site(m, &w, s) : NULL;
		size_t p;

		if (!wording || !wording->first || !wording->function || wording->n_sites != wording->n_predictions)
			continue;
		p = wording->first - 1;
		if (!is_at(&m->set->items[p], &m->rec->sites[s]) || !score_of(m, p, &m->rec->sites[s]))
			continue;
		/* What has a call of its own is not the first to be what is boxed. */
		if (m->rec->sites[s].cause == CAUSE_INTERFACE_CONVERSION && m->set->items[p].kind != EXPR_OTHER)
			continue;
		wording->first = w.next[p];
		match_group_add_site(m, match_group_new(m, &p, 1), s);
	}
	keymap_release(&w.at);
	free(w.items);
	free(w.next);
}

/* Copies for which no site is left: others have them. */
static void mark_surplus(struct matching *m, const struct positions *pos)
{
	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];
		const uint64_t *first;

		if (!takes_part(m, i) || p->kind == EXPR_OTHER)
			continue;
		first = u64map_find(&pos->at, position_key(m->prediction_file[i], p->pos.line, p->pos.column));
		for (size_t k = first ? *first : 0; k && !m->is_surplus[i]; k = pos->next_at[k - 1])
			m->is_surplus[i] = m->is_matched[k - 1] && match_same_text(m, i, k - 1);
	}
}

/* ---- one statement ----------------------------------------------------------------------------------------------- */

static bool is_before(int line, int column, int other_line, int other_column)
{
	return line < other_line || (line == other_line && column && other_column && column < other_column);
}

/* Whether the prediction stands inside what the site's token stands for, or at the token. */
static bool is_inside(const struct prediction *p, const struct rec_site *site)
{
	const struct position *inner = prediction_place(p);
	const struct rec_source *source = site->source;

	if (is_at(p, site) || is_at_call(p, site))
		return true;
	if (p->n_inlined + 1 != source->n_levels || !match_levels_agree(p, site, p->n_inlined))
		return false;
	if (match_has_no_column(site) && words_of(p, site) == WORDS_OTHER)
		return false;
	return !is_before(inner->line, inner->column, source->first_line, source->first_column) &&
	       !is_before(source->last_line, source->last_column, inner->line, inner->column);
}

/* ---- parts of literals ------------------------------------------------------------------------------------------- */

/*
 * What an insertion has the position of: "m[k]", or an element's key or value, "{x: 1}", "T{...}", a constant, the name
 * of a field, or the whole literal (cmd/compile/internal/walk, walkIndexMap and maplit). Of a text that was cut short
 * the beginning tells as far as it is a constant, or a type and a brace. NULL: there is no copy of the source.
 */
static enum match_part part_by_text(const char *text)
{
	size_t n = text ? strlen(text) : 0, i = 0;

	if (!text)
		return MATCH_PART_PERHAPS;
	if (n && text[n - 1] == ']')
		return MATCH_PART_OTHER;
	if (!strstr(text, "…") || strchr("\"`'", *text) || isdigit((unsigned char)*text))
		return MATCH_PART_SURE;
	while (text[i] && text[i] != '{' && (strchr("[]*._ ", text[i]) || isalnum((unsigned char)text[i])))
		i++;
	return text[i] == '{' ? MATCH_PART_SURE : MATCH_PART_PERHAPS;
}

/* Whether a place is between the braces of the literal, as far as lines and, if both have them, columns tell. */
static bool is_between(const struct prediction *p, const struct rec_level *level)
{
	const struct position *first = prediction_place(p);

	return p->literal.last_line && !is_before(level->line, level->column, first->line, first->column) &&
	       !is_before(p->literal.last_line, p->literal.last_column, level->line, level->column);
}

/* Whether a literal's site stands for all of it: its map's does. An insertion does only at the literal's brace. */
static bool is_whole(const struct prediction *p, const struct rec_site *whole)
{
	const struct position *own = prediction_place(p);

	if (!whole || !whole->source)
		return false;
	return whole->cause == CAUSE_MAKE_MAP ||
	       (whole->source->levels[0].line == own->line && own->column &&
		whole->source->levels[0].column == own->column) ||
	       (whole->source->expr && strncmp(whole->source->expr, "map[", 4) == 0);
}

static bool is_inside_whole(const struct rec_site *whole, const struct rec_site *part)
{
	const struct rec_source *w = whole->source, *s = part->source;

	if (w->n_levels != s->n_levels || match_physical_function(whole) != match_physical_function(part))
		return false;
	if (memcmp(w->levels + 1, s->levels + 1, (w->n_levels - 1) * sizeof(w->levels[0])) != 0)
		return false;
	return !is_before(s->levels[0].line, s->levels[0].column, w->first_line, w->first_column) &&
	       !is_before(w->last_line, w->last_column, s->levels[0].line, s->levels[0].column);
}

/* By lines: an alias in the source has another name in the prediction. */
static bool is_on_line(const struct prediction *p, const struct rec_site *part)
{
	return p->inlined_known
		       ? p->n_inlined + 1 == part->source->n_levels && match_levels_agree(p, part, p->n_inlined + 1)
		       : match_levels_agree(p, part, 1);
}

enum match_part match_part(const struct prediction *p, const struct rec_site *whole, const struct rec_site *part,
			   bool is_own_function)
{
	bool has_column = part->source->levels[0].column && !match_has_no_column(part) && !match_is_vague(part);
	enum match_part by_text = part_by_text(part->source->expr);
	bool is_direct = part->source->n_levels == p->n_inlined + 1 && match_levels_agree(p, part, p->n_inlined);

	if (by_text == MATCH_PART_OTHER)
		return MATCH_PART_OTHER;
	if (is_at(p, part) || (is_whole(p, whole) && is_inside_whole(whole, part)) ||
	    (is_own_function && is_direct && is_between(p, &part->source->levels[0])))
		return has_column ? MATCH_PART_SURE : by_text;
	if (has_column)
		return MATCH_PART_OTHER;
	/* How far the literal reaches is not known. */
	if (is_on_line(p, part) || (is_direct && !p->literal.last_line && !is_whole(p, whole) &&
				    part->source->levels[0].line > prediction_place(p)->line))
		return MATCH_PART_PERHAPS;
	return MATCH_PART_OTHER;
}

/* ---- statements -------------------------------------------------------------------------------------------------- */

struct statement {
	size_t site;
	int64_t span;
};

static int compare_statements(const void *a, const void *b)
{
	const struct statement *x = a, *y = b;

	if (x->span != y->span)
		return x->span < y->span ? -1 : 1;
	return x->site < y->site ? -1 : x->site > y->site;
}

static void gather_sites(const struct matching *m, struct place *place, size_t s)
{
	const struct rec_site *site = &m->rec->sites[s];

	place->n_sites = 0;
	for (size_t i = match_first_site(m, m->site_file[s], site->frames[site->n_frames - 1].line); i;
	     i = m->next_site[i - 1]) {
		if (!is_open(m, i - 1) || !is_same_statement(site, &m->rec->sites[i - 1]))
			continue;
		ARRAY_GROW(place->sites, place->n_sites + 1, place->alloc_sites);
		place->sites[place->n_sites++] = i - 1;
	}
}

static void gather_predictions(const struct matching *m, const struct positions *pos, struct place *place, size_t s,
			       enum claim claim)
{
	const struct rec_site *site = &m->rec->sites[s];
	int first = site->frames[site->n_frames - 1].line, last = first;

	if (site->source->n_levels == 1) {
		first = site->source->first_line;
		last = site->source->last_line;
	}
	place->n_predictions = 0;
	for (int line = first; line <= last; line++) {
		const uint64_t *head = u64map_find(&pos->on, match_place_key(m->site_file[s], line));

		for (size_t i = head ? *head : 0; i; i = pos->next_on[i - 1]) {
			const struct prediction *p = &m->set->items[i - 1];

			if (p->claim == claim && !m->is_matched[i - 1] && is_inside(p, site))
				place->predictions[place->n_predictions++] = i - 1;
		}
	}
}

/*
 * An empty struct is boxed without a call, being of no size; and so is a value of one byte, which the runtime has a
 * table of (cmd/compile/internal/walk, dataWord). That a name stands for such a value its text does not tell.
 */
static bool is_boxed_without_call(const struct prediction *p)
{
	return p->expr && (strcmp(p->expr, "struct {}{}") == 0 || expr_is_boolean(p->expr));
}

/*
 * Up to Go 1.19 what is converted without a word has the position of the call that it is handed to, or of the
 * statement. Escape analysis goes through the values of one position in the order in which they are written, the log
 * keeps that order (base.FlushErrors sorts by position, and stably), and so does the code: as many values as calls are
 * paired in order. Random programs measure it (tests/e2e/random.bats). Not so what is assigned to several operands: it
 * has the position of the last of them, and variables that are in memory change the order.
 */
static bool pair_in_log_order(struct matching *m, const struct place *place)
{
	size_t *ps = xcalloc(place->n_predictions, sizeof(*ps)), n = 0;
	const struct rec_site *site = &m->rec->sites[place->sites[0]];
	const char *expr = site->source->expr;
	bool is_value = expr && strpbrk(expr, "({"), ok;

	for (size_t i = 0; i < place->n_predictions; i++) {
		size_t p = place->predictions[i];

		if (is_at(&m->set->items[p], site) && m->readings[p].is_box &&
		    !is_boxed_without_call(&m->set->items[p]))
			ps[n++] = p;
	}
	for (size_t i = 0; expr && i < n && !is_value; i++)
		is_value = words_of(&m->set->items[ps[i]], site) >= WORDS_SAME;
	ok = n > 0 && n == place->n_sites && (n == 1 || is_value);
	for (size_t i = 0; ok && i < n; i++)
		ok = fit_of_box(&m->set->items[ps[i]], &m->readings[ps[i]], &m->rec->sites[place->sites[i]]) !=
		     FIT_NONE;
	for (size_t i = 0; ok && i < n; i++)
		match_group_add_site(m, match_group_new(m, &ps[i], 1), place->sites[i]);
	free(ps);
	return ok;
}

/*
 * Up to Go 1.24 variables that are declared together have the position of the first. They are made in the order in
 * which they are declared (cmd/compile/internal/walk, of a block's ODCL), and each as often as the others.
 */
static bool pair_declared_together(struct matching *m, const struct place *place)
{
	bool ok = place->n_predictions == place->n_sites;

	for (size_t i = 0; ok && i < place->n_sites; i++) {
		size_t p = place->predictions[i];

		ok = m->set->items[p].kind == EXPR_MOVED &&
		     fit_of(&m->set->items[p], &m->readings[p], &m->rec->sites[place->sites[i]],
			    m->readings[p].primary) != FIT_NONE;
	}
	for (size_t i = 0; ok && i < place->n_sites; i++)
		match_group_add_site(m, match_group_new(m, &place->predictions[i], 1), place->sites[i]);
	return ok;
}

/* What is inlined from a file that has no copy is at a known call, and on a known line below it. */
static bool is_without_copy(const struct rec_site *site)
{
	return !site->source->expr && site->source->n_levels > 1 && site->source->levels[0].column == 0;
}

/* worded: sites without a column, or those that have one. */
static void match_in_statements(struct matching *m, const struct positions *pos, enum claim claim, bool worded)
{
	struct statement *statements = xcalloc(m->rec->n_sites + 1, sizeof(*statements));
	struct place place = {.predictions = xcalloc(m->set->n + 1, sizeof(size_t))};
	size_t n = 0;

	for (size_t s = 0; s < m->rec->n_sites; s++) {
		const struct rec_site *site = &m->rec->sites[s];

		if (is_open(m, s) && (site->source->expr || is_without_copy(site)) &&
		    match_has_no_column(site) == worded &&
		    site->source->last_line - site->source->first_line < INT16_MAX)
			statements[n++] = (struct statement){
				.site = s,
				.span = (int64_t)(site->source->last_line - site->source->first_line) * 256 +
					site->source->last_column - site->source->first_column,
			};
	}
	/* What stands inside another statement, in a function literal say, takes its own first. */
	qsort(statements, n, sizeof(*statements), compare_statements);
	for (size_t i = 0; i < n; i++) {
		if (!is_open(m, statements[i].site))
			continue;
		gather_predictions(m, pos, &place, statements[i].site, claim);
		if (place.n_predictions == 0)
			continue;
		gather_sites(m, &place, statements[i].site);
		if (pair_in_log_order(m, &place) || pair_declared_together(m, &place))
			continue;
		if (worded && match_is_vague(&m->rec->sites[statements[i].site]))
			match_pair_decided(m, &place);
		else
			match_pair_place(m, &place);
	}
	free(place.predictions);
	free(place.sites);
	free(statements);
}

/*
 * A variable of the compiler's own, of a range over a function, has the position of the statement, and so have others
 * that have none in the log: match.c tells them apart, from a group that has one site too many.
 */
static void crowd(struct matching *m)
{
	for (size_t g = 0; g < m->n_groups; g++) {
		const struct match_group *group = &m->groups[g];
		const struct prediction *p = &m->set->items[group->predictions[0]];
		const struct rec_site *site = group->n_sites ? &m->rec->sites[group->sites[0]] : NULL;

		if (p->kind != EXPR_MOVED || !p->expr || !strchr(p->expr, '#') || group->n_sites != 1)
			continue;
		for (size_t i =
			     match_first_site(m, m->site_file[group->sites[0]], site->frames[site->n_frames - 1].line);
		     i; i = m->next_site[i - 1]) {
			if (!is_open(m, i - 1) || !is_same_statement(site, &m->rec->sites[i - 1]) ||
			    m->rec->sites[i - 1].cause != site->cause)
				continue;
			match_group_add_site(m, &m->groups[g], i - 1);
			m->groups[g].ambiguous = true;
			break;
		}
	}
}

void match_by_position(struct matching *m)
{
	/*
	 * Claims of staying have calls only for what outgrows the stack, and the log has no chains of them. What their
	 * texts may mean besides, as "Values{...}" the array of a slice, comes when all claims of escaping had their
	 * turn.
	 */
	static const struct rule rules[] = {
		{CLAIM_HEAP, is_at, 1}, {CLAIM_HEAP, is_at_call, 1}, {CLAIM_STACK, is_at, PRIMARY_SCORE}};
	static const struct rule besides = {CLAIM_STACK, is_at, 1};
	struct positions pos;

	match_by_words(m);
	index_predictions(m, &pos);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		match_at_positions(m, &pos, &rules[i]);
	mark_surplus(m, &pos);
	match_in_statements(m, &pos, CLAIM_HEAP, false);
	match_in_statements(m, &pos, CLAIM_HEAP, true);
	match_at_positions(m, &pos, &besides);
	match_in_statements(m, &pos, CLAIM_STACK, false);
	crowd(m);
	release_positions(&pos);
}

void match_stack_by_words(struct matching *m)
{
	struct positions pos;

	index_predictions(m, &pos);
	match_in_statements(m, &pos, CLAIM_STACK, true);
	release_positions(&pos);
}

bool match_is_at(const struct prediction *p, const struct rec_site *site)
{
	return is_at(p, site);
}
