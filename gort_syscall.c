// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel functions called from G code, and what becomes of the P when they
 * block.
 *
 * gort_call() runs a function on the M's stack and is for what does not block;
 * gort_syscall() is for what may. In between the G is in a blocking call:
 *
 *  1. entersyscall: the M says so (p->sysm = m) and is no M for anybody: the
 *     function runs in ordinary process context. The P stays where it is, so
 *     that a call that is short costs little.
 *  2. The tick (gort_retake()) that finds the same call for a whole tick takes
 *     the P: it exchanges p->sysm for NULL and hands the P to another M of this
 *     CPU, or makes it idle. The same does whoever stops the P.
 *  3. exitsyscall, own P: the M exchanges p->sysm for NULL itself and goes on.
 *  4. exitsyscall, idle P: the P was taken, but nobody has it now: the M takes
 *     it and goes on.
 *  5. Else the G goes to the global queue, and the M sleeps until it gets the P
 *     again. The G has left its stack when it called gort_on_g0(), and that is
 *     where it goes on: the M, without a P, must not run on it, as the collector
 *     may be looking at it.
 *
 * A request that comes during the call is kept in g->preempt and armed at 3 and
 * 4. The slice goes on meanwhile, so that many short calls do not evade
 * preemption.
 *
 * Who does not announce that he blocks (in gort_call()) is found out by the tick
 * (gort_asleep()): when the M sleeps in the same place for a whole tick the P
 * goes on without it, with a message that names the function; 4 and 5 come after
 * the function. Not so while the G holds a gort lock: others would run into it.
 *
 * Ordering. p->sysm changes on the P's CPU with interrupts off, or by
 * compare-and-exchange, so that one alone has the P. An M that is not on its
 * CPU any more (an announced call does not keep the CPU from going offline)
 * gives the P away under sched.lock, for which the tick on that CPU waits.
 *
 * Rejected: a thread for each call (io_uring's workers show what becomes of
 * it); handing the P on at once (two switches of kthreads for a call that mostly
 * does not block); and the scheduler's preempt notifier to find who sleeps. It
 * runs at each switch of each M for what the tick sees as well, and its static
 * key patches the scheduler's code at each load and unload of this module: under
 * QEMU's emulation of more than one CPU that ends, once in some hundred times,
 * with a CPU that executes the patch's breakpoint for ever.
 */

#include <linux/bottom_half.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/rcupdate.h>

#include "gort_runq.h"
#include "gort_trace.h"

/* Step 1; with interrupts off. The tick sees a call, or a G that runs. */
static void entersyscall(struct gort_m *m, struct gort_g *g)
{
	struct gort_p *p = m->p;

	lockdep_assert_irqs_disabled();
	m->callg = g;
	WRITE_ONCE(p->calltick, p->calltick + 1);
	gort_cpu_write(gort_mtask, NULL);
	gort_cpu_write(gort_curg, &gort_nog);
	/* pairs with the exchanges: the G is in order when it is taken */
	smp_store_release(&p->sysm, m);
}

/* The M has its P again, and @g is current; a request that came is armed. */
static void back(struct gort_m *m, struct gort_g *g, int site)
{
	struct gort_p *p = m->p;

	gort_m_take(m);
	gort_cpu_write(gort_curg, g);
	gort_tick_start(p);
	if (unlikely(READ_ONCE(p->stop)))
		gort_request_current();
	if (READ_ONCE(g->preempt))
		gort_restore(g, site);
}

/* Step 3. */
static bool exit_own(struct gort_m *m, struct gort_g *g)
{
	if (cmpxchg(&m->p->sysm, m, NULL) != m) /* pairs with takers' */
		return false;
	trace_syscall_exit(g, GORT_EXIT_OWN);
	back(m, g, GORT_SITE_EXIT_OWN);
	return true;
}

/* Step 4; also for a P that waits for an M to be made. */
static bool exit_idle(struct gort_m *m, struct gort_g *g)
{
	struct gort_p *p = m->p;
	bool ok;

	raw_spin_lock_irq(&gort_sched.lock);
	ok = p->active && !p->m && !p->taken;
	if (ok) {
		gort_p_busy(p);
		WRITE_ONCE(p->m, m);
	}
	raw_spin_unlock_irq(&gort_sched.lock);
	if (!ok)
		return false;
	trace_syscall_exit(g, GORT_EXIT_IDLE);
	back(m, g, GORT_SITE_EXIT_IDLE);
	gort_wake(); /* it may have been meant to look for work */
	return true;
}

/*
 * The tick has found a call; hard interrupt on the P's CPU. @over: the slice is
 * used up. The M can't come back meanwhile but elsewhere, under the lock.
 */
void gort_retake(struct gort_p *p, bool over)
{
	bool take = false;
	struct gort_m *m;
	u64 gid = 0;

	raw_spin_lock(&gort_sched.lock);
	m = READ_ONCE(p->sysm);
	if (m) {
		gid = m->callg->id;
		if (over)
			gort_request_blocked(m->callg, p);
		take = p->callseen == p->calltick;
		p->callseen = p->calltick;
		if (take && gort_m_limit(p)) {
			p->stats.thread_limit++;
			take = false;
		}
	}
	raw_spin_unlock(&gort_sched.lock);
	if (!take || !gort_handoffp(p, m))
		return;
	p->stats.retaken++;
	trace_syscall_retake(gid, p->cpu);
}

/* @m may block in @fn from here on, on behalf of @g: for whoever looks. */
static void call_begins(struct gort_m *m, struct gort_g *g, void *fn)
{
	WRITE_ONCE(m->call, fn);
	WRITE_ONCE(g->since, jiffies);
	WRITE_ONCE(g->call, fn);
}

static void call_ends(struct gort_m *m, struct gort_g *g)
{
	WRITE_ONCE(g->call, NULL);
	WRITE_ONCE(m->call, NULL);
}

/* The P has gone on without the M that runs @fn for @g. */
static void say_asleep(struct gort_p *p, const struct gort_g *g, void *fn)
{
	p->stats.retaken++;
	p->stats.unannounced++;
	trace_syscall_retake(g->id, p->cpu);
	gort_warn(g, "%ps sleeps in gort_call(); others go on without this thread. Use gort_syscall()\n",
		  fn);
}

/*
 * The tick: does the M of @g sleep in a function that gort_call() runs? Then it
 * loses the P if it has done so for a whole tick, or if the P is wanted. Hard
 * interrupt on the P's CPU, which the M does not leave: it stands still.
 */
void gort_asleep(struct gort_p *p, struct gort_g *g)
{
	struct gort_m *m = g->m;
	void *fn = m->call;
	bool same, limit;

	if (!fn || gort_m_busy(m) || current == m->task || task_is_running(m->task))
		return;
	same = p->sleepseen == m->task->nvcsw;
	p->sleepseen = m->task->nvcsw;
	raw_spin_lock(&gort_sched.lock);
	limit = gort_m_limit(p);
	raw_spin_unlock(&gort_sched.lock);
	if (READ_ONCE(p->stop))
		limit = false;
	else if (!same)
		return;
	if (limit) {
		p->stats.thread_limit++;
		return;
	}
	call_begins(m, g, fn);
	gort_cpu_write(gort_mtask, NULL);
	gort_cpu_write(gort_curg, &gort_nog);
	gort_handoffp(p, NULL);
	say_asleep(p, g, fn);
}

/*
 * Put the M into a state that it was in before. The count is set, not stepped:
 * it may be wrong in either direction. Only softirqs are turned on by their own
 * function, as lockdep keeps account of that; and before RCU, whose lock may be
 * part of their being off.
 */
void gort_close_beyond(int count, int rcu, bool off)
{
	const int bh = count & SOFTIRQ_MASK;

	gort_preempt_count_set(count);
	if (irqs_disabled() && !off)
		local_irq_enable();
	while (gort_bh_count() > bh)
		gort_bh_enable(rcu_preempt_depth() > rcu);
	while (rcu_preempt_depth() > rcu) {
		__acquire(RCU);
		rcu_read_unlock();
	}
}

/* Run @fn; did it leave the M as it was? */
static long run(struct gort_g *g, long (*fn)(void *arg), void *arg)
{
	int count = gort_preempt_count(), rcu = rcu_preempt_depth();
	bool off = irqs_disabled();
	long ret;

	ret = fn(arg);
	if (likely(gort_preempt_count() == count && rcu_preempt_depth() == rcu &&
		   irqs_disabled() == off))
		return ret;
	gort_close_beyond(count, rcu, off);
	g->status = -EDEADLK;
	WRITE_ONCE(g->cancelled, true);
	gort_warn(g, "%ps returned with another preemption, interrupt or RCU state than it was called with; the G is cancelled\n",
		  fn);
	return ret;
}

/* Does the M have its P? To be asked by itself, and not inside a call. */
static bool has_p(const struct gort_m *m)
{
	return READ_ONCE(m->p->m) == m;
}

/* Step 5, if it has come to that: then this does not return. On g0. */
static void reschedule(struct gort_m *m, struct gort_g *g)
{
	if (likely(has_p(m)))
		return;
	trace_syscall_exit(g, GORT_EXIT_QUEUED);
	gort_stw_no_p(g);
	m->callg = g;
	m->action = GORT_ACT_BLOCKED;
	gort_gogo(m->g0_sp);
}

/* What is to be returned is in g->callret. */
static unsigned long call_on_m(unsigned long fn, unsigned long arg,
			       unsigned long g)
{
	struct gort_g *self = (struct gort_g *)g;
	struct gort_m *m = self->m;

	WRITE_ONCE(m->call, (void *)fn);
	self->callret = run(self, (void *)fn, (void *)arg);
	call_ends(m, self);
	if (unlikely(!has_p(m)))
		exit_idle(m, self);
	reschedule(m, self);
	return 0;
}

static unsigned long call_nested(unsigned long fn, unsigned long arg,
				 unsigned long g)
{
	return run((struct gort_g *)g, (void *)fn, (void *)arg);
}

/**
 * gort_call() - run an ordinary function from G code
 * @fn: any kernel function, or one of the caller's own ordinary files
 * @arg: its argument
 *
 * The function runs on the M's stack and is to be short. If it sleeps, other Gs
 * of this P wait for a tick, then go on with another M, with a message: use
 * gort_syscall() for what may sleep. It must not park or yield, and its CPU
 * can't go offline meanwhile, so it must not take the lock on CPU hotplug.
 * Outside a G it is a plain call.
 *
 * Context: any.
 * Return: what @fn returns.
 */
long gort_call(long (*fn)(void *arg), void *arg)
{
	struct gort_g *g = gort_getg();

	if (!g)
		return fn(arg);
	if (unlikely(READ_ONCE(g->preempt)))
		gort_check(g);
	if (!gort_on_gstack(g) || gort_m_busy(g->m))
		return gort_systemstack(g, (unsigned long)fn,
					(unsigned long)arg, (unsigned long)g,
					call_nested);
	gort_systemstack(g, (unsigned long)fn, (unsigned long)arg,
			 (unsigned long)g, call_on_m);
	gort_come_on(g);
	return g->callret;
}
EXPORT_SYMBOL_GORT(gort_call);
NOKPROBE_SYMBOL(gort_call);

/* The M is where its P is, and may not migrate from here on. */
static bool on_its_cpu(struct gort_m *m)
{
	migrate_disable();
	return smp_processor_id() == m->p->cpu;
}

static unsigned long syscall_on_m(unsigned long fn, unsigned long arg,
				  unsigned long g)
{
	struct gort_g *self = (struct gort_g *)g;
	struct gort_m *m = self->m;

	m->p->stats.blocking++;
	trace_syscall_enter(self, (void *)fn);
	local_irq_disable();
	call_begins(m, self, (void *)fn);
	entersyscall(m, self);
	local_irq_enable();
	migrate_enable();

	self->callret = run(self, (void *)fn, (void *)arg);

	call_ends(m, self);
	if (unlikely(!on_its_cpu(m)))
		gort_handoffp(m->p, m);
	else if (!exit_own(m, self))
		exit_idle(m, self);
	reschedule(m, self);
	return 0;
}

/*
 * gort_syscall() for this module itself: no lock is held, no section open, and a
 * request is left alone.
 */
long gort_block(struct gort_g *g, long (*fn)(void *arg), void *arg)
{
	gort_systemstack(g, (unsigned long)fn, (unsigned long)arg,
			 (unsigned long)g, syscall_on_m);
	gort_come_on(g);
	return g->callret;
}

NOKPROBE_SYMBOL(gort_block);

/**
 * gort_syscall() - run a function that may block from G code
 * @fn: any kernel function, or one of the caller's own ordinary files
 * @arg: its argument
 *
 * While @fn blocks, other Gs run on this CPU, with another M (at most
 * max_threads of them for each CPU; when all are in such calls, others wait for
 * the first that comes back). @fn runs in process context as in any kthread: it
 * is no G, so it neither parks nor yields. The G may be on another CPU
 * afterwards. A short call costs little more than gort_call(). As entersyscall
 * and exitsyscall in Go. Outside a G, and inside gort_call(), it is gort_call().
 *
 * Context: any, but with no gort lock held and no section open in a G.
 * Return: what @fn returns; -EDEADLK in a G with a gort lock held or a section
 * open: then @fn was not called.
 */
long gort_syscall(long (*fn)(void *arg), void *arg)
{
	struct gort_g *g = gort_getg();

	if (!g || !gort_on_gstack(g))
		return gort_call(fn, arg);
	if (unlikely(READ_ONCE(g->preempt)))
		gort_check(g);
	if (unlikely(gort_m_busy(g->m) || gort_must_not_sleep(g->m))) {
		gort_misuse(g, "gort_syscall",
			    "with a gort lock held or a section open: release it first");
		return -EDEADLK;
	}
	return gort_block(g, fn, arg);
}
EXPORT_SYMBOL_GORT(gort_syscall);
NOKPROBE_SYMBOL(gort_syscall);
