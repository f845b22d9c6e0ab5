/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads libraries when it runs: loading MILLISECONDS LIBRARY:TIMES... waits so long before each, and calls it as soon
 * as it is there. One that is C calls the last one that was Go, and is closed before the next one comes.
 */
#include "host.h"

#include <dlfcn.h>
#include <string.h>

int main(int argc, char **argv)
{
	work_function *work = NULL;
	void *closed = NULL;

	if (argc < 3)
		return 64;
	for (int i = 2; i < argc; i++) {
		char *colon = strrchr(argv[i], ':');
		ways_function *both_ways = NULL;
		work_function *own = NULL;
		void *library;

		if (!colon)
			return 64;
		*colon = '\0';
		usleep((useconds_t)strtoul(argv[1], NULL, 10) * 1000);
		if (closed)
			dlclose(closed);
		library = dlopen(argv[i], RTLD_NOW);
		if (library) {
			own = (work_function *)dlsym(library, "Work");
			both_ways = (ways_function *)dlsym(library, "both_ways");
		}
		closed = own ? NULL : library;
		if (own)
			host_outer(work = own, strtol(colon + 1, NULL, 10));
		else if (both_ways && work)
			both_ways(work, strtol(colon + 1, NULL, 10));
		else
			return fprintf(stderr, "loading: %s\n", dlerror()), 1;
	}
	return 0;
}
