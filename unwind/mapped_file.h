/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file opened as a process has it mapped, whatever the path leads to by now: replaced and deleted files, roots and
 * mount namespaces of its own. All are read-only descriptors of regular files, or a negative errno; close them.
 */
#ifndef ESCAUDIT_UNWIND_MAPPED_FILE_H
#define ESCAUDIT_UNWIND_MAPPED_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "unwind/maps.h"

/* Where the process's root is, as we see it; "" for ours. The caller's. */
char *mapped_file_root(pid_t pid);
/* Whether the process is in our mount namespace. */
bool mapped_file_same_mounts(pid_t pid);
/*
 * /proc shows paths from where we stand: of a process with a root of its own, with the way to that root in front. Where
 * that way leads through its own mount namespace it means nothing to us, and is left out.
 */
const char *mapped_file_path(const char *root, const char *path);
/* The path as the process sees it. Links and ".." do not lead out of its root. */
int mapped_file_open_path(pid_t pid, const char *path);
/*
 * The very file a mapping shows. Following /proc/PID/map_files takes CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN; without
 * them the path must still lead to the file that is mapped.
 */
int mapped_file_open(pid_t pid, const char *root, const struct map_entry *m);
/*
 * What open gave: fd again if it shows a regular file, else closed and -ENOEXEC; a negative one becomes -errno. Open
 * with O_NONBLOCK and O_NOCTTY, neither waiting for a pipe nor taking a terminal.
 */
int mapped_file_regular(int fd);

#endif
