/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/place.h"

#include "tests/unit/report/fixture.h"

static void expect_text(struct top_options options, const char *golden)
{
	struct recording *rec = fixture_recording();
	struct capture c;

	options.base.width = 100;
	cr_expect_eq(report_top_text(capture_begin(&c), rec, &options), 0);
	capture_expect(&c, golden);
	recording_free(rec);
}

static void expect_json(struct top_options options, const char *golden)
{
	struct recording *rec = fixture_recording();
	struct capture c;

	cr_expect_eq(report_top_json(capture_begin(&c), rec, &options), 0);
	capture_expect(&c, golden);
	recording_free(rec);
}

Test(top, sites)
{
	expect_text((struct top_options){.key = TOP_KEY_SITE}, "top.txt");
	expect_text((struct top_options){.key = TOP_KEY_SITE, .base.limit = 2}, "top-limit.txt");
	expect_json((struct top_options){.key = TOP_KEY_SITE}, "top.json");
}

Test(top, charged_to_the_module)
{
	expect_text((struct top_options){.charge_module = true, .order = TOP_BY_OBJECTS}, "top-module.txt");
	expect_json((struct top_options){.charge_module = true, .order = TOP_BY_OBJECTS}, "top-module.json");
}

Test(top, by_other_keys)
{
	expect_text((struct top_options){.key = TOP_KEY_FUNCTION}, "top-function.txt");
	expect_text((struct top_options){.key = TOP_KEY_PACKAGE}, "top-package.txt");
	expect_text((struct top_options){.key = TOP_KEY_TYPE}, "top-type.txt");
	expect_text((struct top_options){.key = TOP_KEY_CAUSE}, "top-cause.txt");
	expect_json((struct top_options){.key = TOP_KEY_PACKAGE}, "top-package.json");
}

Test(top, of_a_foreign_profile)
{
	struct recording *rec = fixture_recording();
	struct capture c;

	rec->header = (struct rec_header){.mode = REC_MODE_PROFILE, .path = "/srv/shop", .exit_status = -1};
	recording_add_extra(rec, "period", "524288");
	cr_expect_eq(report_top_text(capture_begin(&c), rec, &(struct top_options){.base.width = 100}), 0);
	capture_expect(&c, "top-profile.txt");
	recording_free(rec);
}

/* Rows of one key are one row, with the smallest and the largest of all; a stack without frames is still counted. */
Test(top, sums_up)
{
	struct recording *rec = fixture_recording();
	struct capture c;
	json_t *root, *row, *lines;
	json_int_t objects = 0;
	size_t i;

	OBSERVATION(rec, 1, "cart.Item", CAUSE_NEW_OBJECT, 2, 100, 0, 1, 7, 2);
	rec->observations[rec->n_observations - 1].smallest = 4;
	rec->observations[rec->n_observations - 1].largest = 96;
	fixture_observation(rec, NULL, 0, REC_NO_USER_FRAME, NULL, CAUSE_UNKNOWN, 5, 5);
	cr_expect_eq(report_top_json(capture_begin(&c), rec, &(struct top_options){.key = TOP_KEY_SITE}), 0);
	fclose(c.f);
	root = json_loads(c.text, 0, NULL);
	lines = json_object_get(root, "lines");
	cr_expect_eq(json_array_size(lines), 8);
	json_array_foreach(lines, i, row)
	{
		const char *type = json_string_value(json_object_get(row, "type"));

		objects += json_integer_value(json_object_get(row, "objects"));
		if (type && strcmp(type, "cart.Item") == 0) {
			cr_expect_eq(json_integer_value(json_object_get(row, "objects")), 1011);
			cr_expect_eq(json_integer_value(json_object_get(row, "smallest")), 4);
			cr_expect_eq(json_integer_value(json_object_get(row, "largest")), 96);
		}
	}
	cr_expect_eq(objects, 1009 + 503 + 11 + 13 + 14503 + 17 + 7 + 2 + 5);
	cr_expect_eq(json_integer_value(json_object_get(json_object_get(root, "totals"), "objects")), objects);
	json_decref(root);
	free(c.text);
	recording_free(rec);
}

Test(place, files_as_a_reader_knows_them)
{
	static const struct {
		const char *goroot, *module, *package, *function, *file, *shown;
	} cases[] = {
		{"/go/src/", "m", "m", "fmt.Sprintf", "/go/src/fmt/print.go", "fmt/print.go"},
		{"", "m", "m", "fmt.Sprintf", "fmt/print.go", "fmt/print.go"}, /* -trimpath */
		{"", "example.com/m", "example.com/m", "main.main", "/src/m/main.go", "main.go"},
		{"", "example.com/m", "example.com/m/cmd/x", "main.main", "/src/m/cmd/x/main.go", "cmd/x/main.go"},
		{"", "example.com/m", "example.com/m", "example.com/m/sub.F", "/src/m/sub/f.go", "sub/f.go"},
		{"", "example.com/m", "example.com/m", "example.com/m.F", "/src/m/f.go", "f.go"},
		{"", "example.com/m", "example.com/m", "example.com/mm.F", "/src/mm/f.go", "example.com/mm/f.go"},
		{"", "m", "m", "gopkg.in/yaml%2ev3.F", "/go/pkg/mod/gopkg.in/yaml.v3@v3.0.1/f.go",
		 "gopkg.in/yaml.v3/f.go"},
		{"", NULL, NULL, "main.main", "/tmp/x.go", "x.go"},
		{"", NULL, "command-line-arguments", "main.main", "/tmp/x.go", "x.go"},
		{"", "m", "m", "callback", "/src/lib.c", "lib.c"},
		{"", "m", "m", "main.f", NULL, NULL},
	};
	struct strpool *pool = strpool_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rec_header header = {.goroot_src = cases[i].goroot,
					    .main_module = cases[i].module,
					    .main_package = cases[i].package};
		struct rec_frame frame = {.function = cases[i].function, .file = cases[i].file};
		const char *shown = place_file(pool, &header, &frame);

		if (cases[i].shown)
			cr_expect(shown && strcmp(shown, cases[i].shown) == 0, "case %zu: %s", i, shown);
		else
			cr_expect_null(shown);
	}
	strpool_free(pool);
}
