/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file is not mapped. A mapping of a file that somebody truncates turns the next access into SIGBUS, and the file
 * belongs to whoever runs the target. Instead an anonymous reservation as large as the file stands for it, and a
 * segment or a section is read into its place there when it is first touched: pointers stay valid as long as the image,
 * debug sections (most of a Go binary, read by libdw through the descriptor) cost nothing, and a file that shrank is a
 * failed read.
 *
 * Little-endian fields are copied out as they are: the tool runs on x86-64 only.
 */
#include "symbolize/elf_image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/reason.h"
#include "base/strbuf.h"

/* The kernel runs no program whose program headers exceed 64 KiB. */
#define MAX_PROGRAM_HEADERS (65536 / sizeof(Elf64_Phdr))
/* x86-64 code reaches +-2 GiB, so no Go program maps more. Symbols and notes may come on top. */
#define MAX_SEGMENT_BYTES (2ull << 30)
#define MAX_LOADED_BYTES  (3ull << 30)
/* Linked programs have some dozens of sections, with short names, and notes of some kilobytes. More of either is not
 * worth the time that it would take: any number of headers may name the same bytes. */
#define MAX_SECTIONS	4096
#define MAX_NAME_BYTES	256
#define MAX_NAMES_BYTES (1u << 20) /* of all sections; more is damage */
#define MAX_NOTE_BYTES	(1u << 20)
/* The file is read in pieces of this size, each once unless it was given back: what was checked and is still there does
 * not change afterwards. Types and line tables are looked at here and there: in larger ones most would be for nothing.
 */
#define CHUNK_BYTES 16384ull

struct region {
	uint64_t offset;
	uint64_t size;
	bool loaded;
	bool failed;
};

struct elf_image {
	char *path;
	int fd;
	const uint8_t *data; /* the whole file, or its reservation */
	uint8_t *reserved;   /* NULL over bytes in memory */
	uint64_t size;
	struct timespec written; /* when the file was, last, before it was opened */
	uint8_t *chunk_loaded;	 /* one bit per chunk of the reservation */
	uint64_t loaded_bytes;

	bool is_debug_file;
	uint16_t type;
	uint64_t headers_offset; /* of the program headers */
	unsigned n_headers;
	struct elf_segment *segments;
	struct region *regions; /* one per segment */
	size_t n_segments;
	struct elf_section *sections;
	char *section_names; /* a copy: the linker may put them among what elf_image_forget gives back */
	uint32_t *section_types;
	uint32_t *section_links;
	size_t n_sections;

	char *build_id;
	uint64_t dynamic_offset;
	uint64_t dynamic_size;
	uint64_t interpreter_offset;
	uint64_t interpreter_size; /* 0 for none */

	/* Relative relocations by place. In most files the table is sorted as it stands and *relocs borrows it. */
	bool relocs_ready;
	const Elf64_Rela *relocs;
	Elf64_Rela *relocs_owned;
	size_t n_relocs;
};

static bool in_file(const struct elf_image *image, uint64_t offset, uint64_t size)
{
	return offset <= image->size && size <= image->size - offset;
}

static bool chunk_is_loaded(const struct elf_image *image, uint64_t chunk)
{
	return image->chunk_loaded[chunk / 8] & 1u << chunk % 8;
}

static bool read_fully(struct elf_image *image, uint64_t offset, uint64_t size)
{
	uint64_t done = 0;

	while (done < size) {
		ssize_t n = pread(image->fd, image->reserved + offset + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (uint64_t)n;
	}
	return true;
}

/* Makes sure that a stretch of the file is in its place. */
static bool load(struct elf_image *image, uint64_t offset, uint64_t size)
{
	uint64_t chunk, end;

	if (!in_file(image, offset, size))
		return false;
	if (!image->reserved || size == 0)
		return true;
	end = (offset + size - 1) / CHUNK_BYTES + 1;
	for (chunk = offset / CHUNK_BYTES; chunk < end;) {
		uint64_t run = chunk, from, to;

		while (run < end && !chunk_is_loaded(image, run))
			run++;
		if (run == chunk) {
			chunk++;
			continue;
		}
		from = chunk * CHUNK_BYTES;
		to = run * CHUNK_BYTES < image->size ? run * CHUNK_BYTES : image->size;
		if (to - from > MAX_LOADED_BYTES - image->loaded_bytes || !read_fully(image, from, to - from))
			return false;
		image->loaded_bytes += to - from;
		for (; chunk < run; chunk++)
			image->chunk_loaded[chunk / 8] |= (uint8_t)(1u << chunk % 8);
	}
	return true;
}

static bool load_region(const struct elf_image *image, struct region *region)
{
	if (!region->loaded && !region->failed) {
		/* Only what is cached of the file changes, never what the image says. */
		region->loaded = load((struct elf_image *)image, region->offset, region->size);
		region->failed = !region->loaded;
	}
	return region->loaded;
}

/* ---- opening ---- */

static int read_header(struct elf_image *image, Elf64_Ehdr *ehdr, struct error *err)
{
	const unsigned char *ident = ehdr->e_ident;
	uint64_t have = image->size < sizeof(*ehdr) ? image->size : sizeof(*ehdr);

	if (!load(image, 0, have))
		return error_set(err, -EIO, "elf: failed to read '%s': its size changed while it was opened",
				 image->path);
	memset(ehdr, 0, sizeof(*ehdr));
	memcpy(ehdr, image->data, have);
	if (memcmp(ident, ELFMAG, SELFMAG) != 0)
		return error_set(err, -ENOEXEC, "elf: '%s' is not an ELF file; name a Linux program built by Go",
				 image->path);
	if (ident[EI_CLASS] == ELFCLASS32)
		return error_set(err, -EPROTONOSUPPORT, "elf: '%s' is a 32-bit program; rebuild it with GOARCH=amd64",
				 image->path);
	if (ident[EI_DATA] == ELFDATA2MSB)
		return error_set(err, -EPROTONOSUPPORT,
				 "elf: '%s' is a big-endian program; rebuild it with GOARCH=amd64", image->path);
	if (have < sizeof(*ehdr))
		return error_set(err, -EBADMSG, "elf: '%s' is truncated: it ends within its ELF header", image->path);
	if (ehdr->e_machine == EM_AARCH64)
		return error_set(err, -EPROTONOSUPPORT,
				 "elf: '%s' is built for arm64; only x86-64 is supported, rebuild it with GOARCH=amd64",
				 image->path);
	if (ehdr->e_machine != EM_X86_64)
		return error_set(
			err, -EPROTONOSUPPORT,
			"elf: '%s' is built for another machine (ELF machine %u); rebuild it with GOARCH=amd64",
			image->path, ehdr->e_machine);
	if (ehdr->e_type != ET_EXEC && ehdr->e_type != ET_DYN && !(image->is_debug_file && ehdr->e_type == ET_REL))
		return error_set(err, -ENOEXEC,
				 "elf: '%s' is neither a program nor a shared library (ELF type %u); link it first",
				 image->path, ehdr->e_type);
	image->type = ehdr->e_type;
	return 0;
}

static int read_segments(struct elf_image *image, const Elf64_Ehdr *ehdr, struct error *err)
{
	uint64_t size = (uint64_t)ehdr->e_phnum * sizeof(Elf64_Phdr);
	uint64_t total = 0;

	if (ehdr->e_phnum == 0 && image->is_debug_file)
		return 0;
	if (ehdr->e_phnum == 0)
		return error_set(err, -ENOEXEC, "elf: '%s' has no segments: it is not a program; link it first",
				 image->path);
	if (ehdr->e_phnum > MAX_PROGRAM_HEADERS || ehdr->e_phentsize != sizeof(Elf64_Phdr))
		return error_set(err, -EBADMSG, "elf: '%s' is damaged: %u program headers of %u bytes", image->path,
				 ehdr->e_phnum, ehdr->e_phentsize);
	if (!load(image, ehdr->e_phoff, size))
		return error_set(err, -EBADMSG, "elf: '%s' is truncated: its program headers lie beyond its end",
				 image->path);
	image->headers_offset = ehdr->e_phoff;
	image->n_headers = ehdr->e_phnum;
	image->segments = xcalloc(ehdr->e_phnum, sizeof(*image->segments));
	image->regions = xcalloc(ehdr->e_phnum, sizeof(*image->regions));
	for (unsigned i = 0; i < ehdr->e_phnum; i++) {
		struct elf_segment *segment = &image->segments[image->n_segments];
		Elf64_Phdr phdr;

		memcpy(&phdr, image->data + ehdr->e_phoff + i * sizeof(phdr), sizeof(phdr));
		if (phdr.p_type == PT_DYNAMIC) {
			image->dynamic_offset = phdr.p_offset;
			image->dynamic_size = phdr.p_filesz;
		}
		if (phdr.p_type == PT_INTERP) {
			image->interpreter_offset = phdr.p_offset;
			image->interpreter_size = phdr.p_filesz;
		}
		if (phdr.p_type != PT_LOAD)
			continue;
		if (image->is_debug_file && !in_file(image, phdr.p_offset, phdr.p_filesz))
			phdr.p_offset = phdr.p_filesz = 0;
		if (!in_file(image, phdr.p_offset, phdr.p_filesz))
			return error_set(err, -EBADMSG, "elf: '%s' is truncated: segment %u lies beyond its end",
					 image->path, i);
		if (phdr.p_memsz < phdr.p_filesz || phdr.p_vaddr + phdr.p_memsz < phdr.p_vaddr)
			return error_set(err, -EBADMSG, "elf: '%s' is damaged: the sizes of segment %u contradict",
					 image->path, i);
		*segment = (struct elf_segment){
			.vaddr = phdr.p_vaddr,
			.offset = phdr.p_offset,
			.file_size = phdr.p_filesz,
			.mem_size = phdr.p_memsz,
			.flags = phdr.p_flags,
		};
		image->regions[image->n_segments] = (struct region){.offset = phdr.p_offset, .size = phdr.p_filesz};
		image->n_segments++;
		total += phdr.p_filesz;
		if (total > MAX_SEGMENT_BYTES)
			return error_set(err, -EBADMSG, "elf: '%s' is damaged: its segments exceed 2 GiB", image->path);
	}
	if (image->n_segments == 0 && !image->is_debug_file)
		return error_set(err, -ENOEXEC,
				 "elf: '%s' has no loadable segments: it is not a program; link it first", image->path);
	return 0;
}

/* The string at an offset of the names of sections, "" where it is not terminated within them, or too long. */
static const char *section_name(const struct elf_image *image, uint64_t size, uint64_t offset)
{
	const char *s;

	if (offset >= size)
		return "";
	s = image->section_names + offset;
	size -= offset;
	return memchr(s, '\0', size < MAX_NAME_BYTES ? size : MAX_NAME_BYTES) ? s : "";
}

/*
 * Section headers help (names, symbols) but nothing depends on them: whatever is wrong with them, the image is as good
 * as one without.
 */
static void read_sections(struct elf_image *image, const Elf64_Ehdr *ehdr)
{
	uint64_t count = ehdr->e_shnum, strings = ehdr->e_shstrndx, names_size = 0;
	Elf64_Shdr first, shdr;

	if (ehdr->e_shoff == 0 || ehdr->e_shentsize != sizeof(Elf64_Shdr) || !load(image, ehdr->e_shoff, sizeof(first)))
		return;
	memcpy(&first, image->data + ehdr->e_shoff, sizeof(first));
	/* Numbers that do not fit the ELF header are in section 0. */
	if (count == 0)
		count = first.sh_size;
	if (strings == SHN_XINDEX)
		strings = first.sh_link;
	if (count == 0 || count > MAX_SECTIONS || count > image->size / sizeof(shdr) ||
	    !load(image, ehdr->e_shoff, count * sizeof(shdr)))
		return;
	if (strings < count) {
		memcpy(&shdr, image->data + ehdr->e_shoff + strings * sizeof(shdr), sizeof(shdr));
		if (shdr.sh_type == SHT_STRTAB && shdr.sh_size <= MAX_NAMES_BYTES &&
		    load(image, shdr.sh_offset, shdr.sh_size)) {
			names_size = shdr.sh_size;
			image->section_names = xmalloc(names_size);
			memcpy(image->section_names, image->data + shdr.sh_offset, names_size);
		}
	}
	image->sections = xcalloc(count, sizeof(*image->sections));
	image->section_types = xcalloc(count, sizeof(*image->section_types));
	image->section_links = xcalloc(count, sizeof(*image->section_links));
	for (uint64_t i = 0; i < count; i++) {
		memcpy(&shdr, image->data + ehdr->e_shoff + i * sizeof(shdr), sizeof(shdr));
		if (shdr.sh_type == SHT_NULL)
			continue;
		if (shdr.sh_type == SHT_NOBITS || !in_file(image, shdr.sh_offset, shdr.sh_size))
			shdr.sh_size = 0;
		image->sections[i] = (struct elf_section){
			.name = section_name(image, names_size, shdr.sh_name),
			.vaddr = shdr.sh_addr,
			.offset = shdr.sh_offset,
			.size = shdr.sh_size,
			.flags = shdr.sh_flags,
		};
		image->section_types[i] = shdr.sh_type;
		image->section_links[i] = shdr.sh_link;
	}
	image->n_sections = count;
}

static char *hex(const uint8_t *bytes, size_t n)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < n; i++)
		strbuf_addf(&sb, "%02x", bytes[i]);
	return strbuf_detach(&sb);
}

static int base64url_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/*
 * A Go build id is "action/…/content" (cmd/go/internal/work/buildid.go), each part 15 bytes of a hash in base64url. The
 * last one is the hash of this file's contents. An id given by hand with -ldflags=-buildid= may be anything: its own
 * bytes then.
 */
static char *go_build_id(const uint8_t *id, size_t len)
{
	const uint8_t *slash = memrchr(id, '/', len);
	const uint8_t *part = slash ? slash + 1 : id;
	size_t part_len = len - (size_t)(part - id), n = 0;
	uint8_t hash[64];
	uint32_t bits = 0;

	if (part_len > 0 && part_len <= 64 && part_len % 4 == 0) {
		for (size_t i = 0; i < part_len; i++) {
			int value = base64url_value(part[i]);

			if (value < 0)
				return hex(id, len);
			bits = bits << 6 | (uint32_t)value;
			if (i % 4 == 3) {
				hash[n++] = (uint8_t)(bits >> 16);
				hash[n++] = (uint8_t)(bits >> 8);
				hash[n++] = (uint8_t)bits;
			}
		}
		return hex(hash, n);
	}
	return hex(id, len);
}

/* One stretch of notes: keeps the GNU build id and, failing that, Go's. */
static void scan_notes(const uint8_t *notes, uint64_t size, char **gnu, char **go)
{
	while (!*gnu && size >= sizeof(Elf64_Nhdr)) {
		uint64_t name_size, desc_size;
		const uint8_t *name, *desc;
		Elf64_Nhdr nhdr;

		memcpy(&nhdr, notes, sizeof(nhdr));
		name_size = ((uint64_t)nhdr.n_namesz + 3) & ~3ull;
		desc_size = ((uint64_t)nhdr.n_descsz + 3) & ~3ull;
		notes += sizeof(nhdr);
		size -= sizeof(nhdr);
		if (name_size > size || nhdr.n_descsz > size - name_size)
			return;
		name = notes;
		desc = notes + name_size;
		if (nhdr.n_namesz == 4 && nhdr.n_descsz > 0 && nhdr.n_descsz <= 512) {
			if (!*gnu && nhdr.n_type == NT_GNU_BUILD_ID && memcmp(name, "GNU", 4) == 0)
				*gnu = hex(desc, nhdr.n_descsz);
			if (!*go && nhdr.n_type == 4 && memcmp(name, "Go\0", 4) == 0)
				*go = go_build_id(desc, nhdr.n_descsz);
		}
		if (desc_size > size - name_size)
			return;
		notes += name_size + desc_size;
		size -= name_size + desc_size;
	}
}

/* By section and by segment: Go's own linker leaves .note.gnu.build-id out of PT_NOTE, and sections may be missing. */
static void read_build_id(struct elf_image *image, const Elf64_Ehdr *ehdr)
{
	char *gnu = NULL, *go = NULL;

	for (size_t i = 0; i < image->n_sections && !gnu; i++) {
		const struct elf_section *section = &image->sections[i];

		if (image->section_types[i] == SHT_NOTE && section->size <= MAX_NOTE_BYTES &&
		    load(image, section->offset, section->size))
			scan_notes(image->data + section->offset, section->size, &gnu, &go);
	}
	for (unsigned i = 0; i < ehdr->e_phnum && !gnu; i++) {
		Elf64_Phdr phdr;

		memcpy(&phdr, image->data + ehdr->e_phoff + i * sizeof(phdr), sizeof(phdr));
		if (phdr.p_type == PT_NOTE && phdr.p_filesz <= MAX_NOTE_BYTES &&
		    load(image, phdr.p_offset, phdr.p_filesz))
			scan_notes(image->data + phdr.p_offset, phdr.p_filesz, &gnu, &go);
	}
	image->build_id = gnu ? gnu : go;
	if (gnu)
		free(go);
}

static int parse(struct elf_image *image, struct error *err)
{
	Elf64_Ehdr ehdr;
	int ret;

	ret = read_header(image, &ehdr, err);
	if (ret == 0)
		ret = read_segments(image, &ehdr, err);
	if (ret < 0)
		return ret;
	read_sections(image, &ehdr);
	read_build_id(image, &ehdr);
	return 0;
}

static struct elf_image *image_new(const char *path)
{
	struct elf_image *image = xcalloc(1, sizeof(*image));

	image->fd = -1;
	image->path = xstrdup(path);
	return image;
}

/* Takes the descriptor, also on failure. */
static int open_taken_fd(struct elf_image **out, int fd, const char *path, bool is_debug_file, struct error *err)
{
	struct elf_image *image = image_new(path);
	struct stat st;
	void *reserved;
	int ret;

	image->fd = fd;
	image->is_debug_file = is_debug_file;
	if (fstat(fd, &st) < 0) {
		ret = error_set(err, -errno, "elf: failed to stat '%s': %s", path, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		ret = error_set(err, S_ISDIR(st.st_mode) ? -EISDIR : -ENOEXEC,
				"elf: '%s' is not a regular file; name a Linux program built by Go", path);
		goto out;
	}
	image->size = (uint64_t)st.st_size;
	image->written = st.st_mtim;
	reserved = mmap(NULL, image->size ? image->size : 1, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (reserved == MAP_FAILED) {
		ret = error_set(err, -errno, "elf: failed to reserve memory for '%s' of %llu bytes: %s", path,
				(unsigned long long)image->size, reason_text(errno));
		goto out;
	}
	image->reserved = reserved;
	image->data = reserved;
	image->chunk_loaded = xcalloc(image->size / CHUNK_BYTES / 8 + 1, 1);
	ret = parse(image, err);
out:
	if (ret < 0) {
		elf_image_free(image);
		return ret;
	}
	*out = image;
	return 0;
}

int elf_image_open(struct elf_image **out, const char *path, struct error *err)
{
	/* O_NONBLOCK: a pipe where a program was expected must not hang the tool. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return error_set(err, -errno, "elf: failed to open '%s': %s", path, reason_text(errno));
	return open_taken_fd(out, fd, path, false, err);
}

static int open_fd(struct elf_image **out, int fd, const char *path, bool is_debug_file, struct error *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		return error_set(err, -errno, "elf: failed to duplicate the descriptor of '%s': %s", path,
				 reason_text(errno));
	return open_taken_fd(out, copy, path, is_debug_file, err);
}

int elf_image_open_fd(struct elf_image **out, int fd, const char *path, struct error *err)
{
	return open_fd(out, fd, path, false, err);
}

int elf_image_open_debug_fd(struct elf_image **out, int fd, const char *path, struct error *err)
{
	return open_fd(out, fd, path, true, err);
}

int elf_image_open_bytes(struct elf_image **out, const void *data, size_t size, const char *path, struct error *err)
{
	struct elf_image *image = image_new(path);
	int ret;

	image->data = data;
	image->size = size;
	ret = parse(image, err);
	if (ret < 0) {
		elf_image_free(image);
		return ret;
	}
	*out = image;
	return 0;
}

void elf_image_free(struct elf_image *image)
{
	if (!image)
		return;
	if (image->reserved)
		munmap(image->reserved, image->size ? image->size : 1);
	if (image->fd >= 0)
		close(image->fd);
	free(image->chunk_loaded);
	free(image->relocs_owned);
	free(image->build_id);
	free(image->section_links);
	free(image->section_types);
	free(image->sections);
	free(image->section_names);
	free(image->regions);
	free(image->segments);
	free(image->path);
	free(image);
}

int elf_image_check_unchanged(const struct elf_image *image, struct error *err)
{
	struct stat st;

	if (image->fd < 0)
		return 0;
	if (fstat(image->fd, &st) == 0 && (uint64_t)st.st_size == image->size &&
	    st.st_mtim.tv_sec == image->written.tv_sec && st.st_mtim.tv_nsec == image->written.tv_nsec)
		return 0;
	return error_set(err, -ESTALE, "elf: '%s' was written to while it was read; try again", image->path);
}

/* ---- what it is ---- */

const char *elf_image_path(const struct elf_image *image)
{
	return image->path;
}

int elf_image_fd(const struct elf_image *image)
{
	return image->fd;
}

bool elf_image_is_pie(const struct elf_image *image)
{
	return image->type == ET_DYN;
}

char *elf_image_interpreter(const struct elf_image *image)
{
	uint64_t offset = image->interpreter_offset, size = image->interpreter_size;

	/* As the kernel wants it: a path, with its end. */
	if (size < 2 || size > PATH_MAX || !load((struct elf_image *)image, offset, size) ||
	    image->data[offset + size - 1])
		return NULL;
	return xstrdup((const char *)image->data + offset);
}

bool elf_image_is_stripped(const struct elf_image *image)
{
	for (size_t i = 0; i < image->n_sections; i++) {
		if (image->section_types[i] == SHT_SYMTAB)
			return false;
	}
	return true;
}

const char *elf_image_build_id(const struct elf_image *image)
{
	return image->build_id;
}

size_t elf_image_segment_count(const struct elf_image *image)
{
	return image->n_segments;
}

const struct elf_segment *elf_image_segment(const struct elf_image *image, size_t i)
{
	return i < image->n_segments ? &image->segments[i] : NULL;
}

const struct elf_section *elf_image_section(const struct elf_image *image, const char *name)
{
	for (size_t i = 0; i < image->n_sections; i++) {
		const struct elf_section *section = &image->sections[i];

		if (section->name && strcmp(section->name, name) == 0)
			return section;
	}
	return NULL;
}

const uint8_t *elf_image_section_bytes(const struct elf_image *image, const struct elf_section *section)
{
	/* Only what is cached of the file changes, never what the image says. */
	if (section->size == 0 || !load((struct elf_image *)image, section->offset, section->size))
		return NULL;
	return image->data + section->offset;
}

/* ---- reading ---- */

/* The segment with vaddr in its part of the file, or NULL; *into how far in. */
static const struct elf_segment *segment_at(const struct elf_image *image, elf_vaddr vaddr, uint64_t *into)
{
	for (size_t i = 0; i < image->n_segments; i++) {
		const struct elf_segment *segment = &image->segments[i];

		*into = vaddr - segment->vaddr;
		if (vaddr >= segment->vaddr && *into < segment->file_size)
			return segment;
	}
	return NULL;
}

const uint8_t *elf_image_at(const struct elf_image *image, elf_vaddr vaddr, size_t *avail)
{
	uint64_t into;
	const struct elf_segment *segment = segment_at(image, vaddr, &into);

	if (!segment || !load_region(image, &image->regions[segment - image->segments]))
		return NULL;
	*avail = segment->file_size - into;
	return image->data + segment->offset + into;
}

size_t elf_image_available(const struct elf_image *image, elf_vaddr vaddr)
{
	uint64_t into;
	const struct elf_segment *segment = segment_at(image, vaddr, &into);

	return segment ? segment->file_size - into : 0;
}

const uint8_t *elf_image_view(const struct elf_image *image, elf_vaddr vaddr, size_t size)
{
	uint64_t into;
	const struct elf_segment *segment = segment_at(image, vaddr, &into);

	/* Only what is cached of the file changes, never what the image says. */
	if (!segment || size > segment->file_size - into ||
	    !load((struct elf_image *)image, segment->offset + into, size))
		return NULL;
	return image->data + segment->offset + into;
}

void elf_image_forget(const struct elf_image *image, elf_vaddr vaddr, size_t size)
{
	struct elf_image *cache = (struct elf_image *)image;
	uint64_t into, first, end;
	const struct elf_segment *segment = segment_at(image, vaddr, &into);

	if (!segment || !image->reserved || size > segment->file_size - into)
		return;
	first = (segment->offset + into + CHUNK_BYTES - 1) / CHUNK_BYTES;
	end = (segment->offset + into + size) / CHUNK_BYTES;
	if (first >= end)
		return;
	madvise(cache->reserved + first * CHUNK_BYTES, (end - first) * CHUNK_BYTES, MADV_DONTNEED);
	for (uint64_t chunk = first; chunk < end; chunk++) {
		if (!chunk_is_loaded(image, chunk))
			continue;
		cache->chunk_loaded[chunk / 8] &= (uint8_t) ~(1u << chunk % 8);
		cache->loaded_bytes -= CHUNK_BYTES;
	}
	cache->regions[segment - image->segments].loaded = false;
}

bool elf_image_read(const struct elf_image *image, elf_vaddr vaddr, void *out, size_t size)
{
	uint8_t *to = out;

	/* A loop, as segments may adjoin. */
	while (size > 0) {
		uint64_t into;
		const struct elf_segment *segment = segment_at(image, vaddr, &into);
		size_t part = segment && segment->file_size - into < size ? segment->file_size - into : size;
		const uint8_t *from = elf_image_view(image, vaddr, part);

		if (!from)
			return false;
		memcpy(to, from, part);
		to += part;
		vaddr += part;
		size -= part;
	}
	return true;
}

bool elf_image_header(const struct elf_image *image, uint32_t type, struct elf_segment *out)
{
	for (unsigned i = 0; i < image->n_headers; i++) {
		uint64_t at = image->headers_offset + i * sizeof(Elf64_Phdr);
		Elf64_Phdr phdr;

		/* Loaded before, unless they lie in what was given back. */
		if (!load((struct elf_image *)image, at, sizeof(phdr)))
			return false;
		memcpy(&phdr, image->data + at, sizeof(phdr));
		if (phdr.p_type != type)
			continue;
		*out = (struct elf_segment){
			.vaddr = phdr.p_vaddr,
			.offset = phdr.p_offset,
			.file_size = phdr.p_filesz,
			.mem_size = phdr.p_memsz,
			.flags = phdr.p_flags,
		};
		return true;
	}
	return false;
}

bool elf_image_vaddr_to_offset(const struct elf_image *image, elf_vaddr vaddr, elf_offset *out)
{
	uint64_t into;
	const struct elf_segment *segment = segment_at(image, vaddr, &into);

	if (segment)
		*out = segment->offset + into;
	return segment != NULL;
}

bool elf_image_offset_to_vaddr(const struct elf_image *image, elf_offset offset, elf_vaddr *out)
{
	for (size_t i = 0; i < image->n_segments; i++) {
		const struct elf_segment *segment = &image->segments[i];

		if (offset >= segment->offset && offset - segment->offset < segment->file_size) {
			*out = offset - segment->offset + segment->vaddr;
			return true;
		}
	}
	return false;
}

/* ---- relocations ---- */

static int compare_relocs(const void *a, const void *b)
{
	const Elf64_Rela *x = a, *y = b;

	return x->r_offset < y->r_offset ? -1 : x->r_offset > y->r_offset;
}

/*
 * A word that is relocated by RELR, or by a RELA entry this does not index, holds its addend itself: with load bias 0
 * the raw word is the answer. Only the addends of RELATIVE entries are elsewhere.
 */
static void index_relocs(struct elf_image *image)
{
	struct region dynamic = {.offset = image->dynamic_offset, .size = image->dynamic_size};
	uint64_t table_vaddr = 0, table_size = 0, entry_size = sizeof(Elf64_Rela);
	const uint8_t *table; /* the file says where: it may lie on any byte */
	size_t avail, n, kept = 0;
	bool as_is = true;

	image->relocs_ready = true;
	if (dynamic.size == 0 || !load_region(image, &dynamic))
		return;
	for (uint64_t at = 0; dynamic.size - at >= sizeof(Elf64_Dyn); at += sizeof(Elf64_Dyn)) {
		Elf64_Dyn dyn;

		memcpy(&dyn, image->data + dynamic.offset + at, sizeof(dyn));
		if (dyn.d_tag == DT_NULL)
			break;
		if (dyn.d_tag == DT_RELA)
			table_vaddr = dyn.d_un.d_ptr;
		else if (dyn.d_tag == DT_RELASZ)
			table_size = dyn.d_un.d_val;
		else if (dyn.d_tag == DT_RELAENT)
			entry_size = dyn.d_un.d_val;
	}
	if (table_size == 0 || entry_size != sizeof(Elf64_Rela))
		return;
	table = elf_image_at(image, table_vaddr, &avail);
	if (!table)
		return;
	n = (table_size < avail ? table_size : avail) / sizeof(Elf64_Rela);
	for (size_t i = 0; i < n; i++) {
		Elf64_Rela here, next;

		memcpy(&here, table + i * sizeof(here), sizeof(here));
		kept += ELF64_R_TYPE(here.r_info) == R_X86_64_RELATIVE;
		if (i + 1 < n) {
			memcpy(&next, table + (i + 1) * sizeof(next), sizeof(next));
			as_is = as_is && here.r_offset <= next.r_offset;
		}
	}
	if (as_is && kept == n && (uintptr_t)table % _Alignof(Elf64_Rela) == 0) {
		image->relocs = (const Elf64_Rela *)table;
		image->n_relocs = n;
		return;
	}
	image->relocs_owned = xcalloc(kept, sizeof(*image->relocs_owned));
	for (size_t i = 0; i < n; i++) {
		Elf64_Rela here;

		memcpy(&here, table + i * sizeof(here), sizeof(here));
		if (ELF64_R_TYPE(here.r_info) == R_X86_64_RELATIVE)
			image->relocs_owned[image->n_relocs++] = here;
	}
	as_is = true;
	for (size_t i = 1; i < image->n_relocs && as_is; i++)
		as_is = image->relocs_owned[i - 1].r_offset <= image->relocs_owned[i].r_offset;
	if (!as_is)
		qsort(image->relocs_owned, image->n_relocs, sizeof(*image->relocs_owned), compare_relocs);
	image->relocs = image->relocs_owned;
}

/* The first relocation at or after vaddr. */
static size_t first_reloc(const struct elf_image *image, elf_vaddr vaddr)
{
	size_t low = 0, high;

	if (!image->relocs_ready)
		index_relocs((struct elf_image *)image);
	for (high = image->n_relocs; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (image->relocs[middle].r_offset < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool elf_image_read_ptr(const struct elf_image *image, elf_vaddr vaddr, elf_vaddr *out)
{
	size_t i;

	if (!elf_image_read(image, vaddr, out, sizeof(*out)))
		return false;
	i = first_reloc(image, vaddr);
	if (i < image->n_relocs && image->relocs[i].r_offset == vaddr)
		*out = (elf_vaddr)image->relocs[i].r_addend;
	return true;
}

bool elf_image_find_ptr(const struct elf_image *image, elf_vaddr value, elf_vaddr from, elf_vaddr *out)
{
	bool found = false;

	for (size_t i = first_reloc(image, from); i < image->n_relocs; i++) {
		if ((elf_vaddr)image->relocs[i].r_addend == value && image->relocs[i].r_offset % sizeof(value) == 0) {
			*out = image->relocs[i].r_offset;
			found = true;
			break;
		}
	}
	for (size_t i = 0; i < image->n_segments; i++) {
		const struct elf_segment *segment = &image->segments[i];
		uint64_t end = segment->vaddr + segment->file_size;
		elf_vaddr at = ((segment->vaddr > from ? segment->vaddr : from) + 7) & ~7ull;
		const uint8_t *p;

		if (!(segment->flags & PF_W) || at < from || at < segment->vaddr || at >= end ||
		    !load_region(image, &image->regions[i]))
			continue;
		if (found && *out < end)
			end = *out;
		/* Not through elf_image_at: where segments overlap it would give the other one's bytes. */
		for (p = image->data + segment->offset + (at - segment->vaddr); at < end && end - at >= 8;
		     at += 8, p += 8) {
			elf_vaddr word;

			memcpy(&word, p, sizeof(word));
			if (word == value) {
				*out = at;
				found = true;
				break;
			}
		}
	}
	return found;
}

/* ---- symbols ---- */

static bool find_symbol(struct elf_image *image, size_t table, const char *name, bool undefined, elf_vaddr *value,
			uint64_t *size)
{
	const struct elf_section *symbols = &image->sections[table], *strings;
	uint64_t n = symbols->size / sizeof(Elf64_Sym);
	size_t name_size = strlen(name) + 1;

	if (image->section_links[table] >= image->n_sections)
		return false;
	strings = &image->sections[image->section_links[table]];
	if (!load(image, symbols->offset, symbols->size) || !load(image, strings->offset, strings->size))
		return false;
	for (uint64_t i = 0; i < n; i++) {
		const char *s;
		Elf64_Sym sym;

		memcpy(&sym, image->data + symbols->offset + i * sizeof(sym), sizeof(sym));
		if ((sym.st_shndx == SHN_UNDEF) != undefined || sym.st_name >= strings->size ||
		    strings->size - sym.st_name < name_size)
			continue;
		s = (const char *)image->data + strings->offset + sym.st_name;
		if (memcmp(s, name, name_size) != 0)
			continue;
		*value = sym.st_value;
		if (size)
			*size = sym.st_size;
		return true;
	}
	return false;
}

bool elf_image_symbol(const struct elf_image *image, const char *name, elf_vaddr *value, uint64_t *size)
{
	static const uint32_t tables[] = {SHT_SYMTAB, SHT_DYNSYM};

	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		for (size_t i = 0; i < image->n_sections; i++) {
			if (image->section_types[i] == tables[t] &&
			    find_symbol((struct elf_image *)image, i, name, false, value, size))
				return true;
		}
	}
	return false;
}

bool elf_image_imports(const struct elf_image *image, const char *name)
{
	elf_vaddr value;

	for (size_t i = 0; i < image->n_sections; i++) {
		if (image->section_types[i] == SHT_DYNSYM &&
		    find_symbol((struct elf_image *)image, i, name, true, &value, NULL))
			return true;
	}
	return false;
}

static void visit_table(struct elf_image *image, size_t table, elf_symbol_visit visit, void *ctx)
{
	const struct elf_section *symbols = &image->sections[table], *strings;
	uint64_t n = symbols->size / sizeof(Elf64_Sym);

	if (image->section_links[table] >= image->n_sections)
		return;
	strings = &image->sections[image->section_links[table]];
	/* A string that ends nowhere would be read beyond the table. */
	if (!load(image, symbols->offset, symbols->size) || !load(image, strings->offset, strings->size) ||
	    strings->size == 0 || image->data[strings->offset + strings->size - 1] != '\0')
		return;
	for (uint64_t i = 0; i < n; i++) {
		Elf64_Sym sym;

		memcpy(&sym, image->data + symbols->offset + i * sizeof(sym), sizeof(sym));
		if (sym.st_shndx == SHN_UNDEF || sym.st_name == 0 || sym.st_name >= strings->size)
			continue;
		struct elf_symbol symbol = {
			.name = (const char *)image->data + strings->offset + sym.st_name,
			.value = sym.st_value,
			.size = sym.st_size,
			.type = ELF64_ST_TYPE(sym.st_info),
			.bind = ELF64_ST_BIND(sym.st_info),
		};
		if (*symbol.name)
			visit(ctx, &symbol);
	}
}

void elf_image_visit_symbols(const struct elf_image *image, bool dynamic, elf_symbol_visit visit, void *ctx)
{
	/* Files have one table of each kind; any number of headers may name the same bytes. */
	for (size_t i = 0; i < image->n_sections; i++) {
		if (image->section_types[i] == (dynamic ? SHT_DYNSYM : SHT_SYMTAB)) {
			visit_table((struct elf_image *)image, i, visit, ctx);
			return;
		}
	}
}
