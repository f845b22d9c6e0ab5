/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reason.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define TEXT_BYTES	1024
#define TEXTS		4
#define ENOUGH_FILES	1024
#define DESCRIPTORS_MAX 128
/* cgroup v1 says "none" by the largest number of pages. */
#define NO_LIMIT (UINT64_C(1) << 60)

/* Text of a fixed size: this is used where there is no memory. */
struct text {
	char *buf;
	size_t len;
};

static __attribute__((format(printf, 2, 3))) void add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, TEXT_BYTES - t->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len = t->len + (size_t)n < TEXT_BYTES ? t->len + (size_t)n : TEXT_BYTES - 1;
}

static bool read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static bool read_number(const char *path, uint64_t *out)
{
	char text[64], *end;

	if (!read_text(path, text, sizeof(text)))
		return false;
	*out = strtoull(text, &end, 10);
	return end != text;
}

static void add_files(struct text *t)
{
	struct rlimit limit = {0, 0};

	getrlimit(RLIMIT_NOFILE, &limit);
	add(t, "; RLIMIT_NOFILE is %" PRIu64 ": allow more with ulimit -n %d", (uint64_t)limit.rlim_cur, ENOUGH_FILES);
	if (limit.rlim_max < ENOUGH_FILES)
		add(t, ", as root (the hard limit is %" PRIu64 ")", (uint64_t)limit.rlim_max);
}

/* Clauses behind "; in force: ". */
static void add_clause(struct text *t, bool *any, const char *name, uint64_t limit, uint64_t used, const char *raise)
{
	add(t, "%s%s %" PRIu64 " KiB, %" PRIu64 " in use (%s)", *any ? "; " : "; in force: ", name, limit >> 10,
	    used >> 10, raise);
	*any = true;
}

static void add_rlimit(struct text *t, bool *any, int which, const char *name, int column, const char *raise)
{
	struct rlimit limit = {0, 0};
	unsigned long pages[7] = {0};
	char statm[128];

	if (getrlimit(which, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return;
	if (read_text("/proc/self/statm", statm, sizeof(statm)))
		sscanf(statm, "%lu %lu %lu %lu %lu %lu %lu", &pages[0], &pages[1], &pages[2], &pages[3], &pages[4],
		       &pages[5], &pages[6]);
	add_clause(t, any, name, limit.rlim_cur, (uint64_t)pages[column] * (uint64_t)sysconf(_SC_PAGESIZE), raise);
}

/* The group and those above it, as long as one that is tighter is found. */
static void add_cgroup_at(struct text *t, bool *any, const char *root, char *group, const char *max, const char *used)
{
	uint64_t limit, tightest = NO_LIMIT, in_use = 0;
	char path[PATH_MAX + 256], where[PATH_MAX] = "";

	for (;;) {
		char *slash;

		snprintf(path, sizeof(path), "%s%s/%s", root, group, max);
		if (read_number(path, &limit) && limit < tightest) {
			tightest = limit;
			snprintf(where, sizeof(where), "%s", *group ? group : "/");
			snprintf(path, sizeof(path), "%s%s/%s", root, group, used);
			if (!read_number(path, &in_use))
				in_use = 0;
		}
		slash = strrchr(group, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	if (tightest < NO_LIMIT) {
		snprintf(path, sizeof(path), "memory cgroup '%.200s'", where);
		add_clause(t, any, path, tightest, in_use, max);
	}
}

static void add_cgroup(struct text *t, bool *any)
{
	char groups[8192], *line, *save = NULL;

	if (!read_text("/proc/self/cgroup", groups, sizeof(groups)))
		return;
	for (line = strtok_r(groups, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!group)
			continue;
		*group++ = '\0';
		if (strcmp(controllers, ":") == 0)
			add_cgroup_at(t, any, "/sys/fs/cgroup", group, "memory.max", "memory.current");
		else if (strstr(controllers, "memory"))
			add_cgroup_at(t, any, "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes",
				      "memory.usage_in_bytes");
	}
}

static void add_memory(struct text *t)
{
	char info[4096];
	const char *available;
	bool any = false;

	add_rlimit(t, &any, RLIMIT_AS, "RLIMIT_AS", 0, "ulimit -v");
	add_rlimit(t, &any, RLIMIT_DATA, "RLIMIT_DATA", 5, "ulimit -d");
	add_cgroup(t, &any);
	if (any || !read_text("/proc/meminfo", info, sizeof(info)))
		return;
	available = strstr(info, "MemAvailable:");
	if (available)
		add(t, "; no limit of this process or its memory cgroup is in force, MemAvailable is %llu KiB",
		    strtoull(available + strlen("MemAvailable:"), NULL, 10));
}

static struct text next_text(void)
{
	static _Thread_local char texts[TEXTS][TEXT_BYTES];
	static _Thread_local unsigned next;

	return (struct text){.buf = texts[next++ % TEXTS]};
}

static int positive(int code)
{
	return code < 0 ? -code : code;
}

const char *reason_text(int code)
{
	struct text t = next_text();
	int saved = errno; /* often among the arguments of the same call */

	add(&t, "%s", strerror(positive(code)));
	switch (positive(code)) {
	case EMFILE:
		add_files(&t);
		break;
	case ENFILE:
		add(&t, "; the machine's limit fs.file-max is reached: sysctl fs.file-max shows it");
		break;
	case ENOMEM:
		add_memory(&t);
		break;
	default:
		break;
	}
	errno = saved;
	return t.buf;
}

const char *reason_of_fork(int code)
{
	struct rlimit limit = {0, 0};
	int saved = errno;
	struct text t;

	if (positive(code) != EAGAIN)
		return reason_text(code);
	t = next_text();
	add(&t, "%s", strerror(EAGAIN));
	if (getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		add(&t, "; RLIMIT_NPROC is %" PRIu64 " for the processes of this user (ulimit -u)",
		    (uint64_t)limit.rlim_cur);
	else
		add(&t, "; RLIMIT_NPROC is not set, so kernel.threads-max, kernel.pid_max or a pids cgroup is reached");
	errno = saved;
	return t.buf;
}

bool reason_is_limit(int code)
{
	return code == -EMFILE || code == -ENFILE || code == -ENOMEM;
}

int reason_no_descriptors(size_t n)
{
	int fds[DESCRIPTORS_MAX], ret = 0;
	size_t opened = 0;

	while (opened < n && opened < DESCRIPTORS_MAX && ret == 0) {
		fds[opened] = eventfd(0, EFD_CLOEXEC);
		if (fds[opened] < 0)
			ret = -errno;
		else
			opened++;
	}
	while (opened)
		close(fds[--opened]);
	return ret;
}
