/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <string.h>

#include "base/memory.h"
#include "symbolize/go_runtime.h"

/* Also holds the table to its order: an entry out of place is not found. */
Test(go_runtime, every_callee_is_found)
{
	static const char *const names[] = {
		"internal/bytealg.MakeNoZero",
		"internal/reflectlite.unsafe_New",
		"internal/reflectlite.unsafe_NewArray",
		"maps.clone",
		"reflect.growslice",
		"reflect.unsafe_New",
		"reflect.unsafe_NewArray",
		"runtime.chanrecv1",
		"runtime.chansend1",
		"runtime.concatbyte2",
		"runtime.concatstring2",
		"runtime.concatstrings",
		"runtime.convT",
		"runtime.convT16",
		"runtime.convT32",
		"runtime.convT64",
		"runtime.convTnoptr",
		"runtime.convTslice",
		"runtime.convTstring",
		"runtime.deferproc",
		"runtime.deferprocat",
		"runtime.growslice",
		"runtime.growsliceBuf",
		"runtime.intstring",
		"runtime.makechan",
		"runtime.makemap",
		"runtime.makemap_small",
		"runtime.makeslice",
		"runtime.makeslice64",
		"runtime.makeslicecopy",
		"runtime.mallocgc",
		"runtime.mapassign",
		"runtime.mapassign_fast32",
		"runtime.mapassign_fast32ptr",
		"runtime.mapassign_fast64",
		"runtime.mapassign_fast64ptr",
		"runtime.mapassign_faststr",
		"runtime.moveSlice",
		"runtime.moveSliceNoCap",
		"runtime.newobject",
		"runtime.newproc",
		"runtime.selectgo",
		"runtime.slicebytetostring",
		"runtime.slicerunetostring",
		"runtime.stringtoslicebyte",
		"runtime.stringtoslicerune",
		"time.newTimer",
		"runtime.newproc.abi0",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		cr_expect_not_null(go_runtime_callee(names[i]), "%s", names[i]);
}

Test(go_runtime, allocators_by_pattern)
{
	static const char *const yes[] = {"runtime.mallocgc",
					  "runtime.mallocgcTiny",
					  "runtime.mallocgcSmallNoscan",
					  "runtime.mallocgcSmallScanNoHeader",
					  "runtime.mallocgcSmallScanHeader",
					  "runtime.mallocgcLarge",
					  "runtime.mallocgcTinySC2",
					  "runtime.mallocgcTinySize15",
					  "runtime.mallocgcSmallNoScanSC26",
					  "runtime.mallocgcSmallScanNoHeaderSC1"};
	static const char *const no[] = {"runtime.mallocgcTinySlowPath",
					 "runtime.mallocgcSmallScanSlowPath",
					 "runtime.mallocgcSmallNoScanSlowPath",
					 "runtime.mallocgcSmallNoscanReuse",
					 "runtime.preMallocgcDebug",
					 "runtime.mallocgcSmallNoScanSC",
					 "runtime.mallocgcSmallNoScanSC2x",
					 "runtime.malloc",
					 "main.mallocgc",
					 ""};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		cr_expect(go_runtime_is_allocator(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		cr_expect_not(go_runtime_is_allocator(no[i]), "%s", no[i]);
}

struct chain {
	const char *frames[6]; /* outermost first */
	const char *type;
	enum cause cause;
};

Test(go_runtime, cause_of_a_chain)
{
	static const struct chain chains[] = {
		{{"runtime.newobject"}, "main.T", CAUSE_NEW_OBJECT},
		{{"runtime.newobject"}, "struct { F uintptr; X0 int }", CAUSE_CLOSURE},
		{{"runtime.newobject"}, "struct { F uintptr; R main.T }", CAUSE_METHOD_VALUE},
		{{NULL}, "struct { F uintptr; X0 *int }", CAUSE_CLOSURE},
		{{NULL}, NULL, CAUSE_NEW_OBJECT},
		{{"runtime.makechan", "runtime.mallocgc"}, NULL, CAUSE_MAKE_CHAN},
		{{"runtime.mapassign_faststr", "internal/runtime/maps.newobject"}, "main.T", CAUSE_MAP_GROWTH},
		{{"runtime.newproc", "runtime.systemstack", "runtime.malg"}, "runtime.g", CAUSE_GO_STATEMENT},
		{{"runtime.systemstack", "runtime.newproc.func1", "runtime.malg"}, "runtime.g", CAUSE_GO_STATEMENT},
		{{"runtime.makeslice", "runtime.mallocgc", "runtime.gcStart", "runtime.newproc"},
		 "runtime.g",
		 CAUSE_RUNTIME_INTERNAL},
		{{"runtime.ReadMemStats", "runtime.newobject"}, "runtime.T", CAUSE_RUNTIME_INTERNAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(chains); i++) {
		size_t n = 0;

		while (n < ARRAY_SIZE(chains[i].frames) && chains[i].frames[n])
			n++;
		cr_expect_str_eq(cause_name(go_runtime_cause(chains[i].frames, n, chains[i].type)),
				 cause_name(chains[i].cause), "chain %zu", i);
	}
}

Test(go_runtime, cause_names_go_both_ways)
{
	for (int i = 0; i < CAUSE_COUNT; i++)
		cr_expect_eq(cause_from_name(cause_name((enum cause)i)), i);
	cr_expect_eq(cause_from_name("nonsense"), CAUSE_UNKNOWN);
	cr_expect_eq(cause_from_name(NULL), CAUSE_UNKNOWN);
}

Test(go_runtime, kinds_of_boxed_values)
{
	cr_expect_str_eq(go_runtime_boxed_kind("runtime.sliceInterfacePtr"), "slice value");
	cr_expect_null(go_runtime_boxed_kind("main.sliceInterfacePtr"));
	cr_expect(go_runtime_is_boxed_kind(go_runtime_boxed_kind("runtime.uint64InterfacePtr")));
	cr_expect_not(go_runtime_is_boxed_kind("string"));
}
