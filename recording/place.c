/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/place.h"

#include <stdlib.h>
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
	const char *package = frame->file_package ? frame->file_package : place_package(pool, header, frame);

	return frame->file ? place_path(pool, header, frame->file, package) : NULL;
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

bool place_is_cut(const struct rec_location *loc)
{
	return loc->is_c && strncmp(loc->frames[0].function, REC_C_CUT, strlen(REC_C_CUT)) == 0;
}

static int compare_cuts(const void *a, const void *b)
{
	const struct place_cut *x = a, *y = b;

	return x->objects != y->objects ? (x->objects < y->objects ? 1 : -1) : strcmp(x->text, y->text);
}

/* The location of its stack that says so, NULL if it is whole. */
static const struct rec_location *cut_of(const struct recording *rec, const struct rec_observation *o)
{
	for (uint32_t i = 0; i < o->n_locations; i++) {
		if (place_is_cut(&rec->locations[o->locations[i]]))
			return &rec->locations[o->locations[i]];
	}
	return NULL;
}

struct place_cut *place_cuts(const struct recording *rec, size_t *n)
{
	struct place_cut *cuts = NULL;
	size_t alloc = 0;

	*n = 0;
	for (size_t i = 0; i < rec->n_observations; i++) {
		const struct rec_location *loc = cut_of(rec, &rec->observations[i]);
		size_t k = 0;

		if (!loc)
			continue;
		while (k < *n && strcmp(cuts[k].text, loc->frames[0].function) != 0)
			k++;
		if (k == *n) {
			ARRAY_GROW(cuts, *n + 1, alloc);
			cuts[(*n)++] = (struct place_cut){.text = loc->frames[0].function};
		}
		cuts[k].objects += rec->observations[i].objects;
	}
	if (*n)
		qsort(cuts, *n, sizeof(*cuts), compare_cuts);
	return cuts;
}

/* What cgo made for C to call in place of an exported Go function: nobody wrote it. */
static bool is_export_stub(const struct rec_location *loc)
{
	const char *file = loc->frames[0].file;

	return file && strcmp(path_base(file), "_cgo_export.c") == 0;
}

static const struct rec_frame *nearest_in_main_module(const struct recording *rec, const struct rec_observation *o)
{
	for (uint32_t i = o->user; i < o->n_locations; i++) {
		const struct rec_location *loc = &rec->locations[o->locations[i]];

		for (size_t k = 0; !loc->is_c && k < loc->n_frames; k++) {
			if (place_in_main_module(&rec->header, loc->frames[k].function))
				return &loc->frames[k];
		}
	}
	return NULL;
}

static const struct rec_frame *nearest_in_c(const struct recording *rec, const struct rec_observation *o)
{
	for (uint32_t i = o->user; i < o->n_locations; i++) {
		const struct rec_location *loc = &rec->locations[o->locations[i]];

		if (loc->is_c && !place_is_cut(loc) && !is_export_stub(loc))
			return &loc->frames[0];
	}
	return NULL;
}

static const char *const charge_names[] = {[CHARGE_SITE] = "site", [CHARGE_MODULE] = "module", [CHARGE_C] = "c"};

enum place_charge place_charge_named(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(charge_names); i++) {
		if (strcmp(name, charge_names[i]) == 0)
			return (enum place_charge)i;
	}
	return CHARGE_SITE;
}

const char *place_charge_name(enum place_charge charge)
{
	return charge_names[charge];
}

const struct rec_frame *place_charged(const struct recording *rec, const struct rec_observation *o,
				      enum place_charge charge)
{
	const struct rec_frame *frame = NULL;

	if (o->user != REC_NO_USER_FRAME) {
		const struct rec_location *loc = &rec->locations[o->locations[o->user]];

		if (charge == CHARGE_MODULE)
			frame = nearest_in_main_module(rec, o);
		else if (charge == CHARGE_C)
			frame = nearest_in_c(rec, o);
		return frame ? frame : place_innermost(loc->frames, loc->n_frames);
	}
	for (uint32_t i = 0; i < o->n_locations; i++) {
		frame = &rec->locations[o->locations[i]].frames[0];
		if (!go_runtime_is_allocator(frame->function))
			break;
	}
	return frame;
}

bool place_is_wrapper_file(const char *path)
{
	return path && strcmp(path_base(path), "<autogenerated>") == 0;
}

/* Where a method of the source is; of a generic one any instance, all of which have its lines. */
static const struct rec_extent *method_of_name(struct strpool *pool, const struct recording *rec, const char *method)
{
	const char *identity = strchr(method, '[') ? go_name_identity(pool, method) : NULL;
	const struct rec_extent *instance = NULL;

	for (size_t i = 0; i < rec->n_extents; i++) {
		const struct rec_extent *e = &rec->extents[i];

		if (!e->file || place_is_wrapper_file(e->file))
			continue;
		if (strcmp(e->function, method) == 0)
			return e;
		if (identity && !instance && go_name_is_wrapper_of(method, e->function) &&
		    strcmp(go_name_identity(pool, e->function), identity) == 0)
			instance = e;
	}
	return instance;
}

const struct rec_extent *place_wrapped_method(struct strpool *pool, const struct recording *rec, const char *function)
{
	size_t len = strlen(function);
	const char *names[3] = {NULL};

	for (size_t i = 0; i < rec->n_extents && !names[0]; i++) {
		if (rec->extents[i].wraps && strcmp(rec->extents[i].function, function) == 0)
			names[0] = rec->extents[i].wraps;
	}
	if (len > 3 && strcmp(function + len - 3, "-fm") == 0)
		names[1] = strpool_add_n(pool, function, len - 3);
	names[2] = go_name_value_method(pool, names[1] ? names[1] : function);
	for (size_t i = 0; i < 3; i++) {
		const struct rec_extent *method = names[i] ? method_of_name(pool, rec, names[i]) : NULL;

		if (method)
			return method;
	}
	return NULL;
}

struct rec_frame place_shown(struct strpool *pool, const struct recording *rec, const struct rec_frame *frame,
			     const char **file)
{
	struct rec_frame shown = *frame, source = *frame;
	const struct rec_extent *method =
		place_is_wrapper_file(frame->file) ? place_wrapped_method(pool, rec, frame->function) : NULL;

	if (method) {
		source.function = method->function; /* may be of another package */
		source.file = shown.file = method->file;
		shown.line = method->first;
	} else if (place_is_wrapper_file(frame->file)) {
		shown.line = 0; /* all wrappers have the same */
	}
	*file = place_file(pool, &rec->header, &source);
	return shown;
}

char *place_text(const char *file, int line, int column, const char *function)
{
	if (line > 0)
		return column > 0 ? xasprintf("%s:%d:%d", file, line, column) : xasprintf("%s:%d", file, line);
	return xstrdup(place_is_wrapper_file(file) && function ? go_name_short(function) : file);
}

bool place_is_newer(const struct recording *rec, const char *path)
{
	struct stat st;

	return rec->header.start_unix_ns && stat(path, &st) == 0 &&
	       (uint64_t)st.st_mtim.tv_sec > rec->header.start_unix_ns / 1000000000;
}
