// SPDX-License-Identifier: GPL-2.0-only
/*
 * The deadlock detector: all Gs of a context are asleep, and nothing is left
 * that could wake one of them.
 *
 * A G is asleep for good, as far as it can tell itself, when it sleeps without
 * a timer of its own: only somebody else can wake it, and if everybody who
 * could is asleep as well, nobody will. Whoever waits for the context, and
 * would wait for ever, is told: each G with what it runs and waits for in the
 * log, and -EDEADLK. That ends the waiting, not the Gs: from outside they can
 * still be cancelled.
 *
 * It is found by counting. ctx->awake has in its lower half how many Gs are not
 * asleep for good. A G counts from when it is made (gort_ctx_add()) until it
 * has ended (gort_ctx_del()), but for the time from its park to its wake-up:
 *
 *	park, off its stack (gort_parked)	ready (give_permit)
 *	-------------------------		-------------------
 *  1.	rcu_read_lock()				xchg(wait, GIVEN)
 *  2.	cmpxchg(wait, NONE, PARKED)		found PARKED: awake + 1
 *  3.	done: awake - 1; 0: wake the waiters	put the G into a queue
 *  4.	rcu_read_unlock()
 *
 * Zero is exact: nothing need be looked at a second time, nor one by one, which
 * would be wrong anyway (while the list is walked two Gs that wake each other
 * may be seen asleep in turn). What one G adds to the count is never below 0,
 * as its minus comes after PARKED and its plus after PARKED was found; and it is
 * 1 or more while the G runs or is queued, since the plus comes before the
 * queue. So at zero every G has parked, its minus is done and its plus is not:
 *
 *  - A waker between its steps 1 and 2? Not one of these Gs, which would be
 *    running and count itself. It comes from outside.
 *  - A minus that is late, since the M was preempted after PARKED and the G is
 *    already running elsewhere: the count is too high by one until then. Who
 *    steps to zero last wakes the waiters, so this is late, not lost.
 *  - A G that was given its permit before it slept: step 2 fails, no minus.
 *  - A G in a blocking call, in gort_call(), preempted, or in a queue, has not
 *    parked. Nor has one that waits for a gort lock: that is the M.
 *  - A sleep with a deadline (g->dozes): neither minus nor plus, its timer is
 *    somebody who will wake it. The flag changes only while the G runs, and who
 *    looks at it is the M before PARKED, or the one waker that found PARKED.
 *  - A spawn: the child counts before gort_go() returns, in which the parent
 *    does. A submit, a cancel: from outside, see below.
 *  - An end: it counts until after its completion was published, and what is
 *    looked at is the count first, then the completions: who finds zero finds
 *    them all.
 *
 * The minus comes after PARKED, when another M may run the G to its end and the
 * context may be freed: hence the RCU section and kfree_rcu(). Before PARKED it
 * would need no such care, but zero would not be exact: a G on its way to sleep
 * that has its permit already would be missing.
 *
 * What comes from outside (a submit, a cancel, a module that readies a G of its
 * own accord, a finalizer that a collection starts) ends a deadlock that was one
 * until then, and who is told of it just before is told the truth. Save for this:
 *
 *  - A cancel of all is one step to who asks for it, but not here: the first Gs
 *    may be gone while those that waited for them are still asleep. Until it is
 *    over (ctx->cancelling) there is no deadlock, afterwards it is looked again.
 *    In a context that is being destroyed there is none at all.
 *  - Gs that are woken from outside as a rule. Nobody can know, so it has to be
 *    said: ctx->watched is false for a module's context unless it asks by
 *    gort_ctx_watch(); it is true for a file, until the first task of a workload
 *    with woken_outside, or until one of its Gs spawns one into another context,
 *    which may wake it from there.
 *
 * The upper half of ctx->awake counts the pluses. It tells one deadlock from the
 * next, so that each is reported and counted once, however many wait.
 *
 * Rejected: a walk over all Gs by who waits (see above, and 100,000 Gs under a
 * spinlock); to look only when an M becomes idle, as Go does (it has one set of
 * Gs, here another file may keep all Ms busy); and to report when nobody waits:
 * who has not come to wait yet may be about to submit what wakes them.
 */

#include <linux/kernel.h>
#include <linux/ratelimit.h>
#include <linux/string.h>

#include "gort.h"

/* Gs that a report names */
#define DEAD_SHOWN	8

/**
 * struct dead_report - what is printed when no lock is held any more
 * @nr: Gs of the context
 * @shown: how many of them are in @g
 * @name: the context's
 * @g: each with its id, its body, and the reason of its park
 */
struct dead_report {
	unsigned int nr;
	unsigned int shown;
	char name[GORT_NAME_LEN];
	struct {
		u64 id;
		const void *body;
		char reason[32];
	} g[DEAD_SHOWN];
};

/**
 * gort_ctx_watch() - let waiting for a context find a deadlock
 * @ctx: the context, whose Gs are woken by each other and their own deadlines
 *	alone
 *
 * From now on gort_ctx_wait() returns -EDEADLK when all Gs of the context are
 * asleep in gort_park(). Not for a context whose Gs are also woken by anything
 * else: interrupts, timers, tasks, Gs of other contexts. One that starts a G in
 * another context is not watched any more.
 *
 * Context: any.
 */
void gort_ctx_watch(struct gort_ctx *ctx)
{
	WRITE_ONCE(ctx->watched, true);
	wake_up_all(&ctx->wait); /* who waits already is to look */
}
EXPORT_SYMBOL_GORT(gort_ctx_watch);

/* The Gs of @ctx may be woken from outside from now on. */
void gort_ctx_unwatch(struct gort_ctx *ctx)
{
	if (READ_ONCE(ctx->watched))
		WRITE_ONCE(ctx->watched, false);
}

/* The last G that was awake is not; ctx->lock is held, or rcu_read_lock(). */
void gort_all_asleep(struct gort_ctx *ctx)
{
	/* pairs with the barrier of a waiter that prepares to sleep */
	if (READ_ONCE(ctx->watched) && wq_has_sleeper(&ctx->wait))
		wake_up_all(&ctx->wait);
}

static bool is_dead(const struct gort_ctx *ctx)
{
	lockdep_assert_held(&ctx->lock);
	return !gort_nr_awake(ctx) && ctx->nr_gs && READ_ONCE(ctx->watched) &&
	       !ctx->cancelled && !ctx->cancelling;
}

/**
 * gort_checkdead() - are all Gs of a context asleep for good?
 * @ctx: the context
 *
 * What its Gs did before they fell asleep is seen afterwards. Cheap if not.
 * As checkdead in Go, which looks at all there is.
 *
 * Context: process; may be called by who is about to sleep.
 * Return: true if so; it stays so until something comes from outside.
 */
bool gort_checkdead(struct gort_ctx *ctx)
{
	bool dead;

	if (gort_nr_awake(ctx))
		return false;
	spin_lock(&ctx->lock);
	dead = is_dead(ctx);
	spin_unlock(&ctx->lock);
	return dead;
}

/*
 * Nobody but a cancel or close from outside can wake these Gs, and one that is
 * woken stays in the list, and its module in memory, until ctx->lock is free:
 * the module waits for RCU before it goes.
 */
static void dead_collect(struct gort_ctx *ctx, struct dead_report *r)
{
	const char *reason;
	struct gort_g *g;

	lockdep_assert_held(&ctx->lock);
	r->nr = ctx->nr_gs;
	r->shown = 0;
	strscpy(r->name, ctx->name, sizeof(r->name));
	list_for_each_entry(g, &ctx->gs, ctx_node) {
		if (r->shown == DEAD_SHOWN)
			break;
		r->g[r->shown].id = g->id;
		r->g[r->shown].body = g->body;
		reason = READ_ONCE(g->wait_reason);
		strscpy(r->g[r->shown].reason, reason ?: "?",
			sizeof(r->g[0].reason));
		r->shown++;
	}
}

static void dead_print(const struct dead_report *r)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);
	unsigned int i;

	if (!__ratelimit(&limit))
		return;
	pr_warn("deadlock in %s: all its green threads (%u) are asleep, and nobody is left to wake them: cancel them\n",
		r->name, r->nr);
	for (i = 0; i < r->shown; i++)
		pr_warn("G %llu of %s: in %ps, waits for: %s\n", r->g[i].id,
			r->name, r->g[i].body, r->g[i].reason);
	if (r->nr > r->shown)
		pr_warn("and %u more of %s\n", r->nr - r->shown, r->name);
}

/**
 * gort_report_dead() - say who is asleep in a deadlock
 * @ctx: the context, for which gort_checkdead() was true
 *
 * Each deadlock is reported once. One that has just ended is not.
 *
 * Context: process.
 */
void gort_report_dead(struct gort_ctx *ctx)
{
	struct dead_report r;
	u64 awake;

	spin_lock(&ctx->lock);
	awake = atomic64_read(&ctx->awake);
	if (!is_dead(ctx) || ctx->told == awake) {
		spin_unlock(&ctx->lock);
		return;
	}
	ctx->told = awake;
	dead_collect(ctx, &r);
	spin_unlock(&ctx->lock);

	raw_spin_lock_irq(&gort_sched.lock);
	gort_sched.stats.deadlocks++;
	raw_spin_unlock_irq(&gort_sched.lock);
	dead_print(&r);
}
