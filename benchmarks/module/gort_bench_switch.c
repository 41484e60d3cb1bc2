// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gs that take turns: by yielding, by park and ready, by channels. The G of the
 * measurement starts a partner, and tells it to end.
 */

#include "gort_bench.h"

/**
 * struct bench_pair - two Gs that take turns
 * @a: the one that measures
 * @b: its partner, once it runs
 * @turn: whose turn it is; for those that yield, who ran last
 * @switches: how often one ran after the other
 * @stop: the partner is to end
 * @ended: it is at its end
 */
struct bench_pair {
	struct gort_g *a, *b, *turn;
	u64 switches;
	bool stop, ended;
};

static struct bench_pair pair;

static int pair_start(struct bench *b, gort_fn_t partner)
{
	pair.a = gort_self();
	WRITE_ONCE(pair.b, NULL);
	pair.turn = pair.a;
	pair.stop = false;
	pair.ended = false;
	b->err = gort_go(NULL, partner, NULL);
	while (!b->err && !READ_ONCE(pair.b))
		gort_yield();
	return b->err;
}

static void pair_end(void)
{
	while (!READ_ONCE(pair.ended))
		gort_yield();
	gort_call(bench_done, NULL);
}

/* Only what has let the other one run counts. */
static void took_turn(struct gort_g *self)
{
	if (pair.turn != self) {
		pair.turn = self;
		pair.switches++;
	}
}

static void yields(void *arg)
{
	struct gort_g *self = gort_self();

	WRITE_ONCE(pair.b, self);
	while (!READ_ONCE(pair.stop)) {
		gort_yield();
		took_turn(self);
	}
	WRITE_ONCE(pair.ended, true);
}

void g_yield(void *arg)
{
	struct bench *b = arg;
	u64 before;
	int i, n;

	if (!pair_start(b, yields)) {
		for (n = 0; n < BENCH_BATCHES; n++) {
			before = pair.switches;
			bench_begin(b);
			for (i = 0; i < BENCH_OPS; i++) {
				gort_yield();
				took_turn(pair.a);
			}
			bench_end(b, pair.switches - before);
		}
		WRITE_ONCE(pair.stop, true);
	}
	pair_end();
}

/* Until it is its turn; the other one has made it ready then. */
static void wait_turn(struct gort_g *self)
{
	while (READ_ONCE(pair.turn) != self)
		gort_park("bench");
}

static void pass_turn(struct gort_g *to)
{
	WRITE_ONCE(pair.turn, to);
	gort_ready(to);
}

static void parks(void *arg)
{
	struct gort_g *self = gort_self();

	WRITE_ONCE(pair.b, self);
	for (;;) {
		wait_turn(self);
		if (READ_ONCE(pair.stop))
			break;
		pass_turn(pair.a);
	}
	WRITE_ONCE(pair.ended, true);
}

void g_park(void *arg)
{
	struct bench *b = arg;
	int i, n;

	if (!pair_start(b, parks)) {
		for (n = 0; n < BENCH_BATCHES; n++) {
			bench_begin(b);
			for (i = 0; i < BENCH_OPS; i++) {
				pass_turn(pair.b);
				wait_turn(pair.a);
			}
			bench_end(b, BENCH_OPS);
		}
		WRITE_ONCE(pair.stop, true);
		pass_turn(pair.b);
	}
	pair_end();
}

GORT_CHAN_TYPE(numbers, u64);

static union numbers *there, *back;

/* Sends back what comes. */
static void echoes(void *arg)
{
	u64 value;

	WRITE_ONCE(pair.b, gort_self());
	while (!gort_recv(there, &value))
		if (gort_send(back, value))
			break;
	WRITE_ONCE(pair.ended, true);
}

static void takes(void *arg)
{
	u64 value;

	WRITE_ONCE(pair.b, gort_self());
	while (!gort_recv(there, &value))
		;
	WRITE_ONCE(pair.ended, true);
}

static int make_chans(struct bench *b, unsigned int cap)
{
	there = gort_make_chan(union numbers, cap);
	back = gort_make_chan(union numbers, 0);
	if (!there || !back)
		b->err = -ENOMEM;
	return b->err;
}

void g_chan_unbuffered(void *arg)
{
	struct bench *b = arg;
	u64 i, value;
	int n;

	if (!make_chans(b, 0) && !pair_start(b, echoes)) {
		for (n = 0; n < BENCH_BATCHES && !b->err; n++) {
			bench_begin(b);
			for (i = 0; i < BENCH_OPS && !b->err; i++) {
				b->err = gort_send(there, i);
				if (!b->err)
					b->err = gort_recv(back, &value);
				if (!b->err && value != i)
					b->err = -EBADMSG;
			}
			bench_end(b, BENCH_OPS);
		}
		gort_close(there);
	} else {
		pair.ended = true;
	}
	pair_end();
}

void g_chan_buffered(void *arg)
{
	struct bench *b = arg;
	u64 i;
	int n;

	if (!make_chans(b, BENCH_CAP) && !pair_start(b, takes)) {
		for (n = 0; n < BENCH_BATCHES && !b->err; n++) {
			bench_begin(b);
			for (i = 0; i < BENCH_OPS && !b->err; i++)
				b->err = gort_send(there, i);
			/* What is left in the buffer counts for the next one. */
			bench_end(b, BENCH_OPS);
		}
		gort_close(there);
	} else {
		pair.ended = true;
	}
	pair_end();
}
