/* SPDX-License-Identifier: Apache-2.0 */
/* Linked against the library, shared or archive: linked TIMES. With "wait" behind, it works on each line of its input. */
#include "host.h"

void Work(void);

int main(int argc, char **argv)
{
	long times = argc > 1 ? strtol(argv[1], NULL, 10) : 1;

	if (argc > 2) {
		puts("ready");
		fflush(stdout);
		while (getchar() != EOF) {
			host_outer(Work, times);
			puts("burst");
			fflush(stdout);
		}
		return 0;
	}
	host_outer(Work, times);
	return 0;
}
