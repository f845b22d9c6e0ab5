/* SPDX-License-Identifier: Apache-2.0 */
/* That the small target is counted to the last call, and that a trial sees what is wrong. */
#include "probe/trial.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/self_target.h"
#include "tests/unit/probe/need_bpf.h"

static const enum attach_method methods[] = {ATTACH_MULTI, ATTACH_PERF};

static int first_method(void)
{
	return attach_method_detect(false) == ATTACH_MULTI ? 0 : 1;
}

Test(trial, exact_to_the_last_call)
{
	need_bpf();
	for (int i = first_method(); i < 2; i++) {
		struct error err = ERROR_INIT;
		struct alloc_settings settings;
		struct trial seen;

		trial_settings_exact(&settings, methods[i]);
		cr_assert_eq(trial_exact(&seen, &settings, true, 131, &err), 0, "%s", err.text);
		cr_expect_eq(seen.calls, 2 * 131);
		cr_expect_eq(seen.seen, 2 * 131);
		cr_expect_eq(seen.bytes, 131 * (48 + 200));
		cr_expect_eq(seen.stacks, 2);
	}
}

Test(trial, samples_to_the_last_slot)
{
	need_bpf();
	for (int i = first_method(); i < 2; i++) {
		struct error err = ERROR_INIT;
		struct sample_settings settings;
		struct trial seen;

		trial_settings_sample(&settings, methods[i]);
		cr_assert_eq(trial_sample(&seen, &settings, true, 62, &err), 0, "%s", err.text);
		cr_expect_eq(seen.calls, 62);
		cr_expect_eq(seen.seen, 62);
		cr_expect_eq(seen.slots, 2 * 31 * 32 / 2);
		cr_expect_eq(seen.bytes, 62 * 40);
		cr_expect_eq(seen.stacks, 1);
	}
}

Test(trial, a_stack_cut_short_is_seen)
{
	struct error err = ERROR_INIT;
	struct alloc_settings settings;
	struct trial seen;

	need_bpf();
	trial_settings_exact(&settings, methods[first_method()]);
	settings.walk.stack_depth = 4;
	cr_assert_eq(trial_exact(&seen, &settings, true, 3, &err), -EIO);
	cr_expect(strstr(err.text, "not as deep as called"), "%s", err.text);
	error_release(&err);
	/* The counts are all that is asked for with another binary's settings. */
	cr_expect_eq(trial_exact(&seen, &settings, false, 3, &err), 0, "%s", err.text);
	error_release(&err);
}

Test(trial, objects_without_room_are_missed)
{
	struct error err = ERROR_INIT;
	struct alloc_settings settings;
	struct trial seen;

	need_bpf();
	trial_settings_exact(&settings, methods[first_method()]);
	settings.max_observations = 1;
	cr_assert_eq(trial_exact(&seen, &settings, true, 3, &err), -EIO);
	cr_expect(strstr(err.text, "6 calls"), "%s", err.text);
	error_release(&err);
}

Test(trial, a_sample_of_unknown_type_is_seen)
{
	struct error err = ERROR_INIT;
	struct sample_settings settings;
	struct trial seen;

	need_bpf();
	trial_settings_sample(&settings, methods[first_method()]);
	settings.n_rules = 0;
	cr_assert_eq(trial_sample(&seen, &settings, true, 3, &err), -EIO);
	cr_expect(strstr(err.text, "another type"), "%s", err.text);
	error_release(&err);
}

Test(trial, a_layout_beyond_the_memory_is_refused)
{
	struct error err = ERROR_INIT;
	struct sample_settings settings;
	struct trial seen;

	trial_settings_sample(&settings, ATTACH_PERF);
	settings.mcache_alloc = 1u << 20;
	cr_assert_eq(trial_sample(&seen, &settings, true, 3, &err), -E2BIG);
	error_release(&err);
}

Test(trial, the_target_is_in_its_file)
{
	struct self_place place;
	int somewhere = 0;

	cr_assert(self_place_of(self_alloc_point, &place));
	cr_expect_eq(place.vaddr + place.bias, (uint64_t)(uintptr_t)self_alloc_point);
	cr_expect_eq((uint8_t)self_alloc_point[0], 0x55, "push %%rbp");
	cr_expect_eq((uint8_t)self_refill_point[0], 0x55, "push %%rbp");
	cr_expect_not(self_place_of(&somewhere, &place));
}
