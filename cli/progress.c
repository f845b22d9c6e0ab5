/* SPDX-License-Identifier: Apache-2.0 */
/* There is one standard error, hence one state, under a lock that both threads take for a moment at a time. */
#include "cli/progress.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "report/text_table.h"

#define QUIET_NS    (330 * 1000000LL) /* what is over by then is not worth a word */
#define INTERVAL_NS (250 * 1000000LL)
#define CLEAR	    "\r\033[K"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t wake; /* by CLOCK_MONOTONIC; made with the first thread */
	pthread_t thread;
	bool running; /* there is a thread */
	bool stop;
	bool shown; /* the line is on the terminal */
	struct strbuf text;
	double seconds;
	struct timespec begun;
} the = {.lock = PTHREAD_MUTEX_INITIALIZER, .text = STRBUF_INIT};

static double elapsed(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - the.begun.tv_sec) + (double)(now.tv_nsec - the.begun.tv_nsec) / 1e9;
}

/* All at once, so that nothing comes between. */
static void write_all(const char *text, size_t len)
{
	ssize_t n;

	while (len && ((n = write(STDERR_FILENO, text, len)) > 0 || errno == EINTR)) {
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
}

static void clear_line(void)
{
	if (the.shown)
		write_all(CLEAR, strlen(CLEAR));
	the.shown = false;
}

/* "escaudit: building ./cmd/server, 12 s" */
static void draw(void)
{
	struct strbuf line = STRBUF_INIT, cut = STRBUF_INIT;
	struct winsize size;
	size_t width = 80;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		width = size.ws_col;
	strbuf_addf(&line, "escaudit: %s, %lld", strbuf_str(&the.text), (long long)elapsed());
	if (the.seconds > 0)
		strbuf_addf(&line, " of %.6g", the.seconds);
	strbuf_addstr(&line, " s");
	strbuf_addstr(&cut, CLEAR);
	/* The last column stays free: a cursor behind it would be in the next line. */
	text_cut(&cut, strbuf_str(&line), width - 1);
	write_all(strbuf_str(&cut), cut.len);
	the.shown = true;
	strbuf_release(&line);
	strbuf_release(&cut);
}

static void *run(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&the.lock);
	while (!the.stop) {
		long long wait_ns = elapsed() * 1e9 < QUIET_NS ? QUIET_NS - (long long)(elapsed() * 1e9) : 0;
		struct timespec until;

		if (wait_ns <= 0) {
			draw();
			wait_ns = INTERVAL_NS;
		}
		clock_gettime(CLOCK_MONOTONIC, &until);
		wait_ns += until.tv_nsec;
		until.tv_sec += (time_t)(wait_ns / 1000000000);
		until.tv_nsec = (long)(wait_ns % 1000000000);
		pthread_cond_timedwait(&the.wake, &the.lock, &until);
	}
	clear_line();
	pthread_mutex_unlock(&the.lock);
	return NULL;
}

static bool is_wanted(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

static void start_thread(void)
{
	pthread_condattr_t attributes;
	sigset_t all, old;

	the.stop = false;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&the.wake, &attributes);
	pthread_condattr_destroy(&attributes);
	/* Signals are for the thread that does the work. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	the.running = pthread_create(&the.thread, NULL, run, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!the.running)
		pthread_cond_destroy(&the.wake);
}

static void set_text(const char *fmt, va_list ap)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_vaddf(&text, fmt, ap);
	strbuf_clear(&the.text);
	text_clean(&the.text, strbuf_str(&text));
	strbuf_release(&text);
}

void progress_begin(double seconds, const char *fmt, ...)
{
	va_list ap;

	if (!is_wanted())
		return;
	pthread_mutex_lock(&the.lock);
	va_start(ap, fmt);
	set_text(fmt, ap);
	va_end(ap);
	the.seconds = seconds;
	clock_gettime(CLOCK_MONOTONIC, &the.begun);
	clear_line();
	pthread_mutex_unlock(&the.lock);
	if (!the.running)
		start_thread();
}

void progress_say(const char *fmt, ...)
{
	va_list ap;

	pthread_mutex_lock(&the.lock);
	va_start(ap, fmt);
	set_text(fmt, ap);
	va_end(ap);
	pthread_mutex_unlock(&the.lock);
}

void progress_end(void)
{
	if (!the.running)
		return;
	pthread_mutex_lock(&the.lock);
	the.stop = true;
	pthread_cond_signal(&the.wake);
	pthread_mutex_unlock(&the.lock);
	pthread_join(the.thread, NULL);
	pthread_cond_destroy(&the.wake);
	the.running = false;
	strbuf_release(&the.text);
}

void progress_hold(void)
{
	pthread_mutex_lock(&the.lock);
	clear_line();
}

void progress_release(void)
{
	pthread_mutex_unlock(&the.lock);
}
