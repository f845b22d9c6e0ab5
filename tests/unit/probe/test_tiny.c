/* SPDX-License-Identifier: Apache-2.0 */
/* The tiny allocator's rule run object by object, against the rates computed for it. */
#include <criterion/criterion.h>

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"
#include "probe/sampling/tiny.h"

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* As runtime/malloc.go has it: true if an object of that size opens a slot. */
static bool allocate(size_t *offset, size_t size)
{
	size_t at = *offset;

	if (size % 8 == 0)
		at = (at + 7) / 8 * 8;
	else if (size % 4 == 0)
		at = (at + 3) / 4 * 4;
	else if (size % 2 == 0)
		at = (at + 1) / 2 * 2;
	if (at + size <= TINY_SLOT) {
		*offset = at + size;
		return false;
	}
	if (size < *offset)
		*offset = size;
	return true;
}

static void simulate(const double mix[TINY_SLOT], size_t n, double objects[TINY_SLOT], double slots[TINY_SLOT])
{
	uint64_t random = 88172645463325252u;
	size_t offset = TINY_SLOT;
	double sum = 0;

	for (size_t t = 0; t < TINY_SLOT; t++) {
		objects[t] = slots[t] = 0;
		sum += mix[t];
	}
	for (size_t i = 0; i < n; i++) {
		double at = (double)(next_random(&random) >> 11) / 9007199254740992.0 * sum;
		size_t t = 1;

		while (t < TINY_SLOT - 1 && (at -= mix[t]) >= 0)
			t++;
		objects[t]++;
		slots[t] += allocate(&offset, t);
	}
}

static const double mixes[][TINY_SLOT] = {
	{[1] = 1},
	{[5] = 1},
	{[8] = 1},
	{[15] = 1},
	{[4] = 40, [8] = 50},
	{[1] = 10, [2] = 5, [8] = 3, [12] = 7},
	{[1] = 1, [3] = 1, [5] = 1, [7] = 1, [9] = 1, [11] = 1, [13] = 1, [15] = 1},
	{[4] = 1000, [12] = 1},
};

Test(tiny, rates_are_those_of_the_rule)
{
	for (size_t m = 0; m < ARRAY_SIZE(mixes); m++) {
		double objects[TINY_SLOT], slots[TINY_SLOT], rate[TINY_SLOT];

		simulate(mixes[m], 400000, objects, slots);
		tiny_opening_rates(mixes[m], rate);
		for (size_t t = 1; t < TINY_SLOT; t++) {
			if (objects[t] > 1000)
				cr_expect_float_eq(rate[t], slots[t] / objects[t], 0.01,
						   "mix %zu, %zu bytes: %g, not %g", m, t, rate[t],
						   slots[t] / objects[t]);
		}
	}
}

Test(tiny, slots_give_the_objects_back)
{
	for (size_t m = 0; m < ARRAY_SIZE(mixes); m++) {
		double objects[TINY_SLOT], slots[TINY_SLOT], found[TINY_SLOT];

		simulate(mixes[m], 400000, objects, slots);
		tiny_objects(slots, found);
		for (size_t t = 1; t < TINY_SLOT; t++) {
			if (objects[t] > 5000)
				cr_expect_float_eq(found[t] / objects[t], 1, 0.03, "mix %zu, %zu bytes: %g, not %g", m,
						   t, found[t], objects[t]);
		}
	}
}

Test(tiny, nothing_comes_of_nothing)
{
	const double none[TINY_SLOT] = {0};
	double objects[TINY_SLOT];

	tiny_objects(none, objects);
	for (size_t t = 0; t < TINY_SLOT; t++)
		cr_expect_eq(objects[t], 0);
}
