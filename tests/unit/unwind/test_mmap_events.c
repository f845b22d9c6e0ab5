/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/mmap_events.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unwind/wait_for_read.h"
#include "unwind/c_process_internal.h"

static void need(int ret)
{
	const char *ci = getenv("CI");

	if (ret && !(ci && strcmp(ci, "true") == 0))
		cr_skip_test("perf events are not to be had: %s", strerror(-ret));
	cr_assert_eq(ret, 0, "%s", strerror(-ret));
}

static bool ends_with(const char *s, const char *end)
{
	return strlen(s) >= strlen(end) && strcmp(s + strlen(s) - strlen(end), end) == 0;
}

/* The first mapping of the file whose path ends so. */
static const struct c_mapping *mapping_of(struct c_process *process, const struct c_files *files, const char *end)
{
	struct c_range ranges[64];
	size_t n = c_process_text_ranges(process, ranges, 64);

	for (size_t i = 0; i < n; i++) {
		for (uint64_t at = ranges[i].start; at < ranges[i].end; at += 4096) {
			const struct c_mapping *m = c_process_mapping(process, at);

			if (m && m->file != C_NO_FILE && ends_with(c_files_path(files, m->file), end))
				return m;
		}
	}
	return NULL;
}

/* Runs until go is closed, and executes a program then, which has nothing to read and waits for it. */
static pid_t start(int *go, const char *program)
{
	int pipe_fds[2], input[2];
	pid_t pid;
	char c;

	cr_assert_eq(pipe2(pipe_fds, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(input, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(input[0], 0);
		close(pipe_fds[1]);
		if (read(pipe_fds[0], &c, 1) == 0)
			execl(program, program, (char *)NULL);
		_exit(127);
	}
	close(pipe_fds[0]);
	*go = pipe_fds[1];
	return pid;
}

Test(mmap_events, a_program_that_is_over)
{
	struct c_files *files = c_files_new();
	struct error err = ERROR_INIT;
	struct mmap_events *events = NULL;
	const struct c_mapping *m;
	struct c_process *process;
	struct cfi_entry *entry;
	struct c_range ours[64];
	int go, status, ret;
	size_t n;
	pid_t pid = start(&go, "/bin/true");

	cr_assert_eq(c_process_new(&process, pid, files, &err), 0, "%s", err.text);
	cr_expect_null(mapping_of(process, files, "/true"));
	ret = mmap_events_open(&events, pid);
	close(go);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	need(ret);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	cr_expect_eq(c_process_refresh(process), -ESRCH);
	n = c_process_text_ranges(process, ours, 64);
	cr_expect_gt(n, 0, "what is known stays");
	cr_expect_eq(mmap_events_drain(events, process), 0);

	cr_expect_not_null(mapping_of(process, files, "/true"));
	cr_expect_null(mapping_of(process, files, "/test_mmap_events"), "of the program before nothing is left");
	m = mapping_of(process, files, "/libc.so.6");
	cr_assert_not_null(m);
	cr_expect_eq(m->start & 4095, 0);
	/* It can be unwound through: the middle of its code is in some function. */
	cr_assert_not_null(c_process_table(process, m->file));
	cr_expect_eq(cfi_table_find(c_process_table(process, m->file), (m->start + m->end) / 2 - m->bias, &entry),
		     CFI_FOUND);
	cr_expect_eq(mmap_events_drain(events, process), 0, "told once");
	mmap_events_free(events);
	c_process_free(process);
	c_files_free(files);
}

/* The same as its map says, while it runs. */
Test(mmap_events, as_the_map_has_it)
{
	struct c_files *files = c_files_new();
	struct c_range by_event[64], by_map[64];
	struct c_process *process, *mapped;
	struct error err = ERROR_INIT;
	struct mmap_events *events = NULL;
	int go, ret, status;
	size_t n, n_map;
	pid_t pid = start(&go, "/bin/cat");

	cr_assert_eq(c_process_new(&process, pid, files, &err), 0, "%s", err.text);
	ret = mmap_events_open(&events, pid);
	if (ret) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	need(ret);
	close(go);
	wait_for_read(pid);
	cr_expect_eq(mmap_events_drain(events, process), 0);
	cr_assert_eq(c_process_new(&mapped, pid, files, &err), 0, "%s", err.text);
	n = c_process_text_ranges(process, by_event, 64);
	n_map = c_process_text_ranges(mapped, by_map, 64);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	/* vsyscall is in every map, and never mapped. */
	while (n_map && by_map[n_map - 1].start > 1ull << 63)
		n_map--;
	cr_assert_eq(n, n_map, "%zu, %zu", n, n_map);
	for (size_t i = 0; i < n; i++) {
		const struct c_mapping *a = c_process_mapping(process, by_event[i].start),
				       *b = c_process_mapping(mapped, by_map[i].start);

		cr_expect_eq(by_event[i].start, by_map[i].start);
		cr_expect_eq(by_event[i].end, by_map[i].end);
		cr_assert(a && b);
		cr_expect_eq(a->file, b->file);
		cr_expect_eq(a->bias, b->bias);
	}
	mmap_events_free(events);
	c_process_free(mapped);
	c_process_free(process);
	c_files_free(files);
}
