/* SPDX-License-Identifier: Apache-2.0 */
#include "report/flame.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/u64map.h"
#include "recording/place.h"
#include "symbolize/go_name.h"

#define TRUNCATED "[truncated]"

struct builder {
	struct flame *flame;
	const struct recording *rec;
	struct u64map ids;	/* string of the pool to a small number */
	struct u64map children; /* parent << 32 | id to an index of frames */
};

static uint32_t id_of(struct builder *b, const char *key)
{
	bool is_new;
	uint64_t *id = u64map_at(&b->ids, (uintptr_t)key, &is_new);

	if (is_new)
		*id = b->ids.n;
	return (uint32_t)*id;
}

/* Keys are strings of the pool: exact, whatever is hashed to one slot. */
static uint32_t child(struct builder *b, uint32_t parent, const char *key, const struct flame_frame *frame)
{
	struct flame *flame = b->flame;
	bool is_new;
	uint64_t *at = u64map_at(&b->children, (uint64_t)parent << 32 | id_of(b, key), &is_new);

	if (is_new) {
		*at = flame->n;
		ARRAY_GROW(flame->frames, flame->n + 1, flame->alloc);
		flame->frames[flame->n] = *frame;
		flame->frames[flame->n++].parent = parent;
	}
	return (uint32_t)*at;
}

static void count(struct flame_frame *frame, const struct rec_observation *o)
{
	frame->objects += o->objects;
	frame->bytes += o->bytes;
}

static enum flame_origin origin_of(const struct recording *rec, const struct rec_frame *frame, bool is_runtime)
{
	const struct rec_header *h = &rec->header;
	size_t len = go_name_package_length(frame->function);
	const char *slash = memchr(frame->function, '/', len);
	size_t first = slash ? (size_t)(slash - frame->function) : len;

	if (is_runtime || strncmp(frame->function, "runtime.", 8) == 0)
		return FLAME_RUNTIME;
	if (place_in_main_module(h, frame->function))
		return FLAME_MAIN;
	if (!len)
		return FLAME_OTHER;
	if (h->goroot_src && *h->goroot_src && frame->file)
		return strncmp(frame->file, h->goroot_src, strlen(h->goroot_src)) == 0 ? FLAME_STANDARD
										       : FLAME_DEPENDENCY;
	/* Import paths that can be fetched begin with a host. */
	return memchr(frame->function, '.', first) ? FLAME_DEPENDENCY : FLAME_STANDARD;
}

/* Another call of the same function from the same stack may go through another line: the one of most bytes is shown. */
static void set_place(struct builder *b, uint32_t index, const struct rec_frame *frame, const struct rec_observation *o)
{
	struct flame_frame *f = &b->flame->frames[index];

	if (f->file && o->bytes <= f->call_bytes)
		return;
	f->call_bytes = o->bytes;
	f->line = place_shown(b->flame->pool, b->rec, frame, &f->file).line;
}

static uint32_t add_functions(struct builder *b, const struct rec_observation *o)
{
	const struct recording *rec = b->rec;
	uint32_t first = o->user == REC_NO_USER_FRAME ? 0 : o->user, at = 0;

	if (o->truncated) {
		const struct flame_frame frame = {
			.name = strpool_add(b->flame->pool, TRUNCATED), .origin = FLAME_OTHER, .row = UINT32_MAX};

		at = child(b, at, frame.name, &frame);
		count(&b->flame->frames[at], o);
	}
	for (uint32_t i = o->n_locations; i-- > first;) {
		const struct rec_location *loc = &rec->locations[o->locations[i]];
		size_t innermost = 0;

		/* The runtime's own functions, inlined, are as little the user's as those called. */
		if (i == o->user)
			innermost = (size_t)(place_innermost(loc->frames, loc->n_frames) - loc->frames);
		for (size_t k = loc->n_frames; k-- > innermost;) {
			const struct flame_frame frame = {
				.name = loc->is_c ? strpool_add(b->flame->pool, loc->frames[k].function)
						  : strpool_add(b->flame->pool,
								go_name_plain(b->flame->pool, loc->frames[k].function)),
				.origin = loc->is_c ? FLAME_OTHER : origin_of(rec, &loc->frames[k], loc->is_runtime),
				.row = UINT32_MAX};

			at = child(b, at, frame.name, &frame);
			count(&b->flame->frames[at], o);
			set_place(b, at, &loc->frames[k], o);
		}
	}
	return at;
}

/* What is made: its type, or else why, or else where. */
static const char *leaf_name(struct strpool *pool, const struct rec_observation *o, const char *file, int line)
{
	if (o->type || o->cause != CAUSE_UNKNOWN || !file)
		return strpool_add(pool, o->type ? o->type : cause_name(o->cause));
	return line > 0 ? strpool_addf(pool, "%s:%d", file, line) : strpool_add(pool, file);
}

static void add_observation(struct builder *b, const struct rec_observation *o, const struct flame_label *label)
{
	struct strpool *pool = b->flame->pool;
	const struct rec_frame *place = place_charged(b->rec, o, CHARGE_SITE);
	uint32_t parent = add_functions(b, o), at;
	struct flame_frame leaf = {.kind = FLAME_OBJECTS,
				   .origin = b->flame->frames[parent].origin,
				   .cause = o->cause,
				   .account = label->account,
				   .row = label->row};

	if (place)
		leaf.line = place_shown(pool, b->rec, place, &leaf.file).line;
	leaf.name = leaf_name(pool, o, leaf.file, leaf.line);
	at = child(b, parent,
		   strpool_addf(pool, "\1%u\1%d\1%d\1%s\1%s", label->account, (int)o->cause, leaf.line,
				leaf.file ? leaf.file : "", leaf.name),
		   &leaf);
	count(&b->flame->frames[at], o);
	count(&b->flame->frames[0], o);
}

/* ---- pruning ---------------------------------------------------------------------------------------------------- */

static double share_of(const struct flame_frame *root, const struct flame_frame *frame)
{
	double bytes = root->bytes ? (double)frame->bytes / (double)root->bytes : 0;
	double objects = root->objects ? (double)frame->objects / (double)root->objects : 0;

	return bytes > objects ? bytes : objects;
}

/* No frame has more than the one above it, which is also older: what stays is a tree. */
static int compare_weights(const void *a, const void *b, void *ctx)
{
	const struct flame_frame *frames = ctx;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	double x = share_of(&frames[0], &frames[i]), y = share_of(&frames[0], &frames[k]);

	if (x > y || x < y)
		return x > y ? -1 : 1;
	return i < k ? -1 : i > k;
}

static uint32_t rest_of(struct builder *b, uint32_t parent, const struct flame_frame *leaf)
{
	const struct flame_frame rest = {.kind = FLAME_REST,
					 .origin = FLAME_OTHER,
					 .cause = leaf->cause,
					 .account = leaf->account,
					 .row = UINT32_MAX};

	return child(b, parent, strpool_addf(b->flame->pool, "\2%u\2%d", leaf->account, (int)leaf->cause), &rest);
}

static void prune(struct builder *b, size_t limit)
{
	struct flame *flame = b->flame;
	size_t n = flame->n, kept = 0;
	uint32_t *order, *anchors, *moved;
	bool *stays;

	if (!limit || n <= limit)
		return;
	order = xcalloc(n, sizeof(*order));
	anchors = xcalloc(n, sizeof(*anchors));
	stays = xcalloc(n, sizeof(*stays));
	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, n, sizeof(*order), compare_weights, flame->frames);
	for (size_t i = 0; i < limit; i++)
		stays[order[i]] = true;
	flame->n_summed = n - limit;
	flame->summed_share = share_of(&flame->frames[0], &flame->frames[order[limit]]);
	for (size_t i = 0; i < n; i++) {
		struct flame_frame frame = flame->frames[i];

		anchors[i] = stays[i] ? (uint32_t)i : anchors[frame.parent];
		if (!stays[i] && frame.kind == FLAME_OBJECTS) {
			uint32_t rest = rest_of(b, anchors[i], &frame);

			flame->frames[rest].objects += frame.objects;
			flame->frames[rest].bytes += frame.bytes;
		}
	}
	/* The rests are behind all others, and nothing is below them. */
	moved = xcalloc(flame->n, sizeof(*moved));
	for (size_t i = 0; i < flame->n; i++) {
		if (i < n && !stays[i])
			continue;
		moved[i] = (uint32_t)kept;
		flame->frames[kept] = flame->frames[i];
		flame->frames[kept].parent = moved[flame->frames[kept].parent];
		kept++;
	}
	flame->n = kept;
	free(moved);
	free(stays);
	free(anchors);
	free(order);
}

void flame_init(struct flame *out, const struct recording *rec, const struct flame_label *labels, size_t limit)
{
	struct builder b = {.flame = out, .rec = rec, .ids = U64MAP_INIT, .children = U64MAP_INIT};

	*out = (struct flame){.pool = strpool_new()};
	ARRAY_GROW(out->frames, 1, out->alloc);
	out->frames[out->n++] =
		(struct flame_frame){.name = strpool_add(out->pool, "all"), .origin = FLAME_OTHER, .row = UINT32_MAX};
	for (size_t i = 0; i < rec->n_observations; i++)
		add_observation(&b, &rec->observations[i], &labels[i]);
	prune(&b, limit);
	u64map_release(&b.ids);
	u64map_release(&b.children);
}

void flame_release(struct flame *flame)
{
	free(flame->frames);
	strpool_free(flame->pool);
}
