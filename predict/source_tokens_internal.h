/* SPDX-License-Identifier: Apache-2.0 */
/* What a source file's tokens are made of. Internal to predict/source_tokens.c and predict/source_extents.c. */
#ifndef ESCAUDIT_PREDICT_SOURCE_TOKENS_INTERNAL_H
#define ESCAUDIT_PREDICT_SOURCE_TOKENS_INTERNAL_H

#include "predict/source_tokens.h"

#define NO_PARTNER UINT32_MAX

struct source_token {
	uint32_t offset, length;
	uint32_t line, column; /* in the file */
	uint32_t partner;      /* of a bracket: the token of the other one */
	struct source_position reported;
	uint8_t kind;
	bool is_renamed; /* a line directive stands between it and the token before */
};

struct source_extent {
	uint32_t first, last;
};

/* Filled in when the first extent is asked for: most files are only copied. */
struct source_extents {
	struct source_extent *items;	  /* NULL until then */
	struct source_extent *statements; /* that tokens are in */
};

struct source_tokens {
	char *text;
	size_t size;
	struct source_token *items;
	size_t n, alloc;
	struct source_extents *extents;
	bool has_directives;
};

/* Fills in source->extents: one for each token. */
void source_extents_find(const struct source_tokens *source);

#endif
