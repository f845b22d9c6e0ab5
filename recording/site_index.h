/* SPDX-License-Identifier: Apache-2.0 */
/* Which emitted site a return address belongs to: the one place where that is searched. Observations carry the answer.
 */
#ifndef ESCAUDIT_RECORDING_SITE_INDEX_H
#define ESCAUDIT_RECORDING_SITE_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/u64map.h"
#include "recording/recording.h"

struct site_index {
	struct u64map at; /* return address -> index into the recording's sites */
};

/* Covers the sites that rec has now. */
void site_index_init(struct site_index *index, const struct recording *rec);
void site_index_release(struct site_index *index);
/* An index into the recording's sites; REC_NO_SITE if there is none, as for an address outside the binary. */
size_t site_index_find(const struct site_index *index, uint64_t ret);

/* The site of an observation, by the return address of its user frame. */
size_t site_index_of(const struct site_index *index, const struct recording *rec, const struct rec_observation *o);

#endif
