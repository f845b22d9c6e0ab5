/* SPDX-License-Identifier: Apache-2.0 */
/* Names of files as text: nothing is looked up. */
#ifndef ESCAUDIT_BASE_PATH_H
#define ESCAUDIT_BASE_PATH_H

#include <stdbool.h>
#include <string.h>

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

#endif
