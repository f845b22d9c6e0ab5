/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "probe/doctor.h"
#include "report/header.h"
#include "report/json.h"
#include "report/text_table.h"

#define NAME_COLUMN 8
#define TEXT_COLUMN 36

/* What was looked at; NULL and 0 where nothing but the machine was. */
struct subject {
	const char *path;
	pid_t pid;
	const struct go_binary *bin; /* NULL where it could not be opened */
};

/* Text of several lines, each under the one before. */
static void put_lines(const char *text, enum text_style how, const struct report_options *options)
{
	size_t len = strcspn(text, "\n");

	while (text[len]) {
		char *line = xstrndup(text, len);

		text_wrap(stdout, line, TEXT_COLUMN, (size_t)options->width, how, options->colour);
		printf("\n%*s", TEXT_COLUMN, "");
		free(line);
		text += len + 1;
		len = strcspn(text, "\n");
	}
	text_wrap(stdout, text, TEXT_COLUMN, (size_t)options->width, how, options->colour);
}

static void put_line(const char *status, const char *name, enum text_style style, const char *text, enum text_style how,
		     const struct report_options *options)
{
	printf("  ");
	text_put(stdout, status, style, options->colour);
	printf("%*s", (int)(NAME_COLUMN - 2 - text_width(status)), "");
	text_put(stdout, name, TEXT_PLAIN, options->colour);
	printf("%*s",
	       text_width(name) < TEXT_COLUMN - NAME_COLUMN ? (int)(TEXT_COLUMN - NAME_COLUMN - text_width(name)) : 1,
	       "");
	put_lines(text, how, options);
	putchar('\n');
}

/*
 *     kernel
 *       good  uprobe_multi                a probe on a function of our own: 3 calls, 3 hits
 *       note  perf events                 Permission denied (not needed here)
 *     privileges
 *       lack  probes                      CAP_BPF and CAP_PERFMON are missing
 *                                         run it with sudo, or once: sudo setcap …
 */
static void put_text(const struct doctor *d, const struct subject *subject, const struct report_options *options)
{
	static const enum text_style styles[] = {
		[DOCTOR_GOOD] = TEXT_GREEN, [DOCTOR_NOTE] = TEXT_YELLOW, [DOCTOR_LACK] = TEXT_RED};
	const char *group = NULL;

	if (subject->pid)
		printf("process %d\n", subject->pid);
	else if (subject->path)
		printf("binary %s\n", subject->path);
	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_item *item = &d->items[i];

		if (!group || strcmp(group, item->group) != 0) {
			group = item->group;
			text_put(stdout, group, TEXT_BOLD, options->colour);
			putchar('\n');
		}
		put_line(doctor_status_name(item->status), item->name, styles[item->status], item->finding, TEXT_PLAIN,
			 options);
		if (item->remedy)
			put_line("", "", TEXT_PLAIN, item->remedy, TEXT_CYAN, options);
	}
	text_put(stdout, doctor_would_record(d) ? "recording works" : "recording would not work", TEXT_BOLD,
		 options->colour);
	putchar('\n');
}

static json_t *target_json(const struct subject *subject)
{
	const struct go_binary *bin = subject->bin;
	json_t *target = json_object();

	json_put(target, "path", json_text(subject->path));
	json_put(target, "build_id", json_text(bin ? elf_image_build_id(go_binary_image(bin)) : NULL));
	json_put(target, "go_version", json_text(bin ? go_binary_version(bin) : NULL));
	json_put(target, "arch", json_text(bin ? "amd64" : NULL));
	json_put(target, "pid", subject->pid ? json_integer(subject->pid) : json_null());
	return target;
}

static int put_json(const struct doctor *d, const struct subject *subject)
{
	struct json_report report;

	json_report_begin(&report, stdout, "escaudit-doctor/1");
	json_report_member(&report, "target", target_json(subject));
	json_report_member(&report, "works", json_boolean(doctor_would_record(d)));
	json_report_list_begin(&report, "checks");
	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_item *item = &d->items[i];
		json_t *row = json_object();

		json_put(row, "group", json_text(item->group));
		json_put(row, "name", json_text(item->name));
		json_put(row, "status", json_text(doctor_status_name(item->status)));
		json_put(row, "finding", json_text(item->finding));
		json_put(row, "remedy", json_text(item->remedy));
		json_put(row, "calls", item->calls ? json_integer(item->calls) : json_null());
		json_put(row, "seen", item->seen >= 0 ? json_integer(item->seen) : json_null());
		json_report_row(&report, row);
	}
	json_report_list_end(&report);
	return json_report_end(&report);
}

int doctor_main(const struct cli_args *args)
{
	struct subject subject = {.path = args->n_positional ? args->positional[0] : NULL};
	struct doctor doctor = DOCTOR_INIT;
	struct error err = ERROR_INIT;
	struct process *process = NULL;
	struct go_binary *bin = NULL;
	struct report_options options;
	double pid = 0;
	int ret = 0, code;

	if (!cli_whole(args, OPT_PID, 1, INT_MAX, &pid) || !cli_report_options(args, &options))
		return EXIT_MISUSE;
	if (args->n_positional > 1 || (subject.path && (pid || args->value[OPT_BINARY])))
		return cli_misuse(args, "doctor looks at one thing: -p PID or BINARY");
	if (!pid && args->value[OPT_BINARY])
		subject.path = args->value[OPT_BINARY];
	if (pid) {
		subject.pid = (pid_t)pid;
		if (process_open(&process, (pid_t)pid, args->value[OPT_BINARY], &err) == 0) {
			subject.pid = process_pid(process);
			subject.path = process_path(process);
			subject.bin = process_binary(process);
		}
	} else if (subject.path && go_binary_open_file(&bin, subject.path, &err) == 0) {
		subject.bin = bin;
	}
	doctor_check_kernel(&doctor, subject.bin, process != NULL);
	if (err.text)
		doctor_add_error(&doctor, pid ? "process" : "binary", pid ? "process" : "binary", &err);
	if (process)
		doctor_check_process(&doctor, process);
	if (subject.bin)
		doctor_check_binary(&doctor, subject.bin);
	if (args->value[OPT_PROVE])
		doctor_prove(&doctor);
	if (args->value[OPT_PROVE] && process && doctor_would_record(&doctor))
		doctor_prove_process(&doctor, process);
	if (args->value[OPT_JSON])
		ret = put_json(&doctor, &subject);
	else
		put_text(&doctor, &subject, &options);
	code = ret || !doctor_would_record(&doctor) ? EXIT_FAILED : EXIT_DONE;
	error_release(&err);
	doctor_release(&doctor);
	go_binary_free(bin);
	process_free(process);
	return code;
}
