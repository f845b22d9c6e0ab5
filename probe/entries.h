/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which functions of a Go binary make heap objects, and on which instruction of each the probe sits, so that every
 * object is counted exactly once.
 *
 * Decided from the binary at hand, never from its version alone: size-specialised allocators, GOEXPERIMENT, -race and
 * PGO all change the answer. Up to Go 1.23 runtime.mallocgc is the one entry. From 1.24 it dispatches to implementation
 * functions, and from 1.27 compiled code calls some of these directly: then they are the entries and mallocgc is not.
 * Where PGO inlined one of them, mallocgc is an entry too and a hit that comes from inside it is dropped at the inner
 * entry.
 */
#ifndef ESCAUDIT_PROBE_ENTRIES_H
#define ESCAUDIT_PROBE_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "symbolize/go_binary.h"

enum point_class {
	POINT_PUSH, /* `push %rbp` after the stack check: emulated, runs once a call */
	POINT_JCC,  /* the stack check's own jump: emulated, but comes back when it is taken */
};

/* The allocation point: one instruction in an allocator entry. */
struct alloc_point {
	elf_vaddr vaddr;
	enum point_class class;
};

/*
 * Decodes the prologue at code, size bytes of the function at entry. Accepts the three shapes of the stack check that
 * the Go assembler emits (cmd/internal/obj/x86/obj6.go, stacksplit) and none else: false for anything it does not know.
 */
bool alloc_point_decode(const uint8_t *code, size_t size, elf_vaddr entry, struct alloc_point *out);

struct alloc_entry {
	const char *name; /* valid as long as the binary */
	elf_vaddr entry;
	struct alloc_point point;
	elf_offset offset; /* of the point in the file: what the probe is given */
	bool is_partial;   /* drop hits whose return address lies in the dispatcher */
};

struct alloc_entries {
	struct alloc_entry *items;
	size_t n;
	elf_vaddr dispatcher_start; /* body of mallocgc where the return-address rule holds, else 0 */
	elf_vaddr dispatcher_end;
	char *missed; /* a sentence naming what cannot be covered; NULL where coverage is complete */
};

/*
 * Fills out (release with alloc_entries_release). -ENODATA if the binary has no allocator entry, -ENOTSUP if one of
 * them begins in a way no fact covers.
 */
int alloc_entries_find(struct alloc_entries *out, const struct go_binary *bin, struct error *err);
void alloc_entries_release(struct alloc_entries *entries);

#endif
