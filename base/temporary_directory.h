/* SPDX-License-Identifier: Apache-2.0 */
/* Where files go that do not outlive the command. */
#ifndef ESCAUDIT_BASE_TEMPORARY_DIRECTORY_H
#define ESCAUDIT_BASE_TEMPORARY_DIRECTORY_H

#include "base/error.h"

/* $TMPDIR, or /tmp. Not the caller's to free; valid until the environment changes. */
const char *temporary_parent(void);

/*
 * Makes a directory in parent that is the caller's alone (mode 0700), "escaudit-AREA-" and six letters. *path is
 * the caller's to free after it removed the directory. 0, or a negative errno with err set, whose sentence begins with
 * area; *path is NULL then.
 */
int temporary_directory(char **path, const char *parent, const char *area, struct error *err);

#endif
