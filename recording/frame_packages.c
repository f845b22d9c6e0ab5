/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The package of a frame's file. A function's name begins with its package, but for function literals: one that is
 * inlined into another package with the function around it is named after the function that it comes into, as
 * "main.main.With.func1" is of opt.With (up to Go 1.24). Its file stays that of opt: other functions tell which package
 * that directory is, or one near it, as import paths follow directories.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/u64map.h"
#include "recording/place.h"
#include "symbolize/go_name.h"

struct directory {
	const char *path; /* pooled, without the last slash */
	const char *package;
};

struct directories {
	struct recording *rec;
	struct u64map known; /* pooled path */
	struct directory *items;
	size_t n, alloc;
};

static const char *directory_of(struct recording *rec, const char *file)
{
	return strpool_add_n(rec->pool, file, (size_t)(path_base(file) - file) - (path_base(file) > file));
}

static bool is_placed(const struct rec_header *header, const struct rec_frame *frame)
{
	return frame->file && frame->function && path_base(frame->file) > frame->file &&
	       !(header->goroot_src && *header->goroot_src &&
		 strncmp(frame->file, header->goroot_src, strlen(header->goroot_src)) == 0);
}

static void add_directory(struct directories *d, const struct rec_frame *frame)
{
	const char *path, *package;
	bool is_new;

	if (!is_placed(&d->rec->header, frame) || go_name_is_closure(frame->function) ||
	    place_is_wrapper_file(frame->file))
		return;
	package = place_package(d->rec->pool, &d->rec->header, frame);
	path = directory_of(d->rec, frame->file);
	if (!package || !*package)
		return;
	u64map_at(&d->known, (uintptr_t)path, &is_new);
	if (!is_new)
		return;
	ARRAY_GROW(d->items, d->n + 1, d->alloc);
	d->items[d->n++] = (struct directory){.path = path, .package = package};
}

static int compare_directories(const void *a, const void *b)
{
	return strcmp(((const struct directory *)a)->path, ((const struct directory *)b)->path);
}

/* How much of both paths is the same directory. */
static size_t common_length(const char *a, const char *b)
{
	size_t n = 0, end = 0;

	for (; a[n] && a[n] == b[n]; n++) {
		if (a[n] == '/')
			end = n;
	}
	return (!a[n] || a[n] == '/') && (!b[n] || b[n] == '/') ? n : end;
}

/* The package of the directory above as many names as the path has behind the first n bytes; its length. 0 if its names
 * are others: a package main may stand anywhere. */
static size_t ancestor_length(const char *package, const char *path, size_t n)
{
	size_t len = strlen(package);
	const char *end = path + strlen(path);

	while (end > path + n) {
		const char *name = end, *of_package;
		size_t size;

		while (name > path + n && name[-1] != '/')
			name--;
		size = strcspn(name, "@/");
		for (of_package = package + len; of_package > package && of_package[-1] != '/'; of_package--)
			;
		if ((size_t)(package + len - of_package) != size || strncmp(of_package, name, size) != 0 ||
		    of_package == package)
			return 0;
		len = (size_t)(of_package - package) - 1;
		end = name > path ? name - 1 : name;
	}
	return len;
}

/* The names of the path behind the first n bytes, below the package of that directory. Module caches have versions in
 * names. */
static const char *package_below(struct recording *rec, const char *package, size_t len, const char *path, size_t n)
{
	struct strbuf text = STRBUF_INIT;
	const char *pooled;

	strbuf_add(&text, package, len);
	for (const char *s = path + n; *s;) {
		size_t size = strcspn(s + 1, "@/");

		strbuf_addch(&text, '/');
		strbuf_add(&text, s + 1, size);
		s += 1 + strcspn(s + 1, "/");
	}
	pooled = strpool_add(rec->pool, strbuf_str(&text));
	strbuf_release(&text);
	return pooled;
}

/* NULL if nothing tells. */
static const char *package_of(const struct directories *d, const char *path)
{
	size_t low = 0, high = d->n, best = 0;
	const char *found = NULL;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(d->items[mid].path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	/* What has most in common with it is beside it in this order. */
	for (size_t i = low > 0 ? low - 1 : 0; i < d->n && i <= low; i++) {
		const struct directory *near = &d->items[i];
		size_t n = common_length(near->path, path), len;

		if (n <= best)
			continue;
		len = ancestor_length(near->package, near->path, n);
		if (!len)
			continue;
		best = n;
		found = package_below(d->rec, near->package, len, path, n);
	}
	return found;
}

/* NULL if it is that of the function, or nothing tells. */
static const char *package_of_file(const struct directories *d, const struct rec_frame *frame)
{
	const char *own, *package;

	if (!is_placed(&d->rec->header, frame) || !go_name_is_closure(frame->function))
		return NULL;
	own = place_package(d->rec->pool, &d->rec->header, frame);
	package = package_of(d, directory_of(d->rec, frame->file));
	return package && own && strcmp(package, own) != 0 ? package : NULL;
}

static struct rec_frame frame_of(const struct rec_extent *extent)
{
	return (struct rec_frame){.function = extent->function, .file = extent->file};
}

/* Adds the directories of frames, or, once they are known, finds their packages. */
static void visit(struct directories *d, struct rec_frame *frames, size_t n, bool is_known)
{
	for (size_t i = 0; i < n; i++) {
		if (is_known)
			frames[i].file_package = package_of_file(d, &frames[i]);
		else
			add_directory(d, &frames[i]);
	}
}

static void visit_all(struct directories *d, bool is_known)
{
	struct recording *rec = d->rec;

	for (size_t i = 0; i < rec->n_locations; i++) {
		struct rec_location *loc = &rec->locations[i];

		if (!loc->is_c)
			visit(d, loc->frames, loc->n_frames, is_known);
		for (size_t k = 0; loc->is_c && is_known && k < loc->n_frames; k++)
			loc->frames[k].file_package = ""; /* nor do names of C++ tell one */
	}
	if (is_known && rec->borrows_sites) /* they have theirs */
		return;
	for (size_t i = 0; i < rec->n_sites; i++)
		visit(d, rec->sites[i].frames, rec->sites[i].n_frames, is_known);
	for (size_t i = 0; i < rec->n_extents; i++) {
		struct rec_frame frame = frame_of(&rec->extents[i]);

		visit(d, &frame, 1, is_known);
		rec->extents[i].file_package = frame.file_package;
	}
}

void place_find_packages(struct recording *rec)
{
	struct directories d = {.rec = rec, .known = U64MAP_INIT};

	visit_all(&d, false);
	if (d.n)
		qsort(d.items, d.n, sizeof(*d.items), compare_directories);
	visit_all(&d, true);
	u64map_release(&d.known);
	free(d.items);
}
