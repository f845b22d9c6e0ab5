/* SPDX-License-Identifier: Apache-2.0 */
#include "sites/site_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/u64map.h"
#include "symbolize/symbolizer.h"

#define CAPTURED_MAX 64

/* A call that may have made a variable's object. */
struct call {
	elf_vaddr ret;
	struct rec_site *site;
};

static int compare_calls(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	return (x->ret > y->ret) - (x->ret < y->ret);
}

/* What is of no type is several variables in one object: the name of one of them would not say what it is. */
static bool may_be_variable(const struct rec_site *site)
{
	return site->cause == CAUSE_NEW_OBJECT && (site->type || !go_runtime_is_allocator(site->callee));
}

static void name_variables(struct recording *rec, struct symbolizer *sym)
{
	struct call *calls = xcalloc(rec->n_sites, sizeof(*calls));
	struct sym_moved_variable *variables;
	elf_vaddr *rets;
	size_t n = 0;

	for (size_t i = 0; i < rec->n_sites; i++) {
		if (may_be_variable(&rec->sites[i]))
			calls[n++] = (struct call){rec->sites[i].ret, &rec->sites[i]};
	}
	qsort(calls, n, sizeof(*calls), compare_calls);
	rets = xcalloc(n, sizeof(*rets));
	variables = xcalloc(n, sizeof(*variables));
	for (size_t i = 0; i < n; i++)
		rets[i] = calls[i].ret;
	symbolizer_moved_by(sym, rets, n, variables);
	for (size_t i = 0; i < n; i++) {
		const struct sym_moved_variable *v = &variables[i];
		struct rec_site *site = calls[i].site;

		/* Of another size it is another object, and the debug information is not to be believed. */
		if (v->name && (!v->size || !site->type_size || v->size == site->type_size))
			site->variable = strpool_add(rec->pool, v->name);
	}
	free(calls);
	free(rets);
	free(variables);
}

static const struct sym_captured *captured_at(const struct sym_captured *captured, size_t n, uint64_t offset)
{
	for (size_t i = 0; i < n; i++) {
		if (captured[i].offset == offset)
			return &captured[i];
	}
	return NULL;
}

/*
 * "&x, ?, buf": each field of the object behind the code pointer. What the function reads from it in passing has no
 * name in the debug information.
 */
static void name_captured(struct recording *rec, const struct go_binary *bin, struct symbolizer *sym,
			  const struct go_type *type, struct rec_site *site)
{
	struct sym_captured captured[CAPTURED_MAX];
	struct go_field fields[CAPTURED_MAX];
	struct strbuf sb = STRBUF_INIT;
	size_t n, n_fields, met = 0;
	struct go_func func;

	n_fields = go_binary_fields(bin, type, fields, CAPTURED_MAX);
	if (n_fields < 2 || n_fields > CAPTURED_MAX || !go_binary_func_named(bin, site->closure, &func))
		return;
	n = symbolizer_captured(sym, func.entry, captured, CAPTURED_MAX);
	for (size_t i = 1; i < n_fields; i++) {
		const struct sym_captured *c = captured_at(captured, n, fields[i].offset);

		met += c != NULL;
		/* a reference is a pointer */
		if (c && c->by_reference && fields[i].type[0] != '*')
			met = SIZE_MAX / 2;
		strbuf_addf(&sb, "%s%s%s", i > 1 ? ", " : "", c && c->by_reference ? "&" : "", c ? c->name : "?");
	}
	/* What is no field's is another function's, or damage. */
	if (met && met == n)
		site->captures = strpool_add(rec->pool, strbuf_str(&sb));
	strbuf_release(&sb);
}

static void name_all_captured(struct recording *rec, const struct go_binary *bin, struct symbolizer *sym)
{
	struct u64map at = U64MAP_INIT; /* name of a closure's type, pooled -> which of the known types */
	struct go_type type;

	for (size_t i = 0; go_binary_known_type(bin, i, &type); i++) {
		if (strncmp(type.name, "struct { F uintptr; X0 ", 23) == 0)
			*u64map_at(&at, (uintptr_t)strpool_add(rec->pool, type.name), NULL) = i;
	}
	for (size_t i = 0; i < rec->n_sites; i++) {
		struct rec_site *site = &rec->sites[i];
		const uint64_t *known = site->cause == CAUSE_CLOSURE && site->closure && site->type
						? u64map_find(&at, (uintptr_t)strpool_add(rec->pool, site->type))
						: NULL;

		if (known && go_binary_known_type(bin, *known, &type))
			name_captured(rec, bin, sym, &type, site);
	}
	u64map_release(&at);
}

void site_names_find(struct recording *rec, const struct go_binary *bin)
{
	struct symbolizer *sym;

	if (!rec->n_sites || symbolizer_new_dwarf(&sym, bin, NULL))
		return;
	name_variables(rec, sym);
	name_all_captured(rec, bin, sym);
	symbolizer_free(sym);
}
