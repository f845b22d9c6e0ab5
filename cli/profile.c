/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "cli/target.h"
#include "recording/raw.h"

#define FRAMES_MAX 64
/* So many per cent of the addresses must be in the functions that the profile says; the rest may be C code or damage.
 */
#define AGREE_PCT 90

/* "main.(*Store[...]).Put" is how the runtime says it, the linker has the types in the brackets. */
static bool same_function(const char *a, const char *b)
{
	size_t n = strcspn(a, "[");

	return n == strcspn(b, "[") && strncmp(a, b, n) == 0;
}

static bool is_of(const struct recording *profile, struct symbolizer *sym)
{
	struct sym_frame frames[FRAMES_MAX];
	size_t all = 0, same = 0;

	for (size_t i = 0; i < profile->n_locations; i++) {
		const struct rec_location *loc = &profile->locations[i];
		size_t n;

		if (!loc->pc)
			continue;
		all++;
		n = symbolizer_frames(sym, loc->pc, frames, FRAMES_MAX);
		same += n && same_function(frames[n - 1].function, loc->frames[loc->n_frames - 1].function);
	}
	return all && same * 100 >= all * AGREE_PCT;
}

/* The profile's counts, as if the program had been recorded. */
static void add_counts(struct target *target, const struct recording *profile)
{
	struct recording *rec = target->rec;
	size_t n = profile->n_observations;
	struct raw_stack *stacks = xcalloc(n + 1, sizeof(*stacks));
	struct raw_observation *raw = xcalloc(n + 1, sizeof(*raw));
	struct raw_capture capture = {
		.stacks = stacks, .n_stacks = n, .observations = raw, .n_observations = n, .types_from_sites = true};

	for (size_t i = 0; i < n; i++) {
		const struct rec_observation *o = &profile->observations[i];
		elf_vaddr *pcs = xcalloc(o->n_locations + 1, sizeof(*pcs));

		for (uint32_t k = 0; k < o->n_locations; k++)
			pcs[k] = profile->locations[o->locations[k]].pc;
		stacks[i] = (struct raw_stack){.pcs = pcs, .depth = o->n_locations};
		raw[i] = (struct raw_observation){
			.stack = (uint32_t)i,
			.objects = o->objects,
			.bytes = o->bytes,
			.smallest = o->smallest,
			.largest = o->largest,
			.samples = o->samples,
		};
		rec->header.hits += o->samples;
	}
	rec->header.mode = profile->header.mode;
	rec->header.window_seconds = profile->header.window_seconds;
	rec->header.start_unix_ns = profile->header.start_unix_ns;
	rec->header.period = profile->header.period;
	for (size_t i = 0; i < profile->n_extra; i++)
		recording_add_extra(rec, profile->extra[i].key, profile->extra[i].value);
	recording_assemble(rec, &capture, target->bin, target->sym);
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)stacks[i].pcs);
	free(stacks);
	free(raw);
}

/* Whether a file has that name and build id. Anybody may have written the profile: devices and pipes are left alone. */
static bool is_there(const char *program, const char *build_id)
{
	struct elf_image *image = NULL;
	struct stat st;
	bool same = false;

	if (!program || !build_id || stat(program, &st) < 0 || !S_ISREG(st.st_mode) ||
	    elf_image_open(&image, program, NULL))
		return false;
	same = elf_image_build_id(image) && strcmp(elf_image_build_id(image), build_id) == 0;
	elf_image_free(image);
	return same;
}

/* Replaces *rec by one that knows its program. */
static int complete(struct recording **rec, const char *path, const char *program, struct error *err)
{
	const char *build_id = (*rec)->header.build_id;
	struct target target;
	int ret = target_open(&target, program, program, err);

	if (ret == 0 && build_id && target.rec->header.build_id && strcmp(build_id, target.rec->header.build_id) != 0)
		ret = error_set(err, -EINVAL, "profile: failed to read '%s' with '%s': it is of build %s, not %s", path,
				program, build_id, target.rec->header.build_id);
	if (ret == 0 && !is_of(*rec, target.sym))
		ret = error_set(
			err, -EINVAL,
			"profile: failed to read '%s' with '%s': its addresses are not that program's, or it is "
			"position-independent; record the program with 'escaudit record'",
			path, program);
	if (ret == 0)
		ret = target_decode(&target, err);
	if (ret == 0) {
		add_counts(&target, *rec);
		recording_free(*rec);
		*rec = target.rec;
		target.rec = NULL;
	}
	target_release(&target);
	return ret;
}

int profile_read(struct recording **out, const char *path, const char *program, struct error *err)
{
	struct error ignored = ERROR_INIT;
	int ret = recording_read(out, path, err);

	if (ret || (*out)->header.mode != REC_MODE_PROFILE || (*out)->has_sites)
		return ret;
	if (!program) {
		/* What is no help is no harm. */
		if (is_there((*out)->header.path, (*out)->header.build_id))
			complete(out, path, (*out)->header.path, &ignored);
		error_release(&ignored);
		return 0;
	}
	ret = complete(out, path, program, err);
	if (ret) {
		recording_free(*out);
		*out = NULL;
	}
	return ret;
}

int judged_open(struct judged *out, const char *path, const char *program, const char *predictions, struct error *err)
{
	int ret;

	*out = (struct judged){.rec = NULL};
	ret = profile_read(&out->rec, path, program, err);
	if (ret || !predictions)
		return ret;
	out->set = predictions_new();
	ret = predictions_load(out->set, predictions, err);
	return ret ? ret : audit_run(&out->audit, out->set, out->rec, err);
}

void judged_release(struct judged *judged)
{
	audit_free(judged->audit);
	predictions_free(judged->set);
	recording_free(judged->rec);
}
