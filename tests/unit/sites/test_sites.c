/* SPDX-License-Identifier: Apache-2.0 */
/* The sites of the functions that were seen are the same as among all sites of the binary, on every version. */
#include "sites/sites.h"

#include "base/u64map.h"
#include "tests/unit/symbolize/go_programs.h"

#define STEP 7 /* every so many sites one is taken for seen */

struct program {
	struct go_binary *bin;
	struct symbolizer *sym;
	struct recording *all;
};

static void open_program(struct program *p, const struct toolchain *toolchain)
{
	struct error err = ERROR_INIT;
	char *path = built_program(toolchain, "exe-strip");

	p->bin = open_binary(path);
	cr_assert_eq(symbolizer_new_pclntab(&p->sym, p->bin, &err), 0, "%s", err.text);
	p->all = recording_new();
	cr_assert_eq(sites_decode(p->all, p->bin, p->sym, NULL, &err), 0, "%s", err.text);
	free(path);
}

static void close_program(struct program *p)
{
	recording_free(p->all);
	symbolizer_free(p->sym);
	go_binary_free(p->bin);
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void expect_same_site(const struct rec_site *a, const struct rec_site *b)
{
	cr_expect_eq(a->pc, b->pc);
	cr_expect_eq(a->cause, b->cause);
	cr_expect_eq(a->size, b->size);
	cr_expect_eq(a->type_size, b->type_size);
	cr_expect_eq(a->may_elide, b->may_elide);
	cr_expect_eq(a->buffer, b->buffer);
	cr_expect(same(a->callee, b->callee) && same(a->type, b->type) && same(a->closure, b->closure));
	cr_assert_eq(a->n_frames, b->n_frames);
	for (size_t i = 0; i < a->n_frames; i++) {
		cr_expect_eq(a->frames[i].line, b->frames[i].line);
		cr_expect(same(a->frames[i].function, b->frames[i].function));
	}
}

static elf_vaddr function_of(const struct go_binary *bin, elf_vaddr ret)
{
	struct go_func func;

	cr_assert(go_binary_func_at(bin, ret - 1, &func));
	return func.entry;
}

Test(sites, of_what_was_seen)
{
	struct toolchain found[MAX_TOOLCHAINS];
	size_t n_found = toolchains(found);

	for (size_t t = 0; t < n_found; t++) {
		struct u64map expected = U64MAP_INIT, site_at = U64MAP_INIT; /* function; return address -> site */
		struct error err = ERROR_INIT;
		struct site_decoder *decoder;
		struct recording *seen;
		struct go_func allocator;
		struct raw_capture raw;
		struct raw_stack *stacks;
		elf_vaddr(*pcs)[3];
		size_t n = 0, n_expected = 0, twice = 0;
		struct program p;

		open_program(&p, &found[t]);
		cr_assert(go_binary_func_named(p.bin, "runtime.mallocgc", &allocator));
		stacks = xcalloc(p.all->n_sites, sizeof(*stacks));
		pcs = xcalloc(p.all->n_sites, sizeof(*pcs));
		for (size_t i = 0; i < p.all->n_sites; i += STEP) {
			/* out of order, behind the runtime's code, and with a caller that is not charged */
			size_t taken = p.all->n_sites - 1 - i;

			pcs[n][0] = allocator.entry + 5;
			pcs[n][1] = p.all->sites[taken].ret;
			pcs[n][2] = p.all->sites[(taken + p.all->n_sites / 2) % p.all->n_sites].ret;
			stacks[n] = (struct raw_stack){.pcs = pcs[n], .depth = 3};
			n++;
			u64map_at(&expected, function_of(p.bin, p.all->sites[taken].ret), NULL);
		}
		raw = (struct raw_capture){.stacks = stacks, .n_stacks = n};
		seen = recording_new();
		cr_assert_eq(site_decoder_new(&decoder, p.bin, p.sym, &err), 0, "%s", err.text);
		site_decoder_add_seen(decoder, seen, &raw);
		cr_expect_not(seen->has_sites);
		for (size_t i = 0; i < seen->n_sites; i++) {
			bool is_new;

			*u64map_at(&site_at, seen->sites[i].ret, &is_new) = i;
			twice += !is_new;
		}
		for (size_t i = 0; i < p.all->n_sites; i++) {
			uint64_t *at = u64map_find(&site_at, p.all->sites[i].ret);

			if (!u64map_find(&expected, function_of(p.bin, p.all->sites[i].ret)))
				continue;
			n_expected++;
			cr_assert_not_null(at, "go %s: a site is missing", found[t].version);
			expect_same_site(&p.all->sites[i], &seen->sites[*at]);
		}
		cr_expect_eq(twice, 0, "go %s", found[t].version);
		cr_expect_gt(n_expected, n);
		cr_expect_lt(n_expected, p.all->n_sites);
		cr_expect_eq(seen->n_sites, n_expected, "go %s", found[t].version);
		/* a second look does not begin where the first ended */
		recording_free(seen);
		seen = recording_new();
		site_decoder_add_seen(decoder, seen, &raw);
		cr_expect_eq(seen->n_sites, n_expected);
		recording_free(seen);
		site_decoder_free(decoder);
		u64map_release(&expected);
		u64map_release(&site_at);
		free(stacks);
		free(pcs);
		close_program(&p);
	}
}
