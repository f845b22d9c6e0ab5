/* SPDX-License-Identifier: Apache-2.0 */
/* Where something is, as its reader knows it: not the path the compiler saw, and not the runtime's part of a stack. */
#ifndef ESCAUDIT_RECORDING_PLACE_H
#define ESCAUDIT_RECORDING_PLACE_H

#include "base/strpool.h"
#include "recording/recording.h"

/*
 * The file of a frame: "fmt/print.go" for the standard library, relative to its root for the main module, by import
 * path for all others. Absolute paths, module caches and -trimpath make no difference. From pool; NULL if unknown.
 */
const char *place_file(struct strpool *pool, const struct rec_header *header, const struct rec_frame *frame);
/* The same for a path and the import path of its package ("" or NULL if it has none of its own). */
const char *place_path(struct strpool *pool, const struct rec_header *header, const char *file, const char *package);

/* The import path of a frame's package ("main" becomes the main package's own). From pool; "" if it names none. */
const char *place_package(struct strpool *pool, const struct rec_header *header, const struct rec_frame *frame);

/* Whether the function is in package main, or in the main module. */
bool place_in_main_module(const struct rec_header *header, const char *function);

/*
 * The frame that an observation counts for: the innermost outside the runtime or, with charge_module, the nearest one
 * of the main module, if there is any. Where the runtime allocates for itself, its innermost frame that is no
 * allocator. NULL without a stack.
 */
const struct rec_frame *place_charged(const struct recording *rec, const struct rec_observation *o, bool charge_module);

/* Whether the file at path was changed after the recording began. False if nothing says when that was. */
bool place_is_newer(const struct recording *rec, const char *path);

/* The innermost frame of an inline chain that is not the runtime's own. n must not be 0. */
const struct rec_frame *place_innermost(const struct rec_frame *frames, size_t n);

#endif
