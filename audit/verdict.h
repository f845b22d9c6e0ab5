/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts: how the three accounts (predicted, emitted, observed) agree. Made from a set of
 * predictions and a recording, offline.
 */
#ifndef ESCAUDIT_AUDIT_VERDICT_H
#define ESCAUDIT_AUDIT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strpool.h"
#include "predict/prediction.h"
#include "recording/recording.h"

enum verdict_kind {
	VERDICT_CONFIRMED,
	VERDICT_ELIDED,
	VERDICT_UNREACHED,
	VERDICT_UNDECIDED, /* elided or unreached: no reach evidence, or sampled, or losses */
	VERDICT_COMPILED_OUT,
	VERDICT_HELD,
	VERDICT_VIOLATED,
	VERDICT_UNPREDICTED,
	VERDICT_STALE,
	VERDICT_COUNT,
};

const char *verdict_name(enum verdict_kind kind); /* "compiled-out" … */
/* True for the kinds in which the accounts disagree: all but confirmed, held, unreached and undecided. */
bool verdict_is_divergence(enum verdict_kind kind);
/* Whether the first of two on one line is the one to show: what happened goes before what did not. */
bool verdict_says_more(enum verdict_kind a, enum verdict_kind b);
/* VERDICT_COUNT if name is none of them. */
enum verdict_kind verdict_from_name(const char *name);

struct verdict {
	enum verdict_kind kind;
	enum claim claim;
	bool has_claim;	  /* false: nothing was predicted (unpredicted) */
	const char *file; /* module-relative or import-path form: "seeds/scen.go" */
	int line;
	int column;	      /* 0 if unknown */
	const char *expr;     /* source expression as the compiler printed it; NULL for unpredicted */
	const char *function; /* by the linker's name; NULL where neither binary nor log tells */
	const char *package;
	const char *type; /* NULL if unknown; of most bytes from one stack where what was seen is of several */
	size_t other_types;
	enum cause cause;
	uint64_t objects;
	uint64_t bytes;
	uint64_t smallest, largest; /* bytes of one object */
	uint64_t samples;
	double upper_per_second;       /* for absences under sampling or loss: 95 % bound; 0 where not used */
	uint64_t upper_bytes;	       /* for absences in a heap profile of Go's own: 95 % bound; 0 where not used */
	bool ambiguous;		       /* one verdict for a group that nothing told apart */
	bool is_absent;		       /* the binary has no code of its line: what says so is nothing to pair */
	size_t n_predictions;	       /* how many predictions it speaks of: >= 1, 0 for unpredicted */
	const struct rec_site **sites; /* evidence; pointers into the recording */
	size_t n_sites;
	const struct rec_site
		*move;		/* of those: the call that moved what append built on the stack; NULL if none did */
	bool is_inlining_known; /* of every prediction: what inlined calls it is in */
	/* Of the predictions, the set's, those that are in more inlined calls than the frames of a site say: the
	 * compiler gives some calls the position of the inlined call that they are in. Owned. */
	const struct prediction **deeper;
	size_t n_deeper;
	const struct flow_step *const *flow; /* of the (first) prediction, and its set's */
	size_t n_flow;
	const struct flow_step **path; /* the shortest explanation of flow, from the allocation on: steps with a
					  position */
	size_t n_path;
	const char *summary; /* one line, at most about 90 columns */
	const char *advice;  /* what would help, where the measurement backs it; NULL if nothing does */
	size_t place;	     /* in the order they were made; of no meaning outside verdict.c */
};

/* The header's view of whether log and binary belong together. */
enum build_match { BUILD_MATCH_UNKNOWN, BUILD_MATCH_SAME, BUILD_MATCH_DIFFERENT };

struct verdict_totals {
	size_t n[VERDICT_COUNT];
	uint64_t objects[VERDICT_COUNT];
	uint64_t bytes[VERDICT_COUNT];
};

struct assertions;

struct audit {
	struct strpool *pool;
	const struct recording *rec; /* borrowed */
	struct verdict *items;	     /* ranked: divergences by bytes, then confirmed by bytes, then the rest */
	size_t n;
	struct verdict_totals totals;
	uint64_t samples; /* of all observations: what absences rest on where not every object was counted */
	/* observations outside the predicted packages and in the runtime itself, so that everything adds up to the
	 * recording's total */
	uint64_t elsewhere_objects, elsewhere_bytes; /* user frame in a package the predictions do not cover */
	uint64_t runtime_objects, runtime_bytes;     /* no user frame */
	/* predictions that no verdict speaks of */
	size_t n_duplicates;	      /* another package's is of the same generic code */
	size_t n_runtime_predictions; /* of the runtime's own packages, whose calls are no sites */
	size_t n_cgo_predictions;     /* of what cgo wrote for itself, and where nothing was allocated */
	size_t n_packages;	      /* that the predictions cover */
	size_t n_functions;	      /* that the predictions cover and that have sites; 0 where no twin was asked */
	size_t n_known_functions;     /* of these: every site knows its columns */
	size_t n_foreign_functions;   /* of the others: instances of functions of packages that were not predicted */
	enum build_match match;
	const struct assertions *assertions; /* of the source, judged; borrowed; NULL where nobody looked for any */
	const char **mismatches;	     /* one sentence each: "log made by go1.26.11, binary by go1.27.3" */
	size_t n_mismatches;
	size_t *account; /* of each observation, see audit_account() */
};

/* Accounts that are no verdict: the two sums above. */
#define AUDIT_ELSEWHERE (SIZE_MAX - 1)
#define AUDIT_RUNTIME	SIZE_MAX

/*
 * Where the objects of an observation went: an index into items, AUDIT_ELSEWHERE or AUDIT_RUNTIME. Over all
 * observations they add up to what the verdicts and the two sums say.
 */
size_t audit_account(const struct audit *audit, size_t observation);

/* Joins the accounts. Borrows both until audit_free. Fails only where the recording has no sites and needs them
 * (-ENODATA). */
int audit_run(struct audit **out, const struct predictions *set, const struct recording *rec, struct error *err);
void audit_free(struct audit *audit); /* accepts NULL */

#endif
