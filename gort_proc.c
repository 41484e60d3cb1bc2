// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ps and Ms: which CPUs run Gs, and the kthreads that do it.
 *
 * There is one P for each possible CPU, made when the module is loaded. In use
 * ("active") are those of the first nprocs CPUs that are online; the set is
 * made anew when nprocs is written and when a CPU comes or goes, by which each
 * G survives: a P that goes away puts its queue into the global one.
 *
 *   active    it is in sched.idle until work comes
 *   M made    the first time that there is work for it: gort_allocm() asks a
 *             worker, since to make a kthread is to sleep. It is bound to its
 *             CPU, and may not migrate while it runs Gs: the kernel pushes a
 *             merely bound task off a CPU that is about to go, before
 *             procs_offline() is called
 *   retire    the M is asked to leave, finishes what its G does up to the next
 *             check, empties its queue and is gone; then the P is inactive
 *
 * procs_mutex is held over each change. It is taken inside the kernel's lock on
 * CPU hotplug (the callbacks run under it), so who writes nprocs takes that one
 * first.
 *
 * Who can still use an M when it is freed? Its task has ended (kthread_stop()
 * returned). Wakers find it through p->m under sched.lock, where it was set to
 * NULL.
 */

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "gort.h"

/* After an M could not be made, look again for who could run the work. */
#define GORT_RETRY	(HZ / 10)

static DEFINE_MUTEX(procs_mutex);
static struct gort_p **gort_ps;		/* by CPU; I */
static struct cpumask procs_cpus;	/* CPUs that came online; B */
static unsigned int procs_want;		/* nprocs, 0: all; B */
static enum cpuhp_state procs_hp;
static struct delayed_work procs_retry;

struct gort_p *gort_p_of(unsigned int cpu)
{
	return gort_ps[cpu];
}

static int gort_m(void *arg)
{
	struct gort_m *m = arg;

	migrate_disable();
	complete(&m->up);
	this_cpu_write(gort_mtask, current);
	gort_schedule(m);
	this_cpu_write(gort_mtask, NULL);
	migrate_enable();
	for (;;) {
		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static struct gort_m *newm(struct gort_p *p)
{
	struct gort_m *m;

	if (gort_should_fail())
		return NULL;
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return NULL;
	m->p = p;
	init_completion(&m->up);
	m->task = kthread_create_on_node(gort_m, m, cpu_to_node(p->cpu),
					 "gort/%u", p->cpu);
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
	if (READ_ONCE(gort_sched.size))
		gort_wake();
}

static void allocm_work(struct work_struct *work)
{
	struct gort_p *p = container_of(work, struct gort_p, allocm);
	struct gort_m *m = NULL;

	cpus_read_lock();
	mutex_lock(&procs_mutex);
	if (p->active && !p->m)
		m = newm(p);
	if (m) {
		m->spinning = true;
		atomic_inc(&gort_sched.nmspinning);
		raw_spin_lock_irq(&gort_sched.lock);
		p->m = m;
		raw_spin_unlock_irq(&gort_sched.lock);
		wake_up_process(m->task);
		wait_for_completion(&m->up);
	} else {
		if (p->active && !p->m)
			gort_p_idle(p);
		schedule_delayed_work(&procs_retry, p->active ? GORT_RETRY : 0);
	}
	mutex_unlock(&procs_mutex);
	cpus_read_unlock();
}

static unsigned long allocm_on_m(unsigned long p, unsigned long unused1,
				 unsigned long unused2)
{
	return queue_work(system_highpri_wq, &((struct gort_p *)p)->allocm);
}

/* Give @p, from gort_wakep(), an M. Any context. As allocm in Go. */
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

static void activate(struct gort_p *p)
{
	lockdep_assert_held(&procs_mutex);
	WRITE_ONCE(p->active, true);
	WRITE_ONCE(gort_sched.nactive, gort_sched.nactive + 1);
	gort_p_idle(p);
}

static void deactivate(struct gort_p *p)
{
	struct gort_m *m = p->m;

	lockdep_assert_held(&procs_mutex);
	WRITE_ONCE(p->active, false);
	WRITE_ONCE(gort_sched.nactive, gort_sched.nactive - 1);
	if (m) {
		WRITE_ONCE(p->retire, true);
		gort_preemptone(p);
		kthread_stop(m->task);
		WRITE_ONCE(p->retire, false);
	}
	raw_spin_lock_irq(&gort_sched.lock);
	p->m = NULL;
	gort_p_busy(p);
	raw_spin_unlock_irq(&gort_sched.lock);
	kfree(m);
	gort_cache_trim(&p->cache, 0);
}

/* Make the set of active Ps what it is to be. */
static void procs_update(void)
{
	unsigned int want = procs_want ?: nr_cpu_ids, cpu;
	bool change = false;

	lockdep_assert_held(&procs_mutex);
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
	want = procs_want ?: nr_cpu_ids;
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
	mutex_lock(&procs_mutex);
	cpumask_set_cpu(cpu, &procs_cpus);
	procs_update();
	mutex_unlock(&procs_mutex);
	return 0;
}

static int procs_offline(unsigned int cpu)
{
	mutex_lock(&procs_mutex);
	cpumask_clear_cpu(cpu, &procs_cpus);
	procs_update();
	mutex_unlock(&procs_mutex);
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
	cpus_read_lock();
	mutex_lock(&procs_mutex);
	procs_want = n;
	procs_update();
	mutex_unlock(&procs_mutex);
	cpus_read_unlock();
	return 0;
}

static struct gort_p *newp(unsigned int cpu)
{
	struct gort_p *p;

	if (gort_should_fail())
		return NULL;
	p = kzalloc_node(sizeof(*p), GFP_KERNEL, cpu_to_node(cpu));
	if (!p)
		return NULL;
	p->cpu = cpu;
	p->rand = get_random_u32() | 1;
	raw_spin_lock_init(&p->cache.lock);
	INIT_WORK(&p->allocm, allocm_work);
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

	INIT_DELAYED_WORK(&procs_retry, retry_work);
	if (gort_should_fail())
		return -ENOMEM;
	gort_ps = kcalloc(nr_cpu_ids, sizeof(*gort_ps), GFP_KERNEL);
	if (!gort_ps)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		gort_ps[cpu] = newp(cpu);
		err = -ENOMEM;
		if (!gort_ps[cpu])
			goto err_free;
	}
	err = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "gort:online",
				procs_online, procs_offline);
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
	unsigned int cpu;

	cpuhp_remove_state(procs_hp); /* calls procs_offline() for each */
	cancel_delayed_work_sync(&procs_retry);
	for_each_possible_cpu(cpu)
		flush_work(&gort_ps[cpu]->allocm);
	cancel_delayed_work_sync(&procs_retry);
	freeps();
}
