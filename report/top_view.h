/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording's rows for a view that is refreshed, sorted and scrolled: made once for each look at the process, printed
 * in parts. What is printed says more than the report of a finished recording: rates, and what the look costs.
 */
#ifndef ESCAUDIT_REPORT_TOP_VIEW_H
#define ESCAUDIT_REPORT_TOP_VIEW_H

#include <stddef.h>
#include <stdio.h>

#include "report/report.h"

struct top_view;

/* Borrows rec and what the options name. */
struct top_view *top_view_new(const struct recording *rec, const struct top_options *options);
void top_view_free(struct top_view *view); /* accepts NULL */

size_t top_view_count(const struct top_view *view);
/* What a row is known by in other views of the same key; borrowed from the view. */
const char *top_view_key(const struct top_view *view, size_t row);
/* The row of that name, or SIZE_MAX. */
size_t top_view_find(const struct top_view *view, const char *key);

/* A mismatch of builds, target, build, window, losses, cost, totals. */
void top_view_put_header(FILE *f, const struct top_view *view);
/* A line of titles, and one for each of at most n rows from the first on; nothing where there is none. */
void top_view_put_rows(FILE *f, const struct top_view *view, size_t first, size_t n);
/* The stacks of a row, most bytes first: a line of counts, then one for each frame. Returns how many stacks. */
size_t top_view_put_stacks(FILE *f, struct top_view *view, const char *key);

/* All of it at once, options->limit rows. 0, or -EIO if f failed. */
int top_view_text(FILE *f, const struct top_view *view);
int top_view_json(FILE *f, const struct top_view *view);

#endif
