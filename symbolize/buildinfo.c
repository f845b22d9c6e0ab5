/* SPDX-License-Identifier: Apache-2.0 */
/*
 * .go.buildinfo, as src/debug/buildinfo/buildinfo.go reads it: at a multiple of 16 in the first writable segment
 *
 *   0   "\xff Go buildinf:"   14 bytes
 *   14  pointer size          unused since 1.18
 *   15  flags                 2: the strings follow inline (since 1.18)
 *   32  uvarint length, version, uvarint length, module text between two 16-byte marks
 *
 * and the module text, as src/runtime/debug/mod.go parses it:
 *
 *   path<TAB>example.com/m/cmd/x
 *   mod<TAB>example.com/m<TAB>v1.2.3<TAB>h1:...
 *   build<TAB>-gcflags="-m -l"
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "symbolize/go_binary_internal.h"

#define MAGIC	     "\xff Go buildinf:"
#define MAGIC_SIZE   14
#define HEADER_SIZE  32
#define ALIGNMENT    16
#define FLAG_INLINE  2
#define MARK_SIZE    16
#define MAX_SETTINGS 4096

/* A string behind its length. Moves p behind it. */
static bool counted_string(const uint8_t **p, const uint8_t *end, const char **s, size_t *len)
{
	uint64_t n = 0;

	for (unsigned shift = 0;; shift += 7) {
		if (*p == end || shift > 28)
			return false;
		n |= (uint64_t)(**p & 0x7f) << shift;
		if (!(*(*p)++ & 0x80))
			break;
	}
	if (n > (size_t)(end - *p))
		return false;
	*s = (const char *)*p;
	*len = n;
	*p += n;
	return true;
}

/* Where the magic lies: the section, else the first aligned place in a writable segment. */
static const uint8_t *find_magic(const struct elf_image *image, size_t *avail)
{
	const struct elf_section *section = elf_image_section(image, ".go.buildinfo");
	const uint8_t *p;

	if (section && (p = elf_image_at(image, section->vaddr, avail)) && *avail >= HEADER_SIZE &&
	    memcmp(p, MAGIC, MAGIC_SIZE) == 0)
		return p;
	for (size_t i = 0; i < elf_image_segment_count(image); i++) {
		const struct elf_segment *segment = elf_image_segment(image, i);
		elf_vaddr start = (segment->vaddr + ALIGNMENT - 1) & ~(elf_vaddr)(ALIGNMENT - 1);

		if (!(segment->flags & PF_W) || !(p = elf_image_at(image, start, avail)))
			continue;
		for (; *avail >= HEADER_SIZE; p += ALIGNMENT, *avail -= ALIGNMENT) {
			if (memcmp(p, MAGIC, MAGIC_SIZE) == 0)
				return p;
		}
	}
	return NULL;
}

/* "go1.26.11-X:...", "devel go1.27-abc", "go1.19.8 some distribution". -1 if it is none of these. */
static int parse_minor(const char *version)
{
	const char *p = strstr(version, "go1.");
	int minor = 0;

	if (!p || p[4] < '0' || p[4] > '9')
		return -1;
	for (p += 4; *p >= '0' && *p <= '9'; p++) {
		minor = minor * 10 + (*p - '0');
		if (minor > 9999)
			return -1;
	}
	return minor;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void add_utf8(struct strbuf *sb, uint32_t c)
{
	if (c < 0x80) {
		strbuf_addch(sb, (char)c);
		return;
	}
	if (c < 0x800) {
		strbuf_addch(sb, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			strbuf_addch(sb, (char)(0xe0 | c >> 12));
		} else {
			strbuf_addch(sb, (char)(0xf0 | (c >> 18 & 7)));
			strbuf_addch(sb, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		strbuf_addch(sb, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	strbuf_addch(sb, (char)(0x80 | (c & 0x3f)));
}

/* \xNN, \uNNNN, \UNNNNNNNN: p is behind the letter. */
static bool add_escaped_number(struct strbuf *sb, const char **p, const char *end, char letter)
{
	int digits = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;
	uint32_t c = 0;

	if (end - *p < digits)
		return false;
	for (; digits > 0; digits--, (*p)++) {
		if (hex_value(**p) < 0)
			return false;
		c = c << 4 | (uint32_t)hex_value(**p);
	}
	if (c == 0 || c > 0x10ffff)
		return false;
	if (letter == 'x')
		strbuf_addch(sb, (char)c);
	else
		add_utf8(sb, c);
	return true;
}

/*
 * A key or a value: as it is, or quoted the way strconv.Quote does. Stops behind it. Text that is not well quoted is
 * taken as it is.
 */
static const char *unquote(struct strpool *pool, const char **p, const char *end)
{
	static const char letters[] = "abfnrtv\\\"'", bytes[] = "\a\b\f\n\r\t\v\\\"'";
	struct strbuf sb = STRBUF_INIT;
	const char *from = *p, *s = NULL;
	const char *letter;

	for (from++; from < end && *from != '"';) {
		char c = *from++;

		if (c != '\\') {
			strbuf_addch(&sb, c);
			continue;
		}
		if (from == end)
			goto out;
		c = *from++;
		if (c == 'x' || c == 'u' || c == 'U') {
			if (!add_escaped_number(&sb, &from, end, c))
				goto out;
		} else {
			letter = c ? strchr(letters, c) : NULL;
			if (!letter)
				goto out;
			strbuf_addch(&sb, bytes[letter - letters]);
		}
	}
	if (from < end) {
		s = strpool_add_n(pool, strbuf_str(&sb), sb.len);
		*p = from + 1;
	}
out:
	strbuf_release(&sb);
	return s;
}

static void add_setting(struct go_binary *bin, const char *p, const char *end)
{
	struct go_buildinfo *build = &bin->build;
	const char *key = NULL, *value = NULL;

	if (build->n_settings == MAX_SETTINGS)
		return;
	if (p < end && *p == '"')
		key = unquote(bin->strings, &p, end);
	if (!key) {
		const char *equals = memchr(p, '=', (size_t)(end - p));

		if (!equals)
			return;
		key = strpool_add_n(bin->strings, p, (size_t)(equals - p));
		p = equals;
	}
	if (p == end || *p != '=')
		return;
	p++;
	if (p < end && *p == '"') {
		const char *quoted = p;

		value = unquote(bin->strings, &quoted, end);
	}
	if (!value)
		value = strpool_add_n(bin->strings, p, (size_t)(end - p));
	ARRAY_GROW(build->settings, build->n_settings + 1, build->alloc_settings);
	build->settings[build->n_settings++] = (struct go_setting){.key = key, .value = value};
}

static void parse_line(struct go_binary *bin, const char *p, const char *end)
{
	const char *tab = memchr(p, '\t', (size_t)(end - p));
	const char *field, *field_end;
	size_t verb_len;

	if (!tab)
		return;
	verb_len = (size_t)(tab - p);
	field = tab + 1;
	field_end = memchr(field, '\t', (size_t)(end - field));
	if (!field_end)
		field_end = end;
	if (verb_len == 4 && memcmp(p, "path", 4) == 0 && !bin->build.main_package)
		bin->build.main_package = strpool_add_n(bin->strings, field, (size_t)(end - field));
	else if (verb_len == 3 && memcmp(p, "mod", 3) == 0 && !bin->build.main_module)
		bin->build.main_module = strpool_add_n(bin->strings, field, (size_t)(field_end - field));
	else if (verb_len == 5 && memcmp(p, "build", 5) == 0)
		add_setting(bin, field, end);
}

static void parse_modinfo(struct go_binary *bin, const char *text, size_t len)
{
	const char *end;

	/* Between its marks the text ends with a newline, else it is not there (runtime/debug.ReadBuildInfo). */
	if (len >= 2 * MARK_SIZE + 1 && text[len - MARK_SIZE - 1] == '\n') {
		text += MARK_SIZE;
		len -= 2 * MARK_SIZE;
	} else {
		len = 0;
	}
	bin->build.modinfo = strpool_add_n(bin->strings, text, len);
	for (end = text + len; text < end;) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		if (!newline)
			break;
		parse_line(bin, text, newline);
		text = newline + 1;
	}
}

int go_buildinfo_read(struct go_binary *bin, struct error *err)
{
	const char *path = elf_image_path(bin->image), *version, *modinfo;
	struct go_buildinfo *build = &bin->build;
	size_t avail, version_len, modinfo_len;
	const uint8_t *p = find_magic(bin->image, &avail), *end;

	if (!p)
		return error_set(
			err, -ENODATA,
			"go: '%s' holds no Go build information: it is not a Go program, or was packed; name a program "
			"as 'go build' left it",
			path);
	if (!(p[15] & FLAG_INLINE))
		return error_set(err, -EPROTONOSUPPORT,
				 "go: '%s' is built by a Go release before 1.18; rebuild it with Go 1.%d or newer",
				 path, GO_OLDEST_MINOR);
	end = p + avail;
	p += HEADER_SIZE;
	if (!counted_string(&p, end, &version, &version_len) || !counted_string(&p, end, &modinfo, &modinfo_len))
		return error_set(err, -EBADMSG, "go: '%s' is damaged: its build information is cut off; rebuild it",
				 path);
	build->version = strpool_add_n(bin->strings, version, version_len);
	build->minor = parse_minor(build->version);
	if (build->minor < 0)
		return error_set(err, -EPROTONOSUPPORT,
				 "go: '%s' is built by an unknown Go version, '%.64s'; rebuild it with Go 1.%d to 1.%d",
				 path, build->version, GO_OLDEST_MINOR, GO_NEWEST_MINOR);
	if (build->minor < GO_OLDEST_MINOR)
		return error_set(err, -EPROTONOSUPPORT,
				 "go: '%s' is built by %.64s, older than Go 1.%d; rebuild it with Go 1.%d or newer",
				 path, build->version, GO_OLDEST_MINOR, GO_OLDEST_MINOR);
	if (build->minor > GO_NEWEST_MINOR)
		return error_set(err, -EPROTONOSUPPORT,
				 "go: '%s' is built by %.64s, newer than this escaudit knows; rebuild it with Go 1.%d, "
				 "or get a newer "
				 "escaudit",
				 path, build->version, GO_NEWEST_MINOR);
	parse_modinfo(bin, modinfo, modinfo_len);
	return 0;
}
