/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a log: from memory and from a file in blocks it must say the same, and every prediction must be whole.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "predict/diagnostics.h"
#include "predict/prediction.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_diagnostics: %s\n", what);
		abort();
	}
}

static void check_step(const struct flow_step *step)
{
	struct strbuf sb = STRBUF_INIT;

	check(step->expr != NULL, "a step of nothing");
	check((step->reason != NULL) == (step->kind == FLOW_STEP), "a step without its reason");
	check((step->into != NULL) == (step->kind == FLOW_INTO), "a flow to nowhere");
	check(!step->pos.file || step->kind == FLOW_STEP, "a flow at a place");
	flow_step_print(&sb, step);
	strbuf_release(&sb);
}

static void check_whole(const struct prediction *p)
{
	check(p->expr && *p->expr, "no expression");
	check(p->pos.file && *p->pos.file, "no file");
	check(p->pos.line >= 0 && p->pos.column >= 0, "a negative position");
	check(p->claim == CLAIM_HEAP || (p->n_flow == 0 && !p->wrapper), "something explains what stays");
	check(!p->maybe_parameter || (p->claim == CLAIM_STACK && p->kind == EXPR_OTHER), "no parameter");
	for (size_t i = 0; i < p->n_flow; i++)
		check_step(p->flow[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct predictions *set = predictions_new(), *again = predictions_new();
	struct error err = ERROR_INIT;
	FILE *f = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
	int ret = predictions_read_log_bytes(set, (const char *)data, size, "bytes", &err);

	check(ret == 0 || err.text, "a failure without a word");
	for (size_t i = 0; i < set->n; i++)
		check_whole(&set->items[i]);
	if (f) {
		check(predictions_read_log(again, f, "file", NULL) == ret, "a file is read otherwise");
		check(again->n == set->n && again->lines == set->lines && again->unknown_lines == set->unknown_lines,
		      "a file says something else");
		for (size_t i = 0; i < set->n; i++)
			check(strcmp(set->items[i].expr, again->items[i].expr) == 0, "another expression");
		fclose(f);
	}
	diagnostics_line_is_known((const char *)data, size);
	error_release(&err);
	predictions_free(set);
	predictions_free(again);
	return 0;
}
