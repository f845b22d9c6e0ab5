/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table: the runtime functions that compiled user code calls and that may allocate. Sources:
 * cmd/compile/internal/typecheck/_builtin/runtime.go (what the compiler may call), cmd/compile/internal/walk and ssagen
 * (when it does), src/runtime (what the function does), Go 1.19 and 1.21 to 1.27; and the linknamed wrappers that live
 * in runtime files under the names of other packages.
 */
#include "symbolize/go_runtime.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const char *const cause_names[CAUSE_COUNT] = {
	[CAUSE_UNKNOWN] = "unknown",
	[CAUSE_NEW_OBJECT] = "new object",
	[CAUSE_MAKE_SLICE] = "make slice",
	[CAUSE_MAKE_MAP] = "make map",
	[CAUSE_MAKE_CHAN] = "make chan",
	[CAUSE_APPEND_GROWTH] = "append growth",
	[CAUSE_MAP_GROWTH] = "map growth",
	[CAUSE_INTERFACE_CONVERSION] = "interface conversion",
	[CAUSE_STRING_CONCATENATION] = "string concatenation",
	[CAUSE_STRING_CONVERSION] = "string/[]byte conversion",
	[CAUSE_CLOSURE] = "closure",
	[CAUSE_METHOD_VALUE] = "method value",
	[CAUSE_GO_STATEMENT] = "go statement",
	[CAUSE_DEFER] = "defer",
	[CAUSE_RUNTIME_INTERNAL] = "runtime internal",
};

const char *cause_name(enum cause cause)
{
	return cause < CAUSE_COUNT ? cause_names[cause] : cause_names[CAUSE_UNKNOWN];
}

enum cause cause_from_name(const char *name)
{
	for (int i = 0; i < CAUSE_COUNT; i++) {
		if (name && strcmp(cause_names[i], name) == 0)
			return (enum cause)i;
	}
	return CAUSE_UNKNOWN;
}

struct callee {
	const char *name;
	struct callee_info info;
};

#define CALLEE(n, c, t, ...)                                                                                           \
	{                                                                                                              \
		n,                                                                                                     \
		{                                                                                                      \
			.cause = (c), .type_arg = (t), __VA_ARGS__                                                     \
		}                                                                                                      \
	}

/*
 * Sorted by name (LC_ALL=C); a unit test holds it to that. concatbyte2 and its like (since 1.24) are []byte(a + b) in
 * one step: the conversion is what they make. gobytes, gostring and gostringn are C.GoBytes, C.GoString and C.GoStringN
 * (cmd/cgo/out.go, goStringDef and its like, names them so by linkname): copies of what is C's.
 */
static const struct callee callees[] = {
	CALLEE("internal/bytealg.MakeNoZero", CAUSE_MAKE_SLICE, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("internal/reflectlite.unsafe_New", CAUSE_NEW_OBJECT, CALLEE_TYPE_AX, .may_elide = true),
	CALLEE("internal/reflectlite.unsafe_NewArray", CAUSE_MAKE_SLICE, CALLEE_TYPE_AX, .may_elide = true,
	       .is_element = true),
	CALLEE("internal/runtime/maps.NewEmptyMap", CAUSE_MAKE_MAP, CALLEE_TYPE_NONE),
	CALLEE("internal/runtime/maps.NewMap", CAUSE_MAKE_MAP, CALLEE_TYPE_MAP, .may_elide = true),
	CALLEE("maps.clone", CAUSE_MAKE_MAP, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("os.runtime_args", CAUSE_APPEND_GROWTH, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("reflect.growslice", CAUSE_APPEND_GROWTH, CALLEE_TYPE_AX, .may_elide = true, .is_element = true),
	CALLEE("reflect.makechan", CAUSE_MAKE_CHAN, CALLEE_TYPE_CHAN),
	CALLEE("reflect.makemap", CAUSE_MAKE_MAP, CALLEE_TYPE_MAP, .may_elide = true),
	CALLEE("reflect.mapassign", CAUSE_MAP_GROWTH, CALLEE_TYPE_MAP, .may_elide = true),
	CALLEE("reflect.mapassign0", CAUSE_MAP_GROWTH, CALLEE_TYPE_MAP, .may_elide = true),
	CALLEE("reflect.mapassign_faststr", CAUSE_MAP_GROWTH, CALLEE_TYPE_MAP, .may_elide = true),
	CALLEE("reflect.mapassign_faststr0", CAUSE_MAP_GROWTH, CALLEE_TYPE_MAP, .may_elide = true),
	CALLEE("reflect.unsafe_New", CAUSE_NEW_OBJECT, CALLEE_TYPE_AX, .may_elide = true),
	CALLEE("reflect.unsafe_NewArray", CAUSE_MAKE_SLICE, CALLEE_TYPE_AX, .elements_arg = CALLEE_ELEMENTS_BX,
	       .may_elide = true, .is_element = true),
	CALLEE("runtime.chanrecv1", CAUSE_RUNTIME_INTERNAL, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.chanrecv2", CAUSE_RUNTIME_INTERNAL, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.chansend1", CAUSE_RUNTIME_INTERNAL, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.concatbyte2", CAUSE_STRING_CONVERSION, CALLEE_TYPE_NONE, .buffer_arg = CALLEE_BUFFER_AX,
	       .may_elide = true),
	CALLEE("runtime.concatbyte3", CAUSE_STRING_CONVERSION, CALLEE_TYPE_NONE, .buffer_arg = CALLEE_BUFFER_AX,
	       .may_elide = true),
	CALLEE("runtime.concatbyte4", CAUSE_STRING_CONVERSION, CALLEE_TYPE_NONE, .buffer_arg = CALLEE_BUFFER_AX,
	       .may_elide = true),
	CALLEE("runtime.concatbyte5", CAUSE_STRING_CONVERSION, CALLEE_TYPE_NONE, .buffer_arg = CALLEE_BUFFER_AX,
	       .may_elide = true),
	CALLEE("runtime.concatbytes", CAUSE_STRING_CONVERSION, CALLEE_TYPE_NONE, .buffer_arg = CALLEE_BUFFER_AX,
	       .may_elide = true),
	CALLEE("runtime.concatstring2", CAUSE_STRING_CONCATENATION, CALLEE_TYPE_NONE, .buffer_arg = CALLEE_BUFFER_AX,
	       .may_elide = true),
	CALLEE("runtime.concatstring3", CAUSE_STRING_CONCATENATION, CALLEE_TYPE_NONE, .buffer_arg = CALLEE_BUFFER_AX,
	       .may_elide = true),
	CALLEE("runtime.concatstring4", CAUSE_STRING_CONCATENATION, CALLEE_TYPE_NONE, .buffer_arg = CALLEE_BUFFER_AX,
	       .may_elide = true),
	CALLEE("runtime.concatstring5", CAUSE_STRING_CONCATENATION, CALLEE_TYPE_NONE, .buffer_arg = CALLEE_BUFFER_AX,
	       .may_elide = true),
	CALLEE("runtime.concatstrings", CAUSE_STRING_CONCATENATION, CALLEE_TYPE_NONE, .buffer_arg = CALLEE_BUFFER_AX,
	       .may_elide = true),
	CALLEE("runtime.convT", CAUSE_INTERFACE_CONVERSION, CALLEE_TYPE_AX),
	CALLEE("runtime.convT16", CAUSE_INTERFACE_CONVERSION, CALLEE_TYPE_NONE, .may_elide = true, .fixed_bytes = 2),
	CALLEE("runtime.convT32", CAUSE_INTERFACE_CONVERSION, CALLEE_TYPE_NONE, .may_elide = true, .fixed_bytes = 4),
	CALLEE("runtime.convT64", CAUSE_INTERFACE_CONVERSION, CALLEE_TYPE_NONE, .may_elide = true, .fixed_bytes = 8),
	CALLEE("runtime.convTnoptr", CAUSE_INTERFACE_CONVERSION, CALLEE_TYPE_AX),
	CALLEE("runtime.convTslice", CAUSE_INTERFACE_CONVERSION, CALLEE_TYPE_NONE, .may_elide = true,
	       .fixed_bytes = 24),
	CALLEE("runtime.convTstring", CAUSE_INTERFACE_CONVERSION, CALLEE_TYPE_NONE, .may_elide = true,
	       .fixed_bytes = 16),
	CALLEE("runtime.deferconvert", CAUSE_DEFER, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.deferproc", CAUSE_DEFER, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.deferprocat", CAUSE_DEFER, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.deferrangefunc", CAUSE_DEFER, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.gobytes", CAUSE_STRING_CONVERSION, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.gostring", CAUSE_STRING_CONVERSION, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.gostringn", CAUSE_STRING_CONVERSION, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.growslice", CAUSE_APPEND_GROWTH, CALLEE_TYPE_GROW, .may_elide = true, .is_element = true),
	CALLEE("runtime.growsliceBuf", CAUSE_APPEND_GROWTH, CALLEE_TYPE_GROW, .may_elide = true, .is_element = true),
	CALLEE("runtime.growsliceBufNoAlias", CAUSE_APPEND_GROWTH, CALLEE_TYPE_GROW, .may_elide = true,
	       .is_element = true),
	CALLEE("runtime.growsliceNoAlias", CAUSE_APPEND_GROWTH, CALLEE_TYPE_GROW, .may_elide = true,
	       .is_element = true),
	CALLEE("runtime.interfaceSwitch", CAUSE_RUNTIME_INTERNAL, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.intstring", CAUSE_STRING_CONVERSION, CALLEE_TYPE_NONE, .buffer_arg = CALLEE_BUFFER_AX,
	       .may_elide = true),
	CALLEE("runtime.makechan", CAUSE_MAKE_CHAN, CALLEE_TYPE_CHAN),
	CALLEE("runtime.makechan64", CAUSE_MAKE_CHAN, CALLEE_TYPE_CHAN),
	CALLEE("runtime.makemap", CAUSE_MAKE_MAP, CALLEE_TYPE_MAP, .buffer_arg = CALLEE_BUFFER_CX, .may_elide = true),
	CALLEE("runtime.makemap64", CAUSE_MAKE_MAP, CALLEE_TYPE_MAP, .buffer_arg = CALLEE_BUFFER_CX, .may_elide = true),
	CALLEE("runtime.makemap_small", CAUSE_MAKE_MAP, CALLEE_TYPE_NONE),
	CALLEE("runtime.makeslice", CAUSE_MAKE_SLICE, CALLEE_TYPE_AX, .elements_arg = CALLEE_ELEMENTS_CX,
	       .may_elide = true, .is_element = true),
	CALLEE("runtime.makeslice64", CAUSE_MAKE_SLICE, CALLEE_TYPE_AX, .elements_arg = CALLEE_ELEMENTS_CX,
	       .may_elide = true, .is_element = true),
	CALLEE("runtime.makeslicecopy", CAUSE_MAKE_SLICE, CALLEE_TYPE_AX, .elements_arg = CALLEE_ELEMENTS_BX,
	       .may_elide = true, .is_element = true),
	CALLEE("runtime.mallocgc", CAUSE_NEW_OBJECT, CALLEE_TYPE_BX, .may_elide = true),
	CALLEE("runtime.mapassign", CAUSE_MAP_GROWTH, CALLEE_TYPE_MAP, .may_elide = true),
	CALLEE("runtime.mapassign_fast32", CAUSE_MAP_GROWTH, CALLEE_TYPE_MAP, .may_elide = true),
	CALLEE("runtime.mapassign_fast32ptr", CAUSE_MAP_GROWTH, CALLEE_TYPE_MAP, .may_elide = true),
	CALLEE("runtime.mapassign_fast64", CAUSE_MAP_GROWTH, CALLEE_TYPE_MAP, .may_elide = true),
	CALLEE("runtime.mapassign_fast64ptr", CAUSE_MAP_GROWTH, CALLEE_TYPE_MAP, .may_elide = true),
	CALLEE("runtime.mapassign_faststr", CAUSE_MAP_GROWTH, CALLEE_TYPE_MAP, .may_elide = true),
	CALLEE("runtime.moveSlice", CAUSE_APPEND_GROWTH, CALLEE_TYPE_AX, .may_elide = true, .is_element = true),
	CALLEE("runtime.moveSliceNoCap", CAUSE_APPEND_GROWTH, CALLEE_TYPE_AX, .may_elide = true, .is_element = true),
	CALLEE("runtime.moveSliceNoCapNoScan", CAUSE_APPEND_GROWTH, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.moveSliceNoScan", CAUSE_APPEND_GROWTH, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.newarray", CAUSE_MAKE_SLICE, CALLEE_TYPE_AX, .elements_arg = CALLEE_ELEMENTS_BX,
	       .may_elide = true, .is_element = true),
	CALLEE("runtime.newobject", CAUSE_NEW_OBJECT, CALLEE_TYPE_AX),
	CALLEE("runtime.newproc", CAUSE_GO_STATEMENT, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.rawbyteslice", CAUSE_STRING_CONVERSION, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.rawruneslice", CAUSE_STRING_CONVERSION, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.selectgo", CAUSE_RUNTIME_INTERNAL, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("runtime.slicebytetostring", CAUSE_STRING_CONVERSION, CALLEE_TYPE_NONE, .buffer_arg = CALLEE_BUFFER_AX,
	       .may_elide = true),
	CALLEE("runtime.slicerunetostring", CAUSE_STRING_CONVERSION, CALLEE_TYPE_NONE, .buffer_arg = CALLEE_BUFFER_AX,
	       .may_elide = true),
	CALLEE("runtime.stringtoslicebyte", CAUSE_STRING_CONVERSION, CALLEE_TYPE_NONE, .buffer_arg = CALLEE_BUFFER_AX,
	       .may_elide = true),
	CALLEE("runtime.stringtoslicerune", CAUSE_STRING_CONVERSION, CALLEE_TYPE_NONE, .buffer_arg = CALLEE_BUFFER_AX,
	       .may_elide = true),
	CALLEE("runtime.typeAssert", CAUSE_RUNTIME_INTERNAL, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("syscall.runtime_envs", CAUSE_APPEND_GROWTH, CALLEE_TYPE_NONE, .may_elide = true),
	CALLEE("time.newTimer", CAUSE_NEW_OBJECT, CALLEE_TYPE_NONE, .may_elide = true),
};

/* Size-specialised variants called from user code: as mallocgc, but the size is never 0. */
static const struct callee_info variant_info = {.cause = CAUSE_NEW_OBJECT, .type_arg = CALLEE_TYPE_BX};

static bool digits_only(const char *s)
{
	if (!isdigit((unsigned char)*s))
		return false;
	while (isdigit((unsigned char)*s))
		s++;
	return *s == '\0';
}

bool go_runtime_is_allocator(const char *function)
{
	static const char *const exact[] = {"Tiny", "SmallNoscan", "SmallScanNoHeader", "SmallScanHeader", "Large"};
	static const char *const numbered[] = {"TinySC", "TinySize", "SmallNoScanSC", "SmallScanNoHeaderSC"};
	static const char prefix[] = "runtime.mallocgc";
	const char *rest;

	if (strncmp(function, prefix, sizeof(prefix) - 1) != 0)
		return false;
	rest = function + sizeof(prefix) - 1;
	if (*rest == '\0')
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(exact); i++) {
		if (strcmp(rest, exact[i]) == 0)
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbered); i++) {
		size_t len = strlen(numbered[i]);

		if (strncmp(rest, numbered[i], len) == 0 && digits_only(rest + len))
			return true;
	}
	return false;
}

static int compare_name(const void *key, const void *element)
{
	return strcmp(key, ((const struct callee *)element)->name);
}

const struct callee_info *go_runtime_callee(const char *function)
{
	size_t len = strlen(function);
	const struct callee *found;
	char bare[128];

	if (len > 5 && len < sizeof(bare) && strcmp(function + len - 5, ".abi0") == 0) {
		memcpy(bare, function, len - 5);
		bare[len - 5] = '\0';
		function = bare;
	}
	found = bsearch(function, callees, ARRAY_SIZE(callees), sizeof(callees[0]), compare_name);
	if (found)
		return &found->info;
	return go_runtime_is_allocator(function) ? &variant_info : NULL;
}

/*
 * What a call may lead to without being to blame for it. A name that ends in '*' is a prefix; names are those of the
 * runtime without "runtime.".
 */
struct aside {
	const char *name;
	const char *reason;
};

static const char own_account[] = "the runtime's own work";

static const struct aside own_accounts[] = {
	{"gcStart", own_account},	 /* makes goroutines for the collector */
	{"gcAssistAlloc*", own_account}, /* may wait, and wake others */
	{"newstack", own_account},	 /* morestack: preempted, it looks for other work */
	{"startm", own_account},	 /* makes threads: whoever wakes a goroutine may be the one */
	{"newm", own_account},		 /* the same from LockOSThread, and from the template thread */
	{"schedule", own_account},	 {"mstart*", own_account},   {"rt0_go", own_account},
	{"schedinit", own_account},	 {"park_m*", own_account},   {"mcall", own_account},
	{"goexit*", own_account},	 {"preemptM", own_account},  {"asyncPreempt*", own_account},
	{"morestack*", own_account},	 {"gosched_m", own_account}, {"goschedImpl", own_account},
};

static const char panic_value[] = "makes nothing but the value of a panic";
static const char end_of_process[] = "ends the process";
static const char write_barrier[] = "hands pointers to the collector";
static const char outside_heap[] = "makes memory of its own, outside the heap";

static const struct aside asides[] = {
	{"panic*", panic_value},	{"goPanic*", panic_value},
	{"gopanic*", panic_value},	{"sigpanic*", panic_value},
	{"efaceeq", panic_value},	{"ifaceeq", panic_value},
	{"interequal", panic_value},	{"nilinterequal", panic_value},
	{"interhash", panic_value},	{"nilinterhash", panic_value},
	{"typehash", panic_value},	{"mapKeyError*", panic_value},
	{"unwrapPanic*", panic_value},	{"throw*", end_of_process},
	{"fatal*", end_of_process},	{"dopanic_m", end_of_process},
	{"crash", end_of_process},	{"badsystemstack*", end_of_process},
	{"exit", end_of_process},	{"gcWriteBarrier*", write_barrier},
	{"wbBufFlush*", write_barrier}, {"trace*", outside_heap},
	{"(*trace*", outside_heap},	{"race*", outside_heap},
	{"msan*", outside_heap},	{"asan*", outside_heap},
};

static const char *find_aside(const struct aside *list, size_t n, const char *function)
{
	if (strncmp(function, "runtime.", 8) != 0)
		return NULL;
	function += 8;
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(list[i].name);
		bool is_prefix = list[i].name[len - 1] == '*';

		if (is_prefix ? strncmp(function, list[i].name, len - 1) == 0
			      : strncmp(function, list[i].name, len) == 0 &&
					(function[len] == '\0' || strcmp(function + len, ".abi0") == 0))
			return list[i].reason;
	}
	return NULL;
}

bool go_runtime_is_own_account(const char *function)
{
	return find_aside(own_accounts, ARRAY_SIZE(own_accounts), function) != NULL;
}

const char *go_runtime_aside(const char *function)
{
	const char *reason = find_aside(own_accounts, ARRAY_SIZE(own_accounts), function);

	return reason ? reason : find_aside(asides, ARRAY_SIZE(asides), function);
}

static const char *const boxed_kinds[][2] = {
	{"runtime.uint16InterfacePtr", "16-bit value"}, {"runtime.uint32InterfacePtr", "32-bit value"},
	{"runtime.uint64InterfacePtr", "64-bit value"}, {"runtime.stringInterfacePtr", "string value"},
	{"runtime.sliceInterfacePtr", "slice value"},
};

const char *go_runtime_boxed_kind(const char *type_name)
{
	for (size_t i = 0; i < ARRAY_SIZE(boxed_kinds); i++) {
		if (strcmp(type_name, boxed_kinds[i][0]) == 0)
			return boxed_kinds[i][1];
	}
	return NULL;
}

bool go_runtime_is_boxed_kind(const char *type_name)
{
	for (size_t i = 0; i < ARRAY_SIZE(boxed_kinds); i++) {
		if (strcmp(type_name, boxed_kinds[i][1]) == 0)
			return true;
	}
	return false;
}

static enum cause refine_by_type(enum cause cause, const char *type_name)
{
	static const char method_value[] = "struct { F uintptr; R ";
	static const char closure[] = "struct { F uintptr";

	if (cause != CAUSE_NEW_OBJECT || !type_name)
		return cause;
	if (strncmp(type_name, method_value, sizeof(method_value) - 1) == 0)
		return CAUSE_METHOD_VALUE;
	if (strncmp(type_name, closure, sizeof(closure) - 1) == 0)
		return CAUSE_CLOSURE;
	return cause;
}

enum cause go_runtime_cause(const char *const *chain, size_t n, const char *type_name)
{
	const struct callee_info *info;

	for (size_t i = 0; i < n; i++) {
		if (go_runtime_is_own_account(chain[i]))
			return CAUSE_RUNTIME_INTERNAL;
	}
	/* Go 1.19's systemstack hides its caller, newproc; what it runs for it is named after it. */
	if (n > 1 && strncmp(chain[0], "runtime.systemstack", 19) == 0 && strncmp(chain[1], "runtime.newproc", 15) == 0)
		return CAUSE_GO_STATEMENT;
	if (n == 0) /* called straight from user code */
		return refine_by_type(CAUSE_NEW_OBJECT, type_name);
	/* What the programmer wrote is what the program called; how the runtime goes about it is its own business. */
	info = go_runtime_callee(chain[0]);
	return info ? refine_by_type(info->cause, type_name) : CAUSE_RUNTIME_INTERNAL;
}
