/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "cli/progress.h"
#include "report/text_table.h"

static const char *const reach_choices[] = {"none", "main", "all", NULL};
static const char *const mode_choices[] = {"sample", "exact", NULL};
static const char *const by_choices[] = {"bytes", "objects", NULL};
static const char *const order_choices[] = {"bytes",   "objects", "rate",  "site", "function",
					    "package", "type",	  "cause", NULL};
static const char *const key_choices[] = {"site", "function", "package", "type", "cause", NULL};
static const char *const charge_choices[] = {"site", "module", "c", NULL};
static const char *const format_choices[] = {"html",  "json",	"folded", "pprof", "markdown",
					     "sarif", "github", "junit",  NULL};
static const char *const columns_choices[] = {"twin", "off", NULL};
static const char *const color_choices[] = {"auto", "always", "never", NULL};
static const char *const attach_choices[] = {"auto", "multi", "perf", NULL};

const struct option_spec option_specs[OPT_COUNT] = {
	[OPT_HELP] = {"help", 'h', NULL, "show this help", NULL},
	[OPT_OUTPUT] = {"output", 'o', "FILE", "write the result to FILE", NULL},
	[OPT_JSON] = {"json", 0, NULL, "print one JSON object instead of a table", NULL},
	[OPT_ALL] = {"all", 0, NULL, "also show lines with nothing to report (held, unreached, compiled-out, stale)",
		     NULL},
	[OPT_LIMIT] = {"limit", 'n', "N", "show at most N rows in a section (0: all)", NULL},
	[OPT_COLOR] = {"color", 0, "WHEN", "colour: auto, always or never", color_choices},
	[OPT_GO] = {"go", 0, "GO", "the go command to build with (default: go from PATH)", NULL},
	[OPT_PATTERN] = {"pattern", 0, "PATTERN",
			 "packages to predict, as in -gcflags=PATTERN=-m (default: the main module's)", NULL},
	[OPT_COLUMNS] = {"columns", 0, "HOW",
			 "twin: build the packages a second time to know the column of each call; off: do not",
			 columns_choices},
	[OPT_FLAG] = {"flag", 0, "FLAG", "pass FLAG to go build; may be repeated", NULL},
	[OPT_PREDICTIONS] = {"predictions", 0, "FILE", "also save the predictions to FILE", NULL},
	[OPT_FAIL_ON] = {"fail-on", 0, "LIST",
			 "exit with 1 if one of these conditions holds, e.g. violated,unpredicted>3,bytes>1MB", NULL},
	[OPT_PID] = {"pid", 'p', "PID", "attach to a running process", NULL},
	[OPT_BINARY] = {"binary", 'x', "BINARY", "attach to every process that runs BINARY", NULL},
	[OPT_DURATION] = {"duration", 'd', "SECONDS", "end the window after SECONDS", NULL},
	[OPT_REACH] = {"reach", 0, "SCOPE", "collect reach evidence for calls in: none, main (the main module), all",
		       reach_choices},
	[OPT_MODE] =
		{"mode", 0, "MODE",
		 "exact: every allocation, one trap each (default with --); sample: within a budget (default else)",
		 mode_choices},
	[OPT_MAX_OVERHEAD] = {"max-overhead", 0, "PCT", "what sampling may cost, in percent of one core (default 1)",
			      NULL},
	[OPT_MAX_STACKS] = {"max-stacks", 0, "N",
			    "different (stack, type) pairs to count in full (default 524288; attached 131072)", NULL},
	[OPT_ATTACH] = {"attach", 0, "HOW", "attach through: auto, multi (uprobe_multi), perf (perf events)",
			attach_choices},
	[OPT_FOR] = {"for", 0, "BINARY",
		     "rebuild with BINARY's own flags; the sources are in the directory named, or here", NULL},
	[OPT_LOG] = {"log", 0, "FILE", "read a saved log of go build -gcflags=-m instead of building (- for stdin)",
		     NULL},
	[OPT_PACKAGE] = {"package", 0, "PATH", "only sites in functions of this package", NULL},
	[OPT_BY] = {"by", 0, "WHAT", "sort by bytes or objects", by_choices},
	[OPT_KEY] = {"key", 0, "KEY", "a row for each site, function, package, type or cause", key_choices},
	[OPT_CHARGE] = {"charge", 0, "TO",
			"charge to the site itself, or to the nearest frame in the main module, or in C",
			charge_choices},
	[OPT_BASELINE] = {"baseline", 0, "FILE",
			  "lines that the conditions accept, with reasons and expiry dates (JSON)", NULL},
	[OPT_PER] = {"per", 0, "N", "the run did N operations: counts are compared for one (/op)", NULL},
	[OPT_PER_BEFORE] = {"per-before", 0, "N", "the run before did N operations", NULL},
	[OPT_PER_AFTER] = {"per-after", 0, "N", "the run after did N operations", NULL},
	[OPT_BENCH_BEFORE] = {"bench-before", 0, "FILE", "read the operations before from the output of go test -bench",
			      NULL},
	[OPT_BENCH_AFTER] = {"bench-after", 0, "FILE", "read the operations after from the output of go test -bench",
			     NULL},
	[OPT_PREDICTIONS_BEFORE] = {"predictions-before", 0, "FILE", "predictions for BEFORE: adds verdicts", NULL},
	[OPT_PREDICTIONS_AFTER] = {"predictions-after", 0, "FILE", "predictions for AFTER: adds verdicts", NULL},
	[OPT_WITH_PREDICTIONS] = {"predictions", 0, "FILE",
				  "predictions of the same build: adds verdicts, or columns to sites", NULL},
	[OPT_AGAINST] = {"against", 0, "REV",
			 "build and run the git revision REV too, and report what the change since then did", NULL},
	[OPT_SOURCE_ROOT] = {"source-root", 0, "DIR", "find the main module's source in DIR", NULL},
	[OPT_ORDER] = {"by", 0, "WHAT", "sort by bytes, objects, rate (live), site, function, package, type or cause",
		       order_choices},
	[OPT_BY_REPLICA] = {"by-replica", 0, NULL, "of a merged recording: what each replica contributed to a row",
			    NULL},
	[OPT_PROGRAM] = {"program", 0, "FILE", "of a heap profile from net/http/pprof: the program it is of", NULL},
	[OPT_PROGRAM_BEFORE] = {"program-before", 0, "FILE", "where BEFORE is a heap profile: the program it is of",
				NULL},
	[OPT_PROGRAM_AFTER] = {"program-after", 0, "FILE", "where AFTER is a heap profile: the program it is of", NULL},
	[OPT_PROVE] = {"prove", 0, NULL, "count a known number of calls of a small target of its own, in both modes",
		       NULL},
	[OPT_INTERVAL] = {"interval", 'i', "SECONDS", "look at the process every SECONDS (default 2)", NULL},
	[OPT_COUNT_VIEWS] = {"count", 0, "N", "print N tables, one after each interval, then end", NULL},
	[OPT_FORMAT] = {"format", 0, "FORMAT", "html, json, folded, pprof, markdown, sarif, github or junit",
			format_choices},
};

#define OPTIONS(...)                                                                                                   \
	.options = {__VA_ARGS__}, .n_options = sizeof((enum option_id[]){__VA_ARGS__}) / sizeof(enum option_id)

const struct command commands[] = {
	{
		.name = "audit",
		.usage = "[OPTIONS] PACKAGE [-- ARGS...]",
		.summary = "build with diagnostics, run, record, compare, report",
		.details = "Builds the main package with the compiler's escape diagnostics, runs it with probes on the "
			   "heap\n"
			   "allocator from its first instruction, and reports line by line whether what was predicted "
			   "is what\n"
			   "happened. The program keeps its own standard streams; its status is passed on. With "
			   "--against it\n"
			   "says what a change did: what it was meant to remove, whether it did, and what it added.\n",
		OPTIONS(OPT_AGAINST, OPT_OUTPUT, OPT_PREDICTIONS, OPT_PATTERN, OPT_COLUMNS, OPT_GO, OPT_FLAG, OPT_REACH,
			OPT_MAX_STACKS, OPT_ATTACH, OPT_FAIL_ON, OPT_BASELINE, OPT_PER, OPT_JSON, OPT_ALL, OPT_LIMIT,
			OPT_COLOR, OPT_HELP),
		.starts_program = true,
		.run = audit_main,
	},
	{
		.name = "predict",
		.usage = "[OPTIONS] PACKAGE... | --log FILE | --for BINARY [DIR]",
		.summary = "the compiler's predictions, listed or saved",
		OPTIONS(OPT_OUTPUT, OPT_LOG, OPT_FOR, OPT_PATTERN, OPT_COLUMNS, OPT_GO, OPT_FLAG, OPT_JSON, OPT_LIMIT,
			OPT_COLOR, OPT_HELP),
		.run = predict_main,
	},
	{
		.name = "sites",
		.usage = "[OPTIONS] BINARY",
		.summary = "every emitted allocation site, without running anything",
		OPTIONS(OPT_PACKAGE, OPT_WITH_PREDICTIONS, OPT_JSON, OPT_LIMIT, OPT_COLOR, OPT_HELP),
		.run = sites_main,
	},
	{
		.name = "record",
		.usage = "[OPTIONS] -p PID | -x BINARY | -- COMMAND [ARGS...]",
		.summary = "record allocations to a file",
		.details = "Counts heap objects with their stacks and Go types, until the process ends, the duration "
			   "is over, or\n"
			   "Ctrl-C: every one of a program that it starts, a sample of one that runs. The recording is "
			   "a pprof\n"
			   "profile: go tool pprof FILE opens it. COMMAND may also be a program that is not Go but "
			   "loads libraries\n"
			   "that are, or a script.\n",
		OPTIONS(OPT_OUTPUT, OPT_PID, OPT_BINARY, OPT_DURATION, OPT_MODE, OPT_MAX_OVERHEAD, OPT_REACH,
			OPT_MAX_STACKS, OPT_ATTACH, OPT_HELP),
		.starts_program = true,
		.run = record_main,
	},
	{
		.name = "compare",
		.usage = "[OPTIONS] PREDICTIONS RECORDING",
		.summary = "verdicts: predictions against a recording",
		.details = "PREDICTIONS is what `escaudit predict -o` saved, or a log of go build -gcflags=-m. Works "
			   "offline, without\n"
			   "privileges.\n",
		OPTIONS(OPT_PROGRAM, OPT_FAIL_ON, OPT_BASELINE, OPT_PER, OPT_SOURCE_ROOT, OPT_JSON, OPT_ALL, OPT_LIMIT,
			OPT_COLOR, OPT_HELP),
		.run = compare_main,
	},
	{
		.name = "diff",
		.usage = "[OPTIONS] BEFORE AFTER",
		.summary = "what a change did to the allocations of a program",
		.details = "Pairs the lines of two recordings, also where lines moved, files were renamed or functions "
			   "inlined,\n"
			   "and shows what is new, more, fewer, gone or of another type, size or verdict.\n",
		OPTIONS(OPT_PREDICTIONS_BEFORE, OPT_PREDICTIONS_AFTER, OPT_PROGRAM_BEFORE, OPT_PROGRAM_AFTER, OPT_PER,
			OPT_PER_BEFORE, OPT_PER_AFTER, OPT_BENCH_BEFORE, OPT_BENCH_AFTER, OPT_CHARGE, OPT_FAIL_ON,
			OPT_BASELINE, OPT_JSON, OPT_ALL, OPT_LIMIT, OPT_COLOR, OPT_HELP),
		.run = diff_main,
	},
	{
		.name = "export",
		.usage = "[OPTIONS] --format=FORMAT RECORDING",
		.summary = "a recording in a format that other programs read",
		OPTIONS(OPT_FORMAT, OPT_WITH_PREDICTIONS, OPT_PROGRAM, OPT_OUTPUT, OPT_BY, OPT_SOURCE_ROOT, OPT_FAIL_ON,
			OPT_LIMIT, OPT_HELP),
		.run = export_main,
	},
	{
		.name = "annotate",
		.usage = "[OPTIONS] RECORDING FILE|FUNCTION",
		.summary = "source with predicted, emitted and observed beside each line",
		OPTIONS(OPT_WITH_PREDICTIONS, OPT_PROGRAM, OPT_SOURCE_ROOT, OPT_CHARGE, OPT_JSON, OPT_ALL, OPT_COLOR,
			OPT_HELP),
		.run = annotate_main,
	},
	{
		.name = "merge",
		.usage = "-o FILE RECORDING RECORDING...",
		.summary = "the sum of recordings of replicas of one build",
		OPTIONS(OPT_OUTPUT, OPT_HELP),
		.run = merge_main,
	},
	{
		.name = "top",
		.usage = "[OPTIONS] RECORDING | -p PID | -x BINARY",
		.summary = "hottest lines of a recording, or live of a process",
		.details = "With -p or -x, looks at what runs again and again: on a terminal a screen (? shows its "
			   "keys), else a\n"
			   "table after each interval. --interval, --count, --duration, --mode, --max-overhead, "
			   "--max-stacks and\n"
			   "--attach are for that.\n",
		OPTIONS(OPT_ORDER, OPT_KEY, OPT_CHARGE, OPT_BY_REPLICA, OPT_WITH_PREDICTIONS, OPT_PROGRAM, OPT_PID,
			OPT_BINARY, OPT_INTERVAL, OPT_COUNT_VIEWS, OPT_DURATION, OPT_MODE, OPT_MAX_OVERHEAD,
			OPT_MAX_STACKS, OPT_ATTACH, OPT_JSON, OPT_LIMIT, OPT_COLOR, OPT_HELP),
		.run = top_main,
	},
	{
		.name = "doctor",
		.usage = "[OPTIONS] [--prove] [-p PID | BINARY]",
		.summary = "what is missing on this machine or in this binary, and what mends it",
		.details = "Tries what a recording needs: the very kernel programs, loaded as for the process or "
			   "binary and put on\n"
			   "functions of its own, capabilities, the process, the binary. Exits with 0 if a recording "
			   "would work,\n"
			   "else with 2.\n",
		OPTIONS(OPT_PID, OPT_BINARY, OPT_PROVE, OPT_JSON, OPT_COLOR, OPT_HELP),
		.run = doctor_main,
	},
};

const size_t n_commands = ARRAY_SIZE(commands);

void cli_print_usage(FILE *f)
{
	fputs("usage: escaudit COMMAND [OPTIONS] ...\n\n"
	      "Audits the Go compiler's escape analysis against the heap allocations that really happen.\n\n",
	      f);
	for (size_t i = 0; i < n_commands; i++)
		fprintf(f, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\n`escaudit COMMAND --help` shows a command's options; `escaudit --version` the version;\n"
	      "`escaudit --completion=SHELL` prints what completes all of them in bash or zsh.\n\n"
	      "Exit status: 0 done; 1 a --fail-on condition holds; 2 failed, nothing produced; 3 produced, but with "
	      "losses;\n"
	      "64 misuse. audit and record pass on a status other than 0 of the program they ran.\n",
	      f);
}

void cli_print_help(FILE *f, const struct command *command)
{
	fprintf(f, "usage: escaudit %s %s\n\n%c%s.\n\n", command->name, command->usage, command->summary[0] - 'a' + 'A',
		command->summary + 1);
	if (command->details)
		fprintf(f, "%s\n", command->details);
	for (size_t i = 0; i < command->n_options; i++) {
		const struct option_spec *o = &option_specs[command->options[i]];
		char left[64], letter[8] = "    ";

		if (o->letter)
			snprintf(letter, sizeof(letter), "-%c, ", o->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name, o->argument ? "=" : "",
			 o->argument ? o->argument : "");
		fprintf(f, "  %-26s %s\n", left, o->help);
	}
}

/* Messages quote names from binaries, logs and recordings: nothing in them may steer the terminal. Lines stay lines. */
static void print_message(const char *text)
{
	struct strbuf clean = STRBUF_INIT;
	size_t len;

	for (;; text += len + 1) {
		char *part;

		len = strcspn(text, "\n\t");
		part = xstrndup(text, len);
		text_clean(&clean, part);
		free(part);
		if (!text[len])
			break;
		strbuf_add(&clean, text + len, 1);
	}
	progress_hold();
	fprintf(stderr, "escaudit: %s\n", strbuf_str(&clean));
	progress_release();
	strbuf_release(&clean);
}

static void vprint(const char *fmt, va_list ap)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_vaddf(&text, fmt, ap);
	print_message(strbuf_str(&text));
	strbuf_release(&text);
}

int cli_misuse(const struct cli_args *args, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint(fmt, ap);
	va_end(ap);
	if (args && args->command)
		fprintf(stderr, "try: escaudit %s --help\n", args->command->name);
	else
		fputs("try: escaudit --help\n", stderr);
	return EXIT_MISUSE;
}

int cli_fail(struct error *err)
{
	print_message(err->text ? err->text : "failed");
	error_release(err);
	return EXIT_FAILED;
}

void cli_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint(fmt, ap);
	va_end(ap);
}

static bool is_choice(const struct option_spec *spec, const char *value)
{
	if (!spec->choices)
		return true;
	for (size_t i = 0; spec->choices[i]; i++) {
		if (strcmp(spec->choices[i], value) == 0)
			return true;
	}
	return false;
}

static int misuse_of_choice(const struct cli_args *args, const struct option_spec *spec, const char *value)
{
	struct strbuf choices = STRBUF_INIT;
	int code;

	for (size_t i = 0; spec->choices[i]; i++)
		strbuf_addf(&choices, "%s%s", i == 0 ? "" : spec->choices[i + 1] ? ", " : " or ", spec->choices[i]);
	code = cli_misuse(args, "--%s cannot be '%s'; it is %s", spec->name, value, strbuf_str(&choices));
	strbuf_release(&choices);
	return code;
}

int cli_parse(struct cli_args *args, const struct command *command, int argc, char **argv)
{
	struct option options[COMMAND_OPTIONS_MAX + 1] = {{0}};
	char letters[3 * COMMAND_OPTIONS_MAX + 2] = ":";
	size_t n_letters = 1, n_flags = 0;
	int end = 1, c, index;

	*args = (struct cli_args){.command = command};
	args->flags = xcalloc((size_t)argc + 1, sizeof(*args->flags));
	for (size_t i = 0; i < command->n_options; i++) {
		const struct option_spec *spec = &option_specs[command->options[i]];

		options[i].name = spec->name;
		options[i].has_arg = spec->argument ? required_argument : no_argument;
		options[i].val = 256 + (int)command->options[i];
		if (spec->letter) {
			letters[n_letters++] = spec->letter;
			if (spec->argument)
				letters[n_letters++] = ':';
		}
	}
	/* What stands behind "--" is the program's, options and all; where none is started, it only ends options. */
	while (end < argc && (!command->starts_program || strcmp(argv[end], "--") != 0))
		end++;
	if (end < argc)
		args->tail = &argv[end + 1];
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(end, argv, letters, options, &index)) != -1) {
		enum option_id id = OPT_COUNT;

		if (c >= 256)
			id = (enum option_id)(c - 256);
		for (size_t i = 0; c < 256 && i < command->n_options; i++) {
			if (option_specs[command->options[i]].letter == c)
				id = command->options[i];
		}
		if (c == ':')
			return cli_misuse(args, "option '%s' needs a value", argv[optind - 1]);
		if (id == OPT_COUNT)
			return cli_misuse(args, "%s has no option '%s'", command->name, argv[optind - 1]);
		if (id == OPT_HELP) {
			cli_print_help(stdout, command);
			args->command = NULL;
			return EXIT_DONE;
		}
		args->value[id] = optarg ? optarg : "";
		if (!is_choice(&option_specs[id], args->value[id]))
			return misuse_of_choice(args, &option_specs[id], args->value[id]);
		if (id == OPT_FLAG)
			args->flags[n_flags++] = optarg;
	}
	args->positional = argv + optind;
	args->n_positional = end - optind;
	return -1;
}

void cli_args_release(struct cli_args *args)
{
	free(args->flags);
	args->flags = NULL;
}

bool cli_count(const struct cli_args *args, enum option_id id, uint64_t *out)
{
	const char *text = args->value[id];
	size_t digits = text ? strspn(text, "0123456789") : 0;

	if (!text)
		return true;
	if (!digits || text[digits] || digits > 18 || strtoull(text, NULL, 10) == 0) {
		cli_misuse(args, "--%s needs a whole number from 1, not '%s'", option_specs[id].name, text);
		return false;
	}
	*out = strtoull(text, NULL, 10);
	return true;
}

bool cli_number(const struct cli_args *args, enum option_id id, double min, double max, double *out)
{
	const char *text = args->value[id];
	char *end;
	double v;

	if (!text)
		return true;
	v = strtod(text, &end);
	if (end == text || *end || !isfinite(v) || v < min || v > max) {
		cli_misuse(args, "--%s needs a number from %.15g to %.15g, not '%s'", option_specs[id].name, min, max,
			   text);
		return false;
	}
	*out = v;
	return true;
}

bool cli_whole(const struct cli_args *args, enum option_id id, double min, double max, double *out)
{
	double v = *out;

	if (!cli_number(args, id, min, max, &v))
		return false;
	if (v != floor(v)) {
		cli_misuse(args, "--%s needs a whole number, not '%s'", option_specs[id].name, args->value[id]);
		return false;
	}
	*out = v;
	return true;
}

bool cli_report_options(const struct cli_args *args, struct report_options *out)
{
	const char *color = args->value[OPT_COLOR];
	bool terminal = isatty(STDOUT_FILENO);
	double limit = 20;
	struct winsize size;

	*out = (struct report_options){.width = 100};
	if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 60)
		out->width = size.ws_col;
	if (!color || strcmp(color, "auto") == 0)
		out->colour = terminal && !getenv("NO_COLOR");
	else
		out->colour = strcmp(color, "always") == 0;
	out->all = args->value[OPT_ALL] != NULL;
	if (!cli_whole(args, OPT_LIMIT, 0, 1e9, &limit))
		return false;
	out->limit = (size_t)limit;
	return true;
}
