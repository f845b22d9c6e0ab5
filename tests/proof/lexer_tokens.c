/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What predict/lexer.h says of Go source files, for comparison with go/scanner (tests/proof/scanner/main.go): for each
 * file named on standard input its number of tokens and a hash over the place of each.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "predict/lexer.h"

static uint64_t mix(uint64_t hash, uint64_t n)
{
	for (int i = 0; i < 64; i += 8)
		hash = (hash ^ (n >> i & 0xff)) * 0x100000001b3;
	return hash;
}

static void print_file(const char *path)
{
	struct strbuf text = STRBUF_INIT;
	uint64_t hash = 0xcbf29ce484222325;
	struct lexer lexer;
	struct token token;
	size_t n = 0;

	if (strbuf_read_file(&text, path, 0)) {
		printf("%s cannot be read\n", path);
		return;
	}
	lexer_init(&lexer, strbuf_str(&text), text.len);
	while (lexer_next(&lexer, &token)) {
		hash = mix(hash, (uint64_t)(token.text - strbuf_str(&text)));
		hash = mix(hash, (uint64_t)token.line);
		hash = mix(hash, (uint64_t)token.column);
		hash = mix(hash, (uint64_t)token.kind);
		n++;
	}
	printf("%s %zu %016llx%s\n", path, n, (unsigned long long)hash, lexer.malformed ? " malformed" : "");
	strbuf_release(&text);
}

int main(void)
{
	char *line = NULL;
	size_t alloc = 0;
	ssize_t n;

	while ((n = getline(&line, &alloc, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		print_file(line);
	}
	free(line);
	return 0;
}
