/* SPDX-License-Identifier: Apache-2.0 */
#include "sites/site_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "symbolize/symbolizer.h"

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

void site_names_find(struct recording *rec, const struct go_binary *bin)
{
	struct symbolizer *sym;

	if (!rec->n_sites || symbolizer_new_dwarf(&sym, bin, NULL))
		return;
	name_variables(rec, sym);
	symbolizer_free(sym);
}
