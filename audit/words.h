/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An expression as the compiler prints it, against the source text. What cmd/compile/internal/ir/fmt.go and
 * types/fmt.go leave out, add or write otherwise is allowed for:
 *
 *   "T{...}", "&T{...}", "f(... argument...)"   what is in a literal, and what a variadic parameter is handed
 *   "~r0", ".autotmp_3"                         results of inlined calls, and other variables of the compiler's own
 *   "go.shape.int" for T                        type parameters, also where the source leaves a call's or type's out
 *   "pkg.T", "x.Embedded.f"                     package names, and embedded fields that the source does not mention
 *   "([]byte)(s)", "a + b" for "(a + b)"        parentheses
 *   "1024" for "1 << 10", "ab" for "a"+"b"      constants have their value
 *   "uint8", "int32", "interface {}"            or byte, rune, any
 *   "s + x" for "s += x"
 */
#ifndef ESCAUDIT_AUDIT_WORDS_H
#define ESCAUDIT_AUDIT_WORDS_H

enum words {
	WORDS_OTHER, /* neither is in the other */
	WORDS_PART,  /* one may be a part of the other, or the compiler's text says too little */
	WORDS_SAME,  /* but for what is allowed for, and what the source text was cut short of */
	WORDS_EXACT, /* but for blanks and parentheses */
};

/* said is the compiler's text, source the source's, which ends with "…" where it was cut short. */
enum words words_compare(const char *said, const char *source);

#endif
