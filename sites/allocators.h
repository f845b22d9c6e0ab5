/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which functions of the runtime may allocate, so that a call of one from outside is a site: those that can reach the
 * allocator, and those that go_runtime_callee knows. Internal to sites/.
 */
#ifndef ESCAUDIT_SITES_ALLOCATORS_H
#define ESCAUDIT_SITES_ALLOCATORS_H

#include <stddef.h>

#include "base/u64map.h"
#include "symbolize/go_binary.h"
#include "symbolize/go_runtime.h"

struct allocator {
	const char *name; /* the binary's */
	const struct callee_info *info;
};

struct allocators {
	struct allocator *items;
	size_t n, alloc;
	struct u64map at; /* entry vaddr -> index into items */
};

/* n is 0 for what is no complete Go program. */
void allocators_find(struct allocators *out, const struct go_binary *bin);
void allocators_release(struct allocators *allocators);
/* The function that begins at entry; NULL if it does not allocate. */
const struct allocator *allocators_at(const struct allocators *allocators, elf_vaddr entry);

#endif
