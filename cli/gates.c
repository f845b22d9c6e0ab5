/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/gates.h"

#include <time.h>

int gates_open(struct gates *out, const struct cli_args *args)
{
	const char *path = args->value[OPT_BASELINE];
	struct error err = ERROR_INIT;
	int code = -1;

	*out = (struct gates){.gate = GATE_INIT};
	if (gate_parse(&out->gate, args->value[OPT_FAIL_ON], &err)) {
		code = cli_misuse(args, "--fail-on: %s", err.text);
		error_release(&err);
	} else if (path && (baseline_read(&out->baseline, path, time(NULL), &err) ||
			    gate_parse(&out->gate, baseline_fail_on(out->baseline), &err))) {
		code = cli_fail(&err);
	} else if (path && !out->gate.n) {
		code = cli_misuse(args, "--baseline: no condition in --fail-on nor in '%s'; nothing could ever fail",
				  path);
	}
	if (code >= 0)
		gates_release(out);
	return code;
}

void gates_release(struct gates *gates)
{
	gate_release(&gates->gate);
	baseline_free(gates->baseline);
	gates->baseline = NULL;
}

int gates_report(const struct gates *gates, struct gate_result *result, int code)
{
	for (size_t i = 0; i < result->n; i++)
		cli_note("gate: %s", result->items[i]);
	for (size_t i = 0; gates->baseline && i < baseline_count(gates->baseline); i++) {
		const struct baseline_entry *e = baseline_entry(gates->baseline, i);

		if (!e->used && !e->expired)
			cli_note("baseline: entry %zu (%s) accepts nothing any more: take it out", i + 1,
				 e->function ? e->function
				 : e->file   ? e->file
					     : e->package);
	}
	if (result->n)
		code = EXIT_GATE;
	gate_result_release(result);
	return code;
}
