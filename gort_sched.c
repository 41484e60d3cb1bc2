// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler: Gs, Ms and Ps, run queues, and how work finds a P.
 *
 *   G  a green thread: a function, its argument and a stack of its own
 *   M  a kthread that runs Gs, pinned to one CPU; its own stack is called g0
 *   P  what an M needs to run Gs: one per CPU in use, with a queue of ready Gs
 *
 * The M of a P calls gort_schedule() once: it finds a G, switches to its stack,
 * and is back when the G leaves it: to yield, to sleep (park), or to end. What
 * is to become of the G is done here, on g0, when nothing uses the G's stack
 * any more; from then on the G may come on anywhere.
 *
 * Where a ready G waits:
 *
 *  - p->runq: a ring of 256 that its M fills and empties, and that others
 *    steal half of. Without locks: the M alone moves the tail, whoever takes
 *    from the head moves it by compare-and-exchange.
 *  - p->runnext: a G that was just spawned or readied by the running one comes
 *    next, in the rest of the same slice, so that a pair that hands work to and
 *    fro stays together but can't starve the others: for the tick it is one G.
 *  - the global queue, under sched.lock: what was preempted, what came from
 *    outside an M (interrupts, the device), what ran over from a ring, and what
 *    a P had when it went away. Every 61st turn looks here first.
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
 *  5.					sleep, until the bit in sched.idle
 *					is cleared by whoever wakes us
 *
 * If step 3 of a submit does not see the idle P or still sees the spinner, then
 * step 4 of that one's park sees the G.
 *
 *
 * Not done: one lock for all queues (contention), handing a ready G directly to
 * an idle P (it would thrash when Gs come and go quickly), spinning without an
 * end, and real-time priority for Ms.
 */

#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "gort.h"

struct gort_sched gort_sched = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(gort_sched.lock),
};

struct gort_g gort_nog;

DEFINE_PER_CPU(struct gort_g *, gort_curg);
EXPORT_PER_CPU_SYMBOL_GPL(gort_curg);
DEFINE_PER_CPU(struct task_struct *, gort_mtask);

/* The global queue; sched.lock is held. */
static void globrunqput(struct gort_g *g)
{
	lockdep_assert_held(&gort_sched.lock);
	g->schedlink = NULL;
	if (gort_sched.tail)
		gort_sched.tail->schedlink = g;
	else
		gort_sched.head = g;
	gort_sched.tail = g;
	WRITE_ONCE(gort_sched.size, gort_sched.size + 1);
}

static struct gort_g *globrunqpop(void)
{
	struct gort_g *g = gort_sched.head;

	lockdep_assert_held(&gort_sched.lock);
	if (!g)
		return NULL;
	gort_sched.head = g->schedlink;
	if (!gort_sched.head)
		gort_sched.tail = NULL;
	WRITE_ONCE(gort_sched.size, gort_sched.size - 1);
	return g;
}

static void globrunqput_locked(struct gort_g *g)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&gort_sched.lock, flags);
	globrunqput(g);
	raw_spin_unlock_irqrestore(&gort_sched.lock, flags);
}

/* The ring is full: a batch of it and @g go to the global queue. */
static bool runqputslow(struct gort_p *p, struct gort_g *g, u32 h, u32 t)
{
	struct gort_g *batch[GORT_RUNQ_SIZE / 8];
	u32 n = min_t(u32, (t - h) / 2, ARRAY_SIZE(batch));
	unsigned long flags;
	u32 i;

	for (i = 0; i < n; i++)
		batch[i] = READ_ONCE(p->runq[(h + i) % GORT_RUNQ_SIZE]);
	if (atomic_cmpxchg_release(&p->runqhead, h, h + n) != h)
		return false;
	raw_spin_lock_irqsave(&gort_sched.lock, flags);
	for (i = 0; i < n; i++)
		globrunqput(batch[i]);
	globrunqput(g);
	raw_spin_unlock_irqrestore(&gort_sched.lock, flags);
	return true;
}

/*
 * Put @g into the queue of @p; on the P's M only. With @next it comes before
 * the queue, and what was there goes to the end.
 */
void gort_runqput(struct gort_p *p, struct gort_g *g, bool next)
{
	u32 h, t;

	if (next) {
		g = xchg(&p->runnext, g);
		if (!g)
			return;
	}
	for (;;) {
		h = atomic_read_acquire(&p->runqhead); /* pairs with takers' */
		t = p->runqtail;
		if (t - h < GORT_RUNQ_SIZE) {
			WRITE_ONCE(p->runq[t % GORT_RUNQ_SIZE], g);
			/* pairs with the acquire in runqgrab() */
			smp_store_release(&p->runqtail, t + 1);
			return;
		}
		if (runqputslow(p, g, h, t))
			return;
	}
}

/* Next G of the M's own queue. @inherit: it goes on in the running slice. */
static struct gort_g *runqget(struct gort_p *p, bool *inherit)
{
	struct gort_g *g = READ_ONCE(p->runnext);
	u32 h;

	if (g && cmpxchg(&p->runnext, g, NULL) == g) {
		*inherit = true;
		return g;
	}
	for (;;) {
		h = atomic_read_acquire(&p->runqhead);
		if (h == p->runqtail)
			return NULL;
		g = READ_ONCE(p->runq[h % GORT_RUNQ_SIZE]);
		if (atomic_cmpxchg_release(&p->runqhead, h, h + 1) == h)
			return g;
	}
}

static bool runqempty(struct gort_p *p)
{
	return atomic_read(&p->runqhead) == READ_ONCE(p->runqtail) &&
	       !READ_ONCE(p->runnext);
}

/* A share of the global queue: one to run, the others into the ring. */
static struct gort_g *globrunqget(struct gort_p *p, unsigned int max)
{
	struct gort_g *batch[GORT_RUNQ_SIZE / 8];
	unsigned int n, i;
	unsigned long flags;

	if (!READ_ONCE(gort_sched.size))
		return NULL;
	raw_spin_lock_irqsave(&gort_sched.lock, flags);
	n = gort_sched.size / max(gort_sched.nactive, 1U) + 1;
	n = min3(n, gort_sched.size, max);
	n = min_t(unsigned int, n, ARRAY_SIZE(batch));
	for (i = 0; i < n; i++)
		batch[i] = globrunqpop();
	raw_spin_unlock_irqrestore(&gort_sched.lock, flags);
	for (i = 1; i < n; i++)
		gort_runqput(p, batch[i], false);
	return n ? batch[0] : NULL;
}

/*
 * Take half of @victim's queue into @p's, which is empty; returns how many.
 * What it runs next is taken last and only if it does not come on by itself:
 * an M that was just given a G is about to run it.
 */
static u32 runqgrab(struct gort_p *p, struct gort_p *victim, bool runnext)
{
	struct gort_g *g;
	u32 h, t, n, i;

	for (;;) {
		h = atomic_read_acquire(&victim->runqhead);
		t = smp_load_acquire(&victim->runqtail); /* gort_runqput() */
		n = t - h;
		n -= n / 2;
		if (!n)
			break;
		if (n > GORT_RUNQ_SIZE / 2) /* h and t do not belong together */
			continue;
		for (i = 0; i < n; i++) {
			g = READ_ONCE(victim->runq[(h + i) % GORT_RUNQ_SIZE]);
			WRITE_ONCE(p->runq[(p->runqtail + i) % GORT_RUNQ_SIZE], g);
		}
		if (atomic_cmpxchg_release(&victim->runqhead, h, h + n) == h)
			return n;
	}
	g = READ_ONCE(victim->runnext);
	if (!g || !runnext)
		return 0;
	udelay(3);
	if (cmpxchg(&victim->runnext, g, NULL) != g)
		return 0;
	WRITE_ONCE(p->runq[p->runqtail % GORT_RUNQ_SIZE], g);
	return 1;
}

static struct gort_g *runqsteal(struct gort_p *p, struct gort_p *victim,
				bool runnext)
{
	u32 n = runqgrab(p, victim, runnext);
	struct gort_g *g;

	if (!n)
		return NULL;
	p->stats.stolen += n;
	n--;
	g = READ_ONCE(p->runq[(p->runqtail + n) % GORT_RUNQ_SIZE]);
	if (n) /* pairs with the acquire in runqgrab() */
		smp_store_release(&p->runqtail, p->runqtail + n);
	return g;
}

static u32 gort_rand(struct gort_p *p)
{
	u32 x = p->rand;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return p->rand = x;
}

/* Four rounds over all other Ps, each from a random one on. */
static struct gort_g *stealwork(struct gort_p *p)
{
	unsigned int start, i, cpu;
	struct gort_p *victim;
	struct gort_g *g;
	int round;

	for (round = 0; round < 4; round++) {
		start = gort_rand(p) % nr_cpu_ids;
		for (i = 0; i < nr_cpu_ids; i++) {
			cpu = (start + i) % nr_cpu_ids;
			victim = gort_p_of(cpu);
			if (!victim || victim == p)
				continue;
			g = runqsteal(p, victim, round == 3);
			if (g)
				return g;
		}
	}
	return NULL;
}

/* sched.lock is held. Was the P idle? It is not any more. */
bool gort_p_busy(struct gort_p *p)
{
	lockdep_assert_held(&gort_sched.lock);
	if (!cpumask_test_and_clear_cpu(p->cpu, &gort_sched.idle))
		return false;
	WRITE_ONCE(gort_sched.nidle, gort_sched.nidle - 1);
	return true;
}

/* The P has nothing to do: whoever has work may take it. Process context. */
void gort_p_idle(struct gort_p *p)
{
	raw_spin_lock_irq(&gort_sched.lock);
	if (!cpumask_test_and_set_cpu(p->cpu, &gort_sched.idle))
		WRITE_ONCE(gort_sched.nidle, gort_sched.nidle + 1);
	raw_spin_unlock_irq(&gort_sched.lock);
}

/* An idle P, one with an M if there is any; sched.lock is held. */
static struct gort_p *idle_p(void)
{
	struct gort_p *p, *first = NULL;
	unsigned int cpu;

	for_each_cpu(cpu, &gort_sched.idle) {
		p = gort_p_of(cpu);
		if (p->m)
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
	if (p && p->m) {
		p->m->spinning = true;
		wake_up_process(p->m->task);
		p = NULL;
	} else {
		/* nobody spins yet; allocm_work() makes one that does */
		atomic_dec(&gort_sched.nmspinning);
	}
	raw_spin_unlock_irqrestore(&gort_sched.lock, flags);
	return p;
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
	globrunqput_locked(g);
	gort_wake();
}

/* The same for one that was just made. */
void gort_submit_new(struct gort_g *g)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&gort_sched.lock, flags);
	gort_sched.stats.spawned++;
	globrunqput(g);
	raw_spin_unlock_irqrestore(&gort_sched.lock, flags);
	gort_wake();
}

/* Somebody finds work: no longer a spinner, and another one may look. */
static void resetspinning(struct gort_m *m)
{
	if (!m->spinning)
		return;
	m->spinning = false;
	atomic_dec(&gort_sched.nmspinning);
	gort_wake();
}

static bool work_anywhere(struct gort_p *self)
{
	unsigned int cpu;
	struct gort_p *p;

	if (READ_ONCE(gort_sched.size))
		return true;
	for_each_online_cpu(cpu) {
		p = gort_p_of(cpu);
		if (p && p != self && !runqempty(p))
			return true;
	}
	return false;
}

/* Sleep until a waker has made the P busy, or it is to go. */
static void stopm(struct gort_p *p)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		if (!cpumask_test_cpu(p->cpu, &gort_sched.idle) ||
		    READ_ONCE(p->retire))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

/* Nothing to do: the right-hand side of the protocol at the top. */
static void gort_idle(struct gort_m *m)
{
	struct gort_p *p = m->p;

	gort_p_idle(p);
	if (m->spinning) {
		m->spinning = false;
		atomic_dec(&gort_sched.nmspinning);
	}
	smp_mb(); /* [1], pairs with the one in gort_wakep() */
	if (!work_anywhere(p))
		stopm(p);

	/* still idle: we found work ourselves, or the P is to go */
	raw_spin_lock_irq(&gort_sched.lock);
	if (gort_p_busy(p)) {
		m->spinning = true;
		atomic_inc(&gort_sched.nmspinning);
	} else {
		p->stats.wakeups++;
	}
	raw_spin_unlock_irq(&gort_sched.lock);
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

/* The next G to run on @m, or NULL: its P is to go. Sleeps while idle. */
static struct gort_g *findrunnable(struct gort_m *m, bool *inherit)
{
	struct gort_p *p = m->p;
	struct gort_g *g;

	for (;;) {
		*inherit = false;
		if (READ_ONCE(p->retire))
			return NULL;
		cond_resched_tasks_rcu_qs();
		gort_stack_refill(p);

		g = NULL;
		if (p->schedtick % GORT_GLOBAL_TICK == 0)
			g = globrunqget(p, 1);
		if (!g)
			g = runqget(p, inherit);
		if (!g)
			g = globrunqget(p, UINT_MAX);
		if (!g && startspinning(m))
			g = stealwork(p);
		if (g)
			break;
		gort_idle(m);
	}
	resetspinning(m);
	return g;
}

/* What @g left its stack for; it may come on elsewhere before this returns. */
static void gort_left(struct gort_m *m, struct gort_g *g)
{
	switch (m->action) {
	case GORT_ACT_PREEMPT:
		globrunqput_locked(g);
		break;
	case GORT_ACT_YIELD:
		gort_runqput(m->p, g, false);
		break;
	case GORT_ACT_PARK:
		m->p->stats.parked++;
		/* [2] */
		if (atomic_cmpxchg(&g->wait, GORT_PERMIT_NONE,
				   GORT_PERMIT_PARKED) != GORT_PERMIT_NONE)
			gort_runqput(m->p, g, true);
		break;
	case GORT_ACT_EXIT:
		gort_gdead(g);
		break;
	}
}

/* @g comes on for the first time, and may be over before it has begun. */
static bool startg(struct gort_g *g, struct gort_p *p)
{
	if (gort_g_cancelled(g))
		g->status = -ECANCELED;
	else if (gort_stack_start(g, p))
		return true;
	gort_gdead(g);
	return false;
}

/* Run @g until it leaves its stack. */
static void execute(struct gort_m *m, struct gort_g *g, bool inherit)
{
	struct gort_p *p = m->p;

	if (unlikely(!g->seg) && !startg(g, p))
		return;
	if (!inherit)
		WRITE_ONCE(p->schedtick, p->schedtick + 1);
	p->stats.switches++;

	g->m = m;
	WRITE_ONCE(g->preempt, false);
	g->lost_seen = false;
	gort_guard_reset(g);
	this_cpu_write(gort_curg, g);
	gort_tick_start(p);

	gort_switch(&m->g0_sp, g->sp);

	this_cpu_write(gort_curg, &gort_nog);
	if (unlikely(!gort_is_neutral(m)))
		gort_neutralise(m, g);
	gort_left(m, g);
}

/* The life of an M: Gs until its P is to go. */
void gort_schedule(struct gort_m *m)
{
	struct gort_p *p = m->p;
	struct gort_g *g;
	bool inherit;

	while ((g = findrunnable(m, &inherit)))
		execute(m, g, inherit);

	if (m->spinning) {
		m->spinning = false;
		atomic_dec(&gort_sched.nmspinning);
	}
	while ((g = runqget(p, &inherit)))
		globrunqput_locked(g);
	gort_tick_stop(p);
	gort_wake(); /* for what it leaves, and for who woke it in vain */
}

/* First C function of a G. Its stack never returns from here. */
void gort_gmain(struct gort_g *g)
{
	g->fn(g->arg);
	gort_mcall(g, GORT_ACT_EXIT);
	unreachable();
}

NOKPROBE_SYMBOL(gort_gmain);

/* Leave the G's stack; back when the G comes on again, maybe elsewhere. */
void gort_mcall(struct gort_g *g, enum gort_action action)
{
	struct gort_m *m = g->m;

	m->action = action;
	gort_switch(&g->sp, m->g0_sp);
}

NOKPROBE_SYMBOL(gort_mcall);

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
	return gort_on_g0(a, b, c, fn, g->m->g0_sp);
}
