// SPDX-License-Identifier: GPL-2.0-only
/*
 * The size of the frame must be known when the function starts.
 *
 * expect: rejected
 * says: has a frame of variable size
 * says: constant size
 */
#include <linux/gort.h>

#include "case.h"

long work(long n, void *p)
{
	p = __builtin_alloca(n);
	barrier_data(p);
	return gort_yield();
}
