/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording to a file. The message Profile is never built as a whole: its repeated fields are written one element at
 * a time through the compressor, which protobuf allows (the bytes of two parts of a message, one behind the other, are
 * the message). A string or function is written when it is first needed, before what names it. So memory is that of the
 * tables of strings and functions.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/atomic_file.h"
#include "base/memory.h"
#include "base/reason.h"
#include "base/strbuf.h"
#include "base/u64map.h"
#include "recording/profile.pb-c.h"
#include "recording/recording.h"
#include "recording/recording_internal.h"

/* Field numbers of Profile's repeated fields, as in recording/profile.proto. */
enum profile_field {
	FIELD_SAMPLE = 2,
	FIELD_LOCATION = 4,
	FIELD_FUNCTION = 5,
	FIELD_STRING = 6,
	FIELD_SITE = 1003,
	FIELD_EXTENT = 1004,
	FIELD_POINT = 1005,
	FIELD_TYPE = 1006,
};

#define WIRE_BYTES 2

struct writer {
	int fd;
	int failed; /* the first negative errno; everything after it is passed over */
	z_stream z;
	uint8_t out[65536];
	uint8_t *message; /* the element being packed */
	size_t message_alloc;

	const struct strpool *names; /* the recording's */
	struct strpool *strings;     /* what it lacks; no text is in both */
	struct u64map string_ids;    /* pointer into one of them -> index in string_table */
	struct u64map name_ids;	     /* name << 32 | file -> number */
	struct u64map function_ids;
	struct strbuf text;
};

static void flush_out(struct writer *w)
{
	size_t n = sizeof(w->out) - w->z.avail_out;
	size_t done = 0;

	while (!w->failed && done < n) {
		ssize_t put = write(w->fd, w->out + done, n - done);

		if (put < 0 && errno != EINTR)
			w->failed = -errno;
		else if (put > 0)
			done += (size_t)put;
	}
	w->z.next_out = w->out;
	w->z.avail_out = sizeof(w->out);
}

static void put(struct writer *w, const void *data, size_t size)
{
	const uint8_t *p = data;

	while (size && !w->failed) {
		size_t part = size < (1u << 30) ? size : (1u << 30);

		w->z.next_in = (void *)p;
		w->z.avail_in = (uInt)part;
		while (w->z.avail_in && !w->failed) {
			if (w->z.avail_out == 0)
				flush_out(w);
			deflate(&w->z, Z_NO_FLUSH);
		}
		p += part;
		size -= part;
	}
}

static void put_varint(struct writer *w, uint64_t v)
{
	uint8_t bytes[10];
	size_t n = 0;

	do {
		bytes[n] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		n++;
		v >>= 7;
	} while (v);
	put(w, bytes, n);
}

static void put_field(struct writer *w, enum profile_field field, const void *data, size_t size)
{
	put_varint(w, (uint64_t)field << 3 | WIRE_BYTES);
	put_varint(w, size);
	put(w, data, size);
}

static size_t pack(struct writer *w, const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);

	ARRAY_GROW(w->message, size, w->message_alloc);
	return protobuf_c_message_pack(message, w->message);
}

static void put_message(struct writer *w, enum profile_field field, const ProtobufCMessage *message)
{
	size_t size = pack(w, message);

	put_field(w, field, w->message, size);
}

/* The index of s in string_table; NULL and "" are 0. */
static int64_t string_id(struct writer *w, const char *s)
{
	const char *name;
	uint64_t *id;
	bool is_new;
	size_t len;

	if (!s || !*s)
		return 0;
	len = strlen(s);
	name = strpool_find(w->names, s, len);
	s = name ? name : strpool_add_n(w->strings, s, len);
	id = u64map_at(&w->string_ids, (uintptr_t)s, &is_new);
	if (is_new) {
		*id = w->string_ids.n; /* the empty string is 0 and not in the map */
		put_field(w, FIELD_STRING, s, len);
	}
	return (int64_t)*id;
}

/* Small numbers for pairs of small numbers, so that a triple can be interned by two maps without hashing anything away.
 */
static uint64_t pair_id(struct u64map *map, uint64_t high, uint64_t low, bool *is_new)
{
	uint64_t *id = u64map_at(map, high << 32 | (low & UINT32_MAX), is_new);

	if (*is_new)
		*id = map->n;
	return *id;
}

static uint64_t function_id(struct writer *w, const struct rec_frame *frame)
{
	int64_t name = string_id(w, frame->function);
	int64_t file = string_id(w, frame->file);
	int start_line = frame->start_line > 0 ? frame->start_line : 0;
	bool is_new;
	uint64_t id = pair_id(&w->name_ids, (uint64_t)name, (uint64_t)file, &is_new);

	id = pair_id(&w->function_ids, id, (uint64_t)start_line, &is_new);
	if (is_new) {
		Pprof__Function f = PPROF__FUNCTION__INIT;

		f.id = id;
		f.name = name;
		f.system_name = name;
		f.filename = file;
		f.start_line = start_line;
		put_message(w, FIELD_FUNCTION, &f.base);
	}
	return id;
}

/* Lines for n frames, in one block that the caller frees: the pointers, then what they point to. */
static Pprof__Line **new_lines(struct writer *w, const struct rec_frame *frames, size_t n)
{
	Pprof__Line **pointers = xcalloc(n ? n : 1, sizeof(*pointers) + sizeof(**pointers));
	Pprof__Line *lines = (Pprof__Line *)(pointers + n);

	for (size_t i = 0; i < n; i++) {
		pprof__line__init(&lines[i]);
		lines[i].function_id = function_id(w, &frames[i]);
		lines[i].line = frames[i].line;
		pointers[i] = &lines[i];
	}
	return pointers;
}

/* ---- the parts -----------------------------------------------------------------------------------------------------
 */

struct comments {
	struct writer *w;
	int64_t *items;
	size_t n;
	size_t alloc;
};

static void comment(struct comments *c, const char *key, const char *value)
{
	if (!value)
		return;
	strbuf_clear(&c->w->text);
	strbuf_addf(&c->w->text, "%s=%s", key, value);
	ARRAY_GROW(c->items, c->n + 1, c->alloc);
	c->items[c->n++] = string_id(c->w, strbuf_str(&c->w->text));
}

static void comment_number(struct comments *c, const char *key, int64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%lld", (long long)value);
	comment(c, key, digits);
}

static int64_t to_i64(uint64_t v)
{
	return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static void comment_figure(void *ctx, const char *key, const char *value)
{
	comment(ctx, key, value);
}

static void add_comments(struct comments *c, const struct recording *rec)
{
	static const char *const mode_names[] = REC_MODE_NAMES;
	static const char *const end_names[] = REC_END_NAMES;
	const struct rec_header *h = &rec->header;
	char seconds[32];

	comment(c, REC_KEY_TOOL_VERSION, h->tool_version);
	comment(c, REC_KEY_MODE, mode_names[h->mode]);
	snprintf(seconds, sizeof(seconds), "%.3f", h->window_seconds);
	comment(c, REC_KEY_WINDOW_SECONDS, seconds);
	comment(c, REC_KEY_WINDOW_COMPLETE, h->window_complete ? "true" : "false");
	comment(c, REC_KEY_PATH, h->path);
	comment(c, REC_KEY_BUILD_ID, h->build_id);
	comment(c, REC_KEY_GO_VERSION, h->go_version);
	comment(c, REC_KEY_ARCH, h->arch);
	comment_number(c, REC_KEY_PID, h->pid);
	comment(c, REC_KEY_MAIN_PACKAGE, h->main_package);
	comment(c, REC_KEY_MAIN_MODULE, h->main_module);
	comment(c, REC_KEY_GOROOT_SRC, h->goroot_src);
	comment_number(c, REC_KEY_EXIT_STATUS, h->exit_status);
	comment(c, REC_KEY_COVERAGE, h->coverage);
	comment_number(c, REC_KEY_HITS, to_i64(h->hits));
	comment_number(c, REC_KEY_ENTRIES, to_i64(h->entries));
	comment_number(c, REC_KEY_STACKS, to_i64(h->stacks));
	if (h->shortened)
		comment_number(c, REC_KEY_SHORTENED, to_i64(h->shortened));
	comment(c, REC_KEY_ENDED, end_names[h->ended]);
	if (h->period)
		comment_number(c, REC_KEY_PERIOD, to_i64(h->period));
	recording_each_figure(&h->sampling, comment_figure, c);
	for (size_t i = 0; i < rec->n_losses; i++) {
		char *key = xasprintf(REC_KEY_LOSS "%s", rec->losses[i].name);

		comment_number(c, key, to_i64(rec->losses[i].count));
		free(key);
	}
	for (size_t i = 0; i < rec->n_extra; i++)
		comment(c, rec->extra[i].key, rec->extra[i].value);
}

/*
 * pprof prunes by names cut at the first parenthesis ("runtime.(*mcache).refill" becomes "runtime."), so that is how
 * they must be compared, and quoted, here.
 */
static const char *pruning_name(struct strpool *names, const char *function)
{
	return strpool_add_n(names, function, strcspn(function, "("));
}

static void add_quoted(struct strbuf *regexp, const char *s)
{
	for (; *s; s++) {
		if (strchr("\\.+*?()|[]{}^$", *s))
			strbuf_addch(regexp, '\\');
		strbuf_addch(regexp, *s);
	}
}

/*
 * Heap profiles of Go's own hide the runtime frames between the allocator and the line that allocates; otherwise every
 * "flat" figure of pprof would stand beside runtime.newobject. Here they stay in the file, and pprof is told to hide
 * them: the runtime functions called from a user frame, with all they call. A function that also has user code
 * beneath it in some stack (runtime.gopanic, which runs deferred functions) is not among them, for that would hide user
 * code. Totals do not change.
 */
static char *drop_frames(const struct recording *rec)
{
	struct strpool *names = strpool_new();
	struct u64map called = U64MAP_INIT; /* name -> is seen */
	struct u64map calls_back = U64MAP_INIT;
	const char **order = NULL;
	size_t n = 0, alloc = 0;
	struct strbuf regexp = STRBUF_INIT;

	for (size_t i = 0; i < rec->n_observations; i++) {
		const struct rec_observation *o = &rec->observations[i];

		if (o->user == REC_NO_USER_FRAME)
			continue;
		if (o->user > 0) {
			const struct rec_location *loc = &rec->locations[o->locations[o->user - 1]];
			const char *name;
			bool is_new;

			/* The outermost of its frames is the one that user code called. */
			if (loc->is_runtime && loc->n_frames) {
				name = pruning_name(names, loc->frames[loc->n_frames - 1].function);
				u64map_at(&called, (uintptr_t)name, &is_new);
				if (is_new) {
					ARRAY_GROW(order, n + 1, alloc);
					order[n++] = name;
				}
			}
		}
		for (uint32_t j = o->user; j < o->n_locations; j++) {
			const struct rec_location *loc = &rec->locations[o->locations[j]];

			for (size_t k = 0; loc->is_runtime && k < loc->n_frames; k++)
				u64map_at(&calls_back, (uintptr_t)pruning_name(names, loc->frames[k].function), NULL);
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (u64map_find(&calls_back, (uintptr_t)order[i]))
			continue;
		if (regexp.len)
			strbuf_addch(&regexp, '|');
		add_quoted(&regexp, order[i]);
	}
	free(order);
	u64map_release(&called);
	u64map_release(&calls_back);
	strpool_free(names);
	return strbuf_detach(&regexp);
}

/* Everything of Profile but the long lists. */
static void put_head(struct writer *w, const struct recording *rec)
{
	Pprof__Profile head = PPROF__PROFILE__INIT;
	Pprof__ValueType objects = PPROF__VALUE_TYPE__INIT, space = PPROF__VALUE_TYPE__INIT,
			 period = PPROF__VALUE_TYPE__INIT;
	Pprof__ValueType *types[] = {&objects, &space};
	Pprof__Mapping mapping = PPROF__MAPPING__INIT;
	Pprof__Mapping *mappings[] = {&mapping};
	struct comments comments = {.w = w};
	char *drop = drop_frames(rec);
	size_t size;

	put_field(w, FIELD_STRING, "", 0);

	objects.type = string_id(w, "alloc_objects");
	objects.unit = string_id(w, "count");
	space.type = string_id(w, "alloc_space");
	space.unit = string_id(w, "bytes");
	period.type = string_id(w, "space");
	period.unit = space.unit;
	head.n_sample_type = 2;
	head.sample_type = types;
	head.default_sample_type = space.type;
	head.period_type = &period;
	head.period = rec->header.mode == REC_MODE_EXACT; /* every byte; no one figure otherwise */
	head.time_nanos = to_i64(rec->header.start_unix_ns);
	head.duration_nanos = (int64_t)(rec->header.window_seconds * 1e9 + 0.5);
	head.drop_frames = string_id(w, drop);

	mapping.id = 1;
	mapping.memory_limit = UINT64_MAX; /* see recording/profile.proto */
	mapping.filename = string_id(w, rec->header.path);
	mapping.build_id = string_id(w, rec->header.build_id);
	mapping.has_functions = mapping.has_filenames = mapping.has_line_numbers = mapping.has_inline_frames = 1;
	head.n_mapping = 1;
	head.mapping = mappings;

	add_comments(&comments, rec);
	head.n_comment = comments.n;
	head.comment = comments.items;

	head.escaudit_format = REC_FORMAT;
	head.modinfo = string_id(w, rec->header.modinfo);
	head.has_sites = rec->has_sites;
	size = pack(w, &head.base);
	put(w, w->message, size);
	free(comments.items);
	free(drop);
}

static void put_location(struct writer *w, const struct rec_location *loc, uint64_t id)
{
	Pprof__Location l = PPROF__LOCATION__INIT;

	l.id = id;
	l.mapping_id = loc->pc ? 1 : 0;
	l.address = loc->pc ? loc->pc - 1 : 0;
	l.is_runtime = loc->is_runtime;
	l.is_c = loc->is_c;
	l.n_line = loc->n_frames;
	l.line = new_lines(w, loc->frames, loc->n_frames);
	put_message(w, FIELD_LOCATION, &l.base);
	free(l.line);
}

/* What each replica contributed, as three lists in one block that the caller frees. */
static void *new_parts(Pprof__Sample *s, const struct rec_observation *o)
{
	uint64_t *objects, *bytes;
	uint32_t *replicas;

	if (!o->n_parts)
		return NULL;
	objects = xcalloc(o->n_parts, 2 * sizeof(*objects) + sizeof(*replicas));
	bytes = objects + o->n_parts;
	replicas = (uint32_t *)(bytes + o->n_parts);
	for (uint32_t i = 0; i < o->n_parts; i++) {
		replicas[i] = o->parts[i].replica + 1;
		objects[i] = o->parts[i].objects;
		bytes[i] = o->parts[i].bytes;
	}
	s->n_replica = s->n_replica_objects = s->n_replica_bytes = o->n_parts;
	s->replica = replicas;
	s->replica_objects = objects;
	s->replica_bytes = bytes;
	return objects;
}

static void put_observation(struct writer *w, const struct rec_observation *o, uint64_t **ids, size_t *ids_alloc)
{
	Pprof__Sample s = PPROF__SAMPLE__INIT;
	Pprof__Label type = PPROF__LABEL__INIT, cause = PPROF__LABEL__INIT;
	Pprof__Label *labels[2];
	int64_t values[] = {to_i64(o->objects), to_i64(o->bytes)};
	void *parts;

	ARRAY_GROW(*ids, o->n_locations, *ids_alloc);
	for (uint32_t i = 0; i < o->n_locations; i++)
		(*ids)[i] = (uint64_t)o->locations[i] + 1;
	s.n_location_id = o->n_locations;
	s.location_id = *ids;
	s.n_value = ARRAY_SIZE(values);
	s.value = values;
	s.label = labels;
	if (o->type) {
		type.key = string_id(w, REC_LABEL_TYPE);
		type.str = string_id(w, o->type);
		labels[s.n_label++] = &type;
	}
	if (o->cause != CAUSE_UNKNOWN) {
		cause.key = string_id(w, REC_LABEL_CAUSE);
		cause.str = string_id(w, cause_name(o->cause));
		labels[s.n_label++] = &cause;
	}
	s.user = o->user == REC_NO_USER_FRAME ? 0 : o->user + 1;
	s.smallest = o->smallest;
	s.largest = o->largest;
	s.truncated = o->truncated;
	s.samples = o->samples == o->objects ? 0 : o->samples + 1;
	s.error_pct = o->error_pct;
	parts = new_parts(&s, o);
	put_message(w, FIELD_SAMPLE, &s.base);
	free(parts);
}

static void put_extent(struct writer *w, const struct rec_extent *extent)
{
	struct rec_frame frame = {.function = extent->function, .file = extent->file};
	Pprof__Extent e = PPROF__EXTENT__INIT;

	e.function_id = function_id(w, &frame);
	e.first = extent->first;
	e.last = extent->last;
	e.is_physical = extent->is_physical;
	e.wraps = string_id(w, extent->wraps);
	put_message(w, FIELD_EXTENT, &e.base);
}

static void put_point(struct writer *w, const struct rec_point *point)
{
	Pprof__Point p = PPROF__POINT__INIT;

	p.pc = point->pc;
	p.file = string_id(w, point->file);
	p.first = point->first;
	p.last = point->last;
	p.reach = point->reach;
	put_message(w, FIELD_POINT, &p.base);
}

static void put_site(struct writer *w, const struct rec_site *site)
{
	Pprof__Site s = PPROF__SITE__INIT;
	const struct rec_source *source = site->source;
	uint32_t statement[2];
	uint32_t *numbers = source ? xcalloc(4 + 2 * (size_t)source->n_levels, sizeof(*numbers)) : NULL;

	s.pc = site->pc;
	s.ret = site->ret;
	s.callee = string_id(w, site->callee);
	s.cause = string_id(w, cause_name(site->cause));
	s.may_elide = site->may_elide;
	s.type = string_id(w, site->type);
	s.type_size = site->type_size;
	s.size = site->size;
	s.reach = site->reach;
	s.buffer = site->buffer;
	s.indirect = (site->indirect_key ? 1u : 0) | (site->indirect_value ? 2u : 0);
	s.closure = string_id(w, site->closure);
	s.captures = string_id(w, site->captures);
	s.variable = string_id(w, site->variable);
	s.n_line = site->n_frames;
	s.calls = site->calls;
	s.line = new_lines(w, site->frames, site->n_frames);
	if (source) {
		const uint32_t extent[] = {(uint32_t)source->first_line, (uint32_t)source->first_column,
					   (uint32_t)source->last_line, (uint32_t)source->last_column};

		memcpy(numbers, extent, sizeof(extent));
		for (size_t i = 0; i < source->n_levels; i++) {
			numbers[4 + 2 * i] = (uint32_t)source->levels[i].line;
			numbers[5 + 2 * i] = (uint32_t)source->levels[i].column;
		}
		s.source = numbers;
		s.n_source = 4 + 2 * source->n_levels;
		s.expr = string_id(w, source->expr);
	}
	if (source && source->statement_line) {
		statement[0] = (uint32_t)source->statement_line;
		statement[1] = (uint32_t)source->statement_column;
		s.statement = statement;
		s.n_statement = ARRAY_SIZE(statement);
	}
	put_message(w, FIELD_SITE, &s.base);
	free(numbers);
	free(s.line);
}

static void put_type(struct writer *w, const struct rec_type *type)
{
	Pprof__Type t = PPROF__TYPE__INIT;
	size_t n = type->n_fields;

	t.name = string_id(w, type->name);
	t.package = string_id(w, type->package);
	t.size = type->size;
	t.has_pointers = type->has_pointers;
	t.is_fixed = type->is_fixed;
	t.n_field = t.n_offset = t.n_field_size = t.n_align = n;
	t.field = xcalloc(n, sizeof(*t.field));
	t.offset = xcalloc(n, sizeof(*t.offset));
	t.field_size = xcalloc(n, sizeof(*t.field_size));
	t.align = xcalloc(n, sizeof(*t.align));
	for (size_t i = 0; i < n; i++) {
		t.field[i] = string_id(w, type->fields[i].name);
		t.offset[i] = type->fields[i].offset;
		t.field_size[i] = type->fields[i].size;
		t.align[i] = type->fields[i].align;
	}
	put_message(w, FIELD_TYPE, &t.base);
	free(t.field);
	free(t.offset);
	free(t.field_size);
	free(t.align);
}

/* The whole recording to fd. Returns 0 or a negative errno. */
static int write_fd(const struct recording *rec, int fd)
{
	struct writer *w = xcalloc(1, sizeof(*w));
	uint64_t *ids = NULL;
	size_t ids_alloc = 0;
	int ret;

	w->fd = fd;
	w->names = rec->pool;
	w->strings = strpool_new();
	w->z.next_out = w->out;
	w->z.avail_out = sizeof(w->out);
	/* 15 bits of window, 16 for a gzip header; zlib leaves its time at 0, so equal recordings are equal files */
	if (deflateInit2(&w->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		w->failed = -ENOMEM;
	} else {
		int status;

		put_head(w, rec);
		for (size_t i = 0; i < rec->n_locations; i++)
			put_location(w, &rec->locations[i], i + 1);
		for (size_t i = 0; i < rec->n_observations; i++)
			put_observation(w, &rec->observations[i], &ids, &ids_alloc);
		for (size_t i = 0; i < rec->n_sites; i++)
			put_site(w, &rec->sites[i]);
		for (size_t i = 0; i < rec->n_extents; i++)
			put_extent(w, &rec->extents[i]);
		for (size_t i = 0; i < rec->n_points; i++)
			put_point(w, &rec->points[i]);
		for (size_t i = 0; i < rec->n_types; i++)
			put_type(w, &rec->types[i]);
		/* What was put last may have filled the buffer, and without room deflate does nothing. */
		do {
			flush_out(w);
			status = deflate(&w->z, Z_FINISH);
		} while (status == Z_OK && !w->failed);
		flush_out(w);
		if (status != Z_STREAM_END && !w->failed)
			w->failed = -EIO;
		deflateEnd(&w->z);
	}
	ret = w->failed;
	free(ids);
	free(w->message);
	strbuf_release(&w->text);
	u64map_release(&w->string_ids);
	u64map_release(&w->name_ids);
	u64map_release(&w->function_ids);
	strpool_free(w->strings);
	free(w);
	return ret;
}

static int failed_to_write(struct error *err, int code, const char *path)
{
	return error_set(err, code, "recording: failed to write '%s': %s", path, reason_text(code));
}

int recording_write(const struct recording *rec, const char *path, struct error *err)
{
	struct atomic_file file;
	int ret;

	if (strcmp(path, "-") == 0) {
		ret = write_fd(rec, STDOUT_FILENO);
		return ret ? failed_to_write(err, ret, "standard output") : 0;
	}
	ret = atomic_file_begin(&file, path);
	if (ret == 0)
		ret = atomic_file_end(&file, write_fd(rec, fileno(file.stream)));
	return ret ? failed_to_write(err, ret, path) : 0;
}
