/* SPDX-License-Identifier: Apache-2.0 */
/* Functions are found by name and calls together, and those that are not one are not found. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/strpool.h"
#include "predict/columns.h"

Test(columns, a_function_is_its_name_and_its_calls)
{
	struct columns *columns = columns_new();
	const struct column_function *f;

	columns_add_function(columns, "main.f", 1);
	columns_add_site(columns)->expr = "a";
	columns_add_level(columns, (struct source_position){1, 2});
	columns_add_level(columns, (struct source_position){3, 4});
	columns_add_function(columns, "main.g", 1);
	columns_add_function(columns, "main.f", 2);
	columns_add_site(columns)->expr = "b";
	columns_add_level(columns, (struct source_position){5, 6});

	f = columns_find(columns, "main.f", 1);
	cr_assert_not_null(f);
	cr_expect_eq(f->n_sites, 1);
	cr_expect_str_eq(columns->sites[f->first_site].expr, "a");
	cr_expect_eq(columns->sites[f->first_site].n_levels, 2);
	cr_expect_eq(columns->levels[columns->sites[f->first_site].first_level + 1].line, 3);
	f = columns_find(columns, "main.f", 2);
	cr_assert_not_null(f);
	cr_expect_str_eq(columns->sites[f->first_site].expr, "b");
	cr_expect_eq(columns->levels[columns->sites[f->first_site].first_level].column, 6);
	cr_assert_not_null(columns_find(columns, "main.g", 1));
	cr_expect_eq(columns_find(columns, "main.g", 1)->n_sites, 0);
	cr_expect_null(columns_find(columns, "main.f", 3), "other calls");
	cr_expect_null(columns_find(columns, "main.h", 1), "another name");
	columns_free(columns);
}

/* Wrappers of one name, say: which of them a site is in nobody can tell. */
Test(columns, doubles_are_not_found)
{
	struct columns *columns = columns_new();

	columns_add_function(columns, "main.f", 1);
	columns_add_function(columns, "main.f", 1);
	columns_add_function(columns, "main.f", 2);
	columns_add_function(columns, "main.f", 1);
	cr_expect_null(columns_find(columns, "main.f", 1));
	cr_expect_not_null(columns_find(columns, "main.f", 2));
	columns_free(columns);
}

Test(columns, many)
{
	struct columns *columns = columns_new();
	struct strpool *pool = strpool_new();

	for (uint64_t i = 0; i < 20000; i++) {
		columns_add_function(columns, strpool_addf(pool, "main.f%d", (int)(i % 5000)), i / 5000);
		cr_expect_null(columns_find(columns, "main.none", i));
	}
	for (uint64_t i = 0; i < 20000; i++) {
		char name[32];
		const struct column_function *f;

		snprintf(name, sizeof(name), "main.f%d", (int)(i % 5000));
		f = columns_find(columns, name, i / 5000);
		cr_assert(f && f == &columns->functions[i], "%s, %d", name, (int)(i / 5000));
	}
	columns_free(columns);
	strpool_free(pool);
}
