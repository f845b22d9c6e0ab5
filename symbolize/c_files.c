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
#include "symbolize/demangle.h"
#include "symbolize/symbolizer_dwarf.h"
#include "symbolize/symbolizer_symtab.h"

struct c_file {
	int fd; /* -1: known by its path alone */
	const char *path;
	const char *root;
	bool image_tried;
	struct elf_image *image;
	bool symbols_tried;
	struct symbolizer *dwarf;  /* NULL without */
	struct symbolizer *symtab; /* NULL without */
};

struct c_files {
	struct c_file *files;
	size_t n;
	size_t alloc;
	struct keymap by_inode; /* device, inode, 1; or the path's place in strings, 0, 0: number of the file */
	struct strpool *strings;
	struct u64map demangled; /* place of a mangled name: place of what it stands for */
};

struct c_files *c_files_new(void)
{
	struct c_files *files = xcalloc(1, sizeof(*files));

	files->strings = strpool_new();
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
		elf_image_free(file->image);
		if (file->fd >= 0)
			close(file->fd);
	}
	free(files->files);
	keymap_release(&files->by_inode);
	u64map_release(&files->demangled);
	strpool_free(files->strings);
	free(files);
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
		.root = strpool_add(files->strings, root),
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

const struct elf_image *c_files_image(struct c_files *files, uint32_t number)
{
	struct c_file *file = &files->files[number];

	if (!file->image_tried && file->fd >= 0 && elf_image_open_fd(&file->image, file->fd, file->path, NULL) < 0)
		file->image = NULL;
	file->image_tried = true;
	return file->image;
}

/* Whatever is missing or damaged, something else has names. */
static void open_symbols(struct c_files *files, uint32_t number)
{
	const struct elf_image *image = c_files_image(files, number);
	struct c_file *file = &files->files[number];

	file->symbols_tried = true;
	if (!image)
		return;
	symbolizer_new_dwarf_image(&file->dwarf, image, 0, NULL);
	symbolizer_new_symtab(&file->symtab, image, NULL);
}

static const char *written_name(struct c_files *files, const char *name)
{
	bool is_new;

	if (!is_mangled(name))
		return name;
	uint64_t *place = u64map_at(&files->demangled, (uintptr_t)name, &is_new);
	if (is_new) {
		char *text = demangle(name);
		*place = (uintptr_t)(text ? strpool_add(files->strings, text) : name);
		free(text);
	}
	return (const char *)(uintptr_t)*place;
}

/*
 * GCC writes no name for linkers beside a C++ function that has internal linkage, and with -g1 beside none; DW_AT_name
 * lacks the names around it and the parameters. Its symbol has them all.
 */
static void take_symbol_name(struct c_file *file, struct sym_frame *physical)
{
	struct sym_frame symbol;

	if (is_mangled(physical->function) || !file->symtab ||
	    !symbolizer_frames_at(file->symtab, physical->entry, &symbol, 1))
		return;
	if (symbol.entry == physical->entry && is_mangled(symbol.function))
		physical->function = symbol.function;
}

static const char *module_and_offset(struct c_files *files, const struct c_file *file, elf_vaddr ret)
{
	static const char deleted[] = " (deleted)"; /* as /proc/PID/maps has it */
	const char *base = path_base(file->path);
	size_t len = strlen(base);

	if (path_has_suffix(base, deleted))
		len -= strlen(deleted);
	return strpool_addf(files->strings, "%.*s+0x%llx", (int)len, base, (unsigned long long)(ret ? ret - 1 : 0));
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
	if (n == 0 && file->symtab)
		n = symbolizer_frames(file->symtab, ret, frames, max);
	for (size_t i = 0; i < n; i++)
		frames[i].function = written_name(files, frames[i].function);
	if (n == 0)
		frames[0] = (struct sym_frame){.function = module_and_offset(files, file, ret)};
	if (!frames[0].file && file->dwarf)
		symbolizer_line(file->dwarf, ret, &frames[0].file, &frames[0].line);
	return n ? n : 1;
}
