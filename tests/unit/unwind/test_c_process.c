/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/c_process.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unwind/wait_for_read.h"
#include "unwind/c_process_internal.h"

/* Of no process: there is none of this number. */
static struct c_process *none(struct c_files *files)
{
	struct error err = ERROR_INIT;
	struct c_process *process;

	cr_assert_eq(c_process_new(&process, -1, files, &err), 0, "%s", err.text);
	return process;
}

static void expect(struct c_process *process, uint64_t address, uint32_t file, uint64_t offset)
{
	const struct c_mapping *m = c_process_mapping(process, address);

	cr_assert_not_null(m, "%lx", address);
	cr_expect_eq(m->file, file, "%lx: %u", address, m->file);
	cr_expect_eq(m->offset + (address - m->start), offset, "%lx: %lx", address, m->offset + (address - m->start));
}

Test(c_process, what_comes_later_takes_its_place)
{
	struct c_files *files = c_files_new();
	struct c_process *p = none(files);

	cr_expect_null(c_process_mapping(p, 0x1000));
	c_process_add_mapping(p, 0x10000, 0x20000, 0x3000, -1, "/a");
	c_process_add_mapping(p, 0x30000, 0x40000, 0, -1, "/b");
	cr_expect_null(c_process_mapping(p, 0xffff));
	expect(p, 0x10000, 0, 0x3000);
	expect(p, 0x1ffff, 0, 0x12fff);
	cr_expect_null(c_process_mapping(p, 0x20000));
	/* In the middle of one. */
	c_process_add_mapping(p, 0x14000, 0x15000, 0x7000, -1, "/c");
	expect(p, 0x13fff, 0, 0x6fff);
	expect(p, 0x14000, 2, 0x7000);
	expect(p, 0x15000, 0, 0x8000);
	/* Over the end of one and the beginning of the next. */
	c_process_add_mapping(p, 0x1f000, 0x31000, 0, -1, "/d");
	expect(p, 0x1efff, 0, 0x11fff);
	expect(p, 0x1f000, 3, 0);
	expect(p, 0x30fff, 3, 0x11fff);
	expect(p, 0x31000, 1, 0x1000);
	/* Over several. */
	c_process_add_mapping(p, 0x13000, 0x32000, 0, -1, "/e");
	expect(p, 0x12fff, 0, 0x5fff);
	expect(p, 0x13000, 4, 0);
	expect(p, 0x31fff, 4, 0x1efff);
	expect(p, 0x32000, 1, 0x2000);
	/* The same once more, and none at all. */
	c_process_add_mapping(p, 0x13000, 0x32000, 0x1000, -1, "/e");
	expect(p, 0x13000, 4, 0x1000);
	c_process_add_mapping(p, 0x50000, 0x50000, 0, -1, "/f");
	c_process_add_mapping(p, 0x50000, 0x40000, 0, -1, "/f");
	cr_expect_null(c_process_mapping(p, 0x50000));
	/* Code of no file hides one, too. */
	c_process_add_mapping(p, 0x13000, 0x14000, 0, -1, "//anon");
	c_process_add_mapping(p, 0x14000, 0x15000, 0, -1, "[heap]");
	cr_expect_eq(c_process_mapping(p, 0x14000)->file, C_NO_FILE);
	/* To the end of the address space. */
	c_process_add_mapping(p, UINT64_MAX - 0xfff, UINT64_MAX, 0, -1, "/g");
	cr_expect_not_null(c_process_mapping(p, UINT64_MAX - 1));
	c_process_remove(p, 0, UINT64_MAX);
	cr_expect_null(c_process_mapping(p, 0x14000));
	cr_expect_eq(c_process_refresh(p), -ESRCH);
	c_process_free(p);
	c_files_free(files);
}

Test(c_process, other_code_at_the_same_place_is_noticed)
{
	struct c_files *files = c_files_new();
	struct error err = ERROR_INIT;
	struct c_process *p;

	cr_assert_eq(c_process_new(&p, -1, files, &err), 0, "%s", err.text);
	c_process_add_mapping(p, 0x10000, 0x12000, 0, -1, "/a");
	c_process_add_mapping(p, 0x20000, 0x21000, 0, -1, "/b");
	c_process_add_mapping(p, 0x10000, 0x12000, 0, -1, "/a");
	c_process_add_mapping(p, 0x11000, 0x12000, 0x1000, -1, "/a");
	cr_expect_eq(c_process_replaced(p), 0);
	c_process_add_mapping(p, 0x20000, 0x21000, 0x1000, -1, "/b");
	cr_expect_eq(c_process_replaced(p), 1, "another part of the file");
	c_process_add_mapping(p, 0x11000, 0x13000, 0, -1, "/b");
	cr_expect_eq(c_process_replaced(p), 2);
	c_process_free(p);
	c_files_free(files);
}

Test(c_process, ranges_are_merged_where_least_lies_between)
{
	struct c_files *files = c_files_new();
	struct c_process *p = none(files);
	struct c_range ranges[5] = {{0, 0}};

	cr_expect_eq(c_process_text_ranges(p, ranges, 5), 0);
	c_process_add_mapping(p, 0x50000, 0x60000, 0, -1, "/a");
	c_process_add_mapping(p, 0x10000, 0x11000, 0, -1, "/a");
	c_process_add_mapping(p, 0x11000, 0x12000, 0, -1, "/b"); /* adjoins */
	c_process_add_mapping(p, 0x20000, 0x21000, 0, -1, "/b");
	c_process_add_mapping(p, 0x22000, 0x23000, 0, -1, "/b");
	c_process_add_mapping(p, 0x30000, 0x31000, 0, -1, "");
	cr_expect_eq(c_process_text_ranges(p, ranges, 5), 4, "stacks end at code without a file");
	cr_expect_eq(ranges[0].start, 0x10000);
	cr_expect_eq(ranges[0].end, 0x12000);
	cr_expect_eq(ranges[3].start, 0x50000);
	cr_expect_eq(c_process_text_ranges(p, ranges, 3), 3);
	cr_expect_eq(ranges[1].start, 0x20000);
	cr_expect_eq(ranges[1].end, 0x23000);
	cr_expect_eq(ranges[2].start, 0x50000);
	cr_expect_eq(c_process_text_ranges(p, ranges, 2), 2);
	cr_expect_eq(ranges[0].end, 0x23000);
	cr_expect_eq(c_process_text_ranges(p, ranges, 1), 1);
	cr_expect_eq(ranges[0].start, 0x10000);
	cr_expect_eq(ranges[0].end, 0x60000);
	cr_expect_eq(c_process_text_ranges(p, ranges, 0), 0);
	c_process_free(p);
	c_files_free(files);
}

Test(c_process, ranges_of_several_processes)
{
	struct c_range ranges[] = {{0x500, 0x600}, {0x100, 0x200}, {0x180, 0x280}, {0x110, 0x120},
				   {0x280, 0x290}, {0x800, 0x900}, {0x500, 0x600}};

	cr_assert_eq(c_ranges_merge(ranges, 7, 8), 3);
	cr_expect_eq(ranges[0].start, 0x100);
	cr_expect_eq(ranges[0].end, 0x290);
	cr_expect_eq(ranges[1].start, 0x500);
	cr_expect_eq(ranges[1].end, 0x600);
	cr_expect_eq(c_ranges_merge(ranges, 3, 2), 2);
	cr_expect_eq(ranges[1].start, 0x500);
	cr_expect_eq(ranges[1].end, 0x900);
	cr_expect_eq(c_ranges_merge(ranges, 0, 2), 0);
}

static uint8_t *map_file(int fd, void *at)
{
	uint8_t *code = mmap(at, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | (at ? MAP_FIXED : 0), fd, 0);

	cr_assert(code != MAP_FAILED);
	return code;
}

/* A library that was closed, and one that took its place; where nothing did, what was there is known yet. */
Test(c_process, mappings_of_the_past)
{
	char name[] = "/tmp/escaudit-test-XXXXXX";
	struct c_files *files = c_files_new();
	struct error err = ERROR_INIT;
	struct c_process *p;
	uint8_t *first, *second;
	uint32_t file;
	int fd = mkstemp(name), other;

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, "code", 4), 4);
	first = map_file(fd, NULL);
	second = map_file(fd, NULL);
	unlink(name); /* it is opened all the same */
	cr_assert_eq(c_process_new(&p, getpid(), files, &err), 0, "%s", err.text);
	cr_assert_not_null(c_process_mapping(p, (uint64_t)(uintptr_t)first));
	file = c_process_mapping(p, (uint64_t)(uintptr_t)first)->file;
	cr_expect_str_eq(c_files_path(files, file), name);
	expect(p, (uint64_t)(uintptr_t)second, file, 0);

	other = memfd_create("other", 0);
	cr_assert_eq(write(other, "code", 4), 4);
	munmap(first, 4096);
	map_file(other, second);
	cr_assert_eq(c_process_refresh(p), 0);
	expect(p, (uint64_t)(uintptr_t)first, file, 0);
	cr_assert_not_null(c_process_mapping(p, (uint64_t)(uintptr_t)second));
	cr_expect_str_eq(c_files_path(files, c_process_mapping(p, (uint64_t)(uintptr_t)second)->file), "/memfd:other");

	/* Data take the place of code as well. */
	mprotect(second, 4096, PROT_READ);
	cr_assert_eq(c_process_refresh(p), 0);
	cr_expect_null(c_process_mapping(p, (uint64_t)(uintptr_t)second));
	c_process_free(p);
	c_files_free(files);
}

Test(c_process, another_program_in_the_same_process)
{
	struct c_files *files = c_files_new();
	struct error err = ERROR_INIT;
	int go[2], input[2], status;
	struct c_process *p;
	struct c_range ranges[256];
	size_t n;
	bool found = false;
	char c;
	pid_t pid;

	cr_assert_eq(pipe2(go, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(input, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		dup2(input[0], 0);
		if (read(go[0], &c, 1) == 0)
			execl("/bin/cat", "cat", (char *)NULL);
		_exit(127);
	}
	close(go[0]);
	cr_assert_eq(c_process_new(&p, pid, files, &err), 0, "%s", err.text);
	/* It is still this one. */
	cr_expect_not_null(c_process_mapping(p, (uint64_t)(uintptr_t)wait_for_read));
	close(go[1]);
	wait_for_read(pid);
	cr_assert_eq(c_process_refresh(p), 0);
	n = c_process_text_ranges(p, ranges, 256);
	for (size_t i = 0; i < n; i++) {
		const struct c_mapping *m = c_process_mapping(p, ranges[i].start);

		cr_expect(m->file == C_NO_FILE || !strstr(c_files_path(files, m->file), "test_c_process"));
		found |= m->file != C_NO_FILE && strstr(c_files_path(files, m->file), "/cat");
	}
	cr_expect(found);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	cr_expect_eq(c_process_refresh(p), -ESRCH);
	cr_expect_eq(c_process_text_ranges(p, ranges, 256), n, "what is known stays");
	c_process_free(p);
	c_files_free(files);
}

static void *wait_for_ever(void *nothing)
{
	for (;;)
		pause();
	return nothing;
}

static bool has_no_root(pid_t pid)
{
	char link[64], target[64];

	snprintf(link, sizeof(link), "/proc/%d/root", pid);
	return readlink(link, target, sizeof(target)) < 0;
}

/* Its first thread has gone, with root and memory; the process has not. The last moments of every process are so. */
Test(c_process, on_its_way_out, .timeout = 60)
{
	struct c_files *files = c_files_new();
	struct error err = ERROR_INIT;
	struct map_entry entry = {.start = 0x10000, .end = 0x20000, .executable = true, .path = "/bin/cat"};
	struct c_process *p;
	pthread_t thread;
	struct stat st;
	int go[2], status;
	char c;
	pid_t pid;

	cr_assert_eq(stat(entry.path, &st), 0);
	entry.inode = st.st_ino;
	entry.major = major(st.st_dev);
	entry.minor = minor(st.st_dev);
	cr_assert_eq(pipe2(go, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		if (read(go[0], &c, 1) == 0 && pthread_create(&thread, NULL, wait_for_ever, NULL) == 0)
			syscall(SYS_exit, 0);
		_exit(127);
	}
	close(go[0]);
	cr_assert_eq(c_process_new(&p, pid, files, &err), 0, "%s", err.text);
	close(go[1]);
	while (!has_no_root(pid))
		usleep(1000);
	cr_assert_eq(waitpid(pid, &status, WNOHANG), 0, "it has ended");
	c_process_add_entry(p, &entry);
	cr_assert_not_null(c_process_mapping(p, 0x10000));
	cr_expect_not_null(c_files_image(files, c_process_mapping(p, 0x10000)->file));
	/* A file that took the place of the one that was mapped is not it. */
	entry.start += 0x100000;
	entry.end += 0x100000;
	entry.inode++;
	c_process_add_entry(p, &entry);
	cr_expect_null(c_files_image(files, c_process_mapping(p, 0x110000)->file));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	c_process_free(p);
	c_files_free(files);
}
