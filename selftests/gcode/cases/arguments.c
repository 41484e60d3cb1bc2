// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments on the stack, and a large frame that is aligned.
 *
 * expect: accepted
 */
#include <linux/cache.h>
#include <linux/gort.h>

#include "case.h"

struct line {
	char c[64];
} ____cacheline_aligned;

static noinline long many(long a, long b, long c, long d, long e, long f,
			  long g, long h)
{
	gort_yield();
	return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8;
}

long work(long n, void *p)
{
	struct line l[6];

	barrier_data(l);
	gort_yield();
	return many(n, 2, 3, 4, 5, 6, 7, 8) + l[1].c[n];
}
