/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process has mapped: /proc/PID/maps (Documentation/filesystems/proc.rst), one entry a line.
 *
 *     7f2c8a600000-7f2c8a7be000 r-xp 0002a000 fd:01 1837460    /usr/lib/libshop.so (deleted)
 */
#ifndef ESCAUDIT_UNWIND_MAPS_H
#define ESCAUDIT_UNWIND_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strpool.h"

/*
 * A descriptor on the address space that a process has now, or a negative errno; close it. It is live until the process
 * ends or executes a program.
 */
int address_space_open(pid_t pid);
bool address_space_is_live(int fd);

struct map_entry {
	uint64_t start, end; /* addresses in the process */
	uint64_t offset;     /* bytes into the file */
	uint64_t inode;	     /* 0 where no file is mapped */
	uint32_t major, minor;
	bool executable;
	bool deleted;	  /* the path leads to this file no longer */
	const char *path; /* as in the process's own mount namespace, without " (deleted)"; "" for none */
};

struct maps {
	struct map_entry *items; /* by address */
	size_t n;
	struct strpool *pool; /* of the paths */
};

/*
 * Reads text, len bytes of it. -EBADMSG if a line is none of the kernel's. Whatever happens, release with maps_release.
 */
int maps_parse(struct maps *out, const char *text, size_t len, struct error *err);
/* Reads the maps of a process from fd, open on /proc/PID/maps. None at all (-ESRCH) once the process has ended. */
int maps_read_fd(struct maps *out, int fd, struct error *err);
void maps_release(struct maps *maps);

/* Whether two entries show the same file. */
bool map_same_file(const struct map_entry *a, const struct map_entry *b);

#endif
