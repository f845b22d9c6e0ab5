/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the difference of two trees, and as a go.mod file: git prints the one, the other is anybody's. */
#include "diff/changed.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sum;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct changed_module modules[] = {{"", "example.com/m"}, {"a", "example.com/a"}};
	const struct rec_header header = {.main_module = "example.com/m"};
	struct error err = ERROR_INIT;
	struct changed before, after;
	const char *path;

	changed_init(&before);
	changed_init(&after);
	if ((changed_read(&before, &after, (const char *)data, size, &err) != 0) != (err.text != NULL))
		abort();
	changed_place(&before, modules, 2, &header);
	changed_place(&after, modules, 2, &header);
	for (size_t i = 0; i < after.n; i++) {
		if (after.items[i].first > after.items[i].last ||
		    !changed_touches(&after, after.items[i].file, after.items[i].first))
			abort();
	}
	path = changed_module_path(before.pool, (const char *)data, size);
	sum += path ? strlen(path) : 0;
	changed_release(&before);
	changed_release(&after);
	error_release(&err);
	return 0;
}
