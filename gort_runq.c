// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run queues: where a ready G waits, and how it is found.
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
 *  - p->locked, under sched.lock: Gs that asked to stay on their M, which is of
 *    this CPU. Whoever has the P when such a G's turn comes hands the P to that
 *    M, and gets it back, or another one does, when the G leaves its stack.
 *
 * Nobody is woken here: who puts a G into a queue announces it afterwards
 * (gort_wake(), the protocol in gort_sched.c).
 */

#include <linux/delay.h>

#include "gort_trace.h"

static void gq_put(struct gort_gq *q, struct gort_g *g)
{
	lockdep_assert_held(&gort_sched.lock);
	g->schedlink = NULL;
	if (q->head)
		q->tail->schedlink = g;
	else
		WRITE_ONCE(q->head, g);
	q->tail = g;
}

static struct gort_g *gq_pop(struct gort_gq *q)
{
	struct gort_g *g = q->head;

	lockdep_assert_held(&gort_sched.lock);
	if (g)
		WRITE_ONCE(q->head, g->schedlink);
	return g;
}

/* Was @g there? */
static bool gq_remove(struct gort_gq *q, struct gort_g *g)
{
	struct gort_g *prev = NULL, *next;

	lockdep_assert_held(&gort_sched.lock);
	for (next = q->head; next && next != g; next = next->schedlink)
		prev = next;
	if (!next)
		return false;
	if (prev)
		prev->schedlink = g->schedlink;
	else
		WRITE_ONCE(q->head, g->schedlink);
	if (q->tail == g)
		q->tail = prev;
	return true;
}

/* The global queue; sched.lock is held. */
void gort_globrunqput(struct gort_g *g)
{
	gq_put(&gort_sched.queue, g);
	WRITE_ONCE(gort_sched.size, gort_sched.size + 1);
}

static struct gort_g *globrunqpop(void)
{
	struct gort_g *g = gq_pop(&gort_sched.queue);

	if (g)
		WRITE_ONCE(gort_sched.size, gort_sched.size - 1);
	return g;
}

void gort_globrunqput_locked(struct gort_g *g)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&gort_sched.lock, flags);
	gort_globrunqput(g);
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
		gort_globrunqput(batch[i]);
	gort_globrunqput(g);
	raw_spin_unlock_irqrestore(&gort_sched.lock, flags);
	return true;
}

/*
 * The P, which nobody has, goes to the M of the first locked G that is ready;
 * false if there is none. sched.lock is held.
 */
bool gort_startlockedm(struct gort_p *p)
{
	struct gort_g *g = gq_pop(&p->locked);

	if (!g)
		return false;
	g->lockedm->nextg = g;
	return gort_startm(p, g->lockedm, false);
}

/*
 * Put a G that is locked to an M where that one will find it. False: it has
 * none now, and may come on anywhere. Any context.
 */
bool gort_put_locked(struct gort_g *g)
{
	struct gort_p *p = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&gort_sched.lock, flags);
	if (g->lockedm && !g->lockedm->p->active) {
		g->lockedm->lockedg = NULL;
		g->lockedm = NULL;
	}
	if (g->lockedm) {
		p = g->lockedm->p;
		gq_put(&p->locked, g);
		if (gort_p_busy(p))
			gort_startlockedm(p);
	}
	raw_spin_unlock_irqrestore(&gort_sched.lock, flags);
	return p;
}

/*
 * Put @g into the queue of @p; on the M that has it. With @next it comes before
 * the queue, and what was there goes to the end.
 */
void gort_runqput(struct gort_p *p, struct gort_g *g, bool next)
{
	u32 h, t;

	if (unlikely(g->lockcount) && gort_put_locked(g))
		return;
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
struct gort_g *gort_runqget(struct gort_p *p, bool *inherit)
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

bool gort_runqempty(struct gort_p *p)
{
	return atomic_read(&p->runqhead) == READ_ONCE(p->runqtail) &&
	       !READ_ONCE(p->runnext);
}

/* What @p has, which is out of use, to the global queue. */
void gort_runqdrain(struct gort_p *p)
{
	struct gort_g *g;
	bool unused;

	while ((g = gort_runqget(p, &unused)))
		gort_globrunqput_locked(g);
	raw_spin_lock_irq(&gort_sched.lock);
	while ((g = gq_pop(&p->locked))) {
		g->lockedm->lockedg = NULL;
		g->lockedm = NULL;
		gort_globrunqput(g);
	}
	raw_spin_unlock_irq(&gort_sched.lock);
}

/*
 * @m leaves: the G that is locked to it may come on anywhere. If it was ready
 * and waited for @m alone, it waits in the global queue now; the caller is to
 * call gort_wake(). sched.lock is held.
 */
void gort_m_unlock(struct gort_m *m)
{
	struct gort_g *g = m->lockedg;

	lockdep_assert_held(&gort_sched.lock);
	if (!g)
		return;
	g->lockedm = NULL;
	m->lockedg = NULL;
	if (m->nextg || gq_remove(&m->p->locked, g))
		gort_globrunqput(g);
	m->nextg = NULL;
}

/* A share of the global queue: one to run, the others into the ring. */
struct gort_g *gort_globrunqget(struct gort_p *p, unsigned int max)
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
	trace_steal(g, victim->cpu, n + 1);
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
struct gort_g *gort_stealwork(struct gort_p *p)
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

bool gort_work_anywhere(struct gort_p *self)
{
	unsigned int cpu;
	struct gort_p *p;

	if (READ_ONCE(gort_sched.size))
		return true;
	for_each_online_cpu(cpu) {
		p = gort_p_of(cpu);
		if (p != self && !gort_runqempty(p))
			return true;
	}
	return false;
}
