// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks and sections in which a G is not made to yield.
 *
 * A gort_lock, as the lock of the Go runtime, belongs to the M for a short
 * time: while a G holds one (m->locks) a preemption request is declined, and
 * the G must not sleep or yield. Below it is a mutex of the kernel, owned by
 * the M's task, so that lockdep sees it; an M that finds it taken sleeps with
 * its P until the holder is done, which is soon, since nothing takes the G off
 * its M.
 *
 * The sections are the kernel's own (spinlocks, RCU, preemption off) opened
 * from G code. There the M must not sleep either (m->nsections).
 *
 * All of them end in gort_releasem(), after the lock is really released: it
 * restores a request that came meanwhile.
 *
 * The M remembers what is open (m->held, m->sections), so that a close without
 * an open is found, and a G that ends early (it may end anywhere, for want of
 * stack) leaves nothing locked.
 *
 * Every kernel function runs on g0, by gort_systemstack(): a contended lock, a
 * softirq in local_bh_enable(), a switch in preempt_enable() or a message needs
 * more room than a G's guard has. What is left behind on the M (preemption off,
 * interrupts off, an RCU section) would follow the M to the next G; it is
 * looked for after each call (gort_syscall.c) and each switch, undone, and the
 * G that did it fails.
 */

#include <linux/bottom_half.h>
#include <linux/irqflags.h>
#include <linux/kprobes.h>
#include <linux/rcupdate.h>

#include "gort.h"

/* Is the M in a section, of gort's or of anybody's, in which it can't sleep? */
bool gort_must_not_sleep(const struct gort_m *m)
{
	return m->nsections || irqs_disabled() || preempt_count() ||
	       rcu_preempt_depth();
}

static unsigned long misuse_on_m(unsigned long g, unsigned long what,
				 unsigned long why)
{
	gort_warn((struct gort_g *)g, "%s %s\n", (const char *)what,
		  (const char *)why);
	return 0;
}

/* Say what @g did wrong; literals. From the G's stack: printk() is deep. */
void gort_misuse(struct gort_g *g, const char *what, const char *why)
{
	gort_systemstack(g, (unsigned long)g, (unsigned long)what,
			 (unsigned long)why, misuse_on_m);
}

/* The kernel's sections, by kind: what opens and what closes them on g0. */
enum section {
	SECTION_SPIN,
	SECTION_BH,
	SECTION_IRQ,
	SECTION_IRQSAVE,
	SECTION_RCU,
	SECTION_PREEMPT,
};

/* What is open when this returns is closed by close_on_m(), for sparse. */
static unsigned long open_on_m(unsigned long kind, unsigned long l,
			       unsigned long unused)
{
	unsigned long flags = 0;
	spinlock_t *lock = (spinlock_t *)l;

	switch ((enum section)kind) {
	case SECTION_SPIN:
		spin_lock(lock);
		__release(lock);
		break;
	case SECTION_BH:
		spin_lock_bh(lock);
		__release(lock);
		break;
	case SECTION_IRQ:
		spin_lock_irq(lock);
		__release(lock);
		break;
	case SECTION_IRQSAVE:
		spin_lock_irqsave(lock, flags);
		__release(lock);
		break;
	case SECTION_RCU:
		rcu_read_lock();
		__release(RCU);
		break;
	case SECTION_PREEMPT:
		preempt_disable();
		break;
	}
	return flags;
}

static unsigned long close_on_m(unsigned long kind, unsigned long l,
				unsigned long flags)
{
	spinlock_t *lock = (spinlock_t *)l;

	switch ((enum section)kind) {
	case SECTION_SPIN:
		__acquire(lock);
		spin_unlock(lock);
		break;
	case SECTION_BH:
		__acquire(lock);
		spin_unlock_bh(lock);
		break;
	case SECTION_IRQ:
		__acquire(lock);
		spin_unlock_irq(lock);
		break;
	case SECTION_IRQSAVE:
		__acquire(lock);
		spin_unlock_irqrestore(lock, flags);
		break;
	case SECTION_RCU:
		__acquire(RCU);
		rcu_read_unlock();
		break;
	case SECTION_PREEMPT:
		preempt_enable();
		break;
	}
	return 0;
}

/* Close what @g left open; on g0, the G is off its stack. */
void gort_neutralise(struct gort_m *m, struct gort_g *g)
{
	u32 n = min_t(u32, m->nsections, GORT_SECTIONS);
	struct gort_section *s;
	struct gort_lock *l;

	while (n--) {
		s = &m->sections[n];
		close_on_m(s->kind, (unsigned long)s->lock, s->flags);
	}
	m->nsections = 0;
	gort_close_beyond(0, 0, false);
	while ((l = m->held)) {
		m->held = l->next;
		mutex_unlock(&l->mutex);
	}
	gort_stw_abandon(g);
	m->locks = 0;
	m->mallocing = 0;
	m->gcing = 0;
	if (!g->status)
		g->status = -EDEADLK;
	gort_warn(g, "ended with a lock held or a section open; closed it\n");
}

/**
 * struct lock_init - what lockdep is to know of a lock
 * @lock: the lock
 * @name: what it is called
 * @key: where it is made
 */
struct lock_init {
	struct gort_lock *lock;
	const char *name;
	struct lock_class_key *key;
};

static long lock_init_on_m(void *arg)
{
	struct lock_init *li = arg;

	__mutex_init(&li->lock->mutex, li->name, li->key);
	li->lock->next = NULL;
	return 0;
}

/* gort_lock_init(), with a class of locks for each place that calls it. */
void __gort_lock_init(struct gort_lock *l, const char *name,
		      struct lock_class_key *key)
{
	struct lock_init li = { .lock = l, .name = name, .key = key };

	gort_call(lock_init_on_m, &li);
}
EXPORT_SYMBOL_GORT(__gort_lock_init);

static unsigned long lock_on_m(unsigned long l, unsigned long unused1,
			       unsigned long unused2)
{
	mutex_lock(&((struct gort_lock *)l)->mutex);
	return 0;
}

static unsigned long trylock_on_m(unsigned long l, unsigned long unused1,
				  unsigned long unused2)
{
	return mutex_trylock(&((struct gort_lock *)l)->mutex);
}

static unsigned long unlock_on_m(unsigned long l, unsigned long unused1,
				 unsigned long unused2)
{
	mutex_unlock(&((struct gort_lock *)l)->mutex);
	return 0;
}

static void hold(struct gort_m *m, struct gort_lock *l)
{
	l->next = m->held;
	m->held = l;
}

/* Take @l off the list of held locks; false if it is not there. */
static bool unhold(struct gort_m *m, struct gort_lock *l)
{
	struct gort_lock **link;

	for (link = &m->held; *link; link = &(*link)->next) {
		if (*link != l)
			continue;
		*link = l->next;
		return true;
	}
	return false;
}

/**
 * gort_lock() - take a gort lock
 * @l: the lock
 *
 * From here to gort_unlock() the G is not made to yield, and must not block. As
 * lock in the Go runtime. Locks nest in any order that all users keep. It may
 * sleep: a G that calls it inside a section is ended with -EDEADLK.
 *
 * Context: G or process.
 */
void gort_lock(struct gort_lock *l)
{
	struct gort_g *g = gort_getg();

	if (!g) {
		mutex_lock(&l->mutex);
		return;
	}
	gort_enter(g);
	if (unlikely(gort_must_not_sleep(g->m))) {
		gort_misuse(g, "gort_lock",
			    "in a section that must not sleep: the G is ended");
		g->status = -EDEADLK;
		gort_mcall(g, GORT_ACT_EXIT);
	}
	gort_systemstack(g, (unsigned long)l, 0, 0, lock_on_m);
	hold(g->m, l);
}
EXPORT_SYMBOL_GORT(gort_lock);
NOKPROBE_SYMBOL(gort_lock);

/**
 * gort_trylock() - take a gort lock if it is free
 * @l: the lock
 *
 * Context: G or process.
 * Return: true if the caller has it now.
 */
bool gort_trylock(struct gort_lock *l)
{
	struct gort_g *g = gort_getg();

	if (!g)
		return mutex_trylock(&l->mutex);
	gort_enter(g);
	if (gort_systemstack(g, (unsigned long)l, 0, 0, trylock_on_m)) {
		hold(g->m, l);
		return true;
	}
	gort_at_site(g, GORT_SITE_UNLOCK);
	gort_releasem(g, GORT_SITE_UNLOCK);
	return false;
}
EXPORT_SYMBOL_GORT(gort_trylock);

/**
 * gort_unlock() - release a gort lock
 * @l: the lock; one that the G does not hold is left alone, with a message
 *
 * A preemption request that was put off is restored when no lock is held and
 * no section open any more.
 *
 * Context: G or process. What it wakes: an M or a task that waits for @l.
 */
void gort_unlock(struct gort_lock *l)
{
	struct gort_g *g = gort_getg();

	if (!g) {
		mutex_unlock(&l->mutex);
		return;
	}
	if (unlikely(!unhold(g->m, l))) {
		gort_misuse(g, "gort_unlock", "of a lock that it does not hold");
		return;
	}
	gort_at_site(g, GORT_SITE_UNLOCK);
	gort_systemstack(g, (unsigned long)l, 0, 0, unlock_on_m);
	gort_releasem(g, GORT_SITE_UNLOCK);
}
EXPORT_SYMBOL_GORT(gort_unlock);

/* Remember an open section; those too deep are only counted. */
static void section_push(struct gort_m *m, enum section kind, spinlock_t *l,
			 unsigned long flags)
{
	if (m->nsections < GORT_SECTIONS)
		m->sections[m->nsections] = (struct gort_section){
			.kind = kind, .flags = flags, .lock = l,
		};
	m->nsections++;
}

/* Forget the last open one of this kind and lock; false if there is none. */
static bool section_pop(struct gort_m *m, enum section kind, spinlock_t *l)
{
	u32 n = min_t(u32, m->nsections, GORT_SECTIONS), i = n;

	while (i--) {
		if (m->sections[i].kind != kind || m->sections[i].lock != l)
			continue;
		memmove(&m->sections[i], &m->sections[i + 1],
			(n - i - 1) * sizeof(m->sections[0]));
		m->nsections--;
		return true;
	}
	if (m->nsections <= GORT_SECTIONS)
		return false;
	m->nsections--;
	return true;
}

static unsigned long section_open(enum section kind, spinlock_t *l)
{
	struct gort_g *g = gort_getg();
	unsigned long flags;

	if (!g)
		return open_on_m(kind, (unsigned long)l, 0);
	gort_enter(g);
	flags = gort_systemstack(g, kind, (unsigned long)l, 0, open_on_m);
	section_push(g->m, kind, l, flags);
	return flags;
}

static void section_close(enum section kind, spinlock_t *l, unsigned long flags)
{
	struct gort_g *g = gort_getg();

	if (!g) {
		close_on_m(kind, (unsigned long)l, flags);
		return;
	}
	if (unlikely(!section_pop(g->m, kind, l))) {
		gort_misuse(g, "closes", "a section that it has not opened");
		return;
	}
	gort_at_site(g, GORT_SITE_SPIN);
	gort_systemstack(g, kind, (unsigned long)l, flags, close_on_m);
	gort_releasem(g, GORT_SITE_SPIN);
}

/**
 * gort_spin_lock() - spin_lock() for G code
 * @l: the lock
 *
 * As gort_lock(), the G is not made to yield until it is released; the M must
 * not sleep either, so no gort_lock() and no gort_call() that sleeps inside.
 * The same holds for all that follow here.
 *
 * Context: G, or wherever spin_lock() may be called.
 */
void gort_spin_lock(spinlock_t *l)
{
	section_open(SECTION_SPIN, l);
}
EXPORT_SYMBOL_GORT(gort_spin_lock);

/**
 * gort_spin_unlock() - spin_unlock() for G code
 * @l: the lock
 *
 * Restores a preemption request that was put off, as gort_unlock() does. The
 * same holds for all that close a section.
 *
 * Context: G, or wherever spin_unlock() may be called.
 */
void gort_spin_unlock(spinlock_t *l)
{
	section_close(SECTION_SPIN, l, 0);
}
EXPORT_SYMBOL_GORT(gort_spin_unlock);

/**
 * gort_spin_lock_bh() - spin_lock_bh() for G code
 * @l: the lock
 *
 * Context: G, or wherever spin_lock_bh() may be called.
 */
void gort_spin_lock_bh(spinlock_t *l)
{
	section_open(SECTION_BH, l);
}
EXPORT_SYMBOL_GORT(gort_spin_lock_bh);

/**
 * gort_spin_unlock_bh() - spin_unlock_bh() for G code
 * @l: the lock
 *
 * Context: G, or wherever spin_unlock_bh() may be called.
 */
void gort_spin_unlock_bh(spinlock_t *l)
{
	section_close(SECTION_BH, l, 0);
}
EXPORT_SYMBOL_GORT(gort_spin_unlock_bh);

/**
 * gort_spin_lock_irq() - spin_lock_irq() for G code
 * @l: the lock
 *
 * Context: G, or wherever spin_lock_irq() may be called.
 */
void gort_spin_lock_irq(spinlock_t *l)
{
	section_open(SECTION_IRQ, l);
}
EXPORT_SYMBOL_GORT(gort_spin_lock_irq);

/**
 * gort_spin_unlock_irq() - spin_unlock_irq() for G code
 * @l: the lock
 *
 * Context: G, or wherever spin_unlock_irq() may be called.
 */
void gort_spin_unlock_irq(spinlock_t *l)
{
	section_close(SECTION_IRQ, l, 0);
}
EXPORT_SYMBOL_GORT(gort_spin_unlock_irq);

/**
 * gort_spin_lock_irqsave() - spin_lock_irqsave() for G code
 * @l: the lock
 *
 * Context: G, or wherever spin_lock_irqsave() may be called.
 * Return: the flags for gort_spin_unlock_irqrestore().
 */
unsigned long gort_spin_lock_irqsave(spinlock_t *l)
{
	return section_open(SECTION_IRQSAVE, l);
}
EXPORT_SYMBOL_GORT(gort_spin_lock_irqsave);

/**
 * gort_spin_unlock_irqrestore() - spin_unlock_irqrestore() for G code
 * @l: the lock
 * @flags: from gort_spin_lock_irqsave()
 *
 * Context: G, or wherever spin_unlock_irqrestore() may be called.
 */
void gort_spin_unlock_irqrestore(spinlock_t *l, unsigned long flags)
{
	section_close(SECTION_IRQSAVE, l, flags);
}
EXPORT_SYMBOL_GORT(gort_spin_unlock_irqrestore);

/**
 * gort_rcu_read_lock() - rcu_read_lock() for G code
 *
 * Context: G, or wherever rcu_read_lock() may be called.
 */
void gort_rcu_read_lock(void)
{
	section_open(SECTION_RCU, NULL);
}
EXPORT_SYMBOL_GORT(gort_rcu_read_lock);

/**
 * gort_rcu_read_unlock() - rcu_read_unlock() for G code
 *
 * Context: G, or wherever rcu_read_unlock() may be called.
 */
void gort_rcu_read_unlock(void)
{
	section_close(SECTION_RCU, NULL, 0);
}
EXPORT_SYMBOL_GORT(gort_rcu_read_unlock);

/**
 * gort_preempt_off() - preempt_disable() for G code
 *
 * Neither gort nor Linux takes the CPU away until gort_preempt_on().
 *
 * Context: G, or wherever preempt_disable() may be called.
 */
void gort_preempt_off(void)
{
	section_open(SECTION_PREEMPT, NULL);
}
EXPORT_SYMBOL_GORT(gort_preempt_off);

/**
 * gort_preempt_on() - preempt_enable() for G code
 *
 * Context: G, or wherever preempt_enable() may be called.
 */
void gort_preempt_on(void)
{
	section_close(SECTION_PREEMPT, NULL, 0);
}
EXPORT_SYMBOL_GORT(gort_preempt_on);
