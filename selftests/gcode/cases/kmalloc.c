// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation takes more stack than a G may count on.
 *
 * expect: rejected
 * says: alloc
 * says: calls kfree()
 * says: use gort_alloc(), or allocate and free in a function run by gort_call(fn, arg)
 */
#include <linux/slab.h>

#include "case.h"

long work(long n, void *p)
{
	p = kmalloc(n, GFP_KERNEL);
	barrier_data(p);
	kfree(p);
	return n;
}
