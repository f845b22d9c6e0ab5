/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `go list -deps` has said which files the predicted packages are made of, `go build -overlay` compiles their copies.
 * Packages that are not predicted come from the build cache as they are. Files that import "C" are
 * not copied: cgo writes other files for the compiler.
 */
#include "predict/twin_build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "symbolize/go_name.h"

struct twin_build {
	struct twin *twin;
	struct go_command *go;
	const struct go_flags *flags;
	const char *const *packages;
	const struct source_list *list;
	const char *go_version;
	const struct overlay *overlay; /* the user's */
	const char *module_cache;
	char *directory; /* of the copies */
	size_t n_left;	 /* files without a copy */
};

static void add_packages(const struct twin_build *b, struct words *argv)
{
	for (size_t i = 0; b->packages && b->packages[i]; i++)
		words_add(argv, b->packages[i]);
}

static bool is_below(const char *path, const char *directory)
{
	size_t n = directory ? strlen(directory) : 0;

	return n && strncmp(path, directory, n) == 0 && path[n] == '/';
}

/*
 * The runtime has no sites, and stays as it is: by the names of its files its functions are told from others, also
 * where they have another package's name (go_binary_is_runtime).
 */
static void copy_package(struct twin_build *b, const struct listed_package *p)
{
	if (go_name_is_runtime_package(p->path) || !go_flags_in_scope(b->flags, p->path, p->directory, p->is_standard))
		return;
	b->n_left += p->n_cgo;
	for (size_t i = 0; i < p->files.n; i++) {
		const char *path = p->files.items[i], *contents = overlay_contents(b->overlay, path);

		if (!contents || is_below(path, b->module_cache) || !twin_add(b->twin, path, contents, b->directory))
			b->n_left++;
	}
}

static char *overlay_path(const struct go_command *go)
{
	return xasprintf("%s/overlay.json", go->work);
}

static bool asks_position_base(const char *go_version)
{
	int minor = 0;

	return sscanf(go_version, "go1.%d", &minor) == 1 && minor >= 22 && minor <= 24;
}

/*
 * Which variables a loop has is decided by the Go version of its file. Go 1.22 to 1.24 ask for that with the position
 * base of the loop, which behind a line directive is not the file's, and take the newest (distinctVars in
 * cmd/compile/internal/noder/writer.go, where the flag is named that turns it off).
 */
static void add_flags(const struct twin_build *b, struct words *argv)
{
	struct words packages = {.items = NULL};
	bool has_named = false;

	for (size_t i = 0; asks_position_base(b->go_version) && i < b->list->n; i++) {
		const struct listed_package *p = &b->list->items[i];

		if (!p->shares_loop_vars || !go_flags_in_scope(b->flags, p->path, p->directory, p->is_standard))
			continue;
		words_add(&packages, p->path);
		has_named |= p->is_named;
	}
	go_flags_add_twins(b->flags, &packages, has_named, argv);
	words_release(&packages);
}

static int build(struct twin_build *b)
{
	char *overlay = overlay_path(b->go);
	struct words argv = {.items = NULL};
	int status = 0, ret;

	words_add(&argv, b->go->name);
	words_add(&argv, "build");
	for (size_t i = 0; i < b->flags->all.n; i++)
		words_add(&argv, b->flags->all.items[i]);
	add_flags(b, &argv);
	/* Nobody reads the twin's symbols: its line table is elsewhere, and linking takes less time. */
	if (!go_flags_value(b->flags, "ldflags"))
		words_add(&argv, "-ldflags=-s -w");
	words_take(&argv, xasprintf("-overlay=%s", overlay));
	words_add(&argv, "-o");
	words_add(&argv, twin_path(b->twin));
	add_packages(b, &argv);
	ret = go_command_run(b->go, &argv, &status);
	if (ret == 0 && status)
		ret = go_command_failed(b->go, "go build -overlay", status);
	words_release(&argv);
	free(overlay);
	return ret;
}

static int copy_sources(struct twin_build *b, const struct source_list *list)
{
	char *overlay = overlay_path(b->go);
	int ret = 0;

	if (mkdir(b->directory, 0700) < 0)
		ret = error_set(b->go->err, -errno, "build: failed to create '%s': %s", b->directory, strerror(errno));
	for (size_t i = 0; ret == 0 && i < list->n; i++)
		copy_package(b, &list->items[i]);
	if (ret == 0 && twin_count(b->twin) == 0)
		ret = error_set(b->go->err, -ENOENT,
				"build: none of the predicted packages has a file that can be copied");
	if (ret == 0 && twin_write_overlay(b->twin, b->overlay, overlay))
		ret = error_set(b->go->err, -EIO, "build: failed to write '%s'; make room there, or set TMPDIR",
				overlay);
	free(overlay);
	return ret;
}

int twin_prepare(struct twin *twin, struct go_command *go, const struct go_flags *flags, const struct source_list *list,
		 const struct overlay *users, const char *module_cache, bool *ready, char **missing)
{
	struct twin_build b = {.twin = twin, .go = go, .flags = flags, .overlay = users, .module_cache = module_cache};
	int ret;

	*ready = false;
	*missing = NULL;
	if (go_flags_is_covered(flags)) {
		*missing = xstrdup("-cover rewrites the sources");
		return 0;
	}
	b.directory = xasprintf("%s/twin", go->work);
	ret = copy_sources(&b, list);
	free(b.directory);
	*ready = ret == 0;
	if (ret == 0 && b.n_left)
		*missing = xasprintf("%zu %s no copy", b.n_left, b.n_left == 1 ? "file has" : "files have");
	return go_command_give_reason(go, ret, missing);
}

int twin_build(struct twin *twin, struct go_command *go, const struct go_flags *flags, const struct source_list *list,
	       const char *const *packages, const char *go_version, char **missing)
{
	struct twin_build b = {
		.twin = twin, .go = go, .flags = flags, .list = list, .packages = packages, .go_version = go_version};
	int ret = build(&b);

	if (ret == 0)
		twin_set_built(twin);
	return go_command_give_reason(go, ret, missing);
}
