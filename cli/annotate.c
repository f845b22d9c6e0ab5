/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"
#include "cli/profile.h"
#include "report/annotate.h"

static int annotate(const struct cli_args *args, const struct recording *rec, const struct audit *audit,
		    const struct report_options *options)
{
	const struct annotate_options annotate = {
		.source_root = args->value[OPT_SOURCE_ROOT],
		.charge = place_charge_named(args->value[OPT_CHARGE]),
	};
	struct error err = ERROR_INIT;
	struct annotation *annotation;
	int ret;

	if (annotation_new(&annotation, rec, audit, args->positional[1], &annotate, &err))
		return cli_fail(&err);
	ret = args->value[OPT_JSON] ? report_annotation_json(stdout, annotation)
				    : report_annotation_text(stdout, annotation, options);
	annotation_free(annotation);
	if (ret)
		return EXIT_FAILED;
	return recording_is_partial(rec) ? EXIT_PARTIAL : EXIT_DONE;
}

int annotate_main(const struct cli_args *args)
{
	struct judged in;
	struct report_options options;
	struct error err = ERROR_INIT;
	int code;

	if (args->n_positional != 2)
		return cli_misuse(args, "annotate needs a RECORDING and a FILE or FUNCTION");
	if (!cli_report_options(args, &options))
		return EXIT_MISUSE;
	if (judged_open(&in, args->positional[0], args->value[OPT_PROGRAM], args->value[OPT_WITH_PREDICTIONS], &err))
		code = cli_fail(&err);
	else
		code = annotate(args, in.rec, in.audit, &options);
	judged_release(&in);
	return code;
}
