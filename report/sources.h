/* SPDX-License-Identifier: Apache-2.0 */
/* The sources of a page that is looked at elsewhere: every file of a recording with its text, as far as it is found. */
#ifndef ESCAUDIT_REPORT_SOURCES_H
#define ESCAUDIT_REPORT_SOURCES_H

#include <jansson.h>

#include "audit/verdict.h"
#include "recording/recording.h"

/* Bytes of text that are taken along in all and of one file; files that allocate most come first. */
#define SOURCES_LIMIT	   (8u << 20)
#define SOURCES_FILE_LIMIT (2u << 20)

/*
 * A new array, files with most bytes first:
 *
 *     {"file": "cart/item.go", "objects": 1512, "bytes": 56384, "path": "/src/shop/cart/item.go", "newer": false,
 *      "text": "package cart\n…", "missing": null,
 *      "lines": [{"line": 21, "objects": 1009, "bytes": 16144, "emitted": "newobject", "predicted": "heap",
 *                 "notes": [{"verdict": "confirmed", "text": "confirmed 21:9 …", "quiet": false, "why": ["flow:
 * …"]}]}]}
 *
 * Files are those that objects or verdicts were counted for, lines those with any account. Where there is no text,
 * path and text are null and missing says why. A recording may come from anywhere and name any file of this machine,
 * and pages are handed round: only what is named *.go is read. audit and root (see annotate.h) may be NULL.
 */
json_t *sources_json(const struct recording *rec, const struct audit *audit, const char *root);

#endif
