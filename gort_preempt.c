// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preemption: the tick, and the way of a request from it to the G.
 *
 * Preemption is cooperative: a G looks at stackguard0 in the prologue of each
 * function and leaves when it finds GORT_STACK_PREEMPT there. The protocol is
 * that of Go change 5887f142 ("runtime: more reliable preemption"), whose
 * point is that a request which comes at a bad moment is put off, not lost:
 *
 *  1. Request. The tick, or an interrupt that another CPU sends, sets g->preempt
 *     and then stackguard0.
 *  2. Decline. The check finds the request while the M holds a runtime lock,
 *     allocates or collects: stackguard0 gets the true limit back, so that the
 *     G runs on at full speed, and g->preempt keeps the request.
 *  3. Restore. Each path that makes preemption possible again arms stackguard0
 *     if g->preempt is set (GORT_SITE_* lists them). Without this step the G
 *     would run on until the next request, and a G that takes locks often
 *     enough would never yield.
 *  4. Accept. The check finds the request and nothing forbids it: the G leaves
 *     its stack, and the M puts it on the global queue. The entry points of
 *     this module, which have no prologue, look too (gort_enter()): else a loop
 *     that takes a lock and calls functions only inside would never yield.
 *  5. Clear. Before a G comes on, g->preempt is cleared and the limit is true.
 *
 * A G in a loop without calls passes no check. The tick after the one that made
 * the request makes it leave in another way (gort_async.c).
 *
 * stackguard0 is written in this file alone: gort_request() and gort_restore()
 * arm it, gort_guard_reset() gives it the true limit.
 *
 * Ordering. The owner is the M that runs the G; requests come from interrupts
 * on its CPU alone, so program order is enough: what the owner does between two
 * looks at g->preempt is either before the interrupt or after it. An interrupt
 * to another CPU costs more than a store to its G, but with a store the owner
 * would need a full barrier between each change of stackguard0 and its look at
 * g->preempt, and the G might be freed under the writer's hands.
 *
 * The tick is one hrtimer per P, on only while a G runs there or is in a
 * blocking call: it stops itself when it finds none and is started when the next
 * G comes on. It asks a G whose slice it has seen for the slice's length, so a G
 * runs for one slice at least and one slice and a tick at most, one whose context
 * has had its turn for as long while another one waits (gort_runq.c), and one that
 * Linux wants the CPU from (need_resched): a kernel without full preemption
 * waits for a tick, which is a slice or 10 ms, whichever is less. A P whose G
 * has blocked for a tick is handed on (gort_syscall.c).
 *
 * What is lost? A request that is pending and not armed while nothing forbids
 * preemption. gort_releasem() arms before it lets go, so this state does not
 * exist while the restores are on. Two places look for it and count, once for
 * each request, independently of the code that restores: each entry of G code
 * into this module, and each tick. The parameter "restore" turns the restores
 * off to show what they are good for.
 *
 * Not done: one global tick for all Ps (its CPU would never be idle), and a
 * clock reading at each switch for exact slices (it costs more than the switch).
 */

#include <linux/export.h>
#include <linux/irqflags.h>
#include <linux/kprobes.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <asm/irq_regs.h>

#include "gort_trace.h"

DEFINE_STATIC_KEY_TRUE(gort_restore_key);
DEFINE_STATIC_KEY_FALSE(gort_hook_key);

/* The longest that need_resched waits for the tick */
#define TICK_MAX_US	10000U

static void (*gort_site_hook)(int site);

/* Steps 2 and 5, and when the stack moves: the true limit. */
void gort_guard_reset(struct gort_g *g)
{
	WRITE_ONCE(g->stackguard0, g->stackguard);
}

/* Step 1, with interrupts off on the CPU of @g, which is current there. */
static void gort_request(struct gort_g *g, enum gort_cause cause)
{
	bool pending = g->preempt;

	lockdep_assert_irqs_disabled();
	WRITE_ONCE(g->preempt, true);
	WRITE_ONCE(g->stackguard0, GORT_STACK_PREEMPT);
	if (pending)
		return;
	g->m->p->stats.requested++;
	gort_trace(preempt_request, g, cause);
}

/* Step 3; the caller knows that preemption is possible from here on. */
void gort_restore(struct gort_g *g, int site)
{
	if (READ_ONCE(g->stackguard0) == GORT_STACK_PREEMPT)
		return;
	if (!static_branch_likely(&gort_restore_key))
		return;
	WRITE_ONCE(g->stackguard0, GORT_STACK_PREEMPT);
	g->m->p->stats.restored[site]++;
	gort_trace(preempt_restore, g, site);
}

/*
 * Step 1 for a G in a blocking call: it does not look now, and what it is to
 * see is armed when it is back. Hard interrupt on the P's CPU.
 */
void gort_request_blocked(struct gort_g *g, struct gort_p *p)
{
	if (g->preempt)
		return;
	WRITE_ONCE(g->preempt, true);
	p->stats.requested++;
	trace_preempt_request(g, GORT_CAUSE_BLOCKED);
}

/* Step 1 by the M itself, for the G that is current. */
void gort_request_current(void)
{
	unsigned long flags;

	local_irq_save(flags);
	gort_request(gort_cpu_read(gort_curg), GORT_CAUSE_STOP);
	local_irq_restore(flags);
}

/*
 * Why not to leave now; -1: nothing is in the way. Linux's own state counts
 * too: somebody may have opened a section without asking gort.
 */
static int why_not(const struct gort_m *m)
{
	if (m->gcing)
		return GORT_DECLINE_GC;
	if (m->mallocing)
		return GORT_DECLINE_ALLOC;
	if (m->locks)
		return GORT_DECLINE_LOCKS;
	if (gort_preempt_count() || irqs_disabled())
		return GORT_DECLINE_STATE;
	return -1;
}

/* Steps 2 and 4: the check has found a request. Is the G to leave? */
bool gort_decide(struct gort_g *g)
{
	struct gort_p *p = g->m->p;
	int why = why_not(g->m);

	if (why < 0) {
		p->stats.accepted++;
		g->stats.preempted++;
		gort_trace(preempt_take, g, GORT_TAKE_CHECK);
		return true;
	}
	gort_guard_reset(g);
	p->stats.declined[why]++;
	g->stats.declined++;
	gort_trace(preempt_decline, g, why);
	return false;
}

/* Nothing forbids preemption. Is a request pending and not armed? */
static void gort_look_for_loss(struct gort_g *g)
{
	unsigned long flags;

	if (!READ_ONCE(g->preempt) || g->lost_seen ||
	    READ_ONCE(g->stackguard0) == GORT_STACK_PREEMPT)
		return;
	local_irq_save(flags); /* against the tick */
	g->lost_seen = true;
	g->m->p->stats.lost++;
	local_irq_restore(flags);
}

/* The check for code that has no prologue of its own: gort_enter(). */
void gort_check(struct gort_g *g)
{
	if (why_not(g->m) >= 0 || !gort_on_gstack(g))
		return;
	gort_look_for_loss(g);
	if (READ_ONCE(g->stackguard0) == GORT_STACK_PREEMPT && gort_decide(g))
		gort_mcall(g, GORT_ACT_PREEMPT);
}

NOKPROBE_SYMBOL(gort_check);

static void gort_request_here(void *unused)
{
	struct gort_g *g = gort_cpu_read(gort_curg);

	if (g != &gort_nog)
		gort_request(g, GORT_CAUSE_STOP);
}

/**
 * gort_preemptone() - ask what runs on a P to leave
 * @p: the P; its CPU is online
 *
 * Best effort: the G may be another one by now, and yields for nothing.
 *
 * Context: process, interrupts on.
 */
void gort_preemptone(struct gort_p *p)
{
	smp_call_function_single(p->cpu, gort_request_here, NULL, 1);
}

/* Did the tick's interrupt hit @g on its own stack, with nothing in the way? */
bool gort_interrupted(const struct gort_g *g)
{
	const struct gort_m *m = g->m;
	const struct pt_regs *regs = get_irq_regs();

	if (!regs || current != m->task)
		return false;
	/*
	 * This interrupt stopped the thread whose counts these are, between two
	 * instructions: each is the old one or the new one.
	 */
	if (data_race(gort_m_busy(m)))
		return false;
	return preempt_count() == HARDIRQ_OFFSET && gort_regs_irqs_on(regs) &&
	       gort_regs_sp(regs) >= g->stack_lo &&
	       gort_regs_sp(regs) < g->stack_hi;
}

/* Ticks are a slice apart, but no longer than need_resched can wait. */
static u32 tick_us(void)
{
	return min(READ_ONCE(gort_slice_us), TICK_MAX_US);
}

static ktime_t tick_period(void)
{
	return ns_to_ktime(tick_us() * 1000ULL);
}

/*
 * Has what @now counts been going on for the length of a slice? The last tick
 * saw *@last, for the *@seen-th time after the first.
 */
static bool aged(u32 now, u32 *last, u32 *seen)
{
	if (*last != now) {
		*last = now;
		*seen = 0;
		return false;
	}
	++*seen;
	return (u64)*seen * tick_us() >= READ_ONCE(gort_slice_us);
}

static bool slice_over(struct gort_p *p)
{
	return aged(READ_ONCE(p->schedtick), &p->ticktick, &p->tickseen);
}

/* The same of the turn of a context, if another one waits (gort_runq.c). */
static bool turn_over(struct gort_p *p)
{
	if (!aged(READ_ONCE(p->turn), &p->turntick, &p->turnseen) ||
	    !gort_turn_wanted(p))
		return false;
	WRITE_ONCE(p->turn_over, true);
	return true;
}

/*
 * Does Linux want the CPU? With PREEMPT_RT it takes it when this interrupt ends,
 * and wants it for each soft interrupt's thread: no reason for @g to give way to
 * another G.
 */
static bool linux_asks(const struct gort_g *g)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) && current == g->m->task &&
	       need_resched();
}

/* The eyes of sysmon; hard interrupt on the P's CPU. */
static enum hrtimer_restart gort_tick(struct hrtimer *t)
{
	struct gort_p *p = container_of(t, struct gort_p, tick);
	struct gort_g *g = gort_cpu_read(gort_curg);
	ktime_t period = tick_period();
	bool stop, over = turn_over(p);

	p->stats.ticks++;
	if (g == &gort_nog && !READ_ONCE(p->sysm)) {
		/* gort_tick_start() looks after the next G has come on */
		WRITE_ONCE(p->ticking, false);
		return HRTIMER_NORESTART;
	}
	over |= slice_over(p);
	stop = READ_ONCE(p->stop);
	if (g == &gort_nog) {
		gort_retake(p, over || stop);
	} else {
		if (gort_interrupted(g))
			gort_look_for_loss(g);
		if (READ_ONCE(g->preempt))
			gort_unanswered(p, g, ktime_to_ns(period));
		if (stop)
			gort_request(g, GORT_CAUSE_STOP);
		else if (over)
			gort_request(g, GORT_CAUSE_SLICE);
		else if (linux_asks(g))
			gort_request(g, GORT_CAUSE_RESCHED);
		g->unheard = READ_ONCE(g->stackguard0) == GORT_STACK_PREEMPT;
		gort_asleep(p, g);
	}
	hrtimer_forward_now(t, period);
	return HRTIMER_RESTART;
}

void gort_tick_init(struct gort_p *p)
{
	gort_hrtimer_setup(&p->tick, gort_tick, HRTIMER_MODE_REL_PINNED_HARD);
}

/*
 * On the P's M, after a G was made current: an interrupt before that may still
 * stop the tick, none after it will.
 */
void gort_tick_start(struct gort_p *p)
{
	if (likely(READ_ONCE(p->ticking)))
		return;
	WRITE_ONCE(p->ticking, true);
	hrtimer_start(&p->tick, tick_period(), HRTIMER_MODE_REL_PINNED_HARD);
}

/* On the P's M, when it leaves. */
void gort_tick_stop(struct gort_p *p)
{
	/* in this order: gort_tick_again() must not start it anew */
	WRITE_ONCE(p->ticking, false);
	hrtimer_cancel(&p->tick);
}

static void gort_tick_again(void *unused)
{
	struct gort_p *p = gort_p_of(smp_processor_id());

	if (p && READ_ONCE(p->ticking))
		hrtimer_start(&p->tick, tick_period(),
			      HRTIMER_MODE_REL_PINNED_HARD);
}

/* The slice has a new length: a tick that is far away would be too late. */
void gort_tick_changed(void)
{
	on_each_cpu(gort_tick_again, NULL, 1);
}

void gort_run_site_hook(int site)
{
	void (*hook)(int site) = READ_ONCE(gort_site_hook);

	if (hook)
		hook(site);
}

/**
 * gort_set_site_hook() - call a function inside the sections that restore
 * @hook: G code, gets the GORT_SITE_* that it is in; or NULL for none
 *
 * For tests: the module's own code has no checks, so a request can be declined
 * inside these sections only if a test brings code that has. It runs on the
 * stack of whatever G is in such a section, while what the section is for still
 * lasts; in GORT_SITE_GROW on g0, where its checks find nothing. Before the hook
 * goes away, set NULL and destroy the contexts whose Gs may be in it.
 *
 * Context: process.
 */
void gort_set_site_hook(void (*hook)(int site))
{
	WRITE_ONCE(gort_site_hook, hook);
	if (hook)
		static_branch_enable(&gort_hook_key);
	else
		static_branch_disable(&gort_hook_key);
}
EXPORT_SYMBOL_GORT(gort_set_site_hook);

/**
 * gort_preempt_self() - request preemption of the calling G, as the tick does
 *
 * For tests and measurements: the G yields at its next check, or declines
 * there and yields at the first check after it may.
 *
 * Context: G; elsewhere it does nothing.
 */
void gort_preempt_self(void)
{
	struct gort_g *g = gort_getg();
	unsigned long flags;

	if (!g)
		return;
	local_irq_save(flags);
	gort_request(g, GORT_CAUSE_SELF);
	local_irq_restore(flags);
}
EXPORT_SYMBOL_GORT(gort_preempt_self);

/**
 * gort_self_stats() - what happened to the calling G so far
 * @st: filled in; all zero outside a G
 *
 * Context: G.
 */
void gort_self_stats(struct gort_g_stats *st)
{
	struct gort_g *g = gort_getg();

	if (g)
		*st = g->stats;
	else
		memset(st, 0, sizeof(*st));
}
EXPORT_SYMBOL_GORT(gort_self_stats);
