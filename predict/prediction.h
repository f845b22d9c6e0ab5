/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The predicted account: what the compiler's diagnostics claim, one prediction per allocation it speaks of. Grammar of
 * the text and of the JSON in src/cmd/compile/internal/{escape,logopt,base}; versions 1.19 and 1.21 to 1.27, and the
 * old `from ... at` form of <= 1.12.
 */
#ifndef ESCAUDIT_PREDICT_PREDICTION_H
#define ESCAUDIT_PREDICT_PREDICTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "base/strpool.h"
#include "predict/columns.h"

enum claim {
	CLAIM_HEAP,
	CLAIM_STACK,
};

const char *claim_name(enum claim claim); /* "heap", "stack" */

/* What the diagnostic speaks of, as far as its text tells. */
enum expr_kind {
	EXPR_OTHER,	 /* operand of an interface conversion, or anything else */
	EXPR_MOVED,	 /* "moved to heap: v": expr is v */
	EXPR_COMPOSITE,	 /* &T{...} */
	EXPR_NEW,	 /* new(T) */
	EXPR_MAKE_SLICE, /* make([]T, ...) */
	EXPR_MAKE_MAP,	 /* make(map[...]...) and map literals */
	EXPR_MAKE_CHAN,
	EXPR_SLICE_LIT,	   /* []T{...} */
	EXPR_FUNC_LIT,	   /* func literal */
	EXPR_METHOD_VALUE, /* x.Method: cannot be told from an operand by its text alone; only where the flow says so */
	EXPR_ARGUMENT,	   /* ... argument */
	EXPR_CONCAT,	   /* a + b */
	EXPR_STRING_CONV,  /* string(b), ([]byte)(s), []rune(s) */
	EXPR_APPEND,	   /* append */
	EXPR_CONSTANT,	   /* a literal operand: 12345, "const" */
};

struct position {
	const char *file; /* as printed by the compiler; "<unknown line number>" where it knows none */
	int line;
	int column; /* 1-based bytes; 0 if the compiler gave none (beyond 254) */
};

enum flow_kind {
	FLOW_STEP, /* "from gp = ~r0 (assign) at ./m.go:24:5": what is done with the value, and where */
	FLOW_INTO, /* "flow: ~r0 ← &{storage for &T{...}}": what the steps behind it carry, and where to */
	FLOW_NOTE, /* any other line: where the compiler, or an older escaudit, broke off */
};

/* One line of the compiler's explanation of a heap claim. */
struct flow_step {
	enum flow_kind kind;
	bool has_arrow;	     /* FLOW_INTO: printed with an arrow, as since Go 1.25; else with "=" */
	bool is_storage;     /* FLOW_INTO: what flows is "&{storage for X}", and expr is X */
	bool into_storage;   /* FLOW_INTO: where to is "{storage for X}", and into is X */
	const char *expr;    /* FLOW_STEP: "gp = ~r0"; FLOW_INTO: what flows, "&x", "~r0"; FLOW_NOTE: the line */
	const char *reason;  /* FLOW_STEP: "assign", "call parameter" …; else NULL */
	const char *into;    /* FLOW_INTO: "{heap}", "{temp}", a variable's name; else NULL */
	struct position pos; /* FLOW_STEP: file is NULL if unknown */
};

/* The line again, as the compiler prints it behind the explanation's position. */
void flow_step_print(struct strbuf *sb, const struct flow_step *step);
/* "./m.go:24:5", "./m.go:300" without a column. */
void position_print(struct strbuf *sb, const struct position *pos);
bool position_equal(const struct position *a, const struct position *b);

/* Where the literal of a map that a prediction speaks of ends in the source, and what is in it. */
struct literal_source {
	int last_line, last_column; /* of its closing brace; the line is 0 where that is not known */
	size_t n_elements;
	bool is_alone;	   /* nothing beside it on the lines of its braces can insert into a map */
	bool has_function; /* there is a function literal inside */
};

/*
 * How a variable that is moved to the heap is declared: what the source says, and the DWARF of the program that was
 * built. Variables whose blocks the code goes through in one go may share one object.
 */
struct variable_source {
	/* Of the innermost block or clause, a function's from its keyword on: a loop over a range is one with its
	 * variables. first_line is 0 where that is not known. Columns are those of the file, also where the compiler
	 * has none any more. */
	int first_line, first_column, last_line, last_column;
	int column; /* of the declaration where the compiler has none, and its line has one of that name; else 0 */
	bool is_parameter; /* or a result, or the receiver */
	bool is_together;  /* of a "var" of several, which all have the position of the first */
	enum {
		RANGE_NONE,
		RANGE_KEY, /* the first of two variables of a range: it is made behind the second one */
		RANGE_VALUE,
	} range;
	enum {
		VARIABLE_UNKNOWN,
		VARIABLE_LISTED, /* DWARF has its address: there is code of it */
		VARIABLE_ABSENT, /* there is none, or it is at the beginning of the object that it shares */
	} presence;
	const char *type; /* as in DWARF, or in the source; NULL where neither tells, or several differ */
	uint64_t size;	  /* of that type, in bytes */
	unsigned align;
	bool has_pointers;
};

/*
 * Strings belong to the set's pool (or outlive the set), as the flow does; the array inlined is malloc'd and belongs to
 * the set.
 */
struct prediction {
	enum claim claim;
	enum expr_kind kind;
	const char *package;  /* import path from the "# path" line or the JSON header; NULL if the log has none */
	struct position pos;  /* outermost position, as -m prints it */
	const char *expr;     /* "&small{...}", or the variable's name for moved variables */
	const char *function; /* where the diagnostics name it ("in f:", >= 1.25; or by enclosing "can inline" … no
				 guess); else NULL */
	struct position *inlined; /* from JSON: next inner … innermost position; the innermost is where the run time
				     says it is */
	size_t n_inlined;
	bool inlined_known; /* JSON was there: n_inlined == 0 then means "not inlined" */
	const char *reason; /* "non-constant size", "too large for stack", "interface-converted" …: the last step's
			       reason; NULL if unknown */
	const struct flow_step *const *flow; /* how it gets to the heap: every explanation, one behind the other. A step
						is in memory once, however many share it */
	size_t n_flow;
	bool zero_copy; /* ">= 1.22 zero-copy string->[]byte conversion" was printed for it */
	bool wrapper; /* the closure record of a wrapper that the compiler made (a go or defer statement with arguments,
			 a generic function used as a value): explained, but absent from the summary lines */
	bool maybe_parameter; /* stack only: "v does not escape" of a bare name that may be a parameter and then is no
				 allocation (diagnostics.c, "Parameters") */
	struct literal_source literal;
	struct variable_source variable;
	bool is_in_function; /* heap, not inlined: the source says that its position is inside a declared function */
	bool is_extension;   /* "make([]T, n)" of "append(s, make([]T, n)...)" */
	/* Of a slice literal that escapes, or of what may be one: the lines from where its statement begins to where
	 * the outermost literal around it ends; its array may be made on any of them. first_line is 0 where that is
	 * one line, or not known. */
	struct {
		int first_line, last_line;
	} made_on;
	struct source_position statement; /* heap only: where the statement begins that the innermost position is in;
					     line 0 if that is not known */
};

/* Where its expression is written: in the function that is inlined, or in its own. */
static inline const struct position *prediction_place(const struct prediction *p)
{
	return p->n_inlined ? &p->inlined[p->n_inlined - 1] : &p->pos;
}

/* A function declared at the top of a file, and the line of its func keyword. */
struct declaration {
	const char *package; /* as in struct prediction */
	const char *file;
	const char *name; /* "f", "T.m", "(*T).m" */
	int line;
};

/* How the log was made, as far as it says. */
struct prediction_build {
	const char *go_version; /* "go1.26.11" from the JSON header or a saved set; NULL if unknown */
	const char *goos;
	const char *goarch;
	const char *gcflags;  /* the flags the diagnostics were made with, without -m and -json; NULL if unknown */
	const char *settings; /* build settings of the binary made in the same build, "key=value\n" lines; NULL if
				 unknown. -gcflags is as above, not as the binary records it */
	const char *build_id; /* of that binary */
	const char *main_module;
	const char *directory; /* where the build ran: relative positions are relative to it; NULL if unknown */
	int since_minor;       /* the diagnostics' grammar is that of Go 1.N or later; 0 if it does not tell */
	int before_minor;      /* or of a version before Go 1.N */
};

struct flow_table;
struct source_names;

struct predictions {
	struct strpool *pool;
	struct flow_table *flow;  /* all steps */
	struct prediction *items; /* in the order of the log, packages in order */
	size_t n;
	size_t alloc;
	struct prediction_build build;
	const char **packages; /* every "# path" seen, also without a prediction */
	size_t n_packages;
	struct declaration *declarations; /* the functions that "can inline" and "cannot inline" name */
	size_t n_declarations, alloc_declarations;
	/* The instances of generic functions that these name, "lib.Push[go.shape.int]": all that the packages compile.
	 */
	const char **instances;
	size_t n_instances, alloc_instances;
	bool knows_instances; /* false: the log does not name all functions, as with -m=1, or an older escaudit read it
			       */
	/* for the report's header */
	size_t lines;	      /* lines read */
	size_t unknown_lines; /* position lines whose message is in no grammar we know; the first few are kept */
	const char *unknown[8];
	size_t json_joined; /* text predictions for which the JSON entry was found, and those where none was */
	size_t json_unjoined;
	struct columns *columns; /* of the binary's call instructions; NULL where no twin was built; owned */
};

struct predictions *predictions_new(void);
void predictions_free(struct predictions *set); /* accepts NULL */

/* Appends a zeroed prediction. Earlier pointers may move. */
struct prediction *predictions_add(struct predictions *set);
/* Appends a zeroed declaration. Earlier pointers may move. */
struct declaration *predictions_declare(struct predictions *set);
/* The name is pooled. */
void predictions_add_instance(struct predictions *set, const char *name);
/* Sets p's flow from lines as flow_step_print() makes them. */
void predictions_explain(struct predictions *set, struct prediction *p, const char *const *lines, size_t n);
/* Appends to set->packages; path belongs to the pool. */
void predictions_add_package(struct predictions *set, const char *path);

/*
 * Reads the text diagnostics of `go build -gcflags=-m` or -m=2 (or -m=1 of any version), and the old form of Go
 * <= 1.12, line by line from f, in memory linear in what is kept. name is for messages. A log without a single
 * diagnostic is -ENODATA with the remedy. Lines that belong to the go command or the program are passed over.
 */
int predictions_read_log(struct predictions *set, FILE *f, const char *name, struct error *err);
int predictions_read_log_bytes(struct predictions *set, const char *data, size_t size, const char *name,
			       struct error *err);
/*
 * Joins the JSON diagnostics of the same build (the directory given to -json=0,DIR) into the set: inline chains and
 * flow. Entries with no text counterpart become predictions of their own, except for those the text's outermost
 * position already covers. names says which files were compiled, whose line directives are read for the text's
 * positions; NULL if that is not known.
 */
int predictions_join_json(struct predictions *set, const char *dir, const struct source_names *names,
			  struct error *err);

/* What `escaudit predict -o` saves and `compare` reads: one JSON object (schema "escaudit-predictions/1"). */
int predictions_save(const struct predictions *set, const char *path, struct error *err);
/* Tells a saved set from a text log by its first byte. "-" is standard input. */
int predictions_load(struct predictions *set, const char *path, struct error *err);

/*
 * The kind of an expression's text, from its grammar alone. make(Named, n) counts as a slice; a literal of a named
 * slice or map type reads like a struct's and is EXPR_OTHER.
 */
enum expr_kind expr_kind_of(const char *expr);
/* How many operands are joined by operators at the outermost level of a text of len bytes; 1 if there is no operator.
 */
size_t expr_summands(const char *s, size_t len);
/* A comparison, a negation or a logical operation. False where the text does not tell, as of a name. */
bool expr_is_boolean(const char *expr);
/* Whether it is "X(y)" as a whole: a call or a conversion, which the text does not tell apart. */
bool expr_is_application(const char *expr);
/* Whether it is make of a type whose name does not say what it is. */
bool expr_makes_named(const char *expr);
/*
 * The nth argument, from 0, of the call in a text of len bytes whose parenthesis opens at s[open]: s[*start] to
 * s[*end], without the comma. False where there are fewer, or the text ends within. Commas inside of an argument (of
 * calls, types, literals, text) do not part it.
 */
bool expr_argument(const char *s, size_t len, size_t open, size_t nth, size_t *start, size_t *end);
/* "moved", "composite", "make slice" … as in saved sets. */
const char *expr_kind_name(enum expr_kind kind);

#endif
