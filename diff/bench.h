/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much work a benchmark did: the iteration counts in the output of `go test -bench`, whose lines read
 *
 *     BenchmarkName-8    1000    1234 ns/op    56 B/op    2 allocs/op
 *
 * below a line "pkg: example.com/shop/cart". Output of several packages may stand in one file.
 */
#ifndef ESCAUDIT_DIFF_BENCH_H
#define ESCAUDIT_DIFF_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct bench {
	char *path; /* for messages */
	struct {
		char *package;	     /* NULL if the output does not say */
		char *name;	     /* without "-8" */
		uint64_t iterations; /* of all its lines (-count) */
	} * items;		     /* in order of appearance */
	size_t n, alloc;
};

/* -ENODATA if there is no line of a benchmark. */
int bench_read(struct bench *out, const char *path, struct error *err);
int bench_read_bytes(struct bench *out, const char *data, size_t size, const char *path, struct error *err);
void bench_release(struct bench *bench);

/*
 * Leaves only the benchmarks of a package, where the output says of which they are; package NULL: nothing is known, and
 * there must be no more than one. -ENODATA if none are left, -EINVAL if they are of several packages.
 */
int bench_select(struct bench *bench, const char *package, struct error *err);

/*
 * The units of work of two runs. Iterations of different benchmarks are different work: they can be added only if all
 * of them grew alike from one run to the other. -EINVAL otherwise, or if the runs are not of the same benchmarks.
 */
int bench_units(const struct bench *before, const struct bench *after, uint64_t *before_units, uint64_t *after_units,
		struct error *err);

#endif
