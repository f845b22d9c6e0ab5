/* SPDX-License-Identifier: Apache-2.0 */
#include "report/json.h"
#include "tests/unit/report/fixture.h"

static void expect_text(struct predictions *set, size_t limit, const char *golden)
{
	struct report_options options = {.width = 100, .limit = limit};
	struct capture c;

	cr_expect_eq(report_predictions_text(capture_begin(&c), set, &options), 0);
	capture_expect(&c, golden);
	predictions_free(set);
}

Test(predictions, text)
{
	struct predictions *set = fixture_predictions();

	expect_text(set, 0, "predictions.txt");
	set = fixture_predictions();
	set->unknown_lines = 2;
	set->unknown[0] = "./x.go:1:2: something new\033[2J";
	expect_text(set, 1, "predictions-unknown.txt");
	expect_text(predictions_new(), 0, "predictions-none.txt");
}

Test(predictions, json)
{
	struct predictions *set = fixture_predictions();
	struct capture c;
	json_t *root;

	cr_expect_eq(report_predictions_json(capture_begin(&c), set), 0);
	fflush(c.f);
	root = json_loads(c.text, 0, NULL);
	cr_expect_eq(json_array_size(json_object_get(root, "predictions")), 3);
	json_decref(root);
	capture_expect(&c, "predictions.json");
	predictions_free(set);
}

/* What is shown of an explanation has its limit; what is known of it has none. */
Test(predictions, long_explanations_are_shown_in_part)
{
	const struct flow_step *flow[100];
	char *text;

	for (size_t i = 0; i < ARRAY_SIZE(flow); i++) {
		struct flow_step *step = xcalloc(1, sizeof(*step));

		*step = (struct flow_step){
			.kind = FLOW_STEP, .expr = "x", .reason = "assign", .pos = {"m.go", (int)i + 1, 2}};
		flow[i] = step;
	}
	for (size_t n = 31; n <= ARRAY_SIZE(flow); n++) {
		json_t *lines = json_flow(flow, n, json_text);
		size_t shown = json_array_size(lines);

		cr_expect_eq(shown, n < 33 ? n : 33, "%zu", n);
		if (n <= 33)
			text = xasprintf("from x (assign) at m.go:%zu:2", n);
		else
			text = xasprintf("and %zu more lines", n - 32);
		cr_expect_str_eq(json_string_value(json_array_get(lines, shown - 1)), text);
		free(text);
		json_decref(lines);
	}
	for (size_t i = 0; i < ARRAY_SIZE(flow); i++)
		free((void *)(uintptr_t)flow[i]);
}
