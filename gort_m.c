// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ms: the kthreads that run Gs.
 *
 * An M belongs to one CPU and runs Gs only while it has the P of that CPU
 * (p->m). All others of the CPU are in a blocking call of a G, or sleep: in
 * the P's pool, or, if a G is locked to them, waiting for that G to be ready.
 *
 *   made    when a P has work and no M sleeps in its pool. To make a kthread is
 *           to sleep, so a worker does it, at most max_threads for a CPU,
 *           not counting those that a G is locked to: such an M is no use to
 *           others, who must not wait for that G
 *   sleeps  without a P, until gort_startm() hands it the P. Last in, first
 *           out, so that surplus ones sleep on
 *   leaves  when it has been surplus for GORT_M_IDLE, when its P went out of
 *           use, when it finds itself on another CPU, and when a G that was
 *           locked to it has ended
 *
 * An M is bound to its CPU, and may not migrate but in an announced blocking
 * call: the kernel pushes a merely bound task off a CPU that is about to go,
 * before the P is taken out of use. In such a call nothing keeps the CPU, and
 * an M that comes back elsewhere leaves.
 *
 * Who can still use an M that leaves? It has no P, and is not in the pool:
 * wakers find Ms there, or through the G that is locked to them (g->lockedm,
 * cleared), both under sched.lock. It frees itself, and ends in the kernel's
 * code, not in ours; ms_gone tells when the last one is there.
 *
 * Not done: a pool for all CPUs (an M would have to be bound anew each time),
 * and a kthread of our own to make Ms (the workqueue has workers).
 */

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "gort.h"

/* A surplus M leaves after this */
#define GORT_M_IDLE	(2 * HZ)

/* After an M could not be made, look again for who could run the work. */
#define GORT_RETRY	(HZ / 10)

static DECLARE_COMPLETION(ms_gone);	/* once for each that was made */
static unsigned int ms_made;		/* W */
static void retry_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(m_retry, retry_work);

static void pool(struct gort_m *m)
{
	if (m->pooled || m->lockedg)
		return;
	m->pooled = true;
	list_add(&m->pool_node, &m->p->pool);
}

static void unpool(struct gort_m *m)
{
	if (!m->pooled)
		return;
	m->pooled = false;
	list_del(&m->pool_node);
}

/* The M has no P any more and is about to sleep; sched.lock is held. */
void gort_m_pool(struct gort_m *m)
{
	lockdep_assert_held(&gort_sched.lock);
	gort_cpu_write(gort_mtask, NULL);
	m->p->m = NULL;
	pool(m);
}

/*
 * Give @p, which nobody has, to @m, or to one that sleeps in its pool; false if
 * there is none. sched.lock is held; any context. As startm in Go.
 */
bool gort_startm(struct gort_p *p, struct gort_m *m, bool spinning)
{
	lockdep_assert_held(&gort_sched.lock);
	if (!m)
		m = list_first_entry_or_null(&p->pool, struct gort_m, pool_node);
	if (!m)
		return false;
	unpool(m);
	m->spinning = spinning;
	WRITE_ONCE(p->m, m);
	wake_up_process(m->task);
	return true;
}

/* May @p have no more Ms? sched.lock is held. */
static bool at_limit(const struct gort_p *p)
{
	unsigned int max = READ_ONCE(gort_max_threads), n = p->nms;
	const struct gort_m *m;

	lockdep_assert_held(&gort_sched.lock);
	if (n < max)
		return false;
	list_for_each_entry(m, &p->ms, node)
		n -= !!m->lockedg;
	return n >= max;
}

/* Would @p stay without an M if it was taken from the one that it has? */
bool gort_m_limit(const struct gort_p *p)
{
	return list_empty(&p->pool) && at_limit(p);
}

/* @m, which is running, has its P now; on its CPU. */
void gort_m_take(struct gort_m *m)
{
	gort_cpu_write(gort_mtask, m->task);
}

/* Is @m, which has no P, to end? sched.lock is held. */
static bool to_leave(const struct gort_m *m, bool timeout)
{
	const struct gort_p *p = m->p;

	return m->leave || !p->active || smp_processor_id() != p->cpu ||
	       (timeout && m->pooled && !list_is_singular(&p->pool));
}

/* It leaves the CPU's Ms; a G that is locked to it is locked to the next. */
static void leave(struct gort_m *m)
{
	unpool(m);
	m->p->nms--;
	list_del(&m->node);
	gort_m_unlock(m);
}

/* It was made for a CPU that is about to go, and runs on another. */
static void give_back(struct gort_m *m)
{
	m->p->m = NULL;
	gort_p_idle(m->p);
	if (m->spinning)
		atomic_dec(&gort_sched.nmspinning);
	m->spinning = false;
}

/*
 * Sleep until the M has its P, or is to leave: then false. Who hands it the P
 * does so under sched.lock, as do who take the P out of use.
 */
bool gort_m_acquire(struct gort_m *m)
{
	struct gort_p *p = m->p;
	bool has, leaves, surplus, slept = false, timeout = false;

	for (;;) {
		raw_spin_lock_irq(&gort_sched.lock);
		if (p->m == m && smp_processor_id() != p->cpu)
			give_back(m);
		has = p->m == m;
		leaves = !has && to_leave(m, timeout);
		if (has || leaves)
			break;
		pool(m);
		surplus = m->pooled && !list_is_singular(&p->pool);
		set_current_state(TASK_IDLE);
		raw_spin_unlock_irq(&gort_sched.lock);
		timeout = !schedule_timeout(surplus ? GORT_M_IDLE :
						      MAX_SCHEDULE_TIMEOUT);
		slept = true;
	}
	if (leaves)
		leave(m);
	raw_spin_unlock_irq(&gort_sched.lock);
	if (leaves) {
		gort_wake();
		return false;
	}
	gort_m_take(m);
	p->stats.wakeups += slept;
	return true;
}

/* All Ms of @p that sleep look again whether they are to leave. */
void gort_m_wake_all(struct gort_p *p)
{
	struct gort_m *m;

	raw_spin_lock_irq(&gort_sched.lock);
	list_for_each_entry(m, &p->ms, node)
		wake_up_process(m->task);
	raw_spin_unlock_irq(&gort_sched.lock);
}

static int gort_m(void *arg)
{
	struct gort_m *m = arg;

	migrate_disable();
	gort_schedule(m);
	migrate_enable();
	kfree(m);
	kthread_complete_and_exit(&ms_gone, 0);
}

static struct gort_m *newm(struct gort_p *p)
{
	struct gort_m *m;

	m = gort_try(kzalloc(sizeof(*m), GFP_KERNEL), NULL);
	if (!m)
		return NULL;
	m->p = p;
	m->task = gort_try(kthread_create_on_node(gort_m, m,
						  cpu_to_node(p->cpu),
						  "gort/%u", p->cpu),
			   ERR_PTR(-ENOMEM));
	if (IS_ERR(m->task)) {
		kfree(m);
		return NULL;
	}
	kthread_bind(m->task, p->cpu);
	return m;
}

/* For work that was announced to a P that went away, or got no M. */
static void retry_work(struct work_struct *work)
{
	if (gort_work_anywhere(NULL))
		gort_wake();
}

/* Does @p wait for an M? Not idle, and nobody has it. sched.lock is held. */
static bool wants_m(const struct gort_p *p)
{
	return !p->m && !p->taken &&
	       !cpumask_test_cpu(p->cpu, &gort_sched.idle);
}

/* May @p have one more M? */
static bool below_limit(struct gort_p *p)
{
	bool ok;

	raw_spin_lock_irq(&gort_sched.lock);
	ok = !at_limit(p);
	if (!ok)
		gort_sched.stats.thread_limit++;
	raw_spin_unlock_irq(&gort_sched.lock);
	return ok;
}

/* With a new M, or without one. */
static void allocm_done(struct gort_p *p, struct gort_m *m)
{
	raw_spin_lock_irq(&gort_sched.lock);
	if (m) {
		p->nms++;
		list_add(&m->node, &p->ms);
	}
	if (wants_m(p)) {
		WRITE_ONCE(p->m, m);
		if (m) {
			m->spinning = true;
			atomic_inc(&gort_sched.nmspinning);
		} else if (!gort_startlockedm(p)) {
			gort_p_idle(p);
		}
	}
	raw_spin_unlock_irq(&gort_sched.lock);
}

static void allocm_work(struct work_struct *work)
{
	struct gort_p *p = container_of(work, struct gort_p, allocm);
	struct gort_m *m = NULL;

	down(&gort_world);
	if (p->active && below_limit(p))
		m = newm(p);
	if (m)
		ms_made++;
	allocm_done(p, m);
	if (m)
		wake_up_process(m->task);
	else
		schedule_delayed_work(&m_retry, p->active ? GORT_RETRY : 0);
	up(&gort_world);
}

static unsigned long allocm_on_m(unsigned long p, unsigned long unused1,
				 unsigned long unused2)
{
	return queue_work(system_highpri_wq, &((struct gort_p *)p)->allocm);
}

/* Give @p, which waits for an M, a new one. Any context. As allocm in Go. */
void gort_allocm(struct gort_p *p)
{
	struct gort_g *self = gort_getg();

	if (!self) {
		allocm_on_m((unsigned long)p, 0, 0);
		return;
	}
	gort_acquirem(self); /* not gort_enter(): nobody else makes this M */
	gort_at_site(self, GORT_SITE_ALLOCM);
	gort_systemstack(self, (unsigned long)p, 0, 0, allocm_on_m);
	gort_releasem(self, GORT_SITE_ALLOCM);
}

void gort_m_init(struct gort_p *p)
{
	INIT_LIST_HEAD(&p->pool);
	INIT_LIST_HEAD(&p->ms);
	INIT_WORK(&p->allocm, allocm_work);
}

/* All Ps are out of use, so all Ms leave. */
void gort_m_exit(void)
{
	unsigned int cpu;

	cancel_delayed_work_sync(&m_retry);
	for_each_possible_cpu(cpu)
		flush_work(&gort_p_of(cpu)->allocm);
	cancel_delayed_work_sync(&m_retry);
	for (; ms_made; ms_made--)
		wait_for_completion(&ms_gone);
}
