// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for sched_test: who runs where, and who is woken.
 *
 * A loop that waits for another G always contains a call: that is where it can
 * be made to yield, and on one P it has to be.
 */

#include <linux/string.h>

#include "gort_test_mod.h"

/*
 * Starts a child of the group, in @ctx or (NULL) where the caller is; this is,
 * or becomes, its parent.
 */
int t_spawn_in(struct gort_ctx *ctx, struct t_group *grp, gort_fn_t fn,
	       void *arg)
{
	int err;

	if (!grp->parent)
		grp->parent = gort_self();
	gort_get(grp->parent);
	atomic_inc(&grp->left);
	err = gort_go(ctx, fn, arg);
	if (err) {
		atomic_dec(&grp->left);
		gort_put(grp->parent);
	}
	return err;
}

int t_spawn(struct t_group *grp, gort_fn_t fn, void *arg)
{
	return t_spawn_in(t_ctx, grp, fn, arg);
}

/*
 * A child's last act. The group may be gone once the count is down, so the
 * parent, which the child has a reference to, is looked up before.
 */
void t_child_done(struct t_group *grp, int error)
{
	struct gort_g *parent = grp->parent;

	if (error)
		atomic_cmpxchg(&grp->error, 0, error);
	if (atomic_dec_and_test(&grp->left))
		gort_ready(parent);
	gort_put(parent);
}

/* Waits until all children are done, also if the parent was cancelled. */
int t_join(struct t_group *grp)
{
	while (atomic_read_acquire(&grp->left))
		if (gort_park("children"))
			gort_yield();
	return atomic_read(&grp->error);
}

/**
 * struct t_parallel - two Gs that must run at the same time to get on
 * @grp: the second one and its parent
 * @at: round that each has reached
 * @rounds: last round
 * @patience: times one may be made to yield before it gives up
 * @stop: one has given up
 */
struct t_parallel {
	struct t_group grp;
	u64 at[2];
	u64 rounds;
	u64 patience;
	bool stop;
};

static int t_handshake(struct t_parallel *t, int me)
{
	struct gort_g_stats st;
	u64 i;

	for (i = 1; i <= t->rounds; i++) {
		/* what one releases, the other acquires, and so round about */
		smp_store_release(&t->at[me], i);
		/* see above */
		while (smp_load_acquire(&t->at[!me]) < i) {
			t_check();
			gort_self_stats(&st);
			if (st.preempted > t->patience)
				WRITE_ONCE(t->stop, true);
			if (READ_ONCE(t->stop))
				return -EXDEV;
		}
	}
	return 0;
}

static void t_parallel_fn(void *arg)
{
	struct t_parallel *t = arg;

	t_child_done(&t->grp, t_handshake(t, 1));
}

/*
 * t_parallel: rounds, patience. Two Gs meet in each round; on one CPU each
 * round costs both a preemption. EXDEV if one of them was preempted more often
 * than @patience. Result: rounds.
 */
int t_parallel(const u64 *args, u64 *result)
{
	struct t_parallel *t = t_alloc(sizeof(*t));
	int err, child;

	if (!t)
		return -ENOMEM;
	t->rounds = args[0];
	t->patience = args[1];
	err = t_spawn(&t->grp, t_parallel_fn, t);
	if (!err)
		err = t_handshake(t, 0);
	child = t_join(&t->grp);
	t_free(t);
	*result = args[0];
	return err ? err : child;
}

struct t_steal;

/**
 * struct t_item - one G that may be stolen
 * @s: what it belongs to
 * @g: the G, if it was started and put to sleep first
 * @runs: how often its work was done
 * @cpu: where
 */
struct t_item {
	struct t_steal *s;
	struct gort_g *g;
	u32 runs;
	int cpu;
};

/**
 * struct t_steal - Gs that are all made runnable on one P
 * @grp: they and their parent
 * @asleep: how many have started and gone to sleep
 * @started: they are started before they are made runnable
 * @work: checks that each passes
 * @item: the Gs
 */
struct t_steal {
	struct t_group grp;
	atomic_t asleep;
	bool started;
	u64 work;
	struct t_item item[];
};

static void t_steal_fn(void *arg)
{
	struct t_item *it = arg;
	struct t_steal *s = it->s;
	u64 i;

	if (s->started) {
		it->g = gort_get(gort_self());
		atomic_inc(&s->asleep);
		gort_park("to be stolen");
	}
	it->runs++;
	it->cpu = t_cpu();
	for (i = 0; i < s->work; i++)
		t_check();
	t_child_done(&s->grp, 0);
}

/*
 * t_steal: count, work, started. Makes that many Gs runnable, all from one G
 * and so on its P; with @started they have run before. Result: how many ran on
 * another CPU. EIO if one did not run exactly once.
 */
int t_steal(const u64 *args, u64 *result)
{
	struct t_steal *s = t_alloc(struct_size(s, item, args[0]));
	u64 i, spawned, moved = 0;
	int err = 0, home;

	if (!s)
		return -ENOMEM;
	s->work = args[1];
	s->started = args[2];
	home = t_cpu();
	for (spawned = 0; spawned < args[0] && !err; spawned++) {
		s->item[spawned].s = s;
		/* of another context, it would not wait on this P */
		err = t_spawn_in(NULL, &s->grp, t_steal_fn, &s->item[spawned]);
	}
	spawned -= !!err;
	while (s->started && atomic_read_acquire(&s->asleep) < spawned)
		gort_yield();
	if (s->started)
		home = t_cpu();
	for (i = 0; s->started && i < spawned; i++)
		gort_ready(s->item[i].g);
	t_join(&s->grp);
	for (i = 0; i < spawned; i++) {
		if (s->item[i].runs != 1)
			err = -EIO;
		moved += s->item[i].cpu != home;
		if (s->item[i].g)
			gort_put(s->item[i].g);
	}
	t_free(s);
	*result = moved;
	return err;
}

/**
 * struct t_poll - a G that polls with yields, and one that answers
 * @grp: the answering one and its parent
 * @asked: last question
 * @answered: last answer
 * @rounds: how many
 */
struct t_poll {
	struct t_group grp;
	u64 asked;
	u64 answered;
	u64 rounds;
};

static void t_poll_fn(void *arg)
{
	struct t_poll *t = arg;
	u64 i;

	for (i = 1; i <= t->rounds; i++) {
		/* pairs with the release in t_poll() */
		while (smp_load_acquire(&t->asked) < i)
			gort_yield();
		smp_store_release(&t->answered, i); /* for t_poll() */
	}
	t_child_done(&t->grp, 0);
}

/* t_poll: rounds. Result: the most yields that one answer took. */
int t_poll(const u64 *args, u64 *result)
{
	struct t_poll *t = t_alloc(sizeof(*t));
	u64 i, n, most = 0;
	int err;

	if (!t)
		return -ENOMEM;
	t->rounds = args[0];
	err = t_spawn(&t->grp, t_poll_fn, t);
	for (i = 1; i <= args[0] && !err; i++) {
		smp_store_release(&t->asked, i); /* for t_poll_fn() */
		/* pairs with the release in t_poll_fn() */
		for (n = 0; smp_load_acquire(&t->answered) < i; n++)
			gort_yield();
		most = n > most ? n : most;
	}
	t_join(&t->grp);
	t_free(t);
	*result = most;
	return err;
}

/* t_late: ns, count. Result: most ns that a sleep was late; EIO if early. */
int t_late(const u64 *args, u64 *result)
{
	u64 i, until, now, most = 0;
	int err = 0;

	for (i = 0; i < args[1] && !err; i++) {
		until = gort_now() + args[0];
		err = gort_sleep_until(until);
		now = gort_now();
		if (!err && now < until)
			err = -EIO;
		else if (!err && now - until > most)
			most = now - until;
	}
	*result = most;
	return err;
}

/**
 * struct t_pairs - two Gs that park and ready each other in turn
 * @grp: the second one and its parent
 * @g: both, referenced
 * @seq: round in which each spoke last
 * @rounds: how many
 * @spin: most checks passed between ready and park
 * @stop: one has failed, the other is to end as well
 */
struct t_pairs {
	struct t_group grp;
	struct gort_g *g[2];
	u64 seq[2];
	u64 rounds;
	u64 spin;
	bool stop;
};

static void t_dawdle(u64 spin, u32 *seed)
{
	u64 n = spin ? t_rand(seed) % spin : 0;

	while (n--)
		t_check();
}

/*
 * Sleeps until the other has spoken in round @i. Each park is paired with one
 * ready, before or after it, so it must return once and only then.
 */
static int t_hear(struct t_pairs *t, int me, u64 i)
{
	int err = gort_park("pair");

	if (READ_ONCE(t->stop))
		return -EPIPE;
	/* pairs with the release in t_speak() */
	if (!err && smp_load_acquire(&t->seq[!me]) != i)
		err = -EPROTO;
	if (err) {
		WRITE_ONCE(t->stop, true);
		gort_ready(t->g[!me]);
	}
	return err;
}

static void t_speak(struct t_pairs *t, int me, u64 i)
{
	smp_store_release(&t->seq[me], i); /* for t_hear() */
	gort_ready(t->g[!me]);
}

static void t_pairs_fn(void *arg)
{
	struct t_pairs *t = arg;
	u32 seed = 2;
	int err = 0;
	u64 i;

	t->g[1] = gort_get(gort_self());
	t_speak(t, 1, 1);
	for (i = 1; i <= t->rounds && !err; i++) {
		t_dawdle(t->spin, &seed);
		err = t_hear(t, 1, i);
		if (!err)
			t_speak(t, 1, i + 1);
	}
	t_child_done(&t->grp, err);
}

/*
 * t_pairs: rounds, spin. Two Gs wake each other in turn and dawdle before they
 * sleep, so that the wake-up comes before, during and after falling asleep.
 * EPROTO if one woke without being called. Result: wake-ups.
 */
int t_pairs(const u64 *args, u64 *result)
{
	struct t_pairs *t = t_alloc(sizeof(*t));
	u32 seed = 1;
	int err, child;
	u64 i;

	if (!t)
		return -ENOMEM;
	t->rounds = args[0];
	t->spin = args[1];
	t->g[0] = gort_get(gort_self());
	err = t_spawn(&t->grp, t_pairs_fn, t);
	if (!err)
		err = t_hear(t, 0, 1);
	for (i = 1; i <= t->rounds && !err; i++) {
		t_speak(t, 0, i);
		t_dawdle(t->spin, &seed);
		err = t_hear(t, 0, i + 1);
	}
	child = t_join(&t->grp);
	if (t->g[1])
		gort_put(t->g[1]);
	gort_put(t->g[0]);
	t_free(t);
	*result = 2 * args[0] + 1;
	return err ? err : child;
}

/*
 * t_irqready: rounds, delay in ns, spin. A timer's interrupt makes the G ready
 * before, while or after it parks. EPROTO if it woke before the interrupt.
 * Result: interrupts.
 */
int t_irqready(const u64 *args, u64 *result)
{
	struct t_timer *t = t_alloc(sizeof(*t));
	u32 seed = 3;
	int err = 0;
	u64 i;

	if (!t)
		return -ENOMEM;
	t->g = gort_self();
	t->delay_ns = args[1];
	gort_call(t_k_timer_init, t);
	for (i = 1; i <= args[0] && !err; i++) {
		gort_call(t_k_timer_start, t);
		t_dawdle(args[2], &seed);
		err = gort_park("interrupt");
		if (!err && atomic_read_acquire(&t->fired) != i)
			err = -EPROTO;
	}
	gort_call(t_k_timer_cancel, t);
	*result = atomic_read(&t->fired);
	t_free(t);
	return err;
}
