/* SPDX-License-Identifier: Apache-2.0 */
/* How a struct type lies in memory, and in which order of its fields it would take less. */
#ifndef ESCAUDIT_REPORT_TYPE_LAYOUT_H
#define ESCAUDIT_REPORT_TYPE_LAYOUT_H

#include <jansson.h>

#include "recording/recording.h"

struct type_layout {
	uint64_t
		padding; /* bytes of the type that are no field's; of fields that are structs, theirs are not counted */
	uint64_t best_size; /* in the best order; that of the type where no other order is better, or none is to be
			       chosen */
	uint64_t slot, best_slot; /* bytes of the heap that one object by itself takes; 0: it shares a slot */
	uint32_t moved, behind; /* fields: to move the one behind the other is enough; behind is n_fields for the first
				   place, and moved where more than one has to move */
};

void type_layout_init(struct type_layout *out, const struct rec_type *type, int go_minor);

/*
 * "14 of 32 bytes are padding; with flag behind last: 24 (slot 32 → 24)"; NULL where nothing is to be saved, or where
 * the type is not of the main module. The caller frees it.
 */
char *type_layout_note(const struct recording *rec, const char *type);

/* [{"name": "main.item", "package": "main", "size": 40, "padding": 14, "slot": 48, "best_size": 24, "best_slot": 24,
 *   "order": ["id", "name", "flag"], "fields": [{"name": "flag", "offset": 0, "size": 1}, …]}, …] */
json_t *type_layout_json(const struct recording *rec);

#endif
