/* SPDX-License-Identifier: Apache-2.0 */
/* The Go programs of tests/programs/symbols, built by every toolchain found, and what they print. */
#ifndef ESCAUDIT_TESTS_GO_PROGRAMS_H
#define ESCAUDIT_TESTS_GO_PROGRAMS_H

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "symbolize/go_binary.h"

#define MAX_TOOLCHAINS 16

struct toolchain {
	char version[8]; /* "1.19" */
	char go[512];
};

/* What a command prints; the test fails if it fails. free() it. */
__attribute__((format(printf, 1, 2))) static inline char *output_of(const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	char *command, piece[4096];
	va_list ap;
	size_t n;
	FILE *f;

	va_start(ap, fmt);
	cr_assert_geq(vasprintf(&command, fmt, ap), 0);
	va_end(ap);
	f = popen(command, "r");
	cr_assert_not_null(f);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		strbuf_add(&sb, piece, n);
	cr_assert_eq(pclose(f), 0, "failed: %s", command);
	free(command);
	return strbuf_detach(&sb);
}

/* The next line of a text, its newline removed; NULL at the end. */
static inline char *next_line(char **text)
{
	char *line = *text, *end = line ? strchr(line, '\n') : NULL;

	if (!end)
		return NULL;
	*end = '\0';
	*text = end + 1;
	return line;
}

static inline size_t toolchains(struct toolchain *out)
{
	char *list = output_of("scripts/toolchains --list"), *text = list, *line;
	size_t n = 0;

	while (n < MAX_TOOLCHAINS && (line = next_line(&text)))
		n += sscanf(line, "%7s %511s", out[n].version, out[n].go) == 2;
	free(list);
	cr_assert_gt(n, 0, "no Go toolchain: run scripts/toolchains");
	return n;
}

/* The path of a variant, see tests/programs/symbols/build. free() it. */
static inline char *built_program(const struct toolchain *toolchain, const char *variant)
{
	char *path = output_of("tests/programs/symbols/build '%s' %s", toolchain->go, variant);

	path[strcspn(path, "\n")] = '\0';
	return path;
}

/* What a built program prints; the shared library needs a host. free() it. */
static inline char *program_output(const struct toolchain *toolchain, const char *variant, const char *path,
				   const char *arguments)
{
	char *host, *out;

	if (strcmp(variant, "c-shared") != 0)
		return output_of("'%s' %s", path, arguments);
	host = built_program(toolchain, "host");
	out = output_of("'%s' '%s' %s", host, path, arguments);
	free(host);
	return out;
}

static inline struct go_binary *open_binary(const char *path)
{
	struct error err = ERROR_INIT;
	struct elf_image *image;
	struct go_binary *bin;

	cr_assert_eq(elf_image_open(&image, path, &err), 0, "%s", err.text);
	cr_assert_eq(go_binary_open(&bin, image, &err), 0, "%s", err.text);
	return bin;
}

/* How far the program that printed "anchor ADDRESS" was moved from where its file says. */
static inline uint64_t load_bias(const struct go_binary *bin, const char *truth)
{
	const char *line = strstr(truth, "anchor ");
	struct go_func anchor;

	cr_assert_not_null(line);
	cr_assert(go_binary_func_named(bin, "example.com/symbols/truth.Anchor", &anchor));
	return strtoull(line + strlen("anchor "), NULL, 16) - anchor.entry;
}

/* Go prints type arguments as "[...]", whatever the tables hold (runtime.funcNameForPrint). free() it. */
static inline char *printed_name(const char *name)
{
	const char *open = strchr(name, '['), *close = strrchr(name, ']');

	if (!open || !close || close <= open)
		return xstrdup(name);
	return xasprintf("%.*s[...]%s", (int)(open - name), name, close + 1);
}

#endif
