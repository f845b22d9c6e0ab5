/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gates: conditions on a result, any of which makes a build fail.
 *
 *     LIST      = CONDITION *( "," CONDITION )
 *     CONDITION = SUBJECT [ "." MEASURE ] [ ">" NUMBER [ UNIT ] [ "/op" ] ]
 *     SUBJECT   = a verdict | "broken" | "unproven" | "new-heap" | "more" | "objects" | "bytes"
 *     MEASURE   = "lines" | "objects" | "bytes"
 *     UNIT      = "%" | "B" | "kB" | "MB" | "GB" | "KiB" | "MiB" | "GiB"
 *
 * A verdict holds for the lines that have it (of a difference: that have it now and had not before), new-heap for
 * lines that allocate now and did not before; broken for assertions of the source that are broken, unproven for those
 * never executed or undecided; what is compared with NUMBER is how many there are, or the sum of their
 * objects or bytes. more holds for each line that allocates more: its gain in objects (more.bytes: in bytes), absolute
 * or in per cent of before. objects and bytes are the totals of the recording, or with "%" their growth. Without ">"
 * it is more than none. Numbers are decimal and exact; "/op" divides by the units of work.
 */
#ifndef ESCAUDIT_GATE_GATE_H
#define ESCAUDIT_GATE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/verdict.h"
#include "base/error.h"
#include "diff/diff.h"
#include "gate/baseline.h"

enum gate_subject {
	GATE_VERDICT,
	GATE_BROKEN,
	GATE_UNPROVEN,
	GATE_NEW_HEAP,
	GATE_MORE,
	GATE_OBJECTS,
	GATE_BYTES,
};

enum gate_measure {
	GATE_MEASURE_LINES,
	GATE_MEASURE_OBJECTS,
	GATE_MEASURE_BYTES,
};

struct gate_condition {
	char *text; /* as written */
	enum gate_subject subject;
	enum verdict_kind verdict;
	enum gate_measure measure;
	uint64_t number, scale; /* the threshold is number / scale; of a percentage too */
	bool percent;
	bool per_op;
};

struct gate {
	struct gate_condition *items;
	size_t n, alloc;
};

#define GATE_INIT                                                                                                      \
	{                                                                                                              \
		.items = (void *)0, .n = 0, .alloc = 0                                                                 \
	}

/* Adds the conditions of a list; NULL and "" add none. -EINVAL with what is wrong. */
int gate_parse(struct gate *gate, const char *list, struct error *err);
void gate_release(struct gate *gate);

/* The verdicts that conditions name, as a set of bits, 1 << kind. */
unsigned gate_verdicts(const struct gate *gate);

/* What tripped, one sentence each; strings are owned. */
struct gate_result {
	char **items;
	size_t n, alloc;
};

void gate_result_release(struct gate_result *result);

/*
 * Judges one recording's verdicts, or a difference. Lines that the baseline (NULL for none) accepts count for no
 * condition but totals; entries of it that expired trip. units is the work that the recording covers, 0 if unknown.
 * -ENODATA where a condition cannot be answered: no before to compare with, nothing in it, no units, no predictions. A
 * gate that cannot fail is no gate.
 */
int gate_judge_audit(const struct gate *gate, struct baseline *baseline, const struct audit *audit, uint64_t units,
		     struct gate_result *out, struct error *err);
int gate_judge_diff(const struct gate *gate, struct baseline *baseline, const struct diff *diff, bool has_units,
		    struct gate_result *out, struct error *err);

#endif
