/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads libraries when it runs: loading MILLISECONDS LIBRARY:TIMES... waits so long before the first, and calls each as
 * soon as it is there.
 */
#include "host.h"

#include <dlfcn.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (argc < 3)
		return 64;
	usleep((useconds_t)strtoul(argv[1], NULL, 10) * 1000);
	for (int i = 2; i < argc; i++) {
		char *colon = strrchr(argv[i], ':');
		work_function *work;
		void *library;

		if (!colon)
			return 64;
		*colon = '\0';
		library = dlopen(argv[i], RTLD_NOW);
		work = library ? (work_function *)dlsym(library, "Work") : NULL;
		if (!work) {
			fprintf(stderr, "loading: %s\n", dlerror());
			return 1;
		}
		host_outer(work, strtol(colon + 1, NULL, 10));
	}
	return 0;
}
