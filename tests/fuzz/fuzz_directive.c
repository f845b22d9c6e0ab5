/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as Go source. */
#include "audit/directive.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sum;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strpool *pool = strpool_new();
	struct directives d = {.items = NULL};
	int lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	directives_scan(&d, pool, (const char *)data, size);
	for (size_t i = 0; i < d.n; i++) {
		const struct directive *item = &d.items[i];

		if (item->line < 1 || item->line > lines || item->first < 0 || item->last < item->first ||
		    item->last > lines)
			abort();
		if (i && item->line < item[-1].line)
			abort();
		sum += strlen(item->text) + (item->function ? strlen(item->function) : 0);
	}
	directives_release(&d);
	strpool_free(pool);
	return 0;
}
