/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Predictions and sites are brought together in passes, each with less to go on than the one before; what a pass has
 * paired is out of the way of the next:
 *
 *   1. heap claims whose inline chain is known (JSON), against sites with just that chain
 *   2. the same for inlined parameters and results, which are made at the call: the chain without its innermost step
 *   3. heap claims without a chain, against the sites of their line
 *   4. heap claims whose allocation the compiler puts on another line (reference, 7.5): parameters moved at the func
 *      keyword, variables merged into one object at the first one's line, append results moved where they leave the
 *      function, variables without a position of their own
 *   5. stack claims, against what is left on their line
 *
 * Inside one place (line and chain) predictions are told apart by what they speak of (fit.h): the kind of their
 * expression against the cause of the site, the function that the diagnostics name against the one that the site is in,
 * the type and the size that the text names against those that the machine code loads, and then, where just as many of
 * both are left, source order against pc order. What is left after that is one ambiguous group.
 */
#include "predict/match.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/strpool.h"
#include "base/u64map.h"
#include "predict/fit.h"
#include "predict/package.h"

#define NO_FILE UINT32_MAX

/* One source file as the binary's tables name it. */
struct source_file {
	const char *path;
	const char *base;
	const char **packages; /* of functions in it; owned */
	size_t n_packages, alloc_packages;
	uint32_t *extents; /* indexes into the recording, owned */
	size_t n_extents, alloc_extents;
	uint32_t *sites; /* whose outermost frame is in it, in pc order; owned */
	size_t n_sites, alloc_sites;
	uint32_t *appends; /* predictions of escaping appends in it; owned */
	size_t n_appends, alloc_appends;
	uint32_t *declared; /* indexes into the log's declarations in it, by line; owned */
	size_t n_declared, alloc_declared;
	bool is_displaced;	 /* a function in it stands on another line than the log says */
	uint32_t next_same_base; /* + 1 */
};

struct matching {
	const struct predictions *set;
	const struct recording *rec;
	struct strpool *pool;
	const char *main_package;
	struct source_file *files;
	size_t n_files, alloc_files;
	struct u64map file_of_path;  /* pooled path -> file */
	struct u64map file_of_base;  /* pooled base -> first file + 1 */
	struct u64map resolved;	     /* pooled "package NUL path" of a prediction -> file, or NO_FILE */
	struct u64map sites_at;	     /* (file, outermost line) -> first site + 1 */
	struct u64map packages;	     /* pooled import paths the predictions cover */
	struct u64map covered_files; /* files some prediction stands in */
	uint32_t *site_file;
	uint64_t *site_chain;
	size_t *next_site;	       /* + 1, on the same line, in pc order */
	struct u64map stack_claims_at; /* (file, line) -> first prediction + 1 */
	size_t *next_stack_claim;      /* + 1, on the same line, by column */
	size_t *site_group;	       /* MATCH_NONE while free */
	uint32_t *prediction_file;
	struct reading *readings; /* per prediction */
	bool *is_matched;	  /* per prediction */
	bool *is_surplus;	  /* per prediction: a copy of one that has a site, and none is left for it */
	bool is_old;		  /* the binary has no lines of func keywords */
	int *binary_line;   /* per declaration: where the binary has the function; 0 where that is not to be told */
	bool *is_displaced; /* per prediction */
	struct match_group *groups;
	size_t n_groups, alloc_groups;
};

/* ---- files ------------------------------------------------------------------------------------------------------ */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static uint32_t file_at(struct matching *m, const char *path)
{
	const char *pooled = strpool_add(m->pool, path), *base;
	struct source_file *file;
	uint64_t *index, *first;
	bool is_new;

	index = u64map_at(&m->file_of_path, (uintptr_t)pooled, &is_new);
	if (!is_new)
		return (uint32_t)*index;
	*index = m->n_files;
	ARRAY_GROW(m->files, m->n_files + 1, m->alloc_files);
	file = &m->files[m->n_files++];
	base = strpool_add(m->pool, base_name(pooled));
	*file = (struct source_file){.path = pooled, .base = base};
	first = u64map_at(&m->file_of_base, (uintptr_t)base, NULL);
	file->next_same_base = (uint32_t)*first;
	*first = m->n_files;
	return (uint32_t)(m->n_files - 1);
}

static const char *import_path(const struct matching *m, const char *function)
{
	const char *path = package_path(m->pool, function);

	return strcmp(path, "main") == 0 && m->main_package ? m->main_package : path;
}

static void add_package(struct source_file *file, const char *package)
{
	for (size_t i = 0; i < file->n_packages; i++) {
		if (file->packages[i] == package)
			return;
	}
	ARRAY_GROW(file->packages, file->n_packages + 1, file->alloc_packages);
	file->packages[file->n_packages++] = package;
}

static void index_files(struct matching *m)
{
	const struct recording *rec = m->rec;

	for (size_t i = 0; i < rec->n_extents; i++) {
		const struct rec_extent *extent = &rec->extents[i];
		struct source_file *file;
		uint32_t index;

		if (!extent->file)
			continue;
		index = file_at(m, extent->file); /* may move m->files */
		file = &m->files[index];
		add_package(file, import_path(m, extent->function));
		ARRAY_GROW(file->extents, file->n_extents + 1, file->alloc_extents);
		file->extents[file->n_extents++] = (uint32_t)i;
	}
}

/* The path without "./" and with "x/../" taken out, from the pool. */
static const char *clean_path(struct matching *m, const char *directory, const char *path)
{
	struct strbuf sb = STRBUF_INIT;
	const char *cleaned;

	if (path[0] != '/' && directory)
		strbuf_addf(&sb, "%s/", directory);
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && strncmp(path, "..", 2) == 0 && sb.len > 1) {
			sb.len--; /* the slash */
			while (sb.len && sb.buf[sb.len - 1] != '/')
				sb.len--;
			sb.buf[sb.len] = '\0';
		} else if (!(len == 1 && *path == '.')) {
			strbuf_add(&sb, path, len + (path[len] == '/'));
		}
		path += len + (path[len] == '/');
	}
	cleaned = strpool_add_n(m->pool, strbuf_str(&sb), sb.len);
	strbuf_release(&sb);
	return cleaned;
}

/* How many path components two paths share from the end. */
static size_t common_tail(const char *a, const char *b)
{
	size_t i = strlen(a), j = strlen(b), components = 0;

	while (i && j && a[i - 1] == b[j - 1]) {
		i--;
		j--;
		if (a[i] == '/')
			components++;
	}
	if ((i == 0 || a[i - 1] == '/') && (j == 0 || b[j - 1] == '/'))
		components++;
	return components;
}

static bool has_package(const struct source_file *file, const char *package)
{
	for (size_t i = 0; i < file->n_packages; i++) {
		if (package && strcmp(file->packages[i], package) == 0)
			return true;
	}
	return false;
}

/*
 * The binary's file that a position names. The same file has many names: relative to the build's directory, absolute,
 * trimmed to its import path, in a container's or another machine's module cache. Package and base name stay.
 */
static uint32_t resolve_file(struct matching *m, const char *path, const char *package)
{
	const char *key = strpool_addf(m->pool, "%s\n%s", package ? package : "", path);
	const char *base, *cleaned;
	uint32_t best = NO_FILE, in_package = NO_FILE;
	size_t best_tail = 0, n_best = 0, n_in_package = 0, n_all = 0;
	uint64_t *memo, *found;
	bool is_new;

	memo = u64map_at(&m->resolved, (uintptr_t)key, &is_new);
	if (!is_new)
		return (uint32_t)*memo;
	cleaned = clean_path(m, m->set->build.directory, path);
	found = u64map_find(&m->file_of_path, (uintptr_t)cleaned);
	if (!found)
		found = u64map_find(&m->file_of_path, (uintptr_t)strpool_add(m->pool, path));
	if (found) {
		best = (uint32_t)*found;
		goto out;
	}
	cleaned = clean_path(m, NULL, path);
	base = strpool_add(m->pool, base_name(path));
	found = u64map_find(&m->file_of_base, (uintptr_t)base);
	for (uint64_t i = found ? *found : 0; i; i = m->files[i - 1].next_same_base) {
		const struct source_file *file = &m->files[i - 1];
		size_t tail = common_tail(cleaned, file->path);

		n_all++;
		if (has_package(file, package)) {
			in_package = (uint32_t)(i - 1);
			n_in_package++;
		}
		if (tail > best_tail) {
			best_tail = tail;
			best = (uint32_t)(i - 1);
			n_best = 0;
		}
		n_best += tail == best_tail;
	}
	/* Functions of one package seldom come from two files of one name; where they do, the longer common path
	 * decides. */
	if (n_in_package == 1 && (best_tail <= 1 || n_best != 1 || !has_package(&m->files[best], package)))
		best = in_package;
	else if (n_best != 1 || (best_tail < 2 && (n_all != 1 || package)))
		best = NO_FILE;
out:
	memo = u64map_at(&m->resolved, (uintptr_t)key, NULL);
	*memo = best;
	return best;
}

/* ---- places ----------------------------------------------------------------------------------------------------- */

static uint64_t chain_step(uint64_t hash, const char *file, int line)
{
	const char *base = file ? base_name(file) : "";

	return u64_mix(u64_mix(hash, bytes_hash(base, strlen(base))), (uint64_t)line);
}

static uint64_t site_chain(const struct rec_site *site)
{
	uint64_t hash = 0;

	for (size_t i = site->n_frames; i-- > 0;)
		hash = chain_step(hash, site->frames[i].file, site->frames[i].line);
	return hash;
}

/* The first n of its inlined steps. */
static uint64_t prediction_chain(const struct prediction *p, size_t n)
{
	uint64_t hash = chain_step(0, p->pos.file, p->pos.line);

	for (size_t i = 0; i < n; i++)
		hash = chain_step(hash, p->inlined[i].file, p->inlined[i].line);
	return hash;
}

static uint64_t place_key(uint32_t file, int line)
{
	return (uint64_t)file << 32 | (uint32_t)line;
}

static void index_sites(struct matching *m)
{
	const struct recording *rec = m->rec;

	m->site_file = xcalloc(rec->n_sites, sizeof(*m->site_file));
	m->site_chain = xcalloc(rec->n_sites, sizeof(*m->site_chain));
	m->next_site = xcalloc(rec->n_sites, sizeof(*m->next_site));
	m->site_group = xcalloc(rec->n_sites, sizeof(*m->site_group));
	for (size_t i = rec->n_sites; i-- > 0;) { /* backwards, so that the lists run in pc order */
		const struct rec_site *site = &rec->sites[i];
		const struct rec_frame *outer = site->n_frames ? &site->frames[site->n_frames - 1] : NULL;
		uint64_t *first;

		m->site_group[i] = MATCH_NONE;
		m->site_file[i] = NO_FILE;
		if (!outer || !outer->file)
			continue;
		m->site_file[i] = file_at(m, outer->file);
		m->site_chain[i] = site_chain(site);
		first = u64map_at(&m->sites_at, place_key(m->site_file[i], outer->line), NULL);
		m->next_site[i] = *first;
		*first = i + 1;
	}
}

/* The lists that the passes over other lines walk, so that they are not all sites by all predictions. */
static void index_by_file(struct matching *m)
{
	for (size_t i = 0; i < m->rec->n_sites; i++) {
		struct source_file *file;

		if (m->site_file[i] == NO_FILE)
			continue;
		file = &m->files[m->site_file[i]];
		ARRAY_GROW(file->sites, file->n_sites + 1, file->alloc_sites);
		file->sites[file->n_sites++] = (uint32_t)i;
	}
	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];
		struct source_file *file;

		if (p->claim != CLAIM_HEAP || p->kind != EXPR_APPEND || m->prediction_file[i] == NO_FILE)
			continue;
		file = &m->files[m->prediction_file[i]];
		ARRAY_GROW(file->appends, file->n_appends + 1, file->alloc_appends);
		file->appends[file->n_appends++] = (uint32_t)i;
	}
}

static size_t first_site_at(const struct matching *m, uint32_t file, int line)
{
	uint64_t *first = file == NO_FILE ? NULL : u64map_find(&m->sites_at, place_key(file, line));

	return first ? *first : 0;
}

static const struct rec_extent *extent_of(const struct matching *m, uint32_t file, const char *function)
{
	const struct source_file *f = &m->files[file];

	for (size_t i = 0; i < f->n_extents; i++) {
		const struct rec_extent *extent = &m->rec->extents[f->extents[i]];

		if (extent->function == function)
			return extent;
	}
	return NULL;
}

/* ---- editions --------------------------------------------------------------------------------------------------- */

static int compare_declared(const void *a, const void *b, void *ctx)
{
	const struct predictions *set = ctx;
	const uint32_t *x = a, *y = b;
	int k = set->declarations[*x].line, n = set->declarations[*y].line;

	return k != n ? (k < n ? -1 : 1) : *x < *y ? -1 : *x > *y;
}

static uint64_t declaration_key(struct matching *m, uint32_t file, const char *name)
{
	/* mixed once before: neighbours in the pool differ by as little as files do */
	return u64_mix(u64_mix(0x2545f491, file), (uintptr_t)strpool_add(m->pool, name));
}

static const char *behind_package(const char *function)
{
	size_t package = package_length(function);

	return function + package + (function[package] == '.');
}

/*
 * The line of the func keyword, by file and name, of each function that has a site. The extent would not do, as the
 * compiler sometimes gives an instruction the line of what was inlined, but not its place in the inline tree. Binaries
 * before Go 1.20 do not have that line; there the extent must do: a function that calls begins with code of it.
 */
static void find_function_lines(struct matching *m, struct u64map *lines)
{
	const struct recording *rec = m->rec;

	for (size_t i = 0; i < rec->n_sites; i++) {
		const struct rec_frame *outer =
			m->site_file[i] == NO_FILE ? NULL : &rec->sites[i].frames[rec->sites[i].n_frames - 1];
		const struct rec_extent *extent;

		if (outer && outer->start_line > 0) {
			*u64map_at(lines, declaration_key(m, m->site_file[i], behind_package(outer->function)), NULL) =
				(uint64_t)outer->start_line;
		} else if (outer && m->is_old) {
			extent = extent_of(m, m->site_file[i], outer->function);
			if (extent)
				*u64map_at(lines, declaration_key(m, m->site_file[i], behind_package(outer->function)),
					   NULL) = (uint64_t)extent->first;
		}
	}
}

/* One function elsewhere will do, but for old binaries, where it takes half of them. */
static bool is_file_displaced(const struct matching *m, const struct source_file *file)
{
	size_t n_moved = 0, n_known = 0;

	for (size_t k = 0; k < file->n_declared; k++) {
		int line = m->binary_line[file->declared[k]];

		n_known += line != 0;
		n_moved += line && line != m->set->declarations[file->declared[k]].line;
	}
	return n_moved && (!m->is_old || n_moved * 2 > n_known);
}

/* Where the log's functions stand in the binary. */
static void find_declarations(struct matching *m)
{
	const struct predictions *set = m->set;
	struct u64map lines = U64MAP_INIT, seen = U64MAP_INIT;

	m->binary_line = xcalloc(set->n_declarations, sizeof(*m->binary_line));
	m->is_displaced = xcalloc(set->n, sizeof(*m->is_displaced));
	if (!set->n_declarations || (set->build.build_id && m->rec->header.build_id &&
				     strcmp(set->build.build_id, m->rec->header.build_id) == 0))
		return;
	m->is_old = m->rec->header.go_version && strncmp(m->rec->header.go_version, "go1.1", 5) == 0;
	find_function_lines(m, &lines);
	for (size_t i = 0; i < set->n_declarations; i++) {
		const struct declaration *d = &set->declarations[i];
		const char *package = d->package && strcmp(d->package, "main") == 0 ? m->main_package : d->package;
		uint32_t index = resolve_file(m, d->file, package);
		struct source_file *file;
		const uint64_t *line;
		uint64_t key, *earlier;
		bool is_new;

		if (index == NO_FILE)
			continue;
		file = &m->files[index];
		key = declaration_key(m, index, d->name);
		line = u64map_find(&lines, key);
		earlier = u64map_at(&seen, key, &is_new);
		if (!is_new && set->declarations[*earlier].line != d->line) { /* two of one name */
			m->binary_line[*earlier] = 0;
			continue;
		}
		*earlier = i;
		m->binary_line[i] = line ? (int)*line : 0;
		ARRAY_GROW(file->declared, file->n_declared + 1, file->alloc_declared);
		file->declared[file->n_declared++] = (uint32_t)i;
	}
	u64map_release(&lines);
	u64map_release(&seen);
	for (size_t f = 0; f < m->n_files; f++) {
		struct source_file *file = &m->files[f];

		if (file->n_declared)
			qsort_r(file->declared, file->n_declared, sizeof(*file->declared), compare_declared,
				(void *)(uintptr_t)set);
		file->is_displaced = is_file_displaced(m, file);
		for (size_t k = 0; k < file->n_declared && !file->is_displaced; k++)
			m->binary_line[file->declared[k]] = 0;
	}
}

/* Lines are where they were between two functions that are. */
static bool is_displaced(const struct matching *m, const struct source_file *file, int line)
{
	bool after = false, before = false;

	if (!file->is_displaced)
		return false;
	for (size_t k = 0; k < file->n_declared; k++) {
		int of_log = m->set->declarations[file->declared[k]].line, moved;

		if (!m->binary_line[file->declared[k]])
			continue;
		moved = m->binary_line[file->declared[k]] != of_log;
		if (of_log > line) {
			after = moved;
			break;
		}
		before = moved;
	}
	return before || after;
}

static void displace(struct matching *m)
{
	for (size_t i = 0; i < m->set->n; i++) {
		uint32_t file = m->prediction_file[i];

		if (file == NO_FILE || !is_displaced(m, &m->files[file], m->set->items[i].pos.line))
			continue;
		m->is_displaced[i] = true;
		m->prediction_file[i] = NO_FILE;
	}
}

bool matching_is_displaced(const struct matching *m, size_t prediction)
{
	return m->is_displaced[prediction];
}

size_t matching_displaced(const struct matching *m, struct declaration *example, int *line)
{
	size_t n = 0;

	for (size_t i = 0; i < m->set->n_declarations; i++) {
		const struct declaration *d = &m->set->declarations[i];

		if (!m->binary_line[i] || m->binary_line[i] == d->line || n++)
			continue;
		*example = *d;
		*line = m->binary_line[i];
	}
	return n;
}

bool matching_in_displaced_file(const struct matching *m, const struct rec_frame *frame)
{
	const char *path = frame->file ? strpool_find(m->pool, frame->file, strlen(frame->file)) : NULL;
	const uint64_t *file = path ? u64map_find(&m->file_of_path, (uintptr_t)path) : NULL;

	return file && m->files[*file].is_displaced;
}

/* ---- groups ----------------------------------------------------------------------------------------------------- */

static struct match_group *new_group(struct matching *m, const size_t *predictions, size_t n)
{
	struct match_group *group;

	ARRAY_GROW(m->groups, m->n_groups + 1, m->alloc_groups);
	group = &m->groups[m->n_groups++];
	*group = (struct match_group){.n_predictions = n};
	group->predictions = xcalloc(n, sizeof(*group->predictions));
	for (size_t i = 0; i < n; i++) {
		group->predictions[i] = predictions[i];
		m->is_matched[predictions[i]] = true;
	}
	return group;
}

static void add_site(struct matching *m, struct match_group *group, size_t site)
{
	group->sites = xreallocarray(group->sites, group->n_sites + 1, sizeof(*group->sites));
	group->sites[group->n_sites++] = site;
	m->site_group[site] = (size_t)(group - m->groups);
}

static void add_prediction(struct matching *m, struct match_group *group, size_t prediction)
{
	group->predictions = xreallocarray(group->predictions, group->n_predictions + 1, sizeof(*group->predictions));
	group->predictions[group->n_predictions++] = prediction;
	m->is_matched[prediction] = true;
}

/* The predictions and sites of one place. */
struct place {
	size_t *predictions;
	size_t n_predictions;
	size_t *sites;
	size_t n_sites, alloc_sites;
	size_t *rivals; /* stack claims of the same line that may have taken some of the sites */
	size_t n_rivals, alloc_rivals;
	size_t n_calls; /* with a variadic argument, on the line */
};

/* Perhaps a constant under a conversion to a named type, token.Token(56): boxing that takes no call either. A call
 * f(56) reads alike. */
static bool maybe_constant(const struct prediction *p)
{
	const char *s = p->expr;

	if (p->kind != EXPR_OTHER || !s)
		return false;
	s += strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");
	if (s == p->expr || *s++ != '(')
		return false;
	s += strspn(s, "-0123456789");
	return s[-1] != '(' && s[0] == ')' && s[1] == '\0';
}

static bool same_text(const struct prediction *a, const struct prediction *b)
{
	return a->pos.column == b->pos.column && a->expr && b->expr && strcmp(a->expr, b->expr) == 0;
}

static const char *physical_function(const struct rec_site *site)
{
	return site->n_frames ? site->frames[site->n_frames - 1].function : "";
}

/* One round over a place. */
struct round {
	bool boxing;	/* operands of interface conversions: sites by the function that converts */
	bool secondary; /* what else the texts may mean */
	enum fit wanted;
	bool last; /* what does not come out even now never will */
};

static enum fit round_fit(const struct matching *m, const struct round *round, size_t prediction, size_t site)
{
	const struct prediction *p = &m->set->items[prediction];
	const struct reading *r = &m->readings[prediction];
	const struct rec_site *s = &m->rec->sites[site];

	if (round->boxing)
		return fit_of_box(p, r, s);
	return fit_of(p, r, s, round->secondary ? r->secondary : r->primary);
}

/* Do they fit one to one, in order? */
static bool fits_in_order(const struct matching *m, const struct round *round, const size_t *ps, const size_t *ss,
			  size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (round_fit(m, round, ps[i], ss[i]) == FIT_NONE)
			return false;
	}
	return true;
}

/* The step of a flow that hands the operand to a call: "from f(... argument...) (call parameter) at ./x.go:5:2". */
static const char *call_of(const struct prediction *p)
{
	for (size_t i = 0; i < p->n_why; i++) {
		if (strncmp(p->why[i], "from ", 5) == 0 && strstr(p->why[i], " (call parameter)"))
			return p->why[i];
	}
	return NULL;
}

/* Does the operand's text hold the call? */
static bool holds_call(const struct prediction *p, const char *call)
{
	size_t len;

	call += strlen("from ");
	len = strcspn(call, "(") + 1;
	for (const char *at = p->expr; at && (at = strchr(at, *call)); at++) {
		if (strncmp(at, call, len) == 0)
			return true;
	}
	return false;
}

/*
 * Operands of more than one call may stand on the line, and then it is the calls' order that counts: what is inside is
 * evaluated before what is outside, wherever it stands. The flow of an operand names the call it goes to; where the log
 * has no flow, each call shows by the slice of its arguments. Puts the inner call's operands first, or returns false
 * where that is not to be seen.
 */
static bool order_calls(const struct matching *m, const struct place *place, size_t *ps, size_t np)
{
	const struct prediction *items = m->set->items;
	const char *calls[2] = {NULL, NULL};
	bool inside[2] = {false, false};
	size_t *sorted, n = 0;

	for (size_t i = 0; i < np; i++) {
		const char *call = call_of(&items[ps[i]]);

		if (np > 1 && !items[ps[i]].n_why && place->n_calls > 1)
			return false;
		if (!call || (calls[0] && strcmp(call, calls[0]) == 0))
			continue;
		if (calls[1] && strcmp(call, calls[1]) != 0)
			return false;
		calls[calls[0] != NULL] = call;
	}
	if (!calls[1])
		return true;
	for (size_t i = 0; i < np; i++) {
		const char *call = call_of(&items[ps[i]]);

		if (!call)
			return false;
		for (size_t k = 0; k < 2; k++)
			inside[k] |= strcmp(call, calls[k]) != 0 && holds_call(&items[ps[i]], calls[k]);
	}
	if (inside[0] == inside[1])
		return false;
	sorted = xcalloc(np, sizeof(*sorted));
	for (size_t inner = 0; inner < 2; inner++) {
		for (size_t i = 0; i < np; i++) {
			if ((strcmp(call_of(&items[ps[i]]), calls[inside[1]]) == 0) == (inner == 0))
				sorted[n++] = ps[i];
		}
	}
	memcpy(ps, sorted, np * sizeof(*ps));
	free(sorted);
	return true;
}

/*
 * What stays on the stack may have a call all the same, for when it does not fit. If the stack claims of the line make
 * the numbers even, they have their places in the order too.
 */
static bool pair_with_rivals(struct matching *m, const struct place *place, const struct round *round, const size_t *ps,
			     size_t np, const size_t *ss, size_t ns)
{
	size_t *all, n = 0, taken = 0;
	bool even;

	if (round->boxing || round->secondary || np >= ns || !place->n_rivals)
		return false;
	all = xcalloc(np + place->n_rivals, sizeof(*all));
	for (size_t r = 0; r < place->n_rivals; r++) {
		size_t rival = place->rivals[r];
		int column = m->set->items[rival].pos.column;

		if (m->is_matched[rival] || m->readings[rival].primary != m->readings[ps[0]].primary)
			continue;
		while (taken < np && m->set->items[ps[taken]].pos.column <= column)
			all[n++] = ps[taken++];
		all[n++] = rival;
	}
	while (taken < np)
		all[n++] = ps[taken++];
	even = n == ns && fits_in_order(m, round, all, ss, n);
	for (size_t i = 0; even && i < n; i++)
		add_site(m, new_group(m, &all[i], 1), ss[i]);
	free(all);
	return even;
}

/* Pairs those that fit nothing else, on either side, and takes them out. */
static void eliminate(struct matching *m, const struct round *round, size_t *ps, size_t *np, size_t *ss, size_t *ns)
{
	bool progress = *np > 1 || *ns > 1;

	while (progress) {
		progress = false;
		for (size_t i = 0; i < *np && !progress; i++) {
			size_t fitting = 0, at = 0, others = 0;

			for (size_t k = 0; k < *ns; k++) {
				if (round_fit(m, round, ps[i], ss[k]) >= round->wanted) {
					fitting++;
					at = k;
				}
			}
			for (size_t k = 0; k < *np && fitting == 1; k++)
				others += k != i && round_fit(m, round, ps[k], ss[at]) >= round->wanted;
			if (fitting != 1 || others)
				continue;
			add_site(m, new_group(m, &ps[i], 1), ss[at]);
			memmove(&ps[i], &ps[i + 1], (*np - i - 1) * sizeof(*ps));
			memmove(&ss[at], &ss[at + 1], (*ns - at - 1) * sizeof(*ss));
			(*np)--;
			(*ns)--;
			progress = true;
		}
	}
}

/*
 * The same words for what is made and for boxing it: "make([]int, n)" twice. Go 1.19 reports the second where the
 * statement begins, so what is made is what stands last.
 */
static bool are_boxed_too(const struct matching *m, const struct place *place, const struct round *round,
			  const size_t *ps, size_t np, size_t ns)
{
	const struct prediction *items = m->set->items;
	size_t boxes = 0;

	if (round->boxing || round->secondary || !m->readings[ps[0]].is_box || np <= ns)
		return false;
	for (size_t i = 1; i < np; i++) {
		if (!items[ps[0]].expr || !items[ps[i]].expr || strcmp(items[ps[0]].expr, items[ps[i]].expr) != 0)
			return false;
	}
	for (size_t i = 0; i < place->n_sites; i++) {
		size_t s = place->sites[i];

		boxes += m->site_group[s] == MATCH_NONE &&
			 fit_of_box(&items[ps[0]], &m->readings[ps[0]], &m->rec->sites[s]) != FIT_NONE;
	}
	return boxes >= np - ns;
}

/*
 * Pairs predictions of one class with sites that fit them all alike. Equal numbers go in order. Predictions with the
 * same text in the same place are interchangeable: copies of one line (for several shapes, in several wrappers), of
 * which the linker may have dropped some. One prediction may have its site in several functions. Anything else cannot
 * be told apart.
 */
static void pair_class(struct matching *m, const struct place *place, const struct round *round, size_t *ps, size_t np,
		       size_t *ss, size_t ns)
{
	const struct prediction *items = m->set->items;
	struct match_group *group;
	bool interchangeable = true, functions_differ = true;

	if (!np || !ns)
		return;
	eliminate(m, round, ps, &np, ss, &ns);
	if (!np || !ns)
		return;
	if (are_boxed_too(m, place, round, ps, np, ns)) {
		ps += np - ns;
		np = ns;
	}
	for (size_t i = 1; i < np; i++)
		interchangeable = interchangeable && same_text(&items[ps[0]], &items[ps[i]]);
	if ((np == ns || (interchangeable && ns < np)) &&
	    (interchangeable || !round->boxing || order_calls(m, place, ps, np)) &&
	    fits_in_order(m, round, ps, ss, ns)) {
		for (size_t i = 0; i < ns; i++)
			add_site(m, new_group(m, &ps[i], 1), ss[i]);
		return;
	}
	if (!round->last || pair_with_rivals(m, place, round, ps, np, ss, ns))
		return;
	for (size_t i = 1; i < ns; i++)
		functions_differ = functions_differ && physical_function(&m->rec->sites[ss[i - 1]]) !=
							       physical_function(&m->rec->sites[ss[i]]);
	group = new_group(m, ps, np);
	for (size_t i = 0; i < ns; i++)
		add_site(m, group, ss[i]);
	if (np == 1)
		group->ambiguous = ns > 1 && !functions_differ;
	else if (ns == 1 && items[ps[0]].kind == EXPR_MOVED && fit_is_merged(&m->rec->sites[ss[0]]))
		group->merged = true;
	else
		group->ambiguous = true;
}

/* Do two predictions compete for the same sites? */
static bool same_class(const struct matching *m, const struct round *round, size_t a, size_t b)
{
	const struct prediction *p = &m->set->items[a], *q = &m->set->items[b];
	const struct reading *r = &m->readings[a], *t = &m->readings[b];

	if (round->boxing)
		return r->is_box && t->is_box && r->function == t->function;
	return r->primary == t->primary && r->secondary == t->secondary && r->function == t->function &&
	       (q->kind == EXPR_ARGUMENT) == (p->kind == EXPR_ARGUMENT) &&
	       (round->wanted != FIT_TYPE || (r->type == t->type && p->wrapper == q->wrapper));
}

/* Keeps those predictions that some free site fits, and the sites that fit one of them. */
static void narrow(const struct matching *m, const struct place *place, const struct round *round, size_t *ps,
		   size_t *np, size_t *ss, size_t *ns)
{
	size_t kept = 0;

	*ns = 0;
	for (size_t i = 0; i < *np; i++) {
		for (size_t j = 0; j < place->n_sites; j++) {
			if (m->site_group[place->sites[j]] == MATCH_NONE &&
			    round_fit(m, round, ps[i], place->sites[j]) >= round->wanted) {
				ps[kept++] = ps[i];
				break;
			}
		}
	}
	*np = kept;
	for (size_t j = 0; j < place->n_sites; j++) {
		for (size_t i = 0; i < kept && m->site_group[place->sites[j]] == MATCH_NONE; i++) {
			if (round_fit(m, round, ps[i], place->sites[j]) >= round->wanted) {
				ss[(*ns)++] = place->sites[j];
				break;
			}
		}
	}
}

static void run_round(struct matching *m, const struct place *place, const struct round *round)
{
	size_t *ps = xcalloc(place->n_predictions, sizeof(*ps)), *ss = xcalloc(place->n_sites, sizeof(*ss));
	const struct prediction *items = m->set->items;

	for (size_t i = 0; i < place->n_predictions; i++) {
		size_t first = place->predictions[i], np = 0, ns = 0;
		bool done = false;

		if (m->is_matched[first] || (round->boxing && !m->readings[first].is_box))
			continue;
		/* Boxing has a round of its own: the text of an operand says little. */
		if (!round->boxing && !round->secondary && items[first].kind == EXPR_OTHER && round->wanted != FIT_TYPE)
			continue;
		for (size_t j = 0; j < i && !done; j++) /* the class of an earlier one had its turn */
			done = !m->is_matched[place->predictions[j]] &&
			       same_class(m, round, place->predictions[j], first);
		for (size_t j = i; j < place->n_predictions && !done; j++) {
			size_t other = place->predictions[j];

			if (!m->is_matched[other] && same_class(m, round, first, other))
				ps[np++] = other;
		}
		if (done)
			continue;
		narrow(m, place, round, ps, &np, ss, &ns);
		if (np > ns) { /* one operand too many: the first to go is what may be a constant */
			size_t kept = 0;

			for (size_t j = 0; j < np; j++) {
				if (!maybe_constant(&items[ps[j]]))
					ps[kept++] = ps[j];
			}
			np = kept;
		}
		pair_class(m, place, round, ps, np, ss, ns);
	}
	free(ps);
	free(ss);
}

static void pair_place(struct matching *m, struct place *place)
{
	/*
	 * What names its type first, then what is of the right kind, then what an operand turns out to be if it is not
	 * boxed, then what is boxed. Only then is it time to give up on what does not come out even.
	 */
	static const struct round rounds[] = {
		{.wanted = FIT_TYPE},
		{.wanted = FIT_UNLIKELY},
		{.wanted = FIT_TYPE, .secondary = true},
		{.wanted = FIT_UNLIKELY, .secondary = true},
		{.wanted = FIT_UNLIKELY, .boxing = true},
		{.wanted = FIT_UNLIKELY, .last = true},
		{.wanted = FIT_UNLIKELY, .secondary = true, .last = true},
		{.wanted = FIT_UNLIKELY, .boxing = true, .last = true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rounds) && place->n_predictions && place->n_sites; i++)
		run_round(m, place, &rounds[i]);
}

/* ---- passes ----------------------------------------------------------------------------------------------------- */

struct ordered {
	uint32_t file;
	int line;
	uint64_t chain;
	bool wrapper;
	int column;
	size_t index;
};

static int compare_ordered(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->chain != y->chain)
		return x->chain < y->chain ? -1 : 1;
	if (x->wrapper != y->wrapper) /* it holds the others, which are made before */
		return x->wrapper ? 1 : -1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

enum pass { PASS_CHAIN, PASS_CALL, PASS_LINE, PASS_STACK };

static bool takes_part(const struct matching *m, size_t i, enum pass pass)
{
	const struct prediction *p = &m->set->items[i];

	if (m->is_matched[i] || m->prediction_file[i] == NO_FILE)
		return false;
	switch (pass) {
	case PASS_CHAIN:
		return p->claim == CLAIM_HEAP && p->inlined_known;
	case PASS_CALL:
		return p->claim == CLAIM_HEAP && p->inlined_known && p->n_inlined && p->kind == EXPR_MOVED;
	case PASS_LINE:
		return p->claim == CLAIM_HEAP && !p->inlined_known;
	case PASS_STACK:
		return p->claim == CLAIM_STACK && !p->maybe_parameter;
	}
	return false;
}

static uint64_t pass_chain(const struct prediction *p, enum pass pass)
{
	switch (pass) {
	case PASS_CHAIN:
		return prediction_chain(p, p->n_inlined);
	case PASS_CALL: /* a parameter is made where it is handed over */
		return prediction_chain(p, p->n_inlined - 1);
	default:
		return 0;
	}
}

/* The predictions that take part, by place. */
static struct ordered *order_predictions(const struct matching *m, enum pass pass, size_t *n)
{
	struct ordered *order = xcalloc(m->set->n, sizeof(*order));

	*n = 0;
	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];

		if (takes_part(m, i, pass))
			order[(*n)++] = (struct ordered){.file = m->prediction_file[i],
							 .line = p->pos.line,
							 .chain = pass_chain(p, pass),
							 .wrapper = p->wrapper,
							 .column = p->pos.column,
							 .index = i};
	}
	qsort(order, *n, sizeof(*order), compare_ordered);
	return order;
}

static void index_stack_claims(struct matching *m)
{
	size_t n;
	struct ordered *order = order_predictions(m, PASS_STACK, &n);

	m->next_stack_claim = xcalloc(m->set->n, sizeof(*m->next_stack_claim));
	while (n-- > 0) { /* backwards, so that the lists run by column */
		uint64_t *first = u64map_at(&m->stack_claims_at, place_key(order[n].file, order[n].line), NULL);

		m->next_stack_claim[order[n].index] = *first;
		*first = order[n].index + 1;
	}
	free(order);
}

/* Of the line's stack claims: those whose calls may be among the sites, and how many calls they show. */
static void add_rivals(struct matching *m, struct place *place, uint32_t file, int line)
{
	const uint64_t *first = u64map_find(&m->stack_claims_at, place_key(file, line));

	place->n_rivals = place->n_calls = 0;
	for (size_t i = first ? *first : 0; i; i = m->next_stack_claim[i - 1]) {
		if (m->set->items[i - 1].kind == EXPR_ARGUMENT)
			place->n_calls++;
		if (m->is_matched[i - 1])
			continue;
		ARRAY_GROW(place->rivals, place->n_rivals + 1, place->alloc_rivals);
		place->rivals[place->n_rivals++] = i - 1;
	}
	for (size_t i = 0; i < place->n_predictions; i++)
		place->n_calls += m->set->items[place->predictions[i]].kind == EXPR_ARGUMENT;
}

/* Copies of a line for which no site is left: the others have them. */
static void mark_surplus(struct matching *m, const struct place *place)
{
	const struct prediction *items = m->set->items;

	for (size_t i = 0; i < place->n_predictions; i++) {
		size_t p = place->predictions[i];

		for (size_t k = 0; k < place->n_predictions && !m->is_matched[p]; k++) {
			size_t q = place->predictions[k];

			if (m->is_matched[q] && same_text(&items[p], &items[q]) && items[p].kind != EXPR_OTHER)
				m->is_surplus[p] = true;
		}
	}
}

static void run_pass(struct matching *m, enum pass pass)
{
	struct place place = {.predictions = xcalloc(m->set->n, sizeof(size_t))};
	size_t n;
	struct ordered *order = order_predictions(m, pass, &n);

	for (size_t i = 0, end; i < n; i = end) {
		place.n_predictions = place.n_sites = 0;
		for (end = i; end < n && order[end].file == order[i].file && order[end].line == order[i].line &&
			      order[end].chain == order[i].chain;
		     end++)
			place.predictions[place.n_predictions++] = order[end].index;
		for (size_t s = first_site_at(m, order[i].file, order[i].line); s; s = m->next_site[s - 1]) {
			if (m->site_group[s - 1] != MATCH_NONE ||
			    (pass <= PASS_CALL && m->site_chain[s - 1] != order[i].chain))
				continue;
			ARRAY_GROW(place.sites, place.n_sites + 1, place.alloc_sites);
			place.sites[place.n_sites++] = s - 1;
		}
		place.n_rivals = place.n_calls = 0;
		if (pass != PASS_STACK)
			add_rivals(m, &place, order[i].file, order[i].line);
		pair_place(m, &place);
		mark_surplus(m, &place);
	}
	free(place.predictions);
	free(place.sites);
	free(place.rivals);
	free(order);
}

/* The extent of a function in a file, or NULL. */
/* The line of the func keyword: from the tables since Go 1.20; before that the first line that has code. */
static int func_line(const struct rec_frame *physical, const struct rec_extent *extent)
{
	return physical->start_line ? physical->start_line : extent->first;
}

static bool is_move(const struct rec_site *site)
{
	return strncmp(site->callee, "runtime.moveSlice", 17) == 0;
}

static bool in_package(const struct matching *m, const struct rec_site *site, const char *package)
{
	const char *path = site->n_frames ? import_path(m, physical_function(site)) : "";

	return !package || strcmp(path, package) == 0 || (strcmp(package, "main") == 0 && path == m->main_package);
}

/* The object of several variables: joins those that are there, or waits for others to join. */
static void share_object(struct matching *m, size_t prediction, size_t site)
{
	size_t group = m->site_group[site];

	if (group == MATCH_NONE) {
		add_site(m, new_group(m, &prediction, 1), site);
	} else {
		add_prediction(m, &m->groups[group], prediction);
		m->groups[group].merged = true;
	}
}

/* A variable of the compiler's own that has two sites in one function: one is that of a variable without position. */
static bool is_crowded(const struct matching *m, const struct match_group *group)
{
	const struct prediction *p = &m->set->items[group->predictions[0]];

	return group->ambiguous && group->n_predictions == 1 && group->n_sites == 2 && p->kind == EXPR_MOVED &&
	       p->expr && strchr(p->expr, '#');
}

/*
 * Heap claims of moved variables that no site on their own line answers. A parameter is moved where the function
 * begins. A variable may share the object of an earlier one.
 */
static void place_moved(struct matching *m, size_t index)
{
	const struct prediction *p = &m->set->items[index];
	uint32_t file = m->prediction_file[index];
	size_t at_entry = MATCH_NONE, merged = MATCH_NONE;

	for (size_t k = 0; k < m->files[file].n_sites; k++) {
		size_t i = m->files[file].sites[k];
		const struct rec_site *site = &m->rec->sites[i];
		const struct rec_frame *outer;
		const struct rec_extent *extent;

		if (site->cause != CAUSE_NEW_OBJECT || !fit_function(&m->readings[index], site))
			continue;
		outer = &site->frames[site->n_frames - 1];
		if (p->n_inlined) {
			/* of the same inlined call, as far as the outermost line tells */
			if (fit_is_merged(site) && outer->line == p->pos.line && site->n_frames == p->n_inlined + 1)
				merged = i;
			continue;
		}
		extent = extent_of(m, file, outer->function);
		if (!extent || p->pos.line < extent->first || p->pos.line > extent->last)
			continue;
		if (m->site_group[i] == MATCH_NONE && outer->line == func_line(outer, extent) && at_entry == MATCH_NONE)
			at_entry = i;
		if (fit_is_merged(site) && outer->line <= p->pos.line)
			merged = i; /* the nearest before: sites run in pc order, and so do the declarations */
	}
	if (merged != MATCH_NONE)
		share_object(m, index, merged);
	else if (at_entry != MATCH_NONE)
		add_site(m, new_group(m, &index, 1), at_entry);
}

/* Does a step of the flow stand on that line? "from return s (return) at ./x.go:24:5" */
static bool flows_through(const struct prediction *p, const char *file, int line)
{
	const char *base = base_name(file);
	size_t len = strlen(base);

	for (size_t i = 0; i < p->n_why; i++) {
		const char *colon = strrchr(p->why[i], ':'), *number;

		if (!colon || strncmp(p->why[i], "from ", 5) != 0)
			continue;
		number = colon;
		while (number > p->why[i] && number[-1] >= '0' && number[-1] <= '9')
			number--;
		if (strtol(number, NULL, 10) == line && number > p->why[i] + len + 1 && number[-1] == ':' &&
		    strncmp(number - 1 - len, base, len) == 0)
			return true;
	}
	return false;
}

/*
 * Since Go 1.26 a slice that append builds on the stack is moved to the heap where it leaves the function. What moved
 * is what the function's escaping appends built: those whose flow goes through the line, if the log has it.
 */
static void place_moved_slice(struct matching *m, size_t site_index)
{
	const struct rec_site *site = &m->rec->sites[site_index];
	const struct rec_frame *outer = &site->frames[site->n_frames - 1];
	const struct rec_extent *extent = extent_of(m, m->site_file[site_index], outer->function);
	const struct source_file *file = &m->files[m->site_file[site_index]];
	size_t *found, n = 0, n_flowing = 0, n_moves = 0;
	struct match_group *group;

	found = xcalloc(file->n_appends + 1, sizeof(*found));
	for (size_t k = 0; extent && k < file->n_appends; k++) {
		size_t i = file->appends[k];
		const struct prediction *p = &m->set->items[i];
		bool flowing = flows_through(p, outer->file, outer->line);

		if (p->pos.line < extent->first || p->pos.line > extent->last || !fit_function(&m->readings[i], site) ||
		    (n_flowing && !flowing))
			continue;
		if (flowing && !n_flowing)
			n = 0;
		n_flowing += flowing;
		found[n++] = i;
	}
	for (size_t s = first_site_at(m, m->site_file[site_index], outer->line); s; s = m->next_site[s - 1])
		n_moves += is_move(&m->rec->sites[s - 1]);
	if (n) {
		group = new_group(m, found, n);
		group->moved = true;
		group->ambiguous = n > 1 && (!n_flowing || n_moves > 1);
		add_site(m, group, site_index);
	}
	free(found);
}

/*
 * Variables without a position: those the compiler makes for a range over a function. One shares the object of another
 * in the function that the diagnostics name; where they name none (< 1.25) it is the object that is one too many for
 * the variables that have a position, if there are as many of these as of those.
 */
static void place_nowhere(struct matching *m)
{
	size_t *homeless = xcalloc(m->set->n + 1, sizeof(*homeless)), n = 0, crowded = 0, done = 0;

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
			homeless[n++] = i;
	}
	for (size_t g = 0; g < m->n_groups; g++)
		crowded += is_crowded(m, &m->groups[g]);
	for (size_t g = 0; n && n == crowded && done < n && g < m->n_groups; g++) {
		size_t site;

		if (!is_crowded(m, &m->groups[g]))
			continue;
		m->groups[g].ambiguous = false;
		site = m->groups[g].sites[--m->groups[g].n_sites];
		add_site(m, new_group(m, &homeless[done++], 1), site);
	}
	free(homeless);
}

static void run_other_lines(struct matching *m)
{
	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];

		if (!m->is_matched[i] && p->claim == CLAIM_HEAP && p->kind == EXPR_MOVED &&
		    m->prediction_file[i] != NO_FILE)
			place_moved(m, i);
	}
	for (size_t i = 0; i < m->rec->n_sites; i++) {
		if (m->site_group[i] == MATCH_NONE && m->site_file[i] != NO_FILE && is_move(&m->rec->sites[i]))
			place_moved_slice(m, i);
	}
	place_nowhere(m);
}

/* Could this be a map literal with elements? One of a named type reads like a struct's, but for what it became. */
static bool is_filled_map(const struct matching *m, const struct match_group *group)
{
	const struct prediction *p = &m->set->items[group->predictions[0]];
	size_t len = p->expr ? strlen(p->expr) : 0;

	if (group->n_predictions != 1 || len < 5 || strcmp(p->expr + len - 5, "{...}") != 0)
		return false;
	return p->kind == EXPR_MAKE_MAP ||
	       (p->kind == EXPR_OTHER && group->n_sites && m->rec->sites[group->sites[0]].cause == CAUSE_MAKE_MAP);
}

/*
 * A map literal is one prediction and many calls: the map itself and an insertion for each element, all on the first
 * line of the literal. With two literals there the insertions belong to either, and stay with neither.
 */
static void adopt_insertions(struct matching *m)
{
	struct u64map owners = U64MAP_INIT; /* place -> group + 1, or CROWDED */
	const uint64_t crowded = UINT64_MAX;

	for (size_t g = 0; g < m->n_groups; g++) {
		size_t p = m->groups[g].predictions[0];
		uint64_t *owner;
		bool is_new;

		if (!is_filled_map(m, &m->groups[g]) || m->prediction_file[p] == NO_FILE)
			continue;
		owner = u64map_at(&owners, place_key(m->prediction_file[p], m->set->items[p].pos.line), &is_new);
		*owner = is_new ? g + 1 : crowded;
	}
	for (size_t s = 0; s < m->rec->n_sites; s++) {
		const struct rec_site *site = &m->rec->sites[s];
		const uint64_t *owner;

		if (m->site_group[s] != MATCH_NONE || m->site_file[s] == NO_FILE || site->cause != CAUSE_MAP_GROWTH)
			continue;
		owner = u64map_find(&owners, place_key(m->site_file[s], site->frames[site->n_frames - 1].line));
		if (owner && *owner != crowded)
			add_site(m, &m->groups[*owner - 1], s);
	}
	u64map_release(&owners);
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static void index_packages(struct matching *m)
{
	const struct predictions *set = m->set;

	for (size_t i = 0; i < set->n_packages; i++)
		u64map_at(&m->packages, (uintptr_t)strpool_add(m->pool, set->packages[i]), NULL);
	for (size_t i = 0; i < set->n; i++) {
		const char *package = set->items[i].package;

		if (package)
			u64map_at(&m->packages, (uintptr_t)strpool_add(m->pool, package), NULL);
		if (m->prediction_file[i] != NO_FILE)
			u64map_at(&m->covered_files, m->prediction_file[i], NULL);
	}
}

struct matching *matching_new(const struct predictions *set, const struct recording *rec)
{
	struct matching *m = xcalloc(1, sizeof(*m));

	m->set = set;
	m->rec = rec;
	m->pool = strpool_new();
	m->main_package = strpool_add(m->pool, rec->header.main_package);
	m->prediction_file = xcalloc(set->n, sizeof(*m->prediction_file));
	m->readings = xcalloc(set->n, sizeof(*m->readings));
	m->is_matched = xcalloc(set->n, sizeof(*m->is_matched));
	m->is_surplus = xcalloc(set->n, sizeof(*m->is_surplus));
	index_files(m);
	index_sites(m);
	for (size_t i = 0; i < set->n; i++) {
		const struct prediction *p = &set->items[i];
		const char *package = p->package && strcmp(p->package, "main") == 0 ? m->main_package : p->package;

		m->prediction_file[i] = resolve_file(m, p->pos.file, package);
		reading_init(&m->readings[i], m->pool, p);
	}
	index_packages(m);
	find_declarations(m);
	displace(m);
	index_by_file(m);
	index_stack_claims(m);
	run_pass(m, PASS_CHAIN);
	run_pass(m, PASS_CALL);
	run_pass(m, PASS_LINE);
	run_other_lines(m);
	run_pass(m, PASS_STACK);
	for (size_t i = 0; i < set->n; i++) {
		if (!m->is_matched[i])
			new_group(m, &i, 1)->surplus = m->is_surplus[i];
	}
	adopt_insertions(m);
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
		free(m->files[i].packages);
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
	u64map_release(&m->packages);
	u64map_release(&m->covered_files);
	u64map_release(&m->stack_claims_at);
	free(m->site_file);
	free(m->site_chain);
	free(m->next_site);
	free(m->site_group);
	free(m->next_stack_claim);
	free(m->prediction_file);
	free(m->readings);
	free(m->is_matched);
	free(m->is_surplus);
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

size_t matching_group_of_site(const struct matching *m, size_t site)
{
	return m->site_group[site];
}

const char *matching_file_package(const struct matching *m, size_t prediction)
{
	uint32_t file = m->prediction_file[prediction];

	return file != NO_FILE && m->files[file].n_packages == 1 ? m->files[file].packages[0] : NULL;
}

/* How much of a function's name is that of the function declared at the top of the file: closures are inside. */
static size_t outer_length(const char *function)
{
	size_t start = package_length(function), depth = 0, i;

	for (i = start + (function[start] == '.'); function[i]; i++) {
		if (strchr("([{", function[i]))
			depth++;
		else if (strchr(")]}", function[i]) && depth)
			depth--;
		else if (depth == 0 &&
			 (strncmp(function + i, ".func", 5) == 0 || strncmp(function + i, "-range", 6) == 0))
			break;
	}
	return i;
}

/*
 * Lines that have no code of their own are inside a function when the nearest code above and the nearest below are:
 * often the head of a closure that was inlined away.
 */
static enum match_line line_between(const struct matching *m, const struct source_file *file, int line)
{
	const struct rec_extent *above = NULL, *below = NULL;
	size_t len;

	for (size_t i = 0; i < file->n_extents; i++) {
		const struct rec_extent *extent = &m->rec->extents[file->extents[i]];

		if (extent->last < line && (!above || extent->last > above->last))
			above = extent;
		if (extent->first > line && (!below || extent->first < below->first))
			below = extent;
	}
	if (!above || !below)
		return MATCH_LINE_UNKNOWN;
	len = outer_length(above->function);
	if (len != outer_length(below->function) || strncmp(above->function, below->function, len) != 0)
		return MATCH_LINE_UNKNOWN;
	return above->is_physical || below->is_physical ? MATCH_LINE_KNOWN : MATCH_LINE_INLINED_ONLY;
}

/* What the binary has of the function that the diagnostics name. */
static enum match_line named_function(const struct matching *m, const struct source_file *file, const char *function)
{
	enum match_line known = MATCH_LINE_UNKNOWN;

	for (size_t i = 0; function && i < file->n_extents; i++) {
		const struct rec_extent *extent = &m->rec->extents[file->extents[i]];
		size_t package = package_length(extent->function);

		if (strcmp(extent->function + package + (extent->function[package] == '.'), function) != 0)
			continue;
		if (extent->is_physical)
			return MATCH_LINE_KNOWN;
		known = MATCH_LINE_INLINED_ONLY;
	}
	return known;
}

/* What initialises package variables has lines all over the file: "init", "map.init.0". */
static bool is_package_init(const char *function)
{
	return strcmp(function, "init") == 0 || strncmp(function, "map.init.", 9) == 0;
}

enum match_line matching_line(const struct matching *m, size_t prediction)
{
	uint32_t file = m->prediction_file[prediction];
	int line = m->set->items[prediction].pos.line;
	const char *function = m->readings[prediction].function;
	bool is_init = !function || is_package_init(function);
	enum match_line known = MATCH_LINE_UNKNOWN;

	if (file == NO_FILE)
		return MATCH_LINE_UNKNOWN;
	/* All wrappers are on the same line. Each package has its own, and the linker keeps one. */
	if (function && strcmp(m->files[file].base, "<autogenerated>") == 0)
		return named_function(m, &m->files[file], function);
	for (size_t i = 0; i < m->files[file].n_extents; i++) {
		const struct rec_extent *extent = &m->rec->extents[m->files[file].extents[i]];

		if (line < extent->first || line > extent->last ||
		    (!is_init && is_package_init(behind_package(extent->function))))
			continue;
		if (extent->is_physical)
			return MATCH_LINE_KNOWN;
		known = MATCH_LINE_INLINED_ONLY;
	}
	if (known == MATCH_LINE_UNKNOWN)
		known = named_function(m, &m->files[file], m->readings[prediction].function);
	return known == MATCH_LINE_UNKNOWN ? line_between(m, &m->files[file], line) : known;
}

const char *matching_function(const struct matching *m, size_t prediction)
{
	uint32_t file = m->prediction_file[prediction];
	int line = m->set->items[prediction].pos.line;
	const struct rec_extent *best = NULL;

	if (file != NO_FILE && strcmp(m->files[file].base, "<autogenerated>") == 0)
		return NULL; /* line 1 is that of every wrapper */
	for (size_t i = 0; file != NO_FILE && i < m->files[file].n_extents; i++) {
		const struct rec_extent *e = &m->rec->extents[m->files[file].extents[i]];

		if (line >= e->first && line <= e->last && (!best || e->last - e->first < best->last - best->first))
			best = e;
	}
	return best ? best->function : NULL;
}

bool matching_covers(const struct matching *m, const struct rec_frame *physical)
{
	const char *package = import_path(m, physical->function);
	const uint64_t *file;
	const char *path;

	if (u64map_find(&m->packages, (uintptr_t)strpool_add(m->pool, package)))
		return true;
	/* An instantiation of another package's generic function is compiled, and diagnosed, where it is used. */
	if (!physical->file || !strchr(physical->function, '['))
		return false;
	path = strpool_find(m->pool, physical->file, strlen(physical->file));
	file = path ? u64map_find(&m->file_of_path, (uintptr_t)path) : NULL;
	return file && u64map_find(&m->covered_files, *file);
}
