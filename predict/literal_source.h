/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the composite literals reach that predictions speak of: what the sources say which the build was made of. The
 * compiler makes some of what is inside on lines of their own (walk/complit.go, maplit), and where nothing else is
 * known of a call than its line, that says whose it may be.
 */
#ifndef ESCAUDIT_PREDICT_LITERAL_SOURCE_H
#define ESCAUDIT_PREDICT_LITERAL_SOURCE_H

#include "predict/prediction.h"
#include "predict/source_list.h"

/*
 * Sets `literal` of the predictions of literals of maps, and of what may be one, whose source is found by its name; of
 * variables that are moved to the heap, the block in `variable`, and what stands in the source for one of the
 * compiler's own (".autotmp_1" of "new(n + 1)").
 */
void literal_source_find(struct predictions *set, const struct source_names *names);

#endif
