/* SPDX-License-Identifier: Apache-2.0 */
/* The sizes of the slots that Go's allocator has objects in (src/runtime/sizeclasses.go): the same in all versions. */
#ifndef ESCAUDIT_SYMBOLIZE_SIZE_CLASSES_H
#define ESCAUDIT_SYMBOLIZE_SIZE_CLASSES_H

#include <stdbool.h>
#include <stdint.h>

#define GO_SIZE_CLASSES 68

/* Bytes of a slot of each class. Class 0 has none. */
extern const uint16_t size_class_bytes[GO_SIZE_CLASSES];

/*
 * Bytes that an object by itself takes of the heap: its slot, with the header that objects over 512 bytes with pointers
 * have since Go 1.22; above the largest class whole pages. Not for objects of less than 16 bytes without pointers,
 * which share a slot: 0.
 */
uint64_t size_class_slot(uint64_t size, bool has_pointers, int go_minor);

#endif
