/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/go_name.h"

#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"

size_t go_name_package_length(const char *function)
{
	/* Type arguments, and structs without a name, hold slashes and dots of their own. */
	size_t end = strcspn(function, "[({ "), slash = end;

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

const char *go_name_plain(struct strpool *pool, const char *function)
{
	size_t len = go_name_package_length(function);

	if (!memchr(function, '%', len))
		return function;
	return strpool_addf(pool, "%s%s", go_name_package(pool, function), function + len);
}

const char *go_name_escaped_once(struct strpool *pool, const char *function)
{
	const char *twice = strstr(function, "%25");
	size_t package = twice ? go_name_package_length(function) : 0;
	struct strbuf sb = STRBUF_INIT;
	const char *name;

	if (!twice || (size_t)(twice - function) >= package)
		return function;
	for (size_t i = 0; function[i]; i++) {
		strbuf_addch(&sb, function[i]);
		if (i < package && strncmp(function + i, "%25", 3) == 0 && hex(function[i + 3]) >= 0 &&
		    hex(function[i + 4]) >= 0)
			i += 2;
	}
	name = strpool_add_n(pool, strbuf_str(&sb), sb.len);
	strbuf_release(&sb);
	return name;
}

const char *go_name_without_hash(struct strpool *pool, const char *function)
{
	const char *hash = function ? strchr(function, '#') : NULL, *end = hash ? strchr(hash + 1, '#') : NULL;

	if (!end)
		return strpool_add(pool, function);
	return strpool_addf(pool, "%.*s%s", (int)(hash - function), function, end + 1);
}

const char *go_name_of_diagnosed(struct strpool *pool, const char *package, const char *function)
{
	const char *slash = strrchr(package, '/'), *name;
	struct strbuf sb = STRBUF_INIT;

	for (const char *p = package; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c <= ' ' || c >= 0x7f || c == '%' || c == '"' || (c == '.' && (!slash || p > slash)))
			strbuf_addf(&sb, "%%%02x", c);
		else
			strbuf_addch(&sb, (char)c);
	}
	name = strpool_addf(pool, "%s.%s", strbuf_str(&sb), go_name_without_hash(pool, function));
	strbuf_release(&sb);
	return name;
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

/* Whether this is a word and a number, to the end of the name's element. *len is the length of the word. */
static bool is_numbered(const char *p, const char *word, size_t *len)
{
	size_t n = strlen(word), digits;

	if (strncmp(p, word, n) != 0)
		return false;
	digits = strspn(p + n, "0123456789");
	*len = n;
	return digits && (!p[n + digits] || strchr(".-[", p[n + digits]) || (unsigned char)p[n + digits] >= 0x80);
}

static const char *const literal_words[] = {".func", "-range"};
static const char *const wrapper_words[] = {".gowrap", ".deferwrap", "\302\267dwrap\302\267"};

static bool is_one_of(const char *p, const char *const words[], size_t n, size_t *len)
{
	for (size_t i = 0; i < n; i++) {
		if (is_numbered(p, words[i], len))
			return true;
	}
	return false;
}

/* Where the declared function's own name ends, at the earliest: "main.f", "main.(*T).M", "main.glob.". */
static size_t first_name_end(const char *function)
{
	size_t i = go_name_package_length(function);

	i += function[i] == '.';
	if (function[i] == '(')
		i += strcspn(function + i, ")"), i += function[i] == ')', i += function[i] == '.';
	else if (strncmp(function + i, "glob..", 6) == 0)
		return i + 5;
	while (function[i] && !strchr(".[-", function[i]) && (unsigned char)function[i] != 0xc2)
		i++;
	return i;
}

const char *go_name_value_method(struct strpool *pool, const char *function)
{
	size_t package = go_name_package_length(function);
	const char *own = function + package + (function[package] == '.'), *close = strchr(own, ')');

	if (strncmp(own, "(*", 2) != 0 || !close)
		return NULL;
	return strpool_addf(pool, "%.*s%.*s%s", (int)(own - function), function, (int)(close - own - 2), own + 2,
			    close + 1);
}

/* "M" of "main.(*T).M-fm", with its length. */
static const char *method_name(const char *function, size_t *len)
{
	const char *dot = strrchr(function, '.'), *name = dot ? dot + 1 : function;

	*len = strlen(name);
	if (*len > 3 && strcmp(name + *len - 3, "-fm") == 0)
		*len -= 3;
	return name;
}

bool go_name_is_wrapper_of(const char *function, const char *method)
{
	size_t n, n_method;
	const char *name = method_name(function, &n), *of = method_name(method, &n_method);

	return n == n_method && memcmp(name, of, n) == 0 && go_name_is_method(method);
}

size_t go_name_declared_length(const char *function)
{
	size_t depth = 0, len;

	for (size_t i = first_name_end(function);; i++) {
		char c = function[i];

		if (!c)
			return i;
		if (c == '[' || c == '(' || c == '{')
			depth++;
		else if ((c == ']' || c == ')' || c == '}') && depth)
			depth--;
		else if (depth == 0 && (is_one_of(function + i, literal_words, ARRAY_SIZE(literal_words), &len) ||
					is_one_of(function + i, wrapper_words, ARRAY_SIZE(wrapper_words), &len)))
			return i;
	}
}

bool go_name_is_method(const char *function)
{
	size_t end = go_name_declared_length(function), depth = 0;

	for (size_t i = go_name_package_length(function) + 1; i < end; i++) {
		if (strchr("([", function[i]))
			depth++;
		else if (strchr(")]", function[i]) && depth)
			depth--;
		else if (function[i] == '.' && depth == 0)
			return true;
	}
	return false;
}

bool go_name_is_closure(const char *function)
{
	const char *made = function + go_name_declared_length(function);
	size_t len;

	return is_one_of(made, literal_words, ARRAY_SIZE(literal_words), &len);
}

bool go_name_is_wrapper(const char *function)
{
	size_t len;

	for (const char *p = function + go_name_declared_length(function); *p; p++) {
		if (is_one_of(p, wrapper_words, ARRAY_SIZE(wrapper_words), &len) &&
		    !p[len + strspn(p + len, "0123456789")])
			return true;
	}
	return false;
}

const char *go_name_identity(struct strpool *pool, const char *function)
{
	struct strbuf sb = STRBUF_INIT;
	const char *identity;
	const char *own_end = function + first_name_end(function);
	int depth = 0;

	for (const char *p = function; *p;) {
		size_t len = 0;

		if (p < own_end || (!is_one_of(p, literal_words, ARRAY_SIZE(literal_words), &len) &&
				    !is_one_of(p, wrapper_words, ARRAY_SIZE(wrapper_words), &len)))
			len = 0;
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
			/* Behind the last point within a name; ".dict" begins with one, and "..." is none. */
			if (p[n] == '.' && n != keep && is_path_char(p[n + 1]) &&
			    (p[n + 1] != '.' || (p[n + 2] != '.' && is_path_char(p[n + 2]))))
				keep = n + 1;
		}
		/* What is C's has a name of its own in Go (cmd/cgo), which texts of the compiler's give back
		 * since 1.27. */
		if (keep == 2 && *p == 'C')
			strbuf_addstr(&sb, GO_NAME_OF_C);
		strbuf_add(&sb, p + keep, n - keep);
		p += n;
		if (*p)
			strbuf_addch(&sb, *p++);
	}
	bare = strpool_add(pool, strbuf_str(&sb));
	strbuf_release(&sb);
	return bare;
}

bool go_name_is_runtime_package(const char *package)
{
	return package && (strcmp(package, "runtime") == 0 || strncmp(package, "runtime/internal/", 17) == 0 ||
			   strncmp(package, "internal/runtime/", 17) == 0);
}
