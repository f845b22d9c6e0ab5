/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/judge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "predict/verdict.h"

/* The verdicts that --fail-on names, as a set of bits; false and a message where one is unknown. */
static bool gate_of(const struct cli_args *args, unsigned *gate)
{
	const char *list = args->value[OPT_FAIL_ON];

	*gate = 0;
	while (list && *list) {
		size_t len = strcspn(list, ",");
		char *name = xstrndup(list, len);
		enum verdict_kind kind = verdict_from_name(name);

		if (kind == VERDICT_COUNT) {
			cli_misuse(args, "--fail-on: no verdict is named '%s'", name);
			free(name);
			return false;
		}
		free(name);
		*gate |= 1u << kind;
		list += len + (list[len] == ',');
	}
	return true;
}

bool judge_check(const struct cli_args *args)
{
	struct report_options options;
	unsigned gate;

	return gate_of(args, &gate) && cli_report_options(args, &options);
}

int judge(const struct cli_args *args, const struct predictions *set, const struct recording *rec)
{
	struct error err = ERROR_INIT;
	struct report_options options;
	struct audit *audit;
	int code = EXIT_DONE, ret;
	unsigned gate;

	if (!gate_of(args, &gate) || !cli_report_options(args, &options))
		return EXIT_MISUSE;
	if (audit_run(&audit, set, rec, &err))
		return cli_fail(&err);
	ret = args->value[OPT_JSON] ? report_audit_json(stdout, audit, set)
				    : report_audit_text(stdout, audit, set, &options);
	if (recording_losses(rec) || rec->header.coverage)
		code = EXIT_PARTIAL;
	for (int kind = 0; kind < VERDICT_COUNT; kind++) {
		if (gate >> kind & 1 && audit->totals.n[kind]) {
			cli_note("gate: %zu %s", audit->totals.n[kind], verdict_name((enum verdict_kind)kind));
			code = EXIT_GATE;
		}
	}
	audit_free(audit);
	return ret ? EXIT_FAILED : code;
}
