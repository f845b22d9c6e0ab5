/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules are those of cmd/compile/internal/types, CalcStructSize: fields in order, each at the next multiple of its
 * alignment; one more byte where the last has no size, so that its address is inside; the size rounded up to the
 * largest alignment. A Go type's size is a multiple of its alignment, so that fields sorted by it, the largest first
 * and those of no size before all, leave no gap: no order is better.
 */
#include "report/type_layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "recording/place.h"
#include "report/json.h"
#include "symbolize/size_classes.h"

#define TRIES_MAX 64 /* fields of a type for which the one to move is looked for */
#define NAMED_MAX 6  /* fields of an order that is written out */

static uint64_t round_up(uint64_t n, uint64_t align)
{
	return (n + align - 1) / align * align;
}

/* order: indexes of all fields. */
static uint64_t size_of(const struct rec_type *type, const uint32_t *order)
{
	uint64_t at = 0, align = 1;

	for (uint32_t i = 0; i < type->n_fields; i++) {
		const struct rec_field *f = &type->fields[order[i]];

		at = round_up(at, f->align) + f->size;
		align = f->align > align ? f->align : align;
	}
	if (at && type->fields[order[type->n_fields - 1]].size == 0)
		at++;
	return round_up(at, align);
}

static void put_in_order(const struct rec_type *type, uint32_t *order)
{
	for (uint32_t i = 0; i < type->n_fields; i++)
		order[i] = i;
}

static bool is_before(const struct rec_field *a, const struct rec_field *b)
{
	if (!a->size != !b->size)
		return !a->size;
	return a->align > b->align;
}

/* Those that need not change places do not. */
static void put_best(const struct rec_type *type, uint32_t *order)
{
	put_in_order(type, order);
	for (uint32_t i = 1; i < type->n_fields; i++) {
		uint32_t field = order[i], k = i;

		for (; k && is_before(&type->fields[field], &type->fields[order[k - 1]]); k--)
			order[k] = order[k - 1];
		order[k] = field;
	}
}

/* The order with one field taken out of its place and put in front of the one that is then the to-th. */
static void put_moved(const struct rec_type *type, uint32_t *order, uint32_t field, uint32_t to)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < type->n_fields; i++) {
		if (n == to)
			order[n++] = field;
		if (i != field)
			order[n++] = i;
	}
	if (n < type->n_fields)
		order[n] = field;
}

static bool find_move(const struct rec_type *type, uint64_t best, uint32_t *order, struct type_layout *out)
{
	for (uint32_t field = 0; field < type->n_fields && type->n_fields <= TRIES_MAX; field++) {
		/* The last place first: a small field is mostly best at the end. */
		for (uint32_t to = type->n_fields; to-- > 0;) {
			put_moved(type, order, field, to);
			if (size_of(type, order) != best)
				continue;
			out->moved = field;
			out->behind = to ? order[to - 1] : type->n_fields;
			return true;
		}
	}
	return false;
}

/* Fills out; order gets the best one, with as little moved as possible. */
static void find_layout(struct type_layout *out, const struct rec_type *type, int go_minor, uint32_t *order)
{
	uint64_t sum = 0, size;

	for (uint32_t i = 0; i < type->n_fields; i++)
		sum += type->fields[i].size;
	*out = (struct type_layout){.padding = type->size - sum,
				    .best_size = type->size,
				    .slot = size_class_slot(type->size, type->has_pointers, go_minor),
				    .moved = type->n_fields,
				    .behind = type->n_fields};
	out->best_slot = out->slot;
	put_in_order(type, order);
	/* A type that these rules do not explain is let alone. */
	if (type->is_fixed || size_of(type, order) != type->size)
		return;
	put_best(type, order);
	size = size_of(type, order);
	if (size >= type->size) {
		put_in_order(type, order);
		return;
	}
	out->best_size = size;
	out->best_slot = size_class_slot(size, type->has_pointers, go_minor);
	if (!find_move(type, size, order, out))
		put_best(type, order);
}

void type_layout_init(struct type_layout *out, const struct rec_type *type, int go_minor)
{
	uint32_t *order = xcalloc(type->n_fields, sizeof(*order));

	find_layout(out, type, go_minor, order);
	free(order);
}

/* "go1.26.3" */
static int minor_of(const struct rec_header *header)
{
	int minor = 0;

	return header->go_version && sscanf(header->go_version, "go1.%d", &minor) == 1 ? minor : 0;
}

static bool is_own(const struct recording *rec, const struct rec_type *type)
{
	char *function = xasprintf("%s.f", type->package);
	bool own = strcmp(type->package, "main") == 0 || place_in_main_module(&rec->header, function);

	free(function);
	return own;
}

static void add_order(struct strbuf *sb, const struct rec_type *type, const struct type_layout *layout,
		      const uint32_t *order)
{
	if (layout->moved < type->n_fields && layout->behind < type->n_fields) {
		strbuf_addf(sb, "with %s behind %s", type->fields[layout->moved].name,
			    type->fields[layout->behind].name);
	} else if (layout->moved < type->n_fields) {
		strbuf_addf(sb, "with %s as its first field", type->fields[layout->moved].name);
	} else if (type->n_fields > NAMED_MAX) {
		strbuf_addstr(sb, "with its fields sorted by alignment, the largest first");
	} else {
		strbuf_addstr(sb, "in the order ");
		for (uint32_t i = 0; i < type->n_fields; i++)
			strbuf_addf(sb, "%s%s", i ? ", " : "", type->fields[order[i]].name);
	}
}

char *type_layout_note(const struct recording *rec, const char *name)
{
	const struct rec_type *type = recording_type(rec, name);
	struct strbuf sb = STRBUF_INIT;
	struct type_layout layout;
	uint32_t *order;

	if (!type || !is_own(rec, type))
		return NULL;
	order = xcalloc(type->n_fields, sizeof(*order));
	find_layout(&layout, type, minor_of(&rec->header), order);
	if (layout.best_size < type->size) {
		strbuf_addf(&sb, "%llu of %llu bytes are padding; ", (unsigned long long)layout.padding,
			    (unsigned long long)type->size);
		add_order(&sb, type, &layout, order);
		strbuf_addf(&sb, ": %llu", (unsigned long long)layout.best_size);
		if (layout.best_slot && layout.best_slot < layout.slot)
			strbuf_addf(&sb, " (slot %llu \xe2\x86\x92 %llu)", (unsigned long long)layout.slot,
				    (unsigned long long)layout.best_slot);
		else if (layout.best_slot)
			strbuf_addf(&sb, " (slot %llu either way)", (unsigned long long)layout.slot);
	}
	free(order);
	return sb.len ? strbuf_detach(&sb) : NULL;
}

static json_t *layout_of(const struct recording *rec, const struct rec_type *type)
{
	json_t *object = json_object(), *fields = json_array(), *names = json_array();
	uint32_t *order = xcalloc(type->n_fields, sizeof(*order));
	struct type_layout layout;

	find_layout(&layout, type, minor_of(&rec->header), order);
	for (uint32_t i = 0; i < type->n_fields; i++) {
		json_t *field = json_object();

		json_put(field, "name", json_text(type->fields[i].name));
		json_put(field, "offset", json_count(type->fields[i].offset));
		json_put(field, "size", json_count(type->fields[i].size));
		json_array_append_new(fields, field);
		json_array_append_new(names, json_text(type->fields[order[i]].name));
	}
	json_put(object, "name", json_text(type->name));
	json_put(object, "package", json_text(type->package));
	json_put(object, "size", json_count(type->size));
	json_put(object, "padding", json_count(layout.padding));
	json_put(object, "slot", layout.slot ? json_count(layout.slot) : json_null());
	json_put(object, "best_size", json_count(layout.best_size));
	json_put(object, "best_slot", layout.best_slot ? json_count(layout.best_slot) : json_null());
	json_put(object, "order", names);
	json_put(object, "fields", fields);
	free(order);
	return object;
}

json_t *type_layout_json(const struct recording *rec)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rec->n_types; i++)
		json_array_append_new(list, layout_of(rec, &rec->types[i]));
	return list;
}
