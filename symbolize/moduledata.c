/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the pclntab and the moduledata that points at it, and believes them only where they agree.
 *
 * The pclntab has a section of its own in most files; in others (position-independent up to 1.25 through an external
 * linker, section headers removed) its header is searched for. The moduledata is what the section .go.module holds
 * since 1.26; otherwise it is that place in writable memory which holds the address of the pclntab and, behind it, the
 * addresses of the tables in the pclntab. Symbols are not needed.
 *
 * moduledata (runtime/symtab.go), the same in all versions: pcHeader 0, then the slices funcnametab 8, cutab 32,
 * filetab 56, pctab 80, pclntable 104, ftab 128; findfunctab 152, minpc 160, maxpc 168, text 176, etext 184. What
 * follows differs, see layouts[].
 *
 * pcHeader (runtime/symtab.go): magic 0, two zero bytes, instruction quantum 6, pointer size 7, nfunc 8, nfiles 16,
 * textStart 24 (zero since 1.26), then the offsets of funcnametab 32, cutab 40, filetab 48, pctab 56, pclntable 64.
 */
#include <elf.h>
#include <errno.h>

#include "base/memory.h"
#include "symbolize/go_binary_internal.h"

#define PCHEADER_SIZE 72
#define MAGIC_1_18    0xfffffff0u
#define MAGIC_1_20    0xfffffff1u
#define FUNCTAB_SIZE  8
/* The length of a name of a function or a file. The longest seen, of a generic function, have some thousands. */
#define MAX_STRING_BYTES 16384
/* A program has one function table and one module. This many places that look like their beginning are tried. */
#define MAX_HEADERS    16
#define MAX_CANDIDATES 64

struct layout {
	int oldest_minor;
	unsigned types, etypes, gofunc;
};

/* Newest first. */
static const struct layout layouts[] = {
	{.oldest_minor = 27, .types = 296, .etypes = 312, .gofunc = 344},
	{.oldest_minor = 20, .types = 296, .etypes = 304, .gofunc = 320},
	{.oldest_minor = 19, .types = 280, .etypes = 288, .gofunc = 304},
};

static const struct layout *layout_of(int minor)
{
	const struct layout *layout = layouts;

	while (layout->oldest_minor > minor)
		layout++;
	return layout;
}

/* ---- the header ---- */

static uint64_t header_word(int minor)
{
	uint64_t magic = minor < 20 ? MAGIC_1_18 : MAGIC_1_20;

	return magic | 1ull << 48 | 8ull << 56; /* quantum 1, pointers of 8 bytes */
}

static bool is_header(const struct go_binary *bin, elf_vaddr vaddr)
{
	uint8_t head[PCHEADER_SIZE];
	uint64_t last = PCHEADER_SIZE;

	if (!elf_image_read(bin->image, vaddr, head, sizeof(head)) || load_u64(head) != header_word(bin->build.minor))
		return false;
	/* The tables follow in this order in all versions. */
	for (unsigned at = 32; at <= 64; at += 8) {
		uint64_t offset = load_u64(head + at);

		if (offset < last)
			return false;
		last = offset;
	}
	return load_u64(head + 8) > 0;
}

/* The next aligned place at or after *vaddr that looks like a header. */
static bool search_header(const struct go_binary *bin, elf_vaddr *vaddr)
{
	uint64_t wanted = header_word(bin->build.minor);

	for (size_t i = 0; i < elf_image_segment_count(bin->image); i++) {
		const struct elf_segment *segment = elf_image_segment(bin->image, i);
		elf_vaddr at = segment->vaddr > *vaddr ? segment->vaddr : *vaddr;
		const uint8_t *p;
		size_t avail;

		at = (at + 7) & ~7ull;
		if (segment->flags & PF_X || at < segment->vaddr || at - segment->vaddr >= segment->file_size ||
		    !(p = elf_image_at(bin->image, at, &avail)))
			continue;
		for (; avail >= PCHEADER_SIZE; p += 8, at += 8, avail -= 8) {
			if (load_u64(p) == wanted && is_header(bin, at)) {
				*vaddr = at;
				return true;
			}
		}
	}
	return false;
}

/* ---- the module ---- */

static bool read_word(const struct go_binary *bin, elf_vaddr module, unsigned offset, uint64_t *out)
{
	return elf_image_read_ptr(bin->image, module + offset, out);
}

/* A slice of n elements, which must begin at the given address and lie in one segment. Its bytes are read where they
 * are asked for. */
static bool read_slice_in_parts(const struct go_binary *bin, elf_vaddr module, unsigned offset, size_t element,
				elf_vaddr begin, struct span *out)
{
	uint64_t pointer, n;

	if (!read_word(bin, module, offset, &pointer) || pointer != begin || !read_word(bin, module, offset + 8, &n) ||
	    n > elf_image_available(bin->image, pointer) / element)
		return false;
	*out = (struct span){.size = n * element, .vaddr = pointer};
	return true;
}

/* The same with its bytes. */
static bool read_slice(const struct go_binary *bin, elf_vaddr module, unsigned offset, size_t element, elf_vaddr begin,
		       struct span *out)
{
	if (!read_slice_in_parts(bin, module, offset, element, begin, out))
		return false;
	out->at = elf_image_view(bin->image, begin, out->size);
	out->vaddr = 0;
	return out->at != NULL;
}

/*
 * Strings in a table are safe to use from any offset inside once its last byte is a NUL. None is longer than names are:
 * every function may claim the same one.
 */
static bool check_strings(struct span *table)
{
	const uint8_t *p, *end, *nul;

	while (table->size > 0 && table->at[table->size - 1] != '\0')
		table->size--;
	for (p = table->at, end = p + table->size; p < end; p = nul + 1) {
		nul = memchr(p, '\0', (size_t)(end - p));
		if (nul - p > MAX_STRING_BYTES)
			return false;
	}
	return table->size > 0;
}

static bool is_code(const struct go_binary *bin, elf_vaddr start, elf_vaddr end)
{
	for (size_t i = 0; i < elf_image_segment_count(bin->image); i++) {
		const struct elf_segment *segment = elf_image_segment(bin->image, i);

		if (segment->flags & PF_X && start >= segment->vaddr && start - segment->vaddr <= segment->file_size &&
		    end >= start && end - segment->vaddr <= segment->file_size)
			return true;
	}
	return false;
}

static bool read_module(const struct go_binary *bin, elf_vaddr module, elf_vaddr header, struct go_module *out)
{
	const struct layout *layout = layout_of(bin->build.minor);
	uint8_t head[PCHEADER_SIZE];
	uint64_t word, text_start, gofunc;

	*out = (struct go_module){0};
	if (!elf_image_read(bin->image, header, head, sizeof(head)) || !read_word(bin, module, 0, &word) ||
	    word != header)
		return false;
	if (!read_slice(bin, module, 8, 1, header + load_u64(head + 32), &out->funcnames) ||
	    !read_slice(bin, module, 32, 4, header + load_u64(head + 40), &out->cutab) ||
	    !read_slice(bin, module, 56, 1, header + load_u64(head + 48), &out->files) ||
	    !read_slice_in_parts(bin, module, 80, 1, header + load_u64(head + 56), &out->pctab) ||
	    !read_slice_in_parts(bin, module, 104, 1, header + load_u64(head + 64), &out->pclntable) ||
	    !read_slice(bin, module, 128, FUNCTAB_SIZE, header + load_u64(head + 64), &out->ftab))
		return false;
	if (!check_strings(&out->funcnames) || !check_strings(&out->files))
		return false;

	/* ftab: one more entry than functions; its last is only the end of the text and may be half as long. */
	word = load_u64(head + 8);
	if (word >= UINT32_MAX || out->ftab.size / FUNCTAB_SIZE != word + 1 || out->ftab.size > out->pclntable.size)
		return false;
	out->n_funcs = (uint32_t)word;

	if (!read_word(bin, module, 160, &out->minpc) || !read_word(bin, module, 168, &out->maxpc) ||
	    !read_word(bin, module, 176, &out->text) || !read_word(bin, module, 184, &out->etext))
		return false;
	if (out->minpc < out->text || out->maxpc < out->minpc || out->etext < out->maxpc ||
	    !is_code(bin, out->text, out->etext))
		return false;
	/* The runtime's own checks (moduledataverify1). Sorted, the functions do not overlap: every pass over all is
	 * short. */
	if (load_u32(out->ftab.at) != out->minpc - out->text ||
	    load_u32(out->ftab.at + (size_t)out->n_funcs * FUNCTAB_SIZE) != out->maxpc - out->text)
		return false;
	for (size_t i = 0; i < out->n_funcs; i++) {
		if (load_u32(out->ftab.at + i * FUNCTAB_SIZE) > load_u32(out->ftab.at + (i + 1) * FUNCTAB_SIZE))
			return false;
	}
	if (bin->build.minor < 26 &&
	    (!elf_image_read_ptr(bin->image, header + 24, &text_start) || text_start != out->text))
		return false;

	if (!read_word(bin, module, layout->types, &out->types) ||
	    !read_word(bin, module, layout->etypes, &out->etypes) || !read_word(bin, module, layout->gofunc, &gofunc))
		return false;
	if (out->etypes < out->types)
		return false;
	if (out->etypes - out->types > elf_image_available(bin->image, out->types))
		return false;
	/* Its size is written nowhere. */
	out->gofunc = (struct span){.size = elf_image_available(bin->image, gofunc), .vaddr = gofunc};
	if (header > gofunc && out->gofunc.size > header - gofunc)
		out->gofunc.size = header - gofunc;
	return out->gofunc.size > 0;
}

/* The module of a header, if it has one. */
static bool find_module(struct go_binary *bin, elf_vaddr header)
{
	const struct elf_section *section = elf_image_section(bin->image, ".go.module");
	elf_vaddr at = 0;

	if (section && read_module(bin, section->vaddr, header, &bin->module))
		return true;
	for (unsigned tries = 0; tries < MAX_CANDIDATES && elf_image_find_ptr(bin->image, header, at, &at); tries++) {
		if (read_module(bin, at, header, &bin->module))
			return true;
		at += 8;
	}
	return false;
}

int go_module_find(struct go_binary *bin, struct error *err)
{
	static const char *const names[] = {".gopclntab", ".data.rel.ro.gopclntab"};
	const char *path = elf_image_path(bin->image);
	elf_vaddr at = 0;
	unsigned headers = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct elf_section *section = elf_image_section(bin->image, names[i]);

		if (section && is_header(bin, section->vaddr) && find_module(bin, section->vaddr))
			return 0;
	}
	for (; headers < MAX_HEADERS && search_header(bin, &at); headers++) {
		if (find_module(bin, at))
			return 0;
		at += 8;
	}
	if (headers == 0)
		return error_set(
			err, -ENODATA,
			"go: '%s' holds no function table (pclntab) of %.64s; name a program as 'go build' left it",
			path, bin->build.version);
	return error_set(
		err, -EBADMSG,
		"go: '%s' is laid out in a way unknown for %.64s: no moduledata agrees with its function table; "
		"rebuild it with a released Go 1.%d to 1.%d",
		path, bin->build.version, GO_OLDEST_MINOR, GO_NEWEST_MINOR);
}
