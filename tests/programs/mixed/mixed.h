/* SPDX-License-Identifier: Apache-2.0 */
/* What the Go part calls. Each takes how often it calls back, or how deep it goes before it does. */
#ifndef MIXED_H
#define MIXED_H

#include <stdlib.h>

/* A function that is not inlined, and whose last call does not become a jump. */
#ifdef __clang__
#define OWN_FRAME __attribute__((noinline))
#else
#define OWN_FRAME __attribute__((noipa))
#endif
#define NOT_LAST() __asm__ volatile("" ::: "memory")

#ifdef __cplusplus
extern "C" {
#endif

void outer(int times);
void nest(int levels);
void paths(int left, int right);
void in_thread(int times);
void cxx_catch(int times);
void big(int times);
void edge(size_t size);
void deep(int depth);
void deeper(int depth);
void sorted(void);
void signals(int times);
void with_memory(const char *text);
void inlining(int times);
void many(int stacks);
void same_way(int times);

#ifdef __cplusplus
}
#endif

#endif
