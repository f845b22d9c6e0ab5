/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/place.h"

#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "symbolize/go_name.h"

static const char *base_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

const char *place_package(struct strpool *pool, const struct rec_header *header, const struct rec_frame *frame)
{
	if (package_is_main(frame->function) && header->main_package)
		return strpool_add(pool, header->main_package);
	return package_path(pool, frame->function);
}

const char *place_path(struct strpool *pool, const struct rec_header *header, const char *file, const char *package)
{
	const char *goroot = header->goroot_src, *module = header->main_module;
	const char *base = base_name(file);
	size_t n = module ? strlen(module) : 0;

	if (goroot && *goroot && strncmp(file, goroot, strlen(goroot)) == 0)
		return strpool_add(pool, file + strlen(goroot));
	/* Packages without an import path of their own: files named on the command line, C. */
	if (!package || !*package || strcmp(package, "main") == 0 || strcmp(package, "command-line-arguments") == 0)
		return strpool_add(pool, base);
	if (n && strncmp(package, module, n) == 0 && (package[n] == '\0' || package[n] == '/'))
		package += package[n] ? n + 1 : n;
	return *package ? strpool_addf(pool, "%s/%s", package, base) : strpool_add(pool, base);
}

const char *place_file(struct strpool *pool, const struct rec_header *header, const struct rec_frame *frame)
{
	return frame->file ? place_path(pool, header, frame->file, place_package(pool, header, frame)) : NULL;
}

const char *place_short_function(const char *function)
{
	size_t n = package_length(function);

	while (n > 0 && function[n - 1] != '/')
		n--;
	return function + n;
}

static bool is_runtime_name(const char *function)
{
	return strncmp(function, "runtime.", 8) == 0 || strncmp(function, "internal/runtime/", 17) == 0;
}

const struct rec_frame *place_innermost(const struct rec_frame *frames, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_runtime_name(frames[i].function))
			return &frames[i];
	}
	return &frames[0];
}

bool place_in_main_module(const struct rec_header *header, const char *function)
{
	return package_is_main(function) ||
	       (header->main_module && package_is_under(function, package_length(function), header->main_module));
}

static const struct rec_frame *nearest_in_main_module(const struct recording *rec, const struct rec_observation *o)
{
	for (uint32_t i = o->user; i < o->n_locations; i++) {
		const struct rec_location *loc = &rec->locations[o->locations[i]];

		for (size_t k = 0; k < loc->n_frames; k++) {
			if (place_in_main_module(&rec->header, loc->frames[k].function))
				return &loc->frames[k];
		}
	}
	return NULL;
}

const struct rec_frame *place_charged(const struct recording *rec, const struct rec_observation *o, bool charge_module)
{
	const struct rec_frame *frame = NULL;

	if (o->user != REC_NO_USER_FRAME) {
		const struct rec_location *loc = &rec->locations[o->locations[o->user]];

		frame = charge_module ? nearest_in_main_module(rec, o) : NULL;
		return frame ? frame : place_innermost(loc->frames, loc->n_frames);
	}
	for (uint32_t i = 0; i < o->n_locations; i++) {
		frame = &rec->locations[o->locations[i]].frames[0];
		if (!go_runtime_is_allocator(frame->function))
			break;
	}
	return frame;
}

static bool ends_in_digits_of(const char *p, const char *word, size_t *len)
{
	size_t n = strlen(word);

	if (strncmp(p, word, n) != 0 || p[n] < '0' || p[n] > '9')
		return false;
	*len = n;
	return true;
}

const char *place_identity(struct strpool *pool, const char *function)
{
	static const char *const counted[] = {".func", ".gowrap", ".deferwrap", "-range"};
	struct strbuf sb = STRBUF_INIT;
	const char *identity;
	int depth = 0;

	for (const char *p = function; *p;) {
		size_t len = 0;

		for (size_t i = 0; i < ARRAY_SIZE(counted) && !len; i++)
			ends_in_digits_of(p, counted[i], &len);
		if (len) {
			if (!depth)
				strbuf_add(&sb, p, len);
			p += len;
			p += strspn(p, "0123456789");
			continue;
		}
		if (*p == '[' && depth++ == 0)
			strbuf_addstr(&sb, "[...]");
		if (!depth && p[0] == '(' && p[1] == '*')
			p++; /* and the star */
		else if (!depth && *p != ')')
			strbuf_addch(&sb, *p);
		if (*p == ']' && depth)
			depth--;
		p++;
	}
	identity = strpool_add(pool, strbuf_str(&sb));
	strbuf_release(&sb);
	return identity;
}

static bool is_path_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/' ||
	       c == '-' || c == '~' || c == '%' || c == '.' || (unsigned char)c >= 0x80;
}

const char *place_bare_type(struct strpool *pool, const char *type)
{
	struct strbuf sb = STRBUF_INIT;
	const char *bare;

	for (const char *p = type; *p;) {
		size_t n = 0, keep = 0;

		for (; *p == '.'; p++) /* of "...int" */
			strbuf_addch(&sb, *p);
		for (; is_path_char(p[n]); n++) {
			if (p[n] == '.' && is_path_char(p[n + 1]))
				keep = n + 1; /* behind the last point within a name */
		}
		strbuf_add(&sb, p + keep, n - keep);
		p += n;
		if (*p)
			strbuf_addch(&sb, *p++);
	}
	bare = strpool_add(pool, strbuf_str(&sb));
	strbuf_release(&sb);
	return bare;
}

bool place_is_newer(const struct recording *rec, const char *path)
{
	struct stat st;

	return rec->header.start_unix_ns && stat(path, &st) == 0 &&
	       (uint64_t)st.st_mtim.tv_sec > rec->header.start_unix_ns / 1000000000;
}
