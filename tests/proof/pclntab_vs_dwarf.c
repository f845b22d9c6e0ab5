/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that both symbolizers tell the same: for the return address of every call instruction in every Go function of
 * a binary, the frames from pclntab and from DWARF are compared in function, file, line, func keyword's line, entry and
 * inline chain.
 *
 *     pclntab_vs_dwarf BINARY...
 *     httpserver go1.19.8: 45688 calls, 45362 equal, 263 shortened-type-arguments, 56 wrapper-without-inlining, ...
 *
 * Exit status: 0 all equal or for a reason known below, 1 anything else (the first 20 are printed), 2 a file could not
 * be read, 64 misuse.
 */
#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

#include "symbolize/symbolizer.h"

#define FRAMES_MAX 64
#define SHOWN_MAX  20

/* Where the two are known to differ, each by what the Go sources do. */
enum exception {
	/*
	 * Go <= 1.20: the linker writes names into pclntab with everything from the first '[' to the last ']' as
	 * "[...]" (cmd/link/internal/ld/pcln.go); DWARF has the whole name.
	 */
	SHORTENED_TYPE_ARGUMENTS,
	/*
	 * Go <= 1.20: method wrappers are compiled after the DWARF inlining records are closed ("explicitly turn off
	 * DWARF inlining gen", cmd/compile/internal/gc/main.go). DWARF then has the wrapper alone, at the innermost
	 * position.
	 */
	WRAPPER_WITHOUT_INLINING,
	/*
	 * Go <= 1.20: DW_AT_call_line is the physical line (insertInlCall in cmd/compile/internal/dwarfgen/dwinl.go),
	 * that of the file cgo wrote, which has three lines more at its head than the file the programmer wrote.
	 */
	CALL_LINE_IN_CGO_OUTPUT,
	/*
	 * Go >= 1.26: in a package's init the instruction that marks an inlined call may be optimised away, because the
	 * call became static data. parentPc then stays 0, so that pclntab names the position of the function's entry;
	 * DWARF kept the position of the call.
	 */
	LOST_INLINE_MARK,
	/*
	 * All versions: a file named on the command line is "./x.go" under -trimpath. The linker splits names into
	 * directory and rest for the line table (cmd/link/internal/ld/dwarf.go), where "./x.go" and "x.go" become the
	 * same.
	 */
	DOT_DIRECTORY,
	EXCEPTION_COUNT,
};

static const char *const exception_names[EXCEPTION_COUNT] = {
	[SHORTENED_TYPE_ARGUMENTS] = "shortened-type-arguments",
	[WRAPPER_WITHOUT_INLINING] = "wrapper-without-inlining",
	[CALL_LINE_IN_CGO_OUTPUT] = "call-line-in-cgo-output",
	[LOST_INLINE_MARK] = "lost-inline-mark",
	[DOT_DIRECTORY] = "dot-directory",
};

#define CGO_HEAD_LINES 3

struct frames {
	struct sym_frame at[FRAMES_MAX];
	size_t n;
};

struct proof {
	const struct go_binary *bin;
	struct symbolizer *pclntab;
	struct symbolizer *dwarf;
	size_t calls;
	size_t equal;
	size_t excepted[EXCEPTION_COUNT];
	size_t unclassified;
};

static bool same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Two frames of pclntab. */
static bool same_place(const struct sym_frame *a, const struct sym_frame *b)
{
	return a->line == b->line && same_text(a->file, b->file);
}

static bool ends_with(const char *s, const char *tail)
{
	size_t len = strlen(s), tail_len = strlen(tail);

	return len >= tail_len && strcmp(s + len - tail_len, tail) == 0;
}

/* Whether name is what the linker up to 1.20 makes of full. */
static bool is_shortened(const char *name, const char *full)
{
	const char *open = strchr(full, '['), *close = strrchr(full, ']');
	size_t head;

	if (!open || !close || close < open)
		return false;
	head = open - full;
	return strncmp(name, full, head) == 0 && strncmp(name + head, "[...]", 5) == 0 &&
	       strcmp(name + head + 5, close + 1) == 0;
}

static bool names_agree(const struct proof *proof, const struct sym_frame *p, const struct sym_frame *d, unsigned *why)
{
	if (same_text(p->function, d->function))
		return true;
	if (go_binary_minor(proof->bin) > 20 || !p->function || !d->function || !is_shortened(p->function, d->function))
		return false;
	*why |= 1u << SHORTENED_TYPE_ARGUMENTS;
	return true;
}

static bool files_agree(const struct sym_frame *p, const struct sym_frame *d, unsigned *why)
{
	if (same_text(p->file, d->file))
		return true;
	if (!p->file || strncmp(p->file, "./", 2) != 0 || !same_text(p->file + 2, d->file))
		return false;
	*why |= 1u << DOT_DIRECTORY;
	return true;
}

static bool positions_agree(const struct proof *proof, const struct frames *p, const struct frames *d, size_t i,
			    unsigned *why)
{
	const struct sym_frame *pf = &p->at[i], *df = &d->at[i];
	struct frames entry;

	if (pf->line == df->line && files_agree(pf, df, why))
		return true;
	if (i == 0)
		return false;
	if (go_binary_minor(proof->bin) <= 20 && df->line == pf->line + CGO_HEAD_LINES && files_agree(pf, df, why)) {
		*why |= 1u << CALL_LINE_IN_CGO_OUTPUT;
		return true;
	}
	if (i != p->n - 1 || go_binary_minor(proof->bin) < 26 || !ends_with(pf->function, ".init"))
		return false;
	entry.n = symbolizer_frames_at(proof->pclntab, pf->entry, entry.at, FRAMES_MAX);
	if (entry.n != 1 || !same_place(pf, &entry.at[0]))
		return false;
	*why |= 1u << LOST_INLINE_MARK;
	return true;
}

/* Whether the two agree, but for the exceptions that come back in why. */
static bool agree(const struct proof *proof, const struct frames *p, const struct frames *d, unsigned *why)
{
	*why = 0;
	if (p->n > 1 && d->n == 1 && go_binary_minor(proof->bin) <= 20) {
		const struct sym_frame *wrapper = &p->at[p->n - 1];

		*why = 1u << WRAPPER_WITHOUT_INLINING;
		return same_text(wrapper->file, "<autogenerated>") && wrapper->entry == d->at[0].entry &&
		       names_agree(proof, wrapper, &d->at[0], why) && files_agree(&p->at[0], &d->at[0], why) &&
		       p->at[0].line == d->at[0].line;
	}
	if (p->n == 0 || p->n != d->n)
		return false;
	for (size_t i = 0; i < p->n; i++) {
		const struct sym_frame *pf = &p->at[i], *df = &d->at[i];

		if (pf->entry != df->entry || pf->inlined != df->inlined || !names_agree(proof, pf, df, why) ||
		    !positions_agree(proof, p, d, i, why))
			return false;
		/* DWARF has no declaration line for wrappers, nor for any function up to 1.20. */
		if (df->start_line && pf->start_line != df->start_line)
			return false;
	}
	return true;
}

static void show(const char *table, const struct frames *frames)
{
	for (size_t i = 0; i < frames->n; i++) {
		const struct sym_frame *f = &frames->at[i];
		printf("\t%s: %s%s %s:%d (func at line %d, entry %#llx)\n", table, f->inlined ? "inlined " : "",
		       f->function, f->file ? f->file : "?", f->line, f->start_line, (unsigned long long)f->entry);
	}
	if (frames->n == 0)
		printf("\t%s: nothing\n", table);
}

static void compare(struct proof *proof, elf_vaddr ret)
{
	struct frames p, d;
	unsigned why;

	proof->calls++;
	p.n = symbolizer_frames(proof->pclntab, ret, p.at, FRAMES_MAX);
	d.n = symbolizer_frames(proof->dwarf, ret, d.at, FRAMES_MAX);
	if (!agree(proof, &p, &d, &why)) {
		if (proof->unclassified++ < SHOWN_MAX) {
			printf("unclassified difference at return address %#llx\n", (unsigned long long)ret);
			show("pclntab", &p);
			show("dwarf", &d);
		}
		return;
	}
	proof->equal += why == 0;
	for (int i = 0; i < EXCEPTION_COUNT; i++)
		proof->excepted[i] += why >> i & 1;
}

static void compare_function(struct proof *proof, const ZydisDecoder *decoder, const struct go_func *func)
{
	size_t avail, size;
	const uint8_t *code = elf_image_at(go_binary_image(proof->bin), func->entry, &avail);
	ZydisDecodedInstruction insn;

	if (!code || func->end <= func->entry)
		return;
	size = func->end - func->entry < avail ? func->end - func->entry : avail;
	for (size_t at = 0; at < size; at += insn.length) {
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(decoder, NULL, code + at, size - at, &insn))) {
			insn.length = 1; /* data in an assembly function */
			continue;
		}
		if (insn.meta.category == ZYDIS_CATEGORY_CALL)
			compare(proof, func->entry + at + insn.length);
	}
}

static bool compare_all(struct proof *proof, const char *path)
{
	const char *base = strrchr(path, '/');
	size_t n = go_binary_func_count(proof->bin);
	ZydisDecoder decoder;

	if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct go_func func;
		if (go_binary_func(proof->bin, i, &func))
			compare_function(proof, &decoder, &func);
	}
	printf("%s %s: %zu calls, %zu equal", base ? base + 1 : path, go_binary_version(proof->bin), proof->calls,
	       proof->equal);
	for (int i = 0; i < EXCEPTION_COUNT; i++)
		if (proof->excepted[i])
			printf(", %zu %s", proof->excepted[i], exception_names[i]);
	printf(", %zu unclassified\n", proof->unclassified);
	return proof->calls > 0 && proof->unclassified == 0;
}

/* 0, 1 or 2 as the exit status. */
static int prove(const char *path)
{
	struct error err = ERROR_INIT;
	struct elf_image *image = NULL;
	struct go_binary *bin = NULL;
	struct proof proof = {0};
	int status = 2;

	if (elf_image_open(&image, path, &err) != 0)
		goto out;
	if (go_binary_open(&bin, image, &err) != 0) {
		elf_image_free(image);
		goto out;
	}
	proof.bin = bin;
	if (symbolizer_new_pclntab(&proof.pclntab, bin, &err) == 0 &&
	    symbolizer_new_dwarf(&proof.dwarf, bin, &err) == 0)
		status = compare_all(&proof, path) ? 0 : 1;
out:
	if (status == 2)
		fprintf(stderr, "pclntab_vs_dwarf: %s\n", err.text ? err.text : "failed");
	symbolizer_free(proof.dwarf);
	symbolizer_free(proof.pclntab);
	go_binary_free(bin);
	error_release(&err);
	return status;
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: pclntab_vs_dwarf BINARY...\n");
		return 64;
	}
	for (int i = 1; i < argc; i++) {
		int one = prove(argv[i]);
		if (one > status)
			status = one;
	}
	return status;
}
