/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "recording/merge.h"

static uint32_t locate(struct recording *rec, uint64_t pc, const char *function, int line)
{
	struct rec_location *loc = recording_add_location(rec);

	loc->pc = pc;
	loc->n_frames = 1;
	loc->frames = xcalloc(1, sizeof(*loc->frames));
	loc->frames[0] =
		(struct rec_frame){strpool_add(rec->pool, function), strpool_add(rec->pool, "x.go"), line, 0, NULL};
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

/* The first further comment of that key. */
static const char *extra_of(const struct recording *rec, const char *key)
{
	for (size_t i = 0; i < rec->n_extra; i++) {
		if (strcmp(rec->extra[i].key, key) == 0)
			return rec->extra[i].value;
	}
	cr_assert_fail("no comment %s", key);
	return NULL;
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
	rec->header.shortened = 7;
	return rec;
}

static void site_at(struct recording *rec, uint64_t pc, enum reach reach)
{
	struct rec_site *site = recording_add_site(rec);

	site->pc = pc;
	site->ret = pc + 5;
	site->callee = "runtime.newobject";
	site->reach = reach;
	*recording_add_point(rec) = (struct rec_point){pc, "x.go", (int)(pc & 0xff) + 1, 300, reach};
	rec->has_sites = true;
}

/* A counter that ran over would be a small number, and the parts more than their sum. */
Test(merge, sums_that_no_counter_holds_are_refused)
{
	struct recording *recs[] = {made(7000, 11), made(6000, 12)};
	const char *names[] = {"a.gz", "b.gz"};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < 2; i++)
		observe(recs[i], locate(recs[i], 0x100, "main.f", 1), 0, "int", (uint64_t)INT64_MAX / 2 + 1, 1);
	cr_expect_eq(recording_merge(recs, names, 2, &err), -EOVERFLOW);
	cr_expect_not_null(strstr(err.text, "'b.gz'"));
	error_release(&err);
	recording_free(recs[0]);
	recording_free(recs[1]);
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
	for (size_t i = 0; i < 2; i++) {
		recs[i]->header.ended = REC_END_EXIT;
		recs[i]->header.sampling = (struct rec_sampling){.is_known = true,
								 .totals = REC_TOTALS_COUNTED,
								 .overhead_pct = i ? 0.5 : 0.25,
								 .overhead_max_pct = 1,
								 .hit_ns = i ? 3000 : 1000,
								 .hits = i ? 30 : 10,
								 .trap_ns = 700,
								 .size_classes = "16:3"};
	}

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
	cr_expect_eq(recs[0]->header.shortened, 14);
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
	cr_expect_eq(recs[0]->header.ended, REC_END_EXIT);
	cr_expect_eq(recs[0]->header.sampling.totals, REC_TOTALS_COUNTED);
	cr_expect_float_eq(recs[0]->header.sampling.overhead_pct, 0.375, 1e-9, "of two windows of one length");
	cr_expect_eq(recs[0]->header.sampling.overhead_max_pct, 1);
	cr_expect_float_eq(recs[0]->header.sampling.hit_ns, 2500, 1e-9);
	cr_expect_eq(recs[0]->header.sampling.hits, 40);
	cr_expect_eq(recs[0]->header.sampling.trap_ns, 0);
	cr_expect_null(recs[0]->header.sampling.size_classes, "what does not add up is left out");
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

/* "0:3/24 2:1/8", for observation i */
static void expect_parts(const struct recording *rec, size_t i, const char *wanted)
{
	const struct rec_observation *o = &rec->observations[i];
	char text[256] = "";
	size_t len = 0;

	for (uint32_t k = 0; k < o->n_parts; k++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u:%llu/%llu", k ? " " : "",
					o->parts[k].replica, (unsigned long long)o->parts[k].objects,
					(unsigned long long)o->parts[k].bytes);
	cr_expect_str_eq(text, wanted, "observation %zu: %s instead of %s", i, text, wanted);
}

static struct recording *with_one(uint64_t start, uint64_t pc, uint64_t objects)
{
	struct recording *rec = made(start, (int64_t)start);
	uint32_t f = locate(rec, pc, "main.f", 1);

	observe(rec, f, f, "int", objects, 8);
	return rec;
}

static struct recording *merged_of(struct recording *a, struct recording *b, const char *a_name, const char *b_name)
{
	struct recording *recs[] = {a, b};
	const char *names[] = {a_name, b_name};
	struct error err = ERROR_INIT;

	cr_assert_eq(recording_merge(recs, names, 2, &err), 0, "%s", err.text);
	recording_free(b);
	return a;
}

static struct recording *through_a_file(struct recording *rec)
{
	char path[] = "/tmp/escaudit-merge-XXXXXX";
	int fd = mkstemp(path);
	struct error err = ERROR_INIT;
	struct recording *back = NULL;

	cr_assert_geq(fd, 0);
	close(fd);
	cr_assert_eq(recording_write(rec, path, &err), 0, "%s", err.text);
	cr_assert_eq(recording_read(&back, path, &err), 0, "%s", err.text);
	unlink(path);
	recording_free(rec);
	return back;
}

Test(merge, keeps_what_each_replica_contributed)
{
	struct recording *ab = through_a_file(merged_of(with_one(1, 0x100, 3), with_one(2, 0x200, 5), "a", "b b"));
	struct recording *cd = through_a_file(merged_of(with_one(3, 0x200, 7), with_one(4, 0x100, 9), "c", "d"));
	struct recording *all = through_a_file(merged_of(ab, cd, "ab", "cd"));
	struct replica *replicas;

	cr_assert_eq(all->n_observations, 2);
	expect_parts(all, 0, "0:3/24 3:9/72");
	expect_parts(all, 1, "1:5/40 2:7/56");
	cr_assert_eq(recording_replicas(all, &replicas), 4);
	cr_expect_eq(replicas[1].file_length, 3);
	cr_expect_eq(strncmp(replicas[1].file, "b b", 3), 0);
	cr_expect_eq(replicas[1].pid, 2);
	cr_expect_eq(replicas[1].start_unix_ns, 2);
	cr_expect(fabs(replicas[1].seconds - 1.5) < 1e-9);
	cr_expect_eq(replicas[3].objects, 9);
	cr_expect_eq(replicas[3].bytes, 72);
	free(replicas);
	recording_free(all);
	/* a recording by itself has none */
	all = through_a_file(with_one(5, 0x100, 1));
	cr_expect_eq(recording_replicas(all, NULL), 0);
	expect_parts(all, 0, "");
	recording_free(all);
}

/* As merged by an escaudit that kept totals only. */
Test(merge, of_one_merged_without_parts)
{
	struct recording *old = merged_of(with_one(1, 0x100, 3), with_one(2, 0x200, 5), "a", "b"), *all;

	for (size_t i = 0; i < old->n_observations; i++) {
		free(old->observations[i].parts);
		old->observations[i].parts = NULL;
		old->observations[i].n_parts = 0;
	}
	all = through_a_file(merged_of(old, with_one(3, 0x100, 7), "old", "c"));
	expect_parts(all, 0, "2:7/56");
	expect_parts(all, 1, "");
	cr_expect_eq(all->observations[0].objects, 10);
	recording_free(all);
}

Test(merge, a_replica_is_counted_once)
{
	struct recording *recs[] = {merged_of(with_one(1, 0x100, 3), with_one(2, 0x200, 5), "a", "b"),
				    with_one(2, 0x200, 5)};
	const char *names[] = {"sum", "b"};
	struct error err = ERROR_INIT;

	cr_expect_eq(recording_merge(recs, names, 2, &err), -EINVAL);
	cr_expect(err.text && strstr(err.text, "'b'") && strstr(err.text, "'sum'"), "%s", err.text);
	error_release(&err);
	recording_free(recs[0]);
	recording_free(recs[1]);
}

Test(merge, damaged_parts_are_refused)
{
	for (int i = 0; i < 5; i++) {
		struct recording *rec = merged_of(with_one(1, 0x100, 3), with_one(2, 0x100, 5), "a", "b"), *back = NULL;
		struct rec_part *parts = rec->observations[0].parts;
		struct error err = ERROR_INIT;
		char path[] = "/tmp/escaudit-merge-XXXXXX";
		int fd = mkstemp(path);

		cr_assert_geq(fd, 0);
		close(fd);
		switch (i) {
		case 0:
			parts[1].objects = 6; /* more than there are */
			break;
		case 1:
			parts[1].bytes = UINT64_MAX;
			break;
		case 2:
			parts[1].replica = 0; /* twice */
			break;
		case 3:
			parts[1].replica = 2; /* nobody */
			break;
		default:
			parts[0].replica = UINT32_MAX;
			break;
		}
		cr_assert_eq(recording_write(rec, path, &err), 0);
		cr_expect_eq(recording_read(&back, path, &err), -EBADMSG, "case %d", i);
		cr_expect(err.text && strstr(err.text, "replica"), "%s", err.text);
		error_release(&err);
		unlink(path);
		recording_free(rec);
	}
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
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cr_expect_eq(recs[0]->sites[i].reach, cases[i][2], "case %zu", i);
		cr_expect_eq(recs[0]->points[i].reach, cases[i][2], "case %zu", i);
	}
	recording_free(recs[0]);
	recording_free(recs[1]);
}

/* Each recording has its own numbers of sites; the sum has those of the first. */
Test(merge, sites_of_observations)
{
	struct recording *recs[] = {made(7000, 11), made(6000, 12)};
	const char *names[] = {"a.gz", "b.gz"};
	struct error err = ERROR_INIT;

	site_at(recs[0], 0x10, REACH_NOT_PROBED);
	site_at(recs[0], 0x20, REACH_NOT_PROBED);
	site_at(recs[1], 0x20, REACH_NOT_PROBED);
	observe(recs[0], locate(recs[0], 0x15, "main.f", 1), 0, "int", 3, 8);
	observe(recs[1], locate(recs[1], 0x25, "main.g", 2), 0, "int", 5, 8);
	observe(recs[1], locate(recs[1], 0x35, "main.h", 3), 0, "int", 7, 8);
	for (size_t i = 0; i < 2; i++)
		recording_find_sites(recs[i]);
	cr_expect_eq(recs[1]->observations[0].site, 0);
	cr_assert_eq(recording_merge(recs, names, 2, &err), 0, "%s", err.text);
	cr_assert_eq(recs[0]->n_observations, 3);
	cr_expect_eq(recs[0]->observations[0].site, 0);
	cr_expect_eq(recs[0]->observations[1].site, 1);
	cr_expect_eq(recs[0]->observations[2].site, REC_NO_SITE);
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
