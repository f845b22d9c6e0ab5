/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and lines: the log names them as the compiler was told, the binary as its tables have them. And what the binary
 * has of a line or a function, which decides what can be said where no site is.
 */
#include "audit/match_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/keymap.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "symbolize/go_name.h"

/* ---- files ------------------------------------------------------------------------------------------------------ */

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
	base = strpool_add(m->pool, path_base(pooled));
	*file = (struct source_file){.path = pooled, .base = base};
	first = u64map_at(&m->file_of_base, (uintptr_t)base, NULL);
	file->next_same_base = (uint32_t)*first;
	*first = m->n_files;
	return (uint32_t)(m->n_files - 1);
}

const char *match_package(const struct matching *m, const char *package)
{
	return package && strcmp(package, "main") == 0 ? m->main_package : package;
}

const char *match_import_path(const struct matching *m, const char *function)
{
	const char *path = go_name_package(m->pool, function);

	return strcmp(path, "main") == 0 && m->main_package ? m->main_package : path;
}

/* Names that are the same are mostly the same pointer; that of the main package may be two. */
static void add_name(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (names->items[i] == name)
			return;
	}
	ARRAY_GROW(names->items, names->n + 1, names->alloc);
	names->items[names->n++] = name;
}

static bool has_name(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (name && strcmp(names->items[i], name) == 0)
			return true;
	}
	return false;
}

/* Whether the log has the file's very name, in other packages only: what that package calls otherwise is another file,
 * as of two copies of a module. */
static bool is_of_others(const struct source_file *file, const char *package)
{
	return package && file->named.n && !has_name(&file->named, package) && !has_name(&file->packages, package);
}

static const char *behind_package(const char *function)
{
	size_t package = go_name_package_length(function);

	return function + package + (function[package] == '.');
}

/* A function by its file and its name in the package. free() it. */
static char *named_key(const struct matching *m, const struct source_file *file, const char *function)
{
	return xasprintf("%zu %s", (size_t)(file - m->files), function);
}

static void index_name(struct matching *m, const struct source_file *file, const struct rec_extent *extent)
{
	char *name = named_key(m, file, behind_package(extent->function));
	uint64_t *known = u64map_at(&m->named, (uintptr_t)strpool_add(m->pool, name), NULL);

	if (extent->is_physical)
		*known = MATCH_LINE_KNOWN;
	else if (*known == MATCH_LINE_UNKNOWN)
		*known = MATCH_LINE_INLINED_ONLY;
	free(name);
}

void match_index_files(struct matching *m)
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
		add_name(&file->packages, match_import_path(m, extent->function));
		ARRAY_GROW(file->extents, file->n_extents + 1, file->alloc_extents);
		file->extents[file->n_extents++] = (uint32_t)i;
		index_name(m, file, extent);
	}
}

/* From the pool. */
static const char *clean_path(struct matching *m, const char *directory, const char *path)
{
	struct strbuf sb = STRBUF_INIT;
	const char *cleaned;

	path_clean(&sb, directory, path);
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

/*
 * The compiler names files below its working directory relative to it, "./main.go". A name without a folder is a line
 * directive's; up to Go 1.19 the binary has it as it stands there.
 */
static uint64_t *find_in_tree(struct matching *m, const char *path)
{
	uint64_t *as_it_stands =
		strchr(path, '/') ? NULL : u64map_find(&m->file_of_path, (uintptr_t)strpool_add(m->pool, path));

	if (as_it_stands)
		return as_it_stands;
	return u64map_find(&m->file_of_path, (uintptr_t)clean_path(m, m->set->build.directory, path));
}

static uint64_t *find_named(struct matching *m, const char *path)
{
	return u64map_find(&m->file_of_path, (uintptr_t)strpool_add(m->pool, path));
}

void match_find_names(struct matching *m)
{
	const char *path = NULL, *package = NULL;

	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];
		const uint64_t *found;

		if (!p->pos.file ||
		    (p->pos.file == path && p->package == package)) /* they come in the order of files */
			continue;
		path = p->pos.file;
		package = p->package;
		found = find_in_tree(m, path);
		/* A line directive can give a file a full name, which -trimpath leaves as it is, or one without a
		 * folder. */
		if (found && path[0] != '/' && strchr(path, '/') && path_has_suffix(path, ".go") &&
		    m->set->build.directory)
			m->is_same_tree = true;
		if (!found)
			found = find_named(m, path);
		if (found && package)
			add_name(&m->files[*found].named, strpool_add(m->pool, package));
	}
}

uint32_t match_resolve_file(struct matching *m, const char *path, const char *package)
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
	found = find_in_tree(m, path);
	if (!found)
		found = find_named(m, path);
	if (found) {
		best = (uint32_t)*found;
		goto out;
	}
	/* The binary's files have the names that the log's have: this one has no code. */
	if (m->is_same_tree && path[0] != '/' && !match_is_wrapper_file(path))
		goto out;
	cleaned = clean_path(m, NULL, path);
	base = strpool_add(m->pool, path_base(path));
	found = u64map_find(&m->file_of_base, (uintptr_t)base);
	for (uint64_t i = found ? *found : 0; i; i = m->files[i - 1].next_same_base) {
		const struct source_file *file = &m->files[i - 1];
		size_t tail = common_tail(cleaned, file->path);

		if (is_of_others(file, package))
			continue;
		n_all++;
		if (has_name(&file->packages, package)) {
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
	if (n_in_package == 1 && (best_tail <= 1 || n_best != 1 || !has_name(&m->files[best].packages, package)))
		best = in_package;
	else if (n_best != 1 || (best_tail < 2 && (n_all != 1 || package)))
		best = NO_FILE;
out:
	memo = u64map_at(&m->resolved, (uintptr_t)key, NULL);
	*memo = best;
	return best;
}

/* ---- places ----------------------------------------------------------------------------------------------------- */

/* Predictions are put in order by chains, so that they must be the same each time. */
static uint64_t chain_step(uint64_t hash, const char *file, int line)
{
	const char *base = file ? path_base(file) : "";

	return u64_mix(u64_mix(hash, bytes_number(base, strlen(base))), (uint64_t)line);
}

static uint64_t site_chain(const struct rec_site *site)
{
	uint64_t hash = 0;

	for (size_t i = site->n_frames; i-- > 0;)
		hash = chain_step(hash, site->frames[i].file, site->frames[i].line);
	return hash;
}

uint64_t match_prediction_chain(const struct prediction *p, size_t n)
{
	uint64_t hash = chain_step(0, p->pos.file, p->pos.line);

	for (size_t i = 0; i < n; i++)
		hash = chain_step(hash, p->inlined[i].file, p->inlined[i].line);
	return hash;
}

uint64_t match_place_key(uint32_t file, int line)
{
	return (uint64_t)file << 32 | (uint32_t)line;
}

void match_index_sites(struct matching *m)
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
		first = u64map_at(&m->sites_at, match_place_key(m->site_file[i], outer->line), NULL);
		m->next_site[i] = *first;
		*first = i + 1;
	}
}

void match_index_by_file(struct matching *m)
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

		if (p->kind != EXPR_APPEND || m->prediction_file[i] == NO_FILE)
			continue;
		file = &m->files[m->prediction_file[i]];
		ARRAY_GROW(file->appends, file->n_appends + 1, file->alloc_appends);
		file->appends[file->n_appends++] = (uint32_t)i;
	}
}

size_t match_first_site(const struct matching *m, uint32_t file, int line)
{
	uint64_t *first = file == NO_FILE ? NULL : u64map_find(&m->sites_at, match_place_key(file, line));

	return first ? *first : 0;
}

const struct rec_extent *match_extent(const struct matching *m, uint32_t file, const char *function)
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

static struct keymap_key declaration_key(struct matching *m, uint32_t file, const char *name)
{
	return (struct keymap_key){{file, (uintptr_t)strpool_add(m->pool, name)}};
}

/*
 * The line of the func keyword, by file and name, of each function that has a site. The extent would not do, as the
 * compiler sometimes gives an instruction the line of what was inlined, but not its place in the inline tree. Binaries
 * before Go 1.20 do not have that line; there the extent must do: a function that calls begins with code of it.
 */
static void find_function_lines(struct matching *m, struct keymap *lines)
{
	const struct recording *rec = m->rec;

	for (size_t i = 0; i < rec->n_sites; i++) {
		const struct rec_frame *outer =
			m->site_file[i] == NO_FILE ? NULL : &rec->sites[i].frames[rec->sites[i].n_frames - 1];
		const struct rec_extent *extent;

		if (outer && outer->start_line > 0) {
			*keymap_at(lines, declaration_key(m, m->site_file[i], behind_package(outer->function)), NULL) =
				(uint64_t)outer->start_line;
		} else if (outer && m->is_old) {
			extent = match_extent(m, m->site_file[i], outer->function);
			if (extent)
				*keymap_at(lines, declaration_key(m, m->site_file[i], behind_package(outer->function)),
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

void match_find_declarations(struct matching *m)
{
	const struct predictions *set = m->set;
	struct keymap lines = KEYMAP_INIT, seen = KEYMAP_INIT;

	m->binary_line = xcalloc(set->n_declarations, sizeof(*m->binary_line));
	m->is_displaced = xcalloc(set->n, sizeof(*m->is_displaced));
	if (!set->n_declarations || m->is_same_build)
		return;
	m->is_old = m->rec->header.go_version && strncmp(m->rec->header.go_version, "go1.1", 5) == 0;
	find_function_lines(m, &lines);
	for (size_t i = 0; i < set->n_declarations; i++) {
		const struct declaration *d = &set->declarations[i];
		const char *package = match_package(m, d->package);
		uint32_t index = match_resolve_file(m, d->file, package);
		struct source_file *file;
		const uint64_t *line;
		struct keymap_key key;
		uint64_t *earlier;
		bool is_new;

		if (index == NO_FILE)
			continue;
		file = &m->files[index];
		key = declaration_key(m, index, d->name);
		line = keymap_find(&lines, key);
		earlier = keymap_at(&seen, key, &is_new);
		if (!is_new && set->declarations[*earlier].line != d->line) { /* two of one name */
			m->binary_line[*earlier] = 0;
			continue;
		}
		*earlier = i;
		m->binary_line[i] = line ? (int)*line : 0;
		ARRAY_GROW(file->declared, file->n_declared + 1, file->alloc_declared);
		file->declared[file->n_declared++] = (uint32_t)i;
	}
	keymap_release(&lines);
	keymap_release(&seen);
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

void match_displace(struct matching *m)
{
	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];
		const struct position *pos = &p->pos;
		uint32_t file = m->prediction_file[i];

		/* A wrapper is of the method that is inlined into it. */
		if (match_is_wrapper_file(pos->file) && (p->n_inlined || m->wrapped[i].at.file)) {
			pos = p->n_inlined ? &p->inlined[0] : &m->wrapped[i].at;
			file = match_resolve_file(m, pos->file, match_package(m, p->package));
		}
		if (file == NO_FILE || !is_displaced(m, &m->files[file], pos->line))
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

/* ---- asked afterwards ---- */

/* How many elements an import path shares from its end with the directory of a file; a module's has its version too. */
static size_t elements_at_home(const char *package, const char *path)
{
	size_t end = strlen(package), dir = (size_t)(path_base(path) - path), n = 0;

	while (end && dir) {
		size_t start = end, first = --dir, len;

		while (start && package[start - 1] != '/')
			start--;
		while (first && path[first - 1] != '/')
			first--;
		len = strcspn(path + first, "@/");
		if (len != end - start || memcmp(package + start, path + first, len) != 0)
			break;
		n++;
		end = start ? start - 1 : 0;
		dir = first;
	}
	return n;
}

const char *matching_file_package(const struct matching *m, size_t prediction)
{
	return match_home(m, m->prediction_file[prediction]);
}

const char *match_home(const struct matching *m, uint32_t index)
{
	const struct source_file *file;
	const char *home = NULL;
	size_t best = 0;

	if (index == NO_FILE)
		return NULL;
	file = &m->files[index];
	if (file->packages.n == 1)
		return file->packages.items[0];
	/* Wrappers of promoted methods stand in the file of the method, whatever package they are in. */
	for (size_t i = 0; i < file->packages.n; i++) {
		size_t n = elements_at_home(file->packages.items[i], file->path);

		if (n < best)
			continue;
		home = n > best ? file->packages.items[i] : NULL; /* two that fit alike say nothing */
		best = n;
	}
	return home;
}

/* What the binary has of the function that the diagnostics name. */
static enum match_line named_function(const struct matching *m, const struct source_file *file, const char *function)
{
	const uint64_t *known;
	char *name;

	if (!function)
		return MATCH_LINE_UNKNOWN;
	name = named_key(m, file, function);
	function = strpool_find(m->pool, name, strlen(name));
	free(name);
	known = function ? u64map_find(&m->named, (uintptr_t)function) : NULL;
	return known ? (enum match_line) * known : MATCH_LINE_UNKNOWN;
}

/* What initialises package variables has lines all over the file: "init", "map.init.0". */
static bool is_package_init(const char *function)
{
	return strcmp(function, "init") == 0 || strncmp(function, "map.init.", 9) == 0;
}

/* An instance of a generic function shares its lines with the others, and the linker drops each by itself. */
static bool is_own_instance(const char *function)
{
	return function && strstr(function, "[go.shape.") && !strstr(function, "].func") && !strchr(function, '-');
}

/*
 * What the functions around a line are in the binary; the package's initialization, whose lines are all over the file,
 * is only asked where no other is. Without literals: but for function literals that begin there, as what makes one is
 * the function around it.
 */
static enum match_line functions_around(const struct matching *m, const struct source_file *file, int line,
					bool is_init, bool literals)
{
	enum match_line known = MATCH_LINE_UNKNOWN, initialized = MATCH_LINE_UNKNOWN;

	for (size_t i = 0; i < file->n_extents; i++) {
		const struct rec_extent *extent = &m->rec->extents[file->extents[i]];

		if (line < extent->first || line > extent->last ||
		    (!literals && extent->first == line && go_name_is_closure(extent->function)))
			continue;
		if (!is_package_init(behind_package(extent->function))) {
			if (extent->is_physical)
				return MATCH_LINE_KNOWN;
			known = MATCH_LINE_INLINED_ONLY;
		} else if (is_init && initialized != MATCH_LINE_KNOWN) {
			initialized = extent->is_physical ? MATCH_LINE_KNOWN : MATCH_LINE_INLINED_ONLY;
		}
	}
	return known == MATCH_LINE_UNKNOWN ? initialized : known;
}

/* ---- why a build has no code of a line that was compiled in it --------------------------------------------------- */

/* A function of a package, pooled. */
static const char *function_key(struct strpool *pool, const char *package, const char *name)
{
	return strpool_addf(pool, "%s %s", package, name);
}

static uint64_t written_key(uint32_t file, const struct position *pos)
{
	/* u64_mix begins with an exclusive or, in which line and column must not meet. */
	return u64_mix(u64_mix(1, match_place_key(file, pos->line)), (uint64_t)pos->column);
}

static int compare_places(const void *a, const void *b, void *ctx)
{
	const struct declaration *declarations = ctx;
	const struct declaration *x = &declarations[*(const uint32_t *)a], *y = &declarations[*(const uint32_t *)b];
	int by_file = x->file == y->file ? 0 : strcmp(x->file, y->file);

	return by_file ? by_file : x->line < y->line ? -1 : x->line > y->line;
}

void match_index_absence(struct matching *m)
{
	const struct predictions *set = m->set;

	if (!m->is_same_build)
		return;
	for (size_t i = 0; i < m->rec->n_extents; i++) {
		const struct rec_extent *e = &m->rec->extents[i];
		const char *key = function_key(m->pool, match_import_path(m, e->function), behind_package(e->function));
		uint64_t *first;

		if (!e->is_physical)
			continue;
		first = u64map_at(&m->functions, (uintptr_t)key, NULL);
		*first = *first ? *first : i + 1;
	}
	for (size_t g = 0; g < m->n_groups; g++) {
		const struct match_group *group = &m->groups[g];

		for (size_t i = 0; group->n_sites && i < group->n_predictions; i++) {
			const struct prediction *p = &set->items[group->predictions[i]];

			for (size_t k = 0; k < p->n_inlined; k++) {
				uint32_t file = match_resolve_file(m, p->inlined[k].file, NULL);

				if (file != NO_FILE)
					u64map_at(&m->inlined_from, written_key(file, &p->inlined[k]), NULL);
			}
		}
	}
	m->by_place = xcalloc(set->n_declarations + 1, sizeof(*m->by_place));
	for (size_t i = 0; i < set->n_declarations; i++)
		m->by_place[i] = (uint32_t)i;
	if (set->n_declarations)
		qsort_r(m->by_place, set->n_declarations, sizeof(*m->by_place), compare_places, set->declarations);
}

/* The last function that the log declares above a place, in the same file; NULL if there is none. Declarations of
 * generic functions are not in the log. */
static const struct declaration *declared_above(const struct matching *m, const struct position *pos)
{
	const struct declaration *declarations = m->set->declarations;
	size_t low = 0, high = m->set->n_declarations;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct declaration *d = &declarations[m->by_place[middle]];
		int order = strcmp(d->file, pos->file);

		if (order < 0 || (order == 0 && d->line <= pos->line))
			low = middle + 1;
		else
			high = middle;
	}
	return low && strcmp(declarations[m->by_place[low - 1]].file, pos->file) == 0
		       ? &declarations[m->by_place[low - 1]]
		       : NULL;
}

/*
 * Up to Go 1.21 literals are named after the function that they were inlined into, in whatever function they stand.
 * Does the log of the build say that the line is in another function than that, len bytes of name?
 */
static bool is_of_another(const struct matching *m, const struct position *pos, const char *name, size_t len)
{
	const struct declaration *above = m->by_place && !memchr(name, '[', len) ? declared_above(m, pos) : NULL;
	size_t package = len ? (size_t)(behind_package(name) - name) : 0;

	return above && package <= len &&
	       (strlen(above->name) != len - package || strncmp(above->name, name + package, len - package) != 0);
}

/*
 * Lines that have no code of their own are inside a function when the nearest code above and the nearest below are:
 * often the head of a closure that was inlined away.
 */
static enum match_line line_between(const struct matching *m, const struct source_file *file,
				    const struct position *pos)
{
	int line = pos->line;
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
	len = go_name_declared_length(above->function);
	if (len != go_name_declared_length(below->function) || strncmp(above->function, below->function, len) != 0 ||
	    is_of_another(m, pos, above->function, len))
		return MATCH_LINE_UNKNOWN;
	return above->is_physical || below->is_physical ? MATCH_LINE_KNOWN : MATCH_LINE_INLINED_ONLY;
}

/* Where the binary has a function that is not only inlined; NULL if it has not. */
static const struct rec_extent *extent_of(const struct matching *m, const char *package, const char *name)
{
	const char *key = package ? function_key(m->pool, match_package(m, package), name) : NULL;
	const uint64_t *first = key ? u64map_find(&m->functions, (uintptr_t)key) : NULL;

	return first ? &m->rec->extents[*first - 1] : NULL;
}

static enum match_line absent_line(const struct matching *m, size_t prediction)
{
	const struct prediction *p = &m->set->items[prediction];
	uint32_t file = m->prediction_file[prediction];
	const char *function = m->readings[prediction].function;
	const struct declaration *above;
	const struct rec_extent *extent;

	if (file != NO_FILE && u64map_find(&m->inlined_from, written_key(file, &p->pos)))
		return MATCH_LINE_INLINED_ONLY;
	if (function)
		return extent_of(m, p->package, function) ||
				       extent_of(m, matching_file_package(m, prediction), function)
			       ? (p->pos.line > 0 ? MATCH_LINE_ELSEWHERE : MATCH_LINE_KNOWN)
			       : MATCH_LINE_DROPPED;
	above = declared_above(m, &p->pos);
	if (!above)
		return MATCH_LINE_NO_CODE;
	extent = extent_of(m, above->package, above->name);
	if (!extent)
		return file != NO_FILE && named_function(m, &m->files[file], above->name) == MATCH_LINE_INLINED_ONLY
			       ? MATCH_LINE_INLINED_ONLY
			       : MATCH_LINE_DROPPED;
	/* Binaries before Go 1.20 do not say where a function begins: its code can begin below this line. Code that
	 * ends above may be this function's, or that of one before it. */
	return extent->first > p->pos.line ? MATCH_LINE_KNOWN : MATCH_LINE_NO_CODE;
}

/* ---- lines --------------------------------------------------------------------------------------------------------
 */

static enum match_line line_of(const struct matching *m, size_t prediction)
{
	uint32_t file = m->prediction_file[prediction];
	const struct position *pos = &m->set->items[prediction].pos;
	bool is_literal = m->set->items[prediction].kind == EXPR_FUNC_LIT;
	const char *function = m->readings[prediction].function;
	bool is_init = function ? is_package_init(function) : !m->set->items[prediction].is_in_function;
	enum match_line known = MATCH_LINE_UNKNOWN;

	if (file == NO_FILE)
		return MATCH_LINE_UNKNOWN;
	/* All wrappers are on the same line. Each package has its own, and the linker keeps one. */
	if (function && strcmp(m->files[file].base, "<autogenerated>") == 0)
		return named_function(m, &m->files[file], function);
	if (is_own_instance(function) && named_function(m, &m->files[file], function) == MATCH_LINE_UNKNOWN)
		return MATCH_LINE_UNKNOWN;
	/* The lines of a function are also those of what is declared in it, and of what was inlined there. */
	known = named_function(m, &m->files[file], function);
	if (known == MATCH_LINE_UNKNOWN && is_literal)
		known = functions_around(m, &m->files[file], pos->line, is_init, false);
	/* Its own code is no code of what makes it, and says no more than that the source is the same. */
	if (known == MATCH_LINE_UNKNOWN && !(is_literal && m->is_same_build))
		known = functions_around(m, &m->files[file], pos->line, is_init, true);
	return known == MATCH_LINE_UNKNOWN ? line_between(m, &m->files[file], pos) : known;
}

enum match_line matching_line(const struct matching *m, size_t prediction)
{
	const struct prediction *p = &m->set->items[prediction];
	enum match_line line = line_of(m, prediction);

	/* A wrapper without a name, of a method that is on no line of the binary. */
	if (m->is_in_wrapper[prediction] && !p->function && p->n_inlined && !m->methods[prediction] &&
	    m->is_same_build && m->rec->n_extents)
		return MATCH_LINE_DROPPED;
	return line == MATCH_LINE_UNKNOWN && m->is_same_build && m->rec->n_extents ? absent_line(m, prediction) : line;
}

const char *matching_function(const struct matching *m, size_t prediction)
{
	uint32_t file = m->prediction_file[prediction];
	int line = m->set->items[prediction].pos.line;
	bool is_literal = m->set->items[prediction].kind == EXPR_FUNC_LIT, is_on_one_line = false;
	const struct rec_extent *best = NULL, *begun = NULL;

	if (file != NO_FILE && strcmp(m->files[file].base, "<autogenerated>") == 0)
		return NULL; /* line 1 is that of every wrapper */
	for (size_t i = 0; file != NO_FILE && i < m->files[file].n_extents; i++) {
		const struct rec_extent *e = &m->rec->extents[m->files[file].extents[i]];

		if (line < e->first || line > e->last)
			continue;
		/* The line on which a function literal begins is mostly that of the function around it. */
		if (e->first == line && go_name_is_closure(e->function)) {
			begun = e;
			is_on_one_line |= e->last == line;
		} else if (!best || e->last - e->first < best->last - best->first) {
			best = e;
		}
	}
	/* What stands on the line of a whole literal is in it, or beside it. */
	if (best && is_on_one_line && !is_literal)
		return NULL;
	best = best ? best : begun;
	return best ? best->function : NULL;
}

const char *match_instance(const struct matching *m, const char *function)
{
	size_t package = go_name_package_length(function), len = go_name_declared_length(function);

	package += function[package] == '.';
	return go_name_bare_type(m->pool, strpool_add_n(m->pool, function + package, len - package));
}

bool matching_is_predicted(const struct matching *m, const char *function)
{
	return u64map_find(&m->packages, (uintptr_t)strpool_add(m->pool, match_import_path(m, function)));
}

bool matching_covers(const struct matching *m, const struct rec_frame *physical)
{
	const uint64_t *file;
	const char *path;

	if (matching_is_predicted(m, physical->function))
		return true;
	/* An instantiation of another package's generic function is compiled, and diagnosed, where it is used. */
	if (!physical->file || !strchr(physical->function, '['))
		return false;
	path = strpool_find(m->pool, physical->file, strlen(physical->file));
	file = path ? u64map_find(&m->file_of_path, (uintptr_t)path) : NULL;
	if (!file || !u64map_find(&m->covered_files, *file))
		return false;
	/* Up to Go 1.20 symbols do not say which instance. */
	return !m->set->knows_instances || strstr(physical->function, "[...]") ||
	       u64map_find(&m->instances, (uintptr_t)match_instance(m, physical->function));
}
