/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/variable_types.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/keymap.h"
#include "base/memory.h"
#include "base/path.h"
#include "symbolize/go_name.h"

#define DEPTH_LIMIT 64
#define HOPS_LIMIT  16

/* A variable's name and the place of its declaration. */
struct named {
	struct variable_source type;
	bool differs;
	bool is_listed; /* its address is */
	bool is_known;	/* it is, in a function that is inlined or as a parameter */
	size_t first;	/* prediction + 1 */
};

struct search {
	struct predictions *set;
	struct keymap at;    /* base of the file and line, name, both pooled -> named + 1 */
	struct keymap units; /* the same, by the last part of the unit's name; UINT64_MAX where several are */
	struct named *items;
	size_t n, alloc;
	size_t *next; /* + 1, by prediction */
};

static struct keymap_key key_of(struct search *s, const char *file, int line, const char *name)
{
	return (struct keymap_key){
		{(uintptr_t)strpool_addf(s->set->pool, "%s:%d", strchr(file, '[') ? file : path_base(file), line),
		 (uintptr_t)strpool_add(s->set->pool, name)}};
}

/* Of several files that have it in one place, the first is not taken for the others. */
static void add_unit(struct search *s, const char *unit, int line, const char *name, size_t named)
{
	bool is_new;
	uint64_t *index = keymap_at(&s->units, key_of(s, unit, line, name), &is_new);

	*index = is_new || *index == named ? named : UINT64_MAX;
}

/*
 * Functions that are inlined have no file in DWARF, but stand in their package's unit: of those the directory's name is
 * held against the last part of the import path.
 */
static const char *directory_of(struct search *s, const char *file)
{
	const char *base = path_base(file);
	const char *directory = base - file > 2 ? strpool_add_n(s->set->pool, file, (size_t)(base - file) - 1) : NULL;

	return directory ? path_base(directory) : NULL;
}

/* Each instance of a generic function has types of its own: there its name stands for the file. */
static const char *instance_of(const char *function)
{
	return function && strchr(function, '[') ? function : NULL;
}

static void add_wanted(struct search *s, size_t prediction)
{
	const struct prediction *p = &s->set->items[prediction];
	const struct position *pos = prediction_place(p);
	const char *directory = directory_of(s, pos->file);
	const char *instance = p->n_inlined ? NULL : instance_of(p->function);
	struct keymap_key key = key_of(s, instance ? instance : pos->file, pos->line, p->expr);
	uint64_t *index;
	bool is_new;

	index = keymap_at(&s->at, key, &is_new);
	if (is_new) {
		ARRAY_GROW(s->items, s->n + 1, s->alloc);
		s->items[s->n++] = (struct named){.first = 0};
		*index = s->n;
		add_unit(s, "main", pos->line, p->expr, s->n);
		if (directory)
			add_unit(s, directory, pos->line, p->expr, s->n);
		else if (p->package)
			add_unit(s, path_base(p->package), pos->line, p->expr, s->n);
	}
	s->next[prediction] = s->items[*index - 1].first;
	s->items[*index - 1].first = prediction + 1;
}

/* ---- types ------------------------------------------------------------------------------------------------------- */

static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;

	return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attribute), type) != NULL;
}

/* Go's alignment: of what a number has bytes, up to a word's; of a struct, what its fields have most. */
static bool measure(Dwarf_Die *type, unsigned depth, unsigned *align, bool *has_pointers)
{
	Dwarf_Attribute attribute;
	Dwarf_Word encoding = 0;
	Dwarf_Die inner;
	int size = dwarf_bytesize(type);

	if (depth > HOPS_LIMIT)
		return false;
	switch (dwarf_tag(type)) {
	case DW_TAG_base_type:
		dwarf_formudata(dwarf_attr(type, DW_AT_encoding, &attribute), &encoding);
		if (size <= 0)
			return false;
		size /= encoding == DW_ATE_complex_float ? 2 : 1;
		*align = (unsigned)size > *align ? (unsigned)size : *align;
		return true;
	case DW_TAG_pointer_type:
	case DW_TAG_subroutine_type:
		*has_pointers = true;
		*align = 8;
		return true;
	case DW_TAG_typedef:
	case DW_TAG_array_type:
		return type_of(type, &inner) && measure(&inner, depth + 1, align, has_pointers);
	case DW_TAG_structure_type:
		if (dwarf_child(type, &inner) != 0)
			return true;
		do {
			Dwarf_Die field;

			if (dwarf_tag(&inner) == DW_TAG_member &&
			    (!type_of(&inner, &field) || !measure(&field, depth + 1, align, has_pointers)))
				return false;
		} while (dwarf_siblingof(&inner, &inner) == 0);
		return true;
	default:
		return false;
	}
}

static bool same_type(const struct variable_source *a, const struct variable_source *b)
{
	return strcmp(a->type, b->type) == 0 && a->size == b->size;
}

static void note_type(struct search *s, struct named *named, Dwarf_Die *type)
{
	struct variable_source found = {.align = 1};
	Dwarf_Word size;

	found.type = strpool_add(s->set->pool, dwarf_diename(type));
	if (!found.type || dwarf_aggregate_size(type, &size) != 0 ||
	    !measure(type, 0, &found.align, &found.has_pointers)) {
		named->differs = true;
		return;
	}
	found.size = size;
	if (!named->type.type)
		named->type = found;
	else
		named->differs |= !same_type(&named->type, &found);
}

/* ---- variables --------------------------------------------------------------------------------------------------- */

static void note_variable(struct search *s, Dwarf_Die *variable, const char *file, const char *unit)
{
	struct named *named;
	const char *name;
	Dwarf_Attribute attribute;
	Dwarf_Die type;
	bool is_address;
	uint64_t *index;
	int line;

	if (!dwarf_attr(variable, DW_AT_name, &attribute) || dwarf_decl_line(variable, &line) != 0)
		return;
	name = dwarf_formstring(&attribute);
	is_address = name && name[0] == '&';
	if (!name || !type_of(variable, &type))
		return;
	index = file ? keymap_find(&s->at, key_of(s, file, line, name + is_address))
		     : keymap_find(&s->units, key_of(s, unit, line, name));
	if (!index || *index == UINT64_MAX || (is_address && !type_of(&type, &type)))
		return;
	named = &s->items[*index - 1];
	named->is_listed |= is_address;
	named->is_known |= !is_address;
	note_type(s, named, &type);
}

static void walk(struct search *s, Dwarf_Die *parent, const char *file, const char *unit, unsigned depth)
{
	Dwarf_Die die;

	if (depth > DEPTH_LIMIT || dwarf_child(parent, &die) != 0)
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_variable:
		case DW_TAG_formal_parameter:
			note_variable(s, &die, file, unit);
			break;
		case DW_TAG_lexical_block:
			walk(s, &die, file, unit, depth + 1);
			break;
		default: /* what is inlined has its variables in a function of its own */
			break;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
}

static const char *file_of(Dwarf_Die *function)
{
	Dwarf_Attribute attribute;
	Dwarf_Die origin;
	const char *file = dwarf_decl_file(function);

	if (!file && dwarf_formref_die(dwarf_attr(function, DW_AT_abstract_origin, &attribute), &origin))
		file = dwarf_decl_file(&origin);
	return file;
}

static void search_function(struct search *s, Dwarf_Die *die, const char *unit)
{
	const char *name = dwarf_diename(die);
	size_t package = name ? go_name_package_length(name) : 0;

	walk(s, die, file_of(die), unit, 0);
	if (name && strchr(name, '[') && name[package] == '.')
		walk(s, die, name + package + 1, unit, 0);
}

static void search_unit(struct search *s, Dwarf_Die *unit)
{
	const char *name = dwarf_diename(unit);
	Dwarf_Die die;

	if (!name || dwarf_child(unit, &die) != 0)
		return;
	do {
		if (dwarf_tag(&die) == DW_TAG_subprogram)
			search_function(s, &die, path_base(name));
	} while (dwarf_siblingof(&die, &die) == 0);
}

static void search_file(struct search *s, Dwarf *dwarf)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;

	while (dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &die, NULL) == 0)
		search_unit(s, &die);
}

static void take_types(struct search *s)
{
	for (size_t k = 0; k < s->n; k++) {
		const struct named *named = &s->items[k];
		const struct variable_source *type = &named->type;

		for (size_t i = named->first; i; i = s->next[i - 1]) {
			struct variable_source *v = &s->set->items[i - 1].variable;

			v->presence = named->is_listed	? VARIABLE_LISTED
				      : named->is_known ? VARIABLE_UNKNOWN
							: VARIABLE_ABSENT;
			if (!type->type || named->differs)
				continue;

			v->type = type->type;
			v->size = type->size;
			v->align = type->align;
			v->has_pointers = type->has_pointers;
		}
	}
}

void variable_types_find(struct predictions *set, const char *binary)
{
	struct search s = {.set = set, .at = KEYMAP_INIT, .units = KEYMAP_INIT};
	Dwarf *dwarf;
	int fd;

	s.next = xcalloc(set->n + 1, sizeof(*s.next));
	for (size_t i = 0; i < set->n; i++) {
		const struct prediction *p = &set->items[i];

		if (p->kind == EXPR_MOVED && p->expr && prediction_place(p)->file && prediction_place(p)->line > 0)
			add_wanted(&s, i);
	}
	fd = s.n ? open(binary, O_RDONLY | O_CLOEXEC) : -1;
	dwarf = fd >= 0 ? dwarf_begin(fd, DWARF_C_READ) : NULL;
	if (dwarf) {
		search_file(&s, dwarf);
		take_types(&s);
		dwarf_end(dwarf);
	}
	if (fd >= 0)
		close(fd);
	keymap_release(&s.at);
	keymap_release(&s.units);
	free(s.items);
	free(s.next);
}
