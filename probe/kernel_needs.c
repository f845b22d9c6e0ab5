/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/kernel_needs.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/memory.h"
#include "base/strbuf.h"

/* include/uapi/linux/bpf.h of Linux 5.12; the headers of a build may be older. */
#ifndef BPF_FETCH
#define BPF_FETCH 0x01
#endif

#define RING_BYTES (1u << 16)

static int load(const struct bpf_insn *insns, size_t n)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "escaudit_trial", "GPL", insns, n, NULL);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

#define RETURN_ZERO                                                                                                    \
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},                                                   \
	{                                                                                                              \
		.code = BPF_JMP | BPF_EXIT                                                                             \
	}

static int try_nothing(void)
{
	const struct bpf_insn insns[] = {RETURN_ZERO};

	return load(insns, ARRAY_SIZE(insns));
}

/* probe_read_user(fp - 8, 8, NULL) */
static int try_read_user(void)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10},
		{.code = BPF_ALU64 | BPF_ADD, .dst_reg = BPF_REG_1, .imm = -8}, /* BPF_K is 0 */
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 8},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_user},
		RETURN_ZERO,
	};

	return load(insns, ARRAY_SIZE(insns));
}

static int try_ring(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "escaudit_trial", 0, 0, RING_BYTES, NULL);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* *(u64 *)(fp - 8) = 0; r1 = 0; r1 = fetch_add(fp - 8, r1) */
static int try_fetch(void)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1},
		/* BPF_STX | BPF_ATOMIC | BPF_DW, by the name it had before */
		{.code = BPF_STX | BPF_XADD | BPF_DW,
		 .dst_reg = BPF_REG_10,
		 .src_reg = BPF_REG_1,
		 .off = -8,
		 .imm = BPF_ADD | BPF_FETCH},
		RETURN_ZERO,
	};

	return load(insns, ARRAY_SIZE(insns));
}

/* get_attach_cookie(ctx) */
static int try_cookie(void)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_attach_cookie},
		RETURN_ZERO,
	};

	return load(insns, ARRAY_SIZE(insns));
}

const struct kernel_need kernel_needs[] = {
	{"bpf()", "a program loads", "4.17 with CONFIG_BPF_SYSCALL and CONFIG_BPF_EVENTS", try_nothing, false},
	{"reading user memory", "bpf_probe_read_user loads", "5.5", try_read_user, false},
	{"ring buffer", "one can be made", "5.8", try_ring, true},
};

const size_t n_kernel_needs = ARRAY_SIZE(kernel_needs);

bool kernel_need_is_lacking(int code)
{
	return code == -EINVAL || code == -ENOSYS || code == -EOPNOTSUPP;
}

bool kernel_is_before_5_15(void)
{
	static enum { UNKNOWN, BEFORE, SINCE } answer;

	if (answer == UNKNOWN)
		answer = kernel_need_is_lacking(try_fetch()) || kernel_need_is_lacking(try_cookie()) ? BEFORE : SINCE;
	return answer == BEFORE;
}

const char *kernel_name(void)
{
	static char text[2 * sizeof(((struct utsname *)NULL)->release)];
	struct utsname name;

	if (!text[0] && uname(&name) == 0)
		snprintf(text, sizeof(text), "%s %s", name.sysname, name.release);
	return text;
}

int kernel_needs_check(struct error *err)
{
	struct strbuf lacking = STRBUF_INIT;
	const char *release = NULL;

	for (size_t i = 0; i < n_kernel_needs; i++) {
		const struct kernel_need *need = &kernel_needs[i];

		if (!kernel_need_is_lacking(need->try()))
			continue;
		strbuf_addf(&lacking, "%s%s (Linux %s)", lacking.len ? ", " : "", need->name, need->release);
		release = need->release;
	}
	if (release)
		error_set(err, -EOPNOTSUPP, "probe: this kernel, %s, lacks %s; use Linux %s or later", kernel_name(),
			  strbuf_str(&lacking), release);
	strbuf_release(&lacking);
	return release ? -EOPNOTSUPP : 0;
}
