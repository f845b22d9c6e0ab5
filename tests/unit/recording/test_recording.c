/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "recording/profile.pb-c.h"
#include "recording/recording.h"

/* ---- a recording with something in every field --------------------------------------------------------------------
 */

static struct rec_location *add_location(struct recording *rec, uint64_t pc, bool is_runtime, const char *function,
					 const char *file, int line)
{
	struct rec_location *loc = recording_add_location(rec);

	loc->pc = pc;
	loc->is_runtime = is_runtime;
	loc->n_frames = 1;
	loc->frames = xcalloc(1, sizeof(*loc->frames));
	loc->frames[0] = (struct rec_frame){function, file, line, line > 3 ? line - 3 : 0, NULL};
	return loc;
}

static struct rec_observation *add_observation(struct recording *rec, const uint32_t *locations, uint32_t n,
					       uint32_t user)
{
	struct rec_observation *o = recording_add_observation(rec);

	o->n_locations = n;
	o->locations = xcalloc(n ? n : 1, sizeof(*o->locations));
	if (n)
		memcpy(o->locations, locations, n * sizeof(*locations));
	o->user = user;
	return o;
}

/* Totals: 1009 objects of 16 B, 503 objects of 80 B, 7 objects of 24 B without a user frame, 11 of 32 B in a deferred
 * function: 1530 objects, 16144 + 40240 + 168 + 352 = 56904 B. */
#define TOTAL_OBJECTS 1530
#define TOTAL_BYTES   56904

/* A level more than the site has frames, as where the inline tree lost one. */
static void add_source(struct rec_site *site)
{
	struct rec_source *source = recording_set_source(site, 3);

	source->expr = "&item{\xe2\x80\xa6}";
	source->first_line = 20;
	source->first_column = 9;
	source->last_line = 1048575;
	source->last_column = REC_COLUMN_BEYOND;
	source->statement_line = 19;
	source->statement_column = 2;
	source->levels[0] = (struct rec_level){20, 9};
	source->levels[1] = (struct rec_level){7, 0};
	source->levels[2] = (struct rec_level){14, 254};
}

static struct recording *sample(void)
{
	struct recording *rec = recording_new();
	struct rec_header *h = &rec->header;
	struct rec_location *inlined;
	struct rec_observation *o;
	struct rec_type *type;
	struct rec_site *site;

	h->tool_version = "0.1.0";
	h->mode = REC_MODE_SAMPLE;
	h->window_seconds = 12.345678901;
	h->window_complete = true;
	h->start_unix_ns = 1700000000123456789;
	h->path = "/srv/shop=1/shop";
	h->build_id = "5d3f0c00aa";
	h->go_version = "go1.26.11";
	h->arch = "amd64";
	h->pid = 4242;
	h->main_package = "example.com/shop/cmd/shop";
	h->main_module = "example.com/shop";
	h->goroot_src = ""; /* not the same as NULL */
	h->modinfo = "path\texample.com/shop/cmd/shop\nmod\texample.com/shop\t(devel)\n"
		     "build\t-gcflags=all=-l\nbuild\t-ldflags=\"-s -w -X main.v=\\\"1\\\"\"\nbuild\tGOAMD64=v1\n";
	h->exit_status = 0;
	h->coverage = "runtime.mallocgcLarge is missed";
	h->hits = 1531;
	h->entries = 5;
	h->stacks = 4;
	h->shortened = 3;
	h->ended = REC_END_DISARMED;
	h->period = 524288;
	h->sampling = (struct rec_sampling){
		.is_known = true,
		.totals = REC_TOTALS_SCALED,
		.duty_pct = 12.25,
		.cold_duty_pct = 99.5,
		.seen_pct = 3.75,
		.assumed_trap_ns = 700,
		.hit_ns = 1800,
		.overhead_pct = 0.125,
		.overhead_max_pct = 1,
		.own_cpu_pct = 0.5,
		.windows = 17,
		.exact_windows = 3,
		.exact_objects = 4711,
		.hits = 9007199254740993, /* no double */
		.unattributed_bytes = 64,
		.slot_mismatches = 1,
		.size_classes = "16n:1200,32:7",
	};
	recording_add_loss(rec, "stack map full", 3);
	recording_add_loss(rec, "read fault", 0);
	recording_add_loss(rec, "observation map full", 5);
	recording_add_loss(rec, "stack map full", 4);
	recording_add_extra(rec, "budget", "1 %=one core");
	recording_add_extra(rec, "note", "");

	add_location(rec, 0x401005, true, "runtime.newobject", "runtime/malloc.go", 1337);	      /* 0 */
	inlined = add_location(rec, 0x480105, false, "main.newItem", "example.com/shop/item.go", 21); /* 1 */
	inlined->frames = xreallocarray(inlined->frames, 2, sizeof(*inlined->frames));
	inlined->frames[1] = (struct rec_frame){"main.(*Cart).Add", "example.com/shop/cart.go", 40, 33, NULL};
	inlined->n_frames = 2;
	add_location(rec, 0x480205, false, "main.main", "example.com/shop/main.go", 9);	       /* 2 */
	add_location(rec, 0x401105, true, "runtime.main", "runtime/proc.go", 250);	       /* 3 */
	add_location(rec, 0x401205, true, "runtime.growslice", "runtime/slice.go", 178);       /* 4 */
	add_location(rec, 0x401305, true, "runtime.malg", "runtime/proc.go", 4000);	       /* 5 */
	add_location(rec, 0, false, "callback", NULL, 0);				       /* 6: a C frame */
	add_location(rec, 0x401405, true, "runtime.gopanic", "runtime/panic.go", 800);	       /* 7 */
	add_location(rec, 0x480305, false, "main.main.func1", "example.com/shop/main.go", 12); /* 8 */

	o = add_observation(rec, (uint32_t[]){0, 1, 2, 3}, 4, 1);
	o->type = "main.item";
	o->cause = CAUSE_NEW_OBJECT;
	o->objects = 1009;
	o->bytes = 16144;
	o->smallest = o->largest = 16;
	o->samples = 1009;
	o = add_observation(rec, (uint32_t[]){4, 2, 6, 3}, 4, 1);
	o->type = "[]struct { F uintptr; X0 *int }";
	o->cause = CAUSE_APPEND_GROWTH;
	o->truncated = true;
	o->objects = 503;
	o->bytes = 40240;
	o->smallest = 8;
	o->largest = 4096;
	o->samples = 31;
	o->error_pct = 37.25;
	o = add_observation(rec, (uint32_t[]){5}, 1, REC_NO_USER_FRAME);
	o->cause = CAUSE_RUNTIME_INTERNAL;
	o->objects = 7;
	o->bytes = 168;
	o->smallest = o->largest = 24;
	o->samples = 0;
	/* runtime.gopanic allocates for user code in one stack and runs user code in the other */
	o = add_observation(rec, (uint32_t[]){7, 8, 7, 2, 3}, 5, 1);
	o->objects = 11;
	o->bytes = 352;
	o->samples = 11;

	site = recording_add_site(rec);
	site->pc = 0x480100;
	site->ret = 0x480105;
	site->callee = "runtime.newobject";
	site->cause = CAUSE_NEW_OBJECT;
	site->type = "main.item";
	site->type_size = 16;
	site->size = 16;
	site->reach = REACH_HIT;
	site->n_frames = 2;
	site->frames = xcalloc(2, sizeof(*site->frames));
	memcpy(site->frames, rec->locations[1].frames, 2 * sizeof(*site->frames));
	site->calls = 0xfedcba9876543210;
	add_source(site);
	site = recording_add_site(rec);
	site->pc = 0x480500;
	site->ret = 0x480505;
	site->callee = "runtime.convT64";
	site->cause = CAUSE_INTERFACE_CONVERSION;
	site->may_elide = true;
	site->reach = REACH_NEVER;
	site->buffer = SITE_BUFFER_STACK;
	site->indirect_value = true;
	site->closure = "main.f.func1";
	site->variable = "x";
	site->captures = "&x, buf";
	site->n_frames = 1;
	site->frames = xcalloc(1, sizeof(*site->frames));
	site->frames[0] = (struct rec_frame){"main.main", "example.com/shop/main.go", 14, 6, NULL};
	rec->has_sites = true;
	*recording_add_extent(rec) =
		(struct rec_extent){"main.main", "example.com/shop/main.go", 6, 31, true, NULL, NULL};
	*recording_add_extent(rec) =
		(struct rec_extent){"main.(*item).name", "<autogenerated>", 1, 1, true, "main.item.name", NULL};
	*recording_add_extent(rec) =
		(struct rec_extent){"main.newItem", "example.com/shop/item.go", 18, 23, false, NULL, NULL};
	type = recording_add_type(rec);
	*type = (struct rec_type){"main.item", "example.com/shop", 16, true, false, NULL, 2};
	type->fields = xcalloc(2, sizeof(*type->fields));
	type->fields[0] = (struct rec_field){"ready", 0, 1, 1};
	type->fields[1] = (struct rec_field){"next", 8, 8, 8};
	*recording_add_point(rec) = (struct rec_point){0x401000, "example.com/shop/item.go", 18, 23, REACH_HIT};
	*recording_add_point(rec) = (struct rec_point){0, "example.com/shop/item.go", 30, 30, REACH_NOT_PROBED};
	recording_find_sites(rec);
	cr_expect_eq(rec->observations[0].site, 0);
	cr_expect_eq(rec->observations[1].site, REC_NO_SITE, "a call that was not decoded");
	cr_expect_eq(rec->observations[2].site, REC_NO_SITE, "no user frame");
	return rec;
}

/* ---- comparing ------------------------------------------------------------------------------------------------------
 */

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void expect_types(const struct recording *a, const struct recording *b)
{
	cr_assert_eq(a->n_types, b->n_types);
	for (size_t i = 0; i < a->n_types; i++) {
		const struct rec_type *x = &a->types[i], *y = recording_type(b, x->name);

		cr_assert_not_null(y, "%s", x->name);
		cr_expect(same(x->package, y->package) && x->size == y->size && x->has_pointers == y->has_pointers &&
			  x->is_fixed == y->is_fixed);
		cr_assert_eq(x->n_fields, y->n_fields);
		for (size_t k = 0; k < x->n_fields; k++) {
			const struct rec_field *f = &x->fields[k], *g = &y->fields[k];

			cr_expect(same(f->name, g->name) && f->offset == g->offset && f->size == g->size &&
				  f->align == g->align);
		}
	}
	cr_expect_null(recording_type(b, "main.other"));
	cr_expect_null(recording_type(b, NULL));
}

static void expect_frames(const struct rec_frame *a, size_t n_a, const struct rec_frame *b, size_t n_b)
{
	cr_assert_eq(n_a, n_b);
	for (size_t i = 0; i < n_a; i++) {
		cr_expect(same(a[i].function, b[i].function), "%s, %s", a[i].function, b[i].function);
		cr_expect(same(a[i].file, b[i].file), "%s, %s", a[i].file, b[i].file);
		cr_expect_eq(a[i].line, b[i].line);
		cr_expect_eq(a[i].start_line, b[i].start_line);
	}
}

static void expect_sampling(const struct rec_sampling *a, const struct rec_sampling *b)
{
	cr_expect_eq(a->is_known, b->is_known);
	cr_expect_eq(a->totals, b->totals);
	cr_expect_eq(a->duty_pct, b->duty_pct);
	cr_expect_eq(a->cold_duty_pct, b->cold_duty_pct);
	cr_expect_eq(a->seen_pct, b->seen_pct);
	cr_expect_eq(a->trap_ns, b->trap_ns);
	cr_expect_eq(a->assumed_trap_ns, b->assumed_trap_ns);
	cr_expect_eq(a->hit_ns, b->hit_ns);
	cr_expect_eq(a->overhead_pct, b->overhead_pct);
	cr_expect_eq(a->overhead_max_pct, b->overhead_max_pct);
	cr_expect_eq(a->own_cpu_pct, b->own_cpu_pct);
	cr_expect_eq(a->windows, b->windows);
	cr_expect_eq(a->exact_windows, b->exact_windows);
	cr_expect_eq(a->exact_objects, b->exact_objects);
	cr_expect_eq(a->hits, b->hits);
	cr_expect_eq(a->unattributed_bytes, b->unattributed_bytes);
	cr_expect_eq(a->slot_mismatches, b->slot_mismatches);
	cr_expect(same(a->size_classes, b->size_classes));
}

static void expect_header(const struct rec_header *a, const struct rec_header *b)
{
	const char *const strings[][2] = {
		{a->tool_version, b->tool_version},
		{a->path, b->path},
		{a->build_id, b->build_id},
		{a->go_version, b->go_version},
		{a->arch, b->arch},
		{a->main_package, b->main_package},
		{a->main_module, b->main_module},
		{a->goroot_src, b->goroot_src},
		{a->modinfo, b->modinfo},
		{a->coverage, b->coverage},
	};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		cr_expect(same(strings[i][0], strings[i][1]), "%zu: %s, %s", i, strings[i][0], strings[i][1]);
	cr_expect_eq(a->mode, b->mode);
	cr_expect_float_eq(a->window_seconds, b->window_seconds, 1e-9);
	cr_expect_eq(a->window_complete, b->window_complete);
	cr_expect_eq(a->start_unix_ns, b->start_unix_ns);
	cr_expect_eq(a->pid, b->pid);
	cr_expect_eq(a->exit_status, b->exit_status);
	cr_expect_eq(a->hits, b->hits);
	cr_expect_eq(a->entries, b->entries);
	cr_expect_eq(a->stacks, b->stacks);
	cr_expect_eq(a->shortened, b->shortened);
	cr_expect_eq(a->ended, b->ended);
	cr_expect_eq(a->period, b->period);
	expect_sampling(&a->sampling, &b->sampling);
}

static void expect_source(const struct rec_source *a, const struct rec_source *b)
{
	cr_expect(same(a->expr, b->expr));
	cr_expect_eq(a->first_line, b->first_line);
	cr_expect_eq(a->first_column, b->first_column);
	cr_expect_eq(a->last_line, b->last_line);
	cr_expect_eq(a->last_column, b->last_column);
	cr_expect_eq(a->statement_line, b->statement_line);
	cr_expect_eq(a->statement_column, b->statement_column);
	cr_assert_eq(a->n_levels, b->n_levels);
	for (uint32_t i = 0; i < a->n_levels; i++) {
		cr_expect_eq(a->levels[i].line, b->levels[i].line);
		cr_expect_eq(a->levels[i].column, b->levels[i].column);
	}
}

static void expect_same(const struct recording *a, const struct recording *b)
{
	expect_header(&a->header, &b->header);
	cr_assert_eq(a->n_losses, b->n_losses);
	for (size_t i = 0; i < a->n_losses; i++) {
		cr_expect_str_eq(a->losses[i].name, b->losses[i].name);
		cr_expect_eq(a->losses[i].count, b->losses[i].count);
	}
	cr_assert_eq(a->n_extra, b->n_extra);
	for (size_t i = 0; i < a->n_extra; i++) {
		cr_expect_str_eq(a->extra[i].key, b->extra[i].key);
		cr_expect_str_eq(a->extra[i].value, b->extra[i].value);
	}
	cr_assert_eq(a->n_locations, b->n_locations);
	for (size_t i = 0; i < a->n_locations; i++) {
		const struct rec_location *x = &a->locations[i], *y = &b->locations[i];

		cr_expect_eq(x->pc, y->pc);
		cr_expect_eq(x->is_runtime, y->is_runtime);
		expect_frames(x->frames, x->n_frames, y->frames, y->n_frames);
	}
	cr_assert_eq(a->n_observations, b->n_observations);
	for (size_t i = 0; i < a->n_observations; i++) {
		const struct rec_observation *x = &a->observations[i], *y = &b->observations[i];

		cr_assert_eq(x->n_locations, y->n_locations);
		cr_expect(memcmp(x->locations, y->locations, x->n_locations * sizeof(*x->locations)) == 0);
		cr_expect_eq(x->user, y->user);
		cr_expect_eq(x->site, y->site);
		cr_expect(same(x->type, y->type));
		cr_expect_eq(x->cause, y->cause);
		cr_expect_eq(x->truncated, y->truncated);
		cr_expect_eq(x->objects, y->objects);
		cr_expect_eq(x->bytes, y->bytes);
		cr_expect_eq(x->smallest, y->smallest);
		cr_expect_eq(x->largest, y->largest);
		cr_expect_eq(x->samples, y->samples);
		cr_expect_eq(x->error_pct, y->error_pct);
	}
	cr_expect_eq(a->has_sites, b->has_sites);
	cr_assert_eq(a->n_sites, b->n_sites);
	for (size_t i = 0; i < a->n_sites; i++) {
		const struct rec_site *x = &a->sites[i], *y = &b->sites[i];

		cr_expect_eq(x->pc, y->pc);
		cr_expect_eq(x->ret, y->ret);
		cr_expect_str_eq(x->callee, y->callee);
		cr_expect_eq(x->cause, y->cause);
		cr_expect_eq(x->may_elide, y->may_elide);
		cr_expect(same(x->type, y->type));
		cr_expect_eq(x->type_size, y->type_size);
		cr_expect_eq(x->size, y->size);
		cr_expect_eq(x->reach, y->reach);
		cr_expect_eq(x->buffer, y->buffer);
		cr_expect_eq(x->indirect_key, y->indirect_key);
		cr_expect_eq(x->indirect_value, y->indirect_value);
		cr_expect_eq(!x->closure, !y->closure);
		if (x->closure && y->closure)
			cr_expect_str_eq(x->closure, y->closure);
		cr_expect(same(x->captures, y->captures));
		cr_expect_eq(!x->variable, !y->variable);
		if (x->variable && y->variable)
			cr_expect_str_eq(x->variable, y->variable);
		expect_frames(x->frames, x->n_frames, y->frames, y->n_frames);
		cr_expect_eq(x->calls, y->calls);
		cr_assert_eq(!x->source, !y->source);
		if (x->source)
			expect_source(x->source, y->source);
	}
	expect_types(a, b);
	cr_assert_eq(a->n_points, b->n_points);
	for (size_t i = 0; i < a->n_points; i++) {
		cr_expect_eq(a->points[i].pc, b->points[i].pc);
		cr_expect_str_eq(a->points[i].file, b->points[i].file);
		cr_expect_eq(a->points[i].first, b->points[i].first);
		cr_expect_eq(a->points[i].last, b->points[i].last);
		cr_expect_eq(a->points[i].reach, b->points[i].reach);
	}
	cr_assert_eq(a->n_extents, b->n_extents);
	for (size_t i = 0; i < a->n_extents; i++) {
		const struct rec_extent *x = &a->extents[i], *y = &b->extents[i];

		cr_expect_str_eq(x->function, y->function);
		cr_expect_str_eq(x->file, y->file);
		cr_expect_eq(x->first, y->first);
		cr_expect_eq(x->last, y->last);
		cr_expect_eq(x->is_physical, y->is_physical);
		cr_assert_eq(!x->wraps, !y->wraps);
		if (x->wraps)
			cr_expect_str_eq(x->wraps, y->wraps);
	}
}

/* ---- files and programs ---------------------------------------------------------------------------------------------
 */

static char directory[] = "/tmp/escaudit-recording-XXXXXX";

static void make_directory(void)
{
	cr_assert_not_null(mkdtemp(directory));
}

static void remove_directory(void)
{
	char *command = xasprintf("rm -rf %s", directory);

	cr_expect_eq(system(command), 0);
	free(command);
}

/* directory/name; the caller frees it. */
static char *in_directory(const char *name)
{
	return xasprintf("%s/%s", directory, name);
}

static void write_ok(const struct recording *rec, const char *path)
{
	struct error err = ERROR_INIT;

	cr_assert_eq(recording_write(rec, path, &err), 0, "%s", err.text);
}

static struct recording *read_ok(const char *path)
{
	struct recording *rec = NULL;
	struct error err = ERROR_INIT;

	cr_assert_eq(recording_read(&rec, path, &err), 0, "%s", err.text);
	return rec;
}

/* What a command prints; it must succeed. The caller frees it. */
static char *output_of(const char *command)
{
	struct strbuf sb = STRBUF_INIT;
	FILE *f = popen(command, "r");
	char buf[4096];
	size_t n;
	int status;

	cr_assert_not_null(f);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		strbuf_add(&sb, buf, n);
	status = pclose(f);
	cr_assert_eq(status, 0, "%s: status %d\n%s", command, status, strbuf_str(&sb));
	return strbuf_detach(&sb);
}

/* The go command of a release ("1.19"), or of the newest there is. The caller frees it. */
static char *go_command(const char *release)
{
	char *list = output_of("scripts/toolchains --list");
	char *found = NULL, *save = NULL;

	for (char *line = strtok_r(list, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *space = strchr(line, ' ');

		if (!space)
			continue;
		*space = '\0';
		if (!release || strcmp(line, release) == 0) {
			free(found);
			found = xstrdup(space + 1);
		}
	}
	free(list);
	cr_assert_not_null(found, "no Go toolchain; run scripts/toolchains");
	return found;
}

#define GO_ENVIRONMENT "env GOTOOLCHAIN=local GOFLAGS= GOPROXY=off GO111MODULE=on "

/* `go tool pprof OPTIONS FILE` of the newest release. */
static char *pprof(const char *options, const char *file)
{
	char *go = go_command(NULL);
	char *command =
		xasprintf(GO_ENVIRONMENT "PPROF_TMPDIR=%s %s tool pprof %s %s 2>&1", directory, go, options, file);
	char *out = output_of(command);

	free(command);
	free(go);
	return out;
}

static size_t count_files(void)
{
	char *command = xasprintf("ls -A %s | wc -l", directory);
	char *out = output_of(command);
	size_t n = strtoul(out, NULL, 10);

	free(command);
	free(out);
	return n;
}

TestSuite(recording, .init = make_directory, .fini = remove_directory, .timeout = 600);

/* ---- in memory ------------------------------------------------------------------------------------------------------
 */

Test(recording, grows_and_zeroes)
{
	struct recording *rec = recording_new();

	for (uint64_t i = 0; i < 1000; i++) {
		struct rec_location *loc = recording_add_location(rec);

		cr_assert_eq(loc->pc, 0);
		cr_assert_null(loc->frames);
		loc->pc = i + 1;
	}
	for (uint64_t i = 0; i < 1000; i++)
		cr_assert_eq(rec->locations[i].pc, i + 1);
	cr_expect_eq(rec->header.exit_status, -1);
	recording_free(rec);
	recording_free(NULL);
}

Test(recording, sums_losses_by_name)
{
	struct recording *rec = sample();

	cr_expect_eq(rec->n_losses, 2);
	cr_expect_eq(rec->losses[0].count, 7);
	cr_expect_eq(recording_losses(rec), 12);
	recording_free(rec);
}

Test(recording, finds_build_settings)
{
	struct recording *rec = sample();
	char buf[64];
	char small[4];

	cr_expect(recording_setting(rec, "-gcflags", buf, sizeof(buf)));
	cr_expect_str_eq(buf, "all=-l");
	cr_expect(recording_setting(rec, "-ldflags", buf, sizeof(buf)));
	cr_expect_str_eq(buf, "-s -w -X main.v=\"1\"");
	cr_expect(recording_setting(rec, "GOAMD64", buf, sizeof(buf)));
	cr_expect_str_eq(buf, "v1");
	cr_expect(recording_setting(rec, "-gcflags", small, sizeof(small)));
	cr_expect_str_eq(small, "all");
	cr_expect_not(recording_setting(rec, "-gc", buf, sizeof(buf)));
	cr_expect_not(recording_setting(rec, "path", buf, sizeof(buf)));
	rec->header.modinfo = NULL;
	cr_expect_not(recording_setting(rec, "-gcflags", buf, sizeof(buf)));
	recording_free(rec);
}

/* ---- to a file and back
 * ----------------------------------------------------------------------------------------------- */

Test(recording, round_trip)
{
	struct recording *rec = sample();
	char *path = in_directory("r.pb.gz");
	struct recording *back;

	write_ok(rec, path);
	cr_expect_eq(count_files(), 1);
	back = read_ok(path);
	expect_same(rec, back);
	recording_free(back);
	recording_free(rec);
	free(path);
}

Test(recording, round_trip_of_nothing)
{
	struct recording *rec = recording_new();
	char *path = in_directory("r.pb.gz");
	struct recording *back;

	write_ok(rec, path);
	back = read_ok(path);
	expect_same(rec, back);
	cr_expect_null(back->header.goroot_src);
	recording_free(back);
	recording_free(rec);
	free(path);
}

Test(recording, equal_recordings_are_equal_files)
{
	struct recording *rec = sample();
	char *one = in_directory("1"), *two = in_directory("2");
	char *command = xasprintf("cmp %s %s", one, two);

	write_ok(rec, one);
	write_ok(rec, two);
	free(output_of(command));
	recording_free(rec);
	free(command);
	free(one);
	free(two);
}

#define LOCATIONS_FROM 1850
#define LOCATIONS_TO   2100

/* Of growing recordings some fill the buffer with what is put last. */
Test(recording, of_any_size)
{
	struct recording *rec = recording_new();
	char *path = in_directory("r.pb.gz");
	uint64_t random = 88172645463325252u;

	for (uint64_t n = 1; n <= LOCATIONS_TO; n++) {
		struct recording *back = NULL;
		struct error err = ERROR_INIT;
		char name[65];

		for (size_t i = 0; i < sizeof(name) - 1; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			name[i] = (char)('0' + random % 64);
		}
		name[sizeof(name) - 1] = '\0';
		add_location(rec, 0x401000 + 16 * n, false, strpool_add(rec->pool, name), "a.go", 1);
		if (n < LOCATIONS_FROM)
			continue;
		write_ok(rec, path);
		cr_expect_eq(recording_read(&back, path, &err), 0, "%lu locations: %s", n, err.text);
		cr_expect(!back || back->n_locations == n);
		error_release(&err);
		recording_free(back);
	}
	recording_free(rec);
	free(path);
}

/* An existing file is replaced, also behind a link, and the link stays. */
Test(recording, replaces_files)
{
	struct recording *rec = sample();
	char *path = in_directory("file"), *link = in_directory("link");
	struct stat before, after;

	write_ok(rec, path);
	cr_assert_eq(symlink("file", link), 0);
	cr_assert_eq(stat(path, &before), 0);
	write_ok(rec, link);
	cr_assert_eq(lstat(link, &after), 0);
	cr_expect(S_ISLNK(after.st_mode));
	cr_assert_eq(stat(path, &after), 0);
	cr_expect_neq(before.st_ino, after.st_ino, "written in place: a reader could see half of it");
	cr_expect_eq(count_files(), 2);
	recording_free(rec);
	free(path);
	free(link);
}

/*
 * What is no regular file is written to, not replaced. A pipe of the test's own stands for all of them: run as root, a
 * test that tried this on a device and failed would take the device away from the whole machine.
 */
Test(recording, writes_into_pipes)
{
	struct recording *rec = sample(), *back = NULL;
	char *path = in_directory("pipe");
	uint8_t bytes[65536];
	struct error err = ERROR_INIT;
	struct stat st;
	ssize_t n;
	int fd;

	cr_assert_eq(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	cr_assert_geq(fd, 0);
	write_ok(rec, path);
	cr_assert_eq(lstat(path, &st), 0);
	cr_expect(S_ISFIFO(st.st_mode), "the pipe was replaced");
	cr_expect_eq(count_files(), 1);
	n = read(fd, bytes, sizeof(bytes));
	cr_assert_gt(n, 0);
	cr_assert_eq(recording_read_bytes(&back, bytes, (size_t)n, path, &err), 0, "%s", err.text);
	expect_same(rec, back);
	close(fd);
	recording_free(back);
	recording_free(rec);
	free(path);
}

/* A failure says why, leaves no rest, and leaves what was there. */
Test(recording, fails_cleanly)
{
	struct recording *rec = sample();
	char *path = in_directory("file"), *absent = in_directory("no/file");
	struct rlimit limit = {.rlim_cur = 100, .rlim_max = RLIM_INFINITY};
	struct error err = ERROR_INIT;

	cr_expect_eq(recording_write(rec, absent, &err), -ENOENT);
	cr_expect(strstr(err.text, absent), "%s", err.text);
	write_ok(rec, path);
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_expect_eq(recording_write(rec, path, &err), -EFBIG);
	limit.rlim_cur = RLIM_INFINITY;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_expect_eq(count_files(), 1);
	recording_free(read_ok(path));
	error_release(&err);
	recording_free(rec);
	free(path);
	free(absent);
}

/* ---- pprof opens it
 * ----------------------------------------------------------------------------------------------------- */

Test(recording, pprof_shows_totals_and_names)
{
	struct recording *rec = sample();
	char *path = in_directory("r.pb.gz");
	static const struct {
		const char *options;
		const char *lines[8];
	} cases[] = {
		/* Flat figures stand beside user code: the runtime frames beneath it are hidden, gopanic is not,
		 * because it also runs user code. */
		{"-top -nodefraction=0 -unit=B -sample_index=alloc_space",
		 {"100% of 56904B total", "40240B", "main.main\n", "16144B", "main.newItem (inline)\n",
		  "runtime.gopanic\n", "runtime.malg\n"}},
		{"-top -nodecount=20 -sample_index=alloc_objects", {"of 1530 total", "1009", "503"}},
		{"-top", {"Type: alloc_space\n", "File: shop\n", "Build ID: 5d3f0c00aa\n"}},
		{"-tags -unit=B -sample_index=alloc_space",
		 {" cause: Total 56552B of 56904B", "new object\n", "append growth\n", "runtime internal\n",
		  " type: Total 56384B of 56904B", "main.item\n", "[]struct { F uintptr; X0 *int }\n"}},
		{"-raw",
		 {"alloc_objects/count alloc_space/bytes[dflt]",
		  "0x480104 M=1 main.newItem example.com/shop/item.go:21",
		  "main.(*Cart).Add example.com/shop/cart.go:40", "1: 0x0/0xffffffffffffffff/0x0 /srv/shop=1/shop",
		  "type:[main.item]", "cause:[new object]"}},
		{"-comments", {"mode=sample\n", "loss stack map full=7\n", "window_seconds=12.346\n"}},
	};

	write_ok(rec, path);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *out = pprof(cases[i].options, path);

		for (size_t k = 0; k < ARRAY_SIZE(cases[i].lines) && cases[i].lines[k]; k++)
			cr_expect(strstr(out, cases[i].lines[k]), "pprof %s: no \"%s\" in\n%s", cases[i].options,
				  cases[i].lines[k], out);
		if (strncmp(cases[i].options, "-top", 4) == 0) {
			cr_expect_not(strstr(out, "runtime.newobject"), "%s", out);
			cr_expect_not(strstr(out, "runtime.growslice"), "%s", out);
		}
		free(out);
	}
	recording_free(rec);
	free(path);
}

/* ---- profiles of other origin
 * ------------------------------------------------------------------------------------------ */

/* Objects and bytes whose user frame is the function. */
static void sum_of(const struct recording *rec, const char *function, uint64_t *objects, uint64_t *bytes)
{
	*objects = *bytes = 0;
	for (size_t i = 0; i < rec->n_observations; i++) {
		const struct rec_observation *o = &rec->observations[i];
		const struct rec_location *loc;

		if (o->user == REC_NO_USER_FRAME)
			continue;
		loc = &rec->locations[o->locations[o->user]];
		if (strcmp(loc->frames[0].function, function) == 0) {
			cr_expect_eq(o->samples, o->objects);
			cr_expect_eq(o->smallest, o->largest);
			cr_expect_eq(o->bytes, o->objects * o->smallest);
			cr_expect_gt(loc->frames[0].line, 0);
			cr_expect_gt(loc->pc, 0);
			*objects += o->objects;
			*bytes += o->bytes;
		}
	}
}

static void expect_error(const char *path, const char *part)
{
	struct recording *rec = NULL;
	struct error err = ERROR_INIT;

	cr_expect_eq(recording_read(&rec, path, &err), -EBADMSG);
	cr_expect_null(rec);
	cr_expect(err.text && strstr(err.text, part), "no \"%s\" in: %s", part, err.text ? err.text : "no error");
	error_release(&err);
}

static void read_profiles_of(const char *release)
{
	char *go = go_command(release);
	char *command = xasprintf("(cd tests/unit/recording/heapprofile && " GO_ENVIRONMENT
				  "%s build -o %s/prog .) && %s/prog %s && gzip -dc %s/allocs.pb.gz >%s/allocs.pb",
				  go, directory, directory, directory, directory, directory);
	char *gzipped = in_directory("allocs.pb.gz"), *plain = in_directory("allocs.pb"),
	     *text = in_directory("heap.txt"), *goroutine = in_directory("goroutine.pb.gz"),
	     *prog = in_directory("prog");
	char *const profiles[] = {gzipped, plain};

	free(output_of(command));
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct recording *rec = read_ok(profiles[i]);
		uint64_t objects, bytes;

		cr_expect_eq(rec->header.mode, REC_MODE_PROFILE);
		cr_expect(rec->header.path && strcmp(rec->header.path, prog) == 0, "%s", rec->header.path);
		cr_expect_not(rec->has_sites);
		sum_of(rec, "main.blocks", &objects, &bytes);
		cr_expect_eq(objects, 1009, "Go %s: %lu", release, objects);
		cr_expect_eq(bytes, 1009 * 96);
		sum_of(rec, "main.ints", &objects, &bytes);
		cr_expect_eq(objects, 503, "Go %s: %lu", release, objects);
		cr_expect_eq(bytes, 503 * 96, "11 ints are 88 bytes, of the class of 96");
		/* and written as a recording it says the same */
		write_ok(rec, prog);
		recording_free(rec);
		rec = read_ok(prog);
		cr_expect_eq(rec->header.mode, REC_MODE_PROFILE);
		sum_of(rec, "main.blocks", &objects, &bytes);
		cr_expect_eq(objects, 1009);
		recording_free(rec);
	}
	expect_error(text, "without '?debug=1'");
	expect_error(goroutine, "it counts goroutine, not allocations");
	free(go);
	free(command);
	free(gzipped);
	free(plain);
	free(text);
	free(goroutine);
	free(prog);
}

Test(recording, reads_heap_profiles_of_1_19)
{
	read_profiles_of("1.19");
}

Test(recording, reads_heap_profiles_of_1_27)
{
	read_profiles_of("1.27");
}

/* ---- damaged files
 * -------------------------------------------------------------------------------------------------------- */

static void expect_bytes_error(const void *data, size_t size, const char *part)
{
	struct recording *rec = NULL;
	struct error err = ERROR_INIT;

	cr_expect_eq(recording_read_bytes(&rec, data, size, "x", &err), -EBADMSG, "%s", part);
	cr_expect(err.text && strstr(err.text, part), "no \"%s\" in: %s", part, err.text ? err.text : "no error");
	error_release(&err);
	recording_free(rec);
}

Test(recording, refuses_other_files)
{
	expect_bytes_error("", 0, "it is empty");
	expect_bytes_error("\177ELF....", 8, "it is a program");
	expect_bytes_error("{\"a\":1}", 7, "it is JSON");
	expect_bytes_error("# example.com/m\n./m.go:3:2: x", 29, "it is a build log");
	expect_bytes_error("hello, world", 12, "neither a recording nor a pprof profile");
	expect_bytes_error("\x1f\x8b\x08\x00", 4, "ends early");
	expect_bytes_error("\x1f\x8b\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, "bad gzip data");
}

/* A cut file never reads as a shorter recording, and no cut crashes. */
Test(recording, refuses_cut_files)
{
	struct recording *rec = sample();
	char *path = in_directory("r.pb.gz");
	struct strbuf bytes = STRBUF_INIT;

	write_ok(rec, path);
	cr_assert_eq(strbuf_read_file(&bytes, path, 0), 0);
	for (size_t n = 0; n < bytes.len; n++) {
		struct recording *back = NULL;

		cr_assert_eq(recording_read_bytes(&back, bytes.buf, n, "x", NULL), -EBADMSG, "%zu bytes", n);
	}
	strbuf_addstr(&bytes, "rest");
	expect_bytes_error(bytes.buf, bytes.len, "bad gzip data");
	strbuf_release(&bytes);
	recording_free(rec);
	free(path);
}

Test(recording, refuses_to_unpack_bombs)
{
	/* 1100 MiB of zeros, deflated to 5 MiB */
	static uint8_t zeros[1 << 20];
	z_stream z = {.next_in = zeros};
	size_t alloc = 16 << 20;
	uint8_t *out = xmalloc(alloc);

	cr_assert_eq(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = out;
	z.avail_out = (uInt)alloc;
	for (size_t i = 0; i < 1100; i++) {
		z.next_in = zeros;
		z.avail_in = sizeof(zeros);
		cr_assert_eq(deflate(&z, Z_NO_FLUSH), Z_OK);
		cr_assert_eq(z.avail_in, 0);
	}
	while (deflate(&z, Z_FINISH) == Z_OK)
		;
	expect_bytes_error(out, alloc - z.avail_out, "unpacks to more than 1024 MiB");
	deflateEnd(&z);
	free(out);
}

/* One message with everything right, for a test to spoil one thing of. */
struct small_profile {
	Pprof__Profile p;
	Pprof__ValueType types[2], *type_pointers[2];
	Pprof__Mapping mapping, *mapping_pointer;
	Pprof__Function function, *function_pointer;
	Pprof__Location location, *location_pointer;
	Pprof__Line line, *line_pointer;
	Pprof__Sample sample, *sample_pointer;
	Pprof__Label label, *label_pointer;
	Pprof__Site site, *site_pointer;
	uint32_t source[6];
	Pprof__Extent extent, *extent_pointer;
	int64_t values[2];
	uint64_t location_ids[2];
	int64_t comment;
	char *strings[10];
};

static void small_profile_init(struct small_profile *s)
{
	static const char *const strings[] = {
		"",	"alloc_objects", "alloc_space",	      "bytes", "main.f", "main.go",
		"type", "main.T",	 "runtime.newobject", "pid=12"};

	pprof__profile__init(&s->p);
	for (int i = 0; i < 2; i++) {
		pprof__value_type__init(&s->types[i]);
		s->types[i].type = i + 1;
		s->types[i].unit = 3;
		s->type_pointers[i] = &s->types[i];
	}
	s->p.n_sample_type = 2;
	s->p.sample_type = s->type_pointers;
	pprof__mapping__init(&s->mapping);
	s->mapping.id = 1;
	s->mapping_pointer = &s->mapping;
	s->p.n_mapping = 1;
	s->p.mapping = &s->mapping_pointer;
	pprof__function__init(&s->function);
	s->function.id = 3;
	s->function.name = 4;
	s->function.filename = 5;
	s->function_pointer = &s->function;
	s->p.n_function = 1;
	s->p.function = &s->function_pointer;
	pprof__line__init(&s->line);
	s->line.function_id = 3;
	s->line.line = 7;
	s->line_pointer = &s->line;
	pprof__location__init(&s->location);
	s->location.id = 9;
	s->location.mapping_id = 1;
	s->location.address = 0x1000;
	s->location.n_line = 1;
	s->location.line = &s->line_pointer;
	s->location_pointer = &s->location;
	s->p.n_location = 1;
	s->p.location = &s->location_pointer;
	pprof__label__init(&s->label);
	s->label.key = 6;
	s->label.str = 7;
	s->label_pointer = &s->label;
	pprof__sample__init(&s->sample);
	s->location_ids[0] = s->location_ids[1] = 9;
	s->values[0] = 2;
	s->values[1] = 32;
	s->sample.n_location_id = 2;
	s->sample.location_id = s->location_ids;
	s->sample.n_value = 2;
	s->sample.value = s->values;
	s->sample.n_label = 1;
	s->sample.label = &s->label_pointer;
	s->sample.user = 1;
	s->sample_pointer = &s->sample;
	s->p.n_sample = 1;
	s->p.sample = &s->sample_pointer;
	pprof__site__init(&s->site);
	s->site.callee = 8;
	s->site.n_line = 1;
	s->site.line = &s->line_pointer;
	for (size_t i = 0; i < ARRAY_SIZE(s->source); i++)
		s->source[i] = (uint32_t)i + 1;
	s->site.n_source = ARRAY_SIZE(s->source);
	s->site.source = s->source;
	s->site_pointer = &s->site;
	s->p.n_site = 1;
	s->p.site = &s->site_pointer;
	pprof__extent__init(&s->extent);
	s->extent.function_id = 3;
	s->extent_pointer = &s->extent;
	s->p.n_extent = 1;
	s->p.extent = &s->extent_pointer;
	s->comment = 9;
	s->p.n_comment = 1;
	s->p.comment = &s->comment;
	s->p.escaudit_format = 1;
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		s->strings[i] = (char *)strings[i];
	s->p.n_string_table = ARRAY_SIZE(strings);
	s->p.string_table = s->strings;
}

Test(recording, checks_every_index)
{
	struct small_profile s;
	const struct {
		void *field;
		size_t size;
		int64_t value;
		const char *part; /* NULL: it stays readable */
	} cases[] = {
#define SPOIL(field, value, part) {&s.field, sizeof(s.field), value, part}
		SPOIL(types[0].type, 10, "string 10 of 10"),
		SPOIL(types[0].type, -1, "string -1 of 10"),
		SPOIL(types[1].unit, 77, "string 77 of 10"),
		SPOIL(types[1].type, 3, "it counts alloc_objects, bytes, not allocations"),
		SPOIL(mapping.id, 0, "mapping 0 is no valid number"),
		SPOIL(function.id, 0, "function 0 is no valid number"),
		SPOIL(function.id, 4, "function 3 is missing"),
		SPOIL(function.name, INT64_MIN, "string -9223372036854775808"),
		SPOIL(function.filename, 10, "string 10 of 10"),
		SPOIL(location.id, 0, "location 0 is no valid number"),
		SPOIL(location.mapping_id, 5, NULL),
		SPOIL(line.line, INT64_MAX, NULL),
		SPOIL(line.line, -5, NULL),
		SPOIL(location_ids[1], 1, "location 1 is missing"),
		SPOIL(values[0], -1, "negative counts"),
		SPOIL(sample.n_value, 1, "a sample has 1 values where 2 are announced"),
		SPOIL(sample.user, 3, "frame 3 of 2 is named"),
		SPOIL(label.key, 10, "string 10 of 10"),
		SPOIL(label.str, 10, "string 10 of 10"),
		SPOIL(site.callee, 0, "calls nothing"),
		SPOIL(site.type, 10, "string 10 of 10"),
		SPOIL(site.cause, 10, "string 10 of 10"),
		SPOIL(site.expr, 10, "string 10 of 10"),
		SPOIL(site.n_source, 4, "has a damaged source position"), /* no level */
		SPOIL(site.n_source, 5, "has a damaged source position"),
		SPOIL(site.n_source, 0, NULL),
		SPOIL(source[0], UINT32_MAX, NULL),
		SPOIL(source[5], UINT32_MAX, NULL),
		SPOIL(site.buffer, 3, "has buffer 3"),
		SPOIL(site.indirect, 4, "has indirect 4"),
		SPOIL(site.reach, 3, "has reach 3"),
		SPOIL(extent.function_id, 4, "function 4 is missing"),
		SPOIL(extent.wraps, 10, "string 10 of 10"),
		SPOIL(comment, 10, "string 10 of 10"),
		SPOIL(p.modinfo, 10, "string 10 of 10"),
		SPOIL(p.duration_nanos, -1, "lasts -1 ns"),
		SPOIL(p.duration_nanos, INT64_MAX, "lasts 9223372036854775807 ns"),
		SPOIL(p.n_string_table, 9, "string 9 of 9"),
		SPOIL(strings[0], (int64_t)(uintptr_t) "x", "does not begin with the empty one"),
		SPOIL(strings[9], (int64_t)(uintptr_t) "pid=1x", "the comment 'pid' makes no sense"),
		SPOIL(strings[9], (int64_t)(uintptr_t) "mode=some", "the comment 'mode' makes no sense"),
		SPOIL(strings[9], (int64_t)(uintptr_t) "loss x=y", "a count of losses makes no sense"),
		SPOIL(strings[9], (int64_t)(uintptr_t) "ended=well", "the comment 'ended' makes no sense"),
		SPOIL(strings[9], (int64_t)(uintptr_t) "ended=", "the comment 'ended' makes no sense"),
		SPOIL(strings[9], (int64_t)(uintptr_t) "overhead_pct=nan", "the comment 'overhead_pct' makes no sense"),
		SPOIL(strings[9], (int64_t)(uintptr_t) "overhead_pct=1e99",
		      "the comment 'overhead_pct' makes no sense"),
		SPOIL(strings[9], (int64_t)(uintptr_t) "sample_hits=1.5", "the comment 'sample_hits' makes no sense"),
		SPOIL(strings[9], (int64_t)(uintptr_t) "sample_totals=guessed",
		      "the comment 'sample_totals' makes no sense"),
		SPOIL(strings[9], (int64_t)(uintptr_t) "period=-1", "the comment 'period' makes no sense"),
		SPOIL(strings[9], (int64_t)(uintptr_t) "sample_unattributed_bytes=-3", NULL),
		SPOIL(strings[9], (int64_t)(uintptr_t) "no key", NULL),
		SPOIL(sample.samples, -1, "more than a counter holds"),
		SPOIL(sample.error_pct, -1, "has an error of"),			     /* not a number */
		SPOIL(sample.error_pct, 0x7ff0000000000000, "has an error of"),	     /* infinite */
		SPOIL(sample.error_pct, (int64_t)0xbff0000000000000, "error of -1"), /* negative */
		SPOIL(p.escaudit_format, 0, NULL),
#undef SPOIL
	};
	uint8_t packed[1024];
	size_t size;
	struct recording *rec = NULL;

	memset(&s, 0, sizeof(s));
	small_profile_init(&s);
	size = pprof__profile__pack(&s.p, packed);
	cr_assert_eq(recording_read_bytes(&rec, packed, size, "x", NULL), 0);
	cr_expect_eq(rec->header.pid, 12);
	cr_expect_eq(rec->observations[0].bytes, 32);
	recording_free(rec);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		small_profile_init(&s);
		memcpy(cases[i].field, &cases[i].value, cases[i].size); /* little-endian */
		size = pprof__profile__pack(&s.p, packed);
		cr_assert_leq(size, sizeof(packed));
		if (cases[i].part) {
			expect_bytes_error(packed, size, cases[i].part);
		} else {
			rec = NULL;
			cr_expect_eq(recording_read_bytes(&rec, packed, size, "x", NULL), 0, "case %zu", i);
			recording_free(rec);
		}
	}
}

Test(recording, refuses_newer_formats)
{
	struct small_profile s = {.comment = 0};
	uint8_t packed[1024];
	struct recording *rec = NULL;
	struct error err = ERROR_INIT;

	small_profile_init(&s);
	s.p.escaudit_format = 2;
	cr_expect_eq(recording_read_bytes(&rec, packed, pprof__profile__pack(&s.p, packed), "x", &err),
		     -EPROTONOSUPPORT);
	cr_expect(strstr(err.text, "newer escaudit"), "%s", err.text);
	error_release(&err);
}

/* A sampled profile: what the profiler scaled up is scaled down again to what it looked at. */
Test(recording, counts_samples_of_sampled_profiles)
{
	struct small_profile s = {.comment = 0};
	uint8_t packed[1024];
	struct recording *rec = NULL;

	small_profile_init(&s);
	s.p.escaudit_format = 0;
	s.p.period = 524288;
	s.values[0] = 81925; /* 5 objects of 32 bytes, each standing for 1 / (1 - exp(-32 / 524288)) */
	s.values[1] = 81925 * 32;
	cr_assert_eq(recording_read_bytes(&rec, packed, pprof__profile__pack(&s.p, packed), "x", NULL), 0);
	cr_expect_eq(rec->observations[0].samples, 5);
	cr_expect_eq(rec->header.period, 524288);
	cr_expect_eq(rec->header.pid, 0, "another tool's comment is not our header");
	cr_expect_str_eq(rec->extra[0].key, "comment");
	cr_expect_str_eq(rec->extra[0].value, "pid=12");
	recording_free(rec);
}

/* What reports take for granted of a type's fields is checked. */
Test(recording, damaged_types)
{
	static const struct {
		struct rec_field field;
		const char *what;
	} damage[] = {
		{{"next", 0, 8, 8}, "over the one before"}, {{"next", 8, 16, 8}, "beyond the end"},
		{{"next", UINT64_MAX, 8, 8}, "far beyond"}, {{"next", 8, 8, 0}, "no alignment"},
		{{"next", 8, 8, 3}, "no power of two"},	    {{NULL, 8, 8, 8}, "no name"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(damage); i++) {
		struct recording *rec = sample(), *again = NULL;
		struct error err = ERROR_INIT;
		char *path = in_directory("r.pb.gz");

		rec->types[0].fields[1] = damage[i].field;
		write_ok(rec, path);
		cr_expect_eq(recording_read(&again, path, &err), -EBADMSG, "%s", damage[i].what);
		cr_expect_null(again);
		error_release(&err);
		recording_free(rec);
		free(path);
	}
}
