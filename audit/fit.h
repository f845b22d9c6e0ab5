/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can a prediction speak of a site? What the text of a diagnostic tells of the allocation, held against what the
 * machine code tells of it. Internal to match.c.
 */
#ifndef ESCAUDIT_AUDIT_FIT_H
#define ESCAUDIT_AUDIT_FIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strpool.h"
#include "predict/prediction.h"
#include "recording/recording.h"

/* What a prediction's text says, taken apart once. Strings belong to the pool given to reading_init, or to the
 * prediction. */
struct reading {
	unsigned primary;     /* causes (1 << enum cause) of the allocation that the expression is */
	unsigned secondary;   /* causes of what else its line may say in the same words */
	const char *type;     /* the type it names: "small" of "&small{...}", "int" of "make([]int, n)"; or NULL. Of a
			       variable       that is moved in a wrapper, the method's receiver, set by match.c */
	const char *selector; /* "Name" of "x.Name", which may be a method value; or NULL */
	const char *function; /* as the symbol has it behind the package; NULL if the diagnostics do not name it */
	uint64_t elements;    /* of make with constant sizes; UINT64_MAX if it is none */
	uint64_t size;	      /* of a moved variable whose type is known, in bytes, set by match.c; else 0 */
	size_t summands;      /* of the string that is made, or converted to bytes; SIZE_MAX if the text does not say */
	enum expr_kind operand; /* what is boxed, where its text says it of itself as well as of what is made for it */
	bool is_application;	/* X(y): a call that is boxed, or a conversion to a named type */
	bool is_literal;	/* T{...}: boxed, or the array behind a named slice, or a named map */
	bool is_box;		/* can be the operand of an interface conversion */
};

void reading_init(struct reading *r, struct strpool *pool, const struct prediction *p);

enum fit {
	FIT_NONE,
	FIT_UNLIKELY, /* the names differ; an alias or a type parameter may still stand for the type */
	FIT_POSSIBLE,
	FIT_TYPE,
};

/* How well the site fits by the causes given: r->primary or r->secondary. */
enum fit fit_of(const struct prediction *p, const struct reading *r, const struct rec_site *site, unsigned causes);
/* The same for boxing, by the conversion function that takes a value of that kind. */
enum fit fit_of_box(const struct prediction *p, const struct reading *r, const struct rec_site *site);

/*
 * Does a type as the compiler's text names it agree with one as the runtime names it? Both spell aliases out, and name
 * what has a name (types/fmt.go, reflectdata), the runtime with its package: a name and a type composed of others
 * contradict each other. Two names that differ are unlikely one type. Of a type that is not known, or of which only the
 * beginning is ("[]"), all fits what that leaves open.
 */
enum fit fit_type(const char *source, const char *runtime);

/* The text of a literal of a map, or of an instance, whose type has type parameters, which sites fit differently; NULL
 * of any other. */
const char *fit_map_type(const struct prediction *p);

/*
 * Whether a literal with elements may be of the map that the site inserts into. One of a named type, "T{...}", is only
 * if its name is the map's, or if it is known to make a map.
 */
bool fit_insertion(const struct prediction *p, const struct reading *r, const struct rec_site *site, bool makes_map);

/* Is the site in the function that the diagnostics name? True where they name none. */
bool fit_function(const struct reading *r, const struct rec_site *site);

/* One object for several variables: made without a type. */
bool fit_is_merged(const struct rec_site *site);

#endif
