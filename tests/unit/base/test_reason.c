/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reason.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void limit(int which, rlim_t soft)
{
	struct rlimit value;

	getrlimit(which, &value);
	value.rlim_cur = soft;
	cr_assert_eq(setrlimit(which, &value), 0);
}

Test(reason, anything_else_is_what_strerror_says)
{
	cr_expect_str_eq(reason_text(-ENOENT), strerror(ENOENT));
	cr_expect_str_eq(reason_text(EACCES), strerror(EACCES));
	cr_expect_not(reason_is_limit(-EPERM));
	cr_expect(reason_is_limit(-ENFILE));
	for (int fd = 0; fd < 256; fd++)
		cr_expect_not(reason_is_limit(fd), "descriptor %d", fd);
}

Test(reason, the_limit_of_open_files_is_named_also_when_none_can_be_opened)
{
	limit(RLIMIT_NOFILE, 17);
	while (dup(STDERR_FILENO) >= 0)
		;
	cr_expect_eq(errno, EMFILE);
	cr_expect(strstr(reason_text(errno), "RLIMIT_NOFILE is 17"), "%s", reason_text(EMFILE));
	cr_expect(strstr(reason_text(errno), "ulimit -n"));
	cr_expect_eq(errno, EMFILE, "errno is left as it was");
}

Test(reason, descriptors_are_counted_and_given_back)
{
	int fds[64];
	size_t n = 0;

	limit(RLIMIT_NOFILE, 40);
	while ((fds[n] = dup(STDERR_FILENO)) >= 0)
		n++;
	cr_assert_gt(n, 5);
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	for (int twice = 0; twice < 2; twice++) {
		cr_expect_eq(reason_no_descriptors(n), 0);
		cr_expect_eq(reason_no_descriptors(n + 1), -EMFILE);
	}
}

Test(reason, the_limit_of_the_address_space_is_named_with_what_is_in_use)
{
	struct rlimit before;
	const char *text;

	getrlimit(RLIMIT_AS, &before);
	limit(RLIMIT_AS, (rlim_t)1 << 32);
	text = reason_text(-ENOMEM);
	limit(RLIMIT_AS, before.rlim_cur); /* sanitizers have more in use */
	cr_expect(strstr(text, "RLIMIT_AS 4194304 KiB, "), "%s", text);
	cr_expect(strstr(text, "ulimit -v"), "%s", text);
	cr_expect_null(strstr(text, "RLIMIT_AS 4194304 KiB, 0 in use"), "%s", text);
}

Test(reason, processes_are_limited_too)
{
	limit(RLIMIT_NPROC, 77);
	cr_expect(strstr(reason_of_fork(-EAGAIN), "RLIMIT_NPROC is 77"), "%s", reason_of_fork(-EAGAIN));
	cr_expect_str_eq(reason_text(-EAGAIN), strerror(EAGAIN));
}

Test(reason, four_texts_at_a_time)
{
	const char *a = reason_text(EPERM), *b = reason_text(ENOENT), *c = reason_text(EIO), *d = reason_text(EBUSY);

	cr_expect_str_eq(a, strerror(EPERM));
	cr_expect_str_eq(b, strerror(ENOENT));
	cr_expect_str_eq(c, strerror(EIO));
	cr_expect_str_eq(d, strerror(EBUSY));
}
