/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "recording/place.h"
#include "report/top_view.h"

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
	expect_text((struct top_options){.charge = CHARGE_MODULE, .order = TOP_BY_OBJECTS}, "top-module.txt");
	expect_json((struct top_options){.charge = CHARGE_MODULE, .order = TOP_BY_OBJECTS}, "top-module.json");
}

Test(top, by_other_keys)
{
	expect_text((struct top_options){.key = TOP_KEY_FUNCTION}, "top-function.txt");
	expect_text((struct top_options){.key = TOP_KEY_PACKAGE}, "top-package.txt");
	expect_text((struct top_options){.key = TOP_KEY_TYPE}, "top-type.txt");
	expect_text((struct top_options){.key = TOP_KEY_CAUSE}, "top-cause.txt");
	expect_json((struct top_options){.key = TOP_KEY_PACKAGE}, "top-package.json");
}

/* The observations of a row may all be off the same way; the runtime's own row, of which none was missed, is not. */
Test(top, estimates_say_how_far_they_may_be_off)
{
	struct recording *rec = fixture_recording(), *before;
	struct top_options options = {.base.width = 100};
	struct capture c;

	rec->header.mode = REC_MODE_SAMPLE;
	for (size_t i = 0; i < rec->n_observations; i++)
		rec->observations[i].error_pct = i ? 0.03 * pow(6, (double)i) : 0;
	cr_expect_eq(report_top_text(capture_begin(&c), rec, &options), 0);
	capture_expect(&c, "top-sample.txt");
	cr_expect_eq(report_top_json(capture_begin(&c), rec, &options), 0);
	capture_expect(&c, "top-sample.json");
	options.key = TOP_KEY_PACKAGE;
	cr_expect_eq(report_top_text(capture_begin(&c), rec, &options), 0);
	capture_expect(&c, "top-sample-package.txt");
	before = fixture_recording();
	before->header.window_seconds = rec->header.window_seconds - 1;
	for (size_t i = 0; i < before->n_observations; i++) {
		before->observations[i].objects /= 2;
		before->observations[i].bytes /= 2;
		before->observations[i].samples /= 2;
	}
	options = (struct top_options){.base.width = 100, .before = before};
	cr_expect_eq(report_top_text(capture_begin(&c), rec, &options), 0);
	capture_expect(&c, "top-sample-live.txt");
	recording_free(before);
	recording_free(rec);
}

Test(top, in_the_order_of_the_alphabet)
{
	static const enum top_order orders[] = {TOP_BY_SITE, TOP_BY_FUNCTION, TOP_BY_PACKAGE, TOP_BY_TYPE,
						TOP_BY_CAUSE};
	static const char *const members[] = {"file", "function", "package", "type", "cause"};

	for (size_t k = 0; k < ARRAY_SIZE(orders); k++) {
		struct recording *rec = fixture_recording();
		struct capture c;
		json_t *root, *row, *lines;
		const char *last = "";
		size_t i;

		report_top_json(capture_begin(&c), rec, &(struct top_options){.order = orders[k]});
		fclose(c.f);
		root = json_loads(c.text, 0, NULL);
		cr_expect_str_eq(json_string_value(json_object_get(root, "order")), top_order_name(orders[k]));
		lines = json_object_get(root, "lines");
		cr_expect_eq(json_array_size(lines), 7);
		json_array_foreach(lines, i, row)
		{
			const char *now = json_string_value(json_object_get(row, members[k]));

			cr_expect(strcmp(last, now) <= 0, "by %s: %s before %s", members[k], last, now);
			last = now;
		}
		json_decref(root);
		free(c.text);
		recording_free(rec);
	}
	expect_text((struct top_options){.order = TOP_BY_FUNCTION}, "top-by-function.txt");
	expect_text((struct top_options){.order = TOP_BY_PACKAGE, .key = TOP_KEY_FUNCTION}, "top-by-package.txt");
}

/* Two replicas have a column each; of ten a row shows the least, the middle and the most. */
Test(top, by_replica)
{
	static const size_t counts[] = {2, 10};

	for (size_t k = 0; k < ARRAY_SIZE(counts); k++) {
		struct recording *rec = fixture_recording();
		struct top_options options = {.base = {.width = 100, .limit = 4}, .by_replica = true};
		struct capture c;

		for (size_t i = 0; i < counts[k]; i++) {
			char *key = xasprintf("replica.%zu", i + 1);
			char *value =
				xasprintf("file=pod-%zu.gz pid=%zu start_unix_ns=17 seconds=%zu.5 objects=1 bytes=%zu",
					  i, 100 + i, i, 1000 * i);

			recording_add_extra(rec, key, value);
			free(key);
			free(value);
		}
		for (size_t i = 0; i < rec->n_observations; i++) {
			struct rec_observation *o = &rec->observations[i];

			/* the first replica has half of it, the last the rest */
			o->n_parts = 2;
			o->parts = xcalloc(2, sizeof(*o->parts));
			o->parts[0] = (struct rec_part){0, o->objects / 2, o->bytes / 2};
			o->parts[1] = (struct rec_part){(uint32_t)counts[k] - 1, o->objects - o->objects / 2,
							o->bytes - o->bytes / 2};
		}
		cr_expect_eq(report_top_text(capture_begin(&c), rec, &options), 0);
		capture_expect(&c, k ? "top-replicas-many.txt" : "top-replicas.txt");
		options.order = TOP_BY_OBJECTS;
		cr_expect_eq(report_top_json(capture_begin(&c), rec, &options), 0);
		capture_expect(&c, k ? "top-replicas-many.json" : "top-replicas.json");
		recording_free(rec);
	}
}

Test(top, orders_fit_keys)
{
	for (enum top_key key = TOP_KEY_SITE; key <= TOP_KEY_CAUSE; key++) {
		cr_expect(top_order_fits(TOP_BY_BYTES, key) && top_order_fits(TOP_BY_OBJECTS, key) &&
			  top_order_fits(TOP_BY_RATE, key));
	}
	for (enum top_order order = TOP_BY_BYTES; order <= TOP_BY_CAUSE; order++)
		cr_expect(top_order_fits(order, TOP_KEY_SITE));
	cr_expect_not(top_order_fits(TOP_BY_TYPE, TOP_KEY_FUNCTION));
	cr_expect_not(top_order_fits(TOP_BY_SITE, TOP_KEY_TYPE));
	cr_expect(top_order_fits(TOP_BY_PACKAGE, TOP_KEY_FUNCTION));
}

/* Rates are those since the earlier recording; a verdict is that of the site. */
Test(top, live)
{
	struct fixture x;
	struct recording *before;
	struct capture c;
	struct top_view *view;
	struct top_options options = {.base = {.width = 120, .limit = 3}, .order = TOP_BY_RATE};
	size_t accounts[] = {0, 0, 0, AUDIT_ELSEWHERE, AUDIT_ELSEWHERE, AUDIT_ELSEWHERE, AUDIT_RUNTIME};

	fixture_init(&x);
	before = recording_new_like(x.rec);
	before->header.window_seconds = 10.345;
	LOCATION(before, 0x401005, true, {"runtime.newobject", GOROOT "runtime/malloc.go", 1337, 0, NULL});
	LOCATION(before, 0x480105, false, {"example.com/shop/cart.newItem", SHOP "cart/item.go", 21, 18, NULL});
	OBSERVATION(before, 1, "cart.Item", CAUSE_NEW_OBJECT, 9, 144, 0, 1);
	/* of more objects then than now: an estimate; of as many samples: no allocation */
	OBSERVATION(before, 1, "[]cart.Item", CAUSE_APPEND_GROWTH, 700, 56000, 0, 1);
	for (size_t i = 0; i < x.audit.n; i++) {
		if (x.audit.items[i].kind == VERDICT_CONFIRMED)
			accounts[0] = accounts[1] = i;
		if (x.audit.items[i].kind == VERDICT_VIOLATED)
			accounts[2] = i;
	}
	x.audit.account = accounts;
	options.before = before;
	options.audit = &x.audit;
	view = top_view_new(x.rec, &options);
	cr_expect_eq(top_view_text(capture_begin(&c), view), 0);
	capture_expect(&c, "top-live.txt");
	cr_expect_eq(top_view_json(capture_begin(&c), view), 0);
	capture_expect(&c, "top-live.json");
	cr_expect_eq(top_view_count(view), 7);
	cr_expect_eq(top_view_find(view, top_view_key(view, 4)), 4);
	cr_expect_eq(top_view_find(view, "nothing of that name"), SIZE_MAX);
	top_view_put_rows(capture_begin(&c), view, 5, 9);
	capture_expect(&c, "top-live-rows.txt");
	top_view_put_rows(capture_begin(&c), view, 7, 9);
	fclose(c.f);
	cr_expect_str_empty(c.text);
	free(c.text);
	top_view_free(view);

	/* two stacks of one line */
	x.audit.account = NULL;
	OBSERVATION(x.rec, 1, "cart.Item", CAUSE_NEW_OBJECT, 2, 32, 0, 1, 7, 2);
	x.rec->observations[x.rec->n_observations - 1].truncated = true;
	options.order = TOP_BY_OBJECTS;
	view = top_view_new(x.rec, &options);
	cr_expect_eq(top_view_put_stacks(capture_begin(&c), view, top_view_key(view, 1)), 2);
	capture_expect(&c, "top-live-stacks.txt");
	top_view_free(view);
	recording_free(before);
	fixture_release(&x);
}

Test(top, of_a_foreign_profile)
{
	struct recording *rec = fixture_recording();
	struct capture c;

	rec->header = (struct rec_header){.mode = REC_MODE_PROFILE, .path = "/srv/shop", .exit_status = -1};
	rec->header.period = 524288;
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
