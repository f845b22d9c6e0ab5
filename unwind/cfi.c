/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an .eh_frame_hdr looks like where it has the form that every linker gives it (anything else is not used):
 *
 *     01 1b 03 3b   version; .eh_frame pc-relative in 4 bytes; count in 4 bytes; the table relative to the header
 *     .eh_frame, count
 *     count times: start of a function, its FDE; 4 bytes each, by address
 */
#include "unwind/cfi.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/u64map.h"

/* The largest functions that people write have some kilobytes of instructions. */
#define MAX_RECORD_BYTES (64u << 10)
/* Where there is no sorted table: more is not gone through. libc has 100 KiB, a large program some megabytes. */
#define MAX_SECTION_BYTES (16u << 20)
#define MAX_REMEMBERED	  64
/* Letters of an augmentation, of which there are six: they are gone through anew for each FDE. */
#define MAX_LETTERS 8
/* Return addresses of one file that are remembered, and the bytes of their functions' entries, some 100 each; with
 * more, it begins anew. */
#define MAX_KEPT       65536
#define MAX_KEPT_BYTES (4u << 20)

#define LAST_REGISTER 16 /* the return address; those behind it are of vectors, and of no use here */

enum {
	PE_UDATA2 = 0x02, /* DW_EH_PE_*: encodings of addresses */
	PE_UDATA4 = 0x03,
	PE_UDATA8 = 0x04,
	PE_SDATA2 = 0x0a,
	PE_SDATA4 = 0x0b,
	PE_SDATA8 = 0x0c,
	PE_FORMAT = 0x0f,
	PE_PCREL = 0x10,
	PE_HOW = 0x70,
	PE_INDIRECT = 0x80,
};

struct indexed {
	elf_vaddr start, fde;
};

struct cfi_table {
	const struct elf_image *image;
	elf_vaddr sorted; /* the table of .eh_frame_hdr; 0 if there is none */
	elf_vaddr base;	  /* what its addresses are relative to */
	uint64_t n_sorted;
	struct indexed *index; /* of a file without one */
	size_t n_index;
	struct u64map by_address; /* -> KEPT_*, or the number of an entry behind them */
	struct u64map by_fde;
	struct cfi_entry *entries;
	size_t n_entries, alloc_entries;
	size_t n_bytes; /* of all entries */
};

enum { KEPT_NOT, KEPT_NONE, KEPT_BAD, KEPT_FIRST };

/* ---- bytes ---- */

struct reader {
	const uint8_t *at, *end;
	bool failed;
};

static uint64_t take(struct reader *r, size_t size)
{
	uint64_t value = 0;

	if ((size_t)(r->end - r->at) < size) {
		r->failed = true;
		r->at = r->end;
		return 0;
	}
	memcpy(&value, r->at, size);
	r->at += size;
	return value;
}

static void skip(struct reader *r, uint64_t size)
{
	if ((uint64_t)(r->end - r->at) < size) {
		r->failed = true;
		r->at = r->end;
		return;
	}
	r->at += size;
}

/* LEB128, of ten bytes at most. */
static uint64_t take_leb(struct reader *r, bool is_signed)
{
	uint64_t value = 0, byte;
	unsigned shift = 0;

	do {
		byte = take(r, 1);
		if (shift == 63 && byte & 0x7e && byte != 0x7f)
			r->failed = true;
		if (shift > 63) {
			r->failed = true;
			return 0;
		}
		value |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (is_signed && shift < 64 && byte & 0x40)
		value |= UINT64_MAX << shift;
	return value;
}

static void put(struct strbuf *out, uint64_t value, size_t size)
{
	strbuf_add(out, &value, size);
}

static void put_leb(struct strbuf *out, uint64_t value, bool is_signed)
{
	for (;;) {
		uint8_t byte = value & 0x7f;
		bool done;

		value = is_signed ? (uint64_t)((int64_t)value >> 7) : value >> 7;
		done = is_signed ? (value == 0 && !(byte & 0x40)) || (value == UINT64_MAX && byte & 0x40) : value == 0;
		put(out, byte | (done ? 0 : 0x80), 1);
		if (done)
			return;
	}
}

/* ---- the files' records: CIE and FDE ---- */

/* What follows the length of the record at vaddr, up to its end. *is_end: it is the terminator. */
static bool read_record(const struct elf_image *image, elf_vaddr vaddr, struct reader *out, elf_vaddr *content,
			bool *is_end)
{
	uint32_t size;

	*is_end = false;
	if (!elf_image_read(image, vaddr, &size, sizeof(size)))
		return false;
	*is_end = size == 0;
	/* 0xffffffff, 64-bit DWARF, is of no use below 4 GiB, and above MAX_RECORD_BYTES. */
	if (size < 4 || size > MAX_RECORD_BYTES)
		return false;
	*content = vaddr + 4;
	out->failed = false;
	out->at = elf_image_view(image, *content, size);
	if (!out->at)
		return false;
	out->end = out->at + size;
	return true;
}

struct cie {
	bool is_sized; /* 'z': augmentation data carry their size */
	bool is_signal;
	uint8_t encoding; /* of the addresses in FDEs */
	uint64_t code_align, data_align;
	struct reader instructions;
};

static size_t pointer_size(uint8_t encoding)
{
	switch (encoding & PE_FORMAT) {
	case 0:
	case PE_UDATA8:
	case PE_SDATA8:
		return 8;
	case PE_UDATA4:
	case PE_SDATA4:
		return 4;
	case PE_UDATA2:
	case PE_SDATA2:
		return 2;
	}
	return 0;
}

/* Of the letters that are known, P, L and R have data, in their order. */
static bool read_augmentation(struct cie *cie, const char *letters, struct reader *data)
{
	for (; *letters; letters++) {
		uint8_t encoding;

		switch (*letters) {
		case 'R':
			cie->encoding = (uint8_t)take(data, 1);
			break;
		case 'L':
			take(data, 1);
			break;
		case 'P':
			encoding = (uint8_t)take(data, 1);
			if (encoding != 0xff && !pointer_size(encoding))
				return false;
			skip(data, encoding == 0xff ? 0 : pointer_size(encoding));
			break;
		case 'S':
			cie->is_signal = true;
			break;
		case 'B': /* of arm64 */
			break;
		default:
			return false;
		}
	}
	return !data->failed;
}

static bool read_cie(const struct elf_image *image, elf_vaddr vaddr, struct cie *out)
{
	struct reader r, data;
	elf_vaddr content;
	uint8_t version;
	const char *letters;
	uint64_t size;
	bool is_end;

	*out = (struct cie){.encoding = 0};
	if (!read_record(image, vaddr, &r, &content, &is_end) || take(&r, 4) != 0)
		return false;
	version = (uint8_t)take(&r, 1);
	letters = (const char *)r.at;
	skip(&r, strnlen(letters, r.end - r.at < MAX_LETTERS ? (size_t)(r.end - r.at) : MAX_LETTERS));
	if (take(&r, 1) != 0 || r.failed || (version != 1 && version != 3 && version != 4))
		return false;
	if (version == 4 && take(&r, 2) != 8) /* bytes of an address, and of a segment */
		return false;
	out->code_align = take_leb(&r, false);
	out->data_align = take_leb(&r, true);
	if ((version == 1 ? take(&r, 1) : take_leb(&r, false)) != LAST_REGISTER)
		return false;
	if (letters[0] == 'z') {
		size = take_leb(&r, false);
		data = (struct reader){.at = r.at};
		skip(&r, size);
		data.end = r.at;
		out->is_sized = true;
		if (r.failed || !read_augmentation(out, letters + 1, &data))
			return false;
	} else if (letters[0]) {
		return false;
	}
	out->instructions = r;
	/* Absolute, or relative to where it stands; nothing else is used for code. */
	return !r.failed && pointer_size(out->encoding) &&
	       ((out->encoding & ~PE_FORMAT) == 0 || (out->encoding & ~PE_FORMAT) == PE_PCREL);
}

static uint64_t take_pointer(struct reader *r, uint8_t encoding)
{
	uint64_t value = take(r, pointer_size(encoding));

	switch (encoding & PE_FORMAT) {
	case PE_SDATA2:
		return (uint64_t)(int16_t)value;
	case PE_SDATA4:
		return (uint64_t)(int32_t)value;
	}
	return value;
}

struct fde {
	struct cie cie;
	elf_vaddr start;
	uint64_t range;
	struct reader instructions;
};

static bool read_fde(const struct elf_image *image, elf_vaddr vaddr, struct fde *out)
{
	const uint8_t *first;
	elf_vaddr content;
	struct reader r;
	uint64_t cie;
	bool is_end;

	if (!read_record(image, vaddr, &r, &content, &is_end))
		return false;
	first = r.at;
	cie = take(&r, 4);
	if (cie == 0 || !read_cie(image, content - cie, &out->cie))
		return false;
	out->start = (out->cie.encoding & PE_HOW) == PE_PCREL ? content + (uint64_t)(r.at - first) : 0;
	out->start += take_pointer(&r, out->cie.encoding);
	/* A length is never relative to anything. */
	out->range = take_pointer(&r, out->cie.encoding);
	if (out->cie.is_sized)
		skip(&r, take_leb(&r, false));
	out->instructions = r;
	return !r.failed && out->range < 1u << 31 && out->start + out->range >= out->start;
}

/* ---- instructions, checked and copied ---- */

/*
 * Expressions that compute an address from registers, the stack and constants, and end: no jumps, no division, no
 * registers by number.
 */
static bool check_expression(struct reader r)
{
	while (r.at < r.end && !r.failed) {
		uint8_t op = (uint8_t)take(&r, 1);

		if (op >= 0x30 && op <= 0x4f) /* DW_OP_lit* */
			continue;
		if (op >= 0x70 && op <= 0x70 + LAST_REGISTER) { /* DW_OP_breg* */
			take_leb(&r, true);
			continue;
		}
		switch (op) {
		case 0x06: /* deref */
		case 0x12: /* dup, drop, over */
		case 0x13:
		case 0x14:
		case 0x16: /* swap */
		case 0x19: /* abs, and */
		case 0x1a:
		case 0x1c: /* minus */
		case 0x1e: /* mul, neg, not, or, plus */
		case 0x1f:
		case 0x20:
		case 0x21:
		case 0x22:
		case 0x24: /* shl, shr, shra, xor */
		case 0x25:
		case 0x26:
		case 0x27:
		case 0x29: /* eq, ge, gt, le, lt, ne */
		case 0x2a:
		case 0x2b:
		case 0x2c:
		case 0x2d:
		case 0x2e:
		case 0x96: /* nop */
			break;
		case 0x08: /* const1u, const1s */
		case 0x09:
			take(&r, 1);
			break;
		case 0x0a: /* const2u, const2s */
		case 0x0b:
			take(&r, 2);
			break;
		case 0x0c: /* const4u, const4s */
		case 0x0d:
			take(&r, 4);
			break;
		case 0x0e: /* const8u, const8s */
		case 0x0f:
			take(&r, 8);
			break;
		case 0x10: /* constu, plus_uconst */
		case 0x23:
			take_leb(&r, false);
			break;
		case 0x11: /* consts */
			take_leb(&r, true);
			break;
		default:
			return false;
		}
	}
	return !r.failed;
}

static bool take_expression(struct reader *r)
{
	uint64_t size = take_leb(r, false);
	struct reader expression = {.at = r->at};

	skip(r, size);
	expression.end = r->at;
	return !r->failed && expression.end > expression.at && check_expression(expression);
}

/* Where a register is the frame's address plus a constant: libunwind knows this only as an expression. */
static void put_val_offset(struct strbuf *out, uint64_t reg, uint64_t offset)
{
	struct strbuf expression = STRBUF_INIT;

	put(&expression, 0x11, 1); /* DW_OP_consts, DW_OP_plus */
	put_leb(&expression, offset, true);
	put(&expression, 0x22, 1);
	put(out, 0x16, 1); /* DW_CFA_val_expression */
	put_leb(out, reg, false);
	put_leb(out, expression.len, false);
	strbuf_add(out, expression.buf, expression.len);
	strbuf_release(&expression);
}

/*
 * *has_cfa: an instruction has said where the frame is. Instructions on other registers than the sixteen and the return
 * address are left out; one that is not known, or that asks for one of those, fails.
 */
static bool copy_instructions(struct strbuf *out, struct reader r, const struct cie *cie, bool *has_cfa)
{
	int remembered = 0;

	while (r.at < r.end && !r.failed) {
		const uint8_t *from = r.at;
		uint8_t op = (uint8_t)take(&r, 1);
		uint64_t reg = 0, offset;
		bool keep = true;

		/* With a frame that is nowhere libunwind would compute. Signals' frames are said in the FDE only. */
		if (!*has_cfa && (op >> 6 == 1 || (op >= 0x02 && op <= 0x04) || op == 0x0a))
			return false;
		switch (op >> 6) {
		case 1: /* advance_loc */
			goto copy;
		case 2: /* offset */
			reg = op & 0x3f;
			take_leb(&r, false);
			goto copy;
		case 3: /* restore */
			reg = op & 0x3f;
			goto copy;
		}
		switch (op) {
		case 0x00: /* nop */
			keep = false;
			break;
		case 0x02: /* advance_loc1, 2, 4 */
		case 0x03:
		case 0x04:
			take(&r, (size_t)1 << (op - 2));
			break;
		case 0x05: /* offset_extended */
		case 0x2f: /* GNU_negative_offset_extended */
			reg = take_leb(&r, false);
			take_leb(&r, false);
			break;
		case 0x11: /* offset_extended_sf */
			reg = take_leb(&r, false);
			take_leb(&r, true);
			break;
		case 0x06: /* restore_extended, undefined, same_value */
		case 0x07:
		case 0x08:
			reg = take_leb(&r, false);
			break;
		case 0x09: /* register */
			reg = take_leb(&r, false);
			if (take_leb(&r, false) > LAST_REGISTER && reg <= LAST_REGISTER)
				return false;
			break;
		case 0x0a: /* remember_state */
			if (++remembered > MAX_REMEMBERED)
				return false;
			break;
		case 0x0b: /* restore_state */
			if (--remembered < 0)
				return false;
			break;
		case 0x0c: /* def_cfa, def_cfa_sf */
		case 0x12:
			if (take_leb(&r, false) > LAST_REGISTER)
				return false;
			take_leb(&r, op == 0x12);
			*has_cfa = true;
			break;
		case 0x0d: /* def_cfa_register */
			if (take_leb(&r, false) > LAST_REGISTER)
				return false;
			break;
		case 0x0e: /* def_cfa_offset, def_cfa_offset_sf */
		case 0x13:
			take_leb(&r, op == 0x13);
			break;
		case 0x0f: /* def_cfa_expression */
			if (!take_expression(&r))
				return false;
			*has_cfa = true;
			break;
		case 0x10: /* expression, val_expression */
		case 0x16:
			reg = take_leb(&r, false);
			if (!take_expression(&r))
				return false;
			break;
		case 0x14: /* val_offset, val_offset_sf */
		case 0x15:
			reg = take_leb(&r, false);
			offset = take_leb(&r, op == 0x15) * cie->data_align;
			if (reg <= LAST_REGISTER)
				put_val_offset(out, reg, offset);
			keep = false;
			break;
		case 0x2e: /* GNU_args_size: for landing pads only */
			take_leb(&r, false);
			keep = false;
			break;
		default:
			return false;
		}
	copy:
		if (keep && reg <= LAST_REGISTER)
			strbuf_add(out, from, (size_t)(r.at - from));
	}
	return !r.failed;
}

static void set_size(struct strbuf *out, size_t record)
{
	uint32_t size = (uint32_t)(out->len - record - 4);

	memcpy(out->buf + record, &size, sizeof(size));
}

static bool write_entry(struct cfi_entry *entry, const struct fde *fde)
{
	struct strbuf out = STRBUF_INIT;
	bool has_cfa = false;

	put(&out, 0, 4); /* the CIE: size, mark */
	put(&out, 0, 4);
	put(&out, 1, 1);
	strbuf_add(&out, "zRS", fde->cie.is_signal ? 3 : 2);
	put(&out, 0, 1);
	put_leb(&out, fde->cie.code_align, false);
	put_leb(&out, fde->cie.data_align, true);
	put(&out, LAST_REGISTER, 1);
	put(&out, 1, 1);
	put(&out, PE_UDATA8, 1);
	if (!copy_instructions(&out, fde->cie.instructions, &fde->cie, &has_cfa))
		goto bad;
	set_size(&out, 0);
	entry->fde = out.len;
	put(&out, 0, 4);
	put(&out, out.len, 4); /* back to the CIE, from here */
	entry->start_at = out.len;
	put(&out, 0, 8);
	put(&out, fde->range, 8);
	put(&out, 0, 1);
	if (!copy_instructions(&out, fde->instructions, &fde->cie, &has_cfa) || !has_cfa)
		goto bad;
	set_size(&out, entry->fde);
	/* libunwind reads a mark behind the augmentation of a signal's frame, and whole words always. */
	put(&out, 0, 8);
	put(&out, 0, (8 - out.len % 8) % 8);
	entry->start = fde->start;
	entry->range = fde->range;
	entry->is_signal = fde->cie.is_signal;
	entry->size = out.len;
	entry->bytes = (uint8_t *)strbuf_detach(&out);
	return true;
bad:
	strbuf_release(&out);
	return false;
}

/* ---- the tables of a file ---- */

static bool find_sorted(struct cfi_table *table)
{
	struct elf_segment header;
	struct {
		uint8_t encodings[4];
		uint32_t eh_frame;
		uint32_t count;
	} fields;
	uint64_t room;

	if (!elf_image_header(table->image, PT_GNU_EH_FRAME, &header) || header.file_size < sizeof(fields) ||
	    !elf_image_read(table->image, header.vaddr, &fields, sizeof(fields)) ||
	    memcmp(fields.encodings, "\x01\x1b\x03\x3b", 4) != 0 || fields.count == 0)
		return false;
	room = elf_image_available(table->image, header.vaddr);
	if (header.file_size < room)
		room = header.file_size;
	if (room < sizeof(fields))
		return false;
	room = (room - sizeof(fields)) / 8;
	table->base = header.vaddr;
	table->sorted = header.vaddr + sizeof(fields);
	table->n_sorted = fields.count < room ? fields.count : room;
	return table->n_sorted > 0;
}

static int compare_indexed(const void *a, const void *b)
{
	const struct indexed *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* A file whose linker was told to leave the header out. Sections may be missing too: then there is nothing. */
static void make_index(struct cfi_table *table)
{
	const struct elf_section *section = elf_image_section(table->image, ".eh_frame");
	elf_vaddr at, end;
	size_t alloc = 0;

	if (!section || section->size > MAX_SECTION_BYTES || section->vaddr + section->size < section->vaddr)
		return;
	end = section->vaddr + section->size;
	for (at = section->vaddr; at < end;) {
		elf_vaddr content;
		struct reader r;
		struct fde fde;
		bool is_end;

		if (!read_record(table->image, at, &r, &content, &is_end)) {
			if (!is_end)
				break;
			at += 4;
			continue;
		}
		if (read_fde(table->image, at, &fde) && fde.range) {
			ARRAY_GROW(table->index, table->n_index + 1, alloc);
			table->index[table->n_index++] = (struct indexed){.start = fde.start, .fde = at};
		}
		at = content + (uint64_t)(r.end - r.at);
	}
	if (table->n_index)
		qsort(table->index, table->n_index, sizeof(*table->index), compare_indexed);
}

struct cfi_table *cfi_table_new(const struct elf_image *image)
{
	struct cfi_table *table = xcalloc(1, sizeof(*table));

	table->image = image;
	if (!find_sorted(table))
		make_index(table);
	return table;
}

static void forget(struct cfi_table *table)
{
	for (size_t i = 0; i < table->n_entries; i++)
		free(table->entries[i].bytes);
	table->n_entries = 0;
	table->n_bytes = 0;
	u64map_release(&table->by_address);
	u64map_release(&table->by_fde);
	table->by_address = (struct u64map)U64MAP_INIT;
	table->by_fde = (struct u64map)U64MAP_INIT;
}

void cfi_table_free(struct cfi_table *table)
{
	if (!table)
		return;
	forget(table);
	free(table->entries);
	free(table->index);
	free(table);
}

/* The last function that starts at or before vaddr, as the table has it. */
static enum cfi_found look_up(const struct cfi_table *table, elf_vaddr vaddr, struct indexed *out)
{
	uint64_t low = 0, high = table->sorted ? table->n_sorted : table->n_index;
	int32_t pair[2];

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		elf_vaddr start;

		if (table->sorted) {
			if (!elf_image_read(table->image, table->sorted + middle * 8, pair, sizeof(pair)))
				return CFI_BAD;
			start = table->base + (uint64_t)(int64_t)pair[0];
		} else {
			start = table->index[middle].start;
		}
		if (vaddr < start)
			high = middle;
		else
			low = middle + 1;
	}
	if (low == 0)
		return CFI_NONE;
	if (!table->sorted) {
		*out = table->index[low - 1];
		return CFI_FOUND;
	}
	if (!elf_image_read(table->image, table->sorted + (low - 1) * 8, pair, sizeof(pair)))
		return CFI_BAD;
	*out = (struct indexed){.start = table->base + (uint64_t)(int64_t)pair[0],
				.fde = table->base + (uint64_t)(int64_t)pair[1]};
	return CFI_FOUND;
}

static uint64_t keep_entry(struct cfi_table *table, const struct indexed *indexed, uint64_t known)
{
	struct cfi_entry entry = {.start = 0};
	struct fde fde;

	if (known)
		return known;
	/* Where header and section contradict, one of them is damaged. */
	if (!read_fde(table->image, indexed->fde, &fde) || fde.start != indexed->start || !write_entry(&entry, &fde))
		return KEPT_BAD;
	ARRAY_GROW(table->entries, table->n_entries + 1, table->alloc_entries);
	table->entries[table->n_entries] = entry;
	table->n_bytes += entry.size;
	return KEPT_FIRST + table->n_entries++;
}

enum cfi_found cfi_table_find(struct cfi_table *table, elf_vaddr vaddr, struct cfi_entry **out)
{
	uint64_t *kept = u64map_find(&table->by_address, vaddr), value, *of_fde;
	struct indexed indexed;

	if (!kept) {
		if (table->by_address.n >= MAX_KEPT || table->n_bytes >= MAX_KEPT_BYTES)
			forget(table);
		switch (look_up(table, vaddr, &indexed)) {
		case CFI_NONE:
			value = KEPT_NONE;
			break;
		case CFI_BAD:
			value = KEPT_BAD;
			break;
		default:
			of_fde = u64map_at(&table->by_fde, indexed.fde, NULL);
			value = *of_fde = keep_entry(table, &indexed, *of_fde);
			if (value >= KEPT_FIRST && vaddr - table->entries[value - KEPT_FIRST].start >=
							   table->entries[value - KEPT_FIRST].range)
				value = KEPT_NONE;
		}
		*u64map_at(&table->by_address, vaddr, NULL) = value;
	} else {
		value = *kept;
	}
	if (value < KEPT_FIRST)
		return value == KEPT_NONE ? CFI_NONE : CFI_BAD;
	*out = &table->entries[value - KEPT_FIRST];
	return CFI_FOUND;
}
