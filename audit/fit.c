/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/fit.h"

#include <ctype.h>
#include <string.h>

#include "symbolize/go_name.h"

#define CAUSE_BIT(c) (1u << (c))
static const unsigned boxing = CAUSE_BIT(CAUSE_INTERFACE_CONVERSION);

/* ---- the text ---------------------------------------------------------------------------------------------------- */

static unsigned primary_causes(enum expr_kind kind)
{
	switch (kind) {
	case EXPR_MOVED:
	case EXPR_COMPOSITE:
	case EXPR_NEW:
	case EXPR_SLICE_LIT:
	case EXPR_ARGUMENT:
		return CAUSE_BIT(CAUSE_NEW_OBJECT);
	case EXPR_MAKE_SLICE:
		return CAUSE_BIT(CAUSE_MAKE_SLICE);
	case EXPR_MAKE_MAP:
		return CAUSE_BIT(CAUSE_MAKE_MAP);
	case EXPR_MAKE_CHAN:
		return CAUSE_BIT(CAUSE_MAKE_CHAN);
	case EXPR_FUNC_LIT:
		return CAUSE_BIT(CAUSE_CLOSURE) | CAUSE_BIT(CAUSE_METHOD_VALUE);
	case EXPR_METHOD_VALUE:
		return CAUSE_BIT(CAUSE_METHOD_VALUE);
	case EXPR_CONCAT:
		return CAUSE_BIT(CAUSE_STRING_CONCATENATION);
	case EXPR_STRING_CONV:
		return CAUSE_BIT(CAUSE_STRING_CONVERSION);
	case EXPR_APPEND:
		return CAUSE_BIT(CAUSE_APPEND_GROWTH);
	case EXPR_OTHER:
		return boxing;
	case EXPR_CONSTANT: /* boxed in read-only data, without a call */
		return 0;
	}
	return 0;
}

static unsigned secondary_causes(const struct prediction *p, const struct reading *r)
{
	switch (p->kind) {
	case EXPR_OTHER:
		if (r->operand != EXPR_OTHER) /* another prediction says the same text of what is made */
			return 0;
		if (r->is_application) /* to a string or a slice of bytes or runes; of a constant as below */
			return CAUSE_BIT(CAUSE_STRING_CONVERSION) | CAUSE_BIT(CAUSE_NEW_OBJECT);
		return (r->selector ? CAUSE_BIT(CAUSE_METHOD_VALUE) : 0) |
		       (r->is_literal ? CAUSE_BIT(CAUSE_NEW_OBJECT) | CAUSE_BIT(CAUSE_MAKE_MAP) : 0);
	case EXPR_STRING_CONV: /* of a constant that the text does not show to be one */
		return CAUSE_BIT(CAUSE_NEW_OBJECT);
	default:
		return 0;
	}
}

static bool ends_with(const char *s, size_t len, const char *tail)
{
	size_t n = strlen(tail);

	return len >= n && memcmp(s + len - n, tail, n) == 0;
}

/* "T" of "T{...}", "T{}" and "T literal". */
static size_t literal_type(const char *s, size_t len)
{
	if (ends_with(s, len, " literal"))
		return len - strlen(" literal");
	if (ends_with(s, len, "{...}"))
		return len - strlen("{...}");
	return ends_with(s, len, "{}") ? len - strlen("{}") : 0;
}

/* The end of an element type that begins at s: brackets close before it ends. */
static size_t type_length(const char *s)
{
	size_t depth = 0, i;

	for (i = 0; s[i]; i++) {
		if (strchr("([{", s[i]))
			depth++;
		else if (depth == 0 && strchr(",)", s[i]))
			break;
		else if (strchr(")]}", s[i]))
			depth--;
	}
	return i;
}

static const char *named_type(struct strpool *pool, const struct prediction *p)
{
	const char *s = p->expr;
	size_t len = strlen(s);

	switch (p->kind) {
	case EXPR_COMPOSITE:
		len = literal_type(s, len);
		if (len == 0)
			return NULL;
		len -= *s == '&';
		s += *s == '&';
		break;
	case EXPR_OTHER:
		len = literal_type(s, len);
		break;
	case EXPR_NEW:
		if (strncmp(s, "new(", 4) != 0)
			return NULL;
		s += 4;
		len = type_length(s);
		break;
	case EXPR_MAKE_SLICE:
		if (strncmp(s, "make([]", 7) != 0)
			return NULL;
		s += 7;
		len = type_length(s);
		break;
	case EXPR_SLICE_LIT:
		len = literal_type(s, len);
		if (len < 2 || strncmp(s, "[]", 2) != 0)
			return NULL;
		s += 2;
		len -= 2;
		break;
	default:
		return NULL;
	}
	return len ? strpool_add_n(pool, s, len) : NULL;
}

static bool is_name(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_' && !(*s & 0x80))
		return false;
	while (isalnum((unsigned char)*s) || *s == '_' || *s & 0x80)
		s++;
	return *s == '\0';
}

static const char *selector_of(const char *s)
{
	const char *dot = strrchr(s, '.');

	return dot && dot > s && is_name(dot + 1) ? dot + 1 : NULL;
}

/* The number that the len bytes are, also "int(5)" (1.19 in generic code); UINT64_MAX if they are anything else. */
static uint64_t whole_number(const char *s, size_t len)
{
	uint64_t n = 0;

	if (len > 5 && memcmp(s, "int(", 4) == 0 && s[len - 1] == ')') {
		s += 4;
		len -= 5;
	}
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)s[i]) || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(s[i] - '0'), &n))
			return UINT64_MAX;
	}
	return len ? n : UINT64_MAX;
}

/* The capacity, or else the length, of make([]T, length, capacity), if that argument is a number. */
static uint64_t make_elements(const char *s)
{
	size_t len = strlen(s), start, end;

	if (strncmp(s, "make(", 5) != 0 || !expr_argument(s, len, 4, 1, &start, &end))
		return UINT64_MAX;
	expr_argument(s, len, 4, 2, &start, &end);
	return whole_number(s + start, end - start);
}

/* An array of bytes that is copied into a new one (cmd/compile/internal/walk, walkStringToBytes). */
static bool is_constant_bytes(struct strpool *pool, const char *expr)
{
	size_t open = strncmp(expr, "([]byte)(", 9) == 0 ? 8 : strncmp(expr, "([]uint8)(", 10) == 0 ? 9 : 0;
	size_t len = strlen(expr), start, end;

	return open && expr_argument(expr, len, open, 0, &start, &end) && end + 1 == len &&
	       expr_kind_of(strpool_add_n(pool, expr + start, end - start)) == EXPR_CONSTANT;
}

/* A sum is one node of the compiler's, with all its operands, as it is printed and as it is compiled (walkAddString).
 */
static size_t summands_of(const char *expr, enum expr_kind kind)
{
	size_t len = strlen(expr), start, end;
	const char *open = strchr(expr, '(');

	if (kind == EXPR_CONCAT)
		return expr_summands(expr, len);
	if (kind != EXPR_STRING_CONV || !open)
		return SIZE_MAX;
	if (open == expr) /* "([]byte)(a + b)" */
		open = strstr(expr, ")(") + 1;
	if (!expr_argument(expr, len, (size_t)(open - expr), 0, &start, &end))
		return SIZE_MAX;
	return expr_summands(expr + start, end - start);
}

void reading_init(struct reading *r, struct strpool *pool, const struct prediction *p)
{
	const char *expr = p->expr ? p->expr : "";

	*r = (struct reading){.elements = UINT64_MAX, .primary = primary_causes(p->kind), .operand = p->kind};
	r->function = go_name_without_hash(pool, p->function);
	r->summands = summands_of(expr, p->kind);
	if (!p->expr)
		return;
	r->type = named_type(pool, p);
	if (p->kind == EXPR_MAKE_SLICE)
		r->elements = make_elements(expr);
	if (p->kind == EXPR_OTHER) {
		r->is_literal = r->type != NULL;
		r->selector = selector_of(expr);
		r->operand = expr_kind_of(expr);
		r->is_application = expr_is_application(expr);
	}
	r->is_box = p->kind == EXPR_OTHER || p->kind == EXPR_MAKE_SLICE || p->kind == EXPR_SLICE_LIT ||
		    p->kind == EXPR_CONCAT || p->kind == EXPR_STRING_CONV || p->kind == EXPR_APPEND;
	if (expr_makes_named(expr)) /* a slice, a map or a channel: "make(Header, n)" does not say which */
		r->primary |= CAUSE_BIT(CAUSE_MAKE_MAP) | CAUSE_BIT(CAUSE_MAKE_CHAN);
	r->secondary = secondary_causes(p, r);
	if (p->kind == EXPR_STRING_CONV && is_constant_bytes(pool, expr)) {
		r->primary = CAUSE_BIT(CAUSE_NEW_OBJECT);
		r->secondary = 0;
	}
}

/* ---- types ------------------------------------------------------------------------------------------------------- */

static const char *last_name(const char *type)
{
	const char *dot = strrchr(type, '.');

	return dot ? dot + 1 : type;
}

/* The last name of a qualified one: "int" of "go.shape.int", "T" of "main.T". Its length is *len, *end is behind it. */
static const char *bare_name(const char *s, size_t *len, const char **end)
{
	const char *name = s;

	for (; isalnum((unsigned char)*s) || *s == '_' || *s & 0x80 || *s == '.'; s++) {
		if (*s == '.')
			name = s + 1;
	}
	*len = (size_t)(s - name);
	*end = s;
	return name;
}

/* What cgo calls C.int, as texts do since Go 1.27, is _Ctype_int. Moves *b behind that, if *a stands behind "C.". */
static void skip_c(const char *source, const char *a, const char **b, size_t *b_len)
{
	size_t n = strlen(GO_NAME_OF_C);

	if (a == source + 2 && *source == 'C' && *b_len > n && memcmp(*b, GO_NAME_OF_C, n) == 0) {
		*b += n;
		*b_len -= n;
	}
}

static bool is_instance(const char *type)
{
	const char *end;
	size_t len;

	bare_name(type, &len, &end);
	return len && *end == '[';
}

/* Instances of generic types, but for what their names are qualified with: "T[go.shape.int]" and
 * "main.T[go.shape.int]". */
static bool is_same_instance(const char *source, const char *runtime)
{
	while (*source && *runtime) {
		size_t a_len, b_len;
		const char *a, *b, *start = source;

		a = bare_name(source, &a_len, &source);
		b = bare_name(runtime, &b_len, &runtime);
		skip_c(start, a, &b, &b_len);
		if (a_len == 4 && memcmp(a, "byte", 4) == 0)
			a = "uint8", a_len = 5;
		else if (a_len == 4 && memcmp(a, "rune", 4) == 0)
			a = "int32", a_len = 5;
		if (a_len != b_len || memcmp(a, b, a_len) != 0 || *source != *runtime)
			return false;
		source += *source != '\0';
		runtime += *runtime != '\0';
	}
	return *source == *runtime;
}

/* A name, but no type parameter's, which stands for any type, and no interface's, which is spelled out. */
static bool is_type_name(const char *type)
{
	const char *end;
	size_t len;

	bare_name(type, &len, &end);
	return len && !*end && strncmp(type, "go.shape.", 9) != 0 && strcmp(type, "any") != 0 &&
	       strcmp(type, "error") != 0;
}

/* "[]T", "[2]T", "map[K]V", "*T": what has a name of its own is never printed so. */
static bool is_composed(const char *type)
{
	return *type == '[' || *type == '*' || strncmp(type, "map[", 4) == 0;
}

enum fit fit_type(const char *source, const char *runtime)
{
	const char *a, *b;
	size_t n;

	if (!source || !*source || !runtime)
		return FIT_POSSIBLE;
	if (strcmp(source, runtime) == 0 || (strcmp(source, "any") == 0 && strcmp(runtime, "interface {}") == 0))
		return FIT_TYPE;
	if (*source == '[' && *runtime == '[') {
		a = strchr(source, ']');
		b = strchr(runtime, ']');
		if (a && b && a - source == b - runtime && memcmp(source, runtime, (size_t)(a - source)) == 0)
			return fit_type(a + 1, b + 1);
		if (isdigit((unsigned char)source[1]) && isdigit((unsigned char)runtime[1]))
			return FIT_NONE;
	}
	while (*source == '*' && *runtime == '*') {
		source++;
		runtime++;
	}
	if (is_instance(source) && is_instance(runtime))
		return is_same_instance(source, runtime) ? FIT_TYPE : FIT_UNLIKELY;
	if ((is_type_name(source) && is_composed(runtime)) || (is_composed(source) && is_type_name(runtime)))
		return FIT_NONE;
	if (strpbrk(source, "[]{}(*) ") || strpbrk(runtime, "[]{}(*) "))
		return FIT_POSSIBLE;
	a = last_name(source);
	b = last_name(runtime);
	n = strlen(b);
	skip_c(source, a, &b, &n);
	if (strcmp(a, "byte") == 0)
		a = "uint8";
	else if (strcmp(a, "rune") == 0)
		a = "int32";
	return strcmp(a, b) == 0 ? FIT_TYPE : FIT_UNLIKELY;
}

/* The element type of "[3]main.T". */
static const char *array_element(const char *type)
{
	const char *close = type && type[0] == '[' ? strchr(type, ']') : NULL;

	return close && close > type + 1 ? close + 1 : NULL;
}

/* The type arguments of the function that a site is compiled into, from the bracket on. NULL if it is not generic, or
 * if the linker dropped them, as it does up to Go 1.20. */
static const char *type_arguments(const struct rec_site *site)
{
	const char *arguments = site->n_frames ? strchr(site->frames[site->n_frames - 1].function, '[') : NULL;

	return arguments && strncmp(arguments, "[...]", 5) != 0 ? arguments : NULL;
}

/* Whether there is an argument of that shape, or one that begins with it. */
static bool is_argument(const char *arguments, const char *shape, size_t len, bool is_whole)
{
	for (const char *s = strstr(arguments, "go.shape."); s; s = strstr(s + 1, "go.shape.")) {
		if (strncmp(s, shape, len) == 0 && strchr("[,", s[-1]) && (!is_whole || strchr("],", s[len])))
			return true;
	}
	return false;
}

/*
 * A type parameter is named by its shape, which is also in the name of the function that was compiled for it:
 * "go.shape.int" and "main.makeOf[go.shape.int]". False if they contradict each other. Up to 1.19 the linker drops the
 * arguments from names, and numbers the parameters: "go.shape.int_0".
 */
static bool shape_fits(const char *source, const struct rec_site *site)
{
	const char *arguments = type_arguments(site);

	if (!source || !arguments)
		return true;
	source += *source == '*';
	return strncmp(source, "go.shape.", 9) != 0 || is_argument(arguments, source, strlen(source), true);
}

const char *fit_map_type(const struct prediction *p)
{
	size_t n = p->expr ? strlen(p->expr) : 0;

	if (!n || !strstr(p->expr, "go.shape."))
		return NULL;
	return strncmp(p->expr, "map[", 4) == 0 || (p->kind == EXPR_OTHER && ends_with(p->expr, n, "{...}")) ? p->expr
													     : NULL;
}

/*
 * The same for each shape in the type of a literal of a map or of an instance, where the function's own code is meant
 * and no inlined one's. Of shapes with types in them, "go.shape.struct { x int }" or "go.shape.*T", the beginning is
 * compared: texts and symbols qualify what is inside in different ways.
 */
static bool map_shapes_fit(const struct prediction *p, const struct rec_site *site)
{
	const char *arguments = site->n_frames == 1 ? type_arguments(site) : NULL, *text = fit_map_type(p);

	for (const char *s = text && arguments ? strstr(text, "go.shape.") : NULL; s; s = strstr(s + 1, "go.shape.")) {
		size_t prefix = strlen("go.shape."), len = prefix;

		while (isalnum((unsigned char)s[len]) || s[len] == '_')
			len++;
		if (!is_argument(arguments, s, len > prefix ? len : prefix + 1, len > prefix && !strchr(" ([", s[len])))
			return false;
	}
	return true;
}

/* ---- functions --------------------------------------------------------------------------------------------------- */

bool fit_function(const struct reading *r, const struct rec_site *site)
{
	const char *symbol;
	size_t package;

	if (!r->function || !site->n_frames)
		return true;
	symbol = site->frames[site->n_frames - 1].function;
	package = go_name_package_length(symbol);
	if (strncmp(symbol + package, ".", 1) == 0)
		package++;
	/* Up to 1.20 the linker shortens type arguments; diagnostics name functions since 1.25, and before 1.13. */
	return strcmp(symbol + package, r->function) == 0 || strstr(symbol, "[...]");
}

/* ---- fits -------------------------------------------------------------------------------------------------------- */

bool fit_insertion(const struct prediction *p, const struct reading *r, const struct rec_site *site, bool makes_map)
{
	if (!fit_function(r, site) || !map_shapes_fit(p, site))
		return false;
	return p->kind == EXPR_MAKE_MAP || makes_map ||
	       (r->is_literal && site->type && fit_type(r->type, site->type) == FIT_TYPE);
}

bool fit_is_merged(const struct rec_site *site)
{
	return !site->type && site->cause == CAUSE_NEW_OBJECT && go_runtime_is_allocator(site->callee);
}

/* The method's own name in that of the function which a method value stands for: "make" in "main.maker.make-fm". */
static bool is_method(const char *closure, const char *name)
{
	const char *last = strrchr(closure, '.');
	size_t n = strlen(name);

	return last && strncmp(last + 1, name, n) == 0 && strcmp(last + 1 + n, "-fm") == 0;
}

static enum fit closure_fit(const struct prediction *p, const struct rec_site *site)
{
	if (!site->closure)
		return FIT_POSSIBLE;
	/* Without a column the wrapper's explanation and a literal's of its line are in the same words at one position.
	 */
	if (go_name_is_wrapper(site->closure))
		return p->wrapper ? FIT_TYPE : p->pos.column ? FIT_NONE : FIT_UNLIKELY;
	/* What else the compiler wraps: a generic function used as a value. */
	return p->wrapper ? FIT_UNLIKELY : FIT_POSSIBLE;
}

/* "([]byte)(s)" makes bytes, and "string(b)" a string. */
static bool converts_to_it(const char *expr, const char *callee)
{
	bool to_string = strstr(callee, "tostring") || strstr(callee, "intstring");

	return to_string == (strncmp(expr, "string(", 7) == 0);
}

/* How many strings are put together: 3 by concatstring3 or concatbyte3, more than 5 by concatstrings; 0 if none are. */
static size_t summands_at(const struct rec_site *site)
{
	static const char *const prefixes[] = {"runtime.concatstring", "runtime.concatbyte"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t n = strlen(prefixes[i]);

		if (strncmp(site->callee, prefixes[i], n) == 0)
			return isdigit((unsigned char)site->callee[n]) ? (size_t)(site->callee[n] - '0') : 6;
	}
	return 0;
}

static enum fit make_slice_fit(const struct reading *r, const struct rec_site *site)
{
	uint64_t bytes;

	if (r->elements != UINT64_MAX && site->type_size && site->size &&
	    (__builtin_mul_overflow(r->elements, site->type_size, &bytes) || bytes != site->size))
		return FIT_NONE;
	return fit_type(r->type, site->type);
}

/* Whether an object of that type is not the named or unnamed slice, but what it points to. */
static bool is_array_behind(const char *source, const char *runtime)
{
	return source && array_element(runtime) && (*source != '[' || source[1] == ']');
}

enum fit fit_of(const struct prediction *p, const struct reading *r, const struct rec_site *site, unsigned causes)
{
	const unsigned decided = CAUSE_BIT(CAUSE_NEW_OBJECT) | CAUSE_BIT(CAUSE_CLOSURE) | CAUSE_BIT(CAUSE_METHOD_VALUE);
	const char *element = array_element(site->type);

	/*
	 * An object of known size that does not escape is a variable of the function: no call can make it, as one can
	 * where a buffer turns out to be too small (walkCompLit, walkNew, walkClosure, walkMethodValue in
	 * cmd/compile/internal/walk).
	 */
	if (p->claim == CLAIM_STACK && (decided & CAUSE_BIT(site->cause)))
		return FIT_NONE;
	if (!(causes & CAUSE_BIT(site->cause)) || !fit_function(r, site) || !shape_fits(r->type, site) ||
	    !map_shapes_fit(p, site))
		return FIT_NONE;
	/*
	 * "s += a + b" makes s + a + b, of which the compiler says nothing; of a + b, which nobody makes, it does.
	 * There may be fewer operands than are printed, as constants side by side are one.
	 */
	if (summands_at(site) > r->summands)
		return FIT_NONE;
	/* What is given a buffer on the stack does not escape. */
	if (p->claim == CLAIM_HEAP && site->buffer == SITE_BUFFER_STACK)
		return FIT_NONE;
	switch (p->kind) {
	case EXPR_ARGUMENT: /* the slice behind a variadic parameter is an array */
		return site->type && !element ? FIT_NONE : element ? FIT_TYPE : FIT_POSSIBLE;
	case EXPR_SLICE_LIT:
		if (!site->type)
			return FIT_POSSIBLE;
		return element ? fit_type(r->type, element) : FIT_NONE;
	case EXPR_COMPOSITE: /* "&[]T{...}" and "&list{...}" are two objects: the array behind the slice is the
				literal's */
		return is_array_behind(r->type, site->type) ? FIT_NONE : fit_type(r->type, site->type);
	case EXPR_MOVED:
		if (r->size && site->type_size && site->type_size != r->size)
			return FIT_NONE;
		/* the type is that of the receiver, which the variable may be */
		return r->type && fit_type(r->type, site->type) == FIT_TYPE ? FIT_TYPE : FIT_POSSIBLE;
	case EXPR_FUNC_LIT:
		return closure_fit(p, site);
	case EXPR_MAKE_SLICE:
		return site->cause == CAUSE_MAKE_SLICE ? make_slice_fit(r, site) : FIT_POSSIBLE;
	case EXPR_STRING_CONV:
		if (site->cause == CAUSE_STRING_CONVERSION && !converts_to_it(p->expr, site->callee))
			return FIT_NONE;
		if (site->cause == CAUSE_NEW_OBJECT)
			return element && strcmp(element, "uint8") == 0 ? FIT_POSSIBLE : FIT_NONE;
		return FIT_POSSIBLE;
	case EXPR_OTHER:
		if (site->cause == CAUSE_METHOD_VALUE)
			return !site->closure			       ? FIT_POSSIBLE
			       : is_method(site->closure, r->selector) ? FIT_TYPE
								       : FIT_NONE;
		if (site->cause == CAUSE_NEW_OBJECT && r->is_application)
			return element && strcmp(element, "uint8") == 0 ? FIT_POSSIBLE : FIT_NONE;
		if (site->cause == CAUSE_NEW_OBJECT)
			return element ? FIT_POSSIBLE : FIT_NONE;
		if (site->cause == CAUSE_MAKE_MAP || site->cause == CAUSE_STRING_CONVERSION)
			return FIT_POSSIBLE;
		return fit_type(r->type, site->type);
	default:
		return fit_type(r->type, site->type);
	}
}

enum fit fit_of_box(const struct prediction *p, const struct reading *r, const struct rec_site *site)
{
	bool is_string = strcmp(site->callee, "runtime.convTstring") == 0;
	bool is_slice = strcmp(site->callee, "runtime.convTslice") == 0;

	if (site->cause != CAUSE_INTERFACE_CONVERSION || !fit_function(r, site) || !map_shapes_fit(p, site))
		return FIT_NONE;
	/* "append" alone is the slice's growth; a boxed one is printed with its arguments. */
	if (!r->is_box || p->kind == EXPR_APPEND)
		return FIT_NONE;
	switch (r->operand) {
	case EXPR_CONCAT: /* or a sum: without a constant among its operands the text does not tell */
		if (strchr(p->expr, '"'))
			return is_string ? FIT_TYPE : FIT_NONE;
		return is_slice ? FIT_NONE : FIT_POSSIBLE;
	case EXPR_SLICE_LIT:
		if (is_slice && r->type && site->type) /* the text of a slice's literal names its element */
			return p->kind == EXPR_SLICE_LIT && strncmp(site->type, "[]", 2) == 0
				       ? fit_type(r->type, site->type + 2)
				       : fit_type(r->type, site->type);
		return is_slice ? FIT_TYPE : FIT_NONE;
	case EXPR_MAKE_SLICE:
	case EXPR_APPEND:
		return is_slice ? FIT_TYPE : FIT_NONE;
	case EXPR_STRING_CONV:
		if (strncmp(p->expr, "string(", 7) == 0)
			return is_string ? FIT_TYPE : FIT_NONE;
		return is_slice ? FIT_TYPE : FIT_NONE;
	default: /* a struct or an array of one string or one slice is converted like that string or slice */
		if (r->type && site->type && (p->kind == EXPR_SLICE_LIT || p->kind == EXPR_MAKE_SLICE) &&
		    strncmp(site->type, "[]", 2) == 0)
			return fit_type(r->type, site->type + 2); /* the text's is the element */
		return fit_type(r->type, site->type);
	}
}
