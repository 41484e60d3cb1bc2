// SPDX-License-Identifier: GPL-2.0-only
/*
 * gort_test_faults.ko: a module that is small enough to come and go all the
 * time, with a workload, and with Gs of its own that run until it goes. It can
 * also wake the machine.
 */

#include <linux/err.h>
#include <linux/moduleparam.h>
#include <linux/suspend.h>
#include <linux/workqueue.h>

#include "gort_test_faults.h"

static unsigned int own;
module_param(own, uint, 0444);
MODULE_PARM_DESC(own, "Green threads that run until the module is removed");

static void wake(struct work_struct *unused)
{
	pm_system_wakeup();
}

static DECLARE_DELAYED_WORK(wake_work, wake);

static int wake_set(const char *val, const struct kernel_param *kp)
{
	unsigned int ms;
	int err = kstrtouint(val, 0, &ms);

	if (!err)
		mod_delayed_work(system_wq, &wake_work, msecs_to_jiffies(ms));
	return err;
}

static const struct kernel_param_ops wake_ops = { .set = wake_set };

module_param_cb(wake_ms, &wake_ops, NULL, 0200);
MODULE_PARM_DESC(wake_ms, "Wake the machine after so many milliseconds");

static struct gort_ctx *ctx;

static struct gort_workload t_gap_workload = {
	.name = "t_gap", .fn = t_gap, .owner = THIS_MODULE,
	.help = "how long it once did not run, in ns, until it is cancelled",
	.nr_args = 1, .args = {
		{ "looks", 0, U64_MAX, 0 },
	},
};

static int __init t_faults_init(void)
{
	unsigned int i;
	int err;

	ctx = gort_ctx_create("faults", own + 1);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	for (i = 0; i < own; i++) {
		err = gort_go(ctx, t_own, NULL);
		if (err)
			goto err_ctx;
	}
	err = gort_workload_register(&t_gap_workload);
	if (err)
		goto err_ctx;
	return 0;

err_ctx:
	gort_ctx_destroy(ctx);
	return err;
}

static void __exit t_faults_exit(void)
{
	gort_workload_unregister(&t_gap_workload);
	gort_ctx_destroy(ctx);
	cancel_delayed_work_sync(&wake_work);
}

module_init(t_faults_init);
module_exit(t_faults_exit);
MODULE_DESCRIPTION("G code of a module that comes and goes");
MODULE_AUTHOR("The gort developers");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(GORT);
