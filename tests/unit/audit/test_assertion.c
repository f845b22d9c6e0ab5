/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions written by hand against recordings written by hand. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "audit/assertion.h"
#include "base/memory.h"

#define FILE_NAME "/src/m/x.go"

struct made {
	struct recording *rec;
	struct assertions *a;
	struct audit *audit; /* NULL: there is none */
};

/* One assertion about lines 10 to 20. */
static void made_init(struct made *m, enum directive_kind kind, bool calls)
{
	struct rec_extent *e;

	*m = (struct made){.rec = recording_new()};
	m->rec->header.mode = REC_MODE_EXACT;
	m->rec->header.main_module = "example.com/m";
	m->rec->header.main_package = "example.com/m";
	m->rec->has_sites = true;
	e = recording_add_extent(m->rec);
	*e = (struct rec_extent){.function = "main.f", .file = FILE_NAME, .first = 10, .last = 20, .is_physical = true};
	m->a = xcalloc(1, sizeof(*m->a));
	m->a->pool = strpool_new();
	m->a->items = xcalloc(1, sizeof(*m->a->items));
	m->a->n = 1;
	m->a->items[0] = (struct assertion){
		.directive = {.kind = kind, .calls = calls, .text = "x", .line = 9, .first = 10, .last = 20, .end = 20},
		.recorded = FILE_NAME,
		.file = "x.go",
	};
}

static void made_release(struct made *m)
{
	for (size_t i = 0; m->audit && i < m->audit->n; i++) {
		for (size_t k = 0; k < m->audit->items[i].n_deeper; k++) {
			free(m->audit->items[i].deeper[k]->inlined);
			free((void *)m->audit->items[i].deeper[k]);
		}
	}
	audit_free(m->audit);
	assertions_free(m->a);
	recording_free(m->rec);
}

/* Objects made on a line, called from a line (0 for nobody). */
static struct rec_observation *observe(struct made *m, int line, int caller, enum cause cause, uint64_t objects)
{
	struct rec_observation *o;
	uint32_t first = (uint32_t)m->rec->n_locations;
	int lines[] = {line, caller};

	for (size_t i = 0; i < 2; i++) {
		struct rec_location *loc = recording_add_location(m->rec);

		loc->n_frames = 1;
		loc->frames = xcalloc(1, sizeof(*loc->frames));
		loc->frames[0] = (struct rec_frame){"main.f", FILE_NAME, lines[i] ? lines[i] : 1, 1, NULL};
	}
	o = recording_add_observation(m->rec);
	o->locations = xcalloc(2, sizeof(*o->locations));
	o->locations[0] = first;
	o->locations[1] = first + 1;
	o->n_locations = 2;
	o->cause = cause;
	o->objects = o->samples = objects;
	o->bytes = objects * 16;
	return o;
}

static void add_site(struct made *m, int line, enum cause cause, enum reach reach)
{
	struct rec_site *s = recording_add_site(m->rec);

	s->callee = "runtime.newobject";
	s->cause = cause;
	s->reach = reach;
	s->n_frames = 1;
	s->frames = xcalloc(1, sizeof(*s->frames));
	s->frames[0] = (struct rec_frame){"main.f", FILE_NAME, line, 1, NULL};
}

static void add_point(struct made *m, int first, int last, uint64_t pc, enum reach reach)
{
	*recording_add_point(m->rec) = (struct rec_point){pc, FILE_NAME, first, last, reach};
}

/*
 * One verdict on all sites and observations so far: n predictions, each of what an inlined copy has on its line of the
 * file (0: no inlined copy), in a call on line 100 of the same file.
 */
static struct verdict *judged(struct made *m, const int *lines, size_t n, bool ambiguous)
{
	struct verdict *v;

	m->audit = xcalloc(1, sizeof(*m->audit));
	m->audit->pool = strpool_new();
	m->audit->items = v = xcalloc(1, sizeof(*v));
	m->audit->n = 1;
	m->audit->account = xcalloc(m->rec->n_observations + 1, sizeof(*m->audit->account));
	v->has_claim = v->is_inlining_known = true;
	v->ambiguous = ambiguous;
	v->n_predictions = n;
	v->n_sites = m->rec->n_sites;
	v->sites = xcalloc(v->n_sites + 1, sizeof(const struct rec_site *));
	for (size_t i = 0; i < v->n_sites; i++)
		v->sites[i] = &m->rec->sites[i];
	for (size_t i = 0; i < n; i++) {
		struct prediction *p = xcalloc(1, sizeof(*p));

		if (!lines[i]) {
			free(p);
			continue;
		}
		p->pos = (struct position){"./x.go", 100, 3};
		p->n_inlined = 1;
		p->inlined = xcalloc(1, sizeof(*p->inlined));
		p->inlined[0] = (struct position){"./x.go", lines[i], 5};
		v->deeper = xreallocarray(v->deeper, v->n_deeper + 1, sizeof(const struct prediction *));
		v->deeper[v->n_deeper++] = p;
	}
	for (size_t i = 0; i < m->rec->n_observations; i++)
		m->rec->observations[i].site = 0;
	m->a->directory = strpool_add(m->a->pool, "/src/m");
	return v;
}

static void expect(struct made *m, enum assertion_verdict verdict, const char *why)
{
	const struct assertion *item = &m->a->items[0];
	bool said = !why;

	assertions_judge(m->a, m->rec, m->audit);
	cr_expect_eq(item->verdict, verdict, "%s", assertion_verdict_name(item->verdict));
	for (size_t i = 0; i < item->n_why; i++)
		said |= why && strstr(item->why[i], why);
	cr_expect(said, "nothing like '%s' but '%s'", why, item->n_why ? item->why[0] : "");
	made_release(m);
}

Test(assertion, broken_by_its_own_code_only)
{
	struct made m;

	made_init(&m, DIRECTIVE_NOALLOC, false);
	observe(&m, 15, 0, CAUSE_NEW_OBJECT, 7);
	observe(&m, 30, 15, CAUSE_NEW_OBJECT, 9); /* called */
	assertions_judge(m.a, m.rec, m.audit);
	cr_expect_eq(m.a->items[0].objects, 7);
	m.a->items[0].objects = m.a->items[0].bytes = 0;
	expect(&m, ASSERTION_BROKEN, "new object at x.go:15: 7 objects, 112 bytes");

	made_init(&m, DIRECTIVE_NOALLOC, true);
	observe(&m, 30, 15, CAUSE_NEW_OBJECT, 9);
	expect(&m, ASSERTION_BROKEN, "x.go:30");

	/* what is called says that it ran */
	made_init(&m, DIRECTIVE_NOALLOC, false);
	add_site(&m, 15, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	observe(&m, 30, 15, CAUSE_NEW_OBJECT, 9);
	expect(&m, ASSERTION_HELD, "it ran");

	/* the runtime's own is nobody's */
	made_init(&m, DIRECTIVE_NOALLOC, true);
	add_site(&m, 15, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	observe(&m, 15, 0, CAUSE_RUNTIME_INTERNAL, 3);
	observe(&m, 15, 0, CAUSE_GO_STATEMENT, 3);
	expect(&m, ASSERTION_HELD, "it ran");
}

Test(assertion, an_escape_is_no_growth)
{
	struct made m;

	made_init(&m, DIRECTIVE_NOESCAPE, false);
	add_site(&m, 15, CAUSE_NEW_OBJECT, REACH_HIT);
	observe(&m, 16, 0, CAUSE_APPEND_GROWTH, 7);
	expect(&m, ASSERTION_HELD, NULL);
	made_init(&m, DIRECTIVE_NOESCAPE, false);
	observe(&m, 16, 0, CAUSE_CLOSURE, 7);
	expect(&m, ASSERTION_BROKEN, "closure");
	made_init(&m, DIRECTIVE_NOALLOC, false);
	observe(&m, 16, 0, CAUSE_APPEND_GROWTH, 7);
	expect(&m, ASSERTION_BROKEN, "append growth");
}

Test(assertion, what_cannot_allocate_holds)
{
	struct made m;

	made_init(&m, DIRECTIVE_NOALLOC, false);
	m.rec->header.mode = REC_MODE_SAMPLE;
	expect(&m, ASSERTION_HELD, "whether it runs or not");
	/* what it calls is another question */
	made_init(&m, DIRECTIVE_NOALLOC, true);
	expect(&m, ASSERTION_UNDECIDED, "no probe was on it");
	/* not in the binary at all */
	made_init(&m, DIRECTIVE_NOALLOC, false);
	m.rec->n_extents = 0;
	expect(&m, ASSERTION_NEVER_EXECUTED, "no code of its own");
}

Test(assertion, evidence_of_execution)
{
	struct made m;

	made_init(&m, DIRECTIVE_NOALLOC, false);
	add_site(&m, 15, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	expect(&m, ASSERTION_UNDECIDED, "no probe was on it");

	made_init(&m, DIRECTIVE_NOALLOC, false);
	add_site(&m, 15, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	add_point(&m, 10, 20, 0x1000, REACH_NEVER);
	expect(&m, ASSERTION_NEVER_EXECUTED, "none was taken");

	made_init(&m, DIRECTIVE_NOALLOC, false);
	add_site(&m, 15, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	add_point(&m, 10, 20, 0x1000, REACH_NEVER);
	add_point(&m, 10, 20, 0x2000, REACH_HIT);
	expect(&m, ASSERTION_HELD, "it ran");

	/* one way in had no probe */
	made_init(&m, DIRECTIVE_NOALLOC, false);
	add_site(&m, 15, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	add_point(&m, 10, 20, 0x1000, REACH_NEVER);
	add_point(&m, 10, 20, 0x2000, REACH_NOT_PROBED);
	expect(&m, ASSERTION_UNDECIDED, "not every way");

	/* points of another assertion say nothing of this one */
	made_init(&m, DIRECTIVE_NOALLOC, false);
	add_site(&m, 15, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	add_point(&m, 12, 12, 0x1000, REACH_NEVER);
	expect(&m, ASSERTION_UNDECIDED, "no probe was on it");

	/* a call that was reached and did without */
	made_init(&m, DIRECTIVE_NOALLOC, false);
	add_site(&m, 15, CAUSE_INTERFACE_CONVERSION, REACH_HIT);
	expect(&m, ASSERTION_HELD, "it ran");
}

Test(assertion, absence_is_no_fact_where_something_is_missing)
{
	struct made m;

	made_init(&m, DIRECTIVE_NOALLOC, false);
	add_site(&m, 15, CAUSE_NEW_OBJECT, REACH_HIT);
	m.rec->header.mode = REC_MODE_SAMPLE;
	expect(&m, ASSERTION_UNDECIDED, "samples");

	made_init(&m, DIRECTIVE_NOALLOC, false);
	add_site(&m, 15, CAUSE_NEW_OBJECT, REACH_HIT);
	recording_add_loss(m.rec, "stack map full", 1);
	expect(&m, ASSERTION_UNDECIDED, "lost");

	/* a stack that was cut hides its callers, not its own line */
	made_init(&m, DIRECTIVE_NOALLOC, true);
	add_site(&m, 15, CAUSE_NEW_OBJECT, REACH_HIT);
	observe(&m, 30, 31, CAUSE_NEW_OBJECT, 1)->truncated = true;
	expect(&m, ASSERTION_UNDECIDED, "cut");
	made_init(&m, DIRECTIVE_NOALLOC, false);
	add_site(&m, 15, CAUSE_NEW_OBJECT, REACH_HIT);
	observe(&m, 30, 31, CAUSE_NEW_OBJECT, 1)->truncated = true;
	expect(&m, ASSERTION_HELD, NULL);

	/* what was seen was seen */
	made_init(&m, DIRECTIVE_NOALLOC, false);
	observe(&m, 15, 0, CAUSE_NEW_OBJECT, 7);
	m.rec->header.mode = REC_MODE_SAMPLE;
	expect(&m, ASSERTION_BROKEN, NULL);
}

Test(assertion, what_is_none)
{
	struct made m;

	made_init(&m, DIRECTIVE_UNKNOWN, false);
	observe(&m, 15, 0, CAUSE_NEW_OBJECT, 7);
	expect(&m, ASSERTION_UNDECIDED, "no assertion reads so");
	made_init(&m, DIRECTIVE_NOALLOC, false);
	m.a->items[0].directive.first = m.a->items[0].directive.last = 0;
	expect(&m, ASSERTION_UNDECIDED, "no code follows");
	made_init(&m, DIRECTIVE_NOALLOC, false);
	m.a->items[0].has_line_comments = true;
	observe(&m, 15, 0, CAUSE_NEW_OBJECT, 7);
	expect(&m, ASSERTION_UNDECIDED, "//line");
}

/* The call has the position of the inlined call, as that of a slice literal that is returned. */
Test(assertion, what_an_inlined_copy_makes_is_its_own)
{
	const int own[] = {15, 0}, other[] = {30, 0}, both[] = {15, 15}, either[] = {15, 30};
	struct made m;

	made_init(&m, DIRECTIVE_NOALLOC, false);
	m.rec->n_extents = 0; /* no frame names it */
	add_site(&m, 100, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	observe(&m, 100, 0, CAUSE_NEW_OBJECT, 7);
	judged(&m, own, 1, false);
	expect(&m, ASSERTION_BROKEN, "new object at x.go:15, inlined at x.go:100: 7 objects, 112 bytes");

	/* some of its code being there makes no difference */
	made_init(&m, DIRECTIVE_NOALLOC, false);
	add_site(&m, 100, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	observe(&m, 100, 0, CAUSE_NEW_OBJECT, 7);
	judged(&m, own, 1, false);
	expect(&m, ASSERTION_BROKEN, "x.go:15, inlined at");

	/* the inlined function's own file is told by its path, not by its name */
	made_init(&m, DIRECTIVE_NOALLOC, false);
	add_site(&m, 100, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	observe(&m, 100, 0, CAUSE_NEW_OBJECT, 7);
	judged(&m, own, 1, false)->deeper[0]->inlined[0].file = "./other/x.go";
	expect(&m, ASSERTION_HELD, "no call of its own");
	made_init(&m, DIRECTIVE_NOALLOC, false);
	m.a->items[0].recorded = "example.com/m/x.go"; /* -trimpath */
	m.a->items[0].built = FILE_NAME;
	add_site(&m, 100, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	observe(&m, 100, 0, CAUSE_NEW_OBJECT, 7);
	judged(&m, own, 1, false);
	expect(&m, ASSERTION_BROKEN, "x.go:15, inlined at");

	/* a line that calls it makes nothing by itself, though the call has its position */
	made_init(&m, DIRECTIVE_NOALLOC, false);
	m.a->items[0].directive.first = m.a->items[0].directive.last = m.a->items[0].directive.end = 100;
	add_site(&m, 100, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	observe(&m, 100, 0, CAUSE_NEW_OBJECT, 7);
	m.rec->extents[0].last = 120;
	judged(&m, own, 1, false);
	expect(&m, ASSERTION_HELD, "no call of its own");
	made_init(&m, DIRECTIVE_NOALLOC, true);
	m.a->items[0].directive.first = m.a->items[0].directive.last = m.a->items[0].directive.end = 100;
	observe(&m, 100, 0, CAUSE_NEW_OBJECT, 7);
	add_site(&m, 100, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	judged(&m, own, 1, false);
	expect(&m, ASSERTION_BROKEN, "new object at x.go:100: 7 objects");

	/* one object for several variables; several objects that nothing tells apart */
	made_init(&m, DIRECTIVE_NOALLOC, false);
	add_site(&m, 100, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	observe(&m, 100, 0, CAUSE_NEW_OBJECT, 7);
	judged(&m, either, 2, false);
	expect(&m, ASSERTION_BROKEN, "x.go:15");
	made_init(&m, DIRECTIVE_NOALLOC, false);
	add_site(&m, 100, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	observe(&m, 100, 0, CAUSE_NEW_OBJECT, 7);
	judged(&m, either, 2, true);
	expect(&m, ASSERTION_UNDECIDED, "7 objects at x.go:100 may be its own");
	made_init(&m, DIRECTIVE_NOALLOC, false);
	add_site(&m, 100, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	observe(&m, 100, 0, CAUSE_NEW_OBJECT, 7);
	judged(&m, both, 2, true);
	expect(&m, ASSERTION_BROKEN, "x.go:15");
	made_init(&m, DIRECTIVE_NOALLOC, false);
	add_site(&m, 100, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	observe(&m, 100, 0, CAUSE_NEW_OBJECT, 7);
	judged(&m, other, 2, true);
	expect(&m, ASSERTION_HELD, "no call of its own");

	/* such a call, and nothing made: it cannot have run */
	made_init(&m, DIRECTIVE_NOALLOC, false);
	m.rec->n_extents = 0;
	add_site(&m, 100, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	judged(&m, own, 1, false);
	expect(&m, ASSERTION_NEVER_EXECUTED, "none did");
	made_init(&m, DIRECTIVE_NOALLOC, false);
	m.rec->n_extents = 0;
	add_site(&m, 100, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	m.rec->header.mode = REC_MODE_SAMPLE;
	judged(&m, own, 1, false);
	expect(&m, ASSERTION_UNDECIDED, "nothing tells");
}

/* Where the predictions do not say what inlined calls an object is in, it may be any function's. */
Test(assertion, what_no_prediction_places_may_be_of_an_inlined_copy)
{
	const int none[] = {0};
	struct made m;

	for (int is_inlined = 0; is_inlined < 2; is_inlined++) {
		made_init(&m, DIRECTIVE_NOALLOC, false);
		m.rec->extents[0].is_physical = !is_inlined;
		add_site(&m, 100, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
		observe(&m, 100, 0, CAUSE_NEW_OBJECT, 7);
		judged(&m, none, 1, false);
		m.audit->account[0] = AUDIT_ELSEWHERE;
		expect(&m, is_inlined ? ASSERTION_UNDECIDED : ASSERTION_HELD,
		       is_inlined ? "made at x.go:100: that package has no" : "no call of its own");
	}
	made_init(&m, DIRECTIVE_NOALLOC, false);
	m.rec->extents[0].is_physical = false;
	add_site(&m, 100, CAUSE_NEW_OBJECT, REACH_NOT_PROBED);
	observe(&m, 100, 0, CAUSE_NEW_OBJECT, 7);
	judged(&m, none, 1, false)->is_inlining_known = false;
	expect(&m, ASSERTION_UNDECIDED, "do not say what is inlined");
	/* calls of other kinds keep their frames */
	made_init(&m, DIRECTIVE_NOALLOC, false);
	m.rec->extents[0].is_physical = false;
	add_site(&m, 100, CAUSE_MAKE_SLICE, REACH_NOT_PROBED);
	observe(&m, 100, 0, CAUSE_MAKE_SLICE, 7);
	judged(&m, none, 1, false);
	m.audit->account[0] = AUDIT_ELSEWHERE;
	expect(&m, ASSERTION_HELD, "no call of its own");
}

/* Instructions on its lines, of which the binary says no function. */
Test(assertion, single_instructions_are_code)
{
	struct made m;

	made_init(&m, DIRECTIVE_NOESCAPE, false);
	m.rec->n_extents = 0;
	add_point(&m, 10, 20, 0x1000, REACH_HIT);
	expect(&m, ASSERTION_HELD, "no call there");
	made_init(&m, DIRECTIVE_NOALLOC, true);
	m.rec->n_extents = 0;
	add_point(&m, 10, 20, 0x1000, REACH_HIT);
	expect(&m, ASSERTION_HELD, "it ran");
	made_init(&m, DIRECTIVE_NOALLOC, false);
	m.rec->n_extents = 0;
	add_point(&m, 10, 20, 0, REACH_NOT_PROBED);
	expect(&m, ASSERTION_NEVER_EXECUTED, "no code of its own");
}
