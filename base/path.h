/* SPDX-License-Identifier: Apache-2.0 */
/* Names of files as text: nothing is looked up, links are left alone. */
#ifndef ESCAUDIT_BASE_PATH_H
#define ESCAUDIT_BASE_PATH_H

#include <stdbool.h>
#include <string.h>

#include "base/strbuf.h"

/* What stands behind the last slash. */
static inline const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Whether a name ends so, and is not that end alone: ".go", ".cgo1.go". */
static inline bool path_has_suffix(const char *path, const char *suffix)
{
	size_t n = strlen(path), end = strlen(suffix);

	return n > end && strcmp(path + n - end, suffix) == 0;
}

/*
 * Adds path to out, behind directory if that is given and path is relative, without ".", double slashes and the names
 * that ".." takes back: as filepath.Clean has it (https://pkg.go.dev/path/filepath#Clean). What is relative stays so
 * and keeps its leading "..". Nothing at all is "."; behind the root ".." is nothing.
 */
void path_clean(struct strbuf *out, const char *directory, const char *path);

#endif
