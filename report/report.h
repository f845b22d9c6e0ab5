/* SPDX-License-Identifier: Apache-2.0 */
/* What people and programs read: one function per output. All write to f and return 0, or -EIO if f failed. */
#ifndef ESCAUDIT_REPORT_REPORT_H
#define ESCAUDIT_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "audit/verdict.h"
#include "base/error.h"
#include "diff/diff.h"
#include "predict/prediction.h"
#include "recording/place.h"
#include "recording/recording.h"

struct report_options {
	int width; /* columns to fill at most; 100 where f is no terminal */
	bool colour;
	size_t limit; /* rows per section, 0 for all; what was left out is said */
	bool all;     /* also held, unreached, compiled-out and stale lines one by one */
};

/* The verdicts: header, divergences by bytes, confirmed lines, totals. */
int report_audit_text(FILE *f, const struct audit *audit, const struct predictions *set,
		      const struct report_options *options);
int report_audit_json(FILE *f, const struct audit *audit, const struct predictions *set);

/* Two recordings: new and more, gone and fewer, changed; with all also moved, same and the runtime's own. */
int report_diff_text(FILE *f, const struct diff *diff, const struct report_options *options);
int report_diff_json(FILE *f, const struct diff *diff);

/* The recording alone: hottest lines, by bytes. */
enum top_key {
	TOP_KEY_SITE /* file:line of the user frame, with type */,
	TOP_KEY_FUNCTION,
	TOP_KEY_PACKAGE,
	TOP_KEY_TYPE,
	TOP_KEY_CAUSE
};
/* The largest first; or in the order of the alphabet, where rows have such a member. */
enum top_order {
	TOP_BY_BYTES,
	TOP_BY_OBJECTS,
	TOP_BY_RATE, /* bytes per second since `before` */
	TOP_BY_SITE,
	TOP_BY_FUNCTION,
	TOP_BY_PACKAGE,
	TOP_BY_TYPE,
	TOP_BY_CAUSE
};
struct top_options {
	struct report_options base;
	enum top_order order;
	enum top_key key;
	bool by_replica;		/* of a merged recording: what each replica contributed to a row */
	enum place_charge charge;	/* what each observation counts for */
	const struct recording *before; /* the same window some time ago: adds rates; borrowed, may be NULL */
	const struct audit *audit; /* of the recording: adds verdicts to sites that are not charged elsewhere; borrowed,
				      may be NULL */
};
const char *top_key_name(enum top_key key);	  /* "site" … */
const char *top_order_name(enum top_order order); /* "bytes" … */
/* Whether rows of that key have what the order goes by. */
bool top_order_fits(enum top_order order, enum top_key key);
int report_top_text(FILE *f, const struct recording *rec, const struct top_options *options);
int report_top_json(FILE *f, const struct recording *rec, const struct top_options *options);

/* Emitted sites of a recording that has them, in pc order. */
int report_sites_text(FILE *f, const struct recording *rec, const struct report_options *options);
int report_sites_json(FILE *f, const struct recording *rec);

int report_predictions_text(FILE *f, const struct predictions *set, const struct report_options *options);
int report_predictions_json(FILE *f, const struct predictions *set);

#endif
