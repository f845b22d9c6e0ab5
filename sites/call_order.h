/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of a function's calls as one number: two builds of the same source compiled alike have the same. Internal
 * to sites/.
 *
 * Calls whose place the compiler chooses late, by what is unlikely, do not count: checks that panic, growing the stack,
 * write barriers.
 */
#ifndef ESCAUDIT_SITES_CALL_ORDER_H
#define ESCAUDIT_SITES_CALL_ORDER_H

#include <stdint.h>

#include "base/u64map.h"
#include "symbolize/go_binary.h"

struct call_order {
	uint64_t number;     /* of the calls so far */
	struct u64map names; /* entry vaddr of a callee -> number of its name, 0 for those that do not count */
};

void call_order_release(struct call_order *order);
/* A function begins. */
void call_order_reset(struct call_order *order);
/* A call of the function that begins at callee; 0 where the address is in a register or in memory. */
void call_order_add(struct call_order *order, const struct go_binary *bin, elf_vaddr callee);
/* Never 0, which stands for unknown. */
uint64_t call_order_number(const struct call_order *order);

#endif
