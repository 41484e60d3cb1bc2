// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gs that stay on one M, as LockOSThread() makes them in Go.
 *
 * g->lockedm and m->lockedg name each other while a G is locked to an M; both
 * change under sched.lock. Such an M runs nothing else: when its G leaves its
 * stack it hands the P on and sleeps, and whoever has the P when the G's turn
 * comes hands it back (p->locked, gort_sched.c). If the M leaves, as its CPU
 * goes out of use, the G is locked to the next one that runs it: g->lockcount
 * says that it wants one. A G that ends like this takes its M along, since
 * nobody knows what it did to it.
 *
 * At most max_threads Ms of a CPU have such a G, and as many others there may
 * be to run the rest.
 */

#include "gort.h"

/* @g asked to stay on an M, and has none: this is the one. */
void gort_lockm(struct gort_m *m, struct gort_g *g)
{
	raw_spin_lock_irq(&gort_sched.lock);
	g->lockedm = m;
	m->lockedg = g;
	raw_spin_unlock_irq(&gort_sched.lock);
}

/* @g and its M part; both run, or @g has ended. */
void gort_unlockm(struct gort_m *m, struct gort_g *g)
{
	raw_spin_lock_irq(&gort_sched.lock);
	g->lockedm = NULL;
	m->lockedg = NULL;
	raw_spin_unlock_irq(&gort_sched.lock);
}

/* May one more M of @p be kept for a G? */
static bool below_limit(const struct gort_p *p)
{
	const struct gort_m *m;
	unsigned int n = 0;

	raw_spin_lock_irq(&gort_sched.lock);
	list_for_each_entry(m, &p->ms, node)
		n += !!m->lockedg;
	raw_spin_unlock_irq(&gort_sched.lock);
	return n < READ_ONCE(gort_max_threads);
}

static unsigned long lockm_on_m(unsigned long g, unsigned long unused1,
				unsigned long unused2)
{
	struct gort_m *m = ((struct gort_g *)g)->m;

	if (!below_limit(m->p))
		return false;
	gort_lockm(m, (struct gort_g *)g);
	return true;
}

static unsigned long unlockm_on_m(unsigned long g, unsigned long unused1,
				  unsigned long unused2)
{
	gort_unlockm(((struct gort_g *)g)->m, (struct gort_g *)g);
	return 0;
}

/**
 * gort_lock_thread() - stay on this M
 *
 * From here to the matching gort_unlock_thread() the G runs on the kthread that
 * runs it now, and nothing else does: for what the kernel keeps per task, and to
 * stay on a CPU. If that CPU goes offline, or is not used any more, the G goes
 * on with another M, for which the same holds. Calls nest. A G that ends like
 * this takes its M along. As LockOSThread in Go.
 *
 * Context: G.
 * Return: 0, -EPERM outside a G, -EAGAIN if max_threads Gs are locked to Ms of
 * this CPU already, -EOVERFLOW if calls nest GORT_NEST_MAX deep.
 */
int gort_lock_thread(void)
{
	struct gort_g *g = gort_getg();
	int err = 0;

	if (!g)
		return -EPERM;
	if (g->lockcount == GORT_NEST_MAX)
		return -EOVERFLOW;
	gort_enter(g);
	if (!g->lockcount &&
	    !gort_systemstack(g, (unsigned long)g, 0, 0, lockm_on_m))
		err = -EAGAIN;
	else
		g->lockcount++;
	gort_releasem(g, GORT_SITE_UNLOCK);
	return err;
}
EXPORT_SYMBOL_GORT(gort_lock_thread);

/**
 * gort_unlock_thread() - undo one gort_lock_thread()
 *
 * Context: G.
 * Return: 0, -EPERM outside a G, -EINVAL if the G is not locked to an M.
 */
int gort_unlock_thread(void)
{
	struct gort_g *g = gort_getg();

	if (!g)
		return -EPERM;
	if (!g->lockcount)
		return -EINVAL;
	gort_enter(g);
	if (!--g->lockcount)
		gort_systemstack(g, (unsigned long)g, 0, 0, unlockm_on_m);
	gort_releasem(g, GORT_SITE_UNLOCK);
	return 0;
}
EXPORT_SYMBOL_GORT(gort_unlock_thread);
