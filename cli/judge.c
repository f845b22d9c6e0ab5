/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/judge.h"

#include "audit/assertion.h"
#include "audit/verdict.h"
#include "cli/gates.h"

int judge_check(const struct cli_args *args)
{
	struct report_options options;
	struct gates gates;
	uint64_t units;
	int code = gates_open(&gates, args);

	if (code >= 0)
		return code;
	gates_release(&gates);
	return cli_report_options(args, &options) && cli_count(args, OPT_PER, &units) ? -1 : EXIT_MISUSE;
}

int judge(const struct cli_args *args, const struct predictions *set, const struct recording *rec)
{
	struct error err = ERROR_INIT;
	struct report_options options;
	struct gate_result result = {.n = 0};
	struct gates gates;
	struct assertions *assertions;
	struct audit *audit;
	uint64_t units = 0;
	int code;

	if (!cli_report_options(args, &options) || !cli_count(args, OPT_PER, &units))
		return EXIT_MISUSE;
	code = gates_open(&gates, args);
	if (code >= 0)
		return code;
	if (audit_run(&audit, set, rec, &err)) {
		gates_release(&gates);
		return cli_fail(&err);
	}
	assertions_read(&assertions, rec, set, args->value[OPT_SOURCE_ROOT]);
	assertions_judge(assertions, rec, audit);
	audit->assertions = assertions;
	code = recording_is_partial(rec) ? EXIT_PARTIAL : EXIT_DONE;
	if (args->value[OPT_JSON] ? report_audit_json(stdout, audit, set)
				  : report_audit_text(stdout, audit, set, &options))
		code = EXIT_FAILED;
	else if (gate_judge_audit(&gates.gate, gates.baseline, audit, units, &result, &err))
		code = cli_fail(&err);
	else
		code = gates_report(&gates, &result, code);
	gate_result_release(&result);
	gates_release(&gates);
	audit_free(audit);
	assertions_free(assertions);
	return code;
}
