/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libbpf asks for the verifier's log only once a program was refused, and loads it a second time for it. Each program
 * has a buffer of its own, so that the one that is not empty names the program. Its size is reserved, not taken: a log
 * that does not fit is cut at its beginning or its end, depending on the kernel, and replaces the reason by ENOSPC.
 */
#include "probe/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/memory.h"
#include "base/reason.h"
#include "base/strbuf.h"
#include "base/temporary_directory.h"
#include "probe/kernel.h"
#include "probe/kernel_needs.h"

#define LOG_BYTES     (64u << 20)
#define LOG_BYTES_MIN (64u << 10)
#define LAST_LINES    5
/* Descriptors of libbpf's own trials of the kernel, beside the object's maps and programs. */
#define SPARE_DESCRIPTORS 4

/* What libbpf said since loader_load began. One thread loads. */
static struct strbuf said;

static __attribute__((format(printf, 2, 0))) int hear(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN)
		strbuf_vaddf(&said, format, args);
	return 0;
}

static __attribute__((format(printf, 2, 0))) int hear_nothing(enum libbpf_print_level level, const char *format,
							      va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

void loader_silence(void)
{
	libbpf_set_print(hear_nothing);
}

struct logs {
	char *memory; /* NULL: there was none */
	size_t bytes; /* of each program's */
	size_t n;
};

static void logs_init(struct logs *logs, struct bpf_object *object)
{
	struct bpf_program *program = NULL;
	size_t i = 0;

	*logs = (struct logs){.bytes = LOG_BYTES};
	while ((program = bpf_object__next_program(object, program)))
		logs->n++;
	while (logs->bytes >= LOG_BYTES_MIN) {
		void *memory = mmap(NULL, logs->n * logs->bytes, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (memory != MAP_FAILED) {
			logs->memory = memory;
			break;
		}
		logs->bytes /= 4;
	}
	while ((program = bpf_object__next_program(object, program))) {
		if (logs->memory)
			bpf_program__set_log_buf(program, logs->memory + i++ * logs->bytes, logs->bytes);
	}
}

static void logs_release(struct logs *logs)
{
	if (logs->memory)
		munmap(logs->memory, logs->n * logs->bytes);
}

/* The log of the program that was refused, and its name; NULL if the verifier had nothing to say of any. */
static const char *refused(const struct logs *logs, struct bpf_object *object, const char **name)
{
	struct bpf_program *program = NULL;
	size_t i = 0;

	while ((program = bpf_object__next_program(object, program))) {
		const char *log = logs->memory ? logs->memory + i++ * logs->bytes : "";

		*name = bpf_program__name(program);
		if (*log)
			return log;
	}
	return NULL;
}

/* The verifier's account of its own work, behind what it has to say. */
static bool is_statistics(const char *line, size_t len)
{
	static const char *const starts[] = {"processed ", "verification time ", "stack depth ", "insns processed "};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		if (len >= strlen(starts[i]) && memcmp(line, starts[i], strlen(starts[i])) == 0)
			return true;
	}
	return len == 0;
}

/* Adds the last lines that matter, each behind a newline and four blanks. */
static void add_last_lines(struct strbuf *out, const char *log)
{
	const char *lines[LAST_LINES];
	size_t lens[LAST_LINES], n = 0;
	const char *end = log + strlen(log);

	while (end > log && n < LAST_LINES) {
		const char *start = end;

		while (start > log && start[-1] != '\n')
			start--;
		if (!is_statistics(start, (size_t)(end - start))) {
			lines[n] = start;
			lens[n++] = (size_t)(end - start);
		}
		end = start > log ? start - 1 : log;
	}
	while (n) {
		n--;
		strbuf_addf(out, "\n    %.*s", (int)(lens[n] < 500 ? lens[n] : 500), lines[n]);
	}
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Adds where the whole log is, or why it is nowhere. A folder that anybody writes to: never a name that is there. */
static void save(struct strbuf *out, const char *program, int code, const char *log)
{
	struct strbuf head = STRBUF_INIT;
	struct utsname u = {.release = ""};
	char *path = xasprintf("%s/escaudit-verifier.XXXXXX", temporary_parent());
	int fd = mkostemp(path, O_CLOEXEC), ret = fd < 0 ? -errno : 0;

	uname(&u);
	strbuf_addf(&head, "escaudit %s\n%s %s %s %s\nprogram %s: %s\nlibbpf %s:\n%s\nverifier:\n", ESCAUDIT_VERSION,
		    u.sysname, u.release, u.version, u.machine, program, strerror(-code), libbpf_version_string(),
		    strbuf_str(&said));
	if (ret == 0)
		ret = write_all(fd, head.buf, head.len);
	if (ret == 0)
		ret = write_all(fd, log, strlen(log));
	if (fd >= 0 && close(fd) && ret == 0)
		ret = -errno;
	if (ret && fd >= 0)
		unlink(path);
	if (ret == 0)
		strbuf_addf(out, "all it said is in '%s'", path);
	else
		strbuf_addf(out, "all it said could not be written to '%s': %s", path, strerror(-ret));
	strbuf_release(&head);
	free(path);
}

static int refusal(struct error *err, int code, const char *program, const char *log)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "probe: failed to load the kernel program '%s': %s; the verifier of %s refused it:", program,
		    code == -ENOSPC ? "refused, with a log too long to keep" : strerror(-code), kernel_name());
	add_last_lines(&text, log);
	strbuf_addf(&text, "\nescaudit %s; ", ESCAUDIT_VERSION);
	save(&text, program, code, log);
	error_set(err, code, "%s", text.buf);
	strbuf_release(&text);
	return code;
}

/* The one map whose size is the user's to choose. */
static bool is_chosen(const char *map)
{
	return strstr(map, "'observations'") != NULL;
}

/* ": map 'stacks'" if it was a map that could not be made, else "". */
static char *refused_map(void)
{
	const char *at = strstr(strbuf_str(&said), "map '"), *end = at ? strchr(at + 5, '\'') : NULL;

	return end ? xasprintf(": map '%.*s'", (int)(end - at - 5), at + 5) : xstrdup("");
}

/* One that counts maps against RLIMIT_MEMLOCK, and says that it is exceeded by EPERM: before Linux 5.11. */
static bool counts_memlock(void)
{
	unsigned major = 0, minor = 0;
	struct utsname u;

	return uname(&u) == 0 && sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
	       (major < 5 || (major == 5 && minor < 11));
}

/* In the initial user namespace the map of ids is that of the whole range onto itself. */
static bool in_user_namespace(void)
{
	struct strbuf map = STRBUF_INIT;
	unsigned long inside = 0, outside = 0, length = 0;
	bool is = false;

	if (strbuf_read_file(&map, "/proc/self/uid_map", 4096) == 0 &&
	    sscanf(strbuf_str(&map), "%lu %lu %lu", &inside, &outside, &length) == 3)
		is = inside || outside || length != UINT32_MAX;
	strbuf_release(&map);
	return is;
}

static bool has(uint64_t set, int capability)
{
	return set >> capability & 1;
}

int loader_denied(struct error *err, int code, const char *map)
{
	uint64_t set = kernel_capabilities();
	bool admin = has(set, CAP_SYS_ADMIN), bpf = has(set, CAP_BPF), perfmon = has(set, CAP_PERFMON);
	struct rlimit memlock = {0, 0};
	const char *why = strerror(-code);

	getrlimit(RLIMIT_MEMLOCK, &memlock);
	if (!admin && (!bpf || !perfmon))
		error_set(err, code,
			  "probe: failed to load the kernel programs: %s; run as root or with CAP_BPF and CAP_PERFMON",
			  why);
	else if (in_user_namespace())
		error_set(err, code,
			  "probe: failed to load the kernel programs: %s; the capabilities held are those of a user "
			  "namespace, and count for nothing here: run outside of the container",
			  why);
	else if (*map && counts_memlock() && memlock.rlim_cur != RLIM_INFINITY)
		error_set(err, code,
			  "probe: failed to load the kernel programs%s: %s; RLIMIT_MEMLOCK is %llu KiB, and %s counts "
			  "maps against it: ulimit -l unlimited",
			  map, why, (unsigned long long)memlock.rlim_cur >> 10, kernel_name());
	else
		error_set(err, code,
			  "probe: failed to load the kernel programs%s: %s, with CAP_BPF and CAP_PERFMON held (%s, "
			  "escaudit %s); look at seccomp, security modules and lockdown",
			  map, why, kernel_name(), ESCAUDIT_VERSION);
	return code;
}

static int failed(struct error *err, int code)
{
	char *map = refused_map();

	if (reason_is_limit(code))
		error_set(err, code, "probe: failed to load the kernel programs%s: %s%s", map, reason_text(code),
			  code == -ENOMEM && is_chosen(map) ? "; take less with --max-stacks" : "");
	else if (code == -EPERM || code == -EACCES)
		loader_denied(err, code, map);
	else if (code == -E2BIG && is_chosen(map))
		error_set(err, code,
			  "probe: failed to load the kernel programs%s: %s; the kernel makes none of that size, take "
			  "less with --max-stacks",
			  map, strerror(-code));
	else if (kernel_needs_check(err))
		code = -EOPNOTSUPP;
	else
		error_set(err, code, "probe: failed to load the kernel programs%s: %s (%s, escaudit %s)", map,
			  strerror(-code), kernel_name(), ESCAUDIT_VERSION);
	free(map);
	return code;
}

int loader_open_error(struct error *err, int ret)
{
	return failed(err, ret);
}

/* libbpf takes a trial of its own that found no descriptor for a kernel that does not know what was tried. */
static int check_descriptors(const struct bpf_object *object, struct error *err)
{
	const struct bpf_program *program = NULL;
	const struct bpf_map *map = NULL;
	size_t n = SPARE_DESCRIPTORS;
	int ret;

	while ((program = bpf_object__next_program(object, (struct bpf_program *)(uintptr_t)program)))
		n++;
	while ((map = bpf_object__next_map(object, map)))
		n++;
	ret = reason_no_descriptors(n);
	return ret ? error_set(err, ret, "probe: failed to load the kernel programs: %s", reason_text(ret)) : 0;
}

int loader_load(const struct bpf_object_skeleton *skeleton, struct error *err)
{
	struct bpf_object *object = *skeleton->obj;
	const char *log, *program = "";
	struct logs logs;
	int ret;

	ret = check_descriptors(object, err);
	if (ret)
		return ret;
	kernel_lift_limits();
	logs_init(&logs, object);
	libbpf_set_print(hear);
	ret = bpf_object__load_skeleton((struct bpf_object_skeleton *)(uintptr_t)skeleton);
	loader_silence();
	if (ret) {
		log = refused(&logs, object, &program);
		if (!log)
			ret = failed(err, ret);
		else if (kernel_needs_check(err)) /* worth more than how its verifier puts it */
			ret = -EOPNOTSUPP;
		else
			ret = refusal(err, ret, program, log);
	}
	logs_release(&logs);
	strbuf_release(&said);
	return ret;
}
