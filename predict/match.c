/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Predictions and sites are brought together in passes, each with less to go on than the one before; what a pass has
 * paired is out of the way of the next:
 *
 *   1. heap claims whose inline chain is known (JSON), against sites with just that chain
 *   2. heap claims without a chain, against the sites of their line
 *   3. heap claims whose allocation the compiler puts on another line (reference, 7.5): parameters moved at the func
 * keyword, variables merged into one object at the first one's line, append results moved at the return
 *   4. stack claims, against what is left on their line
 *
 * Inside one place (line and chain) predictions are told apart by what they speak of: the kind of their expression
 * against the cause of the site, then the type that the expression names against the type the machine code loads, then,
 * where just as many of both are left, source order against pc order.
 */
#include "predict/match.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/strpool.h"
#include "base/u64map.h"
#include "predict/package.h"

#define NO_FILE	     UINT32_MAX
#define CAUSE_BIT(c) (1u << (c))

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
	size_t *next_site;  /* + 1, on the same line, in pc order */
	size_t *site_group; /* MATCH_NONE while free */
	uint32_t *prediction_file;
	bool *is_matched; /* per prediction */
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

static uint64_t prediction_chain(const struct prediction *p)
{
	uint64_t hash = chain_step(0, p->pos.file, p->pos.line);

	for (size_t i = 0; i < p->n_inlined; i++)
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

/* ---- what speaks of what ---------------------------------------------------------------------------------------- */

/* Causes of the allocation an expression of this kind is, and of what else its line may say in the same words: boxing
 * it for an interface. */
static unsigned primary_causes(const struct prediction *p)
{
	switch (p->kind) {
	case EXPR_MOVED:
	case EXPR_COMPOSITE:
	case EXPR_NEW:
	case EXPR_SLICE_LIT:
	case EXPR_ARGUMENT:
		return CAUSE_BIT(CAUSE_NEW_OBJECT);
	case EXPR_MAKE_SLICE:
		return CAUSE_BIT(CAUSE_MAKE_SLICE);
	case EXPR_MAKE_MAP:
		return CAUSE_BIT(CAUSE_MAKE_MAP);
	case EXPR_MAKE_CHAN:
		return CAUSE_BIT(CAUSE_MAKE_CHAN);
	case EXPR_FUNC_LIT:
		return CAUSE_BIT(CAUSE_CLOSURE) | CAUSE_BIT(CAUSE_METHOD_VALUE);
	case EXPR_METHOD_VALUE:
		return CAUSE_BIT(CAUSE_METHOD_VALUE);
	case EXPR_CONCAT:
		return CAUSE_BIT(CAUSE_STRING_CONCATENATION);
	case EXPR_STRING_CONV:
		return CAUSE_BIT(CAUSE_STRING_CONVERSION);
	case EXPR_APPEND:
		return CAUSE_BIT(CAUSE_APPEND_GROWTH);
	case EXPR_OTHER:
		return CAUSE_BIT(CAUSE_INTERFACE_CONVERSION);
	case EXPR_CONSTANT: /* boxed in read-only data, without a call */
		return 0;
	}
	return 0;
}

static unsigned secondary_causes(const struct prediction *p)
{
	switch (p->kind) {
	case EXPR_OTHER:
		/* a method value x.M, or a literal of a named slice or map type: the text alone does not tell */
		return CAUSE_BIT(CAUSE_METHOD_VALUE) | CAUSE_BIT(CAUSE_NEW_OBJECT) | CAUSE_BIT(CAUSE_MAKE_MAP);
	case EXPR_MAKE_SLICE:
	case EXPR_SLICE_LIT:
	case EXPR_CONCAT:
	case EXPR_STRING_CONV:
	case EXPR_APPEND:
		return CAUSE_BIT(CAUSE_INTERFACE_CONVERSION);
	case EXPR_MAKE_MAP:
		return CAUSE_BIT(CAUSE_MAP_GROWTH);
	default:
		return 0;
	}
}

/* The type an expression names, as far as its text goes: "&small{...}" -> "small", "make([]int, n)" -> "int". NULL if
 * it names none. */
static const char *named_type(struct matching *m, const struct prediction *p)
{
	const char *s = p->expr;
	size_t len;

	if (!s)
		return NULL;
	switch (p->kind) {
	case EXPR_COMPOSITE:
		s += *s == '&';
		len = strcspn(s, "{");
		break;
	case EXPR_NEW:
		if (strncmp(s, "new(", 4) != 0)
			return NULL;
		s += 4;
		len = strlen(s);
		len -= len && s[len - 1] == ')';
		break;
	case EXPR_MAKE_SLICE:
		if (strncmp(s, "make([]", 7) != 0)
			return NULL;
		s += 7;
		len = strcspn(s, ",)");
		break;
	case EXPR_SLICE_LIT:
		if (strncmp(s, "[]", 2) != 0)
			return NULL;
		s += 2;
		len = strcspn(s, "{");
		break;
	default:
		return NULL;
	}
	return len ? strpool_add_n(m->pool, s, len) : NULL;
}

enum fit {
	FIT_NONE,
	FIT_UNLIKELY, /* the names differ; an alias or a type parameter may still stand for the type */
	FIT_POSSIBLE,
	FIT_TYPE,
};

/*
 * Does a type as the source names it agree with one as the runtime names it? The runtime qualifies with the package's
 * name and spells aliases out, so only names that are plain on both sides can contradict each other.
 */
static enum fit type_fit(const char *source, const char *runtime)
{
	const char *a, *b;

	if (!source || !runtime)
		return FIT_POSSIBLE;
	if (strcmp(source, runtime) == 0)
		return FIT_TYPE;
	if (strpbrk(source, "[]{}(*) ") || strpbrk(runtime, "[]{}(*) "))
		return FIT_POSSIBLE;
	a = strrchr(source, '.') ? strrchr(source, '.') + 1 : source;
	b = strrchr(runtime, '.') ? strrchr(runtime, '.') + 1 : runtime;
	if (strcmp(a, "byte") == 0)
		a = "uint8";
	else if (strcmp(a, "rune") == 0)
		a = "int32";
	return strcmp(a, b) == 0 ? FIT_TYPE : FIT_UNLIKELY;
}

/* The element type of "[3]main.T". */
static const char *array_element(const char *type)
{
	const char *close = type && type[0] == '[' ? strchr(type, ']') : NULL;

	return close && close > type + 1 ? close + 1 : NULL;
}

static enum fit fit_of(const struct prediction *p, const char *source_type, const struct rec_site *site, bool primary)
{
	unsigned causes = primary ? primary_causes(p) : secondary_causes(p);
	bool is_array = array_element(site->type) != NULL;

	if (!(causes & CAUSE_BIT(site->cause)))
		return FIT_NONE;
	if (!primary)
		return FIT_POSSIBLE;
	switch (p->kind) {
	case EXPR_ARGUMENT: /* the slice behind a variadic parameter is an array */
		return site->type && !is_array ? FIT_NONE : is_array ? FIT_TYPE : FIT_POSSIBLE;
	case EXPR_SLICE_LIT:
		if (!site->type)
			return FIT_POSSIBLE;
		return is_array ? type_fit(source_type, array_element(site->type)) : FIT_NONE;
	case EXPR_MOVED:
		return FIT_POSSIBLE;
	default:
		return type_fit(source_type, site->type);
	}
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
};

static bool is_merged_site(const struct rec_site *site)
{
	return !site->type && site->cause == CAUSE_NEW_OBJECT && go_runtime_is_allocator(site->callee);
}

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

/*
 * Pairs predictions of one class with sites that fit them all alike. Equal numbers go in order. One prediction takes
 * every site: they are copies of it. Predictions with the same text in the same place are interchangeable, so fewer
 * sites than such predictions leave the last ones over. Anything else cannot be told apart.
 */
static void pair_class(struct matching *m, const size_t *ps, size_t np, const size_t *ss, size_t ns)
{
	const struct prediction *items = m->set->items;
	struct match_group *group;
	bool interchangeable = true;

	if (!np || !ns)
		return;
	for (size_t i = 1; i < np; i++)
		interchangeable = interchangeable && same_text(&items[ps[0]], &items[ps[i]]);
	if (np == ns || (interchangeable && ns < np)) {
		for (size_t i = 0; i < ns; i++)
			add_site(m, new_group(m, &ps[i], 1), ss[i]);
		return;
	}
	group = new_group(m, ps, np);
	for (size_t i = 0; i < ns; i++)
		add_site(m, group, ss[i]);
	if (np == 1)
		return;
	if (ns == 1 && items[ps[0]].kind == EXPR_MOVED && is_merged_site(&m->rec->sites[ss[0]]))
		group->merged = true;
	else
		group->ambiguous = true;
}

/* One round over a place: classes by (primary causes, named type), each with the sites that reach the wanted fit. */
static void pair_round(struct matching *m, struct place *place, bool primary, enum fit wanted)
{
	size_t *ps = xcalloc(place->n_predictions, sizeof(*ps)), *ss = xcalloc(place->n_sites, sizeof(*ss));
	const struct prediction *items = m->set->items;

	for (size_t i = 0; i < place->n_predictions; i++) {
		size_t first = place->predictions[i], np = 0, ns = 0;
		const struct prediction *p = &items[first];
		const char *type = named_type(m, p);

		if (m->is_matched[first])
			continue;
		for (size_t j = i; j < place->n_predictions; j++) {
			size_t other = place->predictions[j];
			const struct prediction *q = &items[other];

			if (!m->is_matched[other] && primary_causes(q) == primary_causes(p) &&
			    (q->kind == EXPR_ARGUMENT) == (p->kind == EXPR_ARGUMENT) &&
			    (wanted != FIT_TYPE || named_type(m, q) == type))
				ps[np++] = other;
		}
		for (size_t j = 0; j < place->n_sites; j++) {
			size_t s = place->sites[j];

			if (m->site_group[s] == MATCH_NONE && fit_of(p, type, &m->rec->sites[s], primary) >= wanted)
				ss[ns++] = s;
		}
		if (np > ns) { /* one operand too many: the first to go is what may be a constant */
			size_t kept = 0;

			for (size_t j = 0; j < np; j++) {
				if (!maybe_constant(&items[ps[j]]))
					ps[kept++] = ps[j];
			}
			np = kept;
		}
		pair_class(m, ps, np, ss, ns);
	}
	free(ps);
	free(ss);
}

static void pair_place(struct matching *m, struct place *place)
{
	if (!place->n_predictions || !place->n_sites)
		return;
	/* What names its type first, then what is of the right kind, then what boxing may also be. */
	pair_round(m, place, true, FIT_TYPE);
	pair_round(m, place, true, FIT_UNLIKELY);
	pair_round(m, place, false, FIT_UNLIKELY);
}

/* ---- passes ----------------------------------------------------------------------------------------------------- */

struct ordered {
	uint32_t file;
	int line;
	uint64_t chain;
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
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

enum pass { PASS_CHAIN, PASS_LINE, PASS_STACK };

static bool takes_part(const struct matching *m, size_t i, enum pass pass)
{
	const struct prediction *p = &m->set->items[i];

	if (m->is_matched[i] || m->prediction_file[i] == NO_FILE)
		return false;
	switch (pass) {
	case PASS_CHAIN:
		return p->claim == CLAIM_HEAP && p->inlined_known;
	case PASS_LINE:
		return p->claim == CLAIM_HEAP && !p->inlined_known;
	case PASS_STACK:
		return p->claim == CLAIM_STACK && !p->maybe_parameter;
	}
	return false;
}

static void run_pass(struct matching *m, enum pass pass)
{
	const struct predictions *set = m->set;
	struct ordered *order = xcalloc(set->n, sizeof(*order));
	struct place place = {.predictions = xcalloc(set->n, sizeof(size_t))};
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		const struct prediction *p = &set->items[i];

		if (takes_part(m, i, pass))
			order[n++] = (struct ordered){.file = m->prediction_file[i],
						      .line = p->pos.line,
						      .chain = pass == PASS_CHAIN ? prediction_chain(p) : 0,
						      .column = p->pos.column,
						      .index = i};
	}
	qsort(order, n, sizeof(*order), compare_ordered);
	for (size_t i = 0, end; i < n; i = end) {
		place.n_predictions = place.n_sites = 0;
		for (end = i; end < n && order[end].file == order[i].file && order[end].line == order[i].line &&
			      order[end].chain == order[i].chain;
		     end++)
			place.predictions[place.n_predictions++] = order[end].index;
		for (size_t s = first_site_at(m, order[i].file, order[i].line); s; s = m->next_site[s - 1]) {
			if (m->site_group[s - 1] != MATCH_NONE ||
			    (pass == PASS_CHAIN && m->site_chain[s - 1] != order[i].chain))
				continue;
			ARRAY_GROW(place.sites, place.n_sites + 1, place.alloc_sites);
			place.sites[place.n_sites++] = s - 1;
		}
		pair_place(m, &place);
	}
	free(place.predictions);
	free(place.sites);
	free(order);
}

/* The extent of a function in a file, or NULL. */
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

/* The line of the func keyword: from the tables since Go 1.20; before that the first line that has code. */
static int func_line(const struct rec_frame *physical, const struct rec_extent *extent)
{
	return physical->start_line ? physical->start_line : extent->first;
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

		if (site->cause != CAUSE_NEW_OBJECT)
			continue;
		outer = &site->frames[site->n_frames - 1];
		extent = extent_of(m, file, outer->function);
		if (!extent || p->pos.line < extent->first || p->pos.line > extent->last)
			continue;
		if (m->site_group[i] == MATCH_NONE && outer->line == func_line(outer, extent) && at_entry == MATCH_NONE)
			at_entry = i;
		if (is_merged_site(site) && outer->line <= p->pos.line)
			merged = i; /* the nearest before: sites run in pc order, and so do the declarations */
	}
	if (merged != MATCH_NONE && m->site_group[merged] != MATCH_NONE) {
		struct match_group *group = &m->groups[m->site_group[merged]];

		add_prediction(m, group, index);
		group->merged = true;
	} else if (merged != MATCH_NONE || at_entry != MATCH_NONE) {
		add_site(m, new_group(m, &index, 1), merged != MATCH_NONE ? merged : at_entry);
	}
}

/*
 * Since Go 1.26 a slice that append builds on the stack is moved to the heap where it leaves the function. What moved
 * is what the function's escaping appends built; where there are several, which of them is not to be seen.
 */
static void place_moved_slice(struct matching *m, size_t site_index)
{
	const struct rec_site *site = &m->rec->sites[site_index];
	const struct rec_frame *outer = &site->frames[site->n_frames - 1];
	const struct rec_extent *extent = extent_of(m, m->site_file[site_index], outer->function);
	const struct source_file *file = &m->files[m->site_file[site_index]];
	struct match_group *group;
	size_t *found = NULL, n = 0;

	for (size_t k = 0; extent && k < file->n_appends; k++) {
		size_t i = file->appends[k];
		const struct prediction *p = &m->set->items[i];

		if (p->pos.line < extent->first || p->pos.line > extent->last)
			continue;
		found = xreallocarray(found, n + 1, sizeof(*found));
		found[n++] = i;
	}
	if (n) {
		group = new_group(m, found, n);
		group->moved = true;
		group->ambiguous = n > 1;
		add_site(m, group, site_index);
	}
	free(found);
}

static void run_other_lines(struct matching *m)
{
	for (size_t i = 0; i < m->set->n; i++) {
		const struct prediction *p = &m->set->items[i];

		if (!m->is_matched[i] && p->claim == CLAIM_HEAP && p->kind == EXPR_MOVED &&
		    m->prediction_file[i] != NO_FILE && p->n_inlined == 0)
			place_moved(m, i);
	}
	for (size_t i = 0; i < m->rec->n_sites; i++) {
		const struct rec_site *site = &m->rec->sites[i];

		if (m->site_group[i] == MATCH_NONE && m->site_file[i] != NO_FILE &&
		    strncmp(site->callee, "runtime.moveSlice", 17) == 0)
			place_moved_slice(m, i);
	}
}

/* A map literal is one prediction and many calls: the map itself and an insertion for each element, on the lines of the
 * literal. */
static void adopt_insertions(struct matching *m)
{
	for (size_t g = 0; g < m->n_groups; g++) {
		struct match_group *group = &m->groups[g];
		const struct prediction *p = &m->set->items[group->predictions[0]];

		if (group->n_predictions != 1 || p->kind != EXPR_MAKE_MAP)
			continue;
		for (size_t s = first_site_at(m, m->prediction_file[group->predictions[0]], p->pos.line); s;
		     s = m->next_site[s - 1]) {
			if (m->site_group[s - 1] == MATCH_NONE && m->rec->sites[s - 1].cause == CAUSE_MAP_GROWTH)
				add_site(m, group, s - 1);
		}
	}
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
	m->is_matched = xcalloc(set->n, sizeof(*m->is_matched));
	index_files(m);
	index_sites(m);
	for (size_t i = 0; i < set->n; i++) {
		const struct prediction *p = &set->items[i];
		const char *package = p->package && strcmp(p->package, "main") == 0 ? m->main_package : p->package;

		m->prediction_file[i] = resolve_file(m, p->pos.file, package);
	}
	index_packages(m);
	index_by_file(m);
	run_pass(m, PASS_CHAIN);
	run_pass(m, PASS_LINE);
	run_other_lines(m);
	run_pass(m, PASS_STACK);
	adopt_insertions(m);
	for (size_t i = 0; i < set->n; i++) {
		if (!m->is_matched[i])
			new_group(m, &i, 1);
	}
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
	}
	free(m->files);
	u64map_release(&m->file_of_path);
	u64map_release(&m->file_of_base);
	u64map_release(&m->resolved);
	u64map_release(&m->sites_at);
	u64map_release(&m->packages);
	u64map_release(&m->covered_files);
	free(m->site_file);
	free(m->site_chain);
	free(m->next_site);
	free(m->site_group);
	free(m->prediction_file);
	free(m->is_matched);
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

enum match_line matching_line(const struct matching *m, size_t prediction)
{
	uint32_t file = m->prediction_file[prediction];
	int line = m->set->items[prediction].pos.line;
	enum match_line known = MATCH_LINE_UNKNOWN;

	if (file == NO_FILE)
		return MATCH_LINE_UNKNOWN;
	for (size_t i = 0; i < m->files[file].n_extents; i++) {
		const struct rec_extent *extent = &m->rec->extents[m->files[file].extents[i]];

		if (line < extent->first || line > extent->last)
			continue;
		if (extent->is_physical)
			return MATCH_LINE_KNOWN;
		known = MATCH_LINE_INLINED_ONLY;
	}
	return known;
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
