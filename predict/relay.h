/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries the compiler's JSON diagnostics through go's build cache. The go command keeps and repeats what a compiler
 * prints, but not the files that -json=0,DIR makes. So it is given a -toolexec (relay_main), which runs the compiler
 * with a directory of its own and prints what came of it as one line more. What is repeated is then the text and the
 * JSON of one and the same compilation, found by go's own key of all that went into it: neither can be of another
 * source than the other. Internal to predict/, but for relay_main and relay_program.
 *
 * The line is "escaudit-json: " and, in hexadecimal digits, which no rewriting of paths in the text by the go command
 * can touch, zlib's compression of the import path and a newline, and for each file its size, " DIRECTORY/NAME", a
 * newline and the bytes.
 */
#ifndef ESCAUDIT_PREDICT_RELAY_H
#define ESCAUDIT_PREDICT_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "predict/source_list.h"

/* The first argument of this program that makes it run relay_main() with the rest. */
#define RELAY_ARGUMENT "--relay-compiler"

/*
 * argv is a command, which runs a compiler or another tool of Go's with its arguments. Returns its exit status, or does
 * not return, where there is nothing to carry.
 */
int relay_main(char **argv);
/* The path of this program, as one that the go command can start; NULL if there is none. The caller frees it. */
char *relay_program(void);

/*
 * What to give for DIR in -json=0,DIR, in place of a directory. It is part of go's key: key has what the text depends
 * on beside what go itself looks at. The caller frees it.
 */
char *relay_directory(uint64_t key);
bool relay_is_line(const char *line, size_t len);

/*
 * Takes the lines of the relay out of what go build said: the rest goes to the file text, the JSON to files in
 * directories in the directory json. Sets seen, one for each package of the list, where the package's line was there.
 * 0, or a negative errno with a message; -EBADMSG for a line that is none of the relay's.
 */
int relay_unpack(const char *said, const char *text, const char *json, const struct source_list *list, bool *seen,
		 struct error *err);

#endif
