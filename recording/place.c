/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/place.h"

#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "symbolize/go_name.h"

const char *place_package(struct strpool *pool, const struct rec_header *header, const struct rec_frame *frame)
{
	if (go_name_is_main(frame->function) && header->main_package)
		return strpool_add(pool, header->main_package);
	return go_name_package(pool, frame->function);
}

const char *place_path(struct strpool *pool, const struct rec_header *header, const char *file, const char *package)
{
	const char *goroot = header->goroot_src, *module = header->main_module;
	const char *base = path_base(file);
	size_t n = module ? strlen(module) : 0;

	if (goroot && *goroot && strncmp(file, goroot, strlen(goroot)) == 0)
		return strpool_add(pool, file + strlen(goroot));
	/* Packages without an import path of their own: files named on the command line, C. */
	if (!package || !*package || strcmp(package, "main") == 0 || strcmp(package, "command-line-arguments") == 0)
		return strpool_add(pool, base);
	if (n && strncmp(package, module, n) == 0 && (package[n] == '\0' || package[n] == '/'))
		package += package[n] ? n + 1 : n;
	return *package ? strpool_addf(pool, "%s/%s", package, base) : strpool_add(pool, base);
}

const char *place_file(struct strpool *pool, const struct rec_header *header, const struct rec_frame *frame)
{
	return frame->file ? place_path(pool, header, frame->file, place_package(pool, header, frame)) : NULL;
}

static bool is_runtime_name(const char *function)
{
	return strncmp(function, "runtime.", 8) == 0 || strncmp(function, "internal/runtime/", 17) == 0;
}

const struct rec_frame *place_innermost(const struct rec_frame *frames, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_runtime_name(frames[i].function))
			return &frames[i];
	}
	return &frames[0];
}

bool place_in_main_module(const struct rec_header *header, const char *function)
{
	return go_name_is_main(function) ||
	       (header->main_module &&
		go_name_is_under(function, go_name_package_length(function), header->main_module));
}

static const struct rec_frame *nearest_in_main_module(const struct recording *rec, const struct rec_observation *o)
{
	for (uint32_t i = o->user; i < o->n_locations; i++) {
		const struct rec_location *loc = &rec->locations[o->locations[i]];

		for (size_t k = 0; k < loc->n_frames; k++) {
			if (place_in_main_module(&rec->header, loc->frames[k].function))
				return &loc->frames[k];
		}
	}
	return NULL;
}

const struct rec_frame *place_charged(const struct recording *rec, const struct rec_observation *o, bool charge_module)
{
	const struct rec_frame *frame = NULL;

	if (o->user != REC_NO_USER_FRAME) {
		const struct rec_location *loc = &rec->locations[o->locations[o->user]];

		frame = charge_module ? nearest_in_main_module(rec, o) : NULL;
		return frame ? frame : place_innermost(loc->frames, loc->n_frames);
	}
	for (uint32_t i = 0; i < o->n_locations; i++) {
		frame = &rec->locations[o->locations[i]].frames[0];
		if (!go_runtime_is_allocator(frame->function))
			break;
	}
	return frame;
}

bool place_is_newer(const struct recording *rec, const char *path)
{
	struct stat st;

	return rec->header.start_unix_ns && stat(path, &st) == 0 &&
	       (uint64_t)st.st_mtim.tv_sec > rec->header.start_unix_ns / 1000000000;
}
