/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that the C code of a process comes from, and what their addresses are called. Of an address it asks, in
 * this order, the file's DWARF, the DWARF of its separate debug file, the symbols of either, and says
 * "libfoo.so.1+0x1234" where nothing is known. C++ and Rust names are as they were written.
 *
 * Files are kept open, so that they can be asked after the process, or the container it was in, is gone. Nothing of a
 * file is read before it is asked for. Not for two threads at once.
 */
#ifndef ESCAUDIT_SYMBOLIZE_C_FILES_H
#define ESCAUDIT_SYMBOLIZE_C_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "symbolize/elf_image.h"
#include "symbolize/symbolizer.h"

struct c_files;

struct c_files *c_files_new(void);
void c_files_free(struct c_files *files);

/*
 * The number of a file, the same for the same file (device and inode) each time; they count from 0. fd is duplicated;
 * path is what the process calls the file, and is kept from the first time. root is where the files of the process are,
 * for separate debug files: "" for our own, "/proc/PID/root". With fd -1, or one that cannot be duplicated, the file is
 * known by its path alone and only named by module and offset.
 */
uint32_t c_files_add(struct c_files *files, int fd, const char *path, const char *root);
size_t c_files_count(const struct c_files *files);
const char *c_files_path(const struct c_files *files, uint32_t file);
/* Opened at the first call; NULL if it is no ELF file that can be read. Valid as long as files. */
const struct elf_image *c_files_image(struct c_files *files, uint32_t file);

/*
 * The logical frames of one return address in a file, innermost first: see symbolizer_frames. Never 0 where max is not:
 * where no name is known the function is "MODULE+0xADDRESS", the address of the last byte of the call in the file's own
 * addresses. Strings are valid as long as files.
 */
size_t c_files_frames(struct c_files *files, uint32_t file, elf_vaddr ret, struct sym_frame *frames, size_t max);

#endif
