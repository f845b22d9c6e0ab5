/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names are not unique: "model.User" may be of two packages. What the recording has is a name, so a name that several
 * different types have says nothing.
 */
#include "recording/types.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/u64map.h"

#define FIELDS_MAX 256 /* more are not for reading */

static void want(struct recording *rec, struct u64map *wanted, const char *name)
{
	if (name)
		u64map_at(wanted, (uintptr_t)strpool_add(rec->pool, name), NULL);
}

/* Whether the order of fields is not the programmer's to choose, or was chosen with care. */
static bool is_fixed(const struct go_type *type, const struct go_field *fields, size_t n)
{
	const char *dot = strrchr(type->name, '.');

	if (strncmp(dot ? dot + 1 : type->name, "_Ctype_", 7) == 0)
		return true;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(fields[i].name, "_") == 0 || strcmp(fields[i].type, "structs.HostLayout") == 0)
			return true;
	}
	return false;
}

static void add_type(struct recording *rec, const char *name, const struct go_type *from, const struct go_field *fields,
		     size_t n)
{
	struct rec_type *type = recording_add_type(rec);

	*type = (struct rec_type){.name = name,
				  .package = strpool_add(rec->pool, from->pkg_path),
				  .size = from->size,
				  .has_pointers = from->ptr_bytes != 0,
				  .is_fixed = is_fixed(from, fields, n),
				  .fields = xcalloc(n, sizeof(*type->fields)),
				  .n_fields = (uint32_t)n};
	for (size_t i = 0; i < n; i++)
		type->fields[i] = (struct rec_field){.name = strpool_add(rec->pool, fields[i].name),
						     .offset = fields[i].offset,
						     .size = fields[i].size,
						     .align = fields[i].align};
}

static int compare_types(const void *a, const void *b)
{
	return strcmp(((const struct rec_type *)a)->name, ((const struct rec_type *)b)->name);
}

void recording_find_types(struct recording *rec, const struct go_binary *bin)
{
	struct u64map wanted = U64MAP_INIT, found = U64MAP_INIT; /* by name; the latter: index into types */
	struct go_field fields[FIELDS_MAX];
	struct go_type type;
	size_t n_known = 0, kept = 0;

	recording_release_types(rec);
	for (size_t i = 0; !rec->borrows_sites && i < rec->n_sites; i++)
		want(rec, &wanted, rec->sites[i].type);
	for (size_t i = 0; i < rec->n_observations; i++)
		want(rec, &wanted, rec->observations[i].type);
	while (go_binary_known_type(bin, n_known, &type))
		n_known++; /* those of fields come behind */
	for (size_t i = 0; i < n_known && go_binary_known_type(bin, i, &type); i++) {
		const char *name = type.pkg_path ? strpool_add(rec->pool, type.name) : NULL;
		uint64_t *index;
		bool is_new;
		size_t n;

		if (!name || !u64map_find(&wanted, (uintptr_t)name))
			continue;
		n = go_binary_fields(bin, &type, fields, FIELDS_MAX);
		index = u64map_at(&found, (uintptr_t)name, &is_new);
		if (!is_new) {
			rec->types[*index].n_fields = 0;
			continue;
		}
		*index = rec->n_types;
		/* One without fields is kept for now, in case that another has its name. */
		add_type(rec, name, &type, fields, n <= FIELDS_MAX ? n : 0);
	}
	u64map_release(&wanted);
	u64map_release(&found);
	for (size_t i = 0; i < rec->n_types; i++) {
		if (rec->types[i].n_fields)
			rec->types[kept++] = rec->types[i];
		else
			free(rec->types[i].fields);
	}
	rec->n_types = kept;
	if (rec->n_types)
		qsort(rec->types, rec->n_types, sizeof(*rec->types), compare_types);
}
