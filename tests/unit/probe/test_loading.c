/* SPDX-License-Identifier: Apache-2.0 */
/* Which loader a program has, without privileges: what is found there is found before anything is asked of the kernel.
 */
#include "probe/loading.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

static char *folder;

static void begin(void)
{
	folder = xstrdup("/tmp/escaudit-loading.XXXXXX");
	cr_assert_not_null(mkdtemp(folder));
}

static void end(void)
{
	rmdir(folder);
	free(folder);
}

static char *file(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", folder, name);
	FILE *f = fopen(path, "we");

	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static void expect_refused(const char *path, int code, const char *words)
{
	struct loading *loading = (void *)&words;
	struct error err = ERROR_INIT;

	cr_expect_eq(loading_new(&loading, path, ATTACH_PERF, &err), code, "%s: %s", path, err.text);
	cr_expect_null(loading);
	cr_expect(err.text && strstr(err.text, words), "%s: %s", path, err.text);
	error_release(&err);
}

Test(loading, what_can_load_nothing, .init = begin, .fini = end)
{
	char *missing = xasprintf("%s/missing", folder), *text = file("text", "nothing\n"), *nobody, *loop, *line,
	     *self;

	expect_refused(missing, -ENOENT, "missing");
	expect_refused(text, -ENOEXEC, "not an ELF file");
	line = xasprintf("#! \t%s argument\n", missing);
	nobody = file("nobody", line);
	expect_refused(nobody, -ENOENT, "missing");
	free(line);
	self = xasprintf("%s/loop", folder);
	line = xasprintf("#!%s\n", self);
	loop = file("loop", line);
	expect_refused(loop, -ELOOP, "its interpreter is a script");
	unlink(loop);
	unlink(nobody);
	unlink(text);
	free(line);
	free(self);
	free(loop);
	free(nobody);
	free(text);
	free(missing);
}

/* The loader of this program is itself a program that has none. */
Test(loading, a_loader_has_none)
{
	if (access("/lib64/ld-linux-x86-64.so.2", R_OK))
		cr_skip_test("another C library");
	expect_refused("/lib64/ld-linux-x86-64.so.2", -EINVAL, "it has no dynamic loader");
}
