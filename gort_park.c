// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a G does to leave its stack, and what brings it back.
 *
 * These functions are called by G code and run on the G's stack, inside its
 * guard: their frames are small, and what needs room runs on the M's stack by
 * gort_systemstack(). A G that comes back may be on another M: after a switch
 * nothing is taken from before it but the G itself, and neither current (which
 * the compiler may have kept: gort_current() reads it anew) nor the M.
 *
 * gort_park() and gort_ready() share one permit per G (g->wait). gort_ready()
 * gives it, gort_park() takes it and sleeps while there is none: a wake-up that
 * comes before the sleep is not lost, and two of them are one. Who parks looks
 * at its condition again afterwards.
 *
 *	gort_park, then elsewhere	gort_ready, anywhere
 *	-------------------------	--------------------
 *	the G's registers are saved	the condition is made true
 *	cmpxchg(wait, NONE, PARKED) [2]	old = xchg(wait, GIVEN)	[2]
 *	failed: the G is ready again	old was PARKED: into a queue
 *
 * Elsewhere is g0, or the stack of the G that comes on instead (gort_straight.c).
 * Both operations are fully ordered: who takes the permit sees what was done
 * before it was given, and who finds PARKED sees the saved registers. Both count
 * for the deadlock detector (gort_dead.c).
 *
 * Rejected: an unlock function that the M calls after the switch, as gopark
 * has it. It allows a wait queue without a permit, but each waker must then
 * hold the queue's lock, which an interrupt handler or a timer does not have.
 */

#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/sched.h>

#include "gort_runq.h"
#include "gort_trace.h"

/* Why the caller may not leave its stack, with a message. */
int gort_may_not_leave(struct gort_g *g, const char *what)
{
	if (!g || !gort_on_gstack(g)) {
		pr_warn_ratelimited("%s: only G code can do that, and not inside gort_call(): called by %s (%d)\n",
				    what, current->comm, current->pid);
		return -EPERM;
	}
	gort_misuse(g, what,
		    "with a gort lock held or a section open: release it first");
	return -EDEADLK;
}

/**
 * gort_yield() - let others run
 *
 * The G goes to the end of its P's queue, or, if no other G of its context is
 * ready, ends the context's turn. As Gosched in Go.
 *
 * Context: G.
 * Return: 0, -ECANCELED if the G is to end, -EDEADLK if it holds a gort lock
 * or has a section open, -EPERM outside a G.
 */
int gort_yield(void)
{
	struct gort_g *g = gort_getg();
	int err = gort_may_leave(g, "gort_yield");

	if (err)
		return err;
	gort_mcall(g, GORT_ACT_YIELD);
	return gort_g_cancelled(g) ? -ECANCELED : 0;
}
EXPORT_SYMBOL_GORT(gort_yield);
NOKPROBE_SYMBOL(gort_yield);

/**
 * gort_exit() - end the calling G
 *
 * The same as returning from its body. What it holds it takes along: its locks
 * are released with a message, memory it got elsewhere is not.
 *
 * Context: G. Outside a G there is nothing to end and no error to return: the
 * task sleeps for good, with a message.
 */
void gort_exit(void)
{
	struct gort_g *g = gort_getg();

	if (!g || !gort_on_gstack(g)) {
		pr_err("%s (%d) ends a G but is not one: it sleeps from now on\n",
		       current->comm, current->pid);
		for (;;)
			schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
	}
	for (;;)
		gort_mcall(g, GORT_ACT_EXIT);
}
EXPORT_SYMBOL_GORT(gort_exit);

/* Take the permit, or sleep until there is one. */
static void park(struct gort_g *g, const char *reason)
{
	if (atomic_xchg(&g->wait, GORT_PERMIT_NONE) == GORT_PERMIT_GIVEN)
		return;
	WRITE_ONCE(g->wait_reason, reason);
	WRITE_ONCE(g->since, jiffies);
	gort_mcall(g, GORT_ACT_PARK);
	WRITE_ONCE(g->wait_reason, NULL);
	/* [2]: see what the waker did */
	atomic_xchg(&g->wait, GORT_PERMIT_NONE);
}

/**
 * gort_park() - sleep until gort_ready()
 * @reason: what it waits for, for whoever looks; a literal
 *
 * Returns at once if gort_ready() was called since the last park. It may also
 * return early: look at the condition again, and park again if need be. As
 * gopark in Go, with a permit instead of an unlock function.
 *
 * Context: G.
 * Return: 0, -ECANCELED if the G is to end (it does not sleep then), -EDEADLK
 * if it holds a gort lock or has a section open, -EPERM outside a G.
 */
int gort_park(const char *reason)
{
	struct gort_g *g = gort_getg();
	int err = gort_may_leave(g, "gort_park");

	if (err)
		return err;
	if (gort_g_cancelled(g))
		return -ECANCELED;
	park(g, reason);
	return gort_g_cancelled(g) ? -ECANCELED : 0;
}
EXPORT_SYMBOL_GORT(gort_park);
NOKPROBE_SYMBOL(gort_park);

/* gort_park() that does not mind that the caller, @g, is to end. */
void gort_park_must(struct gort_g *g, const char *reason)
{
	park(g, reason);
}

NOKPROBE_SYMBOL(gort_park_must);

/* Has @g none? Then it sleeps from here on. */
static bool no_permit(struct gort_g *g)
{
	return atomic_cmpxchg(&g->wait, GORT_PERMIT_NONE,
			      GORT_PERMIT_PARKED) == GORT_PERMIT_NONE;
}

/*
 * [2], on g0: @g has left its stack to sleep. False: it has a permit already,
 * and the caller queues it. If true, it may come on elsewhere at any time, and
 * nothing of it is used any more; the context is still there thanks to RCU.
 */
bool gort_parked(struct gort_g *g)
{
	struct gort_ctx *ctx = g->ctx;
	bool dozes = g->dozes, parked;

	rcu_read_lock();
	parked = no_permit(g);
	if (parked && !dozes && gort_count_asleep(ctx))
		gort_all_asleep(ctx);
	rcu_read_unlock();
	return parked;
}

/*
 * The same on the stack of another G of the context, which is awake itself: @g
 * is not the last one, and the context stays.
 */
bool gort_parked_beside(struct gort_g *g)
{
	struct gort_ctx *ctx = g->ctx;
	bool dozes = g->dozes, parked;

	parked = no_permit(g);
	if (parked && !dozes)
		gort_count_asleep(ctx);
	return parked;
}

NOKPROBE_SYMBOL(gort_parked_beside);

static enum hrtimer_restart timer_fired(struct hrtimer *t)
{
	gort_ready(container_of(t, struct gort_g, timer));
	return HRTIMER_NORESTART;
}

static unsigned long timer_start(unsigned long g, unsigned long deadline,
				 unsigned long unused)
{
	struct hrtimer *t = &((struct gort_g *)g)->timer;

	((struct gort_g *)g)->dozes = true;
	gort_hrtimer_setup(t, timer_fired, HRTIMER_MODE_ABS_SOFT);
	hrtimer_start(t, ns_to_ktime(deadline), HRTIMER_MODE_ABS_SOFT);
	return 0;
}

static unsigned long timer_stop(unsigned long g, unsigned long unused1,
				unsigned long unused2)
{
	hrtimer_cancel(&((struct gort_g *)g)->timer);
	((struct gort_g *)g)->dozes = false;
	return 0;
}

/**
 * gort_park_until() - gort_park() with a deadline
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now()
 * @reason: what it waits for; a literal
 *
 * Context: G.
 * Return: as gort_park(), and -ETIME if the deadline has passed.
 */
int gort_park_until(u64 deadline_ns, const char *reason)
{
	struct gort_g *g = gort_getg();
	int err = gort_may_leave(g, "gort_park_until");

	if (err)
		return err;
	if (gort_g_cancelled(g))
		return -ECANCELED;
	deadline_ns = min_t(u64, deadline_ns, KTIME_MAX);
	gort_systemstack(g, (unsigned long)g, deadline_ns, 0, timer_start);
	park(g, reason);
	gort_systemstack(g, (unsigned long)g, 0, 0, timer_stop);
	if (gort_g_cancelled(g))
		return -ECANCELED;
	return gort_now() >= deadline_ns ? -ETIME : 0;
}
EXPORT_SYMBOL_GORT(gort_park_until);
NOKPROBE_SYMBOL(gort_park_until);

/**
 * gort_sleep_until() - sleep until a point in time
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now()
 *
 * Context: G.
 * Return: 0 when the time has come, else as gort_park().
 */
int gort_sleep_until(u64 deadline_ns)
{
	int err;

	do {
		err = gort_park_until(deadline_ns, "sleep");
	} while (!err);
	return err == -ETIME ? 0 : err;
}
EXPORT_SYMBOL_GORT(gort_sleep_until);
NOKPROBE_SYMBOL(gort_sleep_until);

/**
 * gort_sleep() - sleep for a while
 * @ns: nanoseconds, from now
 *
 * Context: G.
 * Return: as gort_sleep_until().
 */
int gort_sleep(u64 ns)
{
	u64 now = gort_now();

	return gort_sleep_until(ns > U64_MAX - now ? U64_MAX : now + ns);
}
EXPORT_SYMBOL_GORT(gort_sleep);
NOKPROBE_SYMBOL(gort_sleep);

static unsigned long now_on_m(unsigned long unused1, unsigned long unused2,
			      unsigned long unused3)
{
	return ktime_get_ns();
}

/**
 * gort_now() - CLOCK_MONOTONIC in nanoseconds
 *
 * Context: any.
 * Return: the time.
 */
u64 gort_now(void)
{
	struct gort_g *g = gort_getg();

	return g ? gort_systemstack(g, 0, 0, 0, now_on_m) : ktime_get_ns();
}
EXPORT_SYMBOL_GORT(gort_now);

/* [2]: give the permit. Did @g sleep, and is the caller to queue it? */
static bool give_permit(struct gort_g *g)
{
	if (atomic_xchg(&g->wait, GORT_PERMIT_GIVEN) != GORT_PERMIT_PARKED)
		return false;
	if (!g->dozes)
		gort_count_awake(g->ctx);
	return true;
}

static unsigned long trace_on_m(unsigned long g, unsigned long unused1,
				unsigned long unused2)
{
	trace_ready((struct gort_g *)g);
	return 0;
}

static unsigned long put_on_m(unsigned long g, unsigned long p,
			      unsigned long unused)
{
	gort_runqput((struct gort_p *)p, (struct gort_g *)g, true);
	return (unsigned long)gort_wakep();
}

/*
 * From a G. Mostly all of it is done on its own stack: no event is traced, the
 * other one comes next on this P, and no P is idle. Return: as gort_wakep().
 */
static struct gort_p *ready_here(struct gort_g *self, struct gort_g *g)
{
	struct gort_p *p = self->m->p;

	if (!give_permit(g))
		return NULL;
	if (trace_ready_enabled())
		gort_systemstack(self, (unsigned long)g, 0, 0, trace_on_m);
	if (g->ctx == p->ctx && !g->lockcount && !gort_runqfull(p)) {
		gort_runqput(p, g, true);
		/* [1] is in the exchange there */
		if (!READ_ONCE(gort_sched.nidle))
			return NULL;
		return gort_wakep_on_m(self);
	}
	return (struct gort_p *)gort_systemstack(self, (unsigned long)g,
						 (unsigned long)p, 0, put_on_m);
}

/**
 * gort_ready() - wake a G that parks, or let its next park return at once
 * @g: the G; the caller holds a reference or knows that it has not ended
 *
 * From a G of the same context, the other one comes next on the same P, in the
 * rest of the slice; from elsewhere it goes to the global queue. A G that has
 * ended stays ended.
 * As ready in Go.
 *
 * Context: any. What it wakes: at most one M, besides @g.
 */
void gort_ready(struct gort_g *g)
{
	struct gort_g *self = gort_getg();
	struct gort_p *p;

	if (!self) {
		if (!give_permit(g))
			return;
		trace_ready(g);
		gort_submit_global(g);
		return;
	}
	gort_enter(self);
	gort_at_site(self, GORT_SITE_READY);
	p = ready_here(self, g);
	gort_releasem(self, GORT_SITE_READY);
	if (p)
		gort_allocm(p);
}
EXPORT_SYMBOL_GORT(gort_ready);
NOKPROBE_SYMBOL(gort_ready);
