/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/reason.h"
#include "base/strbuf.h"
#include "probe/attach.h"
#include "probe/entries.h"
#include "probe/kernel.h"
#include "probe/kernel_needs.h"
#include "probe/loader.h"
#include "probe/sampling/sample.h"
#include "probe/sampling/sample_points.h"
#include "probe/trial.h"

/* What a recording takes beside those that doctor has open: measured, in sample mode. */
#define DESCRIPTORS_NEEDED 32
/* Through perf events two each for all reach probes of a program that is started. */
#define DESCRIPTORS_OF_PERF 72
#define TRIAL_CALLS	    3
#define PROVE_CALLS	    1000
#define WINDOW_MS	    200
#define INT3		    0xcc

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
		.group = group, .name = name, .status = status, .finding = finding, .remedy = remedy, .seen = -1};
}

/* The same, of what was called and counted. */
static void add_counted(struct doctor *d, const char *group, const char *name, enum doctor_status status, char *finding,
			char *remedy, uint64_t calls, uint64_t seen)
{
	add(d, group, name, status, finding, remedy);
	d->items[d->n - 1].calls = (int64_t)calls;
	d->items[d->n - 1].seen = (int64_t)seen;
}

/* An error's sentence without its area in front and its remedy behind; the remedy where wanted, or NULL. */
static char *split_error(const struct error *err, char **remedy)
{
	const char *text = err->text ? err->text : "failed";
	size_t area = strcspn(text, ": ");
	const char *tail;

	if (strncmp(text + area, ": ", 2) == 0)
		text += area + 2;
	/* What a verifier said stays in one piece. */
	tail = strchr(text, '\n') ? NULL : strstr(text, "; ");
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

/* What loading programs takes. */
static bool holds_bpf(void)
{
	uint64_t set = kernel_capabilities();

	return has(set, CAP_SYS_ADMIN) || (has(set, CAP_BPF) && has(set, CAP_PERFMON));
}

static void check_privileges(struct doctor *d)
{
	uint64_t set = kernel_capabilities();
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
	if (holds_bpf())
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

/* A code's text up to its semicolon, and what stands behind; setcap where it was refused for want of privileges. */
static void add_code(struct doctor *d, const char *name, int ret, bool is_map)
{
	const char *text = reason_text(ret), *tail = strstr(text, "; ");

	if (is_permission(ret) && holds_bpf()) {
		struct error err = ERROR_INIT;

		loader_denied(&err, ret, is_map ? ": map 'trial'" : "");
		doctor_add_error(d, "kernel", name, &err);
		error_release(&err);
		return;
	}
	add(d, "kernel", name, DOCTOR_LACK,
	    xasprintf("tried and failed: %.*s", (int)(tail ? tail - text : (ptrdiff_t)strlen(text)), text),
	    is_permission(ret) ? setcap_command("")
	    : tail	       ? xstrdup(tail + 2)
			       : NULL);
}

/* Every need of the table; false if there is no use in trying more. */
static bool check_needs(struct doctor *d)
{
	int ret = reason_no_descriptors(DESCRIPTORS_NEEDED);

	/* What this kernel can do is found out by trying, and a trial without a descriptor says nothing. */
	if (ret) {
		add_code(d, "open files", ret, false);
		return false;
	}
	for (size_t i = 0; i < n_kernel_needs; i++) {
		const struct kernel_need *need = &kernel_needs[i];

		ret = need->try();
		if (ret == 0)
			add(d, "kernel", need->name, DOCTOR_GOOD, xstrdup(need->good), NULL);
		else if (kernel_need_is_lacking(ret))
			add(d, "kernel", need->name, DOCTOR_LACK,
			    xasprintf("tried and failed: this kernel, %s, lacks it", kernel_name()),
			    xasprintf("use Linux %s or later", need->release));
		else
			add_code(d, need->name, ret, need->is_map);
		if (ret && i == 0) /* what follows would fail for the same reason */
			return false;
	}
	return true;
}

/* One mode through one of the two ways to attach. */
struct attempt {
	bool tried;
	int ret;
	struct trial seen;
	struct error err;
};

enum mode { MODE_EXACT, MODE_SAMPLE, MODES };

/* With what the programs are loaded: a binary's settings, or those of our own small target. */
struct subject {
	const struct go_binary *bin;
	bool is_process;
	struct alloc_entries entries;
	struct sample_points points;
	bool has_entries, has_points;
	struct error no_points; /* why this binary cannot be sampled */
};

static void subject_init(struct subject *s, const struct go_binary *bin, bool is_process)
{
	*s = (struct subject){.bin = bin, .is_process = is_process};
	if (!bin || alloc_entries_find(&s->entries, bin, NULL)) /* said where the binary is looked at */
		return;
	s->has_entries = true;
	s->has_points = sample_points_find(&s->points, bin, &s->no_points) == 0;
}

static void subject_release(struct subject *s)
{
	if (s->has_entries)
		alloc_entries_release(&s->entries);
	if (s->has_points)
		sample_points_release(&s->points);
	error_release(&s->no_points);
}

static void attempt(struct attempt *a, const struct subject *s, enum mode mode, enum attach_method method,
		    uint64_t calls)
{
	bool own = !s->has_entries;

	a->tried = true;
	if (mode == MODE_EXACT) {
		const struct capture_options options = {.method = method, .is_launch = s->bin && !s->is_process};
		struct alloc_settings settings;

		if (own)
			trial_settings_exact(&settings, method);
		else
			alloc_settings_init(&settings, s->bin, &s->entries, &options);
		a->ret = trial_exact(&a->seen, &settings, own, calls, &a->err);
	} else {
		const struct sample_options options = {.method = method, .is_launch = s->bin && !s->is_process};
		struct sample_settings settings;

		if (own)
			trial_settings_sample(&settings, method);
		else
			sample_settings_init(&settings, s->bin, &s->entries, &s->points, &options);
		a->ret = trial_sample(&a->seen, &settings, own, calls, &a->err);
	}
}

/* The maps of the attempt before leave a grace period after it: what does not fit beside them is tried again. */
static void attempt_alone(struct attempt *a, const struct subject *s, enum mode mode, enum attach_method method,
			  uint64_t calls)
{
	const struct timespec wait = {.tv_nsec = 60000000};

	attempt(a, s, mode, method, calls);
	for (int i = 0; i < 5 && a->ret == -ENOMEM && !a->seen.loaded; i++) {
		nanosleep(&wait, NULL);
		error_release(&a->err);
		attempt(a, s, mode, method, calls);
	}
}

static const char *const mode_names[MODES] = {[MODE_EXACT] = "exact mode", [MODE_SAMPLE] = "sample mode"};

static void add_mode(struct doctor *d, enum mode mode, const struct subject *s, const struct attempt attempts[2])
{
	const struct attempt *best = attempts[0].tried && attempts[0].ret == 0 ? &attempts[0] : &attempts[1];
	const char *whose = s->has_entries ? ", with the settings of this binary" : "";

	if (mode == MODE_SAMPLE && s->has_entries && !s->has_points) {
		char *remedy, *finding = split_error(&s->no_points, &remedy);

		add(d, "kernel", mode_names[mode], DOCTOR_NOTE, finding, remedy);
		return;
	}
	if (!best->tried || best->ret) {
		const struct error *err = attempts[0].tried ? &attempts[0].err : &attempts[1].err;
		bool loaded = attempts[0].seen.loaded || attempts[1].seen.loaded;
		char *remedy, *finding = split_error(err, &remedy);

		add(d, "kernel", mode_names[mode], DOCTOR_LACK,
		    loaded ? xasprintf("its programs load%s, but: %s", whose, finding) : xstrdup(finding), remedy);
		free(finding);
		return;
	}
	add_counted(d, "kernel", mode_names[mode], DOCTOR_GOOD,
		    mode == MODE_EXACT
			    ? xasprintf("its programs load%s; %" PRIu64 " calls of a function of our own, %" PRIu64
					" objects counted",
					whose, best->seen.calls, best->seen.seen)
			    : xasprintf("its programs load%s; %" PRIu64 " calls of a function of our own, %" PRIu64
					" samples of %" PRIu64 " slots",
					whose, best->seen.calls, best->seen.seen, best->seen.slots),
		    NULL, best->seen.calls, best->seen.seen);
}

static void add_perf_failure(struct doctor *d, const struct error *err, bool has_multi, bool either)
{
	char *remedy, *why = split_error(err, &remedy);

	if (has_multi) {
		free(remedy);
		remedy = NULL;
	}
	add(d, "kernel", "perf events", either ? DOCTOR_NOTE : DOCTOR_LACK,
	    xasprintf("%s%s", why, has_multi ? " (not needed here)" : ""), remedy);
	free(why);
}

/* The attempt that says most of a way to attach: the first that failed after its programs were loaded, else one that
 * worked. NULL if no program was loaded. */
static const struct attempt *telling(const struct attempt attempts[MODES][2], int method)
{
	const struct attempt *worked = NULL;

	for (int mode = 0; mode < MODES; mode++) {
		const struct attempt *a = &attempts[mode][method];

		if (!a->tried || !a->seen.loaded)
			continue;
		if (a->ret)
			return a;
		worked = worked ? worked : a;
	}
	return worked;
}

static void add_methods(struct doctor *d, const struct attempt attempts[MODES][2], bool known)
{
	const struct attempt *multi = telling(attempts, ATTACH_MULTI), *perf = telling(attempts, ATTACH_PERF);
	bool multi_works = multi && multi->ret == 0, perf_works = perf && perf->ret == 0;
	bool either = multi_works || perf_works;

	if (!known)
		add(d, "kernel", "uprobe_multi", either || !perf ? DOCTOR_NOTE : DOCTOR_LACK,
		    xasprintf("this kernel has none that covers all threads of a process%s",
			      perf_works ? "; perf events take its place, and leave more slowly" : ""),
		    xstrdup("use Linux 6.6 or later"));
	else if (!multi)
		add(d, "kernel", "uprobe_multi", DOCTOR_NOTE, xstrdup("not tried: no program loads"), NULL);
	else if (multi_works)
		add_counted(d, "kernel", "uprobe_multi", DOCTOR_GOOD,
			    xasprintf("a probe on a function of our own: %" PRIu64 " calls, %" PRIu64 " hits",
				      multi->seen.calls, multi->seen.seen),
			    NULL, multi->seen.calls, multi->seen.seen);
	else {
		char *remedy, *finding = split_error(&multi->err, &remedy);

		add(d, "kernel", "uprobe_multi", either ? DOCTOR_NOTE : DOCTOR_LACK, finding, remedy);
	}
	if (!perf)
		add(d, "kernel", "perf events", DOCTOR_NOTE, xstrdup("not tried: no program loads"), NULL);
	else if (perf_works)
		add_counted(d, "kernel", "perf events", DOCTOR_GOOD,
			    xasprintf("a probe on a function of our own: %" PRIu64 " calls, %" PRIu64 " hits%s",
				      perf->seen.calls, perf->seen.seen, multi_works ? " (not needed here)" : ""),
			    NULL, perf->seen.calls, perf->seen.seen);
	else
		add_perf_failure(d, &perf->err, multi_works, either);
}

static void check_perf_descriptors(struct doctor *d)
{
	int ret = reason_no_descriptors(DESCRIPTORS_OF_PERF);
	const char *tail = ret ? strstr(reason_text(ret), "; ") : NULL;

	if (ret)
		add(d, "kernel", "open files", DOCTOR_NOTE,
		    xasprintf("fewer than %d can be opened: not enough for every recording through perf events",
			      DESCRIPTORS_OF_PERF),
		    tail ? xstrdup(tail + 2) : NULL);
}

static void check_programs(struct doctor *d, const struct go_binary *bin, bool is_process)
{
	bool known = attach_method_detect(false) == ATTACH_MULTI;
	struct attempt attempts[MODES][2] = {{{.tried = false}}};
	struct subject subject;

	if (!known)
		check_perf_descriptors(d);
	subject_init(&subject, bin, is_process);
	for (int mode = 0; mode < MODES; mode++) {
		struct attempt *a = attempts[mode];

		if (mode == MODE_SAMPLE && subject.has_entries && !subject.has_points)
			continue;
		if (known)
			attempt_alone(&a[ATTACH_MULTI], &subject, (enum mode)mode, ATTACH_MULTI, TRIAL_CALLS);
		/* What does not load for one does not load for the other, and has said why. */
		if (!known || a[ATTACH_MULTI].seen.loaded)
			attempt_alone(&a[ATTACH_PERF], &subject, (enum mode)mode, ATTACH_PERF, TRIAL_CALLS);
	}
	for (int mode = 0; mode < MODES; mode++)
		add_mode(d, (enum mode)mode, &subject, attempts[mode]);
	add_methods(d, (const struct attempt(*)[2])attempts, known);
	for (int mode = 0; mode < MODES; mode++) {
		error_release(&attempts[mode][0].err);
		error_release(&attempts[mode][1].err);
	}
	subject_release(&subject);
}

static void check_settings(struct doctor *d)
{
	long paranoid = sysctl_number("/proc/sys/kernel/perf_event_paranoid");
	long unprivileged = sysctl_number("/proc/sys/kernel/unprivileged_bpf_disabled");
	long jit = sysctl_number("/proc/sys/net/core/bpf_jit_enable");
	struct rlimit limit = {0, 0};
	struct strbuf lockdown = STRBUF_INIT;
	const char *memory;

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
	getrlimit(RLIMIT_NOFILE, &limit);
	add(d, "kernel", "open files limit", DOCTOR_GOOD, xasprintf("%" PRIu64, (uint64_t)limit.rlim_cur), NULL);
	memory = strstr(reason_text(ENOMEM), "in force: ");
	add(d, "kernel", "memory limits", memory ? DOCTOR_NOTE : DOCTOR_GOOD,
	    xstrdup(memory ? memory : "none of this process or its memory cgroup"), NULL);
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

void doctor_check_kernel(struct doctor *d, const struct go_binary *bin, bool is_process)
{
	loader_silence();
	kernel_lift_limits();
	add(d, "kernel", "release", DOCTOR_GOOD, xstrdup(kernel_name()), NULL);
	if (check_needs(d))
		check_programs(d, bin, is_process);
	check_settings(d);
	check_privileges(d);
}

/* ---- the proof ---- */

static void prove_mode(struct doctor *d, enum mode mode, enum attach_method method)
{
	struct subject own = {.bin = NULL};
	struct attempt a = {.tried = false};

	attempt_alone(&a, &own, mode, method, PROVE_CALLS);
	if (a.ret) {
		char *remedy, *finding = split_error(&a.err, &remedy);

		add_counted(d, "prove", mode_names[mode], DOCTOR_LACK, finding, remedy, a.seen.calls, a.seen.seen);
	} else if (mode == MODE_EXACT) {
		add_counted(d, "prove", mode_names[mode], DOCTOR_GOOD,
			    xasprintf("%" PRIu64 " calls, %" PRIu64 " objects of %" PRIu64 " bytes counted, on %" PRIu64
				      " stacks as deep as called (%s)",
				      a.seen.calls, a.seen.seen, a.seen.bytes, a.seen.stacks,
				      attach_method_name(method)),
			    NULL, a.seen.calls, a.seen.seen);
	} else {
		add_counted(d, "prove", mode_names[mode], DOCTOR_GOOD,
			    xasprintf("%" PRIu64 " spans given up, %" PRIu64 " samples for their %" PRIu64
				      " slots, on %" PRIu64 " stack as deep as called (%s)",
				      a.seen.calls, a.seen.seen, a.seen.slots, a.seen.stacks,
				      attach_method_name(method)),
			    NULL, a.seen.calls, a.seen.seen);
	}
	error_release(&a.err);
}

void doctor_prove(struct doctor *d)
{
	enum attach_method method;

	for (size_t i = 0; i < d->n; i++) {
		if (d->items[i].status == DOCTOR_LACK && strcmp(d->items[i].group, "kernel") == 0) {
			add(d, "prove", "both modes", DOCTOR_NOTE, xstrdup("not tried, for what the kernel lacks"),
			    NULL);
			return;
		}
	}
	loader_silence();
	method = attach_method_detect(false);
	for (int mode = 0; mode < MODES; mode++)
		prove_mode(d, (enum mode)mode, method);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* The window itself; the process may end meanwhile. */
static int sample_window(struct sample *sample, const struct process *process, struct sample_result *out,
			 struct recording *rec, struct error *err)
{
	struct pollfd fds[] = {{.fd = sample_fd(sample), .events = POLLIN},
			       {.fd = process_pid_fd(process), .events = POLLIN}};
	int ret = sample_attach(sample, process_pid(process), err);
	uint64_t end = now_ms() + WINDOW_MS; /* placing probes may take as long */

	while (ret == 0 && !fds[1].revents) {
		uint64_t now = now_ms();

		if (now >= end)
			break;
		if (poll(fds, ARRAY_SIZE(fds), (int)(end - now)) < 0 && errno != EINTR)
			return error_set(err, -errno, "probe: failed to wait: %s", strerror(errno));
		ret = sample_drain(sample, err);
	}
	sample_detach(sample);
	return ret ? ret : sample_read(sample, out, rec, err);
}

void doctor_prove_process(struct doctor *d, const struct process *process)
{
	const struct go_binary *bin = process_binary(process);
	const struct sample_options options = {.method = attach_method_detect(false), .without_exact = true};
	struct recording *rec = recording_new();
	struct sample_result result = {.samples = 0};
	struct alloc_entries entries = {.n = 0};
	struct sample_points points = {.n_refill = 0};
	struct sample *sample = NULL;
	struct error err = ERROR_INIT;
	int ret = alloc_entries_find(&entries, bin, &err);

	if (ret == 0)
		ret = sample_points_find(&points, bin, &err);
	if (ret == 0)
		ret = sample_new(&sample, bin, &entries, &points, &options, &err);
	if (ret == 0)
		ret = sample_window(sample, process, &result, rec, &err);
	if (ret) {
		char *remedy, *finding = split_error(&err, &remedy);

		add(d, "prove", "window", ret == -ENOTSUP || ret == -EPROTONOSUPPORT ? DOCTOR_NOTE : DOCTOR_LACK,
		    finding, remedy);
	} else {
		add(d, "prove", "window", DOCTOR_GOOD,
		    xasprintf("process %d, sampled for %.3f s: %" PRIu64 " samples, %" PRIu64 " losses",
			      process_pid(process), result.seconds, result.samples, recording_losses(rec)),
		    NULL);
		d->items[d->n - 1].seen = (int64_t)result.samples;
	}
	sample_free(sample);
	sample_points_release(&points);
	alloc_entries_release(&entries);
	recording_free(rec);
	error_release(&err);
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
