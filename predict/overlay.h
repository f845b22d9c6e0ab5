/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's own -overlay: which files stand in for which. The compiler is told of the files that are replaced, but up
 * to Go 1.20 its diagnostics name the ones that it reads.
 */
#ifndef ESCAUDIT_PREDICT_OVERLAY_H
#define ESCAUDIT_PREDICT_OVERLAY_H

#include <jansson.h>

#include "base/error.h"

struct overlay;

/*
 * Relative names in it are of directory, an absolute path, where the go command runs. NULL if it is not what go build
 * reads, or cannot be read.
 */
struct overlay *overlay_read(const char *path, const char *directory, struct error *err);
void overlay_free(struct overlay *overlay); /* accepts NULL, as all below */

/* Where the text of a file is: path itself if the overlay says nothing, NULL if it removes the file. */
const char *overlay_contents(const struct overlay *overlay, const char *path);
/* The only file that this one stands in for; NULL if it stands in for none, or for several. */
const char *overlay_replaced(const struct overlay *overlay, const char *contents);
/* A new object, path -> replacement; "" for a file that is removed. The caller gives it back. */
json_t *overlay_replacements(const struct overlay *overlay);

#endif
