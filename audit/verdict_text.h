/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts in a reader's words: internal to audit/. */
#ifndef ESCAUDIT_AUDIT_VERDICT_TEXT_H
#define ESCAUDIT_AUDIT_VERDICT_TEXT_H

#include "audit/match.h"
#include "audit/verdict.h"

/* What the words rest on beside the verdict itself. */
struct verdict_text {
	struct strpool *pool; /* of what is returned */
	const struct predictions *set;
	const struct recording *rec;
	const struct matching *matching;
	bool absence_is_fact; /* what was not seen did not happen */
};

/* One line that says why. group is NULL where nothing was predicted. */
const char *verdict_summary(const struct verdict_text *t, const struct verdict *v, const struct match_group *group,
			    enum match_line line);

#endif
