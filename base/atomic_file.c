/* SPDX-License-Identifier: Apache-2.0 */
#include "base/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

static void set_mode_of_new_files(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	fchmod(fd, 0666 & ~mask);
}

/* A descriptor of a new file beside the one that is meant. */
static int open_beside(struct atomic_file *file, const char *path, bool is_there)
{
	const char *slash;
	int fd;

	file->target = is_there ? realpath(path, NULL) : NULL;
	if (!file->target)
		file->target = xstrdup(path);
	/* Not the name with something behind it: that may be too long for a name. */
	slash = strrchr(file->target, '/');
	file->temporary = xasprintf("%.*s.escaudit.XXXXXX", slash ? (int)(slash + 1 - file->target) : 0, file->target);
	fd = mkostemp(file->temporary, O_CLOEXEC);
	if (fd >= 0)
		set_mode_of_new_files(fd);
	return fd;
}

int atomic_file_begin(struct atomic_file *file, const char *path)
{
	struct stat st;
	bool is_there = stat(path, &st) == 0;
	int fd, ret = 0;

	*file = (struct atomic_file){.stream = NULL};
	if (!*path)
		return -ENOENT;
	if (is_there && (!S_ISREG(st.st_mode) || st.st_nlink == 0))
		fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	else
		fd = open_beside(file, path, is_there);
	file->stream = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file->stream) {
		ret = -errno;
		if (fd >= 0)
			close(fd);
		if (fd >= 0 && file->temporary)
			unlink(file->temporary);
		free(file->temporary);
		free(file->target);
	}
	return ret;
}

int atomic_file_end(struct atomic_file *file, int result)
{
	/* Why, nobody may know any more; what is there goes anyway, so that one byte more does no harm. */
	if (ferror(file->stream) && (result == 0 || result == -EIO))
		result = file->temporary && write(fileno(file->stream), "", 1) < 0 ? -errno : -EIO;
	if (fclose(file->stream) && result == 0)
		result = -errno;
	if (file->temporary && result == 0 && rename(file->temporary, file->target) < 0)
		result = -errno;
	if (file->temporary && result)
		unlink(file->temporary);
	free(file->temporary);
	free(file->target);
	return result;
}
