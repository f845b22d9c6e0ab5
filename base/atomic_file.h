/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that appears as a whole or not at all: it is written under another name in the same directory, and takes its
 * name when everything is in it. What had the name before stays until then, and for good if anything fails; it may be
 * what is being read. What no rename can replace, a pipe, a device or an unlinked file, is written in place.
 */
#ifndef ESCAUDIT_BASE_ATOMIC_FILE_H
#define ESCAUDIT_BASE_ATOMIC_FILE_H

#include <stdio.h>

struct atomic_file {
	FILE *stream; /* to write to */
	char *target;
	char *temporary; /* NULL if it is written in place */
};

/* 0 or a negative errno, with nothing to end then. Through a symbolic link the file it leads to is replaced. */
int atomic_file_begin(struct atomic_file *file, const char *path);
/* Closes the stream. result is how the writing went: unless it is 0 and the stream had no error, nothing takes the
 * name. Returns result, or the negative errno of what failed here. */
int atomic_file_end(struct atomic_file *file, int result);

#endif
