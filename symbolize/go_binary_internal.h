/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files behind go_binary.h share: buildinfo.c reads the build information, moduledata.c finds and checks the
 * module, pclntab.c reads functions, gotype.c reads types, go_binary.c holds them together.
 *
 * Tables are borrowed from the image. Offsets in them are checked where they are used. Names, and what is searched,
 * stay in memory; the rest of the tables is read part by part and may be given back (go_binary_forget).
 */
#ifndef ESCAUDIT_SYMBOLIZE_GO_BINARY_INTERNAL_H
#define ESCAUDIT_SYMBOLIZE_GO_BINARY_INTERNAL_H

#include <string.h>

#include "base/strpool.h"
#include "base/u64map.h"
#include "symbolize/go_binary.h"

#define GO_OLDEST_MINOR 19
#define GO_NEWEST_MINOR 27

/* The bytes of one table. */
struct span {
	const uint8_t *at; /* NULL: it is read from the file where it is looked at */
	size_t size;
	elf_vaddr vaddr; /* of one that is; 0 is an address like others */
};

static inline uint32_t load_u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t load_u64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

struct go_setting {
	const char *key;
	const char *value;
};

struct go_buildinfo {
	const char *version;
	int minor;
	const char *modinfo;
	const char *main_package;
	const char *main_module;
	struct go_setting *settings; /* owned */
	size_t n_settings;
	size_t alloc_settings;
};

/* The one module of the file, from runtime.firstmoduledata and the pcHeader. */
struct go_module {
	uint32_t n_funcs;
	elf_vaddr text, etext;
	elf_vaddr minpc, maxpc; /* Go functions lie here; C code linked in by another linker does not */
	struct span funcnames;	/* ends with a NUL */
	struct span cutab;
	struct span files;     /* ends with a NUL */
	struct span ftab;      /* one entry more than functions */
	struct span pctab;     /* in parts, as the two below */
	struct span pclntable; /* begins with ftab */
	struct span gofunc;    /* up to the next table, or the end of the segment */
	elf_vaddr types, etypes;
};

/* A place in a pc-value table: value holds for the offsets from the function's entry in [from, offset). */
struct pcvalue {
	const uint8_t *p; /* of the next pair */
	const uint8_t *end;
	uint64_t from;
	uint64_t offset;
	int32_t value;
	bool started;
};

/* Where the last search in a table ended. Whoever asks for one place in a function soon asks for the next. */
struct pcvalue_cursor {
	uint32_t table; /* 0: unused */
	struct pcvalue it;
};

#define PCVALUE_CURSORS 64 /* a power of two */

/* What is worked out at first use. */
struct go_cache {
	struct pcvalue_cursor cursors[PCVALUE_CURSORS]; /* by the low bits of the table's offset */
	uint32_t *name_slots;				/* function index + 1 by hash of the name, open addressing */
	size_t name_mask;
	const char *goroot_src;
	size_t goroot_src_len;
	struct u64map type_index; /* type address -> index + 1 */
	struct go_type *types;
	size_t n_types;
	size_t alloc_types;
	uint64_t name_bytes; /* copied out of the type data so far */
};

struct go_binary {
	struct elf_image *image;
	struct strpool *strings;
	struct go_buildinfo build;
	struct go_module module;
	struct go_cache *cache; /* a pointer, so that it may change behind a const binary */
};

/* Both return 0 or a negative errno with err set, see go_binary_open. */
int go_buildinfo_read(struct go_binary *bin, struct error *err);
int go_module_find(struct go_binary *bin, struct error *err);

/* One _func record (runtime/runtime2.go), decoded. Offsets are as in the file, 0 where there is no table. */
struct pcln_func {
	elf_vaddr entry;
	elf_vaddr end;
	const char *name;
	uint32_t pcsp;
	uint32_t pcfile;
	uint32_t pcln;
	uint32_t pcinline; /* PCDATA_InlTreeIndex */
	uint32_t cu_offset;
	int start_line;
	size_t inline_tree; /* FUNCDATA_InlTree: where in gofunc it begins */
	bool has_inline_tree;
};

/* One entry of an inline tree. */
struct pcln_inline {
	const char *name;
	uint32_t parent_offset; /* from the entry of the physical function: an instruction of the caller */
	int start_line;
};

/* False if the entry is damaged or is no Go function: C code that Go's own linker put there has no line table. */
bool pcln_func(const struct go_binary *bin, size_t i, struct pcln_func *out);
/* The index of the function whose range holds pc. */
bool pcln_find(const struct go_binary *bin, elf_vaddr pc, size_t *i);
/* The value of a pc-value table of func at a byte offset from its entry. False past its end, or if it is damaged. */
bool pcln_value(const struct go_binary *bin, const struct pcln_func *func, uint32_t table, uint64_t offset,
		int32_t *value);
/* The file of a pcfile value. NULL if there is none. */
const char *pcln_file(const struct go_binary *bin, const struct pcln_func *func, int32_t value);
bool pcln_inline(const struct go_binary *bin, const struct pcln_func *func, int32_t index, struct pcln_inline *out);

void go_types_release(struct go_cache *cache);

#endif
