/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "recording/merge.h"

static uint32_t locate(struct recording *rec, uint64_t pc, const char *function, int line)
{
	struct rec_location *loc = recording_add_location(rec);

	loc->pc = pc;
	loc->n_frames = 1;
	loc->frames = xcalloc(1, sizeof(*loc->frames));
	loc->frames[0] = (struct rec_frame){strpool_add(rec->pool, function), strpool_add(rec->pool, "x.go"), line, 0};
	return (uint32_t)(rec->n_locations - 1);
}

static struct rec_observation *observe(struct recording *rec, uint32_t inner, uint32_t outer, const char *type,
				       uint64_t objects, uint64_t size)
{
	struct rec_observation *o = recording_add_observation(rec);

	o->locations = xcalloc(2, sizeof(*o->locations));
	o->locations[0] = inner;
	o->locations[1] = outer;
	o->n_locations = 2;
	o->type = strpool_add(rec->pool, type);
	o->cause = CAUSE_NEW_OBJECT;
	o->objects = o->samples = objects;
	o->bytes = objects * size;
	o->smallest = o->largest = size;
	return o;
}

static struct recording *made(uint64_t start, int64_t pid)
{
	struct recording *rec = recording_new();

	rec->header.build_id = strpool_add(rec->pool, "b1");
	rec->header.window_seconds = 1.5;
	rec->header.window_complete = true;
	rec->header.start_unix_ns = start;
	rec->header.pid = pid;
	rec->header.hits = 100;
	return rec;
}

static void site_at(struct recording *rec, uint64_t pc, enum reach reach)
{
	struct rec_site *site = recording_add_site(rec);

	site->pc = pc;
	site->ret = pc + 5;
	site->callee = "runtime.newobject";
	site->reach = reach;
	rec->has_sites = true;
}

static const char *extra_of(const struct recording *rec, const char *key)
{
	for (size_t i = 0; i < rec->n_extra; i++) {
		if (strcmp(rec->extra[i].key, key) == 0)
			return rec->extra[i].value;
	}
	return NULL;
}

Test(merge, sums)
{
	struct recording *recs[] = {made(7000, 11), made(6000, 12)};
	const char *names[] = {"/some/where/a.gz", "b.gz"};
	struct error err = ERROR_INIT;
	uint32_t f, g;

	f = locate(recs[0], 0x100, "main.f", 1);
	g = locate(recs[0], 0x200, "main.g", 2);
	observe(recs[0], f, g, "int", 3, 8);
	observe(recs[0], g, f, "int", 5, 8);
	/* the same two in another order, one of them with a stack of its own */
	g = locate(recs[1], 0x200, "main.g", 2);
	f = locate(recs[1], 0x100, "main.f", 1);
	observe(recs[1], f, g, "int", 10, 16);
	observe(recs[1], f, f, "string", 2, 16);
	locate(recs[1], 0, "callback", 1); /* outside the binary: told apart by name */
	locate(recs[1], 0, "other", 1);
	recording_add_loss(recs[0], "read fault", 1);
	recording_add_loss(recs[1], "read fault", 2);
	recs[1]->header.exit_status = 3;
	recs[1]->header.window_complete = false;
	recording_add_extra(recs[0], "kept", "yes");

	cr_assert_eq(recording_merge(recs, names, 2, &err), 0, "%s", err.text);
	recording_free(recs[1]); /* nothing of it may be needed any more */
	cr_expect_eq(recs[0]->n_locations, 4);
	cr_assert_eq(recs[0]->n_observations, 3);
	cr_expect_eq(recs[0]->observations[0].objects, 13);
	cr_expect_eq(recs[0]->observations[0].bytes, 3 * 8 + 10 * 16);
	cr_expect_eq(recs[0]->observations[0].smallest, 8);
	cr_expect_eq(recs[0]->observations[0].largest, 16);
	cr_expect_eq(recs[0]->observations[1].objects, 5);
	cr_expect_eq(recs[0]->observations[2].objects, 2);
	cr_expect_str_eq(recs[0]->observations[2].type, "string");
	cr_expect_eq(recs[0]->observations[2].locations[0], 0);
	cr_expect_eq(recording_losses(recs[0]), 3);
	cr_expect_eq(recs[0]->header.hits, 200);
	cr_expect_eq(recs[0]->header.start_unix_ns, 6000);
	cr_expect_eq(recs[0]->header.stacks, 3);
	cr_expect_eq(recs[0]->header.exit_status, 3);
	cr_expect_not(recs[0]->header.window_complete);
	cr_expect(fabs(recs[0]->header.window_seconds - 3.0) < 1e-9);
	cr_expect_str_eq(extra_of(recs[0], "replica.1"),
			 "file=a.gz pid=11 start_unix_ns=7000 seconds=1.500 objects=8 bytes=64");
	cr_expect_str_eq(extra_of(recs[0], "replica.2"),
			 "file=b.gz pid=12 start_unix_ns=6000 seconds=1.500 objects=12 bytes=192");
	cr_expect_str_eq(extra_of(recs[0], "kept"), "yes");
	recording_free(recs[0]);
}

Test(merge, of_merged_ones)
{
	struct recording *recs[] = {made(1, 1), made(2, 2)}, *more[] = {NULL, made(3, 3)};
	const char *names[] = {"a", "b"};
	struct error err = ERROR_INIT;

	cr_assert_eq(recording_merge(recs, names, 2, &err), 0);
	more[0] = more[1];
	more[1] = recs[0];
	cr_assert_eq(recording_merge(more, names, 2, &err), 0);
	cr_expect_eq(more[0]->n_extra, 3);
	cr_expect(strstr(extra_of(more[0], "replica.1"), "pid=3 "));
	cr_expect(strstr(extra_of(more[0], "replica.3"), "pid=2 "));
	recording_free(recs[0]);
	recording_free(recs[1]);
	recording_free(more[0]);
}

Test(merge, reach_evidence)
{
	static const enum reach cases[][3] = {
		{REACH_HIT, REACH_NEVER, REACH_HIT},
		{REACH_NOT_PROBED, REACH_HIT, REACH_HIT},
		{REACH_NEVER, REACH_NEVER, REACH_NEVER},
		{REACH_NEVER, REACH_NOT_PROBED, REACH_NOT_PROBED},
		{REACH_NOT_PROBED, REACH_NOT_PROBED, REACH_NOT_PROBED},
	};
	struct recording *recs[] = {made(1, 1), made(2, 2)};
	const char *names[] = {"a", "b"};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		site_at(recs[0], 0x1000 + i * 16, cases[i][0]);
		site_at(recs[1], 0x1000 + i * 16, cases[i][1]);
	}
	cr_assert_eq(recording_merge(recs, names, 2, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(recs[0]->sites[i].reach, cases[i][2], "case %zu", i);
	recording_free(recs[0]);
	recording_free(recs[1]);
}

Test(merge, errors_of_estimates_shrink)
{
	struct recording *recs[] = {made(1, 1), made(2, 2)};
	const char *names[] = {"a", "b"};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < 2; i++) {
		uint32_t f = locate(recs[i], 0x100, "main.f", 1);

		recs[i]->header.mode = REC_MODE_SAMPLE;
		observe(recs[i], f, f, "int", 1000, 8)->error_pct = 10;
	}
	cr_assert_eq(recording_merge(recs, names, 2, &err), 0);
	cr_expect(fabs(recs[0]->observations[0].error_pct - 10 / sqrt(2)) < 1e-9);
	recording_free(recs[0]);
	recording_free(recs[1]);
}

Test(merge, refuses_what_does_not_add_up)
{
	for (int i = 0; i < 4; i++) {
		struct recording *recs[] = {made(1, 1), made(2, 2)};
		const char *names[] = {"one.gz", "two.gz"};
		struct error err = ERROR_INIT;
		uint32_t f = locate(recs[1], 0x100, "main.f", 1);

		observe(recs[1], f, f, "int", 1, 8);
		if (i == 0)
			recs[1]->header.build_id = "b2";
		else if (i == 1)
			recs[1]->header.build_id = NULL;
		else if (i == 2)
			recs[1]->header.mode = REC_MODE_SAMPLE;
		else
			recs[1]->header.start_unix_ns = recs[1]->header.pid = 1;
		cr_expect_eq(recording_merge(recs, names, 2, &err), -EINVAL, "case %d", i);
		cr_expect(err.text && strstr(err.text, "two.gz"), "%s", err.text);
		cr_expect_eq(recs[0]->n_observations, 0);
		cr_expect_eq(recs[0]->n_extra, 0);
		error_release(&err);
		recording_free(recs[0]);
		recording_free(recs[1]);
	}
}
