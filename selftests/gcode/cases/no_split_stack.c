// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function that does not ask for stack runs over the end of a segment.
 *
 * expect: rejected
 * says: : error: G code: work() in
 * says: does not check its stack at the start
 * says: no_split_stack
 */
#include <linux/gort.h>

#include "case.h"

__attribute__((no_split_stack))
long work(long n, void *p)
{
	return gort_yield() + n;
}
