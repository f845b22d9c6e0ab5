/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

/* Adds the names of one path behind what begins at start. Nothing before floor is taken back: it moves behind "..". */
static void add_names(struct strbuf *out, size_t start, size_t *floor, bool is_absolute, const char *path)
{
	for (;;) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (!n)
			return;
		if (n == 2 && strncmp(path, "..", 2) == 0 && (out->len > *floor || is_absolute)) {
			while (out->len > *floor && out->buf[out->len - 1] != '/')
				out->len--;
			if (out->len > *floor)
				out->len--; /* the slash */
			if (out->buf)
				out->buf[out->len] = '\0';
		} else if (n != 1 || *path != '.') {
			bool is_up = n == 2 && strncmp(path, "..", 2) == 0;

			if (is_absolute || out->len > start)
				strbuf_addch(out, '/');
			strbuf_add(out, path, n);
			if (is_up)
				*floor = out->len;
		}
		path += n;
	}
}

void path_clean(struct strbuf *out, const char *directory, const char *path)
{
	const char *first = directory && *path != '/' ? directory : path;
	size_t start = out->len, floor = start;
	bool is_absolute = *first == '/';

	add_names(out, start, &floor, is_absolute, first);
	if (first != path)
		add_names(out, start, &floor, is_absolute, path);
	if (out->len == start)
		strbuf_addch(out, is_absolute ? '/' : '.');
}
