/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/relay.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "predict/go_command.h"

static char scratch[] = "/tmp/escaudit-relay-XXXXXX";

static void begin(void)
{
	cr_assert_not_null(mkdtemp(scratch));
	setenv("TMPDIR", scratch, 1);
}

static void end(void)
{
	go_command_remove(scratch);
}

TestSuite(relay, .init = begin, .fini = end);

static char *in_scratch(const char *name)
{
	return xasprintf("%s/%s", scratch, name);
}

static void write_file(const char *path, const char *text, const char *mode)
{
	FILE *f = fopen(path, mode);

	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
}

static void expect_contents(const char *path, const char *want)
{
	struct strbuf text = STRBUF_INIT;

	cr_assert_eq(strbuf_read_file(&text, path, 0), 0, "%s", path);
	cr_expect_str_eq(strbuf_str(&text), want);
	strbuf_release(&text);
}

/* Runs the relay with a compiler that is a script; what it prints is appended to the file said. */
static int relay(const char *package, const char *script, const char *said)
{
	char *directory = relay_directory(5), *flag = xasprintf("-json=0,%s/0", directory);
	char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, (char *)"compile", flag, NULL};
	int status;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		int fd = open(said, O_WRONLY | O_CREAT | O_APPEND, 0600);

		dup2(fd, 1);
		setenv("TOOLEXEC_IMPORTPATH", package, 1);
		_exit(relay_main(argv));
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	free(flag);
	free(directory);
	return status;
}

#define WRITE "d=${1#-json=0,}; mkdir $d/main $d/a%2Fb; printf 'one\\n\\377' >$d/main/x%20y.json; : >$d/a%2Fb/z.json; "

Test(relay, what_the_compiler_wrote_comes_out_of_its_text)
{
	struct listed_package packages[] = {{.path = (char *)"example.com/a"}, {.path = (char *)"example.com/b"}};
	struct source_list list = {.items = packages, .n = 2};
	char *said = in_scratch("said"), *text = in_scratch("text"), *json = in_scratch("json"), *file;
	bool seen[2] = {false};
	struct error err = ERROR_INIT;
	struct strbuf rest = STRBUF_INIT;

	mkdir(json, 0700);
	write_file(said, "# example.com/none\n", "w");
	cr_assert_eq(relay("example.com/none", "exit 0", said), 0);
	write_file(said, "# example.com/b\n", "a");
	cr_assert_eq(
		relay("example.com/b", WRITE "echo ./m.go:1:2: moved to heap: x; echo '# a'; echo '# b'; echo c", said),
		0);
	cr_expect_eq(relay_unpack(said, text, json, &list, seen, &err), 0, "%s", err.text);
	cr_expect_not(seen[0]);
	cr_expect(seen[1]);
	expect_contents(text, "# example.com/b\n./m.go:1:2: moved to heap: x\n# a\n# b\nc\n");
	file = xasprintf("%s/000001/main/x%%20y.json", json);
	expect_contents(file, "one\n\377");
	free(file);
	file = xasprintf("%s/000001/a%%2Fb/z.json", json);
	expect_contents(file, "");
	free(file);
	file = xasprintf("%s/escaudit-json-*", scratch);
	cr_expect_neq(system(strbuf_str((strbuf_addf(&rest, "ls -d %s >/dev/null 2>&1", file), &rest))), 0,
		      "directories are left");
	free(file);
	strbuf_release(&rest);
	free(said);
	free(text);
	free(json);
}

Test(relay, a_compiler_that_fails_or_dies_is_passed_on)
{
	char *said = in_scratch("said");
	int status = relay("p", WRITE "echo broken; exit 3", said);

	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 3, "%x", status);
	expect_contents(said, "broken\n");
	status = relay("p", "kill -9 $$", said);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == 9, "%x", status);
	free(said);
}

static void expect_damaged(const char *line)
{
	struct source_list list = {.items = NULL};
	char *said = in_scratch("said"), *text = in_scratch("text"), *json = in_scratch("json");
	struct error err = ERROR_INIT;

	mkdir(json, 0700);
	write_file(said, line, "w");
	cr_expect_eq(relay_unpack(said, text, json, &list, NULL, &err), -EBADMSG, "%s", line);
	error_release(&err);
	go_command_remove(json);
	free(said);
	free(text);
	free(json);
}

Test(relay, lines_that_are_not_its_own_are_refused)
{
	static const char hex[] = "escaudit-json: 789c";

	expect_damaged("escaudit-json: x\n");
	expect_damaged("escaudit-json: 7\n");
	expect_damaged("escaudit-json: 789\n");
	expect_damaged("escaudit-json: 789c\n");
	expect_damaged("escaudit-json: 789c0300\n");
	expect_damaged("escaudit-json: 789c030000000001\n"); /* nothing at all */
	cr_expect(relay_is_line(hex, strlen(hex)));
	cr_expect_not(relay_is_line("escaudit-json: ", 15));
}
