/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "recording/place.h"
#include "recording/recording.h"

static void add(struct recording *rec, const char *function, const char *file)
{
	struct rec_location *loc = recording_add_location(rec);

	loc->n_frames = 1;
	loc->frames = calloc(1, sizeof(*loc->frames));
	loc->frames[0] = (struct rec_frame){.function = function, .file = file, .line = 1};
}

static void expect_file(const struct recording *rec, size_t i, const char *wanted)
{
	cr_expect_str_eq(place_file(rec->pool, &rec->header, &rec->locations[i].frames[0]), wanted, "%s: %s",
			 rec->locations[i].frames[0].function,
			 place_file(rec->pool, &rec->header, &rec->locations[i].frames[0]));
}

Test(place, a_function_literal_that_was_inlined_from_another_package_keeps_its_file)
{
	struct recording *rec = recording_new();

	rec->header.main_package = "example.com/m/cmd/tool";
	rec->header.main_module = "example.com/m";
	rec->header.goroot_src = "/go/src/";
	add(rec, "main.main", "/build/m/cmd/tool/main.go");
	add(rec, "example.com/other/kept.F", "/cache/example.com/other@v1.2.3/kept/f.go");
	/* known by another function, by the main package's directory, by another directory of the module */
	add(rec, "main.main.F.func1", "/cache/example.com/other@v1.2.3/kept/g.go");
	add(rec, "main.main.With.func1", "/build/m/option/option.go");
	add(rec, "main.main.New.func2", "/cache/example.com/other@v1.2.3/deep/er/n.go");
	add(rec, "main.main.Sort.func3", "/go/src/slices/sort.go");
	/* its own */
	add(rec, "main.main.func1", "/build/m/cmd/tool/main.go");
	/* nothing near it is known */
	add(rec, "main.main.Far.func4", "/elsewhere/far/far.go");
	/* a function that is named like a literal */
	add(rec, "example.com/m/option.func1", "/build/m/option/option.go");
	place_find_packages(rec);
	expect_file(rec, 0, "cmd/tool/main.go");
	expect_file(rec, 1, "example.com/other/kept/f.go");
	expect_file(rec, 2, "example.com/other/kept/g.go");
	expect_file(rec, 3, "option/option.go");
	expect_file(rec, 4, "example.com/other/deep/er/n.go");
	expect_file(rec, 5, "slices/sort.go");
	expect_file(rec, 6, "cmd/tool/main.go");
	expect_file(rec, 7, "cmd/tool/far.go");
	expect_file(rec, 8, "option/option.go");
	recording_free(rec);
}

Test(place, a_package_main_in_a_directory_of_another_name_tells_nothing_of_those_beside_it)
{
	struct recording *rec = recording_new();

	rec->header.main_package = "example.com/m/cmd/tool";
	add(rec, "main.main", "/build/checkout/main.go");
	add(rec, "main.main.With.func1", "/build/option/option.go");
	add(rec, "main.main.Below.func1", "/build/checkout/below/below.go");
	place_find_packages(rec);
	cr_expect_null(rec->locations[1].frames[0].file_package);
	cr_expect_str_eq(rec->locations[2].frames[0].file_package, "example.com/m/cmd/tool/below");
	recording_free(rec);
}
