/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of `top`: a recording's observations summed up by one of five keys, and sorted. */
#ifndef ESCAUDIT_REPORT_TOP_ROWS_H
#define ESCAUDIT_REPORT_TOP_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strpool.h"
#include "base/u64map.h"
#include "recording/merge.h"
#include "report/report.h"

struct top_row {
	const char *file; /* members that are no part of the key are NULL, 0, CAUSE_UNKNOWN */
	int line;
	const char *function;
	const char *package;
	const char *type;
	enum cause cause;
	const char *variable; /* of sites: that was moved to the heap into each of the objects; NULL if unknown */
	bool has_variable;    /* one of the observations was looked at */
	const char *key;      /* the same in every recording; from the pool */
	uint64_t objects, bytes, samples;
	uint64_t smallest, largest;
	double objects_off, bytes_off;		      /* as far as they may be, 95 times of 100 */
	uint64_t old_objects, old_bytes, old_samples; /* before */
	struct rec_part *parts;			      /* rows.n_replicas of them, by options->by_replica; or NULL */
	bool has_verdict;
	enum verdict_kind verdict;
};

struct top_rows {
	const struct top_options *options; /* borrowed, like the recording */
	const struct recording *rec;
	struct strpool *pool;
	struct u64map index;
	struct top_row *items;
	size_t n, alloc;
	struct top_row all;
	double seconds; /* since before; 0 where no rates are known */
	struct replica *replicas;
	size_t n_replicas; /* 0 without options->by_replica */
	bool has_verdicts; /* the rows are such that they can have one */
};

void top_rows_init(struct top_rows *rows, const struct recording *rec, const struct top_options *options);
void top_rows_release(struct top_rows *rows);

/* The key of the row that an observation of the recording counts for. From the pool. */
const char *top_rows_key(struct top_rows *rows, const struct rec_observation *o);

struct top_rate {
	double objects, bytes; /* a second */
};
/* Estimates of two moments may contradict each other: a rate is at least 0. */
struct top_rate top_row_rate(const struct top_rows *rows, const struct top_row *row);

/* Whether the rows are estimates whose errors are known. */
bool top_rows_are_estimates(const struct top_rows *rows);
/* By how much of them a row's objects and bytes may be off, 95 times of 100, in percent. */
double top_row_error_pct(const struct top_row *row);

#endif
