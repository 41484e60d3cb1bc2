// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for behaviour_test: who gets his turn beside whom.
 */

#include "gort_test_kernel.h"

/* Gs of one test here */
#define T_FAIR_GS	2

/**
 * struct t_fair - Gs that wake each other, and one with a deadline
 * @grp: they and their parent
 * @g: they, referenced
 * @ns: how far away a deadline is
 * @late: by how much one was missed, at most
 * @wakes: how often somebody was woken before it
 * @stop: they are to end
 */
struct t_fair {
	struct t_group grp;
	struct gort_g *g[T_FAIR_GS];
	u64 ns;
	atomic64_t late;
	atomic64_t wakes;
	bool stop;
};

/* Parks until the deadline, also if it is woken before. 0, or an error. */
static int t_one_round(struct t_fair *t, u64 until)
{
	int err = gort_park_until(until, "deadline");

	if (!err)
		atomic64_inc(&t->wakes);
	return err;
}

static void t_note_late(struct t_fair *t, u64 until)
{
	u64 late = gort_now() - until;

	if (late > atomic64_read(&t->late))
		atomic64_set(&t->late, late);
}

/*
 * Which of the two am I? Returns when both are there, or -1 if they are to end.
 * Whoever made them gives the references back.
 */
static int t_which(struct gort_g **g, const bool *stop)
{
	struct gort_g *self = gort_get(gort_self());
	int me = !!cmpxchg(&g[0], NULL, self);

	if (me)
		WRITE_ONCE(g[1], self);
	while (!READ_ONCE(g[1]) && !READ_ONCE(*stop))
		gort_yield();
	return READ_ONCE(g[1]) ? me : -1;
}

/* One of two that wake each other, and their parent, all the time. */
static void t_pinger_fn(void *arg)
{
	struct t_fair *t = arg;
	int me = t_which(t->g, &t->stop);

	while (me >= 0 && !READ_ONCE(t->stop)) {
		gort_ready(t->grp.parent);
		gort_ready(t->g[!me]);
		gort_park("the other");
	}
	t_child_done(&t->grp, 0);
}

/* One of two that block for short, wake each other, and have a deadline. */
static void t_caller_fn(void *arg)
{
	struct t_fair *t = arg;
	int me = t_which(t->g, &t->stop), err = me < 0 ? me : 0;
	u64 until = gort_now() + t->ns;

	while (!err) {
		gort_syscall(t_k_usleep, (void *)10);
		gort_ready(t->g[!me]);
		err = t_one_round(t, until);
	}
	t_note_late(t, until);
	t_child_done(&t->grp, err == -ETIME ? 0 : err);
}

static int t_await(struct t_fair *t)
{
	u64 until = gort_now() + t->ns;
	int err;

	do {
		err = t_one_round(t, until);
	} while (!err);
	t_note_late(t, until);
	return err == -ETIME ? 0 : err;
}

/*
 * t_fair: ns, calls. Deadlines, of this G while two others wake it and each
 * other (0), or of two others that make blocking calls and wake each other (1).
 * Result: by how many us one was missed, and in the high half how often who had
 * one was woken before.
 */
int t_fair(const u64 *args, u64 *result)
{
	struct t_fair *t = t_alloc(sizeof(*t));
	int err = 0, i;

	if (!t)
		return -ENOMEM;
	t->ns = args[0];
	for (i = 0; i < T_FAIR_GS && !err; i++)
		err = t_spawn(&t->grp, args[1] ? t_caller_fn : t_pinger_fn, t);
	if (!err && !args[1])
		err = t_await(t);
	/* callers end by themselves, when both have begun */
	WRITE_ONCE(t->stop, err || !args[1]);
	for (i = 0; i < T_FAIR_GS; i++)
		if (READ_ONCE(t->g[i]))
			gort_ready(t->g[i]);
	err = t_join(&t->grp) ?: err;
	*result = atomic64_read(&t->late) / NSEC_PER_USEC |
		  atomic64_read(&t->wakes) << 32;
	for (i = 0; i < T_FAIR_GS; i++)
		if (t->g[i])
			gort_put(t->g[i]);
	t_free(t);
	return err;
}

/* t_gonil: no arguments. Returns what starting a G without a body did. */
int t_gonil(const u64 *args, u64 *result)
{
	*result = 0;
	return gort_go(NULL, NULL, NULL);
}

struct t_hogs;

/**
 * struct t_hog - two Gs that work in turn
 * @all: what the pair belongs to
 * @g: the Gs, referenced
 * @turn: whose turn it is
 * @limit: length of a turn, in checks
 * @count: checks so far
 */
struct t_hog {
	struct t_hogs *all;
	struct gort_g *g[2];
	u64 turn;
	u64 limit;
	u64 count;
};

/**
 * struct t_hogs - two such pairs
 * @grp: their Gs and the parent
 * @pair: with long turns, and with short ones
 * @stop: they are to end
 */
struct t_hogs {
	struct t_group grp;
	struct t_hog pair[2];
	bool stop;
};

static void t_hog_turn(struct t_hog *h)
{
	u64 i;

	for (i = 0; i < h->limit && !READ_ONCE(h->all->stop); i++) {
		t_check();
		h->count++;
	}
}

static void t_hog_fn(void *arg)
{
	struct t_hog *h = arg;
	int me = t_which(h->g, &h->all->stop);

	while (me >= 0 && !READ_ONCE(h->all->stop)) {
		/* pairs with the release below */
		if (smp_load_acquire(&h->turn) != me) {
			gort_park("turn");
			continue;
		}
		t_hog_turn(h);
		smp_store_release(&h->turn, !me); /* for the other one */
		gort_ready(h->g[!me]);
	}
	if (me >= 0)
		gort_ready(h->g[!me]);
	t_child_done(&h->all->grp, 0);
}

/*
 * t_hogpair: ns, long, short. Two pairs of Gs, each of which works in turn, for
 * so many checks, beside each other for so long. Result: checks of the pair with
 * short turns, and in the high half of the other one.
 */
int t_hogpair(const u64 *args, u64 *result)
{
	struct t_hogs *t = t_alloc(sizeof(*t));
	int err = 0, i;

	if (!t)
		return -ENOMEM;
	t->pair[0].limit = args[1];
	t->pair[1].limit = args[2];
	for (i = 0; i < 4 && !err; i++) {
		t->pair[i / 2].all = t;
		err = t_spawn(&t->grp, t_hog_fn, &t->pair[i / 2]);
	}
	if (!err)
		err = gort_sleep(args[0]);
	WRITE_ONCE(t->stop, true);
	t_join(&t->grp);
	*result = t->pair[1].count | t->pair[0].count << 32;
	for (i = 0; i < 4; i++)
		if (t->pair[i / 2].g[i % 2])
			gort_put(t->pair[i / 2].g[i % 2]);
	t_free(t);
	return err;
}
