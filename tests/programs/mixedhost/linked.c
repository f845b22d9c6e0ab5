/* SPDX-License-Identifier: Apache-2.0 */
/* Linked against the library, shared or archive: linked TIMES. With "wait" behind it works on each line of its input.
 */
#include "host.h"

void Work(void);

int main(int argc, char **argv)
{
	long times = argc > 1 ? strtol(argv[1], NULL, 10) : 1;
	int waits = argc > 2;

	if (waits) {
		puts("ready");
		fflush(stdout);
	}
	do {
		if (waits && getchar() == EOF)
			break;
		host_outer(Work, times);
		puts("burst");
		fflush(stdout);
	} while (waits);
	return 0;
}
