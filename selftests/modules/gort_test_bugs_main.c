// SPDX-License-Identifier: GPL-2.0-only
/*
 * gort_test_bugs.ko: mistakes of each kind that a debug kernel finds, for the
 * tests of the instruments. Never for a kernel that is to go on.
 */

#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/timer.h>

#include "gort_test_compat.h"
#include "gort_test_bugs.h"

/* An address that outlives what it is the address of */
unsigned long *x_kept;

/* Given by the test, so that no compiler knows it */
unsigned int x_index;
module_param_named(index, x_index, uint, 0600);
MODULE_PARM_DESC(index, "Index of the element that an access goes to");

long x_k_alloc(void *size)
{
	return (long)kzalloc((size_t)size, GFP_KERNEL);
}

long x_k_free(void *p)
{
	kfree(p);
	return 0;
}

/* An object of which only the kernel's list of objects knows */
long x_k_leak(void *really)
{
	void *p = kmalloc(777, GFP_KERNEL);

	if (!really)
		kfree(p);
	return p ? 0 : -ENOMEM;
}

static void x_timer_fn(struct timer_list *t)
{
}

long x_k_timer(void *really)
{
	struct timer_list *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	timer_setup(t, x_timer_fn, 0);
	mod_timer(t, jiffies + 3600 * HZ);
	if (!really)
		timer_delete_sync(t);
	kfree(t);
	return 0;
}

long x_k_atomic(void *really)
{
	if (really)
		preempt_disable();
	might_sleep();
	if (really)
		preempt_enable();
	return 0;
}

static struct gort_workload x_workload = {
	.name = "x_bug", .fn = x_bug, .owner = THIS_MODULE,
	.help = "make a mistake",
	.nr_args = 1, .args = { { "bug", X_NONE, X_LAST, X_NONE } },
};

static int __init x_init(void)
{
	return gort_workload_register(&x_workload);
}

static void __exit x_exit(void)
{
	gort_workload_unregister(&x_workload);
}

module_init(x_init);
module_exit(x_exit);
MODULE_DESCRIPTION("Mistakes for the instruments that watch over gort");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(GORT);
