/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a recording. What is accepted is written and read again, and must then say the same: a reader that lets
 * through what the writer cannot express would lose data without a word.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "recording/recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_recording: %s\n", what);
		abort();
	}
}

static uint64_t weight(const struct recording *rec)
{
	uint64_t sum = recording_losses(rec);

	for (size_t i = 0; i < rec->n_locations; i++)
		sum += rec->locations[i].pc + rec->locations[i].n_frames + (uint64_t)rec->locations[i].frames[0].line;
	for (size_t i = 0; i < rec->n_observations; i++) {
		const struct rec_observation *o = &rec->observations[i];

		sum += o->objects + o->bytes + o->samples + o->smallest + o->largest + o->cause + (o->type != NULL);
		if (o->user != REC_NO_USER_FRAME)
			sum += rec->locations[o->locations[o->user]].pc;
		for (uint32_t k = 0; k < o->n_parts; k++)
			sum += o->parts[k].replica * 3 + o->parts[k].objects * 5 + o->parts[k].bytes * 7;
	}
	for (size_t i = 0; i < rec->n_sites; i++)
		sum += rec->sites[i].pc + rec->sites[i].ret + rec->sites[i].size + rec->sites[i].reach;
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recording *rec = NULL, *back = NULL;
	struct error err = ERROR_INIT;
	char path[64];
	int fd;

	if (recording_read_bytes(&rec, data, size, "input", &err) < 0) {
		check(rec == NULL && err.text && err.code < 0, "an error without a text");
		error_release(&err);
		return 0;
	}
	fd = memfd_create("recording", MFD_CLOEXEC);
	check(fd >= 0, "no memory file");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	check(recording_write(rec, path, &err) == 0, "what was read cannot be written");
	if (recording_read(&back, path, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	check(rec->n_locations == back->n_locations && rec->n_observations == back->n_observations &&
		      rec->n_sites == back->n_sites && rec->n_extents == back->n_extents,
	      "the counts differ");
	check(weight(rec) == weight(back), "the contents differ");
	close(fd);
	recording_free(rec);
	recording_free(back);
	return 0;
}
