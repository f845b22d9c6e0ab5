/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, and the questions that no single table answers. */
#include "symbolize/go_binary.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "symbolize/go_binary_internal.h"

int go_binary_open(struct go_binary **out, struct elf_image *image, struct error *err)
{
	struct go_binary *bin = xcalloc(1, sizeof(*bin));
	int ret;

	bin->image = image;
	bin->strings = strpool_new();
	bin->cache = xcalloc(1, sizeof(*bin->cache));
	ret = go_buildinfo_read(bin, err);
	if (ret == 0)
		ret = go_module_find(bin, err);
	if (ret < 0) {
		bin->image = NULL; /* stays with the caller */
		go_binary_free(bin);
		return ret;
	}
	*out = bin;
	return 0;
}

int go_binary_open_file(struct go_binary **out, const char *path, struct error *err)
{
	struct elf_image *image = NULL;
	int ret = elf_image_open(&image, path, err);

	if (ret == 0) {
		ret = go_binary_open(out, image, err);
		if (ret)
			elf_image_free(image);
	}
	return ret;
}

void go_binary_free(struct go_binary *bin)
{
	if (!bin)
		return;
	go_types_release(bin->cache);
	free(bin->cache->name_slots);
	free(bin->cache);
	free(bin->build.settings);
	strpool_free(bin->strings);
	elf_image_free(bin->image);
	free(bin);
}

const struct elf_image *go_binary_image(const struct go_binary *bin)
{
	return bin->image;
}

void go_binary_forget(const struct go_binary *bin)
{
	const struct go_module *module = &bin->module;

	/* They point into what goes. */
	memset(bin->cache->cursors, 0, sizeof(bin->cache->cursors));
	elf_image_forget(bin->image, module->text, module->etext - module->text);
	elf_image_forget(bin->image, module->types, module->etypes - module->types);
	elf_image_forget(bin->image, module->gofunc.vaddr, module->gofunc.size);
	elf_image_forget(bin->image, module->pctab.vaddr, module->pctab.size);
	elf_image_forget(bin->image, module->pclntable.vaddr + module->ftab.size,
			 module->pclntable.size - module->ftab.size);
}

/* ---- build information ---- */

const char *go_binary_version(const struct go_binary *bin)
{
	return bin->build.version;
}

int go_binary_minor(const struct go_binary *bin)
{
	return bin->build.minor;
}

const char *go_binary_main_package(const struct go_binary *bin)
{
	return bin->build.main_package;
}

const char *go_binary_main_module(const struct go_binary *bin)
{
	return bin->build.main_module;
}

const char *go_binary_modinfo(const struct go_binary *bin)
{
	return bin->build.modinfo;
}

const char *go_binary_setting(const struct go_binary *bin, const char *key)
{
	for (size_t i = 0; i < bin->build.n_settings; i++) {
		if (strcmp(bin->build.settings[i].key, key) == 0)
			return bin->build.settings[i].value;
	}
	return NULL;
}

void go_binary_text(const struct go_binary *bin, elf_vaddr *start, elf_vaddr *end)
{
	*start = bin->module.text;
	*end = bin->module.etext;
}

/* ---- whose code it is ---- */

/* Where the runtime's files lie, from functions that every program has and that lie in directory runtime itself. */
static const char *find_goroot_src(const struct go_binary *bin)
{
	static const struct {
		const char *function;
		const char *file;
	} known[] = {
		{"runtime.mallocgc", "runtime/malloc.go"},
		{"runtime.main", "runtime/proc.go"},
		{"runtime.schedinit", "runtime/proc.go"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		size_t len = 0, tail = strlen(known[i].file);
		const char *file = NULL;
		struct go_func func;

		if (go_binary_func_named(bin, known[i].function, &func))
			file = go_binary_func_file(bin, &func);
		if (file)
			len = strlen(file);
		if (file && len >= tail && strcmp(file + len - tail, known[i].file) == 0 &&
		    (len == tail || file[len - tail - 1] == '/'))
			return strpool_add_n(bin->strings, file, len - tail);
	}
	return "";
}

const char *go_binary_goroot_src(const struct go_binary *bin)
{
	struct go_cache *cache = bin->cache;

	if (!cache->goroot_src) {
		cache->goroot_src = find_goroot_src(bin);
		cache->goroot_src_len = strlen(cache->goroot_src);
	}
	return cache->goroot_src;
}

static bool has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* runtime/x.go and all of runtime/internal and internal/runtime; runtime/debug, runtime/pprof … are ordinary packages.
 */
static bool is_runtime_file(const char *file)
{
	if (has_prefix(file, "internal/runtime/") || has_prefix(file, "runtime/internal/"))
		return true;
	return has_prefix(file, "runtime/") && !strchr(file + strlen("runtime/"), '/');
}

bool go_binary_is_runtime(const struct go_binary *bin, const char *function, const char *file)
{
	if (has_prefix(function, "runtime.") || has_prefix(function, "internal/runtime/") ||
	    has_prefix(function, "runtime/internal/"))
		return true;
	if (!file || strncmp(file, go_binary_goroot_src(bin), bin->cache->goroot_src_len) != 0)
		return false;
	return is_runtime_file(file + bin->cache->goroot_src_len);
}
