/* SPDX-License-Identifier: Apache-2.0 */
/* A library in C that calls back in two ways. */
#include "host.h"

ways_function both_ways;

/* Larger than the gaps between libraries: it lies beyond all of them. */
char large[64 << 20];

OWN_FRAME static void to_the_left(work_function *work)
{
	work();
	NOT_LAST();
}

OWN_FRAME static void to_the_right(work_function *work)
{
	work();
	NOT_LAST();
}

/* Left, and twice as often right. */
void both_ways(work_function *work, long times)
{
	for (long i = 0; i < times; i++) {
		to_the_left(work);
		to_the_right(work);
		to_the_right(work);
	}
}
