// SPDX-License-Identifier: GPL-2.0-only
/*
 * An array of variable length is the same.
 *
 * expect: rejected
 * says: has a frame of variable size
 * says: constant size
 */
#include <linux/gort.h>

#include "case.h"

long work(long n, void *p)
{
	char buf[n];

	barrier_data(buf);
	gort_yield();
	return buf[0];
}
