/* SPDX-License-Identifier: Apache-2.0 */
/* Where a recording goes: a file, or one in a directory, named after the program. */
#ifndef ESCAUDIT_CLI_OUTPUT_H
#define ESCAUDIT_CLI_OUTPUT_H

#include <stdbool.h>

#include "base/error.h"
#include "recording/recording.h"
#include "symbolize/go_binary.h"

/* One that is there, or a name that ends in a slash. */
bool output_is_directory(const char *path);
/* "DIR/example.com/shop/cart.test.pb.gz", and makes the directories above it. *out is the caller's, also on failure.
 * shown: the program's path, for one without a package. */
int output_in_directory(char **out, const char *directory, const struct recording *rec, const char *shown,
			struct error *err);
/* Names the package of a test binary that does not say it. */
void output_name_test_package(struct recording *rec, const struct go_binary *bin);
/*
 * Test binaries of one go test, given one file, would leave the last one's recording, and no word of the others:
 * -EEXIST if name has that of another.
 */
int output_check_replaced(const char *name, const struct recording *rec, struct error *err);
/* Whether both are names of one regular file. */
bool output_is_same_file(const char *a, const char *b);
/* Whether it is a compressed file, as recordings are. */
bool output_is_compressed(const char *path);

#endif
