// SPDX-License-Identifier: GPL-2.0-only
/*
 * The address of an ordinary function is no call; gort_call() takes it.
 *
 * expect: accepted
 */
#include <linux/gort.h>

#include "case.h"

long work(long n, void *p)
{
	return gort_call(ordinary, p) + n;
}
