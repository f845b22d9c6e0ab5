/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the log and the binary belong to one build. */
#ifndef ESCAUDIT_AUDIT_BUILD_MATCH_H
#define ESCAUDIT_AUDIT_BUILD_MATCH_H

#include "audit/match.h"
#include "audit/verdict.h"
#include "base/strbuf.h"

/*
 * Compares what the log knows of its build with what the binary says of its own, with where the functions are that it
 * names, and with how many of the predicted lines the binary has code for. Fills audit->match and audit->mismatches,
 * one finished sentence each. Needs audit->totals.
 */
void build_match(struct audit *audit, const struct predictions *set, const struct recording *rec,
		 const struct matching *matching);

/*
 * Appends the words of a -gcflags that change the code: "-m", "-m=2" and "-json=0,DIR" only make the compiler talk, and
 * where escaudit made the build they are its own. PATTERN= in front of the first is kept with what it stands before.
 */
void build_match_add_flags(struct strbuf *out, const char *flags);

#endif
