/* SPDX-License-Identifier: Apache-2.0 */
/* The observed account by call, for verdicts: internal to audit/. */
#ifndef ESCAUDIT_AUDIT_OBSERVED_H
#define ESCAUDIT_AUDIT_OBSERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/keymap.h"
#include "base/u64map.h"
#include "recording/recording.h"

/* What was seen at one call. */
struct seen {
	uint64_t objects, bytes, smallest, largest, samples;
	const char *type; /* this and the cause: of most bytes from one stack, which varies less than sums of all */
	enum cause cause;
	uint64_t most_bytes;
	const char *first_type;
	size_t n_types;
	bool taken;	/* by a verdict, */
	size_t account; /* the index of that verdict */
	size_t site;	/* REC_NO_SITE for a call that is none */
	uint32_t location;
};

struct observed {
	const struct recording *rec; /* borrowed */
	struct seen *items;
	size_t n, alloc;
	struct u64map at;			 /* site, or behind all sites location -> index into items */
	struct keymap types;			 /* (place in items, type), but for the first of each place */
	uint64_t runtime_objects, runtime_bytes; /* the runtime's own account, which is in no item */
};

void observed_collect(struct observed *o, const struct recording *rec);
void observed_release(struct observed *o);

/* What was seen at a site of the recording; NULL if nothing. */
struct seen *observed_at_site(const struct observed *o, const struct rec_site *site);
/* What an observation went into; NULL where that is the runtime's own account. */
struct seen *observed_of(const struct observed *o, const struct rec_observation *obs);

#endif
