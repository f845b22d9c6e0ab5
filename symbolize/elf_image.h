/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a 64-bit little-endian x86-64 ELF file, addressed as its program headers map them.
 *
 * Three kinds of address exist and never mix without one of the functions here:
 *   elf_vaddr   what the file's own headers say (symbol values, p_vaddr)
 *   elf_offset  where the byte lies in the file; what a uprobe is given
 *   rt_addr     where it is mapped in one process: vaddr + load bias (probe/ knows the bias)
 *
 * The file is untrusted: every read is bounds-checked, sizes in headers are checked against the file's size.
 * Section headers may be missing; segments must be there. Segments are read from the file when they are first touched:
 * one image is not for two threads at once.
 */
#ifndef ESCAUDIT_SYMBOLIZE_ELF_IMAGE_H
#define ESCAUDIT_SYMBOLIZE_ELF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef uint64_t elf_vaddr;
typedef uint64_t elf_offset;
typedef uint64_t rt_addr;

struct elf_image;

struct elf_section {
	const char *name; /* valid as long as the image */
	elf_vaddr vaddr;
	elf_offset offset;
	uint64_t size; /* bytes in the file; 0 for NOBITS */
	uint64_t flags;
};

struct elf_segment {
	elf_vaddr vaddr;
	elf_offset offset;
	uint64_t file_size;
	uint64_t mem_size;
	uint32_t flags; /* PF_R | PF_W | PF_X */
};

/*
 * Opens the file. path is only for messages and may differ from what fd shows (/proc/PID/exe). elf_image_open_fd
 * duplicates fd. Errors name the remedy: not an ELF file (-ENOEXEC), 32-bit, big-endian or another machine
 * (-EPROTONOSUPPORT), truncated
 * (-EBADMSG), errno of open.
 */
int elf_image_open(struct elf_image **out, const char *path, struct error *err);
int elf_image_open_fd(struct elf_image **out, int fd, const char *path, struct error *err);
/* The same over bytes in memory, which must outlive the image (fuzzing, tests). */
int elf_image_open_bytes(struct elf_image **out, const void *data, size_t size, const char *path, struct error *err);
/* The same for a separate debug file: its program headers are those of the file it was taken from, and what they say of
 * bytes that stayed there is no damage. dwz's are relocatable files without any. */
int elf_image_open_debug_fd(struct elf_image **out, int fd, const char *path, struct error *err);
void elf_image_free(struct elf_image *image);
/* -ESTALE if the file has been written to since it was opened: its parts, read at different times, need not agree. A
 * file that runs cannot be. */
int elf_image_check_unchanged(const struct elf_image *image, struct error *err);

const char *elf_image_path(const struct elf_image *image);
/* A descriptor of the file, owned by the image; -1 for bytes in memory. For libelf/libdw and for attaching probes. */
int elf_image_fd(const struct elf_image *image);
bool elf_image_is_pie(const struct elf_image *image);	   /* ET_DYN */
bool elf_image_is_stripped(const struct elf_image *image); /* no SHT_SYMTAB */
/* Lower-case hex: the GNU build-id if there is one, else the Go build id's hash; NULL without either. */
const char *elf_image_build_id(const struct elf_image *image);

size_t elf_image_segment_count(const struct elf_image *image); /* PT_LOAD only */
const struct elf_segment *elf_image_segment(const struct elf_image *image, size_t i);
/* The first program header of a type, PT_GNU_EH_FRAME say, as the file has it: nothing of it is checked. */
bool elf_image_header(const struct elf_image *image, uint32_t type, struct elf_segment *out);
/* NULL if there is none of that name. */
const struct elf_section *elf_image_section(const struct elf_image *image, const char *name);
/* A section's bytes in the file, all of them, compressed ones as they are; NULL if there are none or the file shrank.
 */
const uint8_t *elf_image_section_bytes(const struct elf_image *image, const struct elf_section *section);

/* The raw bytes at vaddr as far as the file maps them, *avail of them (at least 1), or NULL. Relocations not applied.
 */
const uint8_t *elf_image_at(const struct elf_image *image, elf_vaddr vaddr, size_t *avail);
/* What of it elf_image_at would say is available, without reading any; 0 where it says NULL. */
size_t elf_image_available(const struct elf_image *image, elf_vaddr vaddr);
/* Exactly size raw bytes at vaddr, in one segment, or NULL: only these are read from the file. */
const uint8_t *elf_image_view(const struct elf_image *image, elf_vaddr vaddr, size_t size);
/* Gives back the memory of size bytes at vaddr, as far as nothing else shares it. Pointers to them are no longer valid;
 * asking again reads the file again. */
void elf_image_forget(const struct elf_image *image, elf_vaddr vaddr, size_t size);
/* Copies size bytes; false if any of them is not in the file. .bss reads as false. */
bool elf_image_read(const struct elf_image *image, elf_vaddr vaddr, void *out, size_t size);
/*
 * A pointer-sized word, relative relocations (R_X86_64_RELATIVE in RELA, DT_RELR) applied, as the loader would leave it
 * with load bias 0. The relocations are indexed at first use.
 */
bool elf_image_read_ptr(const struct elf_image *image, elf_vaddr vaddr, elf_vaddr *out);
/* The lowest aligned place at or after from, in a writable segment, that holds the address value: raw or relocated. */
bool elf_image_find_ptr(const struct elf_image *image, elf_vaddr value, elf_vaddr from, elf_vaddr *out);

bool elf_image_vaddr_to_offset(const struct elf_image *image, elf_vaddr vaddr, elf_offset *out);
bool elf_image_offset_to_vaddr(const struct elf_image *image, elf_offset offset, elf_vaddr *out);

/* The program's interpreter (PT_INTERP), the dynamic loader that runs it: an owned string, NULL if it names none. */
char *elf_image_interpreter(const struct elf_image *image);

/* Whether it asks other files for a symbol of that name: one of .dynsym that is not defined here. */
bool elf_image_imports(const struct elf_image *image, const char *name);
/* A symbol's value from .symtab or .dynsym; false if absent. Go function names come from pclntab instead. */
bool elf_image_symbol(const struct elf_image *image, const char *name, elf_vaddr *value, uint64_t *size);

/* A defined symbol with a name. */
struct elf_symbol {
	const char *name; /* valid as long as the image */
	elf_vaddr value;
	uint64_t size;
	unsigned type; /* STT_ */
	unsigned bind; /* STB_ */
};
/* Visits those of .symtab, or of .dynsym, in the file's order. The tables stay in memory with the image. */
typedef void (*elf_symbol_visit)(void *ctx, const struct elf_symbol *symbol);
void elf_image_visit_symbols(const struct elf_image *image, bool dynamic, elf_symbol_visit visit, void *ctx);

#endif
