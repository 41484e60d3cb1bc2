// SPDX-License-Identifier: GPL-2.0-only
/*
 * gort_test_big.ko: functions with frames larger than the checker lets through
 * by default. Its Kbuild raises the bound for this module alone.
 */

#include <linux/module.h>

#include "gort_test_big.h"

static struct gort_workload t_big = {
	.name = "t_big", .fn = t_big_fn, .owner = THIS_MODULE,
	.help = "calls a function with a large frame until it was preempted",
	.nr_args = 2, .args = {
		{ "kind", 0, T_BIG_NONE, T_BIG_PAGE },
		{ "calls", 1, 1 << 30, 1 },
	},
};

static int __init t_big_init(void)
{
	return gort_workload_register(&t_big);
}

static void __exit t_big_exit(void)
{
	gort_workload_unregister(&t_big);
}

module_init(t_big_init);
module_exit(t_big_exit);
MODULE_DESCRIPTION("G code with large frames");
MODULE_AUTHOR("The gort developers");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(GORT);
