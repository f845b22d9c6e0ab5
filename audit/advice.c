/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/advice.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/growth_source.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "recording/place.h"
#include "symbolize/go_name.h"

#define HOT_PCT		1
#define MIN_SAMPLES	30
#define MAX_GROWTHS	64
#define MIN_GROWTHS	3
#define DOUBLES_BELOW	256 /* elements: append doubles up to here, then grows by a quarter and a bit (nextslicecap) */
#define SOURCE_LIMIT	(64u << 20)
#define SLICES_MINOR	21	    /* the first Go 1.N with package slices */
#define STACK_MAX_BYTES (64u << 10) /* of make with constant sizes: ir.MaxImplicitStackVarSize */

static bool starts(const char *s, const char *prefix)
{
	return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

/* ---- the path ------------------------------------------------------------------------------------------------------
 */

/* Whether a step of the path is one that a reader can go to. */
static bool is_placed(const struct flow_step *step)
{
	return step->kind == FLOW_STEP && step->pos.file;
}

/* An explanation begins where the storage itself flows: "flow: ~r0 ← &{storage for &P{...}}". */
static bool begins_explanation(const struct flow_step *step)
{
	return step->kind == FLOW_INTO && step->is_storage;
}

void advice_trace(struct verdict *v)
{
	size_t best_first = 0, best_n = 0, first = 0, n = 0;

	for (size_t i = 0; i <= v->n_flow; i++) {
		if (i == v->n_flow || begins_explanation(v->flow[i])) {
			if (n && (!best_n || n < best_n)) {
				best_first = first;
				best_n = n;
			}
			first = i;
			n = 0;
		} else {
			n += is_placed(v->flow[i]);
		}
	}
	if (!best_n)
		return;
	v->path = xcalloc(best_n, sizeof(*v->path));
	for (size_t i = best_first; v->n_path < best_n; i++) {
		if (is_placed(v->flow[i]))
			v->path[v->n_path++] = v->flow[i];
	}
}

/* ---- remedies ------------------------------------------------------------------------------------------------------
 */

static bool is_in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c & 0x80;
}

/* As the source of the package has it: without the package's own name, "pair" of "main.pair". */
static const char *source_type(struct strpool *pool, const struct verdict *v, const struct rec_site *site)
{
	const char *type = site->type && !strstr(site->type, "go.shape.") ? site->type : v->type;
	const char *function = site->n_frames ? site->frames[site->n_frames - 1].function : "", *slash;
	size_t len = go_name_package_length(function);
	struct strbuf sb = STRBUF_INIT;
	const char *bare;

	if (!type || len == 0)
		return type;
	slash = memrchr(function, '/', len);
	if (slash) {
		len -= (size_t)(slash + 1 - function);
		function = slash + 1;
	}
	for (const char *s = type; *s; s++) {
		if ((s == type || !(is_in_word(s[-1]) || s[-1] == '.' || s[-1] == '/')) &&
		    strncmp(s, function, len) == 0 && s[len] == '.')
			s += len;
		else
			strbuf_addf(&sb, "%c", *s);
	}
	bare = strpool_add(pool, strbuf_str(&sb));
	strbuf_release(&sb);
	return bare;
}

/* Is what the call belongs to in the package that it is compiled in? What was inlined from another one has its text
 * there, and is perhaps not the reader's to change. */
static bool is_of_own_package(const struct rec_site *site)
{
	const char *inner = site->n_frames ? site->frames[0].function : "";
	const char *outer = site->n_frames ? site->frames[site->n_frames - 1].function : "";
	size_t len = go_name_package_length(outer);

	return go_name_package_length(inner) == len && strncmp(inner, outer, len) == 0;
}

/* The capacity after this one, before it is rounded up to a size class. */
static double next_capacity(double capacity)
{
	return capacity < DOUBLES_BELOW ? capacity * 2 : capacity + (capacity + 3 * DOUBLES_BELOW) / 4;
}

/*
 * Whether slices that grew from the smallest capacity to the largest made these objects, enough of them to the end.
 * With room for the largest, each slice costs `last`; growing cost the bytes that were measured. How many slices there
 * were is not known: with so many objects of so many bytes, most if those that did not grow to the end stopped at the
 * first, as the sum of a series is convex in its steps. Where a share p grew to the end, the mean object has
 *	(p * sum + (1 - p) * first) / (p * n + 1 - p)
 * bytes, and the room costs no more than growing did if p * sum + (1 - p) * first >= last. So it is the mean at that p
 * which has to be reached.
 */
static bool is_series(const struct verdict *v, uint64_t element)
{
	double capacity = (double)v->smallest / (double)element, end = (double)v->largest / (double)element;
	double first = (double)v->smallest, last = (double)v->largest, sum = 0, share;
	int n = 0;

	for (bool more = true; more; n++) {
		more = n < MAX_GROWTHS && capacity < end;
		if (!more)
			capacity = end;
		sum += capacity * (double)element;
		capacity = next_capacity(capacity);
	}
	if (n < MIN_GROWTHS || n > MAX_GROWTHS)
		return false;
	share = (last - first) / (sum - first);
	return (double)v->bytes / (double)v->objects >= last / (1 + share * (n - 1));
}

/* The text of the file that a call was written in, if it is here as the compiler saw it. */
static bool read_source(const struct advice_run *run, const struct rec_frame *frame, struct strbuf *text)
{
	return frame->file && frame->file[0] == '/' && !place_is_newer(run->rec, frame->file) &&
	       strbuf_read_file(text, frame->file, SOURCE_LIMIT) == 0;
}

/* "ints" of "append(ints, i)", "c.items" of "append(c.items, i)"; from the pool, NULL where the text does not tell. */
static const char *grown(struct strpool *pool, const struct rec_site *site)
{
	const char *expr = site->source ? site->source->expr : NULL;
	size_t start, end;

	if (!starts(expr, "append(") || !expr_argument(expr, strlen(expr), strlen("append"), 0, &start, &end))
		return NULL;
	while (start < end && expr[start] == ' ')
		start++;
	return end > start ? strpool_add_n(pool, expr + start, end - start) : NULL;
}

static bool is_identifier(const char *name)
{
	for (const char *s = name; s && *s; s++) {
		if (!is_in_word(*s))
			return false;
	}
	return name && *name;
}

/* Whether the source shows that a slice of that name begins without elements, and may begin with room instead. */
static bool may_be_made(const struct advice_run *run, const struct rec_site *site, const char *name)
{
	struct strbuf text = STRBUF_INIT;
	bool ok = is_identifier(name) && site->n_frames && read_source(run, &site->frames[0], &text) &&
		  growth_begins_empty(strbuf_str(&text), text.len, site->frames[0].line, name);

	strbuf_release(&text);
	return ok;
}

/* Whether all growth of a builder is in this call; frames[0] is the builder's own method. */
static bool is_alone(const struct advice_run *run, const struct rec_site *site)
{
	struct strbuf text = STRBUF_INIT;
	bool ok = read_source(run, &site->frames[1], &text) &&
		  growth_is_alone(strbuf_str(&text), text.len, site->frames[1].line);

	strbuf_release(&text);
	return ok;
}

static bool has_package_slices(const struct recording *rec)
{
	const char *version = rec->header.go_version;

	return starts(version, "go1.") && strtoul(version + strlen("go1."), NULL, 10) >= SLICES_MINOR;
}

/* What to do about slices of one variable. */
static const char *make_room(const struct advice_run *run, const struct verdict *v, const struct rec_site *growth)
{
	uint64_t element = growth->type_size, room = v->largest / element;
	const char *name = grown(run->pool, growth), *room_text;

	if (may_be_made(run, growth, name))
		room_text =
			strpool_addf(run->pool, "make([]%s, 0, %" PRIu64 ")", source_type(run->pool, v, growth), room);
	else if (!has_package_slices(run->rec))
		return NULL;
	/* One element of room becomes two or more: these had none. */
	else if (v->smallest < 2 * element)
		room_text = strpool_addf(run->pool, "slices.Grow(%s, %" PRIu64 ")", name ? name : "\xe2\x80\xa6", room);
	else
		return ": slices.Grow by what is to come, whatever they hold already, makes one object each";
	return strpool_addf(run->pool, ", so many to the end that %s takes no more bytes, and one object each",
			    room_text);
}

static const char *advise_append(const struct advice_run *run, const struct verdict *v)
{
	const struct rec_site *growth = NULL;
	const char *what, *remedy;
	uint64_t element;

	for (size_t i = 0; i < v->n_sites; i++) {
		const struct rec_site *site = v->sites[i];

		if (site->cause != CAUSE_APPEND_GROWTH)
			return NULL;
		if (starts(site->callee, "runtime.growslice")) {
			if (growth) /* copies of the line may differ */
				return NULL;
			growth = site;
		}
	}
	/* What began on the stack is no series from the smallest on. */
	if (v->move || !growth || !growth->type || !growth->type_size)
		return NULL;
	element = growth->type_size;
	if (v->smallest == 0 || v->largest % element || !is_series(v, element))
		return NULL;
	/* inlined: its bytes are not the reader's to make, but it can be told */
	if (growth->n_frames > 1 && starts(growth->frames[0].function, "strings.(*Builder).")) {
		what = "builders";
		remedy = is_alone(run, growth) ? strpool_addf(run->pool,
							      ", so many to the end that Grow(%" PRIu64
							      ") takes no more bytes, and one object each",
							      v->largest / element)
					       : ": Grow with all that is to come makes one object each; this line "
						 "alone does not tell "
						 "how much that is";
	} else if (is_of_own_package(growth)) {
		what = "slices";
		remedy = make_room(run, v, growth);
	} else {
		return NULL;
	}
	return remedy ? strpool_addf(run->pool, "%s%s grew step by step, from %" PRIu64 " to %" PRIu64 " bytes%s",
				     remedy[0] == ',' ? "capacity known: " : "", what, v->smallest, v->largest, remedy)
		      : NULL;
}

/*
 * "make([]int, 0, 10)" of "make([]int, 0, n)": the last argument, which is the capacity if there are three, decides
 * where it is made. NULL where the text is not such a call.
 */
static const char *with_constant(struct strpool *pool, const char *expr, uint64_t n)
{
	size_t len = expr ? strlen(expr) : 0, depth = 0, comma = 0;
	char quote = '\0';

	if (!starts(expr, "make(") || expr[len - 1] != ')')
		return NULL;
	for (size_t i = 0; i < len; i++) {
		char c = expr[i];

		if (quote) {
			if (c == '\\' && quote != '`')
				i++;
			else if (c == quote)
				quote = '\0';
		} else if (strchr("\"'`", c)) {
			quote = c;
		} else if (strchr("([{", c)) {
			depth++;
		} else if (strchr(")]}", c)) {
			if (depth-- == 1 && i + 1 < len)
				return NULL;
		} else if (c == ',' && depth == 1) {
			comma = i;
		}
	}
	return comma && !depth && !quote ? strpool_addf(pool, "%.*s, %" PRIu64 ")", (int)comma, expr, n) : NULL;
}

static const char *advise_make(struct strpool *pool, const struct verdict *v)
{
	const struct rec_site *site = v->n_sites == 1 ? v->sites[0] : NULL;
	const char *remedy;

	if (!site || v->kind != VERDICT_VIOLATED || !starts(site->callee, "runtime.makeslice") || !site->type ||
	    !site->type_size || v->smallest != v->largest || v->largest % site->type_size ||
	    v->largest > STACK_MAX_BYTES || !is_of_own_package(site))
		return NULL;
	remedy = with_constant(pool, v->expr, v->largest / site->type_size);
	return remedy ? strpool_addf(pool,
				     "size known: each was of %" PRIu64 " bytes; if that is so always, %s with the "
				     "constant stays on the stack",
				     v->largest, remedy)
		      : NULL;
}

/* The function that a step hands the value to: "fmt.Fprintf" of "fmt.Fprintf(w, ...)". */
static const char *function_called(struct strpool *pool, const struct flow_step *step)
{
	const char *s = step->expr, *end;

	end = s + strspn(s, "*(");
	end += strcspn(end, "(");
	/* a method expression, "(*T).m(x)": the parenthesis closed before the name is not the arguments' */
	return end > s && *end == '(' && !memchr(s, ' ', (size_t)(end - s)) ? strpool_add_n(pool, s, (size_t)(end - s))
									    : NULL;
}

/*
 * The function that a value is boxed for: it goes to the call as it is, or in the slice of its variadic arguments. One
 * that goes by way of a variable, a field or a literal was boxed for that.
 */
static const char *called(struct strpool *pool, const struct verdict *v)
{
	bool is_first = true;

	for (size_t i = 0; i < v->n_flow; i++) {
		const struct flow_step *step = v->flow[i];

		if (begins_explanation(step)) {
			is_first = true;
			continue;
		}
		if (step->kind != FLOW_STEP || !is_first)
			continue;
		if (strcmp(step->reason, "call parameter") == 0)
			return function_called(pool, step);
		is_first =
			strcmp(step->reason, "spill") == 0 || strcmp(step->reason, "interface-converted") == 0 ||
			(strcmp(step->reason, "slice-literal-element") == 0 && strcmp(step->expr, "... argument") == 0);
	}
	return NULL;
}

/* A number, boxed to be printed: strconv appends it to bytes as it is. */
static bool is_printed_number(const char *function, const char *type)
{
	static const char *const printers[] = {"fmt.Print", "fmt.Fprint", "fmt.Sprint", "fmt.Append"};
	static const char *const numbers[] = {"int",	"int8",	  "int16",  "int32",   "int64",	  "uint",   "uint8",
					      "uint16", "uint32", "uint64", "uintptr", "float32", "float64"};
	bool is_number = false;

	/* A type of another name may print as it likes. */
	for (size_t i = 0; type && i < ARRAY_SIZE(numbers); i++)
		is_number |= strcmp(type, numbers[i]) == 0;
	for (size_t i = 0; is_number && i < ARRAY_SIZE(printers); i++) {
		if (starts(function, printers[i]))
			return true;
	}
	return false;
}

/*
 * "json.Marshal" and "(*sync.Pool).Put", but not "f", "(*T).m" or "(*List[go.shape.int]).m": perhaps not the reader's
 * to change. The compiler qualifies the names of all packages but the one that it compiles.
 */
static bool is_of_another_package(const char *function)
{
	if (starts(function, "(*"))
		function += 2;
	else if (strchr(function, '.'))
		return true;
	return memchr(function, '.', strcspn(function, "[)")) != NULL;
}

static const char *advise_box(struct strpool *pool, const struct verdict *v)
{
	const char *function = called(pool, v);

	if (v->kind != VERDICT_CONFIRMED || v->n_predictions != 1 || !function)
		return NULL;
	if (is_printed_number(function, v->type))
		return strpool_addf(pool,
				    "value boxed for an interface argument of %s: %" PRIu64
				    " objects; package strconv appends numbers to bytes without boxing them",
				    function, v->objects);
	if (is_of_another_package(function) || strcmp(function, "append") == 0 || strcmp(function, "panic") == 0)
		return NULL;
	return strpool_addf(pool,
			    "value boxed for an interface argument of %s: %" PRIu64
			    " objects; a parameter of the value's own type takes none",
			    function, v->objects);
}

/*
 * Only s += x goes without a prediction of its own. If these are the steps of one string, each adding what the first
 * did, there were largest / smallest of them, and a builder that grows as append does would have made fewer bytes. That
 * they are steps, and not strings of many lengths, is not measured: the advice says so.
 */
static const char *advise_concatenation(struct strpool *pool, const struct verdict *v)
{
	double mean = (double)v->bytes / (double)v->objects, capacity = (double)v->smallest, builder = capacity;

	if (v->kind != VERDICT_UNPREDICTED || v->smallest == 0)
		return NULL;
	while (capacity < (double)v->largest) {
		capacity = next_capacity(capacity);
		builder += capacity;
	}
	if (mean * (double)v->largest / (double)v->smallest <= builder)
		return NULL;
	return strpool_addf(pool,
			    "string concatenation, from %" PRIu64 " to %" PRIu64 " bytes, %" PRIu64
			    " copies: if they are steps of one string, use a strings.Builder",
			    v->smallest, v->largest, v->objects);
}

const char *advice_of(const struct advice_run *run, const struct verdict *v)
{
	bool hot = (double)v->objects * 100 >= (double)run->objects * HOT_PCT ||
		   (double)v->bytes * 100 >= (double)run->bytes * HOT_PCT;

	if (!hot || v->objects == 0 || v->samples < MIN_SAMPLES || v->ambiguous)
		return NULL;
	switch (v->cause) {
	case CAUSE_APPEND_GROWTH:
		return advise_append(run, v);
	case CAUSE_MAKE_SLICE:
		return advise_make(run->pool, v);
	case CAUSE_INTERFACE_CONVERSION:
		return advise_box(run->pool, v);
	case CAUSE_STRING_CONCATENATION:
		return advise_concatenation(run->pool, v);
	default:
		return NULL;
	}
}
