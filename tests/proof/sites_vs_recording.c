/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that no allocation comes from a call that `escaudit sites` does not list: in a recording, the return address
 * of every stack's innermost frame outside the runtime belongs to an emitted site.
 *
 *     sites_vs_recording RECORDING...
 *     httpserver: 1023 stacks with a user frame, 311 return addresses, all of them sites
 *
 * Exit status: 0 no miss, 1 a miss (each is printed with the functions of the runtime above it), 2 a file could not be
 * read, 64 misuse.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/u64map.h"
#include "recording/recording.h"
#include "symbolize/go_runtime.h"

static void print_miss(const struct recording *rec, const struct rec_observation *obs)
{
	const struct rec_location *at = &rec->locations[obs->locations[obs->user]];

	printf("  %s at %s:%d, %" PRIu64 " objects, %s:", at->frames[at->n_frames - 1].function,
	       at->frames[0].file ? at->frames[0].file : "?", at->frames[0].line, obs->objects, cause_name(obs->cause));
	for (uint32_t i = obs->user; i-- > 0;) {
		const struct rec_location *loc = &rec->locations[obs->locations[i]];

		for (size_t f = loc->n_frames; f-- > 0;)
			printf(" > %s", loc->frames[f].function);
	}
	putchar('\n');
}

/* The function of the runtime that the user's frame called. */
static bool is_panic(const struct recording *rec, const struct rec_observation *obs)
{
	const struct rec_location *above = obs->user ? &rec->locations[obs->locations[obs->user - 1]] : NULL;
	const char *reason =
		above && above->n_frames ? go_runtime_aside(above->frames[above->n_frames - 1].function) : NULL;

	return reason && strstr(reason, "panic");
}

static int check(const char *path)
{
	struct u64map sites = U64MAP_INIT, seen = U64MAP_INIT;
	struct error err = ERROR_INIT;
	struct recording *rec;
	size_t stacks = 0, misses = 0, panics = 0;

	if (recording_read(&rec, path, &err)) {
		fprintf(stderr, "sites_vs_recording: %s\n", err.text);
		error_release(&err);
		return 2;
	}
	for (size_t i = 0; i < rec->n_sites; i++)
		*u64map_at(&sites, rec->sites[i].ret, NULL) = 1;
	for (size_t i = 0; i < rec->n_observations; i++) {
		const struct rec_observation *obs = &rec->observations[i];
		uint64_t ret;
		bool is_new;

		if (obs->user == REC_NO_USER_FRAME)
			continue;
		stacks++;
		ret = rec->locations[obs->locations[obs->user]].pc;
		u64map_at(&seen, ret, &is_new);
		if (!is_new || u64map_find(&sites, ret))
			continue;
		if (is_panic(rec, obs)) {
			panics++;
			continue;
		}
		misses++;
		print_miss(rec, obs);
	}
	printf("%s: %zu stacks with a user frame, %zu return addresses, ",
	       rec->header.main_package ? rec->header.main_package : path, stacks, seen.n);
	printf(misses ? "%zu of them no sites" : "all of them sites", misses);
	printf(panics ? " but for %zu with a panic's value\n" : "\n", panics);
	/* A recording without either proves nothing. */
	misses += !stacks || !rec->n_sites;
	u64map_release(&sites);
	u64map_release(&seen);
	recording_free(rec);
	return misses ? 1 : 0;
}

int main(int argc, char **argv)
{
	int worst = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: sites_vs_recording RECORDING...\n");
		return 64;
	}
	for (int i = 1; i < argc; i++) {
		int status = check(argv[i]);

		worst = status > worst ? status : worst;
	}
	return worst;
}
