/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/sampling/heap_stats.h"

#include <string.h>
#include <sys/uio.h>

#include <Zydis/Zydis.h>

#include "base/memory.h"

#define ATTEMPTS 4
#define ACQUIRE	 "runtime.(*consistentHeapStats).acquire"

elf_vaddr address_before_call(const uint8_t *code, size_t size, elf_vaddr entry, elf_vaddr callee)
{
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;
	ZydisDecoder decoder;
	elf_vaddr in_rax = 0, found = 0;

	if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
		return 0;
	for (size_t at = 0; at < size; at += insn.length) {
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code + at, size - at, &insn, ops)))
			return 0;
		if (insn.meta.category == ZYDIS_CATEGORY_CALL) {
			if (in_rax && ops[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && ops[0].imm.is_relative &&
			    entry + at + insn.length + (uint64_t)ops[0].imm.value.s == callee) {
				if (found && found != in_rax)
					return 0;
				found = in_rax;
			}
			in_rax = 0;
			continue;
		}
		/* A jump may end here with something else in RAX, but the compiler loads an argument right before the
		 * call. */
		if (insn.meta.category == ZYDIS_CATEGORY_COND_BR || insn.meta.category == ZYDIS_CATEGORY_UNCOND_BR)
			in_rax = 0;
		for (int i = 0; i < insn.operand_count; i++) {
			if (ops[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
			    (ops[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) &&
			    ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, ops[i].reg.value) ==
				    ZYDIS_REGISTER_RAX)
				in_rax = 0;
		}
		if (insn.mnemonic == ZYDIS_MNEMONIC_LEA && ops[0].reg.value == ZYDIS_REGISTER_RAX &&
		    ops[1].mem.base == ZYDIS_REGISTER_RIP && ops[1].mem.index == ZYDIS_REGISTER_NONE)
			in_rax = entry + at + insn.length + (uint64_t)ops[1].mem.disp.value;
	}
	return found;
}

void heap_stats_find(struct heap_stats_place *out, const struct go_binary *bin)
{
	static const char *const callers[] = {"runtime.(*mcache).refill", "runtime.(*mcache).releaseAll",
					      "runtime.(*mcache).allocLarge", "runtime.(*mcache).nextFree",
					      "runtime.(*mcache).prepareForSweep"};
	const struct elf_image *image = go_binary_image(bin);
	bool has_gc_bits = go_binary_minor(bin) < 25; /* inPtrScalarBits, before the counts */
	struct go_func acquire, func;
	elf_vaddr found = 0;

	*out = (struct heap_stats_place){.words = HEAP_STATS_WORDS - !has_gc_bits, .first = 5 + has_gc_bits};
	for (size_t i = 0; i < ARRAY_SIZE(callers) && go_binary_func_named(bin, ACQUIRE, &acquire); i++) {
		const uint8_t *code;
		size_t size;
		elf_vaddr address;

		if (!go_binary_func_named(bin, callers[i], &func))
			continue;
		size = func.end - func.entry;
		code = elf_image_view(image, func.entry, size);
		if (!code)
			continue;
		address = address_before_call(code, size, func.entry, acquire.entry);
		if (address && found && address != found)
			return;
		found = address ? address : found;
	}
	/* heapStats is memstats' first field. */
	if (!found && !elf_image_symbol(image, "runtime.memstats", &found, NULL))
		found = 0;
	out->address = found;
}

void heap_stats_sum(const struct heap_stats_place *place, const uint64_t *words, struct heap_stats *out)
{
	memset(out, 0, sizeof(*out));
	/* The three parts are of different moments; all that ever was counted is in their sum. */
	for (size_t part = 0; part < HEAP_STATS_PARTS; part++) {
		const uint64_t *w = words + part * place->words + place->first;

		out->tiny += w[0];
		out->large_bytes += w[1];
		out->large += w[2];
		for (size_t i = 0; i < SIZE_CLASSES; i++)
			out->small[i] += w[3 + i];
	}
}

static bool read_once(const struct heap_stats_place *place, pid_t pid, uint64_t bias, struct heap_stats *out)
{
	uint64_t words[HEAP_STATS_PARTS * HEAP_STATS_WORDS];
	size_t bytes = (size_t)HEAP_STATS_PARTS * place->words * sizeof(words[0]);
	struct iovec local = {words, bytes};
	struct iovec remote = {(void *)(uintptr_t)(place->address + bias), bytes};

	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != (ssize_t)bytes)
		return false;
	heap_stats_sum(place, words, out);
	return true;
}

/* b right after a: nothing may have shrunk, and little may have grown. */
static bool follows(const struct heap_stats *a, const struct heap_stats *b)
{
	uint64_t sum_a = a->tiny + a->large, sum_b = b->tiny + b->large;

	for (size_t i = 0; i < SIZE_CLASSES; i++) {
		if (b->small[i] < a->small[i])
			return false;
		sum_a += a->small[i];
		sum_b += b->small[i];
	}
	return b->tiny >= a->tiny && b->large >= a->large && sum_b - sum_a <= sum_a / 16 + 100000;
}

bool heap_stats_read(const struct heap_stats_place *place, pid_t pid, uint64_t bias, struct heap_stats *out)
{
	struct heap_stats before;

	if (!place->address || pid <= 0)
		return false;
	/* The runtime folds the parts into each other when it is asked for statistics: a microsecond in which some of
	 * it is there twice. */
	for (int i = 0; i < ATTEMPTS; i++) {
		if (!read_once(place, pid, bias, &before) || !read_once(place, pid, bias, out))
			return false;
		if (follows(&before, out))
			return true;
	}
	return false;
}
