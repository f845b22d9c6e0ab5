/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything comes out of the tables of commands and options, so that a new option is completed without another word.
 * What an option's value may be follows from its choices or from its placeholder (FILE, DIR, PID …).
 */
#include "cli/completion.h"

#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"

enum value_kind {
	VALUE_NONE, /* a flag */
	VALUE_CHOICE,
	VALUE_FILE,
	VALUE_DIRECTORY,
	VALUE_PID,
	VALUE_OTHER,
};

static enum value_kind value_kind(const struct option_spec *option)
{
	static const struct {
		const char *argument;
		enum value_kind kind;
	} kinds[] = {{"FILE", VALUE_FILE},
		     {"BINARY", VALUE_FILE},
		     {"GO", VALUE_FILE},
		     {"DIR", VALUE_DIRECTORY},
		     {"PID", VALUE_PID}};

	if (!option->argument)
		return VALUE_NONE;
	if (option->choices)
		return VALUE_CHOICE;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].argument, option->argument) == 0)
			return kinds[i].kind;
	}
	return VALUE_OTHER;
}

static void put_choices(FILE *f, const struct option_spec *option)
{
	for (size_t i = 0; option->choices[i]; i++)
		fprintf(f, "%s%s", i ? " " : "", option->choices[i]);
}

/* Whether the command takes packages, which are directories. All others take files. */
static bool takes_packages(const struct command *command)
{
	return strstr(command->usage, " PACKAGE") != NULL;
}

/* ---- bash ------------------------------------------------------------------------------------------------------- */

static const char bash_begin[] =
	"# Completion of escaudit for bash; escaudit --completion=bash prints it.\n"
	"_escaudit() {\n"
	"\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}\n"
	"\tlocal prefix='' options='' values='' kind='' i\n"
	"\tCOMPREPLY=()\n"
	"\t# An equals sign is a word of its own, unless COMP_WORDBREAKS was changed.\n"
	"\tif [ \"$current\" = = ]; then\n"
	"\t\tcurrent=''\n"
	"\telif [ \"$previous\" = = ] && [ \"$COMP_CWORD\" -gt 2 ]; then\n"
	"\t\tprevious=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\telif [[ $current == --*=* ]]; then\n"
	"\t\tprevious=${current%%=*} prefix=${current%%=*}= current=${current#*=}\n"
	"\tfi\n";

static const char bash_end[] =
	"\t# What stands behind -- is the program's.\n"
	"\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
	"\t\tif [ \"${COMP_WORDS[i]}\" = -- ]; then\n"
	"\t\t\tkind=files values=''\n"
	"\t\t\t[ \"$command\" != record ] || [ \"$i\" -ne $((COMP_CWORD - 1)) ] || kind=commands\n"
	"\t\t\tbreak\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tif [ -z \"$kind\" ] && [[ $current == -* ]]; then\n"
	"\t\tkind=values values=$options\n"
	"\tfi\n"
	"\tcase ${kind:-$positional} in\n"
	"\tvalues) mapfile -t COMPREPLY < <(compgen -P \"$prefix\" -W \"$values\" -- \"$current\") ;;\n"
	"\tpids) mapfile -t COMPREPLY < <(compgen -P \"$prefix\" -W \"$(cd /proc && echo [0-9]*)\" -- \"$current\") "
	";;\n"
	"\tcommands) mapfile -t COMPREPLY < <(compgen -c -- \"$current\") ;;\n"
	"\tfiles)\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -P \"$prefix\" -f -- \"$current\")\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\t;;\n"
	"\tdirectories)\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -P \"$prefix\" -d -- \"$current\")\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\t;;\n"
	"\tesac\n"
	"\t[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null\n"
	"}\n"
	"complete -F _escaudit escaudit\n";

static void put_bash_options(FILE *f, const struct command *command)
{
	for (size_t i = 0; i < command->n_options; i++) {
		const struct option_spec *option = &option_specs[command->options[i]];

		fprintf(f, "%s--%s%s", i ? " " : "", option->name, option->argument ? "=" : "");
	}
}

/* 'top --by') kind=values values='bytes objects' ;; */
static void put_bash_value(FILE *f, const struct command *command, const struct option_spec *option)
{
	static const char *const kinds[] = {[VALUE_CHOICE] = "values",
					    [VALUE_FILE] = "files",
					    [VALUE_DIRECTORY] = "directories",
					    [VALUE_PID] = "pids",
					    [VALUE_OTHER] = "none"};
	enum value_kind kind = value_kind(option);

	if (kind == VALUE_NONE)
		return;
	fprintf(f, "\t'%s --%s'", command->name, option->name);
	if (option->letter)
		fprintf(f, " | '%s -%c'", command->name, option->letter);
	fprintf(f, ") kind=%s", kinds[kind]);
	if (kind == VALUE_CHOICE) {
		fputs(" values='", f);
		put_choices(f, option);
		putc('\'', f);
	}
	fputs(" ;;\n", f);
}

static void print_bash(FILE *f)
{
	fputs(bash_begin, f);
	fputs("\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tmapfile -t COMPREPLY < <(compgen -W '", f);
	for (size_t i = 0; i < n_commands; i++)
		fprintf(f, "%s ", commands[i].name);
	fputs("--help --version --completion=' -- \"$current\")\n"
	      "\t\t[[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null\n"
	      "\t\treturn\n\tfi\n"
	      "\tlocal positional=files\n"
	      "\tcase $command in\n"
	      "\t--completion) kind=values values='bash zsh' ;;\n",
	      f);
	for (size_t i = 0; i < n_commands; i++) {
		fprintf(f, "\t%s) options='", commands[i].name);
		put_bash_options(f, &commands[i]);
		fprintf(f, "'%s ;;\n", takes_packages(&commands[i]) ? " positional=directories" : "");
	}
	fputs("\t*) return ;;\n\tesac\n\tcase \"$command $previous\" in\n", f);
	for (size_t i = 0; i < n_commands; i++) {
		for (size_t k = 0; k < commands[i].n_options; k++)
			put_bash_value(f, &commands[i], &option_specs[commands[i].options[k]]);
	}
	fputs("\tesac\n", f);
	fputs(bash_end, f);
}

/* ---- zsh -------------------------------------------------------------------------------------------------------- */

/* Within single quotes, and within what _arguments and _describe split at colons and brackets. */
static void put_zsh_text(FILE *f, const char *s)
{
	for (; *s; s++) {
		if (*s == '\'')
			fputs("'\\'", f);
		else if (strchr("[]:\\", *s))
			putc('\\', f);
		putc(*s, f);
	}
}

/* '(-n --limit)'{-n+,--limit=}'[show at most N rows]:N: ' */
static void put_zsh_option(FILE *f, const struct option_spec *option, bool repeated)
{
	static const char *const actions[] = {
		[VALUE_FILE] = "_files", [VALUE_DIRECTORY] = "_files -/", [VALUE_PID] = "_pids", [VALUE_OTHER] = " "};
	enum value_kind kind = value_kind(option);
	const char *equals = option->argument ? "=" : "", *plus = option->argument ? "+" : "";

	fputs("\t\t\t\t", f);
	if (option->letter)
		fprintf(f, "'(-%c --%s)'{-%c%s,--%s%s}'[", option->letter, option->name, option->letter, plus,
			option->name, equals);
	else
		fprintf(f, "'%s--%s%s[", repeated ? "*" : "", option->name, equals);
	put_zsh_text(f, option->help);
	putc(']', f);
	if (kind == VALUE_CHOICE) {
		fprintf(f, ":%s:(", option->argument);
		put_choices(f, option);
		putc(')', f);
	} else if (kind != VALUE_NONE) {
		fprintf(f, ":%s:%s", option->argument, actions[kind]);
	}
	fputs("' \\\n", f);
}

static void print_zsh(FILE *f)
{
	fputs("#compdef escaudit\n"
	      "# Completion of escaudit for zsh; escaudit --completion=zsh prints it.\n"
	      "_escaudit() {\n"
	      "\tlocal context state state_descr line\n"
	      "\ttypeset -A opt_args\n"
	      "\tlocal -a commands\n"
	      "\tcommands=(\n",
	      f);
	for (size_t i = 0; i < n_commands; i++) {
		fprintf(f, "\t\t'%s:", commands[i].name);
		put_zsh_text(f, commands[i].summary);
		fputs("'\n", f);
	}
	fputs("\t)\n"
	      "\t_arguments -C '(- *)--help[show the commands]' '(- *)--version[show the version]' \\\n"
	      "\t\t'(- *)--completion=[print the completion for a shell]:SHELL:(bash zsh)' \\\n"
	      "\t\t'1:command:->command' '*::: :->argument'\n"
	      "\tcase $state in\n"
	      "\tcommand) _describe -t commands command commands ;;\n"
	      "\targument)\n"
	      "\t\twords=($line[1] \"${words[@]}\")\n"
	      "\t\t(( CURRENT += 1 ))\n"
	      "\t\tcase $line[1] in\n",
	      f);
	for (size_t i = 0; i < n_commands; i++) {
		fprintf(f, "\t\t%s)\n\t\t\t_arguments -S \\\n", commands[i].name);
		for (size_t k = 0; k < commands[i].n_options; k++)
			put_zsh_option(f, &option_specs[commands[i].options[k]], commands[i].options[k] == OPT_FLAG);
		fprintf(f, "\t\t\t\t'*:%s'\n\t\t\t;;\n",
			takes_packages(&commands[i]) ? "package:_files -/" : "file:_files");
	}
	fputs("\t\tesac\n"
	      "\t\t;;\n"
	      "\tesac\n"
	      "}\n"
	      "if [ \"$funcstack[1]\" = _escaudit ]; then\n"
	      "\t_escaudit \"$@\"\n"
	      "else\n"
	      "\tcompdef _escaudit escaudit\n"
	      "fi\n",
	      f);
}

bool completion_print(FILE *f, const char *shell)
{
	if (strcmp(shell, "bash") == 0)
		print_bash(f);
	else if (strcmp(shell, "zsh") == 0)
		print_zsh(f);
	else
		return false;
	return true;
}
