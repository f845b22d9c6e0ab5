/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the twin of a build that has succeeded (predict/twin.h). Internal to predict/. */
#ifndef ESCAUDIT_PREDICT_TWIN_BUILD_H
#define ESCAUDIT_PREDICT_TWIN_BUILD_H

#include "predict/go_command.h"
#include "predict/go_flags.h"
#include "predict/twin.h"

/*
 * packages are the arguments of the build, NULL-terminated; module_cache is a directory whose files the go command does
 * not let an overlay replace, or NULL. On success the twin is marked as built. Otherwise, and where files are left out,
 * *missing is a sentence that says why, which the caller frees. Returns 0, or -EINTR with an error in go->err: all
 * other failures cost columns, not the build.
 */
int twin_build(struct twin *twin, struct go_command *go, const struct go_flags *flags, const char *const *packages,
	       const char *module_cache, char **missing);

#endif
