// SPDX-License-Identifier: GPL-2.0-only
/*
 * gort: Go-style green threads in the kernel. Parameters, loading, unloading.
 * Documentation/design.rst is the map; each file opens with its own part.
 */

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sizes.h>

#include "gort.h"

#define SLICE_MIN_US	50
#define SLICE_MAX_US	1000000
#define WATCHDOG_MAX_MS	3600000
#define HEAP_MIN	SZ_64K
#define HEAP_MAX	(1024UL * SZ_1G)

unsigned int gort_slice_us = 10000;
unsigned int gort_stack_max = 256 * 1024;
unsigned int gort_stack_cache = 256;
unsigned long gort_heap_max = 64UL << 20;
unsigned long gort_gc_min = 4UL << 20;
unsigned int gort_max_tasks = 1 << 20;
unsigned int gort_max_tasks_file = 1 << 18;
unsigned int gort_max_tasks_user = 1 << 19;
unsigned int gort_max_files_user = 1 << 14;
unsigned int gort_max_threads = 64;
bool gort_stack_paint;

static unsigned int nprocs;
static bool restore = true;
static bool loaded;

static int slice_set(const char *val, const struct kernel_param *kp)
{
	int err = param_set_uint_minmax(val, kp, SLICE_MIN_US, SLICE_MAX_US);

	if (!err && loaded)
		gort_tick_changed();
	return err;
}

static const struct kernel_param_ops slice_ops = {
	.set = slice_set,
	.get = param_get_uint,
};

module_param_cb(slice_us, &slice_ops, &gort_slice_us, 0644);
MODULE_PARM_DESC(slice_us, "A green thread that ran this long is asked to yield, in us: 50..1000000 (default 10000)");

static int nprocs_set(const char *val, const struct kernel_param *kp)
{
	int err = param_set_uint_minmax(val, kp, 0, nr_cpu_ids);

	return err || !loaded ? err : gort_procs_set(nprocs);
}

static const struct kernel_param_ops nprocs_ops = {
	.set = nprocs_set,
	.get = param_get_uint,
};

module_param_cb(nprocs, &nprocs_ops, &nprocs, 0644);
MODULE_PARM_DESC(nprocs, "CPUs that run green threads, 0..number of CPUs: 0 is all that are online (default 0)");

static int restore_set(const char *val, const struct kernel_param *kp)
{
	int err = param_set_bool(val, kp);

	if (err)
		return err;
	if (restore)
		static_branch_enable(&gort_restore_key);
	else
		static_branch_disable(&gort_restore_key);
	return 0;
}

static const struct kernel_param_ops restore_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = restore_set,
	.get = param_get_bool,
};

module_param_cb(restore, &restore_ops, &restore, 0644);
MODULE_PARM_DESC(restore, "Restore preemption requests that were put off; 0 shows what happens without (default 1)");

module_param_named(async, gort_async_on, bool, 0644);
MODULE_PARM_DESC(async, "Make a green thread yield in a loop without calls (default 1)");

static int watchdog_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 0, WATCHDOG_MAX_MS);
}

static const struct kernel_param_ops watchdog_ops = {
	.set = watchdog_set,
	.get = param_get_uint,
};

module_param_cb(watchdog_ms, &watchdog_ops, &gort_watchdog_ms, 0644);
MODULE_PARM_DESC(watchdog_ms, "A green thread that does not yield for this long is named, in ms: 0..3600000, 0 is never (default 1000)");

static int stack_max_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, GORT_SEG_SMALL, 16 << 20);
}

static const struct kernel_param_ops stack_max_ops = {
	.set = stack_max_set,
	.get = param_get_uint,
};

module_param_cb(stack_max, &stack_max_ops, &gort_stack_max, 0444);
MODULE_PARM_DESC(stack_max, "Stack that one green thread may use, in bytes: 4096..16777216 (default 262144)");

static int count_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 0, 1 << 24);
}

static const struct kernel_param_ops count_ops = {
	.set = count_set,
	.get = param_get_uint,
};

static int stack_cache_set(const char *val, const struct kernel_param *kp)
{
	int err = count_set(val, kp);

	if (!err && loaded)
		gort_stack_cache_changed();
	return err;
}

static const struct kernel_param_ops stack_cache_ops = {
	.set = stack_cache_set,
	.get = param_get_uint,
};

module_param_cb(stack_cache, &stack_cache_ops, &gort_stack_cache, 0644);
MODULE_PARM_DESC(stack_cache, "Stack segments of each size kept for reuse on each CPU: 0..16777216 (default 256)");
module_param_cb(max_tasks, &count_ops, &gort_max_tasks, 0644);
MODULE_PARM_DESC(max_tasks, "Green threads in all: 0..16777216 (default 1048576)");
module_param_cb(max_tasks_file, &count_ops, &gort_max_tasks_file, 0644);
MODULE_PARM_DESC(max_tasks_file, "Tasks of one open file, for files opened from now on: 0..16777216 (default 262144)");
module_param_cb(max_tasks_user, &count_ops, &gort_max_tasks_user, 0644);
MODULE_PARM_DESC(max_tasks_user, "Tasks of all open files of one user, and the green threads they start: 0..16777216 (default 524288)");
module_param_cb(max_files_user, &count_ops, &gort_max_files_user, 0644);
MODULE_PARM_DESC(max_files_user, "Files that one user may have open: 0..16777216 (default 16384)");

static int threads_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, 4096);
}

static const struct kernel_param_ops threads_ops = {
	.set = threads_set,
	.get = param_get_uint,
};

module_param_cb(max_threads, &threads_ops, &gort_max_threads, 0644);
MODULE_PARM_DESC(max_threads, "Kernel threads for each CPU, those in blocking calls included, and as many that a green thread is locked to: 1..4096 (default 64)");

static int heap_set(const char *val, const struct kernel_param *kp)
{
	unsigned long n;
	int err = kstrtoul(val, 0, &n);

	if (err || n < HEAP_MIN || n > HEAP_MAX)
		return -EINVAL;
	WRITE_ONCE(*(unsigned long *)kp->arg, n);
	return 0;
}

static const struct kernel_param_ops heap_ops = {
	.set = heap_set,
	.get = param_get_ulong,
};

module_param_cb(heap_max, &heap_ops, &gort_heap_max, 0644);
MODULE_PARM_DESC(heap_max, "Heap that the green threads of one context may have together, in bytes: 65536..1099511627776 (default 67108864)");
module_param_cb(gc_min, &heap_ops, &gort_gc_min, 0644);
MODULE_PARM_DESC(gc_min, "Growth starts no garbage collection below this heap, in bytes: 65536..1099511627776 (default 4194304)");

module_param_named(stack_paint, gort_stack_paint, bool, 0444);
MODULE_PARM_DESC(stack_paint, "Measure how much of the stacks' guards is used, slowly (default 0)");

/* Setters run under this lock: none is in the middle of its work afterwards. */
static void set_loaded(bool is)
{
	kernel_param_lock(THIS_MODULE);
	loaded = is;
	kernel_param_unlock(THIS_MODULE);
}

static int __init gort_init(void)
{
	int err;

	err = gort_g_init();
	if (err)
		return err;
	err = gort_proc_init();
	if (err)
		goto err_g;
	err = gort_procs_set(nprocs);
	if (err)
		goto err_proc;
	err = gort_stack_init();
	if (err)
		goto err_proc;
	err = gort_sleep_init();
	if (err)
		goto err_stack;
	err = gort_gc_init();
	if (err)
		goto err_sleep;
	err = gort_event_init();
	if (err)
		goto err_gc;
	err = gort_task_init();
	if (err)
		goto err_event;
	err = gort_dev_init();
	if (err)
		goto err_task;
	gort_debugfs_init();
	set_loaded(true);
	pr_info("green threads on %u CPUs, slice %u us\n", gort_sched.nactive,
		gort_slice_us);
	return 0;

err_task:
	gort_task_exit();
err_event:
	gort_event_exit();
err_gc:
	gort_gc_exit();
err_sleep:
	gort_sleep_exit();
err_stack:
	gort_stack_exit();
err_proc:
	gort_proc_exit();
err_g:
	gort_g_exit();
	return err;
}

static void __exit gort_exit_module(void)
{
	set_loaded(false);
	gort_debugfs_exit();
	gort_dev_exit();
	gort_task_exit();
	gort_event_exit();
	gort_gc_exit();
	gort_sleep_exit();
	gort_stack_exit();
	gort_proc_exit();
	gort_g_exit();
}

module_init(gort_init);
module_exit(gort_exit_module);
MODULE_AUTHOR("The gort developers");
MODULE_DESCRIPTION("Go-style green threads in the kernel");
MODULE_LICENSE("GPL");
