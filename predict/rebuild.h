/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a binary's own build information says about how to build it again: the flags that change the compiler's
 * predictions, and no others.
 */
#ifndef ESCAUDIT_PREDICT_REBUILD_H
#define ESCAUDIT_PREDICT_REBUILD_H

#include "base/error.h"
#include "predict/prediction.h"
#include "symbolize/go_binary.h"

struct rebuild {
	char **flags;  /* NULL-terminated go build flags, owned */
	char **env;    /* NULL-terminated NAME=VALUE, owned */
	char *package; /* what to build: the main package's import path, or "." where that is not a path; owned */
};

/*
 * Reads the recipe out of bin. dir is where the sources are: a profile (-pgo) that is not where it was is looked for
 * there. -ENOENT if it is in neither place. What it says may be anybody's: -EBADMSG if its package is none, -EINVAL if
 * its compiler flags may do more than change the code.
 */
int rebuild_init(struct rebuild *out, const struct go_binary *bin, const char *dir, struct error *err);
void rebuild_release(struct rebuild *recipe);

/*
 * Does what was built belong to bin? Go version, settings and module versions are compared; the differences are said in
 * err, -EINVAL.
 */
int rebuild_check(const struct go_binary *bin, const struct go_binary *again, struct error *err);

#endif
