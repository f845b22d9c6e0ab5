/* Runs the c-shared build: host LIBRARY MODE. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
	void (*run)(void) = library ? (void (*)(void))dlsym(library, "SymbolsRun") : NULL;

	if (!run) {
		fprintf(stderr, "host: %s\n", dlerror());
		return 1;
	}
	run();
	return 0;
}
