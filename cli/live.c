/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One measurement that is looked at while it lasts. Every look is a whole recording of the window so far; rates come
 * from two of them. A frozen view keeps its two, and the newest waits. What is typed arrives through the session's wait
 * while that lasts, and through a wait of its own once the process has gone.
 */
#include "cli/live.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "cli/measure.h"
#include "cli/screen.h"
#include "cli/target.h"
#include "probe/process.h"
#include "report/text_table.h"
#include "report/top_view.h"
#include "sites/columns.h"
#include "sites/sites.h"

#define INTERVAL_DEFAULT 2.0
#define INTERVAL_MIN	 0.1
#define INTERVAL_MAX	 3600.0
#define BOTTOM_LINES	 2

struct live {
	const struct cli_args *args;
	struct top_options options;
	struct session_options session;
	struct predictions *set; /* NULL without --predictions */
	struct target target;
	struct site_decoder *decoder; /* NULL with predictions, which need all sites */
	const char *shown_path;
	const struct process *process; /* NULL for all that run the binary */
	struct screen *screen;	       /* NULL: plain tables */

	struct recording *now, *before; /* shown; both there once the probes are */
	struct recording *pending;	/* newer than what is shown, which is frozen; or NULL */
	struct audit *audit;		/* of now; or NULL */
	struct top_view *view;
	struct error error; /* of a look */
	uint64_t looks, count;
	bool frozen;
	char *ended; /* why nothing more comes; NULL while it may */

	size_t selected, first; /* rows: the one selected, the first to be seen */
	char *stacks_of;	/* the row whose stacks are shown, by its key; or NULL */
	size_t stacks_first, stacks_lines;
	bool help;
	int signal_fd;
};

/* ---- recordings ---- */

static void drop(struct live *live, struct recording *rec)
{
	if (rec != live->target.rec)
		recording_free(rec);
}

/* Makes the rows of what is shown: after a look, or as the user wants them now. */
static int arrange(struct live *live, bool is_new)
{
	int ret = 0;

	top_view_free(live->view);
	live->view = NULL;
	if (is_new) {
		audit_free(live->audit);
		live->audit = NULL;
		if (live->set)
			ret = audit_run(&live->audit, live->set, live->now, &live->error);
	}
	live->options.before = live->before;
	live->options.audit = live->audit;
	if (ret == 0)
		live->view = top_view_new(live->now, &live->options);
	return ret;
}

static int show(struct live *live, struct recording *rec)
{
	drop(live, live->before);
	live->before = live->now;
	live->now = rec;
	return arrange(live, true);
}

/* A look, or the last word. Takes rec. */
static int arrive(struct live *live, struct recording *rec)
{
	if (!live->frozen)
		return show(live, rec);
	drop(live, live->pending);
	live->pending = rec;
	return 0;
}

static int thaw(struct live *live)
{
	struct recording *rec = live->pending;

	live->frozen = false;
	live->pending = NULL;
	return rec ? show(live, rec) : 0;
}

/* ---- the screen ---- */

static const char help_text[] = "  up down PgUp PgDn Home End  select a row, or scroll its stacks\n"
				"  Enter, right                the stacks of the row\n"
				"  Esc, Backspace, left        back to the rows\n"
				"  b o r                       sort by bytes, objects, rate (bytes a second)\n"
				"  l f p t c                   sort by line, function, package, type, cause\n"
				"  g                           a row for each site, function, package, ...\n"
				"  m                           charge to the nearest line of the main module\n"
				"  z, space                    freeze, go on\n"
				"  + -                         look less often, more often\n"
				"  q, Ctrl-C                   quit\n";

static char *status_text(const struct live *live)
{
	struct strbuf sb = STRBUF_INIT;

	if (live->ended)
		strbuf_addf(&sb, "\033[1;31m%s; this is the last view\033[0m  ", live->ended);
	if (live->frozen)
		strbuf_addstr(&sb, "\033[1;31mFROZEN\033[0m  ");
	strbuf_addf(&sb, "\033[1mby %s, a row for each %s%s", top_order_name(live->options.order),
		    top_key_name(live->options.key),
		    live->options.charge == CHARGE_MODULE ? " of the main module" : "");
	if (!live->ended)
		strbuf_addf(&sb, ", every %.3g s", live->session.events.view_seconds);
	strbuf_addstr(&sb, "\033[0m\n");
	strbuf_addstr(&sb, live->stacks_of ? "\033[2mEsc back  up/down scroll  z freeze  ? help  q quit\033[0m\n"
					   : "\033[2mEnter stacks  b o r l f p t c sort  g group  m module  z freeze  "
					     "? help  q quit\033[0m\n");
	return strbuf_detach(&sb);
}

/* A text that some function prints. */
struct paper {
	FILE *f;
	char *text;
	size_t size;
};

static FILE *paper_open(struct paper *paper)
{
	*paper = (struct paper){.f = NULL};
	paper->f = open_memstream(&paper->text, &paper->size);
	return paper->f;
}

static const char *paper_text(struct paper *paper)
{
	if (paper->f)
		fclose(paper->f);
	paper->f = NULL;
	return paper->text ? paper->text : "";
}

static void paper_release(struct paper *paper)
{
	paper_text(paper);
	free(paper->text);
}

static void draw_stacks(struct live *live, size_t top, size_t rows)
{
	struct paper paper;

	if (!paper_open(&paper))
		return;
	if (top_view_put_stacks(paper.f, live->view, live->stacks_of) == 0)
		fputs("  nothing of it is in this view\n", paper.f);
	live->stacks_lines = screen_put(live->screen, top, 0, paper_text(&paper), 0, SIZE_MAX);
	if (live->stacks_first + rows > live->stacks_lines)
		live->stacks_first = live->stacks_lines > rows ? live->stacks_lines - rows : 0;
	screen_put(live->screen, top, rows, paper_text(&paper), live->stacks_first, SIZE_MAX);
	paper_release(&paper);
}

static void draw_rows(struct live *live, size_t top, size_t rows)
{
	size_t n = top_view_count(live->view);
	struct paper paper;

	if (n == 0) {
		screen_put(live->screen, top, rows, "  nothing was allocated yet\n", 0, SIZE_MAX);
		return;
	}
	if (rows < 2 || !paper_open(&paper))
		return;
	rows--; /* the titles */
	if (live->selected >= n)
		live->selected = n - 1;
	if (live->selected < live->first)
		live->first = live->selected;
	if (live->selected >= live->first + rows)
		live->first = live->selected + 1 - rows;
	if (live->first + rows > n)
		live->first = n > rows ? n - rows : 0;
	top_view_put_rows(paper.f, live->view, live->first, rows);
	screen_put(live->screen, top, rows + 1, paper_text(&paper), 0, 1 + live->selected - live->first);
	paper_release(&paper);
}

static void draw(struct live *live)
{
	struct screen *screen = live->screen;
	size_t height = screen_height(screen), top = 0;
	size_t bottom = height > BOTTOM_LINES ? height - BOTTOM_LINES : 0;
	char *status = status_text(live);
	struct paper paper;

	screen_begin(screen);
	if (live->view && !live->help && paper_open(&paper)) {
		top_view_put_header(paper.f, live->view);
		/* Rows matter more than what stands above them. */
		top = screen_put(screen, 0, bottom / 2, paper_text(&paper), 0, SIZE_MAX);
		top = top < bottom / 2 ? top + 1 : bottom / 2;
		paper_release(&paper);
	}
	if (live->help)
		screen_put(screen, top, bottom - top, help_text, 0, SIZE_MAX);
	else if (live->view && live->stacks_of)
		draw_stacks(live, top, bottom - top);
	else if (live->view)
		draw_rows(live, top, bottom - top);
	screen_put(screen, bottom, BOTTOM_LINES, status, 0, SIZE_MAX);
	screen_end(screen);
	free(status);
}

/* ---- keys ---- */

static void scroll(size_t *at, size_t end, int key, size_t page)
{
	switch (key) {
	case SCREEN_UP:
		*at -= *at > 0;
		break;
	case SCREEN_DOWN:
		*at += *at + 1 < end;
		break;
	case SCREEN_PAGE_UP:
		*at -= *at < page ? *at : page;
		break;
	case SCREEN_PAGE_DOWN:
		*at = *at + page < end ? *at + page : end - (end > 0);
		break;
	case SCREEN_HOME:
		*at = 0;
		break;
	case SCREEN_END:
		*at = end - (end > 0);
		break;
	}
}

static bool order_of_key(int key, enum top_order *out)
{
	static const struct {
		char key;
		enum top_order order;
	} orders[] = {{'b', TOP_BY_BYTES},    {'o', TOP_BY_OBJECTS}, {'r', TOP_BY_RATE}, {'l', TOP_BY_SITE},
		      {'f', TOP_BY_FUNCTION}, {'p', TOP_BY_PACKAGE}, {'t', TOP_BY_TYPE}, {'c', TOP_BY_CAUSE}};

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		if (orders[i].key == key) {
			*out = orders[i].order;
			return true;
		}
	}
	return false;
}

static void leave_stacks(struct live *live)
{
	free(live->stacks_of);
	live->stacks_of = NULL;
}

/* Rows are others from now on. */
static int regroup(struct live *live)
{
	leave_stacks(live);
	live->selected = live->first = 0;
	return live->now ? arrange(live, false) : 0;
}

static void enter_stacks(struct live *live)
{
	if (live->stacks_of || !live->view || live->selected >= top_view_count(live->view))
		return;
	live->stacks_of = xstrdup(top_view_key(live->view, live->selected));
	live->stacks_first = 0;
}

/* To the terminal as it is now. */
static void fit(struct live *live)
{
	live->options.base.width = (int)screen_width(live->screen);
	if (live->view)
		arrange(live, false);
}

static void change_interval(struct live *live, double factor)
{
	double seconds = live->session.events.view_seconds * factor;

	if (seconds >= INTERVAL_MIN && seconds <= INTERVAL_MAX)
		live->session.events.view_seconds = seconds;
}

/* False: quit. */
static bool handle_key(struct live *live, int key)
{
	size_t page = screen_height(live->screen) / 2;
	enum top_order order;

	if (order_of_key(key, &order)) {
		live->options.order = order;
		if (!top_order_fits(order, live->options.key))
			live->options.key = TOP_KEY_SITE;
		return regroup(live) == 0;
	}
	live->help = key == '?' || key == 'h' ? !live->help : live->help && key != SCREEN_BACK;
	switch (key) {
	case 'q':
	case 'Q':
		return false;
	case 'g':
		live->options.key = (enum top_key)((live->options.key + 1) % (TOP_KEY_CAUSE + 1));
		if (!top_order_fits(live->options.order, live->options.key))
			live->options.order = TOP_BY_BYTES;
		return regroup(live) == 0;
	case 'm':
		live->options.charge = live->options.charge == CHARGE_MODULE ? CHARGE_SITE : CHARGE_MODULE;
		return regroup(live) == 0;
	case 'z':
	case ' ':
		if (live->frozen)
			return thaw(live) == 0;
		live->frozen = true;
		return true;
	case '+':
		change_interval(live, 2);
		return true;
	case '-':
		change_interval(live, 0.5);
		return true;
	case SCREEN_ENTER:
		enter_stacks(live);
		return true;
	case SCREEN_BACK:
		leave_stacks(live);
		return true;
	default:
		if (live->stacks_of)
			scroll(&live->stacks_first, live->stacks_lines, key, page);
		else if (live->view)
			scroll(&live->selected, top_view_count(live->view), key, page);
		return true;
	}
}

static bool on_input(void *ctx)
{
	struct live *live = ctx;
	bool go_on = true, any = false;
	int key;

	while (go_on && (key = screen_key(live->screen)) != SCREEN_NONE) {
		if (key == SCREEN_RESIZED)
			fit(live);
		go_on = handle_key(live, key);
		any = true;
	}
	if (go_on && any)
		draw(live);
	return go_on;
}

/* The process has gone: what was seen last stays to be looked at. */
static void linger(struct live *live)
{
	struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = live->signal_fd, .events = POLLIN}};

	draw(live);
	for (;;) {
		int n = poll(fds, ARRAY_SIZE(fds), -1);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0 && (fds[1].revents || (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))))
			return;
		if (!on_input(live))
			return;
	}
}

/* ---- the session's events ---- */

static int print_view(const struct live *live)
{
	if (live->args->value[OPT_JSON])
		return top_view_json(stdout, live->view);
	if (live->looks > 1)
		putchar('\n');
	return top_view_text(stdout, live->view);
}

static bool on_view(void *ctx, struct recording *rec)
{
	struct live *live = ctx;

	if (arrive(live, rec))
		return false;
	live->looks++;
	if (live->screen) {
		draw(live);
		return true;
	}
	return print_view(live) == 0 && live->looks != live->count;
}

static void on_sites(void *ctx, struct recording *rec, const struct raw_capture *raw)
{
	const struct live *live = ctx;

	site_decoder_add_seen(live->decoder, rec, raw);
}

static void on_armed(void *ctx)
{
	struct live *live = ctx;

	live->now = recording_new_like(live->target.rec);
	if (!live->count && !live->args->value[OPT_JSON])
		live->screen = screen_open();
	if (live->screen) {
		live->session.events.input = on_input;
		live->session.events.input_fd = STDIN_FILENO;
		live->options.base.colour = true;
		fit(live);
		draw(live);
	} else if (live->process) {
		cli_note("watching process %d ('%s'); Ctrl-C ends", process_pid(live->process), live->shown_path);
	} else {
		cli_note("watching every process of '%s'; Ctrl-C ends", live->shown_path);
	}
}

/* ---- one run ---- */

static char *why_it_ended(const struct live *live, bool *by_user)
{
	*by_user = false;
	switch (live->target.rec->header.ended) {
	case REC_END_EXIT:
		return xasprintf("process %d ended", process_pid(live->process));
	case REC_END_EXEC:
		return xasprintf("process %d executed another program", process_pid(live->process));
	case REC_END_DISARMED:
		return xstrdup("somebody killed the process that held the probes");
	case REC_END_DURATION:
		return xasprintf("%.3g s are over", live->session.duration_seconds);
	default:
		*by_user = true;
		return NULL;
	}
}

/* The session is over and its recording whole. */
static int finish(struct live *live)
{
	bool by_user;
	int ret;

	live->ended = why_it_ended(live, &by_user);
	/* Who had seen enough is shown no more, unless there was nothing to be seen so far. */
	if (by_user && (live->screen || live->looks))
		return 0;
	ret = arrive(live, live->target.rec);
	live->looks++;
	if (ret == 0 && live->screen)
		linger(live);
	else if (ret == 0)
		ret = print_view(live) ? error_set(&live->error, -EIO, "top: failed to write") : 0;
	return ret;
}

static int watch(struct live *live)
{
	sigset_t mask, old;
	int ret, code;

	/* From here on a signal is an event like others, so that the terminal is left in order. */
	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, &old);
	live->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	live->session.events.ctx = live;
	live->session.events.armed = on_armed;
	live->session.events.view = on_view;
	if (live->decoder)
		live->session.events.sites = on_sites;
	ret = session_attach(live->target.rec, live->target.bin, live->target.sym, live->process, &live->session,
			     &live->error);
	if (ret == 0 && !live->error.text)
		ret = finish(live);
	screen_close(live->screen);
	live->screen = NULL;
	if (live->ended)
		cli_note("%s", live->ended);
	code = live->error.text ? cli_fail(&live->error) : ret ? EXIT_FAILED : measure_exit_code(live->target.rec);
	if (live->signal_fd >= 0)
		close(live->signal_fd);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return code;
}

static void release(struct live *live)
{
	top_view_free(live->view);
	audit_free(live->audit);
	drop(live, live->now);
	drop(live, live->before);
	drop(live, live->pending);
	site_decoder_free(live->decoder);
	target_release(&live->target); /* last: the others have its sites */
	predictions_free(live->set);
	free(live->ended);
	free(live->stacks_of);
}

static int open_process(struct live *live, struct process **process, pid_t pid, const char *file, struct error *err)
{
	int ret = target_open_process(&live->target, process, pid, file, err);

	if (*process) {
		live->process = *process;
		live->shown_path = process_path(*process);
	}
	return ret;
}

int live_main(const struct cli_args *args, const struct top_options *options)
{
	const char *binary = args->value[OPT_BINARY], *predictions = args->value[OPT_WITH_PREDICTIONS];
	struct live live = {.args = args, .options = *options, .shown_path = binary, .signal_fd = -1};
	struct process *process = NULL;
	struct error err = ERROR_INIT;
	double pid = 0, interval = INTERVAL_DEFAULT;
	int ret = 0, code;

	if (!measure_options(args, &live.session) || !cli_whole(args, OPT_PID, 1, INT_MAX, &pid) ||
	    !cli_number(args, OPT_INTERVAL, INTERVAL_MIN, INTERVAL_MAX, &interval) ||
	    !cli_count(args, OPT_COUNT_VIEWS, &live.count))
		return EXIT_MISUSE;
	live.session.events.view_seconds = interval;
	if (predictions) {
		live.set = predictions_new();
		ret = predictions_load(live.set, predictions, &err);
	}
	if (ret == 0)
		ret = pid ? open_process(&live, &process, (pid_t)pid, binary, &err)
			  : target_open(&live.target, binary, binary, &err);
	/* Before the probes are in place: they are not to stand while nobody minds their budget. */
	if (ret == 0)
		ret = live.set ? target_decode(&live.target, &err)
			       : site_decoder_new(&live.decoder, live.target.bin, live.target.sym, &err);
	if (ret == 0 && live.set)
		site_columns_apply(live.target.rec, live.set->columns);
	code = ret ? cli_fail(&err) : watch(&live);
	release(&live);
	process_free(process);
	return code;
}
