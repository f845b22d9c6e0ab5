/* SPDX-License-Identifier: Apache-2.0 */
#include "report/header.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/build_match.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "recording/place.h"
#include "report/units.h"

#define LABEL_WIDTH	10
#define BUILD_ID_DIGITS 12

void header_line(FILE *f, const char *label, const char *text, enum text_style style,
		 const struct report_options *options)
{
	text_put(f, label, style == TEXT_PLAIN ? TEXT_BOLD : style, options->colour);
	fprintf(f, "%*s", (int)(LABEL_WIDTH - strlen(label)), "");
	text_wrap(f, text, LABEL_WIDTH, (size_t)options->width, style, options->colour);
	putc('\n', f);
}

enum text_style header_verdict_style(enum verdict_kind kind)
{
	static const enum text_style styles[VERDICT_COUNT] = {
		[VERDICT_CONFIRMED] = TEXT_GREEN, [VERDICT_ELIDED] = TEXT_CYAN,	       [VERDICT_UNREACHED] = TEXT_DIM,
		[VERDICT_UNDECIDED] = TEXT_DIM,	  [VERDICT_COMPILED_OUT] = TEXT_CYAN,  [VERDICT_HELD] = TEXT_DIM,
		[VERDICT_VIOLATED] = TEXT_RED,	  [VERDICT_UNPREDICTED] = TEXT_YELLOW, [VERDICT_STALE] = TEXT_MAGENTA,
	};

	return styles[kind];
}

/*
 * MISMATCH  the log and the binary are not of one build: what follows may be wrong
 *           log made by go1.26.11, binary by go1.27.3
 */
void header_put_mismatch(FILE *f, const struct audit *audit, const struct report_options *options)
{
	if (audit->match != BUILD_MATCH_DIFFERENT)
		return;
	header_line(f, "MISMATCH", HEADER_MISMATCH, TEXT_ALARM, options);
	for (size_t i = 0; i < audit->n_mismatches; i++)
		header_line(f, "", audit->mismatches[i], TEXT_RED, options);
	putc('\n', f);
}

typedef void (*header_text)(struct strbuf *sb, const struct recording *rec);

static void put_line(FILE *f, const char *label, header_text add, const struct recording *rec, enum text_style style,
		     const struct report_options *options)
{
	struct strbuf sb = STRBUF_INIT;

	add(&sb, rec);
	if (sb.len)
		header_line(f, label, strbuf_str(&sb), style, options);
	strbuf_release(&sb);
}

void header_add_target(struct strbuf *sb, const struct recording *rec)
{
	const struct rec_header *h = &rec->header;

	strbuf_addstr(sb, h->main_package ? h->main_package : h->path ? h->path : "unknown");
	if (h->main_package && h->path)
		strbuf_addf(sb, " (%s)", h->path);
	if (h->pid)
		strbuf_addf(sb, ", pid %" PRId64, h->pid);
}

/* Settings that change what the compiler predicts and emits. */
static void add_settings(struct strbuf *sb, const struct recording *rec)
{
	static const char *const keys[] = {"-race", "-msan", "-asan", "-tags", "-gcflags", "-pgo", "GOEXPERIMENT"};
	const char *separator = "; built with ";
	struct strbuf setting = STRBUF_INIT;
	char value[4096];

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		strbuf_clear(&setting);
		if (!recording_setting(rec, keys[i], value, sizeof(value)))
			continue;
		if (strcmp(keys[i], "-gcflags") == 0)
			build_match_add_flags(&setting, value);
		else
			strbuf_addstr(&setting, value);
		if (!setting.len)
			continue;
		strbuf_addf(sb, "%s%s", separator, keys[i]);
		if (strcmp(value, "true") != 0)
			strbuf_addf(sb, "=%s", strbuf_str(&setting));
		separator = " ";
	}
	strbuf_release(&setting);
}

void header_add_build(struct strbuf *sb, const struct recording *rec)
{
	const struct rec_header *h = &rec->header;

	strbuf_addstr(sb, h->go_version ? h->go_version : "Go version unknown");
	if (h->arch)
		strbuf_addf(sb, " %s", h->arch);
	if (h->build_id)
		strbuf_addf(sb, ", build id %.*s", BUILD_ID_DIGITS, h->build_id);
	add_settings(sb, rec);
}

void header_add_window(struct strbuf *sb, const struct recording *rec)
{
	const struct rec_header *h = &rec->header;

	if (h->mode == REC_MODE_PROFILE) {
		strbuf_addstr(sb, "a heap profile of Go's own: sizes are size classes");
		if (h->period > 1)
			strbuf_addf(sb, ", one sample every %s; a line that is not in it made less than %s (95%%)",
				    units_bytes(h->period).text, units_bytes(3 * h->period).text);
	} else {
		strbuf_addf(sb, "%s, %s, %s",
			    h->mode == REC_MODE_EXACT ? "exact: every allocation" : "sampled: counts are estimates",
			    units_seconds(h->window_seconds).text, h->window_complete ? "complete" : "incomplete");
	}
	if (h->exit_status > 128)
		strbuf_addf(sb, "; killed by signal %d", h->exit_status - 128);
	else if (h->exit_status >= 0)
		strbuf_addf(sb, "; exit status %d", h->exit_status);
}

void header_add_losses(struct strbuf *sb, const struct recording *rec)
{
	for (size_t i = 0; i < rec->n_losses; i++)
		strbuf_addf(sb, "%s%s %" PRIu64, i ? ", " : "", rec->losses[i].name, rec->losses[i].count);
	if (rec->n_losses)
		strbuf_addstr(sb, "; counts are lower bounds, absences prove nothing");
}

static void add_shortened(struct strbuf *sb, const struct recording *rec)
{
	const struct rec_header *h = &rec->header;

	if (h->shortened)
		strbuf_addf(sb,
			    "stacks of %" PRIu64 " objects end with the caller of their line: there were more than "
			    "--max-stacks has room for; lines, types and counts are not affected, "
			    "--charge=c and --charge=module are",
			    h->shortened);
}

static void add_cuts(struct strbuf *sb, const struct recording *rec)
{
	size_t n;
	struct place_cut *cuts = place_cuts(rec, &n);

	for (size_t i = 0; i < n; i++)
		strbuf_addf(sb, "%s%s %" PRIu64, i ? ", " : "", cuts[i].text, cuts[i].objects);
	if (n)
		strbuf_addstr(sb,
			      " objects; lines, types and counts are not affected, --charge=c and --charge=module are");
	free(cuts);
}

void header_put_missing(FILE *f, const struct recording *rec, const struct report_options *options)
{
	put_line(f, "LOST", header_add_losses, rec, TEXT_ALARM, options);
	if (rec->header.coverage)
		header_line(f, "PARTIAL", rec->header.coverage, TEXT_ALARM, options);
	put_line(f, "SHORT", add_shortened, rec, TEXT_YELLOW, options);
	put_line(f, "CUT", add_cuts, rec, TEXT_YELLOW, options);
}

void header_put_binary(FILE *f, const struct recording *rec, const struct report_options *options)
{
	put_line(f, "target", header_add_target, rec, TEXT_PLAIN, options);
	put_line(f, "build", header_add_build, rec, TEXT_PLAIN, options);
}

/*
 * target    example.com/shop/cmd/shop (/srv/shop), pid 4242
 * build     go1.26.11 amd64, build id 5d3f0c00aa12; built with -race
 * window    exact: every allocation, 12.3 s, complete; exit status 0
 * LOST      stack map full 7; counts are lower bounds, absences prove nothing
 */
void header_put(FILE *f, const struct recording *rec, const struct report_options *options)
{
	header_put_binary(f, rec, options);
	put_line(f, "window", header_add_window, rec, rec->header.exit_status > 0 ? TEXT_YELLOW : TEXT_PLAIN, options);
	header_put_missing(f, rec, options);
}

void header_add_log(struct strbuf *sb, const struct audit *audit, const struct predictions *set)
{
	const struct {
		size_t n;
		const char *what;
	} left_out[] = {{audit->n_duplicates, audit->n_duplicates == 1 ? "duplicate" : "duplicates"},
			{audit->n_runtime_predictions, "the runtime's own"},
			{audit->n_cgo_predictions, "cgo's own"}};
	const char *before = " (";

	strbuf_addf(sb, "%zu predictions", set->n);
	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++) {
		if (!left_out[i].n)
			continue;
		strbuf_addf(sb, "%s%zu %s", before, left_out[i].n, left_out[i].what);
		before = ", ";
	}
	if (*before == ',')
		strbuf_addch(sb, ')');
	strbuf_addf(sb, " in %zu package%s", set->n_packages, set->n_packages == 1 ? "" : "s");
	if (audit->match == BUILD_MATCH_SAME)
		strbuf_addstr(sb, ", of the same build");
	else if (audit->match == BUILD_MATCH_UNKNOWN)
		strbuf_addstr(sb, "; nothing says whether log and binary are of one build");
	if (set->unknown_lines)
		strbuf_addf(sb, "; %zu line%s not understood", set->unknown_lines, set->unknown_lines == 1 ? "" : "s");
}

/* What would tell the rows of a log apart. */
static void add_unknown_columns(struct strbuf *sb, const struct audit *audit)
{
	size_t n = 0;

	for (size_t i = 0; i < audit->n; i++)
		n += audit->items[i].ambiguous;
	if (n)
		strbuf_addf(sb,
			    "not known, which leaves %zu verdict%s ambiguous: audit and predict learn them from the "
			    "sources",
			    n, n == 1 ? "" : "s");
}

void header_add_columns(struct strbuf *sb, const struct audit *audit, const struct predictions *set)
{
	size_t n_unknown = audit->n_functions - audit->n_known_functions, n_foreign = audit->n_foreign_functions;
	char profile[4096];

	if (!set->columns) {
		add_unknown_columns(sb, audit);
		return;
	}
	strbuf_addf(sb, "known for %zu of %zu function%s with allocations", audit->n_known_functions,
		    audit->n_functions, audit->n_functions == 1 ? "" : "s");
	if (set->columns->missing) {
		strbuf_addf(sb, "; %s", set->columns->missing);
		return;
	}
	if (n_foreign)
		strbuf_addf(sb, "; %zu %s of packages that were not predicted", n_foreign,
			    n_foreign == 1 ? "is an instance" : "are instances");
	if (n_foreign < n_unknown)
		strbuf_addf(sb, "; the others' calls differ in the build that tells columns%s",
			    recording_setting(audit->rec, "-pgo", profile, sizeof(profile))
				    ? ", where the profile (-pgo) inlines otherwise"
				    : "");
}

void header_put_left_out(FILE *f, size_t n, uint64_t bytes, const struct report_options *options)
{
	struct strbuf sb = STRBUF_INIT;

	if (n == 0)
		return;
	strbuf_addf(&sb, "%zu more", n);
	if (bytes)
		strbuf_addf(&sb, " with %s", units_bytes(bytes).text);
	strbuf_addstr(&sb, "; --limit 0 shows all");
	fprintf(f, "  ");
	text_put(f, strbuf_str(&sb), TEXT_DIM, options->colour);
	putc('\n', f);
	strbuf_release(&sb);
}

void header_add_type(struct strbuf *sb, const char *type, size_t others)
{
	strbuf_addstr(sb, type);
	if (others)
		strbuf_addf(sb, " and %zu other%s", others, others == 1 ? "" : "s");
}

int report_finish(FILE *f)
{
	return fflush(f) || ferror(f) ? -EIO : 0;
}
