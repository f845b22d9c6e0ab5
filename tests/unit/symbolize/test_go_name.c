/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <string.h>

#include "base/memory.h"
#include "symbolize/go_name.h"

Test(package, path_of_every_shape_of_name)
{
	static const struct {
		const char *function, *package;
	} cases[] = {
		{"main.main", "main"},
		{"main.(*T).M", "main"},
		{"main.f[go.shape.int].func1", "main"},
		{"example.com/m/sub.F", "example.com/m/sub"},
		{"example.com/m/sub.(*T).M-fm", "example.com/m/sub"},
		{"gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.v3"},
		{"slices.SortFunc[go.shape.struct { example.com/x.T }]", "slices"},
		{"example.com/a.F[example.com/b.T]", "example.com/a"},
		{"type:.eq.main.T", "type:"},
		{"noseparator", ""},
		{"", ""},
	};
	struct strpool *pool = strpool_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(go_name_package(pool, cases[i].function), cases[i].package, "%s", cases[i].function);
	strpool_free(pool);
}

Test(package, under_a_module)
{
	cr_expect(go_name_is_under("example.com/m/sub.F", strlen("example.com/m/sub"), "example.com/m"));
	cr_expect(go_name_is_under("example.com/m.F", strlen("example.com/m"), "example.com/m"));
	cr_expect_not(go_name_is_under("example.com/mm.F", strlen("example.com/mm"), "example.com/m"));
	cr_expect_not(go_name_is_under("fmt.F", 3, "example.com/m"));
}
