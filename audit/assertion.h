/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The assertions in a program's source (directive.h), held against what happened.
 *
 * About the code between two lines of a file, in whatever function or inlined copy of it the compiler put that code:
 *
 *     broken           something was allocated there
 *     held             it ran and nothing was; or its machine code has no call that could allocate, run or not
 *     never executed   it did not run: nothing can be said
 *     undecided        there is no evidence of its running, or what was lost or not sampled may have been its
 *
 * Which code an object was made in, the frames of its call say. The compiler gives some calls in an inlined copy (a
 * slice literal that is returned, a parameter that is moved to the heap) the position of the inlined call, and then no
 * frame names the copy: there the compiler's own account of the inlined calls says it (struct verdict, deeper).
 *
 * What the runtime makes for itself meanwhile (goroutines, its own lists) is nobody's allocation.
 */
#ifndef ESCAUDIT_AUDIT_ASSERTION_H
#define ESCAUDIT_AUDIT_ASSERTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/directive.h"
#include "audit/verdict.h"
#include "base/strpool.h"
#include "predict/prediction.h"
#include "recording/recording.h"
#include "symbolize/symbolizer.h"

enum assertion_verdict {
	ASSERTION_HELD,
	ASSERTION_BROKEN,
	ASSERTION_NEVER_EXECUTED,
	ASSERTION_UNDECIDED,
	ASSERTION_COUNT,
};

const char *
assertion_verdict_name(enum assertion_verdict verdict); /* "held", "broken", "never executed", "undecided" */

struct assertion {
	struct directive directive;
	const char *recorded; /* file, as in the binary's tables */
	const char *file;     /* as a reader knows it (place.h) */
	const char *built;    /* file, by the path that it was compiled from; NULL if that is not known */
	bool is_newer;	      /* the source was changed after the recording began: lines may have moved */
	bool has_line_comments;
	enum assertion_verdict verdict;
	uint64_t objects, bytes; /* that break it */
	const char **why;	 /* sentences; from the pool */
	size_t n_why;
};

struct assertions {
	struct strpool *pool;
	struct assertion *items; /* broken by bytes, undecided, never executed, held; each in the order of the source */
	size_t n, alloc;
	size_t n_files, n_missing; /* of the covered packages: read, and not found */
	const char *missing;	   /* one of these */
	const char *directory;	   /* of the build, from the pool; NULL if unknown */
	size_t n_verdicts[ASSERTION_COUNT];
};

/*
 * Reads the sources of the main module, and of packages that set (may be NULL) predicts: the files that the binary has
 * code of, and those of which the compiler says something in a place where it was inlined. root: where the main
 * module's source is, if not where the compiler saw it nor around the directory of the build; NULL for none. What is
 * not found is counted.
 */
void assertions_read(struct assertions **out, const struct recording *rec, const struct predictions *set,
		     const char *root);
void assertions_free(struct assertions *a); /* accepts NULL */

/* Adds the points to watch to rec. */
void assertions_add_points(const struct assertions *a, struct recording *rec, const struct go_binary *bin);
/* audit: of this recording; NULL if there is none, and then nothing is known but what the binary's tables say. */
void assertions_judge(struct assertions *a, const struct recording *rec, const struct audit *audit);

#endif
