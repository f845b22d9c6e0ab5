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
		{"struct { example.com/x.T; main.n int }.M", ""},
		{"noseparator", ""},
		{"", ""},
	};
	struct strpool *pool = strpool_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(go_name_package(pool, cases[i].function), cases[i].package, "%s", cases[i].function);
	strpool_free(pool);
}

Test(package, wrappers_and_what_they_wrap)
{
	cr_expect(go_name_is_wrapper_of("main.(*T).M", "main.T.M"));
	cr_expect(go_name_is_wrapper_of("main.T.M-fm", "example.com/x.(*E).M"));
	cr_expect(go_name_is_wrapper_of("main.(*Box[main.T]).M", "main.Inner[go.shape.int].M"));
	cr_expect_not(go_name_is_wrapper_of("main.(*T).M", "main.T.N"));
	cr_expect_not(go_name_is_wrapper_of("main.(*T).M", "main.M"), "no method");
	cr_expect_not(go_name_is_wrapper_of("main.(*T).M", "main.T.M.func1"));
}

Test(package, as_people_write_it)
{
	struct strpool *pool = strpool_new();

	cr_expect_str_eq(go_name_plain(pool, "gopkg.in/yaml%2ev3.(*parser).node"), "gopkg.in/yaml.v3.(*parser).node");
	cr_expect_str_eq(go_name_short(go_name_plain(pool, "gopkg.in/yaml%2ev3.F[go.shape.int]")),
			 "yaml.v3.F[go.shape.int]");
	cr_expect_str_eq(go_name_plain(pool, "main.f%2e"), "main.f%2e", "no package's");
	cr_expect_str_eq(go_name_escaped_once(pool, "gopkg.in/yaml%252ev3.F.func1"), "gopkg.in/yaml%2ev3.F.func1");
	cr_expect_str_eq(go_name_escaped_once(pool, "gopkg.in/yaml%2ev3.F"), "gopkg.in/yaml%2ev3.F");
	cr_expect_str_eq(go_name_escaped_once(pool, "m/a%25.F[m/b%252e.T]"), "m/a%25.F[m/b%252e.T]");
	strpool_free(pool);
}

Test(package, under_a_module)
{
	cr_expect(go_name_is_under("example.com/m/sub.F", strlen("example.com/m/sub"), "example.com/m"));
	cr_expect(go_name_is_under("example.com/m.F", strlen("example.com/m"), "example.com/m"));
	cr_expect_not(go_name_is_under("example.com/mm.F", strlen("example.com/mm"), "example.com/m"));
	cr_expect_not(go_name_is_under("fmt.F", 3, "example.com/m"));
}

Test(go_name, function_literals_and_wrappers)
{
	static const struct {
		const char *function, *declared;
		bool is_closure, is_wrapper;
	} cases[] = {
		{"main.f", "main.f", false, false},
		{"main.f.func1", "main.f", true, false},
		{"main.f.func1.2", "main.f", true, false},
		{"main.f.g.func1", "main.f.g", true, false},
		{"main.glob..func3", "main.glob.", true, false},
		{"main.init.func1", "main.init", true, false},
		{"main.f-range1", "main.f", true, false},
		{"main.f.func2-range1", "main.f", true, false},
		{"main.(*T).M.func1", "main.(*T).M", true, false},
		{"main.T.M.func1", "main.T.M", true, false},
		{"main.f[go.shape.int].func1", "main.f[go.shape.int]", true, false},
		{"main.f[...].func1", "main.f[...]", true, false},
		{"main.f.gowrap1", "main.f", false, true},
		{"main.f.func2.gowrap1", "main.f", true, true},
		{"main.(*T).M.deferwrap12", "main.(*T).M", false, true},
		{"main.f\302\267dwrap\302\2671", "main.f", false, true},
		/* declared functions with such names */
		{"main.funcMap", "main.funcMap", false, false},
		{"text/template.funcMap", "text/template.funcMap", false, false},
		{"main.func1", "main.func1", false, false},
		{"main.(*T).func1", "main.(*T).func1", false, false},
		{"main.(*T).func1.func2", "main.(*T).func1", true, false},
		{"main.T.funcMap", "main.T.funcMap", false, false},
		{"main.T.func1x", "main.T.func1x", false, false},
		{"main.f.function", "main.f.function", false, false},
		{"main.gowrap1", "main.gowrap1", false, false},
		{"main.(*T).M-fm", "main.(*T).M-fm", false, false},
		{"", "", false, false},
		{"main.", "main.", false, false},
		{"main.(", "main.(", false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *function = cases[i].function;

		cr_expect_eq(go_name_declared_length(function), strlen(cases[i].declared), "%s", function);
		cr_expect_eq(go_name_is_closure(function), cases[i].is_closure, "%s", function);
		cr_expect_eq(go_name_is_wrapper(function), cases[i].is_wrapper, "%s", function);
	}
}

Test(go_name, identity)
{
	static const struct {
		const char *function, *identity;
	} cases[] = {
		{"main.f.func2.gowrap1", "main.f.func.gowrap"},
		{"main.F[go.shape.int]", "main.F[...]"},
		{"main.(*T).M", "main.T.M"},
		{"main.funcMap", "main.funcMap"},
		{"main.func1", "main.func1"},
	};
	struct strpool *pool = strpool_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(go_name_identity(pool, cases[i].function), cases[i].identity, "%s", cases[i].function);
	strpool_free(pool);
}

Test(go_name, what_diagnostics_name)
{
	static const struct {
		const char *package, *function, *symbol;
	} cases[] = {
		{"main", "f", "main.f"},
		{"main", "work.func1", "main.work.func1"},
		{"main", "T.M", "main.T.M"},
		{"example.com/m", "(*T).M.func1", "example.com/m.(*T).M.func1"},
		{"example.com/m/v2.x", "glob..func1", "example.com/m/v2%2ex.glob..func1"},
		{"yaml.v3", "f", "yaml%2ev3.f"},
		{"example.com/\xc3\xa9", "f", "example.com/%c3%a9.f"},
		{"main", "mk.func1#BYcgefO0Deo=#", "main.mk.func1"},
		{"main", "group[go.shape.string,go.shape.int]-range1#PfRJAQBe/04=#",
		 "main.group[go.shape.string,go.shape.int]-range1"},
	};
	struct strpool *pool = strpool_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *symbol = go_name_of_diagnosed(pool, cases[i].package, cases[i].function);

		cr_expect_str_eq(symbol, cases[i].symbol);
		cr_expect_str_eq(go_name_package(pool, symbol), cases[i].package);
	}
	cr_expect_str_eq(go_name_without_hash(pool, "f#1#.2"), "f.2");
	cr_expect_str_eq(go_name_without_hash(pool, "f#1"), "f#1");
	cr_expect_null(go_name_without_hash(pool, NULL));
	strpool_free(pool);
}

Test(go_name, packages_of_the_runtime)
{
	cr_expect(go_name_is_runtime_package("runtime"));
	cr_expect(go_name_is_runtime_package("internal/runtime/maps"));
	cr_expect(go_name_is_runtime_package("runtime/internal/atomic"));
	cr_expect_not(go_name_is_runtime_package("runtime/pprof"));
	cr_expect_not(go_name_is_runtime_package("runtimes"));
	cr_expect_not(go_name_is_runtime_package(NULL));
}

Test(go_name, methods_are_told_from_functions)
{
	cr_expect(go_name_is_method("main.T.M"));
	cr_expect(go_name_is_method("example.com/m/v2%2ex.(*T).M"));
	cr_expect(go_name_is_method("main.(*T[go.shape.int]).M"));
	cr_expect(go_name_is_method("main.T[go.shape.struct { a.B }].M.func1"));
	cr_expect(!go_name_is_method("main.f"));
	cr_expect(!go_name_is_method("main.f.func1"));
	cr_expect(!go_name_is_method("main.f[go.shape.int].func1.2"));
	cr_expect(!go_name_is_method("internal/abi.f"));
}
