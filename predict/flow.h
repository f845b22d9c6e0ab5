/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a set's explanations, each kept once: most lines of a log are shared by several explanations, for the
 * compiler prints the rest of the way again for each value that goes it.
 */
#ifndef ESCAUDIT_PREDICT_FLOW_H
#define ESCAUDIT_PREDICT_FLOW_H

#include <stddef.h>

#include "predict/prediction.h"

/* Borrows the pool, which the steps' strings go to. */
struct flow_table *flow_table_new(struct strpool *pool);
void flow_table_free(struct flow_table *table); /* accepts NULL; steps and arrays go with it */

/* Reads a line without its position and blanks. One that is in no known form becomes a FLOW_NOTE. */
const struct flow_step *flow_add_line(struct flow_table *table, const char *line, size_t len);
/* A step of the JSON: "from gp = ~r0 (assign)", whose position, of a file from the pool, is a member of its own. */
const struct flow_step *flow_add_line_at(struct flow_table *table, const char *line, size_t len,
					 const struct position *pos);
/* A step of another table. */
const struct flow_step *flow_add_copy(struct flow_table *table, const struct flow_step *step);

/* Room for n steps of an explanation, which lives as long as the table; NULL for none. */
const struct flow_step **flow_array(struct flow_table *table, size_t n);

#endif
