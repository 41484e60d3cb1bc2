// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code: what a G may hold while it sleeps, a gort_mutex and the units of a
 * semaphore. Attempts are made in each form, by Gs that may be cancelled at any
 * time, and by a task and interrupts beside. At the end all must be there.
 */

#include <linux/errno.h>
#include <linux/ktime.h>

#include "gort_torture.h"

/* Longest wait for what may not come */
#define TORT_WAIT_NS	(300 * NSEC_PER_USEC)

struct gort_mutex tort_own = GORT_MUTEX_INIT(tort_own);
struct gort_sem tort_units = GORT_SEM_INIT(tort_units, TORT_UNITS);
struct tort_guard tort_own_data;
atomic_t tort_inside;

/* What is done inside: it may sleep, be preempted, be cancelled. */
static void stay(struct tort_g *t)
{
	u32 n = tort_rand(t, 64);

	if (tort_one_in(t, 4))
		gort_preempt_self();
	while (n--)
		tort_check(t);
	if (tort_one_in(t, 8))
		tort_errno(t, gort_yield());
	if (tort_one_in(t, 16))
		tort_errno(t, gort_sleep(tort_rand(t, TORT_WAIT_NS)));
}

/* 0: it has it. Else it came too late, was cancelled, or only tried. */
static int got(struct tort_g *t, u32 form, int err)
{
	if (err == -ETIME && form == 1)
		return err;
	if (err == -EAGAIN && form == 2)
		return err;
	return tort_errno(t, err);
}

static int own(struct tort_g *t, u32 form)
{
	if (form == 1)
		return gort_mutex_lock_until(&tort_own, gort_now() +
					     tort_rand(t, TORT_WAIT_NS));
	return form ? gort_mutex_trylock(&tort_own) :
		      gort_mutex_lock(&tort_own);
}

void tort_act_own(struct tort_g *t)
{
	u32 form = tort_rand(t, 3);

	if (!tort_is(TWIN_NOOWN) && got(t, form, own(t, form)))
		return;
	if (!tort_guard_in(&tort_own_data, t->id))
		tort_fail(t, WHAT_MUTEX, TORT_OWN, 0);
	stay(t);
	if (!tort_guard_out(&tort_own_data, t->id))
		tort_fail(t, WHAT_MUTEX, TORT_OWN, 1);
	if (!tort_is(TWIN_NOOWN))
		tort_errno(t, gort_mutex_unlock(&tort_own));
}

static int unit(struct tort_g *t, u32 form)
{
	if (form == 1)
		return gort_sem_acquire_until(&tort_units, gort_now() +
					      tort_rand(t, TORT_WAIT_NS));
	return form ? gort_sem_tryacquire(&tort_units) :
		      gort_sem_acquire(&tort_units);
}

void tort_act_units(struct tort_g *t)
{
	u32 form = tort_rand(t, 3);

	/* this twin would wait for what is never given back */
	if (tort_is(TWIN_KEEP) && !form)
		form = 2;
	if (got(t, form, unit(t, form)))
		return;
	if (atomic_inc_return(&tort_inside) > TORT_UNITS)
		tort_fail(t, WHAT_MUTEX, TORT_SEM, 0);
	stay(t);
	atomic_dec(&tort_inside);
	if (!tort_is(TWIN_KEEP) || !tort_one_in(t, 16))
		tort_errno(t, gort_sem_release(&tort_units));
}

/* All Gs have ended: nobody has anything, and nobody waits. */
bool tort_all_there(void)
{
	return tort_units.count == TORT_UNITS &&
	       list_empty(&tort_units.waiters) &&
	       !(atomic_long_read(&tort_own.word) & ~GORT_MUTEX_SLOW) &&
	       list_empty(&tort_own.waiters) && !tort_own.woken &&
	       !tort_own.starving;
}
