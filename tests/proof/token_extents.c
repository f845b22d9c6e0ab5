/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What predict/source_tokens.h says that a position stands for, held against go/parser (tests/proof/extents/main.go,
 * whose output is read here): of each kind of node how many there are, and how many are cut otherwise. Of each kind the
 * first few are shown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "predict/source_tokens.h"

#define SHOWN 3

struct kind {
	char *name;
	size_t n, n_other;
};

struct kinds {
	struct kind *items;
	size_t n, alloc;
};

static struct kind *find_kind(struct kinds *kinds, const char *name)
{
	for (size_t i = 0; i < kinds->n; i++) {
		if (strcmp(kinds->items[i].name, name) == 0)
			return &kinds->items[i];
	}
	ARRAY_GROW(kinds->items, kinds->n + 1, kinds->alloc);
	kinds->items[kinds->n] = (struct kind){.name = xstrdup(name)};
	return &kinds->items[kinds->n++];
}

static struct source_tokens *open_source(const char *path)
{
	struct source_tokens *source = NULL;
	struct strbuf text = STRBUF_INIT;

	if (strbuf_read_file(&text, path, 0) == 0)
		source = source_tokens_new(&text);
	strbuf_release(&text);
	return source;
}

static void show(const char *path, const struct source_tokens *source, const char *name, const size_t *want,
		 const size_t *found)
{
	struct source_position at = source_tokens_position(source, want[0]);
	struct source_position first = source_tokens_position(source, want[1]);
	struct source_position last = source_tokens_position(source, want[2]);
	struct source_position our_first = source_tokens_position(source, found[0]);
	struct source_position our_last = source_tokens_position(source, found[1]);

	printf("  %s:%d:%d: %s is %d:%d to %d:%d, not %d:%d to %d:%d\n", path, at.line, at.column, name, first.line,
	       first.column, last.line, last.column, our_first.line, our_first.column, our_last.line, our_last.column);
}

int main(void)
{
	struct kinds kinds = {.items = NULL};
	struct source_tokens *source = NULL;
	char *line = NULL, *path = NULL;
	size_t alloc = 0, unread = 0;
	ssize_t n;

	while ((n = getline(&line, &alloc, stdin)) > 0) {
		size_t want[3], found[2];
		struct kind *kind;
		char *rest = line;

		line[n - 1] = '\0';
		if (strncmp(line, "file ", 5) == 0) {
			free(path);
			path = xstrdup(line + 5);
			source_tokens_free(source);
			source = open_source(path);
			unread += !source;
			continue;
		}
		for (size_t i = 0; i < ARRAY_SIZE(want); i++)
			want[i] = strtoul(rest, &rest, 10);
		if (!source || want[0] >= source_tokens_count(source) || *rest != ' ')
			continue;
		kind = find_kind(&kinds, rest + 1);
		kind->n++;
		source_tokens_extent(source, want[0], &found[0], &found[1]);
		if (found[0] == want[1] && found[1] == want[2])
			continue;
		if (kind->n_other++ < SHOWN)
			show(path, source, kind->name, want, found);
	}
	for (size_t i = 0; i < kinds.n; i++) {
		printf("%s: %zu of %zu otherwise\n", kinds.items[i].name, kinds.items[i].n_other, kinds.items[i].n);
		free(kinds.items[i].name);
	}
	printf("%zu files not read\n", unread);
	free(kinds.items);
	source_tokens_free(source);
	free(path);
	free(line);
	return 0;
}
