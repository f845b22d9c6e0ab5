/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What doctor tries the kernel with: a probe that counts the calls of one of our own functions. */
#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} calls SEC(".maps");

SEC("uprobe")
int on_call(struct pt_regs *ctx)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&calls, &zero);

	/* The cookie is the step: a kernel that loses it counts nothing. */
	if (n)
		__sync_fetch_and_add(n, bpf_get_attach_cookie(ctx));
	return 0;
}
