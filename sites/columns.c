/* SPDX-License-Identifier: Apache-2.0 */
#include "sites/columns.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "sites/sites.h"

#define EXPR_WIDTH 60 /* bytes */

static const char *physical_function(const struct rec_site *site)
{
	return site->n_frames ? site->frames[site->n_frames - 1].function : "";
}

/* How many sites from there on are of one function. */
static size_t run_length(const struct recording *rec, size_t first)
{
	size_t n = 1;

	while (first + n < rec->n_sites && rec->sites[first + n].calls == rec->sites[first].calls &&
	       strcmp(physical_function(&rec->sites[first + n]), physical_function(&rec->sites[first])) == 0)
		n++;
	return n;
}

/* ---- the twin ---------------------------------------------------------------------------------------------------- */

static struct source_position level_of(struct twin *twin, const struct rec_frame *frame)
{
	const struct source_tokens *source = twin_source(twin, frame->file);

	/* A file without a copy: its lines are what they are in the original. */
	if (!source || frame->line < 1 || (size_t)frame->line > source_tokens_count(source))
		return (struct source_position){.line = source ? 0 : frame->line};
	return source_tokens_position(source, (size_t)frame->line - 1);
}

static void describe(struct predictions *set, struct column_site *site, const struct source_tokens *source,
		     size_t token)
{
	struct strbuf text = STRBUF_INIT;
	size_t first, last;

	source_tokens_extent(source, token, &first, &last);
	source_tokens_expression(source, token, EXPR_WIDTH, &text);
	site->expr = strpool_add(set->pool, strbuf_str(&text));
	site->first = source_tokens_position(source, first);
	site->last = source_tokens_position(source, last);
	strbuf_release(&text);
}

static size_t token_of(const struct source_tokens *source, const struct rec_site *site)
{
	int line = site->frames[0].line;

	return source && line > 0 && (size_t)line <= source_tokens_count(source) ? (size_t)line - 1 : SOURCE_NO_TOKEN;
}

static void add_site(struct predictions *set, struct twin *twin, const struct rec_site *from)
{
	struct column_site *site = columns_add_site(set->columns);
	const struct source_tokens *source = from->n_frames ? twin_source(twin, from->frames[0].file) : NULL;
	size_t token = from->n_frames ? token_of(source, from) : SOURCE_NO_TOKEN;

	if (token != SOURCE_NO_TOKEN)
		describe(set, site, source, token);
	for (size_t i = 0; i < from->n_frames; i++)
		columns_add_level(set->columns, level_of(twin, &from->frames[i]));
}

/* ---- elements of map literals ------------------------------------------------------------------------------------ */

/*
 * The arrays of slice literals that are elements of a map literal have the position of the map's brace: "m[k] = v" is
 * made of each element, at the map's position, and the literal is assigned to a temporary variable of that statement
 * (cmd/compile/internal/walk: order.go, OMAPLIT and mapAssign; assign.go; complit.go, oaslit). These statements are in
 * the order of the source, one behind the other, as no literal of a slice is static (isStaticCompositeLiteral). Code of
 * one such statement comes before that of the next (ssa/layout.go: a block is laid out behind one that it is reached
 * from). So the n-th array that is made at the brace is that of the n-th such element, which is held against the
 * number of its elements, and against the insertion that must follow. An array without elements is made by no call,
 * and a literal that is converted to the map's type is made at its own position.
 */
struct map_literal {
	const struct rec_site *sites; /* of the function */
	size_t n, first;	      /* the first array */
	size_t *arrays;		      /* among sites */
	size_t n_arrays;
	const struct source_tokens *source;
	size_t brace;
};

static bool is_array(const struct rec_site *site)
{
	return site->cause == CAUSE_NEW_OBJECT && (!site->type || (site->type[0] == '[' && site->type[1] != ']'));
}

/* Is the site at that token, and else where the other is? */
static bool is_at(const struct rec_site *site, size_t token, const struct rec_site *other)
{
	if (site->n_frames != other->n_frames || site->frames[0].line != (int)token + 1)
		return false;
	for (size_t i = 0; i < site->n_frames; i++) {
		const struct rec_frame *a = &site->frames[i], *b = &other->frames[i];

		if ((i && a->line != b->line) || a->function != b->function || a->file != b->file)
			return false;
	}
	return true;
}

/* Fills in the arrays at the position of the first site. False unless each is followed by an insertion before the next.
 */
static bool find_arrays(struct map_literal *map)
{
	bool is_inserted = true;

	map->n_arrays = 0;
	for (size_t i = map->first; i < map->n; i++) {
		const struct rec_site *site = &map->sites[i];

		if (!is_at(site, map->brace, &map->sites[map->first]))
			continue;
		if (site->cause == CAUSE_MAP_GROWTH) {
			is_inserted = true;
		} else if (is_array(site)) {
			if (!is_inserted)
				return false;
			is_inserted = false;
			map->arrays[map->n_arrays++] = i;
		}
	}
	return is_inserted;
}

static bool has_own_site(const struct map_literal *map, size_t brace)
{
	for (size_t i = 0; i < map->n; i++) {
		if (is_array(&map->sites[i]) && is_at(&map->sites[i], brace, &map->sites[map->first]))
			return true;
	}
	return false;
}

static bool has_length(const struct rec_site *site, uint64_t length)
{
	return !site->type || length == SOURCE_NO_LENGTH || strtoull(site->type + 1, NULL, 10) == length;
}

/* The braces of the elements whose arrays they are. False if they are not as many, or of other lengths. */
static bool find_elements(const struct map_literal *map, size_t *braces)
{
	struct source_element element;
	size_t at = 0, n = 0;

	while (source_tokens_next_element(map->source, map->brace, &at, &element)) {
		uint64_t length =
			element.brace == SOURCE_NO_TOKEN ? 0 : source_tokens_length(map->source, element.brace);

		if (length == 0 || has_own_site(map, element.brace))
			continue;
		if (n == map->n_arrays || !has_length(&map->sites[map->arrays[n]], length))
			return false;
		braces[n++] = element.brace;
	}
	return n == map->n_arrays;
}

/* A map literal has keys; so may one of an array or a slice, which makes no insertions. */
static bool may_be_map(const struct source_tokens *source, size_t brace)
{
	struct source_element element;
	size_t at = 0;

	return source_tokens_next_element(source, brace, &at, &element) && element.key_last >= element.key_first;
}

/* n sites of one function, from, and what is kept of them, to. */
static void place_elements(struct predictions *set, struct twin *twin, const struct rec_site *from,
			   struct column_site *to, size_t n)
{
	struct map_literal map = {.sites = from, .n = n, .arrays = xcalloc(n, sizeof(*map.arrays))};
	size_t *braces = xcalloc(n, sizeof(*braces));

	for (size_t i = 0; i < n; i++) {
		map.source = from[i].n_frames ? twin_source(twin, from[i].frames[0].file) : NULL;
		map.brace = from[i].n_frames ? token_of(map.source, &from[i]) : SOURCE_NO_TOKEN;
		if (map.brace == SOURCE_NO_TOKEN || !is_array(&from[i]) || to[i].at.line ||
		    !may_be_map(map.source, map.brace))
			continue;
		map.first = i;
		if (!find_arrays(&map) || !find_elements(&map, braces))
			continue;
		for (size_t k = 0; k < map.n_arrays; k++) {
			struct column_site *site = &to[map.arrays[k]];

			describe(set, site, map.source, braces[k]);
			site->at = source_tokens_position(map.source, braces[k]);
		}
	}
	free(braces);
	free(map.arrays);
}

/* ---- functions --------------------------------------------------------------------------------------------------- */

static bool has_copy(struct twin *twin, const struct recording *rec, size_t first, size_t n)
{
	for (size_t i = first; i < first + n; i++) {
		for (size_t k = 0; k < rec->sites[i].n_frames; k++) {
			if (twin_source(twin, rec->sites[i].frames[k].file))
				return true;
		}
	}
	return false;
}

int site_columns_read(struct predictions *set, struct twin *twin, struct error *err)
{
	struct recording *rec = recording_new();
	struct symbolizer *sym = NULL;
	struct go_binary *bin = NULL;
	size_t n;
	int ret;

	ret = go_binary_open_file(&bin, twin_path(twin), err);
	if (ret == 0)
		ret = symbolizer_new_pclntab(&sym, bin, err);
	if (ret == 0)
		ret = sites_decode(rec, bin, sym, NULL, err);
	if (ret == 0 && !set->columns)
		set->columns = columns_new();
	for (size_t i = 0; ret == 0 && i < rec->n_sites; i += n) {
		n = run_length(rec, i);
		if (!has_copy(twin, rec, i, n))
			continue;
		columns_add_function(set->columns, strpool_add(set->pool, physical_function(&rec->sites[i])),
				     rec->sites[i].calls);
		for (size_t k = i; k < i + n; k++)
			add_site(set, twin, &rec->sites[k]);
		place_elements(set, twin, &rec->sites[i], &set->columns->sites[set->columns->n_sites - n], n);
	}
	symbolizer_free(sym);
	go_binary_free(bin);
	recording_free(rec);
	return ret;
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

/*
 * Is every level on the line that the twin's token has in the source? The binary's inline tree now and then loses the
 * level of a call on the line of its caller, and the twin's, where they have lines of their own, does not.
 */
static bool agrees(const struct columns *columns, const struct column_site *from, const struct rec_site *site)
{
	const struct source_position *levels = &columns->levels[from->first_level];

	if (!site->n_frames || from->n_levels < site->n_frames)
		return false;
	if (from->n_levels > site->n_frames)
		return levels[from->n_levels - 1].line == site->frames[site->n_frames - 1].line;
	for (size_t i = 0; i < site->n_frames; i++) {
		if (levels[i].line != site->frames[i].line)
			return false;
	}
	return true;
}

static void apply(struct recording *rec, struct rec_site *site, const struct columns *columns,
		  const struct column_site *from)
{
	struct rec_source *source = recording_set_source(site, from->n_levels);

	source->expr = strpool_add(rec->pool, from->expr);
	source->first_line = from->first.line;
	source->first_column = from->first.column;
	source->last_line = from->last.line;
	source->last_column = from->last.column;
	for (size_t i = 0; i < from->n_levels; i++) {
		const struct source_position *level =
			i == 0 && from->at.line ? &from->at : &columns->levels[from->first_level + i];

		source->levels[i] = (struct rec_level){.line = level->line, .column = level->column};
	}
}

void site_columns_apply(struct recording *rec, const struct columns *columns)
{
	size_t n;

	for (size_t i = 0; columns && i < rec->n_sites; i += n) {
		const struct column_function *f;

		n = run_length(rec, i);
		f = rec->sites[i].calls ? columns_find(columns, physical_function(&rec->sites[i]), rec->sites[i].calls)
					: NULL;
		for (size_t k = 0; f && f->n_sites == n && k < n; k++) {
			const struct column_site *from = &columns->sites[f->first_site + k];

			if (!rec->sites[i + k].source && agrees(columns, from, &rec->sites[i + k]))
				apply(rec, &rec->sites[i + k], columns, from);
		}
	}
}
