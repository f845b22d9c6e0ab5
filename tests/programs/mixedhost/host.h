/* SPDX-License-Identifier: Apache-2.0 */
/* What hosts of a library have in common: the way to it, which is not to be inlined nor to end in a jump. */
#ifndef HOST_H
#define HOST_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef __clang__
#define OWN_FRAME __attribute__((noinline))
#else
#define OWN_FRAME __attribute__((noipa))
#endif
#define NOT_LAST() __asm__ volatile("" ::: "memory")

typedef void work_function(void);
typedef void ways_function(work_function *work, long times);

OWN_FRAME static void host_inner(work_function *work)
{
	work();
	NOT_LAST();
}

OWN_FRAME static void host_outer(work_function *work, long times)
{
	for (long i = 0; i < times; i++)
		host_inner(work);
	NOT_LAST();
}

#endif
