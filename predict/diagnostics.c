/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of -m and -m=2. Its lines come from cmd/compile/internal/escape (escape.go: finish, reportLeaks; solve.go
 * and graph.go: the explanations) and are of three kinds:
 *
 *   ./m.go:24:11: &P{...} escapes to heap in leakInl:      header of an explanation, -m=2 only ("in f" from 1.25 on)
 *   ./m.go:24:11:   flow: {heap} = &{storage for &P{...}}:     its continuation, with the position repeated
 *   ./m.go:24:11: &P{...} escapes to heap                  summary: this one is the prediction
 *
 * Explanations come before the summaries of the same batch of functions. A package ends at the next "# path" line; then
 * explanations and summaries that name the same position and text are joined, in order. What is left over is one of
 * three: the explanation of an append, whose summary says "append" only; a text that was rewritten between the two
 * (>= 1.25: "make([]int, k)" becomes "make([]int, 10)", "k" becomes "10"), joined by position alone; or a func literal
 * without a summary, the closure record of a wrapper that the compiler made (a go or defer statement with arguments, a
 * generic function used as a value), which finish leaves out.
 *
 * Parameters. "v does not escape" is printed for a parameter (no allocation) and for the operand of an interface
 * conversion (an allocation avoided); one bare name in 300 is the latter. finish prints all parameters of a batch
 * before its allocations, and -m=2 names the line of every function ("can inline", "cannot inline"). So, with the
 * function taken from the nearest such line at or above:
 *   - on the function's own line, or before a "leaking param" of the same function: a parameter, dropped;
 *   - after an allocation of the same function: an operand, kept;
 *   - else undecided: kept, with maybe_parameter set.
 * Under -m the functions that cannot be inlined have no line, and only names on a line that has a function or a leaking
 * parameter are decided. Over the 10,631 bare names of a -m=2 log of cmd/compile (1.26) this drops two operands, both
 * on the line of their own func keyword, and leaves twelve undecided; under -m it leaves one in five undecided.
 *
 * The old form, up to Go 1.12 (cmd/compile/internal/gc/esc.go), has no explanations of its own: steps follow their
 * summary ("\tfrom ~r0 (return) at x.go:5:2"); "&x escapes to heap" is no allocation, the "moved to heap: x" after it
 * is; and what does not escape is preceded by the function's name.
 *
 * This is a hot path: logs have hundreds of megabytes, nearly all of it continuation lines of parameters. Those are
 * recognised by their header's position and passed over without a look at the rest.
 */
#include "predict/diagnostics.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/u64map.h"
#include "predict/lines.h"
#include "predict/prediction.h"

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
	size_t first; /* index of its first line in reader.flow */
	size_t n;
	size_t left_out;    /* lines beyond PREDICTION_WHY_LIMIT */
	const char *reason; /* of the lines left out, interned; NULL: the lines have it */
	size_t item;	    /* the prediction it explains; NONE until known */
	bool is_address;    /* old form, "&x escapes to heap": explains the moved variable after it or nothing */
};

/* Predictions of one position and text, in order. */
struct group {
	struct position pos;
	const char *expr; /* NULL: any text */
	size_t first;
	size_t last;
	size_t cursor; /* takes the next explanation */
	bool full;     /* every prediction has one; the last takes whatever else comes */
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
	 * Lines of all explanations: interned, as most of them will be kept; but offsets into flow_text where the
	 * package was there before, as most of them will not.
	 */
	uintptr_t *flow;
	struct strbuf flow_text;
	bool repeated;
	size_t n_flow, alloc_flow;

	struct section *sections;
	size_t n_sections, alloc_sections;
	struct u64map section_of; /* package pointer to index */
	size_t number;		  /* of the section that is read */
	struct count *counts;
	size_t n_counts, alloc_counts;
	struct u64map count_at;

	struct strbuf header; /* "file:line:column:" of the explanation being read; empty: none */
	size_t explaining;    /* the explanation its lines belong to; NONE: to none that is kept */
	/* old form */
	size_t last_heap;     /* "\tfrom" lines belong to this prediction … */
	bool address_pending; /* … or explain the next moved variable, as explanation `explaining` */

	struct u64map packages; /* the pool's pointers of set->packages */
	size_t known;		/* lines that are diagnostics */
};

static const char unknown_position[] = DIAGNOSTICS_UNKNOWN_POSITION;

/* ---- pieces of a line ---- */

struct message {
	const char *file;
	size_t file_len;
	int line;
	int column;
	const char *text;
	size_t len;
};

static bool starts(const char *s, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len >= n && memcmp(s, prefix, n) == 0;
}

static bool ends(const char *s, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len >= n && memcmp(s + len - n, suffix, n) == 0;
}

static bool contains(const char *s, size_t len, const char *part)
{
	return memmem(s, len, part, strlen(part)) != NULL;
}

/* The last occurrence of part, or NULL. What is looked for stands near the end of a line. */
static const char *find_last(const char *s, size_t len, const char *part)
{
	size_t n = strlen(part);
	const char *p = s + len;

	while ((p = memrchr(s, part[0], (size_t)(p - s)))) {
		if ((size_t)(s + len - p) >= n && memcmp(p, part, n) == 0)
			return p;
	}
	return NULL;
}

static const char *number(const char *s, const char *end, int *out)
{
	const char *p = s;
	int n = 0;

	while (p < end && *p >= '0' && *p <= '9') {
		n = n > (INT_MAX - 9) / 10 ? INT_MAX / 2 : n * 10 + (*p - '0');
		p++;
	}
	if (p == s)
		return NULL;
	*out = n;
	return p;
}

/*
 * "file:line:column: text"; the column may be missing, and under -L the position of a //line directive is followed by
 * the physical one: "gen/x.y:11[/abs/p/a.go:8:6]: text". File names may contain anything.
 */
static bool split(const char *s, size_t len, struct message *m)
{
	size_t n = sizeof(unknown_position) - 1;
	const char *end = s + len;

	for (const char *p = s; (p = memchr(p, ':', (size_t)(end - p))); p++) {
		const char *q = number(p + 1, end, &m->line);

		if (!q || p == s)
			continue;
		m->column = 0;
		if (q + 1 < end && *q == ':' && q[1] != ' ') {
			q = number(q + 1, end, &m->column);
			if (!q)
				continue;
		}
		if (q < end && *q == '[') {
			q = memmem(q, (size_t)(end - q), "]: ", 3);
			if (!q)
				continue;
			q++;
		}
		if (q + 1 < end && q[0] == ':' && (q[1] == ' ' || q[1] == '\t')) {
			m->file = s;
			m->file_len = (size_t)(p - s);
			m->text = q + 2;
			m->len = (size_t)(end - m->text);
			return true;
		}
	}
	if (!starts(s, len, unknown_position) || !starts(s + n, len - n, ": "))
		return false;
	*m = (struct message){.file = s, .file_len = n, .text = s + n + 2, .len = len - n - 2};
	return true;
}

/* Letters, digits, underscores and bytes beyond ASCII, not starting with a digit; ".this" and "~p0" are parameters of
 * wrappers. */
static bool is_name(const char *s, size_t len)
{
	size_t i = len && s[0] == '.' ? 1 : 0;

	if (len > 1 && s[0] == '~' && s[1] == 'p')
		i = 2;
	if (i == 2) { /* "~p0" */
		for (; i < len && s[i] >= '0' && s[i] <= '9'; i++)
			;
		return i == len;
	}

	if (i == len || (s[i] >= '0' && s[i] <= '9'))
		return false;
	for (; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
		      c >= 0x80))
			return false;
	}
	return true;
}

/* "f", "(*T).M", "T.M", "f.func1", "glob..func1": what precedes an expression in the old form. */
static bool is_function_name(const char *s, size_t len)
{
	static const char *const words[] = {"func", "struct", "interface", "chan", "map"};
	const char *close;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (len == strlen(words[i]) && memcmp(s, words[i], len) == 0)
			return false;
	}
	if (starts(s, len, "(*")) {
		close = memchr(s, ')', len);
		if (!close || close + 1 == s + len || close[1] != '.' || !is_name(s + 2, (size_t)(close - s - 2)))
			return false;
		len -= (size_t)(close + 2 - s);
		s = close + 2;
	}
	if (len == 0 || s[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] != '.' && !is_name(s + i, 1) && !(i > 0 && s[i] >= '0' && s[i] <= '9'))
			return false;
	}
	return true;
}

/*
 * The old form's "f X": returns the length of "f " or 0. Neither a binary expression ("a + b") nor "func literal" nor
 * "... argument" may be taken for it: a name followed by a blank and something that is no operator occurs in no new
 * expression.
 */
static size_t old_function(const char *s, size_t len)
{
	const char *space = memchr(s, ' ', len);
	const char *next, *word_end;
	size_t n;

	if (!space || !is_function_name(s, (size_t)(space - s)))
		return 0;
	next = space + 1;
	n = len - (size_t)(next - s);
	word_end = memchr(next, ' ', n);
	if (n == 0 || *next == '{')
		return 0;
	if (word_end && !starts(next, n, "...")) { /* "+", "&^", ">=" … */
		const char *p = next;

		while (p < word_end && strchr("+-*/%&|^<>=!", *p))
			p++;
		if (p == word_end)
			return 0;
	}
	return (size_t)(next - s);
}

/* "&x", "&x.f", "&x[i]": an address, which the old form prints, not an allocation. */
static bool is_address(const char *s, size_t len)
{
	return len > 1 && s[0] == '&' && !memchr(s, '{', len) && !ends(s, len, " literal");
}

const char *diagnostics_reason(const char *line, size_t len, size_t *reason_len)
{
	const char *close = find_last(line, len, ") at ");
	const char *open;

	if (!starts(line, len, "from "))
		return NULL;
	if (!close && len && line[len - 1] == ')')
		close = line + len - 1;
	if (!close)
		return NULL;
	open = find_last(line, (size_t)(close - line), " (");
	if (!open)
		return NULL;
	*reason_len = (size_t)(close - open - 2);
	return open + 2;
}

/* Lines of the compiler that say nothing of allocations; told from errors by how they begin or by what is in them. */
static bool is_information(const char *s, size_t len)
{
	static const char *const beginnings[] = {
		"can inline ",
		"cannot inline ",
		"inlining call to ",
		"leaking param",
		"leaking closure reference ",
		"mark escaped content: ",
		"devirtualizing ",
		"partially devirtualizing ",
		"PGO devirtualiz",
		"can't PGO devirtualize ",
		"should not PGO devirtualize ",
		"cannot devirtualize ",
		"failed to devirtualize ",
		"index bounds check elided",
		"slice: omit slice operation",
		"assuming ",
		"marking ",
		"imprecise interface call",
		"zero-copy string->[]byte conversion",
		"mutates param: ",
		"calls param: ",
		"loop variable ",
		"closure converted to global",
		"stack object ",
		"live at ",
		"intrinsic call, ",
		"cheap call is also intrinsic",
		"alias analysis: ",
		"append: len-only update",
		"Before inlining: ",
		"After inlining ",
		"call to func ",
		"expr will be kept alive",
		"function arg will be kept alive",
		"function result",
	};
	static const char *const parts[] = {
		" leaks to ",
		" capturing by ",
		" ignoring self-assignment in ",
		" does not escape, mutate, or call",
		" considered 'big'; ",
		" loop ending at ",
		" will be kept alive",
		" assuming ",
		" marking ",
		" is unsafe uintptr",
	};

	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
		if (s[0] == beginnings[i][0] && starts(s, len, beginnings[i]))
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (contains(s, len, parts[i]))
			return true;
	}
	return false;
}

/* "X escapes to heap:" and "X escapes to heap in f:". */
static bool is_explanation(const char *s, size_t len, size_t *expr_len, const char **function, size_t *function_len)
{
	static const char in[] = " escapes to heap in ";
	const char *p;

	if (len == 0 || s[len - 1] != ':')
		return false;
	len--;
	*function = NULL;
	*function_len = 0;
	if (ends(s, len, " escapes to heap")) {
		*expr_len = len - strlen(" escapes to heap");
		return *expr_len > 0;
	}
	p = find_last(s, len, in);
	if (!p || p == s)
		return false;
	*expr_len = (size_t)(p - s);
	*function = p + strlen(in);
	*function_len = (size_t)(s + len - *function);
	return true;
}

bool diagnostics_line_is_known(const char *line, size_t len)
{
	struct message m;
	const char *function;
	size_t n, function_len;

	if (starts(line, len, "# ") || starts(line, len, "moved to heap: ") || contains(line, len, " capturing by "))
		return true;
	if (!split(line, len, &m))
		return false;
	if (m.len == 0)
		return false;
	return starts(m.text, m.len, "  ") || m.text[0] == '\t' || m.text[-1] == '\t' ||
	       ends(m.text, m.len, " escapes to heap") || ends(m.text, m.len, " does not escape") ||
	       starts(m.text, m.len, "moved to heap: ") ||
	       is_explanation(m.text, m.len, &n, &function, &function_len) || is_information(m.text, m.len);
}

/* ---- a section's end ---- */

static uint64_t key_of(const struct position *pos, const char *expr)
{
	uint64_t h = u64_mix(0x2545f491, (uint64_t)(uintptr_t)pos->file);

	h = u64_mix(h, (uint64_t)(uint32_t)pos->line << 32 | (uint32_t)pos->column);
	return u64_mix(h, (uint64_t)(uintptr_t)expr);
}

static bool same_position(const struct position *a, const struct position *b)
{
	return a->file == b->file && a->line == b->line && a->column == b->column;
}

/* Groups by key; a collision of 64-bit keys is resolved by trying the next key. */
struct groups {
	struct u64map map;
	struct group *items;
	size_t n, alloc;
	size_t *next; /* per prediction of the section: the next of its group */
	size_t base;  /* the section's first prediction */
};

static struct group *group_find(struct groups *groups, const struct position *pos, const char *expr)
{
	for (uint64_t key = key_of(pos, expr);; key++) {
		uint64_t *slot = u64map_find(&groups->map, key);
		struct group *g;

		if (!slot)
			return NULL;
		g = &groups->items[*slot];
		if (g->expr == expr && same_position(&g->pos, pos))
			return g;
	}
}

static void group_add(struct groups *groups, const struct position *pos, const char *expr, size_t item)
{
	struct group *g = group_find(groups, pos, expr);
	uint64_t key = key_of(pos, expr);

	groups->next[item - groups->base] = NONE;
	if (g) {
		groups->next[g->last - groups->base] = item;
		g->last = item;
		return;
	}
	while (u64map_find(&groups->map, key))
		key++;
	ARRAY_GROW(groups->items, groups->n + 1, groups->alloc);
	groups->items[groups->n] =
		(struct group){.pos = *pos, .expr = expr, .first = item, .last = item, .cursor = item};
	*u64map_at(&groups->map, key, NULL) = groups->n++;
}

static void groups_init(struct groups *groups, size_t base, size_t n)
{
	*groups = (struct groups){.map = U64MAP_INIT, .base = base};
	groups->next = xcalloc(n, sizeof(*groups->next));
}

static void groups_release(struct groups *groups)
{
	u64map_release(&groups->map);
	free(groups->items);
	free(groups->next);
}

/* The next prediction of the group to be explained; the last one takes whatever is left. */
static size_t group_take(struct groups *groups, struct group *g)
{
	size_t item = g->cursor;

	if (groups->next[item - groups->base] != NONE)
		g->cursor = groups->next[item - groups->base];
	else
		g->full = true;
	return item;
}

static size_t add_wrapper(struct reader *r, const struct explanation *e)
{
	struct prediction *p = predictions_add(r->set);

	p->claim = CLAIM_HEAP;
	p->kind = EXPR_FUNC_LIT;
	p->package = r->package;
	p->pos = e->pos;
	p->expr = e->expr;
	p->wrapper = true;
	return r->set->n - 1;
}

/* Finds the prediction of every explanation; by_text has the section's heap predictions. */
static void pair_explanations(struct reader *r, struct groups *by_text)
{
	struct predictions *set = r->set;
	size_t end = set->n; /* wrappers are added behind it */
	bool *explained = xcalloc(end - r->first + 1, sizeof(*explained));
	const char *append = strpool_add(set->pool, "append");
	struct groups by_position;
	size_t left = 0;

	for (size_t i = 0; i < r->n_explanations; i++) {
		struct explanation *e = &r->explanations[i];
		struct group *g = e->item == NONE && !e->is_address ? group_find(by_text, &e->pos, e->expr) : NULL;

		if ((!g || g->full) && e->item == NONE && strncmp(e->expr, "append(", 7) == 0) {
			struct group *appends = group_find(by_text, &e->pos, append);

			if (appends)
				g = appends;
		}
		if (g)
			e->item = group_take(by_text, g);
		if (e->item == NONE)
			left += !e->is_address;
		else
			explained[e->item - r->first] = true;
	}

	if (left) {
		groups_init(&by_position, r->first, end - r->first);
		for (size_t i = r->first; i < end; i++) {
			if (set->items[i].claim == CLAIM_HEAP && !explained[i - r->first])
				group_add(&by_position, &set->items[i].pos, NULL, i);
		}
		for (size_t i = 0; i < r->n_explanations; i++) {
			struct explanation *e = &r->explanations[i];
			struct group *g;

			if (e->item != NONE || e->is_address)
				continue;
			g = group_find(&by_position, &e->pos, NULL);
			if (strcmp(e->expr, "func literal") == 0)
				e->item = add_wrapper(r, e);
			else if (g)
				e->item = group_take(&by_position, g);
		}
		groups_release(&by_position);
	}
	free(explained);
}

static const char *flow_line(const struct reader *r, size_t i)
{
	return r->repeated ? r->flow_text.buf + r->flow[i] : (const char *)r->flow[i];
}

/*
 * A slice or string that is boxed gives two predictions of the same text: the backing array, and the header that the
 * conversion copies to the heap. The array's flow shows which is which:
 *
 *     flow: {storage for E} = &{storage for E}:
 *     from E (spill) at ./m.go:41:14
 *     from E (interface-converted) at ./m.go:41:14
 *
 * so the other prediction at that place is the conversion's operand.
 */
static void mark_boxed(struct reader *r, struct groups *by_text, const struct explanation *e)
{
	static const char converted[] = " (interface-converted) at ";
	struct predictions *set = r->set;
	const struct prediction *inner = &set->items[e->item];
	size_t expr_len = strlen(e->expr);
	const char *flow, *where;
	struct position pos;
	struct message m;
	struct group *g;
	char *copy;

	if (e->n < 3 || inner->kind == EXPR_MOVED)
		return;
	flow = flow_line(r, e->first);
	if (strncmp(flow, "flow: {storage for ", 19) != 0 || strncmp(flow + 19, e->expr, expr_len) != 0 ||
	    strncmp(flow + 19 + expr_len, "} ", 2) != 0)
		return;
	where = strstr(flow_line(r, e->first + 2), converted);
	if (!where)
		return;
	copy = xasprintf("%s: ", where + strlen(converted));
	if (split(copy, strlen(copy), &m)) {
		pos = (struct position){strpool_find(set->pool, m.file, m.file_len), m.line, m.column};
		g = pos.file ? group_find(by_text, &pos, inner->expr) : NULL;
		if (g && g->first != e->item)
			set->items[g->first].kind = EXPR_OTHER;
	}
	free(copy);
}

/* The reason of an explanation's last step. */
static const char *last_reason(const struct reader *r, const struct explanation *e)
{
	const char *reason = NULL;
	size_t n = 0;

	if (e->reason)
		return e->reason;
	for (size_t i = e->first + e->n; i > e->first && !reason; i--)
		reason = diagnostics_reason(flow_line(r, i - 1), strlen(flow_line(r, i - 1)), &n);
	return reason ? strpool_add_n(r->set->pool, reason, n) : NULL;
}

/* Gives the explanations' lines to their predictions. */
static void hand_out_flow(struct reader *r, const bool *drop)
{
	struct predictions *set = r->set;
	size_t *left_out = xcalloc(set->n - r->first + 1, sizeof(*left_out));

	for (size_t i = 0; i < r->n_explanations; i++) {
		const struct explanation *e = &r->explanations[i];
		const char *reason;
		struct prediction *p;
		size_t n;

		if (e->item == NONE || drop[e->item - r->first])
			continue;
		p = &set->items[e->item];
		if (!p->function)
			p->function = e->function;
		reason = last_reason(r, e);
		if (reason)
			p->reason = reason;
		n = e->n;
		if (p->n_why + n > PREDICTION_WHY_LIMIT)
			n = PREDICTION_WHY_LIMIT - p->n_why;
		left_out[e->item - r->first] += e->left_out + e->n - n;
		if (n == 0)
			continue;
		p->why = xreallocarray(p->why, p->n_why + n, sizeof(*p->why));
		for (size_t k = 0; k < n; k++)
			p->why[p->n_why++] = r->repeated ? strpool_add(set->pool, flow_line(r, e->first + k))
							 : flow_line(r, e->first + k);
	}
	for (size_t i = r->first; i < set->n; i++) {
		struct prediction *p = &set->items[i];

		if (!left_out[i - r->first])
			continue;
		p->why = xreallocarray(p->why, p->n_why + 1, sizeof(*p->why));
		p->why[p->n_why++] = strpool_addf(set->pool, "and %zu more lines", left_out[i - r->first]);
	}
	free(left_out);
}

static int by_file_and_line(const void *a, const void *b)
{
	const struct function_line *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

/* The nearest function line at or above. */
static struct function_line *function_above(struct reader *r, const struct event *e)
{
	size_t low = 0, high = r->n_functions;
	struct function_line key = {.file = e->file, .line = e->line};

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (by_file_and_line(&r->functions[mid], &key) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low && r->functions[low - 1].file == e->file ? &r->functions[low - 1] : NULL;
}

/* Decides which bare names that do not escape are parameters, and drops those: the comment at the top has the rule. */
static void settle_parameters(struct reader *r, bool *drop)
{
	struct predictions *set = r->set;
	size_t n = 0;

	if (!r->all_functions) {
		for (size_t i = 0; i < r->n_events; i++) {
			if (r->events[i].kind != EVENT_PARAMETER)
				continue;
			ARRAY_GROW(r->functions, r->n_functions + 1, r->alloc_functions);
			r->functions[r->n_functions++] =
				(struct function_line){.file = r->events[i].file, .line = r->events[i].line};
		}
	}
	if (r->n_functions)
		qsort(r->functions, r->n_functions, sizeof(*r->functions), by_file_and_line);
	for (size_t i = 0; i < r->n_functions; i++) {
		if (n && by_file_and_line(&r->functions[n - 1], &r->functions[i]) == 0)
			continue;
		r->functions[n] = r->functions[i];
		r->functions[n].first_allocation = NONE;
		r->functions[n++].last_parameter = NONE;
	}
	r->n_functions = n;

	for (size_t i = 0; i < r->n_events; i++) {
		struct function_line *f = function_above(r, &r->events[i]);

		if (f && r->events[i].kind == EVENT_PARAMETER)
			f->last_parameter = i;
		else if (f && r->events[i].kind == EVENT_ALLOCATION && f->first_allocation == NONE)
			f->first_allocation = i;
	}
	for (size_t i = 0; i < r->n_events; i++) {
		const struct event *e = &r->events[i];
		struct function_line *f;

		if (e->kind != EVENT_UNDECIDED)
			continue;
		f = function_above(r, e);
		if (f && f->line == e->line)
			drop[e->item - r->first] = true;
		else if (f && r->all_functions && f->last_parameter != NONE && f->last_parameter > i)
			drop[e->item - r->first] = true;
		else if (f && r->all_functions && f->first_allocation < i)
			set->items[e->item].maybe_parameter = false;
	}
}

static struct count *count_of(struct reader *r, const struct prediction *p)
{
	uint64_t key =
		u64_mix(key_of(&p->pos, p->expr), (uintptr_t)p->package ^ (uint64_t)p->claim ^ (uint64_t)p->kind << 8);
	uint64_t *slot;
	bool is_new;

	for (;; key++) { /* a collision of 64-bit keys is resolved by trying the next key */
		const struct count *c;

		slot = u64map_at(&r->count_at, key, &is_new);
		if (is_new)
			break;
		c = &r->counts[*slot];
		if (c->package == p->package && c->expr == p->expr && c->claim == p->claim && c->kind == p->kind &&
		    same_position(&c->pos, &p->pos))
			return &r->counts[*slot];
	}
	*slot = r->n_counts;
	ARRAY_GROW(r->counts, r->n_counts + 1, r->alloc_counts);
	r->counts[r->n_counts] = (struct count){
		.package = p->package, .pos = p->pos, .expr = p->expr, .claim = p->claim, .kind = p->kind};
	return &r->counts[r->n_counts++];
}

/*
 * A package may come more than once: compiled again for a test ("# p" and "# p [p.test]"), or in a log of several
 * builds. The same allocation is one prediction all the same, so of each (position, text, claim) the section that has
 * most counts.
 */
static void merge_section(struct reader *r, bool *drop)
{
	struct predictions *set = r->set;
	struct section *first;
	uint64_t *slot;
	bool is_new;

	slot = u64map_at(&r->section_of, (uintptr_t)r->package, &is_new);
	if (is_new) {
		*slot = r->n_sections;
		ARRAY_GROW(r->sections, r->n_sections + 1, r->alloc_sections);
		r->sections[r->n_sections++] = (struct section){.first = r->first, .end = r->first};
		for (size_t i = r->first; i < set->n; i++) /* what will be left of it */
			r->sections[*slot].end += !drop[i - r->first];
		return;
	}
	first = &r->sections[*slot];
	for (size_t i = first->first; !first->counted && i < first->end; i++)
		count_of(r, &set->items[i])->most++;
	first->counted = true;
	r->number++;
	for (size_t i = r->first; i < set->n; i++) {
		struct count *c;

		if (drop[i - r->first])
			continue;
		c = count_of(r, &set->items[i]);
		if (c->section != r->number)
			c->here = 0;
		c->section = r->number;
		if (++c->here > c->most)
			c->most = c->here;
		else
			drop[i - r->first] = true;
	}
}

static void settle_section(struct reader *r)
{
	struct predictions *set = r->set;
	size_t kept = r->first;
	struct groups by_text;
	bool *drop;

	groups_init(&by_text, r->first, set->n - r->first);
	for (size_t i = r->first; i < set->n; i++) {
		if (set->items[i].claim == CLAIM_HEAP)
			group_add(&by_text, &set->items[i].pos, set->items[i].expr, i);
	}
	pair_explanations(r, &by_text);
	for (size_t i = 0; i < r->n_explanations; i++) {
		if (r->explanations[i].item != NONE)
			mark_boxed(r, &by_text, &r->explanations[i]);
	}
	groups_release(&by_text);
	drop = xcalloc(set->n - r->first + 1, sizeof(*drop));
	settle_parameters(r, drop);
	merge_section(r, drop);
	hand_out_flow(r, drop);
	for (size_t i = r->first; i < set->n; i++) {
		if (!drop[i - r->first])
			set->items[kept++] = set->items[i];
	}
	set->n = kept;
	free(drop);
}

static void end_section(struct reader *r)
{
	if (r->set->n > r->first || r->n_explanations)
		settle_section(r);
	r->first = r->set->n;
	r->n_events = r->n_functions = r->n_explanations = r->n_flow = 0;
	r->all_functions = false;
	strbuf_clear(&r->flow_text);
	strbuf_clear(&r->header);
	r->explaining = r->last_heap = NONE;
	r->address_pending = false;
}

static void begin_section(struct reader *r, const char *path, size_t len)
{
	struct predictions *set = r->set;
	const char *variant = memmem(path, len, " [", 2);
	bool is_new;

	end_section(r);
	if (variant) /* "# p [p.test]": p compiled for a test */
		len = (size_t)(variant - path);
	r->package = strpool_add_n(set->pool, path, len);
	r->repeated = u64map_find(&r->section_of, (uintptr_t)r->package) != NULL;
	u64map_at(&r->packages, (uintptr_t)r->package, &is_new);
	if (is_new)
		predictions_add_package(set, r->package);
}

/* ---- lines ---- */

static void add_event(struct reader *r, const struct message *m, enum event_kind kind)
{
	ARRAY_GROW(r->events, r->n_events + 1, r->alloc_events);
	r->events[r->n_events++] = (struct event){r->file, m->line, kind, r->set->n ? r->set->n - 1 : 0};
}

/* A variable of no position, such as a range-over-func body's #next, is reported without one. */
static bool is_moved_nowhere(const char *line, size_t len)
{
	return len > strlen("moved to heap: ") && starts(line, len, "moved to heap: ");
}

static const char *intern_file(struct reader *r, const struct message *m)
{
	if (!r->file || r->file_len != m->file_len || memcmp(r->file, m->file, m->file_len) != 0) {
		r->file = strpool_add_n(r->set->pool, m->file, m->file_len);
		r->file_len = m->file_len;
	}
	return r->file;
}

static struct prediction *add_prediction(struct reader *r, const struct message *m, enum claim claim, const char *expr,
					 size_t len)
{
	struct prediction *p = predictions_add(r->set);

	p->claim = claim;
	p->package = r->package;
	p->pos = (struct position){intern_file(r, m), m->line, m->column};
	p->expr = strpool_add_n(r->set->pool, expr, len);
	return p;
}

static void begin_explanation(struct reader *r, const struct message *m, const char *expr, size_t len,
			      const char *function, size_t function_len)
{
	struct explanation *e;

	ARRAY_GROW(r->explanations, r->n_explanations + 1, r->alloc_explanations);
	r->explaining = r->n_explanations;
	e = &r->explanations[r->n_explanations++];
	*e = (struct explanation){.pos = {intern_file(r, m), m->line, m->column},
				  .expr = strpool_add_n(r->set->pool, expr, len),
				  .first = r->n_flow,
				  .item = NONE};
	if (function)
		e->function = strpool_add_n(r->set->pool, function, function_len);
}

/* One step of the explanation being read, without position and blanks; a flow line loses its final colon. */
static void add_flow(struct reader *r, const char *s, size_t len)
{
	struct explanation *e = &r->explanations[r->explaining];
	const char *reason;
	size_t n;

	while (len && (*s == ' ' || *s == '\t')) {
		s++;
		len--;
	}
	if (starts(s, len, "flow: ") && s[len - 1] == ':')
		len--;
	if (e->n == PREDICTION_WHY_LIMIT) {
		e->left_out++;
		reason = diagnostics_reason(s, len, &n);
		if (reason)
			e->reason = strpool_add_n(r->set->pool, reason, n);
		return;
	}
	ARRAY_GROW(r->flow, r->n_flow + 1, r->alloc_flow);
	if (r->repeated) {
		r->flow[r->n_flow++] = r->flow_text.len;
		strbuf_add(&r->flow_text, s, len);
		strbuf_addch(&r->flow_text, '\0');
	} else {
		r->flow[r->n_flow++] = (uintptr_t)strpool_add_n(r->set->pool, s, len);
	}
	e->n++;
}

/* A line of which only the continuations matter, or, for explaining == NONE, not even those. */
static void set_header(struct reader *r, const char *line, const struct message *m)
{
	strbuf_clear(&r->header);
	strbuf_add(&r->header, line, (size_t)(m->text - 1 - line));
}

/* Of the functions declared at the top of a file, but for those whose name is not theirs alone or is written otherwise
 * in the binary: closures, init functions, shapes of generic functions. */
static void add_declaration(struct reader *r, const struct message *m)
{
	const char *name = m->text + (m->text[3] == ' ' ? strlen("can inline ") : strlen("cannot inline "));
	size_t len = m->len - (size_t)(name - m->text), i = 0;
	struct declaration *d;

	while (i < len && !strchr(" :[", name[i]))
		i++;
	if (i == 0 || (i < len && name[i] == '[') || contains(name, i, ".func") || contains(name, i, "-range") ||
	    (i == 1 && name[0] == '_') || (i == 4 && memcmp(name, "init", 4) == 0))
		return;
	d = predictions_declare(r->set);
	d->package = r->package;
	d->file = intern_file(r, m);
	d->name = strpool_add_n(r->set->pool, name, i);
	d->line = m->line;
}

static void add_function_line(struct reader *r, const struct message *m)
{
	if (starts(m->text, m->len, "cannot inline ")) {
		const char *colon = memmem(m->text, m->len, ": ", 2);

		if (contains(m->text, colon ? (size_t)(colon - m->text) : m->len,
			     " into ")) /* a call, not a function */
			return;
		r->all_functions = true;
	} else if (!r->all_functions) {
		r->all_functions = contains(m->text, m->len, " with cost ") || contains(m->text, m->len, " as: ");
	}
	ARRAY_GROW(r->functions, r->n_functions + 1, r->alloc_functions);
	r->functions[r->n_functions++] = (struct function_line){.file = intern_file(r, m), .line = m->line};
	add_declaration(r, m);
}

static void read_escapes(struct reader *r, const struct message *m)
{
	size_t len = m->len - strlen(" escapes to heap");
	struct prediction *p;

	if (is_address(m->text, len)) { /* old form: its steps explain the variable that is named next */
		begin_explanation(r, m, m->text, len, NULL, 0);
		r->explanations[r->explaining].is_address = true;
		r->address_pending = true;
		return;
	}
	p = add_prediction(r, m, CLAIM_HEAP, m->text, len);
	p->kind = expr_kind_of(p->expr);
	r->last_heap = r->set->n - 1;
	add_event(r, m, EVENT_ALLOCATION);
}

static void read_moved(struct reader *r, const struct message *m)
{
	size_t skip = strlen("moved to heap: ");

	add_prediction(r, m, CLAIM_HEAP, m->text + skip, m->len - skip)->kind = EXPR_MOVED;
	add_event(r, m, EVENT_ALLOCATION);
}

static void read_stays(struct reader *r, const struct message *m)
{
	const char *s = m->text;
	size_t len = m->len - strlen(" does not escape");
	size_t function_len = old_function(s, len);
	struct prediction *p;

	s += function_len;
	len -= function_len;
	if (len == 0 || is_address(s, len))
		return;
	p = add_prediction(r, m, CLAIM_STACK, s, len);
	p->kind = expr_kind_of(p->expr);
	if (function_len)
		p->function = strpool_add_n(r->set->pool, m->text, function_len - 1);
	p->maybe_parameter = p->kind == EXPR_OTHER && is_name(s, len);
	add_event(r, m, p->maybe_parameter ? EVENT_UNDECIDED : EVENT_ALLOCATION);
}

/* A step of the old form. */
static void read_old_step(struct reader *r, const struct message *m)
{
	if (!r->address_pending && r->last_heap != NONE) {
		const struct prediction *p = &r->set->items[r->last_heap];

		begin_explanation(r, m, p->expr, strlen(p->expr), NULL, 0);
		r->explanations[r->explaining].item = r->last_heap;
		r->last_heap = NONE;
	}
	if (r->explaining != NONE)
		add_flow(r, m->text, m->len);
}

static void unknown_line(struct reader *r, const char *line, size_t len)
{
	struct predictions *set = r->set;
	size_t i = set->unknown_lines++;

	if (i < ARRAY_SIZE(set->unknown))
		set->unknown[i] = strpool_add_n(set->pool, line, len < 400 ? len : 400);
}

static void read_message(struct reader *r, const char *line, size_t len, const struct message *m)
{
	const char *s = m->text;
	size_t n, function_len;
	const char *function;
	size_t address;

	if (s[-1] == '\t' || s[0] == '\t') {
		read_old_step(r, m);
		r->known++;
		return;
	}
	if (s[0] == ' ') /* a continuation whose header is missing, in a log that was cut */
		return;
	address = r->address_pending ? r->explaining : NONE;
	strbuf_clear(&r->header);
	r->address_pending = false;
	r->explaining = r->last_heap = NONE;
	r->known++;
	switch (s[m->len - 1]) {
	case 'p':
		if (m->len > strlen(" escapes to heap") && ends(s, m->len, " escapes to heap")) {
			read_escapes(r, m);
			return;
		}
		break;
	case 'e':
		if (m->len > strlen(" does not escape") && ends(s, m->len, " does not escape")) {
			read_stays(r, m);
			return;
		}
		break;
	case ':':
		if (is_explanation(s, m->len, &n, &function, &function_len)) {
			if (function)
				r->set->build.since_minor = 25;
			else
				r->set->build.before_minor = 25;
			begin_explanation(r, m, s, n, function, function_len);
			set_header(r, line, m);
			return;
		}
		if (starts(s, m->len, "parameter ")) {
			set_header(r, line, m);
			return;
		}
		break;
	default:
		break;
	}
	switch (s[0]) {
	case 'm':
		if (m->len > strlen("moved to heap: ") && starts(s, m->len, "moved to heap: ")) {
			read_moved(r, m);
			if (address != NONE)
				r->explanations[address].item = r->set->n - 1;
			return;
		}
		break;
	case 'c':
		if (starts(s, m->len, "can inline ") || starts(s, m->len, "cannot inline ")) {
			add_function_line(r, m);
			return;
		}
		break;
	case 'l':
		if (starts(s, m->len, "leaking param")) {
			intern_file(r, m);
			add_event(r, m, EVENT_PARAMETER);
			return;
		}
		break;
	case 'z':
		if (starts(s, m->len, "zero-copy ") && r->set->n > r->first) {
			struct prediction *p = &r->set->items[r->set->n - 1];

			if (p->kind == EXPR_STRING_CONV && p->pos.line == m->line && p->pos.column == m->column)
				p->zero_copy = true;
			return;
		}
		break;
	default:
		break;
	}
	if (is_information(s, m->len))
		return;
	r->known--;
	unknown_line(r, line, len);
}

static void read_line(struct reader *r, const char *line, size_t len)
{
	size_t header = r->header.len;
	struct message m;

	if (header && len > header + 2 && line[header] == ' ' && line[header + 1] == ' ' &&
	    memcmp(line, r->header.buf, header) == 0) {
		if (r->explaining != NONE)
			add_flow(r, line + header, len - header);
		return;
	}
	if (starts(line, len, "# ")) {
		begin_section(r, line + 2, len - 2);
		return;
	}
	/* Diagnostics are text; a NUL would cut the strings made of them. */
	if (split(line, len, &m) && m.len && !memchr(line, '\0', len)) {
		read_message(r, line, len, &m);
	} else if (is_moved_nowhere(line, len) && !memchr(line, '\0', len)) {
		m = (struct message){
			.file = unknown_position, .file_len = sizeof(unknown_position) - 1, .text = line, .len = len};
		r->known++;
		read_moved(r, &m);
	}
}

static int read_all(struct predictions *set, struct lines *lines, const char *name, struct error *err)
{
	struct reader r = {.set = set,
			   .first = set->n,
			   .header = STRBUF_INIT,
			   .flow_text = STRBUF_INIT,
			   .explaining = NONE,
			   .last_heap = NONE};
	const char *line;
	size_t len;
	int ret = 0;

	for (size_t i = 0; i < set->n_packages; i++)
		u64map_at(&r.packages, (uintptr_t)set->packages[i], NULL);

	while (lines_next(lines, &line, &len)) {
		set->lines++;
		read_line(&r, line, len);
	}
	end_section(&r);
	if (lines->error)
		ret = error_set(err, lines->error, "diagnostics: failed to read '%s': %s", name,
				strerror(-lines->error));
	else if (r.known == 0)
		ret = error_set(
			err, -ENODATA,
			"diagnostics: failed to find any in '%s': none of its %zu lines is a compiler diagnostic; "
			"make the log with: go build -gcflags=-m=2 PACKAGE 2>FILE",
			name, set->lines);
	free(r.events);
	free(r.functions);
	free(r.explanations);
	free(r.flow);
	strbuf_release(&r.flow_text);
	free(r.sections);
	free(r.counts);
	u64map_release(&r.section_of);
	u64map_release(&r.count_at);
	u64map_release(&r.packages);
	strbuf_release(&r.header);
	return ret;
}

int predictions_read_log(struct predictions *set, FILE *f, const char *name, struct error *err)
{
	struct lines lines;
	int ret;

	lines_init_file(&lines, f);
	ret = read_all(set, &lines, name, err);
	lines_release(&lines);
	return ret;
}

int predictions_read_log_bytes(struct predictions *set, const char *data, size_t size, const char *name,
			       struct error *err)
{
	struct lines lines;
	int ret;

	lines_init_bytes(&lines, data, size);
	ret = read_all(set, &lines, name, err);
	lines_release(&lines);
	return ret;
}
