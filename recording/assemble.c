/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/raw.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/u64map.h"
#include "recording/place.h"
#include "recording/site_index.h"
#include "recording/types.h"

#define MAX_FRAMES	64
#define STACK_CHAIN_MAX 64

/* A file that functions and types come from, at its place in the binary's address space. */
struct module {
	const struct go_binary *bin;
	struct symbolizer *sym; /* NULL where it could not be had */
	uint64_t displacement;
	elf_vaddr text, text_end;
	elf_vaddr types, types_end;
};

struct assembly {
	struct recording *rec;
	struct module *modules; /* the binary itself is the first */
	size_t n_modules;
	const struct raw_capture *raw;
	struct u64map location_of; /* return address -> location index */
	struct site_index sites;
};

static void add_module(struct assembly *as, const struct go_binary *bin, struct symbolizer *sym, uint64_t displacement)
{
	struct module *m = &as->modules[as->n_modules++];

	*m = (struct module){.bin = bin, .sym = sym, .displacement = displacement};
	go_binary_text(bin, &m->text, &m->text_end);
	go_binary_types_range(bin, &m->types, &m->types_end);
}

/* The module whose code it is: the binary, where no other claims it. */
static const struct module *module_of_code(const struct assembly *as, elf_vaddr ret)
{
	for (size_t i = 1; i < as->n_modules; i++) {
		const struct module *m = &as->modules[i];
		elf_vaddr own = ret - m->displacement;

		if (m->sym && own > m->text && own <= m->text_end)
			return m;
	}
	return &as->modules[0];
}

static const struct module *module_of_type(const struct assembly *as, elf_vaddr type)
{
	for (size_t i = 1; i < as->n_modules; i++) {
		const struct module *m = &as->modules[i];
		elf_vaddr own = type - m->displacement;

		if (own >= m->types && own < m->types_end)
			return m;
	}
	return &as->modules[0];
}

static uint32_t location_at(struct assembly *as, elf_vaddr ret)
{
	struct sym_frame frames[MAX_FRAMES];
	struct recording *rec = as->rec;
	const struct raw_c_frame *c = NULL;
	const struct module *m = NULL;
	struct rec_location *loc;
	uint64_t *index;
	bool is_new;
	size_t n;

	index = u64map_at(&as->location_of, ret, &is_new);
	if (!is_new)
		return (uint32_t)*index;
	*index = rec->n_locations;
	loc = recording_add_location(rec);
	loc->is_c = ret & RAW_PC_C;
	if (loc->is_c) {
		c = &as->raw->c_frames[ret & ~RAW_PC_C];
		n = c->cut ? 0 : c_files_frames(as->raw->c_files, c->file, c->ret, frames, MAX_FRAMES);
	} else {
		m = module_of_code(as, ret);
		loc->pc = m == as->modules ? ret : 0;
		n = symbolizer_frames(m->sym, ret - m->displacement, frames, MAX_FRAMES);
	}
	loc->n_frames = n ? n : 1;
	loc->frames = xcalloc(loc->n_frames, sizeof(*loc->frames));
	if (n == 0) {
		char *why = c ? xasprintf(REC_C_CUT "%s]", c->cut) : NULL;

		loc->frames[0].function = strpool_add(rec->pool, why ? why : "[unknown]");
		free(why);
		return (uint32_t)*index;
	}
	for (size_t i = 0; i < n; i++) {
		loc->frames[i].function = strpool_add(rec->pool, frames[i].function);
		loc->frames[i].file = strpool_add(rec->pool, frames[i].file);
		loc->frames[i].line = frames[i].line;
		loc->frames[i].start_line = frames[i].start_line;
	}
	/* The physical function decides: runtime code inlined into user code is the user's, as the compiler sees it. */
	loc->is_runtime = !loc->is_c && go_binary_is_runtime(m->bin, frames[n - 1].function, frames[n - 1].file);
	return (uint32_t)*index;
}

/*
 * Frames above a scheduler root belong to whatever the thread did before: up to Go 1.24 the frame pointer chain of
 * mcall leads into the stack of a goroutine that may run elsewhere by now.
 */
static bool is_root(const struct rec_location *loc)
{
	static const char *const roots[] = {"runtime.mcall", "runtime.goexit", "runtime.goexit1", "runtime.mstart",
					    "runtime.rt0_go"};
	const char *function = loc->frames[loc->n_frames - 1].function;

	if (!loc->is_runtime)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		if (strcmp(function, roots[i]) == 0)
			return true;
	}
	return false;
}

static const char *type_name(struct assembly *as, elf_vaddr type)
{
	const struct module *m = module_of_type(as, type);
	struct go_type info;

	if (!type || !go_binary_type(m->bin, type - m->displacement, &info))
		return NULL;
	return strpool_add(as->rec->pool, info.name);
}

/* Whether the runtime works on its own account between the user's frame and the allocator. */
static bool is_own_account(const struct recording *rec, const struct rec_observation *obs)
{
	for (uint32_t i = 0; i < obs->user; i++) {
		const struct rec_location *loc = &rec->locations[obs->locations[i]];

		for (size_t f = 0; f < loc->n_frames; f++) {
			if (go_runtime_is_own_account(loc->frames[f].function))
				return true;
		}
	}
	return false;
}

/*
 * What a map and a channel consist of has types that nobody wrote: map.bucket[string]int and runtime.mapextra, since Go
 * 1.24 map.group[string]int, maps.table and an array of *maps.table; a channel's header, beside its elements.
 */
static bool is_part(const struct rec_observation *obs)
{
	static const char *const parts[] = {"runtime.mapextra", "maps.table", "*maps.table"};

	switch (obs->cause) {
	case CAUSE_MAKE_MAP:
	case CAUSE_MAP_GROWTH:
		for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
			if (strcmp(obs->type, parts[i]) == 0)
				return true;
		}
		return strncmp(obs->type, "map.", 4) == 0;
	case CAUSE_MAKE_CHAN:
		return true;
	default:
		return false;
	}
}

/* The type that the source has, where the site knows it; else, of what is boxed, what kind of value it is. */
static const char *source_type(const struct assembly *as, const struct rec_observation *obs)
{
	const char *kind = obs->type ? go_runtime_boxed_kind(obs->type) : NULL;
	const struct rec_site *site = obs->site != REC_NO_SITE ? &as->rec->sites[obs->site] : NULL;

	if (!kind)
		return obs->type && site && site->type && is_part(obs) ? site->type : obs->type;
	return site && site->type && site->cause == CAUSE_INTERFACE_CONVERSION ? site->type
									       : strpool_add(as->rec->pool, kind);
}

static enum cause cause_of(struct assembly *as, const struct rec_observation *obs)
{
	const struct recording *rec = as->rec;
	const char *chain[STACK_CHAIN_MAX];
	size_t n = 0;

	if (obs->user == REC_NO_USER_FRAME)
		return CAUSE_RUNTIME_INTERNAL;
	/* outermost first; inlined runtime helpers between count too */
	for (uint32_t i = obs->user; i-- > 0;) {
		const struct rec_location *loc = &rec->locations[obs->locations[i]];

		for (size_t f = loc->n_frames; f-- > 0 && n < STACK_CHAIN_MAX;) {
			if (!go_runtime_is_allocator(loc->frames[f].function) || n == 0)
				chain[n++] = loc->frames[f].function;
		}
	}
	/* Behind an allocator that user code called directly, only the runtime's own work can allocate once more. */
	if (n > 1 && go_runtime_is_allocator(chain[0]))
		return CAUSE_RUNTIME_INTERNAL;
	if (obs->site != REC_NO_SITE && (n == 0 || go_runtime_is_allocator(chain[0])))
		return rec->sites[obs->site].cause;
	return go_runtime_cause(chain, n, obs->type);
}

void recording_assemble(struct recording *rec, const struct raw_capture *raw, const struct go_binary *bin,
			struct symbolizer *sym)
{
	struct assembly as = {.rec = rec, .raw = raw, .location_of = U64MAP_INIT};
	uint64_t missing = 0;

	as.modules = xcalloc(1 + raw->n_modules, sizeof(*as.modules));
	add_module(&as, bin, sym, 0);
	for (size_t i = 0; i < raw->n_modules; i++) {
		struct symbolizer *of_module = NULL;

		symbolizer_new_pclntab(&of_module, raw->modules[i].bin, NULL);
		add_module(&as, raw->modules[i].bin, of_module, raw->modules[i].displacement);
	}

	site_index_init(&as.sites, rec);
	for (size_t i = 0; i < raw->n_observations; i++) {
		const struct raw_observation *from = &raw->observations[i];
		const struct raw_stack *stack = &raw->stacks[from->stack];
		uint32_t depth = stack->depth ? stack->depth : 1;
		struct rec_observation *obs;

		if (!from->objects)
			continue;
		obs = recording_add_observation(rec);
		obs->locations = xcalloc(depth, sizeof(*obs->locations));
		obs->user = REC_NO_USER_FRAME;
		obs->truncated = stack->truncated;
		if (!stack->depth) {
			missing += from->objects;
			obs->locations[obs->n_locations++] = location_at(&as, 0);
		}
		for (uint32_t d = 0; d < stack->depth; d++) {
			uint32_t at = location_at(&as, stack->pcs[d]);
			const struct rec_location *loc = &rec->locations[at];

			obs->locations[obs->n_locations++] = at;
			if (is_root(loc))
				break;
			if (obs->user == REC_NO_USER_FRAME && !loc->is_runtime && !loc->is_c &&
			    strcmp(loc->frames[0].function, "[unknown]") != 0)
				obs->user = d;
		}
		if (obs->user != REC_NO_USER_FRAME && is_own_account(rec, obs))
			obs->user = REC_NO_USER_FRAME;
		obs->site = site_index_of(&as.sites, rec, obs);
		obs->type = from->type_name ? strpool_add(rec->pool, from->type_name) : type_name(&as, from->type);
		if (raw->types_from_sites && obs->site != REC_NO_SITE)
			obs->type = rec->sites[obs->site].type;
		obs->objects = from->objects;
		obs->samples = from->samples ? from->samples : from->objects;
		obs->error_pct = from->error_pct;
		obs->bytes = from->bytes;
		obs->smallest = from->smallest;
		obs->largest = from->largest;
		obs->cause = cause_of(&as, obs);
		obs->type = source_type(&as, obs);
	}
	place_find_packages(rec);
	recording_find_types(rec, bin);
	recording_add_loss(rec, "stacks missing", missing);
	for (size_t i = 1; i < as.n_modules; i++)
		symbolizer_free(as.modules[i].sym);
	free(as.modules);
	u64map_release(&as.location_of);
	site_index_release(&as.sites);
}
