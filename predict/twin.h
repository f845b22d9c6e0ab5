/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The twin of a build: the same packages, flags and go command, and sources in which every token is on a line of its
 * own number, by line directives (predict/source_tokens.h) given with go build's -overlay. Comments change no code, so
 * the twin's functions have the calls of the original's, and its line table tells which token each came from. The twin
 * is never run.
 */
#ifndef ESCAUDIT_PREDICT_TWIN_H
#define ESCAUDIT_PREDICT_TWIN_H

#include <stdbool.h>

#include "predict/overlay.h"
#include "predict/source_tokens.h"

struct twin;

/* The twin's binary will be at path, which is borrowed. */
struct twin *twin_new(const char *path);
void twin_free(struct twin *twin); /* accepts NULL */

/*
 * Copies one source file into directory: path is how the compiler is told of it, contents where its text is (another
 * file where the user has an overlay too). False if it has no copy and is compiled as it is.
 */
bool twin_add(struct twin *twin, const char *path, const char *contents, const char *directory);
/* Writes the overlay for go build to path, with what the user's own replaces, or NULL. 0 or a negative errno. */
int twin_write_overlay(const struct twin *twin, const struct overlay *users, const char *path);

/* How many files have copies. */
size_t twin_count(const struct twin *twin);
const char *twin_path(const struct twin *twin);

/* The build came to its end, and the binary is at the path. */
void twin_set_built(struct twin *twin);
bool twin_is_built(const struct twin *twin);

/*
 * The tokens of the file that the twin's line table calls by that name. NULL if it is none of the copies, or was
 * changed since it was copied. Owned by the twin.
 */
const struct source_tokens *twin_source(struct twin *twin, const char *name);
/* How the compiler is told of it: the path that twin_add was given. NULL if it is none of the copies. */
const char *twin_file(const struct twin *twin, const char *name);
/* The token of that file which is on that line of the twin's line table. SOURCE_NO_TOKEN if there is none. */
size_t twin_token(struct twin *twin, const char *name, int line);
/* How many files twin_source found changed. */
size_t twin_changed(const struct twin *twin);

#endif
