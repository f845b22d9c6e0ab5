/* SPDX-License-Identifier: Apache-2.0 */
/* What the number of a function's calls tells apart, and what it does not. */
#include "sites/call_order.h"

#include <stdarg.h>
#include <string.h>

#include "tests/unit/symbolize/go_programs.h"

static struct go_binary *bin;
static struct call_order order;

/* The number of calls of functions by name, NULL-terminated; "" is a call of whatever a register holds. */
static uint64_t number_of(const char *name, ...)
{
	struct go_func func;
	va_list names;

	call_order_reset(&order);
	va_start(names, name);
	for (; name; name = va_arg(names, const char *)) {
		func = (struct go_func){.entry = 0};
		if (*name)
			cr_assert(go_binary_func_named(bin, name, &func), "no %s", name);
		call_order_add(&order, bin, func.entry);
	}
	va_end(names);
	return call_order_number(&order);
}

#define NUMBER_OF(...) number_of(__VA_ARGS__, (const char *)NULL)

static void setup(void)
{
	struct toolchain found[MAX_TOOLCHAINS];
	size_t n = toolchains(found);
	char *path;

	cr_assert_gt(n, 0);
	path = built_program(&found[n - 1], "exe-strip");
	bin = open_binary(path);
	free(path);
}

static void teardown(void)
{
	call_order_release(&order);
	go_binary_free(bin);
}

TestSuite(call_order, .init = setup, .fini = teardown);

Test(call_order, callees_and_their_order)
{
	uint64_t two = NUMBER_OF("runtime.newobject", "runtime.growslice");

	cr_expect_eq(two, NUMBER_OF("runtime.newobject", "runtime.growslice"));
	cr_expect_neq(two, NUMBER_OF("runtime.growslice", "runtime.newobject"));
	cr_expect_neq(two, NUMBER_OF("runtime.newobject"));
	cr_expect_neq(two, NUMBER_OF("runtime.newobject", "runtime.growslice", "runtime.growslice"));
	cr_expect_neq(two, NUMBER_OF("runtime.newobject", "", "runtime.growslice"));
	cr_expect_neq(NUMBER_OF("", "runtime.newobject"), NUMBER_OF("runtime.newobject", ""));
	cr_expect_eq(NUMBER_OF("", ""), NUMBER_OF("", ""));
}

Test(call_order, what_the_compiler_places_late_does_not_count)
{
	uint64_t one = NUMBER_OF("runtime.newobject");

	cr_expect_eq(one, NUMBER_OF("runtime.newobject", "runtime.morestack_noctxt"));
	cr_expect_eq(one, NUMBER_OF("runtime.gcWriteBarrier2", "runtime.newobject"));
	cr_expect_eq(one, NUMBER_OF("runtime.panicdivide", "runtime.newobject", "runtime.panicdivide"));
	cr_expect_neq(one, NUMBER_OF("runtime.newobject", "runtime.gopanic"), "a panic of the program's own");
}

Test(call_order, nothing_is_known_and_is_not_unknown)
{
	call_order_reset(&order);
	cr_expect_eq(call_order_number(&order), 1);
	cr_expect_neq(NUMBER_OF("runtime.newobject"), 0);
}
