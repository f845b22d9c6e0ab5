/* SPDX-License-Identifier: Apache-2.0 */
#include "diff/changed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/memory.h"
#include "recording/place.h"

void changed_init(struct changed *c)
{
	*c = (struct changed){.pool = strpool_new()};
}

void changed_release(struct changed *c)
{
	free(c->items);
	strpool_free(c->pool);
	*c = (struct changed){.pool = NULL};
}

void changed_add(struct changed *c, const char *file, int first, int last)
{
	ARRAY_GROW(c->items, c->n + 1, c->alloc);
	c->items[c->n++] = (struct changed_range){strpool_add(c->pool, file), first, last};
}

/* ---- the text of a diff ----------------------------------------------------------------------------------------- */

/* The name behind "--- a/" or "+++ b/"; NULL for /dev/null and for names in quotes. From pool. */
static const char *name_of(struct strpool *pool, const char *line, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	if (len <= n || memcmp(line, prefix, n) != 0)
		return NULL;
	if (line[len - 1] == '\t') /* ends a name with blanks in it */
		len--;
	return strpool_add_n(pool, line + n, len - n);
}

/* A number of at most nine digits; -1 if there is none. */
static long take_number(const char **at, const char *end)
{
	const char *begin = *at;
	long n = 0;

	for (; *at < end && **at >= '0' && **at <= '9' && *at - begin < 9; (*at)++)
		n = n * 10 + (**at - '0');
	return *at == begin || (*at < end && **at >= '0' && **at <= '9') ? -1 : n;
}

/* "-12,3" or "+12": first and count. */
static bool take_range(const char **at, const char *end, char sign, long *first, long *count)
{
	if (*at == end || **at != sign)
		return false;
	(*at)++;
	*first = take_number(at, end);
	*count = 1;
	if (*at < end && **at == ',') {
		(*at)++;
		*count = take_number(at, end);
	}
	return *first >= 0 && *count >= 0;
}

/* "@@ -12,3 +12 @@ func f() {" */
static bool read_hunk(const char *line, size_t len, long first[2], long count[2])
{
	const char *at = line + 3, *end = line + len;

	if (len < 4 || memcmp(line, "@@ ", 3) != 0 || !take_range(&at, end, '-', &first[0], &count[0]))
		return false;
	if (at == end || *at++ != ' ')
		return false;
	return take_range(&at, end, '+', &first[1], &count[1]) && end - at >= 3 && memcmp(at, " @@", 3) == 0;
}

int changed_read(struct changed *before, struct changed *after, const char *diff, size_t size, struct error *err)
{
	const char *file[2] = {NULL, NULL};
	long first[2], count[2], left[2] = {0, 0};
	struct lines lines;
	const char *line;
	size_t len;

	lines_init_bytes(&lines, diff, size);
	while (lines_next(&lines, &line, &len)) {
		/* What was taken out may read "-- a/x"; only the counts tell it from the next file's name. */
		if (left[0] > 0 && len && line[0] == '-') {
			left[0]--;
		} else if (left[1] > 0 && len && line[0] == '+') {
			left[1]--;
		} else if (len && line[0] == '\\') {
			continue;
		} else if (left[0] > 0 || left[1] > 0) {
			break;
		} else if (len >= 4 && memcmp(line, "--- ", 4) == 0) {
			file[0] = name_of(before->pool, line, len, "--- a/");
		} else if (len >= 4 && memcmp(line, "+++ ", 4) == 0) {
			file[1] = name_of(after->pool, line, len, "+++ b/");
		} else if (read_hunk(line, len, first, count)) {
			left[0] = count[0];
			left[1] = count[1];
			if (file[0] && left[0])
				changed_add(before, file[0], (int)first[0], (int)(first[0] + left[0] - 1));
			if (file[1] && left[1])
				changed_add(after, file[1], (int)first[1], (int)(first[1] + left[1] - 1));
		}
	}
	lines_release(&lines);
	if (left[0] > 0 || left[1] > 0)
		return error_set(err, -EBADMSG,
				 "change: failed to read the difference of the sources: a hunk ends early");
	return 0;
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

const char *changed_module_path(struct strpool *pool, const char *go_mod, size_t size)
{
	static const char word[] = "module";
	struct lines lines;
	const char *line, *path = NULL;
	size_t len;

	lines_init_bytes(&lines, go_mod, size);
	while (!path && lines_next(&lines, &line, &len)) {
		size_t at = 0, n;

		while (at < len && (line[at] == ' ' || line[at] == '\t'))
			at++;
		if (len - at <= strlen(word) || memcmp(line + at, word, strlen(word)) != 0)
			continue;
		at += strlen(word);
		if (line[at] != ' ' && line[at] != '\t')
			continue;
		while (at < len && strchr(" \t\"`", line[at]) && line[at])
			at++;
		for (n = 0; at + n < len && line[at + n] && !strchr(" \t\"`", line[at + n]); n++)
			;
		if (n && memcmp(line + at, "//", n < 2 ? n : 2) != 0)
			path = strpool_add_n(pool, line + at, n);
	}
	lines_release(&lines);
	return path;
}

static bool is_below(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	return n == 0 || (strncmp(path, directory, n) == 0 && path[n] == '/');
}

static const char *placed(struct changed *c, const char *path, const struct changed_module *modules, size_t n,
			  const struct rec_header *header)
{
	static const char vendor[] = "vendor/";
	const struct changed_module *m = NULL;
	const char *rest, *slash, *package;

	for (size_t i = 0; i < n; i++) {
		if (is_below(path, modules[i].directory) && (!m || strlen(modules[i].directory) > strlen(m->directory)))
			m = &modules[i];
	}
	if (!m)
		return path;
	rest = path + strlen(m->directory);
	rest += *m->directory != '\0';
	slash = strrchr(rest, '/');
	if (slash && strncmp(rest, vendor, strlen(vendor)) == 0 && (size_t)(slash - rest) >= strlen(vendor))
		package = strpool_add_n(c->pool, rest + strlen(vendor), (size_t)(slash - rest) - strlen(vendor));
	else if (slash)
		package = strpool_addf(c->pool, "%s/%.*s", m->path, (int)(slash - rest), rest);
	else
		package = m->path;
	return place_path(c->pool, header, path, package);
}

static int compare_ranges(const void *a, const void *b)
{
	const struct changed_range *x = a, *y = b;
	int c = strcmp(x->file, y->file);

	return c ? c : (x->first > y->first) - (x->first < y->first);
}

void changed_place(struct changed *c, const struct changed_module *modules, size_t n, const struct rec_header *header)
{
	for (size_t i = 0; i < c->n; i++)
		c->items[i].file = placed(c, c->items[i].file, modules, n, header);
	if (c->n)
		qsort(c->items, c->n, sizeof(*c->items), compare_ranges);
}

bool changed_touches(const struct changed *c, const char *file, int line)
{
	size_t low = 0, high = c->n;

	while (low < high) { /* the first range of the file */
		size_t middle = low + (high - low) / 2;

		if (strcmp(c->items[middle].file, file) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < c->n && strcmp(c->items[low].file, file) == 0; low++) {
		if (line >= c->items[low].first && line <= c->items[low].last)
			return true;
	}
	return false;
}
