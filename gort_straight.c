// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a G leaves its stack, and the straight way from one G to the next.
 *
 * The M's own stack, g0, is where a G that leaves is put where it belongs, where
 * the next one is looked for, and from where it comes on (gort_sched.c). Most of
 * the time nothing of that is difficult: the next one is in the P's own queue, and
 * who leaves goes to its end, or to sleep. Then the G that leaves takes the next
 * one itself, and goes to its stack. What becomes of itself can't be done before
 * its registers are saved, since somebody else may run it from then on. So the one
 * that comes on does it first of all, as the next task in Linux's
 * finish_task_switch():
 *
 *	A leaves (gort_mcall)			B comes on (in its gort_mcall)
 *	---------------------			------------------------------
 *  1.	nothing but a switch to do?
 *  2.	take B from p->runnext, or the ring
 *  3.	B is current, m->left = A
 *  4.	gort_switch()				gort_come_on():
 *  5.						A goes into the queue, or sleeps
 *  6.						an idle P may look for A	[1]
 *
 * Between 3 and 5 nothing else happens: no check is passed, since B is in this
 * file, at one of the places where a stack is left. These are gort_mcall(), which
 * the slow paths in gort_switch.S call, too; a call that has lost its P
 * (gort_syscall.c); and the very first function of a G.
 *
 * The way is by g0, as soon as one thing more is to be done (only_switch()):
 * somebody wants the P or Linux the CPU, the turn of the context is over, it is
 * time to look into the global queue, an M has a G locked to it, somebody traces,
 * or the G leaves something behind on the M. So whatever has to happen now and
 * then, happens after GORT_GLOBAL_TICK switches or one slice, as before. B may
 * turn out to need g0, too: it is handed over in m->taken.
 *
 * A and B belong to one context, as all Gs in a P's queue. That is why A may be
 * counted as asleep without a look at whether it was the last one awake, and
 * without RCU: B is awake, and keeps the context.
 *
 * [1] is that of gort_sched.c. A is put into the queue, then it is looked whether a
 * P is idle; where there is one P alone, nobody else is.
 *
 * Rejected: to put A into the queue first, and let who takes it wait until its
 * registers are there: if Linux takes the M off the CPU in between, others wait
 * for long.
 */

#include <linux/kprobes.h>
#include <linux/sched.h>

#include "gort_runq.h"
#include "gort_trace.h"

/* Has @g, which ends, nothing that others wait for? */
static bool ends_alone(const struct gort_g *g)
{
	return !g->done && !g->groups && !g->events && list_empty(&g->held);
}

/* Step 1: @g leaves @m; is there nothing to do but to switch? */
static bool only_switch(const struct gort_m *m, const struct gort_g *g)
{
	const struct gort_p *p = m->p;

	if (m->action == GORT_ACT_EXIT ? !ends_alone(g) :
	    m->action != GORT_ACT_YIELD && m->action != GORT_ACT_PARK)
		return false;
	if (trace_start_enabled() || trace_stop_enabled())
		return false;
	return p->schedtick % GORT_GLOBAL_TICK && READ_ONCE(p->ticking) &&
	       !READ_ONCE(p->stop) && !READ_ONCE(p->turn_over) &&
	       !READ_ONCE(p->locked.head) && !g->lockcount &&
	       g->ctx == p->ctx && !need_resched() && gort_is_neutral(m);
}

/* Step 2. Who yields finds room in the ring, if the next one comes from there. */
static struct gort_g *take_next(struct gort_m *m)
{
	struct gort_p *p = m->p;

	if (READ_ONCE(p->runnext) && gort_runqfull(p))
		return NULL;
	m->inherits = false;
	return gort_runqget(p, &m->inherits);
}

/* Steps 1 to 3. The G to go to, current now, or NULL: to g0. */
static struct gort_g *straight(struct gort_m *m, struct gort_g *g)
{
	struct gort_g *next;

	if (!only_switch(m, g))
		return NULL;
	next = take_next(m);
	if (!next)
		return NULL;
	if (unlikely(!next->seg || next->lockcount)) {
		m->taken = next;
		return NULL;
	}
	gort_make_current(m, next, m->inherits);
	m->left = g;
	return next;
}

/**
 * gort_mcall() - leave the G's stack
 * @g: the G, which runs here
 * @action: why, and what is to become of it
 *
 * Context: the G's stack.
 * Returns when the G comes on again, maybe elsewhere.
 */
void gort_mcall(struct gort_g *g, enum gort_action action)
{
	struct gort_m *m = g->m;
	struct gort_g *next;

	m->action = action;
	next = straight(m, g);
	gort_switch(&g->sp, next ? next->sp : m->g0_sp);
	gort_come_on(g);
}

NOKPROBE_SYMBOL(gort_mcall);

/* gort_mcall() for gort_switch.S, where g->m->action is set. */
void gort_leave(struct gort_g *g)
{
	gort_mcall(g, g->m->action);
}

NOKPROBE_SYMBOL(gort_leave);

static unsigned long put_on_m(unsigned long p, unsigned long g,
			      unsigned long unused)
{
	gort_runqput((struct gort_p *)p, (struct gort_g *)g, true);
	return 0;
}

static unsigned long dead_on_m(unsigned long g, unsigned long unused1,
			       unsigned long unused2)
{
	gort_gdead((struct gort_g *)g);
	return 0;
}

/* Step 6. @g has come on. */
static void announce(struct gort_g *g)
{
	struct gort_p *p;

	if (gort_runqempty(g->m->p) && !READ_ONCE(gort_sched.size))
		return;
	smp_mb(); /* [1], pairs with the one in gort_idle() */
	if (!READ_ONCE(gort_sched.nidle))
		return;
	p = gort_wakep_on_m(g);
	if (p)
		gort_allocm(p);
}

/* Steps 5 and 6; @left has left for @g. */
void gort_finish(struct gort_g *g, struct gort_g *left)
{
	struct gort_m *m = g->m;
	struct gort_p *p = m->p;

	m->left = NULL;
	switch (m->action) {
	case GORT_ACT_YIELD:
		gort_ringput(p, left);
		break;
	case GORT_ACT_PARK:
		p->stats.parked++;
		if (unlikely(!gort_parked_beside(left)))
			gort_systemstack(g, (unsigned long)p,
					 (unsigned long)left, 0, put_on_m);
		break;
	default: /* GORT_ACT_EXIT; nothing is on its stack any more */
		gort_systemstack(g, (unsigned long)left, 0, 0, dead_on_m);
		break;
	}
	if (READ_ONCE(gort_sched.nactive) > 1)
		announce(g);
}

NOKPROBE_SYMBOL(gort_finish);
