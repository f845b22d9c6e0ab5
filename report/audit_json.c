/* SPDX-License-Identifier: Apache-2.0 */
#include "report/assertions.h"
#include "report/json.h"
#include "report/report.h"

/* {"pc": "0x4a6660", "callee": "runtime.newobject", "inline": [], "columns": [30], "expr": "&small{a: 1}",
 *  "columns_from": "twin", "variable": null} */
static json_t *site_of(const struct rec_site *site)
{
	json_t *object = json_object();

	json_put(object, "pc", json_address(site->pc));
	json_put(object, "callee", json_text(site->callee));
	json_put(object, "inline", json_inline_chain(site->frames, site->n_frames));
	json_put_source(object, site);
	json_put_captures(object, site);
	json_put(object, "variable", json_text(site->variable));
	return object;
}

/*
 * {"verdict": "confirmed", "claim": "heap", "file": "seeds/scen.go", "line": 164, "column": 30, "expr": "&small{...}",
 *  "function": "main.y5ptr", "package": "seeds", "type": "main.small", "cause": "new object", "objects": 500,
 *  "bytes": 8000, "smallest": 16, "largest": 16, "samples": 500, "upper_per_second": null, "ambiguous": false,
 *  "predictions": 1, "sites": [{…}], "summary": "…", "why": ["flow: ~r0 = &{storage for &small{...}}"],
 *  "path": [{"position": "./scen.go:164:30", "reason": "return"}], "advice": null}
 */
static json_t *verdict_of(const struct verdict *v)
{
	json_t *object = json_object(), *sites = json_array(), *path = json_array();
	struct strbuf position = STRBUF_INIT;

	for (size_t i = 0; i < v->n_path; i++) {
		json_t *step = json_object();

		strbuf_clear(&position);
		position_print(&position, &v->path[i]->pos);
		json_put(step, "position", json_text(strbuf_str(&position)));
		json_put(step, "reason", json_text(v->path[i]->reason));
		json_array_append_new(path, step);
	}
	strbuf_release(&position);
	for (size_t i = 0; i < v->n_sites; i++)
		json_array_append_new(sites, site_of(v->sites[i]));
	json_put(object, "verdict", json_text(verdict_name(v->kind)));
	json_put(object, "claim", v->has_claim ? json_text(claim_name(v->claim)) : json_null());
	json_put(object, "file", json_text(v->file));
	json_put(object, "line", json_positive(v->line));
	json_put(object, "column", json_positive(v->column));
	json_put(object, "expr", json_text(v->expr));
	json_put(object, "function", json_text(v->function));
	json_put(object, "package", json_text(v->package));
	json_put(object, "type", json_text(v->type));
	json_put(object, "other_types", json_count(v->other_types));
	json_put(object, "cause", json_text(cause_name(v->cause)));
	json_put(object, "objects", json_count(v->objects));
	json_put(object, "bytes", json_count(v->bytes));
	json_put(object, "smallest", json_count(v->smallest));
	json_put(object, "largest", json_count(v->largest));
	json_put(object, "samples", json_count(v->samples));
	json_put(object, "upper_per_second", v->upper_per_second > 0 ? json_real(v->upper_per_second) : json_null());
	if (v->upper_bytes)
		json_put(object, "upper_bytes", json_count(v->upper_bytes));
	json_put(object, "ambiguous", json_boolean(v->ambiguous));
	json_put(object, "predictions", json_count(v->n_predictions));
	json_put(object, "sites", sites);
	json_put(object, "summary", json_text(v->summary));
	json_put(object, "why", json_flow(v->flow, v->n_flow, json_text));
	json_put(object, "path", path);
	json_put(object, "advice", json_text(v->advice));
	return object;
}

static json_t *sums(uint64_t objects, uint64_t bytes)
{
	json_t *object = json_object();

	json_put(object, "objects", json_count(objects));
	json_put(object, "bytes", json_count(bytes));
	return object;
}

static json_t *build_of(const struct audit *audit)
{
	static const char *const names[] = {
		[BUILD_MATCH_UNKNOWN] = "unknown", [BUILD_MATCH_SAME] = "same", [BUILD_MATCH_DIFFERENT] = "different"};
	json_t *object = json_object(), *mismatches = json_array();

	for (size_t i = 0; i < audit->n_mismatches; i++)
		json_array_append_new(mismatches, json_text(audit->mismatches[i]));
	json_put(object, "match", json_text(names[audit->match]));
	json_put(object, "mismatches", mismatches);
	return object;
}

/* {"functions": 41, "known": 40, "missing": null}, or null where no twin was asked for. */
static json_t *columns_of(const struct audit *audit, const struct predictions *set)
{
	json_t *object;

	if (!set->columns)
		return json_null();
	object = json_object();
	json_put(object, "functions", json_count(audit->n_functions));
	json_put(object, "known", json_count(audit->n_known_functions));
	json_put(object, "missing", json_text(set->columns->missing));
	return object;
}

static json_t *log_of(const struct audit *audit, const struct predictions *set)
{
	json_t *object = json_object();

	json_put(object, "predictions", json_count(set->n));
	json_put(object, "duplicates", json_count(audit->n_duplicates));
	json_put(object, "runtime", json_count(audit->n_runtime_predictions));
	json_put(object, "cgo", json_count(audit->n_cgo_predictions));
	json_put(object, "packages", json_count(set->n_packages));
	json_put(object, "columns", columns_of(audit, set));
	json_put(object, "lines", json_count(set->lines));
	json_put(object, "unknown_lines", json_count(set->unknown_lines));
	return object;
}

/* {"violated": {"verdicts": 1, "objects": 11, "bytes": 352}, …}: every kind, also with none. */
static json_t *totals_of(const struct verdict_totals *totals)
{
	json_t *object = json_object();

	for (int kind = 0; kind < VERDICT_COUNT; kind++) {
		json_t *one = json_object();

		json_put(one, "verdicts", json_count(totals->n[kind]));
		json_put(one, "objects", json_count(totals->objects[kind]));
		json_put(one, "bytes", json_count(totals->bytes[kind]));
		json_put(object, verdict_name((enum verdict_kind)kind), one);
	}
	return object;
}

int report_audit_json(FILE *f, const struct audit *audit, const struct predictions *set)
{
	struct json_report report;
	uint64_t objects = 0, bytes = 0;

	for (size_t i = 0; i < audit->rec->n_observations; i++) {
		objects += audit->rec->observations[i].objects;
		bytes += audit->rec->observations[i].bytes;
	}
	json_report_begin(&report, f, "escaudit-audit/1");
	json_report_recording(&report, audit->rec);
	json_report_member(&report, "build", build_of(audit));
	json_report_member(&report, "log", log_of(audit, set));
	json_report_list_begin(&report, "verdicts");
	for (size_t i = 0; i < audit->n; i++)
		json_report_row(&report, verdict_of(&audit->items[i]));
	json_report_list_end(&report);
	assertions_put_json(&report, audit->assertions);
	/* totals, elsewhere and runtime make observed */
	json_report_member(&report, "totals", totals_of(&audit->totals));
	json_report_member(&report, "elsewhere", sums(audit->elsewhere_objects, audit->elsewhere_bytes));
	json_report_member(&report, "runtime", sums(audit->runtime_objects, audit->runtime_bytes));
	json_report_member(&report, "observed", sums(objects, bytes));
	return json_report_end(&report);
}
