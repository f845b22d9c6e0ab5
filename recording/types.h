/* SPDX-License-Identifier: Apache-2.0 */
/* What the binary's type descriptors say of the struct types that a recording names: also in stripped binaries. */
#ifndef ESCAUDIT_RECORDING_TYPES_H
#define ESCAUDIT_RECORDING_TYPES_H

#include "recording/recording.h"
#include "symbolize/go_binary.h"

/*
 * Sets rec's types anew: those of its own sites and of its observations, which were read of bin. Types of other modules
 * (plugins) stay unknown.
 */
void recording_find_types(struct recording *rec, const struct go_binary *bin);

#endif
