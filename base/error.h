/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a stage tells its caller what went wrong. Stages neither print nor exit: they return a negative errno and leave
 * one finished sentence in the error the caller passed. Only cli/ prints it.
 */
#ifndef ESCAUDIT_BASE_ERROR_H
#define ESCAUDIT_BASE_ERROR_H

struct error {
	char *text; /* owned; NULL while nothing went wrong */
	int code;   /* the negative errno returned beside it */
};

#define ERROR_INIT                                                                                                     \
	{                                                                                                              \
		.text = (void *)0, .code = 0                                                                           \
	}

/*
 * Replaces the text of err (which may be NULL) and returns code, so that a failure is one statement:
 *
 *     return error_set(err, -EINVAL, "elf: failed to read '%s': no section headers", path);
 *
 * The sentence names area, action, object and reason, lower case, no full stop; what would mend it follows after a
 * semicolon. code must be negative.
 */
int error_set(struct error *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " in front of a text already set; nothing if there is none. Returns err->code. */
int error_prefix(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void error_release(struct error *err);

#endif
