/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the formats for other programs (code scanning, test results, pull requests) are made of: a ranked list of lines
 * worth a remark, each with a sentence and a fingerprint that outlives edits elsewhere in the file.
 */
#ifndef ESCAUDIT_REPORT_FINDINGS_H
#define ESCAUDIT_REPORT_FINDINGS_H

#include <stddef.h>
#include <stdint.h>

#include "audit/verdict.h"
#include "base/strpool.h"
#include "recording/recording.h"

enum finding_level {
	FINDING_NOTE,
	FINDING_WARNING,
	FINDING_ERROR,
};

struct finding {
	const char *rule; /* the verdict's name, "broken" for an assertion, or "allocation" without predictions */
	enum finding_level level;
	const char *file;			      /* as place_file() */
	int line, column;			      /* column 0: unknown */
	const char *function, *package, *expr, *type; /* NULL where unknown */
	size_t other_types;			      /* as struct verdict has it */
	enum cause cause;
	uint64_t objects, bytes;
	const char *message;
	/*
	 * Made of package, function (without the numbers of closures), expression, cause, type, and which of those
	 * alike it is. Other programs keep these numbers: what goes in, and the hash, must not change.
	 */
	uint64_t fingerprint;
};

struct findings {
	struct strpool *pool;
	const struct recording *rec; /* borrowed */
	struct finding *items;	     /* ranked as the verdicts; without predictions by bytes */
	size_t n, alloc;
	size_t left_out;		 /* by the limit */
	uint64_t all_objects, all_bytes; /* of the recording */
};

/*
 * From verdicts, if audit is not NULL: assertions of the source that are broken, then verdicts with something to act on
 * (violated, unpredicted, elided, confirmed). Else
 * from the recording alone: what is allocated, charged to the nearest line of the main module. errors is a set of bits,
 * 1 << verdict or FINDINGS_BROKEN: these are errors; violated and broken are warnings, the rest are notes. At most
 * limit, 0 for all.
 */
#define FINDINGS_BROKEN (1u << VERDICT_COUNT)
void findings_init(struct findings *out, const struct recording *rec, const struct audit *audit, unsigned errors,
		   size_t limit);
void findings_release(struct findings *findings);

#endif
