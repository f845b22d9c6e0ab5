/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Separate debug files, where debuggers look for them ("Debugging Information in Separate Files" in gdb's manual):
 *
 *     /usr/lib/debug/.build-id/xx/yyyy.debug   by the build id, which both files must have
 *     NAME, .debug/NAME                        beside the file; NAME and the debug file's CRC are in .gnu_debuglink
 *     /usr/lib/debug/DIRECTORY/NAME            the same, DIRECTORY being the file's
 *
 * They are looked for below the root folder of the process that has the file mapped, no link leading out of it, and by
 * build id below ours as well. What is found is a stranger's file, as the file itself is; only regular files are
 * opened.
 */
#ifndef ESCAUDIT_SYMBOLIZE_DEBUG_FILE_H
#define ESCAUDIT_SYMBOLIZE_DEBUG_FILE_H

#include "symbolize/elf_image.h"

/*
 * Opens the debug file of an image. path is what the process calls its file; root is a descriptor (O_PATH is enough) of
 * the folder that it calls "/", -1 for none. -ENOENT if there is none that fits.
 */
int debug_file_open(struct elf_image **out, const struct elf_image *image, const char *path, int root,
		    struct error *err);

/*
 * Opens what several debug files share (dwz's part, see .gnu_debugaltlink), by its build id, or by its name if the file
 * there has that build id. image is the file with the debug information and path its place, to which the name may be
 * relative: elf_image_path of what debug_file_open opened. -ENODATA if it names none, -ENOENT if there is none that
 * fits.
 */
int debug_file_open_shared(struct elf_image **out, const struct elf_image *image, const char *path, int root,
			   struct error *err);

#endif
