/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three ways in which the array of a slice literal gets another position (cmd/compile/internal/walk, complit.go):
 *
 * What is constant in a slice literal of more than 256 bytes is put into read-only data first (slicelit, fixedlit). For
 * each field of a struct literal in it that sets the current position to the field's, and the array is made there: in
 * the last field of the last struct.
 *
 * Slice literals that are elements of a map literal have the position of the map's brace: "m[k] = v" is made of each
 * element, at the map's position, and the literal is assigned to a temporary variable of that statement (order.go,
 * OMAPLIT and mapAssign; oaslit). These statements are in the order of the source, one behind the other, as no literal
 * of a slice is static (isStaticCompositeLiteral); and code of one comes before that of the next (ssa/layout.go: a
 * block is laid out behind one that it is reached from). So the n-th array that is made at the brace is that of the
 * n-th such element. An array without elements is made by no call, and a literal that is converted to the map's type is
 * made at its own position.
 *
 * Slice literals that are assigned, declared or returned side by side have the position of the statement (oaslit). They
 * are made one behind the other, in the order of the source.
 */
#include "sites/literal_braces.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct literals {
	struct twin *twin;
	const struct rec_site *sites; /* of the function */
	size_t n;
	size_t *tokens; /* of the sites: where the compiler puts it, or the brace that is known */
	size_t *arrays; /* among sites: those at one map's brace */
	size_t n_arrays;
	size_t *elements; /* braces of the map's elements */
};

static bool is_array(const struct rec_site *site)
{
	return site->cause == CAUSE_NEW_OBJECT && (!site->type || (site->type[0] == '[' && site->type[1] != ']'));
}

static bool has_length(const struct rec_site *site, uint64_t length)
{
	return !site->type || length == SOURCE_NO_LENGTH || strtoull(site->type + 1, NULL, 10) == length;
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

/* Whether a site is at that token, and else where the other is. */
static bool is_at(const struct literals *l, size_t site, size_t token, size_t other)
{
	const struct rec_site *a = &l->sites[site], *b = &l->sites[other];

	if (a->n_frames != b->n_frames || l->tokens[site] != token)
		return false;
	for (size_t i = 0; i < a->n_frames; i++) {
		const struct rec_frame *x = &a->frames[i], *y = &b->frames[i];

		if ((i && x->line != y->line) || x->function != y->function || x->file != y->file)
			return false;
	}
	return true;
}

/* Whether an array is made at that token, on the other site's levels. */
static bool has_own_site(const struct literals *l, size_t token, size_t other)
{
	for (size_t i = 0; i < l->n; i++) {
		if (is_array(&l->sites[i]) && is_at(l, i, token, other))
			return true;
	}
	return false;
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

/* ---- in the last field of the last struct ------------------------------------------------------------------------ */

#define SMALL_ARRAY 256 /* bytes; ir.MaxSmallArraySize, smallArrayBytes up to Go 1.20 */

/* Whether no literal with elements is among the elements behind the one that a token is in. */
static bool is_last(const struct source_tokens *source, size_t brace, size_t token)
{
	struct source_element element;
	size_t at = 0;

	while (source_tokens_next_element(source, brace, &at, &element)) {
		if (element.key_first > token && element.brace != SOURCE_NO_TOKEN &&
		    source_tokens_length(source, element.brace) > 0)
			return false;
	}
	return true;
}

/* Whether a token is the position of the last field: its name, up to Go 1.19 the colon behind it, or, without a name,
 * somewhere in the value. */
static bool is_last_field(const struct source_tokens *source, size_t brace, size_t token)
{
	struct source_element element, last = {.key_first = SOURCE_NO_TOKEN};
	size_t at = 0;

	while (source_tokens_next_element(source, brace, &at, &element))
		last = element;
	return token >= last.key_first && (last.key_last < last.key_first || token <= last.key_last + 1);
}

/* "new([300]int)" and "&[300]int{}" make arrays that are not of slices. */
static bool is_pointer_to_array(const struct source_tokens *source, size_t token)
{
	return source_tokens_is(source, token + 1, "[") &&
	       (source_tokens_is(source, token, "&") ||
		(source_tokens_is(source, token, "(") && token && source_tokens_is(source, token - 1, "new")));
}

/*
 * The field is in a struct literal; that is in other literals of structs and arrays, and at last in that of the slice,
 * which has as many elements as the array. Others around it may have as many, of which all but one must have arrays of
 * their own.
 */
static size_t slice_around(const struct literals *l, size_t site)
{
	const struct source_tokens *source = source_of(l, site);
	size_t token = l->tokens[site], brace, found = SOURCE_NO_TOKEN;

	if (l->sites[site].type_size <= SMALL_ARRAY || is_pointer_to_array(source, token))
		return SOURCE_NO_TOKEN;
	/* Its own, or that of a map. */
	if (has_insertion(l, site) || (source_tokens_is_literal(source, token) &&
				       has_length(&l->sites[site], source_tokens_length(source, token))))
		return SOURCE_NO_TOKEN;
	brace = source_tokens_literal_around(source, token);
	if (brace == SOURCE_NO_TOKEN || !is_last_field(source, brace, token))
		return SOURCE_NO_TOKEN;
	for (size_t inner = brace; inner != SOURCE_NO_TOKEN; inner = brace) {
		brace = source_tokens_literal_around(source, inner);
		if (brace == SOURCE_NO_TOKEN || !is_last(source, brace, inner))
			return found;
		if (source_tokens_length(source, brace) == SOURCE_NO_LENGTH ||
		    !has_length(&l->sites[site], source_tokens_length(source, brace)) || has_own_site(l, brace, site))
			continue;
		if (found != SOURCE_NO_TOKEN)
			return SOURCE_NO_TOKEN;
		found = brace;
	}
	return found;
}

/* ---- elements of map literals ------------------------------------------------------------------------------------ */

/* Fills in the arrays at the position of one of them. */
static void find_arrays(struct literals *l, size_t one)
{
	l->n_arrays = 0;
	for (size_t i = 0; i < l->n; i++) {
		if (is_array(&l->sites[i]) && is_at(l, i, l->tokens[one], one))
			l->arrays[l->n_arrays++] = i;
	}
}

/* Adds the braces of the elements whose arrays follow behind the first n. False if these are fewer, or of other
 * lengths.
 */
static bool add_elements(struct literals *l, size_t first, size_t *n)
{
	const struct source_tokens *source = source_of(l, first);
	struct source_element element;
	size_t at = 0;

	while (source_tokens_next_element(source, l->tokens[first], &at, &element)) {
		uint64_t length = element.brace == SOURCE_NO_TOKEN ? 0 : source_tokens_length(source, element.brace);

		if (length == 0 || has_own_site(l, element.brace, first))
			continue;
		if (*n == l->n_arrays || !has_length(&l->sites[l->arrays[*n]], length))
			return false;
		l->elements[(*n)++] = element.brace;
	}
	return true;
}

/* Up to Go 1.20 instances of a generic function have one name: the elements of each, one instance behind the other. */
static bool find_elements(struct literals *l, size_t first)
{
	size_t n = 0, before;

	do {
		before = n;
		if (!add_elements(l, first, &n))
			return false;
	} while (n > before && n < l->n_arrays);
	return n == l->n_arrays;
}

/* ---- side by side ------------------------------------------------------------------------------------------------ */

static bool is_return(const struct source_tokens *source, size_t token)
{
	return source_tokens_is(source, token, "return");
}

static bool is_assignment(const struct source_tokens *source, size_t token)
{
	return source_tokens_is(source, token, "=") || source_tokens_is(source, token, ":=");
}

/* Fills in the arrays at the position of the first. False unless that is the first, and there are others. */
static bool find_array_list(struct literals *l, size_t first)
{
	l->n_arrays = 0;
	for (size_t i = 0; i < l->n; i++) {
		if (!is_array(&l->sites[i]) || !is_at(l, i, l->tokens[first], first))
			continue;
		if (i < first)
			return false;
		l->arrays[l->n_arrays++] = i;
	}
	return l->n_arrays > 1;
}

/* The braces of the literals that are operands of a statement themselves, not in a call or another literal. False if
 * they are not as many as the arrays, or of other lengths. */
static bool find_operands(struct literals *l, size_t first)
{
	const struct source_tokens *source = source_of(l, first);
	size_t token = l->tokens[first], at, end, n = 0, begin, last;

	source_tokens_extent(source, token, &at, &end);
	at = token;
	while (at <= end && !is_return(source, at) && !is_assignment(source, at))
		at++;
	for (begin = at + 1, at = begin; at <= end; at++) {
		uint64_t length;

		if (source_tokens_is(source, at, ",")) {
			begin = at + 1;
			continue;
		}
		if (source_tokens_is(source, at, "(")) {
			source_tokens_extent(source, at, &last, &at);
			continue;
		}
		if (!source_tokens_is_literal(source, at))
			continue;
		token = at;
		source_tokens_extent(source, token, &last, &at);
		length = source_tokens_length(source, token);
		if (last != begin || (at < end && !source_tokens_is(source, at + 1, ",")) || length == 0)
			continue;
		if (n == l->n_arrays || !has_length(&l->sites[l->arrays[n]], length))
			return false;
		l->elements[n++] = token;
	}
	return n == l->n_arrays;
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

void literal_braces_find(struct twin *twin, const struct rec_site *sites, size_t n, size_t *braces)
{
	struct literals l = {.twin = twin, .sites = sites, .n = n};

	l.tokens = xcalloc(n, sizeof(*l.tokens));
	l.arrays = xcalloc(n, sizeof(*l.arrays));
	l.elements = xcalloc(n, sizeof(*l.elements));
	for (size_t i = 0; i < n; i++) {
		l.tokens[i] = token_of(&l, i);
		braces[i] = SOURCE_NO_TOKEN;
	}
	for (size_t i = 0; i < n; i++) {
		if (l.tokens[i] != SOURCE_NO_TOKEN && is_array(&sites[i]) && sites[i].type)
			braces[i] = slice_around(&l, i);
		if (braces[i] != SOURCE_NO_TOKEN)
			l.tokens[i] = braces[i];
	}
	for (size_t i = 0; i < n; i++) {
		bool is_known;

		if (l.tokens[i] == SOURCE_NO_TOKEN || !is_array(&sites[i]) || braces[i] != SOURCE_NO_TOKEN)
			continue;
		if (has_insertion(&l, i)) {
			find_arrays(&l, i);
			is_known = find_elements(&l, i);
		} else {
			is_known = find_array_list(&l, i) && find_operands(&l, i);
		}
		if (!is_known)
			continue;
		for (size_t k = 0; k < l.n_arrays; k++) {
			braces[l.arrays[k]] = l.elements[k];
			l.tokens[l.arrays[k]] = l.elements[k];
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (l.tokens[i] != SOURCE_NO_TOKEN && sites[i].cause == CAUSE_MAKE_MAP && has_insertion(&l, i) &&
		    source_tokens_is_literal(source_of(&l, i), l.tokens[i]))
			find_maps(&l, i, braces);
	}
	free(l.tokens);
	free(l.arrays);
	free(l.elements);
}
