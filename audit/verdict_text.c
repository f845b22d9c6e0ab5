/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/verdict_text.h"

#include <string.h>

#include "base/memory.h"
#include "symbolize/go_name.h"

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

/* What it is that no diagnostic speaks of. */
static const char *unpredicted(struct strpool *pool, enum cause cause, const char *callee, const char *closure)
{
	switch (cause) {
	case CAUSE_APPEND_GROWTH:
		return "append grew past the capacity, of which the compiler says nothing here";
	case CAUSE_MAP_GROWTH:
		return "the map grew for the new element; the compiler speaks of making maps only";
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

const char *verdict_summary(const struct verdict_text *t, const struct verdict *v, const struct match_group *group,
			    enum match_line line)
{
	struct strpool *pool = t->pool;
	const struct rec_site *site = v->n_sites ? v->sites[0] : NULL;
	const char *callee = site ? site->callee : NULL;

	switch (v->kind) {
	case VERDICT_CONFIRMED:
		if (group && group->moved)
			return strpool_addf(pool, "built by append on the stack, moved to the heap by %s on line %d",
					    callee, site->frames[site->n_frames - 1].line);
		if (group && group->merged)
			return strpool_addf(pool, "%zu variables share one object made by %s", v->n_predictions,
					    callee);
		if (v->cause == CAUSE_CLOSURE && site->closure && t->set->items[group->predictions[0]].wrapper)
			return strpool_addf(pool, "a closure that the compiler wraps around the call: %s",
					    go_name_short(go_name_plain(pool, site->closure)));
		return strpool_addf(pool, "predicted, and made by %s%s", callee,
				    v->n_sites > 1 ? " and other calls" : "");
	case VERDICT_ELIDED:
		return strpool_addf(pool, "%s ran and found a way round: %s", callee,
				    v->cause == CAUSE_INTERFACE_CONVERSION ? "small integer, zero or empty value"
									   : "the result fits what is already there");
	case VERDICT_UNREACHED:
		return strpool_addf(pool, "the call of %s was never executed", callee);
	case VERDICT_UNDECIDED:
		return strpool_addf(pool, "%s at %s, and no evidence whether the call ran", absence(t), callee);
	case VERDICT_COMPILED_OUT:
		if (group && group->surplus)
			return "no call of its own: other copies of this line have it, this one was dropped or is one "
			       "of them";
		if (line == MATCH_LINE_INLINED_ONLY)
			return "no call: only inlined copies of the function are left in the binary";
		return "no call in the binary: constant data, zero size, or dead code";
	case VERDICT_HELD:
		if (site && !t->absence_is_fact)
			return strpool_addf(pool, "no allocation seen at %s", callee);
		return site ? strpool_addf(pool, "%s called at most with a temporary buffer on the stack", callee)
			    : "no allocating call in the binary";
	case VERDICT_VIOLATED:
		if (v->cause == CAUSE_MAKE_SLICE)
			return strpool_addf(pool, "the size is known only at run time: %s went to the heap", callee);
		return strpool_addf(pool, "%s outgrew its buffer on the stack", callee);
	case VERDICT_UNPREDICTED:
		return unpredicted(pool, v->cause, callee, site ? site->closure : NULL);
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
