/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/debug_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zlib.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/reason.h"
#include "base/strbuf.h"

#define DEBUG_FOLDER   "/usr/lib/debug"
#define BUILD_ID_BYTES 64 /* the longest that anything makes has 32 */
#define LINK_BYTES_MAX 8192
/* Of a file whose sum is taken: a few seconds. One with holes may have any size and be nowhere. */
#define SUMMED_BYTES_MAX (INT64_C(3) << 30)

/* Opens a regular file by its path below root, links and ".." taken as a process sees them whose root that is. */
static int open_below(int root, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	struct stat st;
	char again[32];
	int handle, fd;

	handle = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (handle < 0)
		return -errno;
	if (fstat(handle, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(handle);
		return -ENOENT;
	}
	/* Opening anything else may do something: a device, a pipe. */
	snprintf(again, sizeof(again), "/proc/self/fd/%d", handle);
	fd = open(again, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(handle);
	return fd;
}

static int open_image_below(struct elf_image **out, int root, const char *path)
{
	int fd = open_below(root, path), ret;

	if (fd < 0)
		return fd;
	ret = elf_image_open_debug_fd(out, fd, path, NULL);
	close(fd);
	return ret;
}

/* A debug file at a path, if it has a build id (in hex). */
static int open_with_build_id(struct elf_image **out, int root, const char *path, const char *id)
{
	const char *found;
	int ret = open_image_below(out, root, path);

	if (ret < 0)
		return ret;
	found = elf_image_build_id(*out);
	if (found && strcmp(found, id) == 0)
		return 0;
	elf_image_free(*out);
	*out = NULL;
	return -ENOENT;
}

static int open_by_build_id(struct elf_image **out, int root, const char *id)
{
	char *path;
	int ret;

	if (!id || strlen(id) < 4 || strlen(id) > BUILD_ID_BYTES * 2)
		return -ENOENT;
	path = xasprintf(DEBUG_FOLDER "/.build-id/%.2s/%s.debug", id, id + 2);
	ret = open_with_build_id(out, root, path, id);
	free(path);
	return ret;
}

static bool has_crc(int fd, uint32_t crc)
{
	uint32_t sum = (uint32_t)crc32(0, NULL, 0);
	uint8_t bytes[65536];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0 || st.st_size > SUMMED_BYTES_MAX)
		return false;
	/* By place: the descriptor's own is shared with who has it next. */
	for (off_t at = 0; at < st.st_size && (n = pread(fd, bytes, sizeof(bytes), at)) != 0; at += n) {
		if (n < 0)
			return false;
		sum = (uint32_t)crc32(sum, bytes, (uInt)n);
	}
	return sum == crc;
}

static int open_with_crc(struct elf_image **out, int root, const char *path, uint32_t crc)
{
	int fd = open_below(root, path), ret = -ENOENT;

	if (fd < 0)
		return fd;
	if (has_crc(fd, crc))
		ret = elf_image_open_debug_fd(out, fd, path, NULL);
	close(fd);
	return ret;
}

/* What a section begins with: a string. Sets where the bytes behind its end are, and how many. */
static const char *section_string(const struct elf_image *image, const char *section, const uint8_t **rest,
				  size_t *rest_size)
{
	const struct elf_section *found = elf_image_section(image, section);
	const uint8_t *bytes = found && found->size <= LINK_BYTES_MAX ? elf_image_section_bytes(image, found) : NULL;
	const uint8_t *end = bytes ? memchr(bytes, '\0', found->size) : NULL;

	if (!end || end == bytes)
		return NULL;
	*rest = end + 1;
	*rest_size = found->size - (size_t)(end + 1 - bytes);
	return (const char *)bytes;
}

/* The part of a path before its last slash, which must begin with one; -1 if it does not. */
static int folder_length(const char *path)
{
	return path[0] == '/' ? (int)(path_base(path) - path) - 1 : -1;
}

static int open_by_link(struct elf_image **out, const struct elf_image *image, const char *path, int root)
{
	const uint8_t *rest;
	size_t rest_size, pad;
	const char *name = section_string(image, ".gnu_debuglink", &rest, &rest_size);
	int folder = folder_length(path), ret = -ENOENT;
	uint32_t crc;

	/* A name, and no path: else a stranger's file would say what is opened. */
	if (!name || strchr(name, '/') || folder < 0)
		return -ENOENT;
	/* The sum is at the next multiple of four. */
	pad = 3 - strlen(name) % 4;
	if (rest_size < pad + sizeof(crc))
		return -ENOENT;
	memcpy(&crc, rest + pad, sizeof(crc));

	char *places[] = {
		xasprintf("%.*s/%s", folder, path, name),
		xasprintf("%.*s/.debug/%s", folder, path, name),
		xasprintf(DEBUG_FOLDER "%.*s/%s", folder, path, name),
	};
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (ret < 0)
			ret = open_with_crc(out, root, places[i], crc);
		free(places[i]);
	}
	return ret;
}

/* Our own root folder, below which a build id finds what it finds below another's. */
static int open_our_root(void)
{
	return open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int debug_file_open(struct elf_image **out, const struct elf_image *image, const char *path, int root,
		    struct error *err)
{
	const char *id = elf_image_build_id(image);
	int ours, ret = -ENOENT;

	*out = NULL;
	if (root >= 0) {
		ret = open_by_build_id(out, root, id);
		if (ret < 0)
			ret = open_by_link(out, image, path, root);
	}
	if (ret < 0 && (ours = open_our_root()) >= 0) {
		ret = open_by_build_id(out, ours, id);
		close(ours);
	}
	if (ret < 0)
		return error_set(err, -ENOENT,
				 "debug file: failed to find that of '%s', build id %s, below " DEBUG_FOLDER
				 " or beside it; install the package with its debug symbols",
				 path, id ? id : "unknown");
	return 0;
}

int debug_file_open_shared(struct elf_image **out, const struct elf_image *image, const char *path, int root,
			   struct error *err)
{
	const uint8_t *bytes;
	size_t n;
	const char *name = section_string(image, ".gnu_debugaltlink", &bytes, &n);
	int folder = folder_length(path), ours, ret = -ENOENT;
	struct strbuf id = STRBUF_INIT, place = STRBUF_INIT;

	*out = NULL;
	if (!name)
		return error_set(err, -ENODATA, "debug file: '%s' shares nothing with others", path);
	for (size_t i = 0; i < n && i < BUILD_ID_BYTES; i++)
		strbuf_addf(&id, "%02x", bytes[i]);
	if (name[0] == '/')
		strbuf_addstr(&place, name);
	else if (folder >= 0)
		strbuf_addf(&place, "%.*s/%s", folder, path, name);
	ours = open_our_root();
	for (int i = 0; i < 2 && ret < 0; i++) {
		int below = i == 0 ? root : ours;

		if (below < 0 || !id.len)
			continue;
		ret = open_by_build_id(out, below, id.buf);
		if (ret < 0 && place.len)
			ret = open_with_build_id(out, below, place.buf, id.buf);
	}
	if (ours >= 0)
		close(ours);
	if (ret < 0)
		error_set(err, -ENOENT, "debug file: failed to find '%s' with build id %s, which '%s' shares", name,
			  strbuf_str(&id), path);
	strbuf_release(&id);
	strbuf_release(&place);
	return ret < 0 ? -ENOENT : 0;
}
