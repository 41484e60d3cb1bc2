// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code: the workers, their children, and what brings Gs to and from the CPU:
 * spawning, yielding, parking, sleeping, cancelling, stopping the world.
 *
 * A worker does one action after the other, drawn from its own random numbers.
 * Each check counts for the G's beat, by which others see that it runs: when
 * the world is stopped none of them may change.
 */

#include <linux/errno.h>
#include <linux/ktime.h>

#include "gort_torture.h"

/* What a child is for */
enum job {
	JOB_ACTIONS,	/* some actions */
	JOB_PAIR,	/* takes turns with its parent */
	JOB_CANCEL,	/* parks until it is cancelled */
	JOB_EXIT,	/* ends in the middle of its calls */
	JOB_LOCKED,	/* ends locked to its M */
	JOB_SLEEP,	/* sleeps until it is cancelled */
	JOB_BLOCK,	/* is in a blocking call for longer than a tick */
	JOB_NONE,	/* ends at once */
};

u32 tort_beats[TORT_SLOTS];
static u32 tort_seen[TORT_SLOTS];	/* whoever has stopped the world */
static u32 tort_hook_rng;

/* A check, by its prologue. */
noinline void tort_check(struct tort_g *t)
{
	u32 *beat = &tort_beats[t ? t->slot : 0];

	WRITE_ONCE(*beat, READ_ONCE(*beat) + 1);
}

/* What a call that may fail returned: only that it was cancelled, please. */
int tort_errno(struct tort_g *t, int err)
{
	if (err && err != -ECANCELED)
		tort_fail(t, WHAT_ERRNO, -err, 0);
	return err;
}

/* The time, which does not go back wherever the G goes. */
u64 tort_clock(struct tort_g *t)
{
	u64 now = gort_now();

	if (now < t->now)
		tort_fail(t, WHAT_CLOCK, now, t->now);
	t->now = now;
	return now;
}

/*
 * gort calls this inside its own sections, where no G code is otherwise: the
 * request is put off here, and is restored there. To ask for a new M is rare, so
 * no such place is left out.
 */
void tort_hook(int site)
{
	u32 x = READ_ONCE(tort_hook_rng) * 1664525 + 1013904223;

	WRITE_ONCE(tort_hook_rng, x);
	if (site != GORT_SITE_ALLOCM && x >> 29)
		return;
	gort_preempt_self();
	tort_check(NULL);
}

static bool is_well(const struct tort_g *t)
{
	u64 magic = TORT_MAGIC ^ t->id;

	return READ_ONCE(t->head) == magic && READ_ONCE(t->tail) == magic;
}

/* Most are quiet for a while now and then, so that there are idle Ps. */
static void be_quiet(struct tort_g *t)
{
	while (READ_ONCE(tort_quiet) && t->id % 8 && !tort_stopping() &&
	       !gort_cancelled())
		gort_sleep(NSEC_PER_MSEC);
}

static u32 choose(struct tort_g *t)
{
	u32 x = tort_rand(t, tort_weight_sum), i;

	for (i = 0; x >= tort_weights[i]; i++)
		x -= tort_weights[i];
	return i;
}

static void one_action(struct tort_g *t)
{
	u32 i = choose(t);

	t->action = i;
	tort_actions[i].fn(t);
	tort_check(t);
	if (tort_is(TWIN_CANARY) && tort_one_in(t, 64))
		t->tail++;
	if (!is_well(t))
		tort_fail(t, WHAT_CANARY, t->head, t->tail);
	atomic_long_inc(&tort_counts[i]);
	WRITE_ONCE(t->progress, t->progress + 1);
}

/* One more, of @parent or of nobody. */
void tort_g_init(struct tort_g *t, struct tort_g *parent, bool share)
{
	t->id = atomic_inc_return(&tort_last_id);
	t->head = TORT_MAGIC ^ t->id;
	t->tail = t->head;
	t->rng = tort_mix(tort_seed + t->id);
	t->slot = t->id % TORT_SLOTS;
	t->parent = parent;
	t->depth = parent ? parent->depth + 1 : 0;
	t->share = share;
}

/* The last thing that a G does. */
static void ended(struct tort_g *t)
{
	if (!tort_is(TWIN_LEAK) || !tort_one_in(t, 16))
		atomic_long_inc(&tort_ended);
	WRITE_ONCE(t->over, true);
	atomic_dec(&tort_live);
}

/* Body of a worker: until the test is over, or its context goes. */
void tort_worker(void *arg)
{
	struct tort_g *t = arg;
	u64 canary = tort_mix(t->id);

	t->g = gort_get(gort_self());
	while (!tort_stopping() && !gort_cancelled()) {
		be_quiet(t);
		one_action(t);
		if (canary != tort_mix(t->id))
			tort_fail(t, WHAT_CANARY, canary, t->id);
	}
	gort_put(t->g);
	ended(t);
}

/* Wait for all children. Cancelled or not: they use the parent's memory. */
static void join(struct tort_g *t)
{
	/* pairs with the release in child_ends() */
	while (atomic_read_acquire(&t->left))
		if (gort_park("children"))
			gort_yield();
}

static void child_ends(struct tort_g *c)
{
	struct gort_g *parent = gort_get(c->parent->g);

	ended(c);
	/* the parent may end, and @c be freed, from here on */
	atomic_dec_return_release(&c->parent->left);
	gort_ready(parent);
	gort_put(parent);
}

/* Some calls deep, by tort_act_recurse(): does not return if this is its job. */
void tort_at_bottom(struct tort_g *t)
{
	if (t->job != JOB_EXIT)
		return;
	child_ends(t);
	gort_exit();
}

static void park_until_cancelled(struct tort_g *c)
{
	int err;

	do {
		err = gort_park("cancel");
	} while (!err);
	if (err != -ECANCELED)
		tort_fail(c, WHAT_ERRNO, -err, 0);
}

static void sleep_until_cancelled(struct tort_g *c)
{
	int err = gort_sleep(3600ULL * NSEC_PER_SEC);

	if (err != -ECANCELED)
		tort_fail(c, WHAT_ERRNO, -err, 0);
}

/* The other half of tort_act_pair(). */
static void take_turns(struct tort_g *c)
{
	struct tort_g *p = c->parent;
	u32 n;

	for (n = 0; n < c->turn; n++) {
		/* pairs with the parent's release, and the other way round */
		while (smp_load_acquire(&p->turn) != 1)
			if (gort_park("the parent's turn"))
				gort_yield();
		smp_store_release(&p->turn, 0); /* see above */
		if (!tort_is(TWIN_NOREADY) || n != 2)
			gort_ready(p->g);
	}
}

static void child(void *arg)
{
	struct tort_g *c = arg;
	u32 n;

	/* pairs with the acquire in started() */
	smp_store_release(&c->g, gort_get(gort_self()));
	gort_ready(c->parent->g);
	switch (c->job) {
	case JOB_ACTIONS:
		for (n = 1 + tort_rand(c, 3); n && !tort_stopping(); n--)
			one_action(c);
		break;
	case JOB_PAIR:
		take_turns(c);
		break;
	case JOB_CANCEL:
		park_until_cancelled(c);
		break;
	case JOB_SLEEP:
		sleep_until_cancelled(c);
		break;
	case JOB_EXIT:
		tort_act_recurse(c);
		break;
	case JOB_BLOCK:
		tort_block(c, 10000 + tort_rand(c, 20000));
		break;
	case JOB_LOCKED:
		gort_lock_thread(); /* or there are too many threads */
		tort_check(c);
		break;
	}
	child_ends(c);
}

/* NULL: there is no memory, or no more Gs are allowed. */
static struct tort_g *spawn(struct tort_g *t, u32 job, u32 turns)
{
	struct tort_g *c;
	int err;

	if (t->depth >= TORT_DEPTH)
		return NULL;
	c = tort_child_alloc();
	if (!c)
		return NULL;
	tort_g_init(c, t, t->share);
	c->job = job;
	c->turn = turns;
	atomic_inc(&t->left);
	atomic_long_inc(&tort_spawned);
	atomic_inc(&tort_live);
	err = gort_go(NULL, child, c);
	if (!err)
		return c;
	atomic_dec(&t->left);
	atomic_long_dec(&tort_spawned);
	atomic_dec(&tort_live);
	if (err != -ENOMEM && err != -EAGAIN)
		tort_errno(t, err);
	return NULL;
}

/* Wait until the child runs: it can be woken now. */
static void started(struct tort_g *c)
{
	/* pairs with the release in child() */
	while (!smp_load_acquire(&c->g))
		if (gort_park("the child's start"))
			gort_yield();
}

/* All children of @t have ended; nobody else knows this one. */
static void forget(struct tort_g *c)
{
	if (c)
		gort_put(c->g);
}

void tort_act_go(struct tort_g *t)
{
	struct tort_g *c[TORT_CHILDREN];
	u32 n = 1 + tort_rand(t, TORT_CHILDREN), i;

	for (i = 0; i < n; i++)
		c[i] = spawn(t, JOB_ACTIONS, 0);
	if (tort_one_in(t, 4))
		tort_errno(t, gort_yield());
	join(t);
	for (i = 0; i < n; i++)
		forget(c[i]);
}

/*
 * Ms are in blocking calls, so that Ps are idle for want of one, and meanwhile
 * there is always a little more work that somebody has to be found for.
 */
void tort_act_block(struct tort_g *t)
{
	struct tort_g *c[TORT_CHILDREN], *more;
	u32 i, n;

	for (i = 0; i < TORT_CHILDREN; i++)
		c[i] = spawn(t, JOB_BLOCK, 0);
	for (n = 0; n < 20 && atomic_read(&t->left); n++) {
		more = spawn(t, JOB_NONE, 0);
		if (!more)
			break;
		started(more);
		gort_put(more->g);
		tort_errno(t, gort_sleep(tort_rand(t, 2 * NSEC_PER_MSEC)));
	}
	join(t);
	for (i = 0; i < TORT_CHILDREN; i++)
		forget(c[i]);
}

void tort_act_yield(struct tort_g *t)
{
	u32 n = 1 + tort_rand(t, 8);

	while (n--) {
		tort_errno(t, gort_yield());
		tort_clock(t);
	}
}

void tort_act_pair(struct tort_g *t)
{
	u32 n = 4 + tort_rand(t, 30), i;
	struct tort_g *c;

	t->turn = 0;
	c = spawn(t, JOB_PAIR, n);
	if (!c)
		return;
	started(c);
	for (i = 0; i < n; i++) {
		smp_store_release(&t->turn, 1); /* see take_turns() */
		gort_ready(c->g);
		while (smp_load_acquire(&t->turn)) /* see there */
			if (gort_park("the child's turn"))
				gort_yield();
	}
	join(t);
	forget(c);
}

/* Not too early, and by nobody but the clock. */
void tort_act_sleep(struct tort_g *t)
{
	u64 ns = tort_rand(t, 3 * NSEC_PER_MSEC), start = tort_clock(t);
	int err;

	if (tort_one_in(t, 2)) {
		err = gort_sleep(tort_is(TWIN_EARLY) ? ns / 2 : ns);
		if (!tort_errno(t, err) && tort_clock(t) - start < ns)
			tort_fail(t, WHAT_EARLY, tort_clock(t) - start, ns);
		return;
	}
	err = gort_park_until(start + ns, "a deadline");
	if (err == -ETIME && tort_clock(t) - start < ns)
		tort_fail(t, WHAT_EARLY, tort_clock(t) - start, ns);
	if (err != -ETIME)
		tort_errno(t, err);
}

/* Made ready by an interrupt; if that is lost this does not return. */
void tort_act_irqready(struct tort_g *t)
{
	WRITE_ONCE(t->fired, 0);
	t->soft = tort_one_in(t, 2);
	gort_call(tort_k_timer_start, t);
	/* pairs with the release in timer_fired() */
	while (!smp_load_acquire(&t->fired))
		if (gort_park("an interrupt"))
			gort_yield();
	/* its function may not have returned yet */
	gort_call(tort_k_timer_cancel, t);
}

void tort_act_cancel(struct tort_g *t)
{
	struct tort_g *c = spawn(t, tort_one_in(t, 2) ? JOB_CANCEL : JOB_SLEEP,
				 0);

	if (!c)
		return;
	started(c);
	if (tort_one_in(t, 2))
		tort_errno(t, gort_yield());
	gort_cancel(c->g);
	join(t);
	forget(c);
}

void tort_act_exit(struct tort_g *t)
{
	struct tort_g *c = spawn(t, tort_one_in(t, 4) ? JOB_LOCKED : JOB_EXIT,
				 0);

	join(t);
	forget(c);
}

/* The world has just been stopped: what the beats are. */
void tort_world_note(void)
{
	u32 i;

	for (i = 0; i < TORT_SLOTS; i++)
		tort_seen[i] = READ_ONCE(tort_beats[i]);
}

/* Has nobody run since, but, maybe, the one with this beat? */
noinline bool tort_world_stands(u32 slot)
{
	bool changed = false;
	u32 i;

	for (i = 0; i < TORT_SLOTS; i++)
		changed |= i != slot &&
			   tort_seen[i] != READ_ONCE(tort_beats[i]);
	return !changed;
}

/*
 * The world stands still, and a request that comes meanwhile is answered when
 * it runs again.
 */
void tort_act_stw(struct tort_g *t)
{
	struct gort_g_stats in, out;
	u32 n = tort_rand(t, 200);
	int err = 0;

	if (!tort_is(TWIN_NOSTOP))
		err = gort_stop_the_world();
	if (tort_errno(t, err))
		return;
	gort_self_stats(&in);
	gort_preempt_self();
	tort_world_note();
	while (n--)
		if (!tort_world_stands(t->slot))
			tort_fail(t, WHAT_WORLD, 0, 0);
	if (!tort_is(TWIN_NOSTOP))
		gort_start_the_world();
	tort_check(t);
	gort_self_stats(&out);
	if (out.preempted == in.preempted)
		tort_fail(t, WHAT_LOST, 0, 0);
}
