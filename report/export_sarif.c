/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "report/export.h"
#include "report/json.h"

static const struct {
	const char *id, *name, *summary, *help;
	enum finding_level level;
} rules[] = {
	{"violated", "PredictedStackButHeap", "Predicted to stay on the stack, and allocated on the heap",
	 "A buffer on the stack was outgrown, or a size is known only at run time. The compiler's \"does not escape\" "
	 "does not promise that nothing is allocated.",
	 FINDING_WARNING},
	{"unpredicted", "HeapWithoutPrediction", "Allocated on the heap, and the compiler says nothing of it",
	 "Growth by append or of a map, a go statement, a channel: the escape analysis has no diagnostic for these.",
	 FINDING_NOTE},
	{"confirmed", "PredictedHeap", "Predicted to escape, and allocated on the heap",
	 "The forecast came true; the flow in the compiler's -m=2 output says which use makes the value escape.",
	 FINDING_NOTE},
	{"elided", "PredictedHeapButNone", "Predicted to escape, and nothing was allocated",
	 "The call ran, and the runtime found a way round: a small integer, a zero value, an empty string.",
	 FINDING_NOTE},
	{"compiled-out", "PredictedHeapButNoCall", "Predicted to escape, and the machine code has no call for it",
	 "Constant data, a zero-size object, or code that was removed.", FINDING_NOTE},
	{"held", "PredictedStack", "Predicted to stay on the stack, and nothing was allocated", "The forecast held.",
	 FINDING_NOTE},
	{"unreached", "Unreached", "Predicted to escape, and the call was never executed", "Nothing can be said.",
	 FINDING_NOTE},
	{"undecided", "Undecided", "Predicted to escape, and there is no evidence whether the call ran",
	 "Nothing can be said.", FINDING_NOTE},
	{"stale", "Stale", "The binary does not have the line or function of this prediction",
	 "The linker dropped it, or the log is another build's.", FINDING_NOTE},
	{"broken", "AssertionBroken", "Allocated where a comment in the source says that nothing is",
	 "An assertion (//escaudit:noalloc or //gcassert:noescape) did not hold in the run.", FINDING_WARNING},
	{"allocation", "HeapAllocation", "Allocated on the heap", "Recorded without the compiler's predictions.",
	 FINDING_NOTE},
};

static const char *const levels[] = {[FINDING_NOTE] = "note", [FINDING_WARNING] = "warning", [FINDING_ERROR] = "error"};

static json_t *text_object(const char *text)
{
	json_t *object = json_object();

	json_put(object, "text", json_text(text));
	return object;
}

/*
 * A message (section 3.11 of the standard): braces would be placeholders and are doubled; "[…](…)", as in a call of an
 * element, would be a link and gets a blank.
 */
static json_t *message_object(const char *text)
{
	struct strbuf sb = STRBUF_INIT;
	json_t *object;

	for (const char *p = text; *p; p++) {
		strbuf_addch(&sb, *p);
		if (*p == '{' || *p == '}')
			strbuf_addch(&sb, *p);
		if (*p == ']' && p[1] == '(')
			strbuf_addch(&sb, ' ');
	}
	object = text_object(strbuf_str(&sb));
	strbuf_release(&sb);
	return object;
}

static size_t rule_index(const char *id)
{
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(rules) && strcmp(rules[i].id, id) != 0)
		i++;
	return i;
}

static json_t *driver(void)
{
	json_t *object = json_object(), *list = json_array();

	json_put(object, "name", json_text("escaudit"));
	json_put(object, "version", json_text(ESCAUDIT_VERSION));
	json_put(object, "semanticVersion", json_text(ESCAUDIT_VERSION));
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		json_t *rule = json_object(), *configuration = json_object();

		json_put(rule, "id", json_text(rules[i].id));
		json_put(rule, "name", json_text(rules[i].name));
		json_put(rule, "shortDescription", text_object(rules[i].summary));
		json_put(rule, "fullDescription", text_object(rules[i].summary));
		json_put(rule, "help", text_object(rules[i].help));
		json_put(configuration, "level", json_text(levels[rules[i].level]));
		json_put(rule, "defaultConfiguration", configuration);
		json_array_append_new(list, rule);
	}
	json_put(object, "rules", list);
	return object;
}

/* A relative reference (RFC 3986): what is not unreserved is escaped, byte by byte. */
static json_t *uri_of(const char *file)
{
	struct strbuf sb = STRBUF_INIT;
	json_t *value;

	for (const char *p = file; *p; p++) {
		unsigned char c = (unsigned char)*p;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			     strchr("-._~/", c);

		if (plain)
			strbuf_addch(&sb, *p);
		else
			strbuf_addf(&sb, "%%%02X", c);
	}
	value = json_text(strbuf_str(&sb));
	strbuf_release(&sb);
	return value;
}

static json_t *location_of(const struct finding *f)
{
	json_t *location = json_object(), *physical = json_object(), *artifact = json_object(), *region = json_object(),
	       *logical = json_object(), *logicals = json_array();

	json_put(artifact, "uri", uri_of(f->file ? f->file : "unknown"));
	json_put(artifact, "uriBaseId", json_text("%SRCROOT%"));
	json_put(physical, "artifactLocation", artifact);
	json_put(region, "startLine", json_integer(f->line > 0 ? f->line : 1));
	if (f->column > 0)
		json_put(region, "startColumn", json_integer(f->column));
	json_put(physical, "region", region);
	json_put(location, "physicalLocation", physical);
	if (f->function) {
		json_put(logical, "fullyQualifiedName", json_text(f->function));
		json_put(logical, "kind", json_text("function"));
		json_array_append_new(logicals, logical);
		json_put(location, "logicalLocations", logicals);
	} else {
		json_decref(logical);
		json_decref(logicals);
	}
	return location;
}

static json_t *result_of(const struct findings *findings, const struct finding *f)
{
	json_t *result = json_object(), *locations = json_array(), *prints = json_object(), *properties = json_object();
	double share = findings->all_bytes ? 100.0 * (double)f->bytes / (double)findings->all_bytes : 0;
	char text[32];

	json_put(result, "ruleId", json_text(f->rule));
	json_put(result, "ruleIndex", json_count(rule_index(f->rule)));
	json_put(result, "level", json_text(levels[f->level]));
	json_put(result, "message", message_object(f->message));
	json_array_append_new(locations, location_of(f));
	json_put(result, "locations", locations);
	snprintf(text, sizeof(text), "%016" PRIx64, f->fingerprint);
	json_put(prints, "escauditSite/v1", json_text(text));
	/* The one that GitHub looks at; it hashes the source text itself where it is missing. */
	snprintf(text, sizeof(text), "%016" PRIx64 ":1", f->fingerprint);
	json_put(prints, "primaryLocationLineHash", json_text(text));
	json_put(result, "partialFingerprints", prints);
	json_put(result, "rank", json_real(share > 100 ? 100 : share));
	json_put(properties, "objects", json_count(f->objects));
	json_put(properties, "bytes", json_count(f->bytes));
	json_put(properties, "type", json_text(f->type));
	json_put(properties, "cause", json_text(cause_name(f->cause)));
	json_put(properties, "expr", json_text(f->expr));
	json_put(result, "properties", properties);
	return result;
}

static void add_notification(json_t *list, const char *text)
{
	json_t *notification = json_object();

	json_put(notification, "level", json_text("warning"));
	json_put(notification, "message", message_object(text));
	json_array_append_new(list, notification);
}

/* What is missing from the recording is said where readers of SARIF look for it. */
static json_t *invocation_of(const struct findings *findings)
{
	const struct recording *rec = findings->rec;
	json_t *object = json_object(), *list = json_array();
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < rec->n_losses; i++) {
		strbuf_clear(&sb);
		strbuf_addf(&sb, "lost: %s: %" PRIu64 "; counts are lower bounds", rec->losses[i].name,
			    rec->losses[i].count);
		add_notification(list, strbuf_str(&sb));
	}
	if (rec->header.coverage)
		add_notification(list, rec->header.coverage);
	if (findings->left_out) {
		strbuf_clear(&sb);
		strbuf_addf(&sb, "%zu further results, of fewer bytes, are left out", findings->left_out);
		add_notification(list, strbuf_str(&sb));
	}
	json_put(object, "executionSuccessful", json_true());
	json_put(object, "toolExecutionNotifications", list);
	strbuf_release(&sb);
	return object;
}

int export_sarif(FILE *f, const struct findings *findings)
{
	json_t *tool = json_object(), *bases = json_object(), *root = json_object(), *invocations = json_array();
	struct json_report report = {.f = f};

	json_put(tool, "driver", driver());
	json_put(root, "description", text_object("the root of the main module"));
	json_put(bases, "%SRCROOT%", root);
	json_array_append_new(invocations, invocation_of(findings));
	fputs("{\"version\": \"2.1.0\", \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\", \"runs\": [{\n",
	      f);
	json_report_member(&report, "tool", tool);
	json_report_member(&report, "originalUriBaseIds", bases);
	json_report_member(&report, "invocations", invocations);
	json_report_list_begin(&report, "results");
	for (size_t i = 0; i < findings->n; i++)
		json_report_row(&report, result_of(findings, &findings->items[i]));
	json_report_list_end(&report);
	fputs("\n}]", f);
	return json_report_end(&report);
}
