/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of this stage share about the text of diagnostics. */
#ifndef ESCAUDIT_PREDICT_DIAGNOSTICS_H
#define ESCAUDIT_PREDICT_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

/* What stands for file, line and column where the compiler has none. */
#define DIAGNOSTICS_UNKNOWN_POSITION "<unknown line number>"

/* Whether this is a line that -m, -m=2 or the "# package" headers print. What is not, in a failed build, is the error.
 */
bool diagnostics_line_is_known(const char *line, size_t len);

/*
 * The length of the string whose opening quote is s[0], or 0 if it has no end. A constant whose quoted form has more
 * than 72 characters is printed as the first 69 of them and three dots, without a closing quote (stringVal.String of
 * go/constant). Up to Go 1.21 constants stand as in the source, of whatever length; one of those that has three dots
 * and a blank or a bracket at just that place is taken for one that was cut.
 */
size_t diagnostics_string_length(const char *s, size_t len);

/*
 * Up to Go 1.21 an expression with a raw string in it is printed as it stands in the source, over several lines.
 * Whether such a string is open at the end of this text.
 */
bool diagnostics_is_open(const char *s, size_t len);
/* Appends the text with such strings as newer versions print them, "on one\nline". */
void diagnostics_add_quoted(struct strbuf *sb, const char *s, size_t len);

#endif
