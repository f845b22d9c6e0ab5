/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A C program that loads libraries written in Go.
 *
 *     host LIBRARY:N...
 *
 * On each SIGUSR1 it calls Burst of each N times. It keeps no frame pointers: what the chain of frame pointers shows
 * of it differs from call to call.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void burst_fn(void *);

/*
 * What the host hands out: list elements that look like frame records, with a next pointer and a value. The stub that
 * cgo makes for an exported function keeps its argument in a register that is free to use where nobody keeps frame
 * pointers: RBP.
 */
static struct element {
	struct element *next;
	unsigned long value;
} elements[4096];

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
				elements[state >> 52].value = state;
				elements[state >> 52].next = &elements[state >> 40 & 4095];
				bursts[i](&elements[state >> 52]);
			}
		}
		puts("burst");
		fflush(stdout);
	}
	return 0;
}
