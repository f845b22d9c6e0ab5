/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A C program that opens libraries when it likes.
 *
 *     opener [-threads] [-at-once] LIBRARY:N...
 *     opener -for-ever LIBRARY
 *
 * On each SIGUSR1, or without waiting for one, it opens the libraries that it has not opened yet and calls Burst(N) of
 * each; what their runtimes have made is in what it prints. With -threads, others wait in system calls and work
 * meanwhile. SIGTERM ends it, with status 0.
 *
 * For ever: it opens and closes a library without Go, and prints how often it did.
 */
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void burst_fn(long);
typedef unsigned long mallocs_fn(void);

static volatile unsigned long turns, waits;

static void *turn(void *unused)
{
	for (;;)
		turns++;
	return unused;
}

static void *wait_always(void *unused)
{
	for (;;) {
		poll(NULL, 0, 1);
		waits++;
	}
	return unused;
}

static void *open_library(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);

	if (!library) {
		fprintf(stderr, "opener: %s\n", dlerror());
		exit(1);
	}
	return library;
}

static void open_for_ever(const char *path)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	puts("ready");
	fflush(stdout);
	for (unsigned long n = 1;; n++) {
		dlclose(open_library(path));
		printf("opened %lu\n", n);
		fflush(stdout);
		poll(NULL, 0, 1);
	}
}

int main(int argc, char **argv)
{
	struct {
		void *library;
		const char *path;
		long n;
	} libraries[8] = {{0}};
	int n = 0, at_once = 0, signal_number = 0;
	pthread_t thread;
	sigset_t set;

	/* Before there are threads: they are to leave them to us. */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 1; i < argc && n < 8; i++) {
		char *colon = strrchr(argv[i], ':');

		if (strcmp(argv[i], "-threads") == 0) {
			pthread_create(&thread, NULL, turn, NULL);
			pthread_create(&thread, NULL, wait_always, NULL);
		} else if (strcmp(argv[i], "-at-once") == 0) {
			at_once = 1;
		} else if (strcmp(argv[i], "-for-ever") == 0 && i + 1 < argc) {
			open_for_ever(argv[i + 1]);
		} else if (colon) {
			*colon = '\0';
			libraries[n].path = argv[i];
			libraries[n++].n = strtol(colon + 1, NULL, 10);
		}
	}
	puts("ready");
	fflush(stdout);
	while (at_once || (sigwait(&set, &signal_number) == 0 && signal_number == SIGUSR1)) {
		for (int i = 0; i < n; i++) {
			if (!libraries[i].library)
				libraries[i].library = open_library(libraries[i].path);
			((burst_fn *)dlsym(libraries[i].library, "Burst"))(libraries[i].n);
		}
		for (int i = 0; i < n; i++)
			printf("mallocs %lu\n", ((mallocs_fn *)dlsym(libraries[i].library, "Mallocs"))());
		puts("burst");
		fflush(stdout);
		if (at_once)
			break;
	}
	_exit(0);
}
