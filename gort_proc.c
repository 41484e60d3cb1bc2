// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ps: which CPUs run Gs, and taking a P away from whoever has it.
 *
 * There is one P for each possible CPU, made when the module is loaded. In use
 * ("active") are those of the first nprocs CPUs that are online; the set is
 * made anew when nprocs is written, when a CPU comes or goes, and when the
 * machine goes to sleep (gort_sleep.c: it is empty then), by which each G
 * survives: a P that goes out of use puts its queue into the global one.
 *
 * At each time a P is in one of these states, all under sched.lock but where
 * it says otherwise:
 *
 *   running   p->m is the M that has it
 *   in a call p->m and p->sysm are the M that blocks in a call of its G; who
 *             exchanges p->sysm for NULL has the P: that M, the tick, or who
 *             takes it. Only that M does so without the lock
 *   waiting   for an M that is being made: nobody's, but with work
 *   idle      in sched.idle: nobody's, until there is work
 *   taken     by who holds gort_world: it is out of use, or the world stands
 *             still
 *
 * Taking a P (gort_ps_take()), for either reason:
 *
 *  1. p->stop is set: its M lets go of it before it looks for the next G, and
 *     the tick asks what runs there to yield.
 *  2. What is idle, waiting, or in a call is taken at once.
 *  3. What runs is asked to yield by an interrupt, and asked again if that was
 *     to no avail: it may have come when the next G was about to come on. (With
 *     the restores on, one request suffices: a G that declines it yields when
 *     its lock is released.)
 *  4. The M that lets go marks its P as taken and wakes the taker.
 *
 * gort_world is held over each change. It is taken inside the kernel's lock on
 * CPU hotplug (the callbacks run under it), so who holds it does not take that.
 * A CPU may begin to go while its P is in use: an M that was made for it then
 * finds itself elsewhere and gives up.
 */

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "gort.h"

/* What runs is asked to let go again after this; as in Go */
#define GORT_ASK_NS	(100 * NSEC_PER_USEC)

struct semaphore gort_world = __SEMAPHORE_INITIALIZER(gort_world, 1);
static DECLARE_WAIT_QUEUE_HEAD(taken_wait);
static struct gort_p **gort_ps;		/* by CPU; I */
static struct cpumask procs_cpus;	/* CPUs that came online; W */
static unsigned int procs_want;		/* nprocs, 0: all; W */
static bool procs_asleep;		/* none is to be in use; W */
static enum cpuhp_state procs_hp;

struct gort_p *gort_p_of(unsigned int cpu)
{
	return gort_ps[cpu];
}

/* Was the P idle? It is not any more. sched.lock is held. */
bool gort_p_busy(struct gort_p *p)
{
	lockdep_assert_held(&gort_sched.lock);
	if (!cpumask_test_and_clear_cpu(p->cpu, &gort_sched.idle))
		return false;
	WRITE_ONCE(gort_sched.nidle, gort_sched.nidle - 1);
	return true;
}

/* Nobody has the P, and it has nothing to do. sched.lock is held. */
void gort_p_idle(struct gort_p *p)
{
	lockdep_assert_held(&gort_sched.lock);
	if (!cpumask_test_and_set_cpu(p->cpu, &gort_sched.idle))
		WRITE_ONCE(gort_sched.nidle, gort_sched.nidle + 1);
}

/* Step 4; on the M that has the P. */
void gort_p_letgo(struct gort_m *m)
{
	raw_spin_lock_irq(&gort_sched.lock);
	gort_m_pool(m);
	WRITE_ONCE(m->p->taken, true);
	raw_spin_unlock_irq(&gort_sched.lock);
	wake_up(&taken_wait);
}

/* Step 2. */
static void take(struct gort_p *p)
{
	struct gort_m *m;

	raw_spin_lock_irq(&gort_sched.lock);
	m = READ_ONCE(p->sysm);
	if (m && cmpxchg(&p->sysm, m, NULL) == m) /* pairs with the M's */
		p->m = NULL;
	if (!p->m) {
		gort_p_busy(p);
		WRITE_ONCE(p->taken, true);
	}
	raw_spin_unlock_irq(&gort_sched.lock);
}

/* Those with p->stop that are not taken yet */
static bool missing(struct gort_p *p)
{
	return READ_ONCE(p->stop) && !READ_ONCE(p->taken);
}

static bool any_missing(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (missing(gort_ps[cpu]))
			return true;
	return false;
}

/*
 * Until none is missing, or it is time to ask again. As wait_event_hrtimeout(),
 * but that looks in its caller at what the timer changes, and does not say so.
 */
static void await_taken(void)
{
	ktime_t until = ktime_add_ns(ktime_get(), GORT_ASK_NS);
	DEFINE_WAIT(wait);

	do {
		prepare_to_wait(&taken_wait, &wait, TASK_UNINTERRUPTIBLE);
	} while (any_missing() && schedule_hrtimeout(&until, HRTIMER_MODE_ABS));
	finish_wait(&taken_wait, &wait);
}

/**
 * gort_ps_take() - have all Ps whose @stop is set
 *
 * When it returns, no M runs with them, and none will until they are given
 * back by gort_p_give(). The caller holds gort_world, and is not on one of
 * them.
 *
 * Return: how often those that run had to be asked.
 */
unsigned int gort_ps_take(void)
{
	unsigned int cpu, rounds = 0;
	struct gort_p *p;

	for (;;) {
		for_each_possible_cpu(cpu)
			if (missing(gort_ps[cpu]))
				take(gort_ps[cpu]);
		if (!any_missing())
			return rounds;
		rounds++;
		for_each_possible_cpu(cpu) {
			p = gort_ps[cpu];
			if (missing(p))
				gort_preemptone(p);
		}
		await_taken();
	}
}

/* The P runs Gs again. */
void gort_p_give(struct gort_p *p)
{
	WRITE_ONCE(p->stop, false);
	gort_handoffp(p, NULL);
}

static void activate(struct gort_p *p)
{
	raw_spin_lock_irq(&gort_sched.lock);
	WRITE_ONCE(p->active, true);
	raw_spin_unlock_irq(&gort_sched.lock);
	WRITE_ONCE(gort_sched.nactive, gort_sched.nactive + 1);
	gort_p_give(p);
}

static void deactivate(struct gort_p *p)
{
	WRITE_ONCE(gort_sched.nactive, gort_sched.nactive - 1);
	WRITE_ONCE(p->stop, true);
	gort_ps_take();
	WRITE_ONCE(p->stop, false);

	raw_spin_lock_irq(&gort_sched.lock);
	WRITE_ONCE(p->active, false);
	raw_spin_unlock_irq(&gort_sched.lock);
	gort_runqdrain(p);
	gort_tick_stop(p);
	gort_m_wake_all(p);
	gort_cache_trim(&p->cache, 0);
}

static unsigned int procs_wanted(void)
{
	if (procs_asleep)
		return 0;
	return procs_want ?: nr_cpu_ids;
}

/* Make the set of active Ps what it is to be. */
static void procs_update(void)
{
	unsigned int want = procs_wanted(), cpu;
	bool change = false;

	/* first the new ones: what the others leave needs a place to go */
	for_each_cpu(cpu, &procs_cpus) {
		if (!want)
			break;
		want--;
		if (gort_ps[cpu]->active)
			continue;
		activate(gort_ps[cpu]);
		change = true;
	}
	want = procs_wanted();
	for_each_possible_cpu(cpu) {
		if (cpumask_test_cpu(cpu, &procs_cpus) && want) {
			want--;
			continue;
		}
		if (!gort_ps[cpu]->active)
			continue;
		deactivate(gort_ps[cpu]);
		change = true;
	}
	if (change)
		gort_wake();
}

static int procs_online(unsigned int cpu)
{
	down(&gort_world);
	cpumask_set_cpu(cpu, &procs_cpus);
	procs_update();
	up(&gort_world);
	return 0;
}

static int procs_offline(unsigned int cpu)
{
	down(&gort_world);
	cpumask_clear_cpu(cpu, &procs_cpus);
	procs_update();
	up(&gort_world);
	return 0;
}

/**
 * gort_procs_set() - use another number of CPUs
 * @n: how many, 0 for all that are online
 *
 * Gs of Ps that go away continue on the others.
 *
 * Context: process.
 * Return: 0 or -EINVAL.
 */
int gort_procs_set(unsigned int n)
{
	if (n > nr_cpu_ids)
		return -EINVAL;
	down(&gort_world);
	procs_want = n;
	procs_update();
	up(&gort_world);
	return 0;
}

/**
 * gort_procs_sleep() - no P is in use while the machine sleeps
 * @asleep: it is about to; else it is awake again
 *
 * Context: process; with @asleep it waits for what runs to yield.
 */
void gort_procs_sleep(bool asleep)
{
	down(&gort_world);
	procs_asleep = asleep;
	procs_update();
	up(&gort_world);
}

static struct gort_p *newp(unsigned int cpu)
{
	struct gort_p *p;

	p = gort_try(kzalloc_node(sizeof(*p), GFP_KERNEL, cpu_to_node(cpu)),
		     NULL);
	if (!p)
		return NULL;
	p->cpu = cpu;
	p->taken = true;
	p->rand = get_random_u32() | 1;
	raw_spin_lock_init(&p->cache.lock);
	gort_m_init(p);
	gort_tick_init(p);
	per_cpu(gort_curg, cpu) = &gort_nog;
	return p;
}

static void freeps(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		kfree(gort_ps[cpu]);
	kfree(gort_ps);
}

int gort_proc_init(void)
{
	unsigned int cpu;
	int err;

	gort_ps = gort_try(kcalloc(nr_cpu_ids, sizeof(*gort_ps), GFP_KERNEL),
			   NULL);
	if (!gort_ps)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		gort_ps[cpu] = newp(cpu);
		err = -ENOMEM;
		if (!gort_ps[cpu])
			goto err_free;
	}
	err = gort_try(cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "gort:online",
					 procs_online, procs_offline), -ENOMEM);
	if (err < 0)
		goto err_free;
	procs_hp = err;
	return 0;

err_free:
	freeps();
	return err;
}

/* No G exists any more: all files and contexts are gone. */
void gort_proc_exit(void)
{
	cpuhp_remove_state(procs_hp); /* calls procs_offline() for each */
	gort_m_exit();
	freeps();
}
