/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The floor: what the kernel takes for a probe whose program does nothing. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("uprobe")
int empty(void *ctx)
{
	return 0;
}
