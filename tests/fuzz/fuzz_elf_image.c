/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an ELF file: everything that can be asked of an image is asked, at the edges of its segments. Addresses
 * and offsets must lead back to each other. The seeds come from tests/fuzz/make-go-seeds.
 */
#include "symbolize/elf_image.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sum;

static void ask_at(const struct elf_image *image, elf_vaddr vaddr)
{
	elf_vaddr value, place = 0;
	elf_offset offset;
	uint8_t bytes[64];
	size_t avail;
	const uint8_t *p = elf_image_at(image, vaddr, &avail);

	if (p)
		sum += p[0] + p[avail - 1];
	if (elf_image_read(image, vaddr, bytes, sizeof(bytes)))
		sum += bytes[63];
	if (elf_image_vaddr_to_offset(image, vaddr, &offset) != (p != NULL))
		abort();
	if (p && !elf_image_offset_to_vaddr(image, offset, &value))
		abort();
	if (elf_image_read_ptr(image, vaddr, &value)) {
		if (!p)
			abort();
		for (int i = 0; i < 8 && elf_image_find_ptr(image, value, place, &place); i++)
			sum += place++;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {".text", ".gopclntab", ".go.buildinfo", ".symtab", ""};
	struct error err = ERROR_INIT;
	struct elf_image *image;
	elf_vaddr value;

	if (elf_image_open_bytes(&image, data, size, "fuzz", &err) < 0) {
		if (!err.text || !err.code)
			abort();
		error_release(&err);
		return 0;
	}
	for (size_t i = 0; i < elf_image_segment_count(image) && i < 16; i++) {
		const struct elf_segment *segment = elf_image_segment(image, i);

		for (int k = -9; k < 9; k++) {
			ask_at(image, segment->vaddr + (elf_vaddr)(int64_t)k);
			ask_at(image, segment->vaddr + segment->file_size + (elf_vaddr)(int64_t)k);
			ask_at(image, segment->vaddr + segment->mem_size + (elf_vaddr)(int64_t)k);
		}
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct elf_section *section = elf_image_section(image, names[i]);

		if (section && section->size > 0 && section->offset + section->size > size)
			abort();
	}
	if (elf_image_build_id(image))
		sum += strlen(elf_image_build_id(image));
	sum += elf_image_symbol(image, "main.main", &value, NULL);
	sum += elf_image_imports(image, "dlopen");
	free(elf_image_interpreter(image));
	sum += elf_image_is_stripped(image) + elf_image_is_pie(image);
	elf_image_free(image);
	return 0;
}
