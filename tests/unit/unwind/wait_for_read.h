/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ESCAUDIT_TESTS_WAIT_FOR_READ_H
#define ESCAUDIT_TESTS_WAIT_FOR_READ_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Until it reads its standard input: it has loaded all that it needs. */
static void wait_for_read(pid_t pid)
{
	char path[64], text[16] = "";

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	for (int i = 0; i < 6000 && strncmp(text, "0 0x0 ", 6) != 0; i++) {
		FILE *f = fopen(path, "r");

		if (!f || !fgets(text, sizeof(text), f))
			text[0] = '\0';
		if (f)
			fclose(f);
		usleep(10000);
	}
	cr_assert_eq(strncmp(text, "0 0x0 ", 6), 0);
}

#endif
