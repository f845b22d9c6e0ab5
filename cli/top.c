/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "cli/live.h"
#include "cli/profile.h"
#include "recording/merge.h"

static enum top_key key_of(const char *name)
{
	for (enum top_key key = TOP_KEY_SITE; name && key <= TOP_KEY_CAUSE; key++) {
		if (strcmp(top_key_name(key), name) == 0)
			return key;
	}
	return TOP_KEY_SITE;
}

static enum top_order order_of(const char *name)
{
	for (enum top_order order = TOP_BY_BYTES; name && order <= TOP_BY_CAUSE; order++) {
		if (strcmp(top_order_name(order), name) == 0)
			return order;
	}
	return TOP_BY_BYTES;
}

/* False after a misuse was printed: what is of no meaning for a file. */
static bool check_offline(const struct cli_args *args, const struct top_options *options)
{
	static const enum option_id live[] = {OPT_INTERVAL,	OPT_COUNT_VIEWS, OPT_DURATION, OPT_MODE,
					      OPT_MAX_OVERHEAD, OPT_MAX_STACKS,	 OPT_ATTACH};

	for (size_t i = 0; i < ARRAY_SIZE(live); i++) {
		if (args->value[live[i]]) {
			cli_misuse(args, "--%s is for top of a running process (-p, -x)", option_specs[live[i]].name);
			return false;
		}
	}
	if (options->order == TOP_BY_RATE) {
		cli_misuse(args, "a recording has no rates; --by=rate is for top of a running process (-p, -x)");
		return false;
	}
	return true;
}

/* Whether it is merged, and by a version that kept what each contributed. */
static int check_replicas(const struct recording *rec, const char *path, struct error *err)
{
	if (!recording_replicas(rec, NULL))
		return error_set(err, -ENODATA, "top: failed to show '%s' by replica: it was not merged", path);
	for (size_t i = 0; i < rec->n_observations; i++) {
		if (rec->observations[i].n_parts)
			return 0;
	}
	return error_set(err, -ENODATA, "top: failed to show '%s' by replica: it has their totals only; merge again",
			 path);
}

static int of_recording(const struct cli_args *args, struct top_options *options)
{
	const char *path = args->positional[0];
	struct error err = ERROR_INIT;
	struct judged in;
	int code;

	if (judged_open(&in, path, args->value[OPT_PROGRAM], args->value[OPT_WITH_PREDICTIONS], &err) ||
	    (options->by_replica && check_replicas(in.rec, path, &err))) {
		code = cli_fail(&err);
	} else {
		options->audit = in.audit;
		code = (args->value[OPT_JSON] ? report_top_json(stdout, in.rec, options)
					      : report_top_text(stdout, in.rec, options))
			       ? EXIT_FAILED
			       : EXIT_DONE;
	}
	judged_release(&in);
	return code;
}

int top_main(const struct cli_args *args)
{
	struct top_options options = {.order = order_of(args->value[OPT_ORDER]), .key = key_of(args->value[OPT_KEY])};
	bool is_live = args->value[OPT_PID] || args->value[OPT_BINARY];

	if (args->n_positional != !is_live)
		return cli_misuse(args, "top needs one RECORDING, or -p PID or -x BINARY");
	if (!cli_report_options(args, &options.base))
		return EXIT_MISUSE;
	options.by_replica = args->value[OPT_BY_REPLICA] != NULL;
	options.charge = place_charge_named(args->value[OPT_CHARGE]);
	if (!top_order_fits(options.order, options.key))
		return cli_misuse(args, "a row for each %s has no %s to be sorted by", top_key_name(options.key),
				  top_order_name(options.order));
	if (is_live && args->value[OPT_PROGRAM])
		return cli_misuse(args, "--program is for a heap profile; the program of a process is known");
	if (is_live && options.by_replica)
		return cli_misuse(args, "--by-replica is for a merged recording");
	if (is_live)
		return live_main(args, &options);
	return check_offline(args, &options) ? of_recording(args, &options) : EXIT_MISUSE;
}
