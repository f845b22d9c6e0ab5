/* SPDX-License-Identifier: Apache-2.0 */
#include "report/annotate.h"

#include "tests/unit/report/fixture.h"

#define SOURCE GOLDEN "source"

static void fixture_with_extents(struct fixture *x)
{
	struct rec_extent *extent;

	fixture_init(x);
	/* newer than the text, whenever it was checked out */
	x->rec->header.start_unix_ns = UINT64_MAX;
	x->items[5].file = "cart/item.go";
	x->items[5].line = 21;
	extent = recording_add_extent(x->rec);
	*extent = (struct rec_extent){"example.com/shop/cart.newItem", SHOP "cart/item.go", 19, 23, true, NULL, NULL};
}

static void expect(const char *what, bool verdicts, struct report_options options, const char *golden)
{
	const struct annotate_options where = {.source_root = SOURCE};
	struct error err = ERROR_INIT;
	struct annotation *a;
	struct capture c;
	struct fixture x;

	fixture_with_extents(&x);
	options.width = 110;
	cr_assert_eq(annotation_new(&a, x.rec, verdicts ? &x.audit : NULL, what, &where, &err), 0, "%s: %s", what,
		     err.text);
	cr_expect_eq(report_annotation_text(capture_begin(&c), a, &options), 0);
	capture_expect(&c, golden);
	annotation_free(a);
	fixture_release(&x);
}

Test(annotate, a_file_and_a_function)
{
	static const char *const files[] = {"item.go", "cart/item.go", "./cart/item.go", SHOP "cart/item.go"};
	static const char *const functions[] = {"newItem", "cart.newItem", "example.com/shop/cart.newItem"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		expect(files[i], true, (struct report_options){.all = false}, "annotate-file.txt");
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		expect(functions[i], true, (struct report_options){.all = false}, "annotate-function.txt");
	expect("newItem", false, (struct report_options){.all = false}, "annotate-plain.txt");
}

Test(annotate, json)
{
	const struct annotate_options where = {.source_root = SOURCE};
	struct error err = ERROR_INIT;
	struct annotation *a;
	struct capture c;
	struct fixture x;

	fixture_with_extents(&x);
	cr_assert_eq(annotation_new(&a, x.rec, &x.audit, "newItem", &where, &err), 0, "%s", err.text);
	cr_expect_eq(report_annotation_json(capture_begin(&c), a), 0);
	capture_expect(&c, "annotate.json");
	annotation_free(a);
	fixture_release(&x);
}

Test(annotate, what_cannot_be_found)
{
	static const struct {
		const char *what, *root, *words;
		int ret;
	} cases[] = {
		{"tem.go", SOURCE, "no file and no function", -ENOENT},
		{"other.go", SOURCE, "no file and no function", -ENOENT},
		{"", SOURCE, "no file and no function", -ENOENT},
		{"item.go", "/nonexistent", "--source-root", -ENOENT},
		{"item.go", NULL, "--source-root", -ENOENT},
		{"main.go", SOURCE, "--source-root", -ENOENT},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct annotate_options where = {.source_root = cases[i].root};
		struct error err = ERROR_INIT;
		struct annotation *a;
		struct fixture x;

		fixture_with_extents(&x);
		cr_expect_eq(annotation_new(&a, x.rec, NULL, cases[i].what, &where, &err), cases[i].ret, "%s",
			     cases[i].what);
		cr_expect(err.text && strstr(err.text, cases[i].words), "%s: %s", cases[i].what, err.text);
		cr_expect_null(a);
		error_release(&err);
		fixture_release(&x);
	}
}

Test(annotate, two_of_one_name)
{
	const struct annotate_options where = {.source_root = SOURCE};
	struct error err = ERROR_INIT;
	struct annotation *a;
	struct fixture x;

	fixture_with_extents(&x);
	LOCATION(x.rec, 0x999, false, {"example.com/shop/stock.newItem", SHOP "stock/item.go", 5, 4, NULL});
	cr_expect_eq(annotation_new(&a, x.rec, NULL, "item.go", &where, &err), -EINVAL);
	cr_expect(err.text && strstr(err.text, "cart/item.go, stock/item.go"), "%s", err.text);
	cr_expect_eq(annotation_new(&a, x.rec, NULL, "newItem", &where, &err), -EINVAL);
	cr_expect_eq(annotation_new(&a, x.rec, NULL, "cart.newItem", &where, &err), 0, "%s", err.text);
	error_release(&err);
	annotation_free(a);
	fixture_release(&x);
}
