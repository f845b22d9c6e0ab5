/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said where the kernel refuses. Its verifier is made to refuse by a program of the real object that claims to
 * be of another type, in which its very first helper is not allowed.
 */
#include "probe/loader.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "probe/kernel_needs.h"
#include "probe/programs.h"
#include "tests/unit/probe/need_bpf.h"

#include "bpf/alloc.skel.h"

/* Loads it refused. */
static int load_refused(struct error *err)
{
	struct alloc_bpf *skel;
	int ret;

	loader_silence();
	skel = alloc_bpf__open();
	cr_assert(skel);
	bpf_program__set_type(skel->progs.on_alloc, BPF_PROG_TYPE_SOCKET_FILTER);
	ret = loader_load(skel->skeleton, err);
	alloc_bpf__destroy(skel);
	return ret;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* The name in quotes behind "is in ". */
static char *file_of(const struct error *err)
{
	const char *at = strstr(err->text, "is in '"), *end = at ? strchr(at + 7, '\'') : NULL;

	cr_assert(end, "no file is named: %s", err->text);
	return xstrndup(at + 7, (size_t)(end - at - 7));
}

Test(loader, a_refusal_shows_the_last_lines_and_keeps_all_of_them)
{
	struct error err = ERROR_INIT;
	char folder[] = "/tmp/escaudit-loader.XXXXXX", *path;
	struct strbuf log = STRBUF_INIT;
	struct utsname u;
	struct stat st;
	int ret;

	need_bpf();
	cr_assert(mkdtemp(folder));
	setenv("TMPDIR", folder, 1);
	ret = load_refused(&err);
	cr_assert_lt(ret, 0);
	cr_expect_eq(err.code, ret);
	uname(&u);
	cr_expect(strstr(err.text, "probe: failed to load the kernel program 'on_alloc': "), "%s", err.text);
	cr_expect(strstr(err.text, strerror(-ret)), "%s", err.text);
	cr_expect(strstr(err.text, u.release), "%s", err.text);
	cr_expect(strstr(err.text, "escaudit " ESCAUDIT_VERSION), "%s", err.text);
	/* "unknown func", "program of this type cannot use helper", by the kernel */
	cr_expect(strstr(err.text, "bpf_get_attach_cookie#174") || strstr(err.text, "func#174"), "%s", err.text);
	cr_expect_null(strstr(err.text, "processed "), "%s", err.text);
	cr_expect_null(strstr(err.text, "CAP_"), "%s", err.text);
	cr_expect_null(strstr(err.text, "CONFIG_"), "%s", err.text);
	cr_expect_leq(count(err.text, "\n    "), 5, "%s", err.text);
	cr_expect_geq(count(err.text, "\n    "), 1, "%s", err.text);

	path = file_of(&err);
	cr_expect_eq(strncmp(path, folder, strlen(folder)), 0, "%s", path);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
	cr_assert_eq(strbuf_read_file(&log, path, 0), 0);
	cr_expect(strstr(log.buf, "#174"), "%s", log.buf);
	cr_expect(strstr(log.buf, "processed "), "%s", log.buf);
	cr_expect(strstr(log.buf, u.release), "%s", log.buf);
	cr_expect(strstr(log.buf, "escaudit " ESCAUDIT_VERSION), "%s", log.buf);
	cr_expect(strstr(log.buf, "program on_alloc"), "%s", log.buf);
	unlink(path);
	cr_expect_eq(rmdir(folder), 0, "more than the log was left");
	free(path);
	strbuf_release(&log);
	error_release(&err);
}

Test(loader, a_log_that_cannot_be_written_is_said_and_the_rest_too)
{
	struct error err = ERROR_INIT;

	need_bpf();
	setenv("TMPDIR", "/nonexistent/folder", 1);
	cr_assert_lt(load_refused(&err), 0);
	cr_expect(strstr(err.text, "could not be written to '/nonexistent/folder/"), "%s", err.text);
	cr_expect(strstr(err.text, "No such file or directory"), "%s", err.text);
	cr_expect(strstr(err.text, "#174"), "%s", err.text);
	error_release(&err);
}

Test(loader, two_refusals_have_two_files)
{
	struct error first = ERROR_INIT, second = ERROR_INIT;
	char *a, *b;

	need_bpf();
	unsetenv("TMPDIR");
	cr_assert_lt(load_refused(&first), 0);
	cr_assert_lt(load_refused(&second), 0);
	a = file_of(&first);
	b = file_of(&second);
	cr_expect_str_neq(a, b);
	cr_expect_eq(strncmp(a, "/tmp/", 5), 0, "%s", a);
	cr_expect_eq(unlink(a), 0);
	cr_expect_eq(unlink(b), 0);
	free(a);
	free(b);
	error_release(&first);
	error_release(&second);
}

Test(loader, too_few_descriptors_are_no_fault_of_the_kernel)
{
	struct alloc_settings settings;
	int most = dup(STDERR_FILENO), worked = 0, limited = 0;

	need_bpf();
	close(most);
	alloc_settings_init_default(&settings, ATTACH_PERF);
	for (int n = 1; n < 40; n++) {
		struct rlimit limit;
		struct error err = ERROR_INIT;
		struct alloc_bpf *skel;
		int ret;

		getrlimit(RLIMIT_NOFILE, &limit);
		limit.rlim_cur = (rlim_t)(most + n);
		setrlimit(RLIMIT_NOFILE, &limit);
		ret = alloc_programs_load(&skel, &settings, &err);
		if (ret == 0) {
			worked++;
		} else {
			cr_expect_eq(ret, -EMFILE, "%s", err.text);
			cr_expect(strstr(err.text, "RLIMIT_NOFILE is "), "%d: %s", n, err.text);
			limited++;
		}
		alloc_bpf__destroy(skel);
		error_release(&err);
	}
	cr_expect_gt(worked, 5);
	cr_expect_gt(limited, 5);
}

Test(loader, a_map_that_is_too_large_is_named)
{
	struct error err = ERROR_INIT;
	struct alloc_settings settings;
	struct alloc_bpf *skel;

	need_bpf();
	alloc_settings_init_default(&settings, ATTACH_PERF);
	settings.max_observations = UINT32_MAX;
	cr_assert_lt(alloc_programs_load(&skel, &settings, &err), 0);
	cr_expect(strstr(err.text, "map 'observations'"), "%s", err.text);
	cr_expect(strstr(err.text, "--max-stacks"), "%s", err.text);
	error_release(&err);
}

Test(loader, what_this_kernel_lacks)
{
	struct error err = ERROR_INIT;

	need_bpf();
	/* The tests are for kernels on which recordings work; others are booted. */
	cr_expect_eq(kernel_needs_check(&err), 0, "%s", err.text);
	cr_expect(kernel_need_is_lacking(-EINVAL));
	cr_expect_not(kernel_need_is_lacking(-EPERM));
	cr_expect_not(kernel_need_is_lacking(-EMFILE));
	cr_expect_not(kernel_need_is_lacking(-ENOMEM));
	error_release(&err);
}
