/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which lines of the source a change touches: the hunks of a unified diff without context (git diff -U0), by file as a
 * reader of recordings knows it (place.h).
 */
#ifndef ESCAUDIT_DIFF_CHANGED_H
#define ESCAUDIT_DIFF_CHANGED_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strpool.h"
#include "recording/recording.h"

struct changed_range {
	const char *file;
	int first, last;
};

struct changed {
	struct strpool *pool;
	struct changed_range *items;
	size_t n, alloc;
};

void changed_init(struct changed *c);
void changed_release(struct changed *c);

void changed_add(struct changed *c, const char *file, int first, int last);
#define CHANGED_TO_THE_END INT_MAX

/*
 * The hunks of a diff whose names have the prefixes a/ and b/: lines taken out go to before, lines put in to after.
 * Names that git quotes are passed over; no file that Go compiles is called so. -EBADMSG for a hunk that has no end.
 */
int changed_read(struct changed *before, struct changed *after, const char *diff, size_t size, struct error *err);

/* A module of the source tree: its directory in the tree ("" for the root) and its path. */
struct changed_module {
	const char *directory, *path;
};

/* Paths in the tree become names as place.h gives them. Files outside all modules keep theirs. To be called once. */
void changed_place(struct changed *c, const struct changed_module *modules, size_t n, const struct rec_header *header);
/* After changed_place. */
bool changed_touches(const struct changed *c, const char *file, int line);

/* The path a go.mod declares, from pool; NULL if it has none. */
const char *changed_module_path(struct strpool *pool, const char *go_mod, size_t size);

#endif
