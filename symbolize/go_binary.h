/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Go binary as its runtime sees it: build information, moduledata, pclntab with inline trees, type descriptors. All
 * of it is there in stripped binaries too. One object, immutable after opening but for caches; not for use by two
 * threads at once.
 *
 * Sources of the formats: src/runtime/symtab.go, src/internal/abi/symtab.go, src/internal/abi/type.go,
 * src/debug/buildinfo of Go 1.19 and 1.21 to 1.27. Everything read is checked against the tables' bounds: a damaged
 * table yields an error or a function without lines, never a read outside the file.
 */
#ifndef ESCAUDIT_SYMBOLIZE_GO_BINARY_H
#define ESCAUDIT_SYMBOLIZE_GO_BINARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "symbolize/elf_image.h"

struct go_binary;

/*
 * Takes the image on success (freed with the binary), leaves it to the caller on failure. Refused with a sentence that
 * names the version and the remedy: no Go build information or pclntab (-ENODATA: not a Go binary), Go < 1.19 or > 1.27
 * (-EPROTONOSUPPORT), a layout that does not validate (-EBADMSG). Go 1.20 is accepted where every table validates.
 */
int go_binary_open(struct go_binary **out, struct elf_image *image, struct error *err);
/* The same for the file at path. */
int go_binary_open_file(struct go_binary **out, const char *path, struct error *err);
void go_binary_free(struct go_binary *bin);

const struct elf_image *go_binary_image(const struct go_binary *bin);
/*
 * Gives back the memory of everything that is only read in passing: code, types, tables of lines and inlined calls.
 * Names stay, and so does every pointer that a function here returned; asking again reads the file again. What
 * elf_image_view returned of these parts is no longer valid.
 */
void go_binary_forget(const struct go_binary *bin);

/* ---- build information (.go.buildinfo) ---- */

const char *go_binary_version(const struct go_binary *bin); /* "go1.26.11-X:sizespecializedmalloc" as recorded */
int go_binary_minor(const struct go_binary *bin);	    /* 19, 21 … 27 */
const char *
go_binary_main_package(const struct go_binary *bin); /* "path" line, e.g. "example.com/m/cmd/x"; NULL if unknown */
const char *go_binary_main_module(const struct go_binary *bin); /* "mod" line's path; NULL if none */
const char *go_binary_modinfo(const struct go_binary *bin);	/* the whole module text, "" if none */
/* A "build" setting ("-gcflags", "-race", "-tags", "GOEXPERIMENT", "-pgo", "vcs.revision" …); NULL if absent. */
const char *go_binary_setting(const struct go_binary *bin, const char *key);

/* ---- functions ---- */

struct go_func {
	uint32_t index; /* in ftab order, by address */
	elf_vaddr entry;
	elf_vaddr end;	  /* next entry, or the end of the module's text */
	const char *name; /* as in pclntab; valid as long as the binary */
};

size_t go_binary_func_count(const struct go_binary *bin);
/*
 * i < count. False if the entry is damaged or no Go function: Go's own linker lists C functions and a few marks there.
 * The same holds for go_binary_func_at.
 */
bool go_binary_func(const struct go_binary *bin, size_t i, struct go_func *out);
bool go_binary_func_at(const struct go_binary *bin, elf_vaddr pc, struct go_func *out);
/* The first function of that name by address; names are not unique keys. */
bool go_binary_func_named(const struct go_binary *bin, const char *name, struct go_func *out);
/* The text range Go code lies in (moduledata text, etext). */
void go_binary_text(const struct go_binary *bin, elf_vaddr *start, elf_vaddr *end);
/* The file a function was compiled from as in pclntab (its entry's file), NULL if unknown. */
const char *go_binary_func_file(const struct go_binary *bin, const struct go_func *func);
/* The line of the `func` keyword where the tables have it (>= 1.20), else 0. */
int go_binary_func_start_line(const struct go_binary *bin, const struct go_func *func);

/* The largest frame of a function at any of its instructions, in bytes without the return address (pcsp). False if the
 * tables do not tell. */
bool go_binary_frame_bytes(const struct go_binary *bin, const struct go_func *func, uint32_t *out);

/* Calls visit for every inlined call in the binary: the physical function and the inlined function's name. visit
 * returns false to stop. */
typedef bool (*go_inline_visit)(void *ctx, const struct go_func *physical, const char *inlined_name);
void go_binary_each_inlined(const struct go_binary *bin, go_inline_visit visit, void *ctx);

/* A run of instructions with one file, line and innermost function. */
struct go_line_run {
	const char *function; /* the inlined function's name where the code was inlined */
	const char *file;
	int line;
	bool inlined;
	elf_vaddr pc; /* of the first instruction */
	uint64_t size;
};
/* Calls visit for every run of a function, in address order. Strings are valid as long as the binary. */
typedef void (*go_line_visit)(void *ctx, const struct go_line_run *run);
void go_binary_each_line(const struct go_binary *bin, const struct go_func *func, go_line_visit visit, void *ctx);

/* The directory prefix of standard library files in this binary's tables, with the final slash: "/usr/lib/go/src/"; ""
 * under -trimpath. */
const char *go_binary_goroot_src(const struct go_binary *bin);
/*
 * Does a function belong to the Go runtime? By where it was compiled from (runtime/, internal/runtime/, internal/abi,
 * internal/bytealg …'s allocating helpers), not only by its name: reflect.unsafe_New and other linknamed wrappers live
 * in runtime/malloc.go. file may be NULL.
 */
bool go_binary_is_runtime(const struct go_binary *bin, const char *function, const char *file);

/* ---- types ---- */

struct go_type {
	elf_vaddr addr;
	uint64_t size;
	uint64_t ptr_bytes;
	uint8_t kind;	      /* reflect.Kind numbering: low 5 bits */
	uint8_t align;	      /* a power of two */
	const char *name;     /* "main.small", "[]int", "struct { F uintptr; X0 *int }"; valid as long as the binary */
	const char *pkg_path; /* import path for named types with uncommon data, else NULL */
	/* of maps: keys, and values, that are too large are objects of their own, and the map holds pointers to them */
	bool indirect_key, indirect_value;
};

/* False if addr lies outside the module's type data or the descriptor is damaged; see reason strings in the report.
 * Cached. */
bool go_binary_type(const struct go_binary *bin, elf_vaddr addr, struct go_type *out);
/* The i-th of all types that were asked for so far, in the order of the first time; false if there are not so many. */
bool go_binary_known_type(const struct go_binary *bin, size_t i, struct go_type *out);

/* A field of a struct type. */
struct go_field {
	const char *name; /* "_" for those that have none; valid as long as the binary */
	uint64_t offset, size;
	uint8_t align;
	const char *type;
};
/*
 * The fields of a struct type, in the order of the source: how many it has, of which at most max are written. 0 for
 * what is no struct, or none whose fields lie in it one behind the other.
 */
size_t go_binary_fields(const struct go_binary *bin, const struct go_type *type, struct go_field *fields, size_t max);
/* The range type descriptors lie in (moduledata types, etypes). */
void go_binary_types_range(const struct go_binary *bin, elf_vaddr *start, elf_vaddr *end);

#endif
