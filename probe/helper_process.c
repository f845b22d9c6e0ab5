/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/helper_process.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Closes every descriptor but those, which are in ascending order; negative ones are none. */
static void close_others(const int *keep, size_t n)
{
	unsigned from = 0;

	for (size_t i = 0; i <= n; i++) {
		unsigned to;

		if (i < n && keep[i] < 0)
			continue;
		to = i < n ? (unsigned)keep[i] : ~0u;

		if (to > from && syscall(__NR_close_range, from, i < n ? to - 1 : to, 0)) {
			for (unsigned fd = from; fd < to && fd < 65536; fd++) /* before Linux 5.9 */
				close((int)fd);
		}
		from = to + 1;
	}
}

static int compare_fds(const void *a, const void *b)
{
	const int *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

void OWN_STACK helper_process_begin(const char *name, int *keep, size_t n)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, name);
	qsort(keep, n, sizeof(*keep), compare_fds);
	close_others(keep, n);
}
