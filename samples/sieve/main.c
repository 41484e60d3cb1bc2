// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prime numbers by a chain of Gs: the module. It offers a workload, so that
 * "gortctl run sieve count=100" finds the hundredth prime.
 */

#include <linux/gort.h>
#include <linux/module.h>

#include "sieve.h"

static struct gort_workload workload = {
	.name = "sieve",
	.help = "the count-th prime, by a chain of as many green threads",
	.owner = THIS_MODULE,
	.fn = sieve,
	.nr_args = 1,
	.args = { { "count", 1, 10000, 100 } },
};

static int __init sieve_init(void)
{
	return gort_workload_register(&workload);
}

/* Tasks keep the module loaded: none is left when this is called. */
static void __exit sieve_exit(void)
{
	gort_workload_unregister(&workload);
}

module_init(sieve_init);
module_exit(sieve_exit);
MODULE_DESCRIPTION("Prime numbers by a chain of green threads");
MODULE_AUTHOR("The gort developers");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(GORT);
