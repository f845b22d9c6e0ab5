/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/size_classes.h"

#define PAGE_BYTES   8192
#define HEADER_BYTES 8
#define HEADER_ABOVE 512

const uint16_t size_class_bytes[GO_SIZE_CLASSES] = {
	0,     8,     16,    24,    32,	   48,	  64,	 80,	96,    112,   128,   144,   160,   176,
	192,   208,   224,   240,   256,   288,	  320,	 352,	384,   416,   448,   480,   512,   576,
	640,   704,   768,   896,   1024,  1152,  1280,	 1408,	1536,  1792,  2048,  2304,  2688,  3072,
	3200,  3456,  4096,  4864,  5376,  6144,  6528,	 6784,	6912,  8192,  9472,  9728,  10240, 10880,
	12288, 13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672, 32768,
};

uint64_t size_class_slot(uint64_t size, bool has_pointers, int go_minor)
{
	uint64_t header = go_minor >= 22 ? HEADER_BYTES : 0, need = size;

	if (size == 0 || (size < 16 && !has_pointers) || size > UINT64_MAX - PAGE_BYTES)
		return 0;
	if (has_pointers && size > HEADER_ABOVE)
		need += header;
	/* From 1.22 the room for a header is kept free whether there is one or not. */
	if (size > size_class_bytes[GO_SIZE_CLASSES - 1] - header)
		return (size + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
	for (unsigned i = 1; i < GO_SIZE_CLASSES; i++) {
		if (need <= size_class_bytes[i])
			return size_class_bytes[i];
	}
	return 0;
}
