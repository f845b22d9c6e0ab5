/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/assertion.h"
#include "report/export.h"

#include "tests/unit/report/fixture.h"

typedef int (*exporter)(FILE *f, const struct findings *findings);

static void expect(exporter write, bool verdicts, unsigned errors, size_t limit, const char *golden)
{
	struct findings findings;
	struct capture c;
	struct fixture x;

	fixture_init(&x);
	findings_init(&findings, x.rec, verdicts ? &x.audit : NULL, errors, limit);
	cr_expect_eq(write(capture_begin(&c), &findings), 0);
	capture_expect(&c, golden);
	findings_release(&findings);
	fixture_release(&x);
}

Test(export, verdicts)
{
	expect(export_github, true, 1u << VERDICT_VIOLATED, 0, "export-github.txt");
	expect(export_markdown, true, 1u << VERDICT_VIOLATED, 0, "export.md");
	expect(export_junit, true, 1u << VERDICT_VIOLATED, 0, "export-junit.xml");
}

/* An assertion that is broken comes first. */
Test(export, assertions)
{
	static const char *why[] = {"new object of cart.Item at cart/item.go:21: 1009 objects, 16144 bytes"};
	struct assertion items[] = {
		{.file = "cart/item.go",
		 .verdict = ASSERTION_BROKEN,
		 .objects = 1009,
		 .bytes = 16144,
		 .why = why,
		 .n_why = 1,
		 .directive = {DIRECTIVE_NOALLOC, false, "//escaudit:noalloc", 17, 18, 23, 23, false, "newItem"}},
		{.file = "cart/cart.go",
		 .verdict = ASSERTION_HELD,
		 .directive = {.text = "//escaudit:noalloc", .first = 60}},
	};
	const struct assertions assertions = {.items = items, .n = 2};
	struct findings findings;
	struct fixture x;
	size_t n;

	fixture_init(&x);
	findings_init(&findings, x.rec, &x.audit, 0, 0);
	n = findings.n;
	findings_release(&findings);
	x.audit.assertions = &assertions;
	findings_init(&findings, x.rec, &x.audit, FINDINGS_BROKEN, 0);
	cr_assert_eq(findings.n, n + 1);
	cr_expect_str_eq(findings.items[0].rule, "broken");
	cr_expect_eq(findings.items[0].level, FINDING_ERROR);
	cr_expect_eq(findings.items[0].line, 18);
	cr_expect_str_eq(findings.items[0].message,
			 "//escaudit:noalloc of newItem: 1009 objects, 16.1 kB; new object of cart.Item at "
			 "cart/item.go:21: 1009 objects, 16144 bytes");
	cr_expect_neq(findings.items[0].fingerprint, findings.items[1].fingerprint);
	findings_release(&findings);
	findings_init(&findings, x.rec, &x.audit, 0, 0);
	cr_expect_eq(findings.items[0].level, FINDING_WARNING);
	findings_release(&findings);
	fixture_release(&x);
}

Test(export, without_predictions)
{
	expect(export_github, false, 0, 2, "export-github-plain.txt");
	expect(export_markdown, false, 0, 2, "export-plain.md");
}

Test(export, folded)
{
	struct recording *rec = fixture_recording();
	struct capture c;

	rec->observations[0].truncated = true;
	cr_expect_eq(export_folded(capture_begin(&c), rec, false), 0);
	capture_expect(&c, "export-folded.txt");
	cr_expect_eq(export_folded(capture_begin(&c), rec, true), 0);
	capture_expect(&c, "export-folded-objects.txt");
	recording_free(rec);
}

static json_t *sarif_of(const struct findings *findings)
{
	struct capture c;
	json_error_t fault;
	json_t *root;

	cr_expect_eq(export_sarif(capture_begin(&c), findings), 0);
	fclose(c.f);
	root = json_loads(c.text, 0, &fault);
	cr_assert_not_null(root, "%s in line %d of\n%s", fault.text, fault.line, c.text);
	free(c.text);
	return root;
}

Test(export, sarif)
{
	struct findings findings;
	struct fixture x;
	json_t *root, *run, *result;
	const char *print = NULL, *rule, *uri, *text;
	json_int_t line, index;

	fixture_init(&x);
	x.items[0].expr = "hooks[i](&Item{...})";
	recording_add_loss(x.rec, "stack map full", 7);
	x.items[0].file = "cart/a b#\xc3\xa4.go";
	findings_init(&findings, x.rec, &x.audit, 0, 3);
	root = sarif_of(&findings);
	run = json_array_get(json_object_get(root, "runs"), 0);
	cr_expect_eq(json_array_size(json_object_get(run, "results")), 3);
	result = json_array_get(json_object_get(run, "results"), 0);
	cr_assert_eq(json_unpack(result, "{s:s, s:I, s:[{s:{s:{s:s},s:{s:I}}}], s:{s:s}}", "ruleId", &rule, "ruleIndex",
				 &index, "locations", "physicalLocation", "artifactLocation", "uri", &uri, "region",
				 "startLine", &line, "partialFingerprints", "escauditSite/v1", &print),
		     0);
	cr_expect_str_eq(rule, "unpredicted");
	cr_assert_eq(json_unpack(result, "{s:{s:s}}", "message", "text", &text), 0);
	cr_expect_eq(strncmp(text, "hooks[i] (&Item{{...}}) in ", 27), 0, "%s", text);
	cr_expect_str_eq(uri, "cart/a%20b%23%C3%A4.go");
	cr_expect_eq(line, 40);
	cr_expect_str_eq(json_string_value(json_object_get(
				 json_array_get(json_object_get(json_object_get(json_object_get(run, "tool"), "driver"),
								"rules"),
						(size_t)index),
				 "id")),
			 rule);
	cr_expect_eq(json_array_size(json_object_get(json_array_get(json_object_get(run, "invocations"), 0),
						     "toolExecutionNotifications")),
		     2, "what was lost, and what was left out");
	json_decref(root);
	findings_release(&findings);
	fixture_release(&x);
}

static struct finding finding_at(const struct findings *findings, const char *expr)
{
	for (size_t i = 0; i < findings->n; i++) {
		if (findings->items[i].expr && strcmp(findings->items[i].expr, expr) == 0)
			return findings->items[i];
	}
	cr_assert_fail("no %s", expr);
	return findings->items[0];
}

/* Other programs keep the fingerprints of years: this one must never change. */
Test(export, fingerprints_are_for_ever)
{
	struct findings findings;
	struct fixture x;

	fixture_init(&x);
	findings_init(&findings, x.rec, &x.audit, 0, 0);
	cr_expect_eq(finding_at(&findings, "make([]int, n)").fingerprint, 0x57fb4a7b30f68bfb, "%llx",
		     (unsigned long long)finding_at(&findings, "make([]int, n)").fingerprint);
	findings_release(&findings);
	fixture_release(&x);
}

Test(export, fingerprints_outlive_edits)
{
	struct findings before, after;
	struct fixture x;
	uint64_t n = 0;

	fixture_init(&x);
	findings_init(&before, x.rec, &x.audit, 0, 0);
	/* all lines move, counts change, a closure gets another number, and one verdict another name */
	for (size_t i = 0; i < x.audit.n; i++) {
		x.items[i].line += 7;
		x.items[i].bytes *= 3;
		if (x.items[i].function && strcmp(x.items[i].function, "main.main.func1") == 0)
			x.items[i].function = "main.main.func2";
	}
	findings_init(&after, x.rec, &x.audit, 0, 0);
	cr_assert_eq(before.n, after.n);
	for (size_t i = 0; i < before.n; i++) {
		cr_expect_eq(before.items[i].fingerprint, after.items[i].fingerprint);
		for (size_t k = 0; k < i; k++)
			n += before.items[i].fingerprint == before.items[k].fingerprint;
	}
	cr_expect_eq(n, 0, "no two of them are alike");
	findings_release(&before);
	findings_release(&after);
	fixture_release(&x);
}

Test(export, lines_alike_have_fingerprints_of_their_own)
{
	struct findings findings;
	struct fixture x;

	fixture_init(&x);
	x.items[2] = x.items[1];
	x.items[2].line++;
	findings_init(&findings, x.rec, &x.audit, 0, 0);
	cr_expect_neq(findings.items[1].fingerprint, findings.items[2].fingerprint);
	findings_release(&findings);
	fixture_release(&x);
}

/* What stands in names must not break out of a format. */
Test(export, hostile_names)
{
	struct findings findings;
	struct capture c;
	struct fixture x;

	fixture_init(&x);
	x.items[0].file = "a,b:c\n::error::x.go";
	x.items[0].expr = "</failure>|`x``y`\x1b[2J";
	x.items[0].function = "main.\"q\"<b>&";
	x.items[0].type = "T\xc2\x9b"
			  "2J\xe2\x80\xae";
	x.rec->header.go_version = "go1.26\n# <img src=x>\x1b]0;x\x07";
	recording_add_loss(x.rec, "**x**](http://y)\n", 3);
	x.audit.n = 1;
	findings_init(&findings, x.rec, &x.audit, ~0u, 0);
	cr_expect_eq(export_github(capture_begin(&c), &findings), 0);
	capture_expect(&c, "export-hostile-github.txt");
	cr_expect_eq(export_markdown(capture_begin(&c), &findings), 0);
	capture_expect(&c, "export-hostile.md");
	cr_expect_eq(export_junit(capture_begin(&c), &findings), 0);
	capture_expect(&c, "export-hostile-junit.xml");
	findings_release(&findings);
	fixture_release(&x);
}
