/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a Go program: what is accepted is walked from end to end, functions, files, lines, inline chains, names,
 * types and settings. The seeds come from tests/fuzz/make-go-seeds.
 */
#include <stdlib.h>
#include <string.h>

#include "symbolize/symbolizer.h"

#define ADDRESSES 16   /* of each function */
#define MOST	  4096 /* functions and types of one input */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sum;

static void check(bool ok)
{
	if (!ok)
		abort();
}

static bool inlined(void *ctx, const struct go_func *physical, const char *name)
{
	size_t *n = ctx;

	check(physical->entry < physical->end);
	sum += strlen(name);
	return ++*n < MOST;
}

static void walk_functions(const struct go_binary *bin, struct symbolizer *sym)
{
	size_t n = go_binary_func_count(bin);

	for (size_t i = 0; i < n && i < MOST; i++) {
		struct go_func func, other;
		const char *file;

		if (!go_binary_func(bin, i, &func))
			continue;
		check(func.index == i && func.name && func.entry <= func.end);
		file = go_binary_func_file(bin, &func);
		sum += strlen(func.name) + (file ? strlen(file) : 0) + (size_t)go_binary_func_start_line(bin, &func);
		sum += go_binary_is_runtime(bin, func.name, file);
		check(go_binary_func_named(bin, func.name, &other) && strcmp(other.name, func.name) == 0);
		for (elf_vaddr pc = func.entry; pc < func.end && pc - func.entry < ADDRESSES; pc++) {
			struct sym_frame frames[64];
			size_t got = symbolizer_frames_at(sym, pc, frames, 64);

			check(!go_binary_func_at(bin, pc, &other) || other.entry <= pc);
			check(got <= 64);
			for (size_t f = 0; f < got; f++) {
				check(frames[f].function && frames[f].line >= 0);
				sum += strlen(frames[f].function) + (frames[f].file ? strlen(frames[f].file) : 0);
			}
		}
	}
}

static void walk_fields(const struct go_binary *bin, const struct go_type *type)
{
	struct go_field fields[16];
	size_t n = go_binary_fields(bin, type, fields, 16);
	uint64_t end = 0;

	for (size_t i = 0; i < n && i < 16; i++) {
		check(fields[i].offset >= end && fields[i].offset + fields[i].size <= type->size && fields[i].align);
		end = fields[i].offset + fields[i].size;
		sum += strlen(fields[i].name) + strlen(fields[i].type);
	}
}

static void walk_types(const struct go_binary *bin)
{
	elf_vaddr at, end;

	go_binary_types_range(bin, &at, &end);
	for (int i = 0; at < end && i < MOST; at += 8, i++) {
		struct go_type type, again;

		if (!go_binary_type(bin, at, &type))
			continue;
		check(type.addr == at && type.name[0] != '\0' && type.ptr_bytes <= type.size);
		check(go_binary_type(bin, at, &again) && again.name == type.name);
		sum += type.pkg_path ? strlen(type.pkg_path) : 0;
		walk_fields(bin, &type);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct symbolizer *sym;
	struct elf_image *image;
	struct go_binary *bin;
	size_t calls = 0;

	if (elf_image_open_bytes(&image, data, size, "fuzz", &err) < 0)
		goto out;
	if (go_binary_open(&bin, image, &err) < 0) {
		check(err.text != NULL);
		elf_image_free(image);
		goto out;
	}
	check(go_binary_minor(bin) >= 19 && go_binary_minor(bin) <= 27);
	sum += strlen(go_binary_version(bin)) + strlen(go_binary_modinfo(bin)) + strlen(go_binary_goroot_src(bin));
	sum += go_binary_setting(bin, "-gcflags") != NULL;
	check(symbolizer_new_pclntab(&sym, bin, &err) == 0);
	walk_functions(bin, sym);
	walk_types(bin);
	go_binary_each_inlined(bin, inlined, &calls);
	symbolizer_free(sym);
	go_binary_free(bin);
out:
	error_release(&err);
	return 0;
}
