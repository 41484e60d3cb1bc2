// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stop the world: no G runs but the one that asked for it.
 *
 *  1. gort_world is acquired: one stop at a time, and none while the set of Ps
 *     changes. A G waits for it in a blocking call, so that who has it can take
 *     the G's P meanwhile. A G that gets it and has no P lets go of it and waits
 *     anew: to get a P it may need an M, and who makes Ms needs gort_world.
 *  2. The G counts as holding a runtime lock until the world starts again: it
 *     is not preempted, must not block, and keeps its P.
 *  3. All other Ps are taken (gort_proc.c): their Gs have left their stacks, or
 *     are in a blocking call, from which they come back without a P.
 *  4. gort_start_the_world() gives the Ps back, then gort_world, and restores a
 *     request that came meanwhile.
 *
 * How long step 3 takes is measured: it is what the restores are for. A G that
 * holds a lock declines the request, and yields at its first check after the
 * release. Without the restore it yields only if a request happens to find it
 * outside, and requests are sent until one does.
 *
 * Tasks that are no Gs run on. They may make Gs and make them ready; none of
 * them comes on.
 */

#include <linux/ktime.h>
#include <linux/sort.h>

#include "gort_trace.h"

/* Of so many stops the median is told */
#define STW_RECORDS	128

static u32 stw_ns[STW_RECORDS];		/* W, read without */
static u64 stw_since;			/* when it stood still; W */
static struct gort_g *stw_g;		/* the G that stopped it; W */
static struct task_struct *stw_task;	/* or the task; W, read by itself */

/* Step 3; @self is the P of the G that asks, or NULL. */
static void stop(struct gort_p *self)
{
	u64 start = ktime_get_ns(), ns;
	unsigned int cpu, rounds;
	struct gort_p *p;

	trace_stw(stw_g, GORT_PHASE_BEGIN, 0);
	for_each_possible_cpu(cpu) {
		p = gort_p_of(cpu);
		if (p->active && p != self)
			WRITE_ONCE(p->stop, true);
	}
	rounds = gort_ps_take();
	stw_since = ktime_get_ns();
	ns = stw_since - start;
	trace_stw(stw_g, GORT_PHASE_STOPPED, ns);

	raw_spin_lock_irq(&gort_sched.lock);
	WRITE_ONCE(stw_ns[gort_sched.stats.stops++ % STW_RECORDS],
		   min_t(u64, ns, U32_MAX));
	gort_sched.stats.stop_sends += rounds;
	gort_sched.stats.stop_max_ns = max(gort_sched.stats.stop_max_ns, ns);
	raw_spin_unlock_irq(&gort_sched.lock);
}

/* Step 4, but for the restore. */
static void start(void)
{
	unsigned int cpu;
	struct gort_p *p;

	if (trace_stw_enabled())
		trace_stw(stw_g, GORT_PHASE_START, ktime_get_ns() - stw_since);
	WRITE_ONCE(stw_g, NULL);
	WRITE_ONCE(stw_task, NULL);
	for_each_possible_cpu(cpu) {
		p = gort_p_of(cpu);
		if (p->stop)
			gort_p_give(p);
	}
	up(&gort_world);
}

/* Step 1 of a G, in its blocking call. */
static long world_down(void *g)
{
	down(&gort_world);
	WRITE_ONCE(stw_g, g);
	return 0;
}

/* @g is back from a blocking call, without a P. Was it that one? On g0. */
void gort_stw_no_p(struct gort_g *g)
{
	if (READ_ONCE(stw_g) != g)
		return;
	WRITE_ONCE(stw_g, NULL);
	up(&gort_world);
}

static unsigned long stop_on_m(unsigned long g, unsigned long unused1,
			       unsigned long unused2)
{
	stop(((struct gort_g *)g)->m->p);
	return 0;
}

static unsigned long start_on_m(unsigned long unused1, unsigned long unused2,
				unsigned long unused3)
{
	start();
	return 0;
}

/**
 * gort_stop_the_world() - let no other G run
 *
 * When it returns, all other Gs have left their stacks or are in a blocking
 * call, and stay there until the caller calls gort_start_the_world(), which is
 * to be soon. In between the caller must not block, yield or park, nor change
 * the number of Ps. As stoptheworld in Go.
 *
 * It takes as long as a G may hold a lock or run an ordinary function; a loop
 * that makes no calls is stopped by the tick (see the parameter async).
 *
 * Context: G with no gort lock held and no section open, or process.
 * Return: 0, -EDEADLK if the caller has stopped it already, or is a G with a
 * gort lock held or a section open, -EPERM inside gort_call().
 */
int gort_stop_the_world(void)
{
	struct gort_g *g = gort_getg();

	if (!g) {
		if (READ_ONCE(stw_task) == current)
			return -EDEADLK;
		down(&gort_world);
		WRITE_ONCE(stw_task, current);
		stop(NULL);
		return 0;
	}
	if (!gort_on_gstack(g)) {
		pr_warn_ratelimited("%s: not inside gort_call(): called by %s (%d)\n",
				    __func__, current->comm, current->pid);
		return -EPERM;
	}
	do {
		if (gort_syscall(world_down, g))
			return -EDEADLK;
	} while (READ_ONCE(stw_g) != g);
	gort_acquirem(g);
	gort_systemstack(g, (unsigned long)g, 0, 0, stop_on_m);
	return 0;
}
EXPORT_SYMBOL_GORT(gort_stop_the_world);

/**
 * gort_start_the_world() - let Gs run again
 *
 * Only after gort_stop_the_world() has returned 0, by the same G or task. As
 * starttheworld in Go.
 *
 * Context: as for gort_stop_the_world(). What it wakes: an M for each P that
 * has work.
 */
void gort_start_the_world(void)
{
	struct gort_g *g = gort_getg();

	if (!g && READ_ONCE(stw_task) == current) {
		start();
	} else if (g && READ_ONCE(stw_g) == g) {
		gort_systemstack(g, 0, 0, 0, start_on_m);
		gort_at_site(g, GORT_SITE_STW);
		gort_releasem(g, GORT_SITE_STW);
	} else {
		pr_warn_ratelimited("%s: the caller, %s (%d), has not stopped it\n",
				    __func__, current->comm, current->pid);
	}
}
EXPORT_SYMBOL_GORT(gort_start_the_world);

/* @g has left its stack with a lock held; was that the world? On g0. */
void gort_stw_abandon(struct gort_g *g)
{
	if (READ_ONCE(stw_g) == g)
		start();
}

static int cmp_u32(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

/* The median of the last stops; process context. */
u64 gort_stw_median(void)
{
	u32 ns[STW_RECORDS];
	unsigned int i, n;

	n = min_t(u64, READ_ONCE(gort_sched.stats.stops), STW_RECORDS);
	for (i = 0; i < n; i++)
		ns[i] = READ_ONCE(stw_ns[i]);
	sort(ns, n, sizeof(ns[0]), cmp_u32, NULL);
	return n ? ns[n / 2] : 0;
}
