/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the three files that read the text of diagnostics: what one line says (diagnostics_line.c), which lines
 * belong together (diagnostics.c), what a finished section makes of them (diagnostics_section.c).
 */
#ifndef ESCAUDIT_PREDICT_DIAGNOSTICS_INTERNAL_H
#define ESCAUDIT_PREDICT_DIAGNOSTICS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/u64map.h"
#include "predict/diagnostics.h"
#include "predict/flow.h"
#include "predict/prediction.h"

/* ---- one line ---- */

/* The parts of a line that begins with a position; pointers into it. */
struct message {
	const char *file;
	size_t file_len;
	int line;
	int column;
	const char *text;
	size_t len;
};

static inline bool text_starts(const char *s, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len >= n && memcmp(s, prefix, n) == 0;
}

static inline bool text_ends(const char *s, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len >= n && memcmp(s + len - n, suffix, n) == 0;
}

static inline bool text_contains(const char *s, size_t len, const char *part)
{
	return memmem(s, len, part, strlen(part)) != NULL;
}

/*
 * "file:line:column: text"; the column may be missing, and under -L the position of a //line directive is followed by
 * the physical one: "gen/x.y:11[/abs/p/a.go:8:6]: text". File names may contain anything.
 */
bool message_split(const char *s, size_t len, struct message *m);
/* Letters, digits, underscores and bytes beyond ASCII, not starting with a digit; ".this" and "~p0" are parameters of
 * wrappers. */
bool text_is_name(const char *s, size_t len);
/*
 * The old form's "f X": returns the length of "f " or 0. Neither a binary expression ("a + b") nor "func literal" nor
 * "... argument" may be taken for it: a name followed by a blank and something that is no operator occurs in no new
 * expression.
 */
size_t text_old_function(const char *s, size_t len);
/* "&x", "&x.f", "&x[i]": an address, which the old form prints, not an allocation. */
bool text_is_address(const char *s, size_t len);
/* Lines of the compiler that say nothing of allocations; told from errors by how they begin or by what is in them. */
bool text_is_information(const char *s, size_t len);
/* "# example.com/m/p", "# p [p.test]", what the go command puts before a package's lines: with characters that an
 * import path can have. A line of a shell script seldom has only those. */
bool text_is_header(const char *line, size_t len);
/* "X escapes to heap:" and "X escapes to heap in f:". */
bool text_is_explanation(const char *s, size_t len, size_t *expr_len, const char **function, size_t *function_len);

/* ---- a section: the lines between two "# package" headers ---- */

#define NONE SIZE_MAX

enum event_kind {
	EVENT_PARAMETER,  /* "leaking param" */
	EVENT_ALLOCATION, /* anything that finish prints of an allocation */
	EVENT_UNDECIDED,  /* "v does not escape" */
};

struct event {
	const char *file;
	int line;
	enum event_kind kind;
	size_t item; /* EVENT_UNDECIDED: index of the prediction */
};

struct function_line {
	const char *file;
	int line;
	size_t first_allocation; /* indexes of events, NONE if there is none */
	size_t last_parameter;
};

struct explanation {
	struct position pos;
	const char *expr;
	const char *function;
	size_t first; /* index of its first step in reader.flow */
	size_t n;
	size_t item;	 /* the prediction it explains; NONE until known */
	bool is_address; /* old form, "&x escapes to heap": explains the moved variable after it or nothing */
};

/* The first section of a package. */
struct section {
	size_t first;
	size_t end;
	bool counted; /* in reader.counts */
};

/* How often a package's sections say the same. */
struct count {
	const char *package;
	struct position pos;
	const char *expr;
	enum claim claim;
	enum expr_kind kind;
	size_t most;	/* in any section */
	size_t here;	/* in this one */
	size_t section; /* number of this one */
};

struct reader {
	struct predictions *set;
	const char *package;
	const char *file; /* the last line's file, interned */
	size_t file_len;

	size_t first; /* of the section's predictions */
	struct event *events;
	size_t n_events, alloc_events;
	struct function_line *functions;
	size_t n_functions, alloc_functions;
	bool all_functions; /* every function of the package has its line */
	struct explanation *explanations;
	size_t n_explanations, alloc_explanations;
	/*
	 * Steps of all explanations. Those of a package that was there before are kept apart, as most of them will be
	 * dropped with the section.
	 */
	const struct flow_step **flow;
	size_t n_flow, alloc_flow;
	struct strpool *section_pool; /* NULL where the package is new */
	struct flow_table *section_flow;

	struct section *sections;
	size_t n_sections, alloc_sections;
	struct u64map section_of; /* package pointer to index */
	size_t number;		  /* of the section that is read */
	struct count *counts;
	size_t n_counts, alloc_counts;
	struct u64map count_at;

	struct strbuf open; /* lines so far that a raw string holds together; empty: none */
	size_t open_lines;
	bool none_open; /* what is read was held open, and was not */

	struct strbuf header; /* "file:line:column:" of the explanation being read; empty: none */
	size_t explaining;    /* the explanation its lines belong to; NONE: to none that is kept */
	/* old form */
	size_t last_heap;     /* "\tfrom" lines belong to this prediction … */
	bool address_pending; /* … or explain the next moved variable, as explanation `explaining` */

	struct u64map packages; /* the pool's pointers of set->packages */
	size_t known;		/* lines that are diagnostics */
};

/* Joins the explanations of a section with its predictions, settles what may be a parameter, and puts sections of one
 * package together. */
void section_settle(struct reader *r);

#endif
