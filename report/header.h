/* SPDX-License-Identifier: Apache-2.0 */
/* What stands above every text report of a recording: what was looked at, how, and what is missing. */
#ifndef ESCAUDIT_REPORT_HEADER_H
#define ESCAUDIT_REPORT_HEADER_H

#include <stdio.h>

#include "base/strbuf.h"
#include "report/report.h"
#include "report/text_table.h"

/* "label    text", broken at blanks under the text. */
void header_line(FILE *f, const char *label, const char *text, enum text_style style,
		 const struct report_options *options);

/* The texts behind the labels: target, build, window, LOST (nothing where nothing is lost) and log. */
void header_add_target(struct strbuf *sb, const struct recording *rec);
void header_add_build(struct strbuf *sb, const struct recording *rec);
void header_add_window(struct strbuf *sb, const struct recording *rec);
void header_add_losses(struct strbuf *sb, const struct recording *rec);
void header_add_log(struct strbuf *sb, const struct audit *audit, const struct predictions *set);
/* How many functions have known columns, and why not more. Where no twin was asked for: nothing, or how many verdicts
 * are ambiguous for want of columns. */
void header_add_columns(struct strbuf *sb, const struct audit *audit, const struct predictions *set);

void header_put(FILE *f, const struct recording *rec, const struct report_options *options);
#define HEADER_MISMATCH "the log and the binary are not of one build: what follows may be wrong"
/* Nothing where log and binary are of one build, as far as is known. */
void header_put_mismatch(FILE *f, const struct audit *audit, const struct report_options *options);
enum text_style header_verdict_style(enum verdict_kind kind);
/* Only target and build, for what needs no run. */
void header_put_binary(FILE *f, const struct recording *rec, const struct report_options *options);
/* What of the window may be missing: losses and allocator entries not covered. Nothing where nothing is. */
void header_put_missing(FILE *f, const struct recording *rec, const struct report_options *options);
/* "T", or "T and 2 others" where objects are of several types. */
void header_add_type(struct strbuf *sb, const char *type, size_t others);
/* "17 more, 1.2 kB; --limit 0 shows all" beneath a section that options->limit cut; bytes 0 is left out. */
void header_put_left_out(FILE *f, size_t n, uint64_t bytes, const struct report_options *options);

/* The end of a text report: 0, or -EIO if f failed. */
int report_finish(FILE *f);

#endif
