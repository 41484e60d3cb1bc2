// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler: Gs, Ms and Ps, and how work finds a P.
 *
 *   G  a green thread: a function, its argument and a stack of its own
 *   M  a kthread that runs Gs, pinned to one CPU; its own stack is called g0
 *   P  what an M needs to run Gs: one per CPU in use, with a queue of ready Gs
 *
 * An M that has a P finds a G, switches to its stack, and is back when the G
 * leaves it: to yield, to sleep (park), or to end. What is to become of the G
 * is done here, on g0, when nothing uses the G's stack any more; from then on
 * the G may come on anywhere. Where that is simple, and another G is ready on the
 * P, the way is shorter: from one G straight to the next (gort_straight.c). An M
 * loses its P when there is no work, when somebody stops the P (gort_proc.c), and
 * when its G blocks in a call for long (gort_syscall.c).
 *
 * A task of the device gets its stack when it first comes on: a hundred
 * thousand ready ones need no more stacks than run at a time.
 *
 * Waking. An M without work looks into the others' queues (it spins: four
 * rounds in random order, at most half as many as are busy) and then sleeps; an
 * idle machine has no timer and no wake-up. Too few awake Ms leave work lying
 * about, too many burn power. The rule, as in Go's scheduler: work is announced
 * only if nobody spins, and a spinner that finds work announces again, so that
 * there is always one looking while there may be something to find.
 *
 *	submit				park
 *	------				----
 *  1.	put the G into a queue		become idle (sched.idle, nidle)
 *  2.	smp_mb()		[1]	stop spinning (nmspinning--)
 *  3.	idle P and nobody spins?	smp_mb()			[1]
 *  4.	yes: wake one, spinning		look at all queues once more
 *  5.					sleep in the P's pool, until
 *					whoever wakes us gives us the P
 *
 * If step 3 of a submit does not see the idle P or still sees the spinner, then
 * step 4 of that one's park sees the G.
 *
 * Not done: one lock for all queues (contention), handing a ready G directly to
 * an idle P (it would thrash when Gs come and go quickly), spinning without an
 * end, and real-time priority for Ms.
 */

#include <linux/kprobes.h>
#include <linux/sched.h>

#include "gort_runq.h"
#include "gort_trace.h"

struct gort_sched gort_sched = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(gort_sched.lock),
	.round = LIST_HEAD_INIT(gort_sched.round),
};

struct gort_g gort_nog;

DEFINE_PER_CPU(struct gort_g *, gort_curg);
EXPORT_PER_CPU_SYMBOL_GPL(gort_curg);
DEFINE_PER_CPU(struct task_struct *, gort_mtask);

/* An idle P, one with an M in its pool if there is any; sched.lock is held. */
static struct gort_p *idle_p(void)
{
	struct gort_p *p, *first = NULL;
	unsigned int cpu;

	for_each_cpu(cpu, &gort_sched.idle) {
		p = gort_p_of(cpu);
		if (!list_empty(&p->pool))
			return p;
		if (!first)
			first = p;
	}
	return first;
}

/*
 * There may be work: let one more M look for it, if a P is idle and nobody
 * looks already. Any context. The caller has put a G into a queue.
 *
 * Returns a P that has no M yet, no longer idle. The caller hands it to
 * gort_allocm() when it holds no lock; gort_wake() does both.
 */
struct gort_p *gort_wakep(void)
{
	struct gort_p *p;
	unsigned long flags;

	smp_mb(); /* [1], pairs with the one in gort_idle() */
	if (!READ_ONCE(gort_sched.nidle) ||
	    atomic_cmpxchg(&gort_sched.nmspinning, 0, 1) != 0)
		return NULL;

	raw_spin_lock_irqsave(&gort_sched.lock, flags);
	p = idle_p();
	if (p)
		gort_p_busy(p);
	if (p && gort_startm(p, NULL, true))
		p = NULL;
	else /* nobody spins yet; allocm_work() makes one that does */
		atomic_dec(&gort_sched.nmspinning);
	raw_spin_unlock_irqrestore(&gort_sched.lock, flags);
	return p;
}

static unsigned long wakep_on_m(unsigned long unused1, unsigned long unused2,
				unsigned long unused3)
{
	return (unsigned long)gort_wakep();
}

/* gort_wakep() for @g, from its own stack. */
struct gort_p *gort_wakep_on_m(struct gort_g *g)
{
	return (struct gort_p *)gort_systemstack(g, 0, 0, 0, wakep_on_m);
}

void gort_wake(void)
{
	struct gort_p *p = gort_wakep();

	if (p)
		gort_allocm(p);
}

/* A G from outside an M: into the global queue. Any context. */
void gort_submit_global(struct gort_g *g)
{
	if (unlikely(g->lockcount) && gort_put_locked(g))
		return;
	gort_globrunqput_locked(g);
	gort_wake();
}

/* The same for one that was just made. */
void gort_submit_new(struct gort_g *g)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&gort_sched.lock, flags);
	gort_sched.stats.spawned++;
	gort_globrunqput(g);
	raw_spin_unlock_irqrestore(&gort_sched.lock, flags);
	gort_wake();
}

static void stopspinning(struct gort_m *m)
{
	if (!m->spinning)
		return;
	m->spinning = false;
	atomic_dec(&gort_sched.nmspinning);
}

/*
 * Somebody finds work: no longer a spinner, and another one may look. Who did
 * not spin tells of what it leaves behind. It may have put that there itself (a
 * G that was preempted or yields, a share of the global queue), and who became
 * idle meanwhile looked where it was not yet, or not any more.
 */
static void resetspinning(struct gort_m *m)
{
	if (m->spinning)
		stopspinning(m);
	else if (gort_runqempty(m->p) && !READ_ONCE(gort_sched.size))
		return;
	gort_wake();
}

/* Nothing to do: the right-hand side of the protocol at the top. */
static void gort_idle(struct gort_m *m)
{
	struct gort_p *p = m->p;
	bool more, spun = m->spinning;

	raw_spin_lock_irq(&gort_sched.lock);
	more = p->locked.head || READ_ONCE(p->stop);
	if (!more) {
		/* once the P is idle, this may be set for the waker's count */
		m->spinning = false;
		gort_p_idle(p);
		gort_m_pool(m);
	}
	raw_spin_unlock_irq(&gort_sched.lock);
	if (more)
		return;
	if (spun)
		atomic_dec(&gort_sched.nmspinning);
	smp_mb(); /* [1], pairs with the one in gort_wakep() */
	if (!gort_work_anywhere(p))
		return;

	/* if it is still idle, we have found work ourselves */
	raw_spin_lock_irq(&gort_sched.lock);
	if (gort_p_busy(p)) {
		gort_startm(p, m, true);
		atomic_inc(&gort_sched.nmspinning);
	}
	raw_spin_unlock_irq(&gort_sched.lock);
}

/**
 * gort_handoffp() - a P goes to an M if there is work for it, else it is idle
 * @p: the P
 * @sysm: the M in a blocking call that it is to be taken from; NULL: the caller
 *	has it, or is whoever took it
 *
 * As handoffp in Go.
 *
 * Context: any.
 * Return: false if @sysm is back from its call and has the P.
 */
bool gort_handoffp(struct gort_p *p, struct gort_m *sysm)
{
	bool work, alloc = false, idle = false;
	unsigned long flags;

	raw_spin_lock_irqsave(&gort_sched.lock, flags);
	if (sysm && cmpxchg(&p->sysm, sysm, NULL) != sysm) {
		raw_spin_unlock_irqrestore(&gort_sched.lock, flags);
		return false;
	}
	p->m = NULL;
	WRITE_ONCE(p->taken, READ_ONCE(p->stop));
	if (!p->taken) {
		work = !gort_runqempty(p) || gort_sched.size;
		alloc = work && !gort_startm(p, NULL, false);
		/*
		 * Meanwhile, or without need, one that has an M; but not if it
		 * is another context's turn, which needs the new one.
		 */
		if (!work || (alloc && !READ_ONCE(p->turn_over)))
			idle = !gort_startlockedm(p) && !work;
	}
	if (idle)
		gort_p_idle(p);
	raw_spin_unlock_irqrestore(&gort_sched.lock, flags);
	if (alloc)
		gort_allocm(p);
	if (!idle)
		return true;
	smp_mb(); /* [1], as in gort_idle() */
	if (gort_work_anywhere(p))
		gort_wake();
	return true;
}

/* May @m spin? At most half as many as there are busy Ps. */
static bool startspinning(struct gort_m *m)
{
	unsigned int busy;

	if (m->spinning)
		return true;
	busy = READ_ONCE(gort_sched.nactive) - READ_ONCE(gort_sched.nidle);
	if (2 * atomic_read(&gort_sched.nmspinning) >= busy)
		return false;
	m->spinning = true;
	atomic_inc(&gort_sched.nmspinning);
	return true;
}

/* Unless its M leaves: is a locked G ready of the context that @p serves? */
static bool locked_ready(struct gort_p *p)
{
	bool ready;

	if (!READ_ONCE(p->locked.head))
		return false;
	raw_spin_lock_irq(&gort_sched.lock);
	ready = gort_own_locked(p);
	raw_spin_unlock_irq(&gort_sched.lock);
	return ready;
}

/* If so, its M gets the P. On the M that has it. */
static bool runlocked(struct gort_m *m)
{
	struct gort_p *p = m->p;
	bool ready;

	if (!locked_ready(p))
		return false;
	resetspinning(m);
	raw_spin_lock_irq(&gort_sched.lock);
	ready = gort_own_locked(p);
	if (ready) {
		gort_m_pool(m);
		gort_startlockedm(p);
	}
	raw_spin_unlock_irq(&gort_sched.lock);
	return ready;
}

/* Between two Gs: Linux may have the CPU, and the P gets stacks in reserve. */
static void between(struct gort_p *p)
{
	cond_resched_tasks_rcu_qs();
	gort_stack_refill(p);
}

/*
 * Is it time to look into the global queue first, so that those in the ring don't
 * keep the others out for good? Not if who has just been made to leave waits
 * there alone: it would come on again before the one that it made room for.
 */
static bool global_first(const struct gort_m *m)
{
	if (m->p->schedtick % GORT_GLOBAL_TICK)
		return false;
	return READ_ONCE(gort_sched.size) > 1 ||
	       (m->action != GORT_ACT_PREEMPT && m->action != GORT_ACT_ASYNC);
}

/* The next G to run on @m, or NULL: it has lost its P. */
static struct gort_g *findrunnable(struct gort_m *m, bool *inherit)
{
	struct gort_p *p = m->p;
	struct gort_g *g = m->taken;

	if (g) {
		m->taken = NULL;
		*inherit = m->inherits;
		resetspinning(m);
		return g;
	}
	for (;;) {
		*inherit = false;
		if (READ_ONCE(p->stop)) {
			stopspinning(m);
			gort_p_letgo(m);
			return NULL;
		}
		between(p);
		if (unlikely(READ_ONCE(p->turn_over)))
			gort_turn_end(p);

		/* locked ones take turns with the others */
		if (p->schedtick & 1 && runlocked(m))
			return NULL;
		g = NULL;
		if (global_first(m))
			g = gort_globrunqget(p, 1, false);
		if (!g)
			g = gort_runqget(p, inherit);
		if (!g)
			g = gort_globrunqget(p, UINT_MAX, true);
		if (!g && runlocked(m))
			return NULL;
		if (!g && startspinning(m))
			g = gort_stealwork(p);
		if (g) {
			resetspinning(m);
			return g;
		}
		gort_idle(m);
		if (gort_cpu_read(gort_mtask) != m->task)
			return NULL;
	}
}

/* What @g left its stack for; it may come on elsewhere before this returns. */
static void gort_left(struct gort_m *m, struct gort_g *g)
{
	switch (m->action) {
	case GORT_ACT_PREEMPT:
	case GORT_ACT_ASYNC:
		if (!g->lockcount || !gort_put_locked(g))
			gort_globrunqput_locked(g);
		break;
	case GORT_ACT_YIELD:
		gort_runqyield(m->p, g);
		break;
	case GORT_ACT_PARK:
		m->p->stats.parked++;
		if (!gort_parked(g))
			gort_runqput(m->p, g, true);
		break;
	case GORT_ACT_EXIT:
		if (unlikely(g->lockcount)) {
			/* as in Go: who knows what it did to its M */
			gort_unlockm(m, g);
			m->leave = true;
		}
		gort_gdead(g);
		break;
	case GORT_ACT_BLOCKED: /* not left by its own P's M: see execute() */
		break;
	}
}

/* @g comes on for the first time, and may be over before it has begun. */
static bool startg(struct gort_g *g, struct gort_p *p)
{
	struct gort_seg *s = NULL;

	if (gort_g_cancelled(g))
		g->status = -ECANCELED;
	else
		s = gort_stack_get(g->ctx, p);
	if (s) {
		gort_stack_start(g, s);
		return true;
	}
	if (!g->status)
		g->status = -ENOMEM;
	gort_gdead(g);
	return false;
}

/*
 * Run @g, and those that it leaves its stack for, until one comes back here.
 * False: the M has lost its P meanwhile.
 */
static bool execute(struct gort_m *m, struct gort_g *g, bool inherit)
{
	struct gort_p *p = m->p;

	if (unlikely(!g->seg) && !startg(g, p))
		return true;
	if (unlikely(g->lockcount && !m->lockedg))
		gort_lockm(m, g);
	trace_start(g, inherit); /* before the tick sees it */
	gort_make_current(m, g, inherit);
	gort_tick_start(p);

	gort_switch(&m->g0_sp, g->sp);

	if (unlikely(m->action == GORT_ACT_BLOCKED)) {
		g = m->callg;
		trace_stop(g, m->action);
		gort_submit_global(g);
		return false;
	}
	g = gort_cpu_read(gort_curg);
	gort_cpu_write(gort_curg, &gort_nog);
	trace_stop(g, m->action);
	if (unlikely(!gort_is_neutral(m)))
		gort_neutralise(m, g);
	gort_left(m, g);
	return true;
}

/*
 * The life of an M: without a P it sleeps, with one it runs Gs; with a G that
 * is locked to it, that one alone.
 */
void gort_schedule(struct gort_m *m)
{
	struct gort_g *g;
	bool inherit;

	while (gort_m_acquire(m)) {
		do {
			inherit = false;
			g = m->nextg;
			m->nextg = NULL;
			if (g) /* its locked one, which may come back at once */
				between(m->p);
			else
				g = findrunnable(m, &inherit);
			if (!g || !execute(m, g, inherit))
				goto lost;
		} while (!m->lockedg && !m->leave);
		gort_cpu_write(gort_mtask, NULL);
		gort_handoffp(m->p, NULL);
lost:;
	}
}

/* First C function of a G. Its stack never returns from here. */
void gort_gmain(struct gort_g *g)
{
	gort_come_on(g);
	g->fn(g->arg);
	/* A loop says "no return" to each kernel's objtool; it goes round never. */
	for (;;)
		gort_mcall(g, GORT_ACT_EXIT);
}

NOKPROBE_SYMBOL(gort_gmain);

/*
 * Run @fn on the M's stack, which has room for anything. Who is there already
 * (a function that a G called that way) stays there.
 */
unsigned long gort_systemstack(struct gort_g *g, unsigned long a,
			       unsigned long b, unsigned long c,
			       unsigned long (*fn)(unsigned long a,
						   unsigned long b,
						   unsigned long c))
{
	if (!gort_on_gstack(g))
		return fn(a, b, c);
	return gort_on_g0(a, b, c, fn, g->m->g0_sp, &g->sp);
}
