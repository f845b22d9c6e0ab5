/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/go_name.h"

#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"

size_t go_name_package_length(const char *function)
{
	/* Type arguments hold slashes and dots of their own; they begin at the first bracket. */
	size_t end = strcspn(function, "[("), slash = end;

	/* "pkg.(*T).M": the bracket may stand right behind the package's dot. */
	while (slash > 0 && function[slash - 1] != '/')
		slash--;
	for (size_t i = slash; i < end; i++) {
		if (function[i] == '.')
			return i;
	}
	return 0;
}

static int hex(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

const char *go_name_package(struct strpool *pool, const char *function)
{
	size_t len = go_name_package_length(function);
	struct strbuf sb = STRBUF_INIT;
	const char *path;

	if (!memchr(function, '%', len))
		return strpool_add_n(pool, function, len);
	for (size_t i = 0; i < len; i++) {
		if (function[i] == '%' && i + 2 < len && hex(function[i + 1]) >= 0 && hex(function[i + 2]) >= 0) {
			strbuf_addch(&sb, (char)(hex(function[i + 1]) * 16 + hex(function[i + 2])));
			i += 2;
		} else {
			strbuf_addch(&sb, function[i]);
		}
	}
	path = strpool_add_n(pool, strbuf_str(&sb), sb.len);
	strbuf_release(&sb);
	return path;
}

bool go_name_is_main(const char *function)
{
	return strncmp(function, "main.", 5) == 0;
}

bool go_name_is_under(const char *function, size_t len, const char *module)
{
	size_t n = strlen(module);

	return len >= n && strncmp(function, module, n) == 0 && (len == n || function[n] == '/');
}

const char *go_name_short(const char *function)
{
	size_t n = go_name_package_length(function);

	while (n > 0 && function[n - 1] != '/')
		n--;
	return function + n;
}

static bool ends_in_digits_of(const char *p, const char *word, size_t *len)
{
	size_t n = strlen(word);

	if (strncmp(p, word, n) != 0 || p[n] < '0' || p[n] > '9')
		return false;
	*len = n;
	return true;
}

const char *go_name_identity(struct strpool *pool, const char *function)
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

const char *go_name_bare_type(struct strpool *pool, const char *type)
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
