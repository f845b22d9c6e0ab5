/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A baseline: lines that are known and accepted, each with a reason and a day after which it is not accepted any more,
 * and thresholds; a JSON file that lives beside the source.
 *
 *     {
 *       "schema": "escaudit-baseline/1",
 *       "fail_on": ["violated", "bytes>1MB/op"],
 *       "accept": [
 *         {"function": "example.com/shop/cart.(*Cart).Add", "cause": "append growth",
 *          "reason": "amortised; measured in March", "expires": "2026-12-31"}
 *       ]
 *     }
 *
 * An entry accepts the lines that equal it in all of function, package, file, expr, type, cause and verdict that it
 * names; it must name function, file or package, a reason and a day. Line numbers are not among them: they move.
 */
#ifndef ESCAUDIT_GATE_BASELINE_H
#define ESCAUDIT_GATE_BASELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/error.h"

struct baseline_entry {
	const char *function, *package, *file, *expr, *type, *cause, *verdict; /* NULL: any */
	const char *reason;
	const char *expires; /* "2026-12-31": the last day on which it holds, in UTC */
	bool expired;
	bool used; /* it accepted a line */
};

struct baseline;

/* The day that is today is now's, in UTC. Every fault of the file is an error: -EINVAL, or that of reading it. */
int baseline_read(struct baseline **out, const char *path, time_t now, struct error *err);
int baseline_read_bytes(struct baseline **out, const char *data, size_t size, const char *path, time_t now,
			struct error *err);
void baseline_free(struct baseline *baseline); /* accepts NULL */

/* The list of its thresholds as gate_parse() takes it; NULL where it has none. */
const char *baseline_fail_on(const struct baseline *baseline);
size_t baseline_count(const struct baseline *baseline);
const struct baseline_entry *baseline_entry(const struct baseline *baseline, size_t i);

/* A line, by what an entry may name. NULL where unknown. */
struct baseline_line {
	const char *function, *package, *file, *expr, *type, *cause, *verdict;
};

/* Whether an entry that has not expired accepts the line. Marks what accepted it. A NULL baseline accepts nothing. */
bool baseline_accepts(struct baseline *baseline, const struct baseline_line *line);

#endif
