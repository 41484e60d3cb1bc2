// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ordinary functions that G code reaches through gort_call() and gort_syscall(),
 * and the interrupts that wake Gs.
 */

#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/uaccess.h>

#include "../modules/gort_test_compat.h"
#include "gort_torture.h"

static DEFINE_MUTEX(tort_mutex);
static struct tort_guard tort_mutex_data;	/* tort_mutex */

/*
 * G code calls these two through pointers, which the check of G code can't see:
 * what somebody does who does not know gort. They run on the G's stack, which
 * has no room for a switch: the second one is called with preemption off still.
 */
static notrace void raw_preempt_off(void)
{
	preempt_disable();
}

static notrace void raw_preempt_on(void)
{
	preempt_enable();
}

void (*const tort_raw_preempt_off)(void) = raw_preempt_off;
void (*const tort_raw_preempt_on)(void) = raw_preempt_on;

/* The word there, or 0 if there is none. */
long tort_k_peek(void *word)
{
	u64 value;

	return copy_from_kernel_nofault(&value, word, sizeof(value)) ? 0 : value;
}

long tort_k_cpu(void *unused)
{
	return raw_smp_processor_id();
}

/* Is this the M of another G that asked to be alone there? */
static bool is_taken(const struct tort_g *w)
{
	int gen;

	if (READ_ONCE(w->locked) != current)
		return false;
	gen = READ_ONCE(w->locked_gen);
	smp_rmb(); /* pairs with the writer's increments */
	return atomic_read(&tort_changes_begun) == gen &&
	       atomic_read(&tort_changes_done) == gen &&
	       READ_ONCE(w->locked) == current;
}

/* The task that runs @arg, a G of the test. */
long tort_k_where(void *arg)
{
	struct tort_g *t = arg, *w;
	unsigned int i;

	for (i = 0; i < tort_nworkers; i++) {
		w = &tort_workers[i];
		if (w != t && is_taken(w))
			tort_fail(t, WHAT_SHARED_M, w->id, 0);
	}
	return (long)current;
}

long tort_k_sleep(void *us)
{
	unsigned long n = (unsigned long)us;

	if (n)
		usleep_range(n, n + 50);
	return tort_mix(n);
}

long tort_k_delay(void *us)
{
	/* a call that is announced is made as no G */
	if (gort_self())
		tort_fail(NULL, WHAT_RESULT, (u64)gort_self(), 0);
	udelay((unsigned long)us);
	return tort_mix((u64)us);
}

long tort_k_mutex(void *arg)
{
	struct tort_g *t = arg;

	mutex_lock(&tort_mutex);
	if (!tort_guard_in(&tort_mutex_data, t->id))
		tort_fail(t, WHAT_MUTEX, TORT_MUTEX, 0);
	if (tort_one_in(t, 4))
		usleep_range(10, 300);
	if (!tort_guard_out(&tort_mutex_data, t->id))
		tort_fail(t, WHAT_MUTEX, TORT_MUTEX, 1);
	mutex_unlock(&tort_mutex);
	return 0;
}

long tort_k_sync(void *unused)
{
	synchronize_rcu();
	return 0;
}

/* An interrupt uses the same data as Gs, with the lock that keeps it away. */
static void use_data(u32 kind, u32 who)
{
	if (!tort_guard_in(&tort_guards[kind], who) ||
	    !tort_guard_out(&tort_guards[kind], who))
		tort_fail(NULL, WHAT_MUTEX, kind, who);
}

static enum hrtimer_restart timer_fired(struct hrtimer *timer)
{
	struct tort_g *t = container_of(timer, struct tort_g, timer);
	struct gort_g *g = t->g;

	if (t->soft) {
		spin_lock(&tort_bh);
		use_data(KIND_BH, TORT_WHO_BH);
		spin_unlock(&tort_bh);
	} else {
		spin_lock(&tort_irq);
		use_data(KIND_IRQ, TORT_WHO_IRQ);
		spin_unlock(&tort_irq);
		spin_lock(&tort_irqsave);
		use_data(KIND_IRQSAVE, TORT_WHO_IRQ);
		spin_unlock(&tort_irqsave);
	}
	if (!gort_sem_tryacquire(&tort_units)) {
		if (atomic_inc_return(&tort_inside) > TORT_UNITS)
			tort_fail(NULL, WHAT_MUTEX, TORT_SEM, 1);
		atomic_dec(&tort_inside);
		gort_sem_release(&tort_units);
	}
	/* pairs with the acquire in tort_act_irqready(), which cancels the timer */
	smp_store_release(&t->fired, 1);
	gort_ready(g);
	return HRTIMER_NORESTART;
}

long tort_k_timer_start(void *arg)
{
	struct tort_g *t = arg;
	/* With PREEMPT_RT the locks that it tries are no hard interrupt's. */
	bool soft = t->soft || IS_ENABLED(CONFIG_PREEMPT_RT);
	enum hrtimer_mode mode = soft ? HRTIMER_MODE_REL_SOFT :
					HRTIMER_MODE_REL_HARD;

	hrtimer_setup(&t->timer, timer_fired, CLOCK_MONOTONIC, mode);
	hrtimer_start(&t->timer, ns_to_ktime(tort_rand(t, NSEC_PER_MSEC)), mode);
	return 0;
}

/* Also waits for a function that still runs on another CPU. */
long tort_k_timer_cancel(void *arg)
{
	hrtimer_cancel(&((struct tort_g *)arg)->timer);
	return 0;
}
