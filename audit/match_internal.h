/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files that match: where the log's positions are in the binary (match_source.c), what is said more than
 * once of the same code (match_echo.c), what belongs together in one place (match_place.c), which places are tried, and
 * in which order (match.c).
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
	struct u64map packages;	     /* pooled import paths the predictions cover */
	struct u64map covered_files; /* files some prediction stands in */
	uint32_t *site_file;
	uint64_t *site_chain;
	size_t *next_site;	       /* + 1, on the same line, in pc order */
	struct u64map stack_claims_at; /* (file, line) -> first prediction + 1 */
	size_t *next_stack_claim;      /* + 1, on the same line, by column */
	size_t *site_group;	       /* MATCH_NONE while free */
	uint64_t *site_objects;	       /* NULL where not every object was counted */
	uint64_t *site_bytes;	       /* the same */
	uint32_t *prediction_file;
	const char **bare_expr;	  /* per prediction, pooled: without package names, which depend on who says it */
	struct reading *readings; /* per prediction */
	bool *is_matched;	  /* per prediction */
	bool *is_surplus;	  /* per prediction: a copy of one that has a site, and none is left for it */
	bool is_old;		  /* the binary has no lines of func keywords */
	int *binary_line;   /* per declaration: where the binary has the function; 0 where that is not to be told */
	bool *is_displaced; /* per prediction */
	struct match_group *groups;
	size_t n_groups, alloc_groups;
};

/* ---- match_source.c ---- */

/* Of a path, behind its last slash. */
const char *match_base_name(const char *path);
const char *match_import_path(const struct matching *m, const char *function);
/* The source files that the binary names, with what is in each; then the sites by line. To be called first, in this
 * order: match_index_files, match_index_sites, and once every prediction has its file match_index_by_file. */
void match_index_files(struct matching *m);
/*
 * The binary's file that a position names. The same file has many names: relative to the build's directory, absolute,
 * trimmed to its import path, in a container's or another machine's module cache. Package and base name stay.
 */
uint32_t match_resolve_file(struct matching *m, const char *path, const char *package);
/* The first n of its inlined steps. */
uint64_t match_prediction_chain(const struct prediction *p, size_t n);
uint64_t match_place_key(uint32_t file, int line);
void match_index_sites(struct matching *m);
/* The lists that the passes over other lines walk, so that they are not all sites by all predictions. */
void match_index_by_file(struct matching *m);
size_t match_first_site(const struct matching *m, uint32_t file, int line);
const struct rec_extent *match_extent(const struct matching *m, uint32_t file, const char *function);
/* Where the log's functions stand in the binary. */
void match_find_declarations(struct matching *m);
void match_displace(struct matching *m);

/* ---- match_echo.c ---- */

/*
 * Takes out of the way what several packages say of the same generic code, but for one package's account: of
 * predictions whose function is named before any pass, of the others after all of them.
 */
void match_silence_echoes(struct matching *m, bool named);

/* ---- match_place.c, match_order.c ---- */

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

/* Groups of predictions and of the sites they speak of. What is in one is out of the way of later passes. */
struct match_group *match_group_new(struct matching *m, const size_t *predictions, size_t n);
void match_group_add_site(struct matching *m, struct match_group *group, size_t site);
void match_group_add_prediction(struct matching *m, struct match_group *group, size_t prediction);
/* At one column, one expression. */
bool match_same_text(const struct matching *m, size_t a, size_t b);
/* The one that the call is compiled into. */
const char *match_physical_function(const struct rec_site *site);
/*
 * Puts values that differ, which come by column, in the order in which they are made, or returns false where that is
 * not to be seen.
 */
bool match_put_in_order(const struct matching *m, const struct place *place, bool boxing, size_t *ps, size_t np);
/* Is each value made in the expression that the next one is made in, or that in it? */
bool match_are_of_one_expression(const struct matching *m, const struct place *place, bool boxing, const size_t *ps,
				 size_t np);
/* Pairs what is in one place, as far as it can be told apart. */
void match_pair_place(struct matching *m, struct place *place);

#endif
