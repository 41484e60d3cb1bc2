// SPDX-License-Identifier: GPL-2.0-only
/* How far long work is, see progress.h. */
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "num.h"
#include "progress.h"

/* Work that ends sooner needs no bar. */
#define QUIET_NS	(1000 * 1000 * 1000)

#define BAR_MAX		40

static __u64 start;
static __u64 drawn;		/* when last, or 0 */

bool progress_wanted(void)
{
	return isatty(STDERR_FILENO);
}

/* Room for a bar behind the words, which take about 50 columns */
static int bar_width(void)
{
	struct winsize ws;
	int width = 80;

	if (!ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) && ws.ws_col)
		width = ws.ws_col;
	width -= 50;
	return width < 0 ? 0 : width > BAR_MAX ? BAR_MAX : width;
}

static void draw(const char *what, __u64 done, __u64 total, __u64 ns)
{
	static const char full[BAR_MAX + 1] =
		"########################################";
	static const char empty[BAR_MAX + 1] =
		"........................................";
	double part = total ? (double)done / total : 1;
	int width = bar_width(), fill = part * width;
	char left[NUM_LEN] = "?";

	/* As if what is left took as long as what is done */
	if (done)
		num_ns(left, ns / part - ns);
	fprintf(stderr, "\r%.15s [%.*s%.*s] %3d%%, %llu of %llu, %s left\033[K",
		what, fill, full, width - fill, empty, (int)(100 * part),
		done, total, left);
	fflush(stderr);
}

void progress_update(const char *what, __u64 done, __u64 total)
{
	__u64 now;

	if (!progress_wanted())
		return;
	now = num_now();
	if (!start)
		start = now;
	if (now - start < QUIET_NS || now - drawn < PROGRESS_NS)
		return;
	drawn = now;
	draw(what, done, total, now - start);
}

void progress_clear(void)
{
	if (drawn)
		fputs("\r\033[K", stderr);
	start = 0;
	drawn = 0;
}
