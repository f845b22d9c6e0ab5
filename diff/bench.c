/* SPDX-License-Identifier: Apache-2.0 */
#include "diff/bench.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/memory.h"
#include "base/strbuf.h"

#define SIZE_LIMIT     (256u << 20)
#define MAX_BENCHMARKS 4096
#define MAX_DIGITS     18

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A benchmark's name ends in the number of CPUs, unless that is one. */
static size_t name_length(const char *name, size_t len)
{
	size_t n = len;

	while (n && name[n - 1] >= '0' && name[n - 1] <= '9')
		n--;
	return n && n < len && name[n - 1] == '-' ? n - 1 : len;
}

static bool is_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Adds the count of one line; false if there are too many different ones. */
static bool add(struct bench *b, const char *package, const char *name, size_t len, uint64_t iterations)
{
	for (size_t i = 0; i < b->n; i++) {
		if (strlen(b->items[i].name) == len && memcmp(b->items[i].name, name, len) == 0 &&
		    is_same(b->items[i].package, package)) {
			if (__builtin_add_overflow(b->items[i].iterations, iterations, &b->items[i].iterations))
				b->items[i].iterations = UINT64_MAX; /* bench_units refuses it */
			return true;
		}
	}
	if (b->n == MAX_BENCHMARKS)
		return false;
	ARRAY_GROW(b->items, b->n + 1, b->alloc);
	b->items[b->n].package = package ? xstrdup(package) : NULL;
	b->items[b->n].name = xstrndup(name, len);
	b->items[b->n++].iterations = iterations;
	return true;
}

static bool read_line(struct bench *b, char **package, const char *line, size_t len)
{
	static const char lead[] = "Benchmark", pkg[] = "pkg: ";
	size_t at = 0, begin, digits = 0;
	uint64_t iterations = 0;

	if (len >= sizeof(pkg) && memcmp(line, pkg, sizeof(pkg) - 1) == 0) {
		free(*package);
		*package = xstrndup(line + sizeof(pkg) - 1, len - sizeof(pkg) + 1);
		return true;
	}
	if (len < sizeof(lead) || memcmp(line, lead, sizeof(lead) - 1) != 0)
		return true;
	while (at < len && !is_blank(line[at]))
		at++;
	begin = at;
	while (at < len && is_blank(line[at]))
		at++;
	for (; at < len && line[at] >= '0' && line[at] <= '9' && digits < MAX_DIGITS; at++, digits++)
		iterations = iterations * 10 + (uint64_t)(line[at] - '0');
	/* "BenchmarkX" alone announces one under -v; a result has a number and figures behind it. */
	if (!iterations || at == len || !is_blank(line[at]))
		return true;
	return add(b, *package, line, name_length(line, begin), iterations);
}

int bench_read_bytes(struct bench *out, const char *data, size_t size, const char *path, struct error *err)
{
	struct lines lines;
	const char *line;
	char *package = NULL;
	size_t len;
	bool fits = true;

	*out = (struct bench){.path = xstrdup(path)};
	lines_init_bytes(&lines, data, size);
	while (fits && lines_next(&lines, &line, &len))
		fits = read_line(out, &package, line, len);
	lines_release(&lines);
	free(package);
	if (fits && out->n)
		return 0;
	bench_release(out);
	if (!fits)
		return error_set(err, -EFBIG, "bench: failed to read '%s': more than %d benchmarks", path,
				 MAX_BENCHMARKS);
	return error_set(err, -ENODATA,
			 "bench: failed to read '%s': no line of a benchmark in it; save the output of go test -bench",
			 path);
}

int bench_read(struct bench *out, const char *path, struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	int ret;

	*out = (struct bench){.path = NULL};
	ret = strbuf_read_file(&sb, path, SIZE_LIMIT);
	if (ret)
		error_set(err, ret, "bench: failed to read '%s': %s", path, strerror(-ret));
	else
		ret = bench_read_bytes(out, strbuf_str(&sb), sb.len, path, err);
	strbuf_release(&sb);
	return ret;
}

void bench_release(struct bench *bench)
{
	for (size_t i = 0; i < bench->n; i++) {
		free(bench->items[i].package);
		free(bench->items[i].name);
	}
	free(bench->items);
	free(bench->path);
	*bench = (struct bench){.path = NULL};
}

int bench_select(struct bench *b, const char *package, struct error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n && package; i++) {
		if (!b->items[i].package || strcmp(b->items[i].package, package) == 0) {
			b->items[n++] = b->items[i];
			continue;
		}
		free(b->items[i].package);
		free(b->items[i].name);
	}
	if (package)
		b->n = n;
	if (!b->n)
		return error_set(err, -ENODATA,
				 "bench: failed to find the operations in '%s': no benchmark of %s in it", b->path,
				 package);
	for (size_t i = 1; i < b->n; i++) {
		if (!is_same(b->items[0].package, b->items[i].package))
			return error_set(
				err, -EINVAL,
				"bench: failed to find the operations in '%s': it has benchmarks of several packages, "
				"and the recording does not say of which it is",
				b->path);
	}
	return 0;
}

static uint64_t iterations_of(const struct bench *b, const char *name)
{
	for (size_t i = 0; i < b->n; i++) {
		if (strcmp(b->items[i].name, name) == 0)
			return b->items[i].iterations;
	}
	return 0;
}

static int require_all(const struct bench *a, const struct bench *b, struct error *err)
{
	for (size_t i = 0; i < a->n; i++) {
		if (!iterations_of(b, a->items[i].name))
			return error_set(err, -EINVAL,
					 "bench: failed to compare the runs: %s is in '%s' and not in '%s'; run the "
					 "same benchmarks",
					 a->items[i].name, a->path, b->path);
	}
	return 0;
}

int bench_units(const struct bench *before, const struct bench *after, uint64_t *before_units, uint64_t *after_units,
		struct error *err)
{
	int ret = require_all(before, after, err);

	if (ret == 0)
		ret = require_all(after, before, err);
	if (ret)
		return ret;
	*before_units = *after_units = 0;
	for (size_t i = 0; i < before->n; i++) {
		uint64_t a = before->items[i].iterations, b = iterations_of(after, before->items[i].name);

		if ((unsigned __int128)a * iterations_of(after, before->items[0].name) !=
		    (unsigned __int128)b * before->items[0].iterations)
			return error_set(err, -EINVAL,
					 "bench: failed to compare the runs: %s and %s did not run longer by the same "
					 "factor; run one at a time, or each with -benchtime=1000x",
					 before->items[0].name, before->items[i].name);
		if (a == UINT64_MAX || b == UINT64_MAX || __builtin_add_overflow(*before_units, a, before_units) ||
		    __builtin_add_overflow(*after_units, b, after_units))
			return error_set(err, -EINVAL, "bench: failed to compare the runs: too many iterations");
	}
	return 0;
}
