/* SPDX-License-Identifier: Apache-2.0 */
/* The page for browsers: that its data stay data whatever the names are, and that nothing is lost on the way. */
#include "report/export.h"
#include "report/flame.h"

#include "tests/unit/report/fixture.h"

#define SOURCE	   GOLDEN "source"
#define DATA_BEGIN "<script type=\"application/json\" id=\"data\">\n"
#define DATA_END   "</script>"

struct page_text {
	char *text;
	char *data; /* what stands between the tags */
	json_t *json;
};

/* The accounts of the fixture's observations, as audit_run() would have them. */
static size_t fixture_accounts[] = {5, 0, 1, 6, AUDIT_ELSEWHERE, AUDIT_ELSEWHERE, AUDIT_RUNTIME};

static struct page_text page_of(const struct fixture *x, bool verdicts, struct html_options options)
{
	struct page_text page = {.text = NULL};
	const char *begin, *end;
	json_error_t fault;
	struct capture c;

	cr_assert_eq(
		export_html(capture_begin(&c), x->rec, verdicts ? &x->audit : NULL, verdicts ? x->set : NULL, &options),
		0);
	fclose(c.f);
	page.text = c.text;
	begin = strstr(c.text, DATA_BEGIN);
	cr_assert_not_null(begin);
	begin += strlen(DATA_BEGIN);
	end = strstr(begin, DATA_END);
	cr_assert_not_null(end);
	page.data = xstrndup(begin, (size_t)(end - begin));
	page.json = json_loads(page.data, 0, &fault);
	cr_assert_not_null(page.json, "%s in column %d", fault.text, fault.column);
	return page;
}

static void page_release(struct page_text *page)
{
	json_decref(page->json);
	free(page->data);
	free(page->text);
}

static json_t *at(json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	cr_assert_not_null(value, "no %s", name);
	return value;
}

static json_int_t sum_of(json_t *columns, const char *name, const char *only, json_int_t value)
{
	json_t *column = at(columns, name), *number;
	json_int_t sum = 0;
	size_t i;

	json_array_foreach(column, i, number)
	{
		if (!only || json_integer_value(json_array_get(at(columns, only), i)) != value)
			sum += json_integer_value(number);
	}
	return sum;
}

/* Rows, those left out and leaves: each has every object of the recording once. */
static void expect_sums(const struct fixture *x, json_t *json)
{
	static const char *const units[] = {"objects", "bytes"};
	json_int_t wanted[2] = {0, 0};

	for (size_t i = 0; i < x->rec->n_observations; i++) {
		wanted[0] += (json_int_t)x->rec->observations[i].objects;
		wanted[1] += (json_int_t)x->rec->observations[i].bytes;
	}
	for (size_t i = 0; i < 2; i++) {
		json_t *frames = at(json, "frames");

		cr_expect_eq(json_integer_value(at(at(json, "totals"), units[i])), wanted[i], "totals: %s", units[i]);
		cr_expect_eq(sum_of(at(json, "rows"), units[i], NULL, 0) +
				     json_integer_value(at(at(json, "rest"), units[i])),
			     wanted[i], "rows: %s", units[i]);
		cr_expect_eq(sum_of(frames, units[i], "kind", FLAME_FUNCTION), wanted[i], "leaves: %s", units[i]);
		/* and each function has what lies on it */
		for (size_t k = 0; k < json_array_size(at(frames, "parent")); k++) {
			json_int_t above = 0;

			if (json_integer_value(json_array_get(at(frames, "kind"), k)) != FLAME_FUNCTION)
				continue;
			for (size_t l = 1; l < json_array_size(at(frames, "parent")); l++) {
				if (json_integer_value(json_array_get(at(frames, "parent"), l)) == (json_int_t)k)
					above += json_integer_value(json_array_get(at(frames, units[i]), l));
			}
			cr_expect_eq(json_integer_value(json_array_get(at(frames, units[i]), k)), above, "frame %zu",
				     k);
		}
	}
}

static const char *string_at(json_t *json, json_t *column, size_t i)
{
	return json_string_value(
		json_array_get(at(json, "strings"), (size_t)json_integer_value(json_array_get(column, i))));
}

Test(export_html, nothing_is_lost)
{
	static const struct html_options cases[] = {{.rows = 0},
						    {.rows = 2},
						    {.rows = 0, .frames = 1},
						    {.rows = 1, .frames = 5},
						    {.rows = 0, .frames = 12}};
	struct fixture x;

	fixture_init(&x);
	x.audit.account = fixture_accounts;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (int verdicts = 0; verdicts < 2; verdicts++) {
			struct page_text page = page_of(&x, verdicts, cases[i]);
			size_t rows = json_array_size(at(at(page.json, "rows"), "account"));

			expect_sums(&x, page.json);
			if (cases[i].rows)
				cr_expect_eq(rows, cases[i].rows);
			else
				cr_expect_eq(rows, verdicts ? 10 + 2 + 1 : 7);
			page_release(&page);
		}
	}
	fixture_release(&x);
}

Test(export_html, nothing_at_all)
{
	static const char *const names[] = {"account", "file", "type", "bytes"};
	struct fixture x;
	struct page_text page;

	fixture_init(&x);
	recording_clear_counts(x.rec);
	page = page_of(&x, false, (struct html_options){.rows = 0});
	expect_sums(&x, page.json);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		cr_expect_eq(json_array_size(at(at(page.json, "rows"), names[i])), 0);
	cr_expect_eq(json_array_size(at(at(page.json, "frames"), "kind")), 1);
	page_release(&page);
	fixture_release(&x);
}

Test(export_html, leaves_have_the_verdict_of_their_line)
{
	struct fixture x;
	struct page_text page;
	json_t *frames, *rows;
	size_t n = 0;

	fixture_init(&x);
	x.audit.account = fixture_accounts;
	page = page_of(&x, true, (struct html_options){.rows = 0});
	frames = at(page.json, "frames");
	rows = at(page.json, "rows");
	for (size_t i = 0; i < json_array_size(at(frames, "kind")); i++) {
		json_int_t row = json_integer_value(json_array_get(at(frames, "row"), i));

		if (json_integer_value(json_array_get(at(frames, "kind"), i)) == FLAME_FUNCTION)
			continue;
		n++;
		cr_assert_geq(row, 0);
		cr_expect_eq(json_integer_value(json_array_get(at(frames, "account"), i)),
			     json_integer_value(json_array_get(at(rows, "account"), (size_t)row)));
		cr_expect_eq(json_integer_value(json_array_get(at(frames, "bytes"), i)),
			     json_integer_value(json_array_get(at(rows, "bytes"), (size_t)row)));
		if (strcmp(string_at(page.json, at(frames, "name"), i), "[]cart.Item") == 0)
			cr_expect_eq(json_integer_value(json_array_get(at(frames, "account"), i)), VERDICT_UNPREDICTED);
	}
	cr_expect_eq(n, 7);
	/* The sums of what no verdict speaks of are the audit's own. */
	cr_expect_eq(sum_of(rows, "bytes", NULL, 0) - sum_of(rows, "bytes", "account", VERDICT_COUNT),
		     (json_int_t)x.audit.elsewhere_bytes);
	cr_expect_eq(sum_of(rows, "bytes", NULL, 0) - sum_of(rows, "bytes", "account", VERDICT_COUNT + 1),
		     (json_int_t)x.audit.runtime_bytes);
	page_release(&page);
	fixture_release(&x);
}

static void expect_pair(json_t *list, const char *label, const char *words)
{
	json_t *pair;
	size_t i;

	json_array_foreach(list, i, pair)
	{
		const char *text = json_string_value(json_array_get(pair, 1));

		if (strcmp(json_string_value(json_array_get(pair, 0)), label) != 0)
			continue;
		cr_expect(strstr(text, words), "%s: %s", label, text);
		return;
	}
	cr_expect_fail("no %s", label);
}

Test(export_html, what_may_be_doubted_is_said)
{
	struct page_text page;
	struct fixture x;

	fixture_init(&x);
	x.audit.account = fixture_accounts;
	page = page_of(&x, true, (struct html_options){.rows = 0});
	cr_expect_eq(json_array_size(at(page.json, "alarms")), 0);
	expect_pair(at(page.json, "facts"), "build", "go1.26.11 amd64");
	expect_pair(at(page.json, "facts"), "window", "exact: every allocation, 12.3 s, complete");
	expect_pair(at(page.json, "facts"), "log", "3 predictions in 2 packages, of the same build");
	page_release(&page);
	recording_add_loss(x.rec, "stack map full", 7);
	x.rec->header.coverage = "runtime.persistentalloc is not covered";
	x.audit.match = BUILD_MATCH_DIFFERENT;
	x.audit.mismatches = x.mismatches;
	x.audit.n_mismatches = 1;
	page = page_of(&x, true, (struct html_options){.rows = 0});
	expect_pair(at(page.json, "alarms"), "lost", "stack map full 7; counts are lower bounds");
	expect_pair(at(page.json, "alarms"), "partial", "persistentalloc");
	expect_pair(at(page.json, "alarms"), "mismatch", "not of one build");
	page_release(&page);
	fixture_release(&x);
}

static size_t occurrences(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = text; (p = strcasestr(p, what)); p++)
		n++;
	return n;
}

/* What a browser sees of the page's own tags must not depend on the names. */
static void expect_same_page(const struct page_text *page, const struct page_text *plain)
{
	static const char *const tags[] = {"<script", "</script", "<!--", "<style", "<b>", "<img"};

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		cr_expect_eq(occurrences(page->text, tags[i]), occurrences(plain->text, tags[i]), "%s", tags[i]);
	cr_expect_null(strpbrk(page->data, "<>&\n\r\x7f"));
	for (const char *p = page->data; *p; p++)
		cr_assert((unsigned char)*p >= ' ', "byte %d", *p);
}

static void be_named(struct fixture *x, const char *name)
{
	struct recording *rec = x->rec;

	name = strpool_add(rec->pool, name);
	rec->header.main_package = rec->header.path = rec->header.go_version = rec->header.build_id = name;
	rec->header.coverage = name;
	rec->observations[0].type = name;
	rec->locations[1].frames[0].function = rec->locations[1].frames[0].file = name;
	rec->locations[2].frames[0].function = name;
	rec->sites[0].callee = rec->sites[1].type = name;
	x->items[1].expr = x->items[1].file = x->items[1].summary = x->items[1].function = x->items[1].type = name;
	x->items[1].package = name;
	x->mismatches[0] = name;
	predictions_explain(x->set, &x->explained, &name, 1);
	x->items[5].flow = x->explained.flow;
	x->items[5].n_flow = 1;
	recording_add_loss(rec, name, 3);
	x->audit.match = BUILD_MATCH_DIFFERENT;
	x->audit.mismatches = x->mismatches;
	x->audit.n_mismatches = 1;
}

static void expect_harmless(const char *name)
{
	const struct html_options options = {.source_root = SOURCE};
	struct page_text page, plain;
	struct fixture x, y;

	fixture_init(&x);
	fixture_init(&y);
	x.audit.account = y.audit.account = fixture_accounts;
	be_named(&x, name);
	page = page_of(&x, true, options);
	plain = page_of(&y, true, options);
	expect_same_page(&page, &plain);
	expect_sums(&x, page.json);
	page_release(&page);
	page_release(&plain);
	fixture_release(&x);
	fixture_release(&y);
}

Test(export_html, hostile_names_stay_data)
{
	static const char *const names[] = {
		"</script><script>alert(1)</script>",
		"</SCRIPT\t><b>",
		"<!-- <script>",
		"\"},\"rows\":{\"x\":\"",
		"\\\"</script>",
		"\\",
		"&lt;img src=x onerror=alert(1)&gt;<img src=x>",
		"a\nb\rc\x01\x1b[31m\x7f",
		"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae\xff\xc0\x80\xed\xa0\x80",
		"]]>*/ //",
		"",
		"%s%n%p",
		"__proto__",
	};
	struct strbuf long_name = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		expect_harmless(names[i]);
	for (size_t i = 0; i < 10000; i++)
		strbuf_addstr(&long_name, "</script>");
	expect_harmless(strbuf_str(&long_name));
	strbuf_release(&long_name);
}

Test(export_html, names_of_hostile_pieces)
{
	static const char *const pieces[] = {"<",  ">",	   "/", "script",  "!--",  "\"",   "\\",    "'",
					     "\n", "\x02", "&", "\xe2",	   "\x80", "\xa8", "\xff",  ";",
					     "}",  "]",	   ",", "\\u003c", "lt;",  "--",   "style", " "};
	uint64_t seed = 20260731;

	for (size_t round = 0; round < 60; round++) {
		struct strbuf name = STRBUF_INIT;

		for (size_t i = 0; i < 40; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			strbuf_addstr(&name, pieces[(seed >> 33) % ARRAY_SIZE(pieces)]);
		}
		expect_harmless(strbuf_str(&name));
		strbuf_release(&name);
	}
}

static json_t *file_named(json_t *json, const char *name)
{
	json_t *file;
	size_t i;

	json_array_foreach(at(json, "files"), i, file)
	{
		if (strcmp(json_string_value(at(file, "file")), name) == 0)
			return file;
	}
	cr_assert_fail("no %s", name);
	return NULL;
}

Test(export_html, sources_are_taken_along)
{
	struct page_text page;
	struct fixture x;
	json_t *file, *line;

	fixture_init(&x);
	x.audit.account = fixture_accounts;
	x.items[5].file = "cart/item.go";
	x.items[5].line = 21;
	page = page_of(&x, true, (struct html_options){.source_root = SOURCE});
	file = file_named(page.json, "cart/item.go");
	cr_expect(strstr(json_string_value(at(file, "text")), "\nfunc newItem("), "%s",
		  json_string_value(at(file, "text")));
	cr_expect(json_is_null(at(file, "missing")));
	line = json_array_get(at(file, "lines"), 0);
	cr_expect_eq(json_integer_value(at(line, "line")), 21);
	cr_expect_eq(json_integer_value(at(line, "bytes")), 16144 + 40240);
	cr_expect_str_eq(json_string_value(at(line, "emitted")), "newobject");
	cr_expect_str_eq(json_string_value(at(line, "predicted")), "heap");
	cr_expect_eq(json_array_size(at(json_array_get(at(line, "notes"), 0), "why")), 2);
	file = file_named(page.json, "cmd/shop/main.go");
	cr_expect(json_is_null(at(file, "text")));
	cr_expect(strstr(json_string_value(at(file, "missing")), "--source-root"));
	page_release(&page);
	fixture_release(&x);
}

/* A recording may name any file; what is no Go source does not belong on a page that others get to see. */
Test(export_html, other_files_are_not_taken_along)
{
	struct page_text page;
	struct fixture x;
	json_t *file;

	fixture_init(&x);
	x.rec->locations[5].frames[0].file = "/etc/passwd";
	page = page_of(&x, false, (struct html_options){.rows = 0});
	file = file_named(page.json, "fmt/passwd");
	cr_expect(json_is_null(at(file, "text")));
	cr_expect_str_eq(json_string_value(at(file, "missing")), "not a Go file");
	page_release(&page);
	fixture_release(&x);
}

/* 40000 stacks of 6 functions. */
Test(export_html, large_recordings_are_summed_up)
{
	struct recording *rec = recording_new();
	struct flame_label *labels;
	struct flame flame;
	uint64_t objects = 0, leaves = 0;

	rec->header.main_package = "example.com/m";
	for (uint64_t i = 0; i < 2000; i++)
		fixture_location(
			rec, 0x400000 + i, false,
			&(struct rec_frame){strpool_addf(rec->pool, "main.f%d", (int)i), "/m/x.go", (int)i, 1, NULL},
			1);
	for (uint32_t i = 0; i < 40000; i++) {
		const uint32_t stack[] = {i % 2000, (i * 7) % 1999, (i / 40) % 1000, i / 400, 1, 0};

		fixture_observation(rec, stack, ARRAY_SIZE(stack), 0, "int", CAUSE_NEW_OBJECT, i % 97 + 1,
				    8 * (i % 89 + 1));
		objects += i % 97 + 1;
	}
	labels = xcalloc(rec->n_observations, sizeof(*labels));
	flame_init(&flame, rec, labels, 3000);
	cr_expect_geq(flame.n, 3000);
	cr_expect_lt(flame.n, 6000, "%zu frames", flame.n);
	cr_expect_gt(flame.n_summed, 40000);
	cr_expect(flame.summed_share > 0 && flame.summed_share < 0.001);
	for (size_t i = 0; i < flame.n; i++) {
		cr_assert(i == 0 || flame.frames[i].parent < i);
		leaves += flame.frames[i].kind == FLAME_FUNCTION ? 0 : flame.frames[i].objects;
	}
	cr_expect_eq(leaves, objects);
	cr_expect_eq(flame.frames[0].objects, objects);
	flame_release(&flame);
	free(labels);
	recording_free(rec);
}
