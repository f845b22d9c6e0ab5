/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stacks of a recording as one tree: functions from the outermost to the line that allocates, and on each of these
 * what is made there. Of large recordings the smallest frames are summed up, so that the tree can be looked at.
 */
#ifndef ESCAUDIT_REPORT_FLAME_H
#define ESCAUDIT_REPORT_FLAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/strpool.h"
#include "recording/recording.h"

enum flame_origin {
	FLAME_MAIN, /* the main module */
	FLAME_DEPENDENCY,
	FLAME_STANDARD,
	FLAME_RUNTIME,
	FLAME_OTHER, /* C, and what is unknown */
};

enum flame_kind {
	FLAME_FUNCTION,
	FLAME_OBJECTS, /* a leaf: the objects of one line, type and cause */
	FLAME_REST,    /* a leaf: what was summed up */
};

struct flame_frame {
	enum flame_kind kind;
	uint32_t parent;  /* always less than the frame's own index; the root, [0], is its own */
	const char *name; /* of the function or the type; NULL of a rest */
	const char *file; /* as place_file(): of a leaf its line, of a function the call that most bytes went through */
	int line;
	enum flame_origin origin;
	enum cause cause; /* of a leaf or a rest */
	uint32_t account; /* of a leaf or a rest: as given for its observations */
	uint32_t row;	  /* of a leaf: as given for the first of its observations */
	uint64_t objects, bytes;
	uint64_t call_bytes; /* of that call */
};

struct flame {
	struct strpool *pool;
	struct flame_frame *frames;
	size_t n, alloc;
	size_t n_summed;     /* frames that are not there */
	double summed_share; /* the largest of them had so much of all bytes or objects, 0 to 1 */
};

/* What a caller knows of an observation; leaves of one function are kept apart by both. */
struct flame_label {
	uint32_t account;
	uint32_t row;
};

/*
 * One label for each observation. About limit frames stay, 0 for all: those with most of all bytes or of all objects,
 * whichever is more; the others are rests, one for each account and cause, of the frame above. Borrows rec.
 */
void flame_init(struct flame *out, const struct recording *rec, const struct flame_label *labels, size_t limit);
void flame_release(struct flame *flame);

#endif
