/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a change of the program did to its allocations: the lines of two recordings, paired.
 *
 * A line of a recording is (function, source line, type, cause) and, where predictions are there, the expression. The
 * function is the innermost one of the inline chain, so that inlining changes nothing. Lines are paired by what
 * survives an edit, strictest first, and within a group of alike in the order of the source:
 *
 *     function, type, cause, expression     lines moved, files renamed, closures renumbered, receivers made pointers
 *     function, expression                  also the type or the cause changed, or the call is gone
 *     function, type, cause                 also the expression was rewritten
 *     function, what a make makes           also its size, if only one is left
 *     function, cause, if only one is left  the type changed (of closures, also of several: it is what they capture)
 *     name, type, cause, expression         the function, and maybe the type, went to another package, if only one is
 * left type, cause, expression, counts       the function was renamed: the other program has none of its name; if only
 *                                           one such is left
 *     type, cause, expression, counts       it was split, if only one is left
 *
 * What finds no partner is new or gone. If others like it found theirs, nothing tells for certain which of them is the
 * new one: it is marked unsure.
 */
#ifndef ESCAUDIT_DIFF_DIFF_H
#define ESCAUDIT_DIFF_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/verdict.h"
#include "base/error.h"
#include "base/strpool.h"
#include "diff/changed.h"
#include "recording/place.h"
#include "recording/recording.h"

/* By objects per unit of work, beyond what fixed cost and noise explain. */
enum diff_change {
	DIFF_SAME,
	DIFF_NEW,
	DIFF_MORE,
	DIFF_FEWER,
	DIFF_GONE,
	DIFF_CHANGE_COUNT,
};

const char *diff_change_name(enum diff_change change); /* "same", "new", … */

/* How much two counts of one line may differ without any change of the program. */
enum diff_noise {
	DIFF_NOISE_NONE,    /* deterministic: any difference counts */
	DIFF_NOISE_RANDOM,  /* depends on chance (hash seeds, pools, the standard library): as of a Poisson process */
	DIFF_NOISE_RUNTIME, /* the runtime's own: shown, never judged */
};

const char *diff_noise_name(enum diff_noise noise); /* "none", "random", "runtime" */

/*
 * Where the change of the source is known: what became of a line. The change was meant to remove what stands on lines
 * it touches and allocated before, and what was predicted to escape and is no more.
 */
enum diff_outcome {
	DIFF_OUTCOME_NONE,    /* not the change's, or nothing to say */
	DIFF_OUTCOME_REMOVED, /* meant to go, and gone */
	DIFF_OUTCOME_REDUCED, /* meant to go, and fewer */
	DIFF_OUTCOME_KEPT,    /* meant to go, and as many as before */
	DIFF_OUTCOME_WORSE,   /* meant to go, and more than before */
	DIFF_OUTCOME_NOTHING, /* no longer predicted to escape, but it allocated nothing before either */
	DIFF_OUTCOME_ADDED,   /* new, or more where nothing was touched */
	DIFF_OUTCOME_COUNT,
};

const char *diff_outcome_name(enum diff_outcome outcome); /* "none", "removed", "reduced", … "nothing", "added" */
/* True from removed to nothing. */
bool diff_outcome_was_meant(enum diff_outcome outcome);

struct diff_side {
	bool present;	  /* the side has such a line; all else is 0 and NULL if not */
	const char *file; /* as a reader knows it (place.h) */
	int line;
	int column;
	const char *function; /* the innermost, as the linker names it */
	const char *package;
	const char *type;
	enum cause cause;
	const char *expr;
	uint64_t objects, bytes;
	uint64_t smallest, largest; /* bytes of one object; 0 without objects */
	uint64_t samples;
	double error; /* standard deviation of objects; 0 where they were counted */
	bool has_verdict;
	enum verdict_kind verdict;
};

struct diff_row {
	struct diff_side before, after;
	enum diff_change change;
	enum diff_noise noise;
	bool moved;   /* other line, file or function */
	bool retyped; /* other type or cause */
	bool resized; /* other bytes per object */
	bool turned;  /* other verdict */
	bool unsure;  /* new or gone, but one of several alike */
	bool touched; /* the change touches the line, before or after; false where the change is not known */
	enum diff_outcome outcome;
};

struct diff_sums {
	uint64_t objects, bytes;	     /* all */
	uint64_t noise_objects, noise_bytes; /* of these, the runtime's own */
};

struct diff_input {
	const struct recording *rec;
	const struct audit *audit; /* of that recording; NULL without predictions */
	uint64_t units;		   /* of work that the recording covers; at least 1 */
};

/* The change of the source between the two, as paths of recordings name files. */
struct source_change {
	const char *revision; /* what before was built from, as the user said it */
	const char *commit;   /* its hash */
	const struct changed *before, *after;
};

struct diff {
	struct strpool *pool;
	struct diff_input before, after;    /* borrowed */
	const struct source_change *change; /* borrowed; NULL where it is not known */
	struct diff_row *rows;		    /* new and more by bytes gained, gone and fewer by bytes saved, the rest */
	size_t n;
	size_t n_changes[DIFF_CHANGE_COUNT]; /* the runtime's own left out */
	size_t n_noise;
	size_t n_outcomes[DIFF_OUTCOME_COUNT];
	struct diff_sums sums_before, sums_after;
};

/* charge: what each observation counts for; where that is not the site, verdicts and expressions are
 * left out. Borrows the inputs until diff_free. */
void diff_run(struct diff **out, const struct diff_input *before, const struct diff_input *after,
	      enum place_charge charge);
/* The same with outcomes; change too is borrowed. */
void diff_run_change(struct diff **out, const struct diff_input *before, const struct diff_input *after,
		     const struct source_change *change);
void diff_free(struct diff *diff); /* accepts NULL */

/*
 * a in a_units against b in b_units: the sign of b / b_units - a / a_units, 0 where runs of different length and a
 * fixed cost of at most DIFF_FIXED_OBJECTS in each explain it (with equal units nothing is forgiven). Exact.
 */
#define DIFF_FIXED_OBJECTS 32
int diff_compare_counts(uint64_t a, uint64_t a_units, uint64_t b, uint64_t b_units);
/* b / b_units - a / a_units and a / a_units for display and sorting. */
double diff_per_unit(uint64_t count, uint64_t units);

#endif
