/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/columns.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/u64map.h"

struct columns_index {
	struct u64map at; /* name and calls, mixed -> function + 1 */
};

struct columns *columns_new(void)
{
	struct columns *columns = xcalloc(1, sizeof(*columns));

	columns->index = xcalloc(1, sizeof(*columns->index));
	return columns;
}

void columns_free(struct columns *columns)
{
	if (!columns)
		return;
	u64map_release(&columns->index->at);
	free(columns->index);
	free(columns->functions);
	free(columns->sites);
	free(columns->levels);
	free(columns);
}

/* The function's place in the index: its own, or an empty one. Hashes that collide are told apart by what they are of.
 */
static uint64_t *place_of(const struct columns *columns, const char *name, uint64_t calls)
{
	uint64_t key = u64_mix(bytes_hash(name, strlen(name)), calls);

	for (;; key = u64_mix(key, 1)) {
		uint64_t *place = u64map_at(&columns->index->at, key, NULL);
		const struct column_function *f = *place ? &columns->functions[*place - 1] : NULL;

		if (!f || (f->calls == calls && strcmp(f->name, name) == 0))
			return place;
	}
}

void columns_add_function(struct columns *columns, const char *name, uint64_t calls)
{
	uint64_t *place = place_of(columns, name, calls);

	if (*place)
		columns->functions[*place - 1].is_double = true;
	ARRAY_GROW(columns->functions, columns->n_functions + 1, columns->alloc_functions);
	columns->functions[columns->n_functions++] = (struct column_function){
		.name = name, .calls = calls, .first_site = (uint32_t)columns->n_sites, .is_double = *place != 0};
	if (!*place)
		*place = columns->n_functions;
}

struct column_site *columns_add_site(struct columns *columns)
{
	struct column_site *site;

	ARRAY_GROW(columns->sites, columns->n_sites + 1, columns->alloc_sites);
	site = &columns->sites[columns->n_sites++];
	*site = (struct column_site){.first_level = (uint32_t)columns->n_levels};
	columns->functions[columns->n_functions - 1].n_sites++;
	return site;
}

void columns_add_level(struct columns *columns, struct source_position level)
{
	ARRAY_GROW(columns->levels, columns->n_levels + 1, columns->alloc_levels);
	columns->levels[columns->n_levels++] = level;
	columns->sites[columns->n_sites - 1].n_levels++;
}

const struct column_function *columns_find(const struct columns *columns, const char *name, uint64_t calls)
{
	const uint64_t *place = place_of(columns, name, calls);
	const struct column_function *f = *place ? &columns->functions[*place - 1] : NULL;

	return f && !f->is_double ? f : NULL;
}
