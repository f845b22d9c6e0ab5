/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file to a recording: ours, or any heap profile in pprof's format. Three steps, each with its own limits, because
 * the bytes are anybody's: inflate (unpacked size), unpack (memory: protobuf-c makes an object of up to 100 bytes out
 * of two), and the walk from messages to tables, where every index is looked up before it is used. What there are many
 * of (samples, locations, sites, extents) is unpacked one at a time: unpacked as a whole, a large recording takes three
 * times the memory of what is made of it.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/memory.h"
#include "base/reason.h"
#include "base/strbuf.h"
#include "base/u64map.h"
#include "recording/merge.h"
#include "recording/place.h"
#include "recording/profile.pb-c.h"
#include "recording/recording.h"
#include "recording/recording_internal.h"

#define MAX_UNPACKED_BYTES ((size_t)1 << 30)
#define MAX_MESSAGE_BYTES  ((size_t)4 << 30)
/* Go's linker and C's put programs that are not position-independent below this, the kernel all others above. */
#define MAX_FIXED_ADDRESS ((uint64_t)1 << 32)
/* A window longer than this (31 years) is no window. */
#define MAX_DURATION_NS 1000000000000000000
#define MAX_ERROR_PCT	1e12
#define MAX_FIELDS	256 /* of a type, see types.c */
/* Ways of losing data: we know a dozen, and each is looked for among all. */
#define MAX_LOSSES 256

/* The messages live and die together, so they are cut from large blocks, up to a limit. */
struct arena {
	struct arena_block {
		struct arena_block *next;
		max_align_t data[];
	} * blocks;
	size_t used, size; /* of the newest block */
	size_t total;
	bool exhausted;
};

struct reader {
	struct recording *rec;
	const char *path; /* for messages */
	struct error *err;
	const uint8_t *data; /* the whole message, inflated */
	size_t size;
	const Pprof__Profile *profile; /* without what is unpacked one at a time */
	struct arena one;	       /* for that one */
	bool foreign;		       /* not written by escaudit */
	size_t objects, space;	       /* index into Sample.value */
	int64_t period;		       /* foreign: mean bytes between two samples, <= 1 for all of them */
	const char **strings;	       /* string_table in the recording's pool */
	struct u64map functions;
	struct u64map locations; /* id -> index */
	bool is_numbered;	 /* every index is the id less one, as in what we write */
	struct u64map mappings;
	uint64_t total[3]; /* objects, bytes, samples */
	size_t n_replicas;
};

#define BAD(r, fmt, ...)                                                                                               \
	error_set((r)->err, -EBADMSG, "recording: failed to read '%s': " fmt "; it is damaged: make it anew",          \
		  (r)->path, ##__VA_ARGS__)

/* ---- inflate
 * --------------------------------------------------------------------------------------------------------- */

static bool is_gzip(const uint8_t *data, size_t size)
{
	return size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

/* All members of a gzip file. */
static int inflate_all(struct reader *r, struct strbuf *out, const uint8_t *data, size_t size)
{
	uint8_t *chunk = xmalloc(65536);
	z_stream z = {.next_in = (void *)data, .avail_in = (uInt)size};
	int ret = 0;
	int status;

	if (inflateInit2(&z, 15 + 16) != Z_OK) {
		free(chunk);
		return error_set(r->err, -ENOMEM, "recording: failed to read '%s': zlib has no memory", r->path);
	}
	do {
		z.next_out = chunk;
		z.avail_out = 65536;
		status = inflate(&z, Z_NO_FLUSH);
		strbuf_add(out, chunk, 65536 - z.avail_out);
		if (out->len > MAX_UNPACKED_BYTES) {
			ret = error_set(r->err, -EBADMSG,
					"recording: failed to read '%s': it unpacks to more than %zu MiB; record a "
					"shorter window",
					r->path, MAX_UNPACKED_BYTES >> 20);
			break;
		}
		if (status == Z_STREAM_END && z.avail_in)
			status = is_gzip(z.next_in, z.avail_in) ? inflateReset(&z) : Z_DATA_ERROR;
	} while (status == Z_OK);
	if (ret == 0 && status == Z_BUF_ERROR)
		ret = BAD(r, "the gzip data ends early");
	else if (ret == 0 && status != Z_STREAM_END)
		ret = BAD(r, "bad gzip data%s%s", z.msg ? ": " : "", z.msg ? z.msg : "");
	inflateEnd(&z);
	free(chunk);
	return ret;
}

/* ---- unpack
 * ---------------------------------------------------------------------------------------------------------- */

#define ARENA_BLOCK_BYTES (1 << 20)

static void *arena_alloc(void *ctx, size_t size)
{
	struct arena *arena = ctx;
	const size_t align = _Alignof(max_align_t);
	void *p;

	if (size > MAX_MESSAGE_BYTES - arena->total) {
		arena->exhausted = true;
		return NULL;
	}
	size = (size + align - 1) / align * align;
	if (!arena->blocks || size > arena->size - arena->used) {
		size_t block = size > ARENA_BLOCK_BYTES ? size : ARENA_BLOCK_BYTES;
		struct arena_block *b = malloc(sizeof(*b) + block);

		if (!b) {
			arena->exhausted = true;
			return NULL;
		}
		b->next = arena->blocks;
		arena->blocks = b;
		arena->size = block;
		arena->used = 0;
	}
	p = (char *)arena->blocks->data + arena->used;
	arena->used += size;
	arena->total += size;
	return p;
}

static void arena_free(void *ctx, void *p)
{
	(void)ctx;
	(void)p;
}

static void arena_release(struct arena *arena)
{
	for (struct arena_block *b = arena->blocks; b;) {
		struct arena_block *next = b->next;

		free(b);
		b = next;
	}
}

/* Forgets what was cut from it; one block stays for what comes next. */
static void arena_reset(struct arena *arena)
{
	struct arena_block *b = arena->blocks;

	if (b && b->next) {
		arena_release(arena);
		arena->blocks = NULL;
		arena->size = 0;
	}
	arena->used = arena->total = 0;
}

/* ---- fields of the whole message ---- */

/* Numbers in profile.proto of what is unpacked one at a time. */
enum many { MANY_SAMPLE = 2, MANY_LOCATION = 4, MANY_SITE = 1003, MANY_EXTENT = 1004 };

static bool is_many(uint64_t number)
{
	return number == MANY_SAMPLE || number == MANY_LOCATION || number == MANY_SITE || number == MANY_EXTENT;
}

/* One field as it is in the bytes (protobuf.dev, "Encoding"). */
struct field {
	uint64_t number;
	const uint8_t *begin, *end; /* with its tag */
	const uint8_t *content;	    /* NULL unless it is length-delimited */
};

static bool take_varint(const uint8_t **at, const uint8_t *end, uint64_t *out)
{
	uint64_t value = 0;

	for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
		uint8_t byte = *(*at)++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*out = value;
			return true;
		}
	}
	return false;
}

/* The field at *at, behind which *at is set. False if it does not end before end, or is of a kind that is not used. */
static bool take_field(const uint8_t **at, const uint8_t *end, struct field *field)
{
	uint64_t tag, n;

	*field = (struct field){.begin = *at};
	if (!take_varint(at, end, &tag))
		return false;
	field->number = tag >> 3;
	switch (tag & 7) {
	case 0:
		if (!take_varint(at, end, &n))
			return false;
		n = 0;
		break;
	case 1:
		n = 8;
		break;
	case 2:
		if (!take_varint(at, end, &n))
			return false;
		field->content = *at;
		break;
	case 5:
		n = 4;
		break;
	default:
		return false;
	}
	if (n > (size_t)(end - *at))
		return false;
	*at += n;
	field->end = *at;
	return true;
}

static int unpack_failed(struct reader *r, const struct arena *arena)
{
	if (arena->exhausted)
		return error_set(
			r->err, -EBADMSG,
			"recording: failed to read '%s': it takes more than %zu MiB of memory; record a shorter "
			"window",
			r->path, MAX_MESSAGE_BYTES >> 20);
	return error_set(r->err, -EBADMSG,
			 "recording: failed to read '%s': it is neither a recording nor a pprof profile; make one "
			 "with 'escaudit record' or save /debug/pprof/allocs",
			 r->path);
}

/* Calls take for each field of that number, in order, with the message unpacked for the time of the call. */
static int each(struct reader *r, enum many number, const ProtobufCMessageDescriptor *type,
		int (*take)(struct reader *r, const ProtobufCMessage *message))
{
	ProtobufCAllocator allocator = {.alloc = arena_alloc, .free = arena_free, .allocator_data = &r->one};
	const uint8_t *at = r->data, *end = r->data + r->size;
	struct field field;
	int ret = 0;

	while (ret == 0 && at < end && take_field(&at, end, &field)) {
		const ProtobufCMessage *message;

		if (field.number != number)
			continue;
		arena_reset(&r->one);
		message =
			protobuf_c_message_unpack(type, &allocator, (size_t)(field.end - field.content), field.content);
		ret = message ? take(r, message) : unpack_failed(r, &r->one);
	}
	return ret;
}

/* Appends the fields that are unpacked as a whole. False if the bytes are no message. */
static bool add_rest(const struct reader *r, struct strbuf *rest)
{
	const uint8_t *at = r->data, *end = r->data + r->size;
	struct field field;

	while (at < end) {
		if (!take_field(&at, end, &field) || (is_many(field.number) && !field.content))
			return false;
		if (!is_many(field.number))
			strbuf_add(rest, field.begin, (size_t)(field.end - field.begin));
	}
	return true;
}

/* ---- tables
 * ---------------------------------------------------------------------------------------------------------- */

/* The string of an index, "" for 0; NULL, and an error, beyond the table. */
static const char *string_at(struct reader *r, int64_t index)
{
	if (index >= 0 && (uint64_t)index < r->profile->n_string_table)
		return r->strings[index];
	if (index == 0)
		return "";
	BAD(r, "string %lld of %zu is used", (long long)index, r->profile->n_string_table);
	return NULL;
}

/* The same, with NULL for "" in *out. */
static int optional_string(struct reader *r, int64_t index, const char **out)
{
	const char *s = string_at(r, index);

	*out = s && *s ? s : NULL;
	return s ? 0 : -EBADMSG;
}

static int add_id(struct reader *r, struct u64map *map, const char *what, uint64_t id, size_t index)
{
	bool is_new;
	uint64_t *at = u64map_at(map, id, &is_new);

	if (id == 0 || !is_new)
		return BAD(r, "%s %llu is %s", what, (unsigned long long)id, id ? "there twice" : "no valid number");
	*at = index;
	return 0;
}

static int read_functions(struct reader *r)
{
	for (size_t i = 0; i < r->profile->n_function; i++) {
		const Pprof__Function *f = r->profile->function[i];

		if (add_id(r, &r->functions, "function", f->id, i) < 0)
			return -EBADMSG;
		if (!string_at(r, f->name) || !string_at(r, f->filename))
			return -EBADMSG;
	}
	return 0;
}

static int to_line(int64_t line)
{
	return line > 0 && line <= INT_MAX ? (int)line : 0;
}

/* The frames of a location or a site, in an array the caller owns; at least one, so that nobody need look. */
static int read_lines(struct reader *r, Pprof__Line *const *lines, size_t n, struct rec_frame **frames,
		      uint32_t *n_frames)
{
	*frames = xcalloc(n ? n : 1, sizeof(**frames));
	*n_frames = n ? (uint32_t)n : 1;
	(*frames)[0].function = "?";
	for (size_t i = 0; i < n; i++) {
		const uint64_t *index = u64map_find(&r->functions, lines[i]->function_id);
		struct rec_frame *frame = &(*frames)[i];
		const Pprof__Function *f;

		if (!index)
			return BAD(r, "function %llu is missing", (unsigned long long)lines[i]->function_id);
		f = r->profile->function[*index];
		frame->function = string_at(r, f->name);
		if (optional_string(r, f->filename, &frame->file) < 0)
			return -EBADMSG;
		frame->line = to_line(lines[i]->line);
		frame->start_line = to_line(f->start_line);
	}
	return 0;
}

/*
 * For a profile without our marks the same decision as go_binary_is_runtime(), as far as names go. The file tells apart
 * what the runtime implements under another package's name (reflect.unsafe_New in runtime/malloc.go).
 */
static bool looks_like_runtime(const struct rec_frame *frame)
{
	static const char directory[] = "/src/runtime/";
	const char *file = frame->file ? frame->file : "";
	const char *slash = strrchr(file, '/');
	const char *trimmed = directory + strlen("/src/");
	size_t len = slash ? (size_t)(slash + 1 - file) : 0;
	size_t n = sizeof(directory) - 1;

	if (strncmp(frame->function, "runtime.", 8) == 0 || strncmp(frame->function, "internal/runtime/", 17) == 0)
		return true;
	if (strncmp(frame->function, "main.", 5) == 0)
		return false;
	return (len >= n && memcmp(file + len - n, directory, n) == 0) ||
	       (len == strlen(trimmed) && memcmp(file, trimmed, len) == 0);
}

static uint64_t foreign_pc(struct reader *r, const Pprof__Location *l)
{
	const uint64_t *index = u64map_find(&r->mappings, l->mapping_id);

	/* Where a position-independent program's segments were in its file, the profile does not say. */
	if (!index || r->profile->mapping[*index]->memory_start >= MAX_FIXED_ADDRESS || !l->address)
		return 0;
	return l->address + 1;
}

static int read_location(struct reader *r, const ProtobufCMessage *message)
{
	const Pprof__Location *l = (const Pprof__Location *)message;
	size_t i = r->rec->n_locations;
	struct rec_location *loc;

	if (i + 1 >= REC_NO_USER_FRAME)
		return BAD(r, "it has more than %zu locations", i);
	loc = recording_add_location(r->rec);
	r->is_numbered = r->is_numbered && l->id == i + 1;
	if (add_id(r, &r->locations, "location", l->id, i) < 0 ||
	    read_lines(r, l->line, l->n_line, &loc->frames, &loc->n_frames) < 0)
		return -EBADMSG;
	if (r->foreign) {
		loc->pc = foreign_pc(r, l);
		loc->is_runtime = looks_like_runtime(&loc->frames[loc->n_frames - 1]);
	} else {
		loc->pc = l->address ? l->address + 1 : 0;
		loc->is_runtime = l->is_runtime;
		loc->is_c = l->is_c;
	}
	return 0;
}

/* ---- samples
 * --------------------------------------------------------------------------------------------------------- */

static int read_labels(struct reader *r, const Pprof__Sample *s, struct rec_observation *o)
{
	for (size_t i = 0; i < s->n_label; i++) {
		const Pprof__Label *label = s->label[i];
		const char *key = string_at(r, label->key);
		const char *value = string_at(r, label->str);

		if (!key || !value)
			return -EBADMSG;
		if (strcmp(key, REC_LABEL_TYPE) == 0 && *value)
			o->type = value;
		else if (strcmp(key, REC_LABEL_CAUSE) == 0)
			o->cause = cause_from_name(value);
		else if (r->foreign && strcmp(key, "bytes") == 0 && label->num > 0)
			o->smallest = o->largest =
				(uint64_t)label->num; /* the size class of all objects of the sample */
	}
	return 0;
}

/* What Go's profiler multiplied by 1 / (1 - exp(-size / period)), divided again (runtime/pprof/protomem.go). */
static uint64_t unscaled(uint64_t objects, uint64_t bytes, int64_t period)
{
	double size;
	double samples;

	if (period <= 1 || objects == 0 || bytes == 0)
		return objects;
	size = (double)bytes / (double)objects;
	samples = (double)objects * -expm1(-size / (double)period) + 0.5;
	return samples < 1 ? 1 : samples >= (double)objects ? objects : (uint64_t)samples;
}

/* The innermost frame outside the runtime, and what the runtime frames before it tell of the cause. */
static void find_user_frame(struct reader *r, struct rec_observation *o)
{
	const char *chain[64];
	size_t n = 0;

	o->user = 0;
	while (o->user < o->n_locations &&
	       (r->rec->locations[o->locations[o->user]].is_runtime || r->rec->locations[o->locations[o->user]].is_c))
		o->user++;
	if (o->user == o->n_locations)
		o->user = REC_NO_USER_FRAME;
	if (o->user == REC_NO_USER_FRAME || o->cause != CAUSE_UNKNOWN)
		return;
	for (size_t i = o->user; i-- > 0;) {
		const struct rec_location *loc = &r->rec->locations[o->locations[i]];

		for (size_t k = loc->n_frames; k-- > 0 && n < ARRAY_SIZE(chain);)
			chain[n++] = loc->frames[k].function;
	}
	if (n)
		o->cause = go_runtime_cause(chain, n, o->type);
}

static int add_total(struct reader *r, size_t which, uint64_t value)
{
	if (value > INT64_MAX || r->total[which] > INT64_MAX - value)
		return BAD(r, "the counts add up to more than a counter holds");
	r->total[which] += value;
	return 0;
}

/* The replicas of a merged recording. Sums are checked, so that no reader has to doubt them. */
static int read_parts(struct reader *r, const Pprof__Sample *s, struct rec_observation *o)
{
	uint64_t objects = 0, bytes = 0;

	if (s->n_replica != s->n_replica_objects || s->n_replica != s->n_replica_bytes)
		return BAD(r, "a sample has %zu replicas with %zu and %zu counts", s->n_replica, s->n_replica_objects,
			   s->n_replica_bytes);
	if (!s->n_replica)
		return 0;
	/* Ascending numbers are no more than there are replicas. */
	if (s->n_replica > r->n_replicas)
		return BAD(r, "a sample has %zu replicas of %zu", s->n_replica, r->n_replicas);
	o->parts = xcalloc(s->n_replica, sizeof(*o->parts));
	for (size_t i = 0; i < s->n_replica; i++) {
		struct rec_part *part = &o->parts[o->n_parts++];

		*part = (struct rec_part){s->replica[i] - 1, s->replica_objects[i], s->replica_bytes[i]};
		if (s->replica[i] == 0 || s->replica[i] > r->n_replicas || (i && s->replica[i] <= s->replica[i - 1]))
			return BAD(r, "a sample names replica %u of %zu", s->replica[i], r->n_replicas);
		if (part->objects > o->objects - objects || part->bytes > o->bytes - bytes)
			return BAD(r, "replicas have more than the sample they are part of");
		objects += part->objects;
		bytes += part->bytes;
	}
	return 0;
}

static int read_sample(struct reader *r, const ProtobufCMessage *message)
{
	const Pprof__Sample *s = (const Pprof__Sample *)message;
	struct rec_observation *o;

	if (s->n_value != r->profile->n_sample_type)
		return BAD(r, "a sample has %zu values where %zu are announced", s->n_value, r->profile->n_sample_type);
	if (s->value[r->objects] < 0 || s->value[r->space] < 0)
		return error_set(r->err, -EBADMSG,
				 "recording: failed to read '%s': it has negative counts, as a difference of two "
				 "profiles has; give one of the two",
				 r->path);
	if (s->n_location_id >= REC_NO_USER_FRAME)
		return BAD(r, "a stack has %zu frames", s->n_location_id);
	/* Heap profiles also list what was allocated before the last reset, as zeros. */
	if (r->foreign && s->value[r->objects] == 0 && s->value[r->space] == 0)
		return 0;

	o = recording_add_observation(r->rec);
	o->objects = (uint64_t)s->value[r->objects];
	o->bytes = (uint64_t)s->value[r->space];
	o->locations = xcalloc(s->n_location_id ? s->n_location_id : 1, sizeof(*o->locations));
	for (size_t i = 0; i < s->n_location_id; i++) {
		uint64_t id = s->location_id[i];
		const uint64_t *index;

		if (r->is_numbered && id - 1 < r->rec->n_locations) {
			o->locations[i] = (uint32_t)(id - 1);
			continue;
		}
		index = u64map_find(&r->locations, id);
		if (!index)
			return BAD(r, "location %llu is missing", (unsigned long long)id);
		o->locations[i] = (uint32_t)*index;
	}
	o->n_locations = (uint32_t)s->n_location_id;
	if (read_labels(r, s, o) < 0)
		return -EBADMSG;
	if (r->foreign) {
		o->samples = unscaled(o->objects, o->bytes, r->period);
		find_user_frame(r, o);
	} else {
		if (s->user > o->n_locations)
			return BAD(r, "frame %u of %u is named", s->user, o->n_locations);
		o->user = s->user ? s->user - 1 : REC_NO_USER_FRAME;
		o->smallest = s->smallest;
		o->largest = s->largest;
		o->truncated = s->truncated;
		o->samples = s->samples ? s->samples - 1 : o->objects;
		if (!(s->error_pct >= 0 && s->error_pct <= MAX_ERROR_PCT))
			return BAD(r, "a sample has an error of %g %%", s->error_pct);
		o->error_pct = s->error_pct;
		if (read_parts(r, s, o) < 0)
			return -EBADMSG;
	}
	if (add_total(r, 0, o->objects) < 0 || add_total(r, 1, o->bytes) < 0 || add_total(r, 2, o->samples) < 0)
		return -EBADMSG;
	return 0;
}

static int to_column(uint32_t column)
{
	return column <= REC_COLUMN_BEYOND ? (int)column : 0;
}

static int read_source(struct reader *r, const Pprof__Site *s, struct rec_site *site)
{
	struct rec_source *source;

	if (s->n_source == 0)
		return 0;
	if (s->n_source < 6 || s->n_source % 2)
		return BAD(r, "the site at 0x%llx has a damaged source position", (unsigned long long)s->pc);
	source = recording_set_source(site, (uint32_t)(s->n_source - 4) / 2);
	source->first_line = to_line(s->source[0]);
	source->first_column = to_column(s->source[1]);
	source->last_line = to_line(s->source[2]);
	source->last_column = to_column(s->source[3]);
	if (s->n_statement == 2) {
		source->statement_line = to_line(s->statement[0]);
		source->statement_column = to_column(s->statement[1]);
	}
	for (size_t i = 0; i < source->n_levels; i++) {
		source->levels[i].line = to_line(s->source[4 + 2 * i]);
		source->levels[i].column = to_column(s->source[5 + 2 * i]);
	}
	return optional_string(r, s->expr, &source->expr);
}

static int read_site(struct reader *r, const ProtobufCMessage *message)
{
	const Pprof__Site *s = (const Pprof__Site *)message;
	struct rec_site *site = recording_add_site(r->rec);
	const char *cause = string_at(r, s->cause);

	if (!cause || optional_string(r, s->callee, &site->callee) < 0 ||
	    optional_string(r, s->closure, &site->closure) < 0 || optional_string(r, s->type, &site->type) < 0 ||
	    optional_string(r, s->variable, &site->variable) < 0 ||
	    read_lines(r, s->line, s->n_line, &site->frames, &site->n_frames) < 0)
		return -EBADMSG;
	if (read_source(r, s, site) < 0)
		return -EBADMSG;
	if (!site->callee)
		return BAD(r, "the site at 0x%llx calls nothing", (unsigned long long)s->pc);
	if (s->buffer > SITE_BUFFER_STACK)
		return BAD(r, "the site at 0x%llx has buffer %u", (unsigned long long)s->pc, s->buffer);
	if (s->indirect > 3)
		return BAD(r, "the site at 0x%llx has indirect %u", (unsigned long long)s->pc, s->indirect);
	if (s->reach > REACH_HIT)
		return BAD(r, "the site at 0x%llx has reach %u", (unsigned long long)s->pc, s->reach);
	site->calls = s->calls;
	site->pc = s->pc;
	site->ret = s->ret;
	site->cause = cause_from_name(cause);
	site->may_elide = s->may_elide;
	site->type_size = s->type_size;
	site->size = s->size;
	site->reach = (enum reach)s->reach;
	site->buffer = (enum site_buffer)s->buffer;
	site->indirect_key = s->indirect & 1;
	site->indirect_value = s->indirect & 2;
	return 0;
}

static int read_points(struct reader *r)
{
	for (size_t i = 0; i < r->profile->n_point; i++) {
		const Pprof__Point *p = r->profile->point[i];
		struct rec_point *point = recording_add_point(r->rec);

		if (optional_string(r, p->file, &point->file) < 0)
			return -EBADMSG;
		if (!point->file || to_line(p->first) == 0 || p->last < p->first || to_line(p->last) == 0)
			return BAD(r, "the point at 0x%llx is on no line", (unsigned long long)p->pc);
		if (p->reach > REACH_HIT)
			return BAD(r, "the point at 0x%llx has reach %u", (unsigned long long)p->pc, p->reach);
		point->pc = p->pc;
		point->first = to_line(p->first);
		point->last = to_line(p->last);
		point->reach = (enum reach)p->reach;
	}
	return 0;
}

/* Fields lie one behind the other, as reports take for granted. */
static int read_type(struct reader *r, const Pprof__Type *t)
{
	struct rec_type *type = recording_add_type(r->rec);
	uint64_t end = 0;

	if (optional_string(r, t->name, &type->name) < 0 || optional_string(r, t->package, &type->package) < 0)
		return -EBADMSG;
	if (!type->name || !type->package || t->n_field == 0 || t->n_field > MAX_FIELDS || t->n_offset != t->n_field ||
	    t->n_field_size != t->n_field || t->n_align != t->n_field)
		return BAD(r, "type %zu is damaged", r->rec->n_types - 1);
	if (r->rec->n_types > 1 && strcmp(type[-1].name, type->name) >= 0)
		return BAD(r, "type '%s' is not in its place", type->name);
	type->size = t->size;
	type->has_pointers = t->has_pointers;
	type->is_fixed = t->is_fixed;
	type->fields = xcalloc(t->n_field, sizeof(*type->fields));
	type->n_fields = (uint32_t)t->n_field;
	for (size_t i = 0; i < t->n_field; i++) {
		struct rec_field *f = &type->fields[i];

		if (optional_string(r, t->field[i], &f->name) < 0)
			return -EBADMSG;
		*f = (struct rec_field){f->name, t->offset[i], t->field_size[i], t->align[i]};
		if (!f->name || f->align == 0 || f->align & (f->align - 1) || f->offset < end || f->size > type->size ||
		    f->offset > type->size - f->size)
			return BAD(r, "type '%s' has a damaged field", type->name);
		end = f->offset + f->size;
	}
	return 0;
}

static int read_types(struct reader *r)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < r->profile->n_type; i++)
		ret = read_type(r, r->profile->type[i]);
	return ret;
}

static int read_extent(struct reader *r, const ProtobufCMessage *message)
{
	const Pprof__Extent *e = (const Pprof__Extent *)message;
	const uint64_t *index = u64map_find(&r->functions, e->function_id);
	struct rec_extent *extent = recording_add_extent(r->rec);
	const Pprof__Function *f;

	if (!index)
		return BAD(r, "function %llu is missing", (unsigned long long)e->function_id);
	f = r->profile->function[*index];
	extent->function = string_at(r, f->name);
	if (!extent->function || optional_string(r, f->filename, &extent->file) < 0 ||
	    optional_string(r, e->wraps, &extent->wraps) < 0)
		return -EBADMSG;
	extent->first = to_line(e->first);
	extent->last = to_line(e->last);
	extent->is_physical = e->is_physical;
	return 0;
}

/* ---- header
 * ---------------------------------------------------------------------------------------------------------- */

static bool parse_number(const char *s, int64_t min, int64_t *out)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno || end == s || *end || v < min)
		return false;
	*out = v;
	return true;
}

/* The index of s in names, some of which may be NULL. */
static bool parse_name(const char *s, const char *const *names, size_t n, size_t *out)
{
	for (size_t i = 0; i < n; i++) {
		if (names[i] && strcmp(s, names[i]) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

static bool parse_mode(const char *s, enum rec_mode *out)
{
	static const char *const names[] = REC_MODE_NAMES;
	size_t i;

	if (!parse_name(s, names, ARRAY_SIZE(names), &i))
		return false;
	*out = (enum rec_mode)i;
	return true;
}

static bool parse_end(const char *s, enum rec_end *out)
{
	static const char *const names[] = REC_END_NAMES;
	size_t i;

	if (!parse_name(s, names, ARRAY_SIZE(names), &i))
		return false;
	*out = (enum rec_end)i;
	return true;
}

/* One comment of our own. False if the value makes no sense; *known says whether the key is one of the header's. */
static bool read_header_comment(struct rec_header *h, const char *key, const char *value, bool *known)
{
	const struct {
		const char *key;
		const char **string;
		uint64_t *count;
	} table[] = {
		{REC_KEY_TOOL_VERSION, &h->tool_version, NULL},
		{REC_KEY_PATH, &h->path, NULL},
		{REC_KEY_BUILD_ID, &h->build_id, NULL},
		{REC_KEY_GO_VERSION, &h->go_version, NULL},
		{REC_KEY_ARCH, &h->arch, NULL},
		{REC_KEY_MAIN_PACKAGE, &h->main_package, NULL},
		{REC_KEY_MAIN_MODULE, &h->main_module, NULL},
		{REC_KEY_GOROOT_SRC, &h->goroot_src, NULL},
		{REC_KEY_COVERAGE, &h->coverage, NULL},
		{REC_KEY_HITS, NULL, &h->hits},
		{REC_KEY_ENTRIES, NULL, &h->entries},
		{REC_KEY_STACKS, NULL, &h->stacks},
		{REC_KEY_SHORTENED, NULL, &h->shortened},
		{REC_KEY_PERIOD, NULL, &h->period},
	};
	int64_t number;

	*known = true;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(key, table[i].key) != 0)
			continue;
		if (table[i].string) {
			*table[i].string = value;
			return true;
		}
		if (!parse_number(value, 0, &number))
			return false;
		*table[i].count = (uint64_t)number;
		return true;
	}
	if (strcmp(key, REC_KEY_MODE) == 0)
		return parse_mode(value, &h->mode);
	if (strcmp(key, REC_KEY_WINDOW_SECONDS) == 0)
		return true;
	if (strcmp(key, REC_KEY_WINDOW_COMPLETE) == 0) {
		h->window_complete = strcmp(value, "true") == 0;
		return h->window_complete || strcmp(value, "false") == 0;
	}
	if (strcmp(key, REC_KEY_PID) == 0)
		return parse_number(value, 0, &h->pid);
	if (strcmp(key, REC_KEY_EXIT_STATUS) == 0) {
		if (!parse_number(value, -1, &number) || number > 255)
			return false;
		h->exit_status = (int)number;
		return true;
	}
	if (strcmp(key, REC_KEY_ENDED) == 0)
		return parse_end(value, &h->ended);
	return figure_read(&h->sampling, key, value, known);
}

static bool is_header_key(const char *key)
{
	struct rec_header scratch = {.tool_version = NULL};
	bool known;

	read_header_comment(&scratch, key, "", &known);
	return known || strncmp(key, REC_KEY_LOSS, strlen(REC_KEY_LOSS)) == 0;
}

static int read_own_comment(struct reader *r, const char *key, const char *value)
{
	struct recording *rec = r->rec;
	bool known;

	if (strncmp(key, REC_KEY_LOSS, strlen(REC_KEY_LOSS)) == 0) {
		int64_t count;

		if (!parse_number(value, 0, &count) || recording_losses(rec) > (uint64_t)(INT64_MAX - count))
			return BAD(r, "a count of losses makes no sense");
		if (rec->n_losses == MAX_LOSSES)
			return BAD(r, "it has more than %d kinds of losses", MAX_LOSSES);
		recording_add_loss(rec, key + strlen(REC_KEY_LOSS), (uint64_t)count);
		return 0;
	}
	if (!read_header_comment(&rec->header, key, value, &known))
		return BAD(r, "the comment '%s' makes no sense", key);
	if (!known)
		recording_add_extra(rec, key, value);
	return 0;
}

static int read_comments(struct reader *r)
{
	for (size_t i = 0; i < r->profile->n_comment; i++) {
		const char *text = string_at(r, r->profile->comment[i]);
		const char *equals = text ? strchr(text, '=') : NULL;
		const char *key;

		if (!text)
			return -EBADMSG;
		key = equals ? strpool_add_n(r->rec->pool, text, (size_t)(equals - text)) : NULL;
		/* Another tool's comment must not become our header once this is written as a recording. */
		if (!key || (r->foreign && is_header_key(key)))
			recording_add_extra(r->rec, "comment", text);
		else if (r->foreign)
			recording_add_extra(r->rec, key, equals + 1);
		else if (read_own_comment(r, key, strpool_add(r->rec->pool, equals + 1)) < 0)
			return -EBADMSG;
	}
	return 0;
}

static int read_header(struct reader *r)
{
	struct rec_header *h = &r->rec->header;
	const Pprof__Profile *p = r->profile;

	if (p->duration_nanos < 0 || p->duration_nanos > MAX_DURATION_NS || p->time_nanos < 0)
		return BAD(r, "it begins at %lld ns and lasts %lld ns", (long long)p->time_nanos,
			   (long long)p->duration_nanos);
	h->window_seconds = (double)p->duration_nanos / 1e9;
	h->start_unix_ns = (uint64_t)p->time_nanos;
	if (r->foreign) {
		h->mode = REC_MODE_PROFILE;
		if (p->n_mapping && (optional_string(r, p->mapping[0]->filename, &h->path) < 0 ||
				     optional_string(r, p->mapping[0]->build_id, &h->build_id) < 0))
			return -EBADMSG;
		h->period = p->period > 0 ? (uint64_t)p->period : 0;
	}
	if (!r->foreign && optional_string(r, p->modinfo, &h->modinfo) < 0)
		return -EBADMSG;
	return read_comments(r);
}

/* Which values of a sample count allocations. */
static int find_sample_types(struct reader *r)
{
	const Pprof__Profile *p = r->profile;
	struct strbuf names = STRBUF_INIT;
	bool objects = false, space = false;

	for (size_t i = 0; i < p->n_sample_type; i++) {
		const char *type = string_at(r, p->sample_type[i]->type);

		if (!type || !string_at(r, p->sample_type[i]->unit)) {
			strbuf_release(&names);
			return -EBADMSG;
		}
		strbuf_addf(&names, "%s%s", i ? ", " : "", type);
		if (strcmp(type, "alloc_objects") == 0) {
			r->objects = i;
			objects = true;
		} else if (strcmp(type, "alloc_space") == 0) {
			r->space = i;
			space = true;
		}
	}
	if (!objects || !space) {
		error_set(r->err, -EBADMSG,
			  "recording: failed to read '%s': it counts %s, not allocations (alloc_objects, alloc_space); "
			  "save /debug/pprof/allocs, or record with 'escaudit record'",
			  r->path, names.len ? strbuf_str(&names) : "nothing");
		strbuf_release(&names);
		return -EBADMSG;
	}
	strbuf_release(&names);
	return 0;
}

static int read_profile(struct reader *r)
{
	const Pprof__Profile *p = r->profile;

	if (p->escaudit_format > REC_FORMAT)
		return error_set(
			r->err, -EPROTONOSUPPORT,
			"recording: failed to read '%s': it was written by a newer escaudit (format %u); read it "
			"with that one",
			r->path, p->escaudit_format);
	r->foreign = p->escaudit_format == 0;
	r->period = p->period;
	r->strings = xcalloc(p->n_string_table + 1, sizeof(*r->strings));
	for (size_t i = 0; i < p->n_string_table; i++)
		r->strings[i] = strpool_add(r->rec->pool, p->string_table[i]);
	if (p->n_string_table && *r->strings[0])
		return BAD(r, "the table of strings does not begin with the empty one");
	for (size_t i = 0; i < p->n_mapping; i++) {
		if (add_id(r, &r->mappings, "mapping", p->mapping[i]->id, i) < 0)
			return -EBADMSG;
	}
	r->is_numbered = true;
	if (find_sample_types(r) < 0 || read_header(r) < 0 || read_functions(r) < 0 ||
	    each(r, MANY_LOCATION, &pprof__location__descriptor, read_location) < 0)
		return -EBADMSG;
	r->n_replicas = recording_replicas(r->rec, NULL);
	if (each(r, MANY_SAMPLE, &pprof__sample__descriptor, read_sample) < 0)
		return -EBADMSG;
	/* fields from 1000 on are ours only in our own files */
	if (r->foreign)
		return 0;
	r->rec->has_sites = p->has_sites;
	if (each(r, MANY_SITE, &pprof__site__descriptor, read_site) < 0 ||
	    each(r, MANY_EXTENT, &pprof__extent__descriptor, read_extent) < 0 || read_points(r) < 0 ||
	    read_types(r) < 0)
		return -EBADMSG;
	recording_find_sites(r->rec);
	place_find_packages(r->rec);
	return 0;
}

static int unpack_and_read(struct reader *r, const uint8_t *data, size_t size)
{
	struct arena arena = {.blocks = NULL};
	ProtobufCAllocator allocator = {.alloc = arena_alloc, .free = arena_free, .allocator_data = &arena};
	struct strbuf rest = STRBUF_INIT;
	int ret;

	r->data = data;
	r->size = size;
	if (add_rest(r, &rest))
		r->profile = pprof__profile__unpack(&allocator, rest.len, (const uint8_t *)strbuf_str(&rest));
	strbuf_release(&rest);
	ret = r->profile ? read_profile(r) : unpack_failed(r, &arena);
	arena_release(&arena);
	arena_release(&r->one);
	free(r->strings);
	u64map_release(&r->functions);
	u64map_release(&r->locations);
	u64map_release(&r->mappings);
	return ret;
}

/* What people give by mistake, told from its first bytes. NULL if it may be a profile. */
static const char *other_kind(const uint8_t *data, size_t size)
{
	static const struct {
		const char *magic, *what;
	} kinds[] = {
		{"heap profile:", "it is a heap profile as text; save it without '?debug=1'"},
		{"\177ELF", "it is a program; record it with 'escaudit record -x'"},
		{"{", "it is JSON; give the recording, and predictions where predictions are asked for"},
		{"# ", "it is a build log; give the recording, and predictions where predictions are asked for"},
	};

	if (size == 0)
		return "it is empty; record again";
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t len = strlen(kinds[i].magic);

		if (size >= len && memcmp(data, kinds[i].magic, len) == 0)
			return kinds[i].what;
	}
	return NULL;
}

/* data is not compressed. Frees r->rec on failure. */
static int read_plain(struct reader *r, struct recording **out, const uint8_t *data, size_t size)
{
	const char *other = other_kind(data, size);
	int ret = other ? error_set(r->err, -EBADMSG, "recording: failed to read '%s': %s", r->path, other)
			: unpack_and_read(r, data, size);

	if (ret == 0)
		*out = r->rec;
	else
		recording_free(r->rec);
	return ret;
}

/* As recording_read_bytes(). What is left of file, if it is not NULL, is given back as soon as nobody needs it. */
static int read_bytes(struct recording **out, const void *data, size_t size, const char *path, struct strbuf *file,
		      struct error *err)
{
	struct reader r = {.path = path, .err = err, .rec = recording_new()};
	struct strbuf plain = STRBUF_INIT;
	int ret = 0;

	if (size > MAX_UNPACKED_BYTES)
		ret = error_set(err, -EBADMSG,
				"recording: failed to read '%s': it is larger than %zu MiB; record a shorter window",
				path, MAX_UNPACKED_BYTES >> 20);
	else if (is_gzip(data, size)) {
		ret = inflate_all(&r, &plain, data, size);
		data = strbuf_str(&plain);
		size = plain.len;
		if (file)
			strbuf_release(file);
	}
	if (ret == 0)
		ret = read_plain(&r, out, data, size);
	else
		recording_free(r.rec);
	strbuf_release(&plain);
	return ret;
}

int recording_read_bytes(struct recording **out, const void *data, size_t size, const char *path, struct error *err)
{
	return read_bytes(out, data, size, path, NULL, err);
}

int recording_read(struct recording **out, const char *path, struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	bool is_stdin = strcmp(path, "-") == 0;
	int ret = is_stdin ? strbuf_read_fd(&sb, STDIN_FILENO, MAX_UNPACKED_BYTES)
			   : strbuf_read_file(&sb, path, MAX_UNPACKED_BYTES);

	if (ret < 0)
		error_set(err, ret, "recording: failed to read '%s': %s", path, reason_text(ret));
	else
		ret = read_bytes(out, strbuf_str(&sb), sb.len, is_stdin ? "standard input" : path, &sb, err);
	strbuf_release(&sb);
	return ret;
}
