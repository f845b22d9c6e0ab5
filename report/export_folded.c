/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/u64map.h"
#include "report/export.h"
#include "report/header.h"
#include "report/text_table.h"

struct stack {
	const char *text;
	uint64_t count;
};

/* Semicolons separate frames, and a line ends where it ends: "struct { F uintptr; X0 int }" has to give way. */
static void add_frame(struct strbuf *sb, const char *name)
{
	size_t begin;

	if (sb->len)
		strbuf_addch(sb, ';');
	begin = sb->len;
	text_clean(sb, name);
	for (size_t i = begin; i < sb->len; i++) {
		if (sb->buf[i] == ';')
			sb->buf[i] = ',';
	}
}

/*
 * main.main;main.add;main.sum 100: inlined frames are frames, the runtime's own below the user's line are left out, and
 * the object's type is what lies on top.
 */
static void add_stack(struct strbuf *sb, const struct recording *rec, const struct rec_observation *o)
{
	uint32_t first = o->user == REC_NO_USER_FRAME ? 0 : o->user;

	strbuf_clear(sb);
	if (o->truncated)
		add_frame(sb, "[truncated]");
	for (uint32_t i = o->n_locations; i-- > first;) {
		const struct rec_location *loc = &rec->locations[o->locations[i]];

		for (size_t k = loc->n_frames; k-- > 0;)
			add_frame(sb, loc->frames[k].function);
	}
	add_frame(sb, o->type ? o->type : cause_name(o->cause));
}

static int compare_stacks(const void *a, const void *b)
{
	return strcmp(((const struct stack *)a)->text, ((const struct stack *)b)->text);
}

int export_folded(FILE *f, const struct recording *rec, bool by_objects)
{
	struct strpool *pool = strpool_new();
	struct u64map index = U64MAP_INIT;
	struct strbuf sb = STRBUF_INIT;
	struct stack *stacks = NULL;
	size_t n = 0, alloc = 0;

	for (size_t i = 0; i < rec->n_observations; i++) {
		const struct rec_observation *o = &rec->observations[i];
		const char *text;
		uint64_t *at;
		bool is_new;

		add_stack(&sb, rec, o);
		text = strpool_add(pool, strbuf_str(&sb));
		at = u64map_at(&index, (uintptr_t)text, &is_new);
		if (is_new) {
			*at = n;
			ARRAY_GROW(stacks, n + 1, alloc);
			stacks[n++] = (struct stack){.text = text};
		}
		stacks[*at].count += by_objects ? o->objects : o->bytes;
	}
	if (n)
		qsort(stacks, n, sizeof(*stacks), compare_stacks);
	for (size_t i = 0; i < n; i++) {
		if (stacks[i].count)
			fprintf(f, "%s %" PRIu64 "\n", stacks[i].text, stacks[i].count);
	}
	free(stacks);
	strbuf_release(&sb);
	u64map_release(&index);
	strpool_free(pool);
	return report_finish(f);
}
