/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/report/fixture.h"

static void expect_text(struct recording *rec, size_t limit, const char *golden)
{
	struct report_options options = {.width = 100, .limit = limit};
	struct capture c;

	cr_expect_eq(report_sites_text(capture_begin(&c), rec, &options), 0);
	capture_expect(&c, golden);
	recording_free(rec);
}

Test(sites, text)
{
	expect_text(fixture_recording(), 0, "sites.txt");
	expect_text(fixture_recording(), 2, "sites-limit.txt");
}

/* There is no column for what ran in a binary that was not run. */
Test(sites, text_without_a_run)
{
	struct recording *rec = fixture_recording();

	for (size_t i = 0; i < rec->n_sites; i++)
		rec->sites[i].reach = REACH_NOT_PROBED;
	rec->header.pid = 0;
	expect_text(rec, 0, "sites-binary.txt");
}

/* None known is not none there. */
Test(sites, text_of_a_recording_without_them)
{
	struct recording *rec = recording_new();

	expect_text(rec, 0, "sites-unknown.txt");
}

Test(sites, json)
{
	struct recording *rec = fixture_recording();
	struct capture c;
	json_t *root;

	cr_expect_eq(report_sites_json(capture_begin(&c), rec), 0);
	fflush(c.f);
	root = json_loads(c.text, 0, NULL);
	cr_expect_eq(json_array_size(json_object_get(root, "sites")), 3);
	json_decref(root);
	capture_expect(&c, "sites.json");
	recording_free(rec);
}
