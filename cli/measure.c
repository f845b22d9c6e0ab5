/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/measure.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/memory.h"
#include "base/reason.h"

bool measure_options(const struct cli_args *args, struct session_options *out)
{
	const char *attach = args->value[OPT_ATTACH];
	const char *mode = args->value[OPT_MODE];
	double max_stacks = 0, max_overhead = 0;

	if (!cli_number(args, OPT_DURATION, 0.001, 1e7, &out->duration_seconds) ||
	    !cli_whole(args, OPT_MAX_STACKS, 16, 1 << 24, &max_stacks) ||
	    !cli_number(args, OPT_MAX_OVERHEAD, 0.01, 100, &max_overhead))
		return false;
	/* A program that we start may be slow; one that serves somebody may not. */
	out->mode = args->tail || args->value[OPT_PID] == args->value[OPT_BINARY] ? REC_MODE_EXACT : REC_MODE_SAMPLE;
	if (mode)
		out->mode = strcmp(mode, "sample") == 0 ? REC_MODE_SAMPLE : REC_MODE_EXACT;
	if (max_overhead > 0 && out->mode != REC_MODE_SAMPLE) {
		cli_misuse(args, "--max-overhead is for --mode=sample");
		return false;
	}
	out->max_overhead = max_overhead / 100;
	out->max_observations = (uint32_t)max_stacks;
	out->force_perf = attach && strcmp(attach, "perf") == 0;
	out->force_multi = attach && strcmp(attach, "multi") == 0;
	return true;
}

bool measure_can_write(const struct cli_args *args, const char *path)
{
	const char *command = args->command->name;
	struct error err = ERROR_INIT;
	struct atomic_file file;
	struct stat st;
	bool is_there;
	int ret;

	if (!path || strcmp(path, "-") == 0)
		return true;
	is_there = stat(path, &st) == 0;
	if (is_there && S_ISDIR(st.st_mode)) {
		error_set(&err, -EISDIR, "%s: failed to write '%s': it is a directory; name a file in it", command,
			  path);
		cli_fail(&err);
		return false;
	}
	/* A pipe has nobody at its other end yet, maybe; and who opens it twice is taken for two. */
	if (is_there && !S_ISREG(st.st_mode))
		return true;
	/* As it will be done, but for the end. */
	ret = atomic_file_begin(&file, path);
	if (ret == 0) {
		atomic_file_end(&file, -ECANCELED);
		return true;
	}
	error_set(&err, ret, "%s: failed to write '%s': %s%s", command, path, reason_text(ret),
		  reason_is_limit(ret) ? "" : "; create its directory, or name another file with -o");
	cli_fail(&err);
	return false;
}

static void note_sample(const struct recording *rec, const char *output)
{
	uint64_t objects = 0;

	for (size_t i = 0; i < rec->n_observations; i++)
		objects += rec->observations[i].objects;
	cli_note("sampled %" PRIu64 " of about %" PRIu64 " objects on %zu stacks in %.3f s to %s", rec->header.hits,
		 objects, rec->n_observations, rec->header.window_seconds, output);
	cli_note("probes took %.3f %% of one core", rec->header.sampling.overhead_pct);
}

void measure_note(const struct recording *rec, const char *output)
{
	uint64_t lost = recording_losses(rec);

	if (rec->header.mode == REC_MODE_SAMPLE)
		note_sample(rec, output);
	else
		cli_note("recorded %" PRIu64 " objects on %zu stacks in %.3f s to %s", rec->header.hits,
			 rec->n_observations, rec->header.window_seconds, output);
	if (lost) {
		for (size_t i = 0; i < rec->n_losses; i++)
			cli_note("lost: %s: %" PRIu64, rec->losses[i].name, rec->losses[i].count);
	}
	if (rec->header.coverage)
		cli_note("not covered: %s", rec->header.coverage);
	if (rec->header.exit_status > 0)
		cli_note("the program ended with status %d", rec->header.exit_status);
}

int measure_exit_code(const struct recording *rec)
{
	if (rec->header.exit_status > 0)
		return rec->header.exit_status;
	return recording_is_partial(rec) ? EXIT_PARTIAL : EXIT_DONE;
}
