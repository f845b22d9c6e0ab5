/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/c_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/keymap.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/strpool.h"
#include "base/u64map.h"
#include "symbolize/debug_file.h"
#include "symbolize/demangle.h"
#include "symbolize/symbolizer_dwarf.h"
#include "symbolize/symbolizer_symtab.h"

/* Bytes of a name. */
#define STRING_MAX 4096
/* Bytes that all debug sections may take, unpacked. What does not fit has the names of its symbols. */
#define DEBUG_BYTES_MAX (UINT64_C(3) << 30)

struct c_file {
	int fd; /* -1: known by its path alone */
	const char *path;
	size_t root;
	bool image_tried;
	struct elf_image *image;
	bool symbols_tried;
	/* NULL without. */
	struct elf_image *debug;
	struct symbolizer *dwarf;
	struct symbolizer *symtab;
	struct symbolizer *debug_symtab;
};

/* The root folder of a process, kept open as the files are. */
struct root {
	const char *path; /* "" ours */
	int fd;
};

struct c_files {
	struct c_file *files;
	size_t n;
	size_t alloc;
	struct keymap by_inode; /* device, inode, 1; or the path's place in strings, 0, 0: number of the file */
	struct root *roots;
	size_t n_roots;
	size_t alloc_roots;
	uint64_t debug_bytes; /* left of DEBUG_BYTES_MAX */
	struct strpool *strings;
	struct u64map demangled; /* place of a mangled name: place of what it stands for */
};

struct c_files *c_files_new(void)
{
	struct c_files *files = xcalloc(1, sizeof(*files));

	files->strings = strpool_new();
	files->debug_bytes = DEBUG_BYTES_MAX;
	return files;
}

void c_files_free(struct c_files *files)
{
	if (!files)
		return;
	for (size_t i = 0; i < files->n; i++) {
		struct c_file *file = &files->files[i];

		symbolizer_free(file->dwarf);
		symbolizer_free(file->symtab);
		symbolizer_free(file->debug_symtab);
		elf_image_free(file->debug);
		elf_image_free(file->image);
		if (file->fd >= 0)
			close(file->fd);
	}
	for (size_t i = 0; i < files->n_roots; i++) {
		if (files->roots[i].fd >= 0)
			close(files->roots[i].fd);
	}
	free(files->roots);
	free(files->files);
	keymap_release(&files->by_inode);
	u64map_release(&files->demangled);
	strpool_free(files->strings);
	free(files);
}

static size_t find_root(struct c_files *files, const char *path)
{
	for (size_t i = 0; i < files->n_roots; i++) {
		if (strcmp(files->roots[i].path, path) == 0)
			return i;
	}
	ARRAY_GROW(files->roots, files->n_roots + 1, files->alloc_roots);
	files->roots[files->n_roots] = (struct root){
		.path = strpool_add(files->strings, path),
		.fd = open(*path ? path : "/", O_PATH | O_DIRECTORY | O_CLOEXEC),
	};
	return files->n_roots++;
}

uint32_t c_files_add(struct c_files *files, int fd, const char *path, const char *root)
{
	const char *kept = strpool_add(files->strings, path);
	struct keymap_key key = {{(uintptr_t)kept}};
	struct stat st;
	bool is_new;

	if (fd >= 0 && fstat(fd, &st) == 0)
		key = (struct keymap_key){{st.st_dev, st.st_ino, 1}};
	uint64_t *number = keymap_at(&files->by_inode, key, &is_new);
	if (!is_new)
		return (uint32_t)*number;
	*number = files->n;
	ARRAY_GROW(files->files, files->n + 1, files->alloc);
	/* Kept open, a file's inode is no other file's. */
	files->files[files->n] = (struct c_file){
		.fd = key.words[2] ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1,
		.path = kept,
		.root = find_root(files, root),
	};
	return (uint32_t)files->n++;
}

size_t c_files_count(const struct c_files *files)
{
	return files->n;
}

const char *c_files_path(const struct c_files *files, uint32_t file)
{
	return files->files[file].path;
}

/* As it was called before it was deleted: /proc/PID/maps says that behind the name. */
static const char *mapped_path(struct c_files *files, const struct c_file *file)
{
	static const char deleted[] = " (deleted)";

	if (!path_has_suffix(file->path, deleted))
		return file->path;
	return strpool_add_n(files->strings, file->path, strlen(file->path) - strlen(deleted));
}

const struct elf_image *c_files_image(struct c_files *files, uint32_t number)
{
	struct c_file *file = &files->files[number];

	if (!file->image_tried && file->fd >= 0 && elf_image_open_fd(&file->image, file->fd, file->path, NULL) < 0)
		file->image = NULL;
	file->image_tried = true;
	return file->image;
}

/* The DWARF of a file, with what it shares with others if that is found. */
static struct symbolizer *open_dwarf(struct c_files *files, const struct elf_image *image, const char *path, int root)
{
	uint64_t left = files->debug_bytes;
	struct elf_image *shared = NULL;
	struct symbolizer *dwarf;

	if (!elf_image_section(image, ".debug_info"))
		return NULL;
	debug_file_open_shared(&shared, image, path, root, NULL);
	if (symbolizer_new_dwarf_shared(&dwarf, image, shared, 0, &files->debug_bytes, NULL) < 0 && shared) {
		files->debug_bytes = left;
		symbolizer_new_dwarf_shared(&dwarf, image, NULL, 0, &files->debug_bytes, NULL);
	}
	if (!dwarf)
		files->debug_bytes = left;
	elf_image_free(shared);
	return dwarf;
}

/* Whatever is missing or damaged, something else has names. */
static void open_symbols(struct c_files *files, uint32_t number)
{
	const struct elf_image *image = c_files_image(files, number);
	struct c_file *file = &files->files[number];
	const char *path = mapped_path(files, file);
	int root = files->roots[file->root].fd;

	file->symbols_tried = true;
	if (!image)
		return;
	file->dwarf = open_dwarf(files, image, path, root);
	/* Who strips a file of DWARF leaves it where it was or in one of its own; both would say the same. */
	if (!file->dwarf && debug_file_open(&file->debug, image, path, root, NULL) == 0) {
		file->dwarf = open_dwarf(files, file->debug, elf_image_path(file->debug), root);
		symbolizer_new_symtab(&file->debug_symtab, file->debug, NULL);
	}
	symbolizer_new_symtab(&file->symtab, image, NULL);
}

/* A string of a file, cut where it is longer than anybody's. */
static const char *bounded(struct c_files *files, const char *s)
{
	return s && strnlen(s, STRING_MAX + 1) > STRING_MAX ? strpool_add_n(files->strings, s, STRING_MAX) : s;
}

static const char *written_name(struct c_files *files, const char *name)
{
	bool is_new;

	if (!is_mangled(name))
		return bounded(files, name);
	uint64_t *place = u64map_at(&files->demangled, (uintptr_t)name, &is_new);
	if (is_new) {
		char *text = demangle(name);
		*place = (uintptr_t)(text ? strpool_add(files->strings, text) : bounded(files, name));
		free(text);
	}
	return (const char *)(uintptr_t)*place;
}

static const char *module_and_offset(struct c_files *files, const struct c_file *file, elf_vaddr ret)
{
	return strpool_addf(files->strings, "%s+0x%llx", path_base(mapped_path(files, file)),
			    (unsigned long long)(ret ? ret - 1 : 0));
}

/* The physical function by symbols. */
static bool symbol_at(struct c_file *file, elf_vaddr pc, struct sym_frame *frame)
{
	return (file->debug_symtab && symbolizer_frames_at(file->debug_symtab, pc, frame, 1)) ||
	       (file->symtab && symbolizer_frames_at(file->symtab, pc, frame, 1));
}

/*
 * GCC writes no name for linkers beside a C++ function that has internal linkage, and with -g1 beside none; DW_AT_name
 * lacks the names around it and the parameters. Its symbol has them all.
 */
static void take_symbol_name(struct c_file *file, struct sym_frame *physical)
{
	struct sym_frame symbol;

	if (!is_mangled(physical->function) && symbol_at(file, physical->entry, &symbol) &&
	    symbol.entry == physical->entry && is_mangled(symbol.function))
		physical->function = symbol.function;
}

size_t c_files_frames(struct c_files *files, uint32_t number, elf_vaddr ret, struct sym_frame *frames, size_t max)
{
	struct c_file *file = &files->files[number];
	size_t n = 0;

	if (max == 0)
		return 0;
	if (!file->symbols_tried)
		open_symbols(files, number);
	if (file->dwarf)
		n = symbolizer_frames(file->dwarf, ret, frames, max);
	if (n && !frames[n - 1].inlined)
		take_symbol_name(file, &frames[n - 1]);
	if (n == 0 && ret)
		n = symbol_at(file, ret - 1, frames);
	for (size_t i = 0; i < n; i++)
		frames[i].function = written_name(files, frames[i].function);
	if (n == 0)
		frames[0] = (struct sym_frame){.function = module_and_offset(files, file, ret)};
	if (!frames[0].file && file->dwarf)
		symbolizer_line(file->dwarf, ret, &frames[0].file, &frames[0].line);
	n = n ? n : 1;
	for (size_t i = 0; i < n; i++)
		frames[i].file = bounded(files, frames[i].file);
	return n;
}
