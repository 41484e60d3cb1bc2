// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions with variable arguments find them on the older segment.
 *
 * expect: accepted
 */
#include <linux/gort.h>
#include <linux/stdarg.h>

#include "case.h"

static noinline long sum(int n, ...)
{
	long s = 0, spare[64];
	va_list ap;

	barrier_data(spare);
	va_start(ap, n);
	while (n--)
		s += va_arg(ap, long);
	va_end(ap);
	gort_yield();
	return s + spare[3];
}

long work(long n, void *p)
{
	return sum(8, n, 2L, 3L, 4L, 5L, 6L, 7L, 8L) + 1;
}
