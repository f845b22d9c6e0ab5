/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/maps.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/strbuf.h"

static int parse(struct maps *out, const char *text, struct error *err)
{
	return maps_parse(out, text, strlen(text), err);
}

Test(maps, every_member_of_a_line)
{
	struct error err = ERROR_INIT;
	struct maps maps;

	cr_assert_eq(parse(&maps,
			   "00400000-0059b000 r-xp 00001000 fd:1a 1837460                    /srv/shop (deleted)\n"
			   "7ffd3d8f1000-7ffd3d912000 rw-p 00000000 00:00 0                  [stack]\n"
			   "7ffd3d9f3000-7ffd3d9f7000 r--p 00000000 00:00 0 \n"
			   "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0          [vsyscall]\n",
			   &err),
		     0, "%s", err.text);
	cr_assert_eq(maps.n, 4);
	cr_expect_eq(maps.items[0].start, 0x400000);
	cr_expect_eq(maps.items[0].end, 0x59b000);
	cr_expect_eq(maps.items[0].offset, 0x1000);
	cr_expect_eq(maps.items[0].major, 0xfd);
	cr_expect_eq(maps.items[0].minor, 0x1a);
	cr_expect_eq(maps.items[0].inode, 1837460);
	cr_expect(maps.items[0].executable);
	cr_expect(maps.items[0].deleted);
	cr_expect_str_eq(maps.items[0].path, "/srv/shop");
	cr_expect_not(maps.items[1].executable);
	cr_expect_not(maps.items[1].deleted);
	cr_expect_str_eq(maps.items[1].path, "[stack]");
	cr_expect_str_eq(maps.items[2].path, "");
	cr_expect_eq(maps.items[3].end, 0xffffffffff601000);
	cr_expect(map_same_file(&maps.items[0], &maps.items[0]));
	cr_expect_not(map_same_file(&maps.items[0], &maps.items[1]));
	cr_expect_not(map_same_file(&maps.items[1], &maps.items[2]), "no file is not the same file");
	maps_release(&maps);
}

Test(maps, paths_as_strange_as_they_come)
{
	static const struct {
		const char *line, *path;
		bool deleted;
	} cases[] = {
		{"1000-2000 r-xp 0 08:01 7 /a b/c  d", "/a b/c  d", false},
		{"1000-2000 r-xp 0 08:01 7 /a\\012b", "/a\nb", false},
		{"1000-2000 r-xp 0 08:01 7 /a\\01", "/a\\01", false},
		{"1000-2000 r-xp 0 08:01 7 /a (deleted) (deleted)", "/a (deleted)", true},
		{"1000-2000 r-xp 0 08:01 7 /memfd:x (deleted)", "/memfd:x", true},
		{"1000-2000 r-xp 0 08:01 7 (deleted)", "(deleted)", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		struct maps maps;

		cr_expect_eq(parse(&maps, cases[i].line, &err), 0, "%s: %s", cases[i].line, err.text);
		cr_expect_eq(maps.n, 1);
		if (maps.n == 1) {
			cr_expect_str_eq(maps.items[0].path, cases[i].path);
			cr_expect_eq(maps.items[0].deleted, cases[i].deleted, "%s", cases[i].line);
		}
		error_release(&err);
		maps_release(&maps);
	}
}

Test(maps, no_line_of_the_kernels)
{
	static const char *const lines[] = {
		"\n",
		"1000",
		"1000-2000",
		"1000-2000 r-xp",
		"1000-2000 r-xp 0 08:01 7",
		"-2000 r-xp 0 08:01 7 /a",
		"1000-2000 r-xp  08:01 7 /a",
		"2000-1000 r-xp 0 08:01 7 /a",
		"1000-2000 r-xpp 0 08:01 7 /a",
		"1000-2000 r-xp 0 08:01 a /a",
		"10g0-2000 r-xp 0 08:01 7 /a",
		"1000-2000 r-xp 0 100000000:01 7 /a",
		"10000000000000000-20000000000000000 r-xp 0 08:01 7 /a",
		"1000-2000 r-xp 0 08:01 18446744073709551616 /a",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct error err = ERROR_INIT;
		struct maps maps;

		cr_expect_eq(parse(&maps, lines[i], &err), -EBADMSG, "'%s'", lines[i]);
		cr_expect_not_null(err.text);
		error_release(&err);
		maps_release(&maps);
	}
}

Test(maps, what_is_mapped_here)
{
	static int here;
	struct error err = ERROR_INIT;
	struct maps maps;
	bool found = false;
	int fd = address_space_open(getpid());

	cr_assert_geq(fd, 0);
	cr_assert_eq(maps_read_fd(&maps, fd, &err), 0, "%s", err.text);
	for (size_t i = 0; i < maps.n; i++) {
		const struct map_entry *m = &maps.items[i];

		found |= (uint64_t)(uintptr_t)&here >= m->start && (uint64_t)(uintptr_t)&here < m->end;
		cr_expect(i == 0 || m->start >= maps.items[i - 1].end, "by address");
	}
	cr_expect(found);
	maps_release(&maps);
	/* A second time, from the beginning. */
	cr_assert_eq(maps_read_fd(&maps, fd, &err), 0, "%s", err.text);
	cr_expect_gt(maps.n, 5);
	maps_release(&maps);
	close(fd);
}
