/* SPDX-License-Identifier: Apache-2.0 */
/* Source text with the three accounts beside each line: what was predicted, what was compiled, what was observed. */
#ifndef ESCAUDIT_REPORT_ANNOTATE_H
#define ESCAUDIT_REPORT_ANNOTATE_H

#include <stdbool.h>
#include <stdio.h>

#include "audit/verdict.h"
#include "base/error.h"
#include "recording/place.h"
#include "recording/recording.h"
#include "report/report.h"

struct annotation;

struct annotate_options {
	const char *source_root;  /* directory of the main module's source; NULL: as recorded, else the current one */
	enum place_charge charge; /* what each observation counts for */
};

/*
 * what is a file (the end of its path, from a slash on) or else a function (its whole name, without its import path, or
 * without its package). audit may be NULL. Borrows rec and audit. -ENOENT if the recording knows neither or the source
 * is not found, -EINVAL if several files or functions are meant.
 */
int annotation_new(struct annotation **out, const struct recording *rec, const struct audit *audit, const char *what,
		   const struct annotate_options *options, struct error *err);
void annotation_free(struct annotation *annotation); /* accepts NULL */

int report_annotation_text(FILE *f, const struct annotation *annotation, const struct report_options *options);
int report_annotation_json(FILE *f, const struct annotation *annotation);

#endif
