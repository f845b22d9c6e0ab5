/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emitted account: every call instruction outside the runtime whose callee may allocate, read from the machine code
 * without running it, with the type, the size and the cause as far as the instructions before the call hold them as
 * constants. With each goes the number of all calls of its function, in order: two builds of one source that were
 * compiled alike have the same (call_order.h).
 */
#ifndef ESCAUDIT_SITES_SITES_H
#define ESCAUDIT_SITES_SITES_H

#include <stddef.h>

#include "base/error.h"
#include "recording/raw.h"
#include "recording/recording.h"
#include "symbolize/symbolizer.h"

/* What could not be decoded, for the report. */
struct sites_stats {
	size_t functions;    /* decoded */
	size_t undecodable;  /* functions cut short by an instruction that does not decode */
	size_t without_type; /* sites whose callee takes a type that no constant was found for */
};

/*
 * Adds the sites of bin, in pc order, and the extents of its functions to rec, and sets rec->has_sites. sym and bin
 * belong together. stats may be NULL. -ENODATA if the binary has no allocating runtime function at all, -ESTALE
 * if its file was written to meanwhile.
 */
int sites_decode(struct recording *rec, const struct go_binary *bin, struct symbolizer *sym, struct sites_stats *stats,
		 struct error *err);

/* The same for parts of a binary: it knows which functions of the runtime allocate. */
struct site_decoder;

/* bin and sym belong together and are borrowed. Errors as above; on success the caller frees *out. */
int site_decoder_new(struct site_decoder **out, const struct go_binary *bin, struct symbolizer *sym, struct error *err);
void site_decoder_free(struct site_decoder *decoder);

/*
 * Adds to rec, in no order, the sites of the functions that raw's stacks charge: the first of each stack that is not
 * the runtime's. Enough to name what was observed, a thousandth of the whole. No extents, and rec->has_sites stays as
 * it is: of what was not observed rec then says nothing.
 */
void site_decoder_add_seen(struct site_decoder *decoder, struct recording *rec, const struct raw_capture *raw);

#endif
