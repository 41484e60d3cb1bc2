// SPDX-License-Identifier: GPL-2.0-only
/*
 * A frame of a page does not fit into a segment.
 *
 * expect: rejected
 * says: : error: G code: work() in
 * says: has a frame of 4
 * says: more than 2048
 * says: split the function
 */
#include <linux/gort.h>

#include "case.h"

long work(long n, void *p)
{
	char buf[4096];

	barrier_data(buf);
	gort_yield();
	return buf[n];
}
