// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for fair_test: what the Gs of a hog do, and what the one beside it does.
 */

#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/minmax.h>

#include "gort_test_share.h"

/* Calls between two looks at the clock, and whether it is to end */
#define S_CHUNK		1000

static noinline void s_call(void)
{
	barrier();
}

static void s_calls(void)
{
	int i;

	for (i = 0; i < S_CHUNK; i++)
		s_call();
}

static int s_burn(u64 *result)
{
	while (!gort_cancelled()) {
		s_calls();
		*result += READ_ONCE(s_count);
	}
	return 0;
}

/**
 * struct s_pair - two Gs that wake each other; the first one has it on its stack
 * @ping: the first one
 * @pong: the second one, a reference
 * @ball: how often it was there
 * @stop: the second one is to go
 * @gone: it has gone, and uses this no more
 */
struct s_pair {
	struct gort_g *ping;
	struct gort_g *pong;
	u64 ball;
	bool stop;
	bool gone;
};

static void s_pong(void *arg)
{
	struct s_pair *p = arg;
	struct gort_g *ping = gort_get(p->ping);

	/* pairs with the acquire in s_pairs() */
	smp_store_release(&p->pong, gort_get(gort_self()));
	gort_ready(ping);
	while (!READ_ONCE(p->stop)) {
		if (gort_park("pong"))
			gort_yield();
		WRITE_ONCE(p->ball, p->ball + 1);
		gort_ready(ping);
	}
	/* pairs with the acquire in s_pairs() */
	smp_store_release(&p->gone, true);
	gort_ready(ping);
	gort_put(ping);
}

static int s_pairs(u64 *result)
{
	struct s_pair p = { .ping = gort_self() };
	struct gort_g *pong;
	int err = gort_go(NULL, s_pong, &p);

	if (err)
		return err == -ECANCELED ? 0 : err;
	/* pairs with the release in s_pong() */
	while (!(pong = smp_load_acquire(&p.pong)))
		if (gort_park("a partner"))
			gort_yield();
	while (!gort_cancelled()) {
		gort_ready(pong);
		gort_park("ping");
	}
	WRITE_ONCE(p.stop, true);
	/* pairs with the release in s_pong() */
	while (!smp_load_acquire(&p.gone)) {
		gort_ready(pong);
		if (gort_park("the partner's end"))
			gort_yield();
	}
	gort_put(pong);
	*result = p.ball;
	return 0;
}

/**
 * struct s_parent - who waits for a child, on its stack
 * @g: it
 * @left: children that still run
 */
struct s_parent {
	struct gort_g *g;
	atomic_t left;
};

static void s_child(void *arg)
{
	struct s_parent *p = arg;
	struct gort_g *g = gort_get(p->g);

	s_calls();
	/* the parent's stack may be gone from here on */
	atomic_dec(&p->left);
	gort_ready(g);
	gort_put(g);
}

static int s_spawn(u64 *result)
{
	struct s_parent p = { .g = gort_self(), .left = ATOMIC_INIT(0) };
	int err = 0;

	while (!gort_cancelled() && !err) {
		atomic_inc(&p.left);
		err = gort_go(NULL, s_child, &p);
		if (err)
			atomic_dec(&p.left);
		while (atomic_read(&p.left))
			if (gort_park("children"))
				gort_yield();
		++*result;
	}
	return err == -ECANCELED ? 0 : err;
}

static int s_again(u64 kind, u64 *result)
{
	while (!gort_cancelled()) {
		if (kind == S_YIELD)
			gort_yield();
		else if (kind == S_SLEEP)
			gort_sleep(NSEC_PER_MSEC);
		else
			gort_syscall(s_k_usleep, (void *)200);
		++*result;
	}
	return 0;
}

/*
 * s_hog: kind. What the kind says, until it is cancelled. Result: how often.
 * A pair is two Gs.
 */
int s_hog(const u64 *args, u64 *result)
{
	int err;

	switch (args[0]) {
	case S_BURN:
		return s_burn(result);
	case S_PAIR:
		return s_pairs(result);
	case S_SPAWN:
		return s_spawn(result);
	case S_LOCKED:
		/* as many as there may be; the others are there all the same */
		err = gort_lock_thread();
		s_burn(result);
		return err ? 0 : gort_unlock_thread();
	}
	return s_again(args[0], result);
}

/*
 * s_share: ticks, Ps, locked. Calls until that many ticks of as many Ps have
 * passed; locked to its M or not. Between two looks at them there is one on each
 * P, or they have gone on without it. Result: those that it was there for in the
 * high half, all in the low half.
 */
int s_share(const u64 *args, u64 *result)
{
	int err = args[2] ? gort_lock_thread() : 0;
	u64 begin = gort_call(s_k_ticks, NULL), last = begin, now = begin, on = 0;

	while (!err && now - begin < args[0]) {
		if (gort_cancelled())
			err = -ECANCELED;
		s_calls();
		now = gort_call(s_k_ticks, NULL);
		on += min(now - last, args[1]);
		last = now;
	}
	*result = on << 32 | (now - begin);
	if (args[2] && !err)
		err = gort_unlock_thread();
	return err;
}

/* s_nap: ns. Sleeps, then calls until it is cancelled. Result: thousands. */
int s_nap(const u64 *args, u64 *result)
{
	int err = gort_sleep(args[0]);

	return err ?: s_burn(result);
}

/* One round of it: ticks from the wake-up until it runs, or an error. */
static long s_woken_once(void)
{
	int err = 0;

	atomic64_set(&s_wake_ticks, 0);
	/* pairs with the exchange in wake_set() */
	smp_store_release(&s_sleeper, gort_get(gort_self()));
	while (!err && !atomic64_read(&s_wake_ticks))
		err = gort_park("wake");
	if (err && xchg(&s_sleeper, NULL))
		gort_put(gort_self());
	return err ?: gort_call(s_k_ticks, NULL) - atomic64_read(&s_wake_ticks);
}

/*
 * s_woken: rounds, ticks; on CPU 0 alone. Sleeps until somebody writes to wake,
 * again and again. Result: how often it took more ticks until it ran.
 */
int s_woken(const u64 *args, u64 *result)
{
	long ticks;
	u64 i;

	for (i = 0; i < args[0]; i++) {
		ticks = s_woken_once();
		if (ticks < 0)
			return ticks;
		*result += ticks > (long)args[1];
	}
	return 0;
}
