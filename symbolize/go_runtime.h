/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tool knows of the Go runtime's functions: which of them a call from user code may allocate through, and what
 * the programmer wrote for it.
 */
#ifndef ESCAUDIT_SYMBOLIZE_GO_RUNTIME_H
#define ESCAUDIT_SYMBOLIZE_GO_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>

/* Why the runtime allocates, named after what the programmer wrote. Values are stable only by name.
 */
enum cause {
	CAUSE_UNKNOWN,
	CAUSE_NEW_OBJECT,
	CAUSE_MAKE_SLICE,
	CAUSE_MAKE_MAP,
	CAUSE_MAKE_CHAN,
	CAUSE_APPEND_GROWTH,
	CAUSE_MAP_GROWTH,
	CAUSE_INTERFACE_CONVERSION,
	CAUSE_STRING_CONCATENATION,
	CAUSE_STRING_CONVERSION,
	CAUSE_CLOSURE,
	CAUSE_METHOD_VALUE,
	CAUSE_GO_STATEMENT,
	CAUSE_DEFER,
	CAUSE_RUNTIME_INTERNAL,
	CAUSE_COUNT,
};

const char *cause_name(enum cause cause);     /* "new object", "string/[]byte conversion" … */
enum cause cause_from_name(const char *name); /* CAUSE_UNKNOWN if it is none */

/* How a runtime function takes the type of what it makes. */
enum callee_type_arg {
	CALLEE_TYPE_NONE, /* no type: strings, byte slices */
	CALLEE_TYPE_AX,	  /* type of the object in RAX (newobject, convT) or of the element (makeslice) */
	CALLEE_TYPE_BX,	  /* mallocgc and its variants: size in RAX, type in RBX */
	CALLEE_TYPE_GROW, /* growslice: element type in RAX (1.19) or RSI (>= 1.20) */
	CALLEE_TYPE_MAP,  /* a map type in RAX: not the type of the object made */
	CALLEE_TYPE_CHAN, /* a chan type in RAX */
};

/* Where a runtime function takes a temporary buffer on the stack for its result: nil where that escapes, or cannot fit.
 */
enum callee_buffer_arg {
	CALLEE_BUFFER_NONE, /* it takes no such argument */
	CALLEE_BUFFER_AX,   /* concatstring2, slicebytetostring, stringtoslicebyte …: a buffer of 32 bytes or runes */
	CALLEE_BUFFER_CX,   /* makemap: the map's header */
};

/* Where a runtime function is told of how many elements it shall make room for. */
enum callee_elements_arg {
	CALLEE_ELEMENTS_NONE, /* it takes no such argument */
	CALLEE_ELEMENTS_BX,   /* makeslicecopy(type, to, from, …), newarray(type, n) */
	CALLEE_ELEMENTS_CX,   /* makeslice(type, len, cap) */
};

struct callee_info {
	enum cause cause;
	enum callee_type_arg type_arg;
	enum callee_buffer_arg buffer_arg;
	enum callee_elements_arg elements_arg;
	bool may_elide;	 /* the call can run without allocating: small integers, empty strings, capacity left, size 0,
			    map has room */
	bool is_element; /* the type is the element's: the object is a multiple of it */
	unsigned fixed_bytes; /* size of the object where the function fixes it (convT64: 8), else 0 */
};

/*
 * What a call from user code to the runtime function of that name may allocate; NULL if it never does (or allocates
 * only off the books, like stack growth). Names as in pclntab, with or without a trailing ".abi0".
 */
const struct callee_info *go_runtime_callee(const char *function);

/*
 * The cause of an allocation from the runtime functions between the user frame and the allocator, outermost (the one
 * user code called) first, and the type's name (closures are "struct { F uintptr; ...": NULL if unknown).
 */
enum cause go_runtime_cause(const char *const *chain, size_t n, const char *type_name);

/*
 * Whether the runtime works on its own account below this function, whoever's stack it happens to stand on.
 * Collections, threads, scheduling: the line that is being run is not to blame for what they allocate.
 */
bool go_runtime_is_own_account(const char *function);
/*
 * Why what a runtime function allocates is not the business of the call that led to it: own account, the value of a
 * panic, write barriers, tracing. NULL for any other function.
 */
const char *go_runtime_aside(const char *function);

/*
 * convT64 and its like box what they are told no type of, as types of the runtime's own (runtime.uint64InterfacePtr and
 * so on: src/runtime/iface.go). What is known of such a value: "64-bit value", "string value", "slice value"; NULL for
 * any other type.
 */
const char *go_runtime_boxed_kind(const char *type_name);
/* Is it one of these descriptions? */
bool go_runtime_is_boxed_kind(const char *type_name);

/* Whether heap objects are made through the function: runtime.mallocgc, its implementation functions, its
 * size-specialised variants. */
bool go_runtime_is_allocator(const char *function);

#endif
