/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the reports share: an audit made by hand with every verdict in it, and the comparison with a golden
 * text. UPDATE_GOLDEN=1 rewrites the texts instead; read the difference before committing it.
 */
#ifndef ESCAUDIT_TESTS_UNIT_REPORT_FIXTURE_H
#define ESCAUDIT_TESTS_UNIT_REPORT_FIXTURE_H

#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "report/report.h"

#define GOLDEN "tests/golden/report/"

/* ---- golden texts
 * ---------------------------------------------------------------------------------------------------- */

struct capture {
	FILE *f;
	char *text;
	size_t size;
};

static inline FILE *capture_begin(struct capture *c)
{
	*c = (struct capture){.f = NULL};
	c->f = open_memstream(&c->text, &c->size);
	cr_assert_not_null(c->f);
	return c->f;
}

/* The version changes with every release, the texts should not. */
static inline char *without_version(const char *text)
{
	static const char version[] = "\"version\": \"" ESCAUDIT_VERSION "\"";
	const char *at = strstr(text, version);

	return at ? xasprintf("%.*s\"version\": \"VERSION\"%s", (int)(at - text), text, at + strlen(version))
		  : xstrdup(text);
}

static inline void capture_expect(struct capture *c, const char *name)
{
	char *path = xasprintf(GOLDEN "%s", name), *text;
	struct strbuf golden = STRBUF_INIT;

	cr_assert_eq(fclose(c->f), 0);
	text = without_version(c->text);
	if (getenv("UPDATE_GOLDEN")) {
		FILE *out = fopen(path, "w");

		cr_assert_not_null(out, "%s", path);
		fputs(text, out);
		cr_assert_eq(fclose(out), 0);
	} else {
		cr_assert_eq(strbuf_read_file(&golden, path, 0), 0, "%s is missing; UPDATE_GOLDEN=1 writes it", path);
		cr_expect_str_eq(text, strbuf_str(&golden), "%s differs; the report is now\n%s", path, text);
	}
	strbuf_release(&golden);
	free(text);
	free(path);
	free(c->text);
}

/* ---- a recording
 * ------------------------------------------------------------------------------------------------------- */

static inline struct rec_frame *frames_of(const struct rec_frame *frames, size_t n)
{
	struct rec_frame *copy = xcalloc(n, sizeof(*copy));

	memcpy(copy, frames, n * sizeof(*copy));
	return copy;
}

static inline void fixture_location(struct recording *rec, uint64_t pc, bool is_runtime, const struct rec_frame *frames,
				    size_t n)
{
	struct rec_location *loc = recording_add_location(rec);

	loc->pc = pc;
	loc->is_runtime = is_runtime;
	loc->frames = frames_of(frames, n);
	loc->n_frames = n;
}

#define LOCATION(rec, pc, is_runtime, ...)                                                                             \
	fixture_location(rec, pc, is_runtime, (const struct rec_frame[]){__VA_ARGS__},                                 \
			 ARRAY_SIZE(((const struct rec_frame[]){__VA_ARGS__})))

static inline void fixture_observation(struct recording *rec, const uint32_t *locations, uint32_t n, uint32_t user,
				       const char *type, enum cause cause, uint64_t objects, uint64_t bytes)
{
	struct rec_observation *o = recording_add_observation(rec);

	o->locations = xcalloc(n ? n : 1, sizeof(*o->locations));
	if (n)
		memcpy(o->locations, locations, n * sizeof(*locations));
	o->n_locations = n;
	o->user = user;
	o->type = type;
	o->cause = cause;
	o->objects = o->samples = objects;
	o->bytes = bytes;
	o->smallest = o->largest = objects ? bytes / objects : 0;
}

#define OBSERVATION(rec, user, type, cause, objects, bytes, ...)                                                       \
	fixture_observation(rec, (const uint32_t[]){__VA_ARGS__}, ARRAY_SIZE(((const uint32_t[]){__VA_ARGS__})), user, \
			    type, cause, objects, bytes)

#define SHOP   "/src/shop/"
#define GOROOT "/usr/lib/go-1.26/src/"

/* 4 observations on user lines, one in a dependency, one in the standard library, one of the runtime's own. */
static inline struct recording *fixture_recording(void)
{
	struct recording *rec = recording_new();
	struct rec_header *h = &rec->header;
	struct rec_source *source;
	struct rec_site *site;

	h->tool_version = "0.1.0";
	h->mode = REC_MODE_EXACT;
	h->window_seconds = 12.345;
	h->window_complete = true;
	h->start_unix_ns = 1700000000000000000;
	h->path = "/srv/shop";
	h->build_id = "5d3f0c00aa12bb34cc56";
	h->go_version = "go1.26.11";
	h->arch = "amd64";
	h->pid = 4242;
	h->main_package = "example.com/shop/cmd/shop";
	h->main_module = "example.com/shop";
	h->goroot_src = GOROOT;
	h->modinfo = "build\t-race=true\nbuild\t-gcflags=example.com/shop/...=-m=2 -json=0,/tmp/d -l\n";
	h->exit_status = 0;
	h->hits = 16240;
	h->entries = 5;
	h->stacks = 7;

	LOCATION(rec, 0x401005, true, {"runtime.newobject", GOROOT "runtime/malloc.go", 1337, 0, NULL});     /* 0 */
	LOCATION(rec, 0x480105, false, {"example.com/shop/cart.newItem", SHOP "cart/item.go", 21, 18, NULL}, /* 1 */
		 {"example.com/shop/cart.(*Cart).Add", SHOP "cart/cart.go", 40, 33, NULL});
	LOCATION(rec, 0x480205, false, {"main.main", SHOP "cmd/shop/main.go", 9, 5, NULL});	       /* 2 */
	LOCATION(rec, 0x401205, true, {"runtime.growslice", GOROOT "runtime/slice.go", 178, 0, NULL}); /* 3 */
	LOCATION(rec, 0x401305, true, {"runtime.malg", GOROOT "runtime/proc.go", 4000, 0, NULL});      /* 4 */
	LOCATION(rec, 0x490105, false, {"fmt.Sprintf", GOROOT "fmt/print.go", 239, 230, NULL});	       /* 5 */
	LOCATION(rec, 0x4a0105, false,
		 {"gopkg.in/yaml%2ev3.(*parser).node", "/go/pkg/mod/gopkg.in/yaml.v3@v3.0.1/decode.go", 90, 80,
		  NULL});									    /* 6 */
	LOCATION(rec, 0x480305, false, {"main.main.func1", SHOP "cmd/shop/main.go", 14, 12, NULL}); /* 7 */

	OBSERVATION(rec, 1, "cart.Item", CAUSE_NEW_OBJECT, 1009, 16144, 0, 1, 2);
	OBSERVATION(rec, 1, "[]cart.Item", CAUSE_APPEND_GROWTH, 503, 40240, 3, 1, 2);
	OBSERVATION(rec, 1, "int", CAUSE_MAKE_SLICE, 11, 352, 3, 2);
	OBSERVATION(rec, 0, "struct { F uintptr; X0 *map[string]cart.Item }", CAUSE_CLOSURE, 13, 208, 7, 2);
	OBSERVATION(rec, 1, "string", CAUSE_STRING_CONVERSION, 14503, 232048, 3, 5, 2);
	OBSERVATION(rec, 1, "map[string]interface {}", CAUSE_MAKE_MAP, 17, 816, 0, 6, 2);
	OBSERVATION(rec, REC_NO_USER_FRAME, "runtime.g", CAUSE_RUNTIME_INTERNAL, 7, 3080, 4);

	site = recording_add_site(rec);
	*site = (struct rec_site){.pc = 0x480100,
				  .ret = 0x480105,
				  .callee = "runtime.newobject",
				  .cause = CAUSE_NEW_OBJECT,
				  .type = "cart.Item",
				  .type_size = 16,
				  .size = 16,
				  .frames = frames_of(rec->locations[1].frames, 2),
				  .n_frames = 2,
				  .reach = REACH_HIT};
	site = recording_add_site(rec);
	*site = (struct rec_site){.pc = 0x480200,
				  .ret = 0x480205,
				  .callee = "runtime.makeslice",
				  .cause = CAUSE_MAKE_SLICE,
				  .type = "int",
				  .type_size = 8,
				  .frames = frames_of(rec->locations[2].frames, 1),
				  .n_frames = 1,
				  .reach = REACH_HIT};
	site = recording_add_site(rec);
	*site = (struct rec_site){.pc = 0x480500,
				  .ret = 0x480505,
				  .callee = "runtime.convT64",
				  .cause = CAUSE_INTERFACE_CONVERSION,
				  .may_elide = true,
				  .frames = frames_of(rec->locations[7].frames, 1),
				  .n_frames = 1,
				  .reach = REACH_NEVER};
	source = recording_set_source(&rec->sites[0], 2);
	source->expr = "&Item{id: id}";
	source->first_line = source->last_line = 21;
	source->first_column = 9;
	source->last_column = 21;
	source->levels[0] = (struct rec_level){21, 9};
	source->levels[1] = (struct rec_level){40, REC_COLUMN_BEYOND};
	rec->has_sites = true;
	return rec;
}

/* ---- predictions
 * ------------------------------------------------------------------------------------------------------- */

static inline struct predictions *fixture_predictions(void)
{
	static const char *const why[] = {"flow: ~r0 = &{storage for &Item{...}}",
					  "from return &Item{...} (return) at ./cart/item.go:21:2"};
	struct predictions *set = predictions_new();
	struct prediction *p;

	p = predictions_add(set);
	p->claim = CLAIM_HEAP;
	p->kind = EXPR_COMPOSITE;
	p->package = "example.com/shop/cart";
	p->pos = (struct position){"./cart/cart.go", 40, 12};
	p->expr = "&Item{...}";
	p->function = "(*Cart).Add";
	p->inlined_known = true;
	p->n_inlined = 1;
	p->inlined = xcalloc(1, sizeof(*p->inlined));
	p->inlined[0] = (struct position){"./cart/item.go", 21, 9};
	p->reason = "return";
	predictions_explain(set, p, why, 2);
	p = predictions_add(set);
	p->claim = CLAIM_STACK;
	p->kind = EXPR_MAKE_SLICE;
	p->package = "example.com/shop/cmd/shop";
	p->pos = (struct position){"./cmd/shop/main.go", 9, 14};
	p->expr = "make([]int, n)";
	p->inlined_known = true;
	p = predictions_add(set);
	p->claim = CLAIM_HEAP;
	p->kind = EXPR_OTHER;
	p->package = "example.com/shop/cmd/shop";
	p->pos = (struct position){"./cmd/shop/main.go", 300, 0};
	p->expr = "n";
	p->reason = "interface-converted";
	predictions_add_package(set, "example.com/shop/cart");
	predictions_add_package(set, "example.com/shop/cmd/shop");
	set->lines = 412;
	set->json_joined = 2;
	set->json_unjoined = 1;
	set->build.go_version = "go1.26.11";
	set->build.goos = "linux";
	set->build.goarch = "amd64";
	set->build.gcflags = "-l";
	set->build.main_module = "example.com/shop";
	set->columns = columns_new();
	set->columns->missing = "2 files have no copy";
	return set;
}

/* ---- the audit
 * ------------------------------------------------------------------------------------------------------------ */

struct fixture {
	struct recording *rec;
	struct predictions *set;
	struct audit audit;
	struct verdict items[16];
	const struct rec_site *evidence[3];
	const char *mismatches[1];
	struct prediction explained;
	const struct flow_step *path[3];
};

static inline void fixture_verdict(struct fixture *x, struct verdict v)
{
	struct audit *audit = &x->audit;

	audit->totals.n[v.kind]++;
	audit->totals.objects[v.kind] += v.objects;
	audit->totals.bytes[v.kind] += v.bytes;
	x->items[audit->n++] = v;
}

#define VERDICT(x, ...) fixture_verdict(x, (struct verdict){__VA_ARGS__})

/* Every verdict once, ranked as audit_run() does; everything adds up to what the recording holds. */
static inline void fixture_init(struct fixture *x)
{
	static const char *const way[] = {"from &Item{...} (spill) at ./cart/item.go:20:9",
					  "from item = &Item{...} (assign) at ./cart/item.go:20:4",
					  "from return &Item{...} (return) at ./cart/item.go:21:2"};

	memset(x, 0, sizeof(*x));
	x->rec = fixture_recording();
	x->set = fixture_predictions();
	for (size_t i = 0; i < 3; i++)
		x->evidence[i] = &x->rec->sites[i];
	x->mismatches[0] = "another build";
	predictions_explain(x->set, &x->explained, way, ARRAY_SIZE(way));
	for (size_t i = 0; i < ARRAY_SIZE(way); i++)
		x->path[i] = x->explained.flow[i];
	x->audit.rec = x->rec;
	x->audit.items = x->items;
	x->audit.match = BUILD_MATCH_SAME;
	x->audit.samples = 800;
	x->audit.n_functions = 4;
	x->audit.n_known_functions = 3;
	x->audit.elsewhere_objects = 14503 + 17;
	x->audit.elsewhere_bytes = 232048 + 816;
	x->audit.runtime_objects = 7;
	x->audit.runtime_bytes = 3080;

	VERDICT(x, .kind = VERDICT_UNPREDICTED, .file = "cart/cart.go", .line = 40, .column = 17,
		.expr = "append(c.items, newItem(id))", .function = "example.com/shop/cart.(*Cart).Add",
		.package = "example.com/shop/cart", .type = "[]cart.Item", .cause = CAUSE_APPEND_GROWTH, .objects = 503,
		.bytes = 40240, .smallest = 80, .largest = 80, .samples = 503,
		.summary = "the compiler reports nothing for this: runtime.growslice",
		.advice = "capacity known: make([]cart.Item, 0, 5) makes each at once");
	VERDICT(x, .kind = VERDICT_VIOLATED, .has_claim = true, .claim = CLAIM_STACK, .file = "cmd/shop/main.go",
		.line = 9, .column = 14, .expr = "make([]int, n)", .function = "main.main",
		.package = "example.com/shop/cmd/shop", .type = "int", .cause = CAUSE_MAKE_SLICE, .objects = 11,
		.bytes = 352, .smallest = 32, .largest = 32, .samples = 11, .n_predictions = 1,
		.sites = &x->evidence[1], .n_sites = 1,
		.summary = "the size is known only at run time: runtime.makeslice went to the heap");
	VERDICT(x, .kind = VERDICT_ELIDED, .has_claim = true, .claim = CLAIM_HEAP, .file = "cmd/shop/main.go",
		.line = 300, .expr = "n", .function = "main.main.func1", .cause = CAUSE_INTERFACE_CONVERSION,
		.n_predictions = 1, .sites = &x->evidence[2], .n_sites = 1,
		.summary = "runtime.convT64 ran and found a way round: small integer, zero or empty value");
	VERDICT(x, .kind = VERDICT_COMPILED_OUT, .has_claim = true, .claim = CLAIM_HEAP, .file = "cmd/shop/main.go",
		.line = 30, .column = 7, .expr = "\"a constant that goes on and on until nobody reads it any more\"",
		.n_predictions = 1, .summary = "no call in the binary: constant data, zero size, or dead code");
	VERDICT(x, .kind = VERDICT_STALE, .has_claim = true, .claim = CLAIM_STACK, .file = "cmd/shop/old.go", .line = 3,
		.column = 2, .expr = "x", .n_predictions = 1, .summary = "the binary has no code for this line");
	VERDICT(x, .kind = VERDICT_CONFIRMED, .has_claim = true, .claim = CLAIM_HEAP, .file = "cart/cart.go",
		.line = 40, .column = 12, .expr = "&Item{...}", .function = "example.com/shop/cart.(*Cart).Add",
		.package = "example.com/shop/cart", .type = "cart.Item", .cause = CAUSE_NEW_OBJECT, .objects = 1009,
		.bytes = 16144, .smallest = 16, .largest = 16, .samples = 1009, .n_predictions = 1,
		.sites = &x->evidence[0], .n_sites = 1, .flow = x->set->items[0].flow, .n_flow = 2, .path = x->path,
		.n_path = 3, .summary = "predicted, and made by runtime.newobject");
	VERDICT(x, .kind = VERDICT_CONFIRMED, .has_claim = true, .claim = CLAIM_HEAP, .file = "cmd/shop/main.go",
		.line = 14, .column = 3, .expr = "func literal, func literal", .function = "main.main.func1",
		.type = "struct { F uintptr; X0 *map[string]cart.Item }", .cause = CAUSE_CLOSURE, .objects = 13,
		.bytes = 208, .smallest = 16, .largest = 16, .samples = 13, .ambiguous = true, .n_predictions = 2,
		.flow = x->set->items[0].flow, .n_flow = 2, .summary = "predicted, and made by runtime.newobject");
	VERDICT(x, .kind = VERDICT_HELD, .has_claim = true, .claim = CLAIM_STACK, .file = "cart/cart.go", .line = 50,
		.column = 5, .expr = "Item{...}", .n_predictions = 1, .summary = "no allocating call in the binary");
	VERDICT(x, .kind = VERDICT_UNREACHED, .has_claim = true, .claim = CLAIM_HEAP, .file = "cart/cart.go",
		.line = 60, .column = 5, .expr = "new(Item)", .cause = CAUSE_NEW_OBJECT, .n_predictions = 1,
		.summary = "the call of runtime.newobject was never executed");
	VERDICT(x, .kind = VERDICT_UNDECIDED, .has_claim = true, .claim = CLAIM_HEAP, .file = "cart/cart.go",
		.line = 70, .column = 5, .expr = "n", .cause = CAUSE_INTERFACE_CONVERSION, .n_predictions = 1,
		.upper_per_second = 3.25, .summary = "no allocation seen at runtime.convT64");
}

static inline void fixture_release(struct fixture *x)
{
	recording_free(x->rec);
	predictions_free(x->set);
}

#endif
