/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Type descriptors (internal/abi/type.go, runtime/type.go in 1.19), the same 48 bytes in all versions: Size 0, PtrBytes
 * 8, Hash 16, TFlag 20, Align 21, FieldAlign 22, Kind 23, Equal 24, GCData 32, Str 40, PtrToThis 44.
 *
 * Str is an offset from moduledata.types to a name: a flag byte, a uvarint length, UTF-8. A type with methods or a name
 * has an uncommon part, which begins with the offset of its package path, behind what its kind adds to the 48 bytes.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "symbolize/go_binary_internal.h"

#define TYPE_SIZE	 48
#define TFLAG_UNCOMMON	 1
#define TFLAG_EXTRA_STAR 2
#define TFLAG_NAMED	 4
#define KIND_MASK	 31
#define KIND_LAST	 26 /* UnsafePointer */
#define MAX_TYPES	 1000000
#define MAX_NAME_BYTES	 (1u << 20)
#define FIELD_SIZE	 24
#define FIELDS_MAX	 65536

enum {
	KIND_ARRAY = 17,
	KIND_CHAN,
	KIND_FUNC,
	KIND_INTERFACE,
	KIND_MAP,
	KIND_POINTER,
	KIND_SLICE,
	KIND_STRING,
	KIND_STRUCT
};

/* Up to Go 1.23 a map is of buckets, and in 1.24 and 1.25 with the experiment. */
static bool has_bucket_maps(const struct go_binary *bin)
{
	const char *experiments = go_binary_setting(bin, "GOEXPERIMENT");

	return bin->build.minor < 24 ||
	       (bin->build.minor < 26 && experiments && strstr(experiments, "noswissmap") != NULL);
}

static size_t uncommon_offset(const struct go_binary *bin, uint8_t kind)
{
	switch (kind) {
	case KIND_POINTER:
	case KIND_FUNC:
	case KIND_SLICE:
		return 56;
	case KIND_CHAN:
		return 64;
	case KIND_ARRAY:
		return 72;
	case KIND_STRUCT:
	case KIND_INTERFACE:
		return 80;
	case KIND_MAP:
		return has_bucket_maps(bin) ? 88 : bin->build.minor < 27 ? 112 : 136;
	default:
		return TYPE_SIZE;
	}
}

static size_t types_size(const struct go_binary *bin)
{
	return bin->module.etypes - bin->module.types;
}

/* Types lie among all other constants, a large part of the file: only what is looked at is read. NULL outside of them.
 */
static const uint8_t *type_bytes(const struct go_binary *bin, size_t offset, size_t size)
{
	size_t all = types_size(bin);

	if (offset > all || size > all - offset)
		return NULL;
	return elf_image_view(bin->image, bin->module.types + offset, size);
}

/*
 * Flags of a map type, behind what its version has of sizes and offsets: runtime/type.go (maptype, up to 1.20) and
 * internal/abi (MapType in type.go, OldMapType and SwissMapType in map_noswiss.go and map_swiss.go, MapType in map.go).
 */
static void read_map_flags(const struct go_binary *bin, uint64_t at, struct go_type *out)
{
	bool buckets = has_bucket_maps(bin);
	const uint8_t *p = type_bytes(bin, at + (buckets ? 84 : bin->build.minor < 27 ? 104 : 128), 4);
	uint32_t flags = p ? load_u32(p) : 0;

	out->indirect_key = flags & (buckets ? 1 : 4);
	out->indirect_value = flags & (buckets ? 2 : 8);
}

/* The name at an offset of the type data. The bytes behind an extra star if there is one. */
static const char *type_name(const struct go_binary *bin, uint32_t offset, bool extra_star)
{
	size_t at = (size_t)offset + 1; /* behind the flag byte */
	const uint8_t *p;
	uint32_t len = 0;

	for (unsigned shift = 0;; shift += 7) {
		p = type_bytes(bin, at++, 1);
		if (!p || shift > 21)
			return NULL;
		len |= (uint32_t)(*p & 0x7f) << shift;
		if (!(*p & 0x80))
			break;
	}
	if (len > MAX_NAME_BYTES)
		return NULL;
	p = type_bytes(bin, at, len);
	if (!p || memchr(p, '\0', len))
		return NULL;
	if (extra_star) {
		if (len == 0 || *p != '*')
			return NULL;
		p++;
		len--;
	}
	/* In a sound file each descriptor is larger than its share of names. In another all may claim one long name. */
	if (len == 0 || len > 4 * types_size(bin) - bin->cache->name_bytes)
		return NULL;
	bin->cache->name_bytes += len;
	return strpool_add_n(bin->strings, (const char *)p, len);
}

static bool read_type(const struct go_binary *bin, elf_vaddr addr, struct go_type *out)
{
	uint64_t at = addr - bin->module.types;
	uint8_t flags, align;
	const uint8_t *p;

	if (addr < bin->module.types || addr % 8 != 0)
		return false;
	p = type_bytes(bin, at, TYPE_SIZE);
	if (!p)
		return false;
	flags = p[20];
	align = p[21];
	*out = (struct go_type){.addr = addr,
				.size = load_u64(p),
				.ptr_bytes = load_u64(p + 8),
				.kind = p[23] & KIND_MASK,
				.align = align};
	if (out->kind == 0 || out->kind > KIND_LAST || out->ptr_bytes > out->size || align == 0 || align & (align - 1))
		return false;
	out->name = type_name(bin, load_u32(p + 40), flags & TFLAG_EXTRA_STAR);
	if (!out->name)
		return false;
	if (out->kind == KIND_MAP)
		read_map_flags(bin, at, out);
	if (flags & TFLAG_NAMED && flags & TFLAG_UNCOMMON &&
	    (p = type_bytes(bin, at + uncommon_offset(bin, out->kind), 4))) {
		uint32_t path = load_u32(p);

		out->pkg_path = path ? type_name(bin, path, false) : NULL;
	}
	return true;
}

bool go_binary_type(const struct go_binary *bin, elf_vaddr addr, struct go_type *out)
{
	struct go_cache *cache = bin->cache;
	uint64_t *known = u64map_find(&cache->type_index, addr);

	if (known) {
		*out = cache->types[*known];
		return true;
	}
	if (!read_type(bin, addr, out))
		return false;
	if (cache->n_types < MAX_TYPES) {
		ARRAY_GROW(cache->types, cache->n_types + 1, cache->alloc_types);
		*u64map_at(&cache->type_index, addr, NULL) = cache->n_types;
		cache->types[cache->n_types++] = *out;
	}
	return true;
}

bool go_binary_known_type(const struct go_binary *bin, size_t i, struct go_type *out)
{
	if (i >= bin->cache->n_types)
		return false;
	*out = bin->cache->types[i];
	return true;
}

/* A word of a descriptor, relocated. */
static bool read_word(const struct go_binary *bin, elf_vaddr at, uint64_t *out)
{
	return type_bytes(bin, at - bin->module.types, 8) && elf_image_read_ptr(bin->image, at, out);
}

/* One abi.StructField: Name (a pointer to what type_name reads), Typ, Offset. */
static bool read_field(const struct go_binary *bin, elf_vaddr at, struct go_field *out)
{
	uint64_t name, address, offset;
	struct go_type type;

	if (!read_word(bin, at, &name) || !read_word(bin, at + 8, &address) || !read_word(bin, at + 16, &offset) ||
	    name < bin->module.types || name - bin->module.types > UINT32_MAX || !go_binary_type(bin, address, &type))
		return false;
	*out = (struct go_field){.name = type_name(bin, (uint32_t)(name - bin->module.types), false),
				 .offset = offset,
				 .size = type.size,
				 .align = type.align,
				 .type = type.name};
	return out->name != NULL;
}

/* A struct type has behind the 48 bytes: PkgPath, Fields (pointer, length, capacity). */
size_t go_binary_fields(const struct go_binary *bin, const struct go_type *type, struct go_field *fields, size_t max)
{
	uint64_t first, n, end = 0;

	if (type->kind != KIND_STRUCT || !read_word(bin, type->addr + TYPE_SIZE + 8, &first) ||
	    !read_word(bin, type->addr + TYPE_SIZE + 16, &n) || first < bin->module.types || n == 0 || n > FIELDS_MAX ||
	    !type_bytes(bin, first - bin->module.types, n * FIELD_SIZE))
		return 0;
	for (uint64_t i = 0; i < n && i < max; i++) {
		struct go_field *f = &fields[i];

		if (!read_field(bin, first + i * FIELD_SIZE, f) || f->offset < end || f->offset % f->align ||
		    f->size > type->size || f->offset > type->size - f->size)
			return 0;
		end = f->offset + f->size;
	}
	return n;
}

void go_binary_types_range(const struct go_binary *bin, elf_vaddr *start, elf_vaddr *end)
{
	*start = bin->module.types;
	*end = bin->module.etypes;
}

void go_types_release(struct go_cache *cache)
{
	u64map_release(&cache->type_index);
	free(cache->types);
}
