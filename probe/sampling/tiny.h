/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's tiny allocator: objects below 16 bytes without pointers share 16-byte slots (src/runtime/malloc.go, the
 * same rule from Go 1.19 to 1.27). Refills see slots; this says how many objects of each size are behind them.
 */
#ifndef ESCAUDIT_PROBE_SAMPLING_TINY_H
#define ESCAUDIT_PROBE_SAMPLING_TINY_H

#include <stddef.h>

#define TINY_SLOT 16

/*
 * How often an object of each size opens a slot, in a long sequence of objects in random order of which the part mix[t]
 * has t bytes. rate[t] is 1 for sizes that do not occur.
 */
void tiny_opening_rates(const double mix[TINY_SLOT], double rate[TINY_SLOT]);

/*
 * The numbers of objects of each size if those of size t opened slots[t] slots: the mix under which they would have.
 */
void tiny_objects(const double slots[TINY_SLOT], double objects[TINY_SLOT]);

#endif
