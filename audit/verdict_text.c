/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/verdict_text.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "symbolize/go_name.h"

#define STACK_BUFFER 32 /* bytes: base.Debug.VariableMakeThreshold of cmd/compile */

static const char *absence(const struct verdict_text *t)
{
	if (t->rec->header.mode == REC_MODE_EXACT && t->absence_is_fact)
		return "no allocation";
	return "no allocation seen";
}

/* What C.GoString and its like are in the runtime; NULL for other functions. */
static const char *cgo_copy(const char *callee)
{
	static const char *const names[][2] = {{"runtime.gobytes", "C.GoBytes"},
					       {"runtime.gostring", "C.GoString"},
					       {"runtime.gostringn", "C.GoStringN"}};

	for (size_t i = 0; callee && i < ARRAY_SIZE(names); i++) {
		if (strcmp(callee, names[i][0]) == 0)
			return names[i][1];
	}
	return NULL;
}

/*
 * How a call that may allocate did without. It had no buffer on the stack, as its result was predicted to escape: what
 * is left is in src/runtime (convT16 to convTslice in iface.go; concatstrings, slicebytetostring and rawbyteslice in
 * string.go; mallocgc of no bytes).
 */
static const char *way_round(enum cause cause, const char *callee)
{
	switch (cause) {
	case CAUSE_INTERFACE_CONVERSION:
		return "small integer, zero or empty value";
	case CAUSE_STRING_CONCATENATION:
		return "no more than one of the strings has bytes";
	case CAUSE_STRING_CONVERSION:
		return strcmp(callee, "runtime.slicebytetostring") == 0 ? "no more than one byte to convert"
									: "nothing to convert";
	case CAUSE_MAKE_SLICE:
		return "no elements, or of no size";
	default:
		return "what it needed was there already";
	}
}

static const char *moved_slice(struct strpool *pool, const struct rec_site *move)
{
	return strpool_addf(pool, "built by append on the stack, moved to the heap by %s on line %d", move->callee,
			    move->frames[move->n_frames - 1].line);
}

/* Whether it is one of the flags in "all=-N -l". */
static bool has_word(const char *flags, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = flags; (at = strstr(at, word)); at++) {
		if ((at == flags || strchr(" =", at[-1])) && (!at[len] || at[len] == ' '))
			return true;
	}
	return false;
}

/*
 * Why an append that was said to stay made an object. A buffer on the stack has only an append of single elements, once
 * in a call of its function, to a slice that is empty, and where the result fits (ssagen, (*state).append, since Go
 * 1.25); growsliceBuf is handed one. Whether it is append(x, y...) neither log nor call tells.
 */
static const char *append_violated(const struct verdict_text *t, const struct verdict *v, const char *callee)
{
	uint64_t element = v->sites[0]->type_size;
	struct strpool *pool = t->pool;
	char flags[4096];

	if (strncmp(callee, "runtime.growsliceBuf", 20) == 0)
		return strpool_addf(pool, "%s outgrew its buffer on the stack", callee);
	if (recording_setting(t->rec, "-gcflags", flags, sizeof(flags)) && has_word(flags, "-N"))
		return strpool_addf(pool, "%s: no buffer on the stack, as the build was not optimised (-N)", callee);
	if (element > STACK_BUFFER)
		return strpool_addf(pool, "%s: no buffer on the stack is so large as an element, %" PRIu64 " bytes",
				    callee, element);
	if (v->largest <= STACK_BUFFER)
		return strpool_addf(pool, "%s: its buffer on the stack was used before, or it has none, as for x...",
				    callee);
	return strpool_addf(pool, "%s: more than the %d bytes of a buffer on the stack, or it has none, as for x...",
			    callee, STACK_BUFFER);
}

/*
 * Why an append or a make that was said to stay made no object. Both call the runtime only for what does not fit, the
 * slice or a buffer on the stack (ssagen, (*state).append; walk, walkMakeSlice): that nothing was made does not tell
 * whether the line ran.
 */
static const char *without_call(struct strpool *pool, const struct rec_site *site)
{
	const char *room = site->cause == CAUSE_MAKE_SLICE ? "the slice fitted a buffer on the stack"
							   : "the slice or a buffer on the stack had the capacity";

	if (site->type && !site->type_size)
		return strpool_addf(pool, "%s makes nothing for elements of no size", site->callee);
	/* growsliceBuf is handed the buffer, and looks itself. */
	if (site->reach == REACH_HIT ||
	    (site->reach == REACH_NOT_PROBED && strncmp(site->callee, "runtime.growsliceBuf", 20) == 0))
		return strpool_addf(pool, "%s made nothing: what it needed was there already", site->callee);
	return strpool_addf(pool, "%s never called: the line did not run, or %s", site->callee, room);
}

/*
 * Keys and values over 128 bytes are objects of their own (MapMaxKeyBytes and MapMaxElemBytes of internal/abi): room
 * made beforehand saves none of them.
 */
static const char *map_growth(struct strpool *pool, const struct verdict *v, const struct rec_site *site)
{
	size_t n = site ? (size_t)site->indirect_key + site->indirect_value : 0;
	const char *too = v->other_types >= n ? "; the map grew, too" : "";

	if (n == 0)
		return "the map grew for the new element; the compiler speaks of making maps only";
	if (n == 2)
		return strpool_addf(
			pool, "a key and a value over 128 bytes are objects of their own, made for each new key%s",
			too);
	return site->indirect_key
		       ? strpool_addf(pool, "a key over 128 bytes is an object of its own, made for each new one%s",
				      too)
		       : strpool_addf(pool, "a value over 128 bytes is an object of its own, made for each new key%s",
				      too);
}

/* "x", "x, y": what was moved to the heap by all of a verdict's calls, or NULL where that is not known of each. */
static const char *moved_variables(struct strpool *pool, const struct verdict *v)
{
	const char *names[3];
	struct strbuf sb = STRBUF_INIT;
	const char *text;
	size_t n = 0;

	for (size_t i = 0; i < v->n_sites; i++) {
		const char *name = v->sites[i]->variable;
		size_t k = 0;

		while (name && k < n && strcmp(names[k], name) != 0)
			k++;
		if (!name || k == ARRAY_SIZE(names))
			return NULL;
		names[k] = name;
		n = k == n ? n + 1 : n;
	}
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&sb, "%s%s", i ? ", " : "", names[i]);
	text = n ? strpool_add(pool, strbuf_str(&sb)) : NULL;
	strbuf_release(&sb);
	return text;
}

/* What it is that no diagnostic speaks of. */
static const char *unpredicted(struct strpool *pool, const struct verdict *v, const struct rec_site *site)
{
	const char *callee = site ? site->callee : NULL, *closure = site ? site->closure : NULL;

	switch (v->cause) {
	case CAUSE_NEW_OBJECT:
		if (moved_variables(pool, v))
			return strpool_addf(pool, "moved to heap: %s; no diagnostic says so: %s",
					    moved_variables(pool, v), callee);
		break;
	case CAUSE_APPEND_GROWTH:
		return "append grew past the capacity, of which the compiler says nothing here";
	case CAUSE_MAP_GROWTH:
		return map_growth(pool, v, site);
	case CAUSE_MAKE_CHAN:
		return "channels are always on the heap; the compiler does not say so";
	case CAUSE_STRING_CONCATENATION:
		return strpool_addf(pool, "no diagnostic speaks of this concatenation (+= has none): %s", callee);
	case CAUSE_STRING_CONVERSION:
		if (cgo_copy(callee))
			return strpool_addf(pool, "%s copies what is C's; the compiler reports nothing for it",
					    cgo_copy(callee));
		break;
	case CAUSE_GO_STATEMENT:
		return "the goroutine itself: none was left to be used again";
	case CAUSE_DEFER:
		return "the record of a defer that is in a loop: none was left to be used again";
	case CAUSE_CLOSURE:
		if (closure)
			return strpool_addf(pool, "a closure that the compiler made and says nothing of: %s",
					    go_name_short(go_name_plain(pool, closure)));
		break;
	case CAUSE_RUNTIME_INTERNAL:
		return callee ? strpool_addf(pool, "made by the runtime for itself, in %.*s%s",
					     (int)strcspn(callee, "["), callee, strchr(callee, '[') ? "[...]" : "")
			      : "made by the runtime for itself, a panic's value perhaps";
	default:
		break;
	}
	return strpool_addf(pool, "the compiler reports nothing for this%s%s", callee ? ": " : "",
			    callee ? callee : "");
}

/* Why the binary has no code of a line that was compiled into it; NULL if it has. */
static const char *absent(enum match_line line)
{
	switch (line) {
	case MATCH_LINE_INLINED_ONLY:
		return "only inlined copies of the function are left in the binary";
	case MATCH_LINE_DROPPED:
		return "the linker dropped the function";
	case MATCH_LINE_NO_CODE:
		return "the binary has no code of this line";
	default:
		return NULL;
	}
}

const char *verdict_summary(const struct verdict_text *t, const struct verdict *v, const struct match_group *group,
			    enum match_line line)
{
	struct strpool *pool = t->pool;
	const struct rec_site *site = v->n_sites ? v->sites[0] : NULL;
	const char *callee = site ? site->callee : NULL;

	switch (v->kind) {
	case VERDICT_CONFIRMED:
		if (v->move)
			return moved_slice(pool, v->move);
		if (group && group->merged)
			return strpool_addf(pool, "%zu variables share one object made by %s", v->n_predictions,
					    callee);
		if (v->cause == CAUSE_CLOSURE && site->closure && t->set->items[group->predictions[0]].wrapper)
			return strpool_addf(pool, "a closure that the compiler wraps around the call: %s",
					    go_name_short(go_name_plain(pool, site->closure)));
		return strpool_addf(pool, "predicted, and made by %s%s", callee,
				    v->n_sites > (group && group->moved ? 2 : 1) ? " and other calls" : "");
	case VERDICT_ELIDED:
		return strpool_addf(pool, "%s ran and found a way round: %s", callee, way_round(v->cause, callee));
	case VERDICT_UNREACHED:
		return strpool_addf(pool, "the call of %s was never executed", callee);
	case VERDICT_UNDECIDED:
		if (!site)
			return "the log says this line of a function that is in another file in the binary";
		return strpool_addf(pool, "%s at %s, and no evidence whether the call ran", absence(t), callee);
	case VERDICT_COMPILED_OUT:
		if (group && group->surplus)
			return "no call of its own: other copies of this line have it, this one was dropped or is one "
			       "of them";
		if (absent(line))
			return strpool_addf(pool, "no call: %s", absent(line));
		if (group && t->set->items[group->predictions[0]].is_extension)
			return "no call of its own: append makes room for as many elements instead "
			       "(append(s, make([]T, n)...))";
		if (group && t->set->items[group->predictions[0]].kind == EXPR_CONCAT)
			return "no call in the binary: part of a longer sum, as of s += a + b, or dead code";
		return "no call in the binary: constant data, zero size, or dead code";
	case VERDICT_HELD:
		if (site && !t->absence_is_fact)
			return strpool_addf(pool, "no allocation seen at %s", callee);
		if (site && (v->cause == CAUSE_APPEND_GROWTH || v->cause == CAUSE_MAKE_SLICE))
			return without_call(pool, site);
		if (!site && absent(line))
			return strpool_addf(pool, "no allocating call in the binary: %s", absent(line));
		return site ? strpool_addf(pool, "%s called at most with a temporary buffer on the stack", callee)
			    : "no allocating call in the binary";
	case VERDICT_VIOLATED:
		if (v->move)
			return moved_slice(pool, v->move);
		if (v->cause == CAUSE_MAKE_SLICE)
			return strpool_addf(pool, "the size is known only at run time: %s went to the heap", callee);
		if (v->cause == CAUSE_APPEND_GROWTH)
			return append_violated(t, v, callee);
		return strpool_addf(pool, "%s outgrew its buffer on the stack", callee);
	case VERDICT_UNPREDICTED:
		return unpredicted(pool, v, site);
	case VERDICT_STALE:
		if (group && matching_is_displaced(t->matching, group->predictions[0]))
			return "the source was edited between the builds: the functions here are on other lines in the "
			       "binary";
		return "the binary has no code for this line: dropped by the linker, or another build's log";
	case VERDICT_COUNT:
		break;
	}
	return "";
}
