/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel programs of a recording, loaded as for one, attached to the small target inside this program, and asked
 * what they saw of a known number of calls.
 */
#ifndef ESCAUDIT_PROBE_TRIAL_H
#define ESCAUDIT_PROBE_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "probe/programs.h"

/* What a trial did and saw; as far as it came. */
struct trial {
	bool loaded;	 /* the programs were, and what failed, if anything, came after */
	uint64_t calls;	 /* of the target's allocator entry, or of its slow path */
	uint64_t seen;	 /* objects, or samples */
	uint64_t bytes;	 /* of these objects; of sampled ones, 0 where the settings are not the target's own */
	uint64_t slots;	 /* sampling: of all spans that the target gave up */
	uint64_t stacks; /* different ones whose addresses came */
};

/* Settings that fit the target: what a trial with them sees must be right to the last frame and type. */
void trial_settings_exact(struct alloc_settings *out, enum attach_method method);
void trial_settings_sample(struct sample_settings *out, enum attach_method method);

/*
 * Calls the target so many times on each of two stacks. own: the settings are those from above; other binaries' are
 * loaded just as well, and count, but name what they see otherwise. -EIO if the count is not what was called, with both
 * in the sentence; errors of loading and attaching otherwise.
 */
int trial_exact(struct trial *out, const struct alloc_settings *settings, bool own, uint64_t calls, struct error *err);
/* One stack, and as many spans given up. */
int trial_sample(struct trial *out, const struct sample_settings *settings, bool own, uint64_t calls,
		 struct error *err);

#endif
