/* SPDX-License-Identifier: Apache-2.0 */
#include "sites/columns.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "sites/literal_braces.h"
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
	size_t token = twin_token(twin, frame->file, frame->line);

	/* A file without a copy: its lines are what they are in the original. */
	if (token == SOURCE_NO_TOKEN)
		return (struct source_position){.line = source ? 0 : frame->line};
	return source_tokens_position(source, token);
}

/* Keeps what a token of a file of the twin's stands for. Returns its place. */
static struct source_position describe(struct predictions *set, struct column_site *site,
				       const struct source_tokens *source, size_t token)
{
	struct strbuf text = STRBUF_INIT;
	size_t first, last;

	source_tokens_extent(source, token, &first, &last);
	source_tokens_expression(source, token, EXPR_WIDTH, &text);
	site->expr = strpool_add(set->pool, strbuf_str(&text));
	site->first = source_tokens_position(source, first);
	site->last = source_tokens_position(source, last);
	source_tokens_statement(source, token, &first, &last);
	site->statement = source_tokens_position(source, first);
	if (!site->statement.column || site->statement.column == SOURCE_COLUMN_BEYOND)
		site->statement.line = site->statement.column = 0;
	strbuf_release(&text);
	return source_tokens_position(source, token);
}

static void add_site(struct predictions *set, struct twin *twin, const struct rec_site *from)
{
	struct column_site *site = columns_add_site(set->columns);
	size_t token = from->n_frames ? twin_token(twin, from->frames[0].file, from->frames[0].line) : SOURCE_NO_TOKEN;

	if (token != SOURCE_NO_TOKEN)
		describe(set, site, twin_source(twin, from->frames[0].file), token);
	for (size_t i = 0; i < from->n_frames; i++)
		columns_add_level(set->columns, level_of(twin, &from->frames[i]));
}

/* n sites of one function, from, and what is kept of them, to: arrays of literals stand where the literal does. */
static void place_literals(struct predictions *set, struct twin *twin, const struct literal_claims *claims,
			   const struct rec_site *from, struct column_site *to, size_t n)
{
	size_t *braces = xcalloc(n, sizeof(*braces));

	literal_braces_find(twin, claims, from, n, braces);
	for (size_t i = 0; i < n; i++) {
		if (braces[i] != SOURCE_NO_TOKEN)
			to[i].at = describe(set, &to[i], twin_source(twin, from[i].frames[0].file), braces[i]);
	}
	free(braces);
}

/*
 * Up to Go 1.19 the variable of a clause in a type switch is declared at the colon, and made where the clause begins
 * (cmd/compile/internal/noder/stmt.go and walk/switch.go).
 */
static void place_clause(struct twin *twin, const struct rec_site *from, struct column_site *to)
{
	size_t token = from->n_frames ? twin_token(twin, from->frames[0].file, from->frames[0].line) : SOURCE_NO_TOKEN;
	const struct source_tokens *source;
	size_t first, last;

	if (token == SOURCE_NO_TOKEN || from->cause != CAUSE_NEW_OBJECT)
		return;
	source = twin_source(twin, from->frames[0].file);
	if (!source_tokens_is(source, token, "case") && !source_tokens_is(source, token, "default"))
		return;
	source_tokens_extent(source, token, &first, &last);
	if (source_tokens_is(source, last + 1, ":"))
		to->at = source_tokens_position(source, last + 1);
}

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
	struct literal_claims *claims = literal_claims_new(set);
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
		place_literals(set, twin, claims, &rec->sites[i], &set->columns->sites[set->columns->n_sites - n], n);
		for (size_t k = 0; k < n && go_binary_minor(bin) <= 19; k++)
			place_clause(twin, &rec->sites[i + k], &set->columns->sites[set->columns->n_sites - n + k]);
	}
	symbolizer_free(sym);
	go_binary_free(bin);
	literal_claims_free(claims);
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
	source->statement_line = from->statement.line;
	source->statement_column = from->statement.column;
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
