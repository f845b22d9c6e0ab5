/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/memory.h"
#include "base/reason.h"
#include "probe/helper_process.h"
#include "probe/kernel.h"
#include "probe/kernel_needs.h"

/* BPF_TRACE_UPROBE_MULTI, Linux 6.6; newer than the headers of Debian 12. */
#define ATTACH_TYPE_UPROBE_MULTI 48

#define HOLDER_STACK_BYTES (64 << 10)

struct attachment {
	pid_t holder;
	int fd;	     /* the holder stays as long as this is open */
	void *stack; /* of a holder in our memory */
};

/* The part of union bpf_attr that BPF_LINK_CREATE reads for uprobe_multi (include/uapi/linux/bpf.h, Linux 6.6). */
struct link_create_uprobe_multi {
	__u32 prog_fd;
	__u32 target_fd;
	__u32 attach_type;
	__u32 flags;
	__u64 path;
	__u64 offsets;
	__u64 ref_ctr_offsets;
	__u64 cookies;
	__u32 cnt;
	__u32 multi_flags;
	__u32 pid;
	__u32 pad;
};

const char *attach_method_name(enum attach_method method)
{
	return method == ATTACH_MULTI ? "uprobe_multi" : "perf events";
}

static int link_create(int prog_fd, const char *path, const elf_offset *offsets, const uint64_t *cookies, size_t n,
		       uint32_t pid)
{
	struct link_create_uprobe_multi attr = {
		.prog_fd = (__u32)prog_fd,
		.attach_type = ATTACH_TYPE_UPROBE_MULTI,
		.path = (__u64)(uintptr_t)path,
		.offsets = (__u64)(uintptr_t)offsets,
		.cookies = (__u64)(uintptr_t)cookies,
		.cnt = (__u32)n,
		.pid = pid,
	};
	long fd = syscall(__NR_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : (int)fd;
}

enum attach_method attach_method_detect(bool force_perf)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = ATTACH_TYPE_UPROBE_MULTI);
	const elf_offset offset = 0;
	int prog_fd, everyone, nobody;

	if (force_perf)
		return ATTACH_PERF;
	prog_fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "escaudit_probe", "GPL", insns, ARRAY_SIZE(insns), &opts);
	if (prog_fd < 0)
		return ATTACH_PERF;
	/* A directory is no file to probe: a kernel that has the link type gets as far as saying so. */
	everyone = link_create(prog_fd, "/", &offset, NULL, 1, 0);
	/* The same release that mended the process filter began to refuse an impossible process before looking at it.
	 */
	nobody = link_create(prog_fd, "/", &offset, NULL, 1, (uint32_t)-1);
	close(prog_fd);
	if (everyone >= 0)
		close(everyone);
	if (nobody >= 0)
		close(nobody);
	return everyone == -EBADF && nobody == -EINVAL ? ATTACH_MULTI : ATTACH_PERF;
}

void attach_prepare(struct bpf_program *program, enum attach_method method)
{
	if (method == ATTACH_MULTI)
		bpf_program__set_expected_attach_type(program, (enum bpf_attach_type)ATTACH_TYPE_UPROBE_MULTI);
}

/* What is known to mend it, having been looked at; the limits say so themselves. */
static const char *remedy(enum attach_method method, int code)
{
	uint64_t set = kernel_capabilities();

	switch (code) {
	case -EPERM:
	case -EACCES:
		if (set >> CAP_SYS_ADMIN & 1)
			return ", with CAP_SYS_ADMIN held; look at seccomp and security modules";
		/* Kernels with the fix of CVE-2025-38466 ask for more where the probe is a perf event. */
		return method == ATTACH_PERF ? "; run as root or with CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN"
					     : "; run as root or with CAP_BPF and CAP_PERFMON";
	case -ESRCH:
		return "; the process has ended";
	case -ENOENT:
		if (access("/proc/self", F_OK)) /* files are named by way of it */
			return "; /proc is not mounted: mount -t proc proc /proc";
		if (method == ATTACH_PERF && access("/sys/bus/event_source/devices", F_OK))
			return "; /sys is not mounted: mount -t sysfs sys /sys";
		if (method == ATTACH_PERF && access("/sys/bus/event_source/devices/uprobe", F_OK))
			return "; this kernel has no uprobe events (CONFIG_UPROBE_EVENTS)";
		return "";
	default:
		return "";
	}
}

/* What is to be attached where. */
struct request {
	enum attach_method method;
	const struct bpf_program *program;
	int counters_fd; /* -1 if the program has no use for cookies */
	uint32_t cookie_place;
	int fd;
	pid_t pid;
	const elf_offset *offsets;
	const uint64_t *cookies;
	size_t n;
};

/*
 * Before Linux 5.15 a probe has no cookie. Each then has a program of its own, which leaves the cookie where the common
 * one looks for it and goes on there: counters[place] = cookie; tail_call(ctx, next, 0).
 */
static int load_stub(const struct request *r, int next_fd, uint64_t cookie)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_6, .src_reg = BPF_REG_1},
		{.code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = -4, .imm = (int)r->cookie_place},
		{.code = BPF_LD | BPF_IMM | BPF_DW,
		 .dst_reg = BPF_REG_1,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = r->counters_fd},
		{0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_10},
		{.code = BPF_ALU64 | BPF_ADD, .dst_reg = BPF_REG_2, .imm = -4}, /* BPF_K is 0 */
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem},
		{.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_0, .off = 8},
		{.code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = BPF_REG_1, .imm = (int)(uint32_t)cookie},
		{.imm = (int)(uint32_t)(cookie >> 32)},
		{.code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_0, .src_reg = BPF_REG_1},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_6},
		{.code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = BPF_REG_2, .src_reg = BPF_PSEUDO_MAP_FD, .imm = next_fd},
		{0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_KPROBE, "escaudit_stub", "Dual BSD/GPL", insns, ARRAY_SIZE(insns), NULL);
}

static int uprobe_event_type(void)
{
	FILE *f = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	int type = -1;

	if (!f)
		return -errno;
	if (fscanf(f, "%d", &type) != 1)
		type = -ENOENT;
	fclose(f);
	return type;
}

/* The descriptors stay open: the holder ends with them. */
static int attach_with_stubs(const struct request *r, const char *path)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr), .config1 = (__u64)(uintptr_t)path, /* uprobe_path */
	};
	int type = uprobe_event_type(), program_fd = bpf_program__fd(r->program);
	/* Emptied when its last descriptor is closed, so this one stays open as well. */
	int next_fd = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "escaudit_next", sizeof(int), sizeof(int), 1, NULL);
	const int zero = 0;

	if (type < 0)
		return type;
	attr.type = (__u32)type;
	if (next_fd < 0 || bpf_map_update_elem(next_fd, &zero, &program_fd, BPF_ANY))
		return -errno;
	for (size_t i = 0; i < r->n; i++) {
		int stub_fd = load_stub(r, next_fd, r->cookies[i]), event_fd;

		if (stub_fd < 0)
			return stub_fd;
		attr.config2 = r->offsets[i]; /* probe_offset */
		event_fd = (int)syscall(__NR_perf_event_open, &attr, r->pid ? r->pid : -1, r->pid ? -1 : 0, -1,
					PERF_FLAG_FD_CLOEXEC);
		if (event_fd < 0 || ioctl(event_fd, PERF_EVENT_IOC_SET_BPF, stub_fd) ||
		    ioctl(event_fd, PERF_EVENT_IOC_ENABLE, 0))
			return -errno;
		close(stub_fd);
	}
	return 0;
}

static int attach(const struct request *r)
{
	char path[64];

	/* Through our own descriptor: the path the user gave may be replaced, deleted or in another namespace. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", r->fd);
	if (r->method == ATTACH_MULTI) {
		int ret =
			link_create(bpf_program__fd(r->program), path, r->offsets, r->cookies, r->n, (uint32_t)r->pid);

		return ret < 0 ? ret : 0;
	}
	if (r->cookies && r->counters_fd >= 0 && kernel_is_before_5_15())
		return attach_with_stubs(r, path);
	for (size_t i = 0; i < r->n; i++) {
		/* A program that asks for no cookie gets none, so that no kernel refuses to give one. */
		LIBBPF_OPTS(bpf_uprobe_opts, opts, .bpf_cookie = r->cookies && r->counters_fd >= 0 ? r->cookies[i] : 0);

		if (!bpf_program__attach_uprobe_opts(r->program, r->pid ? r->pid : -1, path, r->offsets[i], &opts))
			return -errno;
	}
	return 0;
}

/*
 * The holder: attaches, says how that went, and ends when the other end of the socket is gone. The probes leave with
 * its last descriptors, while it ends: the one place where no SIGKILL can come between (see attach.h).
 */
static void OWN_STACK __attribute__((noreturn)) hold(const struct request *r, int socket)
{
	int keep[] = {STDERR_FILENO, socket, r->fd, bpf_program__fd(r->program), r->counters_fd};
	char byte;
	int ret;

	helper_process_begin("escaudit-probes", keep, ARRAY_SIZE(keep));
	/* Not of our process group, so that neither Ctrl-C nor a signal to all of it gets here. */
	setsid();
	ret = attach(r);
	if (write(socket, &ret, sizeof(ret)) == sizeof(ret) && ret == 0) {
		while (read(socket, &byte, 1) < 0 && errno == EINTR)
			;
	}
	_exit(0);
}

/* Must stay where it is until the holder has said how it went. */
struct holder_start {
	const struct request *request;
	int socket;
};

static int OWN_STACK holder_main(void *start)
{
	const struct holder_start *s = start;

	hold(s->request, s->socket);
}

/*
 * A window of sampling has its holder, many a second. One that shares our memory needs no copy of it, which is most of
 * what a fork costs us: page tables, and a fault for every page we write to afterwards. It calls nothing that would
 * mind, as long as it attaches by itself; libbpf does mind. Its memory is there as long as it is, also once we are
 * gone.
 */
static pid_t clone_holder(struct attachment *a, struct holder_start *start)
{
	sigset_t all, before;
	pid_t pid;

	if (start->request->method != ATTACH_MULTI) {
		pid = fork();
		if (pid == 0)
			hold(start->request, start->socket);
		return pid;
	}
	a->stack = xmalloc(HOLDER_STACK_BYTES);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before); /* our handlers are not to run twice in one memory */
	pid = clone(holder_main, (char *)a->stack + HOLDER_STACK_BYTES, CLONE_VM | SIGCHLD, start);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* Starts a holder. Returns what it says: 0, or a negative errno with nothing held; -ECHILD if it was killed. */
static int start_holder(struct attachment *a, const struct request *r)
{
	struct holder_start start = {.request = r};
	int sockets[2], ret = 0;
	ssize_t n;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	start.socket = sockets[1];
	a->holder = clone_holder(a, &start);
	if (a->holder < 0)
		ret = -errno;
	close(sockets[1]);
	a->fd = sockets[0];
	if (a->holder > 0) {
		do
			n = read(a->fd, &ret, sizeof(ret));
		while (n < 0 && errno == EINTR);
		if (n != sizeof(ret))
			ret = -ECHILD;
	}
	return ret;
}

static void end_holder(struct attachment *a)
{
	if (a->fd >= 0)
		close(a->fd);
	while (a->holder > 0 && waitpid(a->holder, NULL, 0) < 0 && errno == EINTR)
		;
	free(a->stack);
	*a = (struct attachment){.holder = -1, .fd = -1};
}

int attachment_new(struct attachment **out, enum attach_method method, struct bpf_program *program,
		   const struct bpf_map *counters, int fd, pid_t pid, const elf_offset *offsets,
		   const uint64_t *cookies, size_t n, struct error *err)
{
	const struct request request = {.method = method,
					.program = program,
					.counters_fd = counters ? bpf_map__fd(counters) : -1,
					.cookie_place = counters ? bpf_map__max_entries(counters) - 1 : 0,
					.fd = fd,
					.pid = pid,
					.offsets = offsets,
					.cookies = cookies,
					.n = n};
	struct attachment *a = xcalloc(1, sizeof(*a));
	int ret;

	*a = (struct attachment){.holder = -1, .fd = -1};
	*out = NULL;
	ret = start_holder(a, &request);
	if (ret == -ECHILD) {
		/* Killed while it attached: what it left in the target's text leaves with the next who was there. */
		end_holder(a);
		start_holder(a, &request);
	}
	if (ret) {
		end_holder(a);
		free(a);
		return error_set(err, ret, "probe: failed to attach %zu probes through %s: %s%s", n,
				 attach_method_name(method),
				 ret == -ECHILD ? "the process that holds them was killed" : reason_of_fork(ret),
				 remedy(method, ret));
	}
	*out = a;
	return 0;
}

bool attachment_is_live(const struct attachment *a)
{
	struct pollfd fd = {.fd = a->fd, .events = POLLIN};

	return poll(&fd, 1, 0) <= 0;
}

pid_t attachment_holder(const struct attachment *a)
{
	return a->holder;
}

void attachment_free(struct attachment *a)
{
	if (!a)
		return;
	end_holder(a);
	free(a);
}
