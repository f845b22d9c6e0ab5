/* SPDX-License-Identifier: Apache-2.0 */
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
