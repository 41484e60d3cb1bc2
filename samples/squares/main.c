// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>

#include "squares.h"

static struct gort_workload squares = {
	.name = "squares",
	.help = "sum of the first square numbers",
	.owner = THIS_MODULE,
	.fn = sum_of_squares,
	.nr_args = 1,
	.args = { { "count", 0, 1000000, 10 } },
};

static int __init squares_init(void)
{
	return gort_workload_register(&squares);
}

static void __exit squares_exit(void)
{
	gort_workload_unregister(&squares);
}

module_init(squares_init);
module_exit(squares_exit);
MODULE_DESCRIPTION("Two green threads and a channel between them");
MODULE_AUTHOR("The gort developers");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(GORT);
