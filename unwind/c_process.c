/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mappings are an array by address that do not overlap: what comes later takes its place and cuts what it meets.
 *
 * A process is told from another one with its number by a pidfd, and its address space from that of the program it
 * executes next by an open descriptor of /proc/PID/maps: see address_space_open.
 */
#include "unwind/c_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/keymap.h"
#include "base/memory.h"
#include "base/reason.h"
#include "unwind/c_process_internal.h"
#include "unwind/mapped_file.h"
#include "unwind/maps.h"

/* More files with code than any program loads; each keeps a descriptor open. */
#define MAX_FILES 4096
/* The kernel allows 65530 mappings of all kinds. */
#define MAX_MAPPINGS 65536
#define MAX_VDSO     (1u << 20)

struct c_process {
	pid_t pid;
	int pid_fd;  /* -1 once it has ended */
	int maps_fd; /* of the address space that was read last; -1 for none */
	char *root;
	bool is_here;	       /* it sees the files that we see, by the same paths */
	struct c_files *files; /* borrowed */
	struct c_mapping *mappings;
	size_t n, alloc;
	size_t last; /* where the last address was found */
	uint64_t n_replaced;
	struct keymap known;	   /* device and inode -> its number in files, plus 1 */
	uint32_t vdso;		   /* C_NO_FILE until it is needed */
	struct cfi_table **tables; /* by number in files */
	size_t n_tables;
	unw_addr_space_t space;
};

/* ---- mappings ---- */

/* The first that ends behind address. */
static size_t first_behind(const struct c_process *p, uint64_t address)
{
	size_t low = 0, high = p->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->mappings[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void insert(struct c_process *p, size_t at, struct c_mapping m)
{
	ARRAY_GROW(p->mappings, p->n + 1, p->alloc);
	memmove(p->mappings + at + 1, p->mappings + at, (p->n - at) * sizeof(*p->mappings));
	p->mappings[at] = m;
	p->n++;
}

void c_process_remove(struct c_process *p, uint64_t start, uint64_t end)
{
	size_t at = first_behind(p, start), to = at;

	if (start >= end || at == p->n || p->mappings[at].start >= end)
		return;
	if (p->mappings[at].start < start && p->mappings[at].end > end) {
		struct c_mapping behind = p->mappings[at];

		behind.offset += end - behind.start;
		behind.start = end;
		p->mappings[at].end = start;
		insert(p, at + 1, behind);
		return;
	}
	if (p->mappings[at].start < start) {
		p->mappings[at].end = start;
		at++;
	}
	for (to = at; to < p->n && p->mappings[to].end <= end; to++)
		;
	if (to < p->n && p->mappings[to].start < end) {
		p->mappings[to].offset += end - p->mappings[to].start;
		p->mappings[to].start = end;
	}
	memmove(p->mappings + at, p->mappings + to, (p->n - to) * sizeof(*p->mappings));
	p->n -= to - at;
}

static void add(struct c_process *p, uint64_t start, uint64_t end, uint64_t offset, uint32_t file)
{
	if (start >= end || offset + (end - start) < offset || p->n >= MAX_MAPPINGS)
		return;
	for (size_t i = first_behind(p, start); i < p->n && p->mappings[i].start < end; i++)
		p->n_replaced +=
			p->mappings[i].file != file || p->mappings[i].start - p->mappings[i].offset != start - offset;
	c_process_remove(p, start, end);
	insert(p, first_behind(p, start),
	       (struct c_mapping){.start = start, .end = end, .offset = offset, .file = file});
}

/* The kernel's code in every process, as a file: all have the one that we have. Made once; negative without memory. */
static int vdso_fd(void)
{
	static int vdso = -1;
	uint64_t at = getauxval(AT_SYSINFO_EHDR);
	struct error err = ERROR_INIT;
	struct maps maps;
	int fd = vdso < 0 && at ? address_space_open(getpid()) : -1;

	if (fd < 0)
		return vdso;
	if (maps_read_fd(&maps, fd, &err) == 0) {
		for (size_t i = 0; i < maps.n && vdso < 0; i++) {
			size_t size = (size_t)(maps.items[i].end - maps.items[i].start);

			if (maps.items[i].start != at || size > MAX_VDSO)
				continue;
			vdso = memfd_create("vdso", MFD_CLOEXEC);
			if (vdso >= 0 && write(vdso, (const void *)(uintptr_t)at, size) != (ssize_t)size) {
				close(vdso);
				vdso = -1;
				break;
			}
		}
	}
	close(fd);
	maps_release(&maps);
	error_release(&err);
	return vdso;
}

static uint32_t vdso_file(struct c_process *p)
{
	int fd = vdso_fd();

	return fd < 0 ? C_NO_FILE : c_files_add(p->files, fd, "[vdso]", "");
}

static bool has_ended(const struct c_process *p)
{
	struct pollfd poll_fd = {.fd = p->pid_fd, .events = POLLIN};

	return p->pid_fd < 0 || poll(&poll_fd, 1, 0) != 0;
}

/* Where its files are, for those that belong to them. */
static const char *root_of(const struct c_process *p, char *buffer, size_t size)
{
	if (p->is_here)
		return "";
	snprintf(buffer, size, "/proc/%d/root", p->pid);
	return buffer;
}

/* The number of the file that a mapping shows. */
static uint32_t file_of(struct c_process *p, const struct map_entry *m)
{
	struct keymap_key key = {.words = {m->major, m->minor, m->inode}};
	uint64_t *known;
	char root[64];
	struct stat st;
	uint32_t file;
	int fd;

	if (strcmp(m->path, "[vdso]") == 0)
		return vdso_file(p);
	if (!m->inode || m->path[0] != '/')
		return C_NO_FILE;
	known = keymap_find(&p->known, key);
	if (known)
		return (uint32_t)(*known - 1);
	if (p->known.n >= MAX_FILES)
		return C_NO_FILE;
	fd = mapped_file_open(p->pid, p->root, m);
	/* On its way out it has no root any more, and has not ended yet. */
	if (fd < 0 && p->is_here && !m->deleted)
		fd = mapped_file_regular(open(m->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
	/* The mapping may have made place for another since it was read. */
	if (fd >= 0 && (fstat(fd, &st) || st.st_ino != m->inode)) {
		close(fd);
		fd = -1;
	}
	file = c_files_add(p->files, fd, mapped_file_path(p->root, m->path), root_of(p, root, sizeof(root)));
	if (fd >= 0) {
		*keymap_at(&p->known, key, NULL) = (uint64_t)file + 1;
		close(fd);
	}
	return file;
}

void c_process_add_mapping(struct c_process *p, uint64_t start, uint64_t end, uint64_t offset, int fd, const char *path)
{
	uint32_t file = C_NO_FILE;
	char root[64];

	if (strcmp(path, "[vdso]") == 0)
		file = vdso_file(p);
	else if (path[0] == '/')
		file = c_files_add(p->files, fd, path, root_of(p, root, sizeof(root)));
	add(p, start, end, offset, file);
}

void c_process_add_entry(struct c_process *p, const struct map_entry *m)
{
	add(p, m->start, m->end, m->offset, file_of(p, m));
}

/* ---- the map of the process ---- */

/* The address space that it has now, where the one that is open is gone; *is_another: it executed a program since. */
static int reopen(struct c_process *p, bool *is_another)
{
	int fd;

	*is_another = false;

	if (p->maps_fd >= 0 && address_space_is_live(p->maps_fd))
		return 0;
	fd = address_space_open(p->pid);
	if (has_ended(p)) {
		if (fd >= 0)
			close(fd);
		return -ESRCH;
	}
	if (fd < 0)
		return fd;
	/* On its way out a process has no memory any more, and has not ended yet. */
	if (!address_space_is_live(fd)) {
		close(fd);
		return -ESRCH;
	}
	if (p->maps_fd >= 0) {
		close(p->maps_fd);
		*is_another = true;
	}
	p->maps_fd = fd;
	free(p->root);
	p->root = mapped_file_root(p->pid);
	p->is_here = !p->root[0] && mapped_file_same_mounts(p->pid);
	return 0;
}

static int read_maps(struct c_process *p, struct error *err)
{
	struct maps maps;
	bool is_another;
	int ret = reopen(p, &is_another);

	if (ret)
		return error_set(err, ret, "process: failed to read the memory map of process %d: %s", p->pid,
				 reason_text(ret));
	ret = maps_read_fd(&maps, p->maps_fd, err);
	/* One that is about to end has none any more: what is known of it, from its mmap events, is all there will be.
	 */
	if (ret == 0 && maps.n && is_another)
		p->n = 0; /* of the program before */
	for (size_t i = 0; ret == 0 && i < maps.n; i++) {
		const struct map_entry *m = &maps.items[i];

		if (m->executable)
			c_process_add_entry(p, m);
		else
			c_process_remove(p, m->start, m->end);
	}
	maps_release(&maps);
	return ret;
}

int c_process_new(struct c_process **out, pid_t pid, struct c_files *files, struct error *err)
{
	struct c_process *p = xcalloc(1, sizeof(*p));
	int ret;

	p->pid = pid;
	p->files = files;
	p->maps_fd = -1;
	p->root = xstrdup("");
	p->pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	ret = read_maps(p, err);
	if (ret == -ESRCH || ret == -ENOENT) {
		error_release(err);
		ret = 0;
	}
	if (ret) {
		c_process_free(p);
		return ret;
	}
	*out = p;
	return 0;
}

int c_process_refresh(struct c_process *p)
{
	struct error err = ERROR_INIT;
	int ret = read_maps(p, &err);

	error_release(&err);
	return ret;
}

void c_process_free(struct c_process *p)
{
	if (!p)
		return;
	if (p->space)
		unw_destroy_addr_space(p->space);
	for (size_t i = 0; i < p->n_tables; i++)
		cfi_table_free(p->tables[i]);
	free(p->tables);
	if (p->pid_fd >= 0)
		close(p->pid_fd);
	if (p->maps_fd >= 0)
		close(p->maps_fd);
	keymap_release(&p->known);
	free(p->mappings);
	free(p->root);
	free(p);
}

static int by_start(const void *a, const void *b)
{
	const struct c_range *one = a, *other = b;

	return one->start < other->start ? -1 : one->start > other->start;
}

size_t c_ranges_merge(struct c_range *ranges, size_t n, size_t max)
{
	size_t kept = 0;

	qsort(ranges, n, sizeof(*ranges), by_start);
	for (size_t i = 0; i < n; i++) {
		if (!kept || ranges[i].start > ranges[kept - 1].end)
			ranges[kept++] = ranges[i];
		else if (ranges[i].end > ranges[kept - 1].end)
			ranges[kept - 1].end = ranges[i].end;
	}
	while (kept > max && kept > 1) {
		size_t least = 1;

		for (size_t i = 2; i < kept; i++) {
			if (ranges[i].start - ranges[i - 1].end < ranges[least].start - ranges[least - 1].end)
				least = i;
		}
		ranges[least - 1].end = ranges[least].end;
		memmove(ranges + least, ranges + least + 1, (kept - least - 1) * sizeof(*ranges));
		kept--;
	}
	return kept < max ? kept : max;
}

uint64_t c_process_replaced(const struct c_process *p)
{
	return p->n_replaced;
}

size_t c_process_text_ranges(const struct c_process *p, struct c_range *out, size_t max)
{
	struct c_range *all = xcalloc(p->n + 1, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (p->mappings[i].file == C_NO_FILE)
			continue;
		all[n++] = (struct c_range){.start = p->mappings[i].start, .end = p->mappings[i].end};
	}
	n = c_ranges_merge(all, n, max);
	memcpy(out, all, n * sizeof(*all));
	free(all);
	return n;
}

/* ---- for unwinding ---- */

/*
 * Pages are mapped whole: the last of a segment may come before the first of the next in the file's same page. Code is
 * where a header says that it is executable.
 */
static void place(struct c_process *p, struct c_mapping *m)
{
	const struct elf_image *image = c_files_image(p->files, m->file);

	m->is_placed = true;
	m->bias = m->start - m->offset; /* an offset in the file is the best there is */
	for (size_t i = 0; image && i < elf_image_segment_count(image); i++) {
		const struct elf_segment *segment = elf_image_segment(image, i);

		if (!(segment->flags & 1 /* PF_X */) || m->offset >= segment->offset + segment->file_size ||
		    m->offset + (m->end - m->start) <= segment->offset)
			continue;
		m->bias -= segment->vaddr - segment->offset;
		return;
	}
}

const struct c_mapping *c_process_mapping(struct c_process *p, uint64_t address)
{
	size_t at = p->last;
	struct c_mapping *m;

	if (at >= p->n || address < p->mappings[at].start || address >= p->mappings[at].end)
		at = first_behind(p, address);
	if (at == p->n || address < p->mappings[at].start)
		return NULL;
	p->last = at;
	m = &p->mappings[at];
	if (!m->is_placed && m->file != C_NO_FILE)
		place(p, m);
	return m;
}

struct cfi_table *c_process_table(struct c_process *p, uint32_t file)
{
	const struct elf_image *image;

	if (file >= p->n_tables) {
		p->tables = xreallocarray(p->tables, (size_t)file + 1, sizeof(*p->tables));
		memset(p->tables + p->n_tables, 0, ((size_t)file + 1 - p->n_tables) * sizeof(*p->tables));
		p->n_tables = (size_t)file + 1;
	}
	if (!p->tables[file]) {
		image = c_files_image(p->files, file);
		if (image)
			p->tables[file] = cfi_table_new(image);
	}
	return p->tables[file];
}

unw_addr_space_t c_process_space(struct c_process *p, unw_accessors_t *accessors)
{
	if (!p->space)
		p->space = unw_create_addr_space(accessors, 0);
	return p->space;
}
