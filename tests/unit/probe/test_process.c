/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of our own: one that sleeps, one that executes, one that has ended, and Go's own gofmt, which waits for its
 * input. */
#include "probe/process.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

/* For what takes a moment, and on a busy machine many. */
#define LOOKS		  6000
#define LOOK_EVERY_US	  10000
#define LOOKS_TOGETHER_MS (LOOKS * (LOOK_EVERY_US / 1000))

struct child {
	pid_t pid;
	int input; /* it goes on when this is closed */
};

/* Runs path with its input from a pipe, once the first byte comes where waits is set. */
static struct child start(const char *path, bool waits)
{
	struct child child;
	int fds[2];
	char go;

	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	child.pid = fork();
	cr_assert_geq(child.pid, 0);
	if (child.pid == 0) {
		if (waits && read(fds[0], &go, 1) != 1)
			_exit(1);
		dup2(fds[0], STDIN_FILENO);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	child.input = fds[1];
	close(fds[0]);
	return child;
}

static int end(struct child *child)
{
	int status = -1;

	close(child->input);
	waitpid(child->pid, &status, 0);
	return status;
}

static bool becomes_live(pid_t pid, int old)
{
	for (int i = 0; i < LOOKS; i++) {
		int fd;
		bool live;

		if (!address_space_is_live(old)) {
			fd = address_space_open(pid);
			live = fd >= 0 && address_space_is_live(fd);
			if (fd >= 0)
				close(fd);
			if (live)
				return true;
		}
		usleep(LOOK_EVERY_US);
	}
	return false;
}

Test(process, an_address_space_ends_with_exec_and_with_exit)
{
	struct child cat = start("/bin/cat", true);
	int before = address_space_open(cat.pid), after;

	cr_assert_geq(before, 0);
	cr_expect(address_space_is_live(before));
	cr_expect(address_space_is_live(before), "also when asked again");
	cr_assert_eq(write(cat.input, "g", 1), 1);
	cr_expect(becomes_live(cat.pid, before));
	after = address_space_open(cat.pid);
	cr_assert_geq(after, 0);
	cr_expect(address_space_is_live(after));
	cr_expect_not(address_space_is_live(before));
	end(&cat);
	cr_expect_not(address_space_is_live(after));
	cr_expect_eq(address_space_open(cat.pid), -ENOENT);
	close(before);
	close(after);
}

static void expect_refused(pid_t pid, int code, const char *words)
{
	struct error err = ERROR_INIT;
	struct process *process = (void *)&err;

	cr_expect_eq(process_open(&process, pid, NULL, &err), code, "process %d: %s", pid, err.text);
	cr_expect_null(process);
	cr_expect(err.text && strstr(err.text, words), "process %d: %s", pid, err.text);
	error_release(&err);
}

Test(process, what_is_no_target)
{
	struct child cat = start("/bin/cat", false);
	int status;

	expect_refused(4194304, -ESRCH, "none of that id");
	expect_refused(getpid(), -ENOEXEC, "is not a Go program");
	if (access("/proc/2/status", R_OK) == 0 && access("/proc/2/exe", F_OK) != 0 && getppid() != 0)
		expect_refused(2, -EINVAL, "thread of the kernel");
	/* Ended, and not asked for yet. */
	close(cat.input);
	for (int i = 0; i < LOOKS && waitid(P_PID, (id_t)cat.pid, NULL, WEXITED | WNOWAIT | WNOHANG); i++)
		usleep(LOOK_EVERY_US);
	waitid(P_PID, (id_t)cat.pid, NULL, WEXITED | WNOWAIT);
	expect_refused(cat.pid, -ESRCH, "has ended");
	waitpid(cat.pid, &status, 0);
	expect_refused(cat.pid, -ESRCH, "none of that id");
}

/* The oldest toolchain's gofmt, or NULL. */
static char *gofmt_path(void)
{
	FILE *list = popen("scripts/toolchains --list", "r");
	char version[64], go[512], *path = NULL;

	cr_assert_not_null(list);
	if (fscanf(list, "%63s %511s", version, go) == 2)
		path = xasprintf("%s", go);
	while (fgetc(list) != EOF)
		;
	pclose(list);
	if (path) {
		char *name = strrchr(path, '/');
		char *gofmt = xasprintf("%.*s/gofmt", (int)(name - path), path);

		free(path);
		path = gofmt;
	}
	return path;
}

/* Until it has become what it is to be, and waits. */
/* Within exec the kernel changes the address space first and the name a little later. */
static struct process *open_when_ready(pid_t pid, const char *name, struct error *err)
{
	struct process *process = NULL;

	for (int i = 0; i < LOOKS; i++) {
		if (process_open(&process, pid, NULL, err)) {
			process = NULL;
			error_release(err);
		} else if (!strcmp(process_name(process), name)) {
			break;
		} else {
			process_free(process);
			process = NULL;
		}
		usleep(LOOK_EVERY_US);
	}
	return process;
}

static pid_t another_thread(pid_t pid)
{
	char *path = xasprintf("/proc/%d/task", pid);
	pid_t found = 0;

	for (int i = 0; i < LOOKS && !found; i++) {
		DIR *dir = opendir(path);
		const struct dirent *entry;

		while (dir && (entry = readdir(dir))) {
			pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

			if (tid && tid != pid)
				found = tid;
		}
		if (dir)
			closedir(dir);
		usleep(LOOK_EVERY_US);
	}
	free(path);
	return found;
}

Test(process, a_go_program)
{
	struct error err = ERROR_INIT;
	struct process_census census;
	char *path = gofmt_path(), real[4096];
	struct pollfd ended = {.events = POLLIN};
	struct process *process, *same;
	struct go_binary *bin;
	struct go_func func;
	uint8_t in_memory[32], in_file[32];
	struct child gofmt;
	pid_t tid;

	if (!path)
		cr_skip_test("no Go toolchain: run make toolchains");
	gofmt = start(path, false);
	process = open_when_ready(gofmt.pid, "gofmt", &err);
	cr_assert_not_null(process, "%s", err.text);
	cr_assert_not_null(realpath(path, real));
	cr_expect_str_eq(process_path(process), real);
	cr_expect_str_eq(process_name(process), "gofmt");
	cr_expect_eq(process_pid(process), gofmt.pid);
	cr_expect_eq(process_uid(process), (long)getuid());
	cr_expect_eq(process_tracer(process), 0);
	cr_expect_eq(process_module_count(process), 0);
	cr_expect_eq(process_note_count(process), 0);
	cr_expect_null(process_missed(process));
	cr_expect_null(process_new_modules(process));
	cr_expect(process_is_same(process));

	cr_assert(go_binary_func_named(process_binary(process), "runtime.mallocgc", &func));
	cr_assert(elf_image_read(go_binary_image(process_binary(process)), func.entry, in_file, sizeof(in_file)));
	cr_expect_eq(process_read(process, func.entry, in_memory, sizeof(in_memory)), 0);
	cr_expect_arr_eq(in_memory, in_file, sizeof(in_file));
	cr_expect_lt(process_read(process, 1, in_memory, 1), 0, "nothing is mapped there");

	process_census(&census, elf_image_fd(go_binary_image(process_binary(process))), path);
	cr_expect_geq(census.running, 1);
	cr_expect_eq(census.replaced, 0);

	tid = another_thread(gofmt.pid);
	cr_assert_neq(tid, 0);
	cr_assert_eq(process_open(&same, tid, path, &err), 0, "%s", err.text);
	cr_expect_eq(process_pid(same), gofmt.pid);
	cr_assert_eq(process_note_count(same), 1);
	cr_expect(strstr(process_note(same, 0), "is a thread of process"), "%s", process_note(same, 0));
	process_free(same);
	cr_expect_eq(process_open(&same, gofmt.pid, "/bin/true", &err), -ENOEXEC);
	cr_expect(err.text && strstr(err.text, "it has one in"), "%s", err.text);
	error_release(&err);

	bin = process_take_binary(process);
	cr_expect_not_null(bin);
	cr_expect_null(process_binary(process));
	end(&gofmt);
	cr_expect_not(process_is_same(process));
	ended.fd = process_pid_fd(process);
	cr_expect_eq(poll(&ended, 1, LOOKS_TOGETHER_MS), 1);
	process_free(process);
	cr_expect_str_eq(go_binary_main_package(bin), "cmd/gofmt", "still there when the process is not");
	go_binary_free(bin);
	free(path);
	process_free(NULL);
}
