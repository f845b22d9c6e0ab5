/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The array of a slice literal is made where the compiler's current position is (cmd/compile/internal/walk, complit.go,
 * slicelit), and that is not always the literal's brace:
 *
 * What is constant in a literal of more than four elements, or in a slice literal of more than 256 bytes, is put into
 * read-only data first; what is not is assigned behind that (anylit, slicelit, fixedlit). A slice literal inside that
 * is a field has the field's position, its name (up to Go 1.19 the colon behind it); one that is an element has that of
 * what was made before it. And as the first part sets the current position to each field, the array of the slice around
 * has the position of the last one.
 *
 * Elements of a map literal have the position of the map's brace: "m[k] = v" is made of each, at the map's position
 * (order.go, OMAPLIT and mapAssign; oaslit).
 *
 * Literals that are assigned, declared or returned have the position of the statement (oaslit).
 *
 * All of these are made one behind the other in the order of the source, and code of one comes before that of the next
 * (ssa/layout.go: a block is laid out behind one that it is reached from). Which literals of a statement have arrays
 * the compiler's own claims tell: those that escape, but for those without elements. So, from the innermost literal to
 * the whole statement, as many arrays as literals without one are the literals', in order, if lengths agree, and no
 * array's position is behind its literal's brace, but for the last field's. Calls that are handed literals, and maps,
 * are evaluated before what is around them: the literals there have their own position, or the map's, and are paired
 * first.
 */
#include "sites/literal_braces.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/u64map.h"

/* What is claimed of a position. */
enum {
	CLAIMS_SLICE = 1,   /* a slice literal escapes */
	CLAIMS_LITERAL = 2, /* a literal of a named type does: a slice's, a map's or a struct's */
	CLAIMS_OTHER = 4, /* anything else does, which may have an array of its own: arguments, make, new, &[2]int{} */
};

struct literal_claims {
	struct u64map at; /* file's base name, or any, line, column -> CLAIMS_... */
};

struct literals {
	struct twin *twin;
	const struct literal_claims *claims;
	const struct rec_site *sites; /* of the function */
	size_t n;
	size_t *tokens;	  /* of the sites: where the compiler puts it, or the brace that is known */
	size_t *arrays;	  /* among sites */
	size_t *elements; /* braces of a map's elements */
	size_t *braces;
};

/* ---- claims ------------------------------------------------------------------------------------------------------ */

/* file is NULL for any. */
static uint64_t claim_key(const char *file, int line, int column)
{
	const char *base = file ? path_base(file) : "";

	return u64_mix(u64_mix(bytes_hash(base, strlen(base)), (uint64_t)line), (uint64_t)column);
}

/* "[2]int..." */
static bool is_array_type(const char *text)
{
	return text[0] == '[' && text[1] != ']';
}

static unsigned claims_of(const struct prediction *p)
{
	size_t n = p->expr ? strlen(p->expr) : 0;

	if (!n)
		return 0;
	switch (p->kind) {
	case EXPR_SLICE_LIT:
		return CLAIMS_SLICE;
	case EXPR_OTHER:
		return p->expr[n - 1] == '}' && p->expr[0] != '[' ? CLAIMS_LITERAL : 0;
	case EXPR_COMPOSITE:
		return is_array_type(p->expr + 1) ? CLAIMS_OTHER : 0;
	case EXPR_NEW:
		return is_array_type(p->expr + strlen("new(")) ? CLAIMS_OTHER : 0;
	case EXPR_ARGUMENT:
	case EXPR_MAKE_SLICE:
	case EXPR_MOVED:
	case EXPR_STRING_CONV: /* []byte("constant") */
		return CLAIMS_OTHER;
	default:
		return 0;
	}
}

struct literal_claims *literal_claims_new(const struct predictions *set)
{
	struct literal_claims *claims = xcalloc(1, sizeof(*claims));

	for (size_t i = 0; i < set->n; i++) {
		const struct prediction *p = &set->items[i];
		const struct position *pos = prediction_place(p);

		if (p->claim != CLAIM_HEAP || !pos->file)
			continue;
		*u64map_at(&claims->at, claim_key(pos->file, pos->line, pos->column), NULL) |= claims_of(p);
		*u64map_at(&claims->at, claim_key(NULL, pos->line, pos->column), NULL) |= claims_of(p);
	}
	return claims;
}

void literal_claims_free(struct literal_claims *claims)
{
	if (!claims)
		return;
	u64map_release(&claims->at);
	free(claims);
}

/* ---- sites ------------------------------------------------------------------------------------------------------- */

static bool is_array(const struct rec_site *site)
{
	return site->cause == CAUSE_NEW_OBJECT && site->type && is_array_type(site->type);
}

static bool has_length(const struct rec_site *site, uint64_t length)
{
	return length == SOURCE_NO_LENGTH || strtoull(site->type + 1, NULL, 10) == length;
}

/* NULL if it has no copy. */
static const struct source_tokens *source_of(const struct literals *l, size_t site)
{
	return l->sites[site].n_frames ? twin_source(l->twin, l->sites[site].frames[0].file) : NULL;
}

static size_t token_of(const struct literals *l, size_t site)
{
	const struct rec_site *s = &l->sites[site];

	return s->n_frames ? twin_token(l->twin, s->frames[0].file, s->frames[0].line) : SOURCE_NO_TOKEN;
}

/* Whether the sites are of one function and inlined alike, wherever they are in it. */
static bool is_inlined_alike(const struct literals *l, size_t site, size_t other)
{
	const struct rec_site *a = &l->sites[site], *b = &l->sites[other];

	if (a->n_frames != b->n_frames)
		return false;
	for (size_t i = 0; i < a->n_frames; i++) {
		const struct rec_frame *x = &a->frames[i], *y = &b->frames[i];

		if ((i && x->line != y->line) || x->function != y->function || x->file != y->file)
			return false;
	}
	return true;
}

/* Whether a site is at that token, and else where the other is. */
static bool is_at(const struct literals *l, size_t site, size_t token, size_t other)
{
	return l->tokens[site] == token && is_inlined_alike(l, site, other);
}

/* Whether something is inserted into a map where that site is. */
static bool has_insertion(const struct literals *l, size_t site)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->sites[i].cause == CAUSE_MAP_GROWTH && is_at(l, i, l->tokens[site], site))
			return true;
	}
	return false;
}

/* ---- one statement ----------------------------------------------------------------------------------------------- */

#define SMALL_ARRAY 256 /* bytes; ir.MaxSmallArraySize, smallArrayBytes up to Go 1.20 */

struct literal {
	size_t first, brace, last; /* tokens */
	uint64_t length;
	bool is_sure;  /* it is a slice's */
	bool is_other; /* no literal, but what has an array of its own at that very token */
	bool is_done;
};

/* The arrays of one statement, inlined alike, and its literals; both in order. */
struct statement {
	const struct source_tokens *source;
	const char *file;
	size_t first, last; /* tokens */
	size_t *sites, n_sites;
	size_t *tokens; /* of these sites */
	struct literal *literals;
	size_t n_literals, alloc_literals;
	size_t *some_sites, *some_literals; /* of a part that is looked at; places in the above */
	size_t n_some_sites, n_some_literals;
};

static unsigned claims_at(const struct literals *l, const struct statement *st, size_t token)
{
	struct source_position pos = source_tokens_position(st->source, token);
	const char *file = source_tokens_has_directives(st->source) ? NULL : st->file; /* which they name is not kept */
	const uint64_t *claims = u64map_find(
		&l->claims->at, claim_key(file, pos.line, pos.column == SOURCE_COLUMN_BEYOND ? 0 : pos.column));

	return claims ? (unsigned)*claims : 0;
}

static bool is_in_statement(const struct statement *st, size_t token)
{
	size_t first, last;

	source_tokens_statement(st->source, token, &first, &last);
	return first == st->first;
}

/* "[]T{" */
static bool is_slice_type(const struct statement *st, size_t first)
{
	return source_tokens_is(st->source, first, "[") && source_tokens_is(st->source, first + 1, "]");
}

static void find_literals(const struct literals *l, struct statement *st)
{
	for (size_t i = st->first; i <= st->last; i++) {
		struct literal literal = {.brace = i};
		unsigned claims;

		if (!source_tokens_is(st->source, i, "{") || !source_tokens_is_literal(st->source, i) ||
		    !is_in_statement(st, i))
			continue;
		claims = claims_at(l, st, i);
		literal.length = source_tokens_length(st->source, i);
		source_tokens_extent(st->source, i, &literal.first, &literal.last);
		/* Where there are no columns a claim is anything's on its line. */
		literal.is_sure = (claims & CLAIMS_SLICE) &&
				  (is_slice_type(st, literal.first) ||
				   source_tokens_position(st->source, i).column % SOURCE_COLUMN_BEYOND);
		/* A struct literal's keys are names, and a map's are anything. */
		if (!literal.length || !(claims & (CLAIMS_SLICE | CLAIMS_LITERAL)) ||
		    (!literal.is_sure && literal.length == SOURCE_NO_LENGTH))
			continue;
		ARRAY_GROW(st->literals, st->n_literals + 1, st->alloc_literals);
		st->literals[st->n_literals++] = literal;
	}
}

/* The one whose brace is the token. NULL if it is none's. */
static struct literal *literal_at(const struct statement *st, size_t brace)
{
	size_t low = 0, high = st->n_literals;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (st->literals[mid].brace < brace)
			low = mid + 1;
		else
			high = mid;
	}
	return low < st->n_literals && st->literals[low].brace == brace ? &st->literals[low] : NULL;
}

/* Whether the element type that a literal says is another one than the array's: only the names of the language's own
 * types say so. */
static bool is_of_other_type(const struct statement *st, const struct literal *literal, const struct rec_site *site)
{
	static const char *const names[] = {"bool",   "string", "int",	  "int8",    "int16",	"int64",  "uint",
					    "uint16", "uint32", "uint64", "uintptr", "float32", "float64"};
	const char *type = strchr(site->type, ']');

	if (literal->is_other || !is_slice_type(st, literal->first) || literal->first + 3 != literal->brace || !type)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (source_tokens_is(st->source, literal->first + 2, names[i]))
			return strcmp(type + 1, names[i]) != 0 && !strstr(type, "shape");
	}
	return false;
}

static bool may_be(const struct literals *l, const struct statement *st, size_t site, size_t literal)
{
	const struct literal *of = &st->literals[literal];
	const struct rec_site *s = &l->sites[st->sites[site]];
	size_t token = st->tokens[site];

	if (of->is_other)
		return token == of->brace;
	if (!has_length(s, of->length) || is_of_other_type(st, of, s))
		return false;
	if (token <= of->brace)
		return true;
	/* The last field of a struct inside. */
	return token <= of->last && s->type_size > SMALL_ARRAY &&
	       source_tokens_literal_around(st->source, token) != of->brace;
}

static void pair(struct literals *l, struct statement *st, size_t site, size_t literal)
{
	size_t brace = st->literals[literal].brace;

	l->braces[st->sites[site]] = brace;
	l->tokens[st->sites[site]] = brace;
	st->literals[literal].is_done = true;
	st->tokens[site] = SOURCE_NO_TOKEN;
}

/* How many of the arrays are at a token, and, if that is not NULL, as long as a literal. */
static size_t count_at(const struct literals *l, const struct statement *st, size_t token,
		       const struct literal *literal)
{
	size_t n = 0;

	for (size_t i = 0; i < st->n_sites; i++) {
		n += st->tokens[i] == token && (!literal || has_length(&l->sites[st->sites[i]], literal->length));
	}
	return n;
}

/* Takes out what is where it belongs: at a brace, or where something else is made that has an array. */
static void leave_out_own(const struct literals *l, struct statement *st)
{
	for (size_t i = 0; i < st->n_sites; i++) {
		size_t token = st->tokens[i];
		struct literal *literal = literal_at(st, token);
		bool is_own = false;

		if (token == SOURCE_NO_TOKEN)
			continue;
		if (literal)
			is_own = has_length(&l->sites[st->sites[i]], literal->length) &&
				 count_at(l, st, token, literal) == 1 && !has_insertion(l, st->sites[i]);
		else if (source_tokens_is_literal(st->source, token))
			is_own = false;
		else
			is_own = (claims_at(l, st, token) & CLAIMS_OTHER) && count_at(l, st, token, NULL) == 1;
		if (!is_own)
			continue;
		if (literal)
			literal->is_done = true;
		st->tokens[i] = SOURCE_NO_TOKEN;
	}
}

static int compare_literals(const void *a, const void *b)
{
	const struct literal *x = a, *y = b;

	return x->brace < y->brace ? -1 : x->brace > y->brace;
}

/* Where several are made at one place and one of them is no literal's. */
static void add_others(const struct literals *l, struct statement *st)
{
	size_t n = st->n_literals;

	for (size_t i = 0; i < st->n_sites; i++) {
		size_t token = st->tokens[i];
		bool is_there = false;

		if (token == SOURCE_NO_TOKEN || source_tokens_is_literal(st->source, token) ||
		    !(claims_at(l, st, token) & CLAIMS_OTHER))
			continue;
		for (size_t k = n; k < st->n_literals; k++)
			is_there |= st->literals[k].brace == token;
		if (is_there)
			continue;
		ARRAY_GROW(st->literals, st->n_literals + 1, st->alloc_literals);
		st->literals[st->n_literals++] = (struct literal){.first = token,
								  .brace = token,
								  .last = token,
								  .length = SOURCE_NO_LENGTH,
								  .is_sure = true,
								  .is_other = true};
	}
	if (st->n_literals > n)
		qsort(st->literals, st->n_literals, sizeof(*st->literals), compare_literals);
}

/* Up to Go 1.20 instances of a generic function have one name: what each makes is there, one instance behind the other.
 */
static bool is_generic(const struct literals *l, const struct statement *st)
{
	return strchr(l->sites[st->sites[0]].frames[0].function, '[');
}

/* A field's position is that of its value's array. Of several arrays there the value's is the last: what is around it
 * was made before. */
static void pair_fields(struct literals *l, struct statement *st)
{
	for (size_t k = 0; k < st->n_literals; k++) {
		const struct literal *literal = &st->literals[k];
		size_t colon = literal->first - 1;

		if (literal->is_done || literal->is_other || literal->first < st->first + 2 ||
		    !source_tokens_is(st->source, colon, ":"))
			continue;
		for (size_t i = st->n_sites; i-- > 0;) {
			if ((st->tokens[i] != colon && st->tokens[i] != colon - 1) || !may_be(l, st, i, k))
				continue;
			pair(l, st, i, k);
			if (!is_generic(l, st))
				break;
		}
	}
}

static void gather(struct statement *st, size_t first, size_t last)
{
	st->n_some_sites = st->n_some_literals = 0;
	for (size_t i = 0; i < st->n_sites; i++) {
		if (st->tokens[i] != SOURCE_NO_TOKEN && st->tokens[i] >= first && st->tokens[i] <= last)
			st->some_sites[st->n_some_sites++] = i;
	}
	for (size_t k = 0; k < st->n_literals && st->n_some_sites; k++) {
		if (!st->literals[k].is_done && st->literals[k].brace >= first && st->literals[k].brace <= last)
			st->some_literals[st->n_some_literals++] = k;
	}
}

static void keep_sure(struct statement *st)
{
	size_t n = 0;

	for (size_t k = 0; k < st->n_some_literals; k++) {
		if (st->literals[st->some_literals[k]].is_sure)
			st->some_literals[n++] = st->some_literals[k];
	}
	st->n_some_literals = n;
}

/* Of a generic function the literals of each instance. */
static bool pair_in_order(struct literals *l, struct statement *st)
{
	size_t n = st->n_some_sites, m = st->n_some_literals;

	if (!n || !m || n % m)
		return false;
	if (n != m && !is_generic(l, st))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!may_be(l, st, st->some_sites[i], st->some_literals[i % m]))
			return false;
	}
	for (size_t i = 0; i < n; i++)
		pair(l, st, st->some_sites[i], st->some_literals[i % m]);
	return true;
}

/* Those that may be nothing else, on both sides. */
static void pair_unique(struct literals *l, struct statement *st)
{
	for (size_t i = 0; i < st->n_some_sites; i++) {
		size_t n = 0, others = 0, literal = 0;

		for (size_t k = 0; k < st->n_some_literals; k++) {
			if (!st->literals[st->some_literals[k]].is_done &&
			    may_be(l, st, st->some_sites[i], st->some_literals[k])) {
				literal = st->some_literals[k];
				n++;
			}
		}
		for (size_t j = 0; j < st->n_some_sites && n == 1; j++)
			others += j != i && st->tokens[st->some_sites[j]] != SOURCE_NO_TOKEN &&
				  may_be(l, st, st->some_sites[j], literal);
		if (n == 1 && !others)
			pair(l, st, st->some_sites[i], literal);
	}
}

static void pair_within(struct literals *l, struct statement *st, size_t first, size_t last)
{
	gather(st, first, last);
	if (pair_in_order(l, st))
		return;
	keep_sure(st);
	pair_in_order(l, st);
}

/* Innermost first. */
static void pair_in_literals(struct literals *l, struct statement *st)
{
	/* How many arrays are at each token, and before it. */
	size_t *before = xcalloc(st->last - st->first + 2, sizeof(*before));

	for (size_t i = 0; i < st->n_sites; i++) {
		if (st->tokens[i] != SOURCE_NO_TOKEN)
			before[st->tokens[i] - st->first + 1]++;
	}
	for (size_t t = 0; t <= st->last - st->first; t++)
		before[t + 1] += before[t];
	for (size_t t = st->first; t <= st->last; t++) {
		size_t brace;

		if (!source_tokens_is(st->source, t, "}"))
			continue;
		brace = source_tokens_partner(st->source, t);
		if (brace >= st->first && before[t - st->first + 1] > before[brace - st->first] &&
		    source_tokens_is_literal(st->source, brace) && is_in_statement(st, brace))
			pair_within(l, st, brace, t);
	}
	free(before);
}

static void pair_statement(struct literals *l, struct statement *st)
{
	find_literals(l, st);
	leave_out_own(l, st);
	add_others(l, st);
	st->some_sites = xcalloc(st->n_sites, sizeof(*st->some_sites));
	st->some_literals = xcalloc(st->n_literals + 1, sizeof(*st->some_literals));
	if (getenv("DBG")) {
		fprintf(stderr, "stmt %zu-%zu sites %zu lits %zu\n", st->first, st->last, st->n_sites, st->n_literals);
		for (size_t i = 0; i < st->n_sites; i++)
			fprintf(stderr, " s tok %zu %s\n", st->tokens[i], l->sites[st->sites[i]].type);
		for (size_t i = 0; i < st->n_literals; i++)
			fprintf(stderr, " l %zu %zu %zu len %zu sure %d done %d\n", st->literals[i].first,
				st->literals[i].brace, st->literals[i].last, (size_t)st->literals[i].length,
				st->literals[i].is_sure, st->literals[i].is_done);
	}
	pair_fields(l, st);
	pair_in_literals(l, st);
	pair_within(l, st, st->first, st->last);
	gather(st, st->first, st->last);
	pair_unique(l, st);
	free(st->some_sites);
	free(st->some_literals);
	free(st->literals);
}

/* The arrays of the statement of one of them that was in none before. */
static void find_arrays(struct literals *l, size_t one, bool *is_seen)
{
	struct statement st = {.source = source_of(l, one), .file = twin_file(l->twin, l->sites[one].frames[0].file)};

	source_tokens_statement(st.source, l->tokens[one], &st.first, &st.last);
	st.sites = xcalloc(l->n - one, sizeof(*st.sites));
	st.tokens = xcalloc(l->n - one, sizeof(*st.tokens));
	for (size_t i = one; i < l->n; i++) {
		if (is_seen[i] || !is_array(&l->sites[i]) || l->tokens[i] < st.first || l->tokens[i] > st.last ||
		    !is_inlined_alike(l, i, one) || !is_in_statement(&st, l->tokens[i]))
			continue;
		is_seen[i] = true;
		st.tokens[st.n_sites] = l->tokens[i];
		st.sites[st.n_sites++] = i;
	}
	pair_statement(l, &st);
	free(st.sites);
	free(st.tokens);
}

/* ---- maps in map literals ------------------------------------------------------------------------------------- */

/* Whether the sites are at one token and inlined alike. */
static bool is_beside(const struct literals *l, size_t a, size_t b)
{
	return is_at(l, a, l->tokens[b], b);
}

/* The type that elements are inserted into at a site's place: the last one's; NULL if it is not known. */
static const char *inserted_type(const struct literals *l, size_t site)
{
	const char *type = NULL;

	for (size_t i = 0; i < l->n; i++) {
		if (l->sites[i].cause == CAUSE_MAP_GROWTH && is_beside(l, i, site))
			type = l->sites[i].type;
	}
	return type;
}

static bool has_own_map(const struct literals *l, size_t token, size_t other)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->sites[i].cause == CAUSE_MAKE_MAP && is_at(l, i, token, other))
			return true;
	}
	return false;
}

/* Whether something is inserted between the braces of a literal, into a map of another type than that around. */
static bool has_other_insertion(const struct literals *l, size_t brace, size_t other, const char *type)
{
	const struct source_tokens *source = source_of(l, other);

	for (size_t t = brace; t < source_tokens_partner(source, brace); t++) {
		for (size_t i = 0; i < l->n; i++) {
			if (l->tokens[i] == t && l->sites[i].cause == CAUSE_MAP_GROWTH && l->sites[i].type &&
			    is_at(l, i, t, other) && strcmp(l->sites[i].type, type) != 0)
				return true;
		}
	}
	return false;
}

/* Whether the values of the map whose literal has its brace at a site's token are maps: it says so, or what is inserted
 * into them. */
static bool has_map_values(const struct literals *l, size_t site)
{
	const struct source_tokens *source = source_of(l, site);
	const char *type = inserted_type(l, site);
	struct source_element element;
	size_t first, last, at = 0;

	source_tokens_extent(source, l->tokens[site], &first, &last);
	if (source_tokens_is(source, first, "map") &&
	    source_tokens_is(source, source_tokens_partner(source, first + 1) + 1, "map"))
		return true;
	while (type && source_tokens_next_element(source, l->tokens[site], &at, &element)) {
		if (element.brace != SOURCE_NO_TOKEN && has_other_insertion(l, element.brace, site, type))
			return true;
	}
	return false;
}

/*
 * A map literal of constants that is an element of another one is made at the other one's brace, like a slice literal,
 * and so is what is inserted into it at no place of its own. The other map itself, if a call makes it, is made first.
 */
static void find_maps(struct literals *l, size_t first, size_t *braces)
{
	const struct source_tokens *source = source_of(l, first);
	const char *type = inserted_type(l, first);
	struct source_element element;
	size_t n = 0, n_elements = 0, at = 0, k = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (l->sites[i].cause == CAUSE_MAKE_MAP && is_beside(l, i, first)) {
			if (i < first)
				return;
			l->arrays[n++] = i;
		}
	}
	while (source_tokens_next_element(source, l->tokens[first], &at, &element)) {
		if (element.brace == SOURCE_NO_TOKEN || has_own_map(l, element.brace, first))
			continue;
		if (n_elements == n)
			return;
		l->elements[n_elements++] = element.brace;
	}
	if (n_elements == 0 || n > n_elements + 1 || n < n_elements || !has_map_values(l, first))
		return;
	for (size_t i = l->arrays[n - n_elements]; i < l->n; i++) {
		bool is_map = l->sites[i].cause == CAUSE_MAKE_MAP;

		if (braces[i] != SOURCE_NO_TOKEN || !is_beside(l, i, first))
			continue;
		k += is_map;
		if (is_map || (type && l->sites[i].cause == CAUSE_MAP_GROWTH && l->sites[i].type &&
			       strcmp(l->sites[i].type, type) != 0))
			braces[i] = l->elements[k - 1];
	}
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

void literal_braces_find(struct twin *twin, const struct literal_claims *claims, const struct rec_site *sites, size_t n,
			 size_t *braces)
{
	struct literals l = {.twin = twin, .claims = claims, .sites = sites, .n = n, .braces = braces};
	bool *is_seen = xcalloc(n, sizeof(*is_seen));

	l.tokens = xcalloc(n, sizeof(*l.tokens));
	l.arrays = xcalloc(n, sizeof(*l.arrays));
	l.elements = xcalloc(n, sizeof(*l.elements));
	for (size_t i = 0; i < n; i++) {
		l.tokens[i] = token_of(&l, i);
		braces[i] = SOURCE_NO_TOKEN;
	}
	for (size_t i = 0; i < n; i++) {
		if (!is_seen[i] && l.tokens[i] != SOURCE_NO_TOKEN && is_array(&sites[i]))
			find_arrays(&l, i, is_seen);
	}
	for (size_t i = 0; i < n; i++) {
		if (l.tokens[i] != SOURCE_NO_TOKEN && sites[i].cause == CAUSE_MAKE_MAP && has_insertion(&l, i) &&
		    source_tokens_is_literal(source_of(&l, i), l.tokens[i]))
			find_maps(&l, i, braces);
	}
	free(l.tokens);
	free(l.arrays);
	free(l.elements);
	free(is_seen);
}
