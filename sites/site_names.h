/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only the debug information knows of sites: which variable an object is that was moved to the heap, and what a
 * closure captures. Kept with the
 * sites, so that a recording knows it where the binary is not at hand.
 */
#ifndef ESCAUDIT_SITES_SITE_NAMES_H
#define ESCAUDIT_SITES_SITE_NAMES_H

#include "recording/recording.h"
#include "symbolize/go_binary.h"

/*
 * Names the variables of rec's sites, which are bin's. Where the binary has no DWARF, or what cannot be read, they stay
 * without: no error, since nothing else is missed.
 */
void site_names_find(struct recording *rec, const struct go_binary *bin);

#endif
