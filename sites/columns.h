/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the twin's binary to the sites of the program that is judged: what the twin's line table tells of each site's
 * token, and the sites of another binary that it holds for.
 */
#ifndef ESCAUDIT_SITES_COLUMNS_H
#define ESCAUDIT_SITES_COLUMNS_H

#include <stddef.h>

#include "base/error.h"
#include "predict/prediction.h"
#include "predict/twin.h"
#include "recording/recording.h"

/* Decodes the twin's binary and makes set->columns of it. Negative errno where it cannot be read. */
int site_columns_read(struct predictions *set, struct twin *twin, struct error *err);

struct site_columns_stats {
	size_t functions; /* with sites, in files the columns are of or in packages predicted */
	size_t known;	  /* of these: those whose calls agree with the twin's */
};

/*
 * Gives rec's sites their source: in functions whose name and calls agree with the twin's, site by site where every
 * level's line does. Idempotent. Sites that have theirs keep it.
 */
void site_columns_apply(struct recording *rec, const struct columns *columns);

#endif
