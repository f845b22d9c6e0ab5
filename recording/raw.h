/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a capture brings home before anything has a name: addresses and counts. Filled by probe/, turned into a
 * recording by recording_assemble().
 */
#ifndef ESCAUDIT_RECORDING_RAW_H
#define ESCAUDIT_RECORDING_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "recording/recording.h"
#include "symbolize/c_files.h"
#include "symbolize/symbolizer.h"

/* In place of a return address of the binary: one in C code, with an index into raw_capture.c_frames. */
#define RAW_PC_C (1ull << 63)

struct raw_c_frame {
	uint32_t file;	 /* number in raw_capture.c_files */
	elf_vaddr ret;	 /* in that file's own addresses */
	const char *cut; /* no frame at all: why those of C are missing from here on; lives on */
};

struct raw_stack {
	const elf_vaddr *pcs; /* return addresses, leaf first; owned by the capture */
	uint32_t depth;	      /* 0: the stack's addresses never arrived */
	bool truncated;
};

struct raw_observation {
	uint32_t stack; /* index */
	elf_vaddr type; /* type descriptor, 0 for none */
	uint64_t objects;
	uint64_t bytes;
	uint64_t smallest;
	uint64_t largest;
	/* of estimates; all 0 where every object was counted */
	uint64_t samples;
	double error_pct;
	const char *type_name; /* in place of type, where only the name is known; owned by the capture */
};

/* A further Go module of the process, a plugin: borrowed. */
struct raw_module {
	const struct go_binary *bin;
	uint64_t displacement; /* its vaddrs, so much higher, are the addresses in stacks and types */
};

struct raw_capture {
	const struct raw_stack *stacks;
	size_t n_stacks;
	size_t n_different; /* of them; the others are the same as one before */
	const struct raw_observation *observations;
	size_t n_observations;
	const struct raw_module *modules;
	size_t n_modules;
	const struct raw_c_frame *c_frames; /* owned by the capture, and the files too */
	size_t n_c_frames;
	struct c_files *c_files;
	bool types_from_sites; /* no observation knows its type: it has the one that the machine code tells of its site
				*/
};

/*
 * Names everything and adds it to rec: locations with inline chains, types, causes. Where rec already has the binary's
 * sites, a site lends its observations what only the machine code tells (the cause of a direct allocator call). sym and
 * bin belong together. Observations whose stack never arrived are added with a single unknown location, and counted as
 * the loss "stacks missing".
 */
void recording_assemble(struct recording *rec, const struct raw_capture *raw, const struct go_binary *bin,
			struct symbolizer *sym);

#endif
