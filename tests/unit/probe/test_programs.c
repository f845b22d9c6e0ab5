/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every verifier asks of the kernel programs, looked up in the objects as they were compiled: whichever compiler
 * that was, a layout that some kernel refuses fails here and not at a user's.
 */
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <gelf.h>

#include "base/memory.h"
#include "bpf/records.h"
#include "bpf/sample_records.h"

#include "bpf/alloc.old.skel.h"
#include "bpf/alloc.skel.h"
#include "bpf/sample.old.skel.h"
#include "bpf/sample.skel.h"

struct code {
	const struct bpf_insn *insns;
	size_t n;
};

static bool is_jump(const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	return (class == BPF_JMP || class == BPF_JMP32) && op != BPF_CALL && op != BPF_EXIT;
}

/* Where control may go from instruction at, in the order in which the kernel's check_cfg() looks: at most two places.
 */
static size_t successors(const struct code *code, size_t at, size_t out[2])
{
	const struct bpf_insn *insn = &code->insns[at];
	size_t n = 0;

	if (insn->code == (BPF_JMP | BPF_EXIT))
		return 0;
	if (insn->code == (BPF_LD | BPF_IMM | BPF_DW)) {
		out[n++] = at + 2;
		return n;
	}
	if (insn->code != (BPF_JMP | BPF_JA))
		out[n++] = at + 1;
	if (is_jump(insn))
		out[n++] = at + 1 + (size_t)(ssize_t)insn->off;
	return n;
}

/*
 * Kernels up to 6.12 take an edge back into a place that the search is still on its way from for a loop they cannot
 * bound, if it is the plain step to the next instruction; a jump may be such an edge. Returns the number of such steps.
 */
static size_t count_entered_by_falling(const struct code *code)
{
	enum { UNSEEN, OPEN, DONE };
	uint8_t *state = xcalloc(code->n, 1);
	uint8_t *taken = xcalloc(code->n, 1); /* successors followed so far */
	size_t *path = xcalloc(code->n + 1, sizeof(*path));
	size_t found = 0;

	for (size_t start = 0; start < code->n; start++) {
		size_t depth = 0;

		if (state[start] != UNSEEN)
			continue;
		path[depth++] = start;
		state[start] = OPEN;
		while (depth) {
			size_t at = path[depth - 1], next[2];

			if (taken[at] == successors(code, at, next)) {
				state[at] = DONE;
				depth--;
				continue;
			}
			at = next[taken[at]++];
			cr_assert_lt(at, code->n, "a jump leads outside");
			if (state[at] == OPEN && !is_jump(&code->insns[path[depth - 1]]))
				found++;
			if (state[at] != UNSEEN)
				continue;
			state[at] = OPEN;
			path[depth++] = at;
		}
	}
	free(state);
	free(taken);
	free(path);
	return found;
}

/* Kernels before 5.12 refuse such an instruction also where it is never reached, and any other they do not know. */
static bool is_newer_than_5_11(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC && insn->imm != BPF_ADD;
}

static size_t count_newer_than_5_11(const struct code *code)
{
	size_t found = 0;

	for (size_t i = 0; i < code->n; i++)
		found += is_newer_than_5_11(&code->insns[i]);
	return found;
}

/* Every section of instructions: the subprograms of an object lie in one of their own. Returns the fetched atomics. */
static size_t check_object(const void *data, size_t size)
{
	size_t newer = 0;

	Elf_Scn *section = NULL;
	size_t sections = 0, names;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_memory((char *)(uintptr_t)data, size);
	cr_assert_not_null(elf);
	cr_assert_eq(elf_getshdrstrndx(elf, &names), 0);
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		Elf_Data *bytes;
		struct code code;

		cr_assert_not_null(gelf_getshdr(section, &header));
		if (header.sh_type != SHT_PROGBITS || !(header.sh_flags & SHF_EXECINSTR) || !header.sh_size)
			continue;
		bytes = elf_getdata(section, NULL);
		cr_assert_not_null(bytes);
		code = (struct code){bytes->d_buf, bytes->d_size / sizeof(struct bpf_insn)};
		cr_expect_eq(count_entered_by_falling(&code), 0, "section %s: a loop is entered by falling into it",
			     elf_strptr(elf, names, header.sh_name));
		newer += count_newer_than_5_11(&code);
		sections++;
	}
	cr_expect_geq(sections, 1);
	elf_end(elf);
	return newer;
}

Test(programs, no_loop_is_entered_by_falling_into_it)
{
	const void *data;
	size_t size;

	data = alloc_bpf__elf_bytes(&size);
	cr_expect_gt(check_object(data, size), 0, "what the test below looks for is found");
	data = sample_bpf__elf_bytes(&size);
	check_object(data, size);
}

Test(programs, those_for_old_kernels_have_no_newer_instruction)
{
	const void *data;
	size_t size;

	data = alloc_old_bpf__elf_bytes(&size);
	cr_expect_eq(check_object(data, size), 0);
	data = sample_old_bpf__elf_bytes(&size);
	cr_expect_eq(check_object(data, size), 0);
}

Test(programs, such_a_loop_is_found)
{
	/* goto into the middle, whose next instruction is the head that the end jumps back to */
	const struct bpf_insn refused[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1, .imm = 5},
		{.code = BPF_JMP | BPF_JA, .off = 1},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 1, .imm = -1}, /* the head */
		{.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = 1, .off = -3},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K},
		{.code = BPF_JMP | BPF_EXIT},
	};
	struct bpf_insn accepted[ARRAY_SIZE(refused)];
	struct code code = {refused, ARRAY_SIZE(refused)};

	cr_expect_eq(count_entered_by_falling(&code), 1);
	memcpy(accepted, refused, sizeof(refused));
	accepted[4].off = -2;
	code.insns = accepted;
	cr_expect_eq(count_entered_by_falling(&code), 0);
}
