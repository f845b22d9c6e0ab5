/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products of up to four 64-bit numbers, compared without rounding. Counts per unit of work are fractions; two
 * fractions are compared by multiplying across, and a quotient is never formed: 9 objects in 10 units and 10 in 11 are
 * what they are.
 */
#ifndef ESCAUDIT_BASE_EXACT_H
#define ESCAUDIT_BASE_EXACT_H

#include <stddef.h>
#include <stdint.h>

struct exact {
	uint64_t word[4]; /* least first */
};

static inline struct exact exact_of(uint64_t n)
{
	return (struct exact){{n, 0, 0, 0}};
}

/* a * n; a must be a product of at most three numbers so far. */
static inline struct exact exact_times(struct exact a, uint64_t n)
{
	unsigned __int128 carry = 0;

	for (size_t i = 0; i < 4; i++) {
		carry += (unsigned __int128)a.word[i] * n;
		a.word[i] = (uint64_t)carry;
		carry >>= 64;
	}
	return a;
}

/* -1, 0, 1 */
static inline int exact_compare(struct exact a, struct exact b)
{
	for (size_t i = 4; i-- > 0;) {
		if (a.word[i] != b.word[i])
			return a.word[i] < b.word[i] ? -1 : 1;
	}
	return 0;
}

/* a - b; b must not be the larger. */
static inline struct exact exact_minus(struct exact a, struct exact b)
{
	uint64_t borrow = 0;

	for (size_t i = 0; i < 4; i++) {
		uint64_t d = a.word[i] - b.word[i], less = a.word[i] < b.word[i];

		a.word[i] = d - borrow;
		borrow = less | (d < borrow);
	}
	return a;
}

#endif
