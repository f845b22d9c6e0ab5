/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the twin of a build (predict/twin.h): copies before it, the twin after it. Internal to predict/. */
#ifndef ESCAUDIT_PREDICT_TWIN_BUILD_H
#define ESCAUDIT_PREDICT_TWIN_BUILD_H

#include "predict/go_command.h"
#include "predict/go_flags.h"
#include "predict/source_list.h"
#include "predict/twin.h"

/*
 * Copies the sources, before the build itself reads them: a file that is another one by the time the twin's tokens are
 * looked at (twin_source) may have been another one for the build too. list has the program's packages, users is the
 * user's own overlay or NULL; module_cache is a directory whose files the go command does not let an overlay replace,
 * or NULL. *ready says whether there is a twin to build. If not, and where files are left out, *missing is a sentence
 * that says why, which the caller frees. Returns 0, or -EINTR with an error in go->err: all other failures cost
 * columns, not the build.
 */
int twin_prepare(struct twin *twin, struct go_command *go, const struct go_flags *flags, const struct source_list *list,
		 const struct overlay *users, const char *module_cache, bool *ready, char **missing);
/*
 * Builds it from the arguments of the build, NULL-terminated, where it is ready and the build has succeeded, and marks
 * it as built; list is that of twin_prepare, go_version as "go1.24.1". Otherwise *missing, which may be set already,
 * says why. Returns as twin_prepare does.
 */
int twin_build(struct twin *twin, struct go_command *go, const struct go_flags *flags, const struct source_list *list,
	       const char *const *packages, const char *go_version, char **missing);

#endif
