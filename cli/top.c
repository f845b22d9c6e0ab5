/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"

static enum top_key key_of(const char *name)
{
	static const char *const names[] = {"site", "function", "package", "type", "cause"};
	static const enum top_key keys[] = {TOP_KEY_SITE, TOP_KEY_FUNCTION, TOP_KEY_PACKAGE, TOP_KEY_TYPE,
					    TOP_KEY_CAUSE};

	for (size_t i = 0; name && i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(names[i], name) == 0)
			return keys[i];
	}
	return TOP_KEY_SITE;
}

int top_main(const struct cli_args *args)
{
	const char *by = args->value[OPT_BY], *charge = args->value[OPT_CHARGE];
	struct error err = ERROR_INIT;
	struct top_options options = {.order = TOP_BY_BYTES};
	struct recording *rec;
	int ret;

	if (args->n_positional != 1)
		return cli_misuse(args, "top needs one RECORDING");
	if (!cli_report_options(args, &options.base))
		return EXIT_MISUSE;
	if (by && strcmp(by, "objects") == 0)
		options.order = TOP_BY_OBJECTS;
	options.key = key_of(args->value[OPT_KEY]);
	options.charge_module = charge && strcmp(charge, "module") == 0;
	if (recording_read(&rec, args->positional[0], &err))
		return cli_fail(&err);
	ret = args->value[OPT_JSON] ? report_top_json(stdout, rec, &options) : report_top_text(stdout, rec, &options);
	recording_free(rec);
	return ret ? EXIT_FAILED : EXIT_DONE;
}
