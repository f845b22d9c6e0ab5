/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a name that a compiler mangled: it ends, soon, and with a bounded text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "symbolize/demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const starts[] = {"", "_Z", "_R"};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		char *name = xasprintf("%s%.*s", starts[i], (int)size, (const char *)data);
		char *written = demangle(name);

		if (written && (!*written || strlen(written) > 5000))
			abort();
		free(written);
		free(name);
	}
	return 0;
}
