/* SPDX-License-Identifier: Apache-2.0 */
/* The observed account by return address, for verdicts: internal to audit/. */
#ifndef ESCAUDIT_AUDIT_OBSERVED_H
#define ESCAUDIT_AUDIT_OBSERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/keymap.h"
#include "base/u64map.h"
#include "recording/recording.h"

/* What was seen at one return address, or at one location outside of the binary. */
struct seen {
	uint64_t objects, bytes, smallest, largest, samples;
	const char *type; /* this and the cause: of most bytes from one stack, which varies less than sums of all */
	enum cause cause;
	uint64_t most_bytes;
	const char *first_type;
	size_t n_types;
	bool taken;	/* by a verdict, */
	size_t account; /* the index of that verdict */
	uint32_t location;
};

struct observed {
	const struct recording *rec; /* borrowed */
	struct seen *items;
	size_t n, alloc;
	struct u64map at;			 /* return address, or location -> index into items */
	struct keymap types;			 /* (place in items, type), but for the first of each place */
	uint64_t runtime_objects, runtime_bytes; /* the runtime's own account, which is in no item */
};

void observed_collect(struct observed *o, const struct recording *rec);
void observed_release(struct observed *o);

/* What was seen at a return address; NULL if nothing. */
struct seen *observed_at(const struct observed *o, uint64_t ret);
/* What one of the recording's observations with a user frame was counted in; NULL if in nothing. */
struct seen *observed_of(const struct observed *o, const struct rec_observation *obs);
/* The emitted site with that return address; NULL if there is none. */
const struct rec_site *observed_site(const struct observed *o, uint64_t ret);
/*
 * The runtime at work on its own account while it stands on a user's stack: a collection that a large object starts
 * makes goroutines of its own. The line is not to blame, and its own objects must not be mixed with them.
 */
bool observed_is_own_account(const struct observed *o, const struct rec_observation *obs);

#endif
