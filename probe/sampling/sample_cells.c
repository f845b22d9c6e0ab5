/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/sampling/sample_cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strpool.h"
#include "base/u64map.h"
#include "probe/stack_store.h"
#include "recording/site_index.h"

#define NO_ENTRY     UINT32_MAX
#define NO_PART	     UINT32_MAX
#define UNKNOWN_TYPE 1 /* no descriptor lies there */
#define ALL_UNKNOWN  0 /* number of the stack that stands for those that never came */

/* A stack without the frames of the allocator: the allocating line's own frames come first, or a runtime function that
 * it called. */
struct bare_stack {
	uint32_t stack; /* number in the store */
	uint32_t skip;
};

/* What is known of a stack as it came. */
struct stack_info {
	uint32_t bare;
	uint32_t entry; /* allocator entry that counts its objects, NO_ENTRY if none is on it */
};

/* The samples of a cell that are of one type. */
struct part {
	uint64_t type; /* descriptor, 0 for none, UNKNOWN_TYPE */
	uint64_t looked_at;
	uint64_t sized, bytes; /* those whose size is known, and their sizes */
	uint64_t smallest, largest;
	uint32_t next; /* NO_PART at the end */
};

struct cell {
	uint32_t bare;
	uint32_t class;
	uint32_t parts;
};

struct waiting {
	struct sample_key key;
	struct sample_value value;
	bool is_exact;
};

struct sample_cells {
	const struct go_binary *bin;
	const struct alloc_entries *entries;
	const struct sample_points *points;
	struct strpool *pool;
	struct stack_store *store;
	struct stack_info *info; /* by number in the store */
	size_t n_info, alloc_info;
	struct bare_stack *bare;
	size_t n_bare, alloc_bare;
	struct u64map bare_of; /* hash of addresses, or derived -> bare */
	struct estimator *estimator;
	struct cell *cells;
	size_t n_cells, alloc_cells;
	struct u64map cell_of; /* bare << 8 | class -> cell */
	struct part *parts;
	size_t n_parts, alloc_parts;
	struct waiting *waiting;
	size_t n_waiting, alloc_waiting;
	bool *class_entries; /* SPAN_CLASSES times one flag an entry */
	/* the last rows */
	struct raw_stack *raw_stacks;
	struct raw_observation *rows;
	size_t n_rows, alloc_rows;
};

struct sample_cells *sample_cells_new(const struct go_binary *bin, const struct alloc_entries *entries,
				      const struct sample_points *points, size_t max_stacks)
{
	struct sample_cells *c = xcalloc(1, sizeof(*c));

	c->bin = bin;
	c->entries = entries;
	c->points = points;
	c->pool = strpool_new();
	c->store = stack_store_new(max_stacks);
	c->estimator = estimator_new();
	c->class_entries = xcalloc(SPAN_CLASSES * (entries->n ? entries->n : 1), sizeof(bool));
	ARRAY_GROW(c->bare, 1, c->alloc_bare);
	c->bare[c->n_bare++] = (struct bare_stack){0, 0}; /* ALL_UNKNOWN */
	return c;
}

void sample_cells_free(struct sample_cells *c)
{
	if (!c)
		return;
	strpool_free(c->pool);
	stack_store_free(c->store);
	estimator_free(c->estimator);
	free(c->info);
	free(c->bare);
	u64map_release(&c->bare_of);
	free(c->cells);
	u64map_release(&c->cell_of);
	free(c->parts);
	free(c->waiting);
	free(c->class_entries);
	free(c->raw_stacks);
	free(c->rows);
	free(c);
}

void sample_cells_reset(struct sample_cells *c)
{
	estimator_free(c->estimator);
	c->estimator = estimator_new();
	c->n_cells = c->n_parts = 0;
	u64map_release(&c->cell_of);
	c->cell_of = (struct u64map)U64MAP_INIT;
}

struct estimator *sample_cells_estimator(struct sample_cells *c)
{
	return c->estimator;
}

/* ---- stacks ---- */

static bool is_allocators_own(const char *function)
{
	return strncmp(function, "runtime.mallocgc", 16) == 0 || strncmp(function, "runtime.(*mcache).", 18) == 0;
}

static uint32_t bare_for(struct sample_cells *c, const struct stored_stack *stack, uint32_t skip)
{
	const uint64_t *pcs = stack->pcs + skip;
	size_t bytes = (stack->depth - skip) * sizeof(*pcs);
	uint64_t key = bytes_hash(pcs, bytes) + stack->truncated;
	bool is_new;

	for (;; key = u64_mix(key, 1)) {
		uint64_t *index = u64map_at(&c->bare_of, key, &is_new);
		struct stored_stack other;

		if (is_new) {
			*index = c->n_bare;
			ARRAY_GROW(c->bare, c->n_bare + 1, c->alloc_bare);
			c->bare[c->n_bare++] = (struct bare_stack){stack->number, skip};
			return (uint32_t)*index;
		}
		stack_store_at(c->store, c->bare[*index].stack, &other);
		if (other.depth - c->bare[*index].skip == stack->depth - skip && other.truncated == stack->truncated &&
		    memcmp(other.pcs + c->bare[*index].skip, pcs, bytes) == 0)
			return (uint32_t)*index;
	}
}

static const struct stack_info *info_of(struct sample_cells *c, const struct stored_stack *stack)
{
	while (c->n_info <= stack->number) {
		struct stack_info info = {.entry = NO_ENTRY};
		struct stored_stack s;
		struct go_func func;
		uint32_t skip = 0;

		stack_store_at(c->store, (uint32_t)c->n_info, &s);
		for (; skip < s.depth && go_binary_func_at(c->bin, s.pcs[skip] - 1, &func); skip++) {
			if (!is_allocators_own(func.name))
				break;
			for (size_t i = 0; i < c->entries->n && info.entry == NO_ENTRY; i++) {
				if (c->entries->items[i].entry == func.entry)
					info.entry = (uint32_t)i;
			}
		}
		info.bare = bare_for(c, &s, skip < s.depth ? skip : 0);
		ARRAY_GROW(c->info, c->n_info + 1, c->alloc_info);
		c->info[c->n_info++] = info;
	}
	return &c->info[stack->number];
}

void sample_cells_add_stack(struct sample_cells *c, struct c_stacks *c_stacks, const struct stack_record *record)
{
	struct c_spliced spliced;

	if (stack_store_has(c->store, &record->id)) {
		c_stacks_drop(c_stacks, &record->id);
		return;
	}
	c_stacks_splice(c_stacks, record, &spliced);
	stack_store_add(c->store, &record->id, spliced.pcs, spliced.depth,
			(record->flags ? STORE_TRUNCATED : 0) | (spliced.has_c ? STORE_HAS_MANY_IDS : 0) |
				(spliced.lacks_copy ? STORE_LACKS_COPY : 0));
}

/* ---- cells ---- */

static size_t cell_for(struct sample_cells *c, uint32_t bare, uint32_t class)
{
	bool is_new;
	uint64_t *index = u64map_at(&c->cell_of, (uint64_t)bare << 8 | class, &is_new);

	if (is_new) {
		*index = estimator_add_cell(c->estimator, class);
		ARRAY_GROW(c->cells, c->n_cells + 1, c->alloc_cells);
		c->cells[c->n_cells++] = (struct cell){bare, class, NO_PART};
	}
	return *index;
}

static struct part *part_for(struct sample_cells *c, struct cell *cell, uint64_t type)
{
	for (uint32_t i = cell->parts; i != NO_PART; i = c->parts[i].next) {
		if (c->parts[i].type == type)
			return &c->parts[i];
	}
	ARRAY_GROW(c->parts, c->n_parts + 1, c->alloc_parts);
	c->parts[c->n_parts] = (struct part){.type = type, .smallest = UINT64_MAX, .next = cell->parts};
	cell->parts = (uint32_t)c->n_parts;
	return &c->parts[c->n_parts++];
}

/*
 * Spill slots may hold another call's arguments. A type that contradicts the span's class is none of this object's.
 */
static bool type_fits(const struct sample_cells *c, uint64_t type, uint32_t class)
{
	struct go_type info;

	if (!type)
		return class & 1 || class == 0;
	if (!go_binary_type(c->bin, type, &info))
		return true;
	return class == 0 || (info.ptr_bytes == 0) == (class & 1);
}

static bool has_pointers(const struct sample_cells *c, uint64_t type)
{
	struct go_type info;

	/* A type made at run time has a descriptor that is not in the file; those without pointers are rare. */
	return type && (!go_binary_type(c->bin, type, &info) || info.ptr_bytes > 0);
}

static bool take(struct sample_cells *c, const struct waiting *w, uint32_t bare, uint32_t entry)
{
	uint32_t class = w->key.class, flags = w->key.flags;
	struct cell *cell;
	struct part *part;
	size_t index;

	if (w->is_exact)
		class = span_class_of(class, has_pointers(c, w->key.type), c->points->header_bytes);
	else if ((flags & SAMPLE_TYPE_KNOWN) && !type_fits(c, w->key.type, class))
		flags = 0;
	if (class >= SPAN_CLASSES || (w->is_exact && class == 0))
		return true;
	if (!w->is_exact && entry != NO_ENTRY)
		c->class_entries[class * c->entries->n + entry] = true;
	index = cell_for(c, bare, class);
	cell = &c->cells[index];
	part = part_for(c, cell, flags & SAMPLE_TYPE_KNOWN ? w->key.type : UNKNOWN_TYPE);
	part->looked_at += w->value.samples;
	if (flags & SAMPLE_SIZE_KNOWN) {
		part->sized += w->value.samples;
		part->bytes += w->value.bytes;
		part->smallest = w->value.smallest < part->smallest ? w->value.smallest : part->smallest;
		part->largest = w->value.largest > part->largest ? w->value.largest : part->largest;
	}
	if (w->is_exact)
		estimator_add_exact(c->estimator, index, w->value.slots);
	else
		estimator_add_samples(c->estimator, index, w->value.samples, w->value.slots);
	return true;
}

static bool try_to_take(struct sample_cells *c, const struct waiting *w, bool is_last)
{
	const struct stack_info *info;
	struct stored_stack stack;

	if (stack_store_find(c->store, &w->key.stack, &stack)) {
		info = info_of(c, &stack);
		return take(c, w, info->bare, info->entry);
	}
	return is_last && take(c, w, ALL_UNKNOWN, NO_ENTRY);
}

void sample_cells_add(struct sample_cells *c, const struct sample_key *key, const struct sample_value *value,
		      bool is_exact)
{
	struct waiting w = {*key, *value, is_exact};

	if (try_to_take(c, &w, false))
		return;
	ARRAY_GROW(c->waiting, c->n_waiting + 1, c->alloc_waiting);
	c->waiting[c->n_waiting++] = w;
}

void sample_cells_retry(struct sample_cells *c, bool is_last)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n_waiting; i++) {
		if (!try_to_take(c, &c->waiting[i], is_last))
			c->waiting[kept++] = c->waiting[i];
	}
	c->n_waiting = kept;
}

size_t sample_cells_entries(const struct sample_cells *c, uint32_t class, bool *flags)
{
	size_t n = 0;

	for (size_t i = 0; i < c->entries->n; i++) {
		flags[i] = c->class_entries[class * c->entries->n + i];
		n += flags[i];
	}
	return n;
}

void sample_cells_covered(const struct sample_cells *c, const bool *flags, bool covered[SPAN_CLASSES])
{
	for (uint32_t class = 0; class < SPAN_CLASSES; class ++) {
		const bool *used = &c->class_entries[class * c->entries->n];
		bool any = false, missed = false;

		for (size_t i = 0; i < c->entries->n; i++) {
			any |= used[i];
			missed |= used[i] && !flags[i];
		}
		covered[class] = any && !missed;
	}
}

/* ---- rows ---- */

/* What the machine code says of an object that its sample did not. */
struct hint {
	const char *type; /* NULL for none */
	uint64_t size;	  /* 0 if it varies */
};

struct rows {
	struct sample_cells *c;
	const struct recording *rec;
	struct site_index sites;
	struct u64map row_of; /* stack and type's name, mixed, or derived -> row */
	double *variance;     /* of each row's objects, and of its bytes */
	size_t alloc_variance;
	double *exact; /* objects and bytes, unrounded */
	size_t alloc_exact;
};

/* Types that the runtime itself gives what it boxes. */
static const char *boxed_type(const char *callee)
{
	static const char *const table[][2] = {
		{"runtime.convT16", "runtime.uint16InterfacePtr"},
		{"runtime.convT32", "runtime.uint32InterfacePtr"},
		{"runtime.convT64", "runtime.uint64InterfacePtr"},
		{"runtime.convTstring", "runtime.stringInterfacePtr"},
		{"runtime.convTslice", "runtime.sliceInterfacePtr"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(table[i][0], callee) == 0)
			return table[i][1];
	}
	return NULL;
}

static bool is_runtime_pc(const struct go_binary *bin, uint64_t ret, struct go_func *func)
{
	return go_binary_func_at(bin, ret - 1, func) &&
	       go_binary_is_runtime(bin, func->name, go_binary_func_file(bin, func));
}

static struct hint hint_of(const struct rows *r, const struct cell *cell)
{
	const struct sample_cells *c = r->c;
	const struct bare_stack *bare = &c->bare[cell->bare];
	const struct callee_info *info;
	const struct rec_site *site;
	struct hint hint = {NULL, 0};
	struct stored_stack stack;
	size_t index;
	struct go_func func;
	bool is_direct;

	if (cell->bare == ALL_UNKNOWN)
		return hint;
	stack_store_at(c->store, bare->stack, &stack);
	if (stack.depth <= bare->skip)
		return hint;
	is_direct = !is_runtime_pc(c->bin, stack.pcs[bare->skip], &func);
	if (!is_direct && stack.depth <= bare->skip + 1)
		return hint;
	/* The call in question is made by the user frame, and what it called is the frame before, if there is one. */
	index = site_index_find(&r->sites, stack.pcs[bare->skip + !is_direct]);
	if (index == REC_NO_SITE)
		return hint;
	site = &r->rec->sites[index];
	info = go_runtime_callee(site->callee);
	if (!info || (is_direct ? !go_runtime_is_allocator(site->callee) : strcmp(site->callee, func.name) != 0))
		return hint;
	hint.size = site->size;
	switch (info->type_arg) {
	case CALLEE_TYPE_AX:
	case CALLEE_TYPE_BX:
		hint.type = site->type;
		break;
	case CALLEE_TYPE_GROW: /* is given no type where the elements have no pointers */
		hint.type = cell->class & 1 ? NULL : site->type;
		hint.size = 0;
		break;
	case CALLEE_TYPE_NONE:
		hint.type = boxed_type(site->callee);
		break;
	case CALLEE_TYPE_MAP:
	case CALLEE_TYPE_CHAN:
		hint.size = 0;
		break;
	}
	return hint;
}

static size_t row_for(struct rows *r, uint32_t stack, const char *type)
{
	struct sample_cells *c = r->c;
	uint64_t key = u64_mix(stack, (uintptr_t)type);
	bool is_new;

	for (;; key = u64_mix(key, 1)) {
		uint64_t *index = u64map_at(&r->row_of, key, &is_new);

		if (is_new) {
			*index = c->n_rows;
			ARRAY_GROW(c->rows, c->n_rows + 1, c->alloc_rows);
			ARRAY_GROW(r->variance, 2 * (c->n_rows + 1), r->alloc_variance);
			ARRAY_GROW(r->exact, 2 * (c->n_rows + 1), r->alloc_exact);
			memset(&r->variance[2 * c->n_rows], 0, 2 * sizeof(*r->variance));
			memset(&r->exact[2 * c->n_rows], 0, 2 * sizeof(*r->exact));
			c->rows[c->n_rows++] =
				(struct raw_observation){.stack = stack, .type_name = type, .smallest = UINT64_MAX};
			return *index;
		}
		if (c->rows[*index].stack == stack && c->rows[*index].type_name == type)
			return *index;
	}
}

/* Objects of one cell and type; sizes as far as they are known. */
static void add_to_row(struct rows *r, const struct cell *cell, const char *type, uint64_t samples, double objects,
		       double error, double size, uint64_t smallest, uint64_t largest)
{
	size_t index = row_for(r, cell->bare, type);
	struct raw_observation *row = &r->c->rows[index];

	row->samples += samples;
	row->smallest = smallest < row->smallest ? smallest : row->smallest;
	row->largest = largest > row->largest ? largest : row->largest;
	r->exact[2 * index] += objects;
	r->exact[2 * index + 1] += objects * size;
	r->variance[2 * index] += error * error;
	r->variance[2 * index + 1] += error * size * error * size;
}

static const char *name_of(struct sample_cells *c, uint64_t type)
{
	struct go_type info;

	return type && go_binary_type(c->bin, type, &info) ? strpool_add(c->pool, info.name) : NULL;
}

/* Mean size of the objects of a part, 0 if none of its sizes is known. */
static double mean_size(const struct part *part)
{
	return part->sized ? (double)part->bytes / (double)part->sized : 0;
}

/* The same of a whole cell. */
static double cell_size(const struct rows *r, const struct cell *cell)
{
	uint64_t sized = 0, bytes = 0;

	for (uint32_t i = cell->parts; i != NO_PART; i = r->c->parts[i].next) {
		sized += r->c->parts[i].sized;
		bytes += r->c->parts[i].bytes;
	}
	return sized ? (double)bytes / (double)sized : (double)hint_of(r, cell).size;
}

static void add_cell(struct rows *r, size_t index, double known_size)
{
	struct sample_cells *c = r->c;
	const struct cell *cell = &c->cells[index];
	struct estimate e = estimator_result(c->estimator, index);
	uint64_t looked_at = 0, unknown = 0;
	uint32_t width = size_class_bytes[cell->class >> 1],
		 below = cell->class > 1 ? size_class_bytes[(cell->class >> 1) - 1] : 0;
	struct hint hint = hint_of(r, cell);

	for (uint32_t i = cell->parts; i != NO_PART; i = c->parts[i].next) {
		if (c->parts[i].type == UNKNOWN_TYPE)
			unknown += c->parts[i].looked_at;
		else
			looked_at += c->parts[i].looked_at;
	}
	for (uint32_t i = cell->parts; i != NO_PART; i = c->parts[i].next) {
		const struct part *part = &c->parts[i];
		double size = mean_size(part), share;
		uint64_t smallest = part->smallest, largest = part->largest;
		const char *type;

		/* Samples of unknown type go by those of known type, or by the call. */
		if (part->type == UNKNOWN_TYPE && looked_at)
			continue;
		share = looked_at ? (double)part->looked_at / (double)looked_at : 1;
		type = part->type == UNKNOWN_TYPE ? (hint.type ? strpool_add(c->pool, hint.type) : NULL)
						  : name_of(c, part->type);
		if (size <= 0) {
			size = known_size > 0 ? known_size : width;
			smallest = known_size > 0 ? (uint64_t)known_size : below + 1;
			largest = known_size > 0 ? (uint64_t)ceil(known_size) : width;
		}
		add_to_row(r, cell, type, (uint64_t)llround(share * (double)(looked_at + unknown)), share * e.objects,
			   share * e.error, size, smallest, largest);
	}
}

void sample_cells_rows(struct sample_cells *c, const struct estimator_span *span, const struct recording *rec,
		       struct raw_capture *out)
{
	struct estimator_span known = *span;
	struct rows r = {.c = c, .rec = rec, .row_of = U64MAP_INIT};
	double *sizes = xcalloc(c->n_cells ? c->n_cells : 1, sizeof(*sizes));
	size_t kept = 0;

	site_index_init(&r.sites, rec);
	for (size_t i = 0; i < c->n_cells; i++)
		sizes[i] = cell_size(&r, &c->cells[i]);
	known.mean_size = sizes;
	estimator_solve(c->estimator, &known);
	c->n_rows = 0;
	for (size_t i = 0; i < c->n_cells; i++)
		add_cell(&r, i, sizes[i]);
	for (size_t i = 0; i < c->n_rows; i++) {
		struct raw_observation row = c->rows[i];
		double objects = r.exact[2 * i], bytes = r.exact[2 * i + 1];

		if (!row.samples || objects <= 0)
			continue;
		row.objects = objects < 1 ? 1 : (uint64_t)llround(objects);
		/* From the rounded number of objects, so that objects of one size have it. */
		row.bytes = (uint64_t)llround(fmax(1, (double)row.objects * (bytes / objects)));
		row.error_pct = 100 * fmax(sqrt(r.variance[2 * i]) / objects,
					   bytes > 0 ? sqrt(r.variance[2 * i + 1]) / bytes : 0);
		c->rows[kept++] = row;
	}
	c->n_rows = kept;

	free(c->raw_stacks);
	c->raw_stacks = xcalloc(c->n_bare, sizeof(*c->raw_stacks));
	for (size_t i = 1; i < c->n_bare; i++) {
		struct stored_stack stack;

		stack_store_at(c->store, c->bare[i].stack, &stack);
		c->raw_stacks[i].pcs = stack.pcs + c->bare[i].skip;
		c->raw_stacks[i].depth = stack.depth - c->bare[i].skip;
		c->raw_stacks[i].truncated = stack.truncated;
	}
	*out = (struct raw_capture){.stacks = c->raw_stacks,
				    .n_stacks = c->n_bare,
				    .n_different = c->n_bare,
				    .observations = c->rows,
				    .n_observations = c->n_rows};
	free(sizes);
	free(r.variance);
	free(r.exact);
	site_index_release(&r.sites);
	u64map_release(&r.row_of);
}

void sample_cells_totals(const struct sample_cells *c, double slots[SPAN_CLASSES], double *unattributed_bytes)
{
	*unattributed_bytes = 0;
	for (uint32_t i = 0; i < SPAN_CLASSES; i++) {
		slots[i] = estimator_class_slots(c->estimator, i);
		*unattributed_bytes += estimator_unattributed(c->estimator, i) * size_class_bytes[i >> 1];
	}
}
