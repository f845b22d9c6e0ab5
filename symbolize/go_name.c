/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/go_name.h"

#include <ctype.h>
#include <string.h>

#include "base/strbuf.h"

size_t package_length(const char *function)
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

const char *package_path(struct strpool *pool, const char *function)
{
	size_t len = package_length(function);
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

bool package_is_main(const char *function)
{
	return strncmp(function, "main.", 5) == 0;
}

bool package_is_under(const char *function, size_t len, const char *module)
{
	size_t n = strlen(module);

	return len >= n && strncmp(function, module, n) == 0 && (len == n || function[n] == '/');
}
