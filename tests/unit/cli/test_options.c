/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"

Test(options, every_option_is_in_its_commands_help)
{
	for (size_t i = 0; i < n_commands; i++) {
		char *text = NULL;
		size_t size;
		FILE *f = open_memstream(&text, &size);

		cli_print_help(f, &commands[i]);
		fclose(f);
		for (size_t j = 0; j < commands[i].n_options; j++) {
			char *name = xasprintf("--%s", option_specs[commands[i].options[j]].name);

			cr_expect_not_null(strstr(text, name), "%s %s", commands[i].name, name);
			free(name);
		}
		cr_expect_not_null(strstr(text, "--help"), "%s", commands[i].name);
		free(text);
	}
}

Test(options, every_option_belongs_to_a_command)
{
	for (int id = 0; id < OPT_COUNT; id++) {
		size_t users = 0;

		cr_assert_not_null(option_specs[id].name, "option %d has no entry", id);
		for (size_t i = 0; i < n_commands; i++) {
			for (size_t j = 0; j < commands[i].n_options; j++)
				users += (int)commands[i].options[j] == id;
		}
		cr_expect_gt(users, 0, "--%s", option_specs[id].name);
	}
}

static const struct command *command_named(const char *name)
{
	for (size_t i = 0; i < n_commands; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

Test(options, what_stands_behind_the_dashes_is_the_programs)
{
	char *argv[] = {(char *)"audit", (char *)"-o", (char *)"REC", (char *)"./pkg", (char *)"--json", (char *)"--",
			(char *)"--all", (char *)"-o", NULL};
	struct cli_args args;

	cr_assert_eq(cli_parse(&args, command_named("audit"), 8, argv), -1);
	cr_expect_str_eq(args.value[OPT_OUTPUT], "REC");
	cr_expect_not_null(args.value[OPT_JSON]);
	cr_expect_null(args.value[OPT_ALL]);
	cr_expect_eq(args.n_positional, 1);
	cr_expect_str_eq(args.positional[0], "./pkg");
	cr_assert_not_null(args.tail);
	cr_expect_str_eq(args.tail[0], "--all");
	cr_expect_str_eq(args.tail[1], "-o");
	cr_expect_null(args.tail[2]);
	cli_args_release(&args);
}

Test(options, misuse_is_said)
{
	static const char *const wrong[] = {"--nonsense", "-Z", "--limit", "--fail-on", "--color=blue"};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char *argv[] = {(char *)"audit", (char *)(uintptr_t)wrong[i], NULL};
		struct cli_args args;

		cr_redirect_stderr();
		cr_expect_eq(cli_parse(&args, command_named("audit"), 2, argv), EXIT_MISUSE, "%s", wrong[i]);
		cli_args_release(&args);
	}
}
