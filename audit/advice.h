/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why an object is on the heap, and what would keep it off: the compiler's explanation as source positions, and one
 * remedy where the measurement backs it. A remedy that is right by the text alone may make things worse (a goroutine
 * that gets its variable as a parameter allocates one object more than one that captures it), so a line without a
 * measured reason gets none.
 */
#ifndef ESCAUDIT_AUDIT_ADVICE_H
#define ESCAUDIT_AUDIT_ADVICE_H

#include "audit/verdict.h"
#include "base/strpool.h"

/*
 * Fills v->path from v->flow: the steps of the shortest explanation. The compiler gives one for each way that it found,
 * and copies of a line bring their own.
 */
void advice_trace(struct verdict *v);

/* A run, and where what is said of it is kept. */
struct advice_run {
	struct strpool *pool;
	const struct recording *rec; /* of which the header counts, and when it was made */
	uint64_t objects, bytes;     /* that the run made */
};

/*
 * The remedy for a line of a run; from the pool, NULL if there is none to be had:
 * the line is not hot (below 1 % of both, or fewer than 30 samples), is ambiguous, or shows none of these:
 *
 *   - append that grew step by step: the sizes are those of a series that ended at the largest so often that room for
 *     it takes no more bytes. A slice may hold elements already, which make would lose, and a builder may be written to
 *     elsewhere: what room to make, and where, is said as far as the source on this machine shows that neither is so
 *     (growth_source.h), or the sizes do
 *   - a slice that stays but for its size, made with one and the same size each time
 *   - a value boxed for an argument of a call that the explanation names, to a function of its own package, or a number
 *     for package fmt to print; not one that was boxed before, for a variable or a field that the call is given
 *   - s += x of sizes that a builder would have made with fewer bytes, if they are the steps of one string
 */
const char *advice_of(const struct advice_run *run, const struct verdict *v);

#endif
