/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a Go source file: every token's extent is within the file and holds what it stands for, its expression
 * is text, and the copy has the same tokens, the n-th of them at line n where anything has its position.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "predict/source_tokens.h"

#define WIDTH 40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_source_tokens: %s\n", what);
		abort();
	}
}

static void check_token(const struct source_tokens *source, size_t i, struct strbuf *text)
{
	struct source_position pos = source_tokens_position(source, i);
	size_t first, last;

	check(pos.column >= 0 && pos.column <= SOURCE_COLUMN_BEYOND, "a column that the compiler has not");
	source_tokens_extent(source, i, &first, &last);
	check(first <= last && last < source_tokens_count(source), "an extent outside of the file");
	/* An assignment is its right side. */
	check(last >= i && first <= i + 1, "an extent that is elsewhere");
	strbuf_clear(text);
	source_tokens_expression(source, i, WIDTH, text);
	check(text->len > 0 && text->len <= WIDTH + strlen("…"), "an expression that is none");
	check(!memchr(text->buf, '\n', text->len), "an expression of several lines");
}

/* One that nothing has the position of. */
static bool is_left_out(const struct source_tokens *source, size_t i)
{
	struct strbuf text = STRBUF_INIT;
	bool is;

	source_tokens_expression(source, i, WIDTH, &text);
	is = text.len == 1 && strchr(",)]", text.buf[0]);
	strbuf_release(&text);
	return is;
}

static void check_copy(const struct source_tokens *source)
{
	struct strbuf text = STRBUF_INIT;
	struct source_tokens *copy;

	source_tokens_copy(source, "N", &text);
	copy = source_tokens_new(&text);
	check(copy && source_tokens_count(copy) == source_tokens_count(source), "a copy of other tokens");
	for (size_t i = 0; i < source_tokens_count(copy); i++) {
		struct source_position pos = source_tokens_position(copy, i);

		check(pos.line == (int)i + 1 || is_left_out(copy, i), "a token that is not on its line");
	}
	source_tokens_free(copy);
	strbuf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf text = STRBUF_INIT;
	struct source_tokens *source;

	strbuf_add(&text, (const char *)data, size);
	source = source_tokens_new(&text);
	if (source) {
		struct strbuf expression = STRBUF_INIT;

		for (size_t i = 0; i < source_tokens_count(source); i++)
			check_token(source, i, &expression);
		check_copy(source);
		strbuf_release(&expression);
	}
	strbuf_release(&text);
	source_tokens_free(source);
	return 0;
}
