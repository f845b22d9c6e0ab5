/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locations are the same where address and frames are; observations where stack, type and cause are. Everything goes
 * into the first recording, so that only what is copied out of the others needs a new owner.
 */
#include "recording/merge.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keymap.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/u64map.h"

#define REPLICA	    "replica."
#define MAX_SECONDS 1e9

struct merger {
	struct recording *into;
	struct strpool *keys;
	struct u64map locations;    /* key, a string of keys, to an index */
	struct u64map observations; /* likewise */
	struct u64map stacks;	    /* likewise, without a value */
	struct strbuf text;
	size_t n_replicas; /* of those added so far */
};

/* ---- replicas --------------------------------------------------------------------------------------------------- */

/* The comments, which are numbered through, in order. *out is the caller's to free; it may be NULL. */
static size_t replica_texts(const struct recording *rec, const char ***out)
{
	char key[40];
	size_t n = 0, alloc = 0;

	snprintf(key, sizeof(key), REPLICA "%zu", n + 1);
	for (size_t i = 0; i < rec->n_extra; i++) {
		if (strcmp(rec->extra[i].key, key) != 0)
			continue;
		if (out) {
			ARRAY_GROW(*out, n + 1, alloc);
			(*out)[n] = rec->extra[i].value;
		}
		snprintf(key, sizeof(key), REPLICA "%zu", ++n + 1);
	}
	return n;
}

/* A file's name may have blanks, and what follows it: the last pid is the pid. */
static const char *last_of(const char *text, const char *what)
{
	const char *last = NULL;

	while ((text = strstr(text, what)))
		last = text++;
	return last;
}

static void parse_replica(const char *text, struct replica *out)
{
	const char *pid = last_of(text, " pid=");

	*out = (struct replica){.file = text, .file_length = strlen(text)};
	if (!pid || strncmp(text, "file=", 5) != 0)
		return;
	out->file = text + 5;
	out->file_length = (size_t)(pid - out->file);
	sscanf(pid, " pid=%" SCNd64 " start_unix_ns=%" SCNu64 " seconds=%lf objects=%" SCNu64 " bytes=%" SCNu64,
	       &out->pid, &out->start_unix_ns, &out->seconds, &out->objects, &out->bytes);
	if (!(out->seconds >= 0 && out->seconds <= MAX_SECONDS)) /* nor is it a number */
		out->seconds = 0;
}

size_t recording_replicas(const struct recording *rec, struct replica **out)
{
	const char **texts = NULL;
	size_t n = replica_texts(rec, out ? &texts : NULL);

	if (out) {
		*out = xcalloc(n + 1, sizeof(**out));
		for (size_t i = 0; i < n; i++)
			parse_replica(texts[i], &(*out)[i]);
	}
	free(texts);
	return n;
}

/* ---- what may be added --------------------------------------------------------------------------------------------
 */

static int check(const struct recording *a, const struct recording *b, const char *a_name, const char *b_name,
		 struct error *err)
{
	static const char *const modes[] = {
		[REC_MODE_EXACT] = "exact", [REC_MODE_SAMPLE] = "sampled", [REC_MODE_PROFILE] = "a heap profile"};
	const struct rec_header *x = &a->header, *y = &b->header;

	if (!x->build_id || !y->build_id)
		return error_set(err, -EINVAL, "merge: failed to add '%s': nothing says which build it is of",
				 x->build_id ? b_name : a_name);
	if (strcmp(x->build_id, y->build_id) != 0)
		return error_set(
			err, -EINVAL,
			"merge: failed to add '%s' (build %s) to '%s' (build %s): they are of different builds; "
			"compare them with escaudit diff",
			b_name, y->build_id, a_name, x->build_id);
	if (x->mode != y->mode)
		return error_set(err, -EINVAL,
				 "merge: failed to add '%s' (%s) to '%s' (%s): counts and estimates do not add up",
				 b_name, modes[y->mode], a_name, modes[x->mode]);
	return 0;
}

/* One process that began to be recorded at one moment, whether it comes by itself or was merged before. */
static int add_origin(struct strpool *pool, struct u64map *origins, const struct replica *replica, size_t file,
		      const char *const *names, struct error *err)
{
	uint64_t *seen;
	bool is_new;

	if (!replica->start_unix_ns)
		return 0;
	seen = u64map_at(origins,
			 (uintptr_t)strpool_addf(pool, "%" PRId64 " %" PRIu64, replica->pid, replica->start_unix_ns),
			 &is_new);
	if (is_new) {
		*seen = file;
		return 0;
	}
	return error_set(err, -EINVAL, "merge: failed to add '%s': it is, or holds, the same recording as '%s'",
			 names[file], names[*seen]);
}

/* Nobody means to count one run twice. */
static int check_distinct(struct recording *const *recs, const char *const *names, size_t n, struct error *err)
{
	struct strpool *pool = strpool_new();
	struct u64map origins = U64MAP_INIT;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < n; i++) {
		const struct replica self = {.pid = recs[i]->header.pid,
					     .start_unix_ns = recs[i]->header.start_unix_ns};
		struct replica *replicas;
		size_t n_replicas = recording_replicas(recs[i], &replicas);

		if (!n_replicas)
			ret = add_origin(pool, &origins, &self, i, names, err);
		for (size_t k = 0; ret == 0 && k < n_replicas; k++)
			ret = add_origin(pool, &origins, &replicas[k], i, names, err);
		free(replicas);
	}
	u64map_release(&origins);
	strpool_free(pool);
	return ret;
}

/* What a reader refuses must not be written. */
static int check_totals(struct recording *const *recs, const char *const *names, size_t n, struct error *err)
{
	uint64_t sums[4] = {0}; /* objects, bytes, samples, losses */

	for (size_t i = 0; i < n; i++) {
		uint64_t own[ARRAY_SIZE(sums)] = {0, 0, 0, recording_losses(recs[i])};

		for (size_t k = 0; k < recs[i]->n_observations; k++) {
			own[0] += recs[i]->observations[k].objects;
			own[1] += recs[i]->observations[k].bytes;
			own[2] += recs[i]->observations[k].samples;
		}
		for (size_t k = 0; k < ARRAY_SIZE(sums); k++) {
			sums[k] += own[k];
			if (own[k] > INT64_MAX || sums[k] > INT64_MAX)
				return error_set(err, -EOVERFLOW,
						 "merge: failed to add '%s': the counts add up to more than a counter "
						 "holds",
						 names[i]);
		}
	}
	return 0;
}

/* ---- identities ------------------------------------------------------------------------------------------------- */

static const char *location_key(struct merger *m, const struct rec_location *loc)
{
	strbuf_clear(&m->text);
	strbuf_addf(&m->text, "%" PRIx64, loc->pc);
	for (size_t i = 0; i < loc->n_frames; i++)
		strbuf_addf(&m->text, "\1%s\1%s\1%d", loc->frames[i].function,
			    loc->frames[i].file ? loc->frames[i].file : "", loc->frames[i].line);
	return strpool_add(m->keys, strbuf_str(&m->text));
}

/* map translates the observation's locations; NULL where they are the first recording's own. */
static const char *observation_key(struct merger *m, const struct rec_observation *o, const uint32_t *map)
{
	strbuf_clear(&m->text);
	for (uint32_t i = 0; i < o->n_locations; i++)
		strbuf_addf(&m->text, "%x,", map ? map[o->locations[i]] : o->locations[i]);
	u64map_at(&m->stacks, (uintptr_t)strpool_add(m->keys, strbuf_str(&m->text)), NULL);
	strbuf_addf(&m->text, "\1%s\1%d\1%d", o->type ? o->type : "", (int)o->cause, o->truncated);
	return strpool_add(m->keys, strbuf_str(&m->text));
}

static void learn(struct merger *m)
{
	const struct recording *rec = m->into;

	for (size_t i = 0; i < rec->n_locations; i++)
		*u64map_at(&m->locations, (uintptr_t)location_key(m, &rec->locations[i]), NULL) = i;
	for (size_t i = 0; i < rec->n_observations; i++)
		*u64map_at(&m->observations, (uintptr_t)observation_key(m, &rec->observations[i], NULL), NULL) = i;
}

/* ---- adding ----------------------------------------------------------------------------------------------------- */

static uint32_t *add_locations(struct merger *m, const struct recording *from)
{
	uint32_t *map = xcalloc(from->n_locations + 1, sizeof(*map));

	for (size_t i = 0; i < from->n_locations; i++) {
		const struct rec_location *loc = &from->locations[i];
		bool is_new;
		uint64_t *index = u64map_at(&m->locations, (uintptr_t)location_key(m, loc), &is_new);

		if (is_new) {
			struct rec_location *copy = recording_add_location(m->into);

			*index = m->into->n_locations - 1;
			copy->pc = loc->pc;
			copy->is_runtime = loc->is_runtime;
			copy->is_c = loc->is_c;
			copy->n_frames = loc->n_frames;
			copy->frames = xcalloc(loc->n_frames ? loc->n_frames : 1, sizeof(*copy->frames));
			for (size_t k = 0; k < loc->n_frames; k++) {
				copy->frames[k] = loc->frames[k];
				copy->frames[k].function = strpool_add(m->into->pool, loc->frames[k].function);
				copy->frames[k].file = strpool_add(m->into->pool, loc->frames[k].file);
			}
		}
		map[i] = (uint32_t)*index;
	}
	return map;
}

/* Errors of two estimates that know nothing of each other. */
static double joined_error(const struct rec_observation *a, const struct rec_observation *b)
{
	double x = a->error_pct * (double)a->objects, y = b->error_pct * (double)b->objects;
	double sum = (double)a->objects + (double)b->objects;

	return sum > 0 ? sqrt(x * x + y * y) / sum : 0;
}

/*
 * What `from` says of its replicas, or of itself where it is one, behind the parts that `into` has: its replicas are
 * those from `first` on. A recording that was merged without them adds none.
 */
static void add_parts(struct rec_observation *into, const struct rec_observation *from, size_t first, bool is_replica)
{
	const struct rec_part self = {.objects = from->objects, .bytes = from->bytes};
	const struct rec_part *parts = is_replica ? &self : from->parts;
	uint32_t n = is_replica ? 1 : from->n_parts;

	if (!n)
		return;
	into->parts = xreallocarray(into->parts, into->n_parts + n, sizeof(*into->parts));
	for (uint32_t i = 0; i < n; i++) {
		into->parts[into->n_parts] = parts[i];
		into->parts[into->n_parts++].replica += (uint32_t)first;
	}
}

static void add_observations(struct merger *m, const struct recording *from, const uint32_t *map, size_t first,
			     bool is_replica)
{
	for (size_t i = 0; i < from->n_observations; i++) {
		const struct rec_observation *o = &from->observations[i];
		bool is_new;
		uint64_t *index = u64map_at(&m->observations, (uintptr_t)observation_key(m, o, map), &is_new);
		struct rec_observation *sum;

		if (is_new) {
			sum = recording_add_observation(m->into);
			*index = m->into->n_observations - 1;
			*sum = *o;
			sum->type = strpool_add(m->into->pool, o->type);
			sum->locations = xcalloc(o->n_locations ? o->n_locations : 1, sizeof(*sum->locations));
			for (uint32_t k = 0; k < o->n_locations; k++)
				sum->locations[k] = map[o->locations[k]];
			sum->parts = NULL;
			sum->n_parts = 0;
			add_parts(sum, o, first, is_replica);
			continue;
		}
		sum = &m->into->observations[*index];
		sum->error_pct = joined_error(sum, o);
		if (o->objects && (!sum->objects || o->smallest < sum->smallest))
			sum->smallest = o->smallest;
		if (o->largest > sum->largest)
			sum->largest = o->largest;
		sum->objects += o->objects;
		sum->bytes += o->bytes;
		sum->samples += o->samples;
		add_parts(sum, o, first, is_replica);
	}
}

static enum reach joined_reach(enum reach a, enum reach b)
{
	if (a == REACH_HIT || b == REACH_HIT)
		return REACH_HIT;
	return a == REACH_NEVER && b == REACH_NEVER ? REACH_NEVER : REACH_NOT_PROBED;
}

/* One build has one list of sites; evidence of a site that only one of them lists is that one's alone. */
static void add_reach(struct recording *into, const struct recording *from)
{
	struct u64map reach = U64MAP_INIT;

	for (size_t i = 0; i < from->n_sites; i++)
		*u64map_at(&reach, from->sites[i].pc, NULL) = from->sites[i].reach;
	for (size_t i = 0; i < into->n_sites; i++) {
		const uint64_t *other = u64map_find(&reach, into->sites[i].pc);

		into->sites[i].reach =
			joined_reach(into->sites[i].reach, other ? (enum reach) * other : REACH_NOT_PROBED);
	}
	u64map_release(&reach);
}

/* file is pooled. */
static struct keymap_key point_key(const struct rec_point *p, const char *file)
{
	return (struct keymap_key){{p->pc, (uint64_t)p->first << 32 | (uint32_t)p->last, (uintptr_t)file}};
}

/* The same for what was watched on behalf of assertions. */
static void add_points(struct recording *into, const struct recording *from)
{
	struct keymap reach = KEYMAP_INIT;

	for (size_t i = 0; i < from->n_points; i++) {
		const struct rec_point *p = &from->points[i];

		*keymap_at(&reach, point_key(p, strpool_add(into->pool, p->file)), NULL) = p->reach;
	}
	for (size_t i = 0; i < into->n_points; i++) {
		const struct rec_point *p = &into->points[i];
		const uint64_t *other = keymap_find(&reach, point_key(p, strpool_add(into->pool, p->file)));

		into->points[i].reach =
			joined_reach(into->points[i].reach, other ? (enum reach) * other : REACH_NOT_PROBED);
	}
	keymap_release(&reach);
}

/* Shares of two windows one behind the other. */
static double joined_share(double x, double x_seconds, double y, double y_seconds)
{
	double seconds = x_seconds + y_seconds;

	return seconds > 0 ? (x * x_seconds + y * y_seconds) / seconds : x;
}

/* Shares are of both windows together, counts add up, and what can be neither is left out. */
static void add_sampling(struct rec_sampling *x, double x_seconds, const struct rec_sampling *y, double y_seconds)
{
	double x_hits = (double)x->hits, y_hits = (double)y->hits;

	if (!x->is_known || !y->is_known) {
		x->is_known = false;
		return;
	}
	x->duty_pct = joined_share(x->duty_pct, x_seconds, y->duty_pct, y_seconds);
	x->cold_duty_pct = joined_share(x->cold_duty_pct, x_seconds, y->cold_duty_pct, y_seconds);
	x->overhead_pct = joined_share(x->overhead_pct, x_seconds, y->overhead_pct, y_seconds);
	x->overhead_max_pct = fmax(x->overhead_max_pct, y->overhead_max_pct);
	x->own_cpu_pct = joined_share(x->own_cpu_pct, x_seconds, y->own_cpu_pct, y_seconds);
	x->hit_ns = joined_share(x->hit_ns, x_hits, y->hit_ns, y_hits);
	x->trap_ns = x->assumed_trap_ns = 0;
	x->seen_pct = 0;
	x->windows += y->windows;
	x->exact_windows += y->exact_windows;
	x->exact_objects += y->exact_objects;
	x->hits += y->hits;
	x->unattributed_bytes += y->unattributed_bytes;
	x->slot_mismatches += y->slot_mismatches;
	x->size_classes = NULL;
	if (x->totals != y->totals)
		x->totals = REC_TOTALS_UNKNOWN;
}

static void add_header(struct recording *into, const struct recording *from)
{
	struct rec_header *x = &into->header;
	const struct rec_header *y = &from->header;

	add_sampling(&x->sampling, x->window_seconds, &y->sampling, y->window_seconds);
	if (x->ended != y->ended)
		x->ended = REC_END_UNKNOWN;
	x->window_seconds += y->window_seconds;
	x->window_complete &= y->window_complete;
	if (y->start_unix_ns && (!x->start_unix_ns || y->start_unix_ns < x->start_unix_ns))
		x->start_unix_ns = y->start_unix_ns;
	x->pid = 0;
	if (y->exit_status > x->exit_status)
		x->exit_status = y->exit_status;
	if (!x->coverage)
		x->coverage = strpool_add(into->pool, y->coverage);
	x->hits += y->hits;
	x->shortened += y->shortened;
	if (y->entries > x->entries)
		x->entries = y->entries;
	for (size_t i = 0; i < from->n_losses; i++)
		recording_add_loss(into, from->losses[i].name, from->losses[i].count);
}

/* ---- what each contributed -------------------------------------------------------------------------------------- */

static void add_replica(struct merger *m, const char *value)
{
	char *key = xasprintf(REPLICA "%zu", ++m->n_replicas);

	recording_add_extra(m->into, key, value);
	free(key);
}

static char *replica_of(const struct recording *rec, const char *name)
{
	const char *base = path_base(name);
	uint64_t objects = 0, bytes = 0;

	for (size_t i = 0; i < rec->n_observations; i++) {
		objects += rec->observations[i].objects;
		bytes += rec->observations[i].bytes;
	}
	return xasprintf("file=%s pid=%" PRId64 " start_unix_ns=%" PRIu64 " seconds=%.3f objects=%" PRIu64
			 " bytes=%" PRIu64,
			 base, rec->header.pid, rec->header.start_unix_ns, rec->header.window_seconds, objects, bytes);
}

static bool is_replica(const char *key)
{
	return strncmp(key, REPLICA, strlen(REPLICA)) == 0;
}

static void drop_replicas(struct recording *rec)
{
	size_t kept = 0;

	for (size_t i = 0; i < rec->n_extra; i++) {
		if (!is_replica(rec->extra[i].key))
			rec->extra[kept++] = rec->extra[i];
	}
	rec->n_extra = kept;
}

/* Notes those it was merged from, or itself. Says whether it is one by itself. */
static bool note_replicas(struct merger *m, const struct recording *rec, const char *name)
{
	const char **texts = NULL;
	size_t n = replica_texts(rec, &texts);

	if (rec == m->into)
		drop_replicas(m->into); /* the texts are the pool's */
	for (size_t i = 0; i < n; i++)
		add_replica(m, texts[i]);
	if (!n) {
		char *text = replica_of(rec, name);

		add_replica(m, text);
		free(text);
	}
	free(texts);
	return n == 0;
}

int recording_merge(struct recording **recs, const char *const *names, size_t n, struct error *err)
{
	struct merger m = {.into = recs[0], .keys = strpool_new()};
	int ret = check_distinct(recs, names, n, err);

	for (size_t i = 1; ret == 0 && i < n; i++)
		ret = check(recs[0], recs[i], names[0], names[i], err);
	if (ret == 0)
		ret = check_totals(recs, names, n, err);
	if (ret == 0) {
		learn(&m);
		if (note_replicas(&m, recs[0], names[0])) {
			for (size_t i = 0; i < recs[0]->n_observations; i++)
				add_parts(&recs[0]->observations[i], &recs[0]->observations[i], 0, true);
		}
	}
	for (size_t i = 1; ret == 0 && i < n; i++) {
		uint32_t *map = add_locations(&m, recs[i]);
		size_t first = m.n_replicas;
		bool is_one = note_replicas(&m, recs[i], names[i]);

		add_observations(&m, recs[i], map, first, is_one);
		add_reach(recs[0], recs[i]);
		add_points(recs[0], recs[i]);
		add_header(recs[0], recs[i]);
		free(map);
	}
	if (ret == 0)
		recs[0]->header.stacks = m.stacks.n;
	if (ret == 0)
		recording_find_sites(recs[0]);
	strbuf_release(&m.text);
	u64map_release(&m.locations);
	u64map_release(&m.observations);
	u64map_release(&m.stacks);
	strpool_free(m.keys);
	return ret;
}
