/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies are named after their sources in line tables by a number made of the path: the same in every build, so that
 * go's build cache knows the twin's packages again, and an absolute name that -trimpath has no reason to change.
 */
#include "predict/twin.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/u64map.h"

#define NAME_PREFIX  "/escaudit/"
#define SOURCE_LIMIT (64u << 20) /* bytes of one file */

struct twin_file {
	char *path, *contents, *copy;
	uint64_t number;   /* of the path: its name in line tables */
	uint64_t checksum; /* of the text */
	struct source_tokens *source;
	bool is_read;
};

struct twin {
	const char *path;
	struct twin_file *files;
	size_t n, alloc;
	struct u64map numbers; /* of paths -> file + 1 */
	bool is_built;
	size_t n_changed;
};

struct twin *twin_new(const char *path)
{
	struct twin *twin = xcalloc(1, sizeof(*twin));

	twin->path = path;
	return twin;
}

void twin_free(struct twin *twin)
{
	if (!twin)
		return;
	for (size_t i = 0; i < twin->n; i++) {
		free(twin->files[i].path);
		free(twin->files[i].contents);
		free(twin->files[i].copy);
		source_tokens_free(twin->files[i].source);
	}
	free(twin->files);
	u64map_release(&twin->numbers);
	free(twin);
}

static struct source_tokens *read_source(const char *path, uint64_t *checksum)
{
	struct source_tokens *source = NULL;
	struct strbuf text = STRBUF_INIT;

	if (strbuf_read_file(&text, path, SOURCE_LIMIT) == 0) {
		*checksum = bytes_number(strbuf_str(&text), text.len);
		source = source_tokens_new(&text);
	}
	strbuf_release(&text);
	return source;
}

static int write_file(const char *path, const struct strbuf *text)
{
	FILE *f = fopen(path, "we");
	bool ok;

	if (!f)
		return -errno;
	ok = fwrite(text->buf, 1, text->len, f) == text->len;
	return fclose(f) == 0 && ok ? 0 : -EIO;
}

bool twin_add(struct twin *twin, const char *path, const char *contents, const char *directory)
{
	uint64_t number = bytes_number(path, strlen(path)), checksum;
	struct source_tokens *source = read_source(contents, &checksum);
	struct strbuf copy = STRBUF_INIT;
	struct twin_file file;
	char *name;
	json_t *text = json_string(path);
	bool is_new;
	int ret;

	json_decref(text);
	if (!source || !text) { /* an overlay is JSON: it cannot name what is no UTF-8 */
		source_tokens_free(source);
		return false;
	}
	file = (struct twin_file){.path = xstrdup(path),
				  .contents = xstrdup(contents),
				  .copy = xasprintf("%s/%zu.go", directory, twin->n),
				  .number = number,
				  .checksum = checksum};
	name = xasprintf(NAME_PREFIX "%016" PRIx64 ".go", number);
	source_tokens_copy(source, name, &copy);
	source_tokens_free(source);
	free(name);
	ret = write_file(file.copy, &copy);
	strbuf_release(&copy);
	if (ret == 0) {
		uint64_t *place = u64map_at(&twin->numbers, number, &is_new);

		if (is_new) {
			ARRAY_GROW(twin->files, twin->n + 1, twin->alloc);
			twin->files[twin->n++] = file;
			*place = twin->n;
			return true;
		}
	}
	free(file.path);
	free(file.contents);
	free(file.copy);
	return false;
}

int twin_write_overlay(const struct twin *twin, const struct overlay *users, const char *path)
{
	json_t *replace = overlay_replacements(users), *root;
	int ret = 0;

	for (size_t i = 0; i < twin->n && ret == 0; i++)
		ret = json_object_set_new(replace, twin->files[i].path, json_string(twin->files[i].copy));
	root = json_pack("{s:o}", "Replace", replace);
	if (ret == 0)
		ret = root ? json_dump_file(root, path, JSON_INDENT(0)) : -1;
	json_decref(root);
	return ret ? -EIO : 0;
}

size_t twin_count(const struct twin *twin)
{
	return twin->n;
}

const char *twin_path(const struct twin *twin)
{
	return twin->path;
}

void twin_set_built(struct twin *twin)
{
	twin->is_built = true;
}

bool twin_is_built(const struct twin *twin)
{
	return twin->is_built;
}

/* NULL if it is none of the copies. */
static struct twin_file *find_file(const struct twin *twin, const char *name)
{
	size_t n = strlen(NAME_PREFIX);
	const uint64_t *place;

	if (!name || strncmp(name, NAME_PREFIX, n) != 0)
		return NULL;
	place = u64map_find(&twin->numbers, strtoull(name + n, NULL, 16));
	return place ? &twin->files[*place - 1] : NULL;
}

const char *twin_file(const struct twin *twin, const char *name)
{
	const struct twin_file *file = find_file(twin, name);

	return file ? file->path : NULL;
}

const struct source_tokens *twin_source(struct twin *twin, const char *name)
{
	struct twin_file *file = find_file(twin, name);
	uint64_t checksum = 0;

	if (!file)
		return NULL;
	if (!file->is_read) {
		file->is_read = true;
		file->source = read_source(file->contents, &checksum);
		if (checksum != file->checksum) {
			source_tokens_free(file->source);
			file->source = NULL;
			twin->n_changed++;
		}
	}
	return file->source;
}

size_t twin_token(struct twin *twin, const char *name, int line)
{
	const struct source_tokens *source = twin_source(twin, name);

	return source && line > 0 && (size_t)line <= source_tokens_count(source) ? (size_t)line - 1 : SOURCE_NO_TOKEN;
}

size_t twin_changed(const struct twin *twin)
{
	return twin->n_changed;
}
