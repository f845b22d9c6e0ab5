/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiler gives the arrays of some slice literals, and some maps of map literals, another position than the
 * literal's brace. Which literal it is all the same, by what the compiler does with them, held against the number of
 * their elements.
 */
#ifndef ESCAUDIT_SITES_LITERAL_BRACES_H
#define ESCAUDIT_SITES_LITERAL_BRACES_H

#include <stddef.h>

#include "predict/prediction.h"
#include "predict/twin.h"
#include "recording/recording.h"

/* What is claimed of literals, by where. Holds nothing of the set's. */
struct literal_claims;

struct literal_claims *literal_claims_new(const struct predictions *set);
void literal_claims_free(struct literal_claims *claims); /* accepts NULL */

/* For each of n sites of one function of the twin, in pc order: the token of the brace of the literal whose array or
 * map it makes or fills, if its position is another one and the literal is known; SOURCE_NO_TOKEN otherwise. */
void literal_braces_find(struct twin *twin, const struct literal_claims *claims, const struct rec_site *sites, size_t n,
			 size_t *braces);

#endif
