/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/reason.h"
#include "base/strbuf.h"

int address_space_open(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

bool address_space_is_live(int fd)
{
	char c;

	return pread(fd, &c, 1, 0) == 1;
}

/* The kernel allows 65530 mappings (vm.max_map_count) unless told otherwise. */
#define MAX_MAPS_BYTES (256u << 20)

/* The rest of a line while its fields are taken off. */
struct cursor {
	const char *at, *end;
};

static bool take_number(struct cursor *c, unsigned base, char stop, uint64_t *out)
{
	uint64_t value = 0;
	size_t digits = 0;

	for (; c->at < c->end && *c->at != stop; c->at++, digits++) {
		unsigned digit;

		if (*c->at >= '0' && *c->at <= '9')
			digit = (unsigned)(*c->at - '0');
		else if (*c->at >= 'a' && *c->at <= 'f')
			digit = (unsigned)(*c->at - 'a') + 10;
		else
			return false;
		if (digit >= base || value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	if (!digits || c->at == c->end)
		return false;
	c->at++;
	*out = value;
	return true;
}

/* A newline in a path is written as \012; nothing else is changed. */
static const char *take_path(struct cursor *c, struct strpool *pool, bool *deleted)
{
	static const char mark[] = " (deleted)";
	struct strbuf path = STRBUF_INIT;
	const char *result;
	size_t len;

	while (c->at < c->end && *c->at == ' ')
		c->at++;
	len = (size_t)(c->end - c->at);
	if (len >= sizeof(mark) - 1 && memcmp(c->end - (sizeof(mark) - 1), mark, sizeof(mark) - 1) == 0) {
		*deleted = true;
		len -= sizeof(mark) - 1;
	}
	for (size_t i = 0; i < len; i++) {
		if (len - i >= 4 && memcmp(c->at + i, "\\012", 4) == 0) {
			strbuf_addch(&path, '\n');
			i += 3;
		} else {
			strbuf_addch(&path, c->at[i]);
		}
	}
	result = strpool_add_n(pool, strbuf_str(&path), path.len);
	strbuf_release(&path);
	return result;
}

static bool parse_line(struct map_entry *out, struct cursor *c, struct strpool *pool)
{
	uint64_t major, minor;

	*out = (struct map_entry){.path = ""};
	if (!take_number(c, 16, '-', &out->start) || !take_number(c, 16, ' ', &out->end) || out->end < out->start)
		return false;
	if (c->end - c->at < 5 || c->at[4] != ' ')
		return false;
	out->executable = c->at[2] == 'x';
	c->at += 5;
	if (!take_number(c, 16, ' ', &out->offset) || !take_number(c, 16, ':', &major) ||
	    !take_number(c, 16, ' ', &minor) || major > UINT32_MAX || minor > UINT32_MAX)
		return false;
	out->major = (uint32_t)major;
	out->minor = (uint32_t)minor;
	if (!take_number(c, 10, ' ', &out->inode))
		return false;
	out->path = take_path(c, pool, &out->deleted);
	return true;
}

int maps_parse(struct maps *out, const char *text, size_t len, struct error *err)
{
	const char *at = text, *end = text + len;
	size_t alloc = 0;

	*out = (struct maps){.pool = strpool_new()};
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct cursor line = {.at = at, .end = newline ? newline : end};

		ARRAY_GROW(out->items, out->n + 1, alloc);
		if (!parse_line(&out->items[out->n], &line, out->pool))
			return error_set(
				err, -EBADMSG, "process: failed to read the memory map: line %zu is '%.*s'", out->n + 1,
				(int)((newline ? newline : end) - at < 200 ? (newline ? newline : end) - at : 200), at);
		out->n++;
		at = newline ? newline + 1 : end;
	}
	return 0;
}

int maps_read_fd(struct maps *out, int fd, struct error *err)
{
	struct strbuf text = STRBUF_INIT;
	int ret = lseek(fd, 0, SEEK_SET) < 0 ? -errno : strbuf_read_fd(&text, fd, MAX_MAPS_BYTES);

	*out = (struct maps){.items = NULL};
	if (ret)
		error_set(err, ret, "process: failed to read the memory map: %s", reason_text(ret));
	else if (text.len == 0)
		ret = error_set(err, -ESRCH, "process: failed to read the memory map: the process has ended");
	else
		ret = maps_parse(out, text.buf, text.len, err);
	strbuf_release(&text);
	return ret;
}

void maps_release(struct maps *maps)
{
	free(maps->items);
	strpool_free(maps->pool);
	*maps = (struct maps){.items = NULL};
}

bool map_same_file(const struct map_entry *a, const struct map_entry *b)
{
	return a->inode == b->inode && a->major == b->major && a->minor == b->minor && a->inode != 0;
}
