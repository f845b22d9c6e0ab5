/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files that match: where the log's positions are in the binary (match_source.c), what is said more than
 * once of the same code (match_duplicates.c), which methods the compiler's wrappers are of (match_wrapper.c), what
 * meets by position (match_position.c), what package variables begin with (match_initializer.c), what meets by line
 * where no column is known (match_fallback.c), which variables share an object (match_moved.c), what is left over in
 * one statement (match_statement.c), what is in doubt without columns (match_doubt.c), what is inserted into maps
 * (match_insertions.c), what belongs together in one place (match_place.c), and the sequence of all that (match.c).
 */
#ifndef ESCAUDIT_AUDIT_MATCH_INTERNAL_H
#define ESCAUDIT_AUDIT_MATCH_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/fit.h"
#include "audit/match.h"
#include "base/strpool.h"
#include "base/u64map.h"

#define NO_FILE UINT32_MAX

struct names {
	const char **items; /* owned, the names are not */
	size_t n, alloc;
};

/* One source file as the binary's tables name it. */
struct source_file {
	const char *path;
	const char *base;
	struct names packages; /* of functions in it */
	struct names named;    /* packages whose predictions have the file's very name */
	uint32_t *extents;     /* indexes into the recording, owned */
	size_t n_extents, alloc_extents;
	uint32_t *sites; /* whose outermost frame is in it, in pc order; owned */
	size_t n_sites, alloc_sites;
	uint32_t *appends; /* predictions of appends in it; owned */
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
	struct u64map named;	     /* pooled "file function" -> enum match_line of the function of that name */
	struct u64map functions;     /* pooled "package function" of what the binary has, not only inlined */
	struct u64map inlined_from;  /* places where inlined calls that have a site were written */
	uint32_t *by_place;	     /* the log's declarations by file and line; NULL where nobody asks */
	struct u64map packages;	     /* pooled import paths the predictions cover */
	struct u64map covered_files; /* files some prediction stands in */
	struct u64map instances;     /* pooled names of the instances that the log names, without packages */
	uint32_t *site_file;
	uint64_t *site_chain;
	size_t *next_site;	/* + 1, on the same line, in pc order */
	size_t *site_group;	/* MATCH_NONE while free */
	uint64_t *site_objects; /* NULL where not every object was counted */
	bool *is_seen;		/* per site: an object of it was observed */
	uint32_t *prediction_file;
	/* Methods go by go_name_identity: instances of one generic method have its lines, and mostly its words. */
	const char *
		*site_wraps;  /* per site in a wrapper: the method that it wraps, pooled; NULL if that is not known */
	bool *is_in_wrapper;  /* per prediction */
	const char **methods; /* per prediction of a wrapper: the method it is inlined from, pooled; NULL if unknown */
	const char **method_keys; /* the same, by identity */
	struct u64map shared;	  /* lines of methods in wrappers that claims without chains were given to */
	struct wrapped *wrapped;  /* per prediction of a wrapper: at.file and wrapper are NULL if unknown */
	const char **bare_expr;	  /* per prediction, pooled: without package names, which depend on who says it */
	struct reading *readings; /* per prediction */
	const char **likeness;	  /* per prediction, pooled: the same where every site fits them alike */
	bool *is_matched;	  /* per prediction */
	size_t n_duplicates;	  /* predictions that are matched by what another package says alike */
	bool *is_settled;	  /* per prediction: a moved variable that is known to have no object */
	bool *is_surplus;	  /* per prediction: a copy of one that has a site, and none is left for it */
	bool is_same_tree;	  /* the binary has a file of the log's by its full name */
	bool is_same_build;	  /* predictions and binary have one build ID */
	bool is_old;		  /* the binary has no lines of func keywords */
	int *binary_line;   /* per declaration: where the binary has the function; 0 where that is not to be told */
	bool *is_displaced; /* per prediction */
	struct match_group *groups;
	size_t n_groups, alloc_groups;
};

/* ---- match_source.c ---- */

/* The import path of what diagnostics name: they call every main package "main". NULL stays NULL. */
const char *match_package(const struct matching *m, const char *package);
const char *match_import_path(const struct matching *m, const char *function);
/* The name of an instance of a generic function as a log and a symbol have it alike: without packages. Pooled. */
const char *match_instance(const struct matching *m, const char *function);
/* The source files that the binary names, with what is in each; then the sites by line. To be called first, in this
 * order: match_index_files, match_index_sites, and once every prediction has its file match_index_by_file. */
void match_index_files(struct matching *m);
/* Whether log and binary name the files of the build alike, and which files the log has under the binary's very names.
 * After match_index_files, before match_resolve_file. */
void match_find_names(struct matching *m);
/*
 * The binary's file that a position names. The same file has many names: relative to the build's directory, absolute,
 * trimmed to its import path, in a container's or another machine's module cache. Package and base name stay.
 */
uint32_t match_resolve_file(struct matching *m, const char *path, const char *package);
/* The import path of the package that the file is of, if the binary tells; NULL otherwise. */
const char *match_home(const struct matching *m, uint32_t file);
/* The first n of its inlined steps. */
uint64_t match_prediction_chain(const struct prediction *p, size_t n);
uint64_t match_place_key(uint32_t file, int line);
void match_index_sites(struct matching *m);
/* The lists that the passes over other lines walk, so that they are not all sites by all predictions. */
void match_index_by_file(struct matching *m);
size_t match_first_site(const struct matching *m, uint32_t file, int line);
const struct rec_extent *match_extent(const struct matching *m, uint32_t file, const char *function);
/* What tells why a build has no code for a line of its own. Once all groups are made. */
void match_index_absence(struct matching *m);
/* Where the log's functions stand in the binary. */
void match_find_declarations(struct matching *m);
void match_displace(struct matching *m);

/* ---- match_position.c ---- */

/* Pairs what the compiler reports at one position. Sites whose source is known and that nothing is said of stay free.
 */
void match_by_position(struct matching *m);
/* Claims of staying, against what has no column and stands in a statement with words of theirs: once claims of escaping
 * had their turn. */
void match_stack_by_words(struct matching *m);

/* Whether a site, whose source is known, is part of the literal that a prediction speaks of. */
enum match_part {
	MATCH_PART_OTHER,
	MATCH_PART_PERHAPS,
	MATCH_PART_SURE,
};
/* whole is a site of the literal's own, whose token may stand for all of it, or NULL. is_own_function: the function
 * that the part is written in is the literal's. */
enum match_part match_part(const struct prediction *p, const struct rec_site *whole, const struct rec_site *part,
			   bool is_own_function);
/* Whether the expression of a site is known from the twin, but the compiler gives no column there: beyond the last one,
 * or behind a line directive without one. */
bool match_has_no_column(const struct rec_site *site);
/* Whether the call on the outermost line has no column, though what is inlined there may have. */
bool match_is_vague(const struct rec_site *site);
/* Whether a site has no column, and is in the prediction's words. */
bool match_has_words(const struct prediction *p, const struct rec_site *site);

/* The inline chain of a site: places in the source if its expression is known, else lines without columns. */
size_t match_n_levels(const struct rec_site *site);
struct rec_level match_level(const struct rec_site *site, size_t from_outermost);
/*
 * The compiler reports no column where a line directive has none, and beyond a limit: there a prediction without one
 * agrees with what has none for the same reason.
 */
bool match_is_place(const struct position *pos, const struct rec_level *level);
/* Whether the first n levels agree, from the outermost. A log without chains knows the outermost only. */
bool match_levels_agree(const struct prediction *p, const struct rec_site *site, size_t n);
/* Whether both are at one position, on all levels. The site's source is known. */
bool match_is_at(const struct prediction *p, const struct rec_site *site);

/* ---- match_moved.c ---- */

/*
 * Pairs variables that are moved to the heap in functions where several share one object: before all that goes by
 * position. Those of them that have no object are out of the way of later passes.
 */
void match_moved(struct matching *m);

/* ---- match_fallback.c ---- */

/* Pairs what has no columns by line, cause, function and type: claims of escaping, and, once the rules for other lines
 * had their turn, claims of staying. */
void match_fallback_heap(struct matching *m);
void match_fallback_stack(struct matching *m);

/* ---- match_statement.c ---- */

/* Pairs what is left over in one statement, where the source is known. After all that goes by position or line, and
 * before what is left is grouped. */
void match_by_statement(struct matching *m);

/* ---- match_doubt.c ---- */

/* Marks claims and calls that are left over where no column is known, and what they may be. Once all copies are out of
 * the way, and before what is left is grouped. */
void match_doubt(struct matching *m);

/* ---- match_wrapper.c ---- */

/* Whether what the compiler makes of its own stands in that file. */
bool match_is_wrapper_file(const char *path);
/* Which methods wrappers wrap. After match_index_sites. */
void match_index_wrappers(struct matching *m);
/* Is the site in a wrapper that the prediction may be of? True of predictions that are of none. */
bool match_wrapper_fits(const struct matching *m, size_t prediction, size_t site);
/* Where the log has no chains: which wrapper a claim of escaping is of. Before any match. */
void match_share_wrappers(struct matching *m);
/* Groups what is said of wrappers and has no site: one group for each wrapper that the binary has, else one for all
 * that nothing tells apart. Once all others have had their turn. */
void match_group_wrappers(struct matching *m);
bool match_same_wrapped(const struct matching *m, size_t a, size_t b);
/* The type whose method a prediction of a wrapper is inlined from, bare; NULL if unknown. */
const char *match_receiver(const struct matching *m, size_t prediction);

/* ---- match_initializer.c ---- */

/* Pairs what package variables begin with, where the call that makes it has lost its position. After all that goes by
 * position. */
void match_initializers(struct matching *m);

/* ---- match_duplicates.c ---- */

/*
 * Takes out of the way what several packages say of the same generic code, but for one package's account: of
 * predictions whose function is named before any pass, of the others after all of them.
 */
void match_silence_echoes(struct matching *m, bool named);

/* ---- match_place.c ---- */

/* The predictions and sites of one place. */
struct place {
	size_t *predictions;
	size_t n_predictions;
	size_t *sites;
	size_t n_sites, alloc_sites;
};

/* Groups of predictions and of the sites they speak of. What is in one is out of the way of later passes. */
struct match_group *match_group_new(struct matching *m, const size_t *predictions, size_t n);
void match_group_add_site(struct matching *m, struct match_group *group, size_t site);
void match_group_add_prediction(struct matching *m, struct match_group *group, size_t prediction);
/* What predictions are as far as sites may fit them. After match_index_wrappers. */
void match_index_likeness(struct matching *m);
/* At one column of one line, one expression. */
bool match_same_text(const struct matching *m, size_t a, size_t b);
/* The one that the call is compiled into. */
const char *match_physical_function(const struct rec_site *site);
/* Whether a site can make what a prediction speaks of, or its box. */
bool match_fits_at_all(const struct matching *m, size_t prediction, size_t site);
/* Pairs what is in one place, as far as it can be told apart. */
void match_pair_place(struct matching *m, struct place *place);
/* The same, but leaves what cannot be told apart to later passes. */
void match_pair_decided(struct matching *m, struct place *place);

/* ---- match_insertions.c ---- */

/* Whether this may be a map literal with elements: one of a named type reads like a struct's. */
bool match_is_filled_literal(const struct matching *m, size_t prediction);
/* Gives literals of maps the insertions of their elements. Once every prediction has its group. */
void match_insertions(struct matching *m);

#endif
