/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of Go's grammar as it takes to find the comments and the ends of functions: brackets, the word func, and that
 * the brace behind struct or interface opens no body. The tokens are predict/lexer.h's.
 */
#include "audit/directive.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "predict/lexer.h"

struct scanner {
	struct directives *out;
	struct strpool *pool;
	int line; /* where the last token ends */
	bool code_on_line;
	long parens, brackets, braces;
	struct token last;

	size_t pending; /* first directive that waits for code */

	/* the function literal whose header we are in */
	bool in_literal;
	int literal_line;
	long literal_parens, literal_brackets, literal_types; /* around it, and braces of its types */
	bool opens_literal; /* the last token is the brace of its body, on the line of its func keyword */
	/* directives about literals whose bodies are open, outermost first */
	struct open_literal {
		size_t directive;
		long braces; /* around the body */
	} * open;
	size_t n_open, alloc_open;

	/* the function declaration we are in */
	bool in_header, in_body;
	long type_braces; /* of a struct or interface in the header */
	int func_line, header_last;
	const char *receiver; /* begin and end of its text */
	size_t receiver_len;
	const char *name;
	size_t first_of_func; /* directives from here on may be about it, up to the brace */
};

/* Whether the last token was this one. */
static bool is_behind(const struct scanner *s, const char *text)
{
	return s->last.text && token_is(&s->last, text);
}

static bool is_outside(const struct scanner *s)
{
	return s->parens == 0 && s->brackets == 0;
}

/* ---- comments --------------------------------------------------------------------------------------------------- */

static bool begins(const char *p, const char *end, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(end - p) >= n && memcmp(p, text, n) == 0;
}

static size_t blanks(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && (p[n] == ' ' || p[n] == '\t' || p[n] == '\r'))
		n++;
	return n;
}

static size_t text_length(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && !blanks(p + n, end))
		n++;
	return n;
}

/* Whether noescape is in the list "bce,inline,noescape". */
static bool lists_noescape(const char *p, const char *end)
{
	static const char want[] = "noescape";

	while (p < end) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		const char *to = comma ? comma : end;

		if ((size_t)(to - p) == strlen(want) && memcmp(p, want, strlen(want)) == 0)
			return true;
		p = comma ? comma + 1 : end;
	}
	return false;
}

static const char ours[] = "//escaudit:", theirs[] = "//gcassert:";

/* A comment of ours, from its slashes to the end of the line. False if it is none. */
static bool read_directive(struct directive *d, const char *p, const char *end)
{
	bool is_ours = begins(p, end, ours);
	const char *word = p + strlen(ours), *rest;
	size_t len;

	if (!is_ours && !begins(p, end, theirs))
		return false;
	len = text_length(word, end);
	if (!is_ours) {
		d->kind = DIRECTIVE_NOESCAPE;
		return lists_noescape(word, word + len);
	}
	d->kind = len == 7 && memcmp(word, "noalloc", 7) == 0 ? DIRECTIVE_NOALLOC : DIRECTIVE_UNKNOWN;
	rest = word + len;
	rest += blanks(rest, end);
	len = text_length(rest, end);
	if (len == 5 && memcmp(rest, "calls", 5) == 0) {
		d->calls = true;
		rest += len;
		rest += blanks(rest, end);
	}
	if (rest < end && !begins(rest, end, "//"))
		d->kind = DIRECTIVE_UNKNOWN; /* a word misspelt must not make it say less */
	return true;
}

static void add_directive(struct scanner *s, struct directive d, const char *begin, const char *end)
{
	const char *remark = begin + 2;

	while (remark + 2 < end && !(blanks(remark, end) && begins(remark + blanks(remark, end), end, "//")))
		remark++;
	if (remark + 2 < end)
		end = remark;
	while (end > begin && blanks(end - 1, end))
		end--;
	d.text = strpool_add_n(s->pool, begin, (size_t)(end - begin));
	d.line = s->line;
	if (s->code_on_line)
		d.first = d.last = d.end = s->line;
	if (s->opens_literal) {
		d.is_literal = true;
		d.function = "func literal";
		ARRAY_GROW(s->open, s->n_open + 1, s->alloc_open);
		s->open[s->n_open++] = (struct open_literal){s->out->n, s->braces - 1};
	}
	ARRAY_GROW(s->out->items, s->out->n + 1, s->out->alloc);
	s->out->items[s->out->n++] = d;
	/* Behind the line of a func keyword it waits for the end of the function, not for code. */
	if (s->code_on_line && s->pending == s->out->n - 1)
		s->pending = s->out->n;
}

static void comment(struct scanner *s, const struct token *token)
{
	const char *end = token->text + token->length;
	struct directive d = {.line = 0};

	if (begins(token->text, end, "//line ") || begins(token->text, end, "/*line "))
		s->out->has_line_comments = true;
	else if (read_directive(&d, token->text, end))
		add_directive(s, d, token->text, end);
}

/* ---- functions -------------------------------------------------------------------------------------------------- */

/* "c *Cart[K, V]" and "Add": "(*Cart).Add" */
static const char *function_name(struct scanner *s)
{
	const char *begin = s->receiver, *end;

	if (!s->name)
		return "func literal";
	if (!begin)
		return s->name;
	end = memchr(begin, '[', s->receiver_len);
	end = end ? end : begin + s->receiver_len;
	while (end > begin && blanks(end - 1, end))
		end--;
	for (const char *p = begin; p < end; p++) {
		if (blanks(p, end) || *p == '\n')
			begin = p + 1;
	}
	if (begin < end && *begin == '*')
		return strpool_addf(s->pool, "(%.*s).%s", (int)(end - begin), begin, s->name);
	return strpool_addf(s->pool, "%.*s.%s", (int)(end - begin), begin, s->name);
}

/* The directives above the function, and those behind the line of the func keyword. */
static bool is_about_function(const struct scanner *s, const struct directive *d)
{
	return d->first == 0 || d->first == s->func_line;
}

static void end_function(struct scanner *s)
{
	const char *function = function_name(s);

	for (size_t i = s->first_of_func; i < s->out->n; i++) {
		struct directive *d = &s->out->items[i];

		if (d->line > s->func_line)
			break;
		if (!is_about_function(s, d) || d->is_literal)
			continue;
		d->function = function;
		d->first = s->func_line;
		/* The assertion speaks of a function's parameters, not of its body. */
		d->last = d->kind == DIRECTIVE_NOESCAPE ? s->header_last : s->line;
		d->end = s->line;
	}
	s->in_header = s->in_body = false;
}

static void begin_function(struct scanner *s)
{
	s->in_header = true;
	s->type_braces = 0;
	s->func_line = s->header_last = s->line;
	s->receiver = s->name = NULL;
	s->receiver_len = 0;
	s->first_of_func = s->pending;
}

/* The first code behind directives that stood alone: they are about its line, or about the function it begins. */
static void meet_code(struct scanner *s, bool is_func)
{
	s->code_on_line = true;
	if (is_func)
		begin_function(s);
	for (; s->pending < s->out->n; s->pending++) {
		struct directive *d = &s->out->items[s->pending];

		if (!is_func && d->first == 0)
			d->first = d->last = d->end = s->line;
	}
}

/* Whether func begins a literal here, and not a type: as an element's, behind a name, behind chan. */
static bool is_literal(const struct scanner *s)
{
	static const char *const before[] = {"return", "go", "defer", "range", "case", "if", "for", "switch"};

	if (s->in_header || !s->last.text)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		if (is_behind(s, before[i]))
			return true;
	}
	return s->last.kind == TOKEN_OPERATOR && !is_behind(s, "]") && !is_behind(s, "*") && !is_behind(s, ")");
}

static void begin_literal(struct scanner *s)
{
	s->in_literal = true;
	s->literal_line = s->line;
	s->literal_parens = s->parens;
	s->literal_brackets = s->brackets;
	s->literal_types = 0;
}

static void open_literal(struct scanner *s)
{
	if (s->parens != s->literal_parens || s->brackets != s->literal_brackets)
		return;
	if (s->literal_types || is_behind(s, "struct") || is_behind(s, "interface")) {
		s->literal_types++;
		return;
	}
	s->in_literal = false;
	s->opens_literal = s->literal_line == s->line;
}

/* The end of a body that directives are about. */
static void close_literal(struct scanner *s)
{
	while (s->n_open && s->open[s->n_open - 1].braces >= s->braces) {
		struct directive *d = &s->out->items[s->open[--s->n_open].directive];

		d->last = d->kind == DIRECTIVE_NOESCAPE ? d->last : s->line;
		d->end = s->line;
	}
}

static void open_brace(struct scanner *s)
{
	if (s->in_header && is_outside(s)) {
		if (s->type_braces || is_behind(s, "struct") || is_behind(s, "interface")) {
			s->type_braces++;
		} else {
			s->in_header = false;
			s->in_body = true;
			s->header_last = s->line;
		}
	} else if (s->in_literal) {
		open_literal(s);
	}
	s->braces++;
}

static void close_brace(struct scanner *s)
{
	if (s->braces > 0)
		s->braces--;
	close_literal(s);
	if (s->in_literal && s->literal_types && s->parens == s->literal_parens)
		s->literal_types--;
	if (s->in_header && s->type_braces && is_outside(s))
		s->type_braces--;
	else if (s->in_body && s->braces == 0)
		end_function(s);
}

/* Whether a statement ends with the line, behind the last token. */
static bool ends_statement(const struct scanner *s)
{
	if (s->last.kind == TOKEN_OPERATOR)
		return is_behind(s, ")") || is_behind(s, "]") || is_behind(s, "}");
	return s->last.text != NULL;
}

/* The next token stands on a line further down. A declaration without a body ends with its line. */
static void go_to_line(struct scanner *s, int line)
{
	if (line == s->line)
		return;
	if (s->in_header && ends_statement(s) && is_outside(s) && !s->type_braces && s->name) {
		s->header_last = s->line;
		end_function(s);
	}
	s->line = line;
	s->code_on_line = false;
	s->opens_literal = false;
}

static void word(struct scanner *s, const struct token *token)
{
	bool top = !s->in_header && !s->in_body && is_outside(s) && s->braces == 0;
	bool first = !s->code_on_line;

	/* The name stands behind func, or behind the receiver. */
	if (s->in_header && !s->name && is_outside(s) && (is_behind(s, "func") || (is_behind(s, ")") && s->receiver)))
		s->name = strpool_add_n(s->pool, token->text, token->length);
	meet_code(s, top && first && token_is(token, "func"));
	if (token_is(token, "func") && !(top && first) && is_literal(s))
		begin_literal(s);
}

static void punctuation(struct scanner *s, const struct token *token)
{
	meet_code(s, false);
	switch (*token->text) {
	case '(':
		s->parens++;
		if (s->in_header && !s->name && is_behind(s, "func") && !s->receiver)
			s->receiver = token->text + 1;
		break;
	case ')':
		s->parens -= s->parens > 0;
		if (s->in_header && s->receiver && !s->receiver_len && s->parens == 0 && !s->name)
			s->receiver_len = (size_t)(token->text - s->receiver);
		break;
	case '[':
		s->brackets++;
		break;
	case ']':
		s->brackets -= s->brackets > 0;
		break;
	case '{':
		open_brace(s);
		break;
	case '}':
		close_brace(s);
		break;
	default:
		break;
	}
}

void directives_scan(struct directives *out, struct strpool *pool, const char *source, size_t size)
{
	struct scanner s = {.out = out, .pool = pool, .line = 1, .pending = out->n};
	struct lexer lexer;
	struct token token;

	/* Nearly all files have none. */
	if (!memmem(source, size, ours, strlen(ours)) && !memmem(source, size, theirs, strlen(theirs)))
		return;
	for (lexer_init(&lexer, source, size); lexer_next(&lexer, &token);) {
		go_to_line(&s, token.line);
		if (token.kind == TOKEN_COMMENT) {
			comment(&s, &token);
			go_to_line(&s, lexer.line); /* one of several lines ends a statement, too */
			continue;
		}
		s.opens_literal = false;
		if (token.kind == TOKEN_WORD)
			word(&s, &token);
		else if (token.kind == TOKEN_OPERATOR)
			punctuation(&s, &token);
		else
			meet_code(&s, false);
		s.last = token;
		s.line = lexer.line; /* a string may have ended further down */
	}
	go_to_line(&s, lexer.line);
	if (s.in_header || s.in_body)
		end_function(&s);
	s.braces = 0; /* whatever is open ends with the file */
	close_literal(&s);
	free(s.open);
}

void directives_release(struct directives *d)
{
	free(d->items);
	*d = (struct directives){.items = NULL};
}
