/* SPDX-License-Identifier: Apache-2.0 */
#include "sites/call_order.h"

#include <string.h>

#include "base/memory.h"

void call_order_release(struct call_order *order)
{
	u64map_release(&order->names);
}

void call_order_reset(struct call_order *order)
{
	order->number = 0;
}

static bool counts(const char *name)
{
	static const char *const late[] = {"runtime.panic", "runtime.goPanic", "runtime.morestack",
					   "runtime.gcWriteBarrier", "runtime.unreachableMethod"};

	for (size_t i = 0; i < ARRAY_SIZE(late); i++) {
		if (strncmp(name, late[i], strlen(late[i])) == 0)
			return false;
	}
	return true;
}

void call_order_add(struct call_order *order, const struct go_binary *bin, elf_vaddr callee)
{
	struct go_func func;
	uint64_t *number;
	bool is_new;

	number = u64map_at(&order->names, callee, &is_new);
	if (is_new && callee == 0)
		*number = 1;
	else if (is_new && go_binary_func_at(bin, callee, &func) && counts(func.name))
		*number = bytes_number(func.name, strlen(func.name));
	if (*number)
		order->number = u64_mix(order->number, *number);
}

uint64_t call_order_number(const struct call_order *order)
{
	return order->number ? order->number : 1;
}
