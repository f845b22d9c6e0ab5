/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/screen.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>

#include "base/memory.h"
#include "cli/terminals.h"

#define ESCAPE_DELAY_MS 25

struct screen {
	SCREEN *terminal;
	bool has_colour;
};

/* What a crash needs to know: a signal handler gets nothing else. */
static struct {
	pid_t owner; /* 0: no screen */
	struct termios before;
	char leave[128];
	size_t leave_len;
} at_crash;

static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGQUIT, SIGSYS, SIGTRAP};

static void on_crash(int signal_number)
{
	if (at_crash.owner == getpid()) {
		ssize_t ignored = write(STDOUT_FILENO, at_crash.leave, at_crash.leave_len);

		(void)ignored;
		tcsetattr(STDIN_FILENO, TCSANOW, &at_crash.before);
	}
	raise(signal_number); /* SA_RESETHAND: now it does what it always did */
}

static void add_leave(const char *capability)
{
	const char *text = tigetstr(capability);
	size_t len;

	if (!text || text == (const char *)-1)
		return;
	len = strlen(text);
	if (at_crash.leave_len + len > sizeof(at_crash.leave))
		return;
	memcpy(at_crash.leave + at_crash.leave_len, text, len);
	at_crash.leave_len += len;
}

static void prepare_for_crash(void)
{
	struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_RESETHAND | SA_NODEFER};

	at_crash.leave_len = 0;
	add_leave("sgr0");
	add_leave("rmkx");
	add_leave("rmcup");
	add_leave("cnorm");
	at_crash.owner = getpid();
	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		sigaction(crashes[i], &action, NULL);
}

static void leave_at_exit(void)
{
	if (at_crash.owner == getpid())
		endwin();
}

/* Text is UTF-8 whatever the locale says; where it says something else, only its width is asked of it. */
static void choose_locale(void)
{
	setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

static void start_colours(struct screen *s)
{
	static const short colours[] = {COLOR_RED, COLOR_GREEN, COLOR_YELLOW, COLOR_MAGENTA, COLOR_CYAN};

	s->has_colour = !getenv("NO_COLOR") && has_colors() && start_color() == OK;
	if (!s->has_colour)
		return;
	use_default_colors();
	for (size_t i = 0; i < ARRAY_SIZE(colours); i++)
		init_pair((short)(colours[i] + 1), colours[i], -1);
}

/* Without that there is no screen; newterm() would not say so. */
static bool can_move_cursor(const char *name)
{
	bool can;

	if (setupterm(name, STDOUT_FILENO, &(int){0}) != OK)
		return false;
	can = cursor_address != NULL;
	del_curterm(cur_term);
	return can;
}

/* The one that a terminal nobody has described here is like: xterm-256color for xterm-kitty. NULL for none. */
static const struct terminal *nearest_terminal(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(terminals); i++) {
		if (strncmp(name, terminals[i].name, strcspn(terminals[i].name, "-")) == 0)
			return &terminals[i];
	}
	return NULL;
}

/* A container or an initial root has no terminfo files. */
static SCREEN *open_terminal(void)
{
	const struct terminal *nearest;
	SCREEN *screen = NULL;
	char *before;

	if (can_move_cursor(NULL))
		return newterm(NULL, stdout, stdin);
	nearest = nearest_terminal(getenv("TERM"));
	if (!nearest)
		return NULL;
	before = getenv("TERMINFO") ? xstrdup(getenv("TERMINFO")) : NULL;
	setenv("TERMINFO", nearest->description, 1);
	if (can_move_cursor(nearest->name))
		screen = newterm(nearest->name, stdout, stdin);
	if (before)
		setenv("TERMINFO", before, 1);
	else
		unsetenv("TERMINFO");
	free(before);
	return screen;
}

struct screen *screen_open(void)
{
	static bool registered;
	struct screen *s;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &at_crash.before))
		return NULL;
	choose_locale();
	signal(SIGTSTP, SIG_IGN);
	s = xcalloc(1, sizeof(*s));
	s->terminal = open_terminal();
	if (!s->terminal) {
		free(s);
		signal(SIGTSTP, SIG_DFL);
		return NULL;
	}
	/* ncurses' own would end the program with its probes unaccounted for; they reach us through a descriptor. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	/* In a static program the locale is called "C" and yet its encoding is UTF-8, see static/utf8.c. */
	if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
		use_legacy_coding(0);
	prepare_for_crash();
	if (!registered)
		atexit(leave_at_exit);
	registered = true;
	cbreak();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_DELAY_MS);
	curs_set(0);
	start_colours(s);
	return s;
}

void screen_close(struct screen *s)
{
	if (!s)
		return;
	endwin();
	at_crash.owner = 0;
	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		signal(crashes[i], SIG_DFL);
	signal(SIGTSTP, SIG_DFL);
	delscreen(s->terminal);
	free(s);
}

size_t screen_width(const struct screen *s)
{
	(void)s;
	return (size_t)getmaxx(stdscr);
}

size_t screen_height(const struct screen *s)
{
	(void)s;
	return (size_t)getmaxy(stdscr);
}

void screen_begin(struct screen *s)
{
	(void)s;
	erase();
}

void screen_end(struct screen *s)
{
	(void)s;
	refresh();
}

/* "\033[1;31m" at text: takes its numbers as attributes. Returns its length, 0 if it is none. */
static size_t take_style(const struct screen *s, const char *text, attr_t *attributes, short *pair)
{
	const char *p = text + 1;

	if (*p++ != '[')
		return 0;
	for (;;) {
		char *end;
		long n = strtol(p, &end, 10);

		if (end == p)
			return 0;
		if (n == 0) {
			*attributes = A_NORMAL;
			*pair = 0;
		} else if (n == 1) {
			*attributes |= A_BOLD;
		} else if (n == 2) {
			*attributes |= A_DIM;
		} else if (n >= 30 && n <= 37 && s->has_colour) {
			*pair = (short)(n - 30 + 1);
		}
		if (*end == 'm')
			return (size_t)(end + 1 - text);
		if (*end != ';')
			return 0;
		p = end + 1;
	}
}

static void put_line(const struct screen *s, size_t row, const char *line, size_t len, bool highlight)
{
	attr_t attributes = A_NORMAL, extra = highlight ? A_REVERSE : A_NORMAL;
	short pair = 0;

	move((int)row, 0);
	while (len) {
		size_t part = 0;

		if (*line == '\033') {
			part = take_style(s, line, &attributes, &pair);
			part = part ? part : 1;
		} else {
			while (part < len && line[part] != '\033')
				part++;
			attr_set(attributes | extra, pair, NULL);
			addnstr(line, (int)part);
			/* What did not fit is in the next row, which is not this line's. */
			if (getcury(stdscr) != (int)row)
				return;
		}
		line += part;
		len -= part;
	}
	if (highlight)
		mvchgat((int)row, 0, -1, A_REVERSE, 0, NULL);
}

size_t screen_put(struct screen *s, size_t first, size_t rows, const char *text, size_t skip, size_t highlight)
{
	size_t n = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");

		if (n >= skip && n - skip < rows && first + n - skip < screen_height(s))
			put_line(s, first + n - skip, text, len, n == highlight);
		text += len + (text[len] == '\n');
		n++;
	}
	attr_set(A_NORMAL, 0, NULL);
	return n;
}

int screen_key(struct screen *s)
{
	int c = getch();

	(void)s;
	switch (c) {
	case ERR:
		return SCREEN_NONE;
	case KEY_UP:
		return SCREEN_UP;
	case KEY_DOWN:
		return SCREEN_DOWN;
	case KEY_PPAGE:
		return SCREEN_PAGE_UP;
	case KEY_NPAGE:
		return SCREEN_PAGE_DOWN;
	case KEY_HOME:
		return SCREEN_HOME;
	case KEY_END:
		return SCREEN_END;
	case '\r':
	case '\n':
	case KEY_ENTER:
	case KEY_RIGHT:
		return SCREEN_ENTER;
	case '\033':
	case KEY_BACKSPACE:
	case '\b':
	case 127:
	case KEY_LEFT:
		return SCREEN_BACK;
	case KEY_RESIZE:
		/* Also where the size is what it was, after two changes at once: then ncurses takes what it drew for
		   still there, and the terminal has cut it. */
		clearok(curscr, TRUE);
		return SCREEN_RESIZED;
	default:
		return c >= 0 && c < 256 ? c : SCREEN_OTHER;
	}
}
