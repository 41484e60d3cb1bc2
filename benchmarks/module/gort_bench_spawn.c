// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gs that start, count, and end: one at a time, and many at once. On one P: what
 * they count in needs no lock.
 */

#include "gort_bench.h"

#define OPS	1000	/* in one batch */

static unsigned long ended;

static void counts(void *arg)
{
	ended++;
}

/* One at a time: it runs to its end while the one that started it yields. */
void g_spawn(void *arg)
{
	struct bench *b = arg;
	unsigned long i;
	int n;

	for (n = 0; n < BENCH_BATCHES && !b->err; n++) {
		ended = 0;
		bench_begin(b);
		for (i = 1; i <= OPS && !b->err; i++) {
			b->err = gort_go(NULL, counts, NULL);
			while (!b->err && READ_ONCE(ended) != i)
				gort_yield();
		}
		bench_end(b, OPS);
	}
	gort_call(bench_done, NULL);
}

static struct gort_wg group = GORT_WG_INIT(group);

static void is_done(void *arg)
{
	gort_wg_done(&group);
}

/* One at a time, and a wait for its end */
void g_spawn_join(void *arg)
{
	struct bench *b = arg;
	int i, n;

	for (n = 0; n < BENCH_BATCHES && !b->err; n++) {
		bench_begin(b);
		for (i = 0; i < OPS && !b->err; i++) {
			gort_wg_add(&group, 1);
			b->err = gort_go(NULL, is_done, NULL);
			if (!b->err)
				b->err = gort_wg_wait(&group);
		}
		bench_end(b, OPS);
	}
	gort_call(bench_done, NULL);
}

static unsigned long expected;

/* The last one wakes the one that started them all. */
static void counts_down(void *arg)
{
	if (++ended == expected)
		gort_ready(arg);
}

void g_burst(void *arg)
{
	struct bench *b = arg;
	struct gort_g *self = gort_self();
	unsigned long i;
	int n;

	for (n = 0; n < BENCH_BURSTS && !b->err; n++) {
		ended = 0;
		expected = b->n;
		bench_begin(b);
		for (i = 0; i < b->n && !b->err; i++)
			b->err = gort_go(NULL, counts_down, self);
		while (!b->err && READ_ONCE(ended) != b->n)
			gort_park("bench");
		bench_end(b, b->n);
	}
	gort_call(bench_done, NULL);
}
