/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/diff.h"
#include "cli/profile.h"
#include "diff/bench.h"

/* A verdict of another build's log is none. */
static void warn_of_mismatch(const struct judged *side, const char *which)
{
	if (!side->audit || side->audit->match != BUILD_MATCH_DIFFERENT)
		return;
	cli_note("the predictions for %s and its binary are not of one build: verdicts may be wrong", which);
	for (size_t i = 0; i < side->audit->n_mismatches; i++)
		cli_note("  %s", side->audit->mismatches[i]);
}

struct work {
	uint64_t before, after;
	bool known;
};

/* --per, --per-before and --per-after; the benchmarks' iterations are still to be read. -1: go on. */
static int work_of(struct work *work, const struct cli_args *args)
{
	const char *bench_before = args->value[OPT_BENCH_BEFORE], *bench_after = args->value[OPT_BENCH_AFTER];
	bool per = args->value[OPT_PER] != NULL;
	bool each = args->value[OPT_PER_BEFORE] || args->value[OPT_PER_AFTER];

	*work = (struct work){1, 1, per || each || bench_before};
	if (per + each + (bench_before || bench_after) > 1)
		return cli_misuse(args, "say how much work was done with one of --per, --per-before and --per-after, "
					"--bench-before and --bench-after");
	if (each && (!args->value[OPT_PER_BEFORE] || !args->value[OPT_PER_AFTER]))
		return cli_misuse(args, "--per-before and --per-after belong together");
	if (!bench_before != !bench_after)
		return cli_misuse(args, "--bench-before and --bench-after belong together");
	if (!cli_count(args, OPT_PER, &work->before) || !cli_count(args, OPT_PER_BEFORE, &work->before) ||
	    !cli_count(args, OPT_PER_AFTER, &work->after))
		return EXIT_MISUSE;
	if (per)
		work->after = work->before;
	return -1;
}

/* The benchmarks of the package whose test binary was recorded. */
static int read_bench(struct bench *bench, const char *path, const struct recording *rec, struct error *err)
{
	static const char suffix[] = ".test";
	const char *program = rec->header.main_package;
	size_t n = program ? strlen(program) : 0;
	char *package = NULL;
	int ret = bench_read(bench, path, err);

	if (ret)
		return ret;
	if (n > strlen(suffix) && strcmp(program + n - strlen(suffix), suffix) == 0)
		package = xstrndup(program, n - strlen(suffix));
	ret = bench_select(bench, package, err);
	free(package);
	return ret;
}

static int work_of_benchmarks(struct work *work, const struct cli_args *args, const struct recording *rec_before,
			      const struct recording *rec_after, struct error *err)
{
	const char *bench_before = args->value[OPT_BENCH_BEFORE], *bench_after = args->value[OPT_BENCH_AFTER];
	struct bench before = {.n = 0}, after = {.n = 0};
	int ret;

	if (!bench_before)
		return 0;
	ret = read_bench(&before, bench_before, rec_before, err);
	if (ret == 0)
		ret = read_bench(&after, bench_after, rec_after, err);
	if (ret == 0)
		ret = bench_units(&before, &after, &work->before, &work->after, err);
	/* A benchmark that was told how often to run runs once more before; one that was not, an unknown number of
	 * times. */
	if (ret == 0 && work->before != work->after)
		cli_note("the benchmarks ran for a time, not for a number of operations: the shorter rounds before the "
			 "one they "
			 "print are counted too; -benchtime=1000x is exact");
	bench_release(&before);
	bench_release(&after);
	return ret;
}

int diff_finish(const struct cli_args *args, const struct diff *diff, bool has_units,
		const struct report_options *options, struct gates *gates)
{
	struct gate_result result = {.n = 0};
	struct error err = ERROR_INIT;
	int code = recording_is_partial(diff->before.rec) || recording_is_partial(diff->after.rec) ? EXIT_PARTIAL
												   : EXIT_DONE;

	if (args->value[OPT_JSON] ? report_diff_json(stdout, diff) : report_diff_text(stdout, diff, options))
		code = EXIT_FAILED;
	else if (gate_judge_diff(&gates->gate, gates->baseline, diff, has_units, &result, &err))
		code = cli_fail(&err);
	else
		code = gates_report(gates, &result, code);
	gate_result_release(&result);
	return code;
}

static int compare(const struct cli_args *args, const struct judged *a, const struct judged *b, const struct work *work,
		   const struct report_options *options, struct gates *gates)
{
	const struct diff_input before = {a->rec, a->audit, work->before}, after = {b->rec, b->audit, work->after};
	struct diff *diff;
	int code;

	warn_of_mismatch(a, "BEFORE");
	warn_of_mismatch(b, "AFTER");
	diff_run(&diff, &before, &after, place_charge_named(args->value[OPT_CHARGE]));
	code = diff_finish(args, diff, work->known, options, gates);
	diff_free(diff);
	return code;
}

int diff_main(const struct cli_args *args)
{
	struct judged before = {.rec = NULL}, after = {.rec = NULL};
	struct report_options options;
	struct error err = ERROR_INIT;
	struct gates gates;
	struct work work;
	int code;

	if (args->n_positional != 2)
		return cli_misuse(args, "diff needs the recordings BEFORE and AFTER");
	if (!cli_report_options(args, &options))
		return EXIT_MISUSE;
	code = work_of(&work, args);
	if (code < 0)
		code = gates_open(&gates, args);
	if (code >= 0)
		return code;
	if (judged_open(&before, args->positional[0], args->value[OPT_PROGRAM_BEFORE],
			args->value[OPT_PREDICTIONS_BEFORE], &err) ||
	    judged_open(&after, args->positional[1], args->value[OPT_PROGRAM_AFTER], args->value[OPT_PREDICTIONS_AFTER],
			&err) ||
	    work_of_benchmarks(&work, args, before.rec, after.rec, &err))
		code = cli_fail(&err);
	else
		code = compare(args, &before, &after, &work, &options, &gates);
	gates_release(&gates);
	judged_release(&before);
	judged_release(&after);
	return code;
}
