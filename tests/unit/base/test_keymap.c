/* SPDX-License-Identifier: Apache-2.0 */
#include "base/keymap.h"

#include <criterion/criterion.h>

static struct keymap_key key_of(uint64_t a, uint64_t b)
{
	return (struct keymap_key){{a, b}};
}

/* What a mix of two words is the same for: it takes the exclusive or of them. */
Test(keymap, keys_of_one_mix_are_two)
{
	struct keymap map = KEYMAP_INIT;
	bool is_new;

	cr_assert_eq(u64_mix(1, 8), u64_mix(9, 0), "the case that is tested");
	*keymap_at(&map, key_of(1, 8), &is_new) = 18;
	cr_expect(is_new);
	*keymap_at(&map, key_of(9, 0), &is_new) = 90;
	cr_expect(is_new);
	cr_expect_eq(*keymap_at(&map, key_of(1, 8), &is_new), 18);
	cr_expect_not(is_new);
	cr_expect_eq(*keymap_find(&map, key_of(9, 0)), 90);
	cr_expect_null(keymap_find(&map, key_of(0, 9)));
	keymap_release(&map);
}

Test(keymap, every_key_has_its_own_value)
{
	struct keymap map = KEYMAP_INIT;

	cr_expect_null(keymap_find(&map, key_of(0, 0)));
	for (uint64_t a = 0; a < 300; a++) {
		for (uint64_t b = 0; b < 300; b++)
			*keymap_at(&map, key_of(a, b), NULL) = a << 32 | b;
	}
	cr_expect_eq(map.n, 300 * 300);
	for (uint64_t a = 0; a < 300; a++) {
		for (uint64_t b = 0; b < 300; b++)
			cr_assert_eq(*keymap_find(&map, key_of(a, b)), a << 32 | b);
	}
	keymap_release(&map);
	cr_expect_null(keymap_find(&map, key_of(1, 1)));
}
