/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole terminal, drawn as lines of text in the styles that reports have. Whatever ends the program puts the
 * terminal back as it was, SIGKILL excepted.
 */
#ifndef ESCAUDIT_CLI_SCREEN_H
#define ESCAUDIT_CLI_SCREEN_H

#include <stddef.h>

struct screen;

enum screen_key {
	SCREEN_NONE = -1, /* nothing was typed */
	SCREEN_OTHER = 256,
	SCREEN_UP,
	SCREEN_DOWN,
	SCREEN_PAGE_UP,
	SCREEN_PAGE_DOWN,
	SCREEN_HOME,
	SCREEN_END,
	SCREEN_ENTER,
	SCREEN_BACK,
	SCREEN_RESIZED,
};

/*
 * Takes the terminal that standard input and output are; there can be one screen at a time. NULL where they are none,
 * or the terminal (TERM) cannot move its cursor. Ctrl-Z is switched off: probes must not stand while we do not run.
 */
struct screen *screen_open(void);
void screen_close(struct screen *screen); /* accepts NULL */

size_t screen_width(const struct screen *screen);
size_t screen_height(const struct screen *screen);

void screen_begin(struct screen *screen);
/*
 * The lines of text, which may have the SGR sequences of report/text_table.h in them, from row `first` on, at most
 * `rows` of them. highlight: the line to be shown in reverse, or SIZE_MAX. Returns how many lines the text has.
 */
size_t screen_put(struct screen *screen, size_t first, size_t rows, const char *text, size_t skip, size_t highlight);
void screen_end(struct screen *screen);

/* A character, or a screen_key; SCREEN_NONE at once where nothing was typed. */
int screen_key(struct screen *screen);

#endif
