/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything is read through /proc/PID between two proofs that the process is one and the same: its pidfd, opened
 * first, has not become readable, and its memory map, opened first, still belongs to it. A descriptor of
 * /proc/PID/maps stays with the address space it was opened on, and reads empty once that is gone, by exit or by exec:
 * this tells a program that replaced itself from one that goes on, even where it executed the same file again.
 *
 * Paths inside another mount namespace are opened below /proc/PID/root, and never beyond it.
 */
#include "probe/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/reason.h"
#include "base/strbuf.h"
#include "probe/kernel.h"
#include "unwind/mapped_file.h"
#include "unwind/maps.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */
#define MAX_FILES  4096

struct process {
	pid_t pid;
	int pid_fd;
	int maps_fd; /* of the address space as it was when the process was opened */
	long uid;
	char *name;	   /* the thread group's command name */
	char *root;	   /* where its root is, as we see it; "" for ours */
	bool is_elsewhere; /* in another mount namespace */
	char *path;
	struct go_binary *bin;
	uint64_t bias; /* runtime address less vaddr, of bin */
	bool is_library;
	struct process_module *modules;
	size_t n_modules, alloc_modules;
	char *missed;
	char **notes;
	size_t n_notes, alloc_notes;
	struct map_entry *known; /* one entry for each executable file; paths are in known_pool */
	size_t n_known, alloc_known;
	struct strpool *known_pool;
};

static void add_note(struct process *p, char *note)
{
	ARRAY_GROW(p->notes, p->n_notes + 1, p->alloc_notes);
	p->notes[p->n_notes++] = note;
}

/* ---- what kind of process is it ---- */

struct stat_line {
	char state;
	unsigned long flags;
	char *name;
};

/* /proc/PID/stat: the name stands in brackets and may hold any character. 0, or the negative errno of not reading it.
 */
static int read_stat(pid_t pid, struct stat_line *out)
{
	struct strbuf text = STRBUF_INIT;
	const char *open, *close;
	char path[64];
	int ret;

	out->name = NULL;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	ret = strbuf_read_file(&text, path, 1 << 16);
	if (ret == 0) {
		open = strchr(strbuf_str(&text), '(');
		close = strrchr(strbuf_str(&text), ')');
		if (open && close && close > open &&
		    sscanf(close + 1, " %c %*d %*d %*d %*d %*d %lu", &out->state, &out->flags) == 2)
			out->name = xstrndup(open + 1, (size_t)(close - open - 1));
		else
			ret = -ESRCH;
	}
	strbuf_release(&text);
	return ret;
}

/* The number behind "KEY:\t" in /proc/PID/status; -1 if there is none. */
static long status_number(const char *status, const char *key)
{
	const char *at = strstr(status, key);

	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

/* Whether /proc is mounted so that users do not see each other's processes. */
static bool proc_hides(void)
{
	struct strbuf mounts = STRBUF_INIT;
	bool hides = false;

	if (strbuf_read_file(&mounts, "/proc/self/mounts", 1 << 22) == 0) {
		const char *line = strstr(strbuf_str(&mounts), " /proc proc "), *option = NULL;
		size_t len = line ? strcspn(line, "\n") : 0;

		for (const char *next = line; next && (next = strstr(next, " /proc proc ")); next++) {
			line = next; /* the last one lies on top */
			len = strcspn(line, "\n");
		}
		if (line)
			option = memmem(line, len, "hidepid=", 8);
		hides = option && strncmp(option + 8, "0", 1) != 0 && strncmp(option + 8, "off", 3) != 0;
	}
	strbuf_release(&mounts);
	return hides;
}

/* A file of /proc/PID could not be read: code says why, or is 0 where it was empty. */
static int error_gone(struct error *err, pid_t pid, int code)
{
	char self[32] = "";

	if (code && code != -ENOENT && code != -ESRCH && code != -EACCES && code != -EPERM)
		return error_set(err, code, "process: failed to look at process %d: %s", pid, reason_text(code));
	/* The ids we use and the ids /proc shows must be of one pid namespace. */
	if (readlink("/proc/self", self, sizeof(self) - 1) < 0)
		return error_set(err, -ENOENT, "process: failed to look for process %d: /proc is not mounted", pid);
	if (strtol(self, NULL, 10) != getpid())
		return error_set(err, -ESRCH,
				 "process: failed to find process %d: /proc shows another pid namespace; mount -t proc "
				 "proc /proc",
				 pid);
	if (kill(pid, 0) == 0 || errno == EPERM) { /* there is one */
		if (proc_hides())
			return error_set(err, -EACCES,
					 "process: failed to look at process %d: /proc hides it (hidepid); run as root",
					 pid);
		return error_set(err, -EACCES, "process: failed to look at process %d: %s", pid,
				 code ? reason_text(code) : "/proc shows nothing of it");
	}
	return error_set(err, -ESRCH, "process: failed to find process %d: there is none of that id", pid);
}

static int error_denied(struct error *err, const struct process *p, const char *what)
{
	if (kernel_capabilities() >> CAP_SYS_PTRACE & 1)
		return error_set(err, -EACCES,
				 "process: failed to read %s of process %d (%s): it is of another user namespace, or a "
				 "security module protects it; run outside of the container",
				 what, p->pid, p->name);
	if (p->uid >= 0 && (uid_t)p->uid != geteuid())
		return error_set(err, -EACCES,
				 "process: failed to read %s of process %d (%s): it belongs to user %ld; run as that "
				 "user, as root, or with CAP_SYS_PTRACE",
				 what, p->pid, p->name, p->uid);
	return error_set(
		err, -EACCES,
		"process: failed to read %s of process %d (%s): it holds capabilities this process has not, or "
		"is set undumpable; run as root or with CAP_SYS_PTRACE",
		what, p->pid, p->name);
}

/* From a thread's id to its process, and what is no target at all. */
static int identify(struct process *p, pid_t pid, struct error *err)
{
	struct strbuf status = STRBUF_INIT;
	struct stat_line stat;
	char path[64];
	long tgid;
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	ret = strbuf_read_file(&status, path, 1 << 16);
	if (ret || !status.len) {
		strbuf_release(&status);
		return error_gone(err, pid, ret);
	}
	tgid = status_number(status.buf, "\nTgid:");
	p->uid = status_number(status.buf, "\nUid:");
	strbuf_release(&status);
	ret = tgid > 0 && tgid <= INT_MAX ? read_stat((pid_t)tgid, &stat) : -ESRCH;
	if (ret)
		return error_gone(err, pid, ret);
	p->pid = (pid_t)tgid;
	p->name = stat.name;
	if (stat.flags & PF_KTHREAD)
		return error_set(err, -EINVAL,
				 "process: failed to attach to process %d: it is a thread of the kernel (%s)", pid,
				 p->name);
	if (stat.state == 'Z' || stat.state == 'X')
		return error_set(err, -ESRCH,
				 "process: failed to attach to process %d (%s): it has ended, only its parent has not "
				 "asked for it yet",
				 pid, p->name);
	if (p->pid != pid)
		add_note(p, xasprintf("%d is a thread of process %d (%s): the whole process is recorded", pid, p->pid,
				      p->name));
	return 0;
}

/* ---- its files ---- */

static void find_root(struct process *p)
{
	p->root = mapped_file_root(p->pid);
	p->is_elsewhere = !mapped_file_same_mounts(p->pid);
}

static const char *shown_path(const struct process *p, const char *path)
{
	return p->is_elsewhere ? mapped_file_path(p->root, path) : path;
}

enum holds { HOLDS_NOTHING, HOLDS_UNKNOWN, HOLDS_MODULE, HOLDS_RUNTIME };

/*
 * What of Go is in a file. HOLDS_NOTHING with -ENODATA or -ENOEXEC in *ret: nothing; with another code: something the
 * tool cannot handle, and err says what. HOLDS_UNKNOWN: plugins of Go 1.20 and before carry no build information.
 */
static enum holds examine(int fd, const char *path, struct go_binary **out, int *ret, struct error *err)
{
	struct elf_image *image = NULL;
	const char *mode;
	struct go_func func;

	*out = NULL;
	*ret = elf_image_open_fd(&image, fd, path, err);
	if (*ret)
		return HOLDS_NOTHING;
	*ret = go_binary_open(out, image, err);
	if (*ret) {
		enum holds holds = *ret == -ENODATA && elf_image_section(image, ".note.go.buildid") ? HOLDS_UNKNOWN
												    : HOLDS_NOTHING;

		elf_image_free(image);
		return holds;
	}
	mode = go_binary_setting(*out, "-buildmode");
	if ((mode && strcmp(mode, "plugin") == 0) || !go_binary_func_named(*out, "runtime.mallocgc", &func))
		return HOLDS_MODULE;
	return HOLDS_RUNTIME;
}

static bool bias_of(const struct go_binary *bin, const struct map_entry *m, uint64_t *bias)
{
	elf_vaddr vaddr;

	if (!elf_image_offset_to_vaddr(go_binary_image(bin), m->offset, &vaddr))
		return false;
	*bias = m->start - vaddr;
	return true;
}

/* A program or library with executable pages, and what was found in it. */
struct candidate {
	const struct map_entry *map; /* its first executable mapping */
	struct go_binary *bin;
	enum holds holds;
};

struct search {
	struct process *p;
	struct maps maps;
	struct candidate *items;
	size_t n, alloc;
	struct stat wanted; /* st_ino 0: no file was named */
	const char *wanted_path;
	int unreadable; /* files that could not be opened */
};

static bool is_wanted(const struct search *s, const struct map_entry *m, int fd)
{
	struct stat st;

	if (strcmp(m->path, s->wanted_path) == 0 || strcmp(shown_path(s->p, m->path), s->wanted_path) == 0)
		return true;
	return s->wanted.st_ino && fstat(fd, &st) == 0 && st.st_ino == s->wanted.st_ino &&
	       st.st_dev == s->wanted.st_dev;
}

static bool seen_before(const struct search *s, const struct map_entry *m)
{
	for (size_t i = 0; i < s->n; i++) {
		if (map_same_file(s->items[i].map, m))
			return true;
	}
	return false;
}

static int open_exe(const struct process *p)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/%d/exe", p->pid);
	return mapped_file_regular(open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

/* The entry of the program itself: the mapped file with its inode. */
static const struct map_entry *map_of_exe(const struct search *s, const char *path, int fd)
{
	const struct map_entry *by_path = NULL;
	struct stat st;

	if (fstat(fd, &st))
		return NULL;
	for (size_t i = 0; i < s->maps.n; i++) {
		const struct map_entry *m = &s->maps.items[i];

		if (!m->executable || !m->inode)
			continue;
		if (m->inode == st.st_ino && m->major == major(st.st_dev) && m->minor == minor(st.st_dev))
			return m;
		if (!by_path && strcmp(m->path, path) == 0)
			by_path = m;
	}
	return by_path;
}

static void add_candidate(struct search *s, const struct map_entry *m, struct go_binary *bin, enum holds holds)
{
	ARRAY_GROW(s->items, s->n + 1, s->alloc);
	s->items[s->n++] = (struct candidate){.map = m, .bin = bin, .holds = holds};
}

/*
 * The program first, then libraries by address. A file that is no Go at all is noted without a binary, so that it is
 * looked at once. A Go file that cannot be handled ends the search only if there is no other way out: it is the program
 * itself or the file that was asked for.
 */
static int find_candidates(struct search *s, const char *exe_path, struct error *err)
{
	struct process *p = s->p;
	const struct map_entry *exe;
	struct go_binary *bin;
	enum holds holds;
	int fd, ret = 0;

	fd = open_exe(p);
	if (fd < 0)
		return error_set(err, fd, "process: failed to open the program of process %d ('%s'): %s%s", p->pid,
				 shown_path(p, exe_path), reason_text(fd),
				 fd == -EACCES ? "; run as root, or with CAP_DAC_READ_SEARCH" : "");
	exe = map_of_exe(s, exe_path, fd);
	if (exe) {
		holds = examine(fd, shown_path(p, exe_path), &bin, &ret, err);
		add_candidate(s, exe, bin, holds);
	}
	close(fd);
	if (ret && ret != -ENODATA && ret != -ENOEXEC)
		return ret;
	for (size_t i = 0; i < s->maps.n && s->n < MAX_FILES; i++) {
		const struct map_entry *m = &s->maps.items[i];
		struct error own = ERROR_INIT;

		if (!m->executable || !m->inode || m->path[0] != '/' || seen_before(s, m))
			continue;
		fd = mapped_file_open(p->pid, p->root, m);
		if (reason_is_limit(fd))
			return error_set(err, fd, "process: failed to open '%s' of process %d: %s",
					 shown_path(p, m->path), p->pid, reason_text(fd));
		if (fd < 0) {
			s->unreadable++;
			add_candidate(s, m, NULL, HOLDS_NOTHING);
			continue;
		}
		holds = examine(fd, shown_path(p, m->path), &bin, &ret, &own);
		add_candidate(s, m, bin, holds);
		if (ret && ret != -ENODATA && ret != -ENOEXEC &&
		    (reason_is_limit(ret) || (s->wanted_path && is_wanted(s, m, fd)))) {
			close(fd);
			error_set(err, ret, "%s", own.text);
			error_release(&own);
			return ret;
		}
		close(fd);
		error_release(&own);
	}
	return 0;
}

static int choose(struct search *s, size_t *chosen, struct error *err)
{
	struct process *p = s->p;
	struct strbuf others = STRBUF_INIT;
	size_t n_runtimes = 0;

	*chosen = SIZE_MAX;
	for (size_t i = 0; i < s->n; i++) {
		struct candidate *c = &s->items[i];
		bool wanted = true;

		if (c->holds != HOLDS_RUNTIME)
			continue;
		n_runtimes++;
		if (s->wanted_path)
			wanted = is_wanted(s, c->map, elf_image_fd(go_binary_image(c->bin)));
		if (wanted && *chosen == SIZE_MAX)
			*chosen = i;
		else
			strbuf_addf(&others, "%s'%s'", others.len ? ", " : "", shown_path(p, c->map->path));
	}
	if (*chosen == SIZE_MAX && n_runtimes)
		error_set(err, -ENOEXEC,
			  "process: failed to find a Go runtime in '%s' of process %d (%s); it has one in %s",
			  s->wanted_path, p->pid, p->name, strbuf_str(&others));
	else if (*chosen == SIZE_MAX)
		error_set(err, -ENOEXEC,
			  "process: process %d (%s) is not a Go program: no Go runtime is in its program nor in the "
			  "%zu libraries it has loaded%s",
			  p->pid, p->name, s->n ? s->n - 1 : 0,
			  s->unreadable ? "; some could not be read: run as root or with CAP_SYS_ADMIN" : "");
	else if (others.len)
		add_note(p, xasprintf("process %d holds %zu Go runtimes: recorded is '%s'; not covered: %s; -p PID -x "
				      "FILE chooses",
				      p->pid, n_runtimes, shown_path(p, s->items[*chosen].map->path),
				      strbuf_str(&others)));
	strbuf_release(&others);
	return *chosen == SIZE_MAX ? -ENOEXEC : 0;
}

static void add_known(struct process *p, const struct map_entry *map)
{
	struct map_entry *m;

	ARRAY_GROW(p->known, p->n_known + 1, p->alloc_known);
	m = &p->known[p->n_known++];
	*m = *map;
	m->path = strpool_add(p->known_pool, map->path);
}

/* Whether it could be placed; bin is the process's then. */
static bool add_module(struct process *p, struct go_binary *bin, const struct map_entry *map)
{
	struct process_module module = {.bin = bin};
	uint64_t bias;

	/* Only a program opens plugins: they are not a c-shared library's. */
	if (p->is_library || !bias_of(bin, map, &bias))
		return false;
	module.path = strpool_add(p->known_pool, shown_path(p, map->path));
	module.displacement = bias - p->bias;
	ARRAY_GROW(p->modules, p->n_modules + 1, p->alloc_modules);
	p->modules[p->n_modules++] = module;
	return true;
}

static void add_unknown(struct strbuf *missed, const struct process *p, const struct map_entry *map)
{
	strbuf_addf(missed, "%sthe plugin '%s' carries no build information (before Go 1.21 they do not)",
		    missed->len ? "; " : "", shown_path(p, map->path));
}

/* What was found becomes the process's: the runtime's file and the modules beside it. */
static int take_candidates(struct search *s, size_t chosen, struct error *err)
{
	struct candidate *c = &s->items[chosen];
	struct strbuf missed = STRBUF_INIT;
	struct process *p = s->p;
	const char *mode = go_binary_setting(c->bin, "-buildmode");

	p->bin = c->bin;
	c->bin = NULL;
	p->is_library = mode && strcmp(mode, "c-shared") == 0;
	p->path = xstrdup(shown_path(p, c->map->path));
	if (!bias_of(p->bin, c->map, &p->bias))
		return error_set(err, -EBADMSG,
				 "process: failed to place '%s' in process %d: its segments and the "
				 "memory map disagree",
				 p->path, p->pid);
	if (c->map->deleted)
		add_note(p, xasprintf("'%s' was deleted or replaced since process %d started: recorded is the file as "
				      "it was then",
				      p->path, p->pid));
	for (size_t i = 0; i < s->n; i++) {
		if (s->items[i].holds == HOLDS_MODULE && add_module(p, s->items[i].bin, s->items[i].map))
			s->items[i].bin = NULL;
	}
	for (size_t i = 0; i < s->n; i++) {
		if (s->items[i].holds == HOLDS_UNKNOWN)
			add_unknown(&missed, p, s->items[i].map);
	}
	if (missed.len)
		p->missed = strbuf_detach(&missed);
	for (size_t i = 0; i < s->n; i++)
		add_known(p, s->items[i].map);
	return 0;
}

static void search_release(struct search *s)
{
	for (size_t i = 0; i < s->n; i++)
		go_binary_free(s->items[i].bin);
	free(s->items);
	maps_release(&s->maps);
}

static bool has_ended(const struct process *p)
{
	struct pollfd fd = {.fd = p->pid_fd, .events = POLLIN};

	return poll(&fd, 1, 0) > 0;
}

/* Drops " (deleted)" where the kernel added it. */
static void clean_link(char *path)
{
	static const char mark[] = " (deleted)";
	size_t len = strlen(path);

	if (len > sizeof(mark) - 1 && strcmp(path + len - (sizeof(mark) - 1), mark) == 0)
		path[len - (sizeof(mark) - 1)] = '\0';
}

/* Who it is, and the descriptors that tell whether it still is. */
static int begin(struct process *p, pid_t pid, struct error *err)
{
	int ret = identify(p, pid, err);

	if (ret)
		return ret;
	p->pid_fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (p->pid_fd < 0)
		return errno == ESRCH
			       ? error_gone(err, p->pid, -ESRCH)
			       : error_set(err, -errno, "process: failed to watch process %d: %s%s", p->pid,
					   reason_text(errno), errno == ENOSYS ? "; Linux 5.3 or later is needed" : "");
	p->maps_fd = address_space_open(p->pid);
	if (p->maps_fd < 0)
		return p->maps_fd == -EACCES || p->maps_fd == -EPERM ? error_denied(err, p, "the memory map")
								     : error_gone(err, p->pid, p->maps_fd);
	find_root(p);
	return 0;
}

static struct process *process_new(void)
{
	struct process *p = xcalloc(1, sizeof(*p));

	p->uid = -1;
	p->pid_fd = p->maps_fd = -1;
	p->known_pool = strpool_new();
	return p;
}

int process_open(struct process **out, pid_t pid, const char *file, struct error *err)
{
	struct process *p = process_new();
	struct search s = {.p = p, .wanted_path = file};
	char link[64], exe[PATH_MAX];
	size_t chosen = 0;
	ssize_t n;
	int ret;

	*out = NULL;
	ret = begin(p, pid, err);
	if (ret)
		goto out;
	snprintf(link, sizeof(link), "/proc/%d/exe", p->pid);
	n = readlink(link, exe, sizeof(exe) - 1);
	if (n < 0) {
		ret = errno == EACCES || errno == EPERM ? error_denied(err, p, "the program")
							: error_gone(err, p->pid, -errno);
		goto out;
	}
	exe[n] = '\0';
	clean_link(exe);
	if (file && stat(file, &s.wanted))
		s.wanted.st_ino = 0;
	ret = maps_read_fd(&s.maps, p->maps_fd, err);
	if (ret == 0)
		ret = find_candidates(&s, exe, err);
	if (ret == 0)
		ret = choose(&s, &chosen, err);
	if (ret == 0)
		ret = take_candidates(&s, chosen, err);
	/* Whatever went wrong, a process that went away meanwhile is the reason. */
	if (has_ended(p))
		ret = error_set(err, -ESRCH, "process: failed to look at process %d (%s): it has just ended", p->pid,
				p->name);
	else if (!process_is_same(p))
		ret = error_set(
			err, -ESRCH,
			"process: failed to look at process %d: it has just executed another program; try again",
			p->pid);
out:
	search_release(&s);
	if (ret) {
		process_free(p);
		return ret;
	}
	if (err) /* that the program itself is not Go is no error where a library is */
		error_release(err);
	*out = p;
	return 0;
}

int process_watch(struct process **out, pid_t pid, struct error *err)
{
	struct process *p = process_new();
	int ret = begin(p, pid, err);

	*out = NULL;
	if (ret) {
		process_free(p);
		return ret;
	}
	*out = p;
	return 0;
}

void process_free(struct process *p)
{
	if (!p)
		return;
	if (p->pid_fd >= 0)
		close(p->pid_fd);
	if (p->maps_fd >= 0)
		close(p->maps_fd);
	for (size_t i = 0; i < p->n_modules; i++)
		go_binary_free(p->modules[i].bin);
	for (size_t i = 0; i < p->n_notes; i++)
		free(p->notes[i]);
	go_binary_free(p->bin);
	strpool_free(p->known_pool);
	free(p->modules);
	free(p->missed);
	free(p->notes);
	free(p->known);
	free(p->name);
	free(p->root);
	free(p->path);
	free(p);
}

pid_t process_pid(const struct process *p)
{
	return p->pid;
}

const char *process_name(const struct process *p)
{
	return p->name;
}

long process_uid(const struct process *p)
{
	return p->uid;
}

pid_t process_tracer(const struct process *p)
{
	struct strbuf status = STRBUF_INIT;
	char path[64];
	long tracer = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", p->pid);
	if (strbuf_read_file(&status, path, 1 << 16) == 0)
		tracer = status_number(strbuf_str(&status), "\nTracerPid:");
	strbuf_release(&status);
	return tracer > 0 && tracer <= INT_MAX ? (pid_t)tracer : 0;
}

uint64_t process_bias(const struct process *p)
{
	return p->bias;
}

int process_read(const struct process *p, elf_vaddr vaddr, void *out, size_t size)
{
	char path[64];
	ssize_t n;
	int fd, ret;

	snprintf(path, sizeof(path), "/proc/%d/mem", p->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = pread(fd, out, size, (off_t)(vaddr + p->bias));
	ret = n == (ssize_t)size ? 0 : n < 0 ? -errno : -EFAULT;
	close(fd);
	return ret;
}

int process_pid_fd(const struct process *p)
{
	return p->pid_fd;
}

bool process_is_same(const struct process *p)
{
	return address_space_is_live(p->maps_fd);
}

const char *process_path(const struct process *p)
{
	return p->path;
}

const struct go_binary *process_binary(const struct process *p)
{
	return p->bin;
}

struct go_binary *process_take_binary(struct process *p)
{
	struct go_binary *bin = p->bin;

	p->bin = NULL;
	return bin;
}

size_t process_module_count(const struct process *p)
{
	return p->n_modules;
}

const struct process_module *process_module(const struct process *p, size_t i)
{
	return &p->modules[i];
}

const char *process_missed(const struct process *p)
{
	return p->missed;
}

static bool is_known(const struct process *p, const struct map_entry *m)
{
	for (size_t i = 0; i < p->n_known; i++) {
		if (map_same_file(&p->known[i], m))
			return true;
	}
	return false;
}

/* The executable mappings of files that are not known yet, one for each file. 0 or the error of reading the maps. */
static int read_unknown(const struct process *p, struct maps *maps, struct map_entry **out, size_t *n,
			struct error *err)
{
	int ret = maps_read_fd(maps, p->maps_fd, err);
	size_t alloc = 0;

	*out = NULL;
	*n = 0;
	for (size_t i = 0; ret == 0 && i < maps->n; i++) {
		const struct map_entry *m = &maps->items[i];
		bool seen = !m->executable || !m->inode || m->path[0] != '/' || is_known(p, m);

		for (size_t k = 0; k < *n && !seen; k++)
			seen = map_same_file(&(*out)[k], m);
		if (seen || *n == MAX_FILES)
			continue;
		ARRAY_GROW(*out, *n + 1, alloc);
		(*out)[(*n)++] = *m;
	}
	return ret;
}

int process_look(struct process *p, struct process_news *out, struct error *err)
{
	struct strbuf refused = STRBUF_INIT;
	struct map_entry *unknown;
	size_t n, alloc = 0;
	struct maps maps;
	int ret;

	*out = (struct process_news){.runtimes = NULL};
	ret = read_unknown(p, &maps, &unknown, &n, err);
	for (size_t i = 0; i < n; i++) {
		const struct map_entry *m = &unknown[i];
		struct error own = ERROR_INIT;
		struct go_binary *bin = NULL;
		enum holds holds = HOLDS_NOTHING;
		int fd = mapped_file_open(p->pid, p->root, m), code = fd < 0 ? fd : 0;

		add_known(p, m);
		if (fd >= 0)
			holds = examine(fd, shown_path(p, m->path), &bin, &code, &own);
		if (fd < 0) {
			strbuf_addf(&refused, "%s'%s' could not be read: %s", refused.len ? "; " : "",
				    shown_path(p, m->path), reason_text(code));
		} else if (holds == HOLDS_RUNTIME) {
			ARRAY_GROW(out->runtimes, out->n_runtimes + 1, alloc);
			out->runtimes[out->n_runtimes++] = xstrdup(shown_path(p, m->path));
		} else if (holds == HOLDS_MODULE && p->path && add_module(p, bin, m)) {
			bin = NULL;
			out->n_modules++;
		} else if (holds == HOLDS_UNKNOWN) {
			add_unknown(&refused, p, m);
		} else if (code && code != -ENODATA && code != -ENOEXEC) {
			strbuf_addf(&refused, "%s%s", refused.len ? "; " : "", own.text ? own.text : reason_text(code));
		}
		go_binary_free(bin);
		error_release(&own);
		if (fd >= 0)
			close(fd);
	}
	free(unknown);
	maps_release(&maps);
	if (refused.len)
		out->refused = strbuf_detach(&refused);
	if (ret && (has_ended(p) || !process_is_same(p))) { /* it had nothing more to tell */
		if (err)
			error_release(err);
		ret = 0;
	}
	return ret;
}

void process_news_release(struct process_news *news)
{
	for (size_t i = 0; i < news->n_runtimes; i++)
		free(news->runtimes[i]);
	free(news->runtimes);
	free(news->refused);
}

char *process_new_modules(const struct process *p)
{
	struct error err = ERROR_INIT;
	struct strbuf names = STRBUF_INIT;
	struct map_entry *unknown;
	struct maps maps;
	size_t n;

	/* Gone: what it had loaded cannot be known any more. */
	if (read_unknown(p, &maps, &unknown, &n, &err))
		error_release(&err);
	for (size_t i = 0; i < n; i++) {
		struct go_binary *bin;
		int fd = mapped_file_open(p->pid, p->root, &unknown[i]), ret;

		if (fd < 0)
			continue;
		if (examine(fd, unknown[i].path, &bin, &ret, &err) != HOLDS_NOTHING)
			strbuf_addf(&names, "%s'%s'", names.len ? ", " : "", shown_path(p, unknown[i].path));
		go_binary_free(bin);
		close(fd);
		error_release(&err);
	}
	free(unknown);
	maps_release(&maps);
	return names.len ? strbuf_detach(&names) : NULL;
}

size_t process_note_count(const struct process *p)
{
	return p->n_notes;
}

const char *process_note(const struct process *p, size_t i)
{
	return p->notes[i];
}

/* ---- every process of a file ---- */

static bool maps_file(pid_t pid, const struct stat *file, int *error)
{
	struct error err = ERROR_INIT;
	struct maps maps = {.items = NULL};
	bool found = false;
	int fd = address_space_open(pid);

	if (reason_is_limit(fd))
		*error = fd;
	if (fd < 0)
		return false;
	if (maps_read_fd(&maps, fd, &err) == 0) {
		for (size_t i = 0; i < maps.n && !found; i++) {
			const struct map_entry *m = &maps.items[i];

			found = m->executable && m->inode == file->st_ino && m->major == major(file->st_dev) &&
				m->minor == minor(file->st_dev);
		}
	}
	close(fd);
	maps_release(&maps);
	error_release(&err);
	return found;
}

static void count_process(struct process_census *out, pid_t pid, const struct stat *file, const char *real_path)
{
	char link[64], exe[PATH_MAX];
	struct stat st;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	if (stat(link, &st)) {
		if (errno == EACCES || errno == EPERM)
			out->hidden++;
		return;
	}
	if ((st.st_ino == file->st_ino && st.st_dev == file->st_dev) || maps_file(pid, file, &out->error)) {
		out->running++;
		return;
	}
	n = readlink(link, exe, sizeof(exe) - 1);
	if (n <= 0)
		return;
	exe[n] = '\0';
	clean_link(exe);
	if (strlen(exe) != (size_t)n && strcmp(exe, real_path) == 0) {
		out->replaced++;
		out->replaced_pid = pid;
	}
}

void process_census(struct process_census *out, int fd, const char *path)
{
	char *real_path = realpath(path, NULL);
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	struct stat file;

	*out = (struct process_census){.running = 0, .error = proc ? 0 : -errno};
	if (proc && fstat(fd, &file) == 0) {
		while ((entry = readdir(proc))) {
			if (isdigit((unsigned char)entry->d_name[0]))
				count_process(out, (pid_t)strtol(entry->d_name, NULL, 10), &file,
					      real_path ? real_path : path);
		}
	}
	if (proc)
		closedir(proc);
	free(real_path);
}
