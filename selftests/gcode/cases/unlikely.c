// SPDX-License-Identifier: GPL-2.0-only
/*
 * Code that the compiler sets aside is G code too.
 *
 * expect: accepted
 */
#include <linux/gort.h>

#include "case.h"

static __cold noinline long cold(long n)
{
	return gort_yield() + n;
}

long work(long n, void *p)
{
	if (unlikely(n > 7))
		return cold(n) + 1;
	return n;
}
