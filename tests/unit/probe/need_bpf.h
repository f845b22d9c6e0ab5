/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that load kernel programs: without BPF they are skipped, with the reason; with CI=true that is a failure.
 */
#ifndef ESCAUDIT_TESTS_UNIT_PROBE_NEED_BPF_H
#define ESCAUDIT_TESTS_UNIT_PROBE_NEED_BPF_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "probe/kernel_needs.h"

static inline void need_bpf(void)
{
	const char *ci = getenv("CI");
	int ret = kernel_needs[0].try();

	if (ret && ci && strcmp(ci, "true") == 0)
		cr_assert_fail("no BPF: %s", strerror(-ret));
	if (ret)
		cr_skip_test("no BPF here: %s", strerror(-ret));
}

#endif
