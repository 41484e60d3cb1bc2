// SPDX-License-Identifier: GPL-2.0-only
/*
 * From one to a million Gs. Each waits for a round to begin, does what this one is
 * for so many times, and waits for the next one. Whoever began the round has the
 * time from there to the last one's end.
 */

#include "gort_load.h"

static void at_end(void)
{
	if (!atomic_long_dec_and_test(&many.left))
		return;
	WRITE_ONCE(many.ended, gort_now());
	gort_call(load_done, NULL);
}

static int pass_turn(unsigned long me)
{
	struct load_pair *pair = &many.pairs[me / 2];

	WRITE_ONCE(pair->turn, ~me & 1);
	gort_ready(many.g[me ^ 1]);
	return 0;
}

static int wait_turn(unsigned long me)
{
	int err = 0;

	while (!err && READ_ONCE(many.pairs[me / 2].turn) != (me & 1))
		err = gort_park("turn");
	return err;
}

static int use_chan(unsigned long me, unsigned long i)
{
	struct load_pair *pair = &many.pairs[me / 2];
	u64 value = i;
	int err;

	if (me & 1) {
		err = gort_recv(&pair->chan, &value);
		return err ?: gort_send(&pair->chan, value);
	}
	err = gort_send(&pair->chan, value) ?: gort_recv(&pair->chan, &value);
	return err ?: value == i ? 0 : -EBADMSG;
}

static int once(unsigned long me, unsigned long i)
{
	switch (many.phase) {
	case LOAD_YIELD:
		return gort_yield();
	case LOAD_PARK:
		if (me & 1)
			return wait_turn(me) ?: pass_turn(me);
		return pass_turn(me) ?: wait_turn(me);
	case LOAD_CHAN:
		return use_chan(me, i);
	default:
		return 0;
	}
}

static int work(unsigned long me)
{
	unsigned long i;
	int err = 0;

	if (many.phase == LOAD_BUSY) {
		while (!err && !READ_ONCE(many.stop))
			err = gort_yield();
		return err;
	}
	for (i = 0; i < many.ops && !err; i++)
		err = once(me, i);
	return err;
}

static int wait_round(unsigned int seen)
{
	int err = 0;

	/* pairs with new_round(): what is to be done is known then */
	while (!err && smp_load_acquire(&many.round) == seen)
		err = gort_park("round");
	return err;
}

/* One of them; a G that fails ends the round for all. */
static void member(void *arg)
{
	unsigned long me = (unsigned long)arg;
	unsigned int seen = READ_ONCE(many.round);
	int err = 0;

	many.g[me] = gort_self();
	while (!err) {
		at_end();
		err = wait_round(seen);
		seen = READ_ONCE(many.round);
		if (!err && many.phase == LOAD_END)
			break;
		err = err ?: work(me);
	}
	if (err)
		WRITE_ONCE(many.err, err);
	at_end();
}

static void starts(gort_fn_t fn)
{
	unsigned long i;
	int err = 0;

	for (i = 0; i < many.n && !err; i++)
		err = gort_go(NULL, fn, (void *)i);
	if (!err)
		return;
	WRITE_ONCE(many.err, err);
	gort_call(load_done, NULL);
}

/* Starts all of them, which then wait. */
void g_make(void *unused)
{
	starts(member);
}

static void ends(void *unused)
{
	at_end();
}

/* Starts as many, which end. */
void g_burst(void *unused)
{
	starts(ends);
}
