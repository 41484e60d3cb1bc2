// SPDX-License-Identifier: GPL-2.0-only
/*
 * A parallel pipeline over channels: the module. It offers a workload: try
 * "gortctl run pipeline count=100000 workers=8".
 */

#include <linux/gort.h>
#include <linux/module.h>

#include "pipeline.h"

static struct gort_workload workload = {
	.name = "pipeline",
	.help = "digit sums of Collatz steps of 1 to count, added up",
	.owner = THIS_MODULE,
	.fn = pipeline,
	.nr_args = 2,
	.args = {
		{ "count", 0, 10000000, 1000 },
		{ "workers", 1, 1000, 4 }, /* of each stage */
	},
};

static int __init pipeline_init(void)
{
	return gort_workload_register(&workload);
}

/* Tasks keep the module loaded: none is left when this is called. */
static void __exit pipeline_exit(void)
{
	gort_workload_unregister(&workload);
}

module_init(pipeline_init);
module_exit(pipeline_exit);
MODULE_DESCRIPTION("Parallel pipeline of green threads over channels");
MODULE_AUTHOR("The gort developers");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(GORT);
