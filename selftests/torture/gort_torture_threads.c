// SPDX-License-Identifier: GPL-2.0-only
/*
 * What goes on beside the Gs, in kthreads of this module: CPUs come and go,
 * parameters of gort change, somebody else stops the world, contexts are
 * destroyed with all that runs in them, data is replaced under RCU readers.
 */

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "gort_torture.h"

/* Gs of a context that does not live long */
#define CHURN_GS	8

/* Elements that readers may see; the one that was replaced last comes last. */
#define RCU_ELEMS	4

atomic_t tort_changes_begun;
atomic_t tort_changes_done;
DECLARE_WAIT_QUEUE_HEAD(tort_wait);
static atomic_t threads_left;
static u64 cpus_changed;
static struct tort_rcu rcu_elems[RCU_ELEMS];

/**
 * struct thread - one of them
 * @name: for messages
 * @fn: one round
 * @ms: pause between two rounds, about; 0: there is no such thread
 * @rounds: done so far
 * @rng: its random numbers
 * @task: the kthread
 */
struct thread {
	const char *name;
	void (*fn)(struct thread *th);
	unsigned int *ms;
	u64 rounds;
	u64 rng;
	struct task_struct *task;
};

static unsigned int hotplug_ms = 700;
module_param(hotplug_ms, uint, 0444);
MODULE_PARM_DESC(hotplug_ms, "Pause between two changes of the CPUs that are online, in ms; 0: none (default 700)");

static unsigned int param_ms = 150;
module_param(param_ms, uint, 0444);
MODULE_PARM_DESC(param_ms, "Pause between two changes of gort's parameters, in ms; 0: none (default 150)");

static unsigned int stw_ms = 50;
module_param(stw_ms, uint, 0444);
MODULE_PARM_DESC(stw_ms, "Pause between two stops of the world from outside, in ms; 0: none (default 50)");

static unsigned int churn_ms = 30;
module_param(churn_ms, uint, 0444);
MODULE_PARM_DESC(churn_ms, "Pause between two contexts that come and go, in ms; 0: none (default 30)");

static unsigned int data_ms = 5;
module_param(data_ms, uint, 0444);
MODULE_PARM_DESC(data_ms, "Pause between two uses of the Gs' data from outside, in ms; 0: none (default 5)");

/* One CPU that is not the first one goes, or comes back. */
static void hotplug(struct thread *th)
{
	unsigned int cpu = tort_next(&th->rng) % nr_cpu_ids;
	int err;

	if (!cpu || !cpu_present(cpu))
		return;
	atomic_inc_return(&tort_changes_begun);
	err = cpu_online(cpu) ? remove_cpu(cpu) : add_cpu(cpu);
	atomic_inc_return(&tort_changes_done);
	if (!err)
		cpus_changed++;
}

static void hotplug_undo(void)
{
	unsigned int cpu;

	if (!cpus_changed)
		return;
	for_each_present_cpu(cpu)
		if (!cpu_online(cpu) && add_cpu(cpu))
			pr_warn("CPU %u stays offline\n", cpu);
}

static void change_params(struct thread *th)
{
	tort_params_change(&th->rng);
}

/* The world stands for a task as it does for a G. */
static void stop_world(struct thread *th)
{
	int err = 0;

	if (!(tort_next(&th->rng) & 3))
		err = gort_gc();
	if (!err && !tort_is(TWIN_NOSTOPTASK))
		err = gort_stop_the_world();
	if (err) {
		tort_fail(NULL, WHAT_ERRNO, -err, 0);
		return;
	}
	tort_world_note();
	if (tort_next(&th->rng) & 1)
		usleep_range(10, 1000);
	if (!tort_world_stands(TORT_SLOTS))
		tort_fail(NULL, WHAT_WORLD, 1, 0);
	if (!tort_is(TWIN_NOSTOPTASK))
		gort_start_the_world();
}

/* All Gs of @ctx have ended, has each come to its own end? */
static void all_over(const struct tort_g *gs, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!READ_ONCE(gs[i].over))
			tort_fail(&gs[i], WHAT_ACCOUNT, i, n);
}

static void run_context(struct gort_ctx *ctx, struct tort_g *gs, u64 *rng)
{
	unsigned int n;

	for (n = 0; n < CHURN_GS; n++) {
		tort_g_init(&gs[n], NULL, false);
		atomic_long_inc(&tort_spawned);
		atomic_inc(&tort_live);
		if (!gort_go(ctx, tort_worker, &gs[n]))
			continue;
		atomic_long_dec(&tort_spawned);
		atomic_dec(&tort_live);
		break;
	}
	usleep_range(10, 10 + tort_next(rng) % 30000);
	gort_ctx_destroy(ctx);
	all_over(gs, n);
}

/* A context is destroyed with its Gs in the middle of anything. */
static void churn(struct thread *th)
{
	struct tort_g *gs = kvcalloc(CHURN_GS, sizeof(*gs), GFP_KERNEL);
	struct gort_ctx *ctx = gort_ctx_create("churn", 1000);

	if (!gs || IS_ERR(ctx) ||
	    gort_root_add(gs, CHURN_GS * sizeof(*gs))) {
		gort_ctx_destroy(ctx);
		kvfree(gs);
		return;
	}
	run_context(ctx, gs, &th->rng);
	gort_root_del(gs);
	kvfree(gs);
}

static void use_data(u32 kind)
{
	if (!tort_guard_in(&tort_guards[kind], TORT_WHO_TASK) ||
	    !tort_guard_out(&tort_guards[kind], TORT_WHO_TASK))
		tort_fail(NULL, WHAT_MUTEX, kind, TORT_WHO_TASK);
}

/* What RCU readers see is replaced, and spoiled when none is left. */
static void replace(void)
{
	static unsigned int n;
	struct tort_rcu *old = tort_rcu;

	n = (n + 1) % RCU_ELEMS;
	WRITE_ONCE(rcu_elems[n].magic, TORT_MAGIC);
	smp_store_release(&tort_rcu, &rcu_elems[n]); /* readers depend on it */
	synchronize_rcu();
	if (old)
		WRITE_ONCE(old->magic, 0);
}

/* Sleeps with what Gs wait for, if it comes in time. */
static void own(void)
{
	if (gort_mutex_lock_until(&tort_own, gort_now() + NSEC_PER_MSEC))
		return;
	if (!tort_guard_in(&tort_own_data, TORT_WHO_TASK))
		tort_fail(NULL, WHAT_MUTEX, TORT_OWN, TORT_WHO_TASK);
	usleep_range(10, 300);
	if (!tort_guard_out(&tort_own_data, TORT_WHO_TASK) ||
	    gort_mutex_unlock(&tort_own))
		tort_fail(NULL, WHAT_MUTEX, TORT_OWN, TORT_WHO_TASK);
}

/* A task uses the locks and the data of Gs. */
static void outside(struct thread *th)
{
	own();
	gort_lock(&tort_outer);
	use_data(KIND_OUTER);
	gort_unlock(&tort_outer);
	gort_spin_lock_bh(&tort_bh);
	use_data(KIND_BH);
	gort_spin_unlock_bh(&tort_bh);
	gort_spin_lock(&tort_spin);
	use_data(KIND_SPIN);
	gort_spin_unlock(&tort_spin);
	gort_spin_lock_irq(&tort_irqsave);
	use_data(KIND_IRQSAVE);
	gort_spin_unlock_irq(&tort_irqsave);
	replace();
}

static struct thread threads[] = {
	{ .name = "hotplug", .fn = hotplug, .ms = &hotplug_ms },
	{ .name = "param", .fn = change_params, .ms = &param_ms },
	{ .name = "stw", .fn = stop_world, .ms = &stw_ms },
	{ .name = "churn", .fn = churn, .ms = &churn_ms },
	{ .name = "data", .fn = outside, .ms = &data_ms },
};

static int thread_main(void *arg)
{
	struct thread *th = arg;
	u32 ms;

	while (!tort_stopping()) {
		ms = *th->ms / 2 + tort_next(&th->rng) % *th->ms;
		if (wait_event_idle_timeout(tort_wait, tort_stopping(),
					    msecs_to_jiffies(ms) + 1))
			break;
		th->fn(th);
		WRITE_ONCE(th->rounds, th->rounds + 1);
	}
	atomic_dec(&threads_left);
	wait_event_idle(tort_wait, kthread_should_stop());
	return 0;
}

unsigned int tort_threads_left(void)
{
	return atomic_read(&threads_left);
}

/* Which thread has had nothing to do, and should have? */
bool tort_thread_idle(char *buf, size_t size)
{
	struct thread *th;

	for (th = threads; th < threads + ARRAY_SIZE(threads); th++) {
		if (!*th->ms || READ_ONCE(th->rounds))
			continue;
		scnprintf(buf, size, "%s", th->name);
		return true;
	}
	if (hotplug_ms && num_present_cpus() > 1 && !READ_ONCE(cpus_changed)) {
		scnprintf(buf, size, "CPU hotplug");
		return true;
	}
	return false;
}

/* Their rounds, for reports. */
void tort_thread_names(char *buf, size_t size)
{
	struct thread *th;
	size_t n = 0;

	for (th = threads; th < threads + ARRAY_SIZE(threads); th++)
		n += scnprintf(buf + n, size - n, " %s %llu", th->name,
			       READ_ONCE(th->rounds));
}

void tort_threads_stop(void)
{
	struct thread *th;

	for (th = threads; th < threads + ARRAY_SIZE(threads); th++) {
		if (th->task)
			kthread_stop(th->task);
		th->task = NULL;
	}
	hotplug_undo();
}

int tort_threads_start(void)
{
	struct thread *th;

	replace();
	for (th = threads; th < threads + ARRAY_SIZE(threads); th++) {
		if (!*th->ms)
			continue;
		th->rng = tort_mix(tort_seed + (th - threads)) | 1;
		th->task = kthread_run(thread_main, th, "gort-t/%s", th->name);
		if (IS_ERR(th->task)) {
			th->task = NULL;
			return -ENOMEM;
		}
		atomic_inc(&threads_left);
	}
	return 0;
}
