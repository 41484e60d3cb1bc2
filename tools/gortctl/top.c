// SPDX-License-Identifier: GPL-2.0-only
/*
 * gortctl top: pictures of what happens now, on a screen (by ncurses) or one
 * after the other as text. What is in a picture is the same (view.c).
 *
 * Ctrl-C leaves the screen as q does: what one looked at is no failed work.
 */
#include <curses.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gortctl.h"
#include "num.h"
#include "view.h"

#define MAX_DELAY	3600

/* The first picture does not let one wait longer. */
#define FIRST_DELAY	0.5

struct top {
	struct gortc c;
	bool batch;
	double delay;		/* seconds */
	__u64 times;		/* 0: for ever */
	struct view views[2];	/* the last one, and the one before */
	int now;		/* which is the last one */
};

static atomic_bool stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = true;
}

/*
 * Take the next picture, in the place of the one before the last; a negative
 * errno if the device does not answer.
 */
static int look(struct top *t)
{
	t->now = !t->now;
	view_free(&t->views[t->now]);
	return view_read(&t->views[t->now], &t->c);
}

static void print(const struct top *t, FILE *f, int max_gs)
{
	view_print(f, &t->views[t->now], &t->views[!t->now], max_gs);
}

static double first_delay(const struct top *t)
{
	return t->delay < FIRST_DELAY ? t->delay : FIRST_DELAY;
}

static int lost_device(int err)
{
	return wrong("the module does not answer any more: %s", strerror(-err));
}

/* A signal that cuts it short ends the program, or only makes a picture early. */
static void pause_for(double seconds)
{
	struct timespec ts;

	ts.tv_sec = seconds;
	ts.tv_nsec = (seconds - ts.tv_sec) * 1e9;
	nanosleep(&ts, NULL);
}

static int batch(struct top *t)
{
	__u64 i;
	int err;

	for (i = 0; !t->times || i < t->times; i++) {
		pause_for(i ? t->delay : first_delay(t));
		err = look(t);
		if (err)
			return lost_device(err);
		if (i)
			putchar('\n');
		print(t, stdout, INT_MAX);
		if (fflush(stdout))
			return wrong("can't write the output: %s", strerror(errno));
	}
	return 0;
}

/* Put as much of it on the screen as there is room for. */
static void draw(const struct top *t)
{
	bool heading = false;
	char *text, *line, *next;
	size_t size;
	FILE *f;
	int y;

	f = open_memstream(&text, &size);
	if (!f)
		return;
	print(t, f, LINES);
	if (fclose(f))
		return;

	erase();
	next = text;
	for (y = 0; y < LINES && (line = strsep(&next, "\n")); y++) {
		if (heading)
			attron(A_REVERSE);
		mvaddnstr(y, 0, line, COLS);
		attroff(A_REVERSE);
		heading = !*line;
	}
	refresh();
	free(text);
}

/* Heed the keys until then, or until a key asks for the next picture. */
static void await_key(const struct top *t, __u64 until)
{
	__u64 now;
	int key;

	for (now = num_now(); now < until && !stopped; now = num_now()) {
		timeout((until - now) / 1000000 + 1);
		key = getch();
		if (key == 'q')
			stopped = true;
		else if (key == KEY_RESIZE)
			draw(t);
		else if (key == ' ')
			return;
	}
}

static int live_loop(struct top *t)
{
	double delay = first_delay(t);
	__u64 i;
	int err;

	for (i = 0; !t->times || i < t->times; i++) {
		await_key(t, num_now() + delay * 1e9);
		if (stopped)
			break;
		err = look(t);
		if (err)
			return err;
		draw(t);
		delay = t->delay;
	}
	return 0;
}

static int live(struct top *t)
{
	const struct sigaction sa = { .sa_handler = on_signal };
	const char *term = getenv("TERM");
	SCREEN *screen;
	int err;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return usage("top needs a terminal: for text, add -b");
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return usage("the terminal '%s' is not known here: set TERM, or add -b",
			     term ? term : "");
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	mvaddstr(0, 0, "q: quit, blank: look again");
	refresh();

	err = live_loop(t);
	endwin();
	delscreen(screen);
	return err ? lost_device(err) : 0;
}

/* Returns 0 or the exit code. */
static int parse(int argc, char **argv, struct top *t)
{
	int opt;

	while ((opt = getopt(argc, argv, "bd:n:")) != -1) {
		switch (opt) {
		case 'b':
			t->batch = true;
			break;
		case 'd':
			if (num_seconds(optarg, MAX_DELAY, &t->delay))
				return usage("'%s' is no time in seconds", optarg);
			break;
		case 'n':
			if (num_parse(optarg, false, &t->times) || !t->times)
				return usage("-n takes a number from 1 on");
			break;
		default:
			return usage("top knows -b, -d SECONDS and -n TIMES only");
		}
	}
	if (optind < argc)
		return usage("top takes no '%s'", argv[optind]);
	return 0;
}

int cmd_top(int argc, char **argv)
{
	static struct top t = { .delay = 1 };
	int code, err;

	code = parse(argc, argv, &t);
	if (code)
		return code;
	if (!open_device(&t.c))
		return EXIT_WRONG;

	err = look(&t);
	if (err)
		code = lost_device(err);
	else
		code = t.batch ? batch(&t) : live(&t);
	view_free(&t.views[0]);
	view_free(&t.views[1]);
	gortc_close(&t.c);
	return code;
}
