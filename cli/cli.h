/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: one file per subcommand, one table of subcommands, one table of options. This is the only directory
 * that prints errors and exits.
 */
#ifndef ESCAUDIT_CLI_CLI_H
#define ESCAUDIT_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "report/report.h"

/* Exit codes: documented in --help and in the man page. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_GATE = 1,	  /* a --fail-on condition holds */
	EXIT_FAILED = 2,  /* nothing produced */
	EXIT_PARTIAL = 3, /* produced, but with losses */
	EXIT_MISUSE = 64,
};

enum option_id {
	OPT_HELP,
	OPT_OUTPUT,
	OPT_JSON,
	OPT_ALL,
	OPT_LIMIT,
	OPT_COLOR,
	OPT_GO,
	OPT_PATTERN,
	OPT_COLUMNS,
	OPT_FLAG,
	OPT_PREDICTIONS,
	OPT_FAIL_ON,
	OPT_PID,
	OPT_BINARY,
	OPT_DURATION,
	OPT_REACH,
	OPT_MODE,
	OPT_MAX_OVERHEAD,
	OPT_MAX_STACKS,
	OPT_ATTACH,
	OPT_LOG,
	OPT_FOR,
	OPT_PACKAGE,
	OPT_BY,
	OPT_KEY,
	OPT_CHARGE,
	OPT_BASELINE,
	OPT_PER,
	OPT_PER_BEFORE,
	OPT_PER_AFTER,
	OPT_BENCH_BEFORE,
	OPT_BENCH_AFTER,
	OPT_PREDICTIONS_BEFORE,
	OPT_PREDICTIONS_AFTER,
	OPT_WITH_PREDICTIONS,
	OPT_AGAINST,
	OPT_FORMAT,
	OPT_SOURCE_ROOT,
	OPT_ORDER,
	OPT_PROGRAM,
	OPT_PROGRAM_BEFORE,
	OPT_PROGRAM_AFTER,
	OPT_BY_REPLICA,
	OPT_PROVE,
	OPT_INTERVAL,
	OPT_COUNT_VIEWS,
	OPT_COUNT,
};

struct option_spec {
	const char *name;	    /* long name */
	char letter;		    /* 0 for none */
	const char *argument;	    /* placeholder; NULL for a flag */
	const char *help;	    /* one line */
	const char *const *choices; /* NULL-terminated; NULL for any value */
};

extern const struct option_spec option_specs[OPT_COUNT];

#define COMMAND_OPTIONS_MAX 24

struct cli_args;

struct command {
	const char *name;
	const char *usage;   /* arguments, without the name */
	const char *summary; /* one line */
	const char *details; /* paragraphs of --help; may be NULL */
	enum option_id options[COMMAND_OPTIONS_MAX];
	size_t n_options;
	bool starts_program;			 /* "--" and what stands behind it are for that */
	int (*run)(const struct cli_args *args); /* returns an exit code */
};

extern const struct command commands[];
extern const size_t n_commands;

/* What the user said. */
struct cli_args {
	const struct command *command;
	const char *value[OPT_COUNT]; /* the last one given; "" for a flag; NULL where it was not given */
	const char **flags;	      /* every --flag, NULL-terminated */
	char **positional;
	int n_positional;
	char **tail; /* what stands behind "--"; NULL where there is none */
};

/*
 * Parses argv (without the program's and the command's name). Prints what is wrong to stderr and returns EXIT_MISUSE,
 * or prints the help and returns EXIT_DONE with args->command NULL; else -1: go on.
 */
int cli_parse(struct cli_args *args, const struct command *command, int argc, char **argv);
void cli_args_release(struct cli_args *args);

void cli_print_usage(FILE *f);
void cli_print_help(FILE *f, const struct command *command);

/* "escaudit: TEXT" on stderr, hint "try escaudit COMMAND --help"; returns EXIT_MISUSE. */
int cli_misuse(const struct cli_args *args, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints the error and releases it; returns EXIT_FAILED. */
int cli_fail(struct error *err);
/* Information on stderr. */
void cli_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A whole number from 1 to 10^18, exactly; *out stays as it is where the option was not given. */
bool cli_count(const struct cli_args *args, enum option_id id, uint64_t *out);
/* Numbers within bounds, the second without a fraction; *out as above. False after a misuse was printed. */
bool cli_number(const struct cli_args *args, enum option_id id, double min, double max, double *out);
bool cli_whole(const struct cli_args *args, enum option_id id, double min, double max, double *out);
/* Width, colour, --limit and --all for a report on stdout. False after a misuse was printed. */
bool cli_report_options(const struct cli_args *args, struct report_options *out);

int audit_main(const struct cli_args *args);
int record_main(const struct cli_args *args);
int predict_main(const struct cli_args *args);
int sites_main(const struct cli_args *args);
int compare_main(const struct cli_args *args);
int diff_main(const struct cli_args *args);
int export_main(const struct cli_args *args);
int annotate_main(const struct cli_args *args);
int merge_main(const struct cli_args *args);
int top_main(const struct cli_args *args);
int doctor_main(const struct cli_args *args);

#endif
