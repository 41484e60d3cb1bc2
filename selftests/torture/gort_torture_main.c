// SPDX-License-Identifier: GPL-2.0-only
/*
 * gort_torture.ko: random load on all of gort at once, by Gs that watch each
 * other. Loading it starts the test, removing it ends it, unless duration_s did.
 *
 * Workers are Gs that draw one action after the other (gort_torture_sched.c):
 * locks and sections of every kind, objects of the heap and collections,
 * blocking calls, announced and not, children, wake-ups, sleeps, deep stacks,
 * threads of their own, loops without calls, stops of the world. Meanwhile
 * CPUs, parameters and contexts come and go (gort_torture_threads.c).
 *
 * What must hold is looked at by the Gs themselves, as it happens (enum
 * tort_what): who is inside a section is alone there; a request that was put off
 * is answered at the first check after it may be; nobody runs while the world is
 * stopped; what is in use of the heap, of stacks and of registers stays as it
 * was; a G that is locked to its thread stays there, alone. The control thread
 * looks whether all of them come on, and at the end whether all have ended.
 *
 * At the end one line says "End of test: SUCCESS" or "End of test: FAILURE:" with
 * the first thing that was wrong. It is no success if something did not happen
 * that is to be tortured: each action, each place where gort restores requests,
 * each reason to decline one, and more (gort_torture_report.c). If the time is
 * over before all of that has happened, some more (grace_s) is given.
 *
 * The parameter twin makes the test itself wrong in one way: it must fail, for
 * that reason. That is how it is known that it can.
 *
 * A run is repeated as far as it can be by its seed: each G draws from the seed
 * and its number. The order of events is the machine's.
 */

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "gort_torture.h"

/* Between two looks of the control thread */
#define LOOK	(HZ / 10)

const struct tort_act tort_actions[NR_ACTIONS] = {
	[ACT_LOCK] = { "lock", tort_act_lock, 10 },
	[ACT_TRYLOCK] = { "trylock", tort_act_trylock, 4 },
	[ACT_SPIN] = { "spin", tort_act_spin, 6 },
	[ACT_BH] = { "bh", tort_act_bh, 4 },
	[ACT_IRQ] = { "irq", tort_act_irq, 4 },
	[ACT_IRQSAVE] = { "irqsave", tort_act_irqsave, 4 },
	[ACT_RCU] = { "rcu", tort_act_rcu, 6 },
	[ACT_PREEMPT] = { "preempt", tort_act_preempt, 6 },
	[ACT_NEST] = { "nest", tort_act_nest, 6 },
	[ACT_STATE] = { "state", tort_act_state, 2 },
	[ACT_ASK] = { "ask", tort_act_ask, 6 },
	[ACT_ALLOC] = { "alloc", tort_act_alloc, 16 },
	[ACT_CHAIN] = { "chain", tort_act_chain, 8 },
	[ACT_SHARE] = { "share", tort_act_share, 6 },
	[ACT_FINALIZER] = { "finalizer", tort_act_finalizer, 4 },
	[ACT_GC] = { "gc", tort_act_gc, 1 },
	[ACT_SYSCALL] = { "syscall", tort_act_syscall, 6 },
	[ACT_SHORT] = { "short", tort_act_short, 4 },
	[ACT_MUTEX] = { "mutex", tort_act_mutex, 6 },
	[ACT_ASLEEP] = { "asleep", tort_act_asleep, 1 },
	[ACT_GO] = { "go", tort_act_go, 8 },
	[ACT_BLOCK] = { "block", tort_act_block, 2 },
	[ACT_YIELD] = { "yield", tort_act_yield, 8 },
	[ACT_PAIR] = { "pair", tort_act_pair, 4 },
	[ACT_SLEEP] = { "sleep", tort_act_sleep, 4 },
	[ACT_IRQREADY] = { "irqready", tort_act_irqready, 6 },
	[ACT_CANCEL] = { "cancel", tort_act_cancel, 4 },
	[ACT_EXIT] = { "exit", tort_act_exit, 3 },
	[ACT_RECURSE] = { "recurse", tort_act_recurse, 6 },
	[ACT_THREAD] = { "thread", tort_act_thread, 4 },
	[ACT_LOOP] = { "loop", tort_act_loop, 4 },
	[ACT_STW] = { "stw", tort_act_stw, 2 },
	[ACT_OWN] = { "own", tort_act_own, 8 },
	[ACT_UNITS] = { "units", tort_act_units, 8 },
};

static unsigned int duration_s;
module_param(duration_s, uint, 0444);
MODULE_PARM_DESC(duration_s, "How long the test runs, in s; 0: until the module is removed (default 0)");

static unsigned int grace_s = 60;
module_param(grace_s, uint, 0444);
MODULE_PARM_DESC(grace_s, "How much longer it runs, at most, if something has not happened yet, in s (default 60)");

static bool exercise = true;
module_param(exercise, bool, 0444);
MODULE_PARM_DESC(exercise, "It is a failure if something never happens (default 1)");

static unsigned long long seed;
module_param(seed, ullong, 0444);
MODULE_PARM_DESC(seed, "What all random numbers are made from; 0: draw one (default 0)");

static unsigned int nworkers;
module_param(nworkers, uint, 0444);
MODULE_PARM_DESC(nworkers, "Green threads that are there all the time, up to 1000; 0: eight for each CPU (default 0)");

static char *weights = "";
module_param(weights, charp, 0444);
MODULE_PARM_DESC(weights, "How often actions are drawn, as name=N[,name=N]; 0: never. The statistics have the names (default: none changed)");

bool tort_beside;
module_param_named(beside, tort_beside, bool, 0444);
MODULE_PARM_DESC(beside, "Others use gort, too, whose stacks may overflow (default N)");

static char *twin = "none";
module_param(twin, charp, 0444);
MODULE_PARM_DESC(twin, "The one way in which the test is wrong itself, and has to fail (default none)");

static unsigned int stall_s = 30;
module_param(stall_s, uint, 0444);
MODULE_PARM_DESC(stall_s, "Who makes no progress for this long is stalled, in s (default 30)");

static unsigned int stat_interval = 60;
module_param(stat_interval, uint, 0444);
MODULE_PARM_DESC(stat_interval, "Time between two reports of the counters, in s; 0: at the end alone (default 60)");

static bool verbose;
module_param(verbose, bool, 0444);
MODULE_PARM_DESC(verbose, "Say when the test enters another phase (default 0)");

struct gort_ctx *tort_ctx;
unsigned int tort_weights[NR_ACTIONS];
unsigned int tort_weight_sum;
unsigned int tort_twin;
unsigned int tort_nworkers;
struct tort_g *tort_workers;
u64 tort_seed;
u64 tort_loops_per_ms;
bool tort_stop;
bool tort_quiet;
struct tort_failure tort_failure;
atomic_t tort_last_id;
atomic_long_t tort_counts[NR_ACTIONS];
atomic_long_t tort_kinds[NR_KINDS];
atomic_long_t tort_spawned;
atomic_long_t tort_ended;
atomic_t tort_live;

static struct task_struct *control_task;
static u64 *progress_seen;	/* of each worker; control() */
static unsigned long *progress_at;
static DEFINE_MUTEX(result_lock);
static char result[200] = "running";	/* result_lock */

static int result_get(char *buf, const struct kernel_param *kp)
{
	int n;

	mutex_lock(&result_lock);
	n = sysfs_emit(buf, "%s\n", result);
	mutex_unlock(&result_lock);
	return n;
}

static const struct kernel_param_ops result_ops = {
	.get = result_get,
};

module_param_cb(result, &result_ops, NULL, 0444);
MODULE_PARM_DESC(result, "running, SUCCESS, or FAILURE: and the reason");

/* Has any worker stood still for too long? */
static void look_for_stall(void)
{
	unsigned long limit = stall_s * HZ;
	unsigned int i;
	u64 now;

	for (i = 0; i < tort_nworkers; i++) {
		now = READ_ONCE(tort_workers[i].progress);
		if (now != progress_seen[i]) {
			progress_seen[i] = now;
			progress_at[i] = jiffies;
		} else if (time_after(jiffies, progress_at[i] + limit)) {
			tort_fail(&tort_workers[i], WHAT_STALL, i, now);
			return;
		}
	}
}

/* Is there still something that has to happen? */
static bool is_missing(void)
{
	char name[40];

	return exercise && tort_missing(name, sizeof(name));
}

static bool time_is_over(unsigned long begun)
{
	unsigned long end = begun + duration_s * HZ;

	if (!duration_s || time_before(jiffies, end))
		return false;
	return !is_missing() || time_after(jiffies, end + grace_s * HZ);
}

/* Until the time is over, or something is wrong. */
static void watch(void)
{
	unsigned long begun = jiffies, told = jiffies;
	u64 rng = tort_mix(tort_seed), lost;

	while (!kthread_should_stop() && !tort_stopping() &&
	       !time_is_over(begun)) {
		wait_event_idle_timeout(tort_wait, tort_stopping() ||
					kthread_should_stop(), LOOK);
		WRITE_ONCE(tort_quiet, !(tort_next(&rng) & 3));
		look_for_stall();
		lost = tort_lost();
		if (lost && !tort_is(TWIN_NORESTORE))
			tort_fail(NULL, WHAT_COUNTER, lost, 0);
		if (stat_interval &&
		    time_after(jiffies, told + stat_interval * HZ)) {
			tort_report_stats();
			told = jiffies;
		}
	}
}

static bool all_ended(void)
{
	return !atomic_read(&tort_live) && !tort_threads_left();
}

/* All Gs and threads have seen that the test is over? For so long, at most. */
static bool wait_for_end(unsigned int seconds)
{
	unsigned long end = jiffies + seconds * HZ;

	while (!all_ended() && time_before(jiffies, end))
		msleep(20);
	return all_ended();
}

/* False: there are Gs or threads that do not end. */
static bool wind_up(void)
{
	WRITE_ONCE(tort_stop, true);
	wake_up_all(&tort_wait);
	if (verbose)
		pr_info("winding up, %d Gs and %u threads\n",
			atomic_read(&tort_live), tort_threads_left());
	if (wait_for_end(stall_s))
		return true;
	tort_fail(NULL, WHAT_STUCK, atomic_read(&tort_live),
		  tort_threads_left());
	tort_report_stall();
	/* who sleeps without need is woken by this */
	gort_ctx_cancel(tort_ctx);
	return wait_for_end(stall_s);
}

/* No G of this module is in the hook any more, whoever's G it was. */
static void hook_off(void)
{
	gort_set_site_hook(NULL);
	if (!gort_stop_the_world())
		gort_start_the_world();
}

static void put_back(void)
{
	tort_threads_stop();
	hook_off();
	gort_ctx_destroy(tort_ctx);
	tort_ctx = NULL;
	tort_params_restore();
}

static void print_result(void)
{
	char text[160] = "SUCCESS";
	size_t n;

	/* pairs with the release in tort_fail() */
	if (smp_load_acquire(&tort_failure.ready)) {
		n = scnprintf(text, sizeof(text), "FAILURE: ");
		tort_describe(text + n, sizeof(text) - n);
	}
	tort_report_stats();
	pr_alert("End of test: %s; seed=%llu twin=%s nworkers=%u duration_s=%u weights=%s\n",
		 text, tort_seed, twin, tort_nworkers, duration_s, weights);
	mutex_lock(&result_lock);
	strscpy(result, text, sizeof(result));
	mutex_unlock(&result_lock);
}

/* What can only be seen at the end. */
static void look_back(void)
{
	long spawned = atomic_long_read(&tort_spawned);
	long ended = atomic_long_read(&tort_ended);

	if (spawned != ended)
		tort_fail(NULL, WHAT_ACCOUNT, spawned, ended);
	if (!tort_all_there())
		tort_fail(NULL, WHAT_UNITS, tort_units.count, 0);
	if (is_missing())
		tort_fail(NULL, WHAT_EXERCISE, 0, 0);
}

static int control(void *unused)
{
	watch();
	if (wind_up()) {
		put_back();
		look_back();
	}
	print_result();
	wait_event_idle(tort_wait, kthread_should_stop());
	return 0;
}

static int find_action(const char *name)
{
	unsigned int i;

	for (i = 0; i < NR_ACTIONS; i++)
		if (!strcmp(tort_actions[i].name, name))
			return i;
	return -EINVAL;
}

static int set_weight(char *setting)
{
	char *name = strsep(&setting, "=");
	int i = find_action(name);

	if (i < 0 || !setting || kstrtouint(setting, 0, &tort_weights[i])) {
		pr_err("weights: '%s' is no action with a number\n", name);
		return -EINVAL;
	}
	return 0;
}

static int set_weights(void)
{
	char *all = kstrdup(weights, GFP_KERNEL), *rest = all, *one;
	unsigned int i;
	int err = all ? 0 : -ENOMEM;

	for (i = 0; i < NR_ACTIONS; i++)
		tort_weights[i] = tort_actions[i].weight;
	while (!err && (one = strsep(&rest, ",")))
		if (*one)
			err = set_weight(one);
	if (tort_is(TWIN_IDLE))
		tort_weights[ACT_PAIR] = 0;
	for (i = 0; i < NR_ACTIONS; i++)
		tort_weight_sum += min(tort_weights[i], 1000000U);
	kfree(all);
	return tort_weight_sum ? err : -EINVAL;
}

/* KCSAN reports any twin that forgets to exclude others; KASAN this one. */
static bool twin_is_reported(enum tort_twin i)
{
	return i && (IS_ENABLED(CONFIG_KCSAN) ||
		     (IS_ENABLED(CONFIG_KASAN) && i == TWIN_HIDDEN));
}

static int set_twin(void)
{
	unsigned int i;

	for (i = 0; i < NR_TWINS; i++)
		if (!strcmp(tort_twins[i], twin))
			break;
	if (i == NR_TWINS) {
		pr_err("twin: there is no '%s'\n", twin);
		return -EINVAL;
	}
	tort_twin = i;
	if (twin_is_reported(i)) {
		pr_err("twin: the kernel itself would report '%s'\n", twin);
		return -EOPNOTSUPP;
	}
	return 0;
}

/* How much of tort_act_loop() is a millisecond? */
static void measure_loops(void)
{
	u64 start = ktime_get_ns(), x = 1, n = 1 << 18, i;

	for (i = 0; i < n; i++) {
		x = x * 3 + 1;
		OPTIMIZER_HIDE_VAR(x);
	}
	tort_loops_per_ms = div64_u64(n * NSEC_PER_MSEC,
				      ktime_get_ns() - start + 1) + 1;
}

static void free_all(void)
{
	kvfree(tort_workers);
	kfree(tort_cpu_owner);
	kvfree(progress_seen);
	kvfree(progress_at);
}

static int alloc_all(void)
{
	unsigned int i;

	tort_nworkers = min(nworkers ?: 8 * num_online_cpus(), 1000U);
	tort_workers = kvcalloc(tort_nworkers, sizeof(*tort_workers),
				GFP_KERNEL);
	tort_cpu_owner = kcalloc(nr_cpu_ids, sizeof(*tort_cpu_owner),
				 GFP_KERNEL);
	progress_seen = kvcalloc(tort_nworkers, sizeof(*progress_seen),
				 GFP_KERNEL);
	progress_at = kvcalloc(tort_nworkers, sizeof(*progress_at), GFP_KERNEL);
	if (!tort_workers || !tort_cpu_owner || !progress_seen ||
	    !progress_at) {
		free_all();
		return -ENOMEM;
	}
	for (i = 0; i < tort_nworkers; i++)
		progress_at[i] = jiffies;
	return 0;
}

static int roots_add(void)
{
	int err = gort_root_add(tort_workers,
				tort_nworkers * sizeof(*tort_workers));

	if (err)
		return err;
	err = gort_root_add(tort_shared, sizeof(tort_shared));
	if (err)
		gort_root_del(tort_workers);
	return err;
}

static void roots_del(void)
{
	gort_root_del(tort_shared);
	gort_root_del(tort_workers);
}

static int start_workers(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < tort_nworkers && !err; i++) {
		tort_g_init(&tort_workers[i], NULL, true);
		atomic_long_inc(&tort_spawned);
		atomic_inc(&tort_live);
		err = gort_go(tort_ctx, tort_worker, &tort_workers[i]);
	}
	if (err) {
		atomic_long_dec(&tort_spawned);
		atomic_dec(&tort_live);
	}
	return err;
}

static int start_all(void)
{
	int err = tort_threads_start();

	if (err)
		return err;
	gort_set_site_hook(tort_hook);
	if (tort_is(TWIN_NORESTORE))
		err = tort_param_set("restore", "0");
	if (!err)
		err = start_workers();
	if (err)
		return err;
	control_task = kthread_run(control, NULL, "gort-t/control");
	return PTR_ERR_OR_ZERO(control_task);
}

static void stop_all(void)
{
	WRITE_ONCE(tort_stop, true);
	wake_up_all(&tort_wait);
	if (!IS_ERR_OR_NULL(control_task))
		kthread_stop(control_task);
	/* nothing is left to be done but after an error, or a stall */
	if (tort_ctx)
		put_back();
}

static int __init tort_init(void)
{
	int err = set_twin() ?: set_weights() ?: alloc_all();

	if (err)
		return err;
	tort_seed = seed ?: get_random_u32();
	measure_loops();
	tort_ctx = gort_ctx_create("torture", 100000);
	err = PTR_ERR_OR_ZERO(tort_ctx);
	if (err)
		goto err_mem;
	err = roots_add();
	if (err)
		goto err_ctx;
	tort_params_save();
	tort_report_begin();
	pr_alert("Start of test: seed=%llu twin=%s nworkers=%u duration_s=%u weights=%s\n",
		 tort_seed, twin, tort_nworkers, duration_s, weights);
	err = start_all();
	if (err)
		goto err_all;
	return 0;

err_all:
	stop_all();
	roots_del();
	goto err_mem;
err_ctx:
	gort_ctx_destroy(tort_ctx);
err_mem:
	free_all();
	return err;
}

static void __exit tort_exit(void)
{
	stop_all();
	roots_del();
	free_all();
}

module_init(tort_init);
module_exit(tort_exit);
MODULE_DESCRIPTION("Torture test of gort");
MODULE_AUTHOR("The gort developers");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(GORT);
