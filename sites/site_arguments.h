/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a call hands the runtime, as far as the instructions around it hold it as constants: type, size, buffer, and the
 * function of a new closure. Internal to sites/.
 */
#ifndef ESCAUDIT_SITES_SITE_ARGUMENTS_H
#define ESCAUDIT_SITES_SITE_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <Zydis/Zydis.h>

#include "base/strpool.h"
#include "recording/recording.h"
#include "symbolize/go_binary.h"
#include "symbolize/go_runtime.h"

/* A function whose instructions are being decoded in order. */
struct function_code {
	const struct go_binary *bin;
	ZydisDecoder decoder; /* operands too */
	const uint8_t *code;
	size_t size;
	elf_vaddr entry;
	uint32_t *starts; /* offsets of its instructions so far */
	size_t n_starts, alloc_starts;
	uint8_t *is_target; /* one bit a byte: some jump lands here */
	size_t alloc_target;
};

/* A jump to that offset was decoded; offsets outside the function are left out. */
void function_code_mark_target(struct function_code *f, uint64_t offset);

/*
 * Fills in what the constants before the call at instruction `call` say; strings go to pool. False where the callee
 * takes a type and no constant was found for it.
 */
bool site_arguments_read(const struct function_code *f, struct strpool *pool, struct rec_site *site,
			 const struct callee_info *info, size_t call);
/*
 * The function of the closure that the object made by the call before `after` becomes: its address is the first word
 * stored into it. NULL if the next instructions do not show it.
 */
const char *site_closure_function(const struct function_code *f, size_t after);

#endif
