/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings as the commands read them: also a heap profile of Go's own, from net/http/pprof, which says neither types
 * nor causes nor what sites the program has. All that is in the program, so where that is at hand it is asked.
 */
#ifndef ESCAUDIT_CLI_PROFILE_H
#define ESCAUDIT_CLI_PROFILE_H

#include "base/error.h"
#include "recording/recording.h"

/*
 * As recording_read. For a heap profile, program is the file it is of; NULL: the one that the profile names, if it is
 * there and of the same build id, else nothing is added. A program that is named and is another one is an error.
 */
int profile_read(struct recording **out, const char *path, const char *program, struct error *err);

#endif
