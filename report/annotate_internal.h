/* SPDX-License-Identifier: Apache-2.0 */
/* What one annotated file and the files of a whole page have in common. */
#ifndef ESCAUDIT_REPORT_ANNOTATE_INTERNAL_H
#define ESCAUDIT_REPORT_ANNOTATE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/verdict.h"
#include "base/strbuf.h"
#include "base/strpool.h"
#include "recording/recording.h"

/* A line of source with its accounts. Sites and verdicts are borrowed, the arrays owned. */
struct annotated_line {
	const char *text; /* NULL beyond the end of the source */
	uint64_t objects, bytes;
	const struct rec_site **sites;
	size_t n_sites, alloc_sites;
	const struct verdict **verdicts;
	size_t n_verdicts, alloc_verdicts;
};

void annotated_line_add_site(struct annotated_line *line, const struct rec_site *site);
void annotated_line_add_verdict(struct annotated_line *line, const struct verdict *v);
void annotated_line_release(struct annotated_line *line);

/* "heap", "stack", "heap, stack 2": what is claimed for the line. */
void annotated_line_claims(struct strbuf *sb, const struct annotated_line *line);
/* "newobject", "convT64, growslice", "newobject 3": the calls that were compiled, copies of inlined code too. */
void annotated_line_callees(struct strbuf *sb, const struct annotated_line *line);

/* "confirmed 29:9 &sum{...}: 100 objects, 1600 B of main.sum (new object) – predicted, and made by …"; free() it. */
char *annotate_verdict_note(const struct verdict *v);
/* What is as predicted and allocates nothing needs no remark beneath its line. */
bool annotate_is_remarkable(const struct verdict *v);

/*
 * Where the text of a file is: under root, if it is not NULL, else where the compiler read it (recorded; may be NULL)
 * or under the current directory. NULL if it is not there; then tried (which may be NULL) is one of the paths looked
 * at.
 */
const char *annotate_find_source(struct strpool *pool, const char *file, const char *recorded, const char *root,
				 const char **tried);
/* Appends a line of source, its tabs as blanks. */
void annotate_expand_tabs(struct strbuf *sb, const char *text, size_t len);

#endif
