// SPDX-License-Identifier: GPL-2.0-only
/*
 * A timeline as a picture, see svg.h.
 *
 * A picture of a million bars helps nobody. When there are more than can be seen,
 * it shows a part: from shortly before the first request that was put off on (or
 * else from the beginning), until so many bars or marks are in it, and says so.
 * For that a ring of the last bars is kept until such a request is seen, and then
 * what follows until there are enough.
 *
 * The same recording makes the same picture: colours follow from the number of
 * the green thread.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "svg.h"
#include "util.h"

#define MAX_ITEMS	240	/* bars and marks of one picture */
#define BEFORE		12	/* of these, bars from before the first decline */
#define WIDTH		1200
#define LEFT		64
#define RIGHT		16
#define TOP		56
#define LANE		72
#define BAR		26
#define MAX_LANES	64

struct svg {
	struct tl_slice slices[MAX_ITEMS];
	struct tl_mark marks[MAX_ITEMS];
	unsigned int nslices, nmarks;
	bool anchored;		/* a request was declined, or there was no need */
	bool full;
};

struct svg *svg_new(void)
{
	return calloc(1, sizeof(struct svg));
}

void svg_free(struct svg *v)
{
	free(v);
}

/* Forget the first @n of @nr things of size @size. */
static void forget(void *at, unsigned int *nr, unsigned int n, size_t size)
{
	*nr -= n;
	memmove(at, (char *)at + n * size, *nr * size);
}

int svg_slice(struct svg *v, const struct tl_slice *s)
{
	if (v->full)
		return 0;
	if (v->nslices == MAX_ITEMS) {
		v->full = v->anchored;
		if (v->full)
			return 0;
		forget(v->slices, &v->nslices, 1, sizeof(*s));
	}
	v->slices[v->nslices++] = *s;
	return 0;
}

int svg_mark(struct svg *v, const struct tl_mark *m)
{
	if (v->full)
		return 0;
	if (m->kind == TL_DECLINE && !v->anchored) {
		v->anchored = true;
		if (v->nslices > BEFORE)
			forget(v->slices, &v->nslices, v->nslices - BEFORE,
			       sizeof(v->slices[0]));
	}
	if (v->nmarks == MAX_ITEMS) {
		v->full = v->anchored;
		if (v->full)
			return 0;
		forget(v->marks, &v->nmarks, 1, sizeof(*m));
	}
	v->marks[v->nmarks++] = *m;
	return 0;
}

/* Text as XML has it. */
static void text(FILE *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '<')
			fputs("&lt;", out);
		else if (*s == '>')
			fputs("&gt;", out);
		else if (*s == '&')
			fputs("&amp;", out);
		else if (*s == '"')
			fputs("&quot;", out);
		else
			fputc(*s >= ' ' && *s < 127 ? *s : '?', out);
	}
}

/* The window, and where its lanes are */
struct view {
	__u64 from, to;
	int lane_of[MAX_LANES];		/* CPU of each lane */
	int lanes;
};

static double x_of(const struct view *w, __u64 at)
{
	double span = w->to - w->from;

	return LEFT + (WIDTH - LEFT - RIGHT) * (at - w->from) / span;
}

static int lane(struct view *w, int cpu)
{
	int i;

	for (i = 0; i < w->lanes; i++)
		if (w->lane_of[i] == cpu)
			return i;
	if (w->lanes == MAX_LANES)
		return -1;
	/* in order: P 0 comes first */
	for (i = w->lanes++; i && w->lane_of[i - 1] > cpu; i--)
		w->lane_of[i] = w->lane_of[i - 1];
	w->lane_of[i] = cpu;
	return i;
}

static double y_of(struct view *w, int cpu)
{
	return TOP + lane(w, cpu) * LANE + 24;
}

/* What the kept bars cover, as far as marks were kept. False: nothing. */
static bool window(struct svg *v, struct view *w)
{
	unsigned int i;

	memset(w, 0, sizeof(*w));
	w->from = ~0ULL;
	for (i = 0; i < v->nslices; i++) {
		if (v->slices[i].from < w->from)
			w->from = v->slices[i].from;
		if (v->slices[i].to > w->to)
			w->to = v->slices[i].to;
		lane(w, v->slices[i].cpu);
	}
	if (v->nmarks == MAX_ITEMS && v->marks[MAX_ITEMS - 1].at < w->to)
		w->to = v->marks[MAX_ITEMS - 1].at;
	return w->from < w->to;
}

static void head(const struct view *w, const struct tl_counts *c, FILE *out)
{
	int height = TOP + w->lanes * LANE + 72;

	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n",
		WIDTH, height, WIDTH, height);
	fprintf(out, "<title>Green threads on their Ps</title>\n");
	fprintf(out, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", WIDTH,
		height);
	fprintf(out, "<text x=\"16\" y=\"24\" font-size=\"16\">Green threads on their Ps</text>\n");
	fprintf(out, "<text x=\"16\" y=\"42\" fill=\"#555\">%.3f ms of %.3f ms recorded",
		(w->to - w->from) / 1e6, (c->last - c->first) / 1e6);
	if (w->from > c->first)
		fprintf(out, ", from %.3f ms on", (w->from - c->first) / 1e6);
	fprintf(out, "; all in all %llu slices, %llu requests, ", c->slices,
		c->marks[TL_REQUEST]);
	fprintf(out, "%llu declined, %llu restored, %llu taken</text>\n",
		c->marks[TL_DECLINE], c->marks[TL_RESTORE], c->marks[TL_TAKE]);
}

/* The beginning of a box as high as a bar. */
static void box(FILE *out, double x, double y, double width)
{
	fprintf(out, "<rect x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"%d\"",
		x, y, width, BAR);
}

static void lanes(struct view *w, FILE *out)
{
	int i;

	for (i = 0; i < w->lanes; i++) {
		double y = y_of(w, w->lane_of[i]);

		fprintf(out, "<text x=\"16\" y=\"%.0f\">P %d</text>\n",
			y + BAR / 2 + 4, w->lane_of[i]);
		box(out, LEFT, y, WIDTH - LEFT - RIGHT);
		fputs(" fill=\"#f2f2f2\"/>\n", out);
	}
}

static void bar(struct view *w, const struct tl_slice *s, FILE *out)
{
	double x = x_of(w, s->from);
	double width = x_of(w, s->to > w->to ? w->to : s->to) - x;
	double y = y_of(w, s->cpu);

	if (s->from >= w->to)
		return;
	if (width < 0.5)
		width = 0.5;
	fprintf(out, "<g><title>G %llu ", s->gid);
	text(out, s->body);
	fprintf(out, ": %.1f us, then ", (s->to - s->from) / 1e3);
	text(out, s->reason);
	if (s->wait[0]) {
		fputs(": ", out);
		text(out, s->wait);
	}
	fputs("</title>", out);
	box(out, x, y, width);
	fprintf(out, " fill=\"hsl(%llu,60%%,70%%)\" stroke=\"#666\" stroke-width=\"0.4\"/>",
		s->gid * 137 % 360);
	if (width > 34)
		fprintf(out, "<text x=\"%.1f\" y=\"%.0f\" font-size=\"11\">%llu</text>",
			x + 3, y + BAR - 9, s->gid);
	fputs("</g>\n", out);
}

/* Shape and colour of each kind of mark; above the bar what asks, below it what
 * answers.
 */
static void shape(FILE *out, enum tl_kind kind, double x, double y)
{
	static const char * const paint[TL_KINDS] = {
		[TL_REQUEST] = "M-4,-14 L4,-14 L0,-3 Z\" fill=\"#c00\"",
		[TL_DECLINE] = "M-4,-12 L4,-4 M4,-12 L-4,-4\" stroke=\"#000\"",
		[TL_RESTORE] = "M-4,38a4,4 0 1 1 8,0a4,4 0 1 1-8,0\" fill=\"none\" stroke=\"#06c\"",
		[TL_TAKE] = "M-4,42 L4,42 L0,31 Z\" fill=\"#080\"",
	};

	fprintf(out, "<path transform=\"translate(%.1f,%.0f)\" stroke-width=\"1.6\" d=\"%s/>", x, y,
		paint[kind]);
}

static void draw_mark(struct view *w, const struct tl_mark *m, FILE *out)
{
	if (m->at < w->from || m->at > w->to || lane(w, m->cpu) < 0)
		return;
	fprintf(out, "<g><title>G %llu: %s (", m->gid, tl_kind_names[m->kind]);
	text(out, m->what);
	fputc(')', out);
	if (m->asked)
		fprintf(out, ", %.1f us after the request",
			(m->at - m->asked) / 1e3);
	fputs("</title>", out);
	shape(out, m->kind, x_of(w, m->at), y_of(w, m->cpu));
	fputs("</g>\n", out);
}

static void legend(const struct view *w, FILE *out)
{
	static const char * const words[TL_KINDS] = {
		[TL_REQUEST] = "asked to yield",
		[TL_DECLINE] = "put off: it holds a lock, allocates ...",
		[TL_RESTORE] = "armed again, as that is over",
		[TL_TAKE] = "yields",
	};
	int y = TOP + w->lanes * LANE + 36, kind;

	for (kind = 0; kind < TL_KINDS; kind++) {
		shape(out, kind, 24 + kind * 290,
		      kind < TL_RESTORE ? y + 5 : y - 41);
		fprintf(out, "<text x=\"%d\" y=\"%d\">%s</text>\n",
			36 + kind * 290, y, words[kind]);
	}
	fprintf(out, "<text x=\"16\" y=\"%d\" fill=\"#555\">", y + 24);
	fputs("A bar is a green thread that runs, with its number; ", out);
	fputs("point at it for what it runs and why it stopped.</text>\n", out);
}

int svg_write(struct svg *v, const struct tl_counts *c, FILE *out)
{
	unsigned int i;
	struct view w;

	if (!window(v, &w))
		return -ENODATA;
	head(&w, c, out);
	lanes(&w, out);
	for (i = 0; i < v->nslices; i++)
		bar(&w, &v->slices[i], out);
	for (i = 0; i < v->nmarks; i++)
		draw_mark(&w, &v->marks[i], out);
	legend(&w, out);
	fputs("</svg>\n", out);
	return ferror(out) ? -EIO : 0;
}
