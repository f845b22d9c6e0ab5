/* SPDX-License-Identifier: Apache-2.0 */
/* Findings as workflow commands, Markdown and JUnit. What is quoted comes out of binaries: each format has its escapes.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "recording/place.h"
#include "report/export.h"
#include "report/header.h"
#include "report/text_table.h"
#include "report/units.h"
#include "symbolize/go_name.h"

static const char *file_of(const struct finding *f)
{
	return f->file ? f->file : "unknown";
}

static int line_of(const struct finding *f)
{
	return f->line > 0 ? f->line : 1;
}

/* ---- GitHub ----------------------------------------------------------------------------------------------------- */

/*
 * Percent signs, and in properties what separates them (actions/toolkit, command.ts). Line ends, which would begin
 * another command, are gone with the rest of what steers a terminal.
 */
static void put_command_text(FILE *f, const char *s, bool property)
{
	struct strbuf clean = STRBUF_INIT;

	text_clean(&clean, s);
	for (const char *p = strbuf_str(&clean); *p; p++) {
		if (*p == '%' || (property && (*p == ':' || *p == ',')))
			fprintf(f, "%%%02X", (unsigned char)*p);
		else
			putc(*p, f);
	}
	strbuf_release(&clean);
}

int export_github(FILE *f, const struct findings *findings)
{
	static const char *const commands[] = {
		[FINDING_NOTE] = "notice", [FINDING_WARNING] = "warning", [FINDING_ERROR] = "error"};

	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *x = &findings->items[i];

		fprintf(f, "::%s file=", commands[x->level]);
		put_command_text(f, file_of(x), true);
		fprintf(f, ",line=%d", line_of(x));
		if (x->column > 0)
			fprintf(f, ",col=%d", x->column);
		fputs(",title=escaudit%3A ", f);
		put_command_text(f, x->rule, true);
		fputs("::", f);
		put_command_text(f, x->message, false);
		putc('\n', f);
	}
	return report_finish(f);
}

/* ---- Markdown --------------------------------------------------------------------------------------------------- */

/* A code span in a table cell: as long a fence as it takes, bars escaped, all on one line. */
static void put_code(FILE *f, const char *text)
{
	size_t run = 0, longest = 0;
	struct strbuf clean = STRBUF_INIT;
	const char *s;

	if (!text || !*text)
		return;
	text_clean(&clean, text);
	s = strbuf_str(&clean);
	for (const char *p = s; *p; p++) {
		run = *p == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	for (size_t i = 0; i <= longest; i++)
		putc('`', f);
	if (longest)
		putc(' ', f);
	for (; *s; s++) {
		if (*s == '|')
			putc('\\', f);
		putc(*s, f);
	}
	if (longest)
		putc(' ', f);
	for (size_t i = 0; i <= longest; i++)
		putc('`', f);
	strbuf_release(&clean);
}

/* Outside of code: what Markdown or HTML would take for its own is escaped. */
static void put_plain(FILE *f, const char *s)
{
	struct strbuf clean = STRBUF_INIT;

	text_clean(&clean, s);
	for (const char *p = strbuf_str(&clean); *p; p++) {
		if (strchr("\\`*_{}[]()<>#!|&~", *p))
			putc('\\', f);
		putc(*p, f);
	}
	strbuf_release(&clean);
}

int export_markdown(FILE *f, const struct findings *findings)
{
	const struct rec_header *h = &findings->rec->header;

	fputs("### Heap allocations", f);
	if (h->main_package) {
		fputs(" of ", f);
		put_code(f, h->main_package);
	}
	fprintf(f, "\n\n%s objects, %s%s. ", units_count(findings->all_objects).text,
		units_bytes(findings->all_bytes).text, h->mode == REC_MODE_EXACT ? "" : " (estimated)");
	if (h->go_version) {
		fputs("Built by ", f);
		put_plain(f, h->go_version);
		putc('.', f);
	}
	for (size_t i = 0; i < findings->rec->n_losses; i++) {
		fputs("\n\n**Lost: ", f);
		put_plain(f, findings->rec->losses[i].name);
		fprintf(f, ": %" PRIu64 "; counts are lower bounds.**", findings->rec->losses[i].count);
	}
	if (!findings->n) {
		fputs("\n\nNothing to report.\n", f);
		return report_finish(f);
	}
	fputs("\n\n| verdict | bytes | % | objects | line | expression | type | cause |\n"
	      "| --- | ---: | ---: | ---: | --- | --- | --- | --- |\n",
	      f);
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *x = &findings->items[i];
		struct strbuf type = STRBUF_INIT;
		char *place = place_text(file_of(x), x->line, x->column, x->function);

		fprintf(f, "| %s%s%s | %s | %s | %s | ", x->level == FINDING_NOTE ? "" : "**", x->rule,
			x->level == FINDING_NOTE ? "" : "**", units_bytes(x->bytes).text,
			units_share(x->bytes, findings->all_bytes).text, units_count(x->objects).text);
		put_code(f, place);
		fputs(" | ", f);
		put_code(f, x->expr	  ? x->expr
			    : x->function ? go_name_short(go_name_plain(findings->pool, x->function))
					  : NULL);
		fputs(" | ", f);
		if (x->type)
			header_add_type(&type, x->type, x->other_types);
		put_code(f, strbuf_str(&type));
		fprintf(f, " | %s |\n", cause_name(x->cause));
		strbuf_release(&type);
		free(place);
	}
	if (findings->left_out)
		fprintf(f, "\n%zu more.\n", findings->left_out);
	return report_finish(f);
}

/* ---- JUnit ------------------------------------------------------------------------------------------------------ */

/* As the value of an attribute; what XML 1.0 has no place for becomes U+FFFD. */
static void put_xml(FILE *f, const char *s)
{
	struct strbuf clean = STRBUF_INIT;

	text_clean(&clean, s ? s : "");
	for (const char *p = strbuf_str(&clean); *p; p++) {
		switch (*p) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		default:
			putc(*p, f);
		}
	}
	strbuf_release(&clean);
}

int export_junit(FILE *f, const struct findings *findings)
{
	size_t failures = 0;

	for (size_t i = 0; i < findings->n; i++)
		failures += findings->items[i].level == FINDING_ERROR;
	fprintf(f,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"%zu\" failures=\"%zu\">\n"
		"<testsuite name=\"escaudit\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\">\n",
		findings->n, failures, findings->n, failures);
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *x = &findings->items[i];

		/* The fingerprint in the name keeps two lines alike apart, and a moved line itself. */
		fputs("<testcase classname=\"", f);
		put_xml(f, x->package && *x->package ? x->package : "unknown");
		fputs("\" name=\"", f);
		put_xml(f, x->function ? go_name_short(go_name_plain(findings->pool, x->function)) : file_of(x));
		fputs(": ", f);
		put_xml(f, x->expr ? x->expr : cause_name(x->cause));
		fprintf(f, " [%016" PRIx64 "]\" file=\"", x->fingerprint);
		put_xml(f, file_of(x));
		fprintf(f, "\" line=\"%d\">", line_of(x));
		if (x->level == FINDING_ERROR) {
			fprintf(f, "<failure type=\"%s\" message=\"", x->rule);
			put_xml(f, x->message);
			fputs("\"></failure>", f);
		} else {
			fputs("<system-out>", f);
			put_xml(f, x->rule);
			fputs(": ", f);
			put_xml(f, x->message);
			fputs("</system-out>", f);
		}
		fputs("</testcase>\n", f);
	}
	fputs("</testsuite>\n</testsuites>\n", f);
	return report_finish(f);
}
