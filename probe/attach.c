/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/memory.h"

/* BPF_TRACE_UPROBE_MULTI, Linux 6.6; newer than the headers of Debian 12. */
#define ATTACH_TYPE_UPROBE_MULTI 48

struct attachment {
	int link_fd;		 /* uprobe_multi */
	struct bpf_link **links; /* perf events */
	size_t n_links;
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

static const char *remedy(int code)
{
	switch (code) {
	case -EPERM:
	case -EACCES:
		return "; run as root or with CAP_BPF and CAP_PERFMON";
	case -ESRCH:
		return "; the process has ended";
	case -ENOENT:
	case -EOPNOTSUPP:
		return "; the kernel needs CONFIG_UPROBE_EVENTS and CONFIG_BPF_EVENTS";
	default:
		return "";
	}
}

int attachment_new(struct attachment **out, enum attach_method method, struct bpf_program *program, int fd, pid_t pid,
		   const elf_offset *offsets, const uint64_t *cookies, size_t n, struct error *err)
{
	struct attachment *a = xcalloc(1, sizeof(*a));
	char path[64];
	int ret = 0;

	a->link_fd = -1;
	*out = NULL;
	/* Through our own descriptor: the path the user gave may be replaced, deleted or in another namespace. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (method == ATTACH_MULTI) {
		ret = link_create(bpf_program__fd(program), path, offsets, cookies, n, (uint32_t)pid);
		if (ret >= 0) {
			a->link_fd = ret;
			ret = 0;
		}
	} else {
		a->links = xcalloc(n, sizeof(*a->links));
		for (size_t i = 0; i < n && ret == 0; i++) {
			LIBBPF_OPTS(bpf_uprobe_opts, opts, .bpf_cookie = cookies ? cookies[i] : 0);

			a->links[i] = bpf_program__attach_uprobe_opts(program, pid ? pid : -1, path, offsets[i], &opts);
			if (a->links[i])
				a->n_links++;
			else
				ret = -errno;
		}
	}
	if (ret) {
		error_set(err, ret, "probe: failed to attach %zu probes through %s: %s%s", n,
			  attach_method_name(method), strerror(-ret), remedy(ret));
		attachment_free(a);
		return ret;
	}
	*out = a;
	return 0;
}

void attachment_free(struct attachment *a)
{
	if (!a)
		return;
	if (a->link_fd >= 0)
		close(a->link_fd);
	for (size_t i = 0; i < a->n_links; i++)
		bpf_link__destroy(a->links[i]);
	free(a->links);
	free(a);
}
