/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Where a dynamic loader tells debuggers that it has mapped files (_dl_debug_state): the process stands still from
 * there on, until somebody sends SIGCONT. What was mapped has not run yet, neither its constructors nor, at the
 * beginning, the program.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define SIGSTOP_NUMBER	    19
#define RT_CONSISTENT_VALUE 0 /* of <link.h>: the list of what is mapped is whole */

/* From the probed instruction to r_state of the loader's struct r_debug; 0 where that is not known. Set before load. */
const volatile __s64 state_distance = 0;

/* How often the process was stopped, and how often it could not be. */
__u64 stops = 0;
__u64 failures = 0;
/* Nobody is there any more who would let it go on. */
__u64 over = 0;

/* A byte each time, for whoever waits. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} loaded SEC(".maps");

SEC("uprobe")
int on_loaded(struct pt_regs *ctx)
{
	__u32 state = RT_CONSISTENT_VALUE;
	__u8 byte = 1;

	if (over)
		return 0;
	/* It calls before and after. Unreadable is as good as unknown. */
	if (state_distance && bpf_probe_read_user(&state, sizeof(state), (void *)(ctx->rip + state_distance)) == 0 &&
	    state != RT_CONSISTENT_VALUE)
		return 0;
	/* To be counted once the signal is there: who looks at the count sends SIGCONT, which must not come first. */
	if (bpf_send_signal(SIGSTOP_NUMBER) == 0)
		stops++;
	else
		failures++;
	bpf_ringbuf_output(&loaded, &byte, sizeof(byte), BPF_RB_FORCE_WAKEUP);
	return 0;
}
