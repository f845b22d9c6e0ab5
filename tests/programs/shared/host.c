/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A C program that loads libraries written in Go.
 *
 *     host LIBRARY:N...
 *
 * On each SIGUSR1 it calls Burst(N) of each. Built with -O2, so without frame pointers: what the chain of frame
 * pointers shows of it differs from call to call.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void burst_fn(int);

/* Keeps every callee-saved register busy with numbers that differ from call to call. */
static __attribute__((noinline)) unsigned long call(burst_fn *burst, int n, unsigned long x)
{
	unsigned long a = x * 3, b = x ^ 0x55, c = x + 77, d = x << 3, e = x >> 2, f = x * 7;

	burst(n);
	return a ^ b ^ c ^ d ^ e ^ f;
}

int main(int argc, char **argv)
{
	burst_fn *bursts[8];
	int sizes[8], n = 0, signal_number;
	unsigned long state = 12345;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 1; i < argc && n < 8; i++) {
		char *colon = strrchr(argv[i], ':');
		void *library;

		if (!colon)
			return 2;
		*colon = '\0';
		library = dlopen(argv[i], RTLD_NOW);
		bursts[n] = library ? (burst_fn *)dlsym(library, "Burst") : NULL;
		if (!bursts[n]) {
			fprintf(stderr, "host: %s\n", dlerror());
			return 1;
		}
		sizes[n++] = (int)strtol(colon + 1, NULL, 10);
	}
	puts("ready");
	fflush(stdout);
	while (sigwait(&set, &signal_number) == 0) {
		for (int i = 0; i < n; i++) {
			/* One at a time, so that every object has a call of its own. */
			for (int k = 0; k < sizes[i]; k++) {
				state = state * 6364136223846793005ul + 1442695040888963407ul;
				state += call(bursts[i], 1, state);
			}
		}
		puts("burst");
		fflush(stdout);
	}
	return 0;
}
