/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/loading.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/memory.h"
#include "base/reason.h"
#include "probe/helper_process.h"
#include "probe/loader.h"
#include "symbolize/elf_image.h"

#include "bpf/loading.skel.h"

/* As deep as the kernel follows scripts whose interpreters are scripts (fs/exec.c), and as much of a first line as it
 * reads (BINPRM_BUF_SIZE). */
#define SCRIPTS_MAX  5
#define SCRIPT_BYTES 256
#define NO_LOADER    "it has no dynamic loader, so that nothing can be loaded into it"

struct loading {
	struct elf_image *loader; /* its file */
	elf_offset offset;	  /* of _dl_debug_state */
	enum attach_method method;
	struct loading_bpf *skel;
	struct attachment *attachment;
	struct ring_buffer *ring;
	uint64_t handled; /* stops that were followed by SIGCONT */
	int pid_fd;	  /* borrowed; -1 before loading_attach */
	pid_t guard;
	int guard_fd; /* the guard acts when this is closed without a word */
};

/* The file that the first line of a script names: an owned string; NULL where fd is no script. */
static char *script_interpreter(int fd)
{
	char line[SCRIPT_BYTES + 1], *start = line + 2;
	ssize_t n = pread(fd, line, SCRIPT_BYTES, 0);

	if (n < 3 || line[0] != '#' || line[1] != '!')
		return NULL;
	line[n] = '\0';
	start += strspn(start, " \t");
	start[strcspn(start, " \t\n")] = '\0';
	return *start ? xstrdup(start) : NULL;
}

/* The program that runs when path is executed. */
static int open_program(struct elf_image **out, const char *path, struct error *err)
{
	char *name = xstrdup(path);
	int ret = 0;

	*out = NULL;
	for (int i = 0; i < SCRIPTS_MAX; i++) {
		int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		char *next = fd < 0 ? NULL : script_interpreter(fd);

		if (fd < 0)
			ret = error_set(err, -errno, "launch: failed to open '%s': %s", name, reason_text(errno));
		else if (!next)
			ret = elf_image_open_fd(out, fd, name, err);
		if (fd >= 0)
			close(fd);
		if (!next)
			break;
		free(name);
		name = next;
	}
	if (ret == 0 && !*out)
		ret = error_set(err, -ELOOP, "launch: failed to start '%s': its interpreter is a script, and so on",
				path);
	free(name);
	return ret;
}

/* The loader's file, and in it the place where it tells, and how far from there it says what it does. */
static int find_place(struct loading *l, const char *path, int64_t *state_distance, struct error *err)
{
	struct elf_image *program = NULL;
	elf_vaddr function, debug;
	char *interpreter = NULL;
	int ret = open_program(&program, path, err);

	*state_distance = 0;
	if (ret)
		return ret;
	interpreter = elf_image_interpreter(program);
	if (!interpreter)
		ret = error_set(err, -EINVAL, "launch: '%s' holds no Go runtime, and " NO_LOADER, path);
	if (ret == 0)
		ret = elf_image_open(&l->loader, interpreter, err);
	if (ret == 0 && (!elf_image_symbol(l->loader, "_dl_debug_state", &function, NULL) ||
			 !elf_image_vaddr_to_offset(l->loader, function, &l->offset)))
		ret = error_set(err, -ENOTSUP,
				"launch: failed to watch what '%s' loads: its dynamic loader '%s' has no "
				"_dl_debug_state; attach to it once it runs: escaudit record -p PID",
				path, interpreter);
	/* musl has it under no name: there both calls of a dlopen stop. */
	if (ret == 0 && elf_image_symbol(l->loader, "_r_debug", &debug, NULL))
		*state_distance = (int64_t)(debug + offsetof(struct r_debug, r_state) - function);
	free(interpreter);
	elf_image_free(program);
	return ret;
}

/* What came: only that it came. */
static int on_byte(void *ctx, void *data, size_t size)
{
	(void)ctx;
	(void)data;
	(void)size;
	return 0;
}

int loading_new(struct loading **out, const char *path, enum attach_method method, struct error *err)
{
	struct loading *l = xcalloc(1, sizeof(*l));
	int64_t distance;
	int ret;

	*out = NULL;
	l->method = method;
	l->pid_fd = l->guard_fd = -1;
	ret = find_place(l, path, &distance, err);
	if (ret)
		goto fail;
	loader_silence();
	l->skel = loading_bpf__open();
	if (!l->skel) {
		ret = loader_open_error(err, -errno);
		goto fail;
	}
	memcpy((void *)(uintptr_t)&l->skel->rodata->state_distance, &distance, sizeof(distance));
	attach_prepare(l->skel->progs.on_loaded, method);
	ret = loader_load(l->skel->skeleton, err);
	if (ret)
		goto fail;
	l->ring = ring_buffer__new(bpf_map__fd(l->skel->maps.loaded), on_byte, NULL, NULL);
	if (!l->ring) {
		ret = error_set(err, -errno, "probe: failed to map the ring of what is loaded: %s", reason_text(errno));
		goto fail;
	}
	*out = l;
	return 0;
fail:
	loading_free(l);
	return ret;
}

static void let_go_on(int pid_fd)
{
	syscall(SYS_pidfd_send_signal, pid_fd, SIGCONT, NULL, 0);
}

/*
 * Sits in the program's process group, with a parent in another one of the session, for as long as the guard does. A
 * group that has no such member any more, because its leader was killed, gets SIGHUP from the kernel if one of it is
 * stopped (setpgid(2), orphaned process groups): the program would end with us. Only where it is us who are that
 * member: in a group that has none anyway the end of the first would be such an event.
 */
static void OWN_STACK __attribute__((noreturn)) anchor(int fd)
{
	char byte;

	helper_process_begin("escaudit-guard", &fd, 1);
	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

static bool holds_group(void)
{
	pid_t parent = getppid();

	return parent > 0 && getsid(parent) == getsid(0) && getpgid(parent) != getpgrp();
}

static void OWN_STACK __attribute__((noreturn))
guard(int fd, int pid_fd, pid_t holder, bool is_held, volatile __u64 *over)
{
	int holder_fd = (int)syscall(SYS_pidfd_open, holder, 0), ends[2] = {-1, -1};
	int keep[] = {fd, pid_fd, holder_fd, -1, -1};
	struct pollfd gone = {.fd = holder_fd, .events = POLLIN};
	char byte = 0;
	pid_t other = -1;
	ssize_t n;

	if (is_held && pipe2(ends, O_CLOEXEC) == 0) {
		other = fork();
		if (other == 0)
			anchor(ends[0]);
		keep[3] = ends[1];
	}
	/* Not in the group itself, so that no Ctrl-C gets here, but in the session. */
	setpgid(0, 0);
	helper_process_begin("escaudit-guard", keep, ARRAY_SIZE(keep));
	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1) { /* we were killed */
		/* Not stopped any more from now on. Where it is being stopped at this very moment, that is over when
		 * the probe is gone. */
		*over = 1;
		let_go_on(pid_fd);
		while (holder_fd >= 0 && poll(&gone, 1, -1) < 0 && errno == EINTR)
			;
		let_go_on(pid_fd);
	}
	if (ends[1] >= 0)
		close(ends[1]);
	while (other > 0 && waitpid(other, NULL, 0) < 0 && errno == EINTR)
		;
	_exit(0);
}

int loading_attach(struct loading *l, pid_t pid, int pid_fd, struct error *err)
{
	bool is_held = holds_group();
	int ends[2], ret;

	ret = attachment_new(&l->attachment, l->method, l->skel->progs.on_loaded, NULL, elf_image_fd(l->loader), pid,
			     &l->offset, NULL, 1, err);
	if (ret)
		return ret;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return error_set(err, -errno, "launch: failed to make a pair of sockets: %s", reason_text(errno));
	l->pid_fd = pid_fd;
	l->guard = fork();
	if (l->guard == 0) {
		close(ends[1]);
		guard(ends[0], pid_fd, attachment_holder(l->attachment), is_held, &l->skel->bss->over);
	}
	ret = l->guard < 0 ? error_set(err, -errno, "launch: failed to fork: %s", reason_of_fork(errno)) : 0;
	close(ends[0]);
	l->guard_fd = ends[1];
	return ret;
}

int loading_fd(const struct loading *l)
{
	return ring_buffer__epoll_fd(l->ring);
}

bool loading_is_stopped(struct loading *l)
{
	ring_buffer__consume(l->ring);
	return __atomic_load_n(&l->skel->bss->stops, __ATOMIC_ACQUIRE) != l->handled;
}

bool loading_is_guarded(const struct loading *l)
{
	char byte;

	/* It never says anything. */
	return l->guard_fd < 0 || recv(l->guard_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

bool loading_has_failed(const struct loading *l)
{
	return __atomic_load_n(&l->skel->bss->failures, __ATOMIC_RELAXED) != 0;
}

void loading_continue(struct loading *l)
{
	l->handled = __atomic_load_n(&l->skel->bss->stops, __ATOMIC_ACQUIRE);
	let_go_on(l->pid_fd);
}

void loading_free(struct loading *l)
{
	if (!l)
		return;
	if (l->skel && l->skel->bss)
		__atomic_store_n(&l->skel->bss->over, 1, __ATOMIC_SEQ_CST);
	attachment_free(l->attachment);
	/* Once the probe is gone nobody stops it any more. */
	if (l->pid_fd >= 0 && l->skel && loading_is_stopped(l))
		loading_continue(l);
	if (l->guard_fd >= 0) {
		send(l->guard_fd, "e", 1, MSG_NOSIGNAL);
		close(l->guard_fd);
	}
	while (l->guard > 0 && waitpid(l->guard, NULL, 0) < 0 && errno == EINTR)
		;
	ring_buffer__free(l->ring);
	loading_bpf__destroy(l->skel);
	elf_image_free(l->loader);
	free(l);
}
