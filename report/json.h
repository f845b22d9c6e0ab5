/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON all commands share: one object, its members in a fixed order, lists with one row a line,
 * so that two outputs can be compared with diff. Rows are written as they come; no list is ever held whole.
 *
 *     {
 *     "schema": "escaudit-top/1",
 *     "tool": {"name": "escaudit", "version": "0.1.0"},
 *     "target": {"path": "/srv/shop", "build_id": "5d3f…", "go_version": "go1.26.11", "arch": "amd64", "pid": 4242, …},
 *     "window": {"mode": "exact", "seconds": 12.3, "complete": true, …},
 *     "losses": [{"name": "stack map full", "count": 7}],
 *     "lines": [
 *     {"file": "cart.go", "line": 40, …},
 *     {"file": "item.go", "line": 21, …}
 *     ]
 *     }
 *
 * What is unknown is null and always there, so that a member's absence means an older schema.
 */
#ifndef ESCAUDIT_REPORT_JSON_H
#define ESCAUDIT_REPORT_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/strbuf.h"
#include "predict/prediction.h"
#include "recording/recording.h"

#define FLOW_SHOWN 32

struct json_report {
	FILE *f;
	bool has_members;
	bool has_rows;
	struct strbuf text; /* of one value */
};

/* schema and tool. */
void json_report_begin(struct json_report *report, FILE *f, const char *schema);
/* target, window and losses of a recording. */
void json_report_recording(struct json_report *report, const struct recording *rec);
/* The same three as members of one object, for reports of two recordings. */
json_t *json_recording(const struct recording *rec);
void json_report_member(struct json_report *report, const char *name, json_t *value); /* takes value */
void json_report_list_begin(struct json_report *report, const char *name);
void json_report_row(struct json_report *report, json_t *row); /* takes row */
void json_report_list_end(struct json_report *report);
/* 0, or -EIO if f failed. */
int json_report_end(struct json_report *report);

/* A new string; null for NULL. What is not UTF-8 becomes U+FFFD. */
json_t *json_text(const char *s);
/* The same, with nothing in it that would steer a terminal. */
json_t *json_clean(const char *s);
/* A new number; those beyond a JSON reader's 64 signed bits become the largest. */
json_t *json_count(uint64_t n);
/* A line or a column; null where it is unknown, 0. */
json_t *json_positive(int n);
/* "0x4a6660" */
json_t *json_address(uint64_t address);
/* Adds to an object; takes value. */
void json_put(json_t *object, const char *name, json_t *value);
/*
 * The lines of an explanation, as json_text() or json_clean() makes each: at most FLOW_SHOWN, and then one that says
 * how many more there are.
 */
json_t *json_flow(const struct flow_step *const *flow, size_t n, json_t *(*text)(const char *));
/* [{"function": …, "file": …, "line": …}], innermost first; empty where nothing was inlined. */
json_t *json_inline_chain(const struct rec_frame *frames, size_t n);
/* Where the source has the call, of each level, innermost first, and its text; null where no twin build tells. */
/* "captures": [{"name": "x", "by_reference": true}, {"name": "buf", "by_reference": false}], or null. */
void json_put_captures(json_t *object, const struct rec_site *site);
void json_put_source(json_t *object, const struct rec_site *site);

#endif
