/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/sampling/tiny.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* Until the distribution of offsets stands. Mixed sizes forget within a few objects where they began; a single small
 * one takes the longest. */
#define CHAIN_STEPS 2048
#define STANDS	    1e-7
/* Rounds of slots -> objects -> mix -> slots. */
#define ROUNDS 40

static size_t aligned(size_t offset, size_t size)
{
	size_t unit = size % 8 == 0 ? 8 : size % 4 == 0 ? 4 : size % 2 == 0 ? 2 : 1;

	return (offset + unit - 1) / unit * unit;
}

void tiny_opening_rates(const double mix[TINY_SLOT], double rate[TINY_SLOT])
{
	double at[TINY_SLOT + 1] = {[TINY_SLOT] = 1}, next[TINY_SLOT + 1], sum = 0, moved = 1;

	for (size_t t = 1; t < TINY_SLOT; t++)
		sum += mix[t];
	for (int step = 0; sum > 0 && moved > STANDS && step < CHAIN_STEPS; step++) {
		moved = 0;
		memset(next, 0, sizeof(next));
		for (size_t offset = 0; offset <= TINY_SLOT; offset++) {
			for (size_t t = 1; t < TINY_SLOT && at[offset] > 0; t++) {
				size_t end = aligned(offset, t) + t;

				/* The old slot or the new one stays current, whichever has more left. */
				if (end > TINY_SLOT)
					end = t < offset ? t : offset;
				next[end] += at[offset] * mix[t] / sum;
			}
		}
		/* Half of the old: a single size would go round in a circle for ever. */
		for (size_t offset = 0; offset <= TINY_SLOT; offset++) {
			moved += fabs(next[offset] - at[offset]);
			at[offset] = (at[offset] + next[offset]) / 2;
		}
	}
	for (size_t t = 0; t < TINY_SLOT; t++) {
		rate[t] = 0;
		for (size_t offset = 0; offset <= TINY_SLOT; offset++) {
			if (aligned(offset, t ? t : 1) + t > TINY_SLOT)
				rate[t] += at[offset];
		}
		if (t == 0 || mix[t] <= 0)
			rate[t] = 1;
	}
}

void tiny_objects(const double slots[TINY_SLOT], double objects[TINY_SLOT])
{
	double rate[TINY_SLOT];

	objects[0] = 0;
	for (size_t t = 1; t < TINY_SLOT; t++)
		objects[t] = slots[t] * floor((double)TINY_SLOT / (double)t);
	for (int round = 0; round < ROUNDS; round++) {
		tiny_opening_rates(objects, rate);
		for (size_t t = 1; t < TINY_SLOT; t++) {
			if (slots[t] > 0)
				objects[t] = sqrt(objects[t] * slots[t] / fmax(rate[t], 1e-3));
		}
	}
}
