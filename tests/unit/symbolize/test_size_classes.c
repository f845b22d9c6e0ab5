/* SPDX-License-Identifier: Apache-2.0 */
/* What objects take of the heap, by hand from runtime/sizeclasses.go and malloc.go. */
#include <criterion/criterion.h>

#include "symbolize/size_classes.h"

Test(size_classes, slots)
{
	cr_expect_eq(size_class_slot(40, true, 27), 48);
	cr_expect_eq(size_class_slot(48, true, 27), 48);
	cr_expect_eq(size_class_slot(49, false, 19), 64);
	cr_expect_eq(size_class_slot(8, true, 27), 8);
	cr_expect_eq(size_class_slot(8, false, 27), 0, "shares a slot of 16");
	cr_expect_eq(size_class_slot(16, false, 27), 16);
	cr_expect_eq(size_class_slot(0, true, 27), 0);
	/* the header of 8 bytes */
	cr_expect_eq(size_class_slot(512, true, 22), 512);
	cr_expect_eq(size_class_slot(576, true, 22), 640);
	cr_expect_eq(size_class_slot(576, false, 22), 576);
	cr_expect_eq(size_class_slot(576, true, 21), 576);
	/* pages */
	cr_expect_eq(size_class_slot(32768, false, 21), 32768);
	cr_expect_eq(size_class_slot(32768, false, 22), 32768, "a page's multiple by chance");
	cr_expect_eq(size_class_slot(32761, false, 22), 32768);
	cr_expect_eq(size_class_slot(32769, true, 22), 40960);
	cr_expect_eq(size_class_slot(UINT64_MAX, true, 22), 0);
}
