/* SPDX-License-Identifier: Apache-2.0 */
#include "base/temporary_directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

const char *temporary_parent(void)
{
	const char *given = secure_getenv("TMPDIR");

	return given && *given ? given : "/tmp";
}

int temporary_directory(char **path, const char *parent, const char *area, struct error *err)
{
	int ret;

	*path = xasprintf("%s/escaudit-%s-XXXXXX", parent, area);
	if (mkdtemp(*path))
		return 0;
	ret = -errno;
	free(*path);
	*path = NULL;
	return error_set(
		err, ret,
		"%s: failed to make a temporary directory in '%s': %s; set TMPDIR to a directory that has room and "
		"may be written to",
		area, parent, strerror(-ret));
}
