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
 *    a P had when it went away. It is one queue for each context that has Gs
 *    there, and a list of these contexts (sched.round). Every 61st turn looks
 *    here first.
 *  - p->locked, under sched.lock: Gs that asked to stay on their M, which is of
 *    this CPU. Whoever has the P when such a G's turn comes hands the P to that
 *    M, and gets it back, or another one does, when the G leaves its stack.
 *
 * Contexts share the Ps, however many Gs each has. A P serves one context at a
 * time, p->ctx: its ring and p->runnext have Gs of that one alone, and what
 * becomes ready there of another one goes to the global queue. Its turn is over
 *
 *  - when the P finds nothing more of it: neither in the ring, nor in the global
 *    queue, nor among the locked ones;
 *  - when the only one of it that is ready yields, and another context waits;
 *  - when it has lasted for a slice and another context waits, in the global
 *    queue or with a locked G of this P. The tick finds this (gort_turn_wanted())
 *    and asks the running G to leave. By time, not by Gs: it counts what is
 *    inherited, what yields, and what blocks the P in a call, alike.
 *
 * What is in the ring then goes back to the front of its context's queue, in
 * order: at the end, a batch that is taken again and again would be put back
 * each time but for the first of it. Who comes next is the first in the round;
 * having got its turn, it goes to the end of the round. Who waits with a locked G
 * is compared with that one by when it had its last turn on any P. So a G waits
 * for a turn of each context at most, and then for those of its own context, as
 * they came. Nothing is saved up: who slept has its turn when it comes, no more.
 *
 * A thief has an empty ring and finds no context waiting: it takes over the
 * context of what it steals. With one context alone no turn ever ends, and
 * nothing but a comparison is added to the queues without locks.
 *
 * p->ctx is no reference. Whoever uses it has a G of the context at hand, or
 * holds sched.lock, under which a context that goes is taken away from all Ps.
 *
 * Not done: weights (all contexts are equal), a count of the time that each had
 * (a clock reading at each switch), and a limit on how many Ps serve one context:
 * each P goes round by itself.
 *
 * Nobody is woken here: who puts a G into a queue announces it afterwards
 * (gort_wake(), the protocol in gort_sched.c).
 */

#include <linux/delay.h>
#include <linux/kprobes.h>

#include "gort_runq.h"
#include "gort_trace.h"

static void gq_put(struct gort_gq *q, struct gort_g *g)
{
	g->schedlink = NULL;
	if (q->head)
		q->tail->schedlink = g;
	else
		WRITE_ONCE(q->head, g);
	q->tail = g;
	q->size++;
}

static struct gort_g *gq_pop(struct gort_gq *q)
{
	struct gort_g *g = q->head;

	lockdep_assert_held(&gort_sched.lock);
	if (!g)
		return NULL;
	WRITE_ONCE(q->head, g->schedlink);
	q->size--;
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
	q->size--;
	return true;
}

/* All of @from, which has some, come before those of @q. */
static void gq_prepend(struct gort_gq *q, struct gort_gq *from)
{
	if (q->head)
		from->tail->schedlink = q->head;
	else
		q->tail = from->tail;
	WRITE_ONCE(q->head, from->head);
	q->size += from->size;
}

/* @ctx is about to have @n Gs more in the global queue. */
static void global_grows(struct gort_ctx *ctx, unsigned int n)
{
	lockdep_assert_held(&gort_sched.lock);
	if (!ctx->queue.head)
		list_add_tail(&ctx->round, &gort_sched.round);
	WRITE_ONCE(gort_sched.size, gort_sched.size + n);
}

/* Into the global queue; sched.lock is held. */
void gort_globrunqput(struct gort_g *g)
{
	global_grows(g->ctx, 1);
	gq_put(&g->ctx->queue, g);
}

static struct gort_g *globrunqpop(struct gort_ctx *ctx)
{
	struct gort_g *g = gq_pop(&ctx->queue);

	if (!g)
		return NULL;
	if (!ctx->queue.head)
		list_del(&ctx->round);
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
bool gort_ringspill(struct gort_p *p, struct gort_g *g, u32 h, u32 t)
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

/* The first locked G of the context that @p serves, or NULL; sched.lock is held. */
struct gort_g *gort_own_locked(const struct gort_p *p)
{
	struct gort_g *g;

	lockdep_assert_held(&gort_sched.lock);
	for (g = p->locked.head; g && g->ctx != p->ctx; g = g->schedlink)
		;
	return g;
}

/*
 * The P, which nobody has, goes to the M of the first locked G that is ready, one
 * of its context if there is any; false if there is none. sched.lock is held.
 */
bool gort_startlockedm(struct gort_p *p)
{
	struct gort_g *g = gort_own_locked(p) ?: p->locked.head;

	if (!g)
		return false;
	gq_remove(&p->locked, g);
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
 * Put @g into the queue of @p, or into the global one if @p serves another
 * context; on the M that has @p. With @next it comes before the queue, and what
 * was there goes to the end.
 */
void gort_runqput(struct gort_p *p, struct gort_g *g, bool next)
{
	if (unlikely(g->lockcount) && gort_put_locked(g))
		return;
	if (unlikely(g->ctx != READ_ONCE(p->ctx))) {
		gort_globrunqput_locked(g);
		return;
	}
	if (next) {
		g = xchg(&p->runnext, g);
		if (!g)
			return;
	}
	gort_ringput(p, g);
}

NOKPROBE_SYMBOL(gort_runqput);

/*
 * The same of one that yields. If it is the only one of its context that is
 * ready, others have their turn.
 */
void gort_runqyield(struct gort_p *p, struct gort_g *g)
{
	bool alone = READ_ONCE(gort_sched.size) && gort_runqempty(p) &&
		     !READ_ONCE(g->ctx->queue.head);

	gort_runqput(p, g, false);
	if (alone)
		WRITE_ONCE(p->turn_over, true);
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

/* Whose turn is next on @p, other than that of p->ctx; NULL: nobody waits. */
static struct gort_ctx *next_ctx(const struct gort_p *p)
{
	struct gort_ctx *ctx, *next = NULL;
	struct gort_g *g;

	lockdep_assert_held(&gort_sched.lock);
	list_for_each_entry(ctx, &gort_sched.round, round) {
		if (ctx == p->ctx)
			continue;
		next = ctx;
		break;
	}
	for (g = p->locked.head; g; g = g->schedlink)
		if (g->ctx != p->ctx && (!next || g->ctx->served < next->served))
			next = g->ctx;
	return next;
}

/* @p, whose ring is empty, begins a turn. */
static void begin_turn(struct gort_p *p, struct gort_ctx *ctx)
{
	WRITE_ONCE(p->ctx, ctx);
	/* in this order: a tick in between finds a new turn */
	WRITE_ONCE(p->turn, p->turn + 1);
	WRITE_ONCE(p->turn_over, false);
}

/* The next context has its turn on @p; the same one if nobody else waits. */
static void next_turn(struct gort_p *p)
{
	struct gort_ctx *ctx = next_ctx(p);

	begin_turn(p, ctx ?: p->ctx);
	if (!ctx)
		return;
	ctx->served = ++gort_sched.turns;
	if (ctx->queue.head)
		list_move_tail(&ctx->round, &gort_sched.round);
}

/* Does another context wait for its turn on @p? Any context. */
bool gort_turn_wanted(struct gort_p *p)
{
	unsigned long flags;
	bool wanted;

	if (!READ_ONCE(gort_sched.size) && !READ_ONCE(p->locked.head))
		return false;
	raw_spin_lock_irqsave(&gort_sched.lock, flags);
	wanted = next_ctx(p);
	raw_spin_unlock_irqrestore(&gort_sched.lock, flags);
	return wanted;
}

/*
 * The turn of the context that @p serves is over; on the M that has @p. What
 * comes next in the slice has come last: it goes to the end.
 */
void gort_turn_end(struct gort_p *p)
{
	struct gort_g *g, *last = xchg(&p->runnext, NULL);
	struct gort_gq rest = { NULL };
	struct gort_ctx *ctx;

	while ((g = gort_ringget(p)))
		gq_put(&rest, g);
	raw_spin_lock_irq(&gort_sched.lock);
	if (rest.head) {
		ctx = rest.head->ctx;
		global_grows(ctx, rest.size);
		gq_prepend(&ctx->queue, &rest);
	}
	if (last)
		gort_globrunqput(last);
	next_turn(p);
	raw_spin_unlock_irq(&gort_sched.lock);
}

/* @ctx has no G any more and goes. */
void gort_turn_forget(struct gort_ctx *ctx)
{
	unsigned int cpu;

	raw_spin_lock_irq(&gort_sched.lock);
	for_each_possible_cpu(cpu) /* a P of which may begin another turn */
		cmpxchg(&gort_p_of(cpu)->ctx, ctx, NULL);
	raw_spin_unlock_irq(&gort_sched.lock);
}

/* How many of the global queue are to go to @p? sched.lock is held. */
static unsigned int share(struct gort_p *p, unsigned int max)
{
	unsigned int size = p->ctx ? p->ctx->queue.size : 0;

	return min3(size / max(gort_sched.nactive, 1U) + 1, size, max);
}

/*
 * A share of the global queue: one to run, the others into the ring. If there
 * is none of the context that @p serves, and @turn, the next one has its turn;
 * NULL then: it has locked Gs alone.
 */
struct gort_g *gort_globrunqget(struct gort_p *p, unsigned int max, bool turn)
{
	struct gort_g *batch[GORT_RUNQ_SIZE / 8];
	unsigned int n, i;
	unsigned long flags;

	max = min_t(unsigned int, max, ARRAY_SIZE(batch));
	if (!READ_ONCE(gort_sched.size) && !(turn && READ_ONCE(p->locked.head)))
		return NULL;
	raw_spin_lock_irqsave(&gort_sched.lock, flags);
	n = share(p, max);
	if (!n && turn && !gort_own_locked(p)) {
		next_turn(p);
		n = share(p, max);
	}
	for (i = 0; i < n; i++)
		batch[i] = globrunqpop(p->ctx);
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
	begin_turn(p, g->ctx);
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
