/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Predictions and sites are brought together in steps, each with less to go on than the one before; what a step has
 * paired is out of the way of the next:
 *
 *   1. moved variables of functions where several share an object (match_moved.c); where columns are known, by position
 * (match_position.c); what package variables begin with, where the call of it
 * has lost its own (match_initializer.c)
 *   2. heap claims, where they are not (match_fallback.c)
 *   3. heap claims whose allocation the compiler puts elsewhere: parameters moved where the function begins, variables
 *      merged into one object at the first one's position, variables without a position of their own
 *   4. stack claims without columns, against what is left on their line (match_fallback.c)
 *   5. calls that move what append built on the stack, to the appends, whatever was claimed of them
 *   6. what is left over in one statement (match_statement.c)
 *   7. without columns, what is left over and may have a call all the same (match_doubt.c)
 *   8. insertions of a map literal's elements, to the literal (match_insertions.c)
 *
 * This file has the sequence, and the steps 3 and 5, which hold with and without columns.
 */
#include "audit/match_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/path.h"
#include "recording/place.h"
#include "symbolize/go_name.h"

/* ---- what holds with and without columns ---------------------------------------------------------------------------
 */

bool match_is_move(const struct rec_site *site)
{
	return strncmp(site->callee, "runtime.moveSlice", 17) == 0;
}

/* The line of the func keyword: from the tables since Go 1.20; before that the first line that has code. */
static int func_line(const struct rec_frame *physical, const struct rec_extent *extent)
{
	return physical->start_line ? physical->start_line : extent->first;
}

static bool in_package(const struct matching *m, const struct rec_site *site, const char *package)
{
	const char *path = site->n_frames ? match_import_path(m, match_physical_function(site)) : "";

	return !package || strcmp(path, package) == 0 || (strcmp(package, "main") == 0 && path == m->main_package);
}

/*
 * Variables of other blocks may have been compiled out, or share another object (match_moved.c). Where no block is
 * known, as in a log, nothing says so.
 */
static bool is_one_block(const struct matching *m, const struct match_group *group)
{
	const struct variable_source *a = &m->set->items[group->predictions[0]].variable;

	for (size_t i = 1; i < group->n_predictions; i++) {
		const struct variable_source *b = &m->set->items[group->predictions[i]].variable;

		/* The compiler's own, which match_moved.c leaves; and a call that is inlined begins no block. */
		if (m->set->items[group->predictions[i]].pos.line <= 0 ||
		    m->set->items[group->predictions[i]].n_inlined > m->set->items[group->predictions[0]].n_inlined)
			continue;
		if (a->first_line != b->first_line || a->first_column != b->first_column)
			return false;
	}
	return true;
}

/* What has the object of several variables to itself, for want of knowing which others. */
static void mark_lonely(struct matching *m)
{
	for (size_t g = 0; g < m->n_groups; g++) {
		struct match_group *group = &m->groups[g];
		const struct prediction *p = &m->set->items[group->predictions[0]];

		if (group->n_predictions == 1 && group->n_sites && p->kind == EXPR_MOVED && p->variable.first_line &&
		    fit_is_merged(&m->rec->sites[group->sites[0]]))
			group->ambiguous = true;
	}
}

/* The object of several variables: joins those that are there, or waits for others to join. */
static void share_object(struct matching *m, size_t prediction, size_t site)
{
	size_t group = m->site_group[site];

	if (group == MATCH_NONE) {
		match_group_add_site(m, match_group_new(m, &prediction, 1), site);
	} else {
		match_group_add_prediction(m, &m->groups[group], prediction);
		m->groups[group].merged = true;
		m->groups[group].ambiguous |= !is_one_block(m, &m->groups[group]);
	}
}

static bool same_package(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* A variable of the compiler's own, in that package, that has two sites in one function: one is that of a variable
 * without position. */
static bool is_crowded(const struct matching *m, const struct match_group *group, const char *package)
{
	const struct prediction *p = &m->set->items[group->predictions[0]];

	return same_package(p->package, package) && group->ambiguous && group->n_predictions == 1 &&
	       group->n_sites == 2 && p->kind == EXPR_MOVED && p->expr && strchr(p->expr, '#');
}

/*
 * Heap claims of moved variables that no site on their own line answers. A parameter is moved where the function
 * begins. A variable may share the object of an earlier one, whichever of them are inlined (ssagen, newHeapaddr).
 */
static void place_moved(struct matching *m, size_t index)
{
	const struct prediction *p = &m->set->items[index];
	uint32_t file = m->prediction_file[index];
	size_t at_entry = MATCH_NONE, merged = MATCH_NONE;
	bool same_call = false;

	for (size_t k = 0; k < m->files[file].n_sites; k++) {
		size_t i = m->files[file].sites[k];
		const struct rec_site *site = &m->rec->sites[i];
		const struct rec_frame *outer;
		const struct rec_extent *extent;

		if (site->cause != CAUSE_NEW_OBJECT || !fit_function(&m->readings[index], site) ||
		    !match_wrapper_fits(m, index, i))
			continue;
		outer = &site->frames[site->n_frames - 1];
		extent = match_extent(m, file, outer->function);
		if (!extent || p->pos.line < extent->first || p->pos.line > extent->last)
			continue;
		if (!p->n_inlined && m->site_group[i] == MATCH_NONE && outer->line == func_line(outer, extent) &&
		    at_entry == MATCH_NONE)
			at_entry = i;
		if (!fit_is_merged(site) || outer->line > p->pos.line || same_call)
			continue;
		merged = i; /* the nearest before: sites run in pc order, and so do the declarations */
		/* of the same inlined call, as far as the outermost line tells */
		same_call = p->n_inlined && outer->line == p->pos.line && site->n_frames == p->n_inlined + 1;
	}
	if (merged != MATCH_NONE)
		share_object(m, index, merged);
	else if (at_entry != MATCH_NONE)
		match_group_add_site(m, match_group_new(m, &index, 1), at_entry);
}

/* Whether a step of the flow stands on that line. */
static bool flows_through(const struct prediction *p, const char *file, int line)
{
	const char *base = path_base(file);

	for (size_t i = 0; i < p->n_flow; i++) {
		const struct position *pos = &p->flow[i]->pos;

		if (pos->file && pos->line == line && strcmp(path_base(pos->file), base) == 0)
			return true;
	}
	return false;
}

/* The explanation of what goes to a named result ends with the result's name: where it is returned is not said. */
static bool goes_to_result(const struct prediction *p)
{
	for (size_t i = p->n_flow; i-- > 0;) {
		const struct flow_step *step = p->flow[i];

		if (step->kind == FLOW_INTO)
			return !step->into_storage && step->into[0] != '{' && step->into[0] != '~';
	}
	return false;
}

/*
 * The move has the position of the statement that the slice leaves by (cmd/compile/internal/slice), which is a step of
 * the flow; where that is the return of an inlined call, it is the position of the call.
 */
static bool flows_through_statement(const struct prediction *p, const struct rec_site *move)
{
	size_t n = match_n_levels(move);
	struct rec_level outer = match_level(move, 0);

	if (!move->source || !outer.column || outer.column == REC_COLUMN_BEYOND)
		return false;
	if ((!p->inlined_known || p->n_inlined >= n) && match_levels_agree(p, move, n))
		return true;
	for (size_t i = 0; n == 1 && i < p->n_flow; i++) {
		const struct position *pos = &p->flow[i]->pos;

		if (pos->file && pos->line == outer.line && pos->column == outer.column &&
		    strcmp(path_base(pos->file), path_base(p->pos.file)) == 0)
			return true;
	}
	return false;
}

/* What an append of the function has to do with a slice that is moved there, or in that very statement. */
enum builds { BUILDS_NOT, BUILDS_PERHAPS, BUILDS_IT, BUILDS_IT_THERE };

/* Whether a move on the line of that one has the type that grows, which has pointers then. */
static bool has_pointers(const struct matching *m, size_t move, const char *type)
{
	const struct rec_site *site = &m->rec->sites[move];

	for (size_t s = match_first_site(m, m->site_file[move], site->frames[site->n_frames - 1].line); s;
	     s = m->next_site[s - 1]) {
		if (match_is_move(&m->rec->sites[s - 1]) && m->rec->sites[s - 1].type == type)
			return true;
	}
	return false;
}

/* A move of elements without pointers is told no type. */
static bool is_other_slice(const struct matching *m, const struct rec_site *growth, size_t move)
{
	const struct rec_site *site = &m->rec->sites[move];

	if (!growth || !growth->type)
		return false;
	return site->type ? growth->type != site->type
			  : strstr(site->callee, "NoScan") && has_pointers(m, move, growth->type);
}

static const struct rec_site *growth_of(const struct matching *m, size_t group)
{
	return group != MATCH_NONE && m->groups[group].n_sites ? &m->rec->sites[m->groups[group].sites[0]] : NULL;
}

static enum builds builds_slice(const struct matching *m, size_t prediction, size_t group, size_t move_index)
{
	const struct prediction *p = &m->set->items[prediction];
	const struct rec_site *move = &m->rec->sites[move_index];
	const struct rec_site *growth = growth_of(m, group);

	if (m->is_matched[prediction] &&
	    group == MATCH_NONE) /* another package's account of it is the one that counts */
		return BUILDS_NOT;
	if (!fit_function(&m->readings[prediction], move) || is_other_slice(m, growth, move_index))
		return BUILDS_NOT;
	if (flows_through_statement(p, move))
		return BUILDS_IT_THERE;
	for (uint32_t i = 0; p->claim == CLAIM_HEAP && i < move->n_frames; i++) {
		if (move->frames[i].file && flows_through(p, move->frames[i].file, move->frames[i].line))
			return BUILDS_IT;
	}
	/* It escapes in another way, if the log has the way. */
	if (p->claim == CLAIM_HEAP && p->n_flow && !goes_to_result(p))
		return BUILDS_NOT;
	return BUILDS_PERHAPS;
}

/* What an append did to a slice is done where the slice is moved, or above that. */
static bool is_nearer(const struct matching *m, size_t a, size_t b, int line)
{
	const struct position *x = &m->set->items[a].pos, *y = &m->set->items[b].pos;

	if ((x->line <= line) != (y->line <= line))
		return x->line <= line;
	return x->line != y->line ? x->line > y->line : x->column > y->column;
}

/*
 * A group for an append without a call of its own: the slice fits its buffer, or has the capacity. Others of which that
 * is true, and which are known to build the same slice, have the one object together.
 */
static size_t new_group(struct matching *m, const struct source_file *file, const struct rec_extent *extent,
			size_t *group_of, size_t prediction, size_t move, enum builds known)
{
	size_t *together = xcalloc(file->n_appends, sizeof(*together)), n = 0, g = m->n_groups;

	for (size_t k = 0; k < file->n_appends; k++) {
		size_t i = file->appends[k];
		int line = m->set->items[i].pos.line;

		if (i != prediction && (known < BUILDS_IT || group_of[i] != MATCH_NONE || line < extent->first ||
					line > extent->last || builds_slice(m, i, group_of[i], move) != known))
			continue;
		group_of[i] = g;
		together[n++] = i;
	}
	match_group_new(m, together, n);
	free(together);
	return g;
}

static bool have_one_place(const struct rec_site *a, const struct rec_site *b)
{
	size_t n = match_n_levels(a);

	if (match_n_levels(b) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct rec_level x = match_level(a, i), y = match_level(b, i);

		if (x.line != y.line || x.column != y.column)
			return false;
	}
	return true;
}

/*
 * Since Go 1.26 a slice that append builds on the stack is moved to the heap where it leaves the function, or where it
 * is ranged over (cmd/compile/internal/slice). What moved is what the function's appends built: those whose flow goes
 * through the statement, or the line where no column is known, if the log has it. Of several the last before the move
 * has it. Without a flow, with several moves in that place, or where they are of several types, and so of several
 * slices, nothing tells which of them it is.
 */
static void place_moved_slice(struct matching *m, size_t *group_of, size_t site_index)
{
	const struct rec_site *site = &m->rec->sites[site_index];
	const struct rec_frame *outer = &site->frames[site->n_frames - 1];
	const struct rec_extent *extent = match_extent(m, m->site_file[site_index], outer->function);
	const struct source_file *file = &m->files[m->site_file[site_index]];
	size_t best = MATCH_NONE, n = 0, n_moves = 0;
	enum builds known = BUILDS_PERHAPS;
	bool has_move = false, several_types = false;
	const char *type = NULL;
	struct match_group *group;

	for (size_t k = 0; extent && k < file->n_appends; k++) {
		size_t i = file->appends[k];
		const struct rec_site *growth = growth_of(m, group_of[i]);
		int line = m->set->items[i].pos.line;
		enum builds builds;
		bool taken;

		if (line < extent->first || line > extent->last)
			continue;
		builds = builds_slice(m, i, group_of[i], site_index);
		if (builds < known)
			continue;
		if (builds > known) {
			known = builds;
			best = MATCH_NONE;
			n = 0;
			several_types = false;
			type = NULL;
		}
		n++;
		several_types |= type && growth && growth->type && growth->type != type;
		type = growth && growth->type ? growth->type : type;
		taken = group_of[i] != MATCH_NONE && m->groups[group_of[i]].moved;
		if (best == MATCH_NONE || (taken != has_move ? !taken : is_nearer(m, i, best, outer->line))) {
			best = i;
			has_move = taken;
		}
	}
	if (best == MATCH_NONE)
		return;
	for (size_t s = match_first_site(m, m->site_file[site_index], outer->line); s; s = m->next_site[s - 1])
		n_moves += match_is_move(&m->rec->sites[s - 1]) &&
			   (known != BUILDS_IT_THERE || have_one_place(site, &m->rec->sites[s - 1]));
	if (group_of[best] == MATCH_NONE)
		group_of[best] = new_group(m, file, extent, group_of, best, site_index, known);
	group = &m->groups[group_of[best]];
	group->moved = true;
	if (n > 1 && (known < BUILDS_IT || n_moves > 1 || several_types) &&
	    !(m->site_objects && !m->site_objects[site_index])) {
		group->ambiguous = true;		       /* unless nothing was moved */
		for (size_t k = 0; k < file->n_appends; k++) { /* nor of which of one position, or of one statement */
			const struct position *pos = &m->set->items[file->appends[k]].pos,
					      *at = &m->set->items[best].pos;

			if (pos->line >= extent->first && pos->line <= extent->last &&
			    (several_types || (pos->line == at->line && !pos->column && !at->column)) &&
			    group_of[file->appends[k]] != MATCH_NONE &&
			    builds_slice(m, file->appends[k], group_of[file->appends[k]], site_index) == known)
				m->groups[group_of[file->appends[k]]].ambiguous = true;
		}
	}
	match_group_add_site(m, group, site_index);
}

/* When the appends have their own calls. */
static void place_moved_slices(struct matching *m)
{
	size_t *group_of = xcalloc(m->set->n + 1, sizeof(*group_of));

	for (size_t i = 0; i < m->set->n; i++)
		group_of[i] = MATCH_NONE;
	for (size_t g = 0; g < m->n_groups; g++) {
		for (size_t i = 0; i < m->groups[g].n_predictions; i++)
			group_of[m->groups[g].predictions[i]] = g;
	}
	for (size_t i = 0; i < m->rec->n_sites; i++) {
		if (m->site_group[i] == MATCH_NONE && m->site_file[i] != NO_FILE && match_is_move(&m->rec->sites[i]))
			place_moved_slice(m, group_of, i);
	}
	free(group_of);
}

/* The second site of the first crowded variable of that package becomes the other's. */
static void split_crowded(struct matching *m, size_t prediction, const char *package)
{
	size_t g = 0, site;

	while (!is_crowded(m, &m->groups[g], package))
		g++;
	m->groups[g].ambiguous = false;
	site = m->groups[g].sites[--m->groups[g].n_sites];
	match_group_add_site(m, match_group_new(m, &prediction, 1), site);
}

/*
 * Variables without a position: those the compiler makes for a range over a function. One shares the object of another
 * in the function that the diagnostics name; where they name none (< 1.25) it is the object that is one too many for
 * the package's variables that have a position, if there are as many of these as of those.
 */
static void place_nowhere(struct matching *m)
{
	size_t *unplaced = xcalloc(m->set->n + 1, sizeof(*unplaced)), n = 0;

	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];
		size_t merged = MATCH_NONE, n_merged = 0;

		if (m->is_matched[i] || p->claim != CLAIM_HEAP || p->kind != EXPR_MOVED || p->pos.line > 0)
			continue;
		for (size_t s = 0; m->readings[i].function && s < m->rec->n_sites; s++) {
			const struct rec_site *site = &m->rec->sites[s];

			if (fit_is_merged(site) && m->site_group[s] != MATCH_NONE && in_package(m, site, p->package) &&
			    fit_function(&m->readings[i], site)) {
				merged = s;
				n_merged++;
			}
		}
		if (n_merged == 1)
			share_object(m, i, merged);
		else
			unplaced[n++] = i;
	}
	for (size_t i = 0; i < n; i++) {
		const char *package = m->set->items[unplaced[i]].package;
		size_t n_unplaced = 0, n_crowded = 0;

		for (size_t k = 0; k < n; k++)
			n_unplaced += !m->is_matched[unplaced[k]] &&
				      same_package(m->set->items[unplaced[k]].package, package);
		for (size_t g = 0; g < m->n_groups; g++)
			n_crowded += is_crowded(m, &m->groups[g], package);
		if (m->is_matched[unplaced[i]] || n_unplaced != n_crowded)
			continue;
		split_crowded(m, unplaced[i], package);
	}
	free(unplaced);
}

static void run_other_lines(struct matching *m)
{
	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];

		if (!m->is_matched[i] && !m->is_settled[i] && p->claim == CLAIM_HEAP && p->kind == EXPR_MOVED &&
		    m->prediction_file[i] != NO_FILE)
			place_moved(m, i);
	}
	place_nowhere(m);
	mark_lonely(m);
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static void index_packages(struct matching *m)
{
	const struct predictions *set = m->set;

	for (size_t i = 0; i < set->n_packages; i++)
		u64map_at(&m->packages, (uintptr_t)strpool_add(m->pool, set->packages[i]), NULL);
	for (size_t i = 0; i < set->n_instances; i++)
		u64map_at(&m->instances, (uintptr_t)match_instance(m, set->instances[i]), NULL);
	for (size_t i = 0; i < set->n; i++) {
		const char *package = set->items[i].package;

		if (package)
			u64map_at(&m->packages, (uintptr_t)strpool_add(m->pool, package), NULL);
		if (m->prediction_file[i] != NO_FILE)
			u64map_at(&m->covered_files, m->prediction_file[i], NULL);
	}
}

static void count_objects(struct matching *m)
{
	const struct recording *rec = m->rec;

	m->is_seen = xcalloc(rec->n_sites + 1, sizeof(*m->is_seen));
	for (size_t i = 0; i < rec->n_observations; i++) {
		if (rec->observations[i].site != REC_NO_SITE)
			m->is_seen[rec->observations[i].site] = true;
	}
	if (rec->header.mode != REC_MODE_EXACT || !rec->header.window_complete || recording_is_partial(rec))
		return;
	m->site_objects = xcalloc(rec->n_sites, sizeof(*m->site_objects));
	for (size_t i = 0; i < rec->n_observations; i++) {
		const struct rec_observation *obs = &rec->observations[i];

		if (obs->site != REC_NO_SITE && obs->cause != CAUSE_RUNTIME_INTERNAL)
			m->site_objects[obs->site] += obs->objects;
	}
}

struct matching *matching_new(const struct predictions *set, const struct recording *rec)
{
	struct matching *m = xcalloc(1, sizeof(*m));

	m->set = set;
	m->rec = rec;
	m->pool = strpool_new();
	m->main_package = strpool_add(m->pool, rec->header.main_package);
	m->is_same_build =
		set->build.build_id && rec->header.build_id && strcmp(set->build.build_id, rec->header.build_id) == 0;
	m->prediction_file = xcalloc(set->n, sizeof(*m->prediction_file));
	m->bare_expr = xcalloc(set->n, sizeof(*m->bare_expr));
	m->readings = xcalloc(set->n, sizeof(*m->readings));
	m->is_matched = xcalloc(set->n, sizeof(*m->is_matched));
	m->is_surplus = xcalloc(set->n, sizeof(*m->is_surplus));
	m->is_settled = xcalloc(set->n, sizeof(*m->is_settled));
	match_index_files(m);
	match_index_sites(m);
	count_objects(m);
	match_find_names(m);
	for (size_t i = 0; i < set->n; i++) {
		const struct prediction *p = &set->items[i];
		const char *package = match_package(m, p->package);

		m->bare_expr[i] = p->expr ? go_name_bare_type(m->pool, p->expr) : NULL;
		m->prediction_file[i] = match_resolve_file(m, p->pos.file, package);
		reading_init(&m->readings[i], m->pool, p);
	}
	match_index_wrappers(m);
	match_share_wrappers(m);
	for (size_t i = 0; i < set->n; i++) {
		if (set->items[i].kind == EXPR_MOVED)
			m->readings[i].type = match_receiver(m, i);
		if (set->items[i].kind == EXPR_MOVED && !m->readings[i].type && set->items[i].variable.type)
			m->readings[i].type = set->items[i].variable.type;
		/* A wrapper has the receiver's name for the pointer that it is handed. */
		if (set->items[i].kind == EXPR_MOVED && set->items[i].variable.type && !m->is_in_wrapper[i])
			m->readings[i].size = set->items[i].variable.size;
	}
	match_index_likeness(m);
	index_packages(m);
	match_find_declarations(m);
	match_displace(m);
	match_index_by_file(m);
	match_silence_echoes(m, true);
	match_moved(m);
	match_by_position(m);
	match_initializers(m);
	match_fallback_heap(m);
	run_other_lines(m);
	match_stack_by_words(m);
	match_fallback_stack(m);
	place_moved_slices(m);
	match_by_statement(m);
	match_silence_echoes(m, false);
	match_doubt(m);
	match_group_wrappers(m);
	for (size_t i = 0; i < set->n; i++) {
		if (!m->is_matched[i])
			match_group_new(m, &i, 1)->surplus = m->is_surplus[i];
	}
	match_insertions(m);
	match_index_absence(m);
	return m;
}

void matching_free(struct matching *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n_groups; i++) {
		free(m->groups[i].predictions);
		free(m->groups[i].sites);
	}
	free(m->groups);
	for (size_t i = 0; i < m->n_files; i++) {
		free(m->files[i].packages.items);
		free(m->files[i].named.items);
		free(m->files[i].extents);
		free(m->files[i].sites);
		free(m->files[i].appends);
		free(m->files[i].declared);
	}
	free(m->files);
	u64map_release(&m->file_of_path);
	u64map_release(&m->file_of_base);
	u64map_release(&m->resolved);
	u64map_release(&m->sites_at);
	u64map_release(&m->named);
	u64map_release(&m->functions);
	u64map_release(&m->inlined_from);
	u64map_release(&m->packages);
	u64map_release(&m->covered_files);
	u64map_release(&m->instances);
	free(m->site_file);
	free(m->site_chain);
	free(m->next_site);
	free(m->site_group);
	free(m->site_objects);
	free(m->is_seen);
	free(m->prediction_file);
	free(m->site_wraps);
	free(m->methods);
	free(m->method_keys);
	free(m->wrapped);
	u64map_release(&m->shared);
	free(m->is_in_wrapper);
	free(m->likeness);
	free(m->bare_expr);
	free(m->readings);
	free(m->is_matched);
	free(m->is_surplus);
	free(m->is_settled);
	free(m->by_place);
	free(m->binary_line);
	free(m->is_displaced);
	strpool_free(m->pool);
	free(m);
}

size_t matching_count(const struct matching *m)
{
	return m->n_groups;
}

const struct match_group *matching_group(const struct matching *m, size_t i)
{
	return &m->groups[i];
}

size_t matching_duplicates(const struct matching *m)
{
	return m->n_duplicates;
}
