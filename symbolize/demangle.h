/* SPDX-License-Identifier: Apache-2.0 */
/* Names that compilers made for linkers, as they were written: C++ (Itanium ABI) and Rust (both manglings). */
#ifndef ESCAUDIT_SYMBOLIZE_DEMANGLE_H
#define ESCAUDIT_SYMBOLIZE_DEMANGLE_H

#include <stdbool.h>

/* Whether a name has the form of a mangled one. */
bool is_mangled(const char *name);
/*
 * "ns::f(int)" for "_ZN2ns1fEi", as addr2line -C and c++filt print it. NULL if the name is not mangled, or longer than
 * what libiberty takes (about 1 KiB); what it stands for is cut after 4 KiB with "...". free() it. Safe for names of
 * strangers.
 */
char *demangle(const char *name);

#endif
