/* SPDX-License-Identifier: Apache-2.0 */
#include "report/assertions.h"
#include "report/json.h"
#include "report/report.h"

static json_t *side_of(const struct diff_side *s)
{
	json_t *object = json_object();

	if (!s->present) {
		json_decref(object);
		return json_null();
	}
	json_put(object, "file", json_text(s->file));
	json_put(object, "line", json_positive(s->line));
	json_put(object, "column", json_positive(s->column));
	json_put(object, "function", json_text(s->function));
	json_put(object, "package", json_text(s->package));
	json_put(object, "expr", json_text(s->expr));
	json_put(object, "type", json_text(s->type));
	json_put(object, "cause", json_text(cause_name(s->cause)));
	json_put(object, "verdict", s->has_verdict ? json_text(verdict_name(s->verdict)) : json_null());
	json_put(object, "objects", json_count(s->objects));
	json_put(object, "bytes", json_count(s->bytes));
	json_put(object, "smallest", json_count(s->smallest));
	json_put(object, "largest", json_count(s->largest));
	json_put(object, "samples", json_count(s->samples));
	json_put(object, "error", json_real(s->error));
	return object;
}

/* {"change": "gone", "moved": false, …, "noise": "none", "before": {…}, "after": null} */
static json_t *row_of(const struct diff_row *row, bool with_change)
{
	json_t *object = json_object();

	json_put(object, "change", json_text(diff_change_name(row->change)));
	json_put(object, "moved", json_boolean(row->moved));
	json_put(object, "type_changed", json_boolean(row->retyped));
	json_put(object, "size_changed", json_boolean(row->resized));
	json_put(object, "verdict_changed", json_boolean(row->turned));
	json_put(object, "unsure", json_boolean(row->unsure));
	json_put(object, "noise", json_text(diff_noise_name(row->noise)));
	json_put(object, "touched", with_change ? json_boolean(row->touched) : json_null());
	json_put(object, "outcome", with_change ? json_text(diff_outcome_name(row->outcome)) : json_null());
	json_put(object, "before", side_of(&row->before));
	json_put(object, "after", side_of(&row->after));
	return object;
}

static json_t *input_of(const struct diff_input *in, const struct diff_sums *sums)
{
	json_t *object = json_recording(in->rec), *totals = json_object();

	json_put(totals, "objects", json_count(sums->objects));
	json_put(totals, "bytes", json_count(sums->bytes));
	json_put(totals, "runtime_objects", json_count(sums->noise_objects));
	json_put(totals, "runtime_bytes", json_count(sums->noise_bytes));
	json_put(object, "units", json_count(in->units));
	json_put(object, "totals", totals);
	return object;
}

/* {"revision": "HEAD~1", "commit": "5d3f…", "outcomes": {"removed": 1, …}} */
static json_t *change_of(const struct diff *diff)
{
	json_t *object, *outcomes;

	if (!diff->change)
		return json_null();
	object = json_object();
	outcomes = json_object();
	for (int i = DIFF_OUTCOME_NONE + 1; i < DIFF_OUTCOME_COUNT; i++)
		json_put(outcomes, diff_outcome_name((enum diff_outcome)i), json_count(diff->n_outcomes[i]));
	json_put(object, "revision", json_text(diff->change->revision));
	json_put(object, "commit", json_text(diff->change->commit));
	json_put(object, "outcomes", outcomes);
	return object;
}

int report_diff_json(FILE *f, const struct diff *diff)
{
	struct json_report report;
	json_t *counts = json_object();

	for (int i = 0; i < DIFF_CHANGE_COUNT; i++)
		json_put(counts, diff_change_name((enum diff_change)i), json_count(diff->n_changes[i]));
	json_put(counts, "runtime", json_count(diff->n_noise));
	json_report_begin(&report, f, "escaudit-diff/1");
	json_report_member(&report, "before", input_of(&diff->before, &diff->sums_before));
	json_report_member(&report, "after", input_of(&diff->after, &diff->sums_after));
	json_report_member(&report, "counts", counts);
	json_report_member(&report, "change", change_of(diff));
	json_report_list_begin(&report, "changes");
	for (size_t i = 0; i < diff->n; i++)
		json_report_row(&report, row_of(&diff->rows[i], diff->change != NULL));
	json_report_list_end(&report);
	assertions_put_json(&report, diff->after.audit ? diff->after.audit->assertions : NULL);
	return json_report_end(&report);
}
