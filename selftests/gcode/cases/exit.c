// SPDX-License-Identifier: GPL-2.0-only
/*
 * gort_exit() does not come back.
 *
 * expect: accepted
 */
#include <linux/gort.h>

#include "case.h"

long work(long n, void *p)
{
	if (gort_cancelled())
		gort_exit();
	return gort_yield();
}
