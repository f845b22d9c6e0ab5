/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/advice.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define HOT_PCT		1
#define MIN_SAMPLES	30
#define MAX_GROWTHS	64
#define MIN_GROWTHS	3
#define DOUBLES_BELOW	256 /* elements: append doubles up to here, then grows by a quarter and a bit (nextslicecap) */
#define STACK_MAX_BYTES (64u << 10) /* of make with constant sizes: ir.MaxImplicitStackVarSize */

static bool starts(const char *s, const char *prefix)
{
	return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

/* ---- the path ------------------------------------------------------------------------------------------------------
 */

/* Of the path. */
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

/* "main.pair" of a recording's type name is as the source has it, but for the package's own name. */
static const char *source_type(const struct verdict *v, const struct rec_site *site)
{
	return site->type && !strstr(site->type, "go.shape.") ? site->type : v->type;
}

/* The capacity after this one, before it is rounded up to a size class. */
static double next_capacity(double capacity)
{
	return capacity < DOUBLES_BELOW ? capacity * 2 : capacity + (capacity + 3 * DOUBLES_BELOW) / 4;
}

/*
 * Were these objects made by slices that grew from the smallest to the largest, nearly all of them to the end? Then
 * their mean is that of the series; slices that stop early pull it down, and room for the largest would be wasted on
 * them.
 */
static bool is_series(const struct verdict *v, uint64_t element, double *slices)
{
	double capacity = (double)v->smallest / (double)element, last = (double)v->largest / (double)element;
	double sum = 0, mean = (double)v->bytes / (double)v->objects;
	int n = 0;

	for (bool more = true; more; n++) {
		more = n < MAX_GROWTHS && capacity < last;
		if (!more)
			capacity = last;
		sum += capacity * (double)element;
		capacity = next_capacity(capacity);
	}
	if (n < MIN_GROWTHS || n > MAX_GROWTHS)
		return false;
	*slices = (double)v->bytes / sum;
	return mean >= 0.8 * sum / n;
}

static const char *advise_append(struct strpool *pool, const struct verdict *v)
{
	const struct rec_site *growth = NULL;
	uint64_t element, room;
	double slices;

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
	if (!growth || !growth->type || !growth->type_size)
		return NULL;
	element = growth->type_size;
	if (v->smallest == 0 || v->largest % element || !is_series(v, element, &slices))
		return NULL;
	room = v->largest / element;
	/* inlined: its bytes are not the reader's to make */
	if (growth->n_frames > 1 && starts(growth->frames[0].function, "strings.(*Builder)."))
		return strpool_addf(pool,
				    "capacity known: about %.0f builders grew step by step, from %" PRIu64
				    " to %" PRIu64 " bytes, and nearly all to the end; Grow(%" PRIu64
				    ") makes room at once",
				    slices < 1 ? 1 : slices, v->smallest, v->largest, room);
	return strpool_addf(pool,
			    "capacity known: about %.0f slices grew step by step, from %" PRIu64 " to %" PRIu64
			    " bytes, and nearly all to the end; make([]%s, 0, %" PRIu64 ") makes each at once",
			    slices < 1 ? 1 : slices, v->smallest, v->largest, source_type(v, growth), room);
}

static const char *advise_make(struct strpool *pool, const struct verdict *v)
{
	const struct rec_site *site = v->n_sites == 1 ? v->sites[0] : NULL;

	if (!site || v->kind != VERDICT_VIOLATED || !starts(site->callee, "runtime.makeslice") || !site->type ||
	    !site->type_size || v->smallest != v->largest || v->largest % site->type_size ||
	    v->largest > STACK_MAX_BYTES)
		return NULL;
	return strpool_addf(pool,
			    "size known: each was of %" PRIu64 " bytes; if that is so always, make([]%s, %" PRIu64
			    ") with the constant stays on the stack",
			    v->largest, source_type(v, site), v->largest / site->type_size);
}

/* The function of the step that hands the value to a call: "fmt.Fprintf" of "fmt.Fprintf(w, ...)". */
static const char *called(struct strpool *pool, const struct verdict *v)
{
	for (size_t i = 0; i < v->n_flow; i++) {
		const char *s = v->flow[i]->expr, *end;

		if (v->flow[i]->kind != FLOW_STEP || strcmp(v->flow[i]->reason, "call parameter") != 0)
			continue;
		end = s + strspn(s, "*(");
		end += strcspn(end, "(");
		/* a method expression, "(*T).m(x)": the parenthesis closed before the name is not the arguments' */
		return end > s && *end == '(' && !memchr(s, ' ', (size_t)(end - s))
			       ? strpool_add_n(pool, s, (size_t)(end - s))
			       : NULL;
	}
	return NULL;
}

/* A number, boxed to be printed: strconv appends it to bytes as it is. */
static bool is_printed_number(const char *function, const char *type)
{
	static const char *const printers[] = {"fmt.Print", "fmt.Fprint", "fmt.Sprint", "fmt.Append"};

	if (!starts(type, "runtime.uint"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(printers); i++) {
		if (starts(function, printers[i]))
			return true;
	}
	return false;
}

static const char *advise_box(struct strpool *pool, const struct verdict *v)
{
	const char *function = called(pool, v), *dot = function ? strrchr(function, '.') : NULL;

	if (v->kind != VERDICT_CONFIRMED || v->n_predictions != 1 || !function)
		return NULL;
	if (is_printed_number(function, v->type))
		return strpool_addf(pool,
				    "value boxed for an interface argument of %s: %" PRIu64
				    " objects; package strconv appends numbers to bytes without boxing them",
				    function, v->objects);
	/* Another package's function is not for the reader to change: "json.Marshal", but not "(*T).m" or "f". Nor are
	 * the language's own. */
	if ((dot && function[0] != '(') || strcmp(function, "append") == 0 || strcmp(function, "panic") == 0)
		return NULL;
	return strpool_addf(pool,
			    "value boxed for an interface argument of %s: %" PRIu64
			    " objects; a parameter of the value's own type takes none",
			    function, v->objects);
}

/* Only s += x goes without a prediction of its own. */
static const char *advise_concatenation(struct strpool *pool, const struct verdict *v)
{
	double mean = (double)v->bytes / (double)v->objects;

	if (v->kind != VERDICT_UNPREDICTED || v->largest < 8 * v->smallest || mean < 0.25 * (double)v->largest ||
	    mean > 0.75 * (double)v->largest)
		return NULL;
	return strpool_addf(pool,
			    "string concatenation in steps, from %" PRIu64 " to %" PRIu64 " bytes, %" PRIu64
			    " copies: use a strings.Builder",
			    v->smallest, v->largest, v->objects);
}

const char *advice_of(struct strpool *pool, const struct verdict *v, uint64_t all_objects, uint64_t all_bytes)
{
	bool hot = (double)v->objects * 100 >= (double)all_objects * HOT_PCT ||
		   (double)v->bytes * 100 >= (double)all_bytes * HOT_PCT;

	if (!hot || v->objects == 0 || v->samples < MIN_SAMPLES || v->ambiguous)
		return NULL;
	switch (v->cause) {
	case CAUSE_APPEND_GROWTH:
		return advise_append(pool, v);
	case CAUSE_MAKE_SLICE:
		return advise_make(pool, v);
	case CAUSE_INTERFACE_CONVERSION:
		return advise_box(pool, v);
	case CAUSE_STRING_CONCATENATION:
		return advise_concatenation(pool, v);
	default:
		return NULL;
	}
}
