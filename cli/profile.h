/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings as the commands read them: also a heap profile of Go's own, from net/http/pprof, which says neither types
 * nor causes nor what sites the program has. All that is in the program, so where that is at hand it is asked.
 */
#ifndef ESCAUDIT_CLI_PROFILE_H
#define ESCAUDIT_CLI_PROFILE_H

#include "audit/verdict.h"
#include "base/error.h"
#include "recording/recording.h"

/*
 * As recording_read. For a heap profile, program is the file it is of; NULL: the one that the profile names, if it is
 * there and of the same build id, else nothing is added. A program that is named and is another one is an error.
 */
int profile_read(struct recording **out, const char *path, const char *program, struct error *err);

/* A recording with the verdicts that predictions of it give. */
struct judged {
	struct recording *rec;
	struct predictions *set; /* NULL without predictions, like the audit */
	struct audit *audit;
};

/* path and program as above; predictions names a file, or is NULL. out is to be released also where this fails. */
int judged_open(struct judged *out, const char *path, const char *program, const char *predictions, struct error *err);
void judged_release(struct judged *judged);

#endif
