// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check would overwrite the way to the outer function's locals.
 *
 * expect: rejected
 * says: is a nested function
 * says: an ordinary function with arguments
 */
#include <linux/gort.h>

#include "case.h"

long work(long n, void *p)
{
	noinline long inner(long m)
	{
		n += gort_yield();
		return n + m;
	}

	return inner(1) + inner(n);
}
