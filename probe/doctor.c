/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "bpf/trial.skel.h"
#include "probe/attach.h"
#include "probe/entries.h"
#include "probe/kernel.h"
#include "probe/maps.h"

/* include/uapi/linux/capability.h of Linux 5.8 and 5.9. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF	    39
#endif
#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif

#define TRIAL_CALLS 3
#define INT3	    0xcc

const char *doctor_status_name(enum doctor_status status)
{
	static const char *const names[] = {[DOCTOR_GOOD] = "good", [DOCTOR_NOTE] = "note", [DOCTOR_LACK] = "lack"};

	return names[status];
}

/* Takes finding and remedy. */
static void add(struct doctor *d, const char *group, const char *name, enum doctor_status status, char *finding,
		char *remedy)
{
	ARRAY_GROW(d->items, d->n + 1, d->alloc);
	d->items[d->n++] = (struct doctor_item){
		.group = group, .name = name, .status = status, .finding = finding, .remedy = remedy};
}

/* An error's sentence without its area in front and its remedy behind; the remedy where wanted, or NULL. */
static char *split_error(const struct error *err, char **remedy)
{
	const char *text = err->text ? err->text : "failed";
	size_t area = strcspn(text, ": ");
	const char *tail;

	if (strncmp(text + area, ": ", 2) == 0)
		text += area + 2;
	tail = strstr(text, "; ");
	if (remedy)
		*remedy = tail ? xstrdup(tail + 2) : NULL;
	return tail ? xstrndup(text, (size_t)(tail - text)) : xstrdup(text);
}

void doctor_add_error(struct doctor *d, const char *group, const char *name, const struct error *err)
{
	char *remedy, *finding = split_error(err, &remedy);

	add(d, group, name, DOCTOR_LACK, finding, remedy);
}

bool doctor_would_record(const struct doctor *d)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->items[i].status == DOCTOR_LACK)
			return false;
	}
	return true;
}

void doctor_release(struct doctor *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->items[i].finding);
		free(d->items[i].remedy);
	}
	free(d->items);
	*d = (struct doctor)DOCTOR_INIT;
}

/* ---- privileges ---- */

static bool has(uint64_t set, int capability)
{
	return set >> capability & 1;
}

/* The command that gives this very program the capabilities it needs, on top of those for BPF. */
static char *setcap_command(const char *more)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	return xasprintf("run it with sudo, or once: sudo setcap cap_bpf,cap_perfmon%s=ep '%s'", more,
			 n > 0 ? self : "escaudit");
}

static void check_privileges(struct doctor *d)
{
	uint64_t set = kernel_capabilities();
	bool admin = has(set, CAP_SYS_ADMIN);
	struct strbuf names = STRBUF_INIT;
	static const struct {
		int capability;
		const char *name;
	} known[] = {
		{CAP_BPF, "CAP_BPF"},
		{CAP_PERFMON, "CAP_PERFMON"},
		{CAP_SYS_PTRACE, "CAP_SYS_PTRACE"},
		{CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
		{CAP_CHECKPOINT_RESTORE, "CAP_CHECKPOINT_RESTORE"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (has(set, known[i].capability))
			strbuf_addf(&names, "%s%s", names.len ? ", " : "", known[i].name);
	}
	add(d, "privileges", "capabilities", DOCTOR_GOOD,
	    names.len ? strbuf_detach(&names) : xstrdup("none of those that matter"), NULL);
	strbuf_release(&names);
	if (admin || (has(set, CAP_BPF) && has(set, CAP_PERFMON)))
		add(d, "privileges", "probes", DOCTOR_GOOD, xstrdup("CAP_BPF and CAP_PERFMON are held"), NULL);
	else
		add(d, "privileges", "probes", DOCTOR_LACK,
		    xasprintf("%s missing", has(set, CAP_BPF)	    ? "CAP_PERFMON is"
					    : has(set, CAP_PERFMON) ? "CAP_BPF is"
								    : "CAP_BPF and CAP_PERFMON are"),
		    setcap_command(""));
	if (has(set, CAP_SYS_PTRACE))
		add(d, "privileges", "other users' processes", DOCTOR_GOOD,
		    xstrdup("CAP_SYS_PTRACE is held: -p works for other users' processes"), NULL);
	else
		add(d, "privileges", "other users' processes", DOCTOR_NOTE,
		    xstrdup("CAP_SYS_PTRACE is not held: -p works for processes of your own; -x and -- work"),
		    setcap_command(",cap_sys_ptrace"));
}

/* ---- the kernel ---- */

/* The number in a file of /proc/sys, or LONG_MIN. */
static long sysctl_number(const char *path)
{
	struct strbuf text = STRBUF_INIT;
	long value = LONG_MIN;

	if (strbuf_read_file(&text, path, 4096) == 0 && text.len)
		value = strtol(text.buf, NULL, 10);
	strbuf_release(&text);
	return value;
}

static bool is_permission(int ret)
{
	return ret == -EPERM || ret == -EACCES;
}

static char *kernel_remedy(int ret, const char *otherwise)
{
	return is_permission(ret) ? setcap_command("") : xstrdup(otherwise);
}

static int load_tiny(const struct bpf_insn *insns, size_t n)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "escaudit_trial", "GPL", insns, n, NULL);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static void add_tried(struct doctor *d, const char *name, int ret, const char *good, const char *remedy)
{
	if (ret == 0)
		add(d, "kernel", name, DOCTOR_GOOD, xstrdup(good), NULL);
	else
		add(d, "kernel", name, DOCTOR_LACK, xasprintf("tried and failed: %s", strerror(-ret)),
		    kernel_remedy(ret, remedy));
}

static void check_loading(struct doctor *d)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	/* r0 = get_attach_cookie(ctx) */
	const struct bpf_insn cookie[] = {
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_attach_cookie},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	/* probe_read_user(fp - 8, 8, NULL) */
	const struct bpf_insn read[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10},
		{.code = BPF_ALU64 | BPF_ADD, .dst_reg = BPF_REG_1, .imm = -8}, /* BPF_K is 0 */
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 8},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_user},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int ret = load_tiny(nothing, ARRAY_SIZE(nothing)), fd;

	add_tried(d, "bpf()", ret, "a program loads", "use a kernel with CONFIG_BPF_SYSCALL and CONFIG_BPF_EVENTS");
	if (ret) /* what follows would fail for the same reason */
		return;
	add_tried(d, "reading user memory", load_tiny(read, ARRAY_SIZE(read)), "bpf_probe_read_user loads",
		  "use Linux 5.5 or later, without lockdown");
	add_tried(d, "attach cookies", load_tiny(cookie, ARRAY_SIZE(cookie)), "bpf_get_attach_cookie loads",
		  "use Linux 5.15 or later");
	fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "escaudit_trial", 0, 0, 16u << 20, NULL);
	add_tried(d, "ring buffer", fd < 0 ? fd : 0, "one of 16 MiB can be made",
		  "use Linux 5.8 or later; before 5.11: ulimit -l unlimited");
	if (fd >= 0)
		close(fd);
}

/* What the trial probes. Called through a pointer that the compiler cannot see through, so that it is called indeed. */
static int trial_function(int n)
{
	return n;
}

static int (*volatile trial)(int) = trial_function;

/* The place of our own function in our own file. */
static int trial_offset(elf_offset *offset, struct error *err)
{
	uint64_t address = (uint64_t)(uintptr_t)trial;
	struct maps maps = {.items = NULL};
	int fd = address_space_open(getpid());
	int ret = fd < 0 ? error_set(err, fd, "failed to read /proc/self/maps: %s", strerror(-fd))
			 : maps_read_fd(&maps, fd, err);

	if (ret == 0) {
		ret = -ENOENT;
		for (size_t i = 0; i < maps.n; i++) {
			const struct map_entry *m = &maps.items[i];

			if (address < m->start || address >= m->end)
				continue;
			*offset = address - m->start + m->offset;
			ret = 0;
		}
	}
	maps_release(&maps);
	if (fd >= 0)
		close(fd);
	return ret;
}

/* Probes our own function, calls it, takes the probe out again: 0 if every call was counted. */
static int try_probe(enum attach_method method, struct error *err)
{
	struct attachment *attachment = NULL;
	const uint64_t cookies[] = {1};
	elf_offset offset = 0;
	uint64_t calls = 0;
	uint32_t zero = 0;
	struct trial_bpf *skel = trial_bpf__open();
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), ret;

	if (!skel || self < 0) {
		ret = error_set(err, -errno, "%s", strerror(errno));
		goto out;
	}
	attach_prepare(skel->progs.on_call, method);
	ret = trial_bpf__load(skel);
	if (ret) {
		error_set(err, ret, "the program does not load: %s", strerror(-ret));
		goto out;
	}
	ret = trial_offset(&offset, err);
	if (ret == 0)
		ret = attachment_new(&attachment, method, skel->progs.on_call, self, getpid(), &offset, cookies, 1,
				     err);
	if (ret)
		goto out;
	for (int i = 0; i < TRIAL_CALLS; i++)
		trial(i);
	attachment_free(attachment);
	if (bpf_map_lookup_elem(bpf_map__fd(skel->maps.calls), &zero, &calls))
		ret = error_set(err, -errno, "the count cannot be read: %s", strerror(errno));
	else if (calls != TRIAL_CALLS)
		ret = error_set(err, -EIO, "%d calls, %" PRIu64 " hits", TRIAL_CALLS, calls);
out:
	if (self >= 0)
		close(self);
	trial_bpf__destroy(skel);
	return ret;
}

static void add_perf_failure(struct doctor *d, const struct error *err, bool has_multi, bool either)
{
	char *why = split_error(err, NULL);

	add(d, "kernel", "perf events", either ? DOCTOR_NOTE : DOCTOR_LACK,
	    xasprintf("%s%s", why, has_multi ? " (not needed here)" : ""),
	    has_multi ? NULL
		      : xstrdup("run as root: kernels with the fix of CVE-2025-38466 want CAP_SYS_ADMIN for it"));
	free(why);
}

static void check_probes(struct doctor *d)
{
	struct error multi_err = ERROR_INIT, perf_err = ERROR_INIT;
	bool known = attach_method_detect(false) == ATTACH_MULTI;
	int multi = known ? try_probe(ATTACH_MULTI, &multi_err) : -EOPNOTSUPP;
	int perf = try_probe(ATTACH_PERF, &perf_err);
	bool either = multi == 0 || perf == 0;

	if (multi == 0)
		add(d, "kernel", "uprobe_multi", DOCTOR_GOOD,
		    xasprintf("a probe on a function of our own: %d calls, %d hits", TRIAL_CALLS, TRIAL_CALLS), NULL);
	else if (!known)
		add(d, "kernel", "uprobe_multi", either ? DOCTOR_NOTE : DOCTOR_LACK,
		    xasprintf("this kernel has none that covers all threads of a process%s",
			      perf == 0 ? "; perf events take its place, and leave more slowly" : ""),
		    xstrdup("use Linux 6.6 or later"));
	else
		add(d, "kernel", "uprobe_multi", either ? DOCTOR_NOTE : DOCTOR_LACK, split_error(&multi_err, NULL),
		    kernel_remedy(multi, "use a kernel with CONFIG_UPROBES"));
	if (perf == 0)
		add(d, "kernel", "perf events", DOCTOR_GOOD,
		    xasprintf("a probe on a function of our own: %d calls, %d hits%s", TRIAL_CALLS, TRIAL_CALLS,
			      multi == 0 ? " (not needed here)" : ""),
		    NULL);
	else
		add_perf_failure(d, &perf_err, multi == 0, either);
	error_release(&multi_err);
	error_release(&perf_err);
}

static void check_settings(struct doctor *d)
{
	long paranoid = sysctl_number("/proc/sys/kernel/perf_event_paranoid");
	long unprivileged = sysctl_number("/proc/sys/kernel/unprivileged_bpf_disabled");
	long jit = sysctl_number("/proc/sys/net/core/bpf_jit_enable");
	struct rlimit limit = {0, 0};
	struct strbuf lockdown = STRBUF_INIT;

	add(d, "kernel", "BTF", DOCTOR_GOOD,
	    xstrdup(access("/sys/kernel/btf/vmlinux", R_OK) == 0 ? "there, and not needed"
								 : "not there, and not needed"),
	    NULL);
	getrlimit(RLIMIT_MEMLOCK, &limit);
	add(d, "kernel", "memlock limit", DOCTOR_GOOD,
	    limit.rlim_cur == RLIM_INFINITY
		    ? xstrdup("unlimited")
		    : xasprintf("%" PRIu64 " KiB; counts before Linux 5.11 only", (uint64_t)limit.rlim_cur >> 10),
	    NULL);
	if (paranoid != LONG_MIN)
		add(d, "kernel", "perf_event_paranoid", DOCTOR_GOOD,
		    xasprintf("%ld; does not matter with CAP_PERFMON", paranoid), NULL);
	if (unprivileged != LONG_MIN)
		add(d, "kernel", "unprivileged_bpf_disabled", DOCTOR_GOOD,
		    xasprintf("%ld; does not matter with CAP_BPF", unprivileged), NULL);
	if (jit == 0)
		add(d, "kernel", "BPF JIT", DOCTOR_NOTE, xstrdup("off: every hit costs the target several times more"),
		    xstrdup("sysctl net.core.bpf_jit_enable=1"));
	else if (jit != LONG_MIN)
		add(d, "kernel", "BPF JIT", DOCTOR_GOOD, xstrdup("on"), NULL);
	if (strbuf_read_file(&lockdown, "/sys/kernel/security/lockdown", 4096) == 0 && lockdown.len &&
	    !strstr(lockdown.buf, "[none]"))
		add(d, "kernel", "lockdown", DOCTOR_NOTE,
		    xasprintf("%.*s", (int)strcspn(lockdown.buf, "\n"), lockdown.buf), NULL);
	strbuf_release(&lockdown);
}

/* libbpf's own remarks say in a screenful what the findings say in a line. */
static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

void doctor_check_kernel(struct doctor *d)
{
	libbpf_print_fn_t print = libbpf_set_print(print_nothing);
	struct utsname name;

	if (uname(&name) == 0)
		add(d, "kernel", "release", DOCTOR_GOOD, xasprintf("%s %s", name.sysname, name.release), NULL);
	check_loading(d);
	if (doctor_would_record(d))
		check_probes(d);
	check_settings(d);
	check_privileges(d);
	libbpf_set_print(print);
}

/* ---- a process ---- */

/*
 * Breakpoints at allocation points: of a tool that is at work, or left behind by one that was killed while it attached
 * or detached.
 */
static size_t count_breakpoints(const struct process *process, const struct go_binary *bin)
{
	struct alloc_entries entries;
	size_t n = 0;

	if (alloc_entries_find(&entries, bin, NULL))
		return 0;
	for (size_t i = 0; i < entries.n; i++) {
		elf_vaddr vaddr = entries.items[i].point.vaddr;
		uint8_t in_memory, in_file;

		if (process_read(process, vaddr, &in_memory, 1) == 0 &&
		    elf_image_read(go_binary_image(bin), vaddr, &in_file, 1) && in_memory == INT3 && in_file != INT3)
			n++;
	}
	alloc_entries_release(&entries);
	return n;
}

void doctor_check_process(struct doctor *d, const struct process *process)
{
	const struct go_binary *bin = process_binary(process);
	pid_t tracer = process_tracer(process);
	size_t breakpoints = bin ? count_breakpoints(process, bin) : 0;

	add(d, "process", "process", DOCTOR_GOOD,
	    xasprintf("%d (%s), of user %ld", process_pid(process), process_name(process), process_uid(process)), NULL);
	add(d, "process", "runtime", DOCTOR_GOOD, xasprintf("in '%s'", process_path(process)), NULL);
	for (size_t i = 0; i < process_module_count(process); i++)
		add(d, "process", "plugin", DOCTOR_GOOD, xasprintf("'%s'", process_module(process, i)->path), NULL);
	for (size_t i = 0; i < process_note_count(process); i++)
		add(d, "process", "note", DOCTOR_NOTE, xstrdup(process_note(process, i)), NULL);
	if (process_missed(process))
		add(d, "process", "coverage", DOCTOR_NOTE, xasprintf("not covered: %s", process_missed(process)),
		    xstrdup("build it with Go 1.21 or later"));
	if (tracer)
		add(d, "process", "debugger", DOCTOR_NOTE,
		    xasprintf("process %d traces it: its breakpoint on an allocation point would be in the way",
			      tracer),
		    NULL);
	if (breakpoints)
		add(d, "process", "breakpoints", DOCTOR_NOTE,
		    xasprintf("%zu at allocation points already: another tool records it, or was killed while it "
			      "attached",
			      breakpoints),
		    xasprintf("if none is at work, this takes them out: escaudit record -p %d -d 0.1 -o /dev/null",
			      process_pid(process)));
}

/* ---- a binary ---- */

static void add_entries(struct doctor *d, const struct go_binary *bin)
{
	struct error err = ERROR_INIT;
	struct alloc_entries entries;
	struct strbuf names = STRBUF_INIT;
	size_t n[2] = {0, 0};

	if (alloc_entries_find(&entries, bin, &err)) {
		doctor_add_error(d, "binary", "allocator entries", &err);
		error_release(&err);
		return;
	}
	for (size_t i = 0; i < entries.n; i++) {
		const char *name = entries.items[i].name;

		n[entries.items[i].point.class == POINT_JCC]++;
		strbuf_addf(&names, "%s%s", i ? ", " : "", strncmp(name, "runtime.", 8) == 0 ? name + 8 : name);
	}
	add(d, "binary", "allocator entries", DOCTOR_GOOD, xasprintf("%zu: %s", entries.n, strbuf_str(&names)), NULL);
	strbuf_clear(&names);
	if (n[0])
		strbuf_addf(&names, "%zu push", n[0]);
	if (n[1])
		strbuf_addf(&names, "%s%zu jcc", n[0] ? ", " : "", n[1]);
	add(d, "binary", "allocation points", DOCTOR_GOOD, xasprintf("%s; emulated, one trap each", strbuf_str(&names)),
	    NULL);
	strbuf_release(&names);
	if (entries.missed)
		add(d, "binary", "coverage", DOCTOR_NOTE, xasprintf("partial: %s", entries.missed),
		    xstrdup("build without -pgo, or with a profile of this Go version"));
	else
		add(d, "binary", "coverage", DOCTOR_GOOD, xstrdup("every object"), NULL);
	alloc_entries_release(&entries);
}

/* The linker turns Go's own heap profile off where nothing asks for it (cmd/link/internal/ld/lib.go). */
static bool keeps_heap_profile(const struct go_binary *bin)
{
	struct go_func func;

	return go_binary_func_named(bin, "runtime.MemProfile", &func) ||
	       go_binary_func_named(bin, "runtime.memProfileInternal", &func);
}

static void add_build(struct doctor *d, const struct go_binary *bin)
{
	static const char *const keys[] = {"-buildmode", "-race", "-msan",     "-asan",	       "-pgo",	     "-gcflags",
					   "-ldflags",	 "-tags", "-trimpath", "GOEXPERIMENT", "CGO_ENABLED"};
	struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *value = go_binary_setting(bin, keys[i]);

		if (value && *value)
			strbuf_addf(&text, "%s%s=%s", text.len ? " " : "", keys[i], value);
	}
	add(d, "binary", "build settings", DOCTOR_GOOD, xstrdup(text.len ? text.buf : "none recorded"), NULL);
	strbuf_release(&text);
}

void doctor_check_binary(struct doctor *d, const struct go_binary *bin)
{
	const struct elf_image *image = go_binary_image(bin);
	const char *module = go_binary_main_module(bin), *package = go_binary_main_package(bin);
	elf_vaddr types, types_end;

	add(d, "binary", "Go version", DOCTOR_GOOD, xasprintf("%s, supported", go_binary_version(bin)), NULL);
	add(d, "binary", "main module", module ? DOCTOR_GOOD : DOCTOR_NOTE,
	    module ? xasprintf("%s, package %s", module, package ? package : "unknown")
		   : xasprintf("not recorded%s%s: its own packages cannot be told from others'",
			       package ? "; main package " : "", package ? package : ""),
	    module ? NULL : xstrdup("build it in module mode"));
	add_build(d, bin);
	add_entries(d, bin);
	add(d, "binary", "functions", DOCTOR_GOOD,
	    xasprintf("%zu, with files, lines and inlined calls (pclntab)", go_binary_func_count(bin)), NULL);
	add(d, "binary", "symbol table", DOCTOR_GOOD,
	    xstrdup(elf_image_is_stripped(image) ? "stripped, and not needed" : "there, and not needed"), NULL);
	add(d, "binary", "DWARF", DOCTOR_GOOD,
	    xstrdup(elf_image_section(image, ".debug_info") || elf_image_section(image, ".zdebug_info")
			    ? "there, and not needed"
			    : "not there, and not needed"),
	    NULL);
	go_binary_types_range(bin, &types, &types_end);
	add(d, "binary", "types", DOCTOR_GOOD, xasprintf("%" PRIu64 " KiB of descriptors", (types_end - types) >> 10),
	    NULL);
	add(d, "binary", "Go's heap profile", DOCTOR_GOOD,
	    xstrdup(keeps_heap_profile(bin)
			    ? "in the program"
			    : "removed by the linker (nothing in the program asks for it), and not needed"),
	    NULL);
}
