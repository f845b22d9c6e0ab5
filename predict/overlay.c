/* SPDX-License-Identifier: Apache-2.0 */
#include "predict/overlay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/strbuf.h"

struct overlay {
	json_t *replacements; /* path -> replacement */
	json_t *replaced;     /* the other way; null where several have one replacement */
};

/* As filepath.Abs has it. The caller frees it. */
static char *absolute_path(const char *path, const char *directory)
{
	struct strbuf clean = STRBUF_INIT;

	path_clean(&clean, directory, path);
	return strbuf_detach(&clean);
}

/* The names as go list gives them, by which the files of packages are looked up. */
static int take_replacements(struct overlay *overlay, const json_t *replace, const char *directory)
{
	const char *from;
	json_t *to;
	int ret = json_is_object(replace) ? 0 : -EBADMSG;

	/* json_object_foreach of a constant object. */
	for (void *i = json_object_iter((json_t *)replace); i && ret == 0;
	     i = json_object_iter_next((json_t *)replace, i)) {
		char *name, *value = NULL;

		from = json_object_iter_key(i);
		to = json_object_iter_value(i);
		name = absolute_path(from, directory);
		if (json_is_string(to) && *json_string_value(to))
			value = absolute_path(json_string_value(to), directory);
		ret = json_is_string(to) && json_object_set_new(overlay->replacements, name,
								json_string(value ? value : "")) == 0
			      ? 0
			      : -EBADMSG;
		if (ret == 0 && value)
			json_object_set_new(overlay->replaced, value,
					    json_object_get(overlay->replaced, value) ? json_null()
										      : json_string(name));
		free(name);
		free(value);
	}
	return ret;
}

struct overlay *overlay_read(const char *path, const char *directory, struct error *err)
{
	struct overlay *overlay = xcalloc(1, sizeof(*overlay));
	json_error_t where;
	json_t *root = json_load_file(path, 0, &where), *value;
	const char *key;
	int ret = 0;

	overlay->replacements = json_object();
	overlay->replaced = json_object();
	if (!root)
		ret = error_set(err, -EBADMSG, "build: failed to read the overlay '%s': line %d: %s", path, where.line,
				where.text);
	json_object_foreach(root, key, value)
	{
		/* encoding/json takes names in any case. */
		if (ret == 0 && strcasecmp(key, "Replace") == 0 && !json_is_null(value) &&
		    take_replacements(overlay, value, directory))
			ret = error_set(err, -EBADMSG,
					"build: failed to read the overlay '%s': its Replace is not names and their "
					"replacements",
					path);
	}
	json_decref(root);
	if (ret) {
		overlay_free(overlay);
		return NULL;
	}
	return overlay;
}

void overlay_free(struct overlay *overlay)
{
	if (!overlay)
		return;
	json_decref(overlay->replacements);
	json_decref(overlay->replaced);
	free(overlay);
}

const char *overlay_contents(const struct overlay *overlay, const char *path)
{
	const json_t *value = overlay ? json_object_get(overlay->replacements, path) : NULL;
	const char *replacement = json_string_value(value);

	if (!value)
		return path;
	return replacement && *replacement ? replacement : NULL;
}

const char *overlay_replaced(const struct overlay *overlay, const char *contents)
{
	return overlay ? json_string_value(json_object_get(overlay->replaced, contents)) : NULL;
}

json_t *overlay_replacements(const struct overlay *overlay)
{
	return overlay ? json_copy(overlay->replacements) : json_object();
}
