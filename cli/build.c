/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/temporary_directory.h"
#include "predict/relay.h"
#include "sites/columns.h"

static void read_twin(struct predictions *set, struct twin *twin)
{
	struct error err = ERROR_INIT;

	if (!twin_is_built(twin))
		return;
	if (site_columns_read(set, twin, &err))
		set->columns->missing = strpool_add(set->pool, err.text);
	else if (twin_changed(twin))
		set->columns->missing = strpool_add(set->pool, "sources were changed while they were built");
	error_release(&err);
}

static int build_with_columns(struct build_options *build, struct predictions *set, struct error *err)
{
	char *directory, *binary;
	int ret = temporary_directory(&directory, temporary_parent(), "build", err);

	if (ret)
		return ret;
	binary = xasprintf("%s/program", directory);
	build->twin = twin_new(binary);
	ret = build_with_diagnostics(build, set, err);
	if (ret == 0)
		read_twin(set, build->twin);
	unlink(binary);
	rmdir(directory);
	twin_free(build->twin);
	free(binary);
	free(directory);
	return ret;
}

int cli_build(const struct cli_args *args, const struct build_options *options, struct predictions *set,
	      struct error *err)
{
	const char *columns = args->value[OPT_COLUMNS];
	struct build_options build = *options;
	char *relay = relay_program();
	int ret;

	build.relay = relay;
	if (columns && strcmp(columns, "off") == 0)
		ret = build_with_diagnostics(&build, set, err);
	else
		ret = build_with_columns(&build, set, err);
	free(relay);
	return ret;
}
