/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of a Go binary to frames, as addr2line -f -i prints them: what a report pays for its names.
 *
 *     symbolize BINARY [dwarf] <ADDRESSES
 *     main.newP
 *     /src/m/m.go:14
 *     main.main
 *     /src/m/m.go:24
 *
 * With --addresses N it prints that many random addresses of Go functions instead, always the same for a binary.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "symbolize/symbolizer.h"

#define FRAMES_MAX 64

static void print_frames(struct symbolizer *sym, elf_vaddr pc)
{
	struct sym_frame frames[FRAMES_MAX];
	size_t n = symbolizer_frames_at(sym, pc, frames, FRAMES_MAX);

	for (size_t i = 0; i < n; i++)
		printf("%s\n%s:%d\n", frames[i].function, frames[i].file ? frames[i].file : "??", frames[i].line);
	if (n == 0)
		puts("??\n??:0");
}

/* xorshift64: fixed, so that two runs ask for the same. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void print_addresses(const struct go_binary *bin, unsigned long n)
{
	size_t count = go_binary_func_count(bin);
	uint64_t state = 0x9e3779b97f4a7c15ull;
	struct go_func func;

	while (count && n) {
		if (!go_binary_func(bin, next_random(&state) % count, &func) || func.end <= func.entry)
			continue;
		printf("0x%" PRIx64 "\n", func.entry + next_random(&state) % (func.end - func.entry));
		n--;
	}
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct elf_image *image = NULL;
	struct go_binary *bin = NULL;
	struct symbolizer *sym = NULL;
	char line[64];

	if (argc < 2) {
		fprintf(stderr, "usage: symbolize BINARY [dwarf | --addresses N]\n");
		return 64;
	}
	if (elf_image_open(&image, argv[1], &err) || go_binary_open(&bin, image, &err))
		goto fail;
	if (argc > 3) {
		print_addresses(bin, strtoul(argv[3], NULL, 10));
		return 0;
	}
	if (argc > 2 ? symbolizer_new_dwarf(&sym, bin, &err) : symbolizer_new_pclntab(&sym, bin, &err))
		goto fail;
	while (fgets(line, sizeof(line), stdin))
		print_frames(sym, strtoull(line, NULL, 16));
	symbolizer_free(sym);
	go_binary_free(bin);
	return 0;
fail:
	fprintf(stderr, "symbolize: %s\n", err.text);
	return 2;
}
