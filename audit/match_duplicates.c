/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same code in several packages. Whoever uses a generic function compiles it for the shapes he needs, and the
 * diagnostics of every such package say the same of it; the linker keeps one copy (DUPOK symbols). So of what several
 * packages say alike only one package's account is of the binary: the others are its echo, and get no verdict.
 */
#include "audit/match_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct said {
	const struct prediction *p;
	const char *expr; /* bare, pooled */
	uint32_t file;
	uint64_t chain;
	size_t index;
};

static int compare_text(const char *a, const char *b)
{
	if (a == b)
		return 0;
	return a && b ? strcmp(a, b) : a ? 1 : -1;
}

#define COMPARE(a, b)                                                                                                  \
	if ((a) != (b))                                                                                                \
	return (a) < (b) ? -1 : 1

/* 0 where they say the same, whoever says it. */
static int compare_said(const struct said *x, const struct said *y)
{
	COMPARE(x->file, y->file);
	COMPARE(x->p->pos.line, y->p->pos.line);
	COMPARE(x->p->pos.column, y->p->pos.column);
	COMPARE(x->p->claim, y->p->claim);
	COMPARE(x->p->kind, y->p->kind);
	COMPARE(x->p->wrapper, y->p->wrapper);
	if (x->expr != y->expr)
		return compare_text(x->expr, y->expr);
	if (x->p->function != y->p->function && compare_text(x->p->function, y->p->function))
		return compare_text(x->p->function, y->p->function);
	COMPARE(x->chain, y->chain);
	return 0;
}

/* But for the inline chain, which not everybody knows. */
static bool is_alike(const struct said *x, const struct said *y)
{
	struct said other = *y;

	other.chain = x->chain;
	return compare_said(x, &other) == 0;
}

static int compare_sayers(const void *a, const void *b)
{
	const struct said *x = a, *y = b;
	int order = compare_said(x, y);

	if (order == 0)
		order = compare_text(x->p->package, y->p->package);
	if (order)
		return order;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Whether it speaks of a file of its own package. */
static bool is_at_home(const struct matching *m, const struct said *said)
{
	const char *package = matching_file_package(m, said->index);

	return package && said->p->package && strcmp(package, said->p->package) == 0;
}

/*
 * n predictions that say the same, by package. How often the package says it that says it most often is how often it is
 * true of one copy. With the function's name, shapes are told apart: one such package speaks for all, the function's
 * own if it can. Without, another package may speak of another shape: then only those are silenced that found no site.
 */
static void silence_echoes(struct matching *m, const struct said *said, size_t n, bool named)
{
	size_t most = 0, speaker = 0, matched = 0, at_home = 0;

	for (size_t i = 0, first = 0; i < n; i++) {
		if (compare_text(said[i].p->package, said[first].p->package) != 0)
			first = i;
		if (i - first + 1 > most || (i - first + 1 == most && is_at_home(m, &said[first]))) {
			most = i - first + 1;
			speaker = first;
		}
		matched += m->is_matched[said[i].index];
	}
	if (most == n)
		return;
	for (size_t i = 0; i < n && !named; i++) /* the function's own package speaks first */
		at_home += !m->is_matched[said[i].index] && is_at_home(m, &said[i]);
	for (size_t i = 0; i < n; i++) {
		bool is_home = !named && is_at_home(m, &said[i]);

		if (named ? i >= speaker && i < speaker + most : m->is_matched[said[i].index])
			continue;
		at_home -= is_home;
		if (!named && matched + (is_home ? 0 : at_home) < most) {
			matched++;
			continue;
		}
		m->is_matched[said[i].index] = true;
		m->n_duplicates++;
	}
}

/*
 * n predictions that are alike but for their chains, which the JSON has once: with the function's own package, or with
 * another. Where one of the two has none the other package says no more than the function's own, if it says it no more
 * often.
 */
static void silence_without_chain(struct matching *m, const struct said *said, size_t n)
{
	size_t n_home = 0, n_known = 0;

	for (size_t i = 0; i < n; i++) {
		n_home += is_at_home(m, &said[i]);
		n_known += is_at_home(m, &said[i]) && said[i].p->inlined_known;
	}
	for (size_t i = 0; i < n && n_home; i++) {
		size_t n_said = 0;

		if (m->is_matched[said[i].index] || (said[i].p->inlined_known && n_known) || is_at_home(m, &said[i]))
			continue;
		for (size_t k = 0; k < n; k++)
			n_said += compare_text(said[i].p->package, said[k].p->package) == 0;
		if (n_said > n_home)
			continue;
		m->is_matched[said[i].index] = true;
		m->n_duplicates++;
	}
}

void match_silence_echoes(struct matching *m, bool named)
{
	struct said *said = xcalloc(m->set->n + 1, sizeof(*said));
	size_t n = 0;

	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];

		/* Wrappers are told apart by their package alone. */
		if (m->prediction_file[i] != NO_FILE && !p->function == !named &&
		    strcmp(m->files[m->prediction_file[i]].base, "<autogenerated>") != 0)
			said[n++] = (struct said){.p = p,
						  .expr = m->bare_expr[i],
						  .file = m->prediction_file[i],
						  .chain = match_prediction_chain(p, p->n_inlined),
						  .index = i};
	}
	qsort(said, n, sizeof(*said), compare_sayers);
	for (size_t first = 0, end; first < n; first = end) {
		for (end = first + 1; end < n && compare_said(&said[first], &said[end]) == 0; end++)
			;
		if (end - first > 1)
			silence_echoes(m, &said[first], end - first, named);
	}
	for (size_t first = 0, end; first < n; first = end) {
		for (end = first + 1; end < n && is_alike(&said[first], &said[end]); end++)
			;
		if (end - first > 1)
			silence_without_chain(m, &said[first], end - first);
	}
	free(said);
}
