/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the composite literals reach that predictions speak of: what the sources say which the build was made of. The
 * compiler makes some of what is inside on lines of their own (walk/complit.go, maplit), and where nothing else is
 * known of a call than its line, that says whose it may be. And which statement a claim of escaping is in: some of what
 * one makes is at other places of the statement (walk/order.go, walk/complit.go).
 */
#ifndef ESCAUDIT_PREDICT_LITERAL_SOURCE_H
#define ESCAUDIT_PREDICT_LITERAL_SOURCE_H

#include "predict/prediction.h"
#include "predict/source_list.h"

/*
 * Describes predictions whose source is found by its name: sets `literal` of literals of maps, and of what may be one,
 * `made_on` of literals of slices, `statement` of all that escapes, and of variables that are moved to the heap
 * `variable`, with what stands in the source for one of the compiler's own (".autotmp_1" of "new(n + 1)").
 */
void literal_source_find(struct predictions *set, const struct source_names *names);

#endif
