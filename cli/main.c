/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "cli/cli.h"
#include "cli/completion.h"
#include "predict/relay.h"

static void pass_over(int signal_number)
{
	(void)signal_number;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	struct cli_args args;
	int code;

	/* What goes wrong in there comes back as an error with our own words. */
	libbpf_set_print(NULL);
	/* So does a file that may not grow (ulimit -f). A program that is started has its own again: it is no SIG_IGN.
	 */
	signal(SIGXFSZ, pass_over);
	if (!name) {
		cli_print_usage(stderr);
		return EXIT_MISUSE;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		cli_print_usage(stdout);
		return EXIT_DONE;
	}
	if (strcmp(name, "--version") == 0) {
		printf("escaudit %s\n", ESCAUDIT_VERSION);
		return EXIT_DONE;
	}
	if (strcmp(name, RELAY_ARGUMENT) == 0) { /* the go command runs its compiler so, for build_with_diagnostics() */
		signal(SIGXFSZ, SIG_DFL);
		return relay_main(argv + 2);
	}
	if (strcmp(name, "--completion") == 0 || strncmp(name, "--completion=", 13) == 0) {
		const char *shell = name[12] ? name + 13 : argc > 2 ? argv[2] : "";

		return completion_print(stdout, shell)
			       ? EXIT_DONE
			       : cli_misuse(NULL, "--completion is for bash or zsh, not '%s'", shell);
	}
	for (size_t i = 0; i < n_commands; i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		code = cli_parse(&args, &commands[i], argc - 1, argv + 1);
		if (code < 0)
			code = commands[i].run(&args);
		cli_args_release(&args);
		if (fflush(stdout) || ferror(stdout)) {
			perror("escaudit: failed to write to standard output");
			return EXIT_FAILED;
		}
		return code;
	}
	return cli_misuse(NULL, "no command named '%s'", name);
}
