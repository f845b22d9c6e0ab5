/* SPDX-License-Identifier: Apache-2.0 */
/* Formats for other programs. All write to f and return 0, or -EIO if f failed. */
#ifndef ESCAUDIT_REPORT_EXPORT_H
#define ESCAUDIT_REPORT_EXPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "recording/recording.h"
#include "report/findings.h"

/* GitHub shows at most so many results of a run. */
#define EXPORT_SARIF_RESULTS 5000

/* SARIF 2.1.0 (OASIS standard), paths relative to %SRCROOT%, which is the main module's root. */
int export_sarif(FILE *f, const struct findings *findings);
/* Workflow commands: "::warning file=…,line=…,col=…,title=…::message". */
int export_github(FILE *f, const struct findings *findings);
/* A table for a pull request. */
int export_markdown(FILE *f, const struct findings *findings);
/* A test case for each line; errors are failures. */
int export_junit(FILE *f, const struct findings *findings);
/* One stack a line, outermost first, the type last, then a count: what flame graph programs read. */
int export_folded(FILE *f, const struct recording *rec, bool by_objects);

struct html_options {
	const char *source_root; /* directory of the main module's source; NULL: as recorded, else the current one */
	size_t rows, frames;	 /* of the table and of the flame graph, at most; 0 for all */
	bool by_objects;	 /* what is shown first */
};

#define EXPORT_HTML_ASSERTIONS 1000
#define EXPORT_HTML_ROWS       5000
#define EXPORT_HTML_FRAMES     40000

/*
 * One page for a browser, with all it needs: stacks, lines and the text of the sources that are found. audit and set
 * may be NULL.
 */
int export_html(FILE *f, const struct recording *rec, const struct audit *audit, const struct predictions *set,
		const struct html_options *options);

#endif
