/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the source says of a variable that grows on a line: whether room may be made for it where it is declared.
 *
 * Only the plainest forms count, over the whole function that the line is in: a name that is declared once, and used in
 * no way that is not listed here. Anything else, and any source that does not parse, is "no".
 */
#ifndef ESCAUDIT_AUDIT_GROWTH_SOURCE_H
#define ESCAUDIT_AUDIT_GROWTH_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether the slice that `name = append(name, ...)` grows on the line is a variable of that function that begins
 * without elements (var name []T, name := []T{}, name := make([]T, 0)), and that nothing else is assigned to, so that
 * it may begin with room as well: no slice of the same array is grown under another name, and nobody asks for nil.
 */
bool growth_begins_empty(const char *source, size_t size, int line, const char *name);

/*
 * Whether the strings.Builder that is written to on the line is a variable of that function (var name strings.Builder)
 * that nothing else writes to or gets hold of, so that all its growth is that line's.
 */
bool growth_is_alone(const char *source, size_t size, int line);

#endif
