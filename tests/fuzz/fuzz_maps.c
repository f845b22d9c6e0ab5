/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/PID/maps: the kernel writes it, but the paths in it belong to others. */
#include "unwind/maps.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sum;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct maps maps;
	int ret = maps_parse(&maps, (const char *)data, size, &err);

	if ((ret != 0) != (err.text != NULL))
		abort();
	for (size_t i = 0; i < maps.n; i++) {
		if (maps.items[i].end < maps.items[i].start)
			abort();
		sum += strlen(maps.items[i].path) + map_same_file(&maps.items[i], &maps.items[0]);
	}
	maps_release(&maps);
	error_release(&err);
	return 0;
}
