/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/target.h"
#include "recording/place.h"
#include "sites/columns.h"
#include "symbolize/go_name.h"

/* By the name in the binary, where each program's own is main, or by its import path. */
static bool is_of_package(const struct recording *rec, const struct rec_site *site, const char *package)
{
	const struct rec_frame *outermost = site->n_frames ? &site->frames[site->n_frames - 1] : NULL;

	/* What cgo makes for C to call is of no package; what it calls is often inlined there. */
	if (site->n_frames > 1 && strncmp(outermost->function, "_cgoexp_", 8) == 0)
		outermost--;
	return strcmp(go_name_package(rec->pool, outermost ? outermost->function : ""), package) == 0 ||
	       (outermost && strcmp(place_package(rec->pool, &rec->header, outermost), package) == 0);
}

/* Keeps the sites of one package, in place. */
static void filter_sites(struct recording *rec, const char *package)
{
	size_t kept = 0;

	for (size_t i = 0; i < rec->n_sites; i++) {
		struct rec_site site = rec->sites[i];

		if (is_of_package(rec, &site, package)) {
			rec->sites[i] = rec->sites[kept]; /* swapped, so that every site is still freed once */
			rec->sites[kept++] = site;
		}
	}
	for (size_t i = kept; i < rec->n_sites; i++)
		recording_release_site(&rec->sites[i]);
	rec->n_sites = kept;
}

/* The columns that saved predictions have of the same build. */
static int apply_columns(struct target *target, const char *path, struct error *err)
{
	struct predictions *set = predictions_new();
	int ret = predictions_load(set, path, err);

	if (ret == 0)
		site_columns_apply(target->rec, set->columns);
	predictions_free(set);
	return ret;
}

int sites_main(const struct cli_args *args)
{
	struct error err = ERROR_INIT;
	struct report_options options;
	struct target target;
	int ret;

	if (args->n_positional != 1)
		return cli_misuse(args, "sites needs one BINARY");
	if (!cli_report_options(args, &options))
		return EXIT_MISUSE;
	if (!args->value[OPT_LIMIT])
		options.limit = 0;
	if (target_open(&target, args->positional[0], args->positional[0], &err))
		return cli_fail(&err);
	if (target_decode(&target, &err)) {
		target_release(&target);
		return cli_fail(&err);
	}
	if (args->value[OPT_WITH_PREDICTIONS] && apply_columns(&target, args->value[OPT_WITH_PREDICTIONS], &err)) {
		target_release(&target);
		return cli_fail(&err);
	}
	if (args->value[OPT_PACKAGE])
		filter_sites(target.rec, args->value[OPT_PACKAGE]);
	ret = args->value[OPT_JSON] ? report_sites_json(stdout, target.rec)
				    : report_sites_text(stdout, target.rec, &options);
	target_release(&target);
	return ret ? EXIT_FAILED : EXIT_DONE;
}
