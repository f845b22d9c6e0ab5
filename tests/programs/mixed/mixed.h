/* SPDX-License-Identifier: Apache-2.0 */
/* What the Go part calls. Each takes how often it calls back, or how deep it goes before it does. */
#ifndef MIXED_H
#define MIXED_H

#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

void outer(int times);
void nest(int levels);
void paths(int left, int right);
void in_thread(int times);
void cxx_catch(int times);
void big(int times);
void deep(int depth);
void deeper(int depth);
void sorted(void);
void signals(int times);
void with_memory(const char *text);
void inlining(int times);
void many(int stacks);

#ifdef __cplusplus
}
#endif

#endif
