/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which order are the values of one line made? Columns tell only of those that stand side by side. The compiler
 * takes some parts out of an expression and evaluates them first, from left to right: calls, maps with their elements,
 * what an inlined call is handed, composite literals that are boxed. What is beside such a part, in the same
 * expression, comes when all of them are done. So of f(a + b, g(c + d)) it is c + d that is made first.
 *
 * Which part a value belongs to is in its flow, but only with -m=2, and texts there leave out what is between the
 * braces of a literal, and all variadic arguments. What that hides is not guessed at.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "audit/match_internal.h"
#include "base/memory.h"

enum part_kind {
	PART_NONE,	/* the log has no flows */
	PART_HIDDEN,	/* it flows into what has no prediction here */
	PART_STATEMENT, /* all that is in none of the others */
	PART_CALL,
	PART_INLINED,
	PART_LITERAL,
	PART_MAP,
};

/* What is evaluated by itself, where it begins: a call with its arguments. */
struct part {
	enum part_kind kind;
	const char *text;
	int line, column;
};

/* When is a value made, among those of its part? */
enum when { WHEN_EARLY, WHEN_BOXED, WHEN_IN_TURN };

struct value {
	size_t index; /* of the prediction */
	const struct prediction *p;
	struct part part;
	const struct prediction *whole; /* the largest value in that part that this one is in: itself, or a literal */
	enum when when;
	bool is_key;
};

struct line {
	struct value *values; /* those to be put in order, and behind them all others that may tell of parts */
	size_t n, n_all;
	bool boxing;
	bool is_blurred; /* up to Go 1.19 what is converted without saying so has the column of a call, or a statement
			  */
};

static bool is_reason(const struct flow_step *step, const char *reason)
{
	return step && strcmp(step->reason, reason) == 0;
}

static bool is_in_word(char c)
{
	return isalnum((unsigned char)c) || strchr("_.&", c) || c & 0x80;
}

/* Do the first inner_len bytes of inner stand in the text, as words of their own? */
static bool has_inside(const char *text, const char *inner, size_t inner_len)
{
	const char *at = text, *end = text + strlen(text);

	while (inner_len && (at = memmem(at, (size_t)(end - at), inner, inner_len))) {
		if (at == text || !is_in_word(at[-1]) || !is_in_word(*inner))
			return true;
		at++;
	}
	return false;
}

static bool has(const char *text, const char *inner)
{
	return has_inside(text, inner, strlen(inner));
}

/* All but slices are copied into a variable to be boxed. */
static bool is_copied(const struct flow_step *step)
{
	size_t len = strlen(step->expr);

	return len > 5 && strcmp(step->expr + len - 5, "{...}") == 0 && strncmp(step->expr, "[]", 2) != 0;
}

/* Arguments are assigned to the parameters of a call that is inlined: "x, y := a, b". */
static bool is_handed_over(const struct flow_step *step)
{
	return is_reason(step, "assign-pair") && has(step->expr, " := ");
}

static enum part_kind part_of_step(const struct flow_step *step)
{
	if (is_reason(step, "call parameter"))
		return PART_CALL;
	if (is_handed_over(step))
		return PART_INLINED;
	if (is_reason(step, "map literal key") || is_reason(step, "map literal value"))
		return PART_MAP;
	return is_reason(step, "interface-converted") && is_copied(step) ? PART_LITERAL : PART_STATEMENT;
}

/* The prediction of what a value is stored in, at that step or little before: of &T{...} the step has T{...}. */
static const struct prediction *holder_of(const struct line *line, const struct prediction *p, const char *stored,
					  const struct part *part)
{
	const struct prediction *best = NULL;

	for (size_t i = 0; i < line->n_all; i++) {
		const struct prediction *q = line->values[i].p;

		if (q != p && q->expr && strcmp(q->expr, stored) == 0 && q->n_flow && q->pos.line == part->line &&
		    q->pos.column <= part->column && (!best || q->pos.column > best->pos.column))
			best = q;
	}
	return best;
}

/* Reads off the flow which part the value is in, or what is in it, or returns the literal that it is stored in. */
static const struct prediction *find_part(const struct line *line, const struct prediction *p, bool is_value,
					  struct part *part)
{
	const char *stored = NULL;

	*part = (struct part){p->n_flow ? PART_STATEMENT : PART_NONE, "", p->pos.line, p->pos.column};
	for (size_t i = 0; i < p->n_flow && part->kind == PART_STATEMENT; i++) {
		const struct flow_step *step = p->flow[i];

		if (step->kind == FLOW_INTO)
			stored = step->into_storage ? step->into : NULL;
		if (step->kind != FLOW_STEP || is_reason(step, "spill"))
			continue;
		if (is_value && !*part->text && is_reason(step, "interface-converted")) /* boxed itself */
			continue;
		part->kind = part_of_step(step);
		/* up to Go 1.21 a conversion stands where its statement does, but what is inside has the literal's
		 * place */
		if (part->kind != PART_LITERAL || strcmp(part->text, step->expr) != 0)
			*part = (struct part){part->kind, step->expr, step->pos.line, step->pos.column};
	}
	if (part->kind != PART_STATEMENT || !stored)
		return NULL;
	part->kind = PART_HIDDEN;
	return holder_of(line, p, stored, part);
}

/* What is made and what is boxed have one text and one place. */
static bool is_same_value(const struct prediction *p, const struct prediction *q)
{
	return p->pos.column == q->pos.column && p->expr && q->expr && strcmp(p->expr, q->expr) == 0;
}

#define MAX_HOLDERS 8

/* Which part a value is in, and the largest value in it that this one is in: itself, or a literal. */
static void place_value(const struct line *line, struct value *v)
{
	const struct prediction *holder = v->p;

	for (int depth = 0; depth < MAX_HOLDERS && holder; depth++) {
		if (depth == 0 || !is_same_value(holder, v->p))
			v->whole = holder;
		holder = find_part(line, holder, depth == 0, &v->part);
	}
}

static bool is_held_by(const struct line *line, const struct value *v, const struct value *literal)
{
	const struct prediction *p = v->p;
	struct part part;

	for (int depth = 0; depth < MAX_HOLDERS && (p = find_part(line, p, depth == 0, &part)); depth++) {
		if (is_same_value(p, literal->p))
			return true;
	}
	return false;
}

/* What a value is used for; NULL if the log has no flows. */
static const struct flow_step *first_step(const struct prediction *p)
{
	for (size_t i = 0; i < p->n_flow; i++) {
		if (p->flow[i]->kind == FLOW_STEP && !is_reason(p->flow[i], "spill"))
			return p->flow[i];
	}
	return NULL;
}

/*
 * What is made by a call of its own is made where any call would be, and a key that is boxed is put into a variable. Of
 * a call's arguments, those that are boxed come first.
 */
static enum when when_made(const struct prediction *p, const struct flow_step *use, bool boxing, bool key)
{
	if (boxing)
		return key ? WHEN_EARLY : WHEN_IN_TURN;
	switch (p->kind) {
	case EXPR_MAKE_SLICE:
	case EXPR_MAKE_MAP:
	case EXPR_MAKE_CHAN:
	case EXPR_NEW:
	case EXPR_APPEND:
	case EXPR_MOVED:
		return WHEN_EARLY;
	case EXPR_STRING_CONV:
		if (strncmp(p->expr, "string(", 7) != 0)
			return WHEN_EARLY;
		break;
	default:
		break;
	}
	return is_reason(use, "interface-converted") ? WHEN_BOXED : WHEN_IN_TURN;
}

static bool same_part(const struct part *a, const struct part *b)
{
	return a->kind == b->kind && a->kind != PART_HIDDEN && a->line == b->line && a->column == b->column &&
	       strcmp(a->text, b->text) == 0;
}

static bool begins_left_of(const struct part *part, const struct position *pos)
{
	return part->kind > PART_STATEMENT &&
	       (part->line < pos->line || (part->line == pos->line && part->column < pos->column));
}

enum answer { NO, YES, NOT_SEEN };

/* The value that the whole of a part is: a literal, or what a call returns. */
static const struct value *value_of(const struct line *line, const struct part *part)
{
	for (size_t i = 0; i < line->n_all; i++) {
		const struct prediction *p = line->values[i].p;

		if (p->expr && p->pos.line == part->line && p->pos.column == part->column &&
		    strcmp(p->expr, part->text) == 0)
			return &line->values[i];
	}
	return NULL;
}

/* A value to the right of the inner part that is in the outer one. */
static bool is_enclosed(const struct line *line, const struct part *outer, const struct part *inner)
{
	for (size_t i = 0; i < line->n_all; i++) {
		const struct value *v = &line->values[i];

		if (v->p->pos.line == inner->line && v->p->pos.column > inner->column && same_part(&v->part, outer))
			return true;
	}
	return false;
}

/* Would a text have shown the part? */
static bool shows_all(const struct part *outer, const struct part *inner)
{
	size_t name = 0;

	if (outer->kind == PART_LITERAL || outer->kind == PART_MAP || has(outer->text, "..."))
		return false;
	if (inner->kind == PART_INLINED) /* its result stands there */
		return !has(outer->text, "~r") && !has(outer->text, "~R");
	/* Go 1.19 still shows the variadic arguments of some */
	while (inner->text[name] && inner->text[name++] != '(')
		;
	return !has(inner->text, "... argument") || !has_inside(outer->text, inner->text, name);
}

static enum answer is_inside(const struct line *line, const struct part *outer, const struct part *inner)
{
	const struct value *whole = NULL;

	for (int depth = 0; depth < MAX_HOLDERS; depth++) {
		if (outer->kind <= PART_HIDDEN || inner->kind <= PART_HIDDEN)
			return NOT_SEEN;
		if (same_part(outer, inner))
			return YES;
		if (inner->kind == PART_STATEMENT)
			return NO;
		if (inner->kind == PART_CALL && strcmp(outer->text, inner->text) != 0 && has(outer->text, inner->text))
			return YES;
		if (inner->kind <= PART_INLINED && shows_all(outer, inner))
			return NO;
		whole = value_of(line, inner);
		if (!whole || same_part(&whole->part, inner))
			break;
		inner = &whole->part;
	}
	if (begins_left_of(inner, &(struct position){.line = outer->line, .column = outer->column}) &&
	    outer->kind != PART_STATEMENT)
		return NO;
	return is_enclosed(line, outer, inner) ? YES : NOT_SEEN;
}

/* Is it made by an append, or in a call that was inlined? Where the log does not tell, it may be. */
static bool may_take_values(const struct line *line, const struct prediction *p)
{
	if (p->n_inlined || p->kind == EXPR_APPEND)
		return true;
	return !p->inlined_known && p->kind != EXPR_ARGUMENT && !line->is_blurred;
}

/* Does it go into the call, or the append, that a value of another is made by? */
static bool goes_into(const struct line *line, const struct value *v, const struct value *call)
{
	const struct position *at = &call->p->pos;

	if (!may_take_values(line, call->p))
		return false;
	for (size_t i = 0; i < v->p->n_flow && v->p->pos.column != at->column; i++) {
		const struct flow_step *step = v->p->flow[i];

		if (step->kind == FLOW_STEP && step->pos.line == at->line && step->pos.column == at->column)
			return true;
	}
	return false;
}

/*
 * Of what is assigned, or returned, together, some is made first: what an assignment before it might change. Pointers
 * to literals of one type are as good one as the other.
 */
static bool is_shuffled(const struct value *a, const struct value *b)
{
	const struct part *part = &a->part;
	bool is_return = strncmp(part->text, "return ", 7) == 0;

	return part->kind == PART_STATEMENT && a->whole != b->whole && a->p->kind != EXPR_COMPOSITE &&
	       (is_return || has(part->text, " = ")) && has(part->text, ", ");
}

/* Both of one part, a to the left of b. The value of a map's element is made before its key. */
static enum answer waits_in_part(const struct line *line, const struct value *a, const struct value *b)
{
	if (a->when == b->when && a->when != WHEN_EARLY && is_shuffled(a, b))
		return NOT_SEEN;
	if (line->is_blurred && a->whole != b->whole && (a->whole != a->p || b->whole != b->p))
		return NOT_SEEN;
	if (a->is_key && !b->is_key && !line->boxing && a->part.kind == PART_MAP)
		return NOT_SEEN;
	if (a->when == WHEN_BOXED && b->when == WHEN_IN_TURN && a->part.kind != PART_CALL)
		return NOT_SEEN;
	return a->when > b->when ? YES : NO;
}

/* Of two values, a to the left of b: is a made later? */
static enum answer waits_for(const struct line *line, const struct value *a, const struct value *b)
{
	const char *expr = a->p->expr ? a->p->expr : "";
	enum answer inside;

	if (a->part.kind == PART_NONE || b->part.kind == PART_NONE || b->p->wrapper)
		return NO;
	if (goes_into(line, b, a) || (line->boxing && is_held_by(line, b, a)) ||
	    (b->part.kind == PART_CALL && has(expr, b->part.text)))
		return YES;
	if (same_part(&a->part, &b->part))
		return waits_in_part(line, a, b);
	if (line->is_blurred)
		return is_inside(line, &a->part, &b->part) == YES   ? YES
		       : is_inside(line, &b->part, &a->part) == YES ? NO
								    : NOT_SEEN;
	if (begins_left_of(&b->part, &a->p->pos))
		return NO;
	if (a->is_key && !line->boxing && a->part.kind == PART_STATEMENT)
		return b->part.kind != PART_STATEMENT ? NOT_SEEN : has(b->part.text, a->part.text) ? YES : NO;
	if (a->p->n_inlined && b->part.kind != PART_STATEMENT) /* behind it, or among its arguments */
		return NOT_SEEN;
	if (a->when == WHEN_EARLY)
		return NO;
	inside = is_inside(line, &a->part, &b->part);
	return inside == YES && b->part.kind == PART_LITERAL && !line->boxing && *b->part.text != '&' ? NOT_SEEN
												      : inside;
}

static bool are_side_by_side(const struct line *line)
{
	const struct value *first = &line->values[0];

	for (size_t i = 1; i < line->n; i++) {
		const struct value *v = &line->values[i];

		if (v->when != first->when || v->is_key != first->is_key || v->p->kind == EXPR_APPEND ||
		    !same_part(&v->part, &first->part) || (v->when != WHEN_EARLY && is_shuffled(v, first)) ||
		    (line->is_blurred && v->whole != v->p))
			return false;
	}
	return true;
}

/* The first of those left that waits for none of them; line->n if that is not to be seen. */
static size_t next_value(const struct line *line, const bool *done)
{
	for (size_t i = 0; i < line->n; i++) {
		bool waits = done[i];

		for (size_t k = i + 1; k < line->n && !waits; k++) {
			enum answer answer = done[k] ? NO : waits_for(line, &line->values[i], &line->values[k]);

			if (answer == NOT_SEEN)
				return line->n;
			waits = answer == YES;
		}
		if (!waits)
			return i;
	}
	return line->n;
}

static bool sort_values(const struct line *line, size_t *ps)
{
	bool *done = xcalloc(line->n, sizeof(*done));
	size_t *sorted = xcalloc(line->n, sizeof(*sorted)), n = 0;

	for (size_t next; n < line->n && (next = next_value(line, done)) < line->n;) {
		done[next] = true;
		sorted[n++] = line->values[next].index;
	}
	if (n == line->n)
		memcpy(ps, sorted, n * sizeof(*ps));
	free(sorted);
	free(done);
	return n == line->n;
}

static void add_value(struct line *line, const struct matching *m, size_t index)
{
	const struct prediction *p = &m->set->items[index];
	const struct flow_step *use = first_step(p);
	bool key = is_reason(use, "key of map put") || is_reason(use, "map literal key");

	line->values[line->n_all++] =
		(struct value){.index = index, .p = p, .is_key = key, .when = when_made(p, use, line->boxing, key)};
}

static void read_line(struct line *out, const struct matching *m, const struct place *place, bool boxing,
		      const size_t *ps, size_t np)
{
	struct line line = {.n = np, .boxing = boxing};

	line.is_blurred = boxing && m->rec->header.go_version && strncmp(m->rec->header.go_version, "go1.1", 5) == 0;
	line.values = xcalloc(np + place->n_predictions, sizeof(*line.values));
	for (size_t i = 0; i < np; i++)
		add_value(&line, m, ps[i]);
	for (size_t i = 0; i < place->n_predictions; i++)
		add_value(&line, m, place->predictions[i]);
	for (size_t i = 0; i < line.n_all; i++)
		place_value(&line, &line.values[i]);
	*out = line;
}

static bool is_of_one_expression(const struct line *line, const struct value *v, const struct value *w)
{
	const struct part *a = &v->part, *b = &w->part;

	if (a->kind == PART_NONE || b->kind == PART_NONE)
		return false;
	if (same_part(a, b) || is_inside(line, a, b) == YES || is_inside(line, b, a) == YES)
		return true;
	/* one goes into the other, or is the key that the other's value is put at, or is wrapped around it */
	return goes_into(line, v, w) || goes_into(line, w, v) || v->is_key || w->is_key || v->p->wrapper ||
	       w->p->wrapper;
}

bool match_are_of_one_expression(const struct matching *m, const struct place *place, bool boxing, const size_t *ps,
				 size_t np)
{
	struct line line;
	bool known = true;

	read_line(&line, m, place, boxing, ps, np);
	for (size_t i = 1; i < np && known; i++)
		known = is_of_one_expression(&line, &line.values[i - 1], &line.values[i]);
	free(line.values);
	return known;
}

bool match_put_in_order(const struct matching *m, const struct place *place, bool boxing, size_t *ps, size_t np)
{
	struct line line;
	bool known;

	read_line(&line, m, place, boxing, ps, np);
	known = are_side_by_side(&line) || sort_values(&line, ps);
	free(line.values);
	return known;
}
