/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/kernel.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/memory.h"
#include "base/reason.h"

/*
 * The longest runs of consecutive functions that belong to the Go runtime. The short form of a stack only has to know
 * roughly where user code begins.
 */
static void find_runtime_text(const struct go_binary *bin, struct text_range ranges[RUNTIME_RANGES])
{
	size_t n = go_binary_func_count(bin);
	struct text_range run = {0};
	struct go_func func;

	memset(ranges, 0, RUNTIME_RANGES * sizeof(*ranges));
	for (size_t i = 0; i <= n; i++) {
		bool is_runtime = i < n && go_binary_func(bin, i, &func) &&
				  go_binary_is_runtime(bin, func.name, go_binary_func_file(bin, &func));

		if (is_runtime) {
			run.start = run.end ? run.start : func.entry;
			run.end = func.end;
			continue;
		}
		/* The shortest of those kept gives way, if this one is longer. */
		for (int k = 0; run.end && k < RUNTIME_RANGES; k++) {
			if (run.end - run.start > ranges[k].end - ranges[k].start) {
				memmove(&ranges[k + 1], &ranges[k], (size_t)(RUNTIME_RANGES - 1 - k) * sizeof(*ranges));
				ranges[k] = run;
				break;
			}
		}
		run = (struct text_range){0};
	}
}

/* Makes [*first, *end) hold a function, too. */
static void span(uint64_t *first, uint64_t *end, uint64_t start, uint64_t size)
{
	if (!size)
		return;
	*first = start < *first ? start : *first;
	*end = start + size > *end ? start + size : *end;
}

void walk_settings_span_roots(struct walk_settings *settings)
{
	uint64_t first = UINT64_MAX, end = 0;

	for (size_t i = 0; i < STACK_ROOTS; i++)
		span(&first, &end, settings->roots[i].start, settings->roots[i].size);
	span(&first, &end, settings->callback.cgocallback_start, settings->callback.cgocallback_size);
	settings->roots_start = end ? first : 0;
	settings->roots_size = end ? end - first : 0;
}

/* An assembler function, whose name in the tables of older versions tells its ABI. */
static bool find_assembler(const struct go_binary *bin, const char *name, __u64 *start, __u64 *size)
{
	char old[64];
	struct go_func func;

	snprintf(old, sizeof(old), "%s.abi0", name);
	if (!go_binary_func_named(bin, old, &func) && !go_binary_func_named(bin, name, &func))
		return false;
	*start = func.entry;
	*size = func.end - func.entry;
	return true;
}

bool kernel_find_callback(struct callback_code *out, __u64 *cgocall_frame, const struct go_binary *bin)
{
	static const uint8_t pushes_frame_pointer[] = {0x55, 0x48, 0x89, 0xe5}; /* push %rbp; mov %rsp, %rbp */
	struct callback_code found;
	__u64 start, size;
	uint8_t code[sizeof(pushes_frame_pointer)];
	struct go_func cgocall;
	uint32_t frame = 0;

	if (!find_assembler(bin, "runtime.cgocallback", &found.cgocallback_start, &found.cgocallback_size) ||
	    !find_assembler(bin, "runtime.systemstack_switch", &found.systemstack_switch_start,
			    &found.systemstack_switch_size) ||
	    !find_assembler(bin, "runtime.goexit", &found.goexit_start, &found.goexit_size) ||
	    !find_assembler(bin, "runtime.asmcgocall", &start, &size) ||
	    !elf_image_read(go_binary_image(bin), start, code, sizeof(code)))
		return false;
	if (memcmp(code, pushes_frame_pointer, sizeof(code)) != 0) {
		if (!go_binary_func_named(bin, "runtime.cgocall", &cgocall) ||
		    !go_binary_frame_bytes(bin, &cgocall, &frame))
			return false;
	}
	*cgocall_frame = frame;
	*out = found;
	return true;
}

void walk_settings_init(struct walk_settings *out, const struct go_binary *bin, const struct alloc_entries *entries,
			bool skip_c, uint32_t stack_depth)
{
	static const struct {
		const char *function;
		int newest; /* the last minor version that needs it */
	} roots[STACK_ROOTS] = {{"runtime.mcall", 24}, {"runtime.morestack", 24}, {"runtime.mstart", INT_MAX}};
	struct go_func func, from_c;
	size_t n = 0;

	*out = (struct walk_settings){
		.dispatcher_start = entries->dispatcher_start,
		.dispatcher_end = entries->dispatcher_end,
		.stack_depth = stack_depth ? stack_depth : DEFAULT_STACK_DEPTH,
	};
	find_runtime_text(bin, out->runtime_text);
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		if (go_binary_minor(bin) <= roots[i].newest && go_binary_func_named(bin, roots[i].function, &func)) {
			out->roots[n].start = func.entry;
			out->roots[n++].size = func.end - func.entry;
		}
	}
	walk_settings_span_roots(out);
	if (go_binary_func_named(bin, "crosscall2", &from_c)) {
		elf_vaddr text = 0, end = UINT64_MAX;

		if (skip_c)
			go_binary_text(bin, &text, &end);
		out->go_text_start = text;
		out->go_text_size = end - text;
		kernel_find_callback(&out->callback, &out->cgocall_frame, bin);
		walk_settings_span_roots(out);
	}
}

bool kernel_start_offset(const struct go_binary *bin, elf_offset *offset)
{
	struct go_func start;

	return (go_binary_func_named(bin, "runtime.rt0_go", &start) ||
		go_binary_func_named(bin, "runtime.rt0_go.abi0", &start)) &&
	       elf_image_vaddr_to_offset(go_binary_image(bin), start.entry, offset);
}

bool kernel_exit_offset(const struct go_binary *bin, elf_offset *offset, elf_vaddr *vaddr)
{
	struct go_func func;

	if (!go_binary_func_named(bin, "runtime.exit", &func) && !go_binary_func_named(bin, "runtime.exit.abi0", &func))
		return false;
	*vaddr = func.entry;
	return elf_image_vaddr_to_offset(go_binary_image(bin), func.entry, offset);
}

uint64_t kernel_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	/* Not from /proc, which needs a descriptor, and to be mounted. */
	if (syscall(SYS_capget, &header, data))
		return 0;
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

void kernel_lift_limits(void)
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

/* How many values a per-CPU map has for each key. The library reads it from /sys. */
static int count_cpus(struct error *err)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 1)
		return error_set(err, -EINVAL, "probe: failed to count the CPUs: %s%s", reason_text(cpus),
				 cpus == -ENOENT && access("/sys/devices/system/cpu", F_OK)
					 ? "; /sys is not mounted: mount -t sysfs sys /sys"
					 : "");
	return cpus;
}

int kernel_sum_cpus(int map_fd, size_t n, size_t words, uint64_t *out, struct error *err)
{
	int cpus = count_cpus(err), ret = 0;
	uint64_t *values;

	if (cpus < 0)
		return cpus;
	values = xcalloc((size_t)cpus * words, sizeof(*values));
	memset(out, 0, n * words * sizeof(*out));
	for (uint32_t i = 0; i < n && ret == 0; i++) {
		if (bpf_map_lookup_elem(map_fd, &i, values)) {
			ret = error_set(err, -errno, "probe: failed to read the counters: %s", reason_text(errno));
			break;
		}
		for (size_t k = 0; k < (size_t)cpus * words; k++)
			out[i * words + k % words] += values[k];
	}
	free(values);
	return ret;
}

int kernel_add_scratch(int map_fd, uint64_t counters[COUNTER_MAX], struct error *err)
{
	struct bpf_map_info info = {0};
	uint32_t info_bytes = sizeof(info);
	int cpus = count_cpus(err), ret = 0;
	size_t stride; /* the kernel keeps each CPU's value on an 8-byte boundary */
	uint8_t *values;

	if (cpus < 0)
		return cpus;
	if (bpf_obj_get_info_by_fd(map_fd, &info, &info_bytes))
		return error_set(err, -errno, "probe: failed to look at the scratch slots: %s", strerror(errno));
	stride = (info.value_size + 7u) & ~(size_t)7;
	values = xcalloc((size_t)cpus, stride);
	for (uint32_t i = 0; i < SCRATCH_SLOTS; i++) {
		if (bpf_map_lookup_elem(map_fd, &i, values)) {
			ret = error_set(err, -errno, "probe: failed to read the scratch slots: %s", strerror(errno));
			break;
		}
		for (size_t cpu = 0; cpu < (size_t)cpus; cpu++) {
			uint64_t counted[2];

			memcpy(counted, values + cpu * stride + SCRATCH_HITS_OFFSET, sizeof(counted));
			counters[COUNTER_HITS] += counted[0];
			counters[COUNTER_BYTES] += counted[1];
		}
	}
	free(values);
	return ret;
}

static const char *const loss_names[COUNTER_MAX] = {
	[COUNTER_LOST_MAP_FULL] = "observation map full",
	[COUNTER_LOST_SCRATCH] = "scratch buffers taken",
	[COUNTER_LOST_STACK] = "stack unreadable",
	[COUNTER_LOST_EXTREME] = "extreme not updated",
};

void kernel_add_losses(struct recording *rec, const uint64_t counters[COUNTER_MAX])
{
	for (int i = COUNTER_LOSS_FIRST; i < COUNTER_MAX; i++)
		recording_add_loss(rec, loss_names[i], counters[i]);
}
