/* SPDX-License-Identifier: Apache-2.0 */
/* The type of what is boxed, where the callee is not told it. Internal to sites/. */
#ifndef ESCAUDIT_SITES_SITE_BOX_H
#define ESCAUDIT_SITES_SITE_BOX_H

#include "sites/site_arguments.h"

/*
 * runtime.convT16, convT32, convT64, convTstring and convTslice make room for a value of so many bytes and do not ask
 * for its type, which is the first word of the interface that their result is the second of (internal/abi/iface.go:
 * EmptyInterface, NonEmptyInterface). Follows the code from the call that ends at `after` until it shows such a pair:
 * in memory, among a call's arguments or among the results. False if the next instructions do not show it, as where the
 * type is a parameter.
 */
bool site_boxed_type(const struct function_code *f, size_t after, uint64_t bytes, struct go_type *type);

#endif
