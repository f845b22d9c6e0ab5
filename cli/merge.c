/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/merge.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "cli/measure.h"
#include "cli/output.h"
#include "cli/progress.h"

int merge_main(const struct cli_args *args)
{
	const char *output = args->value[OPT_OUTPUT];
	size_t n = args->n_positional > 0 ? (size_t)args->n_positional : 0, opened = 0;
	struct error err = ERROR_INIT;
	struct recording **recs;
	uint64_t objects = 0;
	int ret = 0, code;

	if (n < 2)
		return cli_misuse(args, "merge needs two recordings or more");
	if (!output)
		return cli_misuse(args, "merge needs -o FILE for the sum");
	for (size_t i = 0; i < n; i++) {
		if (output_is_same_file(output, args->positional[i]))
			return cli_misuse(args,
					  "merge would write over '%s', which is a part of the sum; name another "
					  "file with -o",
					  output);
	}
	if (!measure_can_write(args, output))
		return EXIT_FAILED;
	recs = xcalloc(n, sizeof(*recs));
	progress_begin(0, "merging");
	while (ret == 0 && opened < n) {
		progress_say("reading %zu of %zu recordings", opened + 1, n);
		ret = recording_read(&recs[opened], args->positional[opened], &err);
		opened += ret == 0;
	}
	progress_say("adding up %zu recordings", n);
	if (ret == 0)
		ret = recording_merge(recs, (const char *const *)args->positional, n, &err);
	if (ret == 0)
		ret = recording_write(recs[0], output, &err);
	progress_end();
	if (ret) {
		code = cli_fail(&err);
	} else {
		for (size_t i = 0; i < recs[0]->n_observations; i++)
			objects += recs[0]->observations[i].objects;
		cli_note("merged %zu recordings: %" PRIu64 " objects, to %s", n, objects, output);
		code = recording_is_partial(recs[0]) ? EXIT_PARTIAL : EXIT_DONE;
	}
	for (size_t i = 0; i < opened; i++)
		recording_free(recs[i]);
	free(recs);
	return code;
}
