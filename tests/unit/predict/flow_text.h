/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a prediction's flow, for tests. */
#ifndef ESCAUDIT_TESTS_FLOW_TEXT_H
#define ESCAUDIT_TESTS_FLOW_TEXT_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "predict/prediction.h"

static inline char *flow_text(const struct flow_step *step)
{
	struct strbuf sb = STRBUF_INIT;

	flow_step_print(&sb, step);
	return strbuf_detach(&sb);
}

static inline void expect_step(const struct flow_step *step, const char *want)
{
	char *text = flow_text(step);

	cr_expect_str_eq(text, want);
	free(text);
}

#endif
